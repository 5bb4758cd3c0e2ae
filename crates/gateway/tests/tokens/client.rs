//! Tokens that are bound to where and what the client is, and what the log says of those that are used elsewhere.

use std::{cell::RefCell, io, sync::Arc};

use axum::{
    body::Body,
    http::{Request, request::Builder},
};
use genuine_gateway::{
    config::{ClientTrait, TokenSettings},
    gate::Gate,
    http::Origin,
    refusal::Refusal,
    store::{MemoryStore, Store},
    token::{Client, Tokens},
};
use genuine_testvectors::Device;

use crate::{
    Place, access_token, bearer, binding, gate_with_tokens, part, proof, settings,
    support::{Answer, Hands, now, origin},
};

fn bound_to(bind: &[ClientTrait]) -> TokenSettings {
    TokenSettings { bind: bind.to_vec(), ..settings() }
}

/// A place behind a proxy of the network `10.0.0.0/8`.
fn place(settings: TokenSettings) -> Place {
    let (store, hands): (Arc<dyn Store>, _) = (Arc::new(MemoryStore::default()), Hands::at(now()));
    let tokens = Some(Tokens::new(settings, Arc::clone(&store)));
    let gate = Gate { tokens, ..gate_with_tokens(&store, &hands) };
    let trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
    Place::behind(gate, &hands, "authorization", Origin { trusted_proxies, tls: true, ..origin() })
}

/// Asks for a token from an address, as a client that calls itself this.
async fn token_from(place: &Place, device: &mut Device, peer: &str, agent: Option<&str>) -> String {
    let mut request = place.ask(device, "").await;
    if let Some(agent) = agent {
        request.headers_mut().insert("user-agent", agent.parse().unwrap());
    }
    access_token(&place.send_from(peer, request).await, "Bearer")
}

async fn come_from(place: &Place, peer: &str, request: Builder) -> Answer {
    place.send_from(peer, request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn r23_a_token_of_an_address_comes_from_there() {
    let place = place(bound_to(&[ClientTrait::Address]));
    let mut alice = place.device("alice").await;
    let token = token_from(&place, &mut alice, "192.0.2.7", None).await;
    for (peer, status) in [
        ("192.0.2.7", 200),
        ("::ffff:192.0.2.7", 200),
        ("192.0.2.6", 401),
        ("192.0.3.7", 401),
        ("2001:db8::c000:207", 401),
    ] {
        let answer = come_from(&place, peer, bearer(&token)).await;
        assert_eq!(answer.status, status, "{peer}");
        if status == 401 {
            assert_eq!(answer.code(), "token_rejected");
        }
    }
    assert_eq!(place.site.refusals("AddressChanged"), 3);
    // Through a proxy it is the client's address that counts, and nobody else's word for it.
    let forwarded = |peer: &str| bearer(&token).header("x-forwarded-for", peer).header("x-forwarded-proto", "https");
    assert_eq!(come_from(&place, "10.0.0.1", forwarded("192.0.2.7")).await.status, 200);
    assert_eq!(come_from(&place, "10.0.0.1", forwarded("192.0.2.7, 192.0.2.8")).await.status, 401);
    assert_eq!(come_from(&place, "192.0.2.8", forwarded("192.0.2.7")).await.status, 401);
    // Of the client's name nothing is asked.
    assert_eq!(come_from(&place, "192.0.2.7", bearer(&token).header("user-agent", "other")).await.status, 200);
}

/// An address of IPv6 changes within the network of one subscriber.
#[tokio::test]
async fn r23_of_an_ipv6_address_a_prefix_counts() {
    let near = ["2001:db8:1:2::8", "2001:db8:1:2:ffff::", "2001:db8:1:3::7", "2001:db8:9::7", "2001:db9::7"];
    for (prefix, accepted) in [(128, 0), (64, 2), (63, 3), (32, 4), (1, 5)] {
        let place = place(TokenSettings { ipv6_prefix: prefix, ..bound_to(&[ClientTrait::Address]) });
        let mut alice = place.device("alice").await;
        let token = token_from(&place, &mut alice, "2001:db8:1:2::7", None).await;
        assert_eq!(come_from(&place, "2001:db8:1:2::7", bearer(&token)).await.status, 200, "{prefix}");
        for (position, peer) in near.into_iter().enumerate() {
            let status = if position < accepted { 200 } else { 401 };
            assert_eq!(come_from(&place, peer, bearer(&token)).await.status, status, "{prefix} {peer}");
        }
        // An IPv4 address is whole, whatever the prefix.
        let token = token_from(&place, &mut alice, "192.0.2.7", None).await;
        assert_eq!(come_from(&place, "192.0.2.6", bearer(&token)).await.status, 401);
    }
}

#[tokio::test]
async fn r23_a_token_of_an_agent_comes_with_its_name() {
    let place = place(bound_to(&[ClientTrait::Agent]));
    let mut alice = place.device("alice").await;
    let named = token_from(&place, &mut alice, "192.0.2.7", Some("Shop/7")).await;
    let empty = token_from(&place, &mut alice, "192.0.2.7", Some("")).await;
    let bare = token_from(&place, &mut alice, "192.0.2.7", None).await;
    for (token, right) in [(&named, Some("Shop/7")), (&empty, Some("")), (&bare, None)] {
        for agent in [Some("Shop/7"), Some("Shop/8"), Some("shop/7"), Some(""), None] {
            let request = agent.into_iter().fold(bearer(token), |request, agent| request.header("user-agent", agent));
            // From any address.
            let answer = come_from(&place, "192.0.2.8", request).await;
            assert_eq!(answer.status == 200, agent == right, "{right:?} {agent:?}");
        }
    }
    assert_eq!(place.site.refusals("AgentChanged"), 12);
}

/// By its claims alone nobody tells whether two tokens are of one client.
#[tokio::test]
async fn r23_the_hashes_in_tokens_are_no_identifiers() {
    let place = place(bound_to(&[ClientTrait::Agent, ClientTrait::Address]));
    let mut alice = place.device("alice").await;
    let one = part(&token_from(&place, &mut alice, "192.0.2.7", Some("Shop/7")).await, 1);
    let two = part(&token_from(&place, &mut alice, "192.0.2.7", Some("Shop/7")).await, 1);
    let hashes = [&one["address_hash"], &one["agent_hash"], &two["address_hash"], &two["agent_hash"]];
    for (position, hash) in hashes.iter().enumerate() {
        assert_eq!(hash.as_str().unwrap().len(), 22);
        assert!(!hashes[..position].contains(hash));
    }
    // Both are compared, and so is the key.
    let bound = place.ask(&mut alice, &binding(crate::CLIENT_KEY)).await;
    let token = access_token(&place.send_from("192.0.2.7", bound).await, "DPoP");
    let shown = |id: &str| crate::with_proof(&token, &proof(&token, id));
    assert_eq!(come_from(&place, "192.0.2.7", shown("one").header("user-agent", "x")).await.code(), "token_rejected");
    assert_eq!(come_from(&place, "192.0.2.6", shown("one")).await.code(), "token_rejected");
    assert_eq!(come_from(&place, "192.0.2.7", shown("one")).await.status, 200);
}

/// A token that was issued when the setting was off holds no hash, and is refused.
#[tokio::test]
async fn r23_a_token_from_before_is_refused() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let before = Place::with_over(settings(), &store);
    let (_, token) = before.registered("alice").await;
    for (bind, reason) in [(ClientTrait::Address, "AddressChanged"), (ClientTrait::Agent, "AgentChanged")] {
        let after = Place::with_over(bound_to(&[bind]), &store);
        assert_eq!(after.come(&token).await.code(), "token_rejected");
        assert_eq!(after.site.refusals(reason), 1);
    }
    // Where nobody knows addresses, nothing is issued that is bound to one.
    let place = Place::with_over(bound_to(&[ClientTrait::Address]), &store);
    assert_eq!(place.admit(&token, &[]).await, Err(Refusal::Internal));
    assert_eq!(Client::default().address, None);
}

thread_local! {
    /// What is logged on this thread, which is one test's: which subscriber counts is the same for all threads.
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct Log;

impl io::Write for Log {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        LOG.with_borrow_mut(|log| log.extend_from_slice(octets));
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Each misuse has its reason in the log and in the metrics, and nothing of the token is in either, nor in the answer.
#[tokio::test]
async fn r26_misuse_is_logged_without_the_token() {
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(|| Log);
    tracing::subscriber::set_global_default(subscriber.with_ansi(false).finish()).unwrap();

    let place = place(bound_to(&[ClientTrait::Address, ClientTrait::Agent]));
    let mut alice = place.device("alice").await;
    let token = token_from(&place, &mut alice, "192.0.2.7", Some("Shop/7")).await;
    let mut request = place.ask(&mut alice, &binding(crate::CLIENT_KEY)).await;
    request.headers_mut().insert("user-agent", "Shop/7".parse().unwrap());
    let bound = access_token(&place.send_from("192.0.2.7", request).await, "DPoP");
    let proven = proof(&bound, "one");
    let with_proof = || crate::with_proof(&bound, &proven).header("user-agent", "Shop/7");
    assert_eq!(come_from(&place, "192.0.2.7", with_proof()).await.status, 200);
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let forged = format!("{signed}.{}{}", if signature.starts_with('A') { 'B' } else { 'A' }, &signature[1..]);

    let misuses: [(&str, Builder, &str); 6] = [
        ("192.0.2.8", bearer(&token).header("user-agent", "Shop/7"), "AddressChanged"),
        ("192.0.2.7", bearer(&token).header("user-agent", "curl"), "AgentChanged"),
        ("192.0.2.7", with_proof(), "ProofReused"),
        ("192.0.2.7", bearer(&bound).header("user-agent", "Shop/7"), "TokenBound"),
        ("192.0.2.7", bearer(&forged), "TokenForged"),
        ("192.0.2.7", Request::get("/profile").header("authorization", format!("DPoP {bound}")), "ProofMissing"),
    ];
    let mut answers = Vec::new();
    for (peer, request, reason) in misuses {
        let answer = come_from(&place, peer, request).await;
        assert_eq!((answer.status, place.site.refusals(reason)), (401, 1), "{reason}");
        answers.push(format!("{:?}{}", answer.headers, answer.json()));
    }
    let answers = answers.concat();
    let log = LOG.with_borrow(|log| String::from_utf8(log.clone()).unwrap());
    for reason in ["AddressChanged", "AgentChanged", "ProofReused", "TokenBound", "TokenForged", "ProofMissing"] {
        assert_eq!(log.matches(&format!("reason=\"{reason}\"")).count(), 1, "{reason}: {log}");
        assert!(!answers.contains(reason), "{reason}");
    }
    let metrics = place.site.gate.metrics.text().unwrap();
    for (name, text) in [("log", &log), ("metrics", &metrics), ("answers", &answers)] {
        // Any segment of a token or proof, or what it says: address, agent and key.
        let secrets = [&token, &bound, &proven, &forged].into_iter().flat_map(|token| token.split('.'));
        for secret in secrets.chain(["192.0.2.", "Shop/7", "curl", &crate::thumbprint(crate::CLIENT_KEY)]) {
            assert!(!text.contains(secret), "{name} holds {secret}");
        }
    }
}
