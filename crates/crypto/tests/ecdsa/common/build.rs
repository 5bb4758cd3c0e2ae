//! Signatures made from what their verification is to compute.

use num_bigint::BigUint;

use super::{curve::Oracle, octets, random::Random, small};

/// A key, a digest and a signature.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// `X ‖ Y`.
    pub(crate) key: Vec<u8>,
    pub(crate) digest: Vec<u8>,
    /// `r ‖ s`.
    pub(crate) signature: Vec<u8>,
    pub(crate) valid: bool,
}

impl Case {
    /// u1·G + u2·d·G shall be computed: r is its x, s = r/u2 and e = u1·s. If that is infinity, r is something else, and
    /// the signature is no good. `None` if r or e cannot be so.
    pub(crate) fn solve<C: Oracle>(u1: &BigUint, u2: &BigUint, d: &BigUint, random: &mut Random) -> Option<Self> {
        let sum = C::write(&C::base(&((u1 + u2 * d) % C::n())));
        let valid = sum.is_some();
        let r = match sum {
            Some(sum) => BigUint::from_bytes_be(&sum[..C::OCTETS]) % C::n(),
            None => random.below(&(C::n() - small(1))) + small(1),
        };
        Self::with_r::<C>(C::write(&C::base(d))?, &r, u1, u2, valid)
    }

    /// The case of a given r and key.
    pub(crate) fn with_r<C: Oracle>(
        key: Vec<u8>,
        r: &BigUint,
        u1: &BigUint,
        u2: &BigUint,
        valid: bool,
    ) -> Option<Self> {
        let s = r * u2.modinv(C::n())? % C::n();
        if s == BigUint::ZERO {
            return None;
        }
        let digest = octets(&(u1 * &s % C::n()), C::OCTETS);
        Some(Self { key, digest, signature: [octets(r, C::OCTETS), octets(&s, C::OCTETS)].concat(), valid })
    }

    /// The case whose sum is a given point R: the key is u2⁻¹·(R − u1·G).
    pub(crate) fn with_sum<C: Oracle>(
        sum: C::Point,
        r: &BigUint,
        u1: &BigUint,
        u2: &BigUint,
        valid: bool,
    ) -> Option<Self> {
        let key = (sum - C::base(u1)) * C::scalar(&C::inverse(u2));
        Self::with_r::<C>(C::write(&key)?, r, u1, u2, valid)
    }
}
