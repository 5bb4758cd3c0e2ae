//! The suite's vectors of Play Integrity, with the policy that each of them has as data.

use genuine::UnixMillis;
use genuine_explain::{Expected, Input, Mark, TokenKind, explain_token};
use genuine_testvectors::{PLAY_GROUPS, play_vectors};
use serde_json::{Value, json};

#[test]
fn every_vector_of_the_suite_is_as_expected() {
    let mut count = 0;
    for (group, json) in PLAY_GROUPS {
        let Ok(Input::TokenGroup(vectors)) = Input::read(json.as_bytes()) else { panic!("{group}") };
        for vector in vectors {
            let id = vector.id.as_deref().expect("an id");
            assert!(id.starts_with(&format!("{group}::")) && vector.description.is_some(), "{id}");
            let explanation = explain_token(&vector.token, Some(vector.kind), &vector.side, UnixMillis(0));
            assert!(vector.expected.is_met_by(&explanation.verdict), "{id}: {:?}", explanation.verdict);
            assert!(matches!(vector.expected, Expected::Pass | Expected::Exactly(_)), "{id}");
            assert!(explanation.verdict.missing.is_empty(), "{id}");
            let failed = explanation.steps.iter().filter(|step| step.mark == Mark::Failed).count();
            assert_eq!(failed, usize::from(vector.expected != Expected::Pass), "{id}");
            assert!(explanation.diagnosis.sentence.ends_with('.'), "{id}");
            count += 1;
        }
    }
    assert_eq!(count, play_vectors().count());
}

fn changed(path: &str, value: Value) -> Result<Input, String> {
    let vector = play_vectors().find(|vector| vector.id == "play-good::minimal").expect("a vector");
    let mut json = serde_json::to_value(vector).expect("serialises");
    let (parent, name) = path.rsplit_once('/').expect("a path");
    json.pointer_mut(parent).expect("it is there")[name] = value;
    Input::read(json.to_string().as_bytes()).map_err(|reason| reason.to_string())
}

#[test]
fn a_vector_by_itself_is_read() {
    let Ok(Input::TokenVector(vector)) = changed("/policy", json!({"accept_devices": []})) else { panic!("a vector") };
    assert_eq!(
        (vector.kind, vector.side.play.requirements.accept_devices.clone()),
        (TokenKind::PlayToken, Some(vec![]))
    );
    let explanation = explain_token(&vector.token, None, &vector.side, UnixMillis(0));
    assert_eq!(explanation.verdict.name, Some("PlayDeviceLabels"));
    let Ok(Input::TokenVector(vector)) = changed("/request", json!("standard")) else { panic!("a vector") };
    assert_eq!(vector.kind, TokenKind::PlayPayload);
}

/// What is misspelt would not be asked.
#[test]
fn what_is_no_policy_is_told() {
    let rows = [
        ("/policy", json!({"require_versions": 1}), "nothing that a policy says"),
        ("/policy", json!({"require_play_protect": ["GOOD"]}), "is no label"),
        ("/policy", json!({"accept_test_responses": 1}), "neither true nor false"),
        ("/policy", json!({"require_version": "1"}), "not a number"),
        ("/policy", json!([]), "not a JSON object"),
        ("/request", json!("other"), "neither \"classic\" nor"),
        ("/expected", json!("maybe"), "not `pass`"),
        ("/keys", json!(1), "not a list"),
        ("/certificates", json!(["ab"]), "`certificates`"),
        ("/nonce", json!("?"), "not hexadecimal"),
        ("/token", json!(1), "not text"),
    ];
    for (path, value, reason) in rows {
        let unreadable = changed(path, value).expect_err(reason);
        assert!(unreadable.contains(reason), "{unreadable}");
    }
    let group = |vectors: Value| Input::read(json!({"group": "g", "vectors": vectors}).to_string().as_bytes());
    let good = serde_json::to_value(play_vectors().next().expect("a vector")).expect("serialises");
    for (second, reason) in [(json!({}), "vector 1 has no `id`"), (json!({"id": "x"}), "x: `token` is missing")] {
        let unreadable = group(json!([good, second])).expect_err(reason).to_string();
        assert!(unreadable.contains(reason), "{unreadable}");
    }
}
