//! Nor is a copy of it.

use genuine::app_attest::{AuthenticAssertion, VerifiedAssertion};

fn copy<'i>(authentic: &AuthenticAssertion<'i>, verified: &VerifiedAssertion<'i>) {
    let _: AuthenticAssertion<'i> = authentic.clone();
    let _: VerifiedAssertion<'i> = verified.clone();
}

fn main() {
    let _ = copy;
}
