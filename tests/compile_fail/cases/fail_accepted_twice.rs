//! An assertion is accepted once.

use genuine::{
    Error,
    app_attest::{AuthenticAssertion, Counter},
};

fn accept(authentic: AuthenticAssertion<'_>) -> Result<(), Error> {
    let _ = authentic.accept_without_store(Counter(0))?;
    let _ = authentic.accept_without_store(Counter(0))?;
    Ok(())
}

fn main() {
    let _ = accept;
}
