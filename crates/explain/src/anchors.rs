//! The trust anchors, and what to call them.

use der::pem;
use genuine::{
    app_attest::APPLE_APP_ATTEST_ROOT,
    x509::{Certificate, TrustAnchor},
};

use crate::names::common_name;

/// Whom to trust: Apple, or other authorities in its place.
#[derive(Clone, Debug, Default)]
pub struct Anchors(Vec<Vec<u8>>);

impl Anchors {
    /// Apple's App Attest root.
    #[must_use]
    pub const fn apple() -> Self {
        Self(Vec::new())
    }

    /// Trusts this certificate (PEM) in the place of Apple's, beside others that were added.
    ///
    /// # Errors
    ///
    /// Why it is no certificate of a certification authority.
    pub fn add_pem(&mut self, text: &[u8]) -> Result<(), String> {
        let (label, der) = pem::decode_vec(text).map_err(|error| format!("not one certificate in PEM: {error}"))?;
        if label != "CERTIFICATE" {
            return Err("PEM, but not of a certificate".to_owned());
        }
        self.add_der(der)
    }

    /// The same, of a certificate in DER.
    ///
    /// # Errors
    ///
    /// Why it is no certificate of a certification authority.
    pub fn add_der(&mut self, der: Vec<u8>) -> Result<(), String> {
        TrustAnchor::from_trusted_certificate(&der)
            .map_err(|error| format!("not a certification authority with a P-384 key: {error}"))?;
        self.0.push(der);
        Ok(())
    }

    pub(crate) fn trusted(&self) -> Vec<TrustAnchor<'_>> {
        if self.0.is_empty() {
            return vec![APPLE_APP_ATTEST_ROOT];
        }
        self.0.iter().filter_map(|der| TrustAnchor::from_trusted_certificate(der).ok()).collect()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        if self.is_apple() {
            return vec!["Apple App Attestation Root CA".to_owned()];
        }
        self.0.iter().filter_map(|der| Some(common_name(Certificate::parse(der).ok()?.subject()))).collect()
    }

    pub(crate) const fn is_apple(&self) -> bool {
        self.0.is_empty()
    }
}
