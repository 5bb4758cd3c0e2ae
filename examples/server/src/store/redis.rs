//! The store of several servers: Redis 5 or later, with its append-only file.
//!
//! Whatever decides is one script, which Redis runs atomically. Nothing is retried: a write whose answer was lost may
//! have happened, and its client is told to try again with a new assertion.

use std::{fmt::Write as _, sync::LazyLock, time::Duration};

use async_trait::async_trait;
use genuine::app_attest::{AdvanceError, Counter, KeyId};
use redis::{
    AsyncCommands as _, Client, FromRedisValue, RedisError, Script,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use tokio::sync::OnceCell;

use super::{
    AdvanceFault, Challenge, ChallengeId, Device, Purpose, PutError, REMEMBERED, Session, Spent, Store, Unavailable,
};

/// How long to wait for an answer. An operation takes well under a millisecond.
const ANSWER: Duration = Duration::from_secs(1);
/// The longest pause between two attempts to connect, in milliseconds.
const LONGEST_PAUSE: u64 = 1000;

/// KEYS: the challenge, the list of challenges by expiry. ARGV: now, when to forget it, how many there may be, seconds to
/// keep it, purpose, application, session, expiry.
const PUT_CHALLENGE: &str = r"
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[1])
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[3]) then return 0 end
redis.call('ZADD', KEYS[2], ARGV[2], KEYS[1])
redis.call('HSET', KEYS[1], 'purpose', ARGV[5], 'application', ARGV[6], 'session', ARGV[7], 'expires_at', ARGV[8])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1";

/// KEYS: the challenge.
const SPEND_CHALLENGE: &str = r"
if redis.call('EXISTS', KEYS[1]) == 0 then return -1 end
return redis.call('HSETNX', KEYS[1], 'used', 1)";

/// KEYS: the device. ARGV: attested key, application, session, registered at, counter.
const REGISTER: &str = r"
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'key', ARGV[1], 'application', ARGV[2], 'session', ARGV[3], 'registered_at', ARGV[4],
    'counter', ARGV[5])
return 1";

/// KEYS: the device. ARGV: the new counter.
const ADVANCE: &str = r"
local last = redis.call('HGET', KEYS[1], 'counter')
if not last then return -1 end
if redis.call('HEXISTS', KEYS[1], 'revoked_at') == 1 then return -2 end
if tonumber(ARGV[1]) <= tonumber(last) then return 0 end
redis.call('HSET', KEYS[1], 'counter', ARGV[1])
return 1";

/// KEYS: the device. ARGV: when.
const REVOKE: &str = r"
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSETNX', KEYS[1], 'revoked_at', ARGV[1])
return 1";

static SCRIPTS: LazyLock<Scripts> = LazyLock::new(|| Scripts {
    put_challenge: Script::new(PUT_CHALLENGE),
    spend_challenge: Script::new(SPEND_CHALLENGE),
    register: Script::new(REGISTER),
    advance: Script::new(ADVANCE),
    revoke: Script::new(REVOKE),
});

struct Scripts {
    put_challenge: Script,
    spend_challenge: Script,
    register: Script,
    advance: Script,
    revoke: Script,
}

/// A store in Redis.
pub struct RedisStore {
    client: Client,
    connection: OnceCell<ConnectionManager>,
    challenges: usize,
}

impl RedisStore {
    /// A store at `redis://[user:password@]host:port[/database]`. The connection is made when it is first needed, and
    /// again whenever it breaks.
    ///
    /// # Errors
    ///
    /// If the address is none.
    pub fn new(url: &str, challenges: usize) -> Result<Self, RedisError> {
        Ok(Self { client: Client::open(url)?, connection: OnceCell::new(), challenges })
    }

    async fn connection(&self) -> Result<ConnectionManager, Unavailable> {
        let connect = async || {
            let config = ConnectionManagerConfig::new()
                .set_connection_timeout(ANSWER)
                .set_response_timeout(ANSWER)
                .set_max_delay(LONGEST_PAUSE)
                .set_number_of_retries(1);
            ConnectionManager::new_with_config(self.client.clone(), config).await
        };
        self.connection.get_or_try_init(connect).await.cloned().map_err(unavailable)
    }

    /// Whether Redis keeps what it acknowledges: an append-only file that is written before each answer. `None` if it
    /// does not tell.
    pub async fn is_durable(&self) -> Option<bool> {
        let mut connection = self.connection().await.ok()?;
        let mut setting = async |name: &str| -> Option<String> {
            let answer: Result<Vec<String>, _> =
                redis::cmd("CONFIG").arg("GET").arg(name).query_async(&mut connection).await;
            answer.ok()?.into_iter().nth(1)
        };
        Some(setting("appendonly").await? == "yes" && setting("appendfsync").await? == "always")
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
        call.invoke_async(&mut self.connection().await?).await.map_err(unavailable)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "an argument of map_err")]
fn unavailable(error: RedisError) -> Unavailable {
    // The kind alone: the message may hold what was sent.
    tracing::warn!(kind = ?error.kind(), "the store did not answer");
    Unavailable
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
        let keys = [&*name("challenge", &id), "genuine:challenges"];
        match self.run(&SCRIPTS.put_challenge, &keys, &arguments).await {
            Ok(1) => Ok(()),
            Ok(_) => Err(PutError::Full),
            Err(Unavailable) => Err(PutError::Unavailable),
        }
    }

    async fn challenge(&self, id: ChallengeId) -> Result<Option<Challenge>, Unavailable> {
        type Fields = (Option<String>, Option<String>, Option<Vec<u8>>, Option<u64>, Option<u8>);
        let fields = ["purpose", "application", "session", "expires_at", "used"];
        let answer = self.connection().await?.hget(name("challenge", &id), &fields).await;
        let (Some(purpose), Some(application), Some(session), Some(expires_at), used): Fields =
            answer.map_err(unavailable)?
        else {
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
        match self.run(&SCRIPTS.spend_challenge, &[&name("challenge", &id)], &[]).await? {
            1 => Ok(Spent::Now),
            0 => Ok(Spent::Before),
            _ => Ok(Spent::Unknown),
        }
    }

    async fn register(&self, key: KeyId, device: &Device) -> Result<bool, Unavailable> {
        let (registered_at, counter) = (device.registered_at.to_string(), device.counter.to_string());
        let arguments: [&[u8]; 5] =
            [&device.key, device.application.as_bytes(), &device.session, registered_at.as_bytes(), counter.as_bytes()];
        self.run(&SCRIPTS.register, &[&name("device", &key.0)], &arguments).await
    }

    async fn device(&self, key: KeyId) -> Result<Option<Device>, Unavailable> {
        type Fields = (Option<Vec<u8>>, Option<String>, Option<Vec<u8>>, Option<u64>, Option<u32>, Option<u64>);
        let fields = ["key", "application", "session", "registered_at", "counter", "revoked_at"];
        let answer = self.connection().await?.hget(name("device", &key.0), &fields).await;
        let (Some(attested), Some(application), Some(session), Some(registered_at), counter, revoked_at): Fields =
            answer.map_err(unavailable)?
        else {
            return Ok(None);
        };
        let (Ok(attested), Ok(session)) = (attested.try_into(), Session::try_from(session)) else { return Ok(None) };
        // A device without a counter is damage: with the highest one it is refused, and never starts at zero again.
        let counter = counter.unwrap_or(u32::MAX);
        Ok(Some(Device { key: attested, application, session, registered_at, counter, revoked_at }))
    }

    async fn advance(&self, key: KeyId, to: Counter) -> Result<(), AdvanceError<AdvanceFault>> {
        match self.run(&SCRIPTS.advance, &[&name("device", &key.0)], &[to.0.to_string().as_bytes()]).await {
            Ok(1) => Ok(()),
            Ok(0) => Err(AdvanceError::NotIncreased),
            Ok(-1) => Err(AdvanceError::UnknownKey),
            Ok(-2) => Err(AdvanceError::Store(AdvanceFault::Revoked)),
            Ok(_) | Err(Unavailable) => Err(AdvanceError::Store(AdvanceFault::Unavailable)),
        }
    }

    async fn revoke(&self, key: KeyId, at: u64) -> Result<bool, Unavailable> {
        self.run(&SCRIPTS.revoke, &[&name("device", &key.0)], &[at.to_string().as_bytes()]).await
    }

    async fn ready(&self) -> Result<(), Unavailable> {
        let answer: Result<String, _> = redis::cmd("PING").query_async(&mut self.connection().await?).await;
        answer.map(drop).map_err(unavailable)
    }
}
