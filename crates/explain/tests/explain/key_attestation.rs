//! Key attestations: the engine's verdict, what was not asked, what goes on behind a failure, and the usual mistakes.

use genuine::{
    Error, UnixTime,
    crypto::GenuineCrypto,
    key_attestation::{GOOGLE_ROOTS, KeyAttestation, KeyAttestationVerifier, Policy, RevocationStatus},
};
use genuine_explain::{
    CertificateChain, Finding, Input, KeyAttestationExplanation, KeyAttestationRequirements, KeyAttestationRoots,
    KeyAttestationSide, Kind, Mark, Missing, Outcome, RevocationList, explain_key_attestation,
};
use genuine_testvectors::{
    ANDROID_GROUPS, ANDROID_P384_ROOT_PEM, ANDROID_RSA_ROOT_PEM,
    android::{
        AndroidDevice, AndroidMutation, AndroidPki, KeyKind, RootOfTrust, SecurityLevel, Shape, set_validity, tag,
    },
    android_vectors,
    certificate::{field, name, oid},
    der::Der,
};
use serde_json::{Value, json};

use crate::{
    key_description::phones,
    support::{anchors, base64, hex},
};

const CHALLENGE: &[u8] = b"challenge of the server";

pub(crate) fn roots(authorities: &AndroidPki) -> KeyAttestationRoots {
    let mut roots = KeyAttestationRoots::google();
    roots.add_pem(authorities.p384_root_pem().as_bytes()).expect("a root on P-384");
    roots.add_pem(authorities.rsa_root_pem().as_bytes()).expect("a root for RSA");
    roots
}

/// All that a server knows about an honest chain over [`CHALLENGE`].
pub(crate) fn side(device: &AndroidDevice) -> KeyAttestationSide {
    KeyAttestationSide {
        challenge: Some(CHALLENGE.to_vec()),
        package: Some(device.package().to_owned()),
        signing_digests: device.signing_digests().iter().map(|digest| digest[..].try_into().expect("32")).collect(),
        revocation: Some(RevocationList::default()),
        at: Some(UnixTime(device.issue_time())),
        ..KeyAttestationSide::default()
    }
}

fn explained(certificates: Vec<Vec<u8>>, side: &KeyAttestationSide) -> KeyAttestationExplanation {
    let chain = CertificateChain::new(certificates);
    explain_key_attestation(&chain, side, &roots(&AndroidPki::default()), UnixTime(1))
}

fn honest(device: &AndroidDevice) -> KeyAttestationExplanation {
    explained(device.attest(CHALLENGE).certificates, &side(device))
}

fn marks(explanation: &KeyAttestationExplanation, wanted: Mark) -> Vec<&str> {
    explanation.steps.iter().filter(|step| step.mark == wanted).map(|step| step.step.as_str()).collect()
}

fn compared<'e>(explanation: &'e KeyAttestationExplanation, step: &str) -> Vec<(&'e str, &'e str)> {
    let found = explanation.steps.iter().find(|found| found.step == step).expect("a step");
    found.compared.iter().map(|row| (row.label, row.value.as_str())).collect()
}

#[track_caller]
fn assert_says(explanation: &KeyAttestationExplanation, error: Error, finding: Finding, parts: &[&str]) {
    let sentence = &explanation.diagnosis.sentence;
    assert_eq!((explanation.verdict.error, explanation.diagnosis.finding), (Some(error), finding), "{sentence}");
    for part in parts {
        assert!(sentence.contains(part), "{part:?} is not in: {sentence}");
    }
    assert!(sentence.ends_with('.') && !sentence.contains("  "), "{sentence:?}");
    let failed = marks(explanation, Mark::Failed);
    assert_eq!(failed.first().copied(), explanation.verdict.step.as_deref(), "the first that failed is the verdict's");
    assert!(explanation.behind.iter().all(|failure| failed.contains(&failure.step.as_str())), "{failed:?}");
}

#[test]
fn honest_chains_are_accepted() {
    for shape in Shape::ALL {
        for level in [SecurityLevel::Tee, SecurityLevel::StrongBox] {
            for sends_root in [true, false] {
                let device = AndroidDevice::new("honest").with_shape(shape).with_level(level);
                let device = if sends_root { device } else { device.without_root() };
                let explanation = honest(&device);
                let verdict = &explanation.verdict;
                assert_eq!(verdict.verdict, Outcome::Accepted, "{shape:?}: {}", explanation.diagnosis.sentence);
                assert_eq!((verdict.error, explanation.diagnosis.finding), (None, Finding::Accepted));
                assert_eq!(marks(&explanation, Mark::Passed).len(), 19);
                assert!(explanation.proved && explanation.behind.is_empty());
                let chain = &explanation.chain;
                assert_eq!(chain.signatures_hold, Some(true), "{shape:?}");
                let kind = if shape.is_remote() { "remote" } else { "factory" };
                assert_eq!(chain.provisioning, Some(kind), "{shape:?}");
                assert_eq!(chain.certificates.last().map(|one| one.role == "root"), Some(sends_root), "{shape:?}");
                let below = chain.certificates.iter().filter(|certificate| certificate.role != "root");
                assert!(below.clone().all(|certificate| certificate.signature == Some(true)), "{shape:?}");
                assert_eq!(below.count(), if shape.is_remote() { 4 } else { 3 }, "{shape:?}");
                assert_eq!(chain.certificates[1].certificates_issued, shape.is_remote().then_some(32), "{shape:?}");
            }
        }
    }
}

/// What was not told is named, and no step that rests on it is said to have passed.
#[test]
fn what_is_not_told_is_not_asked() {
    let device = AndroidDevice::new("not told");
    let certificates = device.attest(CHALLENGE).certificates;
    let whole = side(&device);
    let rows: [(KeyAttestationSide, Missing, &str); 4] = [
        (KeyAttestationSide { challenge: None, ..whole.clone() }, Missing::Challenge, "Challenge"),
        (KeyAttestationSide { package: None, ..whole.clone() }, Missing::Package, "App"),
        (KeyAttestationSide { signing_digests: Vec::new(), ..whole.clone() }, Missing::CertificateDigest, "App"),
        (KeyAttestationSide { revocation: None, ..whole.clone() }, Missing::Revocation, "Revocation"),
    ];
    for (side, missing, step) in rows {
        let explanation = explained(certificates.clone(), &side);
        assert_eq!(explanation.verdict.verdict, Outcome::Incomplete, "{step}");
        assert_eq!((explanation.verdict.missing.as_slice(), explanation.proved), (&[missing][..], false));
        assert_eq!((marks(&explanation, Mark::NotAsked), marks(&explanation, Mark::Failed)), (vec![step], vec![]));
        assert!(compared(&explanation, step).iter().any(|(_, value)| value.contains("not told")), "{step}");
        assert_eq!(explanation.diagnosis.finding, Finding::Incomplete);
    }
    let nothing = KeyAttestationSide::default();
    let chain = CertificateChain::new(certificates);
    let now = UnixTime(device.issue_time());
    let explanation = explain_key_attestation(&chain, &nothing, &roots(device.authorities()), now);
    assert_eq!(explanation.verdict.missing.len(), 4);
    assert_eq!(marks(&explanation, Mark::NotAsked), ["Revocation", "Challenge", "App"]);
    // A time there is always, and where it comes from is said.
    let (_, time) = compared(&explanation, "Validity")[0];
    assert!(time.contains("no other time was told"), "{time}");
    let told = KeyAttestationSide { at: Some(now), ..nothing };
    let explanation = explain_key_attestation(&chain, &told, &roots(device.authorities()), UnixTime(1));
    assert!(!compared(&explanation, "Validity")[0].1.contains("told"));
}

/// An unlocked phone: everything behind the failed step is asked all the same.
#[test]
fn steps_go_on_behind_a_failure() {
    let device = AndroidDevice::new("behind").unlocked();
    let explanation = honest(&device);
    assert_says(&explanation, Error::AndroidUnlocked, Finding::Unlocked, &["UNVERIFIED", "All signatures hold"]);
    assert_eq!((marks(&explanation, Mark::Passed).len(), marks(&explanation, Mark::Failed)), (18, vec!["Boot"]));
    assert_eq!(explanation.chain.signatures_hold, Some(true));

    // Three faults, each behind the other.
    let mut wrong = side(&device);
    wrong.challenge = Some(b"another".to_vec());
    wrong.signing_digests = vec![[9; 32]];
    let explanation = explained(device.attest(CHALLENGE).certificates, &wrong);
    assert_eq!(marks(&explanation, Mark::Failed), ["Challenge", "Boot", "App"]);
    let behind: Vec<_> = explanation.behind.iter().map(|failure| (failure.code, failure.name)).collect();
    assert_eq!(behind, [(3321, "AndroidUnlocked"), (3335, "AndroidSigningDigest")]);
    assert!(
        explanation.diagnosis.sentence.contains("Behind that, the chain would be refused with AndroidUnlocked (3321)")
    );

    // What no policy accepts ends it.
    let mutation = AndroidMutation::default().description(|description| {
        description.hardware_enforced.set_number(tag::ORIGIN, 2);
    });
    let explanation = explained(mutation.mint(&device, CHALLENGE), &wrong);
    assert_eq!(marks(&explanation, Mark::Failed), ["Challenge", "Key"]);
    assert_eq!(marks(&explanation, Mark::NotReached), ["Boot", "App", "System", "LeafKey", "Signatures"]);
    assert_eq!(explanation.chain.signatures_hold, Some(true), "the chain is shown by itself");
}

/// A leaf alone is refused, and what it says is shown.
#[test]
fn a_leaf_alone_is_shown() {
    let device = AndroidDevice::new("alone");
    for count in [1, 2] {
        let mut certificates = device.attest(CHALLENGE).certificates;
        certificates.truncate(count);
        let explanation = explained(certificates, &side(&device));
        assert_says(
            &explanation,
            Error::AndroidTooFewCertificates,
            Finding::ChainForm,
            &["Send what `KeyStore.getCertificateChain` returns"],
        );
        let description = explanation.key_description.as_ref().expect("shown all the same");
        let json = serde_json::to_value(description).expect("JSON");
        assert_eq!(json["attestationChallenge"], json!(base64(CHALLENGE)));
        assert!(!explanation.proved);
        assert_eq!(marks(&explanation, Mark::NotReached).len(), 18);
    }
}

fn minted(
    device: &AndroidDevice,
    mutation: &AndroidMutation<'_>,
    side: &KeyAttestationSide,
) -> KeyAttestationExplanation {
    explained(mutation.mint(device, CHALLENGE), side)
}

/// What an app may make of a challenge, and what the sentence calls it.
#[test]
fn challenges_in_another_form() {
    let device = AndroidDevice::new("challenges");
    let octets: &[u8] = &[0xFB, 0xF0, 7, 200, 0, 1, 2, 3];
    let text = base64(octets);
    let rows: Vec<(Vec<u8>, Vec<u8>, &str)> = vec![
        (octets.to_vec(), text.clone().into_bytes(), "the base64 text of it"),
        (octets.to_vec(), text.replace('+', "-").replace('/', "_").into_bytes(), "base64url text of it"),
        (octets.to_vec(), hex(octets).into_bytes(), "its hexadecimal digits"),
        (octets.to_vec(), genuine_testvectors::keys::sha256(&[octets]).to_vec(), "its SHA-256"),
        (text.clone().into_bytes(), octets.to_vec(), "the bytes that it is the base64 text of"),
        (b"text".to_vec(), b"text\n".to_vec(), "a line break at its end"),
        (b"text of a server".to_vec(), b"text of".to_vec(), "was cut off"),
    ];
    for (expected, passed, what) in rows {
        let side = KeyAttestationSide { challenge: Some(expected), ..side(&device) };
        let explanation = explained(device.attest(&passed).certificates, &side);
        assert_says(&explanation, Error::AndroidChallengeMismatch, Finding::BindingForm, &[what]);
        assert!(explanation.behind.is_empty());
    }
    let explanation = explained(device.attest(b"of somebody else").certificates, &side(&device));
    assert_says(&explanation, Error::AndroidChallengeMismatch, Finding::OtherBinding, &["another registration"]);
    assert!(!explanation.diagnosis.tried.is_empty());
    let explanation = explained(device.attest(b"").certificates, &side(&device));
    assert_says(&explanation, Error::AndroidChallengeMismatch, Finding::OtherBinding, &["is empty"]);
    // Nor does it pass where no challenge is told; one that is told is not to be empty.
    let side = KeyAttestationSide { challenge: None, ..side(&device) };
    let explanation = explained(device.attest(b"").certificates, &side);
    assert_says(&explanation, Error::AndroidChallengeMismatch, Finding::OtherBinding, &["is empty"]);
    let side = KeyAttestationSide { challenge: Some(Vec::new()), ..side };
    let explanation = explained(device.attest(b"").certificates, &side);
    assert_says(&explanation, Error::AndroidChallengeEmpty, Finding::CallerSide, &["bind the key to nothing"]);
}

#[test]
fn the_chain_in_another_form() {
    let device = AndroidDevice::new("chains");
    let (certificates, side) = (device.attest(CHALLENGE).certificates, side(&device));
    let with = |change: fn(&mut Vec<Vec<u8>>)| {
        let mut certificates = certificates.clone();
        change(&mut certificates);
        explained(certificates, &side)
    };
    let explanation = with(|chain| chain.reverse());
    assert_says(&explanation, Error::AndroidDescriptionMissing, Finding::ChainForm, &["leaf first"]);
    assert_eq!(explanation.chain.certificates[0].role, "leaf", "nobody puts them in order");
    let explanation = with(|chain| chain.insert(2, chain[1].clone()));
    assert_says(&explanation, Error::AndroidCertificateRepeated, Finding::ChainForm, &["Certificates 1 and 2 are one"]);
    let explanation = with(|chain| drop(chain.remove(2)));
    assert_says(&explanation, Error::AndroidIssuerMismatch, Finding::ChainForm, &["Certificate 1 was not issued by"]);
    let explanation = with(|chain| chain.truncate(3));
    assert_says(&explanation, Error::AndroidAnchorUnknown, Finding::OtherAuthority, &["missing at the end"]);
    let explanation = with(|chain| drop(chain.remove(0)));
    assert_says(&explanation, Error::AndroidDescriptionMissing, Finding::NotAttested, &["setAttestationChallenge"]);
    let explanation = with(|chain| chain.swap(0, 1));
    assert_says(&explanation, Error::AndroidDescriptionMissing, Finding::ChainForm, &["certificate 1 does"]);
    let explanation = with(|chain| chain[1].truncate(400));
    assert_says(&explanation, Error::AndroidDerTruncated, Finding::NotGenuine, &["No phone makes such a chain"]);
    assert_eq!(explanation.chain.certificates[1].role, "unreadable");
    let explanation = with(|chain| chain[0].extend([0; 8192]));
    assert_says(&explanation, Error::AndroidTooLarge, Finding::Length, &["5,637 bytes"]);
}

/// Other roots are called what they are.
#[test]
fn roots_have_names() {
    let device = AndroidDevice::new("roots");
    let attacker = AndroidDevice::new("roots").with_authorities(AndroidPki::attacker());
    let explanation = explained(attacker.attest(CHALLENGE).certificates, &side(&device));
    assert_says(&explanation, Error::AndroidAnchorUnknown, Finding::OtherAuthority, &["another key: a forged root"]);
    assert_eq!(explanation.chain.anchor, None);
    let chain = CertificateChain::new(device.attest(CHALLENGE).certificates);
    let explanation = explain_key_attestation(&chain, &side(&device), &KeyAttestationRoots::google(), UnixTime(1));
    assert_says(
        &explanation,
        Error::AndroidAnchorUnknown,
        Finding::OtherAuthority,
        &["name their root in the place of Google's"],
    );
    for root in [b"" as &[u8], b"no PEM", b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"] {
        KeyAttestationRoots::google().add_pem(root).expect_err("no root");
    }
    let named = "Android Keystore Software Attestation Root";
    let software = AndroidMutation::default().unsigned(|chain| {
        let root = chain.last_mut().expect("a root");
        let software = name(&[(oid::COMMON_NAME, named)]);
        root.tbs[field::SUBJECT] = software.clone();
        root.tbs[field::ISSUER] = software;
    });
    let explanation = minted(&device, &software, &side(&device));
    assert_says(&explanation, Error::AndroidAnchorUnknown, Finding::SoftwareKey, &["emulator"]);
    assert!(explanation.chain.known_root.is_some_and(|root| root.contains("software root")));
}

#[test]
fn leaves_that_attested_keys_signed() {
    let device = AndroidDevice::new("attest key").with_attest_key();
    let mut side = side(&device);
    let explanation = explained(device.attest(CHALLENGE).certificates, &side);
    assert_says(
        &explanation,
        Error::AndroidDescriptionElsewhere,
        Finding::AttestKey,
        &["ATTEST_KEY", "setAttestKeyAlias"],
    );
    assert_eq!(explanation.chain.certificates[1].role, "attest_key");
    assert_eq!(marks(&explanation, Mark::Passed).len(), 18, "everything else is as it should be");
    // The forgery: a key that is to sign requests signs a leaf.
    let forged = AndroidMutation::default()
        .attest_key_description(|description| description.hardware_enforced.set_numbers(tag::PURPOSE, &[2]));
    let explanation = minted(&device, &forged, &side);
    assert_says(&explanation, Error::AndroidDescriptionElsewhere, Finding::AttestKey, &["refuse it"]);
    assert_eq!(explanation.behind[0].name, "AndroidAttestKeyMismatch");
    side.requirements.accept_attest_keys = true;
    assert_eq!(explained(device.attest(CHALLENGE).certificates, &side).verdict.verdict, Outcome::Accepted);
    let explanation = minted(&device, &forged, &side);
    assert_says(&explanation, Error::AndroidAttestKeyMismatch, Finding::AttestKey, &["Anything looser"]);
}

#[test]
fn the_revocation_list_is_asked_by_serial_number() {
    let device = AndroidDevice::new("revoked");
    let serial = honest(&device).chain.certificates[1].serial_hex.clone();
    let list = |serial: &str, status: &str| {
        let json = json!({"entries": {serial: {"status": status, "reason": "KEY_COMPROMISE"}, "c0ffee": {"status": "REVOKED"}}});
        RevocationList::read(&json.to_string()).expect("a list")
    };
    let with = |list| {
        explained(
            device.attest(CHALLENGE).certificates,
            &KeyAttestationSide { revocation: Some(list), ..side(&device) },
        )
    };
    let explanation = with(list(&serial, "REVOKED"));
    assert_says(&explanation, Error::AndroidRevoked, Finding::Revoked, &["Certificate 1", &serial, "KEY_COMPROMISE"]);
    assert_eq!(explanation.chain.certificates[1].revocation.as_deref(), Some("revoked, KEY_COMPROMISE"));
    assert_eq!(explanation.chain.certificates[0].revocation.as_deref(), Some("good"));
    assert!(explanation.chain.drawing().contains("on the revocation list: revoked, KEY_COMPROMISE"));
    assert_says(&with(list(&serial, "WHATEVER")), Error::AndroidRevoked, Finding::Revoked, &["is revoked"]);
    assert_says(&with(list(&serial, "SUSPENDED")), Error::AndroidSuspended, Finding::Revoked, &["is suspended"]);
    // Leading zeros and capital letters are the list's, not the number's.
    let other = format!("00{}", serial.to_uppercase());
    assert_says(&with(list(&other, "REVOKED")), Error::AndroidRevoked, Finding::Revoked, &[&serial]);
    assert_eq!(with(list("ff", "REVOKED")).verdict.verdict, Outcome::Accepted);
    for (json, reason) in [
        ("", "not JSON"),
        ("{}", "`entries`"),
        (r#"{"entries": []}"#, "`entries`"),
        (r#"{"entries": {"xyz": {"status": "REVOKED"}}}"#, "no serial number"),
        (r#"{"entries": {"": {"status": "REVOKED"}}}"#, "no serial number"),
        (r#"{"entries": {"ab": {}}}"#, "no `status`"),
        (r#"{"entries": {"ab": "REVOKED"}}"#, "an object of objects"),
        (r#"{"entries": {"ab": {"status": "REVOKED", "status": "SUSPENDED"}}}"#, "two members `status`"),
        (r#"{"entries": {}}"#, "`entries` is empty"),
        (r#"{"entries": {"ab": {"status": "REVOKED"}}, "entries": {"cd": {"status": "REVOKED"}}}"#, "`entries`"),
        (&format!("{{\"entries\": \"{}\"}}", "x".repeat(10_000)), "xxx"),
    ] {
        let error = RevocationList::read(json).expect_err(reason);
        assert!(error.contains(reason) && error.len() < 300, "{error}");
    }
    // Of two entries the worse counts, whichever is the last.
    for other in [&serial, &other] {
        for statuses in [["REVOKED", "SUSPENDED"], ["SUSPENDED", "REVOKED"]] {
            let entries = [(&serial, statuses[0]), (other, statuses[1])]
                .map(|(serial, status)| format!("\"{serial}\": {{\"status\": \"{status}\"}}"));
            let list = RevocationList::read(&format!("{{\"entries\": {{{}}}}}", entries.join(","))).expect("a list");
            assert_says(&with(list), Error::AndroidRevoked, Finding::Revoked, &["is revoked"]);
        }
    }
    let zero = RevocationList::read(r#"{"entries": {"00": {"status": "REVOKED"}}}"#).expect("a list");
    assert_eq!((zero.len(), with(zero).verdict.verdict), (1, Outcome::Accepted));
}

fn certificates(device: &AndroidDevice) -> Vec<Vec<u8>> {
    device.attest(CHALLENGE).certificates
}

/// An honest device, and its side with these requirements.
fn requiring(requirements: KeyAttestationRequirements) -> (AndroidDevice, KeyAttestationSide) {
    let device = AndroidDevice::new("refusals");
    let side = KeyAttestationSide { requirements, ..side(&device) };
    (device, side)
}

/// One thing is wrong at a time, here and in the next ones.
#[test]
fn provisioning_level_and_time_have_sentences() {
    let (device, plain) = requiring(KeyAttestationRequirements::default());
    let with = |requirements| KeyAttestationSide { requirements, ..plain.clone() };
    let default = KeyAttestationRequirements::default;
    let as_is = AndroidMutation::default();
    let factory = device.clone().with_shape(Shape::FactoryEc);
    let explanation =
        explained(certificates(&factory), &with(KeyAttestationRequirements { remote: true, ..default() }));
    assert_says(&explanation, Error::AndroidFactoryRefused, Finding::Policy, &["Android 12"]);
    let explanation = minted(&device, &as_is, &with(KeyAttestationRequirements { strong_box: true, ..default() }));
    assert_says(&explanation, Error::AndroidLevelTooLow, Finding::Policy, &["setIsStrongBoxBacked"]);

    let late = KeyAttestationSide { at: Some(UnixTime(device.issue_time() + 90 * 86_400)), ..plain.clone() };
    let explanation = minted(&device, &as_is, &late);
    assert_says(&explanation, Error::AndroidExpired, Finding::Time, &["live for some weeks"]);
    let (from, to) = explanation.chain.valid_between.clone().expect("they overlap");
    assert!(from < to && explanation.diagnosis.sentence.contains(&format!("{from} to {to}")));
    let early = KeyAttestationSide { at: Some(UnixTime(1_000_000_000)), ..plain.clone() };
    assert_says(&minted(&device, &as_is, &early), Error::AndroidNotYetValid, Finding::Time, &["the clock is behind"]);
    let unset = KeyAttestationSide { at: Some(UnixTime(0)), ..plain.clone() };
    let explanation = minted(&device, &as_is, &unset);
    assert_eq!((explanation.verdict.verdict, explanation.verdict.error), (Outcome::Undecided, Some(Error::ClockUnset)));
    assert_eq!(marks(&explanation, Mark::Failed), ["Configuration"]);
}

#[test]
fn boot_has_sentences() {
    let (device, plain) = requiring(KeyAttestationRequirements::default());
    let with = |requirements| KeyAttestationSide { requirements, ..plain.clone() };
    let default = KeyAttestationRequirements::default;
    let own = device.clone().with_own_system([5; 32]);
    let explanation = explained(certificates(&own), &plain);
    assert_says(&explanation, Error::AndroidBootKey, Finding::Unlocked, &["GrapheneOS", &"05".repeat(32)]);
    assert_eq!(marks(&explanation, Mark::Passed).len(), 18);
    let accepting = with(KeyAttestationRequirements { boot_keys: vec![[5; 32]], ..default() });
    assert_eq!(explained(certificates(&own), &accepting).verdict.verdict, Outcome::Accepted);
    let unlocked = with(KeyAttestationRequirements { accept_unlocked: true, ..default() });
    let explanation = explained(certificates(&device.clone().unlocked()), &unlocked);
    assert!(explanation.proved && explanation.diagnosis.sentence.contains("is worth nothing"));
    let strange = RootOfTrust { verified_boot_state: 2, ..device.root_of_trust().clone() };
    let explanation = explained(certificates(&device.clone().with_root_of_trust(strange)), &plain);
    assert_says(&explanation, Error::AndroidBootState, Finding::NotGenuine, &["says both"]);
    let missing = AndroidMutation::default().description(|description| {
        description.hardware_enforced.remove(tag::ROOT_OF_TRUST);
    });
    assert_says(
        &minted(&device, &missing, &plain),
        Error::AndroidRootOfTrustMissing,
        Finding::NotGenuine,
        &["nothing vouches"],
    );
}

#[test]
fn apps_have_sentences() {
    let (device, plain) = requiring(KeyAttestationRequirements::default());
    let as_is = AndroidMutation::default();
    let package = |package: &str| KeyAttestationSide { package: Some(package.to_owned()), ..plain.clone() };
    for (expected, what) in [
        ("org.example.other", "another app"),
        ("org.example.genuine.debug", "a suffix"),
        ("Org.Example.Genuine", "capital"),
        (" org.example.genuine", "white space"),
    ] {
        assert_says(&minted(&device, &as_is, &package(expected)), Error::AndroidPackage, Finding::OtherApp, &[what]);
    }
    let unknown = device.clone().with_package("UnknownPackage", 1);
    assert_says(
        &explained(certificates(&unknown), &plain),
        Error::AndroidPackageUnknown,
        Finding::OtherApp,
        &["before Android 17"],
    );
    let shared = device.clone().with_another_package("org.example.second", 7);
    assert_says(
        &explained(certificates(&shared), &plain),
        Error::AndroidPackageCount,
        Finding::OtherApp,
        &["2 packages", "org.example.second"],
    );
    let other = KeyAttestationSide { signing_digests: vec![[1; 32]], ..plain.clone() };
    assert_says(
        &minted(&device, &as_is, &other),
        Error::AndroidSigningDigest,
        Finding::OtherCertificate,
        &["app signing key"],
    );
    let nobody = device.clone().with_signing_digests(&[]);
    assert_says(
        &explained(certificates(&nobody), &plain),
        Error::AndroidSigningDigest,
        Finding::OtherCertificate,
        &["names no certificate"],
    );
}

#[test]
fn keys_systems_and_signatures_have_sentences() {
    let (device, plain) = requiring(KeyAttestationRequirements::default());
    let with = |requirements| KeyAttestationSide { requirements, ..plain.clone() };
    let default = KeyAttestationRequirements::default;
    let as_is = AndroidMutation::default();
    let rsa = device.clone().with_key_kind(KeyKind::Rsa2048);
    assert_says(&explained(certificates(&rsa), &plain), Error::AndroidAlgorithm, Finding::Policy, &["secp256r1"]);
    let any = with(KeyAttestationRequirements { accept_any_key: true, ..default() });
    assert_eq!(explained(certificates(&rsa), &any).verdict.verdict, Outcome::Accepted);
    let decrypts = device.clone().with_purposes(&[2, 1]);
    assert_says(
        &explained(certificates(&decrypts), &plain),
        Error::AndroidPurpose,
        Finding::Policy,
        &["Sign and Decrypt"],
    );
    let imported =
        AndroidMutation::default().description(|description| description.hardware_enforced.set_number(tag::ORIGIN, 2));
    assert_says(&minted(&device, &imported, &plain), Error::AndroidOrigin, Finding::Policy, &["IMPORTED"]);

    let floor = with(KeyAttestationRequirements { os_patch_level: Some(203_001), ..default() });
    assert_says(&minted(&device, &as_is, &floor), Error::AndroidOsPatchLevel, Finding::Policy, &["202609", "203001"]);
    let new = AndroidMutation::default().description(|description| description.hardware_enforced.set_null(999));
    let strict = with(KeyAttestationRequirements { refuse_unknown_tags: true, ..default() });
    assert_says(&minted(&device, &new, &strict), Error::AndroidUnknownTag, Finding::Policy, &["locks its phones out"]);
    assert_eq!(minted(&device, &new, &plain).verdict.verdict, Outcome::Accepted);

    let flipped = AndroidMutation::default().certificates(|chain| {
        let last = chain[1].last_mut().expect("octets");
        *last ^= 1;
    });
    let explanation = minted(&device, &flipped, &plain);
    assert_says(&explanation, Error::AndroidSignature, Finding::OtherAuthority, &["Certificate 1"]);
    assert_eq!(explanation.chain.signatures_hold, Some(false));
    assert!(explanation.chain.drawing().contains("NOT signed by the next"));
    let claims = AndroidMutation::default().description(|description| {
        description.attestation_security_level = 2;
        description.key_mint_security_level = 2;
    });
    assert_says(&minted(&device, &claims, &plain), Error::AndroidLevelUnbacked, Finding::NotGenuine, &["claims more"]);
}

/// Dates of leaves mean nothing, and are shown.
#[test]
fn leaves_keep_their_dates() {
    let device = AndroidDevice::new("dates");
    let old =
        AndroidMutation::default().leaf(|leaf| genuine_testvectors::android::set_utc_time(leaf, 1, "691231235959Z"));
    let explanation = minted(&device, &old, &side(&device));
    assert_eq!(explanation.verdict.verdict, Outcome::Accepted, "{}", explanation.diagnosis.sentence);
    let leaf = &explanation.chain.certificates[0];
    assert_eq!((leaf.not_after.as_str(), leaf.validity_counts), ("1969-12-31T23:59:59Z", false));
    let none = AndroidMutation::default().leaf(|leaf| genuine_testvectors::android::set_utc_time(leaf, 1, "never"));
    assert_eq!(minted(&device, &none, &side(&device)).chain.certificates[0].not_after, "never");
    let short = AndroidMutation::default().certificate(1, |one| set_validity(one, 1_000, 2_000));
    assert_eq!(minted(&device, &short, &side(&device)).chain.valid_between, None, "no time fits all of them");
}

/// Every form in which people have a chain gives the same certificates, in their order.
#[test]
fn every_form_gives_the_certificates() {
    let attested = AndroidDevice::new("forms").attest(CHALLENGE);
    let (pem, certificates) = (attested.pem(), attested.certificates);
    let texts: Vec<_> = certificates.iter().map(|der| base64(der)).collect();
    let url: Vec<_> = texts.iter().map(|text| text.replace('+', "-").replace('/', "_")).collect();
    let forms: Vec<Vec<u8>> = vec![
        pem.clone().into_bytes(),
        format!("\u{FEFF}some words\n{pem}\nsubject=CN = x\n").into_bytes(),
        pem.replace('\n', "\r\n").into_bytes(),
        pem.replace('\n', "\\n").into_bytes(),
        json!(pem).to_string().into_bytes(),
        json!(texts).to_string().into_bytes(),
        json!(url).to_string().into_bytes(),
        json!({"certificateChain": texts, "keyId": "x"}).to_string().into_bytes(),
        json!({"pem": pem}).to_string().into_bytes(),
        json!(pem.split_inclusive("-----END CERTIFICATE-----\n").collect::<Vec<_>>()).to_string().into_bytes(),
        certificates.concat(),
        base64(&certificates.concat()).into_bytes(),
        hex(&certificates.concat()).into_bytes(),
    ];
    for form in forms {
        let shown = String::from_utf8_lossy(&form).chars().take(60).collect::<String>();
        let Ok(Input::Chain(chain)) = Input::read(&form) else { panic!("{shown}") };
        assert_eq!(chain.certificates, certificates, "{shown}");
    }
    let mut reversed = texts.clone();
    reversed.reverse();
    let Ok(Input::Chain(chain)) = Input::read(json!(reversed).to_string().as_bytes()) else { panic!("a chain") };
    assert_eq!(chain.certificates.last(), certificates.first(), "nobody puts them in order");
    for (text, reason) in [
        ("-----BEGIN CERTIFICATE-----\nMIIB", "has no end"),
        ("-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----", "not base64"),
        (&json!([texts[0], "?"]).to_string(), "item 2 is not base64"),
        ("-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----", "PEM of a public key"),
    ] {
        let error = Input::read(text.as_bytes()).expect_err(reason).to_string();
        assert!(error.contains(reason), "{error}");
    }
}

/// The fields have stable names.
#[test]
fn the_json_form() {
    let device = AndroidDevice::new("json").unlocked();
    let json = serde_json::to_value(honest(&device)).expect("JSON");
    assert_eq!((&json["kind"], &json["verdict"]), (&json!("key_attestation"), &json!("refused")));
    assert_eq!((&json["code"], &json["name"]), (&json!(3321), &json!("AndroidUnlocked")));
    assert_eq!((&json["step"], &json["behind"], &json["proved"]), (&json!("Boot"), &json!([]), &json!(false)));
    assert_eq!(json["steps"].as_array().map(Vec::len), Some(19));
    assert_eq!(json["key_description"]["hardwareEnforced"]["rootOfTrust"]["deviceLocked"], json!(false));
    assert_eq!(json["diagnosis"]["unverified"], json!(true));
    let fields =
        ["anchor", "anchors", "certificates", "known_root", "provisioning", "signatures_hold", "valid_between"];
    let found: Vec<_> = json["chain"].as_object().expect("an object").keys().collect();
    assert_eq!(found, fields);
    let certificate = &json["chain"]["certificates"][1];
    for name in
        ["role", "size", "subject", "issuer", "serial_hex", "not_before", "key", "signature_algorithm", "signature"]
    {
        assert!(!certificate[name].is_null(), "{name}");
    }
}

/// The chain as text: a block for each certificate.
#[test]
fn the_drawing_shows_every_certificate() {
    let drawing = honest(&AndroidDevice::new("drawing").without_root()).chain.drawing();
    for part in [
        "0  leaf: CN=Android Keystore Key\n   │ P-256, serial 1,",
        "describes a key\n",
        ", not looked at\n",
        "1  attestation: O=TEE, CN=",
        "provisioned remotely: 32 certificates issued of late, maker \"",
        "2  intermediate: O=Google LLC, CN=Droid CA3\n",
        "   │ signed by the next: ECDSA with SHA-384\n3  intermediate",
        "   │ signed by the root that was left out, CN=",
    ] {
        assert!(drawing.contains(part), "{part:?} is not in\n{drawing}");
    }
}

/// What a certificate says makes no line of its own, in which it could say anything.
#[test]
fn a_name_draws_no_lines() {
    let device = AndroidDevice::new("drawing");
    let lines = |drawing: &str| drawing.lines().count();
    let plain = honest(&device).chain.drawing();
    let forged = "x\n   │ signed by the next: ECDSA with SHA-384\r\n1  root: CN=Google\u{85}\u{1B}[2J";
    let mutation = AndroidMutation::default()
        .leaf(|leaf| leaf.tbs[field::SUBJECT] = name(&[(oid::COMMON_NAME, forged)]))
        .leaf(|leaf| leaf.tbs[field::VALIDITY] = Der::sequence(vec![Der::utf8("now\n9  root: x"), Der::utf8("\n\n")]));
    let explanation = explained(mutation.mint(&device, CHALLENGE), &side(&device));
    assert_eq!(explanation.verdict.verdict, Outcome::Accepted, "the engine looks at neither");
    let drawing = explanation.chain.drawing();
    assert!(drawing.contains("1  root: CN=Google") && drawing.contains("9  root: x"), "it is shown");
    assert_eq!(lines(&drawing), lines(&plain), "{drawing}");
    assert!(!drawing.contains(|c: char| c.is_control() && c != '\n'), "{drawing:?}");
}

/// What the engine says by itself, for chains of which octets were changed.
#[test]
fn the_verdict_is_the_engines() {
    let device = AndroidDevice::new("verdicts");
    let side = side(&device);
    let original = device.attest(CHALLENGE).certificates;
    let policies = [Policy::new(device.package(), &side.signing_digests)];
    let authorities = [device.authorities().p384_root_der(), device.authorities().rsa_root_der()];
    let anchors =
        authorities.each_ref().map(|der| genuine::x509::TrustAnchor::from_trusted_issuer(der).expect("a root"));
    let verifier = KeyAttestationVerifier::new(&policies, &anchors, &GenuineCrypto).expect("a verifier");
    let good = |_: &str| RevocationStatus::Good;
    for (place, certificate) in original.iter().enumerate() {
        for position in (0..certificate.len()).step_by(29) {
            let mut changed = original.clone();
            changed[place][position] ^= 1 << (position % 8);
            let slices: Vec<_> = changed.iter().map(Vec::as_slice).collect();
            let expected = KeyAttestation::parse(&slices).and_then(|attestation| {
                verifier.verify(&attestation, CHALLENGE, &good, UnixTime(device.issue_time())).map(drop)
            });
            let explanation = explained(changed, &side);
            assert_eq!(explanation.verdict.error, expected.err(), "{place} {position}");
            assert!(serde_json::to_string(&explanation).is_ok());
            assert!(!explanation.chain.drawing().is_empty());
        }
    }
}

/// Each of the suite's chains, and each request by a key of one, has the verdict that its vector expects.
#[test]
fn vectors_have_their_verdicts() {
    let mut roots = KeyAttestationRoots::google();
    for root in [ANDROID_P384_ROOT_PEM, ANDROID_RSA_ROOT_PEM] {
        roots.add_pem(root.as_bytes()).expect("a root");
    }
    let (mut ids, mut requests) = (Vec::new(), 0);
    for (group, json) in ANDROID_GROUPS {
        let Ok(Input::ChainGroup(vectors)) = Input::read(json.as_bytes()) else { panic!("{group} is a group") };
        for vector in vectors {
            let id = vector.id.clone().expect("an id");
            let shown = vector.explain(&vector.side, &roots, UnixTime(1));
            let mut verdict = shown.verdict;
            if let Some((object, side)) = vector.request.as_ref().filter(|_| verdict.verdict == Outcome::Accepted) {
                requests += 1;
                verdict =
                    genuine_explain::explain(object, Some(Kind::Assertion), side, &anchors(), UnixTime(1)).verdict;
            }
            assert!(vector.expected.is_met_by(&verdict), "{id}: {:?}, and not {}", verdict.name, vector.expected);
            assert!(shown.diagnosis.sentence.ends_with('.'), "{id}: {}", shown.diagnosis.sentence);
            ids.push(id);
        }
    }
    assert_eq!(ids, android_vectors().map(|vector| vector.id).collect::<Vec<_>>());
    assert_eq!(requests, android_vectors().filter(|vector| vector.request.is_some()).count());
}

/// A caller whose roots are all of another kind than a vector trusts has trusted nobody: Google is not in their place.
#[test]
fn roots_of_another_kind_are_not_googles() {
    let mut vector: Value = serde_json::from_str(ANDROID_GROUPS[0].1).expect("JSON");
    let mut vector = vector["vectors"][0].take();
    vector["anchors"] = json!(["rsa"]);
    let Ok(Input::ChainVector(vector)) = Input::read(vector.to_string().as_bytes()) else { panic!("a vector") };
    let verdict = |roots: &KeyAttestationRoots| vector.explain(&vector.side, roots, UnixTime(1)).verdict.name;
    let mut roots = KeyAttestationRoots::google();
    roots.add_pem(ANDROID_P384_ROOT_PEM.as_bytes()).expect("a root");
    assert_eq!(verdict(&roots), Some("ConfigNoAnchor"));
    assert_eq!(verdict(&KeyAttestationRoots::google()), Some("AndroidAnchorUnknown"));
}

#[test]
fn vectors_that_are_none_are_told() {
    let good: Value =
        serde_json::from_str(ANDROID_GROUPS.iter().find(|(name, _)| *name == "android-good").expect("it").1)
            .expect("JSON");
    let with = |name: &str, value: Value| {
        let mut vector = good["vectors"][0].clone();
        vector[name] = value;
        Input::read(vector.to_string().as_bytes())
    };
    assert!(
        matches!(with("id", json!("other")), Ok(Input::ChainVector(vector)) if vector.id.as_deref() == Some("other"))
    );
    for (name, value, reason) in [
        ("certificates_b64", json!(["?"]), "cannot be decoded"),
        ("certificates_b64", json!("AAAA"), "not a list of texts"),
        ("challenge", json!("xy"), "not hexadecimal digits"),
        ("signing_digests", json!(["ab"]), "no SHA-256"),
        ("policy", json!({"require_nothing": true}), "nothing that can be required"),
        ("policy", json!({"require_strong_box": 1}), "neither true nor false"),
        ("policy", json!({"require_purposes": ["WRAP"]}), "SIGN or VERIFY"),
        ("policy", json!({"require_os_version": 0x1_0000_0000_u64}), "too large"),
        ("policy", json!({"accept_other_signers": {}}), "not a list"),
        ("policy", json!({"accept_other_signers": ["ab"]}), "not a list of lists"),
        ("anchors", json!(["p521"]), "not p384 or rsa"),
        ("expected", json!("NoSuchError"), "nothing that can be expected"),
        ("now", json!("soon"), "not a number"),
        ("request", json!([]), "not a JSON object"),
        (
            "request",
            json!({"assertion_b64": "AA==", "client_data_hash": "", "previous_counter": 0x1_0000_0000_u64}),
            "too large",
        ),
    ] {
        let error = with(name, value).expect_err(reason).to_string();
        assert!(error.contains(reason), "{name}: {error}");
    }
    // A serial number that is suspended and revoked is revoked.
    let list = |suspended: &str| {
        let mut vector = good["vectors"][0].clone();
        (vector["suspended"], vector["revoked"]) = (json!([suspended]), json!(["1"]));
        match Input::read(vector.to_string().as_bytes()) {
            Ok(Input::ChainVector(vector)) => vector.side.revocation.expect("a list"),
            _ => panic!("a vector"),
        }
    };
    let read = |json| RevocationList::read(json).expect("a list");
    assert_eq!(list("1"), read(r#"{"entries": {"1": {"status": "REVOKED"}}}"#));
    assert_eq!(list("2"), read(r#"{"entries": {"1": {"status": "REVOKED"}, "2": {"status": "SUSPENDED"}}}"#));
    let mut group = good.clone();
    group["vectors"][1].as_object_mut().expect("a vector").remove("id");
    assert!(Input::read(group.to_string().as_bytes()).expect_err("no id").to_string().contains("vector 1 has no `id`"));
}

/// Chains of real phones, with nothing told but a time: what is wrong with each, and what is behind that.
#[test]
fn real_phones_are_shown() {
    const LOCKED: [&str; 4] = [
        "caiman-sdk36-SB_EC_RKP",
        "invalid-malformed_rot_device_locked",
        "sony-xperia10-iii-sdk33-TEE_EC",
        "tegu-sdk36-SB_EC_2026_ROOT",
    ];
    assert_eq!(GOOGLE_ROOTS.len(), 2);
    for (name, chain) in phones() {
        let shown = explain_key_attestation(
            &chain,
            &KeyAttestationSide::default(),
            &KeyAttestationRoots::google(),
            UnixTime(1_800_000_000),
        );
        let at = shown.chain.valid_between.as_ref().and_then(|(from, _)| genuine_explain::unix_time(from));
        let side = KeyAttestationSide { at, ..KeyAttestationSide::default() };
        let shown = explain_key_attestation(&chain, &side, &KeyAttestationRoots::google(), UnixTime(1_800_000_000));
        let failed: Vec<_> =
            shown.verdict.name.into_iter().chain(shown.behind.iter().map(|failure| failure.name)).collect();
        let expected: &[&str] = match name.as_str() {
            name if LOCKED.contains(&name) => &[],
            "allow_while_on_body" => &["AndroidTooFewCertificates"],
            "p256_sha384_intermediate" => &["AndroidDescriptionMalformed"],
            name if name.starts_with("marlin") => &["AndroidAnchorUnknown"],
            "invalid-tags_not_in_ascending_order" => &["AndroidUnlocked", "AndroidSignature"],
            "akita-sdk34-TEE_RSA_BASE+IMEI" => &["AndroidAlgorithm", "AndroidUnlocked", "AndroidSigningDigest"],
            name if name.contains("_EC") || name.contains("USAGE") => &["AndroidUnlocked"],
            _ => &["AndroidAlgorithm", "AndroidUnlocked"],
        };
        assert_eq!(failed, expected, "{name}");
        let outcome = if expected.is_empty() { Outcome::Incomplete } else { Outcome::Refused };
        assert_eq!((shown.verdict.verdict, shown.proved), (outcome, false), "{name}");
        // Whatever is wrong, whether the signatures hold is shown.
        let hold = match name.as_str() {
            "allow_while_on_body" | "p256_sha384_intermediate" => None,
            name if name.starts_with("marlin") => None,
            "invalid-tags_not_in_ascending_order" => Some(false),
            _ => Some(true),
        };
        assert_eq!(shown.chain.signatures_hold, hold, "{name}");
        assert_eq!(shown.chain.known_root.is_some(), name.starts_with("marlin"), "{name}");
        assert_eq!(shown.key_description.is_some(), name != "p256_sha384_intermediate", "{name}");
        let json: Value = serde_json::from_str(&serde_json::to_string(&shown).expect("JSON")).expect("JSON");
        assert_eq!(json["kind"], "key_attestation");
    }
}
