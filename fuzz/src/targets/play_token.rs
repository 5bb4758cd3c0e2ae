//! Classic tokens of Google Play Integrity with real cryptography: an honest token that is changed at one stage, and everything
//! after it computed anew.

use std::sync::LazyLock;

use aes_gcm::{Aes256Gcm, KeyInit as _, aead::AeadInOut as _};
use aes_kw::KwAes256;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use der::Decode as _;
use genuine::{
    Error,
    crypto::{GenuineCrypto, P256, PublicKey, RustCrypto},
    play_integrity::{ClassicVerifier, DecryptionKey, KeyPair, MAX_TOKEN, Policy, SingleUse, VerificationKey},
};
use genuine_testvectors::keys::sha256;
use p256::ecdsa::{
    Signature, SigningKey, VerifyingKey,
    signature::hazmat::{PrehashSigner as _, PrehashVerifier as _},
};
use x509_cert::spki::SubjectPublicKeyInfoRef;

use crate::{
    codes,
    json::{self, Fault},
    play::{Demands, Said, compare, honest},
};

/// What stands in front of a point in the text of a verification key.
const SPKI: &[u8] =
    b"\x30\x59\x30\x13\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01\x06\x08\x2A\x86\x48\xCE\x3D\x03\x01\x07\x03\x42\x00";

const HEADER: &str = r#"{"alg":"A256KW","enc":"A256GCM"}"#;
const INNER_HEADER: &str = r#"{"alg":"ES256"}"#;

/// The longest header, as text.
const MAX_HEADER: usize = 512;

/// Two pairs of keys that the verifier has, and one that it has not.
static SIGNERS: LazyLock<[SigningKey; 3]> =
    LazyLock::new(|| [1, 2, 3].map(|octet| SigningKey::from_slice(&[octet; 32]).expect("a scalar")));
const WRAPPING: [[u8; 32]; 3] = [[0x61; 32], [0x62; 32], [0x63; 32]];
const CONTENT: [u8; 32] = [0xC0; 32];

static POLICY: LazyLock<Policy<'static>> = LazyLock::new(|| Demands(0).policy());
static KEYS: LazyLock<[KeyPair; 2]> = LazyLock::new(|| {
    [0, 1].map(|pair| {
        let point = SIGNERS[pair].verifying_key().to_sec1_point(false);
        let key = PublicKey::<P256>::from_uncompressed(point.as_bytes()).expect("65 octets");
        KeyPair { decryption: DecryptionKey::new(WRAPPING[pair]), verification: VerificationKey::new(key) }
    })
});
static VERIFIER: LazyLock<ClassicVerifier<'static, RustCrypto>> =
    LazyLock::new(|| ClassicVerifier::new(&POLICY, &*KEYS, &RustCrypto).expect("a good configuration"));
static OTHER_BACKEND: LazyLock<ClassicVerifier<'static, GenuineCrypto>> =
    LazyLock::new(|| ClassicVerifier::new(&POLICY, &*KEYS, &GenuineCrypto).expect("a good configuration"));

/// Where an honest token is changed, from the outside in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The text of the token, after everything.
    Token,
    Header,
    HeaderText,
    WrappedKey,
    Iv,
    /// What is encrypted, after it was.
    Sealed,
    Tag,
    /// The text that is encrypted, before it is.
    Inner,
    InnerHeader,
    Payload,
    Signature,
}

const STAGES: [Stage; 11] = [
    Stage::Token,
    Stage::Header,
    Stage::HeaderText,
    Stage::WrappedKey,
    Stage::Iv,
    Stage::Sealed,
    Stage::Tag,
    Stage::Inner,
    Stage::InnerHeader,
    Stage::Payload,
    Stage::Signature,
];

/// What is put there: exclusive or, in the place of the octets themselves.
const XOR: u8 = 1;
/// n − s in the place of s.
const OTHER_S: u8 = 1 << 1;
/// The two bits that say for whom the token is encrypted, and the two that say who signs it.
const WRAPPED_FOR: u8 = 2;
const SIGNED_BY: u8 = 4;
/// For nobody: the key of the first pair encrypts the text itself, and is not wrapped.
const UNWRAPPED: u8 = 3;

/// Stage, how, and what is put there; behind the last stage, the text of a key.
///
/// The error is the one that a naive opening comes to. Accepted ⇒ what was signed is what an honest key signed, with its signature
/// but for s or n − s, and the payload says what the model reads; a text as a whole ⇒ it is an honest token.
pub fn run(data: &[u8]) {
    let Some((&[stage, how], octets)) = data.split_first_chunk() else { return };
    let Some(&stage) = STAGES.get(usize::from(stage)) else { return keys(octets) };
    let issued = issue(stage, how, octets);
    let naive = open(&issued.token);

    let mut buffer = issued.token.clone();
    let ours = VERIFIER.open(&mut buffer).map(|authentic| *authentic.unaccepted_payload());
    codes::record(&ours);
    let mut buffer = issued.token.clone();
    let other = OTHER_BACKEND.open(&mut buffer).map(|authentic| Said::of(authentic.unaccepted_payload()));
    assert_eq!(ours.as_ref().map(Said::of).map_err(|error| *error), other, "the backends differ");
    let opened = match naive {
        Err(codes) => {
            return assert!(ours.as_ref().is_err_and(|error| codes.contains(error)), "{ours:?}, not {codes:?}");
        }
        Ok(opened) => opened,
    };
    is_honest(stage, &issued, &opened);
    let model = Said::in_payload(&opened.payload);
    compare(&ours, &model);

    let Ok(said) = model else { return };
    let (mut buffer, demands) = (issued.token, Demands(0));
    let verdict = VERIFIER.verify(&mut buffer, demands.binding(), demands.now());
    codes::record(&verdict);
    assert_eq!(verdict.map(|proof| proof.timestamp()), demands.judge(&said));
    if let Ok(proof) = verdict {
        assert_eq!(
            (proof.key_index(), Some(proof.single_use())),
            (Some(opened.pair), demands.nonce().map(SingleUse::Nonce))
        );
        assert_eq!(Said::of(proof.payload()), said);
    }
}

/// A text as either key of the Play Console: read ⇔ the crate base64 reads it, and der a key on P-256 in it.
fn keys(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    let octets = STANDARD.decode(&*text);

    let ours = DecryptionKey::from_base64(&text);
    codes::record(&ours);
    match (ours, octets.as_deref().map(<[u8; 32]>::try_from)) {
        (Ok(key), Ok(Ok(octets))) => {
            // Nothing shows a secret, but that two of them are equal.
            let pair = |decryption| KeyPair { decryption, ..KEYS[0].clone() };
            let pairs = [pair(key), pair(DecryptionKey::new(octets))];
            assert_eq!(ClassicVerifier::new(&POLICY, &pairs, &RustCrypto).err(), Some(Error::PlayConfigDuplicateKey));
        }
        (Err(error), Ok(Err(_))) => assert_eq!(error, Error::PlayDecryptionKeyLength),
        (Err(error), Err(_)) => {
            assert!([Error::PlayDecryptionKeyBase64, Error::PlayDecryptionKeyLength].contains(&error), "{error}");
        }
        (ours, theirs) => panic!("{ours:?}, not {theirs:?}"),
    }

    let ours = VerificationKey::from_base64(&text);
    codes::record(&ours);
    match (ours, octets.map(|octets| public_key(&octets))) {
        (Ok(key), Ok(Some(theirs))) => assert_eq!(key, VerificationKey::new(theirs)),
        (Err(error), Ok(None)) => assert_eq!(error, Error::PlayVerificationKeyForm),
        (Err(error), Err(_)) => {
            assert!([Error::PlayVerificationKeyBase64, Error::PlayVerificationKeyForm].contains(&error), "{error}");
        }
        (ours, theirs) => panic!("{ours:?}, not {theirs:?}"),
    }
}

/// An uncompressed point in a `SubjectPublicKeyInfo` of P-256 (RFC 5480 §2), whether it is on the curve or not.
fn public_key(octets: &[u8]) -> Option<PublicKey<P256>> {
    let read = SubjectPublicKeyInfoRef::from_der(octets).ok()?;
    let curve = read.algorithm.parameters_oid().ok()?;
    let names = (read.algorithm.oid.to_string(), curve.to_string());
    let point = read.subject_public_key.as_bytes()?;
    let is_p256 = names.0 == "1.2.840.10045.2.1" && names.1 == "1.2.840.10045.3.1.7";
    PublicKey::from_uncompressed(point).filter(|_| is_p256)
}

struct Issued {
    token: Vec<u8>,
    /// Header and payload of the JWS, as they were signed.
    signed: String,
    signer: usize,
}

/// An honest token, but for one stage.
fn issue(stage: Stage, how: u8, octets: &[u8]) -> Issued {
    let at = |place: Stage, honest: Vec<u8>| match stage {
        stage if stage != place => honest,
        _ if how & XOR == 0 => octets.to_vec(),
        _ => {
            let masks = octets.iter().copied().chain(std::iter::repeat(0));
            honest.iter().zip(masks).map(|(octet, mask)| octet ^ mask).collect()
        }
    };
    let encode = |octets: Vec<u8>| URL_SAFE_NO_PAD.encode(octets);
    let (pair, signer) = (usize::from(how >> WRAPPED_FOR & 3), usize::from(how >> SIGNED_BY & 3) % SIGNERS.len());

    let inner_header = encode(at(Stage::InnerHeader, INNER_HEADER.into()));
    let signed = format!("{inner_header}.{}", encode(at(Stage::Payload, honest().into_bytes())));
    let (r, s) = sign(signer, signed.as_bytes()).split_scalars();
    let signature = Signature::from_scalars(r, if how & OTHER_S == 0 { s } else { -s }).expect("neither is zero");
    let signature = encode(at(Stage::Signature, signature.to_vec()));
    let mut text = at(Stage::Inner, format!("{signed}.{signature}").into_bytes());

    let header = at(Stage::HeaderText, encode(at(Stage::Header, HEADER.into())).into_bytes());
    let is_wrapped = pair != usize::from(UNWRAPPED);
    let content = if is_wrapped { CONTENT } else { WRAPPING[0] };
    let mut wrapped = [0; 40];
    if is_wrapped {
        KwAes256::new(&WRAPPING[pair].into()).wrap_key(&content, &mut wrapped).expect("room for it");
    }
    // One that is not an initialization vector is put beside a text that has another.
    let iv = at(Stage::Iv, vec![0x1F; 12]);
    let used = <[u8; 12]>::try_from(&*iv).unwrap_or([0x1F; 12]);
    let tag = Aes256Gcm::new(&content.into())
        .encrypt_inout_detached(&used.into(), &header, text.as_mut_slice().into())
        .expect("a short text");
    let segments = [at(Stage::WrappedKey, wrapped.to_vec()), iv, at(Stage::Sealed, text), at(Stage::Tag, tag.to_vec())];
    let texts = segments.map(|segment| encode(segment).into_bytes());
    let token = [&[header][..], &texts].concat().join(&b'.');
    Issued { token: at(Stage::Token, token), signed, signer }
}

fn sign(signer: usize, signed: &[u8]) -> Signature {
    SIGNERS[signer].sign_prehash(&sha256(&[signed])).expect("a digest")
}

/// What was opened naively.
struct Opened {
    pair: usize,
    signed: Vec<u8>,
    signature: Signature,
    payload: Vec<u8>,
}

/// Nobody but the one who signs can make what is accepted.
fn is_honest(stage: Stage, issued: &Issued, opened: &Opened) {
    let signature = opened.signature.normalize_s();
    let is_this = |signed: &str, signer: usize| {
        signer == opened.pair
            && signed.as_bytes() == opened.signed
            && sign(signer, signed.as_bytes()).normalize_s() == signature
    };
    assert!(
        is_this(&issued.signed, issued.signer) || HONEST.iter().any(|honest| is_this(&honest.signed, honest.signer))
    );
    let is_whole = stage == Stage::Token;
    assert!(!is_whole || HONEST.iter().any(|honest| honest.token == issued.token), "a token that nobody made");
}

/// The tokens of either pair, with s and with n − s.
static HONEST: LazyLock<Vec<Issued>> = LazyLock::new(|| {
    let hows = [0, 1].map(|pair| XOR | pair << WRAPPED_FOR | pair << SIGNED_BY);
    hows.iter().flat_map(|how| [*how, how | OTHER_S]).map(|how| issue(Stage::Token, how, &[])).collect()
});

/// Opens a token as RFC 7516 §5.2 and RFC 7515 §5.2 say, one step after the other; the codes of the first that fails: several
/// where a header is not JSON.
fn open(token: &[u8]) -> Result<Opened, Vec<Error>> {
    if token.len() > MAX_TOKEN {
        return Err(vec![Error::PlayTooLarge]);
    }
    let segments: Vec<_> = token.split(|octet| *octet == b'.').collect();
    let [header, wrapped, iv, sealed, tag] = segments[..] else { return Err(vec![Error::PlaySegments]) };
    let decode = |segment: &[u8]| URL_SAFE_NO_PAD.decode(segment).map_err(|_| vec![Error::PlayBase64]);
    let (wrapped, iv, sealed, tag) = (decode(wrapped)?, decode(iv)?, decode(sealed)?, decode(tag)?);
    let outer = read_header(header).map_err(|fault| match fault {
        HeaderFault::Long | HeaderFault::Json(Some(Fault::Limit)) => vec![Error::PlayHeaderTooLarge],
        HeaderFault::Base64 => vec![Error::PlayBase64],
        HeaderFault::Json(Some(Fault::Duplicate)) => vec![Error::PlayHeaderDuplicate],
        HeaderFault::Json(Some(_)) => vec![Error::PlayHeaderMalformed],
        HeaderFault::Json(None) => {
            vec![Error::PlayHeaderMalformed, Error::PlayHeaderDuplicate, Error::PlayHeaderTooLarge]
        }
    })?;
    for (is_wrong, error) in [
        (outer.algorithm.as_deref() != Some("A256KW"), Error::PlayAlgorithm),
        (outer.encryption.as_deref() != Some("A256GCM"), Error::PlayEncryption),
        (outer.is_compressed, Error::PlayCompressed),
        (outer.has_critical, Error::PlayCritical),
    ] {
        if is_wrong {
            return Err(vec![error]);
        }
    }
    let (pair, inner) = decrypt(header, &wrapped, &iv, &sealed, &tag).ok_or_else(|| vec![Error::PlayNotOpened])?;
    verify(pair, &inner).map_err(|error| vec![error])
}

fn decrypt(header: &[u8], wrapped: &[u8], iv: &[u8], sealed: &[u8], tag: &[u8]) -> Option<(usize, Vec<u8>)> {
    let (iv, tag): ([u8; 12], [u8; 16]) = (iv.try_into().ok()?, tag.try_into().ok()?);
    if wrapped.len() != 40 {
        return None;
    }
    let mut content = [0; 32];
    let pair = (0..KEYS.len())
        .find(|pair| KwAes256::new(&WRAPPING[*pair].into()).unwrap_key(wrapped, &mut content).is_ok())?;
    let mut text = sealed.to_vec();
    Aes256Gcm::new(&content.into())
        .decrypt_inout_detached(&iv.into(), header, text.as_mut_slice().into(), &tag.into())
        .ok()?;
    Some((pair, text))
}

fn verify(pair: usize, text: &[u8]) -> Result<Opened, Error> {
    let segments: Vec<_> = text.split(|octet| *octet == b'.').collect();
    let [header, payload, signature] = segments[..] else { return Err(Error::PlayNotSigned) };
    let inner = read_header(header).map_err(|fault| match fault {
        HeaderFault::Base64 => Error::PlayNotSigned,
        HeaderFault::Long | HeaderFault::Json(_) => Error::PlayInnerHeader,
    })?;
    if inner.algorithm.as_deref() != Some("ES256") {
        return Err(Error::PlayInnerAlgorithm);
    }
    if inner.has_critical {
        return Err(Error::PlayInnerCritical);
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Error::PlayNotSigned)?;
    if signature.len() != 64 {
        return Err(Error::PlaySignatureForm);
    }
    let signed = [header, b".", payload].concat();
    let signature = Signature::from_slice(&signature).map_err(|_| Error::PlaySignatureInvalid)?;
    let key: &VerifyingKey = SIGNERS[pair].verifying_key();
    key.verify_prehash(&sha256(&[&signed]), &signature).map_err(|_| Error::PlaySignatureInvalid)?;
    let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| Error::PlayNotSigned)?;
    Ok(Opened { pair, signed, signature, payload })
}

/// What counts of a header.
#[derive(Default)]
struct Header {
    algorithm: Option<String>,
    encryption: Option<String>,
    is_compressed: bool,
    has_critical: bool,
}

enum HeaderFault {
    Long,
    Base64,
    Json(Option<Fault>),
}

fn read_header(segment: &[u8]) -> Result<Header, HeaderFault> {
    if segment.len() > MAX_HEADER {
        return Err(HeaderFault::Long);
    }
    let text = URL_SAFE_NO_PAD.decode(segment).map_err(|_| HeaderFault::Base64)?;
    let read = json::document(&text, |tree| {
        let mut header = Header::default();
        tree.members(&["alg", "enc", "typ", "kid", "zip", "crit"], |name, value| {
            match name {
                "alg" => header.algorithm = Some(value.text()?),
                "enc" => header.encryption = Some(value.text()?),
                "typ" | "kid" => drop(value.text()?),
                name => {
                    *(if name == "zip" { &mut header.is_compressed } else { &mut header.has_critical }) = true;
                    value.pass(0)?;
                }
            }
            Ok(())
        })?;
        Ok(header)
    });
    read.map_err(HeaderFault::Json)
}

/// The honest tokens as a whole and to be changed at each stage; keys that do not belong together; each rule of each layer broken.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let seed = |stage: Stage, how: u8, octets: &[u8]| {
        let stage = STAGES.iter().position(|other| *other == stage).expect("one of them");
        [&[u8::try_from(stage).expect("few"), how][..], octets].concat()
    };
    let token = &HONEST[0].token;
    let mut seeds: Vec<_> = HONEST.iter().map(|honest| seed(Stage::Token, 0, &honest.token)).collect();
    for stage in STAGES {
        seeds.push(seed(stage, XOR, &[1]));
    }
    for how in 0..=0x3F {
        seeds.push(seed(Stage::Tag, XOR | how, &[]));
    }
    for header in [
        r#"{"enc":"A256GCM","kid":"1","jwk":{"a":[1]},"x5c":[],"alg":"A256KW"}"#,
        r#"{"alg":"A256\u004bW","enc":"A256GCM"}"#,
        r#"{"alg":"A128KW","enc":"A256GCM"}"#,
        r#"{"alg":"A256KW","enc":"A128GCM"}"#,
        r#"{"alg":null,"enc":"A256GCM"}"#,
        r#"{"enc":"A256GCM"}"#,
        r#"{"alg":"A256KW","enc":"A256GCM","zip":null}"#,
        r#"{"alg":"A256KW","enc":"A256GCM","crit":["b64"]}"#,
        r#"{"alg":"A256KW","enc":"A256GCM","alg":"A256KW"}"#,
        r#"{"alg":"A256KW","enc":"A256GCM","a":1,"\u0061":2}"#,
        r#"{"alg":"A256KW","enc":"A256GCM"} {}"#,
        r#"{"alg":"A256KW","enc":"A256GCM""#,
        r#"{"alg":"A256KW","enc":"A256GCM","a":[[[[[[[[[]]]]]]]]]}"#,
        "[]",
        "",
    ] {
        seeds.push(seed(Stage::Header, 0, header.as_bytes()));
        seeds.push(seed(Stage::InnerHeader, 0, header.replace("A256KW", "ES256").as_bytes()));
    }
    seeds.push(seed(Stage::InnerHeader, 0, br#"{"alg":"none"}"#));
    for length in [481, 482] {
        let header = format!(r#"{{"alg":"A256KW","kid":"{}","enc":"A256GCM"}}"#, "k".repeat(length - 8));
        seeds.push(seed(Stage::Header, 0, header.as_bytes()));
        seeds.push(seed(Stage::InnerHeader, 0, header.replace("A256KW", "ES256").as_bytes()));
    }
    // Spare bits, padding, white space, the other alphabet, and segments that are not there.
    let text = std::str::from_utf8(token).expect("ASCII");
    let spare = |text: &str| format!("{}{}", &text[..text.len() - 1], if text.ends_with('A') { 'B' } else { 'R' });
    for text in [
        spare(text),
        format!("{text}="),
        format!("{text}\n"),
        format!("{text}."),
        text.replace('-', "+").replace('_', "/"),
        text[..text.len() - 1].to_owned(),
        text.split('.').take(3).collect::<Vec<_>>().join("."),
        "a.".repeat(8193),
        "....".to_owned(),
    ] {
        seeds.push(seed(Stage::Token, 0, text.as_bytes()));
    }
    let signature = sign(0, HONEST[0].signed.as_bytes());
    let jws = format!("{}.{}", HONEST[0].signed, URL_SAFE_NO_PAD.encode(signature.to_bytes()));
    for text in [&spare(&jws), &format!("{jws}="), &format!("{jws}.AA"), &HONEST[0].signed, &jws.replacen('.', "=.", 1)]
    {
        seeds.push(seed(Stage::Inner, 0, text.as_bytes()));
    }
    seeds.push(seed(Stage::Inner, 0, honest().as_bytes()));
    for octets in [&[0; 64][..], &[0xFF; 64], &[1; 63], signature.to_der().as_bytes()] {
        seeds.push(seed(Stage::Signature, 0, octets));
    }
    for (stage, length) in
        [(Stage::WrappedKey, 40), (Stage::WrappedKey, 32), (Stage::Iv, 12), (Stage::Iv, 16), (Stage::Tag, 12)]
    {
        seeds.push(seed(stage, 0, &vec![7; length]));
    }
    for payload in [
        honest().replace("PLAY_RECOGNIZED", "UNEVALUATED"),
        honest().replace("\"1790", "1790"),
        "{}".into(),
        "[".into(),
    ] {
        seeds.push(seed(Stage::Payload, 0, payload.as_bytes()));
    }
    seeds.push(seed(Stage::Payload, 0, &[b' '; 8193]));
    // Keys as the Play Console shows them, and with one place changed.
    let key = |octets: &[u8]| [&[0xFF, 0][..], STANDARD.encode(octets).as_bytes()].concat();
    let point = SIGNERS[0].verifying_key().to_sec1_point(false);
    let spki = [SPKI, point.as_bytes()].concat();
    seeds.extend([&WRAPPING[0][..], &WRAPPING[0][1..], &[0; 33], &spki, &spki[1..], point.as_bytes()].map(key));
    for place in [3, 10, 22, 25, 26] {
        let mut octets = spki.clone();
        octets[place] ^= 1;
        seeds.push(key(&octets));
    }
    for place in [2, 30] {
        let mut text = key(&WRAPPING[0]);
        text[place] = b' ';
        seeds.push(text);
    }
    seeds
}
