//! Sealed challenges: what opens, and that nothing else does.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use genuine::{
    Class, Error, UnixTime,
    crypto::{CryptoError, GenuineCrypto, HmacSha256, RustCrypto},
    session::{
        MAX_SESSION_KEYS, SessionKey,
        challenge::{ChallengeSealer, Purpose, SealedChallenge},
    },
};
use proptest::prelude::*;

use crate::{Broken, key};

const SEALED: u64 = 1_790_000_000;
const BINDING: &[u8] = b"session 17";
const RANDOM: [u8; 32] = [0x5A; 32];

fn sealer(keys: &[SessionKey]) -> ChallengeSealer<'_, RustCrypto> {
    ChallengeSealer::new(Purpose::AppAttest, keys, &RustCrypto).unwrap()
}

fn sealed() -> SealedChallenge {
    sealer(&[key(1)]).seal(BINDING, &RANDOM, UnixTime(SEALED)).unwrap()
}

/// The error of opening with the key, purpose and binding of [`sealed`], one second later.
fn refusal(challenge: &[u8]) -> Option<Error> {
    sealer(&[key(1)]).open(challenge, BINDING, UnixTime(SEALED + 1)).err()
}

/// The form as the documentation has it, by another implementation of HMAC.
fn by_hand(key: &[u8], purpose: [u8; 2], binding: &[u8], time: u64) -> Vec<u8> {
    let head = [b"gc\x01".as_slice(), &time.to_be_bytes(), &RANDOM].concat();
    let length = u64::try_from(binding.len()).unwrap().to_be_bytes();
    let text = [b"genuine sealed challenge 1\n".as_slice(), &purpose, &head, &length, binding].concat();
    let code = ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key), &text);
    [&head, code.as_ref()].concat()
}

#[test]
fn zeros_are_not_random() {
    assert_eq!(sealer(&[key(1)]).seal(BINDING, &[0; 32], UnixTime(SEALED)).err(), Some(Error::RandomTooShort));
}

#[test]
fn the_form_is_the_documented_one() {
    let sealed = sealed();
    assert_eq!(sealed.as_bytes()[..], by_hand(&[1; 32], [1, 0], BINDING, SEALED));
    let long = SessionKey::new(&[7; 64]).unwrap();
    let other = sealer(std::slice::from_ref(&long)).seal(BINDING, &RANDOM, UnixTime(1)).unwrap();
    assert_eq!(other.as_bytes()[..], by_hand(&[7; 64], [1, 0], BINDING, 1));

    // What Android takes as a challenge, and Play Integrity as a nonce.
    assert_eq!((SealedChallenge::LEN, SealedChallenge::TEXT_LEN), (75, 100));
    assert!(sealed.as_bytes().len() <= 128);
    let text = sealed.to_string();
    assert!((16..=500).contains(&text.len()));
    assert_eq!(text, URL_SAFE_NO_PAD.encode(sealed.as_bytes()));
    assert_eq!(sealed.write_text(&mut [0; SealedChallenge::TEXT_LEN]), text);
    assert!(!text.contains('='));
}

#[test]
fn each_purpose_has_its_number() {
    let numbers = [
        (Purpose::AppAttest, [1, 0]),
        (Purpose::PlayIntegrity, [2, 0]),
        (Purpose::KeyAttestation, [3, 0]),
        (Purpose::AppAttestAssertion, [4, 0]),
        (Purpose::Other(0), [255, 0]),
        (Purpose::Other(1), [255, 1]),
        (Purpose::Other(255), [255, 255]),
    ];
    let keys = [key(1)];
    for (purpose, number) in numbers {
        let sealer = ChallengeSealer::new(purpose, &keys, &RustCrypto).unwrap();
        let challenge = sealer.seal(BINDING, &RANDOM, UnixTime(SEALED)).unwrap();
        assert_eq!(challenge.as_bytes()[..], by_hand(&[1; 32], number, BINDING, SEALED), "{purpose:?}");
        for (other, _) in numbers {
            let opened = ChallengeSealer::new(other, &keys, &RustCrypto).unwrap().open(
                challenge.as_bytes(),
                BINDING,
                UnixTime(SEALED),
            );
            let expected = if other == purpose { None } else { Some(Error::ChallengeForged) };
            assert_eq!(opened.err(), expected, "{purpose:?} as {other:?}");
        }
    }
}

#[test]
fn what_was_sealed_opens() {
    let challenge = sealed();
    let now = UnixTime(SEALED + 7);
    let opened = sealer(&[key(1)]).open(challenge.as_bytes(), BINDING, now).unwrap();
    assert_eq!((opened.sealed_at(), opened.expires_at()), (UnixTime(SEALED), UnixTime(SEALED + 300)));
    assert_eq!(opened.id()[..], challenge.as_bytes()[43..]);
    assert_eq!(sealer(&[key(1)]).open_text(&challenge.to_string(), BINDING, now), Ok(opened));
    // The identifier is the same at every time, and another for another challenge.
    let later = sealer(&[key(1)]).open(challenge.as_bytes(), BINDING, UnixTime(SEALED + 8)).unwrap();
    assert_eq!(later.id(), opened.id());
    let keys = [key(1)];
    let second = sealer(&keys).seal(BINDING, &[0x5B; 32], UnixTime(SEALED)).unwrap();
    assert_ne!(sealer(&keys).open(second.as_bytes(), BINDING, now).unwrap().id(), opened.id());
    // The other backend seals and opens the same.
    let other = ChallengeSealer::new(Purpose::AppAttest, &keys, &GenuineCrypto).unwrap();
    assert_eq!(other.seal(BINDING, &RANDOM, UnixTime(SEALED)), Ok(challenge));
    assert_eq!(other.open(challenge.as_bytes(), BINDING, now), Ok(opened));
    let dynamic: &dyn HmacSha256 = &RustCrypto;
    let other = ChallengeSealer::new(Purpose::AppAttest, &keys, dynamic).unwrap();
    assert_eq!(other.open(challenge.as_bytes(), BINDING, now), Ok(opened));
}

#[test]
fn every_flipped_bit_is_refused() {
    let challenge = sealed();
    assert_eq!(refusal(challenge.as_bytes()), None);
    for bit in 0..8 * SealedChallenge::LEN {
        let mut octets = *challenge.as_bytes();
        octets[bit / 8] ^= 1 << (bit % 8);
        let expected = if bit < 24 { Error::ChallengeForm } else { Error::ChallengeForged };
        assert_eq!(refusal(&octets), Some(expected), "bit {bit}");
    }
}

#[test]
fn every_other_length_is_refused() {
    let challenge = sealed();
    for length in 0..SealedChallenge::LEN {
        assert_eq!(refusal(&challenge.as_bytes()[..length]), Some(Error::ChallengeForm), "{length}");
        assert_eq!(refusal(&challenge.as_bytes()[SealedChallenge::LEN - length..]), Some(Error::ChallengeForm));
    }
    for more in [1, 2, 3, 75, 1_000] {
        assert_eq!(refusal(&[&challenge.as_bytes()[..], &vec![0; more]].concat()), Some(Error::ChallengeForm));
    }
}

#[test]
fn there_is_one_text_for_a_challenge() {
    let text = sealed().to_string();
    let keys = [key(1)];
    let open = |text: &str| sealer(&keys).open_text(text, BINDING, UnixTime(SEALED)).err();
    assert_eq!(open(&text), None);
    for length in 0..text.len() {
        assert_eq!(open(&text[..length]), Some(Error::ChallengeForm), "{length}");
    }
    for (at, _) in text.char_indices() {
        for other in "AZaz09-_+/=. \n".chars().filter(|other| !text[at..].starts_with(*other)) {
            let mut changed = text.clone();
            changed.replace_range(at..=at, &other.to_string());
            let refused = open(&changed);
            assert!(matches!(refused, Some(Error::ChallengeForm | Error::ChallengeForged)), "{changed}: {refused:?}");
        }
    }
    for changed in
        [format!("{text}="), format!("{text}=="), format!(" {text}"), format!("{text}\n"), format!("{text}A")]
    {
        assert_eq!(open(&changed), Some(Error::ChallengeForm), "{changed}");
    }
    // As long in octets, shorter in characters.
    assert_eq!(open(&format!("{}é", &text[2..])), Some(Error::ChallengeForm));
    // The other alphabet is another text of the same octets.
    let keys = [key(1)];
    let standard = sealer(&keys).seal(BINDING, &[0xFF; 32], UnixTime(SEALED)).unwrap().to_string();
    assert_eq!(open(&standard), None);
    assert_eq!(open(&standard.replace('_', "/")), Some(Error::ChallengeForm));
}

#[test]
fn another_binding_is_refused() {
    let (keys, challenge) = ([key(1)], sealed());
    let bindings: [&[u8]; 6] =
        [b"session 1", b"session 18", b"session 17 ", b"Session 17", b"\0session 17", &[0; 4096]];
    for binding in bindings {
        let opened = sealer(&keys).open(challenge.as_bytes(), binding, UnixTime(SEALED));
        assert_eq!(opened, Err(Error::ChallengeForged), "{binding:?}");
    }
    let unbound = Err(Error::ChallengeBindingEmpty);
    assert_eq!(sealer(&keys).open(challenge.as_bytes(), b"", UnixTime(SEALED)), unbound);
    assert_eq!(sealer(&keys).open_text(&challenge.to_string(), b"", UnixTime(SEALED)), unbound);
    assert_eq!(sealer(&keys).seal(b"", &RANDOM, UnixTime(SEALED)).err(), Some(Error::ChallengeBindingEmpty));
}

#[test]
fn keys_overlap_while_they_rotate() {
    let (old, both, new) = ([key(1)], [key(2), key(1)], [key(2)]);
    let (now, seal) = (UnixTime(SEALED), |keys: &[SessionKey]| sealer(keys).seal(BINDING, &RANDOM, UnixTime(SEALED)));
    let (by_old, by_new) = (seal(&old).unwrap(), seal(&new).unwrap());
    assert_eq!(seal(&both), Ok(by_new), "the first seals");
    for (keys, challenge, opens) in [
        (&old[..], by_old, true),
        (&both, by_old, true),
        (&new, by_old, false),
        (&old, by_new, false),
        (&both, by_new, true),
        (&new, by_new, true),
    ] {
        let opened = sealer(keys).open(challenge.as_bytes(), BINDING, now);
        assert_eq!(opened.err(), if opens { None } else { Some(Error::ChallengeForged) });
    }
    // The last of as many keys as there may be opens too.
    let most = [key(9), key(8), key(7), key(1)];
    assert_eq!(most.len(), MAX_SESSION_KEYS);
    assert!(sealer(&most).open(by_old.as_bytes(), BINDING, now).is_ok());
}

#[test]
fn a_key_has_32_to_64_octets() {
    for length in 0..200 {
        let made = SessionKey::new(&vec![1; length]).err();
        let expected = match length {
            0..32 => Some(Error::SessionKeyTooShort),
            32..=64 => None,
            _ => Some(Error::SessionKeyTooLong),
        };
        assert_eq!(made, expected, "{length}");
    }
    assert_eq!(Error::SessionKeyTooShort.class(), Class::Unavailable);
    // All of it counts.
    let keys = |last: u8| [SessionKey::new(&[[1; 63].as_slice(), &[last]].concat()).unwrap()];
    let challenge = sealer(&keys(1)).seal(BINDING, &RANDOM, UnixTime(SEALED)).unwrap();
    let opened = sealer(&keys(2)).open(challenge.as_bytes(), BINDING, UnixTime(SEALED));
    assert_eq!(opened, Err(Error::ChallengeForged));
}

#[test]
fn a_list_of_keys_is_checked_once() {
    let keys = vec![key(1); MAX_SESSION_KEYS + 1];
    let made = |keys| ChallengeSealer::new(Purpose::AppAttest, keys, &RustCrypto).err();
    assert_eq!(made(&[]), Some(Error::SessionKeyMissing));
    assert_eq!(made(&keys[..MAX_SESSION_KEYS]), None);
    assert_eq!(made(&keys), Some(Error::SessionKeysTooMany));
}

#[test]
fn nothing_shows_a_key() {
    let secret = SessionKey::new(b"0123456789abcdefghijklmnopqrstuvwxyz").unwrap();
    for text in [
        format!("{secret:?}"),
        format!("{:?}", sealer(std::slice::from_ref(&secret))),
        format!("{:#?}", sealer(std::slice::from_ref(&secret))),
    ] {
        assert!(text.contains("SessionKey"), "{text}");
        assert!(!text.contains("48") && !text.contains("0123") && !text.contains("36"), "{text}");
    }
}

/// What is wiped can be seen by nobody in safe Rust; that something is done when a key is dropped can.
#[test]
fn a_key_is_not_just_left_behind() {
    assert!(std::mem::needs_drop::<SessionKey>());
}

#[test]
fn time_to_the_second() {
    let (keys, challenge) = ([key(1)], sealed());
    let open = |lifetime: u64, skew: u64, now: u64| {
        let sealer = sealer(&keys).with_lifetime(lifetime).allow_skew(skew);
        sealer.open(challenge.as_bytes(), BINDING, UnixTime(now)).err()
    };
    assert_eq!(ChallengeSealer::<RustCrypto>::LIFETIME, 300);
    for (age, expected) in [
        (0, None),
        (299, None),
        (300, None),
        (301, Some(Error::ChallengeExpired)),
        (u64::MAX - SEALED, Some(Error::ChallengeExpired)),
    ] {
        let opened = sealer(&keys).open(challenge.as_bytes(), BINDING, UnixTime(SEALED + age));
        assert_eq!(opened.err(), expected, "{age}");
        assert_eq!(open(300, 60, SEALED + age), expected, "{age}");
    }
    assert_eq!(open(0, 0, SEALED), None);
    assert_eq!(open(0, 0, SEALED + 1), Some(Error::ChallengeExpired));
    assert_eq!(open(u64::MAX, 0, u64::MAX), None);

    let future = Some(Error::ChallengeFromFuture);
    assert_eq!(sealer(&keys).open(challenge.as_bytes(), BINDING, UnixTime(SEALED - 1)).err(), future);
    assert_eq!(open(300, 0, SEALED - 1), future);
    assert_eq!(open(300, 60, SEALED - 60), None);
    assert_eq!(open(300, 60, SEALED - 61), future);
    assert_eq!(open(300, u64::MAX, 1), None);
    assert_eq!(open(300, 0, 1), future);
}

#[test]
fn the_greatest_times_do_not_overflow() {
    let keys = [key(1)];
    for sealed_at in [1, u64::MAX - 300, u64::MAX - 1, u64::MAX] {
        let challenge = sealer(&keys).seal(BINDING, &RANDOM, UnixTime(sealed_at)).unwrap();
        let sealer = sealer(&keys).allow_skew(u64::MAX);
        let opened = sealer.open(challenge.as_bytes(), BINDING, UnixTime(sealed_at)).unwrap();
        assert_eq!(opened.expires_at(), UnixTime(sealed_at.saturating_add(300)));
        let late = sealer.open(challenge.as_bytes(), BINDING, UnixTime(u64::MAX)).err();
        assert_eq!(late, (sealed_at == 1).then_some(Error::ChallengeExpired));
    }
}

#[test]
fn a_clock_that_was_never_set_decides_nothing() {
    let (keys, challenge) = ([key(1)], sealed());
    let unset = UnixTime(0);
    assert_eq!(sealer(&keys).seal(BINDING, &RANDOM, unset).err(), Some(Error::ClockUnset));
    let sealer = sealer(&keys).allow_skew(u64::MAX);
    assert_eq!(sealer.open(challenge.as_bytes(), BINDING, unset), Err(Error::ClockUnset));
    assert_eq!(sealer.open(b"", BINDING, unset), Err(Error::ClockUnset));
    assert_eq!(sealer.open_text("", BINDING, unset), Err(Error::ClockUnset));
}

#[test]
fn times_are_told_of_authentic_challenges_alone() {
    let (keys, other) = ([key(1)], [key(2)]);
    let challenge = sealed();
    for now in [1, SEALED - 1, SEALED + 301] {
        let opened = sealer(&other).open(challenge.as_bytes(), BINDING, UnixTime(now));
        assert_eq!(opened, Err(Error::ChallengeForged));
    }
    // A challenge that is made younger is another one.
    let mut octets = *challenge.as_bytes();
    octets[3..11].copy_from_slice(&(SEALED + 400).to_be_bytes());
    assert_eq!(sealer(&keys).open(&octets, BINDING, UnixTime(SEALED + 400)), Err(Error::ChallengeForged));
}

/// Computes, and from then on cannot.
struct Once(std::cell::Cell<bool>);

impl HmacSha256 for Once {
    fn hmac_sha256(&self, key: &[u8], parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        if self.0.replace(true) { Err(CryptoError::Unavailable) } else { RustCrypto.hmac_sha256(key, parts) }
    }
}

#[test]
fn a_backend_that_cannot_compute_refuses_nobody() {
    let (keys, challenge, now) = ([key(2), key(1)], sealed(), UnixTime(SEALED));
    let broken = ChallengeSealer::new(Purpose::AppAttest, &keys, &Broken).unwrap();
    assert_eq!(broken.seal(BINDING, &RANDOM, now).err(), Some(Error::CryptoUnavailable));
    assert_eq!(broken.open(challenge.as_bytes(), BINDING, now), Err(Error::CryptoUnavailable));
    // What the first key did not seal, the second may have.
    let once = Once(false.into());
    let once = ChallengeSealer::new(Purpose::AppAttest, &keys, &once).unwrap();
    assert_eq!(once.open(challenge.as_bytes(), BINDING, now), Err(Error::CryptoUnavailable));
}

proptest! {
    /// Whatever is sealed opens, and with any other binding, purpose, key or time in it does not.
    #[test]
    fn a_challenge_is_good_for_one_thing(
        binding in prop::collection::vec(any::<u8>(), 1..80),
        other in prop::collection::vec(any::<u8>(), 1..80),
        random: [u8; 32],
        now in 1..u64::MAX,
        number: u8,
        other_number: u8,
    ) {
        let keys = [key(1)];
        let by = |number| ChallengeSealer::new(Purpose::Other(number), &keys, &RustCrypto).unwrap();
        let challenge = by(number).seal(&binding, &random, UnixTime(now)).unwrap();
        let open = |number, binding: &[u8]| by(number).open(challenge.as_bytes(), binding, UnixTime(now)).is_ok();
        prop_assert!(open(number, &binding));
        prop_assert_eq!(open(number, &other), other == binding);
        prop_assert_eq!(open(other_number, &binding), other_number == number);
    }

    /// Text of any kind is refused, and nothing panics.
    #[test]
    fn no_text_opens_by_chance(text in ".{0,120}", octets in prop::collection::vec(any::<u8>(), 0..100)) {
        let keys = [key(1)];
        prop_assert!(sealer(&keys).open_text(&text, BINDING, UnixTime(SEALED)).is_err());
        prop_assert!(sealer(&keys).open(&octets, BINDING, UnixTime(SEALED)).is_err());
    }
}
