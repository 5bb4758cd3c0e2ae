//! The honest device against readers that share no code with this crate.

use ciborium::Value;
use der::Decode as _;
use genuine_testvectors::{Device, Environment, Generation, TestPki};
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use sha2::{Digest as _, Sha256, Sha384};
use x509_cert::Certificate;
use x509_cert::der::Encode as _;

const DAY: u64 = 86_400;

fn map(object: &[u8]) -> Vec<(String, Value)> {
    let value: Value = ciborium::from_reader(object).expect("well-formed CBOR");
    let entries = value.into_map().expect("a map");
    entries.into_iter().map(|(key, value)| (key.into_text().expect("a text"), value)).collect()
}

fn take(entries: &[(String, Value)], key: &str) -> Value {
    entries.iter().find(|(name, _)| name == key).expect("the key is there").1.clone()
}

fn bytes(value: Value) -> Vec<u8> {
    value.into_bytes().expect("a byte string")
}

/// The leaf, the intermediate and the authenticator data of an attestation, read by ciborium.
fn parts(object: &[u8]) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let root = map(object);
    assert_eq!(take(&root, "fmt"), Value::from("apple-appattest"));
    let statement = take(&root, "attStmt").into_map().expect("a map");
    assert_eq!(statement.len(), 2);
    let x5c = statement.into_iter().next().expect("x5c is first").1.into_array().expect("an array");
    let [leaf, intermediate] = x5c.try_into().expect("two certificates");
    (bytes(leaf), bytes(intermediate), bytes(take(&root, "authData")))
}

fn verify_p384(certificate: &Certificate, point: &[u8], digest: &[u8]) {
    let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(point).expect("a point of P-384");
    let signature = certificate.signature().as_bytes().expect("whole octets");
    let signature = p384::ecdsa::Signature::from_der(signature).expect("a DER signature");
    key.verify_prehash(digest, &signature).expect("the issuer signed the certificate");
}

fn point(certificate: &Certificate) -> &[u8] {
    certificate.tbs_certificate().subject_public_key_info().subject_public_key.raw_bytes()
}

fn seconds(time: &x509_cert::time::Time) -> u64 {
    time.to_unix_duration().as_secs()
}

#[test]
fn chains_verify() {
    for generation in Generation::ALL {
        let device = Device::new("oracle").with_generation(generation);
        let attestation = device.attest(b"challenge");
        let (leaf_der, intermediate_der, auth_data) = parts(&attestation.object);
        let leaf = Certificate::from_der(&leaf_der).expect("x509-cert reads the leaf");
        let intermediate = Certificate::from_der(&intermediate_der).expect("x509-cert reads the intermediate");
        let root = Certificate::from_der(&device.authorities().root_der()).expect("x509-cert reads the root");

        let (leaf_tbs, intermediate_tbs) = (leaf.tbs_certificate(), intermediate.tbs_certificate());
        assert_eq!(leaf_tbs.issuer(), intermediate_tbs.subject());
        assert_eq!(intermediate_tbs.issuer(), root.tbs_certificate().subject());
        assert_eq!(point(&root), device.authorities().root_point());
        verify_p384(&root, point(&root), &Sha384::digest(root.tbs_certificate().to_der().expect("DER")));
        verify_p384(&intermediate, point(&root), &Sha384::digest(intermediate_tbs.to_der().expect("DER")));
        verify_p384(&leaf, point(&intermediate), &Sha256::digest(leaf_tbs.to_der().expect("DER")));
        assert_eq!(leaf.signature_algorithm().oid.to_string(), "1.2.840.10045.4.3.2");
        assert_eq!(intermediate.signature_algorithm().oid.to_string(), "1.2.840.10045.4.3.3");

        assert_eq!(seconds(&leaf_tbs.validity().not_before), device.issue_time() - DAY);
        assert_eq!(seconds(&leaf_tbs.validity().not_after), device.issue_time() + 2 * DAY);
        assert_eq!(leaf_tbs.serial_number().as_bytes().len(), 6);

        let nonce: [u8; 32] = Sha256::digest([auth_data, attestation.client_data_hash.clone()].concat()).into();
        let extension = leaf_tbs
            .extensions()
            .into_iter()
            .flatten()
            .find(|extension| extension.extn_id.to_string() == "1.2.840.113635.100.8.2")
            .expect("a nonce");
        assert_eq!(extension.extn_value.as_bytes(), [&[0x30, 0x24, 0xA1, 0x22, 0x04, 0x20], &nonce[..]].concat());
    }
}

/// A general path validator agrees: names, roles, validity and signatures.
#[test]
fn chains_validate_under_webpki() {
    use rustls_pki_types::{CertificateDer, UnixTime};
    use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};

    // The App Attest key purpose, 1.2.840.113635.100.4.24: absent before 2026.
    let purpose = KeyUsage::required_if_present(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x63, 0x64, 0x04, 0x18]);
    for generation in Generation::ALL {
        let device = Device::new("oracle").with_generation(generation);
        let (leaf, intermediate, _) = parts(&device.attest(b"challenge").object);
        let validates = |root: &TestPki, now| {
            let root = CertificateDer::from(root.root_der());
            let anchors = [anchor_from_trusted_cert(&root).expect("an anchor")];
            let leaf = CertificateDer::from(leaf.clone());
            let leaf = EndEntityCert::try_from(&leaf).expect("webpki reads the leaf");
            let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(now));
            let intermediates = [CertificateDer::from(intermediate.clone())];
            leaf.verify_for_usage(ALL_VERIFICATION_ALGS, &anchors, &intermediates, now, purpose, None, None).is_ok()
        };
        assert!(validates(device.authorities(), device.issue_time()), "{generation:?}");
        assert!(!validates(device.authorities(), device.issue_time() + 3 * DAY), "{generation:?}: expired");
        assert!(!validates(&TestPki::new("attacker"), device.issue_time()), "{generation:?}: another root");
    }
}

/// Sizes of genuine objects, measured: leaves of 732 to 1,057 bytes, authenticator data of 164, about 226, and on Macs, with the code hash, 280 bytes.
#[test]
fn sizes_are_genuine() {
    for generation in Generation::ALL {
        let attestation = Device::new("oracle").with_generation(generation).attest(b"challenge");
        let (leaf, _, auth_data) = parts(&attestation.object);
        assert!((700..1_100).contains(&leaf.len()), "{generation:?}: {}", leaf.len());
        assert!((5_000..6_000).contains(&attestation.object.len()), "{generation:?}: {}", attestation.object.len());
        let expected = match generation {
            Generation::Ios14 | Generation::Ios17 | Generation::Ios26 => 164,
            Generation::Ios27 => 226,
            Generation::Macos27 => 280,
        };
        assert_eq!(auth_data.len(), expected, "{generation:?}");
    }
}

#[test]
fn authenticator_data_is_apples() {
    let device = Device::new("oracle").with_environment(Environment::Development);
    let attestation = device.attest(b"challenge");
    let (_, _, data) = parts(&attestation.object);
    assert_eq!(data[..32], Sha256::digest(device.app_id())[..]);
    assert_eq!(data[32..37], [0xC0, 0, 0, 0, 0]);
    assert_eq!(data[37..53], *b"appattestdevelop");
    assert_eq!(data[53..55], [0, 32]);
    assert_eq!(data[55..87], attestation.key_id);
    assert_eq!(data[55..87], Sha256::digest(attestation.public_key)[..]);
    let cose: Value = ciborium::from_reader(&data[87..164]).expect("a COSE key");
    let [_, _, _, (_, x), (_, y)] = cose.into_map().expect("a map").try_into().expect("five entries");
    assert_eq!([bytes(x), bytes(y)].concat(), attestation.public_key[1..]);
    let launch = map(&data[164..]);
    assert_eq!(take(&launch, "apple_bundle_version_01"), Value::from("1"));
    assert_eq!(bytes(take(&launch, "apple_validation_category_01")), [4, 0, 0, 0]);
}

#[test]
fn assertions_verify_and_count() {
    for generation in Generation::ALL {
        let mut device = Device::new("oracle").with_generation(generation).with_cd_hash();
        let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&device.public_key()).expect("a point of P-256");
        for counter in 1..=3_u32 {
            let assertion = device.assert(b"request");
            let entries = map(&assertion.object);
            let data = bytes(take(&entries, "authenticatorData"));
            assert_eq!(assertion.counter, counter);
            assert_eq!(data[33..37], counter.to_be_bytes());
            let nonce = Sha256::digest([&data[..], &Sha256::digest(b"request")].concat());
            let signature = p256::ecdsa::Signature::from_der(&bytes(take(&entries, "signature"))).expect("DER");
            key.verify(&nonce, &signature).expect("the device signed the nonce as a message");
        }
    }
}

#[test]
fn minting_is_deterministic() {
    let mint = || {
        let mut device = Device::new("determinism");
        (device.attest(b"challenge"), device.assert(b"request"), device.assert(b"request"))
    };
    assert_eq!(mint(), mint());
    assert_ne!(Device::new("another").attest(b"challenge").key_id, mint().0.key_id);
}

#[test]
fn an_attacker_shares_names_and_no_key() {
    let (honest, attacker) = (TestPki::default(), TestPki::new("attacker"));
    assert_eq!(honest.root_subject(), attacker.root_subject());
    assert_ne!(honest.root_point(), attacker.root_point());
    assert!(!honest.root_pem().contains("Apple"));
}
