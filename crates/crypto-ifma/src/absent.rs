//! The token, where there are no lanes: nobody can have one.

use core::convert::Infallible;

use genuine_crypto::{P256, Prepared, PublicKey, Unverified};

/// Proof that the processor has AVX-512 IFMA. On this architecture there is none.
#[derive(Clone, Copy, Debug)]
pub struct Ifma(Infallible);

impl Ifma {
    /// `None`: this architecture has no such lanes.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn detect() -> Option<Self> {
        None
    }

    pub(crate) fn eight_prepared<const POINTS: usize>(
        self,
        _: [&Unverified<P256>; 8],
        _: &[&Prepared<P256, POINTS>; 8],
    ) -> u8 {
        match self.0 {}
    }

    pub(crate) fn eight_plain(self, _: [&Unverified<P256>; 8], _: &[&PublicKey<P256>; 8]) -> u8 {
        match self.0 {}
    }

    pub(crate) fn one_prepared<const POINTS: usize>(
        self,
        _: &Unverified<P256>,
        _: &Prepared<P256, POINTS>,
    ) -> Option<bool> {
        match self.0 {}
    }
}
