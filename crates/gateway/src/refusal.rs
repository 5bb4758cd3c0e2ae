//! Why something was refused: the precise reason, for log and metrics. What the client is told of it is HTTP's affair.

use genuine::Error;
use strum::IntoStaticStr;

/// Why a request did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
pub enum Refusal {
    /// The engine did not accept the object.
    Engine(Error),
    /// The challenge was used before.
    ChallengeReused,
    /// The route wants a challenge and the request names none.
    ChallengeMissing,
    /// The key is registered already.
    KeyAlreadyEnrolled,
    /// The key was revoked.
    KeyRevoked,
    /// No application has this name.
    ApplicationUnknown,
    /// The key is of an application that the route is not for.
    ApplicationRefused,
    /// No assertion came with a request that needs one.
    AssertionMissing,
    /// No session token came with a request that needs one.
    TokenMissing,
    /// A token was shown as one that is bound to a key, and no proof came with it.
    ProofMissing,
    /// The engine did not accept the proof that came with a token.
    TokenProof(Error),
    /// The proof came with an earlier request.
    ProofReused,
    /// The token was issued to a client at another address.
    AddressChanged,
    /// The token was issued to a client of another `User-Agent`.
    AgentChanged,
    /// A client asks for a token that is bound to none of its keys, and all are to be.
    BindingMissing,
    /// A client asks for a token that is bound to a key, and none is.
    BindingRefused,
    /// Whoever came to the operator's listener showed no token, or another one.
    OperatorUnknown,
    /// Whoever asked about somebody else's request is no proxy whose word counts.
    ProxyUnknown,
    /// The request does not say what the hash of its body is, where that has to be known without the body.
    DigestMissing,
    /// The body is not the one whose hash was signed.
    BodyChanged,
    /// The app cannot attest, and the application requires it.
    AttestationRequired,
    /// The request did not come over TLS.
    HttpsRequired,
    /// The request is not what the interface describes.
    RequestMalformed,
    /// The body is larger than the limit.
    BodyTooLarge,
    /// The body is not of the type that the interface describes.
    BodyType,
    /// The body did not arrive in time.
    BodyTimeout,
    /// There is no such route.
    RouteUnknown,
    /// The route has no such method.
    MethodUnknown,
    /// No such key is registered: the operator's question.
    DeviceNotFound,
    /// Too many requests of one address; when to come back, in seconds.
    AddressLimit(u64),
    /// Too many requests of one device; when to come back, in seconds.
    DeviceLimit(u64),
    /// Too many bodies are being read.
    BodyLimit,
    /// The store could not answer.
    StoreUnavailable,
    /// The store took longer than the application waits.
    Timeout,
    /// The server itself is at fault: no randomness, no metrics.
    Internal,
}

impl Refusal {
    /// The precise reason: a metric label and a field of the log, never shown to the client.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Engine(error) | Self::TokenProof(error) => error.name(),
            own => own.into(),
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Engine(error)
    }
}
