//! A verdict that nobody reads is a mistake, and so is a proof.
#![deny(unused_must_use)]

use genuine::{
    Error, UnixTime,
    app_attest::{
        Assertion, AssertionVerifier, AttestationObject, AttestationVerifier, AttestedKey, AuthenticAssertion,
        ClientDataHash, Counter, KeyId,
    },
    crypto::Crypto,
};

fn attestation(
    verifier: &AttestationVerifier<'_, dyn Crypto>,
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
    verifier: &AssertionVerifier<'_, dyn Crypto>,
    assertion: &Assertion<'_>,
    key: &AttestedKey,
    client_data: &ClientDataHash<'_>,
) -> Result<(), Error> {
    verifier.verify(assertion, key, client_data);
    verifier.verify(assertion, key, client_data)?;
    Ok(())
}

fn freshness(authentic: AuthenticAssertion<'_>) -> Result<(), Error> {
    authentic.accept(Counter(0))?;
    Ok(())
}

fn main() {
    let _ = (attestation, assertion, freshness);
}
