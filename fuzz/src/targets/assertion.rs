//! Assertions with real cryptography: what is accepted is what a device signed.

use der::{Decode as _, Sequence, asn1::UintRef};
use genuine::{Error, Step, app_attest::Assertion, crypto::RustCrypto};
use genuine_testvectors::{Kind, auth_data::FLAG_ED, keys::sha256};

use crate::{case, codes, naive};

/// An accepted input carries authenticator data and signature of a seed; s may be n − s.
pub fn run(data: &[u8]) {
    let parsed = Assertion::parse(data);
    compare(&parsed, data);
    let assertion = match parsed {
        Ok(assertion) => assertion,
        Err(error) => return codes::record::<()>(&Err(error)),
    };
    // Each simulated device has an app of its own; a real app may have several.
    let app = assertion.auth_data().app_id().0;
    for seed in case::good(Kind::Assertion).filter(|seed| sha256(&[seed.app_id.as_bytes()]) == app) {
        let verdict = case::verify_assertion(seed, &assertion, &RustCrypto);
        codes::record(&verdict);
        if let Ok(proof) = verdict {
            let signed = Assertion::parse(&seed.object).expect("a good seed");
            assert_eq!(assertion.auth_data().as_bytes(), signed.auth_data().as_bytes());
            assert_eq!(normal(&assertion), normal(&signed));
            assert_eq!(Some(proof.counter().0), seed.counter);
            let launch = if signed.auth_data().flags() & FLAG_ED == 0 {
                Default::default()
            } else {
                signed.auth_data().launch()
            };
            assert_eq!(proof.launch(), launch);
        }
    }
}

/// r, and the lower one of s and n − s.
fn normal(assertion: &Assertion<'_>) -> p256::ecdsa::Signature {
    p256::ecdsa::Signature::from_slice(&assertion.signature().0).expect("it was verified").normalize_s()
}

/// `ECDSA-Sig-Value` as the crate der reads it.
#[derive(Sequence)]
struct SigValue<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// r ‖ s, if both fit 32 octets.
fn r_and_s(signature: &[u8]) -> Option<[u8; 64]> {
    let value = SigValue::from_der(signature).ok()?;
    let mut both = [0; 64];
    for (number, end) in [(value.r, 32), (value.s, 64)] {
        let octets = number.as_bytes();
        both[end - 32..end].get_mut(32_usize.checked_sub(octets.len())?..)?.copy_from_slice(octets);
    }
    Some(both)
}

/// The engine's reading of an assertion against the plain one.
pub(super) fn compare(parsed: &Result<Assertion<'_>, Error>, data: &[u8]) {
    let naive = naive::Assertion::read(data).and_then(|assertion| {
        let auth_data = naive::AuthData::read(assertion.auth_data, false)?;
        let signature = r_and_s(assertion.signature)?;
        Some((assertion, auth_data, signature))
    });
    match (parsed, naive) {
        (Ok(ours), Some((assertion, auth_data, signature))) => {
            super::auth_data::compare(assertion.auth_data, Some((ours.auth_data(), None)), Some(&auth_data));
            assert_eq!(ours.signature().0, signature);
        }
        (Err(error), None) => {
            assert!(error.step() <= Step::SignatureForm, "{error}");
            assert!(naive::Assertion::foreseen(data).is_none_or(|foreseen| foreseen == *error), "{error}");
        }
        (ours, theirs) => panic!("{:?} and {theirs:?}", ours.as_ref().err()),
    }
}

/// Good assertions of every generation, an attestation, and every assertion of the catalogue that is refused.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let good = case::good(Kind::Assertion).chain(case::good(Kind::Attestation).take(1));
    good.map(|seed| seed.object.clone()).chain(case::refused(Kind::Assertion)).collect()
}
