//! Tells whoever watches what each request of an app came to, with the reason.

use std::{sync::Arc, time::SystemTime};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use genuine::UnixMillis;

use crate::{
    events::{self, Answered},
    metrics::Metrics,
    refusal::Refusal,
};

/// Middleware around everything of apps. While nobody watches, requests pass it by.
pub(super) async fn report(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    if !metrics.events.is_watched() {
        return next.run(request).await;
    }
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or("none", MatchedPath::as_str);
    let (response, sighting) = events::sighted(next.run(request)).await;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let answered = Answered {
        at: UnixMillis(u64::try_from(now.as_millis()).unwrap_or(u64::MAX)),
        route,
        status: response.status().as_u16(),
        refusal: response.extensions().get::<Refusal>().copied(),
    };
    metrics.events.tell(&sighting, answered);
    response
}
