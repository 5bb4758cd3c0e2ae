//! What is asked of the store on the way to a decision: for no longer than the application allows, measured, and traced.

use std::time::{Duration, Instant};

use genuine::{Error, app_attest::KeyId};

use super::Gate;
use crate::{application::Application, events, platform::Platform, refusal::Refusal, store::Device, traces};

/// How long an operation may take where there is no application.
const TIMEOUT: Duration = Duration::from_secs(5);

impl Gate {
    /// Waits for one operation of the store as long as the application allows.
    pub(super) async fn ask<T>(
        &self,
        application: &Application,
        operation: &str,
        answer: impl Future<Output = T>,
    ) -> Result<T, Refusal> {
        self.ask_within(application.timeout, operation, answer).await
    }

    /// Waits for one operation of the store that is of no application, as long as the most patient one allows.
    pub(super) async fn ask_for_all<T>(&self, operation: &str, answer: impl Future<Output = T>) -> Result<T, Refusal> {
        let longest = self.applications.iter().map(|application| application.timeout).max();
        self.ask_within(longest.unwrap_or(TIMEOUT), operation, answer).await
    }

    async fn ask_within<T>(
        &self,
        longest: Duration,
        operation: &str,
        answer: impl Future<Output = T>,
    ) -> Result<T, Refusal> {
        let start = Instant::now();
        let answer = traces::within("store", operation, tokio::time::timeout(longest, answer)).await;
        self.observe(operation, start);
        answer.map_err(|_| Refusal::Timeout)
    }

    /// The device that a request names, which is registered. From here on the log of the request names it as well.
    pub(super) async fn find(&self, key_id: KeyId) -> Result<Device, Refusal> {
        let start = Instant::now();
        let found = traces::within("store", "device", self.store.device(key_id)).await;
        self.observe("device", start);
        let device = found?.ok_or(Error::UnknownKey)?;
        self.name(key_id);
        // Not before it is found: whoever makes up keys is not to make up devices.
        events::note(|sighting| {
            sighting.names(key_id);
            sighting.is_of(&device.application, Platform::of(&device.key));
        });
        Ok(device)
    }

    /// Names the device that a request is about, in its log lines.
    pub(super) fn name(&self, key_id: KeyId) {
        let span = tracing::Span::current();
        if !span.is_disabled() {
            span.record("device", self.pseudonyms.of(key_id));
        }
    }

    pub(super) fn observe(&self, operation: &str, start: Instant) {
        self.metrics.store.with_label_values(&[operation]).observe(start.elapsed().as_secs_f64());
    }
}

/// Waits as long as the application allows.
pub(super) async fn in_time<T>(application: &Application, answer: impl Future<Output = T>) -> Result<T, Refusal> {
    tokio::time::timeout(application.timeout, answer).await.map_err(|_| Refusal::Timeout)
}
