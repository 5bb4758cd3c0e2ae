//! The store of several servers: Redis 5 or later, with its append-only file.
//!
//! Whatever decides is one script of one key, which one server runs atomically. What a server has not run, because another one of its
//! cluster has the key, is sent there. Nothing else is retried: a write whose answer was lost may have happened, and its client is told
//! to try again with a new assertion.

mod cluster;
mod dial;
mod list;
mod node;
mod record;
mod sentinel;
mod settings;

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use async_trait::async_trait;
use genuine::app_attest::{Advance, AdvanceError, KeyId, Refusal};
use redis::FromRedisValue;

use self::{
    cluster::Cluster,
    dial::Dial,
    node::{Call, Decision, Failure, Node, READINESS, Target},
    record::{
        ERASED, FIELDS, Fields, account_name, name, read_device, read_key_id, read_secret, secrets_name, write_window,
    },
    settings::Place,
};
pub use self::{dial::Durability, settings::RedisSettings};
use super::{
    AccountHash, AdvanceFault, ChallengeId, Change, Contract, Cursor, Device, Listing, SECRETS, Spent, Store,
    StoredSecret, Unavailable, Unfit, Usage,
};

// What decides.
static SPEND: LazyLock<Decision> = LazyLock::new(|| Decision::new(include_str!("redis/spend.lua")));
static ADD_SECRET: LazyLock<Decision> = LazyLock::new(|| Decision::new(include_str!("redis/add_secret.lua")));
static REGISTER: LazyLock<Decision> = LazyLock::new(|| Decision::new(include_str!("redis/register.lua")));
static ADVANCE: LazyLock<Decision> = LazyLock::new(|| Decision::new(include_str!("redis/advance.lua")));
static CHANGE: LazyLock<Decision> = LazyLock::new(|| Decision::new(include_str!("redis/change.lua")));

/// A store in Redis.
pub struct RedisStore(Servers);

enum Servers {
    One(Node),
    Cluster(Cluster),
}

impl RedisStore {
    /// A store in Redis. Connections are made when they are first needed, and again after they broke. A Redis that does not keep what it
    /// acknowledged, as far as the settings ask, is as good as none. An operation takes well under a millisecond; one that takes longer
    /// than `answer` ends its connection.
    #[must_use]
    pub fn new(settings: RedisSettings, answer: Duration) -> Self {
        let RedisSettings { place, reach } = settings;
        let dial = Arc::new(Dial { reach, answer });
        Self(match place {
            Place::Server(info) => Servers::One(Node::new(Target::Server(info), dial)),
            Place::Sentinels(sentinels) => Servers::One(Node::new(Target::Master(sentinels), dial)),
            Place::Cluster(seeds) => Servers::Cluster(Cluster::new(seeds, dial)),
        })
    }

    async fn send<T: FromRedisValue>(&self, call: Call<'_>) -> Result<T, Unavailable> {
        match &self.0 {
            Servers::Cluster(cluster) => cluster.send(&call).await,
            Servers::One(node) => node.send(&call, false).await.map_err(|failure| {
                if let Failure::Moved(..) | Failure::Ask(..) = failure {
                    tracing::error!("this Redis is one of a cluster: its address belongs into store.cluster");
                }
                Unavailable
            }),
        }
    }

    async fn read<T: FromRedisValue>(
        &self,
        command: &'static str,
        key: &str,
        arguments: &[&[u8]],
    ) -> Result<T, Unavailable> {
        self.send(Call::read(command, key, arguments)).await
    }

    async fn write<T: FromRedisValue>(
        &self,
        command: &'static str,
        key: &str,
        arguments: &[&[u8]],
    ) -> Result<T, Unavailable> {
        self.send(Call::write(command, key, arguments)).await
    }

    async fn run<T: FromRedisValue>(
        &self,
        decision: &'static Decision,
        key: &str,
        arguments: &[&[u8]],
    ) -> Result<T, Unavailable> {
        self.send(Call::decide(decision, key, arguments)).await
    }
}

#[async_trait]
impl Store for RedisStore {
    async fn spend(&self, challenge: ChallengeId, by: KeyId, until: u64, now: u64) -> Result<Spent, Unavailable> {
        // By the clock of Redis from then on, so that a second more goes by here at most.
        let keep = until.saturating_sub(now).saturating_add(1).to_string();
        match self.run(&SPEND, &name("spent", &challenge), &[&by.0, keep.as_bytes()]).await? {
            (1, _) => Ok(Spent::Now),
            (0, before) => read_key_id(before).map(Spent::Before).ok_or(Unavailable),
            _ => Err(Unavailable),
        }
    }

    async fn secrets(&self, usage: Usage) -> Result<Vec<StoredSecret>, Unavailable> {
        let rows: Vec<(u32, Vec<u8>)> = self.read("HGETALL", &secrets_name(usage), &[]).await?;
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
        self.run(&ADD_SECRET, &secrets_name(usage), &[number.as_bytes(), &row, oldest.as_bytes()]).await
    }

    async fn register(&self, key: KeyId, device: &Device) -> Result<bool, Unavailable> {
        // Listed first, and counted only if the record says the same: the two are not one step.
        if let Some(account) = device.account {
            self.write::<u32>("ZADD", &account_name(&account), &[b"0", &key.0]).await?;
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
        self.run(&REGISTER, &name("device", &key.0), &arguments).await
    }

    async fn device(&self, key: KeyId) -> Result<Option<Device>, Unavailable> {
        let answer = self.read::<Fields>("HMGET", &name("device", &key.0), &FIELDS.map(str::as_bytes)).await?;
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
        match self.run::<String>(&ADVANCE, &name("device", &key.0), &arguments).await.as_deref() {
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
            self.run(&CHANGE, &name("device", &key.0), &[what.as_bytes(), value.to_string().as_bytes()]).await?;
        if let Some(account) = account {
            self.write::<u32>("ZREM", &account_name(&account), &[&key.0]).await?;
        }
        Ok(changed)
    }

    async fn devices_of(
        &self,
        account: AccountHash,
        after: Option<KeyId>,
        most: usize,
    ) -> Result<Vec<KeyId>, Unavailable> {
        let (mut after, mut keys, limit) = (after, Vec::new(), most.to_string());
        // What is listed and is another account's was registered there, or not at all.
        while keys.len() < most {
            let start = after.map_or_else(|| b"-".to_vec(), |after| [b"(", &after.0[..]].concat());
            let page = [start.as_slice(), b"+", b"LIMIT", b"0", limit.as_bytes()];
            let listed: Vec<Vec<u8>> = self.read("ZRANGEBYLEX", &account_name(&account), &page).await?;
            let Some(last) = listed.last() else { break };
            after = Some(read_key_id(last.clone()).ok_or(Unavailable)?);
            for key in listed {
                let key = read_key_id(key).ok_or(Unavailable)?;
                let record = name("device", &key.0);
                let (of, kind): (Option<Vec<u8>>, Option<u8>) =
                    self.read("HMGET", &record, &[b"account", b"kind"]).await?;
                if of.as_deref() == Some(&account[..]) {
                    keys.push(key);
                } else if kind == Some(ERASED) {
                    // Whoever erased it did not come to this.
                    self.write::<u32>("ZREM", &account_name(&account), &[&key.0]).await?;
                }
            }
        }
        keys.truncate(most);
        Ok(keys)
    }

    async fn list(&self, after: Option<&Cursor>, about: usize) -> Result<Option<Listing>, Unavailable> {
        self.page(after, about).await
    }

    async fn ready(&self) -> Result<(), Unavailable> {
        // Refused by a server that is full, is a replica, or has too few of them.
        match &self.0 {
            Servers::One(_) => self.write::<String>("SET", READINESS, &[b"1"]).await.map(drop),
            Servers::Cluster(cluster) => cluster.ready().await,
        }
    }

    async fn check(&self) -> Result<(), Unfit> {
        match &self.0 {
            Servers::One(node) => node.check().await,
            Servers::Cluster(cluster) => cluster.check().await,
        }
    }
}
