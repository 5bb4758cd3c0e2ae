//! Contenders for bare ECDSA with our two backends, called as the engine calls them: through its traits, with X ‖ Y,
//! a digest and r ‖ s. And what preparing a key costs, and loading one that was stored prepared.

use std::{array, hint::black_box};

use genuine::{
    app_attest::{AppIdHash, AttestedKey, Environment, PreparedKey},
    crypto::{
        BatchEcdsa, CryptoError, Curve, Digest, GenuineCrypto, Item, Key, P256, P384, PrepareEcdsa, PreparedP256,
        PreparedP384, PublicKey, Signature, Unprepared, VerifyEcdsa,
    },
};
use genuine_crypto_ifma::Ifma;
use genuine_testvectors::keys::{Hash, Signer};

use crate::{
    measure::{Cases, Contender, Side},
    multi_buffer::LANES,
    objects::{Signed, signatures},
};

/// Preparing keys.
pub(crate) const PREPARE_P256: &str = "prepare a P-256 key";
/// Preparing issuers.
pub(crate) const PREPARE_P384: &str = "prepare a P-384 key";
/// Reading prepared keys that were stored.
pub(crate) const LOAD_P256: &str = "load a stored prepared P-256 key";

/// `GenuineCrypto` with a key that is not prepared.
pub(crate) const GENUINE_CRYPTO: &str = "genuine, GenuineCrypto";
/// `GenuineCrypto` with several signatures.
pub(crate) const BATCH: &str = "genuine, GenuineCrypto, batch";

/// Why there are no lanes.
pub(crate) const NO_LANES: &str = "does not support this processor: no AVX-512 IFMA";
/// Eight signatures in eight lanes.
pub(crate) const LANES_BATCH: &str = "genuine, lanes";

/// How many keys are prepared in turn.
const KEYS: usize = 64;

/// `GenuineCrypto` with a key that was prepared in a table of so many bytes.
pub(crate) fn prepared(table: usize) -> String {
    format!("genuine, prepared {}", size(table))
}

/// `GenuineCrypto` with several signatures by keys that were prepared.
pub(crate) fn batch_prepared(table: usize) -> String {
    format!("{BATCH}, prepared {}", size(table))
}

/// In lanes, with keys that were prepared: several signatures in a lane each, or one over all of them.
pub(crate) fn lanes_prepared(table: usize) -> String {
    format!("{LANES_BATCH}, prepared {}", size(table))
}

/// A size in words.
pub(crate) fn size(bytes: usize) -> String {
    if bytes < 1024 { format!("{bytes} B") } else { format!("{} KB", bytes / 1024) }
}

/// What a backend is asked.
struct Operands<C: Curve> {
    key: PublicKey<C>,
    digest: Digest,
    signature: Signature<C>,
}

fn operands<C: Curve>(signed: &Signed) -> Operands<C> {
    let octets = signed.digest.as_slice();
    let digest = octets.try_into().map(Digest::Sha256).or_else(|_| octets.try_into().map(Digest::Sha384));
    let mut signature = Signature::<C>(C::ZEROS);
    signature.0.as_mut().copy_from_slice(&signed.fixed);
    Operands {
        key: PublicKey::from_uncompressed(&signed.point).expect("a point"),
        digest: digest.expect("32 or 48 octets"),
        signature,
    }
}

/// One signature by a P-256 key after the other.
pub(crate) fn singles_p256(operation: &'static str, signed: &Cases<Signed>) -> Vec<Contender> {
    let cases = signed.map(operands).leak();
    let plain = Contender::new(operation, GENUINE_CRYPTO, Side::Ours, cases, |case| {
        GenuineCrypto.verify(&case.key, &case.digest, &case.signature).is_ok()
    });
    let mut contenders = vec![
        plain,
        single_p256::<8, _>(operation, &prepared, cases, GenuineCrypto),
        single_p256::<32, _>(operation, &prepared, cases, GenuineCrypto),
        single_p256::<128, _>(operation, &prepared, cases, GenuineCrypto),
        single_p256::<512, _>(operation, &prepared, cases, GenuineCrypto),
    ];
    match Ifma::detect() {
        Some(crypto) => contenders.extend([
            single_p256::<128, _>(operation, &lanes_prepared, cases, crypto),
            single_p256::<512, _>(operation, &lanes_prepared, cases, crypto),
        ]),
        None => contenders.push(Contender::absent(operation, &lanes_prepared(8 << 10), Side::Ours, NO_LANES)),
    }
    contenders
}

fn single_p256<const POINTS: usize, C: PrepareEcdsa<P256, PreparedP256<POINTS>> + 'static>(
    operation: &'static str,
    name: &dyn Fn(usize) -> String,
    cases: &'static Cases<Operands<P256>>,
    crypto: C,
) -> Contender {
    let key = crypto.prepare(&cases.good[0].key).expect("a point");
    Contender::new(operation, &name(size_of_val(&key)), Side::Ours, cases, move |case| {
        crypto.verify_prepared(&key, &case.digest, &case.signature).is_ok()
    })
}

/// One signature by a P-384 key after the other.
pub(crate) fn singles_p384(operation: &'static str, signed: &Cases<Signed>) -> Vec<Contender> {
    fn of<const POINTS: usize>(operation: &'static str, cases: &'static Cases<Operands<P384>>) -> Contender {
        let key: PreparedP384<POINTS> = GenuineCrypto.prepare(&cases.good[0].key).expect("a point");
        Contender::new(operation, &prepared(size_of_val(&key)), Side::Ours, cases, move |case| {
            GenuineCrypto.verify_prepared(&key, &case.digest, &case.signature).is_ok()
        })
    }
    let cases = signed.map(operands).leak();
    let plain = Contender::new(operation, GENUINE_CRYPTO, Side::Ours, cases, |case| {
        GenuineCrypto.verify(&case.key, &case.digest, &case.signature).is_ok()
    });
    let sizes = [of::<8>, of::<32>, of::<128>, of::<512>];
    [plain].into_iter().chain(sizes.map(|of| of(operation, cases))).collect()
}

/// Eight signatures at a time, each by another P-384 key. Nothing is shared.
pub(crate) fn one_by_one_p384(operation: &'static str, signed: &Cases<[Signed; LANES]>) -> Vec<Contender> {
    let cases = signed.map(|batch| batch.each_ref().map(operands::<P384>)).leak();
    let name = format!("{GENUINE_CRYPTO}, one by one");
    vec![Contender::new(operation, &name, Side::Ours, cases, |batch| {
        batch.iter().all(|case| GenuineCrypto.verify(&case.key, &case.digest, &case.signature).is_ok())
    })]
}

/// Eight signatures at a time, each by another P-256 key.
pub(crate) fn batches_p256(operation: &'static str, signed: &Cases<[Signed; LANES]>) -> Vec<Contender> {
    let cases = signed.map(|batch| batch.each_ref().map(operands)).leak();
    let mut contenders = vec![
        batch_plain(operation, BATCH, cases, GenuineCrypto),
        batch_of_prepared::<32, _>(operation, &batch_prepared, cases, GenuineCrypto),
        batch_of_prepared::<128, _>(operation, &batch_prepared, cases, GenuineCrypto),
    ];
    match Ifma::detect() {
        Some(crypto) => contenders.extend([
            batch_plain(operation, LANES_BATCH, cases, crypto),
            batch_of_prepared::<32, _>(operation, &lanes_prepared, cases, crypto),
            batch_of_prepared::<128, _>(operation, &lanes_prepared, cases, crypto),
        ]),
        None => contenders.push(Contender::absent(operation, LANES_BATCH, Side::Ours, NO_LANES)),
    }
    contenders
}

fn batch_plain<C: BatchEcdsa<P256, Unprepared> + 'static>(
    operation: &'static str,
    name: &str,
    cases: &'static Cases<[Operands<P256>; LANES]>,
    crypto: C,
) -> Contender {
    Contender::new(operation, name, Side::Ours, cases, move |batch| {
        verify_batch(&crypto, batch, |lane| Key::Plain(&batch[lane].key))
    })
}

fn batch_of_prepared<const POINTS: usize, C>(
    operation: &'static str,
    name: &dyn Fn(usize) -> String,
    cases: &'static Cases<[Operands<P256>; LANES]>,
    crypto: C,
) -> Contender
where
    C: BatchEcdsa<P256, PreparedP256<POINTS>> + PrepareEcdsa<P256, PreparedP256<POINTS>> + 'static,
{
    let keys = cases.good[0].each_ref().map(|case| crypto.prepare(&case.key).expect("a point"));
    Contender::new(operation, &name(size_of_val(&keys[0])), Side::Ours, cases, move |batch| {
        verify_batch(&crypto, batch, |lane| Key::Prepared(&keys[lane]))
    })
}

/// Whether all of a batch are good.
fn verify_batch<'k, K: 'k>(
    crypto: &impl BatchEcdsa<P256, K>,
    batch: &[Operands<P256>; LANES],
    key: impl Fn(usize) -> Key<'k, P256, K>,
) -> bool {
    let items = array::from_fn::<_, LANES, _>(|lane| Item {
        key: key(lane),
        digest: batch[lane].digest,
        signature: batch[lane].signature,
    });
    let mut verdicts = [Err(CryptoError::Unavailable); LANES];
    crypto.verify_batch(&items, &mut verdicts);
    verdicts.iter().all(Result::is_ok)
}

/// What preparing and loading cost, beside one verification by aws-lc-rs with a P-256 key, and one with a P-384 key.
pub(crate) fn preparing(yardstick: impl Fn(&'static str, &'static Cases<Signed>) -> Contender) -> Vec<Contender> {
    let p256 = signatures(&Signer::p256("peers"), Hash::Sha256).leak();
    let p384 = signatures(&Signer::p384("peers"), Hash::Sha256).leak();
    let points = |signer: fn(&str) -> Signer| -> Vec<Vec<u8>> {
        (0..KEYS).map(|number| signer(&format!("prepare {number}")).public_point()).collect()
    };

    let keys: Vec<_> = points(Signer::p256).iter().filter_map(|point| PublicKey::from_uncompressed(point)).collect();
    let mut contenders = vec![yardstick(PREPARE_P256, p256)];
    contenders
        .extend([prepare_p256::<8>, prepare_p256::<32>, prepare_p256::<128>, prepare_p256::<512>].map(|of| of(&keys)));
    contenders.push(yardstick(LOAD_P256, p256));
    contenders.extend([load::<8>, load::<32>, load::<128>, load::<512>].map(|of| of(&keys)));

    let keys: Vec<_> = points(Signer::p384).iter().filter_map(|point| PublicKey::from_uncompressed(point)).collect();
    contenders.push(yardstick(PREPARE_P384, p384));
    contenders
        .extend([prepare_p384::<8>, prepare_p384::<32>, prepare_p384::<128>, prepare_p384::<512>].map(|of| of(&keys)));
    contenders
}

fn prepare_p256<const POINTS: usize>(keys: &[PublicKey<P256>]) -> Contender {
    let mut no_point = keys[0];
    no_point.0[63] ^= 1;
    let cases = Cases { good: keys.to_vec(), altered: vec![no_point] }.leak();
    let name = prepared(size_of::<PreparedP256<POINTS>>());
    Contender::new(PREPARE_P256, &name, Side::Ours, cases, |key| {
        let prepared: Result<PreparedP256<POINTS>, _> = GenuineCrypto.prepare(key);
        black_box(&prepared).is_ok()
    })
}

fn prepare_p384<const POINTS: usize>(keys: &[PublicKey<P384>]) -> Contender {
    let mut no_point = keys[0];
    no_point.0[95] ^= 1;
    let cases = Cases { good: keys.to_vec(), altered: vec![no_point] }.leak();
    let name = prepared(size_of::<PreparedP384<POINTS>>());
    Contender::new(PREPARE_P384, &name, Side::Ours, cases, |key| {
        let prepared: Result<PreparedP384<POINTS>, _> = GenuineCrypto.prepare(key);
        black_box(&prepared).is_ok()
    })
}

/// The stored form with the attested key in it, as a verifier stores it.
fn load<const POINTS: usize>(keys: &[PublicKey<P256>]) -> Contender {
    type Key<const POINTS: usize> = PreparedKey<GenuineCrypto, PreparedP256<POINTS>>;
    let app = AppIdHash::of("0123456789.com.example.app", &GenuineCrypto).expect("a hash");
    let stored = |key: &PublicKey<P256>| {
        let mut bytes = vec![0; Key::<POINTS>::ENCODED_LEN];
        AttestedKey::from_trusted_parts(key, app, Environment::Production, &GenuineCrypto)
            .and_then(|key| Key::<POINTS>::new(&key, &GenuineCrypto))
            .and_then(|key| key.write_to(&mut bytes, &GenuineCrypto))
            .expect("a point");
        bytes
    };
    let mut damaged = stored(&keys[0]);
    damaged[AttestedKey::ENCODED_LEN] ^= 1;
    let cases = Cases { good: keys.iter().map(stored).collect(), altered: vec![damaged] }.leak();
    let name = prepared(size_of::<PreparedP256<POINTS>>());
    Contender::new(LOAD_P256, &name, Side::Ours, cases, |bytes: &Vec<u8>| {
        black_box(&Key::<POINTS>::from_trusted_bytes(bytes, &GenuineCrypto)).is_ok()
    })
}
