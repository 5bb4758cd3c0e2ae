//! Traces: what a request came to and where its time went, in the terms of OpenTelemetry.
//!
//! A trace holds what is named here and nothing else: no span and no event of another crate is in it. What it says of a request
//! is what [`events`](crate::events) has noted on the way.

mod export;

use std::fmt;

use opentelemetry::{
    Context, KeyValue,
    propagation::{Extractor, TextMapPropagator as _},
    trace::{FutureExt as _, SpanKind, Status, TraceContextExt as _, Tracer as _, TracerProvider as _},
};
use opentelemetry_sdk::{
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracer, SdkTracerProvider},
};
use prometheus::core::Collector as Counts;

pub use self::export::Collector;
use self::export::Queue;
use crate::{
    events::{Answered, Sighting, What},
    platform::Platform,
    refusal::Refusal,
};

/// Who measured, as spans say it.
const SCOPE: &str = env!("CARGO_PKG_NAME");

/// What a span says of a request.
pub mod attribute {
    /// The name that the log has for the request.
    pub const REQUEST: &str = "genuine.request_id";
    /// The pseudonym of the device.
    pub const DEVICE: &str = "genuine.device";
    /// The application's name.
    pub const APPLICATION: &str = "genuine.application";
    /// The platform of an attestation.
    pub const PLATFORM: &str = "genuine.platform";
    /// The mode in force.
    pub const MODE: &str = "genuine.mode";
    /// What an attestation came to.
    pub const STATUS: &str = "genuine.status";
    /// What a request showed.
    pub const VERDICT: &str = "genuine.verdict";
    /// Why the request was refused.
    pub const REFUSAL: &str = "genuine.refusal";
}

/// Where requests get their traces.
#[derive(Clone)]
pub struct Traces {
    tracer: SdkTracer,
    queue: Queue,
}

/// The trace of one request, from its start to its end.
pub struct Trace(Context);

/// `traceparent` (W3C Trace Context §3.2), and none of the rest: `tracestate` would be anybody's text.
struct Parent<'p>(&'p str);

impl Extractor for Parent<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (key == "traceparent").then_some(self.0)
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent"]
    }
}

impl Traces {
    /// Traces of this share of requests, which go to this collector. They are sent by a task of the runtime that this is called on.
    ///
    /// # Errors
    ///
    /// None that is known: the counters are new.
    pub fn start(collector: Collector, share: f64) -> Result<Self, prometheus::Error> {
        let resource = collector.resource().clone();
        let queue = Queue::start(collector)?;
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(share))))
            .with_resource(resource)
            .with_span_processor(queue.clone())
            .build();
        Ok(Self { tracer: provider.tracer(SCOPE), queue })
    }

    /// The start of a request to this route, which belongs to this trace of a proxy's if there is one.
    #[must_use]
    pub fn request(&self, method: &'static str, route: &str, parent: Option<&str>, request_id: &str) -> Trace {
        let nobody = Context::new();
        let parent = match parent {
            Some(parent) => TraceContextPropagator::new().extract_with_context(&nobody, &Parent(parent)),
            None => nobody.clone(),
        };
        let attributes = [
            KeyValue::new("http.request.method", method),
            KeyValue::new("http.route", route.to_owned()),
            KeyValue::new(attribute::REQUEST, request_id.to_owned()),
        ];
        let span = self
            .tracer
            .span_builder(format!("{method} {route}"))
            .with_kind(SpanKind::Server)
            .with_attributes(attributes)
            .start_with_context(&self.tracer, &parent);
        Trace(nobody.with_value(self.tracer.clone()).with_span(span))
    }

    /// How many spans were sent, and what became of the others.
    #[must_use]
    pub fn counts(&self) -> impl Counts + use<> {
        self.queue.counts()
    }

    /// Sends what there is, for no longer than the collector may take over it.
    pub async fn flush(&self) {
        self.queue.flush().await;
    }
}

impl Trace {
    /// Does what belongs to this request.
    pub async fn within<T>(&self, work: impl Future<Output = T>) -> T {
        work.with_context(self.0.clone()).await
    }

    /// Whether it is sent.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        self.0.span().is_recording()
    }

    /// Its identifier, in hex, if it is sent.
    #[must_use]
    pub fn id(&self) -> Option<String> {
        let span = self.0.span();
        span.is_recording().then(|| span.span_context().trace_id().to_string())
    }

    /// The end of the request, with what was learnt of it, the device's pseudonym, and how it was answered.
    pub fn end(self, sighting: &Sighting, device: Option<&str>, answered: Answered<'_>) {
        let span = self.0.span();
        let outcome = match sighting.what {
            Some(What::Registration) => attribute::STATUS,
            _ => attribute::VERDICT,
        };
        for (name, value) in [
            (attribute::APPLICATION, sighting.application.as_deref()),
            (attribute::PLATFORM, sighting.platform.map(Platform::as_str)),
            (attribute::MODE, sighting.mode),
            (outcome, sighting.outcome),
            (attribute::DEVICE, device),
            (attribute::REFUSAL, answered.refusal.map(Refusal::reason)),
        ] {
            if let Some(value) = value {
                span.set_attribute(KeyValue::new(name, value.to_owned()));
            }
        }
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(answered.status)));
        // OpenTelemetry's conventions for servers: what a client did wrong is no error of this service.
        if answered.status >= 500 {
            span.set_status(Status::error(""));
        }
        span.end();
    }
}

/// Does a part of what a request takes, with a span for it.
pub async fn within<T>(part: &'static str, operation: &str, work: impl Future<Output = T>) -> T {
    let Some(context) = begin(part, operation) else { return work.await };
    let done = work.with_context(context.clone()).await;
    context.span().end();
    done
}

/// As [`within`], for what does not wait.
pub fn measured<T>(part: &'static str, operation: &str, work: impl FnOnce() -> T) -> T {
    let Some(context) = begin(part, operation) else { return work() };
    let done = work();
    context.span().end();
    done
}

/// The beginning of a part, where there is a trace.
fn begin(part: &'static str, operation: &str) -> Option<Context> {
    Context::map_current(|context| {
        if !context.span().is_recording() {
            return None;
        }
        let tracer = context.get::<SdkTracer>()?;
        let span = tracer.span_builder(format!("{part} {operation}")).start_with_context(tracer, context);
        Some(context.with_span(span))
    })
}

impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traces").finish_non_exhaustive()
    }
}
