//! Batches of assertions: each answer is the one that was predicted for it, and stands in its place.

use std::sync::LazyLock;

use genuine::{
    Error,
    app_attest::{
        AppIdHash, Assertion, AssertionKey, AssertionRequest, AssertionVerifier, AttestedKey, AuthenticAssertion,
        BatchKey, ClientDataHash, Counter, EitherKey, Environment, Environments, KeyId, Policy, PreparedKey,
        ValidationCategory,
    },
    crypto::{BatchEcdsa, Digest, P256, PublicKey, RustCrypto},
};
use genuine_testvectors::{Device, Mutation, auth_data::FLAG_ED, cbor::Cbor, der::Der, keys::sha256};

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
    prepared: PreparedKey<Remembering, Prepared<P256>>,
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
    let unannounced = Mutation::default().auth_data(|data| data.flags &= !FLAG_ED);
    let edited = devices.into_iter().map(|device| (device, Mutation::default())).chain([(newest, unannounced)]);
    (1..).zip(edited).map(|(number, (device, mutation))| Signer::new(number, &device, &mutation)).collect()
});

impl Signer {
    fn new(number: u32, like: &Device, mutation: &Mutation<'_>) -> Self {
        let device = Device::new(&format!("batch {number}"))
            .with_generation(like.generation())
            .with_environment(like.environment())
            .with_app_id(&format!("FUZZ000000.org.example.batch{number}"));
        let environment = match device.environment() {
            genuine_testvectors::Environment::Production => Environment::Production,
            genuine_testvectors::Environment::Development => Environment::Development,
        };
        let point = PublicKey::<P256>::from_uncompressed(&device.public_key()).expect("a point");
        let app = AppIdHash(sha256(&[device.app_id().as_bytes()]));
        let key = AttestedKey::from_trusted_parts(&point, app, environment, &RustCrypto).expect("a key");
        let object = mutation.mint_assertion(&device, number, CLIENT_DATA);
        let read = naive::Assertion::read(&object).expect("an honest one");
        let announced = naive::AuthData::read(read.auth_data, false).ok().filter(|data| data.flags & FLAG_ED != 0);
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

/// What the policies are: bit 0 allows development, bit 1 requires a category, the rest is the number of apps that are left
/// out. What a bit says holds for some of the apps alone.
#[derive(Clone, Copy)]
struct Terms(u8);

impl Terms {
    const CATEGORIES: &[ValidationCategory] = &[ValidationCategory::APP_STORE];

    fn allows_development(self, who: usize) -> bool {
        self.0 & 1 != 0 && !who.is_multiple_of(3)
    }

    fn requires_category(self, who: usize) -> bool {
        self.0 & 2 != 0 && !who.is_multiple_of(5)
    }

    fn left_out(self) -> usize {
        usize::from(self.0 >> 2) % SIGNERS.len()
    }

    /// A policy for each app that is not left out.
    fn policies(self) -> Vec<Policy<'static>> {
        let policy = |(who, signer): (usize, &Signer)| {
            let policy = Policy::new(signer.key.app_id());
            let policy = if self.allows_development(who) {
                policy.with_environments(Environments::ProductionAndDevelopment)
            } else {
                policy
            };
            if self.requires_category(who) { policy.require_categories(Self::CATEGORIES) } else { policy }
        };
        SIGNERS.iter().enumerate().skip(self.left_out()).map(policy).collect()
    }
}

/// What a proof says: the key, the counter, and the position of the app's policy.
type Said = Result<(KeyId, Counter, usize), Error>;

fn says(verdict: Result<AuthenticAssertion<'_>, Error>) -> Said {
    let proof = verdict?.accept_without_store(Counter::ATTESTED)?;
    Ok((proof.key_id(), proof.counter(), proof.app_index()))
}

/// The policies (1 byte). Then of each request the signer (1 byte, bit 7: with the prepared key) and what is wrong (1).
///
/// Answers come in order, one for each request; each is the predicted one, and the one that the request has alone, however
/// the key is held. The backend is asked about as many as it has lanes at most, and about nothing that was refused before.
pub fn run(data: &[u8]) {
    let Some((&terms, requests)) = data.split_first() else { return };
    let (signers, terms) = (&*SIGNERS, Terms(terms));
    let policies = terms.policies();

    let drawn = requests.as_chunks().0.iter().map(|&[who, wrong]| {
        (usize::from(who & 0x7F) % signers.len(), who & 0x80 != 0, WRONG[usize::from(wrong) % WRONG.len()])
    });
    let (without_client_data, drawn): (Vec<_>, Vec<_>) = drawn.partition(|(.., wrong)| *wrong == Wrong::NoClientData);
    if !without_client_data.is_empty() {
        // There is no request without client data.
        let refused = ClientDataHash::new(b"").map(drop);
        codes::record(&refused);
        assert_eq!(refused, Err(Error::ClientDataEmpty));
    }
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
    let keys: Vec<_> = drawn
        .iter()
        .map(|&(who, is_prepared, wrong)| {
            let (key, prepared) = match wrong {
                Wrong::Key => (&next(who).key, &next(who).prepared),
                Wrong::KeyOfThisApp => (&foreign[who].0, &foreign[who].1),
                _ => (&signers[who].key, &signers[who].prepared),
            };
            if is_prepared { EitherKey::Prepared(prepared) } else { EitherKey::Plain(key) }
        })
        .collect();
    let client_data = |position: usize| {
        let of_another: &[u8] = b"another request";
        let is_another = drawn[position].2 == Wrong::ClientData;
        ClientDataHash::new(if is_another { of_another } else { CLIENT_DATA }).expect("it is not empty")
    };

    thread_local! {
        static CRYPTO: Remembering = Remembering::default();
    }
    CRYPTO.with(|crypto| {
        let undecided = drawn.iter().filter(|(.., wrong)| *wrong == Wrong::Undecided);
        *crypto.undecided.borrow_mut() = undecided.map(|&(who, ..)| digest(&signers[who])).collect();
        let verifier = AssertionVerifier::new(&policies, crypto).expect("an app, each of them once");
        let answers = in_a_batch((verifier, crypto), 8, drawn.len(), |position| AssertionRequest {
            assertion: &parsed[position],
            key: &keys[position],
            client_data: client_data(position),
        });
        let plain: Vec<_> = keys.iter().map(|key| *AssertionKey::<Remembering>::attested(key)).collect();
        let of_plain_keys = in_a_batch((verifier, crypto), 3, drawn.len(), |position| AssertionRequest {
            assertion: &parsed[position],
            key: &plain[position],
            client_data: client_data(position),
        });
        assert_eq!(of_plain_keys, answers);

        let is_undecided = |who: usize| crypto.undecided.borrow().contains(&digest(&signers[who]));
        for (&(who, _, wrong), (answer, position)) in drawn.iter().zip(answers.into_iter().zip(0..)) {
            codes::record(&answer);
            let signer = &signers[who];
            let (assertion, client_data) = (&parsed[position], &client_data(position));
            let alone = says(match keys[position] {
                EitherKey::Plain(key) => verifier.verify(assertion, key, client_data),
                EitherKey::Prepared(key) => verifier.verify(assertion, key, client_data),
            });
            let is_asked = matches!(wrong, Wrong::ClientData | Wrong::RZero | Wrong::ROrder | Wrong::SOrder);
            let predicted = match wrong {
                Wrong::Key => Err(Error::RpIdMismatch),
                _ if who < terms.left_out() => Err(Error::RpIdMismatch),
                _ if signer.environment == Environment::Development && !terms.allows_development(who) => {
                    Err(Error::EnvironmentMismatch)
                }
                _ if terms.requires_category(who) && signer.category.is_none() => Err(Error::LaunchDataMissing),
                Wrong::KeyOfThisApp | Wrong::Bit if is_undecided(who) => Err(Error::CryptoUnavailable),
                Wrong::Nothing | Wrong::LowerS | Wrong::Undecided if is_undecided(who) => Err(Error::CryptoUnavailable),
                Wrong::Nothing | Wrong::LowerS | Wrong::Undecided => {
                    Ok((signer.key.id(), signer.counter, who - terms.left_out()))
                }
                _ => Err(Error::SignatureInvalid),
            };
            assert_eq!(answer, predicted);
            if !is_undecided(who) || is_asked {
                assert_eq!(alone, predicted);
            }
            assert_eq!(says(verifier.verify(assertion, &keys[position], client_data)), alone);
        }
    });
}

/// The answers to so many requests at once, which a backend with so many lanes is to give.
fn in_a_batch<'b, H: BatchKey<Remembering> + 'b>(
    (verifier, crypto): (AssertionVerifier<'_, Remembering>, &Remembering),
    lanes: usize,
    requests: usize,
    request: impl Fn(usize) -> AssertionRequest<'b, 'b, H>,
) -> Vec<Said>
where
    Remembering: BatchEcdsa<P256, H::Form>,
{
    crypto.batches.borrow_mut().clear();
    let mut answers = Vec::new();
    verifier.verify_batch((0..requests).map(request), |position, verdict| {
        assert_eq!(position, answers.len(), "the order of answers");
        answers.push(says(verdict));
    });
    assert_eq!(answers.len(), requests);
    let batches = crypto.batches.borrow();
    assert!(batches.iter().all(|items| (1..=lanes).contains(items)), "{batches:?}");
    assert!(batches.len() <= requests.div_ceil(lanes), "{batches:?}");
    answers
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
