//! Public keys on P-256 as JSON (RFC 7517, RFC 7518 §6.2.1, RFC 7638).

use std::cell::Cell;

use genuine::Error;
use genuine_testvectors::keys::sha256;
use p256::ecdsa::VerifyingKey;

use super::{decode_32, encode};
use crate::json::{self, Fault, Tree};

/// The longest key by itself.
const LONGEST: usize = 1024;

#[derive(Default)]
struct Members {
    kind: Option<String>,
    curve: Option<String>,
    /// As they are written.
    coordinates: [Option<String>; 2],
    usage: Option<String>,
    algorithm: Option<String>,
    operations: Option<Vec<String>>,
    is_private: bool,
}

/// X ‖ Y of a key in a text of its own.
pub(crate) fn read(text: &[u8]) -> Result<[u8; 64], Error> {
    if text.len() > LONGEST {
        return Err(Error::JwkForm);
    }
    // What is behind the key is looked at after it, and before it is looked at as a point.
    let said = Cell::new(Err(Error::JwkForm));
    let whole = json::document(text, |tree| {
        said.set(of(tree));
        Ok(())
    });
    let key = said.get()?;
    whole.map_err(|_| Error::JwkForm)?;
    is_point(&key).then_some(key).ok_or(Error::JwkPoint)
}

/// X ‖ Y of a key within another text, a point or not.
pub(crate) fn of(tree: &Tree) -> Result<[u8; 64], Error> {
    let key = members(tree).map_err(|_| Error::JwkForm)?;
    let is_absent_or = |member: &Option<String>, value: &str| member.as_deref().is_none_or(|member| member == value);
    if key.is_private {
        return Err(Error::JwkPrivate);
    }
    if key.kind.as_deref().ok_or(Error::JwkForm)? != "EC" || key.curve.as_deref().ok_or(Error::JwkForm)? != "P-256" {
        return Err(Error::JwkUnsupported);
    }
    let verifies = key.operations.is_none_or(|operations| operations.iter().any(|operation| operation == "verify"));
    if !is_absent_or(&key.usage, "sig") || !is_absent_or(&key.algorithm, "ES256") || !verifies {
        return Err(Error::JwkUnsupported);
    }
    let coordinates = key.coordinates.map(|text| text.as_deref().and_then(decode_32).ok_or(Error::JwkForm));
    let [x, y] = coordinates;
    Ok([x?, y?].concat().try_into().expect("twice 32"))
}

fn members(tree: &Tree) -> Result<Members, Fault> {
    let mut key = Members::default();
    tree.members(&["kty", "crv", "x", "y", "use", "alg", "key_ops", "d", "k"], |name, value| {
        match name {
            "kty" => key.kind = Some(value.text()?),
            "crv" => key.curve = Some(value.text()?),
            "x" | "y" => key.coordinates[usize::from(name == "y")] = Some(value.raw_text()?.to_owned()),
            "use" => key.usage = Some(value.text()?),
            "alg" => key.algorithm = Some(value.text()?),
            "key_ops" => key.operations = Some(value.texts()?),
            _ => {
                key.is_private = true;
                value.pass(0)?;
            }
        }
        Ok(())
    })?;
    Ok(key)
}

pub(crate) fn is_point(key: &[u8; 64]) -> bool {
    VerifyingKey::from_sec1_bytes(&[&[4], &key[..]].concat()).is_ok()
}

/// The members that RFC 7638 §3.2 hashes, which are a key as JSON as well.
pub(crate) fn text(key: &[u8; 64]) -> String {
    format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, encode(&key[..32]), encode(&key[32..]))
}

pub(crate) fn thumbprint(key: &[u8; 64]) -> [u8; 32] {
    sha256(&[text(key).as_bytes()])
}
