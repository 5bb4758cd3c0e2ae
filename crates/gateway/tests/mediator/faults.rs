//! What a real provider does not show: it hangs, breaks off, answers too much or something else. The gateway's secret and the
//! provider's words stay where they are.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use genuine_gateway::config::{ClientAuthentication, MediatorProvider};
use genuine_testvectors::Device;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::{
    CLIENT_ID, CLIENT_SECRET, Place, authorize, error, exchange, location, oidc::query, parameters, provider, renew,
    support::Answer, text,
};

/// What nobody but provider and gateway may see.
const WORDS: &str = "hunter2";

/// A provider that answers what it is told to.
struct Fake {
    address: String,
    answers: Arc<Mutex<Vec<u8>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (answers, requests) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
        let fake = Self { address, answers: Arc::clone(&answers), requests: Arc::clone(&requests) };
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, answers.lock().unwrap().clone(), Arc::clone(&requests)));
            }
        });
        fake
    }

    /// From now on this, and then the end of the connection. Of nothing, the connection stays as it is.
    fn answer(&self, octets: &[u8]) {
        octets.clone_into(&mut self.answers.lock().unwrap());
    }

    fn answer_json(&self, status: &str, body: &str) {
        self.answer(&http(status, "application/json", body));
    }

    fn last_request(&self) -> String {
        self.requests.lock().unwrap().last().unwrap().clone()
    }

    fn settings(&self) -> MediatorProvider {
        MediatorProvider { timeout_ms: 1500, issuer_in_response: false, ..provider("fake", &self.address) }
    }
}

async fn serve(mut stream: TcpStream, answer: Vec<u8>, requests: Arc<Mutex<Vec<String>>>) {
    let mut request = Vec::new();
    let is_whole = |request: &[u8]| {
        let text = String::from_utf8_lossy(request).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()).unwrap_or("0");
        body.len() >= length.parse::<usize>().unwrap()
    };
    while !is_whole(&request) {
        let mut room = [0; 4096];
        match stream.read(&mut room).await {
            Ok(read) if read > 0 => request.extend(&room[..read]),
            _ => return,
        }
    }
    requests.lock().unwrap().push(String::from_utf8(request).unwrap());
    if answer.is_empty() {
        tokio::time::sleep(Duration::from_secs(30)).await;
    }
    let _ = stream.write_all(&answer).await;
}

fn http(status: &str, media_type: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {media_type}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

/// A gateway whose one provider is the fake one, and a device.
async fn place(settings: MediatorProvider) -> (Place, Device) {
    let place = Place::new(vec![settings]);
    let alice = place.registered("alice").await;
    (place, alice)
}

/// A code, as after a login: what the provider's code is, it alone would know.
async fn code(place: &Place) -> String {
    let begun = location(&place.browse(&authorize(&[("provider", "fake")])).await);
    let back = parameters(&[("state", &query(&begun)["state"]), ("code", "c+o/d=e")], &[]);
    query(&location(&place.browse(&format!("/oauth/callback/fake?{back}")).await))["code"].clone()
}

async fn shown(place: &Place, alice: &mut Device) -> Answer {
    let code = code(place).await;
    place.ask(alice, &exchange(&code, &[])).await
}

const GOOD: &str = r#"{"access_token":"a","token_type":"Bearer","expires_in":60,"scope":"openid","refresh_token":"r+1","more":"hunter2"}"#;

#[tokio::test]
async fn r85_the_secret_is_shown_to_the_provider_as_it_is_configured() {
    let fake = Fake::start().await;
    fake.answer_json("200 OK", GOOD);
    for authentication in [ClientAuthentication::Basic, ClientAuthentication::Post] {
        let (place, mut alice) =
            place(MediatorProvider { client_authentication: authentication, ..fake.settings() }).await;
        let answer = shown(&place, &mut alice).await;
        let tokens = answer.json();
        assert_eq!((answer.status, text(&tokens, "access_token"), text(&tokens, "scope")), (200, "a", "openid"));
        assert!(!tokens.to_string().contains(WORDS), "what the gateway does not know stays here: {tokens}");
        let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let secret = encoded(&format!("{CLIENT_SECRET}-fake"));
        let request = fake.last_request();
        assert!(request.starts_with("POST /token HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("code=c%2Bo%2Fd%3De") && request.contains("grant_type=authorization_code"));
        let basic = BASE64_STANDARD.encode(format!("{}:{secret}", encoded(CLIENT_ID)));
        let is_basic = authentication == ClientAuthentication::Basic;
        assert_eq!(request.contains(&format!("Basic {basic}")), is_basic, "{request}");
        assert_eq!(request.contains(&format!("client_secret={secret}")), !is_basic, "{request}");
        // A refresh token that the provider does not replace goes on being shown.
        fake.answer_json("200 OK", r#"{"access_token":"b","token_type":"Bearer"}"#);
        let answer = place.ask(&mut alice, &renew(text(&tokens, "refresh_token"), &[])).await.json();
        assert!(fake.last_request().contains("refresh_token=r%2B1"), "{}", fake.last_request());
        assert_eq!(place.ask(&mut alice, &renew(text(&answer, "refresh_token"), &[])).await.status, 200);
        fake.answer_json("200 OK", GOOD);
    }
}

#[tokio::test]
async fn each_answer_of_a_provider_has_its_own() {
    let fake = Fake::start().await;
    let (place, mut alice) = place(fake.settings()).await;
    let huge = format!(r#"{{"access_token":"{}","token_type":"Bearer"}}"#, "a".repeat(65_536));
    let long = format!(r#"{{"access_token":"a","token_type":"Bearer","refresh_token":"{}"}}"#, "r".repeat(4097));
    let told = |error: &str| format!(r#"{{"error":"{error}","error_description":"{WORDS}","error_uri":"{WORDS}"}}"#);
    let json = |status: &str, body: &str| http(status, "application/json", body);
    let html = format!("<html>{WORDS}</html>");
    let unavailable = ("provider_unavailable", "ProviderUnavailable", "unavailable");
    let unreadable = ("provider_unavailable", "ProviderAnswer", "unreadable");
    let misconfigured = ("provider_unavailable", "ProviderMisconfigured", "misconfigured");
    let refused = ("invalid_grant", "GrantRefused", "refused");
    for (octets, expected) in [
        (Vec::new(), unavailable),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"access_token\":".to_vec(), unreadable),
        (b"hunter2\r\n\r\n".to_vec(), unavailable),
        (http("200 OK", "text/html", &html), unreadable),
        (json("200 OK", &huge), unreadable),
        (json("200 OK", &long), unreadable),
        (json("200 OK", "{}"), unreadable),
        (json("200 OK", r#"{"access_token":"","token_type":"Bearer"}"#), unreadable),
        (json("200 OK", r#"{"access_token":"a"}"#), unreadable),
        (json("200 OK", &told("invalid_grant")), refused),
        (json("200 OK", &told("bad_verification_code")), refused),
        (json("200 OK", &told("invalid_client")), misconfigured),
        (json("400 Bad Request", &told("invalid_grant")), refused),
        (json("401 Unauthorized", &told("invalid_client")), misconfigured),
        (json("400 Bad Request", &told("invalid_client")), misconfigured),
        (json("400 Bad Request", &told("unauthorized_client")), misconfigured),
        (json("403 Forbidden", &told("hunter2")), unreadable),
        (http("400 Bad Request", "text/html", &html), unreadable),
        (json("429 Too Many Requests", &told("slow_down")), unavailable),
        (json("500 Internal Server Error", &told("hunter2")), unavailable),
        (json("503 Service Unavailable", ""), unavailable),
        (
            b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/hunter2\r\ncontent-length: 0\r\n\r\n".to_vec(),
            unreadable,
        ),
    ] {
        fake.answer(&octets);
        let (code, reason, outcome) = expected;
        let shape = String::from_utf8_lossy(&octets[..octets.len().min(120)]).into_owned();
        let refusals = place.gate.metrics.refusals(reason);
        let exchanges = place.exchanges(["fake", "authorization_code", outcome]);
        let start = Instant::now();
        let answer = shown(&place, &mut alice).await;
        assert!(start.elapsed() < Duration::from_secs(8), "{shape}");
        assert!(!String::from_utf8_lossy(&answer.body).contains(WORDS), "{shape}");
        if answer.status == 503 {
            assert_eq!((&*answer.code(), answer.headers.contains_key("retry-after")), (code, true), "{shape}");
        } else {
            assert_eq!(error(&answer), code, "{shape}");
        }
        assert_eq!(place.gate.metrics.refusals(reason), refusals + 1, "{shape}");
        assert_eq!(place.exchanges(["fake", "authorization_code", outcome]), exchanges + 1, "{shape}");
    }
}

#[tokio::test]
async fn whatever_a_provider_answers_a_refresh_token_stays_good_until_it_has_given_another() {
    let fake = Fake::start().await;
    let (place, mut alice) = place(fake.settings()).await;
    fake.answer_json("200 OK", GOOD);
    let token = text(&shown(&place, &mut alice).await.json(), "refresh_token").to_owned();
    for octets in [
        Vec::new(),
        http("200 OK", "text/html", "<html></html>"),
        http("500 Internal Server Error", "text/plain", ""),
        http("401 Unauthorized", "application/json", r#"{"error":"invalid_client"}"#),
    ] {
        fake.answer(&octets);
        let answer = place.ask(&mut alice, &renew(&token, &[])).await;
        assert_eq!((answer.status, &*answer.code()), (503, "provider_unavailable"));
    }
    fake.answer_json("200 OK", GOOD);
    assert_eq!(place.ask(&mut alice, &renew(&token, &[])).await.status, 200);
    assert_eq!(error(&place.ask(&mut alice, &renew(&token, &[])).await), "invalid_grant");
}

#[tokio::test]
async fn nobody_waits_longer_for_a_refresh_token_than_a_provider_may_take() {
    let fake = Fake::start().await;
    let (place, mut alice) = place(fake.settings()).await;
    fake.answer_json("200 OK", GOOD);
    let token = text(&shown(&place, &mut alice).await.json(), "refresh_token").to_owned();
    let bearer = place.bearer(&mut alice).await;
    fake.answer(b"");
    let place = Arc::new(place);
    let start = Instant::now();
    let sent = (0..8).map(|_| {
        let (place, request) = (Arc::clone(&place), crate::shown(&bearer, &renew(&token, &[])));
        tokio::spawn(async move { place.send(request).await })
    });
    for answer in sent.collect::<Vec<_>>() {
        assert_eq!(answer.await.unwrap().code(), "provider_unavailable");
    }
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    assert!(place.gate.metrics.refusals("RefreshBusy") > 0);
}
