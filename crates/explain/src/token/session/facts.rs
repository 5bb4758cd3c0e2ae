//! What the payload says.

use genuine::{
    crypto::RustCrypto,
    session::jwk::{self, Thumbprint},
};
use serde_json::Value;

use super::{
    model::{Claim, SessionFacts},
    run::Run,
};
use crate::text::{rfc_3339_millis, shortened};

/// As much of a value as is shown, in characters.
const MAX_VALUE: usize = 300;

/// As many claims as are shown.
const MAX_CLAIMS: usize = 40;

/// Those of RFC 7519 §4.1, in its order.
const REGISTERED: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

pub(super) fn of(run: &Run<'_>, is_authentic: bool) -> Option<SessionFacts> {
    let claims = run.claims.as_ref()?;
    let place = |name: &str| REGISTERED.iter().position(|known| *known == name).unwrap_or(REGISTERED.len());
    let mut names: Vec<_> = claims.keys().collect();
    names.sort_by_key(|name| place(name));
    let claim = |name: &String| {
        let value = &claims[name];
        Claim {
            claim_name: shortened(name, 80),
            value: shortened(&in_words(value), MAX_VALUE),
            time: ["exp", "nbf", "iat"].contains(&name.as_str()).then(|| time(value)).flatten(),
        }
    };
    Some(SessionFacts {
        authentic: is_authentic,
        size: run.payload_size,
        claims: names.into_iter().take(MAX_CLAIMS).map(claim).collect(),
        bound_to: bound_to(run),
    })
}

/// Text without its quotes.
pub(super) fn in_words(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The seconds of a time, as the engine has them: a fraction is cut off.
#[expect(clippy::cast_possible_truncation, reason = "it saturates, as far beyond the year 9999 as before")]
pub(super) fn seconds(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds.trunc() as i64))
}

/// RFC 3339 up to the year 9999.
pub(super) fn time(value: &Value) -> Option<String> {
    let seconds = seconds(value).filter(|seconds| (0..253_402_300_800).contains(seconds))?;
    Some(rfc_3339_millis(seconds * 1_000))
}

/// The thumbprint that `cnf` names, or that of the key in it.
pub(super) fn bound_to(run: &Run<'_>) -> Option<String> {
    let confirmation = run.claim("cnf")?;
    if let Some(thumbprint) = confirmation.get("jkt") {
        return thumbprint.as_str().and_then(Thumbprint::from_base64url).map(|thumbprint| thumbprint.to_string());
    }
    let key = jwk::read(confirmation.get("jwk")?.to_string().as_bytes(), &RustCrypto).ok()?;
    Thumbprint::of(&key, &RustCrypto).ok().map(|thumbprint| thumbprint.to_string())
}
