//! What a policy requires of code, device, age and counter, and the replay window: groups policy, counter and window.

use super::{
    ASR, ASR_CODE_HASH, ATT, ATT_CODE_HASH, ATT_DEVICE, ATT_MACOS_POLICY, LAST_COUNTER, Unminted, att_27, device,
    mutation,
};
use crate::cbor::Cbor;
use crate::certificate::{UnsignedCertificate, oid};
use crate::der::Der;
use crate::device::{CODE_HASH, CODE_HASH_TYPE, Environment};
use crate::generation::{Generation, text};
use crate::mutation::Mutation;
use crate::vector::{Hex, Kind, Requirements, Vector};

const DAY: u64 = 86_400;

/// SHA-256 of the code directory of the app, as far as the policy knows, and of another app.
const HASH: [u8; 32] = [0xC0; 32];
const OTHER_HASH: [u8; 32] = [0xC1; 32];

/// The tags of the platform, the version and the build in the device facts.
const PLATFORM: u16 = 1026;
const OS_VERSION: u16 = 1400;
const OS_BUILD: u16 = 1403;

fn require(change: impl Fn(&mut Requirements) + 'static) -> impl Fn(Unminted) -> Unminted {
    let change = std::rc::Rc::new(change);
    move |vector| {
        let change = change.clone();
        vector.request(move |vector| change(&mut vector.requirements))
    }
}

fn on_device(vector: Unminted) -> Unminted {
    require(|require| {
        require.platforms = vec!["macosx".to_owned(), "iphoneos".to_owned()];
        require.os_version = Some("27.0".to_owned());
        require.os_builds =
            vec![("macosx".to_owned(), "91A1".to_owned()), ("iphoneos".to_owned(), "90Z999".to_owned())];
    })(vector)
}

/// The list that Apple documents for Macs; written here once more, so that neither the simulated device nor the verifier is
/// the other's only witness.
fn documented_list(require: &mut Requirements) {
    const LIST: &str = "30400c023131303a30090c026f6ba1030101ff30090c026f61a1030101ff300b0c046f64656ca1030101ff\
                        30150c046f73676ea0060c04727365633005a603020101";
    require.macos_access_control = Some(Hex::try_from(LIST.to_owned()).expect("hexadecimal digits"));
}

fn code_hash(vector: Unminted) -> Unminted {
    require(|require| require.code_hashes = vec![Hex(OTHER_HASH.to_vec()), Hex(HASH.to_vec())])(
        vector.device(|device| device.with_code_hash(&HASH)),
    )
}

fn in_window(highest: u32, seen: u64) -> impl Fn(Unminted) -> Unminted {
    let stored = [&[1][..], &highest.to_be_bytes(), &seen.to_be_bytes()].concat();
    move |vector| {
        let stored = stored.clone();
        vector.request(move |vector| {
            vector.previous_counter = Some(highest);
            vector.previous_window = Some(stored.clone());
        })
    }
}

/// Everything was seen but the counter of the assertion, two below the highest one.
fn overtaken() -> impl Fn(Unminted) -> Unminted {
    in_window(LAST_COUNTER + 3, !0b10)
}

fn step(previous: u32, greatest: u32) -> impl Fn(Unminted) -> Unminted {
    move |vector| {
        vector.request(move |vector| {
            vector.previous_counter = Some(previous);
            vector.requirements.counter_step = Some(greatest);
        })
    }
}

fn good_as(kind: Kind, generation: Generation, id: &str, threat: &str, description: &str) -> Unminted {
    Unminted::new(kind, id, threat, description, device(generation, Environment::Production))
}

pub(super) fn good() -> Vec<Unminted> {
    use Generation::{Ios14, Ios17, Ios27, Macos27};
    use Kind::{Assertion, Attestation};
    let age = |seconds| require(move |require| require.attestation_age = Some(seconds));
    let kind = |id: &str, threat: &str, value: Cbor| {
        code_hash(good_as(
            Attestation,
            Ios27,
            id,
            threat,
            "The type of the code hash is not one byte; nothing decides by it.",
        ))
        .mutation(map(move |map| *map.value(CODE_HASH_TYPE) = value.clone()))
    };
    vec![
        kind("policy::code-hash-type-number", "rq-13a", Cbor::uint(2)),
        kind("policy::code-hash-type-empty", "rq-13b", Cbor::bytes(&[])),
        kind("policy::code-hash-type-two-bytes", "rq-13c", Cbor::bytes(&[2, 0])),
        code_hash(good_as(
            Attestation,
            Ios27,
            ATT_CODE_HASH,
            "p-code-hash-attestation",
            "The code hash satisfies a policy on code hashes.",
        )),
        code_hash(good_as(
            Assertion,
            Ios27,
            ASR_CODE_HASH,
            "p-code-hash-assertion",
            "The code hash satisfies a policy on code hashes.",
        )),
        on_device(good_as(
            Attestation,
            Ios27,
            ATT_DEVICE,
            "p-device-policy",
            "Platform, version and build satisfy a policy on them.",
        )),
        require(documented_list)(good_as(
            Attestation,
            Macos27,
            ATT_MACOS_POLICY,
            "p-macos-policy",
            "The key of a Mac has the documented access-control list.",
        )),
        require(documented_list)(good_as(
            Attestation,
            Ios27,
            "policy::access-control-and-no-mac",
            "rq-01",
            "The policy has an access-control list for Macs; this is no Mac.",
        )),
        require(documented_list)(good_as(
            Attestation,
            Ios14,
            "policy::access-control-before-platforms",
            "rq-02",
            "The policy has an access-control list for Macs; the leaf is of before platforms were named.",
        )),
        require(|require| require.os_version = Some("17.0.9".to_owned()))(good_as(
            Attestation,
            Ios17,
            "policy::os-version-17-1-above-17-0-9",
            "rq-03",
            "The version is 17.1, the least one 17.0.9.",
        )),
        age(DAY)(good_as(
            Attestation,
            Ios17,
            "policy::age-at-limit",
            "rq-04",
            "The attestation is as old as it may be.",
        )),
        step(LAST_COUNTER - 1, 2)(good_as(
            Assertion,
            Ios17,
            "counter::step-at-limit",
            "rq-05",
            "The counter rises by as much as it may.",
        )),
        overtaken()(good_as(
            Assertion,
            Ios17,
            "window::overtaken",
            "cw-04",
            "The counter was overtaken, and not seen in the window.",
        )),
        in_window(LAST_COUNTER + 65, 0)(good_as(
            Assertion,
            Ios17,
            "window::lowest",
            "cw-01",
            "The counter is the lowest of the window.",
        )),
        in_window(LAST_COUNTER, !0)(good_as(
            Assertion,
            Ios17,
            "window::one-above",
            "cw-02",
            "The counter is one above the window.",
        )),
        in_window(1, !0)(good_as(
            Assertion,
            Ios17,
            "window::far-above",
            "cw-03",
            "The counter is far above the window.",
        ))
        .counter(u32::MAX),
    ]
}

pub(super) fn vectors() -> Vec<Unminted> {
    [code_hashes(), device_facts(), access_control(), ages(), steps(), windows()].into_iter().flatten().collect()
}

/// A mutation of the map of a device with a code hash.
fn map(change: impl Fn(&mut Cbor) + 'static) -> Mutation<'static> {
    mutation().auth_data(move |data| change(data.extensions()))
}

fn code_hashes() -> Vec<Unminted> {
    let att = |id: &str, threat: &str, expected, description: &str, mutation: Mutation<'static>| {
        code_hash(good_as(Kind::Attestation, Generation::Ios27, id, threat, description))
            .mutation(mutation)
            .fails(expected, ATT_CODE_HASH)
    };
    let asr = |id: &str, threat: &str, expected, description: &str, mutation: Mutation<'static>| {
        code_hash(good_as(Kind::Assertion, Generation::Ios27, id, threat, description))
            .mutation(mutation)
            .fails(expected, ASR_CODE_HASH)
    };
    let hash = |hash: &'static [u8]| map(move |map| *map.value(CODE_HASH) = Cbor::bytes(hash));
    let without = || {
        map(|map| {
            map.remove(CODE_HASH);
        })
    };
    let unannounced = || mutation().auth_data(|data| data.flags = crate::auth_data::FLAG_AT);
    vec![
        att(
            "policy::code-hash-missing",
            "rq-10a",
            "LaunchDataMissing",
            "There is no code hash, but its type.",
            without(),
        ),
        asr(
            "policy::assertion-code-hash-missing",
            "rq-10b",
            "LaunchDataMissing",
            "There is no code hash, but its type.",
            without(),
        ),
        att(
            "policy::code-hash-unannounced",
            "rq-10c",
            "LaunchDataMissing",
            "The code hash is not announced by ED.",
            unannounced(),
        ),
        asr(
            "policy::assertion-code-hash-unannounced",
            "rq-10d",
            "LaunchDataMissing",
            "The code hash is not announced by ED.",
            unannounced(),
        ),
        asr(
            "policy::assertion-code-hash-of-other-code",
            "rq-11a",
            "CodeHashRefused",
            "The code hash is of other code.",
            hash(&[0xC2; 32]),
        ),
        att(
            "policy::code-hash-of-other-code",
            "rq-11b",
            "CodeHashRefused",
            "The code hash is of other code.",
            hash(&[0xC2; 32]),
        ),
        att(
            "policy::code-hash-cut-off",
            "rq-11c",
            "CodeHashRefused",
            "The code hash is cut off after 20 bytes.",
            hash(&HASH_20),
        ),
        att(
            "policy::code-hash-with-a-byte-more",
            "rq-11d",
            "CodeHashRefused",
            "A byte follows the code hash.",
            hash(&[0xC0; 33]),
        ),
        att("policy::code-hash-empty", "rq-12a", "ExtMapMalformed", "The code hash is empty.", hash(&[])),
        att("policy::code-hash-65-bytes", "rq-12b", "ExtMapLimit", "The code hash has 65 bytes.", hash(&[0xC0; 65])),
        att(
            "policy::code-hash-text",
            "rq-12c",
            "ExtMapMalformed",
            "The code hash is a text.",
            map(|map| *map.value(CODE_HASH) = Cbor::text("c0c0")),
        ),
        att(
            "policy::code-hash-twice",
            "rq-12d",
            "ExtMapDuplicateKey",
            "A second code hash follows the first.",
            map(|map| map.push(CODE_HASH, Cbor::bytes(&OTHER_HASH))),
        ),
        att(
            "policy::code-hash-type-twice",
            "rq-12e",
            "ExtMapDuplicateKey",
            "A second type of the code hash follows the first.",
            map(|map| map.push(CODE_HASH_TYPE, Cbor::bytes(&[2]))),
        ),
    ]
}

const HASH_20: [u8; 20] = [0xC0; 20];

/// Removes an entry of the device facts, or gives it another text.
fn entry(tag: u16, value: Option<&'static str>) -> Mutation<'static> {
    mutation().leaf(move |leaf| change_entry(leaf, tag, value))
}

fn change_entry(leaf: &mut UnsignedCertificate, tag: u16, value: Option<&str>) {
    let encoded = leaf.extension(oid::DEVICE_FACTS)[1].octets().clone();
    let mut facts = Der::decode(&encoded);
    let place = facts.elements().iter().position(|fact| fact.tag == text(tag, "").tag);
    let place = place.expect("the device facts have the entry");
    match value {
        Some(value) => facts.elements()[place] = text(tag, value),
        None => drop(facts.elements().remove(place)),
    }
    leaf.set_extension_value(oid::DEVICE_FACTS, &facts.encode());
}

fn device_facts() -> Vec<Unminted> {
    let vector = |id: &str, threat: &str, expected, description: &str, mutation: Mutation<'static>| {
        on_device(att_27(id, threat, expected, description, mutation)).with_twin(ATT_DEVICE)
    };
    let required = |id: &str, threat: &str, expected, description: &str, change: fn(&mut Requirements)| {
        require(change)(att_27(id, threat, expected, description, mutation()))
    };
    vec![
        vector(
            "policy::platform-missing",
            "rq-20a",
            "PlatformMissing",
            "The leaf names no platform.",
            entry(PLATFORM, None),
        ),
        vector(
            "policy::platform-empty",
            "rq-20b",
            "PlatformMissing",
            "The name of the platform is empty.",
            entry(PLATFORM, Some("")),
        ),
        vector(
            "policy::device-facts-missing",
            "rq-20c",
            "PlatformMissing",
            "The leaf has no device facts.",
            mutation().leaf(|leaf| leaf.remove_extension(oid::DEVICE_FACTS)),
        ),
        vector(
            "policy::platform-twice",
            "rq-20d",
            "PlatformMissing",
            "The leaf names two platforms.",
            mutation().leaf(|leaf| {
                let mut facts = Der::decode(&leaf.extension(oid::DEVICE_FACTS)[1].octets().clone());
                facts.elements().push(text(PLATFORM, "macosx"));
                leaf.set_extension_value(oid::DEVICE_FACTS, &facts.encode());
            }),
        ),
        vector(
            "policy::platform-watchos",
            "rq-21a",
            "PlatformRefused",
            "The platform is another.",
            entry(PLATFORM, Some("watchos")),
        ),
        vector(
            "policy::platform-other-case",
            "rq-21b",
            "PlatformRefused",
            "The platform has another case.",
            entry(PLATFORM, Some("iPhoneOS")),
        ),
        required("policy::platform-not-in-policy", "rq-21c", "PlatformRefused", "The policy wants Macs.", |require| {
            require.platforms = vec!["macosx".to_owned()];
        }),
        vector(
            "policy::os-version-missing",
            "rq-22a",
            "OsVersionMissing",
            "The leaf names no version.",
            entry(OS_VERSION, None),
        ),
        vector(
            "policy::os-version-empty",
            "rq-22b",
            "OsVersionMissing",
            "The version is empty.",
            entry(OS_VERSION, Some("")),
        ),
        vector(
            "policy::os-version-word",
            "rq-22c",
            "OsVersionMissing",
            "The version is a word.",
            entry(OS_VERSION, Some("latest")),
        ),
        vector(
            "policy::os-version-four-numbers",
            "rq-22d",
            "OsVersionMissing",
            "The version has four numbers.",
            entry(OS_VERSION, Some("27.0.0.1")),
        ),
        vector(
            "policy::os-version-final-period",
            "rq-22e",
            "OsVersionMissing",
            "The version ends with a period.",
            entry(OS_VERSION, Some("27.")),
        ),
        vector(
            "policy::os-version-signed-number",
            "rq-22f",
            "OsVersionMissing",
            "A number of the version has a sign.",
            entry(OS_VERSION, Some("27.+1")),
        ),
        vector(
            "policy::os-version-over-16-bits",
            "rq-22g",
            "OsVersionMissing",
            "The version has more than 16 bits.",
            entry(OS_VERSION, Some("65563.0")),
        ),
        vector(
            "policy::os-version-26-9-9",
            "rq-23a",
            "OsVersionTooOld",
            "The version is 26.9.9.",
            entry(OS_VERSION, Some("26.9.9")),
        ),
        vector(
            "policy::os-version-9-0",
            "rq-23b",
            "OsVersionTooOld",
            "The version is 9.0, which is a greater text.",
            entry(OS_VERSION, Some("9.0")),
        ),
        required(
            "policy::os-version-least-27-0-1",
            "rq-23c",
            "OsVersionTooOld",
            "The policy wants 27.0.1.",
            |require| {
                require.os_version = Some("27.0.1".to_owned());
            },
        ),
        vector(
            "policy::os-build-missing",
            "rq-24a",
            "OsBuildMissing",
            "The leaf names no build.",
            entry(OS_BUILD, None),
        ),
        vector("policy::os-build-empty", "rq-24b", "OsBuildMissing", "The build is empty.", entry(OS_BUILD, Some(""))),
        vector(
            "policy::os-build-without-letter",
            "rq-24c",
            "OsBuildMissing",
            "The build has no letter.",
            entry(OS_BUILD, Some("90999")),
        ),
        vector(
            "policy::os-build-without-number",
            "rq-24d",
            "OsBuildMissing",
            "The build has no number.",
            entry(OS_BUILD, Some("90Z")),
        ),
        vector(
            "policy::os-build-two-small-letters",
            "rq-24e",
            "OsBuildMissing",
            "The build has two small letters.",
            entry(OS_BUILD, Some("90Z999ab")),
        ),
        vector(
            "policy::os-build-number-lower",
            "rq-25a",
            "OsBuildTooOld",
            "The number of the build is lower.",
            entry(OS_BUILD, Some("90Z998")),
        ),
        vector(
            "policy::os-build-train-lower",
            "rq-25b",
            "OsBuildTooOld",
            "The train of the build is lower.",
            entry(OS_BUILD, Some("90Y1000")),
        ),
        vector(
            "policy::os-build-major-lower",
            "rq-25c",
            "OsBuildTooOld",
            "The major number of the build is lower.",
            entry(OS_BUILD, Some("9Z1000")),
        ),
        vector(
            "policy::os-build-beta",
            "rq-25d",
            "OsBuildTooOld",
            "The build is a beta of the same train.",
            entry(OS_BUILD, Some("90Z5999z")),
        ),
        required(
            "policy::os-build-least-for-macs-alone",
            "rq-25e",
            "PlatformRefused",
            "The policy has a least build for Macs alone.",
            |require| {
                require.os_builds = vec![("macosx".to_owned(), "1A1".to_owned())];
            },
        ),
    ]
}

fn access_control() -> Vec<Unminted> {
    let vector = |id: &str, threat: &str, expected, description: &str, mutation: Mutation<'static>| {
        require(documented_list)(good_as(Kind::Attestation, Generation::Macos27, id, threat, description))
            .mutation(mutation)
            .fails(expected, ATT_MACOS_POLICY)
    };
    let list = |change: fn(&mut Vec<u8>)| {
        mutation().leaf(move |leaf| {
            let mut value = leaf.extension(oid::KEY_ACCESS)[1].octets().clone();
            change(&mut value);
            leaf.set_extension_value(oid::KEY_ACCESS, &value);
        })
    };
    let rebuilt = |wrap: fn(Der) -> Vec<Der>| {
        mutation().leaf(move |leaf| {
            let value = Der::decode(leaf.extension(oid::KEY_ACCESS)[1].octets());
            leaf.set_extension_value(oid::KEY_ACCESS, &Der::sequence(wrap(value[0][0].clone())).encode());
        })
    };
    let content = |change: fn(&mut Vec<u8>)| {
        mutation().leaf(move |leaf| {
            let mut value = Der::decode(leaf.extension(oid::KEY_ACCESS)[1].octets());
            change(value[0][0].octets());
            leaf.set_extension_value(oid::KEY_ACCESS, &value.encode());
        })
    };
    vec![
        vector(
            "policy::access-control-entry-after",
            "rq-30d",
            "AccessControlMissing",
            "Another entry follows the access-control list.",
            rebuilt(|list| vec![Der::context(3, vec![list]), Der::context(4, vec![])]),
        ),
        vector(
            "policy::access-control-element-after",
            "rq-30e",
            "AccessControlMissing",
            "Another element follows the access-control list in its wrapping.",
            rebuilt(|list| vec![Der::context(3, vec![list, Der::small_integer(0)])]),
        ),
        vector(
            "policy::access-control-other-tag",
            "rq-30f",
            "AccessControlMissing",
            "The access-control list has another number.",
            rebuilt(|list| vec![Der::context(4, vec![list])]),
        ),
        vector(
            "policy::access-control-byte-appended",
            "rq-31c",
            "AccessControlRefused",
            "A byte is appended to the access-control list.",
            content(|list| list.push(0)),
        ),
        vector(
            "policy::access-control-byte-prepended",
            "rq-31d",
            "AccessControlRefused",
            "A byte stands before the access-control list.",
            content(|list| list.insert(0, 0)),
        ),
        vector(
            "policy::access-control-cut-off",
            "rq-31e",
            "AccessControlRefused",
            "The access-control list is cut off.",
            content(|list| list.truncate(65)),
        ),
        vector(
            "policy::mac-platform-renamed",
            "rq-32c",
            "PlatformRefused",
            "The platform has another name, so that nobody knows whether it is a Mac.",
            entry(PLATFORM, Some("macos")),
        ),
        vector(
            "policy::access-control-missing",
            "rq-30a",
            "AccessControlMissing",
            "The leaf has no access-control list.",
            mutation().leaf(|leaf| leaf.remove_extension(oid::KEY_ACCESS)),
        ),
        vector(
            "policy::access-control-unwrapped",
            "rq-30b",
            "AccessControlMissing",
            "The access-control list has no wrapping.",
            list(|value| drop(value.drain(..6))),
        ),
        vector(
            "policy::access-control-byte-after-wrapping",
            "rq-30c",
            "AccessControlMissing",
            "A byte follows the access-control list.",
            list(|value| value.push(0)),
        ),
        vector(
            "policy::access-control-permission-differs",
            "rq-31a",
            "AccessControlRefused",
            "A permission of the access-control list is another.",
            list(|value| *value.last_mut().expect("a list") = 2),
        ),
        vector(
            "policy::access-control-of-iphones",
            "rq-31b",
            "AccessControlRefused",
            "The access-control list is that of iPhones.",
            mutation().leaf(|leaf| {
                let phone =
                    device(Generation::Ios27, Environment::Production).leaf(&[0; 32]).extension(oid::KEY_ACCESS)[1]
                        .octets()
                        .clone();
                leaf.set_extension_value(oid::KEY_ACCESS, &phone);
            }),
        ),
        vector(
            "policy::mac-platform-missing",
            "rq-32a",
            "PlatformMissing",
            "The leaf of a system that names platforms names none.",
            entry(PLATFORM, None),
        ),
        vector(
            "policy::mac-device-facts-missing",
            "rq-32b",
            "PlatformMissing",
            "The leaf has no device facts.",
            mutation().leaf(|leaf| leaf.remove_extension(oid::DEVICE_FACTS)),
        ),
    ]
}

fn ages() -> Vec<Unminted> {
    let vector = |id: &str, threat: &str, expected, description: &str, change: fn(&mut Vector)| {
        Unminted::new(Kind::Attestation, id, threat, description, device(Generation::Ios17, Environment::Production))
            .request(change)
            .fails(expected, ATT)
    };
    vec![vector(
        "policy::age-over-limit",
        "rq-40",
        "AttestationTooOld",
        "A second more than the greatest age has passed.",
        |vector| {
            vector.requirements.attestation_age = Some(DAY - 1);
        },
    )]
}

fn steps() -> Vec<Unminted> {
    let vector = |id: &str, threat: &str, description: &str| {
        Unminted::new(Kind::Assertion, id, threat, description, device(Generation::Ios17, Environment::Production))
            .fails("CounterStepTooLarge", ASR)
    };
    vec![
        step(LAST_COUNTER - 1, 1)(vector(
            "counter::step-over-limit",
            "rq-50a",
            "The counter rises by one more than it may.",
        )),
        step(LAST_COUNTER - 1, 1)(in_window(LAST_COUNTER - 1, !0)(vector(
            "window::step-over-limit",
            "rq-50b",
            "The counter is further above the window than it may be.",
        ))),
    ]
}

fn windows() -> Vec<Unminted> {
    let vector = |id: &str, threat: &str, expected, description: &str, window: &dyn Fn(Unminted) -> Unminted| {
        window(good_as(Kind::Assertion, Generation::Ios17, id, threat, description)).fails(expected, ASR)
    };
    let stored = |change: fn(&mut Vec<u8>)| {
        move |vector: Unminted| {
            overtaken()(vector).request(move |vector| change(vector.previous_window.as_mut().expect("a window")))
        }
    };
    let counter = LAST_COUNTER + 1;
    vec![
        vector(
            "window::seen",
            "cw-10a",
            "CounterSeen",
            "The counter was seen: a replay.",
            &in_window(LAST_COUNTER + 3, !0),
        ),
        vector(
            "window::is-the-highest",
            "cw-10b",
            "CounterSeen",
            "The counter is the highest one of the window: a replay.",
            &in_window(counter, !0),
        ),
        vector(
            "window::alone-seen",
            "cw-10c",
            "CounterSeen",
            "Of all counters below the highest one, this alone was seen.",
            &in_window(70, 1 << 62),
        ),
        vector(
            "window::one-below",
            "cw-11a",
            "CounterBelowWindow",
            "The counter is one below the window.",
            &in_window(counter + 65, 0),
        ),
        vector(
            "window::far-below",
            "cw-11b",
            "CounterBelowWindow",
            "The counter is far below the window.",
            &in_window(u32::MAX, 0),
        ),
        vector(
            "window::stored-byte-short",
            "cw-12a",
            "StoredWindowMalformed",
            "The stored window is a byte short.",
            &stored(|window| window.truncate(12)),
        ),
        vector(
            "window::stored-byte-more",
            "cw-12b",
            "StoredWindowMalformed",
            "A byte follows the stored window.",
            &stored(|window| window.push(0)),
        ),
        vector(
            "window::stored-version-2",
            "cw-12c",
            "StoredWindowMalformed",
            "The stored window has another version.",
            &stored(|window| window[0] = 2),
        ),
        vector(
            "window::stored-none-below-seen",
            "cw-12d",
            "StoredWindowMalformed",
            "In the stored window counters below 1 were not seen.",
            &in_window(LAST_COUNTER + 3, 0),
        ),
        vector(
            "window::stored-zero-unseen",
            "cw-12e",
            "StoredWindowMalformed",
            "In the stored window the counter 0 was not seen.",
            &in_window(LAST_COUNTER + 3, !(1 << 8)),
        ),
    ]
}
