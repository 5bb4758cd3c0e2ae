//! A JWS in the compact form: header, payload and signature (RFC 7515 §7.1).

use super::{Header, HeaderRoom, JoseError, split};
use crate::encoding::base64;

/// The three segments, as text.
#[derive(Debug)]
pub(crate) struct Jws<'t> {
    /// Header and payload, with the period between them: what is signed.
    signed: &'t mut [u8],
    /// The length of the header.
    header: usize,
    signature: &'t mut [u8],
}

impl<'t> Jws<'t> {
    pub(crate) fn split(text: &'t mut [u8]) -> Result<Self, JoseError> {
        let [header, payload, signature] = split(text)?.map(|segment| segment.len());
        let length = header.saturating_add(1).saturating_add(payload);
        let (signed, rest) = text.split_at_mut_checked(length).ok_or(JoseError::Segments)?;
        let (_period, rest) = rest.split_at_mut_checked(1).ok_or(JoseError::Segments)?;
        let signature = rest.get_mut(..signature).ok_or(JoseError::Segments)?;
        Ok(Self { signed, header, signature })
    }

    pub(crate) fn header<'h>(&self, room: &'h mut HeaderRoom) -> Result<Header<'h>, JoseError> {
        Header::decode(self.signed.get(..self.header).unwrap_or_default(), room)
    }

    /// What the signature is over (RFC 7515 §5.2): the text of the first two segments.
    pub(crate) fn signed(&self) -> &[u8] {
        self.signed
    }

    /// Decodes the signature over itself, if it has this size.
    pub(crate) fn signature<const N: usize>(&mut self) -> Result<Option<[u8; N]>, JoseError> {
        let signature = base64::decode_in_place(self.signature).ok_or(JoseError::Base64)?;
        Ok((&*signature).try_into().ok())
    }

    /// Decodes the payload over itself.
    pub(crate) fn into_payload(self) -> Result<&'t [u8], JoseError> {
        let payload = self.signed.get_mut(self.header.saturating_add(1)..).unwrap_or_default();
        base64::decode_in_place(payload).map(|payload| &*payload).ok_or(JoseError::Base64)
    }
}
