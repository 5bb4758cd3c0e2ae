//! How the secure hardware came by its key, and what remote provisioning says about it.

use crate::{
    encoding::cbor::Reader,
    x509::{Certificate, attributes, oid},
};

/// How the key of the secure hardware got there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Provisioning {
    /// The factory put one key into many phones, for as long as they live. Those that leaked are on the revocation list, if they are
    /// known.
    Factory,
    /// Google's servers certify a key for some weeks at a time.
    Remote,
}

/// commonName, organizationName, title, serialNumber (RFC 4519 §2).
const COMMON_NAME: &[u8] = oid!("2.5.4.3");
const ORGANIZATION: &[u8] = oid!("2.5.4.10");
const TITLE: &[u8] = oid!("2.5.4.12");
const SERIAL_NUMBER: &[u8] = oid!("2.5.4.5");

impl Provisioning {
    /// By the highest certificate below the anchor: the two rules of Google's verifier, and nothing else.
    pub(super) fn of(certificate: &Certificate<'_>) -> Option<Self> {
        let has = |kind, value: Option<&[u8]>| {
            attributes(certificate.subject())
                .any(|attribute| attribute.0 == kind && value.is_none_or(|value| attribute.1 == value))
        };
        if has(COMMON_NAME, Some(b"Droid CA2")) && has(ORGANIZATION, Some(b"Google LLC")) {
            return Some(Self::Remote);
        }
        has(SERIAL_NUMBER, None).then_some(Self::Factory)
    }

    /// The number of certificates below the anchor, without one of a key that attests.
    pub(super) const fn length(self) -> usize {
        match self {
            Self::Factory => 3,
            Self::Remote => 4,
        }
    }
}

/// Which hardware a certificate's subject says that it is: of each organization and title, whether it is StrongBox, if it is that or
/// a trusted execution environment.
pub(super) fn hardware(certificate: &Certificate<'_>) -> impl Iterator<Item = bool> {
    attributes(certificate.subject()).filter_map(|(kind, value)| match value {
        b"StrongBox" if kind == ORGANIZATION || kind == TITLE => Some(true),
        b"TEE" if kind == ORGANIZATION || kind == TITLE => Some(false),
        _ => None,
    })
}

/// The extension 1.3.6.1.4.1.11129.2.1.30 of a certificate that was provisioned remotely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProvisioningInfo<'i> {
    /// How many certificates the phone was issued of late. Many are a sign of somebody who sells attestations.
    pub certificates_issued: Option<u64>,
    /// The maker, as the server knows it.
    pub manufacturer: Option<&'i str>,
}

/// The identifier, and the keys of its CBOR map.
const PROVISIONING_INFO: &[u8] = oid!("1.3.6.1.4.1.11129.2.1.30");
const CERTIFICATES_ISSUED: i64 = 1;
const MANUFACTURER: i64 = 3;

/// The most items in values that are passed over.
const MAX_SKIPPED: usize = 16;

impl<'i> ProvisioningInfo<'i> {
    /// Reads the extension of a certificate; `None` if there is none, or it is not of the known form: it decides nothing.
    pub(super) fn of(certificate: &Certificate<'i>) -> Option<Self> {
        let mut reader = Reader::new(certificate.extension(PROVISIONING_INFO)?);
        let mut info = Self { certificates_issued: None, manufacturer: None };
        for _ in 0..reader.map().ok()? {
            match reader.integer().ok()? {
                CERTIFICATES_ISSUED => info.certificates_issued = Some(u64::try_from(reader.integer().ok()?).ok()?),
                MANUFACTURER => info.manufacturer = Some(reader.text().ok()?),
                _ => drop(reader.skip(MAX_SKIPPED).ok()?),
            }
        }
        reader.finish().ok().map(|()| info)
    }
}
