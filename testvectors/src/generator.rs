//! Objects drawn from entropy: an honest device with up to three mutations of the suite, and the error they end in.
//!
//! A vector of the suite is a mutation of what its twin's device makes, and the mutation finds what it changes in any device
//! of that form. So a vector to be minted is a *mutator*: [`Generator::draw`] makes up a device of the form, applies the
//! mutations of some vectors to it and predicts the error of the one whose check comes first. Property tests and fuzz targets
//! share this one generator.
//!
//! # Which vectors are mutators, and which go together
//!
//! - A vector is a mutator unless it brings a device or a client data hash of its own: then it says something about those.
//! - A mutation changes *parts* of an object: its authenticator data, leaf, intermediate, signature, envelope, or what is said
//!   about it. Mutators go together if they have no part in common, and are not for the same check: two wrong names can
//!   be equal, and two faults for one check would need an order within it. The time of verification has a part in the
//!   leaf, whose validity it is held against.
//! - A mutator of several parts is applied alone. So is one of the object's size, which everything adds to, and one that
//!   replaces a certificate by changing the envelope, because it hides what was done to the certificate.

use crate::device::{Device, Environment};
use crate::generation::Generation;
use crate::keys::pseudo_random;
use crate::mutation::Chain;
use crate::suite::{Unminted, unminted};
use crate::vector::{Kind, Vector};

/// The seeds of the keys that are drawn from: few, because each device makes authorities of its own.
const SEEDS: [&str; 3] = ["generator a", "generator b", "generator c"];

/// The most mutators of one object.
const MAX_MUTATORS: usize = 3;

/// The longest receipt beside a mutator, so that none but those of the size make an object too large.
const MAX_RECEIPT: usize = 1_200;

const DAY: u64 = 86_400;

/// Draws honest and forged objects; it holds the suite and a few devices.
pub struct Generator {
    devices: Vec<Device>,
    forms: Vec<Form>,
}

/// A good vector of the suite, and the mutations of it.
struct Form {
    twin: Unminted,
    /// What is said about the twin.
    said: Vector,
    mutators: Vec<Mutator>,
}

struct Mutator {
    unminted: Unminted,
    parts: Vec<Part>,
    check: Check,
}

/// What a mutation can change without changing the others.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The authenticator data, and the nonce over it.
    AuthData,
    Leaf,
    Intermediate,
    /// The signature of an assertion.
    Signature,
    /// The CBOR around all these.
    Envelope,
    /// What client and operator say.
    Request,
}

impl Part {
    const ALL: [Self; 6] =
        [Self::AuthData, Self::Leaf, Self::Intermediate, Self::Signature, Self::Envelope, Self::Request];
}

/// The checks in the order in which a verifier makes them: from cheap to expensive, parsing before comparing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Check {
    Kind,
    Size,
    Encoding,
    Leaf,
    Intermediate,
    AuthData,
    SignatureForm,
    Configuration,
    AppId,
    CounterZero,
    Environment,
    KeyId,
    CredentialId,
    CredentialKey,
    Launch,
    Device,
    Nonce,
    Validity,
    Issuer,
    LeafRole,
    IntermediateRole,
    Anchor,
    IntermediatePoint,
    IntermediateSignature,
    LeafSignature,
    Signature,
    CounterRisen,
}

impl Generator {
    /// The generator over the whole suite.
    ///
    /// # Panics
    ///
    /// Never: every bad vector has a twin.
    #[must_use]
    pub fn new() -> Self {
        let (bad, good): (Vec<_>, Vec<_>) = unminted().into_iter().partition(|unminted| unminted.twin.is_some());
        let mut forms: Vec<Form> = Vec::new();
        for unminted in bad {
            let twin = unminted.twin.expect("a bad one has a twin");
            let form = if let Some(form) = forms.iter_mut().find(|form| form.twin.id == twin) {
                form
            } else {
                let twin = good.iter().find(|unminted| unminted.id == twin).expect("the twin is a good one");
                forms.push(Form { twin: twin.clone(), said: twin.clone().mint(), mutators: Vec::new() });
                forms.last_mut().expect("it was pushed")
            };
            form.mutators.extend(Mutator::new(unminted, &form.twin, &form.said));
        }
        Self { devices: SEEDS.into_iter().map(Device::new).collect(), forms }
    }

    /// The ids of the mutators, form by form.
    pub fn mutators(&self) -> impl Iterator<Item = Vec<&str>> {
        self.forms.iter().map(|form| form.mutators.iter().map(|mutator| mutator.unminted.id.as_str()).collect())
    }

    /// Draws an object, with what is said about it and the expected verdict. Its id names the mutators.
    ///
    /// Any bytes draw something, and equal bytes draw the same; where they end, zeros follow.
    #[must_use]
    pub fn draw(&self, entropy: &[u8]) -> Vector {
        let mut entropy = Entropy(entropy);
        let form = entropy.pick(&self.forms);
        let mut mutators: Vec<&Mutator> = Vec::new();
        for _ in 0..entropy.below(MAX_MUTATORS + 1) {
            let mutator = entropy.pick(&form.mutators);
            if mutators.iter().all(|chosen| chosen.goes_with(mutator)) {
                mutators.push(mutator);
            }
        }
        let mut unminted = self.honest(form, &mutators, &mut entropy);
        if let Some(first) = mutators.iter().min_by_key(|mutator| mutator.check) {
            unminted.twin = Some("");
            unminted.expected = first.unminted.expected;
            unminted.id = mutators.iter().map(|mutator| mutator.unminted.id.as_str()).collect::<Vec<_>>().join("+");
        }
        for mutator in mutators {
            unminted.mutation = unminted.mutation.and(&mutator.unminted.mutation);
            unminted.request.extend(mutator.unminted.request.iter().cloned());
        }
        Vector { twin: None, ..unminted.mint() }
    }

    /// An honest device of this form, and what it is asked; where a mutator counts from the twin, so does the device.
    fn honest(&self, form: &Form, mutators: &[&Mutator], entropy: &mut Entropy<'_>) -> Unminted {
        let about = |check| mutators.iter().find(|mutator| mutator.check == check);
        let mut unminted = form.twin.clone();
        let generation = match unminted.device.generation() {
            generation @ (Generation::Ios27 | Generation::Macos27) => generation,
            _ => *entropy.pick(&[Generation::Ios14, Generation::Ios17, Generation::Ios26]),
        };
        // A policy on launch data is given for that of the twin.
        let launch_data =
            (form.said.require_categories.is_empty()).then(|| ("1.".repeat(entropy.below(40)), entropy.number()));
        let app_id = format!("{:010X}.org.example.drawn", entropy.number());
        let issued_at = generation.typical_time() + u64::from(entropy.number()) % (365 * DAY);
        // Times are given to mutators as days of a leaf that lives for three.
        let life =
            if about(Check::Validity).is_some() { 3 * DAY } else { 1 + u64::from(entropy.number()) % (353 * DAY) };
        let longest = if mutators.is_empty() { 4_000 } else { MAX_RECEIPT };
        if let Some((version, category)) = launch_data {
            *unminted.device = unminted.device.with_launch_data(&version, category);
        }
        *unminted.device = unminted
            .device
            .with_key_of(entropy.pick(&self.devices))
            .with_generation(generation)
            .with_issue_time(issued_at)
            .with_leaf_life(life)
            .with_environment(*entropy.pick(&[Environment::Production, Environment::Development]))
            .with_app_id(&app_id)
            .with_receipt_length(1 + entropy.below(longest));
        let hash_length = 1 + entropy.below(80);
        unminted.client_data = None;
        unminted.client_data_hash = pseudo_random(&format!("client data {}", entropy.number()), hash_length);
        match unminted.kind {
            Kind::Attestation if about(Check::Validity).is_none() => {
                let now = unminted.device.not_before() + u64::from(entropy.number()) % (life + 1);
                unminted.request(move |vector| vector.valid_at = Some(now))
            }
            Kind::Attestation => unminted,
            Kind::Assertion => {
                unminted.counter = about(Check::CounterRisen)
                    .map_or_else(|| entropy.number().saturating_add(1), |mutator| mutator.unminted.counter);
                let previous = entropy.number() % unminted.counter.max(1);
                unminted.request(move |vector| vector.previous_counter = Some(previous))
            }
        }
    }
}

impl Default for Generator {
    fn default() -> Self {
        Self::new()
    }
}

impl Mutator {
    fn new(unminted: Unminted, twin: &Unminted, said: &Vector) -> Option<Self> {
        if unminted.device != twin.device || unminted.client_data_hash != twin.client_data_hash {
            return None;
        }
        let mut parts = Vec::new();
        for stage in unminted.mutation.stages() {
            match stage {
                "auth_data" | "auth_data_bytes" | "binding" => parts.push(Part::AuthData),
                "leaf" => parts.push(Part::Leaf),
                "intermediate" => parts.push(Part::Intermediate),
                "signature" => parts.push(Part::Signature),
                "chain" => parts.extend(changed_certificates(&unminted)),
                _ => parts.push(Part::Envelope),
            }
        }
        parts.dedup();
        let mut said_here = said.clone();
        unminted.request.iter().for_each(|change| change(&mut said_here));
        if said_here != *said || unminted.counter != twin.counter {
            parts.push(Part::Request);
        }
        let check = Check::of(unminted.expected?, &parts)?;
        let in_envelope = parts == [Part::Envelope] && check != Check::Encoding;
        if parts == [Part::Request] && check == Check::Validity {
            parts = vec![Part::Request, Part::Leaf];
        } else if parts.len() > 1 || in_envelope || matches!(check, Check::Kind | Check::Size) {
            parts = Part::ALL.to_vec();
        }
        Some(Self { unminted, parts, check })
    }

    fn goes_with(&self, other: &Self) -> bool {
        self.check != other.check && self.parts.iter().all(|part| !other.parts.contains(part))
    }
}

/// Which certificates change when the mutation changes them after they are signed.
fn changed_certificates(unminted: &Unminted) -> impl Iterator<Item = Part> {
    let honest = Chain {
        leaf: unminted.device.leaf(&[0; 32]).sign(),
        intermediate: unminted.device.authorities().signed_intermediate(),
    };
    let changed = unminted.mutation.change_chain(honest.clone());
    let leaf = (changed.leaf != honest.leaf).then_some(Part::Leaf);
    leaf.into_iter().chain((changed.intermediate != honest.intermediate).then_some(Part::Intermediate))
}

impl Check {
    /// The check that ends in this error where these parts are changed; `None` if it is not of these.
    fn of(error: &str, parts: &[Part]) -> Option<Self> {
        let in_intermediate = parts == [Part::Intermediate];
        let certificate = if in_intermediate { Self::Intermediate } else { Self::Leaf };
        Some(match error {
            "WrongObjectKind" => Self::Kind,
            "InputTooLarge" => Self::Size,
            "UnknownField" | "MissingField" | "FmtMismatch" | "X5cCount" | "ReceiptEmpty" => Self::Encoding,
            "CredentialIdLength" | "CoseMalformed" | "CoseUnsupported" | "ExtMapMalformed" | "ExtMapLimit" => {
                Self::AuthData
            }
            "SignatureEncoding" => Self::SignatureForm,
            "KeyIdFormat" | "ClockUnset" | "StoredWindowMalformed" => Self::Configuration,
            "RpIdMismatch" => Self::AppId,
            "CounterNotZero" => Self::CounterZero,
            "EnvironmentMismatch" | "AaguidUnknown" => Self::Environment,
            "KeyIdMismatch" => Self::KeyId,
            "CredentialIdMismatch" => Self::CredentialId,
            "CoseKeyMismatch" => Self::CredentialKey,
            "LaunchDataMissing" | "CategoryRefused" | "BundleVersionRefused" | "CodeHashRefused" => Self::Launch,
            "PlatformMissing"
            | "PlatformRefused"
            | "OsVersionMissing"
            | "OsVersionTooOld"
            | "OsBuildMissing"
            | "OsBuildTooOld"
            | "AccessControlMissing"
            | "AccessControlRefused" => Self::Device,
            "NonceMismatch" => Self::Nonce,
            "LeafNotYetValid"
            | "LeafExpired"
            | "IntermediateNotYetValid"
            | "IntermediateExpired"
            | "AttestationTooOld" => Self::Validity,
            "IssuerMismatch" | "SelfIssued" => Self::Issuer,
            "SpkiAlgorithm" | "BasicConstraints" | "KeyUsage" | "ExtendedKeyUsage" if in_intermediate => {
                Self::IntermediateRole
            }
            "CaAsLeaf" | "BasicConstraints" | "KeyUsage" | "ExtendedKeyUsage" => Self::LeafRole,
            "AnchorUnknown" => Self::Anchor,
            "SpkiPoint" if in_intermediate => Self::IntermediatePoint,
            "IntermediateSignature" => Self::IntermediateSignature,
            "LeafSignature" => Self::LeafSignature,
            "SignatureInvalid" => Self::Signature,
            "CounterNotIncreased" | "CounterSeen" | "CounterBelowWindow" | "CounterStepTooLarge" => Self::CounterRisen,
            "NonceMissing" | "NonceMalformed" | "ValidityInverted" => certificate,
            _ if error.starts_with("AuthData") => Self::AuthData,
            _ if error.starts_with("Cbor") && parts.contains(&Part::AuthData) => Self::AuthData,
            _ if error.starts_with("Cbor") => Self::Encoding,
            _ if ["Cert", "Der", "Ext", "Spki"].iter().any(|prefix| error.starts_with(prefix)) => certificate,
            _ => return None,
        })
    }
}

/// Bytes to draw from, and zeros behind them.
pub(crate) struct Entropy<'a>(&'a [u8]);

impl<'a> Entropy<'a> {
    pub(crate) const fn new(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    fn byte(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or_default()
    }

    pub(crate) fn number(&mut self) -> u32 {
        u32::from_be_bytes([self.byte(), self.byte(), self.byte(), self.byte()])
    }

    /// One byte where that is enough, else two.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let high = if bound > 0x100 { self.byte() } else { 0 };
        usize::from(u16::from_be_bytes([high, self.byte()])) % bound
    }

    pub(crate) fn pick<'v, T>(&mut self, values: &'v [T]) -> &'v T {
        &values[self.below(values.len())]
    }
}
