//! The settings of key attestation: every mistake is named, and nothing opens by default.

use genuine::session::mode::Mode;
use genuine_gateway::config::{Config, Level};

const NONE: &str = "[revocations]\nkind = \"none\"\n";
const KEYS: &str =
    "[[applications]]\nname = \"shop\"\n[applications.key_attestation]\npackage_name = \"com.example.shop\"\n";

fn digest(octet: u8) -> String {
    format!("{octet:02x}").repeat(32)
}

fn load(text: &str) -> Result<Config, Vec<String>> {
    Config::load(Some(text), std::iter::empty()).map_err(|mistakes| mistakes.0)
}

fn with(settings: &str) -> String {
    format!("{NONE}{KEYS}certificates = [\"{}\"]\n{settings}\n", digest(0xD5))
}

#[test]
fn an_application_with_key_attestation_alone_has_defaults() {
    let config = load(&with("")).unwrap();
    let keys = config.applications[0].key_attestation.clone().unwrap();
    assert_eq!((keys.mode, keys.security_level), (Mode::Required, Level::TrustedEnvironment));
    assert!(!keys.remote_provisioning && !keys.shared_user_id && !keys.suspended && !keys.known_tags_alone);
    assert!(keys.boot_keys.is_empty() && keys.os_version_at_least.is_none() && keys.os_patch_level_at_least.is_none());
    // What is printed can be read again.
    let printed = toml::to_string(&config).unwrap().replace("demo = false\n", "");
    load(&printed).unwrap();
}

/// Whoever attests keys says where the list of revoked ones comes from, or that there is none.
#[test]
fn without_a_word_on_the_list_there_is_no_start() {
    for mode in ["REQUIRED", "OPTIONAL", "OFF"] {
        let text = with(&format!("mode = \"{mode}\"")).replace(NONE, "");
        let mistakes = load(&text).unwrap_err();
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        assert!(mistakes[0].contains("application \"shop\": key_attestation: takes [revocations]"), "{mistakes:?}");
    }
}

#[test]
fn each_mistake_is_named() {
    for settings in [
        "security_level = \"STRONG_BOX\"",
        "security_level = \"TRUSTED_ENVIRONMENT\"",
        "os_version_at_least = 70000",
        "os_patch_level_at_least = 202611",
        "os_patch_level_at_least = 20261105",
        "vendor_patch_level_at_least = 20240229",
        "boot_patch_level_at_least = 20261130",
        &format!("boot_keys = [\"{}\", \"{}\"]", digest(1), digest(2)),
        "rollout_percent = 50\nclient_version_at_least = \"3.17\"\nsuspended = true\nknown_tags_alone = true",
    ] {
        load(&with(settings)).unwrap_or_else(|mistakes| panic!("{settings}: {mistakes:?}"));
    }
    let own = |certificates: &str| format!("{NONE}{KEYS}certificates = {certificates}\n");
    for (text, expected) in [
        (with("").replace("com.example.shop", "shop"), "key_attestation.package_name: words of letters"),
        (own("[]"), "key_attestation.certificates: at least one"),
        (own("[\"d5\"]"), "key_attestation.certificates: SHA-256"),
        (own(&format!("[\"{0}\", \"{0}\"]", digest(1))), "key_attestation.certificates: SHA-256"),
        (with("boot_keys = [\"d5\"]"), "key_attestation.boot_keys: SHA-256"),
        (with(&format!("boot_keys = [\"{}\"]", digest(0))), "key_attestation.boot_keys: SHA-256"),
        (with(&format!("boot_keys = [\"{0}\", \"{0}\"]", digest(1))), "key_attestation.boot_keys: SHA-256"),
        (with("os_version_at_least = 13"), "key_attestation.os_version_at_least: six digits"),
        (with("os_patch_level_at_least = 2026"), "key_attestation.os_patch_level_at_least: a month"),
        (with("os_patch_level_at_least = 202613"), "key_attestation.os_patch_level_at_least: a month"),
        (with("vendor_patch_level_at_least = 20260230"), "key_attestation.vendor_patch_level_at_least: a month"),
        (with("boot_patch_level_at_least = 20260100"), "key_attestation.boot_patch_level_at_least: a month"),
        (with("security_level = \"SOFTWARE\""), "unknown variant `SOFTWARE`"),
        (with("attest_keys = true"), "unknown field `attest_keys`"),
        (format!("{NONE}{KEYS}"), "missing field `certificates`"),
        ("[[applications]]\nname = \"shop\"\n".to_owned(), "app_ids, play, key_attestation: at least one App ID"),
    ] {
        let mistakes = load(&text).expect_err(&text);
        assert_eq!(mistakes.len(), 1, "{text}: {mistakes:?}");
        assert!(mistakes[0].contains(expected), "{expected}: {mistakes:?}");
    }
}
