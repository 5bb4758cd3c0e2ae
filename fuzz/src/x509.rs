//! Certificates that the engine accepts, read once more by x509-cert, x509-parser and rustls-webpki.
//!
//! Each of them must accept as well and read the same, but for what is listed here with its reason.

use std::{cell::RefCell, collections::HashSet};

use der::{
    Decode as _, Encode as _, Sequence,
    asn1::{BitStringRef, UintRef},
};
use genuine::{
    Error,
    app_attest::{DeviceInfo, MAX_CERTIFICATE, Platform},
    x509::{Certificate, SubjectKey},
};
use genuine_testvectors::{certificate::oid, der::Der, keys::Hash};
use rustls_pki_types::CertificateDer;
use webpki::EndEntityCert;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage};
use x509_parser::{
    asn1_rs::{Any, Class, FromDer as _, OctetString, Tag},
    certificate::X509CertificateParser,
    nom::Parser as _,
};

use crate::{codes, crypto::Question};

/// Panics unless the three read what the engine read.
///
/// Most inputs change one certificate of two or none, so that what was compared lately is not compared again.
pub(crate) fn agree(input: &[u8], ours: &Certificate<'_>) {
    let (outer, inner) = (input.as_ptr_range(), ours.tbs().as_ptr_range());
    assert!(outer.start < inner.start && inner.end < outer.end, "a view of other bytes");
    if is_new(input) {
        with_x509_cert(input, ours);
        with_x509_parser(input, ours);
        with_webpki(input, ours);
        with_the_standard(input, ours);
    }
}

/// Whether these octets were not seen lately. Looks at all of them, so that it depends on nothing but earlier inputs.
fn is_new(octets: &[u8]) -> bool {
    /// Memory is bounded.
    const MOST: usize = 1_024;
    thread_local! {
        static SEEN: RefCell<HashSet<Vec<u8>>> = RefCell::default();
    }
    SEEN.with_borrow_mut(|seen| {
        if seen.len() == MOST {
            seen.clear();
        }
        !seen.contains(octets) && seen.insert(octets.to_vec())
    })
}

/// A subject key as it stands in a certificate: the algorithm, its parameters with tag and length, and the octets.
fn written(key: SubjectKey<'_>) -> (&[u8], Vec<u8>, Vec<u8>) {
    let point = |curve: &[u8], coordinates: &[u8]| (Der::oid(curve).encode(), [&[4], coordinates].concat());
    let ((parameters, point), algorithm) = match key {
        SubjectKey::P256(key) => (point(oid::P256, key), oid::EC_PUBLIC_KEY),
        SubjectKey::P384(key) => (point(oid::P384, key), oid::EC_PUBLIC_KEY),
        SubjectKey::Other { algorithm, key } => ((algorithm.parameters().to_vec(), key.to_vec()), algorithm.id()),
        other => panic!("{other:?}"),
    };
    (algorithm, parameters, point)
}

/// The octets of a subject key.
fn octets(key: SubjectKey<'_>) -> Vec<u8> {
    written(key).2
}

fn with_x509_cert(input: &[u8], ours: &Certificate<'_>) {
    let theirs = match x509_cert::Certificate::from_der(input) {
        Ok(certificate) => certificate,
        Err(error) => {
            use der::{
                ErrorKind::{Length, OidMalformed, TagUnknown},
                Tag::ObjectIdentifier,
            };
            // Object identifiers of up to 39 octets and of arcs below 2^32, at least two of them; and tags of known types
            // in the values of names.
            let kind = error.kind();
            let known = matches!(kind, OidMalformed | TagUnknown { .. } | Length { tag: ObjectIdentifier });
            assert!(known, "x509-cert: {error}");
            return;
        }
    };
    let tbs = theirs.tbs_certificate();
    assert_eq!(ours.serial(), tbs.serial_number().as_bytes());
    let [issuer, subject] = [tbs.issuer(), tbs.subject()].map(|name| name.to_der().expect("it was decoded"));
    // x509-cert sorts the attributes of a relative name (X.690 §11.6), which the engine compares as they are.
    let sorted = |name: &[u8]| {
        let mut octets = name.to_vec();
        octets.sort_unstable();
        octets
    };
    if ours.issuer() == issuer && ours.subject() == subject {
        assert_eq!(ours.tbs(), tbs.to_der().expect("it was decoded"));
    } else {
        assert_eq!([sorted(ours.issuer()), sorted(ours.subject())], [sorted(&issuer), sorted(&subject)]);
    }
    assert_eq!(ours.validity().not_before.0, tbs.validity().not_before.to_unix_duration().as_secs());
    assert_eq!(ours.validity().not_after.0, tbs.validity().not_after.to_unix_duration().as_secs());
    let info = tbs.subject_public_key_info();
    let parameters = |algorithm: &x509_cert::spki::AlgorithmIdentifierOwned| {
        algorithm.parameters.as_ref().map(|parameters| parameters.to_der().expect("it was decoded")).unwrap_or_default()
    };
    let (algorithm, of_key, octets) = written(ours.key());
    assert_eq!(info.algorithm.oid.as_bytes(), algorithm);
    assert_eq!(parameters(&info.algorithm), of_key);
    assert_eq!(info.subject_public_key.as_bytes(), Some(&octets[..]));
    for signed in [theirs.signature_algorithm(), tbs.signature()] {
        assert_eq!(signed.oid.as_bytes(), ours.signature_algorithm().id());
        assert_eq!(parameters(signed), ours.signature_algorithm().parameters());
    }
    assert_eq!(theirs.signature().as_bytes(), Some(ours.signature()));
    let extensions = tbs.extensions().expect("version 3 with extensions");
    assert!(extensions.len() <= genuine::x509::MAX_EXTENSIONS);
    for extension in extensions {
        assert_eq!(ours.extension(extension.extn_id.as_bytes()), Some(extension.extn_value.as_bytes()));
    }
}

fn with_x509_parser(input: &[u8], ours: &Certificate<'_>) {
    let (rest, theirs) = X509CertificateParser::new()
        .with_deep_parse_extensions(false)
        .parse(input)
        .unwrap_or_else(|error| panic!("x509-parser: {error}"));
    assert!(rest.is_empty());
    assert_eq!(ours.tbs(), theirs.tbs_certificate.as_ref());
    assert_eq!(ours.serial(), theirs.raw_serial());
    assert_eq!(ours.issuer(), theirs.issuer().as_raw());
    assert_eq!(ours.subject(), theirs.subject().as_raw());
    let seconds = |time: u64| i64::try_from(time).expect("a year of four digits");
    assert_eq!(seconds(ours.validity().not_before.0), theirs.validity().not_before.timestamp());
    assert_eq!(seconds(ours.validity().not_after.0), theirs.validity().not_after.timestamp());
    assert_eq!(octets(ours.key()), *theirs.public_key().subject_public_key.data);
    assert_eq!(ours.signature(), &*theirs.signature_value.data);
    assert_eq!(ours.signature_algorithm().id(), theirs.signature_algorithm.algorithm.as_bytes());
    // A point in the one form that is read is shown as one.
    let info = theirs.public_key();
    let curve = info.algorithm.parameters.as_ref();
    let curve = curve.map(|curve| (curve.class(), curve.header.is_constructed(), curve.tag(), curve.data));
    let is_on = |of: &[u8], size: usize| {
        info.algorithm.algorithm.as_bytes() == oid::EC_PUBLIC_KEY
            && curve == Some((Class::Universal, false, Tag::Oid, of))
            && matches!(*info.subject_public_key.data, [4, ref point @ ..] if point.len() == size)
    };
    assert_eq!(matches!(ours.key(), SubjectKey::P256(_)), is_on(oid::P256, 64));
    assert_eq!(matches!(ours.key(), SubjectKey::P384(_)), is_on(oid::P384, 96));
    for extension in theirs.extensions() {
        assert_eq!(ours.extension(extension.oid.as_bytes()), Some(extension.value));
    }
}

/// What RFC 5280 and X.690 ask for and none of the libraries looks at.
fn with_the_standard(input: &[u8], ours: &Certificate<'_>) {
    // §4.1.2.2
    let serial = ours.serial();
    assert!((1..=20).contains(&serial.len()) && serial[0] < 0x80 && serial != [0], "serial number {serial:x?}");
    // §8.19.2: an arc is written in as few octets as can be.
    let (_, theirs) =
        X509CertificateParser::new().with_deep_parse_extensions(false).parse(input).expect("it was parsed");
    let names = [theirs.issuer(), theirs.subject()].into_iter().flat_map(|name| name.iter_attributes());
    let identifiers =
        names.map(|attribute| attribute.attr_type()).chain(theirs.extensions().iter().map(|one| &one.oid));
    for identifier in identifiers {
        let octets = identifier.as_bytes();
        let starts = std::iter::once(&0).chain(octets).zip(octets).filter(|(before, _)| **before & 0x80 == 0);
        assert!(starts.map(|(_, first)| first).all(|first| *first != 0x80), "object identifier {octets:x?}");
    }
}

fn with_webpki(input: &[u8], ours: &Certificate<'_>) {
    let certificate = CertificateDer::from(input);
    let theirs = match EndEntityCert::try_from(&certificate) {
        Ok(certificate) => certificate,
        Err(error) => {
            // subjectAltName, nameConstraints, distribution points and key purposes, which the engine passes over where
            // they are not critical, are sequences to webpki. And it refuses what is critical and unknown in any
            // certificate, the engine in those of a chain.
            let looked_into = [17, 30, 31, 37].iter().any(|arc| ours.extension(&[0x55, 0x1D, *arc]).is_some());
            let known = match error {
                webpki::Error::BadDer => looked_into,
                webpki::Error::UnsupportedCriticalExtension => has_unknown_critical(input),
                _ => false,
            };
            assert!(known, "webpki: {error:?}");
            return;
        }
    };
    assert!(ours.issuer().ends_with(theirs.issuer()));
    assert!(ours.subject().ends_with(theirs.subject()));
    assert_eq!(ours.serial(), theirs.serial());
    assert!(theirs.subject_public_key_info().ends_with(&octets(ours.key())));
}

/// Whether an extension is critical that is neither basic constraints nor a key usage, as x509-parser reads them.
pub(crate) fn has_unknown_critical(input: &[u8]) -> bool {
    let known = [oid::BASIC_CONSTRAINTS, oid::KEY_USAGE, oid::EXT_KEY_USAGE];
    let (_, theirs) =
        X509CertificateParser::new().with_deep_parse_extensions(false).parse(input).expect("it was parsed");
    theirs.extensions().iter().any(|extension| extension.critical && !known.contains(&extension.oid.as_bytes()))
}

/// Whether a key usage, if there is one, is without trailing zero bits, as DER has it (X.690 §11.2.2).
fn has_shortest_key_usage(certificate: &Certificate<'_>) -> bool {
    certificate.extension(oid::KEY_USAGE).is_none_or(|usage| {
        let bits = BitStringRef::from_der(usage).expect("it was read");
        bits.raw_bytes().last().is_none_or(|last| last >> bits.unused_bits() & 1 == 1)
    })
}

/// The code for a certificate that no chain of App Attest may have, whatever its place in it: what X.509 refuses, and what the
/// protocol demands beyond it, stated once more.
pub(crate) fn refusal(input: &[u8]) -> Option<Error> {
    if input.len() > MAX_CERTIFICATE {
        return Some(Error::CertTooLarge);
    }
    let certificate = match Certificate::parse(input) {
        Ok(certificate) => certificate,
        Err(error) => return Some(codes::of_certificate(error)),
    };
    // Held against the other readers, so that this may go on from it.
    agree(input, &certificate);
    let (algorithm, parameters, _) = written(certificate.key());
    let curves = [oid::P256, oid::P384].map(|curve| Der::oid(curve).encode());
    let is_known_curve = algorithm == oid::EC_PUBLIC_KEY && curves.contains(&parameters);
    let is_point = matches!(certificate.key(), SubjectKey::P256(_) | SubjectKey::P384(_));
    let signed = certificate.signature_algorithm();
    let is_ecdsa = [oid::ECDSA_SHA256, oid::ECDSA_SHA384].contains(&signed.id()) && signed.parameters().is_empty();
    let rules = [
        (is_known_curve, Error::SpkiAlgorithm),
        (is_point, Error::SpkiPoint),
        (has_shortest_key_usage(&certificate), Error::DerBitString),
        (!has_unknown_critical(input), Error::ExtCriticalUnknown),
        (is_ecdsa, Error::CertAlgUnsupported),
        (r_and_s::<96>(certificate.signature()).is_some(), Error::CertSignatureEncoding),
    ];
    rules.into_iter().find_map(|(kept, error)| (!kept).then_some(error))
}

/// `ECDSA-Sig-Value` as the crate der reads it.
#[derive(Sequence)]
struct SigValue<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// r ‖ s in so many octets, if both fit one half.
pub(crate) fn r_and_s<const SIZE: usize>(signature: &[u8]) -> Option<[u8; SIZE]> {
    let value = SigValue::from_der(signature).ok()?;
    let mut both = [0; SIZE];
    let half = SIZE / 2;
    for (number, end) in [(value.r, half), (value.s, SIZE)] {
        let octets = number.as_bytes();
        both[end - half..end].get_mut(half.checked_sub(octets.len())?..)?.copy_from_slice(octets);
    }
    Some(both)
}

/// Panics unless a leaf and an intermediate are, to x509-cert, what they have to be in a chain.
pub(crate) fn have_roles(leaf: &[u8], intermediate: &[u8]) {
    if !is_new(&[leaf, intermediate].concat()) {
        return;
    }
    let [Ok(leaf), Ok(intermediate)] = [leaf, intermediate].map(x509_cert::Certificate::from_der) else {
        // Not read by x509-cert, for a reason given above.
        return;
    };
    let [leaf, intermediate] = [leaf.tbs_certificate(), intermediate.tbs_certificate()];
    assert_eq!(leaf.issuer(), intermediate.subject());
    let constraints =
        |tbs: &x509_cert::TbsCertificate| tbs.get_extension::<BasicConstraints>().expect("it is well-formed");
    let usage = |tbs: &x509_cert::TbsCertificate| {
        tbs.get_extension::<KeyUsage>().expect("it is well-formed").expect("it is there").1
    };
    assert!(
        constraints(leaf).is_none_or(|(_, constraints)| !constraints.ca && constraints.path_len_constraint.is_none())
    );
    assert!(usage(leaf).digital_signature() && !usage(leaf).key_cert_sign());
    assert!(constraints(intermediate).is_some_and(|(critical, constraints)| critical && constraints.ca));
    assert!(usage(intermediate).key_cert_sign());
    // What x509-cert cannot read, such as an arc of 2^32, is left to the other readers.
    let purposes = |tbs: &x509_cert::TbsCertificate| tbs.get_extension::<ExtendedKeyUsage>().ok().flatten();
    let purpose = |(_, purposes): &(bool, ExtendedKeyUsage)| {
        purposes.0.iter().any(|purpose| purpose.as_bytes() == oid::APP_ATTEST_PURPOSE)
    };
    assert!(purposes(leaf).as_ref().is_none_or(purpose));
    assert!(purposes(intermediate).filter(|(critical, _)| *critical).as_ref().is_none_or(purpose));
}

/// Panics unless the signature that the engine asked about is that of this certificate.
pub(crate) fn is_about(certificate: &[u8], question: &Question) {
    if !is_new(&[certificate, question.digest.as_bytes(), &question.signature].concat()) {
        return;
    }
    let Ok(theirs) = x509_cert::Certificate::from_der(certificate) else { return };
    let hash = match theirs.signature_algorithm().oid.as_bytes() {
        oid::ECDSA_SHA256 => Hash::Sha256,
        oid::ECDSA_SHA384 => Hash::Sha384,
        other => panic!("{other:?}"),
    };
    let tbs = Certificate::parse(certificate).expect("it was parsed before").tbs();
    assert_eq!(question.digest.as_bytes(), hash.digest(tbs));
    let signature = p384::ecdsa::Signature::from_der(theirs.signature().raw_bytes()).expect("it was asked about");
    assert_eq!(question.signature, signature.to_bytes().to_vec());
}

/// Panics if the engine says of a device what is not in the extension.
pub(crate) fn agree_on_device(extension: Option<&[u8]>, ours: DeviceInfo<'_>) {
    if ours == DeviceInfo::default() {
        return;
    }
    let read = texts(extension.expect("there is something to read"), [1400, 1403, 1026]);
    assert_eq!(read, [ours.os_version, ours.os_build, ours.platform.map(Platform::name)]);
}

/// Panics if the engine says that the leaf names an app which is not in the extension.
pub(crate) fn agree_on_app(extension: Option<&[u8]>, ours: Option<&str>) {
    if ours.is_some() {
        assert_eq!(texts(extension.expect("there is something to read"), [1204]), [ours]);
    }
}

/// The access-control list in the extension, `SEQUENCE { [3] EXPLICIT OCTET STRING }`; none in what is not that in DER.
pub(crate) fn access_control(extension: Option<&[u8]>) -> Option<&[u8]> {
    let extension = extension?;
    let (_, outer) = Any::from_der(extension).ok()?;
    let (_, explicit) = Any::from_der(outer.data).ok()?;
    let (_, list) = OctetString::from_der(explicit.data).ok()?;
    // The value borrows from the reader; it stands at the end. Written in the one way that DER has, it is all there is.
    let list = extension.get(extension.len().checked_sub(list.as_ref().len())?..)?;
    let written = Der::sequence(vec![Der::context(3, vec![Der::octet_string(list)])]).encode();
    (written == extension).then_some(list)
}

/// The texts of these entries of a `SEQUENCE OF [n] EXPLICIT OCTET STRING`; an empty one is none.
fn texts<const N: usize>(list: &[u8], numbers: [u32; N]) -> [Option<&str>; N] {
    let (rest, outer) = Any::from_der(list).expect("DER");
    assert!(rest.is_empty() && outer.tag() == Tag::Sequence);
    let mut entries = outer.data;
    let mut texts = [None; N];
    while !entries.is_empty() {
        let (rest, entry) = Any::from_der(entries).expect("DER");
        entries = rest;
        let Some(position) = numbers.iter().position(|number| *number == entry.tag().0) else { continue };
        let (rest, text) = OctetString::from_der(entry.data).expect("an OCTET STRING");
        // The value borrows from the reader; it stands at the end of the entry.
        let octets = &entry.data[entry.data.len() - text.as_ref().len()..];
        let earlier = texts[position].replace(str::from_utf8(octets).expect("UTF-8"));
        assert!(rest.is_empty() && earlier.is_none());
    }
    texts.map(|text| text.filter(|text| !text.is_empty()))
}
