//! Known answers and edge cases for a backend: a user runs [`check`] on the board before trusting its peripheral, or the part
//! for each capability that it implements: [`check_batch`] where it takes batches, [`check_prepared`] where it prepares keys, and
//! [`check_prepared_batch`] where it does both. One for Play Integrity runs `check_aes_kw_gcm` as well, which the feature
//! `play-integrity` brings; one for keys of RSA, [`check_rsa`].
//!
//! The signatures of ECDSA are those of RFC 6979 A.2.5 and A.2.6 for the message "sample"; the digests are FIPS 180-4 examples;
//! the other operands are built from the curves' constants (SEC 2 §2.4.2, §2.5.1), each constant saying how.

#[cfg(feature = "play-integrity")]
mod aes;
mod digests;
#[cfg(feature = "session")]
mod hmac;
mod known;
mod p256;
mod p384;
mod rsa;

use core::{array::from_fn, fmt};

#[cfg(feature = "play-integrity")]
pub use aes::check_aes_kw_gcm;
pub use known::KnownAnswers;
use known::{SIGNATURES, SignatureCase};
pub use rsa::check_rsa;

#[cfg(feature = "session")]
use super::traits::{HmacSha256, SignP256};
use super::{
    operand::{Digest, P256, P384, PublicKey, Signature},
    prepare::{BatchEcdsa, Item, Key, PrepareEcdsa},
    traits::{CryptoError, Sha256, Sha384, VerifyEcdsa},
};

/// The first check that a backend did not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConformanceFailure {
    /// What was asked.
    pub check: &'static str,
    /// What was answered.
    pub answer: Answer,
}

/// How an answer was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The backend accepted what must be refused. It must not be used.
    Accepted,
    /// The backend refused what must be accepted.
    Refused,
    /// A digest, or a message authentication code, is not the expected one.
    WrongDigest,
    /// A key that was unwrapped, or a text that was decrypted, is not the expected one.
    WrongText,
    /// The backend could not compute.
    Unavailable,
}

impl fmt::Display for ConformanceFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answer = match self.answer {
            Answer::Accepted => "was accepted",
            Answer::Refused => "was refused",
            Answer::WrongDigest => "gave another digest",
            Answer::WrongText => "gave another text",
            Answer::Unavailable => "could not be computed",
        };
        write!(f, "{} {answer}", self.check)
    }
}

impl core::error::Error for ConformanceFailure {}

/// Runs every known answer and edge case: 10 digests, 12 keys, 40 signatures.
///
/// Needs no heap and no I/O, but time and flash: on a Cortex-M4 it adds 16.5 KB to an image that verifies, and takes 55 million
/// instructions with the backend `GenuineCrypto` and 216 million with `RustCrypto`. That is seconds at 48 MHz: run it in an image
/// for that purpose, or once when a board is made, rather than at each start. `cargo xtask footprint` measures it, and the
/// README has the figures of all boards.
///
/// # Errors
///
/// The first check that was not passed.
///
/// ```
/// # #[cfg(feature = "rust-crypto")]
/// genuine::crypto::conformance::check(&genuine::crypto::RustCrypto).unwrap();
/// ```
pub fn check<C>(crypto: &C) -> Result<(), ConformanceFailure>
where
    C: Sha256 + Sha384 + VerifyEcdsa<P256> + VerifyEcdsa<P384> + ?Sized,
{
    check_sha256(crypto)?;
    check_sha384(crypto)?;
    keys::<P256>(|key| crypto.check_key(key))?;
    keys::<P384>(|key| crypto.check_key(key))?;
    signatures::<P256>(P256::SIGNATURES, |key, digest, signature| crypto.verify(key, digest, signature))?;
    signatures::<P384>(P384::SIGNATURES, |key, digest, signature| crypto.verify(key, digest, signature))
}

/// Runs the digests of SHA-256.
///
/// # Errors
///
/// The first check that was not passed.
pub fn check_sha256<C: Sha256 + ?Sized>(crypto: &C) -> Result<(), ConformanceFailure> {
    digests::SHA256.iter().try_for_each(|(name, parts, expected)| expect_digest(name, crypto.sha256(parts), expected))
}

/// Runs the digests of SHA-384.
///
/// # Errors
///
/// The first check that was not passed.
pub fn check_sha384<C: Sha384 + ?Sized>(crypto: &C) -> Result<(), ConformanceFailure> {
    digests::SHA384.iter().try_for_each(|(name, parts, expected)| expect_digest(name, crypto.sha384(parts), expected))
}

/// Runs the codes of HMAC with SHA-256. [`check`] leaves them out, because App Attest needs none.
///
/// # Errors
///
/// The first check that was not passed.
///
/// ```
/// # #[cfg(feature = "rust-crypto")]
/// genuine::crypto::conformance::check_hmac_sha256(&genuine::crypto::RustCrypto).unwrap();
/// ```
#[cfg(feature = "session")]
pub fn check_hmac_sha256<C: HmacSha256 + ?Sized>(crypto: &C) -> Result<(), ConformanceFailure> {
    hmac::HMAC_SHA256
        .iter()
        .try_for_each(|(name, key, parts, expected)| expect_digest(name, crypto.hmac_sha256(key, parts), expected))
}

/// Runs the keys and signatures of a curve.
///
/// # Errors
///
/// The first check that was not passed.
///
/// ```
/// # #[cfg(feature = "rust-crypto")] {
/// use genuine::crypto::{P256, RustCrypto, conformance};
///
/// conformance::check_ecdsa::<P256, _>(&RustCrypto).unwrap();
/// # }
/// ```
pub fn check_ecdsa<V: KnownAnswers, C: VerifyEcdsa<V> + ?Sized>(crypto: &C) -> Result<(), ConformanceFailure> {
    keys::<V>(|key| crypto.check_key(key))?;
    signatures::<V>(V::SIGNATURES, |key, digest, signature| crypto.verify(key, digest, signature))
}

/// Runs the keys and signatures of a curve with keys that are prepared. One is verified after other keys were prepared, which
/// shows a slot that is filled anew under a form that was given out before.
///
/// # Errors
///
/// The first check that was not passed.
///
/// ```
/// # #[cfg(feature = "genuine-crypto")] {
/// use genuine::crypto::{GenuineCrypto, P256, PreparedP256, conformance};
///
/// conformance::check_prepared::<P256, PreparedP256<32>, _>(&GenuineCrypto).unwrap();
/// # }
/// ```
pub fn check_prepared<V: KnownAnswers, K, C: PrepareEcdsa<V, K> + ?Sized>(
    crypto: &C,
) -> Result<(), ConformanceFailure> {
    let verify = |key: &PublicKey<V>, digest: &Digest, signature: &Signature<V>| {
        crypto.verify_prepared(&crypto.prepare(key)?, digest, signature)
    };
    keys::<V>(|key| crypto.prepare(key).map(drop))?;
    signatures::<V>(V::SIGNATURES, verify)?;
    signatures::<V>(&[V::PREPARED_FIRST], |key, digest, signature| {
        let prepared = crypto.prepare(key)?;
        // A backend that has no room for another may say so.
        let mut others = V::KEYS
            .iter()
            .map(|(_, other, valid)| (PublicKey::<V>(*other), valid))
            .filter(|(other, valid)| **valid && other != key);
        let _others: [Option<K>; 2] = from_fn(|_| others.next().and_then(|(other, _)| crypto.prepare(&other).ok()));
        crypto.verify_prepared(&prepared, digest, signature)
    })
}

/// Runs the signatures of a curve in batches of 1, 3, 8 and all 20 by plain keys, of which the form `K` of prepared keys may be
/// [`Unprepared`](super::Unprepared). In each batch good ones and bad ones stand side by side.
///
/// Takes several kilobytes of stack beside what the backend takes.
///
/// # Errors
///
/// The first check that was not passed. What was left undecided is [`Answer::Unavailable`].
///
/// ```
/// # #[cfg(feature = "genuine-crypto")] {
/// use genuine::crypto::{GenuineCrypto, P256, Unprepared, conformance};
///
/// conformance::check_batch::<P256, Unprepared, _>(&GenuineCrypto).unwrap();
/// # }
/// ```
pub fn check_batch<V: KnownAnswers, K, C>(crypto: &C) -> Result<(), ConformanceFailure>
where
    C: BatchEcdsa<V, K> + ?Sized,
{
    batches::<V, K, C>(crypto, None)
}

/// As [`check_batch`], with the most frequent key prepared and the others plain.
///
/// # Errors
///
/// The first check that was not passed. What was left undecided is [`Answer::Unavailable`].
pub fn check_prepared_batch<V: KnownAnswers, K, C>(crypto: &C) -> Result<(), ConformanceFailure>
where
    C: BatchEcdsa<V, K> + PrepareEcdsa<V, K> + ?Sized,
{
    let (check, key, ..) = V::PREPARED_FIRST;
    let key = PublicKey::<V>(key);
    let prepared = match crypto.prepare(&key) {
        Ok(prepared) => prepared,
        Err(error) => return expect(check, Err(error), true),
    };
    batches(crypto, Some((&key, &prepared)))
}

/// Runs the signatures in batches, with one key prepared or none.
fn batches<V: KnownAnswers, K, C>(crypto: &C, prepared: Option<(&PublicKey<V>, &K)>) -> Result<(), ConformanceFailure>
where
    C: BatchEcdsa<V, K> + ?Sized,
{
    let cases = V::SIGNATURES
        .each_ref()
        .map(|(_, key, digest, signature, _)| (PublicKey::<V>(*key), *digest, Signature::<V>(*signature)));
    let items = cases.each_ref().map(|(plain, digest, signature)| {
        let prepared = prepared.filter(|(key, _)| *key == plain).map(|(_, prepared)| Key::Prepared(prepared));
        Item { key: prepared.unwrap_or(Key::Plain(plain)), digest: *digest, signature: *signature }
    });
    batches_of::<1, V, K, _>(crypto, &items)?;
    batches_of::<3, V, K, _>(crypto, &items)?;
    batches_of::<8, V, K, _>(crypto, &items)?;
    batches_of::<SIGNATURES, V, K, _>(crypto, &items)
}

/// The signatures, so many at a time: a constant, of which the compiler sees that it is not zero.
fn batches_of<const LENGTH: usize, V: KnownAnswers, K, C: BatchEcdsa<V, K> + ?Sized>(
    crypto: &C,
    items: &[Item<'_, V, K>; SIGNATURES],
) -> Result<(), ConformanceFailure> {
    let mut verdicts = [Err(CryptoError::Unavailable); SIGNATURES];
    for (items, verdicts) in items.chunks(LENGTH).zip(verdicts.chunks_mut(LENGTH)) {
        crypto.verify_batch(items, verdicts);
    }
    V::SIGNATURES.iter().zip(verdicts).try_for_each(|((name, .., valid), verdict)| expect(name, verdict, *valid))
}

/// Has a key on P-256 sign, and a backend verify it: the public key is a point, its signatures are of the digest that was given and
/// of no other.
///
/// # Errors
///
/// The first check that was not passed. What could not be signed is [`Answer::Unavailable`].
///
/// ```
/// # #[cfg(feature = "rust-crypto")] {
/// use genuine::crypto::{RustCrypto, RustCryptoSigner, conformance};
///
/// let key = RustCryptoSigner::try_from(&[7; 32]).unwrap();
/// conformance::check_signer(&key, &RustCrypto).unwrap();
/// # }
/// ```
#[cfg(feature = "session")]
pub fn check_signer<S, C>(signer: &S, crypto: &C) -> Result<(), ConformanceFailure>
where
    S: SignP256 + ?Sized,
    C: VerifyEcdsa<P256> + ?Sized,
{
    let key = signer.public_key();
    expect("the public key of a signer", crypto.check_key(&key), true)?;
    for (digest, other) in [(digests::SAMPLE_256, digests::ABC_256), ([0; 32], [0xFF; 32]), ([0xFF; 32], [0; 32])] {
        let signature = match signer.sign(&digest) {
            Ok(signature) if signature.is_in_range() => signature,
            Ok(_) => return expect("a signature of a signer", Err(CryptoError::Invalid), true),
            Err(_) => return expect("a signature of a signer", Err(CryptoError::Unavailable), true),
        };
        let verify = |digest| crypto.verify(&key, &Digest::Sha256(digest), &signature);
        expect("a signature of a signer", verify(digest), true)?;
        expect("a signature of a signer over another digest", verify(other), false)?;
    }
    Ok(())
}

fn keys<V: KnownAnswers>(check: impl Fn(&PublicKey<V>) -> Result<(), CryptoError>) -> Result<(), ConformanceFailure> {
    V::KEYS.iter().try_for_each(|(name, key, valid)| expect(name, check(&PublicKey(*key)), *valid))
}

fn signatures<V: KnownAnswers>(
    cases: &[SignatureCase<V>],
    verify: impl Fn(&PublicKey<V>, &Digest, &Signature<V>) -> Result<(), CryptoError>,
) -> Result<(), ConformanceFailure> {
    cases.iter().try_for_each(|(name, key, digest, signature, valid)| {
        expect(name, verify(&PublicKey(*key), digest, &Signature(*signature)), *valid)
    })
}

fn expect(check: &'static str, answer: Result<(), CryptoError>, valid: bool) -> Result<(), ConformanceFailure> {
    let answer = match (answer, valid) {
        (Ok(()), true) | (Err(CryptoError::Invalid), false) => return Ok(()),
        (Ok(()), false) => Answer::Accepted,
        (Err(CryptoError::Invalid), true) => Answer::Refused,
        (Err(CryptoError::Unavailable), _) => Answer::Unavailable,
    };
    Err(ConformanceFailure { check, answer })
}

fn expect_digest<const N: usize>(
    check: &'static str,
    answer: Result<[u8; N], CryptoError>,
    expected: &[u8; N],
) -> Result<(), ConformanceFailure> {
    match answer {
        Ok(digest) if digest == *expected => Ok(()),
        Ok(_) => Err(ConformanceFailure { check, answer: Answer::WrongDigest }),
        Err(_) => Err(ConformanceFailure { check, answer: Answer::Unavailable }),
    }
}
