//! Groups play-form, play-header, play-sealing and play-inner: what is wrong with a layer of the token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::faults::{
    ALGORITHM, BASE64, COMPRESSED, CRITICAL, ENCRYPTION, HEADER_DUPLICATE, HEADER_MALFORMED, HEADER_TOO_LARGE,
    INNER_ALGORITHM, INNER_CRITICAL, INNER_HEADER, NOT_OPENED, NOT_SIGNED, PAYLOAD_BASE64, SEGMENTS, SIGNATURE_FORM,
    SIGNATURE_INVALID, TOO_LARGE,
};
use super::{Bytes, Fault, NONCE, NOW, Unminted, app, becomes, keys_of, other_app};
use crate::play::{PlayMutation, PlaySignature, Sealed, as_der};

pub(super) fn vectors() -> Vec<Unminted> {
    [segments(), base64url(), headers(), sealing(), keys(), inner_form(), inner_headers(), signatures()]
        .into_iter()
        .flatten()
        .collect()
}

/// A bad token, by one change of a layer.
fn bad(
    id: &'static str,
    fault: Fault,
    description: &'static str,
    change: impl FnOnce(PlayMutation<'static>) -> PlayMutation<'static>,
) -> Unminted {
    Unminted::new(id, description).fails(fault).broken(change)
}

/// By a change of the token's text.
fn text(
    id: &'static str,
    fault: Fault,
    description: &'static str,
    change: impl Fn(&str) -> String + 'static,
) -> Unminted {
    bad(id, fault, description, |mutation| {
        mutation.token(move |token| *token = change(std::str::from_utf8(token).expect("text")).into_bytes())
    })
}

/// By a change of one segment's text.
fn segment(
    id: &'static str,
    fault: Fault,
    description: &'static str,
    position: usize,
    change: impl Fn(&str) -> String + 'static,
) -> Unminted {
    text(id, fault, description, move |token| {
        let mut segments: Vec<_> = token.split('.').map(str::to_owned).collect();
        segments[position] = change(&segments[position]);
        segments.join(".")
    })
}

fn segments() -> Vec<Unminted> {
    vec![
        text("play-form::too-large", TOO_LARGE, "The token has 16,385 characters.", |_| "A".repeat(16_385)),
        text("play-form::at-the-cap", SEGMENTS, "A text of 16,384 characters is short enough, and no token.", |_| {
            "A".repeat(16_384)
        }),
        text("play-form::empty", SEGMENTS, "The token is empty.", |_| String::new()),
        text("play-form::one-segment", SEGMENTS, "The token has one segment.", |token| token.replace('.', "")),
        text("play-form::two-segments", SEGMENTS, "The token has two segments.", |token| {
            token.splitn(3, '.').take(2).collect::<Vec<_>>().join(".")
        }),
        bad(
            "play-form::a-jws",
            SEGMENTS,
            "The token is the JWS that should be in it, with three segments.",
            |mutation| {
                mutation.token(|token| {
                    *token = PlayMutation::default().mint_inner(&app(), &app().classic(&NONCE, NOW));
                })
            },
        ),
        text("play-form::four-segments", SEGMENTS, "The token lacks its tag.", |token| {
            token.rsplit_once('.').expect("a tag").0.to_owned()
        }),
        text("play-form::six-segments", SEGMENTS, "The token has a sixth segment, which is empty.", |token| {
            format!("{token}.")
        }),
        text("play-form::json-serialization", SEGMENTS, "The token is a JWE in its JSON form.", |token| {
            let parts: Vec<_> = token.split('.').collect();
            format!(
                r#"{{"protected":"{}","encrypted_key":"{}","iv":"{}","ciphertext":"{}","tag":"{}"}}"#,
                parts[0], parts[1], parts[2], parts[3], parts[4]
            )
        }),
        text("play-form::only-periods", HEADER_MALFORMED, "The token is four periods.", |_| "....".to_owned()),
    ]
}

/// The faults of base64url in each segment: padding, white space, the other alphabet, spare bits, a length that none has.
fn base64url() -> Vec<Unminted> {
    const IDS: [[&str; 5]; 5] = [
        [
            "play-form::header-padded",
            "play-form::header-space",
            "play-form::header-other-alphabet",
            "play-form::header-spare-bits",
            "play-form::header-cut",
        ],
        [
            "play-form::wrapped-key-padded",
            "play-form::wrapped-key-space",
            "play-form::wrapped-key-other-alphabet",
            "play-form::wrapped-key-spare-bits",
            "play-form::wrapped-key-cut",
        ],
        [
            "play-form::iv-padded",
            "play-form::iv-space",
            "play-form::iv-other-alphabet",
            "play-form::iv-spare-bits",
            "play-form::iv-cut",
        ],
        [
            "play-form::ciphertext-padded",
            "play-form::ciphertext-space",
            "play-form::ciphertext-other-alphabet",
            "play-form::ciphertext-spare-bits",
            "play-form::ciphertext-cut",
        ],
        [
            "play-form::tag-padded",
            "play-form::tag-space",
            "play-form::tag-other-alphabet",
            "play-form::tag-spare-bits",
            "play-form::tag-cut",
        ],
    ];
    let mut vectors = Vec::new();
    for (position, [padded, space, alphabet, spare, cut]) in IDS.into_iter().enumerate() {
        vectors.push(segment(padded, BASE64, "The segment has padding.", position, |text| {
            format!("{text}{}", if text.len() % 4 == 0 { "=" } else { &"=="[text.len() % 4 - 2..] })
        }));
        vectors.push(segment(space, BASE64, "The segment has a line feed within.", position, |text| {
            format!("{}\n{}", &text[..8], &text[8..])
        }));
        vectors.push(segment(
            alphabet,
            BASE64,
            "A character of the segment is of standard base64.",
            position,
            |text| format!("{}/{}", &text[..8], &text[9..]),
        ));
        // Shortened where the last group is whole, so that there are spare bits.
        vectors.push(segment(
            spare,
            BASE64,
            "The last character of the segment has a spare bit set.",
            position,
            |text| {
                let partial = if text.len() % 4 == 0 { &text[..text.len() - 1] } else { text };
                format!("{}B", &partial[..partial.len() - 1])
            },
        ));
        vectors.push(segment(cut, BASE64, "The segment has a length that no octets have.", position, |text| {
            text[..text.len() / 4 * 4 - 3].to_owned()
        }));
    }
    vectors
}

/// By another header of the JWE; the tag covers it.
fn header(id: &'static str, fault: Fault, description: &'static str, json: impl Into<String>) -> Unminted {
    let json = json.into();
    bad(id, fault, description, |mutation| mutation.outer_header(becomes(json)))
}

fn many(start: &str) -> String {
    use std::fmt::Write as _;

    let mut json = format!("{{{start}");
    for number in 0..31 {
        write!(json, ",\"m{number}\":0").expect("a String takes all text");
    }
    json.push('}');
    json
}

fn headers() -> Vec<Unminted> {
    let good = r#""alg":"A256KW","enc":"A256GCM""#;
    let with = |more: &str| format!("{{{good},{more}}}");
    let algorithm = |value: &str| format!(r#"{{"alg":{value},"enc":"A256GCM"}}"#);
    let encryption = |value: &str| format!(r#"{{"alg":"A256KW","enc":{value}}}"#);
    let long = with(&format!(r#""kid":"{}""#, "k".repeat(385 - 41)));
    vec![
        header("play-header::too-long", HEADER_TOO_LARGE, "The header has 385 octets, 514 characters.", long),
        header("play-header::too-many-members", HEADER_TOO_LARGE, "The header has 33 members.", many(good)),
        header(
            "play-header::too-deep",
            HEADER_TOO_LARGE,
            "The header has nine arrays in each other.",
            with(&format!(r#""x":{}{}"#, "[".repeat(9), "]".repeat(9))),
        ),
        header("play-header::no-json", HEADER_MALFORMED, "The header is no JSON.", "alg=A256KW"),
        header("play-header::an-array", HEADER_MALFORMED, "The header is an array.", r#"["A256KW","A256GCM"]"#),
        header("play-header::cut-off", HEADER_MALFORMED, "The header lacks its last brace.", format!("{{{good}")),
        header("play-header::trailing", HEADER_MALFORMED, "Something follows the header.", format!("{{{good}}}{{}}")),
        header("play-header::trailing-comma", HEADER_MALFORMED, "A comma follows the last member.", with("")),
        header("play-header::single-quotes", HEADER_MALFORMED, "The header has single quotes.", "{'alg':'A256KW'}"),
        header("play-header::alg-a-number", HEADER_MALFORMED, "The algorithm is a number.", algorithm("256")),
        header("play-header::alg-null", HEADER_MALFORMED, "The algorithm is null.", algorithm("null")),
        header("play-header::alg-a-list", HEADER_MALFORMED, "The algorithm is a list.", algorithm(r#"["A256KW"]"#)),
        header("play-header::alg-twice", HEADER_DUPLICATE, "alg is there twice.", with(r#""alg":"A256KW""#)),
        header(
            "play-header::alg-twice-escaped",
            HEADER_DUPLICATE,
            "alg is there twice, once with an escape.",
            with(r#""\u0061lg":"dir""#),
        ),
        header("play-header::enc-twice", HEADER_DUPLICATE, "enc is there twice.", with(r#""enc":"A128GCM""#)),
        header(
            "play-header::unknown-twice",
            HEADER_DUPLICATE,
            "A member that nobody knows is there twice.",
            with(r#""x":1,"\u0078":2"#),
        ),
        header("play-header::alg-a128kw", ALGORITHM, "The algorithm is A128KW.", algorithm(r#""A128KW""#)),
        header("play-header::alg-dir", ALGORITHM, "The algorithm is dir.", algorithm(r#""dir""#)),
        header("play-header::alg-rsa", ALGORITHM, "The algorithm is RSA-OAEP-256.", algorithm(r#""RSA-OAEP-256""#)),
        header("play-header::alg-none", ALGORITHM, "The algorithm is none.", algorithm(r#""none""#)),
        header("play-header::alg-case", ALGORITHM, "The algorithm is in small letters.", algorithm(r#""a256kw""#)),
        header("play-header::alg-longer", ALGORITHM, "A NUL follows the algorithm.", algorithm(r#""A256KW\u0000""#)),
        header("play-header::alg-gcmkw", ALGORITHM, "The algorithm is A256GCMKW.", algorithm(r#""A256GCMKW""#)),
        header("play-header::alg-missing", ALGORITHM, "There is no algorithm.", r#"{"enc":"A256GCM"}"#),
        header("play-header::empty", ALGORITHM, "The header has no member.", "{}"),
        header("play-header::enc-a128gcm", ENCRYPTION, "The encryption is A128GCM.", encryption(r#""A128GCM""#)),
        header(
            "play-header::enc-cbc",
            ENCRYPTION,
            "The encryption is A256CBC-HS512.",
            encryption(r#""A256CBC-HS512""#),
        ),
        header("play-header::enc-missing", ENCRYPTION, "There is no encryption.", r#"{"alg":"A256KW"}"#),
        header("play-header::zip", COMPRESSED, "The text is said to be compressed.", with(r#""zip":"DEF""#)),
        header("play-header::zip-null", COMPRESSED, "zip is there, and null.", with(r#""zip":null"#)),
        header("play-header::crit", CRITICAL, "A member must be understood.", with(r#""crit":["exp"],"exp":0"#)),
        header("play-header::crit-empty", CRITICAL, "crit is there, and empty.", with(r#""crit":[]"#)),
    ]
}

/// By a change of the segments, after everything was computed.
fn sealed(id: &'static str, description: &'static str, change: impl Fn(&mut Sealed) + 'static) -> Unminted {
    bad(id, NOT_OPENED, description, |mutation| mutation.sealed(change))
}

fn sealing() -> Vec<Unminted> {
    vec![
        sealed("play-sealing::wrapped-key-altered", "A bit of the wrapped key is another.", |sealed| {
            sealed.wrapped_key[20] ^= 0x10;
        }),
        sealed("play-sealing::wrapped-key-of-zeros", "The wrapped key is zeros.", |sealed| {
            sealed.wrapped_key = vec![0; 40];
        }),
        sealed("play-sealing::wrapped-key-empty", "There is no wrapped key.", |sealed| sealed.wrapped_key.clear()),
        sealed("play-sealing::wrapped-key-shorter", "The wrapped key has 39 octets.", |sealed| {
            sealed.wrapped_key.pop();
        }),
        sealed("play-sealing::wrapped-key-longer", "The wrapped key has 48 octets.", |sealed| {
            sealed.wrapped_key.resize(48, 0);
        }),
        sealed(
            "play-sealing::wrapped-key-of-128-bits",
            "The wrapped key has the 24 octets of a key of 128 bits.",
            |sealed| {
                sealed.wrapped_key.truncate(24);
            },
        ),
        sealed("play-sealing::key-not-wrapped", "The content key stands there without being wrapped.", |sealed| {
            sealed.wrapped_key = crate::keys::pseudo_random("play content key catalogue", 32);
        }),
        sealed("play-sealing::iv-altered", "A bit of the initialization vector is another.", |sealed| {
            sealed.iv[11] ^= 1;
        }),
        sealed("play-sealing::iv-empty", "There is no initialization vector.", |sealed| sealed.iv.clear()),
        sealed("play-sealing::iv-shorter", "The initialization vector has 11 octets.", |sealed| {
            sealed.iv.pop();
        }),
        sealed("play-sealing::iv-longer", "The initialization vector has 16 octets.", |sealed| sealed.iv.resize(16, 0)),
        sealed("play-sealing::ciphertext-altered", "A bit of the ciphertext is another.", |sealed| {
            sealed.ciphertext[100] ^= 0x80;
        }),
        sealed("play-sealing::ciphertext-empty", "There is no ciphertext.", |sealed| sealed.ciphertext.clear()),
        sealed("play-sealing::ciphertext-shorter", "The ciphertext lacks its last octet.", |sealed| {
            sealed.ciphertext.pop();
        }),
        sealed("play-sealing::tag-altered", "The last bit of the tag is another.", |sealed| sealed.tag[15] ^= 1),
        sealed("play-sealing::tag-of-zeros", "The tag is zeros.", |sealed| sealed.tag = vec![0; 16]),
        sealed("play-sealing::tag-empty", "There is no tag.", |sealed| sealed.tag.clear()),
        sealed("play-sealing::tag-of-12-octets", "The tag is cut to 12 octets, which GCM knows too.", |sealed| {
            sealed.tag.truncate(12);
        }),
        sealed("play-sealing::tag-of-15-octets", "The tag is cut to 15 octets.", |sealed| sealed.tag.truncate(15)),
        sealed("play-sealing::tag-longer", "The tag has 17 octets.", |sealed| sealed.tag.push(0)),
        sealed(
            "play-sealing::header-of-another-form",
            "The header says the same in another order than the tag covers.",
            |sealed| {
                sealed.header = URL_SAFE_NO_PAD.encode(r#"{"enc":"A256GCM","alg":"A256KW"}"#);
            },
        ),
        bad("play-sealing::tag-without-header", NOT_OPENED, "The tag does not cover the header.", |mutation| {
            mutation.content(|content| content.additional = Some(Vec::new()))
        }),
    ]
}

fn keys() -> Vec<Unminted> {
    vec![
        bad("play-sealing::wrapped-by-another-key", NOT_OPENED, "Another key wraps the content key.", |mutation| {
            mutation.content(|content| content.wrapping = other_app().decryption_key())
        }),
        Unminted::new("play-sealing::of-another-app", "The token is one of another app, in its own keys.")
            .fails(NOT_OPENED)
            .broken(|mutation| mutation)
            .made_by(other_app()),
        Unminted::new(
            "play-sealing::before-a-rotation",
            "The keys were rotated, and the verifier has the new ones alone.",
        )
        .fails(NOT_OPENED)
        .broken(|mutation| mutation)
        .said(|vector| vector.keys = vec![keys_of(&app().with_keys("keys after the rotation"))]),
        Unminted::new("play-sealing::neither-pair", "The verifier has two pairs of keys, and neither opens the token.")
            .fails(NOT_OPENED)
            .broken(|mutation| mutation)
            .made_by(other_app())
            .said(|vector| vector.keys.push(keys_of(&app().with_keys("keys after the rotation")))),
        Unminted::new("play-inner::verification-key-of-another-app", "The verification key is that of another app.")
            .fails(SIGNATURE_INVALID)
            .broken(|mutation| mutation)
            .said(|vector| vector.keys[0].verification_key_b64 = other_app().verification_key_base64()),
        Unminted::new(
            "play-inner::pairs-mixed",
            "The key of one pair opens the token, and the key of the other signed it.",
        )
        .fails(SIGNATURE_INVALID)
        .broken(|mutation| {
            mutation.signature(|signature| {
                let rotated = app().with_keys("keys after the rotation");
                signature.octets = rotated.sign(signature.signed.as_bytes()).to_vec();
            })
        })
        .with_twin("play-good::first-keys")
        .said(|vector| vector.keys.push(keys_of(&app().with_keys("keys after the rotation")))),
    ]
}

/// By another text in the JWE than a JWS.
fn inner(
    id: &'static str,
    fault: Fault,
    description: &'static str,
    change: impl Fn(&str) -> String + 'static,
) -> Unminted {
    bad(id, fault, description, |mutation| {
        mutation.inner(move |text| *text = change(std::str::from_utf8(text).expect("text")).into_bytes())
    })
}

fn inner_form() -> Vec<Unminted> {
    vec![
        inner("play-inner::not-signed", NOT_SIGNED, "The JWE holds the payload, and no signature.", |_| {
            app().classic(&NONCE, NOW).encode()
        }),
        inner("play-inner::empty", NOT_SIGNED, "The JWE holds nothing.", |_| String::new()),
        inner(
            "play-inner::two-segments",
            NOT_SIGNED,
            "The JWS lacks its signature and the period before it.",
            |text| text.rsplit_once('.').expect("a signature").0.to_owned(),
        ),
        inner("play-inner::four-segments", NOT_SIGNED, "The JWS has a fourth segment.", |text| format!("{text}.")),
        inner("play-inner::a-jwe", NOT_SIGNED, "The JWE holds another JWE.", |_| {
            app().token(&app().classic(&NONCE, NOW))
        }),
        inner("play-inner::header-padded", NOT_SIGNED, "The header of the JWS has padding.", |text| {
            text.replacen('.', "=.", 1)
        }),
        inner("play-inner::signature-padded", NOT_SIGNED, "The signature has padding.", |text| format!("{text}==")),
        inner(
            "play-inner::signature-spare-bits",
            NOT_SIGNED,
            "The last character of the signature has a spare bit set.",
            |text| format!("{}B", &text[..text.len() - 1]),
        ),
        bad("play-inner::payload-padded", PAYLOAD_BASE64, "The payload has padding, which is signed.", |mutation| {
            // A length that is padded.
            mutation
                .payload_bytes(|payload| payload.resize(payload.len().next_multiple_of(3) + 1, b' '))
                .signature(|signature| signed_anew(signature, |signed| format!("{signed}==")))
        }),
        bad(
            "play-inner::payload-spare-bits",
            PAYLOAD_BASE64,
            "The payload has a spare bit set, which is signed.",
            |mutation| {
                mutation
                    .payload_bytes(|payload| payload.resize(payload.len().next_multiple_of(3) + 1, b' '))
                    .signature(|signature| signed_anew(signature, |signed| format!("{}B", &signed[..signed.len() - 1])))
            },
        ),
    ]
}

/// Signs another text by the key of the app.
fn signed_anew(signature: &mut PlaySignature, change: impl Fn(&str) -> String) {
    signature.signed = change(&signature.signed);
    signature.octets = app().sign(signature.signed.as_bytes()).to_vec();
}

/// By another header of the JWS; the signature is over it.
fn inner_header(id: &'static str, fault: Fault, description: &'static str, json: impl Into<String>) -> Unminted {
    let json = json.into();
    bad(id, fault, description, |mutation| mutation.inner_header(becomes(json)))
}

fn inner_headers() -> Vec<Unminted> {
    let long = format!(r#"{{"alg":"ES256","kid":"{}"}}"#, "k".repeat(500));
    vec![
        inner_header("play-inner::header-no-json", INNER_HEADER, "The header of the JWS is no JSON.", "ES256"),
        inner_header(
            "play-inner::header-alg-twice",
            INNER_HEADER,
            "The header of the JWS has alg twice.",
            r#"{"alg":"ES256","\u0061lg":"none"}"#,
        ),
        inner_header(
            "play-inner::header-too-long",
            INNER_HEADER,
            "The header of the JWS is longer than the cap.",
            long,
        ),
        inner_header(
            "play-inner::header-alg-a-number",
            INNER_HEADER,
            "The algorithm of the JWS is a number.",
            r#"{"alg":256}"#,
        ),
        bad("play-inner::alg-none", INNER_ALGORITHM, "The JWS is not signed: its algorithm is none.", |mutation| {
            mutation.inner_header(becomes(r#"{"alg":"none"}"#)).signature(|signature| signature.octets.clear())
        }),
        inner_header(
            "play-inner::alg-none-but-signed",
            INNER_ALGORITHM,
            "The algorithm is none, and the signature good.",
            r#"{"alg":"none"}"#,
        ),
        inner_header(
            "play-inner::alg-hs256",
            INNER_ALGORITHM,
            "The algorithm of the JWS is HS256.",
            r#"{"alg":"HS256"}"#,
        ),
        inner_header(
            "play-inner::alg-es384",
            INNER_ALGORITHM,
            "The algorithm of the JWS is ES384.",
            r#"{"alg":"ES384"}"#,
        ),
        inner_header(
            "play-inner::alg-case",
            INNER_ALGORITHM,
            "The algorithm of the JWS is in small letters.",
            r#"{"alg":"es256"}"#,
        ),
        inner_header(
            "play-inner::alg-missing",
            INNER_ALGORITHM,
            "The header of the JWS has no algorithm.",
            r#"{"kid":"1"}"#,
        ),
        inner_header(
            "play-inner::crit",
            INNER_CRITICAL,
            "A member of the JWS must be understood.",
            r#"{"alg":"ES256","crit":["b64"],"b64":false}"#,
        ),
        inner_header(
            "play-inner::crit-null",
            INNER_CRITICAL,
            "crit is there in the JWS, and null.",
            r#"{"alg":"ES256","crit":null}"#,
        ),
    ]
}

/// By a change of the signature.
fn signature(
    id: &'static str,
    fault: Fault,
    description: &'static str,
    change: impl Fn(&mut PlaySignature) + 'static,
) -> Unminted {
    bad(id, fault, description, |mutation| mutation.signature(change))
}

/// The order of P-256 (SEC 2 §2.4.2).
const ORDER: [u8; 32] = [
    0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6, 0xFA, 0xAD, 0xA7,
    0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
];

fn signatures() -> Vec<Unminted> {
    let number = |id, description, half: std::ops::Range<usize>, value: [u8; 32]| {
        signature(id, SIGNATURE_INVALID, description, move |signature| {
            signature.octets[half.clone()].copy_from_slice(&value);
        })
    };
    vec![
        signature("play-inner::signature-der", SIGNATURE_FORM, "The signature is DER.", |signature| {
            signature.octets = as_der(&signature.octets);
        }),
        signature("play-inner::signature-63", SIGNATURE_FORM, "The signature has 63 octets.", |signature| {
            signature.octets.pop();
        }),
        signature("play-inner::signature-65", SIGNATURE_FORM, "The signature has 65 octets.", |signature| {
            signature.octets.push(0);
        }),
        signature("play-inner::signature-empty", SIGNATURE_FORM, "The signature is empty.", |signature| {
            signature.octets.clear();
        }),
        number("play-inner::r-zero", "r is 0.", 0..32, [0; 32]),
        number("play-inner::s-zero", "s is 0.", 32..64, [0; 32]),
        number("play-inner::r-the-order", "r is the order.", 0..32, ORDER),
        number("play-inner::s-the-order", "s is the order.", 32..64, ORDER),
        signature("play-inner::all-zero", SIGNATURE_INVALID, "r and s are 0.", |signature| signature.octets.fill(0)),
        signature("play-inner::swapped", SIGNATURE_INVALID, "r and s are swapped.", |signature| {
            signature.octets.rotate_left(32);
        }),
        signature(
            "play-inner::by-another-key",
            SIGNATURE_INVALID,
            "The key of another app made the signature.",
            |signature| {
                signature.octets = other_app().sign(signature.signed.as_bytes()).to_vec();
            },
        ),
        bad(
            "play-inner::by-the-key-in-the-header",
            SIGNATURE_INVALID,
            "A key made the signature that the header brings.",
            |mutation| {
                let key = other_app().verification_key_base64();
                mutation
                    .inner_header(becomes(format!(
                        r#"{{"alg":"ES256","kid":"x","x5c":["{key}"],"jwk":{{"kty":"EC"}}}}"#
                    )))
                    .signature(|signature| signature.octets = other_app().sign(signature.signed.as_bytes()).to_vec())
            },
        ),
        signature(
            "play-inner::over-another-header",
            SIGNATURE_INVALID,
            "The signature is over another header.",
            |signature| {
                let payload = signature.signed.split_once('.').expect("two segments").1;
                signature.signed = format!("{}.{payload}", URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","kid":"1"}"#));
            },
        ),
        signature(
            "play-inner::over-another-payload",
            SIGNATURE_INVALID,
            "The signature is over another payload.",
            |signature| {
                let header = signature.signed.split_once('.').expect("two segments").0;
                let other = app().classic(&[1; 32], NOW).encode();
                signature.octets =
                    app().sign(format!("{header}.{}", URL_SAFE_NO_PAD.encode(other)).as_bytes()).to_vec();
            },
        ),
        signature(
            "play-inner::over-the-payload-alone",
            SIGNATURE_INVALID,
            "The signature does not cover the header.",
            |signature| {
                let payload: &str = signature.signed.split_once('.').expect("two segments").1;
                let octets: Bytes = app().sign(payload.as_bytes()).to_vec();
                signature.octets = octets;
            },
        ),
    ]
}
