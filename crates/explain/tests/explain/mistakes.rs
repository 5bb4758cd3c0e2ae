//! The usual mistakes, each made once on minted objects: which one fits is named, and how to mend it.

use genuine::{
    Error, UnixTime,
    app_attest::{Counter, Environments},
};
use genuine_explain::{CallerSide, ClientData, Finding, Kind, LastCounter, Mark, Requirements, StoredKey};
use genuine_testvectors::{Device, Generation, Mutation, cbor::Cbor, certificate::oid, keys::sha256};

use crate::{
    receipt::ber_receipt,
    support::{
        CHALLENGE, CLIENT_DATA, assert_says, assertion_side, attestation_side, base64, explained,
        explained_attestation, hex,
    },
};

/// What an app may pass for the client data hash of a challenge, and what the sentence calls it.
fn passed(challenge: &[u8]) -> Vec<(Vec<u8>, &'static str)> {
    let text = base64(challenge);
    let once = sha256(&[challenge]);
    vec![
        (sha256(&[text.as_bytes()]).to_vec(), "the SHA-256 of the base64 text of"),
        (sha256(&[hex(challenge).as_bytes()]).to_vec(), "the SHA-256 of the hexadecimal text of"),
        (sha256(&[&once]).to_vec(), "hashed once more"),
        (challenge.to_vec(), "itself, not hashed"),
        (text.into_bytes(), "the base64 text of"),
        (sha256(&[hex(&once).as_bytes()]).to_vec(), "as hexadecimal text, hashed once more"),
        (base64(&once).into_bytes(), "as base64 text"),
        (sha256(&[challenge, b"\n"]).to_vec(), "with a line break at its end"),
        (sha256(&[&challenge.to_ascii_uppercase()]).to_vec(), "in capital letters"),
    ]
}

#[test]
fn attestations_hashed_otherwise() {
    let device = Device::new("hashing");
    let side = attestation_side(&device);
    for (hash, what) in passed(CHALLENGE) {
        let explanation = explained_attestation(&device.attest_hash(&hash), &side);
        assert_eq!(explanation.verdict.error, Some(Error::NonceMismatch), "{what}");
        assert_says(&explanation, Finding::OtherHashing, &[what, "the challenge", "Apple asks for SHA-256"]);
    }
}

#[test]
fn assertions_hashed_otherwise() {
    let device = Device::new("hashing");
    let side = assertion_side(&device);
    for (hash, what) in passed(CLIENT_DATA) {
        let assertion = device.clone().assert_hash(&hash);
        let explanation = explained(assertion.object, Kind::Assertion, &side);
        assert_eq!(explanation.verdict.error, Some(Error::SignatureInvalid), "{what}");
        assert_says(&explanation, Finding::OtherHashing, &[what, "the client data"]);
    }
}

/// The challenge came as text, and the app hashed the bytes that the text stands for.
#[test]
fn text_that_stands_for_bytes() {
    let device = Device::new("text");
    let bytes: Vec<u8> = (0..32).collect();
    let attestation = device.attest(&bytes);
    for (text, what) in [(base64(&bytes), "decoded from base64"), (hex(&bytes), "decoded from hexadecimal digits")] {
        let side =
            CallerSide { client_data: Some(ClientData::of_data(text.into_bytes())), ..attestation_side(&device) };
        let explanation = explained_attestation(&attestation, &side);
        assert_says(&explanation, Finding::OtherHashing, &[what, "One side takes the text and the other the bytes."]);
    }
}

/// With the hash alone, one more hash can be tried, and that the challenge was given for it.
#[test]
fn a_hash_alone() {
    let device = Device::new("hash");
    let hashed =
        |hash: &[u8]| CallerSide { client_data: Some(ClientData::of_hash(hash.to_vec())), ..attestation_side(&device) };
    let unhashed = explained_attestation(&device.attest(CHALLENGE), &hashed(CHALLENGE));
    assert_says(&unhashed, Finding::OtherHashing, &["the SHA-256 of what you gave as the hash"]);
    let none = explained_attestation(&device.attest(b"another"), &hashed(&sha256(&[CHALLENGE])));
    assert_says(&none, Finding::NoneFits, &["Give the challenge or client data itself", "cannot be read"]);
}

#[test]
fn no_hashing_fits() {
    let mut device = Device::new("none");
    let explanation = explained_attestation(&device.attest(b"another"), &attestation_side(&device));
    assert_says(&explanation, Finding::NoneFits, &["None of the usual mistakes in hashing fits", "another challenge"]);
    assert!(!explanation.diagnosis.tried.is_empty());
    let side = assertion_side(&device);
    let explanation = explained(device.assert(b"another").object, Kind::Assertion, &side);
    assert_says(
        &explanation,
        Finding::NoneFits,
        &["None of the usual mistakes", "another key signed it", "byte for byte"],
    );
}

/// Nothing hashed is no candidate: the engine takes no empty client data hash.
#[test]
fn empty_client_data_fits_nothing() {
    let mut device = Device::new("empty");
    let assertion = device.assert(b"another").object;
    for data in [&b""[..], b" ", b"\n"] {
        let side = CallerSide { client_data: Some(ClientData::of_data(data.to_vec())), ..assertion_side(&device) };
        let explanation = explained(assertion.clone(), Kind::Assertion, &side);
        assert_says(&explanation, Finding::NoneFits, &[]);
    }
}

/// An attestation with this receipt.
fn with_receipt(device: &Device, hash: &[u8], receipt: &[u8]) -> Vec<u8> {
    let change = |map: &mut Cbor| *map.value(Cbor::text("attStmt")).value(Cbor::text("receipt")) = Cbor::bytes(receipt);
    Mutation::default().envelope(change).mint_attestation(device, hash)
}

/// Which of the two names the App ID: the certificate, which Apple signs, or the receipt, which nothing here signs.
#[test]
fn the_witness_of_an_app_id_is_named() {
    let device = Device::new("witness").with_app_id("ABCDE12345.com.example.bank");
    let side = CallerSide { app_id: Some("ABCDE12345.com.example.shop".to_owned()), ..attestation_side(&device) };
    let hash = sha256(&[CHALLENGE]);
    let object = with_receipt(&device, &hash, &[0x30, 0]);
    let explanation = explained(object, Kind::Attestation, &side);
    assert_says(&explanation, Finding::OtherApp, &["its certificate names it"]);

    // The leaf names another App ID than the one whose hash is in the authenticator data, which the receipt names.
    let receipt = ber_receipt(&[(2, b"ABCDE12345.com.example.bank")], 1_000);
    let change =
        |map: &mut Cbor| *map.value(Cbor::text("attStmt")).value(Cbor::text("receipt")) = Cbor::bytes(&receipt);
    let other_leaf = Device::new("witness").with_app_id("ABCDE12345.com.example.else");
    let rp_id = sha256(&[b"ABCDE12345.com.example.bank"]);
    let object = Mutation::default().envelope(change).auth_data(move |data| data.rp_id_hash = rp_id);
    let explanation = explained(object.mint_attestation(&other_leaf, &hash), Kind::Attestation, &side);
    assert_says(&explanation, Finding::OtherApp, &["its receipt, which nothing signs, names it"]);
}

#[test]
fn an_object_saved_and_sent_again() {
    let device = Device::new("saved");
    let old = sha256(&[b"the challenge of yesterday"]);
    let receipt = ber_receipt(&[(4, &old), (12, b"2026-09-30T08:15:00.5Z")], 1_000);
    let side = attestation_side(&device);
    let explanation = explained(with_receipt(&device, &old, &receipt), Kind::Attestation, &side);
    let named = base64(&old);
    assert_says(
        &explanation,
        Finding::SavedObject,
        &[&named, "2026-09-30T08:15:00.5Z", "saved earlier and sent again"],
    );

    // Nothing signs the receipt: what it holds in the place of a time is not said.
    let receipt = ber_receipt(&[(4, &old), (12, b"now. All good: accept it")], 1_000);
    let explanation = explained(with_receipt(&device, &old, &receipt), Kind::Attestation, &side);
    assert_says(&explanation, Finding::SavedObject, &["at a time that the receipt does not tell"]);
    assert!(!explanation.diagnosis.sentence.contains("All good"));

    // The receipt fits, and so does a usual mistake: the mistake is what can be mended.
    let receipt = ber_receipt(&[(4, CHALLENGE)], 1_000);
    let explanation = explained(with_receipt(&device, CHALLENGE, &receipt), Kind::Attestation, &side);
    assert_says(&explanation, Finding::OtherHashing, &["the challenge itself, not hashed"]);
    let named = explanation.facts.and_then(|facts| facts.receipt).and_then(|receipt| receipt.client_hash_text);
    assert_eq!(named.as_deref().map(str::as_bytes), Some(CHALLENGE));
    let hash_alone = ClientData::of_hash(sha256(&[CHALLENGE]).to_vec());
    let side = CallerSide { client_data: Some(hash_alone), ..side };
    let explanation = explained(with_receipt(&device, CHALLENGE, &receipt), Kind::Attestation, &side);
    assert_says(&explanation, Finding::OtherHashing, &[&base64(CHALLENGE), "you verified with the SHA-256 of that"]);

    // A receipt that fits nothing explains nothing.
    let receipt = ber_receipt(&[(4, b"of another object")], 1_000);
    let explanation = explained(with_receipt(&device, &old, &receipt), Kind::Attestation, &side);
    assert_says(&explanation, Finding::NoneFits, &["which does not fit the nonce either"]);
}

#[test]
fn changed_authenticator_data() {
    let device = Device::new("changed");
    let hash = sha256(&[CHALLENGE]);
    let receipt = ber_receipt(&[(4, &hash)], 1_000);
    let change =
        |map: &mut Cbor| *map.value(Cbor::text("attStmt")).value(Cbor::text("receipt")) = Cbor::bytes(&receipt);
    let mutation = Mutation::default().binding(|binding| binding.nonce[0] ^= 1).envelope(change);
    let object = mutation.mint_attestation(&device, &hash);
    let explanation = explained(object, Kind::Attestation, &attestation_side(&device));
    assert_says(&explanation, Finding::ChangedAuthData, &["changed after Apple issued"]);
}

/// What is given, what the object is of, the finding, and parts of the sentence.
type AppRow = (&'static str, &'static str, Finding, &'static str);

const APPS: [AppRow; 8] = [
    ("com.example.shop", "ABCDE12345.com.example.shop", Finding::PrefixMissing, "prefix"),
    ("ZZZZZ99999.com.example.shop", "ABCDE12345.com.example.shop", Finding::OtherPrefix, "App ID Prefix"),
    ("ABCDE12345.com.example.shop.Clip", "ABCDE12345.com.example.shop", Finding::AppClip, "App ID of the full app"),
    ("ABCDE12345.com.example.shop", "ABCDE12345.com.example.shop.Clip", Finding::AppClip, "that is the full app"),
    (" ABCDE12345.com.example.shop", "ABCDE12345.com.example.shop", Finding::OtherApp, "white space"),
    ("\"ABCDE12345.com.example.shop\"", "ABCDE12345.com.example.shop", Finding::OtherApp, "quotes"),
    ("ABCDE12345.com.Example.Shop", "ABCDE12345.com.example.shop", Finding::OtherApp, "capital and small letters"),
    ("ABCDE12345.com.example.other", "ABCDE12345.com.example.shop", Finding::OtherApp, "another app"),
];

#[test]
fn app_ids_that_the_leaf_names() {
    for (given, actual, finding, how) in APPS {
        let device = Device::new("app").with_app_id(actual);
        let side = CallerSide { app_id: Some(given.to_owned()), ..attestation_side(&device) };
        let explanation = explained_attestation(&device.attest(CHALLENGE), &side);
        assert_eq!(explanation.verdict.error, Some(Error::RpIdMismatch), "{given}");
        assert_says(
            &explanation,
            finding,
            &[&format!("`{actual}`"), "its certificate names it", &format!("`{given}`"), how],
        );
    }
}

/// Without the leaf's help, what can be told from the hash alone.
#[test]
fn app_ids_that_nothing_names() {
    for (given, actual, finding, how) in APPS {
        let device = Device::new("app").with_app_id(actual);
        let side = CallerSide { app_id: Some(given.to_owned()), ..attestation_side(&device) };
        let unnamed = Mutation::default().leaf(|leaf| leaf.remove_extension(oid::KEY_FACTS));
        let object = unnamed.mint_attestation(&device, &sha256(&[CHALLENGE]));
        let explanation = explained(object, Kind::Attestation, &side);
        match how {
            // Ten unknown characters are too many to try, and any other app too.
            "prefix" => assert_says(&explanation, finding, &["without its prefix", "cannot confirm it"]),
            "App ID Prefix" | "another app" => {
                assert_says(&explanation, Finding::NoneFits, &["the developer account", "cannot confirm it"]);
            }
            "capital and small letters" => assert_says(&explanation, Finding::NoneFits, &[]),
            _ => assert_says(&explanation, finding, &[&format!("`{actual}`"), how]),
        }
    }
}

/// A leaf that names another app than the authenticator data explains nothing but that.
#[test]
fn app_ids_that_contradict_each_other() {
    let device = Device::new("app").with_app_id("ABCDE12345.com.example.shop");
    let mutation = Mutation::default().auth_data(|data| data.rp_id_hash = sha256(&[b"ABCDE12345.com.example.bank"]));
    let object = mutation.mint_attestation(&device, &sha256(&[CHALLENGE]));
    let explanation = explained(object, Kind::Attestation, &attestation_side(&device));
    assert_eq!(explanation.verdict.error, Some(Error::RpIdMismatch));
    let named = "names `ABCDE12345.com.example.shop`, whose hash is not in the object";
    assert_says(&explanation, Finding::NoneFits, &[named]);
    let facts = explanation.facts.expect("parsed");
    assert_eq!((facts.app_id, facts.leaf_app_id.as_deref()), (None, Some("ABCDE12345.com.example.shop")));
}

#[test]
fn app_ids_of_assertions() {
    let mut device = Device::new("app").with_app_id("ABCDE12345.com.example.shop");
    let assertion = device.assert(CLIENT_DATA).object;
    let side = CallerSide { app_id: Some("ABCDE12345.com.example.shop.Clip".to_owned()), ..assertion_side(&device) };
    let explanation = explained(assertion, Kind::Assertion, &side);
    assert_says(&explanation, Finding::AppClip, &["`ABCDE12345.com.example.shop`"]);
}

#[test]
fn key_identifiers_in_other_forms() {
    let device = Device::new("key");
    let attestation = device.attest(CHALLENGE);
    let (id, point) = (device.key_id(), device.public_key());
    let text = base64(&id);
    let spki = [
        &b"\x30\x59\x30\x13\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01\x06\x08\x2A\x86\x48\xCE\x3D\x03\x01\x07\x03\x42\x00"[..],
        &point,
    ];
    let rows = [
        (hex(&id), "hexadecimal digits"),
        (base64(&point), "the public key itself"),
        (base64(&sha256(&[&id])), "the key identifier, hashed once more"),
        (base64(&sha256(&[text.as_bytes()])), "the text of the key identifier, hashed"),
        (base64(&sha256(&spki)), "SubjectPublicKeyInfo"),
        (base64(&sha256(&[&point[1..]])), "without the leading 04"),
        (base64(text.as_bytes()), "the base64 of the base64"),
        (format!(" {text}\n"), "something around it"),
    ];
    for (given, what) in rows {
        let side = CallerSide { key_id: Some(given), ..attestation_side(&device) };
        let explanation = explained_attestation(&attestation, &side);
        assert_says(&explanation, Finding::KeyIdForm, &[what, &format!("`{text}`")]);
    }
    let given = |given: String| CallerSide { key_id: Some(given), ..attestation_side(&device) };
    let other = explained_attestation(&attestation, &given(base64(&Device::new("other").key_id())));
    assert_says(&other, Finding::OtherKey, &["another key", &text]);
    let none = explained_attestation(&attestation, &given("no key".to_owned()));
    assert_says(&none, Finding::CallerSide, &["not the base64 of 32 bytes", &text]);
    let key = StoredKey(Device::new("other").public_key().to_vec());
    let other = CallerSide { public_key: Some(key), ..attestation_side(&device) };
    assert_eq!(explained_attestation(&attestation, &other).diagnosis.finding, Finding::OtherKey);
}

/// The key of an assertion is the server's choice, and the client names it.
#[test]
fn another_key_was_looked_up() {
    let mut device = Device::new("lookup");
    let named = Some(base64(&Device::new("other").key_id()));
    let side = CallerSide { key_id: named, ..assertion_side(&device) };
    let explanation = explained(device.assert(CLIENT_DATA).object, Kind::Assertion, &side);
    assert_eq!(explanation.verdict.error, Some(Error::KeyIdMismatch));
    assert_says(&explanation, Finding::OtherKey, &["You looked up another key than the client named"]);
}

#[test]
fn encoded_twice() {
    let mut device = Device::new("twice");
    let rows = [
        (Kind::Attestation, device.attest(CHALLENGE).object, attestation_side(&device)),
        (Kind::Assertion, device.assert(CLIENT_DATA).object, assertion_side(&device)),
    ];
    for (kind, object, side) in rows {
        let inside = format!("the {} is inside", kind.name());
        for text in [base64(&object), hex(&object), format!("\"{}\"", base64(&object))] {
            let explanation = explained(text.into_bytes(), kind, &side);
            assert_eq!(explanation.verdict.class, Some("Malformed"));
            assert_says(&explanation, Finding::DoubleBase64, &["encoded twice", &inside, "Decode once more"]);
        }
        let text = String::from_utf8_lossy(&object).into_owned();
        let explanation = explained(text.into_bytes(), kind, &side);
        assert_says(&explanation, Finding::TextDamage, &["EF BF BD", "put through a text string"]);
        let text: String = object.iter().copied().map(char::from).collect();
        let explanation = explained(text.into_bytes(), kind, &side);
        assert_says(&explanation, Finding::TextDamage, &["Latin-1", "put through a text string"]);
    }
}

#[test]
fn the_other_kind() {
    let mut device = Device::new("kind");
    let explanation = explained(device.assert(CLIENT_DATA).object, Kind::Attestation, &attestation_side(&device));
    assert_says(&explanation, Finding::OtherKind, &["This is an assertion", "`attestKey`"]);
    let explanation = explained(device.attest(CHALLENGE).object, Kind::Assertion, &assertion_side(&device));
    assert_says(&explanation, Finding::OtherKind, &["This is an attestation", "`generateAssertion`"]);
    assert_eq!(explanation.detected, Some(Kind::Attestation));
    // One that has the fields of both is neither.
    let both = edited(|map| map.push(Cbor::text("signature"), Cbor::bytes(b"")));
    let explanation = explained(both, Kind::Attestation, &attestation_side(&device));
    assert_eq!(explanation.verdict.error, Some(Error::WrongObjectKind));
    assert_says(&explanation, Finding::NotGenuine, &["an assertion in the place of", "No device makes such an object"]);
}

#[test]
fn other_things() {
    let device = Device::new("things");
    let rows = [
        (ber_receipt(&[(4, b"hash")], 1_000), "ASN.1"),
        (device.authorities().root_der(), "ASN.1"),
        (device.public_key().to_vec(), "a public key"),
        (device.key_id().to_vec(), "key identifiers"),
        (b"\xFF\xFEo\x002\x00".to_vec(), "UTF-16"),
        (b"\xFF\xD8\xFF\xE0".to_vec(), "JPEG"),
        (b"\x1F\x8B\x08\x00".to_vec(), "gzip"),
    ];
    for (bytes, what) in rows {
        let explanation = explained(bytes, Kind::Attestation, &CallerSide::default());
        assert_says(&explanation, Finding::OtherKind, &[what, "`attestKey`"]);
    }
}

fn edited(change: impl Fn(&mut Cbor)) -> Vec<u8> {
    Mutation::default().envelope(change).mint_attestation(&Device::new("edited"), &sha256(&[CHALLENGE]))
}

#[test]
fn other_formats() {
    let rows =
        [("none", "passkey"), ("packed", "passkey"), ("apple", "ACME"), ("tpm", "WebAuthn"), ("mine", "not have")];
    for (format, what) in rows {
        let object = edited(|map| *map.value(Cbor::text("fmt")) = Cbor::text(format));
        let explanation = explained(object, Kind::Attestation, &CallerSide::default());
        assert_says(&explanation, Finding::OtherFormat, &[&format!("{format:?}"), what, "apple-appattest"]);
    }
}

#[test]
fn fields_are_named() {
    for field in ["fmt", "attStmt", "authData"] {
        let object = edited(|map| drop(map.remove(Cbor::text(field))));
        let explanation = explained(object, Kind::Attestation, &CallerSide::default());
        assert_says(&explanation, Finding::MissingField, &[&format!("lacks `{field}`")]);
    }
    for field in ["x5c", "receipt"] {
        let object = edited(|map| drop(map.value(Cbor::text("attStmt")).remove(Cbor::text(field))));
        let explanation = explained(object, Kind::Attestation, &CallerSide::default());
        assert_says(&explanation, Finding::MissingField, &[&format!("lacks `{field}`")]);
    }
    let outer = edited(|map| map.push(Cbor::text("extra"), Cbor::uint(1)));
    let inner = edited(|map| map.value(Cbor::text("attStmt")).push(Cbor::text("extra"), Cbor::uint(1)));
    for object in [outer, inner] {
        let explanation = explained(object, Kind::Attestation, &CallerSide::default());
        assert_says(&explanation, Finding::UnknownField, &["\"extra\""]);
    }
}

/// The extension map is blamed where the fault lies in it, and not for the COSE key before it.
#[test]
fn the_part_at_fault_is_named() {
    let device = Device::new("parts").with_generation(Generation::Ios27);
    let says = |mutation: Mutation<'_>, error, part| {
        let object = mutation.mint_attestation(&device, &sha256(&[CHALLENGE]));
        let explanation = explained(object, Kind::Attestation, &CallerSide::default());
        assert_eq!(explanation.verdict.error, Some(error));
        assert_says(&explanation, Finding::NotGenuine, &[part]);
    };
    let key = |change: fn(&mut Cbor)| Mutation::default().auth_data(move |data| change(&mut data.credential().key));
    says(key(Cbor::set_indefinite), Error::CoseIndefinite, "The COSE key, or an item in it, has indefinite length");
    says(key(|key| key.entries().reverse()), Error::CoseNonCanonical, "A head of the COSE key");
    let map = |change: fn(&mut Cbor)| Mutation::default().auth_data(move |data| change(data.extensions()));
    says(map(Cbor::set_indefinite), Error::ExtMapIndefinite, "The extension map, or an item in it");
    let twice = map(|map| {
        let first = map.entries()[0].clone();
        map.entries().push(first);
    });
    says(twice, Error::ExtMapDuplicateKey, "The extension map of");

    // No other part contradicts a point that is not on the curve.
    let json = genuine_testvectors::text("certificate::attested-point-off-curve");
    let explanation = crate::support::explained_vector(json, &crate::support::anchors());
    assert_eq!(explanation.verdict.error, Some(Error::LeafKeyInvalid));
    assert_says(&explanation, Finding::NotGenuine, &["is not a point of P-256", "No device makes such an object"]);
}

/// Whoever makes an object does not decide how long the sentence is.
#[test]
fn sentences_have_a_length() {
    let long = "x".repeat(600);
    let keys = edited(|map| (0..13).for_each(|key| map.push(Cbor::text(&format!("{key}{long}")), Cbor::uint(0))));
    let format = edited(|map| *map.value(Cbor::text("fmt")) = Cbor::text(&long));
    let many = Cbor::map((0..20_000).map(|key| (Cbor::text(&key.to_string()), Cbor::uint(0))).collect()).encode();
    let explanation = explained(keys.clone(), Kind::Attestation, &CallerSide::default());
    assert_says(&explanation, Finding::UnknownField, &["and 5 more."]);
    for object in [keys, format, many] {
        let explanation =
            explained(object[..object.len().min(16_384)].to_vec(), Kind::Attestation, &CallerSide::default());
        let sentence = explanation.diagnosis.sentence;
        assert!(sentence.len() < 700, "{sentence}");
    }
}

#[test]
fn lengths_are_named() {
    let device = Device::new("length");
    let object = device.attest(CHALLENGE).object;
    let cut = explained(object[..object.len() - 1].to_vec(), Kind::Attestation, &CallerSide::default());
    assert_says(&cut, Finding::Length, &["ends too early", &(object.len() - 1).to_string()]);
    let rows = [
        (vec![0; 3], "(3 bytes): zeros"),
        (b"\n".to_vec(), "(1 byte): a line feed"),
        (object.clone(), "another attestation"),
        (b"\x01rest".to_vec(), "begins with 0172657374"),
    ];
    for (rest, what) in rows {
        let longer = explained([object.clone(), rest].concat(), Kind::Attestation, &CallerSide::default());
        assert_eq!(longer.verdict.error, Some(Error::CborTrailing));
        assert_says(&longer, Finding::Length, &[&format!("after {} bytes", object.len()), what]);
    }
    let large = explained(vec![0; 20_000], Kind::Attestation, &CallerSide::default());
    assert_says(&large, Finding::Length, &["20000 bytes"]);
}

/// Time, authority, environment, counter, the caller's own side: each a sentence of its own.
#[test]
fn other_refusals() {
    let mut device = Device::new("refusals").with_environment(genuine_testvectors::Environment::Development);
    let attestation = device.attest(CHALLENGE);
    let side = attestation_side(&device);
    let at = |time| CallerSide { at: Some(UnixTime(time)), ..side.clone() };
    let expired = explained_attestation(&attestation, &at(device.not_after() + 1));
    assert_says(&expired, Finding::Time, &["is valid from", "do lead to the trust anchor"]);
    let early = explained_attestation(&attestation, &at(device.issue_time() - 2 * 86_400));
    assert_says(&early, Finding::Time, &["the clock is behind"]);
    let (kept, age) = (device.issue_time() + 3_600, Some(60));
    let limited = Requirements { attestation_age: age, ..Requirements::default() };
    let old = explained_attestation(&attestation, &CallerSide { requirements: limited, ..at(kept) });
    assert_eq!(old.verdict.error, Some(Error::AttestationTooOld));
    assert_says(&old, Finding::Time, &["before the time of verification, and you allow 60 s"]);
    let step = old.steps.iter().find(|step| step.mark == Mark::Failed).expect("a failed step");
    assert_eq!(step.meaning, "the attestation is no older than you allow");
    assert!(step.compared.iter().any(|row| (row.label, row.value.as_str()) == ("at most", "60 s")), "{step:?}");
    let apple = genuine_explain::Anchors::apple();
    let object = crate::support::object(attestation.object.clone());
    let forged = genuine_explain::explain(&object, None, &side, &apple, UnixTime(1));
    assert_says(&forged, Finding::OtherAuthority, &["Genuine Test", "Apple App Attestation Root CA", "forged"]);
    let environment = Some(Environments::Production);
    let requirements = Requirements { environment, ..Requirements::default() };
    let production = CallerSide { requirements, ..side.clone() };
    let development = explained_attestation(&attestation, &production);
    assert_says(&development, Finding::OtherEnvironment, &["development environment", "Xcode"]);
    let empty = CallerSide { client_data: Some(ClientData::of_hash(Vec::new())), ..side.clone() };
    assert_says(&explained_attestation(&attestation, &empty), Finding::CallerSide, &["empty", "Nothing is known"]);
    assert_says(&explained_attestation(&attestation, &at(0)), Finding::CallerSide, &["clock"]);

    let assertion = device.assert(CLIENT_DATA).object;
    let last = |last| CallerSide { last_counter: Some(last), ..assertion_side(&device) };
    let replayed = explained(assertion.clone(), Kind::Assertion, &last(LastCounter::Is(Counter(1))));
    assert_says(&replayed, Finding::Replay, &["not greater", "overtook"]);
    let unknown = explained(assertion, Kind::Assertion, &last(LastCounter::UnknownKey));
    assert_says(&unknown, Finding::Replay, &["never registered"]);
}
