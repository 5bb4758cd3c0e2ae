//! PostgreSQL.

use std::sync::Arc;

use genuine::{
    app_attest::{AdvanceError, Counter, KeyId, Refusal, ReplayWindow},
    key_attestation::{BootState, Provisioning, SecurityLevel, Serial},
};
use genuine_gateway::store::{
    Change, Contract, Device, DeviceKey, HardwareKey, PostgresStore, Store, Unavailable, Unfit,
    conformance::{KEY, NOW, OTHER, REVOKED, a_device, advance_to, race},
};
use tokio::task::JoinSet;

use crate::{
    silent,
    support::{Postgres, Scratch, postgres_store},
};

async fn empty(law: &'static str) -> Option<(Postgres, Arc<dyn Store>)> {
    let postgres = Postgres::start(law).await?;
    let store = Arc::new(postgres.store());
    Some((postgres, store))
}

genuine_gateway::store_laws!(empty);

/// Waits until it holds, and not for ever.
async fn until(holds: impl AsyncFn() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), waiting).await.expect("it never holds");
}

/// Two gateways that start at once on an empty database, and one that comes later.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_gateways_makes_the_tables() {
    let Some(postgres) = Postgres::start("tables").await else { return };
    let mut runners = JoinSet::new();
    for _ in 0..8 {
        let store = postgres.store();
        runners.spawn(async move { (store.check().await, store.ready().await) });
    }
    assert!(runners.join_all().await.into_iter().all(|answers| answers == (Ok(()), Ok(()))));
    assert_eq!(postgres.ask("SELECT number FROM genuine.migrations ORDER BY number").await, ["1", "2", "3"]);
    assert_eq!(postgres.ask("SELECT asked FROM genuine.readiness").await, ["8"]);
}

/// A newer gateway has changed the tables; this one goes on beside it.
#[tokio::test(flavor = "multi_thread")]
async fn tables_of_a_newer_gateway_are_left_as_they_are() {
    let Some(postgres) = Postgres::start("newer").await else { return };
    postgres.store().register(KEY, &a_device()).await.unwrap();
    postgres.ask("ALTER TABLE genuine.devices ADD COLUMN colour text; INSERT INTO genuine.migrations VALUES (4)").await;
    let store = postgres.store();
    assert_eq!((store.check().await, store.device(KEY).await), (Ok(()), Ok(Some(a_device()))));
    assert_eq!(store.register(OTHER, &a_device()).await, Ok(true));
}

/// The tables of the version before become those of this one, and a gateway of that version runs on beside it.
#[tokio::test(flavor = "multi_thread")]
async fn tables_of_the_version_before_are_adopted() {
    let Some(postgres) = Postgres::start("before").await else { return };
    let version_1 = include_str!("../../src/store/postgres/1.sql");
    let DeviceKey::AppAttest(attested) = a_device().key else { panic!() };
    let attested: String = attested.map(|octet| format!("{octet:02x}")).concat();
    let window = ReplayWindow::after(Counter(7));
    let counters: String = window.to_bytes().map(|octet| format!("{octet:02x}")).concat();
    let register = |key: u8, revoked_at: &str| {
        format!(
            "INSERT INTO genuine.devices (key_id, attested, application, registered_at, counters, revoked_at) VALUES \
             ('\\x{}', '\\x{attested}', 'demo', {NOW}, '\\x{counters}', {revoked_at})",
            format!("{key:02x}").repeat(32)
        )
    };
    let migrations = "CREATE TABLE genuine.migrations (number integer PRIMARY KEY); \
                      INSERT INTO genuine.migrations VALUES (1)";
    let tables = format!("CREATE SCHEMA genuine; {version_1}; {migrations}; {}", register(1, "NULL"));
    postgres.ask(&tables).await;
    let store = postgres.store();
    assert_eq!(store.check().await, Ok(()));
    assert_eq!(store.device(KEY).await, Ok(Some(Device { window, ..a_device() })));
    postgres.ask(&register(2, "5")).await;
    assert_eq!(store.device(OTHER).await, Ok(Some(Device { window, revoked_at: Some(5), ..a_device() })));
    assert_eq!(store.change(KEY, Change::Lock(NOW)).await, Ok(true));
    assert_eq!(store.device(KEY).await.unwrap().unwrap().locked_at, Some(NOW));
}

/// The tables of a version that knew no phones take them.
#[tokio::test(flavor = "multi_thread")]
async fn tables_without_phones_are_adopted() {
    let Some(postgres) = Postgres::start("phones").await else { return };
    let [version_1, version_2] =
        [include_str!("../../src/store/postgres/1.sql"), include_str!("../../src/store/postgres/2.sql")];
    let migrations = "CREATE TABLE genuine.migrations (number integer PRIMARY KEY); \
                      INSERT INTO genuine.migrations VALUES (1), (2)";
    postgres.ask(&format!("CREATE SCHEMA genuine; {version_1}; {version_2}; {migrations}")).await;
    let store = postgres.store();
    assert_eq!(store.register(KEY, &a_device()).await, Ok(true));
    for (number, serials) in (10..).zip([vec![], vec![&[9; 20]; 8]]) {
        let key = HardwareKey {
            key: [7; 130],
            security_level: SecurityLevel::StrongBox,
            provisioning: Provisioning::Remote,
            boot_state: BootState::Verified,
            os_version: None,
            os_patch_level: None,
            vendor_patch_level: None,
            boot_patch_level: None,
            certificates_issued: None,
            serials: serials.into_iter().filter_map(|octets| Serial::from_slice(octets)).collect(),
        };
        let phone = Device { key: DeviceKey::KeyAttestation(Box::new(key)), ..a_device() };
        assert_eq!(store.register(KeyId([number; 32]), &phone).await, Ok(true), "{number}");
        assert_eq!(store.device(KeyId([number; 32])).await, Ok(Some(phone)));
    }
    // What none of them can be is none.
    let longer = "UPDATE genuine.devices SET attested = attested || '\\x00' WHERE octet_length(attested) IN (130, 343)";
    let (client, connection) = tokio_postgres::connect(&postgres.url(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    assert!(client.batch_execute(longer).await.is_err());
}

/// Found at start, and found while it is used.
#[tokio::test(flavor = "multi_thread")]
async fn postgres_that_may_lose_what_it_acknowledged_is_as_good_as_none() {
    let Some(postgres) = Postgres::start("asynchronous").await else { return };
    let used = postgres.store();
    assert_eq!((used.check().await, used.ready().await), (Ok(()), Ok(())));
    postgres.ask("ALTER DATABASE t_asynchronous SET synchronous_commit = off").await;
    let fresh = postgres.store();
    assert_eq!((fresh.check().await, fresh.ready().await), (Err(Unfit::Asynchronous), Err(Unavailable)));
    assert_eq!(fresh.register(KEY, &a_device()).await, Err(Unavailable));
    postgres.ask("ALTER DATABASE t_asynchronous SET synchronous_commit = on").await;
    assert_eq!((fresh.check().await, fresh.ready().await), (Ok(()), Ok(())));
}

/// The server's own setting, found at the next look.
#[tokio::test(flavor = "multi_thread")]
async fn postgres_that_stops_writing_to_its_disk_is_left() {
    let Some(postgres) = Postgres::alone("unwritten").await else { return };
    let store = postgres.store();
    assert_eq!(store.check().await, Ok(()));
    for (setting, good) in [("fsync", "on"), ("synchronous_commit", "on")] {
        for (value, expected) in [("off", Err(Unfit::Asynchronous)), (good, Ok(()))] {
            postgres.ask(&format!("ALTER SYSTEM SET {setting} = {value}")).await;
            postgres.ask("SELECT pg_reload_conf()").await;
            // Sessions take a setting up between two statements.
            until(async || store.check().await == expected).await;
            assert_eq!(store.ready().await.is_ok(), expected.is_ok(), "{setting} = {value}");
        }
    }
}

/// What nobody waits for any more does not wait for a lock either.
#[tokio::test(flavor = "multi_thread")]
async fn a_statement_ends_when_it_is_given_up() {
    let Some(postgres) = Postgres::start("abandoned").await else { return };
    let store = PostgresStore::new(&postgres.url(), None, std::time::Duration::from_millis(500)).unwrap();
    store.register(KEY, &a_device()).await.unwrap();
    let (client, connection) = tokio_postgres::connect(&postgres.url(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("BEGIN; LOCK genuine.devices").await.unwrap();
    assert_eq!(store.device(KEY).await, Err(Unavailable));
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = 't_abandoned' AND wait_event_type = 'Lock'";
    until(async || postgres.ask(waiting).await == ["0"]).await;
}

/// Whoever may not make the tables is told at start.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_not_make_the_tables_is_told() {
    let Some(postgres) = Postgres::start("role").await else { return };
    postgres.ask("CREATE ROLE t_reader LOGIN").await;
    let store = postgres_store(&postgres.url_as("t_reader"));
    assert_eq!((store.check().await, store.ready().await), (Err(Unfit::Schema), Err(Unavailable)));
    let foreign = "CREATE SCHEMA genuine; CREATE TABLE genuine.devices (id integer)";
    let Some(taken) = Postgres::start("taken").await else { return };
    taken.ask(foreign).await;
    assert_eq!(taken.store().check().await, Err(Unfit::Schema));
    assert_eq!(taken.ask("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'genuine'").await, ["1"]);
}

/// The right to make tables is needed once.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_only_use_the_tables_is_enough() {
    let Some(postgres) = Postgres::start("user").await else { return };
    assert_eq!(postgres.store().register(KEY, &a_device()).await, Ok(true));
    postgres
        .ask(
            "CREATE ROLE t_user_role LOGIN; GRANT USAGE ON SCHEMA genuine TO t_user_role; \
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA genuine TO t_user_role",
        )
        .await;
    let store = postgres_store(&postgres.url_as("t_user_role"));
    assert_eq!((store.check().await, store.ready().await), (Ok(()), Ok(())));
    assert_eq!((store.device(KEY).await, store.register(OTHER, &a_device()).await), (Ok(Some(a_device())), Ok(true)));
}

/// A server that is frozen holds up neither the look at it nor whoever asks it.
#[tokio::test(flavor = "multi_thread")]
async fn postgres_that_freezes_is_given_up() {
    let Some(postgres) = Postgres::alone("frozen").await else { return };
    let store = PostgresStore::new(&postgres.url(), None, std::time::Duration::from_millis(500)).unwrap();
    store.register(KEY, &a_device()).await.unwrap();
    assert_eq!(store.check().await, Ok(()));
    postgres.freeze(true);
    let start = std::time::Instant::now();
    assert_eq!((store.check().await, store.device(KEY).await), (Ok(()), Err(Unavailable)));
    assert!(start.elapsed() < std::time::Duration::from_secs(10), "{:?}", start.elapsed());
    postgres.freeze(false);
    until(async || store.device(KEY).await.is_ok()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_whose_connections_break_decides_nothing_and_comes_back() {
    let Some(postgres) = Postgres::start("broken").await else { return };
    let store = postgres.store();
    store.register(KEY, &a_device()).await.unwrap();
    store.advance(KEY, advance_to(5), Contract::Strict).await.unwrap();
    let end =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 't_broken' AND pid <> pg_backend_pid()";
    postgres.ask(end).await;
    assert_eq!(store.device(KEY).await, Err(Unavailable));
    until(async || store.device(KEY).await.is_ok()).await;
    assert_eq!(
        store.advance(KEY, advance_to(5), Contract::Strict).await,
        Err(AdvanceError::Refused(Refusal::NotIncreased))
    );
    assert_eq!(store.advance(KEY, advance_to(6), Contract::Strict).await, Ok(()));
}

/// A revocation that comes between reading a counter and writing it.
#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_stops_an_advance_that_has_begun() {
    let Some(postgres) = Postgres::start("overtaken").await else { return };
    // Whatever the operator's default is for transactions.
    postgres.ask("ALTER DATABASE t_overtaken SET default_transaction_isolation = 'serializable'").await;
    let store: Arc<dyn Store> = Arc::new(postgres.store());
    store.register(KEY, &a_device()).await.unwrap();
    let (client, connection) = tokio_postgres::connect(&postgres.url(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(&format!("BEGIN; UPDATE genuine.devices SET revoked_at = {NOW}")).await.unwrap();
    let advancing = Arc::clone(&store);
    let advancing = tokio::spawn(async move { advancing.advance(KEY, advance_to(1), Contract::Strict).await });
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = 't_overtaken' AND wait_event_type = 'Lock'";
    until(async || postgres.ask(waiting).await == ["1"]).await;
    client.batch_execute("COMMIT").await.unwrap();
    assert_eq!(advancing.await.unwrap(), REVOKED);
    assert_eq!(store.device(KEY).await.unwrap().unwrap().window, ReplayWindow::ATTESTED);
}

/// Over TLS to a server whose certificate this authority signed, and otherwise not at all.
#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_reached_over_tls_or_not_at_all() {
    let Some(postgres) = Postgres::start("tls").await else { return };
    let store =
        |url: &str, ca: &std::path::Path| PostgresStore::new(url, Some(ca), std::time::Duration::from_secs(5)).unwrap();
    let encrypted =
        "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE ssl AND datname = 't_tls'";
    assert_eq!((postgres.store().ready().await, postgres.ask(encrypted).await), (Ok(()), vec!["0".to_owned()]));
    let ca = postgres.directory().join("server.pem");
    let private = store(&postgres.url(), &ca);
    assert_eq!((private.ready().await, postgres.ask(encrypted).await), (Ok(()), vec!["1".to_owned()]));
    // Whatever the address says of it.
    let other = store(&format!("{}?sslmode=disable", postgres.url()), &ca);
    assert_eq!((other.ready().await, postgres.ask(encrypted).await), (Ok(()), vec!["2".to_owned()]));
    drop((private, other));
    let scratch = Scratch::new("other-authority");
    let other = scratch.path().join("other.pem");
    std::fs::write(&other, rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap().cert.pem()).unwrap();
    assert_eq!(store(&postgres.url(), &other).ready().await, Err(Unavailable));
    let elsewhere = postgres.url().replace("127.0.0.1", "localhost");
    assert_eq!(store(&elsewhere, &ca).ready().await, Err(Unavailable), "the certificate is another host's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_in_postgres_that_is_damaged_is_closed() {
    let Some(postgres) = Postgres::start("damaged").await else { return };
    let store: Arc<dyn Store> = Arc::new(postgres.store());
    store.register(KEY, &a_device()).await.unwrap();
    for counters in ["", "\\x00", "\\xffffffffffffffffffffffffff", "\\x0000000100000000000000000000"] {
        postgres.ask(&format!("UPDATE genuine.devices SET counters = '{counters}'")).await;
        assert_eq!(
            store.device(KEY).await.unwrap().unwrap().window,
            ReplayWindow::after(Counter(u32::MAX)),
            "{counters}"
        );
        for contract in [Contract::Strict, Contract::Window] {
            assert!(store.advance(KEY, advance_to(u32::MAX), contract).await.is_err(), "{counters}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_that_says_nothing_holds_nobody_up() {
    let (_listener, url) = silent();
    let url = url.replace("redis://", "postgres://gateway@") + "genuine";
    let store = PostgresStore::new(&url, None, std::time::Duration::from_secs(1)).unwrap();
    let (store, start): (Arc<dyn Store>, _) = (Arc::new(store), std::time::Instant::now());
    let ready = |store: Arc<dyn Store>, _| async move { store.ready().await };
    assert_eq!(race(&store, ready, Result::is_ok).await, 0);
    assert!(start.elapsed() < std::time::Duration::from_secs(5), "{:?}", start.elapsed());
}
