//! What the configuration says of accounts.

use std::fs;

use genuine_gateway::{
    config::{Accounts, Config},
    http::AccountSource,
};

use crate::{AUDIENCE, ISSUER, Provider};

/// A configuration with these lines in `[accounts]`, and before it.
fn load(before: &str, accounts: &str) -> Result<Config, Vec<String>> {
    let text = format!(
        "{before}\n[[applications]]\nname = \"shop\"\napp_ids = [\"ABCDE12345.com.example.shop\"]\n[accounts]\n{accounts}\n"
    );
    Config::load(Some(&text), std::iter::empty()).map_err(|mistakes| mistakes.0)
}

const BEHIND_PROXY: &str = "authority = \"shop.example\"\ntrusted_proxies = [\"10.0.0.0/8\"]";

#[test]
fn a_configuration_says_whose_word_on_accounts_counts() {
    let provider = Provider::usual("config");
    let keys = Provider::file(&provider.scratch);
    let least = format!("kind = \"token\"\nissuer = \"{ISSUER}\"\naudience = \"{AUDIENCE}\"\nkeys = {keys:?}");
    let config = load("", &least).unwrap();
    let expected = Accounts::Token {
        header: "authorization".to_owned(),
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        keys: keys.clone(),
        claim: "sub".to_owned(),
    };
    assert_eq!(config.accounts.as_ref(), Some(&expected));
    assert!(AccountSource::new(&expected).is_ok());
    // What is printed by --check is a configuration again.
    let printed = toml::to_string(&config).unwrap().replace("demo = false\n", "");
    assert_eq!(Config::load(Some(&printed), std::iter::empty()).unwrap().accounts.as_ref(), Some(&expected));
    // Challenges may be bound to the same header.
    assert!(load("session_header = \"authorization\"", &least).is_ok());
    let tokens = "\n[tokens]\nheader = \"x-device-token\"";
    assert!(load("", &format!("{least}{tokens}")).is_ok());

    let config = load(BEHIND_PROXY, "kind = \"proxy\"\nheader = \"x-account\"").unwrap();
    assert_eq!(config.accounts, Some(Accounts::Proxy { header: "x-account".to_owned() }));
    assert_eq!((expected.issuer(), config.accounts.unwrap().issuer()), (ISSUER, "proxy"));
    assert!(Config::default().accounts.is_none());
}

#[test]
fn every_mistake_about_accounts_is_named() {
    let provider = Provider::usual("mistakes");
    let keys = Provider::file(&provider.scratch);
    let missing = keys.with_file_name("missing.json");
    let unusable = keys.with_file_name("unusable.json");
    fs::write(&unusable, "{\"keys\":[]}").unwrap();
    let token = |line: &str| {
        let name = line.split_once(" = ").map_or("", |(name, _)| name);
        let lines = [
            "kind = \"token\"".to_owned(),
            format!("issuer = \"{ISSUER}\""),
            format!("audience = \"{AUDIENCE}\""),
            format!("keys = {keys:?}"),
        ];
        let kept = lines.into_iter().filter(|kept| !kept.starts_with(&format!("{name} ")));
        kept.chain([line.to_owned()]).collect::<Vec<_>>().join("\n")
    };
    let long = "x".repeat(513);
    for (line, mistake) in [
        ("issuer = \"\"", "accounts.issuer: from 1 to 512"),
        (&*format!("issuer = \"{long}\""), "accounts.issuer: from 1 to 512"),
        ("audience = \"\"", "accounts.audience: from 1 to 512"),
        ("audience = \"a b\"", "accounts.audience: from 1 to 512"),
        ("claim = \"\"", "accounts.claim: from 1 to 512"),
        (&format!("keys = {missing:?}"), &format!("accounts.keys: {}: No such file", missing.display())),
        (&format!("keys = {unusable:?}"), &format!("accounts.keys: {}: no key in it", unusable.display())),
        ("header = \"content-type\"", "accounts.header: this is no name"),
        ("header = \"Host\"", "accounts.header: this is no name"),
        ("header = \"X-App-Attest\"", "accounts.header: this is no name"),
        ("header = \"X-Forwarded-For\"", "accounts.header: this is no name"),
        ("header = \"cookie\"", "accounts.header: this is no name"),
        ("header = \"two words\"", "accounts.header: this is no name"),
        ("header = \"\"", "accounts.header: this is no name"),
        ("header = \"x-user\"\n[tokens]\nheader = \"X-User\"", "tokens.header: accounts.header is the same one"),
        ("[tokens]", "tokens.header: accounts.header is the same one"),
    ] {
        let mistakes = load("", &token(line)).unwrap_err();
        assert!(mistakes.len() == 1 && mistakes[0].starts_with(mistake), "{line}: {mistakes:?}");
    }
    for (before, accounts, mistake) in [
        ("", "kind = \"proxy\"\nheader = \"x-account\"", "accounts: trusted_proxies lists no proxy"),
        (
            BEHIND_PROXY,
            "kind = \"proxy\"\nheader = \"Authorization\"",
            "accounts.header: authorization is the client's",
        ),
        (BEHIND_PROXY, "kind = \"proxy\"\nheader = \"x-app-attest\"", "accounts.header: this is no name"),
    ] {
        let mistakes = load(before, accounts).unwrap_err();
        assert!(mistakes.len() == 1 && mistakes[0].starts_with(mistake), "{accounts}: {mistakes:?}");
    }
    // What is left out or unknown stops the reading.
    for (accounts, word) in [
        ("kind = \"proxy\"", "header"),
        ("kind = \"cookie\"", "cookie"),
        ("header = \"x-account\"", "kind"),
        ("kind = \"proxy\"\nheader = \"x-account\"\nissuer = \"x\"", "issuer"),
        ("kind = \"token\"\nissuer = \"x\"\naudience = \"y\"", "keys"),
    ] {
        let mistakes = load(BEHIND_PROXY, accounts).unwrap_err();
        assert!(mistakes[0].contains(word), "{accounts}: {mistakes:?}");
    }
}
