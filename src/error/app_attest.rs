//! App Attest: the numbers 1000 to 1999.
//!
//! 11xx CBOR and layout, 12xx DER and the form of certificates, 13xx trust, 14xx binding, 15xx policy.

/// The steps of a verification, in the order in which they run: up to [`SignatureForm`](Self::SignatureForm) in `parse`, from
/// [`AppId`](Self::AppId) on in `verify`.
///
/// The numbers in brackets are the steps of Apple's *Validating apps that connect to your server*: `A` for the attestation, `B`
/// for the assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum Step {
    /// Which of the two objects it is. The start of an object that is too long is read for this.
    Kind,
    /// The size of the object.
    Size,
    /// Strict CBOR of the object and the shape of its maps.
    Encoding,
    /// Strict DER and the form of both certificates, and what the leaf has to hold.
    Certificates,
    /// The layout of the authenticator data, with the COSE key and the extension map in it.
    AuthenticatorData,
    /// Strict DER of an assertion's signature.
    SignatureForm,
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

/// Hands the rows of this protocol to the next macro, behind those that came before.
macro_rules! app_attest_errors {
    ($next:ident $($rest:tt)*) => {
        $next! { $($rest)*
            app_attest AppAttest {
                Malformed {
                    /// The key identifier that the client sent is not 32 bytes, or not the base64 of 32 bytes.
                    KeyIdFormat = 1150,
                }
                Malformed Kind {
                    /// The object is an assertion in the place of an attestation, or an attestation in the place of an assertion.
                    WrongObjectKind = 1126,
                }
                Malformed Size {
                    /// The object is longer than its cap (`MAX_ATTESTATION`, `MAX_ASSERTION`), beyond which nothing was read.
                    InputTooLarge = 1100,
                }
                Malformed Encoding {
                    /// The CBOR ends before the item does (RFC 8949 §5.3.1).
                    CborTruncated = 1101,
                    /// The CBOR is not well-formed: a reserved head, a stray break, a two-byte simple value below 32 (RFC 8949 §3).
                    CborMalformed = 1102,
                    /// An item has indefinite length, which no genuine object uses (RFC 8949 §4.2.1).
                    CborIndefinite = 1103,
                    /// A head is not in its shortest form (RFC 8949 §4.2.1).
                    CborNonCanonical = 1104,
                    /// A tag where none belongs (RFC 8949 §3.4).
                    CborTag = 1105,
                    /// A text string is not UTF-8 (RFC 8949 §3.1).
                    CborUtf8 = 1106,
                    /// An item has another type than its place requires.
                    CborType = 1107,
                    /// A map holds the same key twice (RFC 8949 §5.6).
                    CborDuplicateKey = 1108,
                    /// Bytes follow the object.
                    CborTrailing = 1109,
                    /// A map or array has more entries, or the value of `cdHash` is larger, than this verifier's cap.
                    CborLimit = 1110,
                    /// A map holds a key that does not belong there.
                    UnknownField = 1120,
                    /// A map lacks a required key: `fmt`, `attStmt`, `authData`, `x5c`, `receipt`, `signature`, `authenticatorData`.
                    MissingField = 1121,
                    /// `fmt` is not `apple-appattest`.
                    FmtMismatch = 1122,
                    /// `x5c` does not hold exactly two certificates, leaf and intermediate (step A1).
                    X5cCount = 1123,
                    /// The receipt is empty.
                    ReceiptEmpty = 1124,
                }
                Malformed Certificates {
                    /// A certificate is longer than `MAX_CERTIFICATE`.
                    CertTooLarge = 1125,
                    /// The DER ends before the element does (X.690 §8.1).
                    DerTruncated = 1200,
                    /// A length is indefinite, not minimal, or longer than two octets (X.690 §10.1).
                    DerLength = 1201,
                    /// An element has another tag than its place requires.
                    DerTag = 1202,
                    /// Bytes follow the last element of a structure.
                    DerTrailing = 1203,
                    /// An INTEGER is empty or not minimal (X.690 §8.3.2).
                    DerInteger = 1204,
                    /// A BOOLEAN is not `FF`, or a DEFAULT FALSE is spelled out (X.690 §11.1, §11.5).
                    DerBoolean = 1205,
                    /// A BIT STRING is empty, has unused bits where none may be, or padding that is not zero (X.690 §11.2).
                    DerBitString = 1206,
                    /// An OBJECT IDENTIFIER is empty, cut off, or not minimal (X.690 §8.19).
                    DerOid = 1207,
                    /// A time is not `YYMMDDHHMMSSZ`, or `YYYYMMDDHHMMSSZ` from 2050 on, or not a date since 1970 (RFC 5280 §4.1.2.5).
                    DerTime = 1208,
                    /// The certificate is not X.509 version 3 (RFC 5280 §4.1.2.1).
                    CertVersion = 1220,
                    /// The serial number is not positive, or longer than 20 octets (RFC 5280 §4.1.2.2).
                    CertSerial = 1221,
                    /// The signature algorithms inside and outside the signed part differ (RFC 5280 §4.1.1.2).
                    CertAlgMismatch = 1222,
                    /// The signature algorithm is not ECDSA with SHA-256 or SHA-384, parameters absent (RFC 5758 §3.2).
                    CertAlgUnsupported = 1223,
                    /// The certificate's signature is not a strict DER `ECDSA-Sig-Value` (RFC 3279 §2.2.3).
                    CertSignatureEncoding = 1224,
                    /// notBefore is later than notAfter (RFC 5280 §4.1.2.5).
                    ValidityInverted = 1225,
                    /// The leaf's key is not one on P-256, or the key of a certificate is on neither P-256 nor P-384 (RFC 5480 §2.1.1).
                    SpkiAlgorithm = 1226,
                    /// The subject key has not the form of an uncompressed point of its curve (RFC 5480 §2.2).
                    SpkiPoint = 1227,
                    /// An extension occurs twice (RFC 5280 §4.2).
                    ExtDuplicate = 1228,
                    /// There are more extensions than `MAX_EXTENSIONS`.
                    ExtLimit = 1229,
                    /// An extension's value, or the list of extensions, is not of its form.
                    ExtMalformed = 1230,
                    /// There is a critical extension that this verifier does not handle (RFC 5280 §4.2).
                    ExtCriticalUnknown = 1231,
                    /// The leaf has no nonce extension 1.2.840.113635.100.8.2 (step A4).
                    NonceMissing = 1232,
                    /// The nonce extension is not `SEQUENCE { [1] { OCTET STRING (32) } }` (step A4).
                    NonceMalformed = 1233,
                }
                Malformed AuthenticatorData {
                    /// The authenticator data ends within a fixed field.
                    AuthDataTruncated = 1140,
                    /// The flags contradict the content: AT clear in an attestation, or ED set with no extension map behind it.
                    AuthDataFlags = 1141,
                    /// What follows the fixed fields is not exactly one complete extension map.
                    AuthDataTrailing = 1142,
                    /// The credential identifier is not 32 bytes long (step A9).
                    CredentialIdLength = 1143,
                    /// The credential public key is not a COSE key, lacks x or y, or has a label other than kty, alg, crv, x and y (RFC 9053 §7.1.1).
                    CoseMalformed = 1144,
                    /// The COSE key does not say that it is ES256 on P-256: kty 2, alg −7, crv 1 (RFC 9053 §2.1).
                    CoseUnsupported = 1145,
                    /// The extension map holds a key that is no text, a known key with a value of another form, or a value that is not
                    /// strict CBOR.
                    ExtMapMalformed = 1146,
                    /// The extension map is larger, or holds more, than this verifier's caps.
                    ExtMapLimit = 1147,
                    /// The COSE key, or an item in it, has indefinite length (RFC 8949 §4.2.1).
                    CoseIndefinite = 1148,
                    /// A head of the COSE key is not in its shortest form, or its labels are out of order (RFC 8949 §4.2.1).
                    CoseNonCanonical = 1149,
                    /// The COSE key holds a label twice (RFC 9052 §7).
                    CoseDuplicateLabel = 1151,
                    /// The extension map, or an item in it, has indefinite length (RFC 8949 §4.2.1).
                    ExtMapIndefinite = 1152,
                    /// A head of the extension map is not in its shortest form (RFC 8949 §4.2.1).
                    ExtMapNonCanonical = 1153,
                    /// The extension map holds a key twice (RFC 8949 §5.6).
                    ExtMapDuplicateKey = 1154,
                }
                Malformed SignatureForm {
                    /// The assertion's signature is not a strict DER `ECDSA-Sig-Value` (RFC 3279 §2.2.3).
                    SignatureEncoding = 1330,
                }
                Rejected AppId {
                    /// The App ID hash is not one that the policy lists, or not that of the attested key (steps A6, B4).
                    RpIdMismatch = 1500,
                }
                Rejected CounterZero {
                    /// The counter of an attestation is not zero (step A7).
                    CounterNotZero = 1404,
                }
                Rejected Environment {
                    /// The key belongs to an environment that the policy does not allow (step A8).
                    EnvironmentMismatch = 1501,
                    /// The AAGUID is neither `appattest` nor `appattestdevelop` (step A8).
                    AaguidUnknown = 1502,
                }
                Rejected KeyId {
                    /// The key identifier is not the SHA-256 of the certified public key (step A5).
                    KeyIdMismatch = 1401,
                }
                Rejected CredentialId {
                    /// The credential identifier is not the key identifier (step A9).
                    CredentialIdMismatch = 1402,
                }
                Malformed CredentialKey {
                    /// The certified public key is not a point of P-256 (SEC 1 §3.2.2.1).
                    LeafKeyInvalid = 1410,
                }
                Rejected CredentialKey {
                    /// The credential public key is not the certified public key.
                    CoseKeyMismatch = 1403,
                }
                Rejected Launch {
                    /// The policy requires launch data that the object does not carry, or carries without the signed flag ED.
                    LaunchDataMissing = 1503,
                    /// The validation category is not one that the policy lists.
                    CategoryRefused = 1504,
                    /// The bundle version is not one that the policy lists.
                    BundleVersionRefused = 1505,
                    /// The code hash is not one that the policy lists.
                    CodeHashRefused = 1506,
                }
                Rejected Device {
                    /// The policy requires a platform that the leaf does not name.
                    PlatformMissing = 1510,
                    /// The platform is not one that the policy lists.
                    PlatformRefused = 1511,
                    /// The policy requires a version of the operating system that the leaf does not name.
                    OsVersionMissing = 1512,
                    /// The version of the operating system is older than the policy's minimum.
                    OsVersionTooOld = 1513,
                    /// The policy requires a build of the operating system that the leaf does not name.
                    OsBuildMissing = 1514,
                    /// The build of the operating system is older than the policy's minimum.
                    OsBuildTooOld = 1515,
                    /// The policy requires an access-control list that the leaf of a Mac does not carry.
                    AccessControlMissing = 1516,
                    /// The access-control list of a Mac's key is not the policy's.
                    AccessControlRefused = 1517,
                }
                Rejected Nonce {
                    /// The nonce in the leaf is not SHA-256(authenticator data ‖ client data hash) (steps A2–A4).
                    NonceMismatch = 1400,
                }
                Rejected Validity {
                    /// The time is before the leaf's notBefore (RFC 5280 §6.1.3 (a)(2)).
                    LeafNotYetValid = 1310,
                    /// The time is after the leaf's notAfter (RFC 5280 §6.1.3 (a)(2)).
                    LeafExpired = 1311,
                    /// The time is before the intermediate's notBefore (RFC 5280 §6.1.3 (a)(2)).
                    IntermediateNotYetValid = 1312,
                    /// The time is after the intermediate's notAfter (RFC 5280 §6.1.3 (a)(2)).
                    IntermediateExpired = 1313,
                    /// More time has passed since the leaf's notBefore than the policy allows.
                    AttestationTooOld = 1314,
                }
                Malformed Chain {
                    /// The key of the intermediate is not one on P-384 (RFC 5480 §2.1.1).
                    IntermediateKeyAlgorithm = 1307,
                    /// The key of the intermediate is not a point of P-384 (SEC 1 §3.2.2.1).
                    IntermediateKeyInvalid = 1308,
                }
                Rejected Chain {
                    /// The leaf's issuer is empty, or not the intermediate's subject, byte by byte (RFC 5280 §4.1.2.4, §6.1.3 (a)(4)).
                    IssuerMismatch = 1300,
                    /// No trust anchor has the name of the intermediate's issuer (RFC 5280 §6.1.3 (a)(4)).
                    AnchorUnknown = 1301,
                    /// The leaf is a certification authority (RFC 5280 §4.2.1.9).
                    CaAsLeaf = 1302,
                    /// The basic constraints do not fit the certificate's place (RFC 5280 §4.2.1.9).
                    BasicConstraints = 1303,
                    /// The key usage does not fit the certificate's place (RFC 5280 §4.2.1.3).
                    KeyUsage = 1304,
                    /// The intermediate is issued under its own name: a root in the place of an intermediate (RFC 5280 §3.2).
                    SelfIssued = 1305,
                    /// The leaf has an extended key usage, or the intermediate a critical one, and the purpose 1.2.840.113635.100.4.24 of App
                    /// Attest is not in it (RFC 5280 §4.2.1.12).
                    ExtendedKeyUsage = 1306,
                }
                Rejected IntermediateSignature {
                    /// The trust anchor's key did not sign the intermediate (RFC 5280 §6.1.3 (a)(1)).
                    IntermediateSignature = 1320,
                }
                Rejected LeafSignature {
                    /// The intermediate's key did not sign the leaf (RFC 5280 §6.1.3 (a)(1)).
                    LeafSignature = 1321,
                }
                Rejected Signature {
                    /// The attested key did not sign this authenticator data and client data (step B3).
                    SignatureInvalid = 1331,
                }
                Rejected CounterRisen {
                    /// The counter of an assertion is not greater than the last one (step B5).
                    CounterNotIncreased = 1405,
                    /// The counter store holds no counter for this key; this is never read as zero (step B5).
                    UnknownKey = 1406,
                    /// The counter lies within the replay window and was accepted before (step B5; RFC 4303 §3.4.3).
                    CounterSeen = 1407,
                    /// The counter lies below the replay window, and it is no longer known whether it was accepted before (RFC 4303 §3.4.3).
                    CounterBelowWindow = 1408,
                    /// The counter is further above the last one than the policy allows.
                    CounterStepTooLarge = 1409,
                }
            }
        }
    };
}
