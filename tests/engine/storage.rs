//! What is kept between an attestation and its assertions: the key, its identifier, its counter.

use std::{
    collections::HashMap,
    error::Error as _,
    num::TryFromIntError,
    pin::pin,
    sync::{Barrier, Mutex},
    task::{Context, Poll, Waker},
    thread,
};

use base64::{Engine as _, engine::general_purpose as base64_of};
use genuine::{
    Class, Error,
    app_attest::{Advance, AdvanceError, AppIdHash, AttestedKey, Counter, CounterStore, Environment, KeyId, Refusal},
    crypto::{P256, PublicKey, RustCrypto},
};

use crate::common::{self, AssertionCase, device, mutation, trusted_key};

/// The stored form of the key that is the base point of P-256, for the app of 32 octets `A5`, in development.
const STORED: &str = "01a5\
    a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5\
    698bea63dc44a344663ff1429aea10842df27b6b991ef25866b2c6c02cdcc5be\
    6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
    4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

fn stored() -> [u8; AttestedKey::ENCODED_LEN] {
    let octets: Vec<_> =
        (0..STORED.len()).step_by(2).map(|at| u8::from_str_radix(&STORED[at..at + 2], 16).unwrap()).collect();
    octets.try_into().unwrap()
}

fn read(bytes: &[u8]) -> Result<AttestedKey, Error> {
    AttestedKey::from_trusted_bytes(bytes, &RustCrypto)
}

#[test]
fn the_stored_form_is_fixed() {
    assert_eq!(AttestedKey::ENCODED_LEN, 130);
    let key = read(&stored()).unwrap();
    assert_eq!(key.app_id(), AppIdHash([0xA5; 32]));
    assert_eq!(key.environment(), Environment::Development);
    assert_eq!(key.id().0, stored()[34..66]);
    assert_eq!(key.public_key().0, stored()[66..]);
    assert_eq!(key.to_bytes(), stored());
    let production = trusted_key(&key.public_key(), key.app_id(), Environment::Production);
    assert_eq!(production.to_bytes()[..2], [1, 0x5A]);
    assert_eq!(production.to_bytes()[2..], stored()[2..]);
}

#[test]
fn keys_survive_storage() {
    for environment in [Environment::Production, Environment::Development] {
        for seed in ["one", "two", "three"] {
            let key = trusted_key(&common::point(&device(seed)), common::app_hash(seed), environment);
            assert_eq!(read(&key.to_bytes()), Ok(key));
            assert_eq!(key.id(), KeyId(device(seed).key_id()));
        }
    }
}

#[test]
fn the_length_is_exact() {
    let longer = [stored().as_slice(), &[0; 130]].concat();
    for length in (0..longer.len()).filter(|length| *length != 130) {
        assert_eq!(read(&longer[..length]), Err(Error::StoredKeyMalformed), "{length} bytes");
    }
}

#[test]
fn version_and_environment_are_known() {
    for octet in 0..=u8::MAX {
        for environment in [0x5A, 0xA5] {
            let mut version = stored();
            version[..2].copy_from_slice(&[octet, environment]);
            assert_eq!(read(&version).is_ok(), octet == 1, "version {octet}");
        }
        let mut environment = stored();
        environment[1] = octet;
        assert_eq!(read(&environment).is_ok(), [0x5A, 0xA5].contains(&octet), "environment {octet}");
    }
}

/// The App ID hash has no second witness in the stored form: a flip there gives a key of another app, which verifies no
/// assertion of the old one. All other flips are noticed.
#[test]
fn flipped_bits_are_noticed_or_change_the_app_alone() {
    let whole = read(&stored()).unwrap();
    for bit in 0..130 * 8 {
        let mut flipped = stored();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let expected = match bit / 8 {
            2..34 => {
                let app = AppIdHash(flipped[2..34].try_into().unwrap());
                Ok(trusted_key(&whole.public_key(), app, Environment::Development))
            }
            0 | 1 | 34..66 => Err(Error::StoredKeyMalformed),
            _ => Err(Error::PublicKeyInvalid),
        };
        assert_eq!(read(&flipped), expected, "bit {} of byte {}", bit % 8, bit / 8);
    }
}

#[test]
fn another_key_under_the_identifier_is_noticed() {
    let mut bytes = stored();
    bytes[66..].copy_from_slice(&common::point(&device("another")).0);
    assert_eq!(read(&bytes), Err(Error::StoredKeyMalformed));
}

#[test]
fn keys_of_the_caller_are_points() {
    let whole = read(&stored()).unwrap();
    let mut off_curve = whole.public_key();
    off_curve.0[63] ^= 1;
    let mut swapped = whole.public_key();
    swapped.0.rotate_left(32);
    for (what, key) in [
        ("zero", PublicKey::<P256>([0; 64])),
        ("ones", PublicKey::<P256>([0xFF; 64])),
        ("off the curve", off_curve),
        ("coordinates swapped", swapped),
    ] {
        let result = AttestedKey::from_trusted_parts(&key, whole.app_id(), Environment::Production, &RustCrypto);
        assert_eq!(result, Err(Error::PublicKeyInvalid), "{what}");
        assert_eq!(Error::PublicKeyInvalid.class(), Class::Unavailable);
    }
}

#[test]
fn key_identifiers_are_32_bytes() {
    for length in 0..=64 {
        let bytes = vec![7; length];
        let expected = if length == 32 { Ok(KeyId([7; 32])) } else { Err(Error::KeyIdFormat) };
        assert_eq!(KeyId::from_slice(&bytes), expected, "{length} bytes");
    }
}

#[test]
fn key_identifiers_come_in_either_alphabet() {
    // Sextets of ones and more: both characters that the alphabets differ in.
    let id = KeyId(std::array::from_fn(|at| [0xFB, 0xEF, 0xBE, 0xFF][at % 4]));
    for text in [
        base64_of::STANDARD.encode(id.0),
        base64_of::STANDARD_NO_PAD.encode(id.0),
        base64_of::URL_SAFE.encode(id.0),
        base64_of::URL_SAFE_NO_PAD.encode(id.0),
    ] {
        assert_eq!(KeyId::from_base64(&text), Ok(id), "{text}");
    }
}

#[test]
fn other_texts_are_no_key_identifiers() {
    let good = base64_of::STANDARD.encode([0xFB; 32]);
    let refused = [
        ("empty", String::new()),
        ("padding alone", "=".to_owned()),
        ("31 bytes", base64_of::STANDARD.encode([0xFB; 31])),
        ("31 bytes without padding", base64_of::STANDARD_NO_PAD.encode([0xFB; 31])),
        ("33 bytes", base64_of::STANDARD.encode([0xFB; 33])),
        ("too much padding", format!("{good}=")),
        ("padding in front", format!("={}", &good[..43])),
        ("a space in front", format!(" {good}")),
        ("a newline at the end", format!("{good}\n")),
        ("a space inside", format!("{} {}", &good[..20], &good[21..])),
        ("an exclamation mark", good.replacen('/', "!", 1).replacen('+', "!", 1)),
        ("a letter outside ASCII", good.replacen("+/", "é", 1)),
        ("both alphabets", good.replacen('+', "-", 1)),
        ("hexadecimal", "fb".repeat(32)),
        ("a zero byte", good.replacen('+', "\0", 1)),
    ];
    assert!(KeyId::from_base64(&good).is_ok());
    for (what, text) in refused {
        assert_ne!(text, good, "{what}");
        assert_eq!(KeyId::from_base64(&text), Err(Error::KeyIdFormat), "{what}: {text:?}");
    }
    assert_eq!(Error::KeyIdFormat.class(), Class::Malformed);
}

/// The last character of 43 carries two spare bits, which are zero.
#[test]
fn spare_bits_are_zero() {
    let text = base64_of::STANDARD_NO_PAD.encode([0; 32]);
    for (last, valid) in [('A', true), ('B', false), ('C', false), ('D', false), ('E', true)] {
        let text = format!("{}{last}", &text[..42]);
        assert_eq!(KeyId::from_base64(&text).is_ok(), valid, "{text}");
        assert_eq!(KeyId::from_base64(&format!("{text}=")).is_ok(), valid, "{text}=");
    }
}

fn assertion(counter: u32) -> AssertionCase {
    AssertionCase::mint(&device("storage"), counter, &mutation())
}

#[test]
fn counters_rise() {
    for (last, counter, accepted) in [
        (0, 0, false),
        (0, 1, true),
        (1, 1, false),
        (2, 1, false),
        (1, 2, true),
        (1, 1_000_000, true),
        (0x0100_0000, 3, false),
        (3, 0x0100_0000, true),
        (0x7FFF_FFFF, 0x8000_0000, true),
        (0x8000_0000, 0x7FFF_FFFF, false),
        (u32::MAX - 1, u32::MAX, true),
        (u32::MAX, u32::MAX, false),
        (u32::MAX, 0, false),
        (u32::MAX, 1, false),
    ] {
        let case = assertion(counter);
        let verdict = case.verify().unwrap().accept_without_store(Counter(last)).map(|proof| proof.counter());
        let expected = if accepted { Ok(Counter(counter)) } else { Err(Error::CounterNotIncreased) };
        assert_eq!(verdict, expected, "{counter} after {last}");
    }
}

/// The store of the contract: compare and advance under one lock.
struct Store(Mutex<HashMap<KeyId, Counter>>);

impl Store {
    fn of(key: KeyId, counter: u32) -> Self {
        Self(Mutex::new([(key, Counter(counter))].into()))
    }

    fn counter(&self, key: KeyId) -> Option<Counter> {
        self.0.lock().unwrap().get(&key).copied()
    }
}

impl CounterStore for Store {
    type Error = ();

    fn advance(&self, key: &KeyId, advance: &Advance) -> Result<(), AdvanceError<()>> {
        let mut counters = self.0.lock().unwrap();
        let last = counters.get_mut(key).ok_or(AdvanceError::UnknownKey)?;
        *last = advance.in_order(*last)?;
        Ok(())
    }
}

/// A store that is not there.
struct Broken;

impl CounterStore for Broken {
    type Error = &'static str;

    fn advance(&self, _: &KeyId, _: &Advance) -> Result<(), AdvanceError<&'static str>> {
        Err(AdvanceError::Store("no connection"))
    }
}

#[test]
fn one_of_many_presentations_wins() {
    const THREADS: usize = 8;
    for counter in [1, 2, u32::MAX] {
        let case = assertion(counter);
        let store = Store::of(case.key.id(), 0);
        let start = Barrier::new(THREADS);
        let present = || {
            let authentic = case.verify().unwrap();
            start.wait();
            authentic.accept_in(&store).map(|proof| proof.counter())
        };
        let answers: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(present)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let won = answers.iter().filter(|answer| **answer == Ok(Counter(counter))).count();
        let lost =
            answers.iter().filter(|answer| **answer == Err(AdvanceError::Refused(Refusal::NotIncreased))).count();
        assert_eq!((won, lost), (1, THREADS - 1));
        assert_eq!(store.counter(case.key.id()), Some(Counter(counter)));
    }
}

#[test]
fn the_store_decides() {
    let case = assertion(5);
    let key = case.key.id();
    let present = |store: &dyn CounterStore<Error = ()>| {
        case.verify().unwrap().accept_in(store).map(|proof| (proof.key_id(), proof.counter()))
    };
    assert_eq!(present(&Store::of(key, 4)), Ok((key, Counter(5))));
    for last in [5, 6, u32::MAX] {
        let store = Store::of(key, last);
        assert_eq!(present(&store), Err(AdvanceError::Refused(Refusal::NotIncreased)), "after {last}");
        assert_eq!(store.counter(key), Some(Counter(last)));
    }
    let store = Store::of(KeyId([0; 32]), 0);
    assert_eq!(present(&store), Err(AdvanceError::UnknownKey));
    assert_eq!(store.counter(key), None);
    let broken = case.verify().unwrap().accept_in(&Broken).map(|proof| proof.counter());
    assert_eq!(broken, Err(AdvanceError::Store("no connection")));
}

#[test]
fn what_the_store_says_has_a_code() {
    for (answer, error, class) in [
        (AdvanceError::Refused(Refusal::NotIncreased), Error::CounterNotIncreased, Class::Rejected),
        (AdvanceError::UnknownKey, Error::UnknownKey, Class::Rejected),
        (AdvanceError::Store("no connection"), Error::StoreUnavailable, Class::Unavailable),
    ] {
        assert_eq!(answer.error(), error);
        assert_eq!(error.class(), class);
        assert_eq!(answer.to_string(), error.to_string());
    }
}

#[test]
fn what_the_store_says_has_a_cause() {
    let cause: TryFromIntError = u8::try_from(256).unwrap_err();
    let answer = AdvanceError::Store(cause);
    assert_eq!(answer.source().map(ToString::to_string), Some(cause.to_string()));
    for answer in [AdvanceError::Refused(Refusal::NotIncreased), AdvanceError::UnknownKey] {
        let answer: AdvanceError<TryFromIntError> = answer;
        assert!(answer.source().is_none());
    }
}

#[test]
fn failed_verifications_do_not_reach_the_store() {
    let store = Store::of(assertion(1).key.id(), 0);
    for (mistake, make, expected) in common::mistakes::ASSERTION_MISTAKES {
        let case = assertion(1).with(make);
        let verdict = case.verify().map(|authentic| authentic.accept_in(&store).is_ok());
        assert_eq!(verdict, Err(*expected), "{mistake}");
        assert_eq!(store.counter(assertion(1).key.id()), Some(Counter(0)), "{mistake}");
    }
}

/// What an asynchronous store answered, handed in afterwards.
#[test]
fn the_answer_of_an_asynchronous_store_decides() {
    let case = AssertionCase::mint(&device("storage"), 7, &mutation());
    let accept = |answer: Result<(), AdvanceError<()>>| {
        let asked = |key: &KeyId, advance: &Advance| {
            assert_eq!((*key, *advance), (case.key.id(), Advance::new(Counter(7), None)));
            answer
        };
        let awaited = async |key: KeyId, advance: Advance| {
            std::future::ready(()).await;
            asked(&key, &advance)
        };
        let counter = case.verify().unwrap().accept_with(asked).map(|proof| proof.counter());
        let accepted = pin!(case.verify().unwrap().accept_with_async(awaited));
        let Poll::Ready(accepted) = accepted.poll(&mut Context::from_waker(Waker::noop())) else { panic!("it waits") };
        assert_eq!(accepted.map(|proof| proof.counter()), counter);
        counter
    };
    assert_eq!(accept(Ok(())), Ok(Counter(7)));
    for refusal in [AdvanceError::Refused(Refusal::NotIncreased), AdvanceError::UnknownKey, AdvanceError::Store(())] {
        assert_eq!(accept(Err(refusal)), Err(refusal));
    }
}
