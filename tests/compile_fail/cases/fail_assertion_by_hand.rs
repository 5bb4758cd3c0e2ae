//! Only an accepted assertion is a `VerifiedAssertion`.

use genuine::app_attest::{Advance, KeyId, VerifiedAssertion};

fn forge<'i>(key_id: KeyId, advance: Advance) -> VerifiedAssertion<'i> {
    VerifiedAssertion { key_id, advance, app_index: 0, launch: Default::default() }
}

fn main() {
    let _ = forge;
}
