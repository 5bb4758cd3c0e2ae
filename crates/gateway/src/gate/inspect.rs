//! The inspector: an object or a token, held against what this gateway knows, step by step. It reads the store, and changes nothing.

use std::sync::Arc;

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use genuine::{UnixMillis, UnixTime, app_attest::KeyId};
use genuine_explain::{
    Anchors, CallerSide, CertificateChain, ClientData, Explanation, Facts, Input, KeyAttestationExplanation,
    KeyAttestationRoots, KeyAttestationSide, KeyAttestationVector, Kind, LastCounter, Object, Outcome, PlayBinding,
    Secret, SessionKeys, SessionSide, StoredKey, Token, TokenExplanation, TokenForm, TokenKind, TokenSide, TokenVector,
    Vector, explain, explain_key_attestation, explain_token, unix_millis,
};
use serde::{Deserialize, Serialize};

use super::{Gate, SignedRequest, integrity_binding, sha256};
use crate::{
    application::Application,
    inspect::{anchors, play_side, requirements},
    refusal::Refusal,
    store::{Contract, Device, DeviceKey},
};

/// How many vectors of a group are explained.
const GROUP: usize = 32;
/// The type of the attestations that OAuth clients get (draft-ietf-oauth-attestation-based-client-auth).
const CLIENT_ATTESTATION: &str = "oauth-client-attestation+jwt";

/// What is to be explained, and what is known of it beside what the gateway knows.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inspection {
    /// An object in base64 or hexadecimal digits, a token, or a JSON vector.
    pub text: String,
    /// What it is to be; what it seems to be, unless it is told.
    pub kind: Option<InspectedKind>,
    /// The name of the application that it is to be of; the one that fits, unless it is told.
    pub application: Option<String>,
    /// The key identifier, in base64.
    pub key_id: Option<String>,
    /// The challenge, as it was issued.
    pub challenge: Option<String>,
    /// The request that an assertion is to be about.
    pub request: Option<InspectedRequest>,
    /// What an object is to be about, in the place of a challenge or a request.
    pub client_data: Option<String>,
    /// The time of verification, RFC 3339; now, unless it is told.
    pub at: Option<String>,
}

/// What an object or a token is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InspectedKind {
    /// An attestation of App Attest.
    Attestation,
    /// An assertion of App Attest.
    Assertion,
    /// A token of Play Integrity.
    PlayToken,
    /// What Google's server says of one.
    PlayPayload,
    /// A JSON Web Token.
    Jwt,
}

/// A request, as it was signed.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InspectedRequest {
    /// The method, in capitals.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The body.
    #[serde(default)]
    pub body: String,
}

/// Which applications there are to hold an object against.
#[derive(Serialize)]
pub struct Inspectable<'g> {
    applications: Vec<InspectableApplication<'g>>,
    authority: &'g str,
    is_demonstration: bool,
}

#[derive(Serialize)]
struct InspectableApplication<'g> {
    name: &'g str,
    app_ids: &'g [String],
    package: Option<&'g str>,
}

/// What was found.
#[derive(Serialize)]
pub struct Inspected {
    /// Each object: of a group of vectors there are several.
    pub objects: Vec<InspectedObject>,
    /// How many more vectors the group has, which were not looked at.
    pub left_out: usize,
}

/// One object or token, explained.
#[derive(Serialize)]
pub struct InspectedObject {
    /// The id of a vector.
    pub id: Option<String>,
    /// What a vector says of itself.
    pub description: Option<String>,
    /// The application that it was held against; none for a vector, which tells itself what to hold it against.
    pub application: Option<String>,
    /// The App ID of that.
    pub app_id: Option<String>,
    /// Whether the store has the device that was named; none if none was.
    pub is_registered: Option<bool>,
    /// The verdict that a vector expects, and whether it was met.
    pub expected: Option<(String, bool)>,
    /// The explanation.
    pub explanation: Explained,
}

/// What `genuine-explain` says.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Explained {
    /// Of an object of App Attest.
    Object(Box<Explanation>),
    /// Of an Android key attestation.
    Chain(Box<KeyAttestationExplanation>),
    /// Of a token.
    Token(Box<TokenExplanation>),
}

/// Why nothing was explained, in words.
#[derive(Debug)]
pub struct Unfit {
    /// The refusal.
    pub refusal: Refusal,
    /// What to mend.
    pub detail: String,
}

/// Everything that was told, and what the gateway knows of it.
struct Known {
    asked: Inspection,
    now: UnixMillis,
    /// The device that was named, if the store has it.
    device: Option<Device>,
    /// What session tokens are held against.
    session: SessionSide,
}

/// What a token's header says of itself: nothing, if it cannot be read.
#[derive(Default)]
struct TokenHeader {
    key_id: Option<String>,
    kind: Option<String>,
}

/// The header of a token; `None` of anything else.
fn token_header(input: &Input) -> Option<TokenHeader> {
    let Input::Token(token) = input else { return None };
    let unheld = explain_token(token, Some(TokenKind::Jwt), &TokenSide::default(), UnixMillis(0));
    Some(
        unheld
            .header
            .map_or_else(TokenHeader::default, |header| TokenHeader { key_id: header.key_id, kind: header.kind }),
    )
}

/// Does this where it keeps no request waiting.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T, Unfit> + Send + 'static) -> Result<T, Unfit> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Unfit::from(Refusal::Internal))?
}

impl Gate {
    /// Which applications there are to hold an object against.
    #[must_use]
    pub fn inspectable(&self) -> Inspectable<'_> {
        let applications = self.applications.iter().map(|application| InspectableApplication {
            name: &application.name,
            app_ids: &application.settings.app_ids,
            package: application.settings.play.as_ref().map(|play| &*play.package_name),
        });
        Inspectable {
            applications: applications.collect(),
            authority: &self.authority,
            is_demonstration: self.explains,
        }
    }

    /// Explains an object or a token, step by step.
    ///
    /// # Errors
    ///
    /// What is wrong with the question, or that the store could not answer.
    pub async fn inspect(self: &Arc<Self>, asked: Inspection) -> Result<Inspected, Unfit> {
        // Reading and explaining take the processor for longer than a request may wait for others.
        let (input, header, asked) = apart(move || {
            let read = Input::read(asked.text.as_bytes());
            let input = read.map_err(|unreadable| Unfit::new(Refusal::ObjectUnreadable, &unreadable.to_string()))?;
            let header = token_header(&input);
            Ok((input, header, asked))
        })
        .await?;
        let malformed = |detail| Unfit::new(Refusal::RequestMalformed, detail);
        if let Some(name) = &asked.application {
            self.application(name).map_err(|_| malformed("application: there is none of this name"))?;
        }
        let now = match &asked.at {
            Some(at) => unix_millis(at).ok_or_else(|| malformed("at: a time since 1970 as RFC 3339 has it"))?,
            None => UnixMillis((self.clock)().saturating_mul(1000)),
        };
        let key_id = asked.key_id.as_deref().map(KeyId::from_base64).transpose();
        let key_id = key_id.map_err(|_| malformed("key_id: base64 of 32 octets"))?;
        let device = match key_id {
            Some(key_id) => self.store.device(key_id).await.map_err(Refusal::from)?,
            None => None,
        };
        let session = self.session_side(header.as_ref()).await?;
        let (gate, known) = (Arc::clone(self), Known { asked, now, device, session });
        apart(move || gate.explained(&known, input)).await
    }

    /// What tokens of this gateway's are held against: by the key that they name, in whatever way they name it.
    async fn session_side(&self, header: Option<&TokenHeader>) -> Result<SessionSide, Unfit> {
        let (Some(header), Some(tokens)) = (header, &self.tokens) else { return Ok(SessionSide::default()) };
        let named = header.key_id.as_deref();
        let keys = if let Some(secret) = tokens.secret_of(named) {
            SessionKeys::Secret(Secret::new(BASE64_STANDARD.encode(secret.octets())))
        } else {
            let keys = tokens.public_keys((self.clock)()).await?;
            SessionKeys::read_jwks(&keys).map_err(|_| Refusal::Internal)?
        };
        let side = SessionSide { keys: Some(keys), ..SessionSide::default() };
        let kind = header.kind.as_deref().unwrap_or_default();
        if kind.eq_ignore_ascii_case(CLIENT_ATTESTATION) {
            return Ok(side);
        }
        let (issuer, audience) = tokens.parties();
        Ok(SessionSide { issuer: Some(issuer.to_owned()), audience: Some(audience.to_owned()), ..side })
    }

    fn explained(&self, known: &Known, input: Input) -> Result<Inspected, Unfit> {
        // What leads to none of the applications is held against the root of those that are no rehearsals.
        let real = self.applications.iter().find(|application| application.rehearsal_end.is_none());
        let told = known.asked.application.as_deref().and_then(|name| self.application(name).ok());
        let anchors = anchors(told.or(real)).map_err(|_| Refusal::Internal)?;
        let (objects, left_out) = match input {
            Input::Object(object) => (vec![self.object(known, &object, &anchors)?], 0),
            Input::Token(token) => (vec![self.token(known, &token)], 0),
            Input::Chain(chain) => (vec![key_attestation(known, &chain)], 0),
            Input::ChainVector(vector) => (vec![chain_vector(known, *vector)], 0),
            Input::ChainGroup(vectors) => {
                let left_out = vectors.len().saturating_sub(GROUP);
                let vectors = vectors.into_iter().take(GROUP);
                (vectors.map(|vector| chain_vector(known, vector)).collect(), left_out)
            }
            Input::Vector(vector) => (vec![self.vector(known, *vector, &anchors)], 0),
            Input::Group(vectors) => {
                let left_out = vectors.len().saturating_sub(GROUP);
                let vectors = vectors.into_iter().take(GROUP);
                (vectors.map(|vector| self.vector(known, vector, &anchors)).collect(), left_out)
            }
            Input::TokenVector(vector) => (vec![token_vector(known, *vector)], 0),
            Input::TokenGroup(vectors) => {
                let left_out = vectors.len().saturating_sub(GROUP);
                let vectors = vectors.into_iter().take(GROUP);
                (vectors.map(|vector| token_vector(known, vector)).collect(), left_out)
            }
        };
        Ok(Inspected { objects, left_out })
    }

    /// An object is of the application that accepts it, where several have its App ID.
    fn object(&self, known: &Known, object: &Object, unfitting: &Anchors) -> Result<InspectedObject, Unfit> {
        let (asked, now) = (&known.asked, UnixTime(known.now.0 / 1000));
        let kind = match asked.kind {
            Some(InspectedKind::Attestation) => Some(Kind::Attestation),
            Some(InspectedKind::Assertion) => Some(Kind::Assertion),
            _ => None,
        };
        // Once by itself, to see what it is and for whom it says that it is.
        let unheld = explain(object, kind, &CallerSide::default(), unfitting, now);
        let mut first = None;
        for fitting in self.fitting(known, unheld.facts.as_ref()) {
            let anchors = anchors(Some(fitting.0)).map_err(|_| Refusal::Internal)?;
            let (side, explanation) = self.held(known, (object, kind, unheld.kind), Some(fitting), &anchors);
            let is_accepted = explanation.verdict.verdict == Outcome::Accepted;
            let held = known.inspected(Some(fitting), side, explanation);
            if is_accepted {
                return Ok(held);
            }
            first.get_or_insert(held);
        }
        Ok(first.unwrap_or_else(|| {
            let (side, explanation) = self.held(known, (object, kind, unheld.kind), None, unfitting);
            known.inspected(None, side, explanation)
        }))
    }

    /// An object, held against one of an application's App IDs.
    fn held(
        &self,
        known: &Known,
        (object, told, kind): (&Object, Option<Kind>, Kind),
        fitting: Option<(&Application, &str)>,
        anchors: &Anchors,
    ) -> (CallerSide, Explanation) {
        let (asked, now) = (&known.asked, UnixTime(known.now.0 / 1000));
        let side = CallerSide {
            app_id: fitting.map(|(_, app_id)| app_id.to_owned()),
            key_id: asked.key_id.clone(),
            client_data: self.client_data(asked, kind).map(|data| ClientData::of_data(data.into_bytes())),
            requirements: fitting.map(|(application, _)| requirements(&application.settings)).unwrap_or_default(),
            at: Some(now),
            ..CallerSide::default()
        };
        let side = match kind {
            Kind::Attestation => side,
            Kind::Assertion => CallerSide { public_key: known.public_key(), last_counter: self.counter(known), ..side },
        };
        let explanation = explain(object, told, &side, anchors, now);
        (side, explanation)
    }

    /// The applications and App IDs that an object may be held against: of the application that was told, or of the device's, or of
    /// all, those whose hash it has, or else the first one where there is no choice.
    fn fitting(&self, known: &Known, facts: Option<&Facts>) -> Vec<(&Application, &str)> {
        let told = known.asked.application.as_deref().or(known.device.as_ref().map(|device| &*device.application));
        let applications =
            self.applications.iter().filter(|application| told.is_none_or(|told| told == application.name));
        let choices: Vec<(&Application, &str)> = applications
            .flat_map(|application| application.settings.app_ids.iter().map(move |app_id| (application, &**app_id)))
            .collect();
        let hash = |app_id: &str| sha256(app_id.as_bytes()).map(|octet| format!("{octet:02x}")).concat();
        let is_of =
            |(_, app_id): &(&Application, &str)| facts.is_some_and(|facts| facts.rp_id_hash_hex == hash(app_id));
        let fitting: Vec<_> = choices.iter().copied().filter(is_of).collect();
        if fitting.is_empty() && (told.is_some() || choices.len() == 1) {
            return choices.first().copied().into_iter().collect();
        }
        fitting
    }

    /// What an object is to be about: an attestation about a challenge, an assertion about a request.
    fn client_data(&self, asked: &Inspection, kind: Kind) -> Option<String> {
        let challenge = asked.challenge.as_deref();
        let of_request = |request: &InspectedRequest| {
            let InspectedRequest { method, target, body } = request;
            SignedRequest { method, authority: &self.authority, target, body: body.as_bytes() }.client_data(challenge)
        };
        asked.client_data.clone().or_else(|| match kind {
            Kind::Attestation => challenge.map(str::to_owned),
            Kind::Assertion => asked.request.as_ref().map(of_request),
        })
    }

    /// What the store knows of the named device's counter.
    fn counter(&self, known: &Known) -> Option<LastCounter> {
        known.asked.key_id.as_ref()?;
        let Some(device) = &known.device else { return Some(LastCounter::UnknownKey) };
        let contract = self.application(&device.application).map(|application| application.contract);
        Some(match contract.unwrap_or_default() {
            Contract::Strict => LastCounter::Is(device.window.highest()),
            Contract::Window => LastCounter::Window(device.window.to_bytes().to_vec()),
        })
    }

    /// A vector tells itself what to hold it against; what it leaves open is the application's, if one was told.
    fn vector(&self, known: &Known, vector: Vector, anchors: &Anchors) -> InspectedObject {
        let told = known.asked.application.as_deref().and_then(|name| self.application(name).ok());
        let side = match told {
            Some(application) => vector.side.or(CallerSide {
                app_id: application.settings.app_ids.first().cloned(),
                requirements: requirements(&application.settings),
                ..CallerSide::default()
            }),
            None => vector.side,
        };
        let explanation = explain(&vector.object, Some(vector.kind), &side, anchors, UnixTime(known.now.0 / 1000));
        let expected = (vector.expected.to_string(), vector.expected.is_met_by(&explanation.verdict));
        InspectedObject {
            id: vector.id,
            description: vector.description,
            application: told.map(|application| application.name.clone()),
            app_id: side.app_id,
            expected: Some(expected),
            ..InspectedObject::of(Explained::Object(Box::new(explanation)))
        }
    }

    fn token(&self, known: &Known, token: &Token) -> InspectedObject {
        let kind = match (known.asked.kind, token.form) {
            (Some(InspectedKind::Jwt), _) => TokenKind::Jwt,
            (Some(InspectedKind::PlayToken), _) => TokenKind::PlayToken,
            (Some(InspectedKind::PlayPayload), _) | (_, TokenForm::Payload) => TokenKind::PlayPayload,
            // The tokens of Play Integrity have two segments more than others.
            _ if token.text.split(|octet| *octet == b'.').count() == 3 => TokenKind::Jwt,
            _ => TokenKind::PlayToken,
        };
        if kind == TokenKind::Jwt {
            let side = TokenSide { session: known.session.clone(), ..TokenSide::default() };
            let explanation = explain_token(token, Some(kind), &side, known.now);
            return InspectedObject::of(Explained::Token(Box::new(explanation)));
        }
        let told = known.asked.application.as_deref();
        let applications =
            self.applications.iter().filter(|application| told.is_none_or(|told| told == application.name));
        let binding = known.binding(kind, &token.text);
        let explained = applications.filter_map(|application| {
            let play = play_side(application.settings.play.as_ref()?, application.rehearsal_end.is_some());
            let side = genuine_explain::PlaySide { binding: binding.clone(), at: Some(known.now), ..play };
            let side = TokenSide { play: side, ..TokenSide::default() };
            Some((Some(application.name.clone()), explain_token(token, Some(kind), &side, known.now)))
        });
        // Each application has keys of its own: the token is of the one whose keys open it.
        let best = explained.max_by_key(|(_, explanation)| {
            (explanation.verdict.verdict == Outcome::Accepted, explanation.inner_header.is_some())
        });
        let (application, explanation) =
            best.unwrap_or_else(|| (None, explain_token(token, Some(kind), &TokenSide::default(), known.now)));
        InspectedObject {
            application,
            is_registered: known.is_registered(),
            ..InspectedObject::of(Explained::Token(Box::new(explanation)))
        }
    }
}

impl Known {
    fn is_registered(&self) -> Option<bool> {
        self.asked.key_id.as_ref().map(|_| self.device.is_some())
    }

    fn inspected(
        &self,
        fitting: Option<(&Application, &str)>,
        side: CallerSide,
        explanation: Explanation,
    ) -> InspectedObject {
        InspectedObject {
            application: fitting.map(|(application, _)| application.name.clone()),
            app_id: side.app_id,
            is_registered: self.is_registered(),
            ..InspectedObject::of(Explained::Object(Box::new(explanation)))
        }
    }

    /// The key that Apple or a phone's hardware attested.
    fn public_key(&self) -> Option<StoredKey> {
        match &self.device.as_ref()?.key {
            DeviceKey::AppAttest(key) => Some(StoredKey(key.to_vec())),
            DeviceKey::KeyAttestation(key) => Some(StoredKey(key.key.to_vec())),
            DeviceKey::PlayIntegrity(_) | DeviceKey::Erased => None,
        }
    }

    /// What a token of Play Integrity is to be bound to, as a device of this challenge and key binds it.
    fn binding(&self, kind: TokenKind, text: &[u8]) -> Option<PlayBinding> {
        let key_id = KeyId::from_base64(self.asked.key_id.as_deref()?).ok()?;
        let binding = integrity_binding(self.asked.challenge.as_deref()?, key_id);
        let is_standard = kind == TokenKind::PlayPayload && !String::from_utf8_lossy(text).contains("\"nonce\"");
        Some(if is_standard {
            PlayBinding::RequestHash(BASE64_URL_SAFE_NO_PAD.encode(binding))
        } else {
            PlayBinding::Nonce(binding.to_vec())
        })
    }
}

/// A key attestation is shown, and held against nothing but Google's roots and the time.
fn key_attestation(known: &Known, chain: &CertificateChain) -> InspectedObject {
    let now = UnixTime(known.now.0 / 1000);
    let side = KeyAttestationSide { at: known.asked.at.as_ref().map(|_| now), ..KeyAttestationSide::default() };
    let explanation = explain_key_attestation(chain, &side, &KeyAttestationRoots::google(), now);
    InspectedObject::of(Explained::Chain(Box::new(explanation)))
}

/// A vector of a chain tells itself what to hold it against, but for the roots.
fn chain_vector(known: &Known, vector: KeyAttestationVector) -> InspectedObject {
    let now = UnixTime(known.now.0 / 1000);
    let explanation = vector.explain(&vector.side, &KeyAttestationRoots::google(), now);
    // What is expected of a request is not said of the chain.
    let expected = vector.request.is_none().then_some(&vector.expected);
    let expected = expected.map(|expected| (expected.to_string(), expected.is_met_by(&explanation.verdict)));
    InspectedObject {
        id: vector.id,
        description: vector.description,
        expected,
        ..InspectedObject::of(Explained::Chain(Box::new(explanation)))
    }
}

/// A vector of a token has keys of its own, and everything else.
fn token_vector(known: &Known, vector: TokenVector) -> InspectedObject {
    let explanation = explain_token(&vector.token, Some(vector.kind), &vector.side, known.now);
    let expected = (vector.expected.to_string(), vector.expected.is_met_by(&explanation.verdict));
    InspectedObject {
        id: vector.id,
        description: vector.description,
        expected: Some(expected),
        ..InspectedObject::of(Explained::Token(Box::new(explanation)))
    }
}

impl InspectedObject {
    const fn of(explanation: Explained) -> Self {
        Self {
            id: None,
            description: None,
            application: None,
            app_id: None,
            is_registered: None,
            expected: None,
            explanation,
        }
    }
}

impl Unfit {
    fn new(refusal: Refusal, detail: &str) -> Self {
        Self { refusal, detail: detail.to_owned() }
    }
}

impl From<Refusal> for Unfit {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal, "This gateway cannot say now; try again later.")
    }
}
