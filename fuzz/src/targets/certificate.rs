//! One certificate: `Certificate::parse` against x509-cert, x509-parser and rustls-webpki, and what App Attest demands of one.

use genuine::{
    Error,
    app_attest::{AttestationObject, MAX_ATTESTATION},
    crypto::{P384, PublicKey},
    x509::{Certificate, SubjectKey, TrustAnchor},
};
use genuine_testvectors::{Kind, certificate::oid};

use crate::{
    around::{self, CHAIN, DEVICE},
    case, codes, naive, x509,
};

/// What the engine accepts, the three others accept and read the same. An anchor is made of it if and only if it is an
/// authority's, on P-384, without a critical extension that nobody knows. In the place of an intermediate it is taken, or
/// refused with the code that a model of the protocol's demands foresees.
pub fn run(data: &[u8]) {
    let parsed = Certificate::parse(data);
    codes::record(&parsed.as_ref().map_err(|error| codes::of_certificate(*error)));
    let anchor = TrustAnchor::from_trusted_certificate(data);
    codes::record(&anchor);
    match parsed {
        Ok(certificate) => {
            x509::agree(data, &certificate);
            let is_ca = matches!(certificate.extension(oid::BASIC_CONSTRAINTS), Some([0x30, _, 1, 1, 0xFF, ..]));
            let expected = match certificate.key() {
                SubjectKey::P384(key) if is_ca && !x509::has_unknown_critical(data) => {
                    Ok(TrustAnchor::new(certificate.subject(), PublicKey::<P384>(*key)))
                }
                _ => Err(Error::ConfigInvalidAnchor),
            };
            assert_eq!(anchor, expected);
        }
        Err(_) => assert_eq!(anchor, Err(Error::ConfigInvalidAnchor)),
    }

    let object = around::attestation(&CHAIN[0].whole, data);
    if object.len() <= MAX_ATTESTATION {
        let verdict = AttestationObject::parse(&object).map(drop);
        codes::record(&verdict);
        assert_eq!(verdict.err(), x509::refusal(data));
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
