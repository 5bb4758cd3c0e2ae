//! The decisions, without HTTP: challenges, registration, assertions.
//!
//! Each of them runs from cheap to expensive, and changes the store last: first the challenge is used, then the key registered or
//! its counter advanced. What is refused before that changes nothing.

mod token;

use std::{sync::Arc, time::Instant};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine::{
    Error, UnixTime,
    app_attest::{
        AdvanceError, Assertion, AttestationObject, AttestedKey, ClientDataHash, EitherKey, KeyId, ReplayWindow,
    },
    crypto::GenuineCrypto,
};
use sha2::{Digest as _, Sha256};

pub use self::token::{IssuedToken, TokenRequest};
pub use crate::config::Freshness;
use crate::{
    application::Application,
    challenge::{Binding, Challenges, Opened, Purpose, Session},
    config::Mode,
    limit::RateLimiter,
    metrics::Metrics,
    refusal::Refusal,
    store::{AdvanceFault, Device, Store, Unavailable},
    token::Tokens,
};

/// What time it is, in seconds since 1970.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Everything that a decision needs.
pub struct Gate {
    /// Who may register, by name.
    pub applications: Vec<Application>,
    /// Where devices are.
    pub store: Arc<dyn Store>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Session tokens, if there are any.
    pub tokens: Option<Tokens>,
    /// The time.
    pub clock: Clock,
    /// Challenges.
    pub challenges: Challenges,
    /// How apps address this service: a line of what they sign.
    pub authority: String,
    /// Whether a client is told which line of what it signed differs from what arrived: in the demonstration.
    pub explains: bool,
    /// How often a device may come.
    pub devices: Option<RateLimiter<KeyId>>,
}

/// What a client sends to register.
#[derive(Clone, Copy)]
pub struct Registration<'r> {
    /// The application's name.
    pub application: &'r str,
    /// The key identifier as `generateKey()` gave it.
    pub key_id: &'r str,
    /// The challenge, as it was issued.
    pub challenge: &'r str,
    /// The attestation object.
    pub attestation: &'r [u8],
    /// The session that asks.
    pub session: Session,
}

/// What a client sends beside a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresentedAssertion {
    /// The key that signed.
    pub key_id: KeyId,
    /// The assertion object.
    pub assertion: Vec<u8>,
    /// The challenge, as it was issued, if the request names one.
    pub challenge: Option<String>,
}

/// The request that an assertion is to be about, as it arrived.
#[derive(Clone, Copy)]
pub struct SignedRequest<'r> {
    /// The method, in capitals.
    pub method: &'r str,
    /// Host and port of the service, as it is configured: what the request says of that is the sender's word.
    pub authority: &'r str,
    /// Path and query.
    pub target: &'r str,
    /// The body.
    pub body: &'r [u8],
}

/// What an assertion is to be about where somebody else holds the body: its hash stands in its place.
#[derive(Clone, Copy)]
pub struct SignedHead<'r> {
    /// The method, in capitals.
    pub method: &'r str,
    /// Host and port of the service, as it is configured.
    pub authority: &'r str,
    /// Path and query.
    pub target: &'r str,
    /// The SHA-256 of the body. Whoever holds the body has to compare it.
    pub body: [u8; 32],
}

/// Who may use a route, and what makes a request to it count.
#[derive(Clone, Debug)]
pub struct Access {
    /// The names of the applications whose apps may: their policies are what the route relies on.
    pub applications: Vec<String>,
    /// What makes a request count once.
    pub freshness: Freshness,
}

/// Whoever presents an assertion, as far as that is known before anything is verified.
pub struct Identified<'p> {
    assertion: Assertion<'p>,
    challenge: Option<&'p str>,
    spend: Option<Opened>,
    device: Device,
}

/// Who sent a request: known from the attested key, and from nothing that the client says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The key, which stands for one installation of the app.
    pub key_id: KeyId,
    /// The application's name.
    pub application: String,
    /// The counter that was accepted.
    pub counter: u32,
}

/// The first line of an assertion's client data: which form the lines after it have.
pub const CLIENT_DATA_FORM: &str = "genuine-request-v1";

impl SignedRequest<'_> {
    /// The client data of this request's assertion: six lines, each ended by a line feed, of the form's name, the
    /// method, host and port, path and query, the SHA-256 of the body in hex, and the challenge or nothing.
    ///
    /// No line can hold a line feed: HTTP has none in method and target, and a challenge is base64.
    #[must_use]
    pub fn client_data(&self, challenge: Option<&str>) -> String {
        SignedHead::from(*self).client_data(challenge)
    }
}

impl<'r> From<SignedRequest<'r>> for SignedHead<'r> {
    fn from(SignedRequest { method, authority, target, body }: SignedRequest<'r>) -> Self {
        Self { method, authority, target, body: sha256(body) }
    }
}

impl SignedHead<'_> {
    /// The client data of an assertion of this request, as [`SignedRequest::client_data`] has them.
    #[must_use]
    pub fn client_data(&self, challenge: Option<&str>) -> String {
        let body = self.body.map(|octet| format!("{octet:02x}")).concat();
        let challenge = challenge.unwrap_or_default();
        format!("{CLIENT_DATA_FORM}\n{}\n{}\n{}\n{body}\n{challenge}\n", self.method, self.authority, self.target)
    }
}

/// SHA-256.
#[must_use]
pub fn sha256(data: &[u8]) -> [u8; 32] {
    Sha256::digest(data).into()
}

impl Gate {
    /// Issues a challenge, as text. It takes no room: nothing is stored before it is used.
    ///
    /// # Errors
    ///
    /// Why none was issued.
    pub async fn challenge(&self, application: &str, purpose: Purpose, session: Session) -> Result<String, Refusal> {
        let application = self.application(application)?;
        let binding = Binding { application: &application.name, session };
        let challenge = in_time(application, self.challenges.seal(purpose, binding, (self.clock)())).await??;
        self.metrics.challenges.inc();
        Ok(challenge)
    }

    /// Registers a device: its challenge was issued for this, its attestation verifies, and its key is new.
    ///
    /// A key is attested once, so that a client whose answer was lost has nothing to send but the same again. That finds
    /// the key registered, which is what it asked for; or, if the store failed half-way, the challenge spent by this key
    /// and nobody else, and goes on.
    ///
    /// # Errors
    ///
    /// Why it was not registered.
    pub async fn register(&self, registration: Registration<'_>) -> Result<(AttestedKey, &Application), Refusal> {
        let Registration { application, key_id, challenge, attestation, session } = registration;
        let application = self.application(application)?;
        let key_id = KeyId::from_base64(key_id)?;
        let object = AttestationObject::parse(attestation)?;
        if let Some(device) = self.ask(application, "device", self.store.device(key_id)).await?? {
            return Err(if device.revoked_at.is_some() { Refusal::KeyRevoked } else { Refusal::KeyAlreadyEnrolled });
        }
        let binding = Binding { application: &application.name, session };
        let opened = self.open(application, challenge, Purpose::Attestation, binding).await?;

        let now = (self.clock)();
        let client_data = sha256(challenge.as_bytes());
        let verified =
            application.attestations.verify(&object, &key_id, &ClientDataHash::from(&client_data), UnixTime(now))?;
        self.metrics.chains.inc();

        self.spend(application, opened, key_id).await?;
        let key = verified.key();
        let device = Device {
            key: key.to_bytes(),
            application: application.name.clone(),
            registered_at: now,
            window: ReplayWindow::ATTESTED,
            revoked_at: None,
        };
        let registered = self.ask(application, "register", self.store.register(key_id, &device)).await?;
        if !registered? {
            return Err(Refusal::KeyAlreadyEnrolled);
        }
        self.metrics.registrations.inc();
        Ok((key, application))
    }

    /// An app says that App Attest is unavailable: whether it may go on without.
    ///
    /// # Errors
    ///
    /// [`Refusal::AttestationRequired`] if the application requires it.
    pub fn unsupported(&self, application: &str) -> Result<&Application, Refusal> {
        let application = self.application(application)?;
        match application.mode {
            Mode::Off | Mode::Optional => Ok(application),
            Mode::Required => Err(Refusal::AttestationRequired),
        }
    }

    /// Finds out who presents an assertion, before the request's body is read: its key is registered, not revoked, of an
    /// application that the route is for, and the challenge, if there is one, was issued for this.
    ///
    /// # Errors
    ///
    /// Why the request is refused.
    pub async fn identify<'p>(
        &self,
        presented: &'p PresentedAssertion,
        session: Session,
        access: &Access,
    ) -> Result<Identified<'p>, Refusal> {
        let challenge = presented.challenge.as_deref();
        if access.freshness == Freshness::Challenge && challenge.is_none() {
            return Err(Refusal::ChallengeMissing);
        }
        let assertion = Assertion::parse(&presented.assertion)?;
        let start = Instant::now();
        let found = self.store.device(presented.key_id).await;
        self.observe("device", start);
        let device = found?.ok_or(Error::UnknownKey)?;
        if device.revoked_at.is_some() {
            return Err(Refusal::KeyRevoked);
        }
        if !access.applications.contains(&device.application) {
            return Err(Refusal::ApplicationRefused);
        }
        let application = self.application(&device.application)?;
        let spend = match challenge {
            Some(challenge) => {
                let binding = Binding { application: &application.name, session };
                Some(self.open(application, challenge, Purpose::Assertion, binding).await?)
            }
            None => None,
        };
        Ok(Identified { assertion, challenge, spend, device })
    }

    /// Checks the assertion of a request: the key signed this request, and it was neither accepted before nor, where a
    /// challenge is in it, signed before that was issued. The request is a [`SignedRequest`], or a [`SignedHead`] whose body
    /// somebody else compares.
    ///
    /// # Errors
    ///
    /// Why the request is refused.
    pub async fn check<'r>(
        &self,
        identified: Identified<'_>,
        request: impl Into<SignedHead<'r>>,
    ) -> Result<Caller, Refusal> {
        let request = request.into();
        let Identified { assertion, challenge, spend, device } = identified;
        let application = self.application(&device.application)?;
        let key = AttestedKey::from_trusted_bytes(&device.key, &GenuineCrypto)?;
        let client_data = sha256(request.client_data(challenge).as_bytes());
        let prepared = application.engine.keys.find(&key);
        let verify_with = prepared.as_deref().map_or(EitherKey::Plain(&key), EitherKey::Prepared);
        let authentic = application.assertions.verify(&assertion, &verify_with, &ClientDataHash::from(&client_data))?;

        // Most replays end here, by the record as it was read; the store decides, later and atomically. Said only of what the
        // key signed: before that, whoever knows a key identifier could find out the counter.
        let advance = authentic.advance();
        application.contract.decide(advance, device.window).map(drop).map_err(genuine::app_attest::Refusal::error)?;
        // Whom to limit is known only now: earlier, anybody could use up what a device may do.
        if let Some(devices) = &self.devices {
            devices.check(key.id(), Instant::now()).map_err(Refusal::DeviceLimit)?;
        }
        if let Some(spend) = spend {
            self.spend(application, spend, key.id()).await?;
        }
        let advance = async |key_id, advance| {
            let advanced = self.store.advance(key_id, advance, application.contract);
            let advanced = self.ask(application, "advance", advanced).await.map_err(AdvanceError::Store)?;
            advanced.map_err(|error| AdvanceError::Store(error.into()))
        };
        let verified = authentic.accept_with_async(advance).await.map_err(|error| match error {
            AdvanceError::Store(refusal) => refusal,
            error => error.error().into(),
        })?;
        self.metrics.assertions.inc();
        application.engine.keys.accepted(&key, &application.engine.crypto);
        Ok(Caller { key_id: verified.key_id(), application: device.application, counter: verified.counter().0 })
    }

    /// A device and its key, for the operator.
    ///
    /// # Errors
    ///
    /// [`Refusal::DeviceNotFound`], that its record is damaged, or that the store could not answer.
    pub async fn device(&self, key_id: KeyId) -> Result<(Device, AttestedKey), Refusal> {
        let device = self.store.device(key_id).await?.ok_or(Refusal::DeviceNotFound)?;
        let key = AttestedKey::from_trusted_bytes(&device.key, &GenuineCrypto)?;
        Ok((device, key))
    }

    /// Revokes a device, for the operator: its next request is refused.
    ///
    /// # Errors
    ///
    /// [`Refusal::DeviceNotFound`], or that the store could not answer.
    pub async fn revoke(&self, key_id: KeyId) -> Result<(), Refusal> {
        if !self.store.revoke(key_id, (self.clock)()).await? {
            return Err(Refusal::DeviceNotFound);
        }
        // The one place where the log names a device: whoever reads it has to know which.
        tracing::warn!(device = BASE64_URL_SAFE_NO_PAD.encode(key_id.0), "revoked");
        Ok(())
    }

    fn application(&self, name: &str) -> Result<&Application, Refusal> {
        self.applications.iter().find(|application| application.name == name).ok_or(Refusal::ApplicationUnknown)
    }

    async fn open(
        &self,
        application: &Application,
        challenge: &str,
        purpose: Purpose,
        binding: Binding<'_>,
    ) -> Result<Opened, Refusal> {
        in_time(application, self.challenges.open(challenge, purpose, binding, (self.clock)())).await?
    }

    async fn spend(&self, application: &Application, challenge: Opened, by: KeyId) -> Result<(), Refusal> {
        self.ask(application, "spend", self.challenges.spend(challenge, by, (self.clock)())).await?
    }

    /// Waits for one operation of the store as long as the application allows.
    async fn ask<T>(
        &self,
        application: &Application,
        operation: &str,
        answer: impl Future<Output = T>,
    ) -> Result<T, Refusal> {
        let start = Instant::now();
        let answer = in_time(application, answer).await;
        self.observe(operation, start);
        answer
    }

    fn observe(&self, operation: &str, start: Instant) {
        self.metrics.store.with_label_values(&[operation]).observe(start.elapsed().as_secs_f64());
    }
}

/// Waits as long as the application allows.
async fn in_time<T>(application: &Application, answer: impl Future<Output = T>) -> Result<T, Refusal> {
    tokio::time::timeout(application.timeout, answer).await.map_err(|_| Refusal::Timeout)
}

impl From<AdvanceError<AdvanceFault>> for Refusal {
    fn from(error: AdvanceError<AdvanceFault>) -> Self {
        match error {
            AdvanceError::Store(AdvanceFault::Revoked) => Self::KeyRevoked,
            AdvanceError::Store(AdvanceFault::Unavailable) => Self::StoreUnavailable,
            error => error.error().into(),
        }
    }
}

impl From<Unavailable> for Refusal {
    fn from(Unavailable: Unavailable) -> Self {
        Self::StoreUnavailable
    }
}
