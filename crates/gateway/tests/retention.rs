//! What is known of a device is erased when it is old enough, and no key comes back by it.
#![allow(missing_docs)]

mod support;

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine::{UnixMillis, app_attest::KeyId};
use genuine_gateway::{
    config::{Application, Config, Store as StoreChoice},
    metrics::Metrics,
    server::Server,
    store::{Change, Device as Record, RedbStore, Store, conformance::a_device},
};
use serde_json::json;
use support::{Scratch, Site, device, now, registration, signed};

const DAY: u64 = 86_400;

#[tokio::test]
async fn r66_what_is_older_than_the_retention_is_erased_and_nothing_replays() {
    let site = Site::new();
    let (mut old, young) = (device("old"), device("young"));
    let challenge = site.challenge("attestation", "alice").await;
    let first = registration(&old, &challenge);
    assert_eq!(site.post("/devices", "alice", &first).await.status, 201);
    let request = || signed(&mut device("old"), "GET", "/orders", "", None);
    assert_eq!(site.send(request()).await.status, 200);

    site.hands.advance(30 * DAY);
    assert_eq!(site.gate.forget(30).await, Ok(0), "to the second");
    site.hands.advance(1);
    // The attestation of the second device is as old as the first one's, and its registration is not.
    let record = Record { registered_at: 0, attested_at: UnixMillis((now() + 30 * DAY) * 1000), ..a_device() };
    assert!(site.gate.store.register(KeyId(young.key_id()), &record).await.unwrap());
    assert_eq!(site.gate.forget(30).await, Ok(1));
    assert_eq!(site.gate.forget(30).await, Ok(0));
    let path = format!("/devices/{}", BASE64_URL_SAFE_NO_PAD.encode(old.key_id()));
    assert_eq!(site.operate("GET", &path).await.json(), json!({ "erased": true, "revoked_at": now() + 30 * DAY + 1 }));
    assert_eq!(site.gate.store.device(KeyId(young.key_id())).await, Ok(Some(record)));

    // The request that was accepted, the next one, the same registration, and a new one of the same key.
    assert_eq!(site.send(request()).await.code(), "rejected");
    assert_eq!(site.send(signed(&mut old, "GET", "/orders", "", None)).await.code(), "rejected");
    assert_ne!(site.post("/devices", "alice", &first).await.status, 201);
    let fresh = site.challenge("attestation", "alice").await;
    assert_eq!(site.post("/devices", "alice", &registration(&old, &fresh)).await.code(), "rejected");
}

#[tokio::test]
async fn r66_more_devices_than_a_page_and_one_that_was_attested_again() {
    let site = Site::new();
    for number in 0..1_200_u32 {
        let mut key = [0; 32];
        key[..4].copy_from_slice(&number.to_be_bytes());
        let record = Record { attested_at: UnixMillis(0), ..a_device() };
        assert!(site.gate.store.register(KeyId(key), &record).await.unwrap());
    }
    let again = Change::Attest(UnixMillis(now() * 1000));
    assert_eq!(site.gate.store.change(KeyId([0; 32]), again).await, Ok(true));
    assert_eq!(site.gate.forget(1).await, Ok(1_199));
}

/// The server does it by itself, and only where it is told to.
#[tokio::test]
async fn r66_a_server_forgets_where_it_is_configured() {
    for (days, erased) in [(None, false), (Some(1), true)] {
        let scratch = Scratch::new("retention");
        let path = scratch.path().join("gateway.redb");
        let store = RedbStore::open(&path, Metrics::new().unwrap().commit).unwrap();
        assert!(store.register(KeyId([1; 32]), &Record { attested_at: UnixMillis(0), ..a_device() }).await.unwrap());
        drop(store);
        let free = "127.0.0.1:0".parse().unwrap();
        let config = Config {
            listen: free,
            operator_listen: free,
            store: StoreChoice::Redb { path: path.clone() },
            retention_days: days,
            applications: vec![Application::new("shop", &["ABCDE12345.com.example.shop"])],
            ..Config::default()
        };
        let server = Server::bind(config).await.unwrap();
        server.serve(tokio::time::sleep(Duration::from_millis(500))).await.unwrap();
        let store = RedbStore::open(&path, Metrics::new().unwrap().commit).unwrap();
        let record = store.device(KeyId([1; 32])).await.unwrap().unwrap();
        assert_eq!(record.revoked_at.is_some(), erased, "{days:?}");
    }
}

#[test]
fn r66_a_retention_has_bounds() {
    for (days, good) in [(0, false), (1, true), (36_500, true), (36_501, false)] {
        let text = format!("retention_days = {days}\n[[applications]]\nname = \"a\"\napp_ids = [\"ABCDE12345.a\"]\n");
        let loaded = Config::load(Some(&text), std::iter::empty());
        assert_eq!(loaded.is_ok(), good, "{days}");
        if let Err(mistakes) = loaded {
            assert_eq!(mistakes.0.len(), 1);
            assert!(mistakes.0[0].starts_with("retention_days: "), "{mistakes}");
        }
    }
}
