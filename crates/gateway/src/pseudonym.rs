//! What the log and traces call a device: the same name each time, which leads nobody to its key who has them alone.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine::app_attest::KeyId;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// How many octets of the HMAC make a pseudonym: two devices of a million have the same one with a probability of 2^-57.
const OCTETS: usize = 12;
/// What HMAC-SHA256 takes without hashing it first (RFC 2104 §2): a shorter key is filled up with zeros.
const BLOCK: usize = 64;

/// Gives devices their pseudonyms, under a key of its own.
#[derive(Clone)]
pub struct Pseudonyms(Hmac<Sha256>);

impl Pseudonyms {
    /// Under this secret, of up to 64 octets: all gateways that have it give a device the same pseudonym.
    #[must_use]
    pub fn keyed(secret: &[u8]) -> Self {
        let mut block = Zeroizing::new([0; BLOCK]);
        block.iter_mut().zip(secret).for_each(|(place, octet)| *place = *octet);
        Self(Hmac::new((&*block).into()))
    }

    /// Under a secret of this process: pseudonyms are other ones after its end, and in every other process.
    ///
    /// # Errors
    ///
    /// If the system has no randomness.
    pub fn of_this_process() -> Result<Self, getrandom::Error> {
        let mut secret = Zeroizing::new([0; 32]);
        getrandom::fill(&mut secret[..])?;
        Ok(Self::keyed(&secret[..]))
    }

    /// The pseudonym of a device: 16 characters of base64url.
    #[must_use]
    pub fn of(&self, KeyId(key): KeyId) -> String {
        let mut hmac = self.0.clone();
        hmac.update(&key);
        BASE64_URL_SAFE_NO_PAD.encode(&hmac.finalize().into_bytes()[..OCTETS])
    }
}

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}
