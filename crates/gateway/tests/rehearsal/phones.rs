//! Android phones whose hardware attests keys, in a rehearsal: of a root of its own, and of no other.

use std::{fs, sync::Arc};

use axum::{body::Body, http::Request};
use genuine::{key_attestation::GOOGLE_P384_ROOT, x509::TrustAnchor};
use genuine_gateway::{
    client::{Authority, Handset},
    config::{Config, Revocations},
    gate::Gate,
    server::system_clock,
    store::MemoryStore,
};
use genuine_testvectors::{
    android::{AndroidDevice, AndroidPki, Batch, Shape},
    certificate::{ec_public_key, field, oid},
    der::Der,
};
use reqwest::Method;
use serde_json::json;

use super::{Made, REHEARSAL, SHOP, load};
use crate::support::{Answer, Hands, Site, gate_of, json_request, origin};

/// The rehearsal's part, with phones that attest keys.
fn settings(made: &Made, root: &str) -> String {
    let text =
        made.settings().replacen("rehearsal = { ", &format!("rehearsal = {{ key_attestation_root = {root:?}, "), 1);
    let section = fs::read_to_string(made.scratch.path().join("authority/key-attestation.toml")).unwrap();
    format!("{text}\n{section}")
}

fn root_of(made: &Made) -> String {
    made.scratch.path().join("authority/key-attestation-root.pem").display().to_string()
}

async fn register(site: &Site, handset: &mut Handset, application: &str) -> Answer {
    let asked = json!({ "application": application, "purpose": "attestation" });
    let challenge = site.post("/challenges", "alice", &asked).await.json()["challenge"].as_str().unwrap().to_owned();
    let mut body = handset.registration(&challenge);
    body["application"] = application.into();
    site.send(json_request("/devices", "alice", &body)).await
}

#[tokio::test]
async fn a_rehearsal_has_phones_of_its_own() {
    let made = Made::new("phones");
    let rehearsal = Config::read(Some(&settings(&made, &root_of(&made)))).unwrap().applications.remove(0);
    let real = genuine_gateway::demo::config().applications.remove(0);
    let hands = Hands::at(system_clock()());
    let gate = gate_of(&[real, rehearsal], Arc::new(MemoryStore::default()), &hands);
    let list = Revocations::None {}.open(hands.clock(), Arc::clone(&gate.metrics)).await.unwrap();
    let gate = Arc::new(Gate { revocations: Some(Arc::new(list)), ..gate });
    let site = Site::of(Arc::clone(&gate), hands, origin());
    let now = (gate.clock)();
    let mut rehearsed = made.authority.handset("one", 0, now).unwrap();
    let mut public = Authority::demonstration().handset("one", 0, now).unwrap();
    for (handset, application) in [(&mut rehearsed, "demo"), (&mut public, REHEARSAL)] {
        assert_eq!(register(&site, handset, application).await.code(), "rejected");
    }
    // By package and root: the public phones are of another package here.
    assert_eq!(site.refusals("AndroidAnchorUnknown"), 2);
    let told = register(&site, &mut rehearsed, REHEARSAL).await;
    assert_eq!((told.status, &told.json()["environment"]), (201, &json!("DEVELOPMENT")), "{}", told.json());
    let told = register(&site, &mut public, "demo").await;
    assert_eq!((told.status, &told.json()["environment"]), (201, &json!("PRODUCTION")), "{}", told.json());
    // A route of the real application is none of the rehearsal's.
    for (handset, status) in [(&mut public, 200), (&mut rehearsed, 401)] {
        let call = handset.app.sign(Method::POST, "/orders", "one", None);
        let request = Request::post("/orders").header("authorization", call.authorization).header("x-session", "alice");
        assert_eq!(site.send(request.body(Body::from("one")).unwrap()).await.status, status);
    }
    assert_eq!(site.refusals("ApplicationRefused"), 1);
}

/// What may vouch for phones is a root of the operator's own, and goes with key attestation.
#[test]
fn a_root_of_phones_is_nobody_elses() {
    let made = Made::new("phone-roots");
    let none = "callers = [\"shop\"]\n[revocations]\nkind = \"none\"\n";
    let (own, other) = (root_of(&made), made.scratch.path().join("other.pem").display().to_string());
    let good = format!("{none}{SHOP}{}", settings(&made, &own));
    let config = load(&good, true).unwrap();
    assert!(toml::to_string(&config).unwrap().contains("key-attestation-root.pem"));
    let refused = |text: &str, expected: &str| {
        let mistakes = load(text, true).map(drop).unwrap_err();
        assert!(mistakes.len() == 1 && mistakes[0].contains(expected), "{expected}: {mistakes:#?}");
    };
    let goes = "rehearsal.key_attestation_root: goes with key_attestation";
    refused(&good.replacen(&format!("key_attestation_root = {own:?}, "), "", 1), goes);
    let (without, _) = good.split_once("[applications.key_attestation]").unwrap();
    refused(without, goes);
    refused(&good.replacen(none, "callers = [\"shop\"]\n", 1), "key_attestation: takes [revocations]");

    let public = AndroidPki::default();
    let self_signed = |key: Der, subject: Option<Der>| {
        let mut root = AndroidPki::named("somebody's", "Somebody").p384_root();
        root.tbs[field::SPKI] = key;
        if let Some(subject) = subject {
            root.tbs[field::ISSUER] = subject.clone();
            root.tbs[field::SUBJECT] = subject;
        }
        pem(&root.sign().encode())
    };
    let somebody = AndroidPki::named("somebody's", "Somebody");
    let (public_root, rsa_root) = (public.p384_root(), public.rsa_root());
    let own_key = || somebody.p384_root_signer().public_key();
    let factory = AndroidDevice::new("any").with_shape(Shape::FactoryEc).attest(b"any").certificates;
    let (public_root_of_tests, form) = ("is a public test root", "is no certificate of an authority");
    for (text, expected) in [
        (self_signed(own_key(), None), ""),
        (public.p384_root_pem(), public_root_of_tests),
        (public.rsa_root_pem(), public_root_of_tests),
        (self_signed(own_key(), Some(public_root.tbs[field::SUBJECT].clone())), public_root_of_tests),
        (self_signed(own_key(), Some(rsa_root.tbs[field::SUBJECT].clone())), public_root_of_tests),
        (self_signed(public.p384_root_signer().public_key(), None), public_root_of_tests),
        (self_signed(public.rsa_signer().public_key(), None), public_root_of_tests),
        (self_signed(public.ca2_signer().public_key(), None), public_root_of_tests),
        (self_signed(public.ca2_under_rsa_signer().public_key(), None), public_root_of_tests),
        (self_signed(public.batch_signer(Batch::Ec).public_key(), None), public_root_of_tests),
        (self_signed(public.batch_signer(Batch::Rsa).public_key(), None), public_root_of_tests),
        (pem(&factory[0]), form),
        (pem(&signed_by_another(&somebody)), "is no root: somebody else signed it"),
        (String::new(), "takes one certificate in PEM"),
        (pem(b"x"), form),
    ] {
        fs::write(&other, text).unwrap();
        let text = format!("{none}{SHOP}{}", settings(&made, &other));
        match expected {
            "" => drop(load(&text, true).unwrap()),
            expected => refused(&text, &format!("other.pem: {expected}")),
        }
    }
    // Google's two, by name and by key; of the one on P-384 both are in the constants here.
    let google = || ec_public_key(oid::P384, &octets(GOOGLE_POINT));
    let name = |text: &str| Some(Der::raw(&octets(text)));
    let mut copied = somebody.p384_root();
    copied.tbs[field::SPKI] = google();
    copied.tbs[field::SUBJECT] = Der::raw(&octets(GOOGLE_P384_NAME));
    let copied = copied.sign().encode();
    assert_eq!(TrustAnchor::from_trusted_issuer(&copied).unwrap(), GOOGLE_P384_ROOT);
    for text in [
        self_signed(google(), None),
        self_signed(own_key(), name(GOOGLE_P384_NAME)),
        self_signed(own_key(), name(GOOGLE_RSA_NAME)),
    ] {
        fs::write(&other, text).unwrap();
        let text = format!("{none}{SHOP}{}", settings(&made, &other));
        refused(&text, "other.pem: is Google's, which vouches for real devices");
    }
    // And the one that comes with emulators.
    let software = || ec_public_key(oid::P256, &octets(SOFTWARE_POINT));
    for text in [self_signed(software(), None), self_signed(own_key(), name(SOFTWARE_NAME))] {
        fs::write(&other, text).unwrap();
        let text = format!("{none}{SHOP}{}", settings(&made, &other));
        refused(&text, "other.pem: is of Android's source: a key below it is public");
    }
}

/// The key of Google's root on P-384, uncompressed, and the names of both roots in DER.
const GOOGLE_POINT: &str = "0423da23714edf3e5b050a3c72e8846ace078ea0ad1bf98b15f453d0cb08b2c3c110453909f6edeac1f9c8e031a848b941\
                            a829535c97e07c2719beceb416290d3079eee1f911cce6df803914d8a3577b34fdfd143e5ef36c9713c7ac70a8c211ab";
const GOOGLE_P384_NAME: &str = "3052311c301a06035504030c134b6579204174746573746174696f6e204341313110300e060355040b0c07416e64726f\
                                696431133011060355040a0c0a476f6f676c65204c4c43310b3009060355040613025553";
const GOOGLE_RSA_NAME: &str = "301b311930170603550405131066393230303965383533623662303435";

/// The key of the software root on P-256 in Android's source, and its name.
const SOFTWARE_POINT: &str = "04ee5d5ec7e1c0db6d03a67ee6b61bec4d6a5d6a682e0fff7f490e7d771f44226d\
                              bdb1affa16cbc7adc577d2569caab7b02d54015d3e432b2a8ed74eec487541a4";
const SOFTWARE_NAME: &str = "308198310b30090603550406130255533113301106035504080c0a43616c69666f726e69613116301406035504070c0d4d6f\
                             756e7461696e205669657731153013060355040a0c0c476f6f676c652c20496e632e3110300e060355040b0c07416e6472\
                             6f69643133303106035504030c2a416e64726f6964204b657973746f726520536f6674776172652041747465737461746\
                             96f6e20526f6f74";

fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<_> = hex.chars().map(|digit| digit.to_digit(16).unwrap()).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).unwrap()).collect()
}

fn pem(certificate: &[u8]) -> String {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", BASE64_STANDARD.encode(certificate))
}

/// An authority that another one has signed.
fn signed_by_another(authorities: &AndroidPki) -> Vec<u8> {
    authorities.ca2().sign().encode()
}
