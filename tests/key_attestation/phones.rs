//! The chains of real phones, each with the verdict that its page gives.

use genuine::{
    Error, UnixTime,
    crypto::GenuineCrypto,
    key_attestation::{
        GOOGLE_ROOTS, KeyAttestation, KeyAttestationVerifier, Policy, Provisioning, RevocationStatus, SecurityLevel,
        VerifiedKeyAttestation,
    },
};

use crate::common::{app_of, phones};

/// A time within the periods of each chain, what a policy for locked phones says of it, and what one for any phone says.
const VERDICTS: &[(&str, u64, Option<Error>, Option<Error>)] = &[
    ("akita-sdk34-SB_RSA_NONE", 1_727_400_000, Some(Error::AndroidUnlocked), None),
    ("akita-sdk34-TEE_RSA_BASE+IMEI", 1_727_400_000, Some(Error::AndroidUnlocked), Some(Error::AndroidSigningDigest)),
    ("akita-sdk34-TEE_RSA_NONE", 1_727_400_000, Some(Error::AndroidUnlocked), None),
    ("blueline-sdk28-SB_RSA_NONE", 1_727_400_000, Some(Error::AndroidUnlocked), None),
    ("blueline-sdk28-TEE_EC_NONE", 1_727_400_000, Some(Error::AndroidUnlocked), None),
    ("blueline-sdk28-TEE_RSA_NONE", 1_727_400_000, Some(Error::AndroidUnlocked), None),
    ("caiman-sdk36-SB_EC_RKP", 1_759_000_000, None, None),
    ("invalid-malformed_rot_device_locked", 1_727_400_000, None, None),
    ("invalid-tags_not_in_ascending_order", 1_727_400_000, Some(Error::AndroidUnlocked), Some(Error::AndroidSignature)),
    ("marlin-sdk29-TEE_EC_NONE", 1_727_400_000, Some(Error::AndroidAnchorUnknown), Some(Error::AndroidAnchorUnknown)),
    ("marlin-sdk29-TEE_RSA_NONE", 1_727_400_000, Some(Error::AndroidAnchorUnknown), Some(Error::AndroidAnchorUnknown)),
    ("sony-xperia10-iii-sdk33-TEE_EC", 1_727_400_000, None, None),
    ("tegu-sdk36-SB_EC_2026_ROOT", 1_772_000_000, None, None),
    ("tegu-sdk37-TEE_MAX_USAGE_COUNT", 1_783_361_800, Some(Error::AndroidUnlocked), None),
    ("tokay-sdk37-TEE_MLDSA_FACTORY", 1_783_361_800, Some(Error::AndroidUnlocked), None),
];

/// Verifies under a policy made of what the chain says, changed by `with`.
fn verdict<'i>(
    attestation: &KeyAttestation<'i>,
    now: u64,
    with: impl for<'a> Fn(Policy<'a>) -> Policy<'a>,
) -> Result<VerifiedKeyAttestation<'i>, Error> {
    let description = attestation.description();
    let (package, mut digests) = app_of(description);
    if digests.is_empty() {
        digests.push([0; 32]);
    }
    let policies = [with(Policy::new(&package, &digests).accept_any_key())];
    let verifier = KeyAttestationVerifier::new(&policies, &GOOGLE_ROOTS, &GenuineCrypto).unwrap();
    let good = |_: &str| RevocationStatus::Good;
    verifier.verify(attestation, description.attestation_challenge(), &good, UnixTime(now))
}

#[test]
fn every_chain_has_its_verdict() {
    for chain in phones() {
        let parsed = KeyAttestation::parse(&chain.slices());
        let Some((_, now, locked, any)) = VERDICTS.iter().find(|(name, ..)| *name == chain.name) else {
            let expected = match chain.name.as_str() {
                "allow_while_on_body" => Error::AndroidTooFewCertificates,
                "p256_sha384_intermediate" => Error::AndroidDescriptionMalformed,
                other => panic!("{other} has no verdict here"),
            };
            assert_eq!(parsed.err(), Some(expected), "{}", chain.name);
            continue;
        };
        let attestation = parsed.unwrap_or_else(|error| panic!("{}: {error}", chain.name));
        assert_eq!(verdict(&attestation, *now, |policy| policy).err(), *locked, "{}", chain.name);
        #[expect(
            clippy::redundant_closure_for_method_calls,
            reason = "the method is one for each lifetime, the closure for all"
        )]
        let proof = verdict(&attestation, *now, |policy| policy.danger_accept_unlocked());
        assert_eq!(proof.as_ref().err(), any.as_ref(), "{}", chain.name);
        let Ok(proof) = proof else { continue };
        let is_remote = chain.name.contains("RKP") || chain.certificates.len() == 5;
        assert_eq!(proof.provisioning() == Provisioning::Remote, is_remote, "{}", chain.name);
        assert_eq!(proof.security_level() == SecurityLevel::StrongBox, chain.name.contains("SB_"), "{}", chain.name);
        assert_eq!(proof.provisioning_info().is_some(), is_remote, "{}", chain.name);
        assert_eq!(proof.serials().count(), chain.certificates.len() - 1, "{}", chain.name);
    }
}
