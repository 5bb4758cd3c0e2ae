//! The revocation list: the form of serial numbers, which certificates are asked for, and what each answer means.

use std::cell::RefCell;

use genuine::{
    Error,
    crypto::GenuineCrypto,
    key_attestation::{KeyAttestationVerifier, Revocation, RevocationStatus, RevokedSerials, Serial},
};
use genuine_testvectors::android::{AndroidDevice, Shape};
use num_bigint::BigUint;
use proptest::prelude::*;
use x509_cert::der::Decode as _;

use crate::common::Case;

/// The serial numbers of the certificates below the root, as another library reads and writes them.
fn serials(case: &Case) -> Vec<String> {
    let below = case.certificates.len() - 1;
    let serial = |der: &Vec<u8>| {
        let certificate = x509_cert::Certificate::from_der(der).unwrap();
        BigUint::from_bytes_be(certificate.tbs_certificate().serial_number().as_bytes()).to_str_radix(16)
    };
    case.certificates.iter().take(below).map(serial).collect()
}

fn verdict<V: Revocation>(case: &Case, revocation: &V, accept_suspended: bool) -> Result<(), Error> {
    let policy = if accept_suspended { case.policy().accept_suspended() } else { case.policy() };
    let (anchors, policies) = (case.anchors(), [policy]);
    let verifier = KeyAttestationVerifier::new(&policies, &anchors, &GenuineCrypto).unwrap();
    verifier.verify(&case.parse().unwrap(), &case.challenge, revocation, case.now).map(drop)
}

#[test]
fn each_certificate_below_the_root_is_asked_for_by_minimal_hexadecimal() {
    for shape in Shape::ALL {
        let case = Case::honest(&AndroidDevice::new("serials").with_shape(shape));
        let expected = serials(&case);
        let asked = RefCell::new(Vec::new());
        let list = |serial: &str| {
            asked.borrow_mut().push(serial.to_owned());
            RevocationStatus::Good
        };
        verdict(&case, &list, false).unwrap();
        assert_eq!(asked.take(), expected);
        let proof = case.verify().unwrap();
        assert_eq!(proof.serials().map(|serial| serial.to_string()).collect::<Vec<_>>(), expected);
        assert_eq!(proof.to_owned().serials().map(Serial::to_string).collect::<Vec<_>>(), expected);

        for serial in &expected {
            for (status, accept_suspended, verdict_of) in [
                (RevocationStatus::Revoked, false, Err(Error::AndroidRevoked)),
                (RevocationStatus::Revoked, true, Err(Error::AndroidRevoked)),
                (RevocationStatus::Suspended, false, Err(Error::AndroidSuspended)),
                (RevocationStatus::Suspended, true, Ok(())),
                (RevocationStatus::Good, false, Ok(())),
            ] {
                let entries = [(serial.as_str(), status)];
                let list = RevokedSerials::new(&entries).unwrap();
                assert_eq!(verdict(&case, &list, accept_suspended), verdict_of, "{shape:?} {serial} {status:?}");
            }
        }
    }
}

#[test]
fn a_list_that_a_search_would_miss_is_none() {
    let revoked = RevocationStatus::Revoked;
    for serials in
        [&["2", "10"][..], &["1", "1"], &["0a"], &["A"], &[""], &["0"], &["1g"], &["a", "-1"], &["a", "b", "aa"]]
    {
        let entries: Vec<_> = serials.iter().map(|serial| (*serial, revoked)).collect();
        assert_eq!(RevokedSerials::new(&entries).err(), Some(Error::AndroidConfigRevocations), "{serials:?}");
    }
    let entries = [("1", revoked), ("10", RevocationStatus::Suspended), ("2", revoked), ("a", revoked)];
    let list = RevokedSerials::new(&entries).unwrap();
    for (serial, status) in entries {
        assert_eq!(list.status(serial), status);
    }
    for serial in ["0", "11", "3", "aa", "20", ""] {
        assert_eq!(list.status(serial), RevocationStatus::Good);
    }
    assert_eq!(RevokedSerials::new(&[]).unwrap().status("1"), RevocationStatus::Good);
}

proptest! {
    #[test]
    fn serials_are_written_as_big_integers_are(octets in prop::collection::vec(any::<u8>(), 0..24)) {
        let number = BigUint::from_bytes_be(&octets);
        match Serial::from_slice(&octets) {
            Some(serial) => {
                prop_assert_eq!(serial.to_string(), number.to_str_radix(16));
                prop_assert_eq!(BigUint::from_bytes_be(serial.as_bytes()), number);
            }
            None => prop_assert!(number.bits() > 160),
        }
    }
}
