//! Play Integrity: opening a token and judging its payload, beside the signature in it.
//!
//! ```text
//! cargo bench --bench play_integrity
//! ```
//!
//! The expected answer is asked for before anything is measured: the token verifies, and its signature alone does too.
//! `ES256 alone` is what a token cannot do without; the rest of `verify` is base64url, AES, SHA-256, JSON and the policy. `by hand`
//! is the same in the usual libraries, which allocate: `base64`, `aes-kw`, `aes-gcm`, `serde_json`, with the same ES256.

use std::{cell::Cell, hint::black_box};

use aes_gcm::{Aes256Gcm, KeyInit as _, aead::AeadInOut as _};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use criterion::{Criterion, criterion_group, criterion_main};
use genuine::{
    UnixMillis,
    crypto::{
        AesKwGcm, CryptoError, Digest, GenuineCrypto, P256, PublicKey, RustCrypto, Sha256, Signature, VerifyEcdsa,
    },
    play_integrity::{Binding, ClassicVerifier, DecryptionKey, KeyPair, Payload, Policy, VerificationKey},
};
use genuine_testvectors::play::{PlayApp, with_every_member};

const NONCE: [u8; 32] = [0x5A; 32];
const NOW: UnixMillis = UnixMillis(1_790_000_000_000);

/// What is signed in a token, found out by a backend that remembers it.
type Signed = (PublicKey<P256>, Digest, Signature<P256>);

/// Another backend, whose P-256 signatures are remembered and taken for good.
struct Without<C> {
    crypto: C,
    asked: Cell<Option<Signed>>,
}

impl<C: Sha256> Sha256 for Without<C> {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        self.crypto.sha256(parts)
    }
}

impl<C: AesKwGcm> AesKwGcm for Without<C> {
    fn unwrap_key(&self, wrapping: &[u8; 32], wrapped: &[u8; 40]) -> Result<[u8; 32], CryptoError> {
        self.crypto.unwrap_key(wrapping, wrapped)
    }

    fn open_in_place(
        &self,
        key: &[u8; 32],
        iv: &[u8; 12],
        additional: &[u8],
        text: &mut [u8],
        tag: &[u8; 16],
    ) -> Result<(), CryptoError> {
        self.crypto.open_in_place(key, iv, additional, text, tag)
    }
}

impl<C> VerifyEcdsa<P256> for Without<C> {
    fn check_key(&self, _: &PublicKey<P256>) -> Result<(), CryptoError> {
        Ok(())
    }

    fn verify(&self, key: &PublicKey<P256>, digest: &Digest, signature: &Signature<P256>) -> Result<(), CryptoError> {
        self.asked.set(Some((*key, *digest, *signature)));
        Ok(())
    }
}

/// The same by the usual libraries; the length of the payload's nonce, so that nothing is left out.
fn by_hand(token: &str, wrapping: &[u8; 32], key: &PublicKey<P256>) -> usize {
    let segments: Vec<_> = token.split('.').collect();
    let decoded = |index: usize| URL_SAFE_NO_PAD.decode(segments[index]).unwrap();
    let header: serde_json::Value = serde_json::from_slice(&decoded(0)).unwrap();
    assert!(header["alg"] == "A256KW" && header["enc"] == "A256GCM");
    let mut content = [0; 32];
    aes_kw::KwAes256::new(wrapping.into()).unwrap_key(&decoded(1), &mut content).unwrap();
    let (iv, mut text, tag): ([u8; 12], _, [u8; 16]) =
        (decoded(2).try_into().unwrap(), decoded(3), decoded(4).try_into().unwrap());
    Aes256Gcm::new(&content.into())
        .decrypt_inout_detached(&iv.into(), segments[0].as_bytes(), text.as_mut_slice().into(), &tag.into())
        .unwrap();
    let jws = String::from_utf8(text).unwrap();
    let (signed, signature) = jws.rsplit_once('.').unwrap();
    let signature = Signature(URL_SAFE_NO_PAD.decode(signature).unwrap().try_into().unwrap());
    let digest = Digest::Sha256(GenuineCrypto.sha256(&[signed.as_bytes()]).unwrap());
    VerifyEcdsa::<P256>::verify(&GenuineCrypto, key, &digest, &signature).unwrap();
    let payload = URL_SAFE_NO_PAD.decode(signed.split_once('.').unwrap().1).unwrap();
    let payload: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    payload["requestDetails"]["nonce"].as_str().unwrap().len()
}

fn play_integrity(criterion: &mut Criterion) {
    let app = PlayApp::new("benchmark");
    let certificates = [app.certificate()];
    let policy = Policy::new(app.package_name(), &certificates);
    let keys = [KeyPair {
        decryption: DecryptionKey::new(app.decryption_key()),
        verification: VerificationKey::from_base64(&app.verification_key_base64()).unwrap(),
    }];
    let honest = app.classic(&NONCE, NOW.0);
    for (name, payload) in [("usual", honest.clone()), ("with every member", with_every_member(honest))] {
        let token = app.token(&payload);
        let mut group = criterion.benchmark_group(format!("token, {name}"));
        let mut room = vec![0; token.len()];
        macro_rules! verify {
            ($crypto:expr) => {{
                let verifier = ClassicVerifier::new(&policy, &keys, $crypto).unwrap();
                move |room: &mut Vec<u8>, token: &str| {
                    room.copy_from_slice(token.as_bytes());
                    verifier.verify(room, Binding::nonce(&NONCE).unwrap(), NOW).unwrap().timestamp()
                }
            }};
        }
        let without = Without { crypto: GenuineCrypto, asked: Cell::new(None) };
        let unsigned = verify!(&without);
        assert_eq!(unsigned(&mut room, &token), NOW);
        let (key, digest, signature) = without.asked.get().expect("a signature was asked for");
        for verdict in [
            VerifyEcdsa::<P256>::verify(&GenuineCrypto, &key, &digest, &signature),
            VerifyEcdsa::<P256>::verify(&RustCrypto, &key, &digest, &signature),
        ] {
            assert_eq!(verdict, Ok(()));
        }
        assert_eq!(by_hand(&token, &app.decryption_key(), &key), 43);

        let verify = verify!(&GenuineCrypto);
        assert_eq!(verify(&mut room, &token), NOW);
        group.bench_function("verify, genuine-crypto", |b| b.iter(|| verify(&mut room, black_box(&token))));
        group.bench_function("ES256 alone, genuine-crypto", |b| {
            b.iter(|| VerifyEcdsa::<P256>::verify(&GenuineCrypto, black_box(&key), &digest, &signature));
        });
        group.bench_function("all but ES256", |b| b.iter(|| unsigned(&mut room, black_box(&token))));
        group.bench_function("by hand, genuine-crypto", |b| {
            b.iter(|| by_hand(black_box(&token), &app.decryption_key(), &key));
        });
        let verify = verify!(&RustCrypto);
        assert_eq!(verify(&mut room, &token), NOW);
        group.bench_function("verify, RustCrypto", |b| b.iter(|| verify(&mut room, black_box(&token))));
        let json = payload.encode();
        assert!(Payload::parse(json.as_bytes()).is_ok());
        group.bench_function("read the payload", |b| b.iter(|| Payload::parse(black_box(json.as_bytes())).is_ok()));
        group.bench_function("read the payload, serde_json", |b| {
            b.iter(|| serde_json::from_slice::<serde_json::Value>(black_box(json.as_bytes())).is_ok());
        });
        group.finish();
    }
}

criterion_group!(benches, play_integrity);
criterion_main!(benches);
