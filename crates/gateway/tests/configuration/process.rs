//! The binary: what it prints, and how it ends.

use std::process::{Command, Output};

use genuine_gateway::{
    config::{Config, Redis, Store},
    demo,
};

use crate::{FILE, TOKEN, load};

pub(super) fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_genuine-gateway"));
    command.env_clear().args(arguments).envs(variables.iter().copied()).output().unwrap()
}

#[test]
fn the_configuration_in_effect_is_printed_without_secrets() {
    let path = std::env::temp_dir().join(format!("genuine-gateway-config-{}.toml", std::process::id()));
    std::fs::write(&path, format!("operator_token = \"{TOKEN}\"\n{FILE}")).unwrap();
    let output = run(&["--config", path.to_str().unwrap(), "--check"], &[("GENUINE_GATEWAY_LISTEN", "127.0.0.1:7")]);
    std::fs::remove_file(&path).unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    assert!(text.contains("listen = \"127.0.0.1:7\"") && text.contains("name = \"shop\""), "{text}");
    assert!(text.contains("redis://127.0.0.1:6379") && !text.contains("secret"), "{text}");
    // What is printed is a configuration, but for what it hides.
    let printed = text.replace("demo = false\n", "").replace("operator_token = \"…\"\n", "");
    assert!(!text.contains(TOKEN));
    assert!(!format!("{:?}", load(Some(FILE), &[("GENUINE_GATEWAY_OPERATOR_TOKEN", TOKEN)])).contains(TOKEN));
    assert_eq!(load(Some(&printed), &[]).unwrap().applications[0].name, "shop");
}

#[test]
fn mistakes_end_the_server_with_2() {
    for (arguments, variables, expected) in [
        (&["--config", "/none"][..], &[][..], "/none"),
        (&["--config"], &[], "usage:"),
        (&["--demo", "--config", "x"], &[], "usage:"),
        (&["--check", "x"], &[], "usage:"),
        (&[], &[], "applications: there is none"),
        (&["--check"], &[], "applications: there is none"),
        (&[], &[("ATTESTATION_IOS_APPATTEST_APP_ID", "ABCDE12345.com.example.shop")], "_IOS_APP_ATTEST_APP_ID is one"),
        (&["--demo"], &[("ATTESTATION_IOS_APPATTEST_APP_ID", "x")], "ATTESTATION_IOS_APP_ATTEST_APP_ID is one"),
        (&[], &[("GENUINE_GATEWAY_X", "")], "GENUINE_GATEWAY_X"),
        (
            &["--demo"],
            &[("GENUINE_GATEWAY_LISTEN", "0.0.0.0:80"), ("GENUINE_GATEWAY_ALLOW_PLAIN_HTTP", "true")],
            "demonstration",
        ),
        (&["--check"], &[("ATTESTATION_IOS_APP_ATTEST_MODE", "OFF")], "APP_ID"),
        (
            &["--demo", "--check"],
            &[("ATTESTATION_IOS_APP_ATTEST_APP_ID", "ABCDE12345.com.example.shop")],
            "demonstration",
        ),
        (&["--demo", "--check"], &[("GENUINE_GATEWAY_TRUSTED_PROXIES", "0.0.0.0/0")], "demonstration"),
        (&["--demo", "--check"], &[("GENUINE_GATEWAY_AUDIT", "/no/such/audit.jsonl")], "audit: /no/such/audit.jsonl"),
        (&["--demo"], &[("GENUINE_GATEWAY_AUDIT", "/dev/null/audit.jsonl")], "audit: /dev/null/audit.jsonl"),
        (
            &["--demo", "--check"],
            &[("GENUINE_GATEWAY_TLS_CERTIFICATE", "/dev/null"), ("GENUINE_GATEWAY_TLS_KEY", "/dev/null")],
            "tls",
        ),
        (
            &["--demo", "--check"],
            &[("GENUINE_GATEWAY_TLS_CERTIFICATE", "/dev/null"), ("GENUINE_GATEWAY_TLS_KEY", "/no/such/key.pem")],
            "tls: /no/such/key.pem: ",
        ),
    ] {
        let output = run(arguments, variables);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?} {text}");
        assert!(text.contains(expected) && output.stdout.is_empty(), "{arguments:?} {text}");
    }
}

/// Two listeners, of which one may be the same as another program's.
#[test]
fn a_listener_whose_address_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (variable, setting) in
        [("GENUINE_GATEWAY_LISTEN", "listen"), ("GENUINE_GATEWAY_OPERATOR_LISTEN", "operator_listen")]
    {
        let mut variables = vec![
            ("ATTESTATION_IOS_APP_ATTEST_APP_ID", "ABCDE12345.com.example.shop"),
            ("GENUINE_GATEWAY_STORE", "memory"),
            ("GENUINE_GATEWAY_LISTEN", "127.0.0.1:0"),
            ("GENUINE_GATEWAY_OPERATOR_LISTEN", "127.0.0.1:0"),
        ];
        variables.retain(|(name, _)| *name != variable);
        variables.push((variable, &address));
        let output = run(&[], &variables);
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{text}");
        assert!(text.contains(&format!(" {setting} = {address}: Address already in use")), "{text}");
    }
}

#[test]
fn a_value_that_is_no_text_is_a_mistake() {
    use std::os::unix::ffi::OsStrExt as _;
    let value = std::ffi::OsStr::from_bytes(b"ABCDE12345.\xFF");
    let mut command = Command::new(env!("CARGO_BIN_EXE_genuine-gateway"));
    let output = command.env_clear().arg("--check").env("ATTESTATION_IOS_APP_ATTEST_APP_ID", value).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("ATTESTATION_IOS_APP_ATTEST_APP_ID: must be UTF-8"), "{text}");
}

#[test]
fn secrets_of_any_address_stay_out_of_what_is_printed() {
    for url in
        ["redis+unix:///run/redis.sock?user=app&pass=secret", "redis://:secret@127.0.0.1/1", "rediss://secret@h:1/"]
    {
        let store = Store::Redis(Redis::server(url));
        let config = Config { store, ..demo::config() };
        assert!(!toml::to_string(&config).unwrap().replace("secrets = []", "").contains("secret"), "{url}");
    }
}
