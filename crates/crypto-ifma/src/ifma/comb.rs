//! Multiples of prepared points, by the comb of `genuine-crypto`: eight of them, each lane with its own table and scalar.
//!
//! k is Σ ±2^i over L signs. Column c takes those with i ≡ c modulo e, from the highest column on, and block b adds its part s of
//! them, which is 2^(b·e) times an odd number and less than 2^(L − e + 1) in size. So a sum a·Q is doubled and then meets s·Q of
//! block 0, with s odd and 2·a even, and then those of the other blocks, with s even and a odd: a ± s is odd. Let
//! S < 1.01·2^(L − e) be the most that a column adds. In the columns but the last, the sum after a column differs from a half of k,
//! or less of it, by less than S; and a ± s differs from that sum by at most 2·S. So it is less than n/2 + 3·S < n in size, for
//! L − e is at most 253: no multiple of n, and the points are neither equal nor opposite.
//!
//! In the last column it is less than 2·n, and ±n has to be looked at. That signs are bits of k leaves a few candidates, which a
//! test goes through (`tests/ecdsa/cases.rs`): k = n, which is the scalar 0, and one other k for each comb of four blocks. Both
//! are met in the very last addition, and that is the complete one.

use core::{
    arch::x86_64::{
        __m512i, __mmask8, _MM_HINT_T0, _mm_prefetch, _mm512_and_si512, _mm512_andnot_si512, _mm512_or_si512,
        _mm512_set1_epi64, _mm512_setzero_si512, _mm512_slli_epi64, _mm512_sub_epi64, _mm512_test_epi64_mask,
        _mm512_xor_si512,
    },
    array,
};

use genuine_crypto::{
    P256, Prepared,
    arithmetic::{Affine, Odd, entries},
};

use super::{
    lanes::{Eight, from_lanes, left, mask, right, to_lanes, transpose},
    point::{Entry, Point, Sum},
    words::{WORDS, rows, to_limbs},
};

/// Where a comb finds what it adds, for eight scalars: what [`Prepared::place`] says, for all blocks and columns at once.
///
/// Position j is block j/e and column j mod e. Teeth are v·e positions apart, at most 64.
pub(crate) struct Places {
    /// The place in the block: position j in octet j mod 8 of group j/8.
    in_block: [Eight<u64>; 8],
    /// 1 where the opposite point is meant, in the same octets.
    opposite: [__m512i; 8],
    /// The lanes whose scalar is negative.
    negative: __mmask8,
}

/// The same octet everywhere.
#[target_feature(enable = "avx512f")]
#[inline]
fn octets(octet: u8) -> __m512i {
    _mm512_set1_epi64(i64::from_ne_bytes([octet; 8]))
}

impl Places {
    /// The places of scalars in tables of that many points.
    #[target_feature(enable = "avx512f")]
    #[inline(never)]
    pub(crate) fn new<const POINTS: usize>(scalars: &Eight<Odd<P256>>) -> Self {
        let distance = Prepared::<P256, POINTS>::BLOCKS * Prepared::<P256, POINTS>::COLUMNS;
        let lowest_bits = (POINTS / Prepared::<P256, POINTS>::BLOCKS - 1) as u8;
        let teeth = lowest_bits.count_ones() as usize + 1;
        let word = |index: usize| {
            if index < WORDS {
                to_lanes(scalars.each_ref().map(|scalar| scalar.k[index]))
            } else {
                _mm512_setzero_si512()
            }
        };

        // Sign i is bit i + 1, but for the highest of all, which is +. These are the signs of each tooth, and some above them.
        let mut signs = [_mm512_setzero_si512(); 8];
        for (tooth, signs) in signs.iter_mut().enumerate().take(teeth) {
            let (index, shift) = ((tooth * distance + 1) / 64, (tooth * distance + 1) % 64);
            // A shift by 64 gives zero.
            *signs = _mm512_or_si512(right(word(index), shift), left(word(index + 1), 64 - shift));
        }
        signs[teeth - 1] = _mm512_or_si512(signs[teeth - 1], _mm512_set1_epi64(1 << (distance - 1)));

        let mut places = Self {
            in_block: [[0; 8]; 8],
            opposite: [_mm512_setzero_si512(); 8],
            negative: mask(scalars.each_ref().map(|scalar| scalar.negative)),
        };
        for group in 0..distance.div_ceil(8) {
            // An octet of each tooth, and from these an octet of each position.
            let mut matrix = _mm512_setzero_si512();
            for (tooth, signs) in signs.iter().enumerate() {
                let octet = _mm512_and_si512(right(*signs, 8 * group), _mm512_set1_epi64(0xff));
                matrix = _mm512_or_si512(matrix, left(octet, 8 * tooth));
            }
            let signs = transpose_bits(matrix);
            // A table has the half with the highest tooth positive. The other half is the opposite of it.
            let opposite = _mm512_andnot_si512(right(signs, teeth - 1), octets(1));
            let flip = _mm512_sub_epi64(_mm512_slli_epi64::<8>(opposite), opposite);
            let in_block = _mm512_and_si512(_mm512_xor_si512(signs, flip), octets(lowest_bits));
            places.in_block[group] = from_lanes(in_block);
            places.opposite[group] = opposite;
        }
        places
    }

    /// What is added from one block in one column, for one lane.
    #[inline]
    pub(crate) fn point<'a, const POINTS: usize>(
        &self,
        table: &'a Prepared<P256, POINTS>,
        block: usize,
        column: usize,
        lane: usize,
    ) -> &'a Affine<P256> {
        let position = block * Prepared::<P256, POINTS>::COLUMNS + column;
        let start = block * (POINTS / Prepared::<P256, POINTS>::BLOCKS);
        let in_block = (self.in_block[position / 8 % 8][lane] >> (8 * (position % 8)) & 0xff) as usize;
        &entries(table)[(start + in_block) & (POINTS - 1)]
    }

    /// The lanes in which the opposite of what is there is meant.
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(crate) fn opposite(&self, position: usize) -> __mmask8 {
        let octet = _mm512_set1_epi64(1 << (8 * (position % 8)));
        _mm512_test_epi64_mask(self.opposite[position / 8 % 8], octet) ^ self.negative
    }
}

/// The matrix of 8 × 8 bits in each lane, transposed (Warren, "Hacker's Delight", §7-3).
#[target_feature(enable = "avx512f")]
#[inline]
fn transpose_bits(matrix: __m512i) -> __m512i {
    let swap = |matrix, by: usize, which| {
        let different = _mm512_and_si512(_mm512_xor_si512(matrix, right(matrix, by)), _mm512_set1_epi64(which));
        _mm512_xor_si512(_mm512_xor_si512(matrix, different), left(different, by))
    };
    let matrix = swap(matrix, 7, 0x00aa_00aa_00aa_00aa);
    let matrix = swap(matrix, 14, 0x0000_cccc_0000_cccc);
    swap(matrix, 28, 0x0000_0000_f0f0_f0f0)
}

/// Points of tables.
///
/// A coordinate x is there as x·2^256 modulo p in four words. Four bits to the left it is x·2^260, below 2^260.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
pub(crate) fn load(points: Eight<&Affine<P256>>, negative: __mmask8) -> Entry {
    let [x0, x1, x2, x3, y0, y1, y2, y3] = transpose(&rows(points));
    Entry { x: to_limbs::<4>([x0, x1, x2, x3]), y: to_limbs::<4>([y0, y1, y2, y3]), negative }
}

/// Eight multiplications to come.
pub(crate) struct Comb<'a, const POINTS: usize> {
    tables: &'a Eight<&'a Prepared<P256, POINTS>>,
    places: Places,
}

impl<'a, const POINTS: usize> Comb<'a, POINTS> {
    /// What there is to add.
    pub(crate) const TERMS: usize = Prepared::<P256, POINTS>::COLUMNS * Prepared::<P256, POINTS>::BLOCKS;

    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(crate) fn new(tables: &'a Eight<&'a Prepared<P256, POINTS>>, scalars: &Eight<Odd<P256>>) -> Self {
        Self { tables, places: Places::new::<POINTS>(scalars) }
    }

    /// Columns from the highest on, and their blocks: the order of terms.
    const fn column_and_block(term: usize) -> (usize, usize) {
        let (columns, blocks) = (Prepared::<P256, POINTS>::COLUMNS, Prepared::<P256, POINTS>::BLOCKS);
        (columns - 1 - term / blocks, term % blocks)
    }

    /// Has the memory bring a term. The table of a key that was not used for a while is far away.
    #[inline]
    pub(crate) fn prefetch(&self, term: usize) {
        if term >= Self::TERMS {
            return;
        }
        let (column, block) = Self::column_and_block(term);
        for (lane, table) in self.tables.iter().enumerate() {
            let point = self.places.point(table, block, column, lane);
            let [.., last] = &point.y.0;
            #[allow(unused_unsafe, reason = "the function has become a safe one since Rust 1.89")]
            // SAFETY: the instruction is a hint that reads nothing and never faults, whatever the address.
            unsafe {
                _mm_prefetch::<_MM_HINT_T0>((&raw const *point).cast());
                _mm_prefetch::<_MM_HINT_T0>((&raw const *last).cast());
            }
        }
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    fn term(&self, term: usize) -> Entry {
        let (column, block) = Self::column_and_block(term);
        let points = array::from_fn(|lane| self.places.point(self.tables[lane], block, column, lane));
        load(points, self.places.opposite(block * Prepared::<P256, POINTS>::COLUMNS + column))
    }

    /// k·Q in each lane. With each term but the first and the last, something else is done `meanwhile`.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline(never)]
    pub(crate) fn multiply(&self, meanwhile: impl Fn(usize)) -> Point {
        let blocks = Prepared::<P256, POINTS>::BLOCKS;
        let mut sum = Sum::of(&self.term(0));
        for term in 1..Self::TERMS - 1 {
            meanwhile(term);
            if term % blocks == 0 {
                sum.double();
            }
            sum.add(&self.term(term));
        }
        if blocks == 1 {
            sum.double();
        }
        sum.add_last(&self.term(Self::TERMS - 1))
    }
}
