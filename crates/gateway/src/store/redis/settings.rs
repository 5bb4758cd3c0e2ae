//! Where Redis is, and how it is reached.

use std::{path::Path, sync::Arc};

use redis::{Client, ConnectionAddr, ConnectionInfo, RedisConnectionInfo};
use tokio_rustls::TlsConnector;

use super::{
    dial::{Durability, Reach},
    sentinel::Sentinels,
};
use crate::store::tls;

/// Where Redis is, how it is reached, and what is expected of it.
#[derive(Clone)]
pub struct RedisSettings {
    pub(super) place: Place,
    pub(super) reach: Reach,
}

/// Which servers there are.
#[derive(Clone)]
pub(super) enum Place {
    /// This one.
    Server(ConnectionInfo),
    /// Those of a cluster that these know.
    Cluster(Vec<ConnectionInfo>),
    /// The one that sentinels name.
    Sentinels(Sentinels),
}

impl RedisSettings {
    /// One server, at `redis://[user:password@]host:port[/database]`, or at `rediss://…` with the certificate of the authority that
    /// signed the server's (PEM).
    ///
    /// # Errors
    ///
    /// What is wrong with the address or the certificate, without the address: it may hold a password.
    pub fn server(url: &str, ca: Option<&Path>) -> Result<Self, String> {
        let (info, is_tls) = parse(url).ok_or("store.url: this is no address of Redis, which is redis://HOST:PORT")?;
        Self::of(Place::Server(info), is_tls, "store.url", ca)
    }

    /// The servers of a Redis Cluster, some of which are at these addresses: the others are asked of them. Over TLS as with
    /// [`server`](Self::server).
    ///
    /// # Errors
    ///
    /// What is wrong with the addresses or the certificate, without the addresses.
    pub fn cluster(urls: &[String], ca: Option<&Path>) -> Result<Self, String> {
        let malformed = "store.cluster: addresses redis://HOST:PORT without a database";
        let (infos, is_tls) = parse_all(urls).ok_or(malformed)?;
        let credentials = |info: &ConnectionInfo| (info.redis.username.clone(), info.redis.password.clone());
        if infos.windows(2).any(|pair| matches!(pair, [one, other] if credentials(one) != credentials(other))) {
            return Err("store.cluster: all servers of a cluster have one user and password".to_owned());
        }
        Self::of(Place::Cluster(infos), is_tls, "store.cluster", ca)
    }

    /// The master that the sentinels at these addresses know under this name; the credentials are its user, if not the default one, and
    /// password. Sentinels and master are reached over TLS as with [`server`](Self::server), or all without.
    ///
    /// # Errors
    ///
    /// What is wrong with the addresses or the certificate, without the addresses.
    pub fn sentinels(
        urls: &[String],
        name: &str,
        (user, password): (Option<&str>, Option<&str>),
        ca: Option<&Path>,
    ) -> Result<Self, String> {
        let malformed = "store.sentinels: addresses redis://HOST:PORT without a database";
        let (sentinels, is_tls) = parse_all(urls).ok_or(malformed)?;
        if name.is_empty() {
            return Err("store.master: the name under which the sentinels know the master".to_owned());
        }
        let (username, password) = (user.map(str::to_owned), password.map(str::to_owned));
        let redis = RedisConnectionInfo { username, password, ..RedisConnectionInfo::default() };
        let place = Place::Sentinels(Sentinels { addresses: sentinels, name: name.to_owned(), redis });
        Self::of(place, is_tls, "store.sentinels", ca)
    }

    fn of(place: Place, is_tls: bool, setting: &str, ca: Option<&Path>) -> Result<Self, String> {
        let tls = match (is_tls, ca) {
            (false, None) => None,
            (true, Some(ca)) => Some(TlsConnector::from(Arc::new(tls::client(ca)?))),
            (true, None) => return Err("store.ca: rediss:// takes the authority's certificate".to_owned()),
            // What would be had in plain text is not what was meant.
            (false, Some(_)) => return Err(format!("{setting}: with ca it is rediss://, which is over TLS")),
        };
        Ok(Self { place, reach: Reach { tls, durability: Durability::default(), allow_plain: false, replicas: 0 } })
    }

    /// How it is known that Redis keeps what it acknowledged: [`Durability::Checked`] unless set.
    #[must_use]
    pub fn durability(self, durability: Durability) -> Self {
        Self { reach: Reach { durability, ..self.reach }, ..self }
    }

    /// Whether a server on another machine may be reached without TLS: not unless set.
    #[must_use]
    pub fn allow_plain(self, allow_plain: bool) -> Self {
        Self { reach: Reach { allow_plain, ..self.reach }, ..self }
    }

    /// How many replicas have to have acknowledged a write before it counts; with fewer the store is unavailable. None unless set.
    #[must_use]
    pub fn replicas(self, replicas: u32) -> Self {
        Self { reach: Reach { replicas, ..self.reach }, ..self }
    }

    /// Whether what passes to the servers that are named here is read by nobody else: it is over TLS, stays on this machine, or was
    /// allowed.
    #[must_use]
    pub fn is_private(&self) -> bool {
        match &self.place {
            Place::Server(info) => self.reach.admits(&info.addr),
            Place::Cluster(infos) => infos.iter().all(|info| self.reach.admits(&info.addr)),
            Place::Sentinels(sentinels) => sentinels.addresses.iter().all(|info| self.reach.admits(&info.addr)),
        }
    }

    /// Where an address leads, without user and password.
    #[must_use]
    pub fn place(url: &str) -> String {
        match parse(url) {
            Some((info, true)) => format!("rediss://{}", info.addr),
            Some((info, false)) => format!("redis://{}", info.addr),
            None => "redis://…".to_owned(),
        }
    }
}

/// Host, database and credentials, and whether it is over TLS. What follows a `#` has no meaning: elsewhere `#insecure` turns the check
/// of certificates off.
fn parse(url: &str) -> Option<(ConnectionInfo, bool)> {
    if url.contains('#') {
        return None;
    }
    // The crate's own TLS would read the system's authorities for each connection.
    let (plain, is_tls) = match url.strip_prefix("rediss://") {
        Some(rest) => (format!("redis://{rest}"), true),
        None => (url.to_owned(), false),
    };
    Some((Client::open(plain).ok()?.get_connection_info().clone(), is_tls))
}

/// The same of several, which are over TLS all or not at all, on the network, and without databases.
fn parse_all(urls: &[String]) -> Option<(Vec<ConnectionInfo>, bool)> {
    let parsed = urls.iter().map(|url| parse(url)).collect::<Option<Vec<_>>>()?;
    let is_tls = parsed.first()?.1;
    let fits = |(info, tls): &(ConnectionInfo, bool)| {
        *tls == is_tls && info.redis.db == 0 && matches!(info.addr, ConnectionAddr::Tcp(..))
    };
    parsed.iter().all(fits).then(|| (parsed.into_iter().map(|(info, _)| info).collect(), is_tls))
}
