//! Objects that must be accepted, so that "refuse everything" is no verifier.

use super::{
    ASR, ASR_27, ASR_CD_HASH, ASR_POLICY, ATT, ATT_27, ATT_CD_HASH, ATT_DEVELOPMENT, ATT_POLICY, LAST_COUNTER,
    Unminted, device, mutation,
};
use crate::auth_data::FLAG_AT;
use crate::cbor::Cbor;
use crate::certificate::{extension, field, oid, time};
use crate::der::{Der, tag};
use crate::device::{DEFAULT_APP_ID, Device, Environment, GENUINE_RECEIPT_LENGTH, VALIDATION_CATEGORY};
use crate::generation::Generation;
use crate::keys::{pseudo_random, sha256};
use crate::mutation::Mutation;
use crate::vector::Kind;

const DAY: u64 = 86_400;

pub(super) fn vectors() -> Vec<Unminted> {
    let mut vectors = generations();
    vectors.extend(attestations());
    vectors.extend(assertions());
    vectors.extend(signature_lengths());
    let has = |id: &str| vectors.iter().any(|vector| vector.id == id);
    let twins = [ATT, ATT_27, ATT_DEVELOPMENT, ATT_CD_HASH, ATT_POLICY, ASR, ASR_27, ASR_CD_HASH, ASR_POLICY];
    assert!(twins.into_iter().all(has), "the twins are good vectors");
    vectors
}

/// Each generation in each environment, and once with a receipt of genuine size.
fn generations() -> Vec<Unminted> {
    let mut vectors = Vec::new();
    for generation in Generation::ALL {
        let name = generation.name();
        for environment in [Environment::Production, Environment::Development] {
            let device = device(generation, environment);
            let kind = environment.name();
            vectors.push(Unminted::new(
                Kind::Attestation,
                format!("generation::{name}-{kind}"),
                format!("att-{name}-{kind}"),
                format!("An attestation in the form of {name}, {kind} environment."),
                device.clone(),
            ));
            vectors.push(Unminted::new(
                Kind::Assertion,
                format!("generation::assertion-{name}-{kind}"),
                format!("asr-{name}-{kind}"),
                format!("An assertion in the form of {name}, key of the {kind} environment."),
                device,
            ));
        }
        vectors.push(
            Unminted::new(
                Kind::Attestation,
                format!("generation::{name}-full-size"),
                format!("att-{name}-full-size"),
                format!("An attestation in the form of {name} with a receipt of genuine length, for measurements."),
                device(generation, Environment::Production),
            )
            .device(|device| device.with_receipt_length(GENUINE_RECEIPT_LENGTH)),
        );
    }
    vectors
}

fn good(id: &str, threat: &str, description: &str) -> Unminted {
    Unminted::new(Kind::Attestation, id, threat, description, device(Generation::Ios17, Environment::Production))
}

fn good_27(id: &str, threat: &str, description: &str) -> Unminted {
    Unminted::new(Kind::Attestation, id, threat, description, device(Generation::Ios27, Environment::Production))
}

fn attestations() -> Vec<Unminted> {
    vec![
        good_27("launch::ed-clear", "p-02a", "The extension map is present with ED clear, as in Apple's own sample.")
            .mutation(mutation().auth_data(|data| data.flags = FLAG_AT)),
        good("nonce::raw-challenge-21-bytes", "p-05a", "The raw challenge of 21 bytes is the client data hash.")
            .raw_client_data_hash(b"a challenge, 21 bytes"),
        good("nonce::raw-challenge-24-bytes", "p-05b", "The raw challenge of 24 bytes is the client data hash.")
            .raw_client_data_hash(b"a challenge of 24 bytes."),
        good("envelope::keys-reversed", "p-06a", "The keys of both envelope maps stand in reverse order.").mutation(
            mutation().envelope(|root| {
                root.entries().reverse();
                root.value("attStmt").entries().reverse();
            }),
        ),
        good("size::16384-bytes", "p-07a", "The object is exactly 16,384 bytes long.").mutation(mutation().envelope(
            |root| {
                let missing = 16_384 - root.encode().len();
                // The length head of the receipt grows from 2 to 3 bytes.
                *root.value("attStmt").value("receipt") = Cbor::bytes(&pseudo_random("receipt", 64 + missing - 1));
            },
        )),
        good("envelope::leaf-2048-bytes", "p-07b", "The leaf is exactly 2,048 bytes long.").mutation(pad_leaf(2_048)),
        good(ATT_CD_HASH, "p-08a", "An unsigned cdHash stands in the outermost map.")
            .device(|device| device.with_generation(Generation::Ios26).with_cd_hash()),
        good("envelope::cd-hash-with-another-key", "p-08c", "The unsigned cdHash has one more key.")
            .device(|device| device.with_generation(Generation::Ios26).with_cd_hash())
            .mutation(mutation().envelope(|root| root.value("cdHash").push("salt", Cbor::bytes(&[0; 32])))),
        good("envelope::cd-hash-512-bytes", "p-08d", "The unsigned cdHash is a text of 512 bytes.")
            .device(|device| device.with_generation(Generation::Ios26).with_cd_hash())
            .mutation(mutation().envelope(|root| *root.value("cdHash") = Cbor::text(&"x".repeat(509)))),
        good("envelope::cd-hash-type-integer", "p-08e", "The type in the unsigned cdHash is an integer.")
            .device(|device| device.with_generation(Generation::Ios26).with_cd_hash())
            .mutation(mutation().envelope(|root| *root.value("cdHash").value("type") = Cbor::uint(2))),
        good("chain::at-leaf-not-before", "p-10a", "The time is the leaf's notBefore.")
            .request(|vector| vector.valid_at = vector.valid_at.map(|now| now - DAY)),
        good("chain::at-leaf-not-after", "p-10b", "The time is the leaf's notAfter.")
            .request(|vector| vector.valid_at = vector.valid_at.map(|now| now + 2 * DAY)),
        good(
            "certificate::purpose-app-attest-ios26",
            "p-12",
            "The leaf of an iOS 26 device has the App Attest key purpose.",
        )
        .device(|device| device.with_generation(Generation::Ios26))
        .mutation(mutation().leaf(|leaf| {
            leaf.extensions().insert(2, purpose(false, &[oid::APP_ATTEST_PURPOSE]));
        })),
        good("certificate::purpose-app-attest-critical", "p-12b", "The App Attest key purpose is critical.")
            .mutation(purposes(true, &[oid::APP_ATTEST_PURPOSE])),
        good(
            "certificate::purpose-app-attest-after-tls",
            "p-12c",
            "The leaf has the App Attest key purpose and another.",
        )
        .mutation(purposes(false, &[SERVER_AUTH, oid::APP_ATTEST_PURPOSE])),
        good(
            "certificate::purpose-app-attest-before-tls",
            "p-12f",
            "The leaf has another purpose behind that of App Attest.",
        )
        .mutation(purposes(false, &[oid::APP_ATTEST_PURPOSE, SERVER_AUTH])),
        good(
            "certificate::intermediate-purpose-tls",
            "p-12d",
            "The intermediate has another key purpose, not critical.",
        )
        .mutation(
            mutation().intermediate(|intermediate| intermediate.extensions().push(purpose(false, &[SERVER_AUTH]))),
        ),
        good(
            "certificate::intermediate-app-attest-critical",
            "p-12e",
            "The intermediate has the App Attest key purpose, critical.",
        )
        .mutation(mutation().intermediate(|intermediate| {
            intermediate.extensions().push(purpose(true, &[oid::APP_ATTEST_PURPOSE]));
        })),
        good("certificate::unknown-extension", "p-13", "The leaf has an unknown extension, not critical.").mutation(
            mutation().leaf(|leaf| leaf.extensions().push(extension(&[0x2A, 0x03, 0x04], false, &[0x05, 0x00]))),
        ),
        good("certificate::16-extensions", "p-13b", "The leaf has 16 extensions.").mutation(mutation().leaf(|leaf| {
            for arc in 0..11 {
                leaf.extensions().push(extension(&[0x2A, 0x03, arc], false, &[0x05, 0x00]));
            }
        })),
        good("chain::leaf-lives-one-day", "p-18a", "The leaf lives for 1.01 days.")
            .device(|device| device.with_leaf_life(87_264)),
        good("chain::leaf-lives-353-days", "p-18b", "The leaf lives for 353 days.")
            .device(|device| device.with_leaf_life(353 * DAY)),
        good("der::intermediate-not-after-2050", "p-18c", "The intermediate's notAfter is a GeneralizedTime in 2050.")
            .mutation(
                mutation().intermediate(|intermediate| intermediate.tbs[field::VALIDITY][1] = time(2_524_608_000)),
            ),
        good(
            "der::not-after-without-end",
            "p-18d",
            "The leaf's notAfter is 99991231235959Z, the time without end of RFC 5280 §4.1.2.5.",
        )
        .mutation(mutation().leaf(|leaf| {
            leaf.tbs[field::VALIDITY][1] = Der::primitive(tag::GENERALIZED_TIME, b"99991231235959Z");
        })),
        good("der::serial-20-octets", "p-21", "The leaf's serial number has 20 octets.").mutation(
            mutation().leaf(|leaf| *leaf.tbs[field::SERIAL].octets() = [&[0x7F], [0xA5; 19].as_slice()].concat()),
        ),
        good_27("launch::bundle-version-64-bytes", "p-23", "The bundle version has 64 bytes.")
            .device(|device| device.with_launch_data(&"1.23.456".repeat(8), 4)),
        good_27("launch::bundle-version-empty", "p-23b", "The bundle version is empty.")
            .device(|device| device.with_launch_data("", 4)),
        good_27(
            ATT_POLICY,
            "p-launch-policy-attestation",
            "The launch data satisfies a policy on categories and bundle versions.",
        )
        .request(|vector| {
            vector.require_categories = vec![2, 4];
            vector.require_bundle_versions = vec!["0".to_owned(), "1".to_owned()];
        }),
        good(
            "auth-data::meaningless-flags-set",
            "ad-03",
            "Flag bits other than AT and ED are set; the nonce covers them and they mean nothing.",
        )
        .mutation(mutation().auth_data(|data| data.flags = 0x6A)),
        good_27("launch::category-as-number", "ex-06", "The validation category is an unsigned integer.")
            .request(|vector| vector.require_categories = vec![4])
            .mutation(mutation().auth_data(|data| *data.extensions().value(VALIDATION_CATEGORY) = Cbor::uint(4))),
        good_27("launch::unknown-key", "ex-10a", "The extension map has an unknown key.")
            .mutation(mutation().auth_data(|data| data.extensions().push("apple_future_01", Cbor::uint(2)))),
        good_27("launch::map-512-bytes", "ex-10f", "The extension map has 512 bytes.").mutation(mutation().auth_data(
            |data| {
                let length = data.extensions().encode().len();
                // The key and the head of the value take 16 and 3 bytes.
                data.extensions().push("apple_future_01", Cbor::bytes(&vec![0; 512 - length - 16 - 3]));
            },
        )),
        good_27(
            "launch::map-at-every-limit",
            "ex-10e",
            "The extension map has as many keys and items as it may, and no value that is known.",
        )
        .mutation(mutation().auth_data(|data| {
            let entry = |index: u8| {
                let items = if index == 0 { 0x90 } else { 0x80 };
                (
                    Cbor::text(&char::from(b'a' + index).to_string()),
                    Cbor::Raw([&[items][..], &vec![0x60; (items & 0x1F).into()]].concat()),
                )
            };
            *data.extensions() = Cbor::map((0..16).map(entry).collect());
        })),
        good(
            "chain::authority-key-id-differs",
            "ch-08",
            "The leaf names an authority key identifier that is not the intermediate's; the signature decides.",
        )
        .mutation(mutation().leaf(|leaf| {
            let value = Der::sequence(vec![Der::primitive(0x80, &[0; 20])]).encode();
            leaf.extensions().push(extension(oid::AUTHORITY_KEY_ID, false, &value));
        })),
        good("chain::after-root-not-after", "ch-22", "The time is after the root's notAfter; an anchor has none.")
            .device(|device| device.with_issue_time(2_400_000_000))
            .mutation(
                mutation().intermediate(|intermediate| intermediate.tbs[field::VALIDITY][1] = time(2_524_608_000)),
            ),
        good("chain::leaf-lives-400-days", "ch-25", "The leaf lives for 400 days.")
            .device(|device| device.with_leaf_life(400 * DAY)),
        good(
            "app-id::certificate-names-another",
            "rp-08",
            "The App ID in the certificate's extension 8.5 is another; the authenticator data's counts.",
        )
        .mutation(mutation().leaf(|leaf| {
            let value = leaf.extension(oid::KEY_FACTS)[1].octets();
            let app_id = DEFAULT_APP_ID.as_bytes();
            let start = value.windows(app_id.len()).position(|window| window == app_id).expect("an App ID");
            value[start] ^= 1;
        })),
    ]
}

fn good_assertion(id: &str, threat: &str, description: &str) -> Unminted {
    Unminted::new(Kind::Assertion, id, threat, description, device(Generation::Ios17, Environment::Production))
}

fn assertions() -> Vec<Unminted> {
    let ios_27 = |device: Device| device.with_generation(Generation::Ios27);
    let mut vectors = vec![
        good_assertion("launch::assertion-ed-clear", "p-02b", "The extension map is present with ED clear.")
            .device(ios_27)
            .mutation(mutation().auth_data(|data| data.flags = FLAG_AT)),
        good_assertion("signature::client-data-hash-21-bytes", "p-05c", "A client data hash of 21 bytes.")
            .raw_client_data_hash(b"a challenge, 21 bytes"),
        good_assertion("envelope::assertion-keys-reversed", "p-06b", "The keys of the map stand in reverse order.")
            .mutation(mutation().envelope(|root| root.entries().reverse())),
        good_assertion(ASR_CD_HASH, "p-08b", "An unsigned cdHash stands in the map.")
            .device(|device| device.with_generation(Generation::Ios26).with_cd_hash()),
        good_assertion("ecdsa::assertion-s-high", "p-11a", "The signature's s is above half the order.").mutation(
            mutation().signature(|signature| {
                set_high_s(signature, true);
            }),
        ),
        good_assertion("ecdsa::assertion-s-low", "p-11b", "The signature's s is below half the order.").mutation(
            mutation().signature(|signature| {
                set_high_s(signature, false);
            }),
        ),
        good_assertion("counter::crosses-2-pow-31", "p-16", "The counter goes from 0x7FFFFFFF to 0x80000000.")
            .counter(0x8000_0000),
        good_assertion("counter::rises-by-a-thousand", "p-17", "The counter rises by 1,000.")
            .counter(LAST_COUNTER + 1_000)
            .request(|vector| vector.previous_counter = Some(LAST_COUNTER)),
        good_assertion("counter::rises-by-a-million", "ct-08", "The counter rises by 1,000,000.")
            .counter(LAST_COUNTER + 1_000_000)
            .request(|vector| vector.previous_counter = Some(LAST_COUNTER)),
        good_assertion("counter::first-is-2-pow-24", "ct-05", "A first counter of 0x01000000 is 16,777,216, not 1.")
            .counter(0x0100_0000)
            .request(|vector| vector.previous_counter = Some(2)),
        good_assertion(
            ASR_POLICY,
            "p-launch-policy-assertion",
            "The launch data satisfies a policy on categories and bundle versions.",
        )
        .device(ios_27)
        .request(|vector| {
            vector.require_categories = vec![2, 4];
            vector.require_bundle_versions = vec!["0".to_owned(), "1".to_owned()];
        }),
    ];
    for (index, flags) in [0x00, 0x01, 0x05].into_iter().enumerate() {
        vectors.push(
            good_assertion(
                &format!("auth-data::assertion-flags-{flags:02x}"),
                &super::lettered("ao-09", index),
                &format!("The flags are 0x{flags:02X}; in an assertion only ED has a meaning."),
            )
            .mutation(mutation().auth_data(move |data| data.flags = flags)),
        );
    }
    vectors
}

/// Signatures whose integers need a leading zero octet, do not need one, or are shorter than the order (P-19, P-20).
fn signature_lengths() -> Vec<Unminted> {
    let inputs = [
        (
            "ecdsa::assertion-two-leading-zeros",
            "p-19a",
            72,
            "Both integers of the signature have a leading zero octet.",
        ),
        (
            "ecdsa::assertion-70-bytes",
            "p-19b",
            70,
            "The signature has 70 bytes: no integer has a leading zero octet, or one is short.",
        ),
        (
            "ecdsa::assertion-short-integer",
            "p-20",
            69,
            "An integer of the signature is one octet shorter than the order.",
        ),
    ];
    let signer_of = device(Generation::Ios17, Environment::Production);
    inputs
        .into_iter()
        .map(|(id, threat, length, description)| {
            let data = (0_u32..100_000)
                .map(|attempt| format!("request {attempt}").into_bytes())
                .find(|data| {
                    let auth_data = signer_of.assertion_auth_data(LAST_COUNTER + 1).encode();
                    let nonce = sha256(&[&auth_data, &sha256(&[data])]);
                    signer_of.signer().sign_digest(&sha256(&[&nonce])).len() == length
                })
                .expect("such a signature is one in 500 at worst");
            let mut vector = good_assertion(id, threat, description);
            vector.client_data_hash = sha256(&[&data]).to_vec();
            vector.client_data = Some(data);
            vector
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
pub(super) fn purposes(critical: bool, purposes: &[&[u8]]) -> Mutation<'static> {
    let extension = purpose(critical, purposes);
    mutation().leaf(move |leaf| leaf.extensions().push(extension.clone()))
}

/// Pads the leaf with an extension to a length in bytes once signed.
pub(super) fn pad_leaf(length: usize) -> Mutation<'static> {
    mutation().leaf(move |leaf| leaf.extensions().push(extension(&[0x2A, 0x03, 0x04], false, &[0; 1_000]))).leaf(
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
