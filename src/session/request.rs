//! Requests that a client signs with a shared secret: HMAC-SHA256 by a key of two parts.
//!
//! The one part, the key identifier, goes with every request. The other, the secret, is handed over once and never sent again, so
//! that whoever records requests can neither sign others nor send one twice. The client signs
//!
//! ```text
//! genuine-request-1
//! METHOD
//! /path
//! query                      without "?", empty if there is none
//! SHA-256 of the body        64 small hexadecimal digits, of an empty body too
//! seconds since 1970         decimal, no zero in front
//! nonce
//! key identifier             no newline behind it
//! ```
//!
//! with lines that end in one newline (`0A`), and sends `1.key identifier.seconds.nonce.code` beside the request, the code as
//! base64url without padding. No line can hold a newline, so that no two requests give the same text; a test holds that as a law.
//! Path and query are signed as they stand in the request line, before any decoding: two that a server takes for one are two here, but
//! for `/x` and `/x?`.
//! A proxy that rewrites them breaks the signature, and verifies it itself. What is not in the text is not signed: the host
//! and all headers. Whoever needs one of them signed puts it in the body, or a secret of its own on each host.
//!
//! # Secrets that nobody stores
//!
//! A gateway that [`derive`](RequestSecret::derive)s stores no secret: it is the HMAC of the identifier under a key of the
//! server, with the identifier, of which each is issued once, as its salt. What is stolen from its database is a list of identifiers that
//! were issued or taken back. A server that stores secrets of another kind has to be able to read them, since HMAC needs the secret
//! and not its hash.
//!
//! ```
//! # #[cfg(feature = "rust-crypto")] {
//! use genuine::{
//!     Error, UnixTime,
//!     crypto::{RustCrypto, Sha256},
//!     session::{
//!         SessionKey,
//!         request::{Request, RequestSecret, RequestSignature, RequestVerifier},
//!     },
//! };
//!
//! # let (octets, body) = ([1; 32], b"{}");
//! let master = SessionKey::new(&octets)?;
//! // Once, when the key is issued; the client keeps both.
//! let (key_id, secret) = ("client-7", RequestSecret::derive(&master, "client-7", &RustCrypto)?);
//!
//! // The client, for each request.
//! let digest = RustCrypto.sha256(&[body]).map_err(|_| Error::CryptoUnavailable)?;
//! let request = Request::new("POST", "/orders", "dry=1", &digest)?;
//! let signature =
//!     RequestSignature::sign(&request, key_id, "q83vEjRWeJCrze8S", UnixTime(1_790_000_000), &secret, &RustCrypto)?;
//! let header = signature.to_string();
//!
//! // The server.
//! let verified = RequestVerifier::new(&RustCrypto).verify(
//!     &RequestSignature::parse(&header)?,
//!     &request,
//!     UnixTime(1_790_000_002),
//!     |key_id| match key_id {
//!         "client-7" => RequestSecret::derive(&master, key_id, &RustCrypto),
//!         _ => Err(Error::RequestKeyUnknown),
//!     },
//! )?;
//! // Its nonce counts once: store it with the key identifier until then.
//! assert_eq!((verified.nonce(), verified.expires_at()), ("q83vEjRWeJCrze8S", UnixTime(1_790_000_300)));
//! # }
//! # Ok::<(), genuine::Error>(())
//! ```

use core::fmt;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use zeroize::Zeroize as _;

use super::secret::SessionKey;
use crate::{
    crypto::{Backend, HmacSha256},
    encoding::text::split_once,
    error::Error,
    time::UnixTime,
};

/// The beginning of the text that is signed, and of no other under a secret.
const LABEL: &[u8] = b"genuine-request-1\n";

/// The beginning of the text that a secret is derived from, and of no other under a session key.
const SECRET_LABEL: &[u8] = b"genuine request secret 1\n";

/// The most characters of a method; the longest registered one has 17 (`UPDATEREDIRECTREF`).
const MAX_METHOD: usize = 32;

/// The most characters of a key identifier or a nonce: a digest of 48 octets in base64url.
const MAX_NAME: usize = 64;

/// The fewest characters of a nonce: 96 bits in base64url, so that two of one client never meet within a window.
const LEAST_NONCE: usize = 16;

/// The length of a code in base64url.
const CODE: usize = 43;

/// The digits of the greatest time.
const DIGITS: usize = 20;

/// What is signed of a request: the parts have their form, and no more is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'r> {
    method: &'r str,
    path: &'r str,
    query: &'r str,
    body_sha256: &'r [u8; 32],
}

impl<'r> Request<'r> {
    /// Takes the parts of a request as they go over the wire: the method (RFC 9110 §9.1), the path, the query without its `?`
    /// (RFC 3986 §3.3, §3.4), and the SHA-256 of the body.
    ///
    /// # Errors
    ///
    /// [`Error::RequestForm`] unless the method is 1 to 32 characters of a token (RFC 9110 §5.6.2), the path starts with a slash, and
    /// path and query are visible ASCII without `#`, the path without `?` too.
    pub fn new(method: &'r str, path: &'r str, query: &'r str, body_sha256: &'r [u8; 32]) -> Result<Self, Error> {
        let is_target = |octet: u8| octet.is_ascii_graphic() && octet != b'#';
        let method_fits = (1..=MAX_METHOD).contains(&method.len()) && method.bytes().all(is_token);
        let path_fits = path.starts_with('/') && path.bytes().all(|octet| is_target(octet) && octet != b'?');
        if method_fits && path_fits && query.bytes().all(is_target) {
            Ok(Self { method, path, query, body_sha256 })
        } else {
            Err(Error::RequestForm)
        }
    }
}

/// `tchar` of RFC 9110 §5.6.2.
const fn is_token(octet: u8) -> bool {
    octet.is_ascii_alphanumeric()
        || matches!(
            octet,
            b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
        )
}

/// The secret of a request key: 32 octets, which the client keeps and signs with.
///
/// The octets are wiped when the value is dropped, as those of a [`SessionKey`]. `Debug` shows none.
#[derive(Clone)]
pub struct RequestSecret([u8; 32]);

impl RequestSecret {
    /// Takes a secret: as the client was given it, or as a server has it in a store of its own.
    #[must_use]
    pub const fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    /// Derives the secret of a key identifier, so that nobody stores it: HMAC-SHA256 under the server's master key over a label
    /// and the identifier.
    ///
    /// Every identifier has a secret, those too that were never issued or were taken back: the list of those that count is the
    /// caller's. An identifier is issued once, as a random one is (128 bits are 22 characters of base64url). Another master key
    /// changes every secret; an identifier that names its master key lets two masters overlap.
    ///
    /// # Errors
    ///
    /// [`Error::RequestForm`] if the identifier is not 1 to 64 characters of base64url; [`Error::CryptoUnavailable`].
    pub fn derive<C: HmacSha256 + ?Sized>(master: &SessionKey, key_id: &str, crypto: &C) -> Result<Self, Error> {
        check_name(key_id, 1)?;
        Backend::new(crypto).hmac_sha256(master.as_bytes(), &[SECRET_LABEL, key_id.as_bytes()]).map(Self)
    }

    /// The octets, to hand over when the key is issued. Nobody else needs to see them.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Drop for RequestSecret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for RequestSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RequestSecret").finish_non_exhaustive()
    }
}

/// Key identifiers and nonces: characters of base64url, among which the period of the text is not.
fn check_name(name: &str, least: usize) -> Result<(), Error> {
    let fits = (least..=MAX_NAME).contains(&name.len())
        && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_'));
    if fits { Ok(()) } else { Err(Error::RequestForm) }
}

/// The signature of a request, as it was made or received. Nothing of it is believed before
/// [`verify`](RequestVerifier::verify).
///
/// `Display` is the text that goes beside the request.
#[derive(Clone, Copy)]
pub struct RequestSignature<'s> {
    key_id: &'s str,
    time: UnixTime,
    nonce: &'s str,
    code: [u8; 32],
}

impl fmt::Debug for RequestSignature<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestSignature")
            .field("key_id", &self.key_id)
            .field("time", &self.time)
            .finish_non_exhaustive()
    }
}

impl<'s> RequestSignature<'s> {
    /// Signs a request, for a client.
    ///
    /// The nonce is 16 to 64 characters of base64url, fresh from a generator of random numbers for each request.
    ///
    /// # Errors
    ///
    /// [`Error::ClockUnset`], [`Error::RequestForm`] for an identifier or a nonce that is not of its form, and
    /// [`Error::CryptoUnavailable`].
    pub fn sign<C: HmacSha256 + ?Sized>(
        request: &Request<'_>,
        key_id: &'s str,
        nonce: &'s str,
        now: UnixTime,
        secret: &RequestSecret,
        crypto: &C,
    ) -> Result<Self, Error> {
        check_name(key_id, 1)?;
        check_name(nonce, LEAST_NONCE)?;
        if now == UnixTime(0) {
            return Err(Error::ClockUnset);
        }
        let mut signature = Self { key_id, time: now, nonce, code: [0; 32] };
        signature.code = signature.with_text(request, |text| Backend::new(crypto).hmac_sha256(&secret.0, text))?;
        Ok(signature)
    }

    /// Reads `1.key identifier.seconds.nonce.code`.
    ///
    /// # Errors
    ///
    /// [`Error::RequestForm`] for anything else, a second form of the same signature among it.
    pub fn parse(text: &'s str) -> Result<Self, Error> {
        let (key_id, time, nonce, code) = split(text).ok_or(Error::RequestForm)?;
        check_name(key_id, 1)?;
        check_name(nonce, LEAST_NONCE)?;
        let mut octets = [0; 32];
        if code.len() != CODE || Base64UrlUnpadded::decode(code, &mut octets).is_err() {
            return Err(Error::RequestForm);
        }
        Ok(Self { key_id, time: UnixTime(seconds(time).ok_or(Error::RequestForm)?), nonce, code: octets })
    }

    /// Calls with the text that is signed, in parts.
    fn with_text<T>(&self, request: &Request<'_>, then: impl FnOnce(&[&[u8]]) -> Result<T, Error>) -> Result<T, Error> {
        let body = hex(request.body_sha256);
        let time = Decimal::of(self.time.0);
        let parts = [
            LABEL,
            request.method.as_bytes(),
            b"\n",
            request.path.as_bytes(),
            b"\n",
            request.query.as_bytes(),
            b"\n",
            body.as_flattened(),
            b"\n",
            time.digits(),
            b"\n",
            self.nonce.as_bytes(),
            b"\n",
            self.key_id.as_bytes(),
        ];
        then(&parts)
    }
}

impl fmt::Display for RequestSignature<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key_id, time: UnixTime(time), nonce, code } = self;
        let mut text = [0; CODE];
        let code = Base64UrlUnpadded::encode(code, &mut text).unwrap_or_default();
        write!(f, "1.{key_id}.{time}.{nonce}.{code}")
    }
}

/// Verifies signed requests.
#[must_use]
pub struct RequestVerifier<'a, C: ?Sized> {
    back: u64,
    ahead: u64,
    crypto: &'a C,
}

impl<C: ?Sized> Clone for RequestVerifier<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: ?Sized> Copy for RequestVerifier<'_, C> {}

impl<C: ?Sized> fmt::Debug for RequestVerifier<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestVerifier").field("back", &self.back).field("ahead", &self.ahead).finish_non_exhaustive()
    }
}

impl<'a, C: HmacSha256 + ?Sized> RequestVerifier<'a, C> {
    /// How many seconds the window reaches back and ahead unless others are given: five minutes, since clients' clocks differ
    /// from the server's in both directions.
    pub const WINDOW: u64 = 300;

    /// A verifier with the usual window.
    pub const fn new(crypto: &'a C) -> Self {
        Self { back: Self::WINDOW, ahead: Self::WINDOW, crypto }
    }

    /// Lets a request be so many seconds old, and so many ahead of this clock, in the place of [`WINDOW`](Self::WINDOW). Both
    /// ends belong to the window.
    pub const fn with_window(self, back: u64, ahead: u64) -> Self {
        Self { back, ahead, ..self }
    }

    /// Verifies a signature over the request that came with it.
    ///
    /// `secret_of` gives the secret of a key identifier of which nothing is known yet, by
    /// [`RequestSecret::derive`] or from a store. Where the identifier was not issued or was taken back it answers
    /// [`Error::RequestKeyUnknown`], and [`Error::StoreUnavailable`] where it cannot say.
    ///
    /// # Errors
    ///
    /// In this order: [`Error::ClockUnset`]; what `secret_of` answers; [`Error::RequestForged`];
    /// [`Error::RequestFromFuture`] and [`Error::RequestTooOld`], which are said of an authentic request alone.
    /// [`Error::CryptoUnavailable`] if the backend cannot compute.
    pub fn verify<'s>(
        &self,
        signature: &RequestSignature<'s>,
        request: &Request<'_>,
        now: UnixTime,
        secret_of: impl FnOnce(&str) -> Result<RequestSecret, Error>,
    ) -> Result<VerifiedRequest<'s>, Error> {
        if now == UnixTime(0) {
            return Err(Error::ClockUnset);
        }
        let secret = secret_of(signature.key_id)?;
        signature.with_text(request, |text| {
            Backend::new(self.crypto).expect_hmac_sha256(&secret.0, text, &signature.code, Error::RequestForged)
        })?;
        let signed_at = signature.time;
        if signed_at.0 > now.0.saturating_add(self.ahead) {
            return Err(Error::RequestFromFuture);
        }
        if now.0.saturating_sub(signed_at.0) > self.back {
            return Err(Error::RequestTooOld);
        }
        Ok(VerifiedRequest {
            key_id: signature.key_id,
            nonce: signature.nonce,
            signed_at,
            expires_at: UnixTime(signed_at.0.saturating_add(self.back)),
        })
    }
}

/// A request that the secret of this key signed within the window.
///
/// That it came for the first time is not part of the proof: a store takes each pair of key identifier and nonce once, in
/// one atomic step, and keeps it until [`expires_at`](Self::expires_at) has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a request that is verified may have come before: store its nonce"]
pub struct VerifiedRequest<'s> {
    key_id: &'s str,
    nonce: &'s str,
    signed_at: UnixTime,
    expires_at: UnixTime,
}

impl<'s> VerifiedRequest<'s> {
    /// The key that signed.
    #[must_use]
    pub const fn key_id(&self) -> &'s str {
        self.key_id
    }

    /// What makes the request one of its kind, among those of its key.
    #[must_use]
    pub const fn nonce(&self) -> &'s str {
        self.nonce
    }

    /// When the client says that it signed.
    #[must_use]
    pub const fn signed_at(&self) -> UnixTime {
        self.signed_at
    }

    /// The last second in which the request is accepted.
    #[must_use]
    pub const fn expires_at(&self) -> UnixTime {
        self.expires_at
    }
}

/// The parts behind the version. A period too many is one in the code, which has none.
fn split(text: &str) -> Option<(&str, &str, &str, &str)> {
    let (key_id, rest) = split_once(text.strip_prefix("1.")?, b'.')?;
    let (time, rest) = split_once(rest, b'.')?;
    let (nonce, code) = split_once(rest, b'.')?;
    Some((key_id, time, nonce, code))
}

/// A number of seconds in the one form that it has: decimal, no zero in front.
fn seconds(text: &str) -> Option<u64> {
    let digit = |sum: u64, octet: u8| match octet {
        b'0'..=b'9' => sum.checked_mul(10)?.checked_add(u64::from(octet & 0x0F)),
        _ => None,
    };
    match text.as_bytes() {
        [] | [b'0', _, ..] => None,
        digits => digits.iter().copied().try_fold(0, digit),
    }
}

/// A number in decimal, at the end of its room.
struct Decimal {
    octets: [u8; DIGITS],
    length: usize,
}

impl Decimal {
    fn of(mut number: u64) -> Self {
        let mut decimal = Self { octets: [b'0'; DIGITS], length: 1 };
        for (length, place) in (1..).zip(decimal.octets.iter_mut().rev()) {
            if number == 0 {
                break;
            }
            let digit = number.checked_rem(10).and_then(|digit| u8::try_from(digit).ok()).unwrap_or(0);
            *place = b'0' | digit;
            number = number.checked_div(10).unwrap_or(0);
            decimal.length = length;
        }
        decimal
    }

    fn digits(&self) -> &[u8] {
        self.octets.get(DIGITS.saturating_sub(self.length)..).unwrap_or(&self.octets)
    }
}

/// Small hexadecimal digits.
fn hex(octets: &[u8; 32]) -> [[u8; 2]; 32] {
    let digit = |four: u8| if four < 10 { b'0' | four } else { four.saturating_add(b'a' - 10) };
    octets.map(|octet| [digit(octet >> 4), digit(octet & 0x0F)])
}
