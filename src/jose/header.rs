//! The protected header of a JWS or JWE.

use super::JoseError;
use crate::encoding::{
    base64,
    json::{JsonError, Reader, Text},
};

/// Room for a decoded header. Google's has 31 octets, that of a proof with a key in it some 200.
#[derive(Debug)]
pub(crate) struct HeaderRoom([u8; Self::SIZE]);

impl HeaderRoom {
    /// The longest segment: 384 octets.
    const SIZE: usize = 512;

    pub(crate) const fn new() -> Self {
        Self([0; Self::SIZE])
    }
}

/// What a header says (RFC 7515 §4.1, RFC 7516 §4.1). Other members are passed over, keys and addresses of keys among them: a
/// header names no key that anybody trusts.
#[derive(Debug, Default)]
pub(crate) struct Header<'h> {
    pub(crate) algorithm: Option<Text<'h>>,
    pub(crate) encryption: Option<Text<'h>>,
    pub(crate) kind: Option<Text<'h>>,
    pub(crate) key_id: Option<Text<'h>>,
    /// Whether `zip` is there, whatever its value.
    pub(crate) is_compressed: bool,
    /// Whether `crit` is there, whatever its value.
    pub(crate) has_critical: bool,
    /// The value of `jwk`, not read yet: a proof of possession brings its key here.
    pub(crate) key: Option<Reader<'h>>,
}

impl<'h> Header<'h> {
    /// Decodes a segment, which stays as it is, and reads it.
    pub(crate) fn decode(segment: &[u8], room: &'h mut HeaderRoom) -> Result<Self, JoseError> {
        let text = room.0.get_mut(..segment.len()).ok_or(JoseError::HeaderTooLarge)?;
        for (to, from) in text.iter_mut().zip(segment) {
            *to = *from;
        }
        let json = base64::decode_in_place(text).ok_or(JoseError::Base64)?;
        Self::read(json).map_err(JoseError::Header)
    }

    fn read(json: &'h [u8]) -> Result<Self, JsonError> {
        let mut header = Self::default();
        let mut reader = Reader::new(json)?;
        let mut members = reader.object()?;
        while let Some(position) = members.next(&mut reader, &["alg", "enc", "typ", "kid", "zip", "crit", "jwk"])? {
            match position {
                0 => header.algorithm = Some(reader.text()?),
                1 => header.encryption = Some(reader.text()?),
                2 => header.kind = Some(reader.text()?),
                3 => header.key_id = Some(reader.text()?),
                4 => header.is_compressed = true,
                5 => header.has_critical = true,
                _ => header.key = Some(reader),
            }
            if position > 3 {
                reader.pass()?;
            }
        }
        reader.finish()?;
        Ok(header)
    }
}
