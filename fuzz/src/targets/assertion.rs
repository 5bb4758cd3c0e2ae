//! Assertions with real cryptography: what is accepted is what a device signed.

use genuine::{
    Error,
    app_attest::{Assertion, OwnedLaunchData, Step},
    crypto::RustCrypto,
};
use genuine_testvectors::{Kind, auth_data::FLAG_ED, keys::sha256};

use crate::{case, codes, naive, x509};

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
                signed.auth_data().launch_even_if_unannounced()
            };
            assert_eq!(proof.launch(), launch);
            let owned = proof.to_owned();
            assert_eq!((owned.key_id(), owned.counter()), (proof.key_id(), proof.counter()));
            assert_eq!(owned.app_index(), proof.app_index());
            same_launch(owned.launch(), &proof.launch());
        }
    }
}

/// r, and the lower one of s and n − s.
fn normal(assertion: &Assertion<'_>) -> p256::ecdsa::Signature {
    p256::ecdsa::Signature::from_slice(&assertion.signature().0).expect("it was verified").normalize_s()
}

/// What the plain reader finds; the codes of a refusal, or none where it is one of the object's encoding.
fn read(data: &[u8]) -> Result<(naive::Assertion<'_>, naive::AuthData<'_>, [u8; 64]), Option<naive::Codes>> {
    let assertion =
        naive::Assertion::read(data).ok_or_else(|| naive::Assertion::foreseen(data).map(|code| vec![code]))?;
    let auth_data = naive::AuthData::read(assertion.auth_data, false).map_err(Some)?;
    let signature = x509::r_and_s(assertion.signature).ok_or_else(|| Some(vec![Error::SignatureEncoding]))?;
    Ok((assertion, auth_data, signature))
}

/// The engine's reading of an assertion against the plain one.
pub(super) fn compare(parsed: &Result<Assertion<'_>, Error>, data: &[u8]) {
    match (parsed, read(data)) {
        (Ok(ours), Ok((assertion, auth_data, signature))) => {
            let view = Ok((ours.auth_data(), None));
            super::auth_data::compare(assertion.auth_data, view, Ok(&auth_data));
            assert_eq!(ours.signature().0, signature);
        }
        (Err(error), Err(Some(foreseen))) => assert!(foreseen.contains(error), "{error}, not {foreseen:?}"),
        (Err(error), Err(None)) => assert!(codes::step(*error) <= Step::Encoding, "{error}"),
        (ours, theirs) => panic!("{:?} and {theirs:?}", ours.as_ref().err()),
    }
}

/// The launch data of a proof in its two forms.
pub(super) fn same_launch(owned: &OwnedLaunchData, borrowed: &genuine::app_attest::LaunchData<'_>) {
    assert_eq!((owned.category, owned.code_hash_type), (borrowed.category, borrowed.code_hash_type));
    assert_eq!(owned.bundle_version.as_ref().map(|version| version.as_str()), borrowed.bundle_version);
    assert_eq!(owned.code_hash.as_ref().map(|hash| hash.as_bytes()), borrowed.code_hash);
}

/// Good assertions of every generation, an attestation, and every assertion of the catalogue that is refused.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let good = case::good(Kind::Assertion).chain(case::good(Kind::Attestation).take(1));
    good.map(|seed| seed.object.clone()).chain(case::refused(Kind::Assertion)).collect()
}
