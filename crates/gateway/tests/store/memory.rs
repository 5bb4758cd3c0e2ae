//! Memory.

use std::sync::Arc;

use genuine_gateway::store::{MemoryStore, Store};

#[expect(clippy::unused_async, reason = "as where a store is started by waiting for it")]
async fn empty(_law: &'static str) -> Option<((), Arc<dyn Store>)> {
    Some(((), Arc::new(MemoryStore::default())))
}

genuine_gateway::store_laws!(empty);
