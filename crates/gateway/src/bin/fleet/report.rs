//! What was answered, held against what is right.

use std::{
    collections::BTreeMap,
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use genuine_gateway::client::Answer;
use hdrhistogram::Histogram;

/// What is sent, and the one answer to it that is right.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) status: u16,
    pub(crate) code: Option<&'static str>,
}

pub(crate) const fn kind(name: &'static str, status: u16, code: Option<&'static str>) -> Kind {
    Kind { name, status, code }
}

pub(crate) const CHALLENGE: Kind = kind("challenge", 201, None);

/// What was answered so far.
#[derive(Default)]
pub(crate) struct Tally {
    /// Microseconds by kind.
    latencies: BTreeMap<Kind, Histogram<u64>>,
    wrong: u64,
    /// The wrong answers, in words; up to 10,000, so that a server that is not there does not fill the memory.
    examples: Vec<String>,
}

#[derive(Clone, Default)]
pub(crate) struct Report(Arc<Mutex<Tally>>);

impl Report {
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Tally) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sends something, and holds the answer against what is right.
    pub(crate) async fn expect(
        &self,
        kind: Kind,
        answer: impl Future<Output = Result<Answer, reqwest::Error>>,
    ) -> Option<Answer> {
        let start = Instant::now();
        let answer = answer.await;
        let micros = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        let wrong = match &answer {
            Ok(answer) if answer.status == kind.status && answer.code.as_deref() == kind.code => None,
            Ok(answer) => Some(format!("{}: {} {}", kind.name, answer.status, answer.body)),
            Err(error) => Some(format!("{}: {error:?}", kind.name)),
        };
        self.with(|tally| {
            let latencies = tally
                .latencies
                .entry(kind)
                .or_insert_with(|| Histogram::new_with_bounds(1, 60_000_000, 3).expect("up to a minute, in 3 digits"));
            latencies.saturating_record(micros);
            if let Some(wrong) = wrong {
                tally.wrong += 1;
                if tally.examples.len() < 10_000 {
                    tally.examples.push(wrong);
                }
            }
        });
        answer.ok()
    }

    /// Counts phones that did not come to the end of their registration as wrong: what was to follow was not asked.
    pub(crate) fn stopped(&self, phones: usize) {
        self.with(|tally| {
            for _ in 0..phones {
                tally.wrong += 1;
                tally.examples.push("Android: a phone stopped in its registration".to_owned());
            }
        });
    }

    /// The challenge of an answer that has to hold one.
    pub(crate) async fn challenge(
        &self,
        answer: impl Future<Output = Result<Answer, reqwest::Error>>,
    ) -> Option<String> {
        self.expect(CHALLENGE, answer).await?.challenge().map(str::to_owned)
    }
}

/// Says every second how far it is.
pub(crate) async fn progress(report: Report) {
    let mut last = 0;
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let (all, wrong) =
            report.with(|tally| (tally.latencies.values().map(Histogram::len).sum::<u64>(), tally.wrong));
        if io::stderr().is_terminal() {
            eprint!("\r{all} answers, {} a second, {wrong} wrong   ", all - last);
        } else {
            eprintln!("{all} answers, {} a second, {wrong} wrong", all - last);
        }
        last = all;
    }
}

/// Counters of the server, by name.
pub(crate) type Counters = BTreeMap<String, f64>;

/// What came of it, in a table: whether it is all right.
pub(crate) fn summary(
    report: &Report,
    devices: &str,
    registering: Duration,
    running: Duration,
    server: Option<(&Counters, &Counters)>,
) -> ExitCode {
    let mut out = String::from("\n");
    let mut line = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    let wrong = report.with(|tally| {
        line(format!("{:<28}{:>9}{:>10}{:>10}{:>10}{:>10}", "what", "answers", "p50 ms", "p90 ms", "p99 ms", "max ms"));
        for (kind, latencies) in &tally.latencies {
            let at = |quantile| millis(latencies.value_at_quantile(quantile));
            let (name, count) = (kind.name, latencies.len());
            line(format!(
                "{name:<28}{count:>9}{:>10}{:>10}{:>10}{:>10}",
                at(0.5),
                at(0.9),
                at(0.99),
                millis(latencies.max())
            ));
        }
        line(format!("\n{devices} registered in {:.1} s", registering.as_secs_f64()));
        for example in &tally.examples {
            line(format!("WRONG {example}"));
        }
        line(format!("wrong answers: {}", tally.wrong));
        tally.wrong
    });
    if let Some((before, after)) = server {
        let risen = |name: &str| after.get(name).unwrap_or(&0.0) - before.get(name).unwrap_or(&0.0);
        let accepted = risen("genuine_assertions_total");
        let (cpu, signatures) = (risen("genuine_cpu_seconds_total"), risen("genuine_signature_cpu_seconds_total"));
        let seconds = running.as_secs_f64();
        line(format!("assertions accepted: {accepted:.0} in {seconds:.1} s, {:.0} a second", accepted / seconds));
        line(format!(
            "server: {cpu:.1} s of processor time, {:.0} % of it in signature verification",
            100.0 * signatures / cpu.max(0.01)
        ));
        if accepted > 0.0 {
            line(format!("        {:.0} µs for each accepted assertion", 1e6 * cpu / accepted));
        }
    }
    let _ = io::stdout().write_all(out.as_bytes());
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[expect(clippy::cast_precision_loss, reason = "microseconds of seconds")]
fn millis(micros: u64) -> String {
    format!("{:.2}", micros as f64 / 1000.0)
}
