//! How devices, accounts and secrets are written in Redis.

use std::fmt::Write as _;

use genuine::{
    UnixMillis,
    app_attest::{Counter, KeyId, ReplayWindow},
};

use crate::store::{AccountHash, CLOSED, Device, DeviceKey, StoredSecret, Usage};

/// The highest counter, and one letter for each of those below it, the nearest first: `7:1111…`. Nothing if all of them were
/// seen: that is what strict order leaves, and what there was before there were windows.
pub(super) fn write_window(window: ReplayWindow) -> String {
    if window.seen() == u64::MAX {
        return String::new();
    }
    let letters = (0..u64::BITS).map(|bit| if window.seen() >> bit & 1 == 1 { '1' } else { '0' });
    format!("{}:{}", window.highest().0, letters.collect::<String>())
}

/// `None` if the record is damaged. Letters that stand for another counter say nothing about those below this one: a server of
/// an earlier version has moved it, and left them.
pub(super) fn read_window(counter: Option<&str>, window: Option<&str>) -> Option<ReplayWindow> {
    let highest = Counter(counter?.parse().ok()?);
    let Some(window) = window else { return Some(ReplayWindow::after(highest)) };
    let (of, letters) = window.split_once(':')?;
    let of: u32 = of.parse().ok()?;
    let seen = letters.bytes().rev().try_fold(0, |seen: u64, letter| match letter {
        b'0' | b'1' => Some(seen << 1 | u64::from(letter == b'1')),
        _ => None,
    })?;
    if letters.len() != ReplayWindow::WIDTH as usize {
        return None;
    }
    if of == highest.0 {
        ReplayWindow::from_trusted_parts(highest, seen).ok()
    } else {
        Some(ReplayWindow::after(highest))
    }
}

/// The kind of a key that is nobody's any more, as [`DeviceKey::kind`] has it.
pub(super) const ERASED: u8 = DeviceKey::Erased.kind();

/// The fields of a device; a record of the first version has none that has a default here.
pub(super) const FIELDS: [&str; 12] = [
    "kind",
    "key",
    "application",
    "account",
    "registered_at",
    "attested_at",
    "epoch",
    "counter",
    "window",
    "tokens_after",
    "locked_at",
    "revoked_at",
];

pub(super) type Fields = (
    Option<u8>,
    Option<Vec<u8>>,
    Option<String>,
    Option<Vec<u8>>,
    Option<u64>,
    Option<u64>,
    Option<u32>,
    Option<String>,
    Option<String>,
    Option<u64>,
    Option<u64>,
    Option<u64>,
);

/// `None` if there is none, or nobody can read whose it is.
pub(super) fn read_device(fields: Fields) -> Option<Device> {
    let (
        kind,
        key,
        application,
        account,
        registered_at,
        attested_at,
        epoch,
        counter,
        window,
        tokens_after,
        locked_at,
        revoked_at,
    ) = fields;
    let registered_at = registered_at?;
    Some(Device {
        key: DeviceKey::from_stored(kind.unwrap_or(APPLE), &key?)?,
        application: application?,
        account: account.map(TryInto::try_into).transpose().ok()?,
        registered_at,
        attested_at: UnixMillis(attested_at.unwrap_or(registered_at.saturating_mul(1000))),
        epoch: epoch.unwrap_or_default(),
        window: read_window(counter.as_deref(), window.as_deref()).unwrap_or(CLOSED),
        tokens_after: tokens_after.unwrap_or_default(),
        locked_at,
        revoked_at,
    })
}

/// The kind of a key where none is said: in the first version they were all Apple's.
pub(super) const APPLE: u8 = 1;

pub(super) fn account_name(account: &AccountHash) -> String {
    name("account", account)
}

pub(super) fn read_key_id(octets: Vec<u8>) -> Option<KeyId> {
    octets.try_into().ok().map(KeyId)
}

pub(super) fn secrets_name(usage: Usage) -> String {
    format!("genuine:secrets:{}", usage.as_str())
}

/// When it was made, and its octets.
pub(super) fn read_secret(number: u32, row: &[u8]) -> Option<StoredSecret> {
    let (made_at, octets) = row.split_first_chunk()?;
    Some(StoredSecret { number, made_at: u64::from_be_bytes(*made_at), octets: octets.try_into().ok()? })
}

/// The identifier in a name.
pub(super) fn read_name(kind: &str, name: &[u8]) -> Option<KeyId> {
    let digits = std::str::from_utf8(name).ok()?.strip_prefix("genuine:")?.strip_prefix(kind)?.strip_prefix(':')?;
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else { return None };
    let octet = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let octets: Option<Vec<u8>> = pairs.iter().map(octet).collect();
    octets.and_then(read_key_id)
}

pub(super) fn name(kind: &str, id: &[u8; 32]) -> String {
    let mut name = format!("genuine:{kind}:");
    for octet in id {
        // Writing to a string does not fail.
        let _ = write!(name, "{octet:02x}");
    }
    name
}
