//! HMAC with SHA-256: the cases of RFC 4231 §4, and keys at the edge of a block.

use super::known::hex;

type Case = (&'static str, &'static [u8], &'static [&'static [u8]], [u8; 32]);

/// The key of RFC 4231 §4.7 and §4.8: longer than a block, so that it is hashed first.
const LONG_KEY: &[u8] = &[0xAA; 131];

pub(super) const HMAC_SHA256: &[Case] = &[
    (
        "HMAC, RFC 4231 case 1",
        &[0x0B; 20],
        &[b"Hi There"],
        hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    ),
    (
        "HMAC, a key shorter than the code",
        b"Jefe",
        &[b"what do ya want ", b"", b"for nothing?"],
        hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
    ),
    (
        "HMAC, RFC 4231 case 3",
        &[0xAA; 20],
        &[&[0xDD; 50]],
        hex("773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    ),
    (
        "HMAC, RFC 4231 case 4",
        &hex::<25>("0102030405060708090a0b0c0d0e0f10111213141516171819"),
        &[&[0xCD; 50]],
        hex("82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
    ),
    (
        "HMAC, a key longer than a block",
        LONG_KEY,
        &[b"Test Using Larger Than Block-Size Key - Hash Key First"],
        hex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
    ),
    (
        "HMAC, key and text longer than a block",
        LONG_KEY,
        &[
            b"This is a test using a larger than block-size key and a larger than block-size data. ",
            b"The key needs to be hashed before being used by the HMAC algorithm.",
        ],
        hex("9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
    ),
    // The three below by another implementation than any backend here: `hmac` of Python 3.
    (
        "HMAC, a key of one block",
        &[0xAA; 64],
        &[b"sample"],
        hex("d05599fce930a22050819e0604524d63d0c80dc361cc0be1a66e9e4ce4063dad"),
    ),
    (
        "HMAC, a key of one block and an octet",
        &[0xAA; 65],
        &[b"sa", b"mple"],
        hex("b6ceea14dd8edee3b1ac8ef28ed9fffaca323ac7e0937a067e884cb76edf310f"),
    ),
    ("HMAC of nothing", &[0x0B; 20], &[], hex("999a901219f032cd497cadb5e6051e97b6a29ab297bd6ae722bd6062a2f59542")),
];
