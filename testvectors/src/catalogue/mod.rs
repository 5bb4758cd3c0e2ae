//! The catalogue: every committed vector as the edit that makes it.
//!
//! The rows are grouped as the README says, and numbered within their group; a letter is added where a case has several
//! inputs. Each bad row is one edit of a good one, its twin.

#![expect(clippy::too_many_lines, reason = "a table is as long as its rows")]

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
mod requirements;

use std::rc::Rc;
use std::sync::LazyLock;

use crate::device::{Device, Environment};
use crate::generation::Generation;
use crate::keys::sha256;
use crate::recipe::Edits;
use crate::vector::{Kind, Requirements, Vector};

/// Every vector, minted anew: the good ones first, then the bad ones in the order of the catalogue.
#[must_use]
pub fn mint() -> Vec<Vector> {
    rows().into_iter().map(Row::mint).collect()
}

/// The rows, the good ones first.
pub(crate) fn rows() -> Vec<Row> {
    [
        good::rows(),
        requirements::good(),
        encoding::rows(),
        envelope::rows(),
        foreign::rows(),
        certificates::rows(),
        chain::rows(),
        ecdsa::rows(),
        binding::rows(),
        authenticator_data::rows(),
        requirements::rows(),
        assertion::rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What the devices of the catalogue attest to.
const CHALLENGE: &[u8] = b"a challenge of the gateway";
/// What they sign.
const CLIENT_DATA: &[u8] = br#"{"challenge":"bm9uY2U","action":"unlock"}"#;
/// Counters of the assertions: the last one accepted, and the next.
const LAST_COUNTER: u32 = 6;
/// The receipts of the catalogue are short to keep the files small: nothing of the engine reads them.
const RECEIPT_LENGTH: usize = 64;

/// Ids of the good vectors that serve as twins.
const ATT: &str = "att-ios17-production";
const ATT_27: &str = "att-ios27-production";
const ATT_DEVELOPMENT: &str = "att-ios17-development";
const ATT_CD_HASH: &str = "p-08a";
const ATT_POLICY: &str = "p-launch-policy-attestation";
const ATT_CODE_HASH: &str = "p-code-hash-attestation";
const ATT_DEVICE: &str = "p-device-policy";
const ATT_MACOS_POLICY: &str = "p-macos-policy";
const ASR: &str = "asr-ios17-production";
const ASR_27: &str = "asr-ios27-production";
const ASR_CD_HASH: &str = "p-08b";
const ASR_CODE_HASH: &str = "p-code-hash-assertion";
const ASR_POLICY: &str = "p-launch-policy-assertion";

type RequestEdit = Rc<dyn Fn(&mut Vector)>;

/// One vector to be.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    description: String,
    pub(crate) expected: Option<&'static str>,
    pub(crate) twin: Option<&'static str>,
    /// Boxed to keep tables of rows small on the stack.
    pub(crate) device: Box<Device>,
    pub(crate) counter: u32,
    pub(crate) client_data: Option<Vec<u8>>,
    pub(crate) client_data_hash: Vec<u8>,
    pub(crate) edits: Edits<'static>,
    pub(crate) request: Vec<RequestEdit>,
}

impl Row {
    fn new(kind: Kind, id: impl Into<String>, description: impl Into<String>, device: Device) -> Self {
        let client_data = match kind {
            Kind::Attestation => CHALLENGE,
            Kind::Assertion => CLIENT_DATA,
        };
        Self {
            id: id.into(),
            kind,
            description: description.into(),
            expected: None,
            twin: None,
            device: Box::new(device),
            counter: LAST_COUNTER + 1,
            client_data: Some(client_data.to_vec()),
            client_data_hash: sha256(&[client_data]).to_vec(),
            edits: Edits::default(),
            request: Vec::new(),
        }
    }

    /// Names the error, and the good vector that differs in the edit alone.
    fn fails(mut self, expected: &'static str, twin: &'static str) -> Self {
        (self.expected, self.twin) = (Some(expected), Some(twin));
        self
    }

    fn with_twin(mut self, twin: &'static str) -> Self {
        self.twin = Some(twin);
        self
    }

    fn edits(mut self, edits: Edits<'static>) -> Self {
        self.edits = edits;
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

    /// Edits what the client and the operator say about the object.
    pub(crate) fn request(mut self, edit: impl Fn(&mut Vector) + 'static) -> Self {
        self.request.push(Rc::new(edit));
        self
    }

    pub(crate) fn mint(self) -> Vector {
        let attestation = self.kind == Kind::Attestation;
        let object = match self.kind {
            Kind::Attestation => self.edits.mint_attestation(&self.device, &self.client_data_hash),
            Kind::Assertion => self.edits.mint_assertion(&self.device, self.counter, &self.client_data_hash),
        };
        let mut vector = Vector {
            id: self.id,
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
        for edit in self.request {
            edit(&mut vector);
        }
        vector
    }
}

/// The device of the catalogue; the authorities are made once.
fn device(generation: Generation, environment: Environment) -> Device {
    static DEVICE: LazyLock<Device> = LazyLock::new(|| Device::new("catalogue").with_receipt_length(RECEIPT_LENGTH));
    DEVICE.clone().with_generation(generation).with_environment(environment)
}

/// Another device of the same app, under the same authorities.
fn other_device() -> Device {
    Device::new("another device").with_receipt_length(RECEIPT_LENGTH).with_generation(Generation::Ios17)
}

/// A bad attestation of the iOS 17 device.
fn att(id: impl Into<String>, expected: &'static str, description: impl Into<String>, edits: Edits<'static>) -> Row {
    Row::new(Kind::Attestation, id, description, device(Generation::Ios17, Environment::Production))
        .edits(edits)
        .fails(expected, ATT)
}

/// A bad attestation of the iOS 27 device.
fn att_27(id: impl Into<String>, expected: &'static str, description: impl Into<String>, edits: Edits<'static>) -> Row {
    Row::new(Kind::Attestation, id, description, device(Generation::Ios27, Environment::Production))
        .edits(edits)
        .fails(expected, ATT_27)
}

/// A bad assertion of the iOS 17 device.
fn asr(id: impl Into<String>, expected: &'static str, description: impl Into<String>, edits: Edits<'static>) -> Row {
    Row::new(Kind::Assertion, id, description, device(Generation::Ios17, Environment::Production))
        .edits(edits)
        .fails(expected, ASR)
}

/// A bad assertion of the iOS 27 device.
fn asr_27(id: impl Into<String>, expected: &'static str, description: impl Into<String>, edits: Edits<'static>) -> Row {
    Row::new(Kind::Assertion, id, description, device(Generation::Ios27, Environment::Production))
        .edits(edits)
        .fails(expected, ASR_27)
}

/// The start of an edit; left alone, the object stays as the device makes it.
fn edit() -> Edits<'static> {
    Edits::default()
}

/// `id` with the letter of the `index`-th input, from `a`.
fn lettered(id: &str, index: usize) -> String {
    let letter = char::from(b'a' + u8::try_from(index).expect("fewer than 26 inputs"));
    format!("{id}{letter}")
}
