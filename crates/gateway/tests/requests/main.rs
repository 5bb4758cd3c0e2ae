//! Registration and protected requests, over HTTP but without sockets: what is accepted, and each reason to refuse.
#![allow(missing_docs)]

#[path = "../support/mod.rs"]
mod support;

mod answers;
mod challenges;
mod copies;
mod refusals;
mod registration;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine::UnixMillis;
use genuine_gateway::{gate::SignedRequest, platform::date};
use serde_json::json;
use support::{Answer, Site, device, now, registration, signed};

/// The request is refused with this status and code, and for this reason, which the client does not see.
fn assert_refused(site: &Site, answer: &Answer, status: u16, code: &str, reason: &str) {
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    assert_eq!(answer.status, status, "{reason}: {body}");
    assert_eq!(answer.code(), code, "{reason}");
    assert_eq!(site.refusals(reason), 1, "{reason}: {body}");
    assert!(!body.contains(reason), "{reason}: {body}");
    assert_eq!(answer.headers.contains_key("www-authenticate"), status == 401);
}

#[tokio::test]
async fn a_device_registers_and_its_requests_pass() {
    let site = Site::new();
    let mut alice = device("alice");
    let challenge = site.challenge("attestation", "alice").await;
    assert_eq!(BASE64_URL_SAFE_NO_PAD.decode(&challenge).unwrap().len(), 75);
    assert_ne!(challenge, site.challenge("attestation", "alice").await);

    let answer = site.post("/devices", "alice", &registration(&alice, &challenge)).await;
    let expected = json!({
        "application": "demo", "registered": true, "environment": "PRODUCTION",
        "app_attest_status": "VERIFIED", "app_attest_date": date(UnixMillis(now() * 1000)),
    });
    assert_eq!((answer.status, answer.json()), (201, expected));

    let answer = site.send(signed(&mut alice, "POST", "/orders?item=7", "two of them", None)).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    assert_eq!((&answer.json()["counter"], &answer.json()["body_bytes"]), (&json!(1), &json!(11)));
    let answer = site.send(signed(&mut alice, "GET", "/orders", "", None)).await;
    assert_eq!((answer.status, &answer.json()["counter"]), (200, &json!(2)));

    let challenge = site.challenge("assertion", "alice").await;
    let answer = site.send(signed(&mut alice, "POST", "/payments", "{}", Some(&challenge))).await;
    assert_eq!((answer.status, &answer.json()["counter"]), (200, &json!(3)));
    // A challenge may come where none is asked for: then it counts.
    let challenge = site.challenge("assertion", "alice").await;
    assert_eq!(site.send(signed(&mut alice, "POST", "/orders", "", Some(&challenge))).await.status, 200);
    assert_eq!(site.send(signed(&mut alice, "POST", "/orders", "", Some(&challenge))).await.status, 401);
    assert_eq!(site.refusals("ChallengeReused"), 1);
}

/// The bytes that a client signs: part of the interface, and written down in the README.
#[test]
fn client_data_has_one_form() {
    let authority = "shop.example.com";
    let request = SignedRequest { method: "POST", authority, target: "/orders?item=7", body: b"abc" };
    let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let lines = format!("genuine-request-v1\nPOST\n{authority}\n/orders?item=7\n{hash}\n");
    assert_eq!(request.client_data(None), format!("{lines}\n"));
    assert_eq!(request.client_data(Some("c1")), format!("{lines}c1\n"));
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&lines), "README.md shows it");
}
