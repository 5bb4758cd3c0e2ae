//! DER of certificates and X.509 form of each: DE, XS.

use std::fmt::Display;

use super::good::{SERVER_AUTH, purpose, purposes};
use super::{Row, att, edit, lettered};
use crate::certificate::{UnsignedCertificate, algorithm, ec_public_key, extension, field, nonce_value, oid, part};
use crate::der::{Der, minimal_length, tag};
use crate::keys::{Signer, pseudo_random};
use crate::recipe::Edits;

pub(super) fn rows() -> Vec<Row> {
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

/// The certificate that a row of DE changes.
#[derive(Clone, Copy)]
enum Place {
    Leaf,
    Intermediate,
}

impl Place {
    /// A row of this place: the intermediate's has the leaf's id and `-ca`.
    fn att(
        self,
        id: impl Into<String>,
        expected: &'static str,
        description: impl Display,
        change: Edits<'static>,
    ) -> Row {
        let id = id.into();
        match self {
            Self::Leaf => att(id, expected, format!("Leaf: {description}"), change),
            Self::Intermediate => att(id + "-ca", expected, format!("Intermediate: {description}"), change),
        }
    }

    /// Changes the certificate before it is signed.
    fn unsigned(self, change: impl Fn(&mut UnsignedCertificate) + 'static) -> Edits<'static> {
        match self {
            Self::Leaf => edit().leaf(change),
            Self::Intermediate => edit().intermediate(change),
        }
    }

    /// Changes the certificate after it was signed.
    fn signed(self, change: impl Fn(&mut Der) + 'static) -> Edits<'static> {
        edit().chain(move |chain| match self {
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

fn leaf(edit_leaf: impl Fn(&mut UnsignedCertificate) + 'static) -> Edits<'static> {
    edit().leaf(edit_leaf)
}

/// The same edit on the leaf, letter a, and on the intermediate, letter b.
fn both(id: &str, expected: &'static str, description: &str, change: fn(&mut UnsignedCertificate)) -> [Row; 2] {
    [
        att(format!("{id}a"), expected, format!("Leaf: {description}"), edit().leaf(change)),
        att(format!("{id}b"), expected, format!("Intermediate: {description}"), edit().intermediate(change)),
    ]
}

fn in_both() -> Vec<Row> {
    let mut rows = vec![
        att(
            "de-01a",
            "DerTrailing",
            "A byte follows the leaf.",
            Place::Leaf.signed(|certificate| *certificate = Der::raw(&[certificate.encode(), vec![0]].concat())),
        ),
        att(
            "de-01b",
            "DerTrailing",
            "A byte follows the intermediate.",
            Place::Intermediate
                .signed(|certificate| *certificate = Der::raw(&[certificate.encode(), vec![0]].concat())),
        ),
    ];
    rows.extend(both(
        "de-03",
        "DerTrailing",
        "an element follows the extensions inside the signed part.",
        |certificate| certificate.tbs.elements().push(Der::primitive(tag::NULL, &[])),
    ));
    rows.extend(both("de-13", "CertVersion", "the version is absent.", |certificate| {
        certificate.tbs.elements().remove(field::VERSION);
    }));
    rows.extend(both("de-27", "DerBoolean", "the critical flag of basicConstraints is 01.", |certificate| {
        *certificate.extension(oid::BASIC_CONSTRAINTS)[1].octets() = vec![1];
    }));
    rows
}

fn structure(place: Place) -> Vec<Row> {
    let mut rows = vec![place.att(
        "de-02",
        "DerTrailing",
        "an element follows the signature.",
        place.signed(|certificate| certificate.elements().push(Der::primitive(tag::NULL, &[]))),
    )];
    for (index, wrong) in [tag::SET, 0x70, 0x10].into_iter().enumerate() {
        rows.push(place.att(
            lettered("de-04", index),
            "DerTag",
            format!("the tag is 0x{wrong:02X}."),
            place.signed(move |certificate| certificate.tag = vec![wrong]),
        ));
    }
    for (index, wrong) in [&[0x1F, 0x10][..], &[0xBF, 0x8F, 0x36]].into_iter().enumerate() {
        rows.push(place.att(
            lettered("de-12", index),
            "DerTag",
            "the serial number has a tag in high-tag-number form.",
            place.unsigned(move |certificate| certificate.tbs[field::SERIAL].tag = wrong.to_vec()),
        ));
    }
    rows
}

fn lengths(place: Place) -> Vec<Row> {
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
            "de-05",
            "DerLength",
            "the length is indefinite.",
            place.signed(|certificate| {
                certificate.length = Some(vec![0x80]);
                certificate.elements().push(Der::raw(&[0, 0]));
            }),
        ),
        place.att(
            "de-06a",
            "DerLength",
            "the length takes three octets.",
            outer(|length| [vec![0x83, 0], minimal_length(length)[1..].to_vec()].concat()),
        ),
        place.att(
            "de-06b",
            "DerLength",
            "the length takes four octets.",
            outer(|length| [vec![0x84, 0, 0], minimal_length(length)[1..].to_vec()].concat()),
        ),
        place.att(
            "de-07",
            "DerLength",
            "the length of the issuer, below 128, is in long form.",
            long_form(field::ISSUER),
        ),
        place.att("de-08", "DerLength", "the length takes five octets.", outer(|_| vec![0x85, 0, 0, 0, 0, 1])),
        place.att(
            "de-09",
            "DerLength",
            "the length is eight octets of FF.",
            outer(|_| [vec![0x88], vec![0xFF; 8]].concat()),
        ),
        place.att(
            "de-10",
            "DerTruncated",
            "the length is one more than there is.",
            outer(|length| minimal_length(length + 1)),
        ),
        place.att(
            "de-11",
            "DerTruncated",
            "the signature value claims one byte more than there is.",
            place.signed(|certificate| {
                let length = certificate[part::SIGNATURE].content_len();
                certificate[part::SIGNATURE].length = Some(minimal_length(length + 1));
            }),
        ),
        place.att(
            "de-44",
            "DerLength",
            "the length of the subject public key takes two octets.",
            long_form(field::SPKI),
        ),
    ]
}

fn version_and_serial(place: Place) -> Vec<Row> {
    let serial = |octets: &'static [u8]| {
        place.unsigned(|certificate| *certificate.tbs[field::SERIAL].octets() = octets.to_vec())
    };
    let version = |octets: &'static [u8]| {
        place.unsigned(|certificate| *certificate.tbs[field::VERSION][0].octets() = octets.to_vec())
    };
    vec![
        place.att("de-14a", "CertVersion", "the version is 2.", version(&[1])),
        place.att("de-14b", "CertVersion", "the version is 4.", version(&[3])),
        place.att("de-14c", "CertVersion", "the version 3 has a superfluous leading zero.", version(&[0, 2])),
        place.att("de-15", "CertSerial", "the serial number is zero.", serial(&[0])),
        place.att("de-16", "CertSerial", "the serial number is negative.", serial(&[0x80])),
        place.att("de-17", "DerInteger", "the serial number has a superfluous leading zero.", serial(&[0, 1])),
        place.att("de-18", "DerInteger", "the serial number has a superfluous leading FF.", serial(&[0xFF, 0xFF])),
        place.att("de-19", "CertSerial", "the serial number has 21 octets.", serial(&[0x11; 21])),
        place.att("de-20", "DerInteger", "the serial number has no octets.", serial(&[])),
    ]
}

fn algorithms(place: Place) -> Vec<Row> {
    let named = |oid: &'static [u8]| place.unsigned(|certificate| certificate.set_algorithm(&algorithm(oid)));
    let [_, other] = place.algorithms();
    let mut rows = vec![
        place.att(
            "de-21a",
            "CertAlgMismatch",
            "the signature algorithm outside of the signed part is another.",
            place.unsigned(|certificate| certificate.algorithm = algorithm(other)),
        ),
        place.att(
            "de-21b",
            "CertAlgMismatch",
            "the signature algorithm inside the signed part is another.",
            place.unsigned(|certificate| certificate.tbs[field::ALGORITHM] = algorithm(other)),
        ),
        place.att(
            "de-22",
            "CertAlgUnsupported",
            "the signature algorithm has NULL parameters.",
            place.unsigned(move |certificate| {
                let [own, _] = place.algorithms();
                certificate.set_algorithm(&Der::sequence(vec![Der::oid(own), Der::primitive(tag::NULL, &[])]));
            }),
        ),
        place.att(
            "de-24",
            "DerOid",
            "the algorithm's identifier has an arc with superfluous octets.",
            named(&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x80, 0x04, 0x03, 0x02]),
        ),
        place.att(
            "de-25",
            "DerOid",
            "the algorithm's identifier ends within an arc.",
            named(&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x82]),
        ),
        place.att("de-26", "DerOid", "the algorithm's identifier is empty.", named(&[])),
    ];
    let others: [(&str, &'static [u8]); 8] = [
        ("ecdsa-with-SHA1", &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x01]),
        ("ecdsa-with-SHA224", &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x01]),
        ("ecdsa-with-SHA512", &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x04]),
        ("ecdsa-with-SHA3-256", &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x0A]),
        ("sha256WithRSAEncryption", &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B]),
        ("RSASSA-PSS", &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0A]),
        ("Ed25519", &[0x2B, 0x65, 0x70]),
        ("unknown", &[0x2A, 0x03, 0x04]),
    ];
    for (index, (name, oid)) in others.into_iter().enumerate() {
        rows.push(place.att(
            lettered("de-23", index),
            "CertAlgUnsupported",
            format!("the signature algorithm is {name}."),
            named(oid),
        ));
    }
    rows
}

fn booleans_and_strings(place: Place) -> Vec<Row> {
    let value = |oid: &'static [u8], value: &'static [u8]| {
        place.unsigned(|certificate| certificate.set_extension_value(oid, value))
    };
    let mut rows = vec![
        place.att(
            "de-28",
            "DerBoolean",
            "a critical flag of FALSE is spelled out.",
            place.unsigned(move |certificate| {
                let extension = certificate.extension(place.plain_extension());
                extension.elements().insert(1, Der::primitive(tag::BOOLEAN, &[0]));
            }),
        ),
        place.att(
            "de-29",
            "DerBoolean",
            "cA FALSE is spelled out.",
            value(oid::BASIC_CONSTRAINTS, &[0x30, 0x03, 0x01, 0x01, 0x00]),
        ),
        place.att(
            "de-31a",
            "DerBitString",
            "the signature value has no octets.",
            place.signed(|certificate| certificate[part::SIGNATURE].octets().clear()),
        ),
        place.att(
            "de-31b",
            "DerBitString",
            "the signature value has the unused-bits octet alone.",
            place.signed(|certificate| certificate[part::SIGNATURE].octets().truncate(1)),
        ),
        place.att(
            "de-32",
            "DerBitString",
            "the subject public key has unused bits.",
            place.unsigned(|certificate| certificate.tbs[field::SPKI][1].octets()[0] = 1),
        ),
        place.att(
            "de-33a",
            "DerBitString",
            "keyUsage has a bit set among the unused ones.",
            value(oid::KEY_USAGE, &[0x03, 0x02, 0x05, 0xF0]),
        ),
        place.att(
            "de-33b",
            "DerBitString",
            "keyUsage has a trailing octet of zero bits.",
            value(oid::KEY_USAGE, &[0x03, 0x03, 0x00, 0xF0, 0x00]),
        ),
        place.att(
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
        rows.push(place.att(
            lettered("de-30", index),
            "DerBitString",
            format!("the signature value has {unused} unused bits."),
            place.signed(move |certificate| certificate[part::SIGNATURE].octets()[0] = unused),
        ));
    }
    rows
}

fn times(place: Place) -> Vec<Row> {
    const CODE: &str = "DerTime";
    let time = |position: usize, tag: u8, text: &'static [u8]| {
        place.unsigned(move |certificate| certificate.tbs[field::VALIDITY][position] = Der::primitive(tag, text))
    };
    let not_before = |tag, text| time(0, tag, text);
    let not_after = |tag, text| time(1, tag, text);
    let mut rows =
        vec![place.att("de-38", CODE, "notBefore has no seconds.", not_before(tag::UTC_TIME, b"2310311200Z"))];
    let forms: [&'static [u8]; 4] = [b"231031120000+0000", b"231031120000z", b"231031120000.5Z", b"2310 31120000Z"];
    for (index, text) in forms.into_iter().enumerate() {
        rows.push(place.att(
            lettered("de-39", index),
            CODE,
            "notBefore is a UTCTime of another form.",
            not_before(tag::UTC_TIME, text),
        ));
    }
    let generalized: [&'static [u8]; 9] = [
        b"20510101000000.5Z",
        b"20510101000000",
        b"20510101240000Z",
        b"20510101000060Z",
        b"20510230000000Z",
        b"20510001000000Z",
        b"20511301000000Z",
        b"20510100000000Z",
        b"21000229000000Z",
    ];
    for (index, text) in generalized.into_iter().enumerate() {
        rows.push(place.att(
            lettered("de-40", index),
            CODE,
            "notAfter is a GeneralizedTime that is no time.",
            not_after(tag::GENERALIZED_TIME, text),
        ));
    }
    for (index, text) in [&b"23103112000\x00Z"[..], b"2310311200\x2F0Z", b"231031120\x3A00Z", b"\xFF31031120000Z"]
        .into_iter()
        .enumerate()
    {
        rows.push(place.att(
            lettered("de-41", index),
            CODE,
            "notBefore has an octet that is no digit.",
            not_before(tag::UTC_TIME, text),
        ));
    }
    rows.extend([
        place.att("de-42", CODE, "notBefore lies in 1950.", not_before(tag::UTC_TIME, b"500101000000Z")),
        place.att(
            "de-43a",
            CODE,
            "notBefore is a GeneralizedTime in the year 0.",
            not_before(tag::GENERALIZED_TIME, b"00000101000000Z"),
        ),
        place.att(
            "de-43b",
            CODE,
            "notBefore is a GeneralizedTime before 2050.",
            not_before(tag::GENERALIZED_TIME, b"20231031120000Z"),
        ),
        place.att(
            "ch-23",
            "ValidityInverted",
            "notBefore is later than notAfter.",
            place.unsigned(|certificate| certificate.tbs[field::VALIDITY].elements().reverse()),
        ),
    ]);
    rows
}

fn extension_forms(place: Place) -> Vec<Row> {
    let insert = |at: usize, element: fn() -> Der| {
        place.unsigned(move |certificate| certificate.tbs.elements().insert(at, element()))
    };
    let mut rows = vec![
        place.att(
            "de-36",
            "ExtMalformed",
            "the list of extensions is empty.",
            place.unsigned(|certificate| certificate.extensions().clear()),
        ),
        place.att(
            "de-37a",
            "DerTag",
            "an issuerUniqueID is present.",
            insert(field::EXTENSIONS, || Der::primitive(0x81, &[0, 1])),
        ),
        place.att(
            "de-37b",
            "DerTag",
            "a subjectUniqueID is present.",
            insert(field::EXTENSIONS, || Der::primitive(0x82, &[0, 1])),
        ),
        place.att(
            "de-37c",
            "DerTrailing",
            "the extensions stand twice.",
            place.unsigned(|certificate| {
                let extensions = certificate.tbs[field::EXTENSIONS].clone();
                certificate.tbs.elements().push(extensions);
            }),
        ),
    ];
    let read: &[&'static [u8]] = match place {
        Place::Leaf => &[oid::BASIC_CONSTRAINTS, oid::KEY_USAGE, oid::NONCE],
        Place::Intermediate => &[oid::BASIC_CONSTRAINTS, oid::KEY_USAGE],
    };
    for (index, oid) in read.iter().enumerate() {
        rows.push(place.att(
            lettered("de-35", index),
            "ExtMalformed",
            "the value of an extension is empty.",
            place.unsigned(|certificate| certificate.set_extension_value(oid, &[])),
        ));
    }
    rows
}

fn extensions() -> Vec<Row> {
    let critical = |oid: &'static [u8], value: &'static [u8]| {
        leaf(move |leaf| leaf.extensions().push(extension(oid, true, value)))
    };
    let mut rows = vec![
        att(
            "xs-01",
            "ExtCriticalUnknown",
            "The leaf has an unknown critical extension.",
            critical(&[0x2A, 0x03, 0x04], &[0x05, 0x00]),
        ),
        att(
            "xs-02",
            "ExtCriticalUnknown",
            "The intermediate has an unknown critical extension.",
            edit().intermediate(|intermediate| {
                intermediate.extensions().push(extension(&[0x2A, 0x03, 0x04], true, &[0x05, 0x00]));
            }),
        ),
    ];
    for (index, arc) in [30, 36, 33, 54].into_iter().enumerate() {
        rows.push(att(
            lettered("xs-03", index),
            "ExtCriticalUnknown",
            "The leaf has critical constraints that are not processed.",
            leaf(move |leaf| {
                leaf.extensions().push(extension(&[0x55, 0x1D, arc], true, &[0x30, 0x00]));
            }),
        ));
    }
    rows.extend([
        att(
            "xs-04",
            "ExtCriticalUnknown",
            "The intermediate has critical nameConstraints.",
            edit().intermediate(|intermediate| {
                intermediate.extensions().push(extension(&[0x55, 0x1D, 30], true, &[0x30, 0x00]));
            }),
        ),
        att(
            "xs-05a",
            "ExtDuplicate",
            "A second basicConstraints says that the leaf is an authority.",
            leaf(|leaf| {
                leaf.extensions().push(extension(oid::BASIC_CONSTRAINTS, true, &[0x30, 0x03, 0x01, 0x01, 0xFF]));
            }),
        ),
        att(
            "xs-05b",
            "ExtDuplicate",
            "A first basicConstraints says that the leaf is an authority.",
            leaf(|leaf| {
                leaf.extensions().insert(0, extension(oid::BASIC_CONSTRAINTS, true, &[0x30, 0x03, 0x01, 0x01, 0xFF]));
            }),
        ),
        att(
            "xs-06a",
            "ExtDuplicate",
            "A second nonce extension holds another nonce.",
            leaf(|leaf| {
                leaf.extensions().push(extension(oid::NONCE, false, &nonce_value(&[0; 32])));
            }),
        ),
        att(
            "xs-06b",
            "ExtDuplicate",
            "A first nonce extension holds another nonce.",
            leaf(|leaf| {
                leaf.extensions().insert(0, extension(oid::NONCE, false, &nonce_value(&[0; 32])));
            }),
        ),
        att(
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
    rows
}

/// An extended key usage without the purpose of App Attest.
fn purpose_of_another() -> Vec<Row> {
    const CODE: &str = "ExtendedKeyUsage";
    const FORM: &str = "ExtMalformed";
    const ANY: &[u8] = &[0x55, 0x1D, 0x25, 0x00];
    let value =
        |value: &'static [u8]| leaf(move |leaf| leaf.extensions().push(extension(oid::EXT_KEY_USAGE, false, value)));
    vec![
        att("xs-33", CODE, "The leaf is for TLS servers, critically.", purposes(true, &[SERVER_AUTH])),
        att("xs-33b", CODE, "The leaf is for TLS servers, not critically.", purposes(false, &[SERVER_AUTH])),
        att("xs-33c", CODE, "The leaf is for any purpose.", purposes(false, &[ANY])),
        att("xs-33d", FORM, "The leaf's list of purposes is empty.", purposes(false, &[])),
        att("xs-33e", FORM, "The leaf's list of purposes is no list.", value(&[0x04, 0x00])),
        att(
            "xs-33f",
            FORM,
            "The purpose of App Attest has no list around it.",
            value(&[0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x63, 0x64, 0x04, 0x18]),
        ),
        att(
            "xs-33g",
            FORM,
            "A byte follows the leaf's list of purposes.",
            value(&[0x30, 0x0B, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x63, 0x64, 0x04, 0x18, 0x00]),
        ),
        att(
            "xs-33j",
            FORM,
            "Behind the purpose of App Attest stands what is none.",
            value(&[0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x63, 0x64, 0x04, 0x18, 0x06, 0x00]),
        ),
        att(
            "xs-33k",
            FORM,
            "The intermediate's list of purposes is empty.",
            edit().intermediate(|intermediate| intermediate.extensions().push(purpose(false, &[]))),
        ),
        att(
            "xs-33h",
            CODE,
            "The purpose of App Attest has another arc behind it.",
            purposes(false, &[&[oid::APP_ATTEST_PURPOSE, &[0x01]].concat()]),
        ),
        att(
            "xs-33i",
            CODE,
            "The intermediate is for TLS servers, critically.",
            edit().intermediate(|intermediate| intermediate.extensions().push(purpose(true, &[SERVER_AUTH]))),
        ),
    ]
}

fn leaf_roles() -> Vec<Row> {
    let usage = |value: &'static [u8]| leaf(|leaf| leaf.set_extension_value(oid::KEY_USAGE, value));
    vec![
        att(
            "xs-08",
            "CaAsLeaf",
            "The leaf is an authority.",
            leaf(|leaf| {
                leaf.set_extension_value(oid::BASIC_CONSTRAINTS, &[0x30, 0x03, 0x01, 0x01, 0xFF]);
            }),
        ),
        att("xs-09", "KeyUsage", "The leaf may sign certificates.", usage(&[0x03, 0x02, 0x02, 0xF4])),
        att("xs-10", "KeyUsage", "The leaf may not sign.", usage(&[0x03, 0x02, 0x04, 0x70])),
        att("xs-11", "KeyUsage", "The leaf has no keyUsage.", leaf(|leaf| leaf.remove_extension(oid::KEY_USAGE))),
        att(
            "xs-12",
            "BasicConstraints",
            "The leaf has a path length without being an authority.",
            leaf(|leaf| {
                leaf.set_extension_value(oid::BASIC_CONSTRAINTS, &[0x30, 0x03, 0x02, 0x01, 0x00]);
            }),
        ),
    ]
}

fn intermediate_roles() -> Vec<Row> {
    let constraints = |value: &'static [u8]| {
        edit().intermediate(|intermediate| intermediate.set_extension_value(oid::BASIC_CONSTRAINTS, value))
    };
    vec![
        att(
            "xs-13",
            "BasicConstraints",
            "The intermediate has no basicConstraints.",
            edit().intermediate(|intermediate| {
                intermediate.remove_extension(oid::BASIC_CONSTRAINTS);
            }),
        ),
        att("xs-14", "BasicConstraints", "The intermediate is no authority.", constraints(&[0x30, 0x00])),
        att(
            "xs-15",
            "BasicConstraints",
            "The intermediate's basicConstraints are not critical.",
            edit().intermediate(|intermediate| {
                intermediate.extension(oid::BASIC_CONSTRAINTS).elements().remove(1);
            }),
        ),
        att(
            "xs-16",
            "KeyUsage",
            "The intermediate may sign revocation lists alone.",
            edit().intermediate(|intermediate| {
                intermediate.set_extension_value(oid::KEY_USAGE, &[0x03, 0x02, 0x01, 0x02]);
            }),
        ),
        att(
            "xs-17",
            "KeyUsage",
            "The intermediate has no keyUsage.",
            edit().intermediate(|intermediate| {
                intermediate.remove_extension(oid::KEY_USAGE);
            }),
        ),
        att(
            "xs-18a",
            "ExtMalformed",
            "The intermediate's path length is negative.",
            constraints(&[0x30, 0x06, 0x01, 0x01, 0xFF, 0x02, 0x01, 0xFF]),
        ),
        att(
            "xs-18b",
            "ExtMalformed",
            "The intermediate's path length is 2^31.",
            constraints(&[0x30, 0x0A, 0x01, 0x01, 0xFF, 0x02, 0x05, 0x00, 0x80, 0x00, 0x00, 0x00]),
        ),
        att(
            "xs-18c",
            "ExtMalformed",
            "The intermediate's path length is not minimal.",
            constraints(&[0x30, 0x07, 0x01, 0x01, 0xFF, 0x02, 0x02, 0x00, 0x00]),
        ),
    ]
}

fn keys() -> Vec<Row> {
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
    let mut rows = vec![
        att(
            "xs-19",
            "SpkiAlgorithm",
            "The leaf's key is on P-384.",
            key(|| ec_public_key(oid::P384, &Signer::p384("leaf").public_point())),
        ),
        att(
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
            "xs-20b",
            "SpkiAlgorithm",
            "The leaf's key is an Ed25519 key.",
            key(|| Der::sequence(vec![algorithm(&[0x2B, 0x65, 0x70]), Der::bit_string(&pseudo_random("ed25519", 32))])),
        ),
        att(
            "xs-20c",
            "SpkiAlgorithm",
            "The leaf's curve is secp256k1.",
            parameters(|| vec![Der::oid(&[0x2B, 0x81, 0x04, 0x00, 0x0A])]),
        ),
        att(
            "xs-20d",
            "SpkiAlgorithm",
            "The leaf's curve is brainpoolP256r1.",
            parameters(|| vec![Der::oid(&[0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x07])]),
        ),
        att(
            "xs-21",
            "SpkiAlgorithm",
            "The leaf's curve is given by explicit parameters.",
            parameters(|| vec![explicit_p256()]),
        ),
        att("xs-22a", "SpkiAlgorithm", "The leaf's curve is absent.", parameters(Vec::new)),
        att(
            "xs-22b",
            "SpkiAlgorithm",
            "The leaf's curve is NULL.",
            parameters(|| vec![Der::primitive(tag::NULL, &[])]),
        ),
        att("xs-23a", "SpkiAlgorithm", "The leaf's key is for id-ecDH.", scheme(&[0x2B, 0x81, 0x04, 0x01, 0x0C])),
        att("xs-23b", "SpkiAlgorithm", "The leaf's key is for id-ecMQV.", scheme(&[0x2B, 0x81, 0x04, 0x01, 0x0D])),
        att(
            "xs-24",
            "SpkiAlgorithm",
            "The intermediate has a P-256 key, which signed the leaf.",
            edit().leaf(|leaf| leaf.signer = Signer::p256("intermediate")).intermediate(|intermediate| {
                intermediate.tbs[field::SPKI] = ec_public_key(oid::P256, &Signer::p256("intermediate").public_point());
            }),
        ),
        att(
            "xs-25",
            "SpkiPoint",
            "The leaf's point is compressed.",
            point(|point| [&[0x02 | (point[64] & 1)], &point[1..33]].concat()),
        ),
        att(
            "xs-25b",
            "SpkiPoint",
            "The leaf's point is compressed, with the other sign.",
            point(|point| [&[0x03 ^ (point[64] & 1)], &point[1..33]].concat()),
        ),
        att(
            "xs-26",
            "SpkiPoint",
            "The leaf's point is in hybrid form.",
            point(|point| [&[0x06 | (point[64] & 1)], &point[1..]].concat()),
        ),
        att(
            "xs-26b",
            "SpkiPoint",
            "The leaf's point is in hybrid form, with the other sign.",
            point(|point| [&[0x07 ^ (point[64] & 1)], &point[1..]].concat()),
        ),
        att("xs-27", "SpkiPoint", "The leaf's point is the point at infinity.", point(|_| vec![0])),
        att("xs-30a", "SpkiPoint", "The leaf's point lacks its format octet.", point(|point| point[1..].to_vec())),
        att("xs-30b", "SpkiPoint", "The leaf's point has an octet too many.", point(|point| [point, &[0]].concat())),
        att(
            "xs-32",
            "SpkiPoint",
            "The intermediate's point is not on P-384.",
            edit().intermediate(|intermediate| {
                *intermediate.tbs[field::SPKI][1].octets().last_mut().expect("97 octets") ^= 1;
            }),
        ),
    ];
    rows.extend(claimed_points());
    rows
}

/// Changes a point `04 ‖ x ‖ y`, given the prime of the field and a number above it.
type ChangePoint = fn(&mut [u8; 65], [u8; 32], [u8; 32]);

/// Points that are invalid in certificate, COSE key and key identifier alike, so that only the curve equation is left.
fn claimed_points() -> Vec<Row> {
    /// The prime of P-256 (SEC 2 §2.4.2).
    const P: [u8; 32] = [
        0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    ];
    let mut above = P;
    above[27..].copy_from_slice(&[0xFF; 5]);
    above[8] = 1;
    let inputs: [(&str, &str, ChangePoint); 6] = [
        ("xs-28", "The attested point is not on the curve.", |point, _, _| point[64] ^= 1),
        ("xs-29a", "The attested x is the prime.", |point, prime, _| point[1..33].copy_from_slice(&prime)),
        ("xs-29b", "The attested x is above the prime.", |point, _, above| point[1..33].copy_from_slice(&above)),
        ("xs-29c", "The attested y is the prime.", |point, prime, _| point[33..].copy_from_slice(&prime)),
        ("xs-31a", "The attested x is zero.", |point, _, _| point[1..33].fill(0)),
        ("xs-31b", "The attested y is zero.", |point, _, _| point[33..].fill(0)),
    ];
    inputs
        .into_iter()
        .map(|(id, description, change)| {
            att(id, "SpkiPoint", description, edit()).device(|device| {
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
