//! What happens while the provider is being asked: the operator acts, the device goes away. And answers that are a little off.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use genuine::app_attest::KeyId;
use genuine_gateway::{config::MediatorProvider, store::Change};
use genuine_testvectors::Device;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};

use crate::{
    Place, authorize, exchange, location, oidc::query, parameters, provider, refused, renew, shown, support::Answer,
    text,
};

const GOOD: &str = r#"{"access_token":"a","token_type":"Bearer","expires_in":600,"refresh_token":"r1"}"#;

/// A provider that answers when it is told to.
#[derive(Clone)]
struct Slow {
    address: String,
    body: Arc<Mutex<String>>,
    waits: Arc<Mutex<bool>>,
    asked: Arc<Notify>,
    go: Arc<Notify>,
}

impl Slow {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let slow = Self {
            address: format!("http://{}", listener.local_addr().unwrap()),
            body: Arc::new(Mutex::new(GOOD.to_owned())),
            waits: Arc::default(),
            asked: Arc::default(),
            go: Arc::default(),
        };
        let own = slow.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(own.clone().serve(stream));
            }
        });
        slow
    }

    async fn serve(self, mut stream: TcpStream) {
        let mut request = Vec::new();
        // The form is the last thing of a request, and its grant is in it.
        while !String::from_utf8_lossy(&request).contains("grant_type=") {
            let mut room = [0; 8192];
            match stream.read(&mut room).await {
                Ok(read) if read > 0 => request.extend(&room[..read]),
                _ => return,
            }
        }
        let waits = *self.waits.lock().unwrap();
        if waits {
            self.asked.notify_one();
            self.go.notified().await;
        }
        let body = self.body.lock().unwrap().clone();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length";
        let _ = stream.write_all(format!("{head}: {}\r\n\r\n{body}", body.len()).as_bytes()).await;
    }

    fn says(&self, body: &str) {
        body.clone_into(&mut self.body.lock().unwrap());
    }

    fn wait(&self, waits: bool) {
        *self.waits.lock().unwrap() = waits;
    }
}

/// A gateway with that provider, a device that is registered, and its session token.
struct Scene {
    slow: Slow,
    place: Arc<Place>,
    alice: Device,
    bearer: String,
}

impl Scene {
    async fn new() -> Self {
        let slow = Slow::start().await;
        let settings =
            MediatorProvider { timeout_ms: 20_000, issuer_in_response: false, ..provider("fake", &slow.address) };
        let place = Arc::new(Place::new(vec![settings]));
        let mut alice = place.registered("alice").await;
        let bearer = place.bearer(&mut alice).await;
        Self { slow, place, alice, bearer }
    }

    fn key(&self) -> KeyId {
        KeyId(self.alice.key_id())
    }

    async fn code(&self) -> String {
        let begun = location(&self.place.browse(&authorize(&[("provider", "fake")])).await);
        let back = parameters(&[("state", &query(&begun)["state"]), ("code", "code")], &[]);
        query(&location(&self.place.browse(&format!("/oauth/callback/fake?{back}")).await))["code"].clone()
    }

    async fn ask(&self, form: &str) -> Answer {
        self.place.send(shown(&self.bearer, form)).await
    }

    async fn tokens(&self) -> Value {
        let answer = self.ask(&exchange(&self.code().await, &[])).await;
        assert_eq!(answer.status, 200, "{}", answer.json());
        answer.json()
    }

    /// What is sent with a code or with a refresh token.
    async fn form(&self, by_code: bool) -> String {
        if by_code { exchange(&self.code().await, &[]) } else { renew(&refresh_token(&self.tokens().await), &[]) }
    }

    /// A request that has come to the provider, and waits there.
    async fn pending(&self, form: String) -> JoinHandle<Answer> {
        self.slow.wait(true);
        let (place, bearer) = (Arc::clone(&self.place), self.bearer.clone());
        let pending = tokio::spawn(async move { place.send(shown(&bearer, &form)).await });
        self.slow.asked.notified().await;
        self.slow.wait(false);
        pending
    }

    async fn finished(&self, pending: JoinHandle<Answer>) -> Answer {
        self.slow.go.notify_one();
        pending.await.unwrap()
    }

    fn renewals(&self) -> u64 {
        self.place.exchanges(["fake", "refresh_token", "granted"])
    }
}

fn refresh_token(tokens: &Value) -> String {
    text(tokens, "refresh_token").to_owned()
}

#[tokio::test]
async fn r88_what_the_operator_does_while_the_provider_is_asked_holds() {
    for by_code in [false, true] {
        for action in ["tokens", "lock", "revoke"] {
            let scene = Scene::new().await;
            let form = scene.form(by_code).await;
            let pending = scene.pending(form).await;
            let gate = &scene.place.gate;
            match action {
                "tokens" => gate.revoke_tokens(scene.key()).await.unwrap(),
                "lock" => gate.set_lock(scene.key(), true).await.unwrap(),
                _ => gate.revoke(scene.key()).await.unwrap(),
            }
            // Later than the end of what was revoked, by this clock: what counts is when the exchange began.
            scene.place.hands.advance(61);
            let answer = scene.finished(pending).await;
            match action {
                "tokens" => assert_eq!(refused(&scene.place, &answer, "GrantRevoked"), "invalid_grant"),
                "lock" => assert_eq!((answer.status, &*answer.code()), (401, "locked")),
                _ => assert_eq!((answer.status, &*answer.code()), (401, "rejected")),
            }
        }
    }
}

#[tokio::test]
async fn r88_a_refresh_token_is_as_old_as_the_question_that_it_came_from() {
    for by_code in [false, true] {
        let mut scene = Scene::new().await;
        let form = scene.form(by_code).await;
        let began = (scene.place.gate.clock)();
        let pending = scene.pending(form).await;
        scene.place.hands.advance(30);
        let token = refresh_token(&scene.finished(pending).await.json());
        // As a gateway does whose store has taken its time.
        scene.place.gate.store.change(scene.key(), Change::RevokeTokens(began)).await.unwrap();
        let answer = scene.place.ask(&mut scene.alice, &renew(&token, &[])).await;
        assert_eq!(refused(&scene.place, &answer, "GrantRevoked"), "invalid_grant");
    }
}

/// The provider replaces its token once: the one before is worth nothing.
#[tokio::test]
async fn r89_a_device_that_goes_away_while_the_provider_answers_keeps_its_grant() {
    let scene = Scene::new().await;
    let token = refresh_token(&scene.tokens().await);
    let pending = scene.pending(renew(&token, &[])).await;
    pending.abort();
    assert!(pending.await.is_err_and(|gone| gone.is_cancelled()));
    scene.slow.go.notify_one();
    for _ in 0..200 {
        if scene.renewals() > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(scene.renewals(), 1, "it is brought to its end");
    scene.slow.says(r#"{"error":"invalid_grant"}"#);
    let answer = scene.ask(&renew(&token, &[])).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    assert_eq!(scene.renewals(), 1, "the provider is not asked again");
    // It counts once all the same.
    assert_eq!(refused(&scene.place, &scene.ask(&renew(&token, &[])).await, "RefreshReused"), "invalid_grant");
    scene.slow.says(GOOD);
    assert_eq!(scene.ask(&renew(&refresh_token(&answer.json()), &[])).await.status, 200);
}

#[tokio::test]
async fn what_a_device_was_not_given_because_it_was_locked_waits_for_it() {
    let scene = Scene::new().await;
    let token = refresh_token(&scene.tokens().await);
    let pending = scene.pending(renew(&token, &[])).await;
    scene.place.gate.set_lock(scene.key(), true).await.unwrap();
    assert_eq!(scene.finished(pending).await.code(), "locked");
    assert_eq!(scene.ask(&renew(&token, &[])).await.code(), "locked");
    scene.place.gate.set_lock(scene.key(), false).await.unwrap();
    scene.slow.says(r#"{"error":"invalid_grant"}"#);
    scene.place.hands.advance(20);
    let answer = scene.ask(&renew(&token, &[])).await;
    assert_eq!((answer.status, &answer.json()["expires_in"]), (200, &json!(580)), "{}", answer.json());
}

#[tokio::test]
async fn answers_that_are_a_little_off_are_read() {
    let scene = Scene::new().await;
    for (member, value, expected) in [
        ("expires_in", json!(3600), json!(3600)),
        ("expires_in", json!("3600"), json!(3600)),
        ("expires_in", json!(3599.5), json!(3599)),
        ("expires_in", json!("soon"), Value::Null),
        ("expires_in", json!(-1), Value::Null),
        ("expires_in", json!("1.5e3"), Value::Null),
        ("expires_in", json!(null), Value::Null),
        ("scope", json!("a b"), json!("a b")),
        ("scope", json!(["a", "b"]), json!("a b")),
        ("scope", json!([1]), Value::Null),
        ("scope", json!({}), Value::Null),
    ] {
        let mut body = json!({ "access_token": "a", "token_type": "bearer" });
        body[member] = value;
        scene.slow.says(&body.to_string());
        let answer = scene.ask(&exchange(&scene.code().await, &[])).await;
        assert_eq!((answer.status, &answer.json()[member]), (200, &expected), "{body}");
    }
}

#[tokio::test]
async fn a_refresh_token_that_is_too_long_once_sealed_uses_up_nothing() {
    let scene = Scene::new().await;
    let token = refresh_token(&scene.tokens().await);
    let long = json!({ "access_token": "a", "token_type": "bearer", "refresh_token": "\"".repeat(4000) });
    scene.slow.says(&long.to_string());
    let answer = scene.ask(&renew(&token, &[])).await;
    assert_eq!((answer.status, &*answer.code()), (503, "provider_unavailable"));
    scene.slow.says(GOOD);
    assert_eq!(scene.ask(&renew(&token, &[])).await.status, 200);
}
