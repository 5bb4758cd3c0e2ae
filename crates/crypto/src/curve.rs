//! The two curves y² = x³ − 3x + b: what there is to know of each, and what follows from it.

use core::fmt::Debug;

use crate::{
    inverse::{Inverter, limbs},
    reduce,
    word::{self, Word},
    words::{Words, hex, one, shifted},
};

mod sealed {
    pub trait Sealed {}
}

/// P-256 or P-384. There are no others.
pub trait Curve: sealed::Sealed + Copy + Debug + Eq + 'static {
    /// A number as large as p and n: W bits.
    #[doc(hidden)]
    type Words: Words;

    /// W.
    #[doc(hidden)]
    const BITS: u32;

    // What is passed by reference is one: of a constant of a generic type the compiler would put a copy on the stack for each call.

    /// The prime p of the field.
    #[doc(hidden)]
    const P: &'static Self::Words;
    /// 2^W modulo p, which is 2^W − p: one in Montgomery form.
    #[doc(hidden)]
    const P_R: &'static Self::Words;
    /// 2^2W modulo p.
    #[doc(hidden)]
    const P_R2: Self::Words;
    /// 2^3W modulo p.
    #[doc(hidden)]
    const P_R3: Self::Words;

    /// The prime n, the order of the group.
    #[doc(hidden)]
    const N: &'static Self::Words;
    /// 2^W modulo n.
    #[doc(hidden)]
    const N_R: Self::Words;
    /// 2^2W modulo n.
    #[doc(hidden)]
    const N_R2: Self::Words;
    /// −n⁻¹ modulo 2^w, w being the bits of one word.
    #[doc(hidden)]
    const N_NEGATIVE_INVERSE: Word;

    /// b, in Montgomery form.
    #[doc(hidden)]
    const B: Self::Words;
    /// x and y of the base point G, in Montgomery form.
    #[doc(hidden)]
    const G: [Self::Words; 2];

    /// t·2^−W modulo p for a product t of any two numbers, which is used up: below 2^W, and not always below p.
    #[doc(hidden)]
    fn reduce(t: &mut [Self::Words; 2]) -> Self::Words;

    /// x⁻¹ modulo p, below p, for x < p; zero for zero.
    #[doc(hidden)]
    fn invert_modulo_p(x: &Self::Words) -> Self::Words;

    /// x⁻¹ modulo n, below n, for x < n; zero for zero.
    #[doc(hidden)]
    fn invert_modulo_n(x: &Self::Words) -> Self::Words;
}

macro_rules! curve {
    ($(#[$doc:meta])* $name:ident, $bits:literal, $reduce:path {
        p: $p:literal, n: $n:literal, b: $b:literal, x: $x:literal, y: $y:literal $(,)?
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name;

        impl sealed::Sealed for $name {}

        impl Curve for $name {
            type Words = [Word; $bits / Word::BITS as usize];

            const BITS: u32 = $bits;

            const P: &'static Self::Words = &hex($p);
            const P_R: &'static Self::Words = &shifted(one(), $bits, Self::P);
            const P_R2: Self::Words = shifted(*Self::P_R, $bits, Self::P);
            const P_R3: Self::Words = shifted(Self::P_R2, $bits, Self::P);

            const N: &'static Self::Words = &hex($n);
            const N_R: Self::Words = shifted(one(), $bits, Self::N);
            const N_R2: Self::Words = shifted(Self::N_R, $bits, Self::N);
            const N_NEGATIVE_INVERSE: Word = word::inverse(Self::N[0]).wrapping_neg();

            const B: Self::Words = shifted(hex($b), $bits, Self::P);
            const G: [Self::Words; 2] = [shifted(hex($x), $bits, Self::P), shifted(hex($y), $bits, Self::P)];

            #[inline(always)]
            fn reduce(t: &mut [Self::Words; 2]) -> Self::Words {
                $reduce(t, Self::P)
            }

            fn invert_modulo_p(x: &Self::Words) -> Self::Words {
                const { Inverter::<{ limbs($bits) }>::new(Self::P) }.invert(x)
            }

            fn invert_modulo_n(x: &Self::Words) -> Self::Words {
                const { Inverter::<{ limbs($bits) }>::new(Self::N) }.invert(x)
            }
        }
    };
}

curve! {
    /// The curve P-256 (SEC 2 §2.4.2), also called secp256r1 and prime256v1.
    P256, 256, reduce::p256 {
        p: "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
        n: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        b: "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
        x: "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
        y: "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    }
}

curve! {
    /// The curve P-384 (SEC 2 §2.5.1), also called secp384r1.
    P384, 384, reduce::p384 {
        p: "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
        n: "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
        b: "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
        x: "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
        y: "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
    }
}
