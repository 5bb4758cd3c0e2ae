//! Signed tokens, read and verified one step after the other as RFC 7515 §5.2 and RFC 7519 §7.2 say.

use std::collections::BTreeMap;

use genuine::Error;
use genuine_testvectors::keys::sha256;
use p256::ecdsa::{Signature, VerifyingKey, signature::hazmat::PrehashVerifier as _};

use super::{decode, decode_32, hmac, jwk};
use crate::json::{self, Fault, Tree};

/// The longest token, and the longest segment of a header.
pub(crate) const LONGEST: usize = 4096;
const LONGEST_HEADER: usize = 512;

/// The codes of the first step that fails: several where a text is not JSON.
pub(crate) type Refused = Vec<Error>;

/// Goes on if it holds.
pub(crate) fn holds(is_so: bool, error: Error) -> Result<(), Refused> {
    if is_so { Ok(()) } else { Err(vec![error]) }
}

/// What has to be there.
pub(crate) fn present<T>(value: Option<T>, error: Error) -> Result<T, Refused> {
    value.ok_or_else(|| vec![error])
}

/// A key, and what it is called.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    pub(crate) kid: &'static str,
    pub(crate) material: Material,
}

#[derive(Clone, Copy)]
pub(crate) enum Material {
    Secret([u8; 32]),
    /// X ‖ Y.
    Public([u8; 64]),
}

/// The key that a header names; the only one if it names none.
pub(crate) fn key_of(keys: &[Key], kid: Option<&str>) -> Result<usize, Refused> {
    match kid {
        Some(kid) => present(keys.iter().position(|key| key.kid == kid), Error::TokenKeyUnknown),
        None => holds(keys.len() == 1, Error::TokenKeyMissing).map(|()| 0),
    }
}

/// What counts of a header.
#[derive(Default)]
pub(crate) struct Header {
    pub(crate) algorithm: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) key_id: Option<String>,
    pub(crate) key: Option<Result<[u8; 64], Error>>,
    has_encoding: bool,
    has_critical: bool,
}

/// A token in its parts, of which the header is read.
pub(crate) struct Token<'t> {
    pub(crate) header: Header,
    /// Header and payload.
    pub(crate) signed: Vec<u8>,
    payload: &'t [u8],
    pub(crate) signature: &'t [u8],
}

impl<'t> Token<'t> {
    pub(crate) fn read(text: &'t [u8]) -> Result<Self, Refused> {
        holds(text.len() <= LONGEST, Error::TokenTooLarge)?;
        let segments: Vec<_> = text.split(|octet| *octet == b'.').collect();
        let [header, payload, signature] = segments[..] else { return Err(vec![Error::TokenSegments]) };
        let signed = [header, b".", payload].concat();
        holds(header.len() <= LONGEST_HEADER, Error::TokenHeaderLimit)?;
        let header = Header::read(&present(decode(header), Error::TokenHeaderBase64)?)?;
        holds(!header.has_critical, Error::TokenCritical)?;
        holds(!header.has_encoding, Error::TokenEncoding)?;
        Ok(Self { header, signed, payload, signature })
    }

    /// Looks at `typ`: without regard to case, and to `application/` in front (RFC 7515 §4.1.9).
    pub(crate) fn expect_type(&self, expected: &str) -> Result<(), Refused> {
        let short = |kind: &str| {
            let kind = kind.to_ascii_lowercase();
            kind.strip_prefix("application/").map_or(kind.clone(), str::to_owned)
        };
        holds(self.header.kind.as_deref().is_some_and(|kind| short(kind) == short(expected)), Error::TokenType)
    }

    /// Algorithm and signature, and then what was signed.
    pub(crate) fn authenticate(&self, material: &Material) -> Result<Claims, Refused> {
        let (algorithm, length) = match material {
            Material::Secret(_) => ("HS256", 32),
            Material::Public(_) => ("ES256", 64),
        };
        holds(self.header.algorithm.as_deref() == Some(algorithm), Error::TokenAlgorithm)?;
        let signature = decode(self.signature).filter(|signature| signature.len() == length);
        let signature = present(signature, Error::TokenSignatureForm)?;
        let is_authentic = match material {
            Material::Secret(secret) => signature == hmac(secret, &self.signed),
            Material::Public(key) => {
                let key = VerifyingKey::from_sec1_bytes(&[&[4], &key[..]].concat()).expect("a point");
                let digest = sha256(&[&self.signed]);
                Signature::from_slice(&signature).is_ok_and(|signature| key.verify_prehash(&digest, &signature).is_ok())
            }
        };
        holds(is_authentic, Error::TokenForged)?;
        Claims::read(&present(decode(self.payload), Error::TokenPayloadBase64)?)
    }
}

impl Header {
    fn read(text: &[u8]) -> Result<Self, Refused> {
        let read = json::document(text, |tree| {
            let mut header = Self::default();
            tree.members(&["alg", "enc", "typ", "kid", "zip", "crit", "jwk"], |name, value| {
                match name {
                    "alg" => header.algorithm = Some(value.text()?),
                    "typ" => header.kind = Some(value.text()?),
                    "kid" => header.key_id = Some(value.text()?),
                    "enc" => {
                        value.text()?;
                        header.has_encoding = true;
                    }
                    name => {
                        header.has_encoding |= name == "zip";
                        header.has_critical |= name == "crit";
                        if name == "jwk" {
                            header.key = Some(jwk::of(value));
                        }
                        value.pass(0)?;
                    }
                }
                Ok(())
            })?;
            Ok(header)
        });
        read.map_err(|fault| match fault {
            Some(Fault::Limit) => vec![Error::TokenHeaderLimit],
            Some(Fault::Duplicate) => vec![Error::TokenHeaderDuplicate],
            Some(_) => vec![Error::TokenHeaderJson],
            None => vec![Error::TokenHeaderJson, Error::TokenHeaderDuplicate, Error::TokenHeaderLimit],
        })
    }
}

/// What stands under a name, as far as anybody asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    Boolean(bool),
    Other,
}

/// What a token is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    Thumbprint([u8; 32]),
    Key([u8; 64]),
}

impl Bound {
    pub(crate) fn thumbprint(self) -> [u8; 32] {
        match self {
            Self::Thumbprint(thumbprint) => thumbprint,
            Self::Key(key) => jwk::thumbprint(&key),
        }
    }
}

/// What `cnf` says, to whoever takes both ways to name a key, and to whoever takes `jwk` alone.
#[derive(Clone, Copy)]
pub(crate) struct Confirmation {
    pub(crate) either: Option<Bound>,
    pub(crate) key: Option<Result<[u8; 64], Error>>,
}

#[derive(Default)]
pub(crate) struct Claims {
    pub(crate) issuer: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) audience: Option<Vec<String>>,
    pub(crate) expires: Option<i64>,
    pub(crate) not_before: Option<i64>,
    pub(crate) issued: Option<i64>,
    pub(crate) id: Option<String>,
    pub(crate) confirmation: Option<Confirmation>,
    pub(crate) all: BTreeMap<String, Value>,
    /// The strings among them as they are written.
    written: BTreeMap<String, String>,
}

impl Claims {
    fn read(text: &[u8]) -> Result<Self, Refused> {
        let is_object = text.iter().find(|octet| !b" \t\n\r".contains(octet)) == Some(&b'{');
        json::document(text, Self::of).map_err(|fault| match fault {
            Some(Fault::Limit) => vec![Error::TokenPayloadLimit],
            Some(Fault::Duplicate) => vec![Error::TokenPayloadDuplicate],
            Some(Fault::Type) if is_object => vec![Error::TokenClaimType],
            Some(_) => vec![Error::TokenPayloadJson],
            None => vec![
                Error::TokenPayloadJson,
                Error::TokenPayloadDuplicate,
                Error::TokenPayloadLimit,
                Error::TokenClaimType,
            ],
        })
    }

    fn of(tree: &Tree) -> Result<Self, Fault> {
        let mut claims = Self::default();
        tree.members(&["exp", "iat", "iss", "sub", "aud", "jti", "nbf", "cnf"], |name, value| {
            match name {
                "exp" => claims.expires = Some(date(value)?),
                "iat" => claims.issued = Some(date(value)?),
                "nbf" => claims.not_before = Some(date(value)?),
                "iss" => claims.issuer = Some(value.text()?),
                "sub" => claims.subject = Some(value.text()?),
                "jti" => claims.id = Some(value.text()?),
                "aud" => {
                    claims.audience = Some(value.text().map(|one| vec![one]).or_else(|_| value.texts())?);
                }
                _ => {
                    value.pass(0)?;
                    claims.confirmation = Some(confirmation(value));
                }
            }
            Ok(())
        })?;
        let Tree::Object(members) = tree else { return Err(Fault::Type) };
        claims.all = members.iter().map(|(name, value)| (name.clone(), Value::of(value))).collect();
        let texts = members.iter().filter_map(|(name, value)| Some((name.clone(), value.raw_text().ok()?.to_owned())));
        claims.written = texts.collect();
        Ok(claims)
    }

    /// A claim that may be missing, and is a string otherwise.
    pub(crate) fn typed_text(&self, name: &str) -> Result<Option<&str>, Refused> {
        match self.all.get(name) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(_) => Err(vec![Error::TokenClaimType]),
        }
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.typed_text(name).ok().flatten()
    }

    /// A string as it is written.
    pub(crate) fn raw_text(&self, name: &str) -> Option<&str> {
        self.written.get(name).map(String::as_str)
    }

    /// The times by a clock that may be wrong by so many seconds.
    pub(crate) fn check_times(&self, now: u64, skew: u32) -> Result<(), Refused> {
        let (now, skew) = (i128::from(now), i128::from(skew));
        let is = |time: Option<i64>, good: &dyn Fn(i128) -> bool| time.is_none_or(|time| good(time.into()));
        holds(is(self.expires, &|expires| now - skew < expires), Error::TokenExpired)?;
        holds(is(self.not_before, &|not_before| not_before <= now + skew), Error::TokenNotYetValid)?;
        holds(is(self.issued, &|issued| issued <= now + skew), Error::TokenFromFuture)
    }
}

/// Whether something is not older than so many seconds.
pub(crate) fn is_young(issued: i64, age: u32, now: u64, skew: u32) -> bool {
    i128::from(now) - i128::from(skew) - i128::from(issued) <= i128::from(age)
}

impl Value {
    fn of(tree: &Tree) -> Self {
        match tree {
            Tree::Text(_, text) => Self::Text(text.clone()),
            Tree::Boolean(value) => Self::Boolean(*value),
            tree => date(tree).map_or(Self::Other, Self::Integer),
        }
    }
}

/// Seconds, of which a fraction is cut off; an exponent is not taken.
fn date(tree: &Tree) -> Result<i64, Fault> {
    let Tree::Number(written) = tree else { return Err(Fault::Type) };
    let whole = written.split('.').next().unwrap_or_default();
    if written.contains(['e', 'E']) { Err(Fault::Type) } else { whole.parse().map_err(|_| Fault::Type) }
}

fn confirmation(tree: &Tree) -> Confirmation {
    let (mut named, mut key) = (Vec::new(), None);
    if let Tree::Object(members) = tree {
        for (name, value) in members {
            match name.as_str() {
                "jkt" => named.push(value.raw_text().ok().and_then(decode_32).map(Bound::Thumbprint)),
                "jwk" => {
                    key = Some(jwk::of(value));
                    named.push(key.and_then(Result::ok).map(Bound::Key));
                }
                _ => {}
            }
        }
    }
    Confirmation { either: if let [one] = named[..] { one } else { None }, key }
}
