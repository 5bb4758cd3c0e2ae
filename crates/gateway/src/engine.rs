//! What the applications verify with, and what of it outlives a request: one backend, the issuers of attestations, and the
//! prepared keys of devices that come again.
//!
//! None of it decides anything: an issuer counts for the very certificate that it was made of, and a prepared key for the very
//! record that the store holds now.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use genuine::x509::{CachedIssuer, IssuerCache};
use quick_cache::sync::Cache;

use crate::{
    metrics::{DeviceTable, IssuerTable, Metered},
    prepared::PreparedKeys,
};

type Issuer = CachedIssuer<Metered, IssuerTable>;
type PhoneIssuer = CachedIssuer<Metered, DeviceTable>;

/// How many issuers of Android phones are kept, 8 KB each: more than Google has at a time.
const PHONE_ISSUERS: usize = 64;

/// What the applications verify with.
pub struct Engine {
    /// The backend.
    pub crypto: Metered,
    /// The issuer of the last attestation, of whatever application: they have one root, and Apple has one issuer at a time.
    pub issuer: SharedIssuer,
    /// The issuers of Android phones that are provisioned remotely.
    pub phone_issuers: PhoneIssuers,
    /// The prepared keys of devices, of whatever application.
    pub keys: PreparedKeys,
}

impl Engine {
    /// An engine on this backend that has verified nothing yet, and keeps prepared keys within so many bytes.
    #[must_use]
    pub fn new(crypto: Metered, prepared_bytes: u64) -> Self {
        Self {
            crypto,
            issuer: SharedIssuer::default(),
            phone_issuers: PhoneIssuers::default(),
            keys: PreparedKeys::within(prepared_bytes),
        }
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

/// The issuers of Android phones, for all threads: the one that was of no use for longest makes room.
pub struct PhoneIssuers(Cache<[u8; 32], Arc<PhoneIssuer>>);

impl Default for PhoneIssuers {
    fn default() -> Self {
        Self(Cache::new(PHONE_ISSUERS))
    }
}

impl IssuerCache<Metered> for PhoneIssuers {
    type Key = DeviceTable;

    fn with_issuer<T>(&self, fingerprint: &[u8; 32], function: impl FnOnce(Option<&PhoneIssuer>) -> T) -> T {
        let issuer = self.0.get(fingerprint);
        function(issuer.as_deref())
    }

    fn store(&self, issuer: PhoneIssuer) {
        self.0.insert(*issuer.fingerprint(), Arc::new(issuer));
    }
}
