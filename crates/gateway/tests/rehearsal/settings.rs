//! Nothing is a rehearsal by accident: each thing that it takes is missed, and named.

use std::{fs, path::Path};

use genuine::{app_attest::APPLE_APP_ATTEST_ROOT, x509::TrustAnchor};
use genuine_gateway::{demo, http::ForwardRule};
use genuine_testvectors::{
    TestPki,
    certificate::{UnsignedCertificate, ec_public_key, field, name, oid},
    der::Der,
};

use super::{Made, PACKAGE, REHEARSAL, SHOP, day, load};

/// Apple's key on P-384, as its certificate has it, without `04`.
const APPLE_KEY: &str = "4531e198b5b4ec04da1502045704ed4f877272d76135b26116cfc88b615d0a000719ba69858dfe77caa3b839e020ddd6\
                         56141404702831e43f70b88fd6c394b608ea2bd6ae61e9f598c12f46af52937266e57f14eb61fec530f7144f53812e35";

fn apple_name() -> Der {
    name(&[
        (oid::COMMON_NAME, "Apple App Attestation Root CA"),
        (oid::ORGANIZATION, "Apple Inc."),
        (oid::STATE, "California"),
    ])
}

fn apple_point() -> Vec<u8> {
    let digits: Vec<_> = APPLE_KEY.chars().filter_map(|digit| digit.to_digit(16)).collect();
    let octets = digits.chunks(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).unwrap());
    [4].into_iter().chain(octets).collect()
}

/// An authority's certificate of another seed, with this name or key in the place of its own, which it seems to have signed itself.
fn root_with(subject: Option<Der>, point: Option<&[u8]>) -> UnsignedCertificate {
    let authorities = TestPki::named("somebody's", "Somebody");
    let mut root = authorities.intermediate();
    let subject = subject.unwrap_or_else(|| name(&[(oid::COMMON_NAME, "Somebody")]));
    root.tbs[field::ISSUER] = subject.clone();
    root.tbs[field::SUBJECT] = subject;
    if let Some(point) = point {
        root.tbs[field::SPKI] = ec_public_key(oid::P384, point);
    }
    root
}

fn pem(certificate: &[u8]) -> String {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", BASE64_STANDARD.encode(certificate))
}

fn is_refused(text: &str, allow: bool, expected: &str) {
    let mistakes = load(text, allow).map(drop).unwrap_err();
    assert!(mistakes.len() == 1 && mistakes[0].contains(expected), "{expected}: {mistakes:#?}\n{text}");
}

#[test]
fn it_takes_a_setting_and_the_command_line() {
    let made = Made::new("takes");
    let good = format!("callers = [\"shop\"]\n{SHOP}{}", made.settings());
    let config = load(&good, true).unwrap();
    assert_eq!(config.callers(), ["shop"]);
    let printed = toml::to_string(&config).unwrap();
    for line in ["allow_rehearsals = true", "shop-rehearsal", "root.pem", &format!("until = \"{}\"", day(14))] {
        assert!(printed.contains(line), "{line}: {printed}");
    }
    is_refused(&good, false, "application \"shop-rehearsal\": rehearsal: takes --rehearsal on the command line");
    is_refused(SHOP, true, "--rehearsal: no application has a rehearsal");
    // No file sets what the command line has to say.
    is_refused(&format!("allow_rehearsals = true\n{good}"), false, "unknown field `allow_rehearsals`");
}

#[test]
fn each_mistake_is_named() {
    let made = Made::new("named");
    let good = format!("callers = [\"shop\"]\n{SHOP}{}", made.settings());
    let root = made.root().display().to_string();
    let until = format!("until = \"{}\"", day(14));
    for (part, instead, expected) in [
        (format!(", {until}"), String::new(), "missing field `until`"),
        (until.clone(), format!("until = \"{}\"", day(90)), ""),
        (until.clone(), format!("until = \"{}\"", day(92)), "rehearsal.until: at most 90 days ahead"),
        (until.clone(), format!("until = \"{}\"", day(0)), ""),
        (until.clone(), "until = \"2026-11-29\"".to_owned(), "rehearsal.until: is over"),
        (until.clone(), "until = \"2026-02-29\"".to_owned(), "this is no day such as"),
        (until.clone(), "until = \"2026-1-1\"".to_owned(), "this is no day such as"),
        (until.clone(), "until = \"+026-01-01\"".to_owned(), "this is no day such as"),
        (until.clone(), format!("{until}, roots = []"), "unknown field `roots`"),
        (format!("root = \"{root}\", "), String::new(), "rehearsal.root: goes with app_ids"),
        (root.clone(), "/none.pem".to_owned(), "rehearsal.root: /none.pem: No such file"),
        (
            "environment = \"DEVELOPMENT\"\nrehearsal".to_owned(),
            "rehearsal".to_owned(),
            "shop-rehearsal\": environment: a rehearsal takes DEVELOPMENT",
        ),
        (
            "environment = \"DEVELOPMENT\"\nkeys".to_owned(),
            "keys".to_owned(),
            "play.environment: a rehearsal takes DEVELOPMENT",
        ),
        ("callers = [\"shop\"]\n".to_owned(), String::new(), "callers: with several applications"),
    ] {
        let changed = good.replacen(&part, &instead, 1);
        assert_ne!(changed, good, "{part}");
        if expected.is_empty() {
            load(&changed, true).unwrap();
        } else {
            is_refused(&changed, true, expected);
        }
    }
    // Without App IDs there is nobody for a root to vouch for.
    let app_ids = "app_ids = [\"ABCDE12345.com.example.demo\"]\nenvironment = \"DEVELOPMENT\"\n";
    let android = good.replacen(app_ids, "", 1);
    is_refused(&android, true, "rehearsal.root: goes with app_ids");
    load(&android.replacen(&format!("root = \"{root}\", "), "", 1), true).unwrap();
}

#[test]
fn a_root_that_others_have_is_refused() {
    let made = Made::new("roots");
    let good = format!("callers = [\"shop\"]\n{SHOP}{}", made.settings());
    let (public, own) = (TestPki::default(), fs::read_to_string(made.root()).unwrap());
    let public_name = public.signed_root()[0][field::SUBJECT].clone();
    let apples = root_with(Some(apple_name()), Some(&apple_point())).sign().encode();
    assert_eq!(TrustAnchor::from_trusted_certificate(&apples).unwrap(), APPLE_APP_ATTEST_ROOT);
    let signed = |subject, point: Option<&[u8]>| pem(&root_with(subject, point).sign().encode());
    let intermediate = public.intermediate_signer().public_point();
    let (test, apple, root) = ("is a public test root", "is Apple's", "is no root: somebody else signed it");
    for (text, expected) in [
        (signed(None, None), ""),
        (public.root_pem(), test),
        (signed(Some(public_name), None), test),
        (signed(None, Some(&public.root_point())), test),
        (signed(None, Some(&intermediate)), test),
        (TestPki::new("of another seed").root_pem(), test),
        (pem(&apples), apple),
        (signed(Some(apple_name()), None), apple),
        (signed(None, Some(&apple_point())), apple),
        (TestPki::named("somebody's", "Somebody").intermediate_pem(), root),
        (String::new(), "takes one certificate in PEM"),
        (format!("{own}{own}"), "takes one certificate in PEM"),
        (pem(b"x"), "is no certificate of an authority with a key on P-384"),
    ] {
        let path = made.scratch.path().join("other.pem");
        fs::write(&path, text).unwrap();
        let other = good.replacen(&made.root().display().to_string(), &path.display().to_string(), 1);
        if expected.is_empty() {
            load(&other, true).unwrap();
        } else {
            is_refused(&other, true, &format!("other.pem: {expected}"));
        }
    }
}

#[test]
fn keys_of_google_play_are_the_rehearsals_own() {
    let made = Made::new("keys");
    let settings = made.settings();
    let keys = settings.lines().find(|line| line.starts_with("keys")).unwrap();
    let play = |keys: &str| {
        let certificate = "00".repeat(32);
        format!("[applications.play]\npackage_name = \"{PACKAGE}\"\ncertificates = [\"{certificate}\"]\n{keys}\n")
    };
    let both = |keys: &str| format!("callers = [\"shop\"]\n{SHOP}{}{settings}", play(keys));
    let app = genuine_testvectors::play::PlayApp::new("another");
    let (decryption, verification) = (app.decryption_key_base64(), app.verification_key_base64());
    let others = format!("keys = [{{ decryption_key = \"{decryption}\", verification_key = \"{verification}\" }}]");
    load(&both(&others), true).unwrap();
    let expected = "play.keys: an application that is no rehearsal has one of them";
    is_refused(&both(keys), true, expected);
    // One of both is enough.
    let own = keys.split('"').nth(3).unwrap();
    is_refused(&both(&others.replace(&verification, own)), true, expected);
    let own = keys.split('"').nth(1).unwrap();
    is_refused(&both(&others.replace(&decryption, own)), true, expected);

    let app = demo::play_app();
    let public = others.replace(&decryption, &app.decryption_key_base64());
    let public = public.replace(&verification, &app.verification_key_base64());
    let expected = "play.keys: are the demonstration's";
    is_refused(&both(&public), true, expected);
    is_refused(&format!("{SHOP}{}", play(&public)), false, expected);
    is_refused(&format!("callers = [\"shop\"]\n{SHOP}{}", settings.replace(keys, &public)), true, expected);

    let google = settings.replace(keys, &format!("{keys}\nstandard = true"));
    let account = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let google = format!(
        "callers = [\"shop\"]\n{SHOP}{google}[google]\nservice_account = {:?}\n",
        account.display().to_string()
    );
    let mistakes = load(&google, true).map(drop).unwrap_err();
    assert!(
        mistakes.iter().any(|mistake| mistake.contains("play.standard: Google's server opens no tokens")),
        "{mistakes:?}"
    );
}

#[test]
fn a_client_of_oauth_servers_is_the_rehearsals_own() {
    let made = Made::new("oauth");
    let client = |client_id: &str| format!("[applications.oauth_client]\nclient_id = {client_id:?}\n");
    let text = |own: &str| {
        let shop = format!("{SHOP}{}", client("com.example.shop"));
        format!("callers = [\"shop\"]\ntokens = {{}}\n{shop}{}{}", made.settings(), client(own))
    };
    load(&text("com.example.rehearsal"), true).unwrap();
    is_refused(&text("com.example.shop"), true, "shop-rehearsal\": oauth_client.client_id: an application that is no");
}

/// It is a caller of whatever names it, and of nothing else.
#[test]
fn it_is_no_caller_by_default() {
    let made = Made::new("callers");
    is_refused(&made.settings(), true, "rehearsal: it calls no route unless callers names it");
    let alone = load(&format!("callers = [\"{REHEARSAL}\"]\n{}", made.settings()), true).unwrap();
    assert_eq!(alone.callers(), [REHEARSAL]);
    let by_default = genuine_gateway::config::Config { callers: Vec::new(), ..alone };
    assert_eq!(by_default.callers(), [""; 0]);

    let rules = |callers: &str| {
        format!(
            "callers = {callers}\ntrusted_proxies = [\"10.0.0.1\"]\nauthority = \"shop.example\"\n\
             [[forward_auth]]\nname = \"orders\"\nbody = \"none\"\n\
             [[forward_auth]]\nname = \"basket\"\nbody = \"none\"\ncallers = [\"{REHEARSAL}\"]\n{SHOP}{}",
            made.settings()
        )
    };
    let config = load(&rules(&format!("[\"shop\", \"{REHEARSAL}\"]")), true).unwrap();
    let rules_of = |config| ForwardRule::configured(config).into_iter().map(|rule| rule.access.applications);
    assert_eq!(rules_of(&config).collect::<Vec<_>>(), [["shop"], [REHEARSAL]]);
    is_refused(
        &rules(&format!("[\"{REHEARSAL}\"]")),
        true,
        "forward_auth \"orders\": callers: a rule has to name a rehearsal",
    );
}
