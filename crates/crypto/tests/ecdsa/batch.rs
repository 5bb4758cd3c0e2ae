//! What a batch computes for each signature is what is computed for it alone, whatever the others are.

use genuine_crypto::{BATCH, P256, P384, PublicKey, Unverified};
use num_bigint::BigUint;

use crate::common::{build::Case, curve::Oracle, octets, paths::numbers, random::Random, small};

/// Eight good ones, s = 1 and s = n − 1 among them, and eight out of range, each in another way.
fn signatures<C: Oracle>(random: &mut Random) -> [Vec<Case>; 2] {
    let (n, one) = (C::n(), small(1));
    let mut any = |limit: &BigUint| random.below(&(limit - &one)) + &one;
    let mut good = Vec::new();
    for i in 0..BATCH {
        let (u1, d) = (any(n), any(n));
        let s = match i {
            0 => one.clone(),
            1 => n - &one,
            _ => any(n),
        };
        // u2 = r/s needs the point, which needs u2: so the point is chosen, and the key solved for.
        let point = C::base(&d);
        let r = BigUint::from_bytes_be(&C::write(&point).unwrap()[..C::OCTETS]) % n;
        let u2 = &r * C::inverse(&s) % n;
        good.push(Case::with_sum::<C>(point, &r, &u1, &u2, true).expect("nothing is zero"));
    }
    let zero = vec![0; C::OCTETS];
    let all = vec![0xFF; C::OCTETS];
    let order = octets(n, C::OCTETS);
    let bad = good.iter().enumerate().map(|(i, case)| {
        let (r, s) = case.signature.split_at(C::OCTETS);
        let signature = match i {
            0 => [&zero[..], s],
            1 => [r, &zero],
            2 => [&order, s],
            3 => [r, &order],
            4 => [&all, s],
            5 => [r, &all],
            6 => [r, &s[1..]],
            _ => [&zero[..], &zero],
        };
        Case { signature: signature.concat(), valid: false, ..case.clone() }
    });
    [good.clone(), bad.collect()]
}

fn batches<C: Oracle>(seed: u64) {
    let mut random = Random(seed);
    let [good, bad] = signatures::<C>(&mut random);
    // All masks, and all rotations of what they choose.
    for mask in 0..1_usize << BATCH {
        let turn = random.index(BATCH);
        let cases: Vec<_> = (0..BATCH)
            .map(|lane| (lane + turn) % BATCH)
            .map(|lane| if mask >> lane & 1 == 1 { &good[lane] } else { &bad[lane] })
            .collect();
        check::<C>(&cases);
    }
    // Shorter and longer ones: what is not there is refused.
    for length in 0..=BATCH + 2 {
        let cases: Vec<_> = good.iter().chain(&bad).take(length).collect();
        check::<C>(&cases);
    }
    // The same eight times.
    for case in good.iter().chain(&bad) {
        check::<C>(&[case; BATCH]);
    }
}

fn check<C: Oracle>(cases: &[&Case]) {
    let pairs: Vec<_> = cases.iter().map(|case| (&case.digest[..], &case.signature[..])).collect();
    let batch = Unverified::<C>::batch(&pairs);
    for (lane, signed) in batch.iter().enumerate() {
        let Some(case) = cases.get(lane) else {
            assert!(signed.is_err(), "nothing there");
            continue;
        };
        assert_eq!(numbers(signed), numbers(&Unverified::new(&case.digest, &case.signature)));
        let key = PublicKey::<C>::from_be(&case.key).expect("a point");
        assert_eq!(signed.is_ok_and(|signed| signed.verify(&key).is_ok()), case.valid, "lane {lane}");
    }
}

#[test]
fn batches_p256() {
    batches::<P256>(71);
}

#[test]
fn batches_p384() {
    batches::<P384>(72);
}
