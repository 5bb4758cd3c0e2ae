//! Only a verifier makes a `VerifiedAttestation`.

use genuine::app_attest::{AttestedKey, VerifiedAttestation};

fn forge<'i>(key: AttestedKey) -> VerifiedAttestation<'i> {
    VerifiedAttestation { key, app_index: 0 }
}

fn main() {
    let _ = forge;
}
