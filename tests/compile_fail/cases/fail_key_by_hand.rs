//! An `AttestedKey` comes from a verifier or through a function that says whom it trusts.

use genuine::{
    app_attest::{AppIdHash, AttestedKey, Environment, KeyId},
    crypto::{P256, PublicKey},
};

fn forge(id: KeyId, key: PublicKey<P256>, app_id: AppIdHash) -> AttestedKey {
    AttestedKey { id, key, app_id, environment: Environment::Production }
}

fn main() {
    let _ = forge;
}
