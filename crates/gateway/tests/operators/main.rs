//! The operator's listener: who may come, from where and for what; each change once, and in the audit log.
#![allow(missing_docs)]

#[path = "../support/server.rs"]
mod server;
#[path = "../support/mod.rs"]
mod support;

mod access;
mod audit;
mod crashes;
mod page;
mod replays;
mod search;
mod settings;
mod tls;

use std::{path::Path, sync::Arc};

use axum::{
    Router,
    body::Body,
    http::{Request, request::Builder},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine_gateway::{
    audit::Audit,
    config::{Config, Operator, Role, Secret},
    gate::{Gate, sha256},
    http::{self, OperatorAccess},
};
use support::{Answer, answer_of, idempotency_key};

/// Tokens of operators, as long as the shortest one that is taken.
fn token(name: &str) -> String {
    format!("{name:_>32}")
}

fn hex(octets: [u8; 32]) -> String {
    octets.map(|octet| format!("{octet:02x}")).concat()
}

fn operator(name: &str, role: Role) -> Operator {
    let token_sha256 = Some(Secret(hex(sha256(token(name).as_bytes()))));
    Operator { name: name.to_owned(), role, token_sha256, certificate_sha256: None }
}

/// One of each role, under its name.
fn operators() -> Vec<Operator> {
    [Role::Monitor, Role::Viewer, Role::Admin].map(|role| operator(role.as_str(), role)).to_vec()
}

/// The address that the operators of these tests come from, as a proxy that may name requests.
const PROXY: &str = "127.0.0.9/32";

fn config() -> Config {
    Config { operators: operators(), ..Config::default() }
}

fn routes(gate: &Arc<Gate>, config: &Config, audit: Option<&Path>) -> Router {
    let audit = audit.map_or_else(Audit::default, |path| Audit::open(path).unwrap());
    http::operator(gate, OperatorAccess::new(config, audit), &[PROXY.parse().unwrap()])
}

/// A request of the admin's that is in order: each negative test changes one thing of it.
fn in_order(gate: &Gate, method: &str, path: &str) -> Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost:8081")
        .header("authorization", format!("Bearer {}", token("admin")))
        .header("idempotency-key", idempotency_key((gate.clock)()))
}

fn sent(request: Builder) -> Request<Body> {
    request.body(Body::empty()).unwrap()
}

/// With another value of a header, or without it.
fn with(mut request: Request<Body>, name: &'static str, value: Option<&str>) -> Request<Body> {
    request.headers_mut().remove(name);
    if let Some(value) = value {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    request
}

async fn answer(routes: &Router, request: Request<Body>) -> Answer {
    answer_of(routes.clone(), "127.0.0.9", request).await
}

/// Status, and the code of a problem.
async fn told(routes: &Router, request: Request<Body>) -> (u16, String) {
    let answer = answer(routes, request).await;
    (answer.status, if answer.status < 400 { String::new() } else { answer.code() })
}

fn url_text(key_id: [u8; 32]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(key_id)
}
