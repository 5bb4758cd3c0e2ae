//! Group android-form: how much there is.

use super::faults::{CERTIFICATE_REPEATED, CHAIN_LENGTH, TOO_FEW_CERTIFICATES, TOO_LARGE, TOO_MANY_CERTIFICATES};
use super::{Base, Unminted, add_issuer, catalogue};
use crate::android::AndroidDevice;
use crate::certificate::{UnsignedCertificate, extension};
use crate::der::Der;

/// The most octets of a chain.
const MAX_CHAIN: usize = 8_192;

pub(super) fn vectors() -> Vec<Unminted> {
    [counts(), sizes(), repeated()].into_iter().flatten().collect()
}

/// A chain that was cut to its first certificates.
fn first(count: usize, id: &'static str, description: &'static str) -> Unminted {
    Unminted::new(id, description).signed(move |chain| chain.truncate(count)).fails(TOO_FEW_CERTIFICATES)
}

/// Puts authorities between the attestation certificate and `Droid CA3`, until there are so many certificates.
fn lengthen(chain: &mut Vec<UnsignedCertificate>, count: usize) {
    while chain.len() < count {
        add_issuer(chain, chain.len() - 3);
    }
}

fn counts() -> Vec<Unminted> {
    let long = |count: usize, id: &'static str, description: &'static str| {
        Unminted::new(id, description).unsigned(move |chain| lengthen(chain, count))
    };
    vec![
        first(0, "android-form::no-certificate", "There is no certificate at all."),
        first(1, "android-form::1-certificate", "There is the leaf alone."),
        first(2, "android-form::2-certificates", "There are the leaf and the attestation certificate alone."),
        Unminted::on(
            Base::Factory,
            "android-form::3-certificates",
            "There are three certificates: the root is left out.",
        )
        .device(AndroidDevice::without_root),
        long(8, "android-form::8-certificates", "There are eight certificates, which no kind of provisioning has.")
            .fails(CHAIN_LENGTH),
        long(9, "android-form::9-certificates", "There are nine certificates.").fails(TOO_MANY_CERTIFICATES),
        Unminted::new(
            "android-form::9-certificates-of-nothing",
            "Nine certificates of one octet each are no DER either.",
        )
        .mutated(|mutation| mutation.certificates(|chain| *chain = (0..9).map(|octet| vec![octet]).collect()))
        .fails(TOO_MANY_CERTIFICATES),
    ]
}

/// Pads the leaf with an extension, until the chain has so many octets.
fn padded(octets: usize, id: &'static str, description: &'static str) -> Unminted {
    let size = |length| {
        let certificates = padding(Unminted::new("", ""), length).mutation.mint(&catalogue(), super::CHALLENGE);
        certificates.iter().map(Vec::len).sum::<usize>()
    };
    // The octets of lengths grow with the padding, and those of a signature vary: what is missing is tried out.
    let most = octets - size(0);
    let length = (most - 24..=most).find(|length| size(*length) == octets).expect("a padding of the right length");
    padding(Unminted::new(id, description), length)
}

fn padding(unminted: Unminted, length: usize) -> Unminted {
    unminted.certificate(0, move |certificate| {
        certificate.extensions().push(extension(&[0x2A, 0x03, 0x04], false, &vec![0; length]));
    })
}

fn sizes() -> Vec<Unminted> {
    vec![
        padded(MAX_CHAIN, "android-form::8192-octets", "An unknown extension makes the chain 8,192 octets long."),
        padded(MAX_CHAIN + 1, "android-form::8193-octets", "An unknown extension makes the chain 8,193 octets long.")
            .with_twin("android-form::8192-octets")
            .fails(TOO_LARGE),
    ]
}

fn repeated() -> Vec<Unminted> {
    let repeated = |base: Base, id: &'static str, description: &'static str, change: fn(&mut Vec<Der>)| {
        Unminted::on(base, id, description).signed(change).fails(CERTIFICATE_REPEATED)
    };
    vec![
        repeated(Base::Remote, "android-form::leaf-repeated", "The leaf stands twice.", |chain| {
            chain.insert(0, chain[0].clone());
        }),
        repeated(Base::Remote, "android-form::root-repeated", "The root stands twice.", |chain| {
            chain.push(chain[4].clone());
        }),
        repeated(
            Base::Remote,
            "android-form::attestation-repeated",
            "The attestation certificate stands twice.",
            |chain| {
                chain.insert(1, chain[1].clone());
            },
        ),
        repeated(
            Base::Remote,
            "android-form::leaf-again-at-the-end",
            "The leaf stands at the end once more.",
            |chain| {
                chain.push(chain[0].clone());
            },
        ),
        repeated(
            Base::Factory,
            "android-form::batch-for-root",
            "The batch intermediate stands in the root's place as well.",
            |chain| {
                chain[3] = chain[2].clone();
            },
        ),
    ]
}
