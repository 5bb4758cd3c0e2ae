//! What a phone sends, minted by `build.rs` with a simulated iPhone under a test root.
#![allow(
    missing_docs,
    unused_imports,
    clippy::unreadable_literal,
    reason = "generated, with objects of real devices or without"
)]

use genuine::{
    UnixTime,
    app_attest::{AppIdHash, AttestedKey, ClientDataHash, Counter, KeyId},
    crypto::{Digest, P256, P384, PublicKey, Signature},
    x509::TrustAnchor,
};

use crate::lock::Pairing;

/// Modulus, digest and signature.
pub type RsaSigned = (&'static [u8], [u8; 32], &'static [u8]);

include!(concat!(env!("OUT_DIR"), "/objects.rs"));

/// What an Android phone sends, minted with a simulated one under two test roots.
#[cfg(feature = "key-attestation")]
pub mod android {
    use genuine::{
        UnixTime,
        app_attest::ClientDataHash,
        crypto::RsaPublicKey,
        x509::{IssuerKey, TrustAnchor},
    };

    use crate::android::AndroidPairing;

    include!(concat!(env!("OUT_DIR"), "/android.rs"));
}

/// Objects of real devices; there are none unless `GENUINE_REAL_VECTORS` was set for the build.
pub mod real {
    use super::{AppIdHash, AttestedKey, ClientDataHash, Counter, KeyId, Pairing, UnixTime};

    pub struct RealAttestation {
        pub name: &'static str,
        pub app_id: AppIdHash,
        pub development: bool,
        pub now: UnixTime,
        pub pairing: Pairing<'static>,
        pub challenge: ClientDataHash<'static>,
    }

    pub struct RealAssertion {
        pub name: &'static str,
        pub app_id: AppIdHash,
        pub last: Counter,
        pub stored_key: [u8; AttestedKey::ENCODED_LEN],
        pub assertion: &'static [u8],
        pub request: ClientDataHash<'static>,
    }

    include!(concat!(env!("OUT_DIR"), "/real.rs"));
}
