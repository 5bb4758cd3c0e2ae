//! `docs/simulated-device.md`: its values are those of the simulated device.
#![allow(missing_docs)]

use base64::{Engine as _, prelude::BASE64_STANDARD};
use genuine_gateway::gate::{SignedRequest, sha256};
use genuine_testvectors::{Device, Generation, TestPki, keys::Signer};

const DOCUMENT: &str = include_str!("../docs/simulated-device.md");

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().concat()
}

/// Whether the document has this value, over one or more lines.
fn holds(value: &str) -> bool {
    let joined: String = DOCUMENT.lines().map(str::trim).collect();
    DOCUMENT.contains(value) || joined.contains(value)
}

#[test]
fn each_value_of_the_document_is_what_the_device_computes() {
    let app_id = "ABCDE12345.com.example.demo";
    let mut device = Device::new("example").with_app_id(app_id).with_generation(Generation::Ios14);
    let challenge =
        "Z2MBAAAAAGqxO4D5MTvVHDItGaxr24aFD_mOFBnc1F7GDeflizaxYbLHhqak0HjQzShVLkf3RIxGDQWTx8fQgzW4Mw-EqY6KWN-t";
    let client_data_hash = sha256(challenge.as_bytes());
    let attestation = device.attest_hash(&client_data_hash);
    let auth_data = find(&attestation.object, &sha256(app_id.as_bytes()), 164);
    let nonce = sha256(&[auth_data, &client_data_hash[..]].concat());

    let request = SignedRequest { method: "POST", authority: "localhost:8080", target: "/orders?item=7", body: b"abc" };
    let lines = request.client_data(None);
    let assertion = device.assert_hash(&sha256(lines.as_bytes()));
    let short = find(&assertion.object, &sha256(app_id.as_bytes()), 37);
    let signed = sha256(&[short, &sha256(lines.as_bytes())[..]].concat());
    let intermediate = TestPki::default().signed_intermediate().encode();
    let Signer::P256(key) = device.signer() else { panic!("P-256") };

    let values = [
        ("secret", hex(&key.to_bytes())),
        ("point", hex(&device.public_key())),
        ("key identifier", BASE64_STANDARD.encode(device.key_id())),
        ("intermediate", BASE64_STANDARD.encode(&intermediate)),
        ("client data hash", hex(&client_data_hash)),
        ("authenticator data", hex(auth_data)),
        ("nonce", hex(&nonce)),
        ("nonce in the leaf", hex(&find(&attestation.object, &nonce, 32)[..32])),
        ("lines", lines.clone()),
        ("hash of the lines", hex(&sha256(lines.as_bytes()))),
        ("authenticator data, short", hex(short)),
        ("signed", hex(&signed)),
    ];
    for (name, value) in values {
        assert!(holds(value.trim_end()), "{name}: {value}");
    }
}

/// The octets from where these are.
fn find<'o>(object: &'o [u8], start: &[u8], length: usize) -> &'o [u8] {
    let at = object.windows(start.len()).position(|window| window == start).unwrap();
    &object[at..at + length]
}
