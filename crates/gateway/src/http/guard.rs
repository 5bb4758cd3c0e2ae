//! Who may come to the operator's listener, from which pages, and for what; and each change once, in the audit log.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    RequestExt as _,
    extract::{ConnectInfo, MatchedPath, RawPathParams, Request, State},
    http::{HeaderMap, HeaderValue, Method, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use tracing::Instrument as _;

use super::{
    operator::{RULES, Rule, read_key_id},
    problem::Problem,
    request_id::RequestId,
};
use crate::{
    audit::{Audit, Entry, Outcome},
    config::Config,
    gate::Gate,
    operator::{Credential, IdempotencyKey, Operator, Operators, Peer},
    refusal::Refusal,
};

const IDEMPOTENCY_KEY: &str = "idempotency-key";
const FETCH_SITE: &str = "sec-fetch-site";

/// What the operator's listener lets in, and where it notes what it has let them do.
pub struct OperatorAccess {
    operators: Operators,
    /// The address of the listener.
    address: IpAddr,
    /// Other names under which it is reached.
    hosts: Vec<String>,
    /// Whether it speaks TLS.
    tls: bool,
    audit: Audit,
}

/// The same, for a gate.
pub(super) struct Guard {
    pub(super) gate: Arc<Gate>,
    pub(super) access: OperatorAccess,
}

impl OperatorAccess {
    /// What a configuration says, with this audit log.
    #[must_use]
    pub fn new(config: &Config, audit: Audit) -> Self {
        Self {
            operators: Operators::of(config),
            address: config.operator_listen.ip(),
            hosts: config.operator_hosts.clone(),
            tls: config.operator_tls.is_some(),
            audit,
        }
    }

    pub(super) const fn audit(&self) -> &Audit {
        &self.audit
    }

    /// Whether a request names this listener, and no page of another one has sent it. A name of somebody else's may lead here (DNS
    /// rebinding), and then the browser takes its pages for this listener's own.
    fn expect_own_page(&self, request: &Request) -> Result<(), Refusal> {
        let headers = request.headers();
        let host = single(headers, header::HOST.as_str()).ok_or(Refusal::OriginRefused)?;
        let authority: Authority = host.parse().map_err(|_| Refusal::OriginRefused)?;
        let named = request.uri().authority().is_none_or(|target| target.as_str().eq_ignore_ascii_case(host));
        if !named || host.contains('@') || !self.is_own(&authority.host().to_ascii_lowercase()) {
            return Err(Refusal::OriginRefused);
        }
        let is_own_origin = |origin: &HeaderValue| {
            let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
            origin.is_some_and(|(scheme, authority)| {
                (scheme == "https" || scheme == "http" && !self.tls) && authority.eq_ignore_ascii_case(host)
            })
        };
        let is_own_site = |site: &HeaderValue| site == "same-origin" || site == "none";
        let own = headers.get_all(header::ORIGIN).iter().all(is_own_origin)
            && headers.get_all(FETCH_SITE).iter().all(is_own_site);
        if own { Ok(()) } else { Err(Refusal::OriginRefused) }
    }

    /// Whether this is the listener: nobody makes an address or `localhost` lead elsewhere.
    fn is_own(&self, host: &str) -> bool {
        let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let is_own_address = |address: IpAddr| {
            let address = address.to_canonical();
            address.is_loopback() || self.address.is_unspecified() || address == self.address.to_canonical()
        };
        host == "localhost" || self.hosts.iter().any(|own| own == host) || address.parse().is_ok_and(is_own_address)
    }

    fn identify(&self, request: &Request) -> Result<Operator, Refusal> {
        let token = credential(request.headers());
        let certificate = request.extensions().get::<Peer>().and_then(|peer| peer.0.as_ref());
        self.operators.find(token, certificate).ok_or(Refusal::OperatorUnknown)
    }
}

/// Middleware around everything on the operator's listener. What has no rule is refused.
pub(super) async fn guard(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Result<Response, Problem> {
    guard.access.expect_own_page(&request)?;
    let operator = guard.access.identify(&request)?;
    let Some(path) = request.extensions().get::<MatchedPath>().cloned() else {
        // No route: it is answered so.
        return Ok(next.run(request).await);
    };
    let method = if request.method() == Method::HEAD { Method::GET } else { request.method().clone() };
    let of_path = || RULES.iter().filter(|rule| rule.path == path.as_str());
    let Some(rule) = of_path().find(|rule| rule.method == method.as_str()) else {
        let others: Vec<_> = of_path().map(|rule| rule.method).collect();
        return if others.is_empty() { Err(Refusal::OperatorForbidden.into()) } else { Ok(unknown_method(&others)) };
    };
    if operator.role < rule.role {
        return Err(Refusal::OperatorForbidden.into());
    }
    match rule.changes {
        None => Ok(next.run(request).await),
        Some(action) => change(guard, operator, action, request, next).await,
    }
}

/// RFC 9110 §15.5.6: a 405 says what there is.
fn unknown_method(others: &[&str]) -> Response {
    let mut response = Problem::from(Refusal::MethodUnknown).into_response();
    let others = others.join(", ").replace("GET", "GET, HEAD");
    if let Ok(others) = HeaderValue::try_from(others) {
        response.headers_mut().insert(header::ALLOW, others);
    }
    response
}

/// Makes a change once, and notes before that it will be made and afterwards that it was.
async fn change(
    guard: Arc<Guard>,
    operator: Operator,
    action: &'static str,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let key = single(request.headers(), IDEMPOTENCY_KEY).and_then(IdempotencyKey::parse);
    let key = key.ok_or(Refusal::IdempotencyKeyMissing)?;
    let subject = subject(&guard.gate, &mut request).await?;
    if !key.is_recent((guard.gate.clock)()) {
        return Err(Refusal::IdempotencyKeyExpired.into());
    }
    let (id, by) = key.of(&operator.name);
    let entry = Entry {
        address: request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip().to_canonical()),
        request_id: request.extensions().get::<RequestId>().map(|id| id.as_str().to_owned()),
        key: key.as_str().to_owned(),
        action,
        subject,
        operator,
    };
    let changing = async move {
        let audit = guard.access.audit();
        // Before the key is spent: what cannot be noted can be asked for again with the same one.
        audit.intent(&entry).await.map_err(|_| Refusal::AuditUnavailable)?;
        let response = match guard.gate.spend_change(id, by, key.until()).await {
            Ok(()) => next.run(request).await,
            Err(refusal) => Problem::from(refusal).into_response(),
        };
        let reason = response.extensions().get::<Refusal>().map(|refusal| refusal.reason());
        // The log has said why, if it is not noted.
        let _ = audit.outcome(&entry, Outcome { status: response.status().as_u16(), reason }).await;
        Ok::<_, Refusal>(response)
    };
    // It is brought to its end if whoever asked goes away, and its lines have the name of the request all the same.
    Ok(tokio::spawn(changing.in_current_span()).await.map_err(|_| Refusal::Internal)??)
}

/// The device or the account of a path, as the audit log names it.
async fn subject(gate: &Gate, request: &mut Request) -> Result<Option<String>, Refusal> {
    let parameters: RawPathParams = request.extract_parts().await.map_err(|_| Refusal::RequestMalformed)?;
    let Some((name, value)) = parameters.iter().next() else { return Ok(None) };
    let octets = match name {
        "key_id" => read_key_id(value)?.0,
        "account" => gate.account(value)?,
        _ => return Err(Refusal::OperatorForbidden),
    };
    Ok(Some(BASE64_URL_SAFE_NO_PAD.encode(octets)))
}

/// What stands in `Authorization`: a token is there once, under its scheme, and is not empty.
fn credential(headers: &HeaderMap) -> Credential<'_> {
    if !headers.contains_key(header::AUTHORIZATION) {
        return Credential::None;
    }
    match single(headers, header::AUTHORIZATION.as_str()).and_then(|shown| shown.split_once(' ')) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() => Credential::Token(token),
        _ => Credential::Malformed,
    }
}

/// A header that is there once.
fn single<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

impl Rule {
    /// Something to read.
    pub(super) const fn read(path: &'static str, role: crate::operator::Role) -> Self {
        Self { method: "GET", path, role, changes: None }
    }

    /// Something to change, which the audit log calls this.
    pub(super) const fn change(method: &'static str, path: &'static str, action: &'static str) -> Self {
        Self { method, path, role: crate::operator::Role::Admin, changes: Some(action) }
    }
}
