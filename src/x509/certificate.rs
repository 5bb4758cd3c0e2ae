//! One certificate: a view of its bytes, in strict DER, with nothing believed yet.

use super::{
    error::X509Error,
    extension::{BasicConstraints, Extensions, Form, KeyUsage, Read},
    name::name,
    validity::Validity,
};
use crate::{
    crypto::coordinates,
    encoding::der::{self, Reader},
};

/// The longest serial number in octets (RFC 5280 §4.1.2.2).
const MAX_SERIAL: usize = 20;

/// A key on the named curve 1.2.840.10045.3.1.7 or 1.3.132.0.34 (RFC 5480 §2.1.1).
const ON_P256: AlgorithmIdentifier<'static> =
    AlgorithmIdentifier(b"\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01\x06\x08\x2A\x86\x48\xCE\x3D\x03\x01\x07");
const ON_P384: AlgorithmIdentifier<'static> =
    AlgorithmIdentifier(b"\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01\x06\x05\x2B\x81\x04\x00\x22");

/// An untrusted certificate: the bytes and what they say.
///
/// It reads X.509 version 3, of any algorithm, in strict DER of at most 65,535 octets: with at least one and at most 16
/// extensions, and without the unique identifiers that RFC 5280 §4.1.2.8 keeps from authorities. One thing is not strict, because
/// genuine phones have it so: a key usage may end with zero bits. In a chain of Android's a BOOLEAN that is true may be any octet but
/// `00` as well. What a protocol demands beyond that is checked by its verifier.
#[derive(Clone, Debug)]
pub struct Certificate<'i> {
    tbs: &'i [u8],
    /// The elements behind the signed part: algorithm and signature.
    behind: &'i [u8],
    issuer: &'i [u8],
    subject: &'i [u8],
    validity: Validity,
    /// The content of `SubjectPublicKeyInfo`.
    key_info: &'i [u8],
    extensions: Extensions<'i>,
    basic_constraints: Option<BasicConstraints>,
    key_usage: Option<KeyUsage>,
}

/// An algorithm by its identifier: the content of `AlgorithmIdentifier ::= SEQUENCE { algorithm, parameters OPTIONAL }`
/// (RFC 5280 §4.1.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlgorithmIdentifier<'i>(pub(super) &'i [u8]);

/// The subject's public key; whether it is a point of its curve is not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubjectKey<'i> {
    /// An uncompressed point on P-256 (secp256r1, prime256v1): `X ‖ Y`, big-endian.
    P256(&'i [u8; 64]),
    /// An uncompressed point on P-384 (secp384r1): `X ‖ Y`, big-endian.
    P384(&'i [u8; 96]),
    /// A key of another algorithm or form.
    Other {
        /// The algorithm, with the curve in its parameters where there is one.
        algorithm: AlgorithmIdentifier<'i>,
        /// The octets of `subjectPublicKey`.
        key: &'i [u8],
    },
}

impl<'i> Certificate<'i> {
    /// Reads one certificate and nothing else (RFC 5280 §4.1).
    ///
    /// # Errors
    ///
    /// [`X509Error`] for the first thing that is not of its form.
    pub fn parse(input: &'i [u8]) -> Result<Self, X509Error> {
        Self::read(input, Form::Strict)
    }

    /// As [`parse`](Self::parse), in this form.
    pub(crate) fn read(input: &'i [u8], form: Form) -> Result<Self, X509Error> {
        let mut outer = Reader::new(input);
        let mut certificate = Reader::new(outer.value(der::SEQUENCE)?);
        outer.finish()?;

        let tbs = certificate.element(der::SEQUENCE)?;
        let mut fields = Reader::new(Reader::new(tbs).value(der::SEQUENCE)?);
        version_3(&mut fields)?;
        serial_number(&mut fields)?;
        let algorithm = AlgorithmIdentifier::read(&mut fields)?;
        let issuer = name(&mut fields)?;
        let validity = match form {
            #[cfg(feature = "key-attestation")]
            Form::WithoutValidity => fields.value(der::SEQUENCE).map(|_| Validity::UNREAD)?,
            _ => Validity::read(&mut fields)?,
        };
        let subject = name(&mut fields)?;
        let key_info = fields.value(der::SEQUENCE)?;
        SubjectKey::read(key_info)?;
        let mut explicit = Reader::new(fields.value(der::explicit(3))?);
        fields.finish()?;
        let extensions = explicit.value(der::SEQUENCE)?;
        explicit.finish()?;
        let Read { extensions, basic_constraints, key_usage } = Extensions::read(extensions, form)?;

        let behind = certificate.rest();
        if AlgorithmIdentifier::read(&mut certificate)? != algorithm {
            return Err(X509Error::AlgorithmMismatch);
        }
        certificate.bit_octets()?;
        certificate.finish()?;

        Ok(Self { tbs, behind, issuer, subject, validity, key_info, extensions, basic_constraints, key_usage })
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

    /// The algorithm of the issuer's signature.
    #[must_use]
    pub fn signature_algorithm(&self) -> AlgorithmIdentifier<'i> {
        // Here and below checked once and read again, so that a view is small: two of them lie on the stack.
        AlgorithmIdentifier(Reader::new(self.behind).value(der::SEQUENCE).unwrap_or_default())
    }

    /// The issuer's signature over [`tbs`](Self::tbs): the octets of the BIT STRING.
    #[must_use]
    pub fn signature(&self) -> &'i [u8] {
        let mut fields = Reader::new(self.behind);
        fields.value(der::SEQUENCE).and_then(|_| fields.bit_octets()).unwrap_or_default()
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

    /// The subject's public key.
    #[must_use]
    pub fn key(&self) -> SubjectKey<'i> {
        SubjectKey::of(self.key_info).unwrap_or(SubjectKey::Other { algorithm: AlgorithmIdentifier(&[]), key: &[] })
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

    /// Whether it is a certification authority's, which may sign certificates as far as it says for what its key is (RFC 5280
    /// §4.2.1.3, §4.2.1.9).
    #[cfg(feature = "key-attestation")]
    pub(crate) fn is_authority(&self) -> bool {
        self.basic_constraints.is_some_and(|constraints| constraints.ca)
            && self.key_usage.is_none_or(KeyUsage::key_cert_sign)
    }

    pub(super) const fn basic_constraints(&self) -> Option<BasicConstraints> {
        self.basic_constraints
    }

    pub(super) const fn key_usage(&self) -> Option<KeyUsage> {
        self.key_usage
    }
}

/// `version [0] EXPLICIT INTEGER`: v3 is the number 2. It is not the default, so it is present.
fn version_3(fields: &mut Reader<'_>) -> Result<(), X509Error> {
    if !fields.next_is(der::explicit(0)) {
        return Err(X509Error::Version);
    }
    match fields.value(der::explicit(0))? {
        [der::INTEGER, 1, 2] => Ok(()),
        _ => Err(X509Error::Version),
    }
}

/// A positive number of at most 20 octets.
fn serial_number<'i>(fields: &mut Reader<'i>) -> Result<&'i [u8], X509Error> {
    match fields.integer()? {
        [0] | [0x80..=0xFF, ..] => Err(X509Error::Serial),
        serial if serial.len() > MAX_SERIAL => Err(X509Error::Serial),
        serial => Ok(serial),
    }
}

impl<'i> AlgorithmIdentifier<'i> {
    fn read(reader: &mut Reader<'i>) -> Result<Self, X509Error> {
        let content = reader.value(der::SEQUENCE)?;
        let mut fields = Reader::new(content);
        fields.object_identifier()?;
        if fields.next_is(der::OBJECT_IDENTIFIER) {
            fields.object_identifier()?;
        } else if !fields.is_empty() {
            fields.any()?;
        }
        fields.finish()?;
        Ok(Self(content))
    }

    /// The content octets of the OBJECT IDENTIFIER.
    #[must_use]
    pub fn id(self) -> &'i [u8] {
        Reader::new(self.0).value(der::OBJECT_IDENTIFIER).unwrap_or_default()
    }

    /// The parameters, tag and length included; empty if they are absent.
    #[must_use]
    pub fn parameters(self) -> &'i [u8] {
        let mut fields = Reader::new(self.0);
        fields.value(der::OBJECT_IDENTIFIER).map(|_| fields.rest()).unwrap_or_default()
    }

    /// Whether this is a key on P-256 or P-384, of whatever form.
    pub(crate) fn is_known_curve(self) -> bool {
        self == ON_P256 || self == ON_P384
    }
}

impl<'i> SubjectKey<'i> {
    /// Reads `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7).
    fn read(info: &[u8]) -> Result<(), X509Error> {
        let mut info = Reader::new(info);
        AlgorithmIdentifier::read(&mut info)?;
        info.bit_octets()?;
        Ok(info.finish()?)
    }

    fn of(info: &'i [u8]) -> Option<Self> {
        let mut info = Reader::new(info);
        let algorithm = AlgorithmIdentifier(info.value(der::SEQUENCE).ok()?);
        let key = info.bit_octets().ok()?;
        let point = match algorithm {
            algorithm if algorithm == ON_P256 => coordinates(key).map(Self::P256),
            algorithm if algorithm == ON_P384 => coordinates(key).map(Self::P384),
            _ => None,
        };
        Some(point.unwrap_or(Self::Other { algorithm, key }))
    }
}
