//! Counts each request, and each refusal with its reason.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{MatchedPath, Request, State},
    http::Method,
    middleware::Next,
    response::Response,
};

use crate::{metrics::Metrics, refusal::Refusal};

/// Middleware around everything.
pub(super) async fn observe(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    // Labels are few: neither paths nor methods are the client's to invent.
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or("none", MatchedPath::as_str);
    let method = request.method().clone();
    let method = match method {
        Method::GET | Method::HEAD | Method::POST | Method::PUT | Method::DELETE | Method::PATCH | Method::OPTIONS => {
            method.as_str()
        }
        _ => "other",
    };
    let response = next.run(request).await;
    if let Some(refusal) = response.extensions().get::<Refusal>() {
        metrics.refused(*refusal, response.status().as_u16(), method, route);
    }
    metrics.requests.with_label_values(&[route, method, response.status().as_str()]).inc();
    metrics.latency.with_label_values(&[route]).observe(start.elapsed().as_secs_f64());
    response
}
