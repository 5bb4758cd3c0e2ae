//! The engine against independent implementations: rustls-webpki for chains, x509-cert for certificates, ciborium for
//! CBOR, p256 and der for signatures, jiff for the calendar.
//!
//! The law is the same everywhere: what the engine accepts, the other one accepts, and reads the same from it. Where
//! the two differ there is a table with reasons, and a row of it that no longer occurs fails.
//!
//! Genuine objects take part if `GENUINE_REAL_VECTORS` names their directory.

mod cbor;
mod certificate;
mod chain;
mod corpus;
mod signature;
mod time;
