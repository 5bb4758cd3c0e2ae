//! Google Play Integrity: classic tokens, which are opened here, and payloads that Google's server decoded.
//!
//! ```text
//! classic token ──▶ ClassicVerifier::open ────────────────┐
//!                   A256KW, A256GCM, ES256              ├─▶ AuthenticPayload ── accept(binding, now) ─▶ VerifiedIntegrity
//! Google's answer ─▶ DecodedVerifier::trust_answer ─────┘     says what Google says      policy
//! ```
//!
//! An [`AuthenticPayload`] is Google's word on some app and some device at some time. That it is about this request, our app and
//! a device that we take, `accept` decides, by one [`Policy`] for both ways.
//!
//! That a token is used once is the caller's: [`VerifiedIntegrity::single_use`] says what to remember, and
//! [`VerifiedIntegrity::expires_at`] for how long. A nonce that the module `session::challenge` sealed needs no list of those
//! outstanding.
//!
//! Names and values are those of Google's discovery document of revision 20260910.

mod authentic;
mod binding;
mod codes;
mod key;
mod label;
mod payload;
mod policy;
mod remediation;
mod token;

pub use authentic::{AuthenticPayload, SingleUse, VerifiedIntegrity};
pub use binding::Binding;
pub use key::{DecryptionKey, KeyPair, VerificationKey};
pub use label::{
    AccountActivity, AppDetected, AppRecognition, DeviceActivity, DeviceLabel, Licensing, LocationRisk, PlayProtect,
};
pub use payload::{
    AccountDetails, AppIntegrity, DeviceIntegrity, DeviceRecall, EnvironmentDetails, Labels, MAX_PAYLOAD, Payload,
    RequestDetails, Texts,
};
pub use policy::Policy;
pub use remediation::Dialog;
pub use token::{ClassicVerifier, DecodedVerifier, MAX_ANSWER, MAX_TOKEN, PlayIntegrityCrypto};

pub use crate::{encoding::json::Text, error::play_integrity::Step};
