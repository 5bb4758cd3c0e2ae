//! The keys of the Play Console: for the engine, and in words where the engine refuses them. Their text is in no
//! sentence.

use genuine::{
    Error,
    crypto::{P256, PublicKey, RustCrypto, VerifyEcdsa as _},
    play_integrity::{ClassicVerifier, DecryptionKey, KeyPair, Policy, VerificationKey},
};

use super::side::PlayKeys;
use crate::{
    model::Finding,
    text::{from_base64, from_hex},
};

/// Stands for a verification key that was not told.
pub(super) const NO_KEY: PublicKey<P256> = PublicKey([0; 64]);

/// The pairs that open tokens. One without a verification key has [`NO_KEY`].
pub(super) fn pairs(keys: &[PlayKeys]) -> Result<Vec<KeyPair>, Error> {
    let pair = |keys: &PlayKeys| {
        let verification = keys.verification.as_deref().map(verification).transpose();
        let decryption = keys.decryption.as_ref().map(|secret| DecryptionKey::from_base64(secret.text())).transpose();
        let pair = decryption.and_then(|decryption| Ok((decryption, verification?)));
        pair.map(|(decryption, verification)| {
            let verification = verification.unwrap_or_else(|| VerificationKey::new(NO_KEY));
            decryption.map(|decryption| KeyPair { decryption, verification })
        })
        .transpose()
    };
    keys.iter().filter_map(pair).collect()
}

/// Looked at here already, because no key at all stands for one that was not told.
fn verification(text: &str) -> Result<VerificationKey, Error> {
    let key = VerificationKey::from_base64(text)?;
    let is_nothing = key == VerificationKey::new(NO_KEY);
    if is_nothing && RustCrypto.check_key(&NO_KEY).is_err() { Err(Error::PublicKeyInvalid) } else { Ok(key) }
}

impl PlayKeys {
    /// Whether the engine takes these keys.
    ///
    /// # Errors
    ///
    /// What is wrong with them, and how to mend it. The sentence does not hold the keys.
    pub fn check(keys: &[Self]) -> Result<(), String> {
        let result = pairs(keys).and_then(|pairs| {
            let complete: Vec<_> = pairs.into_iter().filter(|pair| pair.verification != no_key()).collect();
            let policy = Policy::new("any", &[[0; 32]]);
            if complete.is_empty() { Ok(()) } else { ClassicVerifier::new(&policy, &complete, &RustCrypto).map(drop) }
        });
        result.map_err(|error| fault(keys, error).1)
    }
}

fn no_key() -> VerificationKey {
    VerificationKey::new(NO_KEY)
}

/// What is wrong with keys that the engine refuses.
pub(super) fn fault(keys: &[PlayKeys], error: Error) -> (Finding, String) {
    // What is wrong with the text of a key has words of its own.
    let of_text = keys.iter().filter(|_| error != Error::PublicKeyInvalid);
    for pair in of_text {
        if let Some(secret) = &pair.decryption
            && let Err(own) = DecryptionKey::from_base64(secret.text())
            && own == error
        {
            return in_words("decryption", secret.text(), 32);
        }
        if let Some(text) = &pair.verification
            && let Err(own) = verification(text)
            && own == error
        {
            return in_words("verification", text, 91);
        }
    }
    let what = match error {
        Error::PlayConfigDuplicateKey => {
            "Two pairs have one decryption key, so that nobody knows which verification key counts: give each pair \
             once."
        }
        Error::PublicKeyInvalid => {
            "The verification key is not a point on P-256: copy it from the Play Console again, whole."
        }
        _ => error.description(),
    };
    (Finding::KeyForm, what.to_owned())
}

/// Why a text is not the key of this name, which has so many octets.
fn in_words(name: &str, text: &str, length: usize) -> (Finding, String) {
    let bare: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let octets = from_base64(&bare).unwrap_or_default();
    let other = if length == 32 { "verification" } else { "decryption" };
    if (length == 32 && octets.starts_with(&[0x30, 0x59])) || (length == 91 && octets.len() == 32) {
        let sentence = format!(
            "The {name} key is the {other} key: the two are in each other's place. The decryption key has 44 \
             characters, the verification key 124."
        );
        return (Finding::SwappedKeys, sentence);
    }
    let is_whole = octets.len() == length;
    let why = if text.trim_start().starts_with("-----BEGIN") {
        "is PEM. Give the base64 between its two lines, without line breaks".to_owned()
    } else if from_hex(&bare).is_some_and(|octets| octets.len() == length) {
        "is hexadecimal digits, and standard base64 belongs there".to_owned()
    } else if is_whole && bare.len() < text.len() {
        "has line breaks or spaces in it. Join it to one line, as the Play Console shows it".to_owned()
    } else if bare.contains(['-', '_']) {
        "is URL-safe base64 (with `-` or `_`). The Play Console shows standard base64: give it unchanged".to_owned()
    } else if bare.contains(['"', '\'', '`']) {
        "has quotes around it. Take them away".to_owned()
    } else if is_whole && !bare.len().is_multiple_of(4) {
        "has lost the `=` at its end. Give it unchanged".to_owned()
    } else if octets.is_empty() {
        "is not standard base64. Copy it from the Play Console again, whole".to_owned()
    } else if length == 91 && octets.len() == 65 {
        "is the bare point. The Play Console shows it within 91 octets of DER: give those".to_owned()
    } else if length == 91 && is_whole {
        "is a key of another kind. It belongs on P-256".to_owned()
    } else {
        format!("has {} octets, and {length} belong there: it was cut off, or is another key", octets.len())
    };
    (Finding::KeyForm, format!("The {name} key {why}."))
}
