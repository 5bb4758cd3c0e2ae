//! What time it is, for whoever is given it and does not look himself.

use std::sync::Arc;

/// What time it is, in seconds since 1970.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;
