//! P-256; the key and the signatures of the RFC are those of RFC 6979 A.2.5.

use super::{
    digests::{self, ONE, OTHER},
    known::{KeyCase, KnownAnswers, SIGNATURES, SignatureCase, hex},
};
use crate::crypto::operand::{Digest, P256};

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

impl KnownAnswers for P256 {
    const KEYS: &'static [KeyCase<Self>] = &[
        ("a P-256 key", KEY, true),
        ("the P-256 base point", GENERATOR, true),
        ("the P-256 point with x = 0", X_IS_ZERO, true),
        ("a P-256 key with x = p", X_IS_P, false),
        ("a P-256 key off the curve", NOT_ON_CURVE, false),
        ("a P-256 key of zeros", [0; 64], false),
    ];

    /// A good signature, after whose key others are prepared.
    const PREPARED_FIRST: SignatureCase<Self> =
        ("P-256 by the key that was prepared first", KEY, ONE, SHA256_SIGNATURE, true);

    const SIGNATURES: &'static [SignatureCase<Self>; SIGNATURES] = &[
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
