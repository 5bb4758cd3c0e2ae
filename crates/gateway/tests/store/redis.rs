//! Redis.

use std::sync::Arc;

use genuine::{
    UnixMillis,
    app_attest::{AdvanceError, Counter, Refusal, ReplayWindow},
};
use genuine_gateway::store::{
    AdvanceFault, Change, Contract, DeviceKey, Durability, RedisSettings, RedisStore, Store, Unavailable, Unfit, Usage,
    conformance::{ACCOUNT, KEY, NOW, OTHER, a_client, a_device, a_secret, advance_to, in_window, race, spend},
};

use crate::{
    silent,
    support::{Redis, redis_store},
};

#[expect(clippy::unused_async, reason = "as where a store is started by waiting for it")]
async fn empty(law: &'static str) -> Option<(Redis, Arc<dyn Store>)> {
    let redis = Redis::start(law)?;
    let store = Arc::new(redis.store());
    Some((redis, store))
}

genuine_gateway::store_laws!(empty);

#[tokio::test(flavor = "multi_thread")]
async fn counters_in_redis_become_windows() {
    let Some(redis) = Redis::start("counters") else { return };
    let store: Arc<dyn Store> = Arc::new(redis.store());
    store.register(KEY, &a_device()).await.unwrap();
    let name = format!("genuine:device:{}", "01".repeat(32));
    redis.operate(&["HSET", &name, "counter", "7"]).await;
    assert_eq!(store.device(KEY).await.unwrap().unwrap().window, ReplayWindow::after(Counter(7)));
    assert_eq!(in_window(&store, 6).await, Err(Refusal::Seen));
    assert_eq!((in_window(&store, 9).await, in_window(&store, 8).await), (Ok(()), Ok(())));
}

/// A record of the version before is one of Apple's, of no account.
#[tokio::test(flavor = "multi_thread")]
async fn records_of_the_version_before_are_read() {
    let Some(redis) = Redis::start("before") else { return };
    let store: Arc<dyn Store> = Arc::new(redis.store());
    let DeviceKey::AppAttest(attested) = a_device().key else { panic!() };
    let mut register = ::redis::cmd("HSET");
    register.arg(format!("genuine:device:{}", "01".repeat(32))).arg("key").arg(&attested[..]);
    register.arg("application").arg("demo").arg("registered_at").arg(NOW).arg("counter").arg(0);
    let client = ::redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    register.query_async::<u32>(&mut connection).await.unwrap();
    assert_eq!(store.device(KEY).await, Ok(Some(a_device())));
    assert_eq!(store.change(KEY, Change::Lock(NOW)).await, Ok(true));
    assert_eq!(store.change(KEY, Change::Attest(UnixMillis(NOW * 1000))).await, Ok(true));
    assert_eq!(store.advance(KEY, advance_to(1), Contract::Strict).await, Ok(()));
}

/// An erasure that ended between its two steps is finished by the next one who lists the account.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_erasure_has_left_is_cleaned_up() {
    let Some(redis) = Redis::start("erasure") else { return };
    let store: Arc<dyn Store> = Arc::new(redis.store());
    for key in [KEY, OTHER] {
        store.register(key, &a_client()).await.unwrap();
    }
    let list = format!("genuine:account:{}", ACCOUNT.map(|octet| format!("{octet:02x}")).concat());
    let change = include_str!("../../src/store/redis/change.lua");
    let record = format!("genuine:device:{}", "01".repeat(32));
    redis.ask::<u32>(&["EVAL", change, "1", &record, "erase", "7"]).await;
    assert_eq!(redis.ask::<u32>(&["ZCARD", &list]).await, 2);
    assert_eq!(store.devices_of(ACCOUNT, None, 9).await, Ok(vec![OTHER]));
    assert_eq!(redis.ask::<u32>(&["ZCARD", &list]).await, 1);
}

/// What the two versions before this one did to a device. Both may run beside it, or again after it.
const EARLIER: [&str; 2] = [
    "local last = redis.call('HGET', KEYS[1], 'counter')
    if tonumber(ARGV[1]) <= tonumber(last) then return 0 end
    redis.call('HSET', KEYS[1], 'counter', ARGV[1])
    return 1",
    "local record = redis.call('HMGET', KEYS[1], 'counter', 'seen')
    local to, highest, seen = tonumber(ARGV[1]), tonumber(record[1]), record[2] or string.rep('1', 64)
    if to > highest then
        seen = string.rep('0', math.min(to - highest - 1, 64)) .. '1' .. seen
        redis.call('HSET', KEYS[1], 'counter', ARGV[1], 'seen', string.sub(seen, 1, 64))
        return 1
    end
    local below = highest - to
    if below > 64 or below == 0 or string.sub(seen, below, below) == '1' then return 0 end
    redis.call('HSET', KEYS[1], 'seen', string.sub(seen, 1, below - 1) .. '1' .. string.sub(seen, below + 1))
    return 1",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_an_earlier_version_beside_this_one_accepts_nothing_twice() {
    for (version, earlier) in EARLIER.into_iter().enumerate() {
        let Some(redis) = Redis::start(&format!("earlier-{version}")) else { return };
        let store: Arc<dyn Store> = Arc::new(redis.store());
        store.register(KEY, &a_device()).await.unwrap();
        let name = format!("genuine:device:{}", "01".repeat(32));
        let earlier =
            async |counter: u32| redis.ask::<u32>(&["EVAL", earlier, "1", &name, &counter.to_string()]).await == 1;
        // Each counter after its turn, wherever it was taken: 8 is the one that letters of 10 would show at another place.
        assert_eq!((in_window(&store, 10).await, in_window(&store, 8).await), (Ok(()), Ok(())));
        assert!(earlier(12).await);
        for counter in [8, 9, 10, 11, 12] {
            assert_eq!(in_window(&store, counter).await, Err(Refusal::Seen), "{counter} of version {version}");
        }
        assert_eq!(store.device(KEY).await.unwrap().unwrap().window, ReplayWindow::after(Counter(12)));
        assert_eq!((in_window(&store, 15).await, in_window(&store, 13).await), (Ok(()), Ok(())));
        for counter in 8..=15 {
            assert!(!earlier(counter).await, "{counter} of version {version}");
        }
        assert_eq!(in_window(&store, 14).await, Ok(()), "what neither has seen");
        // And from window to strict order and back.
        assert!(earlier(20).await);
        assert_eq!(store.advance(KEY, advance_to(22), Contract::Strict).await, Ok(()));
        for counter in 13..=22 {
            assert!(!earlier(counter).await, "{counter} of version {version}");
            assert_eq!(in_window(&store, counter).await, Err(Refusal::Seen), "{counter} of version {version}");
        }
    }
}

/// Redis forgets by its own clock: a used challenge stands for as long as was asked, and a second.
#[tokio::test(flavor = "multi_thread")]
async fn redis_forgets_a_used_challenge_when_it_is_over() {
    let Some(redis) = Redis::start("forgets") else { return };
    let store: Arc<dyn Store> = Arc::new(redis.store());
    spend(&store, 1, KEY).await.unwrap();
    let left: u64 = redis.ask(&["TTL", &format!("genuine:spent:{}", "01".repeat(32))]).await;
    assert!((299..=301).contains(&left), "{left}");
}

/// A secret that is damaged is not taken for another: the gateway seals nothing until it is mended.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_redis_that_is_damaged_is_none() {
    let Some(redis) = Redis::start("damaged-secret") else { return };
    let store: Arc<dyn Store> = Arc::new(redis.store());
    store.add_secret(Usage::Challenges, &a_secret(1)).await.unwrap();
    for row in ["", "short", &"x".repeat(39), &"x".repeat(41)] {
        redis.operate(&["HSET", "genuine:secrets:challenges", "1", row]).await;
        assert_eq!(store.secrets(Usage::Challenges).await, Err(Unavailable), "{row:?}");
    }
}

/// A record that is damaged accepts nothing, under either contract.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_in_redis_that_is_damaged_is_closed() {
    let Some(redis) = Redis::start("damaged") else { return };
    let store: Arc<dyn Store> = Arc::new(redis.store());
    store.register(KEY, &a_device()).await.unwrap();
    let name = format!("genuine:device:{}", "01".repeat(32));
    let zeros = "0".repeat(64);
    let windows =
        ["", "7:", "7:000", &zeros, &format!(":{zeros}"), &format!("7:{}", "x".repeat(64))].map(str::to_owned);
    let more =
        [format!("7:{zeros}0"), format!("7:{}", &zeros[1..]), format!("8:{}", &zeros[1..]), format!("x:{zeros}")];
    let windows = windows.iter().chain(&more).map(|window| ("7", window.as_str()));
    let whole = format!("7:{zeros}");
    let counters = ["", "nan", "inf", "-1", "0x9", "7.0", "7 ", "4294967296"].map(|counter| (counter, &*whole));
    for (counter, window) in windows.chain(counters) {
        redis.operate(&["HSET", &name, "counter", counter, "window", window]).await;
        for contract in [Contract::Strict, Contract::Window] {
            for to in [0, 5, 8, u32::MAX] {
                let answer = store.advance(KEY, advance_to(to), contract).await;
                assert_eq!(answer, Err(AdvanceError::Store(AdvanceFault::Unavailable)), "{counter:?} {window:?} {to}");
            }
        }
        let device = store.device(KEY).await.unwrap().unwrap();
        assert_eq!(device.window, ReplayWindow::after(Counter(u32::MAX)), "{counter:?} {window:?}");
    }
    redis.operate(&["HDEL", &name, "counter"]).await;
    let answer = store.advance(KEY, advance_to(8), Contract::Strict).await;
    assert_eq!(answer, Err(AdvanceError::Store(AdvanceFault::Unavailable)));
    assert_eq!(store.device(KEY).await.unwrap().unwrap().window, ReplayWindow::after(Counter(u32::MAX)));
    // And mended, it is as it was.
    redis.operate(&["HSET", &name, "counter", "7", "window", &whole]).await;
    assert_eq!((in_window(&store, 7).await, in_window(&store, 6).await), (Err(Refusal::Seen), Ok(())));
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_that_is_away_decides_nothing_and_comes_back() {
    let Some(mut redis) = Redis::start("away") else { return };
    let store = redis.store();
    store.register(KEY, &a_device()).await.unwrap();
    store.advance(KEY, advance_to(5), Contract::Strict).await.unwrap();

    redis.kill();
    assert_eq!(store.ready().await, Err(Unavailable));
    assert_eq!(store.device(KEY).await, Err(Unavailable));
    assert_eq!(store.register(OTHER, &a_device()).await, Err(Unavailable));
    assert_eq!(
        store.advance(KEY, advance_to(6), Contract::Strict).await,
        Err(AdvanceError::Store(AdvanceFault::Unavailable))
    );
    assert_eq!(store.change(KEY, Change::Revoke(NOW)).await, Err(Unavailable));
    assert_eq!(store.spend([1; 32], KEY, NOW + 300, NOW).await, Err(Unavailable));
    assert_eq!(store.secrets(Usage::Challenges).await, Err(Unavailable));
    assert_eq!(store.add_secret(Usage::Challenges, &a_secret(1)).await, Err(Unavailable));

    redis.run();
    let mut back = Err(Unavailable);
    for _ in 0..100 {
        back = store.ready().await;
        if back.is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(back, Ok(()));
    assert_eq!(
        store.advance(KEY, advance_to(5), Contract::Strict).await,
        Err(AdvanceError::Refused(Refusal::NotIncreased))
    );
    assert_eq!(store.advance(KEY, advance_to(6), Contract::Strict).await, Ok(()));
}

/// Found at start, and found while it is used.
#[tokio::test(flavor = "multi_thread")]
async fn redis_that_may_lose_what_it_acknowledged_is_as_good_as_none() {
    let Some(redis) = Redis::start("volatile") else { return };
    let store = |durability| redis_store(&redis.url(), durability);
    let used = store(Durability::Checked);
    assert_eq!((used.check().await, used.ready().await), (Ok(()), Ok(())));
    for (name, worse, better, unfit) in [
        ("appendfsync", "everysec", "always", Unfit::Forgets),
        ("no-appendfsync-on-rewrite", "yes", "no", Unfit::Forgets),
        ("appendonly", "no", "yes", Unfit::Forgets),
        ("maxmemory-policy", "allkeys-lru", "noeviction", Unfit::Evicts),
        ("maxmemory-policy", "volatile-ttl", "noeviction", Unfit::Evicts),
    ] {
        redis.operate(&["CONFIG", "SET", name, worse]).await;
        for durability in [Durability::Checked, Durability::DurableWithoutEviction] {
            assert_eq!(store(durability).check().await, Err(unfit), "{name}: what it tells counts");
            assert_eq!(store(durability).ready().await, Err(Unavailable), "{name}");
        }
        assert_eq!(store(Durability::Volatile).check().await, Ok(()), "{name}");
        assert_eq!(store(Durability::Volatile).ready().await, Ok(()), "{name}");
        // The connection in use is as good as before until somebody looks.
        assert_eq!(used.ready().await, Ok(()), "{name}");
        assert_eq!(used.check().await, Err(unfit), "{name}");
        assert_eq!(used.ready().await, Err(Unavailable), "{name}");
        assert_eq!(used.check().await, Err(unfit), "{name}");
        redis.operate(&["CONFIG", "SET", name, better]).await;
        assert_eq!((used.check().await, used.ready().await), (Ok(()), Ok(())), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_that_does_not_tell_is_used_only_on_the_operators_word() {
    let Some(redis) = Redis::start("silent") else { return };
    redis.operate(&["ACL", "SETUSER", "server", "on", ">secret", "~*", "+@all", "-config"]).await;
    let url = redis.url().replace("redis://", "redis://server:secret@");
    let store = |durability| redis_store(&url, durability);
    assert_eq!(store(Durability::Checked).check().await, Err(Unfit::Silent));
    assert_eq!(store(Durability::Checked).register(KEY, &a_device()).await, Err(Unavailable));
    assert_eq!(store(Durability::DurableWithoutEviction).check().await, Ok(()));
    assert_eq!(store(Durability::DurableWithoutEviction).register(KEY, &a_device()).await, Ok(true));
}

/// What is missing is said, and not that a check could be turned off.
#[tokio::test(flavor = "multi_thread")]
async fn redis_that_wants_a_password_says_so() {
    let Some(redis) = Redis::start("password") else { return };
    redis.operate(&["CONFIG", "SET", "requirepass", "secret"]).await;
    for durability in [Durability::Checked, Durability::DurableWithoutEviction] {
        let store = redis_store(&redis.url(), durability);
        assert_eq!((store.check().await, store.ready().await), (Err(Unfit::Locked), Err(Unavailable)));
    }
    let url = redis.url().replace("redis://", "redis://:secret@");
    assert_eq!(redis_store(&url, Durability::Checked).ready().await, Ok(()));
}

/// Ready is who can write.
#[tokio::test(flavor = "multi_thread")]
async fn redis_that_cannot_be_written_to_is_not_ready() {
    let Some(redis) = Redis::start("full") else { return };
    let store = redis.store();
    for (worse, better) in [
        ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"),
        ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),
        ("CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0"),
    ] {
        assert_eq!(store.ready().await, Ok(()), "{worse}");
        redis.operate(&worse.split(' ').collect::<Vec<_>>()).await;
        assert_eq!(store.ready().await, Err(Unavailable), "{worse}");
        redis.operate(&better.split(' ').collect::<Vec<_>>()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_that_says_nothing_holds_nobody_up() {
    let (_listener, url) = silent();
    let store: Arc<dyn Store> = Arc::new(redis_store(&url, Durability::Checked));
    let start = std::time::Instant::now();
    let ready = |store: Arc<dyn Store>, _| async move { store.ready().await };
    assert_eq!(race(&store, ready, Result::is_ok).await, 0);
    // All hundred of them together: one tries to connect, the others are told at once.
    assert!(start.elapsed() < std::time::Duration::from_secs(5), "{:?}", start.elapsed());
}

/// A relay that can be told to swallow what its present connections send, and to serve new ones.
struct Relay {
    port: u16,
    swallowed: Arc<std::sync::atomic::AtomicUsize>,
}

impl Relay {
    async fn to(redis: String) -> Self {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, swallowed) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
        let shared = Arc::clone(&swallowed);
        tokio::spawn(async move {
            for number in 1.. {
                let (mut client, _) = listener.accept().await.unwrap();
                let (redis, swallowed) = (redis.clone(), Arc::clone(&shared));
                tokio::spawn(async move {
                    let mut server = tokio::net::TcpStream::connect(&redis).await.unwrap();
                    let (mut from_client, mut from_server) = ([0; 4096], [0; 4096]);
                    loop {
                        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
                        tokio::select! {
                            length = client.read(&mut from_client) => match length {
                                Ok(length) if length > 0 && number > swallowed.load(Ordering::SeqCst) => {
                                    server.write_all(&from_client[..length]).await.unwrap();
                                }
                                Ok(length) if length > 0 => {}
                                _ => return,
                            },
                            length = server.read(&mut from_server) => match length {
                                Ok(length) if length > 0 => client.write_all(&from_server[..length]).await.unwrap(),
                                _ => return,
                            },
                        }
                    }
                });
            }
        });
        Self { port, swallowed }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_half_dead_is_replaced() {
    let Some(redis) = Redis::start("half-dead") else { return };
    let address = redis.url().trim_start_matches("redis://").trim_end_matches('/').to_owned();
    let relay = Relay::to(address).await;
    let store = redis_store(&format!("redis://127.0.0.1:{}/", relay.port), Durability::Checked);
    store.register(KEY, &a_device()).await.unwrap();
    relay.swallowed.store(1, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(
        store.advance(KEY, advance_to(1), Contract::Strict).await,
        Err(AdvanceError::Store(AdvanceFault::Unavailable))
    );
    assert_eq!(store.advance(KEY, advance_to(1), Contract::Strict).await, Ok(()), "on a new connection");
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_that_has_become_a_replica_is_left() {
    let Some(redis) = Redis::start("replica") else { return };
    let store = redis.store();
    store.register(KEY, &a_device()).await.unwrap();
    redis.operate(&["REPLICAOF", "127.0.0.1", "1"]).await;
    assert_eq!(
        store.advance(KEY, advance_to(1), Contract::Strict).await,
        Err(AdvanceError::Store(AdvanceFault::Unavailable))
    );
    redis.operate(&["REPLICAOF", "NO", "ONE"]).await;
    assert_eq!(store.advance(KEY, advance_to(1), Contract::Strict).await, Ok(()));
}

/// Over TLS to a server whose certificate this authority signed, and otherwise not at all.
#[tokio::test(flavor = "multi_thread")]
async fn redis_is_reached_over_tls_or_not_at_all() {
    let (Some(redis), Some(plain)) = (Redis::start_with_tls("tls"), Redis::start("no-tls")) else { return };
    let store = |url: &str, ca: Option<&std::path::Path>| {
        RedisStore::new(RedisSettings::server(url, ca).unwrap(), std::time::Duration::from_secs(1))
    };
    let ca = redis.ca();
    let private = store(&redis.url(), Some(&ca));
    assert_eq!((private.check().await, private.ready().await), (Ok(()), Ok(())));
    assert_eq!(private.register(KEY, &a_device()).await, Ok(true));
    assert_eq!(private.advance(KEY, advance_to(1), Contract::Strict).await, Ok(()));

    let other = redis.directory().join("other.pem");
    std::fs::write(&other, rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap().cert.pem()).unwrap();
    assert_eq!(store(&redis.url(), Some(&other)).ready().await, Err(Unavailable), "another authority");
    let elsewhere = redis.url().replace("127.0.0.1", "localhost");
    assert_eq!(store(&elsewhere, Some(&ca)).ready().await, Err(Unavailable), "the certificate is another host's");
    let stripped = plain.url().replace("redis://", "rediss://");
    assert_eq!(store(&stripped, Some(&ca)).ready().await, Err(Unavailable), "it does not fall back to plain text");
    assert_eq!(store(&redis.url().replace("rediss", "redis"), None).ready().await, Err(Unavailable), "nor here");
}

/// A password passes over TLS too, and a server that says nothing there holds nobody up.
#[tokio::test(flavor = "multi_thread")]
async fn redis_over_tls_takes_a_password_and_is_given_up_in_time() {
    let Some(redis) = Redis::start_with_tls("tls-password") else { return };
    let settings = |url: &str| RedisSettings::server(url, Some(&redis.ca())).unwrap();
    let store = |url: &str| RedisStore::new(settings(url), std::time::Duration::from_secs(1));
    let operator = store(&redis.url());
    assert_eq!(operator.ready().await, Ok(()));
    let command = |url: &str, arguments: &[&str]| {
        let mut cli = std::process::Command::new("redis-cli");
        cli.args(["--no-auth-warning", "--cacert"]).arg(redis.ca()).args(["-u", url]).args(arguments).output().unwrap()
    };
    assert!(command(&redis.url(), &["CONFIG", "SET", "requirepass", "secret"]).status.success());
    let locked = store(&redis.url());
    assert_eq!((locked.check().await, locked.ready().await), (Err(Unfit::Locked), Err(Unavailable)));
    assert_eq!(store(&redis.url().replace("://", "://:secret@")).ready().await, Ok(()));

    let (_listener, silent) = silent();
    let start = std::time::Instant::now();
    assert_eq!(store(&silent.replace("redis://", "rediss://")).ready().await, Err(Unavailable));
    assert!(start.elapsed() < std::time::Duration::from_secs(3), "{:?}", start.elapsed());
}

/// What is beyond this machine is not spoken to in plain text.
#[tokio::test(flavor = "multi_thread")]
async fn redis_beyond_this_machine_is_not_spoken_to_in_plain_text() {
    let listener = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    // An address of this machine that is none of loopback's.
    let url = format!("redis://0.0.0.0:{}/", listener.local_addr().unwrap().port());
    let settings = RedisSettings::server(&url, None).unwrap();
    assert!(!settings.is_private());
    let answer = std::time::Duration::from_millis(300);
    let store = RedisStore::new(settings.clone(), answer);
    assert_eq!((store.check().await, store.ready().await), (Err(Unfit::Plain), Err(Unavailable)));
    assert!(listener.accept().is_err(), "nobody came");
    assert_eq!(RedisStore::new(settings.allow_plain(true), answer).check().await, Ok(()), "one that is away");
    assert!(listener.accept().is_ok());
}
