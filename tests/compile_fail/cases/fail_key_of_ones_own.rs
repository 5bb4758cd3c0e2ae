//! What a verifier takes for a key, and for an issuer, is the engine's alone.

use genuine::{
    app_attest::{AssertionKey, AttestedKey},
    crypto::GenuineCrypto,
    x509::Issuers,
};

struct Key(AttestedKey);

impl AssertionKey<GenuineCrypto> for Key {
    fn attested(&self) -> &AttestedKey {
        &self.0
    }
}

struct Everyone;

impl Issuers<GenuineCrypto> for Everyone {
    const CACHES: bool = true;
}

fn main() {}
