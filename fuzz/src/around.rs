//! Valid surroundings for the part that a fuzzer makes.

use std::sync::LazyLock;

use genuine::{
    Error, UnixTime,
    app_attest::{APPLE_APP_ATTEST_ROOT, AppIdHash, AttestationObject, Counter, Policy, VerifiedAttestation},
    crypto::{P256, P384, PublicKey},
    x509::{Certificate, SubjectKey, TrustAnchor},
};
use genuine_testvectors::{
    Device, Environment, Generation, TestPki,
    auth_data::FLAG_AT,
    cbor::head,
    certificate::{field, part},
    der::{Content, Der, minimal_length, tag},
};

use crate::{
    crypto::{Asked, CLIENT_DATA, Caller, Yes},
    naive::{AuthData, Credential},
};

/// A device with authorities and a receipt that is as short as can be: nothing reads it.
pub(crate) static DEVICE: LazyLock<Device> = LazyLock::new(|| Device::new("fuzz").with_receipt_length(8));

/// Name and key of the root of all simulated devices.
static ROOT: LazyLock<(Vec<u8>, PublicKey<P384>)> = LazyLock::new(|| {
    let authorities = TestPki::default();
    let key = PublicKey::<P384>::from_uncompressed(&authorities.root_point()).expect("a point");
    (authorities.root_subject(), key)
});

/// The simulated root and Apple's.
pub(crate) fn anchors() -> [TrustAnchor<'static>; 2] {
    [TrustAnchor::new(&ROOT.0, ROOT.1), APPLE_APP_ATTEST_ROOT]
}

/// One device of each generation, in both environments.
pub(crate) fn devices() -> impl Iterator<Item = Device> {
    Generation::ALL.into_iter().flat_map(|generation| {
        [Environment::Production, Environment::Development]
            .map(|environment| DEVICE.clone().with_generation(generation).with_environment(environment))
    })
}

/// The app, the key identifier and the nonce in the objects of [`attestation`].
pub(crate) const APP: AppIdHash = AppIdHash([0xA5; 32]);
pub(crate) const KEY_ID: [u8; 32] = [0x5A; 32];
pub(crate) const NONCE: [u8; 32] = [7; 32];

/// Verifies an object of [`attestation`] over a backend that says yes: only its certificates can stop it.
pub(crate) fn verify<'i>(
    object: &AttestationObject<'i>,
    now: UnixTime,
) -> (Result<VerifiedAttestation<'i>, Error>, Asked) {
    let caller =
        Caller { policy: Policy::new(APP), anchors: &anchors(), key_id: KEY_ID, client_data: CLIENT_DATA, now };
    caller.verify(object, Yes::new(KEY_ID, NONCE))
}

/// An attestation object with these certificates and authenticator data of the leaf's key.
pub(crate) fn attestation(leaf: &[u8], intermediate: &[u8]) -> Vec<u8> {
    let key = match Certificate::parse(leaf).map(|certificate| certificate.key()) {
        Ok(SubjectKey::P256(key)) => PublicKey::<P256>(*key),
        _ => PublicKey::<P256>([0; 64]),
    };
    let aaguid = Environment::Production.aaguid();
    let auth_data = AuthData {
        app_id: APP.0,
        flags: FLAG_AT,
        counter: Counter::ATTESTED,
        credential: Some(Credential { aaguid, id: KEY_ID, key }),
        bundle_version: None,
        category: None,
        code_hash: None,
        code_hash_type: None,
    };
    let auth_data = auth_data.encode(&[]);
    [
        b"\xA3\x63fmt\x6Fapple-appattest\x67attStmt\xA2\x63x5c\x82".as_slice(),
        &head(2, leaf.len() as u64),
        leaf,
        &head(2, intermediate.len() as u64),
        intermediate,
        b"\x67receipt\x41\x00\x68authData",
        &head(2, auth_data.len() as u64),
        &auth_data,
    ]
    .concat()
}

/// A place in a DER structure into which any bytes can be put; the lengths around it follow.
pub(crate) struct Slot {
    /// From the innermost element outward: its tag, and what stands in it before and behind the place.
    levels: Vec<[Vec<u8>; 3]>,
}

impl Slot {
    /// The content of the element at the end of a path of positions, and what is there.
    pub(crate) fn inside(whole: &Der, path: &[usize]) -> (Self, Vec<u8>) {
        let mut levels = Vec::new();
        let mut element = whole;
        for &position in path {
            let Content::Elements(elements) = &element.content else { panic!("a constructed element") };
            let encoded = |elements: &[Der]| elements.iter().flat_map(Der::encode).collect();
            let (before, behind) = elements.split_at(position);
            levels.push([element.tag.clone(), encoded(before), encoded(&behind[1..])]);
            element = &behind[0];
        }
        let mut content = match &element.content {
            Content::Octets(octets) => octets.clone(),
            Content::Elements(elements) => elements.iter().flat_map(Der::encode).collect(),
        };
        // The octet that counts the unused bits stays in front.
        let unused = content.drain(..usize::from(element.tag == [tag::BIT_STRING])).collect();
        levels.push([element.tag.clone(), unused, Vec::new()]);
        levels.reverse();
        (Self { levels }, content)
    }

    pub(crate) fn fill(&self, bytes: &[u8]) -> Vec<u8> {
        let mut filled = bytes.to_vec();
        for [tag, before, behind] in &self.levels {
            let length = minimal_length(before.len() + filled.len() + behind.len());
            filled = [tag.as_slice(), &length, before, &filled, behind].concat();
        }
        filled
    }
}

/// A certificate with all its places that are worth filling, and what an honest device has there.
pub(crate) struct Opened {
    pub(crate) whole: Vec<u8>,
    pub(crate) places: Vec<(Slot, Vec<u8>)>,
    paths: Vec<Vec<usize>>,
}

/// Leaf and intermediate.
pub(crate) static CHAIN: LazyLock<[Opened; 2]> =
    LazyLock::new(|| [DEVICE.leaf(&NONCE).sign(), DEVICE.authorities().signed_intermediate()].map(Opened::new));

impl Opened {
    fn new(mut certificate: Der) -> Self {
        let mut paths: Vec<Vec<usize>> = vec![vec![], vec![part::TBS], vec![part::ALGORITHM], vec![part::SIGNATURE]];
        paths.extend((field::VERSION..=field::EXTENSIONS).map(|field| vec![part::TBS, field]));
        paths.extend([0, 1].map(|position| vec![part::TBS, field::SPKI, position]));
        let list = [part::TBS, field::EXTENSIONS, 0];
        paths.push(list.to_vec());
        for (number, extension) in certificate[part::TBS][field::EXTENSIONS][0].elements().iter_mut().enumerate() {
            let value = extension.elements().len() - 1;
            paths.extend([[&list[..], &[number]].concat(), [&list[..], &[number, value]].concat()]);
        }
        let places = paths.iter().map(|path| Slot::inside(&certificate, path)).collect();
        Self { whole: certificate.encode(), places, paths }
    }

    /// The number of the place at the end of a path.
    pub(crate) fn number_of(&self, path: &[usize]) -> u8 {
        let number = self.paths.iter().position(|other| other == path).expect("a place");
        number.try_into().expect("a few dozen")
    }

    /// The certificate with these bytes in one of its places; as it was if there is no such place.
    pub(crate) fn fill(&self, place: usize, bytes: &[u8]) -> Vec<u8> {
        self.places.get(place).map_or_else(|| self.whole.clone(), |(slot, _)| slot.fill(bytes))
    }
}
