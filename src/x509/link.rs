//! One link of a chain: a certificate, and the key of its issuer, of any algorithm that Android's chains have.

use super::{
    certificate::{AlgorithmIdentifier, Certificate, SubjectKey},
    oid::oid,
    signature,
};
use crate::crypto::{
    Backend, Curve, EcdsaSigValue, P256, P384, RsaPublicKey, Sha256, Sha384, Unavailable, VerifyEcdsa, VerifyRsa,
};

/// ecdsa-with-SHA256 and ecdsa-with-SHA384 (RFC 5758 §3.2), sha256WithRSAEncryption (RFC 4055 §5), rsaEncryption (RFC 3279 §2.3.1).
const ECDSA_WITH_SHA256: &[u8] = oid!("1.2.840.10045.4.3.2");
const ECDSA_WITH_SHA384: &[u8] = oid!("1.2.840.10045.4.3.3");
const SHA256_WITH_RSA: &[u8] = oid!("1.2.840.113549.1.1.11");
const RSA_ENCRYPTION: &[u8] = oid!("1.2.840.113549.1.1.1");

/// The octets of a NULL.
const NULL: &[u8] = &[0x05, 0x00];

/// The key of an issuer, whose algorithm and size this crate verifies with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssuerKey<'k> {
    /// A key on P-256: `X ‖ Y`, big-endian.
    P256(&'k [u8; 64]),
    /// A key on P-384: `X ‖ Y`, big-endian.
    P384(&'k [u8; 96]),
    /// A key for RSA of 2048, 3072 or 4096 bits.
    Rsa(RsaPublicKey<'k>),
}

/// The algorithm of a signature; curve or size of the key are the issuer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    EcdsaSha256,
    EcdsaSha384,
    RsaSha256,
}

impl Algorithm {
    /// Whether it is ECDSA with its parameters absent, as everywhere but in some leaves.
    pub(crate) fn is_strict_ecdsa(certificate: &Certificate<'_>) -> bool {
        signature::check_form(certificate).is_ok()
    }

    /// The algorithm of a certificate's signature, its parameters NULL or absent: genuine phones have both for ECDSA.
    pub(crate) fn of(certificate: &Certificate<'_>) -> Option<Self> {
        let algorithm = certificate.signature_algorithm();
        if !matches!(algorithm.parameters(), [] | NULL) {
            return None;
        }
        match algorithm.id() {
            ECDSA_WITH_SHA256 => Some(Self::EcdsaSha256),
            ECDSA_WITH_SHA384 => Some(Self::EcdsaSha384),
            SHA256_WITH_RSA => Some(Self::RsaSha256),
            _ => None,
        }
    }

    /// Whether a signature has the form of one: `ECDSA-Sig-Value`, or as many octets as a modulus (RFC 8017 §8.2.2 step 1).
    pub(crate) fn fits(self, signature: &[u8]) -> bool {
        match self {
            Self::EcdsaSha256 | Self::EcdsaSha384 => EcdsaSigValue::<P384>::parse(signature).is_some(),
            Self::RsaSha256 => matches!(signature.len(), 256 | 384 | 512),
        }
    }
}

/// Whether a verifier takes RSA. Nobody else can add one.
pub trait RsaLinks<C: ?Sized>: sealed::Sealed {
    /// Whether it does.
    const VERIFIES: bool;

    #[doc(hidden)]
    #[allow(private_bounds, private_interfaces, reason = "nobody else can implement this")]
    fn verify<E: From<Unavailable>>(
        key: RsaPublicKey<'_>,
        digest: &[u8; 32],
        signature: &[u8],
        crypto: &Backend<'_, C>,
        invalid: E,
    ) -> Result<(), E>;
}

/// Chains with RSA are verified: the backend has [`VerifyRsa`].
#[derive(Clone, Copy, Debug)]
pub enum WithRsa {}

/// Chains with RSA are refused, and nothing that computes with RSA is linked.
#[derive(Clone, Copy, Debug)]
pub enum WithoutRsa {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::WithRsa {}
    impl Sealed for super::WithoutRsa {}
}

#[allow(private_bounds, private_interfaces, reason = "nobody else can implement this")]
impl<C: VerifyRsa + ?Sized> RsaLinks<C> for WithRsa {
    const VERIFIES: bool = true;

    // Not inlined, so that the numbers of RSA do not lie on the stack while a curve is computed with.
    #[inline(never)]
    fn verify<E: From<Unavailable>>(
        key: RsaPublicKey<'_>,
        digest: &[u8; 32],
        signature: &[u8],
        crypto: &Backend<'_, C>,
        invalid: E,
    ) -> Result<(), E> {
        crypto.verify_rsa(key, digest, signature, invalid)
    }
}

#[allow(private_bounds, private_interfaces, reason = "nobody else can implement this")]
impl<C: ?Sized> RsaLinks<C> for WithoutRsa {
    const VERIFIES: bool = false;

    fn verify<E: From<Unavailable>>(
        _: RsaPublicKey<'_>,
        _: &[u8; 32],
        _: &[u8],
        _: &Backend<'_, C>,
        invalid: E,
    ) -> Result<(), E> {
        Err(invalid)
    }
}

impl<'k> IssuerKey<'k> {
    /// The subject's key of a certificate; `None` if it is of another algorithm, size or form.
    #[must_use]
    pub fn of(certificate: &Certificate<'k>) -> Option<Self> {
        match certificate.key() {
            SubjectKey::P256(key) => Some(Self::P256(key)),
            SubjectKey::P384(key) => Some(Self::P384(key)),
            SubjectKey::Other { algorithm, key } if is_rsa(algorithm) => RsaPublicKey::from_der(key).map(Self::Rsa),
            SubjectKey::Other { .. } => None,
        }
    }

    /// The octets: coordinates or modulus. Their number tells which.
    pub(crate) fn as_bytes(&self) -> &'k [u8] {
        match self {
            Self::P256(key) => *key,
            Self::P384(key) => *key,
            Self::Rsa(key) => key.modulus(),
        }
    }

    /// Checks that a key on a curve is a point of it. A modulus has the form of one or it is none.
    pub(crate) fn check<C, E>(&self, crypto: &Backend<'_, C>, invalid: E) -> Result<(), E>
    where
        C: VerifyEcdsa<P256> + VerifyEcdsa<P384> + ?Sized,
        E: From<Unavailable>,
    {
        match self {
            Self::P256(key) => crypto.check_key::<P256, _>(key, invalid),
            Self::P384(key) => crypto.check_key::<P384, _>(key, invalid),
            Self::Rsa(_) => Ok(()),
        }
    }

    /// Verifies that this key signed the certificate (RFC 5280 §6.1.3 (a)(1)). A key of another algorithm did not.
    pub(crate) fn verify<C, R, E>(
        &self,
        certificate: &Certificate<'_>,
        crypto: &Backend<'_, C>,
        invalid: E,
    ) -> Result<(), E>
    where
        C: Sha256 + Sha384 + VerifyEcdsa<P256> + VerifyEcdsa<P384> + ?Sized,
        R: RsaLinks<C>,
        E: From<Unavailable>,
    {
        match (self, Algorithm::of(certificate)) {
            (Self::P256(key), Some(algorithm)) => {
                verify_ecdsa::<P256, C, E>(key, algorithm, certificate, crypto, invalid)
            }
            (Self::P384(key), Some(algorithm)) => {
                verify_ecdsa::<P384, C, E>(key, algorithm, certificate, crypto, invalid)
            }
            (Self::Rsa(key), Some(Algorithm::RsaSha256)) => {
                let digest = crypto.sha256(&[certificate.tbs()])?;
                R::verify(*key, &digest, certificate.signature(), crypto, invalid)
            }
            _ => Err(invalid),
        }
    }
}

// Not inlined, so that what the two curves take does not lie on the stack side by side.
#[inline(never)]
fn verify_ecdsa<V, C, E>(
    key: &V::Octets,
    algorithm: Algorithm,
    certificate: &Certificate<'_>,
    crypto: &Backend<'_, C>,
    invalid: E,
) -> Result<(), E>
where
    V: Curve,
    C: Sha256 + Sha384 + VerifyEcdsa<V> + ?Sized,
    E: From<Unavailable>,
{
    let Some(signature) = EcdsaSigValue::<V>::parse(certificate.signature()) else {
        return Err(invalid);
    };
    let digest = match algorithm {
        Algorithm::EcdsaSha256 => crypto.digest_256(certificate.tbs()),
        Algorithm::EcdsaSha384 => crypto.digest_384(certificate.tbs()),
        Algorithm::RsaSha256 => return Err(invalid),
    };
    // Looked at where it is, because `?` copies what it takes out of a result.
    match &digest {
        Ok(digest) => crypto.verify::<V, E>(key, digest, signature, invalid),
        Err(_) => Err(Unavailable.into()),
    }
}

/// `rsaEncryption`, its parameters NULL (RFC 3279 §2.3.1).
fn is_rsa(algorithm: AlgorithmIdentifier<'_>) -> bool {
    algorithm.id() == RSA_ENCRYPTION && algorithm.parameters() == NULL
}
