//! Where a request names its account.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue},
    response::IntoResponse as _,
};
use genuine_gateway::{
    account::{AccountId, TokenFault},
    config::Accounts,
    http::{AccountSource, Problem},
    refusal::Refusal,
};
use serde_json::{Value, json};

use crate::{NOW, Provider, alice, claims, header, p256, with};

pub(super) fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let line = |(name, value): &(&str, &str)| {
        (HeaderName::try_from(*name).unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap())
    };
    let mut headers = HeaderMap::new();
    for (name, value) in lines.iter().map(line) {
        headers.append(name, value);
    }
    headers
}

#[test]
fn r83_the_users_token_stands_after_bearer() {
    let provider = Provider::usual("bearer");
    let source = provider.source("authorization");
    let token = p256(1).token(&header("ES256", "e"), &claims());
    let account = |lines: &[(&str, &str)]| source.account(&headers(lines), false, NOW);
    let (bearer, attest) = (format!("Bearer {token}"), "Attest key_id=\"AA\", assertion=\"AA\"");
    assert_eq!(account(&[("authorization", &bearer)]), Ok(Some(alice())));
    assert_eq!(account(&[("authorization", &format!("bEARER {token}"))]), Ok(Some(alice())));
    assert_eq!(account(&[("authorization", &bearer), ("x-app-attest", "key_id=AA; assertion=AA")]), Ok(Some(alice())));
    // Whose request it is, nobody says.
    assert_eq!(account(&[]), Ok(None));
    assert_eq!(account(&[("authorization", attest)]), Ok(None));
    assert_eq!(account(&[("authorization", "Basic YTpi")]), Ok(None));
    assert_eq!(account(&[("x-user", &token)]), Ok(None));
    // Twice, or of two schemes.
    for other in [&*bearer, attest, ""] {
        assert_eq!(account(&[("authorization", &bearer), ("authorization", other)]), Err(Refusal::RequestMalformed));
        assert_eq!(account(&[("authorization", other), ("authorization", &bearer)]), Err(Refusal::RequestMalformed));
    }
    assert_eq!(account(&[("authorization", "Bearer ä")]), Err(Refusal::RequestMalformed));
    let form = Err(Refusal::AccountRefused(TokenFault::Form));
    for value in [&*format!("{bearer}, {attest}"), "Bearer", "Bearer ", &format!("Bearer  {token}"), "Bearer x"] {
        assert_eq!(account(&[("authorization", value)]), form, "{value}");
    }
    let expired = p256(1).token(&header("ES256", "e"), &with(&claims(), json!({ "exp": NOW })));
    let refused = account(&[("authorization", &format!("Bearer {expired}"))]);
    assert_eq!(refused, Err(Refusal::AccountRefused(TokenFault::Expired)));
    assert_eq!(refused.unwrap_err().reason(), "UserTokenExpired");
}

#[test]
fn another_header_holds_the_users_token_alone() {
    let provider = Provider::usual("alone");
    let source = provider.source("X-User");
    let token = p256(1).token(&header("ES256", "e"), &claims());
    let account = |lines: &[(&str, &str)]| source.account(&headers(lines), true, NOW);
    let form = Err(Refusal::AccountRefused(TokenFault::Form));
    assert_eq!(account(&[("x-user", &token)]), Ok(Some(alice())));
    assert_eq!(account(&[("x-user", &format!("Bearer {token}"))]), form);
    assert_eq!(account(&[("x-user", "")]), form);
    assert_eq!(account(&[("authorization", &format!("Bearer {token}"))]), Ok(None));
    assert_eq!(account(&[("x-user", &token), ("x-user", &token)]), Err(Refusal::RequestMalformed));
}

#[test]
fn a_proxys_word_is_believed_of_proxies_alone() {
    let source = AccountSource::new(&Accounts::Proxy { header: "X-Account".to_owned() }).unwrap();
    let account = |lines: &[(&str, &str)], trusted| source.account(&headers(lines), trusted, NOW);
    let bob = AccountId::of("proxy", "bob").unwrap();
    assert_eq!(account(&[("x-account", "bob")], true), Ok(Some(bob)));
    assert_eq!(account(&[("x-account", "bob")], false), Err(Refusal::ProxyUnknown));
    assert_eq!((account(&[], true), account(&[], false)), (Ok(None), Ok(None)));
    // What the client said stands beside what the proxy said.
    assert_eq!(account(&[("x-account", "bob"), ("x-account", "alice")], true), Err(Refusal::RequestMalformed));
    for value in ["", &*"x".repeat(513), "bäb"] {
        assert_eq!(account(&[("x-account", value)], true), Err(Refusal::RequestMalformed), "{value}");
    }
    assert!(account(&[("x-account", &*"x".repeat(512))], true).is_ok_and(|account| account.is_some()));
    source.renew();
}

#[tokio::test]
async fn a_client_is_told_what_it_can_act_on() {
    for (refusal, status, code, retryable, scheme) in [
        (Refusal::AccountMissing, 401, "account_required", true, Some("Bearer")),
        (Refusal::AccountRefused(TokenFault::Issuer), 401, "user_token_rejected", true, Some("Bearer")),
        (Refusal::AccountMismatch, 401, "rejected", false, Some("Attest")),
        (Refusal::ProxyUnknown, 403, "proxy_unknown", false, None),
    ] {
        let response = Problem::from(refusal).into_response();
        let challenge = response.headers().get("www-authenticate").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!((response.status().as_u16(), challenge.as_deref()), (status, scheme), "{code}");
        let body = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((&body["code"], &body["retryable"]), (&json!(code), &json!(retryable)));
        assert!(!body.to_string().contains("Issuer"), "the reason stays here");
    }
}
