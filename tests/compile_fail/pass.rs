//! The whole flow, from bytes to proofs.
#![deny(unused_must_use)]

use genuine::{
    Error, UnixTime,
    app_attest::{
        Assertion, AssertionVerifier, AttestationObject, AttestationVerifier, AttestedKey, ClientDataHash, Counter,
        KeyId, Policy, VerifiedAssertion, VerifiedAttestation,
    },
    crypto::Crypto,
    x509::TrustAnchor,
};

fn register<'i>(
    object: &'i [u8],
    key_id: &KeyId,
    policy: Policy<'_>,
    anchors: &[TrustAnchor<'_>],
    crypto: &dyn Crypto,
    now: UnixTime,
) -> Result<VerifiedAttestation<'i>, Error> {
    let object = AttestationObject::parse(object)?;
    AttestationVerifier::new(policy, anchors, crypto).verify(&object, key_id, &ClientDataHash(b"hash"), now)
}

fn request<'i>(
    object: &'i [u8],
    key: &AttestedKey,
    policy: Policy<'_>,
    crypto: &dyn Crypto,
    last: Counter,
) -> Result<VerifiedAssertion<'i>, Error> {
    let assertion = Assertion::parse(object)?;
    AssertionVerifier::new(policy, crypto).verify(&assertion, key, &ClientDataHash(b"hash"))?.accept(last)
}

fn main() {
    let _ = (register, request);
}
