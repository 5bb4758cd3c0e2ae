//! Group android-request: what the attested key signs afterwards, in the form of an App Attest assertion.

use std::rc::Rc;

use super::{Base, Fault, Requested, Unminted};
use crate::device::Device;
use crate::keys::Signer;
use crate::mutation::Mutation;

/// The errors of requests are those of assertions.
const RP_ID_MISMATCH: Fault = ("RpIdMismatch", 1500);
const SIGNATURE_INVALID: Fault = ("SignatureInvalid", 1331);
const COUNTER_NOT_INCREASED: Fault = ("CounterNotIncreased", 1405);

/// The counter of the requests, and the one before.
const COUNTER: u32 = 7;

pub(super) fn vectors() -> Vec<Unminted> {
    let good = "android-request::after-another";
    let bad = |id: &'static str, fault: Fault, description: &'static str, change: fn(&mut Requested)| {
        requested(id, description, change).with_twin(good).fails(fault)
    };
    vec![
        requested(
            "android-request::possession",
            "At registration the key signs the challenge, with the counter 1.",
            |request| {
                (request.counter, request.previous_counter) = (1, 0);
                request.client_data = super::CHALLENGE;
            },
        ),
        requested(good, "The key signs a request, with the counter after the last one.", |_| ()),
        requested("android-request::counter-jumps", "The counter jumps by a million.", |request| {
            request.counter += 1_000_000;
        }),
        Unminted::on(
            Base::FactoryRsa2048,
            "android-request::of-factory-phone",
            "The key of a phone with factory keys signs a request.",
        )
        .requests(honest()),
        Unminted::on(
            Base::AttestKey,
            "android-request::below-attest-key",
            "A key that an attest key vouches for signs a request.",
        )
        .requests(honest()),
        bad(
            "android-request::counter-repeated",
            COUNTER_NOT_INCREASED,
            "The counter is the last one once more.",
            |request| {
                request.counter = request.previous_counter;
            },
        ),
        bad("android-request::counter-zero", COUNTER_NOT_INCREASED, "The counter is 0 at registration.", |request| {
            (request.counter, request.previous_counter) = (0, 0);
        }),
        bad("android-request::another-key", SIGNATURE_INVALID, "Another key signed the request.", |request| {
            request.signs = Rc::new(|device: Device| device.with_signer(Signer::p256("android another key")));
        }),
        bad("android-request::another-package", RP_ID_MISMATCH, "The request is of another package.", |request| {
            request.signs = Rc::new(|device: Device| device.with_app_id("android:com.example.attacker"));
        }),
        bad(
            "android-request::package-without-prefix",
            RP_ID_MISMATCH,
            "The hash is of the bare package name.",
            |request| {
                request.signs = Rc::new(|device: Device| {
                    let package = Base::Remote.device().package().to_owned();
                    device.with_app_id(&package)
                });
            },
        ),
        bad("android-request::other-client-data", SIGNATURE_INVALID, "The key signed other client data.", |request| {
            request.mutation = Mutation::default().binding(|binding| {
                binding.nonce = crate::keys::sha256(&[&binding.auth_data, &[0; 32]]);
                binding.digest = crate::keys::sha256(&[&binding.nonce]);
            });
        }),
        bad(
            "android-request::hashed-once",
            SIGNATURE_INVALID,
            "The key signed the nonce as if it were a digest.",
            |request| {
                request.mutation = Mutation::default().binding(|binding| binding.digest = binding.nonce);
            },
        ),
        bad(
            "android-request::counter-raised-after-signing",
            SIGNATURE_INVALID,
            "The counter was raised after the request was signed.",
            |request| {
                request.mutation = Mutation::default().binding(|binding| binding.auth_data[36] += 1);
            },
        ),
    ]
}

fn honest() -> Requested {
    Requested {
        signs: Rc::new(|device| device),
        mutation: Mutation::default(),
        counter: COUNTER,
        previous_counter: COUNTER - 1,
        client_data: br#"{"challenge":"bm9uY2U","action":"unlock"}"#,
    }
}

fn requested(id: &'static str, description: &'static str, change: fn(&mut Requested)) -> Unminted {
    let mut request = honest();
    change(&mut request);
    Unminted::new(id, description).requests(request)
}
