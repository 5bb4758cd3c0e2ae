//! The certification authorities: a root and an intermediate like Apple's in everything but names and keys.

use der::pem::{LineEnding, encode_string};

use crate::certificate::{Content, UnsignedCertificate, build, ec_public_key, extension, field, name, oid, part};
use crate::der::Der;
use crate::keys::{Hash, Signer, p384_key, pseudo_random, sha256};

/// notBefore of both authorities: 2020-01-01T00:00:00Z.
const AUTHORITIES_FROM: u64 = 1_577_836_800;
/// notAfter of the intermediate: 2040-01-01T00:00:00Z. Later than Apple's 2030, so that tests do not end with it.
const INTERMEDIATE_UNTIL: u64 = 2_208_988_800;
/// notAfter of the root: 2045-01-01T00:00:00Z.
const ROOT_UNTIL: u64 = 2_366_841_600;

/// How the names of both begin, unless a program says otherwise.
const NAME: &str = "Genuine Test App Attestation";

/// A root and an intermediate certification authority, both P-384.
///
/// The root signs with ecdsa-with-SHA384; the intermediate (pathLen 0) signs leaves with ecdsa-with-SHA256, as Apple's
/// does. Everything follows from the seed. Two authorities of different seeds have the same names and different keys: the
/// second one is an attacker who copied every visible attribute of the first.
#[derive(Clone, Debug, PartialEq)]
pub struct TestPki {
    root_key: p384::ecdsa::SigningKey,
    intermediate_key: p384::ecdsa::SigningKey,
    root: Der,
    intermediate: UnsignedCertificate,
    /// Signed once, because most objects carry it as it is.
    signed_intermediate: Der,
}

impl TestPki {
    /// The authorities of a seed.
    #[must_use]
    pub fn new(seed: &str) -> Self {
        Self::named(seed, NAME)
    }

    /// The authorities of a seed, under names that begin with this one: for a seed that is nobody else's, so that whoever sees the
    /// root can tell it from one whose seed everybody knows.
    #[must_use]
    pub fn named(seed: &str, name: &str) -> Self {
        let root_key = p384_key(&format!("root {seed}"));
        let intermediate_key = p384_key(&format!("intermediate {seed}"));
        let root_point = Signer::P384(root_key.clone()).public_point();
        let intermediate_point = Signer::P384(intermediate_key.clone()).public_point();
        let root_name = authority(&format!("{name} Root CA"));
        let intermediate_name = authority(&format!("{name} CA 1"));

        let root = build(
            &Content {
                subject: root_name.clone(),
                issuer: root_name.clone(),
                serial: serial("root"),
                not_before: AUTHORITIES_FROM,
                not_after: ROOT_UNTIL,
                public_key: ec_public_key(oid::P384, &root_point),
                extensions: vec![
                    extension(oid::BASIC_CONSTRAINTS, true, &[0x30, 0x03, 0x01, 0x01, 0xFF]),
                    extension(oid::SUBJECT_KEY_ID, false, &Der::octet_string(&key_id(&root_point)).encode()),
                    extension(oid::KEY_USAGE, true, &[0x03, 0x02, 0x01, 0x06]),
                ],
            },
            &root_key,
            Hash::Sha384,
        );
        let authority_key_id = Der::sequence(vec![Der::primitive(0x80, &key_id(&root_point))]).encode();
        let intermediate = build(
            &Content {
                subject: intermediate_name,
                issuer: root_name,
                serial: serial("intermediate"),
                not_before: AUTHORITIES_FROM,
                not_after: INTERMEDIATE_UNTIL,
                public_key: ec_public_key(oid::P384, &intermediate_point),
                extensions: vec![
                    extension(oid::BASIC_CONSTRAINTS, true, &[0x30, 0x06, 0x01, 0x01, 0xFF, 0x02, 0x01, 0x00]),
                    extension(oid::AUTHORITY_KEY_ID, false, &authority_key_id),
                    extension(oid::SUBJECT_KEY_ID, false, &Der::octet_string(&key_id(&intermediate_point)).encode()),
                    extension(oid::KEY_USAGE, true, &[0x03, 0x02, 0x01, 0x06]),
                ],
            },
            &root_key,
            Hash::Sha384,
        );
        let signed_intermediate = intermediate.sign();
        Self { root_key, intermediate_key, root: root.sign(), intermediate, signed_intermediate }
    }

    /// The root as it signed itself.
    #[must_use]
    pub fn signed_root(&self) -> Der {
        self.root.clone()
    }

    /// The root certificate, DER.
    #[must_use]
    pub fn root_der(&self) -> Vec<u8> {
        self.root.encode()
    }

    /// The root certificate, PEM (RFC 7468).
    ///
    /// # Panics
    ///
    /// Never: a certificate always has a PEM form.
    #[must_use]
    pub fn root_pem(&self) -> String {
        encode_string("CERTIFICATE", LineEnding::LF, &self.root_der()).expect("a certificate has a PEM form")
    }

    /// The intermediate's certificate as the root signed it, PEM (RFC 7468).
    ///
    /// # Panics
    ///
    /// Never: a certificate always has a PEM form.
    #[must_use]
    pub fn intermediate_pem(&self) -> String {
        let der = self.signed_intermediate.encode();
        encode_string("CERTIFICATE", LineEnding::LF, &der).expect("a certificate has a PEM form")
    }

    /// The root's subject `Name`, DER: the name half of the trust anchor.
    #[must_use]
    pub fn root_subject(&self) -> Vec<u8> {
        self.root[part::TBS][field::SUBJECT].encode()
    }

    /// The root's public key, a P-384 point `04 ‖ x ‖ y` of 97 bytes: the key half of the trust anchor.
    ///
    /// # Panics
    ///
    /// Never: an uncompressed P-384 point has 97 bytes.
    #[must_use]
    pub fn root_point(&self) -> [u8; 97] {
        self.root_signer().public_point().try_into().expect("an uncompressed P-384 point has 97 bytes")
    }

    /// The intermediate, ready to be signed by the root.
    #[must_use]
    pub fn intermediate(&self) -> UnsignedCertificate {
        self.intermediate.clone()
    }

    /// The intermediate as the root signed it.
    #[must_use]
    pub fn signed_intermediate(&self) -> Der {
        self.signed_intermediate.clone()
    }

    /// The root's private key.
    #[must_use]
    pub fn root_signer(&self) -> Signer {
        Signer::P384(self.root_key.clone())
    }

    /// The intermediate's private key.
    #[must_use]
    pub fn intermediate_signer(&self) -> Signer {
        Signer::P384(self.intermediate_key.clone())
    }

    /// A leaf under the intermediate, ready to be signed by it.
    pub(crate) fn leaf(&self, leaf: Leaf) -> UnsignedCertificate {
        build(
            &Content {
                subject: leaf.subject,
                issuer: self.intermediate.tbs[field::SUBJECT].clone(),
                serial: leaf.serial,
                not_before: leaf.not_before,
                not_after: leaf.not_after,
                public_key: leaf.public_key,
                extensions: leaf.extensions,
            },
            &self.intermediate_key,
            Hash::Sha256,
        )
    }
}

/// The authorities under which the committed vectors are minted; their root is `vectors/root.pem`.
impl Default for TestPki {
    fn default() -> Self {
        Self::new("default")
    }
}

/// What differs from leaf to leaf.
pub(crate) struct Leaf {
    pub(crate) subject: Der,
    pub(crate) serial: Vec<u8>,
    pub(crate) not_before: u64,
    pub(crate) not_after: u64,
    pub(crate) public_key: Der,
    pub(crate) extensions: Vec<Der>,
}

fn authority(common_name: &str) -> Der {
    name(&[(oid::COMMON_NAME, common_name), (oid::ORGANIZATION, "Genuine Test"), (oid::STATE, "Nowhere")])
}

/// 16 octets as in Apple's authorities, positive, the same for every seed.
fn serial(authority: &str) -> Vec<u8> {
    let mut serial = pseudo_random(&format!("serial {authority}"), 16);
    serial[0] = 0x0A;
    serial
}

/// Key identifier of 20 octets (RFC 7093 §2, method 1).
fn key_id(point: &[u8]) -> Vec<u8> {
    sha256(&[point])[..20].to_vec()
}
