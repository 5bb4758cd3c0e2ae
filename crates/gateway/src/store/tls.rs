//! Connections over TLS to stores, for which one authority answers.

use std::{fs, path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject as _},
};

/// How a client connects to a server whose certificate was signed by an authority of this file (PEM), and by no other. TLS 1.2 and 1.3.
///
/// # Errors
///
/// What is wrong with the file, under the name of the setting, `store.ca`.
pub(super) fn client(ca: &Path) -> Result<ClientConfig, String> {
    let named = |error: &dyn std::fmt::Display| format!("store.ca: {}: {error}", ca.display());
    let pem = fs::read(ca).map_err(|error| named(&error))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        roots.add(certificate.map_err(|error| named(&error))?).map_err(|error| named(&error))?;
    }
    if roots.is_empty() {
        return Err(named(&"there is no certificate in it"));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| named(&error))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
