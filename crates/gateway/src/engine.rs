//! What the applications verify with, and what of it outlives a request: one backend, the issuer of the last attestation, and
//! the prepared keys of devices that come again.
//!
//! None of it decides anything: an issuer counts for the very certificate that it was made of, and a prepared key for the very
//! record that the store holds now.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use genuine::x509::{CachedIssuer, IssuerCache};

use crate::{
    metrics::{IssuerTable, Metered},
    prepared::PreparedKeys,
};

type Issuer = CachedIssuer<Metered, IssuerTable>;

/// What the applications verify with.
pub struct Engine {
    /// The backend.
    pub crypto: Metered,
    /// The issuer of the last attestation, of whatever application: they have one root, and Apple has one issuer at a time.
    pub issuer: SharedIssuer,
    /// The prepared keys of devices, of whatever application.
    pub keys: PreparedKeys,
}

impl Engine {
    /// An engine on this backend that has verified nothing yet, and keeps prepared keys within so many bytes.
    #[must_use]
    pub fn new(crypto: Metered, prepared_bytes: u64) -> Self {
        Self { crypto, issuer: SharedIssuer::default(), keys: PreparedKeys::within(prepared_bytes) }
    }
}

/// Without what is kept, which is of nobody's interest and much.
impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

/// The issuer of the last attestation, for all threads.
#[derive(Default)]
pub struct SharedIssuer(RwLock<Option<Arc<Issuer>>>);

impl IssuerCache<Metered> for SharedIssuer {
    type Key = IssuerTable;

    fn with_issuer<T>(&self, _: &[u8; 32], function: impl FnOnce(Option<&Issuer>) -> T) -> T {
        // Taken out of the lock, in which nobody is to wait for a signature.
        let issuer = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        function(issuer.as_deref())
    }

    fn store(&self, issuer: Issuer) {
        let issuer = Some(Arc::new(issuer));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = issuer;
    }
}
