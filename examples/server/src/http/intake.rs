//! What is taken from a request: its body, within limits, and its session.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, header},
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use crate::{gate::sha256, refusal::Refusal, store::Session};

/// The largest body of the server's own routes: an attestation object of 16 KiB in base64, and the rest.
const JSON_BYTES: usize = 32 * 1024;

/// How requests are read.
#[derive(Clone)]
pub struct Intake {
    /// The largest body of a protected request, in bytes.
    pub body_bytes: usize,
    /// How long a body may take to arrive.
    pub timeout: Duration,
    /// The header that holds the session.
    pub session_header: Arc<HeaderName>,
}

impl Intake {
    /// The session that a request belongs to: the hash of what its header holds, or of nothing.
    ///
    /// # Errors
    ///
    /// [`Refusal::RequestMalformed`] if the header is there twice.
    pub fn session(&self, headers: &HeaderMap) -> Result<Session, Refusal> {
        let mut values = headers.get_all(self.session_header.as_ref()).iter();
        let value = values.next().map_or(&[][..], HeaderValue::as_bytes);
        if values.next().is_some() { Err(Refusal::RequestMalformed) } else { Ok(sha256(value)) }
    }

    /// The body of a protected request.
    ///
    /// # Errors
    ///
    /// That it is too large, too late, or breaks off.
    pub async fn body(&self, body: Body) -> Result<Bytes, Refusal> {
        self.read(body, self.body_bytes).await
    }

    /// A body of the server's own routes.
    ///
    /// # Errors
    ///
    /// As for [`body`](Self::body), and that it is not the JSON that the route describes.
    pub async fn json<T: DeserializeOwned>(&self, headers: &HeaderMap, body: Body) -> Result<T, Refusal> {
        let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case("application/json") {
            return Err(Refusal::BodyType);
        }
        let body = self.read(body, JSON_BYTES).await?;
        serde_json::from_slice(&body).map_err(|_| Refusal::RequestMalformed)
    }

    async fn read(&self, body: Body, most: usize) -> Result<Bytes, Refusal> {
        let read = Limited::new(body, most).collect();
        match tokio::time::timeout(self.timeout, read).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::BodyTooLarge),
            Ok(Err(_)) => Err(Refusal::RequestMalformed),
            Err(_) => Err(Refusal::BodyTimeout),
        }
    }
}
