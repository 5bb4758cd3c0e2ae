//! What a caller can get wrong, and what is never shown.

use genuine::{
    Class, Error, UnixTime,
    crypto::{PublicKey, RustCrypto, SignP256 as _},
    session::{
        client_attestation::{ClientAttestationPolicy, ClientAttestationVerifier},
        dpop::{DpopPolicy, DpopVerifier, ProofRequest},
        jwk::Thumbprint,
        token::{ClaimValue, NewToken, TokenKey, TokenMinter, TokenPolicy, TokenVerifier, WrongSecret},
    },
};

use crate::common::{AUDIENCE, ISSUER, NOW, SECRET, keys, policy, signer, verdict};

fn made(policy: TokenPolicy<'_>, keys: &[TokenKey<'_>]) -> Result<(), Error> {
    TokenVerifier::new(policy, keys, &RustCrypto).map(drop)
}

#[test]
fn secrets_have_32_to_64_octets() {
    for length in 0..=100 {
        let key = TokenKey::hs256("h", &vec![1; length]).map(drop);
        let expected = if (32..=64).contains(&length) { Ok(()) } else { Err(Error::ConfigSecretLength) };
        assert_eq!(key, expected, "{length}");
    }
}

#[test]
fn verifiers_are_checked_when_they_are_made() {
    let [hs256, es256] = keys();
    assert_eq!(made(policy(), &[]), Err(Error::ConfigNoTokenKey));
    let twice = [hs256, es256, TokenKey::es256("h", signer().public_key())];
    assert_eq!(made(policy(), &twice), Err(Error::ConfigDuplicateTokenKey));
    for invalid in [[0; 64], [0xFF; 64], [1; 64]] {
        assert_eq!(made(policy(), &[TokenKey::es256("e", PublicKey(invalid))]), Err(Error::PublicKeyInvalid));
    }
    let keys = keys();
    for policy in [TokenPolicy::new("", AUDIENCE), TokenPolicy::new(ISSUER, ""), policy().with_type("")] {
        assert_eq!(made(policy, &keys), Err(Error::ConfigTokenPolicy));
    }
    let attestations = |audience, keys: &[TokenKey<'_>]| {
        ClientAttestationVerifier::new(ClientAttestationPolicy::new(60), audience, keys, &RustCrypto).map(drop)
    };
    assert_eq!(attestations("", &keys), Err(Error::ConfigTokenPolicy));
    assert_eq!(attestations(AUDIENCE, &[]), Err(Error::ConfigNoTokenKey));
    assert_eq!(attestations(AUDIENCE, &twice), Err(Error::ConfigDuplicateTokenKey));
    assert_eq!(attestations(AUDIENCE, &[TokenKey::es256("e", PublicKey([1; 64]))]), Err(Error::PublicKeyInvalid));
}

#[test]
fn minters_are_checked_when_they_are_made() {
    let keys = keys();
    let made = |issuer, audience, key| TokenMinter::hs256(issuer, audience, key, &RustCrypto).map(drop);
    assert_eq!(made("", AUDIENCE, &keys[0]), Err(Error::ConfigTokenPolicy));
    assert_eq!(made(ISSUER, "", &keys[0]), Err(Error::ConfigTokenPolicy));
    assert_eq!(made(ISSUER, AUDIENCE, &keys[1]), Err(Error::ConfigKeyKind));
    let signer = signer();
    assert_eq!(TokenMinter::es256("", AUDIENCE, "e", &signer, &RustCrypto).map(drop), Err(Error::ConfigTokenPolicy));
}

#[test]
fn minting_says_what_it_lacks() {
    let keys = keys();
    let minter = TokenMinter::hs256(ISSUER, AUDIENCE, &keys[0], &RustCrypto).unwrap();
    let token = NewToken::new("device-1", 300);
    let mint = |token: &NewToken<'_>, random: &[u8], now| {
        minter.mint(token, random, UnixTime(now), &mut [0; 1024]).map(str::to_owned)
    };
    assert!(mint(&token, &[1; 16], NOW).is_ok());
    assert_eq!(mint(&token, &[1; 15], NOW), Err(Error::RandomTooShort));
    assert_eq!(mint(&token, &[0; 16], NOW), Err(Error::RandomTooShort));
    assert_eq!(mint(&token, &[], NOW), Err(Error::RandomTooShort));
    assert_eq!(mint(&token, &[1; 16], 0), Err(Error::ClockUnset));
    for name in ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cnf", "platform", "environment", "verdict"] {
        let claims = [(name, ClaimValue::Boolean(true))];
        assert_eq!(mint(&token.with_claims(&claims), &[1; 16], NOW), Err(Error::ConfigClaimName), "{name}");
    }
    let claims = [("x", ClaimValue::Integer(1)), ("y", ClaimValue::Integer(1)), ("x", ClaimValue::Integer(2))];
    assert_eq!(mint(&token.with_claims(&claims), &[1; 16], NOW), Err(Error::ConfigClaimName));
}

/// In a room that is too small nothing is minted, however small it is; in one that fits, the text.
#[test]
fn rooms_are_measured() {
    let (keys, signer) = (keys(), signer());
    let minters = [
        TokenMinter::hs256(ISSUER, AUDIENCE, &keys[0], &RustCrypto).unwrap(),
        TokenMinter::es256(ISSUER, AUDIENCE, "e", &signer, &RustCrypto).unwrap(),
    ];
    for minter in minters {
        let mint = |length: usize| {
            let mut room = vec![0; length];
            minter.mint(&NewToken::new("device-1", 300), &[1; 16], UnixTime(NOW), &mut room).map(str::to_owned)
        };
        let token = mint(1024).unwrap();
        assert_eq!(mint(token.len()), Ok(token.clone()));
        for length in 0..token.len() {
            assert_eq!(mint(length), Err(Error::RoomTooSmall), "{length}");
        }
        assert_eq!(Error::RoomTooSmall.class(), Class::Unavailable);
    }
}

/// R63: of one shape and length, and no verifier accepts it.
#[test]
fn decoys_look_the_same_and_are_refused() {
    let keys = keys();
    let minter = TokenMinter::hs256(ISSUER, AUDIENCE, &keys[0], &RustCrypto).unwrap();
    let token = NewToken::new("device-1", 300).with_verdict("VERIFIED");
    let (mut room, mut other) = ([0; 1024], [0; 1024]);
    let good = minter.mint(&token, &[1; 16], UnixTime(NOW), &mut room).unwrap();
    let wrong = WrongSecret::from_random(&[3; 32]).unwrap();
    let decoy = minter.mint_with_wrong_secret(&wrong, &token, &[1; 16], UnixTime(NOW), &mut other).unwrap();
    let decoy_text = decoy.as_text_that_no_verifier_accepts();
    assert_eq!(good.len(), decoy_text.len());
    assert_eq!(good.rsplit_once('.').unwrap().0, decoy_text.rsplit_once('.').unwrap().0);
    assert_eq!(verdict(policy(), good, NOW), Ok(()));
    assert_eq!(verdict(policy(), decoy_text, NOW), Err(Error::TokenForged));
    assert_eq!(format!("{decoy:?} {wrong:?}"), "DecoyToken { .. } WrongSecret { .. }");
    // The true secret, by mistake.
    let right = WrongSecret::from_random(&SECRET).unwrap();
    let minted = minter.mint_with_wrong_secret(&right, &token, &[1; 16], UnixTime(NOW), &mut other).map(drop);
    assert_eq!(minted, Err(Error::RandomTooShort));
    // No octets from a generator, and a signature that everybody can verify.
    assert_eq!(WrongSecret::from_random(&[0; 32]).map(drop), Err(Error::RandomTooShort));
    let signer = signer();
    let minter = TokenMinter::es256(ISSUER, AUDIENCE, "e", &signer, &RustCrypto).unwrap();
    let minted = minter.mint_with_wrong_secret(&wrong, &token, &[1; 16], UnixTime(NOW), &mut other).map(drop);
    assert_eq!(minted, Err(Error::ConfigKeyKind));
}

#[test]
fn types_are_minted() {
    let keys = keys();
    let minter = TokenMinter::hs256(ISSUER, AUDIENCE, &keys[0], &RustCrypto).unwrap().with_type("at+jwt");
    let mut room = [0; 1024];
    let token = minter.mint(&NewToken::new("device-1", 300), &[1; 16], UnixTime(NOW), &mut room).unwrap();
    assert_eq!(verdict(policy(), token, NOW), Err(Error::TokenType));
    assert_eq!(verdict(policy().with_type("at+jwt"), token, NOW), Ok(()));
}

#[test]
fn debug_shows_no_secret() {
    let keys = keys();
    let secret = format!("{:?}", &SECRET[..4]);
    let secret = secret.trim_matches(['[', ']']);
    let verifier = TokenVerifier::new(policy(), &keys, &RustCrypto).unwrap();
    let minter = TokenMinter::hs256(ISSUER, AUDIENCE, &keys[0], &RustCrypto).unwrap();
    let proofs = DpopVerifier::new(DpopPolicy::new(60), &RustCrypto);
    let attestations =
        ClientAttestationVerifier::new(ClientAttestationPolicy::new(60), AUDIENCE, &keys, &RustCrypto).unwrap();
    let shown = format!("{:?} {verifier:?} {minter:?} {proofs:?} {attestations:?}", keys[0]);
    assert!(shown.starts_with("TokenKey { kid: \"h\", alg: \"HS256\", .. } TokenVerifier"), "{shown}");
    assert!(!shown.contains(secret) && !shown.contains("thirty"), "{shown}");
    // They are values that a service copies.
    let (verifier_2, minter_2, proofs_2, attestations_2) = (verifier, minter, proofs, attestations);
    let copies = format!("{:?} {:?} {:?} {:?}", { verifier_2 }, { minter_2 }, { proofs_2 }, { attestations_2 });
    assert!(copies.contains("TokenMinter { issuer: "), "{copies}");
    assert_eq!((keys[0].kid(), keys[0].algorithm(), keys[0].public_key()), ("h", "HS256", None));
    assert_eq!((keys[1].algorithm(), keys[1].public_key()), ("ES256", Some(&signer().public_key())));
}

#[test]
fn target_uris_are_absolute() {
    let made = |uri| ProofRequest::new("GET", uri).map(drop);
    for uri in ["https://a.example", "HTTP://a.example/x?y#z", "https://[::1]:8443/x", "http://a.example:80"] {
        assert_eq!(made(uri), Ok(()), "{uri}");
    }
    for uri in [
        "",
        "/x",
        "a.example/x",
        "https://",
        "https:///x",
        "ftp://a.example",
        "https://u@a.example/",
        "https://a b/",
        "https://a.example:443x/y",
        "https://a\\b.example/y",
    ] {
        assert_eq!(made(uri), Err(Error::ConfigTargetUri), "{uri}");
    }
}

#[test]
fn thumbprints_have_one_text() {
    let thumbprint = Thumbprint([0xA5; 32]);
    let text = thumbprint.to_string();
    assert_eq!((text.len(), Thumbprint::from_base64url(&text)), (43, Some(thumbprint)));
    for other in ["", &text[1..], &format!("{text}="), &text.replace('p', "+")] {
        assert_eq!(Thumbprint::from_base64url(other), None, "{other}");
    }
}

/// A minter makes nothing that a verifier refuses for its length.
#[test]
fn tokens_have_at_most_4096_octets() {
    let keys = keys();
    let minter = TokenMinter::hs256(ISSUER, AUDIENCE, &keys[0], &RustCrypto).unwrap();
    let mint = |octets: usize| {
        let text = "x".repeat(octets);
        let others = [("x", ClaimValue::Text(&text))];
        let mut room = [0; 8192];
        let token = NewToken::new("device-1", 300).with_claims(&others);
        minter.mint(&token, &[1; 16], UnixTime(NOW), &mut room).map(str::len)
    };
    let first_refused = (2000..4000).find(|octets| mint(*octets).is_err()).unwrap();
    assert_eq!(mint(first_refused), Err(Error::RoomTooSmall));
    assert!((4095..=4096).contains(&mint(first_refused - 1).unwrap()));
}
