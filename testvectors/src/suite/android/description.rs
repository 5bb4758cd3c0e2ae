//! Group android-description: the form of the key description.

use super::faults::{
    CHALLENGE_TOO_LONG, DESCRIPTION_MALFORMED, DESCRIPTION_MISSING, EXT_MALFORMED, TAG_DUPLICATE, TAG_LIMIT,
    TAG_MALFORMED,
};
use super::{Base, Fault, Unminted};
use crate::android::{AuthorizationList, member, tag};
use crate::certificate::oid;
use crate::der::{Der, tag as universal};
use crate::keys::pseudo_random;

pub(super) fn vectors() -> Vec<Unminted> {
    [members(), lists(), values(), roots_of_trust()].into_iter().flatten().collect()
}

fn tree(id: &'static str, fault: Fault, description: &'static str, change: impl Fn(&mut Der) + 'static) -> Unminted {
    Unminted::new(id, description).tree(change).fails(fault)
}

fn members() -> Vec<Unminted> {
    const CODE: Fault = DESCRIPTION_MALFORMED;
    let mut vectors = vec![
        Unminted::new("android-description::missing", "The leaf has no key description.")
            .certificate(0, |certificate| certificate.remove_extension(oid::KEY_DESCRIPTION))
            .fails(DESCRIPTION_MISSING),
        Unminted::new(
            "android-description::under-another-identifier",
            "The key description is under another identifier.",
        )
        .certificate(0, |certificate| {
            let description = certificate.extension(oid::KEY_DESCRIPTION);
            *description[0].octets().last_mut().expect("octets") = 0x12;
        })
        .fails(DESCRIPTION_MISSING),
        Unminted::new("android-description::empty", "The value of the extension has no octets.")
            .certificate(0, |certificate| certificate.set_extension_value(oid::KEY_DESCRIPTION, &[]))
            .fails(EXT_MALFORMED),
        Unminted::new("android-description::null", "The value of the extension is NULL.")
            .certificate(0, |certificate| certificate.set_extension_value(oid::KEY_DESCRIPTION, &[5, 0]))
            .fails(CODE),
        Unminted::new("android-description::octet-after", "An octet follows the description.")
            .certificate(0, |certificate| {
                let mut value = certificate.extension(oid::KEY_DESCRIPTION)[1].octets().clone();
                value.push(0);
                certificate.set_extension_value(oid::KEY_DESCRIPTION, &value);
            })
            .fails(CODE),
        tree("android-description::7-members", CODE, "The list of the hardware is missing.", |tree| {
            tree.elements().pop();
        }),
        tree("android-description::9-members", CODE, "A third list follows, as if for secure elements.", |tree| {
            tree.elements().push(Der::sequence(Vec::new()));
        }),
        tree("android-description::no-members", CODE, "The description is empty.", |tree| tree.elements().clear()),
        tree("android-description::set", CODE, "The description is a SET.", |tree| tree.tag = vec![universal::SET]),
        tree("android-description::length-long-form", CODE, "The length of the challenge is not minimal.", |tree| {
            let length = u8::try_from(tree[member::CHALLENGE].content_len()).expect("a short challenge");
            tree[member::CHALLENGE].length = Some(vec![0x81, length]);
        }),
        tree("android-description::version-enumerated", CODE, "attestationVersion is ENUMERATED.", |tree| {
            tree[member::ATTESTATION_VERSION].tag = vec![universal::ENUMERATED];
        }),
        tree("android-description::version-negative", CODE, "attestationVersion is negative.", |tree| {
            *tree[member::ATTESTATION_VERSION].octets() = vec![0xFF];
        }),
        tree(
            "android-description::version-leading-zero",
            CODE,
            "attestationVersion has a superfluous leading zero.",
            |tree| {
                tree[member::ATTESTATION_VERSION].octets().insert(0, 0);
            },
        ),
        tree("android-description::version-empty", CODE, "attestationVersion has no octets.", |tree| {
            tree[member::ATTESTATION_VERSION].octets().clear();
        }),
        tree("android-description::level-integer", CODE, "attestationSecurityLevel is an INTEGER.", |tree| {
            tree[member::ATTESTATION_SECURITY_LEVEL].tag = vec![universal::INTEGER];
        }),
        tree("android-description::challenge-text", CODE, "The challenge is a UTF8String.", |tree| {
            tree[member::CHALLENGE].tag = vec![universal::UTF8_STRING];
        }),
        tree("android-description::unique-id-null", CODE, "The unique identifier is NULL.", |tree| {
            tree[member::UNIQUE_ID] = Der::null();
        }),
        tree("android-description::software-list-null", CODE, "softwareEnforced is NULL.", |tree| {
            tree[member::SOFTWARE_ENFORCED] = Der::null();
        }),
        tree("android-description::hardware-list-set", CODE, "hardwareEnforced is a SET.", |tree| {
            tree[member::HARDWARE_ENFORCED].tag = vec![universal::SET];
        }),
        tree("android-description::lists-only", CODE, "The unique identifier is missing.", |tree| {
            tree.elements().remove(member::UNIQUE_ID);
        }),
    ];
    vectors.push(
        Unminted::new("android-description::challenge-129-octets", "The challenge has 129 octets, on both sides.")
            .describes(|description| description.challenge = pseudo_random("android challenge", 129))
            .said(|vector| vector.challenge.0 = pseudo_random("android challenge", 129))
            .with_twin("android-good::challenge-128-octets")
            .fails(CHALLENGE_TOO_LONG),
    );
    vectors
}

fn lists() -> Vec<Unminted> {
    let hardware = |id: &'static str, fault: Fault, description: &'static str, change: fn(&mut Vec<Der>)| {
        tree(id, fault, description, move |tree| change(tree[member::HARDWARE_ENFORCED].elements()))
    };
    let duplicate = |id: &'static str, description: &'static str, change: fn(&mut AuthorizationList)| {
        Unminted::new(id, description).hardware(change).fails(TAG_DUPLICATE)
    };
    vec![
        duplicate("android-description::origin-twice", "The origin stands twice in one list.", |list| {
            let place = list.entries.iter().position(|(tag, _)| *tag == tag::ORIGIN).expect("an origin");
            list.entries.insert(place, (tag::ORIGIN, Der::small_integer(0)));
        }),
        duplicate("android-description::origin-twice-apart", "Another origin stands at the end of the list.", |list| {
            list.entries.push((tag::ORIGIN, Der::small_integer(2)));
        }),
        duplicate("android-description::root-of-trust-twice", "A second root of trust says otherwise.", |list| {
            let mut other = list.value(tag::ROOT_OF_TRUST).clone();
            other[1].octets()[0] = 0;
            list.entries.push((tag::ROOT_OF_TRUST, other));
        }),
        duplicate("android-description::unknown-tag-twice", "An unknown tag stands twice.", |list| {
            list.entries.push((9_999, Der::null()));
            list.entries.push((9_999, Der::small_integer(1)));
        }),
        Unminted::new("android-description::app-twice", "The application identifier stands twice.")
            .software(|list| {
                let other = list.value(tag::ATTESTATION_APPLICATION_ID).clone();
                list.entries.push((tag::ATTESTATION_APPLICATION_ID, other));
            })
            .fails(TAG_DUPLICATE),
        hardware("android-description::wrapper-empty", TAG_MALFORMED, "The wrapper of the origin is empty.", |list| {
            list.iter_mut().find(|entry| entry.tag == [0xBF, 0x85, 0x3E]).expect("an origin").elements().clear();
        }),
        hardware(
            "android-description::wrapper-of-two",
            TAG_MALFORMED,
            "The wrapper of the origin holds two elements.",
            |list| {
                let origin = list.iter_mut().find(|entry| entry.tag == [0xBF, 0x85, 0x3E]).expect("an origin");
                origin.elements().push(Der::small_integer(2));
            },
        ),
        hardware(
            "android-description::wrapper-primitive",
            TAG_MALFORMED,
            "The wrapper of the origin is primitive.",
            |list| {
                let origin = list.iter_mut().find(|entry| entry.tag == [0xBF, 0x85, 0x3E]).expect("an origin");
                origin.tag = vec![0x9F, 0x85, 0x3E];
            },
        ),
        hardware("android-description::implicit-tag", TAG_MALFORMED, "The origin is tagged implicitly.", |list| {
            let origin = list.iter_mut().find(|entry| entry.tag == [0xBF, 0x85, 0x3E]).expect("an origin");
            *origin = Der { tag: vec![0x9F, 0x85, 0x3E], ..Der::primitive(0, &[0]) };
        }),
        hardware("android-description::entry-universal", TAG_MALFORMED, "An entry has a universal tag.", |list| {
            list.push(Der::small_integer(0));
        }),
        hardware(
            "android-description::entry-application",
            TAG_MALFORMED,
            "An entry has a tag of the class APPLICATION.",
            |list| {
                list.last_mut().expect("entries").tag[0] = 0x7F;
            },
        ),
        hardware(
            "android-description::tag-padded",
            TAG_MALFORMED,
            "The number of a tag has a superfluous septet.",
            |list| {
                list.last_mut().expect("entries").tag.insert(1, 0x80);
            },
        ),
        hardware(
            "android-description::tag-long-form-of-10",
            TAG_MALFORMED,
            "The tag 10 is in the long form.",
            |list| {
                list.iter_mut().find(|entry| entry.tag == [0xAA]).expect("a curve").tag = vec![0xBF, 0x0A];
            },
        ),
        hardware("android-description::tag-without-end", TAG_MALFORMED, "The number of a tag does not end.", |list| {
            list.push(Der::raw(&[0xBF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]));
        }),
        hardware(
            "android-description::length-beyond-list",
            TAG_MALFORMED,
            "The last entry claims an octet more than there is.",
            |list| {
                let last = list.last_mut().expect("entries");
                last.length = Some(vec![u8::try_from(last.content_len() + 1).expect("short")]);
            },
        ),
        Unminted::new("android-description::65-tags", "The list of the hardware has 65 entries, most of them unknown.")
            .hardware(|list| fill(list, 65))
            .with_twin("android-description::64-tags")
            .fails(TAG_LIMIT),
        Unminted::new("android-description::64-tags", "The list of the hardware has 64 entries, most of them unknown.")
            .hardware(|list| fill(list, 64))
            .proves(|proof| {
                proof.unknown_tags = 64 - super::catalogue().description(&[]).hardware_enforced.entries.len();
            }),
    ]
}

/// Fills a list with unknown entries, until it has so many.
fn fill(list: &mut AuthorizationList, count: usize) {
    for tag in 2_000.. {
        if list.entries.len() == count {
            break;
        }
        list.set_null(tag);
    }
}

/// Values of another type than their tags have.
fn values() -> Vec<Unminted> {
    let hardware = |id: &'static str, description: &'static str, tag: u16, value: fn() -> Der| {
        Unminted::new(id, description).hardware(move |list| list.set(tag, value())).fails(TAG_MALFORMED)
    };
    vec![
        hardware("android-description::purpose-integer", "purpose is an INTEGER, and no SET.", tag::PURPOSE, || {
            Der::number(2)
        }),
        hardware("android-description::purpose-sequence", "purpose is a SEQUENCE.", tag::PURPOSE, || {
            Der::sequence(vec![Der::number(2)])
        }),
        hardware("android-description::purpose-of-null", "purpose is a SET OF NULL.", tag::PURPOSE, || {
            Der::set(vec![Der::null()])
        }),
        hardware("android-description::algorithm-enumerated", "algorithm is ENUMERATED.", tag::ALGORITHM, || {
            Der::enumerated(3)
        }),
        hardware(
            "android-description::algorithm-leading-zero",
            "algorithm has a superfluous leading zero.",
            tag::ALGORITHM,
            || Der::primitive(universal::INTEGER, &[0, 3]),
        ),
        hardware("android-description::origin-negative", "origin is negative.", tag::ORIGIN, || {
            Der::primitive(universal::INTEGER, &[0xFF])
        }),
        hardware("android-description::origin-null", "origin is NULL.", tag::ORIGIN, Der::null),
        hardware("android-description::origin-17-octets", "origin is a number of 17 octets.", tag::ORIGIN, || {
            Der::primitive(universal::INTEGER, &[1; 17])
        }),
        hardware(
            "android-description::no-auth-required-boolean",
            "noAuthRequired is a BOOLEAN.",
            tag::NO_AUTH_REQUIRED,
            Der::true_value,
        ),
        hardware(
            "android-description::no-auth-required-octet",
            "noAuthRequired is NULL with an octet.",
            tag::NO_AUTH_REQUIRED,
            || Der::primitive(universal::NULL, &[0]),
        ),
        hardware("android-description::os-version-octets", "osVersion is an OCTET STRING.", tag::OS_VERSION, || {
            Der::octet_string(&[0x27, 0x10])
        }),
        hardware(
            "android-description::patch-level-octets",
            "osPatchLevel is an OCTET STRING.",
            tag::OS_PATCH_LEVEL,
            || Der::octet_string(b"202609"),
        ),
        hardware("android-description::brand-text", "attestationIdBrand is a UTF8String.", tag::ID_BRAND, || {
            Der::utf8("genuine")
        }),
        Unminted::new(
            "android-description::app-sequence",
            "The application identifier stands there without an OCTET STRING.",
        )
        .software(|list| {
            let octets = list.value(tag::ATTESTATION_APPLICATION_ID).octets().clone();
            list.set(tag::ATTESTATION_APPLICATION_ID, Der::decode(&octets));
        })
        .fails(TAG_MALFORMED),
    ]
}

/// Forms of the root of trust.
fn roots_of_trust() -> Vec<Unminted> {
    let root = |id: &'static str, description: &'static str, change: fn(&mut Der)| {
        Unminted::new(id, description).hardware(move |list| change(list.value(tag::ROOT_OF_TRUST))).fails(TAG_MALFORMED)
    };
    vec![
        root("android-description::root-of-trust-2-members", "The root of trust ends behind deviceLocked.", |root| {
            root.elements().truncate(2);
        }),
        root("android-description::root-of-trust-5-members", "The root of trust has a fifth member.", |root| {
            root.elements().push(Der::null());
        }),
        root("android-description::root-of-trust-set", "The root of trust is a SET.", |root| {
            root.tag = vec![universal::SET];
        }),
        root("android-description::locked-integer", "deviceLocked is an INTEGER.", |root| {
            root[1].tag = vec![universal::INTEGER];
        }),
        root("android-description::locked-two-octets", "deviceLocked has two octets.", |root| {
            *root[1].octets() = vec![0xFF, 0xFF];
        }),
        root("android-description::locked-empty", "deviceLocked has no octets.", |root| root[1].octets().clear()),
        root("android-description::boot-state-integer", "verifiedBootState is an INTEGER.", |root| {
            root[2].tag = vec![universal::INTEGER];
        }),
        root("android-description::boot-key-null", "verifiedBootKey is NULL.", |root| root[0] = Der::null()),
        root("android-description::boot-hash-null", "verifiedBootHash is NULL.", |root| root[3] = Der::null()),
        Unminted::on(
            Base::Version2,
            "android-description::root-of-trust-empty",
            "The root of trust of an old phone has no members.",
        )
        .hardware(|list| list.value(tag::ROOT_OF_TRUST).elements().clear())
        .fails(TAG_MALFORMED),
    ]
}
