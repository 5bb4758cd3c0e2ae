//! Requests to other servers, Google's, OAuth providers' and the collector of traces: HTTP/1.1, over TLS unless the server is on this machine.

use std::{error::Error, fmt, iter, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{
        HeaderMap, HeaderValue, Method, Request, Response, Uri,
        header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
    },
};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};

/// How long a connection is kept for the next request: less than Google keeps it.
const IDLE: Duration = Duration::from_secs(60);
/// How many connections are kept.
const IDLE_CONNECTIONS: usize = 16;

/// The connections to a server. No redirection is followed, and nothing is sent twice that may have arrived.
pub(crate) struct Exchange {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// Why there is no answer, or not all of one. What is told holds nothing of the request.
pub(crate) struct Lost(Box<dyn Error + Send + Sync>);

impl Exchange {
    /// Connections to servers whose certificates one of these authorities signed. To make one takes no longer than `connect`.
    pub(crate) fn new(roots: RootCertStore, connect: Duration) -> Result<Self, rustls::Error> {
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(connect));
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .build(connector);
        Ok(Self { client })
    }

    /// Sends a request, and takes the head of the answer.
    pub(crate) async fn post(
        &self,
        uri: &Uri,
        media_type: &'static str,
        authorization: Option<&HeaderValue>,
        body: Bytes,
    ) -> Result<Response<Body>, Lost> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri.clone();
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(authorization) = authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        Ok(self.client.request(request).await.map_err(|error| Lost(error.into()))?.map(Body::new))
    }

    /// Asks for what is there, under these conditions, and takes the head of the answer.
    pub(crate) async fn get(&self, uri: &Uri, conditions: HeaderMap) -> Result<Response<Body>, Lost> {
        let mut request = Request::new(Full::new(Bytes::new()));
        *request.uri_mut() = uri.clone();
        *request.headers_mut() = conditions;
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        Ok(self.client.request(request).await.map_err(|error| Lost(error.into()))?.map(Body::new))
    }
}

/// The body of an answer, if it has no more than so many octets.
pub(crate) async fn read(answer: Response<Body>, limit: usize) -> Result<Bytes, Lost> {
    Ok(Limited::new(answer.into_body(), limit).collect().await.map_err(Lost)?.to_bytes())
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first: &dyn Error = self.0.as_ref();
        write!(f, "{first}")?;
        let mut causes = iter::successors(first.source(), |cause| (*cause).source());
        causes.try_for_each(|cause| write!(f, ": {cause}"))
    }
}
