//! Rehearsals while the gateway runs: they end by themselves, and nobody can overlook them.

use std::{sync::Arc, time::Duration};

use genuine::UnixMillis;
use prometheus::{IntGaugeVec, Opts};

use crate::{config::Config, gate::Gate, platform::date};

/// How often the log says that there are rehearsals.
pub const REMINDER: Duration = Duration::from_secs(3600);

/// The names of the applications that are rehearsals.
#[must_use]
pub fn names(config: &Config) -> Vec<String> {
    let rehearsals = config.applications.iter().filter(|application| application.rehearsal.is_some());
    rehearsals.map(|application| application.name.clone()).collect()
}

/// When each rehearsal is over, in seconds since 1970, for the metrics. Nothing is there without one.
///
/// # Errors
///
/// If the name of the metric is none, which a test would show.
pub fn gauge(config: &Config) -> Result<IntGaugeVec, prometheus::Error> {
    let gauge = IntGaugeVec::new(Opts::new("rehearsal", "When each rehearsal is over."), &["application"])?;
    for application in &config.applications {
        if let Some(rehearsal) = &application.rehearsal {
            gauge.with_label_values(&[&*application.name]).set(i64::try_from(rehearsal.end()).unwrap_or(i64::MAX));
        }
    }
    Ok(gauge)
}

/// Warns of each rehearsal in the log, at once and then again and again.
pub async fn remind(gate: Arc<Gate>, pause: Duration) {
    loop {
        for application in &gate.applications {
            let Some(end) = application.rehearsal_end else { continue };
            let (name, end) = (&*application.name, date(UnixMillis(end.saturating_mul(1000))));
            match application.in_force((gate.clock)()) {
                Ok(_) => tracing::warn!(application = name, end, "REHEARSAL: simulated devices are accepted"),
                Err(_) => {
                    tracing::warn!(application = name, end, "the rehearsal is over: take it out of the configuration");
                }
            }
        }
        tokio::time::sleep(pause).await;
    }
}
