//! Attestations of OAuth clients: who gets one, and that others verify them.
#![allow(missing_docs)]

mod support;

use std::sync::Arc;

use axum::{Router, body::Body, http::Request};
use genuine::app_attest::KeyId;
use genuine_gateway::{
    config::{Application, Config, OauthClient},
    gate::Gate,
    http::AppRoutes,
    store::MemoryStore,
};
use genuine_testvectors::Device;
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    jwk::{Jwk, JwkSet},
};
use serde_json::{Value, json};
use support::{
    APPLICATION, Answer, Hands, Site,
    android::{Phone, application, play, play_app},
    answer_of, device, gate_of, json_request, now, origin, signed,
};

const CLIENT: &str = "https://client.example/app";
const OTHER: &str = "other";

struct Place {
    site: Site,
    app: Router,
}

impl Place {
    fn new() -> Self {
        let hands = Hands::at(now());
        let client = OauthClient { client_id: CLIENT.to_owned(), lifetime_seconds: 3600 };
        let applications = [
            Application { oauth_client: Some(client), ..application(play(false)) },
            Application { name: OTHER.to_owned(), ..application(play(false)) },
        ];
        let gate: Arc<Gate> = Arc::new(gate_of(&applications, Arc::new(MemoryStore::default()), &hands));
        let app = AppRoutes::new(Arc::clone(&gate), support::intake())
            .tokens(vec![APPLICATION.to_owned()])
            .and_then(|routes| routes.client_attestations(vec![APPLICATION.to_owned(), OTHER.to_owned()]))
            .unwrap()
            .router(Arc::new(origin()));
        Self { site: Site::of(gate, hands, origin()), app }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        answer_of(self.app.clone(), "127.0.0.1", request).await
    }

    async fn challenge(&self, application: &str, purpose: &str) -> String {
        let body = json!({ "application": application, "purpose": purpose });
        let answer = self.site.post("/challenges", "alice", &body).await;
        answer.json()["challenge"].as_str().unwrap().to_owned()
    }

    async fn ask(&self, device: &mut Device, body: &str) -> Answer {
        let challenge = self.challenge(APPLICATION, "assertion").await;
        self.send(signed(device, "POST", "/client-attestations", body, Some(&challenge))).await
    }

    async fn phone(&self, name: &str) -> Phone {
        let phone = Phone::new(name);
        let challenge = self.challenge(APPLICATION, "integrity").await;
        let token = play_app().token(&phone.classic(&challenge, now()));
        let body =
            json!({ "application": APPLICATION, "challenge": challenge, "integrity_token": { "classic": token } });
        let mut request = json_request("/devices", "alice", &body);
        let proof = phone.proof("/devices", &challenge, now(), &json!({}));
        request.headers_mut().insert("dpop", proof.parse().unwrap());
        assert_eq!(self.site.send(request).await.status, 201);
        phone
    }

    async fn prove(&self, phone: &Phone, path: &str, body: &str) -> Answer {
        let challenge = self.challenge(APPLICATION, "assertion").await;
        let proof = phone.proof(path, &challenge, (self.site.gate.clock)(), &json!({}));
        let request = Request::post("/client-attestations").header("dpop", proof).header("x-session", "alice");
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// The claims, by the other library and the published keys alone.
    async fn verified(&self, answer: &Answer) -> Value {
        assert_eq!(
            (answer.status, answer.headers["cache-control"].as_bytes()),
            (200, &b"no-store"[..]),
            "{}",
            answer.json()
        );
        assert_eq!(answer.json()["expires_in"], 3600);
        let attestation = answer.json()["client_attestation"].as_str().unwrap().to_owned();
        let header = decode_header(&attestation).unwrap();
        assert_eq!((header.alg, header.typ.as_deref()), (Algorithm::ES256, Some("oauth-client-attestation+jwt")));
        let keys = self.send(Request::get("/.well-known/jwks.json").body(Body::empty()).unwrap()).await.json();
        let keys: JwkSet = serde_json::from_value(keys).unwrap();
        let key = DecodingKey::from_jwk(keys.find(&header.kid.unwrap()).unwrap()).unwrap();
        let mut validation = Validation::new(Algorithm::ES256);
        (validation.validate_exp, validation.validate_aud) = (false, false);
        decode::<Value>(&attestation, &key, &validation).unwrap().claims
    }
}

fn instance() -> Jwk {
    Phone::new("the key of the instance").jwk
}

#[tokio::test]
async fn an_app_of_apples_gets_one_of_the_key_that_it_names() {
    let place = Place::new();
    let mut alice = device("alice");
    place.site.register(&alice, "alice").await;
    let answer = place.ask(&mut alice, &json!({ "jwk": instance() }).to_string()).await;
    let claims = place.verified(&answer).await;
    let (exp, iat) = (claims["exp"].as_u64().unwrap(), claims["iat"].as_u64().unwrap());
    assert_eq!((claims["sub"].as_str(), exp, iat <= now()), (Some(CLIENT), now() + 3600, true));
    for member in ["kty", "crv", "x", "y"] {
        assert_eq!(claims["cnf"]["jwk"][member], serde_json::to_value(instance()).unwrap()[member], "{member}");
    }
}

#[tokio::test]
async fn an_android_app_gets_one_of_its_registered_key() {
    let place = Place::new();
    let phone = place.phone("pixel").await;
    let claims = place.verified(&place.prove(&phone, "/client-attestations", "").await).await;
    assert_eq!(claims["cnf"]["jwk"]["x"], serde_json::to_value(&phone.jwk).unwrap()["x"]);
    // A proof for a token is none for this, and there is nothing to say beside it.
    assert_eq!(place.prove(&phone, "/tokens", "").await.code(), "proof_rejected");
    assert_eq!(place.prove(&phone, "/client-attestations", "{}").await.code(), "malformed");
    place.site.hands.advance(86_401);
    assert_eq!(place.prove(&phone, "/client-attestations", "").await.code(), "attestation_expired");
}

#[tokio::test]
async fn what_is_no_public_key_gets_none() {
    let place = Place::new();
    let mut alice = device("alice");
    place.site.register(&alice, "alice").await;
    let good = serde_json::to_value(instance()).unwrap();
    let with = |member: &str, value: Value| {
        let mut jwk = good.clone();
        jwk[member] = value;
        json!({ "jwk": jwk }).to_string()
    };
    for body in [
        String::new(),
        "{}".to_owned(),
        json!({ "jwk": good, "more": 1 }).to_string(),
        json!({ "jwk": good.to_string() }).to_string(),
        with("kty", json!("RSA")),
        with("crv", json!("P-384")),
        with("x", json!("AAAA")),
        // Not a point of the curve.
        with("y", good["x"].clone()),
        // A private key, which nobody else is to know.
        with("d", good["x"].clone()),
    ] {
        assert_eq!(place.ask(&mut alice, &body).await.code(), "malformed", "{body}");
    }
}

#[tokio::test]
async fn a_request_for_one_is_fresh_and_of_a_good_device() {
    let place = Place::new();
    let mut alice = device("alice");
    place.site.register(&alice, "alice").await;
    let body = json!({ "jwk": instance() }).to_string();
    let without = signed(&mut alice, "POST", "/client-attestations", &body, None);
    assert_eq!(place.send(without).await.code(), "challenge_rejected");
    let mut changed = {
        let challenge = place.challenge(APPLICATION, "assertion").await;
        signed(&mut alice, "POST", "/client-attestations", &body, Some(&challenge))
    };
    let other = json!({ "jwk": Phone::new("mallory").jwk }).to_string();
    *changed.body_mut() = Body::from(other);
    assert_eq!(place.send(changed).await.code(), "rejected", "the key of the instance is signed");
    place.site.gate.revoke(KeyId(alice.key_id())).await.unwrap();
    assert_eq!(place.ask(&mut alice, &body).await.code(), "rejected");
}

#[tokio::test]
async fn an_application_that_is_no_client_has_none() {
    let place = Place::new();
    let mut bob = device("bob");
    let challenge = place.challenge(OTHER, "attestation").await;
    let mut registration = support::registration(&bob, &challenge);
    registration["application"] = OTHER.into();
    assert_eq!(place.site.post("/devices", "alice", &registration).await.status, 201);
    let challenge = place.challenge(OTHER, "assertion").await;
    let body = json!({ "jwk": instance() }).to_string();
    let request = signed(&mut bob, "POST", "/client-attestations", &body, Some(&challenge));
    assert_eq!(place.send(request).await.code(), "not_found");
}

#[test]
fn each_mistake_about_clients_is_named() {
    let text = |tokens: &str, client: &str| {
        format!(
            "{tokens}\n[[applications]]\nname = \"shop\"\napp_ids = [\"ABCDE12345.com.example.shop\"]\n\
             [applications.oauth_client]\n{client}\n"
        )
    };
    let good = "client_id = \"shop\"";
    let mistake = |tokens: &str, client: &str| Config::load(Some(&text(tokens, client)), std::iter::empty()).err();
    assert!(mistake("[tokens]", good).is_none());
    for (tokens, client, expected) in [
        ("", good, "oauth_client: takes [tokens] with ES256"),
        ("[tokens]", "client_id = \"\"", "oauth_client.client_id: from 1 to 255"),
        ("[tokens]", "client_id = \"a b\"", "oauth_client.client_id: from 1 to 255"),
        ("[tokens]", "client_id = \"shop\"\nlifetime_seconds = 0", "oauth_client.lifetime_seconds: from 1"),
        ("[tokens]", "client_id = \"shop\"\nlifetime_seconds = 86401", "oauth_client.lifetime_seconds: from 1"),
    ] {
        let mistakes = mistake(tokens, client).unwrap().0;
        assert!(mistakes.len() == 1 && mistakes[0].contains(expected), "{expected}: {mistakes:?}");
    }
}
