//! The certificate of the listener for apps, which is read again while the server runs.

use std::{fs, sync::Arc};

use axum_server::tls_rustls::RustlsConfig;
use rustls::ServerConfig;

use crate::config::{Config, Tls};

/// The certificate in use.
#[derive(Clone)]
pub struct Certificate {
    files: Tls,
    pub(super) in_use: RustlsConfig,
}

impl Certificate {
    /// Reads chain and key, if any are configured.
    ///
    /// # Errors
    ///
    /// If the files do not hold a chain and its key.
    pub async fn read(config: &Config) -> Result<Option<Self>, String> {
        let Some(files) = config.tls.clone() else { return Ok(None) };
        let in_use = RustlsConfig::from_config(read_certificate(&files).await?);
        Ok(Some(Self { files, in_use }))
    }

    /// Reads chain and key again. Connections that are there keep theirs; if the files cannot be read, so do new ones.
    pub async fn renew(&self) {
        match read_certificate(&self.files).await {
            Ok(settings) => {
                self.in_use.reload_from_config(settings);
                tracing::info!("the certificate was read again");
            }
            Err(error) => tracing::error!("the certificate stays as it was: {error}"),
        }
    }
}

/// The certificate, and HTTP/1.1 as the only protocol: one request at a time for each connection is what the limits count.
async fn read_certificate(files: &Tls) -> Result<Arc<ServerConfig>, String> {
    for file in [&files.certificate, &files.key] {
        fs::read(file).map_err(|error| format!("tls: {}: {error}", file.display()))?;
    }
    let certificate = RustlsConfig::from_pem_chain_file(&files.certificate, &files.key).await;
    let named = |error| format!("tls: {} and {}: {error}", files.certificate.display(), files.key.display());
    let mut settings = ServerConfig::clone(&certificate.map_err(named)?.get_inner());
    settings.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(settings))
}
