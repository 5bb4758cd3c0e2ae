//! The OAuth mediator: logins through it at real authorization servers, and what each misuse of it is answered.
#![allow(missing_docs)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../support/oidc.rs"]
mod oidc;

mod android;
mod code;
mod configuration;
mod faults;
mod interrupted;
mod login;
mod refresh;
mod secrets;
mod walkthrough;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{HeaderName, Request},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use genuine_gateway::{
    config::{self, ClientAuthentication, MediatorClient, MediatorProvider, Secret},
    gate::Gate,
    http::{AppRoutes, Intake},
    mediator::Mediator,
    store::{MemoryStore, Store},
};
use genuine_testvectors::Device;
use oidc::{Browser, CLIENT_ID, CLIENT_SECRET, Oidc, query};
use serde_json::{Value, json};
use support::{
    APP_ID, APPLICATION, AUTHORITY, Answer, Hands,
    android::{application, play},
    answer_of, device, gate_of, now, origin, signed,
};
use url::form_urlencoded::Serializer;

const CLIENT: &str = "com.example.demo";
const OTHER_CLIENT: &str = "com.example.other";
const REDIRECT: &str = "com.example.demo:/signed-in";
const OTHER_REDIRECT: &str = "https://shop.example.com/signed-in?from=gateway";
const SECOND: &str = "second";
/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const STATE: &str = "the app's own & state";

/// A gateway with the mediator, without sockets.
struct Place {
    gate: Arc<Gate>,
    hands: Hands,
    app: Router,
}

/// The two real ones.
fn real(oidc: &Oidc) -> Vec<MediatorProvider> {
    let steady =
        MediatorProvider { client_authentication: ClientAuthentication::Post, ..provider("steady", &oidc.steady) };
    vec![provider("rotating", &oidc.rotating), steady]
}

fn provider(name: &str, issuer: &str) -> MediatorProvider {
    MediatorProvider {
        name: name.to_owned(),
        issuer: issuer.to_owned(),
        issuer_in_response: true,
        authorization_endpoint: format!("{issuer}/auth"),
        token_endpoint: format!("{issuer}/token"),
        client_id: CLIENT_ID.to_owned(),
        client_secret: Some(Secret(format!("{CLIENT_SECRET}-{name}"))),
        client_secret_file: None,
        client_authentication: ClientAuthentication::Basic,
        scopes: ["openid", "offline_access"].map(str::to_owned).into(),
        authorization_parameters: [("prompt".to_owned(), "consent".to_owned())].into(),
        timeout_ms: 5000,
    }
}

fn settings(providers: Vec<MediatorProvider>) -> config::Mediator {
    let names: Vec<_> = providers.iter().map(|provider| provider.name.clone()).collect();
    let client = |client_id: &str, application: &str| MediatorClient {
        client_id: client_id.to_owned(),
        application: application.to_owned(),
        redirect_uris: [REDIRECT, OTHER_REDIRECT].map(str::to_owned).into(),
        providers: names.clone(),
    };
    config::Mediator {
        secrets: vec![Secret(BASE64_STANDARD.encode([7; 32]))],
        login_lifetime_seconds: 600,
        code_lifetime_seconds: 60,
        refresh_lifetime_seconds: 86_400,
        session_tokens: true,
        clients: vec![
            client(CLIENT, APPLICATION),
            MediatorClient { providers: names[..1].to_vec(), ..client(OTHER_CLIENT, APPLICATION) },
            client(SECOND, SECOND),
        ],
        providers,
    }
}

impl Place {
    fn new(providers: Vec<MediatorProvider>) -> Self {
        Self::over(Arc::new(MemoryStore::default()), &settings(providers), &Hands::at(now()))
    }

    fn over(store: Arc<dyn Store>, settings: &config::Mediator, hands: &Hands) -> Self {
        let applications = [application(play(false)), config::Application::new(SECOND, &[APP_ID])];
        let gate = Arc::new(gate_of(&applications, store, hands));
        let mediator = Arc::new(Mediator::new(settings, Arc::clone(&gate)).unwrap());
        let intake = Intake::new(20_000, 20_000_000, Duration::from_millis(500), HeaderName::from_static("x-session"));
        let tokens = settings.session_tokens.then_some(HeaderName::from_static("authorization"));
        let app = AppRoutes::new(Arc::clone(&gate), intake)
            .tokens(vec![APPLICATION.to_owned()])
            .and_then(|routes| routes.mediator(mediator, tokens))
            .unwrap()
            .router(Arc::new(origin()));
        Self { gate, hands: hands.clone(), app }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        answer_of(self.app.clone(), "127.0.0.1", request).await
    }

    /// A request of a browser, to an address or only its path.
    async fn browse(&self, address: &str) -> Answer {
        let target = address.strip_prefix("https://").and_then(|rest| rest.strip_prefix(AUTHORITY)).unwrap_or(address);
        self.send(Request::get(target).body(Body::empty()).unwrap()).await
    }

    async fn challenge(&self, application: &str, purpose: &str) -> String {
        let body = json!({ "application": application, "purpose": purpose });
        let answer = self.send(support::json_request("/challenges", "alice", &body)).await;
        answer.json()["challenge"].as_str().unwrap().to_owned()
    }

    async fn registered(&self, name: &str) -> Device {
        self.registered_as(name, APPLICATION).await
    }

    async fn registered_as(&self, name: &str, application: &str) -> Device {
        let device = device(name);
        let challenge = self.challenge(application, "attestation").await;
        let mut registration = support::registration(&device, &challenge);
        registration["application"] = application.into();
        let answer = self.send(support::json_request("/devices", "alice", &registration)).await;
        assert_eq!(answer.status, 201, "{}", answer.json());
        device
    }

    /// A login from the beginning to where the app gets the browser back.
    async fn logged_in(&self, provider: &str) -> String {
        self.logged_in_by(&mut Browser::of("alice"), provider).await
    }

    async fn logged_in_by(&self, browser: &mut Browser, provider: &str) -> String {
        let answer = self.browse(&authorize(&[("provider", provider)])).await;
        let back = browser.log_in(&location(&answer)).await;
        location(&self.browse(&back).await)
    }

    /// The code of a login.
    async fn code(&self, provider: &str) -> String {
        let location = self.logged_in(provider).await;
        let query = query(&location);
        query.get("code").unwrap_or_else(|| panic!("{location}")).clone()
    }

    /// A signed request for tokens.
    async fn ask(&self, device: &mut Device, form: &str) -> Answer {
        self.ask_as(device, APPLICATION, form).await
    }

    async fn ask_as(&self, device: &mut Device, application: &str, form: &str) -> Answer {
        let challenge = self.challenge(application, "assertion").await;
        self.send(token_request(device, form, Some(&challenge))).await
    }

    /// A session token, as the header has it.
    async fn bearer(&self, device: &mut Device) -> String {
        let challenge = self.challenge(APPLICATION, "assertion").await;
        let issued = self.send(signed(device, "POST", "/tokens", "", Some(&challenge))).await;
        format!("Bearer {}", text(&issued.json(), "access_token"))
    }

    /// So many requests at once: the answers that are 200. The others are refused with `invalid_grant`.
    async fn at_once(self: &Arc<Self>, count: usize, bearer: &str, form: &str) -> Vec<Value> {
        let sent = (0..count).map(|_| {
            let (place, request) = (Arc::clone(self), shown(bearer, form));
            tokio::spawn(async move { place.send(request).await })
        });
        let mut granted = Vec::new();
        for answer in sent.collect::<Vec<_>>() {
            match answer.await.unwrap() {
                answer if answer.status == 200 => granted.push(answer.json()),
                answer => assert_eq!(error(&answer), "invalid_grant"),
            }
        }
        granted
    }

    /// What a login comes to.
    async fn tokens(&self, device: &mut Device, provider: &str) -> Value {
        let code = self.code(provider).await;
        let answer = self.ask(device, &exchange(&code, &[])).await;
        assert_eq!(answer.status, 200, "{}", answer.json());
        answer.json()
    }

    fn exchanges(&self, labels: [&str; 3]) -> u64 {
        self.gate.metrics.oauth_exchanges.with_label_values(&labels).get()
    }
}

/// A request with a session token, which any number of times is the device's.
fn shown(bearer: &str, form: &str) -> Request<Body> {
    Request::post("/oauth/token")
        .header("authorization", bearer)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()))
        .unwrap()
}

fn token_request(device: &mut Device, form: &str, challenge: Option<&str>) -> Request<Body> {
    let mut request = signed(device, "POST", "/oauth/token", form, challenge);
    request.headers_mut().insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
    request
}

/// Parameters, with these in the place of those of the same name. An empty one is left out.
fn parameters(good: &[(&str, &str)], changes: &[(&str, &str)]) -> String {
    let mut pairs = good.to_vec();
    for (name, value) in changes {
        pairs.retain(|(known, _)| known != name);
        pairs.push((name, value));
    }
    pairs.retain(|(_, value)| !value.is_empty());
    Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Where an app sends its user.
fn authorize(changes: &[(&str, &str)]) -> String {
    let good = [
        ("client_id", CLIENT),
        ("redirect_uri", REDIRECT),
        ("response_type", "code"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("state", STATE),
        ("scope", "openid offline_access"),
        ("provider", "rotating"),
    ];
    format!("/oauth/authorize?{}", parameters(&good, changes))
}

/// What an app sends to have a code exchanged.
fn exchange(code: &str, changes: &[(&str, &str)]) -> String {
    let good = [
        ("grant_type", "authorization_code"),
        ("client_id", CLIENT),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    parameters(&good, changes)
}

/// What an app sends to have a refresh token exchanged.
fn renew(token: &str, changes: &[(&str, &str)]) -> String {
    parameters(&[("grant_type", "refresh_token"), ("client_id", CLIENT), ("refresh_token", token)], changes)
}

/// Where an answer sends the browser.
fn location(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.json());
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.headers["referrer-policy"], "no-referrer");
    answer.headers["location"].to_str().unwrap().to_owned()
}

/// The error of an answer in OAuth's words.
fn error(answer: &Answer) -> String {
    assert_eq!((answer.status, answer.headers["cache-control"].as_bytes()), (400, &b"no-store"[..]));
    let body = answer.json();
    assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
    body["error"].as_str().unwrap().to_owned()
}

/// What was counted under this reason, beside the error.
fn refused(place: &Place, answer: &Answer, reason: &str) -> String {
    let error = error(answer);
    assert!(place.gate.metrics.refusals(reason) > 0, "{error}, but not for {reason}");
    error
}

fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member].as_str().unwrap_or_else(|| panic!("{member}: {value}"))
}
