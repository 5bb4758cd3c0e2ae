//! Digests: examples of FIPS 180-4, and what is long or in parts.

use super::known::hex;
use crate::crypto::operand::Digest;

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

/// What most signatures are of.
pub(super) const ONE: Digest = Digest::Sha256(SAMPLE_256);
pub(super) const OTHER: Digest = Digest::Sha256(ABC_256);
