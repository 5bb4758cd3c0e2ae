//! One chain under the engine, once as it was asked, and again with what it was refused for lifted.

use std::cell::OnceCell;

use genuine::{
    Error, UnixTime,
    crypto::GenuineCrypto,
    key_attestation::{
        AttestationApplicationId, KEY_DESCRIPTION, KeyAttestation, KeyAttestationVerifier, KeyDescription, Policy,
        RevocationStatus, Step,
    },
};

use super::{
    certificate::Seen,
    chain::CertificateChain,
    links::Link,
    roots::KeyAttestationRoots,
    side::{KeyAttestationRequirements, KeyAttestationSide},
};
use crate::model::Missing;

/// Stands for a package that nobody told and no leaf names.
const NO_PACKAGE: &str = "not told";

/// Stands for a challenge that nobody told where the leaf has an empty one, which no server gave out.
const NO_CHALLENGE: &[u8] = b"not told";

/// A chain, what it is held against, and what can be read of it, unverified.
pub(super) struct Run<'c> {
    pub(super) chain: &'c CertificateChain,
    pub(super) side: &'c KeyAttestationSide,
    pub(super) roots: &'c KeyAttestationRoots,
    pub(super) now: UnixTime,
    pub(super) parsed: Result<KeyAttestation<'c>, Error>,
    pub(super) seen: Vec<Option<Seen<'c>>>,
    /// That of the first certificate, whether or not the chain was parsed; `None` if it has none.
    pub(super) description: Option<Result<KeyDescription<'c>, Error>>,
    pub(super) links: OnceCell<Vec<Option<Link>>>,
}

/// What is lifted, to see what else is wrong.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a failure of its own")]
struct Lifted {
    challenge: bool,
    package: bool,
    digests: bool,
    revocation: bool,
    requirements: KeyAttestationRequirements,
}

impl<'c> Run<'c> {
    pub(super) fn new(
        chain: &'c CertificateChain,
        side: &'c KeyAttestationSide,
        roots: &'c KeyAttestationRoots,
        now: UnixTime,
    ) -> Self {
        let slices: Vec<_> = chain.certificates.iter().map(Vec::as_slice).collect();
        let seen: Vec<_> = slices.iter().map(|der| Seen::of(der)).collect();
        let extension = seen.first().and_then(Option::as_ref).and_then(|leaf| leaf.extension(KEY_DESCRIPTION));
        Self {
            chain,
            side,
            roots,
            now: side.at.unwrap_or(now),
            parsed: KeyAttestation::parse(&slices),
            seen,
            description: extension.map(KeyDescription::parse),
            links: OnceCell::new(),
        }
    }

    /// What the first certificate says of its key, if it is of its form.
    pub(super) fn described(&self) -> Option<&KeyDescription<'c>> {
        self.description.as_ref().and_then(|description| description.as_ref().ok())
    }

    pub(super) fn application(&self) -> Option<AttestationApplicationId<'c>> {
        AttestationApplicationId::parse(self.described()?.application_id()?).ok()
    }

    pub(super) fn missing(&self) -> Vec<Missing> {
        let side = self.side;
        [
            (side.challenge.is_none(), Missing::Challenge),
            (side.package.is_none(), Missing::Package),
            (side.signing_digests.is_empty(), Missing::CertificateDigest),
            (side.revocation.is_none(), Missing::Revocation),
        ]
        .into_iter()
        .filter_map(|(is_missing, part)| is_missing.then_some(part))
        .collect()
    }

    /// Whether the caller told what this step compares with.
    pub(super) const fn is_asked(&self, step: Step) -> bool {
        let side = self.side;
        match step {
            Step::Challenge => side.challenge.is_some(),
            Step::App => side.package.is_some() && !side.signing_digests.is_empty(),
            Step::Revocation => side.revocation.is_some(),
            _ => true,
        }
    }

    /// The engine's verdict; what the caller did not tell is taken from the chain.
    pub(super) fn verify(&self) -> Result<(), Error> {
        self.verify_with(&Lifted { requirements: self.side.requirements.clone(), ..Lifted::default() })
    }

    /// What else the engine refuses, behind this, and whether it passes in the end.
    pub(super) fn behind(&self, first: Error) -> (Vec<Error>, bool) {
        let mut lifted = Lifted { requirements: self.side.requirements.clone(), ..Lifted::default() };
        let (mut failure, mut found) = (first, Vec::new());
        // What is lifted stays lifted, so that this ends.
        while let Some(more) = self.lift(failure, &lifted) {
            lifted = more;
            match self.verify_with(&lifted) {
                Ok(()) => return (found, true),
                Err(next) if next == failure => break,
                Err(next) => {
                    found.push(next);
                    failure = next;
                }
            }
        }
        (found, false)
    }

    /// As `lifted`, and with what this failure was about taken from the chain, or accepted. `None` where no policy accepts it.
    fn lift(&self, failure: Error, lifted: &Lifted) -> Option<Lifted> {
        let mut lifted = lifted.clone();
        let requirements = &mut lifted.requirements;
        match failure {
            Error::AndroidChallengeMismatch => lifted.challenge = true,
            Error::AndroidPackage => lifted.package = true,
            Error::AndroidSigningDigest => lifted.digests = true,
            Error::AndroidRevoked => lifted.revocation = true,
            Error::AndroidNotYetValid | Error::AndroidExpired => requirements.ignore_validity = true,
            Error::AndroidSuspended => requirements.accept_suspended = true,
            Error::AndroidFactoryRefused => requirements.remote = false,
            Error::AndroidDescriptionElsewhere => requirements.accept_attest_keys = true,
            Error::AndroidLevelTooLow => requirements.strong_box = false,
            Error::AndroidAlgorithm => requirements.accept_any_key = true,
            Error::AndroidUnlocked => requirements.accept_unlocked = true,
            Error::AndroidBootKey => {
                let root = self.described()?.hardware_enforced().root_of_trust()?;
                requirements.boot_keys.push(root.verified_boot_key().try_into().ok().filter(|key| *key != [0; 32])?);
            }
            Error::AndroidPackageCount => requirements.accept_shared_user_id = true,
            Error::AndroidOsVersion => requirements.os_version = None,
            Error::AndroidOsPatchLevel => requirements.os_patch_level = None,
            Error::AndroidVendorPatchLevel => requirements.vendor_patch_level = None,
            Error::AndroidBootPatchLevel => requirements.boot_patch_level = None,
            Error::AndroidUnknownTag => requirements.refuse_unknown_tags = false,
            _ => return None,
        }
        Some(lifted)
    }

    fn verify_with(&self, lifted: &Lifted) -> Result<(), Error> {
        let (attestation, side) = (self.parsed.as_ref().map_err(|error| *error)?, self.side);
        let description = attestation.description();
        let package = side.package.clone().filter(|_| !lifted.package).unwrap_or_else(|| self.package());
        let mut digests = side.signing_digests.clone();
        if digests.is_empty() || lifted.digests {
            digests = self.digests();
        }
        let others: Vec<_> = lifted.requirements.other_signers.iter().map(Vec::as_slice).collect();
        let policies = [policy(&package, &digests, &others, lifted)];
        let anchors: Vec<_> = self.roots.trusted().iter().map(|named| named.anchor).collect();
        let verifier = KeyAttestationVerifier::new(&policies, &anchors, &GenuineCrypto)?;
        let told = side.challenge.as_deref().filter(|_| !lifted.challenge);
        let own = Some(description.attestation_challenge()).filter(|challenge| !challenge.is_empty());
        let challenge = told.or(own).unwrap_or(NO_CHALLENGE);
        let list = side.revocation.as_ref().filter(|_| !lifted.revocation);
        let status = |serial: &str| list.map_or(RevocationStatus::Good, |list| list.status(serial));
        verifier.verify(attestation, challenge, &status, self.now).map(drop)
    }

    /// The package that the leaf names first.
    fn package(&self) -> String {
        let first = self.application().and_then(|app| app.packages().next().map(|package| package.name));
        let name = first.and_then(|name| std::str::from_utf8(name).ok()).filter(|name| !name.is_empty());
        name.unwrap_or(NO_PACKAGE).to_owned()
    }

    /// The digests that the leaf names; without any, one that no app has, because no policy is without.
    fn digests(&self) -> Vec<[u8; 32]> {
        let digests = self.application().into_iter().flat_map(AttestationApplicationId::signature_digests);
        let digests: Vec<_> = digests.filter_map(|digest| digest.try_into().ok()).collect();
        if digests.is_empty() { vec![[0; 32]] } else { digests }
    }
}

fn policy<'p>(
    package: &'p str,
    digests: &'p [[u8; 32]],
    others: &'p [&'p [[u8; 32]]],
    lifted: &'p Lifted,
) -> Policy<'p> {
    let required = &lifted.requirements;
    let mut policy = Policy::new(package, digests).accept_boot_keys(&required.boot_keys).accept_other_signers(others);
    if !required.purposes.is_empty() {
        policy = policy.require_purposes(&required.purposes);
    }
    if required.remote {
        policy = policy.require_remote_provisioning();
    }
    if required.strong_box {
        policy = policy.require_strong_box();
    }
    if required.accept_unlocked {
        policy = policy.danger_accept_unlocked();
    }
    if required.accept_shared_user_id {
        policy = policy.accept_shared_user_id();
    }
    if required.accept_attest_keys {
        policy = policy.accept_attest_keys();
    }
    if required.accept_any_key {
        policy = policy.accept_any_key();
    }
    if required.accept_suspended {
        policy = policy.accept_suspended();
    }
    if required.refuse_unknown_tags {
        policy = policy.refuse_unknown_tags();
    }
    if required.ignore_validity {
        policy = policy.danger_ignore_validity_period();
    }
    if let Some(least) = required.os_version {
        policy = policy.require_os_version(least);
    }
    if let Some(least) = required.os_patch_level {
        policy = policy.require_os_patch_level(least);
    }
    if let Some(least) = required.vendor_patch_level {
        policy = policy.require_vendor_patch_level(least);
    }
    if let Some(least) = required.boot_patch_level {
        policy = policy.require_boot_patch_level(least);
    }
    policy
}
