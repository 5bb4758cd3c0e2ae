//! Counters that overtake each other: the window against a set of all counters that were accepted, and its stored form.

use std::collections::BTreeSet;

use genuine::{
    Error,
    app_attest::{Advance, Counter, Refusal, ReplayWindow},
};

use crate::codes;

/// The input as a stored window; and then as the greatest step (1 byte, 0 for none) and acts of two bytes: how a counter is
/// told (bits 0 and 1), and by how much it differs.
///
/// A counter is accepted once, if it lies above the highest or within 64 below it, and by no larger step than the greatest.
/// In strict order the same counters are accepted if they rise. A window is written as it was read.
pub fn run(data: &[u8]) {
    stored(data);
    let Some((&step, acts)) = data.split_first() else { return };
    let greatest = (step != 0).then(|| u32::from(step));
    let mut window = ReplayWindow::ATTESTED;
    // What was accepted: nothing so far, and the counter 0 of the attestation, which no assertion has.
    let mut accepted = BTreeSet::from([0_u32]);
    let mut last = Counter::ATTESTED;
    for &[how, delta] in acts.as_chunks().0 {
        let highest = *accepted.last().expect("the attestation's at least");
        let to = match how & 3 {
            0 => highest.saturating_add(delta.into()),
            1 => highest.saturating_sub(delta.into()),
            2 => u32::MAX - u32::from(delta),
            _ => delta.into(),
        };
        let advance = Advance::new(Counter(to), greatest);
        assert_eq!(advance.to(), Counter(to));
        assert_eq!(advance.from().0, greatest.map_or(0, |greatest| to.saturating_sub(greatest)));

        let is_too_far =
            |last: u32| greatest.is_some_and(|greatest| u64::from(to) > u64::from(last) + u64::from(greatest));
        let predicted = if is_too_far(highest) {
            Err(Refusal::StepTooLarge)
        } else if u64::from(to) + u64::from(ReplayWindow::WIDTH) < u64::from(highest) {
            Err(Refusal::BelowWindow)
        } else if accepted.contains(&to) {
            Err(Refusal::Seen)
        } else {
            Ok(())
        };
        let verdict = advance.in_window(window);
        codes::record(&verdict.map_err(Refusal::error));
        assert_eq!(verdict.map(drop), predicted, "{to} with {highest} as the highest");
        if let Ok(next) = verdict {
            window = next;
            accepted.insert(to);
        }
        holds(&window, &accepted);

        let predicted = match () {
            () if to <= last.0 => Err(Refusal::NotIncreased),
            () if is_too_far(last.0) => Err(Refusal::StepTooLarge),
            () => Ok(Counter(to)),
        };
        let in_order = advance.in_order(last);
        codes::record(&in_order.map_err(Refusal::error));
        assert_eq!(in_order, predicted);
        last = in_order.unwrap_or(last);
        // Whoever goes on from the strict order has seen everything up to there.
        let resumed = ReplayWindow::after(last);
        assert_eq!((resumed.highest(), resumed.seen()), (last, u64::MAX));
        assert_eq!(Advance::new(last, None).in_window(resumed), Err(Refusal::Seen));
    }
}

/// The window knows of the 64 counters below the highest which were accepted; below 1 there is none that could be.
fn holds(window: &ReplayWindow, accepted: &BTreeSet<u32>) {
    let highest = *accepted.last().expect("the attestation's at least");
    assert_eq!(window.highest(), Counter(highest));
    for bit in 0..64_u32 {
        let is_seen = highest.checked_sub(1 + bit).is_none_or(|counter| accepted.contains(&counter));
        assert_eq!(window.seen() >> bit & 1 == 1, is_seen, "bit {bit} below {highest}");
    }
    assert_eq!(ReplayWindow::from_trusted_bytes(&window.to_bytes()), Ok(*window));
    assert_eq!(ReplayWindow::from_trusted_parts(window.highest(), window.seen()), Ok(*window));
}

/// Version 1, the highest counter, 64 bits; those that stand for no counter above 0 are set.
fn stored(data: &[u8]) {
    let read = ReplayWindow::from_trusted_bytes(data);
    codes::record(&read);
    let model = data.split_first_chunk().and_then(|(&[version, a, b, c, d], seen)| {
        let (highest, seen) = (u32::from_be_bytes([a, b, c, d]), u64::from_be_bytes(seen.try_into().ok()?));
        let is_set = |bit: u32| seen >> bit & 1 == 1;
        let good = version == 1 && (0..64).all(|bit| is_set(bit) || bit + 1 < highest);
        good.then_some((Counter(highest), seen))
    });
    assert_eq!(read.map(|window| (window.highest(), window.seen())), model.ok_or(Error::StoredWindowMalformed));
    if let Ok(window) = read {
        assert_eq!(window.to_bytes()[..], *data);
    }
}

/// Windows at either end of what can be stored; counters that rise, repeat and overtake each other at every border.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let window = |highest: u32, seen: u64| [&[1][..], &highest.to_be_bytes(), &seen.to_be_bytes()].concat();
    let borders = [0, 1, 2, 62, 63, 64, 65, 66, 127, 128, 255];
    let acts = |step: u8, acts: &[[u8; 2]]| [&[step][..], acts.as_flattened()].concat();
    let mut seeds = vec![
        ReplayWindow::ATTESTED.to_bytes().to_vec(),
        window(0, u64::MAX >> 1),
        window(1, u64::MAX),
        window(1, !1),
        window(2, !1),
        window(64, 1 << 63),
        window(64, 0),
        window(65, 0),
        window(u32::MAX, 0x5A),
    ];
    for border in borders {
        // Up by so much, back by as much and one more and one less, and the same once more.
        seeds.push(acts(
            0,
            &[[0, 200], [0, border], [1, border], [1, border.saturating_sub(1)], [1, border.saturating_add(1)]],
        ));
        seeds.push(acts(border, &[[0, border], [0, border.saturating_add(1)], [1, 1], [2, 0]]));
    }
    seeds.push(acts(0, &[[2, 64], [2, 0], [2, 63], [2, 64], [2, 65], [3, 0], [0, 1]]));
    seeds
}
