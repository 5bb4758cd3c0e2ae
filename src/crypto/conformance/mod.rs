//! Known answers and edge cases for a backend: a user runs [`check`] on the board before trusting its peripheral, and
//! [`check_prepared_p256`], [`check_prepared_p384`] and [`check_batch_p256`] where it implements the traits of prepared keys and
//! batches.
//!
//! The signatures are those of RFC 6979 A.2.5 and A.2.6 for the message "sample"; the digests are FIPS 180-4 examples;
//! the other operands are built from the curves' constants (SEC 2 §2.4.2, §2.5.1), each constant saying how.

use core::{array::from_fn, fmt};

use super::{
    BatchP256, Crypto, CryptoError, Digest, P256Item, P256Key, P256PublicKey, P256Signature, P384PublicKey,
    P384Signature, PrepareP256, PrepareP384,
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
    /// A digest is not the expected one.
    WrongDigest,
    /// The backend could not compute.
    Unavailable,
}

impl fmt::Display for ConformanceFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answer = match self.answer {
            Answer::Accepted => "was accepted",
            Answer::Refused => "was refused",
            Answer::WrongDigest => "gave another digest",
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
/// for that purpose, or once when a board is made, rather than at each start. `examples/firmware/measure` measures it, and the
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
pub fn check<C: Crypto + ?Sized>(crypto: &C) -> Result<(), ConformanceFailure> {
    for (name, parts, expected) in digests::SHA256 {
        expect_digest(name, crypto.sha256(parts), expected)?;
    }
    for (name, parts, expected) in digests::SHA384 {
        expect_digest(name, crypto.sha384(parts), expected)?;
    }
    keys(p256::KEYS, |key| crypto.check_p256(&P256PublicKey(*key)))?;
    keys(p384::KEYS, |key| crypto.check_p384(&P384PublicKey(*key)))?;
    signatures(p256::SIGNATURES, |key, digest, signature| {
        crypto.verify_p256(&P256PublicKey(*key), digest, &P256Signature(*signature))
    })?;
    signatures(p384::SIGNATURES, |key, digest, signature| {
        crypto.verify_p384(&P384PublicKey(*key), digest, &P384Signature(*signature))
    })
}

/// Runs the keys and signatures of P-256 with keys that are prepared. One is verified after other keys were prepared, which
/// shows a slot that is filled anew under a form that was given out before.
///
/// # Errors
///
/// The first check that was not passed.
///
/// ```
/// # #[cfg(feature = "genuine-crypto")] {
/// use genuine::crypto::{PreparedP256, GenuineCrypto, conformance};
///
/// conformance::check_prepared_p256::<PreparedP256<32>, _>(&GenuineCrypto).unwrap();
/// # }
/// ```
pub fn check_prepared_p256<K, C: PrepareP256<K> + ?Sized>(crypto: &C) -> Result<(), ConformanceFailure> {
    prepared(
        (p256::KEYS, p256::SIGNATURES, p256::PREPARED_FIRST),
        |key| crypto.prepare_p256(&P256PublicKey(*key)),
        |key, digest, signature| crypto.verify_p256_prepared(key, digest, &P256Signature(*signature)),
    )
}

/// As [`check_prepared_p256`] for P-384.
///
/// # Errors
///
/// The first check that was not passed.
pub fn check_prepared_p384<K, C: PrepareP384<K> + ?Sized>(crypto: &C) -> Result<(), ConformanceFailure> {
    prepared(
        (p384::KEYS, p384::SIGNATURES, p384::PREPARED_FIRST),
        |key| crypto.prepare_p384(&P384PublicKey(*key)),
        |key, digest, signature| crypto.verify_p384_prepared(key, digest, &P384Signature(*signature)),
    )
}

/// Runs the signatures of P-256 in batches of 1, 3, 8 and all 20, first by plain keys and then with the most frequent one
/// prepared. In each batch good ones and bad ones stand side by side.
///
/// Takes several kilobytes of stack beside what the backend takes.
///
/// # Errors
///
/// The first check that was not passed. What was left undecided is [`Answer::Unavailable`].
pub fn check_batch_p256<K, C: BatchP256<K> + ?Sized>(crypto: &C) -> Result<(), ConformanceFailure> {
    let (check, key, ..) = p256::PREPARED_FIRST;
    let prepared = match crypto.prepare_p256(&P256PublicKey(key)) {
        Ok(prepared) => prepared,
        Err(error) => return expect(check, Err(error), true),
    };
    let cases =
        p256::SIGNATURES.map(|(_, key, digest, signature, _)| (P256PublicKey(key), digest, P256Signature(signature)));
    for prepares in [false, true] {
        let items = cases.each_ref().map(|(plain, digest, signature)| {
            let key = if prepares && plain.0 == key { P256Key::Prepared(&prepared) } else { P256Key::Plain(plain) };
            P256Item { key, digest: *digest, signature: *signature }
        });
        batches::<1, _, _>(crypto, &items)?;
        batches::<3, _, _>(crypto, &items)?;
        batches::<8, _, _>(crypto, &items)?;
        batches::<{ p256::SIGNATURES.len() }, _, _>(crypto, &items)?;
    }
    Ok(())
}

/// The signatures of P-256, so many at a time.
fn batches<const LENGTH: usize, K, C: BatchP256<K> + ?Sized>(
    crypto: &C,
    items: &[P256Item<'_, K>; p256::SIGNATURES.len()],
) -> Result<(), ConformanceFailure> {
    let mut verdicts = [Err(CryptoError::Unavailable); p256::SIGNATURES.len()];
    for (items, verdicts) in items.chunks(LENGTH).zip(verdicts.chunks_mut(LENGTH)) {
        crypto.verify_p256_batch(items, verdicts);
    }
    p256::SIGNATURES.iter().zip(verdicts).try_for_each(|((name, .., valid), verdict)| expect(name, verdict, *valid))
}

fn keys<const N: usize>(
    cases: &[KeyCase<N>],
    check: impl Fn(&[u8; N]) -> Result<(), CryptoError>,
) -> Result<(), ConformanceFailure> {
    cases.iter().try_for_each(|(name, key, valid)| expect(name, check(key), *valid))
}

fn signatures<const N: usize>(
    cases: &[SignatureCase<N>],
    verify: impl Fn(&[u8; N], &Digest, &[u8; N]) -> Result<(), CryptoError>,
) -> Result<(), ConformanceFailure> {
    cases
        .iter()
        .try_for_each(|(name, key, digest, signature, valid)| expect(name, verify(key, digest, signature), *valid))
}

/// Keys and signatures by prepared keys; and one that is verified after another key was prepared.
fn prepared<const N: usize, K>(
    (key_cases, signature_cases, first): (&[KeyCase<N>], &[SignatureCase<N>], SignatureCase<N>),
    prepare: impl Fn(&[u8; N]) -> Result<K, CryptoError>,
    verify: impl Fn(&K, &Digest, &[u8; N]) -> Result<(), CryptoError>,
) -> Result<(), ConformanceFailure> {
    keys(key_cases, |key| prepare(key).map(drop))?;
    signatures(signature_cases, |key, digest, signature| verify(&prepare(key)?, digest, signature))?;
    signatures(&[first], |key, digest, signature| {
        let prepared = prepare(key)?;
        // A backend that has no room for another may say so.
        let mut others = key_cases.iter().filter(|(_, other, valid)| *valid && other != key);
        let _others: [Option<K>; 2] = from_fn(|_| others.next().and_then(|(_, other, _)| prepare(other).ok()));
        verify(&prepared, digest, signature)
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

const ONE: Digest = Digest::Sha256(digests::SAMPLE_256);
const OTHER: Digest = Digest::Sha256(digests::ABC_256);

type KeyCase<const N: usize> = (&'static str, [u8; N], bool);
type SignatureCase<const N: usize> = (&'static str, [u8; N], Digest, [u8; N], bool);

mod digests {
    use super::hex;

    type Case<const N: usize> = (&'static str, &'static [&'static [u8]], [u8; N]);

    /// SHA-256 of "sample".
    pub(super) const SAMPLE_256: [u8; 32] = hex("af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf");
    /// SHA-384 of "sample".
    pub(super) const SAMPLE_384: [u8; 48] =
        hex("9a9083505bc92276aec4be312696ef7bf3bf603f4bbd381196a029f340585312313bca4a9b5b890efee42c77b1ee25fe");
    /// SHA-256 of "abc".
    pub(super) const ABC_256: [u8; 32] = hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    const ABC_384: [u8; 48] =
        hex("cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7");
    const EMPTY_256: [u8; 32] = hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    const EMPTY_384: [u8; 48] =
        hex("38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b");

    /// 56 octets, the example of FIPS 180-4 for two blocks of SHA-256: its padding does not fit the first.
    const M_56: &[u8] = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    const M_56_256: [u8; 32] = hex("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    /// 112 octets, the same for SHA-384.
    const M_112: &[u8] = b"\
        abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn\
        hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";
    const M_112_384: [u8; 48] =
        hex("09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039");
    /// 1,000 octets in parts that end off the block boundaries: as long as a leaf, with a point (1 + 64) in front.
    const LONG: &[&[u8]] = &[&[0x5A; 1], &[0x5A; 64], &[0x5A; 935]];
    const LONG_256: [u8; 32] = hex("8fe15844cfeedd35f5dc30a9fa5ed38afd849dbe4f8dcae5642d934be0afb13d");
    const LONG_384: [u8; 48] =
        hex("29f7df2e8c8c73b5a64f82c077a60a9c3cfd2b75a8ab7b448560378b3096df7b830f81212a3822cf3c16c8d264086481");

    pub(super) const SHA256: &[Case<32>] = &[
        ("SHA-256 of nothing", &[], EMPTY_256),
        ("SHA-256 of one part", &[b"abc"], ABC_256),
        ("SHA-256 of parts, one of them empty", &[b"sa", b"", b"mple"], SAMPLE_256),
        ("SHA-256 of two blocks", &[M_56], M_56_256),
        ("SHA-256 of long parts", LONG, LONG_256),
    ];
    pub(super) const SHA384: &[Case<48>] = &[
        ("SHA-384 of nothing", &[], EMPTY_384),
        ("SHA-384 of one part", &[b"abc"], ABC_384),
        ("SHA-384 of parts, one of them empty", &[b"sa", b"", b"mple"], SAMPLE_384),
        ("SHA-384 of two blocks", &[M_112], M_112_384),
        ("SHA-384 of long parts", LONG, LONG_384),
    ];
}

/// P-256; the key and the signatures of the RFC are those of RFC 6979 A.2.5.
mod p256 {
    use super::{Digest, KeyCase, ONE, OTHER, SignatureCase, digests, hex};

    /// The base point G.
    const GENERATOR: [u8; 64] =
        hex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e16\
        2bce33576b315ececbb6406837bf51f5");
    /// The key of the RFC.
    const KEY: [u8; 64] =
        hex("60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64\
        f2f1b20c2d7e9f5177a3c294d4462299");
    /// G with y one too large.
    const NOT_ON_CURVE: [u8; 64] =
        hex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e16\
        2bce33576b315ececbb6406837bf51f6");
    /// The point with x = 0.
    const X_IS_ZERO: [u8; 64] =
        hex("000000000000000000000000000000000000000000000000000000000000000066485c780e2f83d72433bd5d84a06bb6\
        541c2af31dae871728bf856a174f93f4");
    /// The same with x = p, the field prime.
    const X_IS_P: [u8; 64] =
        hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff66485c780e2f83d72433bd5d84a06bb6\
        541c2af31dae871728bf856a174f93f4");
    /// Over SHA-256 of "sample"; its s lies in the upper half.
    const SHA256_SIGNATURE: [u8; 64] =
        hex("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65\
        f3e900dbb9aff4064dc4ab2f843acda8");
    /// The same with n − s, which verifies too.
    const LOW_S: [u8; 64] =
        hex("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf37160834e36ad29a83bf2bc9385e491d6099\
        c8fdf9d1ed67aa7ea5f51f93782857a9");
    /// Over SHA-384 of "sample".
    const SHA384_SIGNATURE: [u8; 64] =
        hex("0eafea039b20e9b42309fb1d89e213057cbf973dc0cfc8f129edddc800ef77194861f0491e6998b9455193e34e7b0d28\
        4ddd7149a74b95b9261f13abde940954");
    /// r = n.
    const R_IS_N: [u8; 64] =
        hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551f7cb1c942d657c41d436c7a1b6e29f65\
        f3e900dbb9aff4064dc4ab2f843acda8");
    /// s = n.
    const S_IS_N: [u8; 64] =
        hex("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716ffffffff00000000ffffffffffffffff\
        bce6faada7179e84f3b9cac2fc632551");
    /// r = 0.
    const R_IS_ZERO: [u8; 64] =
        hex("0000000000000000000000000000000000000000000000000000000000000000f7cb1c942d657c41d436c7a1b6e29f65\
        f3e900dbb9aff4064dc4ab2f843acda8");
    /// s = 0.
    const S_IS_ZERO: [u8; 64] =
        hex("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf371600000000000000000000000000000000\
        00000000000000000000000000000000");
    /// r and s swapped.
    const SWAPPED: [u8; 64] =
        hex("f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8efd48b2aacb6a8fd1140dd9cd45e81d6\
        9d2c877b56aaf991c34d0ea84eaf3716");
    /// r = s = x(2G): with the digest x(2G) and the key G, u1 = u2 = 1, so that the two points to be added are equal.
    const DOUBLING: [u8; 64] =
        hex("7cf27b188d034f7e8a52380304b51ac3c08969e277f21b35a60b48fc476699787cf27b188d034f7e8a52380304b51ac3\
        c08969e277f21b35a60b48fc47669978");
    /// x(2G).
    const DOUBLING_DIGEST: [u8; 32] = hex("7cf27b188d034f7e8a52380304b51ac3c08969e277f21b35a60b48fc47669978");
    /// n − x(2G): now u1 = −1 and u2 = 1, and the sum is the point at infinity.
    const INFINITY_DIGEST: [u8; 32] = hex("830d84e672fcb08275adc7fcfb4ae53bfc5d90cb2f25834f4dae81c6b4fc8bd9");

    /// A point of small x. Over a digest of zeros r = s = x verifies under it: u1 = 0 and u2 = 1, so the sum is the key.
    const LEAST_X: [u8; 64] =
        hex("0000000000000000000000000000000000000000000000000000000000000005459243b9aa581806fe913bce99817ade\
        11ca503c64d9a3c533415c083248fbcc");
    /// The same with another y: an addition that does not look at y still has x as its answer.
    const LEAST_X_OFF_CURVE: [u8; 64] =
        hex("0000000000000000000000000000000000000000000000000000000000000005459243b9aa581806fe913bce99817ade\
        11ca503c64d9a3c533415c083248fbcd");
    /// The same with x + p.
    const LEAST_X_PLUS_P: [u8; 64] =
        hex("ffffffff00000001000000000000000000000001000000000000000000000004459243b9aa581806fe913bce99817ade\
        11ca503c64d9a3c533415c083248fbcc");
    /// r = s = x.
    const X_X: [u8; 64] =
        hex("000000000000000000000000000000000000000000000000000000000000000500000000000000000000000000000000\
        00000000000000000000000000000005");
    /// r = x + n, the same number modulo n.
    const X_PLUS_N_X: [u8; 64] =
        hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63255600000000000000000000000000000000\
        00000000000000000000000000000005");
    /// s = x + n.
    const X_X_PLUS_N: [u8; 64] =
        hex("0000000000000000000000000000000000000000000000000000000000000005ffffffff00000000ffffffffffffffff\
        bce6faada7179e84f3b9cac2fc632556");

    pub(super) const KEYS: &[KeyCase<64>] = &[
        ("a P-256 key", KEY, true),
        ("the P-256 base point", GENERATOR, true),
        ("the P-256 point with x = 0", X_IS_ZERO, true),
        ("a P-256 key with x = p", X_IS_P, false),
        ("a P-256 key off the curve", NOT_ON_CURVE, false),
        ("a P-256 key of zeros", [0; 64], false),
    ];

    /// A good signature, after whose key others are prepared.
    pub(super) const PREPARED_FIRST: SignatureCase<64> =
        ("P-256 by the key that was prepared first", KEY, ONE, SHA256_SIGNATURE, true);

    pub(super) const SIGNATURES: &[SignatureCase<64>; 20] = &[
        ("P-256 with SHA-256, high s", KEY, ONE, SHA256_SIGNATURE, true),
        ("P-256 with SHA-256, low s", KEY, ONE, LOW_S, true),
        ("P-256 with SHA-384", KEY, Digest::Sha384(digests::SAMPLE_384), SHA384_SIGNATURE, true),
        ("P-256, equal points added", GENERATOR, Digest::Sha256(DOUBLING_DIGEST), DOUBLING, true),
        ("P-256, a sum at infinity", GENERATOR, Digest::Sha256(INFINITY_DIGEST), DOUBLING, false),
        ("P-256 over another digest", KEY, OTHER, SHA256_SIGNATURE, false),
        ("P-256 by another key", GENERATOR, ONE, SHA256_SIGNATURE, false),
        ("P-256 by a key off the curve", NOT_ON_CURVE, ONE, SHA256_SIGNATURE, false),
        ("P-256 by a key of zeros", [0; 64], ONE, SHA256_SIGNATURE, false),
        ("P-256 with r and s swapped", KEY, ONE, SWAPPED, false),
        ("P-256 with r = 0", KEY, ONE, R_IS_ZERO, false),
        ("P-256 with s = 0", KEY, ONE, S_IS_ZERO, false),
        ("P-256 with r = s = 0", KEY, ONE, [0; 64], false),
        ("P-256 with r = n", KEY, ONE, R_IS_N, false),
        ("P-256 with s = n", KEY, ONE, S_IS_N, false),
        ("P-256, a sum that is the key", LEAST_X, Digest::Sha256([0; 32]), X_X, true),
        ("P-256, a sum that is a key off the curve", LEAST_X_OFF_CURVE, Digest::Sha256([0; 32]), X_X, false),
        ("P-256, a sum that is a key with x ≥ p", LEAST_X_PLUS_P, Digest::Sha256([0; 32]), X_X, false),
        ("P-256 with r above n", LEAST_X, Digest::Sha256([0; 32]), X_PLUS_N_X, false),
        ("P-256 with s above n", LEAST_X, Digest::Sha256([0; 32]), X_X_PLUS_N, false),
    ];
}

/// P-384; the key and the signatures of the RFC are those of RFC 6979 A.2.6.
mod p384 {
    use super::{Digest, KeyCase, ONE, OTHER, SignatureCase, digests, hex};

    /// The base point G.
    const GENERATOR: [u8; 96] =
        hex("aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7\
        3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f");
    /// The key of the RFC.
    const KEY: [u8; 96] =
        hex("ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc13\
        8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720");
    /// G with y one too large.
    const NOT_ON_CURVE: [u8; 96] =
        hex("aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7\
        3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e60");
    /// The point with x = 0.
    const X_IS_ZERO: [u8; 96] =
        hex("000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\
        c306610fb0ae5a159cf45c06069f22a6c5eb3641c602d42dea2c4b4f75550793406d80d2b91ad54f9048bd487af1ade1");
    /// The same with x = p, the field prime.
    const X_IS_P: [u8; 96] =
        hex("fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff\
        c306610fb0ae5a159cf45c06069f22a6c5eb3641c602d42dea2c4b4f75550793406d80d2b91ad54f9048bd487af1ade1");
    /// Over SHA-256 of "sample"; its s lies in the upper half.
    const SHA256_SIGNATURE: [u8; 96] =
        hex("21b13d1e013c7fa1392d03c5f99af8b30c570c6f98d4ea8e354b63a21d3daa33bde1e888e63355d92fa2b3c36d8fb2cd\
        f3aa443fb107745bf4bd77cb3891674632068a10ca67e3d45db2266fa7d1feebefdc63eccd1ac42ec0cb8668a4fa0ab0");
    /// The same with n − s, which verifies too.
    const LOW_S: [u8; 96] =
        hex("21b13d1e013c7fa1392d03c5f99af8b30c570c6f98d4ea8e354b63a21d3daa33bde1e888e63355d92fa2b3c36d8fb2cd\
        0c55bbc04ef88ba40b428834c76e98b9cdf975ef35981c2b69b127124c652ef3683da9c57b95e34c2c20930227cb1ec3");
    /// Over SHA-384 of "sample".
    const SHA384_SIGNATURE: [u8; 96] =
        hex("94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46\
        99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8");
    /// r = n.
    const R_IS_N: [u8; 96] =
        hex("ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973\
        f3aa443fb107745bf4bd77cb3891674632068a10ca67e3d45db2266fa7d1feebefdc63eccd1ac42ec0cb8668a4fa0ab0");
    /// s = n.
    const S_IS_N: [u8; 96] =
        hex("21b13d1e013c7fa1392d03c5f99af8b30c570c6f98d4ea8e354b63a21d3daa33bde1e888e63355d92fa2b3c36d8fb2cd\
        ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973");
    /// r = 0.
    const R_IS_ZERO: [u8; 96] =
        hex("000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\
        f3aa443fb107745bf4bd77cb3891674632068a10ca67e3d45db2266fa7d1feebefdc63eccd1ac42ec0cb8668a4fa0ab0");
    /// s = 0.
    const S_IS_ZERO: [u8; 96] =
        hex("21b13d1e013c7fa1392d03c5f99af8b30c570c6f98d4ea8e354b63a21d3daa33bde1e888e63355d92fa2b3c36d8fb2cd\
        000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000");
    /// r and s swapped.
    const SWAPPED: [u8; 96] =
        hex("f3aa443fb107745bf4bd77cb3891674632068a10ca67e3d45db2266fa7d1feebefdc63eccd1ac42ec0cb8668a4fa0ab0\
        21b13d1e013c7fa1392d03c5f99af8b30c570c6f98d4ea8e354b63a21d3daa33bde1e888e63355d92fa2b3c36d8fb2cd");
    /// r = s = x(2G): with the digest x(2G) and the key G, u1 = u2 = 1, so that the two points to be added are equal.
    const DOUBLING: [u8; 96] =
        hex("08d999057ba3d2d969260045c55b97f089025959a6f434d651d207d19fb96e9e4fe0e86ebe0e64f85b96a9c75295df61\
        08d999057ba3d2d969260045c55b97f089025959a6f434d651d207d19fb96e9e4fe0e86ebe0e64f85b96a9c75295df61");
    /// x(2G).
    const DOUBLING_DIGEST: [u8; 48] =
        hex("08d999057ba3d2d969260045c55b97f089025959a6f434d651d207d19fb96e9e4fe0e86ebe0e64f85b96a9c75295df61");
    /// n − x(2G): now u1 = −1 and u2 = 1, and the sum is the point at infinity.
    const INFINITY_DIGEST: [u8; 48] =
        hex("f72666fa845c2d2696d9ffba3aa4680f76fda6a6590bcb29759145b0547dbf41083925438aa2428291556fa37a2f4a12");

    /// A point of small x. Over a digest of zeros r = s = x verifies under it: u1 = 0 and u2 = 1, so the sum is the key.
    const LEAST_X: [u8; 96] =
        hex("000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000002\
        8cdeadbbd04911a3c1931e26df3fa6439dca9c7eb286fbd46fc319f0e2bb780232baf57825fc0c1912ada2fefe84024c");
    /// The same with another y: an addition that does not look at y still has x as its answer.
    const LEAST_X_OFF_CURVE: [u8; 96] =
        hex("000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000002\
        8cdeadbbd04911a3c1931e26df3fa6439dca9c7eb286fbd46fc319f0e2bb780232baf57825fc0c1912ada2fefe84024d");
    /// The same with x + p.
    const LEAST_X_PLUS_P: [u8; 96] =
        hex("fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff000000000000000100000001\
        8cdeadbbd04911a3c1931e26df3fa6439dca9c7eb286fbd46fc319f0e2bb780232baf57825fc0c1912ada2fefe84024c");
    /// r = s = x.
    const X_X: [u8; 96] =
        hex("000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000002\
        000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000002");
    /// r = x + n, the same number modulo n.
    const X_PLUS_N_X: [u8; 96] =
        hex("ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52975\
        000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000002");
    /// s = x + n.
    const X_X_PLUS_N: [u8; 96] =
        hex("000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000002\
        ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52975");

    pub(super) const KEYS: &[KeyCase<96>] = &[
        ("a P-384 key", KEY, true),
        ("the P-384 base point", GENERATOR, true),
        ("the P-384 point with x = 0", X_IS_ZERO, true),
        ("a P-384 key with x = p", X_IS_P, false),
        ("a P-384 key off the curve", NOT_ON_CURVE, false),
        ("a P-384 key of zeros", [0; 96], false),
    ];

    /// A good signature, after whose key others are prepared.
    pub(super) const PREPARED_FIRST: SignatureCase<96> =
        ("P-384 by the key that was prepared first", KEY, ONE, SHA256_SIGNATURE, true);

    pub(super) const SIGNATURES: &[SignatureCase<96>; 20] = &[
        ("P-384 with SHA-256, high s", KEY, ONE, SHA256_SIGNATURE, true),
        ("P-384 with SHA-256, low s", KEY, ONE, LOW_S, true),
        ("P-384 with SHA-384", KEY, Digest::Sha384(digests::SAMPLE_384), SHA384_SIGNATURE, true),
        ("P-384, equal points added", GENERATOR, Digest::Sha384(DOUBLING_DIGEST), DOUBLING, true),
        ("P-384, a sum at infinity", GENERATOR, Digest::Sha384(INFINITY_DIGEST), DOUBLING, false),
        ("P-384 over another digest", KEY, OTHER, SHA256_SIGNATURE, false),
        ("P-384 by another key", GENERATOR, ONE, SHA256_SIGNATURE, false),
        ("P-384 by a key off the curve", NOT_ON_CURVE, ONE, SHA256_SIGNATURE, false),
        ("P-384 by a key of zeros", [0; 96], ONE, SHA256_SIGNATURE, false),
        ("P-384 with r and s swapped", KEY, ONE, SWAPPED, false),
        ("P-384 with r = 0", KEY, ONE, R_IS_ZERO, false),
        ("P-384 with s = 0", KEY, ONE, S_IS_ZERO, false),
        ("P-384 with r = s = 0", KEY, ONE, [0; 96], false),
        ("P-384 with r = n", KEY, ONE, R_IS_N, false),
        ("P-384 with s = n", KEY, ONE, S_IS_N, false),
        ("P-384, a sum that is the key", LEAST_X, Digest::Sha384([0; 48]), X_X, true),
        ("P-384, a sum that is a key off the curve", LEAST_X_OFF_CURVE, Digest::Sha384([0; 48]), X_X, false),
        ("P-384, a sum that is a key with x ≥ p", LEAST_X_PLUS_P, Digest::Sha384([0; 48]), X_X, false),
        ("P-384 with r above n", LEAST_X, Digest::Sha384([0; 48]), X_PLUS_N_X, false),
        ("P-384 with s above n", LEAST_X, Digest::Sha384([0; 48]), X_X_PLUS_N, false),
    ];
}

/// Decodes hexadecimal digits at compile time, where a mistake is a build failure.
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "evaluated at compile time only")]
const fn hex<const N: usize>(digits: &str) -> [u8; N] {
    const fn digit(digit: u8) -> u8 {
        match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => u8::MAX,
        }
    }
    let digits = digits.as_bytes();
    assert!(digits.len() == 2 * N);
    let mut octets = [0; N];
    let mut index = 0;
    while index < N {
        let (high, low) = (digit(digits[2 * index]), digit(digits[2 * index + 1]));
        assert!(high < 16 && low < 16);
        octets[index] = high << 4 | low;
        index += 1;
    }
    octets
}
