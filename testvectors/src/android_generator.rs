//! Chains drawn from entropy: an honest phone with up to three mutations of the suite, and the error they end in.
//!
//! As [`generator`](crate::generator) does for App Attest. A bad vector of the suite is a *mutator* if it has the device of its twin, and
//! nothing of the number of certificates changes. Mutators go together if they change other certificates, and other things that the
//! operator says, and are for other checks; the predicted error is that of the check which comes first.

use crate::android::AndroidMutation;
use crate::android_vector::AndroidVector;
use crate::generator::Entropy;
use crate::suite::android::{Unminted, unminted};

/// The most mutators of one chain.
const MAX_MUTATORS: usize = 3;

/// The seeds of the app's key that are drawn from.
const KEYS: [&str; 4] = ["catalogue", "drawn a", "drawn b", "drawn c"];

/// Draws honest and forged chains; it holds the suite.
pub struct AndroidGenerator {
    forms: Vec<Form>,
}

/// A good vector of the suite, and the mutations of it.
struct Form {
    twin: Unminted,
    /// What is said about the twin.
    said: AndroidVector,
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
    /// The certificate at a position, its signature, or both.
    Certificate(usize),
    /// The policy.
    Policy,
    /// What else the operator says.
    Said,
    /// The request that comes after the chain.
    Request,
}

/// The checks in the order in which a verifier makes them: all forms first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Check {
    Certificates,
    Description,
    Configuration,
    Anchor,
    Names,
    Algorithms,
    Provisioning,
    Validity,
    Placement,
    Revocation,
    Challenge,
    SecurityLevel,
    Key,
    Boot,
    App,
    System,
    LeafKey,
    Signatures,
    Request,
}

impl AndroidGenerator {
    /// The generator over the whole suite.
    ///
    /// # Panics
    ///
    /// Never: every bad vector has a twin.
    #[must_use]
    pub fn new() -> Self {
        let (bad, good): (Vec<_>, Vec<_>) = unminted().into_iter().partition(|unminted| unminted.fault.is_some());
        let mut forms: Vec<Form> = Vec::new();
        for unminted in bad {
            let form = if let Some(form) = forms.iter_mut().find(|form| form.twin.id == unminted.twin) {
                form
            } else {
                let twin = good.iter().find(|good| good.id == unminted.twin).expect("the twin is a good one");
                forms.push(Form { twin: twin.clone(), said: twin.clone().mint(), mutators: Vec::new() });
                forms.last_mut().expect("it was pushed")
            };
            form.mutators.extend(Mutator::new(unminted, &form.twin, &form.said));
        }
        Self { forms }
    }

    /// The ids of the mutators, form by form.
    pub fn mutators(&self) -> impl Iterator<Item = Vec<&str>> {
        self.forms.iter().map(|form| form.mutators.iter().map(|mutator| mutator.unminted.id.as_str()).collect())
    }

    /// Draws a chain, with what is said about it and the expected verdict. Its id names the mutators.
    ///
    /// Any bytes draw something, and equal bytes draw the same; where they end, zeros follow.
    #[must_use]
    pub fn draw(&self, entropy: &[u8]) -> AndroidVector {
        let mut entropy = Entropy::new(entropy);
        let form = entropy.pick(&self.forms);
        let mut mutators: Vec<&Mutator> = Vec::new();
        if !form.mutators.is_empty() {
            for _ in 0..entropy.below(form.most_mutators() + 1) {
                let mutator = entropy.pick(&form.mutators);
                if mutators.iter().all(|chosen| chosen.goes_with(mutator)) {
                    mutators.push(mutator);
                }
            }
        }
        let mut unminted = form.twin.clone();
        *unminted.device =
            unminted.device.with_key(entropy.pick::<&str>(&KEYS)).with_certificates_issued(u64::from(entropy.number()));
        if let Some(first) = mutators.iter().min_by_key(|mutator| mutator.check) {
            unminted.fault = first.unminted.fault;
            unminted.id = mutators.iter().map(|mutator| mutator.unminted.id.as_str()).collect::<Vec<_>>().join("+");
        }
        if !mutators.is_empty() && form.most_mutators() == 1 {
            unminted.mutation = AndroidMutation::default();
            unminted.said.clear();
        }
        for mutator in mutators {
            unminted.mutation = unminted.mutation.and(&mutator.unminted.mutation);
            unminted.said.extend(mutator.unminted.said.iter().cloned());
            if mutator.parts.contains(&Part::Policy) {
                unminted.policy.clone_from(&mutator.unminted.policy);
            }
            if mutator.parts.contains(&Part::Request) {
                unminted.request.clone_from(&mutator.unminted.request);
            }
        }
        AndroidVector { twin: None, ..unminted.mint() }
    }
}

impl Default for AndroidGenerator {
    fn default() -> Self {
        Self::new()
    }
}

impl Form {
    /// A vector says all of its mutation, that of its twin included: where the twin has one, mutators take its place and do not add up.
    fn most_mutators(&self) -> usize {
        if self.twin.mutation.is_none() && self.twin.said.is_empty() { MAX_MUTATORS } else { 1 }
    }
}

impl Mutator {
    /// `None` for a vector that brings a device of its own or another number of certificates, or that is about their size.
    fn new(unminted: Unminted, twin: &Unminted, said: &AndroidVector) -> Option<Self> {
        let check = Check::of(unminted.fault?.1)?;
        if unminted.device != twin.device {
            return None;
        }
        let minted = unminted.clone().mint();
        if minted.certificates_b64.len() != said.certificates_b64.len() {
            return None;
        }
        let pairs = minted.certificates_b64.iter().zip(&said.certificates_b64).enumerate();
        let mut parts: Vec<_> =
            pairs.filter(|(_, (one, other))| one != other).map(|(position, _)| Part::Certificate(position)).collect();
        if unminted.policy != twin.policy {
            parts.push(Part::Policy);
        }
        if minted.request != said.request {
            parts.push(Part::Request);
        }
        let as_said = AndroidVector {
            id: said.id.clone(),
            description: said.description.clone(),
            expected: said.expected.clone(),
            code: said.code,
            twin: said.twin.clone(),
            policy: said.policy.clone(),
            certificates_b64: said.certificates_b64.clone(),
            request: said.request.clone(),
            proof: said.proof.clone(),
            ..minted
        };
        if as_said != *said {
            parts.push(Part::Said);
        }
        Some(Self { unminted, parts, check })
    }

    fn goes_with(&self, other: &Self) -> bool {
        self.check != other.check && self.parts.iter().all(|part| !other.parts.contains(part))
    }
}

impl Check {
    /// The check that ends in this error; `None` for the number and the size of the certificates, which everything adds to.
    const fn of(code: u16) -> Option<Self> {
        Some(match code {
            3023 | 3024 | 3026 => Self::Algorithms,
            3010..=3031 => Self::Certificates,
            3200..=3207 => Self::Description,
            3100 => Self::Anchor,
            3101 => Self::Names,
            3102..=3104 => Self::Provisioning,
            3105 | 3106 => Self::Validity,
            3107..=3109 => Self::Placement,
            3110 | 3111 => Self::Revocation,
            3300 => Self::Challenge,
            3301..=3303 => Self::SecurityLevel,
            3310..=3313 => Self::Key,
            3320..=3324 => Self::Boot,
            3330..=3335 => Self::App,
            3340..=3344 => Self::System,
            3350 => Self::LeafKey,
            3360 => Self::Signatures,
            3900.. => Self::Configuration,
            1000..=1999 => Self::Request,
            _ => return None,
        })
    }
}
