//! Tokens: what Google Play Integrity hands to an app, and what a server hands out after it.
//!
//! Objects of App Attest are bytes, and tokens are text, which other modules tell apart and read. A kind of token is
//! one module here, with its side of the caller, its steps, facts and diagnosis: [`play`] and [`session`].

mod header;
mod input;
mod model;
mod play;
mod session;
mod vector;

use genuine::{UnixMillis, UnixTime};

pub use header::HeaderFacts;
pub use model::{Token, TokenExplanation, TokenFacts, TokenForm, TokenKind, TokenSide};
pub use play::{
    CertificateDigest, DialogFacts, PlayBinding, PlayFacts, PlayKeys, PlayRequirements, PlaySide, Recall, Secret,
    certificate_digest, device_label,
};
pub use session::{Claim, SessionFacts, SessionKey, SessionKeys, SessionSide};
pub use vector::TokenVector;

/// Explains a token: as what it is verified, what the engine answers, step by step, what it says, and what that means.
///
/// `kind` is what the caller expects, or `None` to take it for what it is. `now` is the time of verification where
/// `side` tells none.
#[must_use]
pub fn explain_token(token: &Token, kind: Option<TokenKind>, side: &TokenSide, now: UnixMillis) -> TokenExplanation {
    let detected = || match token.form {
        TokenForm::Payload => TokenKind::PlayPayload,
        TokenForm::Compact if is_foreign(&token.text) || side.is_of_session() => TokenKind::Jwt,
        TokenForm::Compact => TokenKind::PlayToken,
    };
    match kind.unwrap_or_else(detected) {
        TokenKind::Jwt => session::explained(token, &side.session, UnixTime(now.0 / 1_000)),
        TokenKind::PlayToken => play::explained(token, TokenForm::Compact, &side.play, now),
        TokenKind::PlayPayload => play::explained(token, TokenForm::Payload, &side.play, now),
    }
}

/// Three segments, and nothing in them that is of Play Integrity or of what preceded it.
fn is_foreign(text: &[u8]) -> bool {
    let segments: Vec<_> = text.split(|octet| *octet == b'.').collect();
    let [header, payload, _] = segments[..] else { return false };
    let is_of_play = header::decoded(payload).is_some_and(|json| header::is_payload(&String::from_utf8_lossy(&json)));
    !is_of_play && HeaderFacts::of(header).is_some_and(|header| !header.has_certificates)
}
