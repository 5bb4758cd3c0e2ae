//! Each change once.

use std::{collections::BTreeMap, fs, sync::Arc};

use axum::http::Request;
use genuine_gateway::{
    audit::verify,
    config::{Config, Role},
    store::MemoryStore,
};
use tokio::task::JoinSet;

use super::{config, in_order, operator, routes, sent, token, told, with};
use crate::support::{Hands, Redis, Scratch, Site, device, gate_over, now, origin};

const KEY: &str = "idempotency-key";

#[tokio::test]
async fn a_change_says_what_makes_it_count_once() {
    let site = Site::new();
    let phone = device("phone");
    site.register(&phone, "alice").await;
    let path = format!("/devices/{}/lock", super::url_text(phone.key_id()));
    let scratch = Scratch::new("keys");
    let file = scratch.path().join("audit");
    let routes = routes(&site.gate, &config(), Some(&file));
    let now = (site.gate.clock)();
    let good = "0123456789abcdef";
    for key in [
        None,
        Some(String::new()),
        Some(good.to_owned()),
        Some(format!("{now}")),
        Some(format!("{now}-")),
        Some(format!("{now}-{}", &good[..15])),
        Some(format!("{now}-{}", "a".repeat(65))),
        Some(format!("{now}-{good}_")),
        Some(format!("{now}-{good} ")),
        Some(format!("0{now}-{good}")),
        Some(format!("+{now}-{good}")),
        Some(format!("-{now}-{good}")),
        Some(format!("{now}.0-{good}")),
        Some(format!("{now}{now}{now}-{good}")),
    ] {
        let request = with(sent(in_order(&site.gate, "PUT", &path)), KEY, key.as_deref());
        // A space at the end is none in HTTP.
        if key.as_ref().is_none_or(|key| !key.ends_with(' ')) {
            assert_eq!(told(&routes, request).await, (400, "idempotency_key_required".to_owned()), "{key:?}");
        }
    }
    let two = sent(in_order(&site.gate, "PUT", &path).header(KEY, format!("{now}-{good}")));
    assert_eq!(told(&routes, two).await.1, "idempotency_key_required");
    for (seconds, expected) in [
        (now - 301, (409, "idempotency_key_expired".to_owned())),
        (now + 301, (409, "idempotency_key_expired".to_owned())),
        (u64::MAX, (409, "idempotency_key_expired".to_owned())),
        (0, (409, "idempotency_key_expired".to_owned())),
        (now - 300, (204, String::new())),
        (now + 300, (204, String::new())),
    ] {
        let request = with(sent(in_order(&site.gate, "PUT", &path)), KEY, Some(&format!("{seconds}-{good}")));
        assert_eq!(told(&routes, request).await, expected, "{seconds}");
    }
    // What was refused is in no log of changes: two were made.
    assert_eq!(verify(&file, None).unwrap().lines, 4);
}

/// The same request again is refused, for ten minutes longer than its time counts; and another change with its key.
#[tokio::test]
async fn a_change_is_made_once() {
    let site = Site::new();
    let phone = device("phone");
    site.register(&phone, "alice").await;
    let path = format!("/devices/{}/lock", super::url_text(phone.key_id()));
    let mut config = config();
    config.operators.push(operator("other", Role::Admin));
    let scratch = Scratch::new("once");
    let file = scratch.path().join("audit");
    let routes = routes(&site.gate, &config, Some(&file));
    let key = format!("{}-0123456789abcdef", (site.gate.clock)());
    let request = |method: &str| with(sent(in_order(&site.gate, method, &path)), KEY, Some(&key));
    assert_eq!(told(&routes, request("PUT")).await.0, 204);
    for method in ["PUT", "DELETE"] {
        assert_eq!(told(&routes, request(method)).await, (409, "replayed".to_owned()), "{method}");
    }
    // The log has who tried it again, and that nothing came of it.
    let text = fs::read_to_string(&file).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told_of: Vec<_> =
        lines.iter().map(|line| line.get("outcome").map(|outcome| outcome.as_str().unwrap())).collect();
    assert_eq!(told_of, [None, Some("done"), None, Some("ChangeReplayed"), None, Some("ChangeReplayed")]);
    assert_eq!((&lines[3]["status"], verify(&file, None).unwrap().open), (&409.into(), 0));
    let device = site.gate.device(genuine::app_attest::KeyId(phone.key_id())).await.unwrap();
    assert!(device.locked_at.is_some(), "nothing was opened");
    // Another operator's keys are theirs.
    let others = with(request("DELETE"), "authorization", Some(&format!("Bearer {}", token("other"))));
    assert_eq!(told(&routes, others).await.0, 204);
    site.hands.advance(300);
    assert_eq!(told(&routes, request("PUT")).await, (409, "replayed".to_owned()));
    site.hands.advance(1);
    assert_eq!(told(&routes, request("PUT")).await, (409, "idempotency_key_expired".to_owned()));
    // What reads takes no key.
    let read = with(sent(in_order(&site.gate, "GET", "/devices")), KEY, None);
    assert_eq!(told(&routes, read).await.0, 200);
}

/// A gateway whose clock is five minutes behind finds a key that was used, also when another one has forgotten what is over.
#[tokio::test]
async fn a_key_is_remembered_longer_than_it_counts() {
    let store: Arc<dyn genuine_gateway::store::Store> = Arc::new(MemoryStore::default());
    let (ahead, behind) = (Hands::at(now()), Hands::at(now()));
    let site = Site::of(Arc::new(gate_over(Arc::clone(&store), &ahead)), ahead.clone(), origin());
    let late = Site::of(Arc::new(gate_over(store, &behind)), behind, origin());
    let phone = device("phone");
    site.register(&phone, "alice").await;
    let path = format!("/devices/{}/lock", super::url_text(phone.key_id()));
    let key = format!("{}-0123456789abcdef", (late.gate.clock)());
    let once = |gate| with(sent(in_order(gate, "PUT", &path)), KEY, Some(&key));
    let routes = [&site, &late].map(|site| routes(&site.gate, &config(), None));
    assert_eq!(told(&routes[0], once(&site.gate)).await.0, 204);
    ahead.advance(600);
    // What is over is forgotten when something is remembered.
    assert_eq!(told(&routes[0], sent(in_order(&site.gate, "DELETE", &path))).await.0, 204);
    assert_eq!(told(&routes[1], once(&late.gate)).await, (409, "replayed".to_owned()));
}

/// Of 200 copies at once, before several gateways of one store, one is made; and that is in the log once.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_copies_one_is_made() {
    let hands = Hands::at(now());
    let memory: Arc<dyn genuine_gateway::store::Store> = Arc::new(MemoryStore::default());
    let redis = Redis::start("copies");
    let shared = redis.as_ref().map(|redis| Arc::new(redis.store()) as Arc<dyn genuine_gateway::store::Store>);
    for store in [Some(memory), shared].into_iter().flatten() {
        let scratch = Scratch::new("copies-of-a-change");
        let site = Site::of(Arc::new(gate_over(Arc::clone(&store), &hands)), hands.clone(), origin());
        let phone = device("phone");
        site.register(&phone, "alice").await;
        let path = format!("/devices/{}/revocation", super::url_text(phone.key_id()));
        let places: Vec<_> = (0..2)
            .map(|number| {
                let gate = Arc::new(gate_over(Arc::clone(&store), &hands));
                routes(&gate, &config(), Some(&scratch.path().join(format!("audit-{number}"))))
            })
            .collect();
        let key = format!("{}-copiescopiescopies", (site.gate.clock)());
        let mut copies = JoinSet::new();
        for number in 0..200 {
            let request = with(sent(in_order(&site.gate, "PUT", &path)), KEY, Some(&key));
            let routes = places[number % 2].clone();
            copies.spawn(async move { told(&routes, request).await });
        }
        let mut answers = BTreeMap::<_, usize>::new();
        for answer in copies.join_all().await {
            *answers.entry(answer).or_default() += 1;
        }
        assert_eq!(answers, BTreeMap::from([((204, String::new()), 1), ((409, "replayed".to_owned()), 199)]));
        let files = [0, 1].map(|number| scratch.path().join(format!("audit-{number}")));
        let lines = files.each_ref().map(|file| verify(file, None).unwrap().lines);
        assert_eq!(lines.iter().sum::<u64>(), 400, "each copy with what came of it");
        let done = files.map(|file| fs::read_to_string(file).unwrap().matches("\"outcome\":\"done\"").count());
        assert_eq!(done.iter().sum::<usize>(), 1);
    }
}

/// A store that is away, and a log that cannot be written: nothing is changed.
#[tokio::test]
async fn what_cannot_be_noted_is_not_done() {
    let site = Site::new();
    let phone = device("phone");
    site.register(&phone, "alice").await;
    let path = format!("/devices/{}/revocation", super::url_text(phone.key_id()));
    let scratch = Scratch::new("unwritable");
    let file = scratch.path().join("audit");
    let routes = routes(&site.gate, &Config { ..config() }, Some(&file));
    fs::rename(&file, scratch.path().join("moved")).unwrap();
    assert_eq!(told(&routes, sent(in_order(&site.gate, "PUT", &path))).await, (503, "unavailable".to_owned()));
    assert_eq!(site.refusals("AuditUnavailable"), 1);
    let read = || sent(in_order(&site.gate, "GET", &path.replace("/revocation", "")));
    assert_eq!(super::answer(&routes, read()).await.json()["revoked_at"], serde_json::Value::Null);
    // Another file in its place.
    fs::write(&file, "").unwrap();
    assert_eq!(told(&routes, sent(in_order(&site.gate, "PUT", &path))).await, (503, "unavailable".to_owned()));
    assert_eq!(super::answer(&routes, read()).await.json()["revoked_at"], serde_json::Value::Null);
    assert_eq!(fs::read(&file).unwrap(), b"");
    // The key of a change that could not be noted was not spent: it counts when there is a log again.
    let key = format!("{}-0123456789abcdef", (site.gate.clock)());
    let again = || with(sent(in_order(&site.gate, "PUT", &path)), KEY, Some(&key));
    assert_eq!(told(&routes, again()).await, (503, "unavailable".to_owned()));
    fs::rename(scratch.path().join("moved"), &file).unwrap();
    assert_eq!(told(&routes, again()).await.0, 204);
    assert_eq!(told(&routes, again()).await, (409, "replayed".to_owned()));
    assert!(super::answer(&routes, read()).await.json()["revoked_at"].is_u64());
    // Nobody is told of the log that there is none of.
    let none = super::routes(&site.gate, &config(), None);
    let request: Request<_> = sent(in_order(&site.gate, "GET", "/audit"));
    assert_eq!(told(&none, request).await, (404, "not_found".to_owned()));
}
