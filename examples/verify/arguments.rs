//! The command line.

use std::{fs, path::Path};

use genuine::app_attest::{Counter, Environments};
use genuine_explain::{
    Anchors, CallerSide, ClientData, Input, KeyAttestationRequirements, KeyAttestationRoots, KeyAttestationSide,
    LastCounter, PlayBinding, PlayKeys, PlaySide, RevocationList, Secret, SessionKeys, SessionSide, StoredKey,
    TokenSide, certificate_digest, device_label, unix_millis, unix_time,
};
use genuine_testvectors::{ANDROID_P384_ROOT_PEM, ANDROID_RSA_ROOT_PEM};

use crate::print::printable;

pub(crate) const USAGE: &str = "\
Usage: verify [OPTION]… FILE…      objects, chains, tokens or vectors, `-` for standard input
       verify [OPTION]… FILE ID…   these vectors of a group
       verify                      the bundled vectors, good and tampered

A FILE holds an attestation or an assertion of App Attest: binary, base64 of either alphabet (padded
or not, with line breaks or quotes) or hexadecimal digits; or the chain of an Android key
attestation: PEM, DER, or a JSON array of either; or a token of Play Integrity: as the app
received it, or its payload in JSON as Google's server decoded it; a JSON Web
Token (JWT) of three segments, such as a session token; or a JSON vector of any of these with the
caller's side, or a group of them. Without the caller's side it is shown, and not verified.

App Attest:
  --app-id ID                  prefix, period and bundle identifier
  --key-id BASE64              the key identifier that the client sent
  --challenge TEXT             the challenge of an attestation; --challenge-b64 or -hex for bytes
  --client-data TEXT|@FILE     the client data of an assertion
  --client-data-hash-b64 HASH  the client data hash itself, or whatever the app passed for it
  --key KEY|@FILE              the attested key: base64 of 65 octets, of the 130 stored ones, or PEM
  --counter LAST               the counter last accepted for the key
  --environment NAME           production, development or any: which keys to accept; of a vector, not its own
  --root ROOT.pem              trust this certificate in the place of Apple's root; may be repeated

Android key attestation:
  --challenge TEXT             the challenge in the key; --challenge-b64 or --challenge-hex for bytes
  --package NAME               the package name of the app
  --signing-digest SHA256      of a certificate that signs the app, all of them, each with an option
  --revocation FILE            the list of https://android.googleapis.com/attestation/status
  --require-remote             refuse keys of factories
  --strong-box                 require a key in a chip of its own
  --boot-key SHA256            accept another system with this boot key; may be repeated
  --os-version N               require at least this version of Android, such as 130000
  --os-patch-level, --vendor-patch-level, --boot-patch-level YYYYMM[DD]
                               require at least this patch level
  --refuse-unknown-tags        refuse what a newer Android may say
  --accept-unlocked            take phones with an unlocked boot loader, which say what they like
  --accept-attest-keys         take leaves that a key which attests signed
  --accept-shared-user-id      take an app that shares its user identifier
  --accept-any-key             take keys that are not on P-256
  --accept-suspended           take certificates that are suspended
  --root ROOT.pem              trust this certificate in the place of Google's; may be repeated

Play Integrity:
  --decryption-key KEY|@FILE   as the Play Console shows it; with the next, may be repeated in pairs
  --verification-key KEY|@FILE the key that belongs to it
  --package NAME               the package name of the app
  --certificate-digest SHA256  of the app signing key, in hexadecimal digits or base64; may be repeated;
                               the same as --signing-digest
  --nonce BASE64URL            the nonce of a classic request
  --request-hash TEXT          the request hash of a standard request
  --max-age SECONDS            the age that a token may have, in the place of 300
  --device LABEL               a label that is accepted, in the place of MEETS_DEVICE_INTEGRITY; may be repeated
  --accept-test-responses      take test responses of the Play Console

JSON Web Tokens:
  --secret BASE64|@FILE        the secret of HS256: base64 of 32 to 64 octets
  --jwks FILE                  the public keys of ES256: a JSON Web Key Set, or one key, on P-256
  --issuer TEXT                who issues the tokens (iss)
  --audience TEXT              whom they are for (aud)
  --type TYPE                  their type (typ), in the place of JWT
  --skew SECONDS               how far clocks may differ, in the place of 0
  --max-age SECONDS            of a proof of possession: the age that it may have
  --challenge TEXT             the challenge that it was made for

All:
  --at RFC3339                 verify at this time: not now, nor at that of a vector
  --json                       one JSON object a line for each input
  --help                       this text

Exit status: 0 if everything is accepted, or answered as its vector expects; 1 if not, or if there
is no verdict because the caller's side is incomplete; 2 for wrong usage or an unreadable input.
";

#[derive(Default)]
pub(crate) struct Arguments {
    pub(crate) help: bool,
    pub(crate) json: bool,
    pub(crate) roots: Roots,
    pub(crate) side: CallerSide,
    pub(crate) chain_side: KeyAttestationSide,
    pub(crate) token_side: TokenSide,
    pub(crate) files: Vec<Named>,
}

/// An input, and the ids that say which vectors of it are meant; none: all.
pub(crate) struct Named {
    pub(crate) file: String,
    pub(crate) ids: Vec<String>,
}

/// The roots that are given, as far as each kind of input can have them.
#[derive(Default)]
pub(crate) struct Roots {
    pub(crate) of_objects: Anchors,
    pub(crate) of_chains: KeyAttestationRoots,
    /// Why a root is none of one kind.
    not_of_objects: Option<String>,
    not_of_chains: Option<String>,
}

impl Roots {
    /// The test roots of the bundled chains.
    pub(crate) fn of_test_chains() -> Result<Self, String> {
        let mut roots = Self::default();
        for root in [ANDROID_P384_ROOT_PEM, ANDROID_RSA_ROOT_PEM] {
            roots.of_chains.add_pem(root.as_bytes())?;
        }
        Ok(roots)
    }

    /// A root has to be one of App Attest or of key attestations; of which, the input tells.
    fn add(&mut self, path: &str) -> Result<(), String> {
        let named = |reason: String| format!("--root {}: {reason}", printable(path));
        let text = fs::read(path).map_err(|error| named(error.to_string()))?;
        match (self.of_objects.add_pem(&text), self.of_chains.add_pem(&text)) {
            (Err(reason), Err(_)) => return Err(named(reason)),
            (Err(reason), Ok(())) => self.not_of_objects = Some(named(reason)),
            (Ok(()), Err(reason)) => self.not_of_chains = Some(named(reason)),
            (Ok(()), Ok(())) => {}
        }
        Ok(())
    }

    /// Whether every root that was given can be one of this input.
    pub(crate) fn check(&self, input: &Input) -> Result<(), String> {
        let reason = match input {
            Input::Object(_) | Input::Vector(_) | Input::Group(_) => &self.not_of_objects,
            Input::Chain(_) | Input::ChainVector(_) | Input::ChainGroup(_) => &self.not_of_chains,
            Input::Token(_) | Input::TokenVector(_) | Input::TokenGroup(_) => &None,
        };
        reason.clone().map_or(Ok(()), Err)
    }
}

impl Arguments {
    /// Reads the arguments, and the files that they name with `@` or as a root.
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut parsed = Self::default();
        let (mut data, mut hash) = (None, None);
        let mut keys = Keys::default();
        let mut has_options = false;
        while let Some(argument) = arguments.next() {
            let (side, chain) = (&mut parsed.side, &mut parsed.chain_side);
            let TokenSide { play, session } = &mut parsed.token_side;
            let mut value = || {
                has_options = true;
                let value = arguments.next().ok_or_else(|| format!("{argument} needs a value"))?;
                // An empty value is a variable of the shell that was never set.
                if value.trim().is_empty() { Err(format!("{argument} has an empty value")) } else { Ok(value) }
            };
            match argument.as_str() {
                "--help" | "-h" => parsed.help = true,
                "--json" => parsed.json = true,
                "--app-id" => side.app_id = Some(value()?),
                "--key-id" => side.key_id = Some(value()?),
                "--challenge" => {
                    let challenge = value()?;
                    session.challenge = Some(challenge.clone());
                    chain.challenge = Some(challenge.clone().into_bytes());
                    data = Some(challenge.into_bytes());
                }
                "--challenge-b64" | "--challenge-hex" => {
                    let (read, text): (fn(&str, &str) -> _, _) =
                        (if argument.ends_with("hex") { hexadecimal } else { base64 }, value()?);
                    let challenge = read(&argument, &text)?;
                    chain.challenge = Some(challenge.clone());
                    data = Some(challenge);
                }
                "--client-data" => data = Some(text_or_file(&argument, value()?)?),
                "--client-data-hash-b64" => hash = Some(client_data_hash(&argument, &value()?)?),
                "--environment" => side.requirements.environment = Some(environment(&value()?)?),
                "--key" => side.public_key = Some(key(&argument, value()?)?),
                "--counter" => side.last_counter = Some(LastCounter::Is(counter(&value()?)?)),
                "--at" => {
                    let time = value()?;
                    (side.at, play.at) = (Some(at(&time, unix_time)?), Some(at(&time, unix_millis)?));
                    (session.at, chain.at) = (side.at, side.at);
                }
                "--root" => parsed.roots.add(&value()?)?,
                "--decryption-key" => keys.decryption.push(Secret::new(key_text(&argument, value()?)?)),
                "--verification-key" => keys.verification.push(key_text(&argument, value()?)?),
                "--package" => {
                    play.package = Some(value()?);
                    chain.package.clone_from(&play.package);
                }
                "--certificate-digest" | "--signing-digest" => {
                    play.certificates.push(digest(&argument, &value()?)?);
                    chain.signing_digests.clone_from(&play.certificates);
                }
                "--revocation" => chain.revocation = Some(revocation(&value()?)?),
                "--boot-key" => chain.requirements.boot_keys.push(digest(&argument, &value()?)?),
                "--os-version" => chain.requirements.os_version = Some(number(&argument, &value()?)?),
                "--os-patch-level" => chain.requirements.os_patch_level = Some(number(&argument, &value()?)?),
                "--vendor-patch-level" => chain.requirements.vendor_patch_level = Some(number(&argument, &value()?)?),
                "--boot-patch-level" => chain.requirements.boot_patch_level = Some(number(&argument, &value()?)?),
                "--require-remote" => chain.requirements.remote = true,
                "--strong-box" => chain.requirements.strong_box = true,
                "--refuse-unknown-tags" => chain.requirements.refuse_unknown_tags = true,
                "--accept-unlocked" => chain.requirements.accept_unlocked = true,
                "--accept-attest-keys" => chain.requirements.accept_attest_keys = true,
                "--accept-shared-user-id" => chain.requirements.accept_shared_user_id = true,
                "--accept-any-key" => chain.requirements.accept_any_key = true,
                "--accept-suspended" => chain.requirements.accept_suspended = true,
                "--nonce" => bind(play, &argument, PlayBinding::read_nonce(&value()?))?,
                "--request-hash" => bind(play, &argument, PlayBinding::read_request_hash(&value()?))?,
                "--max-age" => {
                    let milliseconds = age(&value()?)?;
                    play.max_age = Some(milliseconds);
                    session.max_age = Some(u32::try_from(milliseconds / 1_000).unwrap_or(u32::MAX));
                }
                "--secret" => with(session, SessionKeys::Secret(Secret::new(key_text(&argument, value()?)?)))?,
                "--jwks" => with(session, key_set(&value()?)?)?,
                "--issuer" => session.issuer = Some(value()?),
                "--audience" => session.audience = Some(value()?),
                "--type" => session.kind = Some(value()?),
                "--skew" => session.skew = Some(skew(&value()?)?),
                "--device" => play.devices.push(label(&value()?)?),
                "--accept-test-responses" => play.accept_test_responses = true,
                "-" => parsed.files.push(Named { file: argument, ids: Vec::new() }),
                option if option.starts_with('-') => return Err(format!("unknown option {}", printable(option))),
                _ => match parsed.files.last_mut().filter(|_| is_id(&argument)) {
                    Some(named) => named.ids.push(argument),
                    None => parsed.files.push(Named { file: argument, ids: Vec::new() }),
                },
            }
        }
        parsed.token_side.play.keys = keys.pairs()?;
        parsed.side.client_data = match (data, hash) {
            (data, Some(hash)) => Some(ClientData { data, hash }),
            (Some(data), None) => Some(ClientData::of_data(data)),
            (None, None) => None,
        };
        has_options |= parsed.token_side.play.accept_test_responses;
        has_options |= parsed.chain_side.requirements != KeyAttestationRequirements::default();
        if (has_options || parsed.json) && parsed.files.is_empty() && !parsed.help {
            return Err("options need a FILE, or - for standard input".to_owned());
        }
        Ok(parsed)
    }
}

/// Whether it is `group::name`, and no file.
fn is_id(argument: &str) -> bool {
    argument.contains("::") && !Path::new(argument).exists()
}

fn base64(option: &str, text: &str) -> Result<Vec<u8>, String> {
    genuine_explain::from_base64(text.trim()).ok_or_else(|| format!("{option} {}: not base64", printable(text)))
}

fn hexadecimal(option: &str, text: &str) -> Result<Vec<u8>, String> {
    let digits = text.trim();
    let pairs = digits.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    let octets = pairs.collect::<Option<_>>().filter(|_| digits.len().is_multiple_of(2) && !digits.contains('+'));
    octets.ok_or_else(|| format!("{option} {}: not hexadecimal digits, two for each octet", printable(text)))
}

fn number(option: &str, text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("{option} {}: not a number of 32 bits", printable(text)))
}

/// The `@` of other options is taken as well.
fn revocation(file: &str) -> Result<RevocationList, String> {
    let path = file.strip_prefix('@').unwrap_or(file);
    let named = |reason: String| format!("--revocation {}: {}", printable(path), printable(&reason));
    let text = fs::read_to_string(path).map_err(|error| named(error.to_string()))?;
    RevocationList::read(&text).map_err(named)
}

/// A SHA-256 in hexadecimal digits is valid base64 too, of 48 octets that nobody meant.
fn client_data_hash(option: &str, text: &str) -> Result<Vec<u8>, String> {
    if text.len() == 64 && text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(format!("{option} {text}: 64 hexadecimal digits, where base64 belongs"));
    }
    base64(option, text)
}

fn environment(name: &str) -> Result<Environments, String> {
    match name {
        "production" => Ok(Environments::Production),
        "development" => Ok(Environments::Development),
        "any" => Ok(Environments::ProductionAndDevelopment),
        _ => Err(format!("--environment {}: not production, development or any", printable(name))),
    }
}

fn text_or_file(option: &str, value: String) -> Result<Vec<u8>, String> {
    match value.strip_prefix('@') {
        Some(path) => fs::read(path).map_err(|error| format!("{option} @{}: {error}", printable(path))),
        None if Path::new(&value).is_file() => {
            Err(format!("{option} {0}: that is a file; to have it read, write @{0}", printable(&value)))
        }
        None => Ok(value.into_bytes()),
    }
}

fn key(option: &str, value: String) -> Result<StoredKey, String> {
    let named = |reason: String| format!("{option}: {reason}");
    let text = String::from_utf8(text_or_file(option, value)?).map_err(|error| named(error.to_string()))?;
    StoredKey::read(&text).map_err(named)
}

fn counter(text: &str) -> Result<Counter, String> {
    text.parse().map(Counter).map_err(|_| format!("--counter {}: not a number of 32 bits", printable(text)))
}

fn at<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Result<T, String> {
    read(text).ok_or_else(|| format!("--at {}: not a time in RFC 3339, such as 2026-01-31T12:00:00Z", printable(text)))
}

/// The keys of Play Integrity in the order in which they are given.
#[derive(Default)]
struct Keys {
    decryption: Vec<Secret>,
    verification: Vec<String>,
}

impl Keys {
    /// The first of each belong together, and so on. One sort of them alone opens a token, or does nothing.
    fn pairs(self) -> Result<Vec<PlayKeys>, String> {
        let (decryption, verification) = (self.decryption.len(), self.verification.len());
        if decryption > 0 && verification > 0 && decryption != verification {
            return Err(format!(
                "--decryption-key {decryption} times and --verification-key {verification} times: give them in pairs"
            ));
        }
        let (mut opening, mut proving) = (self.decryption.into_iter(), self.verification.into_iter());
        let pairs = (0..decryption.max(verification))
            .map(|_| PlayKeys { decryption: opening.next(), verification: proving.next() });
        let pairs: Vec<_> = pairs.collect();
        PlayKeys::check(&pairs).map(|()| pairs)
    }
}

/// What a key of the Play Console is, nobody is told: neither it nor what stands in its place is printed.
fn key_text(option: &str, value: String) -> Result<String, String> {
    let text = match value.strip_prefix('@') {
        Some(path) => fs::read(path).map_err(|error| format!("{option} @{}: {error}", printable(path)))?,
        None if Path::new(&value).is_file() => {
            return Err(format!("{option}: that is a file; to have it read, write @ before it"));
        }
        None => value.into_bytes(),
    };
    String::from_utf8(text).map(|text| text.trim().to_owned()).map_err(|_| format!("{option}: not text"))
}

fn digest(option: &str, text: &str) -> Result<[u8; 32], String> {
    certificate_digest(text).map_err(|reason| format!("{option} {}: {reason}", printable(text)))
}

/// A token is bound to one thing.
fn bind(side: &mut PlaySide, option: &str, binding: Result<PlayBinding, String>) -> Result<(), String> {
    let binding = binding.map_err(|reason| format!("{option}: {reason}"))?;
    match side.binding.replace(binding) {
        None => Ok(()),
        Some(_) => Err("a token has one nonce or one request hash: give --nonce or --request-hash once".to_owned()),
    }
}

fn age(text: &str) -> Result<u64, String> {
    let milliseconds = text.parse::<u64>().ok().and_then(|seconds| seconds.checked_mul(1_000));
    milliseconds.ok_or_else(|| format!("--max-age {}: not a number of seconds", printable(text)))
}

/// A token has one sort of key: what it says of its algorithm chooses none.
fn with(side: &mut SessionSide, keys: SessionKeys) -> Result<(), String> {
    match side.keys.replace(keys) {
        None => Ok(()),
        Some(_) => Err("give --secret or --jwks, and once".to_owned()),
    }
}

/// The `@` of other options is taken as well.
fn key_set(file: &str) -> Result<SessionKeys, String> {
    let path = file.strip_prefix('@').unwrap_or(file);
    let named = |reason: String| format!("--jwks {}: {reason}", printable(path));
    let text = fs::read_to_string(path).map_err(|error| named(error.to_string()))?;
    SessionKeys::read_jwks(&text).map_err(named)
}

fn skew(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("--skew {}: not a number of seconds", printable(text)))
}

fn label(text: &str) -> Result<genuine::play_integrity::DeviceLabel<'static>, String> {
    device_label(text).ok_or_else(|| {
        format!("--device {}: not MEETS_ with BASIC, DEVICE, STRONG or VIRTUAL and _INTEGRITY", printable(text))
    })
}
