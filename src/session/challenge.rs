//! Challenges that no server has to store: sealed with a key, bound to a session, and dated.
//!
//! A server [`seal`](ChallengeSealer::seal)s a challenge, the client has its platform sign it, and any machine that has the
//! keys [`open`](ChallengeSealer::open)s it again. The form is
//!
//! ```text
//! "gc" ‖ 1 ‖ sealed at, seconds (8) ‖ random (32) ‖ HMAC-SHA256 (32)              75 octets, or 100 characters of base64url
//! HMAC-SHA256(key, label ‖ purpose (2) ‖ the 43 octets before ‖ length of the binding (8) ‖ binding)
//! ```
//!
//! with numbers big-endian. 75 octets stay below the 128 that Android takes as the challenge of a key attestation
//! (`setAttestationChallenge`), and 100 characters lie between the 16 and 500 of a nonce of Play Integrity. As 75 is a multiple of
//! three, the base64url has neither padding nor spare bits, so that there is one text for each challenge and no relay can add
//! a second. Everything before the binding has a fixed length, and the binding's is written before it: no two choices of purpose,
//! time, random octets and binding give HMAC the same input.
//!
//! # Which replays it stops
//!
//! | replay | stopped by |
//! |---|---|
//! | in another session | the code: it covers the binding |
//! | for another purpose, or before another server | the code: it covers the purpose, and other servers have other keys |
//! | after its lifetime | the time in it, which the code covers |
//! | in the same session, for the same purpose, within the lifetime | **nothing here** |
//!
//! The last needs memory. For an assertion of App Attest the counter is one: it rises with every signature, so that the same
//! assertion never counts twice ([`CounterStore`](crate::app_attest::CounterStore)). For an attestation it is the registration,
//! where a key that is known is no new one. For everything else a store keeps the [`id`](OpenedChallenge::id) of each challenge
//! that was spent until [`expires_at`](OpenedChallenge::expires_at) has passed, and takes an identifier once, in one atomic
//! step: of several uses at the same time one wins.
//!
//! ```
//! # #[cfg(feature = "rust-crypto")] {
//! use genuine::{
//!     Error, UnixTime,
//!     crypto::RustCrypto,
//!     session::{
//!         SessionKey,
//!         challenge::{ChallengeSealer, Purpose},
//!     },
//! };
//!
//! # let (new, old, random) = ([1; 32], [2; 32], [3; 32]);
//! // The new key seals; what the old one sealed still opens.
//! let keys = [SessionKey::new(&new)?, SessionKey::new(&old)?];
//! let sealer = ChallengeSealer::new(Purpose::AppAttest, &keys, &RustCrypto)?;
//!
//! let challenge = sealer.seal(b"session 17", &random, UnixTime(1_790_000_000))?;
//! let text = challenge.to_string();
//! // … the client answers …
//! let opened = sealer.open_text(&text, b"session 17", UnixTime(1_790_000_299))?;
//! assert_eq!(opened.expires_at(), UnixTime(1_790_000_300));
//!
//! let late = sealer.open_text(&text, b"session 17", UnixTime(1_790_000_301));
//! assert_eq!(late.unwrap_err(), Error::ChallengeExpired);
//! let elsewhere = sealer.open_text(&text, b"session 18", UnixTime(1_790_000_299));
//! assert_eq!(elsewhere.unwrap_err(), Error::ChallengeForged);
//! # }
//! # Ok::<(), genuine::Error>(())
//! ```

use core::fmt;

use base64ct::{Base64UrlUnpadded, Encoding as _};

use super::{
    jwt::check_random,
    secret::{SessionKey, check_keys, length},
};
use crate::{
    crypto::{Backend, HmacSha256},
    error::Error,
    time::UnixTime,
};

/// What a challenge starts with, and what its last octet counts up with every change of the form.
const VERSION: [u8; 3] = *b"gc\x01";

/// No other code under a session key is over a text with this beginning.
const LABEL: &[u8] = b"genuine sealed challenge 1\n";

/// The octets under the code: version, time and random octets.
const HEAD: usize = 43;

/// The length of a challenge.
const OCTETS: usize = 75;

/// The length of a challenge in base64url.
const TEXT: usize = 100;

/// What a challenge is for. One for one purpose does not open for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Purpose {
    /// An attestation of App Attest.
    AppAttest,
    /// An assertion of App Attest, where a request has a challenge of its own.
    AppAttestAssertion,
    /// A token of Play Integrity, as its nonce.
    PlayIntegrity,
    /// An attestation of an Android key.
    KeyAttestation,
    /// A purpose of the application's own, by a number that the application gives.
    Other(u8),
}

impl Purpose {
    /// What the code covers: a number that stays, and the application's own.
    const fn octets(self) -> [u8; 2] {
        match self {
            Self::AppAttest => [1, 0],
            Self::PlayIntegrity => [2, 0],
            Self::KeyAttestation => [3, 0],
            Self::AppAttestAssertion => [4, 0],
            Self::Other(number) => [255, number],
        }
    }
}

/// Seals challenges for one purpose, and opens them.
#[must_use]
pub struct ChallengeSealer<'a, C: ?Sized> {
    purpose: Purpose,
    keys: &'a [SessionKey],
    lifetime: u64,
    skew: u64,
    crypto: &'a C,
}

impl<C: ?Sized> Clone for ChallengeSealer<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: ?Sized> Copy for ChallengeSealer<'_, C> {}

impl<C: ?Sized> fmt::Debug for ChallengeSealer<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChallengeSealer")
            .field("purpose", &self.purpose)
            .field("keys", &self.keys)
            .field("lifetime", &self.lifetime)
            .field("skew", &self.skew)
            .finish_non_exhaustive()
    }
}

impl<'a, C: HmacSha256 + ?Sized> ChallengeSealer<'a, C> {
    /// The lifetime unless another is given: five minutes.
    pub const LIFETIME: u64 = 300;

    /// Takes the keys: the first seals, and all open.
    ///
    /// To rotate, put the new key second on every machine, then first, and leave the old one out when the lifetime of what it
    /// sealed is over.
    ///
    /// # Errors
    ///
    /// [`Error::SessionKeyMissing`], and [`Error::SessionKeysTooMany`] above
    /// [`MAX_SESSION_KEYS`](super::MAX_SESSION_KEYS).
    pub const fn new(purpose: Purpose, keys: &'a [SessionKey], crypto: &'a C) -> Result<Self, Error> {
        match check_keys(keys) {
            Ok(()) => Ok(Self { purpose, keys, lifetime: Self::LIFETIME, skew: 0, crypto }),
            Err(error) => Err(error),
        }
    }

    /// Lets a challenge live so many seconds, in the place of [`LIFETIME`](Self::LIFETIME). In the last of them it opens still.
    pub const fn with_lifetime(self, seconds: u64) -> Self {
        Self { lifetime: seconds, ..self }
    }

    /// Opens a challenge that was sealed up to so many seconds later than it is now, in the place of none: for machines whose
    /// clocks differ. By the clock of the machine that opens, a challenge may then live so much longer.
    pub const fn allow_skew(self, seconds: u64) -> Self {
        Self { skew: seconds, ..self }
    }

    /// Seals a challenge.
    ///
    /// `binding` is what it shall be good for alone, in a form that has one meaning: the identifier of a session, or several
    /// things behind their lengths. Whoever has no session binds to a constant, and knows that any client may then use the challenge
    /// of any other. `random` comes fresh from a generator of random numbers: two challenges of one second, binding and
    /// `random` are one challenge.
    ///
    /// # Errors
    ///
    /// [`Error::ClockUnset`], [`Error::ChallengeBindingEmpty`], [`Error::RandomTooShort`] if the random octets are all zeros, and
    /// [`Error::CryptoUnavailable`].
    pub fn seal(&self, binding: &[u8], random: &[u8; 32], now: UnixTime) -> Result<SealedChallenge, Error> {
        check_call(binding, now)?;
        check_random(random, random.len())?;
        let (key, _) = self.keys.split_first().ok_or(Error::SessionKeyMissing)?;
        let head = Head { sealed_at: now.0.to_be_bytes(), random };
        let code = Backend::new(self.crypto)
            .hmac_sha256::<Error>(key.as_bytes(), &head.parts(&self.purpose.octets(), &length(binding), binding))?;
        let mut octets = [0; OCTETS];
        let parts = VERSION.iter().chain(&head.sealed_at).chain(random).chain(&code);
        octets.iter_mut().zip(parts).for_each(|(place, octet)| *place = *octet);
        Ok(SealedChallenge(octets))
    }

    /// Opens a challenge that came back as octets.
    ///
    /// # Errors
    ///
    /// In this order: [`Error::ClockUnset`] and [`Error::ChallengeBindingEmpty`]; [`Error::ChallengeForm`];
    /// [`Error::ChallengeForged`] if no key sealed it for this purpose and binding, one code for all of that, so that nobody
    /// learns which; [`Error::ChallengeFromFuture`]; [`Error::ChallengeExpired`] if more seconds have passed than it may
    /// live: of a lifetime of 300, after 299 and 300 it opens, after 301 it does not. [`Error::CryptoUnavailable`] if the backend
    /// cannot compute.
    pub fn open(&self, challenge: &[u8], binding: &[u8], now: UnixTime) -> Result<OpenedChallenge, Error> {
        check_call(binding, now)?;
        let (head, id) = read(challenge).ok_or(Error::ChallengeForm)?;
        self.authenticate(&head, binding, id)?;
        let sealed_at = u64::from_be_bytes(head.sealed_at);
        if sealed_at > now.0.saturating_add(self.skew) {
            return Err(Error::ChallengeFromFuture);
        }
        if now.0.saturating_sub(sealed_at) > self.lifetime {
            return Err(Error::ChallengeExpired);
        }
        Ok(OpenedChallenge {
            id: *id,
            sealed_at: UnixTime(sealed_at),
            expires_at: UnixTime(sealed_at.saturating_add(self.lifetime)),
        })
    }

    /// Opens a challenge that came back as base64url, without padding.
    ///
    /// # Errors
    ///
    /// As for [`open`](Self::open).
    pub fn open_text(&self, challenge: &str, binding: &[u8], now: UnixTime) -> Result<OpenedChallenge, Error> {
        check_call(binding, now)?;
        let mut octets = [0; OCTETS];
        if challenge.len() != TEXT || Base64UrlUnpadded::decode(challenge, &mut octets).is_err() {
            return Err(Error::ChallengeForm);
        }
        self.open(&octets, binding, now)
    }

    /// Whether one of the keys sealed it. Which of them did is no secret, so that the first that fits ends the search.
    fn authenticate(&self, head: &Head<'_>, binding: &[u8], code: &[u8; 32]) -> Result<(), Error> {
        let (purpose, length) = (self.purpose.octets(), length(binding));
        let parts = head.parts(&purpose, &length, binding);
        for key in self.keys {
            match Backend::new(self.crypto).expect_hmac_sha256(key.as_bytes(), &parts, code, Error::ChallengeForged) {
                Err(Error::ChallengeForged) => {}
                answer => return answer,
            }
        }
        Err(Error::ChallengeForged)
    }
}

/// What the caller gives beside the challenge.
const fn check_call(binding: &[u8], now: UnixTime) -> Result<(), Error> {
    match (now, binding) {
        (UnixTime(0), _) => Err(Error::ClockUnset),
        (_, []) => Err(Error::ChallengeBindingEmpty),
        _ => Ok(()),
    }
}

/// What stands before the code, without the version.
struct Head<'c> {
    sealed_at: [u8; 8],
    random: &'c [u8; 32],
}

impl Head<'_> {
    /// What the code is over.
    fn parts<'p>(&'p self, purpose: &'p [u8; 2], length: &'p [u8; 8], binding: &'p [u8]) -> [&'p [u8]; 7] {
        [LABEL, purpose, &VERSION, &self.sealed_at, self.random, length, binding]
    }
}

/// The parts of a challenge: what stands before the code, and the code.
fn read(challenge: &[u8]) -> Option<(Head<'_>, &[u8; 32])> {
    let (head, code) = challenge.split_at_checked(HEAD)?;
    let rest = head.strip_prefix(&VERSION)?;
    let (sealed_at, random) = rest.split_first_chunk()?;
    Some((Head { sealed_at: *sealed_at, random: random.try_into().ok()? }, code.try_into().ok()?))
}

/// A challenge as the client gets it. It is no secret.
///
/// `Display` is its base64url, the form for JSON and for the nonce of Play Integrity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub struct SealedChallenge([u8; OCTETS]);

impl SealedChallenge {
    /// How many octets it has.
    pub const LEN: usize = OCTETS;

    /// How many characters its base64url has.
    pub const TEXT_LEN: usize = TEXT;

    /// The octets.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; OCTETS] {
        &self.0
    }

    /// Writes the base64url into this room, and returns it.
    pub fn write_text<'t>(&self, text: &'t mut [u8; TEXT]) -> &'t str {
        Base64UrlUnpadded::encode(&self.0, text).unwrap_or_default()
    }
}

impl fmt::Display for SealedChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.write_text(&mut [0; TEXT]))
    }
}

/// A challenge that was sealed here, for this purpose and binding, and still lives.
///
/// That nobody has used it before is not part of the proof: see [the module](self#which-replays-it-stops).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a challenge that is opened may have been used before: store its identifier, or rely on a counter"]
pub struct OpenedChallenge {
    id: [u8; 32],
    sealed_at: UnixTime,
    expires_at: UnixTime,
}

impl OpenedChallenge {
    /// What a store of spent challenges remembers: different for every challenge, and the same whenever it is opened.
    #[must_use]
    pub const fn id(&self) -> &[u8; 32] {
        &self.id
    }

    /// When it was sealed.
    #[must_use]
    pub const fn sealed_at(&self) -> UnixTime {
        self.sealed_at
    }

    /// The last second in which it opens. A store of spent challenges may forget it afterwards, by the slowest clock of all
    /// machines.
    #[must_use]
    pub const fn expires_at(&self) -> UnixTime {
        self.expires_at
    }
}
