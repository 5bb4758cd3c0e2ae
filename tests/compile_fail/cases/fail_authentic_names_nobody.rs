//! Before an assertion was accepted, nothing says whose it is.

use genuine::app_attest::{AuthenticAssertion, Counter, KeyId};

fn identity(authentic: &AuthenticAssertion<'_>) -> (KeyId, Counter) {
    (authentic.key_id(), authentic.counter())
}

fn main() {
    let _ = identity;
}
