//! Strangers, roles and other origins.

use std::collections::BTreeSet;

use axum::{body::Body, http::Request};
use genuine_gateway::{
    config::{Config, Role, Secret},
    http::OPERATOR_INTERFACE,
};
use serde_json::Value;
use tower::ServiceExt as _;

use super::{answer, config, in_order, routes, sent, token, told, with};
use crate::support::{Site, device, gate};

/// Who may do what. A route that is not listed here makes the test fail.
const TABLE: &[(&str, &str, Role)] = &[
    ("get", "/health", Role::Monitor),
    ("get", "/ready", Role::Monitor),
    ("get", "/metrics", Role::Monitor),
    ("get", "/openapi.json", Role::Viewer),
    ("get", "/audit", Role::Viewer),
    ("get", "/devices", Role::Viewer),
    ("get", "/devices/{key_id}", Role::Viewer),
    ("get", "/accounts/{account}/devices", Role::Viewer),
    ("get", "/events", Role::Viewer),
    ("get", "/inspect", Role::Viewer),
    ("post", "/inspect", Role::Viewer),
    ("put", "/devices/{key_id}/revocation", Role::Admin),
    ("put", "/devices/{key_id}/lock", Role::Admin),
    ("delete", "/devices/{key_id}/lock", Role::Admin),
    ("put", "/devices/{key_id}/tokens/revocation", Role::Admin),
    ("put", "/accounts/{account}/tokens/revocation", Role::Admin),
    ("put", "/accounts/{account}/revocation", Role::Admin),
    ("delete", "/accounts/{account}/lock", Role::Admin),
    ("delete", "/accounts/{account}", Role::Admin),
    ("put", "/tokens/keys", Role::Admin),
];

fn described() -> BTreeSet<(String, String)> {
    let interface: Value = serde_json::from_str(OPERATOR_INTERFACE).unwrap();
    let paths = interface["paths"].as_object().unwrap();
    let methods = |item: &Value| item.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    paths.iter().flat_map(|(path, item)| methods(item).into_iter().map(|method| (method, path.clone()))).collect()
}

#[tokio::test]
async fn each_route_is_for_its_role_and_those_above() {
    let listed: BTreeSet<_> =
        TABLE.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(described(), listed, "every route has a role here");
    let site = Site::new();
    let phone = device("phone");
    site.register(&phone, "alice").await;
    let key_id = super::url_text(phone.key_id());
    let scratch = crate::support::Scratch::new("roles");
    let routes = routes(&site.gate, &config(), Some(&scratch.path().join("audit")));
    // What takes the device away comes last.
    for (method, path, least) in TABLE {
        let path = path.replace("{key_id}", &key_id).replace("{account}", "alice");
        for role in [Role::Monitor, Role::Viewer, Role::Admin] {
            let request = sent(in_order(&site.gate, &method.to_uppercase(), &path));
            let request = with(request, "authorization", Some(&format!("Bearer {}", token(role.as_str()))));
            if path == "/events" && role >= *least {
                // Verdicts, which do not end.
                assert_eq!(routes.clone().oneshot(request).await.unwrap().status(), 200);
                continue;
            }
            let (status, code) = told(&routes, request).await;
            if role < *least {
                assert_eq!((status, &*code), (403, "operator_forbidden"), "{role:?} {method} {path}");
            } else {
                // An inspection says what is to be inspected.
                let expected = if *method == "post" { [415, 415] } else { [200, 204] };
                assert!(expected.contains(&status), "{role:?} {method} {path}: {status} {code}");
            }
        }
        let head = (*method == "get").then_some(("HEAD", Role::Monitor));
        if let Some((head, role)) = head.filter(|_| *least > Role::Monitor) {
            let request = sent(in_order(&site.gate, head, &path));
            let request = with(request, "authorization", Some(&format!("Bearer {}", token(role.as_str()))));
            assert_eq!(answer(&routes, request).await.status, 403, "HEAD {path}");
        }
    }
}

#[tokio::test]
async fn a_method_that_is_not_there_is_told_with_those_that_are() {
    let (gate, _) = gate();
    let routes = routes(&gate, &config(), None);
    for (method, path, allowed) in [
        ("POST", "/health", "GET, HEAD"),
        ("POST", "/devices/AAAA/lock", "PUT, DELETE"),
        ("TRACE", "/devices", "GET, HEAD"),
    ] {
        let answer = answer(&routes, sent(in_order(&gate, method, path))).await;
        assert_eq!((answer.status, &*answer.code()), (405, "method_not_allowed"), "{method} {path}");
        assert_eq!(answer.headers["allow"], allowed);
    }
    assert_eq!(told(&routes, sent(in_order(&gate, "PUT", "/nothing"))).await, (404, "not_found".to_owned()));
    // The page's files too, with what a browser may do with the answer.
    for path in ["/page", "/page/page.js"] {
        let answer = answer(&routes, sent(in_order(&gate, "POST", path))).await;
        assert_eq!((answer.status, &*answer.code()), (405, "method_not_allowed"), "{path}");
        assert!(answer.headers["allow"].to_str().unwrap().contains("GET"));
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    }
}

#[tokio::test]
async fn strangers_are_refused_whatever_they_show() {
    let (gate, _) = gate();
    let admin = token("admin");
    let short = Config { operator_token: Some(Secret(admin.clone())), ..Config::default() };
    for config in [config(), short] {
        let routes = routes(&gate, &config, None);
        for path in ["/health", "/ready", "/metrics", "/devices/AAAA", "/openapi.json", "/nothing", "/devices"] {
            for shown in [
                None,
                Some(admin.clone()),
                Some(format!("Basic {admin}")),
                Some(format!("Bearer {}", &admin[..31])),
                Some(format!("Bearer {admin}0")),
                Some(format!("Bearer {}", admin.to_uppercase())),
                Some(format!("Bearer  {admin}")),
                Some(format!("Bearer {}", super::hex(genuine_gateway::gate::sha256(admin.as_bytes())))),
                Some("Bearer ".to_owned()),
                Some("Bearer".to_owned()),
                Some(String::new()),
            ] {
                let request = with(sent(in_order(&gate, "GET", path)), "authorization", shown.as_deref());
                let answer = answer(&routes, request).await;
                assert_eq!((answer.status, &*answer.code()), (401, "unauthorized"), "{path} {shown:?}");
                assert_eq!(answer.headers["www-authenticate"], "Bearer");
            }
        }
        // Twice, even if both are right.
        let twice = sent(in_order(&gate, "GET", "/ready").header("authorization", format!("Bearer {admin}")));
        assert_eq!(told(&routes, twice).await, (401, "unauthorized".to_owned()));
        for shown in [format!("Bearer {admin}"), format!("bearer {admin}")] {
            let request = with(sent(in_order(&gate, "GET", "/ready")), "authorization", Some(&shown));
            assert_eq!(told(&routes, request).await.0, 200);
        }
    }
}

/// What is no token is compared with nothing: not even with the hash of no token, which a file that was not checked may have.
#[tokio::test]
async fn what_is_no_token_is_nobodys() {
    let (gate, _) = gate();
    let mut config = config();
    config.operators[2].token_sha256 = Some(Secret(super::hex(genuine_gateway::gate::sha256(b""))));
    let routes = routes(&gate, &config, None);
    for shown in ["x", "", "Bearer", "Bearer ", "bearer ", "Basic YWRtaW46", "Basic ", "Bearer:x"] {
        let request = with(sent(in_order(&gate, "GET", "/ready")), "authorization", Some(shown));
        assert_eq!(told(&routes, request).await, (401, "unauthorized".to_owned()), "{shown:?}");
    }
    let mut unreadable = sent(in_order(&gate, "GET", "/ready"));
    unreadable.headers_mut().insert("authorization", axum::http::HeaderValue::from_bytes(b"Bearer \xff").unwrap());
    assert_eq!(told(&routes, unreadable).await.0, 401);
    let twice = sent(in_order(&gate, "GET", "/ready").header("authorization", "Bearer "));
    assert_eq!(told(&routes, twice).await.0, 401);
}

/// A certificate does not make good what stands in the place of a token.
#[tokio::test]
async fn what_is_no_token_is_nobodys_beside_a_certificate_too() {
    let (gate, _) = gate();
    let mut config = config();
    config.operators[2].token_sha256 = None;
    config.operators[2].certificate_sha256 = Some(super::hex([7; 32]));
    let routes = routes(&gate, &config, None);
    for (shown, status) in [(None, 200), (Some("x"), 401), (Some("Basic YWRtaW46"), 401), (Some("Bearer "), 401)] {
        let mut request = with(sent(in_order(&gate, "GET", "/ready")), "authorization", shown);
        request.extensions_mut().insert(genuine_gateway::operator::Peer(Some([7; 32])));
        assert_eq!(told(&routes, request).await.0, status, "{shown:?}");
    }
}

/// An operator whose hash cannot be read lets nobody in. It does not make the listener one without operators.
#[tokio::test]
async fn an_operator_whose_hash_cannot_be_read_opens_nothing() {
    let (gate, _) = gate();
    for shown in [None, Some(Secret("abc".to_owned())), Some(Secret(String::new()))] {
        let mut config = config();
        config.operators.truncate(1);
        config.operators[0].token_sha256 = shown;
        let routes = routes(&gate, &config, None);
        for shown in [None, Some("Bearer abc"), Some("Bearer "), Some("x")] {
            let request = with(sent(in_order(&gate, "GET", "/ready")), "authorization", shown);
            assert_eq!(told(&routes, request).await, (401, "unauthorized".to_owned()), "{shown:?}");
        }
    }
}

/// Whoever has the fingerprint of a certificate as a token does not come in with it, and the other way round.
#[tokio::test]
async fn a_certificate_is_no_token() {
    let (gate, _) = gate();
    let mut config = config();
    config.operators[2].token_sha256 = None;
    config.operators[2].certificate_sha256 = Some(super::hex(genuine_gateway::gate::sha256(token("admin").as_bytes())));
    let routes = routes(&gate, &config, None);
    assert_eq!(told(&routes, sent(in_order(&gate, "GET", "/ready"))).await, (401, "unauthorized".to_owned()));
}

/// A page of somebody else's, in the browser of an operator, reaches nothing: also where this machine is asked nothing.
#[tokio::test]
async fn pages_of_others_are_refused() {
    let (gate, _) = gate();
    let named = Config { operator_hosts: vec!["ops.example.com".to_owned()], ..config() };
    for (config, open) in [(named, false), (Config::default(), true)] {
        let routes = routes(&gate, &config, None);
        let request = |host: &str| with(sent(in_order(&gate, "GET", "/ready")), "host", Some(host));
        for host in ["localhost", "localhost:8081", "LocalHost:1", "127.0.0.1:8081", "127.9.9.9", "[::1]:8081", "[::1]"]
        {
            assert_eq!(told(&routes, request(host)).await.0, 200, "{host}");
        }
        assert_eq!(told(&routes, request("ops.example.com:9")).await.0 == 200, !open);
        for host in [
            "evil.example",
            "localhost.evil.example",
            "evil.example:8081",
            "ops.example.com.evil.example",
            "x.ops.example.com",
            "10.0.0.1:8081",
            "0.0.0.0:8081",
            "[::ffff:10.0.0.1]",
            "user@localhost",
            "localhost.",
            "local host",
            "127.0.0.1.",
            "127.1",
            "2130706433",
            "",
        ] {
            assert_eq!(told(&routes, request(host)).await, (403, "origin_refused".to_owned()), "{host:?}");
        }
        let none = with(sent(in_order(&gate, "GET", "/ready")), "host", None);
        assert_eq!(told(&routes, none).await.1, "origin_refused");
        let two = sent(in_order(&gate, "GET", "/ready").header("host", "localhost:8081"));
        assert_eq!(told(&routes, two).await.1, "origin_refused");
        let target = with(sent(in_order(&gate, "GET", "http://evil.example/ready")), "host", Some("localhost:8081"));
        assert_eq!(told(&routes, target).await.1, "origin_refused");

        for (name, value, passes) in [
            ("origin", "http://localhost:8081", true),
            ("origin", "https://localhost:8081", true),
            ("origin", "http://localhost", false),
            ("origin", "http://localhost:3000", false),
            ("origin", "http://127.0.0.1:8081", false),
            ("origin", "https://evil.example", false),
            ("origin", "null", false),
            ("origin", "", false),
            ("origin", "file://localhost:8081", false),
            ("origin", "http://localhost:8081/", false),
            ("sec-fetch-site", "same-origin", true),
            ("sec-fetch-site", "none", true),
            ("sec-fetch-site", "same-site", false),
            ("sec-fetch-site", "cross-site", false),
            ("sec-fetch-site", "", false),
        ] {
            for method in ["GET", "OPTIONS"] {
                let answer = answer(&routes, with(sent(in_order(&gate, method, "/ready")), name, Some(value))).await;
                let expected = match (passes, method) {
                    (true, "GET") => 200,
                    (true, _) => 405,
                    (false, _) => 403,
                };
                assert_eq!(answer.status, expected, "{method} {name}: {value}");
                assert!(passes || answer.code() == "origin_refused");
                let allows = answer.headers.keys().any(|name| name.as_str().starts_with("access-control-"));
                assert!(!allows, "{:?}", answer.headers);
            }
        }
    }
}

/// Over TLS a page of the same host in plain text is somebody else's.
#[tokio::test]
async fn over_tls_an_origin_in_plain_text_is_another_one() {
    let (gate, _) = gate();
    let tls = genuine_gateway::config::OperatorTls { certificate: "".into(), key: "".into(), clients: None };
    let routes = routes(&gate, &Config { operator_tls: Some(tls), ..config() }, None);
    for (origin, status) in [("https://localhost:8081", 200), ("http://localhost:8081", 403)] {
        let request = with(sent(in_order(&gate, "GET", "/ready")), "origin", Some(origin));
        assert_eq!(told(&routes, request).await.0, status, "{origin}");
    }
}

/// Where the listener has an address of its own, that one and no other; where it has every one of the machine, any address.
#[tokio::test]
async fn the_address_of_the_listener_is_its_name() {
    let (gate, _) = gate();
    for (listen, host, status) in [
        ("10.0.0.5:8081", "10.0.0.5:8081", 200),
        ("10.0.0.5:8081", "10.0.0.6:8081", 403),
        ("0.0.0.0:8081", "10.0.0.6:8081", 200),
        ("[::]:8081", "[2001:db8::1]:8081", 200),
        ("[::]:8081", "gateway:8081", 403),
    ] {
        let config = Config { operator_listen: listen.parse().unwrap(), ..config() };
        let routes = routes(&gate, &config, None);
        let request: Request<Body> = with(sent(in_order(&gate, "GET", "/ready")), "host", Some(host));
        assert_eq!(told(&routes, request).await.0, status, "{listen} {host}");
    }
}
