//! What is wrong with the settings of the operator's listener, and what is printed of them.

use std::process::Command;

use genuine_gateway::{
    config::{Config, Role},
    gate::sha256,
};

use super::hex;
use crate::support::Scratch;

const APPLICATIONS: &str = "[[applications]]\nname = \"shop\"\napp_ids = [\"ABCDE12345.com.example.shop\"]\n";

fn file(settings: &str, operators: &str) -> String {
    format!("{settings}\n{operators}\n{APPLICATIONS}")
}

fn mistakes(settings: &str, operators: &str) -> Vec<String> {
    Config::load(Some(&file(settings, operators)), std::iter::empty()).err().map_or_else(Vec::new, |found| found.0)
}

fn operator(name: &str, shown: &str) -> String {
    format!("[[operators]]\nname = \"{name}\"\nrole = \"admin\"\n{shown}\n")
}

#[test]
fn operators_are_read_from_the_file() {
    let (token, certificate) = (hex([1; 32]), "AB:".repeat(31) + "ab");
    let operators = operator("alice", &format!("token_sha256 = \"{token}\""))
        + &operator("bob@example.com", &format!("certificate_sha256 = \"{certificate}\""))
            .replace("\"admin\"", "\"monitor\"");
    let tls = "operator_tls = { certificate = \"c.pem\", key = \"k.pem\", clients = \"ca.pem\" }\n\
               operator_listen = \"0.0.0.0:8081\"\noperator_hosts = [\"ops.example.com\", \"[2001:db8::1]\", \"10.0.0.1\"]\n\
               audit = \"audit.jsonl\"";
    let config = Config::load(Some(&file(tls, &operators)), std::iter::empty()).unwrap();
    assert_eq!(config.operators.len(), 2);
    assert_eq!((config.operators[0].role, config.operators[0].token()), (Role::Admin, Some([1; 32])));
    assert_eq!((config.operators[1].role, config.operators[1].certificate()), (Role::Monitor, Some([0xAB; 32])));
}

#[test]
fn each_mistake_about_operators_is_named() {
    let good = format!("token_sha256 = \"{}\"", hex([1; 32]));
    let clients = "operator_tls = { certificate = \"c.pem\", key = \"k.pem\", clients = \"ca.pem\" }";
    let alice = operator("alice", &good);
    assert!(mistakes("", &alice).is_empty());
    assert!(mistakes(clients, &alice).is_empty());
    let unnoted = "operator_listen = \"0.0.0.0:8081\"";
    let beyond = &format!("{unnoted}\naudit = \"audit.jsonl\"");
    let allowed = format!("{beyond}\noperator_allow_plain = true");
    assert!(mistakes(&allowed, &alice).is_empty());
    let token = "operator_token = \"0123456789abcdef0123456789abcdef\"";
    for (settings, operators, expected) in [
        ("", operator("", &good), "operators: a name has"),
        ("", operator(&"a".repeat(65), &good), "operators: a name has"),
        ("", operator("a b", &good), "operators: a name has"),
        ("", operator("alice", ""), "operators: \"alice\" has either"),
        (
            clients,
            operator("alice", &format!("{good}\ncertificate_sha256 = \"{}\"", hex([2; 32]))),
            "operators: \"alice\" has either",
        ),
        ("", operator("alice", "token_sha256 = \"abc\""), "operators: token_sha256 of \"alice\" has 64"),
        ("", operator("alice", &good.replace("01\"", "0x\"")), "operators: token_sha256 of \"alice\" has 64"),
        ("", operator("alice", &good.replace("01\"", "0101\"")), "operators: token_sha256 of \"alice\" has 64"),
        (
            "",
            operator("alice", &format!("token_sha256 = \"{}\"", hex(sha256(b"")))),
            "operators: token_sha256 of \"alice\" is that of no token",
        ),
        (clients, operator("alice", "certificate_sha256 = \"\""), "operators: certificate_sha256 of \"alice\" has 64"),
        (
            "",
            operator("alice", &format!("certificate_sha256 = \"{}\"", hex([2; 32]))),
            "operators: certificate_sha256 of \"alice\" takes operator_tls.clients",
        ),
        (
            "operator_tls = { certificate = \"c.pem\", key = \"k.pem\" }",
            operator("alice", &format!("certificate_sha256 = \"{}\"", hex([2; 32]))),
            "operators: certificate_sha256 of \"alice\" takes operator_tls.clients",
        ),
        (
            "",
            format!("{alice}{}", operator("alice", &good.replace("01\"", "02\""))),
            "operators: \"alice\" is there twice",
        ),
        ("", format!("{alice}{}", operator("bob", &good)), "operators: \"bob\" shows what another one shows"),
        (token, alice.clone(), "operator_token: with operators"),
        (clients, String::new(), "operator_tls.clients: takes operators"),
        (&format!("{unnoted}\noperator_allow_plain = true"), alice.clone(), "audit: beyond loopback"),
        (beyond, String::new(), "operator_listen: beyond loopback it takes operators or operator_token"),
        (beyond, alice.clone(), "operator_listen: beyond loopback it takes operator_tls, or operator_allow_plain"),
        (&format!("{beyond}\n{token}"), String::new(), "operator_listen: beyond loopback it takes operator_tls, or"),
        ("operator_hosts = [\"ops.example.com:8081\"]", alice.clone(), "operator_hosts:"),
        ("operator_hosts = [\"OPS\"]", alice.clone(), "operator_hosts:"),
        ("operator_hosts = [\"*\"]", alice.clone(), "operator_hosts:"),
        ("operator_hosts = [\"\"]", alice.clone(), "operator_hosts:"),
    ] {
        let found = mistakes(settings, &operators);
        assert!(found.len() == 1 && found[0].starts_with(expected), "{expected}: {found:?}");
    }
    // What cannot be read at all is named with its line.
    for (settings, operators) in [
        ("", alice.replace("\"admin\"", "\"root\"")),
        ("", operator("alice", &format!("{good}\ntoken = \"x\""))),
        ("", alice.replace("role = \"admin\"\n", "")),
        ("operator_tls = { certificate = \"c.pem\" }", alice.clone()),
        ("operator_tls = { certificate = \"c.pem\", key = \"k.pem\", client = \"ca.pem\" }", alice.clone()),
        ("operator_allow_plain = \"yes\"", alice.clone()),
    ] {
        let found = mistakes(settings, &operators);
        assert!(found.len() == 1 && found[0].starts_with("line "), "{found:?}");
    }
    // All of them at once.
    let all = mistakes(&format!("{token}\n{beyond}"), &format!("{alice}{}", operator("alice", "")));
    assert_eq!(all.len(), 4, "{all:?}");
}

#[test]
fn variables_reach_the_settings_of_the_operator() {
    let variables = [
        ("GENUINE_GATEWAY_OPERATOR_HOSTS", "ops.example.com, ops"),
        ("GENUINE_GATEWAY_OPERATOR_ALLOW_PLAIN", "true"),
        ("GENUINE_GATEWAY_OPERATOR_TLS_CERTIFICATE", "c.pem"),
        ("GENUINE_GATEWAY_OPERATOR_TLS_KEY", "k.pem"),
        ("GENUINE_GATEWAY_AUDIT", "audit.jsonl"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = Config::load(Some(APPLICATIONS), variables.into_iter()).unwrap();
    assert_eq!(config.operator_hosts, ["ops.example.com", "ops"]);
    assert!(config.operator_allow_plain && config.operator_tls.unwrap().clients.is_none());
    assert_eq!(config.audit, Some("audit.jsonl".into()));
}

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_genuine-gateway"));
    let output = command.env_clear().args(arguments).output().unwrap();
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

/// The hash of a token is not printed: whoever has it could try tokens that somebody made up.
#[test]
fn a_new_token_and_what_is_printed_of_it() {
    let (code, said) = run(&["--new-operator-token"]);
    assert_eq!(code, Some(0));
    let token = said.lines().next().unwrap().rsplit(' ').next().unwrap();
    let line = said.lines().nth(1).unwrap();
    assert!(token.len() == 43 && !run(&["--new-operator-token"]).1.contains(token));
    assert_eq!(line, format!("token_sha256 = \"{}\"", hex(sha256(token.as_bytes()))));
    let scratch = Scratch::new("printed-operators");
    let path = scratch.path().join("gateway.toml");
    std::fs::write(&path, file("", &operator("alice", line))).unwrap();
    let (code, printed) = run(&["--config", path.to_str().unwrap(), "--check"]);
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.contains("name = \"alice\"") && printed.contains("role = \"admin\""), "{printed}");
    assert!(printed.contains("token_sha256 = \"…\"") && !printed.contains(&hex(sha256(token.as_bytes()))), "{printed}");
    // Files that are none end the start.
    let operators = operator("alice", line);
    let tls = format!("operator_tls = {{ certificate = {path:?}, key = {path:?} }}");
    for (settings, expected) in [
        (tls.as_str(), "no private key in PEM"),
        ("operator_tls = { certificate = \"/none\", key = \"/none\" }", "operator_tls: /none"),
    ] {
        std::fs::write(&path, file(settings, &operators)).unwrap();
        let (code, said) = run(&["--config", path.to_str().unwrap(), "--check"]);
        assert!(code == Some(2) && said.contains(expected), "{said}");
    }
}
