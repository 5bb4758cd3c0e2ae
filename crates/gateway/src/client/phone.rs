//! What an app on Android does, in the place of Kotlin: a simulated phone, and what a simulated Google Play says of it.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine_testvectors::{json::Json, play::PlayApp};
use reqwest::{Client, Error, RequestBuilder};
use serde_json::{Value, json};

use super::{Answer, Fresh, ProofKey, answer};
use crate::{challenge::Purpose, gate::integrity_binding};

/// An installation of the app on a simulated phone.
pub struct Phone {
    /// Where the server is, without a slash at the end.
    pub server: String,
    /// The application's name.
    pub application: String,
    /// How the server is addressed, as it is configured there.
    pub authority: String,
    /// What the client shows as its session.
    pub session: String,
    /// The key of this installation.
    pub key: ProofKey,
    /// The app in the Play Console, with Google's keys.
    pub play: PlayApp,
    /// The connection.
    pub http: Client,
}

impl Phone {
    /// Asks for a challenge.
    ///
    /// # Errors
    ///
    /// If there is no answer.
    pub async fn challenge(&self, purpose: Purpose) -> Result<Answer, Error> {
        let body = json!({ "application": self.application, "purpose": purpose });
        self.send(self.http.post(format!("{}/challenges", self.server)).json(&body)).await
    }

    /// What Google Play says of a phone that is as it should be, which shows this challenge.
    #[must_use]
    pub fn verdict(&self, challenge: &str, now: u64) -> Json {
        self.play.classic(&integrity_binding(challenge, self.key.id()), now.saturating_mul(1000))
    }

    /// What is sent to register, with the token of what Google Play says.
    #[must_use]
    pub fn registration(&self, challenge: &str, verdict: &Json) -> Value {
        let token = self.play.token(verdict);
        json!({ "application": self.application, "challenge": challenge, "integrity_token": { "classic": token } })
    }

    /// Registers with this body, and the proof of its key.
    ///
    /// # Errors
    ///
    /// If there is no answer.
    pub async fn register_as(&self, registration: &Value, proof: &str) -> Result<Answer, Error> {
        let request = self.http.post(format!("{}/devices", self.server)).header("dpop", proof);
        self.send(request.json(registration)).await
    }

    /// Asks for a session token.
    ///
    /// # Errors
    ///
    /// If there is no answer.
    pub async fn token(&self, proof: &str) -> Result<Answer, Error> {
        self.send(self.http.post(format!("{}/tokens", self.server)).header("dpop", proof)).await
    }

    /// Gets what is at this path with a session token, which is bound to the key.
    ///
    /// # Errors
    ///
    /// If there is no answer.
    pub async fn get(&self, path: &str, token: &str, proof: &str) -> Result<Answer, Error> {
        let request = self.http.get(format!("{}{path}", self.server)).header("dpop", proof);
        self.send(request.header("authorization", format!("DPoP {token}"))).await
    }

    /// The proof for a `POST` to this path with this challenge; nothing if there is no randomness.
    #[must_use]
    pub fn proof(&self, path: &str, challenge: &str, now: u64) -> Option<String> {
        self.key.prove_with_challenge(&self.uri(path), challenge, Fresh { now, id: &identifier()? }).ok()
    }

    /// The proof for a `GET` of this path with this token; nothing if there is no randomness.
    #[must_use]
    pub fn token_proof(&self, path: &str, token: &str, now: u64) -> Option<String> {
        self.key.prove("GET", &self.uri(path), token, &identifier()?, now).ok()
    }

    fn uri(&self, path: &str) -> String {
        format!("https://{}{path}", self.authority)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Answer, Error> {
        answer(request.header("x-session", &self.session)).await
    }
}

/// An identifier that no other proof has; nothing if there is no randomness.
#[must_use]
pub fn identifier() -> Option<String> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).ok()?;
    Some(BASE64_URL_SAFE_NO_PAD.encode(random))
}
