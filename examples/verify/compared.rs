//! What the steps compare and what a proof says, in words and figures.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use genuine::{
    Step, UnixTime, Validity,
    app_attest::{
        AppIdHash, Assertion, AttestationObject, AuthenticatorData, DeviceInfo, Environment, KeyId, LaunchData,
        MAX_ASSERTION, MAX_ATTESTATION, ValidationCategory, VerifiedAssertion, VerifiedAttestation,
    },
    crypto::{Crypto as _, P256PublicKey, RustCrypto},
};
use x509_cert::{der::Decode as _, name::Name};

use crate::{
    case::{Case, Kind},
    explain::Anchors,
    report::{Fact, fact},
};

/// What the proof of an attestation says.
pub(crate) fn of_attestation(case: &Case, proof: &VerifiedAttestation<'_>) -> Vec<Fact> {
    let access_control = proof.access_control().map_or_else(|| "none".to_owned(), |list| bytes(list.len()));
    let receipt = bytes(proof.receipt().as_unverified_bytes().len());
    vec![
        fact("app", &case.app_id),
        fact("environment", name_of(proof.environment())),
        fact("attested key", STANDARD.encode(proof.key().id().0)),
        fact("system", system(proof.device())),
        fact("launch data", launch_data(proof.launch())),
        fact("leaf validity", validity(proof.leaf_validity())),
        fact("access control", access_control),
        fact("receipt", format!("{receipt}, UNVERIFIED: nothing above covers it")),
        fact("left to you", "the challenge was yours and is used once; the key is registered once"),
    ]
}

/// What the proof of an assertion says.
pub(crate) fn of_assertion(case: &Case, proof: &VerifiedAssertion<'_>) -> Vec<Fact> {
    let mut facts = vec![
        fact("app", &case.app_id),
        fact("attested key", STANDARD.encode(proof.key_id().0)),
        fact("counter", format!("{}, to be stored in the atomic step that compared it", proof.counter().0)),
        fact("launch data", launch_data(proof.launch())),
        fact("left to you (B6)", "the client data holds the challenge or the request that you expect"),
    ];
    if let Some(data) = &case.client_data {
        facts.push(fact("client data", shortened(&String::from_utf8_lossy(data))));
    }
    facts
}

/// What can be said of an object that is none.
pub(crate) fn of_unparsed(step: Step, case: &Case, cap: usize, genuine_start: &str) -> Vec<Fact> {
    match step {
        Step::Size => size(case, cap),
        Step::Encoding => {
            let start = case.object.get(..16).unwrap_or(&case.object);
            vec![fact("starts with", format!("{} (a genuine one with {genuine_start})", hex(start)))]
        }
        _ => Vec::new(),
    }
}

/// An attestation object and what it is held against.
pub(crate) struct Attested<'c> {
    pub(crate) case: &'c Case,
    pub(crate) anchors: &'c Anchors<'c>,
    pub(crate) now: UnixTime,
    pub(crate) object: &'c AttestationObject<'c>,
    pub(crate) hex: Hex,
}

impl Attested<'_> {
    pub(crate) fn facts(&self, step: Step) -> Vec<Fact> {
        let Self { case, object, hex, .. } = self;
        let (auth_data, credential) = (object.auth_data(), object.credential());
        match step {
            Step::Size => size(case, MAX_ATTESTATION),
            Step::Encoding => self.envelope(),
            Step::Certificates => vec![
                fact("leaf", format!("serial number {}", hex.of(object.leaf().serial()))),
                fact("intermediate", format!("serial number {}", hex.of(object.intermediate().serial()))),
            ],
            Step::AuthenticatorData => layout(auth_data),
            Step::Configuration => self.configuration(),
            Step::AppId => app_id(case, auth_data, *hex),
            Step::CounterZero => vec![fact("found", auth_data.counter().0.to_string())],
            Step::Environment => vec![
                fact("allowed", name_of(case.environment.unwrap_or(Environment::Production))),
                fact("found", aaguid(&credential.aaguid())),
            ],
            Step::KeyId => vec![
                fact("client sent", client_key_id(case, *hex)),
                fact("SHA-256(leaf key)", key_id_of(object.leaf_key(), *hex)),
            ],
            Step::CredentialId => {
                vec![fact("client sent", client_key_id(case, *hex)), fact("found", hex.of(&credential.id()))]
            }
            Step::CredentialKey => [
                coordinates(["leaf key X", "Y"], object.leaf_key(), *hex),
                coordinates(["found X", "Y"], credential.key(), *hex),
            ]
            .concat(),
            Step::Launch => launch(case, auth_data),
            Step::Nonce => self.nonce(),
            Step::Validity => vec![
                fact("time", time(self.now)),
                fact("leaf", validity(object.leaf().validity())),
                fact("intermediate", validity(object.intermediate().validity())),
            ],
            Step::Chain => self.chain(),
            Step::IntermediateSignature => vec![fact("signed", bytes(object.intermediate().tbs().len()))],
            Step::LeafSignature => vec![fact("signed", bytes(object.leaf().tbs().len()))],
            _ => Vec::new(),
        }
    }

    fn envelope(&self) -> Vec<Fact> {
        let receipt = bytes(self.object.receipt().as_unverified_bytes().len());
        let auth_data = bytes(self.object.auth_data().as_bytes().len());
        vec![fact("found", format!("2 certificates, receipt of {receipt}, authData of {auth_data}"))]
    }

    fn configuration(&self) -> Vec<Fact> {
        vec![
            fact("client data hash", of_any(&self.case.client_data_hash)),
            fact("key identifier", self.case.key_id.as_deref().unwrap_or_default()),
            fact("time", time(self.now)),
        ]
    }

    fn nonce(&self) -> Vec<Fact> {
        vec![
            fact("expected", nonce(self.object.auth_data(), self.case, self.hex)),
            fact("", "= SHA-256(authData ‖ client data hash)"),
            fact("found", self.hex.of(self.object.nonce())),
        ]
    }

    fn chain(&self) -> Vec<Fact> {
        let (leaf, intermediate) = (self.object.leaf(), self.object.intermediate());
        vec![
            fact("leaf", common_name(leaf.subject())),
            fact("issued by", common_name(leaf.issuer())),
            fact("intermediate", common_name(intermediate.subject())),
            fact("issued by", common_name(intermediate.issuer())),
            fact("trust anchor", self.anchors.names.join(", ")),
        ]
    }
}

/// An assertion and what it is held against.
pub(crate) struct Asserted<'c> {
    pub(crate) case: &'c Case,
    pub(crate) assertion: &'c Assertion<'c>,
    pub(crate) hex: Hex,
}

impl Asserted<'_> {
    pub(crate) fn facts(&self, step: Step) -> Vec<Fact> {
        let Self { case, assertion, hex } = self;
        let auth_data = assertion.auth_data();
        match step {
            Step::Size => size(case, MAX_ASSERTION),
            Step::Encoding => {
                vec![fact("found", format!("authenticatorData of {}", bytes(auth_data.as_bytes().len())))]
            }
            Step::AuthenticatorData => layout(auth_data),
            Step::Configuration => vec![
                fact("client data hash", of_any(&case.client_data_hash)),
                fact("stored key", of_any(case.public_key.as_deref().unwrap_or_default())),
                fact("its identifier", case.key_id.as_deref().unwrap_or("not stored")),
            ],
            Step::KeyId => vec![
                fact("stored", case.key_id.as_ref().map_or_else(|| "none".to_owned(), |_| client_key_id(case, *hex))),
                fact("SHA-256(key)", stored_key(case).map_or_else(String::new, |key| key_id_of(key, *hex))),
            ],
            Step::AppId => app_id(case, auth_data, *hex),
            Step::Environment => {
                vec![fact("of the key", case.environment.map_or("any: the file says nothing", name_of))]
            }
            Step::Launch => launch(case, auth_data),
            Step::Signature => self.signature(),
            Step::CounterRisen => {
                let Kind::Assertion { last: Some(last) } = case.kind else { return vec![fact("last", "none stored")] };
                vec![fact("last", last.0.to_string()), fact("found", auth_data.counter().0.to_string())]
            }
            _ => Vec::new(),
        }
    }

    fn signature(&self) -> Vec<Fact> {
        let signature = self.assertion.signature();
        let (r, s) = signature.0.split_at(32);
        vec![
            fact("signed", nonce(self.assertion.auth_data(), self.case, self.hex)),
            fact("", "= SHA-256(authenticatorData ‖ client data hash), hashed once more"),
            fact("signature r", self.hex.of(r)),
            fact("s", self.hex.of(s)),
        ]
    }
}

fn size(case: &Case, cap: usize) -> Vec<Fact> {
    vec![fact("found", format!("{}, at most {cap}", bytes(case.object.len())))]
}

fn layout(auth_data: &AuthenticatorData<'_>) -> Vec<Fact> {
    let length = bytes(auth_data.as_bytes().len());
    vec![fact("found", format!("{length}, flags 0x{:02X}", auth_data.flags()))]
}

fn app_id(case: &Case, auth_data: &AuthenticatorData<'_>, hex: Hex) -> Vec<Fact> {
    let expected = AppIdHash::of(&case.app_id, &RustCrypto).map_or_else(|_| String::new(), |hash| hex.of(&hash.0));
    vec![
        fact("your app", &case.app_id),
        fact("expected SHA-256", expected),
        fact("found", hex.of(&auth_data.app_id().0)),
    ]
}

/// The AAGUID is text, filled up with zeros.
fn aaguid(octets: &[u8; 16]) -> String {
    let zeros = octets.iter().rev().take_while(|&&octet| octet == 0).count();
    let text = octets[..octets.len() - zeros].escape_ascii();
    if zeros == 0 { format!("\"{text}\"") } else { format!("\"{text}\" and {zeros} zero bytes") }
}

fn coordinates(labels: [&'static str; 2], key: P256PublicKey, hex: Hex) -> Vec<Fact> {
    labels.into_iter().zip(key.0.chunks(32)).map(|(label, coordinate)| fact(label, hex.of(coordinate))).collect()
}

fn launch(case: &Case, auth_data: &AuthenticatorData<'_>) -> Vec<Fact> {
    let categories: Vec<_> = case.categories.iter().map(|category| category.0.to_string()).collect();
    let mut required = Vec::new();
    if !categories.is_empty() {
        required.push(format!("category {}", categories.join(" or ")));
    }
    if !case.bundle_versions.is_empty() {
        required.push(format!("bundle version {}", case.bundle_versions.join(" or ")));
    }
    let required = if required.is_empty() { "nothing".to_owned() } else { shortened(&required.join(", ")) };
    let mut facts = vec![fact("required", required), fact("found", launch_data(auth_data.launch()))];
    if auth_data.launch() != auth_data.announced_launch() {
        facts.push(fact("", "not announced by the signed flag ED, and so not believed"));
    }
    facts
}

fn launch_data(launch: LaunchData<'_>) -> String {
    let category = launch.category.map(|category| format!("category {} ({})", category.0, distribution(category)));
    let version = launch.bundle_version.map(|version| format!("bundle version {version}"));
    let facts: Vec<_> = category.into_iter().chain(version).collect();
    if facts.is_empty() { "none".to_owned() } else { shortened(&facts.join(", ")) }
}

const fn distribution(category: ValidationCategory) -> &'static str {
    match category {
        ValidationCategory::OPERATING_SYSTEM => "operating system",
        ValidationCategory::TESTFLIGHT => "TestFlight",
        ValidationCategory::DEVELOPMENT => "development",
        ValidationCategory::APP_STORE => "App Store",
        ValidationCategory::ENTERPRISE => "enterprise or ad hoc",
        ValidationCategory::DEVELOPER_ID => "Developer ID",
        _ => "other",
    }
}

fn system(device: DeviceInfo<'_>) -> String {
    let version = device.os_version.unwrap_or("not stated");
    device.os_build.map_or_else(|| version.to_owned(), |build| format!("{version}, build {build}"))
}

const fn name_of(environment: Environment) -> &'static str {
    match environment {
        Environment::Production => "production",
        Environment::Development => "development",
    }
}

/// The attested key as the caller stored it.
pub(crate) fn stored_key(case: &Case) -> Option<P256PublicKey> {
    case.public_key.as_deref().and_then(P256PublicKey::from_uncompressed)
}

fn client_key_id(case: &Case, hex: Hex) -> String {
    let id = KeyId::from_base64(case.key_id.as_deref().unwrap_or_default());
    id.map_or_else(|_| String::new(), |id| hex.of(&id.0))
}

fn key_id_of(key: P256PublicKey, hex: Hex) -> String {
    KeyId::of(&key, &RustCrypto).map_or_else(|_| String::new(), |id| hex.of(&id.0))
}

fn nonce(auth_data: &AuthenticatorData<'_>, case: &Case, hex: Hex) -> String {
    let nonce = RustCrypto.sha256(&[auth_data.as_bytes(), &case.client_data_hash]);
    nonce.map_or_else(|_| String::new(), |nonce| hex.of(&nonce))
}

/// The common name for people to read; the engine compares whole names, as bytes.
pub(crate) fn common_name(name: &[u8]) -> String {
    let common_name = Name::from_der(name).ok().and_then(|name| name.common_name().ok().flatten());
    common_name.map_or_else(|| "(no common name)".to_owned(), |text| shortened(&text.value()))
}

fn validity(validity: Validity) -> String {
    format!("{} to {}", time(validity.not_before), time(validity.not_after))
}

fn time(time: UnixTime) -> String {
    let date = der::DateTime::from_unix_duration(std::time::Duration::from_secs(time.0));
    date.map_or_else(|_| format!("{} s after 1970", time.0), |date| date.to_string())
}

fn bytes(count: usize) -> String {
    format!("{count} bytes")
}

/// What fits in a line.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(68) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// How much of a hash to print: enough to recognise it, or all of it where it has to be compared.
#[derive(Clone, Copy)]
pub(crate) enum Hex {
    Short,
    Whole,
}

impl Hex {
    fn of(self, octets: &[u8]) -> String {
        match (self, octets.first_chunk::<8>(), octets.last_chunk::<4>()) {
            (Self::Short, Some(start), Some(end)) if octets.len() > 20 => format!("{}…{}", hex(start), hex(end)),
            _ => hex(octets),
        }
    }
}

/// With the length, where it may be any.
fn of_any(octets: &[u8]) -> String {
    format!("{} ({})", Hex::Short.of(octets), bytes(octets.len()))
}

fn hex(octets: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    octets.iter().flat_map(|octet| [digit(octet >> 4), digit(octet & 0xF)]).collect()
}
