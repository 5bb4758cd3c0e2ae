//! What the objects of an iOS release look like: which leaf extensions there are, and what is in them.

use crate::certificate::{extension, oid};
use crate::der::Der;

/// A generation of genuine objects, named after the release that brought it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Generation {
    /// iOS 14 to 16: six octets of device facts.
    Ios14,
    /// iOS 17 to 18: build and device class among the device facts.
    Ios17,
    /// iOS 26: an access control list of the key, 100.8.6.
    Ios26,
    /// iOS 27: the App Attest key purpose in the leaf, the extension map in the authenticator data.
    Ios27,
    /// macOS 27: as iOS 27, with another platform, another access control list, and in the extension map the code hash in
    /// the place of the bundle version.
    Macos27,
}

impl Generation {
    /// Every generation, oldest first.
    pub const ALL: [Self; 5] = [Self::Ios14, Self::Ios17, Self::Ios26, Self::Ios27, Self::Macos27];

    /// The name used in vector ids, for example `ios14`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ios14 => "ios14",
            Self::Ios17 => "ios17",
            Self::Ios26 => "ios26",
            Self::Ios27 => "ios27",
            Self::Macos27 => "macos27",
        }
    }

    /// A day on which such a device existed, Unix seconds: the default time of issue.
    #[must_use]
    pub const fn typical_time(self) -> u64 {
        match self {
            Self::Ios14 => 1_604_188_800,                 // 2020-11-01
            Self::Ios17 => 1_698_796_800,                 // 2023-11-01
            Self::Ios26 => 1_767_830_400,                 // 2026-01-08
            Self::Ios27 | Self::Macos27 => 1_790_812_800, // 2026-10-01
        }
    }

    /// Whether an extension map follows in the authenticator data.
    pub(crate) const fn has_launch_data(self) -> bool {
        matches!(self, Self::Ios27 | Self::Macos27)
    }

    const fn is_recent(self) -> bool {
        matches!(self, Self::Ios26 | Self::Ios27 | Self::Macos27)
    }

    /// The leaf's extensions in Apple's order; the nonce has the place where the real ones have it.
    pub(crate) fn leaf_extensions(self, app_id: &str, nonce_value: &[u8]) -> Vec<Der> {
        let mut extensions = vec![
            extension(oid::BASIC_CONSTRAINTS, true, &[0x30, 0x00]),
            extension(oid::KEY_USAGE, true, &[0x03, 0x02, 0x04, 0xF0]),
        ];
        if self.has_launch_data() {
            let purposes = Der::sequence(vec![Der::oid(oid::APP_ATTEST_PURPOSE)]);
            extensions.push(extension(oid::EXT_KEY_USAGE, false, &purposes.encode()));
        }
        extensions.push(extension(oid::KEY_FACTS, false, &self.key_facts(app_id).encode()));
        extensions.push(extension(oid::DEVICE_FACTS, false, &self.device_facts().encode()));
        extensions.push(extension(oid::NONCE, false, nonce_value));
        if self.is_recent() {
            extensions.push(extension(oid::KEY_ACCESS, false, &self.key_access().encode()));
        }
        extensions
    }

    /// 100.8.5: numbers about the key, and the App ID under `[1204]`.
    fn key_facts(self, app_id: &str) -> Der {
        let recent = self.is_recent();
        let mut facts = vec![number(4, 10), number(1200, 1), number(1201, 0), number(1202, 1), number(1203, 1)];
        facts.push(text(1204, app_id));
        if !recent {
            facts.push(text(5, "test"));
        }
        facts.extend([number(1206, if recent { 4 } else { 5 }), number(1207, 0), number(1209, 0), number(1210, 0)]);
        if self != Self::Ios14 {
            facts.push(number(1211, 0));
        }
        if recent {
            facts.push(number(10, 0));
        }
        Der::sequence(facts)
    }

    /// 100.8.7: operating system version under `[1400]`, then what later releases added.
    fn device_facts(self) -> Der {
        let platform = |number| text(number, "90.1.234.0.0,0");
        Der::sequence(match self {
            Self::Ios14 => vec![text(1400, "14.2")],
            Self::Ios17 => vec![
                text(1400, "17.1"),
                Der::context(1104, vec![Der::integer(&[0xFF, 0xFF, 0xFF, 0xFE])]),
                text(1403, "90B01"),
                text(1405, "17.1"),
                number(1406, 0),
                platform(1420),
            ],
            Self::Ios26 | Self::Ios27 | Self::Macos27 => {
                let platform_name = if self == Self::Macos27 { "macosx" } else { "iphoneos" };
                let version = if self == Self::Ios26 { "26.2" } else { "27.0" };
                let mut facts = vec![text(1400, version), number(1104, 2), text(1401, "1.0.999"), text(1403, "90Z999")];
                facts.extend([text(1404, version), text(1405, version)]);
                facts.extend((1406..=1411).map(|tag| number(tag, 0)));
                facts.extend([number(1412, 1), number(1413, 0)]);
                facts.extend([platform(1418), platform(1419), platform(1420), text(1026, platform_name)]);
                facts
            }
        })
    }

    /// 100.8.6: a list of permitted operations inside an OCTET STRING. On Macs it is the list that Apple documents, which
    /// verifiers compare; on iPhones, where nobody does, names of our own.
    fn key_access(self) -> Der {
        let operation = |name| Der::sequence(vec![Der::utf8(name), Der::constructed(0xA1, vec![Der::true_value()])]);
        let list = if self == Self::Macos27 {
            let signing = Der::constructed(0xA0, vec![Der::utf8("rsec")]);
            let mut operations = ["ok", "oa", "odel"].map(operation).to_vec();
            operations.push(Der::sequence(vec![
                Der::utf8("osgn"),
                signing,
                Der::sequence(vec![Der::constructed(0xA6, vec![Der::small_integer(1)])]),
            ]));
            [Der::utf8("11"), Der::constructed(0x30, operations)]
        } else {
            [Der::utf8("99"), Der::constructed(0x30, ["tst", "ts", "tsgn", "tdel", "tck"].map(operation).to_vec())]
        };
        Der::sequence(vec![Der::context(3, vec![Der::octet_string(&Der::sequence(list.to_vec()).encode())])])
    }
}

fn number(tag: u16, value: u8) -> Der {
    Der::context(tag, vec![Der::small_integer(value)])
}

pub(crate) fn text(tag: u16, value: &str) -> Der {
    Der::context(tag, vec![Der::octet_string(value.as_bytes())])
}
