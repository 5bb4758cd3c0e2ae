//! Addresses of servers that secrets are sent to.

use std::{fmt, net::IpAddr};

use axum::http::Uri;

/// The address of a server: `https://…`, or `http://…` on this machine, since secrets go there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerUrl {
    uri: Uri,
    text: String,
}

impl ServerUrl {
    /// Reads it. It has no user, no query and no fragment.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        let authority = uri.authority()?;
        let host = authority.host();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let is_local = host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
        let is_safe = match uri.scheme_str()? {
            "https" => true,
            "http" => is_local,
            _ => false,
        };
        let is_plain = !authority.as_str().contains('@') && uri.query().is_none() && !text.contains('#');
        (is_safe && is_plain && !host.is_empty()).then(|| Self { text: text.to_owned(), uri })
    }

    /// The address, as a client takes it.
    pub(crate) const fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Whether it is reached over TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.uri.scheme_str() == Some("https")
    }
}

/// The text that it was read from.
impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
