//! Apple App Attest: attestations, and the assertions that an attested key signs.
//!
//! The steps named `A1` … `A9` and `B1` … `B6` are those of Apple's *Validating apps that connect to your server*:
//! "Verify the attestation" and "Verify the assertion".

mod app;
mod assertion;
mod assertion_key;
mod attestation;
mod auth_data;
mod batch;
mod capabilities;
mod client_data;
mod codes;
mod counter;
mod device;
mod envelope;
mod identifier;
mod key;
mod launch;
mod owned;
mod policy;
mod root;
mod store;
mod system;
mod window;

pub use app::{AppIdHash, Environment, Environments};
pub use assertion::{Assertion, AssertionVerifier, AuthenticAssertion, MAX_ASSERTION, VerifiedAssertion};
pub use assertion_key::{AssertionKey, BatchKey, EitherKey, PreparedKey};
pub use attestation::{
    AttestationObject, AttestationVerifier, MAX_ATTESTATION, MAX_CERTIFICATE, Receipt, VerifiedAttestation,
};
pub use auth_data::{AttestedCredential, AuthenticatorData};
pub use batch::AssertionRequest;
pub use capabilities::{AssertionCrypto, AttestationCrypto};
pub use client_data::ClientDataHash;
pub use counter::{Counter, Refusal};
pub use device::{DeviceInfo, MACOS_ACCESS_CONTROL};
pub use key::{AttestedKey, KeyId};
pub use launch::{LaunchData, ValidationCategory};
pub use owned::{OwnedAssertion, OwnedAttestation, OwnedLaunchData, OwnedText};
pub use policy::Policy;
pub use root::APPLE_APP_ATTEST_ROOT;
pub use store::{Advance, AdvanceError, CounterStore};
pub use system::{OsBuild, OsVersion, Platform};
pub use window::ReplayWindow;

pub use crate::error::app_attest::Step;
