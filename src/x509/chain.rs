//! The chain of two: leaf ← intermediate ← trust anchor, as in RFC 5280 §6.1 with nothing left to choose.

use super::{
    anchor::TrustAnchor,
    cache::Issuers,
    certificate::{Certificate, SubjectKey},
    error::X509Error,
    extension::{EXT_KEY_USAGE, KeyUsage},
    name::is_name,
    profile::{Profile, TimeRules},
    signature,
};
use crate::{
    crypto::{Backend, Digest, EcdsaSigValue, P384, Sha256, Sha384, VerifyEcdsa},
    time::UnixTime,
};

/// The two certificates of a chain, not verified.
pub(crate) struct Chain<'c, 'i> {
    pub(crate) leaf: &'c Certificate<'i>,
    pub(crate) intermediate: &'c Certificate<'i>,
}

/// The proof that a trust anchor vouches for the leaf. Only [`Chain::verify`] makes one.
#[must_use]
pub(crate) struct VerifiedChain<'c, 'i> {
    leaf: &'c Certificate<'i>,
}

/// The key that is to have signed each certificate: `X ‖ Y`.
struct IssuerKeys<'k> {
    of_leaf: &'k [u8; 96],
    of_intermediate: &'k [u8; 96],
}

impl<'c, 'i> VerifiedChain<'c, 'i> {
    /// The leaf, which says what it is trusted to say.
    pub(crate) const fn leaf(&self) -> &'c Certificate<'i> {
        self.leaf
    }
}

impl<'c, 'i> Chain<'c, 'i> {
    /// Verifies the chain: time, names, roles and keys, and the signatures last, from the anchor downward, so that no key is
    /// used before it is certified.
    ///
    /// The anchors were [checked](super::check_anchors). An issuer that the cache has spares the signature of the intermediate.
    pub(crate) fn verify<C, I>(
        &self,
        anchors: &[TrustAnchor<'_>],
        now: UnixTime,
        rules: &TimeRules,
        profile: &Profile,
        crypto: &Backend<'_, C>,
        issuers: &I,
    ) -> Result<VerifiedChain<'c, 'i>, X509Error>
    where
        C: Sha256 + Sha384 + VerifyEcdsa<P384> + ?Sized,
        I: Issuers<C>,
    {
        self.check_time(now, rules)?;
        let keys = self.check_structure(anchors, profile)?;
        crypto.check_key::<P384, _>(keys.of_leaf, X509Error::IntermediateKeyInvalid)?;
        self.verify_signatures(&keys, crypto, issuers)?;
        Ok(VerifiedChain { leaf: self.leaf })
    }

    /// RFC 5280 §6.1.3 (a)(2): both ends of a validity period belong to it. And the leaf is not older than the profile allows.
    fn check_time(&self, now: UnixTime, rules: &TimeRules) -> Result<(), X509Error> {
        let (leaf, intermediate) = (self.leaf.validity(), self.intermediate.validity());
        if !rules.ignore_validity_period {
            if now < leaf.not_before {
                return Err(X509Error::LeafNotYetValid);
            }
            if now > leaf.not_after {
                return Err(X509Error::LeafExpired);
            }
            if now < intermediate.not_before {
                return Err(X509Error::IntermediateNotYetValid);
            }
            if now > intermediate.not_after {
                return Err(X509Error::IntermediateExpired);
            }
        }
        if let Some(greatest) = rules.max_leaf_age {
            // A time before notBefore makes nothing young.
            let age = now.0.checked_sub(leaf.not_before.0).ok_or(X509Error::LeafNotYetValid)?;
            if age > greatest {
                return Err(X509Error::LeafTooOld);
            }
        }
        Ok(())
    }

    /// Names, roles and keys: everything about the chain that costs no cryptography.
    fn check_structure<'k>(
        &self,
        anchors: &'k [TrustAnchor<'_>],
        profile: &Profile,
    ) -> Result<IssuerKeys<'k>, X509Error>
    where
        'i: 'k,
    {
        let issuer = self.leaf.issuer();
        if issuer != self.intermediate.subject() || !is_name(issuer) {
            return Err(X509Error::IssuerMismatch);
        }
        // Else a leaf that the anchor signed itself would pass, with the anchor's own certificate as the intermediate.
        if issuer == self.intermediate.issuer() {
            return Err(X509Error::SelfIssued);
        }
        check_leaf(self.leaf)?;
        profile.check_purpose(self.leaf)?;
        let of_leaf = check_intermediate(self.intermediate)?;
        // Apple's intermediate has no extended key usage. One that has it, and marks it critical, is held to it.
        if self.intermediate.extensions().is_critical(EXT_KEY_USAGE) {
            profile.check_purpose(self.intermediate)?;
        }
        let issuer = self.intermediate.issuer();
        let anchor = anchors.iter().find(|anchor| anchor.subject == issuer).ok_or(X509Error::AnchorUnknown)?;
        Ok(IssuerKeys { of_leaf, of_intermediate: &anchor.key.0 })
    }

    /// RFC 5280 §6.1.3 (a)(1).
    fn verify_signatures<C, I>(
        &self,
        keys: &IssuerKeys<'_>,
        crypto: &Backend<'_, C>,
        issuers: &I,
    ) -> Result<(), X509Error>
    where
        C: Sha256 + Sha384 + VerifyEcdsa<P384> + ?Sized,
        I: Issuers<C>,
    {
        if !I::CACHES {
            return self.verify_both(keys, crypto);
        }
        let fingerprint = self.fingerprint(keys, crypto)?;
        if let Some(verdict) = issuers.verify_leaf(&fingerprint, self.leaf, crypto) {
            return verdict;
        }
        self.verify_both(keys, crypto)?;
        issuers.keep(fingerprint, keys.of_leaf, crypto);
        Ok(())
    }

    fn verify_both<C>(&self, keys: &IssuerKeys<'_>, crypto: &Backend<'_, C>) -> Result<(), X509Error>
    where
        C: Sha256 + Sha384 + VerifyEcdsa<P384> + ?Sized,
    {
        signature::verify(self.intermediate, crypto, |digest, signature| {
            verify(keys.of_intermediate, digest, signature, crypto, X509Error::IntermediateSignature)
        })?;
        signature::verify(self.leaf, crypto, |digest, signature| {
            verify(keys.of_leaf, digest, signature, crypto, X509Error::LeafSignature)
        })
    }

    /// SHA-256 of everything that the signature of the intermediate is a statement of: the anchor's key, the certificate
    /// (self-delimiting, as all DER is, and naming the hash), r, and the lower of s and n − s. (r, s) and (r, n − s) count as
    /// one signature: anybody can compute one from the other, and both verify.
    fn fingerprint<C: Sha256 + ?Sized>(
        &self,
        keys: &IssuerKeys<'_>,
        crypto: &Backend<'_, C>,
    ) -> Result<[u8; 32], X509Error> {
        let signature = signature::value::<P384>(self.intermediate)?.to_signature().with_low_s();
        crypto.sha256(&[keys.of_intermediate, self.intermediate.tbs(), &signature.0])
    }
}

// Not inlined, so that the operands do not lie under the hash of the message: 160 bytes of stack on Cortex-M4.
#[inline(never)]
fn verify<C: VerifyEcdsa<P384> + ?Sized>(
    key: &[u8; 96],
    digest: &Digest,
    signature: EcdsaSigValue<'_, P384>,
    crypto: &Backend<'_, C>,
    invalid: X509Error,
) -> Result<(), X509Error> {
    crypto.verify::<P384, _>(key, digest, signature, invalid)
}

/// The role of the leaf: it signs data and certifies nobody.
fn check_leaf(leaf: &Certificate<'_>) -> Result<(), X509Error> {
    if let Some(constraints) = leaf.basic_constraints() {
        if constraints.ca {
            return Err(X509Error::CaAsLeaf);
        }
        if constraints.has_path_len {
            return Err(X509Error::BasicConstraints);
        }
    }
    match leaf.key_usage() {
        Some(usage) if usage.digital_signature() && !usage.key_cert_sign() => Ok(()),
        _ => Err(X509Error::KeyUsage),
    }
}

/// The role of the intermediate: a certification authority with a key on P-384, and says so critically.
fn check_intermediate<'i>(intermediate: &Certificate<'i>) -> Result<&'i [u8; 96], X509Error> {
    let SubjectKey::P384(key) = intermediate.key() else {
        return Err(X509Error::IntermediateKeyAlgorithm);
    };
    if !intermediate.basic_constraints().is_some_and(|constraints| constraints.ca && constraints.critical) {
        return Err(X509Error::BasicConstraints);
    }
    if !intermediate.key_usage().is_some_and(KeyUsage::key_cert_sign) {
        return Err(X509Error::KeyUsage);
    }
    Ok(key)
}
