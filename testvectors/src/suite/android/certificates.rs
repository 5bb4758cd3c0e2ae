//! Groups android-der and android-certificate: strict DER, and what X.509 says of each certificate.

use super::faults::{
    CERT_ALG_MISMATCH, CERT_ALG_UNSUPPORTED, CERT_SERIAL, CERT_SIGNATURE_ENCODING, CERT_TIME, CERT_VERSION,
    DER_BIT_STRING, DER_BOOLEAN, DER_INTEGER, DER_LENGTH, DER_OID, DER_TAG, DER_TRAILING, DER_TRUNCATED, EXT_CRITICAL,
    EXT_DUPLICATE, EXT_LIMIT, EXT_MALFORMED, ISSUER_KEY, SIGNATURE, VALIDITY_INVERTED,
};
use super::{Base, Fault, Unminted};
use crate::android::{rsa_signer_with_exponent_3, short_rsa_signer};
use crate::certificate::{
    UnsignedCertificate, algorithm, ec_public_key, extension, field, oid, part, rsa_public_key, signature_algorithm,
};
use crate::der::{Der, minimal_length, tag};
use crate::keys::Signer;

pub(super) fn vectors() -> Vec<Unminted> {
    [Place::Leaf, Place::Attestation, Place::Droid]
        .into_iter()
        .flat_map(|place| [signed(place), lengths(place), numbers(place), algorithms(place), strings(place)])
        .chain([times(), extensions(), issuer_keys(), signature_forms()])
        .flatten()
        .collect()
}

/// Which certificate of the remotely provisioned chain a mutation changes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Leaf,
    Attestation,
    /// `Droid CA2`, signed with SHA-384.
    Droid,
}

impl Place {
    const fn position(self) -> usize {
        match self {
            Self::Leaf => 0,
            Self::Attestation => 1,
            Self::Droid => 3,
        }
    }

    /// A vector of this place: the id of the leaf's is bare.
    fn named(self, id: &str, description: &str) -> Unminted {
        let (infix, certificate) = match self {
            Self::Leaf => ("", "Leaf"),
            Self::Attestation => ("attestation-", "Attestation certificate"),
            Self::Droid => ("droid-", "Droid CA2"),
        };
        Unminted::new(id.replace("::", &format!("::{infix}")), format!("{certificate}: {description}"))
    }

    fn unsigned(
        self,
        id: &str,
        fault: Fault,
        description: &str,
        change: impl Fn(&mut UnsignedCertificate) + 'static,
    ) -> Unminted {
        self.named(id, description).certificate(self.position(), change).fails(fault)
    }

    fn signed(self, id: &str, fault: Fault, description: &str, change: impl Fn(&mut Der) + 'static) -> Unminted {
        self.named(id, description).signed(move |chain| change(&mut chain[self.position()])).fails(fault)
    }

    /// The algorithm that the certificate names, and one that it does not.
    const fn algorithms(self) -> [&'static [u8]; 2] {
        match self {
            Self::Leaf | Self::Attestation => [oid::ECDSA_SHA256, oid::ECDSA_SHA384],
            Self::Droid => [oid::ECDSA_SHA384, oid::ECDSA_SHA256],
        }
    }

    /// An extension that is not critical.
    const fn plain_extension(self) -> &'static [u8] {
        match self {
            Self::Leaf => oid::KEY_DESCRIPTION,
            Self::Attestation | Self::Droid => oid::SUBJECT_KEY_ID,
        }
    }
}

/// What is around and behind the parts.
fn signed(place: Place) -> Vec<Unminted> {
    let mut vectors = vec![
        place.signed("android-der::octet-after", DER_TRAILING, "an octet follows.", |certificate| {
            *certificate = Der::raw(&[certificate.encode(), vec![0]].concat());
        }),
        place.signed(
            "android-der::element-after-signature",
            DER_TRAILING,
            "an element follows the signature.",
            |certificate| {
                certificate.elements().push(Der::null());
            },
        ),
        place.unsigned(
            "android-der::element-after-extensions",
            DER_TRAILING,
            "an element follows the extensions inside the signed part.",
            |certificate| certificate.tbs.elements().push(Der::null()),
        ),
        place.signed("android-der::empty", DER_TRUNCATED, "there are no octets.", |certificate| {
            *certificate = Der::raw(&[]);
        }),
        place.signed("android-der::last-octet-missing", DER_TRUNCATED, "the last octet is missing.", |certificate| {
            let mut octets = certificate.encode();
            octets.pop();
            *certificate = Der::raw(&octets);
        }),
        place.unsigned(
            "android-der::serial-high-tag",
            DER_TAG,
            "the serial number has a tag in high-tag-number form.",
            |certificate| certificate.tbs[field::SERIAL].tag = vec![0x1F, 0x10],
        ),
        place.unsigned("android-der::issuer-unique-id", DER_TAG, "an issuerUniqueID is present.", |certificate| {
            certificate.tbs.elements().insert(field::EXTENSIONS, Der::primitive(0x81, &[0, 1]));
        }),
        place.unsigned("android-der::extensions-twice", DER_TRAILING, "the extensions stand twice.", |certificate| {
            let extensions = certificate.tbs[field::EXTENSIONS].clone();
            certificate.tbs.elements().push(extensions);
        }),
    ];
    for wrong in [tag::SET, 0x70, 0x10] {
        vectors.push(place.signed(
            &format!("android-der::tag-{wrong:02x}"),
            DER_TAG,
            &format!("the tag is 0x{wrong:02X}."),
            move |certificate| certificate.tag = vec![wrong],
        ));
    }
    vectors
}

fn lengths(place: Place) -> Vec<Unminted> {
    let outer = |id: &str, fault: Fault, description: &str, length: fn(usize) -> Vec<u8>| {
        place.signed(id, fault, description, move |certificate| {
            certificate.length = Some(length(certificate.content_len()));
        })
    };
    // The content is shorter than 128 octets, or shorter than 256.
    let long_form = |id: &str, description: &str, field: usize| {
        place.unsigned(id, DER_LENGTH, description, move |certificate| {
            let length = certificate.tbs[field].content_len();
            let octet = u8::try_from(length).expect("a short element");
            certificate.tbs[field].length = Some(if length < 0x80 { vec![0x81, octet] } else { vec![0x82, 0, octet] });
        })
    };
    vec![
        place.signed("android-der::length-indefinite", DER_LENGTH, "the length is indefinite.", |certificate| {
            certificate.length = Some(vec![0x80]);
            certificate.elements().push(Der::raw(&[0, 0]));
        }),
        outer("android-der::length-in-three-octets", DER_LENGTH, "the length takes three octets.", |length| {
            [vec![0x83, 0], minimal_length(length)[1..].to_vec()].concat()
        }),
        outer("android-der::length-in-eight-octets", DER_LENGTH, "the length is eight octets of FF.", |_| {
            [vec![0x88], vec![0xFF; 8]].concat()
        }),
        outer("android-der::length-one-more", DER_TRUNCATED, "the length is one more than there is.", |length| {
            minimal_length(length + 1)
        }),
        long_form("android-der::issuer-length-long-form", "the length of the issuer is not minimal.", field::ISSUER),
        long_form(
            "android-der::key-length-long-form",
            "the length of the subject public key is not minimal.",
            field::SPKI,
        ),
    ]
}

fn numbers(place: Place) -> Vec<Unminted> {
    let serial = |id: &str, fault: Fault, description: &str, octets: &'static [u8]| {
        place.unsigned(id, fault, description, |certificate| {
            *certificate.tbs[field::SERIAL].octets() = octets.to_vec();
        })
    };
    let version = |id: &str, description: &str, octets: &'static [u8]| {
        place.unsigned(id, CERT_VERSION, description, |certificate| {
            *certificate.tbs[field::VERSION][0].octets() = octets.to_vec();
        })
    };
    vec![
        version("android-certificate::version-2", "the version is 2.", &[1]),
        version("android-certificate::version-4", "the version is 4.", &[3]),
        place.unsigned("android-certificate::version-absent", CERT_VERSION, "the version is absent.", |certificate| {
            certificate.tbs.elements().remove(field::VERSION);
        }),
        serial("android-certificate::serial-zero", CERT_SERIAL, "the serial number is zero.", &[0]),
        serial("android-certificate::serial-negative", CERT_SERIAL, "the serial number is negative.", &[0x80]),
        serial("android-certificate::serial-21-octets", CERT_SERIAL, "the serial number has 21 octets.", &[0x11; 21]),
        serial(
            "android-der::serial-leading-zero",
            DER_INTEGER,
            "the serial number has a superfluous leading zero.",
            &[0, 1],
        ),
        serial(
            "android-der::serial-leading-ff",
            DER_INTEGER,
            "the serial number has a superfluous leading FF.",
            &[0xFF, 0xFF],
        ),
        serial("android-der::serial-without-octets", DER_INTEGER, "the serial number has no octets.", &[]),
    ]
}

fn algorithms(place: Place) -> Vec<Unminted> {
    let named = |id: &str, fault: Fault, description: &str, oid: &'static [u8]| {
        place.unsigned(id, fault, description, |certificate| certificate.set_algorithm(&algorithm(oid)))
    };
    let [own, other] = place.algorithms();
    let with_null = move || {
        let mut with_null = algorithm(own);
        with_null.elements().push(Der::null());
        with_null
    };
    let mut vectors = vec![
        place.unsigned(
            "android-certificate::algorithm-outside-differs",
            CERT_ALG_MISMATCH,
            "the signature algorithm outside of the signed part is another.",
            move |certificate| certificate.algorithm = algorithm(other),
        ),
        place.unsigned(
            "android-certificate::algorithm-inside-differs",
            CERT_ALG_MISMATCH,
            "the signature algorithm inside the signed part is another.",
            move |certificate| certificate.tbs[field::ALGORITHM] = algorithm(other),
        ),
        place.unsigned(
            "android-certificate::null-parameters-outside",
            CERT_ALG_MISMATCH,
            "the algorithm has NULL parameters outside of the signed part, and none inside.",
            move |certificate| certificate.algorithm = with_null(),
        ),
        place.unsigned(
            "android-certificate::null-parameters-inside",
            CERT_ALG_MISMATCH,
            "the algorithm has NULL parameters inside the signed part, and none outside.",
            move |certificate| certificate.tbs[field::ALGORITHM] = with_null(),
        ),
        named(
            "android-der::algorithm-oid-padded-arc",
            DER_OID,
            "the algorithm's identifier has an arc with superfluous octets.",
            &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x80, 0x04, 0x03, 0x02],
        ),
        named(
            "android-der::algorithm-oid-cut-off",
            DER_OID,
            "the algorithm's identifier ends within an arc.",
            &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x82],
        ),
        named("android-der::algorithm-oid-empty", DER_OID, "the algorithm's identifier is empty.", &[]),
    ];
    let others: [(&str, &str, &'static [u8]); 7] = [
        ("ecdsa-sha1", "ecdsa-with-SHA1", &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x01]),
        ("ecdsa-sha512", "ecdsa-with-SHA512", &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x04]),
        ("rsa-sha1", "sha1WithRSAEncryption", &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x05]),
        ("rsa-sha512", "sha512WithRSAEncryption", &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0D]),
        ("rsa-pss", "RSASSA-PSS", &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0A]),
        ("ed25519", "Ed25519", &[0x2B, 0x65, 0x70]),
        ("ml-dsa-65", "ML-DSA-65", oid::ML_DSA_65),
    ];
    for (id, name, oid) in others {
        vectors.push(named(
            &format!("android-certificate::algorithm-{id}"),
            CERT_ALG_UNSUPPORTED,
            &format!("the signature algorithm is {name}."),
            oid,
        ));
    }
    vectors
}

fn strings(place: Place) -> Vec<Unminted> {
    let mut vectors = vec![
        place.unsigned(
            "android-der::critical-false-spelled-out",
            DER_BOOLEAN,
            "a critical flag of FALSE is spelled out.",
            move |certificate| {
                let extension = certificate.extension(place.plain_extension());
                extension.elements().insert(1, Der::primitive(tag::BOOLEAN, &[0]));
            },
        ),
        place.unsigned(
            "android-der::critical-two-octets",
            DER_BOOLEAN,
            "a critical flag has two octets.",
            |certificate| {
                *certificate.extension(oid::KEY_USAGE)[1].octets() = vec![0xFF, 0xFF];
            },
        ),
        place.unsigned(
            "android-der::key-unused-bits",
            DER_BIT_STRING,
            "the subject public key has unused bits.",
            |certificate| {
                certificate.tbs[field::SPKI][1].octets()[0] = 1;
            },
        ),
        place.signed(
            "android-der::signature-without-octets",
            DER_BIT_STRING,
            "the signature value has no octets.",
            |certificate| {
                certificate[part::SIGNATURE].octets().clear();
            },
        ),
        place.signed(
            "android-der::signature-without-bits",
            DER_BIT_STRING,
            "the signature value has the octet of unused bits alone.",
            |certificate| certificate[part::SIGNATURE].octets().truncate(1),
        ),
        place.unsigned(
            "android-der::extension-value-constructed",
            DER_TAG,
            "the value of an extension is a constructed OCTET STRING.",
            move |certificate| {
                let value = &mut certificate.extension(place.plain_extension())[1];
                let whole = Der::octet_string(&value.octets().clone());
                *value = Der::constructed(0x24, vec![whole]);
            },
        ),
    ];
    for unused in [1, 8] {
        vectors.push(place.signed(
            &format!("android-der::signature-unused-bits-{unused}"),
            DER_BIT_STRING,
            &format!("the signature value has {unused} unused bits."),
            move |certificate| certificate[part::SIGNATURE].octets()[0] = unused,
        ));
    }
    vectors
}

/// Times of the attestation certificate. Nobody looks at those of the leaf, but they have to be times.
fn times() -> Vec<Unminted> {
    let time = |id: &str, description: &str, position: usize, tag: u8, text: &'static [u8]| {
        Place::Attestation.unsigned(id, CERT_TIME, description, move |certificate| {
            certificate.tbs[field::VALIDITY][position] = Der::primitive(tag, text);
        })
    };
    let mut vectors = Vec::new();
    let utc: [(&str, &str, &'static [u8]); 5] = [
        ("without-seconds", "notBefore has no seconds.", b"2610121200Z"),
        ("with-offset", "notBefore has an offset.", b"261012120000+0000"),
        ("in-lower-case", "notBefore ends in a small z.", b"261012120000z"),
        ("digit-colon", "notBefore has an octet that is no digit.", b"26101212000\x3AZ"),
        ("february-30", "notBefore is no day.", b"260230120000Z"),
    ];
    for (id, description, text) in utc {
        vectors.push(time(&format!("android-certificate::not-before-{id}"), description, 0, tag::UTC_TIME, text));
    }
    let generalized: [(&str, &str, &'static [u8]); 4] = [
        ("with-fraction", "notAfter has a fraction of a second.", b"20510101000000.5Z"),
        ("month-13", "notAfter lies in the month 13.", b"20511301000000Z"),
        ("hour-24", "notAfter is the hour 24.", b"20510101240000Z"),
        ("second-60", "notAfter is the second 60.", b"20510101000060Z"),
    ];
    for (id, description, text) in generalized {
        vectors.push(time(
            &format!("android-certificate::not-after-{id}"),
            description,
            1,
            tag::GENERALIZED_TIME,
            text,
        ));
    }
    let inverted = |place: Place| {
        place.unsigned(
            "android-certificate::validity-inverted",
            VALIDITY_INVERTED,
            "notBefore is later than notAfter.",
            |certificate| certificate.tbs[field::VALIDITY].elements().reverse(),
        )
    };
    vectors.extend([inverted(Place::Attestation), inverted(Place::Droid)]);
    vectors
}

fn extensions() -> Vec<Unminted> {
    let mut vectors: Vec<_> = [Place::Leaf, Place::Attestation, Place::Droid]
        .into_iter()
        .flat_map(|place| {
            [
                place.unsigned(
                    "android-certificate::extensions-empty",
                    EXT_MALFORMED,
                    "the list of extensions is empty.",
                    |certificate| {
                        certificate.extensions().clear();
                    },
                ),
                place.unsigned(
                    "android-certificate::unknown-critical",
                    EXT_CRITICAL,
                    "an unknown extension is critical.",
                    |certificate| {
                        certificate.extensions().push(extension(&[0x2A, 0x03, 0x04], true, &[0x05, 0x00]));
                    },
                ),
                place.unsigned(
                    "android-certificate::key-usage-twice",
                    EXT_DUPLICATE,
                    "there are two keyUsage extensions.",
                    |certificate| {
                        certificate.extensions().push(extension(oid::KEY_USAGE, true, &[0x03, 0x02, 0x01, 0x86]));
                    },
                ),
                place.unsigned(
                    "android-certificate::unknown-twice",
                    EXT_DUPLICATE,
                    "an unknown extension stands twice.",
                    |certificate| {
                        for value in [0, 1] {
                            certificate.extensions().push(extension(&[0x2A, 0x03, 0x04], false, &[0x02, 0x01, value]));
                        }
                    },
                ),
            ]
        })
        .collect();
    vectors.extend([
        Place::Leaf
            .unsigned("android-certificate::17-extensions", EXT_LIMIT, "there are 17 extensions.", |certificate| {
                for arc in 0..15 {
                    certificate.extensions().push(extension(&[0x2A, 0x03, 0x04, arc], false, &[0x05, 0x00]));
                }
            })
            .with_twin("android-good::16-extensions"),
        Place::Attestation.unsigned(
            "android-certificate::17-extensions",
            EXT_LIMIT,
            "there are 17 extensions.",
            |certificate| {
                for arc in 0..12 {
                    certificate.extensions().push(extension(&[0x2A, 0x03, 0x04, arc], false, &[0x05, 0x00]));
                }
            },
        ),
        Place::Leaf.unsigned(
            "android-certificate::description-twice",
            EXT_DUPLICATE,
            "there are two key descriptions, the second one with another challenge.",
            |certificate| {
                let value = certificate.extension(oid::KEY_DESCRIPTION)[1].octets().clone();
                let mut other = Der::decode(&value);
                *other[4].octets() = b"another challenge".to_vec();
                certificate.extensions().push(extension(oid::KEY_DESCRIPTION, false, &other.encode()));
            },
        ),
        Place::Leaf.unsigned(
            "android-certificate::description-twice-before",
            EXT_DUPLICATE,
            "there are two key descriptions, the first one with another challenge.",
            |certificate| {
                let value = certificate.extension(oid::KEY_DESCRIPTION)[1].octets().clone();
                let mut other = Der::decode(&value);
                *other[4].octets() = b"another challenge".to_vec();
                certificate.extensions().insert(0, extension(oid::KEY_DESCRIPTION, false, &other.encode()));
            },
        ),
        Place::Attestation.unsigned(
            "android-certificate::name-constraints-critical",
            EXT_CRITICAL,
            "nameConstraints are critical.",
            |certificate| {
                let permitted =
                    Der::sequence(vec![Der::context(0, vec![Der::sequence(vec![Der::primitive(0x82, b"invalid")])])]);
                certificate.extensions().push(extension(oid::NAME_CONSTRAINTS, true, &permitted.encode()));
            },
        ),
    ]);
    vectors
}

/// Keys of certificates that signed another one. The signature below is by the key that stands there, where there is such a key.
fn issuer_keys() -> Vec<Unminted> {
    /// Gives the attestation certificate another key, which signs the leaf.
    fn with_key(signer: &Signer) -> impl Fn(&mut Vec<UnsignedCertificate>) + 'static {
        let signer = signer.clone();
        move |chain| {
            chain[1].tbs[field::SPKI] = signer.public_key();
            chain[0].set_algorithm(&signature_algorithm(signer.algorithm_oid(crate::keys::Hash::Sha256)));
            chain[0].signer = signer.clone();
        }
    }
    /// Changes the text of the key alone.
    fn with_text(base: Base, id: &'static str, description: &'static str, key: fn(&Signer) -> Der) -> Unminted {
        let signer = base.device().attestation_signer();
        let key = key(&signer);
        Unminted::on(base, id, description)
            .certificate(1, move |certificate| certificate.tbs[field::SPKI] = key.clone())
            .fails(ISSUER_KEY)
    }
    fn modulus(signer: &Signer) -> Vec<u8> {
        let Signer::Rsa(key) = signer else { unreachable!("an RSA key") };
        key.modulus()
    }
    vec![
        Unminted::new("android-certificate::issuer-rsa-1024", "The attestation key is an RSA key of 1024 bits.")
            .unsigned(with_key(&short_rsa_signer()))
            .fails(CERT_SIGNATURE_ENCODING),
        Unminted::new(
            "android-certificate::issuer-exponent-3",
            "The attestation key is an RSA key with the exponent 3.",
        )
        .unsigned(with_key(&rsa_signer_with_exponent_3()))
        .fails(ISSUER_KEY),
        Unminted::new("android-certificate::issuer-p384", "The attestation key is on P-384, which is as good.")
            .unsigned(with_key(&Signer::p384("android attestation on P-384"))),
        with_text(
            Base::Remote,
            "android-certificate::issuer-key-rsa-1024",
            "An RSA key of 1024 bits stands in the place of the attestation key.",
            |_| short_rsa_signer().public_key(),
        ),
        with_text(
            Base::FactoryRsa2048,
            "android-certificate::issuer-modulus-even",
            "The modulus of the attestation key is even.",
            |signer| {
                let mut modulus = modulus(signer);
                *modulus.last_mut().expect("octets") &= 0xFE;
                rsa_public_key(&modulus, &[1, 0, 1])
            },
        ),
        with_text(
            Base::FactoryRsa2048,
            "android-certificate::issuer-modulus-octet-more",
            "The modulus of the attestation key has an octet more.",
            |signer| rsa_public_key(&[vec![0x80], modulus(signer)].concat(), &[1, 0, 1]),
        ),
        with_text(
            Base::FactoryRsa2048,
            "android-certificate::issuer-modulus-top-bit-clear",
            "The modulus of the attestation key has 2047 bits.",
            |signer| {
                let mut modulus = modulus(signer);
                modulus[0] &= 0x7F;
                modulus[0] |= 0x40;
                rsa_public_key(&modulus, &[1, 0, 1])
            },
        ),
        with_text(
            Base::FactoryRsa2048,
            "android-certificate::issuer-exponent-missing",
            "The attestation key has a modulus alone.",
            |signer| {
                let mut key = rsa_public_key(&modulus(signer), &[1, 0, 1]);
                let inner = Der::sequence(vec![Der::integer(&modulus(signer))]);
                key[1] = Der::bit_string(&inner.encode());
                key
            },
        ),
        with_text(
            Base::FactoryRsa2048,
            "android-certificate::issuer-rsa-without-null",
            "The algorithm of the attestation key has no parameters.",
            |signer| {
                let mut key = signer.public_key();
                key[0].elements().truncate(1);
                key
            },
        ),
        with_text(
            Base::FactoryRsa2048,
            "android-certificate::issuer-rsa-octet-after",
            "An octet follows modulus and exponent of the attestation key.",
            |signer| {
                let mut key = signer.public_key();
                key[1].octets().push(0);
                key
            },
        ),
        with_text(
            Base::Remote,
            "android-certificate::issuer-secp256k1",
            "The attestation key is on secp256k1.",
            |signer| ec_public_key(&[0x2B, 0x81, 0x04, 0x00, 0x0A], &signer.public_point()),
        ),
        with_text(Base::Remote, "android-certificate::issuer-p521", "The attestation key is on P-521.", |_| {
            ec_public_key(&[0x2B, 0x81, 0x04, 0x00, 0x23], &[vec![4], vec![1; 132]].concat())
        }),
        with_text(Base::Remote, "android-certificate::issuer-ed25519", "The attestation key is for Ed25519.", |_| {
            Der::sequence(vec![Der::sequence(vec![Der::oid(&[0x2B, 0x65, 0x70])]), Der::bit_string(&[7; 32])])
        }),
        with_text(
            Base::Remote,
            "android-certificate::issuer-ml-dsa-65",
            "The attestation key is for ML-DSA-65.",
            |_| Der::sequence(vec![Der::sequence(vec![Der::oid(oid::ML_DSA_65)]), Der::bit_string(&vec![7; 1_952])]),
        ),
        with_text(
            Base::Remote,
            "android-certificate::issuer-compressed",
            "The attestation key is a compressed point.",
            |signer| {
                let point = signer.public_point();
                ec_public_key(oid::P256, &[&[2 + (point[64] & 1)], &point[1..33]].concat())
            },
        ),
        with_text(
            Base::Remote,
            "android-certificate::issuer-at-infinity",
            "The attestation key is the point at infinity.",
            |_| ec_public_key(oid::P256, &[0]),
        ),
        with_text(
            Base::Remote,
            "android-certificate::issuer-curve-missing",
            "The attestation key names no curve.",
            |signer| {
                let mut key = signer.public_key();
                key[0].elements().truncate(1);
                key
            },
        ),
        with_text(
            Base::Remote,
            "android-certificate::issuer-point-octet-more",
            "The attestation key has an octet more.",
            |signer| ec_public_key(oid::P256, &[signer.public_point(), vec![0]].concat()),
        ),
        with_text(
            Base::Remote,
            "android-certificate::issuer-off-curve",
            "The attestation key is no point of its curve.",
            |signer| {
                let mut point = signer.public_point();
                point[64] ^= 1;
                ec_public_key(oid::P256, &point)
            },
        )
        .fails(SIGNATURE),
    ]
}

/// Strict DER of ECDSA signatures.
fn signature_forms() -> Vec<Unminted> {
    /// Rewrites the `ECDSA-Sig-Value` of the leaf.
    fn leaf(id: &'static str, description: &'static str, change: fn(&mut Der)) -> Unminted {
        Place::Leaf.signed(id, CERT_SIGNATURE_ENCODING, description, move |certificate| {
            let octets = certificate[part::SIGNATURE].octets();
            let mut value = Der::decode(&octets[1..]);
            change(&mut value);
            octets.truncate(1);
            octets.extend(value.encode());
        })
    }
    vec![
        leaf("android-certificate::signature-empty-sequence", "the signature is an empty SEQUENCE.", |value| {
            value.elements().clear();
        }),
        leaf(
            "android-certificate::signature-length-long-form",
            "the length of the SEQUENCE is in long form.",
            |value| {
                value.length = Some([vec![0x81], minimal_length(value.content_len())].concat());
            },
        ),
        leaf("android-certificate::signature-third-integer", "a third INTEGER follows s.", |value| {
            value.elements().push(Der::small_integer(1));
        }),
        leaf("android-certificate::signature-octet-after", "an octet follows the SEQUENCE.", |value| {
            *value = Der::raw(&[value.encode(), vec![0]].concat());
        }),
        leaf("android-certificate::signature-r-negative", "r is negative.", |value| {
            *value[0].octets() = vec![0x80; 32];
        }),
        leaf("android-certificate::signature-r-leading-zeros", "r has a superfluous leading zero.", |value| {
            let octets = value[0].octets();
            octets.insert(0, 0);
            octets.insert(0, 0);
        }),
        leaf("android-certificate::signature-r-octet-string", "r is an OCTET STRING.", |value| {
            value[0].tag = vec![tag::OCTET_STRING];
        }),
        leaf("android-certificate::signature-raw", "the signature is r and s without any DER.", |value| {
            let raw = [value[0].octets().clone(), value[1].octets().clone()].concat();
            *value = Der::raw(&raw);
        }),
    ]
}
