//! A rehearsal while it runs.

use std::{
    fs, io,
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{HeaderName, Request},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine::{app_attest::KeyId, crypto::PublicKey};
use genuine_gateway::{
    application::{Application, Roots},
    client::{App, Authority, Phone},
    config::{self, Config, OauthClient},
    engine::Engine,
    gate::{Access, Caller, Freshness, Gate},
    http::AppRoutes,
    metrics::{Metered, Metrics},
    rehearsal::remind,
    server::system_clock,
    shop,
    store::MemoryStore,
};
use genuine_testvectors::{Environment, json::Json};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Made, REHEARSAL, load, server::Server};
use crate::support::{Answer, Hands, answer_of, gate_of, intake, json_request, origin};

const SESSION: &str = "alice";

/// The shop and its rehearsal: orders are for both, payments for real devices alone, the basket for both.
struct Place {
    gate: Arc<Gate>,
    hands: Hands,
    app: Router,
    made: Made,
}

impl Place {
    fn new(name: &str) -> Self {
        let made = Made::new(name);
        let rehearsal = Config::read(Some(&made.settings())).unwrap().applications.remove(0);
        let client = OauthClient { client_id: "rehearsal".to_owned(), lifetime_seconds: 3600 };
        let rehearsal = config::Application { oauth_client: Some(client), ..rehearsal };
        let play = config::Play { environment: config::Environment::Production, ..rehearsal.play.clone().unwrap() };
        // The shop has keys of its own on both platforms. The public test root is in the place of Apple's.
        let real = Authority::demonstration().play_app().unwrap().with_package(super::PACKAGE);
        let keys = genuine_gateway::demo::minted_play(&real).keys;
        let shop = config::Application { play: Some(config::Play { keys, ..play }), ..super::shop() };
        let hands = Hands::at(system_clock()());
        let gate = Arc::new(gate_of(&[shop, rehearsal], Arc::new(MemoryStore::default()), &hands));
        let both = || vec!["shop".to_owned(), REHEARSAL.to_owned()];
        let app = AppRoutes::new(Arc::clone(&gate), intake())
            .protected(Access::new(both(), Freshness::Counter), shop::orders())
            .protected(Access::new(vec!["shop".to_owned()], Freshness::Counter), shop::payments())
            .tokens(both())
            .unwrap()
            .admitted(HeaderName::from_static("authorization"), both(), shop::basket())
            .router(Arc::new(origin()));
        Self { gate, hands, app, made }
    }

    fn now(&self) -> u64 {
        (self.gate.clock)()
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        answer_of(self.app.clone(), "127.0.0.1", json_request(path, SESSION, body)).await
    }

    async fn challenge(&self, application: &str, purpose: &str) -> Answer {
        self.post("/challenges", &json!({ "application": application, "purpose": purpose })).await
    }

    /// A challenge, which is issued.
    async fn issued(&self, application: &str, purpose: &str) -> String {
        let answer = self.challenge(application, purpose).await;
        answer.json()["challenge"].as_str().unwrap().to_owned()
    }

    /// Registers with an application that may be another one's.
    async fn register(&self, app: &App, application: &str) -> Answer {
        let challenge = self.issued(application, "attestation").await;
        let mut body = app.registration(&challenge);
        body["application"] = application.into();
        self.post("/devices", &body).await
    }

    async fn call(&self, app: &mut App, target: &str) -> Answer {
        let call = app.sign(Method::POST, target, "one", None);
        let request = Request::post(target).header("authorization", call.authorization).header("x-session", SESSION);
        answer_of(self.app.clone(), "127.0.0.1", request.body(Body::from("one")).unwrap()).await
    }

    async fn register_phone(&self, phone: &Phone, application: &str, change: impl FnOnce(&mut Json)) -> Answer {
        let challenge = self.issued(application, "integrity").await;
        let mut verdict = phone.verdict(&challenge, self.now());
        change(&mut verdict);
        let mut body = phone.registration(&challenge, &verdict);
        body["application"] = application.into();
        let mut request = json_request("/devices", SESSION, &body);
        let proof = phone.proof("/devices", &challenge, self.now()).unwrap();
        request.headers_mut().insert("dpop", proof.parse().unwrap());
        answer_of(self.app.clone(), "127.0.0.1", request).await
    }

    async fn token(&self, phone: &Phone) -> Answer {
        let challenge = self.issued(REHEARSAL, "assertion").await;
        self.token_with(phone, &challenge).await
    }

    async fn token_with(&self, phone: &Phone, challenge: &str) -> Answer {
        let proof = phone.proof("/tokens", challenge, self.now()).unwrap();
        let request = Request::post("/tokens").header("x-session", SESSION).header("dpop", proof);
        answer_of(self.app.clone(), "127.0.0.1", request.body(Body::empty()).unwrap()).await
    }

    async fn basket(&self, phone: &Phone, token: &str) -> Answer {
        let proof = phone.token_proof("/basket", token, self.now()).unwrap();
        let request = Request::get("/basket").header("authorization", format!("DPoP {token}")).header("dpop", proof);
        answer_of(self.app.clone(), "127.0.0.1", request.body(Body::empty()).unwrap()).await
    }

    fn app(&self, name: &str) -> App {
        self.made.authority.app(name, 0, self.now())
    }

    fn phone(&self, name: &str) -> Phone {
        self.made.authority.phone(name).unwrap()
    }

    fn refusals(&self, reason: &str) -> u64 {
        self.gate.metrics.refusals(reason)
    }
}

#[tokio::test]
async fn its_own_root_vouches_for_its_devices_and_for_no_others() {
    let place = Place::new("root");
    let mut simulated = place.app("simulated");
    let answer = place.register(&simulated, REHEARSAL).await;
    assert_eq!((answer.status, &answer.json()["environment"]), (201, &json!("DEVELOPMENT")), "{}", answer.json());
    let answer = place.call(&mut simulated, "/orders").await;
    assert_eq!((answer.status, &answer.json()["application"]), (200, &json!(REHEARSAL)));

    // Everything is right about these but the root.
    let authority = Authority::demonstration();
    let of = |app: App, environment| App { device: app.device.clone().with_environment(environment), ..app };
    let others = of(authority.app("other", 0, place.now()), Environment::Development);
    assert_eq!(place.register(&others, REHEARSAL).await.code(), "rejected");
    assert_eq!(place.refusals("AnchorUnknown"), 1);
    let own = of(place.app("own"), Environment::Production);
    assert_eq!(place.register(&own, "shop").await.code(), "rejected");
    assert_eq!(place.refusals("AnchorUnknown"), 2);
    assert_eq!(place.register(&authority.app("real", 0, place.now()), "shop").await.status, 201);
}

#[tokio::test]
async fn a_route_that_does_not_name_it_is_closed() {
    let place = Place::new("route");
    let mut simulated = place.app("simulated");
    assert_eq!(place.register(&simulated, REHEARSAL).await.status, 201);
    assert_eq!(place.call(&mut simulated, "/payments").await.code(), "rejected");
    assert_eq!(place.refusals("ApplicationRefused"), 1);
    let mut real = Authority::demonstration().app("real", 0, place.now());
    assert_eq!(place.register(&real, "shop").await.status, 201);
    assert_eq!(place.call(&mut real, "/payments").await.status, 200);
}

#[tokio::test]
async fn phones_come_under_the_terms_of_real_ones() {
    let place = Place::new("phones");
    let phone = place.phone("pixel");
    for (change, reason) in [
        (
            &(|verdict: &mut Json| verdict.set("appIntegrity.appRecognitionVerdict", "UNRECOGNIZED_VERSION"))
                as &dyn Fn(&mut Json),
            "PlayAppNotRecognized",
        ),
        (
            &|verdict| verdict.add("testingDetails", Json::object([("isTestingResponse", true.into())])),
            "PlayTestResponse",
        ),
    ] {
        let answer = place.register_phone(&phone, REHEARSAL, change).await;
        assert_eq!((answer.code().as_str(), place.refusals(reason)), ("rejected", 1), "{reason}");
    }
    let answer = place.register_phone(&phone, REHEARSAL, |_| {}).await;
    assert_eq!((answer.status, &answer.json()["environment"]), (201, &json!("DEVELOPMENT")), "{}", answer.json());
    let token = place.token(&phone).await.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(place.basket(&phone, &token).await.json()["application"], REHEARSAL);

    // Its keys open nothing of the other application, nor the reverse.
    let other = place.phone("other");
    assert_eq!(place.register_phone(&other, "shop", |_| {}).await.code(), "rejected");
    let play = Authority::demonstration().play_app().unwrap().with_package(super::PACKAGE);
    let real = Phone { play, ..place.phone("real") };
    assert_eq!(place.register_phone(&real, REHEARSAL, |_| {}).await.code(), "rejected");
}

/// The end of a token, by its own word.
fn expiry(token: &str) -> u64 {
    let claims = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice::<Value>(&claims).unwrap()["exp"].as_u64().unwrap()
}

#[tokio::test]
async fn it_ends_by_itself() {
    let place = Place::new("ends");
    let end = place.gate.applications[1].rehearsal_end.unwrap();
    assert_eq!(end % 86_400, 0);
    // In the last seconds everything goes, though what was attested is as old as that.
    place.hands.advance(end - 100 - place.now());
    let (mut simulated, phone) = (place.app("simulated"), place.phone("pixel"));
    assert_eq!(place.register(&simulated, REHEARSAL).await.status, 201);
    assert_eq!(place.register_phone(&phone, REHEARSAL, |_| {}).await.status, 201);
    let issued = place.token(&phone).await.json();
    let token = issued["access_token"].as_str().unwrap().to_owned();
    // Nor does anything outlive it that others verify.
    assert_eq!((&issued["expires_in"], expiry(&token)), (&json!(100), end));
    let key = PublicKey::from_uncompressed(&simulated.device.public_key()).unwrap();
    let caller = Caller { key_id: KeyId(simulated.device.key_id()), application: REHEARSAL.to_owned(), counter: 0 };
    let (client, lifetime) = place.gate.attest_client(&caller, key).await.unwrap();
    assert_eq!((lifetime, expiry(&client)), (100, end));
    let [attestation, integrity, assertion] = [
        place.issued(REHEARSAL, "attestation").await,
        place.issued(REHEARSAL, "integrity").await,
        place.issued(REHEARSAL, "assertion").await,
    ];
    place.hands.advance(99);
    assert_eq!(place.call(&mut simulated, "/orders").await.status, 200);
    assert_eq!(place.basket(&phone, &token).await.status, 200);

    place.hands.advance(1);
    let later = place.app("later");
    let unsupported = json!({ "application": REHEARSAL, "platform": "app_attest" });
    let answers = [
        place.challenge(REHEARSAL, "attestation").await,
        place.post("/devices", &later.registration(&attestation)).await,
        place.post("/devices/unsupported", &unsupported).await,
        place.call(&mut simulated, "/orders").await,
        place.token_with(&phone, &assertion).await,
    ];
    for (number, answer) in answers.iter().enumerate() {
        assert_eq!((answer.status, answer.code().as_str()), (403, "rehearsal_over"), "{number}");
    }
    assert_eq!(place.refusals("RehearsalOver"), 5);
    assert_eq!(place.basket(&phone, &token).await.code(), "token_rejected");
    assert_eq!(place.refusals("TokenExpired"), 1);
    let late = place.phone("late");
    let mut body =
        json_request("/devices", SESSION, &late.registration(&integrity, &late.verdict(&integrity, place.now())));
    body.headers_mut().insert("dpop", late.proof("/devices", &integrity, place.now()).unwrap().parse().unwrap());
    assert_eq!(answer_of(place.app.clone(), "127.0.0.1", body).await.code(), "rehearsal_over");
    // Whoever is not rehearsed goes on.
    assert_eq!(place.challenge("shop", "attestation").await.status, 201);
}

/// What may vouch for it is looked at when the gateway takes it as well, since a file may have changed after the check.
#[test]
fn a_root_that_is_exchanged_vouches_for_nobody() {
    let made = Made::new("exchanged");
    let rehearsal = Config::read(Some(&made.settings())).unwrap().applications.remove(0);
    let metrics = Arc::new(Metrics::new().unwrap());
    let engine = Box::leak(Box::new(Engine::new(Metered::detect(metrics), 0)));
    assert!(Application::new(&rehearsal, Roots::REAL, engine).is_ok());
    fs::write(made.root(), genuine_testvectors::TestPki::default().root_pem()).unwrap();
    assert!(Application::new(&rehearsal, Roots::REAL, engine).is_err());
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_says_it_again_and_again() {
    let place = Place::new("log");
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let reminding = tokio::spawn(remind(Arc::clone(&place.gate), Duration::from_millis(5)));
    let text = || String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let times = |part: &str| text().lines().filter(|line| line.contains(part)).count();
    for _ in 0..1000 {
        if times("over") > 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
        if times("REHEARSAL: simulated devices are accepted application=\"shop-rehearsal\"") > 1 {
            place.hands.advance(15 * 86_400);
        }
    }
    reminding.abort();
    assert!(times("WARN") > 3 && times("the rehearsal is over") > 1 && times("\"shop\"") == 0, "{}", text());
}

#[tokio::test]
async fn a_server_shows_that_it_has_one() {
    let made = Made::new("server");
    let path = made.scratch.path().join("server.toml");
    let text = format!(
        "listen = \"127.0.0.1:0\"\noperator_listen = \"127.0.0.1:0\"\ncallers = [\"shop\", \"{REHEARSAL}\"]\n\
         store = {{ kind = \"memory\" }}\n{}{}",
        super::SHOP,
        made.settings()
    );
    fs::write(&path, &text).unwrap();
    let command = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_genuine-gateway"));
        command.env_clear().arg("--config").arg(&path).args(arguments);
        command
    };
    let refused = command(&["--check"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("takes --rehearsal on the command line as well"));
    let printed = String::from_utf8(command(&["--rehearsal", "--check"]).output().unwrap().stdout).unwrap();
    assert!(printed.contains("allow_rehearsals = true") && printed.contains("[applications.rehearsal]"), "{printed}");
    let secret = made.authority.play_app().unwrap().decryption_key_base64();
    assert!(text.contains(&secret) && !printed.contains(&secret));

    let server = Server::run(&mut command(&["--rehearsal"]));
    let app = App {
        server: server.app.clone(),
        session: SESSION.to_owned(),
        ..made.authority.app("one", 0, system_clock()())
    };
    let answer = app.challenge(genuine_gateway::challenge::Purpose::Attestation).await.unwrap();
    let answer = app.register(answer.challenge().unwrap()).await.unwrap();
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.body);
    let metrics = app.http.get(format!("{}/metrics", server.operator)).send().await.unwrap().text().await.unwrap();
    let end = load(&text, true).unwrap().applications[1].rehearsal.as_ref().unwrap().end();
    assert!(metrics.contains(&format!("genuine_rehearsal{{application=\"{REHEARSAL}\"}} {end}\n")), "{metrics}");
    server.signal("-TERM");
    let (_, log) = server.end();
    assert!(log.contains("REHEARSAL: simulated devices are accepted"), "{log}");
    // One without a rehearsal says nothing of any.
    let metrics = Metrics::new().unwrap();
    metrics.add(genuine_gateway::rehearsal::gauge(&Config::default()).unwrap()).unwrap();
    assert!(!metrics.text().unwrap().contains("genuine_rehearsal"));
}
