//! Elements of the two prime fields, in Montgomery form.
//!
//! An element stands for x when it holds x·2^W modulo p, W being the bits of its N words, and it may hold any number below
//! 2^W that is so: there are at most two, since 2p > 2^W. Only what is compared or written out is brought below p. So a sum
//! subtracts p when it leaves W bits, and not when it passes p.

use crate::{
    P256, P384,
    inverse::{Inverter, limbs},
    reduce,
    word::Word,
    words,
};

/// An element of the field of P-256 or P-384; the number of its words tells which.
#[derive(Clone, Copy, Debug)]
pub struct Fe<const N: usize>(pub [Word; N]);

impl<const N: usize> Fe<N> {
    /// p (SEC 2 §2.4.2 and §2.5.1).
    pub const P: [Word; N] = if N == P256 {
        words::rename(&words::hex::<P256>("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"))
    } else {
        words::rename(&words::hex::<P384>(
            "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
        ))
    };

    /// 2^W − p, which is 2^W modulo p.
    const COMPLEMENT: [Word; N] = words::sub(&[0; N], &Self::P).0;

    /// Zero.
    pub const ZERO: Self = Self([0; N]);
    /// One.
    pub const ONE: Self = Self(Self::COMPLEMENT);

    /// 2^2W: a factor of it brings a number into Montgomery form.
    const R2: Self = Self::ONE.shifted(Self::BITS);
    /// 2^3W: a factor of it does so twice, as the inverse of an element in Montgomery form needs it.
    const R3: Self = Self::R2.shifted(Self::BITS);

    pub(crate) const BITS: u32 = N as u32 * Word::BITS;

    /// x·2^n, slowly.
    const fn shifted(mut self, n: u32) -> Self {
        let mut i = 0;
        while i < n {
            self = self.double();
            i += 1;
        }
        self
    }

    /// Reads a number from N words of big-endian octets; `None` if it is not below p.
    pub const fn from_be(octets: &[u8]) -> Option<Self> {
        if octets.len() != N * words::OCTETS {
            return None;
        }
        let number = words::from_be(octets);
        if words::less(&number, &Self::P) { Some(Self::from_number(number)) } else { None }
    }

    /// A number below 2^W, brought into Montgomery form.
    pub const fn from_number(number: [Word; N]) -> Self {
        Self(number).mul(&Self::R2)
    }

    /// The words that stand for it, below p.
    pub const fn canonical(&self) -> [Word; N] {
        let (difference, borrow) = words::sub(&self.0, &Self::P);
        if borrow { self.0 } else { difference }
    }

    /// Whether it is zero: that is held as 0 or as p.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub const fn is_zero(&self) -> bool {
        words::equal(&self.0, &[0; N]) || words::equal(&self.0, &Self::P)
    }

    /// Whether it is the same element.
    pub const fn equals(&self, other: &Self) -> bool {
        self.sub(other).is_zero()
    }

    /// a + b.
    #[inline(always)]
    pub const fn add(&self, other: &Self) -> Self {
        let mut sum = *self;
        sum.increase(other);
        sum
    }

    /// a becomes a + b.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) const fn increase(&mut self, other: &Self) {
        let modulus = if Word::BITS == 64 { &Self::P } else { &Self::COMPLEMENT };
        reduce::sum(&mut self.0, &other.0, modulus);
    }

    /// 2a.
    #[inline(always)]
    pub const fn double(&self) -> Self {
        self.add(self)
    }

    /// a − b.
    #[inline(always)]
    pub const fn sub(&self, other: &Self) -> Self {
        let mut difference = *self;
        difference.decrease(other);
        difference
    }

    /// a becomes a − b.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) const fn decrease(&mut self, other: &Self) {
        reduce::difference(&mut self.0, &other.0, &Self::P);
    }

    /// −a.
    pub const fn neg(&self) -> Self {
        Self::ZERO.sub(self)
    }

    /// a / 2: of a or of a + p, whichever is even.
    #[inline(always)]
    pub const fn half(&self) -> Self {
        let mut half = *self;
        half.halve();
        half
    }

    /// a becomes a / 2.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) const fn halve(&mut self) {
        reduce::half(&mut self.0, &Self::P);
    }

    /// a·b.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub const fn mul(&self, other: &Self) -> Self {
        Self(reduce::product(&mut words::mul(&self.0, &other.0), &Self::P))
    }

    /// a².
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub const fn square(&self) -> Self {
        // Twelve words are more than the compiler unrolls, and then what the loops cost is more than what squaring saves.
        if Word::BITS == 64 || N == P256 && !cfg!(feature = "compact") {
            Self(reduce::product(&mut words::square(&self.0), &Self::P))
        } else {
            self.mul(self)
        }
    }

    /// a⁻¹, and zero for zero.
    pub const fn invert(&self) -> Self {
        let canonical = self.canonical();
        let inverse = if N == P256 {
            const { Inverter::<{ limbs(256) }>::new(&Self::P) }.invert(&canonical)
        } else {
            const { Inverter::<{ limbs(384) }>::new(&Self::P) }.invert(&canonical)
        };
        Self(inverse).mul(&Self::R3)
    }
}
