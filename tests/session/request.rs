//! Signed requests: the text that is signed, the form of the signature, and the window.

use std::cell::RefCell;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use genuine::{
    Error, UnixTime,
    crypto::{CryptoError, HmacSha256, RustCrypto},
    session::{
        SessionKey,
        request::{Request, RequestSecret, RequestSignature, RequestVerifier, VerifiedRequest},
    },
};
use proptest::prelude::*;

use crate::{Broken, key, sha256};

const SIGNED: u64 = 1_790_000_000;
const KEY_ID: &str = "client-7";
const NONCE: &str = "q83vEjRWeJCrze8S";
const SECRET: [u8; 32] = [0x42; 32];

fn body() -> [u8; 32] {
    sha256(b"{\"amount\":1}")
}

fn secret() -> RequestSecret {
    RequestSecret::new(SECRET)
}

/// The signature of `POST /orders?dry=1`.
fn signed() -> String {
    let digest = body();
    let request = Request::new("POST", "/orders", "dry=1", &digest).unwrap();
    RequestSignature::sign(&request, KEY_ID, NONCE, UnixTime(SIGNED), &secret(), &RustCrypto).unwrap().to_string()
}

/// Verifies with the secret of [`signed`].
fn verify<'s>(
    signature: &'s str,
    (method, path, query): (&str, &str, &str),
    digest: &[u8; 32],
    now: u64,
) -> Result<VerifiedRequest<'s>, Error> {
    let request = Request::new(method, path, query, digest)?;
    let signature = RequestSignature::parse(signature)?;
    RequestVerifier::new(&RustCrypto).verify(&signature, &request, UnixTime(now), |key_id| {
        if key_id == KEY_ID { Ok(secret()) } else { Err(Error::RequestKeyUnknown) }
    })
}

const ORDER: (&str, &str, &str) = ("POST", "/orders", "dry=1");

#[test]
fn the_text_is_the_documented_one() {
    // SHA-256 of `{"amount":1}`, by `sha256sum`.
    let digest = "c2b11e657e12fd177359627ca89412018e2274d0873cfbfcf1fc50f685582e9e";
    let text = format!("genuine-request-1\nPOST\n/orders\ndry=1\n{digest}\n{SIGNED}\n{NONCE}\n{KEY_ID}");
    let code = ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &SECRET), text.as_bytes());
    let code = URL_SAFE_NO_PAD.encode(code);
    assert_eq!(signed(), format!("1.{KEY_ID}.{SIGNED}.{NONCE}.{code}"));
}

#[test]
fn what_was_signed_verifies() {
    let signature = signed();
    let verified = verify(&signature, ORDER, &body(), SIGNED + 2).unwrap();
    assert_eq!((verified.key_id(), verified.nonce()), (KEY_ID, NONCE));
    assert_eq!((verified.signed_at(), verified.expires_at()), (UnixTime(SIGNED), UnixTime(SIGNED + 300)));
    let crypto: &dyn HmacSha256 = &RustCrypto;
    let (digest, parsed) = (body(), RequestSignature::parse(&signature).unwrap());
    let request = Request::new("POST", "/orders", "dry=1", &digest).unwrap();
    let again = RequestVerifier::new(crypto).verify(&parsed, &request, UnixTime(SIGNED), |_| Ok(secret()));
    assert_eq!(again, Ok(verified));
}

#[test]
fn every_part_is_signed() {
    let (signature, digest, now) = (signed(), body(), SIGNED);
    let forged = Err(Error::RequestForged);
    for request in [
        ("PUT", "/orders", "dry=1"),
        ("post", "/orders", "dry=1"),
        ("POST", "/orders/", "dry=1"),
        ("POST", "/order", "dry=1"),
        ("POST", "/orders", "dry=0"),
        ("POST", "/orders", ""),
        ("POST", "/ordersdry=1", ""),
        ("POST", "/orders", "dry=1&dry=2"),
        ("POST", "/%6Frders", "dry=1"),
    ] {
        assert_eq!(verify(&signature, request, &digest, now), forged, "{request:?}");
    }
    for bit in 0..256 {
        let mut other = digest;
        other[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(verify(&signature, ORDER, &other, now), forged, "bit {bit}");
    }
    let other_time = signature.replace(&SIGNED.to_string(), &(SIGNED + 1).to_string());
    assert_eq!(verify(&other_time, ORDER, &digest, now), forged);
    let other_nonce = signature.replace(NONCE, "r83vEjRWeJCrze8S");
    assert_eq!(verify(&other_nonce, ORDER, &digest, now), forged);
    // The identifier is signed, so that two keys of one secret are two.
    let other_key = signature.replace(KEY_ID, "client-8");
    assert_eq!(verify(&other_key, ORDER, &digest, now), Err(Error::RequestKeyUnknown));
    let parsed = RequestSignature::parse(&other_key).unwrap();
    let request = Request::new("POST", "/orders", "dry=1", &digest).unwrap();
    let verifier = RequestVerifier::new(&RustCrypto);
    assert_eq!(verifier.verify(&parsed, &request, UnixTime(now), |_| Ok(secret())), forged);
    // Another secret.
    let parsed = RequestSignature::parse(&signature).unwrap();
    let other = |_: &str| Ok(RequestSecret::new([0x43; 32]));
    assert_eq!(verifier.verify(&parsed, &request, UnixTime(now), other), forged);
}

#[test]
fn every_flipped_bit_of_the_code_is_refused() {
    let signature = signed();
    let (rest, code) = signature.rsplit_once('.').unwrap();
    let code: [u8; 32] = URL_SAFE_NO_PAD.decode(code).unwrap().try_into().unwrap();
    for bit in 0..256 {
        let mut other = code;
        other[bit / 8] ^= 1 << (bit % 8);
        let other = format!("{rest}.{}", URL_SAFE_NO_PAD.encode(other));
        assert_eq!(verify(&other, ORDER, &body(), SIGNED), Err(Error::RequestForged), "bit {bit}");
    }
}

#[test]
fn there_is_one_form_of_a_signature() {
    let signature = signed();
    let form = |text: &str| assert_eq!(RequestSignature::parse(text).map(drop), Err(Error::RequestForm), "{text:?}");
    assert!(RequestSignature::parse(&signature).is_ok());
    for length in 0..signature.len() {
        form(&signature[..length]);
    }
    let code = signature.rsplit_once('.').unwrap().1;
    // The last character of 43 has two spare bits.
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = alphabet.find(code.chars().last().unwrap()).unwrap();
    assert_eq!(last % 4, 0);
    for spare in 1..4 {
        form(&format!("{}{}", &signature[..signature.len() - 1], alphabet.chars().nth(last + spare).unwrap()));
    }
    let with = |key_id: &str, time: &str, nonce: &str, code: &str| format!("1.{key_id}.{time}.{nonce}.{code}");
    for time in
        ["", "+1", "-1", "01", "00", "1.0", "1e9", " 1", "1 ", "0x1", "18446744073709551616", "99999999999999999999"]
    {
        form(&with(KEY_ID, time, NONCE, code));
    }
    for time in ["0", "1", "10", "18446744073709551615"] {
        assert!(RequestSignature::parse(&with(KEY_ID, time, NONCE, code)).is_ok(), "{time}");
    }
    for (length, fits) in [(0, false), (1, true), (64, true), (65, false)] {
        assert_eq!(RequestSignature::parse(&with(&"k".repeat(length), "1", NONCE, code)).is_ok(), fits, "{length}");
    }
    for (length, fits) in [(0, false), (15, false), (16, true), (64, true), (65, false)] {
        assert_eq!(RequestSignature::parse(&with(KEY_ID, "1", &"n".repeat(length), code)).is_ok(), fits, "{length}");
    }
    for character in (0..=0xFF).map(char::from).filter(|character| !alphabet.contains(*character)) {
        form(&with(&format!("key{character}"), "1", NONCE, code));
        form(&with(KEY_ID, "1", &format!("{NONCE}{character}"), code));
    }
    for text in [
        format!("2.{}", &signature[2..]),
        format!("01.{}", &signature[2..]),
        signature[2..].to_owned(),
        format!("{signature}."),
        format!("{signature}.A"),
        format!("{signature}="),
        format!(" {signature}"),
        format!("{signature}\n"),
        signature.replace('.', ","),
    ] {
        form(&text);
    }
}

#[test]
fn the_form_of_a_request() {
    let digest = body();
    let fits = |method: &str, path: &str, query: &str| Request::new(method, path, query, &digest).is_ok();
    assert!(fits("GET", "/", ""));
    assert!(fits("M-SEARCH", "/a/b;c=1/%E2%82%AC", "q=a/b?c&d=%0A"));
    assert!(!fits("", "/", "") && !fits("GET", "", "") && !fits("GET", "orders", "") && !fits("GET", "*", ""));
    assert!(fits(&"M".repeat(32), "/", "") && !fits(&"M".repeat(33), "/", ""));
    for character in (0..=0xFF).map(char::from) {
        let token = character.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(character);
        assert_eq!(fits(&format!("G{character}T"), "/", ""), token, "{character:?}");
        let visible = ('!'..='~').contains(&character) && character != '#';
        assert_eq!(fits("GET", &format!("/{character}"), ""), visible && character != '?', "{character:?}");
        assert_eq!(fits("GET", "/", &format!("a={character}")), visible, "{character:?}");
    }
}

#[test]
fn the_window_to_the_second() {
    let (signature, digest) = (signed(), body());
    let request = Request::new("POST", "/orders", "dry=1", &digest).unwrap();
    let parsed = RequestSignature::parse(&signature).unwrap();
    let verify = |verifier: RequestVerifier<'_, RustCrypto>, now: u64| {
        verifier.verify(&parsed, &request, UnixTime(now), |_| Ok(secret())).err()
    };
    let (old, future) = (Some(Error::RequestTooOld), Some(Error::RequestFromFuture));
    let usual = RequestVerifier::new(&RustCrypto);
    for (now, expected) in [
        (1, future),
        (SIGNED - 301, future),
        (SIGNED - 300, None),
        (SIGNED, None),
        (SIGNED + 300, None),
        (SIGNED + 301, old),
        (u64::MAX, old),
    ] {
        assert_eq!(verify(usual, now), expected, "{now}");
    }
    let narrow = usual.with_window(60, 5);
    for (now, expected) in
        [(SIGNED - 6, future), (SIGNED - 5, None), (SIGNED + 60, None), (SIGNED + 61, old), (u64::MAX, old)]
    {
        assert_eq!(verify(narrow, now), expected, "{now}");
    }
    let none = usual.with_window(0, 0);
    assert_eq!([verify(none, SIGNED - 1), verify(none, SIGNED), verify(none, SIGNED + 1)], [future, None, old]);
    let all = usual.with_window(u64::MAX, u64::MAX);
    assert_eq!([verify(all, 1), verify(all, u64::MAX)], [None, None]);
    assert_eq!(verify(all, 0), Some(Error::ClockUnset));
}

#[test]
fn the_greatest_time_does_not_overflow() {
    let digest = body();
    let request = Request::new("GET", "/", "", &digest).unwrap();
    let now = UnixTime(u64::MAX);
    let signature = RequestSignature::sign(&request, KEY_ID, NONCE, now, &secret(), &RustCrypto).unwrap();
    let text = signature.to_string();
    let parsed = RequestSignature::parse(&text).unwrap();
    assert_eq!(parsed.to_string(), signature.to_string());
    let verified = RequestVerifier::new(&RustCrypto).verify(&parsed, &request, now, |_| Ok(secret())).unwrap();
    assert_eq!(verified.expires_at(), now);
}

#[test]
fn what_a_client_cannot_sign() {
    let digest = body();
    let request = Request::new("GET", "/", "", &digest).unwrap();
    let sign = |key_id, nonce, now| {
        RequestSignature::sign(&request, key_id, nonce, UnixTime(now), &secret(), &RustCrypto).err()
    };
    assert_eq!(sign(KEY_ID, NONCE, 1), None);
    assert_eq!(sign(KEY_ID, NONCE, 0), Some(Error::ClockUnset));
    for key_id in ["", "a.b", "a\nb", "schlüssel"] {
        assert_eq!(sign(key_id, NONCE, 1), Some(Error::RequestForm), "{key_id:?}");
    }
    for nonce in ["", "short", "with.a.period.in.it", "with\na\nnewline\nin\nit"] {
        assert_eq!(sign(KEY_ID, nonce, 1), Some(Error::RequestForm), "{nonce:?}");
    }
}

#[test]
fn secrets_are_derived() {
    let derive = |master: &SessionKey, key_id: &str| RequestSecret::derive(master, key_id, &RustCrypto);
    let derived = derive(&key(1), KEY_ID).unwrap();
    let text = [b"genuine request secret 1\n".as_slice(), KEY_ID.as_bytes()].concat();
    let expected = ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &[1; 32]), &text);
    assert_eq!(derived.expose()[..], *expected.as_ref());
    assert_ne!(derived.expose(), derive(&key(1), "client-8").unwrap().expose());
    assert_ne!(derived.expose(), derive(&key(2), KEY_ID).unwrap().expose());
    for key_id in ["", "a.b", "a b", &"k".repeat(65)] {
        assert_eq!(derive(&key(1), key_id).err(), Some(Error::RequestForm), "{key_id:?}");
    }
    // One who is given a secret signs with it, and a gateway that stores nothing verifies.
    let digest = body();
    let request = Request::new("GET", "/", "", &digest).unwrap();
    let signature = RequestSignature::sign(&request, KEY_ID, NONCE, UnixTime(SIGNED), &derived, &RustCrypto).unwrap();
    let verifier = RequestVerifier::new(&RustCrypto);
    let now = UnixTime(SIGNED);
    assert!(verifier.verify(&signature, &request, now, |key_id| derive(&key(1), key_id)).is_ok());
    let other = verifier.verify(&signature, &request, now, |key_id| derive(&key(2), key_id));
    assert_eq!(other, Err(Error::RequestForged));
}

#[test]
fn nothing_shows_a_secret() {
    let text = format!("{:?} {:?}", secret(), RequestVerifier::new(&RustCrypto));
    assert!(std::mem::needs_drop::<RequestSecret>(), "it is wiped");
    assert!(text.contains("RequestSecret") && !text.contains("66") && !text.contains("42"), "{text}");
}

#[test]
fn who_cannot_decide_refuses_nobody() {
    let (signature, digest) = (signed(), body());
    let request = Request::new("POST", "/orders", "dry=1", &digest).unwrap();
    let parsed = RequestSignature::parse(&signature).unwrap();
    let now = UnixTime(SIGNED);
    let store = RequestVerifier::new(&RustCrypto).verify(&parsed, &request, now, |_| Err(Error::StoreUnavailable));
    assert_eq!(store, Err(Error::StoreUnavailable));
    let broken = RequestVerifier::new(&Broken).verify(&parsed, &request, now, |_| Ok(secret()));
    assert_eq!(broken, Err(Error::CryptoUnavailable));
    let signature = RequestSignature::sign(&request, KEY_ID, NONCE, now, &secret(), &Broken);
    assert_eq!(signature.map(drop), Err(Error::CryptoUnavailable));
    assert_eq!(RequestSecret::derive(&key(1), KEY_ID, &Broken).err(), Some(Error::CryptoUnavailable));
}

/// A backend that writes down what it is asked about.
#[derive(Default)]
struct Recorder(RefCell<Vec<u8>>);

impl HmacSha256 for Recorder {
    fn hmac_sha256(&self, _: &[u8], parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        *self.0.borrow_mut() = parts.concat();
        Ok([0; 32])
    }
}

type Parts = (String, String, String, [u8; 32], u64, String, String);

/// The text that is signed; `None` for parts that are refused.
fn text((method, path, query, digest, time, nonce, key_id): &Parts) -> Option<Vec<u8>> {
    let recorder = Recorder::default();
    let request = Request::new(method, path, query, digest).ok()?;
    RequestSignature::sign(&request, key_id, nonce, UnixTime(*time), &secret(), &recorder).ok()?;
    Some(recorder.0.take())
}

/// Mostly of the one form, and now and then of the other.
fn mostly(form: &'static str, rarely: &'static str) -> impl Strategy<Value = String> {
    prop_oneof![9 => form, 1 => rarely]
}

/// Parts that are close to each other and to the edges, newlines and separators among them.
fn parts() -> impl Strategy<Value = Parts> {
    (
        mostly("[AB]{1,2}", "[AB\n]{0,2}\n"),
        mostly("/[ab]{0,3}", "/[ab?\n]{0,3}"),
        mostly("[ab/?]{0,3}", "[ab/\n]{0,3}"),
        prop::sample::select(vec![[0; 32], [1; 32], [0xFF; 32]]),
        prop_oneof![1..200_u64, any::<u64>()],
        mostly("[nN]{16,17}", "[n\n]{15,17}\n?"),
        mostly("[kK]{1,3}", "[k.\n]{0,3}"),
    )
}

/// Reads the text again, by lines: what can be read back is not the text of anything else.
fn read(text: &[u8]) -> Parts {
    let text = std::str::from_utf8(text).unwrap();
    let [label, method, path, query, digest, time, nonce, key_id] = text.split('\n').collect::<Vec<_>>()[..] else {
        panic!("{text:?} has other lines");
    };
    assert_eq!(label, "genuine-request-1");
    let octets: Vec<u8> = (0..32).map(|at| u8::from_str_radix(&digest[2 * at..2 * at + 2], 16).unwrap()).collect();
    assert_eq!(digest.len(), 64);
    (
        method.to_owned(),
        path.to_owned(),
        query.to_owned(),
        octets.try_into().unwrap(),
        time.parse().unwrap(),
        nonce.to_owned(),
        key_id.to_owned(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// The text of a request gives the request back, whatever was accepted: so no two have the same.
    #[test]
    fn the_text_is_injective(parts in parts()) {
        if let Some(text) = text(&parts) {
            prop_assert_eq!(read(&text), parts);
        }
    }

    /// The same said of two at a time.
    #[test]
    fn two_requests_have_two_texts(one in parts(), other in parts()) {
        if let (Some(first), Some(second)) = (text(&one), text(&other)) {
            prop_assert_eq!(first == second, one == other);
        }
    }

    #[test]
    fn a_signature_is_written_as_it_is_read(time in 1..u64::MAX, nonce in "[A-Za-z0-9_-]{16,64}", key_id in "[A-Za-z0-9_-]{1,64}") {
        let digest = body();
        let request = Request::new("GET", "/", "", &digest).unwrap();
        let signature =
            RequestSignature::sign(&request, &key_id, &nonce, UnixTime(time), &secret(), &RustCrypto).unwrap();
        let text = signature.to_string();
        prop_assert_eq!(RequestSignature::parse(&text).map(|parsed| parsed.to_string()), Ok(signature.to_string()));
    }
}

/// The law above would say nothing if most were refused.
#[test]
fn requests_of_the_law_are_accepted_often() {
    use proptest::{strategy::ValueTree as _, test_runner::TestRunner};

    let mut runner = TestRunner::deterministic();
    let accepted = (0..1_000).filter(|_| text(&parts().new_tree(&mut runner).unwrap().current()).is_some()).count();
    assert!((20..900).contains(&accepted), "{accepted}");
}
