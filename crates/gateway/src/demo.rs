//! The demonstration: what it serves, and the public test root that it trusts. Built with the feature `demo` only.

use axum::http::HeaderMap;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use genuine::{
    Error,
    app_attest::{Assertion, AttestedKey, ClientDataHash},
    crypto::{GenuineCrypto, P384, PublicKey},
    x509::TrustAnchor,
};
use genuine_testvectors::{
    TestPki,
    android::{AndroidDevice, AndroidPki},
    play::PlayApp,
};

use crate::{
    application::Roots,
    config::{Application, Config, DEMO, KeyAttestation, Limits, Play, PlayKeys, Revocations, Secret, Store, Tokens},
    gate::{Gate, PresentedAssertion, SignedRequest, sha256},
    platform::Platform,
    refusal::Refusal,
    store::DeviceKey,
};

/// The header in which a client shows what it signed, in base64, to be told what differs. Only the demonstration reads it.
pub const CLIENT_DATA: &str = "X-App-Attest-Client-Data";

/// What the lines of an assertion's client data are.
const LINES: [&str; 6] =
    ["the form", "the method", "the authority", "the target", "the SHA-256 of the body", "the challenge"];

/// The app of the demonstration in a Play Console that does not exist. Its keys follow from a text that everybody knows.
#[must_use]
pub fn play_app() -> PlayApp {
    PlayApp::new("demonstration").with_package("com.example.demo")
}

/// What the configuration says of an app whose classic tokens are minted.
#[must_use]
pub fn minted_play(app: &PlayApp) -> Play {
    let keys = PlayKeys {
        decryption_key: Secret(app.decryption_key_base64()),
        verification_key: app.verification_key_base64(),
    };
    Play { keys: vec![keys], ..Play::new(app.package_name(), &[app.certificate()]) }
}

/// What the configuration says of an app whose keys a simulated phone attests.
#[must_use]
pub fn minted_keys(phone: &AndroidDevice) -> KeyAttestation {
    let digests: Vec<[u8; 32]> =
        phone.signing_digests().iter().filter_map(|digest| digest.as_slice().try_into().ok()).collect();
    KeyAttestation::new(phone.package(), &digests)
}

/// One application on both platforms, whose devices are simulated.
#[must_use]
pub fn config() -> Config {
    let application = Application::new(DEMO, &["ABCDE12345.com.example.demo"]);
    Config {
        store: Store::Redb { path: "genuine-demo.redb".into() },
        // The fleet comes from one address, as often as it can.
        limits: Limits { address_per_minute: 0, device_per_minute: 0, ..Limits::default() },
        applications: vec![Application {
            play: Some(minted_play(&play_app())),
            key_attestation: Some(minted_keys(&AndroidDevice::new("any").with_package(play_app().package_name(), 1))),
            ..application
        }],
        // Whose keys everybody has nobody can revoke.
        revocations: Some(Revocations::None {}),
        tokens: Some(Tokens::default()),
        demo: true,
        ..Config::default()
    }
}

/// The root of the simulated devices. Its private key is public: whoever trusts it trusts everybody.
///
/// The list lives as long as the process: it is leaked, once for each call.
///
/// # Errors
///
/// If the engine cannot read the root's key, which does not happen.
pub fn anchors() -> Result<&'static [TrustAnchor<'static>], Error> {
    let authorities = TestPki::default();
    let key = PublicKey::<P384>::from_uncompressed(&authorities.root_point()).ok_or(Error::ConfigNoAnchor)?;
    Ok(vec![TrustAnchor::new(authorities.root_subject().leak(), key)].leak())
}

/// All roots of simulated devices, likewise.
///
/// # Errors
///
/// If the engine cannot read a root, which does not happen.
pub fn roots() -> Result<Roots, Error> {
    let authorities = AndroidPki::default();
    let certificates = [authorities.p384_root_der(), authorities.rsa_root_der()];
    let of_phones = certificates.map(|der| TrustAnchor::from_trusted_issuer(der.leak()));
    let of_phones = of_phones.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(Roots { app_attest: anchors()?, key_attestation: of_phones.leak() })
}

/// Which line of what the client signed differs from what arrived, if a gate explains and the signature is the fault.
///
/// The server has the hash of its own lines only. So the client shows its lines, and is believed if the key signed them.
pub async fn explain(
    refusal: Refusal,
    gate: &Gate,
    presented: &PresentedAssertion,
    headers: &HeaderMap,
    request: SignedRequest<'_>,
) -> Option<String> {
    if !gate.explains || refusal != Refusal::Engine(Error::SignatureInvalid) {
        return None;
    }
    let Some(shown) = headers.get(CLIENT_DATA) else {
        return Some(format!(
            "Show what was signed in {CLIENT_DATA}, in base64: then the line that differs is named here."
        ));
    };
    let Some(shown) = BASE64_STANDARD.decode(shown).ok().and_then(|octets| String::from_utf8(octets).ok()) else {
        return Some(format!("{CLIENT_DATA} is not the base64 of text."));
    };
    let device = gate.store.device(presented.key_id).await.ok()??;
    let application = gate.applications.iter().find(|application| application.name == device.application)?;
    let key = match &device.key {
        DeviceKey::AppAttest(key) => &key[..],
        DeviceKey::KeyAttestation(key) => &key.key[..],
        DeviceKey::PlayIntegrity(_) | DeviceKey::Erased => return None,
    };
    let key = AttestedKey::from_trusted_bytes(key, &GenuineCrypto).ok()?;
    let assertion = Assertion::parse(&presented.assertion).ok()?;
    let hash = sha256(shown.as_bytes());
    let [assertions, _] = application.assertions(Platform::of_assertions(&device.key))?;
    if assertions.verify(&assertion, &key, &ClientDataHash::from(&hash)).is_err() {
        return Some(format!("This key did not sign the SHA-256 of what {CLIENT_DATA} shows."));
    }
    Some(difference(&shown, &request.client_data(presented.challenge.as_deref())))
}

/// The first line that differs.
fn difference(signed: &str, arrived: &str) -> String {
    let mut lines = signed.split('\n').zip(arrived.split('\n')).zip(LINES).zip(1..);
    let differing = lines.find(|(((signed, arrived), _), _)| signed != arrived);
    match differing {
        Some((((signed, arrived), name), number)) => {
            format!("Line {number}, {name}: '{signed}' was signed, '{arrived}' arrived.")
        }
        None => format!("There are {} lines, each ended by a line feed, and nothing else.", LINES.len()),
    }
}
