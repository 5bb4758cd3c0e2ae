//! Groups play-json, play-binding and play-time: what the payload is, and whose request it is about.

use super::faults::{
    CLOCK_UNSET, FROM_FUTURE, JSON_DUPLICATE, JSON_LIMIT, JSON_MALFORMED, JSON_TRAILING, JSON_TYPE, MEMBER_MISSING,
    NONCE_MISMATCH, NONCE_MISSING, PAYLOAD_TOO_LARGE, REQUEST_HASH_MISMATCH, REQUEST_HASH_MISSING, REQUEST_PACKAGE,
    TOO_OLD,
};
use super::{Bytes, Fault, NONCE, NOW, REQUEST_HASH, Unminted, app, replace};
use crate::json::Json;
use crate::vector::Hex;

pub(super) fn vectors() -> Vec<Unminted> {
    [forms(), types(), limits(), packages(), nonces(), request_hashes(), times()].into_iter().flatten().collect()
}

/// By a change of the payload's bytes.
fn bytes(id: &'static str, fault: Fault, description: &'static str, change: impl Fn(&mut Bytes) + 'static) -> Unminted {
    Unminted::new(id, description).fails(fault).mutated(|mutation| mutation.payload_bytes(change))
}

/// By a change of the payload's members.
fn members(
    id: &'static str,
    fault: Fault,
    description: &'static str,
    change: impl Fn(&mut Json) + 'static,
) -> Unminted {
    Unminted::new(id, description).fails(fault).payload(change)
}

/// By another value of one member, as it is written.
fn value(id: &'static str, fault: Fault, description: &'static str, path: &'static str, raw: &str) -> Unminted {
    let raw = Json::raw(raw);
    members(id, fault, description, move |payload| payload.set(path, raw.clone()))
}

fn forms() -> Vec<Unminted> {
    let malformed = |id, description, change: fn(&mut Bytes)| bytes(id, JSON_MALFORMED, description, change);
    vec![
        malformed("play-json::empty", "The payload is empty.", Bytes::clear),
        malformed("play-json::white-space-alone", "The payload is white space.", |bytes| *bytes = b" \n".to_vec()),
        malformed("play-json::cut-off", "The payload lacks its last brace.", |bytes| bytes.truncate(bytes.len() - 1)),
        malformed("play-json::byte-order-mark", "A byte order mark stands before the payload.", |bytes| {
            drop(bytes.splice(0..0, "\u{FEFF}".bytes()));
        }),
        malformed("play-json::trailing-comma", "A comma follows the last member.", |bytes| {
            let brace = bytes.len() - 1;
            bytes.insert(brace, b',');
        }),
        malformed("play-json::comment", "A comment stands before the payload.", |bytes| {
            drop(bytes.splice(0..0, [b'/', b'*', b'*', b'/']));
        }),
        malformed("play-json::control-character", "A line feed stands in a string.", |bytes| {
            replace(bytes, "PLAY_RECOGNIZED", "PLAY_\nRECOGNIZED");
        }),
        malformed("play-json::unknown-escape", "A string has an escape that JSON does not know.", |bytes| {
            replace(bytes, "PLAY_RECOGNIZED", r"PLAY\_RECOGNIZED");
        }),
        malformed("play-json::half-a-surrogate", "A string has half a surrogate pair.", |bytes| {
            replace(bytes, "PLAY_RECOGNIZED", r"PLAY\ud83dRECOGNIZED");
        }),
        malformed("play-json::name-not-quoted", "A name is not quoted.", |bytes| replace(bytes, "\"nonce\"", "nonce")),
        value("play-json::leading-zero", JSON_MALFORMED, "A number has a leading zero.", "unknown", "01"),
        value("play-json::no-literal", JSON_MALFORMED, "A value is none that JSON has.", "unknown", "undefined"),
        value("play-json::brackets-crossed", JSON_MALFORMED, "Brackets are crossed.", "unknown", r#"{"a":[}]"#),
        bytes("play-json::trailing", JSON_TRAILING, "A letter follows the payload.", |bytes| bytes.push(b'x')),
        bytes("play-json::two-payloads", JSON_TRAILING, "Another payload follows.", |bytes| {
            bytes.extend(app().classic(&NONCE, NOW).encode().bytes());
        }),
        bytes("play-json::trailing-nul", JSON_TRAILING, "A NUL follows the payload.", |bytes| bytes.push(0)),
    ]
}

fn types() -> Vec<Unminted> {
    let duplicate = |id, description, path: &'static str, second: &'static str| {
        members(id, JSON_DUPLICATE, description, move |payload| payload.add(path, second))
    };
    let wrong = |id, description, path, raw| value(id, JSON_TYPE, description, path, raw);
    vec![
        duplicate("play-json::nonce-twice", "The nonce is there twice.", "requestDetails.nonce", "AAAA"),
        bytes(
            "play-json::nonce-twice-escaped",
            JSON_DUPLICATE,
            "The nonce is there twice, once with an escape.",
            |bytes| {
                replace(bytes, "\"nonce\"", r#""n\u006fnce":"AAAA","nonce""#);
            },
        ),
        members("play-json::object-twice", JSON_DUPLICATE, "The details of the request are there twice.", |payload| {
            payload.add("requestDetails", Json::object([]));
        }),
        members("play-json::null-twice", JSON_DUPLICATE, "A member is there twice, once null.", |payload| {
            payload.add("accountDetails.appLicensingVerdict", Json::Null);
        }),
        duplicate(
            "play-json::label-list-twice",
            "The labels are there twice.",
            "deviceIntegrity.deviceRecognitionVerdict",
            "",
        ),
        value(
            "play-json::unknown-twice",
            JSON_DUPLICATE,
            "An unknown object has a member twice.",
            "unknown",
            r#"[{"a":{"b":1,"c":2,"\u0062":3}}]"#,
        ),
        wrong("play-json::an-array", "The details of the request are an array.", "requestDetails", "[]"),
        bytes("play-json::no-object", JSON_TYPE, "The payload is an array.", |bytes| *bytes = b"[]".to_vec()),
        bytes("play-json::a-string", JSON_TYPE, "The payload is JSON in a string.", |bytes| {
            let text = std::str::from_utf8(bytes).expect("text");
            *bytes = Json::from(text).encode().into_bytes();
        }),
        wrong("play-json::nonce-a-number", "The nonce is a number.", "requestDetails.nonce", "12"),
        wrong(
            "play-json::labels-a-string",
            "The labels are one string.",
            "deviceIntegrity.deviceRecognitionVerdict",
            "\"MEETS_DEVICE_INTEGRITY\"",
        ),
        wrong("play-json::label-a-number", "A label is a number.", "deviceIntegrity.deviceRecognitionVerdict", "[1]"),
        wrong("play-json::label-null", "A label is null.", "deviceIntegrity.deviceRecognitionVerdict", "[null]"),
        wrong(
            "play-json::verdict-a-list",
            "The verdict of the app is a list.",
            "appIntegrity.appRecognitionVerdict",
            r#"["PLAY_RECOGNIZED"]"#,
        ),
        wrong(
            "play-json::test-response-a-string",
            "isTestingResponse is a string.",
            "testingDetails.isTestingResponse",
            "\"false\"",
        ),
        wrong("play-json::time-with-a-fraction", "The time has a fraction.", "requestDetails.timestampMillis", "1.5"),
        wrong(
            "play-json::time-with-an-exponent",
            "The time has an exponent.",
            "requestDetails.timestampMillis",
            "179e10",
        ),
        wrong(
            "play-json::time-with-a-sign",
            "The time has a plus sign.",
            "requestDetails.timestampMillis",
            "\"+1790000000000\"",
        ),
        wrong(
            "play-json::time-with-a-zero",
            "The time has a leading zero.",
            "requestDetails.timestampMillis",
            "\"01790000000000\"",
        ),
        wrong(
            "play-json::time-with-a-space",
            "A space stands before the time.",
            "requestDetails.timestampMillis",
            "\" 1790000000000\"",
        ),
        wrong("play-json::time-empty", "The time is an empty string.", "requestDetails.timestampMillis", "\"\""),
        wrong("play-json::version-a-boolean", "The version code is true.", "appIntegrity.versionCode", "true"),
    ]
}

fn limits() -> Vec<Unminted> {
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    vec![
        bytes("play-json::too-large", PAYLOAD_TOO_LARGE, "The payload has 8,193 octets.", |bytes| {
            bytes.resize(8_193, b' ');
        })
        .with_twin("play-good::payload-at-the-cap"),
        value(
            "play-json::too-deep",
            JSON_LIMIT,
            "An unknown member has nine arrays in each other.",
            "unknown",
            &nested(9),
        ),
        value(
            "play-json::far-too-deep",
            JSON_LIMIT,
            "An unknown member has 2,000 arrays in each other.",
            "unknown",
            &nested(2_000),
        ),
        members("play-json::too-many-members", JSON_LIMIT, "The payload has 33 members.", |payload| {
            for number in 0..29 {
                payload.set(&format!("unknown{number}"), number);
            }
        }),
        members("play-json::no-package", MEMBER_MISSING, "The payload does not say who asked.", |payload| {
            payload.remove("requestDetails.requestPackageName");
        }),
        members("play-json::package-null", MEMBER_MISSING, "The package that asked is null.", |payload| {
            payload.set("requestDetails.requestPackageName", Json::Null);
        }),
        members("play-json::no-time", MEMBER_MISSING, "The payload does not say when.", |payload| {
            payload.remove("requestDetails.timestampMillis");
        }),
        members("play-json::no-request", MEMBER_MISSING, "The payload has no details of the request.", |payload| {
            payload.remove("requestDetails");
        }),
        bytes("play-json::no-member", MEMBER_MISSING, "The payload is an empty object.", |bytes| {
            *bytes = b"{}".to_vec();
        }),
    ]
}

fn packages() -> Vec<Unminted> {
    let other = |id, description, name: &'static str| {
        members(id, REQUEST_PACKAGE, description, move |payload| {
            payload.set("requestDetails.requestPackageName", name);
        })
    };
    vec![
        other("play-binding::another-package", "Another package asked.", "com.example.other"),
        other("play-binding::package-case", "The package differs in the case of a letter.", "com.example.Attest"),
        other("play-binding::package-longer", "The package begins with the expected one.", "com.example.attest.evil"),
        other("play-binding::package-shorter", "The expected package begins with it.", "com.example"),
        other("play-binding::package-with-nul", "A NUL follows the package.", "com.example.attest\0"),
        other("play-binding::package-empty", "The package is empty.", ""),
    ]
}

fn nonces() -> Vec<Unminted> {
    let other = |id, description, nonce: &str| {
        let nonce = nonce.to_owned();
        members(id, NONCE_MISMATCH, description, move |payload| {
            payload.set("requestDetails.nonce", nonce.as_str());
        })
    };
    vec![
        other(
            "play-binding::nonce-standard-alphabet",
            "The nonce is in standard base64.",
            "hG+di7UkZLMDUHMgD2WUOqd/O61VI6vIeyV3+ycjlRU=",
        ),
        other(
            "play-binding::nonce-one-slash",
            "One character of the nonce is of standard base64.",
            "hG-di7UkZLMDUHMgD2WUOqd/O61VI6vIeyV3-ycjlRU",
        ),
        other(
            "play-binding::nonce-longer",
            "Two octets follow the nonce.",
            "hG-di7UkZLMDUHMgD2WUOqd_O61VI6vIeyV3-ycjlRUAAA",
        ),
        other(
            "play-binding::nonce-shorter",
            "The nonce lacks its last octet.",
            "hG-di7UkZLMDUHMgD2WUOqd_O61VI6vIeyV3-ycjlQ",
        ),
        other(
            "play-binding::nonce-spare-bits",
            "The last character of the nonce has a spare bit set.",
            "hG-di7UkZLMDUHMgD2WUOqd_O61VI6vIeyV3-ycjlRV",
        ),
        other(
            "play-binding::nonce-padded-twice",
            "The nonce has two characters of padding, one too many.",
            "hG-di7UkZLMDUHMgD2WUOqd_O61VI6vIeyV3-ycjlRU==",
        ),
        other(
            "play-binding::nonce-case",
            "A letter of the nonce is of the other case.",
            "HG-di7UkZLMDUHMgD2WUOqd_O61VI6vIeyV3-ycjlRU",
        ),
        other(
            "play-binding::nonce-with-a-line-feed",
            "A line feed follows the nonce.",
            "hG-di7UkZLMDUHMgD2WUOqd_O61VI6vIeyV3-ycjlRU\n",
        ),
        other(
            "play-binding::nonce-hexadecimal",
            "The nonce is in hexadecimal digits.",
            "846f9d8bb52464b3035073200f65943aa77f3bad5523abc87b2577fb27239515",
        ),
        other(
            "play-binding::nonce-encoded-twice",
            "The nonce is base64url of its base64url.",
            "aEctZGk3VWtaTE1EVUhNZ0QyV1VPcWRfTzYxVkk2dkleVjMteWNqbFJV",
        ),
        other("play-binding::nonce-empty", "The nonce is empty.", ""),
        Unminted::new("play-binding::another-nonce", "The server expects another nonce, as in a replay.")
            .fails(NONCE_MISMATCH)
            .said(|vector| vector.nonce = Some(Hex(vec![0x5A; 32]))),
        Unminted::new("play-binding::nonce-one-bit", "The server expects a nonce that differs in its last bit.")
            .fails(NONCE_MISMATCH)
            .said(|vector| {
                let mut nonce = NONCE.to_vec();
                nonce[31] ^= 1;
                vector.nonce = Some(Hex(nonce));
            }),
        members("play-binding::nonce-missing", NONCE_MISSING, "The payload has no nonce.", |payload| {
            payload.remove("requestDetails.nonce");
        }),
        members("play-binding::nonce-null", NONCE_MISSING, "The nonce is null.", |payload| {
            payload.set("requestDetails.nonce", Json::Null);
        }),
        members(
            "play-binding::nonce-elsewhere",
            NONCE_MISSING,
            "The nonce stands beside the details of the request.",
            |payload| {
                let nonce = payload.remove("requestDetails.nonce");
                payload.set("nonce", nonce);
            },
        ),
        members(
            "play-binding::hash-for-a-nonce",
            NONCE_MISSING,
            "The payload has a request hash in the place of a nonce.",
            |payload| {
                let nonce = payload.remove("requestDetails.nonce");
                payload.set("requestDetails.requestHash", nonce);
            },
        ),
    ]
}

fn request_hashes() -> Vec<Unminted> {
    let other = |id, description, hash: String| {
        Unminted::standard(id, description)
            .fails(REQUEST_HASH_MISMATCH)
            .payload(move |payload| payload.set("requestDetails.requestHash", hash.as_str()))
    };
    vec![
        other("play-binding::another-hash", "The request hash is another.", "another".to_owned()),
        other(
            "play-binding::hash-case",
            "The request hash differs in the case of a letter.",
            REQUEST_HASH.to_uppercase(),
        ),
        other("play-binding::hash-longer", "A space follows the request hash.", format!("{REQUEST_HASH} ")),
        other("play-binding::hash-shorter", "The request hash lacks its last letter.", {
            REQUEST_HASH[..REQUEST_HASH.len() - 1].to_owned()
        }),
        other("play-binding::hash-empty", "The request hash is empty.", String::new()),
        Unminted::standard("play-binding::hash-missing", "The payload has no request hash.")
            .fails(REQUEST_HASH_MISSING)
            .payload(|payload| drop(payload.remove("requestDetails.requestHash"))),
        Unminted::standard("play-binding::nonce-for-a-hash", "The payload has a nonce in the place of a request hash.")
            .fails(REQUEST_HASH_MISSING)
            .payload(|payload| {
                let hash = payload.remove("requestDetails.requestHash");
                payload.set("requestDetails.nonce", hash);
            }),
    ]
}

/// By the time of the token.
fn at(id: &'static str, description: &'static str, millis: impl Into<i128>) -> Unminted {
    let millis = millis.into().to_string();
    Unminted::new(id, description)
        .payload(move |payload| payload.set("requestDetails.timestampMillis", millis.as_str()))
}

fn times() -> Vec<Unminted> {
    vec![
        at("play-time::oldest", "The token is five minutes old, to the millisecond.", NOW - 300_000),
        at("play-time::too-old", "The token is five minutes and a millisecond old.", NOW - 300_001)
            .fails(TOO_OLD)
            .with_twin("play-time::oldest"),
        at("play-time::latest", "The token was made in a minute, to the millisecond.", NOW + 60_000),
        at("play-time::from-the-future", "The token was made in a minute and a millisecond.", NOW + 60_001)
            .fails(FROM_FUTURE)
            .with_twin("play-time::latest"),
        at("play-time::seconds", "The time is in seconds.", NOW / 1_000).fails(TOO_OLD),
        at("play-time::microseconds", "The time is in microseconds.", NOW * 1_000).fails(FROM_FUTURE),
        at("play-time::zero", "The time is zero.", 0).fails(TOO_OLD),
        at("play-time::negative", "The time lies a millisecond before 1970.", -1).fails(TOO_OLD),
        at("play-time::most-negative", "The time is the least that 64 bits hold.", i64::MIN).fails(TOO_OLD),
        at("play-time::most-positive", "The time is the greatest that 64 bits hold.", i64::MAX).fails(FROM_FUTURE),
        at("play-time::beyond-64-bits", "The time is 2⁶³.", 1_u64 << 63).fails(JSON_TYPE),
        at("play-time::beyond-65-bits", "The time is 2⁶⁴ and the right one.", (1_i128 << 64) + i128::from(NOW))
            .fails(JSON_TYPE),
        at("play-time::age-allowed", "The policy allows ten minutes, and the token is as old.", NOW - 600_000)
            .policy(|policy| policy.limit_age = Some(600_000)),
        at("play-time::age-of-nothing", "The policy allows no age, and the token is a millisecond old.", NOW - 1)
            .fails(TOO_OLD)
            .policy(|policy| policy.limit_age = Some(0)),
        at("play-time::skew-of-nothing", "The policy allows no difference of clocks.", NOW + 1)
            .fails(FROM_FUTURE)
            .policy(|policy| policy.limit_skew = Some(0)),
        at(
            "play-time::skew-allowed",
            "The policy allows an hour of difference, and the clocks differ by it.",
            NOW + 3_600_000,
        )
        .policy(|policy| policy.limit_skew = Some(3_600_000)),
        Unminted::new("play-time::clock-unset", "The clock of the verifier was never set.")
            .fails(CLOCK_UNSET)
            .said(|vector| vector.now = 0),
    ]
}
