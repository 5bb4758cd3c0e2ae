//! What is taken from a request: its body, within limits, and its session.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    body::{Body, HttpBody as _},
    extract::{ConnectInfo, DefaultBodyLimit, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts},
    middleware::Next,
    response::Response,
};
use bytes::Bytes;
use genuine::session::mode::ClientVersion;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use ipnet::IpNet;
use serde::de::DeserializeOwned;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{account::AccountSource, header::single, origin::ClientAddress, problem::Problem};
use crate::{
    account::AccountId,
    challenge::Session,
    gate::{Client, sha256},
    refusal::Refusal,
    store::AccountHash,
};

/// The version that a client says it has, such as `3.15`.
const CLIENT_VERSION: HeaderName = HeaderName::from_static("x-client-version");

/// The largest body of the server's own routes: an attestation object of 16 KiB in base64, and the rest.
const JSON_BYTES: usize = 32 * 1024;

/// What room is counted in.
const ROOM_UNIT: usize = 1024;

/// How requests are read.
#[derive(Clone)]
pub struct Intake {
    body_bytes: usize,
    timeout: Duration,
    session_header: Arc<HeaderName>,
    room: Arc<Semaphore>,
    accounts: Option<Arc<Accounts>>,
}

/// Who says whose account a request is in.
struct Accounts {
    source: AccountSource,
    /// Whose word counts, where a proxy says it.
    proxies: Vec<IpNet>,
}

/// A body in one piece, with the room that it takes: given back when the last reference to it is gone.
struct Held {
    bytes: Vec<u8>,
    room: Option<OwnedSemaphorePermit>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Intake {
    /// Reads bodies of up to `body_bytes` each and `buffered_bytes` together, in `timeout`, and the session from a header.
    #[must_use]
    pub fn new(body_bytes: usize, buffered_bytes: usize, timeout: Duration, session_header: HeaderName) -> Self {
        let room = Arc::new(Semaphore::new(buffered_bytes.div_ceil(ROOM_UNIT).min(Semaphore::MAX_PERMITS)));
        Self { body_bytes, timeout, session_header: Arc::new(session_header), room, accounts: None }
    }

    /// Takes accounts from this source, where a proxy's word is one of these.
    #[must_use]
    pub fn with_accounts(self, source: AccountSource, proxies: &[IpNet]) -> Self {
        Self { accounts: Some(Arc::new(Accounts { source, proxies: proxies.to_vec() })), ..self }
    }

    /// Reads the keys of users' tokens again.
    pub fn renew(&self) {
        if let Some(accounts) = &self.accounts {
            accounts.source.renew();
        }
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

    /// Who sends a request, by what it says beside what is signed.
    ///
    /// # Errors
    ///
    /// [`Refusal::RequestMalformed`] if a header is there twice; those of [`AccountSource::account`].
    pub fn client(&self, parts: &Parts, now: u64) -> Result<Client, Refusal> {
        let session = self.session(&parts.headers)?;
        let account = self.accounts.as_ref().map(|accounts| accounts.of(parts, now)).transpose()?.flatten();
        let version = single(&parts.headers, &CLIENT_VERSION)?;
        // One that nobody can read is none: older than every version, where that matters.
        let version = version.and_then(ClientVersion::parse);
        let address = parts.extensions.get().map(|ClientAddress(address)| *address);
        Ok(Client { session, account, version, address })
    }

    /// The body of a protected request. It takes room as it arrives, and until the handler is done with it.
    ///
    /// # Errors
    ///
    /// That it is too large, too late, breaks off, or finds no room.
    pub async fn body(&self, body: Body) -> Result<Bytes, Refusal> {
        let held = self.read(body, self.body_bytes, Some(&self.room)).await?;
        Ok(Bytes::from_owner(held))
    }

    /// Passes over the body of a request that is refused, while the answer is on its way: a client that still sends would
    /// not see it if the connection ended. There is one such body for each connection.
    pub fn discard(&self, body: Body) {
        let (mut body, timeout) = (Limited::new(body, self.body_bytes), self.timeout);
        let rest = async move { while let Some(Ok(_)) = body.frame().await {} };
        tokio::spawn(tokio::time::timeout(timeout, rest));
    }

    /// A body of the server's own routes.
    ///
    /// # Errors
    ///
    /// As for [`body`](Self::body), and that it is not the JSON that the route describes.
    pub async fn json<T: DeserializeOwned>(&self, headers: &HeaderMap, body: Body) -> Result<T, Refusal> {
        expect_json(headers)?;
        object(&self.read(body, JSON_BYTES, None).await?.bytes)
    }

    /// The octets of a JSON body that may be as large as a protected one.
    ///
    /// # Errors
    ///
    /// As for [`body`](Self::body), and that it says that it is something else.
    pub(super) async fn json_body(&self, headers: &HeaderMap, body: Body) -> Result<Bytes, Refusal> {
        expect_json(headers)?;
        self.body(body).await
    }

    async fn read(&self, body: Body, most: usize, room: Option<&Arc<Semaphore>>) -> Result<Held, Refusal> {
        // What announces itself as too large is not waited for.
        if body.size_hint().lower() > most as u64 {
            self.discard(body);
            return Err(Refusal::BodyTooLarge);
        }
        let mut body = Limited::new(body, most);
        let mut held = Held { bytes: Vec::new(), room: None };
        let read = async {
            while let Some(frame) = body.frame().await {
                let frame = frame.map_err(|error| refuse(error.as_ref()))?;
                // What is no data are trailers, which mean nothing here.
                let Ok(data) = frame.into_data() else { continue };
                held.bytes.extend_from_slice(&data);
                if let Some(room) = room {
                    held.take(room)?;
                }
            }
            Ok(())
        };
        tokio::time::timeout(self.timeout, read).await.unwrap_or(Err(Refusal::BodyTimeout))?;
        Ok(held)
    }
}

impl Accounts {
    fn of(&self, parts: &Parts, now: u64) -> Result<Option<AccountHash>, Refusal> {
        let peer = parts.extensions.get().map(|ConnectInfo::<SocketAddr>(peer)| peer.ip().to_canonical());
        let is_proxy = peer.is_some_and(|peer| self.proxies.iter().any(|network| network.contains(&peer)));
        let account = self.source.account(&parts.headers, is_proxy, now);
        if account == Err(Refusal::ProxyUnknown) {
            tracing::warn!(?peer, "an address that trusted_proxies does not list named an account");
        }
        Ok(account?.map(|AccountId(hash)| hash))
    }
}

/// Middleware: reads the body within the limits, and hands it on in one piece.
pub(super) async fn read_body(State(intake): State<Intake>, request: Request, next: Next) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let body = intake.body(body).await?;
    Ok(next.run(with_body(parts, body)).await)
}

/// A request whose body has been read.
pub(super) fn with_body(parts: Parts, body: Bytes) -> Request {
    let mut request = Request::from_parts(parts, Body::from(body));
    // The intake's limit was the one.
    DefaultBodyLimit::disable().apply(&mut request);
    request
}

/// A body that says that it is JSON.
fn expect_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/json") { Ok(()) } else { Err(Refusal::BodyType) }
}

/// A JSON object that has these fields.
///
/// # Errors
///
/// [`Refusal::RequestMalformed`] for anything else.
pub(super) fn object<T: DeserializeOwned>(octets: &[u8]) -> Result<T, Refusal> {
    // Fields have names here: serde takes a list of their values as well.
    if !octets.trim_ascii_start().starts_with(b"{") {
        return Err(Refusal::RequestMalformed);
    }
    serde_json::from_slice(octets).map_err(|_| Refusal::RequestMalformed)
}

fn refuse(error: &(dyn std::error::Error + 'static)) -> Refusal {
    if error.is::<LengthLimitError>() { Refusal::BodyTooLarge } else { Refusal::RequestMalformed }
}

impl Held {
    /// Takes the room that is needed beyond what it has.
    fn take(&mut self, room: &Arc<Semaphore>) -> Result<(), Refusal> {
        let taken = self.room.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let needed = self.bytes.len().div_ceil(ROOM_UNIT).saturating_sub(taken);
        let needed = u32::try_from(needed).map_err(|_| Refusal::BodyTooLarge)?;
        let more = Arc::clone(room).try_acquire_many_owned(needed).map_err(|_| Refusal::BodyLimit)?;
        match &mut self.room {
            None => self.room = Some(more),
            Some(taken) => taken.merge(more),
        }
        Ok(())
    }
}
