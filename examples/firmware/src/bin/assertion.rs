//! Assertions only: the phone was paired elsewhere, and its key lies in this lock's storage.
//!
//! Assertions ask for SHA-256 and for ECDSA on P-256, so that [`Backend`] implements two traits and nothing else. The linker
//! leaves out X.509, P-384 and SHA-384, because nothing here calls them.
#![no_std]
#![no_main]

use firmware::{board::entry, report::Report, scenario};
use genuine::crypto::{CryptoError, Digest, P256, PublicKey, RustCrypto, Sha256, Signature, VerifyEcdsa};

#[entry]
fn main() -> ! {
    let mut report = Report::default();
    scenario::play_assertions(&Backend, &mut report);
    report.end()
}

/// All that this lock asks for. Yours calls a peripheral, or your vendor's library, where this one calls software.
struct Backend;

impl Sha256 for Backend {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        RustCrypto.sha256(parts)
    }
}

impl VerifyEcdsa<P256> for Backend {
    fn check_key(&self, key: &PublicKey<P256>) -> Result<(), CryptoError> {
        RustCrypto.check_key(key)
    }

    fn verify(&self, key: &PublicKey<P256>, digest: &Digest, signature: &Signature<P256>) -> Result<(), CryptoError> {
        RustCrypto.verify(key, digest, signature)
    }
}
