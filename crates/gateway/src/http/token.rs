//! Session tokens over HTTP: where a device gets one, where others get the keys, and the layer that takes them.

use std::{pin::Pin, sync::Arc};

use axum::{
    Extension, Json, Router,
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName,
        header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE},
    },
    middleware::{FromFnLayer, Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::json;

use super::{header::single, problem::Problem};
use crate::{
    gate::{Caller, Gate},
    refusal::Refusal,
    token::{KEYS_MAX_AGE, TokenHolder},
};

/// Where a device that signs the request gets a token.
pub(super) fn issuing(gate: Arc<Gate>) -> Router {
    Router::new().route("/tokens", post(issue)).with_state(gate)
}

/// Where anybody gets the keys that tokens are verified with.
pub(super) fn publishing(gate: Arc<Gate>) -> Router {
    Router::new().route("/.well-known/jwks.json", get(keys)).with_state(gate)
}

/// As RFC 6749 §5.1 has it.
async fn issue(State(gate): State<Arc<Gate>>, Extension(caller): Extension<Caller>) -> Result<Response, Problem> {
    let (token, lifetime) = gate.issue_token(&caller).await?;
    let answer = json!({ "access_token": token, "token_type": "Bearer", "expires_in": lifetime });
    Ok(([(CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}

async fn keys(State(gate): State<Arc<Gate>>) -> Result<Response, Problem> {
    let keys = gate.token_keys().await?;
    let age = format!("public, max-age={KEYS_MAX_AGE}");
    Ok(([(CONTENT_TYPE, "application/jwk-set+json".to_owned()), (CACHE_CONTROL, age)], keys).into_response())
}

/// The layer that [`require_token`] makes.
pub type RequireToken = FromFnLayer<Admit, TokenProtection, (State<TokenProtection>, Request)>;

type Admit = fn(State<TokenProtection>, Request, Next) -> Pin<Box<dyn Future<Output = Response> + Send>>;

/// What a route behind tokens needs.
#[derive(Clone)]
pub struct TokenProtection {
    gate: Arc<Gate>,
    header: Arc<HeaderName>,
    applications: Arc<[String]>,
}

/// Lets a request through if it shows a session token of a device of one of these applications that was not revoked since. The
/// handler finds the [`TokenHolder`] among the extensions.
///
/// The token is in this header: after `Bearer` if that is `Authorization`, else alone.
pub fn require_token(gate: Arc<Gate>, header: HeaderName, applications: Vec<String>) -> RequireToken {
    let protection = TokenProtection { gate, header: Arc::new(header), applications: applications.into() };
    from_fn_with_state(protection, |State(route), request, next| Box::pin(admit(route, request, next)))
}

async fn admit(route: TokenProtection, mut request: Request, next: Next) -> Response {
    match route.check(request.headers()).await {
        Ok(holder) => {
            request.extensions_mut().insert(holder);
            next.run(request).await
        }
        Err(refusal) => Problem::from(refusal).into_response(),
    }
}

impl TokenProtection {
    async fn check(&self, headers: &HeaderMap) -> Result<TokenHolder, Refusal> {
        let shown = single(headers, &self.header)?.ok_or(Refusal::TokenMissing)?;
        let token = if *self.header == AUTHORIZATION { bearer(shown).ok_or(Refusal::TokenMissing)? } else { shown };
        self.gate.admit(token, &self.applications).await
    }
}

/// What follows the scheme, which has no case (RFC 9110 §11.1). Another scheme is somebody else's.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}
