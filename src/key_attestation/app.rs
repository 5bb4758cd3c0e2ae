//! Which app asked for the key, as the Android system says.

use core::fmt;

use crate::{
    app_attest::AppIdHash,
    crypto::{Backend, Sha256},
    encoding::der::{self, DerError, Reader},
    error::Error,
};

/// `AttestationApplicationId ::= SEQUENCE { packageInfos SET OF AttestationPackageInfo, signatureDigests SET OF OCTET STRING }`.
#[derive(Clone, Copy, Debug)]
pub struct AttestationApplicationId<'i> {
    packages: &'i [u8],
    digests: &'i [u8],
}

/// `AttestationPackageInfo ::= SEQUENCE { packageName OCTET STRING, version INTEGER }`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Package<'i> {
    /// The name: UTF-8, if the system is not at fault.
    pub name: &'i [u8],
    /// The version code (`longVersionCode`), big-endian, two's complement, of 1 to 8 octets.
    pub version: i64,
}

impl fmt::Debug for Package<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name.escape_ascii(), self.version)
    }
}

impl<'i> AttestationApplicationId<'i> {
    /// Reads the octets of the tag.
    ///
    /// # Errors
    ///
    /// [`Error::AndroidAppMalformed`] if they are not strict DER of this type; sets may be in any order.
    pub fn parse(octets: &'i [u8]) -> Result<Self, Error> {
        Self::read(octets).map_err(|_| Error::AndroidAppMalformed)
    }

    fn read(octets: &'i [u8]) -> Result<Self, DerError> {
        let mut outer = Reader::new(octets);
        let mut fields = Reader::new(outer.value(der::SEQUENCE)?);
        outer.finish()?;
        let packages = fields.value(der::SET)?;
        let digests = fields.value(der::SET)?;
        fields.finish()?;
        let mut reader = Reader::new(packages);
        while !reader.is_empty() {
            package(&mut reader)?;
        }
        let mut reader = Reader::new(digests);
        while !reader.is_empty() {
            reader.value(der::OCTET_STRING)?;
        }
        Ok(Self { packages, digests })
    }

    /// The packages: one, or several that share a user identifier.
    pub fn packages(self) -> impl Iterator<Item = Package<'i>> {
        let mut reader = Reader::new(self.packages);
        core::iter::from_fn(move || package(&mut reader).ok())
    }

    /// SHA-256 of each certificate that signs the packages.
    pub fn signature_digests(self) -> impl Iterator<Item = &'i [u8]> {
        let mut reader = Reader::new(self.digests);
        core::iter::from_fn(move || reader.value(der::OCTET_STRING).ok())
    }
}

fn package<'i>(reader: &mut Reader<'i>) -> Result<Package<'i>, DerError> {
    let mut fields = Reader::new(reader.value(der::SEQUENCE)?);
    let name = fields.value(der::OCTET_STRING)?;
    let version = signed(fields.integer()?)?;
    fields.finish()?;
    Ok(Package { name, version })
}

/// A number of at most 8 octets in two's complement.
fn signed(octets: &[u8]) -> Result<i64, DerError> {
    if octets.len() > 8 {
        return Err(DerError::Integer);
    }
    let sign = if octets.first().is_some_and(|first| first & 0x80 != 0) { -1 } else { 0 };
    Ok(octets.iter().fold(sign, |number, octet| number << 8 | i64::from(*octet)))
}

/// What an Android app puts where an app of Apple's has the hash of its App ID: SHA-256 of `android:` and the package name.
///
/// The colon, which stands in no App ID and in no package name, keeps the two kinds of apps apart.
///
/// # Errors
///
/// [`Error::CryptoUnavailable`] if the backend cannot hash.
pub fn app_id_hash<C: Sha256 + ?Sized>(package_name: &str, crypto: &C) -> Result<AppIdHash, Error> {
    Backend::new(crypto).sha256(&[b"android:", package_name.as_bytes()]).map(AppIdHash)
}
