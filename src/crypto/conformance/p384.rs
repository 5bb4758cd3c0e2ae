//! P-384; the key and the signatures of the RFC are those of RFC 6979 A.2.6.

use super::{
    digests::{self, ONE, OTHER},
    known::{KeyCase, KnownAnswers, SIGNATURES, SignatureCase, hex},
};
use crate::crypto::operand::{Digest, P384};

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

impl KnownAnswers for P384 {
    const KEYS: &'static [KeyCase<Self>] = &[
        ("a P-384 key", KEY, true),
        ("the P-384 base point", GENERATOR, true),
        ("the P-384 point with x = 0", X_IS_ZERO, true),
        ("a P-384 key with x = p", X_IS_P, false),
        ("a P-384 key off the curve", NOT_ON_CURVE, false),
        ("a P-384 key of zeros", [0; 96], false),
    ];

    /// A good signature, after whose key others are prepared.
    const PREPARED_FIRST: SignatureCase<Self> =
        ("P-384 by the key that was prepared first", KEY, ONE, SHA256_SIGNATURE, true);

    const SIGNATURES: &'static [SignatureCase<Self>; SIGNATURES] = &[
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
