//! The audit log: what is in it, and that nobody changes it unseen.

use std::{fs, path::Path};

use genuine_gateway::{
    audit::{Audit, Broken, verify},
    gate::sha256,
};
use serde_json::{Value, json};

use super::{config, hex, in_order, routes, sent, token, told, with};
use crate::{
    server::Server,
    support::{Scratch, Site, device, idempotency_key_of_now},
};

/// A log of so many changes.
async fn written(path: &Path, changes: usize) {
    let site = Site::new();
    let phone = device("phone");
    site.register(&phone, "alice").await;
    let lock = format!("/devices/{}/lock", super::url_text(phone.key_id()));
    let routes = routes(&site.gate, &config(), Some(path));
    for number in 0..changes {
        let method = if number % 2 == 0 { "PUT" } else { "DELETE" };
        assert_eq!(told(&routes, sent(in_order(&site.gate, method, &lock))).await.0, 204);
    }
}

fn lines(path: &Path) -> Vec<String> {
    fs::read_to_string(path).unwrap().lines().map(ToOwned::to_owned).collect()
}

#[tokio::test]
async fn each_change_is_noted_with_who_and_when() {
    let site = Site::new();
    let phone = device("phone");
    site.register(&phone, "alice").await;
    let scratch = Scratch::new("noted");
    let file = scratch.path().join("audit.jsonl");
    let routes = routes(&site.gate, &config(), Some(&file));
    let (known, unknown) = (super::url_text(phone.key_id()), super::url_text([7; 32]));
    let now = (site.gate.clock)();
    for (number, (method, path, status)) in [
        ("PUT", format!("/devices/{known}/lock"), 204),
        ("DELETE", format!("/devices/{known}/lock"), 204),
        ("PUT", format!("/devices/{known}/tokens/revocation"), 204),
        ("PUT", format!("/devices/{unknown}/revocation"), 404),
        ("DELETE", "/accounts/alice@example.com".to_owned(), 200),
        ("PUT", "/tokens/keys".to_owned(), 204),
        // Nothing is done for these, and nothing noted.
        ("GET", format!("/devices/{known}"), 200),
        ("PUT", "/devices/AAAA/revocation".to_owned(), 400),
    ]
    .into_iter()
    .enumerate()
    {
        let request = sent(in_order(&site.gate, method, &path).header("x-request-id", format!("request-{number}")));
        let request = with(request, "idempotency-key", Some(&format!("{now}-0123456789abcdef{number}")));
        let answer = told(&routes, request).await;
        assert_eq!(answer.0, status, "{method} {path}: {answer:?}");
    }
    let account = super::url_text(site.gate.account("alice@example.com").unwrap());
    let expected = [
        ("lock device", Some(&known), 204, "done"),
        ("unlock device", Some(&known), 204, "done"),
        ("revoke tokens of device", Some(&known), 204, "done"),
        ("revoke device", Some(&unknown), 404, "DeviceNotFound"),
        ("erase account", Some(&account), 200, "done"),
        ("add token key", None, 204, "done"),
    ];
    let text = fs::read_to_string(&file).unwrap();
    assert!(!text.contains("alice") && !text.contains(&token("admin")), "{text}");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2 * expected.len());
    let mut previous = "0".repeat(64);
    for (number, line) in lines.iter().enumerate() {
        let (action, subject, status, outcome) = expected[number / 2];
        let mut line = line.clone();
        let time = line["time"].take();
        let time = time.as_str().unwrap();
        assert!(time.len() == 24 && time.starts_with("20") && time.ends_with('Z'), "{time}");
        let mut told = json!({
            "time": null, "event": "intent", "operator": "admin", "role": "admin", "shown": "token",
            "address": "127.0.0.9", "request_id": format!("request-{}", number / 2),
            "key": format!("{now}-0123456789abcdef{}", number / 2), "action": action, "previous": previous,
        });
        if let Some(subject) = subject {
            told["subject"] = subject.as_str().into();
        }
        if number % 2 == 1 {
            told["event"] = "outcome".into();
            told["status"] = status.into();
            told["outcome"] = outcome.into();
        }
        assert_eq!(line, told);
        previous = hex(sha256(text.lines().nth(number).unwrap().as_bytes()));
    }
    let verified = verify(&file, None).unwrap();
    assert_eq!((verified.lines, &*verified.head, verified.open, verified.torn), (12, &*previous, 0, 0));

    // The latest ones, for whoever may read.
    let get = async |query: &str| {
        let request = sent(in_order(&site.gate, "GET", &format!("/audit{query}")));
        super::answer(&routes, request).await
    };
    let (mut read, mut query) = (Vec::new(), "?limit=5".to_owned());
    let mut pages = 0;
    loop {
        let page = get(&query).await.json();
        assert_eq!(page["head"], previous);
        let entries = page["entries"].as_array().unwrap();
        assert!((1..=5).contains(&entries.len()));
        read.extend(entries.iter().rev().cloned().rev());
        pages += 1;
        match &page["next"] {
            Value::Null => break,
            next => query = format!("?limit=5&before={next}"),
        }
    }
    read.reverse();
    assert_eq!((read, pages), (lines, 3));
    for query in ["?limit=0", "?limit=1001", "?before=-1", "?before=1", "?before=99999999", "?other=1", "?limit=x"] {
        assert_eq!(get(query).await.code(), "malformed", "{query}");
    }
    assert_eq!(get("?before=0").await.json()["entries"], json!([]));
}

/// Whatever is done to a line is found; what is done to the last ones, by whoever has noted a later hash.
#[tokio::test]
async fn each_line_that_is_changed_removed_or_moved_is_found() {
    let scratch = Scratch::new("tampered");
    let file = scratch.path().join("audit.jsonl");
    written(&file, 5).await;
    let whole = lines(&file);
    let verified = verify(&file, None).unwrap();
    assert_eq!(verified.lines, 10);
    let head = Some(verified.head.as_str());
    assert!(verify(&file, head).is_ok());
    let check = |lines: &[String]| {
        let path = scratch.path().join("changed");
        fs::write(&path, format!("{}\n", lines.join("\n")).trim_start()).unwrap();
        (verify(&path, None), verify(&path, head))
    };
    for place in 0..whole.len() {
        let mut changed = whole.clone();
        changed[place] = changed[place].replace("\"operator\":\"admin\"", "\"operator\":\"other\"");
        assert_ne!(changed, whole);
        let mut removed = whole.clone();
        removed.remove(place);
        let mut doubled = whole.clone();
        doubled.insert(place, whole[place].clone());
        let mut swapped = whole.clone();
        swapped.swap(place, (place + 1) % whole.len());
        for (what, lines) in [("changed", changed), ("removed", removed), ("doubled", doubled), ("swapped", swapped)] {
            let (alone, noted) = check(&lines);
            assert!(noted.is_err(), "{what} {place}");
            // The end has nothing after it that would say so.
            let is_last = place == whole.len() - 1 && (what == "changed" || what == "removed");
            assert_eq!(alone.is_err(), !is_last, "{what} {place}: {alone:?}");
        }
    }
    for length in 0..whole.len() {
        assert!(matches!(check(&whole[..length]), (Ok(_), Err(Broken::Missing))), "{length}");
    }
    assert!(matches!(verify(&scratch.path().join("none"), None), Err(Broken::Unreadable(_))));
}

/// A line that was not finished was never acted on: it is cut off, and the log goes on.
#[tokio::test]
async fn a_log_goes_on_after_a_line_that_was_not_finished() {
    let scratch = Scratch::new("torn");
    let file = scratch.path().join("audit.jsonl");
    written(&file, 2).await;
    let whole = fs::read(&file).unwrap();
    let last = whole[..whole.len() - 1].iter().rposition(|octet| *octet == b'\n').unwrap() + 1;
    for length in last + 1..whole.len() {
        fs::write(&file, &whole[..length]).unwrap();
        let verified = verify(&file, None).unwrap();
        assert_eq!((verified.lines, verified.open, verified.torn), (3, 1, length - last), "{length}");
        if length % 40 == 0 || length == last + 1 || length == whole.len() - 1 {
            written(&file, 1).await;
            let verified = verify(&file, None).unwrap();
            assert_eq!((verified.lines, verified.torn), (6, 0), "{length}");
            let torn: Value = serde_json::from_str(&lines(&file)[3]).unwrap();
            assert_eq!((&torn["event"], &torn["octets"]), (&json!("torn"), &json!(length - last)));
            assert_eq!(torn["sha256"], hex(sha256(&whole[last..length])));
        }
    }
    // Nothing whole at all.
    fs::write(&file, b"{\"ti").unwrap();
    written(&file, 1).await;
    assert_eq!(verify(&file, None).unwrap().lines, 3);
}

#[test]
fn a_log_has_one_gateway_and_no_other_file_is_one() {
    use std::os::unix::fs::PermissionsExt as _;

    let scratch = Scratch::new("of-one");
    let file = scratch.path().join("audit.jsonl");
    let first = Audit::open(&file).unwrap();
    assert!(Audit::open(&file).err().unwrap().contains("in use by another process"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    drop(first);
    fs::write(&file, "[applications]\nname = \"shop\"\n").unwrap();
    assert!(Audit::open(&file).err().unwrap().contains("not one of an audit log"));
    assert!(Audit::open(&scratch.path().join("nowhere/audit")).err().unwrap().starts_with("audit: "));
}

/// Without a file the log is the only place, whatever `RUST_LOG` asks for.
#[tokio::test(flavor = "multi_thread")]
async fn no_filter_of_the_log_hides_a_change() {
    for filter in ["genuine_gateway=debug", "off"] {
        let server = Server::start("memory", &[("RUST_LOG", filter)]);
        let path = format!("{}/devices/{}/lock", server.operator, super::url_text([7; 32]));
        let request = reqwest::Client::new().put(path).header("idempotency-key", idempotency_key_of_now());
        assert_eq!(request.send().await.unwrap().status(), 404);
        server.signal("-TERM");
        let (_, log) = server.end();
        assert_eq!(log.matches("genuine::audit").count(), 2, "{filter}: {log}");
    }
}
