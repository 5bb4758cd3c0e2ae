//! What a backend sees of a token, and what its answers become.

use std::cell::{Cell, RefCell};

use genuine::{
    Class, Error, UnixMillis,
    crypto::{
        AesKwGcm, CryptoError, Digest, GenuineCrypto, P256, PublicKey, RustCrypto, Sha256, Signature, VerifyEcdsa,
        conformance::{self, Answer},
    },
    play_integrity::{ClassicVerifier, DecodedVerifier, KeyPair, Policy},
};
use genuine_testvectors::play::{PlayApp, PlayMutation};

use crate::common::{NOW, TOKEN, app, binding, certificates, minimal, pair, rotated};

/// A backend that writes down what is asked of it, and gives another answer where one is planted.
#[derive(Default)]
struct Watched {
    calls: RefCell<Vec<&'static str>>,
    /// What the last text was decrypted with.
    content_key: Cell<[u8; 32]>,
    /// Which call has another answer than it should, and which.
    planted: Option<(&'static str, Result<(), CryptoError>)>,
}

impl Watched {
    fn planted(call: &'static str, answer: Result<(), CryptoError>) -> Self {
        Self { planted: Some((call, answer)), ..Self::default() }
    }

    fn answer<T>(&self, call: &'static str, sound: Result<T, CryptoError>, planted: T) -> Result<T, CryptoError> {
        self.calls.borrow_mut().push(call);
        match self.planted {
            Some((name, answer)) if name == call => answer.map(|()| planted),
            _ => sound,
        }
    }
}

impl Sha256 for Watched {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        self.answer("hash", RustCrypto.sha256(parts), [0; 32])
    }
}

impl VerifyEcdsa<P256> for Watched {
    fn check_key(&self, key: &PublicKey<P256>) -> Result<(), CryptoError> {
        self.answer("check key", RustCrypto.check_key(key), ())
    }

    fn verify(&self, key: &PublicKey<P256>, digest: &Digest, signature: &Signature<P256>) -> Result<(), CryptoError> {
        self.answer("verify", RustCrypto.verify(key, digest, signature), ())
    }
}

impl AesKwGcm for Watched {
    fn unwrap_key(&self, wrapping: &[u8; 32], wrapped: &[u8; 40]) -> Result<[u8; 32], CryptoError> {
        self.answer("unwrap", RustCrypto.unwrap_key(wrapping, wrapped), [0; 32])
    }

    fn open_in_place(
        &self,
        key: &[u8; 32],
        iv: &[u8; 12],
        additional: &[u8],
        text: &mut [u8],
        tag: &[u8; 16],
    ) -> Result<(), CryptoError> {
        self.content_key.set(*key);
        self.answer("open", RustCrypto.open_in_place(key, iv, additional, text, tag), ())
    }
}

/// The verdict on a token, and what was asked of the backend for it.
fn verdict(crypto: &Watched, keys: &[KeyPair], token: &[u8]) -> (Result<(), Error>, Vec<&'static str>) {
    let (certificates, app) = (certificates(), app());
    let policy = Policy::new(app.package_name(), &certificates);
    let found = ClassicVerifier::new(&policy, keys, crypto).and_then(|verifier| {
        // What was asked for the configuration is not of the token.
        crypto.calls.borrow_mut().clear();
        verifier.verify(&mut token.to_vec(), binding(), UnixMillis(NOW)).map(drop)
    });
    (found, crypto.calls.take())
}

fn altered(change: impl Fn(&mut genuine_testvectors::play::Sealed) + 'static) -> Vec<u8> {
    PlayMutation::default().sealed(change).mint(&app(), &minimal())
}

/// RFC 7516 §11.5: which of the two was wrong is a question that an attacker could ask about the key.
#[test]
fn a_bad_wrapped_key_and_a_bad_tag_are_one_and_the_same() {
    let stranger = PlayApp::new("a stranger");
    for keys in [vec![pair(&app())], vec![pair(&app()), pair(&rotated())], vec![pair(&rotated()), pair(&app())]] {
        let mut sealed = vec!["unwrap"; keys.len()];
        sealed.push("open");
        for token in [
            altered(|sealed| sealed.wrapped_key[0] ^= 1),
            altered(|sealed| sealed.wrapped_key[39] ^= 1),
            altered(|sealed| sealed.wrapped_key.fill(0)),
            altered(|sealed| sealed.tag[0] ^= 1),
            altered(|sealed| sealed.tag[15] ^= 1),
            altered(|sealed| sealed.iv[0] ^= 1),
            altered(|sealed| sealed.ciphertext[0] ^= 1),
            altered(|sealed| sealed.ciphertext.clear()),
            altered(|sealed| sealed.header.replace_range(.., "eyJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiQTI1NktXIn0")),
            stranger.token(&minimal()).into_bytes(),
        ] {
            assert_eq!(verdict(&Watched::default(), &keys, &token), (Err(Error::PlayNotOpened), sealed.clone()));
        }
        // A good one makes the same calls first, whichever pair opens it.
        let mut all = sealed.clone();
        all.extend(["hash", "verify"]);
        assert_eq!(verdict(&Watched::default(), &keys, app().token(&minimal()).as_bytes()), (Ok(()), all));
    }
}

/// Lengths are public, and a text that cannot be one is not decrypted.
#[test]
fn another_length_asks_nothing_of_the_backend() {
    let keys = [pair(&app())];
    for token in [
        altered(|sealed| sealed.wrapped_key.truncate(39)),
        altered(|sealed| sealed.iv.push(0)),
        altered(|sealed| sealed.tag.truncate(12)),
    ] {
        assert_eq!(verdict(&Watched::default(), &keys, &token), (Err(Error::PlayNotOpened), Vec::new()));
    }
}

/// A tag that is right under the decryption key itself, which the text is decrypted with where no key unwraps, opens nothing.
#[test]
fn without_a_content_key_nothing_is_opened() {
    let keys = [pair(&app()), pair(&rotated())];
    let forged = PlayMutation::default()
        .content(|content| content.key = app().decryption_key())
        .sealed(|sealed| sealed.wrapped_key.fill(0))
        .mint(&app(), &minimal());
    let watched = Watched::default();
    let (found, calls) = verdict(&watched, &keys, &forged);
    assert_eq!((found, calls), (Err(Error::PlayNotOpened), vec!["unwrap", "unwrap", "open"]));
    // Not by a key that everybody knows, under which an attacker could make a tag.
    assert_eq!(watched.content_key.get(), app().decryption_key());
    // Nor where the backend says that it did.
    let lenient = Watched::planted("open", Ok(()));
    let token = PlayApp::new("a stranger").token(&minimal());
    assert_eq!(verdict(&lenient, &keys, token.as_bytes()).0, Err(Error::PlayNotOpened));
    let zeros = PlayMutation::default()
        .content(|content| content.key = [0; 32])
        .sealed(|sealed| sealed.wrapped_key.fill(0))
        .mint(&app(), &minimal());
    assert_eq!(verdict(&Watched::default(), &keys, &zeros).0, Err(Error::PlayNotOpened));
}

/// Where two keys unwrap, which no honest ones do, the first counts, and its pair's verification key.
#[test]
fn the_first_key_that_unwraps_counts() {
    let both = [pair(&app()), pair(&rotated())];
    let unwraps = Watched::planted("unwrap", Ok(()));
    let zeros = |signer: PlayApp| {
        PlayMutation::default()
            .signature(move |signature| signature.octets = signer.sign(signature.signed.as_bytes()).to_vec())
            .content(|content| content.key = [0; 32])
            .mint(&app(), &minimal())
    };
    assert_eq!(verdict(&unwraps, &both, &zeros(app())).0, Ok(()));
    assert_eq!(verdict(&unwraps, &both, &zeros(rotated())).0, Err(Error::PlaySignatureInvalid));
}

#[test]
fn what_could_not_be_computed_is_no_refusal() {
    let keys = [pair(&app()), pair(&rotated())];
    let good = app().token(&minimal());
    let bad_tag = altered(|sealed| sealed.tag[0] ^= 1);
    for (call, token) in [
        ("check key", good.as_bytes()),
        ("unwrap", good.as_bytes()),
        ("unwrap", &bad_tag),
        ("open", good.as_bytes()),
        ("open", &bad_tag),
        ("hash", good.as_bytes()),
        ("verify", good.as_bytes()),
    ] {
        let faulty = Watched::planted(call, Err(CryptoError::Unavailable));
        assert_eq!(verdict(&faulty, &keys, token).0, Err(Error::CryptoUnavailable), "{call}");
    }
    assert_eq!(Error::CryptoUnavailable.class(), Class::Unavailable);
    for (call, expected) in [
        ("unwrap", Error::PlayNotOpened),
        ("open", Error::PlayNotOpened),
        ("verify", Error::PlaySignatureInvalid),
        ("check key", Error::PublicKeyInvalid),
        // A hash has no verdict.
        ("hash", Error::CryptoUnavailable),
    ] {
        let refusing = Watched::planted(call, Err(CryptoError::Invalid));
        assert_eq!(verdict(&refusing, &keys, good.as_bytes()).0, Err(expected), "{call}");
    }
    let (certificates, app) = (certificates(), app());
    let policy = Policy::new(app.package_name(), &certificates);
    let faulty = Watched::planted("hash", Err(CryptoError::Unavailable));
    let verifier = DecodedVerifier::new(&policy, &faulty).unwrap();
    let json = minimal().encode();
    assert_eq!(verifier.trust_answer(json.as_bytes(), TOKEN).map(drop).err(), Some(Error::CryptoUnavailable));
}

/// A backend is not asked about numbers that are no scalars, whatever it would say.
#[test]
fn a_signature_out_of_range_does_not_reach_the_backend() {
    let lenient = Watched::planted("verify", Ok(()));
    for half in [0..32, 32..64] {
        for value in [0, 0xFF] {
            let half = half.clone();
            let token = PlayMutation::default()
                .signature(move |signature| signature.octets[half.clone()].fill(value))
                .mint(&app(), &minimal());
            let (found, calls) = verdict(&lenient, &[pair(&app())], &token);
            assert_eq!((found, calls), (Err(Error::PlaySignatureInvalid), vec!["unwrap", "open", "hash"]));
        }
    }
}

/// No signature is verified before every check on the form of the JWS has passed.
#[test]
fn no_signature_is_verified_for_another_algorithm() {
    for header in [r#"{"alg":"none"}"#, r#"{"alg":"ES256","crit":["b64"]}"#, "{}", "{"] {
        let token = PlayMutation::default()
            .inner_header(move |json| *json = header.as_bytes().to_vec())
            .mint(&app(), &minimal());
        let (found, calls) = verdict(&Watched::default(), &[pair(&app())], &token);
        assert!(found.is_err());
        assert_eq!(calls, ["unwrap", "open"], "{header}");
    }
}

#[test]
fn sound_backends_pass_the_conformance_check() {
    assert_eq!(conformance::check_aes_kw_gcm(&RustCrypto), Ok(()));
    assert_eq!(conformance::check_aes_kw_gcm(&GenuineCrypto), Ok(()));
    let watched = Watched::default();
    assert_eq!(conformance::check_aes_kw_gcm(&watched), Ok(()));
    assert_eq!(watched.calls.take(), [&["unwrap"; 6][..], &["open"; 10]].concat());
}

type Unwrap = fn(&[u8; 32], &[u8; 40]) -> Result<[u8; 32], CryptoError>;
type Open = fn(&[u8; 32], &[u8; 12], &[u8], &mut [u8], &[u8; 16]) -> Result<(), CryptoError>;

/// A backend of these two operations.
struct Aes(Unwrap, Open);

impl AesKwGcm for Aes {
    fn unwrap_key(&self, wrapping: &[u8; 32], wrapped: &[u8; 40]) -> Result<[u8; 32], CryptoError> {
        self.0(wrapping, wrapped)
    }

    fn open_in_place(
        &self,
        key: &[u8; 32],
        iv: &[u8; 12],
        additional: &[u8],
        text: &mut [u8],
        tag: &[u8; 16],
    ) -> Result<(), CryptoError> {
        self.1(key, iv, additional, text, tag)
    }
}

/// Opens whatever the tag is: the keystream is that of GCM, block by block from 2 on.
fn unauthenticated(key: &[u8; 32], iv: &[u8; 12], text: &mut [u8]) {
    use aes_gcm::{Aes256Gcm, KeyInit, aead::AeadInOut};

    Aes256Gcm::new(key.into()).encrypt_inout_detached(iv.into(), b"", text.into()).unwrap();
}

#[test]
fn the_conformance_check_finds_an_unsound_backend() {
    let unwrap: Unwrap = |wrapping, wrapped| RustCrypto.unwrap_key(wrapping, wrapped);
    let open: Open = |key, iv, additional, text, tag| RustCrypto.open_in_place(key, iv, additional, text, tag);
    for (backend, answer) in [
        (Aes(|_, _| Ok([0; 32]), open), Answer::WrongText),
        (Aes(|_, _| Err(CryptoError::Invalid), open), Answer::Refused),
        (Aes(|_, _| Err(CryptoError::Unavailable), open), Answer::Unavailable),
        // What is unwrapped without its initial value being looked at.
        (Aes(|wrapping, wrapped| RustCrypto.unwrap_key(wrapping, wrapped).or(Ok([0; 32])), open), Answer::Accepted),
        (Aes(unwrap, |_, _, _, _, _| Err(CryptoError::Invalid)), Answer::Refused),
        (Aes(unwrap, |_, _, _, _, _| Err(CryptoError::Unavailable)), Answer::Unavailable),
        (Aes(unwrap, |_, _, _, _, _| Ok(())), Answer::WrongText),
        // No tag is looked at.
        (
            Aes(unwrap, |key, iv, _, text, _| {
                unauthenticated(key, iv, text);
                Ok(())
            }),
            Answer::Accepted,
        ),
        // The tag is looked at, and the text left as it was.
        (
            Aes(unwrap, |key, iv, additional, text, tag| {
                RustCrypto.open_in_place(key, iv, additional, &mut text.to_vec(), tag)
            }),
            Answer::WrongText,
        ),
        // Twelve octets of the tag are compared.
        (
            Aes(unwrap, |key, iv, additional, text, tag| {
                let mut computed = text.to_vec();
                unauthenticated(key, iv, &mut computed);
                let tag_of = |text: &mut Vec<u8>| {
                    use aes_gcm::{Aes256Gcm, KeyInit, aead::AeadInOut};

                    Aes256Gcm::new(key.into())
                        .encrypt_inout_detached(iv.into(), additional, text.as_mut_slice().into())
                        .unwrap()
                };
                let expected = tag_of(&mut computed);
                if expected[..12] != tag[..12] {
                    return Err(CryptoError::Invalid);
                }
                unauthenticated(key, iv, text);
                Ok(())
            }),
            Answer::Accepted,
        ),
        // The additional data is left out.
        (Aes(unwrap, |key, iv, _, text, tag| RustCrypto.open_in_place(key, iv, b"", text, tag)), Answer::Refused),
    ] {
        let found = conformance::check_aes_kw_gcm(&backend).expect_err("unsound");
        assert_eq!(found.answer, answer, "{found}");
        assert!(found.to_string().starts_with("AES"), "{found}");
    }
}
