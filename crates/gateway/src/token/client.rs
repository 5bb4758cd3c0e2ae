//! What a client shows of itself, and what a token remembers of that.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine::session::token::VerifiedToken;
use sha2::{Digest as _, Sha256};

use crate::{config::ClientTrait, refusal::Refusal};

/// How many octets of a hash a token holds: nobody finds a second client with the same 128 bits.
const HASH: usize = 16;

/// What a client shows of itself with each request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Client<'c> {
    /// The address that it comes from, if that is known.
    pub address: Option<IpAddr>,
    /// `User-Agent`, if there is one.
    pub agent: Option<&'c [u8]>,
}

impl ClientTrait {
    /// The claim that holds the hash.
    pub(super) const fn claim(self) -> &'static str {
        match self {
            Self::Address => "address_hash",
            Self::Agent => "agent_hash",
        }
    }

    /// What the token of this identifier (`jti`) holds for this client. The identifier is in it so that two tokens of one client
    /// have nothing in common.
    ///
    /// # Errors
    ///
    /// [`Refusal::Internal`] if the address is to be in it and nobody knows it: the route is not behind
    /// [`Origin`](crate::http::Origin).
    pub(super) fn hash(self, client: Client<'_>, ipv6_prefix: u8, id: &str) -> Result<String, Refusal> {
        let mut hash = Sha256::new_with_prefix(self.claim());
        hash.update([0]);
        // An identifier of this gateway's has one length, so that what follows begins where it ends.
        hash.update(id);
        match (self, client) {
            (Self::Address, Client { address, .. }) => match network(address.ok_or(Refusal::Internal)?, ipv6_prefix) {
                IpAddr::V4(address) => hash.update(address.octets()),
                IpAddr::V6(address) => hash.update(address.octets()),
            },
            (Self::Agent, Client { agent: Some(agent), .. }) => {
                hash.update([1]);
                hash.update(agent);
            }
            // None is not the same as an empty one.
            (Self::Agent, Client { agent: None, .. }) => hash.update([0]),
        }
        let hash = hash.finalize();
        Ok(BASE64_URL_SAFE_NO_PAD.encode(hash.get(..HASH).ok_or(Refusal::Internal)?))
    }

    /// Whether the token came from the client that got it.
    ///
    /// # Errors
    ///
    /// [`Refusal::AddressChanged`], [`Refusal::AgentChanged`], also for a token that was issued when it was bound to neither.
    pub(super) fn compare(self, token: &VerifiedToken<'_>, client: Client<'_>, ipv6_prefix: u8) -> Result<(), Refusal> {
        let id = token.id().map(|id| id.to_string()).unwrap_or_default();
        let expected = self.hash(client, ipv6_prefix, &id)?;
        if token.text(self.claim()).is_some_and(|claimed| claimed == *expected) {
            return Ok(());
        }
        Err(match self {
            Self::Address => Refusal::AddressChanged,
            Self::Agent => Refusal::AgentChanged,
        })
    }
}

/// The network of an address: in IPv6 so many bits of it, and an IPv4 address whole.
fn network(address: IpAddr, ipv6_prefix: u8) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => Ipv4Addr::into(address),
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(ipv6_prefix.into())).unwrap_or(0);
            Ipv6Addr::from_bits(address.to_bits() & mask).into()
        }
    }
}
