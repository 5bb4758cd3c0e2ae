//! Who sent a request, and which body they signed, as headers between the gateway, a proxy and an upstream.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use genuine::app_attest::KeyId;

use super::header::single;
use crate::{api_key::ApiKeyHolder, gate::Caller, refusal::Refusal, token::TokenHolder, verdict::Verdict};

/// The key of the device, in base64.
const DEVICE: HeaderName = HeaderName::from_static("x-genuine-device");
/// The application's name.
const APPLICATION: HeaderName = HeaderName::from_static("x-genuine-application");
/// The counter that was accepted.
const COUNTER: HeaderName = HeaderName::from_static("x-genuine-counter");
/// The hash of the body that was signed, in the form of [`CONTENT_DIGEST`].
const SIGNED_DIGEST: HeaderName = HeaderName::from_static("x-genuine-content-digest");
/// What the request showed, where not only verified ones pass.
const VERDICT: HeaderName = HeaderName::from_static("x-genuine-verdict");
/// The public part of the API key, where one was asked for.
const KEY: HeaderName = HeaderName::from_static("x-genuine-key");
/// What that key is for, separated by spaces.
const SCOPES: HeaderName = HeaderName::from_static("x-genuine-scopes");
/// What a client says of its body (RFC 9530 §2).
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");

/// The verdict on a request with an API key: no attestation.
const API_KEY: &str = "api_key";

/// SHA-256.
type Hash = [u8; 32];

/// What the gateway vouches for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Claims {
    /// Who sent the request.
    pub caller: Caller,
    /// The SHA-256 of the body that they signed.
    pub body: Hash,
}

impl Claims {
    /// As headers.
    ///
    /// # Errors
    ///
    /// [`Refusal::Internal`] if the application's name fits in no header, which the configuration rules out.
    pub(super) fn headers(&self) -> Result<HeaderMap, Refusal> {
        let text = |text: String| HeaderValue::try_from(text).map_err(|_| Refusal::Internal);
        let Self { caller, body } = self;
        Ok(HeaderMap::from_iter([
            (DEVICE, text(BASE64_STANDARD.encode(caller.key_id.0))?),
            (APPLICATION, text(caller.application.clone())?),
            (COUNTER, HeaderValue::from(caller.counter)),
            (SIGNED_DIGEST, digest(body)?),
            (KEY, HeaderValue::from_static("")),
            (SCOPES, HeaderValue::from_static("")),
            verdict_header(Verdict::Verified),
        ]))
    }

    /// From headers, each of which is there once. They are a proxy's word: whoever reaches an upstream past the proxy
    /// writes them as they like.
    ///
    /// # Errors
    ///
    /// [`Refusal::AssertionMissing`] if one is not there, [`Refusal::RequestMalformed`] if one is not as [`headers`](Self::headers)
    /// writes it.
    pub(super) fn parse(headers: &HeaderMap) -> Result<Self, Refusal> {
        let caller = Caller {
            key_id: KeyId::from_base64(claim(headers, &DEVICE)?)?,
            application: claim(headers, &APPLICATION)?.to_owned(),
            counter: claim(headers, &COUNTER)?.parse().map_err(|_| Refusal::RequestMalformed)?,
        };
        Ok(Self { caller, body: parse_digest(claim(headers, &SIGNED_DIGEST)?)? })
    }
}

/// The claims of whoever comes with a session token. It has no counter, and says nothing of a body.
///
/// # Errors
///
/// As for [`Claims::headers`].
pub(super) fn claims_of(holder: &TokenHolder) -> Result<HeaderMap, Refusal> {
    let text = |text: String| HeaderValue::try_from(text).map_err(|_| Refusal::Internal);
    let mut headers = without_claims(Verdict::Verified);
    headers.insert(DEVICE, text(BASE64_STANDARD.encode(holder.key_id.0))?);
    headers.insert(APPLICATION, text(holder.application.clone())?);
    Ok(headers)
}

/// The claims of a request that is let through all the same: the verdict, and none beside it. They are there and empty, because some
/// proxies make a text of their own of a header that is not.
pub(super) fn without_claims(verdict: Verdict) -> HeaderMap {
    let nothing =
        [DEVICE, APPLICATION, COUNTER, SIGNED_DIGEST, KEY, SCOPES].map(|name| (name, HeaderValue::from_static("")));
    nothing.into_iter().chain([verdict_header(verdict)]).collect()
}

/// The claims of whoever comes with an API key, and the hash of the body that they signed, if they did. The verdict says that no
/// device stands behind it.
///
/// # Errors
///
/// As for [`Claims::headers`].
pub(super) fn key_claims(holder: &ApiKeyHolder, body: Option<Hash>) -> Result<HeaderMap, Refusal> {
    let text = |text: &str| HeaderValue::try_from(text).map_err(|_| Refusal::Internal);
    let mut headers = without_claims(Verdict::Unchecked);
    headers.insert(VERDICT, HeaderValue::from_static(API_KEY));
    headers.insert(APPLICATION, text(&holder.application)?);
    headers.insert(KEY, text(&holder.key)?);
    headers.insert(SCOPES, text(&holder.scopes.join(" "))?);
    if let Some(body) = body {
        headers.insert(SIGNED_DIGEST, digest(&body)?);
    }
    Ok(headers)
}

fn digest(body: &Hash) -> Result<HeaderValue, Refusal> {
    HeaderValue::try_from(format!("sha-256=:{}:", BASE64_STANDARD.encode(body))).map_err(|_| Refusal::Internal)
}

fn verdict_header(verdict: Verdict) -> (HeaderName, HeaderValue) {
    (VERDICT, HeaderValue::from_static(verdict.as_str()))
}

fn claim<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<&'h str, Refusal> {
    single(headers, name)?.ok_or(Refusal::AssertionMissing)
}

/// The hash of the body that a client says it sends, if it says so.
///
/// # Errors
///
/// [`Refusal::RequestMalformed`] if it is said twice or in another form.
pub(super) fn content_digest(headers: &HeaderMap) -> Result<Option<Hash>, Refusal> {
    single(headers, &CONTENT_DIGEST)?.map(parse_digest).transpose()
}

/// `sha-256=:…:` and nothing else. RFC 9530 allows a list, in which the last of two equal names counts: two readers of
/// one must not see two hashes.
fn parse_digest(text: &str) -> Result<Hash, Refusal> {
    let encoded = text.strip_prefix("sha-256=:").and_then(|rest| rest.strip_suffix(':'));
    let decoded = encoded.and_then(|encoded| BASE64_STANDARD.decode(encoded).ok());
    decoded.and_then(|octets| octets.try_into().ok()).ok_or(Refusal::RequestMalformed)
}
