//! What a reverse proxy asks before it hands a request on: whether an attested key signed it, and whose.
//!
//! The proxy has the request and the gateway sees its head alone. The body's hash is what was signed, so that nobody has to
//! hold the body; who compares the two is said in the configuration, for each rule.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::HttpBody as _,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header::CACHE_CONTROL, request::Parts},
    middleware::Next,
    response::{IntoResponse as _, Response},
    routing::any,
};
use genuine::session::mode::Mode;
use ipnet::IpNet;

use super::{
    assertion::identifier,
    claims::{Claims, claims_of, content_digest, without_claims},
    header::{self, single},
    intake::Intake,
    problem::Problem,
    request_id::RequestId,
    token::TokenProtection,
};
use crate::{
    config::{Bodies, Config, RequestEvidence},
    gate::{Access, Client, Gate, PresentedAssertion, SignedHead, sha256},
    refusal::Refusal,
    verdict::Verdict,
};

/// Where proxies ask.
const PLACE: &str = "/authorize/";
/// After the name of a rule: what follows is the target, and the method is the one that it is asked with.
const REQUEST: &str = "/request";

/// The method and target of the request that a proxy has, under the names that Traefik and Caddy give them.
const METHOD: HeaderName = HeaderName::from_static("x-forwarded-method");
const TARGET: HeaderName = HeaderName::from_static("x-forwarded-uri");

/// The body of a refusal, for proxies that hand headers of the answer on and not its body.
const PROBLEM: HeaderName = HeaderName::from_static("x-genuine-problem");

/// A rule under which proxies may ask.
#[derive(Clone, Debug)]
pub struct ForwardRule {
    /// The name that they ask under. It stands in a path, and a proxy must not build it from what a client sent.
    pub name: String,
    /// Who may pass.
    pub access: Access,
    /// Who compares the bodies.
    pub bodies: Bodies,
    /// The header that holds a session token, where the rule takes those in the place of assertions.
    pub token_header: Option<HeaderName>,
}

impl ForwardRule {
    /// The rules that are configured. Those that name no callers are for the callers of the server.
    #[must_use]
    pub fn configured(config: &Config) -> Vec<Self> {
        let rules = config.forward_auth.iter().filter(|rule| rule.evidence != RequestEvidence::ApiKey);
        let rules = rules.map(|rule| {
            let applications = rule.callers.clone().unwrap_or_else(|| config.without_rehearsals(config.callers()));
            let access = Access {
                mode: rule.mode,
                rollout: rule.rollout_percent.rollout(),
                account: rule.account,
                ..Access::new(applications, rule.freshness).named(&rule.name)
            };
            let header = config.tokens.as_ref().and_then(|tokens| HeaderName::try_from(tokens.header.as_str()).ok());
            let token_header = header.filter(|_| rule.evidence == RequestEvidence::Token);
            Self { name: rule.name.clone(), access, bodies: rule.body, token_header }
        });
        rules.collect()
    }
}

/// Where a proxy asks under one rule.
#[derive(Clone)]
struct Desk {
    gate: Arc<Gate>,
    intake: Intake,
    proxies: Arc<[IpNet]>,
    rule: Arc<ForwardRule>,
}

/// The routes of proxies.
pub(super) fn router(gate: &Arc<Gate>, intake: &Intake, proxies: &[IpNet], rules: Vec<ForwardRule>) -> Router {
    let proxies = Arc::<[IpNet]>::from(proxies);
    let routes = rules.into_iter().map(|rule| {
        let [root, by_request, by_headers] = places(&rule.name);
        let (gate, intake, proxies) = (Arc::clone(gate), intake.clone(), Arc::clone(&proxies));
        Router::new()
            .route(&by_headers, any(answer))
            .route(&root, any(answer))
            .route(&by_request, any(answer))
            .with_state(Desk { gate, intake, proxies, rule: Arc::new(rule) })
    });
    routes.reduce(Router::merge).unwrap_or_default()
}

/// Where proxies ask under a rule of this name: with headers, and with the method and target of the question itself.
pub(super) fn places(rule: &str) -> [String; 3] {
    let by_headers = format!("{PLACE}{rule}");
    [format!("{by_headers}{REQUEST}/"), format!("{by_headers}{REQUEST}/{{*target}}"), by_headers]
}

/// That a proxy asks whose word counts.
pub(super) fn expect_proxy(proxies: &[IpNet], peer: SocketAddr) -> Result<(), Refusal> {
    let peer = peer.ip().to_canonical();
    if proxies.iter().any(|network| network.contains(&peer)) {
        return Ok(());
    }
    tracing::warn!(%peer, "an address that trusted_proxies does not list asked about a request");
    Err(Refusal::ProxyUnknown)
}

/// Middleware: repeats a refusal in a header, and lets nobody keep an answer. Whoever is refused before the routes, because
/// they come too often, is told in the same way.
pub(super) async fn for_proxies(request: Request, next: Next) -> Response {
    let asked = request.uri().path().starts_with(PLACE);
    let id = request.extensions().get::<RequestId>().cloned();
    let mut response = next.run(request).await;
    if asked {
        let problem = response.extensions().get::<Problem>();
        let problem = problem.and_then(|problem| HeaderValue::try_from(problem.body_of(id.as_ref()).to_string()).ok());
        let headers = response.headers_mut();
        headers.extend(problem.map(|problem| (PROBLEM, problem)));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

async fn answer(
    State(desk): State<Desk>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let sent = !body.is_end_stream();
    if sent {
        desk.intake.discard(body);
    }
    expect_proxy(&desk.proxies, peer)?;
    let original = Original::read(&parts.method, &parts.uri, &parts.headers, &desk.rule.name)?;
    let answered = desk.check(&original, &parts, sent).await.map_err(Problem::required)?;
    Ok((StatusCode::OK, answered).into_response())
}

impl Desk {
    /// The verdict on this request, and where it is verified who signed it, and which body: what came with the question, `sent`, is
    /// not looked at.
    async fn check(&self, original: &Original<'_>, parts: &Parts, sent: bool) -> Result<HeaderMap, Refusal> {
        let client = self.intake.client(parts, (self.gate.clock)())?;
        self.rule.access.expect_account(client)?;
        let presented = match self.rule.token_header {
            Some(_) => Err(Refusal::TokenMissing),
            None => header::parse(&parts.headers),
        };
        let access = &self.rule.access;
        let mode = self.gate.mode_of(access, &identifier(presented.as_ref().ok(), client, parts));
        let checked = match (mode, &presented) {
            (Mode::Off, _) => {
                self.gate.metrics.verdict(&access.name, mode, Verdict::Unchecked);
                return Ok(without_claims(Verdict::Unchecked));
            }
            _ if self.rule.token_header.is_some() => self.admit(original, parts, sent).await,
            (_, Ok(presented)) => self.verify(original, parts, sent, presented, client, mode).await,
            (_, Err(Refusal::AssertionMissing)) => Err(self.gate.missing(access, client)),
            (_, Err(refusal)) => Err(*refusal),
        };
        match checked {
            Ok(claims) => {
                self.gate.metrics.verdict(&access.name, mode, Verdict::Verified);
                Ok(claims)
            }
            Err(refusal) => self.gate.rule(access, mode, refusal).map(without_claims),
        }
    }

    async fn verify(
        &self,
        original: &Original<'_>,
        parts: &Parts,
        sent: bool,
        presented: &PresentedAssertion,
        client: Client,
        mode: Mode,
    ) -> Result<HeaderMap, Refusal> {
        let body = self.rule.bodies.signed_hash(&parts.headers, sent)?;
        let identified = self.gate.identify(presented, client, &self.rule.access).await?;
        let Original { method, target } = *original;
        let signed = SignedHead { method, authority: &self.gate.authority, target, body };
        Claims { caller: self.gate.check(identified, signed, mode).await?, body }.headers()
    }

    /// Who comes with a session token.
    async fn admit(&self, original: &Original<'_>, parts: &Parts, sent: bool) -> Result<HeaderMap, Refusal> {
        if self.rule.bodies == Bodies::None {
            self.rule.bodies.signed_hash(&parts.headers, sent)?;
        }
        let header = self.rule.token_header.clone().ok_or(Refusal::Internal)?;
        let applications = self.rule.access.applications.clone();
        let protection = TokenProtection::new(Arc::clone(&self.gate), self.intake.clone(), header, applications);
        let path = original.target.split('?').next().unwrap_or_default();
        claims_of(&protection.check_for(parts, original.method, path).await?)
    }
}

impl Bodies {
    /// The hash of the body that the device is to have signed.
    fn signed_hash(self, headers: &HeaderMap, sent: bool) -> Result<[u8; 32], Refusal> {
        let said = content_digest(headers)?;
        let nothing = sha256(&[]);
        match self {
            Self::Upstream => said.ok_or(Refusal::DigestMissing),
            // A body here, or the hash of one: then the proxy has what it is to hand on to nobody.
            // Nothing is signed with a token, and without one there is no such rule.
            Self::Unsigned => Err(Refusal::Internal),
            Self::None if sent || said.is_some_and(|said| said != nothing) => Err(Refusal::RequestMalformed),
            Self::None => Ok(nothing),
        }
    }
}

/// The request that a proxy has.
pub(super) struct Original<'r> {
    pub(super) method: &'r str,
    pub(super) target: &'r str,
}

impl<'r> Original<'r> {
    /// In one of two forms, never in both: headers beside the rule's name, or, as Envoy asks, the method of the question and
    /// what follows the name in its path.
    pub(super) fn read(method: &'r Method, uri: &'r Uri, headers: &'r HeaderMap, rule: &str) -> Result<Self, Refusal> {
        let said = (single(headers, &METHOD)?, single(headers, &TARGET)?);
        let asked = uri.path_and_query().map_or("", |asked| asked.as_str());
        let rest = asked.strip_prefix(PLACE).and_then(|rest| rest.strip_prefix(rule)).unwrap_or_default();
        let (method, target) = match (said, rest.strip_prefix(REQUEST)) {
            // Caddy leaves the query of the request in the question as well. It is not looked at.
            ((Some(method), Some(target)), None) if rest.is_empty() || rest.starts_with('?') => (method, target),
            ((None, None), Some(target)) => (method.as_str(), target),
            _ => return Err(Refusal::RequestMalformed),
        };
        // What a request line can hold: a path and a query, and no fragment.
        let is_target =
            target.starts_with('/') && target.bytes().all(|octet| octet.is_ascii_graphic() && octet != b'#');
        if !is_target || climbs(target) || Method::from_bytes(method.as_bytes()).is_err() {
            return Err(Refusal::RequestMalformed);
        }
        Ok(Self { method, target })
    }
}

/// How many encodings of one path are undone. One that has more says nothing that anybody means.
const ENCODINGS: usize = 3;

/// Whether a path has a segment `.` or `..`, in any spelling that a proxy or a service is known to resolve: encoded, encoded
/// again, with a backslash for a slash, and with parameters behind it. One that takes the path as it stands and another that
/// resolves it would not mean the same route, and the rule is the proxy's.
fn climbs(target: &str) -> bool {
    let mut path = target.split('?').next().unwrap_or_default().to_owned();
    for _ in 0..ENCODINGS {
        path = decode(&path);
    }
    // Parameters of a segment begin at a semicolon (RFC 3986 §3.3), and some stop reading at a control character.
    let is_end = |end: char| end == ';' || end.is_control();
    let name = |segment: &str| segment.split(is_end).next().unwrap_or_default().to_owned();
    path.split(['/', '\\']).map(name).any(|name| name == "." || name == "..") || decode(&path) != path
}

/// The path with the ASCII in it decoded that is encoded (RFC 3986 §2.1).
fn decode(path: &str) -> String {
    let (mut decoded, mut rest) = (String::new(), path);
    while let Some((before, after)) = rest.split_once('%') {
        decoded.push_str(before);
        let digits = after.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let octet = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(u8::is_ascii);
        decoded.push(octet.map_or('%', char::from));
        rest = after.get(if octet.is_some() { 2 } else { 0 }..).unwrap_or_default();
    }
    decoded + rest
}
