//! Multiples of a point that is not prepared: a window of signed digits over its scalar.

use crate::{
    curve::Curve,
    field::Fe,
    point::{Affine, Jacobian},
    scalar::Scalar,
    word::Word,
    words::Words,
};

/// Bits of a window over the scalar of a point that is not prepared.
///
/// Four bits where stack is scarce: 8 additions more, of some 110, and 400 bytes less.
const WINDOW: u32 = if Word::BITS == 64 { 5 } else { 4 };
/// The odd multiples 1, 3 … 2^(w − 1) − 1 of such a point.
pub(crate) const MULTIPLES: usize = 1 << (WINDOW - 2);

/// Places of digits that are stored together: of so many in a row at most one is not zero.
pub(crate) const GROUP: usize = 4;
/// Groups of a word.
const GROUPS: usize = Word::BITS as usize / GROUP;

/// A digit for each group of places of each word.
pub(crate) type Digits<C> = <<C as Curve>::Words as Words>::Each<[i8; GROUPS]>;

/// The digits of the non-adjacent form of width w: each zero or odd, of w in a row at most one not zero (Solinas,
/// "Efficient arithmetic on Koblitz curves", 2000, algorithm 4 for integers). For each group of places it is the digit
/// that is not zero times [`GROUP`], plus the place in the group; or zero.
///
/// They are the digits of k or of k − n, whichever is nearer to zero and so below 2^(W − 1), W being the bits of N words:
/// that needs no place beyond W.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
pub(crate) fn windows<C: Curve>(k: &Scalar<C>) -> Digits<C> {
    let complement = Scalar::<C>(k.complement());
    let negative = complement.0.less(&k.0);
    let k = if negative { &complement } else { k };
    let mut digits: Digits<C> = C::Words::each([0; GROUPS]);
    let mut carry = 0;
    let mut skip = 0;
    for (group, code) in digits.as_mut().as_flattened_mut().iter_mut().enumerate() {
        for place in 0..GROUP {
            if skip > 0 {
                skip -= 1;
            } else if i8::from(k.0.bit(group * GROUP + place)) != carry {
                let window = k.0.bits(group * GROUP + place, WINDOW) as i8 + carry;
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

/// Q, 3Q, 5Q … (2m − 1)·Q, of Q alone, which stands in the first place. What the others hold is overwritten.
///
/// D = 2Q is added to Q again and again on the image of the curve under (x, y) ↦ (x·Z², y·Z³), Z being that of D: there D is
/// affine, and additions do not use the curve's coefficients. Each sum's Z is the one before times a factor, so that one
/// inversion brings all of them back (as libsecp256k1 does it). Small multiples of Q differ: no addition is exceptional.
#[inline(never)]
pub(crate) fn odd_multiples<C: Curve>(multiples: &mut [Affine<C>; MULTIPLES]) {
    let [point, others @ ..] = multiples;
    let mut factors = [Fe::ZERO; MULTIPLES - 1];
    let mut inverse = {
        let mut sum = Jacobian::from_affine(point);
        sum.double(); //                           D = 2Q
        let step = Affine { x: sum.x, y: sum.y }; // D on the image
        let mut z = sum.z;
        sum.set_scaled(point, &z); //              Q on the image
        for (multiple, factor) in others.iter_mut().zip(&mut factors) {
            *factor = sum.add_unequal(&step); //        sum = sum + D
            *multiple = Affine { x: sum.x, y: sum.y };
            z = z.mul(factor); //                       Z of the sum on the curve itself
        }
        z.invert()
    };
    for (multiple, factor) in others.iter_mut().zip(&factors).rev() {
        multiple.scale(&inverse);
        inverse = inverse.mul(factor);
    }
}
