//! How many tokens were decoded today.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use prometheus::{
    IntGaugeVec, Opts,
    core::{Collector, Desc},
    proto::MetricFamily,
};

use super::{Clock, DecodeFault};

/// What Google allows an app in a day, unless it was asked for more.
pub const DEFAULT_DAILY_QUOTA: u32 = 10_000;
/// The seconds of a day.
const DAY: u64 = 86_400;

/// The quota of each app for one day.
///
/// It counts what Google answered to this process and what is on its way, by the days of UTC. Google counts what everybody asked for
/// the app, other gateways and earlier runs of this one included, and by days of its own; what it refuses is
/// [`DecodeFault::Quota`] as well.
///
/// As a collector of Prometheus it shows `play_quota_used` and `play_quota_limit` by package, of the day on which it is asked. Clones
/// share the count.
#[derive(Clone)]
pub struct Quota {
    limit: u32,
    clock: Clock,
    packages: Arc<Mutex<BTreeMap<String, Today>>>,
    used: IntGaugeVec,
    limits: IntGaugeVec,
}

/// What was asked for one app.
#[derive(Clone, Copy, Default)]
struct Today {
    /// Days since 1970.
    day: u64,
    used: u32,
    /// Whether it was said that little is left.
    warned: bool,
}

impl Quota {
    /// So many tokens of each app in a day.
    ///
    /// # Errors
    ///
    /// None that is known: the names of the metrics are fixed.
    pub fn new(limit: u32, clock: Clock) -> Result<Self, prometheus::Error> {
        let gauges = |name: &str, help: &str| IntGaugeVec::new(Opts::new(name, help), &["package"]);
        Ok(Self {
            limit,
            clock,
            packages: Arc::default(),
            used: gauges("play_quota_used", "Tokens that this process had Google decode today (UTC).")?,
            limits: gauges("play_quota_limit", "Tokens that it has Google decode in a day at most.")?,
        })
    }

    /// How many tokens of this app were decoded today.
    #[must_use]
    pub fn used(&self, package: &str) -> u32 {
        let today = self.today();
        self.packages().get(package).filter(|count| count.day >= today).map_or(0, |count| count.used)
    }

    /// Counts one more: until the permit is dropped, and for good if it was used by then.
    ///
    /// # Errors
    ///
    /// [`DecodeFault::Quota`] if there is none left.
    pub(super) fn take<'q>(&'q self, package: &'q str) -> Result<Permit<'q>, DecodeFault> {
        let today = self.today();
        let mut packages = self.packages();
        let count = packages.entry(package.to_owned()).or_default();
        // A clock that is put back a little goes on with the day that had begun.
        if count.day < today {
            *count = Today { day: today, ..Today::default() };
        }
        if count.used >= self.limit {
            return Err(DecodeFault::Quota);
        }
        count.used += 1;
        let (used, limit) = (count.used, self.limit);
        if !count.warned && u64::from(used) * 5 >= u64::from(limit) * 4 {
            count.warned = true;
            tracing::warn!(package, used, limit, "Play Integrity: most of the day's quota is used");
        }
        Ok(Permit { quota: self, package, day: count.day, is_used: false })
    }

    fn give_back(&self, package: &str, day: u64) {
        if let Some(count) = self.packages().get_mut(package).filter(|count| count.day == day) {
            count.used = count.used.saturating_sub(1);
        }
    }

    fn today(&self) -> u64 {
        (self.clock)() / DAY
    }

    fn packages(&self) -> MutexGuard<'_, BTreeMap<String, Today>> {
        self.packages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One token that may be decoded.
pub(super) struct Permit<'q> {
    quota: &'q Quota,
    package: &'q str,
    day: u64,
    is_used: bool,
}

impl Permit<'_> {
    /// Google has answered.
    pub(super) const fn spend(&mut self) {
        self.is_used = true;
    }
}

/// What Google did not answer is given back: an outage does not use up the day.
impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if !self.is_used {
            self.quota.give_back(self.package, self.day);
        }
    }
}

impl Collector for Quota {
    fn desc(&self) -> Vec<&Desc> {
        [self.used.desc(), self.limits.desc()].concat()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let packages: Vec<_> = self.packages().keys().cloned().collect();
        for package in &packages {
            self.used.with_label_values(&[package]).set(self.used(package).into());
            self.limits.with_label_values(&[package]).set(self.limit.into());
        }
        [self.used.collect(), self.limits.collect()].concat()
    }
}
