//! The verification of a key attestation, and the proof.

use core::{fmt, marker::PhantomData};

use super::{
    app::{AttestationApplicationId, app_id_hash},
    attest_key,
    capabilities::KeyAttestationCrypto,
    chain::{KeyAttestation, MAX_CERTIFICATES, Path},
    description::KeyDescription,
    number::{Algorithm, EcCurve, SecurityLevel},
    owned::OwnedKeyAttestation,
    policy::{Policy, check_policies, policy_of},
    provisioning::{Provisioning, ProvisioningInfo},
    revocation::Revocation,
    root_of_trust::RootOfTrust,
    serial::Serial,
};
use crate::{
    app_attest::{AssertionCrypto, AttestedKey, Environment},
    crypto::{Backend, P256, PublicKey, VerifyRsa},
    error::Error,
    time::UnixTime,
    x509::{
        Certificate, IssuerKey, Issuers, NoCache, RsaLinks, SubjectKey, TrustAnchor, WithRsa, WithoutRsa,
        check_anchors, oid,
    },
};

/// Verifies key attestations, with a policy for each app, one set of trust anchors and one cryptographic backend.
///
/// Made once, for as long as the apps are served. Its parts are references, so that nothing is allocated. `R` says whether chains
/// with RSA are taken, and `I` where issuers are cached.
pub struct KeyAttestationVerifier<'a, C: ?Sized, R = WithRsa, I = NoCache> {
    policies: &'a [Policy<'a>],
    anchors: &'a [TrustAnchor<'a, IssuerKey<'a>>],
    crypto: &'a C,
    issuers: I,
    rsa: PhantomData<fn(R)>,
}

// Not derived, because that would ask C and R for the same, which are only referred to.
impl<C: ?Sized, R, I: Clone> Clone for KeyAttestationVerifier<'_, C, R, I> {
    fn clone(&self) -> Self {
        Self { issuers: self.issuers.clone(), ..*self }
    }
}

impl<C: ?Sized, R, I: Copy> Copy for KeyAttestationVerifier<'_, C, R, I> {}

impl<C: ?Sized, R, I> fmt::Debug for KeyAttestationVerifier<'_, C, R, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut verifier = f.debug_struct("KeyAttestationVerifier");
        verifier.field("policies", &self.policies).field("anchors", &self.anchors).finish_non_exhaustive()
    }
}

impl<'a, C: KeyAttestationCrypto + VerifyRsa + ?Sized> KeyAttestationVerifier<'a, C> {
    /// A verifier. In production `anchors` is [`GOOGLE_ROOTS`](super::GOOGLE_ROOTS).
    ///
    /// # Errors
    ///
    /// [`Error::ConfigNoAppId`], [`Error::AndroidConfigPackage`], [`Error::AndroidConfigNoDigest`], [`Error::AndroidConfigBootKey`],
    /// [`Error::AndroidConfigDuplicatePackage`], [`Error::ConfigNoAnchor`], [`Error::ConfigInvalidAnchor`],
    /// [`Error::CryptoUnavailable`] if the backend cannot tell whether an anchor's key is a point.
    pub fn new(
        policies: &'a [Policy<'a>],
        anchors: &'a [TrustAnchor<'a, IssuerKey<'a>>],
        crypto: &'a C,
    ) -> Result<Self, Error> {
        Self::with(policies, anchors, crypto)
    }
}

impl<'a, C: KeyAttestationCrypto + ?Sized> KeyAttestationVerifier<'a, C, WithoutRsa> {
    /// A verifier for a backend without RSA: it takes the chains of remote provisioning since 2026, whose anchor is
    /// [`GOOGLE_P384_ROOT`](super::GOOGLE_P384_ROOT), and refuses all others.
    ///
    /// # Errors
    ///
    /// As for [`new`](KeyAttestationVerifier::new); an anchor with a key for RSA is [`Error::ConfigInvalidAnchor`].
    pub fn without_rsa(
        policies: &'a [Policy<'a>],
        anchors: &'a [TrustAnchor<'a, IssuerKey<'a>>],
        crypto: &'a C,
    ) -> Result<Self, Error> {
        Self::with(policies, anchors, crypto)
    }
}

impl<'a, C: KeyAttestationCrypto + ?Sized, R: RsaLinks<C>> KeyAttestationVerifier<'a, C, R> {
    fn with(
        policies: &'a [Policy<'a>],
        anchors: &'a [TrustAnchor<'a, IssuerKey<'a>>],
        crypto: &'a C,
    ) -> Result<Self, Error> {
        check_policies(policies)?;
        let backend = Backend::new(crypto);
        check_anchors(anchors, |key| match key {
            IssuerKey::Rsa(_) if !R::VERIFIES => Err(Error::ConfigInvalidAnchor),
            key => key.check(&backend, Error::ConfigInvalidAnchor),
        })?;
        Ok(Self { policies, anchors, crypto, issuers: NoCache, rsa: PhantomData })
    }

    /// The same verifier with a place for issuers of remote provisioning: the same answers, sooner where the next chain is of an
    /// issuer that is there. Thousands of phones share one for weeks, and there are some dozens.
    pub const fn with_issuer_cache<I: ?Sized>(self, cache: &'a I) -> KeyAttestationVerifier<'a, C, R, &'a I>
    where
        &'a I: Issuers<C, P256>,
    {
        KeyAttestationVerifier {
            policies: self.policies,
            anchors: self.anchors,
            crypto: self.crypto,
            issuers: cache,
            rsa: PhantomData,
        }
    }
}

impl<C, R, I> KeyAttestationVerifier<'_, C, R, I>
where
    C: KeyAttestationCrypto + ?Sized,
    R: RsaLinks<C>,
    I: Issuers<C, P256>,
{
    /// Verifies a key attestation.
    ///
    /// `challenge` is what the app was given to put into the key, whole; `revocation` the list, of whose age the caller takes care; `now`
    /// the time to hold the certificates against.
    ///
    /// The checks run from cheap to expensive and all have to pass; no signature is looked at unless everything else has passed. The
    /// attestation is *authentic* then. That its challenge is used once, that who sent the chain has the key, and that the key is
    /// registered once, is the caller's to ensure.
    ///
    /// # Errors
    ///
    /// [`Error::AndroidChallengeEmpty`]; the first check that fails, in the order of [`Step`](super::Step); 9xxx if nothing could be
    /// decided.
    // Not inlined, so that what verifying takes is not there yet while the caller parses.
    #[inline(never)]
    pub fn verify<'i, V: Revocation + ?Sized>(
        &self,
        attestation: &KeyAttestation<'i>,
        challenge: &[u8],
        revocation: &V,
        now: UnixTime,
    ) -> Result<VerifiedKeyAttestation<'i>, Error> {
        let crypto = Backend::new(self.crypto);
        let description = attestation.description();
        if challenge.is_empty() {
            return Err(Error::AndroidChallengeEmpty);
        }
        let (policy_index, policy) = policy_of(self.policies, description).ok_or(Error::ConfigNoAppId)?;
        if policy.needs_time() && now == UnixTime(0) {
            return Err(Error::ClockUnset);
        }

        // The certificates, as far as nothing is computed.
        let path = Path::new(attestation, self.anchors)?;
        path.check_names()?;
        path.check_algorithms::<C, R>()?;
        let provisioning = path.provisioning()?;
        policy.check_provisioning(provisioning)?;
        if policy.needs_time() {
            path.check_validity(now, provisioning)?;
        }
        path.check_placement()?;
        if let Some(attest_key) = path.attest_key() {
            if !policy.accepts_attest_keys() {
                return Err(Error::AndroidDescriptionElsewhere);
            }
            // In the place of the secure hardware's key it would be an app's that Google certified.
            if !path.has_one_more(provisioning) {
                return Err(Error::AndroidAttestKeyMismatch);
            }
            attest_key::check(attest_key, description)?;
        }
        path.check_revocation(revocation, policy.accepts_suspended())?;

        // What the leaf describes.
        if description.attestation_challenge() != challenge {
            return Err(Error::AndroidChallengeMismatch);
        }
        policy.check_security_level(description, &path)?;
        policy.check_key(description)?;
        policy.check_boot(description)?;
        policy.check_app(description)?;
        policy.check_system(description)?;
        let leaf = path.certificates().next().ok_or(Error::AndroidTooFewCertificates)?;
        check_leaf_key(leaf, description, policy, &crypto)?;

        path.verify_signatures::<C, R, I>(&crypto, &self.issuers)?;
        Ok(VerifiedKeyAttestation::new(&path, leaf, *description, provisioning, (policy_index, policy)))
    }
}

/// Algorithms of keys: RFC 5480 §2.1.1, RFC 8410 §3, RFC 3279 §2.3.1, RFC 9881 §3.
const EC: &[u8] = oid!("1.2.840.10045.2.1");
const X25519: &[u8] = oid!("1.3.101.110");
const ED25519: &[u8] = oid!("1.3.101.112");
const RSA: &[u8] = oid!("1.2.840.113549.1.1.1");
const ML_DSA_44: &[u8] = oid!("2.16.840.1.101.3.4.3.17");
const ML_DSA_65: &[u8] = oid!("2.16.840.1.101.3.4.3.18");
const ML_DSA_87: &[u8] = oid!("2.16.840.1.101.3.4.3.19");

/// The leaf's key is of the algorithm that the description says. One on P-256 is a point.
fn check_leaf_key<C: KeyAttestationCrypto + ?Sized>(
    leaf: &Certificate<'_>,
    description: &KeyDescription<'_>,
    policy: &Policy<'_>,
    crypto: &Backend<'_, C>,
) -> Result<(), Error> {
    match leaf.key() {
        SubjectKey::P256(key) if is_of(description, leaf.key()) => {
            crypto.check_key::<P256, _>(key, Error::AndroidLeafKey)
        }
        SubjectKey::P256(_) => Err(Error::AndroidLeafKey),
        key if policy.accepts_any_key() && is_of(description, key) => Ok(()),
        _ => Err(Error::AndroidLeafKey),
    }
}

/// Whether a key may be of the algorithm and the curve that a description says: by its identifier, of those that this release knows.
fn is_of(description: &KeyDescription<'_>, key: SubjectKey<'_>) -> bool {
    let hardware = description.hardware_enforced();
    let Some(algorithm) = hardware.algorithm() else { return false };
    let is_on = |curves: &[EcCurve]| hardware.ec_curve().is_none_or(|curve| curves.contains(&curve));
    match (algorithm, key) {
        (Algorithm::Ec, SubjectKey::P256(_)) => is_on(&[EcCurve::P256]),
        (Algorithm::Ec, SubjectKey::P384(_)) => is_on(&[EcCurve::P384]),
        // Of the other two curves it would have been read, were it a point in its usual form.
        (Algorithm::Ec, SubjectKey::Other { algorithm, .. }) if algorithm.id() == EC => {
            is_on(&[EcCurve::P224, EcCurve::P521]) && !algorithm.is_known_curve()
        }
        (Algorithm::Ec, SubjectKey::Other { algorithm, .. }) => {
            is_on(&[EcCurve::Curve25519]) && [X25519, ED25519].contains(&algorithm.id())
        }
        (Algorithm::Rsa, SubjectKey::Other { algorithm, .. }) => algorithm.id() == RSA,
        (Algorithm::MlDsa, SubjectKey::Other { algorithm, .. }) => {
            [ML_DSA_44, ML_DSA_65, ML_DSA_87].contains(&algorithm.id())
        }
        (Algorithm::Other(_), SubjectKey::Other { algorithm, .. }) => {
            ![EC, X25519, ED25519, RSA, ML_DSA_44, ML_DSA_65, ML_DSA_87].contains(&algorithm.id())
        }
        _ => false,
    }
}

/// The proof that secure hardware vouches for a key and for who asked for it. Only a [`KeyAttestationVerifier`] makes one.
#[derive(Clone, Debug)]
#[must_use]
pub struct VerifiedKeyAttestation<'i> {
    key: SubjectKey<'i>,
    description: KeyDescription<'i>,
    provisioning: Provisioning,
    provisioning_info: Option<ProvisioningInfo<'i>>,
    policy_index: usize,
    /// The one of the packages that the policy is for, as it stands in the description.
    package_name: &'i [u8],
    serials: [&'i [u8]; MAX_CERTIFICATES],
    below: usize,
}

impl<'i> VerifiedKeyAttestation<'i> {
    // Not inlined, so that what it takes does not lie under the verification of the signatures.
    #[inline(never)]
    fn new(
        path: &Path<'_, 'i>,
        leaf: &Certificate<'i>,
        description: KeyDescription<'i>,
        provisioning: Provisioning,
        (policy_index, policy): (usize, &Policy<'_>),
    ) -> Self {
        let mut serials: [&[u8]; MAX_CERTIFICATES] = [&[]; MAX_CERTIFICATES];
        let mut below = 0_usize;
        for (place, certificate) in serials.iter_mut().zip(path.certificates()) {
            *place = certificate.serial();
            below = below.saturating_add(1);
        }
        let app = description.application_id().and_then(|octets| AttestationApplicationId::parse(octets).ok());
        let mut names = app.into_iter().flat_map(AttestationApplicationId::packages).map(|package| package.name);
        Self {
            key: leaf.key(),
            description,
            provisioning,
            provisioning_info: path.hardware().and_then(ProvisioningInfo::of),
            policy_index,
            package_name: names.find(|name| *name == policy.package_name().as_bytes()).unwrap_or_default(),
            serials,
            below,
        }
    }

    /// The position of the app's policy in the verifier's list.
    #[must_use]
    pub const fn policy_index(&self) -> usize {
        self.policy_index
    }

    /// The key that was attested, of whatever algorithm the policy accepts.
    #[must_use]
    pub const fn key(&self) -> SubjectKey<'i> {
        self.key
    }

    /// The key, if it is one on P-256: then it is a point.
    #[must_use]
    pub const fn public_key(&self) -> Option<PublicKey<P256>> {
        match self.key {
            SubjectKey::P256(key) => Some(PublicKey(*key)),
            _ => None,
        }
    }

    /// The key as assertions are verified with it: what to store, beside the counter of the first assertion that was accepted.
    ///
    /// Its app is [`app_id_hash`] of the package, its environment production.
    ///
    /// # Errors
    ///
    /// [`Error::AndroidKeyCannotSign`] if the key is not one on P-256, [`Error::CryptoUnavailable`] if the backend cannot compute.
    pub fn attested_key<C: AssertionCrypto + ?Sized>(&self, crypto: &C) -> Result<AttestedKey, Error> {
        let key = self.public_key().ok_or(Error::AndroidKeyCannotSign)?;
        // The policy's package, which is a text.
        let package_name = core::str::from_utf8(self.package_name).map_err(|_| Error::AndroidAppMalformed)?;
        AttestedKey::from_trusted_parts(&key, app_id_hash(package_name, crypto)?, Environment::Production, crypto)
    }

    /// Everything that the leaf says. The hardware-enforced list is the hardware's word; the software-enforced one is that of a
    /// system which the boot loader verified.
    #[must_use]
    pub const fn description(&self) -> &KeyDescription<'i> {
        &self.description
    }

    /// Where the key lives: StrongBox, or a trusted execution environment.
    #[must_use]
    pub const fn security_level(&self) -> SecurityLevel {
        self.description.attestation_security_level()
    }

    /// How the secure hardware came by its own key.
    #[must_use]
    pub const fn provisioning(&self) -> Provisioning {
        self.provisioning
    }

    /// What remote provisioning says of the phone.
    #[must_use]
    pub const fn provisioning_info(&self) -> Option<ProvisioningInfo<'i>> {
        self.provisioning_info
    }

    /// What the boot loader reported.
    #[must_use]
    pub fn root_of_trust(&self) -> Option<RootOfTrust<'i>> {
        self.description.hardware_enforced().root_of_trust()
    }

    /// Which packages asked, and who signed them.
    #[must_use]
    pub fn application_id(&self) -> Option<AttestationApplicationId<'i>> {
        self.description.application_id().and_then(|octets| AttestationApplicationId::parse(octets).ok())
    }

    /// The serial numbers of the certificates below the anchor, leaf first: what to ask a newer revocation list.
    pub fn serials(&self) -> impl Iterator<Item = Serial> {
        self.serials.iter().take(self.below).filter_map(|octets| Serial::from_slice(octets))
    }

    /// A form that does not borrow from the input, to be kept.
    #[must_use]
    pub fn to_owned(&self) -> OwnedKeyAttestation {
        let provisioning = (self.provisioning, self.provisioning_info);
        OwnedKeyAttestation::new(self.policy_index, self.public_key(), &self.description, provisioning, self.serials())
    }
}
