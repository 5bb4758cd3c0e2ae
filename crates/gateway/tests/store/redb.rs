//! redb.

use std::{os::unix::fs::PermissionsExt as _, sync::Arc};

use genuine::app_attest::{AdvanceError, Counter, KeyId, Refusal, ReplayWindow};
use genuine_gateway::{
    metrics::Metrics,
    store::{
        Change, Contract, Device, DeviceKey, RedbStore, Spent, Store, Usage,
        conformance::{KEY, NOW, OTHER, REVOKED, a_device, a_secret, advance_to, in_window, race},
    },
};

use crate::support::Scratch;

#[expect(clippy::unused_async, reason = "as where a store is started by waiting for it")]
async fn empty(law: &'static str) -> Option<(Scratch, Arc<dyn Store>)> {
    let scratch = Scratch::new(&format!("redb-{law}"));
    let store = Arc::new(open(&scratch));
    Some((scratch, store))
}

genuine_gateway::store_laws!(empty);

fn open(scratch: &Scratch) -> RedbStore {
    let commits = Metrics::new().unwrap().commit;
    RedbStore::open(&scratch.path().join("devices.redb"), commits).unwrap()
}

/// What was kept before there were windows: everything up to the counter counts as seen.
#[tokio::test(flavor = "multi_thread")]
async fn counters_in_redb_become_windows() {
    const COUNTERS: ::redb::TableDefinition<'_, [u8; 32], u32> = ::redb::TableDefinition::new("counters");
    const WINDOWS: ::redb::TableDefinition<'_, [u8; 32], &[u8; 13]> = ::redb::TableDefinition::new("windows");
    let scratch = Scratch::new("redb-counters");
    open(&scratch).register(KEY, &a_device()).await.unwrap();
    {
        let file = ::redb::Database::open(scratch.path().join("devices.redb")).unwrap();
        let transaction = file.begin_write().unwrap();
        transaction.delete_table(WINDOWS).unwrap();
        transaction.open_table(COUNTERS).unwrap().insert(KEY.0, 7).unwrap();
        transaction.commit().unwrap();
    }
    // Twice: what was adopted is not adopted again.
    for highest in [7, 9] {
        let store: Arc<dyn Store> = Arc::new(open(&scratch));
        assert_eq!(store.device(KEY).await.unwrap().unwrap().window, ReplayWindow::after(Counter(highest)));
        assert_eq!(in_window(&store, highest - 1).await, Err(Refusal::Seen));
        assert_eq!(store.advance(KEY, advance_to(highest + 2), Contract::Strict).await, Ok(()));
    }
}

/// The tables of the version before become those of this one, once; and a file of a later one is not opened.
#[tokio::test(flavor = "multi_thread")]
async fn tables_of_the_version_before_are_adopted() {
    type Table<V> = ::redb::TableDefinition<'static, [u8; 32], V>;
    const DEVICES: Table<(&[u8; 130], &str, u64)> = ::redb::TableDefinition::new("devices");
    const WINDOWS: Table<&[u8; 13]> = ::redb::TableDefinition::new("windows");
    const REVOKED: Table<u64> = ::redb::TableDefinition::new("revoked");
    const SCHEMAS: ::redb::TableDefinition<'static, (), u32> = ::redb::TableDefinition::new("schema");
    let scratch = Scratch::new("redb-before");
    let path = scratch.path().join("devices.redb");
    let DeviceKey::AppAttest(attested) = a_device().key else { panic!() };
    {
        let file = ::redb::Database::create(&path).unwrap();
        let transaction = file.begin_write().unwrap();
        for (key, counter) in [(KEY, 7), (OTHER, 9)] {
            transaction.open_table(DEVICES).unwrap().insert(key.0, (&*attested, "demo", NOW)).unwrap();
            let window = ReplayWindow::after(Counter(counter)).to_bytes();
            transaction.open_table(WINDOWS).unwrap().insert(key.0, &window).unwrap();
        }
        transaction.open_table(REVOKED).unwrap().insert(OTHER.0, NOW + 1).unwrap();
        transaction.commit().unwrap();
    }
    let before = Device { window: ReplayWindow::after(Counter(7)), ..a_device() };
    let revoked = Device { window: ReplayWindow::after(Counter(9)), revoked_at: Some(NOW + 1), ..a_device() };
    {
        let store = open(&scratch);
        assert_eq!(store.device(KEY).await, Ok(Some(before.clone())));
        assert_eq!(store.device(OTHER).await, Ok(Some(revoked)));
        assert_eq!(store.register(KEY, &a_device()).await, Ok(false));
        store.change(KEY, Change::Erase(NOW + 2)).await.unwrap();
    }
    assert_eq!(open(&scratch).device(KEY).await, Ok(Some(Device::erased(NOW + 2))), "adopted a second time");
    {
        // What a gateway of the version before does at its start: it finds no table that it could take for an empty one.
        let file = ::redb::Database::open(&path).unwrap();
        assert!(file.begin_write().unwrap().open_table(DEVICES).is_err());
    }
    {
        let file = ::redb::Database::open(&path).unwrap();
        let transaction = file.begin_write().unwrap();
        transaction.open_table(SCHEMAS).unwrap().insert((), 3).unwrap();
        transaction.commit().unwrap();
    }
    let refused = RedbStore::open(&path, Metrics::new().unwrap().commit).err().unwrap().to_string();
    assert!(refused.contains("later version") && refused.contains("devices.redb"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn redb_keeps_what_it_acknowledged() {
    let scratch = Scratch::new("redb-reopened");
    {
        let store = open(&scratch);
        store.register(KEY, &a_device()).await.unwrap();
        store.register(OTHER, &a_device()).await.unwrap();
        store.advance(KEY, advance_to(5), Contract::Strict).await.unwrap();
        store.change(OTHER, Change::Revoke(NOW)).await.unwrap();
        store.spend([1; 32], KEY, NOW + 300, NOW).await.unwrap();
        store.add_secret(Usage::Challenges, &a_secret(1)).await.unwrap();
        assert!(RedbStore::open(&scratch.path().join("devices.redb"), Metrics::new().unwrap().commit).is_err());
    }
    // It was closed as it should be: nothing has to be repaired.
    let mut repair = ::redb::Database::builder();
    repair.set_repair_callback(|_| panic!("the file was left open"));
    drop(repair.open(scratch.path().join("devices.redb")).unwrap());
    let store = open(&scratch);
    assert_eq!(
        store.advance(KEY, advance_to(5), Contract::Strict).await,
        Err(AdvanceError::Refused(Refusal::NotIncreased))
    );
    assert_eq!(store.advance(OTHER, advance_to(1), Contract::Strict).await, REVOKED);
    assert_eq!(store.spend([1; 32], OTHER, NOW + 300, NOW).await, Ok(Spent::Before(KEY)));
    assert_eq!(store.secrets(Usage::Challenges).await, Ok(vec![a_secret(1)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_that_wait_share_a_commit() {
    let scratch = Scratch::new("redb-shared");
    let metrics = Metrics::new().unwrap();
    let path = scratch.path().join("devices.redb");
    let store: Arc<dyn Store> = Arc::new(RedbStore::open(&path, metrics.commit.clone()).unwrap());
    let register = |store: Arc<dyn Store>, number| async move {
        store.register(KeyId([u8::try_from(number).unwrap(); 32]), &a_device()).await.unwrap()
    };
    assert_eq!(race(&store, register, |&registered| registered).await, 100);
    let commits = metrics.commit.get_sample_count();
    assert!(commits < 50, "{commits} commits for 100 writes at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn redb_is_ready_once_it_has_written() {
    let scratch = Scratch::new("redb-ready");
    let metrics = Metrics::new().unwrap();
    let store = RedbStore::open(&scratch.path().join("devices.redb"), metrics.commit.clone()).unwrap();
    for commits in 0..3 {
        assert_eq!(metrics.commit.get_sample_count(), commits);
        assert_eq!(store.ready().await, Ok(()));
    }
}

/// What tokens are signed with is in the file.
#[test]
fn a_new_file_is_its_owners_alone() {
    let scratch = Scratch::new("redb-mode");
    let path = scratch.path().join("devices.redb");
    drop(RedbStore::open(&path, Metrics::new().unwrap().commit).unwrap());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    // The mode of one that is there is the operator's choice.
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    drop(RedbStore::open(&path, Metrics::new().unwrap().commit).unwrap());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
}
