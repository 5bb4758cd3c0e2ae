//! The routes of a service that is protected, until you serve your own in their place: a user of [`Server`] like any other.

use axum::{
    Extension, Json, Router,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde_json::json;

use crate::{
    gate::{Caller, Freshness},
    server::Server,
};

/// What `/openapi.json` says of these routes.
pub const PATHS: &str = include_str!("../openapi-shop.json");

/// Serves the shop: orders count once; a payment must have been signed lately as well.
///
/// # Errors
///
/// If the description is no JSON object, which a test would show.
pub fn serve(server: Server) -> serde_json::Result<Server> {
    let server = server.with_routes(Freshness::Counter, orders());
    server.with_routes(Freshness::Challenge, payments()).describe(PATHS)
}

/// Orders, protected by nothing here.
pub fn orders() -> Router {
    Router::new().route("/orders", get(accepted).post(accepted))
}

/// Payments, protected by nothing here.
pub fn payments() -> Router {
    Router::new().route("/payments", post(accepted))
}

/// Who came, and how much they said.
async fn accepted(Extension(caller): Extension<Caller>, body: Bytes) -> Response {
    Json(json!({
        "device": BASE64_STANDARD.encode(caller.key_id.0),
        "application": caller.application,
        "counter": caller.counter,
        "body_bytes": body.len(),
    }))
    .into_response()
}
