//! The extension of a leaf: what the secure hardware says of the key.

use super::{list::AuthorizationList, number::SecurityLevel, tag::Tag};
use crate::{
    encoding::der::{self, DerError, Reader},
    error::Error,
    x509::{Certificate, oid},
};

/// The content octets of the OBJECT IDENTIFIER of the extension `KeyDescription`: 1.3.6.1.4.1.11129.2.1.17.
pub const KEY_DESCRIPTION: &[u8] = oid!("1.3.6.1.4.1.11129.2.1.17");

/// The longest challenge: what KeyMint takes.
pub const MAX_CHALLENGE: usize = 128;

/// `KeyDescription`, from the first attestation version to 500 and those that keep its shape. Nothing of it is believed yet.
#[derive(Clone, Copy, Debug)]
pub struct KeyDescription<'i> {
    attestation_version: u64,
    attestation_security_level: SecurityLevel,
    key_mint_version: u64,
    key_mint_security_level: SecurityLevel,
    attestation_challenge: &'i [u8],
    unique_id: &'i [u8],
    software_enforced: AuthorizationList<'i>,
    hardware_enforced: AuthorizationList<'i>,
}

impl<'i> KeyDescription<'i> {
    /// Reads the value of the extension: the eight members, and nothing behind them.
    ///
    /// Strict DER, but for what genuine phones get wrong: the order of tags and of sets, and the octet of a BOOLEAN.
    ///
    /// # Errors
    ///
    /// [`Error::AndroidDescriptionMalformed`], [`Error::AndroidChallengeTooLong`], [`Error::AndroidTagMalformed`],
    /// [`Error::AndroidTagDuplicate`], [`Error::AndroidTagLimit`].
    pub fn parse(extension: &'i [u8]) -> Result<Self, Error> {
        let (description, [software, hardware]) =
            Self::members(extension).map_err(|_| Error::AndroidDescriptionMalformed)?;
        if description.attestation_challenge.len() > MAX_CHALLENGE {
            return Err(Error::AndroidChallengeTooLong);
        }
        Ok(Self {
            software_enforced: AuthorizationList::read(software)?,
            hardware_enforced: AuthorizationList::read(hardware)?,
            ..description
        })
    }

    /// Reads the extension of a certificate.
    ///
    /// # Errors
    ///
    /// [`Error::AndroidDescriptionMissing`] if there is none, and those of [`parse`](Self::parse).
    pub fn of(certificate: &Certificate<'i>) -> Result<Self, Error> {
        certificate.extension(KEY_DESCRIPTION).ok_or(Error::AndroidDescriptionMissing).and_then(Self::parse)
    }

    /// The members, with the lists still to be read.
    fn members(extension: &'i [u8]) -> Result<(Self, [&'i [u8]; 2]), DerError> {
        let mut outer = Reader::new(extension);
        let mut fields = Reader::new(outer.value(der::SEQUENCE)?);
        outer.finish()?;
        let empty = AuthorizationList::default();
        let description = Self {
            attestation_version: fields.unsigned()?,
            attestation_security_level: fields.enumerated()?.into(),
            key_mint_version: fields.unsigned()?,
            key_mint_security_level: fields.enumerated()?.into(),
            attestation_challenge: fields.value(der::OCTET_STRING)?,
            unique_id: fields.value(der::OCTET_STRING)?,
            software_enforced: empty,
            hardware_enforced: empty,
        };
        let lists = [fields.value(der::SEQUENCE)?, fields.value(der::SEQUENCE)?];
        fields.finish()?;
        Ok((description, lists))
    }

    /// The version of the attestation: 1 to 4 for Keymaster, 100 and on for KeyMint. It is that of the secure element, not Android's.
    #[must_use]
    pub const fn attestation_version(&self) -> u64 {
        self.attestation_version
    }

    /// What signed the attestation.
    #[must_use]
    pub const fn attestation_security_level(&self) -> SecurityLevel {
        self.attestation_security_level
    }

    /// The version of Keymaster or KeyMint, which need not equal that of the attestation.
    #[must_use]
    pub const fn key_mint_version(&self) -> u64 {
        self.key_mint_version
    }

    /// Where the key lives.
    #[must_use]
    pub const fn key_mint_security_level(&self) -> SecurityLevel {
        self.key_mint_security_level
    }

    /// The challenge: any octets, at most [`MAX_CHALLENGE`].
    #[must_use]
    pub const fn attestation_challenge(&self) -> &'i [u8] {
        self.attestation_challenge
    }

    /// An identifier of the phone for system apps; empty in every genuine attestation that is known.
    #[must_use]
    pub const fn unique_id(&self) -> &'i [u8] {
        self.unique_id
    }

    /// What the Android system says and enforces. It is worth what [`RootOfTrust`](super::RootOfTrust) says of that system.
    #[must_use]
    pub const fn software_enforced(&self) -> AuthorizationList<'i> {
        self.software_enforced
    }

    /// What the secure hardware says and enforces.
    #[must_use]
    pub const fn hardware_enforced(&self) -> AuthorizationList<'i> {
        self.hardware_enforced
    }

    /// How many elements of both lists have a tag that this release does not know.
    #[must_use]
    pub fn unknown_tags(&self) -> usize {
        self.software_enforced.unknown_tags().count().saturating_add(self.hardware_enforced.unknown_tags().count())
    }

    /// The octets of `attestationApplicationId`: which packages asked, as the Android system says.
    #[must_use]
    pub fn application_id(&self) -> Option<&'i [u8]> {
        self.software_enforced.octets(Tag::AttestationApplicationId)
    }
}
