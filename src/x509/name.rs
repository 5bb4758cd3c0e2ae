//! Names: their form only. They are compared byte by byte and shown to nobody, so what the values hold does not matter.

use super::error::X509Error;
use crate::encoding::der::{self, Reader};

/// `Name ::= SEQUENCE OF SET OF SEQUENCE { type OBJECT IDENTIFIER, value ANY }`, tag and length included.
pub(super) fn name<'i>(fields: &mut Reader<'i>) -> Result<&'i [u8], X509Error> {
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

/// The attributes of a `Name` that was read: the content octets of each type, and of its value, whatever string that is.
#[cfg(feature = "key-attestation")]
pub(crate) fn attributes(name: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut distinguished_names = Reader::new(Reader::new(name).value(der::SEQUENCE).unwrap_or_default());
    let mut attributes = Reader::new(&[]);
    core::iter::from_fn(move || {
        if attributes.is_empty() {
            attributes = Reader::new(distinguished_names.value(der::SET).ok()?);
        }
        let mut attribute = Reader::new(attributes.value(der::SEQUENCE).ok()?);
        let kind = attribute.value(der::OBJECT_IDENTIFIER).ok()?;
        attribute.any().ok().map(|(_, value)| (kind, value))
    })
}
