//! The key in an object that nobody verified is no attested key.

use genuine::app_attest::{AttestationObject, AttestedKey};

fn key(object: &AttestationObject<'_>) -> AttestedKey {
    object.leaf_key()
}

fn same_key(object: &AttestationObject<'_>) -> AttestedKey {
    *object.key()
}

fn main() {
    let _ = (key, same_key);
}
