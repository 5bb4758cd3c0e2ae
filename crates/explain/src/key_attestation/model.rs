//! The explanation of a key attestation: plain data.

use serde::Serialize;

use super::description::Members;
use crate::model::{Decoding, Diagnosis, StepReport, Verdict};

/// One key attestation, explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KeyAttestationExplanation {
    /// Always `key_attestation`.
    pub kind: &'static str,
    /// What was done to the input to get the certificates, in this order.
    pub decoding: Vec<Decoding>,
    /// What the engine answers.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The steps of the verification in the order in which they run. Behind the one that failed they go on as if it had passed, as far as
    /// a policy can have it so.
    pub steps: Vec<StepReport>,
    /// What the engine would refuse the chain for if it had passed what it was refused for, and so on; up to a failure behind which no
    /// policy leads. Empty of a chain that was not refused.
    pub behind: Vec<Failure>,
    /// The chain by itself, whatever else is wrong.
    pub chain: KeyChainFacts,
    /// Whether the chain was accepted, so that the description is proved: the hardware-enforced list by the hardware, the
    /// software-enforced one by a system that the boot loader verified.
    pub proved: bool,
    /// What the first certificate says of its key, under the names of Google's JSON; `None` if it says nothing that can be read.
    pub key_description: Option<Members>,
    /// What the answer means, and which usual mistake fits.
    pub diagnosis: Diagnosis,
}

/// A failure by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Failure {
    /// The engine's stable number.
    pub code: u16,
    /// Its stable name.
    pub name: &'static str,
    /// The step that failed.
    pub step: String,
}

/// The certificates by themselves. **Unverified**, but for the signatures that `signature` tells of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KeyChainFacts {
    /// The trust anchors.
    pub anchors: Vec<String>,
    /// The one of them that the chain ends at or below, by name and key.
    pub anchor: Option<String>,
    /// Another root that it ends at or below and that is known for what it is.
    pub known_root: Option<&'static str>,
    /// `remote` or `factory`, if the engine finds one of both under the trust anchors.
    pub provisioning: Option<&'static str>,
    /// Whether every signature below the trust anchor is that of the next certificate's key; `None` if there is no such anchor, or a
    /// link that is not verified here.
    pub signatures_hold: Option<bool>,
    /// The time in which every certificate between leaf and anchor is valid, RFC 3339: from and to. The end does not count for keys of
    /// factories.
    pub valid_between: Option<(String, String)>,
    /// Each certificate, in the order in which they came.
    pub certificates: Vec<KeyCertificateFacts>,
}

/// What one certificate says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KeyCertificateFacts {
    /// What it is in the chain: `leaf`, `attest_key`, `attestation`, `intermediate`, `root`, or `unreadable`.
    pub role: &'static str,
    /// Its length in bytes.
    pub size: usize,
    /// The subject: every attribute in its order.
    pub subject: String,
    /// The issuer, likewise.
    pub issuer: String,
    /// The serial number as a revocation list has it: hexadecimal digits without leading zeros.
    pub serial_hex: String,
    /// What the revocation list says of it: `good`, `suspended` or `revoked`, with the reason; `None` if none was told, and of roots.
    pub revocation: Option<String>,
    /// The first second of its validity, RFC 3339; what stands there if that is no time.
    pub not_before: String,
    /// The last second.
    pub not_after: String,
    /// Whether the period counts: those of leaves, of keys that attest and of anchors do not.
    pub validity_counts: bool,
    /// Its own key: algorithm and size.
    pub key: String,
    /// The algorithm of the signature.
    pub signature_algorithm: &'static str,
    /// Whether the next certificate's key, or the anchor's, made the signature; `None` if that is not verified here, as of anchors, which
    /// are known by name and key.
    pub signature: Option<bool>,
    /// Whether it has a key description.
    pub describes_a_key: bool,
    /// What remote provisioning says: how many certificates the phone was issued of late.
    pub certificates_issued: Option<u64>,
    /// And the maker, as the server knows it.
    pub manufacturer: Option<String>,
}

impl KeyChainFacts {
    /// The chain as text, leaf above: a block of lines for each certificate, and between them the signatures.
    #[must_use]
    pub fn drawing(&self) -> String {
        let mut text = String::new();
        for (place, certificate) in self.certificates.iter().enumerate() {
            certificate.draw(place, &mut text);
            let is_last = place + 1 == self.certificates.len();
            let what = match certificate.signature {
                Some(true) => "signed by",
                Some(false) => "NOT signed by",
                None if is_last => continue,
                None => "not verified here whether signed by",
            };
            // The anchor that was left out.
            let above = match &self.anchor {
                Some(anchor) if is_last => format!(" the root that was left out, {anchor}"),
                _ => " the next".to_owned(),
            };
            draw(&mut text, &format!("   │ {what}{above}: {}", certificate.signature_algorithm));
        }
        text
    }
}

impl KeyCertificateFacts {
    fn draw(&self, place: usize, text: &mut String) {
        let Self { role, subject, issuer, serial_hex, not_before, not_after, key, size, .. } = self;
        let role = role.replace('_', " ");
        draw(text, &format!("{place}  {role}: {subject}"));
        if self.role == "unreadable" {
            draw(text, &format!("   │ {size} bytes that are no certificate"));
            return;
        }
        let describes = if self.describes_a_key { ", describes a key" } else { "" };
        draw(text, &format!("   │ {key}, serial {serial_hex}, {size} bytes{describes}"));
        let counts = if self.validity_counts { "" } else { ", not looked at" };
        draw(text, &format!("   │ {not_before} to {not_after}{counts}"));
        if let Some(count) = self.certificates_issued {
            let maker = self.manufacturer.as_deref().unwrap_or("nobody");
            draw(text, &format!("   │ provisioned remotely: {count} certificates issued of late, maker {maker:?}"));
        }
        if let Some(status) = self.revocation.as_ref().filter(|status| *status != "good") {
            draw(text, &format!("   │ on the revocation list: {status}"));
        }
        draw(text, &format!("   │ issuer {issuer}"));
    }
}

/// One line and no more, whatever the certificate has put into it.
fn draw(text: &mut String, line: &str) {
    text.extend(line.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }));
    text.push('\n');
}
