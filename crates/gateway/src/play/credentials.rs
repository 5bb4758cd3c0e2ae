//! Who this service is to Google: a service account, and the access tokens that its key is good for (RFC 7523).

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use axum::http::{HeaderValue, StatusCode, Uri};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::{rand::SystemRandom, signature};
use rustls::pki_types::{PrivatePkcs8KeyDer, pem::PemObject as _};
use serde::Deserialize;
use serde_json::{from_slice, json};
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use super::{
    Clock, DecodeFault, ServerUrl,
    exchange::{Exchange, read},
};

/// What an access token is asked for.
const SCOPE: &str = "https://www.googleapis.com/auth/playintegrity";
/// What stands before the assertion in a request for an access token (RFC 7523 §2.1), form-encoded.
const GRANT: &str = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
/// How long an assertion is good for, in seconds: as long as Google allows.
const ASSERTION_LIFETIME: u64 = 3600;
/// How long before its end an access token is used no more, in seconds.
const RENEWAL: u64 = 60;
/// The largest answer with an access token, in octets.
const MAX_GRANT: usize = 16 << 10;

/// A service account of Google's: the file that the Google Cloud console gives for one.
pub struct ServiceAccount {
    email: String,
    token_uri: ServerUrl,
    /// The key's number, by which Google finds it.
    key_id: Option<String>,
    key: signature::RsaKeyPair,
}

/// What is read of the file.
#[derive(Deserialize)]
struct File {
    client_email: String,
    private_key: String,
    private_key_id: Option<String>,
    token_uri: String,
}

impl ServiceAccount {
    /// Reads a file: JSON with `client_email`, `private_key` and `token_uri`, and perhaps `private_key_id`.
    ///
    /// # Errors
    ///
    /// What is wrong with it, without a word of the file: it holds a secret.
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        let file: File = from_slice(json).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => {
                "this is no key of a service account, which has client_email, private_key and token_uri".to_owned()
            }
            _ => format!("this is no JSON: line {}, column {}", error.line(), error.column()),
        })?;
        let pem = Zeroizing::new(file.private_key);
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes())
            .map_err(|_| "private_key: this is no key of PKCS #8 in PEM")?;
        let key = signature::RsaKeyPair::from_pkcs8(der.secret_pkcs8_der())
            .map_err(|_| "private_key: this is no RSA key of 2048 to 4096 bits")?;
        let token_uri = ServerUrl::parse(&file.token_uri)
            .ok_or("token_uri: this is no https:// address, or http:// on this machine")?;
        if file.client_email.is_empty() {
            return Err("client_email: is empty".to_owned());
        }
        Ok(Self { email: file.client_email, token_uri, key_id: file.private_key_id, key })
    }

    /// Where access tokens come from.
    #[must_use]
    pub const fn token_uri(&self) -> &ServerUrl {
        &self.token_uri
    }

    /// The assertion that Google gives an access token for.
    fn assertion(&self, now: u64) -> Option<String> {
        let mut header = json!({ "alg": "RS256", "typ": "JWT" });
        if let (Some(key_id), Some(header)) = (&self.key_id, header.as_object_mut()) {
            header.insert("kid".to_owned(), key_id.clone().into());
        }
        let claims = json!({
            "iss": self.email,
            "scope": SCOPE,
            "aud": self.token_uri.to_string(),
            "iat": now,
            "exp": now.saturating_add(ASSERTION_LIFETIME),
        });
        let [header, claims] = [header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = format!("{header}.{claims}");
        let mut octets = vec![0; self.key.public().modulus_len()];
        self.key.sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut octets).ok()?;
        Some(format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(octets)))
    }
}

/// Without the key.
impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { email, token_uri, .. } = self;
        f.debug_struct("ServiceAccount").field("email", email).field("token_uri", token_uri).finish_non_exhaustive()
    }
}

/// An access token, ready to be sent.
#[derive(Clone)]
pub(super) struct Credential {
    /// `Bearer …`.
    pub(super) bearer: HeaderValue,
    /// Which one it is, so that the late refusal of an earlier one does not end it.
    number: u64,
    /// Until when it is used, in seconds since 1970.
    until: u64,
}

/// What Google answers (RFC 6749 §5.1).
#[derive(Deserialize)]
struct Grant {
    access_token: String,
    token_type: String,
    expires_in: u64,
}

/// Why Google gives none (RFC 6749 §5.2).
#[derive(Deserialize)]
struct Denial {
    error: String,
}

/// The access token in use.
pub(super) struct Credentials {
    account: ServiceAccount,
    clock: Clock,
    state: Mutex<State>,
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    current: Option<Credential>,
    /// How many there were.
    number: u64,
    /// How often none was given.
    failures: u64,
}

impl Credentials {
    pub(super) fn new(account: ServiceAccount, clock: Clock) -> Self {
        Self { account, clock, state: Mutex::default(), fetching: tokio::sync::Mutex::default() }
    }

    /// An access token. One request fetches it, and if it cannot, neither can those who wait.
    pub(super) async fn get(&self, exchange: &Exchange, deadline: Instant) -> Result<Credential, DecodeFault> {
        if let Some(current) = self.current() {
            return Ok(current);
        }
        let failures = self.state().failures;
        let _fetching = self.fetching.lock().await;
        if let Some(current) = self.current() {
            return Ok(current);
        }
        if self.state().failures != failures {
            return Err(DecodeFault::Unavailable);
        }
        let fetched =
            timeout_at(deadline, self.fetch(exchange)).await.unwrap_or_else(|_| Err("no answer in time".into()));
        let mut state = self.state();
        match fetched {
            Ok((bearer, until)) => {
                state.number += 1;
                let credential = Credential { bearer, number: state.number, until };
                state.current = Some(credential.clone());
                Ok(credential)
            }
            Err(reason) => {
                state.failures += 1;
                tracing::warn!("Play Integrity: Google gives no access token: {reason}");
                Err(DecodeFault::Unavailable)
            }
        }
    }

    /// Google did not take this one: the next request fetches another.
    pub(super) fn forget(&self, refused: &Credential) {
        let mut state = self.state();
        if state.number == refused.number {
            state.current = None;
        }
    }

    async fn fetch(&self, exchange: &Exchange) -> Result<(HeaderValue, u64), String> {
        let now = (self.clock)();
        let assertion = self.account.assertion(now).ok_or("the key signs nothing")?;
        let body = format!("{GRANT}{assertion}").into();
        let uri: &Uri = self.account.token_uri.uri();
        let answer = exchange.post(uri, "application/x-www-form-urlencoded", None, body).await;
        let answer = answer.map_err(|lost| lost.to_string())?;
        let status = answer.status();
        let body = read(answer, MAX_GRANT).await.map_err(|lost| lost.to_string())?;
        if status != StatusCode::OK {
            let word = from_slice(&body).map_or_else(|_| String::new(), |Denial { error }| error);
            let is_word = word.len() <= 64 && word.bytes().all(|octet| octet.is_ascii_lowercase() || octet == b'_');
            return Err(format!("{} {}", status.as_u16(), if is_word { &word } else { "" }));
        }
        let malformed = || "the answer is not of the form of RFC 6749".to_owned();
        let grant: Grant = from_slice(&body).map_err(|_| malformed())?;
        let is_bearer = grant.token_type.eq_ignore_ascii_case("Bearer");
        if !is_bearer || grant.access_token.is_empty() || !grant.access_token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(malformed());
        }
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", grant.access_token)).map_err(|_| malformed())?;
        bearer.set_sensitive(true);
        Ok((bearer, now.saturating_add(grant.expires_in.saturating_sub(RENEWAL))))
    }

    /// The one in use, unless it is about to expire.
    fn current(&self) -> Option<Credential> {
        let now = (self.clock)();
        self.state().current.clone().filter(|credential| now < credential.until)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
