//! Attestations of OAuth clients: the draft's example, and one mistake each.

use genuine::{
    Error, UnixTime,
    crypto::{RustCrypto, SignP256 as _},
    session::{
        client_attestation::{
            ClientAttestationPolicy, ClientAttestationVerifier, NewClientAttestation, NewClientProof, mint, mint_proof,
        },
        dpop::{DpopPolicy, DpopVerifier, ProofRequest},
        jwk as keys_as_json,
        token::TokenKey,
    },
};
use serde_json::{Value, json};

use crate::common::{NOW, SECRET, b64, device, es256, hs256, jwk, signer, unb64, vectors};

const SERVER: &str = "https://as.example.com";
const CLIENT: &str = "https://client.example.com";
const CHALLENGE: &str = "5c1a9e10-29ff-4c2b-ae73-57c0957c09c4";
/// When the example was issued.
const THEN: u64 = 1_772_487_595;

fn attesters() -> [TokenKey<'static>; 2] {
    [TokenKey::es256("11", signer().public_key()), TokenKey::hs256("shared", &SECRET).unwrap()]
}

fn policy() -> ClientAttestationPolicy {
    ClientAttestationPolicy::new(300)
}

fn attestation_header() -> Value {
    json!({"typ": "oauth-client-attestation+jwt", "alg": "ES256", "kid": "11"})
}

fn attestation_claims() -> Value {
    json!({"sub": CLIENT, "iat": NOW, "exp": NOW + 3600, "cnf": {"jwk": jwk(&device().public_key())}})
}

fn proof_header() -> Value {
    json!({"typ": "oauth-client-attestation-pop+jwt", "alg": "ES256"})
}

fn proof_claims() -> Value {
    json!({"aud": SERVER, "jti": "one", "iat": NOW, "challenge": CHALLENGE})
}

fn with(mut value: Value, name: &str, member: Value) -> Value {
    if member.is_null() {
        value.as_object_mut().unwrap().remove(name).unwrap();
    } else {
        value[name] = member;
    }
    value
}

fn attested(policy: ClientAttestationPolicy, text: &str, client_id: Option<&str>, now: u64) -> Result<(), Error> {
    let attesters = attesters();
    let verifier = ClientAttestationVerifier::new(policy, SERVER, &attesters, &RustCrypto).unwrap();
    let mut text = text.as_bytes().to_vec();
    let attestation = verifier.verify(&mut text, client_id, UnixTime(now))?;
    assert_eq!(attestation.key(), &device().public_key());
    Ok(())
}

fn proved(text: &str, challenge: Option<&str>, now: u64) -> Result<(), Error> {
    let attesters = attesters();
    let verifier = ClientAttestationVerifier::new(policy(), SERVER, &attesters, &RustCrypto).unwrap();
    let mut attestation = attestation(&attestation_header(), &attestation_claims()).into_bytes();
    let attestation = verifier.verify(&mut attestation, None, UnixTime(NOW)).unwrap();
    verifier.verify_proof(&mut text.as_bytes().to_vec(), &attestation, challenge, UnixTime(now)).map(drop)
}

fn attestation(header: &Value, claims: &Value) -> String {
    es256(&header.to_string(), claims.to_string(), &signer())
}

fn proof(header: &Value, claims: &Value) -> String {
    es256(&header.to_string(), claims.to_string(), &device())
}

/// The attester's key was not published: the attestation is refused, and its key taken from it by hand.
#[test]
fn the_example_of_the_draft_verifies() {
    let Some(vectors) = vectors("tokens/client_attestation_example.json") else { return };
    let text = |name: &str| vectors[name].as_str().unwrap().to_owned();
    let attesters = attesters();
    let verifier = ClientAttestationVerifier::new(policy(), SERVER, &attesters, &RustCrypto).unwrap();
    let attestation = verifier.verify(&mut text("client_attestation").into_bytes(), None, UnixTime(THEN)).map(drop);
    assert_eq!(attestation, Err(Error::TokenForged));

    let claims: Value = serde_json::from_slice(&unb64(text("client_attestation").split('.').nth(1).unwrap())).unwrap();
    let key = keys_as_json::read(claims["cnf"]["jwk"].to_string().as_bytes(), &RustCrypto).unwrap();
    let mut proof = text("client_attestation_pop").into_bytes();
    let proof = verifier.verify_proof_by_trusted_key(&mut proof, &key, Some(CHALLENGE), UnixTime(THEN)).unwrap();
    assert_eq!(proof.id(), "d25d00ab-552b-46fc-ae19-98f440f25064");
    assert_eq!((proof.issued(), proof.challenge().unwrap().as_str()), (1_772_487_595, Some(CHALLENGE)));
    assert_eq!(proof.text("aud").unwrap(), SERVER);
    for (key, challenge, expected) in [
        (device().public_key(), Some(CHALLENGE), Error::TokenForged),
        (key, Some("another"), Error::AttestationChallenge),
    ] {
        let mut proof = text("client_attestation_pop").into_bytes();
        let verified = verifier.verify_proof_by_trusted_key(&mut proof, &key, challenge, UnixTime(THEN)).map(drop);
        assert_eq!(verified, Err(expected));
    }
    // The same attestation by a key that is trusted.
    let mut minted = attestation_of(&claims).into_bytes();
    let minted = verifier.verify(&mut minted, Some(CLIENT), UnixTime(THEN)).unwrap();
    assert_eq!((minted.key(), minted.attester_index(), minted.expires()), (&key, 0, 2_529_866_394));
    assert_eq!((minted.client_id().as_str(), minted.issued()), (Some(CLIENT), Some(1_772_487_595)));
    assert_eq!(minted.text("none"), None);
}

fn attestation_of(claims: &Value) -> String {
    attestation(&attestation_header(), claims)
}

#[test]
fn what_is_minted_verifies() {
    let attesters = attesters();
    let verifier = ClientAttestationVerifier::new(policy(), SERVER, &attesters, &RustCrypto).unwrap();
    let (mut room, mut other) = ([0; 1024], [0; 1024]);
    let new = NewClientAttestation { client_id: CLIENT, key: device().public_key(), lifetime: 3600 };
    let text = mint(&new, "11", &signer(), UnixTime(NOW), &mut room, &RustCrypto).unwrap();
    let new_proof = NewClientProof { audience: SERVER, challenge: Some(CHALLENGE) };
    let proof_text = mint_proof(&new_proof, &device(), &[5; 16], UnixTime(NOW), &mut other, &RustCrypto).unwrap();
    let segment = |text: &str, index: usize| -> Value {
        serde_json::from_slice(&unb64(text.split('.').nth(index).unwrap())).unwrap()
    };
    assert_eq!(segment(text, 0), attestation_header());
    assert_eq!(segment(text, 1), attestation_claims());
    assert_eq!(segment(proof_text, 0), proof_header());
    assert_eq!(segment(proof_text, 1), with(proof_claims(), "jti", json!(b64([5; 16]))));
    let (mut text, mut proof_text) = (text.as_bytes().to_vec(), proof_text.as_bytes().to_vec());
    let attestation = verifier.verify(&mut text, Some(CLIENT), UnixTime(NOW + 3599)).unwrap();
    let proof = verifier.verify_proof(&mut proof_text, &attestation, Some(CHALLENGE), UnixTime(NOW)).unwrap();
    assert_eq!(proof.challenge().unwrap(), CHALLENGE);
    // Without a challenge, and what is lacking.
    let new_proof = NewClientProof { challenge: None, ..new_proof };
    let text = mint_proof(&new_proof, &device(), &[5; 16], UnixTime(NOW), &mut other, &RustCrypto).unwrap();
    assert_eq!(segment(text, 1).get("challenge"), None);
    assert_eq!(proved(text, None, NOW), Ok(()));
    let lacking = |random: &[u8], now, room: &mut [u8]| {
        mint_proof(&new_proof, &device(), random, UnixTime(now), room, &RustCrypto).map(drop)
    };
    assert_eq!(lacking(&[5; 15], NOW, &mut [0; 1024]), Err(Error::RandomTooShort));
    assert_eq!(lacking(&[5; 16], 0, &mut [0; 1024]), Err(Error::ClockUnset));
    assert_eq!(lacking(&[5; 16], NOW, &mut [0; 100]), Err(Error::RoomTooSmall));
    let minted = mint(&new, "11", &signer(), UnixTime(0), &mut room, &RustCrypto).map(drop);
    assert_eq!(minted, Err(Error::ClockUnset));
    let minted = mint(&new, "11", &signer(), UnixTime(NOW), &mut room[..100], &RustCrypto).map(drop);
    assert_eq!(minted, Err(Error::RoomTooSmall));
}

#[test]
fn attestations_are_strict() {
    let good = attestation(&attestation_header(), &attestation_claims());
    assert_eq!(attested(policy(), &good, None, NOW), Ok(()));
    assert_eq!(attested(policy(), &good, Some(CLIENT), NOW), Ok(()));
    assert_eq!(attested(policy(), &good, Some("https://client.example.co"), NOW), Err(Error::TokenSubject));
    assert_eq!(attested(policy(), &good, Some(""), NOW), Err(Error::TokenSubject));
    assert_eq!(attested(policy(), &good, None, NOW + 3600), Err(Error::TokenExpired));
    assert_eq!(attested(policy(), &good, None, NOW - 1), Err(Error::TokenFromFuture));
    assert_eq!(attested(policy(), &good, None, 0), Err(Error::ClockUnset));
    assert_eq!(attested(policy().with_skew(10), &good, None, NOW + 3609), Ok(()));
    let fresh = policy().limit_attestation_age(60);
    assert_eq!(attested(fresh, &good, None, NOW + 60), Ok(()));
    assert_eq!(attested(fresh, &good, None, NOW + 61), Err(Error::TokenTooOld));
    let undated = attestation(&attestation_header(), &with(attestation_claims(), "iat", Value::Null));
    assert_eq!(attested(policy(), &undated, None, NOW), Ok(()));
    assert_eq!(attested(fresh, &undated, None, NOW), Err(Error::TokenIssuedAtMissing));

    for (name, value, expected) in [
        ("typ", json!("JWT"), Error::TokenType),
        ("typ", json!("oauth-client-attestation-pop+jwt"), Error::TokenType),
        ("typ", json!(null), Error::TokenType),
        ("alg", json!("none"), Error::TokenAlgorithm),
        ("alg", json!("HS256"), Error::TokenAlgorithm),
        ("kid", json!("12"), Error::TokenKeyUnknown),
        ("kid", json!(null), Error::TokenKeyMissing),
        ("crit", json!(["x"]), Error::TokenCritical),
    ] {
        let header = with(attestation_header(), name, value);
        let text = attestation(&header, &attestation_claims());
        assert_eq!(attested(policy(), &text, None, NOW), Err(expected), "{header}");
    }
    let key = jwk(&device().public_key());
    for (name, value, expected) in [
        ("sub", json!(null), Error::TokenSubjectMissing),
        ("sub", json!(1), Error::TokenClaimType),
        ("exp", json!(null), Error::TokenExpiryMissing),
        ("nbf", json!(NOW + 1), Error::TokenNotYetValid),
        ("cnf", json!(null), Error::TokenConfirmation),
        ("cnf", json!({}), Error::TokenConfirmation),
        ("cnf", json!("x"), Error::TokenConfirmation),
        ("cnf", json!({"jkt": b64([1; 32])}), Error::TokenConfirmation),
        ("cnf", json!({"jwk": {}}), Error::JwkForm),
        ("cnf", json!({"jwk": with(key.clone(), "d", json!("x"))}), Error::JwkPrivate),
        ("cnf", json!({"jwk": with(key.clone(), "crv", json!("P-384"))}), Error::JwkUnsupported),
        ("cnf", json!({"jwk": with(key.clone(), "x", json!(b64([1; 32])))}), Error::JwkPoint),
    ] {
        let claims = with(attestation_claims(), name, value);
        let text = attestation(&attestation_header(), &claims);
        assert_eq!(attested(policy(), &text, None, NOW), Err(expected), "{claims}");
    }
    // By a key that is not an attester's, and by a shared secret, which §5 allows.
    let forged = es256(&attestation_header().to_string(), attestation_claims().to_string(), &device());
    assert_eq!(attested(policy(), &forged, None, NOW), Err(Error::TokenForged));
    let header = json!({"typ": "oauth-client-attestation+jwt", "alg": "HS256", "kid": "shared"});
    let text = hs256(&header.to_string(), attestation_claims().to_string(), &SECRET);
    assert_eq!(attested(policy(), &text, None, NOW), Ok(()));
}

#[test]
fn proofs_are_strict() {
    let good = proof(&proof_header(), &proof_claims());
    assert_eq!(proved(&good, Some(CHALLENGE), NOW), Ok(()));
    assert_eq!(proved(&good, None, NOW), Ok(()));
    assert_eq!(proved(&good, Some("another"), NOW), Err(Error::AttestationChallenge));
    assert_eq!(proved(&good, None, NOW + 300), Ok(()));
    assert_eq!(proved(&good, None, NOW + 301), Err(Error::TokenTooOld));
    assert_eq!(proved(&good, None, NOW - 1), Err(Error::TokenFromFuture));
    assert_eq!(proved(&good, None, 0), Err(Error::ClockUnset));
    for (name, value, expected) in [
        ("typ", json!("oauth-client-attestation+jwt"), Error::TokenType),
        ("typ", json!("dpop+jwt"), Error::TokenType),
        ("typ", json!(null), Error::TokenType),
        ("alg", json!("none"), Error::TokenAlgorithm),
        ("alg", json!("HS256"), Error::TokenAlgorithm),
        ("alg", json!(null), Error::TokenAlgorithm),
    ] {
        let header = with(proof_header(), name, value);
        assert_eq!(proved(&proof(&header, &proof_claims()), None, NOW), Err(expected), "{header}");
    }
    for (name, value, expected) in [
        ("aud", json!(null), Error::TokenAudienceMissing),
        ("aud", json!("https://as.example.com/"), Error::TokenAudience),
        ("aud", json!([SERVER, "https://other.example"]), Error::TokenAudience),
        ("aud", json!([]), Error::TokenAudience),
        ("jti", json!(null), Error::TokenIdMissing),
        ("jti", json!(""), Error::TokenIdMissing),
        ("iat", json!(null), Error::TokenIssuedAtMissing),
        ("exp", json!(NOW), Error::TokenExpired),
        ("challenge", json!(null), Error::AttestationChallenge),
        ("challenge", json!(1), Error::TokenClaimType),
    ] {
        let claims = with(proof_claims(), name, value);
        assert_eq!(proved(&proof(&proof_header(), &claims), Some(CHALLENGE), NOW), Err(expected), "{claims}");
    }
    let single = with(proof_claims(), "aud", json!([SERVER]));
    assert_eq!(proved(&proof(&proof_header(), &single), Some(CHALLENGE), NOW), Ok(()));
    // By another key than that of the attestation, though the attestation is good.
    let forged = es256(&proof_header().to_string(), proof_claims().to_string(), &signer());
    assert_eq!(proved(&forged, None, NOW), Err(Error::TokenForged));
}

/// An attestation that was kept is worth nothing once it has expired, and a store of proofs knows how long to remember one.
#[test]
fn a_kept_attestation_expires() {
    let attesters = attesters();
    let verifier = ClientAttestationVerifier::new(policy().with_skew(5), SERVER, &attesters, &RustCrypto).unwrap();
    let mut text = attestation(&attestation_header(), &attestation_claims()).into_bytes();
    let attestation = verifier.verify(&mut text, None, UnixTime(NOW)).unwrap();
    let last = |issued: u64, now: u64| {
        let mut proof = proof(&proof_header(), &with(proof_claims(), "iat", json!(issued))).into_bytes();
        let proof = verifier.verify_proof(&mut proof, &attestation, Some(CHALLENGE), UnixTime(now));
        proof.map(|proof| proof.expires_at())
    };
    assert_eq!(last(NOW + 3600, NOW + 3604), Ok(UnixTime(NOW + 3905)));
    assert_eq!(last(NOW + 3600, NOW + 3605), Err(Error::TokenExpired));
    assert_eq!(last(NOW, NOW + 305), Ok(UnixTime(NOW + 305)));
    assert!(last(NOW, NOW + 306).is_err());
}

/// §8.3: a proof of RFC 9449 by the same key takes the place of the draft's own.
#[test]
fn a_dpop_proof_takes_its_place() {
    let attesters = attesters();
    let verifier = ClientAttestationVerifier::new(policy(), SERVER, &attesters, &RustCrypto).unwrap();
    let mut text = attestation(&attestation_header(), &attestation_claims()).into_bytes();
    let attestation = verifier.verify(&mut text, None, UnixTime(NOW)).unwrap();
    let request = ProofRequest::new("POST", "https://as.example.com/token").unwrap().with_nonce(CHALLENGE);
    for (key, expected) in [(device(), Ok(())), (signer(), Err(Error::TokenKeyMismatch))] {
        let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk(&key.public_key())}).to_string();
        let claims = json!({
            "htm": "POST", "htu": "https://as.example.com/token", "iat": NOW, "jti": "one", "nonce": CHALLENGE,
        });
        let mut proof = es256(&header, claims.to_string(), &key).into_bytes();
        let proof =
            DpopVerifier::new(DpopPolicy::new(60), &RustCrypto).verify(&mut proof, &request, UnixTime(NOW)).unwrap();
        assert_eq!(attestation.expect_key_of(&proof), expected);
    }
}
