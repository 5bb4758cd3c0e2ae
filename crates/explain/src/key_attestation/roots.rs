//! The trust anchors of key attestations, and what other roots there are that chains end in.

use der::pem;
use genuine::{
    key_attestation::{GOOGLE_P384_ROOT, GOOGLE_RSA_ROOT},
    x509::{IssuerKey, TrustAnchor},
};

use super::certificate::{Seen, attributes, name};
use crate::{caller::sha256, text::hex};

/// The kinds of roots that a vector tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    P384,
    Rsa,
}

/// Whom to trust: Google, or other authorities in its place.
#[derive(Clone, Debug, Default)]
pub struct KeyAttestationRoots(Option<Vec<Vec<u8>>>);

/// A trust anchor, and what to call it.
pub(super) struct NamedAnchor<'a> {
    pub(super) anchor: TrustAnchor<'a, IssuerKey<'a>>,
    pub(super) title: String,
}

impl KeyAttestationRoots {
    /// Both roots of Google's.
    #[must_use]
    pub const fn google() -> Self {
        Self(None)
    }

    /// Trusts this certificate (PEM) in the place of Google's, beside others that were added.
    ///
    /// # Errors
    ///
    /// Why it is no certificate of a certification authority with a key that chains may have.
    pub fn add_pem(&mut self, text: &[u8]) -> Result<(), String> {
        let (label, der) = pem::decode_vec(text).map_err(|error| format!("not one certificate in PEM: {error}"))?;
        if label != "CERTIFICATE" {
            return Err("PEM, but not of a certificate".to_owned());
        }
        self.add_der(der)
    }

    /// The same, of a certificate in DER.
    ///
    /// # Errors
    ///
    /// As for [`add_pem`](Self::add_pem).
    pub fn add_der(&mut self, der: Vec<u8>) -> Result<(), String> {
        TrustAnchor::from_trusted_issuer(&der).map_err(|error| {
            format!("not a certification authority with a key on P-256 or P-384 or for RSA of 2048, 3072 or 4096 bits: {error}")
        })?;
        self.0.get_or_insert_default().push(der);
        Ok(())
    }

    /// Of the roots that were added those of these kinds. If none is, nobody is trusted: Google does not take their place.
    pub(super) fn only(&self, kinds: &[Root]) -> Self {
        let is_of = |der: &&Vec<u8>| {
            let kind = TrustAnchor::from_trusted_issuer(der).ok().map(|anchor| match anchor.key() {
                IssuerKey::Rsa(_) => Root::Rsa,
                IssuerKey::P256(_) | IssuerKey::P384(_) => Root::P384,
            });
            kind.is_some_and(|kind| kinds.contains(&kind))
        };
        Self(self.0.as_ref().map(|added| added.iter().filter(is_of).cloned().collect()))
    }

    pub(super) fn trusted(&self) -> Vec<NamedAnchor<'_>> {
        let Some(added) = &self.0 else {
            return vec![
                NamedAnchor { anchor: GOOGLE_P384_ROOT, title: "Google's P-384 root (Key Attestation CA1)".to_owned() },
                NamedAnchor { anchor: GOOGLE_RSA_ROOT, title: "Google's RSA root (f92009e853b6b045)".to_owned() },
            ];
        };
        let named = |der: &Vec<u8>| Some(name(Seen::of(der)?.subject));
        let anchor = |der| TrustAnchor::from_trusted_issuer(der).ok();
        let roots = added.iter().filter_map(|der| Some((anchor(der)?, named(der)?)));
        roots.map(|(anchor, title)| NamedAnchor { anchor, title }).collect()
    }
}

/// A root that is known and never trusted, or a name that one of them has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KnownRoot {
    /// Of Android's source: its private key is public, and phones and emulators without secure hardware use it.
    Software,
    /// Of two samples that Google published in 2019.
    OldSample,
}

/// SHA-256 of the keys of the software roots (`SubjectPublicKeyInfo`): on P-256, and for RSA of 1024 bits.
const SOFTWARE_KEYS: [&str; 2] = [
    "d5100c7942ef2e8310dc30ef82729680cf48d690735c3f68179a33c7c370f286",
    "f2c4746f545946c100e72297f8f946344d7052f03a2f694221f9c893b0e6f711",
];

/// The serialNumber in the subject of the root of those samples.
const OLD_SAMPLE: &[u8] = b"e35d38c6897d47e8";

impl KnownRoot {
    /// By the key of the last certificate, or by its issuer's name where the root was left out.
    pub(super) fn of(last: &Seen<'_>) -> Option<Self> {
        let is_software_key = SOFTWARE_KEYS.contains(&hex(&sha256(last.key.info)).as_str());
        let names_software = name(last.issuer).contains("Software Attestation");
        if is_software_key || names_software {
            return Some(Self::Software);
        }
        let is_old = [last.subject, last.issuer]
            .into_iter()
            .any(|name| attributes(name).iter().any(|(_, value)| *value == OLD_SAMPLE));
        is_old.then_some(Self::OldSample)
    }

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Software => "a software root of Android's source, whose private key anybody has",
            Self::OldSample => {
                "the root of two samples of 2019 (e35d38c6897d47e8), which is no root of Google's for phones"
            }
        }
    }
}
