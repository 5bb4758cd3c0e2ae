//! The suite of Play Integrity: every committed vector of a token as the mutation that makes it.
//!
//! Each bad vector is one change of a good one, its twin: of a layer of the token, of what the payload says, or of what the
//! operator expects.

mod faults;
mod good;
mod layers;
mod payload;
mod policy;

use std::rc::Rc;

use crate::json::Json;
use crate::play::{PlayApp, PlayMutation};
use crate::play_vector::{PlayKeys, PlayPolicy, PlayVector, Request};
use crate::vector::Hex;

/// The groups, in the order in which a verifier comes to what they are about, and what that is.
pub(crate) const GROUPS: [(&str, &str); 12] = [
    ("play-good", "Good tokens, from which the others are mutated."),
    ("play-form", "Size of the token, its segments, and their base64url."),
    ("play-header", "The header of the JWE."),
    ("play-sealing", "Wrapped key, initialization vector, ciphertext and tag, and the keys that open them."),
    ("play-inner", "The JWS within, its header and Google's signature."),
    ("play-json", "The JSON of the payload."),
    ("play-binding", "The package that asked, the nonce and the request hash."),
    ("play-time", "The age of the token, to the millisecond."),
    ("play-app", "Test responses, and the app: verdict, package, certificate, version."),
    ("play-device", "The labels of the device."),
    ("play-licensing", "The licence."),
    ("play-signals", "Signals that a policy asks for."),
];

/// The time of every verification, in milliseconds since 1970.
const NOW: u64 = 1_790_000_000_000;

/// The nonce of the classic requests. Its base64url has both characters in which the alphabets differ.
const NONCE: [u8; 32] = [
    0x84, 0x6F, 0x9D, 0x8B, 0xB5, 0x24, 0x64, 0xB3, 0x03, 0x50, 0x73, 0x20, 0x0F, 0x65, 0x94, 0x3A, 0xA7, 0x7F, 0x3B,
    0xAD, 0x55, 0x23, 0xAB, 0xC8, 0x7B, 0x25, 0x77, 0xFB, 0x27, 0x23, 0x95, 0x15,
];

/// The request hash of the standard requests.
const REQUEST_HASH: &str = "2cp24z…/+= any text of the app";

/// Ids of the good vectors that serve as twins.
const MINIMAL: &str = "play-good::minimal";
const FULL: &str = "play-good::full";
const STANDARD: &str = "play-good::standard";

/// The name and the number of an error.
type Fault = (&'static str, u16);

type Bytes = Vec<u8>;

/// A change of what the operator says.
type Said = Rc<dyn Fn(&mut PlayVector)>;

/// The app of the suite.
fn app() -> PlayApp {
    PlayApp::new("catalogue")
}

/// Somebody else's app, with keys of its own.
fn other_app() -> PlayApp {
    PlayApp::new("another app").with_package("com.example.other")
}

/// The pair of keys of an app.
fn keys_of(app: &PlayApp) -> PlayKeys {
    PlayKeys { decryption_key_b64: app.decryption_key_base64(), verification_key_b64: app.verification_key_base64() }
}

/// One vector to be.
struct Unminted {
    id: &'static str,
    description: &'static str,
    request: Request,
    fault: Option<Fault>,
    twin: &'static str,
    maker: PlayApp,
    payload: Json,
    mutation: PlayMutation<'static>,
    /// Whether the layers are sound, so that Google's server would answer with the payload.
    opens: bool,
    said: Vec<Said>,
}

impl Unminted {
    fn new(id: &'static str, description: &'static str) -> Self {
        Self {
            id,
            description,
            request: Request::Classic,
            fault: None,
            twin: MINIMAL,
            maker: app(),
            payload: app().classic(&NONCE, NOW),
            mutation: PlayMutation::default(),
            opens: true,
            said: Vec::new(),
        }
    }

    /// A good standard request.
    fn standard(id: &'static str, description: &'static str) -> Self {
        let payload = app().standard(REQUEST_HASH, NOW);
        Self { request: Request::Standard, twin: STANDARD, payload, ..Self::new(id, description) }
    }

    /// A good token with every member.
    fn full(id: &'static str, description: &'static str) -> Self {
        let mut full = Self::new(id, description).with_twin(FULL);
        full.payload = crate::play::with_every_member(full.payload);
        full
    }

    fn fails(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    fn with_twin(mut self, twin: &'static str) -> Self {
        self.twin = twin;
        self
    }

    /// Changes the members of the payload.
    fn payload(self, change: impl Fn(&mut Json) + 'static) -> Self {
        self.mutated(|mutation| mutation.payload(change))
    }

    /// Changes the token in a way that leaves its layers sound.
    fn mutated(mut self, change: impl FnOnce(PlayMutation<'static>) -> PlayMutation<'static>) -> Self {
        self.mutation = change(self.mutation);
        self
    }

    /// The same, where a layer is at fault.
    fn broken(mut self, change: impl FnOnce(PlayMutation<'static>) -> PlayMutation<'static>) -> Self {
        self.opens = false;
        self.mutated(change)
    }

    fn made_by(mut self, maker: PlayApp) -> Self {
        self.maker = maker;
        self
    }

    /// Changes what the operator says.
    fn said(mut self, change: impl Fn(&mut PlayVector) + 'static) -> Self {
        self.said.push(Rc::new(change));
        self
    }

    /// Changes the policy.
    fn policy(self, change: impl Fn(&mut PlayPolicy) + 'static) -> Self {
        self.said(move |vector| change(&mut vector.policy))
    }

    fn mint(self) -> PlayVector {
        let standard = self.request == Request::Standard;
        let text = |octets: Bytes| String::from_utf8(octets).expect("tokens and payloads of the suite are text");
        let maker = if standard { self.maker.with_keys("keys of Google") } else { self.maker };
        let mut vector = PlayVector {
            id: self.id.to_owned(),
            description: self.description.to_owned(),
            request: self.request,
            expected: self.fault.map_or("pass", |(name, _)| name).to_owned(),
            code: self.fault.map(|(_, code)| code),
            twin: self.fault.map(|_| self.twin.to_owned()),
            package_name: app().package_name().to_owned(),
            certificates: vec![Hex(app().certificate().to_vec())],
            keys: vec![keys_of(&app())],
            key_index: (self.fault.is_none() && !standard).then_some(0),
            policy: PlayPolicy::default(),
            nonce: (!standard).then(|| Hex(NONCE.to_vec())),
            request_hash: standard.then(|| REQUEST_HASH.to_owned()),
            now: NOW,
            payload: self.opens.then(|| text(self.mutation.mint_payload(&self.payload))),
            token: text(self.mutation.mint(&maker, &self.payload)),
        };
        for change in self.said {
            change(&mut vector);
        }
        vector
    }
}

/// Every vector of Play Integrity, minted anew.
#[must_use]
pub(crate) fn mint() -> Vec<PlayVector> {
    [good::vectors(), layers::vectors(), payload::vectors(), policy::vectors()]
        .into_iter()
        .flatten()
        .map(Unminted::mint)
        .collect()
}

/// Replaces the one place where a text stands.
///
/// # Panics
///
/// If there is none, or several: then a mutation is not what it says.
fn replace(octets: &mut Bytes, from: &str, to: &str) {
    let text = String::from_utf8(std::mem::take(octets)).expect("text");
    assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
    *octets = text.replacen(from, to, 1).into_bytes();
}

/// What replaces the whole of it.
fn becomes(text: impl Into<String>) -> impl Fn(&mut Bytes) {
    let text = text.into();
    move |octets| *octets = text.clone().into_bytes()
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
