//! Object identifiers, written with dots.

/// The octets of an object identifier, encoded and checked at compile time.
macro_rules! oid {
    ($dotted:literal) => {{
        const OID: ::der::oid::ObjectIdentifier = ::der::oid::ObjectIdentifier::new_unwrap($dotted);
        const OCTETS: &[u8] = OID.as_bytes();
        OCTETS
    }};
}
pub(crate) use oid;
