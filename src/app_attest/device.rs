//! What the leaf says about the device, for logs and statistics.

use crate::{
    der::{self, Reader},
    x509::{Extensions, oid},
};

/// Device and operating system: `SEQUENCE OF [n] EXPLICIT value`.
const DEVICE_INFO: &[u8] = oid!("1.2.840.113635.100.8.7");

/// The tags of the two entries that are read; both hold an OCTET STRING of text.
const OS_VERSION: u16 = 1400;
const OS_BUILD: u16 = 1403;

/// Operating system version and build, from the leaf's extension 1.2.840.113635.100.8.7.
///
/// Apple has not documented this extension and has changed it with most releases, so its form never changes a verdict:
/// what cannot be read is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceInfo<'i> {
    /// The version, such as `27.0`.
    pub os_version: Option<&'i str>,
    /// The build, such as `24A435`; from iOS 17 on.
    pub os_build: Option<&'i str>,
}

impl<'i> DeviceInfo<'i> {
    pub(super) fn read(extensions: Extensions<'i>) -> Self {
        extensions.value(DEVICE_INFO).and_then(Self::from_extension).unwrap_or_default()
    }

    /// All of it or nothing: one entry that cannot be read, or a second of one number, leaves nothing to believe.
    fn from_extension(value: &'i [u8]) -> Option<Self> {
        let mut outer = Reader::new(value);
        let mut entries = Reader::new(outer.value(der::SEQUENCE).ok()?);
        outer.finish().ok()?;
        let mut info = Self::default();
        while !entries.is_empty() {
            let (number, value) = entries.any_explicit().ok()?;
            let field = match number {
                OS_VERSION => &mut info.os_version,
                OS_BUILD => &mut info.os_build,
                _ => continue,
            };
            if field.replace(text(value)?).is_some() {
                return None;
            }
        }
        Some(info)
    }
}

fn text(value: &[u8]) -> Option<&str> {
    let mut reader = Reader::new(value);
    let octets = reader.value(der::OCTET_STRING).ok()?;
    reader.finish().ok()?;
    core::str::from_utf8(octets).ok()
}
