//! Devices that are searched for.

use std::{collections::BTreeSet, sync::Arc};

use genuine::app_attest::{Environment, KeyId};
use genuine_gateway::store::{Change, ClientKey, Device, DeviceKey, MemoryStore, RedbStore, Store};
use serde_json::{Value, json};

use super::{config, in_order, routes, sent, told};
use crate::support::{Answer, Hands, Postgres, Redis, Scratch, Site, device, gate_over, now, origin, postgres_store};

/// Devices that differ in everything that is searched for, by number.
fn record(number: u64) -> Device {
    let environment = if number.is_multiple_of(3) { Environment::Development } else { Environment::Production };
    let key = DeviceKey::PlayIntegrity(ClientKey { point: [4; 65], environment });
    Device::attested(key, if number.is_multiple_of(2) { "shop" } else { "bank" }, 1000 + number)
}

fn key(number: u64) -> KeyId {
    KeyId(genuine_gateway::gate::sha256(&number.to_be_bytes()))
}

const DEVICES: u64 = 250;

async fn fill(store: &Arc<dyn Store>) {
    for number in 0..DEVICES {
        assert_eq!(store.register(key(number), &record(number)).await, Ok(true));
        for (every, change) in [(5, Change::Lock(5)), (7, Change::Revoke(5)), (11, Change::Erase(5))] {
            if number.is_multiple_of(every) {
                store.change(key(number), change).await.unwrap();
            }
        }
    }
}

/// The numbers of what was found on all pages.
async fn found(ask: impl AsyncFn(String) -> Answer, query: &str, limit: usize) -> BTreeSet<u64> {
    let keys: std::collections::BTreeMap<_, _> =
        (0..DEVICES).map(|number| (super::url_text(key(number).0), number)).collect();
    let (mut all, mut after) = (BTreeSet::new(), String::new());
    for _ in 0..2000 {
        let page = ask(format!("/devices?limit={limit}{query}{after}")).await;
        assert_eq!(page.status, 200, "{}", page.json());
        let page = page.json();
        for device in page["devices"].as_array().unwrap() {
            // Whoever came here otherwise is not one of these.
            all.extend(keys.get(device["key_id"].as_str().unwrap()));
        }
        match &page["next"] {
            Value::Null => return all,
            next => after = format!("&after={}", next.as_str().unwrap()),
        }
    }
    panic!("it does not end");
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_are_found_by_what_they_are() {
    let scratch = Scratch::new("search");
    let commits = genuine_gateway::metrics::Metrics::new().unwrap().commit;
    let redb: Arc<dyn Store> = Arc::new(RedbStore::open(&scratch.path().join("genuine.redb"), commits).unwrap());
    let redis = Redis::start("search");
    let postgres = Postgres::start("search").await;
    let stores = [
        Some(Arc::new(MemoryStore::default()) as Arc<dyn Store>),
        Some(redb),
        redis.as_ref().map(|redis| Arc::new(redis.store()) as Arc<dyn Store>),
        postgres.as_ref().map(|postgres| Arc::new(postgres_store(&postgres.url())) as Arc<dyn Store>),
    ];
    for store in stores.into_iter().flatten() {
        fill(&store).await;
        let hands = Hands::at(now());
        let site = Site::of(Arc::new(gate_over(store, &hands)), hands, origin());
        let phone = device("phone");
        site.register(&phone, "alice").await;
        let routes = routes(&site.gate, &config(), None);
        let ask = async |path: String| super::answer(&routes, sent(in_order(&site.gate, "GET", &path))).await;
        let erased = |number: &u64| number.is_multiple_of(11);
        let of = |takes: fn(u64) -> bool| {
            (0..DEVICES).filter(|number| !erased(number) && takes(*number)).collect::<BTreeSet<_>>()
        };
        for limit in [7, 100, 1000] {
            assert_eq!(found(&ask, "", limit).await, (0..DEVICES).collect(), "{limit}");
            assert_eq!(found(&ask, "&application=shop", limit).await, of(|number| number.is_multiple_of(2)), "{limit}");
        }
        for (query, expected) in [
            ("&application=nobody", BTreeSet::new()),
            ("&platform=play_integrity", of(|_| true)),
            ("&platform=app_attest", BTreeSet::new()),
            ("&environment=DEVELOPMENT", of(|number| number.is_multiple_of(3))),
            ("&environment=PRODUCTION", of(|number| !number.is_multiple_of(3))),
            ("&status=ERASED", (0..DEVICES).filter(erased).collect()),
            ("&status=REVOKED", of(|number| number.is_multiple_of(7))),
            ("&status=LOCKED", of(|number| number.is_multiple_of(5) && !number.is_multiple_of(7))),
            ("&status=VERIFIED", of(|number| !number.is_multiple_of(5) && !number.is_multiple_of(7))),
            ("&registered_after=1100", of(|number| number > 100)),
            ("&registered_before=1100", of(|number| number < 100)),
            ("&registered_after=1099&registered_before=1102&application=shop", of(|number| number == 100)),
            (
                "&application=bank&environment=DEVELOPMENT&status=VERIFIED",
                of(|number| {
                    number % 2 == 1
                        && number.is_multiple_of(3)
                        && !number.is_multiple_of(5)
                        && !number.is_multiple_of(7)
                }),
            ),
        ] {
            assert_eq!(found(&ask, query, 50).await, expected, "{query}");
        }
        // The one that came by itself, as it is told of alone.
        let page = ask("/devices?platform=app_attest&limit=1000".to_owned()).await.json();
        let mut listed = page["devices"].as_array().unwrap().clone();
        let mut next = page["next"].clone();
        while let Value::String(after) = &next {
            let page = ask(format!("/devices?platform=app_attest&limit=1000&after={after}")).await.json();
            listed.extend(page["devices"].as_array().unwrap().iter().cloned());
            next = page["next"].clone();
        }
        listed.dedup();
        assert_eq!(listed.len(), 1);
        let key_id = super::url_text(phone.key_id());
        let mut alone = ask(format!("/devices/{key_id}")).await.json();
        alone["key_id"] = key_id.into();
        assert_eq!(listed[0], alone);
        let erased = ask("/devices?status=ERASED&limit=1000".to_owned()).await.json();
        let erased = erased["devices"].as_array().unwrap();
        assert!(
            erased
                .iter()
                .all(|device| *device == json!({ "erased": true, "revoked_at": 5, "key_id": device["key_id"] }))
        );
        for query in [
            "?limit=0",
            "?limit=1001",
            "?limit=-1",
            "?status=verified",
            "?status=OPEN",
            "?platform=android",
            "?environment=production",
            "?registered_after=yesterday",
            "?registered_before=-1",
            "?after=*",
            "?after=AAAA",
            "?other=1",
            "?limit=1&limit=2",
            &format!("?after={}", "A".repeat(10_000)),
        ] {
            let answer = ask(format!("/devices{query}")).await;
            assert_eq!((answer.status, &*answer.code()), (400, "malformed"), "{query}");
        }
    }
}

/// Where few match, a page ends before it is full: what is read for one is bounded.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_reads_no_more_than_it_may() {
    let memory = MemoryStore::default();
    for number in 0..5000 {
        memory.register(key(number), &record(number)).await.unwrap();
    }
    let hands = Hands::at(now());
    let site = Site::of(Arc::new(gate_over(Arc::new(memory), &hands)), hands, origin());
    let routes = routes(&site.gate, &config(), None);
    let mut pages = 0;
    let mut path = "/devices?application=nobody&limit=1000".to_owned();
    loop {
        pages += 1;
        assert_eq!(told(&routes, sent(in_order(&site.gate, "GET", &path))).await.0, 200);
        let page = super::answer(&routes, sent(in_order(&site.gate, "GET", &path))).await.json();
        assert_eq!(page["devices"], json!([]));
        let Value::String(next) = &page["next"] else { break };
        path = format!("/devices?application=nobody&limit=1000&after={next}");
    }
    assert!((3..=4).contains(&pages), "2000 records for each: {pages}");
}
