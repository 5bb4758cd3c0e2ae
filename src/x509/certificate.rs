//! One certificate: a view of its bytes, in strict DER, with nothing believed yet.

use core::iter::from_fn;

use super::oid;
use crate::{
    crypto::{P256PublicKey, P384PublicKey, coordinates},
    encoding::der::{self, EcdsaSigValue, Reader},
    error::Error,
    time::Validity,
};

/// The largest certificate: 2 KiB. Genuine leaves have 732 to 1,057 bytes, the intermediate 583.
pub const MAX_CERTIFICATE: usize = 2048;

/// The most extensions of a certificate. Genuine leaves have five to seven.
pub const MAX_EXTENSIONS: usize = 16;

/// The longest serial number in octets (RFC 5280 §4.1.2.2).
const MAX_SERIAL: usize = 20;

const EC_PUBLIC_KEY: &[u8] = oid!("1.2.840.10045.2.1");
const PRIME256V1: &[u8] = oid!("1.2.840.10045.3.1.7");
const SECP384R1: &[u8] = oid!("1.3.132.0.34");
const ECDSA_WITH_SHA256: &[u8] = oid!("1.2.840.10045.4.3.2");
const ECDSA_WITH_SHA384: &[u8] = oid!("1.2.840.10045.4.3.3");
const BASIC_CONSTRAINTS: &[u8] = oid!("2.5.29.19");
const KEY_USAGE: &[u8] = oid!("2.5.29.15");
/// Its form is read here; what it has to contain is checked with the chain, because that is the protocol's.
pub(super) const EXT_KEY_USAGE: &[u8] = oid!("2.5.29.37");

/// KeyUsage bit 0 (RFC 5280 §4.2.1.3), the first bit of the string.
const DIGITAL_SIGNATURE: u16 = 0x8000;
/// KeyUsage bit 5.
const KEY_CERT_SIGN: u16 = 0x0400;

/// An untrusted certificate: the bytes and what they say.
///
/// The issuer's key must be on P-384, as every issuer of App Attest is.
#[derive(Clone, Debug)]
pub struct Certificate<'i> {
    tbs: &'i [u8],
    hash: SignatureHash,
    issuer: &'i [u8],
    subject: &'i [u8],
    validity: Validity,
    key: Coordinates<'i>,
    extensions: Extensions<'i>,
    basic_constraints: Option<BasicConstraints>,
    key_usage: Option<KeyUsage>,
    signature: EcdsaSigValue<'i, 48>,
}

/// The subject's public key, on one of the two curves that occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectKey {
    /// A key on P-256 (secp256r1, prime256v1).
    P256(P256PublicKey),
    /// A key on P-384 (secp384r1).
    P384(P384PublicKey),
}

/// The subject's public key as it stands in the certificate: `X ‖ Y`.
#[derive(Clone, Copy, Debug)]
enum Coordinates<'i> {
    P256(&'i [u8; 64]),
    P384(&'i [u8; 96]),
}

/// The hash that the issuer signed; the curve is the issuer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignatureHash {
    Sha256,
    Sha384,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct BasicConstraints {
    pub(super) critical: bool,
    pub(super) ca: bool,
    pub(super) has_path_len: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct KeyUsage(u16);

impl KeyUsage {
    pub(super) const fn digital_signature(self) -> bool {
        self.0 & DIGITAL_SIGNATURE != 0
    }

    pub(super) const fn key_cert_sign(self) -> bool {
        self.0 & KEY_CERT_SIGN != 0
    }
}

/// The elements of `Extensions`, each one checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extensions<'i>(&'i [u8]);

struct Extension<'i> {
    id: &'i [u8],
    critical: bool,
    value: &'i [u8],
}

impl<'i> Certificate<'i> {
    /// Reads one certificate and nothing else (RFC 5280 §4.1).
    ///
    /// # Errors
    ///
    /// [`Error::CertTooLarge`], or one of the codes 200 to 231 for the first thing that is not of its form.
    pub fn parse(input: &'i [u8]) -> Result<Self, Error> {
        if input.len() > MAX_CERTIFICATE {
            return Err(Error::CertTooLarge);
        }
        let mut outer = Reader::new(input);
        let mut certificate = Reader::new(outer.value(der::SEQUENCE)?);
        outer.finish()?;

        let tbs = certificate.element(der::SEQUENCE)?;
        let mut fields = Reader::new(Reader::new(tbs).value(der::SEQUENCE)?);
        version_3(&mut fields)?;
        serial_number(&mut fields)?;
        let hash = signature_algorithm(&mut fields)?;
        let issuer = name(&mut fields)?;
        let validity = Validity::read(&mut fields)?;
        let subject = name(&mut fields)?;
        let key = subject_public_key(&mut fields)?;
        let mut explicit = Reader::new(fields.value(der::explicit(3))?);
        fields.finish()?;
        let extensions = Extensions(explicit.value(der::SEQUENCE)?);
        explicit.finish()?;
        let (basic_constraints, key_usage) = extensions.check()?;

        if signature_algorithm(&mut certificate)? != hash {
            return Err(Error::CertAlgMismatch);
        }
        let signature = certificate.bit_octets()?;
        certificate.finish()?;
        let signature = EcdsaSigValue::parse(signature).ok_or(Error::CertSignatureEncoding)?;

        Ok(Self { tbs, hash, issuer, subject, validity, key, extensions, basic_constraints, key_usage, signature })
    }

    /// The signed part, `TBSCertificate`, as received: tag, length and value.
    #[must_use]
    pub const fn tbs(&self) -> &'i [u8] {
        self.tbs
    }

    /// The serial number: 1 to 20 octets, big-endian, with the sign octet if there is one.
    #[must_use]
    pub fn serial(&self) -> &'i [u8] {
        // Checked once, and read again for whoever asks: it decides nothing, so that it is not kept.
        let read = || {
            let mut fields = Reader::new(Reader::new(self.tbs).value(der::SEQUENCE)?);
            version_3(&mut fields)?;
            serial_number(&mut fields)
        };
        read().unwrap_or_default()
    }

    /// The issuer's `Name` in DER, tag and length included.
    #[must_use]
    pub const fn issuer(&self) -> &'i [u8] {
        self.issuer
    }

    /// The subject's `Name` in DER, tag and length included.
    #[must_use]
    pub const fn subject(&self) -> &'i [u8] {
        self.subject
    }

    /// The validity period.
    #[must_use]
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    /// The subject's public key; whether it is a point of its curve is not known yet.
    #[must_use]
    pub const fn key(&self) -> SubjectKey {
        match self.key {
            Coordinates::P256(key) => SubjectKey::P256(P256PublicKey(*key)),
            Coordinates::P384(key) => SubjectKey::P384(P384PublicKey(*key)),
        }
    }

    /// The value of the extension with this identifier: the content of `extnValue`.
    ///
    /// `id` holds the content octets of the OBJECT IDENTIFIER. An extension occurs at most once.
    #[must_use]
    pub fn extension(&self, id: &[u8]) -> Option<&'i [u8]> {
        self.extensions.value(id)
    }

    pub(crate) const fn extensions(&self) -> Extensions<'i> {
        self.extensions
    }

    /// `X ‖ Y` of the subject's key, if it is one on P-256.
    pub(crate) const fn p256_key(&self) -> Option<&'i [u8; 64]> {
        match self.key {
            Coordinates::P256(key) => Some(key),
            Coordinates::P384(_) => None,
        }
    }

    /// `X ‖ Y` of the subject's key, if it is one on P-384.
    pub(super) const fn p384_key(&self) -> Option<&'i [u8; 96]> {
        match self.key {
            Coordinates::P384(key) => Some(key),
            Coordinates::P256(_) => None,
        }
    }

    pub(super) const fn hash(&self) -> SignatureHash {
        self.hash
    }

    pub(super) const fn basic_constraints(&self) -> Option<BasicConstraints> {
        self.basic_constraints
    }

    pub(super) const fn key_usage(&self) -> Option<KeyUsage> {
        self.key_usage
    }

    pub(super) const fn signature(&self) -> EcdsaSigValue<'i, 48> {
        self.signature
    }
}

/// `version [0] EXPLICIT INTEGER`: v3 is the number 2. It is not the default, so it is present.
fn version_3(fields: &mut Reader<'_>) -> Result<(), Error> {
    if !fields.next_is(der::explicit(0)) {
        return Err(Error::CertVersion);
    }
    match fields.value(der::explicit(0))? {
        [der::INTEGER, 1, 2] => Ok(()),
        _ => Err(Error::CertVersion),
    }
}

/// A positive number of at most 20 octets.
fn serial_number<'i>(fields: &mut Reader<'i>) -> Result<&'i [u8], Error> {
    match fields.integer()? {
        [0] | [0x80..=0xFF, ..] => Err(Error::CertSerial),
        serial if serial.len() > MAX_SERIAL => Err(Error::CertSerial),
        serial => Ok(serial),
    }
}

/// `AlgorithmIdentifier` of ECDSA: its parameters are absent (RFC 5758 §3.2).
fn signature_algorithm(reader: &mut Reader<'_>) -> Result<SignatureHash, Error> {
    let mut algorithm = Reader::new(reader.value(der::SEQUENCE)?);
    let id = algorithm.object_identifier()?;
    if !algorithm.is_empty() {
        return Err(Error::CertAlgUnsupported);
    }
    match id {
        _ if id == ECDSA_WITH_SHA256 => Ok(SignatureHash::Sha256),
        _ if id == ECDSA_WITH_SHA384 => Ok(SignatureHash::Sha384),
        _ => Err(Error::CertAlgUnsupported),
    }
}

/// `Name ::= SEQUENCE OF SET OF SEQUENCE { type OBJECT IDENTIFIER, value ANY }`: the form only.
///
/// Names are compared byte by byte and shown to nobody, so what the values hold does not matter.
fn name<'i>(fields: &mut Reader<'i>) -> Result<&'i [u8], Error> {
    let name = fields.element(der::SEQUENCE)?;
    let mut distinguished_names = Reader::new(Reader::new(name).value(der::SEQUENCE)?);
    while !distinguished_names.is_empty() {
        let mut attributes = Reader::new(distinguished_names.value(der::SET)?);
        // SIZE (1..MAX)
        loop {
            let mut attribute = Reader::new(attributes.value(der::SEQUENCE)?);
            attribute.object_identifier()?;
            attribute.any()?;
            attribute.finish()?;
            if attributes.is_empty() {
                break;
            }
        }
    }
    Ok(name)
}

/// Whether these octets are one `Name` that names something.
pub(super) fn is_name(octets: &[u8]) -> bool {
    let mut reader = Reader::new(octets);
    name(&mut reader).is_ok() && reader.is_empty() && octets != [der::SEQUENCE, 0]
}

/// `SubjectPublicKeyInfo` of an elliptic curve key on a named curve (RFC 5480 §2).
fn subject_public_key<'i>(fields: &mut Reader<'i>) -> Result<Coordinates<'i>, Error> {
    let mut info = Reader::new(fields.value(der::SEQUENCE)?);
    let mut algorithm = Reader::new(info.value(der::SEQUENCE)?);
    let id = algorithm.object_identifier()?;
    if id != EC_PUBLIC_KEY || !algorithm.next_is(der::OBJECT_IDENTIFIER) {
        return Err(Error::SpkiAlgorithm);
    }
    let curve = algorithm.object_identifier()?;
    algorithm.finish()?;
    let point = info.bit_octets()?;
    info.finish()?;
    match curve {
        _ if curve == PRIME256V1 => coordinates(point).map(Coordinates::P256),
        _ if curve == SECP384R1 => coordinates(point).map(Coordinates::P384),
        _ => return Err(Error::SpkiAlgorithm),
    }
    .ok_or(Error::SpkiPoint)
}

impl<'i> Extensions<'i> {
    /// The value of the extension with this identifier.
    pub(crate) fn value(self, id: &[u8]) -> Option<&'i [u8]> {
        let (_, mut fields) = self.iter().find(|(found, _)| *found == id)?;
        fields.default_false().ok()?;
        fields.value(der::OCTET_STRING).ok()
    }

    /// The identifier of each, and the fields behind it.
    fn iter(self) -> impl Iterator<Item = (&'i [u8], Reader<'i>)> {
        let mut reader = Reader::new(self.0);
        from_fn(move || {
            let mut fields = Reader::new(reader.value(der::SEQUENCE).ok()?);
            Some((fields.value(der::OBJECT_IDENTIFIER).ok()?, fields))
        })
    }

    /// Whether the extension with this identifier is there and critical.
    pub(super) fn is_critical(self, id: &[u8]) -> bool {
        self.iter().any(|(found, mut fields)| found == id && fields.default_false() == Ok(true))
    }

    /// Reads all of them, refuses those that a verifier must not pass over, and picks the two that it processes. The form of an
    /// extended key usage is read as well.
    fn check(self) -> Result<(Option<BasicConstraints>, Option<KeyUsage>), Error> {
        let mut basic_constraints = None;
        let mut key_usage = None;
        let mut count = 0_usize;
        let mut reader = Reader::new(self.0);
        // SIZE (1..MAX), and no value of an ASN.1 type is empty (RFC 5280 §4.1, §4.2).
        if reader.is_empty() {
            return Err(Error::ExtMalformed);
        }
        while !reader.is_empty() {
            let Extension { id, critical, value } = extension(&mut reader)?;
            // Read again and not kept, because a list of identifiers would be the largest thing on the stack.
            if self.iter().take(count).any(|(earlier, _)| earlier == id) {
                return Err(Error::ExtDuplicate);
            }
            if count == MAX_EXTENSIONS {
                return Err(Error::ExtLimit);
            }
            count = count.saturating_add(1);
            if value.is_empty() {
                return Err(Error::ExtMalformed);
            }
            if id == BASIC_CONSTRAINTS {
                basic_constraints = Some(read_basic_constraints(value, critical).map_err(in_extension)?);
            } else if id == KEY_USAGE {
                key_usage = Some(read_key_usage(value).map_err(in_extension)?);
            } else if id == EXT_KEY_USAGE {
                // No purpose is empty: this asks for the form alone.
                has_purpose(value, &[]).map_err(in_extension)?;
            } else if critical {
                return Err(Error::ExtCriticalUnknown);
            }
        }
        Ok((basic_constraints, key_usage))
    }
}

/// `Extension ::= SEQUENCE { extnID, critical DEFAULT FALSE, extnValue OCTET STRING }`.
fn extension<'i>(reader: &mut Reader<'i>) -> Result<Extension<'i>, Error> {
    let mut fields = Reader::new(reader.value(der::SEQUENCE)?);
    let id = fields.object_identifier()?;
    let critical = fields.default_false()?;
    let value = fields.value(der::OCTET_STRING)?;
    fields.finish()?;
    Ok(Extension { id, critical, value })
}

/// `BasicConstraints ::= SEQUENCE { cA DEFAULT FALSE, pathLenConstraint INTEGER (0..MAX) OPTIONAL }`.
///
/// Every path length allows the chain of leaf and intermediate, so only its form is checked. More than 127 is no
/// length of any path.
fn read_basic_constraints(value: &[u8], critical: bool) -> Result<BasicConstraints, Error> {
    let mut outer = Reader::new(value);
    let mut fields = Reader::new(outer.value(der::SEQUENCE)?);
    outer.finish()?;
    let ca = fields.default_false()?;
    let has_path_len = !fields.is_empty();
    if has_path_len && !matches!(fields.integer()?, [0..=0x7F]) {
        return Err(Error::ExtMalformed);
    }
    fields.finish()?;
    Ok(BasicConstraints { critical, ca, has_path_len })
}

fn read_key_usage(value: &[u8]) -> Result<KeyUsage, Error> {
    let mut reader = Reader::new(value);
    let bits = reader.named_bits()?;
    reader.finish()?;
    Ok(KeyUsage(bits))
}

/// Whether `ExtKeyUsageSyntax ::= SEQUENCE SIZE (1..MAX) OF KeyPurposeId` contains this purpose (RFC 5280 §4.2.1.12).
pub(super) fn has_purpose(value: &[u8], purpose: &[u8]) -> Result<bool, Error> {
    let mut outer = Reader::new(value);
    let mut purposes = Reader::new(outer.value(der::SEQUENCE)?);
    outer.finish()?;
    let mut found = false;
    loop {
        found |= purposes.object_identifier()? == purpose;
        if purposes.is_empty() {
            return Ok(found);
        }
    }
}

/// Errors within an extension's value say that it is the extension that is malformed, unless they say more than that.
const fn in_extension(error: Error) -> Error {
    match error {
        Error::DerBoolean | Error::DerBitString => error,
        _ => Error::ExtMalformed,
    }
}
