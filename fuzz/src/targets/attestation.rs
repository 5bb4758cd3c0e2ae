//! Attestations over a backend that says yes: the fuzzer gets behind hashes and signatures.

use std::sync::LazyLock;

use genuine::{
    Error, UnixTime,
    app_attest::{
        AppIdHash, AttestationObject, Environments, MACOS_ACCESS_CONTROL, MAX_ATTESTATION, OsBuild, OsVersion,
        Platform, Policy, Step, ValidationCategory, VerifiedAttestation,
    },
    crypto::{P384, PublicKey},
    x509::{Certificate, SubjectKey, TrustAnchor},
};
use genuine_testvectors::{
    Environment, Kind,
    auth_data::FLAG_ED,
    cbor::Cbor,
    certificate::{nonce_value, oid},
    keys::sha256,
};

use crate::{
    around::{self, DEVICE},
    case, codes,
    crypto::{Asked, CLIENT_DATA, Caller, Yes},
    naive,
    targets::system,
    x509,
};

/// What a caller knows of one device's attestation, before and without the object.
#[derive(Clone, Copy)]
struct Case {
    app: [u8; 32],
    key_id: [u8; 32],
    /// What the hash over authenticator data and client data is to the backend.
    nonce: [u8; 32],
    environment: Environment,
    now: u64,
    code_hash: [u8; 32],
}

/// Those of the good objects, in their order.
static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let known = |seed: &genuine_testvectors::Vector| {
        let object = naive::Attestation::read(&seed.object).expect("a good object");
        let leaf = Certificate::parse(object.leaf).expect("a good leaf");
        let nonce = leaf.extension(oid::NONCE).and_then(<[u8]>::last_chunk).expect("a nonce");
        Case {
            app: sha256(&[seed.app_id.as_bytes()]),
            key_id: seed.key_id[..].try_into().expect("32 octets"),
            nonce: *nonce,
            environment: seed.environment.unwrap_or(Environment::Production),
            now: seed.valid_at.unwrap_or_default(),
            code_hash: sha256(&[b"code of ", seed.app_id.as_bytes()]),
        }
    };
    case::good(Kind::Attestation).map(known).collect()
});

/// In what the caller's side differs from the case.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Twist {
    /// In nothing.
    None,
    /// The policy has another app.
    App,
    /// The key identifier is another one.
    KeyId,
    /// The client data is not what the nonce is over.
    ClientData,
    /// The policy has the other environment alone.
    Environment,
    /// The clock was never set.
    NoClock,
    /// It is a century later.
    Late,
    /// The policy requires the App Store, [`CATEGORY`].
    Category,
    /// The policy requires bundle version 1, [`VERSION`].
    BundleVersion,
    /// The only anchor is [`STRANGER`].
    Anchors,
    /// The policy requires the code that the app has on Macs.
    CodeHash,
    /// The policy requires a Mac.
    Platform,
    /// The policy requires [`LEAST_VERSION`], which the newest devices have.
    OsVersion,
    /// The policy requires [`LEAST_BUILD`] of an iPhone, and lists nothing else.
    OsBuild,
    /// The policy requires the access-control list that Apple documents of Macs.
    AccessControl,
    /// The policy takes leaves that were valid for a day, and the time is that of issue, a day after notBefore.
    Age,
    /// It takes them for a second less.
    TooOld,
}

const TWISTS: [Twist; 17] = [
    Twist::None,
    Twist::App,
    Twist::KeyId,
    Twist::ClientData,
    Twist::Environment,
    Twist::NoClock,
    Twist::Late,
    Twist::Category,
    Twist::BundleVersion,
    Twist::Anchors,
    Twist::CodeHash,
    Twist::Platform,
    Twist::OsVersion,
    Twist::OsBuild,
    Twist::AccessControl,
    Twist::Age,
    Twist::TooOld,
];

const CATEGORY: ValidationCategory = ValidationCategory::APP_STORE;
const VERSION: &str = "1";
/// A trust anchor of another name than any device's: an empty common name.
const STRANGER: TrustAnchor<'_> =
    TrustAnchor::new(b"\x30\x0B\x31\x09\x30\x07\x06\x03\x55\x04\x03\x0C\x00", PublicKey::<P384>([0; 96]));
const LEAST_VERSION: &str = "27.0";
const LEAST_BUILD: &str = "90Z999";
const DAY: u64 = 86_400;

/// A case (1 byte), in what the caller's side differs from it (1 byte), and an object.
///
/// Parsing agrees with a plain second reader, on the code of a refusal too; the verdict is the predicted one as far as the
/// nonce; what is accepted keeps every rule, read with other libraries; no signature is asked for before its time.
pub fn run(data: &[u8]) {
    let Some((&[case, twist], object)) = data.split_first_chunk() else { return };
    let pick = |number: u8, length: usize| usize::from(number) % length;
    check(object, CASES[pick(case, CASES.len())], TWISTS[pick(twist, TWISTS.len())]);
}

/// The same with an object of [`around::attestation`].
pub(super) fn around_chain(object: &[u8]) {
    let case = Case {
        app: around::APP.0,
        key_id: around::KEY_ID,
        nonce: around::NONCE,
        environment: Environment::Production,
        now: DEVICE.issue_time(),
        code_hash: [0; 32],
    };
    check(object, case, Twist::None);
}

fn check(data: &[u8], case: Case, twist: Twist) {
    let parsed = AttestationObject::parse(data);
    let theirs = read(data);
    let (object, envelope, auth_data) = match (parsed, theirs) {
        (Ok(object), Ok((envelope, auth_data))) => {
            same_view(&object, &envelope, &auth_data);
            (object, envelope, auth_data)
        }
        (Err(error), Err(foreseen)) => {
            match foreseen {
                Some(foreseen) => assert!(foreseen.contains(&error), "{error}, not {foreseen:?}"),
                None => assert!(codes::step(error) <= Step::Encoding, "{error}"),
            }
            return codes::record::<()>(&Err(error));
        }
        (ours, theirs) => panic!("{:?} and {theirs:?}", ours.err()),
    };
    let (verdict, now, asked) = verify(&object, case, twist);
    codes::record(&verdict);
    let predicted = predicted(&object, &envelope, &auth_data, case, twist);
    match (verdict, predicted) {
        (verdict, Some(error)) => {
            assert_eq!(verdict.map(drop), Err(error));
            assert_eq!(asked.signatures, []);
        }
        (Ok(proof), None) => {
            assert_ne!(twist, Twist::Anchors, "under an anchor that is not there");
            keeps_the_rules(&object, &envelope, &proof, &asked);
            let validity = [object.leaf().validity(), object.intermediate().validity()];
            assert!(validity.iter().all(|period| (period.not_before..=period.not_after).contains(&now)));
            let age = now.0 - validity[0].not_before.0;
            assert!(twist != Twist::Age || age <= DAY);
            assert!(twist != Twist::TooOld || age < DAY);
        }
        (Err(error), None) => {
            assert!(codes::step(error) > Step::Nonce, "{error}");
            assert!(error != Error::AttestationTooOld || [Twist::Age, Twist::TooOld].contains(&twist));
            let most = match codes::step(error) {
                // The signature that is refused has r or s out of range, or the backend would have said yes.
                Step::LeafSignature => 1,
                _ => 0,
            };
            assert!(asked.signatures.len() <= most, "{error} after {} signatures", asked.signatures.len());
        }
    }
}

/// Verifies the object under what the case says, but for the twist; at what time, and what the backend was asked.
fn verify<'i>(
    object: &AttestationObject<'i>,
    case: Case,
    twist: Twist,
) -> (Result<VerifiedAttestation<'i>, Error>, UnixTime, Asked) {
    let other = |octets: [u8; 32]| octets.map(|octet| !octet);
    let app = AppIdHash(if twist == Twist::App { other(case.app) } else { case.app });
    let policy = Policy::new(app).with_environments(match (twist, case.environment) {
        (Twist::Environment, Environment::Production) => Environments::Development,
        (Twist::Environment, Environment::Development) => Environments::Production,
        _ => Environments::ProductionAndDevelopment,
    });
    let code_hashes = [&case.code_hash[..]];
    let builds = [(Platform::IPhoneOs, OsBuild::parse(LEAST_BUILD).expect("a build"))];
    let policy = match twist {
        Twist::Category => policy.require_categories(&[CATEGORY]),
        Twist::BundleVersion => policy.require_bundle_versions(&[VERSION]),
        Twist::CodeHash => policy.require_code_hashes(&code_hashes),
        Twist::Platform => policy.require_platforms(&[Platform::MacOsX]),
        Twist::OsVersion => policy.require_os_version(OsVersion::parse(LEAST_VERSION).expect("a version")),
        Twist::OsBuild => policy.require_os_builds(&builds),
        Twist::AccessControl => policy.require_macos_access_control(MACOS_ACCESS_CONTROL),
        Twist::Age => policy.limit_attestation_age(DAY),
        Twist::TooOld => policy.limit_attestation_age(DAY - 1),
        _ => policy,
    };
    let now = UnixTime(match twist {
        Twist::NoClock => 0,
        Twist::Late => case.now + 100 * 365 * 86_400,
        _ => case.now,
    });
    let caller = Caller {
        policy,
        anchors: if twist == Twist::Anchors { &[STRANGER] } else { &around::anchors() },
        key_id: if twist == Twist::KeyId { other(case.key_id) } else { case.key_id },
        client_data: if twist == Twist::ClientData { b"other client data" } else { CLIENT_DATA },
        now,
    };
    let (verdict, asked) = caller.verify(object, Yes::new(case.key_id, case.nonce));
    (verdict, now, asked)
}

/// The first rule up to the nonce that is broken, as the plain reader sees the object, and as the engine sees the device,
/// which was compared before.
fn predicted(
    object: &AttestationObject<'_>,
    envelope: &naive::Attestation<'_>,
    auth_data: &naive::AuthData<'_>,
    case: Case,
    twist: Twist,
) -> Option<Error> {
    let credential = auth_data.credential.as_ref().expect("that of an attestation");
    let leaf = Certificate::parse(envelope.leaf).expect("it was parsed before");
    let is_production = match credential.aaguid {
        aaguid if aaguid == Environment::Production.aaguid() => Some(true),
        aaguid if aaguid == Environment::Development.aaguid() => Some(false),
        _ => None,
    };
    let refused_environment = (twist == Twist::Environment).then_some(case.environment == Environment::Production);
    let announced = auth_data.flags & FLAG_ED != 0;
    let category = auth_data.category.filter(|_| announced);
    let bundle = auth_data.bundle_version.filter(|_| announced);
    let code_hash = auth_data.code_hash.filter(|_| announced);
    let device = object.device();
    let platform = device.platform.map(Platform::name);
    let version = device.os_version.and_then(system::version);
    let build = device.os_build.and_then(system::build);
    let is_on_mac = twist == Twist::AccessControl && platform == Some("macosx");
    let list = x509::access_control(leaf.extension(oid::KEY_ACCESS));
    let rules = [
        (twist != Twist::App && auth_data.app_id == case.app, Error::RpIdMismatch),
        (twist != Twist::NoClock, Error::ClockUnset),
        (auth_data.counter.0 == 0, Error::CounterNotZero),
        (is_production.is_some(), Error::AaguidUnknown),
        (is_production != refused_environment || refused_environment.is_none(), Error::EnvironmentMismatch),
        (twist != Twist::KeyId, Error::KeyIdMismatch),
        (credential.id == case.key_id, Error::CredentialIdMismatch),
        (SubjectKey::P256(&credential.key.0) == leaf.key(), Error::CoseKeyMismatch),
        (twist != Twist::Category || category.is_some(), Error::LaunchDataMissing),
        (twist != Twist::Category || category == Some(CATEGORY.0), Error::CategoryRefused),
        (twist != Twist::BundleVersion || bundle.is_some(), Error::LaunchDataMissing),
        (twist != Twist::BundleVersion || bundle == Some(VERSION), Error::BundleVersionRefused),
        (twist != Twist::CodeHash || code_hash.is_some(), Error::LaunchDataMissing),
        (twist != Twist::CodeHash || code_hash == Some(&case.code_hash), Error::CodeHashRefused),
        (![Twist::Platform, Twist::OsBuild].contains(&twist) || platform.is_some(), Error::PlatformMissing),
        (twist != Twist::Platform || platform == Some("macosx"), Error::PlatformRefused),
        (twist != Twist::OsVersion || version.is_some(), Error::OsVersionMissing),
        (twist != Twist::OsVersion || version >= system::version(LEAST_VERSION), Error::OsVersionTooOld),
        (twist != Twist::OsBuild || platform == Some("iphoneos"), Error::PlatformRefused),
        (twist != Twist::OsBuild || build.is_some(), Error::OsBuildMissing),
        (twist != Twist::OsBuild || build >= system::build(LEAST_BUILD), Error::OsBuildTooOld),
        (!is_on_mac || list.is_some(), Error::AccessControlMissing),
        (!is_on_mac || list == Some(MACOS_ACCESS_CONTROL), Error::AccessControlRefused),
        (
            twist != Twist::AccessControl || platform.is_none_or(|name| ["macosx", "iphoneos"].contains(&name)),
            Error::PlatformRefused,
        ),
        (
            // Before iOS 18.0 no leaf named its platform, and there was none on a Mac.
            twist != Twist::AccessControl || platform.is_some() || version.is_some_and(|version| version < [18, 0, 0]),
            Error::PlatformMissing,
        ),
        (
            twist != Twist::ClientData && leaf.extension(oid::NONCE) == Some(&nonce_value(&case.nonce)),
            Error::NonceMismatch,
        ),
    ];
    rules.into_iter().find_map(|(kept, error)| (!kept).then_some(error))
}

/// What the plain reader finds, with certificates as the engine parses one by one; the codes of a refusal, or none where it is
/// one of the object's size or encoding.
fn read(data: &[u8]) -> Result<(naive::Attestation<'_>, naive::AuthData<'_>), Option<naive::Codes>> {
    let refused = |code: Error| Err(Some(vec![code]));
    let Some(envelope) = naive::Attestation::read(data) else {
        return Err(naive::Attestation::foreseen(data).map(|code| vec![code]));
    };
    if let Some(code) = x509::refusal(envelope.leaf) {
        return refused(code);
    }
    let leaf = Certificate::parse(envelope.leaf).expect("it was not refused");
    if !matches!(leaf.key(), SubjectKey::P256(_)) {
        return refused(Error::SpkiAlgorithm);
    }
    match leaf.extension(oid::NONCE) {
        None => return refused(Error::NonceMissing),
        Some(nonce) if nonce.len() != 38 || nonce != nonce_value(&nonce[6..]) => return refused(Error::NonceMalformed),
        Some(_) => {}
    }
    if let Some(code) = x509::refusal(envelope.intermediate) {
        return refused(code);
    }
    let auth_data = naive::AuthData::read(envelope.auth_data, true).map_err(Some)?;
    Ok((envelope, auth_data))
}

fn same_view(ours: &AttestationObject<'_>, envelope: &naive::Attestation<'_>, auth_data: &naive::AuthData<'_>) {
    assert_eq!(ours.receipt().as_unverified_bytes(), envelope.receipt);
    x509::agree(envelope.leaf, ours.leaf());
    x509::agree(envelope.intermediate, ours.intermediate());
    assert_eq!(SubjectKey::P256(&ours.leaf_key().0), ours.leaf().key());
    assert_eq!(ours.leaf().extension(oid::NONCE).map(|value| &value[6..]), Some(&ours.nonce()[..]));
    x509::agree_on_device(ours.leaf().extension(oid::DEVICE_FACTS), ours.device());
    x509::agree_on_app(ours.leaf().extension(oid::KEY_FACTS), ours.unverified_app_id());
    let view = Ok((ours.auth_data(), Some(ours.credential())));
    super::auth_data::compare(envelope.auth_data, view, Ok(auth_data));
}

/// Every rule on the object itself, with certificates as x509-cert reads them.
fn keeps_the_rules(
    object: &AttestationObject<'_>,
    envelope: &naive::Attestation<'_>,
    proof: &VerifiedAttestation<'_>,
    asked: &Asked,
) {
    let (auth_data, credential) = (object.auth_data(), object.credential());
    assert_eq!(auth_data.counter().0, 0);
    assert_eq!(credential.key(), object.leaf_key());
    let environment = match proof.environment() {
        genuine::app_attest::Environment::Production => Environment::Production,
        genuine::app_attest::Environment::Development => Environment::Development,
    };
    assert_eq!(credential.aaguid(), environment.aaguid());
    assert_eq!(proof.key().id().0, credential.id());
    assert_eq!(proof.key().public_key(), object.leaf_key());
    assert_eq!(proof.key().app_id(), auth_data.app_id());
    assert_eq!(
        proof.launch(),
        if auth_data.flags() & FLAG_ED == 0 { Default::default() } else { auth_data.launch_even_if_unannounced() }
    );
    assert_eq!(proof.receipt(), object.receipt());
    assert_eq!(proof.leaf_validity(), object.leaf().validity());
    assert_eq!(proof.access_control(), x509::access_control(object.leaf().extension(oid::KEY_ACCESS)));
    assert_eq!(proof.device(), object.device());
    owned_says_the_same(proof);
    x509::have_roles(envelope.leaf, envelope.intermediate);
    let [first, second] = asked.signatures.as_slice() else { panic!("two signatures") };
    let keys = [&object.leaf_key().0[..], &first.key, &second.key];
    assert!(keys.iter().all(|key| asked.points.iter().any(|point| point == key)), "a key that was not checked");
    let anchor_key = PublicKey::<P384>(first.key.as_slice().try_into().expect("a key on P-384"));
    assert!(around::anchors().contains(&TrustAnchor::new(object.intermediate().issuer(), anchor_key)));
    assert!(matches!(object.intermediate().key(), SubjectKey::P384(key) if key[..] == second.key));
    x509::is_about(envelope.intermediate, first);
    x509::is_about(envelope.leaf, second);
}

/// The form of a proof that does not borrow.
fn owned_says_the_same(proof: &VerifiedAttestation<'_>) {
    let (owned, device) = (proof.to_owned(), proof.device());
    assert_eq!((owned.key(), owned.app_index()), (proof.key(), proof.app_index()));
    assert_eq!(owned.leaf_validity(), proof.leaf_validity());
    super::assertion::same_launch(owned.launch(), &proof.launch());
    // What is longer than any text of a genuine leaf is left out.
    let texts = [
        (owned.os_version(), device.os_version),
        (owned.os_build(), device.os_build),
        (owned.platform(), device.platform.map(Platform::name)),
    ];
    for (owned, text) in texts {
        assert_eq!(owned, text.filter(|text| text.len() <= 32));
    }
}

/// Each good object as it is, some under each twist, an assertion, every attestation of the catalogue that is refused, and
/// one byte too many.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let objects = super::attestation_real::seeds();
    // The oldest says least; a Mac says most.
    let on_a_mac = objects.iter().position(|object| object.windows(6).any(|name| name == b"macosx"));
    let some = [0, 3, on_a_mac.expect("there is one"), objects.len() - 1];
    let twisted = some.into_iter().flat_map(|number| {
        let case = u8::try_from(number).expect("a few");
        let object = objects[number].clone();
        (0..).zip(TWISTS).map(move |(twist, _)| [&[case, twist], &object[..]].concat())
    });
    let assertion = case::good(Kind::Assertion).take(1).map(|seed| [&[0, 0], &seed.object[..]].concat());
    let good = (0..).zip(&objects).map(|(case, object)| [&[case, 0], &object[..]].concat());
    let too_large = vec![0; 2 + MAX_ATTESTATION + 1];
    let refused = case::refused(Kind::Attestation).map(|object| [&[0, 0], &object[..]].concat());
    let others = other_formats().map(|object| [&[0, 0], &object[..]].concat());
    good.chain(twisted).chain(assertion).chain(refused).chain(others).chain([too_large]).collect()
}

/// Objects of formats that other authenticators have, the format in front and behind (WebAuthn §8).
fn other_formats() -> impl Iterator<Item = Vec<u8>> {
    let none = ("none", Cbor::map(vec![]));
    let packed =
        ("packed", Cbor::map(vec![(Cbor::text("alg"), Cbor::int(-7)), (Cbor::text("sig"), Cbor::bytes(&[0; 70]))]));
    [none, packed].into_iter().flat_map(|(format, statement)| {
        let mut entries = vec![
            (Cbor::text("fmt"), Cbor::text(format)),
            (Cbor::text("attStmt"), statement),
            (Cbor::text("authData"), Cbor::bytes(&[0; 164])),
        ];
        (0..3).map(move |_| {
            entries.rotate_left(1);
            Cbor::map(entries.clone()).encode()
        })
    })
}
