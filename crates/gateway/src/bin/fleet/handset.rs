//! The phones with Android whose hardware attests keys.

use std::time::Instant;

use genuine_gateway::{
    challenge::Purpose,
    client::{Handset, SignedCall},
};
use reqwest::Method;

use crate::{
    Fleet,
    report::{Kind, kind},
};

const REGISTRATION: Kind = kind("attested: registration", 201, None);
const REPEATED: Kind = kind("attested: registration, sent again", 409, Some("already_registered"));
const UNLOCKED: Kind = kind("attested: phone unlocked", 401, Some("rejected"));
const FOREIGN_CHALLENGE: Kind = kind("attested: another challenge", 401, Some("rejected"));
const STOLEN_CHAIN: Kind = kind("attested: another one's chain", 401, Some("rejected"));
const FOREIGN_SESSION: Kind = kind("attested: another session", 401, Some("challenge_rejected"));
const ORDER: Kind = kind("attested: order", 200, None);
const REPLAY: Kind = kind("attested: order, replayed", 401, Some("counter_overtaken"));
const TAMPERED: Kind = kind("attested: order, body changed", 401, Some("rejected"));
const PAYMENT: Kind = kind("attested: payment with challenge", 200, None);
const REUSED: Kind = kind("attested: payment, used challenge", 401, Some("challenge_rejected"));

impl Fleet {
    pub(crate) fn handset(&self, name: &str) -> Option<Handset> {
        let seed = format!("fleet {} {name}", self.run);
        let mut handset = self.authority.handset(&seed, 0, self.now)?;
        handset.app.server.clone_from(&self.arguments.server);
        handset.app.http = self.http.clone();
        handset.app.session = seed;
        Some(handset)
    }

    /// Registers a phone, with the attempts that must not pass.
    pub(crate) async fn register_handset(&self, handset: &mut Handset, thief: &mut Handset) -> Option<()> {
        let report = &self.report;
        let challenge = report.challenge(handset.app.challenge(Purpose::Attestation)).await?;
        let unlocked = Handset { phone: handset.phone.clone().unlocked(), app: self.handset("nobody")?.app };
        let chain = unlocked.chain(&challenge);
        let body = handset.registration_with(&challenge, &chain);
        report.expect(UNLOCKED, handset.app.register_as(&body)).await;
        let foreign = handset.chain("another challenge");
        let body = handset.registration_with(&challenge, &foreign);
        report.expect(FOREIGN_CHALLENGE, handset.app.register_as(&body)).await;
        // A chain is no secret, and of no use without its key, nor in somebody else's session.
        let seen = handset.chain(&challenge);
        let body = thief.registration_with(&challenge, &seen);
        report.expect(STOLEN_CHAIN, handset.app.register_as(&body)).await;
        let body = handset.registration(&challenge);
        report.expect(FOREIGN_SESSION, thief.app.register_as(&body)).await;
        report.expect(REGISTRATION, handset.app.register_as(&body)).await;
        report.expect(REPEATED, handset.app.register_as(&body)).await.map(drop)
    }

    /// One phone's requests until the time is over.
    pub(crate) async fn use_up_handset(&self, mut handset: Handset, end: Instant) -> Option<()> {
        let (report, app, mut turn) = (&self.report, &mut handset.app, 0_u64);
        while Instant::now() < end {
            turn += 1;
            let call = app.sign(Method::POST, &format!("/orders?turn={turn}"), "one of those", None);
            if turn % 8 == 1 {
                let tampered = SignedCall { body: "two of those".to_owned(), ..call.clone() };
                report.expect(TAMPERED, app.call(&tampered)).await;
            }
            report.expect(ORDER, app.call(&call)).await;
            match turn % 8 {
                2 => drop(report.expect(REPLAY, app.call(&call)).await),
                3 => {
                    let challenge = report.challenge(app.challenge(Purpose::Assertion)).await?;
                    for kind in [PAYMENT, REUSED] {
                        let call = app.sign(Method::POST, "/payments", "some of it", Some(&challenge));
                        report.expect(kind, app.call(&call)).await;
                    }
                }
                _ => {}
            }
        }
        Some(())
    }
}
