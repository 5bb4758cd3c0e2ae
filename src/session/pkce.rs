//! PKCE with S256: a code counts only for whoever asked for it (RFC 7636).
//!
//! The client sends a [`CodeChallenge`] with its authorization request, and the code verifier behind it with the code. A
//! server keeps the challenge with the code and [`verify`](CodeChallenge::verify)s. The method `plain`, whose challenge is the
//! verifier itself, is not here: who reads the first request could redeem the code (RFC 7636 §7.2). A request that says nothing
//! of a method means `plain` (§4.3), and is refused.
//!
//! The values of RFC 7636 Appendix B:
//!
//! ```
//! # #[cfg(feature = "rust-crypto")] {
//! use genuine::{Error, crypto::RustCrypto, session::pkce::CodeChallenge};
//!
//! let challenge = CodeChallenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")?;
//! challenge.verify("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", &RustCrypto)?;
//!
//! let another = challenge.verify("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXK", &RustCrypto);
//! assert_eq!(another, Err(Error::PkceMismatch));
//! # }
//! # Ok::<(), genuine::Error>(())
//! ```

use core::fmt;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use subtle::ConstantTimeEq as _;

use crate::{
    crypto::{Backend, Sha256},
    error::Error,
};

/// The fewest and the most characters of a code verifier (RFC 7636 §4.1).
const LEAST_VERIFIER: usize = 43;
const MAX_VERIFIER: usize = 128;

/// The length of a code challenge.
const TEXT: usize = 43;

/// A code challenge: the SHA-256 of a code verifier (RFC 7636 §4.2).
///
/// `Display` is its base64url, the form of the parameter `code_challenge`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CodeChallenge([u8; 32]);

impl CodeChallenge {
    /// Reads the parameter `code_challenge` of a request whose `code_challenge_method` is `S256`.
    ///
    /// # Errors
    ///
    /// [`Error::PkceChallengeForm`] unless it is the base64url of 32 octets, without padding.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut octets = [0; 32];
        if text.len() != TEXT || Base64UrlUnpadded::decode(text, &mut octets).is_err() {
            return Err(Error::PkceChallengeForm);
        }
        Ok(Self(octets))
    }

    /// The code challenge of a code verifier, for a client.
    ///
    /// # Errors
    ///
    /// [`Error::PkceVerifierForm`] unless the verifier is 43 to 128 letters, digits, `-`, `.`, `_` and `~`, which come from 32
    /// random octets in base64url at least (RFC 7636 §4.1); [`Error::CryptoUnavailable`].
    pub fn of<C: Sha256 + ?Sized>(code_verifier: &str, crypto: &C) -> Result<Self, Error> {
        let is_unreserved = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~');
        let fits = (LEAST_VERIFIER..=MAX_VERIFIER).contains(&code_verifier.len());
        if !fits || !code_verifier.bytes().all(is_unreserved) {
            return Err(Error::PkceVerifierForm);
        }
        Backend::new(crypto).sha256(&[code_verifier.as_bytes()]).map(Self)
    }

    /// Whether this is the challenge of the code verifier (RFC 7636 §4.6), compared in constant time.
    ///
    /// # Errors
    ///
    /// [`Error::PkceVerifierForm`] and [`Error::CryptoUnavailable`] as for [`of`](Self::of), and [`Error::PkceMismatch`].
    pub fn verify<C: Sha256 + ?Sized>(&self, code_verifier: &str, crypto: &C) -> Result<(), Error> {
        let computed = Self::of(code_verifier, crypto)?;
        if bool::from(computed.0.ct_eq(&self.0)) { Ok(()) } else { Err(Error::PkceMismatch) }
    }
}

impl fmt::Display for CodeChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Base64UrlUnpadded::encode(&self.0, &mut [0; TEXT]).unwrap_or_default())
    }
}
