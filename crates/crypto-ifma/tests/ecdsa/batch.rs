//! Batches: each answer is that of its own item, whatever the others are.

use genuine_crypto::Invalid;
use genuine_crypto_ifma::{Item, Key};

use crate::common::{self, Case, Expected, Keys, assert_all, batch, lanes};

/// A case, its key, and what is to come out.
struct Member {
    case: Case,
    keys: Keys,
    valid: bool,
}

impl Member {
    fn new(case: Case) -> Self {
        Self { keys: Keys::new(&case.key), valid: case.is_valid(), case }
    }

    fn expected(&self) -> Expected<'_> {
        Expected { keys: &self.keys, digest: &self.case.digest, signature: &self.case.signature, valid: self.valid }
    }
}

/// Eight that are valid, and eight that are not, each in another way.
fn members() -> (Vec<Member>, Vec<Member>) {
    let good: Vec<_> = (0..8).map(|lane| Case::honest(&format!("lane {lane}"))).collect();
    let bad = good.iter().enumerate().map(|(lane, case)| {
        let mut bad = case.clone();
        match lane {
            0 => bad.signature[..32].fill(0),
            1 => bad.signature[32..].fill(0),
            2 => bad.signature.fill(0xff),
            3 => bad = case.changed(0),
            4 => bad.signature[32..].copy_from_slice(&common::octets(&common::ORDER)),
            5 => bad.key = good[0].key,
            6 => bad = case.changed(400),
            // The sum is infinity: e = −r·d.
            _ => {
                let d = common::random("opposite");
                let u2 = common::random("factor");
                bad = Case::of(&d, &(&*common::ORDER - &u2 * &d % &*common::ORDER), &u2).expect("not zero");
            }
        }
        bad
    });
    let bad: Vec<_> = bad.map(Member::new).collect();
    let good: Vec<_> = good.iter().cloned().map(Member::new).collect();
    assert!(good.iter().all(|member| member.valid) && !bad.iter().any(|member| member.valid));
    (good, bad)
}

/// All 256 ways in which eight signatures are valid or not, each in another order.
#[test]
fn masks() {
    let Some(lanes) = lanes() else { return };
    let (good, bad) = members();
    for mask in 0..256 {
        let order = |index: usize| (index * (2 * (mask % 4) + 1) + mask / 4) % 8;
        let cases: Vec<_> = (0..8)
            .map(order)
            .map(|index| if mask >> index & 1 == 1 { good[index].expected() } else { bad[index].expected() })
            .collect();
        assert_all(lanes, &cases);
    }
}

/// Batches of all lengths, keys of both kinds in turn.
#[test]
fn lengths() {
    let Some(lanes) = lanes() else { return };
    let (good, bad) = members();
    for length in 0..40 {
        for every in 1..4 {
            let cases: Vec<_> = (0..length)
                .map(|index| if index % 3 == 0 { bad[index % 8].expected() } else { good[index * 5 % 8].expected() })
                .collect();
            let mut turn = 0..;
            let kinds: Vec<_> =
                cases.iter().map(|_| turn.next().is_some_and(|turn: usize| turn.is_multiple_of(every))).collect();
            let items: Vec<_> = cases
                .iter()
                .zip(kinds)
                .map(|(case, plain)| Item {
                    key: if plain { Key::Plain(&case.keys.plain) } else { Key::Prepared(&case.keys.of_128) },
                    digest: case.digest,
                    signature: case.signature,
                })
                .collect();
            let mut answers = vec![Ok(()); length];
            lanes.verify_batch(&items, &mut answers);
            let expected: Vec<_> = cases.iter().map(|case| if case.valid { Ok(()) } else { Err(Invalid) }).collect();
            assert_eq!(answers, expected);
        }
    }
}

/// A table of another key accepts nothing: each of eight signatures under each of eight keys.
#[test]
fn keys_of_others() {
    let Some(lanes) = lanes() else { return };
    let (good, _) = members();
    for turn in 0..8 {
        let cases: Vec<_> = (0..8)
            .map(|index| Expected { keys: &good[(index + turn) % 8].keys, valid: turn == 0, ..good[index].expected() })
            .collect();
        assert_all(lanes, &cases);
    }
}

/// More answers than items, and fewer.
#[test]
fn answers() {
    let Some(lanes) = lanes() else { return };
    let (good, _) = members();
    let items: Vec<_> = good
        .iter()
        .map(|member| Item {
            key: Key::<128>::Prepared(&member.keys.of_128),
            digest: &member.case.digest,
            signature: &member.case.signature,
        })
        .collect();
    let mut more = [Ok(()); 12];
    lanes.verify_batch(&items, &mut more);
    assert_eq!(more.iter().filter(|answer| answer.is_ok()).count(), 8);
    assert!(more[8..].iter().all(Result::is_err));
    let mut fewer = [Err(Invalid); 5];
    lanes.verify_batch(&items, &mut fewer);
    assert_eq!(fewer, [Ok(()); 5]);
    lanes.verify_batch::<128>(&[], &mut fewer);
    assert_eq!(fewer, [Err(Invalid); 5]);
}

/// The same item in every lane.
#[test]
fn the_same_eight_times() {
    let Some(lanes) = lanes() else { return };
    let (good, bad) = members();
    for member in good.iter().chain(&bad) {
        let cases: Vec<_> = (0..8).map(|_| member.expected()).collect();
        assert_eq!(batch(lanes, &cases, |keys| Key::Prepared(&keys.of_128)), [member.valid; 8]);
    }
}
