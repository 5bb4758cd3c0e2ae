//! Behind `dyn` the type of a backend does not say which one prepared a key.

use genuine::{
    Error,
    app_attest::{AttestationCrypto, AttestedKey, PreparedKey},
    crypto::{P256, PrepareEcdsa},
};

trait Driver: AttestationCrypto + PrepareEcdsa<P256, u8> {}

fn prepare(key: &AttestedKey, driver: &dyn Driver) -> Result<PreparedKey<dyn Driver, u8>, Error> {
    PreparedKey::new(key, driver)
}

fn main() {
    let _ = prepare;
}
