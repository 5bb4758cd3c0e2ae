//! Contenders for bare RSA verification: PKCS #1 v1.5 with SHA-256, as in chains of Android key attestation.
//!
//! Every iteration starts from the modulus, or the `RSAPublicKey` in DER where a library takes that, unless the contender's name says
//! that it keeps the parsed key. Where a library takes no digest, it gets the message, of 32 bytes.

use aws_lc_rs::{
    digest::{Digest, SHA256},
    signature as aws,
};
use genuine::crypto::{GenuineCrypto, RsaPublicKey, VerifyRsa as _};
use genuine_testvectors::{keys::sha256, rsa::PrivateKey};
use graviola::signing::rsa as by_graviola;
use openssl::{
    bn::BigNum,
    pkey::PKey,
    pkey_ctx::PkeyCtx,
    rsa::{Padding, Rsa},
};
use ring::signature as ring;
use rsa::{BoxedUint, Pkcs1v15Sign, PublicKey};
use sha2::Sha256;

use crate::{
    ecdsa::AWS_LC,
    measure::{Cases, Contender, Side},
    ours::GENUINE_CRYPTO,
};

/// How many signatures there are, all by one key.
const SIGNATURES: u32 = 16;

/// A signature over a message of 32 bytes.
struct Signed {
    modulus: Vec<u8>,
    /// `RSAPublicKey`.
    key: Vec<u8>,
    message: [u8; 32],
    digest: [u8; 32],
    signature: Vec<u8>,
}

/// All of them, size by size.
pub(crate) fn contenders() -> Vec<Contender> {
    [("RSA-2048, SHA-256", 2048), ("RSA-3072, SHA-256", 3072), ("RSA-4096, SHA-256", 4096)]
        .into_iter()
        .flat_map(|(operation, bits)| of_size(operation, signatures(bits).leak()))
        .collect()
}

fn signatures(bits: usize) -> Cases<Signed> {
    let private = PrivateKey::of_bits(bits);
    let (modulus, key) = (private.modulus(), private.public_key_der());
    let sign = |number: u32| {
        let message = sha256(&[&number.to_be_bytes()]);
        let digest = sha256(&[&message]);
        let signature = private.sign_digest(&digest);
        Signed { modulus: modulus.clone(), key: key.clone(), message, digest, signature }
    };
    let mut altered = sign(SIGNATURES);
    *altered.signature.last_mut().expect("a signature") ^= 1;
    Cases { good: (0..SIGNATURES).map(sign).collect(), altered: vec![altered] }
}

fn of_size(operation: &'static str, cases: &'static Cases<Signed>) -> Vec<Contender> {
    let rival = |name: &str, accepts: Box<dyn FnMut(&Signed) -> bool>| {
        Contender::new(operation, name, Side::Rival, cases, accepts)
    };
    let first = &cases.good[0];
    let parsed_by_aws = aws::ParsedPublicKey::new(&aws::RSA_PKCS1_2048_8192_SHA256, &first.key).expect("a key");
    let parsed_by_rsa = rust_crypto_key(&first.modulus);
    let parsed_by_openssl = openssl_key(&first.modulus);
    let ours = Contender::new(operation, GENUINE_CRYPTO, Side::Ours, cases, |signed| {
        let key = RsaPublicKey::new(&signed.modulus).expect("a key");
        GenuineCrypto.verify_rsa_pkcs1_sha256(key, &signed.digest, &signed.signature).is_ok()
    });
    let mut contenders = vec![
        ours,
        rival(
            AWS_LC,
            Box::new(|signed| {
                let key = aws::UnparsedPublicKey::new(&aws::RSA_PKCS1_2048_8192_SHA256, &signed.key);
                key.verify_digest(&imported(signed), &signed.signature).is_ok()
            }),
        )
        .into_reference(),
        rival(
            "aws-lc-rs, parsed key",
            Box::new(move |signed| parsed_by_aws.verify_digest_sig(&imported(signed), &signed.signature).is_ok()),
        ),
        rival(
            "ring",
            Box::new(|signed| {
                let key = ring::UnparsedPublicKey::new(&ring::RSA_PKCS1_2048_8192_SHA256, &signed.key);
                key.verify(&signed.message, &signed.signature).is_ok()
            }),
        ),
        rival("OpenSSL", Box::new(|signed| by_openssl(&openssl_key(&signed.modulus), signed))),
        rival("OpenSSL, parsed key", Box::new(move |signed| by_openssl(&parsed_by_openssl, signed))),
        rival("rsa", Box::new(|signed| by_rust_crypto(&rust_crypto_key(&signed.modulus), signed))),
        rival("rsa, parsed key", Box::new(move |signed| by_rust_crypto(&parsed_by_rsa, signed))),
    ];
    if graviola::util::is_cpu_supported() {
        let key = |der: &[u8]| by_graviola::VerifyingKey::from_pkcs1_der(der).expect("a key");
        let verify = |key: &by_graviola::VerifyingKey, signed: &Signed| {
            key.verify_pkcs1_sha256(&signed.signature, &signed.message).is_ok()
        };
        let parsed = key(&first.key);
        contenders.push(rival("graviola", Box::new(move |signed| verify(&key(&signed.key), signed))));
        contenders.push(rival("graviola, parsed key", Box::new(move |signed| verify(&parsed, signed))));
    } else {
        contenders.push(Contender::absent(operation, "graviola", Side::Rival, "does not support this processor"));
    }
    contenders
}

fn imported(signed: &Signed) -> Digest {
    Digest::import_less_safe(&signed.digest, &SHA256).expect("a digest of that length")
}

fn rust_crypto_key(modulus: &[u8]) -> PublicKey {
    PublicKey::new(BoxedUint::from_be_slice_vartime(modulus), BoxedUint::from(65537_u64)).expect("a key")
}

fn by_rust_crypto(key: &PublicKey, signed: &Signed) -> bool {
    key.verify(Pkcs1v15Sign::new::<Sha256>(), &signed.digest, &signed.signature).is_ok()
}

fn openssl_key(modulus: &[u8]) -> PKey<openssl::pkey::Public> {
    let number = |octets: &[u8]| BigNum::from_slice(octets).expect("memory");
    let key = Rsa::from_public_components(number(modulus), number(&[1, 0, 1])).and_then(PKey::from_rsa);
    key.expect("a key")
}

fn by_openssl(key: &PKey<openssl::pkey::Public>, signed: &Signed) -> bool {
    let verify = || {
        let mut context = PkeyCtx::new(key)?;
        context.verify_init()?;
        context.set_rsa_padding(Padding::PKCS1)?;
        context.set_signature_md(openssl::md::Md::sha256())?;
        context.verify(&signed.digest, &signed.signature)
    };
    // A bad signature is an error to some versions.
    verify().unwrap_or(false)
}
