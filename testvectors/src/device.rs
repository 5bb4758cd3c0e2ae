//! The simulated device.

use crate::auth_data::{AuthData, Credential, FLAG_AT, FLAG_ED, cose_key};
use crate::cbor::Cbor;
use crate::certificate::{UnsignedCertificate, ec_public_key, name, nonce_value, oid};
use crate::generation::Generation;
use crate::keys::{Signer, pseudo_random, sha256};
use crate::pki::{Leaf, TestPki};

/// The App ID of a device that was given none: team identifier, dot, bundle identifier.
pub const DEFAULT_APP_ID: &str = "ABCDE12345.org.example.genuine";

/// Length of a genuine receipt, bytes: 3,649 to 3,993 measured.
pub const GENUINE_RECEIPT_LENGTH: usize = 3_700;

const DAY: u64 = 86_400;

/// The App Attest environment of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Environment {
    /// An app from the App Store, from `TestFlight` or with the production entitlement.
    Production,
    /// The App Attest sandbox.
    Development,
}

impl Environment {
    /// The AAGUID of this environment.
    #[must_use]
    pub const fn aaguid(self) -> [u8; 16] {
        match self {
            Self::Production => *b"appattest\0\0\0\0\0\0\0",
            Self::Development => *b"appattestdevelop",
        }
    }

    /// `production` or `development`, as in the vectors.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Development => "development",
        }
    }
}

/// An iPhone with one App Attest key, as honest as its setters leave it.
///
/// The seed decides the key; equal calls on equal devices give equal bytes. What the device does not simulate: the receipt,
/// which is random bytes of the right length, and Apple's names.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    seed: String,
    app_id: String,
    environment: Environment,
    generation: Generation,
    authorities: TestPki,
    issued_at: u64,
    life: u64,
    receipt_length: usize,
    cd_hash: bool,
    bundle_version: String,
    category: u32,
    code_hash: Option<Vec<u8>>,
    signer: Signer,
    point: [u8; 65],
    counter: u32,
}

impl Device {
    /// A production device of the newest generation with the key of this seed, under [`TestPki::default`].
    ///
    /// # Panics
    ///
    /// Never: an uncompressed P-256 point has 65 bytes.
    #[must_use]
    pub fn new(seed: &str) -> Self {
        let signer = Signer::p256(&format!("device {seed}"));
        let point = signer.public_point().try_into().expect("an uncompressed P-256 point has 65 bytes");
        Self {
            seed: seed.to_owned(),
            app_id: DEFAULT_APP_ID.to_owned(),
            environment: Environment::Production,
            generation: Generation::Ios27,
            authorities: TestPki::default(),
            issued_at: Generation::Ios27.typical_time(),
            life: 3 * DAY,
            receipt_length: GENUINE_RECEIPT_LENGTH,
            cd_hash: false,
            bundle_version: "1".to_owned(),
            category: 4,
            code_hash: None,
            signer,
            point,
            counter: 0,
        }
    }

    /// Sets the App ID: team identifier, dot, bundle identifier.
    #[must_use]
    pub fn with_app_id(mut self, app_id: &str) -> Self {
        app_id.clone_into(&mut self.app_id);
        self
    }

    /// Sets the environment.
    #[must_use]
    pub fn with_environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// Sets the generation, and the time of issue to one that suits it.
    #[must_use]
    pub fn with_generation(mut self, generation: Generation) -> Self {
        self.generation = generation;
        self.with_issue_time(generation.typical_time())
    }

    /// Sets the time of issue, Unix seconds. The leaf's notBefore lies one day earlier.
    #[must_use]
    pub fn with_issue_time(mut self, unix: u64) -> Self {
        self.issued_at = unix;
        self
    }

    /// Sets the leaf's life from notBefore to notAfter, seconds; three days unless set.
    #[must_use]
    pub fn with_leaf_life(mut self, seconds: u64) -> Self {
        self.life = seconds;
        self
    }

    /// Sets the certification authorities.
    #[must_use]
    pub fn with_authorities(mut self, authorities: TestPki) -> Self {
        self.authorities = authorities;
        self
    }

    /// Sets the length of the receipt, bytes.
    #[must_use]
    pub fn with_receipt_length(mut self, length: usize) -> Self {
        self.receipt_length = length;
        self
    }

    /// Adds the unsigned `cdHash` of the opt-in entitlement of iOS 18.5 to 26 to both objects.
    #[must_use]
    pub fn with_cd_hash(mut self) -> Self {
        self.cd_hash = true;
        self
    }

    /// Sets the launch data of iOS 27: `CFBundleVersion` (at most 255 bytes) and validation category (4: App Store).
    #[must_use]
    pub fn with_launch_data(mut self, bundle_version: &str, category: u32) -> Self {
        bundle_version.clone_into(&mut self.bundle_version);
        self.category = category;
        self
    }

    /// Sets the signed code hash of the launch data, which apps have from iOS 27.2 on: SHA-256 of the code directory.
    #[must_use]
    pub fn with_code_hash(mut self, hash: &[u8]) -> Self {
        self.code_hash = Some(hash.to_vec());
        self
    }

    /// Makes certificate, COSE key and key identifier claim this point `04 ‖ x ‖ y` in place of the device's own, valid or
    /// not; assertions are still signed with the device's own key.
    #[must_use]
    pub fn with_claimed_point(mut self, point: [u8; 65]) -> Self {
        self.point = point;
        self
    }

    /// Gives the device the key of another one.
    pub(crate) fn with_key_of(mut self, other: &Self) -> Self {
        other.seed.clone_into(&mut self.seed);
        self.signer = other.signer.clone();
        self.point = other.point;
        self
    }

    /// Gives the device a key on P-256 that follows from no seed of its own.
    pub(crate) fn with_signer(mut self, signer: Signer) -> Self {
        self.point = signer.public_point().try_into().expect("an uncompressed P-256 point has 65 bytes");
        self.signer = signer;
        self
    }

    /// Sets the counter of the last assertion, zero on a new device.
    #[must_use]
    pub fn with_counter(mut self, counter: u32) -> Self {
        self.counter = counter;
        self
    }

    /// The App ID.
    #[must_use]
    pub fn app_id(&self) -> &str {
        &self.app_id
    }

    /// The environment.
    #[must_use]
    pub fn environment(&self) -> Environment {
        self.environment
    }

    /// The generation.
    #[must_use]
    pub const fn generation(&self) -> Generation {
        self.generation
    }

    /// The time of issue, Unix seconds: a time at which the certificates are valid.
    #[must_use]
    pub fn issue_time(&self) -> u64 {
        self.issued_at
    }

    /// The leaf's notBefore, Unix seconds.
    #[must_use]
    pub fn not_before(&self) -> u64 {
        self.issued_at.saturating_sub(DAY)
    }

    /// The leaf's notAfter, Unix seconds.
    #[must_use]
    pub fn not_after(&self) -> u64 {
        self.not_before() + self.life
    }

    /// The signed code hash: the one that was set, and on macOS 27 else one that follows from the App ID.
    #[must_use]
    pub fn code_hash(&self) -> Option<Vec<u8>> {
        let default = || {
            (self.generation == Generation::Macos27).then(|| sha256(&[b"code of ", self.app_id.as_bytes()]).to_vec())
        };
        self.code_hash.clone().or_else(default)
    }

    /// The public key, an uncompressed P-256 point `04 ‖ x ‖ y` (X9.62).
    #[must_use]
    pub fn public_key(&self) -> [u8; 65] {
        self.point
    }

    /// The key identifier: SHA-256 of the public key.
    #[must_use]
    pub fn key_id(&self) -> [u8; 32] {
        sha256(&[&self.point])
    }

    /// The private key.
    #[must_use]
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// The certification authorities.
    #[must_use]
    pub fn authorities(&self) -> &TestPki {
        &self.authorities
    }

    /// The receipt: bytes that only look like one.
    #[must_use]
    pub fn receipt(&self) -> Vec<u8> {
        pseudo_random(&format!("receipt {}", self.seed), self.receipt_length)
    }

    /// The next counter, from now on the last one.
    ///
    /// # Panics
    ///
    /// When the counter has run out, after 2³² − 1 assertions.
    pub(crate) fn advance_counter(&mut self) -> u32 {
        self.counter = self.counter.checked_add(1).expect("a counter below 2^32");
        self.counter
    }

    /// The leaf around a nonce, ready to be signed by the intermediate.
    #[must_use]
    pub fn leaf(&self, nonce: &[u8]) -> UnsignedCertificate {
        // A 6-octet serial: the milliseconds of the time of issue, as in the genuine leaves.
        let serial = self.issued_at.saturating_mul(1_000).to_be_bytes()[2..].to_vec();
        self.authorities.leaf(Leaf {
            subject: name(&[
                (oid::COMMON_NAME, &hex(&self.key_id())),
                (oid::ORGANIZATIONAL_UNIT, "AAA Certification"),
                (oid::ORGANIZATION, "Genuine Test"),
                (oid::STATE, "Nowhere"),
            ]),
            serial,
            not_before: self.not_before(),
            not_after: self.not_after(),
            public_key: ec_public_key(oid::P256, &self.point),
            extensions: self.generation.leaf_extensions(&self.app_id, &nonce_value(nonce)),
        })
    }

    pub(crate) fn attestation_auth_data(&self) -> AuthData {
        let credential = Credential {
            aaguid: self.environment.aaguid(),
            id_length: [0, 32],
            id: self.key_id().to_vec(),
            key: cose_key(&self.point),
        };
        AuthData { credential: Some(credential), ..self.assertion_auth_data(0) }
    }

    pub(crate) fn assertion_auth_data(&self, counter: u32) -> AuthData {
        let extensions = self.generation.has_launch_data().then(|| {
            let mut entries = Vec::new();
            if let Some(hash) = self.code_hash() {
                entries.push((Cbor::text(CODE_HASH), Cbor::bytes(&hash)));
                entries.push((Cbor::text(CODE_HASH_TYPE), Cbor::bytes(&[2])));
            }
            // No genuine object of a Mac has named one.
            if self.generation != Generation::Macos27 {
                entries.push((Cbor::text(BUNDLE_VERSION), Cbor::text(&self.bundle_version)));
            }
            entries.push((Cbor::text(VALIDATION_CATEGORY), Cbor::bytes(&self.category.to_le_bytes())));
            Cbor::map(entries)
        });
        AuthData {
            rp_id_hash: sha256(&[self.app_id.as_bytes()]),
            flags: if extensions.is_some() { FLAG_AT | FLAG_ED } else { FLAG_AT },
            counter,
            credential: None,
            extensions,
        }
    }

    pub(crate) fn cd_hash_entry(&self) -> Option<(Cbor, Cbor)> {
        self.cd_hash.then(|| {
            let hash = pseudo_random(&format!("cdHash {}", self.app_id), 20);
            let entries = vec![(Cbor::text("hash"), Cbor::bytes(&hash)), (Cbor::text("type"), Cbor::bytes(&[2]))];
            (Cbor::text("cdHash"), Cbor::map(entries))
        })
    }
}

/// Key of the code hash in the extension map.
pub const CODE_HASH: &str = "apple_cd_hash_hash_01";
/// Key of the type of the code hash in the extension map.
pub const CODE_HASH_TYPE: &str = "apple_cd_hash_type_01";
/// Key of the bundle version in the extension map.
pub const BUNDLE_VERSION: &str = "apple_bundle_version_01";
/// Key of the validation category in the extension map.
pub const VALIDATION_CATEGORY: &str = "apple_validation_category_01";

/// Lower-case hexadecimal digits, as in the common name of a leaf.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
