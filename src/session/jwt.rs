//! What all tokens and proofs have in common: the compact form, the header, the signature, the clock.

use crate::{
    UnixTime,
    crypto::{Backend, Digest, HmacSha256, P256, PublicKey, Sha256, SignP256, Signature, VerifyEcdsa, sign},
    encoding::{
        json::{JsonError, Text},
        text::{Base64, Room, Write},
    },
    error::Error,
    jose::{Header, HeaderRoom, JoseError, Jws},
};

/// The longest token or proof: 4 KiB. Proxies commonly take 8 KiB of headers in all, and a token of ours has some 400 octets.
pub const MAX_TOKEN: usize = 4096;

/// Splits a token that is not too large.
pub(super) fn split(token: &mut [u8]) -> Result<Jws<'_>, Error> {
    if token.len() > MAX_TOKEN {
        return Err(Error::TokenTooLarge);
    }
    Jws::split(token).map_err(in_header)
}

/// Reads a header in which nothing is critical, encrypted or compressed.
pub(super) fn header<'h>(jws: &Jws<'_>, room: &'h mut HeaderRoom) -> Result<Header<'h>, Error> {
    let header = jws.header(room).map_err(in_header)?;
    if header.has_critical {
        return Err(Error::TokenCritical);
    }
    if header.is_compressed || header.encryption.is_some() {
        return Err(Error::TokenEncoding);
    }
    Ok(header)
}

/// The first part of the name of a media type, which `typ` may leave out (RFC 7515 §4.1.9).
const APPLICATION: &str = "application/";

/// Whether `typ` is this type (RFC 8725 §3.11): without regard to the case of ASCII, and to a leading `application/`.
pub(super) fn is_type(kind: Text<'_>, expected: &str) -> bool {
    let lower = |character: char| character.to_ascii_lowercase();
    let mut kind = kind.chars().map(lower);
    let mut short = kind.clone();
    if short.by_ref().take(APPLICATION.len()).eq(APPLICATION.chars()) {
        kind = short;
    }
    let is_long = expected.get(..APPLICATION.len()).is_some_and(|start| start.eq_ignore_ascii_case(APPLICATION));
    let expected = if is_long { expected.get(APPLICATION.len()..).unwrap_or_default() } else { expected };
    kind.eq(expected.chars().map(lower))
}

/// `typ` has to be there and this type.
pub(super) fn expect_type(header: &Header<'_>, expected: &str) -> Result<(), Error> {
    if header.kind.is_some_and(|kind| is_type(kind, expected)) { Ok(()) } else { Err(Error::TokenType) }
}

/// `alg` has to be there and this algorithm.
pub(super) fn expect_algorithm(header: &Header<'_>, expected: &str) -> Result<(), Error> {
    if header.algorithm.is_some_and(|algorithm| algorithm == *expected) { Ok(()) } else { Err(Error::TokenAlgorithm) }
}

/// Verifies the code of HS256 (RFC 7518 §3.2).
pub(super) fn verify_hs256<C: HmacSha256 + ?Sized>(
    jws: &mut Jws<'_>,
    secret: &[u8],
    crypto: &Backend<'_, C>,
) -> Result<(), Error> {
    let code = signature::<32>(jws)?;
    crypto.expect_hmac_sha256(secret, &[jws.signed()], &code, Error::TokenForged)
}

/// Verifies the signature of ES256 (RFC 7518 §3.4).
pub(super) fn verify_es256<C: Sha256 + VerifyEcdsa<P256> + ?Sized>(
    jws: &mut Jws<'_>,
    key: &PublicKey<P256>,
    crypto: &Backend<'_, C>,
) -> Result<(), Error> {
    let signature = Signature(signature::<64>(jws)?);
    let digest = Digest::Sha256(crypto.sha256::<Error>(&[jws.signed()])?);
    crypto.verify_raw(key, &digest, &signature, Error::TokenForged)
}

fn signature<const N: usize>(jws: &mut Jws<'_>) -> Result<[u8; N], Error> {
    jws.signature::<N>().ok().flatten().ok_or(Error::TokenSignatureForm)
}

/// The payload of a token that is authentic.
pub(super) fn payload(jws: Jws<'_>) -> Result<&[u8], Error> {
    jws.into_payload().map_err(|_| Error::TokenPayloadBase64)
}

/// Writes a token: the header, the payload, and what `authenticate` makes of their text.
pub(super) fn write<'r, const N: usize>(
    room: &'r mut [u8],
    header: impl FnOnce(&mut Base64<'_, Room<'r>>),
    payload: impl FnOnce(&mut Base64<'_, Room<'r>>),
    authenticate: impl FnOnce(&[u8]) -> Result<[u8; N], Error>,
) -> Result<&'r str, Error> {
    let mut room = Room::new(room);
    room.base64(header);
    room.octet(b'.');
    room.base64(payload);
    let signature = authenticate(room.written().ok_or(Error::RoomTooSmall)?)?;
    room.octet(b'.');
    room.base64(|to| to.octets(&signature));
    // A verifier would not take more.
    room.finish().filter(|token| token.len() <= MAX_TOKEN).ok_or(Error::RoomTooSmall)
}

/// Writes a header without its closing bracket: a proof has its key there.
pub(super) fn write_header(to: &mut impl Write, algorithm: &str, media_type: &str, kid: Option<&str>) {
    to.text("{\"alg\":\"");
    to.text(algorithm);
    to.text("\",\"typ\":");
    to.string(media_type);
    if let Some(kid) = kid {
        to.text(",\"kid\":");
        to.string(kid);
    }
}

/// Writes `iat`, and `exp` so many seconds later, behind another claim.
pub(super) fn write_times(to: &mut impl Write, now: i64, lifetime: Option<u32>) {
    to.text(",\"iat\":");
    to.integer(now);
    if let Some(lifetime) = lifetime {
        to.text(",\"exp\":");
        to.integer(now.saturating_add(i64::from(lifetime)));
    }
}

/// Signs a text with ES256 (RFC 7518 §3.4).
pub(super) fn sign_es256<C: Sha256 + ?Sized, S: SignP256 + ?Sized>(
    text: &[u8],
    signer: &S,
    crypto: &C,
) -> Result<[u8; 64], Error> {
    let digest = Backend::new(crypto).sha256::<Error>(&[text])?;
    sign::<Error, S>(signer, &digest).map(|signature| signature.0)
}

/// The fewest random octets of an identifier: nobody meets one of 128 bits twice.
const LEAST_RANDOM: usize = 16;

/// Identifiers are made of octets from a generator, and all zeros come from none.
pub(super) fn check_random(octets: &[u8], least: usize) -> Result<(), Error> {
    if octets.len() < least || octets.iter().all(|octet| *octet == 0) { Err(Error::RandomTooShort) } else { Ok(()) }
}

/// The identifier of a token (`jti`): random octets in base64url.
pub(super) fn write_id(to: &mut impl Write, random: &[u8]) {
    to.text("\"jti\":");
    to.base64_string(random);
}

/// Looks whether there are enough random octets for an identifier.
pub(super) fn check_id(random: &[u8]) -> Result<(), Error> {
    check_random(random, LEAST_RANDOM)
}

/// The time as claims have it.
pub(super) fn seconds(now: UnixTime) -> Result<i64, Error> {
    if now == UnixTime(0) { Err(Error::ClockUnset) } else { Ok(i64::try_from(now.0).unwrap_or(i64::MAX)) }
}

/// The times that a token is held against, in seconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// Now, as a clock that is behind shows it.
    pub(super) earliest: i64,
    /// Now, as a clock that is ahead shows it.
    pub(super) latest: i64,
}

/// The last second of a time that may lie before 1970: none does that was accepted.
pub(super) fn unix_time(seconds: i64) -> UnixTime {
    UnixTime(u64::try_from(seconds).unwrap_or(0))
}

impl Clock {
    pub(super) fn new(now: UnixTime, skew: u32) -> Result<Self, Error> {
        let now = seconds(now)?;
        let skew = i64::from(skew);
        Ok(Self { earliest: now.saturating_sub(skew), latest: now.saturating_add(skew) })
    }

    /// Refuses what was issued before the last so many seconds.
    pub(super) fn expect_younger(self, issued: i64, age: u32) -> Result<(), Error> {
        if issued < self.earliest.saturating_sub(i64::from(age)) { Err(Error::TokenTooOld) } else { Ok(()) }
    }
}

/// In the form of the token, or its header.
const fn in_header(error: JoseError) -> Error {
    match error {
        JoseError::Segments => Error::TokenSegments,
        JoseError::Base64 => Error::TokenHeaderBase64,
        JoseError::HeaderTooLarge | JoseError::Header(JsonError::Limit) => Error::TokenHeaderLimit,
        JoseError::Header(JsonError::DuplicateName) => Error::TokenHeaderDuplicate,
        JoseError::Header(JsonError::Malformed | JsonError::Trailing | JsonError::Type) => Error::TokenHeaderJson,
    }
}

/// In the payload.
pub(super) const fn in_payload(error: JsonError) -> Error {
    match error {
        JsonError::Malformed | JsonError::Trailing => Error::TokenPayloadJson,
        JsonError::DuplicateName => Error::TokenPayloadDuplicate,
        JsonError::Type => Error::TokenClaimType,
        JsonError::Limit => Error::TokenPayloadLimit,
    }
}
