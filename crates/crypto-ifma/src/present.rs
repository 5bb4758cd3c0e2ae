//! The token, where there may be lanes, and the calls that it makes safe.

use genuine_crypto::{P256, Prepared, PublicKey, Unverified};

use crate::ifma;

/// Proof that the processor has AVX-512 IFMA: it is not to be had without.
#[derive(Clone, Copy, Debug)]
pub struct Ifma(());

#[allow(clippy::unused_self, reason = "the value is the proof")]
impl Ifma {
    /// Asks the processor. `None` if it has no such lanes, or if the operating system does not save their registers.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn detect() -> Option<Self> {
        let present = std::is_x86_feature_detected!("avx512f") && std::is_x86_feature_detected!("avx512ifma");
        // What the compiler takes to come with AVX512F, and a hypervisor may hide.
        let implied = std::is_x86_feature_detected!("avx2")
            && std::is_x86_feature_detected!("fma")
            && std::is_x86_feature_detected!("f16c");
        (present && implied).then_some(Self(()))
    }

    /// For programs that are compiled for processors that have them.
    #[cfg(all(target_feature = "avx512f", target_feature = "avx512ifma"))]
    #[must_use]
    pub const fn from_target_features() -> Self {
        Self(())
    }

    /// For those who know by other means, without `std`.
    ///
    /// # Safety
    ///
    /// The processor must have AVX512F and AVX512-IFMA wherever this value is used, and the operating system must save the
    /// registers. It must have what the compiler takes to come with them, too: AVX2, FMA and F16C, and with these AVX and SSE
    /// up to SSE4.2. Processors do; a hypervisor may hide a part.
    #[must_use]
    pub const unsafe fn assume() -> Self {
        Self(())
    }

    pub(crate) fn eight_prepared<const POINTS: usize>(
        self,
        signed: [&Unverified<P256>; 8],
        keys: &[&Prepared<P256, POINTS>; 8],
    ) -> u8 {
        // SAFETY: the function needs the features avx512f and avx512ifma and those that they imply, which the processor has,
        // because `self` exists.
        unsafe { ifma::eight_prepared(signed, keys) }
    }

    pub(crate) fn eight_plain(self, signed: [&Unverified<P256>; 8], keys: &[&PublicKey<P256>; 8]) -> u8 {
        // SAFETY: as in `eight_prepared`.
        unsafe { ifma::eight_plain(signed, keys) }
    }

    /// `None` if a table of this size cannot be spread over the lanes.
    pub(crate) fn one_prepared<const POINTS: usize>(
        self,
        signed: &Unverified<P256>,
        key: &Prepared<P256, POINTS>,
    ) -> Option<bool> {
        // SAFETY: as in `eight_prepared`.
        ifma::can_spread::<POINTS>().then(|| unsafe { ifma::one_prepared(signed, key) })
    }
}
