//! Google's server: `decodeIntegrityToken` of the Play Integrity API, version 1.

use std::{str, time::Duration};

use async_trait::async_trait;
use axum::{
    body::{Body, Bytes},
    http::{Response, StatusCode, Uri},
};
use genuine::play_integrity::{MAX_ANSWER, MAX_TOKEN};
use rustls::RootCertStore;
use serde::de::IgnoredAny;
use serde_json::json;
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};

use super::{
    Clock, DecodeFault, Decoder, Quota, ServerUrl, ServiceAccount,
    credentials::{Credential, Credentials},
    exchange::{Exchange, Lost, read},
};

/// How many tokens are decoded at a time. The others wait, so that a flood of them leaves file descriptors to the rest.
const AT_A_TIME: usize = 64;
/// The longest package name.
const MAX_PACKAGE: usize = 255;

/// What it takes to ask Google.
pub struct Settings {
    /// Who this service is to Google.
    pub account: ServiceAccount,
    /// The address of the API, without a path.
    pub endpoint: ServerUrl,
    /// The authorities whose certificates count, for the API and for access tokens.
    pub roots: RootCertStore,
    /// How long one token may take in all: access token, connection and answer.
    pub timeout: Duration,
    /// How many tokens of an app may be decoded in a day.
    pub quota: Quota,
    /// The time.
    pub clock: Clock,
}

/// Google's server.
pub struct GoogleDecoder {
    exchange: Exchange,
    credentials: Credentials,
    /// Without a slash at the end.
    endpoint: String,
    timeout: Duration,
    quota: Quota,
    slots: Semaphore,
}

impl GoogleDecoder {
    /// A decoder that asks this server. Nothing is sent before the first token is to be decoded.
    ///
    /// # Errors
    ///
    /// None that is known: the versions of TLS are those of the cryptography that is built in.
    pub fn new(settings: Settings) -> Result<Self, rustls::Error> {
        let Settings { account, endpoint, roots, timeout, quota, clock } = settings;
        Ok(Self {
            exchange: Exchange::new(roots, timeout)?,
            credentials: Credentials::new(account, clock),
            endpoint: endpoint.to_string().trim_end_matches('/').to_owned(),
            timeout,
            quota,
            slots: Semaphore::new(AT_A_TIME),
        })
    }

    /// How many tokens were decoded, for the metrics.
    #[must_use]
    pub const fn quota(&self) -> &Quota {
        &self.quota
    }

    async fn ask(&self, package: &str, token: &str, deadline: Instant) -> Result<Vec<u8>, DecodeFault> {
        let uri = format!("{}/v1/{package}:decodeIntegrityToken", self.endpoint);
        let uri = uri.parse().map_err(|_| DecodeFault::Unavailable)?;
        let body = Bytes::from(json!({ "integrityToken": token }).to_string());
        let mut permit = self.quota.take(package)?;
        let _slot = self.slots.acquire().await.map_err(|_| DecodeFault::Unavailable)?;
        let credential = self.credentials.get(&self.exchange, deadline).await?;
        let mut answer = self.post(&uri, &credential, body.clone()).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            self.credentials.forget(&credential);
            let credential = self.credentials.get(&self.exchange, deadline).await?;
            answer = self.post(&uri, &credential, body).await?;
        }
        permit.spend();
        match answer.status() {
            StatusCode::OK => {
                let body = read(answer, MAX_ANSWER).await.map_err(|lost| lose(&lost))?;
                if is_object(&body) { Ok(body.into()) } else { Err(unavailable(&"the answer is no JSON object")) }
            }
            StatusCode::BAD_REQUEST => Err(DecodeFault::Refused),
            StatusCode::TOO_MANY_REQUESTS => {
                tracing::warn!(package, "Play Integrity: Google says that the quota is used up");
                Err(DecodeFault::Quota)
            }
            status => Err(unavailable(&status)),
        }
    }

    async fn post(&self, uri: &Uri, credential: &Credential, body: Bytes) -> Result<Response<Body>, DecodeFault> {
        let answer = self.exchange.post(uri, "application/json", Some(&credential.bearer), body).await;
        answer.map_err(|lost| lose(&lost))
    }
}

#[async_trait]
impl Decoder for GoogleDecoder {
    async fn decode(&self, package: &str, token: &str) -> Result<Vec<u8>, DecodeFault> {
        if !is_package(package) {
            return Err(unavailable(&"this is no name of a package"));
        }
        if !(1..=MAX_TOKEN).contains(&token.len()) || !token.bytes().all(|octet| octet.is_ascii_graphic()) {
            return Err(DecodeFault::Refused);
        }
        let deadline = Instant::now() + self.timeout;
        let answer = timeout_at(deadline, self.ask(package, token, deadline)).await;
        answer.unwrap_or_else(|_| Err(unavailable(&"no answer in time")))
    }
}

/// The authorities that this machine trusts, or those of the files that `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
///
/// # Errors
///
/// If there is none.
pub fn system_roots() -> Result<RootCertStore, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let reasons: Vec<_> = found.errors.iter().map(|error| format!(": {error}")).collect();
        return Err(format!(
            "this machine has no certificates of authorities; install ca-certificates or set SSL_CERT_FILE{}",
            reasons.concat()
        ));
    }
    Ok(roots)
}

/// What a path can hold as it is, and what packages are called: words of letters, digits and `_` between full stops.
fn is_package(name: &str) -> bool {
    let is_word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_alphabetic())
            && word.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'_')
    };
    name.len() <= MAX_PACKAGE && name.split('.').all(is_word)
}

/// Whether this is JSON, and an object. What is in it the engine reads.
fn is_object(body: &[u8]) -> bool {
    str::from_utf8(body)
        .is_ok_and(|text| text.trim_start().starts_with('{') && serde_json::from_str::<IgnoredAny>(text).is_ok())
}

fn lose(lost: &Lost) -> DecodeFault {
    unavailable(lost)
}

fn unavailable(reason: &dyn std::fmt::Display) -> DecodeFault {
    tracing::warn!("Play Integrity: Google's server: {reason}");
    DecodeFault::Unavailable
}
