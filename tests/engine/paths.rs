//! One verdict on every path: whichever backend, prepared or not, alone or in a batch, with a cached issuer or without.
//!
//! Over all minted vectors and all genuine objects. What the verdicts are is for other tests; here they are those of the
//! default backend.

use std::{
    cell::{Cell, RefCell},
    convert::Infallible,
};

use genuine::{
    Error,
    app_attest::{
        AdvanceError, Assertion, AssertionCrypto, AssertionRequest, AssertionVerifier, AttestedKey, AuthenticAssertion,
        ClientDataHash, Counter, EitherKey, KeyId, PreparedKey,
    },
    crypto::{
        BatchEcdsa, CryptoError, Digest, GenuineCrypto, P256, P384, PrepareEcdsa, PreparedP256, PreparedP384,
        PublicKey, RustCrypto, Sha256 as _, Signature, Unprepared, conformance,
    },
    x509::CachedIssuer,
};
use genuine_backend_aws_lc::AwsLc;
use genuine_crypto_ifma::Ifma;
use genuine_testvectors::{
    Kind, Mutation, TestPki,
    certificate::part,
    der::Der,
    keys::{other_form_p384, sha256},
};

use crate::common::{
    self, AssertionCase, AttestationCase,
    backend::{Call, Tap},
    device, mutation, other_pki, policy,
    real::real,
    trusted_key, vectors,
};

type Verdict = Result<(), Error>;

#[test]
fn every_backend_conforms() {
    conformance::check(&GenuineCrypto).unwrap();
    conforms_prepared::<8>();
    conforms_prepared::<32>();
    conforms_prepared::<128>();
    conforms_prepared::<512>();
    conformance::check(&AwsLc).unwrap();
    conformance::check_batch::<P256, Unprepared, _>(&GenuineCrypto).unwrap();
    if let Some(lanes) = lanes() {
        conformance::check(&lanes).unwrap();
        conformance::check_batch::<P256, Unprepared, _>(&lanes).unwrap();
        conforms_in_batches::<32, _>(&lanes);
        conforms_in_batches::<128, _>(&lanes);
    }
}

fn conforms_prepared<const POINTS: usize>() {
    conforms_in_batches::<POINTS, _>(&GenuineCrypto);
    conformance::check_prepared::<P384, PreparedP384<POINTS>, _>(&GenuineCrypto).unwrap();
}

fn conforms_in_batches<const POINTS: usize, C>(crypto: &C)
where
    C: BatchEcdsa<P256, PreparedP256<POINTS>> + PrepareEcdsa<P256, PreparedP256<POINTS>>,
{
    conformance::check_prepared::<P256, PreparedP256<POINTS>, _>(crypto).unwrap();
    conformance::check_batch::<P256, PreparedP256<POINTS>, _>(crypto).unwrap();
    conformance::check_prepared_batch::<P256, PreparedP256<POINTS>, _>(crypto).unwrap();
}

/// Whose assertion it is, and which: what it says once it is accepted.
fn identity(proof: AuthenticAssertion<'_>) -> (KeyId, Counter) {
    let proof = proof.accept_with(|_, _| Ok::<_, AdvanceError<Infallible>>(())).unwrap();
    (proof.key_id(), proof.counter())
}

/// The backend in lanes, if this processor has any. `GENUINE_REQUIRE_IFMA` makes it a failure that it has none.
fn lanes() -> Option<Ifma> {
    let lanes = Ifma::detect();
    if lanes.is_none() {
        assert!(std::env::var_os("GENUINE_REQUIRE_IFMA").is_none(), "this processor has no AVX-512 IFMA");
        println!("skipped: this processor has no AVX-512 IFMA");
    }
    lanes
}

/// All assertions: their names and cases.
fn assertions() -> Vec<(String, AssertionCase)> {
    let minted = genuine_testvectors::vectors()
        .filter(|vector| vector.kind == Kind::Assertion)
        .filter_map(|vector| Some((vector.id.clone(), vectors::assertion(&vector).ok()?)));
    let genuine = real().into_iter().flat_map(|real| real.assertions).map(|real| (real.name, real.case));
    minted.chain(genuine).collect()
}

/// All attestations: their names and cases.
fn attestations() -> Vec<(String, AttestationCase)> {
    let pki = TestPki::default();
    let minted = genuine_testvectors::vectors()
        .filter(|vector| vector.kind == Kind::Attestation)
        .filter_map(|vector| Some((vector.id.clone(), vectors::attestation(&vector, &pki).ok()?)));
    let genuine = real().into_iter().flat_map(|real| real.attestations).map(|real| (real.name, real.case));
    minted.chain(genuine).collect()
}

#[test]
fn backends_agree() {
    for (name, case) in assertions() {
        let expected = case.verify().map(drop);
        assert_eq!(case.verify_with(&GenuineCrypto).map(drop), expected, "{name}");
        assert_eq!(case.verify_with(&AwsLc).map(drop), expected, "{name}");
    }
    for (name, case) in attestations() {
        let expected = case.verify().map(|proof| proof.key());
        assert_eq!(case.verify_with(&GenuineCrypto).map(|proof| proof.key()), expected, "{name}");
        assert_eq!(case.verify_with(&AwsLc).map(|proof| proof.key()), expected, "{name}");
    }
}

/// With a prepared key, by `GenuineCrypto` and in lanes.
fn prepared_verdict<const POINTS: usize>(case: &AssertionCase) -> Verdict {
    let key = PreparedKey::<_, PreparedP256<POINTS>>::new(&case.key, &GenuineCrypto)?;
    assert_eq!(*key.key(), case.key);
    let verdict = case.verify_prepared_with(&key, &GenuineCrypto).map(drop);
    assert_eq!(case.verify_key_with(&EitherKey::Prepared(&key), &GenuineCrypto).map(drop), verdict);
    if let Some(lanes) = Ifma::detect() {
        let key = PreparedKey::<_, PreparedP256<POINTS>>::new(&case.key, &lanes)?;
        assert_eq!(case.verify_prepared_with(&key, &lanes).map(drop), verdict);
    }
    verdict
}

#[test]
fn a_prepared_key_changes_no_verdict() {
    let mut refused = 0;
    for (name, case) in assertions() {
        let expected = case.verify().map(drop);
        refused += usize::from(expected == Err(Error::SignatureInvalid));
        assert_eq!(prepared_verdict::<8>(&case), expected, "{name}");
        assert_eq!(prepared_verdict::<32>(&case), expected, "{name}");
        assert_eq!(prepared_verdict::<128>(&case), expected, "{name}");
        assert_eq!(prepared_verdict::<512>(&case), expected, "{name}");
    }
    assert!(refused > 10, "{refused} signatures refused");
}

/// Batches of every length up to two full ones and one, from every position: each item beside others, plain or prepared.
#[test]
fn a_batch_changes_no_verdict() {
    let cases: Vec<_> = assertions().into_iter().filter(|(_, case)| Assertion::parse(&case.object).is_ok()).collect();
    let views: Vec<_> = cases.iter().map(|(_, case)| Assertion::parse(&case.object).unwrap()).collect();
    let expected: Vec<_> = cases.iter().map(|(_, case)| case.verify().map(drop)).collect();
    assert!(expected.iter().filter(|verdict| verdict.is_ok()).count() > 20);

    batches_of(&cases, &views, &GenuineCrypto);
    if let Some(lanes) = lanes() {
        batches_of(&cases, &views, &lanes);
    }
}

fn batches_of<C>(cases: &[(String, AssertionCase)], views: &[Assertion<'_>], crypto: &C)
where
    C: AssertionCrypto + PrepareEcdsa<P256, PreparedP256<32>> + BatchEcdsa<P256, PreparedP256<32>>,
    C: BatchEcdsa<P256, Unprepared>,
{
    let keys: Vec<PreparedKey<C, PreparedP256<32>>> =
        cases.iter().map(|(_, case)| PreparedKey::new(&case.key, crypto).unwrap()).collect();
    // A policy belongs to a verifier: those with the same one are taken together.
    for (app, environment) in cases.iter().map(|(_, case)| (case.apps[0], case.environment)) {
        let same: Vec<_> = (0..cases.len())
            .filter(|&index| {
                let case = &cases[index].1;
                case.apps == [app] && case.environment == environment && case.requires_no_launch_data()
            })
            .collect();
        let policies = [policy(app, environment)];
        let verifier = AssertionVerifier::new(&policies, crypto).unwrap();
        for length in [0, 1, 2, 7, 8, 9, 17, same.len()] {
            let taken: Vec<_> = same.iter().cycle().skip(length * 3).take(length).copied().collect();
            let held: Vec<_> = taken
                .iter()
                .map(|&index| match index % 3 {
                    0 => EitherKey::Plain(&cases[index].1.key),
                    _ => EitherKey::Prepared(&keys[index]),
                })
                .collect();
            let client_data = |index: usize| ClientDataHash::new(&cases[index].1.client_data).unwrap();
            let mut answers = Vec::new();
            let requests = taken.iter().zip(&held).filter(|(index, _)| !cases[**index].1.client_data.is_empty());
            verifier.verify_batch(
                requests.clone().map(|(&index, key)| AssertionRequest {
                    assertion: &views[index],
                    key,
                    client_data: client_data(index),
                }),
                |position, answer| {
                    assert_eq!(position, answers.len());
                    answers.push(answer.map(identity));
                },
            );
            let mut plain = Vec::new();
            verifier.verify_batch(
                requests.clone().map(|(&index, _)| AssertionRequest {
                    assertion: &views[index],
                    key: &cases[index].1.key,
                    client_data: client_data(index),
                }),
                |_, answer| plain.push(answer.map(identity)),
            );
            assert_eq!(plain, answers);
            assert_eq!(answers.len(), requests.clone().count());
            for ((&index, _), answer) in requests.zip(answers) {
                let alone = cases[index].1.verify().map(identity);
                assert_eq!(answer, alone, "{} of {length}", cases[index].0);
            }
        }
    }
}

/// All 256 masks of altered signatures among eight.
#[test]
fn in_a_batch_each_has_its_own_verdict() {
    let devices: Vec<_> = (0..8).map(|index| device(&format!("batch {index}"))).collect();
    let good: Vec<_> = devices.iter().map(|device| AssertionCase::mint(device, 1, &mutation())).collect();
    let bad: Vec<_> = good.iter().map(|case| case.with(|case| case.client_data[0] ^= 1)).collect();
    let views: Vec<_> = good.iter().map(|case| Assertion::parse(&case.object).unwrap()).collect();
    masks_of(&good, &bad, &views, &GenuineCrypto);
    if let Some(lanes) = lanes() {
        masks_of(&good, &bad, &views, &lanes);
    }
}

fn masks_of<C>(good: &[AssertionCase], bad: &[AssertionCase], views: &[Assertion<'_>], crypto: &C)
where
    C: AssertionCrypto + PrepareEcdsa<P256, PreparedP256<8>> + BatchEcdsa<P256, PreparedP256<8>>,
{
    let keys: Vec<PreparedKey<C, PreparedP256<8>>> =
        good.iter().map(|case| PreparedKey::new(&case.key, crypto).unwrap()).collect();
    let policies = good[0].policies();
    let verifier = AssertionVerifier::new(&policies, crypto).unwrap();
    for mask in 0..256_usize {
        let requests = (0..8).map(|index| {
            let case = if mask >> index & 1 == 1 { &bad[index] } else { &good[index] };
            let client_data = ClientDataHash::new(&case.client_data).unwrap();
            AssertionRequest { assertion: &views[index], key: &keys[index], client_data }
        });
        verifier.verify_batch(requests, |index, answer| {
            let expected = if mask >> index & 1 == 1 { Err(Error::SignatureInvalid) } else { Ok(good[index].key.id()) };
            assert_eq!(answer.map(|proof| identity(proof).0), expected, "{mask:08b}, {index}");
        });
    }
}

/// The requests are taken eight at a time, and a verifier asks for the next ones only when it has answered those before.
#[test]
fn a_batch_is_answered_in_order_as_it_goes() {
    let case = AssertionCase::mint(&device("stream"), 1, &mutation());
    let view = Assertion::parse(&case.object).unwrap();
    let (asked, answered) = (Cell::new(0), Cell::new(0));
    let requests = (0..20).map(|position| {
        asked.set(position + 1);
        assert!(position - answered.get() < 8, "{position}");
        AssertionRequest {
            assertion: &view,
            key: &case.key,
            client_data: ClientDataHash::new(&case.client_data).unwrap(),
        }
    });
    AssertionVerifier::new(&case.policies(), &GenuineCrypto).unwrap().verify_batch(requests, |position, answer| {
        assert_eq!(position, answered.get());
        assert!(answer.is_ok());
        answered.set(position + 1);
    });
    assert_eq!((asked.get(), answered.get()), (20, 20));
}

/// What a backend does not decide is no refusal, whatever the others of its batch are.
#[test]
fn what_was_not_decided_is_no_refusal() {
    let case = AssertionCase::mint(&device("undecided"), 1, &mutation());
    let view = Assertion::parse(&case.object).unwrap();
    let request = AssertionRequest {
        assertion: &view,
        key: &EitherKey::<_, PublicKey<P256>>::Plain(&case.key),
        client_data: ClientDataHash::new(&case.client_data).unwrap(),
    };
    // The third of ten items; before it come two hashes for each of the first eight.
    let tap = Tap::new(|call, _| (call == 16 + 2).then_some(Err(CryptoError::Unavailable)));
    let mut answers = Vec::new();
    AssertionVerifier::new(&case.policies(), &tap)
        .unwrap()
        .verify_batch([request; 10], |_, answer| answers.push(answer.err()));
    let expected: Vec<_> = (0..10).map(|index| (index == 2).then_some(Error::CryptoUnavailable)).collect();
    assert_eq!(answers, expected);
}

/// An iterator that gives something after it gave nothing: it has ended, and nobody gets the verdict of another.
#[test]
fn a_batch_ends_where_its_requests_end() {
    let good = AssertionCase::mint(&device("ends"), 1, &mutation());
    let bad = good.with(|case| case.client_data[0] ^= 1);
    let view = Assertion::parse(&good.object).unwrap();
    let mut script = [Some(&bad), None, Some(&good), Some(&bad)].into_iter();
    let requests = std::iter::from_fn(|| {
        let AssertionCase { key, client_data, .. } = script.next().flatten()?;
        Some(AssertionRequest { assertion: &view, key, client_data: ClientDataHash::new(client_data).unwrap() })
    });
    let mut answers = Vec::new();
    let policies = good.policies();
    let verifier = AssertionVerifier::new(&policies, &GenuineCrypto).unwrap();
    verifier.verify_batch(requests, |position, answer| answers.push((position, answer.map(drop))));
    assert_eq!(answers, [(0, Err(Error::SignatureInvalid))]);
    assert_eq!(script.len(), 2, "nothing is taken after the end");
}

type Issuer = CachedIssuer<GenuineCrypto, PreparedP384<32>>;

/// The issuer of an honest object, and of the object itself if it verifies; an issuer is kept then and only then.
#[test]
fn a_cached_issuer_changes_no_verdict() {
    let honest_case = AttestationCase::mint(&device("honest"), &mutation());
    let honest: Issuer = honest_case.issuer(&GenuineCrypto).unwrap();
    let (mut of_honest, mut of_another, mut own) = (0, 0, 0);
    for (name, case) in attestations() {
        let expected = case.verify().map(|proof| proof.key());
        assert_eq!(case.verify_with_issuer(&honest, &GenuineCrypto).map(|proof| proof.key()), expected, "{name}");
        let is_of_honest = case.is_of(&honest, &GenuineCrypto) == Ok(true);
        of_honest += usize::from(is_of_honest);
        for before in [None, Some(&honest)] {
            let cache = RefCell::new(before.cloned());
            let verdict = case.verify_cached(&cache, &GenuineCrypto).map(|proof| proof.key());
            assert_eq!(verdict, expected, "{name}");
            match (&*cache.borrow(), expected) {
                (Some(cached), Ok(_)) => {
                    own += 1;
                    of_another += usize::from(!is_of_honest);
                    assert_eq!(case.is_of(cached, &GenuineCrypto), Ok(true), "{name}");
                    let verdict = case.verify_with_issuer(cached, &GenuineCrypto).map(|proof| proof.key());
                    assert_eq!(verdict, expected, "{name}");
                }
                (Some(cached), Err(_)) => {
                    assert!(before.is_some(), "{name}");
                    assert_eq!(honest_case.is_of(cached, &GenuineCrypto), Ok(true), "{name}: as before");
                }
                (None, _) => assert!(before.is_none() && expected.is_err(), "{name}"),
            }
        }
    }
    assert!(of_honest > 50 && own > 50 && of_another > 0, "{of_honest}, {own}, {of_another}");
}

/// A cell that is borrowed elsewhere has no issuer, and takes none: the verdict is the same.
#[test]
fn a_cache_that_is_in_use_changes_no_verdict() {
    let case = AttestationCase::mint(&device("in use"), &mutation());
    let cache = RefCell::new(None::<Issuer>);
    let in_use = cache.borrow_mut();
    assert!(case.verify_cached(&cache, &GenuineCrypto).is_ok());
    assert!(in_use.is_none());
    drop(in_use);
    assert!(case.verify_cached(&cache, &GenuineCrypto).is_ok());
    let in_use = cache.borrow();
    assert!(case.verify_cached(&cache, &GenuineCrypto).is_ok());
    assert!(in_use.is_some());
}

/// Authorities with the names of the true ones, and everything about them in order but their keys.
#[test]
fn an_issuer_is_cached_for_its_own_anchor_only() {
    let genuine = AttestationCase::mint(&device("device"), &mutation());
    let forged = AttestationCase::mint(&device("device").with_authorities(other_pki()), &mutation());
    let of_forged: Issuer = forged.issuer(&GenuineCrypto).unwrap();
    assert_eq!(forged.verify_with_issuer(&of_forged, &GenuineCrypto).map(|proof| proof.key()), Ok(genuine.key()));
    // Under the true anchor, what was cached under the false one counts for nothing.
    let under_true = forged.with(|case| case.root_key = genuine.root_key);
    assert_eq!(under_true.verify_with_issuer(&of_forged, &GenuineCrypto).unwrap_err(), Error::IntermediateSignature);
    assert_eq!(under_true.issuer::<PreparedP384<32>, _>(&GenuineCrypto).unwrap_err(), Error::IntermediateSignature);
    // And the true intermediate is not the cached one, so that its leaf is verified with its own key.
    assert_eq!(genuine.is_of(&of_forged, &GenuineCrypto), Ok(false));
}

/// An attestation of this device whose intermediate has another signature: DER, changed by whoever relays it.
fn with_intermediate_signature(seed: &str, change: Change) -> AttestationCase {
    let mutation = Mutation::default().chain(move |chain| {
        let bits = chain.intermediate[part::SIGNATURE].octets();
        *bits = [&[0][..], &change(&bits[1..])].concat();
    });
    AttestationCase::mint(&device(seed), &mutation)
}

/// Whoever relays an attestation can write n − s for s. It stays the same issuer: nothing is prepared, thrown out or verified
/// again, as often as it happens.
#[test]
fn the_other_form_of_a_signature_is_the_same_issuer() {
    use Call::{PrepareP384, VerifyP384, VerifyP384Prepared};
    let forms = [|signature: &[u8]| signature.to_vec(), other_form_p384];
    let cases = forms.map(|form| with_intermediate_signature("relayed", form));
    assert_ne!(cases[0].object, cases[1].object);
    for [first, other] in [[&cases[0], &cases[1]], [&cases[1], &cases[0]]] {
        let cache = RefCell::new(Some(first.issuer(&Tap::counting()).unwrap()));
        for relayed in [other, first, other, other] {
            let tap = Tap::counting();
            assert_eq!(relayed.verify_cached(&cache, &tap).map(|proof| proof.key()), Ok(first.key()));
            let expensive =
                |call: &Call| matches!(call, PrepareP384 | VerifyP384 | VerifyP384Prepared).then_some(*call);
            assert_eq!(tap.calls().iter().filter_map(expensive).collect::<Vec<_>>(), [VerifyP384Prepared]);
            let cached = cache.borrow();
            let issuer = cached.as_ref().unwrap();
            assert_eq!((first.is_of(issuer, &tap), other.is_of(issuer, &tap)), (Ok(true), Ok(true)));
            assert_eq!(relayed.verify_with_issuer(issuer, &tap).map(|proof| proof.key()), Ok(first.key()));
        }
    }
}

type Change = fn(&[u8]) -> Vec<u8>;

/// Only n − s is another form of s. What else stands in its place is not the issuer that was kept, and does not verify.
#[test]
fn other_signatures_are_not_the_same_issuer() {
    let honest = AttestationCase::mint(&device("relayed"), &mutation());
    let cache = RefCell::new(Some(honest.issuer::<PreparedP384<32>, _>(&GenuineCrypto).unwrap()));
    let forged: [(&str, Change); 5] = [
        ("s + 1", |signature| with_s(signature, |s| *s.last_mut().unwrap() ^= 1)),
        ("s of zero", |signature| with_s(signature, |s| s.fill(0))),
        ("s of n", |signature| with_s(signature, |s| s.copy_from_slice(&P384_ORDER))),
        ("all ones", |signature| with_s(signature, |s| s.fill(0xFF))),
        ("r and s exchanged", |signature| {
            let signature = p384::ecdsa::Signature::from_der(signature).unwrap();
            let (r, s) = signature.split_scalars();
            p384::ecdsa::Signature::from_scalars(*s, *r).unwrap().to_der().as_bytes().to_vec()
        }),
    ];
    for (what, change) in forged {
        let case = with_intermediate_signature("relayed", change);
        for _ in 0..2 {
            let verdict = case.verify_cached(&cache, &GenuineCrypto).map(drop);
            assert_eq!(verdict, Err(Error::IntermediateSignature), "{what}");
            let cached = cache.borrow();
            assert_eq!(
                honest.is_of(cached.as_ref().unwrap(), &GenuineCrypto),
                Ok(true),
                "{what}: nothing is thrown out"
            );
        }
    }
}

/// Whatever s is: at the ends of its octets, where one is borrowed from the next, and in between.
#[test]
fn every_s_has_one_other_form() {
    let says_yes = Tap::new(|_, call: Call| call.is_signature().then_some(Ok(())));
    let mut values: Vec<[u8; 48]> =
        (0..48).map(|place| std::array::from_fn(|index| u8::from(index == place))).collect();
    values.extend((0..64).map(|seed| {
        let random = [sha256(&[&[seed], b"s"]), sha256(&[&[seed], b"more of s"])].concat();
        std::array::from_fn(|index| if index == 0 { random[0] & 0x7F } else { random[index] })
    }));
    for value in values {
        let of = |flipped: bool| {
            let mutation = Mutation::default().chain(move |chain| {
                let bits = chain.intermediate[part::SIGNATURE].octets();
                let signature = with_s(&bits[1..], |s| s.copy_from_slice(&value));
                let signature = if flipped { other_form_p384(&signature) } else { signature };
                *bits = [&[0][..], &signature].concat();
            });
            AttestationCase::mint(&device("relayed"), &mutation)
        };
        let [one, other] = [false, true].map(of);
        assert_ne!(one.object, other.object);
        for [kept, relayed] in [[&one, &other], [&other, &one]] {
            let issuer = kept.issuer(&says_yes).unwrap();
            assert_eq!(relayed.is_of(&issuer, &says_yes), Ok(true), "{value:02X?}");
        }
    }
}

/// The order of the group of P-384 (SEC 2 §2.5.1).
const P384_ORDER: [u8; 48] = {
    let mut order = [0xFF; 48];
    let low = *b"\xC7\x63\x4D\x81\xF4\x37\x2D\xDF\x58\x1A\x0D\xB2\x48\xB0\xA7\x7A\xEC\xEC\x19\x6A\xCC\xC5\x29\x73";
    let mut index = 0;
    while index < low.len() {
        order[24 + index] = low[index];
        index += 1;
    }
    order
};

/// The signature with 48 other octets as its s, in DER.
fn with_s(signature: &[u8], change: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let signature = p384::ecdsa::Signature::from_der(signature).unwrap();
    let mut s = signature.split_bytes().1;
    change(&mut s);
    Der::sequence(vec![Der::integer(&signature.split_bytes().0), Der::integer(&s)]).encode()
}

/// A prepared key that is stored: the same after reading, and nothing else.
fn stored<const POINTS: usize>(key: &AttestedKey, other: &AttestedKey) {
    type Key<const POINTS: usize> = PreparedKey<GenuineCrypto, PreparedP256<POINTS>>;
    let write = |key| {
        let mut bytes = vec![0; Key::<POINTS>::ENCODED_LEN];
        Key::<POINTS>::new(key, &GenuineCrypto).unwrap().write_to(&mut bytes, &GenuineCrypto).unwrap();
        bytes
    };
    let read = |bytes: &[u8]| Key::<POINTS>::from_trusted_bytes(bytes, &GenuineCrypto).map(|key| *key.key());
    let bytes = write(key);
    assert_eq!(bytes.len(), 130 + 64 * POINTS + 32);
    assert_eq!(read(&bytes), Ok(*key));
    let again = Key::<POINTS>::from_trusted_bytes(&bytes, &GenuineCrypto).unwrap();
    let mut written = vec![0; bytes.len()];
    again.write_to(&mut written, &GenuineCrypto).unwrap();
    assert_eq!(written, bytes);

    for index in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[index] ^= 1 << (index % 8);
        assert_eq!(read(&damaged), Err(Error::StoredKeyMalformed), "octet {index}");
    }
    for length in [0, 31, 32, 129, 130, 161, bytes.len() - 1] {
        assert_eq!(read(&bytes[..length]), Err(Error::StoredKeyMalformed), "{length} octets");
        let mut short = vec![0; length];
        assert_eq!(again.write_to(&mut short, &GenuineCrypto), Err(Error::StoredKeyMalformed), "{length} octets");
    }
    let mut long = bytes.clone();
    long.push(0);
    assert_eq!(read(&long), Err(Error::StoredKeyMalformed));

    // Of some other form, which would not be hashed with the name of this one.
    let end = bytes.len() - 32;
    let unnamed = [&bytes[..end], &GenuineCrypto.sha256(&[&bytes[..end]]).unwrap()].concat();
    assert_eq!(read(&unnamed), Err(Error::StoredKeyMalformed));

    // The table of another key, and a digest that is right for it: only the digest binds them, and it is no secret.
    let mixed = [&bytes[..130], &write(other)[130..]].concat();
    assert_eq!(read(&mixed), Err(Error::StoredKeyMalformed));
    // A table with what is no point, and a digest that is right for it.
    let mut wrong = bytes.clone();
    wrong[130] ^= 1;
    let digest = GenuineCrypto.sha256(&[b"genuine prepared key 1", &wrong[..end]]).unwrap();
    wrong[end..].copy_from_slice(&digest);
    assert_eq!(read(&wrong), Err(Error::StoredKeyMalformed));
}

#[test]
fn a_stored_prepared_key_is_checked() {
    let [key, other] = ["stored", "other"].map(|seed| AssertionCase::mint(&device(seed), 1, &mutation()).key);
    stored::<8>(&key, &other);
    stored::<32>(&key, &other);
    stored::<128>(&key, &other);
}

/// What is stored has a meaning of its own: written where words have 64 bits, it can be read where they have 32.
#[test]
fn the_stored_form_is_that_of_the_specification() {
    let generator = trusted_key(
        &PublicKey::<P256>::from_uncompressed(&p256_generator()).unwrap(),
        common::app_hash("app"),
        genuine::app_attest::Environment::Production,
    );
    let mut bytes = vec![0; PreparedKey::<GenuineCrypto, PreparedP256<8>>::ENCODED_LEN];
    PreparedKey::<GenuineCrypto, PreparedP256<8>>::new(&generator, &GenuineCrypto)
        .unwrap()
        .write_to(&mut bytes, &GenuineCrypto)
        .unwrap();
    // SHA-256 of the table of G, as every machine has to write it, whatever its words.
    let digest = RustCrypto.sha256(&[&bytes[130..bytes.len() - 32]]).unwrap();
    let digest = digest.iter().fold(String::new(), |text, octet| text + &format!("{octet:02x}"));
    assert_eq!(digest, TABLE_OF_G);
}

/// Computed from the formula in `comb.rs` with nothing but big integers.
const TABLE_OF_G: &str = "198485d7cba3c57b1d61f0bfd8f5bf6cd0db732044b5a347b455e31e41f26db3";

/// G of P-256 (SEC 2 §2.4.2).
fn p256_generator() -> Vec<u8> {
    let mut one = [0; 32];
    one[31] = 1;
    let key = p256::ecdsa::SigningKey::from_slice(&one).unwrap();
    key.verifying_key().to_sec1_point(false).as_bytes().to_vec()
}

/// The batch of a backend by itself, with more items than verdicts and the other way round.
#[test]
fn a_batch_leaves_alone_what_has_no_partner() {
    let key = AssertionCase::mint(&device("lengths"), 1, &mutation()).key.public_key();
    let item = genuine::crypto::Item::<P256, PreparedP256<8>> {
        key: genuine::crypto::Key::Plain(&key),
        digest: Digest::Sha256([0; 32]),
        signature: Signature::<P256>([1; 64]),
    };
    let mut verdicts = [Err(CryptoError::Unavailable); 3];
    GenuineCrypto.verify_batch(&[item], &mut verdicts);
    assert_eq!(verdicts, [Err(CryptoError::Invalid), Err(CryptoError::Unavailable), Err(CryptoError::Unavailable)]);
    GenuineCrypto.verify_batch(&[item; 20], &mut verdicts);
    assert_eq!(verdicts, [Err(CryptoError::Invalid); 3]);
    let off_curve = PublicKey::<P256>([1; 64]);
    let prepared: Result<PreparedP256<8>, _> = GenuineCrypto.prepare(&off_curve);
    assert_eq!(prepared.map(drop), Err(CryptoError::Invalid));
}
