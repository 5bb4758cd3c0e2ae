//! What is verified: objects and signatures, minted so that every rival accepts them.
//!
//! | asked by | what |
//! |---|---|
//! | `appattest` | an assertion's authenticator data of 37 bytes, so without the extensions of iOS 27 |
//! | `appattest-rs` | client data that is JSON with the field `challenge` |
//! | `node-app-attest` | an intermediate whose name contains that of Apple's |
//! | all but `node-app-attest` | certificates that are valid now |

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use genuine_testvectors::{
    Device, Generation, Mutation,
    certificate::{ec_public_key, field, name, oid, part},
    der::Der,
    keys::{Hash, Signer, sha256},
};
use serde_json::{Value, json};

use crate::measure::Cases;

/// How many attestations, each of another device, and how many assertions, all of one.
const ATTESTATIONS: u32 = 16;
const ASSERTIONS: u32 = 64;
/// How many signatures by one key.
const SIGNATURES: usize = 64;

/// An attestation object and what was sent with it.
pub(crate) struct Attestation {
    /// The object, CBOR.
    pub(crate) object: Vec<u8>,
    /// The object, base64.
    pub(crate) base64: String,
    /// The key identifier.
    pub(crate) key_id: [u8; 32],
    /// The key identifier, base64.
    pub(crate) key_id_base64: String,
    /// The challenge that was hashed.
    pub(crate) challenge: String,
    /// Its hash.
    pub(crate) client_data_hash: [u8; 32],
    /// The attested key, `04 ‖ X ‖ Y`.
    pub(crate) public_key: [u8; 65],
}

/// An assertion and what was sent with it.
pub(crate) struct Assertion {
    /// The object, CBOR.
    pub(crate) object: Vec<u8>,
    /// The object, base64.
    pub(crate) base64: String,
    /// JSON with the challenge in it.
    pub(crate) client_data: Vec<u8>,
    /// The challenge.
    pub(crate) challenge: String,
    /// SHA-256 of the client data.
    pub(crate) client_data_hash: [u8; 32],
    /// The counter in it.
    pub(crate) counter: u32,
}

/// Minted objects and what verifying them takes.
pub(crate) struct Objects {
    /// Attestations; of the altered ones, one has a leaf and one an intermediate with another signature.
    pub(crate) attestations: Cases<Attestation>,
    /// Assertions; the altered one has another signature.
    pub(crate) assertions: Cases<Assertion>,
    /// The App ID: team, dot, bundle.
    pub(crate) app_id: String,
    /// The key of the device that signed the assertions, `04 ‖ X ‖ Y`.
    pub(crate) public_key: [u8; 65],
    /// The root's point, `04 ‖ X ‖ Y`.
    pub(crate) root_point: [u8; 97],
    /// The root's subject, DER.
    pub(crate) root_subject: Vec<u8>,
    /// The root, PEM.
    pub(crate) root_pem: String,
    /// The time of issue, which is now, Unix seconds.
    pub(crate) now: u64,
}

impl Objects {
    /// Mints.
    pub(crate) fn mint() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_secs();
        let devices: Vec<_> = (0..ATTESTATIONS)
            .map(|number| {
                Device::new(&format!("peers {number}")).with_generation(Generation::Ios26).with_issue_time(now)
            })
            .collect();
        let device = &devices[0];
        let other_leaf = mutation().chain(|chain| alter(chain.leaf[part::SIGNATURE].octets()));
        let other_intermediate = mutation().chain(|chain| alter(chain.intermediate[part::SIGNATURE].octets()));
        let other_signature = Mutation::default().signature(|signature| alter(signature));
        Self {
            attestations: Cases {
                good: devices.iter().map(|device| attestation(device, &mutation())).collect(),
                altered: vec![attestation(device, &other_leaf), attestation(device, &other_intermediate)],
            },
            assertions: Cases {
                good: (1..=ASSERTIONS).map(|counter| assertion(device, counter, &Mutation::default())).collect(),
                altered: vec![assertion(device, ASSERTIONS + 1, &other_signature)],
            },
            app_id: device.app_id().to_owned(),
            public_key: device.public_key(),
            root_point: device.authorities().root_point(),
            root_subject: device.authorities().root_subject(),
            root_pem: device.authorities().root_pem(),
            now,
        }
    }

    /// For rivals in other processes.
    pub(crate) fn to_json(&self) -> Value {
        let attestation = |attestation: &Attestation| {
            json!({
                "object": attestation.base64,
                "key_id": attestation.key_id_base64,
                "challenge": attestation.challenge,
                "public_key": STANDARD.encode(subject_public_key_info(&attestation.public_key)),
            })
        };
        let assertion = |assertion: &Assertion| {
            json!({
                "object": assertion.base64,
                "client_data": STANDARD.encode(&assertion.client_data),
                "client_data_hash": STANDARD.encode(assertion.client_data_hash),
                "counter": assertion.counter,
            })
        };
        json!({
            "root": self.root_pem,
            "app_id": self.app_id,
            "public_key": STANDARD.encode(subject_public_key_info(&self.public_key)),
            "attestation": {
                "good": self.attestations.good.iter().map(attestation).collect::<Vec<_>>(),
                "altered": self.attestations.altered.iter().map(attestation).collect::<Vec<_>>(),
            },
            "assertion": {
                "good": self.assertions.good.iter().map(assertion).collect::<Vec<_>>(),
                "altered": self.assertions.altered.iter().map(assertion).collect::<Vec<_>>(),
            },
        })
    }
}

/// Gives the intermediate the common name of Apple's, and the leaf that issuer.
fn mutation() -> Mutation<'static> {
    let authority = || name(&[(oid::COMMON_NAME, "Apple App Attestation CA 1"), (oid::ORGANIZATION, "Genuine Test")]);
    Mutation::default()
        .intermediate(move |intermediate| intermediate.tbs[field::SUBJECT] = authority())
        .leaf(move |leaf| leaf.tbs[field::ISSUER] = authority())
}

/// Changes s of a signature by one.
fn alter(signature: &mut [u8]) {
    *signature.last_mut().expect("a signature") ^= 1;
}

fn attestation(device: &Device, mutation: &Mutation<'_>) -> Attestation {
    let challenge = "5f0c1f0e-7b3c-4a51-9c92-6f3f3e4f1d20".to_owned();
    let client_data_hash = sha256(&[challenge.as_bytes()]);
    let object = mutation.mint_attestation(device, &client_data_hash);
    Attestation {
        base64: STANDARD.encode(&object),
        object,
        key_id: device.key_id(),
        key_id_base64: STANDARD.encode(device.key_id()),
        challenge,
        client_data_hash,
        public_key: device.public_key(),
    }
}

fn assertion(device: &Device, counter: u32, mutation: &Mutation<'_>) -> Assertion {
    let challenge = format!("0b8d9ad4-1f2e-4c7b-8a38-{counter:012}");
    let client_data = json!({ "challenge": challenge }).to_string().into_bytes();
    let client_data_hash = sha256(&[&client_data]);
    let object = mutation.mint_assertion(device, counter, &client_data_hash);
    Assertion { base64: STANDARD.encode(&object), object, client_data, challenge, client_data_hash, counter }
}

fn subject_public_key_info(public_key: &[u8; 65]) -> Vec<u8> {
    ec_public_key(oid::P256, public_key).encode()
}

/// A signature over a message of 32 bytes, so that libraries that insist on hashing have little to hash.
#[derive(Clone)]
pub(crate) struct Signed {
    /// The key, `04 ‖ X ‖ Y`.
    pub(crate) point: Vec<u8>,
    /// What was signed.
    pub(crate) message: [u8; 32],
    /// Its hash.
    pub(crate) digest: Vec<u8>,
    /// The signature as in App Attest: DER.
    pub(crate) der: Vec<u8>,
    /// The signature as r ‖ s.
    pub(crate) fixed: Vec<u8>,
}

/// Signatures by one key.
pub(crate) fn signatures(signer: &Signer, hash: Hash) -> Cases<Signed> {
    let point = signer.public_point();
    let sign = |number: usize| {
        let message = sha256(&[&number.to_be_bytes()]);
        let digest = hash.digest(&message);
        let der = signer.sign_digest(&digest);
        let fixed = fixed(&der, point.len() / 2);
        Signed { point: point.clone(), message, digest, der, fixed }
    };
    let mut altered = sign(SIGNATURES);
    alter(&mut altered.der);
    alter(&mut altered.fixed);
    Cases { good: (0..SIGNATURES).map(sign).collect(), altered: vec![altered] }
}

/// Batches with a key for each place in them; in each altered one, one place has an altered signature.
pub(crate) fn batches<const LANES: usize>(signers: &[Signer; LANES], hash: Hash) -> Cases<[Signed; LANES]> {
    let lanes = signers.each_ref().map(|signer| signatures(signer, hash));
    let good: Vec<[Signed; LANES]> =
        (0..SIGNATURES).map(|number| lanes.each_ref().map(|lane| lane.good[number].clone())).collect();
    let altered = (0..LANES).map(|place| {
        let mut batch = good[0].clone();
        batch[place] = lanes[place].altered[0].clone();
        batch
    });
    Cases { altered: altered.collect(), good }
}

/// r ‖ s of a DER signature.
fn fixed(der: &[u8], size: usize) -> Vec<u8> {
    let mut sequence = Der::decode(der);
    let numbers = sequence.elements().iter_mut().flat_map(|number| {
        let octets = number.octets();
        let significant = octets.iter().position(|octet| *octet != 0).unwrap_or(octets.len());
        let mut padded = vec![0; size - (octets.len() - significant)];
        padded.extend_from_slice(&octets[significant..]);
        padded
    });
    numbers.collect()
}
