//! Only an accepted assertion is a `VerifiedAssertion`.

use genuine::app_attest::{Counter, KeyId, VerifiedAssertion};

fn forge<'i>(key_id: KeyId, counter: Counter) -> VerifiedAssertion<'i> {
    VerifiedAssertion { key_id, counter, app_index: 0, launch: Default::default() }
}

fn main() {
    let _ = forge;
}
