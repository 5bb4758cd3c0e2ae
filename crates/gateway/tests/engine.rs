//! What outlives a request decides nothing: with the table of a key, or an issuer, the answers are those without.
#![allow(missing_docs)]

mod support;

use std::sync::Arc;

use axum::body::Body;
use genuine::app_attest::KeyId;
use genuine_gateway::{
    config,
    metrics::{Metered, Metrics},
    store::{DeviceKey, MemoryStore, Store},
};
use genuine_testvectors::{Device, TestPki};
use support::{APP_ID, APPLICATION, Hands, Site, authorization, device, gate_on, gate_over, now, origin, signed};

/// How many signatures were verified on a curve, by a key of this kind.
fn signatures(site: &Site, curve: &str, key: &str) -> u64 {
    let metrics = site.gate.metrics.text().unwrap();
    let name = format!("genuine_signatures_total{{curve=\"{curve}\",key=\"{key}\"}} ");
    metrics.lines().find_map(|line| line.strip_prefix(&name)).map_or(0, |count| count.parse().unwrap())
}

async fn order(site: &Site, device: &mut Device) -> u16 {
    site.send(signed(device, "POST", "/orders", "one", None)).await.status
}

/// A device whose key is prepared.
async fn regular(site: &Site, name: &str) -> Device {
    let mut device = device(name);
    site.register(&device, name).await;
    for _ in 0..3 {
        assert_eq!(order(site, &mut device).await, 200);
    }
    assert!(signatures(site, "p256", "prepared") > 0);
    device
}

#[tokio::test]
async fn a_table_is_used_from_the_third_request_on() {
    let site = Site::new();
    let mut alice = device("alice");
    site.register(&alice, "alice").await;
    for (stored, prepared) in [(1, 0), (2, 0), (2, 1), (2, 2)] {
        assert_eq!(order(&site, &mut alice).await, 200);
        assert_eq!((signatures(&site, "p256", "stored"), signatures(&site, "p256", "prepared")), (stored, prepared));
    }
}

/// Else whoever repeats what they overheard, or makes something up, would choose what is kept.
#[tokio::test]
async fn what_is_refused_prepares_nothing() {
    let site = Site::new();
    let mut alice = device("alice");
    site.register(&alice, "alice").await;
    let replay = || signed(&mut device("alice"), "POST", "/orders", "one", None);
    assert_eq!(order(&site, &mut alice).await, 200);
    for _ in 0..3 {
        assert_eq!(site.send(replay()).await.code(), "counter_overtaken");
        let changed = signed(&mut alice, "POST", "/orders", "one", None).map(|_| Body::from("two"));
        assert_eq!(site.send(changed).await.code(), "rejected");
    }
    // The second one that is accepted: the table is there for the third.
    assert_eq!(order(&site, &mut alice).await, 200);
    assert_eq!(signatures(&site, "p256", "prepared"), 0);
    assert_eq!(order(&site, &mut alice).await, 200);
    assert_eq!(signatures(&site, "p256", "prepared"), 1);
}

#[tokio::test]
async fn a_revoked_device_is_refused_although_its_key_is_prepared() {
    let site = Site::new();
    let mut alice = regular(&site, "alice").await;
    site.gate.revoke(KeyId(alice.key_id())).await.unwrap();
    assert_eq!(order(&site, &mut alice).await, 401);
    assert_eq!(site.refusals("KeyRevoked"), 1);
}

#[tokio::test]
async fn a_counter_counts_once_although_its_key_is_prepared() {
    let site = Site::new();
    let mut alice = regular(&site, "alice").await;
    let mut again = alice.clone();
    assert_eq!(order(&site, &mut alice).await, 200);
    assert_eq!(order(&site, &mut again).await, 401);
    assert_eq!(site.refusals("CounterNotIncreased"), 1);
}

/// The store has another record under the identifier by now: it counts, and the table of the one before does not.
#[tokio::test]
async fn the_record_is_the_one_that_the_store_has() {
    let hands = Hands::at(now());
    let store = Arc::new(MemoryStore::default());
    let site = Site::of(Arc::new(gate_over(Arc::clone(&store) as Arc<dyn Store>, &hands)), hands.clone(), origin());
    let mut alice = regular(&site, "alice").await;
    let id = KeyId(alice.key_id());
    let registered = store.device(id).await.unwrap().unwrap();

    // The App ID hash, of which the octets after version and environment are; and a public key that is not the identifier's.
    for (octet, reason) in [(2, "RpIdMismatch"), (129, "PublicKeyInvalid")] {
        let other = Arc::new(MemoryStore::default());
        let mut record = registered.clone();
        let DeviceKey::AppAttest(key) = &mut record.key else { panic!("{record:?}") };
        key[octet] ^= 1;
        other.register(id, &record).await.unwrap();
        let applications = site.gate.applications.iter().map(|application| application.engine);
        let mut gate = gate_over(other, &hands);
        for (application, engine) in gate.applications.iter_mut().zip(applications) {
            application.engine = engine;
        }
        let other = Site::of(Arc::new(gate), hands.clone(), origin());
        let answer = other.send(signed(&mut alice, "POST", "/orders", "one", None)).await;
        assert!(answer.status >= 401, "{}", answer.json());
        assert_eq!(other.refusals(reason), 1, "{}", other.gate.metrics.text().unwrap());
    }
    assert_eq!(order(&site, &mut alice).await, 200);
}

/// Good and bad signatures in turn, of keys with and without tables, in lanes and without.
#[tokio::test]
async fn the_answers_are_the_same_however_signatures_are_verified() {
    type Backend = fn(Arc<Metrics>) -> Metered;
    let mut expected = None;
    for (backend, room) in [(Metered::portable as Backend, 0), (Metered::portable, 1 << 20), (Metered::detect, 1 << 20)]
    {
        let hands = Hands::at(now());
        let applications = [config::Application::new(APPLICATION, &[APP_ID])];
        let gate = gate_on(backend, room, &applications, Arc::new(MemoryStore::default()), &hands);
        let site = Site::of(Arc::new(gate), hands, origin());
        let mut devices = ["alice", "bob"].map(device);
        for device in &devices {
            site.register(device, "alice").await;
        }
        let mut answers = Vec::new();
        for turn in 0..40 {
            let [device, stranger] = &mut devices;
            let request = signed(device, "POST", "/orders", "one", None);
            let request = match turn % 5 {
                // Another body, a signature of which one octet differs, and one by somebody else.
                1 => request.map(|_| Body::from("two")),
                2 => with_assertion(request, device, |assertion| assertion[40] ^= 1),
                3 => {
                    let theirs = support::assert(stranger, "POST", "/orders", b"one", None);
                    with_assertion(request, device, |assertion| *assertion = theirs)
                }
                _ => request,
            };
            let answer = site.send(request).await;
            answers.push((answer.status, answer.json()["code"].clone()));
        }
        assert_eq!(signatures(&site, "p256", "prepared") > 0, room > 0);
        assert_eq!(answers.iter().filter(|(status, _)| *status == 200).count(), 16);
        assert_eq!(*expected.get_or_insert_with(|| answers.clone()), answers);
    }
}

fn with_assertion(
    request: axum::http::Request<Body>,
    device: &mut Device,
    change: impl FnOnce(&mut Vec<u8>),
) -> axum::http::Request<Body> {
    let mut assertion = support::assert(device, "POST", "/orders", b"one", None);
    change(&mut assertion);
    let (mut parts, body) = request.into_parts();
    parts.headers.insert("authorization", authorization(device, &assertion, None).parse().unwrap());
    axum::http::Request::from_parts(parts, body)
}

#[tokio::test]
async fn the_issuer_is_verified_once() {
    let site = Site::new();
    for (name, stored, prepared) in [("alice", 2, 0), ("bob", 2, 1), ("carol", 2, 2)] {
        site.register(&device(name), name).await;
        assert_eq!((signatures(&site, "p384", "stored"), signatures(&site, "p384", "prepared")), (stored, prepared));
    }
}

#[tokio::test]
async fn an_issuer_that_is_kept_vouches_for_nobody_else() {
    let site = Site::new();
    site.register(&device("alice"), "alice").await;
    let forger = device("mallory").with_authorities(TestPki::new("attacker"));
    let challenge = site.challenge("attestation", "mallory").await;
    let answer = site.post("/devices", "mallory", &support::registration(&forger, &challenge)).await;
    assert_eq!((answer.status, answer.code()), (401, "rejected".to_owned()));
    // One more: the root did not sign the forger's issuer, although it has the name of the genuine one.
    assert_eq!((signatures(&site, "p384", "stored"), signatures(&site, "p384", "prepared")), (3, 0));
    // Nor is it kept in the place of that.
    site.register(&device("bob"), "bob").await;
    assert_eq!((signatures(&site, "p384", "stored"), signatures(&site, "p384", "prepared")), (3, 1));
}
