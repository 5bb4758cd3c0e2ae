//! Proof Key for Code Exchange (RFC 7636), by S256 alone: `plain` shows the verifier to whoever sees the request.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::refusal::Refusal;

/// The one method.
pub(super) const METHOD: &str = "S256";
/// How long a verifier is (§4.1).
const LENGTHS: std::ops::RangeInclusive<usize> = 43..=128;

/// The challenge of a verifier (§4.2).
pub(super) fn challenge(verifier: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// Whether this is a challenge at all: the hash of something, in base64url.
pub(super) fn is_challenge(text: &str) -> bool {
    BASE64_URL_SAFE_NO_PAD.decode(text).is_ok_and(|hash| hash.len() == 32)
}

/// Whether this has the form of a verifier.
pub(super) fn is_verifier(text: &str) -> bool {
    let is_unreserved = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~');
    LENGTHS.contains(&text.len()) && text.bytes().all(is_unreserved)
}

/// Whether whoever has this verifier made that challenge (§4.6). How long it takes does not depend on where they differ.
pub(super) fn matches(verifier: &str, of: &str) -> bool {
    challenge(verifier).as_bytes().ct_eq(of.as_bytes()).into()
}

/// A verifier of the gateway's own: 32 random octets.
pub(super) fn verifier() -> Result<String, Refusal> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|_| Refusal::Internal)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(random))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn r87_the_vector_of_the_rfc() {
        assert_eq!(challenge(VERIFIER), CHALLENGE);
        assert!(is_verifier(VERIFIER) && is_challenge(CHALLENGE) && matches(VERIFIER, CHALLENGE));
        assert!(!matches(VERIFIER, VERIFIER), "plain");
        assert!(!matches(&VERIFIER.to_lowercase(), CHALLENGE));
    }

    #[test]
    fn r87_a_verifier_has_its_length_and_its_letters() {
        for (text, expected) in [
            ("a".repeat(42), false),
            ("a".repeat(43), true),
            ("a".repeat(128), true),
            ("a".repeat(129), false),
            (format!("{}-._~", "a".repeat(40)), true),
            (format!("{}+", "a".repeat(43)), false),
        ] {
            assert_eq!(is_verifier(&text), expected, "{text}");
        }
        for text in ["", "AAAA", &CHALLENGE[1..], &format!("{CHALLENGE}="), &"+".repeat(43)] {
            assert!(!is_challenge(text), "{text}");
        }
    }

    #[test]
    fn two_verifiers_differ() {
        let [one, other] = [verifier().unwrap(), verifier().unwrap()];
        assert!(one != other && is_verifier(&one));
    }
}
