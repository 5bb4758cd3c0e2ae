//! The two degrees of trust: what Google said, and what the policy makes of it.

use super::{
    binding::{Binding, Kind},
    payload::Payload,
    policy::Policy,
    remediation::Dialog,
};
use crate::{UnixMillis, error::Error};

/// What Google said about some app and some device at some time. Authentic, and not accepted.
///
/// It may be about another request, an app of somebody else, or a phone that nobody should trust: [`accept`](Self::accept) decides.
#[derive(Clone, Copy, Debug)]
#[must_use = "a payload that Google made is not accepted: call `accept`"]
pub struct AuthenticPayload<'a, 'i> {
    pub(super) policy: &'a Policy<'a>,
    pub(super) payload: Payload<'i>,
    pub(super) key_index: Option<usize>,
    /// SHA-256 of the token, where it is a standard one.
    pub(super) token_hash: Option<[u8; 32]>,
}

impl<'i> AuthenticPayload<'_, 'i> {
    /// Applies the policy: the requesting package, the binding, the age, test responses, the app, the device, the licence, the
    /// signals, in this order.
    ///
    /// # Errors
    ///
    /// One code for each reason, of the steps from [`RequestPackage`](super::Step::RequestPackage) on;
    /// [`Error::PlayMemberMissing`] for a payload that says neither who asked nor when; [`Error::ClockUnset`] for a time of zero.
    pub fn accept<'b>(&self, binding: Binding<'b>, now: UnixMillis) -> Result<VerifiedIntegrity<'b>, Error>
    where
        'i: 'b,
    {
        let timestamp = self.policy.check(&self.payload, binding, now)?;
        let single_use = match (binding.kind(), self.token_hash) {
            (Kind::Nonce(octets), _) => SingleUse::Nonce(octets),
            (Kind::RequestHash(_), Some(hash)) => SingleUse::Token(hash),
            // Opened here, so that it is a classic token, which nothing but a nonce identifies.
            (Kind::RequestHash(_), None) => return Err(Error::PlayNonceMissing),
        };
        let expires_at = UnixMillis(timestamp.0.saturating_add(self.policy.life()));
        Ok(VerifiedIntegrity { payload: self.payload, timestamp, expires_at, key_index: self.key_index, single_use })
    }

    /// What Google said, for a log or a count of reasons. Nothing here says whose request it is.
    #[must_use]
    pub const fn unaccepted_payload(&self) -> &Payload<'i> {
        &self.payload
    }

    /// The dialog that could help the user, if one could.
    #[must_use]
    pub fn remediation(&self) -> Option<Dialog> {
        Dialog::of(&self.payload)
    }
}

/// The proof that Google vouches for this app on this device, for this request. Only [`AuthenticPayload::accept`] makes one.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct VerifiedIntegrity<'i> {
    payload: Payload<'i>,
    timestamp: UnixMillis,
    expires_at: UnixMillis,
    key_index: Option<usize>,
    single_use: SingleUse<'i>,
}

/// What identifies a token, to be remembered until [`VerifiedIntegrity::expires_at`]: the store of the caller takes each once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SingleUse<'i> {
    /// The octets of the nonce, of a classic request.
    ///
    /// Not the text of the token: whoever has the decryption key can make others of it that hold the same payload.
    Nonce(&'i [u8]),
    /// SHA-256 of the text of a standard token, in which nothing is the caller's nonce.
    Token([u8; 32]),
}

impl<'i> VerifiedIntegrity<'i> {
    /// Everything that Google said.
    #[must_use]
    pub const fn payload(&self) -> &Payload<'i> {
        &self.payload
    }

    /// When the token was made.
    #[must_use]
    pub const fn timestamp(&self) -> UnixMillis {
        self.timestamp
    }

    /// The last millisecond in which the policy accepts this token: for so long the store remembers what identifies it.
    #[must_use]
    pub const fn expires_at(&self) -> UnixMillis {
        self.expires_at
    }

    /// The position of the pair of keys that opened the token; `None` if Google's server did.
    #[must_use]
    pub const fn key_index(&self) -> Option<usize> {
        self.key_index
    }

    /// What identifies the token, so that it is used once.
    #[must_use]
    pub const fn single_use(&self) -> SingleUse<'i> {
        self.single_use
    }

    /// The dialog that would better the verdicts, although they were accepted, if one could.
    #[must_use]
    pub fn remediation(&self) -> Option<Dialog> {
        Dialog::of(&self.payload)
    }
}
