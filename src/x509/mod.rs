//! X.509 as far as a chain of leaf, intermediate and trust anchor needs it (RFC 5280).
//!
//! Not here: path building, name matching other than byte equality, revocation, name constraints, policies. A
//! certificate that marks any of them critical is refused. Of an extended key usage a [`Certificate`] shows that it has its form;
//! whether it contains the purpose is a check of the chain.

mod cache;
mod certificate;
mod chain;

pub use cache::CachedIssuer;
pub(crate) use certificate::Extensions;
pub use certificate::{Certificate, MAX_CERTIFICATE, MAX_EXTENSIONS, SubjectKey};
pub use chain::TrustAnchor;
pub(crate) use chain::{Chain, IssuerKeys, check_anchors};

/// The octets of an object identifier, encoded and checked at compile time.
macro_rules! oid {
    ($dotted:literal) => {{
        const OID: ::der::oid::ObjectIdentifier = ::der::oid::ObjectIdentifier::new_unwrap($dotted);
        const OCTETS: &[u8] = OID.as_bytes();
        OCTETS
    }};
}
pub(crate) use oid;
