//! Attestations with real cryptography: what is accepted is what was issued.

use genuine::{
    app_attest::{AttestationObject, VerifiedAttestation},
    crypto::RustCrypto,
};
use genuine_testvectors::{Kind, keys::sha256};

use crate::{case, codes, naive};

/// An accepted input is a seed outside of the receipt, the order of keys and the unsigned code hash; the s of a
/// certificate's signature may be n − s.
pub fn run(data: &[u8]) {
    let object = match AttestationObject::parse(data) {
        Ok(object) => object,
        Err(error) => return codes::record::<()>(&Err(error)),
    };
    // Each simulated device has an app of its own; a real app may have several.
    let app = object.auth_data().app_id().0;
    for seed in case::good(Kind::Attestation).filter(|seed| sha256(&[seed.app_id.as_bytes()]) == app) {
        let verdict = case::verify_attestation(seed, &object, &RustCrypto);
        codes::record(&verdict);
        if let Ok(proof) = verdict {
            equals(data, &proof, &seed.object);
        }
    }
}

fn equals(data: &[u8], proof: &VerifiedAttestation<'_>, seed: &[u8]) {
    let [ours, issued] = [data, seed].map(|object| naive::Attestation::read(object).expect("it was accepted"));
    assert_eq!(ours.auth_data, issued.auth_data);
    for (ours, issued) in [(ours.leaf, issued.leaf), (ours.intermediate, issued.intermediate)] {
        assert_eq!(split(ours), split(issued));
    }
    assert_eq!(proof.receipt().as_unverified_bytes(), ours.receipt);
}

/// The parts of a certificate, the signature with the lower one of s and n − s.
fn split(certificate: &[u8]) -> (Vec<u8>, p384::ecdsa::Signature) {
    use der::Decode as _;
    let parsed = x509_cert::Certificate::from_der(certificate).expect("an issued certificate");
    let signature = parsed.signature().raw_bytes();
    let fixed = certificate.strip_suffix(signature).expect("the signature stands last");
    // The lengths in front of both parts follow from that of the signature.
    let tbs = genuine::x509::Certificate::parse(certificate).expect("it was accepted").tbs();
    let start = fixed.windows(tbs.len()).position(|window| window == tbs).expect("the signed part");
    let signature = p384::ecdsa::Signature::from_der(signature).expect("it was verified");
    (fixed[start..fixed.len() - 3].to_vec(), signature.normalize_s())
}

/// Good attestations of every generation.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    case::good(Kind::Attestation).map(|seed| seed.object.clone()).collect()
}
