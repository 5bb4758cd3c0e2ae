//! The layer that protects a route: `route_layer(require_assertion(gate, …))`.

use std::{pin::Pin, sync::Arc};

use axum::{
    extract::{OriginalUri, Request, State},
    http::request::Parts,
    middleware::{FromFnLayer, Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
};

use genuine::session::mode::Mode;

use super::{
    header,
    intake::{Intake, with_body},
    origin::ClientAddress,
    problem::Problem,
};
#[cfg(feature = "demo")]
use crate::demo;
use crate::{
    gate::{Access, Caller, Client, Gate, PresentedAssertion, SignedRequest, sha256},
    limit::subscriber,
    refusal::Refusal,
    verdict::Verdict,
};

/// The layer that [`require_assertion`] makes.
pub type RequireAssertion = FromFnLayer<Protect, Protection, (State<Protection>, Request)>;

type Protect = fn(State<Protection>, Request, Next) -> Pin<Box<dyn Future<Output = Response> + Send>>;

/// What a protected route needs.
#[derive(Clone)]
pub struct Protection {
    gate: Arc<Gate>,
    intake: Intake,
    access: Arc<Access>,
}

/// Lets a request through if an attested key of one of these applications signed its method, path, query and body, once.
///
/// The handler finds the [`Caller`] among the extensions. Where the route is not `REQUIRED` every request passes, and the handler finds
/// a [`Verdict`], and a [`Caller`] only where that is [`Verdict::Verified`]. The body is read when it is known who claims to send it and
/// before the signature is checked, since it is part of what was signed, and handed on.
pub fn require_assertion(gate: Arc<Gate>, intake: Intake, access: Access) -> RequireAssertion {
    let protection = Protection { gate, intake, access: Arc::new(access) };
    from_fn_with_state(protection, |State(route), request, next| Box::pin(protect(route, request, next)))
}

impl Protection {
    /// Checks a request and gives it back with its body read, the verdict on it, and its caller where that is known.
    async fn check(&self, request: Request) -> Result<Request, Problem> {
        let (mut parts, body) = request.into_parts();
        let client = self.intake.client(&parts, (self.gate.clock)())?;
        self.access.expect_account(client)?;
        let presented = header::parse(&parts.headers);
        let mode = self.gate.mode_of(&self.access, &identifier(presented.as_ref().ok(), client, &parts));
        if mode == Mode::Off {
            self.gate.metrics.verdict(&self.access.name, mode, Verdict::Unchecked);
            parts.extensions.insert(Verdict::Unchecked);
            return Ok(with_body(parts, self.intake.body(body).await?));
        }
        let identified = match &presented {
            Ok(presented) => self.gate.identify(presented, client, &self.access).await,
            Err(Refusal::AssertionMissing) => Err(self.gate.missing(&self.access, client)),
            Err(refusal) => Err(*refusal),
        };
        let identified = match identified {
            Ok(identified) => identified,
            Err(refusal) => match self.gate.rule(&self.access, mode, refusal) {
                Ok(verdict) => {
                    parts.extensions.insert(verdict);
                    return Ok(with_body(parts, self.intake.body(body).await?));
                }
                Err(refusal) => {
                    self.intake.discard(body);
                    return Err(Problem::required(refusal));
                }
            },
        };
        let body = self.intake.body(body).await?;
        let uri = parts.extensions.get().map_or(&parts.uri, |OriginalUri(uri)| uri);
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let signed =
            SignedRequest { method: parts.method.as_str(), authority: &self.gate.authority, target, body: &body };
        let verdict = match self.gate.check(identified, signed, mode).await {
            Ok(caller) => {
                parts.extensions.insert::<Caller>(caller);
                self.gate.metrics.verdict(&self.access.name, mode, Verdict::Verified);
                Verdict::Verified
            }
            Err(refusal) => match self.gate.rule(&self.access, mode, refusal) {
                Ok(verdict) => verdict,
                Err(refusal) => {
                    #[cfg(feature = "demo")]
                    if let Ok(presented) = &presented
                        && let Some(detail) =
                            demo::explain(refusal, &self.gate, presented, &parts.headers, signed).await
                    {
                        return Err(Problem::explained(refusal, detail));
                    }
                    return Err(Problem::required(refusal));
                }
            },
        };
        parts.extensions.insert(verdict);
        Ok(with_body(parts, body))
    }
}

/// By what a roll-out places a request: the account that it is in, the key that it names, the session that it shows, or where it
/// comes from.
pub(super) fn identifier(presented: Option<&PresentedAssertion>, client: Client, parts: &Parts) -> Vec<u8> {
    let address = || match parts.extensions.get() {
        Some(ClientAddress(address)) => subscriber(*address).to_string().into_bytes(),
        None => Vec::new(),
    };
    if let Some(account) = client.account {
        return account.to_vec();
    }
    match presented {
        Some(presented) => presented.key_id.0.to_vec(),
        None if client.session != sha256(&[]) => client.session.to_vec(),
        None => address(),
    }
}

async fn protect(route: Protection, request: Request, next: Next) -> Response {
    match route.check(request).await {
        Ok(request) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}
