//! API keys over HTTP: what a client shows, the layer that takes it, and where a key is exchanged for a request token.

use std::{pin::Pin, sync::Arc};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{OriginalUri, Request, State},
    http::{
        HeaderMap, HeaderName,
        header::{AUTHORIZATION, CACHE_CONTROL},
        request::Parts,
    },
    middleware::{FromFnLayer, Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
    routing::post,
};
use serde::Deserialize;
use serde_json::json;

use super::{
    claims::content_digest,
    header::{credentials, single},
    intake::{self, Intake, with_body},
    problem::Problem,
};
use crate::{
    api_key::{ApiKeyHolder, KeyAccess, KeyFault, RequestSignature, are_scopes},
    gate::{ApiKeys, PresentedKey, SignedHead, sha256},
    refusal::Refusal,
};

/// What stands before a key in `Authorization`.
const SCHEME: &str = "apikey";
/// Where the components that are signed are named, and the parameters (RFC 9421 §4.1).
const SIGNATURE_INPUT: HeaderName = HeaderName::from_static("signature-input");
/// Where the signature is (RFC 9421 §4.2).
const SIGNATURE: HeaderName = HeaderName::from_static("signature");

/// What takes API keys from requests.
#[derive(Clone)]
pub struct KeyIntake {
    pub(super) keys: Arc<ApiKeys>,
    pub(super) intake: Intake,
    header: Arc<HeaderName>,
}

impl KeyIntake {
    /// Takes keys from this header: after `ApiKey` if that is `Authorization`, else alone. Request tokens are in `Authorization` after
    /// `Bearer`, and signatures in `Signature-Input` and `Signature`.
    #[must_use]
    pub fn new(keys: Arc<ApiKeys>, intake: Intake, header: HeaderName) -> Self {
        Self { keys, intake, header: Arc::new(header) }
    }

    /// Reads the file of keys again. If that fails, the log says so and the old keys stay.
    pub fn renew(&self) {
        self.keys.renew();
    }

    /// What a request shows, in one form and once. A token in `Authorization` beside a signature, or beside a key that has a header of its
    /// own, is somebody else's: that of a user.
    pub(super) fn shown<'h>(&self, headers: &'h HeaderMap) -> Result<PresentedKey<'h>, Refusal> {
        let authorization = single(headers, &AUTHORIZATION)?;
        let key = if *self.header == AUTHORIZATION {
            authorization.and_then(|value| credentials(value, SCHEME))
        } else {
            single(headers, &self.header)?
        };
        let token = authorization.and_then(|value| credentials(value, "bearer"));
        match (key, single(headers, &SIGNATURE_INPUT)?, single(headers, &SIGNATURE)?) {
            (None, None, None) => token.map(PresentedKey::Token).ok_or_else(|| KeyFault::Missing.into()),
            (Some(key), None, None) => Ok(PresentedKey::Bearer(key)),
            (None, Some(input), Some(signature)) => {
                let signature = RequestSignature::parse(input, signature).ok_or(Refusal::RequestMalformed)?;
                Ok(PresentedKey::Signature(signature))
            }
            _ => Err(Refusal::RequestMalformed),
        }
    }

    /// Who sent a request, and its body: read when it is known who claims to send it, and compared before the request counts.
    async fn take(&self, parts: &Parts, body: Body, access: &KeyAccess) -> Result<(ApiKeyHolder, Bytes), Refusal> {
        let identified = async {
            let shown = self.shown(&parts.headers)?;
            let uri = parts.extensions.get().map_or(&parts.uri, |OriginalUri(uri)| uri);
            let target = uri.path_and_query().map_or("/", |target| target.as_str());
            let head = self.head(&shown, parts.method.as_str(), target, &parts.headers)?;
            self.keys.identify(&shown, access, &head).await
        };
        let identified = match identified.await {
            Ok(identified) => identified,
            Err(refusal) => {
                self.intake.discard(body);
                return Err(refusal);
            }
        };
        let body = self.intake.body(body).await?;
        let holder = self.keys.use_once(identified, Some(sha256(&body))).await?;
        Ok((holder, body))
    }

    /// What a signature is about. Whoever signs says what the hash of the body is, also of an empty one; what others say of theirs is not
    /// looked at.
    pub(super) fn head<'r>(
        &'r self,
        shown: &PresentedKey<'_>,
        method: &'r str,
        target: &'r str,
        headers: &HeaderMap,
    ) -> Result<SignedHead<'r>, Refusal> {
        let body = match shown {
            PresentedKey::Signature(_) => content_digest(headers)?.ok_or(Refusal::DigestMissing)?,
            PresentedKey::Bearer(_) | PresentedKey::Token(_) => sha256(&[]),
        };
        Ok(SignedHead { method, authority: &self.keys.gate().authority, target, body })
    }
}

/// Where clients exchange a key for a request token.
pub(super) fn exchanging(keys: KeyIntake, clients: Vec<String>) -> Router {
    Router::new().route("/api-keys/tokens", post(exchange)).with_state((keys, Arc::new(KeyAccess::new(clients))))
}

/// The body of an exchange, or nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    scope: String,
}

/// What a token is to be for, if the body says so. What its media type says is not looked at, as with session tokens.
fn wished(body: &[u8]) -> Result<Option<Vec<String>>, Refusal> {
    if body.is_empty() {
        return Ok(None);
    }
    let Wish { scope } = intake::object(body)?;
    let scopes: Vec<_> = scope.split(' ').map(str::to_owned).collect();
    // As in the file: each once, and no more than a token has room for.
    if are_scopes(&scopes) { Ok(Some(scopes)) } else { Err(Refusal::RequestMalformed) }
}

async fn exchange(
    State((keys, access)): State<(KeyIntake, Arc<KeyAccess>)>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    if matches!(keys.shown(&parts.headers), Ok(PresentedKey::Token(_))) {
        keys.intake.discard(body);
        return Err(Refusal::ApiKey(KeyFault::Exchange).into());
    }
    let (holder, body) = keys.take(&parts, body, &access).await?;
    let issued = keys.keys.exchange(&holder, wished(&body)?).await?;
    let answer = json!({
        "access_token": issued.token,
        "token_type": "Bearer",
        "expires_in": issued.lifetime,
        "scope": issued.scopes.join(" "),
    });
    Ok(([(CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}

/// The layer that [`require_api_key`] makes.
pub type RequireApiKey = FromFnLayer<Admit, KeyProtection, (State<KeyProtection>, Request)>;

type Admit = fn(State<KeyProtection>, Request, Next) -> Pin<Box<dyn Future<Output = Response> + Send>>;

/// What a route behind API keys needs.
#[derive(Clone)]
pub struct KeyProtection {
    keys: KeyIntake,
    access: Arc<KeyAccess>,
}

/// Lets a request through if its client has a key for this route: shows it, or a request token, or has signed the request with it. The
/// handler finds the [`ApiKeyHolder`] among the extensions. No device was attested: whoever has the key is the client.
pub fn require_api_key(keys: KeyIntake, access: KeyAccess) -> RequireApiKey {
    let protection = KeyProtection { keys, access: Arc::new(access) };
    from_fn_with_state(protection, |State(route), request, next| Box::pin(admit(route, request, next)))
}

async fn admit(route: KeyProtection, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match route.keys.take(&parts, body, &route.access).await {
        Ok((holder, body)) => {
            parts.extensions.insert(holder);
            next.run(with_body(parts, body)).await
        }
        Err(refusal) => Problem::from(refusal).into_response(),
    }
}
