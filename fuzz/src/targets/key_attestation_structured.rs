//! Chains of Android key attestation drawn by the generator of the test vectors, with real cryptography.

use std::sync::LazyLock;

use genuine::{
    Error, UnixTime,
    app_attest::{Assertion, AssertionVerifier, ClientDataHash, Counter, Policy as AppPolicy},
    crypto::{GenuineCrypto, RsaPublicKey},
    key_attestation::{
        self, KeyAttestation, KeyAttestationVerifier, Policy, Purpose, RevocationStatus, RevokedSerials,
    },
    x509::{IssuerKey, TrustAnchor},
};
use genuine_testvectors::{AndroidRoot, AndroidVector, android::AndroidPki, android_generator::AndroidGenerator};

use crate::codes;

thread_local! {
    static GENERATOR: AndroidGenerator = AndroidGenerator::new();
}

static AUTHORITIES: LazyLock<AndroidPki> = LazyLock::new(AndroidPki::default);

/// Mints what chains are drawn from.
pub fn prepare() {
    GENERATOR.with(|_| ());
}

/// The verdict is the predicted one; of what is accepted the key is the phone's.
pub fn run(data: &[u8]) {
    let vector = GENERATOR.with(|generator| generator.draw(data));
    let verdict = verify(&vector);
    codes::record(&verdict);
    assert_eq!(verdict.map_err(Error::code).err(), vector.code, "{}", vector.id);
}

type Change<'p> = fn(Policy<'p>) -> Policy<'p>;
type Floor<'p> = fn(Policy<'p>, u32) -> Policy<'p>;

fn verify(vector: &AndroidVector) -> Result<(), Error> {
    let array = |octets: &genuine_testvectors::Hex| -> [u8; 32] { octets.0[..].try_into().expect("32 octets") };
    let arrays = |list: &[genuine_testvectors::Hex]| list.iter().map(array).collect::<Vec<_>>();
    let said = &vector.policy;
    let signers = arrays(&vector.signing_digests);
    let boot_keys = said.accept_boot_keys.as_deref().map(arrays).unwrap_or_default();
    let others: Vec<_> = said.accept_other_signers.iter().flatten().map(|signers| arrays(signers)).collect();
    let others: Vec<_> = others.iter().map(Vec::as_slice).collect();
    let purposes: Option<Vec<_>> = said.require_purposes.as_ref().map(|purposes| {
        let purpose = |name: &String| if name == "SIGN" { Purpose::Sign } else { Purpose::Verify };
        purposes.iter().map(purpose).collect()
    });
    let mut policy =
        Policy::new(&vector.package_name, &signers).accept_boot_keys(&boot_keys).accept_other_signers(&others);
    let options: [(bool, Change<'_>); 9] = [
        (said.require_remote_provisioning, Policy::require_remote_provisioning),
        (said.require_strong_box, Policy::require_strong_box),
        (said.accept_shared_user_id, Policy::accept_shared_user_id),
        (said.accept_attest_keys, Policy::accept_attest_keys),
        (said.accept_any_key, Policy::accept_any_key),
        (said.refuse_unknown_tags, Policy::refuse_unknown_tags),
        (said.accept_suspended, Policy::accept_suspended),
        (said.danger_ignore_validity_period, Policy::danger_ignore_validity_period),
        (said.danger_accept_unlocked, Policy::danger_accept_unlocked),
    ];
    for (is_on, change) in options {
        if is_on {
            policy = change(policy);
        }
    }
    if let Some(purposes) = &purposes {
        policy = policy.require_purposes(purposes);
    }
    let floors: [(Option<u32>, Floor<'_>); 4] = [
        (said.require_os_version, Policy::require_os_version),
        (said.require_os_patch_level, Policy::require_os_patch_level),
        (said.require_vendor_patch_level, Policy::require_vendor_patch_level),
        (said.require_boot_patch_level, Policy::require_boot_patch_level),
    ];
    for (least, change) in floors {
        if let Some(least) = least {
            policy = change(policy, least);
        }
    }

    let (p384_name, rsa_name) = (AUTHORITIES.p384_root_subject(), AUTHORITIES.rsa_root_subject());
    let (point, modulus) = (AUTHORITIES.p384_root_point(), AUTHORITIES.rsa_root_modulus());
    let point: [u8; 96] = point[1..].try_into().expect("a point");
    let anchor = |root: &AndroidRoot| match root {
        AndroidRoot::P384 => TrustAnchor::new(&p384_name, IssuerKey::P384(&point)),
        AndroidRoot::Rsa => {
            TrustAnchor::new(&rsa_name, IssuerKey::Rsa(RsaPublicKey::new(&modulus).expect("a modulus")))
        }
    };
    let anchors: Vec<_> = vector.anchors().iter().map(anchor).collect();
    let listed =
        |serials: &'_ [String], status| serials.iter().map(move |serial| (serial.clone(), status)).collect::<Vec<_>>();
    let mut listed =
        [listed(&vector.revoked, RevocationStatus::Revoked), listed(&vector.suspended, RevocationStatus::Suspended)]
            .concat();
    listed.sort_by(|one, other| one.0.cmp(&other.0));
    let listed: Vec<_> = listed.iter().map(|(serial, status)| (serial.as_str(), *status)).collect();
    let revoked = RevokedSerials::new(&listed)?;

    let policies = [policy];
    let verifier = KeyAttestationVerifier::new(&policies, &anchors, &GenuineCrypto)?;
    let certificates = vector.certificates();
    let attestation = KeyAttestation::parse(&certificates)?;
    let proof = verifier.verify(&attestation, &vector.challenge.0, &revoked, UnixTime(vector.now))?;
    if let (Some(point), Some(said)) = (proof.public_key(), &vector.proof) {
        assert!(said.public_key_b64.0.ends_with(&point.0), "another key");
    }
    let Some(request) = &vector.request else { return Ok(()) };
    let policies = [AppPolicy::new(key_attestation::app_id_hash(&vector.package_name, &GenuineCrypto)?)];
    let key = proof.attested_key(&GenuineCrypto)?;
    let assertion = Assertion::parse(&request.assertion_b64.0)?;
    let client_data = ClientDataHash::new(&request.client_data_hash.0)?;
    let authentic = AssertionVerifier::new(&policies, &GenuineCrypto)?.verify(&assertion, &key, &client_data)?;
    authentic.accept_without_store(Counter(request.previous_counter)).map(drop)
}

/// Every form without a mutator, and every mutator alone.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let alone = |(form, mutators): (u8, Vec<&str>)| {
        let many = mutators.len() > 0x100;
        let index = move |mutator: usize| match u16::try_from(mutator).expect("a few hundred").to_be_bytes() {
            [_, low] if !many => vec![form, 1, low],
            [high, low] => vec![form, 1, high, low],
        };
        std::iter::once(vec![form]).chain((0..mutators.len()).map(index))
    };
    GENERATOR.with(|generator| (0..).zip(generator.mutators()).flat_map(alone).collect())
}
