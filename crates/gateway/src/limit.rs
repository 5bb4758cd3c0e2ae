//! How often somebody may come: the generic cell rate algorithm (ITU-T I.371), one time stamp for each caller.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Callers that are remembered at a time, about 5 MB. Beyond that newcomers wait until old ones may be forgotten.
const CALLERS: usize = 100_000;
/// How often whoever may be forgotten is, and how often when there is no room left: it takes a millisecond or two.
const SWEEP: Duration = Duration::from_secs(60);
const SWEEP_FULL: Duration = Duration::from_secs(1);

/// Allows each caller `burst` requests at once and a steady rate after that.
pub struct RateLimiter<K> {
    interval: Duration,
    burst: Duration,
    callers: Mutex<Callers<K>>,
}

struct Callers<K> {
    /// When the caller's allowance will be whole again.
    whole_at: HashMap<K, Instant>,
    swept_at: Option<Instant>,
}

impl<K: Eq + Hash> RateLimiter<K> {
    /// A limiter that allows `per_minute` requests a minute, and a sixth of them at once. `None` if that is zero: no limit.
    #[must_use]
    pub fn per_minute(per_minute: u32) -> Option<Self> {
        Self::with_burst(per_minute, (per_minute / 6).max(1))
    }

    /// A limiter that allows `per_minute` requests a minute, and `burst` of them at once. `None` if `per_minute` is zero: no limit.
    #[must_use]
    pub fn with_burst(per_minute: u32, burst: u32) -> Option<Self> {
        let interval = Duration::from_secs(60).checked_div(per_minute)?;
        let burst = interval * burst;
        let callers = Mutex::new(Callers { whole_at: HashMap::new(), swept_at: None });
        Some(Self { interval, burst, callers })
    }

    /// Counts a request.
    ///
    /// # Errors
    ///
    /// How many seconds, at least 1, to wait before the next one.
    pub fn check(&self, caller: K, now: Instant) -> Result<(), u64> {
        let (mut callers, whole_at) = self.decide(&caller, now)?;
        callers.whole_at.insert(caller, whole_at);
        Ok(())
    }

    /// Whether a request would be allowed now. It does not count.
    ///
    /// # Errors
    ///
    /// As for [`check`](Self::check).
    pub fn look(&self, caller: &K, now: Instant) -> Result<(), u64> {
        self.decide(caller, now).map(drop)
    }

    /// When the allowance would be whole again after one more request.
    fn decide(&self, caller: &K, now: Instant) -> Result<(MutexGuard<'_, Callers<K>>, Instant), u64> {
        // Nothing that could panic runs under the lock, and a map of time stamps is never half-written.
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        let full = callers.whole_at.len() >= CALLERS;
        let pause = if full { SWEEP_FULL } else { SWEEP };
        if now.duration_since(*callers.swept_at.get_or_insert(now)) >= pause {
            callers.whole_at.retain(|_, whole_at| *whole_at > now);
            callers.swept_at = Some(now);
        }
        let known = callers.whole_at.get(caller).copied();
        if known.is_none() && callers.whole_at.len() >= CALLERS {
            return Err(SWEEP_FULL.as_secs());
        }
        let whole_at = known.map_or(now, |at| at.max(now)) + self.interval;
        let too_early = whole_at.duration_since(now).saturating_sub(self.burst);
        if !too_early.is_zero() {
            return Err(too_early.as_secs() + u64::from(too_early.subsec_nanos() > 0));
        }
        Ok((callers, whole_at))
    }
}

/// Whom a provider gives an address to: in IPv6 that is a network of 64 bits.
#[must_use]
pub fn subscriber(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}
