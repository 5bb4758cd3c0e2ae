//! What the steps compare, in words and figures, read from the public views of the objects.

use genuine::{
    UnixTime,
    app_attest::{
        AppIdHash, AuthenticatorData, DeviceInfo, Environments, KeyId, LaunchData, MAX_ASSERTION, MAX_ATTESTATION,
        ReplayWindow, Step, ValidationCategory,
    },
    crypto::{P256, PublicKey, RustCrypto},
    x509::Validity,
};

use crate::{
    assertion::Asserted,
    attestation::Attested,
    caller::{CallerSide, LastCounter, sha256_of},
    model::{Compared, Kind},
    names::common_name,
    policy::Requirements,
    stage::Stage::{self, Of, YourSide},
    text::{bytes, hex, rfc_3339, seconds},
};

fn row(label: &'static str, value: impl Into<String>) -> Compared {
    Compared { label, value: value.into() }
}

const NOT_TOLD: &str = "not told";

/// What can be said of an object that is none.
pub(crate) fn of_unparsed(kind: Kind, object: &[u8], stage: Stage) -> Vec<Compared> {
    let (cap, genuine_start) = match kind {
        Kind::Attestation => (MAX_ATTESTATION, "a3 63 66 6d 74"),
        Kind::Assertion => (MAX_ASSERTION, "a2"),
    };
    match stage {
        Of(Step::Size) => size(object.len(), cap),
        Of(Step::Encoding) => {
            let start = object.get(..16).unwrap_or(object);
            vec![row("starts with", format!("{} (a genuine one with {genuine_start})", hex(start)))]
        }
        _ => Vec::new(),
    }
}

/// What a step of an attestation compared.
pub(crate) fn of_attestation(of: &Attested<'_>, length: usize, stage: Stage) -> Vec<Compared> {
    let Attested { object, side, .. } = of;
    let (auth_data, credential) = (object.auth_data(), object.credential());
    match stage {
        Of(Step::Size) => size(length, MAX_ATTESTATION),
        Of(Step::Encoding) => {
            let receipt = bytes(object.receipt().as_unverified_bytes().len());
            let auth_data = bytes(auth_data.as_bytes().len());
            vec![row("found", format!("2 certificates, receipt of {receipt}, authData of {auth_data}"))]
        }
        Of(Step::Certificates) => vec![
            row("leaf", format!("serial number {}", hex(object.leaf().serial()))),
            row("intermediate", format!("serial number {}", hex(object.intermediate().serial()))),
        ],
        Of(Step::AuthenticatorData) => layout(auth_data),
        YourSide => vec![
            row("client data hash", client_data_hash(side)),
            row("key identifier", side.key_id.as_deref().unwrap_or(NOT_TOLD)),
            row("time", rfc_3339(of.now)),
        ],
        Of(Step::AppId) => app_id(side, auth_data),
        Of(Step::CounterZero) => vec![row("found", auth_data.counter().0.to_string())],
        Of(Step::Environment) => vec![row("allowed", allowed(side)), row("found", aaguid(&credential.aaguid()))],
        Of(Step::KeyId) => {
            vec![row("client sent", client_key_id(side)), row("SHA-256(leaf key)", key_id_of(object.leaf_key()))]
        }
        Of(Step::CredentialId) => {
            let expected = side.key_id.as_ref().map_or_else(|| key_id_of(object.leaf_key()), |_| client_key_id(side));
            vec![row("expected", expected), row("found", hex(&credential.id()))]
        }
        Of(Step::CredentialKey) => {
            [coordinates(["leaf key X", "Y"], object.leaf_key()), coordinates(["found X", "Y"], credential.key())]
                .concat()
        }
        Of(Step::Launch) => launch(side, auth_data),
        Of(Step::Device) => device(side, object.device()),
        Of(Step::Nonce) => vec![
            row("expected", nonce(auth_data, side)),
            row("", "= SHA-256(authData ‖ client data hash)"),
            row("found", hex(object.nonce())),
        ],
        Of(Step::Validity) => vec![
            row("time", rfc_3339(of.now)),
            row("leaf", validity(object.leaf().validity())),
            row("intermediate", validity(object.intermediate().validity())),
        ]
        .into_iter()
        .chain(age(of))
        .collect(),
        Of(Step::Chain) => vec![
            row("leaf", common_name(object.leaf().subject())),
            row("issued by", common_name(object.leaf().issuer())),
            row("intermediate", common_name(object.intermediate().subject())),
            row("issued by", common_name(object.intermediate().issuer())),
            row("trust anchor", of.anchors.names().join(", ")),
        ],
        Of(Step::IntermediateSignature) => vec![row("signed", bytes(object.intermediate().tbs().len()))],
        Of(Step::LeafSignature) => vec![row("signed", bytes(object.leaf().tbs().len()))],
        Of(_) => Vec::new(),
    }
}

/// What a step of an assertion compared.
pub(crate) fn of_assertion(of: &Asserted<'_>, length: usize, stage: Stage) -> Vec<Compared> {
    let Asserted { assertion, side } = of;
    let auth_data = assertion.auth_data();
    match stage {
        Of(Step::Size) => size(length, MAX_ASSERTION),
        Of(Step::Encoding) => {
            vec![row("found", format!("authenticatorData of {}", bytes(auth_data.as_bytes().len())))]
        }
        Of(Step::AuthenticatorData) => layout(auth_data),
        YourSide => vec![
            row("client data hash", client_data_hash(side)),
            row("stored key", side.public_key.as_ref().map_or_else(|| NOT_TOLD.to_owned(), |key| of_any(&key.0))),
            row("its identifier", side.key_id.as_deref().unwrap_or("not stored")),
        ],
        Of(Step::KeyId) => vec![
            row("stored", side.key_id.as_ref().map_or_else(|| "none".to_owned(), |_| client_key_id(side))),
            row("SHA-256(key)", of.point().map_or_else(|| NOT_TOLD.to_owned(), key_id_of)),
        ],
        Of(Step::AppId) => app_id(side, auth_data),
        Of(Step::Environment) => vec![row("allowed", allowed(side))],
        Of(Step::Launch) => launch(side, auth_data),
        Of(Step::Signature) => {
            let signature = assertion.signature();
            let (r, s) = signature.0.split_at(32);
            vec![
                row("signed", nonce(auth_data, side)),
                row("", "= SHA-256(authenticatorData ‖ client data hash), hashed once more"),
                row("signature r", hex(r)),
                row("s", hex(s)),
            ]
        }
        Of(Step::CounterRisen) => {
            let last = match &side.last_counter {
                None => NOT_TOLD.to_owned(),
                Some(LastCounter::UnknownKey) => "none stored".to_owned(),
                Some(LastCounter::Is(last)) => last.0.to_string(),
                Some(LastCounter::Window(stored)) => ReplayWindow::from_trusted_bytes(stored).map_or_else(
                    |_| "no window".to_owned(),
                    |window| format!("{}, seen below it 0x{:016x}", window.highest().0, window.seen()),
                ),
            };
            vec![row("last", last), row("found", auth_data.counter().0.to_string())]
        }
        Of(_) => Vec::new(),
    }
}

fn allowed(side: &CallerSide) -> &'static str {
    match side.requirements.environment {
        None => NOT_TOLD,
        Some(Environments::Production) => "production",
        Some(Environments::Development) => "development",
        Some(Environments::ProductionAndDevelopment) => "any",
    }
}

/// The age of an attestation, where the policy limits it.
fn age(of: &Attested<'_>) -> Vec<Compared> {
    let Some(limit) = of.side.requirements.attestation_age else { return Vec::new() };
    let age = of.now.0.saturating_sub(of.object.leaf().validity().not_before.0);
    vec![row("age", seconds(age)), row("at most", seconds(limit))]
}

fn size(length: usize, cap: usize) -> Vec<Compared> {
    vec![row("found", format!("{}, at most {cap}", bytes(length)))]
}

fn layout(auth_data: &AuthenticatorData<'_>) -> Vec<Compared> {
    let length = bytes(auth_data.as_bytes().len());
    vec![row("found", format!("{length}, flags 0x{:02X}", auth_data.flags()))]
}

fn app_id(side: &CallerSide, auth_data: &AuthenticatorData<'_>) -> Vec<Compared> {
    let hash = |app_id: &String| AppIdHash::of(app_id, &RustCrypto).map_or_else(|_| String::new(), |hash| hex(&hash.0));
    vec![
        row("your app", side.app_id.as_deref().unwrap_or(NOT_TOLD)),
        row("expected SHA-256", side.app_id.as_ref().map_or_else(|| NOT_TOLD.to_owned(), hash)),
        row("found", hex(&auth_data.app_id().0)),
    ]
}

/// The AAGUID is text, filled up with zeros.
fn aaguid(octets: &[u8; 16]) -> String {
    let zeros = octets.iter().rev().take_while(|&&octet| octet == 0).count();
    let text = octets[..octets.len() - zeros].escape_ascii();
    if zeros == 0 { format!("\"{text}\"") } else { format!("\"{text}\" and {zeros} zero bytes") }
}

fn coordinates(labels: [&'static str; 2], key: PublicKey<P256>) -> Vec<Compared> {
    labels.into_iter().zip(key.0.chunks(32)).map(|(label, coordinate)| row(label, hex(coordinate))).collect()
}

fn launch(side: &CallerSide, auth_data: &AuthenticatorData<'_>) -> Vec<Compared> {
    let Requirements { categories, bundle_versions, code_hashes, .. } = &side.requirements;
    let numbers = categories.iter().map(|category| category.0.to_string());
    let required = required([
        alternatives("category", numbers),
        alternatives("bundle version", bundle_versions.iter().cloned()),
        alternatives("code hash", code_hashes.iter().map(|hash| hex(hash))),
    ]);
    let mut rows = vec![row("required", required), row("found", launch_data(auth_data.launch_even_if_unannounced()))];
    if auth_data.launch_even_if_unannounced() != auth_data.launch() {
        rows.push(row("", "not announced by the signed flag ED, and so not believed"));
    }
    rows
}

fn device(side: &CallerSide, device: DeviceInfo<'_>) -> Vec<Compared> {
    let Requirements { platforms, os_version, os_builds, macos_access_control, .. } = &side.requirements;
    let required = required([
        alternatives("platform", platforms.iter().cloned()),
        alternatives("version at least", os_version.iter().map(ToString::to_string)),
        alternatives("build", os_builds.iter().map(ToString::to_string)),
        alternatives("access-control list on Macs", macos_access_control.iter().map(|list| hex(list))),
    ]);
    let build = device.os_build.map(|build| format!("build {build}"));
    let found =
        [device.platform.map(|platform| platform.name().to_owned()), device.os_version.map(str::to_owned), build];
    let found: Vec<_> = found.into_iter().flatten().collect();
    let found = if found.is_empty() { "nothing".to_owned() } else { found.join(", ") };
    vec![row("required", required), row("found", found)]
}

/// What of it is allowed, if it is asked for.
fn alternatives(name: &str, values: impl Iterator<Item = String>) -> Option<String> {
    let values: Vec<_> = values.collect();
    (!values.is_empty()).then(|| format!("{name} {}", values.join(" or ")))
}

fn required<const N: usize>(parts: [Option<String>; N]) -> String {
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
}

fn launch_data(launch: LaunchData<'_>) -> String {
    let category = launch.category.map(|category| format!("category {} ({})", category.0, distribution(category)));
    let version = launch.bundle_version.map(|version| format!("bundle version {version}"));
    let code_hash = launch.code_hash.map(|hash| format!("code hash {}", hex(hash)));
    let facts: Vec<_> = category.into_iter().chain(version).chain(code_hash).collect();
    if facts.is_empty() { "none".to_owned() } else { facts.join(", ") }
}

/// How an app of this category was distributed.
pub(crate) const fn distribution(category: ValidationCategory) -> &'static str {
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

fn client_data_hash(side: &CallerSide) -> String {
    side.client_data.as_ref().map_or_else(|| NOT_TOLD.to_owned(), |data| of_any(&data.hash))
}

fn client_key_id(side: &CallerSide) -> String {
    let Some(text) = &side.key_id else { return NOT_TOLD.to_owned() };
    KeyId::from_base64(text).map_or_else(|_| String::new(), |id| hex(&id.0))
}

fn key_id_of(key: PublicKey<P256>) -> String {
    KeyId::of(&key, &RustCrypto).map_or_else(|_| String::new(), |id| hex(&id.0))
}

fn nonce(auth_data: &AuthenticatorData<'_>, side: &CallerSide) -> String {
    let Some(data) = &side.client_data else { return NOT_TOLD.to_owned() };
    hex(&sha256_of(&[auth_data.as_bytes(), &data.hash]))
}

fn validity(validity: Validity) -> String {
    let time = |time: UnixTime| rfc_3339(time);
    format!("{} to {}", time(validity.not_before), time(validity.not_after))
}

/// With the length, where it may be any.
fn of_any(octets: &[u8]) -> String {
    format!("{} ({})", hex(octets), bytes(octets.len()))
}
