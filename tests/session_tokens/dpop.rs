//! Proofs of possession: those of RFC 9449, and one mistake each.

use genuine::{
    Error, UnixTime,
    crypto::{RustCrypto, SignP256 as _},
    session::{
        dpop::{DpopPolicy, DpopVerifier, ProofRequest},
        jwk::Thumbprint,
        token::{Confirmation, NewToken, TokenMinter, TokenVerifier},
    },
};
use serde_json::{Value, json};

use crate::common::{
    AUDIENCE, HS_HEADER, ISSUER, NOW, SECRET, b64, claims_with, device, es256, hs256, jwk, keys, policy, sha256, signer,
};

/// RFC 9449 §4.1 and §5.
const HEADER: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXp\
    Da0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19";
const TOKEN_REQUEST: &str = "eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29t\
    L3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.\
    2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
/// RFC 9449 §7.1.
const RESOURCE_REQUEST: &str = "eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxl\
    Lm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.\
    2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";
const ACCESS_TOKEN: &[u8] = b"Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";

const URI: &str = "https://api.example/transfers";

fn verifier() -> DpopVerifier<'static, RustCrypto> {
    DpopVerifier::new(DpopPolicy::new(60), &RustCrypto)
}

#[test]
fn proofs_of_rfc_9449_verify() {
    let jkt = Thumbprint::from_base64url("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I").unwrap();
    let request = ProofRequest::new("POST", "https://server.example.com/token").unwrap();
    let mut proof = format!("{HEADER}.{TOKEN_REQUEST}").into_bytes();
    let verified = verifier().verify(&mut proof, &request, UnixTime(1_562_262_616)).unwrap();
    assert_eq!(verified.id(), "-BwC3ESc6acc2lTc");
    assert_eq!((verified.issued(), verified.thumbprint()), (1_562_262_616, jkt));
    assert_eq!(Thumbprint::of(verified.key(), &RustCrypto), Ok(jkt));
    assert_eq!(verified.text("htm").unwrap(), "POST");

    let request = ProofRequest::new("GET", "https://resource.example.org/protectedresource").unwrap();
    let request = request.with_access_token(ACCESS_TOKEN, &RustCrypto).unwrap();
    let proof = format!("{HEADER}.{RESOURCE_REQUEST}");
    let verified = verifier().verify(&mut proof.clone().into_bytes(), &request, UnixTime(1_562_262_678)).map(drop);
    assert_eq!(verified, Ok(()));
    let other = request.with_access_token(b"another", &RustCrypto).unwrap();
    let verified = verifier().verify(&mut proof.into_bytes(), &other, UnixTime(1_562_262_618)).map(drop);
    assert_eq!(verified, Err(Error::ProofTokenHash));
}

fn header() -> Value {
    json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk(&device().public_key())})
}

fn payload() -> Value {
    json!({"jti": "one", "htm": "POST", "htu": URI, "iat": NOW, "nonce": "n-1"})
}

fn with(mut value: Value, name: &str, member: Value) -> Value {
    if member.is_null() {
        value.as_object_mut().unwrap().remove(name).unwrap();
    } else {
        value[name] = member;
    }
    value
}

fn proof(header: &Value, payload: &Value) -> String {
    es256(&header.to_string(), payload.to_string(), &device())
}

fn request() -> ProofRequest<'static> {
    ProofRequest::new("POST", URI).unwrap().with_nonce("n-1")
}

fn verdict(proof: &str, now: u64) -> Result<(), Error> {
    verifier().verify(&mut proof.as_bytes().to_vec(), &request(), UnixTime(now)).map(drop)
}

#[test]
fn headers_of_proofs_are_strict() {
    assert_eq!(verdict(&proof(&header(), &payload()), NOW), Ok(()));
    let key = jwk(&device().public_key());
    let key_with = |name: &str, value: Value| with(key.clone(), name, value);
    for (name, value, expected) in [
        ("typ", json!("JWT"), Error::TokenType),
        ("typ", json!(null), Error::TokenType),
        ("typ", json!("dpop"), Error::TokenType),
        ("alg", json!("none"), Error::TokenAlgorithm),
        ("alg", json!("HS256"), Error::TokenAlgorithm),
        ("alg", json!("ES384"), Error::TokenAlgorithm),
        ("alg", json!(null), Error::TokenAlgorithm),
        ("crit", json!(["jwk"]), Error::TokenCritical),
        ("zip", json!("DEF"), Error::TokenEncoding),
        ("jwk", json!(null), Error::ProofKeyMissing),
        ("jwk", json!("x"), Error::JwkForm),
        ("jwk", json!({"kty": "oct", "k": b64([1; 32])}), Error::JwkPrivate),
        ("jwk", key_with("d", json!(b64([9; 32]))), Error::JwkPrivate),
        ("jwk", key_with("kty", json!("RSA")), Error::JwkUnsupported),
        ("jwk", key_with("crv", json!("P-384")), Error::JwkUnsupported),
        ("jwk", key_with("y", json!(b64([1; 32]))), Error::JwkPoint),
        ("jwk", jwk(&signer().public_key()), Error::TokenForged),
    ] {
        let header = with(header(), name, value);
        assert_eq!(verdict(&proof(&header, &payload()), NOW), Err(expected), "{header}");
    }
    // A code by the public key, which everybody has.
    let header = with(header(), "alg", json!("HS256")).to_string();
    assert_eq!(
        verdict(&hs256(&header, payload().to_string(), &device().public_key().0), NOW),
        Err(Error::TokenAlgorithm)
    );
    // Without `typ` in front, and of another case.
    for typ in ["application/dpop+jwt", "DPoP+JWT"] {
        assert_eq!(verdict(&proof(&with(self::header(), "typ", json!(typ)), &payload()), NOW), Ok(()), "{typ}");
    }
}

#[test]
fn claims_of_proofs_are_compared() {
    for (name, value, expected) in [
        ("jti", json!(null), Error::TokenIdMissing),
        ("jti", json!(""), Error::TokenIdMissing),
        ("jti", json!(1), Error::TokenClaimType),
        ("htm", json!(null), Error::ProofMethodMissing),
        ("htm", json!(1), Error::TokenClaimType),
        ("htm", json!("GET"), Error::ProofMethod),
        ("htm", json!("post"), Error::ProofMethod),
        ("htu", json!(null), Error::ProofUriMissing),
        ("htu", json!([URI]), Error::TokenClaimType),
        ("iat", json!(null), Error::TokenIssuedAtMissing),
        ("iat", json!("1800000000"), Error::TokenClaimType),
        ("iat", json!(NOW + 1), Error::TokenFromFuture),
        ("iat", json!(NOW - 61), Error::TokenTooOld),
        ("iat", json!(i64::MIN), Error::TokenTooOld),
        ("exp", json!(NOW), Error::TokenExpired),
        ("nbf", json!(NOW + 1), Error::TokenNotYetValid),
        ("nonce", json!(null), Error::ProofNonce),
        ("nonce", json!("n-2"), Error::ProofNonce),
        ("nonce", json!(1), Error::ProofNonce),
    ] {
        let payload = with(payload(), name, value);
        assert_eq!(verdict(&proof(&header(), &payload), NOW), Err(expected), "{payload}");
    }
    assert_eq!(verdict(&proof(&header(), &with(payload(), "iat", json!(NOW - 60))), NOW), Ok(()));
    assert_eq!(verdict(&proof(&header(), &payload()), 0), Err(Error::ClockUnset));
    let skewed = DpopVerifier::new(DpopPolicy::new(60).with_skew(5), &RustCrypto);
    for (iat, expected) in [
        (NOW + 5, Ok(())),
        (NOW + 6, Err(Error::TokenFromFuture)),
        (NOW - 65, Ok(())),
        (NOW - 66, Err(Error::TokenTooOld)),
    ] {
        let mut proof = proof(&header(), &with(payload(), "iat", json!(iat))).into_bytes();
        assert_eq!(skewed.verify(&mut proof, &request(), UnixTime(NOW)).map(drop), expected, "{iat}");
    }
    // Where the server demands no nonce, one is no mistake.
    let request = ProofRequest::new("POST", URI).unwrap();
    assert!(verifier().verify(&mut proof(&header(), &payload()).into_bytes(), &request, UnixTime(NOW)).is_ok());
}

#[test]
fn target_uris_are_compared() {
    let same = |request: &str, claim: &str| {
        let request = ProofRequest::new("POST", request).unwrap();
        let mut proof = proof(&header(), &with(payload(), "htu", json!(claim))).into_bytes();
        match verifier().verify(&mut proof, &request, UnixTime(NOW)) {
            Ok(_) => true,
            Err(Error::ProofUri) => false,
            Err(other) => panic!("{other}"),
        }
    };
    for (request, claim) in [
        (URI, URI),
        ("https://api.example/transfers?to=1#x", URI),
        (URI, "https://api.example/transfers?to=2"),
        (URI, "https://api.example/transfers#x"),
        (URI, "HTTPS://API.Example/transfers"),
        ("HTTPS://API.Example/transfers", URI),
        (URI, "https://api.example:443/transfers"),
        ("https://api.example:443/transfers", URI),
        ("http://api.example:80/x", "http://api.example/x"),
        ("https://api.example", "https://api.example/"),
        ("https://api.example/", "https://api.example"),
        ("https://api.example/", "https://api.example?x"),
        ("https://api.example:8443/x", "https://api.example:8443/x"),
        ("https://[::1]:8443/x", "https://[::1]:8443/x"),
        ("https://[::1]/x", "https://[::1]:443/x"),
        ("https://api.example/%7Ea", "https://api.example/%7Ea"),
    ] {
        assert!(same(request, claim), "{request} {claim}");
    }
    for claim in [
        "",
        "/transfers",
        "http://api.example/transfers",
        "https://api.example",
        "https://api.example/",
        "https://api.example/Transfers",
        "https://api.example/transfers/",
        "https://api.example/transfer",
        "https://api.example/transfersx",
        "https://api.example//transfers",
        "https://api.example/./transfers",
        "https://api.example/%74ransfers",
        "https://api.example:8443/transfers",
        "https://api.example:/transfers",
        "https://api.example:0443/transfers",
        "https://api.example:4430/transfers",
        "https://api.example:80/transfers",
        "https://api.example.evil/transfers",
        "https://api.example@evil.example/transfers",
        "https://user@api.example/transfers",
        "https://evil.example/?https://api.example/transfers",
        " https://api.example/transfers",
        "https://api.example /transfers",
        "https://api\u{2024}example/transfers",
    ] {
        assert!(!same(URI, claim), "{claim}");
    }
    assert!(!same("https://api.example:8443/x", "https://api.example/x"));
    assert!(!same("https://api.example:80/x", "https://api.example/x"));
    assert!(!same("https://api.example:8443/x", "https://api.example:443/x"));
    // PHP escapes a solidus.
    let text = payload().to_string().replace('/', "\\/");
    assert_eq!(verdict(&es256(&header().to_string(), text, &device()), NOW), Ok(()));
}

/// A store that forgets an identifier after `expires_at` forgets no proof that is still accepted.
#[test]
fn the_last_second_of_a_proof_is_told() {
    let verifier = DpopVerifier::new(DpopPolicy::new(60).with_skew(5), &RustCrypto);
    let proof = proof(&header(), &payload());
    let last = |now: u64| {
        let mut proof = proof.clone().into_bytes();
        verifier.verify(&mut proof, &request(), UnixTime(now)).map(|proof| proof.expires_at())
    };
    assert_eq!(last(NOW), Ok(UnixTime(NOW + 65)));
    assert_eq!(last(NOW + 65), Ok(UnixTime(NOW + 65)));
    assert!(last(NOW + 66).is_err());
}

/// A token that is bound to a device's key, and a proof by a key for a token.
fn bound() -> String {
    let keys = keys();
    let minter = TokenMinter::hs256(ISSUER, AUDIENCE, &keys[0], &RustCrypto).unwrap();
    let jkt = Thumbprint::of(&device().public_key(), &RustCrypto).unwrap();
    let mut room = [0; 1024];
    minter.mint(&NewToken::new("device-1", 300).bound_to(jkt), &[1; 16], UnixTime(NOW), &mut room).unwrap().to_owned()
}

fn confirmed(token: &str, proof: &str, names_token: bool) -> Result<String, Error> {
    let keys = keys();
    let tokens = TokenVerifier::new(policy(), &keys, &RustCrypto).unwrap();
    let mut request = request();
    if names_token {
        request = request.with_access_token(token.as_bytes(), &RustCrypto)?;
    }
    let (mut token, mut proof) = (token.as_bytes().to_vec(), proof.as_bytes().to_vec());
    let proof = verifier().verify(&mut proof, &request, UnixTime(NOW))?;
    let token = tokens.verify_bound(&mut token, UnixTime(NOW))?.confirm(&proof)?;
    Ok(token.subject().unwrap().to_string())
}

fn for_token(token: &str) -> Value {
    with(payload(), "ath", json!(b64(sha256(token.as_bytes()))))
}

#[test]
fn a_stolen_token_is_refused_without_its_key() {
    let token = bound();
    let good = proof(&header(), &for_token(&token));
    assert_eq!(confirmed(&token, &good, true).as_deref(), Ok("device-1"));
    assert_eq!(confirmed(&token, &good, false).as_deref(), Ok("device-1"));
    // As a bearer's.
    assert_eq!(crate::common::verdict(policy(), &token, NOW), Err(Error::TokenBound));
    // With a proof by the thief's own key.
    let own = with(header(), "jwk", jwk(&signer().public_key()));
    let thief = es256(&own.to_string(), for_token(&token).to_string(), &signer());
    assert_eq!(confirmed(&token, &thief, true), Err(Error::TokenKeyMismatch));
    // With a proof of the device that was for no token, or another.
    for payload in
        [payload(), for_token("another"), with(payload(), "ath", json!("")), with(payload(), "ath", json!(1))]
    {
        let other = proof(&header(), &payload);
        assert_eq!(confirmed(&token, &other, true), Err(Error::ProofTokenHash), "{payload}");
        assert_eq!(confirmed(&token, &other, false), Err(Error::ProofTokenHash), "{payload}");
    }
}

/// A proof that was verified for one token does not confirm another of the same key.
#[test]
fn a_proof_is_for_one_token() {
    let keys = keys();
    let tokens = TokenVerifier::new(policy(), &keys, &RustCrypto).unwrap();
    let cnf = json!({"jkt": Thumbprint::of(&device().public_key(), &RustCrypto).unwrap().to_string()});
    let (first, mut second) = (bound(), hs256(HS_HEADER, claims_with("cnf", cnf), &SECRET).into_bytes());
    let request = request().with_access_token(first.as_bytes(), &RustCrypto).unwrap();
    let mut proof = proof(&header(), &for_token(&first)).into_bytes();
    let proof = verifier().verify(&mut proof, &request, UnixTime(NOW)).unwrap();
    let confirmed = tokens.verify_bound(&mut second, UnixTime(NOW)).unwrap().confirm(&proof).map(drop);
    assert_eq!(confirmed, Err(Error::ProofTokenHash));
}

#[test]
fn a_proof_needs_a_token_that_is_bound() {
    let token = hs256(HS_HEADER, crate::common::claims().to_string(), &SECRET);
    assert_eq!(confirmed(&token, &proof(&header(), &for_token(&token)), true), Err(Error::TokenUnbound));
    let thumbprint = Thumbprint::of(&device().public_key(), &RustCrypto).unwrap().to_string();
    let key = jwk(&device().public_key());
    for cnf in [
        json!({}),
        json!("x"),
        json!({"jkt": "x"}),
        json!({"jkt": 1}),
        json!({"jkt": format!("{thumbprint}=")}),
        json!({"x5t#S256": thumbprint}),
        json!({"kid": "x"}),
        json!({"jkt": thumbprint, "jwk": key}),
        json!({"jwk": {"kty": "EC"}}),
        json!({"jwk": with(key.clone(), "d", json!(b64([9; 32])))}),
    ] {
        let token = hs256(HS_HEADER, claims_with("cnf", cnf.clone()), &SECRET);
        let confirmed = confirmed(&token, &proof(&header(), &for_token(&token)), true);
        assert_eq!(confirmed, Err(Error::TokenConfirmation), "{cnf}");
    }
    let token = hs256(HS_HEADER, claims_with("cnf", json!({"jwk": key, "other": 1})), &SECRET);
    assert_eq!(confirmed(&token, &proof(&header(), &for_token(&token)), true).as_deref(), Ok("device-1"));
}

/// A signature of another kind, such as an assertion of App Attest, confirms a token as well.
#[test]
fn another_proof_confirms_a_token() {
    let keys = keys();
    let tokens = TokenVerifier::new(policy(), &keys, &RustCrypto).unwrap();
    let jkt = Thumbprint::of(&device().public_key(), &RustCrypto).unwrap();
    let mut token = bound().into_bytes();
    let bound = tokens.verify_bound(&mut token, UnixTime(NOW)).unwrap();
    assert_eq!(bound.thumbprint(), jkt);
    let token = bound.confirm_by_proven_key(&device().public_key(), &RustCrypto).unwrap();
    assert_eq!(token.confirmation(), Some(Ok(Confirmation::Thumbprint(jkt))));
    let mut token = self::bound().into_bytes();
    let bound = tokens.verify_bound(&mut token, UnixTime(NOW)).unwrap();
    let refused = bound.confirm_by_proven_key(&signer().public_key(), &RustCrypto).map(drop);
    assert_eq!(refused, Err(Error::TokenKeyMismatch));
    // What is no good token is none with a proof either.
    let expired = tokens.verify_bound(&mut self::bound().into_bytes(), UnixTime(NOW + 300)).map(drop);
    assert_eq!(expired, Err(Error::TokenExpired));
}

#[test]
fn every_change_of_a_proof_is_refused() {
    let token = proof(&header(), &payload()).into_bytes();
    for length in 0..token.len() {
        assert!(verifier().verify(&mut token[..length].to_vec(), &request(), UnixTime(NOW)).is_err());
    }
    for position in 0..token.len() {
        let mut changed = token.clone();
        changed[position] ^= 1;
        assert!(verifier().verify(&mut changed, &request(), UnixTime(NOW)).is_err(), "{position}");
    }
}
