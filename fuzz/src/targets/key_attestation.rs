//! Chains of Android key attestation over a backend that says yes: the fuzzer gets behind the signatures.

use std::{cell::RefCell, sync::LazyLock};

use genuine::{
    Error, UnixTime,
    crypto::RsaPublicKey,
    key_attestation::{
        KeyAttestation, KeyAttestationVerifier, Provisioning, RevocationStatus, RevokedSerials, VerifiedKeyAttestation,
    },
    x509::{CachedIssuer, IssuerKey, SubjectKey, TrustAnchor},
};
use genuine_testvectors::{
    AndroidVector,
    android::AndroidPki,
    android_vectors,
    certificate::{field, oid, part},
    der::{Content, Der, tag},
};
use x509_cert::der::{Decode as _, Encode as _};

use crate::{
    android::{
        certificate::{Certificate, Issuer},
        demands::{Demands, OTHER_SIGNERS},
        description, tree,
        verdict::{self, Known, Operator},
    },
    around::Slot,
    codes,
    crypto::{Asked, Prepared, Yes},
    naive,
};

/// A good chain of the suite, with the places of each certificate that are worth filling.
struct Base {
    vector: AndroidVector,
    certificates: Vec<Vec<(Slot, Vec<u8>)>>,
}

/// The good chains.
static BASES: LazyLock<Vec<Base>> = LazyLock::new(|| {
    let good = android_vectors().filter(|vector| vector.expected == "pass" && vector.request.is_none());
    good.map(|vector| Base { certificates: vector.certificates().into_iter().map(places).collect(), vector }).collect()
});

/// The trust anchors of the suite: names, point and modulus.
static ROOTS: LazyLock<[(Vec<u8>, Vec<u8>); 2]> = LazyLock::new(|| {
    let authorities = AndroidPki::default();
    [
        (authorities.p384_root_subject(), authorities.p384_root_point()[1..].to_vec()),
        (authorities.rsa_root_subject(), authorities.rsa_root_modulus()),
    ]
});

/// Mints what inputs change.
pub fn prepare() {
    let _ = (LazyLock::force(&BASES), LazyLock::force(&ROOTS));
}

/// The first byte of an input that brings a chain of its own.
const OWN: u8 = 0xFF;
/// The most changes of a chain.
const MOST_CHANGES: usize = 4;
/// The kinds of changes: what a certificate has in a place, and four of the list.
const TAKE_OUT: u8 = 0xFC;
const REPEAT: u8 = 0xFD;
const EXCHANGE: u8 = 0xFE;
const PUT_IN: u8 = 0xFF;
/// A package that is not in any chain of the suite, and whose policy stands before that of the one that is.
const BESIDE: &str = "org.example.beside";

/// The places of a certificate, and what is there: elements of the certificate, and of the description in it.
fn places(octets: &[u8]) -> Vec<(Slot, Vec<u8>)> {
    let mut certificate = Der::decode(octets);
    let mut paths: Vec<Vec<usize>> = vec![vec![], vec![part::TBS], vec![part::ALGORITHM], vec![part::SIGNATURE]];
    paths.extend((field::VERSION..=field::EXTENSIONS).map(|field| vec![part::TBS, field]));
    paths.extend([0, 1].map(|position| vec![part::TBS, field::SPKI, position]));
    paths.extend([0, 1].map(|position| vec![part::TBS, field::VALIDITY, position]));
    let list = [part::TBS, field::EXTENSIONS, 0];
    paths.push(list.to_vec());
    for (number, extension) in certificate[part::TBS][field::EXTENSIONS][0].elements().iter_mut().enumerate() {
        let value = extension.elements().len() - 1;
        paths.extend([[&list[..], &[number]].concat(), [&list[..], &[number, value]].concat()]);
        if *extension.elements()[0].octets() == oid::KEY_DESCRIPTION {
            let description = Der::decode(extension.elements()[value].octets());
            let mut inner = vec![vec![0]];
            for list in [6, 7] {
                let Content::Elements(elements) = &description.content else { continue };
                let Content::Elements(entries) = &elements[list].content else { continue };
                inner.extend((0..entries.len()).flat_map(|entry| [vec![0, list, entry], vec![0, list, entry, 0]]));
            }
            inner.extend((0..8).map(|member| vec![0, member]));
            paths.extend(inner.iter().map(|path| [&list[..], &[number, value], path].concat()));
            extension.elements()[value] = Der::constructed(tag::OCTET_STRING, vec![description]);
        }
    }
    paths.iter().map(|path| Slot::inside(&certificate, path)).collect()
}

/// A chain that is made of an input.
struct Made {
    certificates: Vec<Vec<u8>>,
    vector: &'static AndroidVector,
}

impl Made {
    /// A good chain (1 byte), changed; or the certificates, one after the other.
    fn new(base: u8, mut rest: &[u8]) -> Self {
        if base == OWN {
            let mut certificates = Vec::new();
            while !rest.is_empty() {
                let length = tree::first(rest).map_or(rest.len(), |(certificate, _)| certificate.whole.len());
                let (certificate, others) = rest.split_at(length);
                certificates.push(certificate.to_vec());
                rest = others;
            }
            return Self { certificates, vector: &BASES[0].vector };
        }
        let base = &BASES[usize::from(base) % BASES.len()];
        let mut certificates: Vec<Vec<u8>> = base.vector.certificates().into_iter().map(<[u8]>::to_vec).collect();
        for _ in 0..MOST_CHANGES {
            let Some((&[what, place, length], others)) = rest.split_first_chunk() else { break };
            let (content, others) = others.split_at(usize::from(length).min(others.len()));
            rest = others;
            let place = usize::from(place);
            match what {
                TAKE_OUT if place < certificates.len() => drop(certificates.remove(place)),
                REPEAT if place < certificates.len() => certificates.insert(place, certificates[place].clone()),
                EXCHANGE if place + 1 < certificates.len() => certificates.swap(place, place + 1),
                PUT_IN if place <= certificates.len() => {
                    let of = &BASES[usize::from(content.first().copied().unwrap_or(0)) % BASES.len()].vector;
                    let number = usize::from(content.get(1).copied().unwrap_or(0)) % of.certificates_b64.len();
                    certificates.insert(place, of.certificates_b64[number].0.clone());
                }
                what if what < TAKE_OUT => {
                    let position = usize::from(what) % base.certificates.len();
                    if let (Some((slot, _)), Some(certificate)) =
                        (base.certificates[position].get(place), certificates.get_mut(position))
                    {
                        *certificate = slot.fill(content);
                    }
                }
                _ => {}
            }
        }
        Self { certificates, vector: &base.vector }
    }
}

/// A good chain (1 byte), what is demanded (4 bytes) and expected (1 byte); then changes: the certificate, the place in it, a length, and
/// as many bytes as stand there then. Or [`OWN`], the same, and a chain.
///
/// Parsing and the verdict are those of a model that makes the checks one after the other; accepted ⇒ x509-cert reads the certificates
/// so that every rule holds, and the signatures that were asked for are those of the chain; with a cache of issuers the same, without
/// those of the certificates above the secure hardware's where the issuer is kept, unless one of these signatures is another.
pub fn run(data: &[u8]) {
    let Some((&[base, bits @ .., expected], rest)) = data.split_first_chunk::<6>() else { return };
    let made = Made::new(base, rest);
    let chain: Vec<&[u8]> = made.certificates.iter().map(Vec::as_slice).collect();
    check(&chain, made.vector, u32::from_be_bytes(bits), expected);
}

fn check(chain: &[&[u8]], vector: &AndroidVector, bits: u32, expected: u8) {
    let parsed = KeyAttestation::parse(chain);
    let (ours, (certificates, description)) = match (parsed, verdict::parse(chain)) {
        (Ok(ours), Ok(theirs)) => (ours, theirs),
        (Err(ours), Err(theirs)) => {
            assert_eq!(ours, theirs);
            return codes::record::<()>(&Err(ours));
        }
        (ours, theirs) => panic!("{:?} and {:?}", ours.err(), theirs.err()),
    };
    description::agree(ours.description(), &description);
    assert!(ours.certificates().map(genuine::x509::Certificate::tbs).eq(certificates.iter().map(|one| one.tbs)));

    let demands = Demands::from_bits(bits);
    let with_rsa = bits >> 31 == 0;
    let signers: Vec<[u8; 32]> =
        vector.signing_digests.iter().map(|digest| digest.0[..].try_into().expect("32 octets")).collect();
    let challenge = match expected >> 2 & 3 {
        0 | 1 => &vector.challenge.0[..],
        2 => b"another challenge",
        _ => b"",
    };
    let now = match expected & 3 {
        0 => vector.now,
        1 => 0,
        2 => 3_000_000_000,
        _ => 1_400_000_000,
    };
    let listed = listed(&certificates, expected);
    let operator = Operator {
        p384_root: (&ROOTS[0].0, &ROOTS[0].1),
        rsa_root: with_rsa.then_some((&ROOTS[1].0, &ROOTS[1].1)),
        policies: [(BESIDE, &[[0; 32]], Demands::from_bits(0)), (&vector.package_name, &signers, demands)],
        challenge,
        revoked: &|serial| {
            listed.as_ref().map_or(RevocationStatus::Good, |(found, status)| match found == serial {
                true => *status,
                false => RevocationStatus::Good,
            })
        },
        now,
    };
    let predicted = operator.verdict(certificates, description);

    let others = [&OTHER_SIGNERS[..]];
    let policies = [
        Demands::from_bits(0).policy(BESIDE, &[[0; 32]], &others),
        demands.policy(&vector.package_name, &signers, &others),
    ];
    let p384: [u8; 96] = ROOTS[0].1[..].try_into().expect("a point");
    let anchors = [
        TrustAnchor::new(&ROOTS[0].0, IssuerKey::P384(&p384)),
        TrustAnchor::new(&ROOTS[1].0, IssuerKey::Rsa(RsaPublicKey::new(&ROOTS[1].1).expect("a modulus"))),
    ];
    let yes = Yes::new([0; 32], [0; 32]);
    let entries: Vec<_> = listed.iter().map(|(serial, status)| (serial.as_str(), *status)).collect();
    let revoked = RevokedSerials::new(&entries).expect("one serial number");
    let issuers: RefCell<[Option<CachedIssuer<Yes, Prepared>>; 2]> = RefCell::new([const { None }; 2]);
    let now = UnixTime(now);
    let above = predicted.iter().flat_map(|known| known.hardware_position() + 1..known.below.len());
    let forged: Vec<_> = above.map(|position| forged(chain, position)).collect();
    let forged: Vec<Vec<&[u8]>> = forged.iter().map(|chain| chain.iter().map(Vec::as_slice).collect()).collect();
    macro_rules! ask {
        ($verifier:expr) => {{
            let verifier = $verifier.expect("a good configuration");
            let caching = verifier.with_issuer_cache(&issuers);
            yes.take();
            let verdicts = [
                (verifier.verify(&ours, challenge, &revoked, now), yes.take()),
                (caching.verify(&ours, challenge, &revoked, now), yes.take()),
                (caching.verify(&ours, challenge, &operator.revoked, now), yes.take()),
            ];
            for chain in &forged {
                let (Ok(ours), Ok(theirs)) = (KeyAttestation::parse(chain), verdict::parse(chain)) else {
                    panic!("a signature is not looked at when parsing");
                };
                let verdict = caching.verify(&ours, challenge, &revoked, now);
                let (asked, predicted) = (yes.take(), operator.verdict(theirs.0, theirs.1));
                assert_eq!(verdict.map(drop).err(), predicted.as_ref().err().copied());
                if let Ok(known) = predicted {
                    assert_eq!(asked.signatures, known.questions, "an issuer is known again under another signature");
                }
            }
            verdicts
        }};
    }
    let verdicts = if with_rsa {
        ask!(KeyAttestationVerifier::new(&policies, &anchors, &yes))
    } else {
        ask!(KeyAttestationVerifier::without_rsa(&policies, &anchors[..1], &yes))
    };
    for (number, (verdict, asked)) in verdicts.iter().enumerate() {
        codes::record(verdict);
        match (verdict, &predicted) {
            (Ok(proof), Ok(known)) => agree(proof, known, asked, number == 2),
            (Err(ours), Err(theirs)) => {
                assert_eq!(ours, theirs);
                // What is not asked for before everything else has passed.
                assert!(asked.signatures.is_empty() || *ours == Error::AndroidSignature, "{ours}");
            }
            (ours, theirs) => panic!("{:?} and {:?}", ours.as_ref().err(), theirs.as_ref().err()),
        }
    }
    if let Ok(known) = &predicted {
        keeps_the_rules(known, chain, &demands, now.0);
    }
}

/// What the revocation list says, if it says something: a serial number of the chain, and its status.
fn listed(certificates: &[Certificate<'_>], expected: u8) -> Option<(String, RevocationStatus)> {
    let position = usize::from(expected >> 4 & 7).checked_sub(1)?;
    let status = if expected & 0x80 == 0 { RevocationStatus::Revoked } else { RevocationStatus::Suspended };
    Some((certificates.get(position)?.serial_text(), status))
}

/// The chain with a bit changed of the signature of the certificate at this position.
fn forged(chain: &[&[u8]], position: usize) -> Vec<Vec<u8>> {
    let mut forged: Vec<Vec<u8>> = chain.iter().map(|certificate| certificate.to_vec()).collect();
    *forged[position].last_mut().expect("it was read") ^= 1;
    forged
}

/// The proof says what the model knows, and the backend was asked about the signatures of the chain, each once.
fn agree(proof: &VerifiedKeyAttestation<'_>, known: &Known<'_>, asked: &Asked, has_issuer: bool) {
    assert_eq!((proof.policy_index(), proof.provisioning()), (known.policy, known.provisioning));
    description::agree(proof.description(), &known.description);
    let serials: Vec<_> = known.below.iter().map(Certificate::serial_text).collect();
    assert!(proof.serials().map(|serial| serial.to_string()).eq(serials.iter().cloned()));
    let key = known.below[0].key;
    let (algorithm, octets) = match proof.key() {
        SubjectKey::P256(point) => (oid::EC_PUBLIC_KEY, [&[4], &point[..]].concat()),
        SubjectKey::P384(point) => (oid::EC_PUBLIC_KEY, [&[4], &point[..]].concat()),
        SubjectKey::Other { algorithm, key } => (algorithm.id(), key.to_vec()),
        other => panic!("{other:?}"),
    };
    assert_eq!((algorithm, octets), (key.algorithm, key.octets.to_vec()));
    if let Some(point) = proof.public_key() {
        assert!(asked.points.iter().any(|checked| checked[..] == point.0), "a key that was not checked");
    }
    let info = known.hardware.extension(oid::PROVISIONING_INFO).and_then(provisioning_info);
    assert_eq!(proof.provisioning_info().map(|info| (info.certificates_issued, info.manufacturer)), info);
    let owned = proof.to_owned();
    assert!(owned.serials().map(ToString::to_string).eq(serials));
    assert_eq!(
        (owned.policy_index, owned.key, owned.security_level),
        (known.policy, proof.public_key(), proof.security_level())
    );
    assert_eq!(owned.unknown_tags, known.description.unknown_tags());

    let count = known.questions.len();
    // An issuer on P-256 that is there spares the signatures above the secure hardware's certificate.
    let hardware = known.hardware_position();
    let is_kept = has_issuer
        && matches!(known.below.get(hardware + 1).and_then(Certificate::issuer_key), Some(Issuer::P256(_)))
        && known.hardware.algorithm.1.is_empty();
    let spared = if is_kept { count - hardware - 1 } else { 0 };
    assert_eq!(asked.signatures, known.questions[spared..]);
}

/// `ProvisioningInfo`, read as CBOR by the plain reader: certificates issued, and manufacturer.
fn provisioning_info(octets: &[u8]) -> Option<(Option<u64>, Option<&str>)> {
    /// As many items in a value that nobody knows are passed over.
    const MOST: usize = 16;
    let naive::Item::Map(entries) = naive::Item::whole(octets)? else { return None };
    let mut info = (None, None);
    for (key, value) in entries {
        let naive::Item::Integer(key) = key else { return None };
        i64::try_from(key).ok()?;
        match (key, value) {
            (1, naive::Item::Integer(number)) => info.0 = Some(u64::try_from(i64::try_from(number).ok()?).ok()?),
            (3, naive::Item::Text(text)) => info.1 = Some(text),
            (1 | 3, _) => return None,
            (_, value) => {
                if value.count() > MOST {
                    return None;
                }
            }
        }
    }
    Some(info)
}

/// Every rule holds of what was accepted, as x509-cert reads it. A certificate that it does not read is one of those that the target
/// `certificate` lists with its reasons, or a leaf, of which periods mean nothing.
fn keeps_the_rules(known: &Known<'_>, chain: &[&[u8]], demands: &Demands, now: u64) {
    let read: Vec<_> = chain.iter().map(|one| x509_cert::Certificate::from_der(one).ok()).collect();
    let id = |octets: &[u8]| x509_cert::der::oid::ObjectIdentifier::from_bytes(octets).expect("an identifier");
    let described = id(oid::KEY_DESCRIPTION);
    let hardware = known.hardware_position();
    for (position, (ours, theirs)) in known.below.iter().zip(&read).enumerate() {
        let Some(theirs) = theirs else { continue };
        let tbs = theirs.tbs_certificate();
        assert_eq!(tbs.to_der().expect("it was decoded"), ours.tbs);
        assert_eq!(tbs.serial_number().as_bytes(), ours.serial);
        assert_eq!(tbs.subject_public_key_info().subject_public_key.raw_bytes(), ours.key.octets);
        assert_eq!(theirs.signature().raw_bytes(), ours.signature);
        if let Some(Some(issuer)) = read.get(position + 1) {
            assert_eq!(tbs.issuer(), issuer.tbs_certificate().subject());
        }
        let extensions = tbs.extensions().expect("version 3 with extensions");
        assert_eq!(extensions.iter().any(|extension| extension.extn_id == described), position < hardware);
        if position >= hardware && !demands.without_validity {
            let [from, until] =
                [tbs.validity().not_before, tbs.validity().not_after].map(|time| time.to_unix_duration().as_secs());
            assert!(from <= now && (known.provisioning == Provisioning::Factory || now <= until));
        }
        if position > hardware {
            let constraints = tbs.get_extension::<x509_cert::ext::pkix::BasicConstraints>();
            assert!(constraints.is_ok_and(|constraints| constraints.is_some_and(|(_, constraints)| constraints.ca)));
        }
    }
    assert!(hardware == 1 || hardware == 2 && demands.attest_keys);
}

/// Each good chain under each demand and each expectation, each vector as it is, and each place of a remote chain as it is.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let bases = 0..u8::try_from(BASES.len()).expect("some dozen");
    let plain = bases.clone().map(|base| vec![base, 0, 0, 0, 0, 0]);
    let demanding =
        bases.flat_map(|base| (0..32).map(move |bit| [&[base][..], &(1_u32 << bit).to_be_bytes(), &[0]].concat()));
    let all = [&[0][..], &(0x0028_8000_u32 | 0x3C).to_be_bytes(), &[0]].concat();
    let expecting = (0..=0xFF).map(|expected| vec![0, 0, 0, 0, 0, expected]);
    let vectors = android_vectors().map(|vector| {
        let policy = &vector.policy;
        let bits = [
            policy.require_remote_provisioning,
            policy.require_strong_box,
            policy.accept_boot_keys.is_some(),
            policy.accept_shared_user_id,
            policy.accept_attest_keys,
            policy.accept_any_key,
            policy.refuse_unknown_tags,
            policy.accept_suspended,
            policy.danger_ignore_validity_period,
            policy.danger_accept_unlocked,
        ];
        let bits = (0..).zip(bits).fold(0_u32, |all, (bit, is_set)| all | u32::from(is_set) << bit);
        [&[OWN][..], &bits.to_be_bytes(), &[0], &vector.certificates().concat()].concat()
    });
    let places = (0..).zip(&BASES[0].certificates).flat_map(|(position, places): (u8, _)| {
        (0..).zip(places).map(move |(place, (_, content)): (u8, _)| {
            let length = u8::try_from(content.len()).unwrap_or(0xFF);
            [&[0, 0, 0, 0, 0, 0, position, place, length], &content[..usize::from(length)]].concat()
        })
    });
    let lists = [TAKE_OUT, REPEAT, EXCHANGE, PUT_IN]
        .into_iter()
        .flat_map(|what| (0..6).map(move |place| vec![0, 0, 0, 0, 0, 0, what, place, 2, 2, place]));
    plain.chain(demanding).chain([all]).chain(expecting).chain(vectors).chain(places).chain(lists).collect()
}
