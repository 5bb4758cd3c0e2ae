//! Forms at the edge of what is accepted that no bundled vector has.

use genuine::{
    Error,
    app_attest::{AttestationObject, AuthenticatorData, DeviceInfo},
    x509::{Certificate, DerError, X509Error},
};
use genuine_testvectors::{
    BUNDLE_VERSION, CODE_HASH, Mutation,
    cbor::Cbor,
    certificate::{UnsignedCertificate, field, oid},
    der::{Content, Der, tag},
};

use crate::common::{AssertionCase, AttestationCase, device, mutation};

fn both(mutation: &Mutation<'_>) -> [Option<Error>; 2] {
    [
        AttestationCase::mint(&device("forms"), mutation).verify().err(),
        AssertionCase::mint(&device("forms"), 1, mutation).verify().err(),
    ]
}

/// Nothing signs them, so that any value is passed over, within bounds.
#[test]
fn unsigned_code_hashes_hold_anything_within_bounds() {
    let hash = |length| (Cbor::text("hash"), Cbor::bytes(&vec![7; length]));
    let kind = || (Cbor::text("type"), Cbor::bytes(&[2]));
    let items =
        |count| Cbor::array(vec![Cbor::array(vec![Cbor::uint(0); 15]), Cbor::array(vec![Cbor::uint(0); count])]);
    for (what, value, expected) in [
        ("seen", Cbor::map(vec![hash(20), kind()]), None),
        ("a type that is a number", Cbor::map(vec![hash(20), (Cbor::text("type"), Cbor::uint(2))]), None),
        ("another key", Cbor::map(vec![hash(20), kind(), (Cbor::text("salt"), Cbor::uint(2))]), None),
        ("one key twice", Cbor::map(vec![kind(), kind()]), None),
        ("keys of another type", Cbor::map(vec![(Cbor::uint(1), Cbor::bytes(&[7; 20]))]), None),
        ("no map", Cbor::bytes(&[7; 20]), None),
        ("a float", Cbor::Raw(vec![0xF9, 0, 0]), None),
        ("512 bytes", Cbor::bytes(&[0; 509]), None),
        ("513 bytes", Cbor::bytes(&[0; 510]), Some(Error::CborLimit)),
        ("32 items", items(14), None),
        ("33 items", items(15), Some(Error::CborLimit)),
        ("17 entries", Cbor::array(vec![Cbor::uint(0); 17]), Some(Error::CborLimit)),
        ("a tag", Cbor::Raw(vec![0xC1, 0]), Some(Error::CborTag)),
        ("indefinite length", Cbor::Raw(vec![0x5F, 0xFF]), Some(Error::CborIndefinite)),
        ("a text that is not UTF-8", Cbor::Raw(vec![0x61, 0xFF]), Some(Error::CborUtf8)),
    ] {
        let mutation = Mutation::default().envelope(move |envelope| envelope.push("cdHash", value.clone()));
        assert_eq!(both(&mutation), [expected; 2], "{what}");
    }
    let twice = Mutation::default().envelope(|envelope| {
        envelope.push("cdHash", Cbor::uint(1));
        envelope.push("cdHash", Cbor::uint(1));
    });
    assert_eq!(both(&twice), [Some(Error::CborDuplicateKey); 2]);
    assert_eq!(both(&mutation()), [None; 2]);
}

#[test]
fn the_nonce_stands_alone() {
    let value = |change: fn(Der) -> Der| {
        let mutation = Mutation::default().leaf(move |leaf| {
            let value = Der::decode(leaf.extension(oid::NONCE)[1].octets());
            leaf.set_extension_value(oid::NONCE, &change(value).encode());
        });
        AttestationCase::mint(&device("forms"), &mutation).verify().err()
    };
    assert_eq!(value(|value| value), None);
    let trailing: [fn(Der) -> Der; 3] = [
        |mut value| {
            value[0].elements().push(Der::primitive(tag::NULL, &[]));
            value
        },
        |mut value| {
            let nonce = value[0][0].clone();
            value[0].elements().push(nonce);
            value
        },
        |mut value| {
            value.elements().push(Der::primitive(tag::NULL, &[]));
            value
        },
    ];
    for change in trailing {
        assert_eq!(value(change), Some(Error::NonceMalformed));
    }
}

/// Places in a tree of elements: the root, then each element by its positions from there.
fn places(root: &Der) -> Vec<Vec<usize>> {
    let mut places = vec![Vec::new()];
    if let Content::Elements(elements) = &root.content {
        for (position, element) in elements.iter().enumerate() {
            places.extend(places_below(position, element));
        }
    }
    places
}

fn places_below(position: usize, element: &Der) -> impl Iterator<Item = Vec<usize>> {
    places(element).into_iter().map(move |below| [vec![position], below].concat())
}

fn at<'d>(root: &'d mut Der, place: &[usize]) -> &'d mut Der {
    place.iter().fold(root, |element, &position| &mut element.elements()[position])
}

/// Both certificates, to be changed before they are signed.
fn certificates() -> [UnsignedCertificate; 2] {
    let device = device("forms");
    [device.leaf(&[7; 32]), device.authorities().intermediate()]
}

fn error_of(certificate: &UnsignedCertificate) -> Option<X509Error> {
    Certificate::parse(&certificate.sign().encode()).err()
}

#[test]
fn every_structure_of_a_certificate_ends_where_it_should() {
    for honest in certificates() {
        assert_eq!(error_of(&honest), None);
        let mut structures = 0;
        for place in places(&honest.tbs) {
            let mut certificate = honest.clone();
            if let Content::Elements(elements) = &mut at(&mut certificate.tbs, &place).content {
                elements.push(Der::primitive(tag::NULL, &[]));
                structures += 1;
                assert!(error_of(&certificate).is_some(), "a NULL at the end of {place:?}");
            }
        }
        assert!(structures > 20, "{structures}");
    }
}

#[test]
fn every_length_of_a_certificate_is_minimal() {
    for honest in certificates() {
        for place in places(&honest.tbs) {
            let length = at(&mut honest.tbs.clone(), &place).content_len();
            let [.., high, low] = length.to_be_bytes();
            let longer: &[&[u8]] = match length {
                0..=0x7F => &[&[0x81, low], &[0x82, 0, low], &[0x83, 0, 0, low]],
                0x80..=0xFF => &[&[0x82, 0, low], &[0x83, 0, 0, low]],
                _ => &[&[0x83, 0, high, low], &[0x84, 0, 0, high, low]],
            };
            for octets in longer {
                let mut certificate = honest.clone();
                at(&mut certificate.tbs, &place).length = Some(octets.to_vec());
                // The version is compared as a whole.
                let expected = if place.starts_with(&[field::VERSION, 0]) {
                    X509Error::Version
                } else {
                    X509Error::Der(DerError::Length)
                };
                assert_eq!(error_of(&certificate), Some(expected), "{octets:02X?} at {place:?}");
            }
        }
    }
}

#[test]
fn the_values_of_processed_extensions_end_where_they_should() {
    for honest in certificates() {
        for id in [oid::BASIC_CONSTRAINTS, oid::KEY_USAGE] {
            let mut value = honest.clone().extension(id).elements().last_mut().unwrap().octets().clone();
            let mut inside = Der::decode(&value);
            if id == oid::BASIC_CONSTRAINTS {
                inside.elements().push(Der::primitive(tag::NULL, &[]));
                let mut certificate = honest.clone();
                certificate.set_extension_value(id, &inside.encode());
                assert_eq!(error_of(&certificate), Some(X509Error::ExtensionMalformed), "within {id:02X?}");
            }
            value.extend([tag::NULL, 0]);
            let mut certificate = honest.clone();
            certificate.set_extension_value(id, &value);
            assert_eq!(error_of(&certificate), Some(X509Error::ExtensionMalformed), "behind {id:02X?}");
        }
    }
}

#[test]
fn times_end_with_z() {
    for (form, time, expected) in [
        (tag::UTC_TIME, "491231235959Z", None),
        (tag::UTC_TIME, "491231235959ZZ", Some(X509Error::Time)),
        (tag::UTC_TIME, "491231235959Z0", Some(X509Error::Time)),
        (tag::UTC_TIME, "491231235959", Some(X509Error::Time)),
        (tag::GENERALIZED_TIME, "20500101000000Z", None),
        (tag::GENERALIZED_TIME, "20500101000000ZZ", Some(X509Error::Time)),
        (tag::GENERALIZED_TIME, "20500101000000", Some(X509Error::Time)),
    ] {
        let [mut leaf, _] = certificates();
        leaf.tbs[field::VALIDITY][1] = Der::primitive(form, time.as_bytes());
        assert_eq!(error_of(&leaf), expected, "{time}");
    }
}

/// The extension is informational: what cannot be read leaves nothing, and the verdict as it is.
#[test]
fn device_information_is_read_whole_or_not_at_all() {
    let version = |text: &str| Der::context(1400, vec![Der::octet_string(text.as_bytes())]);
    let build = || Der::context(1403, vec![Der::octet_string(b"90Z999")]);
    let honest = Der::sequence(vec![version("27.0"), build()]).encode();
    // The version again, so that an entry passed over would leave it; then an entry with these tag octets.
    let tagged = |octets: &[u8]| {
        let mut entry = version("1");
        entry.tag = octets.to_vec();
        Der::sequence(vec![version("27.0"), entry]).encode()
    };
    // The version, and behind it what is no whole entry.
    let cut = |octets: &[u8]| {
        let content = [version("27.0").encode().as_slice(), octets].concat();
        [&[tag::SEQUENCE, u8::try_from(content.len()).expect("short")], content.as_slice()].concat()
    };
    let crowded = Der::context(1400, vec![Der::octet_string(b"27.0"), Der::octet_string(b"28.0")]);
    let cases = [
        ("both", honest.clone(), [Some("27.0"), Some("90Z999")]),
        ("the version", Der::sequence(vec![version("14.0")]).encode(), [Some("14.0"), None]),
        ("neither", Der::sequence(vec![]).encode(), [None, None]),
        ("two versions", Der::sequence(vec![version("27.0"), version("28.0"), build()]).encode(), [None, None]),
        ("two texts", Der::sequence(vec![crowded, build()]).encode(), [None, None]),
        ("more behind", [honest.as_slice(), &[tag::NULL, 0]].concat(), [None, None]),
        ("no text", Der::sequence(vec![Der::context(1400, vec![Der::small_integer(27)])]).encode(), [None, None]),
        ("no UTF-8", Der::sequence(vec![Der::context(1400, vec![Der::octet_string(&[0xFF])])]).encode(), [None, None]),
        ("no sequence", Der::octet_string(b"27.0").encode(), [None, None]),
        ("the smallest number of a long tag", tagged(&[0xBF, 0x1F]), [Some("27.0"), None]),
        ("a tag number with a leading zero", tagged(&[0xBF, 0x80, 0x78]), [None, None]),
        ("a long form of a short tag number", tagged(&[0xBF, 0x1E]), [None, None]),
        ("a tag number of three octets", tagged(&[0xBF, 0x8A, 0x80, 0x78]), [None, None]),
        ("a tag without its number", cut(&[0xBF]), [None, None]),
        ("half a tag number", cut(&[0xBF, 0x8A]), [None, None]),
        ("a tag without a length", cut(&[0xBF, 0x8A, 0x7B]), [None, None]),
        ("a tag of another class", tagged(&[0x7F, 0x8A, 0x7B]), [None, None]),
    ];
    for (what, value, [os_version, os_build]) in cases {
        let mutation = Mutation::default().leaf(move |leaf| leaf.set_extension_value(oid::DEVICE_FACTS, &value));
        let case = AttestationCase::mint(&device("forms"), &mutation);
        let info = case.verify().expect(what).device();
        assert_eq!((info.os_version, info.os_build), (os_version, os_build), "{what}");
        assert_eq!(info == DeviceInfo::default(), os_version.is_none() && os_build.is_none());
    }
}

/// A float or simple value that is cut off must not be passed over to beyond the end.
#[test]
fn values_of_unknown_extensions_are_complete() {
    let parse = |value: &[u8]| {
        let bytes = [&[0; 32], [0x80, 0, 0, 0, 1].as_slice(), &[0xA1, 0x61, b'x'], value].concat();
        AuthenticatorData::parse_assertion(&bytes).err()
    };
    for (head, payload) in [(0xF4, 0), (0xF8, 1), (0xF9, 2), (0xFA, 4), (0xFB, 8), (0x18, 1), (0x3B, 8), (0x42, 2)] {
        let whole = [vec![head], vec![0xF0; payload]].concat();
        assert_eq!(parse(&whole), None, "{whole:02X?}");
        for length in 0..whole.len() {
            assert_eq!(parse(&whole[..length]), Some(Error::AuthDataTrailing), "{:02X?}", &whole[..length]);
        }
        assert_eq!(parse(&[whole, vec![0]].concat()), Some(Error::AuthDataTrailing));
    }
}

/// RFC 8949 §4.2.1: the largest number that fits a shorter head, and the smallest that does not.
#[test]
fn heads_have_one_form() {
    let parse = |value: &[u8]| {
        let bytes = [&[0; 32], [0x80, 0, 0, 0, 1].as_slice(), &[0xA1, 0x61, b'x'], value].concat();
        AuthenticatorData::parse_assertion(&bytes).err()
    };
    for (head, size, largest) in [(24, 1, 0x17_u64), (25, 2, 0xFF), (26, 4, 0xFFFF), (27, 8, 0xFFFF_FFFF)] {
        for major in [0x00, 0x20] {
            let number = |number: u64| [&[major | head], &number.to_be_bytes()[8 - size..]].concat();
            assert_eq!(parse(&number(largest)), Some(Error::ExtMapNonCanonical), "{largest}");
            assert_eq!(parse(&number(largest + 1)), None, "{}", largest + 1);
        }
    }
}

/// 512 bytes of extension map, 255 of bundle version, 64 of code hash.
#[test]
fn limits_of_launch_data_belong_to_what_is_allowed() {
    let parse = |map: Cbor| {
        let bytes = [&[0; 32], [0x80, 0, 0, 0, 1].as_slice(), &map.encode()].concat();
        AuthenticatorData::parse_assertion(&bytes).err()
    };
    let unknown = |length| Cbor::map(vec![(Cbor::text("x"), Cbor::bytes(&vec![0; length]))]);
    assert_eq!(unknown(506).encode().len(), 512);
    assert_eq!(parse(unknown(506)), None);
    assert_eq!(parse(unknown(507)), Some(Error::ExtMapLimit));
    let version = |length| Cbor::map(vec![(Cbor::text(BUNDLE_VERSION), Cbor::text(&"1".repeat(length)))]);
    assert_eq!(parse(version(255)), None);
    assert_eq!(parse(version(256)), Some(Error::ExtMapLimit));
    let hash = |length| Cbor::map(vec![(Cbor::text(CODE_HASH), Cbor::bytes(&vec![0; length]))]);
    assert_eq!(parse(hash(1)), None);
    assert_eq!(parse(hash(64)), None);
    assert_eq!(parse(hash(65)), Some(Error::ExtMapLimit));
}

#[test]
fn the_credential_is_shown_as_it_is() {
    let device = device("forms");
    let case = AttestationCase::mint(&device, &mutation());
    let object = AttestationObject::parse(&case.object).unwrap();
    assert_eq!(object.credential().aaguid(), device.environment().aaguid());
    assert_eq!(object.credential().id(), device.key_id());
    assert_eq!(object.credential().key(), object.leaf_key());
}

/// X.690 §11.2.2: none, one octet of bits, two.
#[test]
fn key_usages_have_any_number_of_bits() {
    for (bits, expected) in [
        (&[0x03, 0x01, 0x00][..], Some(Error::KeyUsage)),
        (&[0x03, 0x02, 0x07, 0x80], None),
        (&[0x03, 0x03, 0x07, 0x80, 0x80], None),
        (&[0x03, 0x03, 0x07, 0x00, 0x80], Some(Error::KeyUsage)),
        (&[0x03, 0x04, 0x07, 0x80, 0x80, 0x80], Some(Error::DerBitString)),
    ] {
        let mutation = Mutation::default().leaf(|leaf| leaf.set_extension_value(oid::KEY_USAGE, bits));
        assert_eq!(AttestationCase::mint(&device("forms"), &mutation).verify().err(), expected, "{bits:02X?}");
    }
}

/// What is no DER the view refuses (X.690 §8.6.2.2, §11.2.1); what only a profile wants left out (§11.2.2), it reads.
#[test]
fn padding_of_key_usages_is_read_strictly() {
    for (bits, expected) in [
        (&[0x03, 0x02, 0x05, 0xE0][..], None),
        (&[0x03, 0x02, 0x05, 0xF0], Some(X509Error::Der(DerError::BitString))),
        (&[0x03, 0x02, 0x08, 0x00], Some(X509Error::Der(DerError::BitString))),
        (&[0x03, 0x03, 0x00, 0xE0, 0x00], None),
    ] {
        for mut certificate in certificates() {
            certificate.set_extension_value(oid::KEY_USAGE, bits);
            assert_eq!(error_of(&certificate), expected, "{bits:02X?}");
        }
    }
}

#[test]
fn names_hold_values_of_low_tag_numbers() {
    let [mut leaf, _] = certificates();
    leaf.tbs[field::SUBJECT][0][0][1].tag = vec![0x1F, 0x81, 0x00];
    assert_eq!(error_of(&leaf), Some(X509Error::Der(DerError::Tag)));
}
