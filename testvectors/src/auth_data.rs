//! Authenticator data, field by field (WebAuthn §6.1, with Apple's extension map behind it).

use crate::cbor::Cbor;

/// Attested credential data included (AT); Apple sets it in assertions as well, where nothing follows.
pub const FLAG_AT: u8 = 0x40;
/// Extension data included (ED).
pub const FLAG_ED: u8 = 0x80;

/// Authenticator data of an attestation or an assertion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthData {
    /// SHA-256 of the App ID.
    pub rp_id_hash: [u8; 32],
    /// [`FLAG_AT`] and [`FLAG_ED`].
    pub flags: u8,
    /// Written big-endian; zero in an attestation.
    pub counter: u32,
    /// Present in attestations only.
    pub credential: Option<Credential>,
    /// The extension map of iOS 27.
    pub extensions: Option<Cbor>,
}

/// The attested credential data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The environment: `appattest` and seven zero bytes, or `appattestdevelop`.
    pub aaguid: [u8; 16],
    /// The length field, big-endian: 32 in an honest object, whatever [`id`](Self::id) holds.
    pub id_length: [u8; 2],
    /// The key identifier.
    pub id: Vec<u8>,
    /// The COSE key.
    pub key: Cbor,
}

impl AuthData {
    /// The bytes, as hashed into the nonce.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.rp_id_hash.to_vec();
        bytes.push(self.flags);
        bytes.extend_from_slice(&self.counter.to_be_bytes());
        if let Some(credential) = &self.credential {
            bytes.extend_from_slice(&credential.aaguid);
            bytes.extend_from_slice(&credential.id_length);
            bytes.extend_from_slice(&credential.id);
            bytes.extend(credential.key.encode());
        }
        bytes.extend(self.extensions.iter().flat_map(Cbor::encode));
        bytes
    }

    /// The attested credential data.
    ///
    /// # Panics
    ///
    /// In an assertion, which has none.
    #[must_use]
    pub fn credential(&mut self) -> &mut Credential {
        self.credential.as_mut().expect("an attestation has a credential")
    }

    /// The extension map.
    ///
    /// # Panics
    ///
    /// Before iOS 27, when there is none.
    #[must_use]
    pub fn extensions(&mut self) -> &mut Cbor {
        self.extensions.as_mut().expect("iOS 27 adds an extension map")
    }
}

/// The COSE key of a point `04 ‖ x ‖ y` (RFC 9053 §7.1.1): 77 bytes for P-256.
#[must_use]
pub fn cose_key(point: &[u8; 65]) -> Cbor {
    Cbor::map(vec![
        (Cbor::int(1), Cbor::int(2)),
        (Cbor::int(3), Cbor::int(-7)),
        (Cbor::int(-1), Cbor::int(1)),
        (Cbor::int(-2), Cbor::bytes(&point[1..33])),
        (Cbor::int(-3), Cbor::bytes(&point[33..])),
    ])
}
