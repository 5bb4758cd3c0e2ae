//! Google's list of attestation keys that are revoked: which certificates of Android devices count no more.
//!
//! It comes from Google's server, or from a file. What cannot be had or read changes nothing: the last good list stays in use, and
//! grows old. Whoever registers a device asks for one that is not [too old](Revocations::current); a device that is registered is
//! looked up in the [latest](Revocations::latest), since an old list is still right about those that are on it.

mod list;
mod source;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, Instant},
};

use genuine::UnixMillis;
use prometheus::{
    IntCounterVec, IntGauge, Opts,
    core::{Collector, Desc},
    proto::MetricFamily,
};
use rustls::RootCertStore;

pub use self::list::{Listed, RevocationList};
use self::source::{ListFile, ListServer, Loaded, Mark, Source, aside, confirm, keep};
use crate::{
    clock::Clock,
    complaint::Complaint,
    events::{ListEvent, Renewal},
    metrics::Metrics,
    play::{Exchange, ServerUrl},
};

/// How often it is looked whether a file has changed.
const WATCH: Duration = Duration::from_secs(10);
/// How long a server is left alone that did not give the list, unless it is asked more often anyway.
const RETRY: Duration = Duration::from_secs(60);

/// Google's list, as it is now and as it will be.
pub struct Revocations {
    source: Source,
    /// How often the source is asked.
    refresh: Duration,
    /// How long after the start it is asked again.
    first_pause: Duration,
    /// How old a list may be by which a device is registered, in seconds.
    age_limit: u64,
    clock: Clock,
    current: RwLock<Current>,
    /// Who renews it does so alone.
    renewing: tokio::sync::Mutex<()>,
    complaint: Mutex<Complaint>,
    metrics: Arc<Metrics>,
    counts: Counts,
}

/// The list in use.
struct Current {
    list: Arc<RevocationList>,
    as_of: u64,
    mark: Mark,
}

/// The list is too old to register a device by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooOld;

/// Where the list comes from, and how old it may be.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it comes from.
    pub origin: Origin,
    /// The longest list, in bytes.
    pub max_bytes: usize,
    /// How old a list may be by which a device is registered, in seconds.
    pub age_limit: u64,
}

/// Where the list comes from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// A server.
    Server {
        /// The address.
        url: ServerUrl,
        /// The authorities whose certificates count.
        roots: RootCertStore,
        /// How long it may take in all.
        timeout: Duration,
        /// How often it is asked.
        refresh: Duration,
        /// The file in which its list is kept for the next start.
        copy: Option<PathBuf>,
    },
    /// A file, which somebody else keeps up to date.
    File(PathBuf),
    /// Nowhere: no certificate is looked up.
    Nowhere,
}

/// What is counted.
#[derive(Clone)]
struct Counts {
    entries: IntGauge,
    age: IntGauge,
    age_limit: IntGauge,
    loads: IntCounterVec,
}

impl Counts {
    fn new() -> Result<Self, prometheus::Error> {
        let loads = "Times that the list of revoked attestation keys was asked for, by what came of it.";
        let loads = IntCounterVec::new(Opts::new("revocations_loads_total", loads), &["outcome"])?;
        for outcome in [Renewal::New, Renewal::Same, Renewal::Failed] {
            loads.with_label_values(&[outcome.as_str()]);
        }
        Ok(Self {
            entries: IntGauge::new("revocations_entries", "Certificates on the list of revoked attestation keys.")?,
            age: IntGauge::new("revocations_age_seconds", "How old the list of revoked attestation keys is.")?,
            age_limit: IntGauge::new("revocations_age_limit_seconds", "How old it may be to register devices by.")?,
            loads,
        })
    }
}

impl Revocations {
    /// The first list. If the server does not give it, the copy that an earlier run has kept is taken in its place.
    ///
    /// # Errors
    ///
    /// That there is none, or none that is not too old: without one nothing is known of any device.
    pub async fn open(settings: Settings, clock: Clock, metrics: Arc<Metrics>) -> Result<Self, String> {
        let Settings { origin, max_bytes, age_limit } = settings;
        let (source, refresh) = match origin {
            Origin::Server { url, roots, timeout, refresh, copy } => {
                let exchange = Exchange::new(roots, timeout).map_err(|error| error.to_string())?;
                let server = Box::new(ListServer { exchange, uri: url.uri().clone(), timeout, max_bytes });
                (Source::Server { server, copy }, refresh)
            }
            Origin::File(path) => (Source::File(ListFile { path, max_bytes }), WATCH),
            Origin::Nowhere => (Source::Nowhere, Duration::MAX),
        };
        let counts = Counts::new().map_err(|error| error.to_string())?;
        counts.age_limit.set(i64::try_from(age_limit).unwrap_or(i64::MAX));
        let nothing = Current { list: Arc::default(), as_of: 0, mark: Mark::default() };
        let mut revocations = Self {
            source,
            refresh,
            first_pause: refresh,
            age_limit,
            clock,
            current: RwLock::new(nothing),
            renewing: tokio::sync::Mutex::default(),
            complaint: Mutex::default(),
            metrics,
            counts,
        };
        if revocations.begin(max_bytes).await? == Renewal::Failed {
            revocations.first_pause = refresh.min(RETRY);
        }
        Ok(revocations)
    }

    /// What came of asking the source first: if it gave no list, a copy was there in its place.
    async fn begin(&self, max_bytes: usize) -> Result<Renewal, String> {
        if !self.is_there() {
            tracing::warn!("revocations: there is no list: whoever has a leaked attestation key registers devices");
            return Ok(Renewal::Same);
        }
        let mut came = Renewal::New;
        let first = match (self.load().await, &self.source) {
            (Ok(loaded), _) => Ok(loaded),
            (Err(mistake), Source::Server { copy: Some(path), .. }) => {
                came = Renewal::Failed;
                self.count(came);
                let copy = ListFile { path: path.clone(), max_bytes };
                let copied = copy.load(&Mark::default(), (self.clock)()).await;
                copied
                    .inspect(|_| tracing::warn!("revocations: the copy of the list is taken, since {mistake}"))
                    .map(|copied| Loaded { mark: Mark::default(), ..copied })
                    .map_err(|of_copy| format!("{mistake}; and {of_copy}"))
            }
            (Err(mistake), _) => Err(mistake),
        };
        let loaded = first.map_err(|mistake| format!("revocations: there is no list: {mistake}"))?;
        self.take(loaded).await;
        match self.current() {
            Ok(list) => {
                tracing::info!(entries = list.len(), age_seconds = self.age(), "revocations: the list was read");
                Ok(came)
            }
            Err(TooOld) => Err(format!(
                "revocations: the list is {} seconds old, and {} are the limit",
                self.age(),
                self.age_limit
            )),
        }
    }

    /// Whether there is a list. By the operator's own word there may be none, and then nothing is known of any key.
    #[must_use]
    pub const fn is_there(&self) -> bool {
        !matches!(self.source, Source::Nowhere)
    }

    /// The list, to register a device by.
    ///
    /// # Errors
    ///
    /// [`TooOld`].
    pub fn current(&self) -> Result<Arc<RevocationList>, TooOld> {
        if self.age() > self.age_limit { Err(TooOld) } else { Ok(self.latest()) }
    }

    /// The last good list, however old.
    #[must_use]
    pub fn latest(&self) -> Arc<RevocationList> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner).list)
    }

    /// How old the list is, in seconds: since the server was asked, or since the file was modified.
    #[must_use]
    pub fn age(&self) -> u64 {
        if !self.is_there() {
            return 0;
        }
        let as_of = self.current.read().unwrap_or_else(PoisonError::into_inner).as_of;
        (self.clock)().saturating_sub(as_of)
    }

    /// Asks for the list once more, and says what came of it. If it cannot be had, the log says so at once and every ten minutes, and the
    /// last good one stays.
    pub async fn renew(&self) -> Renewal {
        let _renewing = self.renewing.lock().await;
        if !self.is_there() {
            return Renewal::Same;
        }
        let taken = match self.load().await {
            Ok(loaded) => Ok(self.take(loaded).await),
            Err(mistake) => Err(mistake),
        };
        let mut complaint = self.complaint.lock().unwrap_or_else(PoisonError::into_inner);
        match taken {
            Ok(renewal) => {
                *complaint = Complaint::default();
                renewal
            }
            Err(mistake) => {
                if complaint.is_due(std::slice::from_ref(&mistake), Instant::now()) {
                    tracing::error!(age_seconds = self.age(), "revocations: the list stays as it was: {mistake}");
                }
                self.count(Renewal::Failed);
                let entries = self.latest().len();
                self.tell(ListEvent { renewal: Renewal::Failed, entries, added: 0, removed: 0 });
                Renewal::Failed
            }
        }
    }

    /// Asks for the list again and again.
    pub async fn keep_renewing(self: Arc<Self>) {
        let mut pause = self.first_pause;
        if !self.is_there() {
            return;
        }
        loop {
            tokio::time::sleep(pause).await;
            pause = match self.renew().await {
                Renewal::Failed => self.refresh.min(RETRY),
                Renewal::New | Renewal::Same => self.refresh,
            };
        }
    }

    /// What the source has now.
    async fn load(&self) -> Result<Loaded, String> {
        let now = (self.clock)();
        let mark = self.current.read().unwrap_or_else(PoisonError::into_inner).mark.clone();
        match &self.source {
            Source::Server { server, .. } => server.load(&mark, now).await,
            Source::File(file) => file.load(&mark, now).await,
            Source::Nowhere => Err("there is no source".to_owned()),
        }
    }

    /// Puts in use what the source had, unless that is of an earlier time than what is in use: caches on the way to a server do not
    /// all have the same list, and one that lags behind is not to take back what another one has told.
    async fn take(&self, loaded: Loaded) -> Renewal {
        let Loaded { as_of, mut mark, list, text } = loaded;
        let (before, since) = {
            let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
            (Arc::clone(&current.list), current.as_of)
        };
        // A time that is yet to come is that of a clock which was put right since; it holds nothing up.
        if matches!(self.source, Source::Server { .. }) && as_of < since && since <= (self.clock)() {
            self.count(Renewal::Same);
            return Renewal::Same;
        }
        let list = list.filter(|list| *list != *before).map(Arc::new);
        if let Source::Server { copy: Some(path), .. } = &self.source {
            let place = path.clone();
            let kept = aside(move || {
                // The text is empty where the server has said that nothing changed.
                let kept = if text.is_empty() { confirm(&place, since, as_of) } else { keep(&place, &text, as_of) };
                kept.map_err(|error| error.to_string())
            });
            if let Err(mistake) = kept.await {
                tracing::error!("revocations.copy: {}: {mistake}", path.display());
                // The whole list is asked for next time, and kept then: nobody is to confirm a copy that is another list.
                mark = Mark::default();
            }
        }
        let renewal = if list.is_some() { Renewal::New } else { Renewal::Same };
        self.count(renewal);
        {
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            let list = list.unwrap_or_else(|| Arc::clone(&before));
            *current = Current { list, as_of, mark };
        }
        if renewal == Renewal::New {
            self.note(&before, &self.latest());
        }
        renewal
    }

    /// Says what is new.
    fn note(&self, before: &RevocationList, list: &RevocationList) {
        let (entries, added, removed) = (list.len(), list.beyond(before), before.beyond(list));
        if !before.is_empty() {
            tracing::info!(entries, added, removed, "revocations: the list has changed");
        }
        if removed * 2 > before.len() {
            tracing::warn!(entries, removed, "revocations: the list has lost more than half of what was on it");
        }
        if list.rewritten() > 0 {
            let rewritten = list.rewritten();
            tracing::warn!(rewritten, "revocations: serial numbers have capitals or leading zeros; they count without");
        }
        self.tell(ListEvent { renewal: Renewal::New, entries, added, removed });
    }

    fn tell(&self, event: ListEvent) {
        self.metrics.events.tell_of_list(UnixMillis((self.clock)().saturating_mul(1000)), event);
    }

    fn count(&self, renewal: Renewal) {
        self.counts.loads.with_label_values(&[renewal.as_str()]).inc();
    }

    /// What is counted of it, for the metrics: the age is that of when it is asked for.
    #[must_use]
    pub fn counts(self: &Arc<Self>) -> impl Collector + use<> {
        Gauges { revocations: Arc::clone(self) }
    }
}

/// The counts of a list.
struct Gauges {
    revocations: Arc<Revocations>,
}

impl Collector for Gauges {
    fn desc(&self) -> Vec<&Desc> {
        let Counts { entries, age, age_limit, loads } = &self.revocations.counts;
        [entries.desc(), age.desc(), age_limit.desc(), loads.desc()].concat()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let Counts { entries, age, age_limit, loads } = &self.revocations.counts;
        entries.set(i64::try_from(self.revocations.latest().len()).unwrap_or(i64::MAX));
        age.set(i64::try_from(self.revocations.age()).unwrap_or(i64::MAX));
        [entries.collect(), age.collect(), age_limit.collect(), loads.collect()].concat()
    }
}

#[cfg(test)]
mod tests {
    use std::{env, fs, process, time::SystemTime};

    use super::*;

    /// A copy is there until the server is: nobody waits an hour for that, or a day.
    #[tokio::test]
    async fn after_a_start_by_the_copy_the_server_is_asked_soon() {
        let path = env::temp_dir().join(format!("genuine-gateway-copy-{}.json", process::id()));
        fs::write(&path, r#"{"entries": {"1": {"status": "REVOKED"}}}"#).unwrap();
        let now = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        for (refresh, expected) in [(86_400, 60), (5, 5)] {
            let origin = Origin::Server {
                url: ServerUrl::parse("http://127.0.0.1:1/").unwrap(),
                roots: RootCertStore::empty(),
                timeout: Duration::from_secs(5),
                refresh: Duration::from_secs(refresh),
                copy: Some(path.clone()),
            };
            let settings = Settings { origin, max_bytes: 1000, age_limit: 100_000 };
            let metrics = Arc::new(Metrics::new().unwrap());
            let list = Revocations::open(settings, Arc::new(now), metrics).await.unwrap();
            assert_eq!(list.first_pause, Duration::from_secs(expected));
        }
        fs::remove_file(path).unwrap();
    }
}
