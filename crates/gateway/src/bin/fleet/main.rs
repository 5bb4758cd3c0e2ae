//! A fleet of simulated devices of both platforms against the demonstration: honest ones, and everything that must not pass.
//!
//! Each answer is held against the one that is right; a wrong one makes the exit code 1.

mod android;
mod apple;
mod handset;
mod report;

use std::{
    env,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use genuine_gateway::{client::Authority, demo, server::system_clock};
use reqwest::{Client, Method};
use tokio::task::JoinSet;

use self::report::{Counters, Report, progress, summary};

const USAGE: &str = "usage: fleet [--server URL] [--operator URL] [--devices N] [--android PERCENT] [--seconds S] [--orders-only]

Drives the demonstration of genuine-gateway with N simulated devices at once (default 64), for S seconds (default 10)
after they have registered. PERCENT of them are Android phones (default 50): every other one comes with session tokens and
Google Play's word, and the rest have keys that their hardware attests, and sign each request. The others are iPhones, which
sign each request too. --orders-only leaves out the phones and what must not pass, to measure throughput: the
orders are signed before the time begins, because signing takes longer than serving.
";

struct Arguments {
    server: String,
    operator: String,
    devices: usize,
    /// How many of the devices are Android phones.
    phones: usize,
    seconds: u64,
    orders_only: bool,
}

impl Arguments {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let config = demo::config();
        let mut android = None;
        let mut parsed = Self {
            server: format!("http://{}", config.listen),
            operator: format!("http://{}", config.operator_listen),
            devices: 64,
            phones: 0,
            seconds: 10,
            orders_only: false,
        };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--server" => parsed.server = arguments.next()?,
                "--operator" => parsed.operator = arguments.next()?,
                "--devices" => parsed.devices = arguments.next()?.parse().ok().filter(|&devices| devices > 0)?,
                "--android" => android = Some(arguments.next()?.parse().ok().filter(|percent| *percent <= 100)?),
                "--seconds" => parsed.seconds = arguments.next()?.parse().ok()?,
                "--orders-only" => parsed.orders_only = true,
                _ => return None,
            }
        }
        let percent = match (android, parsed.orders_only) {
            (Some(percent), true) if percent > 0 => return None,
            (Some(percent), _) => percent,
            (None, true) => 0,
            (None, false) => 50,
        };
        parsed.phones = parsed.devices * percent / 100;
        Some(parsed)
    }
}

struct Fleet {
    arguments: Arguments,
    authority: Authority,
    http: Client,
    /// Keys of one run are not those of another: the server remembers them.
    run: u64,
    now: u64,
    report: Report,
}

impl Fleet {
    /// Counters of the server, by name.
    async fn counters(&self) -> Option<Counters> {
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
    let authority = Authority::demonstration();
    let fleet = Arc::new(Fleet { arguments, authority, http, run, now, report: Report::default() });

    let progress = tokio::spawn(progress(fleet.report.clone()));
    let registering = Instant::now();
    let mut runners = JoinSet::new();
    for number in fleet.arguments.phones..fleet.arguments.devices {
        let fleet = Arc::clone(&fleet);
        runners.spawn(async move {
            let app = fleet.app(&number.to_string());
            fleet.register(&app, fleet.arguments.orders_only).await;
            app
        });
    }
    let mut phones = JoinSet::new();
    let mut handsets = JoinSet::new();
    for number in (1..fleet.arguments.phones).step_by(2) {
        let fleet = Arc::clone(&fleet);
        handsets.spawn(async move {
            let (mut handset, mut thief) =
                (fleet.handset(&number.to_string())?, fleet.handset(&format!("thief {number}"))?);
            fleet.register_handset(&mut handset, &mut thief).await?;
            Some(handset)
        });
    }
    for number in (0..fleet.arguments.phones).step_by(2) {
        let fleet = Arc::clone(&fleet);
        phones.spawn(async move {
            let (phone, thief) = (fleet.phone(&number.to_string())?, fleet.phone(&format!("thief {number}"))?);
            fleet.register_phone(&phone, &thief).await?;
            Some(phone)
        });
    }
    let (apps, phones, handsets) = (runners.join_all().await, phones.join_all().await, handsets.join_all().await);
    let registering = registering.elapsed();
    let stopped = phones.iter().filter(|phone| phone.is_none()).count();
    fleet.report.stopped(stopped + handsets.iter().filter(|handset| handset.is_none()).count());
    if !fleet.arguments.orders_only {
        let mut nobody = fleet.app("never registered");
        let call = nobody.sign(Method::GET, "/orders", "", None);
        fleet.report.expect(apple::UNREGISTERED, nobody.call(&call)).await;
        fleet.unknown_phone().await;
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
    for phone in phones.into_iter().flatten() {
        let fleet = Arc::clone(&fleet);
        runners.spawn(async move {
            fleet.use_up_phone(phone, end).await;
        });
    }
    for handset in handsets.into_iter().flatten() {
        let fleet = Arc::clone(&fleet);
        runners.spawn(async move {
            fleet.use_up_handset(handset, end).await;
        });
    }
    runners.join_all().await;
    let running = start.elapsed();
    let after = fleet.counters().await;
    progress.abort();
    let Arguments { devices, phones, .. } = fleet.arguments;
    let devices = if phones == 0 {
        format!("{devices} devices")
    } else {
        format!("{devices} devices, {phones} of them phones with Android,")
    };
    summary(&fleet.report, &devices, registering, running, before.as_ref().zip(after.as_ref()))
}
