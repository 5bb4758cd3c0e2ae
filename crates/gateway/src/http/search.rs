//! What the operator looks for: devices, and what was changed.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine::app_attest;
use serde::Deserialize;
use serde_json::json;

use super::{guard::Guard, operator::description, problem::Problem};
use crate::{
    config::Environment,
    gate::{Gate, SEARCH_PAGE, Search, Standing},
    platform::Platform,
    refusal::Refusal,
    store::Cursor,
};

/// How many devices or lines a page has unless it is said.
const PAGE: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SearchQuery {
    application: Option<String>,
    platform: Option<PlatformName>,
    status: Option<Standing>,
    environment: Option<Environment>,
    registered_after: Option<u64>,
    registered_before: Option<u64>,
    limit: Option<usize>,
    after: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PlatformName {
    AppAttest,
    PlayIntegrity,
    KeyAttestation,
}

/// Devices, a page at a time.
pub(super) async fn devices(
    State(gate): State<Arc<Gate>>,
    query: Result<Query<SearchQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(|_| Refusal::RequestMalformed)?;
    let most = read_limit(query.limit)?;
    let after = query.after.map(|after| Cursor::parse(&after).ok_or(Refusal::RequestMalformed)).transpose()?;
    let search = Search {
        application: query.application,
        platform: query.platform.map(|platform| match platform {
            PlatformName::AppAttest => Platform::AppAttest,
            PlatformName::PlayIntegrity => Platform::PlayIntegrity,
            PlatformName::KeyAttestation => Platform::KeyAttestation,
        }),
        status: query.status,
        environment: query.environment.map(|environment| match environment {
            Environment::Production => app_attest::Environment::Production,
            Environment::Development => app_attest::Environment::Development,
        }),
        registered_after: query.registered_after,
        registered_before: query.registered_before,
    };
    let found = gate.search(&search, after, most).await?;
    let devices = found.devices.iter().map(|(key, device)| {
        let mut told = description(&gate, *key, device);
        told["key_id"] = BASE64_URL_SAFE_NO_PAD.encode(key.0).into();
        told
    });
    let next = found.next.map(|next| next.to_string());
    Ok(Json(json!({ "devices": devices.collect::<Vec<_>>(), "next": next })).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditQuery {
    before: Option<u64>,
    limit: Option<usize>,
}

/// The latest lines of the audit log.
pub(super) async fn audit(
    State(guard): State<Arc<Guard>>,
    query: Result<Query<AuditQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(|_| Refusal::RequestMalformed)?;
    let most = read_limit(query.limit)?;
    let audit = guard.access.audit();
    if !audit.has_file() {
        return Err(Refusal::RouteUnknown.into());
    }
    let latest = audit.latest(query.before, most).await.map_err(|_| Refusal::AuditUnavailable)?;
    let latest = latest.ok_or(Refusal::RequestMalformed)?;
    Ok(Json(json!({ "entries": latest.entries, "next": latest.next, "head": latest.head })).into_response())
}

fn read_limit(limit: Option<usize>) -> Result<usize, Refusal> {
    let limit = limit.unwrap_or(PAGE);
    if (1..=SEARCH_PAGE).contains(&limit) { Ok(limit) } else { Err(Refusal::RequestMalformed) }
}
