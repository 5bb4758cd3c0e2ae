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
    /// Five segments of strict base64url, of the lengths that the algorithms have (RFC 7516 §7.1).
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
                    /// The token, or the answer of Google's server, is longer than its cap (`MAX_TOKEN`, `MAX_PAYLOAD`).
                    PlayTooLarge = 2000,
                }
            }
        }
    };
}

#[cfg(not(feature = "play-integrity"))]
macro_rules! play_integrity_errors {
    ($next:ident $($rest:tt)*) => { $next! { $($rest)* } };
}
