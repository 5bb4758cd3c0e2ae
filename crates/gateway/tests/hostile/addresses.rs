//! How often an address comes, and how many connections it has.

use std::time::Duration;

use axum::{body::Body, http::Request};
use genuine_gateway::{connections::Connections, http::Origin, limit::RateLimiter};

use crate::support::{Site, gate, origin};

#[test]
fn one_address_cannot_take_every_place() {
    let connections = Connections::new(5, 2, vec!["10.0.0.0/8".parse().unwrap()]);
    let place = |address: &str| connections.place(address.parse().unwrap());
    let (first, second) = (place("192.0.2.1"), place("192.0.2.1"));
    assert!(first.is_some() && second.is_some() && place("192.0.2.1").is_none());
    let others = ["10.0.0.1", "10.0.0.1", "127.0.0.1"].map(place);
    assert!(others.iter().all(Option::is_some), "proxies and this machine speak for many");
    assert!(place("127.0.0.1").is_none() && place("192.0.2.2").is_none(), "but there are no more than five places");
    drop((first, second));
    let again = place("192.0.2.1");
    assert!(again.is_some() && place("192.0.2.1").is_none(), "where places are few, one is enough");
    drop((others, again));
    let network = ["2001:db8::1", "2001:db8::2", "2001:db8::3"].map(place);
    assert!(network[1].is_some() && network[2].is_none(), "one network of 64 bits is one address");
    assert!(place("2001:db8:0:1::1").is_some());
    drop(network);
    assert!(["192.0.2.1", "192.0.2.1", "192.0.2.2"].map(place).iter().all(Option::is_some));
}

/// As many as the default has, and each address wants as many as it may.
#[test]
fn two_thousand_addresses_keep_nobody_out() {
    let connections = Connections::new(4096, 256, Vec::new());
    let mut held = Vec::new();
    for round in 0..256 {
        for number in 0..2000_u32 {
            let address = std::net::IpAddr::from(std::net::Ipv4Addr::from(0x0A00_0000 + number));
            held.extend(connections.place(address));
        }
        assert!(held.len() < 4096, "round {round}: {}", held.len());
    }
    let honest = "192.0.2.1".parse().unwrap();
    assert!(connections.place(honest).is_some(), "{} are held", held.len());
    drop(held);
    let many: Vec<_> = (0..300).filter_map(|_| connections.place(honest)).collect();
    assert_eq!(many.len(), 256, "and as before when they are gone");
}

/// A peer, and what it says of where the request came from.
type Hop<'a> = (&'a str, &'a [&'a str]);

#[tokio::test]
async fn r72_an_address_comes_as_often_as_it_may() {
    let with = || Origin {
        allow_plain_http: true,
        trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
        addresses: RateLimiter::per_minute(6),
        ..origin()
    };
    let get = |forwarded: &[&str]| {
        let request = Request::get("/openapi.json");
        let request = forwarded.iter().fold(request, |request, value| request.header("x-forwarded-for", *value));
        request.body(Body::empty()).unwrap()
    };
    // Two requests, the first of which is served: whether the second comes from the same client.
    let pairs: [(Hop<'_>, Hop<'_>, bool); 13] = [
        (("192.0.2.1", &[]), ("192.0.2.1", &[]), true),
        (("192.0.2.1", &[]), ("192.0.2.2", &[]), false),
        (("::ffff:192.0.2.1", &[]), ("192.0.2.1", &[]), true),
        (("2001:db8::1", &[]), ("2001:db8::2", &[]), true),
        (("2001:db8::1", &[]), ("2001:db8:0:1::1", &[]), false),
        // What a client says of itself counts for nothing.
        (("192.0.2.1", &["198.51.100.1"]), ("192.0.2.1", &["198.51.100.2"]), true),
        (("10.0.0.1", &["198.51.100.1"]), ("10.0.0.1", &["198.51.100.2"]), false),
        (("10.0.0.1", &["203.0.113.1, 198.51.100.1"]), ("10.0.0.1", &["203.0.113.2, 198.51.100.1"]), true),
        (("10.0.0.1", &["198.51.100.1, 10.0.0.2"]), ("10.0.0.2", &["198.51.100.1"]), true),
        (("10.0.0.1", &["203.0.113.1", "198.51.100.1"]), ("10.0.0.1", &["203.0.113.2", "198.51.100.1"]), true),
        // What cannot be read ends the list, and is no reason to believe what stands before it.
        (
            ("10.0.0.1", &["203.0.113.1", "\u{e9}, 198.51.100.1"]),
            ("10.0.0.1", &["203.0.113.2", "\u{e9}, 198.51.100.1"]),
            true,
        ),
        (("10.0.0.1", &["198.51.100.1:4711"]), ("10.0.0.1", &["198.51.100.1:4712"]), true),
        (("10.0.0.1", &["198.51.100.1:4711"]), ("10.0.0.1", &["198.51.100.2:4711"]), false),
    ];
    for (number, (first, second, same)) in pairs.into_iter().enumerate() {
        let (gate, hands) = gate();
        let site = Site::of(gate, hands, with());
        assert_eq!(site.send_from(first.0, get(first.1)).await.status, 200, "pair {number}");
        let answer = site.send_from(second.0, get(second.1)).await;
        assert_eq!(answer.status, if same { 429 } else { 200 }, "pair {number}");
        if same {
            let wait: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
            assert!((1..=10).contains(&wait), "{wait}");
        }
    }
}

#[test]
fn the_rate_is_steady_and_the_memory_bounded() {
    let start = std::time::Instant::now();
    let after = |milliseconds| start + Duration::from_millis(milliseconds);
    assert!(RateLimiter::<u32>::per_minute(0).is_none());
    // 60 a minute: 10 at once, then one a second.
    let limiter = RateLimiter::per_minute(60).unwrap();
    for _ in 0..10 {
        assert_eq!(limiter.check(0, start), Ok(()));
    }
    assert_eq!(limiter.check(0, start), Err(1));
    assert_eq!(limiter.check(0, after(999)), Err(1));
    assert_eq!(limiter.check(0, after(1000)), Ok(()));
    assert_eq!(limiter.check(0, after(1000)), Err(1));
    assert_eq!(limiter.check(0, after(60_000)), Ok(()));
    // In an hour it is sixty an hour and no more, whatever the bursts.
    let limiter = RateLimiter::per_minute(60).unwrap();
    let accepted = (0..36_000).filter(|tenth| limiter.check(0, after(tenth * 100)).is_ok()).count();
    assert!((3600..=3610).contains(&accepted), "{accepted}");
    // A hundred thousand callers are known at a time; then the next one waits.
    let limiter = RateLimiter::per_minute(60).unwrap();
    for caller in 0..100_000_u32 {
        assert_eq!(limiter.check(caller, start), Ok(()));
    }
    assert_eq!(limiter.check(100_000, start), Err(1));
    assert_eq!(limiter.check(0, start), Ok(()), "who is known still comes");
    assert_eq!(limiter.check(100_000, after(5000)), Ok(()));
}
