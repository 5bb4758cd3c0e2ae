//! What an answer means, and which usual mistake fits. Unverified: nothing here changes or replaces the engine's verdict.

use genuine::{
    Error,
    key_attestation::{
        AttestationApplicationId, AuthorizationList, BootState, KEY_DESCRIPTION, KeyDescription, Package, Purpose,
        RevocationStatus, SecurityLevel, Step, Tag,
    },
};

use super::{
    certificate::{Seen, name},
    description::{boot_state, origin, security_level},
    links::Link,
    roots::KnownRoot,
    run::Run,
    steps::{described_elsewhere, step_of},
};
use crate::{
    caller::sha256,
    model::{Diagnosis, Finding, Missing, Outcome, Verdict},
    text::{base64, base64url, from_base64, from_hex, hex, listed, rfc_3339, shortened},
};

/// How much of a value that the chain gives goes into a sentence, in characters.
const MAX_VALUE: usize = 100;

type Found = (Finding, String);

pub(super) fn of(run: &Run<'_>, verdict: &Verdict, behind: &[Error]) -> Diagnosis {
    let mut tried = Vec::new();
    let (finding, sentence) = match verdict.error {
        None if verdict.verdict == Outcome::Accepted => found(Finding::Accepted, accepted(run)),
        None => found(Finding::Incomplete, incomplete(verdict)),
        Some(error) => of_failure(run, error, &mut tried),
    };
    let names: Vec<_> = behind.iter().map(ToString::to_string).collect();
    let behind = match names.as_slice() {
        [] => String::new(),
        names => format!(" Behind that, the chain would be refused with {}.", listed(names)),
    };
    Diagnosis { unverified: true, finding, sentence: sentence + &behind, tried }
}

fn found(finding: Finding, sentence: impl Into<String>) -> Found {
    (finding, sentence.into())
}

/// A value of the chain's, in quotes.
fn quoted(value: &str) -> String {
    format!("\"{}\"", shortened(value, MAX_VALUE))
}

fn accepted(run: &Run<'_>) -> String {
    let requirements = &run.side.requirements;
    let unlocked = run.described().and_then(|description| description.hardware_enforced().root_of_trust());
    let unlocked = requirements.accept_unlocked && unlocked.is_some_and(|root| !root.device_locked());
    let doubt = if unlocked {
        " The phone is unlocked, and you accept that: what its system says, the name of the app among it, is worth nothing."
    } else {
        ""
    };
    format!(
        "Verified. Left to you is that the challenge was yours and is used once, that whoever sent the chain has the key (ask for an \
         assertion over the same challenge: a chain is no secret), that the key is registered once, and that the revocation list is no \
         older than you allow.{doubt}"
    )
}

fn incomplete(verdict: &Verdict) -> String {
    let missing: Vec<_> = verdict.missing.iter().map(|part| in_words(*part).to_owned()).collect();
    format!(
        "Nothing that could be checked is wrong, but this is no verdict: what you did not tell was taken from the chain itself. To verify it, \
         give {}.",
        listed(&missing)
    )
}

const fn in_words(part: Missing) -> &'static str {
    match part {
        Missing::Challenge => "the challenge",
        Missing::Package => "the package name",
        Missing::CertificateDigest => "the SHA-256 of the certificate that signs the app",
        Missing::Revocation => "the revocation list",
        _ => "the rest of your side",
    }
}

fn of_failure(run: &Run<'_>, error: Error, tried: &mut Vec<String>) -> Found {
    match error {
        Error::AndroidChallengeMismatch => of_challenge(run, tried),
        Error::AndroidPackage
        | Error::AndroidPackageCount
        | Error::AndroidPackageUnknown
        | Error::AndroidAppMissing => of_package(run, error),
        Error::AndroidSigningDigest => of_digest(run),
        Error::AndroidSignature => of_signature(run),
        Error::ClockUnset => found(
            Finding::CallerSide,
            "The time of verification is zero: set the clock, or tell the time. Nothing is known about the chain.",
        ),
        error => match step_of(error) {
            None => of_configuration(error),
            Some(Step::Size) => of_size(run, error),
            Some(Step::Description) => of_description(run, error),
            Some(Step::Anchor) => of_anchor(run),
            Some(Step::Names) => of_names(run),
            Some(Step::Algorithms) => of_algorithms(error),
            Some(Step::Provisioning) => of_provisioning(run, error),
            Some(Step::Validity) => of_time(run, error),
            Some(Step::Placement) => of_placement(run, error),
            Some(Step::Revocation) => of_revocation(run, error),
            Some(Step::SecurityLevel) => of_level(run, error),
            Some(Step::Key) => of_key(run, error),
            Some(Step::Boot) => of_boot(run, error),
            Some(Step::System) => of_system(run, error),
            Some(_) => found(
                Finding::NotGenuine,
                format!(
                    "{} No phone makes such a chain: it was changed on its way, or made by another tool. If many phones send it, the \
                     platform changed something: report it with the chain.",
                    error.description()
                ),
            ),
        },
    }
}

fn of_configuration(error: Error) -> Found {
    let what = match error {
        Error::AndroidConfigPackage => "The package name is empty: give that of your app",
        Error::AndroidChallengeEmpty => {
            "The challenge that you give is empty, which would bind the key to nothing: give the one that the app got"
        }
        Error::AndroidConfigBootKey => "A boot key that you accept is all zeros, as unlocked phones have it",
        Error::ConfigInvalidAnchor | Error::ConfigNoAnchor => "The trust anchors cannot be used",
        _ => "What the chain is held against cannot be used",
    };
    found(Finding::CallerSide, format!("{what}. Nothing is known about the chain."))
}

fn of_size(run: &Run<'_>, error: Error) -> Found {
    let certificates = &run.chain.certificates;
    if error == Error::AndroidCertificateRepeated {
        let pairs = certificates.iter().enumerate().find_map(|(place, one)| {
            certificates.iter().skip(place + 1).position(|other| other == one).map(|behind| (place, place + 1 + behind))
        });
        let (first, second) = pairs.unwrap_or_default();
        return found(
            Finding::ChainForm,
            format!(
                "Certificates {first} and {second} are one: send each once, as `getCertificateChain` returns them."
            ),
        );
    }
    if error == Error::AndroidTooFewCertificates {
        let what = match certificates.len() {
            1 => "One certificate, where a chain belongs: `KeyStore.getCertificate` gives the leaf alone".to_owned(),
            count => format!("{count} certificates, and no chain of Google's is that short"),
        };
        return found(
            Finding::ChainForm,
            format!(
                "{what}. Send what `KeyStore.getCertificateChain` returns; without it nothing shows who made the leaf, and what it says can \
                 be anybody's."
            ),
        );
    }
    found(
        Finding::Length,
        format!(
            "{} Genuine chains have up to six certificates and 5,637 bytes: this is something else.",
            error.description()
        ),
    )
}

fn of_description(run: &Run<'_>, error: Error) -> Found {
    if error != Error::AndroidDescriptionMissing {
        return found(
            Finding::NotGenuine,
            format!(
                "{} No phone is known that writes such a description: the leaf is synthetic, or the platform changed something.",
                error.description()
            ),
        );
    }
    if is_reversed(run) {
        return found(
            Finding::ChainForm,
            "The certificates stand with the root first: send them leaf first, as `getCertificateChain` does.",
        );
    }
    if let Some(place) = described_elsewhere(run) {
        return found(
            Finding::ChainForm,
            format!(
                "The first certificate describes no key, and certificate {place} does: the first one is no leaf of an attestation, or the \
                 order was changed. A description is that of the leaf's own key and of no other."
            ),
        );
    }
    found(
        Finding::NotAttested,
        "The leaf describes no key: the app made it without `setAttestationChallenge`, the phone attests no keys, or this is a chain of \
         something else.",
    )
}

/// Whether the names fit from the last certificate to the first, and not the other way round.
fn is_reversed(run: &Run<'_>) -> bool {
    let seen: Option<Vec<&Seen<'_>>> = run.seen.iter().map(Option::as_ref).collect();
    let Some(seen) = seen.filter(|seen| seen.len() > 1) else { return false };
    seen.iter().zip(seen.iter().skip(1)).all(|(upper, lower)| lower.issuer == upper.subject)
        && seen.first().is_some_and(|first| {
            first.issuer == first.subject || seen.last().is_some_and(|last| last.issuer != last.subject)
        })
        && !seen.iter().zip(seen.iter().skip(1)).all(|(lower, upper)| lower.issuer == upper.subject)
}

fn of_anchor(run: &Run<'_>) -> Found {
    if is_reversed(run) {
        return found(
            Finding::ChainForm,
            "The certificates stand with the root first: send them leaf first, as `getCertificateChain` does.",
        );
    }
    match run.known_root() {
        Some(KnownRoot::Software) => {
            return found(
                Finding::SoftwareKey,
                "Android's software made this chain, with a private key that is in its source: an emulator, or a phone whose hardware attests \
                 no keys. It proves nothing, whatever it says of levels and locks, and no policy accepts it.",
            );
        }
        Some(KnownRoot::OldSample) => {
            return found(
                Finding::OtherAuthority,
                "The chain ends at the root e35d38c6897d47e8 of two samples that Google published in 2019. No phone has such a chain today, and \
                 that root is none to trust.",
            );
        }
        None => {}
    }
    let last = run.seen.last().and_then(Option::as_ref);
    let (subject, issuer) = last.map_or_else(Default::default, |last| (name(last.subject), name(last.issuer)));
    let has_name =
        run.roots.trusted().iter().any(|named| last.is_some_and(|last| last.subject == named.anchor.subject()));
    let sentence = if has_name {
        format!(
            "The last certificate has the name of a root that you trust ({}) and another key: a forged root. Anybody can write a name.",
            shortened(&subject, MAX_VALUE)
        )
    } else if subject == issuer {
        format!(
            "The chain ends at {}, which is no root that you trust: one of a test authority, or a forged one. To look at test chains, name \
             their root in the place of Google's.",
            quoted(&subject)
        )
    } else {
        format!(
            "The last certificate is {}, issued by {}, and neither is a root that you trust: certificates are missing at the end of the chain, \
             or they are of another authority.",
            quoted(&subject),
            quoted(&issuer)
        )
    };
    found(Finding::OtherAuthority, sentence)
}

fn of_names(run: &Run<'_>) -> Found {
    let pair = run.seen.iter().zip(run.seen.iter().skip(1)).position(|(lower, upper)| {
        lower.as_ref().zip(upper.as_ref()).is_some_and(|(lower, upper)| lower.issuer != upper.subject)
    });
    let place = pair.unwrap_or_default();
    found(
        Finding::ChainForm,
        format!(
            "Certificate {place} was not issued by certificate {}: one between them is missing, the order was changed, or certificates of two \
             chains were put together. Send them as `getCertificateChain` returns them; nobody here puts them in order.",
            place + 1
        ),
    )
}

fn of_algorithms(error: Error) -> Found {
    found(
        Finding::NotGenuine,
        format!(
            "{} Chains under Google's roots are signed by ECDSA on P-256 and P-384 and by RSA of 2048 bits and more, with SHA-256 or SHA-384. \
             The leaf's own key may be any.",
            error.description()
        ),
    )
}

fn of_provisioning(run: &Run<'_>, error: Error) -> Found {
    match error {
        Error::AndroidFactoryRefused => found(
            Finding::Policy,
            "The key of the secure hardware came from its factory, and your policy requires remote provisioning. Phones that came out with \
             Android 12 or older have no other; leaked keys are among those of factories.",
        ),
        Error::AndroidChainLength => found(
            Finding::ChainForm,
            format!(
                "Chains of factories have three certificates below the root, those of remote provisioning four, and this one has {}: one was \
                 left out or added.",
                run.end().map_or(run.seen.len(), |end| end.below)
            ),
        ),
        _ => found(
            Finding::NotGenuine,
            "The highest certificate below the root is neither the one of remote provisioning (CN=Droid CA2, O=Google LLC) nor one of a factory \
             (with a serialNumber): it is of another kind of certificate under this root; or, if many phones send it, Google changed something.",
        ),
    }
}

fn of_time(run: &Run<'_>, error: Error) -> Found {
    let facts = run.chain_facts();
    let (from, to) = facts.valid_between.unwrap_or_else(|| ("?".to_owned(), "?".to_owned()));
    let now = rfc_3339(run.now);
    let sentence = if error == Error::AndroidExpired {
        format!(
            "The certificates of remote provisioning are valid from {from} to {to}, and the time of verification is {now}. They live for some \
             weeks: a server verifies when the app registers, and keeps the proof; to look at an old chain, give the time at which it was made."
        )
    } else {
        format!(
            "The certificates are valid from {from} on, and the time of verification is {now}: the clock is behind, or an earlier time was \
             given than that of the chain."
        )
    };
    found(Finding::Time, sentence)
}

fn of_placement(run: &Run<'_>, error: Error) -> Found {
    let place = described_elsewhere(run).unwrap_or(1);
    let of_issuer = run
        .seen
        .get(place)
        .and_then(Option::as_ref)
        .and_then(|seen| KeyDescription::parse(seen.extension(KEY_DESCRIPTION)?).ok());
    let attests = of_issuer
        .is_some_and(|description| description.hardware_enforced().purposes().any(|one| one == Purpose::AttestKey));
    if error == Error::AndroidNotAuthority {
        return found(
            Finding::NotGenuine,
            "A certificate above the secure hardware's is none of a certification authority: somebody's key stands where Google's or a \
             factory's belongs. Refuse it.",
        );
    }
    if error == Error::AndroidAttestKeyMismatch {
        return found(
            Finding::AttestKey,
            "Certificate 1 is of a key that is to attest nothing but keys of the same app, made by the same hardware at the same time, and it \
             differs from the leaf in level, root of trust, versions, app or challenge, or is no such key. Anything looser lets any key of any \
             phone sign a leaf with an invented description.",
        );
    }
    if attests && place == 1 {
        return found(
            Finding::AttestKey,
            "An app's key with the purpose ATTEST_KEY signed the leaf. That is no fault of the phone, and your policy does not accept it: let \
             the app make the key without `setAttestKeyAlias`, or accept such keys.",
        );
    }
    found(
        Finding::AttestKey,
        format!(
            "Certificate {place} describes a key too, which is not for attesting: whoever has any attested key can sign a leaf with it and \
             invent what that says. This is the forgery that verifiers fall for most; refuse it."
        ),
    )
}

fn of_revocation(run: &Run<'_>, error: Error) -> Found {
    let wanted = if error == Error::AndroidSuspended { RevocationStatus::Suspended } else { RevocationStatus::Revoked };
    let list = run.side.revocation.as_ref();
    let listed = run.seen.iter().enumerate().find_map(|(place, seen)| {
        let serial = seen.as_ref()?.serial_hex();
        (list?.status(&serial) == wanted).then(|| (place, list.and_then(|list| list.reason(&serial)), serial))
    });
    let (place, reason, serial) = listed.map_or_else(
        || (0, String::new(), "?".to_owned()),
        |(place, reason, serial)| {
            (place, reason.map(|reason| format!(", {}", shortened(reason, 40))).unwrap_or_default(), serial)
        },
    );
    let what = if error == Error::AndroidSuspended { "suspended" } else { "revoked" };
    found(
        Finding::Revoked,
        format!(
            "Certificate {place}, serial number {serial}, is {what}{reason}: keys of factories that leaked are on the list, and whoever has one \
             can attest anything. Refuse it, on every phone that shares the key."
        ),
    )
}

fn of_level(run: &Run<'_>, error: Error) -> Found {
    let level = run.described().map(KeyDescription::attestation_security_level);
    let named = level.map_or_else(|| "?".to_owned(), security_level);
    match (error, level) {
        (Error::AndroidLevelTooLow, Some(SecurityLevel::TrustedEnvironment)) => found(
            Finding::Policy,
            "The key is in the processor's trusted environment, and your policy requires a chip of its own (StrongBox): the app asks for it \
             with `setIsStrongBoxBacked(true)`, and many phones have none.",
        ),
        (Error::AndroidLevelTooLow, Some(SecurityLevel::Software)) => found(
            Finding::SoftwareKey,
            "The leaf says that Android's software attested or holds the key (SOFTWARE): nothing keeps it from being copied, and no policy accepts it.",
        ),
        (Error::AndroidLevelTooLow, _) => {
            found(Finding::NotGenuine, format!("The security level is {named}, which no policy accepts."))
        }
        (Error::AndroidLevelUnbacked, _) => found(
            Finding::NotGenuine,
            format!(
                "The leaf says {named}, and the certificate of the hardware's key does not: StrongBox has certificates of its own. The leaf claims \
                 more than what signed it."
            ),
        ),
        _ => found(
            Finding::NotGenuine,
            "The attestation and the key are of two security levels: one of them signs for what the other holds, as software does for keys of \
             old phones. No policy accepts it.",
        ),
    }
}

fn of_key(run: &Run<'_>, error: Error) -> Found {
    let hardware = run.described().map(KeyDescription::hardware_enforced);
    let sentence = match error {
        Error::AndroidOrigin => format!(
            "The origin of the key is {}, by the hardware-enforced list: somebody else may have it. Let the app generate the key in the KeyStore.",
            hardware.and_then(AuthorizationList::origin).map_or_else(|| "not told".to_owned(), origin)
        ),
        Error::AndroidPurpose => format!(
            "The key is to {}, and a key of requests is to Sign, and to Verify at most: let the app make it with PURPOSE_SIGN, and another for \
             other ends.",
            listed(
                &hardware
                    .into_iter()
                    .flat_map(AuthorizationList::purposes)
                    .map(|purpose| format!("{purpose:?}"))
                    .collect::<Vec<_>>()
            )
        ),
        Error::AndroidAlgorithm => {
            "The key is not on P-256, and requests are signed on that curve alone: let the app make it with `secp256r1`. Keys of other kinds can be \
             accepted, and are handed out unread."
                .to_owned()
        }
        _ => {
            "The key is for all apps (`allApplications`): whichever app asked, any other can use it. No app's key has that tag."
                .to_owned()
        }
    };
    found(Finding::Policy, sentence)
}

fn of_boot(run: &Run<'_>, error: Error) -> Found {
    let root = run.described().and_then(|description| description.hardware_enforced().root_of_trust());
    let state = root.map_or_else(|| "?".to_owned(), |root| boot_state(root.verified_boot_state()));
    match (error, root) {
        (Error::AndroidUnlocked, _) => found(
            Finding::Unlocked,
            format!(
                "The boot loader of the phone is unlocked (boot state {state}): its owner can run any system, and that system says what it likes \
                 of apps. {} To take phones that an app is developed on, accept unlocked ones by name.",
                links_in_words(run)
            ),
        ),
        (Error::AndroidBootKey, Some(root)) => found(
            Finding::Unlocked,
            format!(
                "The phone is locked and runs another system than its maker's, verified by the boot key {}, which is none of those that you \
                 accept. Systems such as GrapheneOS publish theirs for each phone.",
                hex(root.verified_boot_key())
            ),
        ),
        (Error::AndroidBootState, Some(root)) if root.verified_boot_state() == BootState::Unverified => found(
            Finding::NotGenuine,
            "The phone says that it is locked and verified nothing (UNVERIFIED). No genuine phone is known that says both.",
        ),
        _ => found(
            Finding::NotGenuine,
            format!(
                "{} Without it, or in the state {state}, nothing vouches for the system, and so nothing for the name of the app.",
                error.description()
            ),
        ),
    }
}

/// Whether the signatures hold, whatever else is wrong.
fn links_in_words(run: &Run<'_>) -> String {
    let facts = run.chain_facts();
    match (facts.signatures_hold, facts.anchor) {
        (Some(true), Some(anchor)) => {
            format!("All signatures hold, up to {anchor}, so that the hardware is genuine unless its key leaked.")
        }
        (Some(false), _) => "The signatures do not hold either.".to_owned(),
        _ => "The signatures were not verified.".to_owned(),
    }
}

fn of_system(run: &Run<'_>, error: Error) -> Found {
    let hardware = run.described().map(KeyDescription::hardware_enforced);
    let required = &run.side.requirements;
    let (what, tag, least) = match error {
        Error::AndroidOsVersion => ("version of Android", Tag::OsVersion, required.os_version),
        Error::AndroidOsPatchLevel => ("patch level of Android", Tag::OsPatchLevel, required.os_patch_level),
        Error::AndroidVendorPatchLevel => {
            ("patch level of the vendor", Tag::VendorPatchLevel, required.vendor_patch_level)
        }
        Error::AndroidBootPatchLevel => {
            ("patch level of the boot image", Tag::BootPatchLevel, required.boot_patch_level)
        }
        _ => {
            return found(
                Finding::Policy,
                "A list holds a tag that this release does not know, and your policy refuses those. A new Android brings new tags: such a policy \
                 locks its phones out.",
            );
        }
    };
    let told =
        hardware.and_then(|list| list.integer(tag)).map_or_else(|| "not told".to_owned(), |level| level.to_string());
    found(
        Finding::Policy,
        format!("The {what} is {told}, and your policy asks for at least {}.", least.unwrap_or_default()),
    )
}

fn of_package(run: &Run<'_>, error: Error) -> Found {
    let app = run.application();
    let names: Vec<_> = app.into_iter().flat_map(AttestationApplicationId::packages).map(name_of).collect();
    let packages: Vec<_> = names.iter().map(|name| quoted(name)).collect();
    match error {
        Error::AndroidAppMissing => found(
            Finding::OtherApp,
            "The system names no app (`attestationApplicationId`): the key was made by a part of the system, or by an Android before 8.",
        ),
        Error::AndroidPackageUnknown => found(
            Finding::OtherApp,
            "The system says \"UnknownPackage\": some systems before Android 17 do so where they do not know who asked. It is no proof of your app; \
             let the app make the key again, in the foreground.",
        ),
        Error::AndroidPackageCount if packages.is_empty() => {
            found(Finding::OtherApp, "The system names no package, so that nothing says which app asked.")
        }
        Error::AndroidPackageCount => found(
            Finding::OtherApp,
            format!(
                "{} packages share the user identifier that the key belongs to: {}. Each of them can use it. Drop `sharedUserId`, or accept that.",
                packages.len(),
                listed(&packages)
            ),
        ),
        _ => {
            let expected = run.side.package.as_deref().unwrap_or_default();
            let part = |whole: &str, part: &str| whole.strip_prefix(part).is_some_and(|rest| rest.starts_with('.'));
            let why = if names.iter().any(|name| expected.trim().trim_matches(['"', '\'']) == name) {
                "white space or quotes are around yours. Take them away"
            } else if names.iter().any(|name| expected.eq_ignore_ascii_case(name)) {
                "capital and small letters differ, and count"
            } else if names.iter().any(|name| part(name, expected) || part(expected, name)) {
                "one of them has a suffix, such as that of a build for debugging. Give the name of the app that asked"
            } else {
                "another app. Give the package name of the app that asked, or refuse it"
            };
            found(
                Finding::OtherApp,
                format!("The package is {}, and you expect {}: {why}.", listed(&packages), quoted(expected)),
            )
        }
    }
}

fn name_of(package: Package<'_>) -> String {
    String::from_utf8_lossy(package.name).into_owned()
}

fn of_digest(run: &Run<'_>) -> Found {
    let app = run.application();
    let digests: Vec<_> = app
        .into_iter()
        .flat_map(AttestationApplicationId::signature_digests)
        .map(|digest| digest.iter().map(|octet| format!("{octet:02X}")).collect::<Vec<_>>().join(":"))
        .collect();
    if digests.is_empty() {
        return found(
            Finding::OtherCertificate,
            "The system names no certificate that signed the app, as where a key with identifiers of the phone was asked for by the system. Nothing \
             says whose app it is, and no policy accepts it.",
        );
    }
    found(
        Finding::OtherCertificate,
        format!(
            "The app is signed by other certificates than you listed; all of them count. Signed is it by {}. Where Google Play signs the app, list \
             the SHA-256 of the *app signing key* (Play Console, App integrity), not that of the upload key or of a key for debugging. If it is \
             neither, somebody else signed the app.",
            listed(&digests)
        ),
    )
}

fn of_signature(run: &Run<'_>) -> Found {
    let wrong = run.links().iter().position(|link| *link == Some(Link::Wrong));
    found(
        Finding::OtherAuthority,
        match wrong {
            Some(place) => format!(
                "Certificate {place} has the right names and no signature of its issuer's: it is forged, or was changed on its way, in any bit."
            ),
            None => "A certificate has the right names and no signature of its issuer's: the chain is forged, or was changed on its way.".to_owned(),
        },
    )
}

/// What a challenge may have become between server, app and phone, each with how to say it.
fn forms(octets: &[u8]) -> Vec<(Vec<u8>, &'static str)> {
    let mut forms = vec![
        (base64(octets).into_bytes(), "the base64 text of it"),
        (base64(octets).trim_end_matches('=').as_bytes().to_vec(), "the base64 text of it without padding"),
        (base64url(octets).into_bytes(), "the base64url text of it"),
        (base64(octets).replace('+', "-").replace('/', "_").into_bytes(), "the padded base64url text of it"),
        (hex(octets).into_bytes(), "its hexadecimal digits as text"),
        (hex(octets).to_uppercase().into_bytes(), "its hexadecimal digits as text, in capital letters"),
        (sha256(octets).to_vec(), "its SHA-256"),
        (sha256(base64(octets).as_bytes()).to_vec(), "the SHA-256 of its base64 text"),
        (sha256(base64url(octets).as_bytes()).to_vec(), "the SHA-256 of its base64url text"),
        (sha256(hex(octets).as_bytes()).to_vec(), "the SHA-256 of its hexadecimal digits"),
    ];
    if let Ok(text) = std::str::from_utf8(octets) {
        let decoded = from_base64(text.trim());
        forms.extend(decoded.clone().map(|octets| (octets, "the bytes that it is the base64 text of")));
        forms.extend(
            decoded.map(|octets| (sha256(&octets).to_vec(), "the SHA-256 of the bytes that it is the base64 text of")),
        );
        forms.extend(from_hex(text.trim()).map(|octets| (octets, "the bytes that it is the hexadecimal digits of")));
        forms.push((text.trim().as_bytes().to_vec(), "the same text without the white space around it"));
        forms.push((format!("{text}\n").into_bytes(), "the same text with a line break at its end"));
        forms.push((format!("\"{text}\"").into_bytes(), "the same text in quotes"));
    }
    forms
}

fn of_challenge(run: &Run<'_>, tried: &mut Vec<String>) -> Found {
    let expected = run.side.challenge.as_deref().unwrap_or_default();
    let challenge = run.described().map(KeyDescription::attestation_challenge).unwrap_or_default();
    if challenge.is_empty() {
        return found(
            Finding::OtherBinding,
            "The challenge in the leaf is empty: whoever has the chain could show it to anybody. Refuse it.",
        );
    }
    if let Some((_, what)) = forms(expected).into_iter().find(|(octets, _)| octets == challenge) {
        return found(
            Finding::BindingForm,
            format!(
                "The leaf has another form of the challenge that you gave: {what}. The KeyStore takes octets: let the app hand the octets \
                 that the server made to `setAttestationChallenge`, and the server compare those."
            ),
        );
    }
    if expected.starts_with(challenge) || challenge.starts_with(expected) {
        return found(
            Finding::BindingForm,
            "One of the two challenges is the beginning of the other: it was cut off, or something was added.",
        );
    }
    tried.extend(TRIED.map(str::to_owned));
    found(
        Finding::OtherBinding,
        "The challenge is another, and none of the usual mistakes fits: the key was made for another registration, as when an app registers a key \
         that it has kept, or somebody sends a chain again.",
    )
}

const TRIED: [&str; 4] = [
    "its text in base64, base64url or hexadecimal digits, or what it is the text of",
    "its SHA-256, and that of its texts",
    "white space, a line break, quotes",
    "cut off, or longer",
];
