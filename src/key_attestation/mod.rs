//! Android key attestation: a chain of certificates in which a phone's secure hardware says what a key is, and who asked for it.
//!
//! ```text
//! certificates, leaf first ─▶ KeyAttestation::parse ─▶ KeyAttestationVerifier::verify ─▶ VerifiedKeyAttestation
//!                             strict DER, a view       policy, revocation, challenge,     the key, and what is known of it
//!                                                      signatures last
//! ```
//!
//! A proof is about a key, once. After that the key signs requests: the app makes the object that App Attest calls an assertion,
//! with the key's counter kept by the app, and [`AssertionVerifier`](crate::app_attest::AssertionVerifier) verifies it by the
//! [`AttestedKey`](crate::app_attest::AttestedKey) of [`VerifiedKeyAttestation::attested_key`]. A chain is no secret: whoever registers
//! a key asks for such an assertion as well, as [`guide::key_attestation`](crate::guide::key_attestation) shows.
//!
//! Names are those of the Android source (`KeyCreationResult.aidl`, `Tag.aidl` of KeyMint) and of Google's verifier.

mod app;
mod attest_key;
mod capabilities;
mod chain;
mod codes;
mod description;
mod list;
mod number;
mod owned;
mod policy;
mod provisioning;
mod revocation;
mod root;
mod root_of_trust;
mod serial;
mod tag;
mod value;
mod verify;

pub use app::{AttestationApplicationId, Package, app_id_hash};
pub use capabilities::KeyAttestationCrypto;
pub use chain::{KeyAttestation, MAX_CERTIFICATES, MAX_CHAIN};
pub use description::{KEY_DESCRIPTION, KeyDescription, MAX_CHALLENGE};
pub use list::{AuthorizationList, MAX_TAGS};
pub use number::{Algorithm, Digest, EcCurve, Origin, Purpose, SecurityLevel};
pub use owned::{OwnedKeyAttestation, OwnedRootOfTrust};
pub use policy::Policy;
pub use provisioning::{Provisioning, ProvisioningInfo};
pub use revocation::{Revocation, RevocationStatus, RevokedSerials};
pub use root::{GOOGLE_P384_ROOT, GOOGLE_ROOTS, GOOGLE_RSA_ROOT};
pub use root_of_trust::{BootState, RootOfTrust};
pub use serial::Serial;
pub use tag::Tag;
pub use value::{Integers, Value};
pub use verify::{KeyAttestationVerifier, VerifiedKeyAttestation};

pub use crate::{
    error::key_attestation::Step,
    x509::{WithRsa, WithoutRsa},
};
