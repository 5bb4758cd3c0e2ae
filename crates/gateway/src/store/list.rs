//! Pages of all devices.

use std::{fmt, ops::Bound};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine::app_attest::KeyId;

use super::Device;

/// The longest cursor of any store, as text.
const LONGEST: usize = 88;

/// Where a page begins. What its octets mean is known to the store that made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub Vec<u8>);

/// A page of devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Them.
    pub devices: Vec<(KeyId, Device)>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

impl Cursor {
    /// A cursor as it was told, in URL-safe base64.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() <= LONGEST).then(|| BASE64_URL_SAFE_NO_PAD.decode(text).ok())?.map(Self)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(&self.0))
    }
}

impl Listing {
    /// A page of a store that lists by key identifier: another one follows if this one is full.
    pub(super) fn in_order(devices: Vec<(KeyId, Device)>, most: usize) -> Self {
        let last = devices.last().filter(|_| devices.len() >= most);
        let next = last.map(|(key, _)| Cursor(key.0.to_vec()));
        Self { devices, next }
    }
}

/// After which key a page begins, where keys are cursors: none at the beginning. `None` if this is no key.
pub(super) fn keys_after(after: Option<&Cursor>) -> Option<KeyRange> {
    let Some(after) = after else { return Some((Bound::Unbounded, Bound::Unbounded)) };
    let key = after.0.as_slice().try_into().ok()?;
    Some((Bound::Excluded(key), Bound::Unbounded))
}

/// Keys from somewhere to the end.
pub(super) type KeyRange = (Bound<[u8; 32]>, Bound<[u8; 32]>);
