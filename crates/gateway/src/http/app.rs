//! What apps ask for: challenges and registration.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use serde::Deserialize;
use serde_json::json;

use super::{header::decode_base64, intake::Intake, problem::Problem};
use crate::{
    application::environment_name,
    challenge::Purpose,
    gate::{Gate, Registration},
    refusal::Refusal,
};

#[derive(Clone)]
struct App {
    gate: Arc<Gate>,
    intake: Intake,
}

/// The routes of apps.
pub(super) fn router(gate: Arc<Gate>, intake: Intake) -> Router {
    Router::new()
        .route("/challenges", post(challenge))
        .route("/devices", post(register))
        .route("/devices/unsupported", post(unsupported))
        .with_state(App { gate, intake })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChallengeRequest {
    application: String,
    purpose: Purpose,
}

async fn challenge(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let session = app.intake.session(&parts.headers)?;
    let ChallengeRequest { application, purpose } = app.intake.json(&parts.headers, body).await?;
    let challenge = app.gate.challenge(&application, purpose, session).await?;
    let answer = json!({ "challenge": challenge, "expires_in": app.gate.challenges.lifetime() });
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegistrationRequest {
    application: String,
    key_id: String,
    challenge: String,
    attestation: String,
}

async fn register(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let session = app.intake.session(&parts.headers)?;
    let body: RegistrationRequest = app.intake.json(&parts.headers, body).await?;
    let registration = Registration {
        application: &body.application,
        key_id: &body.key_id,
        challenge: &body.challenge,
        attestation: &decode_base64(&body.attestation).ok_or(Refusal::RequestMalformed)?,
        session,
    };
    let (key, application) = app.gate.register(registration).await?;
    let answer = json!({
        "application": application.name,
        "environment": environment_name(key.environment()),
        "app_attest_status": "VERIFIED",
    });
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnsupportedReport {
    application: String,
}

async fn unsupported(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let UnsupportedReport { application } = app.intake.json(&parts.headers, body).await?;
    let application = app.gate.unsupported(&application)?;
    let answer = json!({ "application": application.name, "app_attest_status": "NOT_SUPPORTED" });
    Ok(Json(answer).into_response())
}
