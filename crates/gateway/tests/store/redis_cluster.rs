//! Redis Cluster: three masters of a third of the slots each.

use std::{sync::Arc, time::Duration};

use genuine::app_attest::{AdvanceError, KeyId, Refusal};
use genuine_gateway::store::{
    AdvanceFault, Contract, RedisSettings, RedisStore, Spent, Store, Unavailable, Unfit,
    conformance::{KEY, NOW, a_device, advance_to},
};
use tokio::sync::{Mutex, MutexGuard, OnceCell};

use crate::support::{Redis, RedisCluster, until};

/// The laws take turns on one cluster, which ends with the program.
async fn empty(_law: &'static str) -> Option<(MutexGuard<'static, ()>, Arc<dyn Store>)> {
    static CLUSTER: OnceCell<Option<RedisCluster>> = OnceCell::const_new();
    static TURN: Mutex<()> = Mutex::const_new(());
    let turn = TURN.lock().await;
    let cluster = CLUSTER.get_or_init(async || RedisCluster::start("laws", 0).await).await.as_ref()?;
    cluster.empty().await;
    let store = Arc::new(cluster.store());
    Some((turn, store))
}

genuine_gateway::store_laws!(empty);

fn name(key: KeyId) -> String {
    format!("genuine:device:{}", key.0.map(|octet| format!("{octet:02x}")).concat())
}

/// Keys of devices, one for each master.
async fn one_of_each(cluster: &RedisCluster) -> [KeyId; 3] {
    let mut found = [None; 3];
    for octet in 0..=255 {
        let key = KeyId([octet; 32]);
        found[cluster.owner(&name(key)).await] = Some(key);
        if let [Some(first), Some(second), Some(third)] = found {
            return [first, second, third];
        }
    }
    panic!("no such keys");
}

/// Each device is where Redis looks for it, whichever server the configuration names.
#[tokio::test(flavor = "multi_thread")]
async fn each_master_has_its_own_devices() {
    let Some(cluster) = RedisCluster::start("spread", 0).await else { return };
    let store = cluster.store();
    assert_eq!((store.check().await, store.ready().await), (Ok(()), Ok(())));
    for (owner, key) in one_of_each(&cluster).await.into_iter().enumerate() {
        assert_eq!(store.register(key, &a_device()).await, Ok(true));
        for (number, node) in cluster.nodes.iter().enumerate() {
            let names: Vec<String> = node.ask(&["KEYS", "genuine:device:*"]).await;
            assert_eq!(names.contains(&name(key)), number == owner, "{number} of {owner}");
        }
    }
    // Readiness was written to each of them.
    for node in &cluster.nodes {
        assert_eq!(node.ask::<Vec<String>>(&["KEYS", "genuine:readiness:*"]).await.len(), 1);
    }
}

/// One server that may lose what it acknowledged is enough, and a replica is one that may become a master.
#[tokio::test(flavor = "multi_thread")]
async fn each_server_of_a_cluster_is_asked_for_its_settings() {
    let Some(cluster) = RedisCluster::start("settings", 1).await else { return };
    let used = cluster.store();
    assert_eq!(used.check().await, Ok(()));
    for (number, node) in cluster.nodes.iter().enumerate() {
        for (setting, worse, better, unfit) in [
            ("appendfsync", "everysec", "always", Unfit::Forgets),
            ("maxmemory-policy", "allkeys-lru", "noeviction", Unfit::Evicts),
        ] {
            node.operate(&["CONFIG", "SET", setting, worse]).await;
            assert_eq!((used.check().await, cluster.store().check().await), (Err(unfit), Err(unfit)), "{number}");
            let ready = if number < 3 { Err(Unavailable) } else { Ok(()) };
            assert_eq!(used.ready().await, ready, "{setting} of {number}");
            node.operate(&["CONFIG", "SET", setting, better]).await;
            assert_eq!((used.check().await, used.ready().await), (Ok(()), Ok(())), "{setting} of {number}");
        }
    }
}

/// A master that cannot be written to is enough not to be ready.
#[tokio::test(flavor = "multi_thread")]
async fn each_master_has_to_be_written_to() {
    let Some(cluster) = RedisCluster::start("full", 0).await else { return };
    let store = cluster.store();
    for node in &cluster.nodes {
        assert_eq!(store.ready().await, Ok(()));
        node.operate(&["CONFIG", "SET", "maxmemory", "1"]).await;
        assert_eq!(store.ready().await, Err(Unavailable));
        node.operate(&["CONFIG", "SET", "maxmemory", "0"]).await;
    }
}

/// A slot that moves: first its key is asked for at the new server, then all of them are there.
#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_moves_takes_its_devices_with_it() {
    let Some(cluster) = RedisCluster::start("moves", 0).await else { return };
    let store = cluster.store();
    assert_eq!(store.register(KEY, &a_device()).await, Ok(true));
    assert_eq!(store.advance(KEY, advance_to(5), Contract::Strict).await, Ok(()));
    let owner = cluster.owner(&name(KEY)).await;
    let (from, to) = (&cluster.nodes[owner], &cluster.nodes[(owner + 1) % 3]);
    let slot = from.ask::<u16>(&["CLUSTER", "KEYSLOT", &name(KEY)]).await.to_string();
    let (from_id, to_id): (String, String) = (from.ask(&["CLUSTER", "MYID"]).await, to.ask(&["CLUSTER", "MYID"]).await);
    to.operate(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &from_id]).await;
    from.operate(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &to_id]).await;
    assert_eq!(store.advance(KEY, advance_to(6), Contract::Strict).await, Ok(()), "still there");
    from.operate(&["MIGRATE", "127.0.0.1", &to.port().to_string(), &name(KEY), "0", "1000"]).await;
    // ASK: a script that the new server does not know yet, and a command.
    assert_eq!(store.advance(KEY, advance_to(7), Contract::Strict).await, Ok(()), "asked for there");
    assert_eq!(store.device(KEY).await.unwrap().unwrap().window.highest().0, 7);
    let refused = Err(AdvanceError::Refused(Refusal::NotIncreased));
    assert_eq!(store.advance(KEY, advance_to(7), Contract::Strict).await, refused);
    for node in [to, from, &cluster.nodes[(owner + 2) % 3]] {
        node.operate(&["CLUSTER", "SETSLOT", &slot, "NODE", &to_id]).await;
    }
    // MOVED, and the connection to the old server stays good.
    assert_eq!(store.advance(KEY, advance_to(7), Contract::Strict).await, refused);
    assert_eq!(store.advance(KEY, advance_to(8), Contract::Strict).await, Ok(()), "moved");
    assert_eq!(cluster.store().device(KEY).await.unwrap().unwrap().window.highest().0, 8);
}

/// One of a cluster is not used as if it were alone.
#[tokio::test(flavor = "multi_thread")]
async fn one_server_of_a_cluster_is_no_store() {
    let Some(cluster) = RedisCluster::start("alone", 0).await else { return };
    let [first, second, third] = one_of_each(&cluster).await;
    let store = crate::support::redis_store(&cluster.nodes[0].url(), genuine_gateway::store::Durability::Checked);
    for key in [second, third] {
        assert_eq!(store.register(key, &a_device()).await, Err(Unavailable));
    }
    assert_eq!(store.register(first, &a_device()).await, Ok(true), "as far as it has it");
}

/// The master is killed, its replica takes its place, and what the replica had is there. With `replicas` that is all that was acknowledged.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_takes_the_place_of_a_master_that_is_killed() {
    let Some(mut cluster) = RedisCluster::start("killed", 1).await else { return };
    let seeds = [cluster.nodes[0].url(), cluster.nodes[1].url()];
    let settings = RedisSettings::cluster(&seeds, None).unwrap().replicas(1);
    // Only the first master has a replica: the others cannot promise anything.
    let [key, elsewhere, _] = one_of_each(&cluster).await;
    let careful = RedisStore::new(settings, Duration::from_secs(1));
    assert_eq!(careful.register(elsewhere, &a_device()).await, Err(Unavailable));
    assert_eq!(careful.ready().await, Err(Unavailable));
    assert_eq!(careful.register(key, &a_device()).await, Ok(true));
    let store = cluster.store();
    for counter in 1..=50 {
        assert_eq!(careful.advance(key, advance_to(counter), Contract::Strict).await, Ok(()));
    }
    assert_eq!(store.device(key).await.unwrap().unwrap().window.highest().0, 50);

    cluster.nodes[0].kill();
    let unavailable = Err(AdvanceError::Store(AdvanceFault::Unavailable));
    assert_eq!(store.advance(key, advance_to(51), Contract::Strict).await, unavailable);
    until("the replica has taken its place", async || store.device(key).await.is_ok()).await;
    assert_eq!(store.device(key).await.unwrap().unwrap().window.highest().0, 50);
    let refused = Err(AdvanceError::Refused(Refusal::NotIncreased));
    assert_eq!(store.advance(key, advance_to(50), Contract::Strict).await, refused);
    assert_eq!(store.advance(key, advance_to(51), Contract::Strict).await, Ok(()));

    // What was the master comes back as a replica, and is found behind the other one.
    cluster.nodes[0].run();
    until("it is a replica", async || {
        cluster.nodes[0].ask::<String>(&["INFO", "replication"]).await.contains("role:slave")
    })
    .await;
    until("it is sound", async || (store.check().await, store.ready().await) == (Ok(()), Ok(()))).await;
    assert_eq!(store.advance(key, advance_to(51), Contract::Strict).await, refused);
    assert_eq!(store.advance(key, advance_to(52), Contract::Strict).await, Ok(()));
}

/// A write that no replica has does not count, whether or not it happened.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_without_its_replica_does_not_count() {
    let Some(master) = Redis::start("with-replica") else { return };
    let Some(mut replica) = Redis::start("the-replica") else { return };
    replica.operate(&["REPLICAOF", "127.0.0.1", &master.port().to_string()]).await;
    let settings = RedisSettings::server(&master.url(), None).unwrap();
    let careful = RedisStore::new(settings.replicas(1), Duration::from_secs(1));
    until("the replica follows", async || careful.ready().await.is_ok()).await;
    assert_eq!(careful.spend([1; 32], KEY, NOW + 300, NOW).await, Ok(Spent::Now));
    assert_eq!(careful.spend([1; 32], KEY, NOW + 300, NOW).await, Ok(Spent::Before(KEY)));
    replica.kill();
    assert_eq!(careful.spend([2; 32], KEY, NOW + 300, NOW).await, Err(Unavailable));
    assert_eq!(careful.register(KEY, &a_device()).await, Err(Unavailable));
    assert_eq!(careful.ready().await, Err(Unavailable));
    // Reading promises nothing: the device is there, though nobody was told.
    assert_eq!(careful.device(KEY).await, Ok(Some(a_device())));
    assert_eq!(master.store().spend([2; 32], KEY, NOW + 300, NOW).await, Ok(Spent::Before(KEY)));
}

/// A server beyond this machine that others name is not spoken to in plain text.
#[tokio::test(flavor = "multi_thread")]
async fn servers_beyond_this_machine_are_not_spoken_to_in_plain_text() {
    let Some(cluster) = RedisCluster::start("beyond", 0).await else { return };
    cluster.nodes[2].operate(&["CONFIG", "SET", "cluster-announce-ip", "192.0.2.7"]).await;
    until("it names itself so", async || {
        cluster.nodes[2].ask::<String>(&["CLUSTER", "NODES"]).await.contains("192.0.2.7")
    })
    .await;
    let store = |settings| RedisStore::new(settings, Duration::from_millis(300));
    let used = store(cluster.settings());
    assert_eq!((used.check().await, used.ready().await), (Err(Unfit::Plain), Err(Unavailable)));
    assert_eq!(store(cluster.settings().allow_plain(true)).check().await, Ok(()), "one that is away");
}

/// All servers are spoken to as the user of the addresses.
#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_has_one_user() {
    let Some(cluster) = RedisCluster::start("user", 0).await else { return };
    for node in &cluster.nodes {
        node.operate(&["ACL", "SETUSER", "gateway", "on", ">secret", "~*", "+@all"]).await;
        node.operate(&["ACL", "SETUSER", "default", ">other"]).await;
    }
    let store = |credentials: &str| {
        let url = cluster.nodes[0].url().replace("://", &format!("://{credentials}"));
        RedisStore::new(RedisSettings::cluster(&[url], None).unwrap(), Duration::from_secs(1))
    };
    let good = store("gateway:secret@");
    assert_eq!((good.check().await, good.ready().await), (Ok(()), Ok(())));
    assert_eq!(store("gateway:wrong@").ready().await, Err(Unavailable));
    let without = store("");
    assert_eq!((without.check().await, without.ready().await), (Err(Unfit::Locked), Err(Unavailable)));
}

/// All servers are reached over TLS, those that others name too.
#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_reached_over_tls() {
    let Some(cluster) = RedisCluster::start_with_tls("tls", 1).await else { return };
    let seed = &cluster.nodes[1];
    let settings = RedisSettings::cluster(&[seed.tls_url()], Some(&seed.ca())).unwrap();
    let store = RedisStore::new(settings, Duration::from_secs(1));
    assert_eq!((store.check().await, store.ready().await), (Ok(()), Ok(())));
    for key in one_of_each(&cluster).await {
        assert_eq!(store.register(key, &a_device()).await, Ok(true));
    }
    // The operator alone is there without.
    for node in &cluster.nodes {
        let clients: String = node.ask(&["CLIENT", "LIST", "TYPE", "NORMAL"]).await;
        let to = |port: u16| clients.matches(&format!(" laddr=127.0.0.1:{port} ")).count();
        assert_eq!((to(node.port()), to(node.announced())), (1, 1), "{clients}");
    }
}
