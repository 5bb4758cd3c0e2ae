//! From the configuration to two listeners, until the signal to stop.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::{Duration, SystemTime},
};

use axum::{Router, http::HeaderName};
use axum_server::{
    Handle,
    tls_rustls::{RustlsAcceptor, RustlsConfig},
};
use hyper_util::rt::TokioTimer;
use rustls::ServerConfig;

use crate::{
    application::Application,
    config::{Config, Store as StoreChoice},
    connections::Connections,
    gate::{Clock, Gate},
    http::{self, Intake, Origin},
    limit::RateLimiter,
    metrics::Metrics,
    store::{MemoryStore, RedbStore, RedisStore, Store},
};

/// How long a client may take over a TLS handshake, and over the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest head of a request: an assertion of 1 KiB in base64 fits several times.
const HEAD_BYTES: usize = 16 * 1024;

/// Connections of the operator and the monitoring.
const OPERATOR_CONNECTIONS: usize = 64;

/// A server that is bound and does not serve yet.
pub struct Server {
    config: Config,
    tls: Option<RustlsAcceptor>,
    gate: Arc<Gate>,
    app: TcpListener,
    operator: TcpListener,
}

impl Server {
    /// Reads the certificate, opens the store and binds both listeners.
    ///
    /// # Errors
    ///
    /// If the certificate cannot be read, the store cannot be opened or an address is taken.
    pub async fn bind(config: Config) -> Result<Self, Box<dyn std::error::Error>> {
        let tls = tls(&config).await?;
        let metrics = Arc::new(Metrics::new()?);
        let store = open_store(&config, &metrics)?;
        let applications = config.applications.iter().map(|application| Application::new(application, config.demo));
        let gate = Arc::new(Gate {
            applications: applications.collect::<Result<_, _>>()?,
            store,
            metrics,
            clock: system_clock(),
            challenge_lifetime: config.challenges.lifetime_seconds,
            devices: RateLimiter::per_minute(config.limits.device_per_minute),
        });
        let app = listen(config.listen)?;
        let operator = listen(config.operator_listen)?;
        Ok(Self { config, tls, gate, app, operator })
    }

    /// Where apps come: the port is known even if the configuration left it open.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn app_address(&self) -> io::Result<SocketAddr> {
        self.app.local_addr()
    }

    /// Where the operator comes.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn operator_address(&self) -> io::Result<SocketAddr> {
        self.operator.local_addr()
    }

    /// Serves until `stop` is ready, then finishes what is in flight.
    ///
    /// # Errors
    ///
    /// If a listener fails.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> Result<(), Box<dyn std::error::Error>> {
        let Self { config, tls, gate, app, operator } = self;
        let session_header = HeaderName::try_from(config.session_header.as_str())?;
        let callers = config.callers();
        let limits = config.limits;
        let timeout = Duration::from_millis(limits.request_timeout_ms.into());
        let intake = Intake::new(limits.body_bytes, limits.buffered_bytes, timeout, session_header);
        let trusted_proxies = config.trusted_proxies.clone();
        let origin = Arc::new(Origin {
            tls: tls.is_some(),
            allow_plain_http: config.allow_plain_http,
            trusted_proxies: config.trusted_proxies,
            addresses: RateLimiter::per_minute(limits.address_per_minute),
        });
        let handles = [Handle::new(), Handle::new()];
        let [app_handle, operator_handle] = handles.clone();
        let stopped = async {
            stop.await;
            let grace = Duration::from_secs(limits.shutdown_seconds);
            for handle in handles {
                handle.graceful_shutdown(Some(grace));
            }
            Ok(())
        };
        let connections = Connections::new(limits.connections, limits.connections_per_address, trusted_proxies);
        let operator_connections = Connections::new(OPERATOR_CONNECTIONS, OPERATOR_CONNECTIONS, Vec::new());
        tokio::try_join!(
            run(app, http::app(&gate, &intake, origin, &callers), tls, connections, app_handle),
            run(operator, http::operator(&gate), None, operator_connections, operator_handle),
            stopped,
        )?;
        Ok(())
    }
}

/// The system's clock.
#[must_use]
pub fn system_clock() -> Clock {
    Arc::new(|| SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.as_secs()))
}

fn open_store(config: &Config, metrics: &Metrics) -> Result<Arc<dyn Store>, Box<dyn std::error::Error>> {
    let most = config.challenges.outstanding;
    Ok(match &config.store {
        StoreChoice::Memory => Arc::new(MemoryStore::new(most)),
        StoreChoice::Redb { path } => Arc::new(RedbStore::open(path, most, metrics.commit.clone())?),
        StoreChoice::Redis { url, volatile } => Arc::new(RedisStore::new(url, most, *volatile)?),
    })
}

/// The certificate, and HTTP/1.1 as the only protocol: one request at a time for each connection is what the limits count.
///
/// # Errors
///
/// If the files do not hold a chain and its key.
pub async fn tls(config: &Config) -> Result<Option<RustlsAcceptor>, String> {
    let Some(files) = &config.tls else { return Ok(None) };
    let certificate = RustlsConfig::from_pem_chain_file(&files.certificate, &files.key).await;
    let certificate = certificate.map_err(|error| format!("tls: {error}"))?;
    let mut settings = ServerConfig::clone(&certificate.get_inner());
    settings.alpn_protocols = vec![b"http/1.1".to_vec()];
    certificate.reload_from_config(Arc::new(settings));
    Ok(Some(RustlsAcceptor::new(certificate).handshake_timeout(HEAD_TIMEOUT)))
}

fn listen(address: SocketAddr) -> Result<TcpListener, String> {
    let listener = TcpListener::bind(address).map_err(|error| format!("{address}: {error}"))?;
    listener.set_nonblocking(true).map_err(|error| error.to_string())?;
    Ok(listener)
}

async fn run(
    listener: TcpListener,
    routes: Router,
    tls: Option<RustlsAcceptor>,
    connections: Connections,
    handle: Handle<SocketAddr>,
) -> io::Result<()> {
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum_server::from_tcp(listener)?.handle(handle);
    // Whoever says nothing is no different from one whose head does not end.
    let mut server = server.http1_only().first_request_timeout(HEAD_TIMEOUT);
    let mut http = server.http_builder().http1();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(HEAD_BYTES);
    match tls {
        None => server.acceptor(connections).serve(service).await,
        Some(acceptor) => server.acceptor(acceptor.acceptor(connections)).serve(service).await,
    }
}
