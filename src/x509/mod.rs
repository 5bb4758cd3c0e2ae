//! X.509 as far as a chain of leaf, intermediate and trust anchor needs it (RFC 5280).
//!
//! A [`Certificate`] is a view that reads what X.509 version 3 has, of any algorithm. What a protocol demands of its
//! certificates is its profile, and a chain is verified in one call under it. The chains of Android's phones, which have several shapes
//! and less in common, are verified link by link by their protocol.
//!
//! Not here: path building, name matching other than byte equality, revocation, name constraints, policies. A chain in which
//! a certificate marks any of them critical is refused, and no trust anchor is made of one.

mod anchor;
mod cache;
mod certificate;
mod chain;
mod error;
mod extension;
#[cfg(feature = "key-attestation")]
mod link;
mod name;
mod oid;
mod profile;
mod signature;
mod validity;

pub use anchor::TrustAnchor;
pub(crate) use anchor::check_anchors;
pub use cache::{CachedIssuer, IssuerCache, Issuers, NoCache};
pub use certificate::{AlgorithmIdentifier, Certificate, SubjectKey};
pub(crate) use chain::{Chain, VerifiedChain};
pub use error::X509Error;
pub(crate) use extension::Extensions;
#[cfg(feature = "key-attestation")]
pub(crate) use extension::Form;
pub use extension::MAX_EXTENSIONS;
#[cfg(feature = "key-attestation")]
pub(crate) use link::Algorithm;
#[cfg(feature = "key-attestation")]
pub use link::{IssuerKey, RsaLinks, WithRsa, WithoutRsa};
#[cfg(feature = "key-attestation")]
pub(crate) use name::attributes;
pub(crate) use oid::oid;
pub(crate) use profile::{Profile, TimeRules};
pub use validity::Validity;

pub use crate::encoding::der::DerError;
