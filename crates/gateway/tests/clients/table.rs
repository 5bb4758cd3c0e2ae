//! `clients/answers.json`: what an app does about each answer.

use std::collections::{BTreeMap, BTreeSet};

use axum::response::IntoResponse as _;
use genuine::{Error, session::mode::ClientVersion};
use genuine_gateway::{account::TokenFault, api_key::KeyFault, http::Problem, mediator::Fault, refusal::Refusal};
use http_body_util::BodyExt as _;
use serde_json::Value;

/// For operators, for clients with API keys, and for browsers: no app meets them.
const OF_OTHERS: [&str; 15] = [
    "unauthorized",
    "operator_forbidden",
    "origin_refused",
    "idempotency_key_required",
    "idempotency_key_expired",
    "replayed",
    "unreadable",
    "too_many_watchers",
    "api_key_rejected",
    "signature_rejected",
    "request_token_rejected",
    "insufficient_scope",
    "client_unknown",
    "redirect_unknown",
    "login_unknown",
];

/// A row: what to do the first time, the second time in a row, and so on.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) platform: String,
    /// `registration` or `request`.
    pub(super) at: String,
    pub(super) code: String,
    /// Of which answers it is, where that matters.
    pub(super) retryable: Option<bool>,
    pub(super) steps: Vec<String>,
}

/// Every row, those that hold everywhere included, and the names of what to do.
pub(super) fn table() -> (Vec<Row>, BTreeSet<String>) {
    let table: Value = serde_json::from_str(include_str!("../../clients/answers.json")).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let row = |row: &Value, platform: &str, at: &str| Row {
        platform: platform.to_owned(),
        at: at.to_owned(),
        code: text(&row["code"]),
        retryable: row["retryable"].as_bool(),
        steps: row["do"].as_array().unwrap().iter().map(text).collect(),
    };
    let of = |name: &str| table[name].as_array().unwrap().clone();
    let mut rows: Vec<_> =
        of("answers").iter().map(|value| row(value, &text(&value["platform"]), &text(&value["at"]))).collect();
    for platform in ["app_attest", "play_integrity", "key_attestation"] {
        for at in ["registration", "request"] {
            rows.extend(of("everywhere").iter().map(|value| row(value, platform, at)));
        }
    }
    (rows, table["actions"].as_object().unwrap().keys().cloned().collect())
}

/// What the gateway answers for each of these reasons: status, code, and whether it may be tried again.
async fn answers() -> BTreeMap<String, BTreeSet<(u16, bool)>> {
    let own = [
        Refusal::ChallengeReused,
        Refusal::KeyAlreadyEnrolled,
        Refusal::KeyRevoked,
        Refusal::DeviceLocked,
        Refusal::AccountMismatch,
        Refusal::AccountMissing,
        Refusal::ClientOutdated(ClientVersion::parse("3.15").unwrap()),
        Refusal::PlatformUnknown,
        Refusal::AttestationExpired,
        Refusal::TokenRevoked,
        Refusal::ProofReused,
        Refusal::BindingMissing,
        Refusal::BindingRefused,
        Refusal::OperatorUnknown,
        Refusal::OperatorForbidden,
        Refusal::OriginRefused,
        Refusal::IdempotencyKeyMissing,
        Refusal::IdempotencyKeyExpired,
        Refusal::ChangeReplayed,
        Refusal::WatcherLimit,
        Refusal::ObjectUnreadable,
        Refusal::ApiKey(KeyFault::Wrong),
        Refusal::ApiKey(KeyFault::Stale),
        Refusal::ApiKey(KeyFault::Token),
        Refusal::ScopeMissing,
        Refusal::Oauth(Fault::OauthClientUnknown),
        Refusal::Oauth(Fault::RedirectUnknown),
        Refusal::Oauth(Fault::LoginUnknown),
        Refusal::Oauth(Fault::ProviderUnavailable),
        Refusal::RehearsalOver,
        Refusal::AccountRefused(TokenFault::Expired),
        Refusal::ProxyUnknown,
        Refusal::DigestMissing,
        Refusal::AttestationRequired,
        Refusal::HttpsRequired,
        Refusal::BodyTooLarge,
        Refusal::BodyType,
        Refusal::BodyTimeout,
        Refusal::RouteUnknown,
        Refusal::MethodUnknown,
        Refusal::AddressLimit(1),
        Refusal::StoreUnavailable,
        Refusal::RevocationsTooOld,
    ];
    let engine = Error::ALL.iter().map(|error| Refusal::Engine(*error));
    let mut found: BTreeMap<String, BTreeSet<(u16, bool)>> = BTreeMap::new();
    for refusal in own.into_iter().chain(engine) {
        let response = Problem::from(refusal).into_response();
        let status = response.status().as_u16();
        let body: Value = serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap();
        let code = body["code"].as_str().unwrap().to_owned();
        found.entry(code).or_default().insert((status, body["retryable"].as_bool().unwrap()));
    }
    found
}

/// The codes of the table "What is answered" in the README.
fn documented() -> BTreeSet<String> {
    let readme = include_str!("../../README.md");
    let (_, part) = readme.split_once("## What is answered\n").unwrap();
    let rows =
        part.lines().skip_while(|line| !line.starts_with("|---")).skip(1).take_while(|line| line.starts_with('|'));
    rows.flat_map(|row| row.split('|').nth(2).unwrap().split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

/// What the gateway answers, what the README lists and what the table knows are the same codes, and no row has a word that the
/// table does not explain.
#[tokio::test]
async fn each_answer_has_its_row() {
    let (rows, actions) = table();
    let known: BTreeSet<_> = rows.iter().map(|row| row.code.clone()).collect();
    let answered: BTreeSet<_> = answers().await.into_keys().filter(|code| !OF_OTHERS.contains(&&**code)).collect();
    let documented: BTreeSet<_> = documented().into_iter().filter(|code| !OF_OTHERS.contains(&&**code)).collect();
    assert_eq!(documented, answered, "the README, and what is answered");
    let missing: Vec<_> = documented.difference(&known).collect();
    assert!(missing.is_empty(), "clients/answers.json does not say what an app does about {missing:?}");
    let unknown: Vec<_> = known.difference(&documented).collect();
    assert!(unknown.is_empty(), "nobody answers {unknown:?}");
    let used: BTreeSet<_> = rows.iter().flat_map(|row| row.steps.iter().cloned()).collect();
    assert_eq!(used, actions);
}

/// A row never waits for what cannot change: what may not be tried again is not sent again with the same key and nothing new, and
/// what is tried ends.
#[tokio::test]
async fn the_table_fits_what_is_answered() {
    let answers = answers().await;
    for row in table().0 {
        let (statuses, last) = (&answers[&row.code], row.steps.last().unwrap().as_str());
        let ends = ["give_up", "use_key", "check_outcome", "log_in", "update_app", "wait"].contains(&last);
        assert!(ends, "{row:?}: goes on for ever");
        if let Some(retryable) = row.retryable {
            assert!(statuses.iter().any(|(_, may)| *may == retryable), "{row:?}: no answer is like this");
        }
        let may_be_tried = row.retryable.unwrap_or_else(|| statuses.iter().any(|(_, may)| *may));
        for again in ["sign_again", "wait", "new_proof", "new_challenge"] {
            assert!(may_be_tried || !row.steps.iter().any(|step| step == again), "{row:?}: trying again does not help");
        }
        if last == "wait" {
            assert!(statuses.iter().all(|(status, _)| [429, 503].contains(status)), "{row:?}");
        }
    }
}
