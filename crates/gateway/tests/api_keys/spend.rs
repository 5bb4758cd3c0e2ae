//! When a signed request counts: after its body, while it is good, for its tier, and as long as the store answers.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use axum::body::{Body, Bytes};
use genuine::app_attest::{Advance, AdvanceError, KeyId};
use genuine_gateway::{
    api_key::KeyKind,
    store::{
        AccountHash, AdvanceFault, ChallengeId, Change, Contract, Cursor, Device, Listing, MemoryStore, Spent, Store,
        StoredSecret, Unavailable, Usage,
    },
};
use tokio::{
    sync::oneshot::{Sender, channel},
    task::JoinHandle,
};

use super::{CLIENT, Place, Signing, TestKey};
use crate::support::token_settings;

fn signature_rejected() -> (u16, String) {
    (401, "signature_rejected".to_owned())
}

/// A request that is under way: its head was looked at, and its body comes when a test says so.
struct UnderWay {
    answer: JoinHandle<(u16, String)>,
    end: Sender<()>,
}

impl UnderWay {
    async fn send(place: &Arc<Place>, signing: &Signing) -> Self {
        let (body, (end, ended), (start, begun)) = (signing.body, channel(), channel());
        let stream = futures_util::stream::once(async move {
            start.send(()).unwrap();
            ended.await.unwrap();
            Ok::<_, Infallible>(Bytes::from_static(body.as_bytes()))
        });
        let (place, request) = (Arc::clone(place), signing.request().map(|_| Body::from_stream(stream)));
        let answer = tokio::spawn(async move {
            let answer = place.send(request).await;
            let code = if answer.status == 200 { String::new() } else { answer.code() };
            (answer.status, code)
        });
        begun.await.unwrap();
        Self { answer, end }
    }

    async fn end(self) -> (u16, String) {
        self.end.send(()).unwrap();
        self.answer.await.unwrap()
    }
}

/// A head that came in time is no way to send the same again later: neither a minute later, nor when the nonce may be forgotten.
#[tokio::test]
async fn r78_a_body_that_ends_late_makes_no_request_count() {
    let key = TestKey::new("signing");
    let place = Arc::new(Place::new("slow", &[key.signing("")]));
    let signing = Signing::of(&key, 1);
    let copy = UnderWay::send(&place, &signing).await;
    let other = UnderWay::send(&place, &Signing::of(&key, 2)).await;
    let in_time = UnderWay::send(&place, &Signing::of(&key, 3)).await;
    place.passed(signing.request()).await;
    place.hands.advance(60);
    assert_eq!(in_time.end().await.0, 200);
    place.hands.advance(1);
    assert_eq!(other.end().await, signature_rejected());
    place.hands.advance(120);
    assert_eq!(copy.end().await, signature_rejected());
    assert_eq!(place.gate.metrics.refusals("ApiKeyStale"), 2);
}

/// Whoever has read a signed request uses nothing of its client's allowance up with copies of it.
#[tokio::test]
async fn r77_copies_of_a_signed_request_take_no_allowance() {
    let key = TestKey::new("signing");
    let place = Place::new("copies-of-a-tier", &[key.signing("tier = \"small\"\n")]);
    let signing = Signing::of(&key, 1);
    place.passed(signing.request()).await;
    for _ in 0..5 {
        assert_eq!(place.refused(signing.request()).await, signature_rejected());
    }
    // Two at once are allowed: this is the second.
    place.passed(Signing::of(&key, 2).request()).await;
    let spent = || place.gate.metrics.store.with_label_values(&["spend"]).get_sample_count();
    let before = spent();
    for nonce in [3, 4, 1] {
        let limited = place.refused(Signing::of(&key, nonce).request()).await;
        assert_eq!(limited, (429, "rate_limited".to_owned()));
    }
    assert_eq!(spent(), before, "whoever comes too often writes nothing");
    assert_eq!(place.gate.metrics.api_keys(CLIENT, KeyKind::Signature, "limited"), 3);
}

/// The allowance is taken when the nonce is spent: however many heads were let in before.
#[tokio::test]
async fn r77_requests_at_once_take_the_allowance() {
    let key = TestKey::new("signing");
    let place = Arc::new(Place::new("at-once-of-a-tier", &[key.signing("tier = \"small\"\n")]));
    let mut under_way = Vec::new();
    for nonce in 1..=5 {
        under_way.push(UnderWay::send(&place, &Signing::of(&key, nonce)).await);
    }
    let mut statuses = Vec::new();
    for request in under_way {
        statuses.push(request.end().await.0);
    }
    assert_eq!(statuses, [200, 200, 429, 429, 429]);
}

/// A store in memory that says until when a nonce is remembered, and answers nothing about nonces while it hangs.
#[derive(Default)]
struct Slow {
    store: MemoryStore,
    hangs: AtomicBool,
    until: Mutex<Vec<u64>>,
}

#[async_trait]
impl Store for Slow {
    async fn spend(&self, challenge: ChallengeId, by: KeyId, until: u64, now: u64) -> Result<Spent, Unavailable> {
        self.until.lock().unwrap().push(until);
        if self.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        self.store.spend(challenge, by, until, now).await
    }

    async fn secrets(&self, usage: Usage) -> Result<Vec<StoredSecret>, Unavailable> {
        self.store.secrets(usage).await
    }

    async fn add_secret(&self, usage: Usage, secret: &StoredSecret) -> Result<bool, Unavailable> {
        self.store.add_secret(usage, secret).await
    }

    async fn register(&self, key: KeyId, device: &Device) -> Result<bool, Unavailable> {
        self.store.register(key, device).await
    }

    async fn list(&self, after: Option<&Cursor>, about: usize) -> Result<Option<Listing>, Unavailable> {
        self.store.list(after, about).await
    }

    async fn device(&self, key: KeyId) -> Result<Option<Device>, Unavailable> {
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

#[tokio::test]
async fn r78_a_nonce_is_remembered_and_the_store_asked_for_so_long() {
    let key = TestKey::new("signing");
    let store = Arc::new(Slow::default());
    let over = Arc::clone(&store);
    let place = Place::over(over, "hanging", &[key.signing("")], "authorization", token_settings());
    let spent = || place.gate.metrics.store.with_label_values(&["spend"]).get_sample_count();
    let signing = Signing::of(&key, 1);
    place.passed(signing.request()).await;
    assert_eq!(spent(), 1, "it is measured");
    // A minute for the signature, one for clocks that differ, and one for the longest body.
    assert_eq!(*store.until.lock().unwrap(), [signing.created + 180]);
    // As long as the application allows, which is 5 seconds.
    store.hangs.store(true, Ordering::SeqCst);
    let request = Signing::of(&key, 2).request();
    let answer = tokio::time::timeout(Duration::from_secs(30), place.send(request)).await.unwrap();
    assert_eq!(answer.status, 503);
    assert_eq!(place.gate.metrics.refusals("Timeout"), 1);
    assert_eq!(place.gate.metrics.api_keys(CLIENT, KeyKind::Signature, "undecided"), 1);
    assert_eq!(spent(), 2);
}
