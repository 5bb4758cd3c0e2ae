//! Only a verifier makes an `AuthenticAssertion`.

use genuine::app_attest::{AuthenticAssertion, VerifiedAssertion};

fn forge(assertion: VerifiedAssertion<'_>) -> AuthenticAssertion<'_> {
    AuthenticAssertion(assertion)
}

fn main() {
    let _ = forge;
}
