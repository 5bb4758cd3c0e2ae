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
