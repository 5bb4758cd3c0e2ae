//! A simulated Google Play with one app, for tests of Play Integrity verifiers.
//!
//! Google has the keys that make tokens, and no public token comes with the keys that open it. This makes both. A
//! [`PlayApp`] has what the Play Console would show to its developer, and tokens for it come in the form of genuine ones: an ES256
//! signature over the payload, wrapped and sealed by `A256KW` and `A256GCM`.
//!
//! **Never configure these keys in production**: they follow from a seed, so that whoever reads this can make tokens that they open.
//!
//! ```
//! use genuine_testvectors::play::{PlayApp, with_every_member};
//!
//! // One app, its two keys. The same seed gives the same keys and the same tokens on every machine.
//! let app = PlayApp::new("shop").with_package("com.example.shop");
//! // What your server reads from its configuration.
//! let (decryption, verification) = (app.decryption_key_base64(), app.verification_key_base64());
//! assert_eq!((decryption.len(), verification.len()), (44, 124));
//!
//! // A classic request: the nonce that your server drew, and the time in milliseconds.
//! let (nonce, now) = ([7; 32], 1_790_000_000_000);
//! let token = app.token(&app.classic(&nonce, now));
//! assert_eq!(token.split('.').count(), 5);
//!
//! // What Google's server answers about a token of a standard request, with every signal switched on in the Play Console.
//! let answer = genuine_testvectors::play::answer(&with_every_member(app.standard("hash of the order", now)));
//! assert!(answer.starts_with(r#"{"tokenPayloadExternal":{"requestDetails":"#));
//! ```
//!
//! A phone that nobody should trust is a change of the payload away, and a forgery a [`PlayMutation`]. It changes one stage, and
//! everything behind it is computed anew:
//!
//! ```
//! use genuine_testvectors::{json::Json, play::{PlayApp, PlayMutation}};
//!
//! let app = PlayApp::new("shop");
//! let payload = app.classic(&[7; 32], 1_790_000_000_000);
//!
//! let mut rooted = payload.clone();
//! rooted.set("deviceIntegrity.deviceRecognitionVerdict", Json::Array(Vec::new()));
//! let token = app.token(&rooted);
//!
//! // Whoever has the decryption key can seal anything; only the signature is Google's.
//! let attacker = PlayApp::new("attacker");
//! let forged = PlayMutation::default()
//!     .signature(move |signature| signature.octets = attacker.sign(signature.signed.as_bytes()).to_vec())
//!     .mint(&app, &payload);
//! assert_ne!(forged, token.into_bytes());
//! ```
//!
//! | stage | what can be changed | what follows from it |
//! |---|---|---|
//! | `payload` | the members of the payload | its bytes |
//! | `payload_bytes` | the bytes | the signature |
//! | `inner_header` | the header of the JWS, bytes | the signature |
//! | `signature` | the signature, and the text that it was made over | the JWS |
//! | `inner` | the text of the JWS | the ciphertext |
//! | `content` | content key and initialization vector | wrapped key, ciphertext, tag |
//! | `outer_header` | the header of the JWE, bytes | the tag, which covers it |
//! | `sealed` | wrapped key, initialization vector, ciphertext, tag | the token |
//! | `token` | the text | |
//!
//! Names and values are those of Google's discovery document of revision 20260910.

use std::rc::Rc;

use aes_gcm::{Aes256Gcm, KeyInit as _, aead::AeadInOut as _};
use aes_kw::KwAes256;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use p256::ecdsa::{Signature, SigningKey, signature::hazmat::PrehashSigner as _};
use p256::pkcs8::EncodePublicKey as _;

use crate::json::Json;
use crate::keys::{Signer, p256_key, pseudo_random, sha256};

/// The header of the JWE, as in genuine tokens.
pub const OUTER_HEADER: &str = r#"{"alg":"A256KW","enc":"A256GCM"}"#;

/// The header of the JWS, as in genuine tokens.
pub const INNER_HEADER: &str = r#"{"alg":"ES256"}"#;

/// The version code of the app.
pub const VERSION_CODE: i64 = 42;

/// An app in the Play Console, and Google Play with its keys.
#[derive(Clone, Debug)]
pub struct PlayApp {
    /// What keys, content key and initialization vector follow from.
    keys: String,
    package_name: String,
    certificate: [u8; 32],
    signer: SigningKey,
}

impl PlayApp {
    /// The app of a seed, `com.example.attest`.
    #[must_use]
    pub fn new(seed: &str) -> Self {
        let digest = sha256(&[&pseudo_random(&format!("play certificate {seed}"), 32)]);
        Self {
            keys: seed.to_owned(),
            package_name: "com.example.attest".to_owned(),
            certificate: digest,
            signer: p256_key(&format!("play signing {seed}")),
        }
    }

    /// With this package name.
    #[must_use]
    pub fn with_package(mut self, name: &str) -> Self {
        name.clone_into(&mut self.package_name);
        self
    }

    /// The same app with the keys of another seed, as after a rotation in the Play Console.
    #[must_use]
    pub fn with_keys(mut self, seed: &str) -> Self {
        seed.clone_into(&mut self.keys);
        self.signer = p256_key(&format!("play signing {seed}"));
        self
    }

    /// The package name.
    #[must_use]
    pub fn package_name(&self) -> &str {
        &self.package_name
    }

    /// SHA-256 of the app's signing certificate.
    #[must_use]
    pub const fn certificate(&self) -> [u8; 32] {
        self.certificate
    }

    /// The decryption key.
    #[must_use]
    pub fn decryption_key(&self) -> [u8; 32] {
        self.octets("decryption")
    }

    /// The decryption key as the Play Console shows it: standard base64, 44 characters.
    #[must_use]
    pub fn decryption_key_base64(&self) -> String {
        STANDARD.encode(self.decryption_key())
    }

    /// The verification key as the Play Console shows it: standard base64 of a `SubjectPublicKeyInfo`, 124 characters.
    ///
    /// # Panics
    ///
    /// Never: a key has a DER form.
    #[must_use]
    pub fn verification_key_base64(&self) -> String {
        STANDARD.encode(self.signer.verifying_key().to_public_key_der().expect("a key has a DER form"))
    }

    /// The private key with which Google signs for this app.
    #[must_use]
    pub fn signer(&self) -> Signer {
        Signer::P256(self.signer.clone())
    }

    /// Google's signature for this app: ES256, `r ‖ s` (nonce after RFC 6979).
    ///
    /// # Panics
    ///
    /// Never: a digest has the length of the order.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let signature: Signature = self.signer.sign_prehash(&sha256(&[message])).expect("the digest is long enough");
        signature.to_bytes().into()
    }

    /// The payload of a classic request by an honest user on a genuine device, as the Play Console configures it first.
    #[must_use]
    pub fn classic(&self, nonce: &[u8], millis: u64) -> Json {
        self.payload("nonce", &URL_SAFE_NO_PAD.encode(nonce), millis)
    }

    /// The payload of a standard request by the same user.
    #[must_use]
    pub fn standard(&self, request_hash: &str, millis: u64) -> Json {
        self.payload("requestHash", request_hash, millis)
    }

    fn payload(&self, binding: &str, value: &str, millis: u64) -> Json {
        let labels = ["MEETS_BASIC_INTEGRITY", "MEETS_DEVICE_INTEGRITY"];
        Json::object([
            (
                "requestDetails",
                Json::object([
                    ("requestPackageName", self.package_name.as_str().into()),
                    ("timestampMillis", millis.to_string().into()),
                    (binding, value.into()),
                ]),
            ),
            (
                "appIntegrity",
                Json::object([
                    ("appRecognitionVerdict", "PLAY_RECOGNIZED".into()),
                    ("packageName", self.package_name.as_str().into()),
                    ("certificateSha256Digest", Json::texts(&[&URL_SAFE_NO_PAD.encode(self.certificate)])),
                    ("versionCode", VERSION_CODE.to_string().into()),
                ]),
            ),
            ("deviceIntegrity", Json::object([("deviceRecognitionVerdict", Json::texts(&labels))])),
            ("accountDetails", Json::object([("appLicensingVerdict", "LICENSED".into())])),
        ])
    }

    /// The token of a payload.
    ///
    /// # Panics
    ///
    /// Never: what is sealed here is text.
    #[must_use]
    pub fn token(&self, payload: &Json) -> String {
        String::from_utf8(PlayMutation::default().mint(self, payload)).expect("a token is text")
    }

    /// The token of a standard request: of the same form, under keys that Google alone has.
    #[must_use]
    pub fn standard_token(&self, payload: &Json) -> String {
        self.clone().with_keys("keys of Google").token(payload)
    }

    fn octets<const N: usize>(&self, name: &str) -> [u8; N] {
        pseudo_random(&format!("play {name} {}", self.keys), N).try_into().expect("so many were asked for")
    }
}

/// The payload with every optional member: what an operator can switch on, and what appears in Google's transitions.
#[must_use]
pub fn with_every_member(mut payload: Json) -> Json {
    let labels = ["MEETS_BASIC_INTEGRITY", "MEETS_DEVICE_INTEGRITY", "MEETS_STRONG_INTEGRITY"];
    payload.set("deviceIntegrity.deviceRecognitionVerdict", Json::texts(&labels));
    payload.set("deviceIntegrity.legacyDeviceRecognitionVerdict", Json::texts(&["MEETS_DEVICE_INTEGRITY"]));
    payload.set("deviceIntegrity.recentDeviceActivity.deviceActivityLevel", "LEVEL_1");
    payload.set("deviceIntegrity.deviceAttributes.sdkVersion", 36);
    for (bit, value, date) in [("First", true, Some(202_607)), ("Second", false, None), ("Third", true, Some(202_609))]
    {
        payload.set(&format!("deviceIntegrity.deviceRecall.values.bit{bit}"), value);
        if let Some(date) = date {
            payload.set(&format!("deviceIntegrity.deviceRecall.writeDates.yyyymm{bit}"), date);
        }
    }
    payload.set("accountDetails.accountActivity.activityLevel", "TYPICAL_BASIC");
    let apps = ["KNOWN_INSTALLED", "UNKNOWN_INSTALLED"];
    payload.set("environmentDetails.appAccessRiskVerdict.appsDetected", Json::texts(&apps));
    payload.set("environmentDetails.playProtectVerdict", "NO_ISSUES");
    let risks = ["LOW_RISK_DEVICE", "LOW_RISK_NETWORK"];
    payload.set("environmentDetails.locationSpoofingRiskVerdict", Json::texts(&risks));
    payload.set("testingDetails.isTestingResponse", false);
    payload
}

/// The payload of a phone that misses a requirement, as phones send it: verdicts alone, and objects with nothing in them.
#[must_use]
pub fn unevaluated(mut payload: Json) -> Json {
    payload.set("appIntegrity", Json::object([("appRecognitionVerdict", "UNEVALUATED".into())]));
    payload.set(
        "deviceIntegrity",
        Json::object([
            ("recentDeviceActivity", Json::object([("deviceActivityLevel", "UNEVALUATED".into())])),
            ("deviceAttributes", Json::object([])),
        ]),
    );
    payload.set("accountDetails", Json::object([("appLicensingVerdict", "UNEVALUATED".into())]));
    payload.set("environmentDetails", Json::object([("appAccessRiskVerdict", Json::object([]))]));
    payload
}

/// What Google's server answers: the payload in `tokenPayloadExternal`.
#[must_use]
pub fn answer(payload: &Json) -> String {
    wrapped(&payload.encode())
}

/// The same for the text of a payload, whatever it is.
#[must_use]
pub fn wrapped(payload: &str) -> String {
    format!("{{\"tokenPayloadExternal\":{payload}}}")
}

/// The other form of an ES256 signature whose s lies in the upper half: (r, n − s) for (r, s), if s lies in the lower one.
///
/// # Panics
///
/// If it is no signature.
#[must_use]
pub fn with_high_s(signature: &[u8]) -> [u8; 64] {
    let (r, s) = Signature::from_slice(signature).expect("a signature").normalize_s().split_scalars();
    Signature::from_scalars(*r, -*s).expect("the negation of a scalar that is not zero").to_bytes().into()
}

/// An ES256 signature as DER, as X.509 has it and no JWS does.
///
/// # Panics
///
/// If it is no signature.
#[must_use]
pub fn as_der(signature: &[u8]) -> Vec<u8> {
    Signature::from_slice(signature).expect("a signature").to_der().as_bytes().to_vec()
}

/// A signature, and what it was made over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaySignature {
    /// The first two segments of the JWS as they will stand in it; changing them here leaves the signature alone.
    pub signed: String,
    /// The signature, `r ‖ s`.
    pub octets: Vec<u8>,
}

/// What the text is encrypted with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The content key. Google draws one for each token; here it follows from the seed.
    pub key: [u8; 32],
    /// The initialization vector, the same.
    pub iv: [u8; 12],
    /// What wraps the content key.
    pub wrapping: [u8; 32],
    /// What the tag covers beside the text, if not the header.
    pub additional: Option<Vec<u8>>,
}

/// The last four segments of a JWE, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The text of the header as it will stand in the token; changing it here leaves the tag alone.
    pub header: String,
    /// The wrapped content key: 40 octets.
    pub wrapped_key: Vec<u8>,
    /// The initialization vector: 12 octets.
    pub iv: Vec<u8>,
    /// The ciphertext.
    pub ciphertext: Vec<u8>,
    /// The tag: 16 octets.
    pub tag: Vec<u8>,
}

type Change<'e, T> = Rc<dyn Fn(&mut T) + 'e>;

/// What is changed about a token, by stage; no change at all yields the honest token.
///
/// Several changes of one stage run in the order in which they were registered.
#[derive(Clone, Default)]
pub struct PlayMutation<'e> {
    payload: Vec<Change<'e, Json>>,
    payload_bytes: Vec<Change<'e, Vec<u8>>>,
    inner_header: Vec<Change<'e, Vec<u8>>>,
    signature: Vec<Change<'e, PlaySignature>>,
    inner: Vec<Change<'e, Vec<u8>>>,
    content: Vec<Change<'e, Content>>,
    outer_header: Vec<Change<'e, Vec<u8>>>,
    sealed: Vec<Change<'e, Sealed>>,
    token: Vec<Change<'e, Vec<u8>>>,
}

macro_rules! stages {
    ($( $(#[$doc:meta])+ $stage:ident: $value:ty; )+) => {
        impl<'e> PlayMutation<'e> {
            $(
                $(#[$doc])+
                #[must_use]
                pub fn $stage(mut self, change: impl Fn(&mut $value) + 'e) -> Self {
                    self.$stage.push(Rc::new(change));
                    self
                }
            )+
        }
    };
}

stages! {
    /// Changes the members of the payload.
    payload: Json;
    /// Changes the bytes of the payload, before they are signed.
    payload_bytes: Vec<u8>;
    /// Changes the bytes of the header of the JWS, before they are signed.
    inner_header: Vec<u8>;
    /// Changes the signature and what it was made over, after it was made.
    signature: PlaySignature;
    /// Changes the text of the JWS, before it is encrypted.
    inner: Vec<u8>;
    /// Changes what it is encrypted with.
    content: Content;
    /// Changes the bytes of the header of the JWE, before the tag is computed over it.
    outer_header: Vec<u8>;
    /// Changes the segments, after the tag was computed.
    sealed: Sealed;
    /// Changes the text of the token.
    token: Vec<u8>;
}

fn apply<T>(changes: &[Change<'_, T>], mut value: T) -> T {
    for change in changes {
        change(&mut value);
    }
    value
}

impl PlayMutation<'_> {
    /// The bytes of the payload that this makes of an honest one.
    #[must_use]
    pub fn mint_payload(&self, payload: &Json) -> Vec<u8> {
        apply(&self.payload_bytes, apply(&self.payload, payload.clone()).encode().into_bytes())
    }

    /// Mints the JWS that a token of this app holds.
    #[must_use]
    pub fn mint_inner(&self, app: &PlayApp, payload: &Json) -> Vec<u8> {
        let payload = self.mint_payload(payload);
        let header = apply(&self.inner_header, INNER_HEADER.as_bytes().to_vec());
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let octets = app.sign(signed.as_bytes()).to_vec();
        let PlaySignature { signed, octets } = apply(&self.signature, PlaySignature { signed, octets });
        apply(&self.inner, format!("{signed}.{}", URL_SAFE_NO_PAD.encode(octets)).into_bytes())
    }

    /// Mints a token of this app.
    ///
    /// # Panics
    ///
    /// Never: keys have their lengths, and texts are short.
    #[must_use]
    pub fn mint(&self, app: &PlayApp, payload: &Json) -> Vec<u8> {
        let mut text = self.mint_inner(app, payload);
        let content = Content {
            key: app.octets("content key"),
            iv: app.octets("initialization vector"),
            wrapping: app.decryption_key(),
            additional: None,
        };
        let Content { key, iv, wrapping, additional } = apply(&self.content, content);
        let header = URL_SAFE_NO_PAD.encode(apply(&self.outer_header, OUTER_HEADER.as_bytes().to_vec()));
        let mut wrapped_key = [0; 40];
        KwAes256::new(&wrapping.into()).wrap_key(&key, &mut wrapped_key).expect("a key of 32 octets can be wrapped");
        let additional = additional.as_deref().unwrap_or(header.as_bytes());
        let tag = Aes256Gcm::new(&key.into())
            .encrypt_inout_detached(&iv.into(), additional, text.as_mut_slice().into())
            .expect("the text is short");
        let (wrapped_key, iv, tag) = (wrapped_key.to_vec(), iv.to_vec(), tag.to_vec());
        let sealed = apply(&self.sealed, Sealed { header, wrapped_key, iv, ciphertext: text, tag });
        let decoded = [&sealed.wrapped_key, &sealed.iv, &sealed.ciphertext, &sealed.tag];
        let encoded = decoded.map(|octets| URL_SAFE_NO_PAD.encode(octets)).join(".");
        apply(&self.token, format!("{}.{encoded}", sealed.header).into_bytes())
    }
}
