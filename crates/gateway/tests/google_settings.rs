//! The settings of Google's server: every mistake is named, and none shows what is secret.
#![allow(missing_docs)]

#[path = "support/google.rs"]
mod google;
mod support;

use std::{env, fs, path::Path, process::Command};

use genuine_gateway::{
    config::Config,
    play::{DEFAULT_DAILY_QUOTA, Decoder as _, ServerUrl, ServiceAccount, system_roots},
};
use genuine_testvectors::play::PlayApp;
use google::{Google, private_key_pem, service_account};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use serde_json::{Value, json};
use support::{Hands, Scratch};

const FILE: &str = r#"
[[applications]]
name = "shop"
app_ids = ["ABCDE12345.com.example.shop"]
"#;
const GOOGLE: &str = "https://oauth2.googleapis.com";

fn load(google: &str) -> Result<Config, Vec<String>> {
    Config::load(Some(&format!("{google}{FILE}")), std::iter::empty()).map_err(|mistakes| mistakes.0)
}

/// The section, with a file and further lines.
fn section(file: &Path, lines: &str) -> String {
    format!("[google]\nservice_account = {:?}\n{lines}", file.display().to_string())
}

/// The one mistake that is found.
fn mistake(google: &str) -> String {
    let mistakes = load(google).unwrap_err();
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    mistakes[0].clone()
}

#[test]
fn without_the_section_nobody_is_asked_and_with_a_file_all_else_has_defaults() {
    assert!(load("").unwrap().google.is_none());
    let scratch = Scratch::new("google-defaults");
    let file = scratch.path().join("account.json");
    fs::write(&file, service_account(GOOGLE).to_string()).unwrap();
    let config = load(&section(&file, "")).unwrap();
    let google = config.google.as_ref().unwrap();
    assert_eq!((google.daily_quota, google.timeout_ms), (DEFAULT_DAILY_QUOTA, 5_000));
    assert_eq!((&google.service_account, &google.endpoint), (&file, &None));
    // What is printed is the file's name, and can be read again.
    let printed = toml::to_string(&config).unwrap().replace("demo = false\n", "");
    assert!(!printed.contains("PRIVATE") && !format!("{config:?}").contains("PRIVATE"), "{printed}");
    Config::load(Some(&printed), std::iter::empty()).unwrap();
}

#[test]
fn r46_every_setting_has_its_bounds() {
    let scratch = Scratch::new("google-bounds");
    let file = scratch.path().join("account.json");
    fs::write(&file, service_account(GOOGLE).to_string()).unwrap();
    for lines in [
        "timeout_ms = 1",
        "timeout_ms = 2147483647",
        "daily_quota = 1",
        "daily_quota = 4294967295",
        "endpoint = \"https://stand-in.example\"",
        "endpoint = \"http://127.0.0.1:8000/\"",
    ] {
        load(&section(&file, lines)).unwrap();
    }
    for (lines, expected) in [
        ("timeout_ms = 0", "google.timeout_ms: from 1 to 2147483647"),
        ("timeout_ms = 2147483648", "google.timeout_ms: from 1 to 2147483647"),
        ("daily_quota = 0", "google.daily_quota: at least 1"),
        ("endpoint = \"http://stand-in.example\"", "google.endpoint: https://HOST"),
        ("endpoint = \"\"", "google.endpoint: https://HOST"),
        ("timeout = 1", "unknown field `timeout`"),
    ] {
        let mistake = mistake(&section(&file, lines));
        assert!(mistake.contains(expected), "{expected}: {mistake}");
    }
    assert!(mistake("[google]\ndaily_quota = 1").contains("missing field `service_account`"));
}

#[test]
fn a_file_that_is_no_key_stops_the_start_and_is_not_shown() {
    let scratch = Scratch::new("google-file");
    let file = scratch.path().join("account.json");
    let missing = mistake(&section(&file, ""));
    assert!(missing.starts_with(&format!("google.service_account: {}: ", file.display())), "{missing}");

    let elliptic = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap().serialize_pem();
    let pem = private_key_pem();
    let (half, wrong_label) = (pem.replace("MII", ""), pem.replace("PRIVATE KEY", "RSA PRIVATE KEY"));
    let with = |name: &str, value: Value| {
        let mut file = service_account(GOOGLE);
        file[name] = value;
        file.to_string()
    };
    let without = |name: &str| {
        let mut file = service_account(GOOGLE);
        file.as_object_mut().unwrap().remove(name);
        file.to_string()
    };
    let text = service_account(GOOGLE).to_string();
    for (content, expected) in [
        (String::new(), "this is no JSON"),
        (text[..text.len() - 1].to_owned(), "this is no JSON"),
        (format!("x{text}"), "this is no JSON: line 1, column 1"),
        (format!("[{text}]"), "this is no key of a service account"),
        (without("client_email"), "this is no key of a service account"),
        (without("private_key"), "this is no key of a service account"),
        (without("token_uri"), "this is no key of a service account"),
        (with("private_key", json!([pem])), "this is no key of a service account"),
        (with("client_email", json!("")), "client_email: is empty"),
        (with("private_key", json!("secret")), "private_key: this is no key of PKCS #8 in PEM"),
        (with("private_key", json!(wrong_label)), "private_key: this is no key of PKCS #8 in PEM"),
        (with("private_key", json!(half)), "private_key: this is no"),
        (with("private_key", json!(elliptic)), "private_key: this is no RSA key"),
        (with("token_uri", json!("http://oauth2.example/token")), "token_uri: this is no https://"),
        (with("token_uri", json!("secret")), "token_uri: this is no https://"),
    ] {
        fs::write(&file, content).unwrap();
        let mistake = mistake(&section(&file, ""));
        let named = format!("google.service_account: {}: {expected}", file.display());
        assert!(mistake.starts_with(&named), "{expected}: {mistake}");
        assert!(!mistake.contains("secret") && !mistake.contains("MII") && !mistake.contains("-----"), "{mistake}");
    }
}

#[test]
fn secrets_go_over_tls_or_stay_on_this_machine() {
    for good in [
        "https://playintegrity.googleapis.com",
        "https://playintegrity.googleapis.com/",
        "https://stand-in.example:8443/token",
        "http://localhost:1/",
        "http://127.0.0.1:8000",
        "http://127.9.9.9:8000",
        "http://[::1]:8000/token",
    ] {
        assert_eq!(ServerUrl::parse(good).map(|url| url.to_string()).as_deref(), Some(good));
    }
    for bad in [
        "",
        "playintegrity.googleapis.com",
        "//playintegrity.googleapis.com",
        "/v1",
        "http://playintegrity.googleapis.com",
        "http://localhost.example",
        "http://127.0.0.1.example",
        "http://127.0.0.1@evil.example",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://[::]",
        "https://user:password@stand-in.example",
        "https://stand-in.example/?key=1",
        "https://stand-in.example/#x",
        "https://",
        "https://:443",
        "ftp://localhost",
        "file:///etc/passwd",
    ] {
        assert_eq!(ServerUrl::parse(bad), None, "{bad}");
    }
}

#[test]
fn an_account_is_printed_without_its_key() {
    let account = ServiceAccount::parse(service_account(GOOGLE).to_string().as_bytes()).unwrap();
    let printed = format!("{account:?}");
    assert!(printed.contains("gateway@stand-in.iam.example") && printed.contains("oauth2"), "{printed}");
    assert!(printed.len() < 400 && !printed.contains("key"), "{printed}");
}

/// What the configuration describes is a decoder that works.
#[tokio::test]
async fn the_configured_decoder_asks_the_configured_server() {
    let hands = Hands::at(1_790_000_000);
    let google = Google::start(hands.clock()).await;
    let scratch = Scratch::new("google-decoder");
    let file = scratch.path().join("account.json");
    fs::write(&file, google.service_account().to_string()).unwrap();
    let lines = format!("daily_quota = 1\nendpoint = \"{}/\"", google.endpoint());
    let config = load(&section(&file, &lines)).unwrap();
    let decoder = config.google.unwrap().decoder(hands.clock()).unwrap();
    let app = PlayApp::new("shop");
    let token = google.mint(&app, &app.standard("x", 0));
    decoder.decode(app.package_name(), &token).await.unwrap();
    decoder.decode(app.package_name(), &token).await.unwrap_err();
}

/// `SSL_CERT_FILE` is read by this very test in a process of its own: a variable is the whole process's.
#[test]
fn the_authorities_are_those_of_the_file_that_is_named() {
    const EXPECTED: &str = "AUTHORITIES_EXPECTED";
    if let Ok(expected) = env::var(EXPECTED) {
        let found = system_roots().map(|roots| roots.len().to_string());
        let found = found.unwrap_or_else(|mistake| format!("none {}", mistake.contains("set SSL_CERT_FILE")));
        assert_eq!(found, expected);
        return;
    }
    let scratch = Scratch::new("google-roots");
    let file = scratch.path().join("authorities.pem");
    let authority = || rcgen::generate_simple_self_signed(["authority".to_owned()]).unwrap().cert.pem();
    let (one, two) = (authority(), authority() + &authority());
    for (content, expected) in [(None, "none true"), (Some(""), "none true"), (Some(&*one), "1"), (Some(&*two), "2")] {
        if let Some(content) = content {
            fs::write(&file, content).unwrap();
        }
        let child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "the_authorities_are_those_of_the_file_that_is_named"])
            .env("SSL_CERT_FILE", &file)
            .env_remove("SSL_CERT_DIR")
            .env(EXPECTED, expected)
            .output()
            .unwrap();
        assert!(child.status.success(), "{expected}: {}", String::from_utf8_lossy(&child.stdout));
    }
}
