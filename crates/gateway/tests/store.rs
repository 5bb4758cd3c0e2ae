//! The suite that every store passes: the laws of `Store`, concurrency included.
#![allow(missing_docs)]

mod support;

use std::{collections::BTreeSet, sync::Arc};

use genuine::app_attest::{Advance, AdvanceError, Counter, KeyId, Refusal, ReplayWindow};
use genuine_gateway::{
    metrics::Metrics,
    store::{
        AdvanceFault, Contract, Device, Durability, MemoryStore, RedbStore, SECRETS, Spent, Store, StoredSecret,
        Unavailable, Unfit, Usage,
    },
};
use support::{Postgres, Redis, Scratch, postgres_store, redis_store};
use tokio::task::JoinSet;

const KEY: KeyId = KeyId([1; 32]);
const OTHER: KeyId = KeyId([2; 32]);
const NOW: u64 = 1_800_000_000;
const REVOKED: Result<(), AdvanceError<AdvanceFault>> = Err(AdvanceError::Store(AdvanceFault::Revoked));

fn a_device() -> Device {
    // Octets that are no text, and a counter that a signed number could not hold.
    let key = std::array::from_fn(|position| u8::try_from(255 - position).unwrap());
    Device { key, application: "demo".to_owned(), registered_at: NOW, window: ReplayWindow::ATTESTED, revoked_at: None }
}

/// An advance to this counter, by a step of any length.
fn advance_to(counter: u32) -> Advance {
    Advance::new(Counter(counter), None)
}

/// A use of a challenge that lives for five minutes.
async fn spend(store: &Arc<dyn Store>, challenge: u8, by: KeyId) -> Result<Spent, Unavailable> {
    store.spend([challenge; 32], by, NOW + 300, NOW).await
}

fn a_secret(number: u32) -> StoredSecret {
    StoredSecret { number, made_at: NOW + u64::from(number), octets: [u8::try_from(number % 256).unwrap(); 32] }
}

/// What one store has to do. Each law gets an empty store.
macro_rules! laws {
    ($($law:ident),+ $(,)?) => {
        mod memory {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $law() {
                super::$law(super::Arc::new(super::MemoryStore::default())).await;
            })+
        }

        mod redb {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $law() {
                let scratch = super::Scratch::new(concat!("redb-", stringify!($law)));
                super::$law(super::Arc::new(super::open(&scratch))).await;
            })+
        }

        mod redis {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $law() {
                let Some(redis) = super::Redis::start(stringify!($law)) else { return };
                super::$law(super::Arc::new(redis.store())).await;
            })+
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $law() {
                let Some(postgres) = super::Postgres::start(stringify!($law)).await else { return };
                super::$law(super::Arc::new(postgres.store())).await;
            })+
        }
    };
}

laws![
    a_device_is_read_as_it_was_registered,
    a_key_is_registered_once,
    a_counter_rises_only,
    a_counter_uses_all_of_its_bits,
    an_unknown_key_has_no_counter,
    a_revoked_device_stays_revoked,
    a_revoked_key_is_not_registered_again,
    a_challenge_is_spent_once,
    what_is_over_may_be_forgotten,
    secrets_are_read_as_they_were_added,
    the_oldest_secret_makes_room,
    one_of_many_adds_a_secret,
    one_of_many_registers,
    one_of_many_advances,
    one_of_many_spends,
    counters_end_at_the_highest,
    a_window_takes_each_counter_once_in_any_order,
    a_window_ends_64_below_the_highest,
    a_step_may_be_limited,
    a_contract_may_be_changed,
    each_of_many_counters_is_taken_once,
];

fn open(scratch: &Scratch) -> RedbStore {
    let commits = Metrics::new().unwrap().commit;
    RedbStore::open(&scratch.path().join("devices.redb"), commits).unwrap()
}

async fn a_device_is_read_as_it_was_registered(store: Arc<dyn Store>) {
    assert_eq!(store.ready().await, Ok(()));
    assert_eq!(store.device(KEY).await, Ok(None));
    assert_eq!(store.register(KEY, &a_device()).await, Ok(true));
    assert_eq!(store.device(KEY).await, Ok(Some(a_device())));
    assert_eq!(store.device(OTHER).await, Ok(None));
}

async fn a_key_is_registered_once(store: Arc<dyn Store>) {
    store.register(KEY, &a_device()).await.unwrap();
    store.advance(KEY, advance_to(7), Contract::Strict).await.unwrap();
    let other = Device { application: "other".to_owned(), ..a_device() };
    assert_eq!(store.register(KEY, &other).await, Ok(false));
    // Neither the counter nor anything else was reset.
    assert_eq!(store.device(KEY).await, Ok(Some(Device { window: ReplayWindow::after(Counter(7)), ..a_device() })));
    assert_eq!(
        store.advance(KEY, advance_to(7), Contract::Strict).await,
        Err(AdvanceError::Refused(Refusal::NotIncreased))
    );
    assert_eq!(store.register(OTHER, &other).await, Ok(true));
}

async fn a_counter_rises_only(store: Arc<dyn Store>) {
    store.register(KEY, &a_device()).await.unwrap();
    let steps = [(0, false), (1, true), (1, false), (0, false), (10, true), (9, false), (10, false), (11, true)];
    for (to, advances) in steps {
        let expected = if advances { Ok(()) } else { Err(AdvanceError::Refused(Refusal::NotIncreased)) };
        assert_eq!(store.advance(KEY, advance_to(to), Contract::Strict).await, expected, "{to}");
    }
    assert_eq!(store.device(KEY).await.unwrap().unwrap().window.highest(), Counter(11));
}

async fn a_counter_uses_all_of_its_bits(store: Arc<dyn Store>) {
    store.register(KEY, &a_device()).await.unwrap();
    for to in [0x7FFF_FFFF, 0x8000_0000, u32::MAX - 1, u32::MAX] {
        assert_eq!(store.advance(KEY, advance_to(to), Contract::Strict).await, Ok(()), "{to}");
    }
    for to in [0, 1, u32::MAX] {
        assert_eq!(
            store.advance(KEY, advance_to(to), Contract::Strict).await,
            Err(AdvanceError::Refused(Refusal::NotIncreased)),
            "{to}"
        );
    }
}

async fn an_unknown_key_has_no_counter(store: Arc<dyn Store>) {
    assert_eq!(store.advance(KEY, advance_to(1), Contract::Strict).await, Err(AdvanceError::UnknownKey));
    assert_eq!(store.device(KEY).await, Ok(None));
    assert_eq!(store.revoke(KEY, NOW).await, Ok(false));
}

async fn a_revoked_device_stays_revoked(store: Arc<dyn Store>) {
    store.register(KEY, &a_device()).await.unwrap();
    store.advance(KEY, advance_to(3), Contract::Strict).await.unwrap();
    assert_eq!(store.revoke(KEY, NOW + 5).await, Ok(true));
    assert_eq!(store.revoke(KEY, NOW + 9).await, Ok(true));
    assert_eq!(store.advance(KEY, advance_to(4), Contract::Strict).await, REVOKED);
    let revoked = Device { window: ReplayWindow::after(Counter(3)), revoked_at: Some(NOW + 5), ..a_device() };
    assert_eq!(store.device(KEY).await, Ok(Some(revoked)));
}

async fn a_revoked_key_is_not_registered_again(store: Arc<dyn Store>) {
    store.register(KEY, &a_device()).await.unwrap();
    store.revoke(KEY, NOW).await.unwrap();
    assert_eq!(store.register(KEY, &a_device()).await, Ok(false));
    assert_eq!(store.advance(KEY, advance_to(1), Contract::Strict).await, REVOKED);
}

async fn a_challenge_is_spent_once(store: Arc<dyn Store>) {
    assert_eq!(spend(&store, 1, KEY).await, Ok(Spent::Now));
    assert_eq!(spend(&store, 1, KEY).await, Ok(Spent::Before(KEY)));
    assert_eq!(spend(&store, 1, OTHER).await, Ok(Spent::Before(KEY)));
    assert_eq!(spend(&store, 2, OTHER).await, Ok(Spent::Now));
}

/// To the second that was asked for; what lives is remembered, however much is over.
async fn what_is_over_may_be_forgotten(store: Arc<dyn Store>) {
    for challenge in 0..50 {
        assert_eq!(spend(&store, challenge, KEY).await, Ok(Spent::Now));
    }
    store.spend([100; 32], OTHER, NOW + 301, NOW).await.unwrap();
    assert_eq!(store.spend([0; 32], OTHER, NOW + 300, NOW + 300).await, Ok(Spent::Before(KEY)));
    for challenge in 101..150 {
        assert_eq!(store.spend([challenge; 32], KEY, NOW + 600, NOW + 301).await, Ok(Spent::Now));
        assert_eq!(store.spend([100; 32], KEY, NOW + 600, NOW + 301).await, Ok(Spent::Before(OTHER)));
    }
}

async fn secrets_are_read_as_they_were_added(store: Arc<dyn Store>) {
    assert_eq!(store.secrets(Usage::Challenges).await, Ok(vec![]));
    for number in [1, 2] {
        assert_eq!(store.add_secret(Usage::Challenges, &a_secret(number)).await, Ok(true));
    }
    assert_eq!(store.secrets(Usage::Challenges).await, Ok(vec![a_secret(2), a_secret(1)]));
    let other = StoredSecret { octets: [0xFF; 32], ..a_secret(2) };
    assert_eq!(store.add_secret(Usage::Challenges, &other).await, Ok(false));
    assert_eq!(store.secrets(Usage::Challenges).await, Ok(vec![a_secret(2), a_secret(1)]), "nothing changed");
}

async fn the_oldest_secret_makes_room(store: Arc<dyn Store>) {
    for number in 1..=11 {
        assert_eq!(store.add_secret(Usage::Challenges, &a_secret(number)).await, Ok(true));
        let expected = (1..=number).rev().take(SECRETS as usize).map(a_secret).collect();
        assert_eq!(store.secrets(Usage::Challenges).await, Ok(expected));
    }
}

async fn one_of_many_adds_a_secret(store: Arc<dyn Store>) {
    let add = |store: Arc<dyn Store>, number: u32| async move {
        let secret = StoredSecret { octets: [u8::try_from(number).unwrap(); 32], ..a_secret(1) };
        store.add_secret(Usage::Challenges, &secret).await.unwrap().then_some(secret)
    };
    let mut runners = JoinSet::new();
    for number in 0..100 {
        runners.spawn(add(Arc::clone(&store), number));
    }
    let added: Vec<_> = runners.join_all().await.into_iter().flatten().collect();
    assert_eq!((added.len(), store.secrets(Usage::Challenges).await), (1, Ok(added)));
}

/// Runs one operation a hundred times at once and counts what `wins`.
async fn race<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    store: &Arc<dyn Store>,
    operation: impl Fn(Arc<dyn Store>, u32) -> F,
    wins: impl Fn(&T) -> bool,
) -> usize {
    let mut runners = JoinSet::new();
    for number in 0..100 {
        runners.spawn(operation(Arc::clone(store), number));
    }
    runners.join_all().await.iter().filter(|answer| wins(answer)).count()
}

async fn one_of_many_registers(store: Arc<dyn Store>) {
    let register = |store: Arc<dyn Store>, _| async move { store.register(KEY, &a_device()).await.unwrap() };
    assert_eq!(race(&store, register, |&registered| registered).await, 1);
}

async fn one_of_many_advances(store: Arc<dyn Store>) {
    store.register(KEY, &a_device()).await.unwrap();
    let advance = |store: Arc<dyn Store>, _| async move { store.advance(KEY, advance_to(5), Contract::Strict).await };
    assert_eq!(race(&store, advance, Result::is_ok).await, 1);
}

async fn one_of_many_spends(store: Arc<dyn Store>) {
    let spend = |store: Arc<dyn Store>, _| async move { spend(&store, 1, KEY).await };
    assert_eq!(race(&store, spend, |spent| *spent == Ok(Spent::Now)).await, 1);
}

async fn counters_end_at_the_highest(store: Arc<dyn Store>) {
    store.register(KEY, &a_device()).await.unwrap();
    let advance =
        |store: Arc<dyn Store>, number| async move { store.advance(KEY, advance_to(number), Contract::Strict).await };
    let advanced = race(&store, advance, Result::is_ok).await;
    assert!((1..100).contains(&advanced), "{advanced}");
    assert_eq!(store.device(KEY).await.unwrap().unwrap().window.highest(), Counter(99));
}

async fn in_window(store: &Arc<dyn Store>, counter: u32) -> Result<(), Refusal> {
    match store.advance(KEY, advance_to(counter), Contract::Window).await {
        Ok(()) => Ok(()),
        Err(AdvanceError::Refused(refusal)) => Err(refusal),
        Err(error) => panic!("{error:?}"),
    }
}

/// Against a model that remembers everything: whatever was not taken and is not lower than 64 below the highest is taken.
async fn a_window_takes_each_counter_once_in_any_order(store: Arc<dyn Store>) {
    store.register(KEY, &a_device()).await.unwrap();
    let (mut taken, mut highest, mut random) = (BTreeSet::from([0]), 0_u32, 1_u64);
    let mut verdicts = [0; 3];
    for _ in 0..3000 {
        // A linear congruential generator, its upper bits (Knuth): near the highest, at both ends of the window and beyond.
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let counter = (highest + 3 + u32::from((random >> 32).trailing_zeros() >= 8) * 100)
            .saturating_sub((random >> 48) as u32 % 75);
        let expected = if taken.contains(&counter) {
            Err(Refusal::Seen)
        } else if highest.saturating_sub(counter) > 64 {
            Err(Refusal::BelowWindow)
        } else {
            Ok(())
        };
        let answer = in_window(&store, counter).await;
        match (answer, expected) {
            (Ok(()), Ok(())) => verdicts[0] += 1,
            (Err(Refusal::Seen), Err(Refusal::Seen)) => verdicts[1] += 1,
            // What is below the window may have been seen or not.
            (Err(Refusal::BelowWindow), Err(_)) if highest - counter > 64 => verdicts[2] += 1,
            _ => panic!("{counter} below {highest}: {answer:?}, not {expected:?}"),
        }
        if answer.is_ok() {
            taken.insert(counter);
            highest = highest.max(counter);
        }
    }
    assert!(verdicts.iter().all(|&times| times > 100), "{verdicts:?}");
    let window = store.device(KEY).await.unwrap().unwrap().window;
    let seen = (0..64).filter(|bit| window.seen() >> bit & 1 == 1).map(|bit| highest - 1 - bit);
    let expected = taken.iter().rev().copied().filter(|&counter| counter < highest && highest - counter <= 64);
    assert_eq!((window.highest(), seen.collect::<Vec<_>>()), (Counter(highest), expected.collect()));
}

async fn a_window_ends_64_below_the_highest(store: Arc<dyn Store>) {
    store.register(KEY, &a_device()).await.unwrap();
    assert_eq!(in_window(&store, 0).await, Err(Refusal::Seen));
    for (counter, expected) in [
        (100, Ok(())),
        (36, Ok(())),
        (36, Err(Refusal::Seen)),
        (35, Err(Refusal::BelowWindow)),
        (0, Err(Refusal::BelowWindow)),
        (99, Ok(())),
        (100, Err(Refusal::Seen)),
        // As far as what was highest is still within, just within, and just not.
        (101, Ok(())),
        (100, Err(Refusal::Seen)),
        (165, Ok(())),
        (101, Err(Refusal::Seen)),
        (102, Ok(())),
        (230, Ok(())),
        (165, Err(Refusal::BelowWindow)),
        (166, Ok(())),
        // All the bits of a counter.
        (u32::MAX, Ok(())),
        (u32::MAX, Err(Refusal::Seen)),
        (u32::MAX - 64, Ok(())),
        (u32::MAX - 65, Err(Refusal::BelowWindow)),
        (230, Err(Refusal::BelowWindow)),
    ] {
        assert_eq!(in_window(&store, counter).await, expected, "{counter}");
    }
}

async fn a_step_may_be_limited(store: Arc<dyn Store>) {
    store.register(KEY, &a_device()).await.unwrap();
    let large = Err(AdvanceError::Refused(Refusal::StepTooLarge));
    for (contract, start) in [(Contract::Strict, 0), (Contract::Window, 12)] {
        for (counter, expected) in
            [(start + 11, large), (start + 10, Ok(())), (start + 21, large), (start + 12, Ok(()))]
        {
            let advance = Advance::new(Counter(counter), Some(10));
            assert_eq!(store.advance(KEY, advance, contract).await, expected, "{contract:?} {counter}");
        }
    }
}

/// What strict order has passed over is acceptable under neither contract.
async fn a_contract_may_be_changed(store: Arc<dyn Store>) {
    store.register(KEY, &a_device()).await.unwrap();
    assert_eq!(in_window(&store, 10).await, Ok(()));
    assert_eq!(in_window(&store, 8).await, Ok(()));
    let not_increased = Err(AdvanceError::Refused(Refusal::NotIncreased));
    for counter in [7, 8, 9, 10] {
        assert_eq!(store.advance(KEY, advance_to(counter), Contract::Strict).await, not_increased, "{counter}");
    }
    assert_eq!(in_window(&store, 9).await, Ok(()), "nothing had changed");
    assert_eq!(store.advance(KEY, advance_to(12), Contract::Strict).await, Ok(()));
    for counter in [7, 9, 11, 12] {
        assert_eq!(in_window(&store, counter).await, Err(Refusal::Seen), "{counter}");
    }
    assert_eq!(in_window(&store, 14).await, Ok(()));
    assert_eq!(in_window(&store, 13).await, Ok(()));
    assert_eq!(store.device(KEY).await.unwrap().unwrap().window, ReplayWindow::after(Counter(14)));
}

async fn each_of_many_counters_is_taken_once(store: Arc<dyn Store>) {
    store.register(KEY, &a_device()).await.unwrap();
    // 65 of them fit, whichever comes first; each comes three times, from several threads.
    let mut runners = JoinSet::new();
    for number in 0..3 * 65 {
        let store = Arc::clone(&store);
        runners.spawn(async move { (number % 65 + 1, in_window(&store, number % 65 + 1).await) });
    }
    let mut taken = Vec::new();
    for (counter, answer) in runners.join_all().await {
        match answer {
            Ok(()) => taken.push(counter),
            Err(refusal) => assert_eq!(refusal, Refusal::Seen, "{counter}"),
        }
    }
    taken.sort_unstable();
    assert_eq!(taken, (1..=65).collect::<Vec<_>>());
}

/// What was kept before there were windows: everything up to the counter counts as seen.
#[tokio::test(flavor = "multi_thread")]
async fn counters_in_redb_become_windows() {
    const COUNTERS: ::redb::TableDefinition<'_, [u8; 32], u32> = ::redb::TableDefinition::new("counters");
    const WINDOWS: ::redb::TableDefinition<'_, [u8; 32], &[u8; 13]> = ::redb::TableDefinition::new("windows");
    let scratch = Scratch::new("redb-counters");
    open(&scratch).register(KEY, &a_device()).await.unwrap();
    {
        let file = ::redb::Database::open(scratch.path().join("devices.redb")).unwrap();
        let transaction = file.begin_write().unwrap();
        transaction.delete_table(WINDOWS).unwrap();
        transaction.open_table(COUNTERS).unwrap().insert(KEY.0, 7).unwrap();
        transaction.commit().unwrap();
    }
    // Twice: what was adopted is not adopted again.
    for highest in [7, 9] {
        let store: Arc<dyn Store> = Arc::new(open(&scratch));
        assert_eq!(store.device(KEY).await.unwrap().unwrap().window, ReplayWindow::after(Counter(highest)));
        assert_eq!(in_window(&store, highest - 1).await, Err(Refusal::Seen));
        assert_eq!(store.advance(KEY, advance_to(highest + 2), Contract::Strict).await, Ok(()));
    }
}

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
async fn redb_keeps_what_it_acknowledged() {
    let scratch = Scratch::new("redb-reopened");
    {
        let store = open(&scratch);
        store.register(KEY, &a_device()).await.unwrap();
        store.register(OTHER, &a_device()).await.unwrap();
        store.advance(KEY, advance_to(5), Contract::Strict).await.unwrap();
        store.revoke(OTHER, NOW).await.unwrap();
        store.spend([1; 32], KEY, NOW + 300, NOW).await.unwrap();
        store.add_secret(Usage::Challenges, &a_secret(1)).await.unwrap();
        assert!(RedbStore::open(&scratch.path().join("devices.redb"), Metrics::new().unwrap().commit).is_err());
    }
    // It was closed as it should be: nothing has to be repaired.
    let mut repair = ::redb::Database::builder();
    repair.set_repair_callback(|_| panic!("the file was left open"));
    drop(repair.open(scratch.path().join("devices.redb")).unwrap());
    let store = open(&scratch);
    assert_eq!(
        store.advance(KEY, advance_to(5), Contract::Strict).await,
        Err(AdvanceError::Refused(Refusal::NotIncreased))
    );
    assert_eq!(store.advance(OTHER, advance_to(1), Contract::Strict).await, REVOKED);
    assert_eq!(store.spend([1; 32], OTHER, NOW + 300, NOW).await, Ok(Spent::Before(KEY)));
    assert_eq!(store.secrets(Usage::Challenges).await, Ok(vec![a_secret(1)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_that_wait_share_a_commit() {
    let scratch = Scratch::new("redb-shared");
    let metrics = Metrics::new().unwrap();
    let path = scratch.path().join("devices.redb");
    let store: Arc<dyn Store> = Arc::new(RedbStore::open(&path, metrics.commit.clone()).unwrap());
    let register = |store: Arc<dyn Store>, number| async move {
        store.register(KeyId([u8::try_from(number).unwrap(); 32]), &a_device()).await.unwrap()
    };
    assert_eq!(race(&store, register, |&registered| registered).await, 100);
    let commits = metrics.commit.get_sample_count();
    assert!(commits < 50, "{commits} commits for 100 writes at once");
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
    assert_eq!(store.revoke(KEY, NOW).await, Err(Unavailable));
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
async fn redb_is_ready_once_it_has_written() {
    let scratch = Scratch::new("redb-ready");
    let metrics = Metrics::new().unwrap();
    let store = RedbStore::open(&scratch.path().join("devices.redb"), metrics.commit.clone()).unwrap();
    for commits in 0..3 {
        assert_eq!(metrics.commit.get_sample_count(), commits);
        assert_eq!(store.ready().await, Ok(()));
    }
}

/// An address at which connections are taken and nothing is ever answered.
fn silent() -> (std::net::TcpListener, String) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}/", listener.local_addr().unwrap());
    (listener, url)
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

/// Two gateways that start at once on an empty database, and one that comes later.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_gateways_makes_the_tables() {
    let Some(postgres) = Postgres::start("tables").await else { return };
    let mut runners = JoinSet::new();
    for _ in 0..8 {
        let store = postgres.store();
        runners.spawn(async move { (store.check().await, store.ready().await) });
    }
    assert!(runners.join_all().await.into_iter().all(|answers| answers == (Ok(()), Ok(()))));
    assert_eq!(postgres.ask("SELECT number FROM genuine.migrations").await, ["1"]);
    assert_eq!(postgres.ask("SELECT asked FROM genuine.readiness").await, ["8"]);
}

/// A newer gateway has changed the tables; this one goes on beside it.
#[tokio::test(flavor = "multi_thread")]
async fn tables_of_a_newer_gateway_are_left_as_they_are() {
    let Some(postgres) = Postgres::start("newer").await else { return };
    postgres.store().register(KEY, &a_device()).await.unwrap();
    postgres
        .ask("ALTER TABLE genuine.devices ADD COLUMN account text; INSERT INTO genuine.migrations VALUES (2)")
        .await;
    let store = postgres.store();
    assert_eq!((store.check().await, store.device(KEY).await), (Ok(()), Ok(Some(a_device()))));
    assert_eq!(store.register(OTHER, &a_device()).await, Ok(true));
}

/// Found at start, and found while it is used.
#[tokio::test(flavor = "multi_thread")]
async fn postgres_that_may_lose_what_it_acknowledged_is_as_good_as_none() {
    let Some(postgres) = Postgres::start("asynchronous").await else { return };
    let used = postgres.store();
    assert_eq!((used.check().await, used.ready().await), (Ok(()), Ok(())));
    postgres.ask("ALTER DATABASE t_asynchronous SET synchronous_commit = off").await;
    let fresh = postgres.store();
    assert_eq!((fresh.check().await, fresh.ready().await), (Err(Unfit::Asynchronous), Err(Unavailable)));
    assert_eq!(fresh.register(KEY, &a_device()).await, Err(Unavailable));
    postgres.ask("ALTER DATABASE t_asynchronous SET synchronous_commit = on").await;
    assert_eq!((fresh.check().await, fresh.ready().await), (Ok(()), Ok(())));
}

/// Whoever may not make the tables is told at start.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_not_make_the_tables_is_told() {
    let Some(postgres) = Postgres::start("role").await else { return };
    postgres.ask("CREATE ROLE t_reader LOGIN").await;
    let store = postgres_store(&postgres.url_as("t_reader"));
    assert_eq!((store.check().await, store.ready().await), (Err(Unfit::Schema), Err(Unavailable)));
    let foreign = "CREATE SCHEMA genuine; CREATE TABLE genuine.devices (id integer)";
    let Some(taken) = Postgres::start("taken").await else { return };
    taken.ask(foreign).await;
    assert_eq!(taken.store().check().await, Err(Unfit::Schema));
    assert_eq!(taken.ask("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'genuine'").await, ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_whose_connections_break_decides_nothing_and_comes_back() {
    let Some(postgres) = Postgres::start("broken").await else { return };
    let store = postgres.store();
    store.register(KEY, &a_device()).await.unwrap();
    store.advance(KEY, advance_to(5), Contract::Strict).await.unwrap();
    let end =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 't_broken' AND pid <> pg_backend_pid()";
    postgres.ask(end).await;
    assert_eq!(store.device(KEY).await, Err(Unavailable));
    let read = async || store.device(KEY).await;
    while read().await.is_err() {}
    assert_eq!(
        store.advance(KEY, advance_to(5), Contract::Strict).await,
        Err(AdvanceError::Refused(Refusal::NotIncreased))
    );
    assert_eq!(store.advance(KEY, advance_to(6), Contract::Strict).await, Ok(()));
}

/// A revocation that comes between reading a counter and writing it.
#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_stops_an_advance_that_has_begun() {
    let Some(postgres) = Postgres::start("overtaken").await else { return };
    let store: Arc<dyn Store> = Arc::new(postgres.store());
    store.register(KEY, &a_device()).await.unwrap();
    let (client, connection) = tokio_postgres::connect(&postgres.url(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(&format!("BEGIN; UPDATE genuine.devices SET revoked_at = {NOW}")).await.unwrap();
    let advancing = Arc::clone(&store);
    let advancing = tokio::spawn(async move { advancing.advance(KEY, advance_to(1), Contract::Strict).await });
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = 't_overtaken' AND wait_event_type = 'Lock'";
    while postgres.ask(waiting).await != ["1"] {}
    client.batch_execute("COMMIT").await.unwrap();
    assert_eq!(advancing.await.unwrap(), REVOKED);
    assert_eq!(store.device(KEY).await.unwrap().unwrap().window, ReplayWindow::ATTESTED);
}

/// Over TLS to a server whose certificate this authority signed, and otherwise not at all.
#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_reached_over_tls_or_not_at_all() {
    let Some(postgres) = Postgres::start("tls").await else { return };
    let store = |url: &str, ca: &std::path::Path| {
        genuine_gateway::store::PostgresStore::new(url, Some(ca), std::time::Duration::from_secs(5)).unwrap()
    };
    let encrypted =
        "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE ssl AND datname = 't_tls'";
    assert_eq!((postgres.store().ready().await, postgres.ask(encrypted).await), (Ok(()), vec!["0".to_owned()]));
    let ca = postgres.directory().join("server.pem");
    let private = store(&postgres.url(), &ca);
    assert_eq!((private.ready().await, postgres.ask(encrypted).await), (Ok(()), vec!["1".to_owned()]));
    // Whatever the address says of it.
    let other = store(&format!("{}?sslmode=disable", postgres.url()), &ca);
    assert_eq!((other.ready().await, postgres.ask(encrypted).await), (Ok(()), vec!["2".to_owned()]));
    drop((private, other));
    let scratch = Scratch::new("other-authority");
    let other = scratch.path().join("other.pem");
    std::fs::write(&other, rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap().cert.pem()).unwrap();
    assert_eq!(store(&postgres.url(), &other).ready().await, Err(Unavailable));
    let elsewhere = postgres.url().replace("127.0.0.1", "localhost");
    assert_eq!(store(&elsewhere, &ca).ready().await, Err(Unavailable), "the certificate is another host's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_in_postgres_that_is_damaged_is_closed() {
    let Some(postgres) = Postgres::start("damaged").await else { return };
    let store: Arc<dyn Store> = Arc::new(postgres.store());
    store.register(KEY, &a_device()).await.unwrap();
    for counters in ["", "\\x00", "\\xffffffffffffffffffffffffff", "\\x0000000100000000000000000000"] {
        postgres.ask(&format!("UPDATE genuine.devices SET counters = '{counters}'")).await;
        assert_eq!(
            store.device(KEY).await.unwrap().unwrap().window,
            ReplayWindow::after(Counter(u32::MAX)),
            "{counters}"
        );
        for contract in [Contract::Strict, Contract::Window] {
            assert!(store.advance(KEY, advance_to(u32::MAX), contract).await.is_err(), "{counters}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_that_says_nothing_holds_nobody_up() {
    let (_listener, url) = silent();
    let url = url.replace("redis://", "postgres://gateway@") + "genuine";
    let store = genuine_gateway::store::PostgresStore::new(&url, None, std::time::Duration::from_secs(1)).unwrap();
    let (store, start): (Arc<dyn Store>, _) = (Arc::new(store), std::time::Instant::now());
    let ready = |store: Arc<dyn Store>, _| async move { store.ready().await };
    assert_eq!(race(&store, ready, Result::is_ok).await, 0);
    assert!(start.elapsed() < std::time::Duration::from_secs(5), "{:?}", start.elapsed());
}
