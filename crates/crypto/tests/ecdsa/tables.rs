//! Every entry of every table is the sum of the powers of two that its place means, for random keys, for small multiples
//! of the base point and their opposites; and so are the tables that the build computes.

use std::collections::HashSet;

use genuine_crypto::{BasePoint, P256, P384, Prepared, PublicKey, arithmetic::entries};
use num_bigint::BigUint;
use p256::elliptic_curve::Group as _;

use crate::common::{
    curve::{self, Oracle},
    model, octets,
    random::Random,
    small,
};

/// All entries, from teeth that the other library doubles and adds; the first and the last also from its own integer.
fn check<C: Oracle, const POINTS: usize>(point: &C::Point, table: &Prepared<C, POINTS>) {
    let (teeth, blocks, columns) = model::shape(POINTS, 8 * C::OCTETS);
    let mut power = *point;
    let mut powers = Vec::new();
    for _ in 0..teeth * blocks {
        powers.push(power);
        for _ in 0..columns {
            power = power.double();
        }
    }
    let per_block = POINTS / blocks;
    let sums: Vec<_> = (0..POINTS)
        .map(|index| {
            let (block, signs) = (index / per_block, index % per_block);
            (0..teeth)
                .map(|tooth| {
                    let power = powers[tooth * blocks + block];
                    if tooth == teeth - 1 || signs >> tooth & 1 == 1 { power } else { -power }
                })
                .sum::<C::Point>()
        })
        .collect();
    for index in [0, POINTS / 3, POINTS - 1] {
        // Its highest term is positive, and so is the sum.
        let multiple = model::entry(POINTS, 8 * C::OCTETS, index).to_biguint().unwrap();
        assert_eq!(sums[index], *point * C::scalar(&(multiple % C::n())));
    }
    let expected = C::write_all(&sums);
    for (index, (entry, expected)) in entries(table).iter().zip(&expected).enumerate() {
        assert_eq!(curve::coordinates::<C>(entry), *expected, "entry {index} of {POINTS}");
    }
}

fn tables<C: Oracle>(seed: u64, small_up_to: u32) {
    let mut random = Random(seed);
    let n = C::n();
    let mut multiples: Vec<_> = (1..=small_up_to).flat_map(|k| [small(k), n - small(k)]).collect();
    let half: BigUint = n >> 1_u32;
    multiples.extend([half.clone(), half + small(1)]);
    multiples.extend((0..4).map(|_| random.below(n)));
    // Keys that are entries of the base point's tables.
    for points in [8, 32, 128, 512] {
        let entry = model::entry(points, 8 * C::OCTETS, random.index(points));
        multiples.push(entry.to_biguint().unwrap() % n);
    }
    for multiple in multiples {
        let point = C::base(&multiple);
        let key = PublicKey::<C>::from_be(&C::write(&point).unwrap()).unwrap();
        check::<C, 8>(&point, &key.prepare());
        check::<C, 32>(&point, &key.prepare());
        check::<C, 128>(&point, &key.prepare());
        check::<C, 512>(&point, &key.prepare());
    }
}

/// The table of the base point, which has as many points as the target's words are given.
fn base<C: Oracle, const POINTS: usize>(table: &Prepared<C, POINTS>) {
    check::<C, POINTS>(&C::Point::generator(), table);
    // No entry is another's equal or opposite, so a column's sum tells its signs.
    let different: HashSet<_> = entries(table).iter().map(|entry| octets(&curve::value::<C>(&entry.x), 64)).collect();
    assert_eq!(different.len(), POINTS);
}

fn little_endian(number: &BigUint, length: usize) -> Vec<u8> {
    octets(number, length).into_iter().rev().collect()
}

/// A table as octets: the numbers x·2^W and y·2^W modulo p, little-endian, whatever the machine's words; and nothing else is
/// read.
fn encoded<C: Oracle, const POINTS: usize>(seed: u64) {
    let mut random = Random(seed);
    let point = C::base(&random.below(C::n()));
    let table: Prepared<C, POINTS> = PublicKey::from_be(&C::write(&point).unwrap()).unwrap().prepare();
    let mut written = vec![0; Prepared::<C, POINTS>::ENCODED_LEN];
    assert_eq!(written.len(), POINTS * 2 * C::OCTETS);
    table.write_to(&mut written).expect("room");
    let number =
        |coordinate: &[u8]| little_endian(&(BigUint::from_bytes_be(coordinate) * C::limit() % C::p()), C::OCTETS);
    let expected: Vec<_> = entries(&table)
        .iter()
        .flat_map(|entry| curve::coordinates::<C>(entry).chunks(C::OCTETS).flat_map(number).collect::<Vec<_>>())
        .collect();
    assert_eq!(written, expected);
    let read = |octets: &[u8]| Prepared::<C, POINTS>::from_trusted_bytes(octets);
    check::<C, POINTS>(&point, &read(&written).expect("just written"));

    let mut room = [&written[..], &[0]].concat();
    assert!(table.write_to(&mut room).is_none() && table.write_to(&mut room[2..]).is_none());
    assert!(read(&room).is_none() && read(&written[1..]).is_none() && read(&[]).is_none());
    for at in (0..written.len()).step_by(C::OCTETS / 2 - 1) {
        let mut changed = written.clone();
        changed[at] ^= 1 << random.index(8);
        assert!(read(&changed).is_none(), "octet {at}");
    }
    // Points whose x or y is held as a small number, and the same with p more.
    let unit = C::limit().modinv(C::p()).unwrap();
    let held_x = (1..).map(small).find_map(|held| {
        let point = C::lift(&(&held * &unit % C::p()))?;
        Some((held, C::write(&point).unwrap()))
    });
    let held_y = (1..).map(small).find_map(|held| {
        let y = &held * &unit % C::p();
        let x = C::all_x_of(&y).pop()?;
        Some((held, [octets(&x, C::OCTETS), octets(&y, C::OCTETS)].concat()))
    });
    for (held, from) in [(held_x, 0), (held_y, C::OCTETS)] {
        let (held, point) = held.expect("half of all numbers are of a point");
        let mut changed = written.clone();
        for (octets, coordinate) in changed.chunks_mut(C::OCTETS).zip(point.chunks(C::OCTETS)) {
            octets.copy_from_slice(&number(coordinate));
        }
        assert!(read(&changed).is_some());
        changed[from..from + C::OCTETS].copy_from_slice(&little_endian(&(held + C::p()), C::OCTETS));
        assert!(read(&changed).is_none());
    }
}

#[test]
fn encoded_p256() {
    encoded::<P256, 8>(53);
    encoded::<P256, 32>(54);
    encoded::<P256, 128>(55);
    encoded::<P256, 512>(56);
}

#[test]
fn encoded_p384() {
    encoded::<P384, 8>(57);
    encoded::<P384, 32>(58);
    encoded::<P384, 128>(59);
    encoded::<P384, 512>(60);
}

#[test]
fn tables_p256() {
    tables::<P256>(51, 20);
}

#[test]
fn tables_p384() {
    tables::<P384>(52, 6);
}

#[test]
fn base_p256() {
    base::<P256, _>(P256::table());
}

#[test]
fn base_p384() {
    base::<P384, _>(P384::table());
}
