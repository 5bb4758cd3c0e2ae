//! Tags and numbers with names, and views of lists.

use genuine::{
    Error,
    key_attestation::{
        AttestationApplicationId, KeyDescription, MAX_CHALLENGE, MAX_TAGS, Origin, Purpose, SecurityLevel, Tag, Value,
    },
};
use genuine_testvectors::{
    android::{AndroidDevice, member, tag},
    der::{self, Der},
};

#[test]
fn tags_are_what_their_numbers_say() {
    assert!(Tag::ALL.is_sorted_by(|a, b| a.number() < b.number()));
    for tag in Tag::ALL {
        assert_eq!(Tag::from_number(tag.number()), Some(*tag));
        assert_eq!(tag.to_string(), tag.name());
    }
    let known = (0..=u16::MAX).filter(|number| Tag::from_number(*number).is_some()).count();
    assert_eq!(known, Tag::ALL.len());
    for number in 0..1_000 {
        assert_eq!(Origin::from(number).number(), number);
        assert_eq!(Purpose::from(number).number(), number);
        assert_eq!(SecurityLevel::from(number).number(), number);
    }
}

#[test]
fn lists_are_read_each_way() {
    let mut description = AndroidDevice::new("lists").description(b"challenge");
    description.hardware_enforced.set_octets(9_999, b"new");
    description.software_enforced.set_numbers(tag::DIGEST, &[6, 4, 5]);
    let der = description.to_der().encode();
    let view = KeyDescription::parse(&der).unwrap();
    let (software, hardware) = (view.software_enforced(), view.hardware_enforced());
    assert_eq!(view.attestation_challenge(), b"challenge");
    assert_eq!(software.integers(Tag::Digest).iter().collect::<Vec<_>>(), [6, 4, 5]);
    assert_eq!(format!("{:?}", software.integers(Tag::Digest)), "[6, 4, 5]");
    assert_eq!(hardware.unknown_tags().collect::<Vec<_>>(), [9_999]);
    assert_eq!(view.unknown_tags(), 1);
    assert!(hardware.are_tags_ordered());
    assert_eq!(hardware.get(Tag::NoAuthRequired), Some(Value::Present));
    assert_eq!(hardware.origin(), Some(Origin::Generated));
    assert_eq!(software.origin(), None);
    assert!(software.integers(Tag::Purpose).iter().next().is_none());
    assert_eq!(hardware.octets(Tag::Origin), None);
    assert_eq!(hardware.integer(Tag::RootOfTrust), None);
    assert!(hardware.iter().all(|(tag, value)| hardware.get(tag) == Some(value)));
}

/// Both sides of each cap.
#[test]
fn caps_are_where_they_say() {
    let device = AndroidDevice::new("caps");
    for (length, expected) in [(MAX_CHALLENGE, None), (MAX_CHALLENGE + 1, Some(Error::AndroidChallengeTooLong))] {
        let der = device.description(&vec![7; length]).to_der().encode();
        assert_eq!(KeyDescription::parse(&der).err(), expected);
    }
    for (count, expected) in [(MAX_TAGS, None), (MAX_TAGS + 1, Some(Error::AndroidTagLimit))] {
        let mut description = device.description(b"challenge");
        let there = (0..1_000).filter(|number| description.hardware_enforced.has(*number)).count();
        for number in (5_000..).take(count - there) {
            description.hardware_enforced.set(number, Der::null());
        }
        let der = description.to_der().encode();
        assert_eq!(KeyDescription::parse(&der).err(), expected, "{count}");
    }
}

/// The element of a tag, known or not: its octets, and one element within.
#[test]
fn an_element_is_one_under_a_minimal_tag() {
    let verdict = |element: Der| {
        let mut description = AndroidDevice::new("elements").description(b"challenge").to_der();
        description[member::HARDWARE_ENFORCED].elements().push(element);
        KeyDescription::parse(&description.encode()).err()
    };
    let tagged = |tag: &[u8]| Der { tag: tag.to_vec(), ..Der::context(0, vec![Der::null()]) };
    let malformed = Some(Error::AndroidTagMalformed);
    assert_eq!(verdict(Der::context(9_999, vec![Der::null()])), None);
    assert_eq!(verdict(Der::context(9_999, Vec::new())), malformed);
    assert_eq!(verdict(Der::context(9_999, vec![Der::null(), Der::null()])), malformed);
    assert_eq!(verdict(Der::context(9_999, vec![Der::raw(&[0x05, 0x01])])), malformed);
    for (octets, expected) in [
        (&[0xBE][..], None),
        (&[0xBF, 0x1F], None),
        (&[0xBF, 0x7F], None),
        (&[0xBF, 0x81, 0x00], None),
        (&[0xBF, 0xFF, 0x7F], None),
        (&[0xBF, 0x1E], malformed),
        (&[0xBF, 0x80, 0x7F], malformed),
        (&[0xBF, 0x81, 0x80, 0x00], malformed),
        (&[0xBF, 0x81, 0x81], malformed),
        (&[0x9F, 0x1F], malformed),
        (&[0x7F, 0x1F], malformed),
    ] {
        assert_eq!(verdict(tagged(octets)), expected, "{octets:02x?}");
    }
}

/// Levels and the boot state are ENUMERATED, which is written as an INTEGER is, up to 8 octets.
#[test]
fn levels_are_minimal_numbers() {
    let verdict = |octets: &[u8]| {
        let mut description = AndroidDevice::new("levels").description(b"challenge").to_der();
        description[member::ATTESTATION_SECURITY_LEVEL] = Der::primitive(der::tag::ENUMERATED, octets);
        let encoded = description.encode();
        KeyDescription::parse(&encoded).map(|description| description.attestation_security_level())
    };
    assert_eq!(verdict(&[2]), Ok(SecurityLevel::StrongBox));
    assert_eq!(verdict(&[0, 0x80]), Ok(SecurityLevel::Other(0x80)));
    let most = [&[0][..], &[0xFF; 8]].concat();
    assert_eq!(verdict(&most), Ok(SecurityLevel::Other(u64::MAX)));
    let more = [&[1][..], &[0; 8]].concat();
    for other in [&[][..], &[0, 2], &[0, 0, 0x80], &[0xFE], &[0xFF, 0x02], &more] {
        assert_eq!(verdict(other), Err(Error::AndroidDescriptionMalformed), "{other:02x?}");
    }
}

/// A version code has the 64 bits of Java's `long`.
#[test]
fn a_version_code_has_8_octets() {
    let parse = |octets: &[u8]| {
        let package = Der::sequence(vec![Der::octet_string(b"org.example"), Der::primitive(der::tag::INTEGER, octets)]);
        let app = Der::sequence(vec![Der::set(vec![package]), Der::set(Vec::new())]).encode();
        AttestationApplicationId::parse(&app).map(|app| app.packages().next().unwrap().version)
    };
    assert_eq!(parse(&[1, 2]), Ok(0x0102));
    assert_eq!(parse(&[0xFF]), Ok(-1));
    assert_eq!(parse(&[0x80, 0, 0, 0, 0, 0, 0, 0]), Ok(i64::MIN));
    for other in [&[][..], &[0, 1], &[0, 0x80, 0, 0, 0, 0, 0, 0, 0], &[1, 0, 0, 0, 0, 0, 0, 0, 0]] {
        assert_eq!(parse(other), Err(Error::AndroidAppMalformed), "{other:02x?}");
    }
}
