//! The store of several servers: Redis 5 or later, with its append-only file.
//!
//! Whatever decides is one script, which Redis runs atomically. Nothing is retried: a write whose answer was lost may
//! have happened, and its client is told to try again with a new assertion.

use std::{
    fmt::Write as _,
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use genuine::app_attest::{AdvanceError, Counter, KeyId, Refusal};
use redis::{AsyncConnectionConfig, Client, FromRedisValue, RedisError, Script, aio::MultiplexedConnection};

use super::{
    AdvanceFault, Challenge, ChallengeId, Device, Purpose, PutError, REMEMBERED, Session, Spent, Store, Unavailable,
};

/// How long to wait for an answer. An operation takes well under a millisecond.
const ANSWER: Duration = Duration::from_secs(1);
/// The unused challenges by expiry, to count them.
const UNUSED: &str = "genuine:challenges";

const VOLATILE: &str = "Redis may lose what it acknowledged, and is not used: set appendonly yes and appendfsync always there, \
                        or volatile = true here";

// What decides.
static PUT_CHALLENGE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("redis/put_challenge.lua")));
static SPEND_CHALLENGE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("redis/spend_challenge.lua")));
static REGISTER: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("redis/register.lua")));
static ADVANCE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("redis/advance.lua")));
static REVOKE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("redis/revoke.lua")));

/// A store in Redis.
pub struct RedisStore {
    client: Client,
    link: Mutex<Link>,
    connecting: tokio::sync::Mutex<()>,
    challenges: usize,
    volatile: bool,
}

/// The connection in use. Whatever goes wrong on one ends it, the time-out of a connection that is half dead and the
/// refusal of a server that has become a replica included.
#[derive(Default)]
struct Link {
    connection: Option<MultiplexedConnection>,
    /// Which connection it is, so that a late failure of an earlier one does not end it.
    number: u64,
    /// How often it could not be made.
    failures: u64,
}

impl RedisStore {
    /// A store at `redis://[user:password@]host:port[/database]`. The connection is made when it is first needed, and
    /// again after it broke. Unless `volatile`, a Redis that may lose what it acknowledged is as good as none.
    ///
    /// # Errors
    ///
    /// If the address is none.
    pub fn new(url: &str, challenges: usize, volatile: bool) -> Result<Self, RedisError> {
        let client = Client::open(url)?;
        Ok(Self { client, link: Mutex::default(), connecting: tokio::sync::Mutex::default(), challenges, volatile })
    }

    /// The connection and its number. One request connects, and if it cannot, neither can those who wait.
    async fn connection(&self) -> Result<(MultiplexedConnection, u64), Unavailable> {
        if let Some(connected) = self.current() {
            return Ok(connected);
        }
        let failures = self.link().failures;
        let _connecting = self.connecting.lock().await;
        if let Some(connected) = self.current() {
            return Ok(connected);
        }
        if self.link().failures != failures {
            return Err(Unavailable);
        }
        let connected = self.connect().await;
        let mut link = self.link();
        match &connected {
            Ok(connection) => {
                link.number += 1;
                link.connection = Some(connection.clone());
            }
            Err(Unavailable) => link.failures += 1,
        }
        connected.map(|connection| (connection, link.number))
    }

    async fn connect(&self) -> Result<MultiplexedConnection, Unavailable> {
        let config = AsyncConnectionConfig::new().set_connection_timeout(ANSWER).set_response_timeout(ANSWER);
        let connected = self.client.get_multiplexed_async_connection_with_config(&config).await;
        let mut connection = connected.map_err(|error| {
            tracing::warn!(kind = ?error.kind(), "the store cannot be reached");
            Unavailable
        })?;
        match is_durable(&mut connection).await {
            Some(false) if !self.volatile => {
                tracing::error!("{VOLATILE}");
                return Err(Unavailable);
            }
            None => tracing::warn!("whether Redis keeps what it acknowledged is not known"),
            Some(_) => {}
        }
        Ok(connection)
    }

    fn current(&self) -> Option<(MultiplexedConnection, u64)> {
        let link = self.link();
        Some((link.connection.clone()?, link.number))
    }

    fn link(&self) -> MutexGuard<'_, Link> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn query<T: FromRedisValue>(&self, command: &redis::Cmd) -> Result<T, Unavailable> {
        let (mut connection, number) = self.connection().await?;
        command.query_async(&mut connection).await.map_err(|error| self.give_up(number, &error))
    }

    async fn run<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[&str],
        arguments: &[&[u8]],
    ) -> Result<T, Unavailable> {
        let mut call = script.prepare_invoke();
        for key in keys {
            call.key(*key);
        }
        for argument in arguments {
            call.arg(*argument);
        }
        let (mut connection, number) = self.connection().await?;
        call.invoke_async(&mut connection).await.map_err(|error| self.give_up(number, &error))
    }

    fn give_up(&self, number: u64, error: &RedisError) -> Unavailable {
        // The kind alone: the message may hold what was sent.
        tracing::warn!(kind = ?error.kind(), "the store did not answer");
        let mut link = self.link();
        if link.number == number {
            link.connection = None;
        }
        Unavailable
    }
}

/// Whether Redis keeps what it acknowledges: an append-only file that is written before each answer. `None` if it does not
/// tell.
async fn is_durable(connection: &mut MultiplexedConnection) -> Option<bool> {
    for (setting, expected) in [("appendonly", "yes"), ("appendfsync", "always")] {
        let mut question = redis::cmd("CONFIG");
        let found: Vec<String> = question.arg("GET").arg(setting).query_async(connection).await.ok()?;
        if found.get(1)? != expected {
            return Some(false);
        }
    }
    Some(true)
}

fn name(kind: &str, id: &[u8; 32]) -> String {
    let mut name = format!("genuine:{kind}:");
    for octet in id {
        // Writing to a string does not fail.
        let _ = write!(name, "{octet:02x}");
    }
    name
}

#[async_trait]
impl Store for RedisStore {
    async fn put_challenge(&self, id: ChallengeId, challenge: &Challenge, now: u64) -> Result<(), PutError> {
        let purpose = match challenge.purpose {
            Purpose::Attestation => "attestation",
            Purpose::Assertion => "assertion",
        };
        let forget_at = challenge.expires_at + REMEMBERED;
        let [now, forget, most, keep, expires_at] =
            [now, forget_at, self.challenges as u64, forget_at.saturating_sub(now).max(1), challenge.expires_at]
                .map(|number| number.to_string());
        let arguments: [&[u8]; 8] = [
            now.as_bytes(),
            forget.as_bytes(),
            most.as_bytes(),
            keep.as_bytes(),
            purpose.as_bytes(),
            challenge.application.as_bytes(),
            &challenge.session,
            expires_at.as_bytes(),
        ];
        let keys = [&*name("challenge", &id), UNUSED];
        match self.run(&PUT_CHALLENGE, &keys, &arguments).await {
            Ok(1) => Ok(()),
            Ok(_) => Err(PutError::Full),
            Err(Unavailable) => Err(PutError::Unavailable),
        }
    }

    async fn challenge(&self, id: ChallengeId) -> Result<Option<Challenge>, Unavailable> {
        type Fields = (Option<String>, Option<String>, Option<Vec<u8>>, Option<u64>, Option<u8>);
        let fields = ["purpose", "application", "session", "expires_at", "used"];
        let answer = self.query(redis::cmd("HMGET").arg(name("challenge", &id)).arg(&fields)).await?;
        let (Some(purpose), Some(application), Some(session), Some(expires_at), used): Fields = answer else {
            return Ok(None);
        };
        let purpose = match purpose.as_str() {
            "attestation" => Purpose::Attestation,
            "assertion" => Purpose::Assertion,
            _ => return Ok(None),
        };
        let Ok(session) = Session::try_from(session) else { return Ok(None) };
        Ok(Some(Challenge { purpose, application, session, expires_at, used: used.is_some() }))
    }

    async fn spend_challenge(&self, id: ChallengeId) -> Result<Spent, Unavailable> {
        match self.run(&SPEND_CHALLENGE, &[&name("challenge", &id), UNUSED], &[]).await? {
            1 => Ok(Spent::Now),
            0 => Ok(Spent::Before),
            _ => Ok(Spent::Unknown),
        }
    }

    async fn register(&self, key: KeyId, device: &Device) -> Result<bool, Unavailable> {
        let (registered_at, counter) = (device.registered_at.to_string(), device.counter.to_string());
        let arguments: [&[u8]; 4] =
            [&device.key, device.application.as_bytes(), registered_at.as_bytes(), counter.as_bytes()];
        self.run(&REGISTER, &[&name("device", &key.0)], &arguments).await
    }

    async fn device(&self, key: KeyId) -> Result<Option<Device>, Unavailable> {
        type Fields = (Option<Vec<u8>>, Option<String>, Option<u64>, Option<u32>, Option<u64>);
        let fields = ["key", "application", "registered_at", "counter", "revoked_at"];
        let answer = self.query(redis::cmd("HMGET").arg(name("device", &key.0)).arg(&fields)).await?;
        let (Some(attested), Some(application), Some(registered_at), counter, revoked_at): Fields = answer else {
            return Ok(None);
        };
        let Ok(attested) = attested.try_into() else { return Ok(None) };
        // A device without a counter is damage: with the highest one it is refused, and never starts at zero again.
        let counter = counter.unwrap_or(u32::MAX);
        Ok(Some(Device { key: attested, application, registered_at, counter, revoked_at }))
    }

    async fn advance(&self, key: KeyId, to: Counter) -> Result<(), AdvanceError<AdvanceFault>> {
        match self.run(&ADVANCE, &[&name("device", &key.0)], &[to.0.to_string().as_bytes()]).await {
            Ok(1) => Ok(()),
            Ok(0) => Err(AdvanceError::Refused(Refusal::NotIncreased)),
            Ok(-1) => Err(AdvanceError::UnknownKey),
            Ok(-2) => Err(AdvanceError::Store(AdvanceFault::Revoked)),
            Ok(_) | Err(Unavailable) => Err(AdvanceError::Store(AdvanceFault::Unavailable)),
        }
    }

    async fn revoke(&self, key: KeyId, at: u64) -> Result<bool, Unavailable> {
        self.run(&REVOKE, &[&name("device", &key.0)], &[at.to_string().as_bytes()]).await
    }

    async fn ready(&self) -> Result<(), Unavailable> {
        self.query::<String>(&redis::cmd("PING")).await.map(drop)
    }
}
