//! The way of spans to the collector: a queue that is bounded, and one task that sends what is in it.
//!
//! A request only ever puts a span into the queue. What finds no room is dropped and counted, so that a collector that hangs or
//! is away costs memory up to the bound and no time.

use std::{fmt, mem, time::Duration};

use axum::{
    body::Bytes,
    http::{StatusCode, Uri},
};
use opentelemetry::Context;
use opentelemetry_proto::{
    tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse},
    transform::{common::tonic::ResourceAttributesWithSchema, trace::tonic::group_spans_by_resource_and_scope},
};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{Span, SpanData, SpanProcessor},
};
use prometheus::{IntCounterVec, Opts, core::Collector as Counts};
use prost::Message as _;
use rustls::RootCertStore;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout, timeout_at},
};

use crate::play::{Exchange, ServerUrl, read};

/// How many spans wait, about 2 KB each.
const QUEUE: usize = 4096;
/// How many spans are sent at a time.
const BATCH: usize = 512;
/// How long the first span of a batch waits for others.
const PAUSE: Duration = Duration::from_millis(500);
/// The longest answer of a collector that is read.
const ANSWER: usize = 64 * 1024;

/// Whoever takes the spans.
pub struct Collector {
    exchange: Exchange,
    uri: Uri,
    timeout: Duration,
    resource: Resource,
}

/// What waits to be sent.
enum Entry {
    Span(Box<SpanData>),
    /// Somebody waits until all before it is sent.
    Flush(oneshot::Sender<()>),
}

/// The queue of spans.
#[derive(Clone)]
pub(super) struct Queue {
    entries: mpsc::Sender<Entry>,
    spans: IntCounterVec,
    timeout: Duration,
}

impl Collector {
    /// A collector at this address, whose certificate one of these authorities signed.
    ///
    /// # Errors
    ///
    /// If no address comes of it.
    pub fn new(endpoint: &ServerUrl, roots: RootCertStore, timeout: Duration, service: &str) -> Result<Self, String> {
        let uri = format!("{}/v1/traces", endpoint.to_string().trim_end_matches('/'));
        Ok(Self {
            exchange: Exchange::new(roots, timeout).map_err(|error| format!("traces: {error}"))?,
            uri: uri.parse().map_err(|error| format!("traces.endpoint: {error}"))?,
            timeout,
            // What the environment says beside it (OTEL_RESOURCE_ATTRIBUTES) is nobody's setting here.
            resource: Resource::builder_empty().with_service_name(service.to_owned()).build(),
        })
    }

    pub(super) const fn resource(&self) -> &Resource {
        &self.resource
    }

    /// Sends spans: how many of them the collector did not take.
    async fn send(&self, spans: Vec<SpanData>) -> Result<u64, String> {
        let resource = ResourceAttributesWithSchema::from(&self.resource);
        let resource_spans = group_spans_by_resource_and_scope(spans, &resource);
        let body = Bytes::from(ExportTraceServiceRequest { resource_spans }.encode_to_vec());
        let sent = async {
            let answer = self.exchange.post(&self.uri, "application/x-protobuf", None, body).await;
            let answer = answer.map_err(|lost| lost.to_string())?;
            if answer.status() != StatusCode::OK {
                return Err(answer.status().to_string());
            }
            let body = read(answer, ANSWER).await.map_err(|lost| lost.to_string())?;
            let answer = ExportTraceServiceResponse::decode(body).unwrap_or_default();
            Ok(answer.partial_success.map_or(0, |partial| partial.rejected_spans.unsigned_abs()))
        };
        timeout(self.timeout, sent).await.unwrap_or_else(|_| Err("no answer in time".to_owned()))
    }
}

impl Queue {
    /// An empty queue, and the task that sends what comes into it.
    pub(super) fn start(collector: Collector) -> Result<Self, prometheus::Error> {
        let help = "Spans that the collector took, that it did not take, and that found no room to wait.";
        let spans = IntCounterVec::new(Opts::new("trace_spans_total", help), &["outcome"])?;
        for outcome in ["sent", "failed", "dropped"] {
            spans.with_label_values(&[outcome]);
        }
        let (entries, waiting) = mpsc::channel(QUEUE);
        let timeout = collector.timeout;
        tokio::spawn(send_all(waiting, collector, spans.clone()));
        Ok(Self { entries, spans, timeout })
    }

    pub(super) fn counts(&self) -> impl Counts + use<> {
        self.spans.clone()
    }

    /// Waits until what is in the queue now was sent, or a batch could have been.
    pub(super) async fn flush(&self) {
        let (done, sent) = oneshot::channel();
        let flushed = async {
            if self.entries.send(Entry::Flush(done)).await.is_ok() {
                let _ = sent.await;
            }
        };
        let _ = timeout(self.timeout, flushed).await;
    }
}

impl SpanProcessor for Queue {
    fn on_start(&self, _span: &mut Span, _context: &Context) {}

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() && self.entries.try_send(Entry::Span(Box::new(span))).is_err() {
            self.spans.with_label_values(&["dropped"]).inc();
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// Sends what comes, a batch at a time, until nobody is left who could put anything in.
async fn send_all(mut waiting: mpsc::Receiver<Entry>, collector: Collector, counts: IntCounterVec) {
    let (mut spans, mut was_taken) = (Vec::new(), true);
    while let Some(first) = waiting.recv().await {
        let until = Instant::now() + PAUSE;
        let (mut next, mut flushed) = (Some(first), None);
        while let Some(entry) = next {
            match entry {
                Entry::Span(span) => spans.push(*span),
                Entry::Flush(done) => flushed = Some(done),
            }
            if spans.len() == BATCH || flushed.is_some() {
                break;
            }
            next = timeout_at(until, waiting.recv()).await.unwrap_or(None);
        }
        if !spans.is_empty() {
            was_taken = send_batch(&collector, mem::take(&mut spans), &counts, was_taken).await;
        }
        drop(flushed);
    }
}

/// Sends a batch: whether it was taken. A collector that is away is logged once, and once when it is back.
async fn send_batch(collector: &Collector, spans: Vec<SpanData>, counts: &IntCounterVec, was_taken: bool) -> bool {
    let all = spans.len() as u64;
    let (failed, reason) = match collector.send(spans).await {
        Ok(0) => (0, None),
        Ok(rejected) => (rejected.min(all), Some(format!("it rejected {rejected} spans"))),
        Err(reason) => (all, Some(reason)),
    };
    counts.with_label_values(&["sent"]).inc_by(all - failed);
    counts.with_label_values(&["failed"]).inc_by(failed);
    match &reason {
        Some(reason) if was_taken => tracing::warn!("traces: the collector does not take them: {reason}"),
        None if !was_taken => tracing::info!("traces: the collector takes them again"),
        _ => {}
    }
    reason.is_none()
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").finish_non_exhaustive()
    }
}
