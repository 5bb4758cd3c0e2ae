//! Google Play Integrity: the numbers 2000 to 2999.
//!
//! 20xx the token and its layers, 21xx the payload and what the policy compares, 29xx configuration.

/// The steps of a verification, in the order in which they run. A payload that Google decoded begins at
/// [`Payload`](Self::Payload).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum Step {
    /// The size of the token.
    Size,
    /// Five segments of strict base64url (RFC 7516 §7.1).
    Form,
    /// The header of the JWE: strict JSON, `A256KW`, `A256GCM`, nothing critical (RFC 7516 §4.1).
    Header,
    /// A decryption key unwraps the content key, and the tag is right (RFC 7516 §5.2). One step with one code.
    Decryption,
    /// The JWS within, and its header: `ES256` (RFC 7515 §4.1).
    InnerForm,
    /// Google's signature, by the verification key (RFC 7515 §5.2).
    Signature,
    /// The payload: strict JSON of the known shape.
    Payload,
    /// The package that asked for the token (`requestDetails.requestPackageName`).
    RequestPackage,
    /// The nonce or request hash.
    Binding,
    /// The age of the token (`requestDetails.timestampMillis`).
    Time,
    /// Test responses (`testingDetails`).
    Testing,
    /// The app: verdict, package, certificate, version (`appIntegrity`).
    App,
    /// The labels of the device (`deviceIntegrity`).
    Device,
    /// The licence (`accountDetails`).
    Licensing,
    /// Signals that a policy may ask for (`deviceIntegrity`, `accountDetails`, `environmentDetails`).
    Signals,
}

/// Hands the rows of this protocol to the next macro, behind those that came before.
#[cfg(feature = "play-integrity")]
macro_rules! play_integrity_errors {
    ($next:ident $($rest:tt)*) => {
        $next! { $($rest)*
            play_integrity PlayIntegrity {
                Malformed Size {
                    /// The token, or the answer of Google's server, is longer than its cap (`MAX_TOKEN`, `MAX_ANSWER`).
                    PlayTooLarge = 2000,
                }
                Malformed Form {
                    /// The token has not the five segments of a JWE in the compact form (RFC 7516 §7.1). A JWS has three.
                    PlaySegments = 2001,
                    /// A segment is not canonical base64url: padding, white space, the other alphabet, spare bits (RFC 7515 §2).
                    PlayBase64 = 2002,
                }
                Malformed Header {
                    /// The header of the JWE is longer, or holds more, than this verifier's caps.
                    PlayHeaderTooLarge = 2010,
                    /// The header of the JWE is not strict JSON, or a member of it has another type than it should.
                    PlayHeaderMalformed = 2011,
                    /// The header of the JWE has a member twice (RFC 7516 §4).
                    PlayHeaderDuplicate = 2012,
                    /// `alg` is not `A256KW` (RFC 7518 §4.4).
                    PlayAlgorithm = 2013,
                    /// `enc` is not `A256GCM` (RFC 7518 §5.3).
                    PlayEncryption = 2014,
                    /// The header has `zip`, which no genuine token has (RFC 7516 §4.1.3).
                    PlayCompressed = 2015,
                    /// The header has `crit`: something in it must be understood, and nothing is (RFC 7516 §4.1.13).
                    PlayCritical = 2016,
                }
                Rejected Decryption {
                    /// No configured key opens the token: it was altered, is for other keys (the keys of another app or from before a
                    /// rotation), or is a standard token, which Google's server alone opens. Nothing tells which.
                    PlayNotOpened = 2020,
                }
                Malformed InnerForm {
                    /// What the JWE holds is not a JWS in the compact form (RFC 7515 §7.1). Encryption alone proves nothing.
                    PlayNotSigned = 2030,
                    /// The header of the JWS is not strict JSON, has a member twice, or is longer than this verifier's cap.
                    PlayInnerHeader = 2031,
                    /// `alg` of the JWS is not `ES256` (RFC 7518 §3.4).
                    PlayInnerAlgorithm = 2032,
                    /// The header of the JWS has `crit` (RFC 7515 §4.1.11).
                    PlayInnerCritical = 2033,
                    /// The signature is not the 64 octets of r ‖ s (RFC 7518 §3.4).
                    PlaySignatureForm = 2034,
                }
                Rejected Signature {
                    /// The verification key did not sign the payload: Google did not make it.
                    PlaySignatureInvalid = 2040,
                }
                Malformed Payload {
                    /// The payload is longer than `MAX_PAYLOAD`.
                    PlayPayloadTooLarge = 2050,
                    /// The payload is not of the grammar of JSON, or not UTF-8 (RFC 8259).
                    PlayJsonMalformed = 2051,
                    /// Something follows the payload.
                    PlayJsonTrailing = 2052,
                    /// An object of the payload has a member twice (RFC 8259 §4).
                    PlayJsonDuplicate = 2053,
                    /// A member that decides has another type than Google's discovery document gives it, or does not fit 64 bits.
                    PlayJsonType = 2054,
                    /// The payload is deeper, or has more members, than this verifier's caps.
                    PlayJsonLimit = 2055,
                    /// The payload has no `requestDetails.requestPackageName` or no `requestDetails.timestampMillis`.
                    PlayMemberMissing = 2056,
                    /// The payload of the JWS is signed, and not canonical base64url (RFC 7515 §2).
                    PlayPayloadBase64 = 2057,
                }
                Rejected RequestPackage {
                    /// Another package asked for the token (`requestDetails.requestPackageName`).
                    PlayRequestPackage = 2100,
                }
                Rejected Binding {
                    /// A nonce is expected, and the payload has none: a standard request, for example. Or a token was opened here, which a
                    /// nonce alone identifies, and a request hash was expected.
                    PlayNonceMissing = 2101,
                    /// The nonce does not decode to the octets that were expected.
                    PlayNonceMismatch = 2102,
                    /// A request hash is expected, and the payload has none: a classic request, for example.
                    PlayRequestHashMissing = 2103,
                    /// The request hash is not the text that was expected.
                    PlayRequestHashMismatch = 2104,
                }
                Rejected Time {
                    /// The token is older than the policy allows.
                    PlayTooOld = 2105,
                    /// The token was made later than it is now, by more than the policy allows clocks to differ.
                    PlayFromFuture = 2106,
                }
                Rejected Testing {
                    /// The verdicts are those of a test that the Play Console configures (`testingDetails.isTestingResponse`).
                    PlayTestResponse = 2107,
                }
                Rejected App {
                    /// Google Play does not know this app and certificate (`UNRECOGNIZED_VERSION`), or sends a verdict that is unknown here.
                    PlayAppNotRecognized = 2110,
                    /// Google did not evaluate the app (`UNEVALUATED`), because the device misses a requirement, or sent no verdict.
                    PlayAppUnevaluated = 2111,
                    /// The app has another package name (`appIntegrity.packageName`), or none.
                    PlayAppPackage = 2112,
                    /// No certificate of the app is one that the policy lists, or there is none.
                    PlayCertificate = 2113,
                    /// The version code of the app is below the policy's minimum, or not there.
                    PlayVersionTooOld = 2114,
                }
                Rejected Device {
                    /// The device has none of the labels that the policy accepts.
                    PlayDeviceLabels = 2120,
                }
                Rejected Licensing {
                    /// The user did not get the app from Google Play (`UNLICENSED`), or the verdict is unknown here.
                    PlayNotLicensed = 2130,
                    /// Google did not evaluate the licence (`UNEVALUATED`), because the device misses a requirement, or sent no verdict.
                    PlayLicensingUnevaluated = 2131,
                }
                Rejected Signals {
                    /// The policy asks for a signal that the payload does not carry: it is off in the Play Console, or was not evaluated.
                    PlaySignalMissing = 2140,
                    /// The verdict of Play Protect is not one that the policy accepts.
                    PlayProtectRefused = 2141,
                    /// An app was detected that the policy refuses (`appAccessRiskVerdict`).
                    PlayAccessRisk = 2142,
                    /// The device made more requests of late than the policy accepts (`recentDeviceActivity`).
                    PlayDeviceActivity = 2143,
                    /// The version of Android is below the policy's minimum (`deviceAttributes.sdkVersion`).
                    PlaySdkTooOld = 2144,
                    /// A risk of a false location was detected that the policy refuses (`locationSpoofingRiskVerdict`).
                    PlayLocationRisk = 2145,
                    /// The activity of the account is not one that the policy accepts (`accountActivity`).
                    PlayAccountActivity = 2146,
                }
                Unavailable {
                    /// There is no pair of keys to open tokens with.
                    PlayConfigNoKeys = 2900,
                    /// Two pairs have one decryption key, so that nobody knows which verification key counts.
                    PlayConfigDuplicateKey = 2901,
                    /// The policy's package name is empty.
                    PlayConfigPackage = 2902,
                    /// The policy lists no certificate, so that no app could pass.
                    PlayConfigNoCertificate = 2903,
                    /// The expected nonce has not 12 to 375 octets, or the expected request hash not 1 to 500: Google takes no others.
                    PlayBindingLength = 2904,
                    /// The decryption key of the Play Console is not standard base64 with padding.
                    PlayDecryptionKeyBase64 = 2905,
                    /// The decryption key of the Play Console is not 32 octets.
                    PlayDecryptionKeyLength = 2906,
                    /// The verification key of the Play Console is not standard base64 with padding.
                    PlayVerificationKeyBase64 = 2907,
                    /// The verification key of the Play Console is not the 91 octets of a key on P-256 (RFC 5480 §2).
                    PlayVerificationKeyForm = 2908,
                    /// The evidence is of a platform or kind for which no verifier is configured.
                    ConfigNoPlatform = 2909,
                }
            }
        }
    };
}

#[cfg(not(feature = "play-integrity"))]
macro_rules! play_integrity_errors {
    ($next:ident $($rest:tt)*) => { $next! { $($rest)* } };
}
