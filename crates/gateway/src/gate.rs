//! The decisions, without HTTP: challenges, registration, assertions.
//!
//! Each of them runs from cheap to expensive, and changes the store last: first the challenge is used, then the key registered or
//! its counter advanced. What is refused before that changes nothing.

mod account;
mod api_key;
mod ask;
mod client_attestation;
mod inspect;
mod mediator;
mod operator;
mod passage;
mod proof;
mod register;
mod retention;
mod revocation;
mod token;

use std::{net::IpAddr, sync::Arc, time::Instant};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine::{
    Error,
    app_attest::{Advance, AdvanceError, Assertion, AttestedKey, ClientDataHash, EitherKey, KeyId},
    crypto::GenuineCrypto,
    session::mode::{ClientVersion, Mode, Outcome, Rollout, Upgrade},
};
use sha2::{Digest as _, Sha256};

use self::ask::in_time;
pub use self::{
    account::PAGE,
    api_key::{ApiKeys, IdentifiedKey, PresentedKey, RequestToken},
    inspect::{Explained, Inspectable, Inspected, InspectedKind, InspectedObject, InspectedRequest, Inspection, Unfit},
    operator::{Found, SEARCH_PAGE, Search, Standing},
    proof::ProvenKey,
    register::{DEVICE_FORM, Evidence, IntegrityToken, Registered, RegisteredDevice, Registration, integrity_binding},
    retention::SWEEP,
    token::{IssuedToken, TokenRequest},
};
pub use crate::clock::Clock;
pub use crate::config::Freshness;
use crate::{
    application::{Application, Terms},
    challenge::{Binding, Challenges, Opened, Purpose, Session},
    events::{self, Sighting},
    limit::RateLimiter,
    metrics::Metrics,
    platform::Platform,
    play::Decoder,
    pseudonym::Pseudonyms,
    refusal::Refusal,
    revocations::Revocations,
    store::{AccountHash, AdvanceFault, Change, Contract, Device, DeviceKey, Store, Unavailable},
    token::Tokens,
    traces::{self, Traces},
};

/// Everything that a decision needs.
pub struct Gate {
    /// Who may register, by name.
    pub applications: Vec<Application>,
    /// Where devices are.
    pub store: Arc<dyn Store>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What the log calls devices.
    pub pseudonyms: Pseudonyms,
    /// Traces of requests, if there are any.
    pub traces: Option<Traces>,
    /// Who decodes standard tokens of Play Integrity, if anybody does.
    pub decoder: Option<Arc<dyn Decoder>>,
    /// Google's list of revoked attestation keys, if anybody has said where it comes from.
    pub revocations: Option<Arc<Revocations>>,
    /// Session tokens, if there are any.
    pub tokens: Option<Tokens>,
    /// The time.
    pub clock: Clock,
    /// Challenges.
    pub challenges: Challenges,
    /// The epoch of the store: raised by the operator when what it holds is of an earlier time than what it acknowledged.
    pub epoch: u32,
    /// Who vouches for accounts, if anybody does.
    pub account_issuer: Option<String>,
    /// How apps address this service: a line of what they sign.
    pub authority: String,
    /// Whether a client is told which line of what it signed differs from what arrived: in the demonstration.
    pub explains: bool,
    /// How often an address may have a token decoded by somebody else, who counts.
    pub decodes: Option<RateLimiter<IpAddr>>,
    /// How often a device may come.
    pub devices: Option<RateLimiter<KeyId>>,
}

/// Whoever sends a request, by what is known of them beside what they sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// The session.
    pub session: Session,
    /// The account of the session, if it has one.
    pub account: Option<AccountHash>,
    /// The version that the client says it has.
    pub version: Option<ClientVersion>,
    /// Where it comes from, as far as that can be believed.
    pub address: Option<IpAddr>,
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
    /// What requests are counted under: the name of a proxy's rule, or one that a program gives to its routes.
    pub name: String,
    /// The names of the applications whose apps may: their policies are what the route relies on.
    pub applications: Vec<String>,
    /// What makes a request count once.
    pub freshness: Freshness,
    /// How much an assertion counts.
    pub mode: Mode,
    /// Whom `REQUIRED` has reached; for the others the route is `OPTIONAL`.
    pub rollout: Rollout,
    /// Whether a request has to be in the session of an account, as well.
    pub account: bool,
}

impl Access {
    /// For the apps of these applications: an assertion is required, of everybody.
    #[must_use]
    pub fn new(applications: Vec<String>, freshness: Freshness) -> Self {
        let name = "routes".to_owned();
        Self { name, applications, freshness, mode: Mode::Required, rollout: Rollout::ALL, account: false }
    }

    /// Counted under this name.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }

    /// In this mode, where it is `REQUIRED` for whom this roll-out has reached.
    #[must_use]
    pub fn in_mode(self, mode: Mode, rollout: Rollout) -> Self {
        Self { mode, rollout, ..self }
    }

    /// Whether a request is in the session of an account, where one is asked for: in every mode.
    ///
    /// # Errors
    ///
    /// [`Refusal::AccountMissing`].
    pub fn expect_account(&self, client: Client) -> Result<(), Refusal> {
        if self.account && client.account.is_none() { Err(Refusal::AccountMissing) } else { Ok(()) }
    }

    /// For requests in the session of an account only, which has to be the device's.
    #[must_use]
    pub fn with_account(self) -> Self {
        Self { account: true, ..self }
    }
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

    /// Finds out who presents an assertion, before the request's body is read: its key is registered, not revoked, of an
    /// application that the route is for, and the challenge, if there is one, was issued for this.
    ///
    /// # Errors
    ///
    /// Why the request is refused.
    pub async fn identify<'p>(
        &self,
        presented: &'p PresentedAssertion,
        client: Client,
        access: &Access,
    ) -> Result<Identified<'p>, Refusal> {
        access.expect_account(client)?;
        let challenge = presented.challenge.as_deref();
        if access.freshness == Freshness::Challenge && challenge.is_none() {
            return Err(Refusal::ChallengeMissing);
        }
        let assertion = Assertion::parse(&presented.assertion)?;
        let device = self.find(presented.key_id).await?;
        expect_open(&device)?;
        if !access.applications.contains(&device.application) {
            return Err(Refusal::ApplicationRefused);
        }
        expect_account(&device, client.account)?;
        // After a restored backup its last counter may be another one than the store knows.
        if device.epoch < self.epoch && challenge.is_none() {
            return Err(Refusal::ChallengeMissing);
        }
        let application = self.application(&device.application)?;
        let terms = application.terms(Platform::of_assertions(&device.key)).ok_or(Refusal::PlatformUnknown)?;
        expect_version(terms, client.version)?;
        if let DeviceKey::KeyAttestation(key) = &device.key {
            self.expect_unrevoked(application, key)?;
        }
        let spend = match challenge {
            Some(challenge) => {
                let binding = Binding { application: &application.name, session: client.session };
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
    /// A device whose own assertion fails for what the app shows is locked, where the mode in force is `REQUIRED`.
    ///
    /// # Errors
    ///
    /// Why the request is refused.
    pub async fn check<'r>(
        &self,
        identified: Identified<'_>,
        request: impl Into<SignedHead<'r>>,
        mode: Mode,
    ) -> Result<Caller, Refusal> {
        let request = request.into();
        let Identified { assertion, challenge, spend, device } = identified;
        let application = self.application(&device.application)?;
        let platform = Platform::of_assertions(&device.key);
        let [assertions, authorship] = application.assertions(platform).ok_or(Refusal::PlatformUnknown)?;
        let key = attested_key(&device)?;
        let client_data = sha256(request.client_data(challenge).as_bytes());
        let prepared = application.engine.keys.find(&key);
        let verify_with = prepared.as_deref().map_or(EitherKey::Plain(&key), EitherKey::Prepared);
        let hash = ClientDataHash::from(&client_data);
        let verified = traces::measured("verify", "assertion", || assertions.verify(&assertion, &verify_with, &hash));
        let authentic = match verified {
            Ok(authentic) => authentic,
            Err(error) => {
                let own = authorship.verify(&assertion, &verify_with, &hash);
                let failed = Outcome::of::<()>(&Err(error)) == Outcome::Failed;
                if let (Mode::Required, Ok(own), true) = (mode, own, failed) {
                    self.lock_author(application, own.advance(), key.id()).await?;
                }
                return Err(error.into());
            }
        };

        // Most replays end here, by the record as it was read; the store decides, later and atomically. Said only of what the
        // key signed: before that, whoever knows a key identifier could find out the counter.
        let advance = authentic.advance();
        let is_behind = device.epoch < self.epoch;
        let contract = if is_behind { Contract::Strict } else { application.contract };
        contract.decide(advance, device.window).map(drop).map_err(genuine::app_attest::Refusal::error)?;
        // Whom to limit is known only now: earlier, anybody could use up what a device may do.
        if let Some(devices) = &self.devices {
            devices.check(key.id(), Instant::now()).map_err(Refusal::DeviceLimit)?;
        }
        if let Some(spend) = spend {
            self.spend(application, spend, key.id()).await?;
        }
        let advance = async |key_id, advance| {
            let advanced = self.store.advance(key_id, advance, contract);
            let advanced = self.ask(application, "advance", advanced).await.map_err(AdvanceError::Store)?;
            advanced.map_err(|error| AdvanceError::Store(error.into()))
        };
        let verified = authentic.accept_with_async(advance).await.map_err(|error| match error {
            AdvanceError::Store(refusal) => refusal,
            error => error.error().into(),
        })?;
        if is_behind {
            let changed = self.store.change(key.id(), Change::Epoch(self.epoch));
            self.ask(application, "change", changed).await??;
        }
        self.metrics.assertions.inc();
        application.engine.keys.accepted(&key, &application.engine.crypto);
        Ok(Caller { key_id: verified.key_id(), application: device.application, counter: verified.counter().0 })
    }

    /// Locks a device that signed what is refused. It counts as a request: sent again by somebody else, it locks nothing.
    async fn lock_author(&self, application: &Application, advance: Advance, key: KeyId) -> Result<(), Refusal> {
        let advanced = self.store.advance(key, advance, application.contract);
        if self.ask(application, "advance", advanced).await?.is_ok() {
            self.lock(key).await?;
        }
        Ok(())
    }

    /// Locks a device, until it is attested again or the operator opens the lock.
    pub(super) async fn lock(&self, key: KeyId) -> Result<(), Refusal> {
        self.store.change(key, Change::Lock((self.clock)())).await?;
        self.metrics.locks.inc();
        events::note(Sighting::locked);
        tracing::warn!(key_id = BASE64_URL_SAFE_NO_PAD.encode(key.0), "locked");
        Ok(())
    }

    fn application(&self, name: &str) -> Result<&Application, Refusal> {
        let found = self.applications.iter().find(|application| application.name == name);
        found.ok_or(Refusal::ApplicationUnknown)?.in_force((self.clock)())
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
}

/// Whether requests of a device may pass: it was neither revoked nor locked.
pub(super) fn expect_open(device: &Device) -> Result<(), Refusal> {
    match device {
        Device { revoked_at: Some(_), .. } => Err(Refusal::KeyRevoked),
        Device { locked_at: Some(_), .. } => Err(Refusal::DeviceLocked),
        _ => Ok(()),
    }
}

/// A request that says an account says the device's: Eve's phone is of no use in Alice's session.
pub(super) fn expect_account(device: &Device, said: Option<AccountHash>) -> Result<(), Refusal> {
    match said {
        Some(account) if device.account != Some(account) => Err(Refusal::AccountMismatch),
        _ => Ok(()),
    }
}

/// A client that is not too old. It says so itself, which stops nobody who lies.
pub(super) fn expect_version(terms: &Terms, said: Option<ClientVersion>) -> Result<(), Refusal> {
    match terms.least_client.map(|least| least.supports(said)) {
        Some(Err(Upgrade { least })) => Err(Refusal::ClientOutdated(least)),
        _ => Ok(()),
    }
}

/// The key that Apple or a phone's hardware attested, if it is one.
fn attested_key(device: &Device) -> Result<AttestedKey, Refusal> {
    match &device.key {
        DeviceKey::AppAttest(key) => Ok(AttestedKey::from_trusted_bytes(&key[..], &GenuineCrypto)?),
        DeviceKey::KeyAttestation(key) => Ok(AttestedKey::from_trusted_bytes(&key.key, &GenuineCrypto)?),
        DeviceKey::PlayIntegrity(_) => Err(Error::UnknownKey.into()),
        DeviceKey::Erased => Err(Refusal::KeyRevoked),
    }
}

impl From<AdvanceError<AdvanceFault>> for Refusal {
    fn from(error: AdvanceError<AdvanceFault>) -> Self {
        match error {
            AdvanceError::Store(AdvanceFault::Revoked) => Self::KeyRevoked,
            AdvanceError::Store(AdvanceFault::Locked) => Self::DeviceLocked,
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
