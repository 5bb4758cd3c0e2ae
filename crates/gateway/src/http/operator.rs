//! What the operator and the monitoring ask for, on a listener of their own.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{
        Path, Query, Request, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
    routing::{delete, get, put},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine::app_attest::KeyId;
use serde::Deserialize;
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;

use super::problem::Problem;
use crate::{
    application::environment_name,
    gate::{Gate, PAGE},
    refusal::Refusal,
    store::{AccountHash, Change, Device, DeviceKey},
};

/// The routes of the operator.
pub(super) fn router(gate: Arc<Gate>) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .route("/devices/{key_id}", get(device))
        .route("/devices/{key_id}/revocation", put(revoke))
        .route("/devices/{key_id}/lock", put(lock).delete(unlock))
        .route("/devices/{key_id}/tokens/revocation", put(revoke_tokens))
        .route("/accounts/{account}/tokens/revocation", put(revoke_tokens_of_account))
        .route("/accounts/{account}", delete(erase_account))
        .route("/accounts/{account}/devices", get(devices_of_account))
        .route("/accounts/{account}/lock", delete(unlock_account))
        .route("/accounts/{account}/revocation", put(revoke_account))
        .route("/tokens/keys", put(rotate))
        .with_state(gate)
}

/// Middleware: refuses who does not show the token (RFC 6750 §2.1), in the same time whatever they show instead.
pub(super) async fn check_token(
    State(token): State<Arc<str>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let shown = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, shown) = shown.and_then(|value| value.split_once(' ')).unwrap_or_default();
    let right = scheme.eq_ignore_ascii_case("bearer") && bool::from(shown.as_bytes().ct_eq(token.as_bytes()));
    if right { Ok(next.run(request).await) } else { Err(Refusal::OperatorUnknown.into()) }
}

/// The process runs, and a restart would not help.
async fn health(State(gate): State<Arc<Gate>>) -> Result<Response, Problem> {
    if gate.store.is_lost() { Err(Refusal::StoreUnavailable.into()) } else { Ok(ok()) }
}

fn ok() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

/// The store can be written to.
async fn ready(State(gate): State<Arc<Gate>>) -> Result<Response, Problem> {
    gate.store.ready().await.map_err(Refusal::from)?;
    Ok(ok())
}

async fn metrics(State(gate): State<Arc<Gate>>) -> Result<Response, Problem> {
    let text = gate.metrics.text().map_err(|_| Refusal::Internal)?;
    Ok(([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response())
}

async fn device(State(gate): State<Arc<Gate>>, key_id: KeyIdText) -> Result<Response, Problem> {
    let device = gate.device(read_key_id(key_id)?).await?;
    Ok(Json(description(&device)).into_response())
}

async fn revoke(State(gate): State<Arc<Gate>>, key_id: KeyIdText) -> Result<Response, Problem> {
    gate.revoke(read_key_id(key_id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn lock(State(gate): State<Arc<Gate>>, key_id: KeyIdText) -> Result<Response, Problem> {
    gate.set_lock(read_key_id(key_id)?, true).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn unlock(State(gate): State<Arc<Gate>>, key_id: KeyIdText) -> Result<Response, Problem> {
    gate.set_lock(read_key_id(key_id)?, false).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn revoke_tokens(State(gate): State<Arc<Gate>>, key_id: KeyIdText) -> Result<Response, Problem> {
    gate.revoke_tokens(read_key_id(key_id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn revoke_tokens_of_account(State(gate): State<Arc<Gate>>, account: AccountName) -> Result<Response, Problem> {
    change_account(&gate, account, gate.tokens_revoked()).await
}

async fn rotate(State(gate): State<Arc<Gate>>) -> Result<Response, Problem> {
    gate.rotate_token_keys().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

type AccountName = Result<Path<String>, PathRejection>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageQuery {
    after: Option<String>,
}

/// The devices of an account, a page at a time. Each is as the operator is told of it alone.
async fn devices_of_account(
    State(gate): State<Arc<Gate>>,
    account: AccountName,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let account = read_account(&gate, account)?;
    let Query(PageQuery { after }) = query.map_err(|_| Refusal::RequestMalformed)?;
    let after = after.map(|after| KeyId::from_base64(&after)).transpose().map_err(Refusal::from)?;
    let keys = gate.devices_of(account, after).await?;
    let next = keys.get(PAGE - 1).map(|last| BASE64_URL_SAFE_NO_PAD.encode(last.0));
    let mut devices = Vec::new();
    for key in keys {
        let mut told = description(&gate.device(key).await?);
        told["key_id"] = BASE64_URL_SAFE_NO_PAD.encode(key.0).into();
        devices.push(told);
    }
    Ok(Json(json!({ "devices": devices, "next": next })).into_response())
}

async fn revoke_account(State(gate): State<Arc<Gate>>, account: AccountName) -> Result<Response, Problem> {
    let now = (gate.clock)();
    change_account(&gate, account, Change::Revoke(now)).await
}

async fn unlock_account(State(gate): State<Arc<Gate>>, account: AccountName) -> Result<Response, Problem> {
    change_account(&gate, account, Change::Unlock).await
}

async fn erase_account(State(gate): State<Arc<Gate>>, account: AccountName) -> Result<Response, Problem> {
    let now = (gate.clock)();
    change_account(&gate, account, Change::Erase(now)).await
}

async fn change_account(gate: &Gate, account: AccountName, change: Change) -> Result<Response, Problem> {
    let account = read_account(gate, account)?;
    let devices = gate.change_account(account, change).await?;
    Ok(Json(json!({ "devices": devices })).into_response())
}

fn read_account(gate: &Gate, name: AccountName) -> Result<AccountHash, Refusal> {
    let Path(name) = name.map_err(|_| Refusal::RequestMalformed)?;
    gate.account(&name)
}

/// What the operator is told of a device. The account is a hash.
fn description(device: &Device) -> Value {
    if device.key == DeviceKey::Erased {
        return json!({ "erased": true, "revoked_at": device.revoked_at });
    }
    let mut told = json!({
        "application": device.application,
        "environment": device.key.environment().map(environment_name),
        "account": device.account.map(|account| BASE64_URL_SAFE_NO_PAD.encode(account)),
        "registered_at": device.registered_at,
        "counter": device.window.highest().0,
        "locked_at": device.locked_at,
        "revoked_at": device.revoked_at,
    });
    if let (Some(told), Some(attested)) = (told.as_object_mut(), device.attested_status()) {
        told.extend(attested.members().map(|(name, value)| (name, value.into())));
    }
    told
}

type KeyIdText = Result<Path<String>, PathRejection>;

fn read_key_id(text: KeyIdText) -> Result<KeyId, Refusal> {
    let Path(text) = text.map_err(|_| Refusal::RequestMalformed)?;
    KeyId::from_base64(&text).map_err(Refusal::from)
}
