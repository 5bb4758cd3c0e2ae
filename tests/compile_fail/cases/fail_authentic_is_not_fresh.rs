//! An assertion that may be a replay is not one that was accepted.

use genuine::app_attest::{AuthenticAssertion, VerifiedAssertion};

fn serve(_: VerifiedAssertion<'_>) {}

fn answer(authentic: AuthenticAssertion<'_>) {
    serve(authentic);
}

fn main() {
    let _ = answer;
}
