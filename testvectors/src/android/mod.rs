//! A simulated Android phone, for tests of verifiers of Android key attestation.
//!
//! A phone's secure hardware signs a chain of certificates over a key of an app and a challenge. No phone does that for the challenge,
//! the package and the time of a test. This makes such chains in the shapes that genuine phones send, under two roots of its own.
//!
//! **Never add these roots to the trust anchors of a production verifier**: the keys on curves follow from a seed that is published
//! here, and the RSA keys are constants of this crate.
//!
//! ```
//! use genuine_testvectors::android::{AndroidDevice, SecurityLevel, Shape};
//!
//! // One phone, one app, one key. The same seed gives the same keys and the same chain on every machine.
//! let mut device = AndroidDevice::new("bob's phone")
//!     .with_shape(Shape::Remote)
//!     .with_level(SecurityLevel::StrongBox)
//!     .with_package("com.example.shop", 42)
//!     .with_signing_digests(&[[7; 32]]);
//!
//! // Registration: the chain, and the proof that the app holds the key.
//! let attested = device.attest(b"challenge of the server");
//! let possession = device.assert(b"challenge of the server");
//! assert_eq!((attested.certificates.len(), possession.counter), (5, 1));
//!
//! // The anchors to configure in the verifier under test, and a time at which the certificates are valid.
//! let authorities = device.authorities();
//! let p384 = (authorities.p384_root_subject(), authorities.p384_root_point());
//! let rsa = (authorities.rsa_root_subject(), authorities.rsa_root_modulus());
//! let now = device.issue_time();
//! # let _ = (p384, rsa, now);
//!
//! // Requests: the counter rises by itself.
//! assert_eq!(device.assert(br#"{"challenge":"c1","action":"pay"}"#).counter, 2);
//! ```
//!
//! What an attacker sends is a mutation away. A mutation changes one stage, and everything behind it is computed anew:
//!
//! ```
//! use genuine_testvectors::android::{AndroidDevice, AndroidMutation, tag};
//!
//! let device = AndroidDevice::new("bob's phone");
//! let imported = AndroidMutation::default()
//!     .description(|description| description.hardware_enforced.set_number(tag::ORIGIN, 2))
//!     .mint(&device, b"challenge");
//! assert_ne!(imported, device.attest(b"challenge").certificates);
//! ```
//!
//! | stage | what can be changed | what follows from it |
//! |---|---|---|
//! | `description`, `attest_key_description` | members and entries of the `KeyDescription` | its bytes |
//! | `description_tree` | the leaf's as a DER tree | the certificate |
//! | `unsigned` | the unsigned certificates as DER trees, their signers and hashes, how many there are | the signatures |
//! | `signed` | the signed certificates as DER trees | the chain |
//! | `certificates` | the octets of the certificates | |

mod description;
mod device;
mod honest;
mod mutation;
mod pki;
mod rsa_keys;

pub use description::{
    ApplicationId, AuthorizationList, KeyDescription, RootOfTrust, SecurityLevel, member, purpose, tag,
};
pub(crate) use device::key_certificate;
pub use device::{AndroidDevice, DEFAULT_PACKAGE, KeyKind, Shape, TYPICAL_TIME, set_utc_time, set_validity};
pub use honest::AttestedKey;
pub use mutation::AndroidMutation;
pub use pki::{AndroidPki, Batch, rsa_signer_with_exponent_3, short_rsa_signer};
