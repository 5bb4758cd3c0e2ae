//! The prepared keys of devices that come again, as many as fit.
//!
//! A prepared key is a table computed from the record in the store. It decides nothing: every request reads its record, and a
//! table that was not made of that very record counts for none.

use std::{mem::size_of, sync::Arc};

use genuine::app_attest::{AttestedKey, KeyId, PreparedKey};
use quick_cache::{Weighter, sync::Cache};

use crate::metrics::{DeviceTable, Metered};

/// A device's record with the table of its key.
pub type PreparedDevice = PreparedKey<Metered, DeviceTable>;

/// What an entry takes beside its table: identifier, pointers, and its share of a map that doubles when it is full.
const ENTRY_BYTES: u64 = 256;

/// Prepared keys, and the identifiers of keys that may become some.
///
/// Only accepted requests change it: neither a signature that does not verify, nor a replay, nor a key that nobody registered.
/// A key is prepared after its second request and moves to the lasting part of the cache when its table is used, so that keys
/// that come once or twice throw out nothing but each other.
pub struct PreparedKeys {
    known: Cache<KeyId, Known, Bytes>,
}

/// What is known of a key.
#[derive(Clone)]
enum Known {
    /// It came once: not worth a table, which costs as much as it saves in two requests.
    Once,
    /// It came again.
    Prepared(Arc<PreparedDevice>),
}

/// An entry's weight is what it takes in memory.
#[derive(Clone)]
struct Bytes;

impl Weighter<KeyId, Known> for Bytes {
    fn weight(&self, _: &KeyId, known: &Known) -> u64 {
        match known {
            Known::Once => ENTRY_BYTES,
            Known::Prepared(_) => PreparedKeys::BYTES_EACH,
        }
    }
}

impl PreparedKeys {
    /// What one of them takes.
    pub const BYTES_EACH: u64 = ENTRY_BYTES + size_of::<PreparedDevice>() as u64;

    /// As many as fit in so many bytes; none in 0.
    #[must_use]
    pub fn within(bytes: u64) -> Self {
        let keys = usize::try_from(bytes / Self::BYTES_EACH).unwrap_or(usize::MAX);
        Self { known: Cache::with_weighter(keys, bytes, Bytes) }
    }

    /// The prepared form of this record.
    #[must_use]
    pub fn find(&self, key: &AttestedKey) -> Option<Arc<PreparedDevice>> {
        // Not counted as a use, which is for `accepted` to say.
        match self.known.peek(&key.id())? {
            Known::Prepared(prepared) if prepared.key() == key => Some(prepared),
            Known::Prepared(_) | Known::Once => None,
        }
    }

    /// Takes note that a request of this key was accepted, and prepares the key if it is the second one.
    pub fn accepted(&self, key: &AttestedKey, crypto: &Metered) {
        let id = key.id();
        match self.known.peek(&id) {
            None => self.known.insert(id, Known::Once),
            Some(Known::Prepared(prepared)) if prepared.key() == key => drop(self.known.get(&id)),
            // No lock is held here: of two requests at once both prepare, and one of the two tables stays.
            Some(Known::Prepared(_) | Known::Once) => {
                if let Ok(prepared) = PreparedKey::new(key, crypto) {
                    // Softly: being prepared is no use of the table. If the entry is gone by now, so is the table.
                    drop(self.known.replace(id, Known::Prepared(Arc::new(prepared)), true));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use genuine::{
        app_attest::{AppIdHash, Environment},
        crypto::{GenuineCrypto, PublicKey},
    };
    use genuine_testvectors::Device;

    use super::*;
    use crate::{config::Limits, metrics::Metrics};

    const APP: AppIdHash = AppIdHash([1; 32]);

    fn crypto() -> Metered {
        Metered::portable(Arc::new(Metrics::new().unwrap()))
    }

    /// Room for so many tables.
    fn room_for(tables: u64) -> PreparedKeys {
        PreparedKeys::within(tables * PreparedKeys::BYTES_EACH)
    }

    fn record_of(name: &str, app: AppIdHash, environment: Environment) -> AttestedKey {
        let key = PublicKey::from_uncompressed(&Device::new(name).public_key()).unwrap();
        AttestedKey::from_trusted_parts(&key, app, environment, &GenuineCrypto).unwrap()
    }

    fn record(name: &str) -> AttestedKey {
        record_of(name, APP, Environment::Production)
    }

    fn records(name: &str, count: usize) -> Vec<AttestedKey> {
        (0..count).map(|number| record(&format!("{name} {number}"))).collect()
    }

    #[test]
    fn a_key_is_prepared_after_its_second_request() {
        let (keys, crypto) = (room_for(10), crypto());
        let alice = record("alice");
        keys.accepted(&alice, &crypto);
        assert!(keys.find(&alice).is_none());
        keys.accepted(&alice, &crypto);
        assert_eq!(keys.find(&alice).unwrap().key(), &alice);
        assert!(keys.find(&record("bob")).is_none());
        // And once: later requests find the same table.
        let table = keys.find(&alice).unwrap();
        keys.accepted(&alice, &crypto);
        assert!(Arc::ptr_eq(&table, &keys.find(&alice).unwrap()));
    }

    /// One public key, and so one identifier, in three records: the table of one is none of the others.
    #[test]
    fn a_table_counts_for_its_very_record() {
        let (keys, crypto) = (room_for(10), crypto());
        let alice = record("alice");
        let elsewhere = record_of("alice", AppIdHash([2; 32]), Environment::Production);
        let development = record_of("alice", APP, Environment::Development);
        for _ in 0..2 {
            keys.accepted(&alice, &crypto);
        }
        for other in [elsewhere, development] {
            assert_eq!(other.id(), alice.id());
            assert!(keys.find(&other).is_none());
        }
        keys.accepted(&development, &crypto);
        assert_eq!(keys.find(&development).unwrap().key(), &development);
        assert!(keys.find(&alice).is_none());
    }

    #[test]
    fn what_is_kept_has_an_end() {
        let (keys, crypto) = (room_for(40), crypto());
        let many = records("one of many", 200);
        for key in &many {
            for _ in 0..3 {
                keys.accepted(key, &crypto);
                assert!(keys.known.weight() <= 40 * PreparedKeys::BYTES_EACH);
            }
        }
        let found = many.iter().filter(|key| keys.find(key).is_some()).count();
        assert!((30..=40).contains(&found), "{found}");
        // Identifiers of keys that came once take room too.
        for number in 0..20_000_u16 {
            let mut id = [0; 32];
            id[..2].copy_from_slice(&number.to_le_bytes());
            keys.known.insert(KeyId(id), Known::Once);
        }
        assert!(keys.known.weight() <= 40 * PreparedKeys::BYTES_EACH);
    }

    #[test]
    fn keys_that_come_once_or_twice_throw_out_nobody_who_comes_again() {
        let (keys, crypto) = (room_for(40), crypto());
        let regulars = records("regular", 30);
        for key in &regulars {
            for _ in 0..3 {
                keys.accepted(key, &crypto);
            }
        }
        for visitor in records("visitor", 400) {
            for _ in 0..2 {
                keys.accepted(&visitor, &crypto);
            }
        }
        for number in 0..20_000_u16 {
            let mut id = [0; 32];
            id[..2].copy_from_slice(&number.to_le_bytes());
            keys.known.insert(KeyId(id), Known::Once);
        }
        assert!(regulars.iter().all(|key| keys.find(key).is_some()));
    }

    /// Those who stay away make room for those who come now.
    #[test]
    fn new_regulars_take_the_place_of_old_ones() {
        let (keys, crypto) = (room_for(40), crypto());
        let [old, new] = ["old", "new"].map(|name| records(name, 40));
        for regulars in [&old, &new] {
            for _ in 0..10 {
                for key in regulars {
                    keys.accepted(key, &crypto);
                }
            }
        }
        let found = |regulars: &[AttestedKey]| regulars.iter().filter(|key| keys.find(key).is_some()).count();
        assert!(found(&new) > 30, "{} of the new, {} of the old", found(&new), found(&old));
    }

    /// README.md says so: 8.6 KB for each, and 15,600 by default.
    #[test]
    fn the_default_is_enough_for_as_many_as_the_readme_says() {
        assert_eq!(PreparedKeys::BYTES_EACH.div_ceil(100), 86);
        assert_eq!(Limits::default().prepared_bytes / PreparedKeys::BYTES_EACH / 100, 156);
    }

    #[test]
    fn without_room_nothing_is_kept() {
        let (keys, crypto) = (PreparedKeys::within(0), crypto());
        let alice = record("alice");
        for _ in 0..3 {
            keys.accepted(&alice, &crypto);
        }
        assert!(keys.find(&alice).is_none());
        assert_eq!(keys.known.len(), 0);
    }
}
