//! Attestations and assertions drawn by the generator of the test vectors, with real cryptography.

use genuine::{
    Error,
    app_attest::{Assertion, AttestationObject},
    crypto::Sha256 as _,
};
use genuine_testvectors::{Kind, Vector, generator::Generator};

use crate::{case, codes, remembering::Remembering};

thread_local! {
    static GENERATOR: Generator = Generator::new();
    static CRYPTO: Remembering = Remembering::default();
}

/// The verdict is the predicted one; what is accepted says what the device said.
pub fn run(data: &[u8]) {
    let vector = GENERATOR.with(|generator| generator.draw(data));
    let verdict = CRYPTO.with(|crypto| verify(&vector, crypto));
    codes::record(&verdict);
    assert_eq!(verdict.err().map(Error::name), vector.expected.as_deref(), "{}", vector.id);
}

fn verify(vector: &Vector, crypto: &Remembering) -> Result<(), Error> {
    match vector.kind {
        Kind::Attestation => {
            let object = AttestationObject::parse(&vector.object)?;
            let proof = case::verify_attestation(vector, &object, crypto)?;
            assert_eq!(proof.key().id().0[..], vector.key_id);
            assert_eq!(proof.key().public_key().0[..], vector.public_key[1..]);
            let app = crypto.sha256(&[vector.app_id.as_bytes()]).expect("a hash");
            assert_eq!(proof.key().app_id().0, app);
            assert!(proof.device().os_version.is_some());
        }
        Kind::Assertion => {
            let assertion = Assertion::parse(&vector.object)?;
            let proof = case::verify_assertion(vector, &assertion, crypto)?;
            assert_eq!(proof.key_id().0[..], vector.key_id);
            assert_eq!(Some(proof.counter().0), vector.counter);
        }
    }
    Ok(())
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
