//! The OAuth mediator over HTTP: where browsers come through, and where apps get tokens.

use std::sync::Arc;

use axum::{
    Extension, Form, Json, Router,
    extract::{
        FromRequest as _, Path, Query, Request, State,
        rejection::{FormRejection, QueryRejection},
    },
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY},
    },
    middleware::Next,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::json;

use super::{
    header,
    intake::{Intake, with_body},
    problem::Problem,
    token::TokenProtection,
};
use crate::{
    gate::Caller,
    mediator::{AuthorizationRequest, Declined, Fault, GrantRequest, Mediator, ProviderResponse, TOKEN},
    refusal::Refusal,
    token::TokenHolder,
};

/// Where browsers come through, and where apps find out about that (RFC 8414 §3).
pub(super) fn browsing(mediator: Arc<Mediator>) -> Router {
    Router::new()
        .route("/oauth/authorize", get(authorize))
        .route("/oauth/callback/{provider}", get(respond))
        .route("/.well-known/oauth-authorization-server", get(metadata))
        .with_state(mediator)
}

/// Where apps get tokens.
pub(super) fn granting(mediator: Arc<Mediator>) -> Router {
    Router::new().route("/oauth/token", post(grant)).with_state(mediator)
}

async fn authorize(
    State(mediator): State<Arc<Mediator>>,
    query: Result<Query<AuthorizationRequest>, QueryRejection>,
) -> Result<Response, Problem> {
    // What is there twice may be read in two ways, the address to come back to included: nobody is sent anywhere.
    let Query(request) = query.map_err(|_| Refusal::RequestMalformed)?;
    sent_on(mediator.authorize(&request))
}

async fn respond(
    State(mediator): State<Arc<Mediator>>,
    Path(provider): Path<String>,
    query: Result<Query<ProviderResponse>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(response) = query.map_err(|_| Refusal::RequestMalformed)?;
    sent_on(mediator.respond(&provider, &response))
}

/// A browser goes on by GET (RFC 9700 §4.12), and tells nobody where it was.
fn sent_on(location: Result<String, Declined>) -> Result<Response, Problem> {
    let (location, refusal) = match location {
        Ok(location) => (location, None),
        Err(Declined::Back { location, fault }) => (location, Some(Refusal::Oauth(fault))),
        Err(Declined::Here(refusal)) => return Err(refusal.into()),
    };
    let location = HeaderValue::try_from(location).map_err(|_| Refusal::Internal)?;
    let headers = [
        (LOCATION, location),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    let mut response = (StatusCode::SEE_OTHER, headers).into_response();
    // To where it is counted and logged.
    if let Some(refusal) = refusal {
        response.extensions_mut().insert(refusal);
    }
    Ok(response)
}

async fn metadata(State(mediator): State<Arc<Mediator>>) -> Response {
    Json(mediator.metadata()).into_response()
}

async fn grant(
    State(mediator): State<Arc<Mediator>>,
    Extension(caller): Extension<Caller>,
    form: Result<Form<GrantRequest>, FormRejection>,
) -> Response {
    granted(&mediator, &caller, form).await
}

/// What takes a session token in the place of an assertion needs.
#[derive(Clone)]
pub(super) struct Admission {
    pub(super) mediator: Arc<Mediator>,
    pub(super) intake: Intake,
    pub(super) tokens: TokenProtection,
}

/// Middleware before the layer that takes assertions: a request that has a session token and no assertion is the token's device's.
pub(super) async fn grant_by_token(
    State(Admission { mediator, intake, tokens }): State<Admission>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    if header::parse(&parts.headers) != Err(Refusal::AssertionMissing) {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let holder = match tokens.check_for(&parts, parts.method.as_str(), TOKEN).await {
        Ok(holder) => holder,
        // What neither has, the next layer says.
        Err(Refusal::TokenMissing) => return next.run(Request::from_parts(parts, body)).await,
        Err(refusal) => {
            intake.discard(body);
            return Problem::from(refusal).into_response();
        }
    };
    let body = match intake.body(body).await {
        Ok(body) => body,
        Err(refusal) => return Problem::from(refusal).into_response(),
    };
    let TokenHolder { key_id, application, .. } = holder;
    let form = Form::from_request(with_body(parts, body), &()).await;
    granted(&mediator, &Caller { key_id, application, counter: 0 }, form).await
}

async fn granted(
    mediator: &Arc<Mediator>,
    caller: &Caller,
    form: Result<Form<GrantRequest>, FormRejection>,
) -> Response {
    let granted = match form {
        Ok(Form(request)) => mediator.grant(caller, &request).await,
        Err(_) => Err(Refusal::Oauth(Fault::ParameterWrong)),
    };
    match granted {
        Ok(granted) => ([(CACHE_CONTROL, "no-store")], Json(granted)).into_response(),
        Err(refusal) => refused(refusal),
    }
}

/// In OAuth's words where it has one (RFC 6749 §5.2), else as a problem.
fn refused(refusal: Refusal) -> Response {
    let error = match refusal {
        Refusal::Oauth(fault) => fault.error(),
        _ => None,
    };
    let Some(error) = error else { return Problem::from(refusal).into_response() };
    let answer = ([(CACHE_CONTROL, "no-store")], Json(json!({ "error": error })));
    let mut response = (StatusCode::BAD_REQUEST, answer).into_response();
    response.extensions_mut().insert(refusal);
    response
}
