//! The phones with Android.

use std::time::Instant;

use genuine_gateway::{challenge::Purpose, client::Phone, server::system_clock};
use genuine_testvectors::json::Json;

use crate::{
    Fleet,
    report::{Kind, kind},
};

/// How many requests one session token is shown with.
const USES: u64 = 8;
/// Where the member stands that says whether Google Play knows the app.
const APP: &str = "appIntegrity.appRecognitionVerdict";
/// Where the labels of the device stand.
const DEVICE: &str = "deviceIntegrity.deviceRecognitionVerdict";

const REGISTRATION: Kind = kind("Android: registration", 201, None);
const FOREIGN_NONCE: Kind = kind("Android: another nonce", 401, Some("rejected"));
const FOREIGN_APP: Kind = kind("Android: app not recognised", 401, Some("rejected"));
const TAMPERED_TOKEN: Kind = kind("Android: token changed", 401, Some("rejected"));
const STOLEN: Kind = kind("Android: another one's proof", 401, Some("rejected"));
const USED: Kind = kind("Android: used challenge", 401, Some("challenge_rejected"));
const FAILING: Kind = kind("Android: device fails", 401, Some("rejected"));
const LOCKED: Kind = kind("Android: basket, locked", 401, Some("locked"));
const UNLOCKING: Kind = kind("Android: attested again", 200, None);
const SESSION: Kind = kind("Android: session token", 200, None);
const USED_PROOF: Kind = kind("Android: session, used proof", 401, Some("challenge_rejected"));
const BASKET: Kind = kind("Android: basket", 200, None);
const REPLAY: Kind = kind("Android: basket, replayed", 401, Some("proof_rejected"));
const MOVED: Kind = kind("Android: basket, other path", 401, Some("proof_rejected"));
const FORGED_SESSION: Kind = kind("Android: session changed", 401, Some("token_rejected"));
pub(crate) const UNREGISTERED: Kind = kind("Android: unknown key", 401, Some("unknown_key"));

impl Fleet {
    pub(crate) fn phone(&self, name: &str) -> Option<Phone> {
        let seed = format!("fleet {} {name}", self.run);
        let phone = self.authority.phone(&seed)?;
        Some(Phone { server: self.arguments.server.clone(), session: seed, http: self.http.clone(), ..phone })
    }

    /// One attempt to register, with what Google Play says changed like this: the challenge that was used.
    async fn attest(&self, phone: &Phone, kind: Kind, change: impl FnOnce(&mut Json)) -> Option<String> {
        let challenge = self.report.challenge(phone.challenge(Purpose::Integrity)).await?;
        let mut verdict = phone.verdict(&challenge, system_clock()());
        change(&mut verdict);
        let proof = phone.proof("/devices", &challenge, system_clock()())?;
        self.report.expect(kind, phone.register_as(&phone.registration(&challenge, &verdict), &proof)).await;
        Some(challenge)
    }

    /// Registers a phone, with the attempts that must not pass; and has it locked and opened again.
    pub(crate) async fn register_phone(&self, phone: &Phone, thief: &Phone) -> Option<()> {
        let report = &self.report;
        let foreign = thief.verdict("another challenge", system_clock()());
        self.attest(phone, FOREIGN_NONCE, |verdict| *verdict = foreign).await?;
        self.attest(phone, FOREIGN_APP, |verdict| verdict.set(APP, "UNRECOGNIZED_VERSION")).await?;

        let challenge = report.challenge(phone.challenge(Purpose::Integrity)).await?;
        let now = system_clock()();
        let body = phone.registration(&challenge, &phone.verdict(&challenge, now));
        let mut tampered = body.clone();
        let token = tampered["integrity_token"]["classic"].as_str()?.to_owned();
        tampered["integrity_token"]["classic"] = changed(&token)?.into();
        report.expect(TAMPERED_TOKEN, phone.register_as(&tampered, &phone.proof("/devices", &challenge, now)?)).await;
        report.expect(STOLEN, phone.register_as(&body, &thief.proof("/devices", &challenge, now)?)).await;
        report.expect(REGISTRATION, phone.register_as(&body, &phone.proof("/devices", &challenge, now)?)).await;
        report.expect(USED, phone.register_as(&body, &phone.proof("/devices", &challenge, now)?)).await;

        let session = self.session(phone).await?;
        self.attest(phone, FAILING, |verdict| verdict.set(DEVICE, Json::texts(&["MEETS_BASIC_INTEGRITY"]))).await?;
        self.basket(phone, &session, LOCKED).await?;
        self.attest(phone, UNLOCKING, |_| {}).await?;
        self.basket(phone, &session, BASKET).await.map(drop)
    }

    /// A session token.
    async fn session(&self, phone: &Phone) -> Option<String> {
        let challenge = self.report.challenge(phone.challenge(Purpose::Assertion)).await?;
        let proof = phone.proof("/tokens", &challenge, system_clock()())?;
        let answer = self.report.expect(SESSION, phone.token(&proof)).await?;
        self.report.expect(USED_PROOF, phone.token(&proof)).await;
        answer.body["access_token"].as_str().map(str::to_owned)
    }

    /// A look at the basket: the proof that it took.
    async fn basket(&self, phone: &Phone, session: &str, kind: Kind) -> Option<String> {
        let proof = phone.token_proof("/basket", session, system_clock()())?;
        self.report.expect(kind, phone.get("/basket", session, &proof)).await;
        Some(proof)
    }

    /// One phone's requests until the time is over.
    pub(crate) async fn use_up_phone(&self, phone: Phone, end: Instant) -> Option<()> {
        let report = &self.report;
        while Instant::now() < end {
            let session = self.session(&phone).await?;
            for turn in 0..USES {
                let proof = self.basket(&phone, &session, BASKET).await?;
                let now = system_clock()();
                match turn {
                    1 => drop(report.expect(REPLAY, phone.get("/basket", &session, &proof)).await),
                    3 => {
                        let moved = phone.token_proof("/orders", &session, now)?;
                        report.expect(MOVED, phone.get("/basket", &session, &moved)).await;
                    }
                    5 => {
                        let forged = changed(&session)?;
                        let proof = phone.token_proof("/basket", &forged, now)?;
                        report.expect(FORGED_SESSION, phone.get("/basket", &forged, &proof)).await;
                    }
                    _ => {}
                }
            }
        }
        Some(())
    }

    /// A phone that never registered asks for a session token.
    pub(crate) async fn unknown_phone(&self) -> Option<()> {
        let nobody = self.phone("never registered")?;
        let challenge = self.report.challenge(nobody.challenge(Purpose::Assertion)).await?;
        let proof = nobody.proof("/tokens", &challenge, system_clock()())?;
        self.report.expect(UNREGISTERED, nobody.token(&proof)).await.map(drop)
    }
}

/// A text in base64url with one letter changed, in the middle of its last part, where each bit counts.
fn changed(token: &str) -> Option<String> {
    let at = token.rfind('.')? + 5;
    let (before, rest) = token.split_at_checked(at)?;
    let other = if rest.starts_with('A') { 'B' } else { 'A' };
    Some(format!("{before}{other}{}", rest.get(1..)?))
}
