//! A fleet of simulated devices against the demonstration: honest ones, and everything that must not pass.
//!
//! Each answer is held against the one that is right; a wrong one makes the exit code 1.

use std::{
    collections::BTreeMap,
    env,
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use genuine_gateway::{
    challenge::Purpose,
    client::{Answer, App, SignedCall},
    demo,
    server::system_clock,
};
use genuine_testvectors::Device;
use hdrhistogram::Histogram;
use reqwest::{Client, Method};
use tokio::task::JoinSet;

const USAGE: &str = "usage: fleet [--server URL] [--operator URL] [--devices N] [--seconds S] [--orders-only]

Drives the demonstration of genuine-gateway with N simulated devices at once (default 64), for S seconds (default 10)
after they have registered. --orders-only leaves out what must not pass, to measure throughput: the orders are signed before the
time begins, because signing takes longer than serving.
";

/// How many orders are signed for each second of throughput: more than are answered.
const SIGNED_A_SECOND: u64 = 16_000;

struct Arguments {
    server: String,
    operator: String,
    devices: usize,
    seconds: u64,
    orders_only: bool,
}

impl Arguments {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let config = demo::config();
        let mut parsed = Self {
            server: format!("http://{}", config.listen),
            operator: format!("http://{}", config.operator_listen),
            devices: 64,
            seconds: 10,
            orders_only: false,
        };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--server" => parsed.server = arguments.next()?,
                "--operator" => parsed.operator = arguments.next()?,
                "--devices" => parsed.devices = arguments.next()?.parse().ok().filter(|&devices| devices > 0)?,
                "--seconds" => parsed.seconds = arguments.next()?.parse().ok()?,
                "--orders-only" => parsed.orders_only = true,
                _ => return None,
            }
        }
        Some(parsed)
    }
}

/// What is sent, and the one answer to it that is right.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    name: &'static str,
    status: u16,
    code: Option<&'static str>,
}

const fn kind(name: &'static str, status: u16, code: Option<&'static str>) -> Kind {
    Kind { name, status, code }
}

const CHALLENGE: Kind = kind("challenge", 201, None);
const REGISTRATION: Kind = kind("registration", 201, None);
const REPEATED_REGISTRATION: Kind = kind("registration, sent again", 409, Some("already_registered"));
const SECOND_REGISTRATION: Kind = kind("registration, key known", 409, Some("already_registered"));
const FORGED_REGISTRATION: Kind = kind("registration, forged", 401, Some("rejected"));
const ORDER: Kind = kind("order", 200, None);
const PAYMENT: Kind = kind("payment with challenge", 200, None);
const REPLAY: Kind = kind("order, replayed", 401, Some("counter_overtaken"));
const TAMPERED: Kind = kind("order, body changed", 401, Some("rejected"));
const MOVED: Kind = kind("order, sent elsewhere", 401, Some("rejected"));
const STOLEN: Kind = kind("payment, stolen challenge", 401, Some("challenge_rejected"));
const REUSED: Kind = kind("payment, used challenge", 401, Some("challenge_rejected"));
const UNREGISTERED: Kind = kind("order, unknown key", 401, Some("unknown_key"));

/// What was answered so far.
#[derive(Default)]
struct Tally {
    /// Microseconds by kind.
    latencies: BTreeMap<Kind, Histogram<u64>>,
    wrong: u64,
    /// The wrong answers, in words; up to 10,000, so that a server that is not there does not fill the memory.
    examples: Vec<String>,
}

#[derive(Clone, Default)]
struct Report(Arc<Mutex<Tally>>);

impl Report {
    fn with<T>(&self, act: impl FnOnce(&mut Tally) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sends something, and holds the answer against what is right.
    async fn expect(&self, kind: Kind, answer: impl Future<Output = Result<Answer, reqwest::Error>>) -> Option<Answer> {
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

    async fn challenge(&self, app: &App, purpose: Purpose) -> Option<String> {
        let answer = self.expect(CHALLENGE, app.challenge(purpose)).await?;
        answer.challenge().map(str::to_owned)
    }
}

struct Fleet {
    arguments: Arguments,
    http: Client,
    /// Keys of one run are not those of another: the server remembers them.
    run: u64,
    now: u64,
    report: Report,
}

impl Fleet {
    fn app(&self, name: &str) -> App {
        let config = demo::config();
        let application = &config.applications[0];
        let seed = format!("fleet {} {name}", self.run);
        App {
            server: self.arguments.server.clone(),
            application: application.name.clone(),
            authority: config.authority.clone(),
            session: seed.clone(),
            device: Device::new(&seed).with_app_id(&application.app_ids[0]).with_issue_time(self.now - 60),
            http: self.http.clone(),
        }
    }

    /// Registers a device; with the attempts that must not pass, unless only throughput is asked for.
    async fn register(&self, app: &App, orders_only: bool) {
        let report = &self.report;
        let Some(challenge) = report.challenge(app, Purpose::Attestation).await else { return };
        if !orders_only {
            // Attested with another challenge in mind.
            let mut forged = app.registration("another challenge");
            forged["challenge"] = challenge.as_str().into();
            report.expect(FORGED_REGISTRATION, app.register_as(&forged)).await;
        }
        report.expect(REGISTRATION, app.register(&challenge)).await;
        if !orders_only {
            // As after an answer that was lost.
            report.expect(REPEATED_REGISTRATION, app.register(&challenge)).await;
            let Some(challenge) = report.challenge(app, Purpose::Attestation).await else { return };
            report.expect(SECOND_REGISTRATION, app.register(&challenge)).await;
        }
    }

    /// One device's orders of a measurement, signed.
    fn signed_orders(&self, app: &mut App) -> Vec<SignedCall> {
        let Arguments { devices, seconds, .. } = self.arguments;
        let count = (SIGNED_A_SECOND * seconds).div_ceil(u64::try_from(devices).unwrap_or(u64::MAX));
        (0..count).map(|turn| app.sign(Method::POST, &format!("/orders?turn={turn}"), "one of those", None)).collect()
    }

    /// One device's orders until the time is over, or none is left.
    async fn send_orders(&self, app: App, orders: Vec<SignedCall>, end: Instant) {
        for order in orders {
            if Instant::now() >= end {
                break;
            }
            self.report.expect(ORDER, app.call(&order)).await;
        }
    }

    /// One device's requests until the time is over.
    async fn use_up(&self, mut app: App, thief: App, end: Instant) {
        let mut turn = 0_u64;
        while Instant::now() < end {
            turn += 1;
            self.order(&mut app, turn).await;
            if turn.is_multiple_of(4) {
                self.pay(&mut app, &thief, turn).await;
            }
        }
    }

    async fn order(&self, app: &mut App, turn: u64) {
        let report = &self.report;
        let call = app.sign(Method::POST, &format!("/orders?turn={turn}"), "one of those", None);
        match turn % 8 {
            1 => {
                let tampered = SignedCall { body: "two of those".to_owned(), ..call.clone() };
                report.expect(TAMPERED, app.call(&tampered)).await;
            }
            3 => {
                let moved = SignedCall { target: "/orders?turn=other".to_owned(), ..call.clone() };
                report.expect(MOVED, app.call(&moved)).await;
            }
            _ => {}
        }
        report.expect(ORDER, app.call(&call)).await;
        if turn % 8 == 5 {
            report.expect(REPLAY, app.call(&call)).await;
        }
    }

    async fn pay(&self, app: &mut App, thief: &App, turn: u64) {
        let report = &self.report;
        let Some(challenge) = report.challenge(app, Purpose::Assertion).await else { return };
        if turn.is_multiple_of(8) {
            let Some(stolen) = report.challenge(thief, Purpose::Assertion).await else { return };
            let call = app.sign(Method::POST, "/payments", "all of it", Some(&stolen));
            report.expect(STOLEN, app.call(&call)).await;
        }
        let call = app.sign(Method::POST, "/payments", "some of it", Some(&challenge));
        report.expect(PAYMENT, app.call(&call)).await;
        let call = app.sign(Method::POST, "/payments", "once more", Some(&challenge));
        report.expect(REUSED, app.call(&call)).await;
    }

    /// Counters of the server, by name.
    async fn counters(&self) -> Option<BTreeMap<String, f64>> {
        let text =
            self.http.get(format!("{}/metrics", self.arguments.operator)).send().await.ok()?.text().await.ok()?;
        let counters = text.lines().filter_map(|line| line.split_once(' '));
        Some(counters.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?))).collect())
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(arguments) = Arguments::parse(env::args().skip(1)) else {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    };
    let now = system_clock()();
    let http = Client::builder().timeout(Duration::from_secs(30)).build().unwrap_or_default();
    let run = now << 16 | u64::from(std::process::id() & 0xFFFF);
    let fleet = Arc::new(Fleet { arguments, http, run, now, report: Report::default() });

    let progress = tokio::spawn(progress(fleet.report.clone()));
    let registering = Instant::now();
    let mut runners = JoinSet::new();
    for number in 0..fleet.arguments.devices {
        let fleet = Arc::clone(&fleet);
        runners.spawn(async move {
            let app = fleet.app(&number.to_string());
            fleet.register(&app, fleet.arguments.orders_only).await;
            app
        });
    }
    let apps = runners.join_all().await;
    let registering = registering.elapsed();
    if !fleet.arguments.orders_only {
        let mut nobody = fleet.app("never registered");
        let call = nobody.sign(Method::GET, "/orders", "", None);
        fleet.report.expect(UNREGISTERED, nobody.call(&call)).await;
    }

    let mut signing = JoinSet::new();
    for mut app in apps {
        let fleet = Arc::clone(&fleet);
        signing.spawn(async move {
            let orders = if fleet.arguments.orders_only { fleet.signed_orders(&mut app) } else { Vec::new() };
            (app, orders)
        });
    }
    let apps = signing.join_all().await;

    let before = fleet.counters().await;
    let start = Instant::now();
    let end = start + Duration::from_secs(fleet.arguments.seconds);
    let mut runners = JoinSet::new();
    for (number, (app, orders)) in apps.into_iter().enumerate() {
        let fleet = Arc::clone(&fleet);
        runners.spawn(async move {
            if fleet.arguments.orders_only {
                return fleet.send_orders(app, orders, end).await;
            }
            let thief = fleet.app(&format!("thief {number}"));
            fleet.use_up(app, thief, end).await;
        });
    }
    runners.join_all().await;
    let running = start.elapsed();
    let after = fleet.counters().await;
    progress.abort();
    summary(&fleet, registering, running, before.as_ref().zip(after.as_ref()))
}

async fn progress(report: Report) {
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

type Counters = BTreeMap<String, f64>;

fn summary(
    fleet: &Fleet,
    registering: Duration,
    running: Duration,
    server: Option<(&Counters, &Counters)>,
) -> ExitCode {
    let mut out = String::from("\n");
    let mut line = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    let wrong = fleet.report.with(|tally| {
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
        let devices = fleet.arguments.devices;
        line(format!("\n{devices} devices registered in {:.1} s", registering.as_secs_f64()));
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
