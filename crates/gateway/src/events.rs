//! Verdicts as they are passed, for whoever watches them: the operator's page, and the traces.
//!
//! What is known of a request comes together on its way through the gate, which notes it here. Only while somebody watches, or
//! the request has a trace, is there a place to note it in; otherwise a note costs one look.

use std::{cell::RefCell, sync::Arc, time::Duration};

use genuine::{UnixMillis, app_attest::KeyId};
use serde::Serialize;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, broadcast, watch},
    time::timeout,
};

use crate::{
    platform::{Platform, date},
    refusal::Refusal,
};

/// How many watch at a time: a handful of people. Each takes one of the operator's connections.
pub const WATCHERS: usize = 8;
/// How many lines wait for whoever reads slowly, before the oldest are lost to them: a second of a busy gateway, 300 octets each.
const BACKLOG: usize = 4096;
/// How often a watcher hears something, so that both ends notice when the other is gone.
const BEAT: Duration = Duration::from_secs(5);

tokio::task_local! {
    static SIGHTING: RefCell<Sighting>;
}

/// Whom verdicts are told.
pub struct Events {
    lines: broadcast::Sender<Arc<str>>,
    watchers: Arc<Semaphore>,
    ended: watch::Sender<bool>,
}

/// One watcher. It counts as one until it is dropped.
pub struct Watch {
    lines: broadcast::Receiver<Arc<str>>,
    ended: watch::Receiver<bool>,
    is_new: bool,
    _place: OwnedSemaphorePermit,
}

/// What a verdict is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// An attempt to register a device.
    Registration,
    /// A request for a challenge.
    Challenge,
    /// A request to a route, or one that a proxy asks about.
    #[default]
    Request,
    /// A session token: issued, or shown.
    Token,
    /// A device that was locked for what it showed.
    Lock,
}

/// What is known of a request so far.
#[derive(Debug, Default)]
pub struct Sighting {
    pub(crate) what: Option<What>,
    pub(crate) application: Option<String>,
    pub(crate) platform: Option<Platform>,
    pub(crate) mode: Option<&'static str>,
    pub(crate) outcome: Option<&'static str>,
    /// Why it would have been refused.
    reason: Option<&'static str>,
    pub(crate) device: Option<KeyId>,
    is_locked: bool,
}

/// How a request was answered.
#[derive(Clone, Copy)]
pub struct Answered<'a> {
    /// When.
    pub at: UnixMillis,
    /// The route that matched.
    pub route: &'a str,
    /// The status.
    pub status: u16,
    /// Why it was refused, if it was.
    pub refusal: Option<Refusal>,
}

/// What came of asking for Google's list of revoked attestation keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Renewal {
    /// A list that differs from the one before.
    New,
    /// The same.
    Same,
    /// None: the last good one stays.
    Failed,
}

/// What is told of that list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListEvent {
    /// What came of asking for it.
    pub renewal: Renewal,
    /// How many certificates are on it.
    pub entries: usize,
    /// How many of them were not before.
    pub added: usize,
    /// How many are no more.
    pub removed: usize,
}

/// A line of the stream.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Line<'l> {
    /// A verdict. It names no address, no account, and nothing that a client made up.
    Verdict {
        at: &'l str,
        what: What,
        verdict: &'static str,
        outcome: Option<&'static str>,
        reason: Option<&'static str>,
        application: Option<&'l str>,
        platform: Option<&'static str>,
        mode: Option<&'static str>,
        route: &'l str,
        status: u16,
        device: Option<&'l str>,
    },
    /// Google's list of revoked attestation keys is another one, or cannot be had.
    Revocations { at: &'l str, outcome: Renewal, entries: usize, added: usize, removed: usize },
    /// So many lines were lost, because they were read too slowly.
    Lost { events: u64 },
    /// The gateway is there, and nothing happens.
    Beat,
}

/// Notes what is learnt of the request at hand, if anybody is told.
pub fn note(fact: impl FnOnce(&mut Sighting)) {
    // Where nobody is told there is no place for it, which is no error.
    let _ = SIGHTING.try_with(|sighting| fact(&mut sighting.borrow_mut()));
}

/// The platform of the device that the request at hand names, if it is registered.
pub(crate) fn platform() -> Option<Platform> {
    SIGHTING.try_with(|sighting| sighting.borrow().platform).ok().flatten()
}

/// Handles a request, and gives what was noted of it on the way.
pub async fn sighted<T>(handled: impl Future<Output = T>) -> (T, Sighting) {
    let noted = async {
        let answer = handled.await;
        (answer, SIGHTING.with(RefCell::take))
    };
    SIGHTING.scope(RefCell::default(), noted).await
}

impl Sighting {
    /// It is about this.
    pub const fn is_about(&mut self, what: What) {
        self.what = Some(what);
    }

    /// It is of this device, which is registered.
    pub const fn names(&mut self, device: KeyId) {
        self.device = Some(device);
    }

    /// It is of this application, on this platform.
    pub fn is_of(&mut self, application: &str, platform: Option<Platform>) {
        self.application = Some(application.to_owned());
        self.platform = platform;
    }

    /// It came to this, under this mode if one is in force.
    pub fn came_to(&mut self, outcome: &'static str, mode: Option<&'static str>) {
        self.outcome = Some(outcome);
        self.mode = mode.or(self.mode);
    }

    /// It would have been refused for this, had the mode upheld it.
    pub const fn passed_despite(&mut self, reason: &'static str) {
        self.reason = Some(reason);
    }

    /// The device is locked now.
    pub const fn locked(&mut self) {
        self.is_locked = true;
    }
}

/// Nobody watches yet.
impl Default for Events {
    fn default() -> Self {
        let (lines, _) = broadcast::channel(BACKLOG);
        let (ended, _) = watch::channel(false);
        Self { lines, watchers: Arc::new(Semaphore::new(WATCHERS)), ended }
    }
}

impl Events {
    /// Whether anybody watches.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        // Not the channel's own count, which takes its lock: each request asks.
        self.watchers.available_permits() < WATCHERS
    }

    /// Watches from now on.
    ///
    /// # Errors
    ///
    /// [`Refusal::WatcherLimit`] if [`WATCHERS`] do already.
    pub fn watch(&self) -> Result<Watch, Refusal> {
        let place = Arc::clone(&self.watchers).try_acquire_owned().map_err(|_| Refusal::WatcherLimit)?;
        let (lines, ended) = (self.lines.subscribe(), self.ended.subscribe());
        Ok(Watch { lines, ended, is_new: true, _place: place })
    }

    /// Ends all watching, because the gateway stops.
    pub fn end(&self) {
        self.ended.send_replace(true);
    }

    /// Tells what a request came to, under the device's pseudonym: nothing if there was no verdict on it.
    pub fn tell(&self, sighting: &Sighting, device: Option<&str>, answered: Answered<'_>) {
        let Answered { at, route, status, refusal } = answered;
        if sighting.what.is_none() && refusal.is_none() {
            return;
        }
        let at = date(at);
        let verdict = Line::Verdict {
            at: &at,
            what: sighting.what.unwrap_or_else(|| What::of_route(route)),
            verdict: if refusal.is_some() { "refused" } else { "allowed" },
            outcome: sighting.outcome,
            reason: refusal.map(Refusal::reason).or(sighting.reason),
            application: sighting.application.as_deref(),
            platform: sighting.platform.map(Platform::as_str),
            mode: sighting.mode,
            route,
            status,
            device,
        };
        self.send(&verdict);
        if let (true, Line::Verdict { reason, application, platform, mode, device, .. }) = (sighting.is_locked, verdict)
        {
            let (at, what, verdict, outcome) = (&*at, What::Lock, "locked", Some("LOCKED"));
            self.send(&Line::Verdict {
                at,
                what,
                verdict,
                outcome,
                reason,
                application,
                platform,
                mode,
                route,
                status,
                device,
            });
        }
    }

    /// Tells what came of asking for Google's list of revoked attestation keys.
    pub fn tell_of_list(&self, at: UnixMillis, event: ListEvent) {
        let ListEvent { renewal: outcome, entries, added, removed } = event;
        self.send(&Line::Revocations { at: &date(at), outcome, entries, added, removed });
    }

    fn send(&self, line: &Line<'_>) {
        // That nobody is left to read it is no error, nor can a line fail to be written.
        let _ = self.lines.send(line.text().into());
    }
}

impl Renewal {
    /// The name in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Same => "same",
            Self::Failed => "failed",
        }
    }
}

impl What {
    /// What a refusal is about of which nothing else is known.
    fn of_route(route: &str) -> Self {
        match route {
            "/devices" | "/devices/unsupported" => Self::Registration,
            "/challenges" => Self::Challenge,
            "/tokens" | "/client-attestations" | "/api-keys/tokens" => Self::Token,
            route if route.starts_with("/oauth/") => Self::Token,
            _ => Self::Request,
        }
    }
}

impl Line<'_> {
    /// One JSON object, and the line feed that ends it.
    fn text(&self) -> String {
        let mut text = serde_json::to_string(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

impl Watch {
    /// The next line, with its line feed; `None` when the gateway stops.
    pub async fn next(&mut self) -> Option<String> {
        if std::mem::take(&mut self.is_new) {
            return Some(Line::Beat.text());
        }
        let heard = tokio::select! {
            // That its sender is gone is an end as well.
            _ = self.ended.wait_for(|ended| *ended) => return None,
            heard = timeout(BEAT, self.lines.recv()) => heard,
        };
        match heard {
            Ok(Ok(line)) => Some(line.as_ref().to_owned()),
            Ok(Err(broadcast::error::RecvError::Lagged(events))) => Some(Line::Lost { events }.text()),
            Ok(Err(broadcast::error::RecvError::Closed)) => None,
            Err(_) => Some(Line::Beat.text()),
        }
    }
}
