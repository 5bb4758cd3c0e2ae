//! What is counted: the operator's view, in Prometheus' text form.

use std::{sync::Arc, time::Duration};

use genuine::{
    crypto::{
        CryptoError, Digest, GenuineCrypto, P256, P384, PrepareEcdsa, PreparedP256, PreparedP384, PublicKey,
        RsaPublicKey, Sha256, Sha384, Signature, VerifyEcdsa, VerifyRsa,
    },
    session::mode::{Mode, Status},
};
use genuine_crypto_ifma::Ifma;
use prometheus::{
    Counter, Encoder as _, Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts,
    Registry, TextEncoder, core::Collector,
};
use rustix::time::{ClockId, clock_gettime};

use crate::{
    api_key::KeyKind,
    events::{self, Events, What},
    platform::Platform,
    refusal::Refusal,
    verdict::Verdict,
};

/// The table of a device's key: 8 KB, which pays from the second request on.
pub type DeviceTable = PreparedP256<128>;

/// The table of an issuer's key: 12 KB, which pays from the second attestation on.
pub type IssuerTable = PreparedP384<128>;

/// The counters of one server.
pub struct Metrics {
    registry: Registry,
    /// Whom verdicts are told as they are passed.
    pub events: Events,
    /// Requests by listener, route, method and status.
    pub requests: IntCounterVec,
    /// How long requests took, by listener and route.
    pub latency: HistogramVec,
    /// Refusals by reason.
    refusals: IntCounterVec,
    /// Challenges issued.
    pub challenges: IntCounter,
    /// Devices registered.
    pub registrations: IntCounter,
    /// Assertions accepted.
    pub assertions: IntCounter,
    /// Attestations by platform, mode in force, and status.
    attestations: IntCounterVec,
    /// Requests to routes that take assertions, and under rules of proxies, by name, mode in force, and verdict.
    verdicts: IntCounterVec,
    /// Devices locked for what they showed.
    pub locks: IntCounter,
    /// Attestations of OAuth clients issued.
    pub client_attestations: IntCounter,
    /// Codes and refresh tokens that providers were shown, by provider, what it was, and what came of it.
    pub oauth_exchanges: IntCounterVec,
    /// Session tokens issued.
    pub tokens: IntCounter,
    /// Requests with a session token accepted.
    pub admissions: IntCounter,
    /// Requests with an API key, by client, kind and verdict.
    api_keys: IntCounterVec,
    /// Request tokens issued.
    pub api_key_tokens: IntCounter,
    /// 1 while the file of API keys cannot be taken, so that older keys are in use.
    pub api_keys_stale: IntGauge,
    /// Certificate chains whose signatures were verified.
    pub chains: IntCounter,
    /// Time of the processor in verifying signatures, and in preparing keys for that, in seconds.
    signature_cpu: Counter,
    /// By curve, and by whether the key was [`STORED`] or [`PREPARED`].
    signatures: IntCounterVec,
    /// Time of the processor in all, in seconds; the process collector's has no fractions.
    cpu: Gauge,
    /// How long the store took, by operation.
    pub store: HistogramVec,
    /// How many writes one commit of the embedded store carried.
    pub commit: Histogram,
}

/// A key as it is stored, or in a certificate.
const STORED: &str = "stored";
/// A key with its table.
const PREPARED: &str = "prepared";

const LATENCIES: &[f64] = &[0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0];
const SIZES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

impl Metrics {
    /// All counters at zero.
    ///
    /// # Errors
    ///
    /// If two counters have one name, which a test would show, or there is no randomness.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new_custom(Some("genuine".to_owned()), None)?;
        let process = prometheus::process_collector::ProcessCollector::for_self();
        registry.register(Box::new(process))?;
        let counter = |name: &str, help: &str| {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        let counters = |name: &str, help: &str, labels: &[&str]| {
            let counters = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(counters.clone()))?;
            Ok::<_, prometheus::Error>(counters)
        };
        let histograms = |name: &str, help: &str, labels: &[&str]| {
            let options = HistogramOpts::new(name, help).buckets(LATENCIES.to_vec());
            let histograms = HistogramVec::new(options, labels)?;
            registry.register(Box::new(histograms.clone()))?;
            Ok::<_, prometheus::Error>(histograms)
        };
        let signature_cpu =
            Counter::new("signature_cpu_seconds_total", "CPU time in verifying signatures and preparing keys.")?;
        registry.register(Box::new(signature_cpu.clone()))?;
        let api_keys_stale = IntGauge::new(
            "api_keys_stale",
            "Whether the file of API keys cannot be taken, and older keys are in use.",
        )?;
        registry.register(Box::new(api_keys_stale.clone()))?;
        let cpu = Gauge::new("cpu_seconds_total", "CPU time of the process.")?;
        registry.register(Box::new(cpu.clone()))?;
        let options = HistogramOpts::new("commit_writes", "Writes in one commit of the embedded store.");
        let commit = Histogram::with_opts(options.buckets(SIZES.to_vec()))?;
        registry.register(Box::new(commit.clone()))?;
        Ok(Self {
            requests: counters("http_requests_total", "Requests.", &["listener", "route", "method", "status"])?,
            latency: histograms("http_request_seconds", "Time from request to answer.", &["listener", "route"])?,
            refusals: counters("refusals_total", "Refusals by reason.", &["reason"])?,
            challenges: counter("challenges_total", "Challenges issued.")?,
            registrations: counter("registrations_total", "Devices registered.")?,
            assertions: counter("assertions_total", "Assertions accepted.")?,
            attestations: counters(
                "attestations_total",
                "Attestations by what they came to.",
                &["platform", "mode", "status"],
            )?,
            verdicts: counters("verdicts_total", "Requests by what they showed.", &["route", "mode", "verdict"])?,
            locks: counter("locks_total", "Devices locked for what they showed.")?,
            client_attestations: counter("client_attestations_total", "Attestations of OAuth clients issued.")?,
            oauth_exchanges: counters(
                "oauth_exchanges_total",
                "Codes and refresh tokens that providers were shown.",
                &["provider", "grant", "outcome"],
            )?,
            tokens: counter("tokens_total", "Session tokens issued.")?,
            admissions: counter("admissions_total", "Requests with a session token accepted.")?,
            api_keys: counters(
                "api_key_requests_total",
                "Requests with an API key, by what they came to.",
                &["application", "kind", "verdict"],
            )?,
            api_key_tokens: counter("api_key_tokens_total", "Request tokens issued.")?,
            api_keys_stale,
            chains: counter("chain_verifications_total", "Attestations whose chain was verified.")?,
            signatures: counters("signatures_total", "Signature verifications.", &["curve", "key"])?,
            store: histograms("store_seconds", "Time that the store took.", &["operation"])?,
            signature_cpu,
            cpu,
            commit,
            events: Events::default(),
            registry,
        })
    }

    /// Shows beside the rest what somebody else counts, such as the quota of Google's server.
    ///
    /// # Errors
    ///
    /// If it was added before.
    pub fn add(&self, counts: impl Collector + 'static) -> Result<(), prometheus::Error> {
        self.registry.register(Box::new(counts))
    }

    /// Counts a refusal by its reason, and logs it.
    pub fn refused(&self, refusal: Refusal, status: u16, method: &str, route: &str) {
        let reason = refusal.reason();
        self.refusals.with_label_values(&[reason]).inc();
        if status >= 500 {
            tracing::warn!(reason, status, method, route, "refused");
        } else {
            tracing::info!(reason, status, method, route, "refused");
        }
    }

    /// Counts an attestation by what it came to.
    pub fn attestation(&self, platform: Platform, mode: Mode, status: Status) {
        self.attestations.with_label_values(&[platform.as_str(), mode.as_str(), status.as_str()]).inc();
        events::note(|sighting| {
            sighting.is_about(What::Registration);
            sighting.came_to(status.as_str(), Some(mode.as_str()));
        });
    }

    /// Attestations so far that came to this.
    #[must_use]
    pub fn attestations(&self, platform: Platform, mode: Mode, status: Status) -> u64 {
        self.attestations.with_label_values(&[platform.as_str(), mode.as_str(), status.as_str()]).get()
    }

    /// Counts a request by what it showed, on this route or under this rule.
    pub fn verdict(&self, route: &str, mode: Mode, verdict: Verdict) {
        self.verdicts.with_label_values(&[route, mode.as_str(), verdict.as_str()]).inc();
        events::note(|sighting| {
            sighting.is_about(What::Request);
            sighting.came_to(verdict.as_str(), Some(mode.as_str()));
        });
    }

    /// Requests so far that showed this.
    #[must_use]
    pub fn verdicts(&self, route: &str, mode: Mode, verdict: Verdict) -> u64 {
        self.verdicts.with_label_values(&[route, mode.as_str(), verdict.as_str()]).get()
    }

    /// Counts a request with an API key by what it came to: of a client, or of nobody where no key was shown.
    pub fn api_key(&self, application: &str, kind: KeyKind, verdict: &'static str) {
        self.api_keys.with_label_values(&[application, kind.as_str(), verdict]).inc();
        events::note(|sighting| {
            if !application.is_empty() {
                sighting.is_of(application, None);
            }
            sighting.came_to(verdict, None);
        });
    }

    /// Requests with an API key so far that came to this.
    #[must_use]
    pub fn api_keys(&self, application: &str, kind: KeyKind, verdict: &str) -> u64 {
        self.api_keys.with_label_values(&[application, kind.as_str(), verdict]).get()
    }

    /// Refusals so far for this reason.
    #[must_use]
    pub fn refusals(&self, reason: &str) -> u64 {
        self.refusals.with_label_values(&[reason]).get()
    }

    /// Everything, in the text form.
    ///
    /// # Errors
    ///
    /// None that is known: the families come from the registry.
    pub fn text(&self) -> Result<String, prometheus::Error> {
        self.cpu.set(cpu_time(ClockId::ProcessCPUTime).as_secs_f64());
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

/// The engine's fast backend, with the processor's time counted. It verifies in variable time, and nothing that it sees is
/// secret.
pub struct Metered {
    metrics: Arc<Metrics>,
    /// Where the processor has AVX-512 IFMA, its lanes share the work on a signature by a prepared key.
    lanes: Option<Ifma>,
}

impl Metered {
    /// The best that this processor can do.
    #[must_use]
    pub fn detect(metrics: Arc<Metrics>) -> Self {
        Self { metrics, lanes: Ifma::detect() }
    }

    /// What every processor can do.
    #[must_use]
    pub const fn portable(metrics: Arc<Metrics>) -> Self {
        Self { metrics, lanes: None }
    }

    /// Verifies a signature on a curve, by a key as it is stored or as it was prepared.
    fn count<T>(&self, curve: &str, key: &str, verify: impl FnOnce() -> T) -> T {
        self.metrics.signatures.with_label_values(&[curve, key]).inc();
        self.spend(verify)
    }

    /// Does what is part of verifying signatures.
    fn spend<T>(&self, work: impl FnOnce() -> T) -> T {
        let start = cpu_time(ClockId::ThreadCPUTime);
        let done = work();
        let spent = cpu_time(ClockId::ThreadCPUTime).saturating_sub(start);
        self.metrics.signature_cpu.inc_by(spent.as_secs_f64());
        done
    }
}

/// Time that the processor has spent on this thread, or on this process.
fn cpu_time(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

impl Sha256 for Metered {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        GenuineCrypto.sha256(parts)
    }
}

impl Sha384 for Metered {
    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        GenuineCrypto.sha384(parts)
    }
}

impl VerifyEcdsa<P256> for Metered {
    fn check_key(&self, key: &PublicKey<P256>) -> Result<(), CryptoError> {
        GenuineCrypto.check_key(key)
    }

    fn verify(&self, key: &PublicKey<P256>, digest: &Digest, signature: &Signature<P256>) -> Result<(), CryptoError> {
        self.count("p256", STORED, || GenuineCrypto.verify(key, digest, signature))
    }
}

impl VerifyEcdsa<P384> for Metered {
    fn check_key(&self, key: &PublicKey<P384>) -> Result<(), CryptoError> {
        GenuineCrypto.check_key(key)
    }

    fn verify(&self, key: &PublicKey<P384>, digest: &Digest, signature: &Signature<P384>) -> Result<(), CryptoError> {
        self.count("p384", STORED, || GenuineCrypto.verify(key, digest, signature))
    }
}

impl VerifyRsa for Metered {
    fn verify_rsa_pkcs1_sha256(
        &self,
        key: RsaPublicKey<'_>,
        digest: &[u8; 32],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        self.count("rsa", STORED, || GenuineCrypto.verify_rsa_pkcs1_sha256(key, digest, signature))
    }
}

impl PrepareEcdsa<P256, DeviceTable> for Metered {
    fn prepare(&self, key: &PublicKey<P256>) -> Result<DeviceTable, CryptoError> {
        self.spend(|| GenuineCrypto.prepare(key))
    }

    fn verify_prepared(
        &self,
        key: &DeviceTable,
        digest: &Digest,
        signature: &Signature<P256>,
    ) -> Result<(), CryptoError> {
        self.count("p256", PREPARED, || match &self.lanes {
            Some(lanes) => PrepareEcdsa::verify_prepared(lanes, key, digest, signature),
            None => GenuineCrypto.verify_prepared(key, digest, signature),
        })
    }
}

impl PrepareEcdsa<P384, IssuerTable> for Metered {
    fn prepare(&self, key: &PublicKey<P384>) -> Result<IssuerTable, CryptoError> {
        self.spend(|| GenuineCrypto.prepare(key))
    }

    fn verify_prepared(
        &self,
        key: &IssuerTable,
        digest: &Digest,
        signature: &Signature<P384>,
    ) -> Result<(), CryptoError> {
        self.count("p384", PREPARED, || GenuineCrypto.verify_prepared(key, digest, signature))
    }
}
