//! Devices in the sessions of accounts: who may come with which, and what the operator does to all of one account.
#![allow(missing_docs)]

mod support;

use std::sync::Arc;

use axum::{Extension, Router, body::Body, http::Request, routing::get};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine::app_attest::KeyId;
use genuine_gateway::{
    account::{AccountId, PROXY},
    config::{Accounts, Application, Config},
    gate::{Access, Caller, Freshness, Gate},
    http::{AccountSource, AppRoutes, ForwardRule, Intake, Origin},
    store::{Device as Record, MemoryStore, Store},
};
use genuine_testvectors::Device;
use serde_json::{Value, json};
use support::{
    APPLICATION, Answer, Hands, Site,
    android::{Phone, application, play, play_app},
    answer_of, device, gate_of, json_request, now, origin, registration, signed,
};

const PROXIES: &str = "127.0.0.1/32";

fn intake() -> Intake {
    let source = AccountSource::new(&Accounts::Proxy { header: "x-account".to_owned() }).unwrap();
    support::intake().with_accounts(source, &[PROXIES.parse().unwrap()])
}

struct Place {
    site: Site,
    /// `/both` takes a device and an account.
    app: Router,
    store: Arc<dyn Store>,
}

impl Place {
    fn new() -> Self {
        let hands = Hands::at(now());
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let gate = gate_of(&[application(play(false))], Arc::clone(&store), &hands);
        let gate = Arc::new(gate);
        let access = Access::new(vec![APPLICATION.to_owned()], Freshness::Counter).with_account();
        let both = Router::new().route("/both", get(async |_: Extension<Caller>| "both"));
        let app = AppRoutes::new(Arc::clone(&gate), intake()).protected(access, both);
        let app = app.router(Arc::new(Origin { allow_plain_http: true, ..origin() }));
        let site = Site::with(gate, hands, Origin { allow_plain_http: true, ..origin() }, &intake());
        Self { site, app, store }
    }

    async fn register(&self, device: &Device, account: Option<&str>) -> Answer {
        let challenge = self.site.challenge("attestation", "session").await;
        self.site.send(of(account, json_request("/devices", "session", &registration(device, &challenge)))).await
    }

    async fn come(&self, device: &mut Device, account: Option<&str>) -> Answer {
        self.site.send(of(account, signed(device, "GET", "/orders", "", None))).await
    }

    async fn record(&self, key: [u8; 32]) -> Record {
        self.store.device(KeyId(key)).await.unwrap().unwrap()
    }

    async fn operate(&self, method: &str, path: &str) -> (u16, Value) {
        let answer = self.site.operate(method, path).await;
        (answer.status, answer.json())
    }
}

/// A request that a proxy says is in the session of this account.
fn of(account: Option<&str>, mut request: Request<Body>) -> Request<Body> {
    if let Some(account) = account {
        request.headers_mut().insert("x-account", account.parse().unwrap());
    }
    request
}

fn hash(account: &str) -> [u8; 32] {
    AccountId::of(PROXY, account).unwrap().0
}

#[tokio::test]
async fn s10_a_phone_is_of_no_use_in_somebody_elses_session() {
    let place = Place::new();
    let (mut alice, mut eve, mut nobody) = (device("alice"), device("eve"), device("nobody"));
    assert_eq!(place.register(&alice, Some("alice")).await.status, 201);
    assert_eq!(place.register(&eve, Some("eve")).await.status, 201);
    assert_eq!(place.register(&nobody, None).await.status, 201);
    assert_eq!(place.record(alice.key_id()).await.account, Some(hash("alice")));
    assert_eq!(place.record(nobody.key_id()).await.account, None);
    assert_eq!(place.come(&mut alice, Some("alice")).await.status, 200);
    for stranger in [&mut eve, &mut nobody] {
        let answer = place.come(stranger, Some("alice")).await;
        assert_eq!((answer.status, answer.code().as_str()), (401, "rejected"));
    }
    assert_eq!(place.site.refusals("AccountMismatch"), 2);
    // A request that is in no session is the device's alone.
    for device in [&mut alice, &mut eve, &mut nobody] {
        assert_eq!(place.come(device, None).await.status, 200);
    }
    // Who the account is, a proxy says: somebody else who says it is refused.
    let request = of(Some("alice"), signed(&mut alice, "GET", "/orders", "", None));
    let answer = place.site.send_from("10.0.0.9", request).await;
    assert_eq!((answer.status, answer.code().as_str()), (403, "proxy_unknown"));
}

#[tokio::test]
async fn r59_r83_a_route_may_ask_for_device_and_account() {
    let place = Place::new();
    let mut alice = device("alice");
    place.register(&alice, Some("alice")).await;
    let mut come = async |account| {
        let request = of(account, signed(&mut alice, "GET", "/both", "", None));
        answer_of(place.app.clone(), "127.0.0.1", request).await
    };
    assert_eq!(come(Some("alice")).await.status, 200);
    assert_eq!(come(None).await.code(), "account_required");
    assert_eq!(come(Some("eve")).await.code(), "rejected");
    // The account alone is not enough either.
    let request = of(Some("alice"), Request::get("/both").body(Body::empty()).unwrap());
    assert_eq!(answer_of(place.app.clone(), "127.0.0.1", request).await.code(), "rejected");
    assert_eq!((place.site.refusals("AccountMissing"), place.site.refusals("AssertionMissing")), (1, 1));
}

/// The same of an Android device; and an account that another one has registered it in keeps it.
#[tokio::test]
async fn an_android_device_stays_with_its_account() {
    let place = Place::new();
    let phone = Phone::new("pixel");
    let register = async |account: Option<&str>| {
        let challenge = place.site.challenge("integrity", "session").await;
        let now = (place.site.gate.clock)();
        let token = play_app().token(&phone.classic(&challenge, now));
        let body =
            json!({ "application": APPLICATION, "challenge": challenge, "integrity_token": { "classic": token } });
        let mut request = json_request("/devices", "session", &body);
        let proof = phone.proof("/devices", &challenge, now, &json!({}));
        request.headers_mut().insert("dpop", proof.parse().unwrap());
        place.site.send(of(account, request)).await
    };
    assert_eq!(register(Some("alice")).await.status, 201);
    for other in [Some("eve"), None] {
        assert_eq!(register(other).await.code(), "rejected");
    }
    assert_eq!((register(Some("alice")).await.status, place.site.refusals("AccountMismatch")), (200, 2));
}

#[tokio::test]
async fn the_operator_lists_revokes_and_unlocks_the_devices_of_an_account() {
    let place = Place::new();
    let mut devices: Vec<_> = (0..3).map(|number| device(&format!("alice {number}"))).collect();
    for device in &devices {
        place.register(device, Some("alice@example.com")).await;
    }
    let mut bob = device("bob");
    place.register(&bob, Some("bob")).await;
    let mut keys: Vec<_> = devices.iter().map(Device::key_id).collect();
    keys.sort_unstable();
    let keys = keys.map_text();
    let (status, listed) = place.operate("GET", "/accounts/alice@example.com/devices").await;
    let told: Vec<_> = listed["devices"].as_array().unwrap().iter().map(|told| told["key_id"].clone()).collect();
    assert_eq!((status, told, &listed["next"]), (200, keys.clone(), &Value::Null));
    assert_eq!(listed["devices"][0]["app_attest_status"], "VERIFIED");
    let after = format!("/accounts/alice@example.com/devices?after={}", keys[0].as_str().unwrap());
    assert_eq!(place.operate("GET", &after).await.1["devices"].as_array().unwrap().len(), 2);
    for path in ["?after=short", "?other=1"] {
        assert_eq!(place.operate("GET", &format!("/accounts/alice@example.com/devices{path}")).await.0, 400);
    }
    assert_eq!(place.operate("GET", "/accounts/nobody/devices").await.1["devices"], json!([]));

    for device in &devices {
        place.site.gate.set_lock(KeyId(device.key_id()), true).await.unwrap();
    }
    assert_eq!(place.come(&mut devices[0], None).await.code(), "locked");
    assert_eq!(place.operate("DELETE", "/accounts/alice@example.com/lock").await, (200, json!({ "devices": 3 })));
    assert_eq!(place.come(&mut devices[0], None).await.status, 200);
    assert_eq!(place.operate("PUT", "/accounts/alice@example.com/revocation").await, (200, json!({ "devices": 3 })));
    for device in &mut devices {
        assert_eq!(place.come(device, None).await.status, 401);
    }
    assert_eq!(place.come(&mut bob, Some("bob")).await.status, 200);
    assert_eq!(place.operate("PUT", "/accounts/nobody/revocation").await, (200, json!({ "devices": 0 })));
}

trait MapText {
    fn map_text(self) -> Vec<Value>;
}

impl MapText for Vec<[u8; 32]> {
    fn map_text(self) -> Vec<Value> {
        self.into_iter().map(|key| BASE64_URL_SAFE_NO_PAD.encode(key).into()).collect()
    }
}

/// What is erased is gone but for the key identifier, so that nothing is registered or accepted a second time.
#[tokio::test]
async fn r66_an_account_is_erased_and_nothing_replays() {
    let place = Place::new();
    let mut alice = device("alice");
    let challenge = place.site.challenge("attestation", "session").await;
    let body = registration(&alice, &challenge);
    let register = async || place.site.send(of(Some("alice"), json_request("/devices", "session", &body))).await;
    assert_eq!(register().await.status, 201);
    assert_eq!(place.come(&mut alice, Some("alice")).await.status, 200);
    assert_eq!(place.operate("DELETE", "/accounts/alice").await, (200, json!({ "devices": 1 })));
    assert_eq!(place.operate("DELETE", "/accounts/alice").await, (200, json!({ "devices": 0 })));
    assert_eq!(place.record(alice.key_id()).await, Record::erased(now()));
    for account in [Some("alice"), None] {
        assert_eq!(place.come(&mut alice, account).await.code(), "rejected");
    }
    // The registration that was sent before, and a new one of the same key.
    assert_eq!(register().await.code(), "rejected");
    assert_eq!(place.register(&alice, Some("alice")).await.code(), "rejected");
    let told = place.operate("GET", &format!("/devices/{}", BASE64_URL_SAFE_NO_PAD.encode(alice.key_id()))).await.1;
    assert_eq!(told, json!({ "erased": true, "revoked_at": now() }));
}

/// More devices than fit a page, all of which are meant.
#[tokio::test]
async fn all_devices_of_an_account_are_meant_however_many() {
    let place = Place::new();
    let account = hash("alice");
    for number in 0..250_u32 {
        let mut key = [0; 32];
        key[..4].copy_from_slice(&number.to_be_bytes());
        let record = genuine_gateway::store::conformance::a_device();
        let record = Record { account: Some(account), ..record };
        assert_eq!(place.store.register(KeyId(key), &record).await, Ok(true));
    }
    let (mut listed, mut query) = (0, String::new());
    loop {
        let (status, page) = place.operate("GET", &format!("/accounts/alice/devices{query}")).await;
        assert_eq!(status, 200);
        listed += page["devices"].as_array().unwrap().len();
        let Some(next) = page["next"].as_str() else { break };
        query = format!("?after={next}");
    }
    assert_eq!(listed, 250);
    assert_eq!(place.operate("DELETE", "/accounts/alice").await, (200, json!({ "devices": 250 })));
}

#[tokio::test]
async fn without_accounts_the_operator_has_no_such_routes() {
    let hands = Hands::at(now());
    let gate = gate_of(&[application(play(false))], Arc::new(MemoryStore::default()), &hands);
    let site = Site::of(Arc::new(Gate { account_issuer: None, ..gate }), hands, origin());
    for (method, path) in [("GET", "/accounts/alice/devices"), ("DELETE", "/accounts/alice")] {
        assert_eq!(site.operate(method, path).await.code(), "not_found", "{method} {path}");
    }
}

/// A rule of a proxy's may ask for both as well.
#[tokio::test]
async fn r83_a_rule_of_a_proxy_may_ask_for_an_account() {
    let text = "
        [[forward_auth]]
        name = \"both\"
        body = \"none\"
        account = true
        callers = [\"demo\"]";
    let config: Config = toml::from_str(text).unwrap();
    let place = Place::new();
    let mut alice = device("alice");
    place.register(&alice, Some("alice")).await;
    let routes = AppRoutes::new(Arc::clone(&place.site.gate), intake());
    let rules = ForwardRule::configured(&config);
    let app = routes.forward_auth(&[PROXIES.parse().unwrap()], rules).unwrap();
    let app = app.router(Arc::new(Origin { allow_plain_http: true, ..origin() }));
    let mut ask = async |account| {
        let header = signed(&mut alice, "GET", "/news", "", None).headers()["authorization"].clone();
        let request = Request::get("/authorize/both")
            .header("x-forwarded-method", "GET")
            .header("x-forwarded-uri", "/news")
            .header("authorization", header);
        answer_of(app.clone(), "127.0.0.1", of(account, request.body(Body::empty()).unwrap())).await
    };
    assert_eq!(ask(Some("alice")).await.status, 200);
    assert_eq!(ask(None).await.code(), "account_required");
    assert_eq!(ask(Some("eve")).await.code(), "rejected");
    let mistakes = Config {
        trusted_proxies: vec![PROXIES.parse().unwrap()],
        applications: vec![Application::new("demo", &[support::APP_ID])],
        ..config
    };
    let mistakes = mistakes.checked().unwrap_err().to_string();
    assert!(mistakes.contains("forward_auth \"both\": account: takes [accounts]"), "{mistakes}");
}
