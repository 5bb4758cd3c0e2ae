//! A certificate as it is shown, whatever is wrong with it. Nothing is decided here: the engine reads the same octets itself.

use crate::{
    ber::{BIT_STRING, BOOLEAN, Elements, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, SET, UTC_TIME, context},
    text::{hex, shortened},
};

/// Values that a certificate gives are cut here, in characters. The longest genuine ones have some sixty.
const MAX_VALUE: usize = 120;

/// What can be read of a certificate.
#[derive(Clone, Debug)]
pub(super) struct Seen<'i> {
    /// The signed part, from its tag on.
    pub(super) signed: &'i [u8],
    pub(super) serial: &'i [u8],
    /// The identifier of the algorithm of the signature.
    pub(super) signature_algorithm: &'i [u8],
    pub(super) signature: &'i [u8],
    /// The names, from the tag on.
    pub(super) issuer: &'i [u8],
    pub(super) subject: &'i [u8],
    /// RFC 3339, or the text itself if it is no time.
    pub(super) not_before: String,
    pub(super) not_after: String,
    pub(super) key: SeenKey<'i>,
    extensions: Vec<(&'i [u8], &'i [u8])>,
}

/// A public key.
#[derive(Clone, Copy, Debug)]
pub(super) struct SeenKey<'i> {
    /// `SubjectPublicKeyInfo`, from its tag on.
    pub(super) info: &'i [u8],
    pub(super) algorithm: &'i [u8],
    /// The identifier that is its parameters: a curve; empty if they are something else.
    pub(super) curve: &'i [u8],
    pub(super) octets: &'i [u8],
}

impl<'i> Seen<'i> {
    /// Reads one certificate and nothing behind it; `None` for what has not the shape of one.
    pub(super) fn of(der: &'i [u8]) -> Option<Self> {
        let mut outer = Elements::of(der);
        let seen = Self::first(&mut outer)?;
        outer.is_empty().then_some(seen)
    }

    fn first(outer: &mut Elements<'i>) -> Option<Self> {
        let mut certificate = outer.enter(SEQUENCE)?;
        let (tbs, signed) = certificate.expect_whole(SEQUENCE)?;
        let mut fields = tbs.elements();
        if fields.next_is(context(0)) {
            fields.next()?;
        }
        let serial = fields.expect(INTEGER)?.value;
        fields.expect(SEQUENCE)?;
        let issuer = fields.expect_whole(SEQUENCE)?.1;
        let mut validity = fields.enter(SEQUENCE)?;
        let (not_before, not_after) = (time(&mut validity)?, time(&mut validity)?);
        let subject = fields.expect_whole(SEQUENCE)?.1;
        let key = SeenKey::read(&mut fields)?;
        let mut extensions = Vec::new();
        while let Some(element) = fields.next() {
            if element.tag == context(3) {
                extensions = self::extensions(element.elements())?;
            }
        }
        let signature_algorithm = certificate.enter(SEQUENCE)?.expect(OBJECT_IDENTIFIER)?.value;
        let signature = bits(certificate.expect(BIT_STRING)?.value)?;
        let (not_before, not_after) = (not_before.0, not_after.0);
        Some(Self {
            signed,
            serial,
            signature_algorithm,
            signature,
            issuer,
            subject,
            not_before,
            not_after,
            key,
            extensions,
        })
    }

    /// The value of an extension.
    pub(super) fn extension(&self, id: &[u8]) -> Option<&'i [u8]> {
        self.extensions.iter().find(|(found, _)| *found == id).map(|(_, value)| *value)
    }

    /// Hexadecimal digits without leading zeros, as a revocation list has them.
    pub(super) fn serial_hex(&self) -> String {
        let digits = hex(self.serial);
        let digits = digits.trim_start_matches('0');
        if digits.is_empty() { "0".to_owned() } else { shortened(digits, MAX_VALUE) }
    }
}

/// Certificates one behind the other, each from its tag on; `None` if anything else is there.
pub(super) fn split(mut octets: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut certificates = Vec::new();
    while !octets.is_empty() {
        let mut elements = Elements::of(octets);
        let (_, whole) = elements.expect_whole(SEQUENCE)?;
        Seen::of(whole)?;
        certificates.push(whole.to_vec());
        octets = octets.get(whole.len()..)?;
    }
    (!certificates.is_empty()).then_some(certificates)
}

impl<'i> SeenKey<'i> {
    fn read(fields: &mut Elements<'i>) -> Option<Self> {
        let (element, info) = fields.expect_whole(SEQUENCE)?;
        let mut parts = element.elements();
        let mut identifier = parts.enter(SEQUENCE)?;
        let algorithm = identifier.expect(OBJECT_IDENTIFIER)?.value;
        let curve = identifier.expect(OBJECT_IDENTIFIER).map(|element| element.value).unwrap_or_default();
        Some(Self { info, algorithm, curve, octets: bits(parts.expect(BIT_STRING)?.value)? })
    }
}

/// The octets of a BIT STRING without unused bits.
fn bits(value: &[u8]) -> Option<&[u8]> {
    value.split_first().filter(|(unused, _)| **unused == 0).map(|(_, octets)| octets)
}

fn extensions(mut explicit: Elements<'_>) -> Option<Vec<(&[u8], &[u8])>> {
    let mut list = explicit.enter(SEQUENCE)?;
    let mut extensions = Vec::new();
    while !list.is_empty() {
        let mut fields = list.enter(SEQUENCE)?;
        let id = fields.expect(OBJECT_IDENTIFIER)?.value;
        if fields.next_is(BOOLEAN) {
            fields.next()?;
        }
        extensions.push((id, fields.expect(OCTET_STRING)?.value));
    }
    Some(extensions)
}

/// A time, with the two digits of a year before 1950 and after (RFC 5280 §4.1.2.5.1). In a tuple, because text that is no time is
/// shown all the same.
fn time(fields: &mut Elements<'_>) -> Option<(String,)> {
    let is_utc = fields.next_is(UTC_TIME);
    let text = String::from_utf8_lossy(fields.next()?.value).into_owned();
    let whole = match text.get(..2).and_then(|year| year.parse::<u8>().ok()) {
        Some(50..) if is_utc => format!("19{text}"),
        Some(_) if is_utc => format!("20{text}"),
        _ => text.clone(),
    };
    let digits =
        whole.strip_suffix('Z').filter(|digits| digits.len() == 14 && digits.bytes().all(|c| c.is_ascii_digit()));
    Some((digits.map_or_else(
        || shortened(&text, MAX_VALUE),
        |digits| {
            let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
            let (date, time) = ([part(0, 4), part(4, 6), part(6, 8)], [part(8, 10), part(10, 12), part(12, 14)]);
            format!("{}T{}Z", date.join("-"), time.join(":"))
        },
    ),))
}

/// A name for people to read: its attributes in the order in which they stand there.
pub(super) fn name(name: &[u8]) -> String {
    let attributes = attributes(name);
    let written = attributes.iter().map(|(kind, value)| {
        let kind = match **kind {
            [0x55, 0x04, 3] => "CN",
            [0x55, 0x04, 5] => "serialNumber",
            [0x55, 0x04, 6] => "C",
            [0x55, 0x04, 7] => "L",
            [0x55, 0x04, 8] => "ST",
            [0x55, 0x04, 10] => "O",
            [0x55, 0x04, 11] => "OU",
            [0x55, 0x04, 12] => "title",
            _ => "other",
        };
        format!("{kind}={}", String::from_utf8_lossy(value))
    });
    let text = written.collect::<Vec<_>>().join(", ");
    if text.is_empty() { "(no name)".to_owned() } else { shortened(&text, MAX_VALUE) }
}

/// The attributes of a name: kind and value of each.
pub(super) fn attributes(name: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut found = Vec::new();
    let Some(mut sets) = Elements::of(name).enter(SEQUENCE) else { return found };
    while let Some(mut set) = sets.enter(SET) {
        while let Some(mut attribute) = set.enter(SEQUENCE) {
            let (Some(kind), Some(value)) = (attribute.expect(OBJECT_IDENTIFIER), attribute.next()) else { break };
            found.push((kind.value, value.value));
        }
    }
    found
}
