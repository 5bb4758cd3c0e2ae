//! Android phones whose hardware attests keys: registration, requests, revocation, and what must not pass.
#![allow(missing_docs)]

#[path = "../support/handset.rs"]
mod handset;
#[path = "../support/mod.rs"]
mod support;

mod chains;
mod possession;
mod revocation;
mod settings;

use std::sync::Arc;

use axum::{body::Body, http::Request};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine::{
    app_attest::{KeyId, ReplayWindow},
    session::mode::{Mode, Status},
};
use genuine_gateway::{
    config::{Application, KeyAttestation},
    metrics::Metrics,
    platform::Platform,
    store::{Contract, DeviceKey, MemoryStore, RedbStore, Store},
};
use genuine_testvectors::{
    Device,
    android::{AndroidDevice, AndroidMutation, SecurityLevel, Shape},
};
use handset::{Place, application, keys, over, phone, registration, registration_of};
use serde_json::{Value, json};
use support::{APPLICATION, Hands, Scratch, Site, device, now, signed};

fn redb(scratch: &Scratch) -> Arc<dyn Store> {
    let commits = Metrics::new().unwrap().commit;
    Arc::new(RedbStore::open(&scratch.path().join("store.redb"), commits).unwrap())
}

async fn send(site: &Site, request: Request<Body>) -> (u16, Value) {
    let answer = site.send(request).await;
    (answer.status, answer.json())
}

/// An order passes.
async fn order(site: &Site, app: &mut Device) {
    let (status, answer) = send(site, signed(app, "POST", "/orders", "one", None)).await;
    assert_eq!(status, 200, "{answer}");
}

async fn refused(site: &Site, request: Request<Body>) -> String {
    site.send(request).await.code()
}

/// The whole way of a phone: registration, requests by counter and by challenge, replays, a session token.
async fn a_phone_comes_through(name: &str, store: Arc<dyn Store>) {
    let place = Place::over(name, application(keys()), store, Hands::at(now())).await;
    let (site, pixel) = (&place.site, phone("pixel"));
    let (mut app, answer) = place.attempt(&pixel, &AndroidMutation::default()).await;
    let told = answer.json();
    assert_eq!((answer.status, &told["registered"], &told["environment"]), (201, &json!(true), &json!("PRODUCTION")));
    assert_eq!(told["key_attestation_status"], "VERIFIED");
    assert!(told["key_attestation_date"].is_string() && told.get("app_attest_status").is_none(), "{told}");
    assert_eq!(site.gate.metrics.attestations(Platform::KeyAttestation, Mode::Required, Status::Verified), 1);

    // What the app signed with its registration counts as used: the first request is the second counter.
    let stored = site.gate.store.device(KeyId(app.key_id())).await.unwrap().unwrap();
    assert_eq!(stored.window, ReplayWindow::after(genuine::app_attest::Counter(1)));
    let mut behind = app.clone().with_counter(0);
    assert_eq!(refused(site, signed(&mut behind, "POST", "/orders", "one", None)).await, "counter_overtaken");
    order(site, &mut app).await;
    let once = signed(&mut app, "POST", "/orders", "one", None);
    let assertion = once.headers()["authorization"].clone();
    assert_eq!(site.send(once).await.status, 200);
    let again = Request::post("/orders").header("authorization", &assertion).header("x-session", "alice");
    assert_eq!(refused(site, again.body(Body::from("one")).unwrap()).await, "counter_overtaken");
    let changed = signed(&mut app, "POST", "/orders", "one", None).map(|_| Body::from("two"));
    assert_eq!(refused(site, changed).await, "rejected");

    // A route that asks for a challenge, and a session token.
    assert_eq!(refused(site, signed(&mut app, "POST", "/payments", "all", None)).await, "challenge_rejected");
    let challenge = site.challenge("assertion", "alice").await;
    assert_eq!(site.send(signed(&mut app, "POST", "/payments", "some", Some(&challenge))).await.status, 200);
    assert_eq!(
        refused(site, signed(&mut app, "POST", "/payments", "some", Some(&challenge))).await,
        "challenge_rejected"
    );
    let challenge = site.challenge("assertion", "alice").await;
    let (status, token) = send(site, signed(&mut app, "POST", "/tokens", "", Some(&challenge))).await;
    assert_eq!(status, 200, "{token}");
    let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
    let basket = Request::get("/basket").header("authorization", bearer).body(Body::empty()).unwrap();
    assert_eq!(send(site, basket).await.0, 200);

    // A key is registered once, and of Apple's devices nothing changes.
    assert_eq!(place.attempt(&pixel, &AndroidMutation::default()).await.1.code(), "already_registered");
    let mut alice = device("alice");
    site.register(&alice, "alice").await;
    order(site, &mut alice).await;
    order(site, &mut app).await;
}

#[tokio::test]
async fn a_phone_comes_through_in_memory() {
    a_phone_comes_through("memory", Arc::new(MemoryStore::default())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_comes_through_on_redb() {
    let scratch = Scratch::new("key-attestation-redb");
    a_phone_comes_through("redb", redb(&scratch)).await;
}

/// A restart loses nothing, and two gateways of a store know the same.
#[tokio::test(flavor = "multi_thread")]
async fn gateways_of_a_store_know_the_same() {
    let scratch = Scratch::new("key-attestation-restart");
    let hands = Hands::at(now());
    let mut app = {
        let place = Place::over("before", application(keys()), redb(&scratch), hands.clone()).await;
        let mut app = place.register(&phone("pixel")).await;
        order(&place.site, &mut app).await;
        app
    };
    let store = redb(&scratch);
    let one = Place::over("one", application(keys()), Arc::clone(&store), hands.clone()).await;
    let two = Place::over("two", application(keys()), store, hands).await;
    order(&one.site, &mut app).await;
    order(&two.site, &mut app).await;
    let mut behind = app.clone().with_counter(3);
    for place in [&one, &two] {
        let code = refused(&place.site, signed(&mut behind.clone(), "POST", "/orders", "one", None)).await;
        assert_eq!(code, "counter_overtaken");
    }
    order(&one.site, &mut app).await;
    // A challenge of one is good at the other, and counts once.
    let (pixel, challenge) = (phone("another"), one.site.challenge("attestation", "alice").await);
    let body = registration(&pixel, &mut pixel.requester(), &challenge);
    let answers = [one.site.post("/devices", "alice", &body).await, two.site.post("/devices", "alice", &body).await];
    assert_eq!(answers.map(|answer| answer.status), [201, 409]);
    assert_eq!(refused(&two.site, signed(&mut behind, "POST", "/orders", "one", None)).await, "counter_overtaken");
}

/// Of many copies of a registration one is accepted, and each answer leads on.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_copies_is_registered() {
    let place = Arc::new(Place::new("copies").await);
    let (pixel, challenge) = (phone("pixel"), place.site.challenge("attestation", "alice").await);
    let body = registration(&pixel, &mut pixel.requester(), &challenge);
    let copies: Vec<_> = (0..20)
        .map(|_| {
            let (place, body) = (Arc::clone(&place), body.clone());
            tokio::spawn(async move { place.site.post("/devices", "alice", &body).await.status })
        })
        .collect();
    let mut statuses = Vec::new();
    for copy in copies {
        statuses.push(copy.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!((statuses[0], &statuses[1..]), (201, &[409; 19][..]));
}

/// Every shape of chain, both levels, and with or without its root.
#[tokio::test]
async fn phones_of_every_shape_register() {
    let place = Place::new("shapes").await;
    for (number, shape) in Shape::ALL.into_iter().enumerate() {
        for level in [SecurityLevel::Tee, SecurityLevel::StrongBox] {
            let pixel = phone(&format!("{shape:?} {level:?}")).with_shape(shape).with_level(level);
            let pixel = if number % 2 == 0 { pixel.without_root() } else { pixel };
            let mut app = place.register(&pixel).await;
            order(&place.site, &mut app).await;
            let told =
                place.site.operate("GET", &format!("/devices/{}", BASE64_URL_SAFE_NO_PAD.encode(app.key_id()))).await;
            let told = &told.json()["key_attestation"];
            let expected = if level == SecurityLevel::Tee { "TRUSTED_ENVIRONMENT" } else { "STRONG_BOX" };
            assert_eq!(told["security_level"], expected);
            let is_remote = shape.is_remote();
            assert_eq!(told["provisioning"], if is_remote { "REMOTE" } else { "FACTORY" });
            assert_eq!(told["certificates_issued"], if is_remote { json!(32) } else { Value::Null });
            assert_eq!(told["serials"].as_array().unwrap().len(), if is_remote { 4 } else { 3 });
            assert_eq!(told["serials"][0], "1", "leaves have this one");
        }
    }
}

/// What the operator is told of a phone, and finds it by.
#[tokio::test]
async fn the_operator_sees_what_the_hardware_said() {
    let boot_key = [9; 32];
    let settings = KeyAttestation { boot_keys: vec![hex(&boot_key)], ..keys() };
    let place = Place::of("operator", settings).await;
    let own = phone("own").with_own_system(boot_key).with_patch_levels(202_610, 20_261_001, 20_261_005);
    let app = place.register(&own).await;
    place.site.register(&device("alice"), "alice").await;
    let key_id = BASE64_URL_SAFE_NO_PAD.encode(app.key_id());
    let told = place.site.operate("GET", &format!("/devices/{key_id}")).await.json();
    assert_eq!((&told["key_attestation_status"], &told["environment"]), (&json!("VERIFIED"), &json!("PRODUCTION")));
    let said = &told["key_attestation"];
    let patches =
        ["os_patch_level", "vendor_patch_level", "boot_patch_level", "os_version"].map(|name| said[name].as_u64());
    assert_eq!(patches, [Some(202_610), Some(20_261_001), Some(20_261_005), Some(160_000)]);
    assert_eq!((&said["boot_state"], &said["revocation"]), (&json!("SELF_SIGNED"), &json!("GOOD")));
    let found = place.site.operate("GET", "/devices?platform=key_attestation").await.json();
    let found: Vec<_> = found["devices"].as_array().unwrap().iter().map(|device| device["key_id"].clone()).collect();
    assert_eq!(found, [json!(key_id)]);
    // It is revoked, locked and opened like any other.
    assert_eq!(place.site.operate("PUT", &format!("/devices/{key_id}/lock")).await.status, 204);
    assert_eq!(refused(&place.site, signed(&mut app.clone(), "POST", "/orders", "one", None)).await, "locked");
    assert_eq!(place.attempt(&own, &AndroidMutation::default()).await.1.code(), "locked");
    assert_eq!(place.site.operate("DELETE", &format!("/devices/{key_id}/lock")).await.status, 204);
    order(&place.site, &mut app.clone()).await;
    assert_eq!(place.site.operate("PUT", &format!("/devices/{key_id}/revocation")).await.status, 204);
    assert_eq!(refused(&place.site, signed(&mut app.clone(), "POST", "/orders", "one", None)).await, "rejected");
    assert_eq!(place.attempt(&own, &AndroidMutation::default()).await.1.code(), "rejected");
    // Another key of the same phone is another device.
    order(&place.site, &mut place.register(&own.clone().with_key("another")).await).await;
}

fn hex(octets: &[u8]) -> genuine_gateway::config::Hex {
    genuine_gateway::config::Hex(octets.to_vec())
}

/// The counter's rules are the application's: in a window requests may overtake each other.
#[tokio::test]
async fn in_a_window_requests_overtake_each_other() {
    let settings = Application { counter: Contract::Window, ..application(keys()) };
    let place = Place::over("window", settings, Arc::new(MemoryStore::default()), Hands::at(now())).await;
    let mut app = place.register(&phone("pixel")).await;
    let [first, second] = [0, 0].map(|_| signed(&mut app, "POST", "/orders", "one", None));
    assert_eq!(place.site.send(second).await.status, 200);
    assert_eq!(place.site.send(first).await.status, 200);
    // That of the registration is used all the same.
    let mut behind = app.with_counter(0);
    assert_eq!(refused(&place.site, signed(&mut behind, "POST", "/orders", "one", None)).await, "counter_overtaken");
}

/// What a mode makes of an attestation that is good, and of one that is not.
#[tokio::test]
async fn modes_hold_as_on_other_platforms() {
    let (pixel, unlocked) = (phone("pixel"), phone("unlocked").unlocked());
    let off = Place::of("off", KeyAttestation { mode: Mode::Off, ..keys() }).await;
    for phone in [&pixel, &unlocked] {
        let answer = off.attempt(phone, &AndroidMutation::default()).await.1;
        assert_eq!((answer.status, &answer.json()["registered"]), (200, &json!(false)));
    }
    let optional = Place::of("optional", KeyAttestation { mode: Mode::Optional, ..keys() }).await;
    let answer = optional.attempt(&unlocked, &AndroidMutation::default()).await.1;
    assert_eq!((answer.status, &answer.json()["registered"]), (200, &json!(false)));
    assert_eq!(optional.site.gate.metrics.attestations(Platform::KeyAttestation, Mode::Optional, Status::Failed), 1);
    order(&optional.site, &mut optional.register(&pixel).await).await;

    // An app without the platform says so.
    let required = Place::new("required").await;
    let body = json!({ "application": APPLICATION, "platform": "key_attestation" });
    for (place, status) in [(&off, 200), (&optional, 200), (&required, 403)] {
        assert_eq!(place.site.post("/devices/unsupported", "alice", &body).await.status, status);
    }
}

/// An application that is not there for key attestation takes none, and a key of Apple's is none of a phone's.
#[tokio::test]
async fn a_platform_is_there_or_it_is_not() {
    let site = Site::new();
    let (pixel, challenge) = (phone("pixel"), site.challenge("attestation", "alice").await);
    let body = registration(&pixel, &mut pixel.requester(), &challenge);
    assert_eq!(site.post("/devices", "alice", &body).await.code(), "platform_unknown");

    // It was there when the device registered, and is no more.
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let place = Place::over("there", application(keys()), Arc::clone(&store), Hands::at(now())).await;
    let mut app = place.register(&pixel).await;
    let (hands, gate) = (Hands::at(now()), support::gate_over(store, &Hands::at(now())));
    let later = Site::of(Arc::new(gate), hands, support::origin());
    assert_eq!(refused(&later, signed(&mut app, "POST", "/orders", "one", None)).await, "platform_unknown");
}

/// The least version of the client is this platform's own.
#[tokio::test]
async fn a_client_that_is_too_old_is_told_to_upgrade() {
    let text = "[[applications]]\nname = \"x\"\n[applications.key_attestation]\npackage_name = \"a.b\"\ncertificates = []\n\
                client_version_at_least = \"3.17\"";
    let config: genuine_gateway::config::Config = toml::from_str(text).unwrap();
    let least = config.applications[0].key_attestation.as_ref().unwrap().client_version_at_least.clone();
    let place = Place::of("version", KeyAttestation { client_version_at_least: least, ..keys() }).await;
    let (pixel, challenge) = (phone("pixel"), place.site.challenge("attestation", "alice").await);
    let mut app = pixel.requester();
    let body = registration(&pixel, &mut app, &challenge);
    let send = async |version: &str, mut request: Request<Body>| {
        request.headers_mut().insert("x-client-version", version.parse().unwrap());
        place.site.send(request).await.status
    };
    let mut statuses = Vec::new();
    for version in ["3.16", "3.17"] {
        statuses.push(send(version, support::json_request("/devices", "alice", &body)).await);
        statuses.push(send(version, signed(&mut app, "POST", "/orders", "one", None)).await);
    }
    assert_eq!(statuses, [403, 401, 201, 200]);
    assert_eq!(send("3.16", signed(&mut app, "POST", "/orders", "one", None)).await, 403);
}

/// The stored form is read as it was written, and what is damaged is nobody's.
#[tokio::test]
async fn a_record_is_read_as_it_was_written() {
    let place = Place::new("record").await;
    for shape in Shape::ALL {
        let app = place.register(&phone(&format!("{shape:?}")).with_shape(shape)).await;
        let key = place.site.gate.store.device(KeyId(app.key_id())).await.unwrap().unwrap().key;
        let octets = key.octets();
        assert_eq!((key.kind(), DeviceKey::from_stored(3, &octets)), (3, Some(key)));
        for length in 0..octets.len() {
            assert_eq!(DeviceKey::from_stored(3, &octets[..length]), None, "{length}");
        }
        assert_eq!(DeviceKey::from_stored(3, &[&octets[..], &[0]].concat()), None);
        // Its version, provisioning, and how many serial numbers there are.
        for position in [0, 132, 174] {
            let mut changed = octets.clone();
            changed[position] ^= 0x10;
            assert_eq!(DeviceKey::from_stored(3, &changed), None, "{position}");
        }
    }
}

/// Whoever registers by an assertion of somebody else's key has none of it.
pub(crate) async fn attempt_with(
    place: &Place,
    phone: &AndroidDevice,
    assertion: impl FnOnce(&str) -> Vec<u8>,
) -> support::Answer {
    let challenge = place.site.challenge("attestation", "alice").await;
    let chain = phone.attest(&over(&challenge)).certificates;
    let body = registration_of(&challenge, &chain, &assertion(&challenge));
    place.site.post("/devices", "alice", &body).await
}
