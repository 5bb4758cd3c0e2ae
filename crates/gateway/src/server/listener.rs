//! A listener: what a connection may take, and TLS on it.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use axum::{Router, middleware::from_fn};
use axum_server::{
    Handle,
    tls_rustls::{RustlsAcceptor, RustlsConfig},
};
use hyper_util::rt::TokioTimer;

use crate::{
    connections::Connections,
    fragment::{self, NoFragments},
    operator::WithPeer,
};

/// How long a client may take over a TLS handshake, and over the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest head of a request: an assertion of 1 KiB in base64 fits several times.
const HEAD_BYTES: usize = 16 * 1024;

/// Binds an address, which this setting names.
pub(super) fn listen(setting: &str, address: SocketAddr) -> Result<TcpListener, String> {
    let listener = TcpListener::bind(address).map_err(|error| format!("{setting} = {address}: {error}"))?;
    listener.set_nonblocking(true).map_err(|error| error.to_string())?;
    Ok(listener)
}

/// Serves until the handle says stop.
pub(super) async fn run(
    listener: TcpListener,
    routes: Router,
    certificate: Option<RustlsConfig>,
    connections: Connections,
    handle: Handle<SocketAddr>,
) -> io::Result<()> {
    let routes = routes.layer(from_fn(fragment::close_after_coding));
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum_server::from_tcp(listener)?.handle(handle);
    // Whoever says nothing is no different from one whose head does not end.
    let mut server = server.http1_only().first_request_timeout(HEAD_TIMEOUT);
    let mut http = server.http_builder().http1();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(HEAD_BYTES);
    match certificate {
        None => server.acceptor(NoFragments(connections)).serve(service).await,
        Some(in_use) => {
            let acceptor = RustlsAcceptor::new(in_use).handshake_timeout(HEAD_TIMEOUT);
            server.acceptor(NoFragments(WithPeer(acceptor.acceptor(connections)))).serve(service).await
        }
    }
}
