//! Sentences for every other outcome.

use genuine::{
    Error,
    app_attest::{MAX_ASSERTION, MAX_ATTESTATION, Step},
};

use super::{Subject, found};
use crate::{
    caller::StoredKey,
    model::{Decoding, Diagnosis, Finding, Kind, Missing, Outcome},
    stage::Stage::{self, Of, YourSide},
    steps::meaning,
    text::{grouped, hex, listed, seconds, shortened},
};

/// How much of a value that the object gives goes into a sentence, in characters: an access-control list whole.
const MAX_VALUE: usize = 140;

/// Accepted, or nothing wrong so far.
pub(super) fn without_failure(subject: &Subject<'_>) -> Diagnosis {
    if subject.verdict.verdict == Outcome::Accepted {
        return found(Finding::Accepted, accepted(subject));
    }
    let missing: Vec<_> = subject.verdict.missing.iter().map(|part| in_words(*part, subject.kind).to_owned()).collect();
    found(
        Finding::Incomplete,
        format!(
            "Nothing that could be checked is wrong, but this is no verdict: to verify the {}, give {}.",
            subject.kind.name(),
            listed(&missing)
        ),
    )
}

fn accepted(subject: &Subject<'_>) -> String {
    let left = match subject.kind {
        Kind::Attestation => "that the challenge was yours and is used once, and that the key is registered once",
        Kind::Assertion => {
            "that the client data holds the challenge or request that you expect, and that the counter is stored in the \
             atomic step that compared it"
        }
    };
    let broken = subject.object.decoding.contains(&Decoding::WhiteSpace);
    let breaks = if broken {
        " The base64 had line breaks or spaces in it, which strict decoders refuse: let the app encode without them."
    } else {
        ""
    };
    format!("Verified. Left to you is {left}{}.{breaks}", environment_left(subject))
}

/// Where the caller did not tell the environment, a key of either was accepted.
fn environment_left(subject: &Subject<'_>) -> String {
    let stored = subject.side.public_key.as_ref().is_some_and(StoredKey::is_record);
    if subject.side.requirements.environment.is_some() || (subject.kind == Kind::Assertion && stored) {
        return String::new();
    }
    let which = match subject.facts.and_then(|facts| facts.environment) {
        Some("development") => ": this is a development key, which a production server refuses",
        Some("production") => ": this is a production key",
        _ => ", in which the key was attested",
    };
    format!("; and that the environment is yours{which}")
}

const fn in_words(part: Missing, kind: Kind) -> &'static str {
    match (part, kind) {
        (Missing::AppId, _) => "the App ID",
        (Missing::KeyId, _) => "the key identifier",
        (Missing::ClientData, Kind::Attestation) => "the challenge",
        (Missing::ClientData, Kind::Assertion) => "the client data",
        (Missing::PublicKey, _) => "the attested key",
        (Missing::Counter, _) => "the counter last accepted",
        // What tokens miss has words of its own.
        _ => "the rest of your side",
    }
}

/// A failure that none of the usual mistakes explains.
pub(super) fn of_failure(subject: &Subject<'_>, error: Error) -> Diagnosis {
    let (finding, sentence) = match Stage::of(error) {
        YourSide => of_configuration(error),
        Of(Step::Validity) => of_time(subject, error),
        Of(Step::Chain | Step::IntermediateSignature | Step::LeafSignature) => of_chain(subject, error),
        Of(Step::Environment) => of_environment(subject, error),
        Of(Step::CounterRisen) => of_counter(error),
        Of(Step::Launch | Step::Device) => (Finding::Policy, of_policy(subject, error)),
        Of(Step::CounterZero) => (
            Finding::NotGenuine,
            "The counter of a fresh attestation is zero, and this one is not: it is no object that a device made."
                .to_owned(),
        ),
        Of(Step::Encoding) => (
            Finding::NotGenuine,
            format!(
                "The bytes are not one strict CBOR map as a device makes it: {} Compare them byte for byte with what the \
                 device returned: base64 decoded once, nothing added, {}.",
                error.description(),
                match subject.kind {
                    Kind::Attestation => format!("about 5,000 bytes, at most {}", grouped(MAX_ATTESTATION)),
                    Kind::Assertion => format!("about 140 bytes, at most {}", grouped(MAX_ASSERTION)),
                },
            ),
        ),
        stage @ Of(_) if stage.is_of_parsing() || error == Error::LeafKeyInvalid => (
            Finding::NotGenuine,
            format!(
                "{} No device makes such an object: it was changed on its way, or made by another tool. If \
                 many devices send it, Apple changed something: report it with the object.",
                error.description()
            ),
        ),
        stage @ Of(_) => (
            Finding::NotGenuine,
            format!(
                "Not true that {}: the parts of the object contradict each other, so it was put together from several or \
                 changed on its way.",
                meaning(subject.kind, stage)
            ),
        ),
    };
    found(finding, sentence)
}

/// What the policy asks for, and what the object has in its place.
fn of_policy(subject: &Subject<'_>, error: Error) -> String {
    let required = &subject.side.requirements;
    let facts = subject.facts;
    let launch = facts.and_then(|facts| facts.launch.as_ref());
    let versions = || required.os_version.iter().map(ToString::to_string).collect();
    let builds = || required.os_builds.iter().map(ToString::to_string).collect();
    let (what, found, allowed): (_, _, Vec<String>) = match error {
        Error::LaunchDataMissing => {
            let why = if launch.is_some_and(|launch| !launch.announced) {
                "It has launch data, and the signed flag ED does not announce it, so that it is not believed."
            } else {
                "Systems before iOS 27, and apps built with an older SDK, have no launch data, those before 27.2 no code hash."
            };
            return format!("{} {why}", error.description());
        }
        Error::CategoryRefused => (
            "validation category",
            launch.and_then(|launch| launch.category).map(|category| category.to_string()),
            required.categories.iter().map(|category| category.0.to_string()).collect(),
        ),
        Error::BundleVersionRefused => (
            "bundle version",
            launch.and_then(|launch| launch.bundle_version.clone()),
            required.bundle_versions.clone(),
        ),
        Error::CodeHashRefused => (
            "code hash",
            launch.and_then(|launch| launch.code_hash_hex.clone()),
            required.code_hashes.iter().map(|hash| hex(hash)).collect(),
        ),
        Error::PlatformRefused => {
            let of_builds = required.os_builds.iter().map(|least| least.platform().to_owned());
            let platforms = required.platforms.iter().cloned();
            let allowed = if required.platforms.is_empty() { of_builds.collect() } else { platforms.collect() };
            ("platform", facts.and_then(|facts| facts.platform.clone()), allowed)
        }
        Error::OsVersionTooOld => {
            ("version of the operating system", facts.and_then(|facts| facts.os_version.clone()), versions())
        }
        Error::OsBuildTooOld => {
            ("build of the operating system", facts.and_then(|facts| facts.os_build.clone()), builds())
        }
        Error::AccessControlRefused => (
            "access-control list",
            facts.and_then(|facts| facts.access_control_hex.clone()),
            required.macos_access_control.iter().map(|list| hex(list)).collect(),
        ),
        _ => return format!("{} What the device says of itself is among the facts.", error.description()),
    };
    let least = if error == Error::OsVersionTooOld { "at least " } else { "" };
    format!(
        "The {what} is {}, and your policy asks for {least}{}.",
        found.map_or_else(|| "not told".to_owned(), |found| shortened(&found, MAX_VALUE)),
        listed(&allowed)
    )
}

fn of_configuration(error: Error) -> (Finding, String) {
    let what = match error {
        Error::KeyIdFormat => {
            "The key identifier is not the base64 of 32 bytes: take the text that `generateKey()` gave to the app, unchanged"
        }
        Error::ClientDataEmpty => {
            "The client data hash is empty, which would bind the object to nothing: give the challenge"
        }
        Error::ClockUnset => "The time of verification is zero: set the clock, or tell the time",
        Error::PublicKeyInvalid => {
            "The stored key is not a point on P-256: give the 65 octets 04, X and Y in base64, the stored form of 130 octets, or PEM"
        }
        Error::StoredKeyMalformed => "The stored key is not what this library encoded, or was altered in the store",
        Error::StoredWindowMalformed => {
            "The stored replay window is not what this library encoded, or was altered in the store"
        }
        Error::ConfigInvalidAnchor | Error::ConfigNoAnchor => "The trust anchors cannot be used",
        _ => "What the object is held against cannot be used",
    };
    (Finding::CallerSide, format!("{what}. Nothing is known about the object."))
}

fn of_time(subject: &Subject<'_>, error: Error) -> (Finding, String) {
    let leaf = subject.facts.and_then(|facts| facts.leaf.as_ref());
    let (from, to) = leaf.map_or(("?", "?"), |leaf| (leaf.not_before.as_str(), leaf.not_after.as_str()));
    if error == Error::AttestationTooOld {
        let issued = subject.attested.map_or(0, |attested| attested.object.leaf().validity().not_before.0);
        let now = subject.attested.map_or(0, |attested| attested.now.0);
        let sentence = format!(
            "The leaf certificate was issued at {from}, which Apple dates back by a day: {} before the time of verification, \
             and you allow {}. The object was saved earlier and sent late. Let the app make a new key and send its \
             attestation at once.",
            seconds(now.saturating_sub(issued)),
            seconds(subject.side.requirements.attestation_age.unwrap_or_default()),
        );
        return (Finding::Time, sentence);
    }
    let time = subject.chain.map_or("?", |chain| chain.at.time.as_str());
    if error == Error::LeafNotYetValid {
        let sentence = format!(
            "The leaf certificate is valid from {from} on, and the time of verification is {time}: the clock is behind, or \
             an earlier time was given than that of the object."
        );
        return (Finding::Time, sentence);
    }
    let within = subject.chain.and_then(|chain| chain.within_validity.as_ref());
    let then = match within {
        Some(within) if within.holds == Some(true) => {
            format!("At {} the certificates do lead to the trust anchor. ", within.time)
        }
        Some(within) => {
            let name = within.name.unwrap_or("something before");
            format!("Within that time they do not lead to the trust anchor either ({name}). ")
        }
        None => String::new(),
    };
    (
        Finding::Time,
        format!(
            "The leaf certificate is valid from {from} to {to}, and the time of verification is {time}. {then}A server \
             verifies when the object arrives, minutes after it was made; to look at an old one, give the time at which it \
             was made."
        ),
    )
}

fn of_chain(subject: &Subject<'_>, error: Error) -> (Finding, String) {
    let anchors = subject.chain.map(|chain| chain.anchors.join(", ")).unwrap_or_default();
    let issuer = subject.facts.and_then(|facts| facts.intermediate.as_ref()).map_or("?", |one| one.issuer.as_str());
    let sentence = match error {
        Error::AnchorUnknown => format!(
            "The certificates were issued under \"{issuer}\", and you trust \"{anchors}\": an object of a test authority, or \
             a forged one. To look at test objects, name their root in the place of Apple's."
        ),
        Error::IntermediateSignature | Error::LeafSignature => format!(
            "The certificates name the right issuers, and a signature is not theirs ({}): the object is forged, or was \
             changed on its way.",
            error.name()
        ),
        _ => format!(
            "The certificates do not have the roles that Apple's have: {} They are of a test authority or forged; or, if \
             many devices send them, Apple changed something.",
            error.description()
        ),
    };
    (Finding::OtherAuthority, sentence)
}

fn of_environment(subject: &Subject<'_>, error: Error) -> (Finding, String) {
    let sentence = match (error, subject.facts.and_then(|facts| facts.environment)) {
        (Error::EnvironmentMismatch, Some(environment)) => format!(
            "The key was made in the {environment} environment, which you do not allow. An app run from Xcode makes \
             development keys, unless its entitlement says production; one from TestFlight or the App Store makes \
             production keys. Keys of the two do not mix."
        ),
        (Error::EnvironmentMismatch, None) => {
            "The stored key was attested in an environment that you do not allow. Keys of the two do not mix."
                .to_owned()
        }
        _ => "The AAGUID names no environment of App Attest: no device makes such an object.".to_owned(),
    };
    (Finding::OtherEnvironment, sentence)
}

fn of_counter(error: Error) -> (Finding, String) {
    let sentence = match error {
        Error::UnknownKey => {
            "No counter is stored for this key: it was never registered here, or its record is lost. The app registers again \
             with a new key."
        }
        Error::CounterSeen => {
            "The counter was accepted before: the same assertion was sent again. A device signs each request anew."
        }
        Error::CounterBelowWindow => {
            "The counter is so far below the highest one that it is no longer known whether it was accepted before: more than 64 later \
             assertions of this device overtook it. The device signs the request again."
        }
        Error::CounterStepTooLarge => {
            "The counter is further above the last one than you allow: assertions in between never arrived, or were made for \
             something else."
        }
        _ => {
            "The counter is not greater than the last accepted one: the same assertion was sent again, or a later one of \
             this device overtook it. A device sends one request after the other, or signs it again."
        }
    };
    (Finding::Replay, sentence.to_owned())
}
