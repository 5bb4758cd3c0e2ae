//! Batches of assertions: each answer is the one that was predicted for it, and stands in its place.

use std::sync::LazyLock;

use genuine::{
    Error,
    app_attest::{
        AppIdHash, Assertion, AssertionKey, AssertionRequest, AssertionVerifier, AttestedKey, ClientDataHash, Counter,
        Environment, Policy, PreparedKey, ValidationCategory,
    },
    crypto::{Digest, P256PublicKey, RustCrypto},
};
use genuine_testvectors::{Device, Edits, auth_data::FLAG_ED, cbor::Cbor, der::Der, keys::sha256};

use crate::{
    around::devices,
    codes, naive,
    remembering::{Prepared, Remembering},
};

const CLIENT_DATA: &[u8] = b"a request";

/// What a device signed, and its key; one of each generation in both environments, each of an app of its own, and the
/// newest once more with launch data that no flag announces.
struct Signer {
    key: AttestedKey,
    prepared: PreparedKey<Prepared<P256PublicKey>>,
    auth_data: Vec<u8>,
    /// r and s.
    signature: [Vec<u8>; 2],
    counter: Counter,
    environment: Environment,
    category: Option<ValidationCategory>,
}

static SIGNERS: LazyLock<Vec<Signer>> = LazyLock::new(|| {
    let devices: Vec<_> = devices().collect();
    let newest = devices.last().expect("there are some").clone();
    let unannounced = Edits::default().auth_data(|data| data.flags &= !FLAG_ED);
    let edited = devices.into_iter().map(|device| (device, Edits::default())).chain([(newest, unannounced)]);
    (1..).zip(edited).map(|(number, (device, edits))| Signer::new(number, &device, &edits)).collect()
});

impl Signer {
    fn new(number: u32, like: &Device, edits: &Edits<'_>) -> Self {
        let device = Device::new(&format!("batch {number}"))
            .with_generation(like.generation())
            .with_environment(like.environment())
            .with_app_id(&format!("FUZZ000000.org.example.batch{number}"));
        let environment = match device.environment() {
            genuine_testvectors::Environment::Production => Environment::Production,
            genuine_testvectors::Environment::Development => Environment::Development,
        };
        let point = P256PublicKey::from_uncompressed(&device.public_key()).expect("a point");
        let app = AppIdHash(sha256(&[device.app_id().as_bytes()]));
        let key = AttestedKey::from_trusted_parts(&point, app, environment, &RustCrypto).expect("a key");
        let object = edits.mint_assertion(&device, number, CLIENT_DATA);
        let read = naive::Assertion::read(&object).expect("an honest one");
        let announced = naive::AuthData::read(read.auth_data, false).filter(|data| data.flags & FLAG_ED != 0);
        let (r, s) = p256::ecdsa::Signature::from_der(read.signature).expect("an honest one").split_bytes();
        Self {
            key,
            prepared: PreparedKey::new(&key, &Remembering::default()).expect("a key"),
            auth_data: read.auth_data.to_vec(),
            signature: [r.to_vec(), s.to_vec()],
            counter: Counter(number),
            environment,
            category: announced.and_then(|data| data.category).map(ValidationCategory),
        }
    }
}

/// What is said in place of what is right, and how it is answered where nothing is refused before.
#[derive(Clone, Copy, PartialEq)]
enum Wrong {
    Nothing,
    /// s is n − s, which is right as well.
    LowerS,
    ClientData,
    NoClientData,
    /// The key of the next signer, which is one of another app.
    Key,
    /// The key of the next signer, as if it had been attested for this app.
    KeyOfThisApp,
    /// A bit of s.
    Bit,
    /// r is 0; r or s is the group order: no backend is to see them.
    RZero,
    ROrder,
    SOrder,
    /// The backend says nothing about it.
    Undecided,
}

const WRONG: [Wrong; 11] = [
    Wrong::Nothing,
    Wrong::LowerS,
    Wrong::ClientData,
    Wrong::NoClientData,
    Wrong::Key,
    Wrong::KeyOfThisApp,
    Wrong::Bit,
    Wrong::RZero,
    Wrong::ROrder,
    Wrong::SOrder,
    Wrong::Undecided,
];

/// The order of the group of P-256 (SEC 2 §2.4.2).
const ORDER: [u8; 32] = *b"\xFF\xFF\xFF\xFF\x00\x00\x00\x00\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\
    \xBC\xE6\xFA\xAD\xA7\x17\x9E\x84\xF3\xB9\xCA\xC2\xFC\x63\x25\x51";

/// The policy (1 byte): bit 0 allows development, bit 1 requires a category, the rest is the number of apps that are left
/// out. Then of each request the signer (1 byte, bit 7: with the prepared key) and what is wrong (1).
///
/// Answers come in order, one for each request; each is the predicted one, and the one that the request has alone. The
/// backend is asked about eight at most, and about nothing that was refused before.
pub fn run(data: &[u8]) {
    let Some((&terms, requests)) = data.split_first() else { return };
    let (signers, categories) = (&*SIGNERS, [ValidationCategory::APP_STORE]);
    let apps: Vec<_> =
        signers.iter().skip(usize::from(terms >> 2) % signers.len()).map(|one| one.key.app_id()).collect();
    let policy = Policy::new(&apps);
    let policy = if terms & 1 == 0 { policy } else { policy.allow_development() };
    let policy = if terms & 2 == 0 { policy } else { policy.require_categories(&categories) };

    let drawn: Vec<_> = requests
        .as_chunks()
        .0
        .iter()
        .map(|&[who, wrong]| {
            (usize::from(who & 0x7F) % signers.len(), who & 0x80 != 0, WRONG[usize::from(wrong) % WRONG.len()])
        })
        .collect();
    let objects: Vec<_> = drawn.iter().map(|&(who, _, wrong)| object(&signers[who], wrong)).collect();
    let parsed: Vec<_> = objects.iter().map(|object| Assertion::parse(object).expect("it is well-formed")).collect();
    let next = |who: usize| &signers[(who + 1) % signers.len()];
    // Keys that no signer has: of the next one, for the app of this one.
    let foreign: Vec<_> = (0..signers.len())
        .map(|who| {
            let (point, of) = (next(who).key.public_key(), &signers[who]);
            let key = AttestedKey::from_trusted_parts(&point, of.key.app_id(), of.environment, &RustCrypto);
            let key = key.expect("a key");
            (key, PreparedKey::new(&key, &Remembering::default()).expect("a key"))
        })
        .collect();
    let request = |position: usize| {
        let (who, is_prepared, wrong) = drawn[position];
        let (key, prepared) = match wrong {
            Wrong::Key => (&next(who).key, &next(who).prepared),
            Wrong::KeyOfThisApp => (&foreign[who].0, &foreign[who].1),
            _ => (&signers[who].key, &signers[who].prepared),
        };
        AssertionRequest {
            assertion: &parsed[position],
            key: if is_prepared { AssertionKey::Prepared(prepared) } else { AssertionKey::Plain(key) },
            client_data: ClientDataHash(match wrong {
                Wrong::ClientData => b"another request",
                Wrong::NoClientData => b"",
                _ => CLIENT_DATA,
            }),
        }
    };

    thread_local! {
        static CRYPTO: Remembering = Remembering::default();
    }
    CRYPTO.with(|crypto| {
        crypto.batches.borrow_mut().clear();
        let undecided = drawn.iter().filter(|(.., wrong)| *wrong == Wrong::Undecided);
        *crypto.undecided.borrow_mut() = undecided.map(|&(who, ..)| digest(&signers[who])).collect();
        let verifier = AssertionVerifier::new(policy, crypto);
        let mut answers = Vec::new();
        verifier.verify_batch((0..drawn.len()).map(request), |position, verdict| {
            assert_eq!(position, answers.len(), "the order of answers");
            answers.push(verdict.map(|proof| (proof.key_id(), proof.counter())));
        });
        assert_eq!(answers.len(), drawn.len());
        let is_undecided = |who: usize| crypto.undecided.borrow().contains(&digest(&signers[who]));
        for (&(who, _, wrong), (answer, position)) in drawn.iter().zip(answers.into_iter().zip(0..)) {
            codes::record(&answer);
            let signer = &signers[who];
            let key = request(position).key;
            let alone = match key {
                AssertionKey::Plain(key) => verifier.verify(&parsed[position], key, &request(position).client_data),
                AssertionKey::Prepared(key) => {
                    verifier.verify_prepared(&parsed[position], key, &request(position).client_data)
                }
            };
            let alone = alone.map(|proof| (proof.key_id(), proof.counter()));
            let is_asked = matches!(wrong, Wrong::ClientData | Wrong::RZero | Wrong::ROrder | Wrong::SOrder);
            let predicted = match wrong {
                Wrong::NoClientData => Err(Error::ConfigEmptyClientData),
                Wrong::Key => Err(Error::RpIdMismatch),
                _ if !apps.contains(&signer.key.app_id()) => Err(Error::RpIdMismatch),
                _ if signer.environment == Environment::Development && terms & 1 == 0 => {
                    Err(Error::EnvironmentMismatch)
                }
                _ if terms & 2 != 0 && signer.category.is_none() => Err(Error::LaunchDataMissing),
                Wrong::KeyOfThisApp | Wrong::Bit if is_undecided(who) => Err(Error::CryptoUnavailable),
                Wrong::Nothing | Wrong::LowerS | Wrong::Undecided if is_undecided(who) => Err(Error::CryptoUnavailable),
                Wrong::Nothing | Wrong::LowerS | Wrong::Undecided => Ok((signer.key.id(), signer.counter)),
                _ => Err(Error::SignatureInvalid),
            };
            assert_eq!(answer, predicted);
            if !is_undecided(who) || is_asked {
                assert_eq!(alone, predicted);
            }
        }
        let batches = crypto.batches.borrow();
        assert!(batches.iter().all(|items| (1..=8).contains(items)), "{batches:?}");
        assert!(batches.len() <= drawn.len().div_ceil(8), "{batches:?}");
    });
}

/// What a signer signed.
fn digest(signer: &Signer) -> Digest {
    Digest::Sha256(sha256(&[&sha256(&[&signer.auth_data, CLIENT_DATA])]))
}

/// The assertion of a signer, with what is wrong about its signature.
fn object(signer: &Signer, wrong: Wrong) -> Vec<u8> {
    let [mut r, mut s] = signer.signature.clone();
    match wrong {
        Wrong::LowerS => {
            let signature = p256::ecdsa::Signature::from_slice(&[&r[..], &s].concat()).expect("an honest one");
            let (_, lower) = signature.normalize_s().split_bytes();
            // The other one of the two, whichever the device chose.
            let other = if lower[..] == s { subtract(&ORDER, &s) } else { lower.to_vec() };
            s = other;
        }
        Wrong::Bit => s[31] ^= 1,
        Wrong::RZero => r = vec![0],
        Wrong::ROrder => r = ORDER.to_vec(),
        Wrong::SOrder => s = ORDER.to_vec(),
        _ => {}
    }
    let signature = Der::sequence(vec![Der::integer(&r), Der::integer(&s)]).encode();
    let entries = [("signature", &signature[..]), ("authenticatorData", &signer.auth_data)];
    Cbor::map(entries.map(|(key, value)| (Cbor::text(key), Cbor::bytes(value))).to_vec()).encode()
}

/// The difference of two numbers of one length, big-endian, the first one the greater.
fn subtract(from: &[u8], number: &[u8]) -> Vec<u8> {
    let difference = num_bigint::BigUint::from_bytes_be(from) - num_bigint::BigUint::from_bytes_be(number);
    let digits = difference.to_bytes_be();
    [vec![0; from.len() - digits.len()], digits].concat()
}

/// Batches of each length up to nine, and each thing that is wrong between two that are right.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let right = |length: u8| [vec![1], (0..length).flat_map(|who| [who, 0]).collect()].concat();
    let wrong = (0..).zip(WRONG).map(|(number, _)| vec![1, 0, 0, 0x81, number, 2, 0, 1, number, 0x83, 0]);
    let policies = (0..12).map(|terms| [&[terms][..], &right(9)[1..]].concat());
    (0..=9).map(right).chain(wrong).chain(policies).collect()
}
