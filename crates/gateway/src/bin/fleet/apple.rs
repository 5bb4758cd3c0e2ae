//! The devices of Apple's systems.

use std::time::Instant;

use genuine_gateway::{
    challenge::Purpose,
    client::{App, SignedCall},
};
use reqwest::Method;

use crate::{
    Arguments, Fleet,
    report::{Kind, kind},
};

/// How many orders are signed for each second of throughput: more than are answered.
const SIGNED_A_SECOND: u64 = 16_000;

const REGISTRATION: Kind = kind("registration", 201, None);
const REPEATED_REGISTRATION: Kind = kind("registration, sent again", 409, Some("already_registered"));
const SECOND_REGISTRATION: Kind = kind("registration, key known", 409, Some("already_registered"));
const FORGED_REGISTRATION: Kind = kind("registration, forged", 401, Some("rejected"));
const ORDER: Kind = kind("order", 200, None);
const PAYMENT: Kind = kind("payment with challenge", 200, None);
const REPLAY: Kind = kind("order, replayed", 401, Some("counter_overtaken"));
const TAMPERED: Kind = kind("order, body changed", 401, Some("rejected"));
const MOVED: Kind = kind("order, sent elsewhere", 401, Some("rejected"));
const STOLEN: Kind = kind("payment, stolen challenge", 401, Some("challenge_rejected"));
const REUSED: Kind = kind("payment, used challenge", 401, Some("challenge_rejected"));
pub(crate) const UNREGISTERED: Kind = kind("order, unknown key", 401, Some("unknown_key"));

impl Fleet {
    pub(crate) fn app(&self, name: &str) -> App {
        let seed = format!("fleet {} {name}", self.run);
        let app = self.authority.app(&seed, 0, self.now);
        App { server: self.arguments.server.clone(), session: seed, http: self.http.clone(), ..app }
    }

    /// Registers a device; with the attempts that must not pass, unless only throughput is asked for.
    pub(crate) async fn register(&self, app: &App, orders_only: bool) {
        let report = &self.report;
        let Some(challenge) = report.challenge(app.challenge(Purpose::Attestation)).await else { return };
        if !orders_only {
            // Attested with another challenge in mind.
            let mut forged = app.registration("another challenge");
            forged["challenge"] = challenge.as_str().into();
            report.expect(FORGED_REGISTRATION, app.register_as(&forged)).await;
        }
        report.expect(REGISTRATION, app.register(&challenge)).await;
        if !orders_only {
            // As after an answer that was lost.
            report.expect(REPEATED_REGISTRATION, app.register(&challenge)).await;
            let Some(challenge) = report.challenge(app.challenge(Purpose::Attestation)).await else { return };
            report.expect(SECOND_REGISTRATION, app.register(&challenge)).await;
        }
    }

    /// One device's orders of a measurement, signed.
    pub(crate) fn signed_orders(&self, app: &mut App) -> Vec<SignedCall> {
        let Arguments { devices, seconds, .. } = self.arguments;
        let count = (SIGNED_A_SECOND * seconds).div_ceil(u64::try_from(devices).unwrap_or(u64::MAX));
        (0..count).map(|turn| app.sign(Method::POST, &format!("/orders?turn={turn}"), "one of those", None)).collect()
    }

    /// One device's orders until the time is over, or none is left.
    pub(crate) async fn send_orders(&self, app: App, orders: Vec<SignedCall>, end: Instant) {
        for order in orders {
            if Instant::now() >= end {
                break;
            }
            self.report.expect(ORDER, app.call(&order)).await;
        }
    }

    /// One device's requests until the time is over.
    pub(crate) async fn use_up(&self, mut app: App, thief: App, end: Instant) {
        let mut turn = 0_u64;
        while Instant::now() < end {
            turn += 1;
            self.order(&mut app, turn).await;
            if turn.is_multiple_of(4) {
                self.pay(&mut app, &thief, turn).await;
            }
        }
    }

    async fn order(&self, app: &mut App, turn: u64) {
        let report = &self.report;
        let call = app.sign(Method::POST, &format!("/orders?turn={turn}"), "one of those", None);
        match turn % 8 {
            1 => {
                let tampered = SignedCall { body: "two of those".to_owned(), ..call.clone() };
                report.expect(TAMPERED, app.call(&tampered)).await;
            }
            3 => {
                let moved = SignedCall { target: "/orders?turn=other".to_owned(), ..call.clone() };
                report.expect(MOVED, app.call(&moved)).await;
            }
            _ => {}
        }
        report.expect(ORDER, app.call(&call)).await;
        if turn % 8 == 5 {
            report.expect(REPLAY, app.call(&call)).await;
        }
    }

    async fn pay(&self, app: &mut App, thief: &App, turn: u64) {
        let report = &self.report;
        let Some(challenge) = report.challenge(app.challenge(Purpose::Assertion)).await else { return };
        // With the first payment, so that a second is enough to see it.
        if turn % 8 == 4 {
            let Some(stolen) = report.challenge(thief.challenge(Purpose::Assertion)).await else { return };
            let call = app.sign(Method::POST, "/payments", "all of it", Some(&stolen));
            report.expect(STOLEN, app.call(&call)).await;
        }
        let call = app.sign(Method::POST, "/payments", "some of it", Some(&challenge));
        report.expect(PAYMENT, app.call(&call)).await;
        let call = app.sign(Method::POST, "/payments", "once more", Some(&challenge));
        report.expect(REUSED, app.call(&call)).await;
    }
}
