//! The replay window: each counter is accepted once at most, nothing that is older than the window, and nothing is lost
//! below the highest counter.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Barrier, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use genuine::{
    Error,
    app_attest::{Advance, AdvanceError, Counter, CounterStore, KeyId, Refusal, ReplayWindow},
};
use proptest::{collection::vec, prelude::*};

use crate::common::{AssertionCase, device, mutation};

const fn advance(to: u32) -> Advance {
    Advance::new(Counter(to), None)
}

/// What a window is for, with nothing but a set.
#[derive(Default)]
struct Model {
    accepted: BTreeSet<u32>,
}

impl Model {
    fn highest(&self) -> u32 {
        self.accepted.last().copied().unwrap_or(0)
    }

    fn accept(&mut self, counter: u32) -> Result<(), Refusal> {
        if counter == 0 && self.highest() <= 64 {
            return Err(Refusal::Seen);
        }
        if u64::from(counter) + 64 < u64::from(self.highest()) {
            return Err(Refusal::BelowWindow);
        }
        if self.accepted.insert(counter) { Ok(()) } else { Err(Refusal::Seen) }
    }

    /// The bitmap that a window over the same counters has.
    fn seen(&self) -> u64 {
        let highest = self.highest();
        (0..64).fold(0, |seen, bit| {
            let counter = highest.checked_sub(bit + 1).filter(|counter| *counter > 0);
            let set = counter.is_none_or(|counter| self.accepted.contains(&counter));
            seen | u64::from(set) << bit
        })
    }
}

/// Counters as devices send them: near each other, with jumps, at both ends of the range.
fn counters() -> impl Strategy<Value = Vec<u32>> {
    let near = |base: u32| (0_u32..200).prop_map(move |offset| base.saturating_add(offset));
    let counter =
        prop_oneof![8 => near(0), 4 => near(1_000), 1 => near(u32::MAX - 150), 1 => Just(0), 1 => any::<u32>()];
    vec(counter, 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(7), ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn a_window_is_the_set_of_what_it_accepted(counters in counters()) {
        let (mut window, mut model) = (ReplayWindow::ATTESTED, Model::default());
        for counter in counters {
            let before = window;
            let answer = advance(counter).in_window(window);
            prop_assert_eq!(answer.map(drop), model.accept(counter), "{}", counter);
            window = answer.unwrap_or(before);
            prop_assert_eq!((window.highest().0, window.seen()), (model.highest(), model.seen()));
            prop_assert_eq!(ReplayWindow::from_trusted_bytes(&window.to_bytes()), Ok(window));
            prop_assert_eq!(ReplayWindow::from_trusted_parts(window.highest(), window.seen()), Ok(window));
        }
    }

    /// Strict order accepts nothing that a window over the same requests would not.
    #[test]
    fn a_window_accepts_all_that_the_strict_order_does(counters in counters()) {
        let (mut window, mut last) = (ReplayWindow::ATTESTED, Counter::ATTESTED);
        for counter in counters {
            let in_window = advance(counter).in_window(window);
            if let Ok(next) = advance(counter).in_order(last) {
                last = next;
                prop_assert!(in_window.is_ok(), "{}", counter);
            }
            window = in_window.unwrap_or(window);
            prop_assert_eq!(window.highest(), last);
        }
    }

    /// 65 requests in a row, in any order: each of them is accepted, and none twice.
    #[test]
    fn within_the_window_no_order_is_refused(start in 0..=u32::MAX - 65, order in Just((1..=65).collect::<Vec<u32>>()).prop_shuffle()) {
        let mut window = ReplayWindow::after(Counter(start));
        for step in &order {
            window = advance(start + step).in_window(window).unwrap();
        }
        prop_assert_eq!((window.highest(), window.seen()), (Counter(start + 65), u64::MAX));
        for step in order {
            prop_assert_eq!(advance(start + step).in_window(window), Err(Refusal::Seen));
        }
    }

    /// A limit refuses what is further above, and nothing else.
    #[test]
    fn a_greatest_step_is_measured_from_the_highest(highest in 0..1_000_u32, to in 0..2_000_u32, greatest in 0..100_u32) {
        let (free, limited) = (advance(to), Advance::new(Counter(to), Some(greatest)));
        prop_assert_eq!(limited.from(), Counter(to.saturating_sub(greatest)));
        let too_far = u64::from(to) > u64::from(highest) + u64::from(greatest);
        let window = ReplayWindow::after(Counter(highest));
        let expected = if too_far { Err(Refusal::StepTooLarge) } else { free.in_window(window) };
        prop_assert_eq!(limited.in_window(window), expected);
        let expected = if too_far { Err(Refusal::StepTooLarge) } else { free.in_order(Counter(highest)) };
        prop_assert_eq!(limited.in_order(Counter(highest)), expected);
    }
}

#[test]
fn the_stored_form_is_fixed() {
    assert_eq!((ReplayWindow::ENCODED_LEN, ReplayWindow::WIDTH), (13, 64));
    assert_eq!(ReplayWindow::ATTESTED.to_bytes(), *b"\x01\0\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF");
    let mut window = ReplayWindow::after(Counter(0x0102_0304));
    assert_eq!(window.to_bytes(), *b"\x01\x01\x02\x03\x04\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF");
    window = advance(0x0102_0307).in_window(window).unwrap();
    // 5 and 6 are not seen, 4 is the third below 7.
    assert_eq!(window.to_bytes(), *b"\x01\x01\x02\x03\x07\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFC");
}

#[test]
fn damaged_windows_are_noticed_or_mean_what_they_say() {
    let malformed = Err(Error::StoredWindowMalformed);
    let stored = advance(9).in_window(ReplayWindow::after(Counter(5))).unwrap().to_bytes();
    for length in 0..stored.len() {
        assert_eq!(ReplayWindow::from_trusted_bytes(&stored[..length]), malformed);
    }
    assert_eq!(ReplayWindow::from_trusted_bytes(&[&stored[..], &[0]].concat()), malformed);
    for version in (0..=u8::MAX).filter(|version| *version != 1) {
        assert_eq!(ReplayWindow::from_trusted_bytes(&[&[version], &stored[1..]].concat()), malformed);
    }
    // Bit 8 stands for the counter 0, which no assertion has: from there on all are set.
    for bit in 0..64 {
        let cleared = ReplayWindow::from_trusted_parts(Counter(9), !(1 << bit));
        assert_eq!(cleared.is_ok(), bit < 8, "bit {bit}");
    }
    for highest in [0, 1, 64, 65, 66, u32::MAX] {
        let empty = ReplayWindow::from_trusted_parts(Counter(highest), 0);
        assert_eq!(empty.is_ok(), highest > 64, "{highest}");
        assert!(ReplayWindow::from_trusted_parts(Counter(highest), u64::MAX).is_ok());
    }
}

/// The store of the contract: decide and write under one lock.
struct Store(Mutex<HashMap<KeyId, ReplayWindow>>);

impl CounterStore for Store {
    type Error = ();

    fn advance(&self, key: &KeyId, advance: &Advance) -> Result<(), AdvanceError<()>> {
        let mut windows = self.0.lock().unwrap();
        let window = windows.get_mut(key).ok_or(AdvanceError::UnknownKey)?;
        *window = advance.in_window(*window)?;
        Ok(())
    }
}

/// Many threads present every one of many assertions: of each, one is accepted.
#[test]
fn each_counter_is_accepted_once_by_many_threads() {
    const THREADS: usize = 4;
    const COUNTERS: u32 = 24;
    let device = device("window");
    let cases: Vec<_> = (1..=COUNTERS).map(|counter| AssertionCase::mint(&device, counter, &mutation())).collect();
    let key = cases[0].key.id();
    let store = Store(Mutex::new([(key, ReplayWindow::ATTESTED)].into()));
    let accepted: Vec<_> = cases.iter().map(|_| AtomicUsize::new(0)).collect();
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (cases, accepted, store, start) = (&cases, &accepted, &store, &start);
            scope.spawn(move || {
                start.wait();
                // Each thread in an order of its own: 5, 7, 11 and 13 have no divisor in common with 24.
                for index in 0..cases.len() {
                    let index = index * [5, 7, 11, 13][thread] % cases.len();
                    match cases[index].verify().unwrap().accept_in(store) {
                        Ok(proof) => {
                            assert_eq!(proof.counter(), Counter(u32::try_from(index + 1).unwrap()));
                            accepted[index].fetch_add(1, Ordering::Relaxed);
                        }
                        Err(refused) => assert_eq!(refused, AdvanceError::Refused(Refusal::Seen)),
                    }
                }
            });
        }
    });
    assert!(accepted.iter().all(|count| count.load(Ordering::Relaxed) == 1), "{accepted:?}");
}

#[test]
fn assertions_are_accepted_in_a_window() {
    let device = device("window");
    let present = |counter, window: &mut ReplayWindow, limit: Option<u32>| {
        let case = AssertionCase::mint(&device, counter, &mutation()).with(|case| case.terms.counter_step = limit);
        let (proof, next) = case.verify().unwrap().accept_in_window_without_store(*window)?;
        *window = next;
        Ok(proof.counter())
    };
    let mut window = ReplayWindow::ATTESTED;
    for (counter, expected) in [
        (3, Ok(Counter(3))),
        (1, Ok(Counter(1))),
        (3, Err(Error::CounterSeen)),
        (1, Err(Error::CounterSeen)),
        (0, Err(Error::CounterSeen)),
        (100, Ok(Counter(100))),
        (36, Ok(Counter(36))),
        (35, Err(Error::CounterBelowWindow)),
        (2, Err(Error::CounterBelowWindow)),
    ] {
        let before = window;
        assert_eq!(present(counter, &mut window, None), expected, "{counter}");
        assert!(expected.is_ok() || window == before, "what is refused changes nothing");
    }
    assert_eq!(present(200, &mut window, Some(99)), Err(Error::CounterStepTooLarge));
    assert_eq!(present(200, &mut window, Some(100)), Ok(Counter(200)));
}

/// The limit of the policy is what the store is asked with.
#[test]
fn the_policy_limits_the_step() {
    let case = AssertionCase::mint(&device("window"), 7, &mutation());
    assert_eq!(case.verify().unwrap().advance(), Advance::new(Counter(7), None));
    let limited = case.with(|case| case.terms.counter_step = Some(2));
    assert_eq!(limited.verify().unwrap().advance(), Advance::new(Counter(7), Some(2)));
    assert_eq!(limited.verify().unwrap().accept_without_store(Counter(5)).map(|proof| proof.counter()), Ok(Counter(7)));
    assert_eq!(limited.verify().unwrap().accept_without_store(Counter(4)).map(drop), Err(Error::CounterStepTooLarge));
    assert_eq!(limited.verify().unwrap().accept_without_store(Counter(7)).map(drop), Err(Error::CounterNotIncreased));
}

#[test]
fn refusals_have_their_codes() {
    for (refusal, error) in [
        (Refusal::NotIncreased, Error::CounterNotIncreased),
        (Refusal::Seen, Error::CounterSeen),
        (Refusal::BelowWindow, Error::CounterBelowWindow),
        (Refusal::StepTooLarge, Error::CounterStepTooLarge),
    ] {
        assert_eq!(refusal.error(), error);
        assert_eq!(refusal.to_string(), error.to_string());
        assert_eq!(AdvanceError::<()>::from(refusal).error(), error);
    }
}
