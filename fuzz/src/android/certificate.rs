//! One certificate of a chain: what RFC 5280 §4.1 has, by the position of each element.

use der::Decode as _;
use genuine_testvectors::{
    certificate::oid,
    der::{Der, tag},
};

use super::tree::{self, Element};

/// The members of the signed part, from `[0]` version to `[3]` extensions.
const MEMBERS: usize = 8;
const VALIDITY: usize = 4;

/// A certificate, as far as a chain is judged by it.
#[derive(Clone, Debug)]
pub(crate) struct Certificate<'i> {
    pub(crate) tbs: &'i [u8],
    pub(crate) serial: &'i [u8],
    pub(crate) issuer: &'i [u8],
    pub(crate) subject: &'i [u8],
    /// notBefore and notAfter, Unix seconds; `None` if x509-cert does not read them.
    pub(crate) validity: Option<(u64, u64)>,
    pub(crate) key: Key<'i>,
    /// The identifier of the algorithm, and its parameters with tag and length.
    pub(crate) algorithm: (&'i [u8], &'i [u8]),
    pub(crate) signature: &'i [u8],
    /// Identifier and value.
    pub(crate) extensions: Vec<(&'i [u8], &'i [u8])>,
}

/// `SubjectPublicKeyInfo`: the identifier of the algorithm, its parameters with tag and length, and the octets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Key<'i> {
    pub(crate) algorithm: &'i [u8],
    pub(crate) parameters: &'i [u8],
    pub(crate) octets: &'i [u8],
}

/// A key that signs certificates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Issuer<'i> {
    P256(&'i [u8]),
    P384(&'i [u8]),
    Rsa(&'i [u8]),
}

fn algorithm<'i>(element: &Element<'i>) -> Option<(&'i [u8], &'i [u8])> {
    match element.elements(tag::SEQUENCE)?[..] {
        [id] => Some((id.of(tag::OID)?, &[])),
        [id, parameters] => Some((id.of(tag::OID)?, parameters.whole)),
        _ => None,
    }
}

fn bits<'i>(element: &Element<'i>) -> Option<&'i [u8]> {
    element.of(tag::BIT_STRING)?.strip_prefix(&[0])
}

impl<'i> Certificate<'i> {
    /// Reads what the engine accepted, or what may be of any form.
    pub(crate) fn read(octets: &'i [u8]) -> Option<Self> {
        let [tbs, signed, signature] = tree::only(octets)?.elements(tag::SEQUENCE)?[..] else { return None };
        let members = tbs.elements(tag::SEQUENCE)?;
        let [_, serial, _, issuer, validity, subject, key, extensions] = members[..] else { return None };
        let [of_key, key] = key.elements(tag::SEQUENCE)?[..] else { return None };
        let (id, parameters) = algorithm(&of_key)?;
        let extensions = tree::only(extensions.of(0xA3)?)?.elements(tag::SEQUENCE)?;
        let extension = |element: &Element<'i>| {
            let fields = element.elements(tag::SEQUENCE)?;
            Some((fields.first()?.of(tag::OID)?, fields.last()?.of(tag::OCTET_STRING)?))
        };
        Some(Self {
            tbs: tbs.whole,
            serial: serial.of(tag::INTEGER)?,
            issuer: issuer.whole,
            subject: subject.whole,
            validity: x509_cert::time::Validity::<x509_cert::certificate::Rfc5280>::from_der(validity.whole).ok().map(
                |validity| {
                    let [from, until] = [validity.not_before, validity.not_after];
                    (from.to_unix_duration().as_secs(), until.to_unix_duration().as_secs())
                },
            ),
            key: Key { algorithm: id, parameters, octets: bits(&key)? },
            algorithm: algorithm(&signed)?,
            signature: bits(&signature)?,
            extensions: extensions.iter().map(extension).collect::<Option<_>>()?,
        })
    }

    pub(crate) fn extension(&self, id: &[u8]) -> Option<&'i [u8]> {
        self.extensions.iter().find(|(found, _)| *found == id).map(|(_, value)| *value)
    }

    /// The value of the extension `KeyDescription`.
    pub(crate) fn description(&self) -> Option<&'i [u8]> {
        self.extension(oid::KEY_DESCRIPTION)
    }

    /// The serial number as a revocation list has it.
    pub(crate) fn serial_text(&self) -> String {
        num_bigint::BigUint::from_bytes_be(self.serial).to_str_radix(16)
    }

    /// The attributes of the subject: identifier and value of each.
    pub(crate) fn subject_attributes(&self) -> Vec<(&'i [u8], &'i [u8])> {
        attributes(self.subject).expect("it was read")
    }

    /// The key, if certificates can be signed with it.
    pub(crate) fn issuer_key(&self) -> Option<Issuer<'i>> {
        let Key { algorithm, parameters, octets } = self.key;
        if algorithm == oid::EC_PUBLIC_KEY {
            let point = octets.strip_prefix(&[4])?;
            let curve = tree::only(parameters)?.of(tag::OID)?;
            return match (curve == oid::P256, curve == oid::P384, point.len()) {
                (true, _, 64) => Some(Issuer::P256(point)),
                (_, true, 96) => Some(Issuer::P384(point)),
                _ => None,
            };
        }
        if algorithm != oid::RSA_ENCRYPTION || parameters != [tag::NULL, 0] {
            return None;
        }
        let [modulus, exponent] = tree::only(octets)?.elements(tag::SEQUENCE)?[..] else { return None };
        // Positive, and in as few octets as can be: a modulus has its top bit set, so that a zero stands before it.
        let modulus = modulus.of(tag::INTEGER)?.strip_prefix(&[0])?;
        let is_modulus = [256, 384, 512].contains(&modulus.len())
            && modulus[0] >= 0x80
            && modulus.last().is_some_and(|last| last % 2 == 1);
        (is_modulus && exponent.of(tag::INTEGER)? == [1, 0, 1]).then_some(Issuer::Rsa(modulus))
    }
}

/// The attributes of a name.
fn attributes(name: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    let mut attributes = Vec::new();
    for set in tree::only(name)?.elements(tag::SEQUENCE)? {
        for attribute in set.elements(tag::SET)? {
            let [kind, value] = attribute.elements(tag::SEQUENCE)?[..] else { return None };
            attributes.push((kind.of(tag::OID)?, value.content));
        }
    }
    Some(attributes)
}

/// The certificate as a phone that writes strict DER had written it: what genuine ones get wrong is made right, if it is there.
///
/// A BOOLEAN that is true becomes `FF`, in `critical` and in basic constraints; and without its validity, that becomes a valid one.
pub(crate) fn made_strict(octets: &[u8], without_validity: bool) -> Vec<u8> {
    rewritten(octets, without_validity).unwrap_or_else(|| octets.to_vec())
}

fn rewritten(octets: &[u8], without_validity: bool) -> Option<Vec<u8>> {
    // Elements as far as they can be read, and what follows them as it is: the engine stops at the first fault.
    let (outer, behind) = tree::first(octets)?;
    let certificate = elements(outer.of(tag::SEQUENCE)?);
    let (tbs, rest) = certificate.0.split_first()?;
    let (mut members, unread) = elements(tbs.of(tag::SEQUENCE)?);
    let mut written = Vec::new();
    members.truncate(MEMBERS);
    let read: usize = members.iter().map(|member| member.whole.len()).sum();
    let beyond = &tbs.content[read..tbs.content.len() - unread.len()];
    for (position, member) in members.iter().enumerate() {
        if position == VALIDITY && without_validity && member.tag == [tag::SEQUENCE] {
            let time = |text: &[u8]| Der::primitive(tag::UTC_TIME, text);
            written.extend(Der::sequence(vec![time(b"200101000000Z"), time(b"300101000000Z")]).encode());
        } else if member.tag == [0xA3] {
            written.extend(tree::write(member.tag, &strict_extensions(member.content)));
        } else {
            written.extend(member.whole);
        }
    }
    let tbs = tree::write(tbs.tag, &[&written, beyond, unread].concat());
    let rest: Vec<u8> = rest.iter().flat_map(|element| element.whole).copied().collect();
    let certificate = tree::write(outer.tag, &[&tbs[..], &rest, certificate.1].concat());
    Some([&certificate[..], behind].concat())
}

/// As many elements as can be read, and what follows them.
fn elements(mut octets: &[u8]) -> (Vec<Element<'_>>, &[u8]) {
    let mut elements = Vec::new();
    while let Some((element, rest)) = tree::first(octets) {
        elements.push(element);
        octets = rest;
    }
    (elements, octets)
}

fn strict_extensions(octets: &[u8]) -> Vec<u8> {
    let (lists, behind) = elements(octets);
    let list = |list: &Element<'_>| {
        let Some(content) = list.of(tag::SEQUENCE) else { return list.whole.to_vec() };
        let (extensions, behind) = elements(content);
        let extensions: Vec<u8> = extensions.iter().flat_map(strict_extension).collect();
        tree::write(list.tag, &[&extensions[..], behind].concat())
    };
    [lists.iter().flat_map(list).collect::<Vec<u8>>(), behind.to_vec()].concat()
}

fn strict_extension(extension: &Element<'_>) -> Vec<u8> {
    let Some(content) = extension.of(tag::SEQUENCE) else { return extension.whole.to_vec() };
    let (fields, behind) = elements(content);
    let is_constraints = fields.first().and_then(|id| id.of(tag::OID)) == Some(oid::BASIC_CONSTRAINTS);
    let strict = |(position, field): (usize, &Element<'_>)| match (position, field.of(tag::OCTET_STRING)) {
        (1, _) if field.tag == [tag::BOOLEAN] => strict_boolean(field),
        (1 | 2, Some(value)) if is_constraints => {
            let Some((constraints, behind)) = tree::first(value) else { return field.whole.to_vec() };
            let Some(content) = constraints.of(tag::SEQUENCE) else { return field.whole.to_vec() };
            let (members, unread) = elements(content);
            let members: Vec<u8> = (0..)
                .zip(&members)
                .flat_map(
                    |(position, member): (usize, _)| {
                        if position == 0 { strict_boolean(member) } else { member.whole.to_vec() }
                    },
                )
                .collect();
            let constraints = tree::write(constraints.tag, &[&members[..], unread].concat());
            tree::write(field.tag, &[&constraints[..], behind].concat())
        }
        _ => field.whole.to_vec(),
    };
    let fields: Vec<u8> = fields.iter().enumerate().flat_map(strict).collect();
    tree::write(extension.tag, &[&fields[..], behind].concat())
}

fn strict_boolean(element: &Element<'_>) -> Vec<u8> {
    match element.of(tag::BOOLEAN) {
        Some([1..=0xFF]) => Der::true_value().encode(),
        _ => element.whole.to_vec(),
    }
}
