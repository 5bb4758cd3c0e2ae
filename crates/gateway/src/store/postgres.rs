//! The store of several servers in a database: PostgreSQL 12 or later.
//!
//! Whatever decides is one statement, which PostgreSQL runs atomically on one row. A counter is compared and swapped: it is read, the
//! engine decides, and the row is written if nobody has written it since; otherwise that is done again. Nothing else is retried: a write
//! whose answer was lost may have happened, and its client is told to try again with a new assertion.

mod schema;

use std::{net::IpAddr, path::Path, str::FromStr as _, sync::Arc, time::Duration};

use async_trait::async_trait;
use genuine::{
    UnixMillis,
    app_attest::{Advance, AdvanceError, KeyId, ReplayWindow},
};
use tokio_postgres::{
    Client, Config, NoTls, Row, Statement,
    config::{Host, SslMode},
    types::ToSql,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use self::schema::{away, examine, is_migrated, migrate};
use super::{
    AccountHash, AdvanceFault, CLOSED, ChallengeId, Change, Contract, Cursor, Device, DeviceKey, Listing, SECRETS,
    Spent, Store, StoredSecret, Unavailable, Unfit, Usage,
    link::{Fault, Link},
    list::keys_after,
    tls,
};

/// Connections: the operations of one device share one, and one commit carries those of several.
const CONNECTIONS: usize = 16;
/// How often a counter is compared and swapped before the store counts as too busy. Each time, another request of the device won.
const SWAPS: usize = 200;
/// How long a change of the schema may take: it reads every row.
const MIGRATION: Duration = Duration::from_secs(600);
/// How many used challenges are forgotten with each one that is remembered: more than one, so that they become fewer.
const FORGOTTEN: i64 = 4;
const DEVICE: &str = "SELECT attested, application, registered_at, counters, revoked_at, kind, account, attested_at, \
    epoch, locked_at, tokens_after FROM genuine.devices WHERE key_id = $1";
const REGISTER: &str = "INSERT INTO genuine.devices \
    (key_id, attested, application, registered_at, counters, kind, account, attested_at, epoch) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
const SWAP: &str = "UPDATE genuine.devices SET counters = $3 \
    WHERE key_id = $1 AND counters = $2 AND revoked_at IS NULL AND locked_at IS NULL";
const REVOKE: &str = "UPDATE genuine.devices SET revoked_at = coalesce(revoked_at, $2) WHERE key_id = $1";
const LOCK: &str = "UPDATE genuine.devices SET locked_at = coalesce(locked_at, $2) WHERE key_id = $1";
const UNLOCK: &str = "UPDATE genuine.devices SET locked_at = NULL WHERE key_id = $1 AND $2::bigint IS NOT NULL";
const ATTEST: &str = "UPDATE genuine.devices SET attested_at = greatest(attested_at, $2), \
    locked_at = CASE WHEN locked_at > $2 / 1000 THEN locked_at END WHERE key_id = $1";
const REVOKE_TOKENS: &str = "UPDATE genuine.devices SET tokens_after = greatest(tokens_after, $2) WHERE key_id = $1";
const EPOCH: &str = "UPDATE genuine.devices SET epoch = greatest(epoch, $2) WHERE key_id = $1";
const ERASE: &str = "UPDATE genuine.devices SET kind = 0, attested = '', application = '', account = NULL, \
    registered_at = 0, attested_at = 0, epoch = 0, tokens_after = 0, locked_at = NULL, revoked_at = coalesce(revoked_at, $2), \
    counters = '' WHERE key_id = $1";
const DEVICES_OF: &str = "SELECT key_id FROM genuine.devices \
    WHERE account = $1 AND ($2::bytea IS NULL OR key_id > $2) ORDER BY key_id LIMIT $3";
const LIST: &str = "SELECT attested, application, registered_at, counters, revoked_at, kind, account, attested_at, \
    epoch, locked_at, tokens_after, key_id FROM genuine.devices WHERE key_id > $1 ORDER BY key_id LIMIT $2";
const SPEND: &str = "INSERT INTO genuine.spent VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
const SPENT: &str = "SELECT spent_by FROM genuine.spent WHERE challenge = $1";
const FORGET: &str = "DELETE FROM genuine.spent WHERE challenge IN \
    (SELECT challenge FROM genuine.spent WHERE until < $1 ORDER BY until LIMIT $2 FOR UPDATE SKIP LOCKED)";
const SECRETS_OF: &str = "SELECT number, made_at, octets FROM genuine.secrets WHERE usage = $1 ORDER BY number DESC";
const ADD_SECRET: &str = "WITH old AS (DELETE FROM genuine.secrets WHERE usage = $1 AND number = $5) \
    INSERT INTO genuine.secrets VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
const READY: &str = "UPDATE genuine.readiness SET asked = asked + 1";

/// A store in PostgreSQL.
pub struct PostgresStore {
    config: Config,
    tls: Option<MakeRustlsConnect>,
    links: Vec<Link<Arc<Session>>>,
    /// How long to wait for an answer.
    answer: Duration,
}

/// A connection, with the statements that it has prepared.
struct Session {
    client: Client,
    device: Statement,
    register: Statement,
    swap: Statement,
    spend: Statement,
    spent: Statement,
    forget: Statement,
    secrets: Statement,
    add_secret: Statement,
    ready: Statement,
}

impl PostgresStore {
    /// A store at `postgres://[user[:password]@]host[:port]/database`, over TLS if the certificate of an authority is given. Connections
    /// are made when they are first needed, and again after they broke; the first one makes the tables. One that takes longer
    /// than `answer` ends.
    ///
    /// # Errors
    ///
    /// If the address is none, or the certificate cannot be read.
    pub fn new(url: &str, ca: Option<&Path>, answer: Duration) -> Result<Self, String> {
        let (mut config, tls) = Self::settings(url, ca)?;
        config.connect_timeout(answer).tcp_user_timeout(answer);
        Ok(Self { config, tls, links: (0..CONNECTIONS).map(|_| Link::default()).collect(), answer })
    }

    /// What an address and an authority's certificate say.
    ///
    /// # Errors
    ///
    /// What is wrong with them, without the address: it may hold a password.
    pub fn settings(url: &str, ca: Option<&Path>) -> Result<(Config, Option<MakeRustlsConnect>), String> {
        let malformed = "store.url: this is no address of PostgreSQL, which is postgres://USER@HOST:PORT/DATABASE; of sslmode it takes \
                         disable, prefer and require";
        let mut config = Config::from_str(url).map_err(|_| malformed)?;
        if config.get_hosts().is_empty() || config.get_dbname().is_none() || config.get_user().is_none() {
            return Err(malformed.to_owned());
        }
        let Some(ca) = ca else {
            // What the address asks for and nobody can check is not had.
            let asks = config.get_ssl_mode() == SslMode::Require;
            config.ssl_mode(SslMode::Disable);
            return if asks {
                Err("store.ca: sslmode=require takes the authority's certificate".to_owned())
            } else {
                Ok((config, None))
            };
        };
        let tls = tls::client(ca)?;
        config.ssl_mode(SslMode::Require);
        Ok((config, Some(MakeRustlsConnect::new(tls))))
    }

    /// Whether all its servers are on this machine.
    #[must_use]
    pub fn is_local(settings: &Config) -> bool {
        let is_local = |host: &Host| match host {
            Host::Tcp(host) => host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback()),
            Host::Unix(_) => true,
        };
        // The parameter `hostaddr` says where a host really is.
        settings.get_hosts().iter().all(is_local) && settings.get_hostaddrs().iter().all(IpAddr::is_loopback)
    }

    /// Where an address leads, without user and password.
    #[must_use]
    pub fn place(url: &str) -> String {
        let place = || {
            let config = Config::from_str(url).ok()?;
            let host = match config.get_hosts().first()? {
                Host::Tcp(host) => host.clone(),
                Host::Unix(path) => path.display().to_string(),
            };
            let port = config.get_ports().first().map_or_else(String::new, |port| format!(":{port}"));
            Some(format!("postgres://{host}{port}/{}", config.get_dbname()?))
        };
        place().unwrap_or_else(|| "postgres://…".to_owned())
    }

    /// The link of this device or challenge.
    fn link(&self, id: &[u8; 32]) -> &Link<Arc<Session>> {
        &self.links[usize::from(id[31]) % CONNECTIONS]
    }

    /// Runs operations on a connection, in time. Whatever goes wrong ends the connection.
    async fn on<T>(
        &self,
        link: &Link<Arc<Session>>,
        run: impl AsyncFnOnce(&Session) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, Unavailable> {
        let (session, number) = link.get(self.connect()).await?;
        let give_up = |kind: &str| {
            tracing::warn!(kind, "the store did not answer");
            link.hang_up(number);
            Unavailable
        };
        match tokio::time::timeout(self.answer, run(&session)).await {
            Ok(Ok(answer)) => Ok(answer),
            // The code alone: the message may hold what was sent.
            Ok(Err(error)) => Err(give_up(error.code().map_or("connection", |code| code.code()))),
            Err(_) => Err(give_up("time")),
        }
    }

    async fn connect(&self) -> Result<Arc<Session>, Fault> {
        let connected = async {
            let client = self.client().await?;
            examine(&client, self.answer).await?;
            let migrated = is_migrated(&client).await;
            Ok::<_, Fault>((client, migrated))
        };
        let (client, migrated) = tokio::time::timeout(self.answer, connected).await.map_err(|_| Fault::Away)??;
        if !migrated {
            // As long as the tables are large.
            tokio::time::timeout(MIGRATION, migrate(&client)).await.map_err(|_| Fault::Away)??;
        }
        let session = tokio::time::timeout(self.answer, Session::of(client)).await.map_err(|_| Fault::Away)?;
        Ok(Arc::new(session.map_err(|error| away(&error))?))
    }

    async fn client(&self) -> Result<Client, Fault> {
        let client = match &self.tls {
            None => {
                let (client, connection) = self.config.connect(NoTls).await.map_err(|error| away(&error))?;
                tokio::spawn(connection);
                client
            }
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await.map_err(|error| away(&error))?;
                tokio::spawn(connection);
                client
            }
        };
        Ok(client)
    }

    /// The row of a device as it is, and in the engine's terms.
    async fn row(&self, key: KeyId) -> Result<Option<(Device, Vec<u8>)>, Unavailable> {
        let row =
            self.on(self.link(&key.0), async |session| session.client.query_opt(&session.device, &[&&key.0[..]]).await);
        row.await?.map(|row| read_device(&row)).transpose().map_err(|error| {
            tracing::error!(%error, "the record of a device is damaged");
            Unavailable
        })
    }
}

impl Session {
    async fn of(client: Client) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            device: client.prepare(DEVICE).await?,
            register: client.prepare(REGISTER).await?,
            swap: client.prepare(SWAP).await?,
            spend: client.prepare(SPEND).await?,
            spent: client.prepare(SPENT).await?,
            forget: client.prepare(FORGET).await?,
            secrets: client.prepare(SECRETS_OF).await?,
            add_secret: client.prepare(ADD_SECRET).await?,
            ready: client.prepare(READY).await?,
            client,
        })
    }

    /// Whether a statement that changes one row at most has changed it.
    async fn changes(
        &self,
        statement: &Statement,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<bool, tokio_postgres::Error> {
        Ok(self.client.execute(statement, values).await? > 0)
    }
}

/// The device, and its counters as they are stored.
fn read_device(row: &Row) -> Result<(Device, Vec<u8>), &'static str> {
    let (attested, counters): (&[u8], Vec<u8>) = (row.get(0), row.get(3));
    let (kind, registered_at): (i16, u64) = (row.get(5), unsigned(row.get(2)));
    let key = u8::try_from(kind).ok().and_then(|kind| DeviceKey::from_stored(kind, attested));
    let account: Option<&[u8]> = row.get(6);
    let attested_at = row.get::<_, Option<i64>>(7).map_or(registered_at.saturating_mul(1000), unsigned);
    let device = Device {
        key: key.ok_or("the key")?,
        application: row.get(1),
        account: account.map(TryInto::try_into).transpose().map_err(|_| "the account")?,
        registered_at,
        attested_at: UnixMillis(attested_at),
        epoch: u32::try_from(row.get::<_, i64>(8)).map_err(|_| "the epoch")?,
        window: ReplayWindow::from_trusted_bytes(&counters).unwrap_or(CLOSED),
        tokens_after: unsigned(row.get(10)),
        locked_at: row.get::<_, Option<i64>>(9).map(unsigned),
        revoked_at: row.get::<_, Option<i64>>(4).map(unsigned),
    };
    Ok((device, counters))
}

/// PostgreSQL has no unsigned numbers: the bits are kept.
const fn signed(number: u64) -> i64 {
    number.cast_signed()
}

const fn unsigned(number: i64) -> u64 {
    number.cast_unsigned()
}

#[async_trait]
impl Store for PostgresStore {
    async fn spend(&self, challenge: ChallengeId, by: KeyId, until: u64, now: u64) -> Result<Spent, Unavailable> {
        let (challenge, by, until, now) = (&challenge, &by.0[..], signed(until), signed(now));
        let spent = async |session: &Session| {
            session.client.execute(&session.forget, &[&now, &FORGOTTEN]).await?;
            if session.changes(&session.spend, &[&&challenge[..], &by, &until]).await? {
                return Ok(None);
            }
            session.client.query_opt(&session.spent, &[&&challenge[..]]).await.map(Some)
        };
        match self.on(self.link(challenge), spent).await? {
            None => Ok(Spent::Now),
            Some(row) => {
                let by = row.and_then(|row| row.get::<_, &[u8]>(0).try_into().ok()).ok_or(Unavailable)?;
                Ok(Spent::Before(KeyId(by)))
            }
        }
    }

    async fn secrets(&self, usage: Usage) -> Result<Vec<StoredSecret>, Unavailable> {
        let rows = async |session: &Session| session.client.query(&session.secrets, &[&usage.as_str()]).await;
        let rows = self.on(&self.links[0], rows).await?;
        let secret = |row: &Row| {
            let (number, made_at, octets): (i64, i64, &[u8]) = (row.get(0), row.get(1), row.get(2));
            let (number, octets) = (number.try_into().ok()?, octets.try_into().ok()?);
            Some(StoredSecret { number, made_at: unsigned(made_at), octets })
        };
        rows.iter().map(secret).collect::<Option<_>>().ok_or(Unavailable)
    }

    async fn add_secret(&self, usage: Usage, secret: &StoredSecret) -> Result<bool, Unavailable> {
        let StoredSecret { number, made_at, octets } = secret;
        let [number, oldest] = [*number, number.saturating_sub(SECRETS)].map(i64::from);
        let values = (usage.as_str(), number, signed(*made_at), &octets[..], oldest);
        let add = async |session: &Session| {
            session.changes(&session.add_secret, &[&values.0, &values.1, &values.2, &values.3, &values.4]).await
        };
        self.on(&self.links[0], add).await
    }

    async fn register(&self, key: KeyId, device: &Device) -> Result<bool, Unavailable> {
        let (registered_at, counters) = (signed(device.registered_at), device.window.to_bytes());
        let (kind, octets, attested_at) =
            (i16::from(device.key.kind()), device.key.octets(), signed(device.attested_at.0));
        let (account, epoch) = (device.account.as_ref().map(|account| &account[..]), i64::from(device.epoch));
        let register = async |session: &Session| {
            let values: [&(dyn ToSql + Sync); 9] = [
                &&key.0[..],
                &octets,
                &device.application,
                &registered_at,
                &&counters[..],
                &kind,
                &account,
                &attested_at,
                &epoch,
            ];
            session.changes(&session.register, &values).await
        };
        self.on(self.link(&key.0), register).await
    }

    async fn device(&self, key: KeyId) -> Result<Option<Device>, Unavailable> {
        Ok(self.row(key).await?.map(|(device, _)| device))
    }

    async fn advance(
        &self,
        key: KeyId,
        advance: Advance,
        contract: Contract,
    ) -> Result<(), AdvanceError<AdvanceFault>> {
        let unavailable = |Unavailable| AdvanceError::Store(AdvanceFault::Unavailable);
        for _ in 0..SWAPS {
            let (device, before) = self.row(key).await.map_err(unavailable)?.ok_or(AdvanceError::UnknownKey)?;
            if device.revoked_at.is_some() {
                return Err(AdvanceError::Store(AdvanceFault::Revoked));
            }
            if device.locked_at.is_some() {
                return Err(AdvanceError::Store(AdvanceFault::Locked));
            }
            let after = contract.decide(advance, device.window)?.to_bytes();
            let swap =
                async |session: &Session| session.changes(&session.swap, &[&&key.0[..], &before, &&after[..]]).await;
            if self.on(self.link(&key.0), swap).await.map_err(unavailable)? {
                return Ok(());
            }
        }
        Err(unavailable(Unavailable))
    }

    async fn change(&self, key: KeyId, change: Change) -> Result<bool, Unavailable> {
        let (statement, value) = match change {
            Change::Revoke(at) => (REVOKE, signed(at)),
            Change::Lock(at) => (LOCK, signed(at)),
            Change::Unlock => (UNLOCK, 0),
            Change::Attest(at) => (ATTEST, signed(at.0)),
            Change::Epoch(epoch) => (EPOCH, epoch.into()),
            Change::RevokeTokens(at) => (REVOKE_TOKENS, signed(at)),
            Change::Erase(at) => (ERASE, signed(at)),
        };
        // Not prepared: each is rare.
        let change = async |session: &Session| session.client.execute(statement, &[&&key.0[..], &value]).await;
        Ok(self.on(self.link(&key.0), change).await? > 0)
    }

    async fn devices_of(
        &self,
        account: AccountHash,
        after: Option<KeyId>,
        most: usize,
    ) -> Result<Vec<KeyId>, Unavailable> {
        let (after, most) = (after.map(|after| after.0.to_vec()), i64::try_from(most).unwrap_or(i64::MAX));
        let list = async |session: &Session| session.client.query(DEVICES_OF, &[&&account[..], &after, &most]).await;
        let rows = self.on(self.link(&account), list).await?;
        let key = |row: &Row| row.get::<_, &[u8]>(0).try_into().map(KeyId).map_err(|_| Unavailable);
        rows.iter().map(key).collect()
    }

    async fn list(&self, after: Option<&Cursor>, about: usize) -> Result<Option<Listing>, Unavailable> {
        if keys_after(after).is_none() {
            return Ok(None);
        }
        // Everything comes after nothing.
        let after = after.map_or_else(Vec::new, |after| after.0.clone());
        let most = i64::try_from(about).unwrap_or(i64::MAX);
        let list = async |session: &Session| session.client.query(LIST, &[&after, &most]).await;
        let rows = self.on(&self.links[0], list).await?;
        let next = rows.last().filter(|_| rows.len() >= about).map(|row| Cursor(row.get(11)));
        // One that is damaged is no reason to list no other.
        let device = |row: &Row| {
            let read =
                read_device(row).inspect_err(|error| tracing::error!(%error, "the record of a device is damaged"));
            Some((KeyId(row.get::<_, &[u8]>(11).try_into().ok()?), read.ok()?.0))
        };
        Ok(Some(Listing { devices: rows.iter().filter_map(device).collect(), next }))
    }

    async fn ready(&self) -> Result<(), Unavailable> {
        // Refused by a server that is full or a replica.
        let ready = async |session: &Session| session.changes(&session.ready, &[]).await;
        if self.on(&self.links[0], ready).await? { Ok(()) } else { Err(Unavailable) }
    }

    async fn check(&self) -> Result<(), Unfit> {
        let mut sound = true;
        for link in &self.links {
            let Some((session, number)) = link.current() else { continue };
            // Where one is not, the others are not waited for: whatever is wrong shows when the next connection is made.
            sound =
                sound && tokio::time::timeout(self.answer, examine(&session.client, self.answer)).await == Ok(Ok(()));
            if !sound {
                link.hang_up(number);
            }
        }
        let link = &self.links[0];
        match link.get(self.connect()).await {
            // One that is away is answered for by every operation.
            Ok(_) | Err(Unavailable) => link.unfit().map_or(Ok(()), Err),
        }
    }
}
