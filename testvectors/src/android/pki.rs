//! The authorities above a simulated Android device: two roots, and what stands between them and the device.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use der::pem::{LineEnding, encode_string};

use super::rsa_keys;
use crate::certificate::{Content, UnsignedCertificate, extension, field, name_of, oid, unsigned};
use crate::der::Der;
use crate::keys::{Hash, Signer, pseudo_random, sha256};

/// notBefore of roots and long-lived intermediates: 2020-01-01T00:00:00Z.
const AUTHORITIES_FROM: u64 = 1_577_836_800;
/// notAfter of the intermediates that live long: 2040-01-01T00:00:00Z. Later than Google's, so that tests do not end with them.
const INTERMEDIATE_UNTIL: u64 = 2_208_988_800;
/// notAfter of the roots: 2045-01-01T00:00:00Z.
const ROOT_UNTIL: u64 = 2_366_841_600;
/// notBefore and notAfter of the first copy of the RSA root: 2016-05-26 to 2026-05-24, as Google's.
const EXPIRED_ROOT: (u64, u64) = (1_464_220_800, 1_779_580_800);
/// notAfter of factory certificates: 2030-01-01T00:00:00Z, ten years after their notBefore.
const FACTORY_UNTIL: u64 = 1_893_456_000;

pub(super) const DAY: u64 = 86_400;
/// How often a new key of `Droid CA3` comes into use.
const CA3_PERIOD: u64 = 30 * DAY;

/// How the names of the roots begin, unless a program says otherwise.
const NAME: &str = "Genuine Test Android";

/// basicConstraints with cA TRUE and no path length.
const CA: &[u8] = &[0x30, 0x03, 0x01, 0x01, 0xFF];
/// keyUsage keyCertSign.
const CERT_SIGN: &[u8] = &[0x03, 0x02, 0x02, 0x04];
/// keyUsage keyCertSign and cRLSign.
const CERT_AND_CRL_SIGN: &[u8] = &[0x03, 0x02, 0x01, 0x06];

/// The authorities of simulated Android devices: a root on P-384, a root with an RSA key of 4096 bits, and all intermediates.
///
/// The roots have names of their own. The intermediates `Droid CA2` and `Droid CA3` have Google's: a verifier tells the kinds of
/// provisioning apart by them.
///
/// Keys on curves follow from the seed. The RSA keys do not: they are constants that everybody can read, so that authorities with a
/// name of their own have a root on P-384 alone, and attest under no other.
#[derive(Clone, Debug, PartialEq)]
pub struct AndroidPki {
    seed: String,
    name: String,
    p384_root: Signer,
    rsa_root: Option<Signer>,
    ca2: Signer,
    ca2_under_rsa: Signer,
    batch: Signer,
}

impl AndroidPki {
    /// The authorities of a seed, under names that begin with this one. They have no RSA root.
    #[must_use]
    pub fn named(seed: &str, name: &str) -> Self {
        let key = |of: &str| Signer::p384(&format!("android {of} {seed}"));
        Self {
            seed: seed.to_owned(),
            name: name.to_owned(),
            p384_root: key("root"),
            rsa_root: None,
            ca2: key("CA2"),
            ca2_under_rsa: key("CA2 under RSA"),
            batch: key("batch"),
        }
    }

    /// Authorities with the names of the default ones and with other keys: whoever copied every visible attribute of them.
    #[must_use]
    pub fn attacker() -> Self {
        static ATTACKER: LazyLock<AndroidPki> = LazyLock::new(|| AndroidPki {
            rsa_root: Some(rsa_keys::other_root()),
            ..AndroidPki::named("attacker", NAME)
        });
        ATTACKER.clone()
    }

    /// The root on P-384 as it signed itself.
    #[must_use]
    pub fn p384_root(&self) -> UnsignedCertificate {
        let name = self.p384_name();
        let key_id = key_id(&self.p384_root.public_key());
        let extensions = vec![
            extension(oid::BASIC_CONSTRAINTS, true, CA),
            extension(oid::KEY_USAGE, true, CERT_AND_CRL_SIGN),
            extension(oid::SUBJECT_KEY_ID, false, &Der::octet_string(&key_id).encode()),
        ];
        let times = (AUTHORITIES_FROM, ROOT_UNTIL);
        authority(name.clone(), name, &self.p384_root.public_key(), times, extensions, &self.p384_root, Hash::Sha384)
    }

    /// The RSA root.
    ///
    /// # Panics
    ///
    /// If these authorities have none.
    #[must_use]
    pub fn rsa_root(&self) -> UnsignedCertificate {
        self.rsa_root_between((AUTHORITIES_FROM, ROOT_UNTIL))
    }

    /// The copy of the RSA root with which the first phones were built: the same name and key, expired in May 2026.
    ///
    /// # Panics
    ///
    /// If these authorities have none.
    #[must_use]
    pub fn expired_rsa_root(&self) -> UnsignedCertificate {
        self.rsa_root_between(EXPIRED_ROOT)
    }

    fn rsa_root_between(&self, times: (u64, u64)) -> UnsignedCertificate {
        let signer = self.rsa_signer();
        let name = self.rsa_name();
        let key_id = key_id(&signer.public_key());
        let extensions = vec![
            extension(oid::SUBJECT_KEY_ID, false, &Der::octet_string(&key_id).encode()),
            authority_key_id(&key_id),
            extension(oid::BASIC_CONSTRAINTS, true, CA),
            extension(oid::KEY_USAGE, true, CERT_SIGN),
        ];
        authority(name.clone(), name, &signer.public_key(), times, extensions, signer, Hash::Sha256)
    }

    /// The certificate of the root on P-384, DER.
    #[must_use]
    pub fn p384_root_der(&self) -> Vec<u8> {
        signed(&self.p384_root()).encode()
    }

    /// The certificate of the RSA root, DER.
    ///
    /// # Panics
    ///
    /// If these authorities have none.
    #[must_use]
    pub fn rsa_root_der(&self) -> Vec<u8> {
        signed(&self.rsa_root()).encode()
    }

    /// The certificate of the root on P-384, PEM (RFC 7468).
    #[must_use]
    pub fn p384_root_pem(&self) -> String {
        pem(&self.p384_root_der())
    }

    /// The certificate of the RSA root, PEM (RFC 7468).
    ///
    /// # Panics
    ///
    /// If these authorities have none.
    #[must_use]
    pub fn rsa_root_pem(&self) -> String {
        pem(&self.rsa_root_der())
    }

    /// The subject `Name` of the root on P-384, DER: the name half of the trust anchor.
    #[must_use]
    pub fn p384_root_subject(&self) -> Vec<u8> {
        self.p384_name().encode()
    }

    /// The subject `Name` of the RSA root, DER: the name half of the trust anchor.
    #[must_use]
    pub fn rsa_root_subject(&self) -> Vec<u8> {
        self.rsa_name().encode()
    }

    /// The key of the root on P-384, a point `04 ‖ x ‖ y` of 97 bytes: the key half of the trust anchor.
    ///
    /// # Panics
    ///
    /// Never: an uncompressed P-384 point has 97 bytes.
    #[must_use]
    pub fn p384_root_point(&self) -> [u8; 97] {
        self.p384_root.public_point().try_into().expect("an uncompressed P-384 point has 97 bytes")
    }

    /// The modulus of the RSA root, 512 octets, big-endian, with the public exponent 65537: the key half of the trust anchor.
    ///
    /// # Panics
    ///
    /// If these authorities have none.
    #[must_use]
    pub fn rsa_root_modulus(&self) -> Vec<u8> {
        let Signer::Rsa(key) = self.rsa_signer() else { unreachable!("the RSA root has an RSA key") };
        key.modulus()
    }

    /// Whether these authorities have an RSA root.
    #[must_use]
    pub const fn has_rsa_root(&self) -> bool {
        self.rsa_root.is_some()
    }

    /// The private key of the root on P-384.
    #[must_use]
    pub const fn p384_root_signer(&self) -> &Signer {
        &self.p384_root
    }

    /// The private key of the RSA root.
    ///
    /// # Panics
    ///
    /// If these authorities have none.
    #[must_use]
    pub const fn rsa_signer(&self) -> &Signer {
        self.rsa_root.as_ref().expect("authorities with an RSA root")
    }

    fn p384_name(&self) -> Der {
        name_of(vec![
            (oid::COMMON_NAME, Der::utf8(&format!("{} P-384 Root", self.name))),
            (oid::ORGANIZATIONAL_UNIT, Der::utf8("Android")),
            (oid::ORGANIZATION, Der::utf8("Genuine Test")),
        ])
    }

    fn rsa_name(&self) -> Der {
        name_of(vec![(oid::COMMON_NAME, Der::printable(&format!("{} RSA Root", self.name)))])
    }

    /// `Droid CA2` under the root on P-384, as from 2026 on.
    #[must_use]
    pub fn ca2(&self) -> UnsignedCertificate {
        let key = self.ca2_signer();
        let root = key_id(&self.p384_root.public_key());
        let extensions = vec![
            crl("http://ca.genuine.example/attestation/root.crl"),
            extension(oid::SUBJECT_KEY_ID, false, &Der::octet_string(&key_id(&key.public_key())).encode()),
            extension(oid::KEY_USAGE, true, CERT_AND_CRL_SIGN),
            extension(oid::BASIC_CONSTRAINTS, true, CA),
            authority_key_id(&root),
        ];
        let times = (AUTHORITIES_FROM, INTERMEDIATE_UNTIL);
        authority(
            droid("Droid CA2"),
            self.p384_name(),
            &key.public_key(),
            times,
            extensions,
            &self.p384_root,
            Hash::Sha384,
        )
    }

    /// `Droid CA2` under the RSA root, as until 2026: another key, and a path length.
    ///
    /// # Panics
    ///
    /// If these authorities have no RSA root.
    #[must_use]
    pub fn ca2_under_rsa(&self) -> UnsignedCertificate {
        let key = self.ca2_under_rsa_signer();
        let root = key_id(&self.rsa_signer().public_key());
        let extensions = vec![
            extension(oid::SUBJECT_KEY_ID, false, &Der::octet_string(&key_id(&key.public_key())).encode()),
            authority_key_id(&root),
            extension(oid::BASIC_CONSTRAINTS, true, &[0x30, 0x06, 0x01, 0x01, 0xFF, 0x02, 0x01, 0x02]),
            extension(oid::KEY_USAGE, true, CERT_AND_CRL_SIGN),
        ];
        let times = (AUTHORITIES_FROM, INTERMEDIATE_UNTIL);
        authority(
            droid("Droid CA2"),
            self.rsa_name(),
            &key.public_key(),
            times,
            extensions,
            self.rsa_signer(),
            Hash::Sha256,
        )
    }

    /// The key of `Droid CA2` under the root on P-384.
    #[must_use]
    pub fn ca2_signer(&self) -> Signer {
        self.ca2.clone()
    }

    /// The key of `Droid CA2` under the RSA root.
    #[must_use]
    pub fn ca2_under_rsa_signer(&self) -> Signer {
        self.ca2_under_rsa.clone()
    }

    /// `Droid CA3` as it signs at this time, Unix seconds: for 70 days, with a new key every 30.
    #[must_use]
    pub fn ca3(&self, now: u64, under_rsa: bool) -> UnsignedCertificate {
        let start = now / CA3_PERIOD * CA3_PERIOD;
        let key = self.ca3_signer(now);
        let issuer = if under_rsa { self.ca2_under_rsa_signer() } else { self.ca2_signer() };
        let mut extensions = vec![
            extension(oid::KEY_USAGE, true, CERT_SIGN),
            extension(oid::BASIC_CONSTRAINTS, true, CA),
            extension(oid::SUBJECT_KEY_ID, false, &Der::octet_string(&key_id(&key.public_key())).encode()),
            authority_key_id(&key_id(&issuer.public_key())),
        ];
        if !under_rsa {
            extensions.push(ca_issuers("http://ca.genuine.example/attestation/7c2ce9e5/ca.crt"));
            extensions.push(crl("http://ca.genuine.example/attestation/7c2ce9e5/crl.crl"));
        }
        let times = (start.saturating_sub(5 * DAY), start + 65 * DAY);
        authority(droid("Droid CA3"), droid("Droid CA2"), &key.public_key(), times, extensions, &issuer, Hash::Sha384)
    }

    /// The key of `Droid CA3` at this time.
    #[must_use]
    pub fn ca3_signer(&self, now: u64) -> Signer {
        Signer::p256(&format!("android CA3 {} {}", now / CA3_PERIOD, self.seed))
    }

    /// The intermediate of a batch of factory keys, under the RSA root.
    ///
    /// # Panics
    ///
    /// If these authorities have no RSA root.
    #[must_use]
    pub fn batch(&self, kind: Batch, level: &str) -> UnsignedCertificate {
        let key = self.batch_signer(kind);
        let root = key_id(&self.rsa_signer().public_key());
        let serial_number = self.batch_serial_number(kind, level);
        let extensions = vec![
            extension(oid::SUBJECT_KEY_ID, false, &Der::octet_string(&key_id(&key.public_key())).encode()),
            authority_key_id(&root),
            extension(oid::BASIC_CONSTRAINTS, true, CA),
            extension(oid::KEY_USAGE, true, CERT_SIGN),
            crl(&format!("http://ca.genuine.example/attestation/crl/{serial_number}")),
        ];
        let times = (AUTHORITIES_FROM, FACTORY_UNTIL);
        let subject = factory_name(&serial_number, level);
        authority(subject, self.rsa_name(), &key.public_key(), times, extensions, self.rsa_signer(), Hash::Sha256)
    }

    /// The key of the intermediate of a batch.
    #[must_use]
    pub fn batch_signer(&self, kind: Batch) -> Signer {
        match kind {
            Batch::Ec => self.batch.clone(),
            Batch::Rsa => rsa_keys::batch(),
        }
    }

    fn batch_serial_number(&self, kind: Batch, level: &str) -> String {
        hexadecimal(&pseudo_random(&format!("android batch {kind:?} {level} {}", self.seed), 8))
    }
}

/// The authorities under which the committed vectors are minted; their roots are `vectors/android-p384-root.pem` and
/// `vectors/android-rsa-root.pem`.
impl Default for AndroidPki {
    fn default() -> Self {
        static DEFAULT: LazyLock<AndroidPki> =
            LazyLock::new(|| AndroidPki { rsa_root: Some(rsa_keys::root()), ..AndroidPki::named("default", NAME) });
        DEFAULT.clone()
    }
}

/// What keys a batch of factory-provisioned phones has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Batch {
    /// On P-384, for attestation keys on P-256.
    Ec,
    /// RSA with 4096 bits, for RSA attestation keys.
    Rsa,
}

/// An RSA key of 1024 bits, with which nothing genuine is signed.
#[must_use]
pub fn short_rsa_signer() -> Signer {
    rsa_keys::short()
}

/// An RSA key of 2048 bits with the public exponent 3, with which nothing genuine is signed.
#[must_use]
pub fn rsa_signer_with_exponent_3() -> Signer {
    rsa_keys::exponent_3()
}

fn authority(
    subject: Der,
    issuer: Der,
    key: &Der,
    (not_before, not_after): (u64, u64),
    extensions: Vec<Der>,
    signer: &Signer,
    hash: Hash,
) -> UnsignedCertificate {
    let serial = serial(&format!("{} {not_before} {not_after}", hexadecimal(&key.encode())));
    let public_key = key.clone();
    unsigned(Content { subject, issuer, serial, not_before, not_after, public_key, extensions }, signer, hash)
}

/// `O=Google LLC` and a common name, as in remotely provisioned chains.
pub(super) fn droid(common_name: &str) -> Der {
    name_of(vec![(oid::ORGANIZATION, Der::printable("Google LLC")), (oid::COMMON_NAME, Der::printable(common_name))])
}

/// The name in factory certificates: a serial number and, but on the oldest phones, the level.
pub(super) fn factory_name(serial_number: &str, level: &str) -> Der {
    name_of(vec![(oid::SERIAL_NUMBER, Der::printable(serial_number)), (oid::TITLE, Der::utf8(level))])
}

/// 16 octets, positive, that follow from the text.
pub(super) fn serial(text: &str) -> Vec<u8> {
    pseudo_random(&format!("android serial {text}"), 16)
}

/// Key identifier of 20 octets (RFC 7093 §2, method 1, of the whole `SubjectPublicKeyInfo`).
pub(super) fn key_id(public_key: &Der) -> Vec<u8> {
    sha256(&[&public_key.encode()])[..20].to_vec()
}

pub(super) fn authority_key_id(key_id: &[u8]) -> Der {
    extension(oid::AUTHORITY_KEY_ID, false, &Der::sequence(vec![Der::primitive(0x80, key_id)]).encode())
}

/// cRLDistributionPoints with one address (RFC 5280 §4.2.1.13).
pub(super) fn crl(address: &str) -> Der {
    let names = Der::context(0, vec![Der::primitive(0x86, address.as_bytes())]);
    let points = Der::sequence(vec![Der::sequence(vec![Der::context(0, vec![names])])]);
    extension(oid::CRL_DISTRIBUTION_POINTS, false, &points.encode())
}

/// authorityInfoAccess with one address (RFC 5280 §4.2.2.1).
fn ca_issuers(address: &str) -> Der {
    let access = Der::sequence(vec![Der::oid(oid::CA_ISSUERS), Der::primitive(0x86, address.as_bytes())]);
    extension(oid::AUTHORITY_INFO_ACCESS, false, &Der::sequence(vec![access]).encode())
}

/// Lower-case hexadecimal digits.
pub(super) fn hexadecimal(octets: &[u8]) -> String {
    crate::device::hex(octets)
}

/// PEM of a certificate (RFC 7468).
pub(super) fn pem(der: &[u8]) -> String {
    encode_string("CERTIFICATE", LineEnding::LF, der).expect("a certificate has a PEM form")
}

/// How many certificates of authorities are kept signed: more than a suite has.
const KEPT: usize = 256;

/// A certificate signed, and kept for the next who asks: RSA signatures take long, and authorities sign the same again and again.
pub(super) fn signed(certificate: &UnsignedCertificate) -> Der {
    static SIGNED: Mutex<BTreeMap<[u8; 32], Der>> = Mutex::new(BTreeMap::new());
    let issuer = certificate.signer.public_key().encode();
    let hash = [u8::from(certificate.hash == Hash::Sha384)];
    let identity = sha256(&[&certificate.tbs.encode(), &certificate.algorithm.encode(), &issuer, &hash]);
    let kept = || SIGNED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = kept().get(&identity) {
        return found.clone();
    }
    let signed = certificate.sign();
    let mut kept = kept();
    if kept.len() < KEPT {
        kept.insert(identity, signed.clone());
    }
    signed
}

/// The subject of a certificate.
pub(super) fn subject(certificate: &UnsignedCertificate) -> Der {
    certificate.tbs[field::SUBJECT].clone()
}
