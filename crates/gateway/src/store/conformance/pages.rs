//! Laws on pages of all devices.

use std::{collections::BTreeMap, sync::Arc};

use genuine::app_attest::KeyId;

use super::{KEY, NOW, a_client, a_device, advance_to, spend};
use crate::store::{Change, Contract, Cursor, Device, Listing, Store};

/// More pages than any store needs for the devices of these laws.
const PAGES: usize = 10_000;

fn key(number: u8) -> KeyId {
    KeyId(std::array::from_fn(|place| {
        number.wrapping_mul(167).wrapping_add(u8::try_from(place * place % 251).unwrap())
    }))
}

async fn page(store: &Arc<dyn Store>, after: Option<&Cursor>, about: usize) -> Listing {
    store.list(after, about).await.unwrap().expect("a cursor of this store")
}

/// All pages, with what happens between two of them.
async fn pages(store: &Arc<dyn Store>, about: usize, between: impl AsyncFn(usize)) -> BTreeMap<KeyId, Device> {
    let (mut found, mut after) = (BTreeMap::new(), None);
    for number in 0..PAGES {
        let Listing { devices, next } = page(store, after.as_ref(), about).await;
        found.extend(devices);
        let Some(next) = next else { return found };
        // As a client has it.
        after = Cursor::parse(&next.to_string());
        assert_eq!(after, Some(next));
        between(number).await;
    }
    panic!("it does not end");
}

/// Every device is on a page, as it is read alone, whatever has become of it; and nothing else is.
pub async fn every_device_is_on_a_page(store: Arc<dyn Store>) {
    assert!(pages(&store, 10, async |_| ()).await.is_empty());
    for number in 0..60 {
        let device = if number % 2 == 0 { a_device() } else { a_client() };
        assert_eq!(store.register(key(number), &device).await, Ok(true));
        spend(&store, number, KEY).await.unwrap();
    }
    for change in
        [Change::Lock(NOW), Change::Epoch(3), Change::RevokeTokens(NOW), Change::Revoke(NOW), Change::Erase(NOW)]
    {
        for number in 0..5 {
            let place = match change {
                Change::Erase(_) => 50,
                Change::Revoke(_) => 40,
                _ => 30,
            };
            store.change(key(place + number), change).await.unwrap();
        }
    }
    store.advance(key(1), advance_to(9), Contract::Window).await.unwrap();
    for about in [1, 7, 59, 60, 61, 1000] {
        let found = pages(&store, about, async |_| ()).await;
        assert_eq!(found.len(), 60, "{about}");
        for (key, device) in found {
            assert_eq!(store.device(key).await, Ok(Some(device)), "{about}");
        }
    }
}

/// A device that was there throughout is on a page, whatever comes meanwhile.
pub async fn one_that_was_there_throughout_is_on_a_page(store: Arc<dyn Store>) {
    for number in 0..100 {
        store.register(key(number), &a_device()).await.unwrap();
    }
    let between = async |number: usize| {
        let number = u8::try_from(100 + number % 150).unwrap();
        store.register(key(number), &a_client()).await.unwrap();
        store.change(key(number - 100), Change::Erase(NOW)).await.unwrap();
    };
    let found = pages(&store, 5, between).await;
    let missed: Vec<_> = (0..100).filter(|number| !found.contains_key(&key(*number))).collect();
    assert!(missed.is_empty(), "{missed:?}");
}

/// What is no cursor of a store is told apart from the beginning and the end.
pub async fn a_page_begins_where_its_own_store_says(store: Arc<dyn Store>) {
    store.register(KEY, &a_device()).await.unwrap();
    for octets in [&[][..], &[1], &[7; 66]] {
        assert_eq!(store.list(Some(&Cursor(octets.to_vec())), 10).await, Ok(None), "{octets:?}");
    }
}
