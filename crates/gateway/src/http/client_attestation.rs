//! Attestations of OAuth clients over HTTP (draft-ietf-oauth-attestation-based-client-auth): where a device gets one.

use std::sync::Arc;

use axum::{
    Extension, Json, Router,
    body::Bytes,
    extract::{Request, State},
    http::header::CACHE_CONTROL,
    middleware::Next,
    response::{IntoResponse, Response},
    routing::post,
};
use genuine::{
    crypto::{GenuineCrypto, P256, PublicKey},
    session::jwk,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    intake,
    problem::Problem,
    token::{Presented, Proving},
};
use crate::{
    gate::{Caller, Gate},
    refusal::Refusal,
};

/// Where devices get them, as a proof names it.
const PLACE: &str = "/client-attestations";

/// Where a device that signs the request gets one.
pub(super) fn issuing(gate: Arc<Gate>) -> Router {
    Router::new().route("/client-attestations", post(issue)).with_state(gate)
}

/// The key of the instance. The device has signed the body, and so it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Instance {
    jwk: Value,
}

async fn issue(
    State(gate): State<Arc<Gate>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Result<Response, Problem> {
    let Instance { jwk } = intake::object(&body)?;
    let key = jwk::read(jwk.to_string().as_bytes(), &GenuineCrypto).map_err(|_| Refusal::RequestMalformed)?;
    Ok(answer(&gate, &caller, key).await?)
}

/// Middleware before the layer that takes assertions: a request that has a proof in the place of one is a device's of Play Integrity,
/// whose registered key the attestation is of.
pub(super) async fn issue_by_proof(State(proving): State<Proving>, request: Request, next: Next) -> Response {
    let attested = async {
        let (caller, proven) = match proving.proven(request, PLACE).await? {
            Presented::Proof(_, caller, proven) => (caller, proven),
            Presented::Other(request) => return Ok(next.run(request).await),
        };
        let key = PublicKey::from_uncompressed(&proven.point).ok_or(Refusal::Internal)?;
        answer(&proving.gate, &caller, key).await
    };
    attested.await.unwrap_or_else(|refusal| Problem::from(refusal).into_response())
}

async fn answer(gate: &Gate, caller: &Caller, key: PublicKey<P256>) -> Result<Response, Refusal> {
    let (attestation, lifetime) = gate.attest_client(caller, key).await?;
    let answer = json!({ "client_attestation": attestation, "expires_in": lifetime });
    Ok(([(CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}
