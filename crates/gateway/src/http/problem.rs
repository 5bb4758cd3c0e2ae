//! Refusals as problem+json (RFC 9457).

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use genuine::{Class, Error, Step, session::mode::Outcome};
use serde_json::{Value, json};

use super::request_id::RequestId;
use crate::{api_key::KeyFault, mediator::Fault, refusal::Refusal};

/// What the client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Told {
    /// The HTTP status.
    status: u16,
    /// The stable code of the class.
    code: &'static str,
    /// One sentence for people.
    title: &'static str,
    /// Whether the same intent may succeed later, with a new assertion or challenge.
    retryable: bool,
}

const MALFORMED: Told = told(400, "malformed", "The request is not well-formed.", false);
const DIGEST: Told = told(400, "digest_required", "This request needs Content-Digest, with sha-256.", false);
const BINDING: Told = told(400, "dpop_required", "Tokens are bound to a key here; name it in dpop_jkt.", false);
const UNBOUND: Told = told(400, "dpop_unsupported", "Tokens are bound to no key here; leave dpop_jkt out.", false);
const REJECTED: Told = told(401, "rejected", "The request was refused.", true);
/// A certificate that vouches for the device is revoked: no other signature helps, nor another key that it vouches for.
const REVOKED: Told = told(401, "rejected", "The request was refused.", false);
/// A counter that is too far ahead: the next one is further still, and only a new key is of use.
const STEP: Told = told(401, "rejected", "The request was refused.", false);
const UNKNOWN_KEY: Told = told(401, "unknown_key", "This key is not registered here; register it.", false);
const LOCKED: Told = told(
    401,
    "locked",
    "This device is locked; attest it again: with Play Integrity its key, otherwise a new one.",
    false,
);
const OVERTAKEN: Told = told(401, "counter_overtaken", "This counter, or a later one, was accepted before.", true);
const TOKEN: Told = told(401, "token_rejected", "The session token was refused; ask for a new one.", true);
const USER_TOKEN: Told = told(401, "user_token_rejected", "The user's token was refused; get a new one.", true);
const ACCOUNT: Told = told(401, "account_required", "This takes a user who is logged in.", true);
/// Another signature of this device is no better: it takes a key that is attested in this account.
const ACCOUNT_MISMATCH: Told = told(401, "rejected", "The request was refused.", false);
const PROOF: Told = told(401, "proof_rejected", "The proof of the key was refused; make a new one.", true);
const OPERATOR: Told = told(401, "unauthorized", "The operator shows a token or a certificate.", false);
const ROLE: Told = told(403, "operator_forbidden", "The operator's role does not take this.", false);
const ORIGIN: Told =
    told(403, "origin_refused", "The operator is reached under its own name, and not from pages of others.", false);
const KEYLESS: Told = told(
    400,
    "idempotency_key_required",
    "A change needs Idempotency-Key: seconds since 1970, a hyphen, 16 to 64 random letters or digits.",
    false,
);
const STALE: Told = told(409, "idempotency_key_expired", "Idempotency-Key is not of now; make a new one.", true);
const REPLAYED: Told = told(409, "replayed", "This change was asked for before; look at what came of it.", false);
const API_KEY: Told = told(401, "api_key_rejected", "The API key was refused.", false);
/// Said only of requests that the key has signed.
const SIGNATURE: Told =
    told(401, "signature_rejected", "The signature counts no more, or the body is another one; sign again.", true);
const REQUEST_TOKEN: Told =
    told(401, "request_token_rejected", "The request token was refused; exchange the key for a new one.", true);
const SCOPE: Told = told(403, "insufficient_scope", "The API key is not for this.", false);
const CHALLENGE: Told = told(401, "challenge_rejected", "The challenge was refused; ask for a new one.", true);
const FORBIDDEN: Told = told(403, "attestation_required", "This application requires attestation.", false);
const NO_PLATFORM: Told = told(403, "platform_unknown", "This application is not there for this platform.", false);
const REHEARSAL: Told = told(403, "rehearsal_over", "This application was a rehearsal, which is over.", false);
const UPGRADE: Told = told(403, "upgrade_required", "This version of the client is no longer supported.", false);
const EXPIRED: Told = told(401, "attestation_expired", "The device was attested too long ago; attest it again.", false);
const HTTPS: Told = told(403, "https_required", "This service is reached over HTTPS only.", false);
const PROXY: Told = told(403, "proxy_unknown", "Only a proxy that is configured may say this.", false);
const NOT_FOUND: Told = told(404, "not_found", "There is nothing here.", false);
const NO_DEVICE: Told = told(404, "not_found", "No such key is registered; it is named in URL-safe base64.", false);
const METHOD: Told = told(405, "method_not_allowed", "This resource has no such method.", false);
const BODY_TIMEOUT: Told = told(408, "timeout", "The request did not arrive in time.", true);
const CONFLICT: Told = told(409, "already_registered", "This key is registered already.", false);
const TOO_LARGE: Told = told(413, "too_large", "The body is too large.", false);
const BODY_TYPE: Told = told(415, "unsupported_media_type", "The body must be application/json.", false);
const LIMITED: Told = told(429, "rate_limited", "Too many requests.", true);
const UNREADABLE: Told =
    told(400, "unreadable", "This is no object, vector or token; detail says what is wrong with it.", false);
const WATCHERS: Told = told(503, "too_many_watchers", "As many watch the verdicts as may; try again later.", true);
const REVOCATIONS: Told = told(
    503,
    "revocations_stale",
    "Which keys are revoked is not known well enough to register; try again later.",
    true,
);
const UNAVAILABLE: Told = told(503, "unavailable", "The service cannot decide now; try again later.", true);

const CLIENT: Told = told(400, "client_unknown", "No app has this client_id here.", false);
const REDIRECT: Told =
    told(400, "redirect_unknown", "This is no address of the app's; it is compared to the letter.", false);
const LOGIN: Told = told(400, "login_unknown", "This login did not begin here, or too long ago; begin again.", true);
const PROVIDER: Told = told(
    503,
    "provider_unavailable",
    "The provider cannot be asked now. A refresh token is still good; a code is used up.",
    true,
);

const fn told(status: u16, code: &'static str, title: &'static str, retryable: bool) -> Told {
    Told { status, code, title, retryable }
}

impl Told {
    /// What the client is told of a refusal.
    fn of(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Engine(Error::UnknownKey) => UNKNOWN_KEY,
            Refusal::Engine(Error::AndroidRevoked | Error::AndroidSuspended) => REVOKED,
            Refusal::Engine(Error::CounterNotIncreased | Error::CounterSeen | Error::CounterBelowWindow) => OVERTAKEN,
            Refusal::Engine(Error::CounterStepTooLarge) => STEP,
            Refusal::Engine(
                Error::ChallengeForm | Error::ChallengeForged | Error::ChallengeExpired | Error::ChallengeFromFuture,
            )
            | Refusal::ChallengeReused
            | Refusal::ChallengeMissing => CHALLENGE,
            Refusal::TokenMissing | Refusal::TokenRevoked | Refusal::AddressChanged | Refusal::AgentChanged => TOKEN,
            Refusal::ProofMissing | Refusal::ProofReused => PROOF,
            Refusal::Proof(error) | Refusal::TokenProof(error) => match error.class() {
                Class::Malformed | Class::Rejected => PROOF,
                _ => UNAVAILABLE,
            },
            Refusal::Possession(error) => match error.class() {
                Class::Malformed => MALFORMED,
                Class::Rejected => REJECTED,
                _ => UNAVAILABLE,
            },
            Refusal::RevocationsTooOld => REVOCATIONS,
            Refusal::BindingMissing => BINDING,
            Refusal::BindingRefused => UNBOUND,
            Refusal::OperatorUnknown => OPERATOR,
            Refusal::OperatorForbidden => ROLE,
            Refusal::OriginRefused => ORIGIN,
            Refusal::IdempotencyKeyMissing => KEYLESS,
            Refusal::IdempotencyKeyExpired => STALE,
            Refusal::ChangeReplayed => REPLAYED,
            Refusal::ApiKey(KeyFault::Stale | KeyFault::Replayed | KeyFault::Body) => SIGNATURE,
            Refusal::ApiKey(KeyFault::Token) => REQUEST_TOKEN,
            Refusal::ApiKey(_) => API_KEY,
            Refusal::ScopeMissing => SCOPE,
            Refusal::AccountRefused(_) => USER_TOKEN,
            Refusal::AccountMissing => ACCOUNT,
            Refusal::AccountMismatch => ACCOUNT_MISMATCH,
            Refusal::Engine(error) => match error.class() {
                Class::Malformed | Class::Rejected if is_of_token(error) => TOKEN,
                Class::Malformed => MALFORMED,
                Class::Rejected => REJECTED,
                _ => UNAVAILABLE,
            },
            Refusal::RequestMalformed => MALFORMED,
            Refusal::DigestMissing => DIGEST,
            Refusal::ProxyUnknown => PROXY,
            Refusal::DeviceLocked => LOCKED,
            Refusal::AttestationExpired => EXPIRED,
            Refusal::ClientOutdated(_) => UPGRADE,
            Refusal::PlatformUnknown => NO_PLATFORM,
            Refusal::RehearsalOver => REHEARSAL,
            Refusal::KeyRevoked
            | Refusal::IntegrityRequest
            | Refusal::IntegrityToken
            | Refusal::EnvironmentRefused
            | Refusal::BodyChanged
            | Refusal::ApplicationUnknown
            | Refusal::ApplicationRefused
            | Refusal::AssertionMissing => REJECTED,
            Refusal::AttestationRequired => FORBIDDEN,
            Refusal::HttpsRequired => HTTPS,
            Refusal::Oauth(fault) => match fault {
                Fault::OauthClientUnknown => CLIENT,
                Fault::RedirectUnknown => REDIRECT,
                Fault::LoginUnknown => LOGIN,
                Fault::RefreshBusy
                | Fault::ProviderUnavailable
                | Fault::ProviderMisconfigured
                | Fault::ProviderAnswer => PROVIDER,
                // OAuth has a word for these, and the client is told that instead.
                _ => MALFORMED,
            },
            Refusal::RouteUnknown => NOT_FOUND,
            Refusal::DeviceNotFound => NO_DEVICE,
            Refusal::MethodUnknown => METHOD,
            Refusal::BodyTimeout => BODY_TIMEOUT,
            Refusal::KeyAlreadyEnrolled => CONFLICT,
            Refusal::BodyTooLarge => TOO_LARGE,
            Refusal::BodyType => BODY_TYPE,
            Refusal::AddressLimit(_) | Refusal::DeviceLimit(_) | Refusal::TokenTooSoon(_) | Refusal::TierLimit(_) => {
                LIMITED
            }
            Refusal::WatcherLimit => WATCHERS,
            Refusal::ObjectUnreadable => UNREADABLE,
            Refusal::BodyLimit
            | Refusal::StoreUnavailable
            | Refusal::AuditUnavailable
            | Refusal::Internal
            | Refusal::Timeout
            | Refusal::DecoderQuota
            | Refusal::DecoderUnavailable => UNAVAILABLE,
        }
    }
}

/// Whether the engine says it of a token: the one object of a session that a client shows and that is no challenge.
fn is_of_token(error: Error) -> bool {
    matches!(error.step(), Some(Step::Session(_)))
}

/// What a failure that the mode upholds means for the client's session. There is none of a refusal that says nothing of a device.
fn session_status(refusal: Refusal) -> Option<&'static str> {
    match (refusal, refusal.outcome()) {
        (Refusal::DeviceLocked, _) => Some("LOCKED"),
        (_, Some(Outcome::Unavailable)) => Some("UNDECIDED"),
        (_, Some(_)) => Some("REFUSED"),
        // What is refused without a reason looks like the others.
        (_, None) => (Told::of(refusal).code == REJECTED.code).then_some("REFUSED"),
    }
}

/// When to come back, in seconds, where that is known.
fn retry_after(refusal: Refusal) -> Option<u64> {
    match refusal {
        Refusal::AddressLimit(seconds)
        | Refusal::DeviceLimit(seconds)
        | Refusal::TokenTooSoon(seconds)
        | Refusal::TierLimit(seconds) => Some(seconds),
        // Somebody has to do something first.
        Refusal::RevocationsTooOld => Some(60),
        _ if Told::of(refusal).status == UNAVAILABLE.status => Some(1),
        _ => None,
    }
}

/// A refusal on its way to the client. The precise reason stays on the server: it travels with the response to where it
/// is counted and logged.
#[derive(Clone, Debug)]
pub struct Problem {
    refusal: Refusal,
    /// What the demonstration, or the operator's inspector, says beside the class.
    detail: Option<String>,
    /// Whether the mode in force has upheld it.
    upheld: bool,
}

impl Problem {
    /// A refusal, explained to whoever writes a client.
    #[cfg(feature = "demo")]
    pub(super) fn explained(refusal: Refusal, detail: String) -> Self {
        Self { detail: Some(detail), ..Self::required(refusal) }
    }
}

impl Problem {
    /// A refusal, with what is wrong in words: to the operator, who is told everything.
    pub(super) fn detailed(refusal: Refusal, detail: String) -> Self {
        Self { detail: Some(detail), ..refusal.into() }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, detail: None, upheld: false }
    }
}

impl Problem {
    /// A refusal of a registration or of a request, which the mode in force upholds: the client is told what it means for its session.
    pub(super) fn required(refusal: Refusal) -> Self {
        Self { upheld: true, ..refusal.into() }
    }

    /// Whether it is about a session token or its proof.
    pub(super) fn is_about_tokens(&self) -> bool {
        matches!(Told::of(self.refusal), TOKEN | PROOF)
    }

    /// What the client is told, as JSON, of the request that has this name.
    pub(super) fn body_of(&self, request: Option<&RequestId>) -> Value {
        let told = Told::of(self.refusal);
        let mut body = json!({
            "type": "about:blank",
            "title": told.title,
            "status": told.status,
            "code": told.code,
            "retryable": told.retryable,
        });
        if let Some(status) = session_status(self.refusal).filter(|_| self.upheld) {
            body["session_status"] = status.into();
        }
        if let Refusal::ClientOutdated(least) = self.refusal {
            body["least_version"] = least.to_string().into();
        }
        if let Some(detail) = &self.detail {
            body["detail"] = detail.as_str().into();
        }
        if let Some(id) = request {
            body["request_id"] = id.as_str().into();
        }
        body
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let told = Told::of(self.refusal);
        let status = StatusCode::from_u16(told.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self.body_of(None))).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after(self.refusal) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        // RFC 9110 §15.5.2: a 401 says how to do better.
        if status == StatusCode::UNAUTHORIZED {
            let scheme = match told {
                OPERATOR | TOKEN | USER_TOKEN | ACCOUNT => "Bearer",
                PROOF => "DPoP",
                API_KEY | SIGNATURE | REQUEST_TOKEN => "ApiKey",
                _ => "Attest",
            };
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
        }
        response.extensions_mut().insert(self.refusal);
        response.extensions_mut().insert(self);
        response
    }
}
