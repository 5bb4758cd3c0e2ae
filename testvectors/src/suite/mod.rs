//! The suite: every committed vector as the mutation that makes it.
//!
//! An id is a group and what the mutation is: `der::boolean-not-ff`. Where nothing else is said, the object is an attestation
//! and the certificate its leaf. Beside the id stands the row of the threat catalogue that asked for the vector, with a letter
//! where the row has several inputs. Each bad vector is one mutation of a good one, its twin.

#![expect(clippy::too_many_lines, reason = "a list is as long as what it lists")]

pub(crate) mod android;
mod assertion;
mod authenticator_data;
mod binding;
mod certificates;
mod chain;
mod ecdsa;
mod encoding;
mod envelope;
mod foreign;
mod good;
pub(crate) mod play;
mod requirements;

use std::rc::Rc;
use std::sync::LazyLock;

use crate::device::{Device, Environment};
use crate::generation::Generation;
use crate::keys::sha256;
use crate::mutation::Mutation;
use crate::vector::{Kind, Requirements, Vector};

/// The groups, in the order in which a verifier comes to what they are about, and what that is.
pub(crate) const GROUPS: [(&str, &str); 20] = [
    ("generation", "Good objects in the form of each generation of devices, from which the others are mutated."),
    ("foreign", "Objects of the other kind, and of other formats."),
    ("size", "Objects that are empty, cut off, larger than the cap, or just as large."),
    ("cbor", "CBOR that is malformed or not in its one form."),
    ("envelope", "The outermost maps of attestation and assertion, and what belongs into them."),
    ("der", "DER of the certificates."),
    ("certificate", "Extensions, roles and keys of each certificate."),
    ("auth-data", "Layout of the authenticator data."),
    ("cose", "The COSE key in the authenticator data."),
    ("ecdsa", "Encoding and values of ECDSA signatures."),
    ("app-id", "The hash of the App ID."),
    ("environment", "The AAGUID, and the environments that a policy allows."),
    ("key-id", "The key identifier, and the key that it names."),
    ("launch", "The extension map with the launch data of iOS 27, and policies on it."),
    ("policy", "What a policy requires of code, device and age."),
    ("nonce", "The nonce in the leaf, and what it is made of."),
    ("chain", "Names, times and signatures of the chain."),
    ("signature", "What an assertion's signature covers, and whose it is."),
    ("counter", "The counter of an assertion, after the last one."),
    ("window", "The counter of an assertion, in a replay window."),
];

/// Every vector, minted anew: the good ones first, then the bad ones in the order of the suite.
#[must_use]
pub fn mint() -> Vec<Vector> {
    unminted().into_iter().map(Unminted::mint).collect()
}

/// What is to be minted, the good ones first.
pub(crate) fn unminted() -> Vec<Unminted> {
    [
        good::vectors(),
        requirements::good(),
        encoding::vectors(),
        envelope::vectors(),
        foreign::vectors(),
        certificates::vectors(),
        chain::vectors(),
        ecdsa::vectors(),
        binding::vectors(),
        authenticator_data::vectors(),
        requirements::vectors(),
        assertion::vectors(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What the devices of the suite attest to.
const CHALLENGE: &[u8] = b"a challenge of the gateway";
/// What they sign.
const CLIENT_DATA: &[u8] = br#"{"challenge":"bm9uY2U","action":"unlock"}"#;
/// Counters of the assertions: the last one accepted, and the next.
const LAST_COUNTER: u32 = 6;
/// The receipts of the suite are short to keep the files small: nothing of the engine reads them.
const RECEIPT_LENGTH: usize = 64;

/// Ids of the good vectors that serve as twins.
const ATT: &str = "generation::ios17-production";
const ATT_27: &str = "generation::ios27-production";
const ATT_DEVELOPMENT: &str = "generation::ios17-development";
const ATT_CD_HASH: &str = "envelope::cd-hash";
const ATT_POLICY: &str = "launch::policy-met";
const ATT_CODE_HASH: &str = "policy::code-hash-met";
const ATT_DEVICE: &str = "policy::device-met";
const ATT_MACOS_POLICY: &str = "policy::access-control-met";
const ASR: &str = "generation::assertion-ios17-production";
const ASR_27: &str = "generation::assertion-ios27-production";
const ASR_CD_HASH: &str = "envelope::assertion-cd-hash";
const ASR_CODE_HASH: &str = "policy::assertion-code-hash-met";
const ASR_POLICY: &str = "launch::assertion-policy-met";

type RequestChange = Rc<dyn Fn(&mut Vector)>;

/// One vector to be.
#[derive(Clone)]
pub(crate) struct Unminted {
    pub(crate) id: String,
    /// The row of the threat catalogue, with a letter where it has several inputs.
    threat: String,
    pub(crate) kind: Kind,
    description: String,
    pub(crate) expected: Option<&'static str>,
    pub(crate) twin: Option<&'static str>,
    /// Boxed to keep lists of these small on the stack.
    pub(crate) device: Box<Device>,
    pub(crate) counter: u32,
    pub(crate) client_data: Option<Vec<u8>>,
    pub(crate) client_data_hash: Vec<u8>,
    pub(crate) mutation: Mutation<'static>,
    pub(crate) request: Vec<RequestChange>,
}

impl Unminted {
    fn new(
        kind: Kind,
        id: impl Into<String>,
        threat: impl Into<String>,
        description: impl Into<String>,
        device: Device,
    ) -> Self {
        let client_data = match kind {
            Kind::Attestation => CHALLENGE,
            Kind::Assertion => CLIENT_DATA,
        };
        Self {
            id: id.into(),
            threat: threat.into(),
            kind,
            description: description.into(),
            expected: None,
            twin: None,
            device: Box::new(device),
            counter: LAST_COUNTER + 1,
            client_data: Some(client_data.to_vec()),
            client_data_hash: sha256(&[client_data]).to_vec(),
            mutation: Mutation::default(),
            request: Vec::new(),
        }
    }

    /// Names the error, and the good vector that differs in the mutation alone.
    fn fails(mut self, expected: &'static str, twin: &'static str) -> Self {
        (self.expected, self.twin) = (Some(expected), Some(twin));
        self
    }

    fn with_twin(mut self, twin: &'static str) -> Self {
        self.twin = Some(twin);
        self
    }

    fn mutation(mut self, mutation: Mutation<'static>) -> Self {
        self.mutation = mutation;
        self
    }

    fn device(mut self, change: impl FnOnce(Device) -> Device) -> Self {
        *self.device = change(*self.device);
        self
    }

    fn counter(mut self, counter: u32) -> Self {
        self.counter = counter;
        self
    }

    fn raw_client_data_hash(mut self, hash: &[u8]) -> Self {
        self.client_data = None;
        self.client_data_hash = hash.to_vec();
        self
    }

    /// Mutation what the client and the operator say about the object.
    pub(crate) fn request(mut self, change: impl Fn(&mut Vector) + 'static) -> Self {
        self.request.push(Rc::new(change));
        self
    }

    pub(crate) fn mint(self) -> Vector {
        let attestation = self.kind == Kind::Attestation;
        let object = match self.kind {
            Kind::Attestation => self.mutation.mint_attestation(&self.device, &self.client_data_hash),
            Kind::Assertion => self.mutation.mint_assertion(&self.device, self.counter, &self.client_data_hash),
        };
        let mut vector = Vector {
            id: self.id,
            threat: Some(self.threat),
            kind: self.kind,
            description: Some(self.description),
            twin: self.twin.map(str::to_owned),
            object,
            app_id: self.device.app_id().to_owned(),
            key_id: self.device.key_id().to_vec(),
            client_data_hash: self.client_data_hash,
            client_data: self.client_data,
            environment: Some(self.device.environment()),
            valid_at: attestation.then(|| self.device.issue_time()),
            public_key: self.device.public_key().to_vec(),
            counter: Some(if attestation { 0 } else { self.counter }),
            previous_counter: (!attestation).then_some(self.counter.saturating_sub(1)),
            require_categories: Vec::new(),
            require_bundle_versions: Vec::new(),
            requirements: Requirements::default(),
            previous_window: None,
            expected: self.expected.map(str::to_owned),
        };
        for change in self.request {
            change(&mut vector);
        }
        vector
    }
}

/// The device of the suite; the authorities are made once.
fn device(generation: Generation, environment: Environment) -> Device {
    static DEVICE: LazyLock<Device> = LazyLock::new(|| Device::new("catalogue").with_receipt_length(RECEIPT_LENGTH));
    DEVICE.clone().with_generation(generation).with_environment(environment)
}

/// Another device of the same app, under the same authorities.
fn other_device() -> Device {
    Device::new("another device").with_receipt_length(RECEIPT_LENGTH).with_generation(Generation::Ios17)
}

/// A bad attestation of the iOS 17 device.
fn att(
    id: impl Into<String>,
    threat: impl Into<String>,
    expected: &'static str,
    description: impl Into<String>,
    mutation: Mutation<'static>,
) -> Unminted {
    Unminted::new(Kind::Attestation, id, threat, description, device(Generation::Ios17, Environment::Production))
        .mutation(mutation)
        .fails(expected, ATT)
}

/// A bad attestation of the iOS 27 device.
fn att_27(
    id: impl Into<String>,
    threat: impl Into<String>,
    expected: &'static str,
    description: impl Into<String>,
    mutation: Mutation<'static>,
) -> Unminted {
    Unminted::new(Kind::Attestation, id, threat, description, device(Generation::Ios27, Environment::Production))
        .mutation(mutation)
        .fails(expected, ATT_27)
}

/// A bad assertion of the iOS 17 device.
fn asr(
    id: impl Into<String>,
    threat: impl Into<String>,
    expected: &'static str,
    description: impl Into<String>,
    mutation: Mutation<'static>,
) -> Unminted {
    Unminted::new(Kind::Assertion, id, threat, description, device(Generation::Ios17, Environment::Production))
        .mutation(mutation)
        .fails(expected, ASR)
}

/// A bad assertion of the iOS 27 device.
fn asr_27(
    id: impl Into<String>,
    threat: impl Into<String>,
    expected: &'static str,
    description: impl Into<String>,
    mutation: Mutation<'static>,
) -> Unminted {
    Unminted::new(Kind::Assertion, id, threat, description, device(Generation::Ios27, Environment::Production))
        .mutation(mutation)
        .fails(expected, ASR_27)
}

/// The start of a mutation; left alone, the object stays as the device makes it.
fn mutation() -> Mutation<'static> {
    Mutation::default()
}

/// A row of the threat catalogue with the letter of its `index`-th input, from `a`.
fn lettered(threat: &str, index: usize) -> String {
    let letter = char::from(b'a' + u8::try_from(index).expect("fewer than 26 inputs"));
    format!("{threat}{letter}")
}
