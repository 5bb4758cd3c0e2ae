//! What apps ask for: challenges and registration.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Request, State},
    http::{HeaderName, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use serde::Deserialize;
use serde_json::json;

use super::{
    header::{decode_base64, single},
    intake::Intake,
    problem::Problem,
};
use crate::{
    application::environment_name,
    challenge::Purpose,
    gate::{Evidence, Gate, IntegrityToken, Registered, Registration},
    platform::Platform,
    refusal::Refusal,
};

/// The proof that a client has its key (RFC 9449 §4.1).
const DPOP: HeaderName = HeaderName::from_static("dpop");

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

/// What a client sends to register, with what its platform gave it.
#[derive(Deserialize)]
#[serde(untagged)]
enum RegistrationRequest {
    AppAttest(AppAttestRequest),
    PlayIntegrity(PlayIntegrityRequest),
    KeyAttestation(KeyAttestationRequest),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AppAttestRequest {
    application: String,
    key_id: String,
    challenge: String,
    attestation: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlayIntegrityRequest {
    application: String,
    challenge: String,
    integrity_token: IntegrityTokenText,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyAttestationRequest {
    application: String,
    challenge: String,
    /// The certificates, leaf first, in base64 of DER.
    chain: Vec<String>,
    /// The assertion over the challenge, in base64.
    assertion: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum IntegrityTokenText {
    Classic(String),
    Standard(String),
}

async fn register(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let client = app.intake.client(&parts, (app.gate.clock)())?;
    let registered = match app.intake.json(&parts.headers, body).await? {
        RegistrationRequest::AppAttest(body) => {
            let attestation = &decode_base64(&body.attestation).ok_or(Refusal::RequestMalformed)?;
            let evidence = Evidence::AppAttest { key_id: &body.key_id, attestation };
            let (application, challenge) = (&*body.application, &*body.challenge);
            app.gate
                .register(Registration { application, challenge, evidence, client })
                .await
                .map_err(Problem::required)?
        }
        RegistrationRequest::PlayIntegrity(body) => {
            let proof = single(&parts.headers, &DPOP)?.ok_or(Refusal::RequestMalformed)?;
            let token = match &body.integrity_token {
                IntegrityTokenText::Classic(token) => IntegrityToken::Classic(token),
                IntegrityTokenText::Standard(token) => IntegrityToken::Standard(token),
            };
            let evidence = Evidence::PlayIntegrity { proof, token };
            let (application, challenge) = (&*body.application, &*body.challenge);
            app.gate
                .register(Registration { application, challenge, evidence, client })
                .await
                .map_err(Problem::required)?
        }
        RegistrationRequest::KeyAttestation(body) => {
            let decode = |text: &String| decode_base64(text).ok_or(Refusal::RequestMalformed);
            let (chain, assertion) =
                (body.chain.iter().map(decode).collect::<Result<Vec<_>, _>>()?, decode(&body.assertion)?);
            let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
            let evidence = Evidence::KeyAttestation { chain: &chain, assertion: &assertion };
            let (application, challenge) = (&*body.application, &*body.challenge);
            app.gate
                .register(Registration { application, challenge, evidence, client })
                .await
                .map_err(Problem::required)?
        }
    };
    Ok(told(&registered))
}

/// What the client is told: of an attestation that was refused and is not required, no more than that it did not register.
fn told(registered: &Registered<'_>) -> Response {
    let mut body = json!({ "application": registered.application.name, "registered": registered.device.is_some() });
    let Some(device) = registered.device else { return Json(body).into_response() };
    body["environment"] = environment_name(device.environment).into();
    if let Some(body) = body.as_object_mut() {
        body.extend(registered.attested.members().map(|(name, value)| (name, value.into())));
    }
    (if device.is_new { StatusCode::CREATED } else { StatusCode::OK }, Json(body)).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnsupportedReport {
    application: String,
    #[serde(default)]
    platform: ReportedPlatform,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ReportedPlatform {
    #[default]
    AppAttest,
    PlayIntegrity,
    KeyAttestation,
}

async fn unsupported(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let client = app.intake.client(&parts, (app.gate.clock)())?;
    let UnsupportedReport { application, platform } = app.intake.json(&parts.headers, body).await?;
    let platform = match platform {
        ReportedPlatform::AppAttest => Platform::AppAttest,
        ReportedPlatform::PlayIntegrity => Platform::PlayIntegrity,
        ReportedPlatform::KeyAttestation => Platform::KeyAttestation,
    };
    let registered = app.gate.unsupported(&application, platform, client).map_err(Problem::required)?;
    let mut answer = json!({ "application": registered.application.name, "registered": false });
    if let Some(answer) = answer.as_object_mut() {
        answer.extend(registered.attested.members().map(|(name, value)| (name, value.into())));
    }
    Ok(Json(answer).into_response())
}
