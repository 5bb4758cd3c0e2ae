//! Extensions: their form, and what those say that this crate processes (RFC 5280 §4.2).

use core::iter::from_fn;

use super::{error::X509Error, oid::oid};
use crate::encoding::der::{self, DerError, Reader};

/// The most extensions of a certificate, because each is compared with those before it. Genuine leaves of App Attest have
/// five to seven.
pub const MAX_EXTENSIONS: usize = 16;

const BASIC_CONSTRAINTS: &[u8] = oid!("2.5.29.19");
const KEY_USAGE: &[u8] = oid!("2.5.29.15");
/// Its form is read here; what it has to contain is the profile's.
pub(super) const EXT_KEY_USAGE: &[u8] = oid!("2.5.29.37");

/// KeyUsage bit 0 (RFC 5280 §4.2.1.3), the first bit of the string.
const DIGITAL_SIGNATURE: u16 = 0x8000;
/// KeyUsage bit 5.
const KEY_CERT_SIGN: u16 = 0x0400;

#[derive(Clone, Copy, Debug)]
pub(super) struct BasicConstraints {
    pub(super) critical: bool,
    pub(super) ca: bool,
    pub(super) has_path_len: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct KeyUsage {
    bits: u16,
    /// Whether its trailing zero bits are left out (X.690 §11.2.2).
    pub(super) is_shortest: bool,
}

impl KeyUsage {
    pub(super) const fn digital_signature(self) -> bool {
        self.bits & DIGITAL_SIGNATURE != 0
    }

    pub(super) const fn key_cert_sign(self) -> bool {
        self.bits & KEY_CERT_SIGN != 0
    }
}

/// How strictly a certificate is read, where genuine phones are at odds with DER and RFC 5280.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As both demand.
    Strict,
    /// A BOOLEAN that is TRUE may be any octet but `00` (X.690 §8.2).
    #[cfg(feature = "key-attestation")]
    Lenient,
    /// The same, and the validity period is not looked at.
    #[cfg(feature = "key-attestation")]
    WithoutValidity,
}

impl Form {
    /// For reading again what was let through: whether a BOOLEAN is strict was decided then.
    #[cfg(feature = "key-attestation")]
    const READ: Self = Self::Lenient;
    #[cfg(not(feature = "key-attestation"))]
    const READ: Self = Self::Strict;

    fn default_false(self, fields: &mut Reader<'_>) -> Result<bool, DerError> {
        match self {
            Self::Strict => fields.default_false(),
            #[cfg(feature = "key-attestation")]
            Self::Lenient | Self::WithoutValidity => fields.lenient_default_false(),
        }
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

/// The elements of `Extensions`, and the two of them whose content a chain looks at.
pub(super) struct Read<'i> {
    pub(super) extensions: Extensions<'i>,
    pub(super) basic_constraints: Option<BasicConstraints>,
    pub(super) key_usage: Option<KeyUsage>,
}

impl<'i> Extensions<'i> {
    /// The value of the extension with this identifier.
    pub(crate) fn value(self, id: &[u8]) -> Option<&'i [u8]> {
        let (_, mut fields) = self.iter().find(|(found, _)| *found == id)?;
        Form::READ.default_false(&mut fields).ok()?;
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
        self.iter().any(|(found, mut fields)| found == id && Form::READ.default_false(&mut fields) == Ok(true))
    }

    /// Whether one is critical that this crate does not process: neither basic constraints nor a key usage.
    pub(crate) fn has_unknown_critical(self) -> bool {
        let is_known = |id| id == BASIC_CONSTRAINTS || id == KEY_USAGE || id == EXT_KEY_USAGE;
        self.iter().any(|(id, mut fields)| !is_known(id) && Form::READ.default_false(&mut fields) == Ok(true))
    }

    /// Reads the content of `Extensions`: the form of each, and that none occurs twice.
    pub(super) fn read(elements: &'i [u8], form: Form) -> Result<Read<'i>, X509Error> {
        let extensions = Self(elements);
        let mut basic_constraints = None;
        let mut key_usage = None;
        let mut count = 0_usize;
        let mut reader = Reader::new(elements);
        // SIZE (1..MAX), and no value of an ASN.1 type is empty (RFC 5280 §4.1, §4.2).
        if reader.is_empty() {
            return Err(X509Error::ExtensionMalformed);
        }
        while !reader.is_empty() {
            let Extension { id, critical, value } = extension(&mut reader, form)?;
            // Read again and not kept, because a list of identifiers would be the largest thing on the stack.
            if extensions.iter().take(count).any(|(earlier, _)| earlier == id) {
                return Err(X509Error::ExtensionDuplicate);
            }
            if count == MAX_EXTENSIONS {
                return Err(X509Error::ExtensionLimit);
            }
            count = count.saturating_add(1);
            if value.is_empty() {
                return Err(X509Error::ExtensionMalformed);
            }
            if id == BASIC_CONSTRAINTS {
                basic_constraints = Some(read_basic_constraints(value, critical, form).map_err(in_extension)?);
            } else if id == KEY_USAGE {
                key_usage = Some(read_key_usage(value).map_err(in_extension)?);
            } else if id == EXT_KEY_USAGE {
                // No purpose is empty: this asks for the form alone.
                has_purpose(value, &[]).map_err(in_extension)?;
            }
        }
        Ok(Read { extensions, basic_constraints, key_usage })
    }
}

/// `Extension ::= SEQUENCE { extnID, critical DEFAULT FALSE, extnValue OCTET STRING }`.
fn extension<'i>(reader: &mut Reader<'i>, form: Form) -> Result<Extension<'i>, DerError> {
    let mut fields = Reader::new(reader.value(der::SEQUENCE)?);
    let id = fields.object_identifier()?;
    let critical = form.default_false(&mut fields)?;
    let value = fields.value(der::OCTET_STRING)?;
    fields.finish()?;
    Ok(Extension { id, critical, value })
}

/// `BasicConstraints ::= SEQUENCE { cA DEFAULT FALSE, pathLenConstraint INTEGER (0..MAX) OPTIONAL }`.
///
/// Every path length allows the chain of leaf and intermediate, so only its form is checked. More than 127 is no
/// length of any path.
fn read_basic_constraints(value: &[u8], critical: bool, form: Form) -> Result<BasicConstraints, X509Error> {
    let mut outer = Reader::new(value);
    let mut fields = Reader::new(outer.value(der::SEQUENCE)?);
    outer.finish()?;
    let ca = form.default_false(&mut fields)?;
    let has_path_len = !fields.is_empty();
    if has_path_len && !matches!(fields.integer()?, [0..=0x7F]) {
        return Err(X509Error::ExtensionMalformed);
    }
    fields.finish()?;
    Ok(BasicConstraints { critical, ca, has_path_len })
}

fn read_key_usage(value: &[u8]) -> Result<KeyUsage, X509Error> {
    let mut reader = Reader::new(value);
    let (bits, is_shortest) = reader.named_bits()?;
    reader.finish()?;
    Ok(KeyUsage { bits, is_shortest })
}

/// Whether `ExtKeyUsageSyntax ::= SEQUENCE SIZE (1..MAX) OF KeyPurposeId` contains this purpose (RFC 5280 §4.2.1.12).
pub(super) fn has_purpose(value: &[u8], purpose: &[u8]) -> Result<bool, X509Error> {
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
const fn in_extension(error: X509Error) -> X509Error {
    match error {
        X509Error::Der(DerError::Boolean | DerError::BitString) => error,
        _ => X509Error::ExtensionMalformed,
    }
}
