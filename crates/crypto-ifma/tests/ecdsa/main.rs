//! The lanes against `genuine-crypto`, `p256` and the text of FIPS 186-5; one binary, as in `genuine-crypto`.

mod batch;
mod cases;
mod common;
mod wycheproof;
