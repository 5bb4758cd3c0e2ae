//! One thing wrong with what is given beside an object.

use genuine::{Error, UnixTime, app_attest::AppIdHash};

use super::{AssertionCase, AttestationCase, device, mutation, other_environment, trusted_key};

/// The hash of no app.
pub(crate) const DECOY: AppIdHash = AppIdHash([0x5A; 32]);

type Mistake<C> = (&'static str, fn(&mut C), Error);

pub(crate) const ATTESTATION_MISTAKES: &[Mistake<AttestationCase>] = &[
    ("another app", |case| case.apps = vec![DECOY], Error::RpIdMismatch),
    ("no app", |case| case.apps.clear(), Error::ConfigNoAppId),
    ("another environment", |case| case.environment = other_environment(case.environment), Error::EnvironmentMismatch),
    ("another key identifier", |case| case.key_id.0[31] ^= 1, Error::KeyIdMismatch),
    ("other client data", |case| *case.client_data.last_mut().unwrap() ^= 1, Error::NonceMismatch),
    ("longer client data", |case| case.client_data.push(0), Error::NonceMismatch),
    ("shorter client data", |case| case.client_data.truncate(20), Error::NonceMismatch),
    ("no client data", |case| case.client_data.clear(), Error::ClientDataEmpty),
    ("an unset clock", |case| case.now = UnixTime(0), Error::ClockUnset),
    ("the start of time", |case| case.now = UnixTime(1), Error::LeafNotYetValid),
    ("the end of time", |case| case.now = UnixTime(u64::MAX), Error::LeafExpired),
    ("an anchor of another name", |case| case.root_subject[10] ^= 1, Error::AnchorUnknown),
    ("an anchor off the curve", |case| case.root_key.0[95] ^= 1, Error::ConfigInvalidAnchor),
    ("an anchor without a name", |case| case.root_subject.clear(), Error::ConfigInvalidAnchor),
    ("an anchor named by text", |case| case.root_subject = b"Apple Root CA".to_vec(), Error::ConfigInvalidAnchor),
    ("an anchor of two names", |case| case.root_subject.extend([0x30, 0]), Error::ConfigInvalidAnchor),
    (
        "an anchor of the same name with another key",
        |case| {
            case.root_key =
                AttestationCase::mint(&device("any").with_authorities(super::other_pki()), &mutation()).root_key;
        },
        Error::IntermediateSignature,
    ),
];

pub(crate) const ASSERTION_MISTAKES: &[Mistake<AssertionCase>] = &[
    ("another app in the policy", |case| case.apps = vec![DECOY], Error::RpIdMismatch),
    ("no app in the policy", |case| case.apps.clear(), Error::ConfigNoAppId),
    (
        "a key of another app, which the policy has",
        |case| {
            case.apps.push(DECOY);
            case.key = trusted_key(&case.key.public_key(), DECOY, case.environment);
        },
        Error::RpIdMismatch,
    ),
    ("another environment", |case| case.environment = other_environment(case.environment), Error::EnvironmentMismatch),
    (
        "a key of another environment",
        |case| {
            let environment = other_environment(case.environment);
            case.key = trusted_key(&case.key.public_key(), case.key.app_id(), environment);
        },
        Error::EnvironmentMismatch,
    ),
    (
        "another device",
        |case| case.key = trusted_key(&super::point(&device("another")), case.key.app_id(), case.environment),
        Error::SignatureInvalid,
    ),
    ("other client data", |case| *case.client_data.last_mut().unwrap() ^= 1, Error::SignatureInvalid),
    ("longer client data", |case| case.client_data.push(0), Error::SignatureInvalid),
    ("no client data", |case| case.client_data.clear(), Error::ClientDataEmpty),
];
