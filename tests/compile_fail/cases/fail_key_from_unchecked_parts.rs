//! The constructor that believes its arguments belongs to the verifier.

use genuine::{
    app_attest::{AppIdHash, AttestedKey, Environment, KeyId},
    crypto::{P256, PublicKey},
};

fn forge(id: KeyId, key: PublicKey<P256>, app_id: AppIdHash) -> AttestedKey {
    AttestedKey::new(id, key, app_id, Environment::Production)
}

fn main() {
    let _ = forge;
}
