//! Neither a view nor a receipt turns into a proof by conversion.

use genuine::app_attest::{AttestationObject, VerifiedAttestation};

fn convert(object: AttestationObject<'_>) -> VerifiedAttestation<'_> {
    object.into()
}

fn main() {
    let _ = convert;
}
