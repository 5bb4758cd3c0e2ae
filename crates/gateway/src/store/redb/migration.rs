//! Tables of earlier versions.

use genuine::app_attest::{Counter, ReplayWindow};
use redb::{ReadableTable as _, TableDefinition, WriteTransaction};

use super::{SCHEMA, SCHEMAS, Tables};

/// What was registered in the first version, when all keys were Apple's: attested key, application, registered at.
const APPLE_DEVICES: TableDefinition<'_, [u8; 32], (&'static [u8; 130], &'static str, u64)> =
    TableDefinition::new("devices");
/// The same while they are adopted.
const ADOPTED: TableDefinition<'_, [u8; 32], (&'static [u8; 130], &'static str, u64)> =
    TableDefinition::new("devices of the first version");
/// The counter last accepted, as it was kept before there were windows: turned into those when the file is opened.
const COUNTERS: TableDefinition<'_, [u8; 32], u32> = TableDefinition::new("counters");

/// Brings the tables of an earlier version to this one.
pub(super) fn migrate(transaction: &WriteTransaction) -> Result<(), Box<dyn std::error::Error>> {
    let version = transaction.open_table(SCHEMAS)?.get(())?.map_or(1, |version| version.value());
    if version > SCHEMA {
        return Err(format!("it is of a later version of the gateway (tables {version}, not {SCHEMA})").into());
    }
    if version == 1 {
        // There is none in a new file.
        drop(transaction.open_table(APPLE_DEVICES)?);
        transaction.rename_table(APPLE_DEVICES, ADOPTED)?;
    }
    let mut tables = Tables::open(transaction)?;
    tables.adopt_counters(transaction)?;
    transaction.delete_table(COUNTERS)?;
    if version == 1 {
        tables.adopt_devices(transaction)?;
        transaction.delete_table(ADOPTED)?;
    }
    transaction.open_table(SCHEMAS)?.insert((), SCHEMA)?;
    Ok(())
}

impl Tables<'_> {
    /// A counter of strict order is a window in which everything up to it was seen.
    fn adopt_counters(&mut self, transaction: &WriteTransaction) -> Result<(), redb::Error> {
        for row in transaction.open_table(COUNTERS)?.iter()? {
            let (key, counter) = row?;
            let window = ReplayWindow::after(Counter(counter.value()));
            self.windows.insert(key.value(), &window.to_bytes())?;
        }
        Ok(())
    }

    /// Keys that are all Apple's, and have no account.
    fn adopt_devices(&mut self, transaction: &WriteTransaction) -> Result<(), redb::Error> {
        for row in transaction.open_table(ADOPTED)?.iter()? {
            let (key, registered) = row?;
            let (attested, application, registered_at) = registered.value();
            let attested_at = registered_at.saturating_mul(1000);
            self.devices.insert(key.value(), (1, &attested[..], application, &[][..], registered_at, attested_at))?;
        }
        Ok(())
    }
}
