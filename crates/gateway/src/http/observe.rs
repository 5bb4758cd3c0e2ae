//! Names each request, counts it, and each refusal with its reason; and tells what it came to, where anybody watches or it has a trace.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Instant, SystemTime},
};

use axum::{
    body::Body,
    extract::{ConnectInfo, MatchedPath, Request, State},
    http::{HeaderName, Method, header::CONTENT_LENGTH},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use genuine::UnixMillis;
use ipnet::IpNet;
use tracing::{Instrument as _, field::Empty};

use super::{header::single, problem::Problem, request_id::RequestId};
use crate::{
    events::{self, Answered},
    gate::Gate,
    refusal::Refusal,
    traces::Trace,
};

/// The trace that a proxy has of a request (W3C Trace Context §3.2).
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Who looks at each request of a listener.
#[derive(Clone)]
pub(super) struct Observer {
    pub gate: Arc<Gate>,
    /// Whether what requests come to is told: those of apps.
    pub tells: bool,
    /// Whose word on a request's name and trace is believed.
    pub proxies: Arc<[IpNet]>,
}

impl Observer {
    /// Which listener it is, for the metrics: both have a `/devices`.
    const fn listener(&self) -> &'static str {
        if self.tells { "app" } else { "operator" }
    }

    fn trusts(&self, request: &Request) -> bool {
        let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>() else { return false };
        let peer = peer.ip().to_canonical();
        self.proxies.iter().any(|network| network.contains(&peer))
    }
}

/// Middleware around everything.
pub(super) async fn observe(State(observer): State<Observer>, mut request: Request, next: Next) -> Response {
    let start = Instant::now();
    let is_trusted = observer.trusts(&request);
    let said = if is_trusted { RequestId::said(request.headers()) } else { None };
    let Ok(id) = said.map_or_else(RequestId::fresh, Ok) else {
        return Problem::from(Refusal::Internal).into_response();
    };
    request.extensions_mut().insert(id.clone());
    // Labels are few: neither paths nor methods are the client's to invent.
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or("none", MatchedPath::as_str);
    let method = match *request.method() {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    };
    let metrics = &observer.gate.metrics;
    let is_watched = observer.tells && metrics.events.is_watched();
    let trace = observer.gate.traces.as_ref().filter(|_| observer.tells).map(|traces| {
        let parent = if is_trusted { single(request.headers(), &TRACEPARENT).ok().flatten() } else { None };
        traces.request(method, route, parent, id.as_str())
    });
    // An error's span, so that it is there whatever the level of the log: what it says is said by the lines in it.
    let span =
        tracing::error_span!(target: "genuine::request", "request", request_id = %id, trace_id = Empty, device = Empty);
    if let Some(trace_id) = trace.as_ref().and_then(Trace::id) {
        span.record("trace_id", trace_id);
    }
    let answered = async {
        let response = next.run(request).await;
        if let Some(refusal) = response.extensions().get::<Refusal>() {
            metrics.refused(*refusal, response.status().as_u16(), method, route);
        }
        response
    };
    let answered = answered.instrument(span);
    let mut response = if is_watched || trace.as_ref().is_some_and(Trace::is_recorded) {
        let (response, sighting) = events::sighted(within(trace.as_ref(), answered)).await;
        let device = sighting.device.map(|device| observer.gate.pseudonyms.of(device));
        let told = Answered {
            at: now(),
            route,
            status: response.status().as_u16(),
            refusal: response.extensions().get::<Refusal>().copied(),
        };
        if is_watched {
            metrics.events.tell(&sighting, device.as_deref(), told);
        }
        if let Some(trace) = trace {
            trace.end(&sighting, device.as_deref(), told);
        }
        response
    } else {
        // The log takes the platform from what is noted.
        events::sighted(answered).await.0
    };
    let listener = observer.listener();
    metrics.requests.with_label_values(&[listener, route, method, response.status().as_str()]).inc();
    metrics.latency.with_label_values(&[listener, route]).observe(start.elapsed().as_secs_f64());
    if let Some(problem) = response.extensions().get::<Problem>() {
        let body = problem.body_of(Some(&id)).to_string();
        response.headers_mut().insert(CONTENT_LENGTH, body.len().into());
        *response.body_mut() = Body::from(body);
    }
    id.answer(response.headers_mut());
    response
}

/// Answers a request within its trace, if it has one.
async fn within(trace: Option<&Trace>, answered: impl Future<Output = Response>) -> Response {
    match trace {
        Some(trace) => trace.within(answered).await,
        None => answered.await,
    }
}

/// When a verdict is told, by the machine's clock: a gate's counts seconds.
fn now() -> UnixMillis {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    UnixMillis(u64::try_from(now.as_millis()).unwrap_or(u64::MAX))
}
