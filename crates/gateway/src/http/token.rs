//! Session tokens over HTTP: where a device gets one, where others get the keys, and the layer that takes them.

use std::{pin::Pin, sync::Arc};

use axum::{
    Extension, Json, Router,
    body::{Bytes, HttpBody as _},
    extract::{OriginalUri, Request, State},
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, USER_AGENT, WWW_AUTHENTICATE},
        request::Parts,
    },
    middleware::{FromFnLayer, Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use genuine::{Error, session::jwk::Thumbprint};
use serde::Deserialize;
use serde_json::json;

use super::{
    header::{self, single},
    intake::{self, Intake, with_body},
    origin::ClientAddress,
    problem::Problem,
};
use crate::{
    config::Dpop,
    gate::{Caller, Gate, IssuedToken, ProvenKey, TokenRequest},
    refusal::Refusal,
    token::{Client, KEYS_MAX_AGE, PresentedProof, PresentedToken, TokenHolder, Tokens},
};

/// The proof that comes with a token that is bound to a key (RFC 9449 §4.1).
pub(super) const DPOP: HeaderName = HeaderName::from_static("dpop");

/// Where devices get tokens, as a proof names it.
const TOKENS: &str = "/tokens";

/// Where a device that signs the request gets a token.
pub(super) fn issuing(gate: Arc<Gate>) -> Router {
    Router::new().route("/tokens", post(issue)).with_state(gate)
}

/// Where anybody gets the keys that tokens are verified with.
pub(super) fn publishing(gate: Arc<Gate>) -> Router {
    Router::new().route("/.well-known/jwks.json", get(keys)).with_state(gate)
}

/// The body of a request for a token that is bound to a key. For a bearer's it is empty.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Binding {
    dpop_jkt: String,
}

/// The key that a token is to be bound to, if the body names one. What its media type says is not looked at: the device has signed
/// these octets.
fn bound_to(body: &[u8]) -> Result<Option<Thumbprint>, Refusal> {
    if body.is_empty() {
        return Ok(None);
    }
    let Binding { dpop_jkt } = intake::object(body)?;
    Thumbprint::from_base64url(&dpop_jkt).map(Some).ok_or(Refusal::RequestMalformed)
}

/// What a client shows of itself.
fn client(parts: &Parts) -> Client<'_> {
    let address = parts.extensions.get().map(|ClientAddress(address)| *address);
    Client { address, agent: parts.headers.get(USER_AGENT).map(HeaderValue::as_bytes) }
}

async fn issue(
    State(gate): State<Arc<Gate>>,
    Extension(caller): Extension<Caller>,
    parts: Parts,
    body: Bytes,
) -> Result<Response, Problem> {
    let request = TokenRequest { bound_to: bound_to(&body)?, client: client(&parts) };
    Ok(answer(&gate.issue_token(&caller, request).await?))
}

/// As RFC 6749 §5.1 and RFC 9449 §5 have it.
fn answer(issued: &IssuedToken) -> Response {
    let kind = if issued.is_bound { "DPoP" } else { "Bearer" };
    let answer = json!({ "access_token": issued.token, "token_type": kind, "expires_in": issued.lifetime });
    ([(CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}

async fn keys(State(gate): State<Arc<Gate>>) -> Result<Response, Problem> {
    let keys = gate.token_keys().await?;
    let age = format!("public, max-age={KEYS_MAX_AGE}");
    Ok(([(CONTENT_TYPE, "application/jwk-set+json".to_owned()), (CACHE_CONTROL, age)], keys).into_response())
}

/// Middleware before the layer that takes assertions: a request that has a proof in the place of one is a device's of Play Integrity,
/// whose token is bound to the key that it proves.
pub(super) async fn issue_by_proof(State(proving): State<Proving>, request: Request, next: Next) -> Response {
    let issued = async {
        let (parts, caller, proven) = match proving.proven(request, TOKENS).await? {
            Presented::Proof(parts, caller, proven) => (parts, caller, proven),
            Presented::Other(request) => return Ok(next.run(request).await),
        };
        let request = TokenRequest { bound_to: Some(proven.thumbprint), client: client(&parts) };
        Ok(answer(&proving.gate.issue_token(&caller, request).await?))
    };
    issued.await.unwrap_or_else(|refusal: Refusal| Problem::from(refusal).into_response())
}

/// What takes a proof in the place of an assertion needs.
#[derive(Clone)]
pub(super) struct Proving {
    pub(super) gate: Arc<Gate>,
    pub(super) intake: Intake,
    pub(super) applications: Arc<[String]>,
}

/// What a request presents.
pub(super) enum Presented {
    /// A proof and no assertion: the request's head, whose device it is, and the key that it proves.
    Proof(Box<Parts>, Caller, ProvenKey),
    /// An assertion, or nothing at all, which is the next layer's to say.
    Other(Request),
}

impl Proving {
    /// Verifies the proof of a request for `place` that has one in the place of an assertion.
    pub(super) async fn proven(&self, request: Request, place: &str) -> Result<Presented, Refusal> {
        let (parts, body) = request.into_parts();
        let proof = match (header::parse(&parts.headers), single(&parts.headers, &DPOP)) {
            (Err(Refusal::AssertionMissing), proof) => proof?,
            _ => None,
        };
        let Some(proof) = proof else { return Ok(Presented::Other(Request::from_parts(parts, body))) };
        // The key is the proof's: there is nothing to say beside it, and nothing is waited for.
        if !body.is_end_stream() {
            self.intake.discard(body);
            return Err(Refusal::RequestMalformed);
        }
        let client = self.intake.client(&parts, (self.gate.clock)())?;
        let (caller, proven) = self.gate.prove(proof, place, client, &self.applications).await?;
        Ok(Presented::Proof(Box::new(parts), caller, proven))
    }
}

/// What hides verdicts needs.
#[derive(Clone)]
pub(super) struct Concealment {
    pub(super) gate: Arc<Gate>,
    pub(super) intake: Intake,
}

/// Middleware around [`issuing`] and the layer that protects it: answers a token that nobody accepts in the place of a verdict, where
/// that is configured. The refusal is counted and logged as the one that it is.
pub(super) async fn conceal(
    State(Concealment { gate, intake }): State<Concealment>,
    request: Request,
    next: Next,
) -> Response {
    if !gate.has_decoys() {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let (presented, sender) = (header::parse(&parts.headers), intake.client(&parts, (gate.clock)()));
    let body = match intake.body(body).await {
        Ok(body) => body,
        Err(refusal) => return Problem::from(refusal).into_response(),
    };
    let shown = parts.clone();
    let response = next.run(with_body(parts, body.clone())).await;
    let (Some(refusal), Ok(presented), Ok(sender)) = (response.extensions().get(), presented, sender) else {
        return response;
    };
    let asked = bound_to(&body).map(|bound_to| TokenRequest { bound_to, client: client(&shown) });
    match gate.decoy_token(*refusal, &presented, sender, asked).await {
        Ok(decoy) => {
            let mut decoy = answer(&decoy);
            decoy.extensions_mut().insert(*refusal);
            decoy
        }
        Err(told) if told == *refusal => response,
        Err(told) => Problem::from(told).into_response(),
    }
}

/// The layer that [`require_token`] makes.
pub type RequireToken = FromFnLayer<Admit, TokenProtection, (State<TokenProtection>, Request)>;

type Admit = fn(State<TokenProtection>, Request, Next) -> Pin<Box<dyn Future<Output = Response> + Send>>;

/// What a route behind tokens needs.
#[derive(Clone)]
pub struct TokenProtection {
    gate: Arc<Gate>,
    intake: Intake,
    header: Arc<HeaderName>,
    applications: Arc<[String]>,
}

/// Lets a request through if it shows a session token of a device of one of these applications that was not revoked since. The
/// handler finds the [`TokenHolder`] among the extensions.
///
/// The token is in this header: after `Bearer` or `DPoP` if that is `Authorization`, else alone. One that is bound to a key comes as
/// `DPoP`, or in another header beside `DPoP`, with a proof in that header which counts once (RFC 9449 §7.1).
pub fn require_token(gate: Arc<Gate>, intake: Intake, header: HeaderName, applications: Vec<String>) -> RequireToken {
    let protection = TokenProtection::new(gate, intake, header, applications);
    from_fn_with_state(protection, |State(route), request, next| Box::pin(admit(route, request, next)))
}

async fn admit(route: TokenProtection, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let shown = route.shown(&parts);
    let checked = match shown {
        Ok((scheme, token)) => {
            let uri = parts.extensions.get().map_or(&parts.uri, |OriginalUri(uri)| uri);
            route.check(&parts, (parts.method.as_str(), uri.path()), scheme, token).await
        }
        Err(refusal) => Err(refusal),
    };
    match checked {
        Ok(holder) => {
            parts.extensions.insert(holder);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(refusal) => route.refuse(refusal, shown.ok().map(|(scheme, _)| scheme)),
    }
}

/// How a token is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Bearer,
    Dpop,
}

impl TokenProtection {
    pub(super) fn new(gate: Arc<Gate>, intake: Intake, header: HeaderName, applications: Vec<String>) -> Self {
        Self { gate, intake, header: Arc::new(header), applications: applications.into() }
    }

    /// Who comes with a request that somebody else has: its method and path are that one's, the headers are its headers.
    pub(super) async fn check_for(&self, parts: &Parts, method: &str, path: &str) -> Result<TokenHolder, Refusal> {
        let (scheme, token) = self.shown(parts)?;
        self.check(parts, (method, path), scheme, token).await
    }

    /// The token of a request, and how it is shown.
    fn shown<'p>(&self, parts: &'p Parts) -> Result<(Scheme, &'p str), Refusal> {
        let shown = single(&parts.headers, &self.header)?.ok_or(Refusal::TokenMissing)?;
        if *self.header == AUTHORIZATION {
            return credentials(shown).ok_or(Refusal::TokenMissing);
        }
        let scheme = if parts.headers.contains_key(DPOP) { Scheme::Dpop } else { Scheme::Bearer };
        Ok((scheme, shown))
    }

    /// Who comes with a token, with a request of this method to this path.
    async fn check(
        &self,
        parts: &Parts,
        (method, path): (&str, &str),
        scheme: Scheme,
        token: &str,
    ) -> Result<TokenHolder, Refusal> {
        let origin = format!("https://{}", self.gate.authority);
        let proof = match scheme {
            Scheme::Bearer => None,
            Scheme::Dpop => {
                let proof = single(&parts.headers, &DPOP)?.ok_or(Refusal::ProofMissing)?;
                Some(PresentedProof { proof, method, origin: &origin, path })
            }
        };
        let shown = PresentedToken { token, proof, client: client(parts) };
        let account = self.intake.client(parts, (self.gate.clock)())?.account;
        self.gate.admit(&shown, &self.applications, account).await
    }

    /// A problem that says which tokens are taken (RFC 6750 §3, RFC 9449 §7.1).
    fn refuse(&self, refusal: Refusal, scheme: Option<Scheme>) -> Response {
        let problem = Problem::from(refusal);
        let is_about_tokens = problem.is_about_tokens();
        let mut response = problem.into_response();
        if is_about_tokens && response.status() == StatusCode::UNAUTHORIZED {
            let demand = HeaderValue::from_static(self.demand(refusal, scheme));
            response.headers_mut().insert(WWW_AUTHENTICATE, demand);
        }
        response
    }

    fn demand(&self, refusal: Refusal, scheme: Option<Scheme>) -> &'static str {
        let dpop = self.gate.tokens.as_ref().map_or(Dpop::Off, Tokens::dpop);
        match (refusal, scheme) {
            (Refusal::TokenProof(_) | Refusal::ProofMissing | Refusal::ProofReused, _) => {
                "DPoP error=\"invalid_dpop_proof\", algs=\"ES256\""
            }
            (_, Some(Scheme::Dpop)) | (Refusal::Engine(Error::TokenBound), _) => {
                "DPoP error=\"invalid_token\", algs=\"ES256\""
            }
            _ if dpop == Dpop::Required => "DPoP algs=\"ES256\"",
            (_, None) if dpop == Dpop::Optional => "Bearer, DPoP algs=\"ES256\"",
            _ => "Bearer",
        }
    }
}

/// The scheme, which has no case (RFC 9110 §11.1), and what follows it. Another scheme is somebody else's.
fn credentials(value: &str) -> Option<(Scheme, &str)> {
    let (scheme, token) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        Some((Scheme::Bearer, token))
    } else if scheme.eq_ignore_ascii_case("dpop") {
        Some((Scheme::Dpop, token))
    } else {
        None
    }
}
