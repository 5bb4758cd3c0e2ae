//! From the configuration to two listeners, until the signal to stop.

mod certificate;
mod listener;

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::{Duration, SystemTime},
};

pub use self::certificate::Certificate;
use self::listener::{listen, run};
use crate::{
    api_key::KeyAccess,
    application::{Application, Roots},
    audit::Audit,
    challenge::Challenges,
    config::{Config, Dpop, Mistakes, Store as StoreChoice, Traces},
    connections::Connections,
    descriptors,
    engine::Engine,
    gate::{Access, ApiKeys, Clock, Freshness, Gate, SWEEP},
    http::{self, AccountSource, AppRoutes, ForwardRule, Intake, KeyIntake, KeyRule, OperatorAccess, Origin},
    limit::RateLimiter,
    mediator::Mediator,
    metrics::{Metered, Metrics},
    operator::OperatorCertificate,
    play::Decoder,
    rehearsal,
    revocations::Revocations,
    store::{MemoryStore, PostgresStore, RedbStore, RedisStore, Store},
    token::Tokens,
};
use axum::{Router, http::HeaderName};
use axum_server::Handle;

/// Connections of the operator and the monitoring.
const OPERATOR_CONNECTIONS: usize = 64;

/// How often the store is asked whether it is still one to rely on.
const WATCH: Duration = Duration::from_secs(10);

/// A server that is bound and does not serve yet.
///
/// It serves challenges and registration. What the apps of a service call beside that are routes of the service's own, with
/// state of their own, which it adds with [`with_routes`](Self::with_routes):
///
/// ```no_run
/// use std::sync::{
///     Arc,
///     atomic::{AtomicU64, Ordering},
/// };
///
/// use axum::{Extension, Router, extract::State, routing::{get, post}};
/// use genuine_gateway::{
///     config::{Application, Config},
///     gate::{Caller, Freshness},
///     server::Server,
/// };
///
/// #[derive(Default)]
/// struct Ballots(AtomicU64);
///
/// /// Who called is known from the attested key: `caller.key_id` stands for one installation of the app.
/// async fn vote(State(ballots): State<Arc<Ballots>>, Extension(caller): Extension<Caller>) -> String {
///     let count = ballots.0.fetch_add(1, Ordering::Relaxed) + 1;
///     format!("ballot {count}, of {}", caller.application)
/// }
///
/// #[tokio::main]
/// async fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let config = Config {
///         applications: vec![Application::new("polls", &["ABCDE12345.com.example.polls"])],
///         ..Config::default()
///     };
///     let protected = Router::new().route("/ballots", post(vote)).with_state(Arc::new(Ballots::default()));
///     let open = Router::new().route("/version", get(async || env!("CARGO_PKG_VERSION")));
///     let server = Server::bind(config).await?;
///     server.with_routes(Freshness::Counter, protected).with_open_routes(open).serve(std::future::pending()).await
/// }
/// ```
///
/// The routes are axum's, of the version that this crate uses.
#[must_use]
pub struct Server {
    config: Config,
    certificate: Option<Certificate>,
    operator_certificate: Option<OperatorCertificate>,
    operator_access: OperatorAccess,
    gate: Arc<Gate>,
    revocations: Option<Arc<Revocations>>,
    intake: Intake,
    api_keys: Option<KeyIntake>,
    routes: AppRoutes,
    app: TcpListener,
    operator: TcpListener,
}

impl Server {
    /// Checks the configuration, reads the certificate, opens the store and binds both listeners.
    ///
    /// # Errors
    ///
    /// If the configuration has a mistake, there cannot be as many connections as configured, the certificate cannot be read, the store cannot be opened or
    /// is not to be relied on, or an address is taken.
    pub async fn bind(config: Config) -> Result<Self, Box<dyn std::error::Error>> {
        let config = config.checked()?;
        let session_header = HeaderName::try_from(config.session_header.as_str())?;
        descriptors::make_room(config.limits.connections)?;
        let certificate = Certificate::read(&config).await?;
        let operator_certificate = OperatorCertificate::read(&config)?;
        let audit = config.audit.as_deref().map(Audit::open).transpose()?.unwrap_or_default();
        let operator_access = OperatorAccess::new(&config, audit);
        let metrics = Arc::new(Metrics::new()?);
        let tokens = config.tokens.as_ref().is_some_and(|tokens| tokens.dpop != Dpop::Off);
        if !tokens && config.applications.iter().any(|application| application.play.is_some()) {
            tracing::warn!(
                "applications.play: without [tokens], or with dpop = \"off\", Android devices register and get no further"
            );
        }
        let store = open_store(&config, &metrics)?;
        store.check().await?;
        let roots = match config.demo {
            #[cfg(feature = "demo")]
            true => crate::demo::roots()?,
            _ => Roots::REAL,
        };
        // As long as the process, like the applications: their verifiers refer to it.
        let crypto = Metered::detect(Arc::clone(&metrics));
        let engine = Box::leak(Box::new(Engine::new(crypto, config.limits.prepared_bytes)));
        let decoder = config.google.as_ref().map(|google| google.decoder(system_clock())).transpose()?;
        if let Some(decoder) = &decoder {
            metrics.add(decoder.quota().clone())?;
        }
        metrics.add(rehearsal::gauge(&config)?)?;
        let traces = config.traces.as_ref().map(Traces::start).transpose()?;
        if let Some(traces) = &traces {
            metrics.add(traces.counts())?;
        }
        let decoder = decoder.map(|decoder| Arc::new(decoder) as Arc<dyn Decoder>);
        let revocations = open_revocations(&config, &metrics).await?;
        let applications = config.applications.iter().map(|application| Application::new(application, roots, engine));
        let gate = Arc::new(Gate {
            applications: applications.collect::<Result<_, _>>()?,
            tokens: config.token_settings().map(|settings| Tokens::new(settings, Arc::clone(&store))),
            challenges: Challenges::new(config.challenges.lifetime_seconds, Arc::clone(&store)).in_epoch(config.epoch),
            decoder,
            revocations: revocations.clone(),
            account_issuer: config.accounts.as_ref().map(|accounts| accounts.issuer().to_owned()),
            store,
            metrics,
            pseudonyms: config.log.pseudonyms()?,
            traces,
            clock: system_clock(),
            epoch: config.epoch,
            authority: config.authority.clone(),
            explains: config.demo,
            decodes: config.google.as_ref().and_then(|google| RateLimiter::per_minute(google.address_per_minute)),
            devices: RateLimiter::per_minute(config.limits.device_per_minute),
        });
        let limits = &config.limits;
        let timeout = Duration::from_millis(limits.request_timeout_ms.into());
        let intake = Intake::new(limits.body_bytes, limits.buffered_bytes, timeout, session_header);
        let intake = match &config.accounts {
            Some(accounts) => intake.with_accounts(AccountSource::new(accounts)?, &config.trusted_proxies),
            None => intake,
        };
        let api_keys = open_api_keys(&config, &gate, &intake)?;
        let routes = own_routes(&config, &gate, &intake, api_keys.as_ref())?;
        let app = listen("listen", config.listen)?;
        let operator = listen("operator_listen", config.operator_listen)?;
        Ok(Self {
            config,
            certificate,
            operator_certificate,
            operator_access,
            gate,
            revocations,
            intake,
            api_keys,
            routes,
            app,
            operator,
        })
    }

    /// Adds routes that only the apps of the applications configured as `callers` reach: whoever calls them shows an
    /// assertion of this very request, its method, path, query and body, and that counts once. The handler finds the
    /// [`Caller`](crate::gate::Caller) among the request's extensions.
    ///
    /// The whole router is behind that layer, nested ones included. Its fallback does not come along, since a request that
    /// no route matches has nothing to protect it: what is not a route is answered 404.
    ///
    /// # Panics
    ///
    /// If a route is there already, one of the gateway's own included.
    pub fn with_routes(self, freshness: Freshness, routes: Router) -> Self {
        let access = Access::new(self.config.callers(), freshness);
        self.with_routes_for(access, routes)
    }

    /// As [`with_routes`](Self::with_routes), for the apps of applications that the routes name themselves. A name that is
    /// not configured lets nobody in.
    ///
    /// # Panics
    ///
    /// If a route is there already, one of the gateway's own included.
    pub fn with_routes_for(self, access: Access, routes: Router) -> Self {
        Self { routes: self.routes.protected(access, routes), ..self }
    }

    /// Whether there are session tokens.
    #[must_use]
    pub const fn has_tokens(&self) -> bool {
        self.config.tokens.is_some()
    }

    /// Adds routes that only devices of the applications configured as `callers` reach, with a session token. The handler finds the
    /// [`TokenHolder`](crate::token::TokenHolder) among the request's extensions. The request itself is not signed: whoever has the
    /// token can send another, as long as it lives.
    ///
    /// # Errors
    ///
    /// If the configuration has no session tokens.
    ///
    /// # Panics
    ///
    /// If a route is there already, one of the gateway's own included.
    pub fn with_token_routes(self, routes: Router) -> Result<Self, Mistakes> {
        let missing = || Mistakes(vec!["tokens: routes ask for session tokens, and there are none".to_owned()]);
        let header = &self.config.tokens.as_ref().ok_or_else(missing)?.header;
        let header = HeaderName::try_from(header.as_str()).map_err(|_| missing())?;
        let applications = self.config.callers();
        Ok(Self { routes: self.routes.admitted(header, applications, routes), ..self })
    }

    /// Adds routes that only clients with an API key reach: of the clients and for the scopes that `access` names. The handler finds the
    /// [`ApiKeyHolder`](crate::api_key::ApiKeyHolder) among the request's extensions. No device was attested.
    ///
    /// # Errors
    ///
    /// If the configuration has no API keys, `access` names no client or scope, or a client that is not configured.
    ///
    /// # Panics
    ///
    /// If a route is there already, one of the gateway's own included.
    pub fn with_api_key_routes(self, access: KeyAccess, routes: Router) -> Result<Self, Mistakes> {
        let (Some(keys), Some(settings)) = (&self.api_keys, &self.config.api_keys) else {
            return Err(Mistakes(vec!["api_keys: routes ask for API keys, and there are none".to_owned()]));
        };
        let mistakes = access.mistakes(&settings.terms());
        if !mistakes.is_empty() {
            return Err(Mistakes(mistakes));
        }
        Ok(Self { routes: self.routes.keyed(keys, access, routes), ..self })
    }

    /// Adds routes that anybody reaches, without an assertion. The limits on addresses and bodies hold for them too, and
    /// over plain HTTP they are as closed as all others.
    ///
    /// # Panics
    ///
    /// If a route is there already, one of the gateway's own included.
    pub fn with_open_routes(self, routes: Router) -> Self {
        Self { routes: self.routes.open(routes), ..self }
    }

    /// Adds paths to what `/openapi.json` describes: an object of the form of `paths` in `OpenAPI` 3.1.
    ///
    /// # Errors
    ///
    /// If the text is no JSON object.
    pub fn describe(self, paths: &str) -> serde_json::Result<Self> {
        Ok(Self { routes: self.routes.described(paths)?, ..self })
    }

    /// The certificate, to be read again while the server runs.
    #[must_use]
    pub fn certificate(&self) -> Option<Certificate> {
        self.certificate.clone()
    }

    /// The certificate of the operator's listener, likewise.
    #[must_use]
    pub fn operator_certificate(&self) -> Option<OperatorCertificate> {
        self.operator_certificate.clone()
    }

    /// Google's list of revoked attestation keys, to be asked for again while the server runs.
    #[must_use]
    pub fn revocations(&self) -> Option<Arc<Revocations>> {
        self.revocations.clone()
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
        let Self {
            config,
            certificate,
            operator_certificate,
            operator_access,
            gate,
            revocations,
            intake,
            api_keys,
            routes,
            app,
            operator,
        } = self;
        let limits = config.limits;
        let trusted_proxies = config.trusted_proxies.clone();
        let traces = gate.traces.clone();
        let operator_routes = http::operator(&gate, operator_access, &trusted_proxies);
        let origin = Arc::new(Origin {
            tls: certificate.is_some(),
            allow_plain_http: config.allow_plain_http,
            trusted_proxies: config.trusted_proxies,
            addresses: RateLimiter::per_minute(limits.address_per_minute),
        });
        let metrics = Arc::clone(&gate.metrics);
        let handles = [Handle::new(), Handle::new()];
        let [app_handle, operator_handle] = handles.clone();
        let stopped = async {
            stop.await;
            metrics.events.end();
            let grace = Duration::from_secs(limits.shutdown_seconds);
            for handle in handles {
                handle.graceful_shutdown(Some(grace));
            }
            Ok(())
        };
        let connections = Connections::new(limits.connections, limits.connections_per_address, trusted_proxies);
        let operator_connections = Connections::operator(OPERATOR_CONNECTIONS);
        let app_tls = certificate.map(|certificate| certificate.in_use);
        let operator_tls = operator_certificate.map(|certificate| certificate.in_use());
        let watching = tokio::spawn(watch(Arc::clone(&gate), intake, api_keys, WATCH));
        let forgetting = config.retention_days.map(|days| tokio::spawn(forget(Arc::clone(&gate), days, SWEEP)));
        let reminding = tokio::spawn(rehearsal::remind(Arc::clone(&gate), rehearsal::REMINDER));
        let renewing = revocations.map(|revocations| tokio::spawn(revocations.keep_renewing()));
        tokio::try_join!(
            run(app, routes.router(origin), app_tls, connections, app_handle),
            run(operator, operator_routes, operator_tls, operator_connections, operator_handle),
            async {
                let stopped = stopped.await;
                watching.abort();
                reminding.abort();
                for others in [forgetting, renewing].into_iter().flatten() {
                    others.abort();
                }
                stopped
            },
        )?;
        if let Some(traces) = traces {
            traces.flush().await;
        }
        Ok(())
    }
}

/// The system's clock.
#[must_use]
pub fn system_clock() -> Clock {
    Arc::new(|| SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.as_secs()))
}

fn open_store(config: &Config, metrics: &Metrics) -> Result<Arc<dyn Store>, Box<dyn std::error::Error>> {
    // A little before the request gives up, so that a connection that is half dead is noticed and replaced.
    let longest = config.applications.iter().map(crate::config::Application::timeout).max().unwrap_or_default();
    let answer = longest * 9 / 10;
    Ok(match &config.store {
        StoreChoice::Memory {} => Arc::new(MemoryStore::default()),
        StoreChoice::Redb { path } => Arc::new(RedbStore::open(path, metrics.commit.clone())?),
        StoreChoice::Redis(redis) => Arc::new(RedisStore::new(redis.settings()?, answer)),
        StoreChoice::Postgres { url, ca, .. } => Arc::new(PostgresStore::new(url, ca.as_deref(), answer)?),
    })
}

/// The gateway's own routes for apps, as far as they are configured.
fn own_routes(
    config: &Config,
    gate: &Arc<Gate>,
    intake: &Intake,
    api_keys: Option<&KeyIntake>,
) -> Result<AppRoutes, Box<dyn std::error::Error>> {
    let routes = AppRoutes::new(Arc::clone(gate), intake.clone());
    let routes = match &config.tokens {
        Some(_) => routes.tokens(config.callers())?,
        None => routes,
    };
    let has_clients = config.applications.iter().any(|application| application.oauth_client.is_some());
    let routes = if has_clients { routes.client_attestations(config.callers())? } else { routes };
    let routes = match &config.mediator {
        Some(settings) => {
            let mediator = Arc::new(Mediator::new(settings, Arc::clone(gate))?);
            let tokens = config.tokens.as_ref().filter(|_| settings.session_tokens);
            routes.mediator(mediator, tokens.map(|tokens| HeaderName::try_from(&*tokens.header)).transpose()?)?
        }
        None => routes,
    };
    let routes = routes.forward_auth(&config.trusted_proxies, ForwardRule::configured(config))?;
    match (api_keys, &config.api_keys) {
        (Some(keys), Some(settings)) => {
            let routes = routes.forward_api_keys(keys, &config.trusted_proxies, KeyRule::configured(config))?;
            let exchange = config.tokens.is_some();
            if exchange { Ok(routes.key_exchange(keys, settings.terms().clients)?) } else { Ok(routes) }
        }
        _ => Ok(routes),
    }
}

async fn open_revocations(
    config: &Config,
    metrics: &Arc<Metrics>,
) -> Result<Option<Arc<Revocations>>, Box<dyn std::error::Error>> {
    let Some(settings) = &config.revocations else { return Ok(None) };
    let revocations = Arc::new(settings.open(system_clock(), Arc::clone(metrics)).await?);
    metrics.add(revocations.counts())?;
    Ok(Some(revocations))
}

fn open_api_keys(
    config: &Config,
    gate: &Arc<Gate>,
    intake: &Intake,
) -> Result<Option<KeyIntake>, Box<dyn std::error::Error>> {
    let Some(settings) = &config.api_keys else { return Ok(None) };
    let keys = ApiKeys::new(config, Arc::clone(gate)).map_err(Mistakes)?;
    let header = HeaderName::try_from(settings.header.as_str())?;
    Ok(Some(KeyIntake::new(Arc::new(keys), intake.clone(), header)))
}

/// Asks the store again and again whether it is one to rely on, has it renew what is due, and reads the keys of users' tokens. A store that is not has then stopped
/// answering by itself.
async fn watch(gate: Arc<Gate>, intake: Intake, api_keys: Option<KeyIntake>, pause: Duration) {
    loop {
        tokio::time::sleep(pause).await;
        intake.renew();
        if let Some(keys) = &api_keys {
            keys.renew();
        }
        if let Err(unfit) = gate.store.check().await {
            tracing::error!("not ready: {unfit}");
        }
        // If the store cannot answer, the secrets stay as they are until it can.
        let _ = gate.challenges.renew((gate.clock)()).await;
        if let Some(tokens) = &gate.tokens {
            let _ = tokens.renew((gate.clock)()).await;
        }
    }
}

/// Has what is known of devices erased when it is old enough, again and again.
async fn forget(gate: Arc<Gate>, days: u32, pause: Duration) {
    loop {
        match gate.forget(days).await {
            Ok(0) => {}
            Ok(devices) => tracing::info!(devices, "erased, since nobody has vouched for them for so long"),
            Err(refusal) => tracing::warn!(reason = refusal.reason(), "devices that are old are not erased"),
        }
        tokio::time::sleep(pause).await;
    }
}
