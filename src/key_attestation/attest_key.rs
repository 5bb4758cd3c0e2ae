//! Keys that attest: an app's key with the purpose `ATTEST_KEY` may sign the leaf, if the policy accepts that.

use super::{
    description::KeyDescription,
    number::{Origin, Purpose},
    tag::Tag,
};
use crate::{error::Error, x509::Certificate};

/// What the hardware says of the system, which is the same for all keys of a phone at one time.
const OF_THE_SYSTEM: [Tag; 4] = [Tag::OsVersion, Tag::OsPatchLevel, Tag::VendorPatchLevel, Tag::BootPatchLevel];

/// Checks that the issuer of the leaf is a key that does nothing but attest, of the same app, on the same phone, at the same time.
///
/// Anything looser lets any key of any phone sign a leaf with an invented description.
pub(super) fn check(certificate: &Certificate<'_>, leaf: &KeyDescription<'_>) -> Result<(), Error> {
    let description = KeyDescription::of(certificate).map_err(|_| Error::AndroidAttestKeyMismatch)?;
    let (hardware, of_leaf) = (description.hardware_enforced(), leaf.hardware_enforced());
    let attests_only = hardware.purposes().all(|purpose| purpose == Purpose::AttestKey)
        && hardware.purposes().next().is_some()
        && hardware.origin() == Some(Origin::Generated);
    let is_for_all = |description: &KeyDescription<'_>| {
        description.hardware_enforced().has(Tag::AllApplications)
            || description.software_enforced().has(Tag::AllApplications)
    };
    let is_as_leaf = description.attestation_version() == leaf.attestation_version()
        && description.key_mint_version() == leaf.key_mint_version()
        && description.attestation_security_level() == leaf.attestation_security_level()
        && description.key_mint_security_level() == leaf.key_mint_security_level()
        && hardware.root_of_trust() == of_leaf.root_of_trust()
        && OF_THE_SYSTEM.iter().all(|tag| hardware.integer(*tag) == of_leaf.integer(*tag))
        && description.application_id() == leaf.application_id()
        && description.attestation_challenge() == leaf.attestation_challenge();
    if attests_only && is_as_leaf && !is_for_all(&description) { Ok(()) } else { Err(Error::AndroidAttestKeyMismatch) }
}
