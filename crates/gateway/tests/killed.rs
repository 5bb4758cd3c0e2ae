//! The server and its stores, killed in the middle of load: nothing that was acknowledged is missing.
#![allow(missing_docs)]

#[path = "support/server.rs"]
mod server;
mod support;

use std::{
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use futures_util::StreamExt as _;
use genuine_gateway::{
    client::{App, SignedCall},
    config::Config,
    demo,
    store::Contract,
};
use reqwest::{Client, Method, StatusCode};
use server::{Server, register};
use support::{Postgres, Redis, Scratch};
use tokio::task::JoinSet;

/// What the server acknowledged to one app before it was killed.
struct Acknowledged {
    app: App,
    registered: bool,
    calls: Vec<SignedCall>,
    /// `None` if that was asked for, and the answer did not come.
    closed: Option<Closing>,
}

/// What the operator does to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closing {
    Nothing,
    Revocation,
    Lock,
}

impl Closing {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Revocation => "revocation",
            Self::Lock => "lock",
        }
    }
}

/// Registers, sends requests until the server is gone, and has itself revoked or locked in between if it is to be.
async fn live(
    mut app: App,
    operator: String,
    close_after: Option<(usize, Closing)>,
    all: Arc<AtomicUsize>,
) -> Acknowledged {
    let registered = register(&app).await;
    let (mut calls, mut closed) = (Vec::new(), Some(Closing::Nothing));
    for number in 0.. {
        if let Some((after, closing)) = close_after
            && after == number
        {
            let key_id = BASE64_URL_SAFE_NO_PAD.encode(app.device.key_id());
            let change = app.http.put(format!("{operator}/devices/{key_id}/{}", closing.as_str()));
            let answer = change.header("idempotency-key", support::idempotency_key_of_now()).send().await;
            closed = answer
                .ok()
                .map(|answer| if answer.status() == StatusCode::NO_CONTENT { closing } else { Closing::Nothing });
            break;
        }
        let call = app.sign(Method::POST, "/orders", "load", None);
        match app.call(&call).await {
            Ok(answer) if answer.status == StatusCode::OK => {
                calls.push(call);
                all.fetch_add(1, Ordering::SeqCst);
            }
            Ok(answer) => assert!(!registered, "{answer:?}"),
            Err(_) => break,
        }
    }
    Acknowledged { app, registered, calls, closed }
}

/// Kills a server in the middle of load, starts another on the same store, and holds it to what was acknowledged.
async fn killed(store: &str, rounds: usize) {
    let mut server = Server::start(store, &[]);
    let (mut registrations, mut accepted, mut revocations, mut locks) = (0, 0, 0, 0);
    for round in 0..rounds {
        let mut lives = JoinSet::new();
        let all = Arc::new(AtomicUsize::new(0));
        for number in 0..6 {
            let app = server.client(&format!("{store} round {round} app {number}"));
            let close_after = match number {
                0 => Some((3, Closing::Revocation)),
                3 => Some((5, Closing::Lock)),
                _ => None,
            };
            lives.spawn(live(app, server.operator.clone(), close_after, Arc::clone(&all)));
        }
        // At another moment in each round, in the middle of commits and, in the first ones, of registrations.
        while all.load(Ordering::SeqCst) < 3 + 13 * round % 60 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        server.signal("-KILL");
        let lives = lives.join_all().await;
        drop(server);
        server = Server::start(store, &[]);
        for Acknowledged { mut app, registered, calls, closed } in lives {
            app.server.clone_from(&server.app);
            app.http = Client::new();
            registrations += usize::from(registered);
            accepted += calls.len();
            revocations += usize::from(closed == Some(Closing::Revocation));
            locks += usize::from(closed == Some(Closing::Lock));
            for call in calls.iter().rev().take(3) {
                let answer = app.call(call).await.unwrap();
                assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "an accepted assertion was accepted again");
            }
            if let (true, Some(closed)) = (registered, closed) {
                let call = app.sign(Method::GET, "/orders", "", None);
                let expected = if closed == Closing::Nothing { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
                assert_eq!(app.call(&call).await.unwrap().status, expected, "{closed:?}");
                // Refused because it is revoked or locked, and not because it is gone.
                let key_id = BASE64_URL_SAFE_NO_PAD.encode(app.device.key_id());
                let device = app.http.get(format!("{}/devices/{key_id}", server.operator)).send().await.unwrap();
                let device: serde_json::Value = device.json().await.unwrap();
                assert_eq!(device["revoked_at"].is_number(), closed == Closing::Revocation, "{device}");
                assert_eq!(device["locked_at"].is_number(), closed == Closing::Lock, "{device}");
            }
        }
    }
    assert!(registrations > rounds && accepted > rounds, "{registrations} {accepted}");
    assert!(revocations > 0 && locks > 0, "{revocations} {locks}");
}

#[tokio::test(flavor = "multi_thread")]
async fn r10_nothing_acknowledged_is_lost_when_killed_20_times_on_redb() {
    let scratch = Scratch::new("killed");
    killed(&format!("redb:{}", scratch.path().join("devices.redb").display()), 20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r10_nothing_acknowledged_is_lost_when_killed_20_times_on_redis() {
    let Some(redis) = Redis::start("killed") else { return };
    killed(&redis.url(), 20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r10_nothing_acknowledged_is_lost_when_killed_20_times_on_postgres() {
    let Some(postgres) = Postgres::start("killed").await else { return };
    killed(&postgres.url(), 20).await;
}

/// The demonstration with a window, over the store of this variable: this program, started again as a server.
const WINDOW_STORE: &str = "TEST_WINDOW_STORE";

#[tokio::test(flavor = "multi_thread")]
async fn serve_in_a_window() {
    let Ok(store) = std::env::var(WINDOW_STORE) else {
        // Nobody asked for a server, so this is the test: it starts one, which accepts a late counter once.
        let server = Server::start_in_a_window("memory");
        let mut app = server.client("window app");
        assert!(register(&app).await);
        let [late, early] = [0, 1].map(|_| app.sign(Method::GET, "/orders", "", None));
        for (call, status) in [(&early, StatusCode::OK), (&late, StatusCode::OK), (&late, StatusCode::UNAUTHORIZED)] {
            assert_eq!(app.call(call).await.unwrap().status, status);
        }
        return;
    };
    let server = genuine_gateway::server::Server::bind(in_a_window(&store)).await.unwrap();
    let server = genuine_gateway::shop::serve(server).unwrap();
    println!("\napps: http://{}", server.app_address().unwrap());
    println!("operator: http://{}", server.operator_address().unwrap());
    server.serve(std::future::pending()).await.unwrap();
}

fn in_a_window(store: &str) -> Config {
    let variables = [("STORE", store), ("LISTEN", "127.0.0.1:0"), ("OPERATOR_LISTEN", "127.0.0.1:0")];
    let variables = variables.map(|(name, value)| (format!("GENUINE_GATEWAY_{name}"), value.to_owned()));
    let mut config = demo::config().with_variables(variables.into_iter()).unwrap();
    config.applications[0].counter = Contract::Window;
    config
}

impl Server {
    fn start_in_a_window(store: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "serve_in_a_window", "--nocapture"]).env(WINDOW_STORE, store);
        Self::run(&mut command)
    }
}

/// Sends every third counter late or not at all and the others three at a time, until the server is gone: what was
/// accepted, and what was held back.
async fn overtake(mut app: App, all: Arc<AtomicUsize>) -> (App, Vec<SignedCall>, Vec<SignedCall>) {
    assert!(register(&app).await);
    let (mut accepted, mut held) = (Vec::new(), Vec::new());
    loop {
        let mut calls: Vec<_> = (0..4).map(|_| app.sign(Method::POST, "/orders", "load", None)).collect();
        held.push(calls.remove(1));
        calls.reverse();
        if held.len() % 5 == 4 {
            calls.push(held.swap_remove(held.len() - 3));
        }
        let answers = futures_util::future::join_all(calls.iter().map(|call| app.call(call))).await;
        let mut gone = false;
        for (call, answer) in calls.into_iter().zip(answers) {
            match answer {
                Ok(answer) => {
                    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
                    accepted.push(call);
                    all.fetch_add(1, Ordering::SeqCst);
                }
                Err(_) => gone = true,
            }
        }
        if gone {
            return (app, accepted, held);
        }
    }
}

/// A window survives what a counter does: nothing is accepted twice, and what is still in it is not lost.
async fn killed_in_a_window(store: &str, rounds: usize) {
    let mut server = Server::start_in_a_window(store);
    let (mut replays, mut late) = (0, 0);
    for round in 0..rounds {
        let mut lives = JoinSet::new();
        let all = Arc::new(AtomicUsize::new(0));
        for number in 0..4 {
            lives.spawn(overtake(server.client(&format!("{store} {round} {number}")), Arc::clone(&all)));
        }
        while all.load(Ordering::SeqCst) < 40 + 17 * round % 60 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        server.signal("-KILL");
        let lives = lives.join_all().await;
        drop(server);
        server = Server::start_in_a_window(store);
        for (mut app, accepted, held) in lives {
            app.server.clone_from(&server.app);
            app.http = Client::new();
            for call in accepted.iter().rev().take(12) {
                let answer = app.call(call).await.unwrap();
                assert_eq!(answer.code.as_deref(), Some("counter_overtaken"), "accepted before: {answer:?}");
                replays += 1;
            }
            // The last ten that were held back lie within some forty counters.
            for call in held.iter().rev().take(10) {
                let answers = [app.call(call).await.unwrap(), app.call(call).await.unwrap()];
                assert_eq!(answers.map(|answer| answer.status.as_u16()), [200, 401], "once");
                late += 1;
            }
        }
    }
    assert!(replays > 10 * rounds && late > 5 * rounds, "{replays} {late}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_on_redb_survives_being_killed() {
    let scratch = Scratch::new("killed-window");
    killed_in_a_window(&format!("redb:{}", scratch.path().join("devices.redb").display()), 8).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_on_redis_survives_being_killed() {
    let Some(redis) = Redis::start("killed-window") else { return };
    killed_in_a_window(&redis.url(), 4).await;
}

/// 24 requests of one device, four at a time on connections of their own, each late by 0 to 20 ms.
#[tokio::test(flavor = "multi_thread")]
async fn requests_that_overtake_each_other_pass_in_a_window() {
    let scratch = Scratch::new("overtake");
    let redis = Redis::start("overtake");
    let redb = format!("redb:{}", scratch.path().join("devices.redb").display());
    for store in ["memory".to_owned(), redb].into_iter().chain(redis.iter().map(Redis::url)) {
        let server = Server::start_in_a_window(&store);
        let mut alice = server.client("alice");
        assert!(register(&alice).await);
        let calls: Vec<_> = (0..24).map(|_| alice.sign(Method::POST, "/orders", "one", None)).collect();
        // 0, 13, 5, 18, 10, 2, …: many are overtaken, and each by at most three.
        let sends = calls.iter().zip(0_u64..).map(|(call, number)| {
            let (server, call) = (server.client("alice"), call.clone());
            async move {
                tokio::time::sleep(Duration::from_millis(number * 13 % 21)).await;
                server.call(&call).await.unwrap()
            }
        });
        let answers: Vec<_> = futures_util::stream::iter(sends).buffered(4).collect().await;
        assert!(answers.iter().all(|answer| answer.status == StatusCode::OK), "{store}: {answers:?}");
        let mut counters: Vec<_> = answers.iter().map(|answer| answer.body["counter"].as_u64().unwrap()).collect();
        counters.sort_unstable();
        assert_eq!(counters, (1..=24).collect::<Vec<_>>(), "{store}");
        for call in &calls {
            let answer = alice.call(call).await.unwrap();
            assert_eq!((answer.status.as_u16(), answer.code.as_deref()), (401, Some("counter_overtaken")), "{store}");
        }
    }
}

/// Signs and sends until told to stop: what was accepted, and every status that was answered.
async fn keep_calling(mut app: App, stop: Arc<AtomicBool>) -> (App, Vec<SignedCall>, Vec<StatusCode>) {
    let (mut accepted, mut statuses) = (Vec::new(), Vec::new());
    while !stop.load(Ordering::SeqCst) {
        let call = app.sign(Method::POST, "/orders", "load", None);
        let status = app.call(&call).await.unwrap().status;
        statuses.push(status);
        if status == StatusCode::OK {
            accepted.push(call);
        }
    }
    (app, accepted, statuses)
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_that_is_killed_20_times_under_load_loses_nothing() {
    let Some(mut redis) = Redis::start("load") else { return };
    let url = redis.url();
    store_is_killed(&url, |alive| if alive { redis.run() } else { redis.kill() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_that_is_killed_20_times_under_load_loses_nothing() {
    let Some(postgres) = Postgres::alone("load").await else { return };
    store_is_killed(&postgres.url(), |alive| if alive { postgres.run() } else { postgres.kill() }).await;
}

/// Kills the store of a server under load, and starts it again.
async fn store_is_killed(store: &str, mut alive: impl FnMut(bool)) {
    let server = Server::start(store, &[]);
    let stop = Arc::new(AtomicBool::new(false));
    let mut calling = JoinSet::new();
    for number in 0..8 {
        let app = server.client(&format!("app {number}"));
        assert!(register(&app).await);
        calling.spawn(keep_calling(app, Arc::clone(&stop)));
    }
    for round in 0..20 {
        tokio::time::sleep(Duration::from_millis(200 + 17 * round)).await;
        tokio::task::block_in_place(|| alive(false));
        tokio::time::sleep(Duration::from_millis(100)).await;
        tokio::task::block_in_place(|| alive(true));
    }
    // It may have to read what it wrote before it answers again.
    let http = Client::new();
    for _ in 0..200 {
        if http.get(format!("{}/ready", server.operator)).send().await.unwrap().status() == StatusCode::OK {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    stop.store(true, Ordering::SeqCst);
    for (app, accepted, statuses) in calling.join_all().await {
        let expected = [StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE];
        assert!(statuses.iter().all(|status| expected.contains(status)), "{statuses:?}");
        assert!(statuses.contains(&StatusCode::SERVICE_UNAVAILABLE), "it was noticed");
        assert_eq!(statuses.last(), Some(&StatusCode::OK), "service resumes by itself");
        for call in accepted.iter().rev().step_by(5) {
            assert_eq!(app.call(call).await.unwrap().status, StatusCode::UNAUTHORIZED);
        }
    }
}
