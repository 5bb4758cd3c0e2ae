//! One certificate: `Certificate::parse` against x509-cert, x509-parser and rustls-webpki.

use genuine::{
    Step,
    x509::{Certificate, SubjectKey, TrustAnchor},
};
use genuine_testvectors::Kind;

use crate::{around::DEVICE, case, codes, naive, x509};

/// What the engine accepts, the three others accept and read the same.
pub fn run(data: &[u8]) {
    let parsed = Certificate::parse(data);
    codes::record(&parsed);
    let anchor = TrustAnchor::from_trusted_certificate(data);
    codes::record(&anchor);
    match parsed {
        Ok(certificate) => {
            x509::agree(data, &certificate);
            if let Ok(anchor) = anchor {
                let SubjectKey::P384(key) = certificate.key() else { panic!("an anchor has a key on P-384") };
                assert_eq!(anchor, TrustAnchor::new(certificate.subject(), key));
            }
        }
        Err(error) => {
            assert_eq!(error.step(), Step::Certificates);
            assert!(anchor.is_err());
        }
    }
}

/// The leaf of each generation, the intermediate, the root, and both certificates of every refused attestation.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let authorities = DEVICE.authorities();
    let of_authorities = [authorities.signed_intermediate().encode(), authorities.root_der()];
    let objects = case::good(Kind::Attestation).map(|seed| seed.object.clone()).chain(case::refused(Kind::Attestation));
    let issued = objects.flat_map(|object| {
        let certificates =
            naive::Attestation::read(&object).map(|read| [read.leaf.to_vec(), read.intermediate.to_vec()]);
        certificates.into_iter().flatten()
    });
    of_authorities.into_iter().chain(issued).collect()
}
