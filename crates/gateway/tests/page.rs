//! The operator's page in headless Chromium, driven by `tests/browser/`.
#![allow(missing_docs)]

#[path = "support/browser.rs"]
mod browser;
mod support;

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::Instant,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use browser::{Gateway, challenge, look, session_token};
use genuine_gateway::{challenge::Purpose, client::App, gate::sha256, server::system_clock};
use genuine_testvectors::{Device, play};
use reqwest::Method;
use serde_json::{Value, json};
use support::{
    Scratch,
    android::{Phone, play_app},
    key_id_text,
};

/// The assertion in a header.
fn assertion_of(authorization: &str) -> String {
    authorization.split("assertion=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

/// A text in base64, with one bit of its octets changed: the one at this place.
fn changed(text: &str, place: usize) -> String {
    let mut octets = BASE64_STANDARD.decode(text).unwrap();
    octets[place] ^= 1;
    BASE64_STANDARD.encode(octets)
}

/// One object, with what the inspector is to say of it.
fn object(what: &str, expected: &str, asked: Value) -> Value {
    let mut object = json!({ "what": what, "expected": expected });
    let Value::Object(asked) = asked else { panic!("members") };
    object.as_object_mut().unwrap().extend(asked);
    object
}

/// Genuine objects of every kind, and for each of them some that differ in one place.
async fn objects(gateway: &Gateway) -> Vec<Value> {
    let mut objects = attestations(gateway).await;
    objects.extend(assertions(gateway).await);
    objects.extend(play_tokens(gateway).await);
    let mut alice = gateway.registered("a holder").await;
    let token = session_token(&mut alice).await;
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let other = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{signed}.{other}{}", &signature[1..]);
    let mut expired = system_clock()();
    expired += 3600;
    objects.extend([
        object("a session token", "accepted", json!({ "text": token })),
        object("a session token in its header", "accepted", json!({ "text": format!("Bearer {token}") })),
        object("a session token, forged", "TokenForged", json!({ "text": forged })),
        object("a session token, later", "TokenExpired", json!({ "text": token, "at": date(expired) })),
    ]);
    objects
}

fn date(unix: u64) -> String {
    genuine_gateway::platform::date(genuine::UnixMillis(unix * 1000))
}

async fn attestations(gateway: &Gateway) -> Vec<Value> {
    let app = gateway.client("an attested device");
    let asked = challenge(&app, Purpose::Attestation).await;
    let registration = app.registration(&asked);
    let (text, key_id) = (registration["attestation"].as_str().unwrap(), registration["key_id"].as_str().unwrap());
    let known = |text: &str| json!({ "text": text, "key_id": key_id, "challenge": asked });
    let with = |name: &str, value: &str| {
        let mut asked = known(text);
        asked[name] = value.into();
        asked
    };
    let octets = BASE64_STANDARD.decode(text).unwrap();
    let hash = sha256(support::APP_ID.as_bytes());
    let app_id = octets.windows(32).position(|window| window == hash).unwrap();
    let hex = octets.iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().concat();
    let other = Device::new("another app").with_app_id("ABCDE12345.com.example.other");
    let other = other.with_issue_time(system_clock()() - 60).attest_hash(&sha256(asked.as_bytes()));
    let other_key = key_id_text(&gateway.client("another device").device.key_id());
    vec![
        object("an attestation", "accepted", known(text)),
        object("an attestation in hexadecimal digits", "accepted", known(&hex)),
        object("an attestation, named", "accepted", with("application", "demo")),
        object("an attestation, its App ID changed", "RpIdMismatch", known(&changed(text, app_id))),
        object("an attestation, its counter changed", "CounterNotZero", known(&changed(text, app_id + 36))),
        object("an attestation for another challenge", "NonceMismatch", with("challenge", "another challenge")),
        object("an attestation of another key", "KeyIdMismatch", with("key_id", &other_key)),
        object("an attestation, years later", "LeafExpired", with("at", "2100-01-01T00:00:00Z")),
        object(
            "an attestation of another app",
            "RpIdMismatch",
            json!({
                "text": BASE64_STANDARD.encode(other.object),
                "key_id": key_id_text(&other.key_id),
                "challenge": asked,
                "application": "demo",
            }),
        ),
    ]
}

async fn assertions(gateway: &Gateway) -> Vec<Value> {
    let mut app = gateway.registered("an asserting device").await;
    let key_id = key_id_text(&app.device.key_id());
    let accepted = app.sign(Method::POST, "/orders?turn=1", "one of those", None);
    assert_eq!(app.call(&accepted).await.unwrap().status, 200);
    let asked = challenge(&app, Purpose::Assertion).await;
    let fresh = app.sign(Method::POST, "/payments", "some of it", Some(&asked));
    let text = assertion_of(&fresh.authorization);
    let known = |text: &str, target: &str, body: &str| json!({ "text": text, "key_id": key_id, "challenge": asked, "method": "POST", "target": target, "body": body });
    let mut old = known(&assertion_of(&accepted.authorization), "/orders?turn=1", "one of those");
    old.as_object_mut().unwrap().remove("challenge");
    let stranger = key_id_text(&gateway.client("nobody").device.key_id());
    let octets = BASE64_STANDARD.decode(&text).unwrap();
    let hash = sha256(support::APP_ID.as_bytes());
    let app_id = octets.windows(32).position(|window| window == hash).unwrap();
    vec![
        object("an assertion", "accepted", known(&text, "/payments", "some of it")),
        object("an assertion, another body", "SignatureInvalid", known(&text, "/payments", "all of it")),
        object("an assertion, another path", "SignatureInvalid", known(&text, "/orders", "some of it")),
        object(
            "an assertion, its counter changed",
            "SignatureInvalid",
            known(&changed(&text, app_id + 36), "/payments", "some of it"),
        ),
        object("an assertion, replayed", "CounterNotIncreased", old),
        object("an assertion cut off", "CborTruncated", known(&text[..text.len() - 8], "/payments", "some of it")),
        json!({ "what": "an assertion of an unknown key", "expected": "UnknownKey", "text": text, "key_id": stranger }),
    ]
}

async fn play_tokens(gateway: &Gateway) -> Vec<Value> {
    let app: App = gateway.client("anybody");
    let (phone, now) = (Phone::new("an inspected phone"), system_clock()());
    let asked = challenge(&app, Purpose::Integrity).await;
    let known = |text: &str| json!({ "text": text, "key_id": key_id_text(&phone.key_id), "challenge": asked });
    let classic = phone.classic(&asked, now);
    let token = play_app().token(&classic);
    let mut rooted = classic.clone();
    rooted.set(
        "deviceIntegrity.deviceRecognitionVerdict",
        genuine_testvectors::json::Json::texts(&["MEETS_BASIC_INTEGRITY"]),
    );
    let mut unlicensed = phone.standard(&asked, now);
    unlicensed.set("accountDetails.appLicensingVerdict", "UNLICENSED");
    let middle = token.len() / 2;
    let other = if &token[middle..=middle] == "A" { "B" } else { "A" };
    let damaged = format!("{}{other}{}", &token[..middle], &token[middle + 1..]);
    let mut elsewhere = known(&token);
    elsewhere["challenge"] = "another challenge".into();
    vec![
        object("a token of Play Integrity", "accepted", known(&token)),
        object("a token, damaged", "PlayNotOpened", known(&damaged)),
        object("a token of a rooted device", "PlayDeviceLabels", known(&play_app().token(&rooted))),
        object("a token for another challenge", "PlayNonceMismatch", elsewhere),
        object("a decoded verdict", "accepted", known(&play::answer(&phone.standard(&asked, now)))),
        object("a decoded verdict, changed", "PlayNotLicensed", known(&play::answer(&unlicensed))),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn verdicts_appear_while_devices_act() {
    let gateway = Gateway::demonstration().await;
    let _devices = gateway.devices();
    look("live", &gateway, json!({ "phone": "PlayDeviceLabels" })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inspector_explains_every_kind_of_object() {
    let gateway = Gateway::demonstration().await;
    let objects = objects(&gateway).await;
    look("inspector", &gateway, json!({ "objects": objects })).await;
}

/// Real objects, where there are some: their vectors, at a gateway that trusts Apple alone.
#[tokio::test(flavor = "multi_thread")]
async fn the_inspector_accepts_real_objects() {
    let Some(place) = env::var_os("GENUINE_REAL_VECTORS") else {
        eprintln!("NOTICE: GENUINE_REAL_VECTORS is not set; no real object is inspected");
        return;
    };
    let files = ["attestations", "assertions"].map(|kind| fs::read_dir(Path::new(&place).join(kind)).unwrap());
    let objects: Vec<Value> = files
        .into_iter()
        .flatten()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| json!({ "what": path.file_name().unwrap().to_str(), "text": fs::read_to_string(path).unwrap() }))
        .collect();
    assert!(objects.len() > 20, "{}", objects.len());
    let gateway = Gateway::of_apple(&["ABCDE12345.com.example.real"]).await;
    look("real", &gateway, json!({ "objects": objects })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_objects_say_is_shown_as_text() {
    const MARKUP: &str = "<img src=x onerror=window.pwned=1>";
    let gateway = Gateway::demonstration().await;
    let app = gateway.client("anybody");
    let markup = Device::new("markup").with_app_id(&format!("ABCDE12345.{MARKUP}"));
    let markup = markup.with_issue_time(system_clock()() - 60).attest_hash(&[0; 32]);
    let url = base64::prelude::BASE64_URL_SAFE_NO_PAD;
    let claims = json!({ "sub": MARKUP, MARKUP: "a name", "iss": "<script>window.pwned=2</script>" }).to_string();
    let header = json!({ "alg": "ES256", "typ": "JWT", "kid": MARKUP }).to_string();
    let token = format!("{}.{}.{}", url.encode(header), url.encode(claims), url.encode([1; 64]));
    let phone = Phone::new("markup");
    let asked = challenge(&app, Purpose::Integrity).await;
    let mut said = phone.standard(&asked, system_clock()());
    said.set("appIntegrity.packageName", MARKUP);
    let vector = json!({
        "id": MARKUP,
        "description": MARKUP,
        "type": "attestation",
        "attestation_b64": BASE64_STANDARD.encode(&markup.object),
    });
    let objects = json!([
        { "what": "an App ID in a leaf", "holds": MARKUP, "text": BASE64_STANDARD.encode(&markup.object) },
        { "what": "a claim", "holds": MARKUP, "text": token },
        { "what": "an issuer", "holds": "<script>window.pwned=2</script>", "text": token },
        { "what": "a package", "holds": MARKUP, "text": play::answer(&said) },
        { "what": "a vector", "holds": MARKUP, "text": vector.to_string() },
        // It is turned around by nothing, and seen.
        { "what": "a mark of direction", "holds": "\\u{202e}", "text": json!({
            "id": "\u{202e}gnihton", "type": "attestation", "attestation_b64": BASE64_STANDARD.encode(&markup.object),
        }).to_string() },
    ]);
    look("text", &gateway, json!({ "objects": objects })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_alone_reaches_everything() {
    let gateway = Gateway::demonstration().await;
    let _devices = gateway.devices();
    let objects = attestations(&gateway).await;
    look("keyboard", &gateway, json!({ "objects": objects })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrow_screen_in_the_dark_shows_all_of_it() {
    let gateway = Gateway::demonstration().await;
    let _devices = gateway.devices();
    let objects: Vec<Value> = objects(&gateway).await.into_iter().step_by(5).collect();
    look("narrow", &gateway, json!({ "objects": objects })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_asks_nobody_else_and_runs_nothing_else() {
    let gateway = Gateway::demonstration().await;
    look("policy", &gateway, json!({ "elsewhere": gateway.app })).await;
}

/// A page that is open does not hold up the end.
#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_stops_while_somebody_watches() {
    let gateway = Gateway::demonstration().await;
    let events = reqwest::Client::new().get(format!("{}/events", gateway.operator)).bearer_auth(browser::TOKEN);
    let mut events = events.send().await.unwrap();
    assert_eq!(events.chunk().await.unwrap().unwrap(), "{\"kind\":\"beat\"}\n");
    let start = Instant::now();
    gateway.stop().await;
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    assert_eq!(events.chunk().await.unwrap(), None);
}

/// The pictures of `docs/page.md`: into the directory that `GENUINE_PICTURES` names, after a minute in which much has happened; or else
/// soon and into one that goes away, so that they can always be made.
#[tokio::test(flavor = "multi_thread")]
async fn the_pictures_of_the_document_are_made() {
    let scratch = Scratch::new("pictures");
    let named = env::var_os("GENUINE_PICTURES").map(PathBuf::from);
    let seconds = if named.is_some() { 60 } else { 1 };
    let out = named.unwrap_or_else(|| scratch.path().to_owned());
    let gateway = Gateway::demonstration().await;
    let _devices = gateway.devices();
    let mut objects = objects(&gateway).await;
    for (what, picture) in [
        ("an assertion, another body", "inspector"),
        ("an attestation", "accepted"),
        ("a token of Play Integrity", "token"),
    ] {
        let object = objects.iter_mut().find(|object| object["what"] == what).unwrap();
        object["picture"] = picture.into();
    }
    let all = env::var_os("GENUINE_PICTURES_ALL").is_some();
    if !look("pictures", &gateway, json!({ "objects": objects, "out": out, "seconds": seconds, "all": all })).await {
        return;
    }
    for name in ["page-live.png", "page-inspector.png"] {
        let picture = fs::read(out.join(name)).unwrap();
        assert!(picture.starts_with(b"\x89PNG\r\n") && picture.len() < 120_000, "{name}: {} octets", picture.len());
    }
}
