//! Challenges that are sealed, requests that are signed, code verifiers, and what follows from an outcome: all that has a code and
//! no token.

use std::sync::LazyLock;

use genuine::{
    Error, UnixTime,
    crypto::RustCrypto,
    session::{
        SessionKey,
        challenge::{ChallengeSealer, Purpose},
        mode::{ClientVersion, Cohort, Decision, Lock, Mode, Outcome, Rollout, Status},
        pkce::CodeChallenge,
        request::{Request, RequestSecret, RequestSignature, RequestVerifier},
    },
};
use genuine_testvectors::keys::sha256;

use crate::{
    codes,
    session::{NOW, SECRETS, decode, decode_32, encode, hmac},
};

/// Runs the part that the first octet names on the rest.
///
/// Challenges: acts of six octets; a challenge opens ⇔ it was sealed for this purpose and binding by a key of the list, and lives.
/// Requests: a signature verifies ⇔ the request is the signed one field by field, and its time is within the window; texts have the
/// form that the module states, with the codes of RFC 2104. Modes, roll-outs and versions: the tables of their module.
pub fn run(data: &[u8]) {
    const PARTS: [fn(&[u8]); 9] =
        [challenges, challenge_text, requests, request_text, code_challenges, modes, rollouts, versions, names];
    let Some((part, rest)) = data.split_first() else { return };
    PARTS[usize::from(*part) % PARTS.len()](rest);
}

const PURPOSES: [(Purpose, [u8; 2]); 6] = [
    (Purpose::AppAttest, [1, 0]),
    (Purpose::PlayIntegrity, [2, 0]),
    (Purpose::KeyAttestation, [3, 0]),
    (Purpose::AppAttestAssertion, [4, 0]),
    (Purpose::Other(0), [255, 0]),
    (Purpose::Other(1), [255, 1]),
];

/// Some that begin with others, and none.
const BINDINGS: [&[u8]; 5] = [b"session 1", b"session 17", b"session", b"\x00", b""];

/// Lists of keys, by their numbers: a rotation, one that is over, and one that is another's.
const LISTS: [&[usize]; 4] = [&[0], &[1, 0], &[1], &[2, 0, 1]];
static LISTED: LazyLock<[Vec<SessionKey>; 4]> = LazyLock::new(|| {
    LISTS.map(|list| list.iter().map(|key| SessionKey::new(&SECRETS[*key]).expect("32 octets")).collect())
});

const LIFETIME: u64 = 100;
const SKEW: u64 = 10;

/// What was sealed, and how.
struct Sealed {
    octets: Vec<u8>,
    purpose: usize,
    binding: usize,
    key: usize,
    at: u64,
}

/// Acts: what, which purpose and list of keys, which binding and which challenge, the seconds from [`NOW`] (2), a place.
fn challenges(acts: &[u8]) {
    let mut all: Vec<Sealed> = Vec::new();
    for &[what, who, which, seconds @ .., place] in acts.as_chunks::<6>().0 {
        let now = match i16::from_be_bytes(seconds) {
            i16::MIN => 0,
            seconds => NOW.saturating_add_signed(seconds.into()),
        };
        let (purpose, list) = (usize::from(who >> 4) % PURPOSES.len(), usize::from(who) % LISTS.len());
        let (binding, chosen) = (usize::from(which >> 4) % BINDINGS.len(), usize::from(which & 0xF));
        let sealer = ChallengeSealer::new(PURPOSES[purpose].0, &LISTED[list], &RustCrypto).expect("a few keys");
        let skew = if what & 0x80 == 0 { 0 } else { SKEW };
        let sealer = sealer.with_lifetime(LIFETIME).allow_skew(skew);
        let call = match (now, BINDINGS[binding]) {
            (0, _) => Err(Error::ClockUnset),
            (_, []) => Err(Error::ChallengeBindingEmpty),
            _ => Ok(()),
        };
        if what & 3 == 0 {
            let random = [place; 32];
            let sealed = sealer.seal(BINDINGS[binding], &random, UnixTime(now));
            codes::record(&sealed);
            let random_call = if place == 0 { Err(Error::RandomTooShort) } else { Ok(()) };
            assert_eq!(sealed.map(drop), call.and(random_call));
            let Ok(sealed) = sealed else { continue };
            let head = [b"gc\x01", &now.to_be_bytes()[..], &random].concat();
            let (label, binding_octets) = (b"genuine sealed challenge 1\n", BINDINGS[binding]);
            let length = u64::try_from(binding_octets.len()).expect("short").to_be_bytes();
            let text = [label, &PURPOSES[purpose].1[..], &head, &length, binding_octets].concat();
            let octets = [&head[..], &hmac(&SECRETS[LISTS[list][0]], &text)].concat();
            assert_eq!((sealed.as_bytes().as_slice(), sealed.to_string()), (&octets[..], encode(&octets)));
            all.push(Sealed { octets, purpose, binding, key: LISTS[list][0], at: now });
            continue;
        }
        let Some(sealed) = all.get(chosen % all.len().max(1)) else { continue };
        let mut octets = sealed.octets.clone();
        let is_changed = what & 3 == 2;
        if is_changed {
            octets[usize::from(place >> 1) % 75] ^= 1 << (place & 7);
        }
        let is_text = what & 3 == 3 || what & 4 != 0;
        let opened = if is_text {
            sealer.open_text(&encode(&octets), BINDINGS[binding], UnixTime(now))
        } else {
            sealer.open(&octets, BINDINGS[binding], UnixTime(now))
        };
        codes::record(&opened);
        // Whatever it was changed to, it may be another that was sealed, and in several ways.
        let is_this = |other: &&Sealed| {
            other.octets == octets
                && (other.purpose, other.binding) == (purpose, binding)
                && LISTS[list].contains(&other.key)
        };
        let verdict = call.and_then(|()| {
            if !octets.starts_with(b"gc\x01") {
                return Err(Error::ChallengeForm);
            }
            let at = all.iter().find(is_this).ok_or(Error::ChallengeForged)?.at;
            if at > now + skew {
                return Err(Error::ChallengeFromFuture);
            }
            if now > at + LIFETIME {
                return Err(Error::ChallengeExpired);
            }
            Ok((octets[43..].to_vec(), UnixTime(at), UnixTime(at + LIFETIME)))
        });
        assert_eq!(opened.map(|opened| (opened.id().to_vec(), opened.sealed_at(), opened.expires_at())), verdict);
    }
}

/// One challenge that is honest: by the first key, for the first purpose and binding.
static CHALLENGE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let sealer = ChallengeSealer::new(PURPOSES[0].0, &LISTED[0], &RustCrypto).expect("one key");
    sealer.seal(BINDINGS[0], &[5; 32], UnixTime(NOW)).expect("an honest call").as_bytes().to_vec()
});

/// Any octets as a challenge, and any text: what opens is the one that is honest.
fn challenge_text(octets: &[u8]) {
    let sealer = ChallengeSealer::new(PURPOSES[0].0, &LISTED[0], &RustCrypto).expect("one key");
    let expect = |octets: Option<&[u8]>| match octets {
        Some(octets) if octets.len() == 75 && octets.starts_with(b"gc\x01") => {
            if *octets == **CHALLENGE {
                Ok(())
            } else {
                Err(Error::ChallengeForged)
            }
        }
        _ => Err(Error::ChallengeForm),
    };
    let opened = sealer.open(octets, BINDINGS[0], UnixTime(NOW));
    codes::record(&opened);
    assert_eq!(opened.map(drop), expect(Some(octets)));
    let text = String::from_utf8_lossy(octets);
    let opened = sealer.open_text(&text, BINDINGS[0], UnixTime(NOW));
    codes::record(&opened);
    assert_eq!(opened.map(drop), expect(decode(&*text).as_deref()));
}

/// A request, and with what it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Signed {
    method: String,
    path: String,
    query: String,
    body: [u8; 32],
}

const MASTER: [u8; 32] = [0x4D; 32];
const KEY_ID: &str = "client-7";
const REQUEST_NONCE: &str = "q83vEjRWeJCrze8S";
const BACK: u64 = 120;
const AHEAD: u64 = 20;

impl Signed {
    /// Method, path, query and body of a list; method and path of the other where it has none.
    fn of(parts: &[&[u8]], other: Option<&Self>) -> Self {
        let text = |place: usize, other: Option<&String>, honest: &str| match parts.get(place) {
            Some(part) if !part.is_empty() => String::from_utf8_lossy(part).into_owned(),
            _ => other.cloned().unwrap_or_else(|| honest.to_owned()),
        };
        Self {
            method: text(0, other.map(|other| &other.method), "POST"),
            path: text(1, other.map(|other| &other.path), "/orders"),
            // Here nothing means an empty one.
            query: parts.get(2).map(|part| String::from_utf8_lossy(part).into_owned()).unwrap_or_default(),
            body: sha256(&[parts.get(3).copied().unwrap_or_default()]),
        }
    }

    /// RFC 9110 §5.6.2 and §9.1, RFC 3986 §3.3 and §3.4 as the module bounds them.
    fn is_good(&self) -> bool {
        let is_token = |character: char| character.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(character);
        let is_visible = |character: char| ('!'..='~').contains(&character) && character != '#';
        !self.method.is_empty()
            && self.method.chars().count() <= 32
            && self.method.chars().all(is_token)
            && self.path.starts_with('/')
            && self.path.chars().all(|character| is_visible(character) && character != '?')
            && self.query.chars().all(is_visible)
    }

    fn request(&self) -> Result<Request<'_>, Error> {
        let request = Request::new(&self.method, &self.path, &self.query, &self.body);
        codes::record(&request);
        assert_eq!(request.is_ok(), self.is_good(), "{self:?}");
        request
    }
}

/// The text of a signature, as the module states it.
fn signature_text(request: &Signed, key_id: &str, nonce: &str, at: u64, secret: &[u8; 32]) -> String {
    let Signed { method, path, query, body } = request;
    let body: String = body.iter().map(|octet| format!("{octet:02x}")).collect();
    let text = format!("genuine-request-1\n{method}\n{path}\n{query}\n{body}\n{at}\n{nonce}\n{key_id}");
    format!("1.{key_id}.{at}.{nonce}.{}", encode(hmac(secret, text.as_bytes())))
}

fn secret_of(key_id: &str) -> [u8; 32] {
    hmac(&MASTER, format!("genuine request secret 1\n{key_id}").as_bytes())
}

/// Key identifiers and nonces.
fn is_name(name: &str, least: usize) -> bool {
    (least..=64).contains(&name.len())
        && name.chars().all(|character| character.is_ascii_alphanumeric() || "-_".contains(character))
}

/// The seconds from [`NOW`] (2), an octet that says what else differs, and with `FF` between them: the four parts of the request as it
/// was signed, key identifier and nonce, and the four parts of the request as it came.
fn requests(data: &[u8]) {
    let Some((&[high, low, what], rest)) = data.split_first_chunk() else { return };
    let now = match i16::from_be_bytes([high, low]) {
        i16::MIN => 0,
        seconds => NOW.saturating_add_signed(seconds.into()),
    };
    let parts: Vec<_> = rest.split(|octet| *octet == 0xFF).collect();
    let (first, others) = parts.split_at(parts.len().min(6));
    let signed = Signed::of(first, None);
    let came = if others.is_empty() { signed.clone() } else { Signed::of(others, Some(&signed)) };
    let name = |place: usize, honest: &str| match first.get(place) {
        Some(part) if !part.is_empty() => String::from_utf8_lossy(part).into_owned(),
        _ => honest.to_owned(),
    };
    let (key_id, nonce) = (name(4, KEY_ID), name(5, REQUEST_NONCE));
    let (Ok(request), Ok(as_it_came)) = (signed.request(), came.request()) else { return };

    let master = SessionKey::new(&MASTER).expect("32 octets");
    let secret = RequestSecret::derive(&master, &key_id, &RustCrypto);
    codes::record(&secret);
    assert_eq!(
        secret.as_ref().map(RequestSecret::expose).map_err(|error| *error),
        is_name(&key_id, 1).then(|| secret_of(&key_id)).as_ref().ok_or(Error::RequestForm)
    );
    let Ok(secret) = secret else { return };
    let signature = RequestSignature::sign(&request, &key_id, &nonce, UnixTime(NOW), &secret, &RustCrypto);
    codes::record(&signature);
    assert_eq!(signature.is_ok(), is_name(&nonce, 16));
    let Ok(signature) = signature else { return };
    let text = signature.to_string();
    assert_eq!(text, signature_text(&signed, &key_id, &nonce, NOW, &secret_of(&key_id)));
    assert_eq!(RequestSignature::parse(&text).map(|parsed| parsed.to_string()), Ok(text.clone()));

    // Nobody has the key, or another, or the store fails.
    let answer = match what & 3 {
        1 => Err(Error::RequestKeyUnknown),
        2 => Err(Error::StoreUnavailable),
        3 => RequestSecret::derive(&master, "another", &RustCrypto),
        _ => Ok(secret),
    };
    let is_its_secret = what & 3 == 0 || what & 3 == 3 && key_id == "another";
    let verifier = RequestVerifier::new(&RustCrypto).with_window(BACK, AHEAD);
    let expected = match (now, &answer) {
        (0, _) => Err(Error::ClockUnset),
        (_, Err(error)) => Err(*error),
        _ if !is_its_secret || came != signed => Err(Error::RequestForged),
        _ if now + AHEAD < NOW => Err(Error::RequestFromFuture),
        _ if NOW + BACK < now => Err(Error::RequestTooOld),
        _ => Ok((&*key_id, &*nonce, UnixTime(NOW), UnixTime(NOW + BACK))),
    };
    let verified = verifier.verify(&signature, &as_it_came, UnixTime(now), |asked| {
        assert_eq!(asked, key_id);
        answer
    });
    codes::record(&verified);
    let verified = verified.map(|proof| (proof.key_id(), proof.nonce(), proof.signed_at(), proof.expires_at()));
    assert_eq!(verified, expected);
}

/// The request of which a text may be the signature.
static ORDER: LazyLock<(Signed, String)> = LazyLock::new(|| {
    let order = Signed::of(&[b"POST", b"/orders", b"dry=1", b"{}"], None);
    let text = signature_text(&order, KEY_ID, REQUEST_NONCE, NOW, &secret_of(KEY_ID));
    (order, text)
});

/// Any text as a signature: read ⇔ it has the five parts, and written as it was; verified ⇒ it is the honest one.
fn request_text(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    let signature = RequestSignature::parse(&text);
    codes::record(&signature);
    let parts: Vec<_> = text.split('.').collect();
    let is_read = match parts[..] {
        ["1", key_id, seconds, nonce, code] => {
            let is_number = seconds.parse::<u64>().is_ok_and(|number| number.to_string() == seconds);
            is_name(key_id, 1) && is_number && is_name(nonce, 16) && decode_32(code).is_some()
        }
        _ => false,
    };
    assert_eq!(signature.is_ok(), is_read);
    let Ok(signature) = signature else { return };
    assert_eq!(signature.to_string(), text);
    let request = ORDER.0.request().expect("an honest request");
    let master = SessionKey::new(&MASTER).expect("32 octets");
    let secret = |key_id: &str| RequestSecret::derive(&master, key_id, &RustCrypto);
    let verified = RequestVerifier::new(&RustCrypto).verify(&signature, &request, UnixTime(NOW), secret);
    codes::record(&verified);
    assert_eq!(verified.is_ok(), *text == ORDER.1);
}

/// Two texts with `FF` between them.
fn pair(data: &[u8]) -> (String, String) {
    let mut texts = data.splitn(2, |octet| *octet == 0xFF).map(|text| String::from_utf8_lossy(text).into_owned());
    (texts.next().unwrap_or_default(), texts.next().unwrap_or_default())
}

/// A code challenge and a code verifier (RFC 7636 §4); the challenge of the verifier if it is empty.
fn code_challenges(data: &[u8]) {
    let (challenge, verifier) = pair(data);
    let computed = sha256(&[verifier.as_bytes()]);
    let challenge = if challenge.is_empty() { encode(computed) } else { challenge };
    let read = CodeChallenge::parse(&challenge);
    codes::record(&read);
    let octets = decode_32(&challenge);
    assert_eq!(read.map(|read| read.to_string()), octets.map(encode).ok_or(Error::PkceChallengeForm));

    let of = CodeChallenge::of(&verifier, &RustCrypto);
    codes::record(&of);
    let is_unreserved = |character: char| character.is_ascii_alphanumeric() || "-._~".contains(character);
    let is_good = (43..=128).contains(&verifier.len()) && verifier.chars().all(is_unreserved);
    let is_form = if is_good { Ok(()) } else { Err(Error::PkceVerifierForm) };
    assert_eq!(of.map(|of| of.to_string()), is_form.map(|()| encode(computed)));
    let Ok(read) = read else { return };
    let verdict = read.verify(&verifier, &RustCrypto);
    codes::record(&verdict);
    let is_same = || if octets == Some(computed) { Ok(()) } else { Err(Error::PkceMismatch) };
    assert_eq!(verdict, is_form.and_then(|()| is_same()));
}

const MODES: [Mode; 3] = [Mode::Off, Mode::Optional, Mode::Required];
const OUTCOMES: [(Outcome, Status); 8] = [
    (Outcome::NotPerformed, Status::NotPerformed),
    (Outcome::Pending, Status::Pending),
    (Outcome::Verified, Status::Verified),
    (Outcome::Failed, Status::Failed),
    (Outcome::NotSupported, Status::NotSupported),
    (Outcome::Unevaluated, Status::Unevaluated),
    (Outcome::Unavailable, Status::Unavailable),
    (Outcome::Expired, Status::Expired),
];

/// A device, and octets of what happens to it: a mode and an outcome. It is locked since an attestation failed where one was required,
/// and until one is verified where that is done.
fn modes(acts: &[u8]) {
    let (mut is_locked, mut lock) = (false, Lock::Open);
    for act in acts {
        let (mode, (outcome, its_status)) = (MODES[usize::from(act >> 4) % 3], OUTCOMES[usize::from(act % 8)]);
        let (verifies, is_verified) = (mode != Mode::Off, outcome == Outcome::Verified);
        assert_eq!(mode.verifies(), verifies);
        let fails = mode == Mode::Required && outcome == Outcome::Failed;
        let was_locked = is_locked;
        is_locked = if was_locked { !(verifies && is_verified) } else { fails };
        let decision = if was_locked && is_locked {
            Decision::Refuse
        } else if !verifies || is_verified {
            Decision::Allow
        } else if mode == Mode::Optional {
            Decision::AllowAndAskAgain
        } else if fails {
            Decision::RefuseAndLock
        } else {
            Decision::Refuse
        };
        let status = if was_locked && is_locked {
            Status::Locked
        } else if verifies || outcome == Outcome::NotSupported {
            its_status
        } else {
            Status::NotPerformed
        };
        let ruling = mode.decide(outcome, lock);
        assert_eq!((ruling.decision, ruling.status), (decision, status), "{mode:?}, {outcome:?}, {lock:?}");
        assert_eq!((ruling.lock == Lock::Locked, decision.allows()), (is_locked, ruling.decision.allows()));
        assert_eq!(decision.allows(), matches!(decision, Decision::Allow | Decision::AllowAndAskAgain));
        lock = ruling.lock;
    }
}

/// A share (2), and a label and an identifier with `FF` between them.
fn rollouts(data: &[u8]) {
    let Some((share, rest)) = data.split_first_chunk() else { return };
    let share = u16::from_be_bytes(*share);
    let rollout = Rollout::from_hundredths(share);
    assert_eq!(rollout.is_some(), share <= 10_000);
    let (label, identifier) = pair(rest);
    let length = u64::try_from(label.len()).expect("short").to_be_bytes();
    let hash = sha256(&[b"genuine roll-out 1\n", &length, label.as_bytes(), identifier.as_bytes()]);
    let cohort = Cohort::of(label.as_bytes(), identifier.as_bytes(), &RustCrypto);
    codes::record(&cohort);
    assert_eq!(cohort, Ok(Cohort::from_hash(&hash)));
    let (Ok(cohort), Some(rollout)) = (cohort, rollout) else { return };
    // The place is the part of all hashes that lie before this one.
    let first: [u8; 4] = hash[..4].try_into().expect("four octets");
    let place = u128::from(u32::from_be_bytes(first)) * 10_000 / (1 << 32);
    assert_eq!(rollout.includes(cohort), place < u128::from(share));
    assert!(Rollout::ALL.includes(cohort) && !Rollout::NONE.includes(cohort));
}

/// A version, read by splitting.
fn version(text: &str) -> Option<[u32; 4]> {
    let parts: Vec<_> = text.split('.').collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|digit| digit.is_ascii_digit());
    if parts.len() > 4 || !parts.iter().all(is_number) {
        return None;
    }
    let mut numbers = [0; 4];
    for (number, part) in numbers.iter_mut().zip(parts) {
        *number = part.parse().ok()?;
    }
    Some(numbers)
}

/// Two versions with `FF` between them: what is supported, and a client's.
fn versions(data: &[u8]) {
    let (least, client) = pair(data);
    let (read, theirs) = (ClientVersion::parse(&least), ClientVersion::parse(&client));
    let (model, model_of_theirs) = (version(&least), version(&client));
    assert_eq!((read, theirs), (model.map(ClientVersion::new), model_of_theirs.map(ClientVersion::new)));
    let (Some(read), Some(numbers)) = (read, model) else { return };
    assert_eq!(read.supports(theirs).is_ok(), model_of_theirs.is_some_and(|theirs| theirs >= numbers));
    assert_eq!(read.supports(None).map_err(|upgrade| upgrade.least), Err(read));
    // Written, it is the same, and no shorter text of at least two numbers is.
    let written = read.to_string();
    assert_eq!(version(&written), Some(numbers));
    assert!(!written.ends_with(".0") || written.matches('.').count() == 1, "{written}");
    codes::record(&Ok::<_, Error>(()));
}

/// A text as a mode: its three names, and nothing else.
fn names(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    let names = ["OFF", "OPTIONAL", "REQUIRED"];
    let mode = names.iter().position(|name| *name == text).map(|place| MODES[place]);
    assert_eq!(Mode::parse(&text), mode);
    if let Some(mode) = mode {
        assert_eq!(mode.as_str(), text);
    }
}

/// Each part: challenges that open and that do not, each for one reason; requests that differ in one field; forms at their limits;
/// a device that is locked and opened; versions.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let with = |part: u8, rest: &[u8]| [&[part], rest].concat();
    let act = |what: u8, who: u8, which: u8, seconds: i16, place: u8| {
        let [high, low] = seconds.to_be_bytes();
        [what, who, which, high, low, place]
    };
    let mut seeds = Vec::new();
    // Sealed by the first key for the first purpose and binding, and opened in every other way.
    let seal = act(0, 0, 0, 0, 7);
    let mut opened = vec![seal];
    for seconds in [0, -1, 100, 101, i16::MIN] {
        opened.extend([act(1, 0, 0, seconds, 0), act(3, 1, 0, seconds, 0), act(0x81, 0, 0, seconds, 0)]);
    }
    opened.extend([-10, -11].map(|seconds| act(0x81, 0, 0, seconds, 0)));
    opened.extend((1..6).map(|purpose| act(1, purpose << 4, 0, 0, 0)));
    opened.extend((1..4).map(|list| act(1, list, 0, 0, 0)));
    opened.extend((1..5).map(|binding| act(1, 0, binding << 4, 0, 0)));
    for change in opened.chunks(8) {
        seeds.push(with(0, &[&[seal][..], change].concat().concat()));
    }
    for place in [0, 4, 20, 22, 86, 150, 116] {
        seeds.push(with(0, &[seal, act(2, 0, 0, 0, place), act(6, 0, 0, 0, place | 1)].concat()));
    }
    let every: Vec<_> = (0..6).map(|purpose| act(0, purpose << 4 | 1, purpose << 4, 0, purpose)).collect();
    seeds.push(with(0, &every.concat()));
    seeds.push(with(1, &CHALLENGE));
    seeds.push(with(1, encode(&*CHALLENGE).as_bytes()));
    for text in [encode(&CHALLENGE[..74]), format!("{}=", encode(&*CHALLENGE)), encode([&CHALLENGE[..], &[0]].concat())]
    {
        seeds.push(with(1, text.as_bytes()));
    }
    let mut other = CHALLENGE.clone();
    other[74] ^= 1;
    seeds.push(with(1, &other));

    let request = |seconds: i16, what: u8, parts: &[&str]| {
        let parts: Vec<_> = parts.iter().map(|part| part.as_bytes()).collect();
        let [high, low] = seconds.to_be_bytes();
        with(2, &[&[high, low, what][..], &parts.join(&0xFF)].concat())
    };
    let order = ["POST", "/orders", "dry=1", "{}", KEY_ID, REQUEST_NONCE];
    for seconds in [0, 120, 121, -20, -21, i16::MIN] {
        seeds.push(request(seconds, 0, &order));
    }
    for what in 1..4 {
        seeds.push(request(0, what, &order));
    }
    seeds.push(request(0, 3, &["POST", "/orders", "", "", "another"]));
    for (place, part) in [(0, "GET"), (1, "/order"), (2, "dry=0"), (2, ""), (3, "{ }"), (4, "x"), (0, "POST")] {
        let mut came = order;
        came[place] = part;
        seeds.push(request(0, 0, &[&order[..], &came[..4]].concat()));
    }
    let long = "x".repeat(64);
    for (place, part) in [
        (0, "PO ST"),
        (0, &long[..32]),
        (0, &long[..33]),
        (1, "orders"),
        (1, "/a?b"),
        (1, "/a\n"),
        (1, "/%0A~"),
        (2, "a#b"),
        (2, "?"),
        (4, "a.b"),
        (4, &long),
        (5, &long[..15]),
        (5, &long[..16]),
    ] {
        let mut parts = order;
        parts[place] = part;
        seeds.push(request(0, 0, &parts));
    }
    seeds.push(request(0, 0, &["POST", "/orders", "", "", &format!("{long}x")]));
    let honest = &ORDER.1;
    for text in [
        honest.clone(),
        honest.replacen("1.", "2.", 1),
        honest.replace(KEY_ID, "client-8"),
        honest.replace("1800000000", "1800000001"),
        honest.replace("1800000000", "01800000000"),
        honest.replace("1800000000", "0"),
        honest.replace("1800000000", "18446744073709551616"),
        honest.replace(REQUEST_NONCE, "short"),
        format!("{honest}="),
        format!("{honest}."),
        honest[..honest.len() - 1].to_owned(),
        format!("{}B", &honest[..honest.len() - 1]),
        String::new(),
    ] {
        seeds.push(with(3, text.as_bytes()));
    }
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    for (challenge, verifier) in [
        ("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", verifier),
        ("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cN", verifier),
        ("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cQ", verifier),
        ("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=", verifier),
        ("", &verifier[..42]),
        ("", "-._~-._~-._~-._~-._~-._~-._~-._~-._~-._~-._"),
        ("", "+dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        (verifier, verifier),
    ] {
        seeds.push(with(4, &[challenge.as_bytes(), verifier.as_bytes()].join(&0xFF)));
    }
    seeds.push(with(4, &[0xFF].into_iter().chain([b'x'; 128]).collect::<Vec<_>>()));
    seeds.push(with(4, &[0xFF].into_iter().chain([b'x'; 129]).collect::<Vec<_>>()));
    let all: Vec<_> = (0..3).flat_map(|mode: u8| (0..8).map(move |outcome| mode << 4 | outcome)).collect();
    seeds.push(with(5, &all));
    // Locked before each, and opened in between.
    seeds.push(with(5, &all.iter().flat_map(|act| [0x23, *act, 0x00, 0x10, 0x12]).collect::<Vec<_>>()));
    for share in [0_u16, 1, 5_000, 9_999, 10_000, 10_001] {
        seeds.push(with(6, &[&share.to_be_bytes()[..], b"autumn\xFFdevice-1"].concat()));
    }
    seeds.push(with(6, b"\x13\x88a\xFFb"));
    for (least, client) in [
        ("3.9", "3.17"),
        ("3.17", "3.9"),
        ("3.17", "3.17.0.0"),
        ("1.2.3.4", "1.2.3.4.5"),
        ("4294967295", "4294967296"),
        ("00000000001.0", "1"),
        ("1.0.0.1", ""),
        ("1.0.1", "1..1"),
        ("1", "+1"),
        ("1.", "1"),
    ] {
        seeds.push(with(7, &[least.as_bytes(), client.as_bytes()].join(&0xFF)));
    }
    seeds.extend(["OFF", "OPTIONAL", "REQUIRED", "off", ""].map(|name| with(8, name.as_bytes())));
    seeds
}
