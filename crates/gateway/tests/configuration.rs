//! The configuration: what each setting does, and that every mistake is named.
#![allow(missing_docs)]

mod support;

use std::{
    net::SocketAddr,
    process::{Command, Output},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use genuine::app_attest::{OsBuild, OsVersion};
use genuine_gateway::{
    config::{Algorithm, ClientTrait, Config, Dpop, Environment, Mode, OnRefusal, Redis, Signing, Store, VARIABLES},
    demo,
    store::{Contract, Durability},
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

/// A file, variables, and what is said.
type Case<'a> = (String, Vec<(&'a str, &'a str)>, &'a str);

/// One mistake each, and what is said of it.
fn assert_mistakes(cases: Vec<Case<'_>>) {
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

#[test]
fn r84_each_mistake_about_tokens_is_named() {
    let five = (1..=5).map(|octet: u8| BASE64_STANDARD.encode([octet; 32])).collect::<Vec<_>>();
    assert_mistakes(vec![
        (format!("{FILE}[tokens]\nlifetime_seconds = 0"), vec![], "tokens.lifetime_seconds: from 1 to 3600"),
        (format!("{FILE}[tokens]\nlifetime_seconds = 3601"), vec![], "tokens.lifetime_seconds: from 1 to 3600"),
        (format!("{FILE}[tokens]\naudience = \"\""), vec![], "tokens.audience: from 1 to 512"),
        (format!("{FILE}[tokens]\naudience = \"{}\"", "a".repeat(513)), vec![], "tokens.audience: from 1 to 512"),
        (format!("{FILE}[tokens]\naudience = \"a b\""), vec![], "tokens.audience: from 1 to 512"),
        (format!("{FILE}[tokens]\nheader = \"a b\""), vec![], "tokens.header: this is no name"),
        (format!("{FILE}[tokens]\nheader = \"x-app-attest\""), vec![], "tokens.header: this is no name"),
        (
            format!("session_header = \"Authorization\"\n{FILE}[tokens]"),
            vec![],
            "tokens.header: session_header is the same one",
        ),
        (format!("{FILE}[tokens]\nlifetime = 60"), vec![], "unknown field `lifetime`"),
        (format!("{FILE}[tokens]\nheader = \"DPoP\""), vec![], "tokens.header: this is no name"),
        (format!("{FILE}[tokens]\ndpop = \"on\""), vec![], "unknown variant `on`"),
        (format!("{FILE}[tokens]\nbind = [\"host\"]"), vec![], "unknown variant `host`"),
        (format!("{FILE}[tokens]\nbind = [\"agent\", \"agent\"]"), vec![], "tokens.bind: the same is there twice"),
        (format!("{FILE}[tokens]\nipv6_prefix = 0"), vec![], "tokens.ipv6_prefix: from 1 to 128"),
        (format!("{FILE}[tokens]\nipv6_prefix = 129"), vec![], "tokens.ipv6_prefix: from 1 to 128"),
        (format!("{FILE}[tokens]\nalgorithm = \"none\""), vec![], "unknown variant `none`"),
        (format!("{FILE}[tokens]\nalgorithm = \"RS256\""), vec![], "unknown variant `RS256`"),
        (format!("{FILE}[tokens]\nsecrets = [\"{SECRET}\"]"), vec![], "tokens.secrets: they take algorithm"),
        (format!("{FILE}[tokens]\non_refusal = \"decoy\""), vec![], "tokens.on_refusal: a decoy takes algorithm"),
        (shared("[]"), vec![], "tokens.secrets: HS256 takes from 1 to 4"),
        (shared(&format!("{five:?}")), vec![], "tokens.secrets: HS256 takes from 1 to 4"),
        (shared("[\"AAAA\"]"), vec![], "tokens.secrets: each is 32 to 64 octets in base64"),
        (shared(&format!("[\"{}\"]", &SECRET[1..])), vec![], "tokens.secrets: each is 32 to 64 octets in base64"),
        (shared(&format!("[\"{SECRET}\", \"{SECRET}\"]")), vec![], "tokens.secrets: the same is there twice"),
    ]);
}

/// 32 octets.
const SECRET: &str = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3I=";

fn shared(secrets: &str) -> String {
    format!("{FILE}[tokens]\nalgorithm = \"HS256\"\nsecrets = {secrets}")
}

#[test]
fn r82_secrets_of_tokens_are_read_in_their_order_and_shown_nowhere() {
    let other = "T3RoZXIgb3RoZXIgb3RoZXIgb3RoZXIgb3RoZXIgb3Q=";
    let text = format!("{}\non_refusal = \"decoy\"", shared(&format!("[\"{other}\", \"{SECRET}\"]")));
    let config = load(Some(&text), &[]).unwrap();
    let settings = config.token_settings().unwrap();
    let Signing::Shared { secrets, decoys } = &settings.signing else { panic!("HS256") };
    let octets: Vec<_> = secrets.iter().map(|secret| BASE64_STANDARD.encode(secret.octets())).collect();
    assert_eq!((octets, *decoys), (vec![other.to_owned(), SECRET.to_owned()], true));
    let shown = format!("{config:?}{settings:?}{}", toml::to_string(&config).unwrap());
    // Neither as they are written, nor their octets.
    assert!(!shown.contains("T3RoZXIg") && !shown.contains("c2VjcmV0") && !shown.contains("115, 101, 99"), "{shown}");
    // Nor in what is said of a mistake in them.
    let mistakes = load(Some(&shared("[1234567]")), &[]).unwrap_err().join("");
    assert!(mistakes.contains("a secret is text in quotes") && !mistakes.contains("1234567"), "{mistakes}");
    let mistakes = load(Some(&text.replace(SECRET, other)), &[]).unwrap_err().join("");
    assert!(!mistakes.contains("T3Rv") && !mistakes.contains("c2Vj"), "{mistakes}");
}

#[test]
fn tokens_are_bound_to_nothing_unless_it_is_set() {
    let tokens = load(Some(&format!("{FILE}[tokens]")), &[]).unwrap().tokens.unwrap();
    assert_eq!((tokens.dpop, tokens.bind, tokens.ipv6_prefix), (Dpop::Optional, vec![], 64));
    assert_eq!((tokens.algorithm, tokens.on_refusal), (Algorithm::Es256, OnRefusal::Problem));
    let text = "[tokens]\ndpop = \"required\"\nbind = [\"address\", \"agent\"]\nipv6_prefix = 48";
    let settings = load(Some(&format!("{FILE}{text}")), &[]).unwrap().token_settings().unwrap();
    assert_eq!((settings.dpop, settings.ipv6_prefix), (Dpop::Required, 48));
    assert_eq!(settings.bind, [ClientTrait::Address, ClientTrait::Agent]);
}

#[test]
fn memory_has_no_path() {
    let store = "kind = \"redis\"\nurl = \"redis://user:secret@127.0.0.1:6379/\"";
    let file = |text: &str| FILE.replace(store, text);
    assert_eq!(load(Some(&file("kind = \"memory\"")), &[]).unwrap().store, Store::Memory {});
    assert_mistakes(vec![(file("kind = \"memory\"\npath = \"x\""), vec![], "unknown field `path`")]);
}

#[test]
fn postgres_has_an_address_and_an_authority_if_it_is_reached_over_tls() {
    let redis = "kind = \"redis\"\nurl = \"redis://user:secret@127.0.0.1:6379/\"";
    let file = |url: &str, more: &str| FILE.replace(redis, &format!("kind = \"postgres\"\nurl = \"{url}\"\n{more}"));
    let good = "postgres://gateway:secret@db.example:5433/shop";
    let plain = "allow_plain = true";
    let config = load(Some(&file(good, plain)), &[]).unwrap();
    assert_eq!(config.store, Store::Postgres { url: good.to_owned(), ca: None, allow_plain: true });
    let printed = toml::to_string(&config).unwrap();
    assert!(printed.contains("postgres://db.example:5433/shop") && !printed.contains("secret"), "{printed}");
    // Beyond this machine it takes TLS, or a word; and an address from a variable takes nothing back of what the file says.
    assert_mistakes(vec![
        (file(good, ""), vec![], "store: a server beyond this machine takes ca, or allow_plain"),
        (FILE.to_owned(), vec![("GENUINE_GATEWAY_STORE", good)], "store: a server beyond this machine takes ca"),
        (
            file("postgres://gateway@localhost/shop?hostaddr=192.0.2.7", ""),
            vec![],
            "store: a server beyond this machine takes ca",
        ),
    ]);
    for local in
        ["postgres://gateway@localhost/shop", "postgres://gateway@[::1]/shop", "postgres://gateway@%2Frun%2Fpg/shop"]
    {
        assert_eq!(load(Some(&file(local, "")), &[]).err(), None, "{local}");
    }
    let ca = support::Scratch::new("authority-of-the-file").path().join("ca.pem");
    std::fs::create_dir_all(ca.parent().unwrap()).unwrap();
    std::fs::write(&ca, rcgen::generate_simple_self_signed(["db.example".to_owned()]).unwrap().cert.pem()).unwrap();
    let local = file("postgres://gateway@localhost/shop", &format!("ca = \"{}\"", ca.display()));
    let variable = load(Some(&local), &[("GENUINE_GATEWAY_STORE", good)]).unwrap();
    assert_eq!(variable.store, Store::Postgres { url: good.to_owned(), ca: Some(ca.clone()), allow_plain: false });
    std::fs::remove_dir_all(ca.parent().unwrap()).unwrap();
    let durable = FILE.replace("[store]", "[store]\ndurability = \"volatile\"");
    let variable = load(Some(&durable), &[("GENUINE_GATEWAY_STORE", "redis://localhost/")]).unwrap();
    let expected = Redis { durability: Durability::Volatile, ..Redis::server("redis://localhost/") };
    assert_eq!(variable.store, Store::Redis(expected));

    let malformed = "store.url: this is no address of PostgreSQL";
    for url in ["", "redis://h", "postgres://", "postgres://h", "postgres://gateway@h", "postgres://gateway@h:x/shop"] {
        assert_mistakes(vec![(file(url, ""), vec![], malformed)]);
    }
    let scratch = support::Scratch::new("configured-authority");
    let (empty, broken) = (scratch.path().join("empty.pem"), scratch.path().join("broken.pem"));
    std::fs::write(&empty, "no certificate").unwrap();
    std::fs::write(&broken, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    let ca = |path: &std::path::Path| format!("ca = \"{}\"", path.display());
    assert_mistakes(vec![
        (
            file(&format!("{good}?sslmode=require"), plain),
            vec![],
            "store.ca: sslmode=require takes the authority's certificate",
        ),
        (file(good, &ca(&scratch.path().join("absent.pem"))), vec![], "No such file"),
        (file(good, &ca(&empty)), vec![], "there is no certificate in it"),
        (file(good, &ca(&broken)), vec![], "store.ca: "),
    ]);
}

#[test]
fn redis_has_an_authority_if_it_is_reached_over_tls() {
    let redis = "url = \"redis://user:secret@127.0.0.1:6379/\"";
    let file = |url: &str, more: &str| FILE.replace(redis, &format!("url = \"{url}\"\n{more}"));
    let scratch = support::Scratch::new("authority-of-redis");
    let (good, empty) = (scratch.path().join("ca.pem"), scratch.path().join("empty.pem"));
    std::fs::write(&good, rcgen::generate_simple_self_signed(["db.example".to_owned()]).unwrap().cert.pem()).unwrap();
    std::fs::write(&empty, "no certificate").unwrap();
    let ca = |path: &std::path::Path| format!("ca = \"{}\"", path.display());
    let (plain, tls) = ("redis://:secret@db.example:6380/", "rediss://:secret@db.example:6380/");

    let config = load(Some(&file(tls, &ca(&good))), &[]).unwrap();
    let expected = Redis { ca: Some(good.clone()), ..Redis::server(tls) };
    assert_eq!(config.store, Store::Redis(expected.clone()));
    let printed = toml::to_string(&config).unwrap();
    assert!(printed.contains("\"rediss://db.example:6380\"") && !printed.contains("secret"), "{printed}");
    let variable = load(Some(&file("redis://h/", &ca(&good))), &[("GENUINE_GATEWAY_STORE", tls)]).unwrap();
    assert_eq!(variable.store, Store::Redis(expected), "what the file says beside the address stays");
    for (url, more) in
        [(plain, "allow_plain = true"), ("redis://[::1]/", ""), ("redis://localhost/1", ""), ("unix:///run/r", "")]
    {
        assert_eq!(load(Some(&file(url, more)), &[]).err(), None, "{url}");
    }

    let beyond = "store: a server beyond this machine takes ca, or allow_plain";
    let address = "store.url: this is no address of Redis";
    assert_mistakes(vec![
        (file(plain, ""), vec![], beyond),
        (file(plain, "allow_plain = false"), vec![], beyond),
        (FILE.to_owned(), vec![("GENUINE_GATEWAY_STORE", plain)], beyond),
        (file(tls, ""), vec![], "store.ca: rediss:// takes the authority's certificate"),
        (file(tls, "allow_plain = true"), vec![], "store.ca: rediss:// takes the authority's certificate"),
        (file(plain, &ca(&good)), vec![], "store.url: with ca it is rediss://"),
        (file(tls, &ca(&empty)), vec![], "there is no certificate in it"),
        (file(tls, &ca(&scratch.path().join("absent.pem"))), vec![], "No such file"),
        (file(&format!("{tls}#insecure"), &ca(&good)), vec![], address),
        (file("rediss://", &ca(&good)), vec![], address),
    ]);
}

#[test]
fn redis_is_one_server_a_cluster_or_what_sentinels_name() {
    let redis = "url = \"redis://user:secret@127.0.0.1:6379/\"";
    let file = |text: &str| FILE.replace(redis, text);
    let cluster = "cluster = [\"redis://u:secret@localhost:1\", \"redis://u:secret@localhost:2\"]\nreplicas = 1";
    let sentinels =
        "sentinels = [\"redis://:secret@localhost:3\"]\nmaster = \"m\"\nuser = \"u\"\npassword = \"secret\"";
    for (text, expected) in [(cluster, "redis://localhost:2"), (sentinels, "master = \"m\"")] {
        let config = load(Some(&file(text)), &[]).unwrap();
        let printed = toml::to_string(&config).unwrap();
        assert!(printed.contains(expected) && !printed.contains("secret") && !printed.contains("url ="), "{printed}");
        // An address from a variable takes the place of all of them, and nothing of what stands beside them.
        let variable = load(Some(&file(text)), &[("GENUINE_GATEWAY_STORE", "redis://localhost/")]).unwrap();
        let replicas = u32::from(text == cluster);
        assert_eq!(variable.store, Store::Redis(Redis { replicas, ..Redis::server("redis://localhost/") }));
    }
    let one = "store: Redis takes one of url, cluster, or sentinels with master";
    let whose = "store.user, store.password: are the master's";
    let beyond = "store: a server beyond this machine takes ca, or allow_plain";
    let (no_cluster, no_sentinels) =
        ("store.cluster: addresses redis://HOST:PORT", "store.sentinels: addresses redis://");
    let bad = |text: &str, mistake: &'static str| (file(text), vec![], mistake);
    assert_mistakes(vec![
        bad("", one),
        bad(&format!("{redis}\n{cluster}"), one),
        bad(&format!("{redis}\nmaster = \"m\""), one),
        bad("sentinels = [\"redis://localhost:3\"]", one),
        bad("sentinels = []\nmaster = \"m\"", one),
        bad(&format!("{redis}\nuser = \"u\""), whose),
        bad(&format!("{cluster}\npassword = \"secret\""), whose),
        bad("cluster = [\"redis://localhost:1\", \"redis://h:2\"]", beyond),
        bad("sentinels = [\"redis://localhost:1\", \"redis://h:2\"]\nmaster = \"m\"", beyond),
        bad("cluster = [\"redis://localhost:1/1\"]", no_cluster),
        bad("cluster = [\"unix:///run/r\"]", no_cluster),
        bad("cluster = [\"redis://localhost:1\", \"rediss://localhost:2\"]", no_cluster),
        bad("cluster = [\"rediss://localhost:1\"]", "store.ca: rediss:// takes the authority's certificate"),
        bad(
            "cluster = [\"redis://u:a@localhost:1\", \"redis://u:b@localhost:2\"]",
            "all servers of a cluster have one user",
        ),
        bad("sentinels = [\"redis://localhost:1/1\"]\nmaster = \"m\"", no_sentinels),
        bad("sentinels = [\"redis://localhost:1\"]\nmaster = \"\"", "store.master: the name"),
        bad(&format!("{redis}\nreplica = 1"), "unknown field `replica`"),
    ]);
}

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

fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
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
