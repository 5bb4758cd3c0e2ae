//! Pages of devices on Redis, while servers are started anew and slots move.

use std::collections::BTreeSet;

use genuine::app_attest::KeyId;
use genuine_gateway::{
    gate::sha256,
    store::{Cursor, Listing, Store, conformance::a_device},
};

use crate::support::{Redis, RedisCluster};

const DEVICES: u32 = 400;

fn key(number: u32) -> KeyId {
    KeyId(sha256(&number.to_be_bytes()))
}

async fn fill(store: &impl Store) {
    for number in 0..DEVICES {
        assert_eq!(store.register(key(number), &a_device()).await, Ok(true));
    }
}

async fn page(store: &impl Store, after: Option<&Cursor>, found: &mut BTreeSet<KeyId>) -> Option<Cursor> {
    let Listing { devices, next } = store.list(after, 10).await.unwrap().unwrap();
    found.extend(devices.into_iter().map(|(key, _)| key));
    next
}

async fn rest(store: &impl Store, mut after: Option<Cursor>, found: &mut BTreeSet<KeyId>) {
    for _ in 0..1000 {
        if after.is_none() {
            return;
        }
        after = page(store, after.as_ref(), found).await;
    }
    panic!("it does not end");
}

/// The order of keys ends with the process: the list begins again, and nobody is left out.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_goes_on_after_a_restart() {
    let Some(mut redis) = Redis::start("pages-restart") else { return };
    fill(&redis.store()).await;
    for pages in [1, 10, 20, 30] {
        let (mut found, mut after) = (BTreeSet::new(), None);
        let store = redis.store();
        for _ in 0..pages {
            after = page(&store, after.as_ref(), &mut found).await;
        }
        assert!(after.is_some() && found.len() < DEVICES as usize);
        redis.kill();
        redis.run();
        crate::support::until("it is there again", async || store.ready().await.is_ok()).await;
        rest(&store, after, &mut found).await;
        let missed = (0..DEVICES).filter(|number| !found.contains(&key(*number))).count();
        assert_eq!(missed, 0, "after {pages} pages");
    }
}

/// A device that moves to a server which the list has left behind is on a later page.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_goes_on_after_slots_have_moved() {
    let Some(cluster) = RedisCluster::start("pages-moves", 0).await else { return };
    let store = cluster.store();
    fill(&store).await;
    let name = |key: KeyId| format!("genuine:device:{}", key.0.map(|octet| format!("{octet:02x}")).concat());
    let mut moving = None;
    for number in 0..DEVICES {
        if cluster.owner(&name(key(number))).await == 2 {
            moving = Some(key(number));
        }
    }
    let moving = moving.unwrap();
    let (mut found, mut after) = (BTreeSet::new(), None);
    // Until the second server's turn has come: the octets 16 and 17 of a cursor say whose it is.
    for _ in 0..1000 {
        after = page(&store, after.as_ref(), &mut found).await;
        if after.as_ref().unwrap().0[16..18] == [0, 1] {
            break;
        }
    }
    assert!(!found.contains(&moving));
    let (from, to) = (&cluster.nodes[2], &cluster.nodes[0]);
    let slot = from.ask::<u16>(&["CLUSTER", "KEYSLOT", &name(moving)]).await.to_string();
    let (from_id, to_id): (String, String) = (from.ask(&["CLUSTER", "MYID"]).await, to.ask(&["CLUSTER", "MYID"]).await);
    to.operate(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &from_id]).await;
    from.operate(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &to_id]).await;
    from.operate(&["MIGRATE", "127.0.0.1", &to.port().to_string(), &name(moving), "0", "1000"]).await;
    for node in [to, from, &cluster.nodes[1]] {
        node.operate(&["CLUSTER", "SETSLOT", &slot, "NODE", &to_id]).await;
    }
    // What the gateway does every ten seconds.
    assert_eq!(store.check().await, Ok(()));
    rest(&store, after, &mut found).await;
    assert_eq!(found.len(), DEVICES as usize);
}
