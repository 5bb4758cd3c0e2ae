//! Of any number of copies one counts.

use std::sync::Arc;

use axum::{body::Body, http::Request};
use genuine_gateway::store::{MemoryStore, RedbStore, Store};
use tokio::task::JoinSet;

use crate::support::{
    Hands, Postgres, Redis, Scratch, Site, assert, authorization, device, gate_over, now, origin, registration,
};

/// Sends 200 copies of one request to these sites in turn, and counts the answers 200.
async fn copies(sites: &[Arc<Site>], make: impl Fn() -> Request<Body>) -> usize {
    let mut runners = JoinSet::new();
    for site in sites.iter().cycle().take(200) {
        let (site, request) = (Arc::clone(site), make());
        runners.spawn(async move { site.send(request).await.status });
    }
    let answers = runners.join_all().await;
    assert!(answers.iter().all(|status| [200, 401].contains(status)), "{answers:?}");
    answers.iter().filter(|status| **status == 200).count()
}

async fn one_copy_is_accepted(stores: Vec<Arc<dyn Store>>) {
    let sites: Vec<_> = stores
        .into_iter()
        .map(|store| {
            let hands = Hands::at(now());
            Arc::new(Site::of(Arc::new(gate_over(store, &hands)), hands, origin()))
        })
        .collect();
    let mut alice = device("alice");
    sites[0].register(&alice, "alice").await;
    for target in ["/orders", "/payments"] {
        let challenge = sites[0].challenge("assertion", "alice").await;
        let challenge = (target == "/payments").then_some(challenge.as_str());
        let assertion = assert(&mut alice, "POST", target, b"body", challenge);
        let header = authorization(&alice, &assertion, challenge);
        let make = || {
            let request = Request::post(target).header("authorization", &header).header("x-session", "alice");
            request.body(Body::from("body")).unwrap()
        };
        assert_eq!(copies(&sites, make).await, 1, "{target}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_one_of_200_copies_is_accepted_in_memory() {
    one_copy_is_accepted(vec![Arc::new(MemoryStore::default())]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_one_of_200_copies_is_accepted_on_redb() {
    let scratch = Scratch::new("copies");
    let commits = genuine_gateway::metrics::Metrics::new().unwrap().commit;
    let store = RedbStore::open(&scratch.path().join("devices.redb"), commits).unwrap();
    one_copy_is_accepted(vec![Arc::new(store)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_one_of_200_copies_is_accepted_by_two_servers_on_one_redis() {
    let Some(redis) = Redis::start("copies") else { return };
    let store = || Arc::new(redis.store()) as Arc<dyn Store>;
    one_copy_is_accepted(vec![store(), store()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_one_of_200_copies_is_accepted_by_two_servers_on_one_postgres() {
    let Some(postgres) = Postgres::start("copies").await else { return };
    let store = || Arc::new(postgres.store()) as Arc<dyn Store>;
    one_copy_is_accepted(vec![store(), store()]).await;
}

/// Twenty keys, one challenge, and as many gateways as there are stores.
async fn one_registration_is_accepted(stores: Vec<Arc<dyn Store>>) {
    let hands = Hands::at(now());
    let site = |store| Arc::new(Site::of(Arc::new(gate_over(store, &hands)), hands.clone(), origin()));
    let sites: Vec<_> = stores.into_iter().map(site).collect();
    let challenge = sites[0].challenge("attestation", "alice").await;
    let mut runners = JoinSet::new();
    for number in 0..20 {
        let body = registration(&device(&format!("device {number}")), &challenge);
        let site = Arc::clone(&sites[number % sites.len()]);
        runners.spawn(async move { site.post("/devices", "alice", &body).await.status });
    }
    let answers = runners.join_all().await;
    assert_eq!(answers.iter().filter(|status| **status == 201).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|status| [201, 401].contains(status)), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn r5_one_of_many_registrations_with_one_challenge_is_accepted() {
    one_registration_is_accepted(vec![Arc::new(MemoryStore::default())]).await;
    if let Some(redis) = Redis::start("one-challenge") {
        one_registration_is_accepted(vec![Arc::new(redis.store()), Arc::new(redis.store())]).await;
    }
    if let Some(postgres) = Postgres::start("one-challenge").await {
        one_registration_is_accepted(vec![Arc::new(postgres.store()), Arc::new(postgres.store())]).await;
    }
}
