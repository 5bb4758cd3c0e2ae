//! What whoever watches is told of requests with API keys.

use axum::{body::Body, http::Request};
use serde_json::{Value, json};

use super::{CLIENT, Place, Signing, TestKey, come, exchange};

/// The next line that is a verdict, as far as it is the same each time.
async fn told(watch: &mut genuine_gateway::events::Watch) -> Value {
    loop {
        let line: Value = serde_json::from_str(&watch.next().await.unwrap()).unwrap();
        if line["kind"] == "verdict" {
            let names = [
                "what",
                "verdict",
                "outcome",
                "reason",
                "application",
                "platform",
                "mode",
                "route",
                "status",
                "device",
            ];
            return names.iter().map(|name| line[name].clone()).collect();
        }
    }
}

#[tokio::test]
async fn requests_with_api_keys_are_told() {
    let (key, signing) = (TestKey::new("alice"), TestKey::new("signing"));
    let small = "tier = \"small\"\n";
    let place = Place::new("watched", &[key.bearer(""), signing.signing(small)]);
    let mut watch = place.gate.metrics.events.watch().unwrap();
    let orders = "/partner/orders";
    let shown = format!("ApiKey {}", key.shown());
    let signed = Signing::of(&signing, 1);
    let nothing = || Request::get(orders).body(Body::empty()).unwrap();
    let wrong = format!("ApiKey {}", TestKey { secret: [1; 32], ..key.clone() }.shown());
    for (request, expected) in [
        (come(orders, &shown), json!(["request", "allowed", "accepted", null, CLIENT, null, null, orders, 200, null])),
        (signed.request(), json!(["request", "allowed", "accepted", null, CLIENT, null, null, orders, 200, null])),
        (
            signed.request(),
            json!(["request", "refused", "rejected", "ApiKeyReplayed", CLIENT, null, null, orders, 401, null]),
        ),
        (
            come("/partner/write", &shown),
            json!([
                "request",
                "refused",
                "insufficient_scope",
                "ScopeMissing",
                CLIENT,
                null,
                null,
                "/partner/write",
                403,
                null
            ]),
        ),
        // Of a client that has not shown its key no name is told.
        (
            come(orders, &wrong),
            json!(["request", "refused", "rejected", "ApiKeyWrong", null, null, null, orders, 401, null]),
        ),
        (nothing(), json!(["request", "refused", null, "ApiKeyMissing", null, null, null, orders, 401, null])),
        (
            exchange(&shown, ""),
            json!(["token", "allowed", "accepted", null, CLIENT, null, null, "/api-keys/tokens", 200, null]),
        ),
        (
            exchange(&wrong, ""),
            json!(["token", "refused", "rejected", "ApiKeyWrong", null, null, null, "/api-keys/tokens", 401, null]),
        ),
    ] {
        place.send(request).await;
        assert_eq!(told(&mut watch).await, expected);
    }
}
