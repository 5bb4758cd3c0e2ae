//! A backend that takes for granted what the caller did not tell, and remembers what a key opened.
//!
//! As for objects, the engine has no way to leave a step out: what rests on an assumption is `NotAsked`, and never
//! accepted.

use std::cell::{Cell, RefCell};

use genuine::crypto::{AesKwGcm, CryptoError, Digest, P256, PublicKey, RustCrypto, Sha256, Signature, VerifyEcdsa};

use super::keys::NO_KEY;

/// `RustCrypto`, watched.
#[derive(Default)]
pub(super) struct Watched {
    /// Without a key nothing is opened, not even by the one that stands for it.
    pub(super) is_closed: bool,
    /// How many keys were tried.
    pub(super) tried: Cell<usize>,
    /// The position of the first key that unwrapped the content key.
    pub(super) unwrapped: Cell<Option<usize>>,
    /// What was in the token, if its tag is right.
    pub(super) opened: RefCell<Option<Vec<u8>>>,
}

impl Sha256 for Watched {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        RustCrypto.sha256(parts)
    }
}

impl VerifyEcdsa<P256> for Watched {
    fn check_key(&self, key: &PublicKey<P256>) -> Result<(), CryptoError> {
        if *key == NO_KEY { Ok(()) } else { RustCrypto.check_key(key) }
    }

    fn verify(&self, key: &PublicKey<P256>, digest: &Digest, signature: &Signature<P256>) -> Result<(), CryptoError> {
        if *key == NO_KEY { Ok(()) } else { RustCrypto.verify(key, digest, signature) }
    }
}

impl AesKwGcm for Watched {
    fn unwrap_key(&self, wrapping: &[u8; 32], wrapped: &[u8; 40]) -> Result<[u8; 32], CryptoError> {
        let position = self.tried.replace(self.tried.get() + 1);
        if self.is_closed {
            return Err(CryptoError::Invalid);
        }
        let key = RustCrypto.unwrap_key(wrapping, wrapped)?;
        self.unwrapped.set(self.unwrapped.get().or(Some(position)));
        Ok(key)
    }

    fn open_in_place(
        &self,
        key: &[u8; 32],
        iv: &[u8; 12],
        additional: &[u8],
        text: &mut [u8],
        tag: &[u8; 16],
    ) -> Result<(), CryptoError> {
        RustCrypto.open_in_place(key, iv, additional, text, tag)?;
        // Where no key unwrapped the content key, the engine refuses whatever was opened.
        if self.unwrapped.get().is_some() {
            *self.opened.borrow_mut() = Some(text.to_vec());
        }
        Ok(())
    }
}
