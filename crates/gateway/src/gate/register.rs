//! Registration: the evidence of each platform, and what it means under the mode of the application.
//!
//! Evidence comes first, the mode after it: whatever the mode, a device is kept only if its platform vouches for it.

use std::{sync::Arc, time::Instant};

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use genuine::{
    Error, Step, UnixMillis, UnixTime,
    app_attest::{
        Assertion, AttestationObject, AttestedKey, ClientDataHash, Environment, KeyId, Refusal as CounterRefusal,
        ReplayWindow,
    },
    crypto::{GenuineCrypto, PublicKey},
    key_attestation::{BootState, VerifiedKeyAttestation},
    play_integrity::{AppRecognition, Binding as IntegrityBinding, Step as PlayStep, VerifiedIntegrity},
    session::mode::{Decision, Lock, Mode, Outcome, Status},
    x509::SubjectKey,
};
use tracing::Instrument as _;

use super::{Client, Gate, expect_open, expect_version, proof::ProvenKey, revocation::status, sha256};
use crate::{
    application::{AppAttest, Application, KeyAttestation, PlayIntegrity},
    challenge::{Binding, Purpose},
    events,
    limit::subscriber,
    platform::{Attested, Platform},
    play::DecodeFault,
    refusal::Refusal,
    store::{Change, ClientKey, Contract, Device, DeviceKey, HardwareKey},
    traces,
};

/// The first line of what a token of Play Integrity is bound to.
pub const DEVICE_FORM: &str = "genuine-device-v1";
/// Where devices register: a proof names it.
const DEVICES: &str = "/devices";

/// What a client sends to register.
#[derive(Clone, Copy)]
pub struct Registration<'r> {
    /// The application's name.
    pub application: &'r str,
    /// The challenge, as it was issued.
    pub challenge: &'r str,
    /// What the platform says.
    pub evidence: Evidence<'r>,
    /// Who asks.
    pub client: Client,
}

/// What a platform says of an app and its device.
#[derive(Clone, Copy)]
pub enum Evidence<'r> {
    /// Apple App Attest.
    AppAttest {
        /// The key identifier as `generateKey()` gave it.
        key_id: &'r str,
        /// The attestation object.
        attestation: &'r [u8],
    },
    /// Google Play Integrity, for a key of the client's own.
    PlayIntegrity {
        /// The proof that the client has its key (RFC 9449), with the challenge as its nonce.
        proof: &'r str,
        /// The token, which is bound to challenge and key: [`integrity_binding`].
        token: IntegrityToken<'r>,
    },
    /// Android key attestation.
    KeyAttestation {
        /// The certificates of the key, leaf first, in DER. Its challenge is the SHA-256 of the challenge's text.
        chain: &'r [&'r [u8]],
        /// The assertion over that hash, by which the app proves that it has the key: a chain is no secret.
        assertion: &'r [u8],
    },
}

/// A token of Play Integrity, by the kind of request that the app made.
#[derive(Clone, Copy)]
pub enum IntegrityToken<'r> {
    /// Of a classic request: its nonce is the binding.
    Classic(&'r str),
    /// Of a standard request: its request hash is the binding.
    Standard(&'r str),
}

/// What registering came to.
#[derive(Debug)]
pub struct Registered<'g> {
    /// The application.
    pub application: &'g Application,
    /// What the attestation came to.
    pub attested: Attested,
    /// The device, if it is registered now.
    pub device: Option<RegisteredDevice>,
}

/// A device that is registered now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisteredDevice {
    /// Its key.
    pub key_id: KeyId,
    /// Whose app it is of.
    pub environment: Environment,
    /// Whether it was not before.
    pub is_new: bool,
}

/// Why evidence was refused, and what is known of the device all the same.
struct Rejection {
    refusal: Refusal,
    /// The key that the client names or has.
    key_id: Option<KeyId>,
    /// Whether the device is registered, and its lock.
    known: Option<Lock>,
    /// Whether the platform's word is certainly on this device's own attempt.
    own: bool,
}

impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, key_id: None, known: None, own: false }
    }
}

impl From<Error> for Rejection {
    fn from(error: Error) -> Self {
        Refusal::from(error).into()
    }
}

/// What a token of Play Integrity is bound to: the SHA-256 of three lines, each ended by a line feed, of the form's name, the
/// challenge, and the key identifier in base64. A classic request has it as its nonce, a standard one as its request hash, both in
/// base64url without padding.
#[must_use]
pub fn integrity_binding(challenge: &str, key_id: KeyId) -> [u8; 32] {
    let key_id = BASE64_STANDARD.encode(key_id.0);
    sha256(format!("{DEVICE_FORM}\n{challenge}\n{key_id}\n").as_bytes())
}

impl Evidence<'_> {
    /// The platform.
    #[must_use]
    pub const fn platform(&self) -> Platform {
        match self {
            Self::AppAttest { .. } => Platform::AppAttest,
            Self::PlayIntegrity { .. } => Platform::PlayIntegrity,
            Self::KeyAttestation { .. } => Platform::KeyAttestation,
        }
    }
}

impl Gate {
    /// Registers a device: its challenge was issued for this, its platform vouches for it, and its key is new; or, with Play
    /// Integrity, attests a device once more.
    ///
    /// A key of App Attest or of key attestation is attested once, so that a client whose answer was lost has nothing to send but the same again. That finds
    /// the key registered, which is what it asked for; or, if the store failed half-way, the challenge spent by this key
    /// and nobody else, and goes on.
    ///
    /// Where the mode in force is not `REQUIRED`, what is refused registers nothing, and is no error.
    ///
    /// # Errors
    ///
    /// Why it was not registered.
    pub async fn register(&self, registration: Registration<'_>) -> Result<Registered<'_>, Refusal> {
        let application = self.application(registration.application)?;
        let platform = registration.evidence.platform();
        events::note(|sighting| sighting.is_of(&application.name, Some(platform)));
        let terms = application.terms(platform).ok_or(Refusal::PlatformUnknown)?;
        if terms.mode == Mode::Off {
            return Ok(self.unregistered(application, platform, Mode::Off, Status::NotPerformed));
        }
        let client = registration.client;
        let attempt = match expect_version(terms, client.version) {
            Ok(()) => self.attest(application, registration).await,
            Err(outdated) => Err(outdated.into()),
        };
        let Rejection { refusal, key_id, known, own } = match attempt {
            Ok(device) => {
                let mode = terms.mode_of(&application.name, &client.account.unwrap_or(device.key_id.0));
                self.name(device.key_id);
                events::note(|sighting| sighting.names(device.key_id));
                let registered = self.unregistered(application, platform, mode, Status::Verified);
                let (application, platform) = (&*application.name, platform.as_str());
                tracing::info!(application, platform, is_new = device.is_new, "registered");
                return Ok(Registered { device: Some(device), ..registered });
            }
            Err(rejection) => rejection,
        };
        if let Some(key_id) = key_id {
            self.name(key_id);
            if known.is_some() {
                events::note(|sighting| sighting.names(key_id));
            }
        }
        let outcome = refusal.outcome().ok_or(refusal)?;
        let identifier = client.account.or(key_id.map(|key_id| key_id.0)).unwrap_or(client.session);
        let mode = terms.mode_of(&application.name, &identifier);
        let ruling = mode.decide(outcome, known.unwrap_or(Lock::Open));
        let unregistered = self.unregistered(application, platform, mode, ruling.status);
        platform.log(mode, ruling.status.as_str(), refusal.reason());
        events::note(|sighting| sighting.passed_despite(refusal.reason()));
        match (ruling.decision, key_id) {
            (Decision::Allow | Decision::AllowAndAskAgain, _) => return Ok(unregistered),
            (Decision::RefuseAndLock, Some(key_id)) if own && known.is_some() => self.lock(key_id).await?,
            _ => {}
        }
        Err(refusal)
    }

    /// An app says that its platform has no attestation to offer: whether it may go on without.
    ///
    /// # Errors
    ///
    /// [`Refusal::AttestationRequired`] if the application requires it.
    pub fn unsupported(
        &self,
        application: &str,
        platform: Platform,
        client: Client,
    ) -> Result<Registered<'_>, Refusal> {
        let application = self.application(application)?;
        events::note(|sighting| sighting.is_of(&application.name, Some(platform)));
        let terms = application.terms(platform).ok_or(Refusal::PlatformUnknown)?;
        let mode = terms.mode_of(&application.name, &client.account.unwrap_or(client.session));
        let ruling = mode.decide(Outcome::NotSupported, Lock::Open);
        let unregistered = self.unregistered(application, platform, mode, ruling.status);
        if ruling.decision.allows() { Ok(unregistered) } else { Err(Refusal::AttestationRequired) }
    }

    /// Counts what an attestation came to.
    fn unregistered<'g>(
        &self,
        application: &'g Application,
        platform: Platform,
        mode: Mode,
        status: Status,
    ) -> Registered<'g> {
        self.metrics.attestation(platform, mode, status);
        let at = UnixMillis((self.clock)().saturating_mul(1000));
        Registered { application, attested: Attested { platform, status, at }, device: None }
    }

    async fn attest(
        &self,
        application: &Application,
        registration: Registration<'_>,
    ) -> Result<RegisteredDevice, Rejection> {
        match registration.evidence {
            Evidence::AppAttest { key_id, attestation } => {
                let app = application.app_attest.as_ref().ok_or(Refusal::PlatformUnknown)?;
                let key_id = KeyId::from_base64(key_id)?;
                let attested = self.attest_apple(application, app, registration, key_id, attestation).await;
                attested.map_err(|refusal| Rejection { key_id: Some(key_id), ..refusal.into() })
            }
            Evidence::PlayIntegrity { proof, token } => {
                let app = application.play_integrity.as_ref().ok_or(Refusal::PlatformUnknown)?;
                let ProvenKey { key_id, point, .. } = self.proven_key(proof, DEVICES, Some(registration.challenge))?;
                self.attest_google(application, app, registration, (key_id, point), token)
                    .await
                    .map_err(|rejection| Rejection { key_id: Some(key_id), ..rejection })
            }
            Evidence::KeyAttestation { chain, assertion } => {
                let app = application.key_attestation.as_ref().ok_or(Refusal::PlatformUnknown)?;
                let chain = genuine::key_attestation::KeyAttestation::parse(chain)?;
                let leaf = chain.certificates().next().map(genuine::x509::Certificate::key);
                let Some(SubjectKey::P256(point)) = leaf else { return Err(Error::AndroidLeafKey.into()) };
                let key_id = KeyId::of(&PublicKey(*point), &GenuineCrypto)?;
                let attested = self.attest_phone(application, app, registration, key_id, (&chain, assertion)).await;
                attested.map_err(|refusal| Rejection { key_id: Some(key_id), ..refusal.into() })
            }
        }
    }

    async fn attest_apple(
        &self,
        application: &Application,
        app: &AppAttest,
        registration: Registration<'_>,
        key_id: KeyId,
        attestation: &[u8],
    ) -> Result<RegisteredDevice, Refusal> {
        let Registration { challenge, client, .. } = registration;
        let object = AttestationObject::parse(attestation)?;
        self.expect_new(application, key_id).await?;
        let binding = Binding { application: &application.name, session: client.session };
        let opened = self.open(application, challenge, Purpose::Attestation, binding).await?;

        let now = (self.clock)();
        let client_data = sha256(challenge.as_bytes());
        let client_data = ClientDataHash::from(&client_data);
        let verify = || app.attestations.verify(&object, &key_id, &client_data, UnixTime(now));
        let verified = traces::measured("verify", "attestation", verify)?;
        self.metrics.chains.inc();

        self.spend(application, opened, key_id).await?;
        let key = verified.key();
        let key_of_record = DeviceKey::AppAttest(Box::new(key.to_bytes()));
        self.keep(application, client, key_id, Device::attested(key_of_record, &application.name, now)).await?;
        Ok(RegisteredDevice { key_id, environment: key.environment(), is_new: true })
    }

    /// Whether a key is not registered yet.
    async fn expect_new(&self, application: &Application, key_id: KeyId) -> Result<(), Refusal> {
        match self.ask(application, "device", self.store.device(key_id)).await?? {
            None => Ok(()),
            Some(Device { revoked_at: Some(_), .. }) => Err(Refusal::KeyRevoked),
            Some(Device { locked_at: Some(_), .. }) => Err(Refusal::DeviceLocked),
            Some(_) => Err(Refusal::KeyAlreadyEnrolled),
        }
    }

    async fn attest_phone(
        &self,
        application: &Application,
        app: &KeyAttestation,
        registration: Registration<'_>,
        key_id: KeyId,
        (chain, assertion): (&genuine::key_attestation::KeyAttestation<'_>, &[u8]),
    ) -> Result<RegisteredDevice, Refusal> {
        let Registration { challenge, client, .. } = registration;
        let possession = Assertion::parse(assertion).map_err(Refusal::Possession)?;
        self.expect_new(application, key_id).await?;
        let binding = Binding { application: &application.name, session: client.session };
        let opened = self.open(application, challenge, Purpose::Attestation, binding).await?;
        let list = self.revocations.as_ref().ok_or(Refusal::RevocationsTooOld)?.current();
        let list = list.map_err(|_| Refusal::RevocationsTooOld)?;

        let now = (self.clock)();
        let client_data = sha256(challenge.as_bytes());
        let revocation = |serial: &str| status(&list, serial);
        let verify = || app.attestations.verify(chain, &client_data, &revocation, UnixTime(now));
        let verified = traces::measured("verify", "attestation", verify)?;
        self.metrics.chains.inc();
        let key = verified.public_key().ok_or(Error::AndroidLeafKey)?;
        let key = AttestedKey::from_trusted_parts(&key, app.app_id, app.environment, &GenuineCrypto)?;
        // Whoever has seen the chain could send it; the key has signed this very challenge as well.
        let window = possessed(app, &key, &possession, &client_data).map_err(Refusal::Possession)?;

        self.spend(application, opened, key_id).await?;
        let key_of_record = DeviceKey::KeyAttestation(Box::new(hardware_key(&key, &verified)));
        let device = Device { window, ..Device::attested(key_of_record, &application.name, now) };
        self.keep(application, client, key_id, device).await?;
        Ok(RegisteredDevice { key_id, environment: key.environment(), is_new: true })
    }

    /// Keeps a new device.
    async fn keep(
        &self,
        application: &Application,
        client: Client,
        key_id: KeyId,
        device: Device,
    ) -> Result<(), Refusal> {
        let device = Device { account: client.account, epoch: self.epoch, ..device };
        let registered = self.ask(application, "register", self.store.register(key_id, &device)).await?;
        if !registered? {
            return Err(Refusal::KeyAlreadyEnrolled);
        }
        self.metrics.registrations.inc();
        Ok(())
    }

    async fn attest_google(
        &self,
        application: &Application,
        app: &PlayIntegrity,
        registration: Registration<'_>,
        (key_id, point): (KeyId, [u8; 65]),
        token: IntegrityToken<'_>,
    ) -> Result<RegisteredDevice, Rejection> {
        let Registration { challenge, client, .. } = registration;
        let known = self.ask(application, "device", self.store.device(key_id)).await.and_then(|found| Ok(found?))?;
        let lock = match &known {
            Some(Device { revoked_at: Some(_), .. }) => return Err(Refusal::KeyRevoked.into()),
            Some(device)
                if device.application != application.name
                    || Platform::of(&device.key) != Some(Platform::PlayIntegrity) =>
            {
                return Err(Refusal::KeyAlreadyEnrolled.into());
            }
            Some(device) if device.account != client.account => return Err(Refusal::AccountMismatch.into()),
            Some(Device { locked_at: Some(_), .. }) => Some(Lock::Locked),
            Some(_) => Some(Lock::Open),
            None => None,
        };
        let rejected = |refusal: Refusal, own| Rejection { refusal, key_id: Some(key_id), known: lock, own };
        let binding = Binding { application: &application.name, session: client.session };
        let opened = self.open(application, challenge, Purpose::Integrity, binding).await;
        let opened = opened.map_err(|refusal| rejected(refusal, false))?;

        // A token that Google has to decode costs one of a day's, so that its challenge is used first.
        let standard = matches!(token, IntegrityToken::Standard(_));
        if standard {
            if let (Some(decodes), Some(address)) = (&self.decodes, client.address) {
                decodes.check(subscriber(address), Instant::now()).map_err(Refusal::AddressLimit)?;
            }
            self.spend(application, opened, key_id).await.map_err(|refusal| rejected(refusal, false))?;
        }
        let (environment, attested_at) =
            match self.verify_integrity(app, token, &integrity_binding(challenge, key_id)).await {
                Ok(verified) => verified,
                Err(refusal) => {
                    // It counts as a use of the challenge: sent again by somebody else, it locks nothing.
                    let own = is_own(refusal) && (standard || self.spend(application, opened, key_id).await.is_ok());
                    return Err(rejected(refusal, own));
                }
            };
        // Whatever the operator's own keys say, its tokens say that it is no real device.
        let environment = application.rehearsal_end.map_or(environment, |_| Environment::Development);
        if !standard {
            self.spend(application, opened, key_id).await.map_err(|refusal| rejected(refusal, false))?;
        }
        if let Some(known) = &known {
            // A key is of one environment, as with App Attest.
            if known.key.environment() != Some(environment) {
                return Err(Refusal::KeyAlreadyEnrolled.into());
            }
            let changed = self.store.change(key_id, Change::Attest(attested_at));
            self.ask(application, "change", changed).await.and_then(|changed| Ok(changed?))?;
            // It may have been revoked or erased meanwhile, or locked after Google has vouched for it.
            let device =
                self.ask(application, "device", self.store.device(key_id)).await.and_then(|found| Ok(found?))?;
            expect_open(&device.ok_or(Error::UnknownKey)?)?;
        } else {
            let key = DeviceKey::PlayIntegrity(ClientKey { point, environment });
            let device = Device { attested_at, ..Device::attested(key, &application.name, (self.clock)()) };
            self.keep(application, client, key_id, device).await.map_err(|refusal| rejected(refusal, false))?;
        }
        Ok(RegisteredDevice { key_id, environment, is_new: known.is_none() })
    }

    /// What Google says of this token, which is bound to these octets, and when it said so.
    async fn verify_integrity(
        &self,
        app: &PlayIntegrity,
        token: IntegrityToken<'_>,
        binding: &[u8; 32],
    ) -> Result<(Environment, UnixMillis), Refusal> {
        let now = UnixMillis((self.clock)().saturating_mul(1000));
        match token {
            IntegrityToken::Classic(token) => {
                let tokens = app.classic.ok_or(Refusal::IntegrityRequest)?;
                let mut token = token.as_bytes().to_vec();
                let nonce = IntegrityBinding::nonce(binding)?;
                let verified = traces::measured("verify", "integrity", || tokens.verify(&mut token, nonce, now))?;
                Ok((environment(&verified), verified.timestamp()))
            }
            IntegrityToken::Standard(token) => {
                let answers = app.standard.ok_or(Refusal::IntegrityRequest)?;
                let decoder = self.decoder.as_ref().ok_or(Refusal::IntegrityRequest)?;
                let start = Instant::now();
                // To its end, whether or not the client waits for it: Google counts it.
                let (decoder, package, text) = (Arc::clone(decoder), app.package_name, token.to_owned());
                let decoding = async move { decoder.decode(package, &text).await };
                let decoding = tokio::spawn(decoding.in_current_span());
                let answer = traces::within("google", "decode", decoding).await;
                self.observe("decode", start);
                let answer = answer.unwrap_or(Err(DecodeFault::Unavailable)).map_err(|fault| match fault {
                    DecodeFault::Refused => Refusal::IntegrityToken,
                    DecodeFault::Quota => Refusal::DecoderQuota,
                    DecodeFault::Unavailable => Refusal::DecoderUnavailable,
                })?;
                let hash = BASE64_URL_SAFE_NO_PAD.encode(binding);
                let authentic = answers.trust_answer(&answer, token.as_bytes())?;
                let now = UnixMillis((self.clock)().saturating_mul(1000));
                let verified = authentic.accept(IntegrityBinding::request_hash(&hash)?, now)?;
                Ok((environment(&verified), verified.timestamp()))
            }
        }
    }
}

/// The window of a key that has signed for the first time: what it signed with its registration counts as used.
fn possessed(
    app: &KeyAttestation,
    key: &AttestedKey,
    possession: &Assertion<'_>,
    client_data: &[u8; 32],
) -> Result<ReplayWindow, Error> {
    let verify = || app.assertions.verify(possession, key, &ClientDataHash::from(client_data));
    let authentic = traces::measured("verify", "assertion", verify)?;
    Contract::Strict.decide(authentic.advance(), ReplayWindow::ATTESTED).map_err(CounterRefusal::error)
}

/// What is kept of a proof.
fn hardware_key(key: &AttestedKey, verified: &VerifiedKeyAttestation<'_>) -> HardwareKey {
    let said = verified.to_owned();
    HardwareKey {
        key: key.to_bytes(),
        security_level: said.security_level,
        provisioning: said.provisioning,
        boot_state: said.root_of_trust.map_or(BootState::Failed, |root| root.verified_boot_state),
        os_version: said.os_version,
        os_patch_level: said.os_patch_level,
        vendor_patch_level: said.vendor_patch_level,
        boot_patch_level: said.boot_patch_level,
        certificates_issued: said.certificates_issued,
        serials: said.serials().copied().collect(),
    }
}

/// An app as Google Play distributes it, or one under development.
fn environment(verified: &VerifiedIntegrity<'_>) -> Environment {
    let payload = verified.payload();
    match payload.app.recognition {
        Some(AppRecognition::PlayRecognized) if !payload.is_test_response => Environment::Production,
        _ => Environment::Development,
    }
}

/// Whether Google has said it of this very attempt: the token is genuine and bound to it, and what it says is refused.
fn is_own(refusal: Refusal) -> bool {
    let Refusal::Engine(error) = refusal else { return false };
    matches!(
        error.step(),
        Some(Step::PlayIntegrity(
            PlayStep::Testing | PlayStep::App | PlayStep::Device | PlayStep::Licensing | PlayStep::Signals
        ))
    )
}
