//! Why something was refused: the precise reason for log and metrics, and the class that the client is told.

use genuine::{Error, ErrorClass};

/// Why a request did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The engine did not accept the object.
    Engine(Error),
    /// The challenge was never issued, or so long ago that it is forgotten.
    ChallengeUnknown,
    /// The challenge was issued to another session or for another application.
    ChallengeMismatch,
    /// The challenge was used before.
    ChallengeReused,
    /// The challenge was issued too long ago.
    ChallengeExpired,
    /// The challenge was issued for the other kind of object.
    ChallengePurpose,
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
    /// Too many challenges are outstanding.
    StoreLimit,
    /// Too many bodies are being read.
    BodyLimit,
    /// The store could not answer.
    StoreUnavailable,
    /// The verification took longer than the application's time-out.
    Timeout,
}

/// What the client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// The HTTP status.
    pub status: u16,
    /// The stable code of the class.
    pub code: &'static str,
    /// One sentence for people.
    pub title: &'static str,
    /// Whether the same intent may succeed later, with a new assertion or challenge.
    pub retryable: bool,
}

const MALFORMED: Told = told(400, "malformed", "The request is not well-formed.", false);
const REJECTED: Told = told(401, "rejected", "The request was refused.", true);
const CHALLENGE: Told = told(401, "challenge_rejected", "The challenge was refused; ask for a new one.", true);
const FORBIDDEN: Told = told(403, "attestation_required", "This application requires attestation.", false);
const HTTPS: Told = told(403, "https_required", "This service is reached over HTTPS only.", false);
const NOT_FOUND: Told = told(404, "not_found", "There is nothing here.", false);
const METHOD: Told = told(405, "method_not_allowed", "This resource has no such method.", false);
const BODY_TIMEOUT: Told = told(408, "timeout", "The request did not arrive in time.", true);
const CONFLICT: Told = told(409, "already_registered", "This key is registered already.", false);
const TOO_LARGE: Told = told(413, "too_large", "The body is too large.", false);
const BODY_TYPE: Told = told(415, "unsupported_media_type", "The body must be application/json.", false);
const LIMITED: Told = told(429, "rate_limited", "Too many requests.", true);
const UNAVAILABLE: Told = told(503, "unavailable", "The service cannot decide now; try again later.", true);

const fn told(status: u16, code: &'static str, title: &'static str, retryable: bool) -> Told {
    Told { status, code, title, retryable }
}

impl Refusal {
    /// The precise reason: a metric label and a field of the log, never shown to the client.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Engine(error) => error.name(),
            Self::ChallengeUnknown => "ChallengeUnknown",
            Self::ChallengeMismatch => "ChallengeMismatch",
            Self::ChallengeReused => "ChallengeReused",
            Self::ChallengeExpired => "ChallengeExpired",
            Self::ChallengePurpose => "ChallengePurpose",
            Self::ChallengeMissing => "ChallengeMissing",
            Self::KeyAlreadyEnrolled => "KeyAlreadyEnrolled",
            Self::KeyRevoked => "KeyRevoked",
            Self::ApplicationUnknown => "ApplicationUnknown",
            Self::ApplicationRefused => "ApplicationRefused",
            Self::AssertionMissing => "AssertionMissing",
            Self::AttestationRequired => "AttestationRequired",
            Self::HttpsRequired => "HttpsRequired",
            Self::RequestMalformed => "RequestMalformed",
            Self::BodyTooLarge => "BodyTooLarge",
            Self::BodyType => "BodyType",
            Self::BodyTimeout => "BodyTimeout",
            Self::RouteUnknown => "RouteUnknown",
            Self::MethodUnknown => "MethodUnknown",
            Self::DeviceNotFound => "DeviceNotFound",
            Self::AddressLimit(_) => "AddressLimit",
            Self::DeviceLimit(_) => "DeviceLimit",
            Self::StoreLimit => "StoreLimit",
            Self::BodyLimit => "BodyLimit",
            Self::StoreUnavailable => "StoreUnavailable",
            Self::Timeout => "Timeout",
        }
    }

    /// What the client is told.
    #[must_use]
    pub const fn told(self) -> Told {
        match self {
            Self::Engine(error) => match error.class() {
                ErrorClass::Malformed => MALFORMED,
                ErrorClass::Rejected => REJECTED,
                _ => UNAVAILABLE,
            },
            Self::RequestMalformed => MALFORMED,
            Self::KeyRevoked | Self::ApplicationUnknown | Self::ApplicationRefused | Self::AssertionMissing => REJECTED,
            Self::ChallengeUnknown
            | Self::ChallengeMismatch
            | Self::ChallengeReused
            | Self::ChallengeExpired
            | Self::ChallengePurpose
            | Self::ChallengeMissing => CHALLENGE,
            Self::AttestationRequired => FORBIDDEN,
            Self::HttpsRequired => HTTPS,
            Self::RouteUnknown | Self::DeviceNotFound => NOT_FOUND,
            Self::MethodUnknown => METHOD,
            Self::BodyTimeout => BODY_TIMEOUT,
            Self::KeyAlreadyEnrolled => CONFLICT,
            Self::BodyTooLarge => TOO_LARGE,
            Self::BodyType => BODY_TYPE,
            Self::AddressLimit(_) | Self::DeviceLimit(_) => LIMITED,
            Self::StoreLimit | Self::BodyLimit | Self::StoreUnavailable | Self::Timeout => UNAVAILABLE,
        }
    }

    /// When to come back, in seconds, where that is known.
    #[must_use]
    pub const fn retry_after(self) -> Option<u64> {
        match self {
            Self::AddressLimit(seconds) | Self::DeviceLimit(seconds) => Some(seconds),
            // Challenges make room as they expire.
            Self::StoreLimit => Some(60),
            _ if self.told().status == UNAVAILABLE.status => Some(1),
            _ => None,
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Engine(error)
    }
}
