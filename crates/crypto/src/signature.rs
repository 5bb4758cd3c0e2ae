//! Signatures: r ‖ s with the check of their range, and the factors u1 and u2 that a digest and they make.

use core::{error::Error, fmt};

use crate::{curve::Curve, scalar::Scalar};

/// Signatures that share an inversion.
pub const BATCH: usize = 8;

/// Not a signature of this digest by this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid;

impl fmt::Display for Invalid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the signature is invalid")
    }
}

impl Error for Invalid {}

/// A digest and a signature of it, as numbers: what a key is multiplied by, and what has to come out. That there is one says that its
/// numbers are in range, and nothing about any key.
#[derive(Clone, Copy, Debug)]
pub struct Unverified<C: Curve> {
    pub(crate) r: Scalar<C>,
    pub(crate) u1: Scalar<C>,
    pub(crate) u2: Scalar<C>,
}

impl<C: Curve> Unverified<C> {
    /// Reads `r ‖ s`, big-endian, and takes the leftmost octets of the digest (FIPS 186-5 §6.4.2 steps 1 to 4).
    ///
    /// The digest must be what a hash function gave: for some others anybody can make signatures.
    ///
    /// # Errors
    ///
    /// [`Invalid`] unless the signature has 64 or 96 octets, r and s lie in 1 … n − 1, and the digest has at least half as many
    /// octets as n.
    pub fn new(digest: &[u8], signature: &[u8]) -> Result<Self, Invalid> {
        let Numbers { e, r, s } = Numbers::read(digest, signature).ok_or(Invalid)?;
        Ok(Self::with_inverse(&e, r, &s.invert()))
    }

    /// As [`new`](Self::new) for up to [`BATCH`] pairs of digest and signature, with one inversion for all of them (Montgomery's
    /// trick). What is refused is [`Invalid`] and does nothing to the others; so is what is not there. Further pairs are not
    /// looked at.
    pub fn batch(pairs: &[(&[u8], &[u8])]) -> [Result<Self, Invalid>; BATCH] {
        // The numbers, and the product of all s before them.
        let mut numbers = [None; BATCH];
        let mut product = Scalar::MONTGOMERY_ONE;
        for (numbers, (digest, signature)) in numbers.iter_mut().zip(pairs) {
            *numbers = Numbers::read(digest, signature).map(|numbers| (numbers, product));
            if let Some((Numbers { s, .. }, before)) = numbers {
                product = before.times(s);
            }
        }
        let mut inverse = product.invert();
        let mut signed = [Err(Invalid); BATCH];
        // By reference, because only iterators of slices are walked backwards in step without a panic for unequal lengths.
        for (signed, numbers) in signed.iter_mut().zip(&numbers).rev() {
            if let Some((Numbers { e, r, s }, before)) = numbers {
                *signed = Ok(Self::with_inverse(e, *r, &before.times(&inverse)));
                inverse = inverse.times(s);
            }
        }
        signed
    }

    fn with_inverse(e: &Scalar<C>, r: Scalar<C>, inverse: &Scalar<C>) -> Self {
        Self { r, u1: e.times(inverse), u2: r.times(inverse) }
    }
}

/// What a digest and a signature say.
#[derive(Clone, Copy)]
struct Numbers<C: Curve> {
    e: Scalar<C>,
    r: Scalar<C>,
    s: Scalar<C>,
}

impl<C: Curve> Numbers<C> {
    fn read(digest: &[u8], signature: &[u8]) -> Option<Self> {
        let (r, s) = signature.split_at(signature.len() / 2);
        Some(Self { e: Scalar::from_digest(digest)?, r: Scalar::from_be(r)?, s: Scalar::from_be(s)? })
    }
}
