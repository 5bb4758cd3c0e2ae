//! There is no clock to fall back to.

use genuine::{
    Error,
    app_attest::{
        AttestationCrypto, AttestationObject, AttestationVerifier, ClientDataHash, KeyId, VerifiedAttestation,
    },
};

fn verify<'i>(
    verifier: &AttestationVerifier<'_, dyn AttestationCrypto>,
    object: &AttestationObject<'i>,
    key_id: &KeyId,
    client_data: &ClientDataHash<'_>,
) -> Result<VerifiedAttestation<'i>, Error> {
    verifier.verify(object, key_id, client_data)
}

fn main() {
    let _ = verify;
}
