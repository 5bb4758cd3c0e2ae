//! Refusals as problem+json (RFC 9457).

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use genuine::{Class, Error, Step};
use serde_json::{Value, json};

use crate::refusal::Refusal;

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
/// A counter that is too far ahead: the next one is further still, and only a new key is of use.
const STEP: Told = told(401, "rejected", "The request was refused.", false);
const UNKNOWN_KEY: Told = told(401, "unknown_key", "This key is not registered here; register it.", false);
const OVERTAKEN: Told = told(401, "counter_overtaken", "This counter, or a later one, was accepted before.", true);
const TOKEN: Told = told(401, "token_rejected", "The session token was refused; ask for a new one.", true);
const PROOF: Told = told(401, "proof_rejected", "The proof of the token's key was refused; make a new one.", true);
const OPERATOR: Told = told(401, "unauthorized", "The operator shows a token.", false);
const CHALLENGE: Told = told(401, "challenge_rejected", "The challenge was refused; ask for a new one.", true);
const FORBIDDEN: Told = told(403, "attestation_required", "This application requires attestation.", false);
const HTTPS: Told = told(403, "https_required", "This service is reached over HTTPS only.", false);
const PROXY: Told = told(403, "proxy_unknown", "Only a proxy that is configured may ask this.", false);
const NOT_FOUND: Told = told(404, "not_found", "There is nothing here.", false);
const NO_DEVICE: Told = told(404, "not_found", "No such key is registered; it is named in URL-safe base64.", false);
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

impl Told {
    /// What the client is told of a refusal.
    fn of(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Engine(Error::UnknownKey) => UNKNOWN_KEY,
            Refusal::Engine(Error::CounterNotIncreased | Error::CounterSeen | Error::CounterBelowWindow) => OVERTAKEN,
            Refusal::Engine(Error::CounterStepTooLarge) => STEP,
            Refusal::Engine(
                Error::ChallengeForm | Error::ChallengeForged | Error::ChallengeExpired | Error::ChallengeFromFuture,
            )
            | Refusal::ChallengeReused
            | Refusal::ChallengeMissing => CHALLENGE,
            Refusal::TokenMissing | Refusal::AddressChanged | Refusal::AgentChanged => TOKEN,
            Refusal::ProofMissing | Refusal::ProofReused => PROOF,
            Refusal::TokenProof(error) => match error.class() {
                Class::Malformed | Class::Rejected => PROOF,
                _ => UNAVAILABLE,
            },
            Refusal::BindingMissing => BINDING,
            Refusal::BindingRefused => UNBOUND,
            Refusal::OperatorUnknown => OPERATOR,
            Refusal::Engine(error) => match error.class() {
                Class::Malformed | Class::Rejected if is_of_token(error) => TOKEN,
                Class::Malformed => MALFORMED,
                Class::Rejected => REJECTED,
                _ => UNAVAILABLE,
            },
            Refusal::RequestMalformed => MALFORMED,
            Refusal::DigestMissing => DIGEST,
            Refusal::ProxyUnknown => PROXY,
            Refusal::KeyRevoked
            | Refusal::BodyChanged
            | Refusal::ApplicationUnknown
            | Refusal::ApplicationRefused
            | Refusal::AssertionMissing => REJECTED,
            Refusal::AttestationRequired => FORBIDDEN,
            Refusal::HttpsRequired => HTTPS,
            Refusal::RouteUnknown => NOT_FOUND,
            Refusal::DeviceNotFound => NO_DEVICE,
            Refusal::MethodUnknown => METHOD,
            Refusal::BodyTimeout => BODY_TIMEOUT,
            Refusal::KeyAlreadyEnrolled => CONFLICT,
            Refusal::BodyTooLarge => TOO_LARGE,
            Refusal::BodyType => BODY_TYPE,
            Refusal::AddressLimit(_) | Refusal::DeviceLimit(_) => LIMITED,
            Refusal::BodyLimit | Refusal::StoreUnavailable | Refusal::Internal | Refusal::Timeout => UNAVAILABLE,
        }
    }
}

/// Whether the engine says it of a token: the one object of a session that a client shows and that is no challenge.
fn is_of_token(error: Error) -> bool {
    matches!(error.step(), Some(Step::Session(_)))
}

/// When to come back, in seconds, where that is known.
fn retry_after(refusal: Refusal) -> Option<u64> {
    match refusal {
        Refusal::AddressLimit(seconds) | Refusal::DeviceLimit(seconds) => Some(seconds),
        _ if Told::of(refusal).status == UNAVAILABLE.status => Some(1),
        _ => None,
    }
}

/// A refusal on its way to the client. The precise reason stays on the server: it travels with the response to where it
/// is counted and logged.
#[derive(Clone, Debug)]
pub struct Problem {
    refusal: Refusal,
    /// What the demonstration says beside the class.
    detail: Option<String>,
}

impl Problem {
    /// A refusal, explained to whoever writes a client.
    #[cfg(feature = "demo")]
    pub(super) fn explained(refusal: Refusal, detail: String) -> Self {
        Self { refusal, detail: Some(detail) }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, detail: None }
    }
}

impl Problem {
    /// Whether it is about a session token or its proof.
    pub(super) fn is_about_tokens(&self) -> bool {
        matches!(Told::of(self.refusal), TOKEN | PROOF)
    }

    /// What the client is told, as JSON.
    pub(super) fn body(&self) -> Value {
        let told = Told::of(self.refusal);
        let mut body = json!({
            "type": "about:blank",
            "title": told.title,
            "status": told.status,
            "code": told.code,
            "retryable": told.retryable,
        });
        if let Some(detail) = &self.detail {
            body["detail"] = detail.as_str().into();
        }
        body
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let told = Told::of(self.refusal);
        let status = StatusCode::from_u16(told.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self.body())).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after(self.refusal) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        // RFC 9110 §15.5.2: a 401 says how to do better.
        if status == StatusCode::UNAUTHORIZED {
            let scheme = match told {
                OPERATOR | TOKEN => "Bearer",
                PROOF => "DPoP",
                _ => "Attest",
            };
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
        }
        response.extensions_mut().insert(self.refusal);
        response
    }
}
