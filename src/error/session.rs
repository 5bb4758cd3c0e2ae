//! Sessions: the numbers 5000 to 5999.
//!
//! 50xx sealed challenges, and from 5090 on the configuration; 51xx tokens and proofs of possession, 52xx signed requests,
//! 53xx PKCE.

/// The steps of what comes after an attestation, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum Step {
    /// The size of the object.
    Size,
    /// Its layout: segments, strict base64url, fixed fields.
    Form,
    /// The header of a token: strict JSON, algorithm, type, nothing critical.
    Header,
    /// A key that the verifier has.
    Key,
    /// The code or signature of that key.
    Authenticity,
    /// The payload of a token: strict JSON, and the claims that have to be there.
    Payload,
    /// What the claims say of issuer, audience and subject.
    Claims,
    /// The times.
    Time,
    /// What the object is bound to: session, request, key.
    Binding,
}

/// Hands the rows of this protocol to the next macro, behind those that came before.
#[cfg(feature = "session")]
macro_rules! session_errors {
    ($next:ident $($rest:tt)*) => {
        $next! { $($rest)*
            session Session {
                Malformed Form {
                    /// What came back is not of the form of a sealed challenge: another length, or not its base64url.
                    ChallengeForm = 5000,
                    /// The signature of a request, or a part of what it signs, is not of its form.
                    RequestForm = 5200,
                    /// The code challenge is not the base64url of 32 octets (RFC 7636 §4.2).
                    PkceChallengeForm = 5300,
                    /// The code verifier is not 43 to 128 unreserved characters (RFC 7636 §4.1).
                    PkceVerifierForm = 5301,
                }
                Rejected Key {
                    /// Nobody has been given a request key with this identifier, or it was taken back.
                    RequestKeyUnknown = 5201,
                }
                Rejected Authenticity {
                    /// No key here sealed this challenge for this purpose and binding, or it was altered.
                    ChallengeForged = 5001,
                    /// The secret of this key did not sign this request.
                    RequestForged = 5202,
                }
                Rejected Time {
                    /// The challenge has lived longer than it may.
                    ChallengeExpired = 5002,
                    /// The challenge was sealed later than it is now.
                    ChallengeFromFuture = 5003,
                    /// The request was signed longer ago than the window reaches back.
                    RequestTooOld = 5203,
                    /// The request was signed later than the window reaches ahead.
                    RequestFromFuture = 5204,
                }
                Rejected Binding {
                    /// The code verifier is not the one of the code challenge (RFC 7636 §4.6).
                    PkceMismatch = 5302,
                }
                Unavailable {
                    /// A session key is shorter than 32 octets.
                    SessionKeyTooShort = 5090,
                    /// There is no session key.
                    SessionKeyMissing = 5091,
                    /// A session key is longer than a block of SHA-256, 64 octets.
                    SessionKeyTooLong = 5092,
                    /// There are more session keys than `MAX_SESSION_KEYS`.
                    SessionKeysTooMany = 5093,
                    /// A challenge was to be bound to nothing, so that one for anybody would open for everybody.
                    ChallengeBindingEmpty = 5094,
                }
            }
        }
    };
}

#[cfg(not(feature = "session"))]
macro_rules! session_errors {
    ($next:ident $($rest:tt)*) => { $next! { $($rest)* } };
}
