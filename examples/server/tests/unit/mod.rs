//! What time, a full table and threads do, which a test over HTTP cannot bring about.

use std::{env, process, sync::Barrier, thread};

use genuine::app_attest::{Environment, Refusal};

use super::*;

const NOW: UnixTime = UnixTime(1_800_000_000);

fn code<T>(result: Result<T, Problem>) -> (u16, &'static str) {
    result.map_or_else(|problem| (problem.0.as_u16(), problem.1), |_| (0, "accepted"))
}

#[test]
fn a_challenge_is_good_once_and_for_five_minutes() {
    for (age, expected) in
        [(0, "accepted"), (299, "accepted"), (300, "challenge_rejected"), (301, "challenge_rejected")]
    {
        let challenges = Challenges::default();
        let challenge = challenges.issue(NOW).ok().unwrap();
        let then = UnixTime(NOW.0 + age);
        assert_eq!(code(challenges.spend(&challenge, then)).1, expected, "after {age} s");
        assert_eq!(code(challenges.spend(&challenge, then)), (401, "challenge_rejected"));
    }
    let challenges = Challenges::default();
    let [one, other] = [0, 1].map(|_| challenges.issue(NOW).ok().unwrap());
    assert_ne!(one, other);
    assert_eq!(BASE64_STANDARD.decode(one).unwrap().len(), 32);
}

#[test]
fn challenges_make_room_as_they_expire() {
    let challenges = Challenges::default();
    let expires = NOW.0 + 10;
    challenges.0.lock().unwrap().extend((0..MOST).map(|number| (number.to_string(), expires)));
    assert_eq!(code(challenges.issue(NOW)), (503, "unavailable"));
    assert_eq!(code(challenges.issue(UnixTime(expires))).1, "accepted");
    assert_eq!(challenges.0.lock().unwrap().len(), 1);
}

#[test]
fn an_app_id_has_its_prefix() {
    for right in ["ABCDE12345.com.example.app", "0352187391.a", "ABCDE12345.com.Example-2.app"] {
        assert!(is_app_id(right), "{right}");
    }
    for wrong in [
        "",
        "com.example.app",
        "ABCDE12345",
        "ABCDE12345.",
        "ABCDE1234.com.example.app",
        "ABCDE123456.com.example.app",
        "abcde12345.com.example.app",
        "ABCDE12345.com.example.app ",
        "ABCDE12345.com_example",
        "ÄBCDE1234.com.example.app",
    ] {
        assert!(!is_app_id(wrong), "{wrong}");
    }
}

/// A point of P-256 that is a key of nobody's: the base point.
fn a_key() -> AttestedKey {
    let point = "6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C2964FE342E2FE1A7F9B8EE7EB4A7C0F9E16\
                 2BCE33576B315ECECBB6406837BF51F5";
    let octets = (0..64).map(|at| u8::from_str_radix(&point[2 * at..][..2], 16).unwrap()).collect::<Vec<_>>();
    let key = genuine::crypto::PublicKey(octets.try_into().unwrap());
    let app = AppIdHash::of("ABCDE12345.com.example.app", &RustCrypto).unwrap();
    AttestedKey::from_trusted_parts(&key, app, Environment::Production, &RustCrypto).unwrap()
}

#[test]
fn the_store_keeps_its_contract() {
    let path = env::temp_dir().join(format!("genuine-example-server-unit-{}.redb", process::id()));
    let _ = fs::remove_file(&path);
    let devices = Devices::open(path.to_str().unwrap()).unwrap();
    let (key, to) = (a_key(), |counter| Advance::new(Counter(counter), None));
    assert_eq!(devices.key(key.id()), Ok(None));
    assert_eq!(devices.advance(&key.id(), &to(1)), Err(AdvanceError::UnknownKey));
    assert_eq!(devices.register(&key), Ok(true));
    assert_eq!(devices.key(key.id()), Ok(Some(key.to_bytes())));
    assert_eq!(devices.advance(&key.id(), &to(0)), Err(AdvanceError::Refused(Refusal::NotIncreased)));

    // Each counter once, whoever comes at the same time; and a second registration sets nothing back.
    for counter in 1..=20 {
        let barrier = Barrier::new(4);
        let race = || {
            barrier.wait();
            let accepted = devices.advance(&key.id(), &to(counter)).is_ok();
            (accepted, devices.register(&key))
        };
        let answers: Vec<_> = thread::scope(|scope| {
            let threads = [0; 4].map(|_| scope.spawn(race));
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(answers.iter().filter(|(accepted, _)| *accepted).count(), 1, "{counter}");
        assert!(answers.iter().all(|(_, registered)| *registered == Ok(false)));
    }
    assert_eq!(devices.advance(&key.id(), &to(20)), Err(AdvanceError::Refused(Refusal::NotIncreased)));
    assert_eq!(devices.advance(&key.id(), &Advance::new(Counter(30), Some(5))), Err(Refusal::StepTooLarge.into()));
    assert_eq!(devices.advance(&key.id(), &to(u32::MAX)), Ok(()));
    drop(devices);

    let devices = Devices::open(path.to_str().unwrap()).unwrap();
    assert_eq!(devices.register(&key), Ok(false));
    assert_eq!(devices.advance(&key.id(), &to(u32::MAX)), Err(AdvanceError::Refused(Refusal::NotIncreased)));
    let _ = fs::remove_file(&path);
}

#[test]
fn each_class_has_its_status() {
    for error in Error::ALL {
        let expected = match (error, error.class()) {
            (Error::UnknownKey, _) => (401, "unknown_key"),
            (_, Class::Malformed) => (400, "malformed"),
            (_, Class::Rejected) => (401, "rejected"),
            _ => (503, "unavailable"),
        };
        let Problem(status, code, reason) = Problem::from(*error);
        assert_eq!((status.as_u16(), code, reason), (expected.0, expected.1, error.name()));
    }
}

#[test]
fn the_clock_is_read_in_seconds() {
    let now = now().0;
    assert!((1_700_000_000..10_000_000_000).contains(&now), "{now}");
}

/// The route takes one method; a request of another one is not what was signed, whichever route takes it.
#[tokio::test]
async fn the_method_is_signed() {
    let mut device = genuine_testvectors::Device::new("alice").with_app_id("ABCDE12345.com.example.app");
    let root: &'static [u8] = device.authorities().root_der().leak();
    let anchors = vec![TrustAnchor::from_trusted_certificate(root).unwrap()].leak();
    let policies = vec![Policy::new(AppIdHash::of("ABCDE12345.com.example.app", &RustCrypto).unwrap())].leak();
    let path = env::temp_dir().join(format!("genuine-example-server-method-{}.redb", process::id()));
    let service: &'static Service = Box::leak(Box::new(Service {
        attestations: AttestationVerifier::new(policies, anchors, &RustCrypto).unwrap(),
        assertions: AssertionVerifier::new(policies, &RustCrypto).unwrap(),
        challenges: Challenges::default(),
        devices: Devices::open(path.to_str().unwrap()).unwrap(),
    }));
    let attestation = device.attest_hash(&[1; 32]);
    let object = AttestationObject::parse(&attestation.object).unwrap();
    let (key_id, issued) = (KeyId(attestation.key_id), UnixTime(device.issue_time()));
    let verified = service.attestations.verify(&object, &key_id, &ClientDataHash::from(&[1; 32]), issued).unwrap();
    assert_eq!(service.devices.register(&verified.key()), Ok(true));

    for (method, expected) in [("PUT", (401, "rejected")), ("POST", (0, "accepted"))] {
        let challenge = service.challenges.issue(now()).ok().unwrap();
        let hash = sha256(&[format!("POST\n/\n{challenge}\n").as_bytes()]).unwrap();
        let assertion = BASE64_STANDARD.encode(device.assert_hash(&hash).object);
        let authorization = format!("Attest {}.{challenge}.{assertion}", BASE64_STANDARD.encode(key_id.0));
        let request = Request::builder().method(method).uri("/").header("authorization", authorization);
        let request = request.body(axum::body::Body::empty()).unwrap();
        assert_eq!(code(Attested::from_request(request, &service).await), expected, "{method}");
    }
    let _ = fs::remove_file(&path);
}
