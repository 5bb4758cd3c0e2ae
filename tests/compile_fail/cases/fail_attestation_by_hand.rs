//! Only a verifier makes a `VerifiedAttestation`.

use genuine::app_attest::{Environment, VerifiedAttestation};

fn forge<'i>(environment: Environment) -> VerifiedAttestation<'i> {
    VerifiedAttestation { environment, app_index: 0 }
}

fn main() {
    let _ = forge;
}
