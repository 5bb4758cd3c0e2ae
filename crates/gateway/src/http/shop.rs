//! The routes of a service that is protected: replace them by your own.

use std::sync::Arc;

use axum::{
    Extension, Json, Router,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde_json::json;

use super::{assertion::require_assertion, intake::Intake};
use crate::gate::{Access, Caller, Freshness, Gate};

/// Orders count once; a payment must have been signed lately as well.
pub(super) fn router(gate: &Arc<Gate>, intake: &Intake, callers: &[String]) -> Router {
    let protect = |freshness| {
        let access = Access { applications: callers.to_vec(), freshness };
        require_assertion(Arc::clone(gate), intake.clone(), access)
    };
    let orders = Router::new().route("/orders", get(accepted).post(accepted)).route_layer(protect(Freshness::Counter));
    let payments = Router::new().route("/payments", post(accepted)).route_layer(protect(Freshness::Challenge));
    orders.merge(payments)
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
