//! Refuses a fragment in a request target (RFC 9112 §3.2 has none there).
//!
//! hyper passes over a `#` and what follows it before anybody sees the target, so that a request could arrive that is not,
//! letter by letter, the one that was signed. So each connection is read along: in a request target a `#` becomes an octet
//! that no target may hold, and hyper answers 400. To know where a request line begins, the length of each body is followed,
//! where there is one: a request with a transfer coding is the last one of its connection, and after a head that cannot be
//! read here nothing more reaches hyper.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::{
    extract::Request,
    http::{
        HeaderValue,
        header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING},
    },
    middleware::Next,
    response::Response,
};
use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// More than hyper takes of a head.
const LONGEST: usize = 64 * 1024;
const HEADERS: usize = 128;
/// What a fragment begins with, and what it is turned into: DEL, which no target may hold.
const FRAGMENT: u8 = b'#';
const REFUSED: u8 = 0x7F;

/// Closes the connection after a request with a transfer coding: whoever reads along does not know where the next one begins.
pub async fn close_after_coding(request: Request, next: Next) -> Response {
    let coded = request.headers().contains_key(TRANSFER_ENCODING);
    let mut response = next.run(request).await;
    if coded {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Accepts what another acceptor accepts, and reads along.
#[derive(Clone)]
pub struct NoFragments<A>(pub A);

/// A connection that is read along.
pub struct ReadAlong<S> {
    stream: S,
    place: Place,
}

/// Where in the requests of a connection the next octet stands.
#[derive(Default)]
pub struct Place {
    part: Part,
    /// What there is of a head.
    head: Vec<u8>,
}

#[derive(Clone, Copy, Default)]
enum Part {
    /// A request line and header fields, up to an empty line.
    #[default]
    Head,
    /// So many octets of a body.
    Body(u64),
    /// A body with a transfer coding, after which the connection is closed.
    Last,
    /// Whatever followed a head that cannot be read.
    Lost,
}

impl Place {
    /// Passes over these octets, and refuses what begins a fragment among them. Says how many of them are for hyper.
    pub fn pass(&mut self, octets: &mut [u8]) -> usize {
        let mut passed = 0;
        while let Some(octet) = octets.get_mut(passed) {
            match self.part {
                Part::Head => {
                    self.read(octet);
                    passed += 1;
                }
                Part::Body(left) => {
                    let here = usize::try_from(left).unwrap_or(usize::MAX).min(octets.len() - passed);
                    passed += here;
                    let left = left - here as u64;
                    self.part = if left == 0 { Part::Head } else { Part::Body(left) };
                }
                Part::Last => return octets.len(),
                Part::Lost => return passed,
            }
        }
        passed
    }

    fn read(&mut self, octet: &mut u8) {
        // Empty lines may stand before a request (RFC 9112 §2.2).
        if self.head.is_empty() && matches!(*octet, b'\r' | b'\n') {
            return;
        }
        // A method may have a number sign in it; the target begins after a space.
        if *octet == FRAGMENT && self.head.contains(&b' ') && !self.head.contains(&b'\n') {
            *octet = REFUSED;
        }
        self.head.push(*octet);
        if self.head.ends_with(b"\n\r\n") || self.head.ends_with(b"\n\n") {
            self.part = after_head(&self.head);
            self.head.clear();
        } else if self.head.len() > LONGEST {
            self.part = Part::Lost;
        }
    }
}

/// What follows a head: how long a body is, RFC 9112 §6.3 says.
fn after_head(head: &[u8]) -> Part {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    if !matches!(request.parse(head), Ok(httparse::Status::Complete(_))) {
        return Part::Lost;
    }
    let field = |name: &str| request.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
    if field(TRANSFER_ENCODING.as_str()).is_some() {
        return Part::Last;
    }
    let Some(length) = field(CONTENT_LENGTH.as_str()) else { return Part::Head };
    match str::from_utf8(length.value).map(|length| length.trim().parse()) {
        Ok(Ok(0)) => Part::Head,
        Ok(Ok(length)) => Part::Body(length),
        _ => Part::Lost,
    }
}

impl<A, I, S> Accept<I, S> for NoFragments<A>
where
    A: Accept<I, S>,
    A::Future: Send + 'static,
{
    type Stream = ReadAlong<A::Stream>;
    type Service = A::Service;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let accepted = self.0.accept(stream, service);
        Box::pin(async {
            let (stream, service) = accepted.await?;
            Ok((ReadAlong { stream, place: Place::default() }, service))
        })
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ReadAlong<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        let passed = self.place.pass(&mut buffer.filled_mut()[before..]);
        buffer.set_filled(before + passed);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ReadAlong<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, octets)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
