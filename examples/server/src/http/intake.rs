//! What is taken from a request: its body, within limits, and its session.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, header},
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{gate::sha256, refusal::Refusal, store::Session};

/// The largest body of the server's own routes: an attestation object of 16 KiB in base64, and the rest.
const JSON_BYTES: usize = 32 * 1024;

/// What room is counted in.
const ROOM_UNIT: usize = 1024;

/// A body that was read, and the room it takes.
pub struct Read {
    /// The body.
    pub bytes: Bytes,
    /// Given back when the last of these is dropped.
    pub room: Arc<OwnedSemaphorePermit>,
}

/// How requests are read.
#[derive(Clone)]
pub struct Intake {
    room: Arc<Semaphore>,
    /// The largest body of a protected request, in bytes.
    pub body_bytes: usize,
    /// How long a body may take to arrive.
    pub timeout: Duration,
    /// The header that holds the session.
    pub session_header: Arc<HeaderName>,
}

impl Intake {
    /// Reads bodies of up to `body_bytes`, and of `buffered_bytes` together, in `timeout`.
    #[must_use]
    pub fn new(body_bytes: usize, buffered_bytes: usize, timeout: Duration, session_header: HeaderName) -> Self {
        let room = Arc::new(Semaphore::new(buffered_bytes.div_ceil(ROOM_UNIT).min(Semaphore::MAX_PERMITS)));
        Self { room, body_bytes, timeout, session_header: Arc::new(session_header) }
    }

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
    /// That it is too large, too late, breaks off, or finds no room.
    pub async fn body(&self, headers: &HeaderMap, body: Body) -> Result<Read, Refusal> {
        self.read(headers, body, self.body_bytes).await
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
        let body = self.read(headers, body, JSON_BYTES).await?;
        serde_json::from_slice(&body.bytes).map_err(|_| Refusal::RequestMalformed)
    }

    async fn read(&self, headers: &HeaderMap, body: Body, most: usize) -> Result<Read, Refusal> {
        let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        let most = match announced {
            Some(length) if length > most => return Err(Refusal::BodyTooLarge),
            Some(length) => length,
            None => most,
        };
        let units = u32::try_from(most.div_ceil(ROOM_UNIT)).map_err(|_| Refusal::BodyTooLarge)?;
        let room = Arc::clone(&self.room).try_acquire_many_owned(units).map_err(|_| Refusal::BodyLimit)?;
        match tokio::time::timeout(self.timeout, Limited::new(body, most).collect()).await {
            Ok(Ok(body)) => Ok(Read { bytes: body.to_bytes(), room: Arc::new(room) }),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::BodyTooLarge),
            Ok(Err(_)) => Err(Refusal::RequestMalformed),
            Err(_) => Err(Refusal::BodyTimeout),
        }
    }
}
