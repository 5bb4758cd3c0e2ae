//! The gateway as a process, with everything logged: whatever happens, no secret is in an answer, in the log, in the metrics or in
//! what `--check` prints.

use std::{fmt::Write as _, fs, process::Command, sync::Arc};

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};
use genuine::app_attest::KeyId;
use genuine_gateway::{
    challenge::Purpose,
    client::App,
    config::Application,
    gate::{Client, Evidence, Registration, sha256},
    metrics::Metrics,
    store::RedbStore,
};
use reqwest::{Method, redirect::Policy};
use serde_json::Value;

use crate::{
    CLIENT, CLIENT_ID, REDIRECT, authorize, exchange,
    oidc::{Browser, CLIENT_SECRET, Oidc, query},
    renew,
    support::{APP_ID, AUTHORITY, Hands, Scratch, attest, device, gate_of, now},
    text,
};

#[path = "../support/server.rs"]
pub mod server;

/// The name of the application: the demonstration's is not to be configured.
const SHOP: &str = "shop";
const SECRET: &str = "dGhlIHNlY3JldCBvZiB0aGUgbWVkaWF0b3IgaXRzZWxm";

/// A gateway as a process, and everything that it has answered.
struct Watched {
    server: server::Server,
    http: reqwest::Client,
    app: App,
    answers: String,
}

impl Watched {
    /// What is answered to this, noted.
    async fn note(&mut self, request: reqwest::RequestBuilder) -> (u16, Option<String>, Value) {
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), format!("{:?}", answer.headers()));
        let location = answer.headers().get("location").map(|location| location.to_str().unwrap().to_owned());
        let body = answer.text().await.unwrap();
        writeln!(self.answers, "{status}\n{headers}\n{body}").unwrap();
        (status, location, serde_json::from_str(&body).unwrap_or(Value::Null))
    }

    async fn browse(&mut self, address: &str) -> Option<String> {
        let target = address.strip_prefix("https://").and_then(|rest| rest.strip_prefix(AUTHORITY)).unwrap_or(address);
        let request = self.http.get(format!("{}{target}", self.server.app));
        self.note(request).await.1
    }

    /// A code, and the provider's own.
    async fn code(&mut self, provider: &str) -> (String, String) {
        let begun = self.browse(&authorize(&[("provider", provider)])).await.unwrap();
        let back = Browser::of("alice").log_in(&begun).await;
        let location = self.browse(&back).await.unwrap();
        (query(&location)["code"].clone(), query(&back)["code"].clone())
    }

    async fn ask(&mut self, form: &str) -> (u16, Value) {
        let challenge = self.app.challenge(Purpose::Assertion).await.unwrap().body;
        let call = self.app.sign(Method::POST, "/oauth/token", form, Some(text(&challenge, "challenge")));
        let request = self.http.post(format!("{}/oauth/token", self.server.app));
        let request = request.header("authorization", call.authorization).header("x-session", &self.app.session);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(call.body);
        let (status, _, body) = self.note(request).await;
        (status, body)
    }
}

/// Registers a device, as the gateway would: it trusts Apple's root alone, and this one is simulated.
async fn enrol(path: &std::path::Path, session: &str) {
    let store = Arc::new(RedbStore::open(path, Metrics::new().unwrap().commit).unwrap());
    let gate = gate_of(&[Application::new(SHOP, &[APP_ID])], store, &Hands::at(now()));
    let (device, session) = (device("alice"), sha256(session.as_bytes()));
    let challenge = gate.challenge(SHOP, Purpose::Attestation, session).await.unwrap();
    let attestation = &attest(&device, &challenge);
    let key_id = &BASE64_STANDARD.encode(device.key_id());
    let evidence = Evidence::AppAttest { key_id, attestation };
    let client = Client { session, ..Client::default() };
    let registration = Registration { application: SHOP, challenge: &challenge, evidence, client };
    let registered = gate.register(registration).await.unwrap();
    assert_eq!(registered.device.unwrap().key_id, KeyId(device.key_id()));
}

fn configuration(oidc: &Oidc, store: &std::path::Path) -> String {
    let providers = ["rotating", "steady"].map(|name| {
        let (issuer, kind) = (oidc.issuer(name), if name == "rotating" { "basic" } else { "post" });
        format!(
            "[[mediator.providers]]\nname = \"{name}\"\nissuer = \"{issuer}\"\nissuer_in_response = true\n\
             authorization_endpoint = \"{issuer}/auth\"\ntoken_endpoint = \"{issuer}/token\"\n\
             client_id = \"{CLIENT_ID}\"\nclient_secret = \"{CLIENT_SECRET}-{name}\"\n\
             client_authentication = \"{kind}\"\nscopes = [\"openid\", \"offline_access\"]\n\
             authorization_parameters = {{ prompt = \"consent\" }}\n"
        )
    });
    format!(
        "store = {{ kind = \"redb\", path = \"{}\" }}\nlisten = \"127.0.0.1:0\"\noperator_listen = \"127.0.0.1:0\"\n\
         [[applications]]\nname = \"{SHOP}\"\napp_ids = [\"{APP_ID}\"]\n\
         [mediator]\nsecrets = [\"{SECRET}\"]\n{}\
         [[mediator.clients]]\nclient_id = \"{CLIENT}\"\napplication = \"{SHOP}\"\n\
         redirect_uris = [\"{REDIRECT}\"]\nproviders = [\"rotating\", \"steady\"]\n",
        store.display(),
        providers.concat()
    )
}

/// A text in every form in which it could stand somewhere.
fn forms(text: &str) -> Vec<String> {
    let json = serde_json::to_string(text).unwrap();
    let mut forms = vec![text.to_owned(), json[1..json.len() - 1].to_owned()];
    // Credentials are encoded before they are base64 (RFC 6749 §2.3.1).
    let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    for text in [text, &*encoded] {
        // By where it begins there are three; the first and last letters depend on what is beside it.
        for shift in 0..3 {
            let text = format!("{}{text}", "-".repeat(shift));
            for base64 in [BASE64_STANDARD_NO_PAD.encode(&text), BASE64_URL_SAFE_NO_PAD.encode(&text)] {
                forms.push(base64[4..base64.len() - 4].to_owned());
            }
        }
    }
    forms.push(encoded);
    forms
}

#[tokio::test]
async fn r85_no_secret_is_in_an_answer_or_in_the_log() {
    let Some(oidc) = Oidc::start() else { return };
    let scratch = Scratch::new("mediator-log");
    let (store, file) = (scratch.path().join("genuine.redb"), scratch.path().join("gateway.toml"));
    enrol(&store, "alice").await;
    fs::write(&file, configuration(&oidc, &store)).unwrap();
    let command = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_genuine-gateway"));
        command.arg("--config").arg(&file).env("RUST_LOG", "trace");
        command
    };
    let checked = command().arg("--check").output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let server = server::Server::run(&mut command());
    let http = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    let app = App {
        server: server.app.clone(),
        application: SHOP.to_owned(),
        authority: AUTHORITY.to_owned(),
        session: "alice".to_owned(),
        device: device("alice"),
        http: http.clone(),
    };
    let mut gateway = Watched { server, http, app, answers: String::from_utf8(checked.stdout).unwrap() };

    // What nobody but the gateway and a provider may see.
    let mut secrets = vec![SECRET.to_owned(), CLIENT_SECRET.to_owned()];
    // What the app may see, and the log not.
    let mut tokens_of_apps = Vec::new();
    for provider in ["rotating", "steady"] {
        let (code, own) = gateway.code(provider).await;
        secrets.push(own);
        let (status, tokens) = gateway.ask(&exchange(&code, &[])).await;
        assert_eq!(status, 200, "{tokens}");
        let (status, again) = gateway.ask(&exchange(&code, &[])).await;
        assert_eq!((status, text(&again, "error")), (400, "invalid_grant"));
        let refresh = text(&tokens, "refresh_token").to_owned();
        oidc.down(provider);
        assert_eq!(gateway.ask(&renew(&refresh, &[])).await.0, 503);
        oidc.up(provider);
        let (status, renewed) = gateway.ask(&renew(&refresh, &[])).await;
        assert_eq!(status, 200, "{renewed}");
        assert_eq!(gateway.ask(&renew(&refresh, &[])).await.0, 400);
        tokens_of_apps.extend([code, refresh]);
        for tokens in [tokens, renewed] {
            tokens_of_apps.extend(["access_token", "id_token"].map(|member| text(&tokens, member).to_owned()));
        }
    }
    let (code, _) = gateway.code("rotating").await;
    for (changes, expected) in [
        (("code_verifier", &*"v".repeat(43)), 400),
        (("redirect_uri", "https://evil.example/"), 400),
        (("client_id", "com.example.evil"), 400),
        (("client_secret", "none"), 400),
    ] {
        assert_eq!(gateway.ask(&exchange(&code, &[changes])).await.0, expected, "{changes:?}");
    }
    for address in [
        authorize(&[("redirect_uri", "https://evil.example/")]),
        authorize(&[("scope", "email")]),
        "/oauth/callback/rotating?state=made-up&code=c".to_owned(),
    ] {
        gateway.browse(&address).await;
    }
    let metrics = gateway.http.get(format!("{}/metrics", gateway.server.operator));
    gateway.note(metrics).await;
    assert!(gateway.answers.contains("genuine_oauth_exchanges_total{"), "{}", gateway.answers);
    let Watched { server, answers, .. } = gateway;
    server.signal("-TERM");
    let (_, log) = server.end();
    assert!(log.contains("TRACE") && log.contains("CodeReused") && log.contains("ProviderUnavailable"), "{log}");
    for secret in secrets.iter().flat_map(|secret| forms(secret)) {
        assert!(!answers.contains(&secret), "an answer has {secret}");
    }
    for secret in secrets.iter().chain(&tokens_of_apps).flat_map(|secret| forms(secret)) {
        assert!(!log.contains(&secret), "the log has {secret}: {log}");
    }
}
