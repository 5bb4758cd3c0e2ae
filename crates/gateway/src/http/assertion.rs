//! The layer that protects a route: `route_layer(require_assertion(gate, …))`.

use std::{pin::Pin, sync::Arc};

use axum::{
    extract::{OriginalUri, Request, State},
    http::HeaderMap,
    middleware::{FromFnLayer, Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
};

use super::{
    header,
    intake::{Intake, with_body},
    problem::Problem,
};
#[cfg(feature = "demo")]
use crate::demo;
use crate::{
    gate::{Access, Caller, Gate, Identified, PresentedAssertion, SignedRequest},
    refusal::Refusal,
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
/// The handler finds the [`Caller`] among the extensions. The body is read when it is known who claims to send it and
/// before the signature is checked, since it is part of what was signed, and handed on.
pub fn require_assertion(gate: Arc<Gate>, intake: Intake, access: Access) -> RequireAssertion {
    let protection = Protection { gate, intake, access: Arc::new(access) };
    from_fn_with_state(protection, |State(route), request, next| Box::pin(protect(route, request, next)))
}

impl Protection {
    /// Checks a request and gives it back with its body read and its caller known.
    async fn check(&self, request: Request) -> Result<Request, Problem> {
        let (mut parts, body) = request.into_parts();
        let presented = header::parse(&parts.headers);
        let identified = match &presented {
            Ok(presented) => self.identify(&parts.headers, presented).await,
            Err(refusal) => Err(*refusal),
        };
        let identified = match identified {
            Ok(identified) => identified,
            Err(refusal) => {
                self.intake.discard(body);
                return Err(refusal.into());
            }
        };
        let body = self.intake.body(body).await?;
        let uri = parts.extensions.get().map_or(&parts.uri, |OriginalUri(uri)| uri);
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let signed =
            SignedRequest { method: parts.method.as_str(), authority: &self.gate.authority, target, body: &body };
        let caller: Caller = match self.gate.check(identified, signed).await {
            Ok(caller) => caller,
            Err(refusal) => {
                #[cfg(feature = "demo")]
                if let Ok(presented) = &presented
                    && let Some(detail) = demo::explain(refusal, &self.gate, presented, &parts.headers, signed).await
                {
                    return Err(Problem::explained(refusal, detail));
                }
                return Err(refusal.into());
            }
        };
        parts.extensions.insert(caller);
        Ok(with_body(parts, body))
    }

    async fn identify<'p>(
        &self,
        headers: &HeaderMap,
        presented: &'p PresentedAssertion,
    ) -> Result<Identified<'p>, Refusal> {
        let session = self.intake.session(headers)?;
        self.gate.identify(presented, session, &self.access).await
    }
}

async fn protect(route: Protection, request: Request, next: Next) -> Response {
    match route.check(request).await {
        Ok(request) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}
