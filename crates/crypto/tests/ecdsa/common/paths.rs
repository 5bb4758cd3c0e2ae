//! Every path of a verification.

use genuine_crypto::{
    Invalid, Prepared, PublicKey, Unverified,
    arithmetic::{self, Scalar},
};

use super::{build::Case, curve::Oracle};

/// A key in all forms.
pub(crate) struct Keys<C: Oracle> {
    plain: PublicKey<C>,
    prepared_8: Box<Prepared<C, 8>>,
    prepared_32: Box<Prepared<C, 32>>,
    prepared_128: Box<Prepared<C, 128>>,
    prepared_512: Box<Prepared<C, 512>>,
}

impl<C: Oracle> Keys<C> {
    /// `None` if it is refused.
    pub(crate) fn new(coordinates: &[u8]) -> Option<Self> {
        let plain = PublicKey::from_be(coordinates)?;
        Some(Self {
            plain,
            prepared_8: Box::new(plain.prepare()),
            prepared_32: Box::new(plain.prepare()),
            prepared_128: Box::new(plain.prepare()),
            prepared_512: Box::new(plain.prepare()),
        })
    }

    /// The verdict of each path. What is computed for one signature is also what is computed for it in a batch, whose
    /// other members are itself and one that is out of range.
    pub(crate) fn verdicts(&self, digest: &[u8], signature: &[u8]) -> [(&'static str, bool); 5] {
        let signed = Unverified::new(digest, signature);
        let batch = Unverified::batch(&[(digest, signature), (digest, &[]), (digest, signature)]);
        for one in [&batch[0], &batch[2]] {
            assert_eq!(numbers(one), numbers(&signed), "{digest:02x?}, {signature:02x?}");
        }
        assert!(batch.iter().enumerate().all(|(i, one)| i == 0 || i == 2 || one.is_err()));
        [
            ("plain", signed.is_ok_and(|signed| signed.verify(&self.plain).is_ok())),
            ("8", signed.is_ok_and(|signed| signed.verify_prepared(&self.prepared_8).is_ok())),
            ("32", signed.is_ok_and(|signed| signed.verify_prepared(&self.prepared_32).is_ok())),
            ("128", signed.is_ok_and(|signed| signed.verify_prepared(&self.prepared_128).is_ok())),
            ("512", signed.is_ok_and(|signed| signed.verify_prepared(&self.prepared_512).is_ok())),
        ]
    }
}

/// r, u1 and u2, unless the signature was refused.
pub(crate) fn numbers<C: Oracle>(signed: &Result<Unverified<C>, Invalid>) -> Option<[Scalar<C>; 3]> {
    signed.as_ref().ok().map(|signed| arithmetic::numbers(signed).map(|scalar| *scalar))
}

/// Runs a case on every path and by every oracle, which have to agree with each other and with what is expected.
pub(crate) fn assert_agreed<C: Oracle>(keys: &Keys<C>, case: &Case) {
    let Case { key, digest, signature, valid } = case;
    assert_eq!(C::by_the_book(key, digest, signature), *valid, "by the book: {case:02x?}");
    for verdict in [C::by_rust_crypto(key, digest, signature), C::by_aws_lc(key, digest, signature)] {
        assert!(verdict.is_none_or(|verdict| verdict == *valid), "another library: {case:02x?}");
    }
    assert_paths(keys, case);
}

/// Runs a case on every path.
pub(crate) fn assert_paths<C: Oracle>(keys: &Keys<C>, case: &Case) {
    for (path, verdict) in keys.verdicts(&case.digest, &case.signature) {
        assert_eq!(verdict, case.valid, "{path}: {case:02x?}");
    }
}
