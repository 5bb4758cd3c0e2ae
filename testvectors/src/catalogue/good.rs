//! Objects that must be accepted, so that "refuse everything" is no verifier (P-01 to P-24).

use super::{
    ASR, ASR_27, ASR_CD_HASH, ASR_POLICY, ATT, ATT_27, ATT_CD_HASH, ATT_DEVELOPMENT, ATT_POLICY, LAST_COUNTER, Row,
    device, edit,
};
use crate::auth_data::FLAG_AT;
use crate::cbor::Cbor;
use crate::certificate::{extension, field, oid, time};
use crate::der::{Der, tag};
use crate::device::{DEFAULT_APP_ID, Device, Environment, GENUINE_RECEIPT_LENGTH, VALIDATION_CATEGORY};
use crate::generation::Generation;
use crate::keys::{pseudo_random, sha256};
use crate::recipe::Edits;
use crate::vector::Kind;

const DAY: u64 = 86_400;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = generations();
    rows.extend(attestations());
    rows.extend(assertions());
    rows.extend(signature_lengths());
    let has = |id: &str| rows.iter().any(|row| row.id == id);
    let twins = [ATT, ATT_27, ATT_DEVELOPMENT, ATT_CD_HASH, ATT_POLICY, ASR, ASR_27, ASR_CD_HASH, ASR_POLICY];
    assert!(twins.into_iter().all(has), "the twins are good vectors");
    rows
}

/// Each generation in each environment, and once with a receipt of genuine size.
fn generations() -> Vec<Row> {
    let mut rows = Vec::new();
    for generation in Generation::ALL {
        let name = generation.name();
        for environment in [Environment::Production, Environment::Development] {
            let device = device(generation, environment);
            let kind = environment.name();
            rows.push(Row::new(
                Kind::Attestation,
                format!("att-{name}-{kind}"),
                format!("An attestation in the form of {name}, {kind} environment."),
                device.clone(),
            ));
            rows.push(Row::new(
                Kind::Assertion,
                format!("asr-{name}-{kind}"),
                format!("An assertion in the form of {name}, key of the {kind} environment."),
                device,
            ));
        }
        rows.push(
            Row::new(
                Kind::Attestation,
                format!("att-{name}-full-size"),
                format!("An attestation in the form of {name} with a receipt of genuine length, for measurements."),
                device(generation, Environment::Production),
            )
            .device(|device| device.with_receipt_length(GENUINE_RECEIPT_LENGTH)),
        );
    }
    rows
}

fn good(id: &str, description: &str) -> Row {
    Row::new(Kind::Attestation, id, description, device(Generation::Ios17, Environment::Production))
}

fn good_27(id: &str, description: &str) -> Row {
    Row::new(Kind::Attestation, id, description, device(Generation::Ios27, Environment::Production))
}

fn attestations() -> Vec<Row> {
    vec![
        good_27("p-02a", "The extension map is present with ED clear, as in Apple's own sample.")
            .edits(edit().auth_data(|data| data.flags = FLAG_AT)),
        good("p-05a", "The raw challenge of 21 bytes is the client data hash.")
            .raw_client_data_hash(b"a challenge, 21 bytes"),
        good("p-05b", "The raw challenge of 24 bytes is the client data hash.")
            .raw_client_data_hash(b"a challenge of 24 bytes."),
        good("p-06a", "The keys of both envelope maps stand in reverse order.").edits(edit().envelope(|root| {
            root.entries().reverse();
            root.value("attStmt").entries().reverse();
        })),
        good("p-07a", "The object is exactly 16,384 bytes long.").edits(edit().envelope(|root| {
            let missing = 16_384 - root.encode().len();
            // The length head of the receipt grows from 2 to 3 bytes.
            *root.value("attStmt").value("receipt") = Cbor::bytes(&pseudo_random("receipt", 64 + missing - 1));
        })),
        good("p-07b", "The leaf is exactly 2,048 bytes long.").edits(pad_leaf(2_048)),
        good("p-08a", "An unsigned cdHash stands in the outermost map.")
            .device(|device| device.with_generation(Generation::Ios26).with_cd_hash()),
        good("p-08c", "The unsigned cdHash has one more key.")
            .device(|device| device.with_generation(Generation::Ios26).with_cd_hash())
            .edits(edit().envelope(|root| root.value("cdHash").push("salt", Cbor::bytes(&[0; 32])))),
        good("p-08d", "The unsigned cdHash is a text of 512 bytes.")
            .device(|device| device.with_generation(Generation::Ios26).with_cd_hash())
            .edits(edit().envelope(|root| *root.value("cdHash") = Cbor::text(&"x".repeat(509)))),
        good("p-08e", "The type in the unsigned cdHash is an integer.")
            .device(|device| device.with_generation(Generation::Ios26).with_cd_hash())
            .edits(edit().envelope(|root| *root.value("cdHash").value("type") = Cbor::uint(2))),
        good("p-10a", "The time is the leaf's notBefore.")
            .request(|vector| vector.valid_at = vector.valid_at.map(|now| now - DAY)),
        good("p-10b", "The time is the leaf's notAfter.")
            .request(|vector| vector.valid_at = vector.valid_at.map(|now| now + 2 * DAY)),
        good("p-12", "The leaf of an iOS 26 device has the App Attest key purpose.")
            .device(|device| device.with_generation(Generation::Ios26))
            .edits(edit().leaf(|leaf| {
                leaf.extensions().insert(2, purpose(false, &[oid::APP_ATTEST_PURPOSE]));
            })),
        good("p-12b", "The App Attest key purpose is critical.").edits(purposes(true, &[oid::APP_ATTEST_PURPOSE])),
        good("p-12c", "The leaf has the App Attest key purpose and another.")
            .edits(purposes(false, &[SERVER_AUTH, oid::APP_ATTEST_PURPOSE])),
        good("p-12f", "The leaf has another purpose behind that of App Attest.")
            .edits(purposes(false, &[oid::APP_ATTEST_PURPOSE, SERVER_AUTH])),
        good("p-12d", "The intermediate has another key purpose, not critical.")
            .edits(edit().intermediate(|intermediate| intermediate.extensions().push(purpose(false, &[SERVER_AUTH])))),
        good("p-12e", "The intermediate has the App Attest key purpose, critical.").edits(edit().intermediate(
            |intermediate| {
                intermediate.extensions().push(purpose(true, &[oid::APP_ATTEST_PURPOSE]));
            },
        )),
        good("p-13", "The leaf has an unknown extension, not critical.")
            .edits(edit().leaf(|leaf| leaf.extensions().push(extension(&[0x2A, 0x03, 0x04], false, &[0x05, 0x00])))),
        good("p-13b", "The leaf has 16 extensions.").edits(edit().leaf(|leaf| {
            for arc in 0..11 {
                leaf.extensions().push(extension(&[0x2A, 0x03, arc], false, &[0x05, 0x00]));
            }
        })),
        good("p-18a", "The leaf lives for 1.01 days.").device(|device| device.with_leaf_life(87_264)),
        good("p-18b", "The leaf lives for 353 days.").device(|device| device.with_leaf_life(353 * DAY)),
        good("p-18c", "The intermediate's notAfter is a GeneralizedTime in 2050.")
            .edits(edit().intermediate(|intermediate| intermediate.tbs[field::VALIDITY][1] = time(2_524_608_000))),
        good("p-18d", "The leaf's notAfter is 99991231235959Z, the time without end of RFC 5280 §4.1.2.5.").edits(
            edit().leaf(|leaf| {
                leaf.tbs[field::VALIDITY][1] = Der::primitive(tag::GENERALIZED_TIME, b"99991231235959Z");
            }),
        ),
        good("p-21", "The leaf's serial number has 20 octets.")
            .edits(edit().leaf(|leaf| *leaf.tbs[field::SERIAL].octets() = [&[0x7F], [0xA5; 19].as_slice()].concat())),
        good_27("p-23", "The bundle version has 64 bytes.")
            .device(|device| device.with_launch_data(&"1.23.456".repeat(8), 4)),
        good_27("p-23b", "The bundle version is empty.").device(|device| device.with_launch_data("", 4)),
        good_27(ATT_POLICY, "The launch data satisfies a policy on categories and bundle versions.").request(
            |vector| {
                vector.require_categories = vec![2, 4];
                vector.require_bundle_versions = vec!["0".to_owned(), "1".to_owned()];
            },
        ),
        good("ad-03", "Flag bits other than AT and ED are set; the nonce covers them and they mean nothing.")
            .edits(edit().auth_data(|data| data.flags = 0x6A)),
        good_27("ex-06", "The validation category is an unsigned integer.")
            .request(|vector| vector.require_categories = vec![4])
            .edits(edit().auth_data(|data| *data.extensions().value(VALIDATION_CATEGORY) = Cbor::uint(4))),
        good_27("ex-10a", "The extension map has an unknown key.")
            .edits(edit().auth_data(|data| data.extensions().push("apple_future_01", Cbor::uint(2)))),
        good_27("ex-10f", "The extension map has 512 bytes.").edits(edit().auth_data(|data| {
            let length = data.extensions().encode().len();
            // The key and the head of the value take 16 and 3 bytes.
            data.extensions().push("apple_future_01", Cbor::bytes(&vec![0; 512 - length - 16 - 3]));
        })),
        good_27("ex-10e", "The extension map has as many keys and items as it may, and no value that is known.").edits(
            edit().auth_data(|data| {
                let entry = |index: u8| {
                    let items = if index == 0 { 0x90 } else { 0x80 };
                    (
                        Cbor::text(&char::from(b'a' + index).to_string()),
                        Cbor::Raw([&[items][..], &vec![0x60; (items & 0x1F).into()]].concat()),
                    )
                };
                *data.extensions() = Cbor::map((0..16).map(entry).collect());
            }),
        ),
        good(
            "ch-08",
            "The leaf names an authority key identifier that is not the intermediate's; the signature decides.",
        )
        .edits(edit().leaf(|leaf| {
            let value = Der::sequence(vec![Der::primitive(0x80, &[0; 20])]).encode();
            leaf.extensions().push(extension(oid::AUTHORITY_KEY_ID, false, &value));
        })),
        good("ch-22", "The time is after the root's notAfter; an anchor has none.")
            .device(|device| device.with_issue_time(2_400_000_000))
            .edits(edit().intermediate(|intermediate| intermediate.tbs[field::VALIDITY][1] = time(2_524_608_000))),
        good("ch-25", "The leaf lives for 400 days.").device(|device| device.with_leaf_life(400 * DAY)),
        good("rp-08", "The App ID in the certificate's extension 8.5 is another; the authenticator data's counts.")
            .edits(edit().leaf(|leaf| {
                let value = leaf.extension(oid::KEY_FACTS)[1].octets();
                let app_id = DEFAULT_APP_ID.as_bytes();
                let start = value.windows(app_id.len()).position(|window| window == app_id).expect("an App ID");
                value[start] ^= 1;
            })),
    ]
}

fn good_assertion(id: &str, description: &str) -> Row {
    Row::new(Kind::Assertion, id, description, device(Generation::Ios17, Environment::Production))
}

fn assertions() -> Vec<Row> {
    let ios_27 = |device: Device| device.with_generation(Generation::Ios27);
    let mut rows = vec![
        good_assertion("p-02b", "The extension map is present with ED clear.")
            .device(ios_27)
            .edits(edit().auth_data(|data| data.flags = FLAG_AT)),
        good_assertion("p-05c", "A client data hash of 21 bytes.").raw_client_data_hash(b"a challenge, 21 bytes"),
        good_assertion("p-06b", "The keys of the map stand in reverse order.")
            .edits(edit().envelope(|root| root.entries().reverse())),
        good_assertion(ASR_CD_HASH, "An unsigned cdHash stands in the map.")
            .device(|device| device.with_generation(Generation::Ios26).with_cd_hash()),
        good_assertion("p-11a", "The signature's s is above half the order.").edits(edit().signature(|signature| {
            set_high_s(signature, true);
        })),
        good_assertion("p-11b", "The signature's s is below half the order.").edits(edit().signature(|signature| {
            set_high_s(signature, false);
        })),
        good_assertion("p-16", "The counter goes from 0x7FFFFFFF to 0x80000000.").counter(0x8000_0000),
        good_assertion("p-17", "The counter rises by 1,000.")
            .counter(LAST_COUNTER + 1_000)
            .request(|vector| vector.previous_counter = Some(LAST_COUNTER)),
        good_assertion("ct-08", "The counter rises by 1,000,000.")
            .counter(LAST_COUNTER + 1_000_000)
            .request(|vector| vector.previous_counter = Some(LAST_COUNTER)),
        good_assertion("ct-05", "A first counter of 0x01000000 is 16,777,216, not 1.")
            .counter(0x0100_0000)
            .request(|vector| vector.previous_counter = Some(2)),
        good_assertion(ASR_POLICY, "The launch data satisfies a policy on categories and bundle versions.")
            .device(ios_27)
            .request(|vector| {
                vector.require_categories = vec![2, 4];
                vector.require_bundle_versions = vec!["0".to_owned(), "1".to_owned()];
            }),
    ];
    for (index, flags) in [0x00, 0x01, 0x05].into_iter().enumerate() {
        rows.push(
            good_assertion(
                &super::lettered("ao-09", index),
                &format!("The flags are 0x{flags:02X}; in an assertion only ED has a meaning."),
            )
            .edits(edit().auth_data(move |data| data.flags = flags)),
        );
    }
    rows
}

/// Signatures whose integers need a leading zero octet, do not need one, or are shorter than the order (P-19, P-20).
fn signature_lengths() -> Vec<Row> {
    let inputs = [
        ("p-19a", 72, "Both integers of the signature have a leading zero octet."),
        ("p-19b", 70, "The signature has 70 bytes: no integer has a leading zero octet, or one is short."),
        ("p-20", 69, "An integer of the signature is one octet shorter than the order."),
    ];
    let signer_of = device(Generation::Ios17, Environment::Production);
    inputs
        .into_iter()
        .map(|(id, length, description)| {
            let data = (0_u32..100_000)
                .map(|attempt| format!("request {attempt}").into_bytes())
                .find(|data| {
                    let auth_data = signer_of.assertion_auth_data(LAST_COUNTER + 1).encode();
                    let nonce = sha256(&[&auth_data, &sha256(&[data])]);
                    signer_of.signer().sign_digest(&sha256(&[&nonce])).len() == length
                })
                .expect("such a signature is one in 500 at worst");
            let mut row = good_assertion(id, description);
            row.client_data_hash = sha256(&[&data]).to_vec();
            row.client_data = Some(data);
            row
        })
        .collect()
}

/// The purpose of a TLS server (RFC 5280 §4.2.1.12).
pub(super) const SERVER_AUTH: &[u8] = &[0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];

/// An extended key usage of these purposes.
pub(super) fn purpose(critical: bool, purposes: &[&[u8]]) -> Der {
    let purposes = purposes.iter().map(|purpose| Der::oid(purpose)).collect();
    extension(oid::EXT_KEY_USAGE, critical, &Der::sequence(purposes).encode())
}

/// Gives the leaf an extended key usage of these purposes.
pub(super) fn purposes(critical: bool, purposes: &[&[u8]]) -> Edits<'static> {
    let extension = purpose(critical, purposes);
    edit().leaf(move |leaf| leaf.extensions().push(extension.clone()))
}

/// Pads the leaf with an extension to a length in bytes once signed.
pub(super) fn pad_leaf(length: usize) -> Edits<'static> {
    edit().leaf(move |leaf| leaf.extensions().push(extension(&[0x2A, 0x03, 0x04], false, &[0; 1_000]))).leaf(
        move |leaf| {
            // The signature's own length depends on what is signed: try until the sum fits.
            let mut padding = 1_000 + length - leaf.sign().encode().len();
            for attempt in 0_u8.. {
                leaf.set_extension_value(&[0x2A, 0x03, 0x04], &vec![attempt; padding]);
                match leaf.sign().encode().len() {
                    reached if reached == length => break,
                    reached => padding = padding + length - reached,
                }
            }
        },
    )
}

/// Replaces s by n − s where needed; both verify.
fn set_high_s(signature: &mut Vec<u8>, high: bool) {
    let parsed = p256::ecdsa::Signature::from_der(signature).expect("the device's own signature");
    let low = parsed.normalize_s();
    let (r, s) = low.split_scalars();
    let chosen = if high {
        p256::ecdsa::Signature::from_scalars(*r, -*s).expect("the negation of a scalar that is not zero")
    } else {
        low
    };
    *signature = chosen.to_der().as_bytes().to_vec();
}
