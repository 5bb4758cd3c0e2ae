//! A server that is known by its certificate, and by no authority.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{WebPkiSupportedAlgorithms, ring::default_provider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use crate::{config::OperatorTls, operator::leaf};

/// The one server that is spoken to.
#[derive(Debug)]
pub(super) struct Pinned {
    leaf: CertificateDer<'static>,
    algorithms: WebPkiSupportedAlgorithms,
    /// Whether another server has shown its certificate.
    another: AtomicBool,
}

impl Pinned {
    /// The server that has the certificate of these files.
    pub(super) fn read(files: &OperatorTls) -> Result<Self, String> {
        let algorithms = default_provider().signature_verification_algorithms;
        Ok(Self { leaf: leaf(files)?, algorithms, another: AtomicBool::new(false) })
    }

    /// Whether another server has shown its certificate.
    pub(super) fn was_another(&self) -> bool {
        self.another.load(Ordering::Relaxed)
    }

    /// TLS with this server alone, or with nobody.
    pub(super) fn settings(pinned: Option<&Arc<Self>>) -> Result<ClientConfig, Error> {
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
        let builder = builder.with_safe_default_protocol_versions()?;
        Ok(match pinned {
            None => builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth(),
            Some(pinned) => {
                let verifier = Arc::clone(pinned);
                builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
            }
        })
    }
}

impl ServerCertVerifier for Pinned {
    /// Neither its names nor its end are looked at: it is the very one that the gateway was told to have.
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if *end_entity == self.leaf {
            return Ok(ServerCertVerified::assertion());
        }
        self.another.store(true, Ordering::Relaxed);
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
