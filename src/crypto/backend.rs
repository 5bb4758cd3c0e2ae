//! The one door between the engine and a backend.
//!
//! Views borrow keys and signatures from the input; the operands of fixed size are made here, for one call. Answers that
//! are not "yes" become the caller's error, and "could not compute" never does.

#[cfg(feature = "play-integrity")]
use zeroize::Zeroizing;

#[cfg(feature = "play-integrity")]
use super::traits::AesKwGcm;
#[cfg(feature = "session")]
use super::{
    operand::P256,
    traits::{HmacSha256, SignP256},
};
use super::{
    operand::{Curve, Digest, EcdsaSigValue, PublicKey, Signature},
    prepare::{BatchEcdsa, Item, Key, PrepareEcdsa},
    rsa::RsaPublicKey,
    traits::{CryptoError, Sha256, Sha384, VerifyEcdsa, VerifyRsa},
};

/// The backend could not compute.
pub(crate) struct Unavailable;

pub(crate) struct Backend<'a, C: ?Sized>(&'a C);

impl<'a, C: ?Sized> Backend<'a, C> {
    pub(crate) const fn new(crypto: &'a C) -> Self {
        Self(crypto)
    }

    pub(crate) fn sha256<E: From<Unavailable>>(&self, parts: &[&[u8]]) -> Result<[u8; 32], E>
    where
        C: Sha256,
    {
        self.0.sha256(parts).map_err(|_| Unavailable.into())
    }

    /// Whether the SHA-256 of the concatenated parts is this one.
    // Not inlined, so that the digest does not lie under the rest of the verification: 36 bytes of stack on Cortex-M4.
    #[inline(never)]
    pub(crate) fn expect_sha256<E: From<Unavailable>>(
        &self,
        parts: &[&[u8]],
        expected: &[u8; 32],
        different: E,
    ) -> Result<(), E>
    where
        C: Sha256,
    {
        match self.0.sha256(parts) {
            Ok(digest) if digest == *expected => Ok(()),
            Ok(_) => Err(different),
            Err(_) => Err(Unavailable.into()),
        }
    }

    #[cfg(feature = "session")]
    pub(crate) fn hmac_sha256<E: From<Unavailable>>(&self, key: &[u8], parts: &[&[u8]]) -> Result<[u8; 32], E>
    where
        C: HmacSha256,
    {
        self.0.hmac_sha256(key, parts).map_err(|_| Unavailable.into())
    }

    /// Whether the code of the concatenated parts under this key is this one, compared in constant time: whoever guesses a
    /// code octet by octet learns nothing from how long the answer takes.
    #[cfg(feature = "session")]
    // Not inlined, so that the code does not lie under the rest of the verification.
    #[inline(never)]
    pub(crate) fn expect_hmac_sha256<E: From<Unavailable>>(
        &self,
        key: &[u8],
        parts: &[&[u8]],
        expected: &[u8; 32],
        different: E,
    ) -> Result<(), E>
    where
        C: HmacSha256,
    {
        use subtle::ConstantTimeEq;

        let code = self.hmac_sha256(key, parts)?;
        if bool::from(code.ct_eq(expected)) { Ok(()) } else { Err(different) }
    }

    /// The digest of a message. A result to be looked at where it is, because `?` copies what it takes out of one.
    pub(crate) fn digest_256(&self, message: &[u8]) -> Result<Digest, Unavailable>
    where
        C: Sha256,
    {
        self.0.sha256(&[message]).map(Digest::Sha256).map_err(|_| Unavailable)
    }

    pub(crate) fn digest_384(&self, message: &[u8]) -> Result<Digest, Unavailable>
    where
        C: Sha384,
    {
        self.0.sha384(&[message]).map(Digest::Sha384).map_err(|_| Unavailable)
    }

    // Not inlined, so that the operand does not lie under the rest of the verification: 48 bytes of stack on Cortex-M4.
    #[inline(never)]
    pub(crate) fn check_key<V: Curve, E: From<Unavailable>>(&self, key: &V::Octets, invalid: E) -> Result<(), E>
    where
        C: VerifyEcdsa<V>,
    {
        verdict(self.0.check_key(&PublicKey(*key)), invalid)
    }

    pub(crate) fn verify<V: Curve, E: From<Unavailable>>(
        &self,
        key: &V::Octets,
        digest: &Digest,
        signature: EcdsaSigValue<'_, V>,
        invalid: E,
    ) -> Result<(), E>
    where
        C: VerifyEcdsa<V>,
    {
        // Here and below not by `batch_item`, since an `Option` of it would be copied: stack on Cortex-M4.
        let signature = signature.to_signature();
        if !signature.is_in_range() {
            return Err(invalid);
        }
        verdict(self.0.verify(&PublicKey(*key), digest, &signature), invalid)
    }

    /// As [`verify`](Self::verify), of a signature that is `r ‖ s` already.
    #[cfg(any(feature = "play-integrity", feature = "session"))]
    pub(crate) fn verify_raw<V: Curve, E: From<Unavailable>>(
        &self,
        key: &PublicKey<V>,
        digest: &Digest,
        signature: &Signature<V>,
        invalid: E,
    ) -> Result<(), E>
    where
        C: VerifyEcdsa<V>,
    {
        if !signature.is_in_range() {
            return Err(invalid);
        }
        verdict(self.0.verify(key, digest, signature), invalid)
    }

    #[allow(dead_code, reason = "for protocols with RSA, which are features")]
    pub(crate) fn verify_rsa<E: From<Unavailable>>(
        &self,
        key: RsaPublicKey<'_>,
        digest: &[u8; 32],
        signature: &[u8],
        invalid: E,
    ) -> Result<(), E>
    where
        C: VerifyRsa,
    {
        if !key.is_in_range(signature) {
            return Err(invalid);
        }
        verdict(self.0.verify_rsa_pkcs1_sha256(key, digest, signature), invalid)
    }

    /// Opens a text in place whose content key is wrapped by one of these keys, and returns the position of that key.
    ///
    /// Every key is tried, and the tag is always computed: where no key unwraps, under the first one, which made no tag. So
    /// neither the answer nor the time tells a bad wrapped key from a bad tag (RFC 7516 §11.5).
    #[cfg(feature = "play-integrity")]
    pub(crate) fn open_wrapped<'k, E: From<Unavailable>>(
        &self,
        keys: impl Iterator<Item = &'k [u8; 32]>,
        wrapped: &[u8; 40],
        (iv, additional, text, tag): (&[u8; 12], &[u8], &mut [u8], &[u8; 16]),
        invalid: E,
    ) -> Result<usize, E>
    where
        C: AesKwGcm,
    {
        let mut content = Zeroizing::new([0; 32]);
        let mut found = None;
        for (position, key) in keys.enumerate() {
            match self.0.unwrap_key(key, wrapped).map(Zeroizing::new) {
                Ok(unwrapped) if found.is_none() => {
                    found = Some(position);
                    content = unwrapped;
                }
                Err(CryptoError::Unavailable) => return Err(Unavailable.into()),
                Err(CryptoError::Invalid) if position == 0 => *content = *key,
                Ok(_) | Err(CryptoError::Invalid) => {}
            }
        }
        match (self.0.open_in_place(&content, iv, additional, text, tag), found) {
            (Ok(()), Some(position)) => Ok(position),
            (Err(CryptoError::Unavailable), _) => Err(Unavailable.into()),
            (Ok(()) | Err(CryptoError::Invalid), _) => Err(invalid),
        }
    }

    pub(crate) fn prepare<V: Curve, K, E: From<Unavailable>>(&self, key: &PublicKey<V>, invalid: E) -> Result<K, E>
    where
        C: PrepareEcdsa<V, K>,
    {
        verdict(self.0.prepare(key), invalid)
    }

    pub(crate) fn verify_prepared<V: Curve, K, E: From<Unavailable>>(
        &self,
        key: &K,
        digest: &Digest,
        signature: EcdsaSigValue<'_, V>,
        invalid: E,
    ) -> Result<(), E>
    where
        C: PrepareEcdsa<V, K>,
    {
        let signature = signature.to_signature();
        if !signature.is_in_range() {
            return Err(invalid);
        }
        verdict(self.0.verify_prepared(key, digest, &signature), invalid)
    }

    /// Verifies items made by [`batch_item`]; a verdict that the backend does not write stays what it is.
    pub(crate) fn verify_batch<V: Curve, K>(&self, items: &[Item<'_, V, K>], verdicts: &mut [Result<(), CryptoError>])
    where
        C: BatchEcdsa<V, K>,
    {
        self.0.verify_batch(items, verdicts);
    }
}

/// Signs a digest. What comes from a key is given on as it came: whoever verifies it sees what it is worth.
#[cfg(feature = "session")]
pub(crate) fn sign<E: From<Unavailable>, S: SignP256 + ?Sized>(
    signer: &S,
    digest: &[u8; 32],
) -> Result<Signature<P256>, E> {
    signer.sign(digest).map_err(|_| Unavailable.into())
}

/// An item of a batch, if its signature is in range.
pub(crate) fn batch_item<'k, V: Curve, K>(
    key: Key<'k, V, K>,
    digest: Digest,
    signature: EcdsaSigValue<'_, V>,
) -> Option<Item<'k, V, K>> {
    let signature: Signature<V> = signature.to_signature();
    signature.is_in_range().then_some(Item { key, digest, signature })
}

/// The caller's error for an answer that is not "yes".
pub(crate) fn verdict<T, E: From<Unavailable>>(answer: Result<T, CryptoError>, invalid: E) -> Result<T, E> {
    answer.map_err(|error| match error {
        CryptoError::Invalid => invalid,
        CryptoError::Unavailable => Unavailable.into(),
    })
}
