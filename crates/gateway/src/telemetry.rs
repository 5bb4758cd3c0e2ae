//! The log: where its lines go, which there are, and how they are written.

use std::{env, io};

use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::{
    EnvFilter, Layer as _,
    filter::{FilterExt as _, filter_fn},
    layer::SubscriberExt as _,
    util::{SubscriberInitExt as _, TryInitError},
};

use crate::config::LogFormat;

/// What is logged unless `RUST_LOG` says otherwise.
const FILTER: &str = "warn,genuine_gateway=info";

/// Why there is no log.
#[derive(Debug)]
pub enum NoLog {
    /// `RUST_LOG` is not what it should be.
    Filter(tracing_subscriber::filter::ParseError),
    /// The program has a log already.
    Taken(TryInitError),
}

impl std::fmt::Display for NoLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Filter(error) => write!(f, "RUST_LOG: {error}"),
            Self::Taken(error) => write!(f, "log: {error}"),
        }
    }
}

impl std::error::Error for NoLog {}

/// Writes the log of this program to standard error, as `RUST_LOG` and this format have it, until what it gives is dropped. A line
/// that belongs to a request has the request's name, and what operators change is there, whatever `RUST_LOG` says.
///
/// # Errors
///
/// If `RUST_LOG` is not what it should be, or the program has a log already.
pub fn log(format: LogFormat) -> Result<WorkerGuard, NoLog> {
    let filter = match env::var("RUST_LOG") {
        Ok(directives) => EnvFilter::try_new(directives),
        Err(_) => EnvFilter::try_new(FILTER),
    };
    let filter = filter.map_err(NoLog::Filter)?;
    let filter = filter.or(filter_fn(|metadata| match metadata.target() {
        "genuine::request" => metadata.is_span(),
        target => target == "genuine::audit",
    }));
    // Written by a thread of its own, and dropped rather than waited for: a log that nobody takes stops no request.
    let (writer, flushed) = tracing_appender::non_blocking(io::stderr());
    let lines = tracing_subscriber::fmt::layer().with_writer(writer).log_internal_errors(false);
    let lines = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).boxed(),
    };
    tracing_subscriber::registry().with(lines.with_filter(filter)).try_init().map_err(NoLog::Taken)?;
    Ok(flushed)
}
