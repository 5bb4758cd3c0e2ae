//! The embedded store: one file, for one server.
//!
//! One thread writes. Writes that arrive while it commits wait together and share the next commit, so that the disk's
//! latency is paid once for all of them. Reads see the last commit and wait for nobody.

mod list;
mod migration;

use std::{
    fs::OpenOptions,
    ops::Bound,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use async_trait::async_trait;
use genuine::{
    UnixMillis,
    app_attest::{Advance, AdvanceError, KeyId, ReplayWindow},
};
use prometheus::Histogram;
use redb::{
    Database, DatabaseError, ReadableDatabase as _, ReadableTable as _, StorageError, Table, TableDefinition,
    WriteTransaction, backends::FileBackend,
};
use tokio::sync::{mpsc, oneshot};

use self::migration::migrate;
use super::{
    AccountHash, AdvanceFault, CLOSED, ChallengeId, Change, Contract, Cursor, Device, DeviceKey, Listing, SECRETS,
    Spent, Store, StoredSecret, Unavailable, Usage,
};

/// The version of the tables. A file of a later one is not opened.
const SCHEMA: u32 = 2;
/// One row: which version the tables have. Before there was more than one, there was none.
const SCHEMAS: TableDefinition<'_, (), u32> = TableDefinition::new("schema");

/// Kind of the key, key, application, account or nothing, registered at, attested at.
type Registered = (u8, &'static [u8], &'static str, &'static [u8], u64, u64);
/// Whether it is locked, since when, the epoch, and until when its tokens are revoked.
type State = (bool, u64, u32, u64);

/// What was registered. Changes when a device is attested again, or erased.
/// It has the name of the first version's: a gateway of that version finds another type there, and does not start.
const DEVICES: TableDefinition<'_, [u8; 32], Registered> = TableDefinition::new("devices");
/// What is known of few devices: that one is locked, in which epoch it was seen, or which of its tokens are revoked.
const STATES: TableDefinition<'_, [u8; 32], State> = TableDefinition::new("states");
/// The devices of accounts.
const ACCOUNTS: TableDefinition<'_, (AccountHash, [u8; 32]), ()> = TableDefinition::new("accounts");
/// The window, in its stored form: changes with each assertion, and is small.
const WINDOWS: TableDefinition<'_, [u8; 32], &[u8; ReplayWindow::ENCODED_LEN]> = TableDefinition::new("windows");
/// One row, written to find out whether writing is possible: how often that was asked.
const READINESS: TableDefinition<'_, (), u64> = TableDefinition::new("readiness");
/// When a device was revoked.
const REVOKED: TableDefinition<'_, [u8; 32], u64> = TableDefinition::new("revoked");

/// Who used a challenge, and until when that is remembered.
const SPENT: TableDefinition<'_, [u8; 32], ([u8; 32], u64)> = TableDefinition::new("spent challenges");
/// The used challenges by the time at which they are forgotten.
const SPENT_UNTIL: TableDefinition<'_, (u64, [u8; 32]), ()> = TableDefinition::new("spent challenges by time");
/// The secrets of gateways, by use and number: when each was made, and its octets.
const SECRET: TableDefinition<'_, (&str, u32), (u64, [u8; 32])> = TableDefinition::new("secrets");

/// How many used challenges are forgotten with each one that is remembered: more than one, so that they become fewer.
const FORGOTTEN: usize = 4;

/// Writes that may wait. Beyond that whoever wants to write waits to be let in.
const QUEUE: usize = 4096;
/// Writes in one commit.
const BATCH: usize = 1024;

/// Pages of the file in memory: about 300,000 devices'.
const CACHE: usize = 64 << 20;

/// A store in a file of redb's.
pub struct RedbStore {
    database: Arc<Database>,
    /// Gone when the store is being dropped.
    writes: Option<mpsc::Sender<Write>>,
    writer: Option<thread::JoinHandle<()>>,
    /// Whether reading or writing failed: redb does neither after that, until the file is opened again.
    lost: Arc<AtomicBool>,
}

/// A write, and where its answer goes once it is durable.
enum Write {
    Register(KeyId, Box<Device>, oneshot::Sender<bool>),
    Advance(KeyId, Advance, Contract, oneshot::Sender<Result<(), AdvanceError<AdvanceFault>>>),
    Change(KeyId, Change, oneshot::Sender<bool>),
    Spend { challenge: ChallengeId, by: KeyId, until: u64, now: u64, answer: oneshot::Sender<Spent> },
    AddSecret(Usage, StoredSecret, oneshot::Sender<bool>),
    Ready(oneshot::Sender<()>),
}

impl RedbStore {
    /// Opens the file, or makes it. `commits` counts how many writes share a commit.
    ///
    /// # Errors
    ///
    /// If the file is no database, is open elsewhere, is of a later version, or cannot be read or written.
    pub fn open(path: &Path, commits: Histogram) -> Result<Self, Box<dyn std::error::Error>> {
        // What tokens are signed with is in it: a file that is made here is its owner's alone.
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
        let file = file.map_err(|error| format!("{}: {error}", path.display()))?;
        let backend = FileBackend::new(file).map_err(|error| explain(path, error))?;
        let database = Database::builder().set_cache_size(CACHE).create_with_backend(backend);
        let database = database.map_err(|error| explain(path, error))?;
        let database = Arc::new(database);
        let transaction = database.begin_write()?;
        migrate(&transaction).map_err(|error| format!("{}: {error}", path.display()))?;
        transaction.commit()?;
        let (writes, queue) = mpsc::channel(QUEUE);
        let lost = Arc::new(AtomicBool::new(false));
        let (shared, broken) = (Arc::clone(&database), Arc::clone(&lost));
        let named = thread::Builder::new().name("redb-writer".to_owned());
        let thread = named.spawn(move || write_all(&shared, queue, &commits, &broken))?;
        Ok(Self { database, writes: Some(writes), writer: Some(thread), lost })
    }

    async fn write<T>(&self, write: impl FnOnce(oneshot::Sender<T>) -> Write) -> Result<T, Unavailable> {
        let (answer, answered) = oneshot::channel();
        self.writes.as_ref().ok_or(Unavailable)?.send(write(answer)).await.map_err(|_| Unavailable)?;
        // The writer drops the sender of a write whose commit failed.
        answered.await.map_err(|_| Unavailable)
    }

    /// An answer of the file. One that could not be read once is not read again either.
    fn read<T>(&self, read: impl FnOnce(&Self) -> Result<T, redb::Error>) -> Result<T, Unavailable> {
        read(self).map_err(|error| {
            self.lost.store(true, Ordering::Relaxed);
            tracing::error!(%error, "the store could not read");
            Unavailable
        })
    }

    fn read_secrets(&self, usage: Usage) -> Result<Vec<StoredSecret>, redb::Error> {
        let transaction = self.database.begin_read()?;
        let table = transaction.open_table(SECRET)?;
        let rows = table.range((usage.as_str(), 0)..=(usage.as_str(), u32::MAX))?.rev();
        rows.map(|row| {
            let (key, secret) = row?;
            let ((_, number), (made_at, octets)) = (key.value(), secret.value());
            Ok(StoredSecret { number, made_at, octets })
        })
        .collect()
    }

    fn read_device(&self, key: KeyId) -> Result<Option<Device>, redb::Error> {
        let transaction = self.database.begin_read()?;
        let Some(registered) = transaction.open_table(DEVICES)?.get(key.0)? else { return Ok(None) };
        let window = transaction.open_table(WINDOWS)?.get(key.0)?;
        let state = transaction.open_table(STATES)?.get(key.0)?;
        let revoked_at = transaction.open_table(REVOKED)?.get(key.0)?;
        let window = window.map_or(CLOSED, |window| read_window(window.value()));
        let state = state.map_or(OPEN, |state| state.value());
        Ok(Some(read_record(registered.value(), window, state, revoked_at.map(|at| at.value()))))
    }

    fn read_devices_of(
        &self,
        account: AccountHash,
        after: Option<KeyId>,
        most: usize,
    ) -> Result<Vec<KeyId>, redb::Error> {
        let transaction = self.database.begin_read()?;
        let table = transaction.open_table(ACCOUNTS)?;
        let start = after.map_or(Bound::Included((account, [0; 32])), |after| Bound::Excluded((account, after.0)));
        let rows = table.range((start, Bound::Included((account, [0xFF; 32]))))?.take(most);
        rows.map(|row| Ok(KeyId(row?.0.value().1))).collect()
    }
}

/// The state of a device that is not locked, of the first epoch.
const OPEN: State = (false, 0, 0, 0);

/// A record whose key is damaged is one of nobody.
fn read_record(
    (kind, key, application, account, registered_at, attested_at): (u8, &[u8], &str, &[u8], u64, u64),
    window: ReplayWindow,
    (locked, locked_at, epoch, tokens_after): State,
    revoked_at: Option<u64>,
) -> Device {
    Device {
        key: DeviceKey::from_stored(kind, key).unwrap_or(DeviceKey::Erased),
        application: application.to_owned(),
        account: account.try_into().ok(),
        registered_at,
        attested_at: UnixMillis(attested_at),
        epoch,
        window,
        tokens_after,
        locked_at: locked.then_some(locked_at),
        revoked_at,
    }
}

/// Ends the writer after what waits, so that the file is closed as it should be.
impl Drop for RedbStore {
    fn drop(&mut self) {
        self.writes = None;
        if let Some(writer) = self.writer.take() {
            // If it panicked, it has said so.
            let _ = writer.join();
        }
    }
}

fn explain(path: &Path, error: DatabaseError) -> String {
    match error {
        DatabaseError::DatabaseAlreadyOpen => format!("{} is in use by another process", path.display()),
        error => format!("{}: {error}", path.display()),
    }
}

fn read_window(stored: &[u8; ReplayWindow::ENCODED_LEN]) -> ReplayWindow {
    ReplayWindow::from_trusted_bytes(stored).unwrap_or(CLOSED)
}

struct Tables<'t> {
    devices: Table<'t, [u8; 32], Registered>,
    windows: Table<'t, [u8; 32], &'static [u8; ReplayWindow::ENCODED_LEN]>,
    states: Table<'t, [u8; 32], State>,
    accounts: Table<'t, (AccountHash, [u8; 32]), ()>,
    revoked: Table<'t, [u8; 32], u64>,
    readiness: Table<'t, (), u64>,
    spent: Table<'t, [u8; 32], ([u8; 32], u64)>,
    spent_until: Table<'t, (u64, [u8; 32]), ()>,
    secrets: Table<'t, (&'static str, u32), (u64, [u8; 32])>,
}

impl<'t> Tables<'t> {
    fn open(transaction: &'t WriteTransaction) -> Result<Self, redb::TableError> {
        Ok(Self {
            devices: transaction.open_table(DEVICES)?,
            windows: transaction.open_table(WINDOWS)?,
            states: transaction.open_table(STATES)?,
            accounts: transaction.open_table(ACCOUNTS)?,
            revoked: transaction.open_table(REVOKED)?,
            readiness: transaction.open_table(READINESS)?,
            spent: transaction.open_table(SPENT)?,
            spent_until: transaction.open_table(SPENT_UNTIL)?,
            secrets: transaction.open_table(SECRET)?,
        })
    }

    fn register(&mut self, key: KeyId, device: &Device) -> Result<bool, StorageError> {
        if self.devices.get(key.0)?.is_some() {
            return Ok(false);
        }
        self.write_record(key, device)?;
        self.windows.insert(key.0, &device.window.to_bytes())?;
        if let Some(account) = device.account {
            self.accounts.insert((account, key.0), ())?;
        }
        Ok(true)
    }

    /// Everything but the window.
    fn write_record(&mut self, key: KeyId, device: &Device) -> Result<(), StorageError> {
        let account = device.account.as_ref().map_or(&[][..], |account| &account[..]);
        let (registered_at, attested_at) = (device.registered_at, device.attested_at.0);
        let octets = device.key.octets();
        let row = (device.key.kind(), &octets[..], device.application.as_str(), account, registered_at, attested_at);
        self.devices.insert(key.0, row)?;
        let (is_locked, locked_at) = (device.locked_at.is_some(), device.locked_at.unwrap_or_default());
        match (is_locked, locked_at, device.epoch, device.tokens_after) {
            OPEN => drop(self.states.remove(key.0)?),
            state => drop(self.states.insert(key.0, state)?),
        }
        if let Some(revoked_at) = device.revoked_at {
            self.revoked.insert(key.0, revoked_at)?;
        }
        Ok(())
    }

    fn advance(
        &mut self,
        key: KeyId,
        advance: Advance,
        contract: Contract,
    ) -> Result<Result<(), AdvanceError<AdvanceFault>>, StorageError> {
        if self.revoked.get(key.0)?.is_some() {
            return Ok(Err(AdvanceError::Store(AdvanceFault::Revoked)));
        }
        if self.states.get(key.0)?.is_some_and(|state| state.value().0) {
            return Ok(Err(AdvanceError::Store(AdvanceFault::Locked)));
        }
        let Some(window) = self.windows.get(key.0)?.map(|window| read_window(window.value())) else {
            return Ok(Err(AdvanceError::UnknownKey));
        };
        Ok(match contract.decide(advance, window) {
            Err(refusal) => Err(refusal.into()),
            Ok(window) => {
                self.windows.insert(key.0, &window.to_bytes())?;
                Ok(())
            }
        })
    }

    fn change(&mut self, key: KeyId, change: Change) -> Result<bool, StorageError> {
        let before = {
            let Some(registered) = self.devices.get(key.0)? else { return Ok(false) };
            let state = self.states.get(key.0)?.map_or(OPEN, |state| state.value());
            let revoked_at = self.revoked.get(key.0)?.map(|at| at.value());
            read_record(registered.value(), CLOSED, state, revoked_at)
        };
        let account = before.account;
        let after = before.after(change);
        self.write_record(key, &after)?;
        if after.key == DeviceKey::Erased {
            self.windows.insert(key.0, &CLOSED.to_bytes())?;
            if let Some(account) = account {
                self.accounts.remove((account, key.0))?;
            }
        }
        Ok(true)
    }

    fn spend(&mut self, challenge: ChallengeId, by: KeyId, until: u64, now: u64) -> Result<Spent, StorageError> {
        let over = self.spent_until.range(..(now, [0; 32]))?.take(FORGOTTEN);
        let over = over.map(|row| Ok(row?.0.value())).collect::<Result<Vec<_>, StorageError>>()?;
        for (until, old) in over {
            self.spent_until.remove((until, old))?;
            self.spent.remove(old)?;
        }
        if let Some(before) = self.spent.get(challenge)? {
            return Ok(Spent::Before(KeyId(before.value().0)));
        }
        self.spent.insert(challenge, (by.0, until))?;
        self.spent_until.insert((until, challenge), ())?;
        Ok(Spent::Now)
    }

    fn add_secret(&mut self, usage: Usage, secret: &StoredSecret) -> Result<bool, StorageError> {
        let StoredSecret { number, made_at, octets } = secret;
        if self.secrets.get((usage.as_str(), *number))?.is_some() {
            return Ok(false);
        }
        self.secrets.insert((usage.as_str(), *number), (*made_at, *octets))?;
        self.secrets.remove((usage.as_str(), number.saturating_sub(SECRETS)))?;
        Ok(true)
    }

    fn ready(&mut self) -> Result<(), StorageError> {
        let asked = self.readiness.get(())?.map_or(0, |asked| asked.value());
        self.readiness.insert((), asked.wrapping_add(1))?;
        Ok(())
    }
}

/// Until the store is dropped: takes what waits, applies it, commits, answers.
fn write_all(database: &Database, mut queue: mpsc::Receiver<Write>, commits: &Histogram, lost: &AtomicBool) {
    let mut batch = Vec::new();
    while queue.blocking_recv_many(&mut batch, BATCH) > 0 {
        #[expect(clippy::cast_precision_loss, reason = "at most BATCH")]
        commits.observe(batch.len() as f64);
        match commit(database, batch.drain(..)) {
            Ok(answers) => answers.into_iter().for_each(|answer| answer()),
            // What was not answered is answered by its sender being dropped.
            Err(error) => {
                lost.store(true, Ordering::Relaxed);
                tracing::error!(%error, "the store could not commit");
            }
        }
    }
}

type Answer = Box<dyn FnOnce()>;

/// Applies the writes in one transaction. The answers are to be given if and only if the commit succeeded.
fn commit(database: &Database, batch: impl Iterator<Item = Write>) -> Result<Vec<Answer>, redb::Error> {
    fn later<T: 'static>(to: oneshot::Sender<T>, answer: T) -> Answer {
        // Whoever asked may have gone away; the write stays.
        Box::new(move || drop(to.send(answer)))
    }
    let transaction = database.begin_write()?;
    let mut answers = Vec::new();
    {
        let mut tables = Tables::open(&transaction)?;
        for write in batch {
            answers.push(match write {
                Write::Register(key, device, to) => later(to, tables.register(key, &device)?),
                Write::Advance(key, advance, contract, to) => later(to, tables.advance(key, advance, contract)?),
                Write::Change(key, change, to) => later(to, tables.change(key, change)?),
                Write::Spend { challenge, by, until, now, answer } => {
                    later(answer, tables.spend(challenge, by, until, now)?)
                }
                Write::AddSecret(usage, secret, to) => later(to, tables.add_secret(usage, &secret)?),
                Write::Ready(to) => later(to, tables.ready()?),
            });
        }
    }
    transaction.commit()?;
    Ok(answers)
}

#[async_trait]
impl Store for RedbStore {
    async fn spend(&self, challenge: ChallengeId, by: KeyId, until: u64, now: u64) -> Result<Spent, Unavailable> {
        self.write(|answer| Write::Spend { challenge, by, until, now, answer }).await
    }

    async fn secrets(&self, usage: Usage) -> Result<Vec<StoredSecret>, Unavailable> {
        self.read(|store| store.read_secrets(usage))
    }

    async fn add_secret(&self, usage: Usage, secret: &StoredSecret) -> Result<bool, Unavailable> {
        let secret = secret.clone();
        self.write(|answer| Write::AddSecret(usage, secret, answer)).await
    }

    async fn register(&self, key: KeyId, device: &Device) -> Result<bool, Unavailable> {
        let device = Box::new(device.clone());
        self.write(|answer| Write::Register(key, device, answer)).await
    }

    async fn device(&self, key: KeyId) -> Result<Option<Device>, Unavailable> {
        self.read(|store| store.read_device(key))
    }

    async fn advance(
        &self,
        key: KeyId,
        advance: Advance,
        contract: Contract,
    ) -> Result<(), AdvanceError<AdvanceFault>> {
        let answer = self.write(|answer| Write::Advance(key, advance, contract, answer)).await;
        answer.unwrap_or(Err(AdvanceError::Store(AdvanceFault::Unavailable)))
    }

    async fn change(&self, key: KeyId, change: Change) -> Result<bool, Unavailable> {
        self.write(|answer| Write::Change(key, change, answer)).await
    }

    async fn devices_of(
        &self,
        account: AccountHash,
        after: Option<KeyId>,
        most: usize,
    ) -> Result<Vec<KeyId>, Unavailable> {
        self.read(|store| store.read_devices_of(account, after, most))
    }

    async fn list(&self, after: Option<&Cursor>, about: usize) -> Result<Option<Listing>, Unavailable> {
        self.read(|store| store.read_page(after, about))
    }

    async fn ready(&self) -> Result<(), Unavailable> {
        if self.is_lost() {
            return Err(Unavailable);
        }
        self.write(Write::Ready).await
    }

    fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed) || self.writer.as_ref().is_none_or(thread::JoinHandle::is_finished)
    }
}
