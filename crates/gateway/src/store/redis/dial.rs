//! A connection to one server, and whether that is one to rely on.

use std::{io, net::IpAddr, time::Duration};

use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, ErrorKind, RedisError, aio::MultiplexedConnection,
};
use rustls::pki_types::ServerName;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;

use crate::store::{Unfit, link::Fault};

/// What Redis has to be set to, and what it is without.
const SETTINGS: [(&str, &str, Unfit); 4] = [
    ("appendonly", "yes", Unfit::Forgets),
    ("appendfsync", "always", Unfit::Forgets),
    ("no-appendfsync-on-rewrite", "no", Unfit::Forgets),
    ("maxmemory-policy", "noeviction", Unfit::Evicts),
];

/// How it is known that Redis keeps what it acknowledged: what it forgets is attested or sent a second time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Durability {
    /// Redis is asked for its settings. One that does not tell is not used.
    #[default]
    Checked,
    /// The operator says so, because Redis may not tell: many services forbid `CONFIG`. What it tells still counts.
    DurableWithoutEviction,
    /// It does not, and a replay is acceptable: for tests.
    Volatile,
}

/// How servers are reached, and what is expected of them.
#[derive(Clone)]
pub(super) struct Reach {
    /// With it every connection is over TLS.
    pub(super) tls: Option<TlsConnector>,
    pub(super) durability: Durability,
    pub(super) allow_plain: bool,
    /// How many replicas have to have a write before it counts.
    pub(super) replicas: u32,
}

impl Reach {
    /// Whether what passes to this server is read by nobody else: it is over TLS, stays on this machine, or was allowed.
    pub(super) fn admits(&self, addr: &ConnectionAddr) -> bool {
        let is_local = match addr {
            ConnectionAddr::Tcp(host, _) => {
                host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
            }
            ConnectionAddr::Unix(_) => true,
            ConnectionAddr::TcpTls { .. } => false,
        };
        self.tls.is_some() || self.allow_plain || is_local
    }
}

/// How servers are connected to.
#[derive(Clone)]
pub(super) struct Dial {
    pub(super) reach: Reach,
    /// How long to wait for an answer.
    pub(super) answer: Duration,
}

impl Dial {
    /// A connection to a server that keeps what it acknowledges.
    pub(super) async fn connect(&self, to: &ConnectionInfo) -> Result<MultiplexedConnection, Fault> {
        let mut connection = self.open(to).await?;
        self.examine(&mut connection).await?;
        Ok(connection)
    }

    /// A connection to any server: over TLS if there is an authority, and otherwise only where nobody else reads it.
    pub(super) async fn open(&self, to: &ConnectionInfo) -> Result<MultiplexedConnection, Fault> {
        if !self.reach.admits(&to.addr) {
            return Err(Fault::Unfit(Unfit::Plain));
        }
        let config = AsyncConnectionConfig::new().set_connection_timeout(self.answer).set_response_timeout(self.answer);
        let connected = match (&self.reach.tls, &to.addr) {
            (Some(tls), ConnectionAddr::Tcp(host, port)) => {
                timeout(self.answer, secured(tls, host, *port, to, config)).await.map_err(|_| Fault::Away)?
            }
            // Nothing is sent in plain text where TLS was asked for.
            (Some(_), _) => return Err(Fault::Away),
            (None, _) => {
                let client = Client::open(to.clone()).map_err(|error| away(&error))?;
                client.get_multiplexed_async_connection_with_config(&config).await
            }
        };
        connected.map_err(|error| away(&error))
    }

    /// Whether Redis writes each change before it answers, and never forgets one to make room, as far as it tells.
    pub(super) async fn examine(&self, connection: &mut MultiplexedConnection) -> Result<(), Fault> {
        let durability = self.reach.durability;
        if durability == Durability::Volatile {
            return Ok(());
        }
        for (setting, expected, unfit) in SETTINGS {
            let mut question = redis::cmd("CONFIG");
            let told: Result<Vec<String>, _> = question.arg("GET").arg(setting).query_async(connection).await;
            match told.as_deref() {
                Ok([_, found]) if found == expected => {}
                Ok([_, _]) => return Err(Fault::Unfit(unfit)),
                Err(error)
                    if error.code() == Some("NOAUTH")
                        || !matches!(error.kind(), ErrorKind::ResponseError | ErrorKind::ExtensionError) =>
                {
                    return Err(refused(error));
                }
                // It is forbidden, or there is no such setting.
                _ if durability == Durability::DurableWithoutEviction => {}
                _ => return Err(Fault::Unfit(Unfit::Silent)),
            }
        }
        Ok(())
    }
}

async fn secured(
    tls: &TlsConnector,
    host: &str,
    port: u16,
    to: &ConnectionInfo,
    config: AsyncConnectionConfig,
) -> Result<MultiplexedConnection, RedisError> {
    let name = ServerName::try_from(host.to_owned()).map_err(|error| RedisError::from(io::Error::other(error)))?;
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    let stream = tls.connect(name, stream).await.inspect_err(|error| {
        // What is wrong with its certificate: nothing was sent to it.
        tracing::warn!(%error, "TLS with the store failed");
    })?;
    let (connection, driver) = MultiplexedConnection::new_with_config(&to.redis, stream, config).await?;
    tokio::spawn(driver);
    Ok(connection)
}

/// Why a question was not answered.
pub(super) fn refused(error: &RedisError) -> Fault {
    if error.code() == Some("NOAUTH") { Fault::Unfit(Unfit::Locked) } else { away(error) }
}

/// The kind alone is logged: the message may hold what was sent.
pub(super) fn away(error: &RedisError) -> Fault {
    tracing::warn!(kind = ?error.kind(), "the store cannot be reached");
    Fault::Away
}
