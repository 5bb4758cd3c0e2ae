//! Names, variables and secrets as texts.

use crate::{FILE, load};

#[test]
fn an_authority_has_one_spelling() {
    let load = |authority: &str| load(Some(&format!("authority = \"{authority}\"\n{FILE}")), &[]);
    for authority in [
        "shop.example.com",
        "shop.example.com:1",
        "shop-2.example:65535",
        "localhost",
        "192.0.2.1:443",
        "[::1]",
        "[2001:db8::1]:8443",
    ] {
        assert_eq!(load(authority).unwrap().authority, authority);
    }
    for authority in [
        "",
        "Shop.example.com",
        "https://h",
        "user@h",
        "shop.example.com:",
        "shop.example.com:abc",
        "shop.example.com:99999",
        "shop.example.com:65536",
        "shop.example.com:0",
        "shop.example.com:0443",
        "shop.example.com:+443",
        "shop.example.com:443:443",
        "shop..example",
        "shop.example.",
        ".shop.example",
        "-shop.example",
        "shop-.example",
        "shop_2.example",
        "shop,example",
        "shop.example/",
        "sh\u{f6}p.example",
        "*",
        ".",
        "-",
        "!",
        ":443",
        "[]",
        "[::1",
        "::1",
        "[::1]:",
        "[::1]443",
        "[2001:0db8::1]",
        "[2001:DB8::1]",
        "[fe80::1%251]",
    ] {
        let mistakes = load(authority).unwrap_err();
        assert!(mistakes.len() == 1 && mistakes[0].starts_with("authority: a host"), "{authority}: {mistakes:?}");
    }
}

/// Kubernetes tells each pod where the services beside it are, in the environment.
#[test]
fn what_kubernetes_says_of_a_service_of_this_name_is_passed_over() {
    let links = [
        ("GENUINE_GATEWAY_SERVICE_HOST", "10.0.0.1"),
        ("GENUINE_GATEWAY_SERVICE_PORT", "8080"),
        ("GENUINE_GATEWAY_SERVICE_PORT_HTTP", "8080"),
        ("GENUINE_GATEWAY_SERVICE_PORT_HTTP_2", "8081"),
        ("GENUINE_GATEWAY_PORT", "tcp://10.0.0.1:8080"),
        ("GENUINE_GATEWAY_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
        ("GENUINE_GATEWAY_PORT_8080_TCP_PROTO", "tcp"),
        ("GENUINE_GATEWAY_PORT_8080_TCP_PORT", "8080"),
        ("GENUINE_GATEWAY_PORT_8080_TCP_ADDR", "10.0.0.1"),
        ("GENUINE_GATEWAY_PORT_53_UDP", "udp://10.0.0.1:53"),
        ("GENUINE_GATEWAY_PORT_9_SCTP_ADDR", "10.0.0.1"),
    ];
    assert!(load(Some(FILE), &links).is_ok());
    for (name, value) in [
        ("GENUINE_GATEWAY_PORT", "8080"),
        ("GENUINE_GATEWAY_PORT", "http://10.0.0.1:8080"),
        ("GENUINE_GATEWAY_HOST", "10.0.0.1"),
        ("GENUINE_GATEWAY_SERVICE", "x"),
        ("GENUINE_GATEWAY_SERVICE_HOSTS", "x"),
        ("GENUINE_GATEWAY_SERVICE_HOST_HTTP", "x"),
        ("GENUINE_GATEWAY_SERVICE_PORT_", "x"),
        ("GENUINE_GATEWAY_SERVICE_PORT_http", "x"),
        ("GENUINE_GATEWAY_PORT_8080", "x"),
        ("GENUINE_GATEWAY_PORT_X_TCP", "x"),
        ("GENUINE_GATEWAY_PORT__TCP_ADDR", "x"),
        ("GENUINE_GATEWAY_PORT_8080_HTTP", "x"),
        ("GENUINE_GATEWAY_PORT_8080_HTTP_ADDR", "x"),
        ("GENUINE_GATEWAY_PORT_8080_TCP_HOST", "x"),
        ("GENUINE_GATEWAY_PORT_8080_TCP_ADDR_X", "x"),
        ("genuine_gateway_service_host", "10.0.0.1"),
        ("GENUINE_GATEWAY_OPERATOR_SERVICE_HOST", "10.0.0.1"),
    ] {
        let mistakes = load(Some(FILE), &[(name, value)]).unwrap_err();
        assert!(mistakes.len() == 1 && mistakes[0].contains("there is no such variable"), "{name}: {mistakes:?}");
    }
}

#[test]
fn a_secret_without_quotes_stays_out_of_the_message() {
    for value in [
        "1234567890123456789",
        "12345678901234567890123456789012",
        "0x1234567890123456789",
        "0.123456789",
        "123456789abcdef",
        "abcdef123456789",
        "true123456789",
        "2026-01-02",
        "[\"123456789\"]",
        "[123456789]",
        "{ key = \"123456789\" }",
    ] {
        let mistakes = load(Some(&format!("operator_token = {value}\n{FILE}")), &[]).unwrap_err();
        assert!(mistakes.len() == 1 && mistakes[0].starts_with("line 1: "), "{value}: {mistakes:?}");
        assert!(
            !["123456789", "2026", "abcdef"].iter().any(|part| mistakes[0].contains(part)),
            "{value}: {mistakes:?}"
        );
    }
}
