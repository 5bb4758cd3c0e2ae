//! The browser's part: to the provider and back.

use std::collections::BTreeSet;

use genuine_gateway::config::MediatorProvider;
use proptest::prelude::*;

use crate::{
    CHALLENGE, CLIENT, CLIENT_ID, OTHER_CLIENT, OTHER_REDIRECT, Place, REDIRECT, STATE, authorize, exchange, location,
    oidc::{Browser, providers, query},
    provider, real, refused, settings,
    support::{AUTHORITY, Answer, Hands, now},
};

/// Nobody is there: what is refused gets no further.
const NOBODY: &str = "http://127.0.0.1:9";

fn place() -> Place {
    Place::new(vec![provider("rotating", NOBODY), provider("steady", NOBODY)])
}

/// An answer that sends nobody anywhere.
fn stays(answer: &Answer, code: &str) {
    assert_eq!((answer.status, &*answer.code()), (400, code), "{}", answer.json());
    assert!(!answer.headers.contains_key("location"));
}

/// What the app is told, by an answer that was counted under this reason.
fn told(place: &Place, answer: &Answer, reason: &str) -> (String, Option<String>) {
    assert!(place.gate.metrics.refusals(reason) > 0, "{}, but not for {reason}", location(answer));
    let location = location(answer);
    assert!(location.starts_with(&format!("{REDIRECT}?")), "{location}");
    let mut query = query(&location);
    assert_eq!(query.remove("iss").unwrap(), format!("https://{AUTHORITY}"));
    let (error, state) = (query.remove("error").unwrap(), query.remove("state"));
    assert!(query.is_empty(), "{query:?}");
    (error, state)
}

/// The state that the gateway has given the provider.
async fn state(place: &Place, changes: &[(&str, &str)]) -> String {
    query(&location(&place.browse(&authorize(changes)).await))["state"].clone()
}

fn back(provider: &str, pairs: &[(&str, &str)]) -> String {
    format!("/oauth/callback/{provider}?{}", crate::parameters(pairs, &[]))
}

#[tokio::test]
async fn r85_r87_a_provider_is_told_by_the_browser_who_the_gateway_is_and_no_secret() {
    let place = place();
    let location = location(&place.browse(&authorize(&[])).await);
    assert!(location.starts_with(&format!("{NOBODY}/auth?")), "{location}");
    let query = query(&location);
    let names = BTreeSet::from([
        "response_type",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "code_challenge",
        "code_challenge_method",
        "prompt",
    ]);
    assert_eq!(query.keys().map(String::as_str).collect::<BTreeSet<_>>(), names);
    assert_eq!((&*query["response_type"], &*query["client_id"]), ("code", CLIENT_ID));
    assert_eq!(query["redirect_uri"], format!("https://{AUTHORITY}/oauth/callback/rotating"));
    assert_eq!((&*query["scope"], &*query["prompt"]), ("openid offline_access", "consent"));
    assert_eq!(query["code_challenge_method"], "S256");
    assert_ne!(query["code_challenge"], CHALLENGE, "the gateway has a verifier of its own");
    assert!(!query["state"].contains(CHALLENGE) && !query["state"].contains(CLIENT), "it is sealed");
}

#[tokio::test]
async fn r86_a_redirect_is_compared_to_the_letter() {
    let place = place();
    assert_eq!(place.browse(&authorize(&[("redirect_uri", OTHER_REDIRECT)])).await.status, 303);
    for redirect in [
        "",
        "com.example.demo:/signed-in/",
        "com.example.demo:/signed-in?more=1",
        "com.example.demo:/signed-in#fragment",
        "com.example.demo:/Signed-in",
        "com.example.demo:/signed%2Din",
        "com.example.demo:/signed-i",
        "com.example.demo:///signed-in",
        "com.example.demo.evil:/signed-in",
        "https://shop.example.com/signed-in",
        "https://shop.example.com/signed-in?from=gateway&more=1",
        "https://shop.example.com:443/signed-in?from=gateway",
        "http://shop.example.com/signed-in?from=gateway",
        "https://shop.example.com@evil.example/signed-in?from=gateway",
        "https://evil.example/",
    ] {
        stays(&place.browse(&authorize(&[("redirect_uri", redirect)])).await, "redirect_unknown");
    }
}

#[tokio::test]
async fn r86_an_unknown_client_is_sent_nowhere() {
    let place = place();
    for client in ["", "com.example.Demo", "com.example.evil"] {
        stays(&place.browse(&authorize(&[("client_id", client)])).await, "client_unknown");
    }
}

#[tokio::test]
async fn r86_what_is_there_twice_or_unknown_sends_nobody_anywhere() {
    let place = place();
    let good = authorize(&[]);
    for name in ["client_id", "redirect_uri", "response_type", "code_challenge", "code_challenge_method", "state"]
        .into_iter()
        .chain(["scope", "provider"])
    {
        let value = query(&format!("https://{AUTHORITY}{good}"))[name].clone();
        let twice = format!("{good}&{}", crate::parameters(&[(name, &value)], &[]));
        stays(&place.browse(&twice).await, "malformed");
    }
    stays(&place.browse(&format!("{good}&nonce=1")).await, "malformed");
}

/// Whatever parameters are changed, and to what: a browser goes to the provider, back to the app, or nowhere.
#[test]
fn r86_whatever_is_asked_nobody_is_sent_elsewhere() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let place = runtime.block_on(async { place() });
    let name = prop::sample::select(vec![
        "client_id",
        "redirect_uri",
        "response_type",
        "code_challenge",
        "code_challenge_method",
        "state",
        "scope",
        "provider",
        "error",
    ]);
    let value = prop_oneof![
        any::<String>(),
        "[ -~]{0,64}",
        prop::sample::select(vec![
            CLIENT,
            REDIRECT,
            OTHER_REDIRECT,
            STATE,
            "https://evil.example/",
            "steady",
            "openid"
        ])
        .prop_map(str::to_owned),
        Just(format!("{REDIRECT}\r\nlocation: https://evil.example/")),
    ];
    proptest!(|(changes in prop::collection::vec((name, value), 0..4))| {
        let changes: Vec<_> = changes.iter().map(|(name, value)| (*name, &**value)).collect();
        let answer = runtime.block_on(place.browse(&authorize(&changes)));
        if answer.status == 303 {
            let location = location(&answer);
            let starts = [format!("{NOBODY}/auth?"), format!("{REDIRECT}?"), format!("{OTHER_REDIRECT}&")];
            prop_assert!(starts.iter().any(|start| location.starts_with(start)), "{}", location);
        } else {
            prop_assert!(answer.status == 400 && !answer.headers.contains_key("location"));
        }
    });
}

#[tokio::test]
async fn r87_r90_what_else_is_wrong_the_app_is_told() {
    let place = place();
    let long = "s".repeat(513);
    let good = Some(STATE.to_owned());
    for (name, value, reason, error, state) in [
        ("response_type", "token", "ResponseTypeUnknown", "unsupported_response_type", &good),
        ("response_type", "", "ParameterWrong", "invalid_request", &good),
        ("code_challenge_method", "plain", "ChallengeMethod", "invalid_request", &good),
        ("code_challenge_method", "", "ChallengeMethod", "invalid_request", &good),
        ("code_challenge", "", "ChallengeMethod", "invalid_request", &good),
        ("code_challenge", &CHALLENGE[1..], "ChallengeMethod", "invalid_request", &good),
        ("provider", "", "ParameterWrong", "invalid_request", &good),
        ("provider", "third", "ProviderRefused", "unauthorized_client", &good),
        ("scope", "", "ScopeRefused", "invalid_scope", &good),
        ("scope", "openid email", "ScopeRefused", "invalid_scope", &good),
        ("scope", "openid  offline_access", "ScopeRefused", "invalid_scope", &good),
        ("state", &long, "ParameterWrong", "invalid_request", &None),
        ("state", "line\nfeed", "ParameterWrong", "invalid_request", &None),
    ] {
        let place = Place::new(vec![provider("rotating", NOBODY)]);
        let answer = place.browse(&authorize(&[(name, value)])).await;
        assert_eq!(told(&place, &answer, reason), (error.to_owned(), state.clone()), "{name}={value}");
    }
    // A provider that is there, but not for this app.
    let answer = place.browse(&authorize(&[("client_id", OTHER_CLIENT), ("provider", "steady")])).await;
    assert_eq!(told(&place, &answer, "ProviderRefused").0, "unauthorized_client");
    let without = location(&place.browse(&authorize(&[("state", ""), ("scope", "")])).await);
    assert!(!without.contains("state="), "{without}");
}

#[tokio::test]
async fn r88_only_a_login_that_began_here_comes_back() {
    let place = place();
    let state = state(&place, &[]).await;
    let answers = |state: &str| back("rotating", &[("state", state), ("code", "c"), ("iss", NOBODY)]);
    assert_eq!(place.browse(&answers(&state)).await.status, 303);
    let mut changed = state.clone();
    changed.replace_range(60..61, if &state[60..61] == "A" { "B" } else { "A" });
    for state in ["", "made-up", &changed, &state[1..]] {
        stays(&place.browse(&answers(state)).await, "login_unknown");
    }
    // The code of one provider is for that one: its address is another one for each.
    let elsewhere = back("steady", &[("state", &state), ("code", "c"), ("iss", NOBODY)]);
    stays(&place.browse(&elsewhere).await, "login_unknown");
    let twice = format!("{}&code=d", answers(&state));
    stays(&place.browse(&twice).await, "malformed");
    // A code of the gateway's is no state.
    let code = query(&location(&place.browse(&answers(&state)).await))["code"].clone();
    stays(&place.browse(&answers(&code)).await, "login_unknown");
    place.hands.advance(600);
    assert_eq!(place.browse(&answers(&state)).await.status, 303);
    place.hands.advance(1);
    stays(&place.browse(&answers(&state)).await, "login_unknown");
}

#[tokio::test]
async fn r86_a_redirect_that_is_no_more_configured_is_not_gone_to() {
    let (hands, store) = (Hands::at(now()), std::sync::Arc::new(genuine_gateway::store::MemoryStore::default()));
    let before = settings(vec![provider("rotating", NOBODY)]);
    let mut after = before.clone();
    after.clients[0].redirect_uris = vec![OTHER_REDIRECT.to_owned()];
    let [before, after] = [before, after].map(|settings| Place::over(store.clone(), &settings, &hands));
    let state = state(&before, &[]).await;
    let answers = back("rotating", &[("state", &state), ("code", "c"), ("iss", NOBODY)]);
    assert_eq!(before.browse(&answers).await.status, 303);
    stays(&after.browse(&answers).await, "login_unknown");
}

#[tokio::test]
async fn r90_who_answers_is_the_provider_that_was_asked() {
    let place = place();
    let state = state(&place, &[]).await;
    for pairs in
        [&[("state", &*state), ("code", "c"), ("iss", "http://127.0.0.1:10")][..], &[("state", &*state), ("code", "c")]]
    {
        let answer = place.browse(&back("rotating", pairs)).await;
        assert_eq!(told(&place, &answer, "IssuerChanged"), ("server_error".to_owned(), Some(STATE.to_owned())));
    }
    assert_eq!(place.gate.metrics.refusals("IssuerChanged"), 2);
    // One that is not configured to say who it is need not, and must not say another.
    let silent = MediatorProvider { issuer_in_response: false, ..provider("rotating", NOBODY) };
    let place = Place::new(vec![silent]);
    assert!(location(&place.browse(&back("rotating", &[("state", &state), ("code", "c")])).await).contains("code="));
    let other = back("rotating", &[("state", &state), ("code", "c"), ("iss", "http://127.0.0.1:10")]);
    assert_eq!(told(&place, &place.browse(&other).await, "IssuerChanged").0, "server_error");
}

#[tokio::test]
async fn what_a_provider_says_is_told_in_words_of_oauth_alone() {
    let place = place();
    let state = state(&place, &[]).await;
    for (said, expected) in [
        ("access_denied", "access_denied"),
        ("login_required", "login_required"),
        ("consent_required", "consent_required"),
        ("interaction_required", "interaction_required"),
        ("invalid_scope", "invalid_scope"),
        ("temporarily_unavailable", "temporarily_unavailable"),
        ("invalid_request", "server_error"),
        ("the secret is hunter2", "server_error"),
    ] {
        let answers = [("state", &*state), ("error", said), ("error_description", "hunter2"), ("iss", NOBODY)];
        let answer = place.browse(&back("rotating", &answers)).await;
        let expected = (expected.to_owned(), Some(STATE.to_owned()));
        assert_eq!(told(&place, &answer, "LoginRefused"), expected, "{said}");
    }
    let long = "c".repeat(2049);
    for code in ["", "line\nfeed", &long] {
        let answer = place.browse(&back("rotating", &[("state", &state), ("code", code), ("iss", NOBODY)])).await;
        assert_eq!(told(&place, &answer, "LoginRefused").0, "server_error");
    }
}

#[tokio::test]
async fn the_app_gets_its_code_beside_what_its_address_has() {
    let place = place();
    let state = state(&place, &[("redirect_uri", OTHER_REDIRECT), ("state", "")]).await;
    let answers = back("rotating", &[("state", &state), ("code", "c"), ("iss", NOBODY)]);
    let location = location(&place.browse(&answers).await);
    assert!(location.starts_with(&format!("{OTHER_REDIRECT}&code=")), "{location}");
    let query = query(&location);
    assert_eq!((query.len(), &*query["from"], &*query["iss"]), (3, "gateway", "https://localhost:8080"));
}

#[tokio::test]
async fn a_user_who_does_not_agree_is_told_to_the_app() {
    let Some(oidc) = providers() else { return };
    let place = Place::new(real(oidc));
    let location = place.logged_in_by(&mut Browser::unwilling("alice"), "rotating").await;
    let query = query(&location);
    assert_eq!((&*query["error"], &*query["state"]), ("access_denied", STATE));
    assert!(!location.contains("code="), "{location}");
}

/// Mallory has Alice's code of the provider, and puts it into a login of her own: her verifier is the right one, and her device is
/// genuine.
#[tokio::test]
async fn r87_a_code_of_the_providers_is_of_no_use_in_another_login() {
    let Some(oidc) = providers() else { return };
    let place = Place::new(real(oidc));
    let mut mallory = place.registered("mallory").await;
    let begun = location(&place.browse(&authorize(&[])).await);
    let alices = query(&Browser::of("alice").log_in(&begun).await);
    let own = state(&place, &[]).await;
    let injected = back("rotating", &[("state", &own), ("code", &alices["code"]), ("iss", &alices["iss"])]);
    let code = query(&location(&place.browse(&injected).await))["code"].clone();
    let answer = place.ask(&mut mallory, &exchange(&code, &[])).await;
    assert_eq!(refused(&place, &answer, "GrantRefused"), "invalid_grant");
}

#[tokio::test]
async fn apps_find_out_what_there_is() {
    let answer = place().browse("/.well-known/oauth-authorization-server").await;
    let metadata = answer.json();
    let issuer = format!("https://{AUTHORITY}");
    assert_eq!((answer.status, metadata["issuer"].as_str()), (200, Some(&*issuer)));
    for (member, path) in [("authorization_endpoint", "/oauth/authorize"), ("token_endpoint", "/oauth/token")] {
        assert_eq!(metadata[member], format!("{issuer}{path}"));
    }
    assert_eq!(metadata["code_challenge_methods_supported"], serde_json::json!(["S256"]));
}
