//! Authenticator data (WebAuthn §6.1), as App Attest fills it.
//!
//! Not a WebAuthn parser, which would refuse every genuine assertion: there AT is set with no credential data behind
//! it. The flag bits carry no meaning here but AT in an attestation, which says that credential data follows, and ED,
//! which announces the extension map.
//!
//! The map may follow with ED clear, as it does in Apple's own sample and in betas. Then nothing signed says that it
//! is there: the nonce covers authenticator data and client data hash one behind the other, and an app that passes
//! `map ‖ hash` as its client data hash can move the map across the boundary afterwards. So an unannounced map is
//! read, shown in the view and never believed ([`AuthenticatorData::launch_even_if_unannounced`]).

use super::{
    app::AppIdHash,
    codes::{in_cose_key, in_extension_map, in_extension_map_head},
    counter::Counter,
    launch::{LaunchData, ValidationCategory},
};
use crate::{
    crypto::{P256, PublicKey},
    encoding::cbor::{MAX_SKIPPED_ITEMS, Reader},
    error::Error,
};

/// Attested credential data is included (WebAuthn §6.1).
const FLAG_AT: u8 = 0x40;
/// Extension data is included (WebAuthn §6.1).
const FLAG_ED: u8 = 0x80;

/// The credential identifier is a SHA-256 (step A9).
const CREDENTIAL_ID_LENGTH: [u8; 2] = 32_u16.to_be_bytes();

/// The largest extension map in bytes. Genuine ones have 62 to 142; Apple adds keys.
const MAX_EXTENSION_MAP: usize = 512;

/// The longest bundle version in bytes. `CFBundleVersion` is a short text of digits and periods, but not checked to be.
const MAX_BUNDLE_VERSION: usize = 255;

const BUNDLE_VERSION: &str = "apple_bundle_version_01";
const VALIDATION_CATEGORY: &str = "apple_validation_category_01";
const CODE_HASH: &str = "apple_cd_hash_hash_01";
const CODE_HASH_TYPE: &str = "apple_cd_hash_type_01";

/// The longest code hash in bytes. Genuine ones have 32; Apple's `cs_blobs.h` has hashes of up to 48, and SHA-512 has 64.
const MAX_CODE_HASH: usize = 64;

/// The fixed fields: RP ID hash (32 bytes), flags (1), counter (4).
type Header = [u8; 37];

/// Authenticator data: what attestations and assertions have in common, unverified.
#[derive(Clone, Copy, Debug)]
pub struct AuthenticatorData<'i> {
    bytes: &'i [u8],
    header: &'i Header,
    launch: LaunchData<'i>,
}

/// Attested credential data (WebAuthn §6.5.1): what only an attestation has, unverified.
#[derive(Clone, Copy, Debug)]
pub struct AttestedCredential<'i> {
    pub(super) aaguid: &'i [u8; 16],
    pub(super) id: &'i [u8; 32],
    /// X and Y.
    key: [&'i [u8; 32]; 2],
}

impl<'i> AuthenticatorData<'i> {
    /// Reads the authenticator data of an attestation: 164 bytes and an extension map or none.
    ///
    /// # Errors
    ///
    /// Those of the step [`AuthenticatorData`](super::Step::AuthenticatorData).
    pub fn parse_attestation(bytes: &'i [u8]) -> Result<(Self, AttestedCredential<'i>), Error> {
        let (header, rest) = bytes.split_first_chunk().ok_or(Error::AuthDataTruncated)?;
        if flags(header) & FLAG_AT == 0 {
            return Err(Error::AuthDataFlags);
        }
        let (aaguid, rest) = rest.split_first_chunk::<16>().ok_or(Error::AuthDataTruncated)?;
        let (&length, rest) = rest.split_first_chunk::<2>().ok_or(Error::AuthDataTruncated)?;
        if length != CREDENTIAL_ID_LENGTH {
            return Err(Error::CredentialIdLength);
        }
        let (id, rest) = rest.split_first_chunk::<32>().ok_or(Error::AuthDataTruncated)?;
        let (key, rest) = cose_key(rest)?;
        let launch = launch(header, rest)?;
        Ok((Self { bytes, header, launch }, AttestedCredential { aaguid, id, key }))
    }

    /// Reads the authenticator data of an assertion: 37 bytes and an extension map or none.
    ///
    /// # Errors
    ///
    /// Those of the step [`AuthenticatorData`](super::Step::AuthenticatorData).
    pub fn parse_assertion(bytes: &'i [u8]) -> Result<Self, Error> {
        let (header, rest) = bytes.split_first_chunk().ok_or(Error::AuthDataTruncated)?;
        Ok(Self { bytes, header, launch: launch(header, rest)? })
    }

    /// The bytes as received, which the nonce covers.
    #[must_use]
    pub const fn as_bytes(&self) -> &'i [u8] {
        self.bytes
    }

    /// The RP ID hash, which for App Attest is the SHA-256 of the App ID.
    #[must_use]
    pub const fn app_id(&self) -> AppIdHash {
        AppIdHash(*self.app_id_octets())
    }

    pub(super) const fn app_id_octets(&self) -> &'i [u8; 32] {
        let [app_id @ .., _, _, _, _, _] = self.header;
        app_id
    }

    /// The flags; see the top of this module for the little they mean.
    #[must_use]
    pub const fn flags(&self) -> u8 {
        flags(self.header)
    }

    /// The signature counter.
    pub const fn counter(&self) -> Counter {
        let [.., a, b, c, d] = *self.header;
        Counter(u32::from_be_bytes([a, b, c, d]))
    }

    /// The launch data of iOS 27 that the flag ED announces, and a signature over the authenticator data can prove; empty before
    /// iOS 27.
    #[must_use]
    pub fn launch(&self) -> LaunchData<'i> {
        if self.flags() & FLAG_ED == 0 { LaunchData::default() } else { self.launch }
    }

    /// The launch data of iOS 27, announced or not. What is not announced is not signed for: nothing can prove it.
    #[must_use]
    pub const fn launch_even_if_unannounced(&self) -> LaunchData<'i> {
        self.launch
    }
}

impl AttestedCredential<'_> {
    /// The AAGUID, which names the environment.
    #[must_use]
    pub const fn aaguid(&self) -> [u8; 16] {
        *self.aaguid
    }

    /// The credential identifier.
    #[must_use]
    pub const fn id(&self) -> [u8; 32] {
        *self.id
    }

    /// The credential public key, from its COSE form.
    #[must_use]
    pub fn key(&self) -> PublicKey<P256> {
        PublicKey::from_coordinates(self.key)
    }

    /// Whether the credential public key is this one, `X ‖ Y`.
    pub(super) fn has_key(&self, key: &[u8; 64]) -> bool {
        let [x, y] = self.key;
        key.split_first_chunk() == Some((x, y.as_slice()))
    }
}

const fn flags([.., flags, _, _, _, _]: &Header) -> u8 {
    *flags
}

/// Reads what follows the fixed fields: nothing, or one complete extension map.
fn launch<'i>(header: &Header, rest: &'i [u8]) -> Result<LaunchData<'i>, Error> {
    match rest {
        [] if flags(header) & FLAG_ED != 0 => Err(Error::AuthDataFlags),
        [] => Ok(LaunchData::default()),
        _ => extension_map(rest),
    }
}

/// Reads `{1: 2, 3: -7, -1: 1, -2: x, -3: y}`, an ES256 key on P-256 (RFC 9053 §7.1.1); returns x, y and what follows.
///
/// The labels come in the order of CTAP2's canonical form, which is the order of the constants below.
fn cose_key(input: &[u8]) -> Result<([&[u8; 32]; 2], &[u8]), Error> {
    const LABELS: [i64; 5] = [1, 3, -1, -2, -3];
    const KEY_TYPE_EC2: i64 = 2;
    const ALGORITHM_ES256: i64 = -7;
    const CURVE_P256: i64 = 1;

    let mut reader = Reader::new(input);
    let mut supported = [false; 3];
    let mut x = None;
    let mut y = None;
    // The positions of the labels read so far, one bit each.
    let mut seen = 0_u8;
    for _ in 0..reader.map().map_err(in_cose_key)? {
        let label = reader.integer().map_err(in_cose_key)?;
        let position = LABELS.iter().position(|known| *known == label).ok_or(Error::CoseMalformed)?;
        let bit = 1_u8.checked_shl(u32::try_from(position).unwrap_or(u32::MAX)).ok_or(Error::CoseMalformed)?;
        if seen & bit != 0 {
            return Err(Error::CoseDuplicateLabel);
        }
        if seen > bit {
            return Err(Error::CoseNonCanonical);
        }
        seen |= bit;
        match label {
            1 => supported[0] = reader.integer().map_err(in_cose_key)? == KEY_TYPE_EC2,
            3 => supported[1] = reader.integer().map_err(in_cose_key)? == ALGORITHM_ES256,
            -1 => supported[2] = reader.integer().map_err(in_cose_key)? == CURVE_P256,
            -2 => x = Some(coordinate(&mut reader)?),
            _ => y = Some(coordinate(&mut reader)?),
        }
    }
    if supported != [true; 3] {
        return Err(Error::CoseUnsupported);
    }
    let (Some(x), Some(y)) = (x, y) else {
        return Err(Error::CoseMalformed);
    };
    Ok(([x, y], reader.rest()))
}

fn coordinate<'i>(reader: &mut Reader<'i>) -> Result<&'i [u8; 32], Error> {
    reader.bytes().map_err(in_cose_key)?.try_into().map_err(|_| Error::CoseMalformed)
}

/// Reads the extension map, which must end where the authenticator data ends.
///
/// Unknown keys are passed over, bounded in number and size, because Apple adds keys; a known key has its known form.
fn extension_map(input: &[u8]) -> Result<LaunchData<'_>, Error> {
    if input.len() > MAX_EXTENSION_MAP {
        return Err(Error::ExtMapLimit);
    }
    let mut reader = Reader::new(input);
    let entries = reader.map().map_err(in_extension_map_head)?;
    let launch = entries_of(&mut reader, entries)?;
    reader.finish().map_err(|_| Error::AuthDataTrailing)?;
    Ok(launch)
}

fn entries_of<'i>(reader: &mut Reader<'i>, entries: usize) -> Result<LaunchData<'i>, Error> {
    let mut launch = LaunchData::default();
    let mut unknown_items = MAX_SKIPPED_ITEMS;
    let first = reader.clone();
    for read in 0..entries {
        let key = reader.text().map_err(in_extension_map)?;
        // Keys are read again and not kept, because a list of them would be the largest thing on the stack.
        let mut earlier = first.clone();
        for _ in 0..read {
            if earlier.text().map_err(in_extension_map)? == key {
                return Err(Error::ExtMapDuplicateKey);
            }
            earlier.skip(MAX_SKIPPED_ITEMS).map_err(in_extension_map)?;
        }
        match key {
            BUNDLE_VERSION => launch.bundle_version = Some(bundle_version(reader)?),
            VALIDATION_CATEGORY => launch.category = Some(validation_category(reader)?),
            CODE_HASH => launch.code_hash = Some(code_hash(reader)?),
            _ => {
                // The type is a byte string of one byte on every device seen. Nothing decides by it, so that another form of it
                // is passed over like an unknown key.
                if let (CODE_HASH_TYPE, &[0x41, kind, ..]) = (key, reader.rest()) {
                    launch.code_hash_type = Some(kind);
                }
                unknown_items = reader.skip(unknown_items).map_err(in_extension_map)?;
            }
        }
    }
    Ok(launch)
}

fn bundle_version<'i>(reader: &mut Reader<'i>) -> Result<&'i str, Error> {
    let version = reader.text().map_err(in_extension_map)?;
    if version.len() > MAX_BUNDLE_VERSION {
        return Err(Error::ExtMapLimit);
    }
    Ok(version)
}

fn code_hash<'i>(reader: &mut Reader<'i>) -> Result<&'i [u8], Error> {
    match reader.bytes().map_err(in_extension_map)? {
        [] => Err(Error::ExtMapMalformed),
        hash if hash.len() > MAX_CODE_HASH => Err(Error::ExtMapLimit),
        hash => Ok(hash),
    }
}

/// Four bytes, little-endian, on every device seen; an unsigned integer has been reported.
fn validation_category(reader: &mut Reader<'_>) -> Result<ValidationCategory, Error> {
    let number = if reader.next_is_bytes() {
        let octets = reader.bytes().map_err(in_extension_map)?;
        let octets: [u8; 4] = octets.try_into().map_err(|_| Error::ExtMapMalformed)?;
        u32::from_le_bytes(octets)
    } else {
        u32::try_from(reader.integer().map_err(in_extension_map)?).map_err(|_| Error::ExtMapMalformed)?
    };
    Ok(ValidationCategory(number))
}
