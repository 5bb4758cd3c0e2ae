//! The descriptions of both interfaces, held against what is there.

use std::collections::BTreeSet;

use axum::{body::Body, http::Request};
use genuine_gateway::{http, shop};
use serde_json::Value;

use crate::support::Site;

#[tokio::test]
async fn the_interface_is_what_its_description_says() {
    let site = Site::new();
    // A stream of verdicts ends by itself where the gateway stops.
    site.gate.metrics.events.end();
    for (path, operator) in [("/openapi.json", false), ("/openapi.json", true)] {
        let answer = if operator {
            site.operate("GET", path).await
        } else {
            site.send(Request::get(path).body(Body::empty()).unwrap()).await
        };
        let interface = answer.json();
        assert_eq!(interface["openapi"], "3.1.0");
        let paths = interface["paths"].as_object().unwrap();
        let expected: &[&str] = if operator {
            &[
                "/accounts/{account}",
                "/accounts/{account}/devices",
                "/accounts/{account}/lock",
                "/accounts/{account}/revocation",
                "/accounts/{account}/tokens/revocation",
                "/audit",
                "/devices",
                "/devices/{key_id}",
                "/devices/{key_id}/lock",
                "/devices/{key_id}/revocation",
                "/devices/{key_id}/tokens/revocation",
                "/events",
                "/health",
                "/inspect",
                "/metrics",
                "/openapi.json",
                "/ready",
                "/tokens/keys",
            ]
        } else {
            &[
                "/.well-known/jwks.json",
                "/basket",
                "/challenges",
                "/devices",
                "/devices/unsupported",
                "/openapi.json",
                "/orders",
                "/payments",
                "/tokens",
            ]
        };
        assert_eq!(paths.keys().map(String::as_str).collect::<Vec<_>>(), expected);
        for (path, item) in paths {
            let described: Vec<_> = item.as_object().unwrap().keys().map(|method| method.to_uppercase()).collect();
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
                let path = path.replace("{key_id}", "AAAA").replace("{account}", "AAAA");
                let answer = if operator {
                    site.operate(method, &path).await
                } else {
                    site.send(Request::builder().method(method).uri(&path).body(Body::empty()).unwrap()).await
                };
                // The one that is there only where it is configured.
                assert!(answer.status != 404 || path == "/audit", "{method} {path}");
                assert_eq!(answer.status != 405, described.contains(&method.to_owned()), "{method} {path}");
                // Each answer is one that is described, in the media type that is described.
                if answer.status != 405 {
                    let operation = &interface["paths"][&item_path(paths, &path)][method.to_lowercase()];
                    let mut response = &operation["responses"][answer.status.to_string()];
                    assert!(!response.is_null(), "{method} {path}: {} is not described", answer.status);
                    if response["$ref"] == "#/components/responses/Problem" {
                        response = &interface["components"]["responses"]["Problem"];
                    }
                    if answer.status == 204 {
                        assert!(answer.body.is_empty() && response["content"].is_null(), "{method} {path}");
                        continue;
                    }
                    let media_type = answer.headers["content-type"].to_str().unwrap();
                    let media_type = media_type.split(';').next().unwrap();
                    assert!(response["content"][media_type].is_object(), "{method} {path}: {media_type}");
                }
            }
        }
    }
}

/// Every route that the source has is in the list above, and so in a description.
#[test]
fn no_route_is_left_undescribed() {
    let mut routes = BTreeSet::new();
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/http")).unwrap();
    let files = files.map(|file| file.unwrap().path());
    for file in files.chain([concat!(env!("CARGO_MANIFEST_DIR"), "/src/shop.rs").into()]) {
        let source = std::fs::read_to_string(file).unwrap();
        let paths = source.split(".route(\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
        routes.extend(paths);
    }
    let interfaces = [http::APP_INTERFACE, http::OPERATOR_INTERFACE];
    let paths = interfaces.map(|interface| serde_json::from_str::<Value>(interface).unwrap()["paths"].take());
    let more = [
        shop::PATHS,
        shop::TOKEN_PATHS,
        http::TOKEN_PATHS,
        http::CLIENT_ATTESTATION_PATHS,
        http::MEDIATOR_PATHS,
        http::API_KEY_PATHS,
    ];
    let more = more.map(|paths| serde_json::from_str::<Value>(paths).unwrap());
    let described = paths.iter().chain(&more).flat_map(|paths| paths.as_object().unwrap().keys().cloned());
    assert_eq!(routes, described.collect());
}

fn item_path(paths: &serde_json::Map<String, Value>, path: &str) -> String {
    paths.keys().find(|known| known.replace("{key_id}", "AAAA").replace("{account}", "AAAA") == path).unwrap().clone()
}
