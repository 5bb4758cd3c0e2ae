//! The operator's page in Chromium: a gateway on sockets, devices that use it, and a script that looks at the page.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "shared by several test crates")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use genuine_gateway::{
    challenge::Purpose,
    client::{App, SignedCall},
    config::{Application, Config, Mode, Secret, Store, Tokens},
    demo,
    server::{Server, system_clock},
    shop,
};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tokio::{sync::oneshot, task::JoinHandle};

use crate::support::{
    APP_ID, APPLICATION, AUTHORITY,
    android::{Phone, play, play_app},
};

pub const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// A gateway on sockets of loopback. It ends with the test.
pub struct Gateway {
    pub app: String,
    pub operator: String,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

impl Gateway {
    /// The demonstration, on both platforms, whose operator has a token.
    pub async fn demonstration() -> Self {
        let application = Application { play: Some(play(false)), ..Application::new(APPLICATION, &[APP_ID]) };
        Self::start(Config { applications: vec![application], ..demo::config() }).await
    }

    /// A gateway that trusts Apple, for these App IDs.
    pub async fn of_apple(app_ids: &[&str]) -> Self {
        let applications = vec![Application { mode: Mode::Optional, ..Application::new("real", app_ids) }];
        Self::start(Config { applications, tokens: Some(Tokens::default()), ..Config::default() }).await
    }

    async fn start(config: Config) -> Self {
        let free = "127.0.0.1:0".parse().unwrap();
        let token = Some(Secret(TOKEN.to_owned()));
        let store = Store::Memory {};
        let config = Config { listen: free, operator_listen: free, operator_token: token, store, ..config };
        let server = shop::serve(Server::bind(config).await.unwrap()).unwrap();
        let [app, operator] =
            [server.app_address(), server.operator_address()].map(|at| format!("http://{}", at.unwrap()));
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            server.serve(stopped).await.unwrap();
        });
        Self { app, operator, stop: Some(stop), serving }
    }

    /// Tells it to stop, and waits until it has.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        (&mut self.serving).await.unwrap();
    }

    pub fn client(&self, name: &str) -> App {
        let device = genuine_testvectors::Device::new(name).with_app_id(APP_ID).with_issue_time(system_clock()() - 60);
        App {
            server: self.app.clone(),
            application: APPLICATION.to_owned(),
            authority: AUTHORITY.to_owned(),
            session: format!("session of {name}"),
            device,
            http: Client::builder().timeout(Duration::from_secs(20)).build().unwrap(),
        }
    }

    /// A device that is registered.
    pub async fn registered(&self, name: &str) -> App {
        let app = self.client(name);
        let challenge = challenge(&app, Purpose::Attestation).await;
        assert_eq!(app.register(&challenge).await.unwrap().status, StatusCode::CREATED);
        app
    }

    /// Devices that come one after the other, honest ones and others, until the test ends.
    pub fn devices(&self) -> Devices {
        let apps: Vec<App> = (0..400).map(|turn| self.client(&format!("device {turn}"))).collect();
        Devices(tokio::spawn(async move {
            for (turn, mut app) in apps.into_iter().enumerate() {
                act(&mut app, turn).await;
                tokio::time::sleep(Duration::from_millis(150)).await;
            }
        }))
    }
}

/// Devices that act. They stop with the test.
pub struct Devices(JoinHandle<()>);

impl Drop for Devices {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A challenge, which is issued.
pub async fn challenge(app: &App, purpose: Purpose) -> String {
    app.challenge(purpose).await.unwrap().challenge().unwrap().to_owned()
}

/// What one device does: it registers, orders, and now and then something that is refused.
async fn act(app: &mut App, turn: usize) {
    let asked = challenge(app, Purpose::Attestation).await;
    if turn % 3 == 1 {
        let mut forged = app.registration("another challenge");
        forged["challenge"] = asked.as_str().into();
        assert_eq!(app.register_as(&forged).await.unwrap().status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(app.register(&asked).await.unwrap().status, StatusCode::CREATED);
    for order in 0..3 {
        let call = app.sign(Method::POST, &format!("/orders?turn={order}"), "one of those", None);
        if (turn + order).is_multiple_of(4) {
            let tampered = SignedCall { body: "two of those".to_owned(), ..call.clone() };
            assert_eq!(app.call(&tampered).await.unwrap().status, StatusCode::UNAUTHORIZED);
        }
        assert_eq!(app.call(&call).await.unwrap().status, StatusCode::OK);
        if order == 2 && turn.is_multiple_of(2) {
            assert_eq!(app.call(&call).await.unwrap().status, StatusCode::UNAUTHORIZED);
        }
    }
    session_token(app).await;
    let status = register_phone(app, &format!("phone {turn}"), !turn.is_multiple_of(3)).await;
    assert_eq!(status.is_success(), !turn.is_multiple_of(3));
}

/// A session token, which a device gets and shows.
pub async fn session_token(app: &mut App) -> String {
    let challenge = challenge(app, Purpose::Assertion).await;
    let call = app.sign(Method::POST, "/tokens", "", Some(&challenge));
    let answer = app.call(&call).await.unwrap();
    let token = answer.body["access_token"].as_str().unwrap().to_owned();
    let basket = app.http.get(format!("{}/basket", app.server)).header("authorization", format!("Bearer {token}"));
    assert_eq!(basket.send().await.unwrap().status(), 200);
    token
}

/// A phone that registers with a classic token, which says that the device is genuine, or says nothing.
async fn register_phone(app: &App, name: &str, is_genuine: bool) -> StatusCode {
    let (phone, now) = (Phone::new(name), system_clock()());
    let challenge = challenge(app, Purpose::Integrity).await;
    let mut said = phone.classic(&challenge, now);
    if !is_genuine {
        said.remove("deviceIntegrity.deviceRecognitionVerdict");
    }
    let body = json!({
        "application": APPLICATION,
        "challenge": challenge,
        "integrity_token": { "classic": play_app().token(&said) },
    });
    let proof = phone.proof("/devices", &challenge, now, &json!({}));
    let request = app.http.post(format!("{}/devices", app.server)).header("dpop", proof);
    request.header("x-session", &app.session).json(&body).send().await.unwrap().status()
}

/// Where the script and what it needs are.
fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser")
}

/// Whether everything is there that the page is looked at with; in CI it has to be.
fn tools() -> bool {
    let missing = ["node", "npm", "chromium"]
        .into_iter()
        .find(|tool| Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err());
    let Some(missing) = missing else { return true };
    assert!(env::var_os("CI").is_none(), "{missing} is not installed");
    eprintln!("NOTICE: {missing} is not installed; the page is not looked at");
    false
}

/// One at a time: each starts a browser, and the first installs what the script needs.
static BROWSER: Mutex<()> = Mutex::new(());

/// Installs what the lock file says, beside the build.
fn install() -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser");
    fs::create_dir_all(&place).unwrap();
    let read = |path: PathBuf| fs::read(path).unwrap_or_default();
    let lock = read(scripts().join("package-lock.json"));
    for file in fs::read_dir(scripts()).unwrap() {
        let file = file.unwrap();
        if file.file_type().unwrap().is_file() {
            fs::copy(file.path(), place.join(file.file_name())).unwrap();
        }
    }
    if read(place.join("installed")) != lock {
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&place);
        assert!(npm.status().unwrap().success(), "npm ci");
        fs::write(place.join("installed"), lock).unwrap();
    }
    place
}

/// Has the script look at the page, in one scenario. Whether it was there to do so.
pub async fn look(scenario: &'static str, gateway: &Gateway, more: Value) -> bool {
    let mut told = json!({ "operator": gateway.operator, "token": TOKEN });
    let Value::Object(more) = more else { panic!("members") };
    told.as_object_mut().unwrap().extend(more);
    let looked = tokio::task::spawn_blocking(move || {
        if !tools() {
            return false;
        }
        let _alone = BROWSER.lock().unwrap_or_else(PoisonError::into_inner);
        let place = install();
        let input = place.join(format!("{scenario}.json"));
        fs::write(&input, told.to_string()).unwrap();
        let run = Command::new("node").arg("page.mjs").arg(scenario).arg(&input).current_dir(&place).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
        assert!(run.status.success(), "{scenario}:\n{out}{err}");
        true
    });
    looked.await.unwrap()
}
