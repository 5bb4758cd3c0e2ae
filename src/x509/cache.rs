//! The issuer of many leaves, verified once and cached.

use core::{cell::RefCell, fmt, marker::PhantomData};

use super::{certificate::Certificate, error::X509Error, signature};
use crate::crypto::{Backend, Curve, P384, PrepareEcdsa, PublicKey, Sha256, Sha384};

/// The proof that a trust anchor signed an intermediate certificate, or one that signed it, and the certificate's key as the backend
/// `C` prepared it.
///
/// A verifier makes it of an attestation that is authentic, and leaves it in its [`IssuerCache`]. It is bound to the signed octets
/// of each certificate from the anchor down to that one, to their signatures in either of the two forms of s, and to the key of that
/// anchor, and says nothing of any other. Names, roles and validity of the certificates are checked in every attestation again.
///
/// It is bound to the type of the backend. Behind `dyn`, where that says nothing, no issuer is cached.
pub struct CachedIssuer<C: ?Sized, K> {
    /// SHA-256 of the anchor's key, the certificates and their signatures, in the form with the lower s.
    fingerprint: [u8; 32],
    key: K,
    backend: PhantomData<fn(&C)>,
}

impl<C: ?Sized, K: Clone> Clone for CachedIssuer<C, K> {
    fn clone(&self) -> Self {
        Self { fingerprint: self.fingerprint, key: self.key.clone(), backend: PhantomData }
    }
}

impl<C: ?Sized, K> CachedIssuer<C, K> {
    /// What it is found by: SHA-256 of the anchor's key, the certificates below it, and their signatures.
    #[must_use]
    pub const fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }
}

impl<C: ?Sized, K> fmt::Debug for CachedIssuer<C, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedIssuer").finish_non_exhaustive()
    }
}

/// Where a verifier finds the issuer of an earlier attestation, and leaves that of an authentic one.
///
/// A `RefCell<Option<CachedIssuer<C, K>>>` serves one thread and has room for one issuer, which is all that App Attest has;
/// a `RefCell<[Option<CachedIssuer<C, K>>; N]>` has room for N, since phones have several. Where many threads verify, implement this
/// for what shares a value there, such as a lock of the standard library; [`guide::throughput`](crate::guide::throughput) has one. A
/// cache that is empty, or loses what it had, costs time and changes no verdict.
pub trait IssuerCache<C: ?Sized> {
    /// The form in which the backend prepares the issuer's key.
    type Key;

    /// Hands the issuer with this fingerprint, if there is one, to a function, and returns that function's answer. Where there is
    /// room for one issuer, that one is right as well: what is handed over is compared.
    fn with_issuer<T>(
        &self,
        fingerprint: &[u8; 32],
        function: impl FnOnce(Option<&CachedIssuer<C, Self::Key>>) -> T,
    ) -> T;

    /// Takes the issuer of an authentic attestation, which is not the one that was there.
    fn store(&self, issuer: CachedIssuer<C, Self::Key>);
}

/// For one thread. While the cell is borrowed elsewhere, there is no issuer.
impl<C: ?Sized, K> IssuerCache<C> for RefCell<Option<CachedIssuer<C, K>>> {
    type Key = K;

    fn with_issuer<T>(&self, _: &[u8; 32], function: impl FnOnce(Option<&CachedIssuer<C, K>>) -> T) -> T {
        match self.try_borrow() {
            Ok(issuer) => function(issuer.as_ref()),
            Err(_) => function(None),
        }
    }

    fn store(&self, issuer: CachedIssuer<C, K>) {
        if let Ok(mut place) = self.try_borrow_mut() {
            *place = Some(issuer);
        }
    }
}

/// For one thread, with room for N issuers. The one that was stored first makes room.
impl<C: ?Sized, K, const N: usize> IssuerCache<C> for RefCell<[Option<CachedIssuer<C, K>>; N]> {
    type Key = K;

    fn with_issuer<T>(&self, fingerprint: &[u8; 32], function: impl FnOnce(Option<&CachedIssuer<C, K>>) -> T) -> T {
        match self.try_borrow() {
            Ok(issuers) => function(issuers.iter().flatten().find(|issuer| issuer.fingerprint == *fingerprint)),
            Err(_) => function(None),
        }
    }

    fn store(&self, issuer: CachedIssuer<C, K>) {
        if let Ok(mut issuers) = self.try_borrow_mut() {
            issuers.rotate_right(usize::from(N > 0));
            if let Some(place) = issuers.first_mut() {
                *place = Some(issuer);
            }
        }
    }
}

/// No cache: each attestation has every signature of its chain verified.
#[derive(Clone, Copy, Debug)]
pub struct NoCache;

/// What a verifier has for its issuers, whose keys are on the curve `V`: [`NoCache`], or a reference to an [`IssuerCache`] that its
/// backend can fill. Nobody else can add one.
pub trait Issuers<C: ?Sized, V: Curve = P384>: sealed::Sealed {
    /// Whether there can be an issuer, for which a fingerprint is computed.
    #[doc(hidden)]
    const CACHES: bool;

    /// Verifies a leaf by the issuer with this fingerprint; `None` if it is not there.
    #[doc(hidden)]
    #[allow(private_interfaces, reason = "nobody else can implement this")]
    fn verify_leaf(
        &self,
        fingerprint: &[u8; 32],
        leaf: &Certificate<'_>,
        crypto: &Backend<'_, C>,
    ) -> Option<Result<(), X509Error>>;

    /// Keeps the key of an issuer, if the backend can prepare it.
    #[doc(hidden)]
    #[allow(private_interfaces, reason = "nobody else can implement this")]
    fn keep(&self, fingerprint: [u8; 32], key: &V::Octets, crypto: &Backend<'_, C>);
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::NoCache {}
    impl<I: ?Sized> Sealed for &I {}
}

#[allow(private_interfaces, reason = "nobody else can implement this")]
impl<C: ?Sized, V: Curve> Issuers<C, V> for NoCache {
    const CACHES: bool = false;

    fn verify_leaf(&self, _: &[u8; 32], _: &Certificate<'_>, _: &Backend<'_, C>) -> Option<Result<(), X509Error>> {
        None
    }

    fn keep(&self, _: [u8; 32], _: &V::Octets, _: &Backend<'_, C>) {}
}

#[allow(private_interfaces, reason = "nobody else can implement this")]
impl<C, V, I> Issuers<C, V> for &I
where
    C: Sha256 + Sha384 + PrepareEcdsa<V, I::Key>,
    V: Curve,
    I: IssuerCache<C> + ?Sized,
{
    const CACHES: bool = true;

    fn verify_leaf(
        &self,
        fingerprint: &[u8; 32],
        leaf: &Certificate<'_>,
        crypto: &Backend<'_, C>,
    ) -> Option<Result<(), X509Error>> {
        self.with_issuer(fingerprint, |issuer| {
            let issuer = issuer.filter(|issuer| issuer.fingerprint == *fingerprint)?;
            Some(signature::verify(leaf, crypto, |digest, signature| {
                crypto.verify_prepared(&issuer.key, digest, signature, X509Error::LeafSignature)
            }))
        })
    }

    // Not inlined, so that what preparing takes, 13 KB of stack on Cortex-M4 for 3 KB, is not there while verifying.
    #[inline(never)]
    fn keep(&self, fingerprint: [u8; 32], key: &V::Octets, crypto: &Backend<'_, C>) {
        let key: Result<_, X509Error> = crypto.prepare(&PublicKey(*key), X509Error::IntermediateKeyInvalid);
        if let Ok(key) = key {
            self.store(CachedIssuer { fingerprint, key, backend: PhantomData });
        }
    }
}
