//! The whole flow, from bytes to proofs.
#![deny(unused_must_use)]

use genuine::{
    Error, UnixTime,
    app_attest::{
        Assertion, AssertionVerifier, AttestationCrypto, AttestationObject, AttestationVerifier, AttestedKey,
        ClientDataHash, Counter, KeyId, Policy, VerifiedAssertion, VerifiedAttestation,
    },
    x509::TrustAnchor,
};

fn register<'i>(
    object: &'i [u8],
    key_id: &KeyId,
    policies: &[Policy<'_>],
    anchors: &[TrustAnchor<'_>],
    crypto: &dyn AttestationCrypto,
    now: UnixTime,
) -> Result<VerifiedAttestation<'i>, Error> {
    let object = AttestationObject::parse(object)?;
    AttestationVerifier::new(policies, anchors, crypto)?.verify(&object, key_id, &ClientDataHash::new(b"hash")?, now)
}

fn request<'i>(
    object: &'i [u8],
    key: &AttestedKey,
    policies: &[Policy<'_>],
    crypto: &dyn AttestationCrypto,
    last: Counter,
) -> Result<VerifiedAssertion<'i>, Error> {
    let assertion = Assertion::parse(object)?;
    AssertionVerifier::new(policies, crypto)?
        .verify(&assertion, key, &ClientDataHash::new(b"hash")?)?
        .accept_without_store(last)
}

fn main() {
    let _ = (register, request);
}
