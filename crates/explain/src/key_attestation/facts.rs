//! The chain by itself, whatever else is wrong with it.

use genuine::{
    key_attestation::{KEY_DESCRIPTION, Provisioning, RevocationStatus},
    x509::{IssuerKey, TrustAnchor},
};
use minicbor::{Decoder, data::Type};

use super::{
    certificate::{Seen, name},
    links::{Link, issuer_key, key_title, signature_algorithm, signed_by},
    model::{KeyCertificateFacts, KeyChainFacts},
    roots::KnownRoot,
    run::Run,
};

/// 1.3.6.1.4.1.11129.2.1.30, and the keys of its map.
const PROVISIONING_INFO: &[u8] = &[0x2B, 0x06, 0x01, 0x04, 0x01, 0xD6, 0x79, 0x02, 0x01, 0x1E];
const CERTIFICATES_ISSUED: u64 = 1;
const MANUFACTURER: u64 = 3;

/// Where a chain ends.
pub(super) struct End<'a> {
    pub(super) anchor: TrustAnchor<'a, IssuerKey<'a>>,
    pub(super) title: String,
    /// How many certificates are below the anchor: all, or all but a copy of it.
    pub(super) below: usize,
}

impl<'c> Run<'c> {
    /// The anchor that the chain ends at or below, by name and key.
    pub(super) fn end(&self) -> Option<End<'c>> {
        let last = self.seen.last()?.as_ref()?;
        let count = self.seen.len();
        self.roots.trusted().into_iter().find_map(|named| {
            let subject = named.anchor.subject();
            let below = if last.subject == subject {
                (issuer_key(&last.key).as_ref() == Some(named.anchor.key())).then_some(count.checked_sub(1)?)?
            } else if last.issuer == subject {
                count
            } else {
                return None;
            };
            Some(End { anchor: named.anchor, title: named.title, below })
        })
    }

    pub(super) fn known_root(&self) -> Option<KnownRoot> {
        self.seen.last()?.as_ref().and_then(KnownRoot::of)
    }

    /// The position of the certificate of the secure hardware's key.
    pub(super) fn hardware_position(&self) -> usize {
        1 + usize::from(self.is_described(1))
    }

    pub(super) fn is_described(&self, position: usize) -> bool {
        self.seen.get(position).and_then(Option::as_ref).is_some_and(|seen| seen.extension(KEY_DESCRIPTION).is_some())
    }

    pub(super) fn provisioning(&self) -> Option<Provisioning> {
        let anchors: Vec<_> = self.roots.trusted().iter().map(|named| named.anchor).collect();
        self.parsed.as_ref().ok()?.provisioning(&anchors)
    }

    /// Whether each certificate is signed by the next one's key, or by the anchor's. Computed once: it is most of the work.
    pub(super) fn links(&self) -> &[Option<Link>] {
        self.links.get_or_init(|| {
            let end = self.end();
            self.seen.iter().enumerate().map(|(place, seen)| self.link(place, seen.as_ref()?, end.as_ref())).collect()
        })
    }

    fn link(&self, place: usize, seen: &Seen<'_>, end: Option<&End<'_>>) -> Option<Link> {
        let next = || self.seen.get(place + 1)?.as_ref().and_then(|next| issuer_key(&next.key));
        match end.filter(|end| place + 1 == end.below) {
            Some(end) => Some(signed_by(seen, Some(*end.anchor.key()))),
            // A root, or what is issued by one that nobody gave.
            None if place + 1 == self.seen.len() => None,
            None => Some(signed_by(seen, next())),
        }
    }

    pub(super) fn chain_facts(&self) -> KeyChainFacts {
        let (end, links) = (self.end(), self.links());
        let below = end.as_ref().map_or(self.seen.len(), |end| end.below);
        let signatures_hold = end.as_ref().and_then(|_| {
            let links = links.get(..below)?;
            if links.contains(&Some(Link::Wrong)) {
                return Some(false);
            }
            links.iter().all(|link| *link == Some(Link::Signed)).then_some(true)
        });
        let certificates: Vec<_> =
            links.iter().enumerate().map(|(place, link)| self.certificate_facts(place, *link, below)).collect();
        let counted = || certificates.iter().filter(|certificate| certificate.validity_counts);
        let from = counted().map(|certificate| &certificate.not_before).max();
        let to = counted().map(|certificate| &certificate.not_after).min();
        let valid_between = from.zip(to).filter(|(from, to)| {
            from <= to && counted().all(|one| is_time(&one.not_before) && is_time(&one.not_after))
        });
        KeyChainFacts {
            anchors: self.roots.trusted().into_iter().map(|named| named.title).collect(),
            known_root: if end.is_none() { self.known_root().map(KnownRoot::title) } else { None },
            anchor: end.map(|end| end.title),
            provisioning: self.provisioning().map(provisioning_name),
            signatures_hold,
            valid_between: valid_between.map(|(from, to)| (from.clone(), to.clone())),
            certificates,
        }
    }

    fn certificate_facts(&self, place: usize, link: Option<Link>, below: usize) -> KeyCertificateFacts {
        let size = self.chain.certificates.get(place).map_or(0, Vec::len);
        let Some(seen) = self.seen.get(place).and_then(Option::as_ref) else {
            return KeyCertificateFacts { role: "unreadable", size, ..KeyCertificateFacts::nothing() };
        };
        let hardware = self.hardware_position();
        let is_root = place >= below || (place + 1 == self.seen.len() && place > 0 && seen.subject == seen.issuer);
        let role = match place {
            0 => "leaf",
            _ if is_root => "root",
            _ if place < hardware => "attest_key",
            _ if place == hardware => "attestation",
            _ => "intermediate",
        };
        let info = seen.extension(PROVISIONING_INFO).and_then(provisioning_info);
        KeyCertificateFacts {
            role,
            size,
            subject: name(seen.subject),
            issuer: name(seen.issuer),
            serial_hex: seen.serial_hex(),
            revocation: self.revocation(seen).filter(|_| !is_root),
            not_before: seen.not_before.clone(),
            not_after: seen.not_after.clone(),
            validity_counts: place >= hardware && !is_root,
            key: key_title(&seen.key),
            signature_algorithm: signature_algorithm(seen),
            signature: match link {
                Some(Link::Signed) => Some(true),
                Some(Link::Wrong) => Some(false),
                Some(Link::Unknown) | None => None,
            },
            describes_a_key: self.is_described(place),
            certificates_issued: info.as_ref().and_then(|info| info.0),
            manufacturer: info.and_then(|info| info.1),
        }
    }

    fn revocation(&self, seen: &Seen<'_>) -> Option<String> {
        let (list, serial) = (self.side.revocation.as_ref()?, seen.serial_hex());
        let status = match list.status(&serial) {
            RevocationStatus::Good => "good",
            RevocationStatus::Suspended => "suspended",
            RevocationStatus::Revoked => "revoked",
        };
        Some(list.reason(&serial).map_or_else(|| status.to_owned(), |reason| format!("{status}, {reason}")))
    }
}

impl KeyCertificateFacts {
    const fn nothing() -> Self {
        Self {
            role: "",
            size: 0,
            subject: String::new(),
            issuer: String::new(),
            serial_hex: String::new(),
            revocation: None,
            not_before: String::new(),
            not_after: String::new(),
            validity_counts: false,
            key: String::new(),
            signature_algorithm: "",
            signature: None,
            describes_a_key: false,
            certificates_issued: None,
            manufacturer: None,
        }
    }
}

pub(super) const fn provisioning_name(kind: Provisioning) -> &'static str {
    match kind {
        Provisioning::Factory => "factory",
        Provisioning::Remote => "remote",
    }
}

/// `2026-01-31T12:00:00Z`, and not what a certificate has in the place of a time.
fn is_time(text: &str) -> bool {
    text.len() == 20 && text.ends_with('Z')
}

/// How many certificates were issued, and the maker.
fn provisioning_info(extension: &[u8]) -> Option<(Option<u64>, Option<String>)> {
    let mut decoder = Decoder::new(extension);
    let (mut issued, mut maker) = (None, None);
    for _ in 0..decoder.map().ok()?? {
        match decoder.u64().ok()? {
            CERTIFICATES_ISSUED => issued = decoder.u64().ok(),
            MANUFACTURER if decoder.datatype().ok()? == Type::String => maker = decoder.str().ok().map(str::to_owned),
            _ => decoder.skip().ok()?,
        }
    }
    Some((issued, maker))
}
