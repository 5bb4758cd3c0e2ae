//! What the leaf says about the device and the key, beside what binds it to the request.

use super::system::{OsBuild, OsVersion, Platform};
use crate::{
    encoding::der::{self, Reader},
    x509::{Extensions, oid},
};

/// Device and operating system: `SEQUENCE OF [n] EXPLICIT value`.
const DEVICE_INFO: &[u8] = oid!("1.2.840.113635.100.8.7");

/// The tags of the entries that are read; all hold an OCTET STRING of text.
const OS_VERSION: u16 = 1400;
const OS_BUILD: u16 = 1403;
const PLATFORM: u16 = 1026;

/// The key's access-control list (iOS from 26.1 on, macOS from 27 on).
const ACCESS_CONTROL: &[u8] = oid!("1.2.840.113635.100.8.6");

/// The app: `SEQUENCE OF [n] EXPLICIT value`.
const APP: &[u8] = oid!("1.2.840.113635.100.8.5");

/// The tag of the App ID, an OCTET STRING of text.
const APP_ID: u16 = 1204;

/// The access-control list of an App Attest key on a Mac that runs macOS 27 with System Integrity Protection and full
/// security: the 66 octets that Apple documents in its guide for macOS, which genuine leaves carry.
pub const MACOS_ACCESS_CONTROL: &[u8] = &[
    0x30, 0x40, 0x0C, 0x02, b'1', b'1', 0x30, 0x3A, 0x30, 0x09, 0x0C, 0x02, b'o', b'k', 0xA1, 0x03, 0x01, 0x01, 0xFF,
    0x30, 0x09, 0x0C, 0x02, b'o', b'a', 0xA1, 0x03, 0x01, 0x01, 0xFF, 0x30, 0x0B, 0x0C, 0x04, b'o', b'd', b'e', b'l',
    0xA1, 0x03, 0x01, 0x01, 0xFF, 0x30, 0x15, 0x0C, 0x04, b'o', b's', b'g', b'n', 0xA0, 0x06, 0x0C, 0x04, b'r', b's',
    b'e', b'c', 0x30, 0x05, 0xA6, 0x03, 0x02, 0x01, 0x01,
];

/// Platform, version and build of the operating system, from the leaf's extension 1.2.840.113635.100.8.7.
///
/// Apple has not documented this extension and has changed it with most releases. So its form changes no verdict, unless the
/// policy requires something of it: what cannot be read is `None`. An empty text, as some devices of 2021 sent, is
/// `None` too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceInfo<'i> {
    /// The version, such as `27.0`; on every device seen but a few of 2021.
    pub os_version: Option<&'i str>,
    /// The build, such as `24A435`; from iOS 17 on.
    pub os_build: Option<&'i str>,
    /// The platform; from iOS 18.0 on.
    pub platform: Option<Platform<'i>>,
}

impl<'i> DeviceInfo<'i> {
    pub(super) fn read(extensions: Extensions<'i>) -> Self {
        extensions.value(DEVICE_INFO).and_then(Self::from_extension).unwrap_or_default()
    }

    /// All of it or nothing: one entry that cannot be read, or a second of one number, leaves nothing to believe.
    fn from_extension(value: &'i [u8]) -> Option<Self> {
        let [os_version, os_build, platform] = texts(value, [OS_VERSION, OS_BUILD, PLATFORM])?;
        Some(Self { os_version, os_build, platform: platform.map(Platform::named) })
    }

    /// The version, where it is one of numbers.
    pub(super) fn version(&self) -> Option<OsVersion> {
        self.os_version.and_then(OsVersion::parse)
    }

    /// The build, where it is of the form that builds have.
    pub(super) fn build(&self) -> Option<OsBuild> {
        self.os_build.and_then(OsBuild::parse)
    }
}

/// The key's access-control list: the content of `SEQUENCE { [3] { OCTET STRING } }`.
pub(super) fn access_control(extensions: Extensions<'_>) -> Option<&[u8]> {
    let mut outer = Reader::new(extensions.value(ACCESS_CONTROL)?);
    let mut sequence = Reader::new(outer.value(der::SEQUENCE).ok()?);
    outer.finish().ok()?;
    let mut explicit = Reader::new(sequence.value(der::explicit(3)).ok()?);
    sequence.finish().ok()?;
    let content = explicit.value(der::OCTET_STRING).ok()?;
    explicit.finish().ok()?;
    Some(content)
}

/// The App ID, as the leaf has it in clear.
pub(super) fn app_id(extensions: Extensions<'_>) -> Option<&str> {
    let [app_id] = texts(extensions.value(APP)?, [APP_ID])?;
    app_id
}

/// The texts of these entries of a `SEQUENCE OF [n] EXPLICIT value`, an empty one left out. `None` if the list is not of
/// this form, a text is none, or an entry of these numbers occurs twice.
fn texts<const N: usize>(value: &[u8], numbers: [u16; N]) -> Option<[Option<&str>; N]> {
    let mut outer = Reader::new(value);
    let mut entries = Reader::new(outer.value(der::SEQUENCE).ok()?);
    outer.finish().ok()?;
    let mut texts = [None; N];
    while !entries.is_empty() {
        let (number, value) = entries.any_explicit().ok()?;
        let Some((_, slot)) = numbers.into_iter().zip(&mut texts).find(|(known, _)| *known == number) else {
            continue;
        };
        if slot.replace(text(value)?).is_some() {
            return None;
        }
    }
    Some(texts.map(|text| text.filter(|text| !text.is_empty())))
}

fn text(value: &[u8]) -> Option<&str> {
    let mut reader = Reader::new(value);
    let octets = reader.value(der::OCTET_STRING).ok()?;
    reader.finish().ok()?;
    core::str::from_utf8(octets).ok()
}
