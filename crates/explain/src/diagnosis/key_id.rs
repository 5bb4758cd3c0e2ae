//! The key identifier: SHA-256 of the certified key, and what is taken for it.

use genuine::Error;

use super::{Subject, after_trying, found};
use crate::{
    caller::{sha256, sha256_of},
    model::{Diagnosis, Finding, Kind},
    text::{base64, from_base64, from_hex},
};

/// DER of a `SubjectPublicKeyInfo` on P-256 up to the point (RFC 5480 §2).
const SPKI_P256: &[u8] =
    b"\x30\x59\x30\x13\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01\x06\x08\x2A\x86\x48\xCE\x3D\x03\x01\x07\x03\x42\x00";

/// The key identifier is of another form, or of another key.
pub(super) fn of(subject: &Subject<'_>, error: Error) -> Option<Diagnosis> {
    let Some(given) = subject.side.key_id.as_deref().map(str::trim) else { return of_public_key(subject) };
    if error == Error::CredentialIdMismatch {
        return None;
    }
    let coordinates = match (&subject.attested, &subject.asserted) {
        (Some(attested), _) => attested.object.leaf_key().0,
        (_, Some(asserted)) => asserted.point()?.0,
        _ => return None,
    };
    let point = [&[4][..], &coordinates].concat();
    let id = sha256(&point);
    let text = base64(&id);
    let decoded = from_base64(given).unwrap_or_default();
    let of_key = if subject.kind == Kind::Attestation { "the certified key" } else { "the stored key" };
    let forms: [(Vec<u8>, &str); 6] = [
        (point.clone(), "the public key itself"),
        (sha256(&id).to_vec(), "the key identifier, hashed once more"),
        (sha256(text.as_bytes()).to_vec(), "the text of the key identifier, hashed once more"),
        (sha256_of(&[SPKI_P256, &point]).to_vec(), "the SHA-256 of the key's SubjectPublicKeyInfo"),
        (sha256(&coordinates).to_vec(), "the SHA-256 of X and Y without the leading 04"),
        (text.clone().into_bytes(), "the base64 of the base64 of the key identifier"),
    ];
    let form = if from_hex(given).is_some_and(|octets| octets == id) {
        Some("the key identifier in hexadecimal digits")
    } else if decoded == id {
        Some("the key identifier with something around it")
    } else {
        forms.iter().find(|(octets, _)| *octets == decoded).map(|(_, what)| *what)
    };
    if error == Error::KeyIdMismatch && decoded == id {
        return of_public_key(subject);
    }
    let tried = || forms.iter().map(|(_, what)| (*what).to_owned()).collect();
    Some(match form {
        Some(what) => found(
            Finding::KeyIdForm,
            format!(
                "What you gave is {what}. The key identifier is the SHA-256 of the public key in base64, as `generateKey()` \
                 gave it to the app: `{text}`."
            ),
        ),
        None if error == Error::KeyIdFormat => after_trying(
            tried(),
            Finding::CallerSide,
            format!(
                "The key identifier that you gave is not the base64 of 32 bytes. Take the text that `generateKey()` gave to \
                 the app, unchanged; that of {of_key} is `{text}`."
            ),
        ),
        None => after_trying(
            tried(),
            Finding::OtherKey,
            format!(
                "The key identifier is that of another key: {of_key} has `{text}`. {}",
                match subject.kind {
                    Kind::Attestation =>
                        "The app attested one key and named another, as when it makes a new one and sends the identifier \
                         that it saved.",
                    Kind::Assertion => "You looked up another key than the client named.",
                }
            ),
        ),
    })
}

/// A caller who told the public key of another attestation.
fn of_public_key(subject: &Subject<'_>) -> Option<Diagnosis> {
    subject.side.public_key.as_ref()?;
    Some(found(Finding::OtherKey, "The public key that you gave is not the one that the object certifies."))
}
