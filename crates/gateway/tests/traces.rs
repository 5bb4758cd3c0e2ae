//! Traces, as a collector receives them: what is in them and what is not, of which requests there are any, and that a collector that
//! is away costs requests nothing.
#![allow(missing_docs)]

#[path = "support/collector.rs"]
mod collector;
#[path = "support/google.rs"]
mod google;
#[path = "support/server.rs"]
mod server;
mod support;

use std::{
    collections::BTreeMap,
    net::TcpListener,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{body::Body, http::Request};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use collector::Collector;
use genuine::app_attest::KeyId;
use genuine_gateway::{config, gate::Gate, http::Origin, store::MemoryStore, traces::Traces};
use google::Google;
use serde_json::{Value, json};
use support::{
    APPLICATION, Hands, Scratch, Site,
    android::{Phone, application, play, play_app},
    device, gate_of, gate_over, json_request, now, origin, signed,
};

const PROXY: &str = "10.0.0.1";
const PARENT: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn settings(endpoint: &str) -> config::Traces {
    let (endpoint, service_name) = (endpoint.to_owned(), "shop-gateway".to_owned());
    config::Traces { endpoint, sample_percent: 100.0, timeout_ms: 60_000, service_name }
}

/// A site whose requests are traced, behind a proxy at [`PROXY`].
fn site(settings: &config::Traces) -> (Site, Traces) {
    let (hands, traces) = (Hands::at(now()), settings.start().unwrap());
    let gate = Gate { traces: Some(traces.clone()), ..gate_over(Arc::new(MemoryStore::default()), &hands) };
    gate.metrics.add(traces.counts()).unwrap();
    let trusted_proxies = vec![format!("{PROXY}/32").parse().unwrap()];
    (Site::of(Arc::new(gate), hands, Origin { trusted_proxies, allow_plain_http: true, ..origin() }), traces)
}

fn get(path: &str, traceparent: Option<&str>) -> Request<Body> {
    let request = Request::get(path);
    let request = traceparent.into_iter().fold(request, |request, parent| request.header("traceparent", parent));
    request.body(Body::empty()).unwrap()
}

/// How many spans came to this.
async fn counted(site: &Site, outcome: &str) -> u64 {
    let text = String::from_utf8(site.operate("GET", "/metrics").await.body).unwrap();
    let start = format!("genuine_trace_spans_total{{outcome=\"{outcome}\"}} ");
    text.lines().find_map(|line| line.strip_prefix(&start)).unwrap().parse().unwrap()
}

fn named<'s>(spans: &'s [Value], name: &str) -> Vec<&'s Value> {
    spans.iter().filter(|span| span["name"] == name).collect()
}

/// What a span says, but for the name of the request, which is another one each time.
fn attributes(span: &Value) -> BTreeMap<&str, Value> {
    let all = span["attributes"].as_object().unwrap().iter();
    all.filter(|(name, _)| *name != "genuine.request_id").map(|(name, value)| (name.as_str(), value.clone())).collect()
}

fn of<const N: usize>(pairs: [(&'static str, Value); N]) -> BTreeMap<&'static str, Value> {
    BTreeMap::from(pairs)
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_hold_what_is_listed_and_nothing_else() {
    let Some(collector) = Collector::start() else { return };
    let (site, traces) = site(&settings(&collector.endpoint));
    let mut alice = device("alice");
    site.register(&alice, "session of alice").await;
    let request = |mut request: Request<Body>| {
        request.headers_mut().insert("user-agent", "agent of alice".parse().unwrap());
        request
    };
    let order = request(signed(&mut alice, "POST", "/orders?secret=in-the-query", "secret in the body", None));
    let authorization = order.headers()["authorization"].to_str().unwrap().to_owned();
    let copy = request(Request::from_parts(order.into_parts().0, Body::from("secret in the body")));
    let again = Request::builder().method("POST").uri(copy.uri()).header("authorization", &authorization);
    let again = again.body(Body::from("secret in the body")).unwrap();
    assert_eq!(site.send_from("192.0.2.77", copy).await.status, 200);
    let replay = site.send_from("192.0.2.77", again).await;
    assert_eq!(replay.status, 401);
    assert_eq!(site.send_from("192.0.2.77", get("/nothing/secret-in-the-path", None)).await.status, 404);
    assert_eq!(site.operate("GET", "/health").await.status, 200);
    traces.flush().await;

    let (spans, requests) = (collector.spans_of(14), collector.requests());
    for request in &requests {
        assert_eq!((&request["path"], &request["type"]), (&json!("/v1/traces"), &json!("application/x-protobuf")));
        assert_eq!(request["unknown_fields"], false);
    }
    let pseudonym = json!(site.gate.pseudonyms.of(KeyId(alice.key_id())));
    let request_of = |method: &'static str, route: &'static str, status: u16| {
        of([
            ("http.request.method", json!(method)),
            ("http.route", json!(route)),
            ("http.response.status_code", json!(status)),
        ])
    };
    let with = |mut base: BTreeMap<&'static str, Value>, pairs: &[(&'static str, Value)]| {
        base.extend(pairs.iter().cloned());
        base
    };
    let known = [
        ("genuine.application", json!(APPLICATION)),
        ("genuine.platform", json!("app_attest")),
        ("genuine.device", pseudonym.clone()),
    ];
    let registered = with(
        request_of("POST", "/devices", 201),
        &[("genuine.mode", json!("REQUIRED")), ("genuine.status", json!("VERIFIED"))],
    );
    let registration = named(&spans, "POST /devices");
    assert_eq!(attributes(registration[0]), with(registered, &known));
    let orders = named(&spans, "POST /orders");
    let mode = ("genuine.mode", json!("REQUIRED"));
    let good = with(request_of("POST", "/orders", 200), &[mode.clone(), ("genuine.verdict", json!("verified"))]);
    let bad = [mode, ("genuine.verdict", json!("invalid")), ("genuine.refusal", json!("CounterNotIncreased"))];
    assert_eq!(attributes(orders[0]), with(good, &known));
    assert_eq!(attributes(orders[1]), with(with(request_of("POST", "/orders", 401), &bad), &known));
    assert_eq!(orders[1]["attributes"]["genuine.request_id"], replay.headers["x-request-id"].to_str().unwrap());
    let nothing = named(&spans, "GET none");
    let unknown = [("genuine.refusal", json!("RouteUnknown"))];
    assert_eq!(attributes(nothing[0]), with(request_of("GET", "none", 404), &unknown));
    assert_eq!(
        (named(&spans, "POST /challenges").len(), registration.len(), orders.len(), nothing.len()),
        (1, 1, 2, 1)
    );

    // The parts lie in their requests.
    let parts = |request: &Value| {
        let mut parts: Vec<_> = spans.iter().filter(|span| span["parent"] == request["id"]).collect();
        parts.sort_by_key(|part| part["name"].to_string());
        assert!(parts.iter().all(|part| part["trace"] == request["trace"] && attributes(part).is_empty()));
        assert!(parts.iter().all(|part| part["nanoseconds"].as_u64() <= request["nanoseconds"].as_u64()));
        parts.iter().map(|part| part["name"].as_str().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(parts(registration[0]), ["store device", "store register", "store spend", "verify attestation"]);
    assert_eq!(parts(orders[0]), ["store advance", "store device", "verify assertion"]);
    assert_eq!(parts(orders[1]), ["store device", "verify assertion"]);
    assert_eq!(spans.len(), 5 + 4 + 3 + 2);
    for span in &spans {
        let is_request = span["parent"] == "";
        assert_eq!((span["kind"] == 2, &span["status"], &span["message"]), (is_request, &json!(0), &json!("")));
        assert_eq!((&span["events"], &span["links"], &span["trace_state"]), (&json!(0), &json!(0), &json!("")));
        assert_eq!(span["resource"], json!({ "service.name": "shop-gateway" }));
        assert_eq!(span["scope"], "genuine-gateway");
    }

    let (assertion, challenge) = (authorization.split('"').nth(3).unwrap(), "Z2MB");
    let key_id = alice.key_id();
    assert_no_trace_of(
        &[
            &key_id[..],
            BASE64_STANDARD.encode(key_id).as_bytes(),
            BASE64_URL_SAFE_NO_PAD.encode(key_id).as_bytes(),
            &assertion.as_bytes()[..20],
            &BASE64_STANDARD.decode(assertion).unwrap()[..40],
            challenge.as_bytes(),
            b"session of alice",
            b"in-the-query",
            b"in the body",
            b"in-the-path",
            b"agent of alice",
            b"192.0.2.77",
            &[192, 0, 2, 77],
        ],
        &collector,
    );
    assert_eq!((counted(&site, "sent").await, counted(&site, "dropped").await), (14, 0));
}

fn assert_no_trace_of(secrets: &[&[u8]], collector: &Collector) {
    let octets = collector.octets();
    for secret in secrets {
        let found = octets.windows(secret.len()).any(|window| window == *secret);
        assert!(!found, "{} is in a trace", String::from_utf8_lossy(secret));
    }
}

/// Google's word in both kinds of token, and session tokens.
#[tokio::test(flavor = "multi_thread")]
async fn each_way_in_has_its_parts() {
    let Some(collector) = Collector::start() else { return };
    let (hands, traces) = (Hands::at(now()), settings(&collector.endpoint).start().unwrap());
    let google = Google::start(hands.clock()).await;
    let gate = gate_of(&[application(play(true))], Arc::new(MemoryStore::default()), &hands);
    let gate = Gate { decoder: Some(Arc::new(google.decoder())), traces: Some(traces.clone()), ..gate };
    let site = Site::of(Arc::new(gate), hands, origin());
    let mut shown = Vec::new();
    for kind in ["classic", "standard"] {
        let phone = Phone::new(kind);
        let challenge = site.challenge("integrity", "alice").await;
        let token = match kind {
            "classic" => play_app().token(&phone.classic(&challenge, now())),
            _ => google.mint(&play_app(), &phone.standard(&challenge, now())),
        };
        let body = json!({ "application": APPLICATION, "challenge": challenge, "integrity_token": { kind: token } });
        let mut request = json_request("/devices", "alice", &body);
        let proof = phone.proof("/devices", &challenge, now(), &json!({}));
        request.headers_mut().insert("dpop", proof.parse().unwrap());
        assert_eq!(site.send(request).await.status, 201);
        shown.extend([token, proof, challenge]);
    }
    let mut alice = device("alice");
    site.register(&alice, "alice").await;
    let challenge = site.challenge("assertion", "alice").await;
    let answer = site.send(signed(&mut alice, "POST", "/tokens", "", Some(&challenge))).await;
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let basket = Request::get("/basket").header("authorization", format!("Bearer {token}"));
    assert_eq!(site.send(basket.body(Body::empty()).unwrap()).await.status, 200);
    traces.flush().await;

    let spans = collector.spans_of(27);
    let parts = |request: &Value| {
        let mut parts: Vec<_> = spans.iter().filter(|span| span["parent"] == request["id"]).collect();
        parts.sort_by_key(|part| part["name"].to_string());
        parts.iter().map(|part| part["name"].as_str().unwrap()).collect::<Vec<_>>()
    };
    let registered = named(&spans, "POST /devices");
    assert_eq!(parts(registered[0]), ["store device", "store register", "store spend", "verify integrity"]);
    assert_eq!(parts(registered[1]), ["google decode", "store device", "store register", "store spend"]);
    assert!(registered[..2].iter().all(|span| span["attributes"]["genuine.platform"] == "play_integrity"));
    let basket = named(&spans, "GET /basket")[0];
    assert_eq!(parts(basket), ["store device", "verify token"]);
    assert_eq!(basket["attributes"]["genuine.device"], site.gate.pseudonyms.of(KeyId(alice.key_id())));
    shown.extend([token, challenge]);
    let shown: Vec<_> = shown.iter().map(|shown| &shown.as_bytes()[shown.len() - 30..]).collect();
    assert_no_trace_of(&shown, &collector);
}

/// What the gateway is at fault for is an error, and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_away_is_an_error() {
    let Some(collector) = Collector::start() else { return };
    let (site, traces) = site(&settings(&collector.endpoint));
    let mut alice = device("alice");
    site.register(&alice, "alice").await;
    let gate = gate_over(Arc::new(support::postgres_store("postgres://app@127.0.0.1:1/none")), &site.hands);
    let away = Site::of(Arc::new(Gate { traces: Some(traces.clone()), ..gate }), site.hands.clone(), origin());
    assert_eq!(away.send(signed(&mut alice, "GET", "/orders", "", None)).await.status, 503);
    traces.flush().await;
    let spans = collector.spans_of(8);
    let failed: Vec<_> = spans.iter().filter(|span| span["status"] == 2).collect();
    assert_eq!(failed.len(), 1, "{spans:?}");
    assert_eq!(failed[0]["attributes"]["genuine.refusal"], "StoreUnavailable");
    // Nobody was found, so that nobody is named.
    assert!(failed[0]["attributes"]["genuine.device"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_of_requests_is_traced() {
    let Some(collector) = Collector::start() else { return };
    let mut before = 0;
    // Of 1,000 with a quarter: the deviation is 13.7, and six of them are 82.
    for (percent, least, most) in [(0.0, 0, 0), (25.0, 168, 332), (100.0, 1000, 1000)] {
        let (site, traces) = site(&config::Traces { sample_percent: percent, ..settings(&collector.endpoint) });
        for _ in 0..1000 {
            site.send(get("/nothing", None)).await;
        }
        traces.flush().await;
        let all = collector.spans_of(before + least).len();
        assert!((least..=most).contains(&(all - before)), "{percent} %: {}", all - before);
        before = all;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_says_which_trace_a_request_is_in_and_a_stranger_does_not() {
    let Some(collector) = Collector::start() else { return };
    let all = settings(&collector.endpoint);
    let none = config::Traces { sample_percent: 0.0, ..all.clone() };
    let (sampled, unsampled) = (format!("00-{PARENT}-00f067aa0ba902b7-01"), format!("00-{PARENT}-00f067aa0ba902b7-00"));
    let mut expected = 0;
    for (settings, peer, parent, spans, is_child) in [
        // What the proxy says of its trace counts in both directions.
        (&none, PROXY, &*sampled, 1, true),
        (&all, PROXY, &*sampled, 1, true),
        (&all, PROXY, &*unsampled, 0, false),
        (&none, "192.0.2.1", &*sampled, 0, false),
        (&all, "192.0.2.1", &*sampled, 1, false),
        (&all, "192.0.2.1", &*unsampled, 1, false),
        // What is no trace begins one.
        (&all, PROXY, "00-00000000000000000000000000000000-00f067aa0ba902b7-01", 1, false),
        (&all, PROXY, "nonsense", 1, false),
        (&all, PROXY, &format!("00-{PARENT}-00f067aa0ba902b7"), 1, false),
    ] {
        let (site, traces) = site(settings);
        let mut request = get("/nothing", Some(parent));
        request.headers_mut().insert("tracestate", "client=wrote-this".parse().unwrap());
        request.headers_mut().insert("x-forwarded-proto", "https".parse().unwrap());
        site.send_from(peer, request).await;
        traces.flush().await;
        expected += spans;
        let sent = collector.spans_of(expected);
        assert_eq!(sent.len(), expected, "{peer} {parent}");
        if let Some(span) = sent.last().filter(|_| spans > 0) {
            let (trace, parent_span) = (&span["trace"], &span["parent"]);
            assert_eq!((trace == PARENT, parent_span == "00f067aa0ba902b7"), (is_child, is_child), "{peer} {parent}");
        }
    }
    assert!(!collector.octets().windows(10).any(|window| window == b"wrote-this"));
    // Of two nobody knows which one is the proxy's.
    let (site, traces) = site(&all);
    let mut request = get("/nothing", Some(&sampled));
    request.headers_mut().append("traceparent", sampled.replace('4', "5").parse().unwrap());
    request.headers_mut().insert("x-forwarded-proto", "https".parse().unwrap());
    site.send_from(PROXY, request).await;
    traces.flush().await;
    assert_eq!(collector.spans_of(expected + 1).last().unwrap()["parent"], "");
}

/// Nobody listens, somebody takes the connection and never answers, and the queue runs over: requests are served as ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_or_hangs_costs_requests_nothing() {
    let hanging = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (address, hangs) in [(closed, false), (hanging.local_addr().unwrap(), true)] {
        let (site, _traces) = site(&settings(&format!("http://{address}")));
        let (start, mut longest) = (Instant::now(), Duration::ZERO);
        // More than the queue and a batch hold, each of one span.
        for _ in 0..6000 {
            let one = Instant::now();
            assert_eq!(site.send(get("/nothing", None)).await.status, 404);
            longest = longest.max(one.elapsed());
        }
        // A request that waits for the collector takes a minute.
        assert!(start.elapsed() < Duration::from_secs(40) && longest < Duration::from_secs(5), "{longest:?}");
        assert_eq!(counted(&site, "sent").await, 0);
        if hangs {
            assert!(counted(&site, "dropped").await >= 6000 - 4096 - 512);
        } else {
            for _ in 0..1000 {
                if counted(&site, "failed").await + counted(&site, "dropped").await == 6000 {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            assert_eq!(counted(&site, "failed").await + counted(&site, "dropped").await, 6000);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_collector_does_not_take_is_counted_until_it_does() {
    let Some(mut collector) = Collector::start() else { return };
    let (site, traces) = site(&settings(&collector.endpoint));
    let mut expected = BTreeMap::from([("sent", 0), ("failed", 0)]);
    for (answer, sent, failed) in [("503", 0, 2), ("200", 2, 0), ("partial 1", 1, 1), ("307", 0, 2), ("200", 2, 0)] {
        collector.answer(answer);
        for _ in 0..2 {
            site.send(get("/nothing", None)).await;
        }
        traces.flush().await;
        *expected.get_mut("sent").unwrap() += sent;
        *expected.get_mut("failed").unwrap() += failed;
        for (outcome, count) in &expected {
            assert_eq!(counted(&site, outcome).await, *count, "{outcome} after {answer}");
        }
    }
}

/// The program: what is in the queue at the end is sent, and the log leads to the trace.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_as_json_has_the_names_that_answer_and_trace_have() {
    let Some(collector) = Collector::start() else { return };
    let scratch = Scratch::new("traces");
    let path = scratch.path().join("gateway.toml");
    let endpoint = &collector.endpoint;
    let file = format!(
        "listen = \"127.0.0.1:0\"\noperator_listen = \"127.0.0.1:0\"\nstore = {{ kind = \"memory\" }}\n\
        log = {{ format = \"json\" }}\ntraces = {{ endpoint = \"{endpoint}\", service_name = \"edge\" }}\n\
        [[applications]]\nname = \"shop\"\napp_ids = [\"ABCDE12345.com.example.shop\"]\n"
    );
    std::fs::write(&path, file).unwrap();
    // A level at which nothing else is said, and a target that is not the request's.
    for (number, filter) in ["warn,genuine_gateway=info", "genuine_gateway::metrics=info"].into_iter().enumerate() {
        let mut command = Command::new(env!("CARGO_BIN_EXE_genuine-gateway"));
        let server = server::Server::run(command.arg("--config").arg(&path).env("RUST_LOG", filter));
        let answer = reqwest::get(format!("{}/nothing", server.app)).await.unwrap();
        let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
        let operated = reqwest::get(format!("{}/nothing", server.operator)).await.unwrap();
        let operated = operated.headers()["x-request-id"].to_str().unwrap().to_owned();
        server.signal("-TERM");
        let (code, log) = server.end();
        assert_eq!(code, Some(0), "{log}");
        let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let refused: Vec<_> = lines.iter().filter(|line| line["message"] == "refused").collect();
        let names: Vec<_> = refused.iter().map(|line| line["spans"][0]["request_id"].as_str().unwrap()).collect();
        assert_eq!(names, [&*id, &*operated], "{log}");
        let span = collector.spans_of(number + 1).pop().unwrap();
        assert_eq!(span["attributes"]["genuine.request_id"], *id);
        assert_eq!(refused[0]["spans"][0]["trace_id"], span["trace"]);
        assert!(refused[1]["spans"][0]["trace_id"].is_null());
        assert_eq!(span["resource"], json!({ "service.name": "edge" }));
    }
    assert_eq!(collector.spans().len(), 2);
}
