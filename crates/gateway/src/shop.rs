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
    token::TokenHolder,
};

/// What `/openapi.json` says of these routes.
pub const PATHS: &str = include_str!("../openapi-shop.json");
/// What it says of the route behind session tokens.
pub const TOKEN_PATHS: &str = include_str!("../openapi-basket.json");

/// Serves the shop: orders count once; a payment must have been signed lately as well; a basket is looked at with a session token,
/// where there are any.
///
/// # Errors
///
/// If the description is no JSON object, which a test would show.
pub fn serve(server: Server) -> Result<Server, Box<dyn std::error::Error>> {
    let server = server.with_routes(Freshness::Counter, orders());
    let server = server.with_routes(Freshness::Challenge, payments()).describe(PATHS)?;
    if !server.has_tokens() {
        return Ok(server);
    }
    Ok(server.with_token_routes(basket())?.describe(TOKEN_PATHS)?)
}

/// Orders, protected by nothing here.
pub fn orders() -> Router {
    Router::new().route("/orders", get(accepted).post(accepted))
}

/// Payments, protected by nothing here.
pub fn payments() -> Router {
    Router::new().route("/payments", post(accepted))
}

/// The basket, protected by nothing here.
pub fn basket() -> Router {
    Router::new().route("/basket", get(looked_at))
}

/// Who looked, and how long they may without signing again.
async fn looked_at(Extension(holder): Extension<TokenHolder>) -> Response {
    Json(json!({
        "device": BASE64_STANDARD.encode(holder.key_id.0),
        "application": holder.application,
        "expires_at": holder.expires_at,
    }))
    .into_response()
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
