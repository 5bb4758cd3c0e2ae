//! X.509 certificates before and after they are signed.
//!
//! The honest certificate comes from x509-cert's builder; from then on it is a [`Der`] tree, because a mutated one often
//! cannot be expressed as a valid structure.

use std::time::Duration;

use der::Encode as _;
use der::asn1::{GeneralizedTime, ObjectIdentifier, UtcTime};
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{Builder as _, CertificateBuilder};
use x509_cert::certificate::TbsCertificate;
use x509_cert::ext::Extension;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{
    AlgorithmIdentifierOwned, DynSignatureAlgorithmIdentifier, SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef,
};
use x509_cert::time::{Time, Validity};

use crate::der::{Der, tag};
use crate::keys::{Hash, Signer};

/// Content octets of the object identifiers in certificates of App Attest and of Android.
pub mod oid {
    /// basicConstraints, 2.5.29.19.
    pub const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1D, 0x13];
    /// keyUsage, 2.5.29.15.
    pub const KEY_USAGE: &[u8] = &[0x55, 0x1D, 0x0F];
    /// extKeyUsage, 2.5.29.37.
    pub const EXT_KEY_USAGE: &[u8] = &[0x55, 0x1D, 0x25];
    /// subjectKeyIdentifier, 2.5.29.14.
    pub const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1D, 0x0E];
    /// authorityKeyIdentifier, 2.5.29.35.
    pub const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1D, 0x23];
    /// The key purpose of App Attest leaves since 2026, 1.2.840.113635.100.4.24.
    pub const APP_ATTEST_PURPOSE: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x63, 0x64, 0x04, 0x18];
    /// The nonce, 1.2.840.113635.100.8.2.
    pub const NONCE: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x63, 0x64, 0x08, 0x02];
    /// Key and App ID, 1.2.840.113635.100.8.5.
    pub const KEY_FACTS: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x63, 0x64, 0x08, 0x05];
    /// Access control list of the key, 1.2.840.113635.100.8.6.
    pub const KEY_ACCESS: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x63, 0x64, 0x08, 0x06];
    /// Operating system and device, 1.2.840.113635.100.8.7.
    pub const DEVICE_FACTS: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x63, 0x64, 0x08, 0x07];
    /// ecdsa-with-SHA256, 1.2.840.10045.4.3.2.
    pub const ECDSA_SHA256: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02];
    /// ecdsa-with-SHA384, 1.2.840.10045.4.3.3.
    pub const ECDSA_SHA384: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x03];
    /// id-ecPublicKey, 1.2.840.10045.2.1.
    pub const EC_PUBLIC_KEY: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01];
    /// P-256, 1.2.840.10045.3.1.7.
    pub const P256: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
    /// P-384, 1.3.132.0.34.
    pub const P384: &[u8] = &[0x2B, 0x81, 0x04, 0x00, 0x22];
    /// sha256WithRSAEncryption, 1.2.840.113549.1.1.11.
    pub const RSA_SHA256: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B];
    /// rsaEncryption, 1.2.840.113549.1.1.1.
    pub const RSA_ENCRYPTION: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01];
    /// ML-DSA-65, 2.16.840.1.101.3.4.3.18.
    pub const ML_DSA_65: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x12];
    /// Android's `KeyDescription`, 1.3.6.1.4.1.11129.2.1.17.
    pub const KEY_DESCRIPTION: &[u8] = &[0x2B, 0x06, 0x01, 0x04, 0x01, 0xD6, 0x79, 0x02, 0x01, 0x11];
    /// Android's `ProvisioningInfo`, 1.3.6.1.4.1.11129.2.1.30.
    pub const PROVISIONING_INFO: &[u8] = &[0x2B, 0x06, 0x01, 0x04, 0x01, 0xD6, 0x79, 0x02, 0x01, 0x1E];
    /// nameConstraints, 2.5.29.30.
    pub const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1D, 0x1E];
    /// cRLDistributionPoints, 2.5.29.31.
    pub const CRL_DISTRIBUTION_POINTS: &[u8] = &[0x55, 0x1D, 0x1F];
    /// authorityInfoAccess, 1.3.6.1.5.5.7.1.1.
    pub const AUTHORITY_INFO_ACCESS: &[u8] = &[0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x01];
    /// caIssuers, 1.3.6.1.5.5.7.48.2.
    pub const CA_ISSUERS: &[u8] = &[0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x02];
    /// serialNumber, 2.5.4.5.
    pub const SERIAL_NUMBER: &[u8] = &[0x55, 0x04, 0x05];
    /// title, 2.5.4.12.
    pub const TITLE: &[u8] = &[0x55, 0x04, 0x0C];
    /// commonName, 2.5.4.3.
    pub const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
    /// stateOrProvinceName, 2.5.4.8.
    pub const STATE: &[u8] = &[0x55, 0x04, 0x08];
    /// organizationName, 2.5.4.10.
    pub const ORGANIZATION: &[u8] = &[0x55, 0x04, 0x0A];
    /// organizationalUnitName, 2.5.4.11.
    pub const ORGANIZATIONAL_UNIT: &[u8] = &[0x55, 0x04, 0x0B];
}

/// Positions in the `TBSCertificate` of an honest certificate (RFC 5280 §4.1).
pub mod field {
    /// `[0]` version.
    pub const VERSION: usize = 0;
    /// serialNumber.
    pub const SERIAL: usize = 1;
    /// signature, the inner algorithm identifier.
    pub const ALGORITHM: usize = 2;
    /// issuer.
    pub const ISSUER: usize = 3;
    /// validity: notBefore, notAfter.
    pub const VALIDITY: usize = 4;
    /// subject.
    pub const SUBJECT: usize = 5;
    /// subjectPublicKeyInfo: algorithm, key.
    pub const SPKI: usize = 6;
    /// `[3]` extensions.
    pub const EXTENSIONS: usize = 7;
}

/// Positions in a signed `Certificate` (RFC 5280 §4.1).
pub mod part {
    /// tbsCertificate.
    pub const TBS: usize = 0;
    /// signatureAlgorithm, the outer algorithm identifier.
    pub const ALGORITHM: usize = 1;
    /// signatureValue.
    pub const SIGNATURE: usize = 2;
}

impl Signer {
    /// The `SubjectPublicKeyInfo` (RFC 5480 §2, RFC 3279 §2.3.1).
    #[must_use]
    pub fn public_key(&self) -> Der {
        match self {
            Self::P256(_) => ec_public_key(oid::P256, &self.public_point()),
            Self::P384(_) => ec_public_key(oid::P384, &self.public_point()),
            Self::Rsa(key) => rsa_public_key(&key.modulus(), &key.exponent()),
        }
    }

    /// Content octets of the object identifier of a signature with this hash.
    ///
    /// # Panics
    ///
    /// For RSA with SHA-384, which no phone uses.
    #[must_use]
    pub fn algorithm_oid(&self, hash: Hash) -> &'static [u8] {
        match (self, hash) {
            (Self::P256(_) | Self::P384(_), Hash::Sha256) => oid::ECDSA_SHA256,
            (Self::P256(_) | Self::P384(_), Hash::Sha384) => oid::ECDSA_SHA384,
            (Self::Rsa(_), Hash::Sha256) => oid::RSA_SHA256,
            (Self::Rsa(_), Hash::Sha384) => panic!("no phone signs RSA with SHA-384"),
        }
    }
}

/// A certificate that can still be changed, with the key that is going to sign it.
#[derive(Clone, Debug, PartialEq)]
pub struct UnsignedCertificate {
    /// The `TBSCertificate`.
    pub tbs: Der,
    /// The outer signature algorithm.
    pub algorithm: Der,
    /// The issuer's key.
    pub signer: Signer,
    /// The hash that is really used, whatever the algorithm identifiers say.
    pub hash: Hash,
}

impl UnsignedCertificate {
    /// Signs: the `Certificate`, whose parts are named in [`part`].
    #[must_use]
    pub fn sign(&self) -> Der {
        let signature = self.signer.sign_digest(&self.hash.digest(&self.tbs.encode()));
        Der::sequence(vec![self.tbs.clone(), self.algorithm.clone(), Der::bit_string(&signature)])
    }

    /// The list of extensions.
    ///
    /// # Panics
    ///
    /// If an earlier edit took it away.
    #[must_use]
    pub fn extensions(&mut self) -> &mut Vec<Der> {
        self.tbs[field::EXTENSIONS][0].elements()
    }

    /// The first extension with this object identifier: OID, \[critical,\] value.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    pub fn extension(&mut self, oid: &[u8]) -> &mut Der {
        let oid = Der::oid(oid);
        self.extensions().iter_mut().find(|extension| extension[0] == oid).expect("the certificate has this extension")
    }

    /// Puts another value into an extension: the octets inside extnValue.
    ///
    /// # Panics
    ///
    /// If there is no such extension.
    pub fn set_extension_value(&mut self, oid: &[u8], value: &[u8]) {
        *self.extension(oid).elements().last_mut().expect("an extension has a value") = Der::octet_string(value);
    }

    /// Takes an extension away.
    pub fn remove_extension(&mut self, oid: &[u8]) {
        let oid = Der::oid(oid);
        self.extensions().retain(|extension| extension[0] != oid);
    }

    /// Names a signature algorithm inside and outside; the signature itself stays what [`hash`](Self::hash) says.
    pub fn set_algorithm(&mut self, algorithm: &Der) {
        self.tbs[field::ALGORITHM] = algorithm.clone();
        self.algorithm = algorithm.clone();
    }
}

/// An `Extension` (RFC 5280 §4.1): `critical` is written only when true.
#[must_use]
pub fn extension(oid: &[u8], critical: bool, value: &[u8]) -> Der {
    let mut elements = vec![Der::oid(oid)];
    if critical {
        elements.push(Der::true_value());
    }
    elements.push(Der::octet_string(value));
    Der::sequence(elements)
}

/// The `AlgorithmIdentifier` of a signature: no parameters (RFC 5758 §3.2).
#[must_use]
pub fn algorithm(oid: &[u8]) -> Der {
    Der::sequence(vec![Der::oid(oid)])
}

/// A `SubjectPublicKeyInfo` with id-ecPublicKey, a named curve and a point that is not looked at (RFC 5480 §2).
#[must_use]
pub fn ec_public_key(curve: &[u8], point: &[u8]) -> Der {
    Der::sequence(vec![Der::sequence(vec![Der::oid(oid::EC_PUBLIC_KEY), Der::oid(curve)]), Der::bit_string(point)])
}

/// A `Name` of one `UTF8String` attribute per relative distinguished name, as Apple writes it.
#[must_use]
pub fn name(attributes: &[(&[u8], &str)]) -> Der {
    let attribute = |(oid, text): &(&[u8], &str)| {
        Der::constructed(tag::SET, vec![Der::sequence(vec![Der::oid(oid), Der::utf8(text)])])
    };
    Der::sequence(attributes.iter().map(attribute).collect())
}

/// A `Name` of one attribute per relative distinguished name, with values of any string type.
#[must_use]
pub fn name_of(attributes: Vec<(&[u8], Der)>) -> Der {
    let attribute = |(oid, value)| Der::set(vec![Der::sequence(vec![Der::oid(oid), value])]);
    Der::sequence(attributes.into_iter().map(attribute).collect())
}

/// A `SubjectPublicKeyInfo` with rsaEncryption (RFC 3279 §2.3.1).
#[must_use]
pub fn rsa_public_key(modulus: &[u8], exponent: &[u8]) -> Der {
    let key = Der::sequence(vec![Der::integer(modulus), Der::integer(exponent)]);
    Der::sequence(vec![Der::sequence(vec![Der::oid(oid::RSA_ENCRYPTION), Der::null()]), Der::bit_string(&key.encode())])
}

/// The `AlgorithmIdentifier` of a signature as its issuer writes it: RSA has NULL for parameters (RFC 4055 §5), ECDSA has none.
#[must_use]
pub fn signature_algorithm(oid: &[u8]) -> Der {
    let mut algorithm = algorithm(oid);
    if oid == oid::RSA_SHA256 {
        algorithm.elements().push(Der::null());
    }
    algorithm
}

/// The extension value of the nonce: `SEQUENCE { [1] { OCTET STRING } }`.
#[must_use]
pub fn nonce_value(nonce: &[u8]) -> Vec<u8> {
    Der::sequence(vec![Der::context(1, vec![Der::octet_string(nonce)])]).encode()
}

/// A time: `UTCTime` before 2050, `GeneralizedTime` from then on (RFC 5280 §4.1.2.5).
///
/// # Panics
///
/// If `unix` (seconds) lies beyond the year 9999.
#[must_use]
pub fn time(unix: u64) -> Der {
    let since = Duration::from_secs(unix);
    let encoded = UtcTime::from_unix_duration(since)
        .and_then(|time| time.to_der())
        .or_else(|_| GeneralizedTime::from_unix_duration(since).and_then(|time| time.to_der()));
    Der::decode(&encoded.expect("a year of four digits"))
}

/// The Unix seconds of a time that [`time`] wrote.
pub(crate) fn unix_time(time: &Der) -> u64 {
    Time::decode_owned(time).to_unix_duration().as_secs()
}

/// What goes into an honest certificate.
pub(crate) struct Content {
    pub(crate) subject: Der,
    pub(crate) issuer: Der,
    pub(crate) serial: Vec<u8>,
    pub(crate) not_before: u64,
    pub(crate) not_after: u64,
    pub(crate) public_key: Der,
    pub(crate) extensions: Vec<Der>,
}

/// A certificate under an issuer's key of any kind.
pub(crate) fn unsigned(content: Content, signer: &Signer, hash: Hash) -> UnsignedCertificate {
    let algorithm = signature_algorithm(signer.algorithm_oid(hash));
    let tbs = Der::sequence(vec![
        Der::context(0, vec![Der::small_integer(2)]),
        Der::integer(&content.serial),
        algorithm.clone(),
        content.issuer,
        Der::sequence(vec![time(content.not_before), time(content.not_after)]),
        content.subject,
        content.public_key,
        Der::context(3, vec![Der::sequence(content.extensions)]),
    ]);
    UnsignedCertificate { tbs, algorithm, signer: signer.clone(), hash }
}

/// Builds a certificate under a P-384 issuer.
pub(crate) fn build(content: &Content, issuer: &p384::ecdsa::SigningKey, hash: Hash) -> UnsignedCertificate {
    let time = |unix| Time::decode_owned(&time(unix));
    let mut builder = CertificateBuilder::new(
        Shape {
            subject: Name::decode_owned(&content.subject),
            issuer: Name::decode_owned(&content.issuer),
            extensions: content.extensions.iter().map(Extension::decode_owned).collect(),
        },
        SerialNumber::new(&content.serial).expect("at most 20 octets"),
        Validity::new(time(content.not_before), time(content.not_after)),
        SubjectPublicKeyInfoOwned::decode_owned(&content.public_key),
    )
    .expect("times of the right form");
    let algorithm_oid = match hash {
        Hash::Sha256 => oid::ECDSA_SHA256,
        Hash::Sha384 => oid::ECDSA_SHA384,
    };
    let tbs = builder.finalize(&Issuer { key: issuer, algorithm: algorithm_oid }).expect("a certificate that encodes");
    UnsignedCertificate {
        tbs: Der::decode(&tbs),
        algorithm: algorithm(algorithm_oid),
        signer: Signer::P384(issuer.clone()),
        hash,
    }
}

/// Certificates exactly as given: no extension is added by itself.
struct Shape {
    subject: Name,
    issuer: Name,
    extensions: Vec<Extension>,
}

impl BuilderProfile for Shape {
    fn get_issuer(&self, _subject: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        _subject_key: SubjectPublicKeyInfoRef<'_>,
        _issuer_key: SubjectPublicKeyInfoRef<'_>,
        _tbs: &TbsCertificate,
    ) -> x509_cert::builder::Result<Vec<Extension>> {
        Ok(self.extensions.clone())
    }
}

/// A P-384 key that names the algorithm asked for: p384 by itself would always name ecdsa-with-SHA384.
struct Issuer<'k> {
    key: &'k p384::ecdsa::SigningKey,
    algorithm: &'static [u8],
}

impl p384::ecdsa::signature::Keypair for Issuer<'_> {
    type VerifyingKey = p384::ecdsa::VerifyingKey;

    fn verifying_key(&self) -> Self::VerifyingKey {
        *self.key.verifying_key()
    }
}

impl DynSignatureAlgorithmIdentifier for Issuer<'_> {
    fn signature_algorithm_identifier(&self) -> x509_cert::spki::Result<AlgorithmIdentifierOwned> {
        let oid = ObjectIdentifier::from_bytes(self.algorithm).expect("a valid object identifier");
        Ok(AlgorithmIdentifierOwned { oid, parameters: None })
    }
}

/// From our tree to a typed structure.
trait DecodeOwned: Sized {
    fn decode_owned(tree: &Der) -> Self;
}

impl<T: for<'a> der::Decode<'a>> DecodeOwned for T {
    fn decode_owned(tree: &Der) -> Self {
        Self::from_der(&tree.encode()).expect("the tree of an honest certificate encodes to DER")
    }
}
