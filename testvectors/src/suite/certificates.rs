//! DER of certificates, and what X.509 says of each: groups der and certificate.

use std::fmt::Display;

use super::good::{SERVER_AUTH, purpose, purposes};
use super::{Unminted, att, lettered, mutation};
use crate::certificate::{UnsignedCertificate, algorithm, ec_public_key, extension, field, nonce_value, oid, part};
use crate::der::{Der, minimal_length, tag};
use crate::keys::{Signer, pseudo_random};
use crate::mutation::Mutation;

pub(super) fn vectors() -> Vec<Unminted> {
    [Place::Leaf, Place::Intermediate]
        .into_iter()
        .flat_map(|place| {
            [
                structure(place),
                lengths(place),
                version_and_serial(place),
                algorithms(place),
                booleans_and_strings(place),
                times(place),
                extension_forms(place),
            ]
        })
        .chain([in_both(), extensions(), purpose_of_another(), leaf_roles(), intermediate_roles(), keys()])
        .flatten()
        .collect()
}

/// The certificate that a mutation of DER changes.
#[derive(Clone, Copy)]
enum Place {
    Leaf,
    Intermediate,
}

impl Place {
    /// A vector of this place: the id is the leaf's, and that of the intermediate says so behind the group; its threat ends in
    /// `-ca`.
    fn att(
        self,
        id: impl Into<String>,
        threat: impl Into<String>,
        expected: &'static str,
        description: impl Display,
        change: Mutation<'static>,
    ) -> Unminted {
        let (id, threat) = (id.into(), threat.into());
        match self {
            Self::Leaf => att(id, threat, expected, format!("Leaf: {description}"), change),
            Self::Intermediate => {
                att(in_intermediate(&id), threat + "-ca", expected, format!("Intermediate: {description}"), change)
            }
        }
    }

    /// Changes the certificate before it is signed.
    fn unsigned(self, change: impl Fn(&mut UnsignedCertificate) + 'static) -> Mutation<'static> {
        match self {
            Self::Leaf => mutation().leaf(change),
            Self::Intermediate => mutation().intermediate(change),
        }
    }

    /// Changes the certificate after it was signed.
    fn signed(self, change: impl Fn(&mut Der) + 'static) -> Mutation<'static> {
        mutation().chain(move |chain| match self {
            Self::Leaf => change(&mut chain.leaf),
            Self::Intermediate => change(&mut chain.intermediate),
        })
    }

    /// The algorithm that the certificate names, and one that it does not.
    const fn algorithms(self) -> [&'static [u8]; 2] {
        match self {
            Self::Leaf => [oid::ECDSA_SHA256, oid::ECDSA_SHA384],
            Self::Intermediate => [oid::ECDSA_SHA384, oid::ECDSA_SHA256],
        }
    }

    /// An extension that is not critical, and that nothing reads.
    const fn plain_extension(self) -> &'static [u8] {
        match self {
            Self::Leaf => oid::KEY_FACTS,
            Self::Intermediate => oid::SUBJECT_KEY_ID,
        }
    }
}

fn leaf(change_leaf: impl Fn(&mut UnsignedCertificate) + 'static) -> Mutation<'static> {
    mutation().leaf(change_leaf)
}

/// The id of a leaf's vector, for the same mutation of the intermediate.
fn in_intermediate(id: &str) -> String {
    id.replace("::", "::intermediate-")
}

/// The same mutation on the leaf, letter a, and on the intermediate, letter b.
fn both(
    id: &str,
    threat: &str,
    expected: &'static str,
    description: &str,
    change: fn(&mut UnsignedCertificate),
) -> [Unminted; 2] {
    [
        att(id, format!("{threat}a"), expected, format!("Leaf: {description}"), mutation().leaf(change)),
        att(
            in_intermediate(id),
            format!("{threat}b"),
            expected,
            format!("Intermediate: {description}"),
            mutation().intermediate(change),
        ),
    ]
}

fn in_both() -> Vec<Unminted> {
    let mut vectors = vec![
        att(
            "der::byte-after",
            "de-01a",
            "DerTrailing",
            "A byte follows the leaf.",
            Place::Leaf.signed(|certificate| *certificate = Der::raw(&[certificate.encode(), vec![0]].concat())),
        ),
        att(
            "der::intermediate-byte-after",
            "de-01b",
            "DerTrailing",
            "A byte follows the intermediate.",
            Place::Intermediate
                .signed(|certificate| *certificate = Der::raw(&[certificate.encode(), vec![0]].concat())),
        ),
    ];
    vectors.extend(both(
        "der::element-after-extensions",
        "de-03",
        "DerTrailing",
        "an element follows the extensions inside the signed part.",
        |certificate| certificate.tbs.elements().push(Der::primitive(tag::NULL, &[])),
    ));
    vectors.extend(both("der::version-absent", "de-13", "CertVersion", "the version is absent.", |certificate| {
        certificate.tbs.elements().remove(field::VERSION);
    }));
    vectors.extend(both(
        "der::boolean-not-ff",
        "de-27",
        "DerBoolean",
        "the critical flag of basicConstraints is 01.",
        |certificate| {
            *certificate.extension(oid::BASIC_CONSTRAINTS)[1].octets() = vec![1];
        },
    ));
    vectors
}

fn structure(place: Place) -> Vec<Unminted> {
    let mut vectors = vec![place.att(
        "der::element-after-signature",
        "de-02",
        "DerTrailing",
        "an element follows the signature.",
        place.signed(|certificate| certificate.elements().push(Der::primitive(tag::NULL, &[]))),
    )];
    for (index, wrong) in [tag::SET, 0x70, 0x10].into_iter().enumerate() {
        vectors.push(place.att(
            format!("der::tag-{wrong:02x}"),
            lettered("de-04", index),
            "DerTag",
            format!("the tag is 0x{wrong:02X}."),
            place.signed(move |certificate| certificate.tag = vec![wrong]),
        ));
    }
    let high: [(&str, &str, &[u8]); 2] = [
        ("der::serial-high-tag-universal", "de-12a", &[0x1F, 0x10]),
        ("der::serial-high-tag-context", "de-12b", &[0xBF, 0x8F, 0x36]),
    ];
    for (id, threat, wrong) in high {
        vectors.push(place.att(
            id,
            threat,
            "DerTag",
            "the serial number has a tag in high-tag-number form.",
            place.unsigned(move |certificate| certificate.tbs[field::SERIAL].tag = wrong.to_vec()),
        ));
    }
    vectors
}

fn lengths(place: Place) -> Vec<Unminted> {
    let outer = |length: fn(usize) -> Vec<u8>| {
        place.signed(move |certificate| certificate.length = Some(length(certificate.content_len())))
    };
    // The content is shorter than 128 octets.
    let long_form = |field: usize| {
        place.unsigned(move |certificate| {
            let length = minimal_length(certificate.tbs[field].content_len());
            certificate.tbs[field].length = Some([vec![0x81], length].concat());
        })
    };
    vec![
        place.att(
            "der::length-indefinite",
            "de-05",
            "DerLength",
            "the length is indefinite.",
            place.signed(|certificate| {
                certificate.length = Some(vec![0x80]);
                certificate.elements().push(Der::raw(&[0, 0]));
            }),
        ),
        place.att(
            "der::length-in-three-octets",
            "de-06a",
            "DerLength",
            "the length takes three octets.",
            outer(|length| [vec![0x83, 0], minimal_length(length)[1..].to_vec()].concat()),
        ),
        place.att(
            "der::length-in-four-octets",
            "de-06b",
            "DerLength",
            "the length takes four octets.",
            outer(|length| [vec![0x84, 0, 0], minimal_length(length)[1..].to_vec()].concat()),
        ),
        place.att(
            "der::issuer-length-long-form",
            "de-07",
            "DerLength",
            "the length of the issuer, below 128, is in long form.",
            long_form(field::ISSUER),
        ),
        place.att(
            "der::length-in-five-octets",
            "de-08",
            "DerLength",
            "the length takes five octets.",
            outer(|_| vec![0x85, 0, 0, 0, 0, 1]),
        ),
        place.att(
            "der::length-in-eight-octets",
            "de-09",
            "DerLength",
            "the length is eight octets of FF.",
            outer(|_| [vec![0x88], vec![0xFF; 8]].concat()),
        ),
        place.att(
            "der::length-one-more",
            "de-10",
            "DerTruncated",
            "the length is one more than there is.",
            outer(|length| minimal_length(length + 1)),
        ),
        place.att(
            "der::signature-length-one-more",
            "de-11",
            "DerTruncated",
            "the signature value claims one byte more than there is.",
            place.signed(|certificate| {
                let length = certificate[part::SIGNATURE].content_len();
                certificate[part::SIGNATURE].length = Some(minimal_length(length + 1));
            }),
        ),
        place.att(
            "der::key-length-in-two-octets",
            "de-44",
            "DerLength",
            "the length of the subject public key takes two octets.",
            long_form(field::SPKI),
        ),
    ]
}

fn version_and_serial(place: Place) -> Vec<Unminted> {
    let serial = |octets: &'static [u8]| {
        place.unsigned(|certificate| *certificate.tbs[field::SERIAL].octets() = octets.to_vec())
    };
    let version = |octets: &'static [u8]| {
        place.unsigned(|certificate| *certificate.tbs[field::VERSION][0].octets() = octets.to_vec())
    };
    vec![
        place.att("der::version-2", "de-14a", "CertVersion", "the version is 2.", version(&[1])),
        place.att("der::version-4", "de-14b", "CertVersion", "the version is 4.", version(&[3])),
        place.att(
            "der::version-leading-zero",
            "de-14c",
            "CertVersion",
            "the version 3 has a superfluous leading zero.",
            version(&[0, 2]),
        ),
        place.att("der::serial-zero", "de-15", "CertSerial", "the serial number is zero.", serial(&[0])),
        place.att("der::serial-negative", "de-16", "CertSerial", "the serial number is negative.", serial(&[0x80])),
        place.att(
            "der::serial-leading-zero",
            "de-17",
            "DerInteger",
            "the serial number has a superfluous leading zero.",
            serial(&[0, 1]),
        ),
        place.att(
            "der::serial-leading-ff",
            "de-18",
            "DerInteger",
            "the serial number has a superfluous leading FF.",
            serial(&[0xFF, 0xFF]),
        ),
        place.att(
            "der::serial-21-octets",
            "de-19",
            "CertSerial",
            "the serial number has 21 octets.",
            serial(&[0x11; 21]),
        ),
        place.att("der::serial-without-octets", "de-20", "DerInteger", "the serial number has no octets.", serial(&[])),
    ]
}

fn algorithms(place: Place) -> Vec<Unminted> {
    let named = |oid: &'static [u8]| place.unsigned(|certificate| certificate.set_algorithm(&algorithm(oid)));
    let [_, other] = place.algorithms();
    let mut vectors = vec![
        place.att(
            "der::algorithm-outside-differs",
            "de-21a",
            "CertAlgMismatch",
            "the signature algorithm outside of the signed part is another.",
            place.unsigned(|certificate| certificate.algorithm = algorithm(other)),
        ),
        place.att(
            "der::algorithm-inside-differs",
            "de-21b",
            "CertAlgMismatch",
            "the signature algorithm inside the signed part is another.",
            place.unsigned(|certificate| certificate.tbs[field::ALGORITHM] = algorithm(other)),
        ),
        place.att(
            "der::algorithm-null-parameters",
            "de-22",
            "CertAlgUnsupported",
            "the signature algorithm has NULL parameters.",
            place.unsigned(move |certificate| {
                let [own, _] = place.algorithms();
                certificate.set_algorithm(&Der::sequence(vec![Der::oid(own), Der::primitive(tag::NULL, &[])]));
            }),
        ),
        place.att(
            "der::algorithm-oid-padded-arc",
            "de-24",
            "DerOid",
            "the algorithm's identifier has an arc with superfluous octets.",
            named(&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x80, 0x04, 0x03, 0x02]),
        ),
        place.att(
            "der::algorithm-oid-cut-off",
            "de-25",
            "DerOid",
            "the algorithm's identifier ends within an arc.",
            named(&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x82]),
        ),
        place.att("der::algorithm-oid-empty", "de-26", "DerOid", "the algorithm's identifier is empty.", named(&[])),
    ];
    let others: [(&str, &str, &str, &'static [u8]); 8] = [
        ("der::algorithm-ecdsa-sha1", "de-23a", "ecdsa-with-SHA1", &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x01]),
        (
            "der::algorithm-ecdsa-sha224",
            "de-23b",
            "ecdsa-with-SHA224",
            &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x01],
        ),
        (
            "der::algorithm-ecdsa-sha512",
            "de-23c",
            "ecdsa-with-SHA512",
            &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x04],
        ),
        (
            "der::algorithm-ecdsa-sha3-256",
            "de-23d",
            "ecdsa-with-SHA3-256",
            &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x0A],
        ),
        (
            "der::algorithm-rsa-sha256",
            "de-23e",
            "sha256WithRSAEncryption",
            &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B],
        ),
        ("der::algorithm-rsa-pss", "de-23f", "RSASSA-PSS", &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0A]),
        ("der::algorithm-ed25519", "de-23g", "Ed25519", &[0x2B, 0x65, 0x70]),
        ("der::algorithm-unknown", "de-23h", "unknown", &[0x2A, 0x03, 0x04]),
    ];
    for (id, threat, name, oid) in others {
        vectors.push(place.att(
            id,
            threat,
            "CertAlgUnsupported",
            format!("the signature algorithm is {name}."),
            named(oid),
        ));
    }
    vectors
}

fn booleans_and_strings(place: Place) -> Vec<Unminted> {
    let value = |oid: &'static [u8], value: &'static [u8]| {
        place.unsigned(|certificate| certificate.set_extension_value(oid, value))
    };
    let mut vectors = vec![
        place.att(
            "der::critical-false-spelled-out",
            "de-28",
            "DerBoolean",
            "a critical flag of FALSE is spelled out.",
            place.unsigned(move |certificate| {
                let extension = certificate.extension(place.plain_extension());
                extension.elements().insert(1, Der::primitive(tag::BOOLEAN, &[0]));
            }),
        ),
        place.att(
            "der::ca-false-spelled-out",
            "de-29",
            "DerBoolean",
            "cA FALSE is spelled out.",
            value(oid::BASIC_CONSTRAINTS, &[0x30, 0x03, 0x01, 0x01, 0x00]),
        ),
        place.att(
            "der::signature-without-octets",
            "de-31a",
            "DerBitString",
            "the signature value has no octets.",
            place.signed(|certificate| certificate[part::SIGNATURE].octets().clear()),
        ),
        place.att(
            "der::signature-without-bits",
            "de-31b",
            "DerBitString",
            "the signature value has the unused-bits octet alone.",
            place.signed(|certificate| certificate[part::SIGNATURE].octets().truncate(1)),
        ),
        place.att(
            "der::key-unused-bits",
            "de-32",
            "DerBitString",
            "the subject public key has unused bits.",
            place.unsigned(|certificate| certificate.tbs[field::SPKI][1].octets()[0] = 1),
        ),
        place.att(
            "der::key-usage-unused-bit-set",
            "de-33a",
            "DerBitString",
            "keyUsage has a bit set among the unused ones.",
            value(oid::KEY_USAGE, &[0x03, 0x02, 0x05, 0xF0]),
        ),
        place.att(
            "der::key-usage-trailing-zero-octet",
            "de-33b",
            "DerBitString",
            "keyUsage has a trailing octet of zero bits.",
            value(oid::KEY_USAGE, &[0x03, 0x03, 0x00, 0xF0, 0x00]),
        ),
        place.att(
            "der::extension-value-constructed",
            "de-34",
            "DerTag",
            "the value of an extension is a constructed OCTET STRING.",
            place.unsigned(move |certificate| {
                let value = &mut certificate.extension(place.plain_extension())[1];
                let whole = Der::octet_string(&value.octets().clone());
                *value = Der::constructed(0x24, vec![whole]);
            }),
        ),
    ];
    for (index, unused) in [1, 7, 8, 255].into_iter().enumerate() {
        vectors.push(place.att(
            format!("der::signature-unused-bits-{unused}"),
            lettered("de-30", index),
            "DerBitString",
            format!("the signature value has {unused} unused bits."),
            place.signed(move |certificate| certificate[part::SIGNATURE].octets()[0] = unused),
        ));
    }
    vectors
}

fn times(place: Place) -> Vec<Unminted> {
    const CODE: &str = "DerTime";
    let time = |position: usize, tag: u8, text: &'static [u8]| {
        place.unsigned(move |certificate| certificate.tbs[field::VALIDITY][position] = Der::primitive(tag, text))
    };
    let not_before = |tag, text| time(0, tag, text);
    let not_after = |tag, text| time(1, tag, text);
    let mut vectors = vec![place.att(
        "der::not-before-without-seconds",
        "de-38",
        CODE,
        "notBefore has no seconds.",
        not_before(tag::UTC_TIME, b"2310311200Z"),
    )];
    let forms: [(&str, &str, &'static [u8]); 4] = [
        ("der::not-before-with-offset", "de-39a", b"231031120000+0000"),
        ("der::not-before-in-lower-case", "de-39b", b"231031120000z"),
        ("der::not-before-with-fraction", "de-39c", b"231031120000.5Z"),
        ("der::not-before-with-space", "de-39d", b"2310 31120000Z"),
    ];
    for (id, threat, text) in forms {
        vectors.push(place.att(
            id,
            threat,
            CODE,
            "notBefore is a UTCTime of another form.",
            not_before(tag::UTC_TIME, text),
        ));
    }
    let generalized: [(&str, &str, &'static [u8]); 9] = [
        ("der::not-after-with-fraction", "de-40a", b"20510101000000.5Z"),
        ("der::not-after-without-zone", "de-40b", b"20510101000000"),
        ("der::not-after-hour-24", "de-40c", b"20510101240000Z"),
        ("der::not-after-second-60", "de-40d", b"20510101000060Z"),
        ("der::not-after-february-30", "de-40e", b"20510230000000Z"),
        ("der::not-after-month-0", "de-40f", b"20510001000000Z"),
        ("der::not-after-month-13", "de-40g", b"20511301000000Z"),
        ("der::not-after-day-0", "de-40h", b"20510100000000Z"),
        ("der::not-after-february-29-of-2100", "de-40i", b"21000229000000Z"),
    ];
    for (id, threat, text) in generalized {
        vectors.push(place.att(
            id,
            threat,
            CODE,
            "notAfter is a GeneralizedTime that is no time.",
            not_after(tag::GENERALIZED_TIME, text),
        ));
    }
    let digits: [(&str, &str, &'static [u8]); 4] = [
        ("der::not-before-digit-nul", "de-41a", b"23103112000\x00Z"),
        ("der::not-before-digit-slash", "de-41b", b"2310311200\x2F0Z"),
        ("der::not-before-digit-colon", "de-41c", b"231031120\x3A00Z"),
        ("der::not-before-digit-ff", "de-41d", b"\xFF31031120000Z"),
    ];
    for (id, threat, text) in digits {
        vectors.push(place.att(
            id,
            threat,
            CODE,
            "notBefore has an octet that is no digit.",
            not_before(tag::UTC_TIME, text),
        ));
    }
    vectors.extend([
        place.att(
            "der::not-before-1950",
            "de-42",
            CODE,
            "notBefore lies in 1950.",
            not_before(tag::UTC_TIME, b"500101000000Z"),
        ),
        place.att(
            "der::not-before-year-0",
            "de-43a",
            CODE,
            "notBefore is a GeneralizedTime in the year 0.",
            not_before(tag::GENERALIZED_TIME, b"00000101000000Z"),
        ),
        place.att(
            "der::not-before-generalized-time",
            "de-43b",
            CODE,
            "notBefore is a GeneralizedTime before 2050.",
            not_before(tag::GENERALIZED_TIME, b"20231031120000Z"),
        ),
        place.att(
            "chain::validity-inverted",
            "ch-23",
            "ValidityInverted",
            "notBefore is later than notAfter.",
            place.unsigned(|certificate| certificate.tbs[field::VALIDITY].elements().reverse()),
        ),
    ]);
    vectors
}

fn extension_forms(place: Place) -> Vec<Unminted> {
    let insert = |at: usize, element: fn() -> Der| {
        place.unsigned(move |certificate| certificate.tbs.elements().insert(at, element()))
    };
    let mut vectors = vec![
        place.att(
            "der::extensions-empty",
            "de-36",
            "ExtMalformed",
            "the list of extensions is empty.",
            place.unsigned(|certificate| certificate.extensions().clear()),
        ),
        place.att(
            "der::issuer-unique-id",
            "de-37a",
            "DerTag",
            "an issuerUniqueID is present.",
            insert(field::EXTENSIONS, || Der::primitive(0x81, &[0, 1])),
        ),
        place.att(
            "der::subject-unique-id",
            "de-37b",
            "DerTag",
            "a subjectUniqueID is present.",
            insert(field::EXTENSIONS, || Der::primitive(0x82, &[0, 1])),
        ),
        place.att(
            "der::extensions-twice",
            "de-37c",
            "DerTrailing",
            "the extensions stand twice.",
            place.unsigned(|certificate| {
                let extensions = certificate.tbs[field::EXTENSIONS].clone();
                certificate.tbs.elements().push(extensions);
            }),
        ),
    ];
    let read: [(&str, &str, &'static [u8]); 3] = [
        ("der::basic-constraints-empty", "de-35a", oid::BASIC_CONSTRAINTS),
        ("der::key-usage-empty", "de-35b", oid::KEY_USAGE),
        ("der::nonce-empty", "de-35c", oid::NONCE),
    ];
    // The intermediate has no nonce.
    let count = match place {
        Place::Leaf => 3,
        Place::Intermediate => 2,
    };
    for (id, threat, oid) in read.into_iter().take(count) {
        vectors.push(place.att(
            id,
            threat,
            "ExtMalformed",
            "the value of an extension is empty.",
            place.unsigned(|certificate| certificate.set_extension_value(oid, &[])),
        ));
    }
    vectors
}

fn extensions() -> Vec<Unminted> {
    let critical = |oid: &'static [u8], value: &'static [u8]| {
        leaf(move |leaf| leaf.extensions().push(extension(oid, true, value)))
    };
    let mut vectors = vec![
        att(
            "certificate::unknown-critical",
            "xs-01",
            "ExtCriticalUnknown",
            "The leaf has an unknown critical extension.",
            critical(&[0x2A, 0x03, 0x04], &[0x05, 0x00]),
        ),
        att(
            "certificate::intermediate-unknown-critical",
            "xs-02",
            "ExtCriticalUnknown",
            "The intermediate has an unknown critical extension.",
            mutation().intermediate(|intermediate| {
                intermediate.extensions().push(extension(&[0x2A, 0x03, 0x04], true, &[0x05, 0x00]));
            }),
        ),
    ];
    for (id, threat, arc) in [
        ("certificate::name-constraints-critical", "xs-03a", 30),
        ("certificate::policy-constraints-critical", "xs-03b", 36),
        ("certificate::policy-mappings-critical", "xs-03c", 33),
        ("certificate::inhibit-any-policy-critical", "xs-03d", 54),
    ] {
        vectors.push(att(
            id,
            threat,
            "ExtCriticalUnknown",
            "The leaf has critical constraints that are not processed.",
            leaf(move |leaf| {
                leaf.extensions().push(extension(&[0x55, 0x1D, arc], true, &[0x30, 0x00]));
            }),
        ));
    }
    vectors.extend([
        att(
            "certificate::intermediate-name-constraints",
            "xs-04",
            "ExtCriticalUnknown",
            "The intermediate has critical nameConstraints.",
            mutation().intermediate(|intermediate| {
                intermediate.extensions().push(extension(&[0x55, 0x1D, 30], true, &[0x30, 0x00]));
            }),
        ),
        att(
            "certificate::another-basic-constraints-after",
            "xs-05a",
            "ExtDuplicate",
            "A second basicConstraints says that the leaf is an authority.",
            leaf(|leaf| {
                leaf.extensions().push(extension(oid::BASIC_CONSTRAINTS, true, &[0x30, 0x03, 0x01, 0x01, 0xFF]));
            }),
        ),
        att(
            "certificate::another-basic-constraints-before",
            "xs-05b",
            "ExtDuplicate",
            "A first basicConstraints says that the leaf is an authority.",
            leaf(|leaf| {
                leaf.extensions().insert(0, extension(oid::BASIC_CONSTRAINTS, true, &[0x30, 0x03, 0x01, 0x01, 0xFF]));
            }),
        ),
        att(
            "certificate::another-nonce-after",
            "xs-06a",
            "ExtDuplicate",
            "A second nonce extension holds another nonce.",
            leaf(|leaf| {
                leaf.extensions().push(extension(oid::NONCE, false, &nonce_value(&[0; 32])));
            }),
        ),
        att(
            "certificate::another-nonce-before",
            "xs-06b",
            "ExtDuplicate",
            "A first nonce extension holds another nonce.",
            leaf(|leaf| {
                leaf.extensions().insert(0, extension(oid::NONCE, false, &nonce_value(&[0; 32])));
            }),
        ),
        att(
            "certificate::17-extensions",
            "xs-07",
            "ExtLimit",
            "The leaf has 17 extensions.",
            leaf(|leaf| {
                for arc in 0..12 {
                    leaf.extensions().push(extension(&[0x2A, 0x03, arc], false, &[0x05, 0x00]));
                }
            }),
        ),
        att(
            "certificate::over-cap-by-extensions",
            "rx-06",
            "CertTooLarge",
            "The leaf has 16 extensions, eleven of them of 200 bytes.",
            leaf(|leaf| {
                for arc in 0..11 {
                    leaf.extensions().push(extension(&[0x2A, 0x03, arc], false, &[0; 200]));
                }
            }),
        ),
    ]);
    vectors
}

/// An extended key usage without the purpose of App Attest.
fn purpose_of_another() -> Vec<Unminted> {
    const CODE: &str = "ExtendedKeyUsage";
    const FORM: &str = "ExtMalformed";
    const ANY: &[u8] = &[0x55, 0x1D, 0x25, 0x00];
    let value =
        |value: &'static [u8]| leaf(move |leaf| leaf.extensions().push(extension(oid::EXT_KEY_USAGE, false, value)));
    vec![
        att(
            "certificate::purpose-tls-critical",
            "xs-33",
            CODE,
            "The leaf is for TLS servers, critically.",
            purposes(true, &[SERVER_AUTH]),
        ),
        att(
            "certificate::purpose-tls",
            "xs-33b",
            CODE,
            "The leaf is for TLS servers, not critically.",
            purposes(false, &[SERVER_AUTH]),
        ),
        att("certificate::purpose-any", "xs-33c", CODE, "The leaf is for any purpose.", purposes(false, &[ANY])),
        att(
            "certificate::purposes-empty",
            "xs-33d",
            FORM,
            "The leaf's list of purposes is empty.",
            purposes(false, &[]),
        ),
        att(
            "certificate::purposes-no-list",
            "xs-33e",
            FORM,
            "The leaf's list of purposes is no list.",
            value(&[0x04, 0x00]),
        ),
        att(
            "certificate::purpose-without-list",
            "xs-33f",
            FORM,
            "The purpose of App Attest has no list around it.",
            value(&[0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x63, 0x64, 0x04, 0x18]),
        ),
        att(
            "certificate::purposes-byte-after",
            "xs-33g",
            FORM,
            "A byte follows the leaf's list of purposes.",
            value(&[0x30, 0x0B, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x63, 0x64, 0x04, 0x18, 0x00]),
        ),
        att(
            "certificate::purposes-second-malformed",
            "xs-33j",
            FORM,
            "Behind the purpose of App Attest stands what is none.",
            value(&[0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x63, 0x64, 0x04, 0x18, 0x06, 0x00]),
        ),
        att(
            "certificate::intermediate-purposes-empty",
            "xs-33k",
            FORM,
            "The intermediate's list of purposes is empty.",
            mutation().intermediate(|intermediate| intermediate.extensions().push(purpose(false, &[]))),
        ),
        att(
            "certificate::purpose-with-another-arc",
            "xs-33h",
            CODE,
            "The purpose of App Attest has another arc behind it.",
            purposes(false, &[&[oid::APP_ATTEST_PURPOSE, &[0x01]].concat()]),
        ),
        att(
            "certificate::intermediate-purpose-tls-critical",
            "xs-33i",
            CODE,
            "The intermediate is for TLS servers, critically.",
            mutation().intermediate(|intermediate| intermediate.extensions().push(purpose(true, &[SERVER_AUTH]))),
        ),
    ]
}

fn leaf_roles() -> Vec<Unminted> {
    let usage = |value: &'static [u8]| leaf(|leaf| leaf.set_extension_value(oid::KEY_USAGE, value));
    vec![
        att(
            "certificate::leaf-is-an-authority",
            "xs-08",
            "CaAsLeaf",
            "The leaf is an authority.",
            leaf(|leaf| {
                leaf.set_extension_value(oid::BASIC_CONSTRAINTS, &[0x30, 0x03, 0x01, 0x01, 0xFF]);
            }),
        ),
        att(
            "certificate::may-sign-certificates",
            "xs-09",
            "KeyUsage",
            "The leaf may sign certificates.",
            usage(&[0x03, 0x02, 0x02, 0xF4]),
        ),
        att(
            "certificate::may-not-sign",
            "xs-10",
            "KeyUsage",
            "The leaf may not sign.",
            usage(&[0x03, 0x02, 0x04, 0x70]),
        ),
        att(
            "certificate::key-usage-missing",
            "xs-11",
            "KeyUsage",
            "The leaf has no keyUsage.",
            leaf(|leaf| leaf.remove_extension(oid::KEY_USAGE)),
        ),
        att(
            "certificate::path-length-without-authority",
            "xs-12",
            "BasicConstraints",
            "The leaf has a path length without being an authority.",
            leaf(|leaf| {
                leaf.set_extension_value(oid::BASIC_CONSTRAINTS, &[0x30, 0x03, 0x02, 0x01, 0x00]);
            }),
        ),
    ]
}

fn intermediate_roles() -> Vec<Unminted> {
    let constraints = |value: &'static [u8]| {
        mutation().intermediate(|intermediate| intermediate.set_extension_value(oid::BASIC_CONSTRAINTS, value))
    };
    vec![
        att(
            "certificate::intermediate-constraints-missing",
            "xs-13",
            "BasicConstraints",
            "The intermediate has no basicConstraints.",
            mutation().intermediate(|intermediate| {
                intermediate.remove_extension(oid::BASIC_CONSTRAINTS);
            }),
        ),
        att(
            "certificate::intermediate-is-no-authority",
            "xs-14",
            "BasicConstraints",
            "The intermediate is no authority.",
            constraints(&[0x30, 0x00]),
        ),
        att(
            "certificate::intermediate-authority-not-critical",
            "xs-15",
            "BasicConstraints",
            "The intermediate's basicConstraints are not critical.",
            mutation().intermediate(|intermediate| {
                intermediate.extension(oid::BASIC_CONSTRAINTS).elements().remove(1);
            }),
        ),
        att(
            "certificate::intermediate-may-sign-crls-alone",
            "xs-16",
            "KeyUsage",
            "The intermediate may sign revocation lists alone.",
            mutation().intermediate(|intermediate| {
                intermediate.set_extension_value(oid::KEY_USAGE, &[0x03, 0x02, 0x01, 0x02]);
            }),
        ),
        att(
            "certificate::intermediate-key-usage-missing",
            "xs-17",
            "KeyUsage",
            "The intermediate has no keyUsage.",
            mutation().intermediate(|intermediate| {
                intermediate.remove_extension(oid::KEY_USAGE);
            }),
        ),
        att(
            "certificate::intermediate-path-length-negative",
            "xs-18a",
            "ExtMalformed",
            "The intermediate's path length is negative.",
            constraints(&[0x30, 0x06, 0x01, 0x01, 0xFF, 0x02, 0x01, 0xFF]),
        ),
        att(
            "certificate::intermediate-path-length-2-pow-31",
            "xs-18b",
            "ExtMalformed",
            "The intermediate's path length is 2^31.",
            constraints(&[0x30, 0x0A, 0x01, 0x01, 0xFF, 0x02, 0x05, 0x00, 0x80, 0x00, 0x00, 0x00]),
        ),
        att(
            "certificate::intermediate-path-length-not-minimal",
            "xs-18c",
            "ExtMalformed",
            "The intermediate's path length is not minimal.",
            constraints(&[0x30, 0x07, 0x01, 0x01, 0xFF, 0x02, 0x02, 0x00, 0x00]),
        ),
    ]
}

fn keys() -> Vec<Unminted> {
    let key = |spki: fn() -> Der| leaf(move |leaf| leaf.tbs[field::SPKI] = spki());
    let parameters = |parameters: fn() -> Vec<Der>| {
        leaf(move |leaf| {
            let elements = leaf.tbs[field::SPKI][0].elements();
            elements.truncate(1);
            elements.extend(parameters());
        })
    };
    let scheme = |octets: &'static [u8]| leaf(|leaf| *leaf.tbs[field::SPKI][0][0].octets() = octets.to_vec());
    let point = |change: fn(&[u8]) -> Vec<u8>| {
        leaf(move |leaf| {
            let octets = leaf.tbs[field::SPKI][1].octets();
            *octets = [vec![0], change(&octets[1..])].concat();
        })
    };
    let mut vectors = vec![
        att(
            "certificate::key-p384",
            "xs-19",
            "SpkiAlgorithm",
            "The leaf's key is on P-384.",
            key(|| ec_public_key(oid::P384, &Signer::p384("leaf").public_point())),
        ),
        att(
            "certificate::key-rsa",
            "xs-20a",
            "SpkiAlgorithm",
            "The leaf's key is an RSA key.",
            key(|| {
                let modulus = [vec![0x80], pseudo_random("modulus", 255)].concat();
                let rsa = Der::sequence(vec![Der::integer(&modulus), Der::integer(&[1, 0, 1])]);
                let algorithm =
                    [Der::oid(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01]), Der::primitive(tag::NULL, &[])];
                Der::sequence(vec![Der::sequence(algorithm.to_vec()), Der::bit_string(&rsa.encode())])
            }),
        ),
        att(
            "certificate::key-ed25519",
            "xs-20b",
            "SpkiAlgorithm",
            "The leaf's key is an Ed25519 key.",
            key(|| Der::sequence(vec![algorithm(&[0x2B, 0x65, 0x70]), Der::bit_string(&pseudo_random("ed25519", 32))])),
        ),
        att(
            "certificate::curve-secp256k1",
            "xs-20c",
            "SpkiAlgorithm",
            "The leaf's curve is secp256k1.",
            parameters(|| vec![Der::oid(&[0x2B, 0x81, 0x04, 0x00, 0x0A])]),
        ),
        att(
            "certificate::curve-brainpool-p256r1",
            "xs-20d",
            "SpkiAlgorithm",
            "The leaf's curve is brainpoolP256r1.",
            parameters(|| vec![Der::oid(&[0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x07])]),
        ),
        att(
            "certificate::curve-explicit",
            "xs-21",
            "SpkiAlgorithm",
            "The leaf's curve is given by explicit parameters.",
            parameters(|| vec![explicit_p256()]),
        ),
        att(
            "certificate::curve-missing",
            "xs-22a",
            "SpkiAlgorithm",
            "The leaf's curve is absent.",
            parameters(Vec::new),
        ),
        att(
            "certificate::curve-null",
            "xs-22b",
            "SpkiAlgorithm",
            "The leaf's curve is NULL.",
            parameters(|| vec![Der::primitive(tag::NULL, &[])]),
        ),
        att(
            "certificate::key-for-ecdh",
            "xs-23a",
            "SpkiAlgorithm",
            "The leaf's key is for id-ecDH.",
            scheme(&[0x2B, 0x81, 0x04, 0x01, 0x0C]),
        ),
        att(
            "certificate::key-for-ecmqv",
            "xs-23b",
            "SpkiAlgorithm",
            "The leaf's key is for id-ecMQV.",
            scheme(&[0x2B, 0x81, 0x04, 0x01, 0x0D]),
        ),
        att(
            "certificate::intermediate-key-p256",
            "xs-24",
            "IntermediateKeyAlgorithm",
            "The intermediate has a P-256 key, which signed the leaf.",
            mutation().leaf(|leaf| leaf.signer = Signer::p256("intermediate")).intermediate(|intermediate| {
                intermediate.tbs[field::SPKI] = ec_public_key(oid::P256, &Signer::p256("intermediate").public_point());
            }),
        ),
        att(
            "certificate::point-compressed",
            "xs-25",
            "SpkiPoint",
            "The leaf's point is compressed.",
            point(|point| [&[0x02 | (point[64] & 1)], &point[1..33]].concat()),
        ),
        att(
            "certificate::point-compressed-other-sign",
            "xs-25b",
            "SpkiPoint",
            "The leaf's point is compressed, with the other sign.",
            point(|point| [&[0x03 ^ (point[64] & 1)], &point[1..33]].concat()),
        ),
        att(
            "certificate::point-hybrid",
            "xs-26",
            "SpkiPoint",
            "The leaf's point is in hybrid form.",
            point(|point| [&[0x06 | (point[64] & 1)], &point[1..]].concat()),
        ),
        att(
            "certificate::point-hybrid-other-sign",
            "xs-26b",
            "SpkiPoint",
            "The leaf's point is in hybrid form, with the other sign.",
            point(|point| [&[0x07 ^ (point[64] & 1)], &point[1..]].concat()),
        ),
        att(
            "certificate::point-at-infinity",
            "xs-27",
            "SpkiPoint",
            "The leaf's point is the point at infinity.",
            point(|_| vec![0]),
        ),
        att(
            "certificate::point-without-format",
            "xs-30a",
            "SpkiPoint",
            "The leaf's point lacks its format octet.",
            point(|point| point[1..].to_vec()),
        ),
        att(
            "certificate::point-octet-too-many",
            "xs-30b",
            "SpkiPoint",
            "The leaf's point has an octet too many.",
            point(|point| [point, &[0]].concat()),
        ),
        att(
            "certificate::intermediate-point-off-curve",
            "xs-32",
            "IntermediateKeyInvalid",
            "The intermediate's point is not on P-384.",
            mutation().intermediate(|intermediate| {
                *intermediate.tbs[field::SPKI][1].octets().last_mut().expect("97 octets") ^= 1;
            }),
        ),
    ];
    vectors.extend(claimed_points());
    vectors
}

/// Changes a point `04 ‖ x ‖ y`, given the prime of the field and a number above it.
type ChangePoint = fn(&mut [u8; 65], [u8; 32], [u8; 32]);

/// Points that are invalid in certificate, COSE key and key identifier alike, so that only the curve equation is left.
fn claimed_points() -> Vec<Unminted> {
    /// The prime of P-256 (SEC 2 §2.4.2).
    const P: [u8; 32] = [
        0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    ];
    let mut above = P;
    above[27..].copy_from_slice(&[0xFF; 5]);
    above[8] = 1;
    let inputs: [(&str, &str, &str, ChangePoint); 6] = [
        ("certificate::attested-point-off-curve", "xs-28", "The attested point is not on the curve.", |point, _, _| {
            point[64] ^= 1;
        }),
        ("certificate::attested-x-is-prime", "xs-29a", "The attested x is the prime.", |point, prime, _| {
            point[1..33].copy_from_slice(&prime);
        }),
        ("certificate::attested-x-above-prime", "xs-29b", "The attested x is above the prime.", |point, _, above| {
            point[1..33].copy_from_slice(&above);
        }),
        ("certificate::attested-y-is-prime", "xs-29c", "The attested y is the prime.", |point, prime, _| {
            point[33..].copy_from_slice(&prime);
        }),
        ("certificate::attested-x-zero", "xs-31a", "The attested x is zero.", |point, _, _| point[1..33].fill(0)),
        ("certificate::attested-y-zero", "xs-31b", "The attested y is zero.", |point, _, _| point[33..].fill(0)),
    ];
    inputs
        .into_iter()
        .map(|(id, threat, description, change)| {
            att(id, threat, "LeafKeyInvalid", description, mutation()).device(|device| {
                let mut point = device.public_key();
                change(&mut point, P, above);
                device.with_claimed_point(point)
            })
        })
        .collect()
}

/// A `SpecifiedECDomain` with the shape of P-256 and another generator (SEC 1 §C.2).
fn explicit_p256() -> Der {
    let field_id =
        Der::sequence(vec![Der::oid(&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x01, 0x01]), Der::integer(&[0xFF; 32])]);
    let curve = Der::sequence(vec![Der::octet_string(&[0xFF; 32]), Der::octet_string(&[0x5A; 32])]);
    let generator = Der::octet_string(&Signer::p256("generator").public_point());
    Der::sequence(vec![
        Der::small_integer(1),
        field_id,
        curve,
        generator,
        Der::integer(&[0xFF; 32]),
        Der::small_integer(1),
    ])
}
