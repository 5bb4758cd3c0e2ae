//! Objects of genuine devices, from a directory that is not part of the repository.

use std::{env, fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use genuine::{
    UnixTime,
    app_attest::{Counter, Environment, KeyId},
    crypto::{P256, P384, PublicKey},
    x509::{TrustAnchor, Validity},
};
use genuine_testvectors_runner::Terms;
use serde_json::Value;

use super::{AssertionCase, AttestationCase, app_hash, trusted_key};

/// The variable that names the directory.
const DIRECTORY: &str = "GENUINE_REAL_VECTORS";

pub(crate) struct RealVectors {
    pub(crate) attestations: Vec<RealAttestation>,
    pub(crate) assertions: Vec<RealAssertion>,
    pub(crate) partial_auth_data: Vec<PartialAuthData>,
    /// The certificate of Apple's root, DER.
    pub(crate) root: Vec<u8>,
}

/// An attestation with what its file says about it.
pub(crate) struct RealAttestation {
    pub(crate) name: String,
    pub(crate) case: AttestationCase,
    pub(crate) public_key: PublicKey<P256>,
    pub(crate) os_version: Option<String>,
    pub(crate) os_build: Option<String>,
    pub(crate) leaf_validity: Validity,
    pub(crate) counter: Counter,
}

/// An assertion with what its file says about it.
pub(crate) struct RealAssertion {
    pub(crate) name: String,
    pub(crate) case: AssertionCase,
    pub(crate) key_id: KeyId,
    pub(crate) counter: Counter,
    pub(crate) previous_counter: Counter,
    /// Names of attestations of the same key.
    pub(crate) attestations: Vec<String>,
}

/// Authenticator data of one device, of which no signature was published.
pub(crate) struct PartialAuthData {
    pub(crate) attestation: Vec<u8>,
    pub(crate) assertion: Vec<u8>,
}

/// The real objects, or `None`, said on the standard output, if no directory is named.
///
/// A directory that is named and not there, or empty, is a failure: a job that has the objects must not pass without.
pub(crate) fn real() -> Option<RealVectors> {
    let Some(directory) = env::var_os(DIRECTORY) else {
        println!("skipped: {DIRECTORY} is not set");
        return None;
    };
    let directory = Path::new(&directory);
    let pem = fs::read_to_string(directory.join("apple_app_attestation_root_ca.pem")).expect("Apple's root");
    let root: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let root = STANDARD.decode(root).unwrap();
    let vectors = RealVectors {
        attestations: read(directory, "attestations").map(|(name, json)| attestation(name, &json, &root)).collect(),
        assertions: read(directory, "assertions").map(|(name, json)| assertion(name, &json)).collect(),
        partial_auth_data: if directory.join("partial").is_dir() {
            read(directory, "partial").filter_map(|(_, json)| partial(&json)).collect()
        } else {
            Vec::new()
        },
        root,
    };
    assert!(!vectors.attestations.is_empty(), "{DIRECTORY} holds no attestations");
    assert!(!vectors.assertions.is_empty(), "{DIRECTORY} holds no assertions");
    println!("{} attestations, {} assertions", vectors.attestations.len(), vectors.assertions.len());
    Some(vectors)
}

fn read(directory: &Path, kind: &str) -> impl Iterator<Item = (String, Value)> {
    let entries = fs::read_dir(directory.join(kind)).unwrap_or_else(|error| panic!("{DIRECTORY}: {kind}: {error}"));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    paths.into_iter().map(|path| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, serde_json::from_slice(&fs::read(path).unwrap()).unwrap())
    })
}

fn attestation(name: String, json: &Value, root: &[u8]) -> RealAttestation {
    let (root_subject, root_key) = anchor_parts(root);
    let leaf_validity = leaf_validity(&bytes(json, "attestation_b64"));
    if json.get("leaf_not_before").is_some() {
        let said = Validity { not_before: time(json, "leaf_not_before"), not_after: time(json, "leaf_not_after") };
        assert_eq!(leaf_validity, said, "{name}");
    }
    let case = AttestationCase {
        object: bytes(json, "attestation_b64"),
        key_id: KeyId::from_base64(text(json, "key_id_b64")).unwrap(),
        client_data: bytes(json, "client_data_hash_b64"),
        apps: vec![app_hash(text(json, "app_id"))],
        environment: match text(json, "environment") {
            "production" => Environment::Production,
            "development" => Environment::Development,
            other => panic!("{other} is no environment"),
        },
        terms: Terms::default(),
        now: time(json, "valid_at"),
        root_subject,
        root_key,
    };
    RealAttestation {
        name,
        case,
        public_key: PublicKey::<P256>::from_uncompressed(&bytes(json, "public_key_b64")).unwrap(),
        os_version: json["os_version_from_cert"].as_str().or(json["os"].as_str()).map(str::to_owned),
        os_build: json["build"].as_str().map(str::to_owned),
        leaf_validity,
        counter: counter(json, "counter"),
    }
}

fn assertion(name: String, json: &Value) -> RealAssertion {
    let app = app_hash(text(json, "app_id"));
    let key = PublicKey::<P256>::from_uncompressed(&bytes(json, "public_key_b64")).unwrap();
    let environment = Environment::Production;
    RealAssertion {
        name,
        case: AssertionCase {
            object: bytes(json, "assertion_b64"),
            key: trusted_key(&key, app, environment),
            client_data: bytes(json, "client_data_hash_b64"),
            apps: vec![app],
            environment,
            terms: Terms::default(),
        },
        key_id: KeyId::from_base64(text(json, "key_id_b64")).unwrap(),
        counter: counter(json, "counter"),
        previous_counter: counter(json, "previous_counter"),
        attestations: json["attestation_vector"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|name| name.as_str().unwrap().to_owned())
            .collect(),
    }
}

fn partial(json: &Value) -> Option<PartialAuthData> {
    json.get("attestation_authdata_b64")?;
    Some(PartialAuthData {
        attestation: bytes(json, "attestation_authdata_b64"),
        assertion: bytes(json, "assertion_authdata_b64"),
    })
}

/// Name and key of the root, read by another parser than the one under test.
fn anchor_parts(root: &[u8]) -> (Vec<u8>, PublicKey<P384>) {
    use x509_cert::{
        Certificate,
        der::{Decode as _, Encode as _},
    };
    let certificate = Certificate::from_der(root).unwrap();
    let tbs = certificate.tbs_certificate();
    let point = tbs.subject_public_key_info().subject_public_key.as_bytes().unwrap();
    (tbs.subject().to_der().unwrap(), PublicKey::<P384>::from_uncompressed(point).unwrap())
}

/// The validity of the leaf, read by other parsers than those under test.
fn leaf_validity(object: &[u8]) -> Validity {
    use x509_cert::{Certificate, der::Decode as _};
    let object: ciborium::Value = ciborium::from_reader(object).unwrap();
    let entry = |map: &ciborium::Value, key: &str| {
        let entries = map.as_map().unwrap().iter();
        entries.clone().find(|(name, _)| name.as_text() == Some(key)).unwrap().1.clone()
    };
    let x5c = entry(&entry(&object, "attStmt"), "x5c");
    let leaf = Certificate::from_der(x5c.as_array().unwrap()[0].as_bytes().unwrap()).unwrap();
    let validity = leaf.tbs_certificate().validity();
    let seconds = |time: &x509_cert::time::Time| UnixTime(time.to_unix_duration().as_secs());
    Validity { not_before: seconds(&validity.not_before), not_after: seconds(&validity.not_after) }
}

/// The anchor that the case was given.
pub(crate) fn anchor(case: &AttestationCase) -> TrustAnchor<'_> {
    TrustAnchor::new(&case.root_subject, case.root_key)
}

fn text<'j>(json: &'j Value, field: &str) -> &'j str {
    json[field].as_str().unwrap_or_else(|| panic!("{field} is missing"))
}

fn bytes(json: &Value, field: &str) -> Vec<u8> {
    STANDARD.decode(text(json, field)).unwrap()
}

fn counter(json: &Value, field: &str) -> Counter {
    Counter(json[field].as_u64().unwrap().try_into().unwrap())
}

/// RFC 3339; certificates have whole seconds.
fn time(json: &Value, field: &str) -> UnixTime {
    let time: jiff::Timestamp = text(json, field).parse().unwrap();
    UnixTime(time.as_second().try_into().unwrap())
}
