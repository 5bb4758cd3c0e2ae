//! Chains that must not pass: one mutation each, all else as it has to be, and the reason that is counted.

use genuine_gateway::config::{KeyAttestation, Level};
use genuine_testvectors::{
    android::{AndroidDevice, AndroidMutation, AndroidPki, KeyKind, SecurityLevel, Shape, purpose, set_validity, tag},
    certificate::field,
    der::Der,
};

use crate::{
    handset::{Place, keys, phone},
    order,
};

/// A phone, what is changed about its chain, and what the client and the operator learn.
struct Case {
    phone: AndroidDevice,
    mutation: AndroidMutation<'static>,
    code: &'static str,
    reason: &'static str,
}

fn case(reason: &'static str, mutation: AndroidMutation<'static>) -> Case {
    Case { phone: phone("pixel"), mutation, code: "rejected", reason }
}

fn of(reason: &'static str, phone: AndroidDevice) -> Case {
    Case { phone, mutation: AndroidMutation::default(), code: "rejected", reason }
}

fn malformed(reason: &'static str, mutation: AndroidMutation<'static>) -> Case {
    Case { code: "malformed", ..case(reason, mutation) }
}

fn change() -> AndroidMutation<'static> {
    AndroidMutation::default()
}

#[tokio::test]
async fn each_refusal_has_its_reason() {
    let place = Place::new("chains").await;
    let pixel = || phone("pixel");
    let certificates = |change: fn(&mut Vec<Vec<u8>>)| AndroidMutation::default().certificates(change);
    let cases = vec![
        // The chain's form.
        malformed("AndroidTooFewCertificates", certificates(|chain| chain.truncate(2))),
        malformed("AndroidTooManyCertificates", certificates(|chain| chain.extend((0..4).map(|n| vec![n])))),
        malformed("AndroidTooLarge", certificates(|chain| chain[1].resize(8192, 0))),
        malformed("AndroidCertificateRepeated", certificates(|chain| chain.push(chain[1].clone()))),
        malformed("AndroidDerTruncated", certificates(|chain| chain[1].truncate(200))),
        malformed("AndroidDerTrailing", certificates(|chain| chain[1].push(0))),
        malformed("AndroidDescriptionMissing", change().leaf(|leaf| leaf.remove_extension(KEY_DESCRIPTION))),
        malformed("AndroidDescriptionMalformed", change().description_tree(|tree| *tree = Der::sequence(Vec::new()))),
        malformed("AndroidChallengeTooLong", change().description(|said| said.challenge = vec![0; 129])),
        // Who vouches for it.
        of("AndroidAnchorUnknown", pixel().with_authorities(AndroidPki::named("somebody", "Somebody"))),
        of("AndroidAnchorUnknown", pixel().with_authorities(AndroidPki::attacker())),
        case("AndroidIssuerMismatch", certificates(|chain| chain.swap(1, 2))),
        // Without `Droid CA3`, and with all names and signatures in order.
        case(
            "AndroidChainLength",
            change().unsigned(|chain| {
                let above = chain.remove(2);
                chain[1].tbs[field::ISSUER] = above.tbs[field::ISSUER].clone();
                chain[1].signer = above.signer;
            }),
        ),
        case("AndroidExpired", change().certificate(1, |it| set_validity(it, 0, 1))),
        case("AndroidNotYetValid", change().certificate(1, |it| set_validity(it, 2_400_000_000, 2_450_000_000))),
        of("AndroidDescriptionElsewhere", pixel().with_attest_key()),
        case("AndroidSignature", change().certificate(2, |it| it.signer = AndroidPki::attacker().ca2_signer())),
        // What the hardware says of the key and of the phone.
        case("AndroidChallengeMismatch", change().description(|said| said.challenge = b"another".to_vec())),
        case("AndroidLevelMismatch", change().description(|said| said.key_mint_security_level = 2)),
        case(
            "AndroidLevelTooLow",
            change().description(|said| {
                said.attestation_security_level = 0;
                said.key_mint_security_level = 0;
            }),
        ),
        case(
            "AndroidLevelUnbacked",
            change().description(|said| {
                said.attestation_security_level = 2;
                said.key_mint_security_level = 2;
            }),
        ),
        case("AndroidOrigin", change().description(|said| said.hardware_enforced.set_number(tag::ORIGIN, 2))),
        of("AndroidPurpose", pixel().with_purposes(&[purpose::ATTEST_KEY])),
        case("AndroidAlgorithm", change().description(|said| said.hardware_enforced.set_number(tag::EC_CURVE, 2))),
        case(
            "AndroidAllApplications",
            change().description(|said| said.software_enforced.set_null(tag::ALL_APPLICATIONS)),
        ),
        case(
            "AndroidRootOfTrustMissing",
            change().description(|said| drop(said.hardware_enforced.remove(tag::ROOT_OF_TRUST))),
        ),
        of("AndroidUnlocked", pixel().unlocked()),
        of("AndroidBootKey", pixel().with_own_system([9; 32])),
        case(
            "AndroidAppMissing",
            change().description(|said| drop(said.software_enforced.remove(tag::ATTESTATION_APPLICATION_ID))),
        ),
        of("AndroidPackageUnknown", pixel().with_package("UnknownPackage", 0)),
        of("AndroidPackageCount", pixel().with_another_package("com.example.other", 1)),
        of("AndroidPackage", pixel().with_package("com.example.other", 1)),
        of("AndroidSigningDigest", pixel().with_signing_digests(&[[1; 32]])),
    ];
    for Case { phone, mutation, code, reason } in cases {
        let before = place.site.refusals(reason);
        let answer = place.attempt(&phone, &mutation).await.1;
        assert_eq!(
            (answer.code().as_str(), place.site.refusals(reason)),
            (code, before + 1),
            "{reason}: {}",
            answer.json()
        );
    }
    // The control.
    order(&place.site, &mut place.register(&pixel()).await).await;
}

/// Its object identifier: 1.3.6.1.4.1.11129.2.1.17.
const KEY_DESCRIPTION: &[u8] = genuine_testvectors::certificate::oid::KEY_DESCRIPTION;

/// What an application asks for beside that: one setting each, which refuses this phone and takes the other one.
#[tokio::test]
async fn each_setting_refuses_what_it_is_about() {
    type Change = fn(&mut KeyAttestation);
    let pixel = || phone("pixel");
    let strong = || pixel().with_level(SecurityLevel::StrongBox);
    let cases: Vec<(&str, Change, AndroidDevice, AndroidDevice)> = vec![
        ("AndroidLevelTooLow", |keys| keys.security_level = Level::StrongBox, pixel(), strong()),
        (
            "AndroidFactoryRefused",
            |keys| keys.remote_provisioning = true,
            pixel().with_shape(Shape::FactoryEc),
            pixel(),
        ),
        (
            "AndroidOsVersion",
            |keys| keys.os_version_at_least = Some(160_000),
            pixel().with_os_version(150_000),
            pixel(),
        ),
        ("AndroidOsVersion", |keys| keys.os_version_at_least = Some(70_000), pixel().with_os_version(0), pixel()),
        (
            "AndroidOsPatchLevel",
            |keys| keys.os_patch_level_at_least = Some(202_609),
            pixel().with_patch_levels(202_608, 20_260_905, 20_260_905),
            pixel(),
        ),
        (
            "AndroidVendorPatchLevel",
            |keys| keys.vendor_patch_level_at_least = Some(20_260_905),
            pixel().with_patch_levels(202_609, 20_260_904, 20_260_905),
            pixel(),
        ),
        (
            "AndroidBootPatchLevel",
            |keys| keys.boot_patch_level_at_least = Some(20_260_905),
            pixel().with_patch_levels(202_609, 20_260_905, 20_260_805),
            pixel(),
        ),
        (
            "AndroidPackageCount",
            |keys| keys.shared_user_id = false,
            pixel().with_another_package("com.example.other", 1),
            pixel(),
        ),
        (
            "AndroidPackage",
            |keys| keys.shared_user_id = true,
            pixel().with_package("com.example.other", 1),
            pixel().with_another_package("com.example.other", 1),
        ),
    ];
    for (number, (reason, change, refused, accepted)) in cases.into_iter().enumerate() {
        let mut settings = keys();
        change(&mut settings);
        let place = Place::of(&format!("setting-{number}"), settings).await;
        assert_eq!(place.attempt(&refused, &AndroidMutation::default()).await.1.code(), "rejected", "{number}");
        assert_eq!(place.site.refusals(reason), 1, "{number}");
        order(&place.site, &mut place.register(&accepted).await).await;
    }
    let place = Place::of("unknown-tags", KeyAttestation { known_tags_alone: true, ..keys() }).await;
    let new = AndroidMutation::default().description(|said| said.hardware_enforced.set_number(999, 1));
    assert_eq!(place.attempt(&phone("pixel"), &new).await.1.code(), "rejected");
    assert_eq!(place.site.refusals("AndroidUnknownTag"), 1);
    assert_eq!(Place::new("new-tags").await.attempt(&phone("pixel"), &new).await.1.status, 201);
}

/// An app is signed by one of the certificates that are listed, and by none beside it.
#[tokio::test]
async fn each_certificate_that_is_listed_signs_the_app() {
    let digests = [[1; 32], [2; 32]];
    let listed = digests.map(|digest| genuine_gateway::config::Hex(digest.to_vec())).to_vec();
    let place = Place::of("signers", KeyAttestation { certificates: listed, ..keys() }).await;
    for digest in digests {
        let signed = phone(&format!("{digest:?}")).with_signing_digests(&[digest]);
        order(&place.site, &mut place.register(&signed).await).await;
    }
    for others in [&digests[..], &[[3; 32]], &[[1; 32], [3; 32]], &[]] {
        let signed = phone("other").with_signing_digests(others);
        assert_eq!(place.attempt(&signed, &AndroidMutation::default()).await.1.code(), "rejected", "{others:?}");
    }
    assert_eq!(place.site.refusals("AndroidSigningDigest"), 4);
}

/// A key that is none on P-256 signs no requests.
#[tokio::test]
async fn a_key_of_another_algorithm_is_refused() {
    let place = Place::new("algorithms").await;
    for kind in [KeyKind::Rsa2048, KeyKind::MlDsa65] {
        let phone = phone("pixel").with_key_kind(kind);
        let challenge = place.site.challenge("attestation", "alice").await;
        let chain = phone.attest(&crate::over(&challenge)).certificates;
        let assertion = crate::phone("other").requester().assert_hash(&crate::over(&challenge)).object;
        let body = crate::registration_of(&challenge, &chain, &assertion);
        assert_eq!(place.site.post("/devices", "alice", &body).await.code(), "malformed", "{kind:?}");
    }
    assert_eq!(place.site.refusals("AndroidLeafKey"), 2);
}
