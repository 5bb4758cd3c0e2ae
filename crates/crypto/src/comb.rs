//! Prepared points: tables for a signed comb with all teeth.
//!
//! An odd k below 2^L is Σ ±2^i over *all* i from 0 to L − 1, with + where bit i + 1 of k is set and at the top: no digit
//! is zero (Hedabou, Pinel and Bénéteau, 2005). A comb takes these signs in columns (Lim and Lee, CRYPTO '94): w teeth
//! stand d = v·e signs apart, v blocks of e columns lie between two teeth, and for each block the table holds the sums of
//! all teeth under every combination of signs, the highest being +. An even k is served by n − k, which is odd, and −Q.
//!
//! | points | teeth w | blocks v | columns e, P-256 | e, P-384 | additions | doublings |
//! |---:|---:|---:|---:|---:|---:|---:|
//! | 8 | 4 | 1 | 64 | 96 | v·e | e − 1 |
//! | 32 | 6 | 1 | 43 | 64 | | |
//! | 128 | 6 | 4 | 11 | 16 | | |
//! | 512 | 8 | 4 | 8 | 12 | | |

use crate::{
    curve::Curve,
    field::Fe,
    point::{Affine, Jacobian},
    scalar::Scalar,
    words::Words,
};

/// Teeth of all blocks in the largest comb.
const MAX_TEETH: usize = 32;

/// The shape of a comb.
#[derive(Clone, Copy)]
struct Shape {
    teeth: usize,
    blocks: usize,
    columns: usize,
}

impl Shape {
    const fn of(points: usize, bits: u32) -> Self {
        let (teeth, blocks) = match points {
            8 => (4, 1),
            32 => (6, 1),
            128 => (6, 4),
            512 => (8, 4),
            _ => panic!("8, 32, 128 or 512 points"),
        };
        assert!(teeth * blocks <= MAX_TEETH && blocks << (teeth - 1) == points);
        Self { teeth, blocks, columns: (bits as usize).div_ceil(teeth * blocks) }
    }

    /// L, the number of signs.
    const fn signs(self) -> usize {
        self.teeth * self.blocks * self.columns
    }
}

/// A point prepared for being multiplied: 8, 32, 128 or 512 multiples of it.
#[derive(Clone, Debug)]
pub struct Prepared<C: Curve, const POINTS: usize>(pub(crate) [Affine<C>; POINTS]);

/// A scalar in the form that a comb takes: ±k with k odd.
#[derive(Clone, Copy, Debug)]
pub struct Odd<C: Curve> {
    /// k, from 1 to n.
    pub k: C::Words,
    /// Whether the scalar is −k.
    pub negative: bool,
}

impl<C: Curve> Odd<C> {
    /// The one of k and n − k that is odd; n for zero.
    pub fn new(scalar: &Scalar<C>) -> Self {
        if scalar.is_odd() {
            Self { k: scalar.0, negative: false }
        } else {
            Self { k: scalar.complement(), negative: true }
        }
    }
}

impl<C: Curve, const POINTS: usize> Prepared<C, POINTS> {
    const SHAPE: Shape = Shape::of(POINTS, C::BITS);

    /// Table entries of one block.
    const BLOCK: usize = POINTS / Self::SHAPE.blocks;

    /// The columns to go through.
    #[doc(hidden)]
    pub const COLUMNS: usize = Self::SHAPE.columns;

    /// The entries to add in each.
    #[doc(hidden)]
    pub const BLOCKS: usize = Self::SHAPE.blocks;

    /// Computes the table: 192 to 253 or 288 to 372 doublings, up to two affine additions for each entry, and an inversion for
    /// each tooth.
    ///
    /// No addition meets equal or opposite points: each is of two multiples of Q by integers of different size, both less
    /// than 2^(L − e + 1), and Q has the prime order n > 2^(L − e + 2).
    pub(crate) fn new(point: &Affine<C>) -> Self {
        let shape = Self::SHAPE;
        let mut table = [Affine::ZEROS; POINTS];
        let teeth = Self::teeth(point, &mut table);

        // The highest tooth of each block, to which the others are added with either sign, one after the other.
        let (_, highest) = teeth.split_at((shape.teeth - 1) * shape.blocks);
        for (block, tooth) in table.chunks_exact_mut(Self::BLOCK).zip(highest) {
            block[0] = *tooth;
        }
        for (tooth, of_blocks) in teeth.chunks_exact(shape.blocks).take(shape.teeth - 1).enumerate() {
            Self::add_tooth(&mut table, of_blocks, 1 << tooth);
        }
        Self(table)
    }

    /// The length of [`write_to`](Self::write_to) in octets.
    pub const ENCODED_LEN: usize = POINTS * Affine::<C>::ENCODED_LEN;

    /// Writes the table: x and y of each point, each as the words of its Montgomery form, little-endian. The same on every
    /// machine, whatever its words. `None` unless there is room for exactly [`ENCODED_LEN`](Self::ENCODED_LEN) octets.
    #[must_use]
    pub fn write_to(&self, octets: &mut [u8]) -> Option<()> {
        if octets.len() != Self::ENCODED_LEN {
            return None;
        }
        for (octets, point) in octets.chunks_exact_mut(Affine::<C>::ENCODED_LEN).zip(&self.0) {
            point.write_to(octets);
        }
        Some(())
    }

    /// Reads what [`write_to`](Self::write_to) wrote, from a place that nobody else writes to. `None` if it has another
    /// length, or holds what is no point of the curve.
    ///
    /// That the points are the multiples of one key, and of which, only the caller can know.
    #[must_use]
    pub fn from_trusted_bytes(octets: &[u8]) -> Option<Self> {
        if octets.len() != Self::ENCODED_LEN {
            return None;
        }
        let mut table = [Affine::ZEROS; POINTS];
        for (octets, point) in octets.chunks_exact(Affine::<C>::ENCODED_LEN).zip(&mut table) {
            *point = Affine::from_written(octets)?;
        }
        Some(Self(table))
    }

    /// 2^(j·e)·Q for all j below w·v; what is above them is Q. The table lends its room, and is overwritten.
    fn teeth(point: &Affine<C>, room: &mut [Affine<C>; POINTS]) -> [Affine<C>; MAX_TEETH] {
        let shape = Self::SHAPE;
        let mut teeth = [*point; MAX_TEETH];
        let (teeth_but_first, _) = teeth.split_at_mut(shape.teeth * shape.blocks);
        let teeth_but_first = &mut teeth_but_first[1..];

        // Where a tooth's Z goes, and the product of all Z before it: one inversion serves them all (Montgomery's trick).
        let mut power = Jacobian::from_affine(point);
        let mut product = Fe::ONE;
        for (tooth, room) in teeth_but_first.iter_mut().zip(room.iter_mut()) {
            for _ in 0..shape.columns {
                power.double();
            }
            *tooth = Affine { x: power.x, y: power.y }; // Xj, Yj
            *room = Affine { x: product, y: power.z }; //  Z1·Z2 … Z(j − 1), Zj
            product = product.mul(&power.z); //            Z1·Z2 … Zj
        }
        let mut inverse = product.invert();
        for (tooth, room) in teeth_but_first.iter_mut().zip(room.iter()).rev() {
            *tooth = tooth.scaled(&inverse.mul(&room.x)); // Xj/Zj², Yj/Zj³
            inverse = inverse.mul(&room.y); //               1/(Z1·Z2 … Z(j − 1))
        }
        teeth
    }

    /// Puts S − P and S + P in the place of each of the first `sums` sums S of a block, P being the block's tooth.
    ///
    /// Both have one divisor, `x_S − x_P`, and one inversion serves them all (Montgomery's trick).
    fn add_tooth(table: &mut [Affine<C>; POINTS], teeth: &[Affine<C>], sums: usize) {
        let mut product = Fe::ONE;
        for (block, p) in table.chunks_exact_mut(Self::BLOCK).zip(teeth) {
            let Some((minus, plus)) = block.split_at_mut_checked(sums) else { return };
            for (s, room) in minus.iter().zip(plus) {
                room.x = product;
                product = product.mul(&s.x.sub(&p.x));
            }
        }
        let mut inverse = product.invert();
        for (block, p) in table.chunks_exact_mut(Self::BLOCK).zip(teeth).rev() {
            let Some((minus, plus)) = block.split_at_mut_checked(sums) else { return };
            for (minus, plus) in minus.iter_mut().zip(plus).rev() {
                let s = *minus;
                let divided = inverse.mul(&plus.x); //                 1/(x_S − x_P)
                inverse = inverse.mul(&s.x.sub(&p.x));
                *minus = s.chord(p, &s.y.add(&p.y).mul(&divided)); // S − P: λ = (y_S + y_P)/(x_S − x_P)
                *plus = s.chord(p, &s.y.sub(&p.y).mul(&divided)); //  S + P: λ = (y_S − y_P)/(x_S − x_P)
            }
        }
    }

    /// Adds one column of ±k·Q to a sum, whatever that is: one addition for each block. The column is below `COLUMNS`.
    #[inline(always)]
    pub(crate) fn add_column(&self, sum: &mut Jacobian<C>, scalar: &Odd<C>, column: usize) {
        for block in 0..Self::SHAPE.blocks {
            let (place, negative) = Self::place(scalar, block, column);
            sum.add_signed(&self.0[place & (POINTS - 1)], negative);
        }
    }

    /// Where the sum of all teeth of one block and column, each with its sign, is in the table, and whether it is the negative
    /// of what is there. The place is below `POINTS`, for a block below `BLOCKS` and a column below `COLUMNS`.
    #[doc(hidden)]
    #[inline(always)]
    #[must_use]
    pub fn place(scalar: &Odd<C>, block: usize, column: usize) -> (usize, bool) {
        let shape = Self::SHAPE;
        let mut signs = 0;
        for tooth in (0..shape.teeth).rev() {
            let sign = (tooth * shape.blocks + block) * shape.columns + column;
            let positive = sign + 1 == shape.signs() || scalar.k.bit(sign + 1);
            signs = signs << 1 | usize::from(positive);
        }
        // The table holds the half with the highest tooth positive; the other half is its negative.
        let positive = signs & Self::BLOCK != 0;
        let index = if positive { signs } else { !signs } & (Self::BLOCK - 1);
        (block * Self::BLOCK + index, positive == scalar.negative)
    }
}
