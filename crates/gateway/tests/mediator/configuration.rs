//! The settings of the mediator: each mistake is named, and no secret is printed.

use genuine_gateway::{
    config::{Config, Mediator},
    server::Server,
};

use crate::support::Scratch;

const GOOD: &str = r#"
[[applications]]
name = "shop"
app_ids = ["ABCDE12345.com.example.shop"]

[mediator]
secrets = ["c2VjcmV0LW9mLXRoZS1nYXRld2F5LTMyLW9jdGV0cyE="]

[[mediator.providers]]
name = "provider"
issuer = "https://id.example.com"
authorization_endpoint = "https://id.example.com/auth"
token_endpoint = "https://id.example.com/token"
client_id = "shop"
client_secret = "hunter2"
scopes = ["openid"]

[[mediator.clients]]
client_id = "com.example.shop"
application = "shop"
redirect_uris = ["https://shop.example.com/signed-in"]
providers = ["provider"]
"#;

fn mistakes(text: &str) -> Vec<String> {
    match Config::load(Some(text), std::iter::empty()) {
        Ok(_) => Vec::new(),
        Err(mistakes) => mistakes.0,
    }
}

#[test]
fn each_mistake_about_the_mediator_is_named() {
    assert_eq!(mistakes(GOOD), Vec::<String>::new());
    let secret = "\"c2VjcmV0LW9mLXRoZS1nYXRld2F5LTMyLW9jdGV0cyE=\"";
    let client = GOOD.split("[[mediator.clients]]").nth(1).unwrap();
    let provider = GOOD.split("[[mediator.providers]]").nth(1).unwrap().split("[[").next().unwrap();
    let redirect = "https://shop.example.com/signed-in";
    for (from, to, expected) in [
        (secret, "", "mediator.secrets: from 1 to 4"),
        (secret, &[secret; 5].join(","), "mediator.secrets: from 1 to 4"),
        (secret, "\"c2hvcnQ=\"", "mediator.secrets: each is 32 to 64 octets"),
        (secret, &[secret; 2].join(","), "mediator.secrets: the same is there twice"),
        ("[mediator]", "[mediator]\nlogin_lifetime_seconds = 0", "mediator.login_lifetime_seconds: from 1 to 3600"),
        ("[mediator]", "[mediator]\ncode_lifetime_seconds = 601", "mediator.code_lifetime_seconds: from 1 to 600"),
        ("[mediator]", "[mediator]\nrefresh_lifetime_seconds = 0", "mediator.refresh_lifetime_seconds: from 1 to"),
        ("[mediator]", "[mediator]\nsession_tokens = true", "mediator.session_tokens: takes [tokens]"),
        ("[mediator]", "[mediator]\nsecret = 1", "unknown field `secret`"),
        ("name = \"provider\"", "name = \"Provider\"", "name: 1 to 64 lower-case"),
        ("issuer = \"https:", "issuer = \"http:", "issuer: https://HOST"),
        ("/auth\"", "/auth?a=b\"", "authorization_endpoint: https://HOST/PATH without a query"),
        ("token_endpoint = \"https:", "token_endpoint = \"http:", "token_endpoint: https://HOST/PATH"),
        ("client_id = \"shop\"", "client_id = \"\"", "client_id: from 1 to 255"),
        ("client_secret = \"hunter2\"", "", "client_secret: this or client_secret_file"),
        ("client_secret = \"hunter2\"", "client_secret = \"\"", "client_secret: from 1 to 512"),
        ("client_secret = \"hunter2\"", "client_secret_file = \"/nowhere\"", "client_secret_file: /nowhere"),
        ("scopes =", "client_secret_file = \"/nowhere\"\nscopes =", "client_secret: this or client_secret_file"),
        ("scopes = [\"openid\"]", "scopes = []", "scopes: name what apps may ask for"),
        ("scopes = [\"openid\"]", "scopes = [\"a b\"]", "scopes: each is one word"),
        ("scopes =", "authorization_parameters = { state = \"a\" }\nscopes =", "authorization_parameters: the gateway"),
        ("scopes =", "timeout_ms = 0\nscopes =", "timeout_ms: from 1 to 60000"),
        ("scopes =", "client_authentication = \"none\"\nscopes =", "unknown variant `none`"),
        (
            "[[mediator.clients]]",
            &format!("[[mediator.providers]]{provider}\n[[mediator.clients]]"),
            "another one has it",
        ),
        ("client_id = \"com.example.shop\"", "client_id = \"a b\"", "client_id: from 1 to 255"),
        ("application = \"shop\"", "application = \"other\"", "application: there is no application \"other\""),
        ("providers = [\"provider\"]", "providers = []", "providers: name those"),
        ("providers = [\"provider\"]", "providers = [\"other\"]", "providers: there is no provider \"other\""),
        (&format!("\"{redirect}\""), "", "redirect_uris: name where its users come back to"),
        (redirect, "https://*.example.com/", "so that a * would be none"),
        (redirect, "https://shop.example.com/#here", "has no fragment"),
        (redirect, "https://user@shop.example.com/", "names no user"),
        (redirect, "http://shop.example.com/", "http is for 127.0.0.1 and [::1]"),
        (redirect, "http://localhost/", "http is for 127.0.0.1 and [::1]"),
        (redirect, "shop:/signed-in", "a scheme with a dot in it"),
        (redirect, "javascript:alert(1)", "a scheme with a dot in it"),
        (redirect, "/signed-in", "this is no address"),
        (redirect, "https://shop.example.com/ signed-in", "from 1 to 512 printable characters"),
    ] {
        assert!(GOOD.contains(from), "{from}");
        let mistakes = mistakes(&GOOD.replacen(from, to, 1));
        assert!(mistakes.iter().any(|mistake| mistake.contains(expected)), "{expected}: {mistakes:?}");
        assert!(!mistakes.concat().contains("hunter2"), "{mistakes:?}");
    }
    let twice = format!("{GOOD}\n[[mediator.clients]]{client}");
    assert!(mistakes(&twice).concat().contains("client_id: another one has it"));
    for good in ["com.example.shop:/signed-in", "http://127.0.0.1:7777/", "http://[::1]:7777/signed-in"] {
        assert_eq!(mistakes(&GOOD.replace(redirect, good)), Vec::<String>::new(), "{good}");
    }
    let all = mistakes(&GOOD.replace("\"https://id", "\"http://id").replace(redirect, "shop:/"));
    assert_eq!(all.len(), 4, "each one at once: {all:?}");
}

#[tokio::test]
async fn r85_the_secret_may_stand_in_a_file() {
    let scratch = Scratch::new("mediator-secret");
    let file = scratch.path().join("secret");
    std::fs::write(&file, "hunter2\n").unwrap();
    let text = GOOD.replace("client_secret = \"hunter2\"", &format!("client_secret_file = \"{}\"", file.display()));
    let config = Config::load(Some(&text), std::iter::empty()).unwrap();
    let Mediator { providers, .. } = config.mediator.clone().unwrap();
    assert_eq!(providers[0].secret().unwrap().0, "hunter2");
    let printed = toml::to_string(&config).unwrap();
    assert!(printed.contains("[[mediator.providers]]") && !printed.contains("hunter2"), "{printed}");
    assert!(!printed.contains("c2VjcmV0"), "{printed}");
    std::fs::write(&file, "").unwrap();
    assert!(Config::load(Some(&text), std::iter::empty()).is_err());
}

/// What a server with this configuration answers to a browser, and to an app with a session token alone.
async fn answers(config: Config) -> [(u16, String); 2] {
    let server = Server::bind(config).await.unwrap();
    let address = server.app_address().unwrap();
    let serving = tokio::spawn(async move { server.serve(std::future::pending()).await.map_err(|_| ()) });
    let http = reqwest::Client::new();
    let [authorize, token] = ["authorize", "token"].map(|path| format!("http://{address}/oauth/{path}"));
    let mut told = Vec::new();
    for request in [http.get(authorize), http.post(token).header("authorization", "Bearer made-up")] {
        let answer = request.send().await.unwrap();
        let (status, body) = (answer.status().as_u16(), answer.json::<serde_json::Value>().await.unwrap());
        told.push((status, body["code"].as_str().unwrap().to_owned()));
    }
    serving.abort();
    told.try_into().unwrap()
}

#[tokio::test]
async fn nothing_is_there_unless_it_is_configured() {
    let config = Config {
        listen: "127.0.0.1:0".parse().unwrap(),
        operator_listen: "127.0.0.1:0".parse().unwrap(),
        store: genuine_gateway::config::Store::Memory {},
        tokens: Some(genuine_gateway::config::Tokens::default()),
        ..Config::load(Some(GOOD), std::iter::empty()).unwrap()
    };
    let told = |expected: [(u16, &str); 2]| expected.map(|(status, code)| (status, code.to_owned()));
    let none = Config { mediator: None, ..config.clone() };
    assert_eq!(answers(none).await, told([(404, "not_found"), (404, "not_found")]));
    let mut with_tokens = config.clone();
    with_tokens.mediator.as_mut().unwrap().session_tokens = true;
    assert_eq!(answers(with_tokens).await, told([(400, "client_unknown"), (401, "token_rejected")]));
    // Session tokens count only where that is said.
    assert_eq!(answers(config).await, told([(400, "client_unknown"), (401, "rejected")]));
}
