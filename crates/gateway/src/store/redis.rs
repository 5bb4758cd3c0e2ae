//! The store of several servers: Redis 5 or later, with its append-only file.
//!
//! Whatever decides is one script, which Redis runs atomically. Nothing is retried: a write whose answer was lost may
//! have happened, and its client is told to try again with a new assertion.

use std::{fmt::Write as _, sync::LazyLock, time::Duration};

use async_trait::async_trait;
use genuine::{
    UnixMillis,
    app_attest::{Advance, AdvanceError, Counter, KeyId, Refusal, ReplayWindow},
};
use redis::{AsyncConnectionConfig, Client, ErrorKind, FromRedisValue, RedisError, Script, aio::MultiplexedConnection};

use super::{
    AccountHash, AdvanceFault, CLOSED, ChallengeId, Change, Contract, Device, DeviceKey, SECRETS, Spent, Store,
    StoredSecret, Unavailable, Unfit, Usage,
    link::{Fault, Link},
};

/// What is written to find out whether writing is possible.
const READINESS: &str = "genuine:readiness";
/// What Redis has to be set to, and what it is without.
const SETTINGS: [(&str, &str, Unfit); 4] = [
    ("appendonly", "yes", Unfit::Forgets),
    ("appendfsync", "always", Unfit::Forgets),
    ("no-appendfsync-on-rewrite", "no", Unfit::Forgets),
    ("maxmemory-policy", "noeviction", Unfit::Evicts),
];

// What decides.
static SPEND: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("redis/spend.lua")));
static ADD_SECRET: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("redis/add_secret.lua")));
static REGISTER: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("redis/register.lua")));
static ADVANCE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("redis/advance.lua")));
static CHANGE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("redis/change.lua")));

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

/// A store in Redis.
pub struct RedisStore {
    client: Client,
    link: Link<MultiplexedConnection>,
    durability: Durability,
    /// How long to wait for an answer.
    answer: Duration,
}

impl RedisStore {
    /// A store at `redis://[user:password@]host:port[/database]`. The connection is made when it is first needed, and
    /// again after it broke. A Redis that does not keep what it acknowledged, as far as `durability` asks, is as good as
    /// none. An operation takes well under a millisecond; one that takes longer than `answer` ends its connection.
    ///
    /// # Errors
    ///
    /// If the address is none.
    pub fn new(url: &str, durability: Durability, answer: Duration) -> Result<Self, RedisError> {
        Ok(Self { client: Client::open(url)?, link: Link::default(), durability, answer })
    }

    async fn connection(&self) -> Result<(MultiplexedConnection, u64), Unavailable> {
        self.link.get(self.connect()).await
    }

    async fn connect(&self) -> Result<MultiplexedConnection, Fault> {
        let config = AsyncConnectionConfig::new().set_connection_timeout(self.answer).set_response_timeout(self.answer);
        let connected = self.client.get_multiplexed_async_connection_with_config(&config).await;
        let mut connection = connected.map_err(|error| away(&error))?;
        self.examine(&mut connection).await?;
        Ok(connection)
    }

    /// Whether Redis writes each change before it answers, and never forgets one to make room, as far as it tells.
    async fn examine(&self, connection: &mut MultiplexedConnection) -> Result<(), Fault> {
        if self.durability == Durability::Volatile {
            return Ok(());
        }
        for (setting, expected, unfit) in SETTINGS {
            let mut question = redis::cmd("CONFIG");
            let told: Result<Vec<String>, _> = question.arg("GET").arg(setting).query_async(connection).await;
            match told.as_deref() {
                Ok([_, found]) if found == expected => {}
                Ok([_, _]) => return Err(Fault::Unfit(unfit)),
                Err(error) if error.code() == Some("NOAUTH") => return Err(Fault::Unfit(Unfit::Locked)),
                Err(error) if !matches!(error.kind(), ErrorKind::ResponseError | ErrorKind::ExtensionError) => {
                    return Err(away(error));
                }
                // It is forbidden, or there is no such setting.
                _ if self.durability == Durability::DurableWithoutEviction => {}
                _ => return Err(Fault::Unfit(Unfit::Silent)),
            }
        }
        Ok(())
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
        self.link.hang_up(number);
        Unavailable
    }
}

/// The highest counter, and one letter for each of those below it, the nearest first: `7:1111…`. Nothing if all of them were
/// seen: that is what strict order leaves, and what there was before there were windows.
fn write_window(window: ReplayWindow) -> String {
    if window.seen() == u64::MAX {
        return String::new();
    }
    let letters = (0..u64::BITS).map(|bit| if window.seen() >> bit & 1 == 1 { '1' } else { '0' });
    format!("{}:{}", window.highest().0, letters.collect::<String>())
}

/// `None` if the record is damaged. Letters that stand for another counter say nothing about those below this one: a server of
/// an earlier version has moved it, and left them.
fn read_window(counter: Option<&str>, window: Option<&str>) -> Option<ReplayWindow> {
    let highest = Counter(counter?.parse().ok()?);
    let Some(window) = window else { return Some(ReplayWindow::after(highest)) };
    let (of, letters) = window.split_once(':')?;
    let of: u32 = of.parse().ok()?;
    let seen = letters.bytes().rev().try_fold(0, |seen: u64, letter| match letter {
        b'0' | b'1' => Some(seen << 1 | u64::from(letter == b'1')),
        _ => None,
    })?;
    if letters.len() != ReplayWindow::WIDTH as usize {
        return None;
    }
    if of == highest.0 {
        ReplayWindow::from_trusted_parts(highest, seen).ok()
    } else {
        Some(ReplayWindow::after(highest))
    }
}

fn away(error: &RedisError) -> Fault {
    tracing::warn!(kind = ?error.kind(), "the store cannot be reached");
    Fault::Away
}

/// The fields of a device; a record of the first version has none that has a default here.
const FIELDS: [&str; 12] = [
    "kind",
    "key",
    "application",
    "account",
    "registered_at",
    "attested_at",
    "epoch",
    "counter",
    "window",
    "tokens_after",
    "locked_at",
    "revoked_at",
];

type Fields = (
    Option<u8>,
    Option<Vec<u8>>,
    Option<String>,
    Option<Vec<u8>>,
    Option<u64>,
    Option<u64>,
    Option<u32>,
    Option<String>,
    Option<String>,
    Option<u64>,
    Option<u64>,
    Option<u64>,
);

/// `None` if there is none, or nobody can read whose it is.
fn read_device(fields: Fields) -> Option<Device> {
    let (
        kind,
        key,
        application,
        account,
        registered_at,
        attested_at,
        epoch,
        counter,
        window,
        tokens_after,
        locked_at,
        revoked_at,
    ) = fields;
    let registered_at = registered_at?;
    Some(Device {
        key: DeviceKey::from_stored(kind.unwrap_or(APPLE), &key?)?,
        application: application?,
        account: account.map(TryInto::try_into).transpose().ok()?,
        registered_at,
        attested_at: UnixMillis(attested_at.unwrap_or(registered_at.saturating_mul(1000))),
        epoch: epoch.unwrap_or_default(),
        window: read_window(counter.as_deref(), window.as_deref()).unwrap_or(CLOSED),
        tokens_after: tokens_after.unwrap_or_default(),
        locked_at,
        revoked_at,
    })
}

/// The kind of a key where none is said: in the first version they were all Apple's.
const APPLE: u8 = 1;

fn account_name(account: &AccountHash) -> String {
    name("account", account)
}

fn read_key_id(octets: Vec<u8>) -> Option<KeyId> {
    octets.try_into().ok().map(KeyId)
}

fn secrets_name(usage: Usage) -> String {
    format!("genuine:secrets:{}", usage.as_str())
}

/// When it was made, and its octets.
fn read_secret(number: u32, row: &[u8]) -> Option<StoredSecret> {
    let (made_at, octets) = row.split_first_chunk()?;
    Some(StoredSecret { number, made_at: u64::from_be_bytes(*made_at), octets: octets.try_into().ok()? })
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
    async fn spend(&self, challenge: ChallengeId, by: KeyId, until: u64, now: u64) -> Result<Spent, Unavailable> {
        // By the clock of Redis from then on, so that a second more goes by here at most.
        let keep = until.saturating_sub(now).saturating_add(1).to_string();
        match self.run(&SPEND, &[&name("spent", &challenge)], &[&by.0, keep.as_bytes()]).await? {
            (1, _) => Ok(Spent::Now),
            (0, before) => read_key_id(before).map(Spent::Before).ok_or(Unavailable),
            _ => Err(Unavailable),
        }
    }

    async fn secrets(&self, usage: Usage) -> Result<Vec<StoredSecret>, Unavailable> {
        let rows: Vec<(u32, Vec<u8>)> = self.query(redis::cmd("HGETALL").arg(secrets_name(usage))).await?;
        let mut secrets = rows
            .iter()
            .map(|(number, row)| read_secret(*number, row))
            .collect::<Option<Vec<_>>>()
            .ok_or(Unavailable)?;
        secrets.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.number));
        Ok(secrets)
    }

    async fn add_secret(&self, usage: Usage, secret: &StoredSecret) -> Result<bool, Unavailable> {
        let [number, oldest] = [secret.number, secret.number.saturating_sub(SECRETS)].map(|number| number.to_string());
        let row = [&secret.made_at.to_be_bytes()[..], &secret.octets].concat();
        self.run(&ADD_SECRET, &[&secrets_name(usage)], &[number.as_bytes(), &row, oldest.as_bytes()]).await
    }

    async fn register(&self, key: KeyId, device: &Device) -> Result<bool, Unavailable> {
        // Listed first, and counted only if the record says the same: the two are not one step.
        if let Some(account) = device.account {
            let listed = redis::cmd("ZADD").arg(account_name(&account)).arg(0).arg(&key.0[..]).to_owned();
            self.query::<u32>(&listed).await?;
        }
        let [kind, registered_at, attested_at] =
            [u64::from(device.key.kind()), device.registered_at, device.attested_at.0].map(|number| number.to_string());
        let (counter, window) = (device.window.highest().0.to_string(), write_window(device.window));
        let account = device.account.as_ref().map_or(&[][..], |account| &account[..]);
        let epoch = device.epoch.to_string();
        let arguments: [&[u8]; 9] = [
            kind.as_bytes(),
            &device.key.octets(),
            device.application.as_bytes(),
            account,
            registered_at.as_bytes(),
            attested_at.as_bytes(),
            counter.as_bytes(),
            window.as_bytes(),
            epoch.as_bytes(),
        ];
        self.run(&REGISTER, &[&name("device", &key.0)], &arguments).await
    }

    async fn device(&self, key: KeyId) -> Result<Option<Device>, Unavailable> {
        let answer = self.query::<Fields>(redis::cmd("HMGET").arg(name("device", &key.0)).arg(&FIELDS)).await?;
        Ok(read_device(answer))
    }

    async fn advance(
        &self,
        key: KeyId,
        advance: Advance,
        contract: Contract,
    ) -> Result<(), AdvanceError<AdvanceFault>> {
        let (to, from) = (advance.to().0.to_string(), advance.from().0.to_string());
        let contract = match contract {
            Contract::Strict => "strict",
            Contract::Window => "window",
        };
        let arguments = [to.as_bytes(), from.as_bytes(), contract.as_bytes()];
        match self.run::<String>(&ADVANCE, &[&name("device", &key.0)], &arguments).await.as_deref() {
            Ok("advanced") => Ok(()),
            Ok("not increased") => Err(Refusal::NotIncreased.into()),
            Ok("seen") => Err(Refusal::Seen.into()),
            Ok("below window") => Err(Refusal::BelowWindow.into()),
            Ok("step too large") => Err(Refusal::StepTooLarge.into()),
            Ok("unknown key") => Err(AdvanceError::UnknownKey),
            Ok("revoked") => Err(AdvanceError::Store(AdvanceFault::Revoked)),
            Ok("locked") => Err(AdvanceError::Store(AdvanceFault::Locked)),
            Ok(_) => {
                tracing::error!("the record of a device is damaged: it accepts nothing");
                Err(AdvanceError::Store(AdvanceFault::Unavailable))
            }
            Err(Unavailable) => Err(AdvanceError::Store(AdvanceFault::Unavailable)),
        }
    }

    async fn change(&self, key: KeyId, change: Change) -> Result<bool, Unavailable> {
        let (what, value) = match change {
            Change::Revoke(at) => ("revoke", at),
            Change::Lock(at) => ("lock", at),
            Change::Unlock => ("unlock", 0),
            Change::Attest(at) => ("attest", at.0),
            Change::Epoch(epoch) => ("epoch", epoch.into()),
            Change::RevokeTokens(at) => ("revoke tokens", at),
            Change::Erase(at) => ("erase", at),
        };
        let account = match change {
            Change::Erase(_) => self.device(key).await?.and_then(|device| device.account),
            _ => None,
        };
        let changed =
            self.run(&CHANGE, &[&name("device", &key.0)], &[what.as_bytes(), value.to_string().as_bytes()]).await?;
        if let Some(account) = account {
            let listed = redis::cmd("ZREM").arg(account_name(&account)).arg(&key.0[..]).to_owned();
            self.query::<u32>(&listed).await?;
        }
        Ok(changed)
    }

    async fn devices_of(
        &self,
        account: AccountHash,
        after: Option<KeyId>,
        most: usize,
    ) -> Result<Vec<KeyId>, Unavailable> {
        let mut after = after;
        let mut keys = Vec::new();
        // What is listed and is another account's was registered there, or not at all.
        while keys.len() < most {
            let start = after.map_or_else(|| b"-".to_vec(), |after| [b"(", &after.0[..]].concat());
            let mut page = redis::cmd("ZRANGEBYLEX");
            page.arg(account_name(&account)).arg(start).arg("+").arg("LIMIT").arg(0).arg(most);
            let listed: Vec<Vec<u8>> = self.query(&page).await?;
            let Some(last) = listed.last() else { break };
            after = Some(read_key_id(last.clone()).ok_or(Unavailable)?);
            for key in listed {
                let key = read_key_id(key).ok_or(Unavailable)?;
                let of: Option<Vec<u8>> =
                    self.query(redis::cmd("HGET").arg(name("device", &key.0)).arg("account")).await?;
                if of.as_deref() == Some(&account[..]) {
                    keys.push(key);
                }
            }
        }
        keys.truncate(most);
        Ok(keys)
    }

    async fn ready(&self) -> Result<(), Unavailable> {
        // Refused by a server that is full, is a replica, or has too few of them.
        self.query::<String>(redis::cmd("SET").arg(READINESS).arg(1)).await.map(drop)
    }

    async fn check(&self) -> Result<(), Unfit> {
        if let Some((mut connection, number)) = self.link.current() {
            // Whatever is wrong shows when the next connection is made.
            if self.examine(&mut connection).await.is_err() {
                self.link.hang_up(number);
            }
        }
        match self.connection().await {
            // One that is away is answered for by every operation.
            Ok(_) | Err(Unavailable) => self.link.unfit().map_or(Ok(()), Err),
        }
    }
}
