//! Elements of the two prime fields, in Montgomery form.
//!
//! An element stands for x when it holds x·2^W modulo p, W being the bits of its N words, and it may hold any number below
//! 2^W that is so: there are at most two, since 2p > 2^W. Only what is compared or written out is brought below p. So a sum
//! subtracts p when it leaves W bits, and not when it passes p.
//!
//! Every operation takes such elements and gives one, but where it says more. What "becomes" something is changed in place.

use crate::{curve::Curve, reduce, word::Word, words::Words};

/// An element of the field of a curve.
#[derive(Clone, Copy, Debug)]
pub struct Fe<C: Curve>(pub C::Words);

impl<C: Curve> Fe<C> {
    /// Zero.
    pub const ZERO: Self = Self(C::Words::ZERO);
    /// One.
    pub const ONE: Self = Self(*C::P_R);

    /// Reads a number from N words of big-endian octets; `None` if it is not below p.
    pub fn from_be(octets: &[u8]) -> Option<Self> {
        if octets.len() != C::Words::OCTETS {
            return None;
        }
        let number = C::Words::from_be(octets);
        if number.less(C::P) { Some(Self::from_number(number)) } else { None }
    }

    /// Any number below 2^W, brought into Montgomery form.
    pub fn from_number(number: C::Words) -> Self {
        Self(number).mul(&Self(C::P_R2))
    }

    /// The number that stands for it below p, still in Montgomery form.
    pub fn canonical(&self) -> C::Words {
        let (difference, borrow) = self.0.sub(C::P);
        if borrow { self.0 } else { difference }
    }

    /// Whether it is zero: that is held as 0 or as p.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn is_zero(&self) -> bool {
        self.0.is_zero() || self.0.equal(C::P)
    }

    /// Whether it is the same element.
    pub fn equals(&self, other: &Self) -> bool {
        self.sub(other).is_zero()
    }

    /// a + b.
    #[inline(always)]
    pub fn add(&self, other: &Self) -> Self {
        let mut sum = *self;
        sum.increase(other);
        sum
    }

    /// a becomes a + b.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn increase(&mut self, other: &Self) {
        let modulus = if Word::BITS == 64 { C::P } else { C::P_R };
        reduce::sum(&mut self.0, &other.0, modulus);
    }

    /// 2a.
    #[inline(always)]
    pub fn double(&self) -> Self {
        self.add(self)
    }

    /// a − b.
    #[inline(always)]
    pub fn sub(&self, other: &Self) -> Self {
        let mut difference = *self;
        difference.decrease(other);
        difference
    }

    /// a becomes a − b.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn decrease(&mut self, other: &Self) {
        reduce::difference(&mut self.0, &other.0, C::P);
    }

    /// −a.
    pub fn neg(&self) -> Self {
        Self::ZERO.sub(self)
    }

    /// a / 2: of a or of a + p, whichever is even.
    #[inline(always)]
    pub fn half(&self) -> Self {
        let mut half = *self;
        half.halve();
        half
    }

    /// a becomes a / 2.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn halve(&mut self) {
        reduce::half(&mut self.0, C::P);
    }

    /// a·b.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub fn mul(&self, other: &Self) -> Self {
        let mut product = C::Words::zeros();
        self.0.write_product(&other.0, &mut product);
        Self(C::reduce(&mut product))
    }

    /// a².
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub fn square(&self) -> Self {
        // Twelve words are more than the compiler unrolls, and then what the loops cost is more than what squaring saves.
        if Word::BITS == 64 || C::BITS == 256 && !cfg!(feature = "compact") {
            Self(C::reduce(&mut self.0.square()))
        } else {
            self.mul(self)
        }
    }

    /// a⁻¹, and zero for zero. What is held is x·2^W, its inverse x⁻¹·2^−W, and a product by 2^3W makes x⁻¹·2^W of that.
    pub fn invert(&self) -> Self {
        let canonical = self.canonical();
        Self(C::invert_modulo_p(&canonical)).mul(&Self(C::P_R3))
    }
}
