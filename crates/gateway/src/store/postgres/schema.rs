//! Whether a database is one to rely on, and its tables.

use std::{error::Error as _, time::Duration};

use tokio_postgres::Client;

use crate::store::{Unfit, link::Fault};

/// The changes of the schema, in their order.
const MIGRATIONS: [&str; 3] = [include_str!("1.sql"), include_str!("2.sql"), include_str!("3.sql")];
/// The lock under which one gateway at a time changes the schema: the letters `genuine` as a number.
const MIGRATION_LOCK: i64 = 0x0067_656e_7569_6e65;

/// What is found if this fails: a table that is not there, or not readable.
const MIGRATED: &str = "SELECT coalesce(max(number), 0) FROM genuine.migrations";

pub(super) fn away(error: &tokio_postgres::Error) -> Fault {
    // What the server or the system says of a connection holds nothing that was sent.
    let why = error.source().map(ToString::to_string);
    tracing::warn!(why = why.as_deref().unwrap_or("the connection ended"), "the store cannot be reached");
    Fault::Away
}

/// Whether PostgreSQL writes each change to its disk before it answers.
pub(super) async fn examine(client: &Client, answer: Duration) -> Result<(), Fault> {
    // One statement counts by itself, whatever is the default here; and it ends when nobody waits for it any more, so that what hangs on a
    // lock does not hold a connection that was given up.
    let settings = format!(
        "SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = off; \
         SET statement_timeout = {}",
        answer.as_millis().max(1)
    );
    client.batch_execute(&settings).await.map_err(|error| away(&error))?;
    let row = client.query_one("SELECT current_setting('fsync'), current_setting('synchronous_commit')", &[]).await;
    let row = row.map_err(|error| away(&error))?;
    let (fsync, commit): (&str, &str) = (row.get(0), row.get(1));
    if fsync == "on" && commit != "off" { Ok(()) } else { Err(Fault::Unfit(Unfit::Asynchronous)) }
}

/// Whether nothing is missing: then nothing is locked, and the role needs no right to make anything.
pub(super) async fn is_migrated(client: &Client) -> bool {
    let row = client.query_one(MIGRATED, &[]).await;
    row.is_ok_and(|row| usize::try_from(row.get::<_, i32>(0)).is_ok_and(|done| done >= MIGRATIONS.len()))
}

/// Makes the tables, or what a version before this one had not. One that is newer has made them already.
pub(super) async fn migrate(client: &Client) -> Result<(), Fault> {
    let migrated = async {
        client.batch_execute("BEGIN; SET LOCAL statement_timeout = 0").await?;
        client.execute("SELECT pg_advisory_xact_lock($1)", &[&MIGRATION_LOCK]).await?;
        client
            .batch_execute(
                "CREATE SCHEMA IF NOT EXISTS genuine; \
                 CREATE TABLE IF NOT EXISTS genuine.migrations (number integer PRIMARY KEY)",
            )
            .await?;
        let row = client.query_one(MIGRATED, &[]).await?;
        let done: i32 = row.get(0);
        for (number, migration) in (1..).zip(MIGRATIONS).filter(|(number, _)| *number > done) {
            client.batch_execute(migration).await?;
            client.execute("INSERT INTO genuine.migrations VALUES ($1)", &[&number]).await?;
        }
        client.batch_execute("COMMIT").await
    };
    match migrated.await {
        Ok(()) => Ok(()),
        Err(error) if error.code().is_none() => Err(away(&error)),
        // A replica has the tables, and takes no writes; every other refusal is one of the schema.
        Err(error) if error.code() == Some(&tokio_postgres::error::SqlState::READ_ONLY_SQL_TRANSACTION) => {
            Err(away(&error))
        }
        Err(error) => {
            tracing::warn!(kind = error.code().map_or("connection", |code| code.code()), "the tables cannot be made");
            Err(Fault::Unfit(Unfit::Schema))
        }
    }
}
