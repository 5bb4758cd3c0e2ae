//! Authenticator data of attestations and assertions against a plain second reader.

use genuine::app_attest::{AttestedCredential, AuthenticatorData};
use genuine_testvectors::{Edits, Kind};

use crate::{around, case, codes, naive};

/// Both readings accept or both refuse; what they read is the same, and written again it is the input.
pub fn run(data: &[u8]) {
    let attestation = AuthenticatorData::parse_attestation(data);
    codes::record(&attestation);
    let read = attestation.as_ref().map(|(view, credential)| (view, Some(credential)));
    compare(data, read.ok(), naive::AuthData::read(data, true).as_ref());

    let assertion = AuthenticatorData::parse_assertion(data);
    codes::record(&assertion);
    compare(data, assertion.as_ref().ok().map(|view| (view, None)), naive::AuthData::read(data, false).as_ref());
}

pub(super) fn compare(
    data: &[u8],
    ours: Option<(&AuthenticatorData<'_>, Option<&AttestedCredential>)>,
    theirs: Option<&naive::AuthData<'_>>,
) {
    let Some((ours, credential)) = ours else {
        assert_eq!(theirs, None, "refused by the engine alone");
        return;
    };
    let launch = ours.launch();
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
    assert_eq!(Some(&read), theirs);
    assert_eq!(ours.as_bytes(), data);
    let fixed = if credential.is_some() { 164 } else { 37 };
    assert_eq!(read.encode(&data[fixed..]), data);
    let announced = if ours.flags() & 0x80 == 0 { Default::default() } else { launch };
    assert_eq!(ours.announced_launch(), announced);
}

/// That of each generation, in both kinds of object, and what refused objects of the catalogue have there.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let good = around::devices().flat_map(|device| [true, false].map(|attestation| of(&device, attestation)));
    let in_attestations = case::refused(Kind::Attestation)
        .filter_map(|object| naive::Attestation::read(&object).map(|read| read.auth_data.to_vec()));
    let in_assertions =
        case::refused(Kind::Assertion).filter_map(|object| Some(naive::Assertion::read(&object)?.auth_data.to_vec()));
    good.chain(in_attestations).chain(in_assertions).chain(labels_twice()).collect()
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
    let edits = Edits::default().auth_data_bytes(|bytes| *seen.borrow_mut() = bytes.clone());
    if attestation {
        let _ = edits.mint_attestation(device, b"x");
    } else {
        let _ = edits.mint_assertion(device, 7, b"x");
    }
    drop(edits);
    seen.into_inner()
}
