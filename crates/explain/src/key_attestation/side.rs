//! What the caller knows: challenge, app, revocation list, time, and what the policy requires or accepts beside those.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use genuine::{
    UnixTime,
    key_attestation::{Purpose, RevocationStatus},
};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Value, error::Category};

use crate::text::shortened;

/// What is said of what is no list is cut here, in characters.
const MAX_REASON: usize = 200;

/// The caller's side of a key attestation. What is not told was not asked.
#[derive(Clone, Debug, Default)]
pub struct KeyAttestationSide {
    /// The challenge that the app was given to put into the key, whole.
    pub challenge: Option<Vec<u8>>,
    /// The package name of the app.
    pub package: Option<String>,
    /// SHA-256 of the certificates that sign the app, all of them; none is not told.
    pub signing_digests: Vec<[u8; 32]>,
    /// The revocation list.
    pub revocation: Option<RevocationList>,
    /// What the policy requires or accepts.
    pub requirements: KeyAttestationRequirements,
    /// The time of verification.
    pub at: Option<UnixTime>,
}

/// What a policy requires or accepts beside its app; nothing by default, which is what
/// [`Policy::new`](genuine::key_attestation::Policy::new) has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a method of the policy, and none excludes another")]
pub struct KeyAttestationRequirements {
    /// The key of the secure hardware was provisioned remotely.
    pub remote: bool,
    /// The key is in a chip of its own.
    pub strong_box: bool,
    /// Accept systems that one of these boot keys verified.
    pub boot_keys: Vec<[u8; 32]>,
    /// Accept the app signed by any one of these sets of certificates too.
    pub other_signers: Vec<Vec<[u8; 32]>>,
    /// The purposes of the key, all of them; empty is the engine's default.
    pub purposes: Vec<Purpose>,
    /// Accept phones whose boot loader is unlocked.
    pub accept_unlocked: bool,
    /// Accept apps that share their user identifier.
    pub accept_shared_user_id: bool,
    /// Accept a leaf that a key which attests signed.
    pub accept_attest_keys: bool,
    /// Accept keys of any algorithm.
    pub accept_any_key: bool,
    /// Accept certificates that are suspended.
    pub accept_suspended: bool,
    /// Refuse tags that are not known.
    pub refuse_unknown_tags: bool,
    /// Take certificates at any time.
    pub ignore_validity: bool,
    /// The least version of Android, such as `130000`.
    pub os_version: Option<u32>,
    /// The least patch level of Android, `YYYYMM` or `YYYYMMDD`.
    pub os_patch_level: Option<u32>,
    /// That of the vendor.
    pub vendor_patch_level: Option<u32>,
    /// That of the boot image.
    pub boot_patch_level: Option<u32>,
}

/// A revocation list in the form of <https://android.googleapis.com/attestation/status>.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevocationList(BTreeMap<String, Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    status: RevocationStatus,
    reason: Option<String>,
}

/// The JSON as it is written.
#[derive(Deserialize)]
struct Document {
    entries: Pairs<Pairs<Value>>,
}

/// The members of an object, also those that are there twice.
struct Pairs<T>(Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Pairs<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for All<T> {
            type Value = Pairs<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`entries`, an object of objects")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Pairs<T>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = members.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(All(PhantomData))
    }
}

impl RevocationList {
    /// Reads the JSON. Serial numbers may have leading zeros or capital letters here, and are hexadecimal in any case; a status other
    /// than `SUSPENDED` is taken for `REVOKED`, and of two entries of one serial number the worse counts. An entry has one status.
    ///
    /// # Errors
    ///
    /// What is not of the form, in words.
    pub fn read(json: &str) -> Result<Self, String> {
        let Document { entries: Pairs(pairs) } =
            serde_json::from_str(json).map_err(|error| match error.classify() {
                // It quotes what it found, of whatever length.
                Category::Data => shortened(&error.to_string(), MAX_REASON),
                _ => format!("not JSON: {error}"),
            })?;
        if pairs.is_empty() {
            return Err("`entries` is empty: a list that revokes nothing is none of Google's".to_owned());
        }
        let mut list = BTreeMap::new();
        for (serial, Pairs(members)) in pairs {
            let digits = serial.trim_start_matches('0').to_ascii_lowercase();
            if serial.is_empty() || digits.bytes().any(|digit| !digit.is_ascii_hexdigit()) {
                return Err(format!("{:?} is no serial number in hexadecimal digits", shortened(&serial, 60)));
            }
            let digits = if digits.is_empty() { "0".to_owned() } else { digits };
            let named =
                |name: &'static str| members.iter().filter(move |(other, _)| other == name).map(|(_, value)| value);
            if named("status").count() > 1 {
                return Err(format!("the entry {} has two members `status`", shortened(&digits, 60)));
            }
            let text = |name: &'static str| named(name).next().and_then(Value::as_str);
            let status = match text("status") {
                Some("SUSPENDED") => RevocationStatus::Suspended,
                Some(_) => RevocationStatus::Revoked,
                None => return Err(format!("the entry {digits} has no `status`")),
            };
            let entry = Entry { status, reason: text("reason").map(str::to_owned) };
            if status == RevocationStatus::Revoked || !list.contains_key(&digits) {
                list.insert(digits, entry);
            }
        }
        Ok(Self(list))
    }

    /// A list of these serial numbers.
    pub(super) fn of(entries: impl Iterator<Item = (String, RevocationStatus)>) -> Self {
        Self(entries.map(|(serial, status)| (serial, Entry { status, reason: None })).collect())
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it revokes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn status(&self, serial: &str) -> RevocationStatus {
        self.0.get(serial).map_or(RevocationStatus::Good, |entry| entry.status)
    }

    pub(super) fn reason(&self, serial: &str) -> Option<&str> {
        self.0.get(serial)?.reason.as_deref()
    }
}
