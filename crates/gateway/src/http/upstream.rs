//! The other end: a service behind a proxy that has asked the gateway.

use std::pin::Pin;

use axum::{
    extract::{Request, State},
    middleware::{FromFnLayer, Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
};

use super::{
    claims::Claims,
    intake::{Intake, with_body},
    problem::Problem,
};
use crate::{gate::sha256, refusal::Refusal};

/// The layer that [`require_claims`] makes.
pub type RequireClaims = FromFnLayer<Compare, Intake, (State<Intake>, Request)>;

type Compare = fn(State<Intake>, Request, Next) -> Pin<Box<dyn Future<Output = Response> + Send>>;

/// Lets a request through if a proxy says who signed it and its body is the one that they signed. The gateway that the proxy
/// asked never saw the body: here it is compared.
///
/// The handler finds the [`Caller`](crate::gate::Caller) among the extensions, as behind
/// [`require_assertion`](super::require_assertion). The layer believes the headers `X-Genuine-…`: the service has to be
/// reached through the proxy alone, and the proxy has to drop those that come from outside.
///
/// ```
/// # use std::time::Duration;
/// # use axum::{Extension, Router, http::HeaderName, routing::post};
/// use genuine_gateway::{
///     gate::Caller,
///     http::{Intake, require_claims},
/// };
///
/// async fn order(Extension(caller): Extension<Caller>, body: String) -> String {
///     format!("{} bytes from {}", body.len(), caller.application)
/// }
///
/// // Bodies of up to 1 MiB each and 64 MiB together, in ten seconds.
/// let intake = Intake::new(1 << 20, 64 << 20, Duration::from_secs(10), HeaderName::from_static("x-session"));
/// let routes: Router = Router::new().route("/orders", post(order)).layer(require_claims(intake));
/// ```
pub fn require_claims(intake: Intake) -> RequireClaims {
    from_fn_with_state(intake, |State(intake), request, next| Box::pin(compare(intake, request, next)))
}

async fn compare(intake: Intake, request: Request, next: Next) -> Response {
    match check(&intake, request).await {
        Ok(request) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn check(intake: &Intake, request: Request) -> Result<Request, Problem> {
    let (mut parts, body) = request.into_parts();
    let claims = match Claims::parse(&parts.headers) {
        Ok(claims) => claims,
        Err(refusal) => {
            intake.discard(body);
            return Err(refusal.into());
        }
    };
    let body = intake.body(body).await?;
    if sha256(&body) != claims.body {
        return Err(Refusal::BodyChanged.into());
    }
    parts.extensions.insert(claims.caller);
    Ok(with_body(parts, body))
}
