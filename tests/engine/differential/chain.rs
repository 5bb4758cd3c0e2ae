//! Chains: the attestation verifier's verdict against rustls-webpki's.
//!
//! Only the certificates are changed; nonce, App ID and the rest stay valid, or the verdict on the chain is not known.

use genuine::{
    Error, UnixTime,
    app_attest::{
        APPLE_APP_ATTEST_ROOT, AppIdHash, AttestationObject, AttestationVerifier, ClientDataHash, Environments, KeyId,
        Policy,
    },
    crypto::RustCrypto,
    x509::TrustAnchor,
};
use genuine_testvectors::{
    Device, Mutation, TestPki,
    certificate::{UnsignedCertificate, algorithm, extension, field, name, oid, part, time},
    der::{Der, tag},
    keys::{Hash, Signer, sha256},
};
use rustls_pki_types::{CertificateDer, UnixTime as PkiTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert, ring};

use super::{
    certificate::certificates_of,
    corpus::{Allowed, Divergences, Entry, SERIES, bundled, device, real, real_directory},
};

/// What the engine accepts and webpki refuses.
const LOOSER: &[Allowed] = &[
    Allowed {
        how: "RequiredEkuNotFoundContext",
        why: "RFC 5280 §4.2.1.12: an extended key usage restricts the certificate that has it; the intermediate's is looked \
              at where it is critical",
        named: &["intermediate: purpose of a TLS server", "certificate::intermediate-purpose-tls"],
    },
    Allowed {
        how: "NameConstraintViolation",
        why: "RFC 5280 §4.2.1.10: name constraints are critical, and critical ones are refused; others are not processed",
        named: &["intermediate: nameConstraints, and a name outside of them"],
    },
];

/// What webpki accepts and the engine refuses, and why it does.
const STRICTER: &[Allowed] = &[
    Allowed {
        how: "BasicConstraints",
        why: "RFC 5280 §4.2.1.9: critical in an authority, no path length without cA; webpki looks at cA and path length alone",
        named: &[
            "intermediate: basicConstraints not critical",
            "leaf: path length",
            "certificate::path-length-without-authority",
            "certificate::intermediate-authority-not-critical",
        ],
    },
    Allowed {
        how: "CertSerial",
        why: "RFC 5280 §4.1.2.2: positive, at most 20 octets; webpki is lenient here by name",
        named: &[
            "der::serial-zero",
            "der::intermediate-serial-zero",
            "der::serial-negative",
            "der::intermediate-serial-negative",
            "der::serial-21-octets",
            "der::intermediate-serial-21-octets",
            "leaf: serial 0",
            "leaf: serial of 21 octets",
            "leaf: serial −128",
        ],
    },
    Allowed {
        how: "CertTooLarge",
        why: "a bound of ours: `MAX_CERTIFICATE`",
        named: &["envelope::leaf-2049-bytes", "leaf: 2049 bytes", "certificate::over-cap-by-extensions"],
    },
    Allowed {
        how: "DerBitString",
        why: "X.690 §11.2: a named-bit list has no trailing zeros, and padding is zero; webpki reads the one bit it needs, and leaves the key of a leaf alone",
        named: &[
            "der::key-unused-bits",
            "der::key-usage-unused-bit-set",
            "der::intermediate-key-usage-unused-bit-set",
            "der::key-usage-trailing-zero-octet",
            "der::intermediate-key-usage-trailing-zero-octet",
            "intermediate: keyUsage in 17 bits",
        ],
    },
    Allowed {
        how: "DerBoolean",
        why: "X.690 §11.5: a DEFAULT is left out; webpki takes it spelled out",
        named: &[
            "der::critical-false-spelled-out",
            "der::intermediate-critical-false-spelled-out",
            "der::ca-false-spelled-out",
            "leaf: cA FALSE",
        ],
    },
    Allowed {
        how: "DerInteger",
        why: "X.690 §8.3.2: the serial number is minimal",
        named: &[
            "der::serial-leading-zero",
            "der::intermediate-serial-leading-zero",
            "der::serial-leading-ff",
            "der::intermediate-serial-leading-ff",
            "der::serial-without-octets",
            "der::intermediate-serial-without-octets",
            "leaf: serial not minimal",
        ],
    },
    Allowed {
        how: "DerLength",
        why: "webpki does not look into the subject of a leaf, nor its key; the engine reads everything",
        named: &[],
    },
    Allowed { how: "DerOid", why: "as above", named: &[] },
    Allowed { how: "DerTag", why: "as above", named: &[] },
    Allowed { how: "DerTrailing", why: "as above", named: &[] },
    Allowed {
        how: "DerTruncated",
        why: "as above; and every certificate has extensions, which webpki does not need in a leaf",
        named: &["leaf: no extensions"],
    },
    Allowed {
        how: "DerTime",
        why: "RFC 5280 §4.1.2.5: dates through 2049 are UTCTime",
        named: &[
            "der::not-before-generalized-time",
            "der::intermediate-not-before-generalized-time",
            "intermediate: GeneralizedTime",
            "leaf: GeneralizedTime",
        ],
    },
    Allowed {
        how: "ExtCriticalUnknown",
        why: "webpki processes subjectAltName and name constraints; the engine refuses them where they are critical",
        named: &[
            "intermediate: nameConstraints critical",
            "leaf: subjectAltName critical",
            "certificate::name-constraints-critical",
            "certificate::intermediate-name-constraints",
        ],
    },
    Allowed {
        how: "ExtDuplicate",
        why: "RFC 5280 §4.2: no extension occurs twice; webpki notices for those that it processes",
        named: &[
            "intermediate: unknown twice",
            "leaf: unknown twice",
            "certificate::another-nonce-after",
            "certificate::another-nonce-before",
        ],
    },
    Allowed {
        how: "ExtLimit",
        why: "a bound of ours: `MAX_EXTENSIONS`",
        named: &["leaf: seventeen extensions", "certificate::17-extensions"],
    },
    Allowed {
        how: "ExtMalformed",
        why: "the keyUsage of a leaf is read; an extension has a value; a path length is below 128; all purposes are read",
        named: &[
            "der::key-usage-empty",
            "der::intermediate-key-usage-empty",
            "der::nonce-empty",
            "der::extensions-empty",
            "intermediate: path length 128",
            "certificate::purposes-second-malformed",
        ],
    },
    Allowed {
        how: "IssuerMismatch",
        why: "the chain has an intermediate; webpki finds the shorter path from the leaf to the anchor. An issuer has a name \
              (RFC 5280 §4.1.2.4); webpki compares two empty ones",
        named: &["chain::leaf-issuer-and-subject-above-empty", "leaf: signed by the root"],
    },
    Allowed {
        how: "KeyUsage",
        why: "both have a key usage that fits their place; webpki reads it for revocation lists alone",
        named: &[
            "intermediate: keyUsage cRLSign",
            "intermediate: no keyUsage",
            "leaf: keyUsage empty",
            "leaf: keyUsage keyAgreement",
            "leaf: keyUsage keyCertSign",
            "leaf: no keyUsage",
            "certificate::may-sign-certificates",
            "certificate::may-not-sign",
            "certificate::key-usage-missing",
            "certificate::intermediate-may-sign-crls-alone",
            "certificate::intermediate-key-usage-missing",
        ],
    },
    Allowed {
        how: "SelfIssued",
        why: "an intermediate under the anchor's name is the anchor; webpki takes any path that ends in it",
        named: &["chain::leaf-under-the-anchor", "chain::intermediate-named-as-the-root"],
    },
    Allowed {
        how: "SpkiAlgorithm",
        why: "the leaf's key is on P-256; webpki leaves that key to the protocol",
        named: &[
            "leaf: a key on P-384",
            "certificate::key-p384",
            "certificate::key-rsa",
            "certificate::key-ed25519",
            "certificate::curve-secp256k1",
            "certificate::curve-brainpool-p256r1",
            "certificate::curve-explicit",
            "certificate::curve-missing",
            "certificate::curve-null",
            "certificate::key-for-ecdh",
            "certificate::key-for-ecmqv",
        ],
    },
    Allowed {
        how: "SpkiPoint",
        why: "as above: an uncompressed point of the curve",
        named: &[
            "leaf: compressed point",
            "certificate::point-compressed",
            "certificate::point-compressed-other-sign",
            "certificate::point-hybrid",
            "certificate::point-hybrid-other-sign",
            "certificate::point-at-infinity",
            "certificate::point-without-format",
            "certificate::point-octet-too-many",
        ],
    },
    Allowed {
        how: "LeafKeyInvalid",
        why: "the leaf's key is a point of P-256; webpki leaves that key to the protocol",
        named: &[
            "certificate::attested-point-off-curve",
            "certificate::attested-x-is-prime",
            "certificate::attested-x-above-prime",
            "certificate::attested-y-is-prime",
            "certificate::attested-x-zero",
            "certificate::attested-y-zero",
        ],
    },
];

/// What the engine says of the chain; `None` if it did not come to that.
fn ours(entry: &Entry, anchor: TrustAnchor<'_>) -> Option<Result<(), Error>> {
    let verdict = AttestationObject::parse(&entry.object).and_then(|object| {
        let app = AppIdHash(sha256(&[entry.app_id.as_bytes()]));
        let policies = [Policy::new(app).with_environments(Environments::ProductionAndDevelopment)];
        let anchors = [anchor];
        let verifier = AttestationVerifier::new(&policies, &anchors, &RustCrypto)?;
        let key_id = KeyId::from_slice(&entry.key_id)?;
        verifier.verify(&object, &key_id, &ClientDataHash::new(&entry.client_data)?, UnixTime(entry.now)).map(drop)
    });
    match verdict {
        // Not X.509: what the nonce extension holds is Apple's.
        Err(Error::NonceMissing | Error::NonceMalformed) => None,
        Err(error)
            if matches!(error, Error::CertTooLarge | Error::LeafKeyInvalid)
                || matches!(error.code() / 100, 12 | 13) =>
        {
            Some(Err(error))
        }
        Err(_) => None,
        Ok(()) => Some(Ok(())),
    }
}

/// The purpose of App Attest leaves since January 2026; earlier ones name none, which webpki is told to take.
fn purpose() -> KeyUsage {
    KeyUsage::required_if_present(oid::APP_ATTEST_PURPOSE)
}

fn webpki_verdict(certificates: &[Vec<u8>], root: &[u8], now: u64) -> Result<(), webpki::Error> {
    let root = CertificateDer::from(root);
    let anchors = [anchor_from_trusted_cert(&root)?];
    let [leaf, intermediate] = certificates else { panic!("two certificates") };
    let leaf = CertificateDer::from(leaf.as_slice());
    let intermediates = [CertificateDer::from(intermediate.as_slice())];
    let leaf = EndEntityCert::try_from(&leaf)?;
    let algorithms = [ring::ECDSA_P384_SHA256, ring::ECDSA_P384_SHA384];
    let now = PkiTime::since_unix_epoch(std::time::Duration::from_secs(now));
    leaf.verify_for_usage(&algorithms, &anchors, &intermediates, now, purpose(), None, None).map(drop)
}

/// Both verdicts on all chains seen.
#[derive(Default)]
struct Comparison {
    looser: Divergences,
    stricter: Divergences,
    accepted: u32,
    refused: u32,
    unreached: u32,
}

impl Comparison {
    fn compare(&mut self, entry: &Entry, id: &str, anchor: TrustAnchor<'_>, root: &[u8]) {
        let certificates = certificates_of(&entry.object);
        let verdict = ours(entry, anchor).filter(|_| certificates.len() == 2);
        match verdict.map(|verdict| (verdict, webpki_verdict(&certificates, root, entry.now))) {
            None => self.unreached += 1,
            Some((Ok(()), Ok(()))) => self.accepted += 1,
            Some((Err(_), Err(_))) => self.refused += 1,
            Some((Ok(()), Err(error))) => {
                let error = format!("{error:?}");
                self.looser.add(error.split(['(', ' ']).next().unwrap_or(&error), id);
            }
            Some((Err(error), Ok(()))) => self.stricter.add(error.name(), id),
        }
    }

    /// Mints an attestation with edited certificates and compares the verdicts on it.
    fn mint(&mut self, id: &str, mutation: &Mutation<'_>, now: u64) {
        let device = device();
        let client_data = sha256(&[b"client data"]).to_vec();
        let entry = Entry {
            id: id.to_owned(),
            attestation: true,
            object: mutation.mint_attestation(&device, &client_data),
            app_id: device.app_id().to_owned(),
            key_id: device.key_id().to_vec(),
            client_data,
            now,
        };
        let root = device.authorities().root_der();
        let anchor = TrustAnchor::from_trusted_certificate(&root).expect("a root");
        self.compare(&entry, id, anchor, &root);
    }
}

#[test]
fn genuine_chains_are_accepted_by_both() {
    let Some(directory) = real_directory() else { return };
    let pem = std::fs::read_to_string(directory.join("apple_app_attestation_root_ca.pem")).expect("Apple's root");
    let (_, root) = der::pem::decode_vec(pem.as_bytes()).expect("PEM");
    let mut comparison = Comparison::default();
    let entries: Vec<_> = real().into_iter().filter(|entry| entry.attestation).collect();
    for entry in &entries {
        comparison.compare(entry, &entry.id, APPLE_APP_ATTEST_ROOT, &root);
    }
    comparison.looser.check(&[]);
    comparison.stricter.check(&[]);
    assert_eq!(comparison.accepted as usize, entries.len());
    // And at no time outside of their validity by either.
    for entry in &mut entries.clone() {
        for now in [1_500_000_000, 4_000_000_000] {
            comparison.compare(&Entry { now, ..entry.clone() }, &entry.id, APPLE_APP_ATTEST_ROOT, &root);
        }
    }
    assert_eq!(comparison.refused as usize, 2 * entries.len());
}

type Named = (&'static str, Mutation<'static>);

fn mutation() -> Mutation<'static> {
    Mutation::default()
}

/// One mutation on the leaf, and the same on the intermediate.
fn both(ids: [&'static str; 2], change: fn(&mut UnsignedCertificate)) -> [Named; 2] {
    [(ids[0], mutation().leaf(change)), (ids[1], mutation().intermediate(change))]
}

fn roles() -> Vec<Named> {
    let leaf_constraints =
        |value: &'static [u8]| mutation().leaf(|leaf| leaf.set_extension_value(oid::BASIC_CONSTRAINTS, value));
    let constraints = |value: &'static [u8]| {
        mutation().intermediate(|intermediate| intermediate.set_extension_value(oid::BASIC_CONSTRAINTS, value))
    };
    let leaf_usage = |value: &'static [u8]| mutation().leaf(|leaf| leaf.set_extension_value(oid::KEY_USAGE, value));
    let usage = |value: &'static [u8]| {
        mutation().intermediate(|intermediate| intermediate.set_extension_value(oid::KEY_USAGE, value))
    };
    vec![
        ("leaf: CA", leaf_constraints(&[0x30, 3, 1, 1, 0xFF])),
        ("leaf: path length", leaf_constraints(&[0x30, 3, 2, 1, 0])),
        ("leaf: CA and path length", leaf_constraints(&[0x30, 6, 1, 1, 0xFF, 2, 1, 0])),
        ("leaf: cA FALSE", leaf_constraints(&[0x30, 3, 1, 1, 0])),
        ("leaf: no basicConstraints", mutation().leaf(|leaf| leaf.remove_extension(oid::BASIC_CONSTRAINTS))),
        ("leaf: no keyUsage", mutation().leaf(|leaf| leaf.remove_extension(oid::KEY_USAGE))),
        ("leaf: keyUsage keyAgreement", leaf_usage(&[3, 2, 3, 0x08])),
        ("leaf: keyUsage digitalSignature", leaf_usage(&[3, 2, 7, 0x80])),
        ("leaf: keyUsage keyCertSign", leaf_usage(&[3, 2, 2, 0xF4])),
        ("leaf: keyUsage empty", leaf_usage(&[3, 1, 0])),
        ("leaf: keyUsage decipherOnly", leaf_usage(&[3, 3, 7, 0x80, 0x80])),
        ("intermediate: no CA", constraints(&[0x30, 0])),
        ("intermediate: path length 1", constraints(&[0x30, 6, 1, 1, 0xFF, 2, 1, 1])),
        ("intermediate: path length 127", constraints(&[0x30, 6, 1, 1, 0xFF, 2, 1, 127])),
        ("intermediate: path length 128", constraints(&[0x30, 7, 1, 1, 0xFF, 2, 2, 0, 128])),
        ("intermediate: path length 256", constraints(&[0x30, 7, 1, 1, 0xFF, 2, 2, 1, 0])),
        ("intermediate: no path length", constraints(&[0x30, 3, 1, 1, 0xFF])),
        ("intermediate: path length alone", constraints(&[0x30, 3, 2, 1, 0])),
        (
            "intermediate: no basicConstraints",
            mutation().intermediate(|ca| ca.remove_extension(oid::BASIC_CONSTRAINTS)),
        ),
        (
            "intermediate: basicConstraints not critical",
            mutation().intermediate(|ca| {
                ca.extension(oid::BASIC_CONSTRAINTS).elements().remove(1);
            }),
        ),
        ("intermediate: no keyUsage", mutation().intermediate(|ca| ca.remove_extension(oid::KEY_USAGE))),
        ("intermediate: keyUsage cRLSign", usage(&[3, 2, 1, 0x02])),
        ("intermediate: keyUsage keyCertSign", usage(&[3, 2, 2, 0x04])),
        ("intermediate: keyUsage all", usage(&[3, 3, 7, 0xFF, 0x80])),
        ("intermediate: keyUsage in 17 bits", usage(&[3, 4, 7, 0x04, 0x00, 0x80])),
        (
            "intermediate: the root in its place",
            mutation().chain(|chain| {
                chain.intermediate = Der::decode(&TestPki::default().root_der());
            }),
        ),
        ("intermediate: the leaf in its place", mutation().chain(|chain| chain.intermediate = chain.leaf.clone())),
        (
            "leaf: signed by the root",
            mutation().leaf(|leaf| {
                leaf.signer = TestPki::default().root_signer();
                leaf.tbs[field::ISSUER] = Der::decode(&TestPki::default().root_subject());
            }),
        ),
    ]
}

fn names_and_keys() -> Vec<Named> {
    let other = || name(&[(oid::COMMON_NAME, "Another CA")]);
    let mut rows = vec![
        ("leaf: another issuer", mutation().leaf(move |leaf| leaf.tbs[field::ISSUER] = other())),
        ("intermediate: another subject", mutation().intermediate(move |ca| ca.tbs[field::SUBJECT] = other())),
        ("intermediate: another issuer", mutation().intermediate(move |ca| ca.tbs[field::ISSUER] = other())),
        (
            "issuer in PrintableString",
            mutation().leaf(|leaf| {
                leaf.tbs[field::ISSUER][0][0][1].tag = vec![tag::PRINTABLE_STRING];
            }),
        ),
        (
            "issuer in capitals",
            mutation().leaf(|leaf| leaf.tbs[field::ISSUER][0][0][1].octets().make_ascii_uppercase()),
        ),
        ("leaf: no subject", mutation().leaf(|leaf| leaf.tbs[field::SUBJECT] = Der::sequence(vec![]))),
        (
            "leaf: signed by another CA",
            mutation().leaf(|leaf| leaf.signer = TestPki::new("other").intermediate_signer()),
        ),
        (
            "intermediate: signed by another root",
            mutation().intermediate(|ca| ca.signer = TestPki::new("other").root_signer()),
        ),
        (
            "both: another PKI",
            mutation()
                .leaf(|leaf| leaf.signer = TestPki::new("other").intermediate_signer())
                .chain(|chain| chain.intermediate = TestPki::new("other").intermediate().sign()),
        ),
        (
            "intermediate: a key on P-256",
            mutation().leaf(|leaf| leaf.signer = Signer::p256("ca")).intermediate(|ca| {
                let point = Signer::p256("ca").public_point();
                ca.tbs[field::SPKI] = genuine_testvectors::certificate::ec_public_key(oid::P256, &point);
            }),
        ),
        (
            "leaf: a key on P-384",
            mutation().leaf(|leaf| {
                let point = Signer::p384("leaf").public_point();
                leaf.tbs[field::SPKI] = genuine_testvectors::certificate::ec_public_key(oid::P384, &point);
            }),
        ),
        (
            "leaf: compressed point",
            mutation().leaf(|leaf| {
                let octets = leaf.tbs[field::SPKI][1].octets();
                let parity = octets[65] & 1;
                octets.truncate(34);
                octets[1] = 2 | parity;
            }),
        ),
        (
            "leaf: SHA-384",
            mutation().leaf(|leaf| {
                leaf.set_algorithm(&algorithm(oid::ECDSA_SHA384));
                leaf.hash = Hash::Sha384;
            }),
        ),
        (
            "intermediate: SHA-256",
            mutation().intermediate(|ca| {
                ca.set_algorithm(&algorithm(oid::ECDSA_SHA256));
                ca.hash = Hash::Sha256;
            }),
        ),
        ("leaf: the other hash", mutation().leaf(|leaf| leaf.hash = Hash::Sha384)),
        ("intermediate: the other hash", mutation().intermediate(|ca| ca.hash = Hash::Sha256)),
        ("leaf: s in n − s", mutation().chain(|chain| *chain.leaf[part::SIGNATURE].octets() = twin(&chain.leaf))),
        (
            "intermediate: s in n − s",
            mutation().chain(|chain| {
                *chain.intermediate[part::SIGNATURE].octets() = twin(&chain.intermediate);
            }),
        ),
    ];
    rows.extend(both(["leaf: algorithm parameters NULL", "intermediate: algorithm parameters NULL"], |certificate| {
        let id = certificate.tbs[field::ALGORITHM][0].clone();
        certificate.set_algorithm(&Der::sequence(vec![id, Der::primitive(tag::NULL, &[])]));
    }));
    rows
}

/// The other signature that verifies: s turned into n − s. With the leading octet of a BIT STRING.
fn twin(certificate: &Der) -> Vec<u8> {
    let genuine_testvectors::der::Content::Octets(octets) = &certificate[part::SIGNATURE].content else {
        panic!("a BIT STRING is primitive")
    };
    let signature = p384::ecdsa::Signature::from_der(&octets[1..]).expect("a signature");
    let (r, s) = signature.split_scalars();
    let twin = p384::ecdsa::Signature::from_scalars(r.to_bytes(), (-*s).to_bytes()).expect("not zero");
    [&[0], twin.to_der().as_bytes()].concat()
}

fn forms() -> Vec<Named> {
    let serial = |octets: &'static [u8]| mutation().leaf(|leaf| *leaf.tbs[field::SERIAL].octets() = octets.to_vec());
    let mut rows = vec![
        ("leaf: serial 0", serial(&[0])),
        ("leaf: serial −128", serial(&[0x80])),
        ("leaf: serial of 20 octets", serial(&[0x7F; 20])),
        ("leaf: serial of 21 octets", serial(&[0x7F; 21])),
        ("leaf: serial not minimal", serial(&[0, 1])),
        (
            "leaf: no extensions",
            mutation().leaf(|leaf| {
                leaf.tbs.elements().remove(field::EXTENSIONS);
            }),
        ),
        ("leaf: signature padded", mutation().chain(|chain| chain.leaf[part::SIGNATURE].octets().push(0))),
        (
            "leaf: seventeen extensions",
            mutation().leaf(|leaf| {
                for arc in 0..10 {
                    leaf.extensions().push(extension(&[0x2A, 3, arc], false, &[5, 0]));
                }
            }),
        ),
        (
            "leaf: 2049 bytes",
            mutation().leaf(|leaf| leaf.extensions().push(extension(&[0x2A, 3, 4], false, &[5; 1500]))),
        ),
    ];
    rows.extend(both(["leaf: version 2", "intermediate: version 2"], |certificate| {
        *certificate.tbs[field::VERSION][0].octets() = vec![1];
    }));
    rows.extend(both(["leaf: unique identifiers", "intermediate: unique identifiers"], |certificate| {
        certificate.tbs.elements().insert(field::EXTENSIONS, Der::primitive(0x81, &[0, 1]));
    }));
    rows.extend(both(["leaf: notBefore after notAfter", "intermediate: notBefore after notAfter"], |certificate| {
        certificate.tbs[field::VALIDITY].elements().swap(0, 1);
    }));
    rows.extend(both(["leaf: GeneralizedTime", "intermediate: GeneralizedTime"], |certificate| {
        let text = b"20200101000000Z";
        certificate.tbs[field::VALIDITY].elements()[0] = Der::primitive(tag::GENERALIZED_TIME, text);
    }));
    rows.extend(both(["leaf: until 9999", "intermediate: until 9999"], |certificate| {
        certificate.tbs[field::VALIDITY].elements()[1] = time(253_402_300_799);
    }));
    rows.extend(both(["leaf: from 1960", "intermediate: from 1960"], |certificate| {
        certificate.tbs[field::VALIDITY].elements()[0] = Der::primitive(tag::UTC_TIME, b"600101000000Z");
    }));
    rows
}

fn extensions() -> Vec<Named> {
    let mut rows = vec![
        (
            "leaf: purpose of a TLS server",
            mutation().leaf(|leaf| {
                leaf.set_extension_value(oid::EXT_KEY_USAGE, &[0x30, 10, 6, 8, 0x2B, 6, 1, 5, 5, 7, 3, 1]);
            }),
        ),
        (
            "leaf: any purpose",
            mutation().leaf(|leaf| {
                leaf.set_extension_value(oid::EXT_KEY_USAGE, &[0x30, 6, 6, 4, 0x55, 0x1D, 0x25, 0]);
            }),
        ),
        ("leaf: purposes empty", mutation().leaf(|leaf| leaf.set_extension_value(oid::EXT_KEY_USAGE, &[0x30, 0]))),
        (
            "leaf: purpose critical",
            mutation().leaf(|leaf| {
                leaf.extension(oid::EXT_KEY_USAGE).elements().insert(1, Der::true_value());
            }),
        ),
        ("leaf: no purpose", mutation().leaf(|leaf| leaf.remove_extension(oid::EXT_KEY_USAGE))),
        (
            "intermediate: purpose of a TLS server",
            mutation().intermediate(|ca| {
                ca.extensions().push(extension(
                    oid::EXT_KEY_USAGE,
                    false,
                    &[0x30, 10, 6, 8, 0x2B, 6, 1, 5, 5, 7, 3, 1],
                ));
            }),
        ),
        (
            "leaf: subjectAltName critical",
            mutation().leaf(|leaf| {
                leaf.extensions().push(extension(&[0x55, 0x1D, 17], true, &[0x30, 3, 0x82, 1, b'a']));
            }),
        ),
        (
            "intermediate: nameConstraints critical",
            mutation().intermediate(|ca| {
                ca.extensions().push(extension(&[0x55, 0x1D, 30], true, &[0x30, 7, 0xA0, 5, 0x30, 3, 0x82, 1, b'a']));
            }),
        ),
        (
            "intermediate: nameConstraints, and a name outside of them",
            mutation()
                .intermediate(|ca| {
                    ca.extensions().push(extension(
                        &[0x55, 0x1D, 30],
                        false,
                        &[0x30, 7, 0xA0, 5, 0x30, 3, 0x82, 1, b'a'],
                    ));
                })
                .leaf(|leaf| {
                    leaf.extensions().push(extension(&[0x55, 0x1D, 17], false, &[0x30, 3, 0x82, 1, b'b']));
                }),
        ),
    ];
    rows.extend(both(["leaf: unknown critical", "intermediate: unknown critical"], |certificate| {
        certificate.extensions().push(extension(&[0x2A, 3, 4], true, &[5, 0]));
    }));
    rows.extend(both(["leaf: unknown", "intermediate: unknown"], |certificate| {
        certificate.extensions().push(extension(&[0x2A, 3, 4], false, &[5, 0]));
    }));
    rows.extend(both(["leaf: unknown twice", "intermediate: unknown twice"], |certificate| {
        for _ in 0..2 {
            certificate.extensions().push(extension(&[0x2A, 3, 4], false, &[5, 0]));
        }
    }));
    rows.extend(both(["leaf: keyUsage twice", "intermediate: keyUsage twice"], |certificate| {
        let twice = certificate.extension(oid::KEY_USAGE).clone();
        certificate.extensions().push(twice);
    }));
    rows
}

#[test]
fn verdicts_agree() {
    let mut comparison = Comparison::default();
    let now = device().issue_time();
    for (id, mutation) in [roles(), names_and_keys(), forms(), extensions()].into_iter().flatten() {
        comparison.mint(id, &mutation, now);
    }
    let root = TestPki::default().root_der();
    let anchor = TrustAnchor::from_trusted_certificate(&root).expect("a root");
    for entry in bundled().iter().filter(|entry| entry.attestation) {
        comparison.compare(entry, &entry.id, anchor, &root);
    }
    flip_signed_parts(&mut comparison);
    flip_signatures(&mut comparison);
    let Comparison { looser, stricter, accepted, refused, unreached } = comparison;
    println!("accepted by both {accepted}, refused by both {refused}, not reached {unreached}");
    looser.check(LOOSER);
    stricter.check(STRICTER);
    assert!(accepted >= 500 && refused >= 500, "{accepted}, {refused}");
}

/// Every byte of both signed parts changed, and signed again, so that form and content decide.
fn flip_signed_parts(comparison: &mut Comparison) {
    let now = device().issue_time();
    let leaf_length = device().leaf(&[0; 32]).tbs.encode().len();
    let intermediate_length = TestPki::default().intermediate().tbs.encode().len();
    let flip = |certificate: &mut UnsignedCertificate, at: usize| {
        let mut bytes = certificate.tbs.encode();
        bytes[at] ^= [0x01, 0x80, 0x20, 0x0F][at % 4];
        certificate.tbs = Der::raw(&bytes);
    };
    for at in 0..leaf_length {
        comparison.mint(SERIES, &Mutation::default().leaf(move |leaf| flip(leaf, at)), now);
    }
    for at in 0..intermediate_length {
        comparison.mint(SERIES, &Mutation::default().intermediate(move |ca| flip(ca, at)), now);
    }
}

/// Every byte behind the signed parts changed.
fn flip_signatures(comparison: &mut Comparison) {
    let now = device().issue_time();
    for behind in 1..=118 {
        let flip = move |certificate: &mut Der| {
            let mut bytes = certificate.encode();
            let at = bytes.len() - behind;
            bytes[at] ^= [0x01, 0x80, 0x20][at % 3];
            *certificate = Der::raw(&bytes);
        };
        comparison.mint(SERIES, &Mutation::default().chain(move |chain| flip(&mut chain.leaf)), now);
        comparison.mint(SERIES, &Mutation::default().chain(move |chain| flip(&mut chain.intermediate)), now);
    }
}

/// Both ends of both periods, a second on either side.
#[test]
fn validity_agrees_to_the_second() {
    let device: Device = device();
    let mut comparison = Comparison::default();
    let (from, until) = (device.not_before(), device.not_after());
    for now in [from - 1, from, from + 1, until - 1, until, until + 1] {
        comparison.mint("leaf", &mutation(), now);
        let narrow = mutation()
            .intermediate(move |ca| {
                ca.tbs[field::VALIDITY] = Der::sequence(vec![time(from), time(until)]);
            })
            .leaf(|leaf| leaf.tbs[field::VALIDITY] = Der::sequence(vec![time(1), time(4_000_000_000)]));
        comparison.mint("intermediate", &narrow, now);
    }
    comparison.looser.check(&[]);
    comparison.stricter.check(&[]);
    assert_eq!((comparison.accepted, comparison.refused), (8, 4));
}
