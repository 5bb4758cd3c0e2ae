//! Signatures for which an addition is exceptional, or a comparison rare, on every path and against p256.

use num_bigint::{BigInt, BigUint};
use p256::elliptic_curve::point::AffineCoordinates as _;

use crate::common::{
    self, Case, ORDER, PRIME, assert_agreed, exceptional, extreme, inverse, lanes, lift, points_at, random,
};

/// Teeth, blocks and columns of a comb for P-256.
const COMBS: [(usize, usize, usize); 4] = [(4, 1, 64), (6, 1, 43), (6, 4, 11), (8, 4, 8)];

/// The scalars that an attacker would choose, both of each pair k and n − k.
fn scalars() -> Vec<BigUint> {
    let mut scalars: Vec<BigUint> = (1_u8..=3).chain([15, 16, 17, 31, 33]).map(BigUint::from).collect();
    scalars.push((&*ORDER - 1_u8) / 2_u8);
    scalars.extend([64, 128, 253, 255].map(|exponent| BigUint::from(1_u8) << exponent));
    scalars.extend(in_combs().into_iter().flatten());
    scalars.extend(when_spread().into_iter().flatten());
    scalars.push(random("a scalar"));
    scalars.iter().flat_map(|k| [k.clone(), &*ORDER - k]).collect()
}

/// Per comb, the scalars below n for which the addition of the last block in the last column meets equal points: it adds s to k − s,
/// and 2·s ≡ k.
fn in_combs() -> [Vec<BigUint>; 4] {
    COMBS.map(|(teeth, blocks, columns)| {
        let terms: Vec<_> = (0..teeth).map(|tooth| ((tooth * blocks + blocks - 1) * columns, 2)).collect();
        exceptional(&terms, teeth * blocks * columns - 1, &BigInt::from(ORDER.clone()))
    })
}

/// Per comb of four blocks, the scalars for which the sum of the first two is that of the last two, modulo n.
fn when_spread() -> [Vec<BigUint>; 2] {
    [COMBS[2], COMBS[3]].map(|(teeth, blocks, columns)| {
        let half = blocks * columns / 2;
        let terms: Vec<_> =
            (0..teeth).flat_map(|tooth| (0..half).map(move |i| ((2 * tooth + 1) * half + i, 2))).collect();
        let order = BigInt::from(ORDER.clone());
        [&order, &-&order].map(|target| exceptional(&terms, teeth * blocks * columns - 1, target)).concat()
    })
}

/// In the last column of a comb, and nowhere else, an addition can meet equal or opposite points: only if it is the last one, and
/// for one scalar but n. Before it, all is right without a test.
#[test]
fn only_the_last_addition_is_exceptional() {
    for (teeth, blocks, columns) in COMBS {
        let signs = teeth * blocks * columns;
        for block in 0..blocks {
            // The sum is k without the blocks from this one on. It is exceptional if k − later ≡ 0 or k − later − 2·this ≡ 0.
            for factor in [0, 2] {
                let mut terms: Vec<_> = (0..teeth)
                    .flat_map(|tooth| (block..blocks).map(move |later| (tooth, later)))
                    .map(|(tooth, later)| ((tooth * blocks + later) * columns, if later == block { factor } else { 1 }))
                    .filter(|&(_, factor)| factor != 0)
                    .collect();
                terms.sort_unstable();
                for target in [BigInt::from(ORDER.clone()), -BigInt::from(ORDER.clone())] {
                    let found = if terms.is_empty() { Vec::new() } else { exceptional(&terms, signs - 1, &target) };
                    let last = block + 1 == blocks && factor == 2 && target > BigInt::ZERO;
                    assert!(found.len() <= usize::from(last && blocks > 1), "{teeth} teeth, block {block}, {found:x?}");
                }
            }
        }
    }
    assert_eq!(in_combs().map(|scalars| scalars.len()), [0, 0, 1, 1]);
    assert_eq!(when_spread().map(|scalars| scalars.len()), [1, 1]);
}

/// All pairs of such scalars, with keys that are small multiples, and with one that makes the two products equal, opposite, or double
/// of each other.
#[test]
fn chosen_scalars() {
    let Some(lanes) = lanes() else { return };
    let scalars = scalars();
    let mut cases = Vec::new();
    for (i, u1) in [BigUint::ZERO].iter().chain(&scalars).enumerate() {
        for (j, u2) in scalars.iter().enumerate() {
            let ratio = u1 * inverse(u2) % &*ORDER;
            let keys = [
                ratio.clone(),
                &*ORDER - &ratio,
                ratio * 2_u8 % &*ORDER,
                BigUint::from(1_u8),
                &*ORDER - 1_u8,
                random(&format!("key {i} {j}")),
            ];
            cases.extend(
                keys.iter()
                    .filter_map(|d| Case::of(d, u1, u2))
                    .enumerate()
                    .filter(|(k, _)| (i + 2 * j + k) % 5 == 0 || i == 0)
                    .map(|(_, case)| case),
            );
        }
    }
    assert!(cases.len() > 1000 && cases.iter().filter(|case| case.is_valid()).count() > 900);
    assert_agreed(lanes, &cases);
}

/// x-coordinates of n and above, for which r is x − n, and r for which both are points of the curve.
#[test]
fn two_candidates_for_x() {
    let Some(lanes) = lanes() else { return };
    let mut cases = Vec::new();
    let most = &*PRIME - &*ORDER;
    let starts = [BigUint::from(1_u8), &most - 40_u8, &most / 2_u8];
    for (index, r) in starts.iter().flat_map(|start| (0..80_u8).map(move |more| start + more)).enumerate() {
        let [u1, u2] = ["u1", "u2"].map(|name| random(&format!("{name} {index}")));
        let above = &r + &*ORDER;
        let points = [lift(&r), if above < *PRIME { lift(&above) } else { None }];
        cases.extend(points.into_iter().flatten().filter_map(|sum| Case::with_sum(sum, &r, &u1, &u2)));
        // Valid for another r only.
        cases.extend(lift(&(&r + 1_u8)).and_then(|sum| Case::with_sum(sum, &r, &u1, &u2)));
        // Valid if r + n could be taken modulo p.
        let wrapped = &r + &most;
        cases.extend(lift(&r).and_then(|sum| Case::with_sum(sum, &wrapped, &u1, &u2)));
    }
    let valid = cases.iter().filter(|case| case.is_valid()).count();
    assert!(valid > 200 && cases.len() - valid > 200, "{valid} of {}", cases.len());
    assert_agreed(lanes, &cases);
}

/// Points whose x or y is held as an extreme number, times 2^256 as in tables or times 2^260 as in lanes: as the key, as each odd
/// multiple in a window's table, as an entry of each comb, and as the sum.
#[test]
fn extreme_coordinates() {
    let Some(lanes) = lanes() else { return };
    let held = extreme::numbers(&PRIME, 256);
    let unit = |exponent: u32| (BigUint::from(1_u8) << exponent).modinv(&PRIME).expect("a prime");
    let mut cases = Vec::new();
    for unit in [unit(256), unit(260)] {
        let numbers: Vec<_> = held.iter().map(|held| held * &unit % &*PRIME).collect();
        let of_each = points_at(&numbers);
        assert!(of_each.iter().all(|points| points.len() > 50));
        for (index, point) in of_each.concat().into_iter().enumerate() {
            let [u1, u2] = ["u1", "u2"].map(|name| random(&format!("{name} {index} {}", cases.len())));
            // Among the 64 digits of u2, some take the multiple.
            let m = BigUint::from(2 * (index % 8) + 1);
            let m = if index / 8 % 2 == 0 { m } else { &*ORDER - m };
            cases.extend(Case::of_part(point, &BigUint::from(1_u8), &u1, &u2));
            cases.extend(Case::of_part(point, &m, &u1, &u2));
            let (teeth, blocks, columns) = COMBS[index % 4];
            let (entry, u2) = entry(teeth, blocks, columns, index / 4, &u2);
            cases.extend(Case::of_part(point, &entry, &u1, &u2));
            let r = BigUint::from_bytes_be(&point.to_affine().x()) % &*ORDER;
            cases.extend(Some(r).filter(|r| *r != BigUint::ZERO).and_then(|r| Case::with_sum(point, &r, &u1, &u2)));
        }
    }
    assert!(cases.iter().all(Case::is_valid));
    assert_agreed(lanes, &cases);
}

/// The multiple that an entry of a comb is, modulo n, and an odd number with which the comb takes it in its last column, of the bits
/// of another number.
fn entry(teeth: usize, blocks: usize, columns: usize, index: usize, bits: &BigUint) -> (BigUint, BigUint) {
    let (block, signs) = (index % blocks, index / blocks);
    let mut multiple = BigUint::ZERO;
    let mut k = bits.clone();
    k.set_bit(0, true);
    // Below n, and no sign that matters is so high.
    k.set_bit(255, false);
    for tooth in 0..teeth {
        let place = (tooth * blocks + block) * columns;
        let positive = tooth == teeth - 1 || signs >> tooth & 1 == 1;
        let term = BigUint::from(1_u8) << place;
        multiple = if positive { multiple + term } else { multiple + &*ORDER * 2_u8 - term } % &*ORDER;
        k.set_bit(place as u64 + 1, positive);
    }
    (multiple, k)
}

/// Honest signatures, and each with a bit changed.
#[test]
fn honest_and_changed() {
    let Some(lanes) = lanes() else { return };
    let honest: Vec<_> = (0..400).map(|index| Case::honest(&format!("honest {index}"))).collect();
    assert!(honest.iter().all(Case::is_valid));
    let changed: Vec<_> = honest.iter().zip(0..).map(|(case, index)| case.changed(11 * index)).collect();
    assert!(!changed.iter().any(Case::is_valid));
    let mixed: Vec<_> = honest.into_iter().zip(changed).flat_map(|(honest, changed)| [honest, changed]).collect();
    assert_agreed(lanes, &mixed);
}

/// r and s that are out of range, and digests at the ends of theirs.
#[test]
fn ranges() {
    let Some(lanes) = lanes() else { return };
    let case = Case::honest("range");
    let numbers = [
        BigUint::ZERO,
        BigUint::from(1_u8),
        &*ORDER - 1_u8,
        ORDER.clone(),
        &*ORDER + 1_u8,
        (BigUint::from(1_u8) << 256) - 1_u8,
    ];
    let mut cases = vec![case.clone()];
    for number in numbers.iter().map(common::octets) {
        for half in [0, 32] {
            let mut signature = case.signature;
            signature[half..half + 32].copy_from_slice(&number);
            cases.push(Case { signature, ..case.clone() });
        }
        cases.push(Case { digest: number, ..case.clone() });
    }
    assert_agreed(lanes, &cases);
}
