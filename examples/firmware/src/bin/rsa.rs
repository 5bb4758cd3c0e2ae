//! RSA verifications themselves, with minted operands: without certificates and hashes.
#![no_std]
#![no_main]

use firmware::{
    board::entry,
    objects::{RSA_2048_SIGNED, RSA_3072_SIGNED, RSA_4096_SIGNED, RsaSigned},
    report::{Expected, Report},
};
use genuine::{
    Error,
    crypto::{GenuineCrypto, RsaPublicKey, VerifyRsa as _},
};

#[entry]
fn main() -> ! {
    let mut report = Report::default();
    for (name, signed) in
        [("RSA-2048", &RSA_2048_SIGNED), ("RSA-3072", &RSA_3072_SIGNED), ("RSA-4096", &RSA_4096_SIGNED)]
    {
        report.expect(name, Expected::ACCEPTED, || verify(signed));
    }
    report.end()
}

fn verify((modulus, digest, signature): &RsaSigned) -> Result<(), Error> {
    let key = RsaPublicKey::new(modulus).ok_or(Error::SignatureInvalid)?;
    GenuineCrypto.verify_rsa_pkcs1_sha256(key, digest, signature).map_err(|_| Error::SignatureInvalid)
}
