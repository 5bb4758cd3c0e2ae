//! Public keys on P-256 as JSON (RFC 7517, RFC 7518 §6.2.1), and their thumbprints (RFC 7638).

use core::fmt;

use subtle::ConstantTimeEq;

use super::token::TokenKey;
use crate::{
    crypto::{Backend, P256, PublicKey, Sha256, VerifyEcdsa},
    encoding::{
        base64,
        json::{JsonError, Reader, Text},
        text::{Room, Write, base64_of_32},
    },
    error::Error,
};

/// The longest JSON Web Key that [`read`] takes: 1 KiB. One on P-256 has some 150 octets, and more with a certificate beside it.
pub const MAX_JWK: usize = 1024;

/// Reads a public key: strict JSON of `kty` `EC`, `crv` `P-256`, and x and y of 32 octets each in canonical base64url. Where `use`,
/// `key_ops` and `alg` are there, they have to allow verifying ES256. Other members are passed over.
///
/// The key is one by itself, such as a client registers: nothing says whose it is.
///
/// # Errors
///
/// [`Error::JwkForm`], [`Error::JwkUnsupported`], [`Error::JwkPrivate`] if there is a private key in it, [`Error::JwkPoint`],
/// [`Error::CryptoUnavailable`] if the backend cannot tell.
pub fn read<C: VerifyEcdsa<P256> + ?Sized>(json: &[u8], crypto: &C) -> Result<PublicKey<P256>, Error> {
    if json.len() > MAX_JWK {
        return Err(Error::JwkForm);
    }
    let mut reader = Reader::new(json).map_err(|_| Error::JwkForm)?;
    let key = read_value(&mut reader)?;
    reader.finish().map_err(|_| Error::JwkForm)?;
    check(&key, &Backend::new(crypto))?;
    Ok(key)
}

/// Whether it is a point of the curve.
pub(super) fn check<C: VerifyEcdsa<P256> + ?Sized>(
    key: &PublicKey<P256>,
    crypto: &Backend<'_, C>,
) -> Result<(), Error> {
    crypto.check_key::<P256, _>(&key.0, Error::JwkPoint)
}

/// Reads a key without looking whether it is a point.
pub(super) fn read_value(reader: &mut Reader<'_>) -> Result<PublicKey<P256>, Error> {
    let Members { kind, curve, x, y, usage, algorithm, verifies, is_private } =
        Members::read(reader).map_err(|_| Error::JwkForm)?;
    if is_private {
        return Err(Error::JwkPrivate);
    }
    let is_absent_or = |member: Option<Text<'_>>, value: &str| member.is_none_or(|member| member == *value);
    if kind.ok_or(Error::JwkForm)? != "EC"
        || curve.ok_or(Error::JwkForm)? != "P-256"
        || !is_absent_or(usage, "sig")
        || !is_absent_or(algorithm, "ES256")
        || !verifies
    {
        return Err(Error::JwkUnsupported);
    }
    let coordinate = |member: Option<Text<'_>>| member.and_then(octets).ok_or(Error::JwkForm);
    Ok(PublicKey::from_coordinates([&coordinate(x)?, &coordinate(y)?]))
}

/// Reads the key in a `cnf` (RFC 7800 §3.2) without looking whether it is a point.
pub(super) fn read_confirmation(mut reader: Reader<'_>) -> Result<PublicKey<P256>, Error> {
    let in_confirmation = |_| Error::TokenConfirmation;
    let mut members = reader.object().map_err(in_confirmation)?;
    members.next(&mut reader, &["jwk"]).map_err(in_confirmation)?.ok_or(Error::TokenConfirmation)?;
    read_value(&mut reader)
}

/// What a key says.
struct Members<'i> {
    kind: Option<Text<'i>>,
    curve: Option<Text<'i>>,
    x: Option<Text<'i>>,
    y: Option<Text<'i>>,
    usage: Option<Text<'i>>,
    algorithm: Option<Text<'i>>,
    /// `key_ops` is missing or holds `verify` (RFC 7517 §4.3).
    verifies: bool,
    is_private: bool,
}

impl<'i> Members<'i> {
    fn read(reader: &mut Reader<'i>) -> Result<Self, JsonError> {
        let mut key = Self {
            kind: None,
            curve: None,
            x: None,
            y: None,
            usage: None,
            algorithm: None,
            verifies: true,
            is_private: false,
        };
        let mut members = reader.object()?;
        while let Some(position) = members.next(reader, &["kty", "crv", "x", "y", "use", "alg", "key_ops", "d", "k"])? {
            match position {
                0 => key.kind = Some(reader.text()?),
                1 => key.curve = Some(reader.text()?),
                2 => key.x = Some(reader.text()?),
                3 => key.y = Some(reader.text()?),
                4 => key.usage = Some(reader.text()?),
                5 => key.algorithm = Some(reader.text()?),
                6 => {
                    key.verifies = false;
                    let mut items = reader.array()?;
                    while items.next(reader)? {
                        key.verifies |= reader.text()? == "verify";
                    }
                }
                // The secret of an elliptic curve or of RSA (RFC 7518 §6.2.2, §6.3.2), and a symmetric key (§6.4.1).
                _ => {
                    key.is_private = true;
                    reader.pass()?;
                }
            }
        }
        Ok(key)
    }
}

/// 32 octets in canonical base64url, nothing escaped.
pub(super) fn octets(text: Text<'_>) -> Option<[u8; 32]> {
    let mut octets: [u8; 43] = text.as_str()?.as_bytes().try_into().ok()?;
    (&*base64::decode_in_place(&mut octets)?).try_into().ok()
}

/// The SHA-256 thumbprint of a public key (RFC 7638): what the `jkt` of a token names (RFC 9449 §6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Thumbprint(pub [u8; 32]);

impl Thumbprint {
    /// Computes it: SHA-256 of the required members in the order of their names, without white space (RFC 7638 §3.2).
    ///
    /// # Errors
    ///
    /// [`Error::CryptoUnavailable`] if the backend cannot hash.
    pub fn of<C: Sha256 + ?Sized>(key: &PublicKey<P256>, crypto: &C) -> Result<Self, Error> {
        let (x, y) = coordinates(key);
        let [x, y] = [x, y].map(|coordinate| base64_of_32(&coordinate));
        let parts: [&[u8]; 5] = [br#"{"crv":"P-256","kty":"EC","x":""#, &x, br#"","y":""#, &y, br#""}"#];
        Backend::new(crypto).sha256(&parts).map(Self)
    }

    /// Reads 43 characters of canonical base64url; `None` for anything else.
    #[must_use]
    pub fn from_base64url(text: &str) -> Option<Self> {
        let mut octets: [u8; 43] = text.as_bytes().try_into().ok()?;
        (&*base64::decode_in_place(&mut octets)?).try_into().map(Self).ok()
    }

    pub(super) fn expect(&self, other: &Self) -> Result<(), Error> {
        if bool::from(self.0.ct_eq(&other.0)) { Ok(()) } else { Err(Error::TokenKeyMismatch) }
    }
}

/// Base64url without padding: 43 characters.
impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(core::str::from_utf8(&base64_of_32(&self.0)).unwrap_or_default())
    }
}

/// Writes a key for verifying ES256 as JSON: some 180 octets, and its `kid`.
///
/// # Errors
///
/// [`Error::RoomTooSmall`].
///
/// ```
/// # #[cfg(feature = "rust-crypto")] {
/// use genuine::{
///     crypto::{RustCrypto, RustCryptoSigner, SignP256},
///     session::jwk,
/// };
///
/// let key = RustCryptoSigner::try_from(&[7; 32]).unwrap().public_key();
/// let mut room = [0; 256];
/// let json = jwk::write(&key, "2026-11", &mut room).unwrap();
/// assert_eq!(jwk::read(json.as_bytes(), &RustCrypto), Ok(key));
/// # }
/// ```
pub fn write<'r>(key: &PublicKey<P256>, kid: &str, room: &'r mut [u8]) -> Result<&'r str, Error> {
    let mut room = Room::new(room);
    write_key(&mut room, key, Some(kid));
    room.finish().ok_or(Error::RoomTooSmall)
}

/// Writes a set of keys (RFC 7517 §5): those of ES256 in the list, in its order. Secrets of HS256 are left out, since whoever has
/// them can sign.
///
/// # Errors
///
/// [`Error::RoomTooSmall`].
pub fn write_set<'r>(keys: &[TokenKey<'_>], room: &'r mut [u8]) -> Result<&'r str, Error> {
    let mut room = Room::new(room);
    room.text("{\"keys\":[");
    let public = keys.iter().filter_map(|key| Some((key.public_key()?, key.kid())));
    for (position, (key, kid)) in public.enumerate() {
        if position > 0 {
            room.octet(b',');
        }
        write_key(&mut room, key, Some(kid));
    }
    room.text("]}");
    room.finish().ok_or(Error::RoomTooSmall)
}

/// Writes a key: with a `kid` as one of a set, and without one as what a proof or an attestation holds.
pub(super) fn write_key(to: &mut impl Write, key: &PublicKey<P256>, kid: Option<&str>) {
    let (x, y) = coordinates(key);
    to.text("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":");
    to.base64_string(&x);
    to.text(",\"y\":");
    to.base64_string(&y);
    if let Some(kid) = kid {
        to.text(",\"use\":\"sig\",\"alg\":\"ES256\",\"kid\":");
        to.string(kid);
    }
    to.octet(b'}');
}

fn coordinates(key: &PublicKey<P256>) -> ([u8; 32], [u8; 32]) {
    let mut coordinates = [[0; 32]; 2];
    for (to, from) in coordinates.iter_mut().flatten().zip(key.0) {
        *to = from;
    }
    let [x, y] = coordinates;
    (x, y)
}
