//! The simulated Android device: one app, one key in hardware, and the chain over it.

use super::description::{ApplicationId, AuthorizationList, KeyDescription, RootOfTrust, SecurityLevel, purpose, tag};
use super::pki::{
    AndroidPki, Batch, DAY, authority_key_id, crl, droid, factory_name, hexadecimal, key_id, serial, subject,
};
use super::rsa_keys;
use crate::cbor::Cbor;
use crate::certificate::{Content, UnsignedCertificate, extension, field, name_of, oid, time, unsigned};
use crate::der::{Der, tag as universal};
use crate::device::Device;
use crate::generation::Generation;
use crate::keys::{Hash, Signer, pseudo_random};

/// The package of a device that was given none.
pub const DEFAULT_PACKAGE: &str = "org.example.genuine";

/// The time of issue of a device that was given none: 2026-10-14T17:46:40Z, Unix seconds.
pub const TYPICAL_TIME: u64 = 1_792_000_000;

/// How a phone came by the key that attests, and what signed that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Remotely provisioned, as from 2026 on: leaf, attestation certificate of two weeks, `Droid CA3`, `Droid CA2`, root on P-384.
    Remote,
    /// Remotely provisioned, as until 2026: the same, with another `Droid CA2` under the RSA root.
    RemoteUnderRsa,
    /// Provisioned in the factory with keys on curves: leaf, attestation certificate, batch intermediate on P-384, RSA root.
    FactoryEc,
    /// Provisioned in the factory with an attestation key of RSA-3072 under a batch intermediate of RSA-4096.
    FactoryRsa3072,
    /// The same with an attestation key of RSA-2048.
    FactoryRsa2048,
}

impl Shape {
    /// Every shape.
    pub const ALL: [Self; 5] =
        [Self::Remote, Self::RemoteUnderRsa, Self::FactoryEc, Self::FactoryRsa3072, Self::FactoryRsa2048];

    /// Whether the attestation key came over the network.
    #[must_use]
    pub const fn is_remote(self) -> bool {
        matches!(self, Self::Remote | Self::RemoteUnderRsa)
    }
}

/// What kind of key the app asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// ECDSA on P-256, which signs requests.
    P256,
    /// RSA with 2048 bits.
    Rsa2048,
    /// ML-DSA-65, as on Android 17: random octets in the place of a key.
    MlDsa65,
}

/// An Android phone with one key of one app, as honest as its setters leave it.
///
/// The seed decides the keys; equal calls on equal devices give equal bytes. What differs from a genuine phone: the roots, the
/// addresses in the certificates, and the identity of the phone.
#[derive(Clone, Debug, PartialEq)]
pub struct AndroidDevice {
    seed: String,
    authorities: AndroidPki,
    shape: Shape,
    level: SecurityLevel,
    version: u64,
    application: ApplicationId,
    purposes: Vec<u64>,
    key_kind: KeyKind,
    key_of: String,
    root_of_trust: RootOfTrust,
    os_version: u64,
    os_patch_level: u64,
    vendor_patch_level: u64,
    boot_patch_level: u64,
    issued_at: u64,
    certificates_issued: u64,
    sends_root: bool,
    has_attest_key: bool,
    organization_last: bool,
    counter: u32,
}

impl AndroidDevice {
    /// A locked phone of 2026, remotely provisioned, whose trusted environment keeps the P-256 key of this seed for the app
    /// [`DEFAULT_PACKAGE`], under [`AndroidPki::default`].
    #[must_use]
    pub fn new(seed: &str) -> Self {
        let octets = |what: &str| pseudo_random(&format!("android {what}"), 32);
        Self {
            seed: seed.to_owned(),
            authorities: AndroidPki::default(),
            shape: Shape::Remote,
            level: SecurityLevel::Tee,
            version: 400,
            application: ApplicationId {
                packages: vec![(DEFAULT_PACKAGE.to_owned(), 42)],
                signing_digests: vec![octets("signing certificate")],
            },
            purposes: vec![purpose::SIGN, purpose::VERIFY],
            key_kind: KeyKind::P256,
            key_of: seed.to_owned(),
            root_of_trust: RootOfTrust {
                verified_boot_key: octets("verified boot key"),
                device_locked: 0xFF,
                verified_boot_state: 0,
                verified_boot_hash: Some(octets("verified boot hash")),
            },
            os_version: 160_000,
            os_patch_level: 202_609,
            vendor_patch_level: 20_260_905,
            boot_patch_level: 20_260_905,
            issued_at: TYPICAL_TIME,
            certificates_issued: 32,
            sends_root: true,
            has_attest_key: false,
            organization_last: false,
            counter: 0,
        }
    }

    /// Sets the authorities.
    #[must_use]
    pub fn with_authorities(mut self, authorities: AndroidPki) -> Self {
        self.authorities = authorities;
        self
    }

    /// Sets how the phone came by its attestation key.
    #[must_use]
    pub const fn with_shape(mut self, shape: Shape) -> Self {
        self.shape = shape;
        self
    }

    /// Sets what keeps the key.
    #[must_use]
    pub const fn with_level(mut self, level: SecurityLevel) -> Self {
        self.level = level;
        self
    }

    /// Sets attestationVersion: 1, 2, 3, 4, 100, 200, 300, 400 or 500. keyMintVersion and the entries follow.
    #[must_use]
    pub const fn with_version(mut self, version: u64) -> Self {
        self.version = version;
        self
    }

    /// Sets the package name of the app, and its version.
    #[must_use]
    pub fn with_package(mut self, name: &str, version: u64) -> Self {
        self.application.packages = vec![(name.to_owned(), version)];
        self
    }

    /// Adds a package that shares the user identifier of the app.
    #[must_use]
    pub fn with_another_package(mut self, name: &str, version: u64) -> Self {
        self.application.packages.push((name.to_owned(), version));
        self
    }

    /// Sets SHA-256 of the certificates that the app is signed with.
    #[must_use]
    pub fn with_signing_digests(mut self, digests: &[[u8; 32]]) -> Self {
        self.application.signing_digests = digests.iter().map(|digest| digest.to_vec()).collect();
        self
    }

    /// Sets what the key may be used for.
    #[must_use]
    pub fn with_purposes(mut self, purposes: &[u64]) -> Self {
        self.purposes = purposes.to_vec();
        self
    }

    /// Sets what kind of key the app asked for.
    #[must_use]
    pub const fn with_key_kind(mut self, kind: KeyKind) -> Self {
        self.key_kind = kind;
        self
    }

    /// A new key of the app in the same phone: another seed for the key alone.
    #[must_use]
    pub fn with_key(mut self, seed: &str) -> Self {
        seed.clone_into(&mut self.key_of);
        self.counter = 0;
        self
    }

    /// Sets what the boot loader reported.
    #[must_use]
    pub fn with_root_of_trust(mut self, root_of_trust: RootOfTrust) -> Self {
        self.root_of_trust = root_of_trust;
        self
    }

    /// Makes the phone run another system, which its owner signed: locked, verifiedBootState 1, and this key.
    #[must_use]
    pub fn with_own_system(mut self, verified_boot_key: [u8; 32]) -> Self {
        self.root_of_trust.verified_boot_key = verified_boot_key.to_vec();
        self.root_of_trust.verified_boot_state = 1;
        self
    }

    /// Unlocks the boot loader: verifiedBootState 2, and a key of zeros.
    #[must_use]
    pub fn unlocked(mut self) -> Self {
        self.root_of_trust.verified_boot_key = vec![0; 32];
        self.root_of_trust.device_locked = 0;
        self.root_of_trust.verified_boot_state = 2;
        self
    }

    /// Sets the version of the system: 160000 for 16.
    #[must_use]
    pub const fn with_os_version(mut self, version: u64) -> Self {
        self.os_version = version;
        self
    }

    /// Sets the patch levels of system (YYYYMM), vendor and boot image (YYYYMMDD).
    #[must_use]
    pub const fn with_patch_levels(mut self, os: u64, vendor: u64, boot: u64) -> Self {
        self.os_patch_level = os;
        self.vendor_patch_level = vendor;
        self.boot_patch_level = boot;
        self
    }

    /// Sets the time of issue, Unix seconds. A remotely provisioned attestation certificate is valid from two days before.
    #[must_use]
    pub const fn with_issue_time(mut self, unix: u64) -> Self {
        self.issued_at = unix;
        self
    }

    /// Sets how many certificates the phone was issued of late, as Google writes into a remotely provisioned certificate.
    #[must_use]
    pub const fn with_certificates_issued(mut self, count: u64) -> Self {
        self.certificates_issued = count;
        self
    }

    /// Leaves the root out of the chain, as some senders do.
    #[must_use]
    pub const fn without_root(mut self) -> Self {
        self.sends_root = false;
        self
    }

    /// Lets a key of the app with the purpose `ATTEST_KEY` sign the leaf: one certificate more.
    #[must_use]
    pub const fn with_attest_key(mut self) -> Self {
        self.has_attest_key = true;
        self
    }

    /// Writes `CN, O` in the subject of a remotely provisioned attestation certificate, and not `O, CN`. Both are seen.
    #[must_use]
    pub const fn with_organization_last(mut self) -> Self {
        self.organization_last = true;
        self
    }

    /// Sets the counter of the last request, zero on a new device.
    #[must_use]
    pub const fn with_counter(mut self, counter: u32) -> Self {
        self.counter = counter;
        self
    }

    /// The authorities.
    #[must_use]
    pub const fn authorities(&self) -> &AndroidPki {
        &self.authorities
    }

    /// How the phone came by its attestation key.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// What keeps the key.
    #[must_use]
    pub const fn level(&self) -> SecurityLevel {
        self.level
    }

    /// The package name of the app.
    ///
    /// # Panics
    ///
    /// If the device was given no package.
    #[must_use]
    pub fn package(&self) -> &str {
        &self.application.packages.first().expect("a device has a package").0
    }

    /// SHA-256 of the certificates that the app is signed with.
    #[must_use]
    pub fn signing_digests(&self) -> &[Vec<u8>] {
        &self.application.signing_digests
    }

    /// What the boot loader reported.
    #[must_use]
    pub const fn root_of_trust(&self) -> &RootOfTrust {
        &self.root_of_trust
    }

    /// The time of issue, Unix seconds: a time at which the certificates are valid.
    #[must_use]
    pub const fn issue_time(&self) -> u64 {
        self.issued_at
    }

    /// The private key of the app.
    ///
    /// # Panics
    ///
    /// If it is an ML-DSA key, which is none.
    #[must_use]
    pub fn signer(&self) -> Signer {
        match self.key_kind {
            KeyKind::P256 => Signer::p256(&format!("android device {}", self.key_of)),
            KeyKind::Rsa2048 => rsa_keys::leaf(),
            KeyKind::MlDsa65 => panic!("random octets sign nothing"),
        }
    }

    /// The `SubjectPublicKeyInfo` of the app's key, as a tree.
    #[must_use]
    pub fn public_key_info(&self) -> Der {
        match self.key_kind {
            KeyKind::P256 | KeyKind::Rsa2048 => self.signer().public_key(),
            KeyKind::MlDsa65 => {
                let key = pseudo_random(&format!("android ML-DSA {}", self.key_of), 1_952);
                Der::sequence(vec![Der::sequence(vec![Der::oid(oid::ML_DSA_65)]), Der::bit_string(&key)])
            }
        }
    }

    /// The key that signs the leaf, or the attest key where there is one.
    #[must_use]
    pub fn attestation_signer(&self) -> Signer {
        match self.shape {
            Shape::Remote | Shape::RemoteUnderRsa => {
                Signer::p256(&format!("android attestation {} {}", self.issued_at / DAY, self.seed))
            }
            Shape::FactoryEc => Signer::p256(&format!("android attestation {}", self.seed)),
            Shape::FactoryRsa3072 => rsa_keys::attestation_3072(),
            Shape::FactoryRsa2048 => rsa_keys::attestation_2048(),
        }
    }

    /// The key with the purpose `ATTEST_KEY`, which signs the leaf where there is one.
    #[must_use]
    pub fn attest_key_signer(&self) -> Signer {
        Signer::p256(&format!("android attest key {}", self.seed))
    }

    /// The counter of the last request, from now on this one.
    pub(super) const fn count(&mut self, counter: u32) {
        self.counter = counter;
    }

    /// This device as one of App Attest: requests of both have the same form, over `android:` and the package name in the place of an
    /// App ID.
    ///
    /// # Panics
    ///
    /// If the app's key is not on P-256.
    #[must_use]
    pub fn requester(&self) -> Device {
        assert_eq!(self.key_kind, KeyKind::P256, "requests are signed on P-256");
        let device = Device::new(&self.seed).with_generation(Generation::Ios17).with_counter(self.counter);
        device.with_app_id(&format!("android:{}", self.package())).with_signer(self.signer())
    }

    /// What the phone says of the app's key.
    #[must_use]
    pub fn description(&self, challenge: &[u8]) -> KeyDescription {
        self.described(challenge, self.key_kind, &self.purposes)
    }

    /// What the phone says of the attest key.
    #[must_use]
    pub fn attest_key_description(&self, challenge: &[u8]) -> KeyDescription {
        self.described(challenge, KeyKind::P256, &[purpose::ATTEST_KEY])
    }

    fn described(&self, challenge: &[u8], kind: KeyKind, purposes: &[u64]) -> KeyDescription {
        let version = self.version;
        let mut software = AuthorizationList::default();
        software.set_number(tag::CREATION_DATE_TIME, self.issued_at * 1_000);
        software.set_octets(tag::ATTESTATION_APPLICATION_ID, &self.application.to_der().encode());
        if version >= 400 && self.level == SecurityLevel::Tee {
            software.set_octets(tag::MODULE_HASH, &pseudo_random("android system modules", 32));
        }

        let mut hardware = AuthorizationList::default();
        hardware.set_numbers(tag::PURPOSE, purposes);
        hardware.set_numbers(tag::DIGEST, &[4]);
        match kind {
            KeyKind::P256 => {
                hardware.set_number(tag::ALGORITHM, 3);
                hardware.set_number(tag::KEY_SIZE, 256);
                hardware.set_number(tag::EC_CURVE, 1);
            }
            KeyKind::Rsa2048 => {
                hardware.set_number(tag::ALGORITHM, 1);
                hardware.set_number(tag::KEY_SIZE, 2_048);
                hardware.set_numbers(tag::PADDING, &[5]);
                hardware.set_number(tag::RSA_PUBLIC_EXPONENT, 65_537);
            }
            KeyKind::MlDsa65 => {
                hardware.set_number(tag::ALGORITHM, 4);
                hardware.set_number(tag::ML_DSA_VARIANT, 1);
            }
        }
        hardware.set_null(tag::NO_AUTH_REQUIRED);
        hardware.set_number(tag::ORIGIN, 0);
        let mut root_of_trust = self.root_of_trust.clone();
        if version < 3 {
            hardware.set_null(tag::ROLLBACK_RESISTANT);
            root_of_trust.verified_boot_hash = None;
        }
        hardware.set(tag::ROOT_OF_TRUST, root_of_trust.to_der());
        hardware.set_number(tag::OS_VERSION, self.os_version);
        hardware.set_number(tag::OS_PATCH_LEVEL, self.os_patch_level);
        if version >= 3 {
            hardware.set_number(tag::VENDOR_PATCH_LEVEL, self.vendor_patch_level);
            hardware.set_number(tag::BOOT_PATCH_LEVEL, self.boot_patch_level);
        }
        KeyDescription {
            attestation_version: version,
            attestation_security_level: self.level.value(),
            key_mint_version: match version {
                1 => 2,
                2 => 3,
                3 => 4,
                4 => 41,
                later => later,
            },
            key_mint_security_level: self.level.value(),
            challenge: challenge.to_vec(),
            unique_id: Vec::new(),
            software_enforced: software,
            hardware_enforced: hardware,
        }
    }

    /// The chain before it is signed, leaf first, over descriptions of leaf and attest key that may be anything.
    #[must_use]
    pub(super) fn unsigned_chain(&self, description: &Der, attest_key_description: &Der) -> Vec<UnsignedCertificate> {
        let attestation = self.attestation();
        let attested_by = subject(&attestation);
        let signer = self.attestation_signer();
        let mut chain = Vec::new();
        if self.has_attest_key {
            let key = self.attest_key_signer();
            let attest_key =
                key_certificate(&key.public_key(), attested_by, attest_key_description, &signer, CERT_SIGN);
            chain.push(key_certificate(
                &self.public_key_info(),
                subject(&attest_key),
                description,
                &key,
                DIGITAL_SIGNATURE,
            ));
            chain.push(attest_key);
        } else {
            let key = self.public_key_info();
            chain.push(key_certificate(&key, attested_by, description, &signer, DIGITAL_SIGNATURE));
        }
        chain.push(attestation);
        let authorities = &self.authorities;
        match self.shape {
            Shape::Remote => chain.extend([authorities.ca3(self.issued_at, false), authorities.ca2()]),
            Shape::RemoteUnderRsa => {
                chain.extend([authorities.ca3(self.issued_at, true), authorities.ca2_under_rsa()]);
            }
            Shape::FactoryEc => chain.push(authorities.batch(Batch::Ec, self.level.name())),
            Shape::FactoryRsa3072 | Shape::FactoryRsa2048 => {
                chain.push(authorities.batch(Batch::Rsa, self.level.name()));
            }
        }
        if self.sends_root {
            let under_p384 = self.shape == Shape::Remote;
            chain.push(if under_p384 { authorities.p384_root() } else { authorities.rsa_root() });
        }
        chain
    }

    /// The certificate of the attestation key.
    fn attestation(&self) -> UnsignedCertificate {
        let key = self.attestation_signer().public_key();
        let (issuer, signer, hash) = self.attestation_issuer();
        let mut extensions = vec![
            extension(oid::SUBJECT_KEY_ID, false, &Der::octet_string(&key_id(&key)).encode()),
            authority_key_id(&key_id(&signer.public_key())),
            extension(oid::BASIC_CONSTRAINTS, true, &[0x30, 0x03, 0x01, 0x01, 0xFF]),
            extension(oid::KEY_USAGE, true, CERT_SIGN),
        ];
        let serial = serial(&format!("{:?} {} {}", self.shape, self.issued_at / DAY, self.seed));
        let (subject, not_before, not_after) = if self.shape.is_remote() {
            extensions.push(extension(oid::PROVISIONING_INFO, false, &self.provisioning_info()));
            let common_name = (oid::COMMON_NAME, Der::printable(&hexadecimal(&serial)));
            let organization = (oid::ORGANIZATION, Der::printable(self.level.name()));
            let names =
                if self.organization_last { vec![common_name, organization] } else { vec![organization, common_name] };
            (name_of(names), self.issued_at.saturating_sub(2 * DAY), self.issued_at + 12 * DAY)
        } else {
            let serial_number = hexadecimal(&serial[..8]);
            extensions.push(crl(&format!("http://ca.genuine.example/attestation/crl/{serial_number}")));
            (factory_name(&serial_number, self.level.name()), FACTORY_FROM, FACTORY_FROM + 3_650 * DAY)
        };
        let content = Content { subject, issuer, serial, not_before, not_after, public_key: key, extensions };
        unsigned(content, &signer, hash)
    }

    /// Who signs the certificate of the attestation key, and how.
    fn attestation_issuer(&self) -> (Der, Signer, Hash) {
        let authorities = &self.authorities;
        match self.shape {
            Shape::Remote | Shape::RemoteUnderRsa => {
                (droid("Droid CA3"), authorities.ca3_signer(self.issued_at), Hash::Sha256)
            }
            Shape::FactoryEc => {
                let batch = authorities.batch(Batch::Ec, self.level.name());
                // P-384 with SHA-256, as all phones of this shape have it.
                (subject(&batch), authorities.batch_signer(Batch::Ec), Hash::Sha256)
            }
            Shape::FactoryRsa3072 | Shape::FactoryRsa2048 => {
                let batch = authorities.batch(Batch::Rsa, self.level.name());
                (subject(&batch), authorities.batch_signer(Batch::Rsa), Hash::Sha256)
            }
        }
    }

    /// The value of `ProvisioningInfo`: a CBOR map of the certificates issued and the manufacturer.
    fn provisioning_info(&self) -> Vec<u8> {
        let entries =
            vec![(Cbor::uint(1), Cbor::uint(self.certificates_issued)), (Cbor::uint(3), Cbor::text("Genuine"))];
        Cbor::map(entries).encode()
    }
}

/// notBefore of factory attestation certificates: 2020-06-01T00:00:00Z. They last 3,650 days.
const FACTORY_FROM: u64 = 1_590_969_600;
/// notAfter of leaves: 2048-01-01T00:00:00Z.
const LEAF_UNTIL: u64 = 2_461_449_600;

/// keyUsage digitalSignature.
const DIGITAL_SIGNATURE: &[u8] = &[0x03, 0x02, 0x07, 0x80];
/// keyUsage keyCertSign.
const CERT_SIGN: &[u8] = &[0x03, 0x02, 0x02, 0x04];

/// The certificate that secure hardware makes of an app's key: serial number 1, and dates that mean nothing.
pub(crate) fn key_certificate(
    public_key: &Der,
    issuer: Der,
    description: &Der,
    signer: &Signer,
    key_usage: &[u8],
) -> UnsignedCertificate {
    let content = Content {
        subject: name_of(vec![(oid::COMMON_NAME, Der::printable("Android Keystore Key"))]),
        issuer,
        serial: vec![1],
        not_before: 0,
        not_after: LEAF_UNTIL,
        public_key: public_key.clone(),
        extensions: vec![
            extension(oid::KEY_USAGE, true, key_usage),
            extension(oid::KEY_DESCRIPTION, false, &description.encode()),
        ],
    };
    unsigned(content, signer, Hash::Sha256)
}

/// Sets the dates of a certificate, Unix seconds.
pub fn set_validity(certificate: &mut UnsignedCertificate, not_before: u64, not_after: u64) {
    certificate.tbs[field::VALIDITY] = Der::sequence(vec![time(not_before), time(not_after)]);
}

/// Sets a date of a certificate, 0 for notBefore and 1 for notAfter, to a `UTCTime` of this text.
pub fn set_utc_time(certificate: &mut UnsignedCertificate, position: usize, text: &str) {
    certificate.tbs[field::VALIDITY][position] = Der::primitive(universal::UTC_TIME, text.as_bytes());
}
