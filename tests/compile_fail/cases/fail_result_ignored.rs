//! A verdict that nobody reads is a mistake, and so is a proof.
#![deny(unused_must_use)]

use genuine::{
    Error, UnixTime,
    app_attest::{
        Assertion, AssertionVerifier, AttestationCrypto, AttestationObject, AttestationVerifier, AttestedKey,
        AuthenticAssertion, ClientDataHash, Counter, KeyId,
    },
};

fn attestation(
    verifier: &AttestationVerifier<'_, dyn AttestationCrypto>,
    object: &AttestationObject<'_>,
    key_id: &KeyId,
    client_data: &ClientDataHash<'_>,
    now: UnixTime,
) -> Result<(), Error> {
    verifier.verify(object, key_id, client_data, now);
    verifier.verify(object, key_id, client_data, now)?;
    Ok(())
}

fn assertion(
    verifier: &AssertionVerifier<'_, dyn AttestationCrypto>,
    assertion: &Assertion<'_>,
    key: &AttestedKey,
    client_data: &ClientDataHash<'_>,
) -> Result<(), Error> {
    verifier.verify(assertion, key, client_data);
    verifier.verify(assertion, key, client_data)?;
    Ok(())
}

fn freshness(authentic: AuthenticAssertion<'_>) -> Result<(), Error> {
    authentic.accept_without_store(Counter(0))?;
    Ok(())
}

fn main() {
    let _ = (attestation, assertion, freshness);
}
