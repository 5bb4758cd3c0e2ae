//! How an object comes about, stage by stage, with a place for a change at each.
//!
//! A stage hands its result to the changes registered for it and goes on with what they leave: authenticator data → its
//! bytes → nonce → certificates → signatures → CBOR envelope → object. Everything after a changed stage is computed from
//! the changed value, so that one mutation is one fault, and all else about the object is valid and freshly signed.

use std::rc::Rc;

use crate::auth_data::AuthData;
use crate::cbor::Cbor;
use crate::certificate::UnsignedCertificate;
use crate::der::Der;
use crate::device::Device;
use crate::keys::sha256;

/// What ties the authenticator data to the client data.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The authenticator data as it will stand in the object; changing it here leaves the nonce alone.
    pub auth_data: Vec<u8>,
    /// The client data hash as it was hashed; changing it here leaves the nonce alone.
    pub client_data_hash: Vec<u8>,
    /// SHA-256(authenticator data ‖ client data hash): the leaf extension of an attestation.
    pub nonce: [u8; 32],
    /// SHA-256(nonce): the digest that an assertion signs. Unused in an attestation.
    pub digest: [u8; 32],
}

/// Both certificates of `x5c`, signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The leaf.
    pub leaf: Der,
    /// The intermediate.
    pub intermediate: Der,
}

type Change<'e, T> = Rc<dyn Fn(&mut T) + 'e>;

/// What is changed about an object, by stage; no change at all yields the honest object.
///
/// Several changes of one stage run in the order in which they were registered.
#[derive(Clone, Default)]
pub struct Mutation<'e> {
    auth_data: Vec<Change<'e, AuthData>>,
    auth_data_bytes: Vec<Change<'e, Vec<u8>>>,
    binding: Vec<Change<'e, Binding>>,
    leaf: Vec<Change<'e, UnsignedCertificate>>,
    intermediate: Vec<Change<'e, UnsignedCertificate>>,
    chain: Vec<Change<'e, Chain>>,
    signature: Vec<Change<'e, Vec<u8>>>,
    envelope: Vec<Change<'e, Cbor>>,
    object: Vec<Change<'e, Vec<u8>>>,
}

macro_rules! stages {
    ($( $(#[$doc:meta])+ $stage:ident: $value:ty; )+) => {
        impl<'e> Mutation<'e> {
            $(
                $(#[$doc])+
                #[must_use]
                pub fn $stage(mut self, change: impl Fn(&mut $value) + 'e) -> Self {
                    self.$stage.push(Rc::new(change));
                    self
                }
            )+

            /// These changes, and in each stage those of `others` after them.
            #[must_use]
            pub fn and(mut self, others: &Self) -> Self {
                $( self.$stage.extend(others.$stage.iter().cloned()); )+
                self
            }

            /// The names of the stages that are changed.
            pub(crate) fn stages(&self) -> impl Iterator<Item = &'static str> {
                [$( (stringify!($stage), self.$stage.is_empty()), )+]
                    .into_iter()
                    .filter_map(|(stage, untouched)| (!untouched).then_some(stage))
            }
        }
    };
}

stages! {
    /// Mutation the fields of the authenticator data, before it is encoded and hashed.
    auth_data: AuthData;
    /// Mutation the bytes of the authenticator data, before they are hashed.
    auth_data_bytes: Vec<u8>;
    /// Mutation the nonce and what it was made of, after it was computed.
    binding: Binding;
    /// Mutation the leaf before it is signed. Attestations only.
    leaf: UnsignedCertificate;
    /// Mutation the intermediate before it is signed. Attestations only.
    intermediate: UnsignedCertificate;
    /// Mutation the signed certificates. Attestations only.
    chain: Chain;
    /// Mutation the DER of the signature. Assertions only.
    signature: Vec<u8>;
    /// Mutation the outermost CBOR map.
    envelope: Cbor;
    /// Mutation the bytes of the object.
    object: Vec<u8>;
}

fn apply<T>(changes: &[Change<'_, T>], mut value: T) -> T {
    for change in changes {
        change(&mut value);
    }
    value
}

impl Mutation<'_> {
    /// Mints an attestation object of this device over a client data hash of any length.
    #[must_use]
    pub fn mint_attestation(&self, device: &Device, client_data_hash: &[u8]) -> Vec<u8> {
        let binding = self.bind(device.attestation_auth_data(), client_data_hash);
        let leaf = apply(&self.leaf, device.leaf(&binding.nonce));
        let intermediate = if self.intermediate.is_empty() {
            device.authorities().signed_intermediate()
        } else {
            apply(&self.intermediate, device.authorities().intermediate()).sign()
        };
        let chain = self.change_chain(Chain { leaf: leaf.sign(), intermediate });
        let x5c = Cbor::array(vec![Cbor::bytes(&chain.leaf.encode()), Cbor::bytes(&chain.intermediate.encode())]);
        let statement =
            Cbor::map(vec![(Cbor::text("x5c"), x5c), (Cbor::text("receipt"), Cbor::bytes(&device.receipt()))]);
        let mut entries = vec![(Cbor::text("fmt"), Cbor::text("apple-appattest"))];
        entries.extend(device.cd_hash_entry());
        entries.push((Cbor::text("attStmt"), statement));
        entries.push((Cbor::text("authData"), Cbor::bytes(&binding.auth_data)));
        self.seal(entries)
    }

    /// Mints an assertion of this device with a given counter over a client data hash of any length.
    #[must_use]
    pub fn mint_assertion(&self, device: &Device, counter: u32, client_data_hash: &[u8]) -> Vec<u8> {
        let binding = self.bind(device.assertion_auth_data(counter), client_data_hash);
        let signature = apply(&self.signature, device.signer().sign_digest(&binding.digest));
        let mut entries: Vec<_> = device.cd_hash_entry().into_iter().collect();
        entries.push((Cbor::text("signature"), Cbor::bytes(&signature)));
        entries.push((Cbor::text("authenticatorData"), Cbor::bytes(&binding.auth_data)));
        self.seal(entries)
    }

    pub(crate) fn change_chain(&self, chain: Chain) -> Chain {
        apply(&self.chain, chain)
    }

    fn bind(&self, auth_data: AuthData, client_data_hash: &[u8]) -> Binding {
        let auth_data = apply(&self.auth_data_bytes, apply(&self.auth_data, auth_data).encode());
        let nonce = sha256(&[&auth_data, client_data_hash]);
        let digest = sha256(&[&nonce]);
        apply(&self.binding, Binding { auth_data, client_data_hash: client_data_hash.to_vec(), nonce, digest })
    }

    fn seal(&self, entries: Vec<(Cbor, Cbor)>) -> Vec<u8> {
        apply(&self.object, apply(&self.envelope, Cbor::map(entries)).encode())
    }
}
