//! Where a request comes from, and whether nobody could read it on its way.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Instant,
};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName},
    middleware::Next,
    response::Response,
};
use ipnet::IpNet;

use super::problem::Problem;
use crate::{
    limit::{RateLimiter, subscriber},
    refusal::Refusal,
};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The address that a request comes from, as far as it can be believed: among the extensions of each request behind
/// [`Origin::check`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// How the server is reached, and how often one address may.
pub struct Origin {
    /// Whether the listener speaks TLS.
    pub tls: bool,
    /// Whether plain HTTP is allowed from anywhere.
    pub allow_plain_http: bool,
    /// Whose word on addresses and protocol is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How often an address may come.
    pub addresses: Option<RateLimiter<IpAddr>>,
}

impl Origin {
    /// Middleware: refuses what came in plain text, and who comes too often; leaves the [`ClientAddress`].
    ///
    /// # Errors
    ///
    /// [`Refusal::HttpsRequired`], [`Refusal::AddressLimit`].
    pub async fn check(
        State(origin): State<Arc<Self>>,
        ConnectInfo(peer): ConnectInfo<SocketAddr>,
        mut request: Request,
        next: Next,
    ) -> Result<Response, Problem> {
        let peer = peer.ip().to_canonical();
        if !origin.is_private(peer, request.headers()) {
            return Err(Refusal::HttpsRequired.into());
        }
        let client = origin.client(peer, request.headers());
        if let Some(addresses) = &origin.addresses {
            addresses.check(subscriber(client), Instant::now()).map_err(Refusal::AddressLimit)?;
        }
        request.extensions_mut().insert(ClientAddress(client));
        Ok(next.run(request).await)
    }

    /// Whether the request came over TLS, over a proxy that says so, or from this machine.
    fn is_private(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        if self.allow_plain_http {
            return true;
        }
        if !self.trusts(peer) {
            return self.tls || peer.is_loopback();
        }
        // Said once: of two values one may be the client's.
        let mut protocols = headers.get_all(FORWARDED_PROTO).iter();
        protocols.next().is_some_and(|protocol| protocol == "https") && protocols.next().is_none()
    }

    /// The address nearest to us that no trusted proxy has: from there on the list is the client's own word.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer;
        let lists = headers.get_all(FORWARDED_FOR).iter().rev().map_while(|list| list.to_str().ok());
        for hop in lists.flat_map(|list| list.rsplit(',')) {
            if !self.trusts(client) {
                break;
            }
            let Some(address) = parse_hop(hop.trim()) else { break };
            client = address.to_canonical();
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(&address))
    }
}

/// An address, to which some proxies append the port.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    hop.parse().ok().or_else(|| Some(hop.parse::<SocketAddr>().ok()?.ip()))
}
