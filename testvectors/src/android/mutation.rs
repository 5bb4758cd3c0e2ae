//! How the chain of an Android key comes about, stage by stage, with a place for a change at each.

use std::rc::Rc;

use super::description::KeyDescription;
use super::device::AndroidDevice;
use super::pki::signed;
use crate::certificate::UnsignedCertificate;
use crate::der::Der;

type Change<'e, T> = Rc<dyn Fn(&mut T) + 'e>;

/// What is changed about a chain, by stage; no change at all yields the honest chain.
///
/// Several changes of one stage run in the order in which they were registered.
#[derive(Clone, Default)]
pub struct AndroidMutation<'e> {
    description: Vec<Change<'e, KeyDescription>>,
    attest_key_description: Vec<Change<'e, KeyDescription>>,
    description_tree: Vec<Change<'e, Der>>,
    unsigned: Vec<Change<'e, Vec<UnsignedCertificate>>>,
    signed: Vec<Change<'e, Vec<Der>>>,
    certificates: Vec<Change<'e, Vec<Vec<u8>>>>,
}

macro_rules! stages {
    ($( $(#[$doc:meta])+ $stage:ident: $value:ty; )+) => {
        impl<'e> AndroidMutation<'e> {
            $(
                $(#[$doc])+
                #[must_use]
                pub fn $stage(mut self, change: impl Fn(&mut $value) + 'e) -> Self {
                    self.$stage.push(Rc::new(change));
                    self
                }
            )+
        }
    };
}

stages! {
    /// Changes what the leaf says of the key, before it is encoded.
    description: KeyDescription;
    /// Changes what the certificate of the attest key says of it, before it is encoded. Chains with an attest key only.
    attest_key_description: KeyDescription;
    /// Changes what the leaf says as a DER tree.
    description_tree: Der;
    /// Changes the certificates before they are signed, leaf first. Each has its own signer, so that more can be put in.
    unsigned: Vec<UnsignedCertificate>;
    /// Changes the signed certificates as DER trees, leaf first.
    signed: Vec<Der>;
    /// Changes the certificates as octets, leaf first.
    certificates: Vec<Vec<u8>>;
}

fn apply<T>(changes: &[Change<'_, T>], mut value: T) -> T {
    for change in changes {
        change(&mut value);
    }
    value
}

impl<'e> AndroidMutation<'e> {
    /// Whether it changes nothing.
    pub(crate) fn is_none(&self) -> bool {
        self.description.is_empty()
            && self.attest_key_description.is_empty()
            && self.description_tree.is_empty()
            && self.unsigned.is_empty()
            && self.signed.is_empty()
            && self.certificates.is_empty()
    }

    /// These changes and then those of another.
    #[must_use]
    pub(crate) fn and(&self, other: &Self) -> Self {
        fn both<T: Clone>(first: &[T], second: &[T]) -> Vec<T> {
            [first, second].concat()
        }
        Self {
            description: both(&self.description, &other.description),
            attest_key_description: both(&self.attest_key_description, &other.attest_key_description),
            description_tree: both(&self.description_tree, &other.description_tree),
            unsigned: both(&self.unsigned, &other.unsigned),
            signed: both(&self.signed, &other.signed),
            certificates: both(&self.certificates, &other.certificates),
        }
    }

    /// Changes the leaf before it is signed.
    #[must_use]
    pub fn leaf(self, change: impl Fn(&mut UnsignedCertificate) + 'e) -> Self {
        self.certificate(0, change)
    }

    /// Changes the certificate at a position, the leaf's being 0, before it is signed.
    #[must_use]
    pub fn certificate(self, position: usize, change: impl Fn(&mut UnsignedCertificate) + 'e) -> Self {
        self.unsigned(move |chain| change(&mut chain[position]))
    }

    /// Mints the chain of this device over a challenge: certificates, leaf first.
    #[must_use]
    pub fn mint(&self, device: &AndroidDevice, challenge: &[u8]) -> Vec<Vec<u8>> {
        let description = apply(&self.description, device.description(challenge));
        let attest_key_description = apply(&self.attest_key_description, device.attest_key_description(challenge));
        let tree = apply(&self.description_tree, description.to_der());
        let unsigned = apply(&self.unsigned, device.unsigned_chain(&tree, &attest_key_description.to_der()));
        let signed = unsigned.iter().enumerate().map(|(position, certificate)| match position {
            0 => certificate.sign(),
            _ => signed(certificate),
        });
        let signed = apply(&self.signed, signed.collect());
        apply(&self.certificates, signed.iter().map(Der::encode).collect())
    }
}
