//! The configuration: what each setting does, and that every mistake is named.
#![allow(missing_docs)]

#[path = "../support/mod.rs"]
mod support;

mod mistakes;
mod process;
mod stores;
mod texts;
mod tokens;

use std::net::SocketAddr;

use genuine::app_attest::{OsBuild, OsVersion};
use genuine_gateway::{
    config::{Config, Environment, Mode, Store, VARIABLES},
    store::Contract,
};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// As long as a code hash is.
const HASH: &str = "00ffff00ffff00ffff00ffff00ffff00ffff00ffff00ffff00ffff00ffff00ff";

const FILE: &str = r#"
listen = "127.0.0.1:9000"

[store]
kind = "redis"
url = "redis://user:secret@127.0.0.1:6379/"

[[applications]]
name = "shop"
app_ids = ["ABCDE12345.com.example.shop", "ABCDE12345.com.example.shop.Clip"]
"#;

fn load(toml: Option<&str>, variables: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(toml, variables).map_err(|mistakes| mistakes.0)
}

#[test]
fn a_file_is_read_and_the_rest_has_defaults() {
    let config = load(Some(FILE), &[]).unwrap();
    assert_eq!(config.listen, SocketAddr::from(([127, 0, 0, 1], 9000)));
    assert_eq!(config.applications[0].app_ids.len(), 2);
    assert_eq!(config.applications[0].environment, Environment::Production);
    assert_eq!(config.applications[0].mode, Mode::Required);
    assert_eq!(config.challenges.lifetime_seconds, 300);
    assert!(!config.demo);
}

#[test]
fn r44_variables_go_over_the_file() {
    let variables = [
        ("GENUINE_GATEWAY_LISTEN", "[::1]:1"),
        ("GENUINE_GATEWAY_OPERATOR_LISTEN", "127.0.0.1:2"),
        ("GENUINE_GATEWAY_STORE", "redb:/tmp/x"),
        ("GENUINE_GATEWAY_TRUSTED_PROXIES", "10.0.0.0/8, fd00::/8"),
        ("GENUINE_GATEWAY_SESSION_HEADER", "authorization"),
        ("GENUINE_GATEWAY_ADDRESS_PER_MINUTE", "7"),
        ("GENUINE_GATEWAY_DEVICE_PER_MINUTE", "0"),
        ("GENUINE_GATEWAY_ALLOW_PLAIN_HTTP", "true"),
        ("GENUINE_GATEWAY_OPERATOR_TOKEN", TOKEN),
        ("GENUINE_GATEWAY_AUTHORITY", "shop.example.com"),
        ("GENUINE_GATEWAY_CALLERS", "shop, ios"),
        ("ATTESTATION_IOS_APP_ATTEST_APP_ID", "ABCDE12345.com.example.bank, ABCDE12345.com.example.bank.Clip"),
        ("ATTESTATION_IOS_APP_ATTEST_ENVIRONMENT", "DEVELOPMENT"),
        ("ATTESTATION_IOS_APP_ATTEST_MODE", "OPTIONAL"),
        ("ATTESTATION_IOS_APP_ATTEST_TIMEOUT", "2147483647"),
        ("HOME", "/root"),
    ];
    let config = load(Some(FILE), &variables).unwrap();
    assert_eq!(config.listen, "[::1]:1".parse().unwrap());
    assert_eq!(config.operator_listen, "127.0.0.1:2".parse().unwrap());
    assert_eq!(config.store, Store::Redb { path: "/tmp/x".into() });
    assert_eq!(config.trusted_proxies.len(), 2);
    assert_eq!(config.session_header, "authorization");
    assert_eq!((config.limits.address_per_minute, config.limits.device_per_minute), (7, 0));
    assert!(config.allow_plain_http);
    assert_eq!(
        (config.authority.as_str(), config.operator_token.as_ref().unwrap().0.as_str()),
        ("shop.example.com", TOKEN)
    );
    assert_eq!((config.applications.len(), config.callers()), (2, vec!["shop".to_owned(), "ios".to_owned()]));
    let ios = &config.applications[1];
    assert_eq!((ios.name.as_str(), ios.app_ids.len()), ("ios", 2));
    assert_eq!((ios.environment, ios.mode, ios.timeout_ms), (Environment::Development, Mode::Optional, 2_147_483_647));
}

#[test]
fn what_an_application_asks_for_is_read_and_printed() {
    let policy = format!(
        "counter = \"window\"\ncounter_step = 1000\nattestation_age_seconds = 172800\n\
        code_hashes = [\"{HASH}\"]\nplatforms = [\"iphoneos\", \"macosx\"]\nos_version_at_least = \"17.6.1\"\n\
        os_build_at_least = {{ iphoneos = \"22F76\", macosx = \"24F74\" }}\nmacos_access_control = true\n"
    );
    let config = load(Some(&format!("{FILE}{policy}")), &[]).unwrap();
    let read = |config: &Config| {
        let application = config.applications[0].clone();
        let version = application.os_version_at_least.unwrap().value;
        let builds = application.os_build_at_least.unwrap();
        assert_eq!(application.counter, Contract::Window);
        assert_eq!((application.counter_step, application.attestation_age_seconds), (Some(1000), Some(172_800)));
        assert_eq!(application.code_hashes.unwrap()[0].0[..3], [0, 0xFF, 0xFF]);
        assert_eq!((application.platforms.unwrap().len(), application.macos_access_control), (2, true));
        assert_eq!(version, OsVersion::parse("17.6.1").unwrap());
        assert_eq!(builds["macosx"].value, OsBuild::parse("24F74").unwrap());
    };
    read(&config);
    // The secret of the address is left out, and nothing else.
    let printed = toml::to_string(&config).unwrap().replace("demo = false\n", "");
    read(&load(Some(&printed), &[]).unwrap());
    assert_eq!(load(Some(FILE), &[]).unwrap().applications[0].counter, Contract::Strict);
}

/// A variable that is listed and read by nothing would be taken silently.
#[test]
fn every_variable_that_is_known_is_read() {
    for name in VARIABLES {
        let mistakes = load(Some(FILE), &[(name, "x"), ("GENUINE_GATEWAY_CALLERS", "shop")]).err().unwrap_or_default();
        assert!(
            mistakes.iter().all(|mistake| !mistake.contains("absent") && !mistake.contains("no such")),
            "{mistakes:?}"
        );
    }
}
