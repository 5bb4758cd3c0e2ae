//! Tags and numbers with names, and views of lists.

use genuine::{
    Error,
    key_attestation::{KeyDescription, MAX_CHALLENGE, MAX_TAGS, Origin, Purpose, SecurityLevel, Tag, Value},
};
use genuine_testvectors::{
    android::{AndroidDevice, tag},
    der::Der,
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
