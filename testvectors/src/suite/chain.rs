//! Names, times and signatures of the chain.

use super::{Unminted, att, mutation};
use crate::certificate::{field, name, oid, part, time, unix_time};
use crate::der::{Der, tag};
use crate::keys::Hash;
use crate::pki::TestPki;

const DAY: u64 = 86_400;
/// A second after the intermediate's notBefore, and long before the time of verification.
const LONG_AGO: u64 = 1_577_836_801;

pub(super) fn vectors() -> Vec<Unminted> {
    let mut vectors = names();
    vectors.extend(times());
    vectors.extend(signatures());
    vectors
}

fn names() -> Vec<Unminted> {
    let issuer = |change: fn(&mut Der)| mutation().leaf(move |leaf| change(&mut leaf.tbs[field::ISSUER]));
    vec![
        att(
            "chain::leaf-issuer-octet-differs",
            "ch-04",
            "IssuerMismatch",
            "The leaf's issuer differs from the intermediate's subject in one octet.",
            issuer(|issuer| {
                *issuer[0][0][1].octets().last_mut().expect("a common name") = b'2';
            }),
        ),
        att(
            "chain::leaf-issuer-printable-string",
            "ch-05",
            "IssuerMismatch",
            "The leaf's issuer is a PrintableString of the same text.",
            issuer(|issuer| {
                issuer[0][0][1].tag = vec![tag::PRINTABLE_STRING];
            }),
        ),
        att(
            "chain::another-authoritys-root",
            "ch-09",
            "AnchorUnknown",
            "The chain ends in another authority's root.",
            mutation().intermediate(|intermediate| {
                intermediate.tbs[field::ISSUER] = name(&[(oid::COMMON_NAME, "Another Root CA")]);
                intermediate.signer = TestPki::new("another root").root_signer();
            }),
        ),
        att(
            "chain::two-intermediates",
            "ch-12",
            "X5cCount",
            "Behind the leaf stand two intermediates, the first issued by the second.",
            mutation().envelope(|root| {
                let certificates = root.value("attStmt").value("x5c").items();
                certificates.push(certificates[1].clone());
            }),
        ),
        att(
            "chain::leaf-issuer-empty",
            "ch-06a",
            "IssuerMismatch",
            "The leaf's issuer is empty.",
            issuer(|issuer| issuer.elements().clear()),
        ),
        att(
            "chain::intermediate-subject-empty",
            "ch-06b",
            "IssuerMismatch",
            "The intermediate's subject is empty.",
            mutation().intermediate(|intermediate| {
                intermediate.tbs[field::SUBJECT].elements().clear();
            }),
        ),
        att(
            "chain::leaf-issuer-and-subject-above-empty",
            "ch-06c",
            "IssuerMismatch",
            "The leaf's issuer and the intermediate's subject are empty.",
            issuer(|issuer| issuer.elements().clear()).intermediate(|intermediate| {
                intermediate.tbs[field::SUBJECT].elements().clear();
            }),
        ),
        att(
            "chain::leaf-under-the-anchor",
            "ch-03b",
            "SelfIssued",
            "The root signed the leaf, and stands in the intermediate's place.",
            mutation()
                .leaf(|leaf| {
                    let pki = TestPki::default();
                    leaf.tbs[field::ISSUER] = pki.signed_root()[part::TBS][field::SUBJECT].clone();
                    leaf.signer = pki.root_signer();
                })
                .chain(|chain| chain.intermediate = TestPki::default().signed_root()),
        ),
        att(
            "chain::intermediate-named-as-the-root",
            "ch-03c",
            "SelfIssued",
            "The intermediate has the root's name.",
            issuer(|issuer| *issuer = TestPki::default().signed_root()[part::TBS][field::SUBJECT].clone())
                .intermediate(|intermediate| {
                    intermediate.tbs[field::SUBJECT] = intermediate.tbs[field::ISSUER].clone();
                }),
        ),
        att(
            "chain::intermediate-issuer-is-no-anchor",
            "ch-07",
            "AnchorUnknown",
            "The intermediate's issuer is no trust anchor.",
            mutation().intermediate(|intermediate| {
                intermediate.tbs[field::ISSUER] = name(&[(oid::COMMON_NAME, "Genuine Test App Attestation Root CB")]);
            }),
        ),
    ]
}

fn times() -> Vec<Unminted> {
    let vector = |id, threat, expected, description, change: fn(u64) -> u64| {
        att(id, threat, expected, description, mutation())
            .request(move |vector| vector.valid_at = vector.valid_at.map(change))
    };
    vec![
        vector(
            "chain::after-leaf-not-after",
            "ch-18",
            "LeafExpired",
            "The time is one second after the leaf's notAfter.",
            |now| now + 2 * DAY + 1,
        ),
        vector(
            "chain::before-leaf-not-before",
            "ch-19",
            "LeafNotYetValid",
            "The time is one second before the leaf's notBefore.",
            |now| now - DAY - 1,
        ),
        vector("chain::clock-unset", "ch-24", "ClockUnset", "The time is zero: the clock was never set.", |_| 0),
        att(
            "chain::intermediate-expired",
            "ch-20",
            "IntermediateExpired",
            "The intermediate's notAfter lies years back.",
            mutation().intermediate(|intermediate| {
                intermediate.tbs[field::VALIDITY][1] = time(LONG_AGO);
            }),
        ),
        att(
            "chain::intermediate-not-yet-valid",
            "ch-21",
            "IntermediateNotYetValid",
            "The intermediate's notBefore lies years ahead.",
            mutation().intermediate(|intermediate| {
                intermediate.tbs[field::VALIDITY][0] = time(2_000_000_000);
            }),
        ),
    ]
}

/// Picks an element of a signed part.
type Select = fn(&mut Der) -> &mut Der;

fn signatures() -> Vec<Unminted> {
    const LEAF: &str = "LeafSignature";
    const INTERMEDIATE: &str = "IntermediateSignature";
    let mut vectors = vec![
        att(
            "chain::attacker-with-every-name",
            "ch-01",
            INTERMEDIATE,
            "The chain is that of an attacker who copied every name.",
            mutation(),
        )
        .device(|device| device.with_authorities(TestPki::new("attacker"))),
        att(
            "chain::leaf-by-an-attackers-intermediate",
            "ch-02",
            LEAF,
            "An attacker's intermediate signed the leaf.",
            mutation().leaf(|leaf| {
                leaf.signer = TestPki::new("attacker").intermediate_signer();
            }),
        ),
        att(
            "chain::leaf-signed-by-the-root",
            "ch-03",
            LEAF,
            "The root signed the leaf.",
            mutation().leaf(|leaf| leaf.signer = TestPki::default().root_signer()),
        ),
        att(
            "chain::intermediate-not-after-flipped",
            "ch-15a",
            INTERMEDIATE,
            "A bit of the intermediate's notAfter is flipped after signing.",
            mutation().chain(|chain| {
                flip(&mut chain.intermediate[part::TBS][field::VALIDITY][1]);
            }),
        ),
        att(
            "chain::intermediate-signature-flipped",
            "ch-15b",
            INTERMEDIATE,
            "A bit of the intermediate's signature is flipped.",
            mutation().chain(|chain| {
                flip(&mut chain.intermediate[part::SIGNATURE]);
            }),
        ),
        att(
            "chain::leaf-signature-flipped",
            "ch-14",
            LEAF,
            "A bit of the leaf's signature is flipped.",
            mutation().chain(|chain| flip(&mut chain.leaf[part::SIGNATURE])),
        ),
        att(
            "chain::leaf-with-intermediates-signature",
            "ch-16",
            LEAF,
            "The leaf carries the intermediate's signature.",
            mutation().chain(|chain| {
                chain.leaf[part::SIGNATURE] = TestPki::default().signed_intermediate()[part::SIGNATURE].clone();
            }),
        ),
        att(
            "chain::leaf-signed-over-sha384",
            "ch-17a",
            LEAF,
            "The leaf is signed over SHA-384 while it names SHA-256.",
            mutation().leaf(|leaf| leaf.hash = Hash::Sha384),
        ),
        att(
            "chain::intermediate-signed-over-sha256",
            "ch-17b",
            INTERMEDIATE,
            "The intermediate is signed over SHA-256 while it names SHA-384.",
            mutation().intermediate(|intermediate| {
                intermediate.hash = Hash::Sha256;
            }),
        ),
        att(
            "chain::leaf-not-after-a-day-later",
            "ch-13d",
            LEAF,
            "The leaf's notAfter is one day later than signed.",
            mutation().chain(|chain| {
                let not_after = &mut chain.leaf[part::TBS][field::VALIDITY][1];
                *not_after = time(unix_time(not_after) + DAY);
            }),
        ),
    ];
    let flipped: [(&str, &str, &str, &str, Select); 7] = [
        ("chain::leaf-serial-flipped", "ch-13a", LEAF, "serial number", |tbs| &mut tbs[field::SERIAL]),
        ("chain::leaf-common-name-flipped", "ch-13b", LEAF, "common name", |tbs| &mut tbs[field::SUBJECT][0][0][1]),
        ("chain::leaf-device-facts-flipped", "ch-13c", LEAF, "last extension but one", |tbs| {
            &mut tbs[field::EXTENSIONS][0][3][1]
        }),
        ("chain::leaf-issuer-flipped", "ch-13e", "IssuerMismatch", "issuer", |tbs| &mut tbs[field::ISSUER][0][0][1]),
        ("chain::leaf-key-flipped", "ch-13f", "KeyIdMismatch", "public key", |tbs| &mut tbs[field::SPKI][1]),
        ("chain::leaf-nonce-flipped", "ch-13g", "NonceMismatch", "nonce", |tbs| &mut tbs[field::EXTENSIONS][0][4][1]),
        ("chain::leaf-key-facts-flipped", "ch-13h", LEAF, "last extension but two", |tbs| {
            &mut tbs[field::EXTENSIONS][0][2][1]
        }),
    ];
    for (id, threat, expected, what, select) in flipped {
        vectors.push(att(
            id,
            threat,
            expected,
            format!("A bit of the leaf's {what} is flipped after signing."),
            mutation().chain(move |chain| {
                flip(select(&mut chain.leaf[part::TBS]));
            }),
        ));
    }
    vectors
}

/// Flips the lowest bit of the last octet but one: the last one of a time is its Z.
fn flip(element: &mut Der) {
    let octets = element.octets();
    let position = octets.len() - 2;
    octets[position] ^= 1;
}
