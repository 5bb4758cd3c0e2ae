//! The configuration of platforms, modes and roll-outs: what each setting does, and that every mistake is named.
#![allow(missing_docs)]

mod support;

use genuine::session::mode::{ClientVersion, Rollout};
use genuine_gateway::config::{Config, Environment, Mode, Percent};
use support::android::{PACKAGE, play_app};

/// A configuration with one application, and these lines in its part on Google Play.
fn file(lines: &str) -> String {
    let certificate: String = play_app().certificate().map(|octet| format!("{octet:02x}")).concat();
    format!(
        "[[applications]]\nname = \"shop\"\n\n[applications.play]\npackage_name = \"{PACKAGE}\"\n\
         certificates = [\"{certificate}\"]\n{lines}\n"
    )
}

fn keys() -> String {
    let (decryption, verification) = (play_app().decryption_key_base64(), play_app().verification_key_base64());
    format!("keys = [{{ decryption_key = \"{decryption}\", verification_key = \"{verification}\" }}]\n")
}

fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(Some(text), variables).map_err(|mistakes| mistakes.0)
}

fn assert_mistake(text: &str, variables: &[(&str, &str)], expected: &str) {
    let mistakes = load(text, variables).unwrap_err();
    assert!(mistakes.len() == 1 && mistakes[0].contains(expected), "{expected}: {mistakes:?}");
    assert!(!mistakes[0].contains(&play_app().decryption_key_base64()), "{mistakes:?}");
}

#[test]
fn google_play_has_defaults_that_open_nothing() {
    let config = load(&file(&keys()), &[]).unwrap();
    let play = config.applications[0].play.as_ref().unwrap();
    assert_eq!((play.mode, play.rollout_percent, play.standard), (Mode::Required, Percent::ALL, false));
    assert_eq!((play.environment, play.licensed), (Environment::Production, true));
    assert_eq!(
        (&play.device_labels[..], play.attestation_lifetime_seconds),
        (&["MEETS_DEVICE_INTEGRITY".to_owned()][..], 86_400)
    );
    let printed = toml::to_string(&config).unwrap();
    assert!(!printed.contains(&play_app().decryption_key_base64()), "{printed}");
}

/// R45, and everything else that Google Play takes.
#[test]
fn r45_each_mistake_about_google_play_is_named() {
    let good = format!("{}rollout_percent = 12.5\nclient_version_at_least = \"3.17\"", keys());
    let play = load(&file(&good), &[]).unwrap().applications.remove(0).play.unwrap();
    assert_eq!(play.rollout_percent.rollout(), Rollout::from_hundredths(1250).unwrap());
    assert_eq!(play.client_version_at_least.unwrap().value, ClientVersion::new([3, 17, 0, 0]));
    for (lines, expected) in [
        (String::new(), "play: keys for classic tokens, or standard = true"),
        ("standard = true".to_owned(), "play.standard: takes [google]"),
        (keys().replace("decryption_key = \"", "decryption_key = \"A"), "play.keys: decryption_key is not the base64"),
        (keys().replace("verification_key = \"", "verification_key = \"A"), "play.keys: verification_key is not"),
        (format!("{}device_labels = []", keys()), "play.device_labels: an empty list refuses everything"),
        (format!("{}device_labels = [\"MEETS\"]", keys()), "play.device_labels: \"MEETS\" is none of Google's"),
        (format!("{}attestation_lifetime_seconds = 0", keys()), "play.attestation_lifetime_seconds: from 1"),
        (format!("{}attestation_lifetime_seconds = 31622401", keys()), "play.attestation_lifetime_seconds: from 1"),
        (format!("{}rollout_percent = 100.01", keys()), "rollout_percent: from 0 to 100"),
        (format!("{}mode = \"required\"", keys()), "unknown variant `required`"),
        (format!("{}client_version_at_least = \"three\"", keys()), "no version such as 3.15"),
        (format!("{}colour = 1", keys()), "unknown field `colour`"),
    ] {
        assert_mistake(&file(&lines), &[], expected);
    }
    for name in ["", "shop", "com..shop", "com.1shop", "com.example.shop/", "com.ex-ample"] {
        assert_mistake(&file(&keys()).replace(PACKAGE, name), &[], "play.package_name: words of letters");
    }
    let text = file(&keys());
    let start = text.find("certificates").unwrap();
    let end = start + text[start..].find('\n').unwrap();
    let with = |certificates: &str| format!("{}{certificates}{}", &text[..start], &text[end..]);
    assert_mistake(&with("certificates = []"), &[], "play.certificates: at least one");
    assert_mistake(&with("certificates = [\"00\"]"), &[], "play.certificates: SHA-256 of a certificate has 32 bytes");
    assert_mistake(
        "[[applications]]\nname = \"shop\"\n",
        &[],
        "app_ids, play, key_attestation: at least one App ID, Google Play",
    );
    // What is OFF may wait for the rest.
    assert!(load(&file("mode = \"OFF\""), &[]).is_ok());
}

#[test]
fn r43_r45_variables_describe_an_application_on_android() {
    let (decryption, verification) = (play_app().decryption_key_base64(), play_app().verification_key_base64());
    let certificate: String = play_app().certificate().map(|octet| format!("{octet:02x}")).concat();
    let all = [
        ("ATTESTATION_ANDROID_PACKAGE_NAME", PACKAGE),
        ("ATTESTATION_ANDROID_CERTIFICATES", &*certificate),
        ("ATTESTATION_ANDROID_PLAY_INTEGRITY_MODE", "OPTIONAL"),
        ("ATTESTATION_ANDROID_PLAY_INTEGRITY_TIMEOUT", "1500"),
        ("ATTESTATION_ANDROID_PLAY_INTEGRITY_DECRYPTION_KEY", &*decryption),
        ("ATTESTATION_ANDROID_PLAY_INTEGRITY_VERIFICATION_KEY", &*verification),
    ];
    let application = load("", &all).unwrap().applications.remove(0);
    let play = application.play.unwrap();
    assert_eq!((application.name.as_str(), application.timeout_ms), ("android", 1500));
    assert_eq!((play.package_name.as_str(), play.mode, play.keys.len()), (PACKAGE, Mode::Optional, 1));
    for (name, mode) in
        [("ATTESTATION_ANDROID_PLAY_INTEGRITY_TIMEOUT", "0"), ("ATTESTATION_ANDROID_PLAY_INTEGRITY_MODE", "on")]
    {
        let variables = all.map(|(known, value)| (known, if known == name { mode } else { value }));
        let mistakes = load("", &variables).unwrap_err().join("\n");
        assert!(mistakes.contains(name) || mistakes.contains("timeout_ms: from 1"), "{mistakes}");
    }
    // R45: OPTIONAL or REQUIRED makes the others mandatory, and what is missing is named.
    for missing in ["PACKAGE_NAME", "CERTIFICATES", "PLAY_INTEGRITY_DECRYPTION_KEY", "PLAY_INTEGRITY_VERIFICATION_KEY"]
    {
        let name = format!("ATTESTATION_ANDROID_{missing}");
        let variables: Vec<_> = all.into_iter().filter(|(known, _)| *known != name).collect();
        let mistakes = load("", &variables).unwrap_err().join("\n");
        assert!(mistakes.contains(&format!("{name}: is missing, and the mode needs it")), "{mistakes}");
        assert!(!mistakes.contains(&decryption), "{mistakes}");
    }
    assert!(load("", &[("ATTESTATION_ANDROID_PLAY_INTEGRITY_MODE", "OFF")]).is_ok());
}

/// What a rule of a proxy's says of tokens and bodies has to fit together.
#[test]
fn a_rule_that_takes_tokens_says_what_becomes_of_bodies() {
    let text = |tokens: &str, rule: &str| {
        format!(
            "authority = \"shop.example.com\"\ntrusted_proxies = [\"127.0.0.1/32\"]\n{tokens}\n[[forward_auth]]\n\
             name = \"profile\"\n{rule}\n[[applications]]\nname = \"shop\"\napp_ids = [\"ABCDE12345.com.example.shop\"]\n"
        )
    };
    let rule = "evidence = \"token\"\nbody = \"unsigned\"";
    assert!(load(&text("[tokens]", rule), &[]).is_ok());
    assert!(load(&text("[tokens]", &rule.replace("unsigned", "none")), &[]).is_ok());
    assert_mistake(&text("", rule), &[], "forward_auth \"profile\": evidence: token takes [tokens]");
    assert_mistake(&text("[tokens]", &rule.replace("unsigned", "upstream")), &[], "body: a token signs no body");
    assert_mistake(&text("[tokens]", "body = \"unsigned\""), &[], "body: unsigned is for evidence");
    assert_mistake(
        &text("[tokens]", &format!("{rule}\nfreshness = \"challenge\"")),
        &[],
        "freshness: is for assertions",
    );
    assert_mistake(&text("[tokens]", &format!("{rule}\naccount = true")), &[], "account: takes [accounts]");
    assert_mistake(&text("[tokens]", &format!("{rule}\nmode = \"on\"")), &[], "unknown variant `on`");
}
