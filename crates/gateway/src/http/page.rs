//! The operator's page: its files, the verdicts that it shows as they are passed, and the inspector.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, Request, State},
    http::{
        HeaderName, HeaderValue,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
    },
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::stream;
use tokio::sync::Semaphore;
use tracing::Instrument as _;

use super::{
    intake::{Intake, object},
    problem::Problem,
};
use crate::{
    gate::{Gate, Inspection},
    refusal::Refusal,
};

/// The files of the page. Nothing in them is secret: what is shown comes from the routes behind the operator's token.
const FILES: [(&str, &str, &str); 7] = [
    ("/page", "text/html; charset=utf-8", include_str!("../../page/index.html")),
    ("/page/icon.svg", "image/svg+xml", include_str!("../../page/icon.svg")),
    ("/page/page.css", "text/css; charset=utf-8", include_str!("../../page/page.css")),
    ("/page/page.js", "text/javascript; charset=utf-8", include_str!("../../page/page.js")),
    ("/page/live.js", "text/javascript; charset=utf-8", include_str!("../../page/live.js")),
    ("/page/inspector.js", "text/javascript; charset=utf-8", include_str!("../../page/inspector.js")),
    ("/page/dom.js", "text/javascript; charset=utf-8", include_str!("../../page/dom.js")),
];

/// What the page may do: load these files and ask this gateway, and nothing else. Text never becomes markup or code.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

/// What comes with each file.
const HEADERS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// The largest body of an inspection: the longest input that is explained, each character escaped in JSON, and what stands beside it.
const INSPECTION_BYTES: usize = 2 * genuine_explain::MAX_INPUT + 64 * 1024;
/// How long it may take to arrive.
const INSPECTION_TIME: Duration = Duration::from_secs(10);
/// How many inspections run at a time: an object that is refused is tried in many ways, which takes the processor for a while.
const INSPECTIONS: usize = 1;

/// The files, for anybody.
pub(super) fn assets() -> Router {
    let routes = FILES.into_iter().fold(Router::new(), |routes, (path, media_type, text)| {
        routes.route(path, get(async move || ([(CONTENT_TYPE, media_type)], text)))
    });
    routes.method_not_allowed_fallback(async || Problem::from(Refusal::MethodUnknown)).layer(from_fn(guard))
}

/// Middleware: says with each file what a browser may do with it.
async fn guard(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[derive(Clone)]
struct Page {
    gate: Arc<Gate>,
    intake: Intake,
    turn: Arc<Semaphore>,
}

/// What the page shows, for whoever shows the operator's token.
pub(super) fn data(gate: Arc<Gate>) -> Router {
    let session = HeaderName::from_static("x-session");
    // Two are read at a time.
    let intake = Intake::new(INSPECTION_BYTES, 2 * INSPECTION_BYTES, INSPECTION_TIME, session);
    Router::new()
        .route("/events", get(events))
        .route("/inspect", get(inspectable).post(inspect))
        .layer(DefaultBodyLimit::disable())
        .with_state(Page { gate, intake, turn: Arc::new(Semaphore::new(INSPECTIONS)) })
}

/// Verdicts as they are passed: a JSON object on each line, until the watcher goes or the gateway stops.
async fn events(State(page): State<Page>) -> Result<Response, Problem> {
    let watch = page.gate.metrics.events.watch()?;
    let lines = stream::unfold(watch, async |mut watch| {
        let line = watch.next().await?;
        Some((Ok::<_, std::convert::Infallible>(Bytes::from(line)), watch))
    });
    let headers = [(CONTENT_TYPE, "application/x-ndjson"), (CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(lines)).into_response())
}

/// Which applications there are to hold an object against.
async fn inspectable(State(page): State<Page>) -> Response {
    ([(CACHE_CONTROL, "no-store")], Json(page.gate.inspectable())).into_response()
}

/// Explains an object or a token. Nothing is used up by it.
async fn inspect(State(page): State<Page>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let inspection: Inspection = object(&page.intake.json_body(&parts.headers, body).await?)?;
    // It goes on if whoever asked goes away, and others wait until it ends.
    let turn = page.turn.acquire_owned().await.map_err(|_| Refusal::Internal)?;
    let inspecting = async move {
        let _turn = turn;
        page.gate.inspect(inspection).await
    };
    let inspected = tokio::spawn(inspecting.in_current_span()).await.map_err(|_| Refusal::Internal)?;
    let inspected = inspected.map_err(|unfit| Problem::detailed(unfit.refusal, unfit.detail))?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(inspected)).into_response())
}
