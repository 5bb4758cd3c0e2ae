//! Session tokens.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use genuine_gateway::config::{Algorithm, ClientTrait, Dpop, OnRefusal, Signing};

use crate::{FILE, load, mistakes::assert_mistakes};

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
