//! The committed files, embedded. Written by `mint`; do not edit.

/// The root certificate of the committed vectors, PEM.
pub const ROOT_PEM: &str = include_str!("../vectors/root.pem");

/// Name and JSON text of every group of committed vectors.
pub const GROUPS: &[(&str, &str)] = &[
    ("generation", include_str!("../vectors/generation.json")),
    ("foreign", include_str!("../vectors/foreign.json")),
    ("size", include_str!("../vectors/size.json")),
    ("cbor", include_str!("../vectors/cbor.json")),
    ("envelope", include_str!("../vectors/envelope.json")),
    ("der", include_str!("../vectors/der.json")),
    ("certificate", include_str!("../vectors/certificate.json")),
    ("auth-data", include_str!("../vectors/auth-data.json")),
    ("cose", include_str!("../vectors/cose.json")),
    ("ecdsa", include_str!("../vectors/ecdsa.json")),
    ("app-id", include_str!("../vectors/app-id.json")),
    ("environment", include_str!("../vectors/environment.json")),
    ("key-id", include_str!("../vectors/key-id.json")),
    ("launch", include_str!("../vectors/launch.json")),
    ("policy", include_str!("../vectors/policy.json")),
    ("nonce", include_str!("../vectors/nonce.json")),
    ("chain", include_str!("../vectors/chain.json")),
    ("signature", include_str!("../vectors/signature.json")),
    ("counter", include_str!("../vectors/counter.json")),
    ("window", include_str!("../vectors/window.json")),
];

/// Name and JSON text of every group of committed vectors of Play Integrity.
pub const PLAY_GROUPS: &[(&str, &str)] = &[
    ("play-good", include_str!("../vectors/play-good.json")),
    ("play-form", include_str!("../vectors/play-form.json")),
    ("play-header", include_str!("../vectors/play-header.json")),
    ("play-sealing", include_str!("../vectors/play-sealing.json")),
    ("play-inner", include_str!("../vectors/play-inner.json")),
    ("play-json", include_str!("../vectors/play-json.json")),
    ("play-binding", include_str!("../vectors/play-binding.json")),
    ("play-time", include_str!("../vectors/play-time.json")),
    ("play-app", include_str!("../vectors/play-app.json")),
    ("play-device", include_str!("../vectors/play-device.json")),
    ("play-licensing", include_str!("../vectors/play-licensing.json")),
    ("play-signals", include_str!("../vectors/play-signals.json")),
];

/// The root on P-384 of the committed vectors of Android key attestation, PEM.
pub const ANDROID_P384_ROOT_PEM: &str = include_str!("../vectors/android-p384-root.pem");

/// The RSA root of the committed vectors of Android key attestation, PEM.
pub const ANDROID_RSA_ROOT_PEM: &str = include_str!("../vectors/android-rsa-root.pem");

/// Name and JSON text of every group of committed vectors of Android key attestation.
pub const ANDROID_GROUPS: &[(&str, &str)] = &[
    ("android-good", include_str!("../vectors/android-good.json")),
    ("android-form", include_str!("../vectors/android-form.json")),
    ("android-der", include_str!("../vectors/android-der.json")),
    ("android-certificate", include_str!("../vectors/android-certificate.json")),
    ("android-description", include_str!("../vectors/android-description.json")),
    ("android-chain", include_str!("../vectors/android-chain.json")),
    ("android-time", include_str!("../vectors/android-time.json")),
    ("android-forged", include_str!("../vectors/android-forged.json")),
    ("android-revocation", include_str!("../vectors/android-revocation.json")),
    ("android-key", include_str!("../vectors/android-key.json")),
    ("android-boot", include_str!("../vectors/android-boot.json")),
    ("android-app", include_str!("../vectors/android-app.json")),
    ("android-system", include_str!("../vectors/android-system.json")),
    ("android-signature", include_str!("../vectors/android-signature.json")),
    ("android-request", include_str!("../vectors/android-request.json")),
];
