//! Challenges and their secrets, over several gateways.

use std::sync::{Arc, atomic::Ordering};

use genuine_gateway::{
    challenge::{Purpose, SETTLING},
    gate::sha256,
    refusal::Refusal,
    store::{MemoryStore, Store, StoredSecret, Usage},
};

use crate::{
    answers::Faulty,
    assert_refused,
    support::{APPLICATION, Hands, Site, device, gate_over, now, origin, registration},
};

/// However many are out, an honest client gets one, and it is good: nothing is stored of those that nobody uses.
#[tokio::test]
async fn challenges_that_nobody_uses_take_no_room() {
    let site = Site::new();
    let challenge = site.challenge("attestation", "alice").await;
    for number in 0..20_000 {
        let flood = site.gate.challenge(APPLICATION, Purpose::Assertion, sha256(&u32::to_be_bytes(number))).await;
        assert_eq!(flood.unwrap().len(), 100);
    }
    assert_eq!(site.post("/devices", "alice", &registration(&device("alice"), &challenge)).await.status, 201);
}

/// Several gateways, and one that was started anew: what one sealed the other opens, and one use counts.
#[tokio::test]
async fn gateways_of_one_store_take_each_others_challenges() {
    let (store, hands): (Arc<dyn Store>, _) = (Arc::new(MemoryStore::default()), Hands::at(now()));
    let site = || Site::of(Arc::new(gate_over(Arc::clone(&store), &hands)), hands.clone(), origin());
    let (one, other) = (site(), site());
    let challenge = one.challenge("attestation", "alice").await;
    assert_eq!(other.post("/devices", "alice", &registration(&device("alice"), &challenge)).await.status, 201);
    let answer = one.post("/devices", "alice", &registration(&device("bob"), &challenge)).await;
    assert_refused(&one, &answer, 401, "challenge_rejected", "ChallengeReused");
}

/// A used challenge is remembered as long as the slowest clock takes it for alive, whatever the fastest one forgets.
#[tokio::test]
async fn a_used_challenge_outlives_what_clocks_differ_by() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let site = |hands: &Hands| Site::of(Arc::new(gate_over(Arc::clone(&store), hands)), hands.clone(), origin());
    let hands = [Hands::at(now()), Hands::at(now() + 60)];
    let [slow, fast] = [site(&hands[0]), site(&hands[1])];
    let challenge = slow.challenge("attestation", "alice").await;
    assert_eq!(slow.post("/devices", "alice", &registration(&device("alice"), &challenge)).await.status, 201);
    for hands in &hands {
        hands.advance(300);
    }
    // What is over by the fast clock is forgotten with the next one that is used there.
    fast.register(&device("bob"), "bob").await;
    let answer = slow.post("/devices", "alice", &registration(&device("mallory"), &challenge)).await;
    assert_refused(&slow, &answer, 401, "challenge_rejected", "ChallengeReused");
}

/// Whoever waits while the secrets cannot be read is told with the one who tried: they do not try one after the other.
#[tokio::test]
async fn those_who_wait_for_secrets_wait_once() {
    let hands = Hands::at(now());
    let store = Arc::new(Faulty { unreadable: true, ..Faulty::default() });
    let gate = gate_over(Arc::clone(&store) as Arc<dyn Store>, &hands);
    let ask = |_| gate.challenge(APPLICATION, Purpose::Assertion, [0; 32]);
    let answers = futures_util::future::join_all((0..100).map(ask)).await;
    assert!(answers.iter().all(|answer| *answer == Err(Refusal::StoreUnavailable)));
    assert_eq!(store.reads.load(Ordering::SeqCst), 1);
    // And whoever comes later tries again.
    assert!(gate.challenge(APPLICATION, Purpose::Assertion, [0; 32]).await.is_err());
    assert_eq!(store.reads.load(Ordering::SeqCst), 2);
}

/// A gateway whose clock was years ahead once does not end rotation.
#[tokio::test]
async fn a_secret_from_the_future_is_followed_by_another() {
    let (store, hands): (Arc<dyn Store>, _) = (Arc::new(MemoryStore::default()), Hands::at(now()));
    let site = Site::of(Arc::new(gate_over(Arc::clone(&store), &hands)), hands, origin());
    for (number, ahead, renewed) in [(1, 60, false), (2, 61, true)] {
        let secret = StoredSecret { number, made_at: now() + ahead, octets: [7; 32] };
        assert!(store.add_secret(Usage::Challenges, &secret).await.unwrap());
        site.gate.challenges.renew((site.gate.clock)()).await.unwrap();
        let newest = store.secrets(Usage::Challenges).await.unwrap()[0].number;
        assert_eq!(newest, if renewed { number + 1 } else { number });
    }
}

/// A secret is renewed after a day. It seals once every gateway has had time to read it, and what the last one sealed is good
/// until its time is over.
#[tokio::test]
async fn secrets_are_renewed_while_gateways_run() {
    const DAY: u64 = 86_400;
    let (store, hands): (Arc<dyn Store>, _) = (Arc::new(MemoryStore::default()), Hands::at(now()));
    let site = || Site::of(Arc::new(gate_over(Arc::clone(&store), &hands)), hands.clone(), origin());
    let (one, other) = (site(), site());
    let numbers = async || store.secrets(Usage::Challenges).await.unwrap().iter().map(|s| s.number).collect::<Vec<_>>();
    let renew = async |site: &Site| site.gate.challenges.renew((site.gate.clock)()).await.unwrap();
    let opens = async |from: &Site, at: &Site, name: &str| {
        let challenge = from.challenge("attestation", name).await;
        at.post("/devices", name, &registration(&device(name), &challenge)).await.status == 201
    };
    assert!(opens(&one, &other, "1").await && opens(&other, &one, "2").await);
    hands.advance(DAY - 1);
    renew(&one).await;
    assert_eq!(numbers().await, [1]);
    hands.advance(1);
    renew(&one).await;
    assert_eq!(numbers().await, [2, 1]);
    // The other one has not read the new secret yet, and nobody notices.
    assert!(opens(&one, &other, "3").await && opens(&other, &one, "4").await);
    renew(&other).await;
    assert_eq!(numbers().await, [2, 1], "one of them adds one");
    let before = one.challenge("attestation", "5").await;
    hands.advance(SETTLING);
    let after = other.challenge("attestation", "6").await;
    for (challenge, name) in [(before, "5"), (after, "6")] {
        assert_eq!(one.post("/devices", name, &registration(&device(name), &challenge)).await.status, 201);
    }
}
