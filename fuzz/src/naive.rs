//! A second reader of CBOR and of what App Attest writes in it: recursive, allocating, and as plain as can be.
//!
//! It states the format once more, so that the engine has to agree with it in both directions: what one accepts the
//! other accepts. Of an object it foresees two errors, those that tell another kind of object; of authenticator data it has
//! a table of codes of its own.

use genuine::{
    Error,
    app_attest::Counter,
    crypto::{P256, PublicKey},
};
use genuine_testvectors::{
    BUNDLE_VERSION, CODE_HASH, CODE_HASH_TYPE, VALIDATION_CATEGORY,
    auth_data::{FLAG_AT, FLAG_ED},
    cbor::head,
};

/// Deeper than the engine passes over.
const DEEPEST: u32 = 40;

/// The most entries of a map or array.
const MAX_ENTRIES: u64 = 16;

/// One item of strict CBOR (RFC 8949 §4.2.1): definite lengths, shortest heads, no tags.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item<'i> {
    Integer(i128),
    Bytes(&'i [u8]),
    Text(&'i str),
    Array(Vec<Item<'i>>),
    Map(Vec<(Item<'i>, Item<'i>)>),
    /// A simple value or a float, as encoded.
    Simple(&'i [u8]),
}

impl<'i> Item<'i> {
    /// The input as one item and nothing else.
    pub(crate) fn whole(input: &'i [u8]) -> Option<Self> {
        match Self::first(input, DEEPEST)? {
            (item, []) => Some(item),
            _ => None,
        }
    }

    fn first(input: &'i [u8], depth: u32) -> Option<(Self, &'i [u8])> {
        let depth = depth.checked_sub(1)?;
        let (&initial, rest) = input.split_first()?;
        let extra = match initial & 0x1F {
            0..=23 => 0,
            information @ 24..=27 => 1 << (information - 24),
            _ => return None,
        };
        let (octets, mut rest) = rest.split_at_checked(extra)?;
        let major = initial >> 5;
        if major == 7 {
            let reserved = matches!(octets, [0..32]) && extra == 1;
            return (!reserved).then_some((Self::Simple(&input[..=extra]), rest));
        }
        let argument = match octets {
            [] => u64::from(initial & 0x1F),
            octets => octets.iter().fold(0, |number, octet| number << 8 | u64::from(*octet)),
        };
        let shortest = match argument {
            0..24 => 0,
            24..0x100 => 1,
            0x100..0x1_0000 => 2,
            0x1_0000..0x1_0000_0000 => 4,
            _ => 8,
        };
        if extra != shortest || (matches!(major, 4 | 5) && argument > MAX_ENTRIES) {
            return None;
        }
        let item = match major {
            0 => Self::Integer(argument.into()),
            1 => Self::Integer(-1 - i128::from(argument)),
            2 | 3 => {
                let (content, after) = rest.split_at_checked(argument.try_into().ok()?)?;
                rest = after;
                if major == 2 { Self::Bytes(content) } else { Self::Text(str::from_utf8(content).ok()?) }
            }
            4 | 5 => {
                let mut items = Vec::new();
                for _ in 0..argument << (major - 4) {
                    let (item, after) = Self::first(rest, depth)?;
                    rest = after;
                    items.push(item);
                }
                if major == 4 {
                    Self::Array(items)
                } else {
                    let mut items = items.into_iter();
                    Self::Map(std::iter::from_fn(|| Some((items.next()?, items.next()?))).collect())
                }
            }
            _ => return None,
        };
        Some((item, rest))
    }

    /// The items in it, itself included.
    pub(crate) fn count(&self) -> usize {
        1 + match self {
            Self::Array(items) => items.iter().map(Self::count).sum(),
            Self::Map(entries) => entries.iter().map(|(key, value)| key.count() + value.count()).sum(),
            _ => 0,
        }
    }

    /// The bytes that it is written in.
    fn length(&self) -> usize {
        let head = |argument: usize| head(0, argument as u64).len();
        match self {
            Self::Integer(number) => {
                let argument = if *number < 0 { -1 - number } else { *number };
                crate::naive::head(0, argument.try_into().expect("64 bits")).len()
            }
            Self::Bytes(octets) => head(octets.len()) + octets.len(),
            Self::Text(text) => head(text.len()) + text.len(),
            Self::Array(items) => head(items.len()) + items.iter().map(Self::length).sum::<usize>(),
            Self::Map(entries) => {
                let lengths = entries.iter().map(|(key, value)| key.length() + value.length());
                head(entries.len()) + lengths.sum::<usize>()
            }
            Self::Simple(octets) => octets.len(),
        }
    }

    /// The values under these keys, all of which are texts, none there twice and none of another name.
    fn fields<const N: usize>(&self, names: [&str; N]) -> Option<[Option<&Self>; N]> {
        let mut fields = [None; N];
        let Self::Map(entries) = self else { return None };
        for (key, value) in entries {
            let position = names.iter().position(|name| *key == Item::Text(name))?;
            if fields[position].replace(value).is_some() {
                return None;
            }
        }
        Some(fields)
    }

    fn bytes(&self) -> Option<&'i [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

/// The value under the unsigned `cdHash`: any, of 32 items in 512 bytes.
fn is_code_hash(item: &Item<'_>) -> bool {
    item.count() <= 32 && item.length() <= 512
}

/// The error of a well-formed object of the other kind, if its first key tells it, an unsigned code hash left out.
fn other_kind(object: Option<&Item<'_>>, keys: &[&str]) -> Option<Error> {
    let Item::Map(entries) = object? else { return None };
    let first = match entries.as_slice() {
        [(Item::Text("cdHash"), value), rest @ ..] if is_code_hash(value) => rest.first(),
        entries => entries.first(),
    };
    keys.iter().any(|key| first.is_some_and(|(first, _)| *first == Item::Text(key))).then_some(Error::WrongObjectKind)
}

/// What stands in an attestation object, certificates and authenticator data unread.
#[derive(Debug, PartialEq)]
pub(crate) struct Attestation<'i> {
    pub(crate) leaf: &'i [u8],
    pub(crate) intermediate: &'i [u8],
    pub(crate) receipt: &'i [u8],
    pub(crate) auth_data: &'i [u8],
}

impl<'i> Attestation<'i> {
    /// The error of what is none, where it has to be this one: an assertion, or another format with the keys of this one.
    pub(crate) fn foreseen(input: &[u8]) -> Option<Error> {
        let object = Item::whole(input);
        let other_format = || {
            let envelope = object.as_ref().filter(|_| input.len() <= 16 * 1024)?;
            let [format, _, auth_data, code_hash] = envelope.fields(["fmt", "attStmt", "authData", "cdHash"])?;
            let good = auth_data.is_none_or(|data| data.bytes().is_some()) && code_hash.is_none_or(is_code_hash);
            let is_other = matches!(format?, Item::Text(name) if *name != "apple-appattest");
            (good && is_other).then_some(Error::FmtMismatch)
        };
        other_kind(object.as_ref(), &["signature"]).or_else(other_format)
    }

    pub(crate) fn read(input: &'i [u8]) -> Option<Self> {
        let envelope = Item::whole(input).filter(|_| input.len() <= 16 * 1024)?;
        let [format, statement, auth_data, code_hash] = envelope.fields(["fmt", "attStmt", "authData", "cdHash"])?;
        let [certificates, receipt] = statement?.fields(["x5c", "receipt"])?;
        let Item::Array(certificates) = certificates? else { return None };
        let [leaf, intermediate] = certificates.as_slice() else { return None };
        let good = *format? == Item::Text("apple-appattest") && code_hash.is_none_or(is_code_hash);
        let receipt = receipt?.bytes().filter(|receipt| good && !receipt.is_empty())?;
        Some(Self { leaf: leaf.bytes()?, intermediate: intermediate.bytes()?, receipt, auth_data: auth_data?.bytes()? })
    }
}

/// What stands in an assertion, the signature in DER and the authenticator data unread.
#[derive(Debug, PartialEq)]
pub(crate) struct Assertion<'i> {
    pub(crate) signature: &'i [u8],
    pub(crate) auth_data: &'i [u8],
}

impl<'i> Assertion<'i> {
    /// The error of what is an attestation.
    pub(crate) fn foreseen(input: &[u8]) -> Option<Error> {
        other_kind(Item::whole(input).as_ref(), &["fmt", "attStmt"])
    }

    pub(crate) fn read(input: &'i [u8]) -> Option<Self> {
        let envelope = Item::whole(input).filter(|_| input.len() <= 1024)?;
        let [signature, auth_data, code_hash] = envelope.fields(["signature", "authenticatorData", "cdHash"])?;
        let (signature, auth_data) = (signature?.bytes()?, auth_data?.bytes()?);
        code_hash.is_none_or(is_code_hash).then_some(Self { signature, auth_data })
    }
}

/// Authenticator data, every field of it.
#[derive(Debug, PartialEq)]
pub(crate) struct AuthData<'i> {
    pub(crate) app_id: [u8; 32],
    pub(crate) flags: u8,
    pub(crate) counter: Counter,
    pub(crate) credential: Option<Credential>,
    pub(crate) bundle_version: Option<&'i str>,
    pub(crate) category: Option<u32>,
    pub(crate) code_hash: Option<&'i [u8]>,
    pub(crate) code_hash_type: Option<u8>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Credential {
    pub(crate) aaguid: [u8; 16],
    pub(crate) id: [u8; 32],
    pub(crate) key: PublicKey<P256>,
}

/// The codes that a refusal may have: one, unless it takes a lenient reader to tell which of several faults comes first.
pub(crate) type Codes = Vec<Error>;

/// What is wrong with the head of something that is to be a map.
enum HeadFault {
    Indefinite,
    NonCanonical,
    TooMany,
    /// Another item, or none.
    NoMap,
}

/// `None` if the head is that of a map with few entries, or cut off.
fn head_fault(input: &[u8]) -> Option<HeadFault> {
    match *input {
        [0x5F | 0x7F | 0x9F | 0xBF, ..] => Some(HeadFault::Indefinite),
        [0xB8, 0..24, ..] | [0xB9, 0, _, ..] | [0xBA, 0, 0, _, _, ..] | [0xBB, 0, 0, 0, 0, _, _, _, _, ..] => {
            Some(HeadFault::NonCanonical)
        }
        [0xB1..=0xB7, ..] | [0xB8, _, ..] | [0xB9, _, _, ..] | [0xBA, _, _, _, _, ..] => Some(HeadFault::TooMany),
        [0xBB, _, _, _, _, _, _, _, _, ..] => Some(HeadFault::TooMany),
        [0xA0..=0xBB, ..] | [0xF8] | [] => None,
        _ => Some(HeadFault::NoMap),
    }
}

/// The codes of a COSE key that is not written in the one form: labels and values are looked at in their order.
fn cose_codes(input: &[u8]) -> Codes {
    const LABELS: [i128; 5] = [1, 3, -1, -2, -3];
    let Some((Item::Map(entries), _)) = Item::first(input, DEEPEST) else {
        return match head_fault(input) {
            Some(HeadFault::Indefinite) => vec![Error::CoseIndefinite],
            Some(HeadFault::NonCanonical) => vec![Error::CoseNonCanonical],
            Some(HeadFault::TooMany | HeadFault::NoMap) => vec![Error::CoseMalformed],
            None => vec![
                Error::AuthDataTruncated,
                Error::CoseIndefinite,
                Error::CoseNonCanonical,
                Error::CoseDuplicateLabel,
                Error::CoseMalformed,
            ],
        };
    };
    let mut last = None;
    let mut seen = Vec::new();
    let mut supported = 0;
    for (label, value) in &entries {
        let position = LABELS.iter().position(|known| *label == Item::Integer(*known));
        if position.is_none() {
            return vec![Error::CoseMalformed];
        }
        if seen.contains(&label) {
            return vec![Error::CoseDuplicateLabel];
        }
        if position < last {
            return vec![Error::CoseNonCanonical];
        }
        let is_value = match position {
            Some(0..3) => matches!(value, Item::Integer(number) if i64::try_from(*number).is_ok()),
            _ => value.bytes().is_some_and(|coordinate| coordinate.len() == 32),
        };
        if !is_value {
            return vec![Error::CoseMalformed];
        }
        // EC2, ES256, P-256.
        let expected = [2, -7, 1].map(Item::Integer);
        supported += usize::from(position.and_then(|position| expected.get(position)) == Some(value));
        seen.push(label);
        last = position;
    }
    vec![if supported == 3 { Error::CoseMalformed } else { Error::CoseUnsupported }]
}

/// The COSE key of App Attest but for its coordinates (RFC 9053 §7.1.1).
const COSE: [&[u8]; 2] = [b"\xA5\x01\x02\x03\x26\x20\x01\x21\x58\x20", b"\x22\x58\x20"];

impl<'i> AuthData<'i> {
    pub(crate) fn read(input: &'i [u8], attestation: bool) -> Result<Self, Codes> {
        let (header, mut rest) = input.split_at_checked(37).ok_or_else(|| vec![Error::AuthDataTruncated])?;
        let (app_id, counter) = (header[..32].try_into(), header[33..].try_into());
        let mut read = Self {
            app_id: app_id.expect("32 octets"),
            flags: header[32],
            counter: Counter(u32::from_be_bytes(counter.expect("4 octets"))),
            credential: None,
            bundle_version: None,
            category: None,
            code_hash: None,
            code_hash_type: None,
        };
        if attestation {
            if read.flags & FLAG_AT == 0 {
                return Err(vec![Error::AuthDataFlags]);
            }
            // aaguid, length, identifier, and a COSE key that is always written in the same 77 bytes.
            if rest.get(16..18).is_some_and(|length| length != [0, 32]) {
                return Err(vec![Error::CredentialIdLength]);
            }
            let (fixed, behind) = rest.split_at_checked(16 + 2 + 32).ok_or_else(|| vec![Error::AuthDataTruncated])?;
            let key = behind.get(..77).unwrap_or_default();
            if key.is_empty() || [COSE[0], &key[10..42], COSE[1], &key[45..]].concat() != key {
                return Err(cose_codes(behind));
            }
            let coordinates = [&key[10..42], &key[45..]].concat();
            read.credential = Some(Credential {
                aaguid: fixed[..16].try_into().expect("16 octets"),
                id: fixed[18..].try_into().expect("32 octets"),
                key: PublicKey::<P256>(coordinates.try_into().expect("64 octets")),
            });
            rest = &behind[77..];
        }
        if rest.is_empty() {
            return if read.flags & FLAG_ED == 0 { Ok(read) } else { Err(vec![Error::AuthDataFlags]) };
        }
        read.extension_map(rest)?;
        Ok(read)
    }

    /// A map in the order of its entries, at most 512 bytes of it, and nothing behind it.
    fn extension_map(&mut self, input: &'i [u8]) -> Result<(), Codes> {
        const MALFORMED: Error = Error::ExtMapMalformed;
        const LIMIT: Error = Error::ExtMapLimit;
        if input.len() > 512 {
            return Err(vec![LIMIT]);
        }
        let Some((Item::Map(entries), behind)) = Item::first(input, DEEPEST) else {
            return Err(match head_fault(input) {
                Some(HeadFault::Indefinite) => vec![Error::ExtMapIndefinite],
                Some(HeadFault::NonCanonical) => vec![Error::ExtMapNonCanonical],
                Some(HeadFault::TooMany) => vec![LIMIT],
                Some(HeadFault::NoMap) => vec![Error::AuthDataTrailing],
                None => vec![
                    Error::AuthDataTrailing,
                    Error::ExtMapIndefinite,
                    Error::ExtMapNonCanonical,
                    Error::ExtMapDuplicateKey,
                    LIMIT,
                    MALFORMED,
                ],
            });
        };
        // As many items as the engine passes over.
        let mut unknown = 0;
        for (position, (key, value)) in entries.iter().enumerate() {
            let Item::Text(name) = key else { return Err(vec![MALFORMED]) };
            if entries[..position].iter().any(|(other, _)| other == key) {
                return Err(vec![Error::ExtMapDuplicateKey]);
            }
            match (*name, value) {
                (BUNDLE_VERSION, Item::Text(version)) if version.len() <= 255 => self.bundle_version = Some(version),
                (BUNDLE_VERSION, Item::Text(_)) => return Err(vec![LIMIT]),
                (VALIDATION_CATEGORY, Item::Bytes(octets)) => {
                    let octets = (*octets).try_into().map_err(|_| vec![MALFORMED])?;
                    self.category = Some(u32::from_le_bytes(octets));
                }
                (VALIDATION_CATEGORY, Item::Integer(number)) => {
                    self.category = Some((*number).try_into().map_err(|_| vec![MALFORMED])?);
                }
                (CODE_HASH, Item::Bytes(hash)) if (1..=64).contains(&hash.len()) => self.code_hash = Some(hash),
                (CODE_HASH, Item::Bytes(hash)) if !hash.is_empty() => return Err(vec![LIMIT]),
                (BUNDLE_VERSION | VALIDATION_CATEGORY | CODE_HASH, _) => return Err(vec![MALFORMED]),
                _ => {
                    if let (CODE_HASH_TYPE, Item::Bytes([kind])) = (*name, value) {
                        self.code_hash_type = Some(*kind);
                    }
                    unknown += value.count();
                }
            }
            if unknown > 32 {
                return Err(vec![LIMIT]);
            }
        }
        if behind.is_empty() { Ok(()) } else { Err(vec![Error::AuthDataTrailing]) }
    }

    /// The bytes from the fields, with the extension map as it was.
    pub(crate) fn encode(&self, map: &[u8]) -> Vec<u8> {
        let mut bytes = [&self.app_id[..], &[self.flags], &self.counter.0.to_be_bytes()].concat();
        if let Some(Credential { aaguid, id, key }) = &self.credential {
            let (x, y) = key.0.split_at(32);
            bytes.extend([aaguid, &[0, 32][..], id, COSE[0], x, COSE[1], y].concat());
        }
        [&bytes, map].concat()
    }
}
