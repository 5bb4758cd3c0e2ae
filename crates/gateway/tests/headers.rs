//! The header that carries an assertion: both forms read alike, and nothing reads in two ways.
#![allow(missing_docs)]

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use genuine::app_attest::KeyId;
use genuine_gateway::{gate::PresentedAssertion, http::parse_assertion_headers as parse, refusal::Refusal};
use proptest::prelude::*;

/// SHA-256 sized, with both letters of standard base64 that URL-safe base64 writes otherwise.
const KEY: [u8; 32] = [0xFB; 32];

fn headers(list: &[(&'static str, String)]) -> HeaderMap {
    list.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::try_from(value).unwrap())).fold(
        HeaderMap::new(),
        |mut headers, (name, value)| {
            headers.append(name, value);
            headers
        },
    )
}

fn key() -> String {
    BASE64_STANDARD.encode(KEY)
}

fn presented(challenge: Option<&str>) -> PresentedAssertion {
    PresentedAssertion {
        key_id: KeyId(KEY),
        assertion: b"\xFF\xFE\xFD\xFC".to_vec(),
        challenge: challenge.map(str::to_owned),
    }
}

#[test]
fn r17_both_forms_read_alike() {
    let (key, assertion) = (key(), "//79/A==");
    let url_safe = key.replace('+', "-").replace('/', "_");
    let authorization = [
        format!(r#"Attest key_id="{key}", assertion="{assertion}""#),
        format!(r#"attest assertion="{assertion}",key_id="{key}""#),
        format!("ATTEST key_id={key}, assertion={assertion}"),
        format!("Attest\tkey_id={key}, assertion={assertion}"),
        format!(r#"Attest  key_id = "{key}" , Assertion = "{assertion}""#),
        format!(r#"Attest key_id="{url_safe}", assertion="__79_A""#),
    ];
    let own = [
        format!("key_id={key}; assertion={assertion}"),
        format!(r#"assertion="{assertion}";key_id="{key}""#),
        format!("KEY_ID={} ;  assertion=__79_A", url_safe.trim_end_matches('=')),
    ];
    for value in &authorization {
        assert_eq!(parse(&headers(&[("authorization", value.clone())])), Ok(presented(None)), "{value}");
        let with = format!(r#"{value}, challenge="c-1""#);
        assert_eq!(parse(&headers(&[("authorization", with.clone())])), Ok(presented(Some("c-1"))), "{with}");
    }
    for value in &own {
        assert_eq!(parse(&headers(&[("x-app-attest", value.clone())])), Ok(presented(None)), "{value}");
        for other in &authorization {
            let both = headers(&[("authorization", other.clone()), ("x-app-attest", value.clone())]);
            assert_eq!(parse(&both), Ok(presented(None)), "{other} {value}");
        }
        let bearer = headers(&[("authorization", "Bearer token".to_owned()), ("x-app-attest", value.clone())]);
        assert_eq!(parse(&bearer), Ok(presented(None)));
    }
}

#[test]
fn what_reads_in_two_ways_or_none_is_refused() {
    let key = key();
    let good = format!("key_id={key}; assertion=//79/A==");
    let malformed = [
        format!("{good}; key_id={key}"),
        format!("{good}; assertion=//79/A=="),
        format!("{good}; challenge=a; challenge=a"),
        format!("{good}; other=x"),
        format!("{good};"),
        format!("{good}; challenge="),
        format!(r#"{good}; challenge=""#),
        format!(r#"{good}; challenge="a"b""#),
        format!(r#"{good}; challenge=a"b"#),
        format!(r#"{good}; challenge="a\b""#),
        format!("key_id={key}"),
        "assertion=//79/A==".to_owned(),
        format!("key_id={key}, assertion=//79/A=="),
        format!("key_id={key}; assertion=!"),
        format!("key_id={key}; assertion=//79/B=="),
        format!("key_id={key}; assertion=_/79_A"),
        String::new(),
        "x".to_owned(),
    ];
    for value in malformed {
        let own = headers(&[("x-app-attest", value.clone())]);
        assert_eq!(parse(&own), Err(Refusal::RequestMalformed), "{value:?}");
        let authorization = format!("Attest {}", value.replace(';', ","));
        if !value.contains(',') {
            let headers = headers(&[("authorization", authorization)]);
            assert_eq!(parse(&headers), Err(Refusal::RequestMalformed), "{value:?}");
        }
    }
    let short = headers(&[("x-app-attest", "key_id=AAAA; assertion=AA==".to_owned())]);
    assert_eq!(parse(&short), Err(Refusal::Engine(genuine::Error::KeyIdFormat)));
    assert_eq!(parse(&headers(&[("authorization", "Attest".to_owned())])), Err(Refusal::RequestMalformed));
    assert_eq!(parse(&headers(&[("authorization", "Attestation x".to_owned())])), Err(Refusal::AssertionMissing));
    assert_eq!(parse(&headers(&[])), Err(Refusal::AssertionMissing));
}

#[test]
fn r17_two_headers_that_differ_are_refused() {
    let key = key();
    let one = format!("key_id={key}; assertion=//79/A==");
    let other = format!("key_id={key}; assertion=AAAA");
    let authorization = format!("Attest {}", other.replace(';', ","));
    for list in [
        vec![("x-app-attest", one.clone()), ("x-app-attest", one.clone())],
        vec![("x-app-attest", one.clone()), ("x-app-attest", other)],
        vec![("authorization", "Bearer x".to_owned()), ("authorization", authorization.clone())],
        vec![("authorization", authorization), ("x-app-attest", one.clone())],
        vec![("authorization", format!("Attest {}, challenge=c", one.replace(';', ","))), ("x-app-attest", one)],
    ] {
        assert_eq!(parse(&headers(&list)), Err(Refusal::RequestMalformed), "{list:?}");
    }
    let mut octets = HeaderMap::new();
    octets.insert("x-app-attest", HeaderValue::from_bytes(b"key_id=\xFF").unwrap());
    assert_eq!(parse(&octets), Err(Refusal::RequestMalformed));
}

proptest! {
    /// Whatever is read, both forms of it read as that.
    #[test]
    fn what_is_written_is_read(key: [u8; 32], assertion in prop::collection::vec(any::<u8>(), 1..200), challenge in "[A-Za-z0-9_-]{0,43}") {
        let (key_id, text) = (BASE64_STANDARD.encode(key), BASE64_STANDARD.encode(&assertion));
        let challenge = (!challenge.is_empty()).then_some(challenge);
        let tail = |separator| challenge.as_ref().map_or_else(String::new, |challenge| format!("{separator} challenge={challenge}"));
        let expected = PresentedAssertion { key_id: KeyId(key), assertion, challenge: challenge.clone() };
        let authorization = format!("Attest key_id={key_id}, assertion={text}{}", tail(','));
        let own = format!("key_id={key_id}; assertion={text}{}", tail(';'));
        prop_assert_eq!(parse(&headers(&[("authorization", authorization)])), Ok(expected.clone()));
        prop_assert_eq!(parse(&headers(&[("x-app-attest", own)])), Ok(expected));
    }

    /// A list of parameters out of good and bad ones is read if and only if each that is needed is there once, and each
    /// is good.
    #[test]
    fn a_list_is_read_as_a_whole_or_not_at_all(choices in prop::collection::vec(0..PARAMETERS.len(), 0..5), scheme: bool) {
        let (separator, name) = if scheme { (", ", "authorization") } else { ("; ", "x-app-attest") };
        let list = choices.iter().map(|choice| PARAMETERS[*choice].1).collect::<Vec<_>>().join(separator);
        let value = if scheme { format!("Attest {list}") } else { list };
        let count = |kind: char| choices.iter().filter(|choice| PARAMETERS[**choice].0 == kind).count();
        let good = count('k') == 1 && count('a') == 1 && count('c') < 2 && count('!') == 0;
        prop_assert_eq!(parse(&headers(&[(name, value.clone())])).is_ok(), good, "{}", value);
    }
}

/// Parameters: of the key, the assertion, the challenge, and such as are none.
const PARAMETERS: [(char, &str); 8] = [
    ('k', "key_id=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    ('a', "assertion=\"AAAA\""),
    ('a', "Assertion = AAAA"),
    ('c', "challenge=abc"),
    ('!', "challenge=\"abc"),
    ('!', "assertion="),
    ('!', "other=abc"),
    ('!', ""),
];
