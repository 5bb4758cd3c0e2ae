//! Every octet and every prefix of a chain.

use genuine::key_attestation::KeyAttestation;
use genuine_testvectors::android::{AndroidDevice, Shape};

use crate::common::Case;

/// A chain in which one bit differs is refused, but for the copy of the root, of which name and key count, and nothing else. One bit of
/// each octet, another one from octet to octet.
#[test]
fn every_octet_counts_below_the_root() {
    for shape in [Shape::Remote, Shape::FactoryEc] {
        let case = Case::honest(&AndroidDevice::new("bits").with_shape(shape));
        let below = case.certificates.len() - 1;
        for position in 0..below {
            for octet in 0..case.certificates[position].len() {
                let mut changed = case.clone();
                changed.certificates[position][octet] ^= 1 << (5 * octet % 8);
                assert!(changed.verify().is_err(), "{shape:?}: certificate {position}, octet {octet}");
            }
        }
    }
}

/// A copy of the root in which a bit differs is another anchor's, or the same one.
#[test]
fn a_copy_of_the_root_is_the_root_or_none() {
    let case = Case::honest(&AndroidDevice::new("root bits"));
    let key = case.verify().unwrap().public_key();
    let last = case.certificates.len() - 1;
    let (mut taken, mut refused) = (0, 0);
    for bit in 0..8 * case.certificates[last].len() {
        let mut changed = case.clone();
        changed.certificates[last][bit / 8] ^= 1 << (bit % 8);
        match changed.verify() {
            Ok(proof) => {
                assert_eq!(proof.public_key(), key);
                taken += 1;
            }
            Err(_) => refused += 1,
        }
    }
    // Signature, dates and the values of extensions; name and key.
    assert!(taken > 800 && refused > 800, "{taken} {refused}");
}

#[test]
fn no_prefix_of_a_certificate_is_one() {
    let case = Case::honest(&AndroidDevice::new("prefixes").with_shape(Shape::FactoryRsa2048));
    for (position, certificate) in case.certificates.iter().enumerate() {
        for length in 0..certificate.len() {
            let mut slices = case.slices();
            slices[position] = &certificate[..length];
            assert!(KeyAttestation::parse(&slices).is_err(), "certificate {position}, {length} octets");
        }
    }
}
