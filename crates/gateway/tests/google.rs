//! Google's server for tokens of standard requests: what each of its answers is to the gateway, and what it never sees.
#![allow(missing_docs)]

#[path = "support/google.rs"]
mod google;
mod support;

use std::{
    fmt::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use genuine::{
    UnixMillis,
    crypto::GenuineCrypto,
    play_integrity::{AppRecognition, Binding, DecodedVerifier, MAX_ANSWER, MAX_TOKEN, Policy},
};
use genuine_gateway::{
    metrics::Metrics,
    play::{DecodeFault, Decoder as _, GoogleDecoder, Quota, ServerUrl, ServiceAccount, Settings},
};
use genuine_testvectors::play::PlayApp;
use google::{ACCESS_TOKEN, At, EMAIL, Fault, Google, huge, keep_log, logged, private_key_pem};
use serde_json::{Value, json};
use support::Hands;
use tokio::{io::AsyncReadExt as _, net::TcpListener, task::JoinSet, time::timeout};

/// A morning.
const NOW: u64 = 1_790_000_000;
const DAY: u64 = 86_400;
const PACKAGE: &str = "com.example.attest";
/// The time limit of what hangs.
const SHORT: Duration = Duration::from_millis(300);

/// A stand-in, an app and a clock.
struct Place {
    google: Google,
    app: PlayApp,
    hands: Hands,
}

impl Place {
    async fn new() -> Self {
        let hands = Hands::at(NOW);
        Self { google: Google::start(hands.clock()).await, app: PlayApp::new("shop"), hands }
    }

    /// A token that nobody has decoded.
    fn token(&self, hash: &str) -> String {
        self.google.mint(&self.app, &self.app.standard(hash, NOW * 1000))
    }

    /// A decoder with other settings.
    fn decoder_with(&self, change: impl FnOnce(&mut Settings)) -> GoogleDecoder {
        let mut settings = self.google.settings();
        change(&mut settings);
        GoogleDecoder::new(settings).unwrap()
    }

    fn asked(&self) -> (u64, u64) {
        (self.google.asked(At::Grant), self.google.asked(At::Decode))
    }
}

fn account(file: &Value) -> ServiceAccount {
    ServiceAccount::parse(file.to_string().as_bytes()).unwrap()
}

#[tokio::test]
async fn a_token_is_decoded_and_the_engine_reads_the_answer() {
    let place = Place::new().await;
    let (token, decoder) = (place.token("the order"), place.google.decoder());
    let certificates = [place.app.certificate()];
    let policy = Policy::new(PACKAGE, &certificates);
    let verifier = DecodedVerifier::new(&policy, &GenuineCrypto).unwrap();
    let binding = Binding::request_hash("the order").unwrap();
    let now = UnixMillis(NOW * 1000);

    let answer = decoder.decode(PACKAGE, &token).await.unwrap();
    let authentic = verifier.trust_answer(&answer, token.as_bytes()).unwrap();
    assert_eq!(authentic.accept(binding, now).unwrap().timestamp(), now);

    // Google clears the verdicts of a token that comes again, and the engine takes none for the honest one.
    let answer = decoder.decode(PACKAGE, &token).await.unwrap();
    let authentic = verifier.trust_answer(&answer, token.as_bytes()).unwrap();
    let app = authentic.unaccepted_payload().app.recognition;
    assert_eq!(app, Some(AppRecognition::Unevaluated));
    authentic.accept(binding, now).unwrap_err();
    assert_eq!(place.asked(), (1, 2));
}

/// What Google says is told apart from what it cannot say, and what went wrong once leaves nothing behind.
#[tokio::test]
async fn r55_each_answer_has_its_fault() {
    let place = Place::new().await;
    let decoder = place.google.decoder();
    let elsewhere = Google::start(place.hands.clock()).await;
    let long = |octets| Fault::Padded(octets);
    let cases = [
        (Fault::Status(400), Err(DecodeFault::Refused)),
        (Fault::Status(429), Err(DecodeFault::Quota)),
        (Fault::Status(403), Err(DecodeFault::Unavailable)),
        (Fault::Status(404), Err(DecodeFault::Unavailable)),
        (Fault::Status(500), Err(DecodeFault::Unavailable)),
        (Fault::Status(503), Err(DecodeFault::Unavailable)),
        (Fault::Status(204), Err(DecodeFault::Unavailable)),
        (Fault::Redirect(format!("{}/v1/x", elsewhere.endpoint())), Err(DecodeFault::Unavailable)),
        (Fault::Close, Err(DecodeFault::Unavailable)),
        (Fault::Body(huge()), Err(DecodeFault::Unavailable)),
        (long(MAX_ANSWER + 1), Err(DecodeFault::Unavailable)),
        (long(MAX_ANSWER), Ok(())),
        (Fault::Body(Vec::new()), Err(DecodeFault::Unavailable)),
        (Fault::Body(b"<html>".to_vec()), Err(DecodeFault::Unavailable)),
        (Fault::Body(b"[]".to_vec()), Err(DecodeFault::Unavailable)),
        (Fault::Body(b"{\"tokenPayloadExternal\":{}".to_vec()), Err(DecodeFault::Unavailable)),
        (Fault::Body(b"{\"a\":\"\xFF\"}".to_vec()), Err(DecodeFault::Unavailable)),
        (Fault::Body(b"{}".to_vec()), Ok(())),
        (Fault::Slow(Duration::from_millis(50)), Ok(())),
    ];
    for (index, (fault, expected)) in cases.into_iter().enumerate() {
        place.google.fail(At::Decode, std::slice::from_ref(&fault));
        let token = place.token(&format!("{index}"));
        let outcome = decoder.decode(PACKAGE, &token).await;
        assert_eq!(outcome.map(|_| ()), expected, "{fault:?}");
        decoder.decode(PACKAGE, &place.token("next")).await.unwrap();
    }
    // One access token, no request sent twice, no redirection followed.
    assert_eq!(place.asked(), (1, 38));
    assert_eq!((elsewhere.asked(At::Grant), elsewhere.asked(At::Decode)), (0, 0));
}

#[tokio::test]
async fn a_token_that_google_cannot_open_is_refused() {
    let place = Place::new().await;
    let decoder = place.google.decoder();
    let unknown = place.app.standard_token(&place.app.standard("never minted there", 0));
    assert_eq!(decoder.decode(PACKAGE, &unknown).await, Err(DecodeFault::Refused));
    let token = place.token("of another app");
    assert_eq!(decoder.decode("com.example.other", &token).await, Err(DecodeFault::Refused));
    decoder.decode(PACKAGE, &token).await.unwrap();
}

/// The name goes into a path, and the token to Google: both are looked at before.
#[tokio::test]
async fn what_is_no_token_and_no_package_is_not_sent() {
    let place = Place::new().await;
    let decoder = place.google.decoder();
    for token in ["", "a b", "a\nb", "é", "a\0", &"x".repeat(MAX_TOKEN + 1)] {
        assert_eq!(decoder.decode(PACKAGE, token).await, Err(DecodeFault::Refused), "{token:?}");
    }
    let long = format!("com.{}", "x".repeat(252));
    for package in [
        "",
        "com",
        "com/../x",
        "com.example:x",
        "com..example",
        ".com",
        "com.",
        "com.1x",
        "com.x y",
        "com.é",
        "com.x?",
        &long,
    ] {
        let expected = if package == "com" { DecodeFault::Refused } else { DecodeFault::Unavailable };
        assert_eq!(decoder.decode(package, "token").await, Err(expected), "{package:?}");
    }
    // A single word is the name of a package, though of none in the store.
    assert_eq!(place.asked(), (1, 1));
    // The longest of both is sent.
    for (package, token) in [(&long[..255], "token"), (PACKAGE, &*"x".repeat(MAX_TOKEN))] {
        assert_eq!(decoder.decode(package, token).await, Err(DecodeFault::Refused));
    }
    assert_eq!(place.asked(), (1, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_requests_ask_for_one_access_token() {
    let place = Place::new().await;
    place.google.fail(At::Grant, &[Fault::Slow(SHORT)]);
    place.google.fail(At::Decode, &vec![Fault::Slow(SHORT); 100]);
    assert_eq!(decode_many(&place, &Arc::new(place.google.decoder())).await, [Ok(()); 100]);
    assert_eq!(place.asked(), (1, 100));
    // Their connections leave file descriptors to the rest.
    assert!((2..=64).contains(&place.google.most_at_a_time()), "{}", place.google.most_at_a_time());
}

/// A hundred requests at a time.
async fn decode_many(place: &Place, decoder: &Arc<GoogleDecoder>) -> Vec<Result<(), DecodeFault>> {
    let mut requests = JoinSet::new();
    for index in 0..100 {
        let (decoder, token) = (Arc::clone(decoder), place.token(&format!("{index}")));
        requests.spawn(async move { decoder.decode(PACKAGE, &token).await.map(|_| ()) });
    }
    requests.join_all().await
}

/// If the one that fetches it gets none, those who wait fail with it.
#[tokio::test]
async fn those_who_wait_for_an_access_token_fail_together() {
    let place = Place::new().await;
    place.google.fail(At::Grant, &[Fault::Status(503)]);
    let decoder = Arc::new(place.google.decoder());
    // On one thread, all of them wait before the answer arrives; there is room for so many.
    let mut requests = JoinSet::new();
    for _ in 0..50 {
        let (decoder, token) = (Arc::clone(&decoder), place.token("x"));
        requests.spawn(async move { decoder.decode(PACKAGE, &token).await.map(|_| ()) });
    }
    assert_eq!(requests.join_all().await, [Err(DecodeFault::Unavailable); 50]);
    assert_eq!(place.asked(), (1, 0));
    decoder.decode(PACKAGE, &place.token("next")).await.unwrap();
}

#[tokio::test]
async fn an_access_token_is_renewed_a_minute_before_it_expires() {
    let place = Place::new().await;
    place.google.set_lifetime(600);
    let decoder = place.google.decoder();
    for (seconds, grants) in [(0, 1), (539, 1), (1, 2), (539, 2), (1, 3)] {
        place.hands.advance(seconds);
        decoder.decode(PACKAGE, &place.token("x")).await.unwrap();
        assert_eq!(place.google.asked(At::Grant), grants);
    }
    // One that lives a minute or less is used once.
    place.hands.advance(540);
    place.google.set_lifetime(60);
    for grants in [4, 5] {
        decoder.decode(PACKAGE, &place.token("x")).await.unwrap();
        assert_eq!(place.google.asked(At::Grant), grants);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_that_is_refused_is_renewed_once() {
    let place = Place::new().await;
    let decoder = Arc::new(place.google.decoder());
    decoder.decode(PACKAGE, &place.token("x")).await.unwrap();
    place.google.revoke();
    decoder.decode(PACKAGE, &place.token("y")).await.unwrap();
    assert_eq!(place.asked(), (2, 3));
    // Of many that are refused at a time, one renews it.
    place.google.revoke();
    assert_eq!(decode_many(&place, &decoder).await, [Ok(()); 100]);
    assert_eq!(place.google.asked(At::Grant), 3);
}

/// A refusal that comes late, after somebody else has renewed the access token, does not end the new one.
#[tokio::test]
async fn a_late_refusal_ends_no_later_access_token() {
    let place = Place::new().await;
    let decoder = Arc::new(place.google.decoder());
    decoder.decode(PACKAGE, &place.token("x")).await.unwrap();
    place.google.fail(At::Decode, &[Fault::Slow(SHORT)]);
    let late = tokio::spawn({
        let (decoder, token) = (Arc::clone(&decoder), place.token("late"));
        async move { decoder.decode(PACKAGE, &token).await.map(|_| ()) }
    });
    while place.google.asked(At::Decode) < 2 {
        tokio::task::yield_now().await;
    }
    place.google.revoke();
    decoder.decode(PACKAGE, &place.token("y")).await.unwrap();
    assert_eq!((late.await.unwrap(), place.google.asked(At::Grant)), (Ok(()), 2));
}

#[tokio::test]
async fn r55_an_access_token_that_is_refused_twice_is_an_outage() {
    let place = Place::new().await;
    let decoder = place.google.decoder();
    place.google.fail(At::Decode, &[Fault::Status(401), Fault::Status(401)]);
    assert_eq!(decoder.decode(PACKAGE, &place.token("x")).await, Err(DecodeFault::Unavailable));
    assert_eq!(place.asked(), (2, 2));
    // Other statuses are not tried again.
    place.google.fail(At::Decode, &[Fault::Status(403)]);
    assert_eq!(decoder.decode(PACKAGE, &place.token("x")).await, Err(DecodeFault::Unavailable));
    assert_eq!(place.asked(), (2, 3));
}

#[tokio::test]
async fn r55_without_an_access_token_it_is_an_outage() {
    let place = Place::new().await;
    let grant = |change: fn(&mut Value)| {
        let mut grant = json!({ "access_token": "x", "expires_in": 3599, "token_type": "Bearer" });
        change(&mut grant);
        Fault::Body(grant.to_string().into_bytes())
    };
    let faults = [
        Fault::Status(400),
        Fault::Status(401),
        Fault::Status(429),
        Fault::Status(500),
        Fault::Close,
        Fault::Body(b"<html>".to_vec()),
        Fault::Padded((16 << 10) + 1),
        grant(|grant| grant["access_token"] = json!("")),
        grant(|grant| grant["access_token"] = json!("a b")),
        grant(|grant| grant["access_token"] = json!("a\r\nb")),
        grant(|grant| grant["token_type"] = json!("MAC")),
        grant(|grant| grant["expires_in"] = json!(-1)),
        grant(|grant| _ = grant.as_object_mut().unwrap().remove("expires_in")),
    ];
    let grants = u64::try_from(faults.len()).unwrap();
    for fault in faults {
        place.google.fail(At::Grant, std::slice::from_ref(&fault));
        let outcome = place.google.decoder().decode(PACKAGE, &place.token("x")).await;
        assert_eq!(outcome, Err(DecodeFault::Unavailable), "{fault:?}");
    }
    assert_eq!(place.asked(), (grants, 0));
    place.google.fail(At::Grant, &[Fault::Padded(16 << 10)]);
    place.google.decoder().decode(PACKAGE, &place.token("x")).await.unwrap();
}

/// The stand-in verifies the assertion with another implementation: of another account, it gives nothing.
#[tokio::test]
async fn an_assertion_names_the_account_and_the_server() {
    let place = Place::new().await;
    let changes: [fn(&mut Value); 2] = [
        |file| file["client_email"] = json!("somebody@else.example"),
        |file| file["private_key_id"] = json!("another"),
    ];
    for change in changes {
        let mut file = place.google.service_account();
        change(&mut file);
        let decoder = place.decoder_with(|settings| settings.account = account(&file));
        assert_eq!(decoder.decode(PACKAGE, &place.token("x")).await, Err(DecodeFault::Unavailable));
    }
    assert_eq!(place.asked(), (2, 0));
}

/// Fails as an outage, after the time limit and not much later.
async fn expect_overrun(place: &Place, change: impl FnOnce(&mut Settings)) {
    let decoder = place.decoder_with(|settings| {
        settings.timeout = SHORT;
        change(settings);
    });
    let start = Instant::now();
    let outcome = timeout(SHORT * 10, decoder.decode(PACKAGE, &place.token("x"))).await;
    assert_eq!(outcome.unwrap(), Err(DecodeFault::Unavailable));
    assert!(start.elapsed() >= SHORT);
}

#[tokio::test]
async fn r46_the_time_limit_holds_wherever_it_hangs() {
    let place = Place::new().await;
    for at in [At::Grant, At::Decode] {
        for fault in [Fault::HangBeforeHead, Fault::HangInBody, Fault::Slow(Duration::from_secs(60))] {
            place.google.fail(at, &[fault]);
            expect_overrun(&place, |_| {}).await;
        }
    }
    // A server that takes connections and says nothing, so that no handshake ends.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = ServerUrl::parse(&format!("https://{}", silent.local_addr().unwrap())).unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = silent.accept().await {
            tokio::spawn(async move { while stream.read_u8().await.is_ok() {} });
        }
    });
    expect_overrun(&place, |settings| settings.endpoint = endpoint).await;
}

/// One request that hangs takes those along that wait for its access token, though their own time is not over.
#[tokio::test]
async fn what_waits_for_an_access_token_that_never_comes_ends_with_it() {
    let place = Place::new().await;
    place.google.fail(At::Grant, &[Fault::HangBeforeHead]);
    let decoder = Arc::new(place.decoder_with(|settings| settings.timeout = SHORT));
    let mut requests = JoinSet::new();
    for pause in [Duration::ZERO, SHORT / 2] {
        let (decoder, token) = (Arc::clone(&decoder), place.token("x"));
        requests.spawn(async move {
            tokio::time::sleep(pause).await;
            decoder.decode(PACKAGE, &token).await.map(|_| ())
        });
    }
    assert_eq!(timeout(SHORT * 10, requests.join_all()).await.unwrap(), [Err(DecodeFault::Unavailable); 2]);
    assert_eq!(place.asked(), (1, 0));
    decoder.decode(PACKAGE, &place.token("next")).await.unwrap();
}

/// A server that nobody listens at.
#[tokio::test]
async fn r55_no_connection_is_an_outage_and_no_use_of_the_quota() {
    let place = Place::new().await;
    let decoder = place.decoder_with(|settings| settings.endpoint = ServerUrl::parse("http://127.0.0.1:1").unwrap());
    assert_eq!(decoder.decode(PACKAGE, &place.token("x")).await, Err(DecodeFault::Unavailable));
    assert_eq!((decoder.quota().used(PACKAGE), place.asked()), (0, (1, 0)));
}

#[tokio::test]
async fn over_tls_the_certificate_counts() {
    let hands = Hands::at(NOW);
    let (google, other) =
        (Google::start_tls(hands.clock(), "localhost").await, Google::start_tls(hands.clock(), "localhost").await);
    let misnamed = Google::start_tls(hands.clock(), "other.example").await;
    let app = PlayApp::new("shop");
    let payload = app.standard("x", NOW * 1000);
    google.decoder().decode(PACKAGE, &google.mint(&app, &payload)).await.unwrap();

    // Of another authority, of another name, and of no authority at all.
    let strange = Settings { roots: other.settings().roots, ..google.settings() };
    let none = Settings { roots: rustls::RootCertStore::empty(), ..google.settings() };
    for settings in [strange, none, misnamed.settings()] {
        let decoder = GoogleDecoder::new(settings).unwrap();
        assert_eq!(decoder.decode(PACKAGE, &google.mint(&app, &payload)).await, Err(DecodeFault::Unavailable));
    }
    assert_eq!((google.asked(At::Grant), google.asked(At::Decode)), (1, 1));
    assert_eq!((misnamed.asked(At::Grant), misnamed.asked(At::Decode)), (0, 0));
}

#[tokio::test]
async fn r54_at_the_limit_google_is_asked_no_more_until_the_next_day() {
    let place = Place::new().await;
    let quota = Quota::new(10, place.hands.clock()).unwrap();
    let decoder = place.decoder_with(|settings| settings.quota = quota.clone());
    let metrics = Metrics::new().unwrap();
    metrics.add(decoder.quota().clone()).unwrap();
    let gauge = |name: &str, value: u32| {
        let line = format!("genuine_play_quota_{name}{{package=\"{PACKAGE}\"}} {value}\n");
        assert!(metrics.text().unwrap().contains(&line), "{line}{}", metrics.text().unwrap());
    };
    keep_log();
    // What Google refuses counts, and what it never saw does not.
    for index in 1..=10_u32 {
        if index == 3 {
            place.google.fail(At::Decode, &[Fault::Status(400)]);
        }
        let _ = decoder.decode(PACKAGE, &place.token("x")).await;
        assert_eq!(quota.used(PACKAGE), index);
        assert_eq!(logged().matches("most of the day's quota").count(), usize::from(index >= 8));
    }
    gauge("used", 10);
    gauge("limit", 10);
    for _ in 0..3 {
        assert_eq!(decoder.decode(PACKAGE, &place.token("x")).await, Err(DecodeFault::Quota));
    }
    assert_eq!((place.asked(), quota.used(PACKAGE)), ((1, 10), 10));
    // Another app has its own.
    assert_eq!(decoder.decode("com.example.other", "x").await, Err(DecodeFault::Refused));
    assert_eq!((quota.used("com.example.other"), quota.used(PACKAGE)), (1, 10));

    // The last second of the day, and the first of the next one.
    place.hands.advance(DAY - 1 - NOW % DAY);
    assert_eq!(decoder.decode(PACKAGE, &place.token("x")).await, Err(DecodeFault::Quota));
    place.hands.advance(1);
    assert_eq!(quota.used(PACKAGE), 0);
    gauge("used", 0);
    decoder.decode(PACKAGE, &place.token("x")).await.unwrap();
    assert_eq!(quota.used(PACKAGE), 1);
    assert_eq!(logged().matches("most of the day's quota").count(), 1);
}

/// Many at a time do not get past the limit together.
#[tokio::test(flavor = "multi_thread")]
async fn r54_the_limit_holds_for_many_at_a_time() {
    let place = Place::new().await;
    let quota = Quota::new(7, place.hands.clock()).unwrap();
    let decoder = Arc::new(place.decoder_with(|settings| settings.quota = quota));
    let outcomes = decode_many(&place, &decoder).await;
    let count = |expected| outcomes.iter().filter(|outcome| **outcome == expected).count();
    assert_eq!((count(Ok(())), count(Err(DecodeFault::Quota)), place.google.asked(At::Decode)), (7, 93, 7));
}

#[tokio::test]
async fn nothing_secret_is_logged_or_printed() {
    keep_log();
    let place = Place::new().await;
    let mut seen = String::new();
    for (at, fault) in [
        (At::Decode, Fault::Status(500)),
        (At::Decode, Fault::Status(401)),
        (At::Decode, Fault::Close),
        (At::Decode, Fault::Body(huge())),
        (At::Grant, Fault::Problem(400, json!({ "error": format!("{ACCESS_TOKEN}1") }))),
        (At::Grant, Fault::Body(format!("{{\"access_token\":\"{ACCESS_TOKEN}\"").into_bytes())),
    ] {
        place.google.fail(at, &[fault]);
        let decoder = place.google.decoder();
        let token = place.token("x");
        let _ = write!(seen, "{:?}", decoder.decode(PACKAGE, &token).await.err());
    }
    let mut file = place.google.service_account();
    file["client_email"] = json!("somebody@else.example");
    let decoder = place.decoder_with(|settings| settings.account = account(&file));
    decoder.decode(PACKAGE, &place.token("x")).await.unwrap_err();
    let text = format!("{}{seen}{:?}", logged(), account(&place.google.service_account()));
    assert!(text.contains("Google gives no access token: 400 invalid_grant") && text.contains(EMAIL), "{text}");
    assert!(text.contains("TRACE"), "{text}");
    let (pem, token) = (private_key_pem(), place.token("x"));
    let key = &pem[60..100];
    // JWTs and tokens of Play Integrity begin with `eyJ`.
    for secret in [ACCESS_TOKEN, key, &token[40..80], "eyJ", "Bearer ya", "PRIVATE"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}
