//! The verifications themselves, with the operands of the minted objects: without App Attest, X.509 and hashes.
#![no_std]
#![no_main]

use firmware::{
    board::entry,
    objects::{P256_SIGNED, P384_SIGNED},
    report::{Expected, Report},
};
use genuine::{
    Error,
    crypto::{CryptoError, GenuineCrypto, PrepareEcdsa, PreparedP256, PreparedP384, VerifyEcdsa},
};

#[entry]
fn main() -> ! {
    let mut report = Report::default();
    let (key, digest, signature) = &P256_SIGNED;
    report.expect("P-256", Expected::ACCEPTED, || verdict(GenuineCrypto.verify(key, digest, signature)));
    p256::<8>(["P-256, key to be prepared, 512 B", "P-256, prepared, 512 B"], &mut report);
    p256::<32>(["P-256, key to be prepared, 2 KB", "P-256, prepared, 2 KB"], &mut report);
    let (key, digest, signature) = &P384_SIGNED;
    report.expect("P-384", Expected::ACCEPTED, || verdict(GenuineCrypto.verify(key, digest, signature)));
    p384::<8>(["P-384, key to be prepared, 768 B", "P-384, prepared, 768 B"], &mut report);
    p384::<32>(["P-384, key to be prepared, 3 KB", "P-384, prepared, 3 KB"], &mut report);
    report.end()
}

fn p256<const POINTS: usize>([preparing, prepared]: [&str; 2], report: &mut Report) {
    let (key, digest, signature) = &P256_SIGNED;
    let prepare = || -> Result<PreparedP256<POINTS>, _> { verdict(GenuineCrypto.prepare(key)) };
    let Some(key) = report.expect(preparing, Expected::ACCEPTED, prepare) else { return };
    report.expect(prepared, Expected::ACCEPTED, || verdict(GenuineCrypto.verify_prepared(&key, digest, signature)));
}

fn p384<const POINTS: usize>([preparing, prepared]: [&str; 2], report: &mut Report) {
    let (key, digest, signature) = &P384_SIGNED;
    let prepare = || -> Result<PreparedP384<POINTS>, _> { verdict(GenuineCrypto.prepare(key)) };
    let Some(key) = report.expect(preparing, Expected::ACCEPTED, prepare) else { return };
    report.expect(prepared, Expected::ACCEPTED, || verdict(GenuineCrypto.verify_prepared(&key, digest, signature)));
}

fn verdict<T>(answer: Result<T, CryptoError>) -> Result<T, Error> {
    answer.map_err(|_| Error::SignatureInvalid)
}
