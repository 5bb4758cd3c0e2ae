//! Points whose coordinates are held as extreme numbers, which nobody meets who does not look for them: as the key, as an
//! entry of its table and as the sum, against `p256`, `p384`, aws-lc and the text of FIPS 186-5.

use genuine_crypto::{P256, P384, Prepared, arithmetic::entries};
use num_bigint::{BigInt, BigUint};

use crate::common::{
    build::Case,
    curve::{self, Oracle},
    extreme, model,
    paths::{Keys, assert_agreed, assert_paths},
    random::Random,
    small,
};

/// The points whose x, and whose y, is held as an extreme number, as far as there are such; one in so many of the latter, which
/// take longest to find.
fn points<C: Oracle>(every: usize) -> [Vec<C::Point>; 2] {
    let (p, limit) = (C::p(), C::limit());
    let unit = limit.modinv(p).expect("a prime");
    let held = extreme::numbers(p, 8 * C::OCTETS as u64);
    let values: Vec<_> = held.iter().map(|held| held * &unit % p).collect();
    let of_x = values.iter().filter_map(C::lift);
    let of_y = values.iter().step_by(every).filter_map(|y| {
        let x = C::all_x_of(y).pop()?;
        let point = C::lift(&x)?;
        Some(if C::coordinates(&point)[1] == *y { point } else { -point })
    });
    [of_x.collect(), of_y.collect()]
}

/// An odd number with which the comb takes this entry in its last column.
fn taking<C: Oracle>(points: usize, index: usize, random: &mut Random) -> BigUint {
    let (teeth, blocks, columns) = model::shape(points, 8 * C::OCTETS);
    let (block, signs) = (index >> (teeth - 1), index & ((1 << (teeth - 1)) - 1));
    loop {
        let mut k = random.below(C::n());
        k.set_bit(0, true);
        for tooth in 0..teeth {
            let above = (tooth * blocks + block) * columns + 1;
            k.set_bit(above as u64, tooth == teeth - 1 || signs >> tooth & 1 == 1);
        }
        if k < *C::n() {
            return k;
        }
    }
}

/// u1·G + u2·Q for a random u1 is accepted, its x being that of the other library's sum, and after a change it is not.
fn multiplied<C: Oracle>(key: &C::Point, u2: &BigUint, random: &mut Random) {
    let u1 = random.below(C::n());
    let [x, _] = C::coordinates(&(C::base(&u1) + *key * C::scalar(u2)));
    let octets = C::write(key).expect("not infinity");
    let case = Case::with_r::<C>(octets, &(x % C::n()), &u1, u2, true).expect("nothing is zero");
    let keys = Keys::<C>::new(&case.key).expect("a point");
    assert!(C::by_aws_lc(&case.key, &case.digest, &case.signature).is_none_or(|valid| valid));
    assert_paths(&keys, &case);
    let mut wrong = Case { valid: false, ..case };
    wrong.digest[0] ^= 1;
    assert_paths(&keys, &wrong);
}

/// A table that has the point as this entry, also once it was stored, and a multiplication that takes it from there.
fn entry<C: Oracle, const POINTS: usize>(point: &C::Point, index: usize, random: &mut Random) {
    let n = BigInt::from(C::n().clone());
    let index = index % POINTS;
    let multiple = ((model::entry(POINTS, 8 * C::OCTETS, index) % &n + &n) % n).to_biguint().expect("not negative");
    let key = *point * C::scalar(&C::inverse(&multiple));
    let octets = C::write(&key).expect("not infinity");
    let table: Prepared<C, POINTS> = genuine_crypto::PublicKey::from_be(&octets).expect("a point").prepare();
    let mut stored = vec![0; Prepared::<C, POINTS>::ENCODED_LEN];
    table.write_to(&mut stored).expect("room");
    let read = Prepared::from_trusted_bytes(&stored).expect("just written");
    for table in [&table, &read] {
        assert_eq!(Some(curve::coordinates::<C>(&entries(table)[index])), C::write(point));
    }
    multiplied::<C>(&key, &taking::<C>(POINTS, index, random), random);
}

fn extremes<C: Oracle>(seed: u64, every: usize) {
    let mut random = Random(seed);
    let of_each = points::<C>(every);
    println!("{}: {} of x, {} of y", std::any::type_name::<C>(), of_each[0].len(), of_each[1].len());
    assert!(of_each.iter().all(|points| points.len() > 20));
    for (index, point) in of_each.concat().iter().enumerate() {
        let any = random.below(C::n());
        multiplied::<C>(point, &any, &mut random);

        // An odd multiple of a key that is not prepared: with u2 = ±m there is no other digit.
        let multiple = small(2 * u32::try_from(index % 8).expect("small") + 1);
        let u2 = if index / 8 % 2 == 0 { multiple.clone() } else { C::n() - &multiple };
        multiplied::<C>(&(*point * C::scalar(&C::inverse(&multiple))), &u2, &mut random);

        entry::<C, 8>(point, index, &mut random);
        entry::<C, 32>(point, 7 * index, &mut random);
        entry::<C, 128>(point, 37 * index, &mut random);
        entry::<C, 512>(point, 101 * index, &mut random);

        let [x, _] = C::coordinates(point);
        let r = x % C::n();
        let [u1, u2] = [(); 2].map(|()| random.below(C::n()));
        if let Some(case) = Case::with_sum::<C>(*point, &r, &u1, &u2, r != BigUint::ZERO) {
            assert_agreed::<C>(&Keys::new(&case.key).expect("a point"), &case);
        }
    }
}

#[test]
fn extremes_p256() {
    extremes::<P256>(81, 1);
}

#[test]
fn extremes_p384() {
    extremes::<P384>(82, 4);
}
