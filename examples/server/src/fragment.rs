//! Refuses a fragment in a request target (RFC 9112 §3.2 has none there).
//!
//! hyper passes over a `#` and what follows it before anybody sees the target, so that a request could arrive that is not,
//! letter by letter, the one that was signed. So each connection is read along: in a request line a `#` becomes an octet
//! that no target may hold, and hyper answers 400. To know where a request line begins, the length of each body is followed.
//! Nothing is decided by that but which octets belong to a request line: framing that hyper refuses, it still refuses.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// More than hyper takes of a head, and than fits of a line with the size of a chunk.
const LONGEST: usize = 64 * 1024;
const HEADERS: usize = 128;
/// What a fragment begins with, and what it is turned into: DEL, which no target may hold.
const FRAGMENT: u8 = b'#';
const REFUSED: u8 = 0x7F;

/// Accepts what another acceptor accepts, and reads along.
#[derive(Clone)]
pub struct NoFragments<A>(pub A);

/// A connection that is read along.
pub struct ReadAlong<S> {
    stream: S,
    place: Place,
}

/// Where in the requests of a connection the next octet stands.
pub struct Place {
    part: Part,
    /// What there is of a head or a line.
    text: Vec<u8>,
}

enum Part {
    Head,
    /// So many octets of a body.
    Body(u64),
    /// The line with the size of a chunk.
    Size,
    /// So many octets of a chunk, with the end of its line.
    Chunk(u64),
    /// Fields after the last chunk, up to an empty line.
    Trailers,
    /// Whatever follows, it is no request that hyper takes.
    Lost,
}

impl Default for Place {
    fn default() -> Self {
        Self { part: Part::Head, text: Vec::new() }
    }
}

impl Place {
    /// Passes over these octets, and refuses what begins a fragment among them.
    pub fn pass(&mut self, mut octets: &mut [u8]) {
        while !octets.is_empty() {
            match self.part {
                Part::Body(left) | Part::Chunk(left) => {
                    let passed = usize::try_from(left).unwrap_or(usize::MAX).min(octets.len());
                    octets = &mut octets[passed..];
                    let left = left - passed as u64;
                    self.part = match self.part {
                        Part::Body(_) if left == 0 => Part::Head,
                        Part::Body(_) => Part::Body(left),
                        _ if left == 0 => Part::Size,
                        _ => Part::Chunk(left),
                    };
                }
                Part::Lost => return,
                Part::Head | Part::Size | Part::Trailers => {
                    self.read(&mut octets[0]);
                    octets = &mut octets[1..];
                }
            }
        }
    }

    fn read(&mut self, octet: &mut u8) {
        // Empty lines may stand before a request (RFC 9112 §2.2).
        let before = matches!(self.part, Part::Head) && self.text.is_empty() && matches!(*octet, b'\r' | b'\n');
        if before {
            return;
        }
        if matches!(self.part, Part::Head) && *octet == FRAGMENT && !self.text.contains(&b'\n') {
            *octet = REFUSED;
        }
        self.text.push(*octet);
        let next = match self.part {
            Part::Head if self.text.ends_with(b"\n\r\n") || self.text.ends_with(b"\n\n") => after_head(&self.text),
            Part::Size if *octet == b'\n' => after_size(&self.text),
            Part::Trailers if *octet == b'\n' && self.text.len() <= 2 => Part::Head,
            Part::Trailers if *octet == b'\n' => Part::Trailers,
            _ if self.text.len() > LONGEST => Part::Lost,
            _ => return,
        };
        self.part = next;
        self.text.clear();
    }
}

/// What follows a head: how long a body is, RFC 9112 §6.3 says.
fn after_head(head: &[u8]) -> Part {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    if !matches!(request.parse(head), Ok(httparse::Status::Complete(_))) {
        return Part::Lost;
    }
    let field = |name: &str| {
        let header = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
        str::from_utf8(header.value).ok()
    };
    if field("transfer-encoding").is_some() {
        return Part::Size;
    }
    match field("content-length").map(|length| length.trim().parse()) {
        None | Some(Ok(0)) => Part::Head,
        Some(Ok(length)) => Part::Body(length),
        Some(Err(_)) => Part::Lost,
    }
}

/// What follows the size of a chunk.
fn after_size(line: &[u8]) -> Part {
    match httparse::parse_chunk_size(line) {
        Ok(httparse::Status::Complete((_, 0))) => Part::Trailers,
        Ok(httparse::Status::Complete((_, size))) => size.checked_add(2).map_or(Part::Lost, Part::Chunk),
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
        self.place.pass(&mut buffer.filled_mut()[before..]);
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
