//! The bundled vectors as cases.

use genuine::{
    Error, UnixTime,
    app_attest::{AttestationCrypto, Counter, Environment, KeyId, ReplayWindow},
    crypto::{P256, P384, PublicKey},
};
use genuine_testvectors::{Kind, TestPki, Vector};
use genuine_testvectors_runner::Terms;

use super::{AssertionCase, AttestationCase, app_hash, environment, trusted_key};

/// Verifies a vector, an assertion after its previous counter.
pub(crate) fn verify<C: AttestationCrypto + ?Sized>(vector: &Vector, pki: &TestPki, crypto: &C) -> Result<(), Error> {
    match vector.kind {
        Kind::Attestation => attestation(vector, pki)?.verify_with(crypto).map(drop),
        Kind::Assertion => {
            let case = assertion(vector)?;
            match &vector.previous_window {
                Some(window) => {
                    let window = ReplayWindow::from_trusted_bytes(window)?;
                    case.verify_with(crypto)?.accept_in_window_without_store(window).map(drop)
                }
                None => {
                    case.verify_with(crypto)?.accept_without_store(Counter(vector.previous_counter.unwrap())).map(drop)
                }
            }
        }
    }
}

/// An attestation; its key identifier may be none.
pub(crate) fn attestation(vector: &Vector, pki: &TestPki) -> Result<AttestationCase, Error> {
    Ok(AttestationCase {
        object: vector.object.clone(),
        key_id: KeyId::from_slice(&vector.key_id)?,
        client_data: vector.client_data_hash.clone(),
        apps: vec![app_hash(&vector.app_id)],
        environment: environment(vector.environment.unwrap()),
        terms: terms(vector),
        now: UnixTime(vector.valid_at.unwrap()),
        root_subject: pki.root_subject(),
        root_key: PublicKey::<P384>::from_uncompressed(&pki.root_point()).unwrap(),
    })
}

/// An assertion; its environment has no say.
pub(crate) fn assertion(vector: &Vector) -> Result<AssertionCase, Error> {
    let app = app_hash(&vector.app_id);
    let key = PublicKey::<P256>::from_uncompressed(&vector.public_key).ok_or(Error::PublicKeyInvalid)?;
    Ok(AssertionCase {
        object: vector.object.clone(),
        key: trusted_key(&key, app, Environment::Production),
        client_data: vector.client_data_hash.clone(),
        apps: vec![app],
        environment: Environment::Production,
        terms: terms(vector),
    })
}

/// Kept to the end of the test, as what a vector requires borrows it.
fn terms(vector: &Vector) -> Terms<'static> {
    Terms::of(Box::leak(Box::new(vector.clone())))
}
