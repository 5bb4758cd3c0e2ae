//! Sessions without the engine: keys, codes, and tokens as the RFCs have them.

pub(crate) mod jwk;
pub(crate) mod token;
pub(crate) mod uri;

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use genuine_testvectors::keys::sha256;
use p256::ecdsa::{Signature, SigningKey, signature::hazmat::PrehashSigner as _};

/// The time of what is honest.
pub(crate) const NOW: u64 = 1_800_000_000;
pub(crate) const ISSUER: &str = "https://attest.example";
pub(crate) const AUDIENCE: &str = "https://api.example";

/// Two secrets that the verifier has, and one that it has not.
pub(crate) const SECRETS: [[u8; 32]; 3] = [[0x61; 32], [0x62; 32], [0x63; 32]];

/// The key of the server, that of a device, and one that nobody knows.
pub(crate) static SIGNERS: LazyLock<[SigningKey; 3]> =
    LazyLock::new(|| [7, 9, 11].map(|octet| SigningKey::from_slice(&[octet; 32]).expect("a scalar")));

/// X ‖ Y of one of the [`SIGNERS`].
pub(crate) fn public(signer: usize) -> [u8; 64] {
    let point = SIGNERS[signer].verifying_key().to_sec1_point(false);
    point.as_bytes()[1..].try_into().expect("two coordinates")
}

pub(crate) fn sign(signer: usize, text: &[u8]) -> Signature {
    SIGNERS[signer].sign_prehash(&sha256(&[text])).expect("a digest")
}

/// HMAC-SHA256 as RFC 2104 §2 defines it, by a key of a block at most.
pub(crate) fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let inner = sha256(&[&block.map(|octet| octet ^ 0x36), text]);
    sha256(&[&block.map(|octet| octet ^ 0x5C), &inner])
}

pub(crate) fn encode(octets: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

pub(crate) fn decode(text: impl AsRef<[u8]>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// 43 characters of base64url.
pub(crate) fn decode_32(text: &str) -> Option<[u8; 32]> {
    decode(text)?.try_into().ok()
}
