//! What is not as the interface describes it: a clear answer, whatever it is.
#![allow(missing_docs)]

#[path = "../support/mod.rs"]
mod support;

mod addresses;
mod bodies;
mod description;
mod refusals;

use axum::{body::Body, http::Request};
use support::Site;

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let site = Site::new();
    for (method, path, code) in [
        ("GET", "/", "not_found"),
        ("GET", "/nothing", "not_found"),
        ("POST", "/devices/", "not_found"),
        ("GET", "/metrics", "not_found"),
        ("PUT", "/devices/AAAA/revocation", "not_found"),
        ("GET", "/challenges", "method_not_allowed"),
        ("DELETE", "/devices", "method_not_allowed"),
        ("PUT", "/orders", "method_not_allowed"),
        ("BREW", "/payments", "method_not_allowed"),
    ] {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let answer = site.send(request).await;
        assert_eq!(answer.code(), code, "{method} {path}");
        assert_eq!(answer.headers.contains_key("allow"), code == "method_not_allowed", "{method} {path}");
    }
    assert_eq!(site.operate("GET", "/orders").await.code(), "not_found");
    assert_eq!(site.operate("POST", "/metrics").await.code(), "method_not_allowed");
    assert_eq!(site.operate("GET", "/devices/%FF").await.code(), "malformed");
    assert_eq!(site.operate("GET", "/health").await.status, 200);
    assert_eq!(site.operate("GET", "/ready").await.status, 200);
    // Labels are the server's own, whatever is asked for.
    let metrics = String::from_utf8(site.operate("GET", "/metrics").await.body).unwrap();
    assert!(!metrics.contains("BREW") && !metrics.contains("nothing"), "{metrics}");
}
