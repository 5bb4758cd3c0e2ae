//! A page of all devices, as one commit left them.

use genuine::app_attest::KeyId;
use redb::ReadableDatabase as _;

use super::{CLOSED, DEVICES, OPEN, REVOKED, RedbStore, STATES, WINDOWS, read_record, read_window};
use crate::store::{Cursor, Listing, list::keys_after};

impl RedbStore {
    pub(super) fn read_page(&self, after: Option<&Cursor>, most: usize) -> Result<Option<Listing>, redb::Error> {
        let Some(range) = keys_after(after) else { return Ok(None) };
        let transaction = self.database.begin_read()?;
        let devices = transaction.open_table(DEVICES)?;
        let (windows, states) = (transaction.open_table(WINDOWS)?, transaction.open_table(STATES)?);
        let revocations = transaction.open_table(REVOKED)?;
        let mut page = Vec::new();
        for row in devices.range::<[u8; 32]>(range)?.take(most) {
            let (key, registered) = row?;
            let key = key.value();
            let window = windows.get(key)?.map_or(CLOSED, |window| read_window(window.value()));
            let state = states.get(key)?.map_or(OPEN, |state| state.value());
            let revoked_at = revocations.get(key)?.map(|at| at.value());
            page.push((KeyId(key), read_record(registered.value(), window, state, revoked_at)));
        }
        Ok(Some(Listing::in_order(page, most)))
    }
}
