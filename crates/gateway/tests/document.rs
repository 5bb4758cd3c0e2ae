//! `docs/simulated-device.md` and the vectors beside it: their values are those of the simulated devices, and are accepted.
#![allow(missing_docs)]

use std::{cell::RefCell, fs, path::Path};

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use genuine::{
    UnixMillis, UnixTime,
    app_attest::{
        AppIdHash, Assertion, AssertionVerifier, AttestationObject, AttestationVerifier, ClientDataHash, KeyId, Policy,
    },
    crypto::GenuineCrypto,
    play_integrity::{self, Binding, ClassicVerifier},
};
use genuine_gateway::{
    client::{Authority, Fresh, ProofKey, secret_text},
    config::PlayKeys,
    demo,
    gate::{SignedRequest, integrity_binding, sha256},
};
use genuine_testvectors::{
    Device, Generation, Mutation, TestPki,
    certificate::oid,
    keys::Signer,
    play::{Content, INNER_HEADER, OUTER_HEADER, PlayMutation},
};
use serde_json::{Value, json};

const DOCUMENT: &str = include_str!("../docs/simulated-device.md");
const APP_ID: &str = "ABCDE12345.com.example.demo";
const AUTHORITY: &str = "localhost:8080";
const CHALLENGE: &str =
    "Z2MBAAAAAGqxO4D5MTvVHDItGaxr24aFD_mOFBnc1F7GDeflizaxYbLHhqak0HjQzShVLkf3RIxGDQWTx8fQgzW4Mw-EqY6KWN-t";
/// The name of both devices.
const NAME: &str = "example";
/// When the integrity token and the proofs are made: within the life of the leaf, as it happens on no clock.
const NOW: u64 = 1_790_812_800;
/// What stands for a session token. Nobody verifies it.
const SESSION_TOKEN: &str = "header.payload.signature";

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().concat()
}

/// Whether the document has this value, over one or more lines.
fn holds(value: &str) -> bool {
    let joined: String = DOCUMENT.lines().map(str::trim).collect();
    DOCUMENT.contains(value) || joined.contains(value)
}

/// The octets from where these are.
fn find<'o>(object: &'o [u8], start: &[u8], length: usize) -> &'o [u8] {
    let at = object.windows(start.len()).position(|window| window == start).unwrap();
    &object[at..at + length]
}

fn secret(signer: &Signer) -> String {
    match signer {
        Signer::P256(key) => hex(&key.to_bytes()),
        Signer::P384(key) => hex(&key.to_bytes()),
        Signer::Rsa(_) => unreachable!("the device of the document has keys on curves"),
    }
}

/// The device of the document: its leaf has what it needs, and nothing that genuine ones have beside that.
fn device() -> (Device, Mutation<'static>) {
    let device = Device::new(NAME).with_app_id(APP_ID).with_generation(Generation::Ios14).with_receipt_length(32);
    let leaf = Mutation::default().leaf(|leaf| {
        leaf.remove_extension(oid::KEY_FACTS);
        leaf.remove_extension(oid::DEVICE_FACTS);
    });
    (device, leaf)
}

fn app_attest() -> Value {
    let (mut device, mutation) = device();
    let app_id_hash = sha256(APP_ID.as_bytes());
    let client_data_hash = sha256(CHALLENGE.as_bytes());
    let object = mutation.mint_attestation(&device, &client_data_hash);
    let auth_data = find(&object, &app_id_hash, 164);
    let nonce = sha256(&[auth_data, &client_data_hash[..]].concat());
    let mut leaf = device.leaf(&nonce);
    leaf.remove_extension(oid::KEY_FACTS);
    leaf.remove_extension(oid::DEVICE_FACTS);
    let leaf = leaf.sign().encode();
    assert_eq!(find(&object, &leaf, leaf.len()), leaf);

    let request = SignedRequest { method: "POST", authority: AUTHORITY, target: "/orders?item=7", body: b"abc" };
    let lines = request.client_data(None);
    let lines_hash = sha256(lines.as_bytes());
    let assertion = device.assert_hash(&lines_hash);
    let short = find(&assertion.object, &app_id_hash, 37);
    let signed = sha256(&[short, &lines_hash[..]].concat());
    let signature = device.signer().sign_digest(&sha256(&signed));
    assert_eq!(find(&assertion.object, &signature, signature.len()), signature);
    let (key_id, text) = (BASE64_STANDARD.encode(device.key_id()), BASE64_STANDARD.encode(&assertion.object));

    let authorities = TestPki::default();
    json!({
        "application": { "name": "demo", "app_id": APP_ID, "app_id_hash_hex": hex(&app_id_hash), "authority": AUTHORITY },
        "key": {
            "text": format!("genuine-testvectors key device {NAME}"),
            "secret_hex": secret(device.signer()),
            "point_hex": hex(&device.public_key()),
            "key_id": key_id,
        },
        "intermediate": {
            "text": "genuine-testvectors key intermediate default",
            "secret_hex": secret(&authorities.intermediate_signer()),
            "certificate": BASE64_STANDARD.encode(authorities.signed_intermediate().encode()),
        },
        "attestation": {
            "challenge": CHALLENGE,
            "client_data_hash_hex": hex(&client_data_hash),
            "authenticator_data_hex": hex(auth_data),
            "nonce_hex": hex(&nonce),
            "leaf": {
                "serial_number_hex": hex(&device.issue_time().saturating_mul(1000).to_be_bytes()[2..]),
                "not_before": device.not_before(),
                "not_after": device.not_after(),
                "certificate": BASE64_STANDARD.encode(&leaf),
            },
            "receipt_hex": hex(&device.receipt()),
            "object": BASE64_STANDARD.encode(&object),
        },
        "assertion": {
            "method": request.method,
            "target": request.target,
            "body": "abc",
            "counter": assertion.counter,
            "client_data": lines,
            "client_data_hash_hex": hex(&lines_hash),
            "authenticator_data_hex": hex(short),
            "nonce_hex": hex(&signed),
            "signature_hex": hex(&signature),
            "object": text,
            "authorization": format!("Attest key_id=\"{key_id}\", assertion=\"{text}\""),
        },
    })
}

/// What is signed of a token, and the token.
fn parts(token: &str) -> Value {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, content) = signed.split_once('.').unwrap();
    let decoded = |part| BASE64_URL_SAFE_NO_PAD.decode(part).unwrap();
    let text = |part| String::from_utf8(decoded(part)).unwrap();
    json!({ "header": text(header), "content": text(content), "signature_hex": hex(&decoded(signature)), "token": token })
}

fn play() -> Value {
    let phone = Authority::demonstration().phone(NAME).unwrap();
    let app = demo::play_app();
    let payload = phone.verdict(CHALLENGE, NOW);
    let content = RefCell::new(None);
    let recorded = PlayMutation::default().content(|drawn| *content.borrow_mut() = Some(drawn.clone()));
    let token = String::from_utf8(recorded.mint(&app, &payload)).unwrap();
    assert_eq!(token, app.token(&payload));
    let Content { key, iv, .. } = content.borrow().clone().unwrap();
    let segments: Vec<_> = token.split('.').map(|part| BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
    assert_eq!(segments[0], OUTER_HEADER.as_bytes());
    let inner = String::from_utf8(PlayMutation::default().mint_inner(&app, &payload)).unwrap();
    let inner = parts(&inner);
    assert_eq!(inner["header"], INNER_HEADER);

    let binding = integrity_binding(CHALLENGE, phone.key.id());
    let key_id = BASE64_STANDARD.encode(phone.key.id().0);
    let uri = |path: &str| format!("https://{AUTHORITY}{path}");
    let fresh = |id| Fresh { now: NOW, id };
    let proof = |path, id| parts(&phone.key.prove_with_challenge(&uri(path), CHALLENGE, fresh(id)).unwrap());
    json!({
        "application": { "name": "demo", "package": app.package_name(), "authority": AUTHORITY },
        "key": {
            "text": secret_text(NAME),
            "secret_hex": hex(&sha256(secret_text(NAME).as_bytes())),
            "point_hex": hex(&phone.key.point()),
            "key_id": key_id,
        },
        "google_play": {
            "decryption_key_hex": hex(&app.decryption_key()),
            "signing_text": "genuine-testvectors key play signing demonstration",
            "signing_secret_hex": secret(&app.signer()),
            "verification_key": app.verification_key_base64(),
            "certificate_hex": hex(&app.certificate()),
        },
        "integrity_token": {
            "challenge": CHALLENGE,
            "binding_text": format!("genuine-device-v1\n{CHALLENGE}\n{key_id}\n"),
            "binding_hex": hex(&binding),
            "nonce": BASE64_URL_SAFE_NO_PAD.encode(binding),
            "inner": inner,
            "header": OUTER_HEADER,
            "content_key_hex": hex(&key),
            "wrapped_key_hex": hex(&segments[1]),
            "initialization_vector_hex": hex(&iv),
            "tag_hex": hex(&segments[4]),
            "token": token,
        },
        "proof_for_devices": proof("/devices", "one"),
        "proof_for_tokens": proof("/tokens", "two"),
        "session_token": SESSION_TOKEN,
        "proof_for_basket": parts(&phone.key.prove("GET", &uri("/basket"), SESSION_TOKEN, "three", NOW).unwrap()),
    })
}

/// A file beside the document is what the devices compute. `GENUINE_WRITE_DOCS=1` writes it.
fn is_written(name: &str, computed: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/simulated-device").join(name);
    let text = format!("{computed:#}\n");
    if std::env::var_os("GENUINE_WRITE_DOCS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    assert!(fs::read_to_string(&path).unwrap_or_default() == text, "{name}: write it with GENUINE_WRITE_DOCS=1");
}

#[test]
fn the_files_are_what_the_devices_compute() {
    is_written("app-attest.json", &app_attest());
    is_written("play-integrity.json", &play());
}

#[test]
fn each_value_of_the_document_is_in_the_files() {
    let (apple, android) = (app_attest(), play());
    for (file, pointers) in [
        (
            &apple,
            &[
                "/application/app_id",
                "/application/authority",
                "/key/text",
                "/key/secret_hex",
                "/key/point_hex",
                "/key/key_id",
                "/intermediate/text",
                "/intermediate/certificate",
                "/attestation/challenge",
                "/attestation/client_data_hash_hex",
                "/attestation/authenticator_data_hex",
                "/attestation/nonce_hex",
                "/assertion/client_data",
                "/assertion/client_data_hash_hex",
                "/assertion/authenticator_data_hex",
                "/assertion/nonce_hex",
            ][..],
        ),
        (
            &android,
            &[
                "/application/package",
                "/key/text",
                "/key/secret_hex",
                "/key/point_hex",
                "/key/key_id",
                "/google_play/decryption_key_hex",
                "/google_play/signing_text",
                "/google_play/signing_secret_hex",
                "/google_play/verification_key",
                "/google_play/certificate_hex",
                "/integrity_token/binding_hex",
                "/integrity_token/nonce",
                "/integrity_token/inner/header",
                "/integrity_token/header",
            ],
        ),
    ] {
        for pointer in pointers {
            let value = file.pointer(pointer).and_then(Value::as_str).unwrap();
            // A text may be folded at a space.
            let folded = DOCUMENT.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(holds(value.trim_end()) || folded.contains(value), "{pointer}: {value}");
        }
    }
}

/// The engine takes them, so that whoever computes the same is accepted.
#[test]
fn the_vectors_are_accepted() {
    let (apple, android) = (app_attest(), play());
    let object = BASE64_STANDARD.decode(apple["attestation"]["object"].as_str().unwrap()).unwrap();
    let policies = [Policy::new(AppIdHash::of(APP_ID, &GenuineCrypto).unwrap())];
    let anchors = demo::anchors().unwrap();
    let verifier = AttestationVerifier::new(&policies, anchors, &GenuineCrypto).unwrap();
    let key_id = KeyId::from_base64(apple["key"]["key_id"].as_str().unwrap()).unwrap();
    let (hash, now) = (sha256(CHALLENGE.as_bytes()), UnixTime(device().0.issue_time()));
    let attestation = AttestationObject::parse(&object).unwrap();
    let attested = verifier.verify(&attestation, &key_id, &ClientDataHash::from(&hash), now).unwrap();

    let object = BASE64_STANDARD.decode(apple["assertion"]["object"].as_str().unwrap()).unwrap();
    let hash = sha256(apple["assertion"]["client_data"].as_str().unwrap().as_bytes());
    let verifier = AssertionVerifier::new(&policies, &GenuineCrypto).unwrap();
    let assertion = Assertion::parse(&object).unwrap();
    let _ = verifier.verify(&assertion, &attested.key(), &ClientDataHash::from(&hash)).unwrap();

    let app = demo::play_app();
    let certificates = [app.certificate()];
    let policy = play_integrity::Policy::new(app.package_name(), &certificates);
    let keys = [PlayKeys::pair(&demo::config().applications[0].play.as_ref().unwrap().keys[0]).unwrap()];
    let tokens = ClassicVerifier::new(&policy, &keys, &GenuineCrypto).unwrap();
    let mut token = android["integrity_token"]["token"].as_str().unwrap().as_bytes().to_vec();
    let binding = integrity_binding(CHALLENGE, ProofKey::of(NAME).unwrap().id());
    let _ = tokens.verify(&mut token, Binding::nonce(&binding).unwrap(), UnixMillis(NOW * 1000)).unwrap();
}
