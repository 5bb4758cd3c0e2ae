//! Headers whose name the configuration may choose, and those that say something else already.

use axum::http::HeaderName;

/// Headers that say something already: to HTTP, to proxies, or to the gateway.
const TAKEN: [&str; 49] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "connection",
    "cookie",
    "date",
    "dpop",
    "early-data",
    "expect",
    "forwarded",
    "host",
    "idempotency-key",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "location",
    "max-forwards",
    "oauth-client-attestation",
    "oauth-client-attestation-pop",
    "origin",
    "pragma",
    "range",
    "referer",
    "set-cookie",
    "signature",
    "signature-input",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "vary",
    "via",
    "www-authenticate",
    "x-app-attest",
    "x-app-attest-client-data",
    "x-client-version",
    "x-http-method-override",
    "x-original-method",
    "x-original-uri",
    "x-original-url",
    "x-real-ip",
    "x-request-id",
];
/// How the names of others begin that do.
const FAMILIES: [&str; 6] = ["access-control-", "content-", "proxy-", "sec-", "x-forwarded-", "x-genuine-"];
/// Where proxies name a user, among what they say of a request.
pub(super) const USER: [&str; 3] = ["x-forwarded-email", "x-forwarded-preferred-username", "x-forwarded-user"];

/// Whether this is the name of a header that says nothing yet, or one of these that are right here.
pub(super) fn is_free(name: &str, but: &[&str]) -> bool {
    let Ok(name) = HeaderName::try_from(name) else { return false };
    let name = name.as_str();
    let is_taken = TAKEN.contains(&name) || FAMILIES.iter().any(|family| name.starts_with(family));
    !is_taken || but.contains(&name)
}
