//! TLS on the operator's listener: its certificate, and those of clients.

use std::{fs, io, path::Path, pin::Pin, sync::Arc};

use axum::{Extension, middleware::AddExtension};
use axum_server::{accept::Accept, tls_rustls::RustlsConfig};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::{NoServerSessionStorage, WebPkiClientVerifier},
    version::{TLS12, TLS13},
};
use tokio_rustls::server::TlsStream;
use tower::Layer as _;

use crate::{
    config::{Config, OperatorTls},
    gate::sha256,
};

/// The certificate of the operator's listener that is in use, and the authorities of clients.
#[derive(Clone)]
pub struct OperatorCertificate {
    files: OperatorTls,
    in_use: RustlsConfig,
}

impl OperatorCertificate {
    /// Reads the files, if any are configured.
    ///
    /// # Errors
    ///
    /// If they do not hold a chain, its key, and authorities.
    pub fn read(config: &Config) -> Result<Option<Self>, String> {
        let Some(files) = config.operator_tls.clone() else { return Ok(None) };
        let in_use = RustlsConfig::from_config(Arc::new(settings(&files)?));
        Ok(Some(Self { files, in_use }))
    }

    /// Reads the files again. Connections that are there stay; if the files cannot be read, new ones are as before.
    pub fn renew(&self) {
        match settings(&self.files) {
            Ok(settings) => {
                self.in_use.reload_from_config(Arc::new(settings));
                tracing::info!("the certificate of the operator's listener was read again");
            }
            Err(error) => tracing::error!("the certificate of the operator's listener stays as it was: {error}"),
        }
    }

    /// What connections are made with.
    #[must_use]
    pub fn in_use(&self) -> RustlsConfig {
        self.in_use.clone()
    }
}

/// A session is not resumed, so that each connection shows a certificate which is good now.
fn settings(files: &OperatorTls) -> Result<ServerConfig, String> {
    let named = |file: &Path, error: &dyn std::fmt::Display| format!("operator_tls: {}: {error}", file.display());
    let provider = Arc::new(default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_protocol_versions(&[&TLS13, &TLS12]).map_err(|error| error.to_string())?;
    let builder = match &files.clients {
        None => builder.with_no_client_auth(),
        Some(file) => {
            let mut roots = RootCertStore::empty();
            for authority in certificates(file)? {
                roots.add(authority).map_err(|error| named(file, &error))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|error| named(file, &error))?)
        }
    };
    let key = fs::read(&files.key).map_err(|error| named(&files.key, &error))?;
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(|_| named(&files.key, &"this is no private key in PEM"))?;
    let settings = builder.with_single_cert(certificates(&files.certificate)?, key);
    let mut settings = settings.map_err(|error| named(&files.certificate, &error))?;
    settings.alpn_protocols = vec![b"http/1.1".to_vec()];
    settings.session_storage = Arc::new(NoServerSessionStorage {});
    settings.send_tls13_tickets = 0;
    Ok(settings)
}

/// The certificate that the listener shows.
pub(crate) fn leaf(files: &OperatorTls) -> Result<CertificateDer<'static>, String> {
    let first = certificates(&files.certificate)?.into_iter().next();
    first.ok_or_else(|| format!("operator_tls: {}: this is no certificate in PEM", files.certificate.display()))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let named = |why: &str| format!("operator_tls: {}: {why}", file.display());
    let octets = fs::read(file).map_err(|error| named(&error.to_string()))?;
    let found = CertificateDer::pem_slice_iter(&octets).collect::<Result<Vec<_>, _>>();
    let found = found.map_err(|_| named("this is no certificate in PEM"))?;
    if found.is_empty() { Err(named("this is no certificate in PEM")) } else { Ok(found) }
}

/// The SHA-256 of the certificate that the client of a connection showed, if it did.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub Option<[u8; 32]>);

/// Hands on which certificate a client showed, as a [`Peer`] among the extensions of each request.
#[derive(Clone)]
pub struct WithPeer<A>(pub A);

impl<A, I, S, T> Accept<I, S> for WithPeer<A>
where
    A: Accept<I, S, Stream = TlsStream<T>>,
    A::Future: Send + 'static,
{
    type Stream = TlsStream<T>;
    type Service = AddExtension<A::Service, Peer>;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let accepted = self.0.accept(stream, service);
        Box::pin(async {
            let (stream, service) = accepted.await?;
            let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
            let peer = Peer(shown.map(|certificate| sha256(certificate)));
            Ok((stream, Extension(peer).layer(service)))
        })
    }
}
