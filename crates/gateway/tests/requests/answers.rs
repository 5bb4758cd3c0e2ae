//! What a client is told, and what it sends again.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use async_trait::async_trait;
use axum::{body::Body, http::Request};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use genuine::{
    Error,
    app_attest::{Advance, AdvanceError, KeyId},
};
use genuine_gateway::{
    config,
    gate::{Access, Client, Freshness, Gate, PresentedAssertion, SignedRequest, sha256},
    store::{
        AccountHash, AdvanceFault, ChallengeId, Change, Contract, Cursor, Device as Record, Listing, MemoryStore,
        Spent, Store, StoredSecret, Unavailable, Usage,
    },
};
use genuine_testvectors::Device;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    assert_refused,
    support::{
        APPLICATION, AUTHORITY, Hands, Site, assert, authorization, device, gate_over, now, origin, registration,
        signed,
    },
};

/// What an honest client can act on is told apart, and nothing by which a stranger could find out about a device.
#[tokio::test]
async fn a_client_is_told_what_to_do_and_a_stranger_nothing() {
    let site = Site::new();
    let mut alice = device("alice").with_counter(10);
    site.register(&alice, "alice").await;
    let assertion = assert(&mut alice, "GET", "/orders", b"", None);
    let header = authorization(&alice, &assertion, None);
    let get = |header: &str| Request::get("/orders").header("authorization", header).body(Body::empty()).unwrap();
    assert_eq!(site.send(get(&header)).await.status, 200);
    assert_eq!(site.send(get(&header)).await.code(), "counter_overtaken");
    assert_eq!(site.send(signed(&mut device("nobody"), "GET", "/orders", "", None)).await.code(), "unknown_key");

    // Who only knows her key identifier does not learn how often she came: 11 times.
    let mut answers = Vec::new();
    for counter in [0, 10, 11, 1000] {
        let assertion = assert(&mut device("mallory").with_counter(counter), "GET", "/orders", b"", None);
        answers.push(site.send(get(&authorization(&alice, &assertion, None))).await);
    }
    answers.push(site.send(signed(&mut alice, "GET", "/orders?other", "", None).map(|_| Body::from("x"))).await);
    answers.push(site.send(Request::get("/orders").body(Body::empty()).unwrap()).await);
    for answer in &answers {
        assert_eq!((answer.code().as_str(), answer.told()), ("rejected", answers[0].told()));
    }
    for (reason, times) in
        [("CounterNotIncreased", 1), ("UnknownKey", 1), ("SignatureInvalid", 5), ("AssertionMissing", 1)]
    {
        assert_eq!(site.refusals(reason), times, "{reason}");
    }
}

/// A store in memory whose next registration fails, or whose secrets cannot be read.
#[derive(Default)]
pub(super) struct Faulty {
    pub(super) store: MemoryStore,
    pub(super) fails: AtomicBool,
    pub(super) unreadable: bool,
    pub(super) reads: AtomicUsize,
}

#[async_trait]
impl Store for Faulty {
    async fn spend(&self, challenge: ChallengeId, by: KeyId, until: u64, now: u64) -> Result<Spent, Unavailable> {
        self.store.spend(challenge, by, until, now).await
    }

    async fn secrets(&self, usage: Usage) -> Result<Vec<StoredSecret>, Unavailable> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        if self.unreadable {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            return Err(Unavailable);
        }
        self.store.secrets(usage).await
    }

    async fn add_secret(&self, usage: Usage, secret: &StoredSecret) -> Result<bool, Unavailable> {
        self.store.add_secret(usage, secret).await
    }

    async fn register(&self, key: KeyId, device: &Record) -> Result<bool, Unavailable> {
        if self.fails.swap(false, Ordering::SeqCst) { Err(Unavailable) } else { self.store.register(key, device).await }
    }

    async fn list(&self, after: Option<&Cursor>, about: usize) -> Result<Option<Listing>, Unavailable> {
        self.store.list(after, about).await
    }

    async fn device(&self, key: KeyId) -> Result<Option<Record>, Unavailable> {
        self.store.device(key).await
    }

    async fn advance(
        &self,
        key: KeyId,
        advance: Advance,
        contract: Contract,
    ) -> Result<(), AdvanceError<AdvanceFault>> {
        self.store.advance(key, advance, contract).await
    }

    async fn change(&self, key: KeyId, change: Change) -> Result<bool, Unavailable> {
        self.store.change(key, change).await
    }

    async fn devices_of(
        &self,
        account: AccountHash,
        after: Option<KeyId>,
        most: usize,
    ) -> Result<Vec<KeyId>, Unavailable> {
        self.store.devices_of(account, after, most).await
    }

    async fn ready(&self) -> Result<(), Unavailable> {
        self.store.ready().await
    }
}

/// A key is attested once: whatever went wrong on the way, sending the same again has to end well.
#[tokio::test]
async fn a_registration_may_be_sent_again() {
    let hands = Hands::at(now());
    let store = Faulty { fails: AtomicBool::new(true), ..Faulty::default() };
    let site = Site::of(Arc::new(gate_over(Arc::new(store), &hands)), hands, origin());
    let mut alice = device("alice");
    let challenge = site.challenge("attestation", "alice").await;
    let body = registration(&alice, &challenge);
    // The challenge is spent, and then the store fails.
    assert_eq!(site.post("/devices", "alice", &body).await.status, 503);
    // It is spent for this key alone.
    let answer = site.post("/devices", "alice", &registration(&device("mallory"), &challenge)).await;
    assert_refused(&site, &answer, 401, "challenge_rejected", "ChallengeReused");
    assert_eq!(site.post("/devices", "alice", &body).await.status, 201);
    assert_eq!(site.send(signed(&mut alice, "GET", "/orders", "", None)).await.status, 200);

    // The answer was lost: the same again changes nothing, long after the challenge and the certificate have expired too.
    for age in [0, 301, 30 * 86_400] {
        site.hands.advance(age);
        assert_eq!(site.post("/devices", "alice", &body).await.code(), "already_registered");
    }
    assert_eq!(site.gate.metrics.registrations.get(), 1);
    let answer = site.send(signed(&mut alice, "GET", "/orders", "", None)).await;
    assert_eq!((answer.status, &answer.json()["counter"]), (200, &json!(2)), "the counter was not reset");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_copies_of_a_registration_registers_and_the_others_find_it() {
    let site = Arc::new(Site::new());
    let challenge = site.challenge("attestation", "alice").await;
    let body = registration(&device("alice"), &challenge);
    let mut runners = JoinSet::new();
    for _ in 0..20 {
        let (site, body) = (Arc::clone(&site), body.clone());
        runners.spawn(async move { site.post("/devices", "alice", &body).await.status });
    }
    let answers = runners.join_all().await;
    assert_eq!(answers.iter().filter(|status| **status == 201).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|status| [201, 409].contains(status)), "{answers:?}");
}

#[tokio::test]
async fn the_demonstration_names_the_line_that_differs() {
    let hands = Hands::at(now());
    let gate = Gate { explains: true, ..gate_over(Arc::new(MemoryStore::default()), &hands) };
    let site = Site::of(Arc::new(gate), hands, origin());
    let mut alice = device("alice");
    site.register(&alice, "alice").await;
    let arrives = SignedRequest { method: "POST", authority: AUTHORITY, target: "/orders?item=7", body: b"two" };
    let signs = [
        (SignedRequest { method: "post", ..arrives }.client_data(None), "Line 2, the method: 'post' was signed"),
        (SignedRequest { authority: "localhost", ..arrives }.client_data(None), "Line 3, the authority: 'localhost'"),
        (SignedRequest { target: "/orders", ..arrives }.client_data(None), "Line 4, the target: '/orders' was"),
        (SignedRequest { body: b"three", ..arrives }.client_data(None), "Line 5, the SHA-256 of the body: '8b5b"),
        (arrives.client_data(Some("c1")), "Line 6, the challenge: 'c1' was signed, '' arrived."),
        (arrives.client_data(None).replace("v1", "v0"), "Line 1, the form:"),
        (arrives.client_data(None) + "\n", "There are 6 lines"),
    ];
    let send = async |signed: &str, shown: Option<&str>, device: &mut Device| {
        let assertion = device.assert_hash(&sha256(signed.as_bytes())).object;
        let request = Request::post("/orders?item=7").header("authorization", authorization(device, &assertion, None));
        let shown = shown.into_iter().fold(request, |request, shown| request.header("x-app-attest-client-data", shown));
        let answer = site.send(shown.body(Body::from("two")).unwrap()).await;
        assert_eq!((answer.status, answer.code()), (401, "rejected".to_owned()));
        answer.json()["detail"].as_str().unwrap().to_owned()
    };
    for (signed, expected) in signs {
        let detail = send(&signed, Some(&BASE64_STANDARD.encode(&signed)), &mut alice).await;
        assert!(detail.starts_with(expected), "{detail}");
    }
    let other = arrives.client_data(Some("c1"));
    assert!(
        send("something else", Some(&BASE64_STANDARD.encode(&other)), &mut alice).await.starts_with("This key did not")
    );
    assert!(send(&other, Some("!"), &mut alice).await.ends_with("is not the base64 of text."));
    assert!(send(&other, None, &mut alice).await.starts_with("Show what was signed in X-App-Attest-Client-Data"));

    // Nobody else explains.
    let site = Site::new();
    site.register(&alice, "alice").await;
    let assertion = alice.assert_hash(&sha256(other.as_bytes())).object;
    let request = Request::post("/orders?item=7").header("authorization", authorization(&alice, &assertion, None));
    let request = request.header("x-app-attest-client-data", BASE64_STANDARD.encode(&other));
    let answer = site.send(request.body(Body::from("two")).unwrap()).await;
    assert_eq!((answer.code().as_str(), &answer.json()["detail"]), ("rejected", &Value::Null));
}

/// What is known without a signature costs none, and what changed meanwhile is looked at again.
#[tokio::test]
async fn a_signature_is_the_last_thing_that_is_verified() {
    let site = Site::new();
    let mut alice = device("alice");
    site.register(&alice, "alice").await;
    let verified = || {
        let metrics = site.gate.metrics.text().unwrap();
        let line = metrics.lines().find(|line| line.starts_with("genuine_signatures_total{curve=\"p256\""));
        line.map_or(0, |line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
    };
    let used = site.challenge("assertion", "alice").await;
    assert_eq!(site.send(signed(&mut alice, "POST", "/payments", "", Some(&used))).await.status, 200);
    assert_eq!(site.send(signed(&mut alice, "POST", "/payments", "", Some(&used))).await.status, 401);
    let late = site.challenge("assertion", "alice").await;
    let client = Client { session: sha256(b"alice"), ..Client::default() };
    let assertion = assert(&mut alice, "POST", "/payments", b"", Some(&late));
    let presented = PresentedAssertion { key_id: KeyId(alice.key_id()), assertion, challenge: Some(late.clone()) };
    let access = Access::new(vec![APPLICATION.to_owned()], Freshness::Challenge);
    let identified = site.gate.identify(&presented, client, &access).await.ok().unwrap();
    site.hands.advance(301);
    assert_eq!(site.send(signed(&mut alice, "POST", "/payments", "", Some(&late))).await.status, 401);
    // Only the store knows that a challenge was used, and is asked last.
    assert_eq!((verified(), site.refusals("ChallengeReused"), site.refusals("ChallengeExpired")), (2, 1, 1));
    // It expired while the body was on its way.
    let request = SignedRequest { method: "POST", authority: AUTHORITY, target: "/payments", body: b"" };
    assert_eq!(site.gate.check(identified, request, config::Mode::Required).await, Err(Error::ChallengeExpired.into()));
    let before = verified();
    site.gate.revoke(KeyId(alice.key_id())).await.unwrap();
    assert_eq!(site.send(signed(&mut alice, "GET", "/orders", "", None)).await.status, 401);
    assert_eq!((verified(), site.refusals("KeyRevoked")), (before, 1));
}
