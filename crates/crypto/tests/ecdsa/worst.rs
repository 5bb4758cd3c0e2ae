//! What the most expensive input costs, beside a typical one: signatures that are made to meet exceptional cases, or to need as many
//! additions as there can be.
//!
//! Each is verified here; `cargo xtask instructions --worst` runs this under valgrind, counts the instructions of each call of
//! [`measured`], and knows by what is printed which call it was.
#![allow(clippy::many_single_char_names, reason = "as the standards and the crate name them")]

use genuine_crypto::{Invalid, P256, P384, PublicKey, Unverified};
use num_bigint::BigUint;

use crate::common::{
    build::Case,
    curve::Oracle,
    model::{self, PATHS, Path},
    power,
    random::Random,
    small,
};

/// How many typical ones there are for each path.
const TYPICAL: usize = 15;
/// How many collisions.
const COLLISIONS: usize = 24;

/// One verification, from octets.
#[inline(never)]
fn measured(verify: &dyn Fn() -> Result<(), Invalid>) -> bool {
    verify().is_ok()
}

fn any<C: Oracle>(random: &mut Random) -> BigUint {
    random.below(&(C::n() - small(1))) + small(1)
}

/// A number whose non-adjacent form has as many digits as there can be: one in every five places.
fn dense<C: Oracle>() -> BigUint {
    (0..8 * C::OCTETS - 8).step_by(5).map(power).sum()
}

/// u1, u2 and the key d, by what they are for.
fn inputs<C: Oracle>(path: Path, random: &mut Random) -> Vec<(&'static str, [BigUint; 3])> {
    let mut inputs: Vec<_> = (0..TYPICAL).map(|_| ("typical", [(); 3].map(|()| any::<C>(random)))).collect();
    for (kind, u2) in [("collision", any::<C>(random)), ("dense, collision", dense::<C>())] {
        let u1 = any::<C>(random);
        let keys: Vec<_> = model::collisions::<C>(path, &u1, &u2).into_iter().flatten().flatten().collect();
        for d in keys.iter().step_by(keys.len().div_ceil(COLLISIONS)) {
            inputs.push((kind, [u1.clone(), u2.clone(), d.clone()]));
        }
    }
    // The sums of small multiples of the base point meet each other, and infinity, again and again.
    let n = C::n();
    for d in [small(1), n - small(1), small(2), n - small(3)] {
        for u2 in [small(1), small(2), n - small(1), n >> 1_u32, dense::<C>()] {
            for u1 in [u2.clone(), n - &u2, &u2 * &d % n, small(0)] {
                inputs.push(("small multiples", [u1, u2.clone(), d.clone()]));
            }
        }
    }
    // What an inversion finds easiest and hardest is not known; these are the ends.
    for s in [small(1), small(2), n - small(1), n >> 1_u32, power(8 * C::OCTETS - 1)] {
        inputs.push(("edges", [any::<C>(random), s, any::<C>(random)]));
    }
    inputs
}

fn verify<C: Oracle>(path: Path, case: &Case) -> bool {
    let Case { key, digest, signature, .. } = case;
    let plain = PublicKey::<C>::from_be(key).expect("a point");
    macro_rules! prepared {
        ($points:literal) => {{
            let key = Box::new(plain.prepare::<$points>());
            measured(&|| Unverified::new(digest, signature)?.verify_prepared(&key))
        }};
    }
    match path {
        Path::Plain => {
            measured(&|| Unverified::new(digest, signature)?.verify(&PublicKey::<C>::from_be(key).ok_or(Invalid)?))
        }
        Path::Prepared(8) => prepared!(8),
        Path::Prepared(32) => prepared!(32),
        Path::Prepared(128) => prepared!(128),
        Path::Prepared(_) => prepared!(512),
    }
}

fn worst<C: Oracle>(curve: &str, seed: u64) {
    let mut random = Random(seed);
    for path in PATHS {
        for (kind, [u1, u2, d]) in inputs::<C>(path, &mut random) {
            let Some(case) = Case::solve::<C>(&u1, &u2, &d, &mut random) else { continue };
            println!("measured: {curve}, {path:?}: {kind}");
            assert_eq!(verify::<C>(path, &case), case.valid, "{path:?}, {kind}: {case:02x?}");
        }
    }
}

#[test]
fn worst_input() {
    worst::<P256>("P-256", 71);
    worst::<P384>("P-384", 72);
}
