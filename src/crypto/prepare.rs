//! Keys that are known in advance: what a backend can do with one beforehand, and with many signatures at once.
//!
//! A verdict does not depend on it. Prepared or not, alone or in a batch, the same signatures verify.
//!
//! A prepared form means the key that it was made of for as long as it lives, and in every instance of the backend. A slot
//! of a peripheral that is filled anew must not be reached by an older form: it would accept the signatures of another key.
//!
//! [`conformance`](super::conformance) has checks for the traits.

use core::array;

use super::{
    operand::{Curve, Digest, PublicKey, Signature},
    traits::{CryptoError, VerifyEcdsa},
};

/// A backend that computes something about a key beforehand: a table, or a slot of a peripheral.
///
/// `K` is what it computes; a backend may have several forms of it. It means its key for as long as it lives, in every
/// instance of the backend: a slot of a peripheral of which a board has two is no form unless it says which of them.
pub trait PrepareEcdsa<C: Curve, K>: VerifyEcdsa<C> {
    /// Prepares a key.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Invalid`] if the key is no point of the curve.
    fn prepare(&self, key: &PublicKey<C>) -> Result<K, CryptoError>;

    /// As [`verify`](VerifyEcdsa::verify) with the key that was prepared.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Invalid`] if the signature does not verify.
    fn verify_prepared(&self, key: &K, digest: &Digest, signature: &Signature<C>) -> Result<(), CryptoError>;
}

/// A prepared form that can be stored and read back.
pub trait StoredForm: Sized {
    /// The length in octets.
    const ENCODED_LEN: usize;

    /// The name of the form, which says what the octets mean. A form with another meaning has another name.
    const NAME: &'static [u8];

    /// Writes the form; `None` unless there is room for exactly [`ENCODED_LEN`](Self::ENCODED_LEN) octets.
    #[must_use]
    fn write_to(&self, octets: &mut [u8]) -> Option<()>;

    /// Reads the form from octets that this crate wrote; `None` if they cannot be it.
    #[must_use]
    fn from_trusted_bytes(octets: &[u8]) -> Option<Self>;
}

/// A backend that verifies several signatures for less than one after the other.
///
/// `K` is the form of the prepared keys among them, or [`Unprepared`].
pub trait BatchEcdsa<C: Curve, K>: VerifyEcdsa<C> {
    /// How many signatures the backend takes best at a time.
    type Lanes: Lanes;

    /// Verifies each item and writes its verdict to the same place of `verdicts`; what is not written is taken for not decided.
    ///
    /// The verdict of an item is the one it would have alone, whatever the others are. What is missing in the longer of the
    /// two slices is left alone.
    fn verify_batch(&self, items: &[Item<'_, C, K>], verdicts: &mut [Result<(), CryptoError>]);
}

/// The form of prepared keys of a batch that has none.
#[derive(Clone, Copy, Debug)]
pub enum Unprepared {}

/// A number of lanes: [`LaneCount`].
pub trait Lanes: sealed::Sealed {
    /// A value for each lane.
    type Array<T>: AsRef<[T]> + AsMut<[T]> + IntoIterator<Item = T>;

    /// Makes the values, in order.
    fn from_fn<T>(make: impl FnMut(usize) -> T) -> Self::Array<T>;
}

/// So many lanes, at least one.
#[derive(Clone, Copy, Debug)]
pub enum LaneCount<const N: usize> {}

impl<const N: usize> Lanes for LaneCount<N> {
    type Array<T> = [T; N];

    fn from_fn<T>(make: impl FnMut(usize) -> T) -> [T; N] {
        const { assert!(N > 0, "at least one lane") }
        array::from_fn(make)
    }
}

mod sealed {
    pub trait Sealed {}
    impl<const N: usize> Sealed for super::LaneCount<N> {}
}

/// A digest, a signature, and the key that is to have signed.
#[derive(Debug)]
pub struct Item<'a, C: Curve, K> {
    /// The key.
    pub key: Key<'a, C, K>,
    /// What was signed.
    pub digest: Digest,
    /// The signature.
    pub signature: Signature<C>,
}

/// A key, prepared or not.
#[derive(Debug)]
pub enum Key<'a, C: Curve, K> {
    /// As it is stored.
    Plain(&'a PublicKey<C>),
    /// Prepared.
    Prepared(&'a K),
}

// Not derived, because that would ask K to be `Copy`, which is only referred to.
impl<C: Curve, K> Clone for Item<'_, C, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: Curve, K> Copy for Item<'_, C, K> {}

impl<C: Curve, K> Clone for Key<'_, C, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: Curve, K> Copy for Key<'_, C, K> {}
