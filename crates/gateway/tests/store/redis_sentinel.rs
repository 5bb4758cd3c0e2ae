//! Redis Sentinel: a master, its replica, and three that watch them.

use std::time::Duration;

use genuine::app_attest::{AdvanceError, Refusal};
use genuine_gateway::store::{
    Contract, RedisStore, Store, Unavailable, Unfit,
    conformance::{KEY, a_device, advance_to},
};

use crate::support::{Redis, Sentinel, Watched, until, watched_settings, watched_store};

/// The master changes places with its replica, and the store follows.
#[tokio::test(flavor = "multi_thread")]
async fn the_store_follows_the_master() {
    let Some(watched) = Watched::start("failover").await else { return };
    let store = watched.store();
    assert_eq!((store.check().await, store.ready().await), (Ok(()), Ok(())));
    assert_eq!(store.register(KEY, &a_device()).await, Ok(true));
    assert_eq!(store.advance(KEY, advance_to(5), Contract::Strict).await, Ok(()));
    until("the replica has it", async || watched.replica.ask::<u32>(&["DBSIZE"]).await == 2).await;
    watched.sentinels[0].ask::<()>(&["SENTINEL", "FAILOVER", "mymaster"]).await;
    until("the replica is the master, and the master its replica", async || {
        watched.replica.ask::<String>(&["INFO", "replication"]).await.contains("role:master")
            && watched.master.ask::<String>(&["INFO", "replication"]).await.contains("master_link_status:up")
    })
    .await;
    until("the store has followed", async || store.ready().await.is_ok()).await;
    let refused = Err(AdvanceError::Refused(Refusal::NotIncreased));
    assert_eq!(store.advance(KEY, advance_to(5), Contract::Strict).await, refused);
    assert_eq!(store.advance(KEY, advance_to(6), Contract::Strict).await, Ok(()));
    assert_eq!(watched.replica.store().device(KEY).await.unwrap().unwrap().window.highest().0, 6);
}

/// The sentinels may be late: a replica is not written to, though it would take the writes.
#[tokio::test(flavor = "multi_thread")]
async fn a_master_that_was_demoted_is_not_written_to() {
    let Some(watched) = Watched::start("demoted").await else { return };
    for server in [&watched.master, &watched.replica] {
        server.operate(&["CONFIG", "SET", "replica-read-only", "no"]).await;
    }
    watched.watch(watched.replica.port()).await;
    let store = watched.store();
    assert_eq!((store.check().await, store.ready().await), (Ok(()), Err(Unavailable)));
    assert_eq!(store.register(KEY, &a_device()).await, Err(Unavailable));
    assert_eq!(watched.replica.ask::<u32>(&["EXISTS", &format!("genuine:device:{}", "01".repeat(32))]).await, 0);
}

/// One that the sentinels have left is left at the next look, though it still takes writes.
#[tokio::test(flavor = "multi_thread")]
async fn a_master_that_is_named_no_more_is_left() {
    let Some(watched) = Watched::start("left").await else { return };
    let Some(other) = Redis::start("left-for") else { return };
    let store = watched.store();
    assert_eq!(store.ready().await, Ok(()));
    watched.watch(other.port()).await;
    assert_eq!((store.check().await, store.register(KEY, &a_device()).await), (Ok(()), Ok(true)));
    assert_eq!(other.store().device(KEY).await, Ok(Some(a_device())));
    assert_eq!(watched.master.store().device(KEY).await, Ok(None));
}

/// More than half of the sentinels have to name a master: fewer may be cut off together with an old one.
#[tokio::test(flavor = "multi_thread")]
async fn a_few_sentinels_name_no_master() {
    let Some(watched) = Watched::start("few").await else { return };
    let Some(other) = Redis::start("few-other") else { return };
    let astray = [Sentinel::start("few-astray-0", other.port()), Sentinel::start("few-astray-1", other.port())];
    let away = "redis://127.0.0.1:1/".to_owned();
    let [first, second, _] = watched.urls().try_into().unwrap();
    let [astray, also] = astray.each_ref().map(Sentinel::url);
    for (sentinels, expected) in [
        (vec![first.clone()], Ok(())),
        (vec![first.clone(), second.clone(), away.clone()], Ok(())),
        (vec![away.clone(), astray.clone(), second.clone(), first.clone(), watched.urls()[2].clone()], Ok(())),
        (vec![first.clone(), away.clone()], Err(Unavailable)),
        (vec![first.clone(), away.clone(), away.clone()], Err(Unavailable)),
        (vec![first.clone(), astray.clone()], Err(Unavailable)),
        (vec![first, second, astray, also], Err(Unavailable)),
    ] {
        let store = watched_store(&sentinels);
        assert_eq!((store.check().await, store.ready().await), (Ok(()), expected), "{sentinels:?}");
    }
    assert_eq!(other.ask::<u32>(&["DBSIZE"]).await, 0);
}

/// The master is asked for its settings as one server is.
#[tokio::test(flavor = "multi_thread")]
async fn a_master_that_forgets_is_not_used() {
    let Some(watched) = Watched::start("forgets").await else { return };
    let store = watched.store();
    assert_eq!(store.check().await, Ok(()));
    watched.master.operate(&["CONFIG", "SET", "appendfsync", "everysec"]).await;
    assert_eq!((store.check().await, store.ready().await), (Err(Unfit::Forgets), Err(Unavailable)));
}

/// A master beyond this machine is not spoken to in plain text, though its sentinels are here.
#[tokio::test(flavor = "multi_thread")]
async fn a_master_beyond_this_machine_is_not_spoken_to_in_plain_text() {
    if Redis::start("beyond").is_none() {
        return;
    }
    let sentinel = Sentinel::start("beyond", 1);
    sentinel.ask::<()>(&["SENTINEL", "REMOVE", "mymaster"]).await;
    sentinel.ask::<()>(&["SENTINEL", "MONITOR", "mymaster", "192.0.2.7", "6379", "1"]).await;
    let settings = watched_settings(&[sentinel.url()], (None, None));
    let store = |settings| RedisStore::new(settings, Duration::from_millis(300));
    assert_eq!(store(settings.clone()).check().await, Err(Unfit::Plain));
    assert_eq!(store(settings.allow_plain(true)).check().await, Ok(()), "one that is away");
}

/// Sentinels and master have passwords of their own.
#[tokio::test(flavor = "multi_thread")]
async fn the_master_has_a_user_and_the_sentinels_a_password() {
    let Some(watched) = Watched::start("passwords").await else { return };
    watched.master.operate(&["ACL", "SETUSER", "gateway", "on", ">secret", "~*", "+@all"]).await;
    let urls: Vec<_> = watched.urls().iter().map(|url| url.replace("://", "://:other@")).collect();
    for sentinel in &watched.sentinels {
        sentinel.ask::<()>(&["ACL", "SETUSER", "default", ">other"]).await;
    }
    let store = |urls: &[String], password| {
        RedisStore::new(watched_settings(urls, (Some("gateway"), Some(password))), Duration::from_secs(1))
    };
    let good = store(&urls, "secret");
    assert_eq!((good.check().await, good.ready().await), (Ok(()), Ok(())));
    assert!(watched.master.ask::<String>(&["CLIENT", "LIST"]).await.contains("user=gateway"));
    assert_eq!(store(&urls, "wrong").ready().await, Err(Unavailable));
    let without = store(&watched.urls(), "secret");
    assert_eq!((without.check().await, without.ready().await), (Err(Unfit::Locked), Err(Unavailable)));
}
