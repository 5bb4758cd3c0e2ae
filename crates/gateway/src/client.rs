//! What an app does, in the place of Swift and Kotlin: simulated devices that speak the server's interface.

mod authority;
mod handset;
mod phone;
mod proof;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use genuine_testvectors::Device;
use reqwest::{Client, Error, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

pub use self::{
    authority::{Authority, Scene},
    handset::Handset,
    phone::{Phone, identifier},
    proof::{Fresh, ProofKey, secret_text},
};
use crate::{
    challenge::Purpose,
    demo::CLIENT_DATA,
    gate::{SignedRequest, sha256},
};

/// An installation of the app on a simulated device.
pub struct App {
    /// Where the server is, without a slash at the end.
    pub server: String,
    /// The application's name.
    pub application: String,
    /// How the server is addressed, as it is configured there.
    pub authority: String,
    /// What the client shows as its session.
    pub session: String,
    /// The device, with its key.
    pub device: Device,
    /// The connection.
    pub http: Client,
}

/// What the server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The code, if it is a problem.
    pub code: Option<String>,
    /// The body.
    pub body: Value,
}

/// A request with its assertion, to be sent any number of times.
#[derive(Clone, Debug)]
pub struct SignedCall {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub target: String,
    /// The body.
    pub body: String,
    /// The header `Authorization`.
    pub authorization: String,
    /// The header `X-App-Attest-Client-Data`: what was signed, for a server that explains.
    pub client_data: String,
}

impl App {
    /// Asks for a challenge.
    ///
    /// # Errors
    ///
    /// If there is no answer.
    pub async fn challenge(&self, purpose: Purpose) -> Result<Answer, Error> {
        let body = json!({ "application": self.application, "purpose": purpose });
        self.send(self.http.post(format!("{}/challenges", self.server)).json(&body)).await
    }

    /// Registers with this challenge.
    ///
    /// # Errors
    ///
    /// If there is no answer.
    pub async fn register(&self, challenge: &str) -> Result<Answer, Error> {
        self.register_as(&self.registration(challenge)).await
    }

    /// Registers with this body.
    ///
    /// # Errors
    ///
    /// If there is no answer.
    pub async fn register_as(&self, registration: &Value) -> Result<Answer, Error> {
        self.send(self.http.post(format!("{}/devices", self.server)).json(registration)).await
    }

    /// What is sent to register: the attestation is over the hash of the challenge's text.
    #[must_use]
    pub fn registration(&self, challenge: &str) -> Value {
        let attestation = self.device.attest_hash(&sha256(challenge.as_bytes()));
        json!({
            "application": self.application,
            "key_id": BASE64_STANDARD.encode(attestation.key_id),
            "challenge": challenge,
            "attestation": BASE64_STANDARD.encode(attestation.object),
        })
    }

    /// Signs a request. The counter of the device rises.
    pub fn sign(&mut self, method: Method, target: &str, body: &str, challenge: Option<&str>) -> SignedCall {
        let signed =
            SignedRequest { method: method.as_str(), authority: &self.authority, target, body: body.as_bytes() };
        let client_data = signed.client_data(challenge);
        let assertion = self.device.assert_hash(&sha256(client_data.as_bytes())).object;
        let (key_id, assertion) = (BASE64_STANDARD.encode(self.device.key_id()), BASE64_STANDARD.encode(assertion));
        let challenge = challenge.map_or_else(String::new, |challenge| format!(", challenge=\"{challenge}\""));
        let authorization = format!("Attest key_id=\"{key_id}\", assertion=\"{assertion}\"{challenge}");
        let client_data = BASE64_STANDARD.encode(client_data);
        SignedCall { method, target: target.to_owned(), body: body.to_owned(), authorization, client_data }
    }

    /// Sends a signed request.
    ///
    /// # Errors
    ///
    /// If there is no answer.
    pub async fn call(&self, call: &SignedCall) -> Result<Answer, Error> {
        let request = self.http.request(call.method.clone(), format!("{}{}", self.server, call.target));
        let request = request.header("authorization", &call.authorization).header(CLIENT_DATA, &call.client_data);
        self.send(request.body(call.body.clone())).await
    }

    async fn send(&self, request: RequestBuilder) -> Result<Answer, Error> {
        answer(request.header("x-session", &self.session)).await
    }
}

/// What the server answers.
async fn answer(request: RequestBuilder) -> Result<Answer, Error> {
    let response = request.send().await?;
    let status = response.status();
    let body: Value = serde_json::from_slice(&response.bytes().await?).unwrap_or(Value::Null);
    let code = body["code"].as_str().map(str::to_owned);
    Ok(Answer { status, code, body })
}

impl Answer {
    /// The challenge of an answer that has one.
    #[must_use]
    pub fn challenge(&self) -> Option<&str> {
        self.body["challenge"].as_str()
    }
}
