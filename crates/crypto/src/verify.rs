//! The verification: u1·G + u2·Q, and whether its x is r (FIPS 186-5 §6.4.2).

use crate::{
    base::{Base, BasePoint},
    comb::{Odd, Prepared},
    curve::Curve,
    field::Fe,
    key::PublicKey,
    point::{Affine, Jacobian},
    scalar::Scalar,
    signature::{Invalid, Unverified},
    window::{GROUP, MULTIPLES, odd_multiples, windows},
    words::Words,
};

impl<C: BasePoint> Unverified<C> {
    /// Verifies with a key (steps 5 to 7).
    ///
    /// # Errors
    ///
    /// [`Invalid`] if it does not verify.
    pub fn verify(&self, key: &PublicKey<C>) -> Result<(), Invalid> {
        unprepared(C::table(), self, &key.0)
    }

    /// Verifies with a prepared key (steps 5 to 7).
    ///
    /// # Errors
    ///
    /// [`Invalid`] if it does not verify.
    pub fn verify_prepared<const POINTS: usize>(&self, key: &Prepared<C, POINTS>) -> Result<(), Invalid> {
        prepared(C::table(), self, key)
    }
}

/// Whether u1·G + u2·Q is what the signature must give, for a prepared Q.
fn prepared<C: Curve, const POINTS: usize>(
    base: &Base<C>,
    signed: &Unverified<C>,
    key: &Prepared<C, POINTS>,
) -> Result<(), Invalid> {
    let (u1, u2) = (Odd::new(&signed.u1), Odd::new(&signed.u2));
    let mut sum = Jacobian::INFINITY;
    let columns = usize::max(Prepared::<C, POINTS>::COLUMNS, Base::<C>::COLUMNS);
    for column in (0..columns).rev() {
        // At first it is infinity, and doubling would only take time.
        if column + 1 < columns {
            sum.double();
        }
        if column < Prepared::<C, POINTS>::COLUMNS {
            key.add_column(&mut sum, &u2, column);
        }
        if column < Base::<C>::COLUMNS {
            base.add_column(&mut sum, &u1, column);
        }
    }
    check(&sum, &signed.r)
}

// Not inlined, so that it does not lie on the stack under the inversion of s.
/// Whether u1·G + u2·Q is what the signature must give, for any Q: one doubling for each bit, an addition for one bit in five
/// or six, and the comb of G in its last columns.
#[inline(never)]
fn unprepared<C: Curve>(base: &Base<C>, signed: &Unverified<C>, key: &Affine<C>) -> Result<(), Invalid> {
    let mut multiples = [*key; MULTIPLES];
    odd_multiples(&mut multiples);
    with_multiples(base, signed, &multiples)
}

/// The same, once the multiples of Q are known.
#[cfg_attr(target_pointer_width = "64", inline(always))]
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
fn with_multiples<C: Curve>(
    base: &Base<C>,
    signed: &Unverified<C>,
    multiples: &[Affine<C>; MULTIPLES],
) -> Result<(), Invalid> {
    let u1 = Odd::new(&signed.u1);
    let digits = windows(&signed.u2);
    let mut sum = Jacobian::INFINITY;
    for (group, &code) in digits.as_ref().as_flattened().iter().enumerate().rev() {
        for place in (0..GROUP).rev() {
            sum.double();
            if code != 0 && code as usize % GROUP == place {
                let digit = code >> GROUP.ilog2();
                let multiple = &multiples[usize::from(digit.unsigned_abs() >> 1) & (MULTIPLES - 1)];
                sum.add_signed(multiple, digit < 0);
            }
            if group * GROUP + place < Base::<C>::COLUMNS {
                base.add_column(&mut sum, &u1, group * GROUP + place);
            }
        }
    }
    check(&sum, &signed.r)
}

/// Whether a sum is what a signature with this r must give.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
fn check<C: Curve>(sum: &Jacobian<C>, r: &Scalar<C>) -> Result<(), Invalid> {
    if has_x(sum, r) { Ok(()) } else { Err(Invalid) }
}

/// Whether a sum is not infinity, and its x-coordinate, a number below p, is r modulo n: FIPS 186-5 §6.4.2 steps 5 to 7,
/// without dividing by Z².
///
/// Of an infinity that the formulas here give, X is not zero, and r·Z² is; so the first follows from the second. A proof is
/// a poor reason to leave out what the standard asks for.
///
/// It may be r or r + n. That the latter is below p happens less than once in 2^129 signatures, or when somebody wants it to.
pub fn has_x<C: Curve>(sum: &Jacobian<C>, r: &Scalar<C>) -> bool {
    if sum.is_infinity() {
        return false;
    }
    let zz = sum.z.square();
    let is_x = |number| Fe::from_number(number).mul(&zz).equals(&sum.x);
    if is_x(r.0) {
        return true;
    }
    let (above, carry) = r.0.add(C::N);
    !carry && above.less(C::P) && is_x(above)
}
