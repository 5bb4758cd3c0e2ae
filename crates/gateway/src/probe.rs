//! Whether a gateway that runs is ready: the question of a container's health check, where there is neither a shell nor curl.

use std::{error::Error, time::Duration};

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};

use crate::config::{Config, Secret};

/// How long the gateway may take to answer: its store is asked too.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Asks `GET /ready` of the operator's listener that this configuration names, with `operator_token`: of the others' tokens it has
/// the hashes alone.
///
/// # Errors
///
/// If nobody answers there in time, or with anything but 200. No message holds the token.
pub async fn ready(config: &Config) -> Result<(), Box<dyn Error>> {
    let address = config.operator_listen;
    if address.port() == 0 {
        return Err("operator_listen: names no port, so that nobody knows where the gateway is".into());
    }
    if config.operator_tls.is_some() {
        return Err(
            "operator_tls: this asks over plain HTTP; ask GET /ready with curl, and show what an operator shows".into(),
        );
    }
    let mut request = Request::get(format!("http://{address}/ready"));
    if let Some(Secret(token)) = &config.operator_token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
    let answer = tokio::time::timeout(TIMEOUT, client.request(request.body(Body::empty())?));
    let answer = answer.await.map_err(|_| format!("{address}: no answer in time"))?;
    let answer = answer.map_err(|_| format!("{address}: nobody answers there"))?;
    match answer.status() {
        StatusCode::OK => Ok(()),
        status => Err(format!("{address}: not ready: {status}").into()),
    }
}
