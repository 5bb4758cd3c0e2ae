//! Vectors of JSON Web Tokens: cases of one secret, and the example of an attestation with its proof.

use genuine::{crypto::RustCrypto, session::jwk};
use serde_json::{Map, Value};

use super::{
    run::{ATTESTATION, PROOF},
    side::{SessionKeys, SessionSide},
};
use crate::{
    expected::Expected,
    model::Decoding,
    token::{
        Secret, Token, TokenKind, TokenSide, header,
        vector::{Members, TokenVector},
    },
};

/// The text that says whether a file of the second form claims its proof to be good.
const CLAIM: &str = "pop_verifies_with_cnf_jwk";

/// Whether a JSON object is of one of the forms.
pub(crate) fn is_one(members: &Map<String, Value>) -> bool {
    (members.contains_key("secret_b64") && members.contains_key("cases"))
        || (members.contains_key("client_attestation") && members.contains_key("client_attestation_pop"))
}

/// Reads the tokens of one of the forms.
pub(crate) fn read(members: &Map<String, Value>) -> Result<Vec<TokenVector>, String> {
    if members.contains_key("cases") { cases(members) } else { attestation(members) }
}

/// `{secret_b64, cases: [{name, token, authorization_header, signature_valid}]}`: the outcome to expect is that of the code
/// alone, because these tokens name neither issuer nor audience.
fn cases(members: &Map<String, Value>) -> Result<Vec<TokenVector>, String> {
    let file = Members(members);
    let secret = file.text("secret_b64")?.ok_or("`secret_b64` is missing")?;
    let cases = file.value("cases").and_then(Value::as_array).ok_or("`cases` is not a list")?;
    let case = |(place, case): (usize, &Value)| {
        let case = Members(case.as_object().ok_or_else(|| format!("case {place} is not a JSON object"))?);
        let text = case.text("token")?.ok_or_else(|| format!("case {place} has no `token`"))?;
        let is_valid = case.value("signature_valid").and_then(Value::as_bool);
        Ok(TokenVector {
            id: case.text("name")?.map(str::to_owned),
            description: case.text("note")?.map(str::to_owned),
            kind: TokenKind::Jwt,
            token: Token::compact(text, vec![Decoding::Vector]),
            side: of(SessionSide {
                keys: Some(SessionKeys::Secret(Secret::new(secret))),
                authorization: case.text("authorization_header")?.map(str::to_owned),
                ..SessionSide::default()
            }),
            expected: Expected::Signature(is_valid.ok_or_else(|| format!("case {place} has no `signature_valid`"))?),
        })
    };
    cases.iter().enumerate().map(case).collect()
}

/// `{client_attestation, client_attestation_pop}`: the proof by the key in the attestation, which itself nobody can verify.
fn attestation(members: &Map<String, Value>) -> Result<Vec<TokenVector>, String> {
    let file = Members(members);
    let token = |name: &str| {
        let text = file.text(name)?.ok_or_else(|| format!("`{name}` is missing"))?;
        Ok::<_, String>(Token::compact(text, vec![Decoding::Vector]))
    };
    let (attestation, proof) = (token("client_attestation")?, token("client_attestation_pop")?);
    let payload = attestation.text.split(|octet| *octet == b'.').nth(1).and_then(header::decoded);
    let payload: Value = payload.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default();
    let key = payload.pointer("/cnf/jwk").ok_or("`client_attestation` has no key in `cnf`")?;
    let key = jwk::read(key.to_string().as_bytes(), &RustCrypto)
        .map_err(|error| format!("the key in `client_attestation`: {}", error.description()))?;
    let is_valid = file.value(CLAIM).and_then(Value::as_bool).unwrap_or(true);
    let note = file.text("note")?.map(str::to_owned);
    let side = |kind: &str, keys| of(SessionSide { kind: Some(kind.to_owned()), keys, ..SessionSide::default() });
    Ok(vec![
        TokenVector {
            id: Some("client_attestation".to_owned()),
            description: note,
            kind: TokenKind::Jwt,
            token: attestation,
            side: side(ATTESTATION, None),
            expected: Expected::Unproved,
        },
        TokenVector {
            id: Some("client_attestation_pop".to_owned()),
            description: None,
            kind: TokenKind::Jwt,
            token: proof,
            side: side(PROOF, Some(SessionKeys::Unproved(key))),
            expected: Expected::Signature(is_valid),
        },
    ])
}

fn of(session: SessionSide) -> TokenSide {
    TokenSide { session, ..TokenSide::default() }
}
