//! The layer that protects a route: `route_layer(require_assertion(gate, …))`.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::Body,
    extract::{DefaultBodyLimit, OriginalUri, Request},
    http::HeaderMap,
    response::{IntoResponse as _, Response},
};
use tower::{Layer, Service};

use super::{Problem, header, intake::Intake};
use crate::{
    gate::{Access, Caller, Gate, Identified, PresentedAssertion, SignedRequest},
    refusal::Refusal,
};

/// What a protected route needs: see [`require_assertion`].
#[derive(Clone)]
pub struct RequireAssertion {
    gate: Arc<Gate>,
    intake: Intake,
    access: Arc<Access>,
}

/// Lets a request through if an attested key of one of these applications signed its method, path, query and body, once.
///
/// The handler finds the [`Caller`] among the extensions. The body is read when it is known who claims to send it and
/// before the signature is checked, since it is part of what was signed, and handed on.
#[must_use]
pub fn require_assertion(gate: Arc<Gate>, intake: Intake, access: Access) -> RequireAssertion {
    RequireAssertion { gate, intake, access: Arc::new(access) }
}

impl RequireAssertion {
    /// Checks a request and gives it back with its body read and its caller known.
    async fn check(&self, request: Request) -> Result<Request, Refusal> {
        let (mut parts, body) = request.into_parts();
        let presented = header::parse(&parts.headers);
        let identified = match &presented {
            Ok(presented) => self.identify(&parts.headers, presented).await,
            Err(refusal) => Err(*refusal),
        };
        let identified = match identified {
            Ok(identified) => identified,
            Err(refusal) => {
                self.intake.discard(body).await;
                return Err(refusal);
            }
        };
        let body = self.intake.body(body).await?;
        let uri = parts.extensions.get().map_or(&parts.uri, |OriginalUri(uri)| uri);
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let signed = SignedRequest { method: parts.method.as_str(), target, body: &body };
        let caller: Caller = self.gate.check(identified, signed).await?;
        parts.extensions.insert(caller);
        let mut request = Request::from_parts(parts, Body::from(body));
        // The intake's limit was the one.
        DefaultBodyLimit::disable().apply(&mut request);
        Ok(request)
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

impl<S> Layer<S> for RequireAssertion {
    type Service = RequireAssertionService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireAssertionService { layer: self.clone(), inner }
    }
}

/// A route behind [`require_assertion`].
#[derive(Clone)]
pub struct RequireAssertionService<S> {
    layer: RequireAssertion,
    inner: S,
}

impl<S> Service<Request> for RequireAssertionService<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let layer = self.layer.clone();
        // The one that was polled is the one that is ready.
        let clone = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, clone);
        Box::pin(async move {
            match layer.check(request).await {
                Ok(request) => ready.call(request).await,
                Err(refusal) => Ok(Problem(refusal).into_response()),
            }
        })
    }
}
