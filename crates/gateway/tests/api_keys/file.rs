//! The file of keys, and the settings around it: every mistake is named, and no secret with it.

use std::fs;

use genuine_gateway::{
    api_key::{KeyAccess, KeyBook, KeyTerms},
    config::{Config, RequestEvidence},
    http::{ForwardRule, KeyRule},
};

use super::{CLIENT, Place, TestKey, come, rejected};
use crate::support::Scratch;

fn terms() -> KeyTerms {
    KeyTerms { clients: vec![CLIENT.to_owned()], tiers: vec!["large".to_owned()] }
}

fn mistakes(text: &str) -> Vec<String> {
    KeyBook::parse(text.as_bytes(), &terms()).map(|book| book.len()).unwrap_err()
}

#[test]
fn each_mistake_of_the_file_is_named_without_a_secret() {
    let (key, signing) = (TestKey::new("alice"), TestKey::new("signing"));
    let good = [key.bearer("expires = 2027-01-31\n"), signing.signing("revoked = true\n")].concat();
    assert_eq!(KeyBook::parse(good.as_bytes(), &terms()).map(|book| book.len()).unwrap(), 2);
    assert!(KeyBook::parse(b"", &terms()).unwrap().is_empty());
    let secret = signing.secret();
    for (from, to, expected) in [
        (key.id.as_str(), "gk_short", "id: gk_ and 16 characters"),
        (key.id.as_str(), "xx_AAAAAAAAAAAAAAAA", "id: gk_ and 16 characters"),
        (key.id.as_str(), signing.id.as_str(), "another one has this id"),
        ("\"partner-web\"", "\"shop\"", "application: there is no such client"),
        ("\"large\"", "\"huge\"", "tier: there is no such one"),
        ("[\"orders:read\"]", "[]", "scopes: 1 to 16"),
        ("[\"orders:read\"]", "[\"Orders\"]", "scopes: 1 to 16"),
        ("[\"orders:read\"]", "[\"a\", \"a\"]", "scopes: 1 to 16"),
        ("2027-01-31", "2027-02-30", "this is not of the form"),
        ("2027-01-31", "12:00:00", "expires: a date"),
        ("2027-01-31", "2027-01-31T12:00:00+01:00", "expires: a date"),
        ("2027-01-31", "2027-01-31T12:00:00", "expires: a date"),
        ("2027-01-31", "\"2027-01-31\"", "this is not of the form"),
        ("salt = \"", "salt = \"A", "salt: 16 octets"),
        ("hash = \"", "hash = \"A", "hash: 32 octets"),
        ("signing_secret = \"", "signing_secret = \"A", "signing_secret: 32 octets"),
        ("signing_secret =", "salt =", "a key has salt and hash, or a signing_secret"),
        ("signing_secret =", "colour = 1\nsigning_secret =", "line 12: unknown field"),
        ("signing_secret = \"", "signing_secret = 5 # \"", "this is not of the form"),
        ("revoked = true", "revoked = 1", "this is not of the form"),
        ("scopes = [", "level = [", "unknown field"),
        ("[[keys]]", "[[key]]", "unknown field"),
    ] {
        assert!(good.contains(from), "{from}");
        let found = mistakes(&good.replacen(from, to, 1));
        assert!(found.len() == 1 && found[0].contains(expected), "{from} → {to}: {found:?}");
        assert!(!found[0].contains(&secret) && !found[0].contains(&secret[..12]), "{found:?}");
    }
    // A secret where something else stands.
    for from in ["[\"orders:read\"]", "revoked = true", "2027-01-31"] {
        let found = mistakes(&good.replacen(
            from,
            &format!("{}\"{secret}\"", if from.contains('=') { "revoked = " } else { "" }),
            1,
        ));
        assert!(!found.concat().contains(&secret[..12]), "{found:?}");
    }
    // Or where a name stands, of a field too: what is wrong is said, and where, without it.
    let id = format!("\"{}\"", key.id);
    for (from, to, expected) in [
        (&*id, format!("\"{}\"", key.shown()), "keys, entry 1: id: gk_"),
        (&*id, format!("\"{}\"", key.secret()), "keys, entry 1: id: gk_"),
        ("\"partner-web\"", format!("\"{}\"", key.secret()), &*format!("keys {id}: application: ")),
        ("\"large\"", format!("\"{}\"", key.secret()), &*format!("keys {id}: tier: ")),
        ("orders:read", key.secret(), &*format!("keys {id}: scopes: ")),
        ("tier", key.secret(), "line 9: unknown field"),
        ("salt = ", format!("{} = ", key.secret()), "line 3: unknown field"),
        ("salt = ", format!("{0} = 1\n{0} = ", key.secret()), "line 4: this is not of the form"),
    ] {
        let found = mistakes(&good.replacen(from, &to, 1));
        assert!(found.len() == 1 && found[0].starts_with(expected), "{from}: {found:?}");
        assert!(!found[0].contains(&key.secret()[..12]), "{found:?}");
    }
    let two = good.replace("\"large\"", "\"huge\"");
    assert_eq!(mistakes(&two).len(), 2, "each key's mistake is named");
    let many: String = (0..=10_000).map(|number| TestKey::new(&number.to_string()).bearer("")).collect();
    assert_eq!(mistakes(&many), ["more than 10000 keys"]);
    let end = many.rfind("[[keys]]").unwrap();
    assert_eq!(KeyBook::parse(&many.as_bytes()[..end], &terms()).unwrap().len(), 10_000);
}

#[test]
fn a_file_that_is_not_there_or_too_large_is_named() {
    let scratch = Scratch::new("api-keys-read");
    let path = scratch.path().join("keys.toml");
    let mistake = || KeyBook::read(&path, &terms()).map(|book| book.len()).unwrap_err().concat();
    assert!(mistake().contains("keys.toml: No such file"), "{}", mistake());
    fs::write(&path, " ".repeat((8 << 20) + 1)).unwrap();
    assert!(mistake().contains("keys.toml: more than 8 MiB"), "{}", mistake());
    fs::write(&path, " ".repeat(8 << 20)).unwrap();
    assert!(KeyBook::read(&path, &terms()).unwrap().is_empty());
}

/// A file that is broken while the gateway runs changes nothing.
#[tokio::test]
async fn a_broken_file_leaves_the_old_keys() {
    let key = TestKey::new("alice");
    let place = Place::new("broken", &[key.bearer("")]);
    let request = || come("/partner/orders", &format!("ApiKey {}", key.shown()));
    for broken in ["[[keys]]\n".to_owned(), "\u{0}".to_owned(), key.bearer("tier = \"huge\"\n")] {
        place.rewrite(&[broken]);
        place.passed(request()).await;
        assert_eq!(place.gate.metrics.api_keys_stale.get(), 1);
    }
    place.rewrite(&[key.bearer("")]);
    assert_eq!(place.gate.metrics.api_keys_stale.get(), 0);
    fs::remove_file(place.scratch.path().join("keys.toml")).unwrap();
    place.keys.renew();
    place.passed(request()).await;
    assert!(place.gate.metrics.text().unwrap().contains("\ngenuine_api_keys_stale 1\n"));
    place.rewrite(&[]);
    assert!(place.gate.metrics.text().unwrap().contains("\ngenuine_api_keys_stale 0\n"));
    assert_eq!(place.refused(request()).await, rejected());
}

const SETTINGS: &str = "authority = \"shop.example.com\"
trusted_proxies = [\"127.0.0.1/32\"]
[tokens]
[api_keys]
file = \"FILE\"
[[api_keys.clients]]
name = \"partner-web\"
[[api_keys.tiers]]
name = \"large\"
per_minute = 600
burst = 50
[[forward_auth]]
name = \"partner\"
evidence = \"api_key\"
callers = [\"partner-web\"]
scopes = [\"orders:read\"]
body = \"upstream\"
[[applications]]
name = \"shop\"
app_ids = [\"ABCDE12345.com.example\"]
";

#[test]
fn r75_r76_r77_each_mistake_of_the_settings_is_named() {
    let scratch = Scratch::new("api-keys-settings");
    let file = scratch.path().join("keys.toml");
    fs::write(&file, TestKey::new("alice").bearer("")).unwrap();
    let good = SETTINGS.replace("FILE", file.to_str().unwrap());
    let load = |text: &str| Config::load(Some(text), std::iter::empty()).map_err(|mistakes| mistakes.0);
    let config = load(&good).unwrap();
    let keys = config.api_keys.as_ref().unwrap();
    assert_eq!((keys.header.as_str(), keys.token_lifetime_seconds), ("authorization", 300));
    assert_eq!((ForwardRule::configured(&config).len(), KeyRule::configured(&config).len()), (0, 1));
    let rule = &KeyRule::configured(&config)[0];
    assert_eq!(rule.access, KeyAccess::new([CLIENT]).scope("orders:read").signed());
    assert_eq!(config.forward_auth[0].evidence, RequestEvidence::ApiKey);
    for (from, to, expected) in [
        ("keys.toml", "other.toml", "api_keys.file: "),
        ("[api_keys]\n", "[api_keys]\nheader = \"signature\"\n", "api_keys.header: this is no name"),
        ("[api_keys]\n", "[api_keys]\nheader = \"dpop\"\n", "api_keys.header: this is no name"),
        ("[api_keys]\n", "[api_keys]\nheader = \"x-session\"\n", "api_keys.header: session_header"),
        (
            "[api_keys]\n",
            "[api_keys]\ntoken_lifetime_seconds = 301\n",
            "api_keys.token_lifetime_seconds: from 1 to 300",
        ),
        ("[api_keys]\n", "[api_keys]\ntoken_lifetime_seconds = 0\n", "api_keys.token_lifetime_seconds: from 1 to 300"),
        ("[api_keys]\n", "[api_keys]\ncolour = 1\n", "unknown field `colour`"),
        (
            "[tokens]\n",
            "[tokens]\naudience = \"https://shop.example.com/api-keys\"\n",
            "tokens.audience: request tokens",
        ),
        ("per_minute = 600", "per_minute = 0", "api_keys.tiers \"large\": per_minute"),
        ("burst = 50", "burst = 601", "api_keys.tiers \"large\": per_minute"),
        ("burst = 50", "burst = 0", "api_keys.tiers \"large\": per_minute"),
        ("name = \"shop\"", "name = \"partner-web\"", "api_keys.clients: \"partner-web\" is an application"),
        (
            "[[forward_auth]]",
            "[[api_keys.clients]]\nname = \"partner-web\"\n[[forward_auth]]",
            "api_keys.clients: two have",
        ),
        ("[[forward_auth]]", "[[api_keys.clients]]\nname = \"Web\"\n[[forward_auth]]", "api_keys.clients: a name is"),
        (
            "[[forward_auth]]",
            "[[api_keys.tiers]]\nname = \"a b\"\nper_minute = 1\n[[forward_auth]]",
            "api_keys.tiers: a name",
        ),
        ("callers = [\"partner-web\"]", "callers = [\"shop\"]", "callers: there is no client \"shop\""),
        ("callers = [\"partner-web\"]", "", "callers: names the clients"),
        ("scopes = [\"orders:read\"]", "", "scopes: names what a key has to be for"),
        ("scopes = [\"orders:read\"]", "scopes = [\"a b\"]", "scopes: names what a key has to be for"),
        ("body = \"upstream\"", "body = \"upstream\"\nmode = \"OPTIONAL\"", "mode, rollout_percent, freshness"),
        ("body = \"upstream\"", "body = \"upstream\"\nrollout_percent = 5", "mode, rollout_percent, freshness"),
        ("body = \"upstream\"", "body = \"upstream\"\nfreshness = \"challenge\"", "mode, rollout_percent, freshness"),
        ("body = \"upstream\"", "body = \"upstream\"\naccount = true", "account: is for devices"),
        ("evidence = \"api_key\"\ncallers = [\"partner-web\"]", "", "scopes: are those of API keys"),
    ] {
        assert!(good.contains(from), "{from}");
        let found = load(&good.replacen(from, to, 1)).map(drop).unwrap_err();
        assert!(found.len() == 1 && found[0].contains(expected), "{from} → {to}: {found:?}");
    }
    let without = good.replacen("[api_keys]", "[tokens.other]", 1);
    assert!(load(&without).is_err());
    let printed = toml::to_string(&config).unwrap();
    assert!(printed.contains("partner-web") && !printed.contains(&TestKey::new("alice").secret()), "{printed}");
}

/// A name that says something else already holds neither a key nor anything else that the configuration may put somewhere.
#[test]
fn a_header_of_another_meaning_holds_no_key() {
    let scratch = Scratch::new("api-keys-header");
    let file = scratch.path().join("keys.toml");
    fs::write(&file, "").unwrap();
    let good = SETTINGS.replace("FILE", file.to_str().unwrap());
    let load = |text: &str| Config::load(Some(text), std::iter::empty()).map(drop).map_err(|mistakes| mistakes.0);
    let accounts = "[accounts]\nkind = \"proxy\"\nheader = \"NAME\"\n[tokens]\n";
    let settings = [
        ("api_keys.header", "[api_keys]\n", "[api_keys]\nheader = \"NAME\"\n"),
        ("tokens.header", "[tokens]\n", "[tokens]\nheader = \"NAME\"\n"),
        ("accounts.header", "[tokens]\n", accounts),
        ("session_header", "[tokens]\n", "session_header = \"NAME\"\n[tokens]\n"),
    ];
    for name in [
        "x-request-id",
        "Connection",
        "user-agent",
        "traceparent",
        "x-client-version",
        "x-genuine-device",
        "x-genuine-new",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-new",
        "signature",
        "signature-input",
        "idempotency-key",
        "host",
        "content-digest",
        "content-type",
        "content-encoding",
        "dpop",
        "x-app-attest",
        "x-app-attest-client-data",
        "upgrade",
        "transfer-encoding",
        "forwarded",
        "via",
        "te",
        "sec-fetch-site",
        "proxy-authorization",
    ] {
        for (setting, from, to) in settings {
            let found = load(&good.replacen(from, &to.replace("NAME", name), 1)).unwrap_err();
            assert!(
                found.len() == 1 && found[0].starts_with(&format!("{setting}: this is no name")),
                "{name}: {found:?}"
            );
        }
    }
    let with = |setting: usize, name: &str| {
        let (_, from, to) = settings[setting];
        load(&good.replacen(from, &to.replace("NAME", name), 1))
    };
    for setting in 0..4 {
        with(setting, "x-partner-key").unwrap();
        // A cookie is a session, and holds nothing else.
        assert_eq!(with(setting, "cookie").is_ok(), setting == 3);
        // Proxies name users there.
        assert_eq!(with(setting, "x-forwarded-user").is_ok(), setting == 2);
    }
}

#[test]
fn routes_name_their_clients_and_scopes() {
    let access = |clients: &[&str]| KeyAccess::new(clients.iter().copied());
    for (access, expected) in [
        (access(&[CLIENT]), 1),
        (access(&[]).scope("orders:read"), 1),
        (access(&["shop"]).scope("orders:read"), 1),
        (access(&[CLIENT]).scope("Orders"), 1),
        (access(&[CLIENT]).scope("orders:read"), 0),
    ] {
        assert_eq!(access.mistakes(&terms()).len(), expected, "{access:?}");
    }
}
