//! PKCE: RFC 7636, its vector, and its edges.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use genuine::{Class, Error, crypto::RustCrypto, session::pkce::CodeChallenge};
use proptest::prelude::*;

use crate::Broken;

/// RFC 7636 Appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn challenge() -> CodeChallenge {
    CodeChallenge::parse(CHALLENGE).unwrap()
}

#[test]
fn the_vector_of_appendix_b() {
    assert_eq!(challenge().verify(VERIFIER, &RustCrypto), Ok(()));
    assert_eq!(CodeChallenge::of(VERIFIER, &RustCrypto), Ok(challenge()));
    assert_eq!(challenge().to_string(), CHALLENGE);
}

#[test]
fn another_verifier_is_refused() {
    for at in 0..VERIFIER.len() {
        let mut other = VERIFIER.to_owned().into_bytes();
        other[at] = if other[at] == b'a' { b'b' } else { b'a' };
        let other = String::from_utf8(other).unwrap();
        assert_eq!(challenge().verify(&other, &RustCrypto), Err(Error::PkceMismatch), "{other}");
    }
    // Another challenge, in whichever bit.
    let octets = URL_SAFE_NO_PAD.decode(CHALLENGE).unwrap();
    for bit in 0..256 {
        let mut other = octets.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        let other = CodeChallenge::parse(&URL_SAFE_NO_PAD.encode(other)).unwrap();
        assert_eq!(other.verify(VERIFIER, &RustCrypto), Err(Error::PkceMismatch), "bit {bit}");
    }
    // The method `plain`: a challenge that is the verifier.
    let plain = CodeChallenge::parse(VERIFIER).unwrap();
    assert_eq!(plain.verify(VERIFIER, &RustCrypto), Err(Error::PkceMismatch));
    assert_eq!(Error::PkceMismatch.class(), Class::Rejected);
}

#[test]
fn the_length_of_a_verifier() {
    for (length, fits) in [(0, false), (42, false), (43, true), (44, true), (127, true), (128, true), (129, false)] {
        let verifier = "v".repeat(length);
        let of = CodeChallenge::of(&verifier, &RustCrypto);
        assert_eq!(of.is_ok(), fits, "{length}");
        let expected = if fits { Error::PkceMismatch } else { Error::PkceVerifierForm };
        assert_eq!(challenge().verify(&verifier, &RustCrypto), Err(expected), "{length}");
    }
}

#[test]
fn the_characters_of_a_verifier() {
    let unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for character in (0..=0xFF).map(char::from) {
        for verifier in [format!("{character}{}", "v".repeat(50)), format!("{}{character}", "v".repeat(50))] {
            let of = CodeChallenge::of(&verifier, &RustCrypto);
            assert_eq!(of.is_ok(), unreserved.contains(character), "{verifier:?}");
        }
    }
}

#[test]
fn the_form_of_a_challenge() {
    let refused = |text: &str| assert_eq!(CodeChallenge::parse(text), Err(Error::PkceChallengeForm), "{text:?}");
    for length in 0..CHALLENGE.len() {
        refused(&CHALLENGE[..length]);
    }
    refused(&format!("{CHALLENGE}="));
    refused(&format!("{CHALLENGE}A"));
    refused(&CHALLENGE.replace('-', "+"));
    refused(&CHALLENGE.replace('E', "é"));
    refused(&CHALLENGE.replace('E', "."));
    // The last character has two spare bits: `M` is 0b001100, and these have the same octets.
    for spare in ["N", "O", "P"] {
        refused(&CHALLENGE.replace("cM", &format!("c{spare}")));
    }
}

#[test]
fn a_backend_that_cannot_hash_refuses_nobody() {
    assert_eq!(challenge().verify(VERIFIER, &Broken), Err(Error::CryptoUnavailable));
    assert_eq!(challenge().verify("short", &Broken), Err(Error::PkceVerifierForm));
}

proptest! {
    /// Against `ring` and another base64.
    #[test]
    fn a_challenge_is_the_sha_256_of_its_verifier(verifier in "[A-Za-z0-9._~-]{43,128}") {
        let digest = ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes());
        let challenge = CodeChallenge::parse(&URL_SAFE_NO_PAD.encode(digest)).unwrap();
        prop_assert_eq!(challenge.verify(&verifier, &RustCrypto), Ok(()));
    }
}
