//! The App ID: which app the object belongs to, and how the caller's differs from it.

use super::{Subject, after_trying};
use crate::{
    caller::sha256,
    model::{Diagnosis, Facts, Finding},
    text::{hex, shortened},
};

/// How much of an App ID that the object names stands in a sentence: no genuine one is longer.
const LONGEST: usize = 255;

/// The length of an App ID prefix.
const PREFIX: usize = 10;

/// The App ID hash does not fit.
pub(super) fn of(subject: &Subject<'_>) -> Option<Diagnosis> {
    let facts = subject.facts?;
    let fits = |app_id: &str| hex(&sha256(app_id.as_bytes())) == facts.rp_id_hash_hex;
    let Some(given) = subject.side.app_id.as_deref() else {
        return Some(after_trying(
            Vec::new(),
            Finding::OtherApp,
            "The object belongs to another app than the one that the stored key was attested for: the key of another record, \
             or of another app of yours.",
        ));
    };
    let leaf = facts.leaf_app_id.as_deref().map(|app_id| (app_id, "its certificate names it"));
    let receipt = receipt_app_id(facts).map(|app_id| (app_id, "its receipt, which nothing signs, names it"));
    if let Some((actual, witness)) = [leaf, receipt].into_iter().flatten().find(|(app_id, _)| fits(app_id)) {
        let (finding, how) = difference(given, actual);
        let actual = shortened(actual, LONGEST);
        return Some(after_trying(
            Vec::new(),
            finding,
            format!(
                "The object belongs to App ID `{actual}` ({witness}, and the hash fits), and you gave `{given}`: {how}"
            ),
        ));
    }
    let mut tried = Vec::new();
    for actual in variants(given) {
        if fits(&actual) {
            let (finding, how) = difference(given, &actual);
            return Some(after_trying(
                tried,
                finding,
                format!("The object belongs to App ID `{actual}`, and you gave `{given}`: {how}"),
            ));
        }
        tried.push(actual);
    }
    let doubt = facts.leaf_app_id.as_ref().map_or_else(
        || "The certificate names no App ID, so that the object cannot confirm it.".to_owned(),
        |named| {
            let named = shortened(named, LONGEST);
            format!("The certificate names `{named}`, whose hash is not in the object either: the object was changed.")
        },
    );
    Some(if has_prefix(given) {
        after_trying(
            tried,
            Finding::NoneFits,
            format!(
                "The object belongs to none of `{given}`, its parts and its App Clip. If the bundle identifier is right, its \
                 prefix is not: take the App ID Prefix from Identifiers in the developer account, which for older apps is \
                 not the Team ID. {doubt}"
            ),
        )
    } else {
        after_trying(
            tried,
            Finding::PrefixMissing,
            format!(
                "`{given}` is a bundle identifier without its prefix. An App ID is the App ID Prefix of ten characters (in \
                 the developer account under Identifiers, mostly the Team ID), a period and the bundle identifier: give \
                 `ABCDE12345.{given}` with your prefix for ABCDE12345. {doubt}"
            ),
        )
    })
}

fn receipt_app_id(facts: &Facts) -> Option<&str> {
    facts.receipt.as_ref()?.app_id.as_deref()
}

/// Prefix, period, bundle identifier.
fn has_prefix(app_id: &str) -> bool {
    bundle(app_id).is_some()
}

fn bundle(app_id: &str) -> Option<&str> {
    let (prefix, bundle) = app_id.split_once('.')?;
    let is_prefix = prefix.len() == PREFIX && prefix.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    (is_prefix && !bundle.is_empty()).then_some(bundle)
}

/// App IDs that are easily mixed up with this one.
fn variants(given: &str) -> Vec<String> {
    let given = given.trim();
    let mut list = vec![given.to_owned(), given.trim_matches(['"', '\'']).to_owned(), given.to_lowercase()];
    // The app of an App Clip or an extension.
    let mut parent = given;
    while let Some((shorter, _)) = parent.rsplit_once('.').filter(|(shorter, _)| shorter.contains('.')) {
        list.push(shorter.to_owned());
        parent = shorter;
    }
    // Their App ID, where somebody gave that of the app.
    list.extend([".Clip", ".clip", ".AppClip", ".appclip"].map(|suffix| format!("{given}{suffix}")));
    list.extend(bundle(given).map(str::to_owned));
    list.extend(given.split_once('.').map(|(prefix, _)| format!("{prefix}.*")));
    list
}

/// What is different, and what to do.
fn difference(given: &str, actual: &str) -> (Finding, &'static str) {
    let is_part = |whole: &str, part: &str| whole.strip_prefix(part).is_some_and(|rest| rest.starts_with('.'));
    if given.trim().trim_matches(['"', '\'']) == actual {
        (Finding::OtherApp, "white space or quotes are around it. Take them away.")
    } else if given.eq_ignore_ascii_case(actual) {
        (Finding::OtherApp, "capital and small letters differ, and count.")
    } else if bundle(actual) == Some(given) {
        (Finding::PrefixMissing, "the prefix is missing. Give the App ID with prefix, period and bundle identifier.")
    } else if bundle(given).is_some() && bundle(given) == bundle(actual) {
        (
            Finding::OtherPrefix,
            "the bundle identifier is the same, the prefix another. Take the App ID Prefix from Identifiers in the developer \
             account, which for older apps is not the Team ID.",
        )
    } else if is_part(given, actual) {
        (
            Finding::AppClip,
            "that is the identifier of an App Clip or extension. Apple's guide says that a key made in an App Clip has the \
             App ID of the full app: give that one.",
        )
    } else if is_part(actual, given) {
        (
            Finding::AppClip,
            "that is the full app, and the object comes from its App Clip or extension. Give that one as well.",
        )
    } else {
        (Finding::OtherApp, "another app. Give the App ID of the app that made the key, or refuse it.")
    }
}
