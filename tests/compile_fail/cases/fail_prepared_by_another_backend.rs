//! What one backend prepared is no key of another, though the forms are of one type.

use genuine::{
    Error,
    app_attest::{Assertion, AssertionVerifier, AuthenticAssertion, ClientDataHash, PreparedKey},
    crypto::{GenuineCrypto, PreparedP256, RustCrypto},
};

fn verify<'i>(
    verifier: &AssertionVerifier<'_, RustCrypto>,
    assertion: &Assertion<'i>,
    key: &PreparedKey<GenuineCrypto, PreparedP256<8>>,
    client_data: &ClientDataHash<'_>,
) -> Result<AuthenticAssertion<'i>, Error> {
    verifier.verify(assertion, key, client_data)
}

fn main() {
    let _ = verify;
}
