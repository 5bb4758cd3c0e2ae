//! Whatever is minted comes back, and whatever is not minted does not.

use genuine::{
    Error, UnixTime,
    crypto::{RustCrypto, SignP256 as _},
    session::{
        dpop::{DpopPolicy, DpopVerifier, ProofRequest},
        jwk::{self, Thumbprint},
        token::{ClaimValue, NewToken, TokenKey, TokenMinter, TokenPolicy, TokenVerifier},
    },
};
use proptest::prelude::*;
use serde_json::Value;

use crate::common::{NOW, SECRET, device, hs256, keys, policy, signer, unb64, verdict_of};

/// Any characters, those that JSON escapes more often than others.
fn text() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        any::<char>(),
        prop::char::range('\0', '\u{20}'),
        prop::sample::select(vec!['"', '\\', '/', '😀', '\u{7f}', '\u{2028}', '\u{10ffff}']),
    ];
    prop::collection::vec(character, 1..24).prop_map(|characters| characters.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_minted_comes_back(
        (issuer, audience, subject) in (text(), text(), text()),
        (kid, kind, verdict) in (text(), text(), text()),
        (name, value, integer, flag) in (text(), text(), any::<i64>(), any::<bool>()),
        (lifetime, now) in (1..=u32::MAX, 1..=u64::from(u32::MAX) * 2),
        random in prop::array::uniform20(1_u8..),
        by_signature in prop::bool::weighted(0.1),
        jkt in prop::option::of(prop::array::uniform32(0_u8..)),
    ) {
        let names = [name.as_str(), "an integer", "a flag"];
        let others = [
            (names[0], ClaimValue::Text(&value)),
            (names[1], ClaimValue::Integer(integer)),
            (names[2], ClaimValue::Boolean(flag)),
        ];
        let mut new = NewToken::new(&subject, lifetime).with_verdict(&verdict).with_claims(&others);
        if let Some(jkt) = jkt {
            new = new.bound_to(Thumbprint(jkt));
        }
        let signer = signer();
        let keys = if by_signature {
            [TokenKey::es256(&kid, signer.public_key())]
        } else {
            [TokenKey::hs256(&kid, &SECRET).unwrap()]
        };
        let minter = if by_signature {
            TokenMinter::es256(&issuer, &audience, &kid, &signer, &RustCrypto).unwrap()
        } else {
            TokenMinter::hs256(&issuer, &audience, &keys[0], &RustCrypto).unwrap()
        };
        let mut room = [0; 8192];
        let minted = minter.with_type(&kind).mint(&new, &random, UnixTime(now), &mut room).unwrap();
        // What another reader makes of it.
        let header: Value = serde_json::from_slice(&unb64(minted.split('.').next().unwrap())).unwrap();
        prop_assert_eq!(header["kid"].as_str(), Some(kid.as_str()));
        let payload: Value = serde_json::from_slice(&unb64(minted.split('.').nth(1).unwrap())).unwrap();
        prop_assert_eq!(payload[&name].as_str(), Some(value.as_str()));

        let policy = TokenPolicy::new(&issuer, &audience).with_type(&kind);
        let verifier = TokenVerifier::new(policy, &keys, &RustCrypto).unwrap();
        let mut text = minted.as_bytes().to_vec();
        let token = if let Some(jkt) = jkt {
            let bound = verifier.verify_bound(&mut text, UnixTime(now)).unwrap();
            prop_assert_eq!(bound.thumbprint(), Thumbprint(jkt));
            return Ok(());
        } else {
            verifier.verify(&mut text, UnixTime(now)).unwrap()
        };
        prop_assert!(token.issuer().unwrap() == issuer.as_str() && token.subject().unwrap() == subject.as_str());
        prop_assert!(token.audiences().eq([token.audiences().next().unwrap()]));
        prop_assert_eq!(&token.audiences().next().unwrap().to_string(), &audience);
        prop_assert_eq!(token.text(&name).unwrap().to_string(), value.clone());
        prop_assert_eq!(token.verdict().unwrap().to_string(), verdict.clone());
        prop_assert_eq!((token.integer("an integer"), token.boolean("a flag")), (Some(integer), Some(flag)));
        let issued = i64::try_from(now).unwrap();
        prop_assert_eq!((token.issued(), token.expires()), (Some(issued), issued + i64::from(lifetime)));
        let again = minted.as_bytes().to_vec();
        let last = UnixTime(now + u64::from(lifetime));
        prop_assert_eq!(verifier.verify(&mut again.clone(), last).map(drop), Err(Error::TokenExpired));
    }

    /// Whatever the octets are, there is an answer, and it is no.
    #[test]
    fn anything_else_is_refused(octets in prop::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(verdict_of(policy(), &octets, NOW).is_err());
        let request = ProofRequest::new("GET", "https://api.example/").unwrap();
        let proofs = DpopVerifier::new(DpopPolicy::new(60), &RustCrypto);
        prop_assert!(proofs.verify(&mut octets.clone(), &request, UnixTime(NOW)).is_err());
        prop_assert!(jwk::read(&octets, &RustCrypto).is_err());
    }

    /// With a good code too.
    #[test]
    fn any_payload_has_an_answer(payload in "[\\[\\]{}\",:a-z0-9\\\\. -]{0,60}", exp in any::<i64>()) {
        let token = hs256(crate::common::HS_HEADER, &payload, &SECRET).into_bytes();
        prop_assert!(verdict_of(policy(), &token, NOW).is_err());
        let payload = format!(r#"{{"exp":{exp},"x":"{}"}}"#, payload.replace(['"', '\\'], ""));
        let token = hs256(crate::common::HS_HEADER, payload, &SECRET).into_bytes();
        let answer = verdict_of(TokenPolicy::danger_ignore_issuer_and_audience(), &token, NOW);
        prop_assert_eq!(answer.is_ok(), exp > i64::try_from(NOW).unwrap());
    }

    /// What `serde_json` reads of a key's text is the key.
    #[test]
    fn keys_come_back(secret in prop::array::uniform32(1_u8..0xF0), kid in text()) {
        let key = genuine::crypto::RustCryptoSigner::try_from(&secret).unwrap().public_key();
        let mut room = [0; 1024];
        let text = jwk::write(&key, &kid, &mut room).unwrap();
        prop_assert_eq!(jwk::read(text.as_bytes(), &RustCrypto), Ok(key));
        let json: Value = serde_json::from_str(text).unwrap();
        prop_assert_eq!(json["kid"].as_str(), Some(kid.as_str()));
    }
}

/// No two keys of a list are taken for each other.
#[test]
fn keys_are_their_own() {
    assert_ne!(device().public_key(), signer().public_key());
    assert_eq!(keys().map(|key| key.kid()), ["h", "e"]);
}
