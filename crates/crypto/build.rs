//! Computes the multiples of the base points, with the crate's own modules: `base.rs` in the output directory. DESIGN.md says why
//! they are no constants.

#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    reason = "the build needs a part of the crate"
)]

use std::{env, fmt::Write as _, fs, path::Path};

#[path = "src/comb.rs"]
mod comb;
#[path = "src/curve.rs"]
mod curve;
#[path = "src/field.rs"]
mod field;
#[path = "src/inverse.rs"]
mod inverse;
#[path = "src/point.rs"]
mod point;
#[cfg_attr(target_pointer_width = "64", path = "src/reduce64.rs")]
#[cfg_attr(not(target_pointer_width = "64"), path = "src/reduce32.rs")]
mod reduce;
#[path = "src/scalar.rs"]
mod scalar;
#[path = "src/word.rs"]
mod word;
#[path = "src/words.rs"]
mod words;

use comb::Prepared;
use curve::{Curve, P256, P384};
use point::Affine;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src");
    let width = env::var("CARGO_CFG_TARGET_POINTER_WIDTH").expect("cargo sets the width of the target");
    let tables = if width == "64" {
        table::<P256, 512>("P256", 64) + &table::<P384, 512>("P384", 64)
    } else if env::var_os("CARGO_FEATURE_COMPACT").is_some() {
        table::<P256, 8>("P256", 32) + &table::<P384, 8>("P384", 32)
    } else {
        table::<P256, 32>("P256", 32) + &table::<P384, 32>("P384", 32)
    };
    let directory = env::var("OUT_DIR").expect("cargo sets the output directory");
    fs::write(Path::new(&directory).join("base.rs"), tables).expect("the output directory can be written to");
}

/// Montgomery form is the same number in words of either size, so it only has to be split for the target's.
fn table<C: Curve, const POINTS: usize>(name: &str, target_bits: u32) -> String {
    let mut text = format!("#[allow(clippy::unreadable_literal)]\nstatic {name}_BASE: Base<{name}> = Prepared([\n");
    for point in Prepared::<C, POINTS>::new(&Affine::GENERATOR).0 {
        let coordinate = |element: field::Fe<C>| {
            let octets = element.0.as_ref().iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>();
            let words = octets.chunks_exact(target_bits as usize / 8).map(|word| {
                word.iter().rev().fold("0x".to_owned(), |mut digits, octet| {
                    write!(digits, "{octet:02x}").expect("a string takes everything");
                    digits
                })
            });
            words.collect::<Vec<_>>().join(", ")
        };
        let (x, y) = (coordinate(point.x), coordinate(point.y));
        writeln!(text, "Affine {{ x: Fe([{x}]), y: Fe([{y}]) }},").expect("a string takes everything");
    }
    text + "]);\n"
}
