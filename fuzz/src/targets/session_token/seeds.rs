//! What the target of tokens starts from.

use super::{
    AUDIENCE, BY_DEVICE, BY_E, BY_H, BY_PUBLIC_KEY, CLIENT, DAMAGES, DEMAND, HONEST, ISSUER, KINDS, Kind, LIMIT, NOW,
    ONE_KEY, OTHER_BACKEND, OTHER_TYPE, RAW, SKEW, Setting, URI, URIS, WITH_TOKEN, encode, naive_jwk, payload, public,
};

/// Honest tokens of each kind by each signer, in each setting and at the border of each time; each damage; each rule of header,
/// claims and keys broken; keys; what is to be minted.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let seed = |kind: Kind, [signer, damage, place, options]: [u8; 4], seconds: i16, rest: &[u8]| {
        let kind = KINDS.iter().position(|other| *other == kind).expect("one of them");
        let start = [u8::try_from(kind).expect("few"), signer, damage, place, options];
        [&start[..], &seconds.to_be_bytes(), rest].concat()
    };
    let with = |kind, signer, header: &str, payload: &str| {
        let rest = [header.as_bytes(), &[0xFF], payload.as_bytes()].concat();
        seed(kind, [signer, 0, 0, 0], 0, &rest)
    };
    let setting = Setting { options: 0, now: NOW, is_other_backend: false };
    let own = |kind| match kind {
        Kind::Bearer | Kind::Bound => BY_H,
        Kind::ClientAttestation => BY_E,
        _ => BY_DEVICE,
    };
    let tokens = &KINDS[..5];
    let mut seeds = Vec::new();
    for (kind, honest) in &*HONEST {
        let mut raw = seed(*kind, [0; 4], 0, &honest.text);
        raw[0] |= RAW;
        seeds.push(raw);
    }
    for &kind in tokens {
        for signer in 0..8 {
            seeds.push(seed(kind, [signer, 0, 0, 0], 0, &[]));
        }
        seeds.push(seed(kind, [own(kind) | OTHER_BACKEND, 0, 0, 0], 0, &[]));
        for option in [SKEW, LIMIT, DEMAND, ONE_KEY, OTHER_TYPE, WITH_TOKEN, 1 << URI, 2 << URI, 3 << URI] {
            seeds.push(seed(kind, [own(kind), 0, 0, option], 0, &[]));
        }
        for (options, borders) in [(0, [-1, 60, 61, 299, 300]), (SKEW | LIMIT, [-31, -30, 90, 91, 330])] {
            seeds.extend(borders.map(|seconds| seed(kind, [own(kind), 0, 0, options], seconds, &[])));
        }
        seeds.push(seed(kind, [own(kind), 0, 0, 0], i16::MIN, &[]));
    }
    for damage in 0..DAMAGES {
        for (signer, place) in [(BY_H, 31), (BY_E, 63), (BY_E, 2)] {
            seeds.push(seed(Kind::Bearer, [signer, damage, place, 0], 0, &[]));
        }
    }
    for header in [
        r#"{"typ":"JWT","kid":"h"}"#,
        r#"{"alg":"none","typ":"JWT","kid":"h"}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":"e"}"#,
        r#"{"alg":"ES256","typ":"JWT","kid":"h"}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":"g"}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":"x"}"#,
        r#"{"alg":"HS256","typ":"application/jwt","kid":"\u0068"}"#,
        r#"{"alg":"HS256","typ":"JWT"}"#,
        r#"{"alg":"HS256","kid":"h"}"#,
        r#"{"alg":"HS256","typ":"dpop+jwt","kid":"h"}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":"h","crit":[]}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":"h","zip":null}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":"h","enc":"A256GCM"}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":"h","alg":"HS256"}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":"h","a":[[[[[[[[[]]]]]]]]]}"#,
        r#"{"alg":["HS256"],"typ":"JWT","kid":"h"}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":"h"} {}"#,
        "[]",
        "{",
    ] {
        seeds.push(with(Kind::Bearer, BY_H, header, ""));
    }
    seeds.push(with(Kind::Bearer, BY_PUBLIC_KEY, r#"{"alg":"HS256","typ":"JWT","kid":"e"}"#, ""));
    seeds.push(with(Kind::Bearer, BY_H, &format!(r#"{{"alg":"HS256","x":"{}"}}"#, "x".repeat(500)), ""));
    let token = payload(Kind::Bearer, setting);
    for (old, new) in [
        (ISSUER, "https://attest.example/"),
        (AUDIENCE, "https://api.example.evil"),
        (r#""https://api.example""#, r#"["x","https://api.example"]"#),
        (r#""https://api.example""#, "[]"),
        (r#""https://api.example""#, "[1]"),
        (r#""https://api.example""#, "1"),
        (r#""iss""#, r#""x""#),
        (r#""aud""#, r#""x""#),
        (r#""exp""#, r#""x""#),
        (r#""iat""#, r#""x""#),
        (r#""iat""#, r#""nbf""#),
        (r#""jti""#, r#""exp""#),
        (r#""jti":"one""#, r#""cnf":{}"#),
        (r#""jti":"one""#, r#""nbf":1800000001.9"#),
        (r#""jti":"one""#, r#""a":1.5,"b":true,"c":null,"d":9223372036854775808,"e":-1e3"#),
        ("1800000300", "1800000301.5"),
        ("1800000300", "18e8"),
        ("1800000300", "-0"),
        ("1800000300", "01"),
        ("1800000300", r#""1800000300""#),
        ("1800000000", "1800000001"),
        ("1800000000", "-9223372036854775808"),
        ("}", ""),
        ("}", "} 1"),
    ] {
        seeds.push(with(Kind::Bearer, BY_H, "", &token.replacen(old, new, 1)));
        let mut limited = with(Kind::Bearer, BY_E, "", &token.replacen(old, new, 1));
        limited[4] = LIMIT | DEMAND;
        seeds.push(limited);
    }
    seeds.push(with(Kind::Bound, BY_H, "", &token));
    seeds.push(with(Kind::Proof, BY_DEVICE, r#"{"typ":"dpop+jwt","alg":"ES256"}"#, ""));
    let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(9), "]".repeat(9));
    seeds.push(with(Kind::Bearer, BY_H, "", &deep));
    seeds.push(with(Kind::Bearer, BY_H, "", "[]"));
    seeds.push(with(Kind::Bearer, BY_H, "", &"[".repeat(2950)));
    let key = naive_jwk::text(&public(1));
    let bound = payload(Kind::Bound, setting);
    let confirmation = bound.split(r#""cnf":"#).nth(1).expect("it is bound");
    for other in [
        format!(r#"{{"jwk":{key}}}}}"#),
        format!(r#"{{"jwk":{}}}}}"#, naive_jwk::text(&public(0))),
        format!(r#"{{"jkt":"{}"}}}}"#, encode([1; 32])),
        confirmation.replacen("jkt", r"\u006akt", 1),
        confirmation.replacen('{', &format!(r#"{{"jwk":{key},"#), 1),
        confirmation.replacen("jkt", "x5t#S256", 1),
        confirmation.replacen(r#"""#, r#""a":1,""#, 1),
        r#"{"jkt":"short"}}"#.into(),
        r#""jkt"}"#.into(),
    ] {
        seeds.push(with(Kind::Bound, BY_H, "", &bound.replace(confirmation, &other)));
    }
    let keys = {
        let part = |old: &str, new: &str| key.replacen(old, new, 1);
        [
            key.clone(),
            part("{", r#"{"use":"sig","alg":"ES256","key_ops":["sign","verify"],"kid":"1","#),
            part("{", r#"{"use":"enc","#),
            part("{", r#"{"alg":"ES384","#),
            part("{", r#"{"key_ops":["sign"],"#),
            part("{", r#"{"key_ops":"verify","#),
            part("{", r#"{"d":"AAAA","#),
            part("{", r#"{"k":null,"#),
            part("{", r#"{"a":{"b":1,"b":2},"#),
            part("EC", "RSA"),
            part("P-256", "P-384"),
            part("P-256", r"P\u002d256"),
            part(r#""kty""#, r#""x5c""#),
            part(r#""crv""#, r#""x5c""#),
            part(r#""y""#, r#""z""#),
            part(r#""y":""#, r#""y":"A"#),
            part(r#""x":""#, r#""x":"\u0041"#),
            part(&encode(&public(1)[32..]), &encode([1; 32])),
            part("}", ""),
            part("}", "}0"),
            part("{", &format!(r#"{{"x5c":["{}"],"#, "x".repeat(900))),
            "[]".into(),
            encode([1; 32]),
        ]
    };
    for key in &keys {
        seeds.push(seed(Kind::Jwk, [0; 4], 0, key.as_bytes()));
        let header = format!(r#"{{"typ":"dpop+jwt","alg":"ES256","jwk":{key}}}"#);
        seeds.push(with(Kind::Proof, BY_DEVICE, &header, ""));
    }
    let proof = payload(Kind::Proof, setting);
    for (old, new) in [
        ("one", ""),
        (r#""jti""#, r#""x""#),
        (r#""htm""#, r#""x""#),
        (r#""htu""#, r#""x""#),
        (r#""iat""#, r#""x""#),
        (r#""ath""#, r#""x""#),
        (r#""nonce""#, r#""x""#),
        (r#""POST""#, "1"),
        ("POST", "post"),
        ("n-1", "n-2"),
        ("https://api.example/transfers", "HTTPS://API.EXAMPLE:443/transfers?a=1#b"),
        ("https://api.example/transfers", "https://api.example/transfers/"),
        ("https://api.example/transfers", "https://api.example/Transfers"),
        ("https://api.example/transfers", "https://api.example:0443/transfers"),
        ("https://api.example/transfers", "https://api.example"),
        ("https://api.example/transfers", "http://api.example/transfers"),
    ] {
        let mut seed = with(Kind::Proof, BY_DEVICE, "", &proof.replacen(old, new, 1));
        seed[4] = DEMAND | WITH_TOKEN;
        seeds.push(seed);
    }
    for (options, uri) in
        [(2 << URI, "http://api.example:8443?x"), (2 << URI, "http://api.example"), (3 << URI, "https://[::1]:8443/~a")]
    {
        let mut seed = with(Kind::Proof, BY_DEVICE, "", &proof.replacen(URIS[0], uri, 1));
        seed[4] = options;
        seeds.push(seed);
    }
    let attestation = payload(Kind::ClientAttestation, setting);
    for (old, new) in [
        (r#""sub""#, r#""x""#),
        (r#""exp""#, r#""x""#),
        (r#""iat""#, r#""x""#),
        (r#""cnf""#, r#""x""#),
        (r#""jwk""#, r#""jkt""#),
        (r#""kty":"EC""#, r#""kty":"oct""#),
        (&encode(&public(1)[32..]), &encode([1; 32])),
        (CLIENT, "client-8"),
    ] {
        let mut seed = with(Kind::ClientAttestation, BY_E, "", &attestation.replacen(old, new, 1));
        seed[4] = DEMAND | LIMIT;
        seeds.push(seed);
    }
    let client_proof = payload(Kind::ClientProof, setting);
    for (old, new) in [
        (r#""aud""#, r#""x""#),
        (r#""iat""#, r#""x""#),
        ("one", ""),
        (r#""https://api.example""#, r#"["https://api.example"]"#),
        (r#""https://api.example""#, r#"["https://api.example","x"]"#),
        ("https://api.example", "https://api.example/"),
        (r#""n-1""#, "1"),
        ("n-1", "n-2"),
    ] {
        let mut seed = with(Kind::ClientProof, BY_DEVICE, "", &client_proof.replacen(old, new, 1));
        seed[4] = DEMAND;
        seeds.push(seed);
    }
    for (signer, options, text) in [
        (BY_H, 0, "device\u{FF}name\u{FF}\"\\\n\u{0}😀"),
        (BY_E, WITH_TOKEN, "\u{FF}\u{FF}"),
        (BY_E, ONE_KEY, "a\u{FF}b\u{FF}c"),
        (BY_H, OTHER_TYPE, "a\u{FF}iss\u{FF}c"),
        (BY_H, 0, "a\u{FF}a truth\u{FF}c"),
    ] {
        let text: Vec<_> = text.split('\u{FF}').map(str::as_bytes).collect();
        seeds.push(seed(Kind::Mint, [signer, 0, 0, options], 0, &text.join(&0xFF)));
    }
    let long = [&b"a\xFFb\xFF"[..], &[b'x'; 3100]].concat();
    seeds.push(seed(Kind::Mint, [BY_H, 0, 0, 0], 0, &long));
    seeds.push(seed(Kind::Mint, [BY_H, 0, 0, 0], i16::MIN, b"a\xFFb\xFFc"));
    seeds
}
