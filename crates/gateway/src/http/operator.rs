//! What the operator and the monitoring ask for, on a listener of their own.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{delete, get, put},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine::{
    app_attest::KeyId,
    key_attestation::{BootState, Provisioning, SecurityLevel},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{guard::Guard, problem::Problem, search};
use crate::{
    application::environment_name,
    gate::{Gate, PAGE},
    operator::Role,
    refusal::Refusal,
    revocations::Listed,
    store::{AccountHash, Change, Device, DeviceKey, HardwareKey},
};

/// What may be asked for here, and by whom. A route without a rule is refused.
pub(super) struct Rule {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    /// Who may, and everybody who may more.
    pub(super) role: Role,
    /// What the audit log calls it, if it changes anything.
    pub(super) changes: Option<&'static str>,
}

/// The rule of each route.
pub(super) const RULES: &[Rule] = &[
    Rule::read("/health", Role::Monitor),
    Rule::read("/ready", Role::Monitor),
    Rule::read("/metrics", Role::Monitor),
    Rule::read("/openapi.json", Role::Viewer),
    Rule::read("/audit", Role::Viewer),
    Rule::read("/devices", Role::Viewer),
    Rule::read("/devices/{key_id}", Role::Viewer),
    Rule::read("/accounts/{account}/devices", Role::Viewer),
    Rule::read("/events", Role::Viewer),
    Rule::read("/inspect", Role::Viewer),
    Rule { method: "POST", path: "/inspect", role: Role::Viewer, changes: None },
    Rule::change("PUT", "/devices/{key_id}/revocation", "revoke device"),
    Rule::change("PUT", "/devices/{key_id}/lock", "lock device"),
    Rule::change("DELETE", "/devices/{key_id}/lock", "unlock device"),
    Rule::change("PUT", "/devices/{key_id}/tokens/revocation", "revoke tokens of device"),
    Rule::change("PUT", "/accounts/{account}/tokens/revocation", "revoke tokens of account"),
    Rule::change("DELETE", "/accounts/{account}", "erase account"),
    Rule::change("DELETE", "/accounts/{account}/lock", "unlock account"),
    Rule::change("PUT", "/accounts/{account}/revocation", "revoke account"),
    Rule::change("PUT", "/tokens/keys", "add token key"),
];

/// The routes of the operator.
pub(super) fn router(gate: Arc<Gate>, guard: Arc<Guard>) -> Router {
    let audit = Router::new().route("/audit", get(search::audit)).with_state(guard);
    Router::new()
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .route("/devices", get(search::devices))
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
        .merge(audit)
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
    let key_id = key_id_of(key_id)?;
    let device = gate.device(key_id).await?;
    Ok(Json(description(&gate, key_id, &device)).into_response())
}

async fn revoke(State(gate): State<Arc<Gate>>, key_id: KeyIdText) -> Result<Response, Problem> {
    gate.revoke(key_id_of(key_id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn lock(State(gate): State<Arc<Gate>>, key_id: KeyIdText) -> Result<Response, Problem> {
    gate.set_lock(key_id_of(key_id)?, true).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn unlock(State(gate): State<Arc<Gate>>, key_id: KeyIdText) -> Result<Response, Problem> {
    gate.set_lock(key_id_of(key_id)?, false).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn revoke_tokens(State(gate): State<Arc<Gate>>, key_id: KeyIdText) -> Result<Response, Problem> {
    gate.revoke_tokens(key_id_of(key_id)?).await?;
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
        let mut told = description(&gate, key, &gate.device(key).await?);
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

/// What the operator is told of a device. The account is a hash, and the pseudonym what log and traces call the device.
pub(super) fn description(gate: &Gate, key_id: KeyId, device: &Device) -> Value {
    if device.key == DeviceKey::Erased {
        return json!({ "erased": true, "revoked_at": device.revoked_at });
    }
    let mut told = json!({
        "application": device.application,
        "pseudonym": gate.pseudonyms.of(key_id),
        "environment": device.key.environment().map(environment_name),
        "account": device.account.map(|account| BASE64_URL_SAFE_NO_PAD.encode(account)),
        "registered_at": device.registered_at,
        "counter": device.window.highest().0,
        "locked_at": device.locked_at,
        "revoked_at": device.revoked_at,
    });
    if let DeviceKey::KeyAttestation(key) = &device.key {
        told["key_attestation"] = hardware(gate, key);
    }
    if let (Some(told), Some(attested)) = (told.as_object_mut(), device.attested_status()) {
        told.extend(attested.members().map(|(name, value)| (name, value.into())));
    }
    told
}

/// What an Android phone's hardware said of the phone when it attested the key, and what Google's list says of its certificates now.
fn hardware(gate: &Gate, key: &HardwareKey) -> Value {
    let is_looked_up = gate.revocations.as_ref().is_some_and(|list| list.is_there());
    let listed = gate.listed(key);
    json!({
        "security_level": match key.security_level {
            SecurityLevel::TrustedEnvironment => "TRUSTED_ENVIRONMENT",
            SecurityLevel::StrongBox => "STRONG_BOX",
            _ => "UNKNOWN",
        },
        "provisioning": match key.provisioning {
            Provisioning::Factory => "FACTORY",
            Provisioning::Remote => "REMOTE",
        },
        "boot_state": match key.boot_state {
            BootState::Verified => "VERIFIED",
            BootState::SelfSigned => "SELF_SIGNED",
            _ => "UNKNOWN",
        },
        "os_version": key.os_version,
        "os_patch_level": key.os_patch_level,
        "vendor_patch_level": key.vendor_patch_level,
        "boot_patch_level": key.boot_patch_level,
        "certificates_issued": key.certificates_issued,
        "serials": key.serials.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "revocation": match listed {
            None if !is_looked_up => "UNKNOWN",
            None => "GOOD",
            Some(Listed::Suspended) => "SUSPENDED",
            Some(Listed::Revoked) => "REVOKED",
        },
    })
}

type KeyIdText = Result<Path<String>, PathRejection>;

fn key_id_of(text: KeyIdText) -> Result<KeyId, Refusal> {
    let Path(text) = text.map_err(|_| Refusal::RequestMalformed)?;
    read_key_id(&text)
}

/// A key identifier, as the operator writes it.
pub(super) fn read_key_id(text: &str) -> Result<KeyId, Refusal> {
    KeyId::from_base64(text).map_err(Refusal::from)
}
