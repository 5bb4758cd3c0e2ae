//! aws-lc-rs as a backend of `genuine`: the fastest general library, for hosts that have it anyway or want its assembly.
//!
//! aws-lc takes ECDSA signatures and RSA keys in DER, so they are encoded again; everything else is calls. It does
//! not tell why it refuses, so that a failed allocation is `Invalid` here like a bad signature.
#![forbid(unsafe_code)]

use aws_lc_rs::{
    digest::{self, Context, SHA256, SHA384},
    signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1,
        EcdsaVerificationAlgorithm, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
        VerificationAlgorithm,
    },
};
use genuine::crypto::{
    CryptoError, Digest, P256, P384, PublicKey, RsaPublicKey, Sha256, Sha384, Signature, VerifyEcdsa, VerifyRsa,
};

/// The backend.
#[derive(Clone, Copy, Debug, Default)]
pub struct AwsLc;

impl Sha256 for AwsLc {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        hash(&SHA256, parts)
    }
}

impl Sha384 for AwsLc {
    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        hash(&SHA384, parts)
    }
}

impl VerifyEcdsa<P256> for AwsLc {
    fn check_key(&self, key: &PublicKey<P256>) -> Result<(), CryptoError> {
        check(&ECDSA_P256_SHA256_ASN1, &uncompressed::<65>(&key.0))
    }

    fn verify(&self, key: &PublicKey<P256>, digest: &Digest, signature: &Signature<P256>) -> Result<(), CryptoError> {
        let algorithm = match digest {
            Digest::Sha256(_) => &ECDSA_P256_SHA256_ASN1,
            Digest::Sha384(_) => &ECDSA_P256_SHA384_ASN1,
        };
        verify_ecdsa(algorithm, &uncompressed::<65>(&key.0), digest, &signature.0)
    }
}

impl VerifyEcdsa<P384> for AwsLc {
    fn check_key(&self, key: &PublicKey<P384>) -> Result<(), CryptoError> {
        check(&ECDSA_P384_SHA384_ASN1, &uncompressed::<97>(&key.0))
    }

    fn verify(&self, key: &PublicKey<P384>, digest: &Digest, signature: &Signature<P384>) -> Result<(), CryptoError> {
        let algorithm = match digest {
            Digest::Sha256(_) => &ECDSA_P384_SHA256_ASN1,
            Digest::Sha384(_) => &ECDSA_P384_SHA384_ASN1,
        };
        verify_ecdsa(algorithm, &uncompressed::<97>(&key.0), digest, &signature.0)
    }
}

impl VerifyRsa for AwsLc {
    fn verify_rsa_pkcs1_sha256(
        &self,
        key: RsaPublicKey<'_>,
        digest: &[u8; 32],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        let (buffer, length) = rsa_public_key(key.modulus());
        verify(&RSA_PKCS1_2048_8192_SHA256, &buffer[..length], &Digest::Sha256(*digest), signature)
    }
}

#[cfg(feature = "session")]
impl genuine::crypto::HmacSha256 for AwsLc {
    fn hmac_sha256(&self, key: &[u8], parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        use aws_lc_rs::hmac::{Context, HMAC_SHA256, Key};

        let mut context = Context::with_key(&Key::new(HMAC_SHA256, key));
        for part in parts {
            context.update(part);
        }
        context.sign().as_ref().try_into().map_err(|_| CryptoError::Unavailable)
    }
}

#[cfg(feature = "play-integrity")]
impl genuine::crypto::AesKwGcm for AwsLc {
    fn unwrap_key(&self, wrapping: &[u8; 32], wrapped: &[u8; 40]) -> Result<[u8; 32], CryptoError> {
        use aws_lc_rs::key_wrap::{AES_256, KeyEncryptionKey, KeyWrap as _};

        let wrapping = KeyEncryptionKey::new(&AES_256, wrapping).map_err(|_| CryptoError::Unavailable)?;
        // It writes a block more than the key has.
        let mut room = [0; 40];
        let key = wrapping.unwrap(wrapped, &mut room).map_err(|_| CryptoError::Invalid)?;
        (&*key).try_into().map_err(|_| CryptoError::Invalid)
    }

    fn open_in_place(
        &self,
        key: &[u8; 32],
        iv: &[u8; 12],
        additional: &[u8],
        text: &mut [u8],
        tag: &[u8; 16],
    ) -> Result<(), CryptoError> {
        use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

        let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| CryptoError::Unavailable)?;
        LessSafeKey::new(key)
            .open_in_place_separate_tag(Nonce::assume_unique_for_key(*iv), Aad::from(additional), tag, text)
            .map(drop)
            .map_err(|_| CryptoError::Invalid)
    }
}

fn hash<const N: usize>(algorithm: &'static digest::Algorithm, parts: &[&[u8]]) -> Result<[u8; N], CryptoError> {
    let mut context = Context::new(algorithm);
    for part in parts {
        context.update(part);
    }
    context.finish().as_ref().try_into().map_err(|_| CryptoError::Unavailable)
}

/// Parsing a key includes the check that it is a point.
fn check(algorithm: &'static EcdsaVerificationAlgorithm, point: &[u8]) -> Result<(), CryptoError> {
    ParsedPublicKey::new(algorithm, point).map(drop).map_err(|_| CryptoError::Invalid)
}

fn verify_ecdsa(
    algorithm: &'static EcdsaVerificationAlgorithm,
    point: &[u8],
    digest: &Digest,
    signature: &[u8],
) -> Result<(), CryptoError> {
    let (buffer, length) = sig_value(signature);
    verify(algorithm, point, digest, &buffer[..length])
}

fn verify(
    algorithm: &'static dyn VerificationAlgorithm,
    key: &[u8],
    digest: &Digest,
    signature: &[u8],
) -> Result<(), CryptoError> {
    let hash = match digest {
        Digest::Sha256(_) => &SHA256,
        Digest::Sha384(_) => &SHA384,
    };
    let digest = digest::Digest::import_less_safe(digest.as_bytes(), hash).map_err(|_| CryptoError::Unavailable)?;
    UnparsedPublicKey::new(algorithm, key).verify_digest(&digest, signature).map_err(|_| CryptoError::Invalid)
}

/// `04 ‖ X ‖ Y`.
fn uncompressed<const N: usize>(coordinates: &[u8]) -> [u8; N] {
    let mut point = [0x04; N];
    point[1..].copy_from_slice(coordinates);
    point
}

/// The longest `RSAPublicKey`: a modulus of 1 + 512 octets and an exponent of 3, under headers of 4 and 2, under another.
const RSA_PUBLIC_KEY: usize = 4 + (4 + 1 + 512) + (2 + 3);

/// The DER of a modulus, of at least 256 octets with the top bit set, and the exponent 65537.
fn rsa_public_key(modulus: &[u8]) -> ([u8; RSA_PUBLIC_KEY], usize) {
    const EXPONENT: [u8; 5] = [0x02, 3, 1, 0, 1];
    let [high, low] = length_octets(1 + modulus.len());
    let [outer_high, outer_low] = length_octets(4 + 1 + modulus.len() + EXPONENT.len());
    let header = [0x30, 0x82, outer_high, outer_low, 0x02, 0x82, high, low, 0];
    let mut buffer = [0; RSA_PUBLIC_KEY];
    let mut length = 0;
    for part in [&header[..], modulus, &EXPONENT] {
        buffer[length..length + part.len()].copy_from_slice(part);
        length += part.len();
    }
    (buffer, length)
}

/// A length in the long form of two octets, without their number.
fn length_octets(length: usize) -> [u8; 2] {
    u16::try_from(length).expect("at most 522").to_be_bytes()
}

/// The longest `ECDSA-Sig-Value` of P-384: two numbers of 1 + 48 octets, each under a header of two, under another.
const SIG_VALUE: usize = 2 + 2 * (2 + 1 + 48);

/// The DER of r ‖ s: aws-lc verifies that form, and its own conversion allocates.
fn sig_value(signature: &[u8]) -> ([u8; SIG_VALUE], usize) {
    let mut buffer = [0; SIG_VALUE];
    let mut length = 2;
    for number in signature.chunks_exact(signature.len() / 2) {
        // As many leading zeros as leave one octet, and one again where the number would be negative without.
        let zeros = number.iter().take(number.len() - 1).take_while(|octet| **octet == 0).count();
        let significant = &number[zeros..];
        let padding = usize::from(significant[0] >= 0x80);
        buffer[length] = 0x02;
        buffer[length + 1] = octet(padding + significant.len());
        length += 2 + padding;
        buffer[length..length + significant.len()].copy_from_slice(significant);
        length += significant.len();
    }
    buffer[0] = 0x30;
    buffer[1] = octet(length - 2);
    (buffer, length)
}

/// A length in the short form.
fn octet(length: usize) -> u8 {
    u8::try_from(length).expect("at most 102")
}
