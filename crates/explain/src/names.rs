//! What is in a certificate, for people to read.

use genuine::x509::Certificate;
use x509_cert::{der::Decode as _, name::Name};

use crate::{
    model::CertificateFacts,
    text::{hex, rfc_3339, shortened},
};

/// The common name; the engine compares whole names, as bytes.
pub(crate) fn common_name(name: &[u8]) -> String {
    let common_name = Name::from_der(name).ok().and_then(|name| name.common_name().ok().flatten());
    common_name.map_or_else(|| "(no common name)".to_owned(), |text| shortened(&text.value(), 68))
}

pub(crate) fn certificate(certificate: &Certificate<'_>) -> CertificateFacts {
    let validity = certificate.validity();
    CertificateFacts {
        subject: common_name(certificate.subject()),
        issuer: common_name(certificate.issuer()),
        serial_hex: hex(certificate.serial()),
        not_before: rfc_3339(validity.not_before),
        not_after: rfc_3339(validity.not_after),
    }
}
