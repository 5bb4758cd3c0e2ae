//! The table of errors: numbers, classes, steps and sentences, and the guide's page of them.
//!
//! `src/guide/errors.md` is generated from `src/error/`. After a change there:
//!
//! ```text
//! GENUINE_WRITE_DOCS=1 cargo test --test structure
//! ```

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use genuine::{Class, Error, Step};

/// What the hundreds of the codes stand for, by protocol.
const GROUPS: [(u16, &str); 19] = [
    (11, "App Attest: CBOR and layout"),
    (12, "App Attest: DER and X.509 form"),
    (13, "App Attest: trust"),
    (14, "App Attest: binding"),
    (15, "App Attest: policy"),
    (20, "Play Integrity: the token"),
    (21, "Play Integrity: binding and policy"),
    (29, "Play Integrity: configuration"),
    (30, "Key attestation: the chain's form"),
    (31, "Key attestation: trust"),
    (32, "Key attestation: the description's form"),
    (33, "Key attestation: binding and policy"),
    (39, "Key attestation: configuration"),
    (50, "Sessions: sealed challenges"),
    (51, "Sessions: tokens and proofs of possession"),
    (52, "Sessions: signed requests"),
    (53, "Sessions: PKCE"),
    (59, "Sessions: configuration"),
    (90, "Undecided, for every protocol"),
];

const INTRODUCTION: &str = "\
# All codes

What mostly lies behind the common ones is at the end of `guide::hashing`; the example `verify` takes an object and what you know
about it, and says which mistake it is. The thousands are the protocol's: 1 App Attest, 2 Play Integrity, 3 Android
key attestation, 5 sessions, 9 undecided.

Steps A1 to A9 are Apple's for an attestation, and B1 to B6 those for an assertion (\"Validating apps that connect to your
server\"). The *leaf* is the certificate of the attested key, and the *intermediate* the one of Apple's authority that issued
it. The AAGUID names the environment, production or development. AT and ED are flags of the authenticator data: attested
credential data follows; an extension map with the launch data follows. A class says what the peer may be told: `Malformed`
is not of the form, `Rejected` is of the form and refused, and with `Unavailable` nothing is known about the object. An error
without a step is not about the object: it is about the key identifier beside it, or the caller's own side.
";

fn step(error: Error) -> String {
    match error.step() {
        Some(Step::AppAttest(step)) => format!("`{step:?}`"),
        Some(Step::PlayIntegrity(step)) => format!("`{step:?}`"),
        Some(Step::KeyAttestation(step)) => format!("`{step:?}`"),
        Some(Step::Session(step)) => format!("`{step:?}`"),
        Some(other) => panic!("{other:?} is of no protocol that this page knows"),
        None => String::new(),
    }
}

/// The text of `src/guide/errors.md`.
fn page() -> String {
    let mut text = INTRODUCTION.to_owned();
    for (hundred, title) in GROUPS {
        write!(text, "\n## {title} ({hundred}xx)\n\n| code | name | class | step | meaning |\n|---|---|---|---|---|\n")
            .unwrap();
        let mut group: Vec<_> = Error::ALL.iter().filter(|error| error.code() / 100 == hundred).collect();
        group.sort_by_key(|error| error.code());
        for error in group {
            let meaning = error.description().replace('|', "\\|");
            writeln!(
                text,
                "| {} | `{}` | {:?} | {} | {meaning} |",
                error.code(),
                error.name(),
                error.class(),
                step(*error)
            )
            .unwrap();
        }
    }
    text
}

#[test]
fn the_page_is_generated_from_the_errors() {
    let (path, expected) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guide/errors.md"), page());
    if std::env::var_os("GENUINE_WRITE_DOCS").is_some() {
        fs::write(&path, &expected).unwrap();
    }
    let present = fs::read_to_string(&path).unwrap();
    assert!(
        present == expected,
        "src/guide/errors.md is out of date: GENUINE_WRITE_DOCS=1 cargo test --test structure"
    );
}

#[test]
fn codes_are_unique_and_have_their_place() {
    let codes: BTreeSet<_> = Error::ALL.iter().map(|error| error.code()).collect();
    let names: BTreeSet<_> = Error::ALL.iter().map(|error| error.name()).collect();
    assert_eq!((codes.len(), names.len()), (Error::ALL.len(), Error::ALL.len()));
    for error in Error::ALL {
        assert!(GROUPS.iter().any(|(hundred, _)| *hundred == error.code() / 100), "{error} is in no group");
        // The caller's own side: 9xxx for every protocol, x9xx for one.
        let undecided = error.code() >= 9000 || error.code() / 100 % 10 == 9;
        assert_eq!(error.class() == Class::Unavailable, undecided, "{error}");
        assert!(!undecided || error.step().is_none(), "{error}");
        assert!(error.description().ends_with('.') && !error.description().starts_with(' '), "{error}");
        assert!(!error.description().contains("  "), "{error}");
    }
}

#[test]
fn a_code_finds_its_error() {
    for error in Error::ALL {
        assert_eq!(Error::from_code(error.code()), Some(*error));
    }
    let found = (0..=u16::MAX).filter(|code| Error::from_code(*code).is_some()).count();
    assert_eq!(found, Error::ALL.len());
}

#[test]
fn errors_are_small_and_carry_no_input() {
    assert_eq!(size_of::<Error>(), 2);
    for error in Error::ALL {
        assert_eq!(error.to_string(), format!("{} ({})", error.name(), error.code()));
        assert_eq!(format!("{error:?}"), error.name());
    }
}

/// Errors of one step in the table stand in the order of the steps.
#[test]
fn the_table_is_in_the_order_of_the_steps() {
    let steps: Vec<_> = Error::ALL.iter().filter_map(|error| error.step()).collect();
    assert!(steps.is_sorted(), "{steps:?}");
}
