//! What can go wrong, as one 2-byte value with a stable number.
//!
//! The whole table is written once, below: the enum, the numbers, the names, the class told to the peer and the step
//! of the verification come from the same row. `src/guide/errors.md` is held against it by a test.

use core::fmt;

/// What a peer may be told about a failure.
///
/// The precise [`Error`] belongs in the verifier's log and metrics; the peer gets this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Class {
    /// The bytes are not an object of the kind asked for. Sending them again cannot help.
    Malformed,
    /// The bytes are well-formed and are refused.
    Rejected,
    /// The verifier could not decide: its configuration, clock, storage or cryptographic backend is at fault, not the
    /// peer. Never treat this as a refusal of the peer, and never as an acceptance.
    Unavailable,
}

/// The steps of a verification, in the order in which they run: up to [`SignatureForm`](Self::SignatureForm) in
/// `parse`, from [`Configuration`](Self::Configuration) on in `verify`. Two exceptions: that a key is no point of its
/// curve, or the intermediate's is on another, belongs to [`Certificates`](Self::Certificates) and is found in `verify`; that
/// an anchor's is none belongs to [`Configuration`](Self::Configuration) and is found with the chain.
///
/// Everything before the step of an [`Error`] of theirs has passed; of what comes after it, nothing is known. The numbers in
/// brackets are the steps of Apple's *Validating apps that connect to your server*: `A` for the attestation, `B` for the assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Step {
    /// Which of the two objects it is.
    Kind,
    /// The size of the object.
    Size,
    /// Strict CBOR and the shape of its maps; covers the COSE key and the extension map as well.
    Encoding,
    /// Strict DER and the X.509 form of both certificates.
    Certificates,
    /// The layout of the authenticator data.
    AuthenticatorData,
    /// Strict DER of an assertion's signature.
    SignatureForm,
    /// What the object is held against: policy, trust anchors, clock, stored key, key identifier, client data hash.
    Configuration,
    /// The App ID hash (A6, B4).
    AppId,
    /// The counter of an attestation is zero (A7).
    CounterZero,
    /// The AAGUID names an environment that the policy allows (A8).
    Environment,
    /// The key identifier is the hash of the certified key (A5).
    KeyId,
    /// The credential identifier is the key identifier (A9).
    CredentialId,
    /// The credential public key is the certified key, and a point of the curve.
    CredentialKey,
    /// The launch data of iOS 27 satisfies the policy.
    Launch,
    /// What the leaf says of the device satisfies the policy.
    Device,
    /// The nonce covers this authenticator data and this client data (A2–A4).
    Nonce,
    /// The time lies within both certificates' validity (A1), and the attestation is not older than the policy allows.
    Validity,
    /// Names, roles and keys of the chain (A1).
    Chain,
    /// The trust anchor signed the intermediate (A1).
    IntermediateSignature,
    /// The intermediate signed the leaf (A1).
    LeafSignature,
    /// The attested key signed the assertion (B1–B3).
    Signature,
    /// The counter of an assertion has risen, or was not seen before (B5).
    CounterRisen,
}

macro_rules! errors {
    ($( $class:ident $step:ident { $( $(#[$doc:meta])+ $name:ident = $code:literal, )+ } )+) => {
        /// Why an object was not accepted.
        ///
        /// Two bytes, `Copy`, and free of input: nothing of the object can leak through an error into a log. The
        /// number ([`code`](Self::code)) and the [`name`](Self::name) are stable across releases; the hundreds are
        /// 1 CBOR and layout, 2 DER and X.509 form, 3 trust, 4 binding, 5 policy, 9 undecided.
        ///
        #[doc = include_str!("../guide/errors.md")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        #[repr(u16)]
        pub enum Error {
            $( $( $(#[$doc])+ $name = $code, )+ )+
        }

        impl Error {
            /// Every error, in the order of the table.
            pub const ALL: &'static [Self] = &[ $( $( Self::$name, )+ )+ ];

            /// The stable number.
            #[must_use]
            pub const fn code(self) -> u16 {
                match self { $( $( Self::$name => $code, )+ )+ }
            }

            /// The stable name, as written in this enum: a metric label.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( $( Self::$name => stringify!($name), )+ )+ }
            }

            /// What the peer may be told.
            #[must_use]
            pub const fn class(self) -> Class {
                match self { $( $( Self::$name )|+ => Class::$class, )+ }
            }

            /// The step of the verification that failed.
            #[must_use]
            pub const fn step(self) -> Step {
                match self { $( $( Self::$name )|+ => Step::$step, )+ }
            }
        }
    };
}

errors! {
    Malformed Kind {
        /// The object is an assertion in the place of an attestation, or an attestation in the place of an assertion.
        WrongObjectKind = 126,
    }
    Malformed Size {
        /// The object is longer than its cap (`MAX_ATTESTATION`, `MAX_ASSERTION`), beyond which nothing was read.
        InputTooLarge = 100,
    }
    Malformed Encoding {
        /// The CBOR ends before the item does (RFC 8949 §5.3.1).
        CborTruncated = 101,
        /// The CBOR is not well-formed: a reserved head, a stray break, a two-byte simple value below 32 (RFC 8949 §3).
        CborMalformed = 102,
        /// An item has indefinite length, which no genuine object uses (RFC 8949 §4.2.1).
        CborIndefinite = 103,
        /// A head is not in its shortest form, or the labels of the COSE key are out of order (RFC 8949 §4.2.1).
        CborNonCanonical = 104,
        /// A tag where none belongs (RFC 8949 §3.4).
        CborTag = 105,
        /// A text string is not UTF-8 (RFC 8949 §3.1).
        CborUtf8 = 106,
        /// An item has another type than its place requires.
        CborType = 107,
        /// A map holds the same key twice (RFC 8949 §5.6).
        CborDuplicateKey = 108,
        /// Bytes follow the object.
        CborTrailing = 109,
        /// A map or array has more entries, or the value of `cdHash` is larger, than this verifier's cap.
        CborLimit = 110,
        /// A map holds a key that does not belong there.
        UnknownField = 120,
        /// A map lacks a required key: `fmt`, `attStmt`, `authData`, `x5c`, `receipt`, `signature`, `authenticatorData`.
        MissingField = 121,
        /// `fmt` is not `apple-appattest`.
        FmtMismatch = 122,
        /// `x5c` does not hold exactly two certificates, leaf and intermediate (step A1).
        X5cCount = 123,
        /// The receipt is empty.
        ReceiptEmpty = 124,
    }
    Malformed Certificates {
        /// A certificate is longer than `MAX_CERTIFICATE`.
        CertTooLarge = 125,
    }
    Malformed AuthenticatorData {
        /// The authenticator data ends within a fixed field.
        AuthDataTruncated = 140,
        /// The flags contradict the content: AT clear in an attestation, or ED set with no extension map behind it.
        AuthDataFlags = 141,
        /// What follows the fixed fields is not exactly one complete extension map.
        AuthDataTrailing = 142,
        /// The credential identifier is not 32 bytes long (step A9).
        CredentialIdLength = 143,
        /// The credential public key is not a COSE key, lacks x or y, or has a label other than kty, alg, crv, x and y (RFC 9053 §7.1.1).
        CoseMalformed = 144,
        /// The COSE key does not say that it is ES256 on P-256: kty 2, alg −7, crv 1 (RFC 9053 §2.1).
        CoseUnsupported = 145,
        /// The extension map holds a key that is no text, a known key with a value of another form, or a value that is not
        /// strict CBOR.
        ExtMapMalformed = 146,
        /// The extension map is larger, or holds more, than this verifier's caps.
        ExtMapLimit = 147,
    }
    Malformed Configuration {
        /// The key identifier that the client sent is not 32 bytes, or not the base64 of 32 bytes.
        KeyIdFormat = 150,
    }
    Malformed Certificates {
        /// The DER ends before the element does (X.690 §8.1).
        DerTruncated = 200,
        /// A length is indefinite, not minimal, or longer than two octets (X.690 §10.1).
        DerLength = 201,
        /// An element has another tag than its place requires.
        DerTag = 202,
        /// Bytes follow the last element of a structure.
        DerTrailing = 203,
        /// An INTEGER is empty or not minimal (X.690 §8.3.2).
        DerInteger = 204,
        /// A BOOLEAN is not `FF`, or a DEFAULT FALSE is spelled out (X.690 §11.1, §11.5).
        DerBoolean = 205,
        /// A BIT STRING is empty, has unused bits where none may be, or padding that is not zero (X.690 §11.2).
        DerBitString = 206,
        /// An OBJECT IDENTIFIER is empty, cut off, or not minimal (X.690 §8.19).
        DerOid = 207,
        /// A time is not `YYMMDDHHMMSSZ`, or `YYYYMMDDHHMMSSZ` from 2050 on, or not a date since 1970 (RFC 5280 §4.1.2.5).
        DerTime = 208,
        /// The certificate is not X.509 version 3 (RFC 5280 §4.1.2.1).
        CertVersion = 220,
        /// The serial number is not positive, or longer than 20 octets (RFC 5280 §4.1.2.2).
        CertSerial = 221,
        /// The signature algorithms inside and outside the signed part differ (RFC 5280 §4.1.1.2).
        CertAlgMismatch = 222,
        /// The signature algorithm is not ECDSA with SHA-256 or SHA-384, parameters absent (RFC 5758 §3.2).
        CertAlgUnsupported = 223,
        /// The certificate's signature is not a strict DER `ECDSA-Sig-Value` (RFC 3279 §2.2.3).
        CertSignatureEncoding = 224,
        /// notBefore is later than notAfter (RFC 5280 §4.1.2.5).
        ValidityInverted = 225,
        /// The subject key is not of the named curve that its place requires: P-256 (leaf), P-384 (intermediate) (RFC 5480 §2.1.1).
        SpkiAlgorithm = 226,
        /// The subject key is not an uncompressed point of its curve (RFC 5480 §2.2).
        SpkiPoint = 227,
        /// An extension occurs twice (RFC 5280 §4.2).
        ExtDuplicate = 228,
        /// There are more extensions than `MAX_EXTENSIONS`.
        ExtLimit = 229,
        /// An extension's value, or the list of extensions, is not of its form.
        ExtMalformed = 230,
        /// There is a critical extension that this verifier does not handle (RFC 5280 §4.2).
        ExtCriticalUnknown = 231,
        /// The leaf has no nonce extension 1.2.840.113635.100.8.2 (step A4).
        NonceMissing = 232,
        /// The nonce extension is not `SEQUENCE { [1] { OCTET STRING (32) } }` (step A4).
        NonceMalformed = 233,
    }
    Rejected Chain {
        /// The leaf's issuer is empty, or not the intermediate's subject, byte by byte (RFC 5280 §4.1.2.4, §6.1.3 (a)(4)).
        IssuerMismatch = 300,
        /// No trust anchor has the name of the intermediate's issuer (RFC 5280 §6.1.3 (a)(4)).
        AnchorUnknown = 301,
        /// The leaf is a certification authority (RFC 5280 §4.2.1.9).
        CaAsLeaf = 302,
        /// The basic constraints do not fit the certificate's place (RFC 5280 §4.2.1.9).
        BasicConstraints = 303,
        /// The key usage does not fit the certificate's place (RFC 5280 §4.2.1.3).
        KeyUsage = 304,
        /// The intermediate is issued under its own name: a root in the place of an intermediate (RFC 5280 §3.2).
        SelfIssued = 305,
        /// The leaf has an extended key usage, or the intermediate a critical one, and the purpose 1.2.840.113635.100.4.24 of App
        /// Attest is not in it (RFC 5280 §4.2.1.12).
        ExtendedKeyUsage = 306,
    }
    Rejected Validity {
        /// The time is before the leaf's notBefore (RFC 5280 §6.1.3 (a)(2)).
        LeafNotYetValid = 310,
        /// The time is after the leaf's notAfter (RFC 5280 §6.1.3 (a)(2)).
        LeafExpired = 311,
        /// The time is before the intermediate's notBefore (RFC 5280 §6.1.3 (a)(2)).
        IntermediateNotYetValid = 312,
        /// The time is after the intermediate's notAfter (RFC 5280 §6.1.3 (a)(2)).
        IntermediateExpired = 313,
        /// More time has passed since the leaf's notBefore than the policy allows.
        AttestationTooOld = 314,
    }
    Rejected IntermediateSignature {
        /// The trust anchor's key did not sign the intermediate (RFC 5280 §6.1.3 (a)(1)).
        IntermediateSignature = 320,
    }
    Rejected LeafSignature {
        /// The intermediate's key did not sign the leaf (RFC 5280 §6.1.3 (a)(1)).
        LeafSignature = 321,
    }
    Malformed SignatureForm {
        /// The assertion's signature is not a strict DER `ECDSA-Sig-Value` (RFC 3279 §2.2.3).
        SignatureEncoding = 330,
    }
    Rejected Signature {
        /// The attested key did not sign this authenticator data and client data (step B3).
        SignatureInvalid = 331,
    }
    Rejected Nonce {
        /// The nonce in the leaf is not SHA-256(authenticator data ‖ client data hash) (steps A2–A4).
        NonceMismatch = 400,
    }
    Rejected KeyId {
        /// The key identifier is not the SHA-256 of the certified public key (step A5).
        KeyIdMismatch = 401,
    }
    Rejected CredentialId {
        /// The credential identifier is not the key identifier (step A9).
        CredentialIdMismatch = 402,
    }
    Rejected CredentialKey {
        /// The credential public key is not the certified public key.
        CoseKeyMismatch = 403,
    }
    Rejected CounterZero {
        /// The counter of an attestation is not zero (step A7).
        CounterNotZero = 404,
    }
    Rejected CounterRisen {
        /// The counter of an assertion is not greater than the last one (step B5).
        CounterNotIncreased = 405,
        /// The counter store holds no counter for this key; this is never read as zero (step B5).
        UnknownKey = 406,
        /// The counter lies within the replay window and was accepted before (step B5; RFC 4303 §3.4.3).
        CounterSeen = 407,
        /// The counter lies below the replay window, and it is no longer known whether it was accepted before (RFC 4303 §3.4.3).
        CounterBelowWindow = 408,
        /// The counter is further above the last one than the policy allows.
        CounterStepTooLarge = 409,
    }
    Rejected AppId {
        /// The App ID hash is not one that the policy lists, or not that of the attested key (steps A6, B4).
        RpIdMismatch = 500,
    }
    Rejected Environment {
        /// The key belongs to an environment that the policy does not allow (step A8).
        EnvironmentMismatch = 501,
        /// The AAGUID is neither `appattest` nor `appattestdevelop` (step A8).
        AaguidUnknown = 502,
    }
    Rejected Launch {
        /// The policy requires launch data that the object does not carry, or carries without the signed flag ED.
        LaunchDataMissing = 503,
        /// The validation category is not one that the policy lists.
        CategoryRefused = 504,
        /// The bundle version is not one that the policy lists.
        BundleVersionRefused = 505,
        /// The code hash is not one that the policy lists.
        CodeHashRefused = 506,
    }
    Rejected Device {
        /// The policy requires a platform that the leaf does not name.
        PlatformMissing = 510,
        /// The platform is not one that the policy lists.
        PlatformRefused = 511,
        /// The policy requires a version of the operating system that the leaf does not name.
        OsVersionMissing = 512,
        /// The version of the operating system is older than the policy's minimum.
        OsVersionTooOld = 513,
        /// The policy requires a build of the operating system that the leaf does not name.
        OsBuildMissing = 514,
        /// The build of the operating system is older than the policy's minimum.
        OsBuildTooOld = 515,
        /// The policy requires an access-control list that the leaf of a Mac does not carry.
        AccessControlMissing = 516,
        /// The access-control list of a Mac's key is not the policy's.
        AccessControlRefused = 517,
    }
    Unavailable Configuration {
        /// The cryptographic backend could not compute; nothing is known about the object.
        CryptoUnavailable = 900,
        /// The time is zero: the clock was never set.
        ClockUnset = 901,
        /// The policy lists no App ID.
        ConfigNoAppId = 902,
        /// No trust anchor is configured.
        ConfigNoAnchor = 903,
        /// A trust anchor has no name or no key on P-384, is not a certification authority, or two share a name.
        ConfigInvalidAnchor = 904,
        /// The client data hash is empty, so that the object would be bound to nothing.
        ConfigEmptyClientData = 905,
        /// A stored key is not one that this crate encoded, or was altered.
        StoredKeyMalformed = 906,
        /// A public key given by the caller is not a point of the curve.
        PublicKeyInvalid = 907,
        /// A stored replay window is not of its form.
        StoredWindowMalformed = 909,
    }
    Unavailable CounterRisen {
        /// The counter store could not answer; the counter may or may not have moved.
        StoreUnavailable = 908,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.code())
    }
}

impl core::error::Error for Error {}
