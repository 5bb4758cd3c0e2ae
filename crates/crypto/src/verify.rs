//! The verification: u1·G + u2·Q, and whether its x is r (FIPS 186-5 §6.4.2).

use crate::{
    Invalid,
    comb::{Odd, Prepared},
    field::Fe,
    key::Unverified,
    point::{Affine, Jacobian},
    scalar::Scalar,
    word::Word,
    words,
};

/// Multiples of the base point: 32 KB for P-256 and 48 KB for P-384 where words have 64 bits, 2 KB and 3 KB elsewhere, and a
/// quarter of that if it shall be compact.
pub(crate) const BASE_POINTS: usize = match (Word::BITS, cfg!(feature = "compact")) {
    (64, _) => 512,
    (_, false) => 32,
    (_, true) => 8,
};

/// Bits of a window over the scalar of a point that is not prepared.
///
/// Four bits where stack is scarce: 8 additions more, of some 110, and 400 bytes less.
const WINDOW: u32 = if Word::BITS == 64 { 5 } else { 4 };
/// The odd multiples 1, 3 … 2^(w − 1) − 1 of such a point.
const MULTIPLES: usize = 1 << (WINDOW - 2);

/// Whether u1·G + u2·Q is what the signature must give, for a prepared Q.
pub(crate) fn prepared<const N: usize, const POINTS: usize>(
    base: &Prepared<N, BASE_POINTS>,
    signed: &Unverified<N>,
    key: &Prepared<N, POINTS>,
) -> Result<(), Invalid> {
    let (u1, u2) = (Odd::new(&signed.u1), Odd::new(&signed.u2));
    let mut sum = Jacobian::INFINITY;
    let columns = usize::max(Prepared::<N, POINTS>::COLUMNS, Prepared::<N, BASE_POINTS>::COLUMNS);
    for column in (0..columns).rev() {
        // At first it is infinity, and doubling would only take time.
        if column + 1 < columns {
            sum.double();
        }
        if column < Prepared::<N, POINTS>::COLUMNS {
            key.add_column(&mut sum, &u2, column);
        }
        if column < Prepared::<N, BASE_POINTS>::COLUMNS {
            base.add_column(&mut sum, &u1, column);
        }
    }
    check(&sum, &signed.r)
}

// Not inlined, so that it does not lie on the stack under the inversion of s.
/// Whether u1·G + u2·Q is what the signature must give, for any Q: one doubling for each bit, an addition for one bit in six,
/// and the comb of G in its last columns.
#[inline(never)]
pub(crate) fn unprepared<const N: usize>(
    base: &Prepared<N, BASE_POINTS>,
    signed: &Unverified<N>,
    key: &Affine<N>,
) -> Result<(), Invalid> {
    let mut multiples = [*key; MULTIPLES];
    odd_multiples(&mut multiples);
    with_multiples(base, signed, &multiples)
}

/// The same, once the multiples of Q are known.
#[cfg_attr(target_pointer_width = "64", inline(always))]
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
fn with_multiples<const N: usize>(
    base: &Prepared<N, BASE_POINTS>,
    signed: &Unverified<N>,
    multiples: &[Affine<N>; MULTIPLES],
) -> Result<(), Invalid> {
    let u1 = Odd::new(&signed.u1);
    let digits = windows(&signed.u2);
    let mut sum = Jacobian::INFINITY;
    for (group, &code) in digits.as_flattened().iter().enumerate().rev() {
        for place in (0..GROUP).rev() {
            sum.double();
            if code != 0 && code as usize % GROUP == place {
                let digit = code >> GROUP.ilog2();
                let multiple = &multiples[usize::from(digit.unsigned_abs() >> 1) & (MULTIPLES - 1)];
                sum.add_signed(multiple, digit < 0);
            }
            if group * GROUP + place < Prepared::<N, BASE_POINTS>::COLUMNS {
                base.add_column(&mut sum, &u1, group * GROUP + place);
            }
        }
    }
    check(&sum, &signed.r)
}

/// Places of digits that are stored together: of so many in a row at most one is not zero.
const GROUP: usize = 4;

/// The digits of the non-adjacent form of width w: each zero or odd, of w in a row at most one not zero (Solinas,
/// "Efficient arithmetic on Koblitz curves", 2000, algorithm 4 for integers). For each group of places it is the digit
/// that is not zero times [`GROUP`], plus the place in the group; or zero.
///
/// They are the digits of k or of k − n, whichever is nearer to zero and so below 2^(W − 1), W being the bits of N words:
/// that needs no place beyond W.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
fn windows<const N: usize>(k: &Scalar<N>) -> [[i8; Word::BITS as usize / GROUP]; N] {
    let complement = Scalar(k.complement());
    let negative = words::less(&complement.0, &k.0);
    let k = if negative { &complement } else { k };
    let mut digits = [[0; Word::BITS as usize / GROUP]; N];
    let mut carry = 0;
    let mut skip = 0;
    for (group, code) in digits.as_flattened_mut().iter_mut().enumerate() {
        for place in 0..GROUP {
            if skip > 0 {
                skip -= 1;
            } else if i8::from(words::bit(&k.0, group * GROUP + place)) != carry {
                let window = words::bits(&k.0, group * GROUP + place, WINDOW) as i8 + carry;
                carry = window >> (WINDOW - 1);
                let of_k = window - (carry << WINDOW);
                let digit = if negative { -of_k } else { of_k };
                *code = digit * GROUP as i8 + place as i8;
                skip = WINDOW - 1;
            }
        }
    }
    digits
}

/// Q, 3Q, 5Q …, of Q alone.
///
/// D = 2Q is added to Q again and again on the image of the curve under (x, y) ↦ (x·Z², y·Z³), Z being that of D: there D is
/// affine, and additions do not use the curve's coefficients. Each sum's Z is the one before times a factor, so that one
/// inversion brings all of them back (as libsecp256k1 does it). Small multiples of Q differ: no addition is exceptional.
#[inline(never)]
fn odd_multiples<const N: usize>(multiples: &mut [Affine<N>; MULTIPLES]) {
    let [point, others @ ..] = multiples;
    let mut factors = [Fe::ZERO; MULTIPLES - 1];
    let mut inverse = {
        let mut sum = Jacobian::from_affine(point);
        sum.double();
        let step = Affine { x: sum.x, y: sum.y };
        let mut z = sum.z;
        sum.set_scaled(point, &z);
        for (multiple, factor) in others.iter_mut().zip(&mut factors) {
            *factor = sum.add_unequal(&step);
            *multiple = Affine { x: sum.x, y: sum.y };
            z = z.mul(factor);
        }
        z.invert()
    };
    for (multiple, factor) in others.iter_mut().zip(&factors).rev() {
        multiple.scale(&inverse);
        inverse = inverse.mul(factor);
    }
}

/// Whether a sum is what a signature with this r must give.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
fn check<const N: usize>(sum: &Jacobian<N>, r: &Scalar<N>) -> Result<(), Invalid> {
    if sum.has_x(r) { Ok(()) } else { Err(Invalid) }
}
