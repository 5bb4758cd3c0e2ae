//! Whether a gateway that runs is ready: the question of a container's health check, where there is neither a shell nor curl.

mod pinned;

use std::{error::Error, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use self::pinned::Pinned;
use crate::config::{Config, Secret};

/// How long the gateway may take to answer: its store is asked too.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Asks `GET /ready` of the operator's listener that this configuration names. It shows the token of `GENUINE_GATEWAY_READY_TOKEN`, or
/// else `operator_token`: of the others' tokens the configuration has the hashes alone. With `operator_tls` it asks nobody but whoever
/// has that certificate and its key.
///
/// # Errors
///
/// If nobody answers there in time, or with anything but 200. No message holds the token.
pub async fn ready(config: &Config) -> Result<(), Box<dyn Error>> {
    let address = config.operator_listen;
    if address.port() == 0 {
        return Err("operator_listen: names no port, so that nobody knows where the gateway is".into());
    }
    let tls = config.operator_tls.as_ref();
    if tls.is_some_and(|tls| tls.clients.is_some()) {
        return Err("operator_tls.clients: the listener wants a client's certificate, which this has none of; ask GET /ready with curl, \
                    --cert and --key, or leave out clients and give GENUINE_GATEWAY_READY_TOKEN to this"
            .into());
    }
    let pinned = tls.map(Pinned::read).transpose()?.map(Arc::new);
    let scheme = if pinned.is_some() { "https" } else { "http" };
    let mut request = Request::get(format!("{scheme}://{address}/ready"));
    let token = config.ready_token.as_ref().or(config.operator_token.as_ref());
    if let Some(Secret(token)) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let client = Client::builder(TokioExecutor::new()).build::<_, Body>(connector(pinned.as_ref())?);
    let answer = tokio::time::timeout(TIMEOUT, client.request(request.body(Body::empty())?));
    let answer = answer.await.map_err(|_| format!("{address}: no answer in time"))?;
    let answer = answer.map_err(|_| match &pinned {
        Some(pinned) if pinned.was_another() => {
            format!(
                "{address}: has another certificate than operator_tls names; after a renewal the gateway takes SIGHUP"
            )
        }
        _ => format!("{address}: nobody answers there"),
    })?;
    match answer.status() {
        StatusCode::OK => Ok(()),
        StatusCode::UNAUTHORIZED if token.is_none() => {
            Err(format!("{address}: not ready: 401: a token is wanted, of GENUINE_GATEWAY_READY_TOKEN").into())
        }
        status => Err(format!("{address}: not ready: {status}").into()),
    }
}

/// Plain HTTP, or TLS with this certificate alone.
fn connector(pinned: Option<&Arc<Pinned>>) -> Result<HttpsConnector<HttpConnector>, rustls::Error> {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    let tls = Pinned::settings(pinned)?;
    let builder = HttpsConnectorBuilder::new().with_tls_config(tls);
    let builder = if pinned.is_some() { builder.https_only() } else { builder.https_or_http() };
    Ok(builder.enable_http1().wrap_connector(http))
}
