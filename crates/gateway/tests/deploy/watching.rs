//! The alerts and the dashboard ask for what the gateway counts, by names that it has.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
    sync::Arc,
};

use genuine::{
    Error,
    session::mode::{Mode, Status},
};
use genuine_gateway::{
    config::{Config, Revocations, Traces},
    metrics::Metrics,
    platform::Platform,
    play::Decoder as _,
    rehearsal,
    server::system_clock,
    verdict::Verdict,
};
use genuine_testvectors::play::PlayApp;
use reqwest::Client;
use serde_json::Value;

use crate::{
    file,
    google::Google,
    installed,
    server::{Server, register},
    support::{Hands, Scratch, now},
};

/// What Prometheus adds to every series, and to the buckets of histograms.
const ADDED: [&str; 3] = ["instance", "job", "le"];

/// An application that is a rehearsal.
const REHEARSAL: &str = "[[applications]]\nname = \"shop\"\nrehearsal = { until = \"2026-12-31\" }\n";

/// The names of metrics with their labels, as `/metrics` shows them.
fn counted(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, _) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let labels = labels.split("\",").filter_map(|label| Some(label.split_once("=\"")?.0.to_owned()));
        names.entry(name.to_owned()).or_default().extend(labels);
    }
    names
}

/// Everything that a gateway counts that has served one request of each kind, and that has asked Google.
async fn everything_counted() -> BTreeMap<String, BTreeSet<String>> {
    let scratch = Scratch::new("watching");
    let server = Server::start(&format!("redb:{}", scratch.path().join("store.redb").display()), &[]);
    let mut app = server.client("watched");
    assert!(register(&app).await);
    let order = app.sign(reqwest::Method::POST, "/orders", "one", None);
    assert_eq!(app.call(&order).await.unwrap().status, 200);
    assert_eq!(app.call(&order).await.unwrap().status, 401);
    let client = Client::new();
    assert_eq!(client.get(format!("{}/ready", server.operator)).send().await.unwrap().status(), 200);
    let text = client.get(format!("{}/metrics", server.operator)).send().await.unwrap().text().await.unwrap();
    let mut names = counted(&text);
    let hands = Hands::at(now());
    let google = Google::start(hands.clock()).await;
    let decoder = google.decoder();
    let play = PlayApp::new("watched");
    let token = google.mint(&play, &play.standard("hash", now() * 1000));
    decoder.decode(play.package_name(), &token).await.unwrap();
    let metrics = Metrics::new().unwrap();
    metrics.add(decoder.quota().clone()).unwrap();
    // Traces, a rehearsal and a list of revoked keys, which the demonstration has none of.
    let traces: Traces = toml::from_str("endpoint = \"http://127.0.0.1:9\"").unwrap();
    metrics.add(traces.start().unwrap().counts()).unwrap();
    let config: Config = toml::from_str(REHEARSAL).unwrap();
    metrics.add(rehearsal::gauge(&config).unwrap()).unwrap();
    let path = scratch.path().join("status.json");
    fs::write(&path, r#"{"entries": {"1": {"status": "REVOKED"}}}"#).unwrap();
    let revocations = Revocations::File { path, age_limit_seconds: 1000, max_bytes: 1000 };
    let revocations = revocations.open(system_clock(), Arc::new(Metrics::new().unwrap())).await.unwrap();
    metrics.add(Arc::new(revocations).counts()).unwrap();
    let others = ["play_quota", "trace_spans", "rehearsal", "revocations"];
    let is_other = |name: &str| others.iter().any(|other| name.contains(other));
    names.extend(counted(&metrics.text().unwrap()).into_iter().filter(|(name, _)| is_other(name)));
    names
}

/// The expressions of the alerts, by name.
fn alerts() -> BTreeMap<String, String> {
    let text = file("prometheus/alerts.yml");
    let alerts = text.split("- alert: ").skip(1).map(|rule| {
        let (name, rule) = rule.split_once('\n').unwrap();
        let (_, expression) = rule.split_once("expr: ").unwrap();
        let end =
            ["\n        for:", "\n        labels:"].into_iter().filter_map(|end| expression.find(end)).min().unwrap();
        (name.to_owned(), expression[..end].trim_start_matches('|').trim().to_owned())
    });
    alerts.collect()
}

/// Every expression of the dashboard, with its variables in the place of which Grafana puts something.
fn expressions_of_dashboard() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&file("grafana/dashboard.json")).unwrap();
    assert_eq!(dashboard["uid"], "genuine-gateway");
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "each panel has an id of its own");
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().cloned().unwrap_or_default());
    let expressions = targets.map(|target| target["expr"].as_str().unwrap().to_owned());
    expressions.map(|text| text.replace("$__rate_interval", "5m").replace("$instance", ".*")).collect()
}

/// A label of a selector, and the values that it asks for.
type Matcher = (String, Vec<String>);

/// The selectors of an expression: each metric, with the labels that are asked for and the values of each.
fn selectors(expression: &str) -> Vec<(String, Vec<Matcher>)> {
    let mut found = Vec::new();
    for (start, _) in expression.match_indices("genuine_") {
        let rest = &expression[start..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let labels =
            rest[end..].strip_prefix('{').and_then(|labels| labels.split_once('}')).map_or("", |(labels, _)| labels);
        let labels = labels.split("\",").filter(|label| !label.is_empty()).map(|label| {
            let name_end = label.find(['=', '!']).unwrap();
            let values = label[name_end..].trim_start_matches(['=', '!', '~', '"']).trim_end_matches('"');
            (label[..name_end].trim().to_owned(), values.split('|').map(str::to_owned).collect())
        });
        found.push((rest[..end].to_owned(), labels.collect()));
    }
    found
}

/// The words between the braces of an enumeration of this crate's that stand for its variants.
fn variants(source: &str, name: &str) -> BTreeSet<String> {
    let (_, body) = source.split_once(&format!("pub enum {name} {{")).unwrap();
    let (body, _) = body.split_once("\n}").unwrap();
    let lines = body.lines().map(str::trim).filter(|line| !line.starts_with("//") && !line.starts_with('#'));
    lines.filter_map(|line| line.split([',', '(']).next()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The values that a label can have, where they are of a list.
fn values_of(label: &str) -> Option<BTreeSet<String>> {
    let texts = |texts: Vec<&str>| Some(texts.into_iter().map(str::to_owned).collect());
    match label {
        "reason" => {
            let mut reasons = variants(include_str!("../../src/refusal.rs"), "Refusal");
            reasons.extend(Error::ALL.iter().map(|error| error.name().to_owned()));
            reasons.extend(variants(include_str!("../../src/refusal/oauth.rs"), "Fault"));
            let of_keys = variants(include_str!("../../src/api_key.rs"), "KeyFault");
            reasons.extend(of_keys.iter().map(|name| format!("ApiKey{name}")));
            Some(reasons)
        }
        "status" => {
            texts(vec!["5..", "503", Status::Failed.as_str(), Status::Verified.as_str(), Status::Unavailable.as_str()])
        }
        "verdict" => texts(vec![Verdict::Verified.as_str()]),
        "mode" => texts(vec![Mode::Required.as_str(), Mode::Optional.as_str()]),
        "platform" => texts(vec![
            Platform::AppAttest.as_str(),
            Platform::PlayIntegrity.as_str(),
            Platform::KeyAttestation.as_str(),
        ]),
        "route" => texts(vec!["/ready"]),
        "listener" => texts(vec!["app", "operator"]),
        "outcome" => texts(vec!["sent", "failed", "dropped", "new", "same"]),
        "curve" => texts(vec!["p256", "p384", "rsa"]),
        "key" => texts(vec!["stored", "prepared"]),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_and_dashboard_ask_for_what_is_counted() {
    let counted = everything_counted().await;
    let expressions: Vec<_> = alerts().into_values().chain(expressions_of_dashboard()).collect();
    assert!(expressions.len() > 40);
    let mut asked = BTreeSet::new();
    for expression in &expressions {
        for (metric, labels) in selectors(expression) {
            let known = counted.get(&metric).unwrap_or_else(|| panic!("{metric} is not counted: {expression}"));
            for (label, values) in labels {
                let is_added = ADDED.contains(&&*label);
                assert!(is_added || known.contains(&label), "{metric} has no {label}: {expression}");
                for value in values.iter().filter(|_| !is_added) {
                    let possible = values_of(&label).unwrap_or_else(|| panic!("{label}: its values are not listed"));
                    assert!(possible.contains(value), "{label} is never {value}: {expression}");
                }
            }
            asked.insert(metric);
        }
        for part in expression.split(" by (").skip(1) {
            for label in part.split_once(')').unwrap().0.split(", ") {
                let is_known = counted.values().any(|labels| labels.contains(label)) || ADDED.contains(&label);
                assert!(is_known, "nothing has {label}: {expression}");
            }
        }
    }
    assert!(asked.contains("genuine_refusals_total") && asked.contains("genuine_play_quota_used"), "{asked:?}");
}

/// The codes that the engine's guide lists, and no others: they say that Apple changed something.
#[test]
fn the_codes_of_a_change_are_those_of_the_guide() {
    let guide = include_str!("../../../../src/guide/platform-changes.md");
    let (_, table) = guide.split_once("|---|---|---|\n").unwrap();
    let rows = table.lines().take_while(|line| line.starts_with('|'));
    let mut codes: BTreeSet<String> = BTreeSet::new();
    for row in rows {
        for part in row.split("[`").skip(1) {
            codes.insert(part.split_once('`').unwrap().0.to_owned());
        }
        // One row names some by how they begin.
        if row.contains("that begin with `Cose` or `ExtMap`") {
            let tags = ["CoseIndefinite", "CoseNonCanonical", "ExtMapIndefinite", "ExtMapNonCanonical"];
            codes.extend(tags.map(str::to_owned));
        }
    }
    let expression = &alerts()["GenuineAppleChanged"];
    let (_, listed) = selectors(expression)[0].1[0].clone();
    assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), codes);
}

#[test]
fn each_alert_is_tested_firing_and_silent() {
    let tests = file("prometheus/alerts_test.yml");
    for name in alerts().keys() {
        for case in [format!("name: \"{name}: "), format!("name: \"{name}, silent: ")] {
            assert_eq!(tests.matches(&case).count(), 1, "{case}");
        }
        assert!(tests.contains(&format!("labels: '{{alertname=\"{name}\"}}'")), "{name}");
    }
}

/// Prometheus reads the expressions of the dashboard, as rules; and would say if one were none.
#[test]
fn the_dashboard_is_of_promql() {
    if !installed("promtool") {
        return;
    }
    let scratch = Scratch::new("dashboard");
    let check = |expressions: &[String]| {
        let rules: Vec<_> = expressions
            .iter()
            .enumerate()
            .map(|(index, text)| format!("  - record: r{index}\n    expr: {}\n", Value::from(text.as_str())))
            .collect();
        let path = scratch.path().join("rules.yml");
        fs::write(&path, format!("groups:\n- name: dashboard\n  rules:\n{}", rules.concat())).unwrap();
        Command::new("promtool").args(["check", "rules"]).arg(path).output().unwrap()
    };
    let output = check(&expressions_of_dashboard());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!check(&["sum by (route) (rate(genuine_verdicts_total[5m])".to_owned()]).status.success());
}
