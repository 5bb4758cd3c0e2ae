//! Tokens that are bound to a key of the client (RFC 9449): who gets one, and each mistake with one.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{Request, header::AUTHORIZATION},
    routing::get,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine_gateway::{
    client::ProofKey,
    config::{Dpop, TokenSettings},
    gate::{Gate, sha256},
    http::require_token,
    limit::RateLimiter,
    store::{MemoryStore, Store},
    token::Tokens,
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    APPLICATION, CLIENT_KEY, ISSUER, Place, THIEFS_KEY, bearer, binding, gate_with_tokens, part, proof, proof_claims,
    proof_of, settings,
    support::{Answer, Hands, answer_of, now},
    thumbprint, with_proof,
};

const INVALID_PROOF: &str = "DPoP error=\"invalid_dpop_proof\", algs=\"ES256\"";
const INVALID_TOKEN: &str = "DPoP error=\"invalid_token\", algs=\"ES256\"";

fn demand(answer: &Answer) -> &str {
    answer.headers["www-authenticate"].to_str().unwrap()
}

fn dpop(dpop: Dpop) -> TokenSettings {
    TokenSettings { dpop, ..settings() }
}

#[tokio::test]
async fn r23_a_token_is_bound_to_the_key_that_its_client_names() {
    let place = Place::new();
    let mut alice = place.device("alice").await;
    let token = place.bound_token(&mut alice).await;
    assert_eq!(part(&token, 1)["cnf"], json!({ "jkt": thumbprint(CLIENT_KEY) }));
    for id in ["one", "two"] {
        let answer = place.come_with(&token, &proof(&token, id)).await;
        let subject = BASE64_URL_SAFE_NO_PAD.encode(alice.key_id());
        assert_eq!((answer.status, answer.body), (200, format!("{subject} {APPLICATION}").into_bytes()));
    }
    // The scheme has no case, and the query is not part of what is proven (RFC 9449 §4.3 number 9).
    let request = Request::get("/profile?page=2").header("authorization", format!("dpop {token}"));
    let request = request.header("dpop", proof(&token, "three"));
    assert_eq!(place.send(request.body(Body::empty()).unwrap()).await.status, 200);
    // Another method, with a proof of that.
    let mut claims = proof_claims(&token, "four");
    claims["htm"] = json!("PUT");
    let request = Request::put("/profile").header("authorization", format!("DPoP {token}"));
    let request = request.header("dpop", proof_of(&claims, CLIENT_KEY));
    assert_eq!(place.send(request.body(Body::empty()).unwrap()).await.status, 200);
    // Without a body there is no binding, and a bearer comes as before.
    let token = place.token(&mut alice).await;
    assert_eq!((&part(&token, 1)["cnf"], place.come(&token).await.status), (&Value::Null, 200));
}

/// Each differs from a proof that is accepted in one thing.
#[tokio::test]
async fn r23_a_proof_is_of_this_request_this_token_this_key_and_now() {
    let place = Place::new();
    let mut alice = place.device("alice").await;
    let token = place.bound_token(&mut alice).await;
    let other = place.bound_token(&mut alice).await;
    let with = |name: &str, value: Value| {
        let mut claims = proof_claims(&token, "one");
        claims[name] = value;
        proof_of(&claims, CLIENT_KEY)
    };
    let without = |name: &str| {
        let mut claims = proof_claims(&token, "one");
        claims.as_object_mut().unwrap().remove(name).unwrap();
        proof_of(&claims, CLIENT_KEY)
    };
    let mut flipped = proof(&token, "one").into_bytes();
    let last = flipped.len() - 10;
    flipped[last] = if flipped[last] == b'A' { b'B' } else { b'A' };
    let hash_of_other = BASE64_URL_SAFE_NO_PAD.encode(sha256(other.as_bytes()));
    let cases = [
        (with("htm", json!("POST")), "ProofMethod"),
        (with("htu", json!(format!("{ISSUER}/other"))), "ProofUri"),
        (with("htu", json!("https://elsewhere.example/profile")), "ProofUri"),
        (with("htu", json!("http://localhost:8080/profile")), "ProofUri"),
        (with("ath", json!(hash_of_other)), "ProofTokenHash"),
        (without("ath"), "ProofTokenHash"),
        (without("jti"), "TokenIdMissing"),
        (without("iat"), "TokenIssuedAtMissing"),
        (without("htm"), "ProofMethodMissing"),
        (without("htu"), "ProofUriMissing"),
        (with("iat", json!(now() + 61)), "TokenFromFuture"),
        (with("iat", json!(now() - 121)), "TokenTooOld"),
        (String::from_utf8(flipped).unwrap(), "TokenForged"),
        (token.clone(), "TokenType"),
        ("x".to_owned(), "TokenSegments"),
        (String::new(), "TokenSegments"),
    ];
    for (proof, reason) in cases {
        let before = place.site.refusals(reason);
        let answer = place.come_with(&token, &proof).await;
        assert_eq!((answer.status, answer.code()), (401, "proof_rejected".to_owned()), "{reason}");
        assert_eq!(answer.headers["www-authenticate"], INVALID_PROOF);
        assert_eq!(place.site.refusals(reason), before + 1, "{reason}");
    }
    // By the key of whoever stole the token.
    let answer = place.come_with(&token, &proof_of(&proof_claims(&token, "one"), THIEFS_KEY)).await;
    assert_eq!((answer.code().as_str(), demand(&answer)), ("token_rejected", INVALID_TOKEN));
    assert_eq!(place.site.refusals("TokenKeyMismatch"), 1);
    // None of them was used, and none of them used up the identifier. The ends of the window count.
    for (id, made) in [("one", now() + 60), ("two", now() - 120)] {
        let mut claims = proof_claims(&token, id);
        claims["iat"] = json!(made);
        assert_eq!(place.come_with(&token, &proof_of(&claims, CLIENT_KEY)).await.status, 200, "{id}");
    }
}

/// RFC 9449 §7.1 and §7.2.
#[tokio::test]
async fn r23_a_token_comes_as_what_it_is() {
    let place = Place::new();
    let mut alice = place.device("alice").await;
    let (bound, free) = (place.bound_token(&mut alice).await, place.token(&mut alice).await);
    let proven = proof(&bound, "one");
    let refused = async |request: axum::http::request::Builder, code: &str, demand: &str, reason: &str| {
        let before = place.site.refusals(reason);
        let answer = place.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!((answer.code().as_str(), answer.headers["www-authenticate"].to_str().unwrap()), (code, demand));
        assert_eq!(place.site.refusals(reason), before + 1, "{reason}");
    };
    // A bound one as a bearer's, with a proof beside it and without.
    refused(bearer(&bound), "token_rejected", INVALID_TOKEN, "TokenBound").await;
    refused(bearer(&bound).header("dpop", &proven), "token_rejected", INVALID_TOKEN, "TokenBound").await;
    // A bearer's as a bound one.
    refused(with_proof(&free, &proof(&free, "one")), "token_rejected", INVALID_TOKEN, "TokenUnbound").await;
    // Without a proof.
    let bare = Request::get("/profile").header("authorization", format!("DPoP {bound}"));
    refused(bare, "proof_rejected", INVALID_PROOF, "ProofMissing").await;
    // Who shows nothing is told both.
    let both = "Bearer, DPoP algs=\"ES256\"";
    refused(Request::get("/profile"), "token_rejected", both, "TokenMissing").await;
    // Twice is none.
    let twice = with_proof(&bound, &proven).header("dpop", &proven);
    assert_eq!(place.send(twice.body(Body::empty()).unwrap()).await.code(), "malformed");
    let twice = with_proof(&bound, &proven).header("authorization", format!("DPoP {bound}"));
    assert_eq!(place.send(twice.body(Body::empty()).unwrap()).await.code(), "malformed");
    // All of that used nothing up.
    assert_eq!(place.come_with(&bound, &proven).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn r26_a_proof_counts_once_however_many_copies_come() {
    let place = Arc::new(Place::new());
    let mut alice = place.device("alice").await;
    let token = place.bound_token(&mut alice).await;
    let proven = proof(&token, "one");
    let mut runners = JoinSet::new();
    for _ in 0..200 {
        let (place, token, proven) = (Arc::clone(&place), token.clone(), proven.clone());
        runners.spawn(async move { place.come_with(&token, &proven).await.status });
    }
    let answers = runners.join_all().await;
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1);
    assert_eq!(
        (answers.iter().filter(|status| **status == 401).count(), place.site.refusals("ProofReused")),
        (199, 199)
    );
    assert_eq!(place.site.gate.metrics.admissions.get(), 1);
    // The same identifier in another spelling, and in another proof.
    let again = proof_of(
        &json!({ "iat": now() - 1, "jti": "one", "htm": "GET", "htu": format!("{ISSUER}/profile?x"),
        "ath": BASE64_URL_SAFE_NO_PAD.encode(sha256(token.as_bytes())) }),
        CLIENT_KEY,
    );
    assert_eq!(place.come_with(&token, &again).await.code(), "proof_rejected");
    // It is the client's own: another one may use the same.
    let mut bob = place.device("bob").await;
    let request = place.ask(&mut bob, &binding(THIEFS_KEY)).await;
    let token = crate::access_token(&place.send(request).await, "DPoP");
    assert_eq!(place.come_with(&token, &proof_of(&proof_claims(&token, "one"), THIEFS_KEY)).await.status, 200);
}

/// For as long as any gateway of the store takes the proof, whatever its clock says.
#[tokio::test]
async fn r26_a_used_proof_is_remembered_for_as_long_as_anybody_takes_it() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let one = Place::over(&store, &Hands::at(now()));
    let mut alice = one.device("alice").await;
    let token = one.bound_token(&mut alice).await;
    let mut claims = proof_claims(&token, "one");
    claims["iat"] = json!(now() - 60);
    let proven = proof_of(&claims, CLIENT_KEY);
    assert_eq!(one.come_with(&token, &proven).await.status, 200);
    // Another request makes one gateway, whose clock is ahead, forget what is over for it.
    for (behind, ahead) in [(0, 1), (59, 61), (60, 120)] {
        let (early, late) = (now() + behind, now() + ahead);
        let other = Place::over(&store, &Hands::at(late));
        let mut claims = proof_claims(&token, &format!("{ahead}"));
        claims["iat"] = json!(late);
        assert_eq!(other.come_with(&token, &proof_of(&claims, CLIENT_KEY)).await.status, 200);
        let place = Place::over(&store, &Hands::at(early));
        assert_eq!(place.come_with(&token, &proven).await.code(), "proof_rejected");
        assert_eq!(place.site.refusals("ProofReused"), 1, "{ahead}");
    }
}

#[tokio::test]
async fn a_request_for_a_bound_token_names_a_key_and_nothing_else() {
    let place = Place::new();
    let mut alice = place.device("alice").await;
    let jkt = thumbprint(CLIENT_KEY);
    let not_canonical = format!("{}B", &jkt[..42]);
    for body in [
        "{}".to_owned(),
        "x".to_owned(),
        "null".to_owned(),
        format!("[\"{jkt}\"]"),
        format!("\"{jkt}\""),
        format!("{{\"dpop_jkt\":\"{jkt}\",\"more\":1}}"),
        format!("{{\"dpop_jkt\":\"{jkt}\",\"dpop_jkt\":\"{jkt}\"}}"),
        "{\"dpop_jkt\":null}".to_owned(),
        "{\"dpop_jkt\":\"\"}".to_owned(),
        format!("{{\"dpop_jkt\":\"{}\"}}", &jkt[1..]),
        format!("{{\"dpop_jkt\":\"{jkt}=\"}}"),
        format!("{{\"dpop_jkt\":\"{not_canonical}\"}}"),
    ] {
        let request = place.ask(&mut alice, &body).await;
        let answer = place.send(request).await;
        assert_eq!((answer.status, answer.code()), (400, "malformed".to_owned()), "{body}");
    }
    // What the device did not sign binds nothing: the body is under the signature.
    let mut request = place.ask(&mut alice, &binding(CLIENT_KEY)).await;
    *request.body_mut() = Body::from(binding(THIEFS_KEY));
    assert_eq!(place.send(request).await.code(), "rejected");
    let mut request = place.ask(&mut alice, &binding(CLIENT_KEY)).await;
    *request.body_mut() = Body::empty();
    assert_eq!(place.send(request).await.code(), "rejected");
}

#[tokio::test]
async fn r64_a_service_asks_for_bound_tokens_or_has_none() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let optional = Place::with_over(dpop(Dpop::Optional), &store);
    let (mut alice, free) = optional.registered("alice").await;
    let bound = optional.bound_token(&mut alice).await;

    let required = Place::with_over(dpop(Dpop::Required), &store);
    let request = required.ask(&mut alice, "").await;
    let answer = required.send(request).await;
    assert_eq!((answer.status, answer.code()), (400, "dpop_required".to_owned()));
    assert_eq!(required.site.refusals("BindingMissing"), 1);
    assert_eq!(required.come_with(&bound, &proof(&bound, "one")).await.status, 200);
    // A bearer's from before is none here.
    let answer = required.come(&free).await;
    assert_eq!((answer.code().as_str(), demand(&answer)), ("token_rejected", "DPoP algs=\"ES256\""));
    assert_eq!(required.site.refusals("TokenUnbound"), 1);

    let off = Place::with_over(dpop(Dpop::Off), &store);
    let request = off.ask(&mut alice, &binding(CLIENT_KEY)).await;
    let answer = off.send(request).await;
    assert_eq!((answer.status, answer.code()), (400, "dpop_unsupported".to_owned()));
    assert_eq!((off.site.refusals("BindingRefused"), off.come(&free).await.status), (1, 200));
    let answer = off.send(Request::get("/profile").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.headers["www-authenticate"], "Bearer");
}

/// In a header of its own a token stands alone, and the proof beside it says what it is.
#[tokio::test]
async fn r64_a_bound_token_comes_in_a_header_of_its_own_too() {
    let (store, hands): (Arc<dyn Store>, _) = (Arc::new(MemoryStore::default()), Hands::at(now()));
    let place = Place::of(gate_with_tokens(&store, &hands), &hands, "x-device-token");
    let mut alice = place.device("alice").await;
    let (bound, free) = (place.bound_token(&mut alice).await, place.token(&mut alice).await);
    let come = async |token: &str, proof: Option<&str>| {
        let request = Request::get("/profile").header("x-device-token", token);
        let request = proof.into_iter().fold(request, |request, proof| request.header("dpop", proof));
        let answer = place.send(request.body(Body::empty()).unwrap()).await;
        if answer.status == 200 { "accepted".to_owned() } else { answer.code() }
    };
    assert_eq!(come(&bound, Some(&proof(&bound, "one"))).await, "accepted");
    assert_eq!(come(&bound, Some(&proof(&bound, "one"))).await, "proof_rejected");
    assert_eq!(come(&bound, None).await, "token_rejected");
    assert_eq!(come(&free, None).await, "accepted");
    assert_eq!(come(&free, Some(&proof(&free, "two"))).await, "token_rejected");
    assert_eq!(come(&format!("DPoP {bound}"), Some(&proof(&bound, "two"))).await, "token_rejected");
}

/// What is refused for another reason uses up neither the proof nor what the device may do.
#[tokio::test]
async fn a_proof_is_used_last() {
    let (store, hands): (Arc<dyn Store>, _) = (Arc::new(MemoryStore::default()), Hands::at(now()));
    let place = Place::over(&store, &hands);
    let mut alice = place.device("alice").await;
    let token = place.bound_token(&mut alice).await;
    let gate = Gate { devices: RateLimiter::per_minute(6), ..gate_with_tokens(&store, &hands) };
    let limited = Place::of(gate, &hands, "authorization");
    assert_eq!(limited.come_with(&token, &proof(&token, "one")).await.status, 200);
    assert_eq!(limited.come_with(&token, &proof(&token, "two")).await.code(), "rate_limited");
    assert_eq!(place.come_with(&token, &proof(&token, "two")).await.status, 200, "it was not used");
    // Nor by a gateway that is not for this application.
    let elsewhere = Tokens::new(TokenSettings::new(ISSUER, "https://elsewhere", 300), Arc::clone(&store));
    let gate = Gate { tokens: Some(elsewhere), ..gate_with_tokens(&store, &hands) };
    let elsewhere = Place::of(gate, &hands, "authorization");
    assert_eq!(elsewhere.come_with(&token, &proof(&token, "three")).await.code(), "token_rejected");
    assert_eq!(place.come_with(&token, &proof(&token, "three")).await.status, 200);
}

/// Where a router is nested, the path is the one that the client called.
#[tokio::test]
async fn a_proof_is_of_the_whole_path() {
    let place = Place::new();
    let mut alice = place.device("alice").await;
    let token = place.bound_token(&mut alice).await;
    let layer = require_token(
        Arc::clone(&place.site.gate),
        crate::support::intake(),
        AUTHORIZATION,
        vec![APPLICATION.to_owned()],
    );
    let inner = Router::new().route("/profile", get(async || "profile")).route_layer(layer);
    let outer = Router::new().nest("/api", inner);
    for (path, status) in [("/profile", 401), ("/api/profile", 200)] {
        let mut claims = proof_claims(&token, "one");
        claims["htu"] = json!(format!("{ISSUER}{path}"));
        let request = with_proof(&token, &proof_of(&claims, CLIENT_KEY)).uri("/api/profile");
        let answer = answer_of(outer.clone(), "127.0.0.1", request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, status, "{path}");
    }
}

/// The simulated client makes what any client makes.
#[tokio::test]
async fn a_simulated_client_has_a_key_and_proves_it() {
    let place = Place::new();
    let mut alice = place.device("alice").await;
    let client = ProofKey::of("alice").unwrap();
    let body = json!({ "dpop_jkt": client.thumbprint().unwrap().to_string() }).to_string();
    let request = place.ask(&mut alice, &body).await;
    let token = crate::access_token(&place.send(request).await, "DPoP");
    let proof = client.prove("GET", &format!("{ISSUER}/profile"), &token, "one", now()).unwrap();
    assert_eq!(place.come_with(&token, &proof).await.status, 200);
    assert_ne!(ProofKey::of("bob").unwrap().thumbprint(), client.thumbprint());
}
