//! What a phone's secure hardware says of a key: `KeyDescription::parse` against a plain reader.

use std::{collections::BTreeSet, sync::LazyLock};

use genuine::key_attestation::KeyDescription;
use genuine_testvectors::{
    android::{AndroidDevice, ApplicationId, KeyKind, tag},
    android_vectors,
    der::{Content, Der, tag as universal},
};

use crate::{
    android::{certificate, description},
    around::Slot,
    boundaries, codes,
};

/// The first byte of an input that is a description as it stands.
const WHOLE: u8 = 0xFF;

/// A description with every tag, as a tree with the app's identifier opened.
static COMPLETE: LazyLock<Der> = LazyLock::new(|| {
    let app = ApplicationId {
        packages: vec![("a.b".to_owned(), 1), ("c".to_owned(), 2)],
        signing_digests: vec![vec![7; 32]; 2],
    };
    let mut description = AndroidDevice::new("fuzz").description(b"challenge");
    for list in [&mut description.software_enforced, &mut description.hardware_enforced] {
        for number in (1..=11).chain([200, 203, 303, 305]).chain(400..=405).chain(502..=509).chain([600, 601]) {
            list.set_number(number, 1);
        }
        for number in (701..=703).chain(705..=724) {
            list.set_number(number, 1);
        }
        for number in [tag::PURPOSE, tag::BLOCK_MODE, tag::DIGEST, tag::PADDING, tag::MGF_DIGEST] {
            list.set_numbers(number, &[2, 3, 0x100]);
        }
        for number in [
            tag::CALLER_NONCE,
            tag::ROLLBACK_RESISTANCE,
            tag::EARLY_BOOT_ONLY,
            tag::NO_AUTH_REQUIRED,
            tag::ALLOW_WHILE_ON_BODY,
            tag::TRUSTED_USER_PRESENCE_REQUIRED,
            tag::TRUSTED_CONFIRMATION_REQUIRED,
            tag::UNLOCKED_DEVICE_REQUIRED,
            tag::ALL_APPLICATIONS,
            tag::ROLLBACK_RESISTANT,
            tag::DEVICE_UNIQUE_ATTESTATION,
        ] {
            list.set_null(number);
        }
        for number in
            (tag::ID_BRAND..=tag::ID_MODEL).chain([tag::APPLICATION_ID, tag::ID_SECOND_IMEI, tag::MODULE_HASH])
        {
            list.set_octets(number, b"octets");
        }
        list.set(tag::ATTESTATION_APPLICATION_ID, Der::constructed(universal::OCTET_STRING, vec![app.to_der()]));
    }
    description.to_der()
});

/// Every element of it that is not empty, and what is in each.
static PLACES: LazyLock<Vec<(Slot, Vec<u8>)>> = LazyLock::new(|| {
    let mut paths = vec![Vec::new()];
    let mut next = 0;
    while let Some(path) = paths.get(next).cloned() {
        let element = path.iter().fold(&*COMPLETE, |element, position| match &element.content {
            Content::Elements(elements) => &elements[*position],
            Content::Octets(_) => element,
        });
        if let Content::Elements(elements) = &element.content {
            // Of the software-enforced list the app's identifier alone: the other one has the rest.
            let is_software = path == [6];
            let app = elements.iter().position(|element| element.tag == [0xBF, 0x85, 0x45]);
            let positions = (0..elements.len()).filter(|position| !is_software || Some(*position) == app);
            paths.extend(positions.map(|position| [path.clone(), vec![position]].concat()));
        }
        next += 1;
    }
    paths.iter().map(|path| Slot::inside(&COMPLETE, path)).collect()
});

/// A place in a description with every tag (1 byte), and what stands there; lengths around it are made right. Or a description.
///
/// Accepted if and only if the plain reader accepts it, and refused for the same; the same values, by every accessor; written again
/// from what was read it is the input.
pub fn run(data: &[u8]) {
    let Some((&place, rest)) = data.split_first() else { return };
    match PLACES.get(usize::from(place)) {
        Some((slot, _)) if place != WHOLE => check(&slot.fill(rest)),
        _ => check(rest),
    }
}

fn check(octets: &[u8]) {
    let ours = KeyDescription::parse(octets);
    codes::record(&ours);
    match (ours, description::Description::read(octets)) {
        (Ok(ours), Ok(theirs)) => {
            description::agree(&ours, &theirs);
            assert_eq!(theirs.write(), octets);
        }
        (Err(ours), Err(theirs)) => assert_eq!(ours, theirs),
        (ours, theirs) => panic!("{ours:?} and {theirs:?}"),
    }
    description::agree_on_app(octets);
}

/// What honest phones of each version say, what is said in every vector, each place as it is, and what is at the limits.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let device = AndroidDevice::new("fuzz");
    let whole = |octets: Vec<u8>| [&[WHOLE], &octets[..]].concat();
    let honest = [1, 2, 3, 4, 100, 200, 300, 400, 500].into_iter().flat_map(|version| {
        [KeyKind::P256, KeyKind::Rsa2048, KeyKind::MlDsa65].map(|kind| {
            whole(
                device.clone().with_version(version).with_key_kind(kind).description(b"a challenge").to_der().encode(),
            )
        })
    });
    let of_vectors: BTreeSet<_> = android_vectors()
        .flat_map(|vector| {
            let leaf = &vector.certificates_b64.first().map(|leaf| leaf.0.clone()).unwrap_or_default();
            certificate::Certificate::read(leaf).and_then(|leaf| leaf.description().map(<[u8]>::to_vec))
        })
        .map(whole)
        .collect();
    let places = (0..).zip(&*PLACES).map(|(place, (_, content)): (u8, _)| [&[place], &content[..]].concat());
    let app = device.description(b"").software_enforced.value(tag::ATTESTATION_APPLICATION_ID).octets().clone();
    honest.chain(of_vectors).chain(places).chain(at_limits()).chain([whole(app)]).collect()
}

/// Lists in the place of the hardware-enforced one, and values in that of the application identifier and of the security level.
fn at_limits() -> impl Iterator<Item = Vec<u8>> {
    let place = |path: &[usize]| {
        let (_, content) = Slot::inside(&COMPLETE, path);
        let position = PLACES.iter().position(|(_, found)| *found == content).expect("a place");
        u8::try_from(position).expect("some hundred")
    };
    let (list, level) = (place(&[7]), place(&[1]));
    let unknown = |number: u16| Der::context(number, vec![Der::null()]).encode();
    let many = |count: u16| (0..count).flat_map(|number| unknown(1_000 + number)).collect::<Vec<_>>();
    let octets = boundaries::der_elements(universal::OCTET_STRING).into_iter();
    let in_list = octets.map(|element| Der::context(tag::APPLICATION_ID, vec![Der::raw(&element)]).encode());
    let lists = in_list
        .chain([many(64), many(65), [unknown(9), unknown(9)].concat(), [unknown(800), unknown(9)].concat()])
        // A tag in two octets too many, one that is too large, one in the long form that has a short one.
        .chain([b"\xBF\x80\x09\x02\x05\x00".to_vec(), b"\xBF\x81\x80\x00\x02\x05\x00".to_vec()])
        .chain([
            b"\xBF\x1E\x02\x05\x00".to_vec(),
            b"\xBF\x1F\x02\x05\x00".to_vec(),
            b"\xBF\xFF\x7F\x02\x05\x00".to_vec(),
        ])
        // Two values, none, and one with a long tag.
        .chain([b"\xA9\x04\x05\x00\x05\x00".to_vec(), b"\xA9\x00".to_vec(), b"\xA9\x04\xBF\x1F\x01\x00".to_vec()]);
    let lists = lists.map(move |octets| [&[list], &octets[..]].concat());
    // Numbers at both ends of 64 bits, padded, and negative.
    let numbers: [&[u8]; 8] =
        [&[], &[0], &[0x7F], &[0x80], &[0, 0x7F], &[0, 0x80], &[0, 255, 255, 255, 255, 255, 255, 255, 255], &[1; 9]];
    lists.chain(numbers.into_iter().map(move |octets| [&[level], octets].concat()))
}
