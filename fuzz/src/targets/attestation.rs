//! Attestations over a backend that says yes: the fuzzer gets behind hashes and signatures.

use genuine::{
    Error, Step, UnixTime,
    app_attest::{AttestationObject, MAX_ATTESTATION, ValidationCategory, VerifiedAttestation},
    crypto::P384PublicKey,
    x509::{Certificate, SubjectKey, TrustAnchor},
};
use genuine_testvectors::{
    Environment,
    auth_data::FLAG_ED,
    certificate::{nonce_value, oid},
};

use crate::{
    around, codes,
    crypto::{Asked, verify_with_yes},
    naive, x509,
};

/// Parsing agrees with a plain second reader; what is accepted keeps every rule, read with other libraries; no signature is
/// asked for before its time.
pub fn run(data: &[u8]) {
    let parsed = AttestationObject::parse(data);
    let theirs = read(data);
    let (object, envelope) = match (parsed, theirs) {
        (Ok(object), Some((envelope, auth_data))) => {
            same_view(&object, &envelope, auth_data);
            (object, envelope)
        }
        (Err(error), None) => {
            assert!(error.step() <= Step::AuthenticatorData, "{error}");
            return codes::record::<()>(&Err(error));
        }
        (ours, theirs) => panic!("{:?} and {theirs:?}", ours.err()),
    };
    let now = object.leaf().validity().not_before.max(UnixTime(1)).max(object.intermediate().validity().not_before);
    let (verdict, asked) = verify_with_yes(&object, &around::anchors(), now, &[]);
    codes::record(&verdict);
    match verdict {
        Ok(proof) => {
            keeps_the_rules(&object, &envelope, &proof, &asked);
            // What is not announced satisfies no policy.
            let category = [object.auth_data().launch().category.unwrap_or(ValidationCategory::APP_STORE)];
            let (verdict, _) = verify_with_yes(&object, &around::anchors(), now, &category);
            codes::record(&verdict);
            let expected = proof.launch().category.map(drop).ok_or(Error::LaunchDataMissing);
            assert_eq!(verdict.map(drop), expected);
        }
        Err(error) => {
            let most = match error.step() {
                // The signature that is refused has r or s out of range, or the backend would have said yes.
                Step::LeafSignature => 1,
                _ => 0,
            };
            assert!(asked.signatures.len() <= most, "{error} after {} signatures", asked.signatures.len());
        }
    }
}

/// What the plain reader finds, with certificates as the engine parses one by one.
fn read(data: &[u8]) -> Option<(naive::Attestation<'_>, naive::AuthData<'_>)> {
    let envelope = naive::Attestation::read(data)?;
    let leaf = Certificate::parse(envelope.leaf).ok()?;
    let nonce = leaf.extension(oid::NONCE)?;
    let good = matches!(leaf.key(), SubjectKey::P256(_))
        && nonce.len() == 38
        && nonce == nonce_value(&nonce[6..])
        && Certificate::parse(envelope.intermediate).is_ok();
    let auth_data = naive::AuthData::read(envelope.auth_data, true)?;
    good.then_some((envelope, auth_data))
}

fn same_view(ours: &AttestationObject<'_>, envelope: &naive::Attestation<'_>, auth_data: naive::AuthData<'_>) {
    assert_eq!(ours.receipt().as_unverified_bytes(), envelope.receipt);
    x509::agree(envelope.leaf, ours.leaf());
    x509::agree(envelope.intermediate, ours.intermediate());
    assert_eq!(SubjectKey::P256(ours.leaf_key()), ours.leaf().key());
    assert_eq!(ours.leaf().extension(oid::NONCE).map(|value| &value[6..]), Some(&ours.nonce()[..]));
    let view = Some((ours.auth_data(), Some(ours.credential())));
    super::auth_data::compare(envelope.auth_data, view, Some(auth_data));
}

/// Every rule on the object itself, with certificates as x509-cert reads them.
fn keeps_the_rules(
    object: &AttestationObject<'_>,
    envelope: &naive::Attestation<'_>,
    proof: &VerifiedAttestation<'_>,
    asked: &Asked,
) {
    let (auth_data, credential) = (object.auth_data(), object.credential());
    assert_eq!(auth_data.counter().0, 0);
    assert_eq!(credential.key(), object.leaf_key());
    let environment = match proof.environment() {
        genuine::app_attest::Environment::Production => Environment::Production,
        genuine::app_attest::Environment::Development => Environment::Development,
    };
    assert_eq!(credential.aaguid(), environment.aaguid());
    assert_eq!(proof.key().id().0, credential.id());
    assert_eq!(proof.key().public_key(), object.leaf_key());
    assert_eq!(proof.key().app_id(), auth_data.app_id());
    assert_eq!(proof.launch(), if auth_data.flags() & FLAG_ED == 0 { Default::default() } else { auth_data.launch() });
    assert_eq!(proof.receipt(), object.receipt());
    assert_eq!(proof.leaf_validity(), object.leaf().validity());
    assert_eq!(proof.access_control(), object.leaf().extension(oid::KEY_ACCESS));
    x509::agree_on_device(object.leaf().extension(oid::DEVICE_FACTS), proof.device());
    x509::have_roles(envelope.leaf, envelope.intermediate);
    let [first, second] = asked.signatures.as_slice() else { panic!("two signatures") };
    let keys = [&object.leaf_key().0[..], &first.key, &second.key];
    assert!(keys.iter().all(|key| asked.points.iter().any(|point| point == key)), "a key that was not checked");
    let anchor_key = P384PublicKey(first.key.as_slice().try_into().expect("a key on P-384"));
    assert!(around::anchors().contains(&TrustAnchor::new(object.intermediate().issuer(), anchor_key)));
    assert!(matches!(object.intermediate().key(), SubjectKey::P384(key) if key.0[..] == second.key));
    x509::is_about(envelope.intermediate, first);
    x509::is_about(envelope.leaf, second);
}

/// Attestations of every generation, and one byte too many.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let too_large = vec![0; MAX_ATTESTATION + 1];
    super::attestation_real::seeds().into_iter().chain([too_large]).collect()
}
