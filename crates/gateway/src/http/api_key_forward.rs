//! What a reverse proxy asks about requests of clients that cannot attest: whether an API key is behind them, and whose.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::HttpBody as _,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, StatusCode, request::Parts},
    response::{IntoResponse as _, Response},
    routing::any,
};
use ipnet::IpNet;

use super::{
    api_key::KeyIntake,
    claims::key_claims,
    forward::{Original, expect_proxy, places},
    problem::Problem,
};
use crate::{
    api_key::KeyAccess,
    config::{Bodies, Config, RequestEvidence},
    gate::sha256,
    refusal::Refusal,
};

/// A rule under which proxies may ask about requests with API keys.
#[derive(Clone, Debug)]
pub struct KeyRule {
    /// The name that they ask under.
    pub name: String,
    /// Which keys pass.
    pub access: KeyAccess,
    /// Who compares the bodies. If the upstream does, signed requests alone pass: nobody else says what the body is.
    pub bodies: Bodies,
}

impl KeyRule {
    /// The rules that are configured.
    #[must_use]
    pub fn configured(config: &Config) -> Vec<Self> {
        let rules = config.forward_auth.iter().filter(|rule| rule.evidence == RequestEvidence::ApiKey);
        let rules = rules.map(|rule| {
            let access = KeyAccess::new(rule.callers.iter().flatten().cloned());
            let access = rule.scopes.iter().fold(access, |access, scope| access.scope(scope));
            let access = if rule.body.are_compared() { access.signed() } else { access };
            Self { name: rule.name.clone(), access, bodies: rule.body }
        });
        rules.collect()
    }
}

/// Where a proxy asks under one rule.
#[derive(Clone)]
struct Desk {
    keys: KeyIntake,
    proxies: Arc<[IpNet]>,
    rule: Arc<KeyRule>,
}

/// The routes of proxies.
pub(super) fn router(keys: &KeyIntake, proxies: &[IpNet], rules: Vec<KeyRule>) -> Router {
    let proxies = Arc::<[IpNet]>::from(proxies);
    let routes = rules.into_iter().map(|rule| {
        let places = places(&rule.name);
        let desk = Desk { keys: keys.clone(), proxies: Arc::clone(&proxies), rule: Arc::new(rule) };
        places.iter().fold(Router::new(), |routes, place| routes.route(place, any(answer))).with_state(desk)
    });
    routes.reduce(Router::merge).unwrap_or_default()
}

async fn answer(
    State(desk): State<Desk>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let sent = !body.is_end_stream();
    if sent {
        desk.keys.intake.discard(body);
    }
    expect_proxy(&desk.proxies, peer)?;
    let original = Original::read(&parts.method, &parts.uri, &parts.headers, &desk.rule.name)?;
    Ok((StatusCode::OK, desk.check(&original, &parts, sent).await?).into_response())
}

impl Desk {
    /// Whose key is behind this request, and which body was signed, if one was.
    async fn check(&self, original: &Original<'_>, parts: &Parts, sent: bool) -> Result<HeaderMap, Refusal> {
        let shown = self.keys.shown(&parts.headers)?;
        let head = self.keys.head(&shown, original.method, original.target, &parts.headers)?;
        // A body here, or the hash of one that was signed: then the proxy has what it is to hand on to nobody.
        if self.rule.bodies == Bodies::None && (sent || head.body != sha256(&[])) {
            return Err(Refusal::RequestMalformed);
        }
        let identified = self.keys.keys.identify(&shown, &self.rule.access, &head).await?;
        let body = identified.body;
        // The upstream compares the body, if anybody does.
        key_claims(&self.keys.keys.use_once(identified, None).await?, body)
    }
}
