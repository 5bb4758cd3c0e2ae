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

/// The leaf of each generation, the intermediate, the root.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let authorities = DEVICE.authorities();
    let of_authorities = [authorities.signed_intermediate().encode(), authorities.root_der()];
    let issued = case::good(Kind::Attestation).flat_map(|seed| {
        let object = naive::Attestation::read(&seed.object).expect("a good object");
        [object.leaf, object.intermediate].map(<[u8]>::to_vec)
    });
    of_authorities.into_iter().chain(issued).collect()
}
