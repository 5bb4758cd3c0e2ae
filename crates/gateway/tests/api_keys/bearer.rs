//! Keys that are shown: both parts, scopes, tiers, and every way in which one is refused.

use axum::{body::Body, http::Request};
use genuine_gateway::api_key::KeyKind;

use super::{CLIENT, Place, READ, TestKey, come, rejected, with};

#[tokio::test]
async fn r69_r70_r75_a_key_of_two_parts_names_its_client() {
    let key = TestKey::new("alice");
    let place = Place::new("two-parts", &[key.bearer("")]);
    let file = std::fs::read_to_string(place.scratch.path().join("keys.toml")).unwrap();
    assert!(!file.contains(&key.secret()), "the file has a salted hash of the secret");
    for scheme in ["ApiKey", "apikey"] {
        let text = place.passed(come("/partner/orders", &format!("{scheme} {}", key.shown()))).await;
        assert_eq!(text, format!("{} {CLIENT} {READ} bearer 0", key.id));
    }
    let request = with(Request::post("/partner/orders"), "authorization", &format!("ApiKey {}", key.shown()));
    assert!(
        place.passed(request.body(Body::from("abc")).unwrap()).await.ends_with(" bearer 3"),
        "the body comes along"
    );
    assert_eq!(place.gate.metrics.api_keys(CLIENT, KeyKind::Bearer, "accepted"), 3);
}

/// One mutation each, and the same answer for all: whether there is such a key is nobody's business.
#[tokio::test]
async fn r69_each_wrong_key_is_refused_alike() {
    let [key, other, revoked, expired, signing, foreign] =
        ["alice", "bob", "revoked", "expired", "signing", "foreign"].map(TestKey::new);
    let place = Place::new(
        "wrong",
        &[
            key.bearer(""),
            other.bearer(""),
            revoked.bearer("revoked = true\n"),
            expired.bearer("expires = 2020-01-31\n"),
            signing.signing(""),
            foreign.bearer("application = \"other-web\"\n"),
        ],
    );
    let mut off_by_one = key.secret;
    off_by_one[31] ^= 1;
    let off_by_one = TestKey { secret: off_by_one, ..key.clone() };
    let unknown = TestKey { id: "gk_AAAAAAAAAAAAAAAA".to_owned(), ..key.clone() };
    let swapped = TestKey { id: other.id.clone(), ..key.clone() };
    // What an unknown key is compared with.
    let zeros = TestKey { id: "gk_AAAAAAAAAAAAAAAA".to_owned(), secret: [0; 32] };
    let wrong = [
        (off_by_one.shown(), "ApiKeyWrong"),
        (swapped.shown(), "ApiKeyWrong"),
        (unknown.shown(), "ApiKeyUnknown"),
        (zeros.shown(), "ApiKeyUnknown"),
        (signing.shown(), "ApiKeyUnknown"),
        (revoked.shown(), "ApiKeyRevoked"),
        (expired.shown(), "ApiKeyExpired"),
        (foreign.shown(), "ApiKeyClient"),
        (key.id.clone(), "ApiKeyForm"),
        (key.secret(), "ApiKeyForm"),
        (format!("{}.", key.id), "ApiKeyForm"),
        (format!("{}=", key.shown()), "ApiKeyForm"),
        (format!("{}A", key.shown()), "ApiKeyForm"),
        (format!("{}.{}", key.shown(), key.secret()), "ApiKeyForm"),
        (format!(" {}", key.shown()), "ApiKeyUnknown"),
        (format!("{}.{}", key.id.to_uppercase(), key.secret()), "ApiKeyUnknown"),
        (String::new(), "ApiKeyForm"),
    ];
    let mut bodies = Vec::new();
    for (shown, reason) in &wrong {
        let before = place.gate.metrics.refusals(reason);
        let answer = place.send(come("/partner/orders", &format!("ApiKey {shown}"))).await;
        assert_eq!((answer.status, answer.code()), rejected(), "{shown}");
        assert_eq!(answer.headers["www-authenticate"], "ApiKey");
        assert_eq!(place.gate.metrics.refusals(reason), before + 1, "{reason}: {shown}");
        bodies.push(answer.told());
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "nothing tells them apart");
    assert_eq!(place.refused(Request::get("/partner/orders").body(Body::empty()).unwrap()).await, rejected());
    assert_eq!(place.gate.metrics.refusals("ApiKeyMissing"), 1);
    // Nobody is counted under a client's name who has not shown its key.
    assert_eq!(place.gate.metrics.api_keys(CLIENT, KeyKind::Bearer, "rejected"), 0);
    assert_eq!(place.gate.metrics.api_keys("other-web", KeyKind::Bearer, "rejected"), 1);
    place.passed(come("/partner/orders", &format!("ApiKey {}", key.shown()))).await;
}

/// What is there twice or in two forms is refused as a whole.
#[tokio::test]
async fn a_request_shows_one_thing_once() {
    let (key, signing) = (TestKey::new("alice"), TestKey::new("signing"));
    let place = Place::new("once", &[key.bearer(""), signing.signing("")]);
    let malformed = (400, "malformed".to_owned());
    let shown = format!("ApiKey {}", key.shown());
    let twice = with(with(Request::get("/partner/orders"), "authorization", &shown), "authorization", &shown);
    assert_eq!(place.refused(twice.body(Body::empty()).unwrap()).await, malformed);
    let mut both = super::Signing::of(&signing, 1).request();
    both.headers_mut().insert("authorization", shown.parse().unwrap());
    assert_eq!(place.refused(both).await, malformed);
    for left_out in ["signature", "signature-input"] {
        let mut half = super::Signing::of(&signing, 2).request();
        half.headers_mut().remove(left_out);
        assert_eq!(place.refused(half).await, malformed);
    }
    // Another scheme is somebody else's.
    for scheme in ["Basic", "Attest", "DPoP"] {
        let request = come("/partner/orders", &format!("{scheme} {}", key.shown()));
        assert_eq!(place.refused(request).await, rejected(), "{scheme}");
    }
}

/// What a user sends beside a key that is elsewhere is the user's: a token of theirs is not the gateway's to judge.
#[tokio::test]
async fn a_users_own_token_goes_beside() {
    let (key, signing) = (TestKey::new("alice"), TestKey::new("signing"));
    let place = Place::with_header("beside", &[key.bearer(""), signing.signing("")], "x-partner-key");
    let user = "Bearer of.the.user";
    let own = with(with(Request::get("/partner/orders"), "x-partner-key", &key.shown()), "authorization", user);
    assert!(place.passed(own.body(Body::empty()).unwrap()).await.contains(" bearer "));
    let mut signed = super::Signing::of(&signing, 1).request();
    signed.headers_mut().insert("authorization", user.parse().unwrap());
    assert!(place.passed(signed).await.contains(" signature "));
    // Alone it is taken for a request token; and a key beside a signature is two things.
    let refused = place.refused(come("/partner/orders", user)).await;
    assert_eq!(refused, (401, "request_token_rejected".to_owned()));
    let mut both = super::Signing::of(&signing, 2).request();
    both.headers_mut().insert("x-partner-key", key.shown().parse().unwrap());
    assert_eq!(place.refused(both).await, (400, "malformed".to_owned()));
}

/// Nobody compares the body with what a client says of it that does not sign.
#[tokio::test]
async fn a_digest_beside_a_key_is_left_alone() {
    let (key, signing) = (TestKey::new("alice"), TestKey::new("signing"));
    let place = Place::new("digests", &[key.bearer(""), signing.signing("")]);
    let token = place.token(&key, "").await;
    for digest in ["sha-512=:AAAA:", "sha-256=:AAAA:, sha-512=:AAAA:", "none"] {
        for shown in [format!("ApiKey {}", key.shown()), format!("Bearer {token}")] {
            let mut request = come("/partner/orders", &shown);
            request.headers_mut().insert("content-digest", digest.parse().unwrap());
            request.headers_mut().append("content-digest", digest.parse().unwrap());
            place.passed(request).await;
        }
        let mut signed = super::Signing::of(&signing, 1).request();
        signed.headers_mut().insert("content-digest", digest.parse().unwrap());
        assert_eq!(place.refused(signed).await, (400, "malformed".to_owned()), "{digest}");
    }
}

#[tokio::test]
async fn a_key_may_have_a_header_of_its_own() {
    let key = TestKey::new("alice");
    let place = Place::with_header("own-header", &[key.bearer("")], "x-partner-key");
    let request = |name, value: &str| with(Request::get("/partner/orders"), name, value).body(Body::empty()).unwrap();
    place.passed(request("x-partner-key", &key.shown())).await;
    assert_eq!(place.refused(request("authorization", &format!("ApiKey {}", key.shown()))).await, rejected());
    let twice = with(with(Request::get("/partner/orders"), "x-partner-key", &key.shown()), "x-partner-key", "other");
    assert_eq!(place.refused(twice.body(Body::empty()).unwrap()).await, (400, "malformed".to_owned()));
}

#[tokio::test]
async fn r76_a_key_is_for_its_scopes_alone() {
    let [reads, writes, both] = ["reads", "writes", "both"].map(TestKey::new);
    let place = Place::new(
        "scopes",
        &[
            reads.bearer(""),
            writes.bearer("scopes = [\"orders:write\"]\n"),
            both.bearer("scopes = [\"orders:write\", \"orders:read\"]\n"),
        ],
    );
    let missing = (403, "insufficient_scope".to_owned());
    for (key, target, passes) in [
        (&reads, "/partner/orders", true),
        (&reads, "/partner/write", false),
        (&writes, "/partner/orders", false),
        (&writes, "/partner/write", false),
        (&both, "/partner/orders", true),
        (&both, "/partner/write", true),
    ] {
        let request = come(target, &format!("ApiKey {}", key.shown()));
        if passes {
            place.passed(request).await;
        } else {
            assert_eq!(place.refused(request).await, missing, "{} {target}", key.id);
        }
    }
    assert_eq!(place.gate.metrics.api_keys(CLIENT, KeyKind::Bearer, "insufficient_scope"), 3);
    // A route that names nobody is for nobody.
    assert_eq!(place.refused(come("/nobody", &format!("ApiKey {}", both.shown()))).await, rejected());
}

#[tokio::test]
async fn r77_a_client_comes_as_often_as_its_tier_allows() {
    let [first, second, other, large] = ["first", "second", "other", "large"].map(TestKey::new);
    let small = "tier = \"small\"\n";
    let place = Place::new(
        "tiers",
        &[
            first.bearer(small),
            second.bearer(small),
            other.bearer(&format!("{small}application = \"other-web\"\n")),
            large.bearer(""),
        ],
    );
    let request = |key: &TestKey| come("/partner/orders", &format!("ApiKey {}", key.shown()));
    // What is refused for another reason takes nothing.
    for _ in 0..5 {
        assert_eq!(place.refused(come("/partner/orders", &format!("ApiKey {}A", first.shown()))).await, rejected());
        assert_eq!(place.refused(request(&other)).await, rejected());
    }
    // Two at once; a second key of the client is no second allowance.
    place.passed(request(&first)).await;
    place.passed(request(&second)).await;
    for key in [&first, &second] {
        let answer = place.send(request(key)).await;
        assert_eq!((answer.status, answer.code()), (429, "rate_limited".to_owned()));
        let wait: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=10).contains(&wait), "{wait}");
    }
    assert_eq!(place.gate.metrics.api_keys(CLIENT, KeyKind::Bearer, "limited"), 2);
    // Another tier, and another client, have their own.
    for _ in 0..20 {
        place.passed(request(&large)).await;
    }
    let exchanged = place.send(super::exchange(&format!("ApiKey {}", other.shown()), "")).await;
    assert_eq!(exchanged.status, 200);
}
