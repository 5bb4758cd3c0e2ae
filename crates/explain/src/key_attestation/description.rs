//! What a leaf says of its key: under the names of Google's JSON, and in words.

use genuine::key_attestation::{
    AttestationApplicationId, AuthorizationList, BootState, KeyDescription, Origin, Package, RootOfTrust,
    SecurityLevel, Tag, Value,
};
use serde::{Serialize, Serializer, ser::SerializeMap as _};

use crate::text::{base64, from_base64, hex, rfc_3339_millis};

/// A JSON object whose members have an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members(Vec<(&'static str, Member)>);

/// The value of a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Member {
    /// Text: also numbers, in decimal digits, and octets, in base64.
    Text(String),
    /// `true` or `false`.
    Flag(bool),
    /// Numbers in decimal digits, or octets in base64.
    Texts(Vec<String>),
    /// An object.
    Members(Members),
    /// Objects.
    List(Vec<Members>),
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, member) in &self.0 {
            map.serialize_entry(name, member)?;
        }
        map.end()
    }
}

impl Members {
    /// The members in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Member)> {
        self.0.iter().map(|(name, member)| (*name, member))
    }

    /// The member of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Member> {
        self.0.iter().find(|(found, _)| *found == name).map(|(_, member)| member)
    }

    fn push(&mut self, name: &'static str, member: Member) {
        self.0.push((name, member));
    }

    fn text(&mut self, name: &'static str, text: impl Into<String>) {
        self.push(name, Member::Text(text.into()));
    }
}

/// The names of what Google's JSON does not have.
const UNKNOWN_TAGS: &str = "unknownTags";
const UNREADABLE_APP: &str = "attestationApplicationIdOctets";

/// A description under exactly the names and in the forms of the JSON of Google's verifier (`KeyDescription.toJson`): numbers as text,
/// octets in base64, levels, origin and boot state by name, `true` for a tag that is there, and `areTagsOrdered` in each list.
///
/// What that JSON does not have stands under names of ours: `unknownTags`, the numbers of tags that this release does not know, where
/// there are any, and `attestationApplicationIdOctets`, where those octets are none of an `AttestationApplicationId`.
#[must_use]
pub fn key_description(description: &KeyDescription<'_>) -> Members {
    let mut members = Members::default();
    members.text("attestationVersion", description.attestation_version().to_string());
    members.text("attestationSecurityLevel", security_level(description.attestation_security_level()));
    members.text("keyMintVersion", description.key_mint_version().to_string());
    members.text("keyMintSecurityLevel", security_level(description.key_mint_security_level()));
    members.text("attestationChallenge", base64(description.attestation_challenge()));
    members.text("uniqueId", base64(description.unique_id()));
    members.push("softwareEnforced", Member::Members(list(description.software_enforced())));
    members.push("hardwareEnforced", Member::Members(list(description.hardware_enforced())));
    members
}

/// In the order of the tags, whatever theirs is.
fn list(list: AuthorizationList<'_>) -> Members {
    let mut members = Members::default();
    for tag in Tag::ALL {
        let Some(value) = list.get(*tag) else { continue };
        match (tag, value) {
            (Tag::AttestationApplicationId, Value::Octets(octets)) => match AttestationApplicationId::parse(octets) {
                Ok(app) => members.push(tag.name(), Member::Members(application(app))),
                Err(_) => members.text(UNREADABLE_APP, base64(octets)),
            },
            (Tag::Origin, Value::Integer(number)) => members.text(tag.name(), origin(number.into())),
            (_, Value::Present) => members.push(tag.name(), Member::Flag(true)),
            (_, Value::Integer(number)) => members.text(tag.name(), number.to_string()),
            (_, Value::Integers(numbers)) => {
                members.push(tag.name(), Member::Texts(numbers.iter().map(|number| number.to_string()).collect()));
            }
            (tag, Value::Octets(octets)) if is_text(*tag) => members.text(tag.name(), String::from_utf8_lossy(octets)),
            (_, Value::Octets(octets)) => members.text(tag.name(), base64(octets)),
            (_, Value::RootOfTrust(root)) => members.push(tag.name(), Member::Members(root_of_trust(root))),
            _ => {}
        }
    }
    members.push("areTagsOrdered", Member::Flag(list.are_tags_ordered()));
    let unknown: Vec<_> = list.unknown_tags().map(|number| number.to_string()).collect();
    if !unknown.is_empty() {
        members.push(UNKNOWN_TAGS, Member::Texts(unknown));
    }
    members
}

/// Whether the octets of a tag are text: what identifies a phone.
const fn is_text(tag: Tag) -> bool {
    matches!(
        tag,
        Tag::AttestationIdBrand
            | Tag::AttestationIdDevice
            | Tag::AttestationIdProduct
            | Tag::AttestationIdSerial
            | Tag::AttestationIdImei
            | Tag::AttestationIdMeid
            | Tag::AttestationIdManufacturer
            | Tag::AttestationIdModel
            | Tag::AttestationIdSecondImei
    )
}

fn application(app: AttestationApplicationId<'_>) -> Members {
    let package = |package: Package<'_>| {
        let mut members = Members::default();
        members.text("name", String::from_utf8_lossy(package.name));
        members.text("version", package.version.to_string());
        members
    };
    let mut members = Members::default();
    members.push("packages", Member::List(app.packages().map(package).collect()));
    members.push("signatures", Member::Texts(app.signature_digests().map(base64).collect()));
    members
}

fn root_of_trust(root: RootOfTrust<'_>) -> Members {
    let mut members = Members::default();
    members.text("verifiedBootKey", base64(root.verified_boot_key()));
    members.push("deviceLocked", Member::Flag(root.device_locked()));
    members.text("verifiedBootState", boot_state(root.verified_boot_state()));
    if let Some(hash) = root.verified_boot_hash() {
        members.text("verifiedBootHash", base64(hash));
    }
    members
}

/// The name in Google's JSON; of what that does not know, the number.
pub(super) fn security_level(level: SecurityLevel) -> String {
    match level {
        SecurityLevel::Software => "SOFTWARE".to_owned(),
        SecurityLevel::TrustedEnvironment => "TRUSTED_ENVIRONMENT".to_owned(),
        SecurityLevel::StrongBox => "STRONG_BOX".to_owned(),
        other => other.number().to_string(),
    }
}

pub(super) fn origin(origin: Origin) -> String {
    match origin {
        Origin::Generated => "GENERATED".to_owned(),
        Origin::Derived => "DERIVED".to_owned(),
        Origin::Imported => "IMPORTED".to_owned(),
        Origin::Reserved => "RESERVED".to_owned(),
        Origin::SecurelyImported => "SECURELY_IMPORTED".to_owned(),
        other => other.number().to_string(),
    }
}

pub(super) fn boot_state(state: BootState) -> String {
    match state {
        BootState::Verified => "VERIFIED".to_owned(),
        BootState::SelfSigned => "SELF_SIGNED".to_owned(),
        BootState::Unverified => "UNVERIFIED".to_owned(),
        BootState::Failed => "FAILED".to_owned(),
        other => other.number().to_string(),
    }
}

impl Members {
    /// What a description says, a row for each thing: which list it is of, if it is of one, its name, and its value in words, with the
    /// name of a number or the time that it is beside it.
    #[must_use]
    pub fn rows(&self) -> Vec<DescriptionRow> {
        let mut rows = Vec::new();
        for (name, member) in self.iter() {
            match member {
                Member::Members(list) => {
                    for (inner, member) in list.iter() {
                        rows.extend(
                            of_member(inner, member).into_iter().map(|row| DescriptionRow { list: Some(name), ..row }),
                        );
                    }
                }
                member => rows.extend(of_member(name, member)),
            }
        }
        rows
    }
}

/// One thing that a description says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescriptionRow {
    /// `softwareEnforced`, `hardwareEnforced`, or neither.
    pub list: Option<&'static str>,
    /// The name, as Google's JSON has it.
    pub name: String,
    /// The value in words.
    pub value: String,
}

fn of_member(name: &'static str, member: &Member) -> Vec<DescriptionRow> {
    let row = |name: String, value: String| DescriptionRow { list: None, name, value };
    match member {
        Member::Text(text) => vec![row(name.to_owned(), in_words(name, text))],
        Member::Flag(flag) => vec![row(name.to_owned(), if *flag { "yes" } else { "no" }.to_owned())],
        Member::Texts(texts) if texts.is_empty() => vec![row(name.to_owned(), "none".to_owned())],
        Member::Texts(texts) => {
            let texts: Vec<_> = texts.iter().map(|text| in_words(name, text)).collect();
            vec![row(name.to_owned(), texts.join(", "))]
        }
        Member::Members(members) => {
            let inner = members.iter().flat_map(|(inner, member)| of_member(inner, member));
            inner.map(|inner| row(format!("{name}.{}", inner.name), inner.value)).collect()
        }
        Member::List(items) => {
            let item = |members: &Members| {
                let inner = members.iter().flat_map(|(inner, member)| of_member(inner, member));
                inner.map(|inner| format!("{} {}", inner.name, inner.value)).collect::<Vec<_>>().join(", ")
            };
            items.iter().map(|members| row(name.to_owned(), item(members))).collect()
        }
    }
}

/// A value with what it means beside it.
fn in_words(name: &str, text: &str) -> String {
    let number = text.parse::<u64>().ok();
    let octets = || from_base64(text).filter(|octets| !octets.is_empty());
    let meaning = match (name, number) {
        // Digests are written in hexadecimal digits everywhere else.
        ("verifiedBootKey" | "verifiedBootHash" | "moduleHash" | "signatures", _) => {
            return octets().map_or_else(|| "(empty)".to_owned(), |octets| hex(&octets));
        }
        ("attestationChallenge", _) => octets().and_then(printable).map(|text| format!("{text:?}")),
        ("activeDateTime" | "originationExpireDateTime" | "usageExpireDateTime" | "creationDateTime", Some(millis)) => {
            i64::try_from(millis).ok().map(rfc_3339_millis)
        }
        ("osVersion", Some(version @ 1..)) => Some(format!("Android {}", android(version))),
        (name, Some(number)) => named(name, number).map(str::to_owned),
        _ => None,
    };
    match (meaning, text) {
        (Some(meaning), _) => format!("{text} ({meaning})"),
        (None, "") => "(empty)".to_owned(),
        (None, text) => text.to_owned(),
    }
}

/// Octets that are text.
fn printable(octets: Vec<u8>) -> Option<String> {
    String::from_utf8(octets).ok().filter(|text| !text.contains(char::is_control))
}

/// `160000` is 16, `80100` is 8.1.
fn android(version: u64) -> String {
    match (version / 10_000, version / 100 % 100, version % 100) {
        (major, 0, 0) => major.to_string(),
        (major, minor, 0) => format!("{major}.{minor}"),
        (major, minor, patch) => format!("{major}.{minor}.{patch}"),
    }
}

/// The name of a number, as Android has it.
fn named(name: &str, number: u64) -> Option<&'static str> {
    let names: &[(u64, &'static str)] = match name {
        "purposes" => &[
            (0, "ENCRYPT"),
            (1, "DECRYPT"),
            (2, "SIGN"),
            (3, "VERIFY"),
            (5, "WRAP_KEY"),
            (6, "AGREE_KEY"),
            (7, "ATTEST_KEY"),
        ],
        "algorithms" => &[(1, "RSA"), (3, "EC"), (4, "ML-DSA"), (32, "AES"), (33, "3DES"), (128, "HMAC")],
        "ecCurve" => &[(0, "P-224"), (1, "P-256"), (2, "P-384"), (3, "P-521"), (4, "Curve25519")],
        "mlDsaVariant" => &[(1, "ML-DSA-65")],
        "digests" | "rsaOaepMgfDigests" => {
            &[(0, "NONE"), (1, "MD5"), (2, "SHA-1"), (3, "SHA-224"), (4, "SHA-256"), (5, "SHA-384"), (6, "SHA-512")]
        }
        "paddings" => &[
            (1, "NONE"),
            (2, "OAEP"),
            (3, "PSS"),
            (4, "PKCS #1 v1.5 encrypt"),
            (5, "PKCS #1 v1.5 sign"),
            (64, "PKCS #7"),
        ],
        "blockModes" => &[(1, "ECB"), (2, "CBC"), (3, "CTR"), (32, "GCM")],
        "userAuthType" => &[(1, "password"), (2, "biometric"), (3, "password or biometric")],
        _ => &[],
    };
    names.iter().find(|(known, _)| *known == number).map(|(_, name)| *name)
}
