//! Tokens, proofs of possession and attestations of clients, minted by the input and signed by a key that it names; JSON Web Keys.

mod seeds;

use std::sync::LazyLock;

use genuine::{
    Error, UnixTime,
    crypto::{GenuineCrypto, P256, PublicKey, RustCrypto, RustCryptoSigner},
    session::{
        client_attestation::{
            self, ClientAttestationPolicy, ClientAttestationVerifier, NewClientAttestation, NewClientProof,
        },
        dpop::{DpopPolicy, DpopVerifier, ProofRequest},
        jwk::{self, Thumbprint},
        token::{
            BoundToken, ClaimValue, Confirmation, NewToken, Platform, TokenCrypto, TokenKey, TokenMinter, TokenPolicy,
            TokenVerifier, VerifiedToken, WrongSecret,
        },
    },
};
use genuine_testvectors::keys::sha256;
use p256::ecdsa::Signature;
use serde_json::json;

use crate::{
    codes,
    session::{
        AUDIENCE, ISSUER, NOW, SECRETS, decode, decode_32, encode, hmac, jwk as naive_jwk, public, sign,
        token::{Bound, Claims, Key, Material, Refused, Token, Value, holds, is_young, key_of, present},
        uri,
    },
};

pub use seeds::seeds;

/// What the input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Bearer,
    Bound,
    /// A proof of RFC 9449.
    Proof,
    ClientAttestation,
    ClientProof,
    /// The text of a key.
    Jwk,
    /// What the engine is to mint.
    Mint,
}

const KINDS: [Kind; 7] =
    [Kind::Bearer, Kind::Bound, Kind::Proof, Kind::ClientAttestation, Kind::ClientProof, Kind::Jwk, Kind::Mint];

/// In the first octet: the rest is the token itself.
const RAW: u8 = 1 << 7;

/// Who signs: either secret of the verifier, its key of ES256, a device; a secret and a key that nobody knows; HS256 with the
/// public key as the secret; nobody.
const BY_H: u8 = 0;
const BY_E: u8 = 1;
const BY_G: u8 = 2;
const BY_DEVICE: u8 = 3;
const BY_ANOTHER_SECRET: u8 = 4;
const BY_ANOTHER_KEY: u8 = 5;
const BY_PUBLIC_KEY: u8 = 6;
const BY_NOBODY: u8 = 7;

/// In the same octet: the other backend.
const OTHER_BACKEND: u8 = 1 << 7;

/// How the token is damaged, at a place where there are several.
const DAMAGES: u8 = 16;
const NONE: u8 = 0;
const FLIP: u8 = 1;
const OTHER_S: u8 = 2;
const CUT: u8 = 3;
const ZERO: u8 = 4;
const DER: u8 = 5;
const PAD: u8 = 6;
const SPARE_BITS: u8 = 7;
const PAD_HEADER: u8 = 8;
const PAD_PAYLOAD: u8 = 9;
const SPARE_BITS_OF_PAYLOAD: u8 = 10;
const SEGMENT: u8 = 11;
const SWAP: u8 = 12;
const FLIP_TEXT: u8 = 13;
const LONGER: u8 = 14;
const EMPTY: u8 = 15;

/// Options of the verifier.
const SKEW: u8 = 1;
/// The lifetime of tokens and the age of attestations are limited.
const LIMIT: u8 = 1 << 1;
/// Tokens of any issuer are taken; a proof needs a nonce or a challenge, and an attestation the client.
const DEMAND: u8 = 1 << 2;
/// There is one key.
const ONE_KEY: u8 = 1 << 3;
/// Tokens have another type than `JWT`.
const OTHER_TYPE: u8 = 1 << 4;
/// A proof comes with a token.
const WITH_TOKEN: u8 = 1 << 5;
/// Two bits that say to which URI a request goes.
const URI: u8 = 6;

const URIS: [&str; 4] = [
    "https://api.example/transfers",
    "HTTPS://API.example:443/a/../b?x=1#y",
    "http://api.example:8443",
    "https://[::1]:8443/%7Ea",
];
const METHOD: &str = "POST";
const NONCE: &str = "n-1";
const CLIENT: &str = "client-7";
const TYPE: &str = "at+jwt";
/// What an access token is to a proof.
const ACCESS: &[u8] = b"access token";
const SKEWED: u32 = 30;
const LIMITED: u32 = 300;
const AGE: u32 = 60;

static KEYS: LazyLock<[TokenKey<'static>; 3]> = LazyLock::new(|| {
    let secret = |kid, secret: usize| TokenKey::hs256(kid, &SECRETS[secret]).expect("32 octets");
    [secret("h", 0), TokenKey::es256("e", PublicKey(public(0))), secret("g", 1)]
});
static MODEL_KEYS: LazyLock<[Key; 3]> = LazyLock::new(|| {
    [
        Key { kid: "h", material: Material::Secret(SECRETS[0]) },
        Key { kid: "e", material: Material::Public(public(0)) },
        Key { kid: "g", material: Material::Secret(SECRETS[1]) },
    ]
});

/// Of a token, what the signer of it is called.
fn kid(signer: u8) -> &'static str {
    match signer {
        BY_E | BY_DEVICE | BY_ANOTHER_KEY | BY_PUBLIC_KEY => "e",
        BY_G => "g",
        _ => "h",
    }
}

/// Which of the [`SIGNERS`] that is; `None` for a secret.
fn signing_key(signer: u8) -> Option<usize> {
    match signer {
        BY_E => Some(0),
        BY_DEVICE => Some(1),
        BY_ANOTHER_KEY => Some(2),
        _ => None,
    }
}

/// The verifier's side.
#[derive(Clone, Copy)]
struct Setting {
    options: u8,
    /// Zero if the clock was never set.
    now: u64,
    is_other_backend: bool,
}

impl Setting {
    fn has(self, option: u8) -> bool {
        self.options & option != 0
    }

    fn skew(self) -> u32 {
        if self.has(SKEW) { SKEWED } else { 0 }
    }

    fn keys(self) -> usize {
        if self.has(ONE_KEY) { 1 } else { KEYS.len() }
    }

    fn kind(self) -> &'static str {
        if self.has(OTHER_TYPE) { TYPE } else { "JWT" }
    }

    fn uri(self) -> &'static str {
        URIS[usize::from(self.options >> URI)]
    }

    fn crypto(self) -> &'static (dyn TokenCrypto + Sync) {
        if self.is_other_backend { &GenuineCrypto } else { &RustCrypto }
    }

    fn policy(self) -> TokenPolicy<'static> {
        let policy = if self.has(DEMAND) {
            TokenPolicy::danger_ignore_issuer_and_audience()
        } else {
            TokenPolicy::new(ISSUER, AUDIENCE)
        };
        let policy = policy.with_type(self.kind()).with_skew(self.skew());
        if self.has(LIMIT) { policy.limit_lifetime(LIMITED) } else { policy }
    }

    fn clients(self) -> ClientAttestationVerifier<'static, dyn TokenCrypto + Sync> {
        let policy = ClientAttestationPolicy::new(AGE).with_skew(self.skew());
        let policy = if self.has(LIMIT) { policy.limit_attestation_age(LIMITED) } else { policy };
        ClientAttestationVerifier::new(policy, AUDIENCE, &KEYS[..self.keys()], self.crypto())
            .expect("a good configuration")
    }

    fn check_clock(self) -> Result<(), Refused> {
        holds(self.now != 0, Error::ClockUnset)
    }
}

/// Kind, signer, damage, place, options, and the seconds from [`NOW`] (2); then a header and a payload with `FF` between them, each
/// of which is the honest one if it is empty.
///
/// The answer is the one of a naive verification, and so is all that an accepted token says. Accepted ⇒ the key of the verifier
/// that is named signed what is verified; a token that is given as a text is an honest one, but for s or n − s. A key is read ⇔
/// the model reads it. What the engine mints says what was asked for.
pub fn run(data: &[u8]) {
    let Some((&[kind, signer, damage, place, options, seconds @ ..], rest)) = data.split_first_chunk::<7>() else {
        return;
    };
    let is_raw = kind & RAW != 0;
    let kind = KINDS[usize::from(kind & !RAW) % KINDS.len()];
    let now = match i16::from_be_bytes(seconds) {
        i16::MIN => 0,
        seconds => NOW.saturating_add_signed(seconds.into()),
    };
    let setting = Setting { options, now, is_other_backend: signer & OTHER_BACKEND != 0 };
    let signer = signer % 8;
    match kind {
        Kind::Jwk => keys(rest, setting),
        Kind::Mint => mint(rest, signer, setting),
        kind if is_raw => {
            let Some(()) = verify(kind, rest, setting) else { return };
            let token = Token::read(rest).expect("it was accepted");
            let is_this =
                |honest: &Issued| honest.signed == token.signed && is_same(&honest.signature, token.signature);
            assert!(HONEST.iter().any(|(_, honest)| is_this(honest)), "a token that nobody made");
        }
        kind => {
            let mut parts = rest.splitn(2, |octet| *octet == 0xFF).map(<[u8]>::to_vec);
            let mut next = |honest: String| parts.next().filter(|part| !part.is_empty()).unwrap_or(honest.into_bytes());
            let header = next(header(kind, signer, setting));
            let payload = next(payload(kind, setting));
            let issued = issue(&header, &payload, signer, damage % DAMAGES, place);
            let Some(()) = verify(kind, &issued.text, setting) else { return };
            let token = Token::read(&issued.text).expect("it was accepted");
            assert!(issued.signed == token.signed && is_same(&issued.signature, token.signature), "nobody signed this");
            assert!(![BY_ANOTHER_SECRET, BY_PUBLIC_KEY, BY_NOBODY].contains(&signer), "nobody knows this secret");
            assert!(signer != BY_ANOTHER_KEY || kind == Kind::Proof, "nobody knows this key");
        }
    }
}

/// One signature, but for s or n − s.
fn is_same(signature: &[u8], text: &[u8]) -> bool {
    let Some(other) = decode(text) else { return false };
    let normal = |octets: &[u8]| Signature::from_slice(octets).ok().map(|signature| signature.normalize_s());
    signature == other || normal(signature).is_some_and(|signature| normal(&other) == Some(signature))
}

fn header(kind: Kind, signer: u8, setting: Setting) -> String {
    let algorithm = if signing_key(signer).is_some() { "ES256" } else { "HS256" };
    match kind {
        Kind::Proof => {
            let key = naive_jwk::text(&public(signing_key(signer).unwrap_or(1)));
            format!(r#"{{"typ":"dpop+jwt","alg":"{algorithm}","jwk":{key}}}"#)
        }
        Kind::ClientAttestation => {
            format!(r#"{{"typ":"oauth-client-attestation+jwt","alg":"{algorithm}","kid":"{}"}}"#, kid(signer))
        }
        Kind::ClientProof => format!(r#"{{"typ":"oauth-client-attestation-pop+jwt","alg":"{algorithm}"}}"#),
        _ => format!(r#"{{"alg":"{algorithm}","typ":"{}","kid":"{}"}}"#, setting.kind(), kid(signer)),
    }
}

fn payload(kind: Kind, setting: Setting) -> String {
    let device = public(1);
    match kind {
        Kind::Proof => {
            let (uri, hash) = (setting.uri(), encode(sha256(&[ACCESS])));
            format!(r#"{{"jti":"one","htm":"{METHOD}","htu":"{uri}","iat":{NOW},"nonce":"{NONCE}","ath":"{hash}"}}"#)
        }
        Kind::ClientAttestation => {
            let key = naive_jwk::text(&device);
            format!(r#"{{"sub":"{CLIENT}","iat":{NOW},"exp":{},"cnf":{{"jwk":{key}}}}}"#, NOW + 300)
        }
        Kind::ClientProof => format!(r#"{{"aud":"{AUDIENCE}","iat":{NOW},"jti":"one","challenge":"{NONCE}"}}"#),
        kind => {
            let key = encode(naive_jwk::thumbprint(&device));
            let bound = if kind == Kind::Bound { format!(r#","cnf":{{"jkt":"{key}"}}"#) } else { String::new() };
            format!(
                r#"{{"iss":"{ISSUER}","sub":"device-1","aud":"{AUDIENCE}","iat":{NOW},"exp":{},"jti":"one","platform":"ios","verdict":"VERIFIED"{bound}}}"#,
                NOW + 300
            )
        }
    }
}

struct Issued {
    text: Vec<u8>,
    /// Header and payload as they were signed, and the signature before it was damaged.
    signed: Vec<u8>,
    signature: Vec<u8>,
}

/// Signs a header and a payload, and damages the token.
fn issue(header: &[u8], payload: &[u8], signer: u8, damage: u8, place: u8) -> Issued {
    let place = usize::from(place);
    let (mut header, mut payload) = (encode(header), encode(payload));
    match damage {
        PAD_HEADER => header.push('='),
        PAD_PAYLOAD => payload.push('='),
        SPARE_BITS_OF_PAYLOAD => add_spare_bits(&mut payload),
        _ => {}
    }
    let signed = format!("{header}.{payload}");
    let (honest, der) = match signer {
        BY_H => (hmac(&SECRETS[0], signed.as_bytes()).to_vec(), None),
        BY_G => (hmac(&SECRETS[1], signed.as_bytes()).to_vec(), None),
        BY_ANOTHER_SECRET => (hmac(&SECRETS[2], signed.as_bytes()).to_vec(), None),
        BY_PUBLIC_KEY => (hmac(&public(0), signed.as_bytes()).to_vec(), None),
        signer => signing_key(signer).map_or_else(Default::default, |key| {
            let signature = sign(key, signed.as_bytes());
            (signature.to_vec(), Some(signature))
        }),
    };
    let mut signature = honest.clone();
    match (damage, der) {
        (FLIP, _) => {
            if let Some(octet) = signature.get_mut(place) {
                *octet ^= 1;
            }
        }
        (OTHER_S, Some(der)) => {
            let (r, s) = der.split_scalars();
            signature = Signature::from_scalars(r, -s).expect("neither is zero").to_vec();
        }
        (CUT, _) => signature.truncate(place),
        (ZERO, _) => signature.iter_mut().skip(place).for_each(|octet| *octet = 0),
        (DER, Some(der)) => signature = der.to_der().as_bytes().to_vec(),
        (SWAP, _) => {
            let half = signature.len() / 2;
            signature.rotate_left(half);
        }
        (LONGER, _) => signature.extend(std::iter::repeat_n(0, place)),
        (EMPTY, _) => signature.clear(),
        _ => {}
    }
    let mut text = format!("{signed}.{}", encode(&signature));
    match damage {
        PAD => text.push(['=', '\n', ' ', '.'][place % 4]),
        SPARE_BITS => add_spare_bits(&mut text),
        SEGMENT => text.insert(place.min(text.len()), '.'),
        _ => {}
    }
    let mut text = text.into_bytes();
    if damage == FLIP_TEXT {
        let at = place % text.len();
        text[at] ^= 1;
    }
    Issued { text, signed: signed.into_bytes(), signature: honest }
}

/// Puts the next character of the alphabet in the place of the last.
fn add_spare_bits(text: &mut String) {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let at = text.pop().and_then(|last| ALPHABET.find(last)).unwrap_or_default();
    text.push(char::from(ALPHABET.as_bytes()[(at + 1) % ALPHABET.len()]));
}

/// Both verifications agree: what either says if they accept.
fn agree<T, U>(ours: Result<T, Error>, model: Result<U, Refused>) -> Option<(T, U)> {
    codes::record(&ours);
    match (ours, model) {
        (Ok(ours), Ok(model)) => Some((ours, model)),
        (Err(error), Err(errors)) => {
            assert!(errors.contains(&error), "{error:?}, not {errors:?}");
            None
        }
        (Ok(_), Err(errors)) => panic!("accepted, not {errors:?}"),
        (Err(error), Ok(_)) => panic!("{error:?}, and nothing is wrong"),
    }
}

/// Verifies a text as what it is said to be; `None` if it is refused.
fn verify(kind: Kind, text: &[u8], setting: Setting) -> Option<()> {
    match kind {
        Kind::Bearer => bearer(text, setting).map(drop),
        Kind::Bound => bound(text, setting),
        Kind::Proof => proof(text, setting),
        Kind::ClientAttestation => attestation(text, setting),
        _ => client_proof(text, setting),
    }
}

fn judge_token(text: &[u8], setting: Setting) -> Result<(usize, Claims), Refused> {
    setting.check_clock()?;
    let token = Token::read(text)?;
    let is_ours = !setting.has(DEMAND);
    if is_ours || token.header.kind.is_some() {
        token.expect_type(setting.kind())?;
    }
    let keys = &MODEL_KEYS[..setting.keys()];
    let key = key_of(keys, token.header.key_id.as_deref())?;
    let claims = token.authenticate(&keys[key].material)?;
    let expires = present(claims.expires, Error::TokenExpiryMissing)?;
    if setting.has(LIMIT) {
        present(claims.issued, Error::TokenIssuedAtMissing)?;
    }
    if is_ours {
        let issuer = present(claims.issuer.as_deref(), Error::TokenIssuerMissing)?;
        let audiences = present(claims.audience.as_ref(), Error::TokenAudienceMissing)?;
        holds(issuer == ISSUER, Error::TokenIssuer)?;
        holds(audiences.iter().any(|audience| audience == AUDIENCE), Error::TokenAudience)?;
    }
    claims.check_times(setting.now, setting.skew())?;
    if let Some(issued) = claims.issued.filter(|_| setting.has(LIMIT)) {
        holds(i128::from(expires) - i128::from(issued) <= i128::from(LIMITED), Error::TokenLifetime)?;
    }
    Ok((key, claims))
}

fn bearer(text: &[u8], setting: Setting) -> Option<usize> {
    let verifier = TokenVerifier::new(setting.policy(), &KEYS[..setting.keys()], setting.crypto()).expect("a good one");
    let mut buffer = text.to_vec();
    let model = judge_token(text, setting).and_then(|(key, claims)| {
        holds(claims.confirmation.is_none(), Error::TokenBound)?;
        Ok((key, claims))
    });
    let (token, (key, claims)) = agree(verifier.verify(&mut buffer, UnixTime(setting.now)), model)?;
    says(&token, key, &claims);
    Some(key)
}

fn bound(text: &[u8], setting: Setting) -> Option<()> {
    let verifier = TokenVerifier::new(setting.policy(), &KEYS[..setting.keys()], setting.crypto()).expect("a good one");
    let (mut buffer, now) = (text.to_vec(), UnixTime(setting.now));
    let model = judge_token(text, setting).and_then(|(key, claims)| {
        let confirmation = present(claims.confirmation, Error::TokenUnbound)?;
        let bound = present(confirmation.either, Error::TokenConfirmation)?;
        Ok((key, claims, bound))
    });
    let (token, (key, claims, bound)) = agree(verifier.verify_bound(&mut buffer, now), model)?;
    assert_eq!(token.thumbprint(), Thumbprint(bound.thumbprint()));

    // By a proof for this token, by one for none and by one for another, and by the key itself.
    let is_device = bound.thumbprint() == naive_jwk::thumbprint(&public(1));
    let wrong = |error| if is_device { error } else { Error::TokenKeyMismatch };
    let confirmed = confirm(token, Some(text), setting);
    assert_eq!(confirmed.as_ref().err(), (!is_device).then_some(&Error::TokenKeyMismatch));
    if let Ok(token) = confirmed {
        says(&token, key, &claims);
    }
    for other in [None, Some(ACCESS)] {
        let mut buffer = text.to_vec();
        let token = verifier.verify_bound(&mut buffer, now).expect("it was accepted");
        assert_eq!(confirm(token, other, setting).map(drop), Err(wrong(Error::ProofTokenHash)));
    }
    let mut buffer = text.to_vec();
    let token = verifier.verify_bound(&mut buffer, now).expect("it was accepted");
    let confirmed = token.confirm_by_proven_key(&PublicKey(public(1)), setting.crypto());
    assert_eq!(confirmed.is_ok(), is_device);
    Some(())
}

/// Confirms by a proof of the device that came with this token, or with none.
fn confirm<'t>(token: BoundToken<'t>, access: Option<&[u8]>, setting: Setting) -> Result<VerifiedToken<'t>, Error> {
    let payload = json!({
        "jti": "two", "htm": METHOD, "htu": URIS[0], "iat": setting.now,
        "ath": access.map_or_else(|| "none".to_owned(), |access| encode(sha256(&[access]))),
    });
    let setting = Setting { options: 0, ..setting };
    let header = header(Kind::Proof, BY_DEVICE, setting);
    let mut proof = issue(header.as_bytes(), payload.to_string().as_bytes(), BY_DEVICE, NONE, 0).text;
    let request = ProofRequest::new(METHOD, URIS[0])?;
    let request = match access {
        Some(access) => request.with_access_token(access, setting.crypto())?,
        None => request,
    };
    let verifier = DpopVerifier::new(DpopPolicy::new(AGE), setting.crypto());
    let confirmed =
        token.confirm(&verifier.verify(&mut proof, &request, UnixTime(setting.now)).expect("an honest proof"));
    codes::record(&confirmed);
    confirmed
}

/// What is accepted says what the model reads.
fn says(token: &VerifiedToken<'_>, key: usize, claims: &Claims) {
    let text = |text: Option<genuine::session::Text<'_>>| text.map(|text| text.to_string());
    assert_eq!(
        (token.key_index(), text(token.issuer()), text(token.subject()), text(token.id())),
        (key, claims.issuer.clone(), claims.subject.clone(), claims.id.clone())
    );
    assert_eq!(
        (Some(token.expires()), token.not_before(), token.issued()),
        (claims.expires, claims.not_before, claims.issued)
    );
    let audiences: Vec<_> = token.audiences().map(|audience| audience.to_string()).collect();
    assert_eq!(audiences, claims.audience.clone().unwrap_or_default());
    let platform = token.platform().map(|platform| match platform {
        Platform::Ios => "ios".to_owned(),
        Platform::Android => "android".to_owned(),
        Platform::Other(other) => other.to_string(),
        other => panic!("{other:?}"),
    });
    assert_eq!(
        (platform.as_deref(), text(token.environment()).as_deref(), text(token.verdict()).as_deref()),
        (claims.text("platform"), claims.text("environment"), claims.text("verdict"))
    );
    let bound = token.confirmation().map(|confirmation| match confirmation {
        Ok(Confirmation::Thumbprint(Thumbprint(thumbprint))) => Some(Bound::Thumbprint(thumbprint)),
        Ok(Confirmation::Key(key)) => Some(Bound::Key(key.0)),
        Err(_) => None,
    });
    assert_eq!(bound, claims.confirmation.map(|confirmation| confirmation.either));
    for (name, value) in &claims.all {
        let ours = match (text(token.text(name)), token.integer(name), token.boolean(name)) {
            (Some(text), None, None) => Value::Text(text),
            (None, Some(integer), None) => Value::Integer(integer),
            (None, None, Some(boolean)) => Value::Boolean(boolean),
            (None, None, None) => Value::Other,
            several => panic!("{several:?}"),
        };
        assert_eq!(ours, *value, "{name}");
    }
}

fn judge_proof(text: &[u8], setting: Setting) -> Result<([u8; 64], Claims), Refused> {
    setting.check_clock()?;
    let token = Token::read(text)?;
    token.expect_type("dpop+jwt")?;
    let key = present(token.header.key, Error::ProofKeyMissing)?.map_err(|error| vec![error])?;
    holds(naive_jwk::is_point(&key), Error::JwkPoint)?;
    let claims = token.authenticate(&Material::Public(key))?;
    let issued = present(claims.issued, Error::TokenIssuedAtMissing)?;
    present(claims.id.as_deref().filter(|id| !id.is_empty()), Error::TokenIdMissing)?;
    let method = present(claims.typed_text("htm")?, Error::ProofMethodMissing)?;
    let claimed = present(claims.typed_text("htu")?, Error::ProofUriMissing)?;
    claims.check_times(setting.now, setting.skew())?;
    holds(is_young(issued, AGE, setting.now, setting.skew()), Error::TokenTooOld)?;
    holds(method == METHOD, Error::ProofMethod)?;
    holds(uri::target(claimed) == uri::target(setting.uri()), Error::ProofUri)?;
    holds(!setting.has(DEMAND) || claims.text("nonce") == Some(NONCE), Error::ProofNonce)?;
    let is_for_token = || claims.raw_text("ath") == Some(encode(sha256(&[ACCESS])).as_str());
    holds(!setting.has(WITH_TOKEN) || is_for_token(), Error::ProofTokenHash)?;
    Ok((key, claims))
}

fn proof(text: &[u8], setting: Setting) -> Option<()> {
    let verifier = DpopVerifier::new(DpopPolicy::new(AGE).with_skew(setting.skew()), setting.crypto());
    let mut request = ProofRequest::new(METHOD, setting.uri()).expect("a good URI");
    if setting.has(DEMAND) {
        request = request.with_nonce(NONCE);
    }
    if setting.has(WITH_TOKEN) {
        request = request.with_access_token(ACCESS, setting.crypto()).expect("a backend that hashes");
    }
    let mut buffer = text.to_vec();
    let model = judge_proof(text, setting);
    let (proof, (key, claims)) = agree(verifier.verify(&mut buffer, &request, UnixTime(setting.now)), model)?;
    assert_eq!((proof.key().0, proof.thumbprint()), (key, Thumbprint(naive_jwk::thumbprint(&key))));
    assert_eq!((Some(proof.id().to_string()), Some(proof.issued())), (claims.id.clone(), claims.issued));
    for name in claims.all.keys() {
        assert_eq!(proof.text(name).map(|text| text.to_string()).as_deref(), claims.text(name));
    }
    // In the place of a proof of the other draft.
    let honest = Setting { options: 0, now: NOW, is_other_backend: false };
    let mut buffer = HONEST[HONEST_ATTESTATION].1.text.clone();
    let attestation = honest.clients().verify(&mut buffer, None, UnixTime(NOW)).expect("an honest attestation");
    assert_eq!(attestation.expect_key_of(&proof).is_ok(), key == public(1));
    Some(())
}

fn judge_attestation(text: &[u8], setting: Setting) -> Result<(usize, [u8; 64], Claims), Refused> {
    setting.check_clock()?;
    let token = Token::read(text)?;
    token.expect_type("oauth-client-attestation+jwt")?;
    let keys = &MODEL_KEYS[..setting.keys()];
    let attester = key_of(keys, token.header.key_id.as_deref())?;
    let claims = token.authenticate(&keys[attester].material)?;
    let subject = present(claims.subject.as_deref(), Error::TokenSubjectMissing)?;
    present(claims.expires, Error::TokenExpiryMissing)?;
    let confirmation = present(claims.confirmation, Error::TokenConfirmation)?;
    if setting.has(LIMIT) {
        present(claims.issued, Error::TokenIssuedAtMissing)?;
    }
    holds(!setting.has(DEMAND) || subject == CLIENT, Error::TokenSubject)?;
    claims.check_times(setting.now, setting.skew())?;
    if let Some(issued) = claims.issued.filter(|_| setting.has(LIMIT)) {
        holds(is_young(issued, LIMITED, setting.now, setting.skew()), Error::TokenTooOld)?;
    }
    let key = present(confirmation.key, Error::TokenConfirmation)?.map_err(|error| vec![error])?;
    holds(naive_jwk::is_point(&key), Error::JwkPoint)?;
    Ok((attester, key, claims))
}

fn attestation(text: &[u8], setting: Setting) -> Option<()> {
    let client = setting.has(DEMAND).then_some(CLIENT);
    let (mut buffer, verifier) = (text.to_vec(), setting.clients());
    let ours = verifier.verify(&mut buffer, client, UnixTime(setting.now));
    let (attestation, (attester, key, claims)) = agree(ours, judge_attestation(text, setting))?;
    assert_eq!((attestation.attester_index(), attestation.key().0), (attester, key));
    assert_eq!((Some(attestation.expires()), attestation.issued()), (claims.expires, claims.issued));
    assert_eq!(Some(attestation.client_id().to_string()), claims.subject);

    // A proof of the device is one by the key of the attestation, or none.
    let payload = json!({ "aud": AUDIENCE, "jti": "one", "iat": setting.now }).to_string();
    let header = header(Kind::ClientProof, BY_DEVICE, setting);
    let mut proof = issue(header.as_bytes(), payload.as_bytes(), BY_DEVICE, NONE, 0).text;
    let proof = verifier.verify_proof(&mut proof, &attestation, None, UnixTime(setting.now)).map(drop);
    assert_eq!(proof, if key == public(1) { Ok(()) } else { Err(Error::TokenForged) });
    Some(())
}

fn judge_client_proof(text: &[u8], setting: Setting) -> Result<Claims, Refused> {
    setting.check_clock()?;
    let token = Token::read(text)?;
    token.expect_type("oauth-client-attestation-pop+jwt")?;
    let claims = token.authenticate(&Material::Public(public(1)))?;
    let audiences = present(claims.audience.as_ref(), Error::TokenAudienceMissing)?;
    let issued = present(claims.issued, Error::TokenIssuedAtMissing)?;
    present(claims.id.as_deref().filter(|id| !id.is_empty()), Error::TokenIdMissing)?;
    let challenge = claims.typed_text("challenge")?;
    holds(*audiences == [AUDIENCE], Error::TokenAudience)?;
    claims.check_times(setting.now, setting.skew())?;
    holds(is_young(issued, AGE, setting.now, setting.skew()), Error::TokenTooOld)?;
    holds(!setting.has(DEMAND) || challenge == Some(NONCE), Error::AttestationChallenge)?;
    Ok(claims)
}

fn client_proof(text: &[u8], setting: Setting) -> Option<()> {
    let challenge = setting.has(DEMAND).then_some(NONCE);
    let (mut buffer, key) = (text.to_vec(), PublicKey(public(1)));
    let verifier = setting.clients();
    let ours = verifier.verify_proof_by_trusted_key(&mut buffer, &key, challenge, UnixTime(setting.now));
    let (proof, claims) = agree(ours, judge_client_proof(text, setting))?;
    assert_eq!((Some(proof.id().to_string()), Some(proof.issued())), (claims.id.clone(), claims.issued));
    assert_eq!(proof.challenge().map(|challenge| challenge.to_string()).as_deref(), claims.text("challenge"));
    Some(())
}

/// A text as a key, and as the text of a thumbprint.
fn keys(text: &[u8], setting: Setting) {
    let ours = jwk::read(text, setting.crypto());
    codes::record(&ours);
    assert_eq!(ours.map(|key| key.0), naive_jwk::read(text));
    let text = String::from_utf8_lossy(text);
    assert_eq!(Thumbprint::from_base64url(&text).map(|thumbprint| thumbprint.0), decode_32(&text));
    let Ok(key) = ours else { return };
    let thumbprint = Thumbprint::of(&key, setting.crypto()).expect("a backend that hashes");
    assert_eq!(thumbprint.0, naive_jwk::thumbprint(&key.0));
    assert_eq!(thumbprint.to_string(), encode(thumbprint.0));
    let mut room = [0; 512];
    let written = jwk::write(&key, "1", &mut room).expect("room for it");
    assert_eq!(naive_jwk::read(written.as_bytes()), Ok(key.0));
}

/// The names of the claims that the engine writes itself.
const RESERVED: [&str; 11] =
    ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cnf", "platform", "environment", "verdict"];

/// A subject, a name and a value, with `FF` between them: what is minted says this, and is verified as what it is.
fn mint(texts: &[u8], signer: u8, setting: Setting) {
    let texts: Vec<_> = texts.splitn(3, |octet| *octet == 0xFF).map(String::from_utf8_lossy).collect();
    let [subject, name, value] = &texts[..] else { return };
    let seconds = i64::try_from(setting.now).expect("a time of today");
    let others = [
        (&**name, ClaimValue::Text(value)),
        ("an integer", ClaimValue::Integer(seconds - 1_800_000_000)),
        ("a truth", ClaimValue::Boolean(true)),
    ];
    let is_bound = setting.has(WITH_TOKEN);
    let thumbprint = naive_jwk::thumbprint(&public(1));
    let new = NewToken::new(subject, LIMITED).with_platform(value).with_claims(&others);
    let new = if is_bound { new.bound_to(Thumbprint(thumbprint)) } else { new };

    let (crypto, now, random) = (setting.crypto(), UnixTime(setting.now), [signer | 1; 16]);
    let private = RustCryptoSigner::try_from(&[7; 32]).expect("a scalar");
    let is_secret = signer.is_multiple_of(2);
    let minter = if is_secret {
        TokenMinter::hs256(ISSUER, AUDIENCE, &KEYS[0], crypto)
    } else {
        TokenMinter::es256(ISSUER, AUDIENCE, "e", &private, crypto)
    };
    let minter = minter.expect("a good configuration").with_type(setting.kind());
    // Each character may be written twice, as an escape of six, and then as base64url.
    let room_for = 1_000 + 20 * texts.iter().map(|text| text.len()).sum::<usize>();
    let mut room = vec![0; room_for];
    let minted = minter.mint(&new, &random, now, &mut room);
    codes::record(&minted);
    let is_taken = RESERVED.contains(&&**name) || ["an integer", "a truth"].contains(&&**name);
    if minted == Err(Error::RoomTooSmall) {
        // What no verifier would take. Each character takes at most twelve, and a third more in base64url.
        return assert!(room_for > 1_000 + 20 * 200, "{} octets", texts.iter().map(|text| text.len()).sum::<usize>());
    }
    let Ok(token) = minted else {
        let error = if is_taken { Error::ConfigClaimName } else { Error::ClockUnset };
        return assert_eq!(minted, Err(error));
    };
    assert!(!is_taken && setting.now != 0, "a name twice, or at no time");
    let payload = decode(token.split('.').nth(1).expect("three segments")).expect("base64url");
    let mut expected = json!({
        "iss": ISSUER, "sub": subject, "aud": AUDIENCE, "iat": setting.now, "exp": setting.now + u64::from(LIMITED),
        "jti": encode(random), "platform": value, "an integer": seconds - 1_800_000_000, "a truth": true,
    });
    expected[&**name] = json!(value);
    if is_bound {
        expected["cnf"] = json!({ "jkt": encode(thumbprint) });
    }
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&payload).expect("JSON"), expected);
    let kind = if is_bound { Kind::Bound } else { Kind::Bearer };
    let verdict = verify(kind, token.as_bytes(), setting);
    assert_eq!(verdict.is_none(), !is_secret && setting.has(ONE_KEY));

    // The same for whoever is not to be let in.
    let wrong = WrongSecret::from_random(&[0x64; 32]).expect("not zeros");
    let mut room = vec![0; room_for];
    let decoy = minter.mint_with_wrong_secret(&wrong, &new, &random, now, &mut room);
    assert_eq!(decoy.is_ok(), is_secret);
    if let Ok(decoy) = decoy {
        let decoy = decoy.as_text_that_no_verifier_accepts();
        assert!(verify(kind, decoy.as_bytes(), setting).is_none() && decoy.len() == token.len());
    }
}

/// Where an honest attestation stands among the [`HONEST`] tokens.
const HONEST_ATTESTATION: usize = 0;

/// Tokens of each kind: of the engine, and of this module.
static HONEST: LazyLock<Vec<(Kind, Issued)>> = LazyLock::new(|| {
    let setting = Setting { options: 0, now: NOW, is_other_backend: false };
    let of = |kind, signer, damage| {
        let (header, payload) = (header(kind, signer, setting), payload(kind, setting));
        (kind, issue(header.as_bytes(), payload.as_bytes(), signer, damage, 0))
    };
    let mut honest = vec![of(Kind::ClientAttestation, BY_E, NONE)];
    for (kind, signer) in [
        (Kind::Bearer, BY_H),
        (Kind::Bearer, BY_G),
        (Kind::Bearer, BY_E),
        (Kind::Bound, BY_H),
        (Kind::Bound, BY_E),
        (Kind::Proof, BY_DEVICE),
        (Kind::ClientAttestation, BY_H),
        (Kind::ClientProof, BY_DEVICE),
    ] {
        honest.push(of(kind, signer, NONE));
        honest.push(of(kind, signer, OTHER_S));
    }
    let [server, device] = [7, 9].map(|octet| RustCryptoSigner::try_from(&[octet; 32]).expect("a scalar"));
    let (now, random) = (UnixTime(NOW), [1; 16]);
    let mut add = |kind, text: &str| {
        let (signed, signature) = text.rsplit_once('.').expect("three segments");
        let signature = decode(signature).expect("base64url");
        honest.push((kind, Issued { text: text.into(), signed: signed.into(), signature }));
    };
    let mut room = [0; 2048];
    let minters = [
        TokenMinter::hs256(ISSUER, AUDIENCE, &KEYS[2], &RustCrypto),
        TokenMinter::es256(ISSUER, AUDIENCE, "e", &server, &RustCrypto),
    ];
    let new = NewToken::new("device \"1\"", 300).with_environment("production");
    for minter in minters {
        let minter = minter.expect("a good configuration");
        add(Kind::Bearer, minter.mint(&new, &random, now, &mut room).expect("room for it"));
        let bound = new.bound_to(Thumbprint(naive_jwk::thumbprint(&public(1))));
        add(Kind::Bound, minter.mint(&bound, &random, now, &mut room).expect("room for it"));
    }
    let new = NewClientAttestation { client_id: CLIENT, key: PublicKey::<P256>(public(1)), lifetime: 300 };
    let minted = client_attestation::mint(&new, "e", &server, now, &mut room, &RustCrypto);
    add(Kind::ClientAttestation, minted.expect("room for it"));
    let new = NewClientProof { audience: AUDIENCE, challenge: Some(NONCE) };
    let minted = client_attestation::mint_proof(&new, &device, &random, now, &mut room, &RustCrypto);
    add(Kind::ClientProof, minted.expect("room for it"));
    honest
});
