//! The secret keys of a server.

use core::fmt;

use zeroize::Zeroize as _;

use crate::error::Error;

/// The least length of a key: that of the code (RFC 2104 §3 discourages less).
const LEAST: usize = 32;

/// The greatest length of a key: a block of SHA-256. HMAC would hash a longer one, which adds nothing (RFC 2104 §3).
const GREATEST: usize = 64;

/// The most keys that verify at one time. A rotation needs two; a forged object costs one HMAC for each.
pub const MAX_SESSION_KEYS: usize = 4;

/// A secret key of the server: 32 to 64 random octets, shared by its machines and by nobody else.
///
/// The octets are wiped when the value is dropped. Rust moves values by copying them, and no one wipes the copies: make it
/// where it stays. `Debug` shows no octet.
///
/// One key may serve several purposes, because all that is computed under it starts with a label of its own.
#[derive(Clone)]
pub struct SessionKey {
    octets: [u8; GREATEST],
    length: usize,
}

impl SessionKey {
    /// Takes 32 to 64 octets from a generator of random numbers. A passphrase is no such key.
    ///
    /// # Errors
    ///
    /// [`Error::SessionKeyTooShort`] and [`Error::SessionKeyTooLong`].
    pub fn new(key: &[u8]) -> Result<Self, Error> {
        if key.len() < LEAST {
            return Err(Error::SessionKeyTooShort);
        }
        let mut octets = [0; GREATEST];
        octets.get_mut(..key.len()).ok_or(Error::SessionKeyTooLong)?.copy_from_slice(key);
        Ok(Self { octets, length: key.len() })
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or(&self.octets)
    }
}

impl Drop for SessionKey {
    fn drop(&mut self) {
        self.octets.zeroize();
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionKey").finish_non_exhaustive()
    }
}

/// Checks a list of keys: the first makes, all verify.
pub(super) const fn check_keys(keys: &[SessionKey]) -> Result<(), Error> {
    match keys.len() {
        0 => Err(Error::SessionKeyMissing),
        1..=MAX_SESSION_KEYS => Ok(()),
        _ => Err(Error::SessionKeysTooMany),
    }
}

/// The length of a part, to be written before it: no two lists of parts so written are the same octets.
pub(super) fn length(part: &[u8]) -> [u8; 8] {
    // A length fits on every platform that there is; where it did not, all ones would still differ from every other.
    u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes()
}
