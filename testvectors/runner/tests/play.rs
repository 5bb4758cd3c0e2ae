//! The vectors of Play Integrity: the engine's verdict of each, by its exact number.
//!
//! On this machine and others with `std` alone. The packed form that firmware reads has no place for tokens: a board that takes
//! App Attest would carry AES, JSON and twice the vectors for a protocol that it does not speak. That the engine links there
//! without a panic, `examples/firmware/src/bin/engine.rs` shows, and that it computes the same on 32 bits, the run of this test on
//! such a target.

use std::collections::BTreeSet;

use genuine::crypto::{GenuineCrypto, RustCrypto};
use genuine::play_integrity::{
    AccountActivity, AppDetected, Binding, ClassicVerifier, DecodedVerifier, DecryptionKey, DeviceActivity,
    DeviceLabel, KeyPair, Licensing, LocationRisk, PlayIntegrityCrypto, PlayProtect, Policy, SingleUse, Step as Play,
    VerificationKey,
};
use genuine::{Error, Step, UnixMillis};
use genuine_testvectors::play::wrapped;
use genuine_testvectors::{PlayVector, Request, play_vectors};

/// The labels of a list, in the types of the engine.
macro_rules! labels {
    ($name:ident: $label:ident { $($variant:ident)+ }) => {
        fn $name(texts: Option<&Vec<String>>) -> Option<Vec<$label<'static>>> {
            let known = [$( $label::$variant ),+];
            let find = |text: &String| {
                *known.iter().find(|label| label.to_string() == *text).unwrap_or_else(|| panic!("{text} is no label"))
            };
            texts.map(|texts| texts.iter().map(find).collect())
        }
    };
}

labels! { devices: DeviceLabel { MeetsBasicIntegrity MeetsDeviceIntegrity MeetsStrongIntegrity MeetsVirtualIntegrity Unknown } }
labels! { licences: Licensing { Licensed Unlicensed Unevaluated Unknown } }
labels! { protects: PlayProtect { NoIssues NoData PossibleRisk MediumRisk HighRisk Unevaluated } }
labels! { apps: AppDetected { KnownInstalled KnownCapturing UnknownCapturing UnknownControlling } }
labels! { risks: LocationRisk { LowDevice HighDevice LowNetwork HighNetwork } }
labels! { activities: DeviceActivity { Level1 Level2 Level3 Level4 } }
labels! { accounts: AccountActivity { Unusual Unknown TypicalBasic TypicalStrong } }

/// What is said of one vector, in the types of the engine.
struct Case {
    vector: PlayVector,
    certificates: Vec<[u8; 32]>,
    keys: Vec<KeyPair>,
    devices: Option<Vec<DeviceLabel<'static>>>,
    licences: Option<Vec<Licensing<'static>>>,
    protects: Option<Vec<PlayProtect<'static>>>,
    apps: Option<Vec<AppDetected<'static>>>,
    risks: Option<Vec<LocationRisk<'static>>>,
    activities: Option<Vec<DeviceActivity<'static>>>,
    accounts: Option<Vec<AccountActivity<'static>>>,
}

impl Case {
    fn new(vector: PlayVector) -> Self {
        let keys = vector.keys.iter().map(|pair| KeyPair {
            decryption: DecryptionKey::from_base64(&pair.decryption_key_b64).expect("a key"),
            verification: VerificationKey::from_base64(&pair.verification_key_b64).expect("a key"),
        });
        let certificates = vector.certificates.iter().map(|digest| digest.0.clone().try_into().expect("a digest"));
        let policy = &vector.policy;
        Self {
            certificates: certificates.collect(),
            keys: keys.collect(),
            devices: devices(policy.accept_devices.as_ref()),
            licences: licences(policy.accept_licensing.as_ref()),
            protects: protects(policy.require_play_protect.as_ref()),
            apps: apps(policy.refuse_apps_detected.as_ref()),
            risks: risks(policy.refuse_location_risks.as_ref()),
            activities: activities(policy.require_device_activity.as_ref()),
            accounts: accounts(policy.require_account_activity.as_ref()),
            vector,
        }
    }

    fn policy(&self) -> Policy<'_> {
        let said = &self.vector.policy;
        let mut policy = Policy::new(&self.vector.package_name, &self.certificates);
        if let Some(milliseconds) = said.limit_age {
            policy = policy.limit_age(milliseconds);
        }
        if let Some(milliseconds) = said.limit_skew {
            policy = policy.limit_skew(milliseconds);
        }
        if said.accept_unrecognized_versions {
            policy = policy.accept_unrecognized_versions();
        }
        if said.accept_test_responses {
            policy = policy.accept_test_responses();
        }
        if let Some(least) = said.require_version {
            policy = policy.require_version(least);
        }
        if let Some(least) = said.require_sdk_version {
            policy = policy.require_sdk_version(least);
        }
        if let Some(labels) = &self.devices {
            policy = policy.accept_devices(labels);
        }
        if let Some(verdicts) = &self.licences {
            policy = policy.accept_licensing(verdicts);
        }
        if let Some(verdicts) = &self.protects {
            policy = policy.require_play_protect(verdicts);
        }
        if let Some(kinds) = &self.apps {
            policy = policy.refuse_apps_detected(kinds);
        }
        if let Some(risks) = &self.risks {
            policy = policy.refuse_location_risks(risks);
        }
        if let Some(levels) = &self.activities {
            policy = policy.require_device_activity(levels);
        }
        if let Some(levels) = &self.accounts {
            policy = policy.require_account_activity(levels);
        }
        policy
    }

    fn binding(&self) -> Binding<'_> {
        match (&self.vector.nonce, &self.vector.request_hash) {
            (Some(nonce), None) => Binding::nonce(&nonce.0).expect("a nonce"),
            (None, Some(hash)) => Binding::request_hash(hash).expect("a request hash"),
            _ => panic!("{}: one of the two", self.vector.id),
        }
    }

    const fn now(&self) -> UnixMillis {
        UnixMillis(self.vector.now)
    }

    /// The token, opened here.
    fn opened<C: PlayIntegrityCrypto>(&self, crypto: &C) -> Result<(), Error> {
        let policy = self.policy();
        let mut token = self.vector.token.as_bytes().to_vec();
        let verifier = ClassicVerifier::new(&policy, &self.keys, crypto).expect("a configuration");
        let accepted = verifier.verify(&mut token, self.binding(), self.now())?;
        assert_eq!(accepted.key_index(), self.vector.key_index, "{}", self.vector.id);
        let nonce = self.vector.nonce.as_ref().expect("a nonce");
        assert_eq!(accepted.single_use(), SingleUse::Nonce(&nonce.0));
        Ok(())
    }

    /// The payload, as Google's server would answer.
    fn decoded<C: PlayIntegrityCrypto>(&self, answer: &str, crypto: &C) -> Result<(), Error> {
        let policy = self.policy();
        let verifier = DecodedVerifier::new(&policy, crypto).expect("a configuration");
        let authentic = verifier.trust_answer(answer.as_bytes(), self.vector.token.as_bytes())?;
        let accepted = authentic.accept(self.binding(), self.now())?;
        assert_eq!(accepted.key_index(), None);
        assert_eq!(matches!(accepted.single_use(), SingleUse::Token(_)), self.vector.request == Request::Standard);
        Ok(())
    }

    fn all_ways<C: PlayIntegrityCrypto>(&self, crypto: &C, failures: &mut BTreeSet<String>) {
        let PlayVector { id, expected, code, request, payload, .. } = &self.vector;
        let mut expect = |way: &str, expected: Option<u16>, found: Result<(), Error>| {
            let found = found.err().map(Error::code);
            if found != expected {
                failures.insert(format!("{id}, {way}: expected {expected:?}, found {found:?}"));
            }
        };
        if let Some(code) = code {
            assert_eq!(Error::from_code(*code).map(Error::name), Some(expected.as_str()), "{id}");
        }
        match request {
            Request::Classic => expect("opened here", *code, self.opened(crypto)),
            // A standard token has the form of a classic one, and is not opened by mistake.
            Request::Standard => expect("opened here", Some(Error::PlayNotOpened.code()), {
                let policy = self.policy();
                let verifier = ClassicVerifier::new(&policy, &self.keys, crypto).expect("a configuration");
                verifier.open(&mut self.vector.token.as_bytes().to_vec()).map(drop)
            }),
        }
        let Some(payload) = payload else { return };
        // The caps of an answer are those of a payload, but the one for size has a number of its own.
        if *code == Some(Error::PlayPayloadTooLarge.code()) {
            return expect("decoded", Some(Error::PlayTooLarge.code()), self.decoded(payload, crypto));
        }
        expect("decoded, bare", *code, self.decoded(payload, crypto));
        // What is wrong with JSON can be another fault within an object, and what has just its size no room around it.
        let step = code.and_then(Error::from_code).and_then(Error::step);
        let is_missing = *code == Some(Error::PlayMemberMissing.code());
        if step == Some(Step::PlayIntegrity(Play::Payload)) && !is_missing {
            let found = self.decoded(&wrapped(payload), crypto).expect_err("no JSON").step();
            assert_eq!(found, Some(Step::PlayIntegrity(Play::Payload)), "{id}");
        } else {
            expect("decoded, wrapped", *code, self.decoded(&wrapped(payload.trim_end()), crypto));
        }
    }
}

#[test]
fn every_token_has_its_verdict() {
    let mut failures = BTreeSet::new();
    let mut count = 0;
    for vector in play_vectors() {
        let case = Case::new(vector);
        case.all_ways(&RustCrypto, &mut failures);
        case.all_ways(&GenuineCrypto, &mut failures);
        count += 1;
    }
    assert!(failures.is_empty(), "{} verdicts differ: {failures:#?}", failures.len());
    println!("{count} verdicts hold");
}

/// What is wrong with a configuration shows where a service starts, and is no token's fault: the numbers 2900 to 2999.
#[test]
fn every_error_of_a_token_is_provoked() {
    let provoked: BTreeSet<_> = play_vectors().filter_map(|vector| vector.code).collect();
    for error in Error::ALL.iter().filter(|error| matches!(error.code(), 2000..2900)) {
        assert!(provoked.contains(&error.code()), "{error}");
    }
}
