//! What a store has to do, as tests that any store can be held to: those of the gateway are, and so is one of your own.
//!
//! ```rust,ignore
//! /// A new store, and what has to live as long as it does.
//! async fn empty(law: &'static str) -> Option<((), Arc<dyn Store>)> {
//!     Some(((), Arc::new(MyStore::new())))
//! }
//!
//! genuine_gateway::store_laws!(empty);
//! ```
//!
//! Each law becomes a test of its own, and gets an empty store. Some of them run a hundred operations at once: a store that reads and then
//! writes fails there.

#![allow(
    clippy::missing_panics_doc,
    clippy::missing_errors_doc,
    clippy::must_use_candidate,
    reason = "they are tests: a law that is broken is a panic"
)]

mod pages;
mod records;

use std::{collections::BTreeSet, sync::Arc};

use genuine::app_attest::{Advance, AdvanceError, Counter, KeyId, Refusal, ReplayWindow};
use tokio::task::JoinSet;

pub use self::{pages::*, records::*};
use super::{
    AdvanceFault, Change, Contract, Device, DeviceKey, SECRETS, Spent, Store, StoredSecret, Unavailable, Usage,
};

/// Makes a test of each law: `store_laws!(empty)`, with an `async fn empty(law: &'static str) -> Option<(guard, Arc<dyn Store>)>`. Where
/// it answers `None` there is no such store on this machine. The tests run on tokio, which has to be a dependency.
#[macro_export]
macro_rules! store_laws {
    ($empty:path) => {
        $crate::store_laws! { @each $empty:
            a_device_is_read_as_it_was_registered
            a_key_is_registered_once
            a_counter_rises_only
            a_counter_uses_all_of_its_bits
            an_unknown_key_has_no_counter
            a_revoked_device_stays_revoked
            a_revoked_key_is_not_registered_again
            a_challenge_is_spent_once
            what_is_over_may_be_forgotten
            secrets_are_read_as_they_were_added
            the_oldest_secret_makes_room
            one_of_many_adds_a_secret
            one_of_many_registers
            one_of_many_advances
            one_of_many_spends
            counters_end_at_the_highest
            a_window_takes_each_counter_once_in_any_order
            a_window_ends_64_below_the_highest
            a_step_may_be_limited
            a_contract_may_be_changed
            each_of_many_counters_is_taken_once
            a_device_is_read_in_its_epoch
            a_device_of_an_account_is_read_as_it_was_registered
            changes_are_as_the_record_has_them
            a_locked_device_does_not_advance
            an_erased_device_leaves_its_key_identifier
            devices_are_listed_by_account
            every_device_is_on_a_page
            one_that_was_there_throughout_is_on_a_page
            a_page_begins_where_its_own_store_says
            a_lock_and_an_advance_are_one_after_the_other
        }
    };
    (@each $empty:path: $($law:ident)+) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $law() {
            if let Some((_guard, store)) = $empty(stringify!($law)).await {
                $crate::store::conformance::$law(store).await;
            }
        })+
    };
}

/// A key.
pub const KEY: KeyId = KeyId([1; 32]);

/// Another one.
pub const OTHER: KeyId = KeyId([2; 32]);

/// When everything happens, in seconds since 1970.
pub const NOW: u64 = 1_800_000_000;

/// What a revoked device is answered.
pub const REVOKED: Result<(), AdvanceError<AdvanceFault>> = Err(AdvanceError::Store(AdvanceFault::Revoked));

/// A device as it is registered.
pub fn a_device() -> Device {
    // Octets that are no text, and a counter that a signed number could not hold.
    let key = std::array::from_fn(|position| u8::try_from(255 - position).unwrap());
    Device::attested(DeviceKey::AppAttest(Box::new(key)), "demo", NOW)
}

/// An advance to this counter, by a step of any length.
pub fn advance_to(counter: u32) -> Advance {
    Advance::new(Counter(counter), None)
}

/// A use of a challenge that lives for five minutes.
pub async fn spend(store: &Arc<dyn Store>, challenge: u8, by: KeyId) -> Result<Spent, Unavailable> {
    store.spend([challenge; 32], by, NOW + 300, NOW).await
}

/// A secret of this number.
pub fn a_secret(number: u32) -> StoredSecret {
    StoredSecret { number, made_at: NOW + u64::from(number), octets: [u8::try_from(number % 256).unwrap(); 32] }
}

/// A device is read as it was registered.
pub async fn a_device_is_read_as_it_was_registered(store: Arc<dyn Store>) {
    assert_eq!(store.ready().await, Ok(()));
    assert_eq!(store.device(KEY).await, Ok(None));
    assert_eq!(store.register(KEY, &a_device()).await, Ok(true));
    assert_eq!(store.device(KEY).await, Ok(Some(a_device())));
    assert_eq!(store.device(OTHER).await, Ok(None));
}

/// A key is registered once.
pub async fn a_key_is_registered_once(store: Arc<dyn Store>) {
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

/// A counter rises only.
pub async fn a_counter_rises_only(store: Arc<dyn Store>) {
    store.register(KEY, &a_device()).await.unwrap();
    let steps = [(0, false), (1, true), (1, false), (0, false), (10, true), (9, false), (10, false), (11, true)];
    for (to, advances) in steps {
        let expected = if advances { Ok(()) } else { Err(AdvanceError::Refused(Refusal::NotIncreased)) };
        assert_eq!(store.advance(KEY, advance_to(to), Contract::Strict).await, expected, "{to}");
    }
    assert_eq!(store.device(KEY).await.unwrap().unwrap().window.highest(), Counter(11));
}

/// A counter uses all of its bits.
pub async fn a_counter_uses_all_of_its_bits(store: Arc<dyn Store>) {
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

/// An unknown key has no counter.
pub async fn an_unknown_key_has_no_counter(store: Arc<dyn Store>) {
    assert_eq!(store.advance(KEY, advance_to(1), Contract::Strict).await, Err(AdvanceError::UnknownKey));
    assert_eq!(store.device(KEY).await, Ok(None));
    assert_eq!(store.change(KEY, Change::Revoke(NOW)).await, Ok(false));
}

/// A revoked device stays revoked.
pub async fn a_revoked_device_stays_revoked(store: Arc<dyn Store>) {
    store.register(KEY, &a_device()).await.unwrap();
    store.advance(KEY, advance_to(3), Contract::Strict).await.unwrap();
    assert_eq!(store.change(KEY, Change::Revoke(NOW + 5)).await, Ok(true));
    assert_eq!(store.change(KEY, Change::Revoke(NOW + 9)).await, Ok(true));
    assert_eq!(store.advance(KEY, advance_to(4), Contract::Strict).await, REVOKED);
    let revoked = Device { window: ReplayWindow::after(Counter(3)), revoked_at: Some(NOW + 5), ..a_device() };
    assert_eq!(store.device(KEY).await, Ok(Some(revoked)));
}

/// A revoked key is not registered again.
pub async fn a_revoked_key_is_not_registered_again(store: Arc<dyn Store>) {
    store.register(KEY, &a_device()).await.unwrap();
    store.change(KEY, Change::Revoke(NOW)).await.unwrap();
    assert_eq!(store.register(KEY, &a_device()).await, Ok(false));
    assert_eq!(store.advance(KEY, advance_to(1), Contract::Strict).await, REVOKED);
}

/// A challenge is spent once.
pub async fn a_challenge_is_spent_once(store: Arc<dyn Store>) {
    assert_eq!(spend(&store, 1, KEY).await, Ok(Spent::Now));
    assert_eq!(spend(&store, 1, KEY).await, Ok(Spent::Before(KEY)));
    assert_eq!(spend(&store, 1, OTHER).await, Ok(Spent::Before(KEY)));
    assert_eq!(spend(&store, 2, OTHER).await, Ok(Spent::Now));
}

/// What is over may be forgotten.
///
/// To the second that was asked for; what lives is remembered, however much is over.
pub async fn what_is_over_may_be_forgotten(store: Arc<dyn Store>) {
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

/// Secrets are read as they were added.
pub async fn secrets_are_read_as_they_were_added(store: Arc<dyn Store>) {
    assert_eq!(store.secrets(Usage::Challenges).await, Ok(vec![]));
    for number in [1, 2] {
        assert_eq!(store.add_secret(Usage::Challenges, &a_secret(number)).await, Ok(true));
    }
    assert_eq!(store.secrets(Usage::Challenges).await, Ok(vec![a_secret(2), a_secret(1)]));
    let other = StoredSecret { octets: [0xFF; 32], ..a_secret(2) };
    assert_eq!(store.add_secret(Usage::Challenges, &other).await, Ok(false));
    assert_eq!(store.secrets(Usage::Challenges).await, Ok(vec![a_secret(2), a_secret(1)]), "nothing changed");
}

/// The oldest secret makes room.
pub async fn the_oldest_secret_makes_room(store: Arc<dyn Store>) {
    for number in 1..=11 {
        assert_eq!(store.add_secret(Usage::Challenges, &a_secret(number)).await, Ok(true));
        let expected = (1..=number).rev().take(SECRETS as usize).map(a_secret).collect();
        assert_eq!(store.secrets(Usage::Challenges).await, Ok(expected));
    }
}

/// One of many adds a secret.
pub async fn one_of_many_adds_a_secret(store: Arc<dyn Store>) {
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
pub async fn race<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
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

/// One of many registers.
pub async fn one_of_many_registers(store: Arc<dyn Store>) {
    let register = |store: Arc<dyn Store>, _| async move { store.register(KEY, &a_device()).await.unwrap() };
    assert_eq!(race(&store, register, |&registered| registered).await, 1);
}

/// One of many advances.
pub async fn one_of_many_advances(store: Arc<dyn Store>) {
    store.register(KEY, &a_device()).await.unwrap();
    let advance = |store: Arc<dyn Store>, _| async move { store.advance(KEY, advance_to(5), Contract::Strict).await };
    assert_eq!(race(&store, advance, Result::is_ok).await, 1);
}

/// One of many spends.
pub async fn one_of_many_spends(store: Arc<dyn Store>) {
    let spend = |store: Arc<dyn Store>, _| async move { spend(&store, 1, KEY).await };
    assert_eq!(race(&store, spend, |spent| *spent == Ok(Spent::Now)).await, 1);
}

/// Counters end at the highest.
pub async fn counters_end_at_the_highest(store: Arc<dyn Store>) {
    store.register(KEY, &a_device()).await.unwrap();
    let advance =
        |store: Arc<dyn Store>, number| async move { store.advance(KEY, advance_to(number), Contract::Strict).await };
    let advanced = race(&store, advance, Result::is_ok).await;
    assert!((1..100).contains(&advanced), "{advanced}");
    assert_eq!(store.device(KEY).await.unwrap().unwrap().window.highest(), Counter(99));
}

/// A counter in a window, with the refusal if there is one.
pub async fn in_window(store: &Arc<dyn Store>, counter: u32) -> Result<(), Refusal> {
    match store.advance(KEY, advance_to(counter), Contract::Window).await {
        Ok(()) => Ok(()),
        Err(AdvanceError::Refused(refusal)) => Err(refusal),
        Err(error) => panic!("{error:?}"),
    }
}

/// A window takes each counter once in any order.
///
/// Against a model that remembers everything: whatever was not taken and is not lower than 64 below the highest is taken.
pub async fn a_window_takes_each_counter_once_in_any_order(store: Arc<dyn Store>) {
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

/// A window ends 64 below the highest.
pub async fn a_window_ends_64_below_the_highest(store: Arc<dyn Store>) {
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

/// A step may be limited.
pub async fn a_step_may_be_limited(store: Arc<dyn Store>) {
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

/// A contract may be changed.
///
/// What strict order has passed over is acceptable under neither contract.
pub async fn a_contract_may_be_changed(store: Arc<dyn Store>) {
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

/// Each of many counters is taken once.
pub async fn each_of_many_counters_is_taken_once(store: Arc<dyn Store>) {
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
