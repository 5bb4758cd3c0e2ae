//! Keys and signatures: what a caller has, and the verification of one or of many.

use crate::{
    base::{Base, BasePoint},
    comb::Prepared,
    point::Affine,
    scalar::Scalar,
    verify,
};

/// Signatures that share an inversion.
pub const BATCH: usize = 8;

/// Not a signature of this digest by this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid;

/// A public key: a point of the curve.
#[derive(Clone, Copy, Debug)]
pub struct PublicKey<const N: usize>(pub(crate) Affine<N>);

impl<const N: usize> PublicKey<N> {
    /// Reads `X ‖ Y`, big-endian; `None` unless it has 64 or 96 octets, both are below p, and the point is on the curve
    /// (SEC 1 §3.2.2.1).
    #[must_use]
    pub fn from_be(coordinates: &[u8]) -> Option<Self> {
        Affine::from_be(coordinates).map(Self)
    }

    /// Computes the multiples that make its verifications several times faster.
    #[must_use]
    pub fn prepare<const POINTS: usize>(&self) -> Prepared<N, POINTS> {
        Prepared::new(&self.0)
    }
}

/// A digest and a signature of it, as numbers: what a key is multiplied by, and what has to come out.
#[derive(Clone, Copy, Debug)]
pub struct Signed<const N: usize> {
    pub(crate) r: Scalar<N>,
    pub(crate) u1: Scalar<N>,
    pub(crate) u2: Scalar<N>,
}

impl<const N: usize> Signed<N>
where
    Base<N>: BasePoint,
{
    /// Reads `r ‖ s`, big-endian, and takes the leftmost octets of the digest (FIPS 186-5 §6.4.2 steps 1 to 4).
    ///
    /// # Errors
    ///
    /// [`Invalid`] unless it has 64 or 96 octets and r and s lie in 1 … n − 1.
    pub fn new(digest: &[u8], signature: &[u8]) -> Result<Self, Invalid> {
        let (r, s) = read(signature).ok_or(Invalid)?;
        Ok(Self::with_inverse(digest, r, &s.invert()))
    }

    /// As [`new`](Self::new) for up to [`BATCH`] pairs of digest and signature, with one inversion for all of them (Montgomery's
    /// trick). A signature that is out of range is [`Invalid`] and does nothing to the others; so is what is not there.
    pub fn batch(pairs: &[(&[u8], &[u8])]) -> [Result<Self, Invalid>; BATCH] {
        // r, s, and the product of all s before it.
        let mut numbers = [None; BATCH];
        let mut product = Scalar::MONTGOMERY_ONE;
        for (numbers, (_, signature)) in numbers.iter_mut().zip(pairs) {
            *numbers = read(signature).map(|(r, s)| (r, s, product));
            if let Some((_, s, before)) = numbers {
                product = before.times(s);
            }
        }
        let mut inverse = product.invert();
        let mut signed = [Err(Invalid); BATCH];
        // By reference, because only iterators of slices are walked backwards in step without a panic for unequal lengths.
        for ((signed, numbers), (digest, _)) in signed.iter_mut().zip(&numbers).zip(pairs).rev() {
            if let Some((r, s, before)) = numbers {
                *signed = Ok(Self::with_inverse(digest, *r, &before.times(&inverse)));
                inverse = inverse.times(s);
            }
        }
        signed
    }

    fn with_inverse(digest: &[u8], r: Scalar<N>, inverse: &Scalar<N>) -> Self {
        Self { r, u1: Scalar::from_digest(digest).times(inverse), u2: r.times(inverse) }
    }

    /// Verifies with a key (steps 5 to 7).
    ///
    /// # Errors
    ///
    /// [`Invalid`] if it does not verify.
    pub fn verify(&self, key: &PublicKey<N>) -> Result<(), Invalid> {
        verify::unprepared(Base::base(), self, &key.0)
    }

    /// Verifies with a prepared key (steps 5 to 7).
    ///
    /// # Errors
    ///
    /// [`Invalid`] if it does not verify.
    pub fn verify_prepared<const POINTS: usize>(&self, key: &Prepared<N, POINTS>) -> Result<(), Invalid> {
        verify::prepared(Base::base(), self, key)
    }
}

fn read<const N: usize>(signature: &[u8]) -> Option<(Scalar<N>, Scalar<N>)> {
    let (r, s) = signature.split_at(signature.len() / 2);
    Some((Scalar::from_be(r)?, Scalar::from_be(s)?))
}
