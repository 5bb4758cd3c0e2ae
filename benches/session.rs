//! What verifying a token costs, beside `jsonwebtoken` over the same token in the same run.
//!
//! Both verify the code or signature, issuer, audience and expiration time, and read all claims; ours in the buffer that the token
//! came in, which is filled anew each time. Every answer is checked in the measured loop.

#![allow(missing_docs)]

use std::hint::black_box;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use criterion::{Criterion, criterion_group, criterion_main};
use genuine::{
    UnixTime,
    crypto::{GenuineCrypto, RustCrypto, RustCryptoSigner, SignP256 as _},
    session::token::{NewToken, TokenCrypto, TokenKey, TokenMinter, TokenPolicy, TokenVerifier},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;

const ISSUER: &str = "https://attest.example";
const AUDIENCE: &str = "https://api.example";
const SECRET: [u8; 32] = [0x5A; 32];
/// In the year 2096, because the other library goes by the clock of the machine.
const NOW: UnixTime = UnixTime(4_000_000_000);

#[derive(Deserialize)]
#[allow(dead_code, reason = "read, and that is what is measured")]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    iat: u64,
    exp: u64,
    jti: String,
    platform: String,
    environment: String,
    verdict: String,
}

fn ours<C: TokenCrypto>(c: &mut Criterion, group: &str, backend: &str, key: TokenKey<'_>, token: &str, crypto: &C) {
    let keys = [key];
    let verifier = TokenVerifier::new(TokenPolicy::new(ISSUER, AUDIENCE), &keys, crypto).unwrap();
    let mut room = token.as_bytes().to_vec();
    c.benchmark_group(group).bench_function(format!("genuine, {backend}"), |bencher| {
        bencher.iter(|| {
            room.copy_from_slice(black_box(token).as_bytes());
            let token = verifier.verify(black_box(&mut room), NOW).unwrap();
            assert!(token.subject().unwrap() == "8d7cd5d1-0e5c-4a4b-9f14-5a1c2d3e4f50" && token.expires() > 0);
        });
    });
}

fn theirs(c: &mut Criterion, group: &str, algorithm: Algorithm, key: &DecodingKey, token: &str) {
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    c.benchmark_group(group).bench_function("jsonwebtoken, aws-lc-rs", |bencher| {
        bencher.iter(|| {
            let token = decode::<Claims>(black_box(token), key, &validation).unwrap();
            assert!(token.claims.sub == "8d7cd5d1-0e5c-4a4b-9f14-5a1c2d3e4f50" && token.claims.exp > 0);
        });
    });
}

fn tokens(c: &mut Criterion) {
    let new = NewToken::new("8d7cd5d1-0e5c-4a4b-9f14-5a1c2d3e4f50", 300)
        .with_platform("ios")
        .with_environment("production")
        .with_verdict("VERIFIED");
    let signer = RustCryptoSigner::try_from(&[7; 32]).unwrap();
    let public = signer.public_key();
    let hs256 = || TokenKey::hs256("2026-11", &SECRET).unwrap();
    let es256 = || TokenKey::es256("2026-11", public);

    let key = hs256();
    let mut room = [0; 1024];
    let minter = TokenMinter::hs256(ISSUER, AUDIENCE, &key, &RustCrypto).unwrap();
    let token = minter.mint(&new, &[1; 16], NOW, &mut room).unwrap();
    println!("HS256: {} octets", token.len());
    ours(c, "HS256", "RustCrypto", hs256(), token, &RustCrypto);
    theirs(c, "HS256", Algorithm::HS256, &DecodingKey::from_secret(&SECRET).unwrap(), token);

    let mut room = [0; 1024];
    let minter = TokenMinter::es256(ISSUER, AUDIENCE, "2026-11", &signer, &RustCrypto).unwrap();
    let token = minter.mint(&new, &[1; 16], NOW, &mut room).unwrap();
    let [x, y] = [&public.0[..32], &public.0[32..]].map(|coordinate| URL_SAFE_NO_PAD.encode(coordinate));
    ours(c, "ES256", "GenuineCrypto", es256(), token, &GenuineCrypto);
    ours(c, "ES256", "RustCrypto", es256(), token, &RustCrypto);
    theirs(c, "ES256", Algorithm::ES256, &DecodingKey::from_ec_components(&x, &y).unwrap(), token);
}

criterion_group!(benches, tokens);
criterion_main!(benches);
