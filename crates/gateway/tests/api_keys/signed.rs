//! Signed requests: each counts once, and no part of one can be changed.

use axum::{body::Body, http::Request};
use genuine_gateway::api_key::{KeyKind, RequestSignature};
use proptest::{prelude::*, sample::Index};

use super::{CLIENT, Place, READ, Signing, TestKey, rejected};
use crate::support::now;

fn signature_rejected() -> (u16, String) {
    (401, "signature_rejected".to_owned())
}

#[tokio::test]
async fn r78_a_signed_request_counts_once() {
    let (key, other) = (TestKey::new("signing"), TestKey::new("other"));
    let place = Place::new("once", &[key.signing(""), other.signing("")]);
    let signing = Signing::of(&key, 1);
    assert_eq!(place.passed(signing.request()).await, format!("{} {CLIENT} {READ} signature 10", key.id));
    assert_eq!(place.refused(signing.request()).await, signature_rejected());
    assert_eq!(place.gate.metrics.refusals("ApiKeyReplayed"), 1);
    // The nonce is used, whatever else is signed with it. Another key may choose the same one.
    let again = Signing { target: "/partner/orders?item=8", ..signing.clone() };
    assert_eq!(place.refused(again.request()).await, signature_rejected());
    place.passed(Signing { key: other, ..signing.clone() }.request()).await;
    // As long as the signature would be good, the nonce is remembered.
    place.hands.advance(60);
    assert_eq!(place.refused(signing.request()).await, signature_rejected());
    assert_eq!(place.gate.metrics.refusals("ApiKeyReplayed"), 3);
    place.hands.advance(1);
    assert_eq!(place.refused(signing.request()).await, signature_rejected());
    assert_eq!(place.gate.metrics.refusals("ApiKeyStale"), 1);
    assert_eq!(place.gate.metrics.api_keys(CLIENT, KeyKind::Signature, "accepted"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn r78_of_fifty_copies_one_is_accepted() {
    let key = TestKey::new("signing");
    let place = std::sync::Arc::new(Place::new("copies", &[key.signing("")]));
    let copies = (0..50).map(|_| {
        let (place, request) = (std::sync::Arc::clone(&place), Signing::of(&key, 1).request());
        tokio::spawn(async move { place.send(request).await.status })
    });
    let mut statuses = Vec::new();
    for copy in copies.collect::<Vec<_>>() {
        statuses.push(copy.await.unwrap());
    }
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 49);
}

type Change<'c> = &'c dyn Fn(&mut Request<Body>);

/// One part is another than the one that was signed, and all else is right.
#[tokio::test]
async fn r78_no_part_of_a_signed_request_can_be_changed() {
    let key = TestKey::new("signing");
    let place = Place::new("changed", &[key.signing("")]);
    let signing = |nonce| Signing::of(&key, nonce);
    let swap = |request: &mut Request<Body>, name: &'static str, from: &str, to: &str| {
        let value = request.headers()[name].to_str().unwrap().to_owned();
        assert!(value.contains(from), "{value}");
        request.headers_mut().insert(name, value.replacen(from, to, 1).parse().unwrap());
    };
    let head: [(&str, Change<'_>); 7] = [
        ("method", &|request| *request.method_mut() = "PUT".parse().unwrap()),
        ("path", &|request| *request.uri_mut() = "/partner/write?item=7".parse().unwrap()),
        ("query", &|request| *request.uri_mut() = "/partner/orders?item=8".parse().unwrap()),
        ("no query", &|request| *request.uri_mut() = "/partner/orders".parse().unwrap()),
        ("digest", &|request| swap(request, "content-digest", "sha-256=:", "sha-256=:A")),
        ("created", &|request| swap(request, "signature-input", &now().to_string(), &(now() - 1).to_string())),
        ("nonce", &|request| swap(request, "signature-input", "nonce-of", "nonce_of")),
    ];
    for (nonce, (part, change)) in (1..).zip(head) {
        let mut request = signing(nonce).request();
        change(&mut request);
        // A digest that is no base64 of 32 octets is said badly; the others are not what was signed.
        let expected = if part == "digest" { (400, "malformed".to_owned()) } else { rejected() };
        assert_eq!(place.refused(request).await, expected, "{part}");
        place.passed(signing(nonce).request()).await;
    }
    let mut request = signing(20).request();
    request
        .headers_mut()
        .insert("content-digest", Signing { body: "{}", ..signing(20) }.headers()[2].1.parse().unwrap());
    assert_eq!(place.refused(request).await, rejected(), "another digest, and a body that fits");
    // The body alone: its hash is what was signed, so that the answer may say so.
    let mut request = signing(20).request();
    *request.body_mut() = Body::from("{\"item\":8}");
    assert_eq!(place.refused(request).await, signature_rejected());
    assert_eq!(place.gate.metrics.refusals("ApiKeyBody"), 1);
    place.passed(signing(20).request()).await;
    // What is signed for another service, or by another key.
    let elsewhere = Signing { authority: "shop.example.com", ..signing(21) };
    assert_eq!(place.refused(elsewhere.request()).await, rejected());
    let mut thief = key.clone();
    thief.secret[0] ^= 1;
    assert_eq!(place.refused(Signing { key: thief, ..signing(21) }.request()).await, rejected());
    assert_eq!(place.gate.metrics.refusals("ApiKeyUnknown"), 0);
}

#[tokio::test]
async fn r78_a_signature_is_of_its_key_and_of_now() {
    let [key, bearer, revoked, expired, foreign] =
        ["signing", "bearer", "revoked", "expired", "foreign"].map(TestKey::new);
    let place = Place::new(
        "keys",
        &[
            key.signing(""),
            bearer.bearer(""),
            revoked.signing("revoked = true\n"),
            expired.signing("expires = 2020-01-31T12:00:00Z\n"),
            foreign.signing("application = \"other-web\"\n"),
        ],
    );
    // What an unknown key is compared with is no key.
    let zeros = TestKey { id: "gk_AAAAAAAAAAAAAAAA".to_owned(), secret: [0; 32] };
    let zeros_of_bearer = TestKey { secret: [0; 32], ..bearer.clone() };
    for (key, reason) in [
        (&bearer, "ApiKeyUnknown"),
        (&zeros_of_bearer, "ApiKeyUnknown"),
        (&zeros, "ApiKeyUnknown"),
        (&revoked, "ApiKeyRevoked"),
        (&expired, "ApiKeyExpired"),
        (&foreign, "ApiKeyClient"),
    ] {
        let before = place.gate.metrics.refusals(reason);
        assert_eq!(place.refused(Signing::of(key, 1).request()).await, rejected(), "{reason}");
        assert_eq!(place.gate.metrics.refusals(reason), before + 1, "{reason}");
    }
    for (nonce, created, passes) in
        [(2, now() - 60, true), (3, now() - 61, false), (4, now() + 5, true), (5, now() + 6, false)]
    {
        let request = Signing { created, ..Signing::of(&key, nonce) }.request();
        if passes {
            place.passed(request).await;
        } else {
            assert_eq!(place.refused(request).await, signature_rejected(), "{created}");
        }
    }
    let ended = Signing { more: ";expires=1", ..Signing::of(&key, 6) };
    assert_eq!(place.refused(ended.request()).await, signature_rejected());
    let later = Signing { more: ";expires=99999999999", ..Signing::of(&key, 7) };
    place.passed(later.request()).await;
}

#[tokio::test]
async fn r78_a_route_may_take_signed_requests_alone() {
    let (key, bearer) = (TestKey::new("signing"), TestKey::new("bearer"));
    let place = Place::new("signed-only", &[key.signing(""), bearer.bearer("")]);
    let shown = super::come("/partner/signed", &format!("ApiKey {}", bearer.shown()));
    assert_eq!(place.refused(shown).await, rejected());
    let token = place.token(&bearer, "").await;
    assert_eq!(place.refused(super::come("/partner/signed", &format!("Bearer {token}"))).await, rejected());
    assert_eq!(place.gate.metrics.refusals("ApiKeyUnsigned"), 2);
    place.passed(Signing { target: "/partner/signed", ..Signing::of(&key, 1) }.request()).await;
    // Also without a body and a query.
    let plain = Signing { method: "GET", target: "/partner/signed", body: "", ..Signing::of(&key, 2) };
    place.passed(plain.request()).await;
    let mut without = Signing { target: "/partner/signed", ..Signing::of(&key, 3) }.request();
    without.headers_mut().remove("content-digest");
    assert_eq!(place.refused(without).await, (400, "digest_required".to_owned()));
}

proptest! {
    /// Whatever stands in the two headers, it is read or refused; and what is read is signed as it stood there.
    #[test]
    fn headers_of_any_octets_are_read_or_refused(
        changes in prop::collection::vec((any::<Index>(), 0x20_u8..0x7f), 0..4),
        cut in any::<Index>(),
        junk in "[ -~]{0,80}",
    ) {
        let [(_, input), (_, signature), _] = Signing::of(&TestKey::new("signing"), 1).headers();
        let mut octets = input.into_bytes();
        for (place, octet) in changes {
            let place = place.index(octets.len());
            octets[place] = octet;
        }
        let input = String::from_utf8(octets).unwrap();
        for (input, signature) in [(&*input, &*signature), (&input[..cut.index(input.len())], &signature), (&junk, &signature), (&input, &junk)] {
            if let Some(read) = RequestSignature::parse(input, signature) {
                let params = input.split_once('=').unwrap().1;
                let base = read.base("POST", "a", "/", &[0; 32]);
                let line = format!("\n\"@signature-params\": {params}");
                prop_assert!(base.ends_with(&line));
            }
        }
    }
}
