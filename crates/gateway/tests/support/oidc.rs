//! Real authorization servers: `oidc-provider` of npm on Node.js, in the versions that `tests/oidc` has, and a user's browser.
#![allow(dead_code, missing_docs, unreachable_pub)]

use std::{
    collections::BTreeMap,
    env, fs,
    io::{BufRead as _, BufReader, Lines, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{LazyLock, Mutex},
};

use reqwest::{Client, Response, header::LOCATION, redirect::Policy};
use serde_json::Value;
use url::Url;

/// What the gateway shows to a provider, but for the provider's name behind it. No text has it by chance, and it is another one when it
/// is encoded.
pub const CLIENT_SECRET: &str = "the+secret/of=the~gateway%26nobody:else";
/// Who the gateway is to the providers.
pub const CLIENT_ID: &str = "the:gateway";

/// Two providers, which end with the program.
pub struct Oidc {
    process: Child,
    pipes: Mutex<(ChildStdin, Lines<BufReader<ChildStdout>>)>,
    pub rotating: String,
    pub steady: String,
}

impl Drop for Oidc {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Those that the tests of a program share.
pub fn providers() -> Option<&'static Oidc> {
    static PROVIDERS: LazyLock<Option<Oidc>> = LazyLock::new(Oidc::start);
    PROVIDERS.as_ref()
}

impl Oidc {
    /// `None` where Node.js is not installed; in CI that is a failure.
    pub fn start() -> Option<Self> {
        let place = installed()?;
        let mut process = Command::new("node")
            .arg("server.js")
            .current_dir(place)
            .env("OIDC_CLIENT_SECRET", CLIENT_SECRET)
            .env("OIDC_GATEWAY", super::AUTHORITY)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        // What the library warns about stands before it.
        let addresses: Value = loop {
            let line = lines.next().expect("the providers do not start").unwrap();
            if let Ok(addresses) = serde_json::from_str(&line) {
                break addresses;
            }
        };
        let address = |name: &str| addresses[name].as_str().unwrap().to_owned();
        let pipes = Mutex::new((process.stdin.take().unwrap(), lines));
        Some(Self { process, pipes, rotating: address("rotating"), steady: address("steady") })
    }

    /// Nobody listens there any more, until it is `up`.
    pub fn down(&self, name: &str) {
        self.command(&format!("down {name}"));
    }

    pub fn up(&self, name: &str) {
        self.command(&format!("up {name}"));
    }

    fn command(&self, command: &str) {
        let (stdin, lines) = &mut *self.pipes.lock().unwrap();
        writeln!(stdin, "{command}").unwrap();
        while lines.next().unwrap().unwrap() != "done" {}
    }

    pub fn issuer(&self, name: &str) -> &str {
        if name == "rotating" { &self.rotating } else { &self.steady }
    }

    /// Whether the provider takes this access token still: its own word (RFC 7662).
    pub async fn is_active(&self, name: &str, token: &str) -> bool {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("token", token)
            .append_pair("client_id", CLIENT_ID)
            .append_pair("client_secret", &format!("{CLIENT_SECRET}-{name}"))
            .finish();
        let request = Client::new().post(format!("{}/token/introspection", self.issuer(name)));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        // The one that takes the secret in a header.
        let request = if name == "rotating" {
            let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let form = url::form_urlencoded::Serializer::new(String::new()).append_pair("token", token).finish();
            request.basic_auth(encoded(CLIENT_ID), Some(encoded(&format!("{CLIENT_SECRET}-{name}")))).body(form)
        } else {
            request.body(form)
        };
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        answer["active"].as_bool().unwrap()
    }
}

/// Where the server is, with what it needs: below `target`, once for each version.
fn installed() -> Option<PathBuf> {
    let found = |program| Command::new(program).arg("--version").stdout(Stdio::null()).status().is_ok();
    let found = found("node") && found("npm");
    assert!(found || env::var_os("CI").is_none(), "Node.js is not installed, or npm");
    if !found {
        eprintln!("NOTICE: Node.js is not installed, or npm; the tests with real authorization servers are left out");
        return None;
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oidc");
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oidc");
    let lock = fs::read(source.join("package-lock.json")).unwrap();
    if fs::read(place.join("installed")).is_ok_and(|installed| installed == lock) {
        fs::copy(source.join("server.js"), place.join("server.js")).unwrap();
        return Some(place);
    }
    // Made aside, as another program may be at it.
    let aside = place.with_extension(std::process::id().to_string());
    fs::create_dir_all(&aside).unwrap();
    for file in ["package.json", "package-lock.json", "server.js"] {
        fs::copy(source.join(file), aside.join(file)).unwrap();
    }
    let npm = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"])
        .current_dir(&aside)
        .status()
        .unwrap();
    assert!(npm.success(), "npm ci");
    fs::write(aside.join("installed"), &lock).unwrap();
    let _ = fs::remove_dir_all(&place);
    if fs::rename(&aside, &place).is_err() {
        let _ = fs::remove_dir_all(&aside);
    }
    Some(place)
}

/// A browser, with a user in front of it who logs in as this and agrees, or does not.
pub struct Browser {
    http: Client,
    cookies: BTreeMap<String, String>,
    user: &'static str,
    agrees: bool,
}

impl Browser {
    pub fn of(user: &'static str) -> Self {
        let http = Client::builder().redirect(Policy::none()).build().unwrap();
        Self { http, cookies: BTreeMap::new(), user, agrees: true }
    }

    /// The user breaks off.
    pub fn unwilling(user: &'static str) -> Self {
        Self { agrees: false, ..Self::of(user) }
    }

    /// From the provider's page to where it sends the browser in the end: an address of the gateway's.
    pub async fn log_in(&mut self, location: &str) -> String {
        let mut at = Url::parse(location).unwrap();
        for _ in 0..20 {
            let response = self.visit(&at).await;
            let next = response.headers().get(LOCATION).map(|next| at.join(next.to_str().unwrap()).unwrap());
            match next {
                Some(next) if next.scheme() == "https" => return next.into(),
                Some(next) => at = next,
                None => panic!("{at}: {}", response.text().await.unwrap()),
            }
        }
        panic!("{location}: no end");
    }

    async fn visit(&mut self, at: &Url) -> Response {
        let is_question = at.path().starts_with("/interaction/") && !at.path().ends_with("/abort");
        let page = self.send(self.http.get(at.clone())).await;
        if !is_question {
            return page;
        }
        let page = page.text().await.unwrap();
        if !self.agrees {
            return self.send(self.http.get(format!("{at}/abort"))).await;
        }
        let answer = if page.contains("value=\"login\"") {
            format!("prompt=login&login={}&password=any", self.user)
        } else {
            "prompt=consent".to_owned()
        };
        let form = self.http.post(at.clone()).header("content-type", "application/x-www-form-urlencoded").body(answer);
        self.send(form).await
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Response {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let response = request.header("cookie", cookies.join("; ")).send().await.unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            match rest.split(';').next().unwrap() {
                "" => self.cookies.remove(name),
                value => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        response
    }
}

/// The parameters of an address, each of which is there once.
pub fn query(address: &str) -> BTreeMap<String, String> {
    let pairs: Vec<(String, String)> = Url::parse(address).unwrap().query_pairs().into_owned().collect();
    let parameters: BTreeMap<_, _> = pairs.iter().cloned().collect();
    assert_eq!(parameters.len(), pairs.len(), "{address}");
    parameters
}
