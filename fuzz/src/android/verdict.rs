//! The checks of a chain, one after the other, as the guide tells them.

use genuine::{
    Error,
    crypto::Digest,
    key_attestation::{Provisioning, RevocationStatus},
    x509::{Certificate as Strict, DerError, X509Error},
};
use genuine_testvectors::{certificate::oid, der::tag, keys::Hash};

use super::{
    certificate::{Certificate, Issuer, Key, made_strict},
    demands::{BOOT_KEYS, Demands, OTHER_SIGNERS},
    description::{App, Description, List},
    tree,
};
use crate::{crypto::Question, x509};

const MOST_CERTIFICATES: usize = 8;
const MOST_OCTETS: usize = 8_192;

/// The values that names have.
const SIGN: u64 = 2;
const VERIFY: u64 = 3;
const ATTEST_KEY: u64 = 7;
const EC: u64 = 3;
const TRUSTED_ENVIRONMENT: u64 = 1;
const STRONG_BOX: u64 = 2;
/// Tags.
const PURPOSE: u32 = 1;
const ALGORITHM: u32 = 2;
const EC_CURVE: u32 = 10;
const ALL_APPLICATIONS: u32 = 600;
const ORIGIN: u32 = 702;
const OS_VERSION: u32 = 705;
const APPLICATION_ID: u32 = 709;
const PATCH_LEVELS: [(u32, Error); 3] =
    [(706, Error::AndroidOsPatchLevel), (718, Error::AndroidVendorPatchLevel), (719, Error::AndroidBootPatchLevel)];

/// Identifiers of keys' algorithms: Ed25519, X25519, and ML-DSA of three sizes.
const ON_CURVE_25519: [&[u8]; 2] = [&[0x2B, 0x65, 0x70], &[0x2B, 0x65, 0x6E]];
const ML_DSA: [&[u8]; 3] = [
    &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11],
    &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x12],
    &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x13],
];

/// What the operator configures, expects and knows.
pub(crate) struct Operator<'a> {
    /// A trust anchor of each kind: name, and point or modulus.
    pub(crate) p384_root: (&'a [u8], &'a [u8]),
    pub(crate) rsa_root: Option<(&'a [u8], &'a [u8])>,
    /// What is demanded of an app that is not the one of the chain, and of the one that is.
    pub(crate) policies: [(&'a str, &'a [[u8; 32]], Demands); 2],
    pub(crate) challenge: &'a [u8],
    pub(crate) revoked: &'a (dyn Fn(&str) -> RevocationStatus + 'a),
    pub(crate) now: u64,
}

/// What is known of a chain that was accepted.
#[derive(Debug)]
pub(crate) struct Known<'i> {
    pub(crate) policy: usize,
    pub(crate) provisioning: Provisioning,
    /// Leaf first, without the anchor.
    pub(crate) below: Vec<Certificate<'i>>,
    pub(crate) hardware: Certificate<'i>,
    pub(crate) description: Description<'i>,
    /// What the backend has to be asked about.
    pub(crate) questions: Vec<Question>,
}

impl Known<'_> {
    /// The position of the secure hardware's certificate.
    pub(crate) fn hardware_position(&self) -> usize {
        self.below.iter().position(|one| one.tbs == self.hardware.tbs).expect("it is one of them")
    }
}

/// The certificates as they are read, or the first thing that is not of its form.
pub(crate) fn parse<'i>(chain: &[&'i [u8]]) -> Result<(Vec<Certificate<'i>>, Description<'i>), Error> {
    match chain.len() {
        0..3 => return Err(Error::AndroidTooFewCertificates),
        3..=MOST_CERTIFICATES => {}
        _ => return Err(Error::AndroidTooManyCertificates),
    }
    if chain.iter().map(|certificate| certificate.len()).sum::<usize>() > MOST_OCTETS {
        return Err(Error::AndroidTooLarge);
    }
    let mut certificates = Vec::new();
    for (position, octets) in chain.iter().enumerate() {
        if chain[position + 1..].contains(octets) {
            return Err(Error::AndroidCertificateRepeated);
        }
        certificates.push(certificate(position, octets)?);
    }
    let description = certificates[0].description().ok_or(Error::AndroidDescriptionMissing)?;
    let description = Description::read(description)?;
    Ok((certificates, description))
}

/// A certificate is what the strict reader takes, once what genuine phones get wrong is made right. That reader is held against
/// other libraries by the target `certificate`.
fn certificate(position: usize, octets: &[u8]) -> Result<Certificate<'_>, Error> {
    let read = |without_validity| {
        let strict = made_strict(octets, without_validity);
        let certificate = Strict::parse(&strict).map_err(code)?;
        if x509::has_unknown_critical(&strict) {
            return Err(Error::AndroidExtCritical);
        }
        Ok(certificate.serial().len())
    };
    let strict = match (position, read(position == 0)) {
        (1, Err(error @ (Error::AndroidCertTime | Error::AndroidValidityInverted))) => match read(true) {
            Ok(_) if Certificate::read(octets).is_some_and(|read| read.description().is_some()) => Ok(1),
            Ok(_) => Err(error),
            Err(other) => Err(other),
        },
        (_, read) => read,
    };
    strict.map(|_| Certificate::read(octets).expect("what the strict reader takes is read"))
}

fn code(error: X509Error) -> Error {
    match error {
        X509Error::Der(DerError::Truncated) => Error::AndroidDerTruncated,
        X509Error::Der(DerError::Length) => Error::AndroidDerLength,
        X509Error::Der(DerError::Tag) => Error::AndroidDerTag,
        X509Error::Der(DerError::Trailing) => Error::AndroidDerTrailing,
        X509Error::Der(DerError::Integer) => Error::AndroidDerInteger,
        X509Error::Der(DerError::Boolean) => Error::AndroidDerBoolean,
        X509Error::Der(DerError::BitString) => Error::AndroidDerBitString,
        X509Error::Der(DerError::Oid) => Error::AndroidDerOid,
        X509Error::Time => Error::AndroidCertTime,
        X509Error::Version => Error::AndroidCertVersion,
        X509Error::Serial => Error::AndroidCertSerial,
        X509Error::AlgorithmMismatch => Error::AndroidCertAlgMismatch,
        X509Error::ValidityInverted => Error::AndroidValidityInverted,
        X509Error::ExtensionDuplicate => Error::AndroidExtDuplicate,
        X509Error::ExtensionLimit => Error::AndroidExtLimit,
        X509Error::ExtensionMalformed => Error::AndroidExtMalformed,
        other => panic!("a certificate alone is refused for {other}"),
    }
}

impl Operator<'_> {
    /// The verdict on a chain that was read.
    pub(crate) fn verdict<'i>(
        &self,
        certificates: Vec<Certificate<'i>>,
        description: Description<'i>,
    ) -> Result<Known<'i>, Error> {
        if self.challenge.is_empty() {
            return Err(Error::AndroidChallengeEmpty);
        }
        let app = description.software.octets(APPLICATION_ID).and_then(App::read);
        let is_named = |package: &str| {
            app.as_ref().is_some_and(|app| app.packages.iter().any(|(name, _)| *name == package.as_bytes()))
        };
        let policy = self.policies.iter().position(|(package, ..)| is_named(package)).unwrap_or(0);
        let demands = &self.policies[policy].2;
        if !demands.without_validity && self.now == 0 {
            return Err(Error::ClockUnset);
        }

        // A copy of the anchor that has a description is no good either.
        let is_last_described = certificates.last().is_some_and(|last| last.description().is_some());
        let (below, anchor) = self.under_anchor(certificates)?;
        self.algorithms(&below)?;
        let is_described = |position: usize| below.get(position).is_some_and(|one| one.description().is_some());
        let has_attest_key = is_described(1);
        let hardware = if has_attest_key { 2 } else { 1 };
        let (provisioning, length) = provisioning(&below)?;
        if below.len() != length && !(has_attest_key && below.len() == length + 1) {
            return Err(Error::AndroidChainLength);
        }
        if demands.remote && provisioning == Provisioning::Factory {
            return Err(Error::AndroidFactoryRefused);
        }
        if !demands.without_validity {
            for certificate in below.iter().skip(hardware) {
                let (from, until) = certificate.validity.expect("x509-cert reads a period that counts");
                if self.now < from {
                    return Err(Error::AndroidNotYetValid);
                }
                if provisioning == Provisioning::Remote && self.now > until {
                    return Err(Error::AndroidExpired);
                }
            }
        }
        if (hardware..below.len()).any(is_described) || is_last_described {
            return Err(Error::AndroidDescriptionElsewhere);
        }
        if !below.iter().skip(hardware + 1).all(is_authority) {
            return Err(Error::AndroidNotAuthority);
        }
        if has_attest_key {
            if !demands.attest_keys {
                return Err(Error::AndroidDescriptionElsewhere);
            }
            if below.len() != length + 1 || !attests(&below[1], &description) {
                return Err(Error::AndroidAttestKeyMismatch);
            }
        }
        for certificate in &below {
            match (self.revoked)(&certificate.serial_text()) {
                RevocationStatus::Revoked => return Err(Error::AndroidRevoked),
                RevocationStatus::Suspended if !demands.suspended => return Err(Error::AndroidSuspended),
                _ => {}
            }
        }
        if description.challenge != self.challenge {
            return Err(Error::AndroidChallengeMismatch);
        }
        level(&description, below.get(hardware), demands)?;
        key(&description, demands)?;
        boot(&description, demands)?;
        self.app(&description, policy)?;
        system(&description, demands)?;
        leaf_key(&below[0].key, &description, demands)?;
        let questions = signatures(&below, anchor)?;
        let hardware = below[hardware].clone();
        Ok(Known { policy, provisioning, below, hardware, description, questions })
    }

    /// The certificates below the anchor, and the anchor's key; their names form a chain.
    fn under_anchor<'i>(&self, mut chain: Vec<Certificate<'i>>) -> Result<(Vec<Certificate<'i>>, Root), Error> {
        let mut roots = vec![(self.p384_root.0, Root::P384(self.p384_root.1.to_vec()))];
        roots.extend(self.rsa_root.map(|(name, modulus)| (name, Root::Rsa(modulus.to_vec()))));
        let named = |name: &[u8]| roots.iter().find(|(found, _)| *found == name).map(|(_, key)| key.clone());
        let last = chain.last().expect("three at least");
        let mut names: Vec<_> = chain.iter().skip(1).map(|certificate| certificate.subject.to_vec()).collect();
        let anchor = match (named(last.subject), named(last.issuer)) {
            (Some(anchor), _) => {
                if last.issuer_key().map(Root::from) != Some(anchor.clone()) {
                    return Err(Error::AndroidAnchorUnknown);
                }
                chain.pop();
                anchor
            }
            (None, Some(anchor)) => {
                names.push(last.issuer.to_vec());
                anchor
            }
            (None, None) => return Err(Error::AndroidAnchorUnknown),
        };
        let fits = chain.iter().zip(&names).all(|(certificate, subject)| certificate.issuer == subject);
        if fits { Ok((chain, anchor)) } else { Err(Error::AndroidIssuerMismatch) }
    }

    fn algorithms(&self, below: &[Certificate<'_>]) -> Result<(), Error> {
        for (position, certificate) in below.iter().enumerate() {
            let (id, parameters) = certificate.algorithm;
            let is_rsa = id == oid::RSA_SHA256;
            let is_known = is_rsa || [oid::ECDSA_SHA256, oid::ECDSA_SHA384].contains(&id);
            let is_taken = self.rsa_root.is_some() || !is_rsa;
            if !is_known || !is_taken || !(parameters.is_empty() || parameters == [tag::NULL, 0]) {
                return Err(Error::AndroidCertAlgUnsupported);
            }
            let fits = if is_rsa {
                [256, 384, 512].contains(&certificate.signature.len())
            } else {
                x509::r_and_s::<96>(certificate.signature).is_some()
            };
            if !fits {
                return Err(Error::AndroidCertSignatureEncoding);
            }
            if position > 0 && certificate.issuer_key().is_none() {
                return Err(Error::AndroidIssuerKey);
            }
        }
        Ok(())
    }

    fn app(&self, description: &Description<'_>, policy: usize) -> Result<(), Error> {
        let (package, signers, demands) = &self.policies[policy];
        let octets = description.software.octets(APPLICATION_ID).ok_or(Error::AndroidAppMissing)?;
        let App { packages, digests } = App::read(octets).ok_or(Error::AndroidAppMalformed)?;
        let has = |name: &str| packages.iter().any(|(found, _)| *found == name.as_bytes());
        if has("UnknownPackage") {
            return Err(Error::AndroidPackageUnknown);
        }
        if packages.len() != 1 && !demands.shared_user_id {
            return Err(Error::AndroidPackageCount);
        }
        if !has(package) {
            return Err(Error::AndroidPackage);
        }
        let are = |signers: &[[u8; 32]]| {
            digests.iter().all(|digest| signers.iter().any(|signer| signer == digest))
                && signers.iter().all(|signer| digests.contains(&&signer[..]))
        };
        let is_signed = are(signers) || demands.other_signers && are(&OTHER_SIGNERS);
        if is_signed { Ok(()) } else { Err(Error::AndroidSigningDigest) }
    }
}

/// The key of an anchor.
#[derive(Clone, Debug, PartialEq)]
enum Root {
    P256(Vec<u8>),
    P384(Vec<u8>),
    Rsa(Vec<u8>),
}

impl From<Issuer<'_>> for Root {
    fn from(key: Issuer<'_>) -> Self {
        match key {
            Issuer::P256(point) => Self::P256(point.to_vec()),
            Issuer::P384(point) => Self::P384(point.to_vec()),
            Issuer::Rsa(modulus) => Self::Rsa(modulus.to_vec()),
        }
    }
}

/// The kind of provisioning, and how many certificates that has below the anchor.
fn provisioning(below: &[Certificate<'_>]) -> Result<(Provisioning, usize), Error> {
    let highest = below.last().expect("two at least").subject_attributes();
    let is_droid = [(oid::COMMON_NAME, &b"Droid CA2"[..]), (oid::ORGANIZATION, b"Google LLC")];
    if is_droid.iter().all(|attribute| highest.contains(attribute)) {
        Ok((Provisioning::Remote, 4))
    } else if highest.iter().any(|(kind, _)| *kind == oid::SERIAL_NUMBER) {
        Ok((Provisioning::Factory, 3))
    } else {
        Err(Error::AndroidProvisioningUnknown)
    }
}

/// Basic constraints say so, and a key usage does not say otherwise.
fn is_authority(certificate: &Certificate<'_>) -> bool {
    let is_ca = certificate.extension(oid::BASIC_CONSTRAINTS).is_some_and(|constraints| {
        let members = tree::only(constraints).and_then(|list| list.elements(tag::SEQUENCE)).unwrap_or_default();
        members.first().is_some_and(|first| matches!(first.of(tag::BOOLEAN), Some([1..=0xFF])))
    });
    let may_sign = certificate.extension(oid::KEY_USAGE).is_none_or(|usage| {
        let bits = tree::only(usage).and_then(|usage| usage.of(tag::BIT_STRING)).unwrap_or_default();
        // keyCertSign is bit 5.
        bits.get(1).is_some_and(|first| first & 0x04 != 0)
    });
    is_ca && may_sign
}

/// Whether a certificate is that of a key that does nothing but attest, of the same app and phone as the leaf.
fn attests(certificate: &Certificate<'_>, leaf: &Description<'_>) -> bool {
    let Ok(description) = Description::read(certificate.description().expect("it is described")) else { return false };
    let (hardware, of_leaf) = (&description.hardware, &leaf.hardware);
    let root = |list: &List<'_>| {
        list.root().map(|root| (root.key.to_vec(), root.locked != 0, root.state, root.hash.map(<[u8]>::to_vec)))
    };
    let app = |description: &Description<'_>| description.software.octets(APPLICATION_ID).map(<[u8]>::to_vec);
    let purposes = hardware.numbers(PURPOSE);
    !purposes.is_empty()
        && purposes.iter().all(|purpose| *purpose == ATTEST_KEY)
        && hardware.number(ORIGIN) == Some(0)
        && (description.version, description.key_mint_version) == (leaf.version, leaf.key_mint_version)
        && (description.level, description.key_mint_level) == (leaf.level, leaf.key_mint_level)
        && root(hardware) == root(of_leaf)
        && [OS_VERSION, 706, 718, 719].iter().all(|tag| hardware.number(*tag) == of_leaf.number(*tag))
        && app(&description) == app(leaf)
        && description.challenge == leaf.challenge
        && [hardware, &description.software].iter().all(|list| list.get(ALL_APPLICATIONS).is_none())
}

fn level(description: &Description<'_>, hardware: Option<&Certificate<'_>>, demands: &Demands) -> Result<(), Error> {
    if description.level != description.key_mint_level {
        return Err(Error::AndroidLevelMismatch);
    }
    let name = match description.level {
        STRONG_BOX => &b"StrongBox"[..],
        TRUSTED_ENVIRONMENT if !demands.strong_box => b"TEE",
        _ => return Err(Error::AndroidLevelTooLow),
    };
    let attributes = hardware.map(Certificate::subject_attributes).unwrap_or_default();
    let said: Vec<_> = attributes
        .into_iter()
        .filter(|(kind, value)| {
            [oid::ORGANIZATION, oid::TITLE].contains(kind) && [&b"TEE"[..], b"StrongBox"].contains(value)
        })
        .map(|(_, value)| value)
        .collect();
    let is_backed = said.iter().all(|value| *value == name) && (!said.is_empty() || name == b"TEE");
    if is_backed { Ok(()) } else { Err(Error::AndroidLevelUnbacked) }
}

fn key(description: &Description<'_>, demands: &Demands) -> Result<(), Error> {
    let hardware = &description.hardware;
    if hardware.number(ORIGIN) != Some(0) {
        return Err(Error::AndroidOrigin);
    }
    let mut purposes = hardware.numbers(PURPOSE).to_vec();
    purposes.sort_unstable();
    purposes.dedup();
    let is_accepted = match demands.purposes {
        Some(required) => {
            let mut required: Vec<_> = required.iter().map(|purpose| purpose.number()).collect();
            required.sort_unstable();
            purposes == required
        }
        None => purposes == [SIGN] || purposes == [SIGN, VERIFY],
    };
    if !is_accepted {
        return Err(Error::AndroidPurpose);
    }
    // A curve that nobody names is the one of the leaf's key.
    let may_be_p256 = match hardware.number(EC_CURVE) {
        Some(curve) => curve == 1,
        None => description.software.get(EC_CURVE).is_none(),
    };
    let is_accepted = hardware.number(ALGORITHM) == Some(EC) && may_be_p256;
    if !is_accepted && !demands.any_key {
        return Err(Error::AndroidAlgorithm);
    }
    if [hardware, &description.software].iter().any(|list| list.get(ALL_APPLICATIONS).is_some()) {
        return Err(Error::AndroidAllApplications);
    }
    Ok(())
}

fn boot(description: &Description<'_>, demands: &Demands) -> Result<(), Error> {
    let root = description.hardware.root().ok_or(Error::AndroidRootOfTrustMissing)?;
    if root.locked == 0 {
        return if demands.unlocked { Ok(()) } else { Err(Error::AndroidUnlocked) };
    }
    match root.state {
        0 => {}
        1 if demands.own_systems && BOOT_KEYS.iter().any(|key| key == root.key) => {}
        1 => return Err(Error::AndroidBootKey),
        _ => return Err(Error::AndroidBootState),
    }
    if description.version >= 3 && root.hash.is_none() { Err(Error::AndroidBootHashMissing) } else { Ok(()) }
}

fn system(description: &Description<'_>, demands: &Demands) -> Result<(), Error> {
    let hardware = &description.hardware;
    let reaches = |tag: u32, least: Option<u32>, scale: fn(u64) -> u64| {
        least.is_none_or(|least| hardware.number(tag).is_some_and(|number| scale(number) >= scale(least.into())))
    };
    if !reaches(OS_VERSION, demands.os_version, |version| version) {
        return Err(Error::AndroidOsVersion);
    }
    for ((tag, error), least) in PATCH_LEVELS.into_iter().zip(demands.patch_levels) {
        // A month is its first day.
        let day = |level: u64| if level < 1_000_000 { level * 100 + 1 } else { level };
        if !reaches(tag, least, day) {
            return Err(error);
        }
    }
    if demands.known_tags && description.unknown_tags() > 0 {
        return Err(Error::AndroidUnknownTag);
    }
    Ok(())
}

/// What the description says the key is, by the identifier of its algorithm and, of a known curve, the form of its point.
fn leaf_key(key: &Key<'_>, description: &Description<'_>, demands: &Demands) -> Result<(), Error> {
    let curve = description.hardware.number(EC_CURVE);
    let may_be_on = |curves: &[u64]| curve.is_none_or(|curve| curves.contains(&curve));
    let of_curve = |id: &[u8], size: usize| {
        let is_on = tree::only(key.parameters).and_then(|curve| curve.of(tag::OID)) == Some(id);
        let is_point = key.octets.first() == Some(&4) && key.octets.len() == size + 1;
        (is_on, is_on && is_point)
    };
    let is_ec = key.algorithm == oid::EC_PUBLIC_KEY;
    let ((on_p256, p256), (on_p384, p384)) = (of_curve(oid::P256, 64), of_curve(oid::P384, 96));
    let (p256, p384) = (is_ec && p256, is_ec && p384);
    let is_known = is_ec
        || ON_CURVE_25519.contains(&key.algorithm)
        || ML_DSA.contains(&key.algorithm)
        || key.algorithm == oid::RSA_ENCRYPTION;
    let is_of = match description.hardware.number(ALGORITHM) {
        None => false,
        Some(1) => key.algorithm == oid::RSA_ENCRYPTION,
        Some(EC) if p256 => may_be_on(&[1]),
        Some(EC) if p384 => may_be_on(&[2]),
        Some(EC) if is_ec => may_be_on(&[0, 3]) && !on_p256 && !on_p384,
        Some(EC) => may_be_on(&[4]) && ON_CURVE_25519.contains(&key.algorithm),
        Some(4) => ML_DSA.contains(&key.algorithm),
        // AES, Triple DES and HMAC have no public key.
        Some(32 | 33 | 128) => false,
        Some(_) => !is_known,
    };
    if is_of && (p256 || demands.any_key) { Ok(()) } else { Err(Error::AndroidLeafKey) }
}

/// What a backend has to be asked, from the anchor downward; or else a signature is none by the key of its issuer, which is seen
/// without computing.
fn signatures(below: &[Certificate<'_>], anchor: Root) -> Result<Vec<Question>, Error> {
    let mut key = anchor;
    let mut questions = Vec::new();
    for (position, certificate) in below.iter().enumerate().rev() {
        let (id, _) = certificate.algorithm;
        let (is_rsa, is_384) = (id == oid::RSA_SHA256, id == oid::ECDSA_SHA384);
        let signature = match &key {
            Root::P256(_) if !is_rsa => x509::r_and_s::<64>(certificate.signature)
                .filter(|both| p256::ecdsa::Signature::from_slice(both).is_ok())
                .map(Vec::from),
            Root::P384(_) if !is_rsa => x509::r_and_s::<96>(certificate.signature)
                .filter(|both| p384::ecdsa::Signature::from_slice(both).is_ok())
                .map(Vec::from),
            Root::Rsa(modulus) if is_rsa => {
                let is_below = certificate.signature.len() == modulus.len() && certificate.signature < &modulus[..];
                is_below.then(|| certificate.signature.to_vec())
            }
            _ => None,
        };
        let digest = match is_384 {
            true => Digest::Sha384(Hash::Sha384.digest(certificate.tbs).try_into().expect("48 octets")),
            false => Digest::Sha256(Hash::Sha256.digest(certificate.tbs).try_into().expect("32 octets")),
        };
        let octets = match &key {
            Root::P256(octets) | Root::P384(octets) | Root::Rsa(octets) => octets.clone(),
        };
        questions.push(Question { key: octets, digest, signature: signature.ok_or(Error::AndroidSignature)? });
        if position > 0 {
            key = certificate.issuer_key().expect("it was looked at").into();
        }
    }
    Ok(questions)
}
