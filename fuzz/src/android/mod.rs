//! What Android phones attest, read and judged a second time: allocating, and as plain as can be.
//!
//! [`tree`] is DER (X.690), [`description`] what a phone says of a key, [`certificate`] one certificate, and [`verdict`] the checks of a
//! chain, one after the other. They state the format once more, so that the engine has to agree in both directions.

pub(crate) mod certificate;
pub(crate) mod demands;
pub(crate) mod description;
pub(crate) mod tree;
pub(crate) mod verdict;
