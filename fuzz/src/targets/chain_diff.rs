//! The chain: the engine's verdict against that of rustls-webpki, both over cryptography that says yes, and the
//! signatures that both ask for.

use std::{
    sync::{LazyLock, Mutex},
    time::Duration,
};

use genuine::{Error, UnixTime, app_attest::AttestationObject, crypto::Digest, x509::Certificate};
use genuine_testvectors::{
    certificate::{field, oid, part},
    der::Der,
    keys::Hash,
};
use rustls_pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm, UnixTime as PkiTime, alg_id,
};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use crate::{
    around::{self, CHAIN, DEVICE},
    codes,
    crypto::Question,
};

/// What the engine may refuse alone: it reads all of a certificate, where webpki reads what it needs. The reason for
/// each stands in the table of `tests/engine/differential/chain.rs`.
const STRICTER: &[Error] = &[
    Error::BasicConstraints,
    Error::CertSerial,
    Error::CertTooLarge,
    Error::DerBitString,
    Error::DerBoolean,
    Error::DerInteger,
    Error::DerLength,
    Error::DerOid,
    Error::DerTag,
    Error::DerTime,
    Error::DerTrailing,
    Error::DerTruncated,
    Error::ExtCriticalUnknown,
    Error::ExtDuplicate,
    Error::ExtLimit,
    Error::ExtMalformed,
    Error::IssuerMismatch,
    Error::KeyUsage,
    Error::SelfIssued,
    Error::SpkiAlgorithm,
    Error::SpkiPoint,
];

/// What webpki may refuse alone: key purposes of the intermediate and name constraints, which the engine passes over where
/// they are not critical, and what is malformed in extensions that it passes over. The reasons stand in the same place.
fn is_looser(error: &webpki::Error, intermediate: &[u8]) -> bool {
    let purposes = Certificate::parse(intermediate).ok().and_then(|parsed| parsed.extension(oid::EXT_KEY_USAGE));
    match error {
        webpki::Error::RequiredEkuNotFoundContext(_) | webpki::Error::EmptyEkuExtension => purposes.is_some(),
        webpki::Error::NameConstraintViolation | webpki::Error::BadDer | webpki::Error::TrailingData(_) => true,
        _ => false,
    }
}

/// Time (4 bytes), place in the leaf (1), length (2) and content, place in the intermediate (1) and content.
///
/// What the engine accepts, webpki accepts, and asks for the same signatures; the other way there is a list.
pub fn run(data: &[u8]) {
    let Some((&[t0, t1, t2, t3, place, high, low], rest)) = data.split_first_chunk() else { return };
    let now = u32::from_be_bytes([t0, t1, t2, t3]).into();
    let (of_leaf, rest) = rest.split_at(usize::from(u16::from_be_bytes([high, low])).min(rest.len()));
    let (&place_above, of_intermediate) = rest.split_first().unwrap_or((&0xFF, &[]));
    let leaf = CHAIN[0].fill(place.into(), of_leaf);
    let intermediate = CHAIN[1].fill(place_above.into(), of_intermediate);

    let object = around::attestation(&leaf, &intermediate);
    let parsed = AttestationObject::parse(&object);
    let (ours, asked) = match &parsed {
        Ok(object) => {
            let (verdict, asked) = around::verify(object, UnixTime(now));
            (verdict.map(drop), asked.signatures)
        }
        Err(error) => (Err(*error), Vec::new()),
    };
    codes::record(&ours);
    // Not about the chain: what an attestation's leaf has beyond X.509, and a time that is none.
    if matches!(ours, Err(Error::NonceMissing | Error::NonceMalformed | Error::NonceMismatch | Error::ClockUnset)) {
        return;
    }
    let notes = Notes::default();
    match (ours, webpki_verdict(&leaf, &intermediate, now, &notes)) {
        (Ok(()), Ok(())) => {
            assert_eq!(asked, notes.0.into_inner().expect("one thread"));
        }
        (Ok(()), Err(error)) => assert!(is_looser(&error, &intermediate), "accepted by the engine alone: {error:?}"),
        (Err(error), Ok(())) => {
            // A leaf under the anchor's name is a chain of one signature to webpki, which then reads no intermediate.
            let is_shorter = notes.0.into_inner().expect("one thread").len() == 1;
            assert!(is_shorter || STRICTER.contains(&error), "refused by the engine alone: {error}");
        }
        (Err(_), Err(_)) => {}
    }
}

fn webpki_verdict(leaf: &[u8], intermediate: &[u8], now: u64, notes: &Notes) -> Result<(), webpki::Error> {
    static ROOT: LazyLock<CertificateDer<'_>> = LazyLock::new(|| DEVICE.authorities().root_der().into());
    let anchors = [anchor_from_trusted_cert(&ROOT).expect("a root")];
    let leaf = CertificateDer::from(leaf);
    let intermediates = [CertificateDer::from(intermediate)];
    let algorithms = [Stub { hash: Hash::Sha256, notes }, Stub { hash: Hash::Sha384, notes }];
    EndEntityCert::try_from(&leaf)?
        .verify_for_usage(
            &[&algorithms[0], &algorithms[1]],
            &anchors,
            &intermediates,
            PkiTime::since_unix_epoch(Duration::from_secs(now)),
            KeyUsage::required_if_present(oid::APP_ATTEST_PURPOSE),
            None,
            None,
        )
        .map(drop)
}

/// The signatures that webpki asks for: from the anchor downward.
#[derive(Debug, Default)]
struct Notes(Mutex<Vec<Question>>);

/// ECDSA on P-384 over a hash: says yes to what is an encoded point and an encoded signature in range.
#[derive(Debug)]
struct Stub<'n> {
    hash: Hash,
    notes: &'n Notes,
}

impl SignatureVerificationAlgorithm for Stub<'_> {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let key = public_key.strip_prefix(&[4]).filter(|key| key.len() == 96).ok_or(InvalidSignature)?;
        let signature = p384::ecdsa::Signature::from_der(signature).map_err(|_| InvalidSignature)?;
        let digest = self.hash.digest(message);
        let digest = match self.hash {
            Hash::Sha256 => Digest::Sha256(digest.try_into().expect("32 octets")),
            Hash::Sha384 => Digest::Sha384(digest.try_into().expect("48 octets")),
        };
        let question = Question { key: key.to_vec(), digest, signature: signature.to_bytes().to_vec() };
        self.notes.0.lock().expect("one thread").push(question);
        Ok(())
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P384
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        match self.hash {
            Hash::Sha256 => alg_id::ECDSA_SHA256,
            Hash::Sha384 => alg_id::ECDSA_SHA384,
        }
    }
}

/// An honest chain, with each of its places given once more.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let now = u32::try_from(DEVICE.issue_time()).expect("before 2106").to_be_bytes();
    let [leaf, intermediate] = &*CHAIN;
    let in_leaf = leaf.places.iter().zip(0_u8..).map(|((_, content), place)| {
        let length = u16::try_from(content.len()).expect("a certificate").to_be_bytes();
        [&now[..], &[place], &length, content, &[0xFF]].concat()
    });
    let above = intermediate.places.iter().zip(0_u8..);
    let above = above.map(|((_, content), place)| [&now[..], &[0xFF, 0, 0, place], content].concat());
    // The root's own name in both certificates: what its own certificate would have in the place of the intermediate.
    let root = DEVICE.authorities().root_subject();
    let content = &Der::decode(&root).elements().iter().flat_map(Der::encode).collect::<Vec<_>>()[..];
    let length = u16::try_from(content.len()).expect("a name").to_be_bytes();
    let [issuer, subject] =
        [leaf.number_of(&[part::TBS, field::ISSUER]), intermediate.number_of(&[part::TBS, field::SUBJECT])];
    let self_issued = [&now[..], &[issuer], &length, content, &[subject], content].concat();
    in_leaf.chain(above).chain([self_issued]).collect()
}
