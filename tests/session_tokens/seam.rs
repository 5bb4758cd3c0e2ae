//! What reaches the backend and when, and what its answers do.

use std::cell::RefCell;

use genuine::{
    Class, Error, UnixTime,
    crypto::{
        CryptoError, Digest, HmacSha256, P256, PublicKey, RustCrypto, RustCryptoSigner, Sha256, SignP256, Signature,
        VerifyEcdsa,
        conformance::{self, Answer},
    },
    session::{
        client_attestation::{NewClientProof, mint_proof},
        dpop::{DpopPolicy, DpopVerifier, ProofRequest},
        jwk::{self, Thumbprint},
        token::{NewToken, TokenKey, TokenMinter, TokenVerifier},
    },
};
use serde_json::json;

use crate::common::{
    AUDIENCE, ES_HEADER, HS_HEADER, ISSUER, NOW, SECRET, claims, claims_with, device, es256, hs256, jwk as as_json,
    keys, policy, signer,
};

/// A backend that counts what it is asked, and from one question on cannot compute.
struct Tap {
    calls: RefCell<Vec<&'static str>>,
    failing: usize,
}

impl Tap {
    fn new(failing: usize) -> Self {
        Self { calls: RefCell::default(), failing }
    }

    fn asked(&self, call: &'static str) -> Result<(), CryptoError> {
        self.calls.borrow_mut().push(call);
        if self.calls.borrow().len() > self.failing { Err(CryptoError::Unavailable) } else { Ok(()) }
    }

    fn calls(&self) -> Vec<&'static str> {
        self.calls.take()
    }
}

impl Sha256 for Tap {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        self.asked("sha256")?;
        RustCrypto.sha256(parts)
    }
}

impl HmacSha256 for Tap {
    fn hmac_sha256(&self, key: &[u8], parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        self.asked("hmac")?;
        RustCrypto.hmac_sha256(key, parts)
    }
}

impl VerifyEcdsa<P256> for Tap {
    fn check_key(&self, key: &PublicKey<P256>) -> Result<(), CryptoError> {
        self.asked("check")?;
        RustCrypto.check_key(key)
    }

    fn verify(&self, key: &PublicKey<P256>, digest: &Digest, signature: &Signature<P256>) -> Result<(), CryptoError> {
        self.asked("verify")?;
        RustCrypto.verify(key, digest, signature)
    }
}

/// Runs it with a backend that fails at each question in turn: never a refusal, and never an acceptance.
fn undecided<T>(questions: &[&str], run: impl Fn(&Tap) -> Result<T, Error>) {
    let tap = Tap::new(usize::MAX);
    assert!(run(&tap).is_ok());
    assert_eq!(tap.calls(), questions);
    for failing in 0..questions.len() {
        assert_eq!(run(&Tap::new(failing)).map(drop), Err(Error::CryptoUnavailable), "{failing}");
    }
}

#[test]
fn nothing_is_decided_without_the_backend() {
    let keys = keys();
    let verify = |token: &str, tap: &Tap| {
        TokenVerifier::new(policy(), &keys, tap)?.verify(&mut token.as_bytes().to_vec(), UnixTime(NOW)).map(drop)
    };
    undecided(&["check", "hmac"], |tap| verify(&hs256(HS_HEADER, claims().to_string(), &SECRET), tap));
    let token = es256(ES_HEADER, claims().to_string(), &signer());
    undecided(&["check", "sha256", "verify"], |tap| verify(&token, tap));

    let key = as_json(&device().public_key());
    for (cnf, more) in [
        (json!({"jkt": Thumbprint::of(&device().public_key(), &RustCrypto).unwrap().to_string()}), false),
        (json!({ "jwk": key }), true),
    ] {
        let token = hs256(HS_HEADER, claims_with("cnf", cnf), &SECRET);
        let questions = ["check", "sha256", "hmac", "sha256", "sha256"];
        undecided(if more { &questions } else { &questions[..4] }, |tap| {
            let mut token = token.as_bytes().to_vec();
            let bound = TokenVerifier::new(policy(), &keys, tap)?.verify_bound(&mut token, UnixTime(NOW))?;
            bound.confirm_by_proven_key(&device().public_key(), tap).map(drop)
        });
    }

    let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": key}).to_string();
    let payload = json!({"jti": "x", "htm": "GET", "htu": "https://a.example/", "iat": NOW}).to_string();
    let proof = es256(&header, payload, &device());
    undecided(&["check", "sha256", "verify", "sha256"], |tap| {
        let request = ProofRequest::new("GET", "https://a.example/").unwrap();
        let verifier = DpopVerifier::new(DpopPolicy::new(60), tap);
        verifier.verify(&mut proof.as_bytes().to_vec(), &request, UnixTime(NOW)).map(drop)
    });
    undecided(&["sha256"], |tap| ProofRequest::new("GET", "https://a.example/")?.with_access_token(b"x", tap));
    undecided(&["check"], |tap| jwk::read(key.to_string().as_bytes(), tap));
    undecided(&["hmac"], |tap| {
        let minter = TokenMinter::hs256(ISSUER, AUDIENCE, &keys[0], tap)?;
        minter.mint(&NewToken::new("x", 1), &[1; 16], UnixTime(NOW), &mut [0; 512]).map(drop)
    });
    undecided(&["sha256"], |tap| {
        let proof = NewClientProof { audience: AUDIENCE, challenge: None };
        mint_proof(&proof, &device(), &[1; 16], UnixTime(NOW), &mut [0; 512], tap).map(drop)
    });
    assert_eq!(Error::CryptoUnavailable.class(), Class::Unavailable);
}

/// What costs little is looked at first: nothing reaches the backend before form, header and key have passed.
#[test]
fn the_backend_is_asked_last() {
    let keys = keys();
    for token in [
        ".".repeat(5000),
        "a.b".to_owned(),
        hs256(r#"{"alg":"none","typ":"JWT","kid":"h"}"#, claims().to_string(), &SECRET),
        hs256(r#"{"alg":"HS256","typ":"JWT","kid":"x"}"#, claims().to_string(), &SECRET),
        hs256(r#"{"alg":"HS256","typ":"JOSE","kid":"h"}"#, claims().to_string(), &SECRET),
        hs256(HS_HEADER, claims().to_string(), &SECRET) + "A",
    ] {
        let tap = Tap::new(usize::MAX);
        let verifier = TokenVerifier::new(policy(), &keys, &tap).unwrap();
        assert!(verifier.verify(&mut token.into_bytes(), UnixTime(NOW)).is_err());
        assert_eq!(tap.calls(), ["check"]);
    }
    // A signature out of range is none to compute with.
    let tap = Tap::new(usize::MAX);
    let verifier = TokenVerifier::new(policy(), &keys, &tap).unwrap();
    let token = es256(ES_HEADER, claims().to_string(), &signer());
    let zeros = format!("{}.{}", token.rsplit_once('.').unwrap().0, crate::common::b64([0; 64]));
    assert_eq!(verifier.verify(&mut zeros.into_bytes(), UnixTime(NOW)).map(drop), Err(Error::TokenForged));
    assert_eq!(tap.calls(), ["check", "sha256"]);
}

/// A signer that answers something else than it should.
struct Unsound {
    key: PublicKey<P256>,
    answer: Answers,
}

impl SignP256 for Unsound {
    fn public_key(&self) -> PublicKey<P256> {
        self.key
    }

    fn sign(&self, digest: &[u8; 32]) -> Result<Signature<P256>, CryptoError> {
        (self.answer)(digest)
    }
}

type Answers = fn(&[u8; 32]) -> Result<Signature<P256>, CryptoError>;

/// A backend that accepts everything.
struct Lenient;
impl VerifyEcdsa<P256> for Lenient {
    fn check_key(&self, _: &PublicKey<P256>) -> Result<(), CryptoError> {
        Ok(())
    }

    fn verify(&self, _: &PublicKey<P256>, _: &Digest, _: &Signature<P256>) -> Result<(), CryptoError> {
        Ok(())
    }
}

#[test]
fn signers_are_checked() {
    assert_eq!(conformance::check_signer(&signer(), &RustCrypto), Ok(()));
    let key = signer().public_key();
    let answers: [(PublicKey<P256>, Answers, Answer); 6] = [
        (PublicKey([1; 64]), |digest| signer().sign(digest), Answer::Refused),
        (device().public_key(), |digest| signer().sign(digest), Answer::Refused),
        (key, |_| signer().sign(&[1; 32]), Answer::Refused),
        (key, |_| Ok(Signature([0; 64])), Answer::Refused),
        (key, |_| Err(CryptoError::Unavailable), Answer::Unavailable),
        (key, |_| Err(CryptoError::Invalid), Answer::Unavailable),
    ];
    for (key, answer, expected) in answers {
        let failure = conformance::check_signer(&Unsound { key, answer }, &RustCrypto).unwrap_err();
        assert_eq!(failure.answer, expected, "{failure}");
    }
    assert_eq!(conformance::check_signer(&signer(), &Lenient).unwrap_err().answer, Answer::Accepted);
}

/// A signer that is not there mints nothing.
#[test]
fn minting_needs_a_signature() {
    let unsound = Unsound { key: signer().public_key(), answer: |_| Err(CryptoError::Unavailable) };
    let minter = TokenMinter::es256(ISSUER, AUDIENCE, "e", &unsound, &RustCrypto).unwrap();
    let minted = minter.mint(&NewToken::new("x", 1), &[1; 16], UnixTime(NOW), &mut [0; 512]).map(drop);
    assert_eq!(minted, Err(Error::CryptoUnavailable));
    // Backend and signer behind `dyn`.
    let (crypto, signer): (&dyn genuine::session::token::TokenCrypto, &dyn SignP256) = (&RustCrypto, &signer());
    let minter = TokenMinter::es256(ISSUER, AUDIENCE, "e", signer, crypto).unwrap();
    let mut room = [0; 512];
    let mut text = minter.mint(&NewToken::new("x", 1), &[1; 16], UnixTime(NOW), &mut room).unwrap().as_bytes().to_vec();
    let keys = [TokenKey::es256("e", signer.public_key())];
    assert!(TokenVerifier::new(policy(), &keys, crypto).unwrap().verify(&mut text, UnixTime(NOW)).is_ok());
    let debug = format!("{:?}", RustCryptoSigner::try_from(&[7; 32]).unwrap());
    assert!(!debug.contains("7, 7, 7"), "{debug}");
}
