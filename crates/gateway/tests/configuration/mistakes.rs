//! Each mistake is named.

use crate::{FILE, HASH, TOKEN, load};

/// A file, variables, and what is said.
type Case<'a> = (String, Vec<(&'a str, &'a str)>, &'a str);

/// One mistake each, and what is said of it.
pub(super) fn assert_mistakes(cases: Vec<Case<'_>>) {
    for (file, variables, expected) in cases {
        let mistakes = load(Some(&file), &variables).unwrap_err();
        assert_eq!(mistakes.len(), 1, "{expected}: {mistakes:?}");
        assert!(mistakes[0].contains(expected), "{expected}: {mistakes:?}");
        // The password of the file, and not the setting of this name.
        assert!(!mistakes[0].replace("secrets", "").contains("secret"), "{mistakes:?}");
    }
}

#[test]
fn each_mistake_about_an_application_is_named() {
    assert_mistakes(vec![
        (FILE.replace("name = \"shop\"", "name = \"\""), vec![], "its name has from 1 to 64"),
        (format!("{FILE}timeout_ms = 0"), vec![], "timeout_ms:"),
        (format!("{FILE}timeout_ms = 2147483648"), vec![], "timeout_ms:"),
        (format!("{FILE}categories = []"), vec![], "an empty list refuses everything"),
        (format!("{FILE}platforms = []"), vec![], "platforms: an empty list refuses everything"),
        (format!("{FILE}code_hashes = []"), vec![], "code_hashes: an empty list refuses everything"),
        (format!("{FILE}os_build_at_least = {{}}"), vec![], "os_build_at_least: an empty list refuses everything"),
        (format!("{FILE}code_hashes = [\"0g\"]"), vec![], "this is not hex"),
        (format!("{FILE}code_hashes = [\"\"]"), vec![], "this is not hex"),
        (format!("{FILE}code_hashes = [\"012\"]"), vec![], "code_hashes: an odd number of hexadecimal digits"),
        (format!("{FILE}code_hashes = [\"{HASH}00\"]"), vec![], "CandidateCDHashFull of codesign -dvvv has 32 bytes"),
        (format!("{FILE}platforms = [\"iphoneos\", \"iOS\"]"), vec![], "platforms: \"iOS\" is no platform"),
        (
            format!("{FILE}os_build_at_least = {{ ios = \"22F76\" }}"),
            vec![],
            "os_build_at_least: \"ios\" is no platform; leaves name iphoneos or macosx",
        ),
        (format!("{FILE}os_version_at_least = \"18.x\""), vec![], "no version such as 18.5"),
        (format!("{FILE}os_version_at_least = 18.5"), vec![], "invalid type"),
        (format!("{FILE}os_build_at_least = {{ iphoneos = \"18.5\" }}"), vec![], "no build such as 22F76"),
        (format!("{FILE}attestation_age_seconds = 86399"), vec![], "attestation_age_seconds: at least 86400"),
        (format!("{FILE}counter = \"loose\""), vec![], "unknown variant `loose`"),
        (format!("{FILE}counter_step = 0"), vec![], "counter_step: at least 1"),
        (format!("{FILE}mode = \"REQIRED\""), vec![], "unknown variant `REQIRED`"),
    ]);
}

#[test]
fn each_mistake_is_named() {
    let ios = |name: &'static str, value: &'static str| {
        vec![("ATTESTATION_IOS_APP_ATTEST_APP_ID", "ABCDE12345.a"), ("GENUINE_GATEWAY_CALLERS", "shop"), (name, value)]
    };
    let cases: Vec<Case<'_>> = vec![
        (FILE.replace("app_ids", "appids"), vec![], "unknown field `appids`"),
        (FILE.replace("\"redis\"", "\"sqlite\""), vec![], "unknown variant `sqlite`"),
        (
            FILE.replace("redis://user", "http://user"),
            vec![],
            "store.url: this is no address of Redis, which is redis://HOST:PORT",
        ),
        (
            format!("authority = \"h\"\n{}", FILE.replace("127.0.0.1:9000", "0.0.0.0:9000")),
            vec![],
            "listen: beyond loopback",
        ),
        (
            format!("allow_plain_http = true\n{}", FILE.replace("127.0.0.1:9000", "0.0.0.0:9000")),
            vec![],
            "authority: is missing",
        ),
        (format!("trusted_proxies = [\"127.0.0.1/32\"]\n{FILE}"), vec![], "authority: is missing"),
        (format!("operator_token = \"{}\"\n{FILE}", &TOKEN[1..]), vec![], "operator_token: at least 32"),
        (format!("operator_token = \"{TOKEN} \"\n{FILE}"), vec![], "operator_token: at least 32"),
        (format!("demo = true\n{FILE}"), vec![], "unknown field `demo`"),
        (
            format!("callers = [\"shop\"]\n{FILE}[[applications]]\nname = \"shop\"\napp_ids = [\"ABCDE12345.x\"]"),
            vec![],
            "its name is taken",
        ),
        (format!("{FILE}[challenges]\nlifetime_seconds = 0"), vec![], "challenges.lifetime_seconds:"),
        (format!("{FILE}[challenges]\noutstanding = 0"), vec![], "unknown field `outstanding`"),
        (format!("{FILE}[limits]\nbody_bytes = 0"), vec![], "limits.body_bytes:"),
        (format!("session_header = \"a b\"\n{FILE}"), vec![], "session_header:"),
        ("listen = \"127.0.0.1:1\"".to_owned(), vec![], "applications: there is none"),
        (
            FILE.replace("[store]", "operator_listen = \"0.0.0.0:1\"\n[store]"),
            vec![],
            "operator_listen: beyond loopback",
        ),
        (format!("callers = [\"nobody's\"]\n{FILE}"), vec![], "callers: there is no application"),
        (
            format!("{FILE}[[applications]]\nname = \"b\"\napp_ids = [\"ABCDE12345.x\"]"),
            vec![],
            "callers: with several",
        ),
        (FILE.replace("\"shop\"", "\"demo\""), vec![], "its name is the demonstration's"),
        (format!("session_header = \"content-type\"\n{FILE}"), vec![], "session_header:"),
        (format!("{FILE}[limits]\nrequest_timeout_ms = 60001"), vec![], "limits.request_timeout_ms: from 1 to 60000"),
        (format!("{FILE}[limits]\nrequest_timeout_ms = 0"), vec![], "limits.request_timeout_ms: from 1 to 60000"),
        (format!("{FILE}[limits]\nconnections = 1000001"), vec![], "limits.connections:"),
        (format!("{FILE}[limits]\nbuffered_bytes = 1"), vec![], "limits.buffered_bytes:"),
        (FILE.replace("kind = \"redis\"", "kind = \"redis://u:secret@h/\""), vec![], "is not of the form"),
        (
            format!("store = \"redis://u:secret@h/\"\n{}", FILE.split("[store]").next().unwrap()),
            vec![],
            "line 1: this is not",
        ),
        (
            FILE.to_owned(),
            vec![("GENUINE_GATEWAY_LISTEN", "x")],
            "GENUINE_GATEWAY_LISTEN: must be an address and a port",
        ),
        (FILE.to_owned(), vec![("GENUINE_GATEWAY_STORE", "sqlite:x")], "GENUINE_GATEWAY_STORE: must be memory,"),
        (
            FILE.to_owned(),
            vec![("GENUINE_GATEWAY_LISTENS", "x")],
            "GENUINE_GATEWAY_LISTENS: there is no such variable; GENUINE_GATEWAY_LISTEN is one",
        ),
        (FILE.to_owned(), vec![("genuine_gateway_store", "memory")], "; GENUINE_GATEWAY_STORE is one"),
        (FILE.to_owned(), vec![("GENUINE_GATEWAY", "x")], "GENUINE_GATEWAY: there is no such variable"),
        (FILE.to_owned(), vec![("GENUIN_GATEWAY_STORE", "memory")], "; GENUINE_GATEWAY_STORE is one"),
        (
            FILE.to_owned(),
            vec![("ATTESTATION_IOS_APPATTEST_APP_ID", "ABCDE12345.a")],
            "ATTESTATION_IOS_APPATTEST_APP_ID: there is no such variable; ATTESTATION_IOS_APP_ATTEST_APP_ID is one",
        ),
        (
            FILE.to_owned(),
            vec![("ATTESTATION_ANDROID_PACKAGE", "a")],
            "ATTESTATION_ANDROID_PACKAGE: there is no such variable",
        ),
        (FILE.to_owned(), vec![("GENUINE_GATEWAY_TRUSTED_PROXIES", "x")], "GENUINE_GATEWAY_TRUSTED_PROXIES:"),
        (FILE.to_owned(), vec![("GENUINE_GATEWAY_ALLOW_PLAIN_HTTP", "1")], "true or false"),
        (FILE.to_owned(), ios("ATTESTATION_IOS_APP_ATTEST_MODE", "on"), "OFF, OPTIONAL or REQUIRED"),
        (FILE.to_owned(), ios("ATTESTATION_IOS_APP_ATTEST_ENVIRONMENT", "prod"), "PRODUCTION or DEVELOPMENT"),
        (FILE.to_owned(), ios("ATTESTATION_IOS_APP_ATTEST_TIMEOUT", "1s"), "a number of milliseconds"),
        (FILE.to_owned(), ios("ATTESTATION_IOS_APP_ATTEST_TIMEOUT", "0"), "timeout_ms: from 1"),
        (FILE.to_owned(), ios("ATTESTATION_IOS_APP_ATTEST_APPID", "x"), "; ATTESTATION_IOS_APP_ATTEST_APP_ID is one"),
        (FILE.to_owned(), vec![("ATTESTATION_IOS_APP_ATTEST_MODE", "OFF")], "APP_ID: is missing"),
    ];
    assert_mistakes(cases);
    let mistakes = load(None, &[("GENUINE_GATEWAY_LISTEN", "0.0.0.0:1"), ("GENUINE_GATEWAY_STORE", "x")]).unwrap_err();
    assert_eq!(mistakes.len(), 4, "all of them at once: {mistakes:?}");
}

#[test]
fn an_app_id_that_cannot_stand_is_named() {
    let second = |app_id: &str| FILE.replace("ABCDE12345.com.example.shop.Clip", app_id);
    assert_mistakes(vec![
        (
            second("com.example.shop"),
            vec![],
            "\"com.example.shop\" lacks its prefix: ten capital letters or digits and a period",
        ),
        (second("ABCDE12345.com.example.shop"), vec![], "\"ABCDE12345.com.example.shop\" is there twice"),
    ]);
}
