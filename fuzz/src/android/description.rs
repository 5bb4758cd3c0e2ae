//! `KeyDescription` (1.3.6.1.4.1.11129.2.1.17), as `KeyCreationResult.aidl` of KeyMint has it.

use genuine::{
    Error,
    key_attestation::{AttestationApplicationId, AuthorizationList, KeyDescription, RootOfTrust, Tag, Value as Ours},
};
use genuine_testvectors::der::{Der, tag};

use super::tree::{self, Element};

/// The most elements of a list, and the most octets of a challenge.
const MAX_TAGS: usize = 64;
const MAX_CHALLENGE: usize = 128;

/// The tags by the type of their value.
const NUMBERS: [u32; 19] = [2, 3, 8, 10, 11, 200, 400, 401, 402, 405, 502, 504, 505, 701, 702, 705, 706, 718, 719];
const SETS: [u32; 5] = [1, 4, 5, 6, 203];
const FLAGS: [u32; 11] = [7, 303, 305, 503, 506, 507, 508, 509, 600, 703, 720];
const OCTETS: [u32; 12] = [601, 709, 710, 711, 712, 713, 714, 715, 716, 717, 723, 724];
const ROOT_OF_TRUST: u32 = 704;

/// The value of a tag.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'i> {
    Present,
    Number(u64),
    Numbers(Vec<u64>),
    Octets(&'i [u8]),
    Root(Root<'i>),
    /// Of a tag that nobody knows: one element.
    Unknown(&'i [u8]),
}

/// `RootOfTrust`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Root<'i> {
    pub(crate) key: &'i [u8],
    /// The octet: any but zero is true.
    pub(crate) locked: u8,
    pub(crate) state: u64,
    pub(crate) hash: Option<&'i [u8]>,
}

/// `AuthorizationList`, in the order in which it stands there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct List<'i>(pub(crate) Vec<(u32, Value<'i>)>);

/// The eight members.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Description<'i> {
    pub(crate) version: u64,
    pub(crate) level: u64,
    pub(crate) key_mint_version: u64,
    pub(crate) key_mint_level: u64,
    pub(crate) challenge: &'i [u8],
    pub(crate) unique_id: &'i [u8],
    pub(crate) software: List<'i>,
    pub(crate) hardware: List<'i>,
}

/// `AttestationApplicationId`: packages with their versions, and digests.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct App<'i> {
    pub(crate) packages: Vec<(&'i [u8], i64)>,
    pub(crate) digests: Vec<&'i [u8]>,
}

impl<'i> Description<'i> {
    pub(crate) fn read(octets: &'i [u8]) -> Result<Self, Error> {
        let members = tree::only(octets).and_then(|sequence| sequence.elements(tag::SEQUENCE));
        let members = members.ok_or(Error::AndroidDescriptionMalformed)?;
        let [version, level, key_mint_version, key_mint_level, challenge, unique_id, software, hardware] = members[..]
        else {
            return Err(Error::AndroidDescriptionMalformed);
        };
        let read = || {
            Some(Self {
                version: version.number(tag::INTEGER)?,
                level: level.number(tag::ENUMERATED)?,
                key_mint_version: key_mint_version.number(tag::INTEGER)?,
                key_mint_level: key_mint_level.number(tag::ENUMERATED)?,
                challenge: challenge.of(tag::OCTET_STRING)?,
                unique_id: unique_id.of(tag::OCTET_STRING)?,
                software: List(Vec::new()),
                hardware: List(Vec::new()),
            })
        };
        let lists = software.of(tag::SEQUENCE).zip(hardware.of(tag::SEQUENCE));
        let (description, (software, hardware)) = read().zip(lists).ok_or(Error::AndroidDescriptionMalformed)?;
        if description.challenge.len() > MAX_CHALLENGE {
            return Err(Error::AndroidChallengeTooLong);
        }
        Ok(Self { software: List::read(software)?, hardware: List::read(hardware)?, ..description })
    }

    /// The octets that say this.
    pub(crate) fn write(&self) -> Vec<u8> {
        let enumerated = |number| {
            let Der { content, .. } = Der::number(number);
            Der { tag: vec![tag::ENUMERATED], length: None, content }.encode()
        };
        let members = [
            Der::number(self.version).encode(),
            enumerated(self.level),
            Der::number(self.key_mint_version).encode(),
            enumerated(self.key_mint_level),
            Der::octet_string(self.challenge).encode(),
            Der::octet_string(self.unique_id).encode(),
            tree::write(&[tag::SEQUENCE], &self.software.write()),
            tree::write(&[tag::SEQUENCE], &self.hardware.write()),
        ];
        tree::write(&[tag::SEQUENCE], &members.concat())
    }

    pub(crate) fn unknown_tags(&self) -> usize {
        [&self.software, &self.hardware].into_iter().map(|list| list.unknown().count()).sum()
    }
}

impl<'i> List<'i> {
    fn read(mut octets: &'i [u8]) -> Result<Self, Error> {
        let mut list = Self(Vec::new());
        while !octets.is_empty() {
            let (element, rest) = tree::first(octets).ok_or(Error::AndroidTagMalformed)?;
            let number = element.explicit().ok_or(Error::AndroidTagMalformed)?;
            if list.get(number).is_some() {
                return Err(Error::AndroidTagDuplicate);
            }
            if list.0.len() == MAX_TAGS {
                return Err(Error::AndroidTagLimit);
            }
            let value = tree::only(element.content).and_then(|inner| Value::read(number, &inner));
            list.0.push((number, value.ok_or(Error::AndroidTagMalformed)?));
            octets = rest;
        }
        Ok(list)
    }

    fn write(&self) -> Vec<u8> {
        let element = |(number, value): &(u32, Value<'_>)| tree::write(&explicit(*number), &value.write());
        self.0.iter().flat_map(element).collect()
    }

    pub(crate) fn get(&self, number: u32) -> Option<&Value<'i>> {
        self.0.iter().find(|(found, _)| *found == number).map(|(_, value)| value)
    }

    pub(crate) fn number(&self, tag: u32) -> Option<u64> {
        match self.get(tag)? {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    pub(crate) fn numbers(&self, tag: u32) -> &[u64] {
        match self.get(tag) {
            Some(Value::Numbers(numbers)) => numbers,
            _ => &[],
        }
    }

    pub(crate) fn octets(&self, tag: u32) -> Option<&'i [u8]> {
        match self.get(tag)? {
            Value::Octets(octets) => Some(octets),
            _ => None,
        }
    }

    pub(crate) fn root(&self) -> Option<&Root<'i>> {
        match self.get(ROOT_OF_TRUST)? {
            Value::Root(root) => Some(root),
            _ => None,
        }
    }

    fn unknown(&self) -> impl Iterator<Item = u32> {
        self.0.iter().filter(|(_, value)| matches!(value, Value::Unknown(_))).map(|(number, _)| *number)
    }
}

/// The identifier octets of a context-specific, constructed element.
fn explicit(number: u32) -> Vec<u8> {
    let [high, low] = [number >> 7, number & 0x7F].map(|digit| u8::try_from(digit).expect("7 bits"));
    match number {
        0..31 => vec![0xA0 | low],
        31..128 => vec![0xBF, low],
        _ => vec![0xBF, 0x80 | high, low],
    }
}

impl<'i> Value<'i> {
    fn read(number: u32, element: &Element<'i>) -> Option<Self> {
        if NUMBERS.contains(&number) {
            element.number(tag::INTEGER).map(Self::Number)
        } else if SETS.contains(&number) {
            let numbers = element.elements(tag::SET)?;
            numbers.iter().map(|element| element.number(tag::INTEGER)).collect::<Option<_>>().map(Self::Numbers)
        } else if FLAGS.contains(&number) {
            element.of(tag::NULL)?.is_empty().then_some(Self::Present)
        } else if OCTETS.contains(&number) {
            element.of(tag::OCTET_STRING).map(Self::Octets)
        } else if number == ROOT_OF_TRUST {
            Root::read(element).map(Self::Root)
        } else {
            // Of a type with a number below 31.
            (element.tag.len() == 1).then_some(Self::Unknown(element.whole))
        }
    }

    fn write(&self) -> Vec<u8> {
        match self {
            Self::Present => Der::null().encode(),
            Self::Number(number) => Der::number(*number).encode(),
            Self::Numbers(numbers) => Der::set(numbers.iter().copied().map(Der::number).collect()).encode(),
            Self::Octets(octets) => Der::octet_string(octets).encode(),
            Self::Root(root) => root.write(),
            Self::Unknown(element) => element.to_vec(),
        }
    }
}

impl<'i> Root<'i> {
    fn read(element: &Element<'i>) -> Option<Self> {
        let members = element.elements(tag::SEQUENCE)?;
        let (key, locked, state, hash) = match members[..] {
            [key, locked, state] => (key, locked, state, None),
            [key, locked, state, hash] => (key, locked, state, Some(hash.of(tag::OCTET_STRING)?)),
            _ => return None,
        };
        let &[locked] = locked.of(tag::BOOLEAN)? else { return None };
        Some(Self { key: key.of(tag::OCTET_STRING)?, locked, state: state.number(tag::ENUMERATED)?, hash })
    }

    fn write(&self) -> Vec<u8> {
        let Der { content, .. } = Der::number(self.state);
        let mut members = vec![
            Der::octet_string(self.key),
            Der::primitive(tag::BOOLEAN, &[self.locked]),
            Der { tag: vec![tag::ENUMERATED], length: None, content },
        ];
        members.extend(self.hash.map(Der::octet_string));
        Der::sequence(members).encode()
    }
}

impl<'i> App<'i> {
    pub(crate) fn read(octets: &'i [u8]) -> Option<Self> {
        let members = tree::only(octets)?.elements(tag::SEQUENCE)?;
        let [packages, digests] = members[..] else { return None };
        let package = |element: &Element<'i>| {
            let [name, version] = element.elements(tag::SEQUENCE)?[..] else { return None };
            let octets = version.of(tag::INTEGER)?;
            let is_shortest = match octets {
                [] => false,
                [_] => true,
                [first, second, ..] => *first != 0 && *first != 0xFF || (first ^ second) & 0x80 != 0,
            };
            if !is_shortest || octets.len() > 8 {
                return None;
            }
            let mut number = [if octets[0] & 0x80 == 0 { 0 } else { 0xFF }; 8];
            number[8 - octets.len()..].copy_from_slice(octets);
            Some((name.of(tag::OCTET_STRING)?, i64::from_be_bytes(number)))
        };
        Some(Self {
            packages: packages.elements(tag::SET)?.iter().map(package).collect::<Option<_>>()?,
            digests: digests
                .elements(tag::SET)?
                .iter()
                .map(|digest| digest.of(tag::OCTET_STRING))
                .collect::<Option<_>>()?,
        })
    }
}

/// Panics unless the engine reads the same.
pub(crate) fn agree(ours: &KeyDescription<'_>, theirs: &Description<'_>) {
    assert_eq!(ours.attestation_version(), theirs.version);
    assert_eq!(ours.attestation_security_level().number(), theirs.level);
    assert_eq!(ours.key_mint_version(), theirs.key_mint_version);
    assert_eq!(ours.key_mint_security_level().number(), theirs.key_mint_level);
    assert_eq!(ours.attestation_challenge(), theirs.challenge);
    assert_eq!(ours.unique_id(), theirs.unique_id);
    assert_eq!(ours.unknown_tags(), theirs.unknown_tags());
    agree_on_list(ours.software_enforced(), &theirs.software);
    agree_on_list(ours.hardware_enforced(), &theirs.hardware);
    let app = theirs.software.octets(709);
    assert_eq!(ours.application_id(), app);
    if let Some(octets) = app {
        agree_on_app(octets);
    }
}

fn agree_on_list(ours: AuthorizationList<'_>, theirs: &List<'_>) {
    let known: Vec<_> = theirs.0.iter().filter(|(_, value)| !matches!(value, Value::Unknown(_))).collect();
    let read: Vec<_> = ours.iter().collect();
    assert_eq!(read.len(), known.len());
    for ((tag, ours), (number, theirs)) in read.into_iter().zip(known) {
        assert_eq!(u32::from(tag.number()), *number);
        agree_on_value(ours, theirs);
    }
    assert!(ours.unknown_tags().map(u32::from).eq(theirs.unknown()));
    assert_eq!(ours.are_tags_ordered(), theirs.0.iter().map(|(number, _)| number).is_sorted());
    for &tag in Tag::ALL {
        let value = theirs.get(tag.number().into());
        assert_eq!(ours.has(tag), value.is_some());
        assert_eq!(ours.get(tag).is_some(), value.is_some());
        assert_eq!(ours.integer(tag), theirs.number(tag.number().into()));
        assert_eq!(ours.octets(tag), theirs.octets(tag.number().into()));
        assert!(ours.integers(tag).iter().eq(theirs.numbers(tag.number().into()).iter().copied()));
    }
    assert!(ours.purposes().map(genuine::key_attestation::Purpose::number).eq(theirs.numbers(1).iter().copied()));
    assert_eq!(ours.algorithm().map(genuine::key_attestation::Algorithm::number), theirs.number(2));
    assert_eq!(ours.ec_curve().map(genuine::key_attestation::EcCurve::number), theirs.number(10));
    assert_eq!(ours.origin().map(genuine::key_attestation::Origin::number), theirs.number(702));
    assert_eq!(ours.root_of_trust().is_some(), theirs.root().is_some());
}

fn agree_on_value(ours: Ours<'_>, theirs: &Value<'_>) {
    match (ours, theirs) {
        (Ours::Present, Value::Present) => {}
        (Ours::Integer(ours), Value::Number(theirs)) => assert_eq!(ours, *theirs),
        (Ours::Integers(ours), Value::Numbers(theirs)) => assert!(ours.iter().eq(theirs.iter().copied())),
        (Ours::Octets(ours), Value::Octets(theirs)) => assert_eq!(ours, *theirs),
        (Ours::RootOfTrust(ours), Value::Root(theirs)) => agree_on_root(&ours, theirs),
        (ours, theirs) => panic!("{ours:?} and {theirs:?}"),
    }
}

fn agree_on_root(ours: &RootOfTrust<'_>, theirs: &Root<'_>) {
    assert_eq!((ours.verified_boot_key(), ours.verified_boot_hash()), (theirs.key, theirs.hash));
    assert_eq!(ours.device_locked(), theirs.locked != 0);
    assert_eq!(ours.verified_boot_state().number(), theirs.state);
}

/// Read by the engine if and only if it is read here, and the same.
pub(crate) fn agree_on_app(octets: &[u8]) {
    let theirs = App::read(octets);
    let ours = AttestationApplicationId::parse(octets);
    crate::codes::record(&ours);
    match (ours, theirs) {
        (Ok(ours), Some(theirs)) => {
            assert!(ours.packages().map(|package| (package.name, package.version)).eq(theirs.packages));
            assert!(ours.signature_digests().eq(theirs.digests));
        }
        (Err(error), None) => assert_eq!(error, Error::AndroidAppMalformed),
        (ours, theirs) => panic!("{ours:?} and {theirs:?}"),
    }
}
