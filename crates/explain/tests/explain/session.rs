//! JSON Web Tokens: verdicts, steps, facts, and the usual mistakes.

use genuine::{
    Error, UnixMillis, UnixTime,
    crypto::{HmacSha256 as _, RustCrypto, RustCryptoSigner, Sha256 as _, SignP256 as _},
    session::{
        Step,
        client_attestation::{NewClientAttestation, NewClientProof, mint, mint_proof},
        jwk,
    },
};
use genuine_explain::{
    Decoding, Finding, Input, Mark, Missing, Outcome, Secret, SessionFacts, SessionKeys, SessionSide, Token,
    TokenExplanation, TokenFacts, TokenForm, TokenKind, TokenSide, explain_token,
};
use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::{Value, json};

use crate::{
    mint::base64url,
    support::{base64, hex, real_vectors},
};

const NOW: u64 = 1_800_000_000;
const ISSUER: &str = "https://attest.example";
const AUDIENCE: &str = "https://api.example";
const SECRET: &[u8; 32] = b"thirty-two octets, no more, less";
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT","kid":"h"}"#;

fn signer(seed: u8) -> RustCryptoSigner {
    RustCryptoSigner::try_from(&[seed; 32]).expect("a scalar")
}

fn hs256(header: &str, claims: &Value) -> String {
    let signed = format!("{}.{}", base64url(header), base64url(claims.to_string()));
    let code = RustCrypto.hmac_sha256(SECRET, &[signed.as_bytes()]).expect("a code");
    format!("{signed}.{}", base64url(code))
}

fn es256(header: &str, claims: &Value) -> String {
    let signed = format!("{}.{}", base64url(header), base64url(claims.to_string()));
    let signature = signer(7).sign(&RustCrypto.sha256(&[signed.as_bytes()]).expect("a hash")).expect("a signature");
    format!("{signed}.{}", base64url(signature.0))
}

fn claims() -> Value {
    json!({"iss": ISSUER, "sub": "device-1", "aud": AUDIENCE, "iat": NOW, "exp": NOW + 300, "jti": "one"})
}

fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

/// The public key of a signer as a member of a set.
fn key(seed: u8, kid: &str) -> Value {
    let mut room = [0; 256];
    serde_json::from_str(jwk::write(&signer(seed).public_key(), kid, &mut room).expect("room")).expect("JSON")
}

fn set() -> SessionKeys {
    let rsa = json!({"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "r"});
    SessionKeys::read_jwks(&json!({"keys": [rsa, key(7, "e"), key(8, "f")]}).to_string()).expect("keys")
}

fn secret() -> SessionKeys {
    SessionKeys::Secret(Secret::new(base64(SECRET)))
}

/// All that a server knows about an honest token.
fn side() -> SessionSide {
    SessionSide {
        keys: Some(secret()),
        issuer: Some(ISSUER.to_owned()),
        audience: Some(AUDIENCE.to_owned()),
        at: Some(UnixTime(NOW + 1)),
        ..SessionSide::default()
    }
}

fn public() -> SessionSide {
    SessionSide { keys: Some(set()), ..side() }
}

fn of(text: &str) -> Token {
    Token { text: text.as_bytes().to_vec(), form: TokenForm::Compact, decoding: Vec::new() }
}

fn explained(text: &str, session: SessionSide) -> TokenExplanation {
    explain_token(&of(text), Some(TokenKind::Jwt), &TokenSide { session, ..TokenSide::default() }, UnixMillis(1_000))
}

fn facts(explanation: &TokenExplanation) -> &SessionFacts {
    match &explanation.facts {
        Some(TokenFacts::Session(facts)) => facts,
        other => panic!("{other:?}"),
    }
}

fn marks(explanation: &TokenExplanation, mark: Mark) -> Vec<&str> {
    explanation.steps.iter().filter(|step| step.mark == mark).map(|step| step.step.as_str()).collect()
}

#[track_caller]
fn assert_says(explanation: &TokenExplanation, name: &str, finding: Finding, parts: &[&str]) {
    let sentence = &explanation.diagnosis.sentence;
    assert_eq!((explanation.verdict.name, explanation.diagnosis.finding), (Some(name), finding), "{sentence}");
    for part in parts {
        assert!(sentence.contains(part), "{part:?} is not in: {sentence}");
    }
    assert!(explanation.diagnosis.unverified && sentence.ends_with('.') && !sentence.contains("  "), "{sentence:?}");
}

#[test]
fn good_tokens_are_accepted() {
    let cases = [
        (hs256(HEADER, &claims()), side()),
        (es256(r#"{"alg":"ES256","typ":"jwt","kid":"e"}"#, &claims()), public()),
        (
            hs256(r#"{"alg":"HS256","typ":"at+jwt"}"#, &claims()),
            SessionSide { kind: Some("application/AT+jwt".to_owned()), ..side() },
        ),
    ];
    for (token, side) in cases {
        let explanation = explained(&token, side);
        assert_eq!((explanation.kind, explanation.verdict.verdict), (TokenKind::Jwt, Outcome::Accepted), "{token}");
        assert_eq!(marks(&explanation, Mark::Passed).len(), 10);
        let facts = facts(&explanation);
        assert!(facts.authentic && facts.bound_to.is_none());
        let names: Vec<_> = facts.claims.iter().map(|claim| claim.claim_name.as_str()).collect();
        assert_eq!(names, ["iss", "sub", "aud", "exp", "iat", "jti"]);
        assert_eq!(
            (facts.claims[3].value.as_str(), facts.claims[3].time.as_deref()),
            ("1800000300", Some("2027-01-15T08:05:00Z"))
        );
        let shown = format!("{explanation:?}{}", serde_json::to_string(&explanation).expect("serialises"));
        for secret in [base64(SECRET), hex(SECRET), "thirty-two".to_owned()] {
            assert!(!shown.contains(&secret), "the secret is shown");
        }
    }
    assert!(!format!("{:?}", side()).contains(&base64(SECRET)));
}

/// The steps are the engine's, in the order of their type.
#[test]
fn the_steps_are_the_engines() {
    let steps = [
        Step::Size,
        Step::Form,
        Step::Header,
        Step::Key,
        Step::Authenticity,
        Step::Payload,
        Step::Claims,
        Step::Time,
        Step::Binding,
    ];
    assert!(steps.is_sorted());
    let mut of_errors = Error::ALL.iter().filter_map(|error| match error.step() {
        Some(genuine::Step::Session(step)) => Some(step),
        _ => None,
    });
    assert!(of_errors.all(|step| steps.contains(&step)), "a step is missing above");
    let names: Vec<_> = ["Configuration".to_owned()].into_iter().chain(steps.map(|step| format!("{step:?}"))).collect();
    let explanation = explained(&hs256(HEADER, &claims()), side());
    assert_eq!(explanation.steps.iter().map(|step| step.step.clone()).collect::<Vec<_>>(), names);
}

/// What is left out, what is missed then, and the steps that are not asked.
type Row = (fn(&mut SessionSide), Vec<Missing>, Vec<&'static str>);

#[test]
fn what_is_not_told_is_not_asked() {
    let rows: [Row; 4] = [
        (|side| side.keys = None, vec![Missing::TokenKey], vec!["Key", "Authenticity"]),
        (|side| side.issuer = None, vec![Missing::Issuer], vec!["Claims"]),
        (|side| side.audience = None, vec![Missing::Audience], vec!["Claims"]),
        (|side| (side.issuer, side.audience) = (None, None), vec![Missing::Issuer, Missing::Audience], vec!["Claims"]),
    ];
    for (change, missing, steps) in rows {
        for (token, mut side) in [
            (hs256(HEADER, &claims()), side()),
            (es256(r#"{"alg":"ES256","typ":"JWT","kid":"f"}"#, &claims()), public()),
        ] {
            if side.keys == Some(set()) {
                side.keys = Some(SessionKeys::read_jwks(&key(7, "f").to_string()).expect("a key"));
            }
            change(&mut side);
            let explanation = explained(&token, side.clone());
            assert_eq!(explanation.verdict.verdict, Outcome::Incomplete, "{missing:?}: {:?}", explanation.verdict);
            assert_eq!((&explanation.verdict.missing, marks(&explanation, Mark::NotAsked)), (&missing, steps.clone()));
            assert_eq!(facts(&explanation).authentic, side.keys.is_some());
        }
    }
    // A type that nobody told is the token's own.
    let other = hs256(r#"{"alg":"HS256","typ":"at+jwt"}"#, &claims());
    let explanation = explained(&other, side());
    assert_eq!(
        (explanation.verdict.verdict, &explanation.verdict.missing),
        (Outcome::Incomplete, &vec![Missing::TokenType])
    );
    assert_eq!(marks(&explanation, Mark::NotAsked), ["Header"]);
    // What is told counts, whatever else is not.
    let untold = || SessionSide { at: Some(UnixTime(NOW + 1)), ..SessionSide::default() };
    let issuer = SessionSide { issuer: Some("https://other.example".to_owned()), ..untold() };
    assert_eq!(explained(&hs256(HEADER, &claims()), issuer).verdict.name, Some("TokenIssuer"));
    // And what nobody could accept is refused.
    for (header, name) in [
        (r#"{"alg":"none"}"#, "TokenAlgorithm"),
        (r#"{"alg":"RS256"}"#, "TokenAlgorithm"),
        (r#"{"alg":"HS256","crit":["x"]}"#, "TokenCritical"),
        (r#"{"alg":"HS256","alg":"HS256"}"#, "TokenHeaderDuplicate"),
    ] {
        assert_eq!(explained(&hs256(header, &claims()), untold()).verdict.name, Some(name));
    }
    let bound = claims_with("cnf", json!({"jkt": base64url([1; 32])}));
    let explanation = explained(&hs256(HEADER, &bound), untold());
    assert_eq!(explanation.verdict.name, Some("TokenBound"));
    assert_eq!(facts(&explanation).bound_to, Some(base64url([1; 32])));
}

#[test]
fn what_the_text_has_become() {
    let good = hs256(HEADER, &claims());
    let (signed, signature) = good.rsplit_once('.').expect("three segments");
    let der = base64url([&[0x30, 0x44][..], &[1; 68]].concat());
    let rows = [
        (format!("Bearer {good}"), "TokenHeaderBase64", Finding::TokenText, "`Bearer`"),
        (format!("{signed}.{}+/", &signature[2..]), "TokenSignatureForm", Finding::TokenText, "standard base64"),
        (format!("{good}="), "TokenSignatureForm", Finding::TokenText, "padded"),
        (format!("{good}\n"), "TokenSignatureForm", Finding::TokenText, "line break"),
        (format!("{signed}."), "TokenSignatureForm", Finding::TokenText, "nobody signed"),
        (format!("{signed}.{der}"), "TokenSignatureForm", Finding::TokenText, "DER"),
        (format!("{signed}.AAAA"), "TokenSignatureForm", Finding::TokenText, "3 octets"),
        (format!("{good}.a.b"), "TokenSegments", Finding::OtherSegments, "Play Integrity"),
        (signed.to_owned(), "TokenSegments", Finding::OtherSegments, "2 segments"),
        ("a".repeat(4_097), "TokenTooLarge", Finding::Length, "4 KiB"),
        (hs256("[]", &claims()), "TokenHeaderJson", Finding::OtherHeader, ""),
        (hs256(HEADER, &json!([])), "TokenPayloadJson", Finding::PayloadForm, ""),
    ];
    for (text, name, finding, part) in rows {
        assert_says(&explained(&text, side()), name, finding, &[part]);
    }
}

#[test]
fn mistakes_with_keys() {
    let good = hs256(HEADER, &claims());
    let with = |text: String| SessionSide { keys: Some(SessionKeys::Secret(Secret::new(text))), ..side() };
    let text = String::from_utf8_lossy(SECRET).into_owned();
    for (given, name, part) in [
        (text, "ConfigSecretLength", "the text itself"),
        (hex(SECRET), "TokenForged", "hexadecimal digits"),
        (base64(hex(SECRET).as_bytes()), "TokenForged", "base64 of hexadecimal digits"),
        (base64(base64(SECRET).as_bytes()), "TokenForged", "base64 of base64"),
    ] {
        let explanation = explained(&good, with(given.clone()));
        assert_says(&explanation, name, Finding::KeyForm, &[part]);
        assert!(!explanation.diagnosis.sentence.contains(&given) && !explanation.diagnosis.tried.is_empty());
    }
    assert_says(&explained(&good, with("AAAA".to_owned())), "ConfigSecretLength", Finding::KeyForm, &["3 octets"]);
    assert_eq!(explained(&good, with("AAAA".to_owned())).verdict.verdict, Outcome::Undecided);
    assert_says(&explained(&good, with("?".to_owned())), "ConfigSecretLength", Finding::KeyForm, &["not base64"]);
    assert_says(&explained(&good, with(base64(&[1; 32]))), "TokenForged", Finding::OtherKey, &["altered"]);
    let algorithm = |header: &str, side: SessionSide, part: &str| {
        assert_says(&explained(&hs256(header, &claims()), side), "TokenAlgorithm", Finding::OtherAlgorithm, &[part]);
    };
    algorithm(r#"{"alg":"none","typ":"JWT"}"#, side(), "`none`");
    algorithm(r#"{"alg":"None","typ":"JWT"}"#, side(), "`none`");
    algorithm(r#"{"alg":"RS256","typ":"JWT"}"#, side(), "\"RS256\"");
    algorithm(r#"{"typ":"JWT"}"#, side(), "does not say");
    algorithm(r#"{"alg":"ES256","typ":"JWT"}"#, side(), "give the public keys");
    algorithm(r#"{"alg":"HS256","typ":"JWT","kid":"e"}"#, public(), "give the secret");
    let signed = |header: &str| explained(&es256(header, &claims()), public());
    assert_says(&signed(r#"{"alg":"ES256","typ":"JWT"}"#), "TokenKeyMissing", Finding::OtherKey, &["\"e\" and \"f\""]);
    let unknown = signed(r#"{"alg":"ES256","typ":"JWT","kid":"x"}"#);
    assert_says(&unknown, "TokenKeyUnknown", Finding::OtherKey, &["\"x\""]);
    assert_says(&signed(r#"{"alg":"ES256","typ":"JWT","kid":"f"}"#), "TokenForged", Finding::OtherKey, &["this key"]);
    let twice = SessionKeys::read_jwks(&json!({"keys": [key(7, "e"), key(8, "e")]}).to_string());
    let twice = SessionSide { keys: Some(twice.expect("keys")), ..side() };
    assert_says(&explained(&good, twice), "ConfigDuplicateTokenKey", Finding::CallerSide, &["one `kid`"]);
}

#[test]
fn mistakes_in_the_claims() {
    let with = |name: &str, value: Value| explained(&hs256(HEADER, &claims_with(name, value)), side());
    let expired = with("exp", json!(NOW - 10));
    assert_says(&expired, "TokenExpired", Finding::Time, &["2027-01-15T07:59:50Z", "11 s from"]);
    assert_says(&with("iat", json!(NOW + 60)), "TokenFromFuture", Finding::Time, &["skew"]);
    assert_says(&with("nbf", json!(NOW + 6_000)), "TokenNotYetValid", Finding::Time, &["clock"]);
    assert_says(&with("iat", json!(NOW * 1_000)), "TokenFromFuture", Finding::Time, &["milliseconds"]);
    assert_says(&with("exp", json!("soon")), "TokenClaimType", Finding::PayloadForm, &["`exp`", "\"soon\""]);
    let good_for_ever = with("exp", json!(NOW * 1_000));
    assert_eq!(good_for_ever.verdict.verdict, Outcome::Accepted);
    assert!(good_for_ever.diagnosis.sentence.contains("in milliseconds"));
    assert_eq!(facts(&good_for_ever).claims[3].time, None);
    assert_says(&with("iss", json!(format!("{ISSUER}/"))), "TokenIssuer", Finding::OtherParty, &["slash at the end"]);
    assert_says(&with("iss", json!("other")), "TokenIssuer", Finding::OtherParty, &["\"other\"", ISSUER]);
    let audiences = json!(["a", AUDIENCE.to_uppercase()]);
    assert_says(&with("aud", audiences), "TokenAudience", Finding::OtherParty, &["capital letters"]);
    let bound = with("cnf", json!({"jkt": base64url([1; 32])}));
    assert_says(&bound, "TokenBound", Finding::NeedsProof, &["no bearer token"]);
    assert!(facts(&bound).authentic);
    let later = SessionSide { skew: Some(11), ..side() };
    assert_eq!(
        explained(&hs256(HEADER, &claims_with("exp", json!(NOW - 9))), later).verdict.verdict,
        Outcome::Accepted
    );
    for (kind, part) in [("dpop+jwt", "DPoP"), ("oauth-client-attestation+jwt", "OAuth"), ("x", "\"x\"")] {
        let token = hs256(&json!({"alg": "HS256", "typ": kind}).to_string(), &claims());
        let explanation = explained(&token, SessionSide { kind: Some("JWT".to_owned()), ..side() });
        assert_says(&explanation, "TokenType", Finding::OtherHeader, &[part, "\"JWT\" is required"]);
    }
    let empty = SessionSide { issuer: Some(String::new()), ..side() };
    assert_says(&explained(&hs256(HEADER, &claims()), empty), "ConfigTokenPolicy", Finding::CallerSide, &["empty"]);
    let unset = SessionSide { at: Some(UnixTime(0)), ..side() };
    assert_says(&explained(&hs256(HEADER, &claims()), unset), "ClockUnset", Finding::CallerSide, &["clock"]);
}

#[test]
fn the_scheme_is_taken_away() {
    let good = hs256(HEADER, &claims());
    for text in [format!("Bearer {good}"), format!("Authorization: bearer  {good}\n"), format!("\"DPoP {good}\"")] {
        let Ok(Input::Token(token)) = Input::read(text.as_bytes()) else { panic!("{text}") };
        assert_eq!((token.text.as_slice(), token.decoding.contains(&Decoding::Scheme)), (good.as_bytes(), true));
        let side = TokenSide { session: side(), ..TokenSide::default() };
        let explanation = explain_token(&token, None, &side, UnixMillis(1));
        assert_eq!((explanation.kind, explanation.verdict.verdict), (TokenKind::Jwt, Outcome::Accepted));
        assert!(explanation.diagnosis.sentence.contains("name of the scheme"));
    }
    // With the caller's side of a session token, one of Play Integrity is told to be one.
    let play = crate::mint::Keys::new(1).token(&crate::mint::payload());
    let Ok(Input::Token(token)) = Input::read(play.as_bytes()) else { panic!("a token") };
    let side = TokenSide { session: side(), ..TokenSide::default() };
    let explanation = explain_token(&token, None, &side, UnixMillis(1));
    assert_says(&explanation, "TokenSegments", Finding::OtherSegments, &["Play Integrity"]);
}

#[test]
fn key_sets_are_read() {
    let one = key(7, "e");
    let mut nameless = one.clone();
    nameless.as_object_mut().expect("an object").remove("kid");
    let token = es256(r#"{"alg":"ES256","typ":"JWT","kid":"any"}"#, &claims());
    for (keys, name) in [(&one, Some("TokenKeyUnknown")), (&nameless, None)] {
        let keys = Some(SessionKeys::read_jwks(&format!(" {keys}\n")).expect("a key"));
        assert_eq!(explained(&token, SessionSide { keys, ..side() }).verdict.name, name);
    }
    let mut private = one.clone();
    private["d"] = json!("a secret");
    let mut off = one.clone();
    off["x"] = json!(base64url([1; 32]));
    let rsa = json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"});
    for (json, reason) in [
        ("{".to_owned(), "not JSON"),
        (json!({"keys": 1}).to_string(), "not a list"),
        (json!({"keys": [rsa]}).to_string(), "no key on P-256"),
        (json!({"keys": [one, private]}).to_string(), "key 2: a private key"),
        (off.to_string(), "P-256"),
        (rsa.to_string(), "."),
    ] {
        let fault = SessionKeys::read_jwks(&json).expect_err(reason);
        assert!(fault.contains(reason) && !fault.contains("a secret\""), "{fault}");
    }
}

/// What is left out, and what is missed then.
type Change = (fn(&mut SessionSide), Missing);

/// An attestation of an OAuth client is never accepted alone, and its proof only by a key that the caller trusts.
#[test]
fn attestations_and_proofs_of_clients() {
    let (mut room, mut second) = ([0; 1024], [0; 1024]);
    let new = NewClientAttestation { client_id: "client", key: signer(8).public_key(), lifetime: 300 };
    let attestation = mint(&new, "e", &signer(7), UnixTime(NOW), &mut room, &RustCrypto).expect("an attestation");
    let new = NewClientProof { audience: AUDIENCE, challenge: Some("c1") };
    let proof = mint_proof(&new, &signer(8), &[1; 16], UnixTime(NOW), &mut second, &RustCrypto).expect("a proof");
    let kind = |kind: &str| Some(kind.to_owned());

    let of_attestation = SessionSide { kind: kind("oauth-client-attestation+jwt"), ..public() };
    let alone = explained(attestation, of_attestation);
    assert_eq!((alone.verdict.verdict, &alone.verdict.missing), (Outcome::Incomplete, &vec![Missing::Proof]));
    assert!(facts(&alone).authentic && facts(&alone).bound_to.is_some());
    assert_eq!(marks(&alone, Mark::NotAsked), ["Claims", "Binding"]);

    let keys = Some(SessionKeys::read_jwks(&json!({"keys": [key(7, "e"), key(8, "f")]}).to_string()).expect("keys"));
    let whole = SessionSide {
        kind: kind("oauth-client-attestation-pop+jwt"),
        keys,
        max_age: Some(60),
        challenge: Some("c1".to_owned()),
        ..side()
    };
    let accepted = explained(proof, whole.clone());
    assert_eq!(accepted.verdict.verdict, Outcome::Accepted, "{:?}", accepted.verdict);
    let unproved = SessionSide { keys: Some(SessionKeys::Unproved(signer(8).public_key())), ..whole.clone() };
    let explanation = explained(proof, unproved);
    assert_eq!(explanation.verdict.missing, [Missing::AttesterKey]);
    assert!(!facts(&explanation).authentic && explanation.diagnosis.sentence.contains("stays unproved"));
    assert_eq!(marks(&explanation, Mark::NotAsked), ["Key"]);
    let changes: [Change; 4] = [
        (|side| side.max_age = None, Missing::MaxAge),
        (|side| side.challenge = None, Missing::Challenge),
        (|side| side.audience = None, Missing::Audience),
        (|side| side.kind = None, Missing::TokenType),
    ];
    for (change, missing) in changes {
        let mut side = whole.clone();
        change(&mut side);
        assert_eq!(explained(proof, side).verdict.missing, [missing]);
    }
    let other = SessionSide { challenge: Some("c2".to_owned()), ..whole.clone() };
    assert_says(&explained(proof, other), "AttestationChallenge", Finding::OtherBinding, &["\"c1\"", "\"c2\""]);
    let late = SessionSide { at: Some(UnixTime(NOW + 61)), ..whole.clone() };
    assert_says(&explained(proof, late), "TokenTooOld", Finding::Time, &["new proof"]);
    let secret = SessionSide { keys: Some(secret()), ..whole };
    assert_says(&explained(proof, secret), "ConfigKeyKind", Finding::CallerSide, &["ES256"]);
}

/// The examples lie beside the directory that `GENUINE_REAL_VECTORS` names.
#[test]
fn shared_tokens_are_as_expected() {
    let Some(directory) = real_vectors() else { return };
    let read = |name: &str| {
        let path = directory.parent().expect("a directory above").join("tokens").join(name);
        let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let Ok(Input::TokenGroup(vectors)) = Input::read(&text) else { panic!("{name}") };
        let explain = |vector: &genuine_explain::TokenVector| {
            explain_token(&vector.token, Some(vector.kind), &vector.side, UnixMillis(NOW * 1_000))
        };
        let explanations: Vec<_> = vectors.iter().map(explain).collect();
        for (vector, explanation) in vectors.iter().zip(&explanations) {
            assert!(vector.expected.is_met_by(&explanation.verdict), "{vector:?}: {:?}", explanation.verdict);
            assert_ne!(explanation.verdict.verdict, Outcome::Accepted);
        }
        (serde_json::from_slice::<Value>(&text).expect("JSON"), explanations)
    };
    let (json, explanations) = read("hs256_examples.json");
    for (case, explanation) in json["cases"].as_array().expect("cases").iter().zip(&explanations) {
        assert_eq!(json!(facts(explanation).authentic), case["signature_valid"], "{case}");
        let sentence = &explanation.diagnosis.sentence;
        let said = (sentence.contains("`pay` is the hash"), sentence.contains("`pay` is NOT the hash"));
        assert_eq!(said, (case["binding_valid"] == json!(true), case["binding_valid"] == json!(false)), "{sentence}");
        assert!(!format!("{explanation:?}").contains(&json["secret_b64"].as_str().expect("text")[..20]));
    }
    assert_eq!(explanations.len(), 4);
    let (_, explanations) = read("client_attestation_example.json");
    assert_eq!(explanations.len(), 2);
    assert!(explanations[1].diagnosis.sentence.contains("stays unproved"));
}

#[test]
fn files_that_are_no_examples_are_told() {
    for (json, reason) in [
        (json!({"secret_b64": "AAAA", "cases": 1}), "not a list"),
        (json!({"secret_b64": "AAAA", "cases": [1]}), "case 0 is not a JSON object"),
        (json!({"secret_b64": "AAAA", "cases": [{}]}), "case 0 has no `token`"),
        (json!({"secret_b64": "AAAA", "cases": [{"token": "a.b.c"}]}), "no `signature_valid`"),
        (json!({"client_attestation": "a.b.c", "client_attestation_pop": "a.b.c"}), "no key in `cnf`"),
    ] {
        let unreadable = Input::read(json.to_string().as_bytes()).expect_err(reason).to_string();
        assert!(unreadable.contains(reason), "{unreadable}");
    }
    // A signature that nobody asked about is not a right one.
    let right = genuine_explain::Expected::Signature(true);
    let untold = explained(&hs256(HEADER, &claims()), SessionSide { keys: None, ..side() });
    assert!(!right.is_met_by(&untold.verdict));
    assert!(right.is_met_by(&explained(&hs256(HEADER, &claims_with("exp", json!(1))), side()).verdict));
}

/// The JSON form is the one that README.md describes.
#[test]
fn every_field_is_described() {
    let full = serde_json::to_value(explained(&hs256(HEADER, &claims()), side())).expect("serialises");
    let mut list = Vec::new();
    crate::form::names(&full, &mut list);
    for name in &list {
        assert!(crate::form::README.contains(&format!("`{name}`")), "{name}");
    }
    assert!(list.contains(&"claim_name") && list.contains(&"bound_to"));
}

proptest! {
    /// A token with any bytes of it replaced is accepted as it was, or not at all.
    #[test]
    fn changed_tokens_are_never_accepted(
        has_key in any::<bool>(),
        changes in vec((any::<Index>(), prop_oneof![any::<u8>(), b' '..=b'~']), 0..3),
    ) {
        let good = hs256(HEADER, &claims());
        let mut text = good.clone().into_bytes();
        for (place, octet) in changes {
            let place = place.index(text.len());
            text[place] = octet;
        }
        let is_same = text == good.as_bytes();
        let side = if has_key { side() } else { SessionSide { keys: None, ..side() } };
        let token = Token { text, form: TokenForm::Compact, decoding: Vec::new() };
        let side = TokenSide { session: side, ..TokenSide::default() };
        let explanation = explain_token(&token, Some(TokenKind::Jwt), &side, UnixMillis(1));
        prop_assert_eq!(explanation.verdict.verdict == Outcome::Accepted, has_key && is_same);
        prop_assert!(explanation.diagnosis.sentence.ends_with('.'));
    }
}

#[test]
fn a_side_is_filled_up_from_another() {
    let own = SessionSide { issuer: Some("own".to_owned()), ..SessionSide::default() };
    let both = own.or(side());
    assert_eq!((both.issuer.as_deref(), both.audience.as_deref()), (Some("own"), Some(AUDIENCE)));
    assert_eq!(both.keys, Some(secret()));
    // The key of an attester is for the attestation, not for the proof beside it.
    let unproved = Some(SessionKeys::Unproved(signer(8).public_key()));
    assert_eq!(side().or(SessionSide { keys: unproved.clone(), ..side() }).keys, unproved);
}
