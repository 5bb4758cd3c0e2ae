//! Authenticator data of attestations and assertions against a plain second reader.

use genuine::{
    Error,
    app_attest::{AttestedCredential, AuthenticatorData},
};
use genuine_testvectors::{Kind, Mutation};

use crate::{around, case, codes, naive};

/// Both readings accept, or both refuse for one reason; what they read is the same, and written again it is the input.
pub fn run(data: &[u8]) {
    let attestation = AuthenticatorData::parse_attestation(data);
    codes::record(&attestation);
    let read = attestation.as_ref().map(|(view, credential)| (view, Some(credential)));
    compare(data, read.map_err(|error| *error), naive::AuthData::read(data, true).as_ref());
    alone(data);
}

/// The input as the authenticator data of an assertion; whether it is that.
pub(super) fn alone(data: &[u8]) -> bool {
    let assertion = AuthenticatorData::parse_assertion(data);
    codes::record(&assertion);
    let read = assertion.as_ref().map(|view| (view, None)).map_err(|error| *error);
    compare(data, read, naive::AuthData::read(data, false).as_ref());
    assertion.is_ok()
}

pub(super) fn compare(
    data: &[u8],
    ours: Result<(&AuthenticatorData<'_>, Option<&AttestedCredential>), Error>,
    theirs: Result<&naive::AuthData<'_>, &naive::Codes>,
) {
    let (ours, credential) = match ours {
        Ok(ours) => ours,
        Err(error) => {
            let foreseen = theirs.expect_err("refused by the engine alone");
            return assert!(foreseen.contains(&error), "{error}, not {foreseen:?}");
        }
    };
    let launch = ours.launch_even_if_unannounced();
    let read = naive::AuthData {
        app_id: ours.app_id().0,
        flags: ours.flags(),
        counter: ours.counter(),
        credential: credential.map(|credential| naive::Credential {
            aaguid: credential.aaguid(),
            id: credential.id(),
            key: credential.key(),
        }),
        bundle_version: launch.bundle_version,
        category: launch.category.map(|category| category.0),
        code_hash: launch.code_hash,
        code_hash_type: launch.code_hash_type,
    };
    assert_eq!(Ok(&read), theirs);
    assert_eq!(ours.as_bytes(), data);
    let fixed = if credential.is_some() { 164 } else { 37 };
    assert_eq!(read.encode(&data[fixed..]), data);
    let announced = if ours.flags() & 0x80 == 0 { Default::default() } else { launch };
    assert_eq!(ours.launch(), announced);
}

/// That of each generation, in both kinds of object, and what refused objects of the suite have there.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let good = around::devices().flat_map(|device| [true, false].map(|attestation| of(&device, attestation)));
    let in_attestations = case::refused(Kind::Attestation)
        .filter_map(|object| naive::Attestation::read(&object).map(|read| read.auth_data.to_vec()));
    let in_assertions =
        case::refused(Kind::Assertion).filter_map(|object| Some(naive::Assertion::read(&object)?.auth_data.to_vec()));
    // A length of the credential identifier that is right in its low octet alone.
    let mut long = of(&around::devices().next().expect("there are some"), true);
    long[37 + 16] = 1;
    good.chain(in_attestations).chain(in_assertions).chain(labels_twice()).chain([long]).collect()
}

/// Each label of the COSE key once more, behind itself.
fn labels_twice() -> impl Iterator<Item = Vec<u8>> {
    let honest = of(&around::devices().next().expect("there are some"), true);
    // Where each label and its value stand in the key, behind the head of the map (see `naive`).
    let entries = [1..3, 3..5, 5..7, 7..42, 42..77];
    entries.into_iter().map(move |entry| {
        let (before, key) = honest.split_at(16 + 2 + 32 + 37);
        let mut key = key.to_vec();
        key[0] += 1;
        let again = key[entry.clone()].to_vec();
        key.splice(entry.end..entry.end, again);
        [before, &key].concat()
    })
}

/// The authenticator data that a device writes, looked up on its way into an object.
fn of(device: &genuine_testvectors::Device, attestation: bool) -> Vec<u8> {
    let seen = std::cell::RefCell::default();
    let mutation = Mutation::default().auth_data_bytes(|bytes| *seen.borrow_mut() = bytes.clone());
    if attestation {
        let _ = mutation.mint_attestation(device, b"x");
    } else {
        let _ = mutation.mint_assertion(device, 7, b"x");
    }
    drop(mutation);
    seen.into_inner()
}
