//! One verification with a prepared key, spread over the lanes: the first four take the blocks of the key's comb, and the
//! others those of the base point's.
//!
//! A lane sums what one block adds, and the lanes are summed at the end, in three complete additions.
//!
//! No addition in a lane meets equal or opposite points. Lane b adds s·Q to 2·a·Q, both times 2^(b·e), for a comb of v blocks of e
//! columns. s is odd, so that 2·a ± s is odd, and it is less than 2^(L − (v − 1)·e + 1) in size, at most 2^233: no multiple of n.

use core::{arch::x86_64::__mmask8, array};

use genuine_crypto::{
    Base, BasePoint as _, P256, Prepared,
    arithmetic::{Affine, Odd},
};

use super::{
    comb::{Places, load},
    point::{Point, Sum},
};

/// The blocks of a comb that can be spread.
const BLOCKS: usize = 4;

/// The lanes of the base point.
const OF_BASE: __mmask8 = 0xf0;

/// Whether a table can be spread.
pub(crate) const fn fits<const POINTS: usize>() -> bool {
    Prepared::<P256, POINTS>::BLOCKS == BLOCKS && Base::<P256>::BLOCKS == BLOCKS
}

/// One factor and its table.
struct Half<'a, const POINTS: usize> {
    table: &'a Prepared<P256, POINTS>,
    places: Places,
}

impl<'a, const POINTS: usize> Half<'a, POINTS> {
    const COLUMNS: usize = Prepared::<P256, POINTS>::COLUMNS;

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn new(table: &'a Prepared<P256, POINTS>, scalar: Odd<P256>) -> Self {
        Self { table, places: Places::new::<POINTS>(&[scalar; 8]) }
    }

    /// What the blocks add in a column, or in the highest column for those that are not there.
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn column(&self, column: usize) -> ([&'a Affine<P256>; BLOCKS], __mmask8) {
        let column = usize::min(column, Self::COLUMNS - 1);
        let points = array::from_fn(|block| self.places.point(self.table, block, column, 0));
        let negative =
            (0..BLOCKS).fold(0, |mask, block| mask | self.places.opposite(block * Self::COLUMNS + column) & 1 << block);
        (points, negative)
    }
}

/// u1·G + u2·Q, in all lanes.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline(never)]
pub(crate) fn sum<const POINTS: usize>(u1: Odd<P256>, key: &Prepared<P256, POINTS>, u2: Odd<P256>) -> Point {
    let of_key = Half::new(key, u2);
    let of_base = Half::new(P256::table(), u1);
    let column = |column: usize| {
        let ([k0, k1, k2, k3], key_negative) = of_key.column(column);
        let ([b0, b1, b2, b3], base_negative) = of_base.column(column);
        load([k0, k1, k2, k3, b0, b1, b2, b3], key_negative | base_negative << BLOCKS)
    };
    let (highest, base_columns) = (Prepared::<P256, POINTS>::COLUMNS - 1, Base::<P256>::COLUMNS);
    const { assert!(Prepared::<P256, POINTS>::COLUMNS >= Base::<P256>::COLUMNS, "the base point starts last") };
    let mut sum = Sum::of(&column(highest));
    for index in (0..highest).rev() {
        let entry = column(index);
        sum.double();
        sum.add(&entry);
        // Each column has changed the sign twice. The base point has fewer columns and starts later, and what its lanes had until then is nothing.
        if index + 1 == base_columns {
            sum.restart(OF_BASE, &entry);
        }
    }
    let sum = sum.point();
    let sum = sum.add(&sum.swapped(1));
    let sum = sum.add(&sum.swapped(2));
    sum.add(&sum.swapped(4))
}
