//! What a token says, in rows, and the options that belong to it.

use genuine_explain::{HeaderFacts, Missing, PlayFacts, Recall, SessionFacts, TokenExplanation, TokenFacts, TokenKind};

use crate::print::{Row, cut};

/// As much of a value as is shown, in characters: the longest nonce has 500.
const MAX_VALUE: usize = 500;

/// Who says it.
pub(crate) fn title(token: &TokenExplanation) -> &'static str {
    match (&token.facts, token.kind) {
        (Some(TokenFacts::Play(facts)), _) if facts.authentic => "Google says:",
        (Some(TokenFacts::Session(facts)), _) if facts.authentic => "Signed by a key of yours:",
        (Some(_), TokenKind::PlayPayload) => "The payload says, if it is Google's answer:",
        _ => "The token says, unverified:",
    }
}

pub(crate) fn rows(token: &TokenExplanation) -> Vec<Row> {
    let headers = [("header", &token.header), ("inner header", &token.inner_header)];
    let header =
        |(label, header): (_, &Option<HeaderFacts>)| header.as_ref().map(|header| (label, header.text.clone()));
    // With a payload to show, the headers stand among the steps alone.
    let rows: Vec<Row> = match &token.facts {
        Some(TokenFacts::Play(facts)) => play(facts),
        Some(TokenFacts::Session(facts)) => session(token.header.as_ref(), facts),
        _ => headers.into_iter().filter_map(header).collect(),
    };
    rows.into_iter().map(|(label, value)| (label, cut(&value, MAX_VALUE))).collect()
}

fn play(facts: &PlayFacts) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut push = |label, value: Option<String>| rows.extend(value.map(|value| (label, value)));
    // Of the three verdicts it counts as well that they are absent.
    let verdict = |value: &Option<String>| Some(value.clone().unwrap_or_else(|| "no verdict".to_owned()));
    push("requested by", facts.request_package.clone());
    push("at", facts.time.clone());
    push("nonce", facts.nonce.clone());
    push("request hash", facts.request_hash.clone());
    push("app", verdict(&facts.app_recognition));
    push("package", facts.app_package.clone());
    for certificate in &facts.certificates {
        push("certificate", Some(certificate.digest.clone()));
        push("in hexadecimal", certificate.digest_hex.clone());
    }
    push("version code", facts.version_code.map(|version| version.to_string()));
    push("device", Some(listed(&facts.device_labels).unwrap_or_else(|| "no label".to_owned())));
    push("recent activity", facts.device_activity.clone());
    push("Android API level", facts.sdk_version.map(|version| version.to_string()));
    push("device recall", facts.device_recall.as_ref().map(recall));
    push("licence", verdict(&facts.licensing));
    push("account activity", facts.account_activity.clone());
    let none_or =
        |list: &Option<Vec<String>>| list.as_ref().map(|list| listed(list).unwrap_or_else(|| "none".to_owned()));
    push("apps detected", none_or(&facts.apps_detected));
    push("Play Protect", facts.play_protect.clone());
    push("location risks", none_or(&facts.location_risks));
    push("test response", facts.test_response.then(|| "YES: somebody configured these verdicts".to_owned()));
    let dialog = facts.dialog.as_ref();
    push("dialog to show", dialog.map(|one| format!("{} {}: {}", one.number, one.dialog_name, one.purpose)));
    rows
}

/// The header, and each claim: of the registered ones the meaning, of the others the name.
fn session(header: Option<&HeaderFacts>, facts: &SessionFacts) -> Vec<Row> {
    let mut rows = Vec::new();
    if let Some(header) = header {
        let parameters = [("algorithm", &header.algorithm), ("type", &header.kind), ("key", &header.key_id)];
        rows.extend(parameters.into_iter().filter_map(|(label, value)| Some((label, value.clone()?))));
    }
    for claim in &facts.claims {
        let value = match &claim.time {
            Some(time) => format!("{} ({time})", claim.value),
            None => claim.value.clone(),
        };
        let label = match claim.claim_name.as_str() {
            "iss" => "issuer (iss)",
            "sub" => "subject (sub)",
            "aud" => "audience (aud)",
            "exp" => "expires (exp)",
            "nbf" => "not before (nbf)",
            "iat" => "issued (iat)",
            "jti" => "identifier (jti)",
            "cnf" => "bound to (cnf)",
            name => {
                rows.push(("claim", format!("{name}: {value}")));
                continue;
            }
        };
        rows.push((label, value));
    }
    rows.extend(facts.bound_to.as_ref().map(|thumbprint| ("thumbprint", thumbprint.clone())));
    rows
}

fn listed(items: &[String]) -> Option<String> {
    (!items.is_empty()).then(|| items.join(", "))
}

/// The three bits, and when each was written.
fn recall(recall: &Recall) -> String {
    let bit = |((name, bit), written): ((&str, &Option<bool>), &Option<i64>)| {
        let value = match bit {
            Some(true) => "set",
            Some(false) => "not set",
            None => "not told",
        };
        written.map_or_else(|| format!("{name} {value}"), |month| format!("{name} {value} ({month})"))
    };
    ["first", "second", "third"]
        .into_iter()
        .zip(&recall.bits)
        .zip(&recall.written)
        .map(bit)
        .collect::<Vec<_>>()
        .join(", ")
}

/// When it was made, to look at an old one.
pub(crate) fn time(token: &TokenExplanation) -> Option<&str> {
    match &token.facts {
        Some(TokenFacts::Play(facts)) => facts.time.as_deref(),
        Some(TokenFacts::Session(facts)) => {
            let claim = facts.claims.iter().find(|claim| ["iat", "nbf"].contains(&claim.claim_name.as_str()))?;
            claim.time.as_deref()
        }
        _ => None,
    }
}

/// The option that tells what is missing.
pub(crate) fn option_of(part: Missing, token: &TokenExplanation) -> &'static str {
    let is_standard =
        matches!(&token.facts, Some(TokenFacts::Play(facts)) if facts.nonce.is_none() && facts.request_hash.is_some());
    match part {
        Missing::DecryptionKey => "--decryption-key KEY",
        Missing::VerificationKey => "--verification-key KEY",
        Missing::Package => "--package NAME",
        Missing::CertificateDigest => "--certificate-digest SHA256",
        Missing::Binding if is_standard => "--request-hash TEXT",
        Missing::Binding => "--nonce BASE64URL",
        Missing::TokenKey => "--secret BASE64 or --jwks FILE",
        Missing::TokenType => "--type TYPE",
        Missing::Issuer => "--issuer TEXT",
        Missing::Audience => "--audience TEXT",
        Missing::MaxAge => "--max-age SECONDS",
        Missing::Challenge => "--challenge TEXT",
        _ => "",
    }
}
