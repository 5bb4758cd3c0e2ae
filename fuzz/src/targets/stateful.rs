//! What a verifier stores: keys that are read back, and counters in a store against a model.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    sync::LazyLock,
};

use genuine::{
    Error,
    app_attest::{
        Advance, AdvanceError, AppIdHash, Assertion, AssertionVerifier, AttestedKey, ClientDataHash, Counter,
        CounterStore, Environment, KeyId, Policy,
    },
    crypto::{P256, PublicKey, RustCrypto},
};
use genuine_testvectors::{Mutation, keys::sha256};

use crate::{
    around::DEVICE,
    codes,
    crypto::{CLIENT_DATA, Yes},
};

/// Two keys that are registered or not; signatures are good to the backend, so that the counter alone decides.
static KEYS: LazyLock<[AttestedKey; 2]> = LazyLock::new(|| {
    ["one", "two"].map(|seed| {
        let device = genuine_testvectors::Device::new(seed);
        let point = PublicKey::<P256>::from_uncompressed(&device.public_key()).expect("a point");
        AttestedKey::from_trusted_parts(&point, app(), Environment::Production, &RustCrypto).expect("a key")
    })
});

/// An assertion with the counter zero, and where that stands in it.
static ASSERTION: LazyLock<(Vec<u8>, usize)> = LazyLock::new(|| {
    let object = Mutation::default().mint_assertion(&DEVICE, 0, b"x");
    let hash = app().0;
    let at = object.windows(32).position(|window| window == hash).expect("an App ID hash");
    (object, at + 33)
});

fn app() -> AppIdHash {
    AppIdHash(sha256(&[DEVICE.app_id().as_bytes()]))
}

/// A store as its contract asks for, which fails when it is told to.
#[derive(Default)]
struct Store {
    counters: RefCell<BTreeMap<KeyId, Counter>>,
    fails: Cell<bool>,
}

impl CounterStore for Store {
    type Error = &'static str;

    fn advance(&self, key: &KeyId, advance: &Advance) -> Result<(), AdvanceError<Self::Error>> {
        if self.fails.get() {
            return Err(AdvanceError::Store("told to fail"));
        }
        match self.counters.borrow_mut().get_mut(key) {
            None => Err(AdvanceError::UnknownKey),
            Some(last) => {
                *last = advance.in_order(*last)?;
                Ok(())
            }
        }
    }
}

/// The input as a stored key, and as six bytes each of what is done, to which key, with which counter.
///
/// A key that is read back is written as the same bytes. The model is a list of what was accepted: of each key strictly rising, after it was registered, and all that the
/// store holds is the last of each list.
pub fn run(data: &[u8]) {
    let stored = AttestedKey::from_trusted_bytes(data, &RustCrypto);
    codes::record(&stored);
    if let Ok(key) = stored {
        assert_eq!(key.to_bytes(), data);
        assert_eq!(KeyId::of(&key.public_key(), &RustCrypto), Ok(key.id()));
    }

    let store = Store::default();
    let mut accepted: BTreeMap<KeyId, Vec<Counter>> = BTreeMap::new();
    for &[what, which, counter @ ..] in data.as_chunks::<6>().0 {
        let key = &KEYS[usize::from(which & 1)];
        let counter = Counter(u32::from_be_bytes(counter));
        store.fails.set(what & 4 != 0);
        match what & 3 {
            // Registered anew, with the counter of an attestation, unless it is.
            0 => {
                store.counters.borrow_mut().entry(key.id()).or_insert(Counter::ATTESTED);
                accepted.entry(key.id()).or_default();
            }
            // By the store, by the answer of a store, or by a caller who is alone.
            how => {
                let verdict = submit(key, counter, how, &store);
                codes::record(&verdict);
                let last = accepted.get(&key.id()).map(|counters| *counters.last().unwrap_or(&Counter::ATTESTED));
                let expected = match last {
                    _ if store.fails.get() => Err(Error::StoreUnavailable),
                    None => Err(Error::UnknownKey),
                    Some(last) if counter <= last => Err(Error::CounterNotIncreased),
                    Some(_) => Ok(counter),
                };
                assert_eq!(verdict, expected);
                if verdict.is_ok() {
                    accepted.get_mut(&key.id()).expect("it is registered").push(counter);
                }
            }
        }
        assert!(accepted.values().all(|counters| counters.is_sorted_by(|earlier, later| earlier < later)));
        let last = accepted.iter().map(|(key, counters)| (*key, *counters.last().unwrap_or(&Counter::ATTESTED)));
        assert!(store.counters.borrow().iter().map(|(key, last)| (*key, *last)).eq(last));
    }
}

/// Verifies an assertion with this counter and has it accepted in one of three ways.
fn submit(key: &AttestedKey, counter: Counter, how: u8, store: &Store) -> Result<Counter, Error> {
    let (mut object, at) = ASSERTION.clone();
    object[at..at + 4].copy_from_slice(&counter.0.to_be_bytes());
    let policies = [Policy::new(app())];
    let yes = Yes::new(key.id().0, [0; 32]);
    let authentic = AssertionVerifier::new(&policies, &yes)?.verify(
        &Assertion::parse(&object)?,
        key,
        &ClientDataHash::new(CLIENT_DATA)?,
    )?;
    assert_eq!(authentic.advance(), Advance::new(counter, None));
    let proof = match how {
        1 => authentic.accept_in(store)?,
        2 => authentic.accept_with(|key, to| store.advance(key, to)).map_err(|error| error.error())?,
        _ => {
            // Alone: the caller reads, compares through the engine, and writes.
            if store.fails.get() {
                return Err(Error::StoreUnavailable);
            }
            let last = *store.counters.borrow().get(&key.id()).ok_or(Error::UnknownKey)?;
            let proof = authentic.accept_without_store(last)?;
            store.counters.borrow_mut().insert(key.id(), proof.counter());
            proof
        }
    };
    assert_eq!(proof.key_id(), key.id());
    Ok(proof.counter())
}

/// Counters that rise, stay, fall, wrap around, and go to a store that fails; stored keys, one of them no point.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let act = |what: u8, which: u8, counter: u32| [&[what, which][..], &counter.to_be_bytes()].concat();
    let mut off_curve = KEYS[0].to_bytes().to_vec();
    off_curve[129] ^= 1;
    vec![
        KEYS[0].to_bytes().to_vec(),
        off_curve,
        [act(0, 0, 0), act(1, 0, 1), act(2, 0, 2), act(3, 0, 3), act(1, 0, 3)].concat(),
        [act(1, 1, 1), act(0, 1, 0), act(1, 1, 0), act(1, 1, u32::MAX), act(1, 1, 0)].concat(),
        [act(0, 0, 0), act(5, 0, 1), act(1, 0, 0x0100_0000), act(2, 0, 0x0001_0000)].concat(),
    ]
}
