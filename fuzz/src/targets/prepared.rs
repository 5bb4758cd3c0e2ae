//! Prepared keys: the stored form against a model that knows its layout, and what a stored key verifies.

use std::sync::LazyLock;

use genuine::{
    Error,
    app_attest::{
        AppIdHash, Assertion, AssertionVerifier, AttestedKey, AuthenticAssertion, ClientDataHash, Counter, EitherKey,
        Environment, Policy, PreparedKey,
    },
    crypto::{GenuineCrypto, P256, PreparedP256, PublicKey, RustCrypto},
};
use genuine_testvectors::{Mutation, keys::sha256};
use num_bigint::BigUint;
use p256::ecdsa::VerifyingKey;

use crate::{around::DEVICE, codes};

type Prepared = PreparedKey<GenuineCrypto, PreparedP256<8>>;

/// The stored form of the device's key, and an assertion of it.
static HONEST: LazyLock<(Vec<u8>, Vec<u8>)> = LazyLock::new(|| {
    let point = PublicKey::<P256>::from_uncompressed(&DEVICE.public_key()).expect("a point");
    let app = AppIdHash(sha256(&[DEVICE.app_id().as_bytes()]));
    let key = AttestedKey::from_trusted_parts(&point, app, Environment::Production, &RustCrypto).expect("a key");
    let prepared: Prepared = PreparedKey::new(&key, &GenuineCrypto).expect("a point");
    (written(&prepared), Mutation::default().mint_assertion(&DEVICE, 1, CLIENT_DATA))
});

const CLIENT_DATA: &[u8] = b"a request";

/// What is made right about the input (1 byte) and a stored form: bit 0 says that the digest is put behind it, bit 1 that
/// the key identifier in it is computed.
///
/// It is read if and only if the model accepts it, and written as it was; with the table of the key in it, the verdict
/// about an assertion is the one without a table.
pub fn run(data: &[u8]) {
    let Some((&right, form)) = data.split_first() else { return };
    let mut form = form.to_vec();
    if right & 2 != 0 && form.len() >= 130 {
        let id = sha256(&[&[4], &form[66..130]]);
        form[34..66].copy_from_slice(&id);
    }
    if right & 1 != 0 {
        let digest = sha256(&[FORM, &form]);
        form.extend(digest);
    }
    let read = Prepared::from_trusted_bytes(&form, &GenuineCrypto);
    codes::record(&read);
    let prepared = match (read, model(&form)) {
        (Ok(prepared), Ok(())) => prepared,
        (read, model) => return assert_eq!(read.map(drop), model),
    };
    assert_eq!(written(&prepared), form);
    assert_eq!(AttestedKey::from_trusted_bytes(&form[..130], &RustCrypto).as_ref(), Ok(prepared.key()));
    let (honest, assertion) = &*HONEST;
    if form[66..642] == honest[66..642] {
        let assertion = Assertion::parse(assertion).expect("an honest one");
        let policies = [Policy::new(AppIdHash(sha256(&[DEVICE.app_id().as_bytes()])))];
        let verifier = AssertionVerifier::new(&policies, &GenuineCrypto).expect("an app");
        let says = |verdict: Result<AuthenticAssertion<'_>, Error>| {
            let proof = verdict?.accept_without_store(Counter::ATTESTED)?;
            Ok((proof.key_id(), proof.counter()))
        };
        for client_data in [CLIENT_DATA, b"another request"] {
            let client_data = ClientDataHash::new(client_data).expect("it is not empty");
            let alone = says(verifier.verify(&assertion, prepared.key(), &client_data));
            codes::record(&alone);
            assert_eq!(says(verifier.verify(&assertion, &prepared, &client_data)), alone);
            let either = [EitherKey::Plain(prepared.key()), EitherKey::Prepared(&prepared)];
            for key in either {
                assert_eq!(says(verifier.verify(&assertion, &key, &client_data)), alone);
            }
        }
    }
}

fn written(prepared: &Prepared) -> Vec<u8> {
    let mut bytes = vec![0; Prepared::ENCODED_LEN];
    prepared.write_to(&mut bytes, &GenuineCrypto).expect("the length is right");
    bytes
}

/// What the digest is made over, in front of the form.
const FORM: &[u8] = b"genuine prepared key 1";

/// Version, environment, App ID hash, identifier and point of the key (130 octets); 8 points in Montgomery form (512); digest.
fn model(form: &[u8]) -> Result<(), Error> {
    let malformed = |good: bool| good.then_some(()).ok_or(Error::StoredKeyMalformed);
    let body = form.len().checked_sub(32).map(|length| &form[..length]).ok_or(Error::StoredKeyMalformed)?;
    malformed(sha256(&[FORM, body]) == form[body.len()..] && body.len() >= 130)?;
    let (key, table) = body.split_at(130);
    malformed(key[0] == 1 && [0x5A, 0xA5].contains(&key[1]))?;
    let point = [&[4], &key[66..]].concat();
    VerifyingKey::from_sec1_bytes(&point).map_err(|_| Error::PublicKeyInvalid)?;
    malformed(sha256(&[&point]) == key[34..66])?;
    malformed(table.len() == 512 && table.chunks(64).all(is_point))
}

/// The prime of P-256, the coefficient b of the curve, and the inverse of 2^256 (SEC 2 §2.4.2).
static FIELD: LazyLock<[BigUint; 3]> = LazyLock::new(|| {
    let number = |digits: &[u8]| BigUint::parse_bytes(digits, 16).expect("hexadecimal digits");
    let prime = number(b"FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF");
    let b = number(b"5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B");
    let divisor = (BigUint::from(1_u8) << 256_u32).modinv(&prime).expect("a prime");
    [prime, b, divisor]
});

/// Whether these are x and y of a point, each times 2^256 modulo the prime, little-endian.
fn is_point(octets: &[u8]) -> bool {
    let [prime, b, divisor] = &*FIELD;
    let [x, y] = [&octets[..32], &octets[32..]].map(BigUint::from_bytes_le);
    if x >= *prime || y >= *prime {
        return false;
    }
    let (x, y) = (x * divisor % prime, y * divisor % prime);
    // y² = x³ − 3x + b
    (&y * &y + &x * 3_u8) % prime == (&x * &x * &x + b) % prime
}

/// The honest form, whole and with digest and identifier left to be made right; another environment, no table.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let (honest, _) = &*HONEST;
    let body = &honest[..642];
    let with = |right: u8, position: usize, octet: u8| {
        let mut form = body.to_vec();
        form[position] = octet;
        [&[right], &form[..]].concat()
    };
    let mut damaged = honest.clone();
    damaged[673] ^= 1;
    vec![
        [&[0], &honest[..]].concat(),
        // Another digest.
        [&[0], &damaged[..]].concat(),
        [&[3], body].concat(),
        [&[1], &body[..130]].concat(),
        // Another environment, another version, another app, another identifier, no point as key and in the table.
        with(1, 1, 0xA5),
        with(1, 0, 2),
        with(1, 2, !body[2]),
        with(1, 34, !body[34]),
        with(3, 129, !body[129]),
        with(1, 641, !body[641]),
    ]
}
