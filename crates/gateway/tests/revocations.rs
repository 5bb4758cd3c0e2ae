//! Google's list of revoked attestation keys: where it comes from, what is no list, and what becomes of one that grows old.
#![allow(missing_docs)]

#[path = "support/list_server.rs"]
mod list_server;
#[path = "support/server.rs"]
mod server;
mod support;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::{self, File},
    path::Path,
    process::{Command, Output},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use genuine_gateway::{
    config::{Config, Revocations as Section},
    events::Renewal,
    metrics::Metrics,
    revocations::{Listed, Revocations, TooOld},
};
use list_server::{ListServer, Reply};
use serde_json::{Value, json};
use server::Server;
use support::{Hands, Scratch};

/// A morning.
const NOW: u64 = 1_790_000_000;
const LIMIT: u64 = 3 * 86_400;
const LIST: &str =
    r#"{"entries": {"a1": {"status": "REVOKED", "reason": "KEY_COMPROMISE"}, "b2": {"status": "SUSPENDED"}}}"#;
const OTHER: &str =
    r#"{"entries": {"a1": {"status": "REVOKED"}, "c3": {"status": "REVOKED"}, "d4": {"status": "REVOKED"}}}"#;
const FILE: &str = "[[applications]]\nname = \"shop\"\napp_ids = [\"ABCDE12345.com.example.shop\"]\n";

struct Place {
    hands: Hands,
    metrics: Arc<Metrics>,
}

impl Place {
    fn new() -> Self {
        Self { hands: Hands::at(NOW), metrics: Arc::new(Metrics::new().unwrap()) }
    }

    async fn open(&self, section: &Section) -> Result<Arc<Revocations>, String> {
        let opened = section.open(self.hands.clock(), Arc::clone(&self.metrics)).await.map(Arc::new)?;
        // Of one that is opened once more the first one's counts are shown still.
        let _ = self.metrics.add(opened.counts());
        Ok(opened)
    }

    /// The counts by name and labels.
    fn counts(&self) -> BTreeMap<String, u64> {
        let text = self.metrics.text().unwrap();
        let own = text.lines().filter_map(|line| line.strip_prefix("genuine_revocations_"));
        own.map(|line| line.rsplit_once(' ').unwrap()).map(|(name, n)| (name.to_owned(), n.parse().unwrap())).collect()
    }

    fn loads(&self) -> [u64; 3] {
        let counts = self.counts();
        ["new", "same", "failed"].map(|outcome| counts[&format!("loads_total{{outcome=\"{outcome}\"}}")])
    }
}

/// The section, with further settings.
fn section(kind: &str, settings: &[(&str, Value)]) -> Section {
    let mut section = json!({ "kind": kind });
    for (name, value) in settings {
        section[name] = value.clone();
    }
    serde_json::from_value(section).unwrap()
}

fn from_server(server: &ListServer) -> Section {
    section("url", &[("url", json!(server.url)), ("timeout_ms", json!(300)), ("max_bytes", json!(400))])
}

fn from_file(path: &Path) -> Section {
    section("file", &[("path", json!(path)), ("max_bytes", json!(400))])
}

/// Writes a file of this time, in the place of what is there.
fn write(path: &Path, text: &str, at: u64) {
    let new = path.with_extension("next");
    fs::write(&new, text).unwrap();
    set_time(&new, at);
    fs::rename(new, path).unwrap();
}

fn set_time(path: &Path, at: u64) {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(at);
    File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

fn serials(list: &Revocations) -> Vec<&'static str> {
    let list = list.latest();
    ["a1", "b2", "c3", "d4"].into_iter().filter(|serial| list.get(serial).is_some()).collect()
}

/// What is no list, or no answer: as the server gives it, and what is said of it.
fn faults() -> Vec<(Reply, &'static str)> {
    let moved = vec![("location", "/elsewhere".to_owned())];
    vec![
        (Reply::Close, "connection"),
        (Reply::Slow(Duration::from_secs(60), LIST.to_owned()), "no answer in time"),
        (Reply::Truncated(LIST.to_owned()), "body"),
        (Reply::Unended(LIST.to_owned()), "body"),
        (Reply::list(&LIST[..LIST.len() - 1]), "this is no JSON"),
        (Reply::list("<html>Sorry…</html>"), "this is no JSON"),
        (Reply::list(""), "this is no JSON"),
        (Reply::list(r#"["a1"]"#), "expected an object with the member entries"),
        (Reply::list(r#"{"entries": {"decimal 5": {"status": "REVOKED"}}}"#), "no serial number"),
        (Reply::list(r#"{"entries": {}}"#), "entries: there is none"),
        (Reply::list(&format!("{LIST}{}", " ".repeat(401 - LIST.len()))), "length limit exceeded"),
        (Reply::status(204), "204"),
        (Reply::Is(301, moved, LIST.to_owned()), "301"),
        // Nothing was asked that could be the same.
        (Reply::status(304), "304"),
        (Reply::Is(404, Vec::new(), LIST.to_owned()), "404"),
        (Reply::Is(500, Vec::new(), LIST.to_owned()), "500"),
        (Reply::Is(503, Vec::new(), String::new()), "503"),
    ]
}

#[tokio::test]
async fn without_a_first_list_there_is_no_start() {
    let place = Place::new();
    let server = ListServer::start(Reply::list(LIST)).await;
    for (reply, expected) in faults() {
        server.then(reply.clone());
        let mistake = place.open(&from_server(&server)).await.err().unwrap_or_else(|| panic!("{reply:?}"));
        assert!(mistake.starts_with("revocations: there is no list: "), "{mistake}");
        assert!(mistake.contains(expected), "{reply:?}: {mistake}");
    }
    let asked = server.requests().len();
    assert_eq!(asked, faults().len(), "nothing is asked twice, and no redirection followed");
    let away = section("url", &[("url", json!("http://127.0.0.1:1/")), ("timeout_ms", json!(300))]);
    assert!(place.open(&away).await.err().unwrap().contains("refused"));
    // The control: the longest that may be.
    server.then(Reply::list(&format!("{LIST}{}", " ".repeat(400 - LIST.len()))));
    assert_eq!(serials(&place.open(&from_server(&server)).await.unwrap()), ["a1", "b2"]);
}

#[tokio::test]
async fn what_cannot_be_had_leaves_the_last_good_list() {
    let place = Place::new();
    let server = ListServer::start(Reply::list(LIST)).await;
    let list = place.open(&from_server(&server)).await.unwrap();
    assert_eq!((list.latest().get("a1"), list.latest().get("b2")), (Some(Listed::Revoked), Some(Listed::Suspended)));
    for (number, (reply, _)) in (1..).zip(faults()) {
        place.hands.advance(10);
        server.then(reply.clone());
        assert_eq!(list.renew().await, Renewal::Failed, "{reply:?}");
        assert_eq!(
            (serials(&list), list.age(), place.loads()[2]),
            (vec!["a1", "b2"], 10 * number, number),
            "{reply:?}"
        );
        assert_eq!(list.current().unwrap().len(), 2, "{reply:?}");
    }
    assert_eq!(list.renew().await, Renewal::Same);
    assert_eq!((list.age(), place.loads()[..2].to_vec()), (0, vec![1, 1]));
    server.usually(Reply::list(OTHER));
    assert_eq!((list.renew().await, serials(&list)), (Renewal::New, vec!["a1", "c3", "d4"]));
}

#[tokio::test]
async fn no_device_is_registered_by_a_list_that_is_too_old() {
    let place = Place::new();
    let server = ListServer::start(Reply::list(LIST)).await;
    let list = place.open(&from_server(&server)).await.unwrap();
    server.usually(Reply::status(503));
    place.hands.advance(LIMIT);
    assert_eq!((list.renew().await, list.current().map(|list| list.len())), (Renewal::Failed, Ok(2)));
    place.hands.advance(1);
    assert_eq!((list.current(), list.latest().len(), list.age()), (Err(TooOld), 2, LIMIT + 1));
    let counts = place.counts();
    assert_eq!(["entries", "age_seconds", "age_limit_seconds"].map(|name| counts[name]), [2, LIMIT + 1, LIMIT]);
    server.usually(Reply::list(OTHER));
    assert_eq!((list.renew().await, list.current().map(|list| list.len())), (Renewal::New, Ok(3)));
    let counts = place.counts();
    assert_eq!(["entries", "age_seconds"].map(|name| counts[name]), [3, 0]);
}

/// What the server calls a list comes back to it, and 304 says that the list is still that one (RFC 9110 §13.1).
#[tokio::test]
async fn a_list_that_is_the_same_is_not_sent_again() {
    let place = Place::new();
    let named = |tag: &str| vec![("etag", format!("\"{tag}\"")), ("last-modified", "yesterday".to_owned())];
    let server = ListServer::start(Reply::status(304)).await;
    server.then(Reply::Is(200, named("one"), LIST.to_owned()));
    let list = place.open(&from_server(&server)).await.unwrap();
    place.hands.advance(1000);
    assert_eq!((list.renew().await, list.age(), serials(&list)), (Renewal::Same, 0, vec!["a1", "b2"]));
    server.then(Reply::Is(200, named("two"), OTHER.to_owned()));
    assert_eq!((list.renew().await, list.renew().await), (Renewal::New, Renewal::Same));
    let asked = server.requests();
    let conditions = asked.iter().map(|head| {
        ["if-none-match: \"one\"", "if-none-match: \"two\"", "if-modified-since: yesterday"]
            .map(|field| head.contains(field))
    });
    let [none, one, two] = [[false; 3], [true, false, true], [false, true, true]];
    assert_eq!(conditions.collect::<Vec<_>>(), [none, one, one, two]);
    assert!(asked.iter().all(|head| head.starts_with("get /attestation/status http/1.1\r\n")), "{asked:?}");
    // A 304 does not make up for what was refused in between.
    server.then(Reply::Is(200, named("three"), "{}".to_owned()));
    assert_eq!(
        (list.renew().await, list.renew().await, serials(&list)),
        (Renewal::Failed, Renewal::Same, vec!["a1", "c3", "d4"])
    );
    assert!(server.requests().last().unwrap().contains("if-none-match: \"two\""));
}

/// A cache on the way may have had the list for a while (RFC 9111 §5.1).
#[tokio::test]
async fn the_time_in_a_cache_counts() {
    let place = Place::new();
    let cached =
        |age: &str| Reply::Is(200, vec![("age", age.to_owned()), ("etag", "\"x\"".to_owned())], LIST.to_owned());
    let server = ListServer::start(cached("3600")).await;
    let list = place.open(&from_server(&server)).await.unwrap();
    assert_eq!(list.age(), 3600);
    for (age, expected) in [("0", 0), ("-5", 0), ("soon", 0), ("99999999999999999999", 0), ("259200", LIMIT)] {
        server.then(cached(age));
        assert_eq!(place.open(&from_server(&server)).await.unwrap().age(), expected, "{age}");
    }
    server.then(Reply::Is(304, vec![("age", "60".to_owned())], String::new()));
    assert_eq!((list.renew().await, list.age()), (Renewal::Same, 60));
    place.hands.advance(2 * LIMIT);
    server.then(cached("259201"));
    assert_eq!((list.renew().await, list.age(), list.current()), (Renewal::Same, LIMIT + 1, Err(TooOld)));
    server.usually(cached("259201"));
    let mistake = place.open(&from_server(&server)).await.err().unwrap();
    assert_eq!(mistake, "revocations: the list is 259201 seconds old, and 259200 are the limit");
}

/// Of caches on the way one may have an older list than another. What was told once is not taken back by it.
#[tokio::test]
async fn what_lags_behind_takes_nothing_back() {
    let (place, scratch) = (Place::new(), Scratch::new("revocations-behind"));
    let copy = scratch.path().join("copy.json");
    let of_age = |age: u64, list: &str| Reply::Is(200, vec![("age", age.to_string())], list.to_owned());
    let server = ListServer::start(of_age(500, LIST)).await;
    let settings = [("url", json!(server.url)), ("copy", json!(copy)), ("timeout_ms", json!(300))];
    let list = place.open(&section("url", &settings)).await.unwrap();
    server.then(of_age(50, OTHER));
    assert_eq!((list.renew().await, list.age()), (Renewal::New, 50));
    for (age, text) in [(51, LIST), (LIMIT, LIST), (51, "{\"entries\": {\"e5\": {}}}")] {
        server.then(of_age(age, text));
        assert_eq!((list.renew().await, list.age()), (Renewal::Same, 50), "{age}");
        assert_eq!((serials(&list), fs::read_to_string(&copy).unwrap().as_str()), (vec!["a1", "c3", "d4"], OTHER));
    }
    // Of the same second it counts; and so it does if it was this machine's clock that was ahead.
    server.then(of_age(50, LIST));
    assert_eq!((list.renew().await, list.age(), serials(&list)), (Renewal::New, 50, vec!["a1", "b2"]));
    place.hands.advance(0_u64.wrapping_sub(10_000));
    server.then(of_age(0, OTHER));
    assert_eq!((list.renew().await, list.age(), serials(&list)), (Renewal::New, 0, vec!["a1", "c3", "d4"]));
}

/// Nobody says of a copy that it is the list of now if it is another one.
#[tokio::test]
async fn a_copy_that_is_another_list_is_not_confirmed() {
    let (place, scratch) = (Place::new(), Scratch::new("revocations-confirm"));
    let copy = scratch.path().join("copy.json");
    let server = ListServer::start(Reply::status(304)).await;
    let named = |tag: &str, list: &str| Reply::Is(200, vec![("etag", format!("\"{tag}\""))], list.to_owned());
    let settings = [("url", json!(server.url)), ("copy", json!(copy)), ("timeout_ms", json!(300))];
    let kept = || {
        let at = fs::metadata(&copy).unwrap().modified().unwrap().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        (fs::read_to_string(&copy).unwrap(), at.as_secs())
    };
    server.then(named("one", LIST));
    let list = place.open(&section("url", &settings)).await.unwrap();
    place.hands.advance(10);

    // A list that cannot be kept: there is no place for it.
    let in_the_way = scratch.path().join("copy.json.new");
    fs::create_dir(&in_the_way).unwrap();
    server.then(named("two", OTHER));
    assert_eq!((list.renew().await, kept()), (Renewal::New, (LIST.to_owned(), NOW)));
    fs::remove_dir(&in_the_way).unwrap();
    place.hands.advance(10);
    // It is asked for as if there were none: that it is the same is no answer.
    assert_eq!((list.renew().await, kept()), (Renewal::Failed, (LIST.to_owned(), NOW)));
    server.then(named("two", OTHER));
    assert_eq!((list.renew().await, kept()), (Renewal::Same, (OTHER.to_owned(), NOW + 20)));
    place.hands.advance(10);
    assert_eq!((list.renew().await, kept()), (Renewal::Same, (OTHER.to_owned(), NOW + 30)));

    // Somebody puts an older one there, or none.
    write(&copy, LIST, NOW - 5000);
    place.hands.advance(10);
    assert_eq!((list.renew().await, kept()), (Renewal::Same, (LIST.to_owned(), NOW - 5000)));
    server.then(named("two", OTHER));
    assert_eq!((list.renew().await, kept()), (Renewal::Same, (OTHER.to_owned(), NOW + 40)));
    fs::remove_file(&copy).unwrap();
    assert_eq!((list.renew().await, copy.exists()), (Renewal::Same, false));
    server.then(named("two", OTHER));
    assert_eq!((list.renew().await, kept()), (Renewal::Same, (OTHER.to_owned(), NOW + 40)));
}

#[tokio::test]
async fn a_copy_is_there_for_the_next_start() {
    let (place, scratch) = (Place::new(), Scratch::new("revocations-copy"));
    let copy = scratch.path().join("copy.json");
    let server = ListServer::start(Reply::list(LIST)).await;
    let settings =
        [("url", json!(server.url)), ("copy", json!(copy)), ("timeout_ms", json!(300)), ("max_bytes", json!(400))];
    let with_copy = section("url", &settings);
    let modified = || {
        let at = fs::metadata(&copy).unwrap().modified().unwrap();
        at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
    };
    let list = place.open(&with_copy).await.unwrap();
    assert_eq!((fs::read_to_string(&copy).unwrap().as_str(), modified()), (LIST, NOW));
    place.hands.advance(50);
    server.then(Reply::Is(200, vec![("etag", "\"x\"".to_owned())], OTHER.to_owned()));
    list.renew().await;
    assert_eq!((fs::read_to_string(&copy).unwrap().as_str(), modified()), (OTHER, NOW + 50));
    place.hands.advance(50);
    server.then(Reply::status(304));
    assert_eq!((list.renew().await, modified()), (Renewal::Same, NOW + 100));
    // What is no list is not kept; that it is the same still is something that this one may be told.
    for (reply, _) in faults().into_iter().filter(|(_, said)| *said != "304") {
        server.then(reply);
        assert_eq!(list.renew().await, Renewal::Failed);
    }
    assert_eq!((fs::read_to_string(&copy).unwrap().as_str(), modified()), (OTHER, NOW + 100));

    // The next start, without the server: as old as it was.
    server.usually(Reply::status(503));
    place.hands.advance(LIMIT - 7);
    let next = place.open(&with_copy).await.unwrap();
    assert_eq!((serials(&next), next.age()), (vec!["a1", "c3", "d4"], LIMIT - 7));
    place.hands.advance(8);
    assert!(next.current().is_err());
    let mistake = place.open(&with_copy).await.err().unwrap();
    assert_eq!(mistake, "revocations: the list is 259201 seconds old, and 259200 are the limit");
    for text in ["", "{", "[]", "{\"entries\": {}}"] {
        write(&copy, text, NOW);
        let mistake = place.open(&with_copy).await.err().unwrap();
        assert!(mistake.starts_with("revocations: there is no list: 503 Service Unavailable; and "), "{mistake}");
        assert!(mistake.contains("copy.json: "), "{mistake}");
    }
    // With the server, whatever the copy is.
    server.usually(Reply::list(LIST));
    assert_eq!(serials(&place.open(&with_copy).await.unwrap()), ["a1", "b2"]);
    assert_eq!(fs::read_to_string(&copy).unwrap(), LIST);
}

#[tokio::test]
async fn a_file_is_as_old_as_its_time_says() {
    let (place, scratch) = (Place::new(), Scratch::new("revocations-file"));
    let path = scratch.path().join("status.json");
    let mistake = place.open(&from_file(&path)).await.err().unwrap();
    assert!(mistake.starts_with("revocations: there is no list: ") && mistake.contains("status.json: "), "{mistake}");
    let long = format!("{LIST}{}", " ".repeat(401 - LIST.len()));
    for (text, at, expected) in [
        ("{", NOW, "status.json: this is no JSON: line 1, column 1"),
        ("{\"entries\": {}}", NOW, "status.json: entries: there is none"),
        (&*long, NOW, "status.json: more than 400 bytes"),
        (LIST, NOW + 61, "status.json: its time of modification is yet to come"),
        (LIST, NOW - LIMIT - 1, "revocations: the list is 259201 seconds old, and 259200 are the limit"),
        (LIST, 0, "revocations: the list is 1790000000 seconds old"),
    ] {
        write(&path, text, at);
        let mistake = place.open(&from_file(&path)).await.err().unwrap();
        assert!(mistake.contains(expected), "{mistake}");
    }
    write(&path, LIST, NOW - LIMIT);
    let list = place.open(&from_file(&path)).await.unwrap();
    assert_eq!((list.current().map(|list| list.len()), list.age()), (Ok(2), LIMIT));
    assert_eq!(list.renew().await, Renewal::Same);
    place.hands.advance(1);
    assert_eq!(list.current(), Err(TooOld));
    // Whoever has compared it with the server's may say so.
    set_time(&path, NOW);
    assert_eq!((list.renew().await, list.age(), list.current().is_ok()), (Renewal::Same, 1, true));
    write(&path, OTHER, NOW + 60);
    assert_eq!((list.renew().await, serials(&list), list.age()), (Renewal::New, vec!["a1", "c3", "d4"], 0));
    // What is wrong changes nothing, however often it is read.
    for (text, at) in [("{", NOW), ("{\"entries\": {}}", NOW), (&*long, NOW), (LIST, NOW + 100)] {
        write(&path, text, at);
        for _ in 0..2 {
            assert_eq!((list.renew().await, serials(&list)), (Renewal::Failed, vec!["a1", "c3", "d4"]), "{text}");
        }
    }
    fs::remove_file(&path).unwrap();
    assert_eq!((list.renew().await, list.current().map(|list| list.len())), (Renewal::Failed, Ok(3)));
    write(&path, LIST, NOW);
    assert_eq!((list.renew().await, serials(&list)), (Renewal::New, vec!["a1", "b2"]));
}

/// A file that gives no answer holds up nobody but those who ask for the list.
#[tokio::test]
async fn a_file_that_hangs_holds_up_nothing_else() {
    let (place, scratch) = (Place::new(), Scratch::new("revocations-hang"));
    let path = scratch.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let writer = path.clone();
    let writer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(2));
        drop(File::options().write(true).open(writer).unwrap());
    });
    let opened = tokio::time::timeout(Duration::from_millis(100), place.open(&from_file(&path))).await;
    assert!(opened.is_err(), "this one thread went on");
    writer.join().unwrap();
}

/// Whoever has a list has the whole of one.
#[tokio::test(flavor = "multi_thread")]
async fn lists_are_exchanged_as_a_whole() {
    let (place, scratch) = (Place::new(), Scratch::new("revocations-exchange"));
    let path = scratch.path().join("status.json");
    let list_of = |mark: char| {
        let entries = (0..500).map(|n| format!("\"{mark}{n:x}\": {{\"status\": \"REVOKED\"}}")).collect::<Vec<_>>();
        format!("{{\"entries\": {{{}}}}}", entries.join(","))
    };
    let [a, b] = ['a', 'b'].map(list_of);
    write(&path, &a, NOW);
    let list = place.open(&section("file", &[("path", json!(path))])).await.unwrap();
    let (stop, shared) = (Arc::new(AtomicBool::new(false)), Arc::clone(&list));
    let stopped = Arc::clone(&stop);
    let reader = std::thread::spawn(move || {
        let mut seen = [0_u64; 2];
        while !stopped.load(Ordering::Relaxed) {
            let list = shared.current().unwrap();
            assert_eq!(list.len(), 500);
            let of_a = list.get("a0").is_some();
            assert!((0..500).all(|n| list.get(&format!("a{n:x}")).is_some() == of_a));
            assert!((0..500).all(|n| list.get(&format!("b{n:x}")).is_some() != of_a));
            seen[usize::from(of_a)] += 1;
        }
        seen
    });
    for round in 0..60 {
        write(&path, if round % 2 == 0 { &b } else { &a }, NOW);
        assert_eq!(list.renew().await, Renewal::New);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    stop.store(true, Ordering::Relaxed);
    assert!(reader.join().unwrap().iter().all(|seen| *seen > 0));
}

#[tokio::test]
async fn whoever_watches_is_told() {
    let place = Place::new();
    let server = ListServer::start(Reply::list(LIST)).await;
    let list = place.open(&from_server(&server)).await.unwrap();
    let mut watch = place.metrics.events.watch().unwrap();
    server.then(Reply::list(LIST));
    list.renew().await;
    place.hands.advance(1);
    server.then(Reply::list(OTHER));
    list.renew().await;
    server.then(Reply::status(500));
    list.renew().await;
    let mut lines = Vec::new();
    for _ in 0..3 {
        lines.push(serde_json::from_str::<Value>(&watch.next().await.unwrap()).unwrap());
    }
    let at = genuine_gateway::platform::date(genuine::UnixMillis((NOW + 1) * 1000));
    assert_eq!(
        lines,
        [
            json!({ "kind": "beat" }),
            json!({ "kind": "revocations", "at": at, "outcome": "new", "entries": 3, "added": 2, "removed": 1 }),
            json!({ "kind": "revocations", "at": at, "outcome": "failed", "entries": 3, "added": 0, "removed": 0 }),
        ]
    );
}

#[tokio::test]
async fn without_a_list_by_ones_own_word_nothing_is_looked_up() {
    let place = Place::new();
    let list = place.open(&section("none", &[])).await.unwrap();
    place.hands.advance(10 * LIMIT);
    assert_eq!((list.current().map(|list| list.len()), list.age(), list.renew().await), (Ok(0), 0, Renewal::Same));
}

fn load(text: &str) -> Result<Config, Vec<String>> {
    Config::load(Some(&format!("{text}\n{FILE}")), std::iter::empty()).map_err(|mistakes| mistakes.0)
}

#[test]
fn every_setting_has_its_bounds() {
    let scratch = Scratch::new("revocations-settings");
    let path = scratch.path().join("status.json");
    fs::write(&path, LIST).unwrap();
    let file = format!("[revocations]\nkind = \"file\"\npath = {path:?}\n");
    for text in [
        "",
        "[revocations]\nkind = \"none\"",
        "[revocations]\nkind = \"url\"",
        "[revocations]\nkind = \"url\"\nurl = \"http://localhost:1/x\"\nrefresh_seconds = 1\nage_limit_seconds = 2\n\
         timeout_ms = 1\nmax_bytes = 1\ncopy = \"x\"",
        "[revocations]\nkind = \"url\"\nrefresh_seconds = 86400\nage_limit_seconds = 2678400\ntimeout_ms = 60000\n\
         max_bytes = 67108864",
        &file,
    ] {
        load(text).unwrap_or_else(|mistakes| panic!("{text}: {mistakes:?}"));
    }
    assert!(load("").unwrap().revocations.is_none());
    let Some(Section::Url { url, refresh_seconds, timeout_ms, copy, age_limit_seconds, max_bytes }) =
        load("[revocations]\nkind = \"url\"").unwrap().revocations
    else {
        panic!("another kind")
    };
    assert_eq!(url, "https://android.googleapis.com/attestation/status");
    assert_eq!((refresh_seconds, timeout_ms, copy), (3600, 10_000, None));
    assert_eq!((age_limit_seconds, max_bytes), (259_200, 8 << 20));
    let server = "[revocations]\nkind = \"url\"\n";
    for (text, expected) in [
        ("[revocations]".to_owned(), "missing field `kind`"),
        ("[revocations]\nkind = \"off\"".to_owned(), "unknown variant `off`"),
        ("[revocations]\nkind = \"none\"\npath = \"x\"".to_owned(), "unknown field `path`"),
        ("[revocations]\nkind = \"file\"".to_owned(), "missing field `path`"),
        ("[revocations]\nkind = \"file\"\npath = \"/nowhere\"".to_owned(), "revocations.path: /nowhere: "),
        (format!("{file}refresh_seconds = 5"), "unknown field `refresh_seconds`"),
        (format!("{file}age_limit_seconds = 0"), "revocations.age_limit_seconds: from 1 to 2678400"),
        (format!("{file}age_limit_seconds = 2678401"), "revocations.age_limit_seconds: from 1 to 2678400"),
        (format!("{file}max_bytes = 0"), "revocations.max_bytes: from 1 to 67108864"),
        (format!("{file}max_bytes = 67108865"), "revocations.max_bytes: from 1 to 67108864"),
        (format!("{server}url = \"http://example.com/\""), "revocations.url: https://HOST/PATH"),
        (format!("{server}url = \"https://x.example/?key=secret\""), "revocations.url: https://HOST/PATH"),
        (format!("{server}refresh_seconds = 0"), "revocations.refresh_seconds: from 1 to 86400"),
        (format!("{server}refresh_seconds = 86401"), "revocations.refresh_seconds: from 1 to 86400"),
        (format!("{server}timeout_ms = 0"), "revocations.timeout_ms: from 1 to 60000"),
        (format!("{server}timeout_ms = 60001"), "revocations.timeout_ms: from 1 to 60000"),
        (format!("{server}copy = \"/\""), "revocations.copy: a file"),
        (format!("{server}age_limit_seconds = 3600"), "revocations.age_limit_seconds: more than refresh_seconds"),
    ] {
        let mistakes = load(&text).expect_err(&text);
        assert_eq!(mistakes.len(), 1, "{text}: {mistakes:?}");
        assert!(mistakes[0].contains(expected) && !mistakes[0].contains("secret"), "{text}: {mistakes:?}");
    }
}

fn gateway(scratch: &Scratch, section: &str) -> Command {
    let path = scratch.path().join("gateway.toml");
    let settings = "listen = \"127.0.0.1:0\"\noperator_listen = \"127.0.0.1:0\"\n[store]\nkind = \"memory\"\n";
    fs::write(&path, format!("{settings}{section}{FILE}")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_genuine-gateway"));
    command.env_clear().arg("--config").arg(path);
    command
}

async fn entries_of(server: &Server) -> u64 {
    let text = reqwest::get(format!("{}/metrics", server.operator)).await.unwrap().text().await.unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("genuine_revocations_entries ")).unwrap();
    line.parse().unwrap()
}

async fn until_entries(server: &Server, expected: u64) {
    for _ in 0..100 {
        if entries_of(server).await == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{} entries, and not {expected}", entries_of(server).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hang_up_reads_the_file_again() {
    let scratch = Scratch::new("revocations-hang-up");
    let path = scratch.path().join("status.json");
    fs::write(&path, LIST).unwrap();
    let section = format!("[revocations]\nkind = \"file\"\npath = {path:?}\n");
    let server = Server::run(&mut gateway(&scratch, &section));
    assert_eq!(entries_of(&server).await, 2);
    fs::write(&path, OTHER).unwrap();
    server.signal("-HUP");
    until_entries(&server, 3).await;
    fs::write(&path, "{").unwrap();
    server.signal("-HUP");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(entries_of(&server).await, 3);
    server.signal("-TERM");
    let (code, log) = server.end();
    assert_eq!(code, Some(0));
    for line in [
        "revocations: the list was read entries=2",
        "revocations: the list has changed entries=3 added=2 removed=1",
        "revocations: the list stays as it was: ",
        "SIGHUP: the list of revoked attestation keys was asked for came=\"failed\"",
    ] {
        assert!(log.contains(line), "{line}: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_asked_again_and_again() {
    let (scratch, lists) = (Scratch::new("revocations-again"), ListServer::start(Reply::list(LIST)).await);
    let mut section = format!("[revocations]\nkind = \"url\"\nurl = \"{}\"\nrefresh_seconds = 1\n", lists.url);
    writeln!(section, "timeout_ms = 1000").unwrap();
    let server = Server::run(&mut gateway(&scratch, &section));
    assert_eq!(entries_of(&server).await, 2);
    lists.then(Reply::status(500));
    lists.usually(Reply::list(OTHER));
    until_entries(&server, 3).await;
    assert!(lists.requests().len() >= 3);
}

/// `--check` says of a file what a start would, and asks no server.
#[tokio::test(flavor = "multi_thread")]
async fn a_check_reads_the_file_and_asks_no_server() {
    let scratch = Scratch::new("revocations-check");
    let run = async |section: &str| {
        let mut command = gateway(&scratch, section);
        command.arg("--check");
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let [said, shown] = [output.stderr, output.stdout].map(|text| String::from_utf8(text).unwrap());
        assert_eq!(shown.is_empty(), !output.status.success(), "{shown}");
        (output.status.code(), said)
    };
    let path = scratch.path().join("status.json");
    let section =
        format!("[revocations]\nkind = \"file\"\npath = {path:?}\nage_limit_seconds = 3600\nmax_bytes = 400\n");
    let long = format!("{LIST}{}", " ".repeat(401 - LIST.len()));
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    for (text, at, expected) in [
        (LIST, now, None),
        (LIST, now - 3000, None),
        (LIST, now - 4000, Some("seconds old, and 3600 are the limit")),
        (LIST, now + 4000, Some("its time of modification is yet to come")),
        ("[]", now, Some("expected an object with the member entries")),
        (&long, now, Some("more than 400 bytes")),
    ] {
        write(&path, text, at);
        let (code, said) = run(&section).await;
        assert_eq!(code, Some(if expected.is_some() { 2 } else { 0 }), "{text}: {said}");
        let is_said = |expected| said.starts_with("error: revocations: ") && said.contains(expected);
        assert!(expected.map_or(said.is_empty(), is_said), "{text}: {said}");
    }
    let lists = ListServer::start(Reply::status(404)).await;
    let section = format!("[revocations]\nkind = \"url\"\nurl = \"{}\"\n", lists.url);
    assert_eq!(run(&section).await, (Some(0), String::new()));
    assert_eq!(lists.requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_does_not_start_without_a_list() {
    let scratch = Scratch::new("revocations-start");
    let run = async |section: &str| -> Output {
        let mut command = gateway(&scratch, section);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    };
    let path = scratch.path().join("status.json");
    fs::write(&path, "[]").unwrap();
    let lists = ListServer::start(Reply::status(404)).await;
    for (section, expected) in [
        (format!("[revocations]\nkind = \"file\"\npath = {path:?}\n"), "expected an object with the member entries"),
        (format!("[revocations]\nkind = \"url\"\nurl = \"{}\"\n", lists.url), "there is no list: 404 Not Found"),
    ] {
        let output = run(&section).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && output.stdout.is_empty(), "{said}");
        assert!(said.contains("error: revocations: there is no list: ") && said.contains(expected), "{said}");
    }
}
