//! HTTP: what a request says, and what is answered. Nothing is decided here but who may come at all, over TLS and not too
//! often.

mod app;
mod assertion;
mod header;
mod intake;
mod observe;
mod operator;
mod origin;
mod problem;
mod shop;

use std::sync::Arc;

use axum::{
    Router, http::header::CONTENT_TYPE, middleware::from_fn_with_state, response::IntoResponse as _, routing::get,
};

pub use self::{
    assertion::{Protection, RequireAssertion, require_assertion},
    header::parse as parse_assertion_headers,
    intake::Intake,
    origin::Origin,
    problem::Problem,
};
use crate::{gate::Gate, refusal::Refusal};

/// The interface of apps, as `OpenAPI` 3.1.
pub const APP_INTERFACE: &str = include_str!("../../openapi.json");
/// The interface of the operator, as `OpenAPI` 3.1.
pub const OPERATOR_INTERFACE: &str = include_str!("../../openapi-operator.json");

/// Everything that apps reach. The protected routes are for the apps of `callers`.
pub fn app(gate: &Arc<Gate>, intake: &Intake, origin: Arc<Origin>, callers: &[String]) -> Router {
    let routes = app::router(Arc::clone(gate), intake.clone()).merge(shop::router(gate, intake, callers));
    let routes = with_fallbacks(routes, APP_INTERFACE);
    observed(routes.layer(from_fn_with_state(origin, Origin::check)), gate)
}

/// Everything that the operator reaches, with this token if there is one.
pub fn operator(gate: &Arc<Gate>, token: Option<&str>) -> Router {
    let routes = with_fallbacks(operator::router(Arc::clone(gate)), OPERATOR_INTERFACE);
    let routes = match token {
        Some(token) => routes.layer(from_fn_with_state(Arc::from(token), operator::check_token)),
        None => routes,
    };
    observed(routes, gate)
}

fn with_fallbacks(routes: Router, interface: &'static str) -> Router {
    routes
        .route("/openapi.json", get(async move || ([(CONTENT_TYPE, "application/json")], interface).into_response()))
        .method_not_allowed_fallback(async || Problem::from(Refusal::MethodUnknown))
        .fallback(async || Problem::from(Refusal::RouteUnknown))
}

fn observed(routes: Router, gate: &Arc<Gate>) -> Router {
    routes.layer(from_fn_with_state(Arc::clone(&gate.metrics), observe::observe))
}
