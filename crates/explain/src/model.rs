//! The explanation: plain data with stable field names.
//!
//! Everything serialises with `serde`; README.md shows the JSON. What an object says of itself is text of its sender's
//! choice: whoever prints it on a terminal or in a page escapes it first.

use genuine::{Class, Error, app_attest::Environment};
use serde::Serialize;

use crate::{receipt::ReceiptFacts, stage::step_name};

/// The two objects of App Attest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// What `attestKey(_:clientDataHash:)` returns.
    Attestation,
    /// What `generateAssertion(_:clientDataHash:)` returns.
    Assertion,
}

impl Kind {
    /// `attestation` or `assertion`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Attestation => "attestation",
            Self::Assertion => "assertion",
        }
    }
}

/// One object, explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// What it was verified as.
    pub kind: Kind,
    /// What its outermost map is of; `None` if it is no map of either kind.
    pub detected: Option<Kind>,
    /// What was done to the input to get the object's bytes, in this order.
    pub decoding: Vec<Decoding>,
    /// What the engine answers.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The steps of the verification in the order in which they run.
    pub steps: Vec<StepReport>,
    /// What the object says; `None` if it could not be parsed.
    pub facts: Option<Facts>,
    /// Attestations: the certificates by themselves, whatever else is wrong; `None` if it could not be parsed.
    pub chain: Option<ChainReport>,
    /// What the answer means, and which usual mistake fits.
    pub diagnosis: Diagnosis,
}

/// One thing that was done to the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Decoding {
    /// A JSON vector held the object.
    Vector,
    /// Quotes around the text were taken away.
    Quotes,
    /// Line breaks written as `\n`, and other escapes of JSON, were taken away.
    Escapes,
    /// White space and line breaks were taken away.
    WhiteSpace,
    /// Standard base64 was decoded.
    Base64,
    /// URL-safe base64 was decoded.
    Base64Url,
    /// Hexadecimal digits were decoded.
    Hex,
    /// A member of a JSON object held the token.
    JsonMember,
    /// The name of a scheme before a token was taken away, such as `Bearer`.
    Scheme,
    /// The items of a JSON array were the certificates.
    JsonArray,
    /// PEM was taken away, and what stood around it.
    Pem,
}

/// The answer, always the engine's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Verdict {
    /// What came of it.
    pub verdict: Outcome,
    /// The engine's stable number of the failure.
    pub code: Option<u16>,
    /// Its stable name.
    pub name: Option<&'static str>,
    /// Its class: `Malformed`, `Rejected` or `Unavailable`.
    pub class: Option<&'static str>,
    /// The step that failed, as [`StepReport::step`] names it.
    pub step: Option<String>,
    /// What the caller did not tell, so that steps were not asked.
    pub missing: Vec<Missing>,
    /// The failure itself, for callers in Rust.
    #[serde(skip)]
    pub error: Option<Error>,
}

/// What came of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All steps were asked, and passed.
    Accepted,
    /// A step failed.
    Refused,
    /// The engine could not decide: the caller's side is at fault, not the object.
    Undecided,
    /// Nothing failed, but not everything could be asked: no verdict.
    Incomplete,
}

/// A part of the caller's side that was not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// The App ID.
    AppId,
    /// The key identifier.
    KeyId,
    /// The challenge or client data, or the client data hash.
    ClientData,
    /// The attested key.
    PublicKey,
    /// The counter last accepted.
    Counter,
    /// Tokens of Play Integrity: the decryption key.
    DecryptionKey,
    /// The verification key that belongs to it.
    VerificationKey,
    /// The package name of the app.
    Package,
    /// The digest of the certificate that signs the app.
    CertificateDigest,
    /// The nonce or the request hash.
    Binding,
    /// JSON Web Tokens: the secret or the public keys.
    TokenKey,
    /// The key of the attester, without which the key in an attestation is unproved.
    AttesterKey,
    /// The type.
    TokenType,
    /// The issuer.
    Issuer,
    /// The audience.
    Audience,
    /// Proofs: the greatest age.
    MaxAge,
    /// The challenge.
    Challenge,
    /// Attestations of OAuth clients: the proof that comes with one.
    Proof,
    /// Android key attestations: the revocation list.
    Revocation,
}

impl Verdict {
    pub(crate) fn new(result: Result<(), Error>, missing: Vec<Missing>) -> Self {
        let error = result.err();
        let verdict = match error.map(Error::class) {
            None if missing.is_empty() => Outcome::Accepted,
            None => Outcome::Incomplete,
            Some(Class::Unavailable) => Outcome::Undecided,
            Some(_) => Outcome::Refused,
        };
        Self {
            verdict,
            code: error.map(Error::code),
            name: error.map(Error::name),
            class: error.map(|error| class_name(error.class())),
            step: error.map(step_name),
            missing,
            error,
        }
    }
}

pub(crate) const fn class_name(class: Class) -> &'static str {
    match class {
        Class::Malformed => "Malformed",
        Class::Rejected => "Rejected",
        Class::Unavailable => "Unavailable",
        _ => "Other",
    }
}

/// One step of the verification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StepReport {
    /// The engine's name of it, such as `AppId`; `Configuration` for the caller's side.
    pub step: String,
    /// For people, with the number in Apple's guide, such as `App ID (A6)`.
    pub title: &'static str,
    /// What is true if it passed.
    pub meaning: &'static str,
    /// What came of it.
    pub mark: Mark,
    /// What was compared, if it was reached.
    pub compared: Vec<Compared>,
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// It passed.
    Passed,
    /// It failed, and nothing after it was asked; of key attestations, the steps after it are those of a run in which it passed.
    Failed,
    /// A step before it failed.
    NotReached,
    /// The caller did not tell what it compares with.
    NotAsked,
}

/// A value that a step compared, and what to call it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// What it is.
    pub label: &'static str,
    /// The value, octets in hexadecimal digits.
    pub value: String,
}

/// What an object says of itself. `proved` tells whether to believe it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Facts {
    /// Whether the object was accepted, so that all of this is proved, but for `receipt`, `leaf_app_id`,
    /// `unsigned_code_hash_hex`, and `launch` where its `announced` is false.
    pub proved: bool,
    /// The length of the object in bytes.
    pub size: usize,
    /// The SHA-256 of the App ID.
    pub rp_id_hash_hex: String,
    /// The App ID: the one that was asked for if its hash fits, else the one that the leaf names.
    pub app_id: Option<String>,
    /// The App ID in the leaf's extension 1.2.840.113635.100.8.5, entry 1204. Apple has not documented it.
    pub leaf_app_id: Option<String>,
    /// `production` or `development`.
    pub environment: Option<&'static str>,
    /// `iphoneos`, `macosx` or what else the leaf says; from iOS 18.0 on.
    pub platform: Option<String>,
    /// The version of the operating system.
    pub os_version: Option<String>,
    /// Its build.
    pub os_build: Option<String>,
    /// The key identifier, base64.
    pub key_id_b64: Option<String>,
    /// The key identifier in hexadecimal digits.
    pub key_id_hex: Option<String>,
    /// The key, `04 ‖ X ‖ Y`, base64.
    pub public_key_b64: Option<String>,
    /// The signature counter.
    pub counter: u32,
    /// The flags of the authenticator data.
    pub flags: u8,
    /// The launch data of iOS 27 and macOS 27.
    pub launch: Option<LaunchFacts>,
    /// The leaf certificate.
    pub leaf: Option<CertificateFacts>,
    /// The intermediate certificate.
    pub intermediate: Option<CertificateFacts>,
    /// The content of the key's access-control list, in hexadecimal digits: 66 bytes on Macs, 69 on iPhones.
    pub access_control_hex: Option<String>,
    /// Macs: whether that list is the value that Apple documents; `None` of other platforms and without a list.
    pub access_control_documented: Option<bool>,
    /// The code hash in `cdHash`, from iOS 18.5 on, in hexadecimal digits. **Unverified**: nothing signs it.
    pub unsigned_code_hash_hex: Option<String>,
    /// What the receipt says, unverified.
    pub receipt: Option<ReceiptFacts>,
}

/// The launch data of iOS 27 and macOS 27.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LaunchFacts {
    /// Whether the signed flag ED announces it; if not, it is not believed.
    pub announced: bool,
    /// The validation category.
    pub category: Option<u32>,
    /// What the category means.
    pub category_name: Option<&'static str>,
    /// `CFBundleVersion`.
    pub bundle_version: Option<String>,
    /// The signed code hash, in hexadecimal digits.
    pub code_hash_hex: Option<String>,
    /// Its type: 2 is SHA-256.
    pub code_hash_type: Option<u8>,
}

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CertificateFacts {
    /// The subject's common name.
    pub subject: String,
    /// The issuer's common name.
    pub issuer: String,
    /// The serial number in hexadecimal digits.
    pub serial_hex: String,
    /// The first second of its validity, RFC 3339.
    pub not_before: String,
    /// The last second.
    pub not_after: String,
}

/// The certificates by themselves: everything else that the engine checks was taken as right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ChainReport {
    /// The common names of the trust anchors.
    pub anchors: Vec<String>,
    /// At the time that the caller told, or at the present.
    pub at: ChainVerdict,
    /// At a time within the validity of both certificates.
    pub within_validity: Option<ChainVerdict>,
}

/// The engine's answer about the certificates at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ChainVerdict {
    /// The time, RFC 3339.
    pub time: String,
    /// Whether the certificates hold; `None` if something before them failed in any case.
    pub holds: Option<bool>,
    /// The engine's stable number of the failure.
    pub code: Option<u16>,
    /// Its stable name.
    pub name: Option<&'static str>,
}

/// What the answer means, for whoever made the object or asked about it. **Unverified**: it reads what nothing signs, and
/// tries what might have been meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Diagnosis {
    /// Always `true`: nothing may be decided by it.
    pub unverified: bool,
    /// A stable name of what was found.
    pub finding: Finding,
    /// One sentence, or a few, from which the mistake can be mended.
    pub sentence: String,
    /// The usual mistakes that were tried.
    pub tried: Vec<String>,
}

/// What a diagnosis found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Finding {
    /// Accepted, nothing to mend.
    Accepted,
    /// Nothing is wrong so far; parts of the caller's side are missing.
    Incomplete,
    /// The object was encoded in base64 twice.
    DoubleBase64,
    /// The object was put through a text string.
    TextDamage,
    /// The object is of the other kind, or none of App Attest.
    OtherKind,
    /// An attestation of another format, such as a passkey's.
    OtherFormat,
    /// A field is missing.
    MissingField,
    /// A field is there that does not belong.
    UnknownField,
    /// The bytes are cut off, or go on after the object.
    Length,
    /// The client data hash: the bytes are other than those that the device was given.
    OtherClientData,
    /// The client data hash: the right bytes, hashed in another way.
    OtherHashing,
    /// The object was made for another client data hash, which the receipt names.
    SavedObject,
    /// The authenticator data was changed after the leaf was issued for it.
    ChangedAuthData,
    /// The App ID was given without its prefix.
    PrefixMissing,
    /// The App ID was given with another prefix.
    OtherPrefix,
    /// An App Clip and its app were mixed up.
    AppClip,
    /// The object belongs to another app.
    OtherApp,
    /// The key identifier in another form.
    KeyIdForm,
    /// Another key.
    OtherKey,
    /// The certificates are not valid at the time.
    Time,
    /// The certificates do not lead to a trust anchor.
    OtherAuthority,
    /// A key of the other environment.
    OtherEnvironment,
    /// The counter does not rise.
    Replay,
    /// What the policy asks for is not there, or is another.
    Policy,
    /// The caller's side is not well-formed.
    CallerSide,
    /// Well-formed, but not as genuine objects are.
    NotGenuine,
    /// None of the usual mistakes fits.
    NoneFits,
    /// Tokens: it has not as many segments as belong there, five or three.
    OtherSegments,
    /// It is the inner layer of a token alone, or what takes a certificate in its header for proof.
    InnerLayer,
    /// What was given for a token is a payload that was decoded already.
    AlreadyDecoded,
    /// Characters in the token that strict base64url does not have.
    TokenText,
    /// The header is not that of a token of Play Integrity.
    OtherHeader,
    /// The keys do not open it: a standard token, or keys of another app or from before a rotation.
    NotOpened,
    /// A key opens it, and the token was altered behind the wrapped key.
    Altered,
    /// Nothing signed is in it.
    NotSigned,
    /// Decryption and verification key are each in the place of the other.
    SwappedKeys,
    /// A key is not in the form that the Play Console shows.
    KeyForm,
    /// The keys of two pairs are mixed up.
    MixedPairs,
    /// The payload is not as Google writes it.
    PayloadForm,
    /// The nonce or request hash in another form.
    BindingForm,
    /// Another nonce or request hash: another request.
    OtherBinding,
    /// A classic request where a standard one was expected, or the other way round.
    OtherRequestKind,
    /// The certificate of the app is not one that the caller accepts.
    OtherCertificate,
    /// A test response of the Play Console.
    TestResponse,
    /// Google evaluated nothing.
    Unevaluated,
    /// Google Play does not know the app.
    NotRecognized,
    /// The device has none of the labels that the caller accepts.
    DeviceRefused,
    /// The user does not have the app from Google Play.
    NotLicensed,
    /// JSON Web Tokens: the algorithm is not that of the key, or `none`.
    OtherAlgorithm,
    /// Another issuer or audience.
    OtherParty,
    /// The token is bound to a key, and needs a proof.
    NeedsProof,
    /// Android key attestations: certificates are missing, repeated, or in another order.
    ChainForm,
    /// The first certificate describes no key.
    NotAttested,
    /// Software made the key or the attestation.
    SoftwareKey,
    /// An attested key signed the leaf.
    AttestKey,
    /// A certificate is revoked or suspended.
    Revoked,
    /// The boot loader is unlocked, or another system than the maker's runs.
    Unlocked,
}

/// `production` or `development`.
pub(crate) const fn environment_name(environment: Environment) -> &'static str {
    match environment {
        Environment::Production => "production",
        Environment::Development => "development",
    }
}
