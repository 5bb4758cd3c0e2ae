//! Cached issuers: a sequence of attestations of many chains, against a model of what is kept and what the signatures are.

use std::{
    cell::{Cell, RefCell},
    sync::LazyLock,
};

use genuine::{
    Error, UnixTime,
    app_attest::{AppIdHash, AttestationObject, AttestationVerifier, ClientDataHash, KeyId, Policy},
    crypto::{P384, PublicKey},
    x509::{CachedIssuer, IssuerCache, TrustAnchor},
};
use genuine_testvectors::{
    Device, Mutation, TestPki,
    certificate::{field, part},
    der::Der,
    keys::sha256,
};

use crate::{
    around::DEVICE,
    codes,
    remembering::{Prepared, Remembering},
};

type Kept = CachedIssuer<Remembering, Prepared<P384>>;

const CLIENT_DATA: &[u8] = b"a challenge";

/// An intermediate certificate, and who signed it.
struct Intermediate {
    certificate: Der,
    /// The number of the anchor whose signature it bears; none if it is forged.
    anchor: Option<usize>,
    /// The number of the authorities whose key it holds.
    key: usize,
    /// What a verifier keeps is equal for two that have the same number here.
    kept_as: usize,
}

/// Two authorities of one name and with keys of their own.
static AUTHORITIES: LazyLock<[TestPki; 2]> = LazyLock::new(|| [TestPki::default(), TestPki::new("others")]);

static INTERMEDIATES: LazyLock<Vec<Intermediate>> = LazyLock::new(|| {
    let [ours, others] = &*AUTHORITIES;
    let with = |certificate: Der, anchor: Option<usize>, key: usize, kept_as: usize| Intermediate {
        certificate,
        anchor,
        key,
        kept_as,
    };
    let honest = ours.signed_intermediate();
    let mut forged = honest.clone();
    *forged[part::SIGNATURE].octets().last_mut().expect("a signature") ^= 1;
    let mut renewed = ours.intermediate();
    renewed.tbs[field::SERIAL] = Der::integer(&[7]);
    let mut crossed = ours.intermediate();
    crossed.signer = others.root_signer();
    vec![
        with(honest.clone(), Some(0), 0, 0),
        // Whoever relays a certificate can make this one of it: the same issuer.
        with(other_s(&honest), Some(0), 0, 0),
        with(forged, None, 0, 2),
        with(renewed.sign(), Some(0), 0, 3),
        with(crossed.sign(), Some(1), 0, 4),
        with(others.signed_intermediate(), Some(1), 1, 5),
    ]
});

/// The certificate with n − s for the s of its signature.
fn other_s(certificate: &Der) -> Der {
    let mut twin = certificate.clone();
    let octets = certificate.clone()[part::SIGNATURE].octets()[1..].to_vec();
    let signature = p384::ecdsa::Signature::from_der(&octets).expect("an honest one");
    let (r, s) = signature.split_scalars();
    let twin_signature = p384::ecdsa::Signature::from_scalars(r, -s).expect("it is not zero");
    *twin[part::SIGNATURE].octets() = [&[0], twin_signature.to_der().as_bytes()].concat();
    twin
}

/// An object with each intermediate and a leaf of our authorities, of the others, and one with a forged signature.
static OBJECTS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut objects = Vec::new();
    for intermediate in &*INTERMEDIATES {
        for leaf in 0..LEAVES {
            let device: Device = DEVICE.clone().with_authorities(AUTHORITIES[leaf % 2].clone());
            let mutation = Mutation::default().chain(|chain| {
                chain.intermediate = intermediate.certificate.clone();
                if leaf == FORGED {
                    *chain.leaf[part::SIGNATURE].octets().last_mut().expect("a signature") ^= 1;
                }
            });
            objects.push(mutation.mint_attestation(&device, CLIENT_DATA));
        }
    }
    objects
});

const LEAVES: usize = 3;
const FORGED: usize = 2;

/// A cache that keeps what it has, and counts what it is asked and given.
struct Fixed<'k> {
    kept: Option<&'k Kept>,
    asked: Cell<u32>,
    given: Cell<u32>,
}

impl IssuerCache<Remembering> for Fixed<'_> {
    type Key = Prepared<P384>;

    fn with_issuer<T>(&self, _: &[u8; 32], function: impl FnOnce(Option<&Kept>) -> T) -> T {
        self.asked.set(self.asked.get() + 1);
        function(self.kept)
    }

    fn store(&self, _: Kept) {
        self.given.set(self.given.get() + 1);
    }
}

/// Acts of two bytes: what is done (bits 0 and 1), under which anchor (bit 2), whether keys can be prepared (bit 3); with
/// which object.
///
/// An object is verified with a cache, with one that keeps what is in the other, without one, or with one that is in use
/// elsewhere. The verdict is the predicted one, kept or not; the issuer of what was accepted is kept, and is known again only
/// with its certificate and under its anchor; what is kept saves a verification, and nothing else does.
pub fn run(data: &[u8]) {
    thread_local! {
        static CRYPTO: Remembering = Remembering::default();
    }
    let authorities = &*AUTHORITIES;
    let subject = authorities[0].root_subject();
    let anchors = authorities.each_ref().map(|authority| {
        [TrustAnchor::new(&subject, PublicKey::<P384>::from_uncompressed(&authority.root_point()).expect("a point"))]
    });
    let policies = [Policy::new(AppIdHash(sha256(&[DEVICE.app_id().as_bytes()])))];
    let (key_id, now) = (KeyId(DEVICE.key_id()), UnixTime(DEVICE.issue_time()));
    let client_data = ClientDataHash::new(CLIENT_DATA).expect("it is not empty");
    CRYPTO.with(|crypto| {
        let cache: RefCell<Option<Kept>> = RefCell::new(None);
        // What is kept: the anchor, and the number of the intermediate.
        let mut model: Option<(usize, usize)> = None;
        for &[what, object] in data.as_chunks().0 {
            let (anchor, number) = (usize::from(what >> 2 & 1), usize::from(object) % OBJECTS.len());
            let intermediate = &INTERMEDIATES[number / LEAVES];
            let leaf = number % LEAVES;
            let predicted = if intermediate.anchor != Some(anchor) {
                Err(Error::IntermediateSignature)
            } else if leaf != intermediate.key {
                Err(Error::LeafSignature)
            } else {
                Ok(())
            };
            let this = (anchor, intermediate.kept_as);
            let is_kept = model == Some(this);
            let object = AttestationObject::parse(&OBJECTS[number]).expect("it is well-formed");
            let verifier = AttestationVerifier::new(&policies, &anchors[anchor], crypto).expect("a good configuration");
            let can_prepare = what & 8 == 0;
            crypto.cannot_prepare.set(!can_prepare);
            crypto.asked_on_p384.set([0; 3]);
            let plain = if predicted == Err(Error::IntermediateSignature) { 1 } else { 2 };
            let prepares = u32::from(predicted.is_ok());
            let (with, without) = ([0, 0, 1], [prepares, plain, 0]);
            let (verdict, asked) = match what & 3 {
                // In use elsewhere, so that there is no issuer.
                0 => {
                    let in_use = cache.borrow_mut();
                    let verdict = verifier.with_issuer_cache(&cache).verify(&object, &key_id, &client_data, now);
                    drop(in_use);
                    (verdict, without)
                }
                1 => {
                    let kept = cache.borrow();
                    let fixed = Fixed { kept: kept.as_ref(), asked: Cell::new(0), given: Cell::new(0) };
                    let verdict = verifier.with_issuer_cache(&fixed).verify(&object, &key_id, &client_data, now);
                    assert_eq!(fixed.asked.get(), 1);
                    assert_eq!(fixed.given.get(), u32::from(predicted.is_ok() && !is_kept && can_prepare));
                    (verdict, if is_kept { with } else { without })
                }
                2 => (verifier.verify(&object, &key_id, &client_data, now), [0, plain, 0]),
                _ => {
                    let verdict = verifier.with_issuer_cache(&cache).verify(&object, &key_id, &client_data, now);
                    // One whose key cannot be prepared does not take the place of another.
                    if predicted.is_ok() && can_prepare {
                        model = Some(this);
                    }
                    (verdict, if is_kept { with } else { without })
                }
            };
            codes::record(&verdict);
            assert_eq!(verdict.map(|proof| proof.key().id()), predicted.map(|()| key_id));
            assert_eq!(crypto.asked_on_p384.get(), asked);
            assert_eq!(cache.borrow().is_some(), model.is_some());
        }
    });
}

/// Each object kept, and met again, as it is and after each other one.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let objects = u8::try_from(OBJECTS.len()).expect("a few");
    let keep = |object: u8| [[3 | if object < 4 * 3 { 0 } else { 4 }, object]].concat();
    (0..objects)
        .map(|first| {
            let met = (0..objects).flat_map(|object| [0, 1, 4, 5].map(|what| [what, object]).concat());
            keep(first).into_iter().chain(met).chain(keep(0)).chain([0, first]).collect()
        })
        .chain([vec![3 | 8, 0, 0, 0, 3, 0, 0, 0, 3, 0, 7, 12]])
        .collect()
}
