//! What the modules share: the app of the tests, its keys, and an honest request.

use std::sync::LazyLock;

use genuine::{
    Error, UnixMillis,
    crypto::{P256, PublicKey, RustCrypto},
    play_integrity::{Binding, ClassicVerifier, DecodedVerifier, DecryptionKey, KeyPair, Policy, VerificationKey},
};
use genuine_testvectors::{
    json::Json,
    play::{PlayApp, with_every_member},
};

pub(crate) const NOW: u64 = 1_790_000_000_000;
pub(crate) const NONCE: [u8; 32] = [0xA5; 32];

/// A token of which nothing is looked at but its text.
pub(crate) const TOKEN: &[u8] = b"AAAA.AAAA.AAAA.AAAA.AAAA";

/// Its keys are computed once.
pub(crate) fn app() -> PlayApp {
    static APP: LazyLock<PlayApp> = LazyLock::new(|| PlayApp::new("engine tests"));
    APP.clone()
}

/// The app with the keys of another seed.
pub(crate) fn rotated() -> PlayApp {
    app().with_keys("rotated")
}

pub(crate) fn pair(app: &PlayApp) -> KeyPair {
    KeyPair {
        decryption: DecryptionKey::from_base64(&app.decryption_key_base64()).unwrap(),
        verification: VerificationKey::from_base64(&app.verification_key_base64()).unwrap(),
    }
}

pub(crate) fn certificates() -> [[u8; 32]; 1] {
    [app().certificate()]
}

pub(crate) fn minimal() -> Json {
    app().classic(&NONCE, NOW)
}

pub(crate) fn full() -> Json {
    with_every_member(minimal())
}

pub(crate) fn binding() -> Binding<'static> {
    Binding::nonce(&NONCE).unwrap()
}

/// Opens a token with the one pair of keys.
pub(crate) fn open(token: &[u8]) -> Result<(), Error> {
    let (certificates, app) = (certificates(), app());
    let policy = Policy::new(app.package_name(), &certificates);
    let keys = [pair(&app)];
    ClassicVerifier::new(&policy, &keys, &RustCrypto).unwrap().open(&mut token.to_vec()).map(drop)
}

/// Judges a payload as Google's server answers it.
pub(crate) fn judge(payload: &[u8]) -> Result<(), Error> {
    let (certificates, app) = (certificates(), app());
    let policy = Policy::new(app.package_name(), &certificates);
    let verifier = DecodedVerifier::new(&policy, &RustCrypto).unwrap();
    verifier.trust_answer(payload, TOKEN)?.accept(binding(), UnixMillis(NOW)).map(drop)
}

/// The point of the base (SEC 2 §2.4.2) with another y, which is not on the curve.
pub(crate) fn off_the_curve() -> VerificationKey {
    VerificationKey::new(PublicKey::<P256>([0x11; 64]))
}
