//! How often an order is executed: the Kotlin before a small server that plays gateway, proxy and service, counts the orders that it
//! executes, and answers them as it is told.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

use crate::{
    kotlin::{Jvm, program},
    support::AUTHORITY,
};

/// What is answered to an order.
#[derive(Clone, Debug)]
enum Told {
    /// The gateway refuses it: headers and body. Nothing is executed.
    Refused(u16, String, String),
    /// The service executes it, and fails: headers and body.
    Executed(u16, String, String),
    /// The service executes it, and the connection ends.
    Silence,
}

#[derive(Default)]
struct Seen {
    /// What is still to be answered. After it, each order is executed, and answered with 200.
    told: Vec<Told>,
    proofs: Vec<String>,
    executed: usize,
    registrations: usize,
}

const JSON: &str = "Content-Type: application/json\r\n";
const PROBLEM: &str = "Content-Type: application/problem+json; charset=utf-8\r\n";

/// The header `Date`, so many seconds from now.
fn date(ahead: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let date = OffsetDateTime::from_unix_timestamp(now.cast_signed() + ahead).unwrap();
    format!("Date: {}\r\n", date.format(&Rfc2822).unwrap().replace("+0000", "GMT"))
}

/// A refusal as the gateway makes it.
fn problem(status: u16, code: &str, retryable: bool) -> Value {
    json!({ "type": "about:blank", "title": "…", "status": status, "code": code, "retryable": retryable })
}

impl Told {
    fn refused(status: u16, code: &str) -> Self {
        Self::Refused(status, format!("{PROBLEM}{}", date(0)), problem(status, code, true).to_string())
    }
}

/// A gateway whose challenges, registrations and tokens are good, and a service that takes orders.
struct Shop {
    address: String,
    seen: Arc<Mutex<Seen>>,
}

impl Shop {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = Arc::clone(&seen);
        thread::spawn(move || {
            for connection in listener.incoming() {
                serve(connection.unwrap(), &shared);
            }
        });
        Self { address, seen }
    }

    /// Has a new app send a request: how it ended, how often an order was executed, and how many keys were registered.
    fn send(program: &str, transport: &str, request: &str, told: &[Told]) -> (String, usize, usize) {
        let shop = Self::open();
        let mut app = shop.app(program, transport);
        shop.have(&mut app, request, told)
    }

    fn app(&self, program: &str, transport: &str) -> Jvm {
        Jvm::start(program, &[transport, &self.address, AUTHORITY, "shop"])
    }

    /// The same, of an app that is there.
    fn have(&self, app: &mut Jvm, request: &str, told: &[Told]) -> (String, usize, usize) {
        *self.seen.lock().unwrap() = Seen { told: told.to_vec(), ..Seen::default() };
        app.tell(request);
        let end = app.read_until_the_end();
        let seen = self.seen.lock().unwrap();
        (end, seen.executed, seen.registrations)
    }
}

/// Answers one request.
fn serve(mut connection: TcpStream, seen: &Mutex<Seen>) {
    let mut reader = BufReader::new(connection.try_clone().unwrap());
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or_default() == 0 {
            return;
        }
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let header = |name: &str| {
        let found = head.iter().filter_map(|line| line.split_once(": "));
        found.clone().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let length = header("content-length").map_or(0, |length| length.parse().unwrap());
    reader.read_exact(&mut vec![0; length]).unwrap();
    let mut seen = seen.lock().unwrap();
    let good = |body: Value| (200, format!("{JSON}{}", date(0)), body.to_string());
    let (status, headers, body) = match head[0].split(' ').nth(1).unwrap() {
        "/challenges" => good(json!({ "challenge": "c" })),
        "/devices" => {
            seen.registrations += 1;
            good(json!({ "registered": true }))
        }
        "/tokens" => good(json!({ "access_token": "T", "token_type": "DPoP", "expires_in": 600 })),
        _ => {
            let proof = header("dpop").unwrap();
            let told = if seen.proofs.contains(&proof) {
                Told::refused(401, "proof_rejected")
            } else {
                let good = Told::Executed(200, JSON.to_owned(), "{}".to_owned());
                if seen.told.is_empty() { good } else { seen.told.remove(0) }
            };
            seen.proofs.push(proof);
            seen.executed += usize::from(!matches!(told, Told::Refused(..)));
            match told {
                Told::Refused(status, headers, body) | Told::Executed(status, headers, body) => (status, headers, body),
                Told::Silence => return,
            }
        }
    };
    drop(seen);
    let length = body.len();
    let _ = write!(
        connection,
        "HTTP/1.1 {status} -\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
}

/// What the service answers is the app's, whatever is in it: the order is executed once, and no key is thrown away.
#[test]
fn an_order_that_the_service_has_failed_is_not_repeated() {
    let Some(program) = program() else { return };
    let with = |status: u16, members: &[(&str, Value)]| {
        let mut body = problem(status, "unavailable", true);
        for (name, value) in members {
            body[name] = value.clone();
        }
        body.to_string()
    };
    let without = |name: &str| {
        let mut body = problem(503, "unavailable", true);
        body.as_object_mut().unwrap().remove(name);
        body.to_string()
    };
    let twice = with(503, &[]).replacen('{', r#"{"code":"db_down","#, 1);
    let cases = [
        (500, JSON, json!({ "code": "db_down" }).to_string()),
        (503, JSON, json!({ "error": { "code": "E17" } }).to_string()),
        (503, PROBLEM, json!({ "error": problem(503, "unavailable", true) }).to_string()),
        (503, PROBLEM, json!([problem(503, "unavailable", true)]).to_string()),
        (401, JSON, json!({ "error": { "code": "rejected" } }).to_string()),
        (401, PROBLEM, json!({ "error": problem(401, "rejected", false) }).to_string()),
        (401, JSON, problem(401, "rejected", false).to_string()),
        (503, JSON, with(503, &[])),
        (503, PROBLEM, with(500, &[])),
        (503, PROBLEM, with(503, &[("status", "503".into())])),
        (503, PROBLEM, with(503, &[("type", "https://shop.example.com/problems/db".into())])),
        (503, PROBLEM, with(503, &[("retryable", "true".into())])),
        (503, PROBLEM, with(503, &[("code", 17.into())])),
        (503, PROBLEM, without("type")),
        (503, PROBLEM, without("title")),
        (503, PROBLEM, without("status")),
        (503, PROBLEM, without("retryable")),
        (503, PROBLEM, twice),
        (503, PROBLEM, format!("{} and more", with(503, &[]))),
        (500, "", "oops".to_owned()),
    ];
    let shop = Shop::open();
    let mut app = shop.app(program, "app-on-jdk");
    assert_eq!(shop.have(&mut app, "POST /orders", &[]), ("outcome 200 - - false".to_owned(), 1, 1));
    for (status, headers, body) in cases {
        let told = vec![Told::Executed(status, headers.to_owned(), body); 3];
        let end = shop.have(&mut app, "POST /orders", &told);
        assert_eq!(end, (format!("outcome {status} - - false"), 1, 0), "{told:?}");
    }
}

/// A code that the table does not know may be one of the service, which has the same form of its own: it is waited for with what
/// may be repeated alone.
#[test]
fn an_unknown_code_repeats_no_order() {
    let Some(program) = program() else { return };
    let told = [Told::Executed(500, PROBLEM.to_owned(), problem(500, "db_down", true).to_string())];
    let end = Shop::send(program, "app-on-jdk", "POST /orders", &told);
    assert_eq!(end, ("outcome 500 db_down GIVE_UP false".to_owned(), 1, 1));
    assert_eq!(Shop::send(program, "app-on-jdk", "GET /orders", &told), ("outcome 200 - - false".to_owned(), 2, 1));
}

/// An order that the gateway has refused has not reached the service. It is sent again, as the table says, and executed once.
#[test]
fn an_order_that_the_gateway_has_refused_is_sent_again() {
    let Some(program) = program() else { return };
    let header =
        |status, code| format!("X-Genuine-Problem: {}\r\n", problem(status, code, true).to_string().replace('…', "-"));
    let told = [
        (Told::refused(503, "unavailable"), 0),
        (Told::refused(429, "rate_limited"), 0),
        (Told::refused(401, "token_rejected"), 0),
        (Told::refused(408, "timeout"), 0),
        (Told::refused(401, "rejected"), 1),
        // From a proxy that drops bodies.
        (Told::Refused(503, header(503, "unavailable"), String::new()), 0),
        (Told::Refused(401, header(401, "rejected"), "<html>".to_owned()), 1),
    ];
    let shop = Shop::open();
    let mut app = shop.app(program, "app-on-jdk");
    assert_eq!(shop.have(&mut app, "POST /orders", &[]), ("outcome 200 - - false".to_owned(), 1, 1));
    for (told, registrations) in told {
        let end = shop.have(&mut app, "POST /orders", std::slice::from_ref(&told));
        assert_eq!(end, ("outcome 200 - - false".to_owned(), 1, registrations), "{told:?}");
    }
}

/// Over Android's connections, which send again by themselves what they have kept.
#[test]
fn an_order_without_an_answer_is_sent_once() {
    let Some(program) = program() else { return };
    for transport in ["app", "app-on-jdk"] {
        let end = Shop::send(program, transport, "POST /orders", &[Told::Silence]);
        assert_eq!(end, ("unknown".to_owned(), 1, 1), "{transport}");
    }
    // What may be repeated comes through.
    assert_eq!(Shop::send(program, "app", "GET /orders", &[Told::Silence]), ("outcome 200 - - false".to_owned(), 2, 1));
}

/// A proof that was refused though the clock is right may have arrived before: something on the way has sent it twice. Another
/// proof would have the order executed twice. Where the clock is wrong, that is the reason.
#[test]
fn a_new_proof_is_made_for_an_order_where_the_clock_was_wrong() {
    let Some(program) = program() else { return };
    let refused = |date: String| {
        [Told::Refused(401, format!("{PROBLEM}{date}"), problem(401, "proof_rejected", true).to_string())]
    };
    for date in [date(0), date(40), date(-40), String::new()] {
        let end = Shop::send(program, "app-on-jdk", "POST /orders", &refused(date.clone()));
        assert_eq!(end, ("outcome 401 proof_rejected CHECK_OUTCOME false".to_owned(), 0, 1), "{date}");
    }
    for date in [date(4000), date(-4000)] {
        let end = Shop::send(program, "app-on-jdk", "POST /orders", &refused(date.clone()));
        assert_eq!(end, ("outcome 200 - - false".to_owned(), 1, 1), "{date}");
    }
    // What may be repeated is.
    let end = Shop::send(program, "app-on-jdk", "GET /orders", &refused(date(0)));
    assert_eq!(end, ("outcome 200 - - false".to_owned(), 1, 1));
}

/// A key that the Keystore has invalidated is replaced, once.
#[test]
fn a_key_that_is_lost_is_replaced() {
    let Some(program) = program() else { return };
    let shop = Shop::open();
    let mut app = shop.app(program, "app");
    for _ in 0..2 {
        assert_eq!(shop.have(&mut app, "POST /orders", &[]), ("outcome 200 - - false".to_owned(), 1, 1));
        assert_eq!(shop.have(&mut app, "POST /orders", &[]), ("outcome 200 - - false".to_owned(), 1, 0));
        app.tell("invalidate it");
    }
    app.tell("refuse keys");
    app.tell("POST /orders");
    assert_eq!(app.read_until_the_end(), "lost");
}

/// A service that says of something of its own that it is not registered says nothing of the device.
#[test]
fn what_the_service_says_of_registrations_is_its_own() {
    let Some(program) = program() else { return };
    let told = [Told::Executed(200, JSON.to_owned(), r#"{"registered":false}"#.to_owned())];
    assert_eq!(Shop::send(program, "app", "GET /guests", &told), ("outcome 200 - - false".to_owned(), 1, 1));
}
