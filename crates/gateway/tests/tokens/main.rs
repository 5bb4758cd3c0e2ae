//! Session tokens: who gets one, who may come with one, and what others verify.
#![allow(missing_docs)]

#[path = "../support/mod.rs"]
mod support;

mod client;
mod dpop;
mod issuing;
mod shared;

use std::sync::Arc;

use axum::{
    Extension, Router,
    body::Body,
    http::{HeaderName, Request, request::Builder},
    routing::get,
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use genuine_gateway::{
    config::{self, TokenSettings},
    gate::{Gate, sha256},
    http::{AppRoutes, Origin},
    refusal::Refusal,
    store::{MemoryStore, Store},
    token::{Client, PresentedToken, TokenHolder, Tokens},
};
use genuine_testvectors::Device;
use jsonwebtoken::{
    Algorithm, EncodingKey, Header, encode,
    jwk::{Jwk, ThumbprintHash},
};
use serde_json::{Value, json};
use support::{APPLICATION, Answer, Hands, Site, answer_of, device, gate_of, now, origin, signed};

const ISSUER: &str = "https://localhost:8080";
const AUDIENCE: &str = "https://api.example";
const LIFETIME: u32 = 300;

/// A key of a client, and one of whoever stole its token: PKCS #8, by OpenSSL.
const CLIENT_KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgGBWesUCV5oBigdUyOGSuy8pcvEXk3g8eYimtSzVg24ihRANCAAT0\
    3MsKE5T3BnRKELDjwuNXTYhhue9ix4ET8Ng3TrRcsO0v2xG4xPgFAzJV0efyLioN3sbTnDBLyerxKNpE/fd8";
const THIEFS_KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgIx4V9bdtEoKUsaMEyX1xpUrZUmSkDGHSZQqUqFGtyIShRANCAATF\
    PGtxOs2Z7KYgS4ySqTNY24IhC8vpvU4/sPHK0EidiZ2fTgBfTU/PcyxahXElOl2AYUByHAOgqo1BXAao4mDB";

/// A site with tokens and a route behind them, over a store.
struct Place {
    site: Site,
    app: Router,
}

fn gate_with_tokens(store: &Arc<dyn Store>, hands: &Hands) -> Gate {
    let applications = [APPLICATION, "other"].map(|name| config::Application::new(name, &[support::APP_ID]));
    gate_of(&applications, Arc::clone(store), hands)
}

fn settings() -> TokenSettings {
    TokenSettings::new(ISSUER, AUDIENCE, LIFETIME)
}

impl Place {
    fn new() -> Self {
        Self::over(&(Arc::new(MemoryStore::default()) as Arc<dyn Store>), &Hands::at(now()))
    }

    fn over(store: &Arc<dyn Store>, hands: &Hands) -> Self {
        Self::of(gate_with_tokens(store, hands), hands, "authorization")
    }

    /// Over a store of its own, with these settings.
    fn with(settings: TokenSettings) -> Self {
        Self::with_over(settings, &(Arc::new(MemoryStore::default()) as Arc<dyn Store>))
    }

    fn with_over(settings: TokenSettings, store: &Arc<dyn Store>) -> Self {
        let hands = Hands::at(now());
        let tokens = Some(Tokens::new(settings, Arc::clone(store)));
        Self::of(Gate { tokens, ..gate_with_tokens(store, &hands) }, &hands, "authorization")
    }

    fn of(gate: Gate, hands: &Hands, header: &'static str) -> Self {
        Self::behind(gate, hands, header, origin())
    }

    fn behind(gate: Gate, hands: &Hands, header: &'static str, origin: Origin) -> Self {
        async fn who(Extension(holder): Extension<TokenHolder>) -> String {
            format!("{} {}", BASE64_URL_SAFE_NO_PAD.encode(holder.key_id.0), holder.application)
        }
        let gate = Arc::new(gate);
        let header = HeaderName::from_static(header);
        let profile = Router::new().route("/profile", get(who).put(who)).route("/other", get(who));
        let app = AppRoutes::new(Arc::clone(&gate), support::intake())
            .tokens(vec![APPLICATION.to_owned(), "other".to_owned()])
            .unwrap()
            .admitted(header, vec![APPLICATION.to_owned()], profile)
            .router(Arc::new(origin));
        Self { site: Site::of(gate, hands.clone(), support::origin()), app }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        self.send_from("127.0.0.1", request).await
    }

    async fn send_from(&self, peer: &str, request: Request<Body>) -> Answer {
        answer_of(self.app.clone(), peer, request).await
    }

    async fn challenge_for(&self, application: &str) -> String {
        let body = json!({ "application": application, "purpose": "assertion" });
        self.site.post("/challenges", "alice", &body).await.json()["challenge"].as_str().unwrap().to_owned()
    }

    /// A signed request for a token, with this body.
    async fn ask(&self, device: &mut Device, body: &str) -> Request<Body> {
        let challenge = self.challenge_for(APPLICATION).await;
        signed(device, "POST", "/tokens", body, Some(&challenge))
    }

    /// A registered device, and a token of it.
    async fn token(&self, device: &mut Device) -> String {
        self.token_of(APPLICATION, device).await
    }

    /// The same of another application.
    async fn token_of(&self, application: &str, device: &mut Device) -> String {
        let challenge = self.challenge_for(application).await;
        let answer = self.send(signed(device, "POST", "/tokens", "", Some(&challenge))).await;
        access_token(&answer, "Bearer")
    }

    /// A token that is bound to the client's key.
    async fn bound_token(&self, device: &mut Device) -> String {
        let request = self.ask(device, &binding(CLIENT_KEY)).await;
        access_token(&self.send(request).await, "DPoP")
    }

    async fn registered(&self, name: &str) -> (Device, String) {
        let mut device = self.device(name).await;
        let token = self.token(&mut device).await;
        (device, token)
    }

    /// A registered device without a token.
    async fn device(&self, name: &str) -> Device {
        let device = device(name);
        self.site.register(&device, name).await;
        device
    }

    async fn come(&self, token: &str) -> Answer {
        self.send(bearer(token).body(Body::empty()).unwrap()).await
    }

    /// Comes with a token that is bound to a key, and a proof of it.
    async fn come_with(&self, token: &str, proof: &str) -> Answer {
        self.send(with_proof(token, proof).body(Body::empty()).unwrap()).await
    }

    /// What the gate makes of a token, without HTTP.
    async fn admit(&self, token: &str, applications: &[String]) -> Result<TokenHolder, Refusal> {
        let shown = PresentedToken { token, proof: None, client: Client::default() };
        self.site.gate.admit(&shown, applications, None).await
    }

    async fn keys(&self) -> Vec<Value> {
        let answer = self.send(Request::get("/.well-known/jwks.json").body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status, answer.headers["content-type"].as_bytes()), (200, &b"application/jwk-set+json"[..]));
        answer.json()["keys"].as_array().unwrap().clone()
    }
}

fn bearer(token: &str) -> Builder {
    Request::get("/profile").header("authorization", format!("Bearer {token}"))
}

fn with_proof(token: &str, proof: &str) -> Builder {
    Request::get("/profile").header("authorization", format!("DPoP {token}")).header("dpop", proof)
}

/// The token of an answer that is as RFC 6749 §5.1 has it.
fn access_token(answer: &Answer, kind: &str) -> String {
    assert_eq!(answer.status, 200, "{}", answer.json());
    assert_eq!(answer.headers["cache-control"], "no-store");
    let answer = answer.json();
    assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!(kind), &json!(LIFETIME)));
    answer["access_token"].as_str().unwrap().to_owned()
}

fn part(token: &str, index: usize) -> Value {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap()).unwrap()
}

fn key(pkcs8: &str) -> EncodingKey {
    EncodingKey::from_ec_der(&BASE64_STANDARD.decode(pkcs8).unwrap())
}

/// The public key, as the other library computes it.
fn jwk(pkcs8: &str) -> Jwk {
    let mut jwk = Jwk::from_encoding_key(&key(pkcs8), Algorithm::ES256).unwrap();
    jwk.common.key_algorithm = None;
    jwk
}

fn thumbprint(pkcs8: &str) -> String {
    jwk(pkcs8).thumbprint(ThumbprintHash::SHA256).unwrap()
}

/// The body of a request for a token that is bound to this key.
fn binding(pkcs8: &str) -> String {
    json!({ "dpop_jkt": thumbprint(pkcs8) }).to_string()
}

/// The claims of a proof for `GET /profile` with this token.
fn proof_claims(token: &str, id: &str) -> Value {
    let hash = BASE64_URL_SAFE_NO_PAD.encode(sha256(token.as_bytes()));
    json!({ "jti": id, "htm": "GET", "htu": format!("{ISSUER}/profile"), "iat": now(), "ath": hash })
}

/// A proof, by the other library.
fn proof_of(claims: &Value, pkcs8: &str) -> String {
    let mut header = Header::new(Algorithm::ES256);
    header.typ = Some("dpop+jwt".to_owned());
    header.jwk = Some(jwk(pkcs8));
    encode(&header, claims, &key(pkcs8)).unwrap()
}

/// A proof by the client's key for `GET /profile` with this token.
fn proof(token: &str, id: &str) -> String {
    proof_of(&proof_claims(token, id), CLIENT_KEY)
}
