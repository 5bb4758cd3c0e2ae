//! A JWE in the compact form: header, wrapped key, initialization vector, text and tag (RFC 7516 §7.1).

use super::{Header, HeaderRoom, JoseError, split};
use crate::encoding::base64;

/// The five segments: the header as text, the others decoded.
#[derive(Debug)]
pub(crate) struct Jwe<'t> {
    /// The text of the header, which is the additional data of the encryption (RFC 7516 §5.2 step 14).
    pub(crate) header: &'t [u8],
    pub(crate) wrapped_key: &'t [u8],
    pub(crate) iv: &'t [u8],
    pub(crate) text: &'t mut [u8],
    pub(crate) tag: &'t [u8],
}

impl<'t> Jwe<'t> {
    /// Decodes all but the header over themselves.
    pub(crate) fn decode(text: &'t mut [u8]) -> Result<Self, JoseError> {
        let [header, wrapped_key, iv, text, tag] = split(text)?;
        let decode = |segment| base64::decode_in_place(segment).ok_or(JoseError::Base64);
        Ok(Self { header, wrapped_key: decode(wrapped_key)?, iv: decode(iv)?, text: decode(text)?, tag: decode(tag)? })
    }

    pub(crate) fn header<'h>(&self, room: &'h mut HeaderRoom) -> Result<Header<'h>, JoseError> {
        Header::decode(self.header, room)
    }
}
