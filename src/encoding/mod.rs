//! Readers of the encodings, one cursor each. They know no protocol.

pub(crate) mod cbor;
pub(crate) mod der;
