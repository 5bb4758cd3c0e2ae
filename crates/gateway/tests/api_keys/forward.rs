//! What a proxy asks about requests with API keys.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{HeaderName, Request, request::Builder},
    routing::post,
};
use genuine_gateway::{
    api_key::KeyKind,
    http::{Intake, require_claims},
};

use super::{CLIENT, Place, READ, Signing, TestKey, rejected};
use crate::support::{Answer, answer_of};

const TARGET: &str = "/partner/orders?item=7";

fn ask(rule: &str) -> Builder {
    Request::get(format!("/authorize/{rule}"))
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-method", "POST")
        .header("x-forwarded-uri", TARGET)
}

fn with_signature(question: Builder, signing: &Signing) -> Builder {
    signing.headers().iter().fold(question, |question, (name, value)| question.header(*name, value))
}

impl Place {
    async fn ask_from(&self, peer: &str, question: Builder, body: &'static str) -> Answer {
        answer_of(self.app.clone(), peer, question.body(Body::from(body)).unwrap()).await
    }

    async fn ask(&self, question: Builder) -> Answer {
        self.ask_from("10.0.0.1", question, "").await
    }

    async fn denied(&self, question: Builder) -> (u16, String) {
        let answer = self.ask(question).await;
        assert_eq!(answer.headers["x-genuine-problem"].as_bytes(), &*answer.body);
        (answer.status, answer.code())
    }
}

fn claims(answer: &Answer) -> Vec<&str> {
    ["application", "key", "scopes", "verdict", "device", "counter", "content-digest"]
        .map(|name| answer.headers[format!("x-genuine-{name}")].to_str().unwrap())
        .to_vec()
}

#[tokio::test]
async fn r75_r76_a_rule_answers_whose_key_it_is_and_that_no_device_is_behind_it() {
    let (key, signing) = (TestKey::new("alice"), TestKey::new("signing"));
    let place = Place::new("claims", &[key.bearer(""), signing.signing("")]);
    let shown = format!("ApiKey {}", key.shown());
    let expected = [CLIENT, &key.id, READ, "api_key", "", "", ""];
    let answer = place.ask(ask("partner").header("authorization", &shown)).await;
    assert_eq!((answer.status, claims(&answer)), (200, expected.to_vec()));
    assert_eq!(answer.headers["cache-control"], "no-store");
    let token = place.token(&key, "").await;
    let answer = place.ask(ask("partner").header("authorization", format!("Bearer {token}"))).await;
    assert_eq!((answer.status, claims(&answer)), (200, expected.to_vec()));
    // What was signed goes along, for the upstream to compare.
    for (nonce, rule) in [(1, "partner"), (2, "partner-signed")] {
        let signing = Signing::of(&signing, nonce);
        let answer = place.ask(with_signature(ask(rule), &signing)).await;
        let digest = signing.headers()[2].1.clone();
        assert_eq!(
            (answer.status, claims(&answer)),
            (200, vec![CLIENT, &signing.key.id, READ, "api_key", "", "", &digest])
        );
        let again = place.denied(with_signature(ask(rule), &signing)).await;
        assert_eq!(again, (401, "signature_rejected".to_owned()));
    }
    assert_eq!(place.gate.metrics.api_keys(CLIENT, KeyKind::Signature, "accepted"), 2);
    // As Envoy asks: the method is the question's, and the target follows.
    let question =
        Request::post(format!("/authorize/partner-signed/request{TARGET}")).header("x-forwarded-proto", "https");
    let answer = place.ask(with_signature(question, &Signing::of(&signing, 3))).await;
    assert_eq!(answer.status, 200);
}

/// One mutation each.
#[tokio::test]
async fn each_other_question_is_refused() {
    let [key, signing, writes, foreign] = ["alice", "signing", "writes", "foreign"].map(TestKey::new);
    let place = Place::new(
        "refused",
        &[
            key.bearer(""),
            signing.signing(""),
            writes.bearer("scopes = [\"orders:write\"]\n"),
            foreign.bearer("application = \"other-web\"\n"),
        ],
    );
    let shown = |key: &TestKey| format!("ApiKey {}", key.shown());
    let by_key = |rule: &str, key: &TestKey| ask(rule).header("authorization", shown(key));
    assert_eq!(place.ask(by_key("partner", &key)).await.status, 200);
    assert_eq!(place.denied(ask("partner")).await, rejected());
    assert_eq!(place.denied(by_key("partner", &writes)).await, (403, "insufficient_scope".to_owned()));
    assert_eq!(place.denied(by_key("partner", &foreign)).await, rejected());
    let stranger = place.ask_from("192.0.2.1", by_key("partner", &key), "").await;
    assert_eq!((stranger.status, stranger.code()), (403, "proxy_unknown".to_owned()));
    let climbing = Request::get("/authorize/partner")
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-method", "POST")
        .header("x-forwarded-uri", "/partner/../admin")
        .header("authorization", shown(&key));
    assert_eq!(place.denied(climbing).await, (400, "malformed".to_owned()));

    // Where the upstream compares bodies, what signs none is refused.
    assert_eq!(place.denied(by_key("partner-signed", &key)).await, rejected());
    assert_eq!(place.gate.metrics.refusals("ApiKeyUnsigned"), 1);
    let mut without = with_signature(ask("partner-signed"), &Signing::of(&signing, 1));
    without.headers_mut().unwrap().remove("content-digest");
    assert_eq!(place.denied(without).await, (400, "digest_required".to_owned()));

    // Where no body is handed on, there is none.
    assert_eq!(place.ask(by_key("partner-reads", &key)).await.status, 200);
    let sent = place.ask_from("10.0.0.1", by_key("partner-reads", &key), "a body").await;
    assert_eq!((sent.status, sent.code()), (400, "malformed".to_owned()));
    let said = with_signature(ask("partner-reads"), &Signing::of(&signing, 2));
    assert_eq!(place.denied(said).await, (400, "malformed".to_owned()));
    let empty = with_signature(ask("partner-reads"), &Signing { body: "", ..Signing::of(&signing, 3) });
    assert_eq!(place.ask(empty).await.status, 200);

    // Method and target are those that the proxy has.
    for (name, value) in [("x-forwarded-method", "PUT"), ("x-forwarded-uri", "/partner/orders?item=8")] {
        let mut question = with_signature(ask("partner-signed"), &Signing::of(&signing, 4));
        question.headers_mut().unwrap().insert(name, value.parse().unwrap());
        assert_eq!(place.denied(question).await, rejected(), "{name}");
    }
}

/// A service behind the layer for devices believes no claims of a key.
#[tokio::test]
async fn a_service_for_devices_takes_no_claims_of_api_keys() {
    let signing = TestKey::new("signing");
    let place = Place::new("upstream", &[signing.signing("")]);
    let answer = place.ask(with_signature(ask("partner-signed"), &Signing::of(&signing, 1))).await;
    assert_eq!(answer.status, 200);
    let intake = Intake::new(1000, 10_000, Duration::from_secs(1), HeaderName::from_static("x-session"));
    let service = Router::new().route("/partner/orders", post(async || "done")).layer(require_claims(intake));
    let mut request = Request::post(TARGET).body(Body::from(Signing::of(&signing, 1).body)).unwrap();
    request.headers_mut().extend(answer.headers.clone());
    let answer = answer_of(service, "10.0.0.1", request).await;
    assert!(answer.status == 400 || answer.status == 401, "{}", answer.status);
    let _ = Arc::clone(&place.gate);
}
