//! SHA-2 for the backends in software, by the crate `sha2`.

use sha2::{Digest, Sha256, Sha384};

pub(super) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

pub(super) fn sha384(parts: &[&[u8]]) -> [u8; 48] {
    let mut hash = Sha384::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}
