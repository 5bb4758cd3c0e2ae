//! Why something was refused: the precise reason, for log and metrics. What the client is told of it is HTTP's affair.

pub mod oauth;

use genuine::{
    Error,
    session::mode::{ClientVersion, Outcome},
};
use strum::IntoStaticStr;

use self::oauth::Fault;
use crate::{account::TokenFault, api_key::KeyFault};

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
    /// The device is locked until it is attested again.
    DeviceLocked,
    /// The request is in the session of an account that is not the device's.
    AccountMismatch,
    /// The route takes requests in the session of an account, and this one is in none.
    AccountMissing,
    /// The client is older than the application supports: the least version that it does.
    ClientOutdated(ClientVersion),
    /// The application is not there for the platform.
    PlatformUnknown,
    /// The client's proof that it has its key was refused.
    Proof(Error),
    /// The assertion by which an app proves that it has the key that its phone attested was refused.
    Possession(Error),
    /// The list of revoked attestation keys is too old to register a device by, or there is none.
    RevocationsTooOld,
    /// The application takes no such tokens of Play Integrity: classic ones, or standard ones.
    IntegrityRequest,
    /// Google says that this is no token.
    IntegrityToken,
    /// Google was asked as often as a day allows.
    DecoderQuota,
    /// Google did not answer.
    DecoderUnavailable,
    /// The device is one of development, and the application takes those of production.
    EnvironmentRefused,
    /// The device was attested too long ago.
    AttestationExpired,
    /// The application is a rehearsal, and that is over.
    RehearsalOver,
    /// No application has this name.
    ApplicationUnknown,
    /// The key is of an application that the route is not for.
    ApplicationRefused,
    /// No assertion came with a request that needs one.
    AssertionMissing,
    /// No session token came with a request that needs one.
    TokenMissing,
    /// The tokens of the device that were issued until then are revoked.
    TokenRevoked,
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
    /// The operator's role does not take this.
    OperatorForbidden,
    /// A request to the operator's listener named another host, or a page of another one has sent it.
    OriginRefused,
    /// A change of the operator's came without a well-formed `Idempotency-Key`.
    IdempotencyKeyMissing,
    /// The time in the `Idempotency-Key` is not that of now.
    IdempotencyKeyExpired,
    /// A change of the operator's came with an `Idempotency-Key` that was used before.
    ChangeReplayed,
    /// The audit log could not be written, so that nothing is changed.
    AuditUnavailable,
    /// The user's token is not to be believed.
    AccountRefused(TokenFault),
    /// The mediator refuses, in the words of OAuth.
    Oauth(Fault),
    /// Whoever asked about somebody else's request, or named its account as a proxy does, is no proxy whose word counts.
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
    /// The device's tokens were revoked less than a minute ago; when to come back, in seconds.
    TokenTooSoon(u64),
    /// Too many bodies are being read.
    BodyLimit,
    /// The store could not answer.
    StoreUnavailable,
    /// The store took longer than the application waits.
    Timeout,
    /// The API key, request token or signature by a key is not to be believed, or not for this.
    ApiKey(KeyFault),
    /// The API key is not for what the request asks.
    ScopeMissing,
    /// Too many requests of one client's API keys; when to come back, in seconds.
    TierLimit(u64),
    /// As many watch the verdicts as may at a time.
    WatcherLimit,
    /// What the operator wants explained is no object, no vector and no token.
    ObjectUnreadable,
    /// The server itself is at fault: no randomness, no metrics.
    Internal,
}

impl Refusal {
    /// The precise reason: a metric label and a field of the log, never shown to the client.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Engine(error) | Self::Proof(error) | Self::Possession(error) | Self::TokenProof(error) => {
                error.name()
            }
            Self::AccountRefused(fault) => fault.into(),
            Self::Oauth(fault) => fault.into(),
            Self::ApiKey(fault) => fault.into(),
            own => own.into(),
        }
    }

    /// What it says of an attestation or assertion; `None` where it says nothing of one, and so holds in every mode.
    #[must_use]
    pub fn outcome(self) -> Option<Outcome> {
        Some(match self {
            Self::Engine(error) | Self::Proof(error) | Self::Possession(error) | Self::TokenProof(error) => {
                Outcome::of::<()>(&Err(error))
            }
            Self::AssertionMissing | Self::TokenMissing | Self::ClientOutdated(_) => Outcome::NotPerformed,
            Self::ChallengeReused
            | Self::ChallengeMissing
            | Self::ApplicationRefused
            | Self::PlatformUnknown
            | Self::RequestMalformed
            | Self::DigestMissing
            | Self::IntegrityRequest
            | Self::IntegrityToken
            | Self::ProofMissing
            | Self::ProofReused
            | Self::AddressChanged
            | Self::AgentChanged => Outcome::Failed,
            Self::AttestationRequired => Outcome::NotSupported,
            Self::AttestationExpired => Outcome::Expired,
            Self::StoreUnavailable
            | Self::Timeout
            | Self::DecoderQuota
            | Self::DecoderUnavailable
            | Self::RevocationsTooOld => Outcome::Unavailable,
            _ => return None,
        })
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Engine(error)
    }
}
