//! RSA: one verdict of the engine's backend, of textbook arithmetic, of the crate `rsa`, and with the feature `c-oracles` of aws-lc-rs
//! and ring; and keys in DER as the crate der reads them.

use std::{cell::RefCell, collections::HashMap, sync::LazyLock};

use der::{Decode as _, Reader as _, SliceReader, asn1::UintRef};
use genuine::{
    Error,
    crypto::{CryptoError, GenuineCrypto, RsaPublicKey, VerifyRsa as _},
};
use genuine_crypto_ifma::Ifma;
use genuine_testvectors::{
    der::Der,
    keys::sha256,
    rsa::{PrivateKey, plus_modulus},
};
use num_bigint::BigUint;
use rsa::{BoxedUint, Pkcs1v15Sign};
use sha2::Sha256;

use crate::codes;

static KEYS: LazyLock<[PrivateKey; 3]> = LazyLock::new(|| [2048, 3072, 4096].map(PrivateKey::of_bits));

/// The first octet of an input that is a key in DER.
const DER: u8 = 0xFF;

/// Octets of an edit.
const EDIT: usize = 4;

/// What an honest signer makes, and what the edits make of it.
#[derive(Clone)]
struct Signed {
    modulus: Vec<u8>,
    text: Vec<u8>,
    signature: Vec<u8>,
}

/// Size of the key (1 byte), text (1), then edits of 4 bytes each: what (2 bits) and how (2 bits), where (2 bytes), an octet. What is
/// changed is the modulus and the text that the signature is verified with, the encoded message before it is signed, or the signature.
/// Or [`DER`], and a key.
///
/// All give one verdict, and the honest signature has a good one.
pub fn run(data: &[u8]) {
    let Some((&[size, text], edits)) = data.split_first_chunk() else { return };
    if size == DER {
        return key(&data[1..]);
    }
    let index = usize::from(size) % KEYS.len();
    let private = &KEYS[index];
    let honest = honest(index, text);
    let mut signed = honest.clone();
    let encoded = private.encoded(&sha256(&[&signed.text]));
    let mut other = encoded.clone();
    let (of_signature, before): (Vec<_>, Vec<_>) = edits.chunks_exact(EDIT).partition(|edit| edit[0] & 3 == 3);
    for edit in before {
        let octets = match edit[0] & 3 {
            0 => &mut signed.modulus,
            1 => &mut signed.text,
            _ => &mut other,
        };
        change(octets, edit);
    }
    // What is no message of this key is not signed.
    if encoded != other && BigUint::from_bytes_be(&other) < BigUint::from_bytes_be(&honest.modulus) {
        signed.signature = private.sign_encoded(&other);
    }
    for edit in of_signature {
        change(&mut signed.signature, edit);
    }
    let Some(verdict) = verdict(&signed) else { return };
    codes::record(&verdict.then_some(()).ok_or(Error::SignatureInvalid));
    if (&signed.modulus, &signed.text, &signed.signature) == (&honest.modulus, &honest.text, &honest.signature) {
        assert!(verdict, "an honest signature");
    } else if signed.modulus == honest.modulus && signed.text == honest.text {
        // To one digest there is one signature by a key.
        assert!(!verdict, "another signature");
    }
}

/// One edit: an octet combined by exclusive or, set, inserted or removed.
fn change(octets: &mut Vec<u8>, edit: &[u8]) {
    let at = usize::from(u16::from_be_bytes([edit[1], edit[2]])) % (octets.len() + 1);
    match ((edit[0] >> 2) & 3, octets.get_mut(at)) {
        (0, Some(octet)) => *octet ^= edit[3],
        (1, Some(octet)) => *octet = edit[3],
        (3, Some(_)) => drop(octets.remove(at)),
        _ => octets.insert(at, edit[3]),
    }
}

/// A text of one byte, signed; made once each.
fn honest(index: usize, text: u8) -> Signed {
    thread_local! {
        static MADE: RefCell<HashMap<(usize, u8), Signed>> = RefCell::default();
    }
    let make = || {
        let private = &KEYS[index];
        let signature = private.sign_digest(&sha256(&[&[text]]));
        Signed { modulus: private.modulus(), text: vec![text], signature }
    };
    MADE.with_borrow_mut(|made| made.entry((index, text)).or_insert_with(make).clone())
}

/// Whether a number is a modulus of the three sizes, odd, with its top bit set.
fn is_modulus(modulus: &[u8]) -> bool {
    let number = BigUint::from_bytes_be(modulus);
    [2048, 3072, 4096].contains(&number.bits()) && number.bits() == 8 * modulus.len() as u64 && number.bit(0)
}

/// The verdict of all; `None` if there is no key.
fn verdict(Signed { modulus, text, signature }: &Signed) -> Option<bool> {
    let key = RsaPublicKey::new(modulus);
    assert_eq!(key.is_some(), is_modulus(modulus), "the key");
    let key = key?;
    let digest = sha256(&[text]);
    let ours = is_ok(GenuineCrypto.verify_rsa_pkcs1_sha256(key, &digest, signature));
    if let Some(lanes) = Ifma::detect() {
        assert_eq!(is_ok(lanes.verify_rsa_pkcs1_sha256(key, &digest, signature)), ours, "beside the lanes");
    }
    assert_eq!(textbook(modulus, &digest, signature), ours, "the textbook");
    let n = BoxedUint::from_be_slice_vartime(modulus);
    let by_rsa = rsa::PublicKey::new(n, BoxedUint::from(65537_u64)).expect("a modulus");
    let by_rsa = by_rsa.verify(Pkcs1v15Sign::new::<Sha256>(), &digest, signature).is_ok();
    assert_eq!(by_rsa, ours, "rsa");
    #[cfg(feature = "c-oracles")]
    c_oracles::agree(modulus, text, signature, ours);
    Some(ours)
}

fn is_ok(answer: Result<(), CryptoError>) -> bool {
    assert_ne!(answer, Err(CryptoError::Unavailable));
    answer.is_ok()
}

/// RFC 8017 §8.2.2, word by word.
fn textbook(modulus: &[u8], digest: &[u8; 32], signature: &[u8]) -> bool {
    const INFO: [u8; 19] = *b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
    let (n, s) = (BigUint::from_bytes_be(modulus), BigUint::from_bytes_be(signature));
    if signature.len() != modulus.len() || s >= n {
        return false;
    }
    let padding = vec![0xFF; modulus.len() - 3 - INFO.len() - digest.len()];
    let expected = [&[0, 1], &*padding, &[0], &INFO, digest].concat();
    s.modpow(&BigUint::from(65537_u32), &n) == BigUint::from_bytes_be(&expected)
}

/// A key in DER: read ⇔ the crate der reads two numbers and nothing else, the second is 65537 and the first a modulus.
fn key(data: &[u8]) {
    let ours = RsaPublicKey::from_der(data).map(|key| key.modulus().to_vec());
    codes::record(&ours.as_ref().map(|_| ()).ok_or(Error::SignatureInvalid));
    let read = || {
        let mut reader = SliceReader::new(data).ok()?;
        let [n, e] =
            reader.sequence(|inner| der::Result::Ok([UintRef::decode(inner)?, UintRef::decode(inner)?])).ok()?;
        reader.finish().ok()?;
        (e.as_bytes() == [1, 0, 1] && is_modulus(n.as_bytes())).then(|| n.as_bytes().to_vec())
    };
    assert_eq!(ours, read(), "a key in DER");
}

/// Each size as it is, with what an implementation may forget, and keys.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    /// What an edit changes, as its lowest bits say.
    #[derive(Clone, Copy)]
    enum Part {
        Modulus,
        Text,
        Encoded,
        Signature,
    }
    fn edit(part: Part, how: u8, at: usize, octet: u8) -> [u8; EDIT] {
        let [high, low] = u16::try_from(at).expect("a place").to_be_bytes();
        [part as u8 | how << 2, high, low, octet]
    }
    let mut seeds = Vec::new();
    for (size, private) in (0_u8..).zip(KEYS.iter()) {
        let length = private.modulus().len();
        // Where the DigestInfo begins.
        let info = length - 51;
        let lacks_null = [info + 15, info + 15].map(|at| edit(Part::Encoded, 3, at, 0));
        let lengths = [(info + 1, 0x2F), (info + 3, 0x0B)].map(|(at, octet)| edit(Part::Encoded, 1, at, octet));
        let filled = [edit(Part::Encoded, 2, 2, 0xFF), edit(Part::Encoded, 2, 2, 0xFF)];
        let edits: Vec<Vec<[u8; EDIT]>> = vec![
            vec![],
            vec![edit(Part::Text, 0, 0, 1)],
            vec![edit(Part::Signature, 0, length - 1, 1)],
            vec![edit(Part::Signature, 2, 0, 0)],
            vec![edit(Part::Signature, 3, 0, 0)],
            vec![edit(Part::Modulus, 0, length / 2, 1)],
            vec![edit(Part::Modulus, 0, length - 1, 1)],
            vec![edit(Part::Modulus, 1, 0, 0x7F)],
            vec![edit(Part::Modulus, 3, 0, 0)],
            vec![edit(Part::Encoded, 1, 0, 1)],
            vec![edit(Part::Encoded, 1, 1, 2)],
            vec![edit(Part::Encoded, 1, length / 2, 0xFE)],
            vec![edit(Part::Encoded, 1, info - 1, 0xFF)],
            vec![edit(Part::Encoded, 1, info + 14, 2)],
            // Shorter by an octet, with a zero in front; and with one behind the digest.
            vec![edit(Part::Encoded, 3, 2, 0), edit(Part::Encoded, 2, 0, 0)],
            vec![edit(Part::Encoded, 3, 2, 0), edit(Part::Encoded, 2, length - 1, 0)],
            [&lengths[..], &lacks_null, &filled].concat(),
            // Twice the same, which is none.
            vec![edit(Part::Encoded, 0, 40, 1), edit(Part::Encoded, 0, 40, 1)],
        ];
        seeds.extend(edits.into_iter().map(|edits| [&[size, 7], edits.as_flattened()].concat()));
        // The signature with n added, if there is one of so many octets: every octet is set.
        let wrapped = (0..=u8::MAX).find_map(|text| {
            let honest = honest(usize::from(size), text);
            Some((text, plus_modulus(&honest.signature, &honest.modulus)?))
        });
        if let Some((text, signature)) = wrapped.filter(|_| size == 0) {
            let edits = (0..).zip(&signature).map(|(at, octet)| edit(Part::Signature, 1, at, *octet));
            seeds.push([&[size, text], edits.collect::<Vec<_>>().as_flattened()].concat());
        }
        let der = |modulus: &[u8], exponent: &[u8]| {
            [&[DER], &*Der::sequence(vec![Der::integer(modulus), Der::integer(exponent)]).encode()].concat()
        };
        let modulus = private.modulus();
        seeds.push(der(&modulus, &[1, 0, 1]));
        if size == 0 {
            seeds.push(der(&modulus, &[3]));
            seeds.push(der(&modulus[1..], &[1, 0, 1]));
            seeds.push([der(&modulus, &[1, 0, 1]), vec![0]].concat());
        }
    }
    seeds
}

/// Two libraries whose arithmetic is C and assembly.
#[cfg(feature = "c-oracles")]
mod c_oracles {
    use aws_lc_rs::signature as aws;
    use genuine_testvectors::der::Der;
    use ring::signature as ring;

    /// Panics unless both say the same.
    pub(super) fn agree(modulus: &[u8], text: &[u8], signature: &[u8], verdict: bool) {
        let key = Der::sequence(vec![Der::integer(modulus), Der::integer(&[1, 0, 1])]).encode();
        let of_aws = aws::UnparsedPublicKey::new(&aws::RSA_PKCS1_2048_8192_SHA256, &key).verify(text, signature);
        let of_ring = ring::UnparsedPublicKey::new(&ring::RSA_PKCS1_2048_8192_SHA256, &key).verify(text, signature);
        assert_eq!([of_aws.is_ok(), of_ring.is_ok()], [verdict; 2], "aws-lc-rs and ring");
    }
}
