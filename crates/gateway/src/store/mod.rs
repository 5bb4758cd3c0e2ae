//! What is kept, behind one trait: devices with their counters, used challenges while they live, and the gateways' own secrets.
//!
//! Each operation that decides something is one atomic step of the store. What the gate does between two of them may
//! happen on several servers at once.

#[cfg(feature = "conformance")]
pub mod conformance;
mod device;
mod link;
mod list;
mod memory;
mod postgres;
mod redb;
mod redis;
mod tls;

use std::fmt;

use async_trait::async_trait;
use genuine::{
    app_attest::{Advance, AdvanceError, Counter, KeyId, Refusal, ReplayWindow},
    crypto::RustCryptoSigner,
};
use zeroize::Zeroize as _;

pub use self::{
    device::{AccountHash, Change, ClientKey, Device, DeviceKey, HardwareKey},
    list::{Cursor, Listing},
    memory::MemoryStore,
    postgres::PostgresStore,
    redb::RedbStore,
    redis::{Durability, RedisSettings, RedisStore},
};

/// A store of devices, of used challenges, and of the secrets that gateways share.
///
/// `Ok` is answered only when what was asked for is durable, as far as the store is. The feature
/// `conformance` has the laws that each implementation keeps, as tests.
#[async_trait]
pub trait Store: Send + Sync {
    /// Remembers that this key has used a challenge, until the time in seconds since 1970 is over. `now` is the time on the
    /// gateway. Of any number of concurrent calls exactly one answers [`Spent::Now`].
    ///
    /// # Errors
    ///
    /// If the store could not answer; the challenge may or may not be used then.
    async fn spend(&self, challenge: ChallengeId, by: KeyId, until: u64, now: u64) -> Result<Spent, Unavailable>;

    /// The secrets of a use, newest first; none before the first is added.
    ///
    /// # Errors
    ///
    /// If the store could not answer.
    async fn secrets(&self, usage: Usage) -> Result<Vec<StoredSecret>, Unavailable>;

    /// Adds a secret, and forgets the one that is [`SECRETS`] numbers older. `false` if its number is taken: nothing changes
    /// then. Of any number of concurrent calls with one number exactly one answers `true`.
    ///
    /// # Errors
    ///
    /// If the store could not answer; the secret may or may not be there then.
    async fn add_secret(&self, usage: Usage, secret: &StoredSecret) -> Result<bool, Unavailable>;

    /// Keeps a new device, with the counter of an attestation. `false` if the key is there already, revoked or not:
    /// nothing changes then.
    ///
    /// # Errors
    ///
    /// If the store could not answer; the device may or may not be there then.
    async fn register(&self, key: KeyId, device: &Device) -> Result<bool, Unavailable>;

    /// Reads a device.
    ///
    /// # Errors
    ///
    /// If the store could not answer.
    async fn device(&self, key: KeyId) -> Result<Option<Device>, Unavailable>;

    /// Advances a device's window: [`CounterStore::advance`](genuine::app_attest::CounterStore::advance), under the contract
    /// that the caller names. Neither a revoked device's moves nor a locked one's.
    ///
    /// # Errors
    ///
    /// Why it did not move.
    async fn advance(&self, key: KeyId, advance: Advance, contract: Contract)
    -> Result<(), AdvanceError<AdvanceFault>>;

    /// Changes a device beside its counters, as [`Device::after`] has it. `false` if there is none.
    ///
    /// # Errors
    ///
    /// If the store could not answer; the device may or may not be changed then.
    async fn change(&self, key: KeyId, change: Change) -> Result<bool, Unavailable>;

    /// The devices of an account, up to so many, in the order of their key identifiers, from the one after this one.
    ///
    /// # Errors
    ///
    /// If the store could not answer.
    async fn devices_of(
        &self,
        account: AccountHash,
        after: Option<KeyId>,
        most: usize,
    ) -> Result<Vec<KeyId>, Unavailable>;

    /// Devices of any account, about so many: fewer, and even none, though more follow, or a few more. `None` if the cursor is none of
    /// this store's. Whoever goes on until there is no next page has seen every device that was there throughout, some perhaps twice.
    ///
    /// # Errors
    ///
    /// If the store could not answer.
    async fn list(&self, after: Option<&Cursor>, about: usize) -> Result<Option<Listing>, Unavailable>;

    /// Whether the store can be written to: it writes.
    ///
    /// # Errors
    ///
    /// If it could not.
    async fn ready(&self) -> Result<(), Unavailable>;

    /// Whether the store is one to rely on, as far as it tells: asked at start, and again while it is used. After an error
    /// it answers nothing until that is mended.
    ///
    /// # Errors
    ///
    /// Why it is not.
    async fn check(&self) -> Result<(), Unfit> {
        Ok(())
    }

    /// Whether the store will not answer again before the process is started anew.
    fn is_lost(&self) -> bool {
        false
    }
}

/// What a store knows of a challenge: an identifier that no other one has.
pub type ChallengeId = [u8; 32];

/// What [`Store::spend`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// It was unused until now.
    Now,
    /// It was used before, by this key.
    Before(KeyId),
}

/// What a secret is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Usage {
    /// Sealing challenges.
    Challenges,
    /// Signing session tokens.
    Tokens,
}

impl Usage {
    /// The name under which a store keeps the secrets.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Challenges => "challenges",
            Self::Tokens => "tokens",
        }
    }

    /// Whether these octets are a secret of this use: all zeros are none, and a key that signs lies in 1 … n − 1.
    #[must_use]
    pub fn takes(self, octets: &[u8; 32]) -> bool {
        match self {
            Self::Challenges => *octets != [0; 32],
            Self::Tokens => RustCryptoSigner::try_from(octets).is_ok(),
        }
    }
}

/// A secret that all gateways of a store share.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredSecret {
    /// Counts up from 1.
    pub number: u32,
    /// When it was made, in seconds since 1970.
    pub made_at: u64,
    /// 32 random octets.
    pub octets: [u8; 32],
}

/// How many secrets of a use are kept: as many as the engine opens challenges with.
pub const SECRETS: u32 = 4;

impl fmt::Debug for StoredSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredSecret").field("number", &self.number).finish_non_exhaustive()
    }
}

impl Drop for StoredSecret {
    fn drop(&mut self) {
        self.octets.zeroize();
    }
}

/// Which counters of a device are accepted. Both keep the same record, so that an application may change from one to the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Contract {
    /// Each is greater than the last one.
    #[default]
    Strict,
    /// Each once, in any order, down to 64 below the highest.
    Window,
}

impl Contract {
    /// The window from now on. After a step in strict order, nothing below it is acceptable under either contract.
    ///
    /// # Errors
    ///
    /// Why the counter is not accepted.
    pub fn decide(self, advance: Advance, window: ReplayWindow) -> Result<ReplayWindow, Refusal> {
        match self {
            Self::Strict => advance.in_order(window.highest()).map(ReplayWindow::after),
            Self::Window => advance.in_window(window),
        }
    }
}

/// The store could not answer. The store has logged why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

/// Why a store is not one to rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It does not write what it acknowledges to its append-only file first.
    Forgets,
    /// It makes room by forgetting what nobody has asked for lately.
    Evicts,
    /// It does not tell.
    Silent,
    /// It wants a password.
    Locked,
    /// It answers before what it acknowledges is on its disk.
    Asynchronous,
    /// Its schema is not the gateway's.
    Schema,
    /// It is beyond this machine, and what passes there is in plain text.
    Plain,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Forgets => {
                "store: Redis may lose what it acknowledged: set appendonly yes, appendfsync always and \
                 no-appendfsync-on-rewrite no there, or durability = \"volatile\" here if a replay is acceptable"
            }
            Self::Locked => {
                "store: Redis wants a password, which stands in the address: redis://:PASSWORD@HOST:PORT; that of the master \
                 behind sentinels in store.password"
            }
            Self::Asynchronous => {
                "store: PostgreSQL may lose what it acknowledged: set fsync = on there, and synchronous_commit = on"
            }
            Self::Schema => {
                "store: PostgreSQL has tables in the schema \"genuine\" that are not this gateway's, or does not let its role \
                 make them"
            }
            Self::Plain => {
                "store: a server beyond this machine takes ca, or allow_plain if nobody else is on the network; the keys of \
                 tokens pass there"
            }
            Self::Evicts => "store: Redis forgets when it is full: set maxmemory-policy noeviction there",
            Self::Silent => {
                "store: Redis does not tell its settings (CONFIG GET): allow that, or say durability = \
                 \"durable-without-eviction\" here if it keeps what it acknowledged and never evicts"
            }
        })
    }
}

impl std::error::Error for Unfit {}

/// Why a counter did not advance, beside what the engine knows of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdvanceFault {
    /// The device was revoked.
    Revoked,
    /// The device is locked.
    Locked,
    /// The store could not answer; the counter may or may not have moved.
    Unavailable,
}

/// The window of a record that is damaged: it accepts nothing, and never starts at zero again.
const CLOSED: ReplayWindow = ReplayWindow::after(Counter(u32::MAX));
