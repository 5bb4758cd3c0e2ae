//! Readers of the encodings, one cursor each, and a writer of text. They know no protocol.

#[cfg(any(feature = "play-integrity", feature = "session"))]
pub(crate) mod base64;
pub(crate) mod cbor;
pub(crate) mod der;
#[cfg(any(feature = "play-integrity", feature = "session"))]
pub(crate) mod json;
#[cfg(feature = "session")]
pub(crate) mod text;
