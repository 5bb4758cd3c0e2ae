//! Apple App Attest: attestations, and the assertions that an attested key signs.
//!
//! The steps named `A1` … `A9` and `B1` … `B6` are those of Apple's *Validating apps that connect to your server*:
//! "Verify the attestation" and "Verify the assertion".

mod app;
mod assertion;
mod attestation;
mod auth_data;
mod batch;
mod counter;
mod device;
mod envelope;
mod key;
mod launch;
mod policy;
mod prepared;
mod root;
mod store;
mod system;
mod window;

pub use app::{AppIdHash, Environment};
pub use assertion::{Assertion, AssertionVerifier, AuthenticAssertion, MAX_ASSERTION, VerifiedAssertion};
pub use attestation::{AttestationObject, AttestationVerifier, MAX_ATTESTATION, Receipt, VerifiedAttestation};
pub use auth_data::{AttestedCredential, AuthenticatorData};
pub use batch::{AssertionKey, AssertionRequest};
pub use counter::{Counter, Refusal};
pub use device::{DeviceInfo, MACOS_ACCESS_CONTROL};
pub use key::{AttestedKey, KeyId};
pub use launch::{LaunchData, ValidationCategory};
pub use policy::Policy;
pub use prepared::PreparedKey;
pub use root::APPLE_APP_ATTEST_ROOT;
pub use store::{Advance, AdvanceError, CounterStore};
pub use system::{OsBuild, OsVersion, Platform};
pub use window::ReplayWindow;

use crate::error::Error;

/// The client data hash: what the client passed to `attestKey(_:clientDataHash:)` or `generateAssertion`.
///
/// Apple asks for the SHA-256 of the challenge (attestation) or of the client data (assertion), but the device signs
/// whatever bytes the app passed: in both of Apple's own published attestations it is the raw challenge. So this takes
/// bytes of any length but zero, and the caller decides which they are; see [`guide::hashing`](crate::guide::hashing), also for
/// why a fixed length is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientDataHash<'a>(pub &'a [u8]);

impl ClientDataHash<'_> {
    /// An empty one would bind the object to nothing.
    const fn check(self) -> Result<(), Error> {
        if self.0.is_empty() { Err(Error::ConfigEmptyClientData) } else { Ok(()) }
    }
}
