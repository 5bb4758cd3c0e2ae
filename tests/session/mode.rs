//! Modes: the whole table by hand; roll-out and versions.

use std::collections::BTreeSet;

use genuine::{
    Class, Error,
    crypto::{RustCrypto, Sha256},
    session::mode::{ClientVersion, Cohort, Decision, Lock, Mode, Outcome, Rollout, Ruling, Status, Upgrade},
};
use proptest::prelude::*;

use crate::{Broken, sha256};

use Decision::{Allow, AllowAndAskAgain, Refuse, RefuseAndLock};
use Lock::{Locked, Open};
use Mode::{Off, Optional, Required};

type Row = (Mode, Lock, Outcome, Decision, Lock, Status);

/// Every combination, written by hand.
const TABLE: &[Row] = &[
    (Off, Open, Outcome::NotPerformed, Allow, Open, Status::NotPerformed),
    (Off, Open, Outcome::Pending, Allow, Open, Status::NotPerformed),
    (Off, Open, Outcome::Verified, Allow, Open, Status::NotPerformed),
    (Off, Open, Outcome::Failed, Allow, Open, Status::NotPerformed),
    (Off, Open, Outcome::NotSupported, Allow, Open, Status::NotSupported),
    (Off, Open, Outcome::Unevaluated, Allow, Open, Status::NotPerformed),
    (Off, Open, Outcome::Unavailable, Allow, Open, Status::NotPerformed),
    (Off, Open, Outcome::Expired, Allow, Open, Status::NotPerformed),
    (Off, Locked, Outcome::NotPerformed, Refuse, Locked, Status::Locked),
    (Off, Locked, Outcome::Pending, Refuse, Locked, Status::Locked),
    (Off, Locked, Outcome::Verified, Refuse, Locked, Status::Locked),
    (Off, Locked, Outcome::Failed, Refuse, Locked, Status::Locked),
    (Off, Locked, Outcome::NotSupported, Refuse, Locked, Status::Locked),
    (Off, Locked, Outcome::Unevaluated, Refuse, Locked, Status::Locked),
    (Off, Locked, Outcome::Unavailable, Refuse, Locked, Status::Locked),
    (Off, Locked, Outcome::Expired, Refuse, Locked, Status::Locked),
    (Optional, Open, Outcome::NotPerformed, AllowAndAskAgain, Open, Status::NotPerformed),
    (Optional, Open, Outcome::Pending, AllowAndAskAgain, Open, Status::Pending),
    (Optional, Open, Outcome::Verified, Allow, Open, Status::Verified),
    (Optional, Open, Outcome::Failed, AllowAndAskAgain, Open, Status::Failed),
    (Optional, Open, Outcome::NotSupported, AllowAndAskAgain, Open, Status::NotSupported),
    (Optional, Open, Outcome::Unevaluated, AllowAndAskAgain, Open, Status::Unevaluated),
    (Optional, Open, Outcome::Unavailable, AllowAndAskAgain, Open, Status::Unavailable),
    (Optional, Open, Outcome::Expired, AllowAndAskAgain, Open, Status::Expired),
    (Optional, Locked, Outcome::NotPerformed, Refuse, Locked, Status::Locked),
    (Optional, Locked, Outcome::Pending, Refuse, Locked, Status::Locked),
    (Optional, Locked, Outcome::Verified, Allow, Open, Status::Verified),
    (Optional, Locked, Outcome::Failed, Refuse, Locked, Status::Locked),
    (Optional, Locked, Outcome::NotSupported, Refuse, Locked, Status::Locked),
    (Optional, Locked, Outcome::Unevaluated, Refuse, Locked, Status::Locked),
    (Optional, Locked, Outcome::Unavailable, Refuse, Locked, Status::Locked),
    (Optional, Locked, Outcome::Expired, Refuse, Locked, Status::Locked),
    (Required, Open, Outcome::NotPerformed, Refuse, Open, Status::NotPerformed),
    (Required, Open, Outcome::Pending, Refuse, Open, Status::Pending),
    (Required, Open, Outcome::Verified, Allow, Open, Status::Verified),
    (Required, Open, Outcome::Failed, RefuseAndLock, Locked, Status::Failed),
    (Required, Open, Outcome::NotSupported, Refuse, Open, Status::NotSupported),
    (Required, Open, Outcome::Unevaluated, Refuse, Open, Status::Unevaluated),
    (Required, Open, Outcome::Unavailable, Refuse, Open, Status::Unavailable),
    (Required, Open, Outcome::Expired, Refuse, Open, Status::Expired),
    (Required, Locked, Outcome::NotPerformed, Refuse, Locked, Status::Locked),
    (Required, Locked, Outcome::Pending, Refuse, Locked, Status::Locked),
    (Required, Locked, Outcome::Verified, Allow, Open, Status::Verified),
    (Required, Locked, Outcome::Failed, Refuse, Locked, Status::Locked),
    (Required, Locked, Outcome::NotSupported, Refuse, Locked, Status::Locked),
    (Required, Locked, Outcome::Unevaluated, Refuse, Locked, Status::Locked),
    (Required, Locked, Outcome::Unavailable, Refuse, Locked, Status::Locked),
    (Required, Locked, Outcome::Expired, Refuse, Locked, Status::Locked),
];

#[test]
fn every_combination() {
    let combinations: BTreeSet<_> =
        TABLE.iter().map(|(mode, lock, outcome, ..)| format!("{mode:?} {lock:?} {outcome:?}")).collect();
    assert_eq!((TABLE.len(), combinations.len()), (3 * 2 * 8, 3 * 2 * 8));
    for (mode, lock, outcome, decision, after, status) in TABLE {
        let ruling = mode.decide(*outcome, *lock);
        let Ruling { decision: decided, lock: locked, status: stored, .. } = ruling;
        assert_eq!((decided, locked, stored), (*decision, *after, *status), "{mode:?} {lock:?} {outcome:?}");
    }
}

/// The requirements in words, over the same combinations.
#[test]
fn what_the_modes_promise() {
    for (mode, lock, outcome, ..) in TABLE {
        let ruling = mode.decide(*outcome, *lock);
        let (verified, allows) = (*outcome == Outcome::Verified, ruling.decision.allows());
        let says = format!("{mode:?} {lock:?} {outcome:?}");
        if *mode == Required {
            assert_eq!(allows, verified, "required allows what is verified alone: {says}");
        }
        if *mode == Optional && *lock == Open {
            assert!(allows && ruling.lock == Open, "optional never fails: {says}");
            assert_eq!(ruling.decision == AllowAndAskAgain, !verified, "and asks again: {says}");
        }
        if *mode == Off {
            assert_ne!(ruling.status, Status::Verified, "off verifies nothing: {says}");
        }
        if *lock == Locked {
            assert_eq!(ruling.lock == Open, *mode != Off && verified, "what opens a lock: {says}");
            assert_eq!(allows, ruling.lock == Open, "a locked device is refused: {says}");
        }
        if ruling.lock == Locked && *lock == Open {
            assert_eq!((*mode, *outcome), (Required, Outcome::Failed), "what locks: {says}");
        }
        assert_eq!(ruling.decision == RefuseAndLock, ruling.lock == Locked && *lock == Open, "{says}");
        assert_eq!(ruling.status == Status::Verified, verified && allows && *mode != Off, "{says}");
    }
}

#[test]
fn outcomes_follow_from_the_error() {
    use genuine::{Step, app_attest, play_integrity, session};

    let times = [
        Step::AppAttest(app_attest::Step::Validity),
        Step::PlayIntegrity(play_integrity::Step::Time),
        Step::Session(session::Step::Time),
    ];
    assert_eq!(Outcome::of(&Ok::<_, Error>(7)), Outcome::Verified);
    for error in Error::ALL {
        let expected = match (error.class(), error) {
            (Class::Unavailable, _) => Outcome::Unavailable,
            (_, Error::PlayAppUnevaluated | Error::PlayLicensingUnevaluated) => Outcome::Unevaluated,
            _ if error.step().is_some_and(|step| times.contains(&step)) => Outcome::Expired,
            (Class::Malformed | Class::Rejected, _) => Outcome::Failed,
            (class, _) => panic!("{class:?} has no outcome"),
        };
        assert_eq!(Outcome::of(&Err::<(), _>(*error)), expected, "{error}");
    }
    assert_eq!(Outcome::of(&Err::<(), _>(Error::CryptoUnavailable)), Outcome::Unavailable);
    assert_eq!(Outcome::of(&Err::<(), _>(Error::ChallengeForged)), Outcome::Failed);
    assert_eq!(Outcome::of(&Err::<(), _>(Error::ChallengeExpired)), Outcome::Expired);
    assert_eq!(Outcome::of(&Err::<(), _>(Error::PlayTooOld)), Outcome::Expired);
    assert_eq!(Outcome::of(&Err::<(), _>(Error::LeafExpired)), Outcome::Expired);
    assert_eq!(Outcome::of(&Err::<(), _>(Error::PlayAppNotRecognized)), Outcome::Failed);
}

#[test]
fn modes_and_statuses_have_their_names() {
    assert_eq!(Mode::default(), Off);
    assert_eq!(Lock::default(), Open);
    for (mode, name, verifies) in [(Off, "OFF", false), (Optional, "OPTIONAL", true), (Required, "REQUIRED", true)] {
        assert_eq!((Mode::parse(name), mode.as_str(), mode.verifies()), (Some(mode), name, verifies));
    }
    for name in ["", "off", "Off", "OFF ", " OFF", "ON", "REQUIRE", "REQUIREDX", "0"] {
        assert_eq!(Mode::parse(name), None, "{name:?}");
    }
    let statuses = [
        (Status::NotPerformed, "NOT_PERFORMED"),
        (Status::Pending, "PENDING"),
        (Status::Verified, "VERIFIED"),
        (Status::Failed, "FAILED"),
        (Status::NotSupported, "NOT_SUPPORTED"),
        (Status::Unevaluated, "UNEVALUATED"),
        (Status::Unavailable, "UNAVAILABLE"),
        (Status::Expired, "EXPIRED"),
        (Status::Locked, "LOCKED"),
    ];
    for (status, name) in statuses {
        assert_eq!((status.as_str(), status.to_string()), (name, name.to_owned()));
    }
}

/// The first four octets of a hash, and the place that they stand for.
fn hash(first: u32) -> [u8; 32] {
    let mut hash = [0xEE; 32];
    hash[..4].copy_from_slice(&first.to_be_bytes());
    hash
}

fn share(hundredths: u16) -> Rollout {
    Rollout::from_hundredths(hundredths).unwrap()
}

#[test]
fn a_share_has_its_range() {
    assert_eq!(
        (Rollout::from_hundredths(0), Rollout::from_hundredths(10_000)),
        (Some(Rollout::NONE), Some(Rollout::ALL))
    );
    for too_many in [10_001, u16::MAX] {
        assert_eq!(Rollout::from_hundredths(too_many), None);
    }
    assert_eq!(Rollout::default(), Rollout::NONE);
    for first in [0, 1, 429_496, 429_497, u32::MAX / 2, u32::MAX - 1, u32::MAX] {
        let cohort = Cohort::from_hash(&hash(first));
        assert!(!Rollout::NONE.includes(cohort) && Rollout::ALL.includes(cohort), "{first}");
    }
    // 2³² / 10,000 is 429,496.7.
    for (first, place) in
        [(0, 0), (429_496, 0), (429_497, 1), (0x7FFF_FFFF, 4_999), (0x8000_0000, 5_000), (u32::MAX, 9_999)]
    {
        let cohort = Cohort::from_hash(&hash(first));
        assert!(share(place + 1).includes(cohort) && !share(place).includes(cohort), "{first}");
    }
}

#[test]
fn a_place_is_that_of_the_documented_hash() {
    let text = [b"genuine roll-out 1\n".as_slice(), &8_u64.to_be_bytes(), b"required", b"device 7"].concat();
    let cohort = Cohort::of(b"required", b"device 7", &RustCrypto).unwrap();
    assert_eq!(cohort, Cohort::from_hash(&sha256(&text)));
    assert_eq!(RustCrypto.sha256(&[&text]).unwrap(), sha256(&text));
    // The label ends where it ends.
    assert_ne!(Cohort::of(b"requiredd", b"evice 7", &RustCrypto).unwrap(), cohort);
    assert_ne!(Cohort::of(b"optional", b"device 7", &RustCrypto).unwrap(), cohort);
    assert_eq!(Cohort::of(b"required", b"device 7", &Broken), Err(Error::CryptoUnavailable));
}

#[test]
fn a_share_reaches_as_many_as_it_says() {
    let cohorts: Vec<_> =
        (0..20_000_u32).map(|number| Cohort::of(b"share", &number.to_be_bytes(), &RustCrypto).unwrap()).collect();
    for hundredths in [100, 1_000, 5_000, 9_900] {
        let reached = cohorts.iter().filter(|cohort| share(hundredths).includes(**cohort)).count();
        let expected = 2 * usize::from(hundredths);
        assert!(reached.abs_diff(expected) < 300, "{hundredths}: {reached}");
    }
}

proptest! {
    /// Who is reached stays so while the share rises, on every machine.
    #[test]
    fn a_rollout_is_monotone(hash: [u8; 32], one in 0..=10_000_u16, other in 0..=10_000_u16) {
        let cohort = Cohort::from_hash(&hash);
        let (less, more) = (share(one.min(other)), share(one.max(other)));
        prop_assert!(!less.includes(cohort) || more.includes(cohort));
        prop_assert_eq!(Cohort::from_hash(&hash), cohort);
    }

    /// Versions are compared as lists of numbers.
    #[test]
    fn versions_are_numbers(one: [u32; 4], other: [u32; 4]) {
        let text = |numbers: [u32; 4]| numbers.map(|number| number.to_string()).join(".");
        let parse = |numbers| ClientVersion::parse(&text(numbers)).unwrap();
        prop_assert_eq!(parse(one), ClientVersion::new(one));
        prop_assert_eq!(parse(one).cmp(&parse(other)), one.cmp(&other));
        prop_assert_eq!(ClientVersion::parse(&parse(one).to_string()), Some(parse(one)));
    }
}

#[test]
fn older_clients_have_to_upgrade() {
    let version = |text: &str| ClientVersion::parse(text).unwrap();
    let least = version("3.17");
    for (client, supported) in [
        ("3.17", true),
        ("3.17.0", true),
        ("3.17.0.1", true),
        ("3.18", true),
        ("4", true),
        ("3.100", true),
        ("3.9", false),
        ("3.16.999", false),
        ("3", false),
        ("2.99", false),
        ("0", false),
    ] {
        let expected = if supported { Ok(()) } else { Err(Upgrade { least }) };
        assert_eq!(least.supports(ClientVersion::parse(client)), expected, "{client}");
    }
    for unreadable in
        ["", ".", "3.", ".3", "3..17", "3.17-beta", "v4", "-4", "+4", " 4", "4 ", "4.0.0.0.0", "4294967296", "４"]
    {
        assert_eq!(ClientVersion::parse(unreadable), None, "{unreadable:?}");
        assert_eq!(least.supports(ClientVersion::parse(unreadable)), Err(Upgrade { least }));
    }
    assert_eq!(ClientVersion::parse("03.017"), Some(least));
    assert_eq!(Upgrade { least }.to_string(), "upgrade to 3.17 or later");
    assert_eq!(["3", "3.17.1", "1.2.0.4"].map(|text| version(text).to_string()), ["3.0", "3.17.1", "1.2.0.4"]);
}
