//! The suite of Android key attestation: every committed vector of a chain as the mutation that makes it.
//!
//! Each bad vector is one change of a good one, its twin: of what the phone says of the key, of a certificate, of the chain, or of what
//! the operator expects. All signatures are computed after the change, unless the signature is what is changed.

mod certificates;
mod chain;
mod description;
mod faults;
mod forged;
mod form;
mod good;
mod policy;
mod request;
mod signature;

use std::rc::Rc;
use std::sync::LazyLock;

use crate::android::{
    AndroidDevice, AndroidMutation, AndroidPki, AuthorizationList, KeyDescription, KeyKind, SecurityLevel, Shape,
};
use crate::android_vector::{AndroidPolicy, AndroidProof, AndroidRequest, AndroidVector, Base64, Provisioning};
use crate::certificate::{UnsignedCertificate, algorithm, extension, field, name, oid, part, time};
use crate::der::Der;
use crate::device::{Device, hex};
use crate::keys::{Hash, Signer, sha256};
use crate::mutation::Mutation;
use crate::vector::Hex;

/// The groups, in the order in which a verifier comes to what they are about, and what that is.
pub(crate) const GROUPS: [(&str, &str); 15] = [
    ("android-good", "Good chains, from which the others are mutated."),
    ("android-form", "How many certificates there are, how many octets, and none of them twice."),
    ("android-der", "DER of the certificates."),
    ("android-certificate", "Version, serial number, algorithms, keys and extensions of each certificate."),
    ("android-description", "The form of the key description."),
    ("android-chain", "The trust anchor, names, the kind of provisioning, and how many certificates that has."),
    ("android-time", "The validity of each certificate, to the second."),
    ("android-forged", "Leaves that a key of an app signed, and descriptions in more than one certificate."),
    ("android-revocation", "Certificates that are revoked or suspended."),
    ("android-key", "The challenge, what keeps the key, and what the key is for."),
    ("android-boot", "The root of trust."),
    ("android-app", "The app that asked for the key."),
    ("android-system", "Versions and patch levels of the system, and unknown entries."),
    ("android-signature", "The signatures of the chain, and the attested key."),
    ("android-request", "Requests that the attested key signs."),
];

/// The challenge of the server. It is no text in UTF-8.
const CHALLENGE: &[u8] = b"\xFF\xFE a challenge \x80 of the gateway \0";

/// A policy floor below, at or above what the phones of the suite have.
const OS_PATCH_LEVEL: u32 = 202_609;
const VENDOR_PATCH_LEVEL: u32 = 20_260_905;
const BOOT_PATCH_LEVEL: u32 = 20_260_905;

/// The name and the number of an error.
pub(crate) type Fault = (&'static str, u16);

/// A change of what the operator says.
pub(crate) type Said = Rc<dyn Fn(&mut AndroidVector)>;

/// Good chains that serve as twins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Base {
    /// Remotely provisioned under the root on P-384, in the trusted environment.
    Remote,
    /// The same in a secure element.
    StrongBox,
    /// Remotely provisioned under the RSA root.
    UnderRsa,
    /// Factory keys on curves, in the trusted environment.
    Factory,
    /// The same in a secure element.
    FactoryStrongBox,
    /// Factory keys of RSA-3072.
    FactoryRsa3072,
    /// Factory keys of RSA-2048.
    FactoryRsa2048,
    /// [`Remote`](Self::Remote) without the root.
    RemoteWithoutRoot,
    /// [`Factory`](Self::Factory) without the root.
    FactoryWithoutRoot,
    /// [`Remote`](Self::Remote) with an attest key, which the policy accepts.
    AttestKey,
    /// [`Factory`](Self::Factory) with an attest key, which the policy accepts.
    FactoryAttestKey,
    /// The app's key is an RSA key, and the policy accepts those.
    RsaKey,
    /// A locked phone with another system, whose key the policy accepts.
    OwnSystem,
    /// Three packages share the user identifier, and the policy accepts that.
    SharedUserId,
    /// A phone of version 2, without boot hash and patch levels of vendor and boot image.
    Version2,
}

impl Base {
    const fn id(self) -> &'static str {
        match self {
            Self::Remote => "android-good::remote",
            Self::StrongBox => "android-good::remote-strong-box",
            Self::UnderRsa => "android-good::remote-under-rsa",
            Self::Factory => "android-good::factory-ec",
            Self::FactoryStrongBox => "android-good::factory-ec-strong-box",
            Self::FactoryRsa3072 => "android-good::factory-rsa-3072",
            Self::FactoryRsa2048 => "android-good::factory-rsa-2048",
            Self::RemoteWithoutRoot => "android-good::remote-without-root",
            Self::FactoryWithoutRoot => "android-good::factory-without-root",
            Self::AttestKey => "android-good::attest-key",
            Self::FactoryAttestKey => "android-good::factory-attest-key",
            Self::RsaKey => "android-good::key-rsa-2048",
            Self::OwnSystem => "android-good::own-system",
            Self::SharedUserId => "android-good::shared-user-id",
            Self::Version2 => "android-good::version-2",
        }
    }

    fn device(self) -> AndroidDevice {
        let device = catalogue();
        match self {
            Self::Remote => device,
            Self::StrongBox => device.with_level(SecurityLevel::StrongBox).with_version(300),
            Self::UnderRsa => device.with_shape(Shape::RemoteUnderRsa).with_organization_last(),
            Self::Factory => device.with_shape(Shape::FactoryEc).with_version(4),
            Self::FactoryStrongBox => {
                device.with_shape(Shape::FactoryEc).with_version(4).with_level(SecurityLevel::StrongBox)
            }
            Self::FactoryRsa3072 => device.with_shape(Shape::FactoryRsa3072).with_version(3),
            Self::FactoryRsa2048 => {
                device.with_shape(Shape::FactoryRsa2048).with_version(3).with_level(SecurityLevel::StrongBox)
            }
            Self::RemoteWithoutRoot => Self::Remote.device().without_root(),
            Self::FactoryWithoutRoot => Self::Factory.device().without_root(),
            Self::AttestKey => Self::Remote.device().with_attest_key(),
            Self::FactoryAttestKey => Self::Factory.device().with_attest_key(),
            Self::RsaKey => device.with_key_kind(KeyKind::Rsa2048),
            Self::OwnSystem => device.with_own_system(own_boot_key()),
            Self::SharedUserId => {
                device.with_another_package("org.example.other", 7).with_another_package("com.example.third", 0)
            }
            Self::Version2 => Self::Factory.device().with_version(2),
        }
    }

    fn policy(self) -> AndroidPolicy {
        let policy = AndroidPolicy::default();
        match self {
            Self::AttestKey | Self::FactoryAttestKey => AndroidPolicy { accept_attest_keys: true, ..policy },
            Self::RsaKey => AndroidPolicy { accept_any_key: true, ..policy },
            Self::OwnSystem => AndroidPolicy { accept_boot_keys: Some(vec![Hex(own_boot_key().to_vec())]), ..policy },
            Self::SharedUserId => AndroidPolicy { accept_shared_user_id: true, ..policy },
            _ => policy,
        }
    }
}

/// The phone of the suite; the RSA root is made once.
fn catalogue() -> AndroidDevice {
    static DEVICE: LazyLock<AndroidDevice> = LazyLock::new(|| AndroidDevice::new("catalogue"));
    DEVICE.clone()
}

/// The key of another system.
const fn own_boot_key() -> [u8; 32] {
    [0xB0; 32]
}

/// The time of every verification unless a vector says otherwise.
fn now() -> u64 {
    catalogue().issue_time()
}

/// What a request is, beside its chain.
#[derive(Clone)]
pub(crate) struct Requested {
    signs: Rc<dyn Fn(Device) -> Device>,
    mutation: Mutation<'static>,
    counter: u32,
    previous_counter: u32,
    client_data: &'static [u8],
}

/// One vector to be.
#[derive(Clone)]
pub(crate) struct Unminted {
    pub(crate) id: String,
    description: String,
    pub(crate) fault: Option<Fault>,
    pub(crate) twin: String,
    /// Boxed, as the policy is, to keep lists of these small on the stack.
    pub(crate) device: Box<AndroidDevice>,
    pub(crate) policy: Box<AndroidPolicy>,
    pub(crate) mutation: AndroidMutation<'static>,
    pub(crate) request: Option<Requested>,
    pub(crate) said: Vec<Said>,
}

impl Unminted {
    fn on(base: Base, id: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            description: description.into(),
            fault: None,
            twin: base.id().to_owned(),
            device: Box::new(base.device()),
            policy: Box::new(base.policy()),
            mutation: AndroidMutation::default(),
            request: None,
            said: Vec::new(),
        }
    }

    /// One of the remotely provisioned phone.
    fn new(id: impl Into<String>, description: impl Into<String>) -> Self {
        Self::on(Base::Remote, id, description)
    }

    /// The same of another good chain.
    fn with_base(mut self, base: Base) -> Self {
        (*self.device, *self.policy) = (base.device(), base.policy());
        base.id().clone_into(&mut self.twin);
        self
    }

    fn fails(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    fn with_twin(mut self, twin: impl Into<String>) -> Self {
        self.twin = twin.into();
        self
    }

    fn device(mut self, change: impl FnOnce(AndroidDevice) -> AndroidDevice) -> Self {
        *self.device = change(*self.device);
        self
    }

    fn mutated(mut self, change: impl FnOnce(AndroidMutation<'static>) -> AndroidMutation<'static>) -> Self {
        self.mutation = change(self.mutation);
        self
    }

    /// Changes what the phone says of the app's key.
    fn describes(self, change: impl Fn(&mut KeyDescription) + 'static) -> Self {
        self.mutated(|mutation| mutation.description(change))
    }

    /// The same as a tree.
    fn tree(self, change: impl Fn(&mut Der) + 'static) -> Self {
        self.mutated(|mutation| mutation.description_tree(change))
    }

    fn hardware(self, change: impl Fn(&mut AuthorizationList) + 'static) -> Self {
        self.describes(move |description| change(&mut description.hardware_enforced))
    }

    fn software(self, change: impl Fn(&mut AuthorizationList) + 'static) -> Self {
        self.describes(move |description| change(&mut description.software_enforced))
    }

    /// Changes the certificate at a position before it is signed.
    fn certificate(self, position: usize, change: impl Fn(&mut UnsignedCertificate) + 'static) -> Self {
        self.mutated(|mutation| mutation.certificate(position, change))
    }

    /// Changes all certificates before they are signed.
    fn unsigned(self, change: impl Fn(&mut Vec<UnsignedCertificate>) + 'static) -> Self {
        self.mutated(|mutation| mutation.unsigned(change))
    }

    /// Changes the certificates after they were signed.
    fn signed(self, change: impl Fn(&mut Vec<Der>) + 'static) -> Self {
        self.mutated(|mutation| mutation.signed(change))
    }

    /// Changes what the operator says.
    fn said(mut self, change: impl Fn(&mut AndroidVector) + 'static) -> Self {
        self.said.push(Rc::new(change));
        self
    }

    /// Changes the policy.
    fn policy(mut self, change: impl FnOnce(&mut AndroidPolicy)) -> Self {
        change(&mut self.policy);
        self
    }

    /// Changes what a good chain proves.
    fn proves(self, change: impl Fn(&mut AndroidProof) + 'static) -> Self {
        self.said(move |vector| {
            if let Some(proof) = &mut vector.proof {
                change(proof);
            }
        })
    }

    fn requests(mut self, requested: Requested) -> Self {
        self.request = Some(requested);
        self
    }

    /// Mints it.
    pub(crate) fn mint(self) -> AndroidVector {
        let certificates = self.mutation.mint(&self.device, CHALLENGE);
        let request = self.request.as_ref().map(|requested| {
            let requester = (requested.signs)(self.device.requester());
            let client_data_hash = sha256(&[requested.client_data]);
            let object = requested.mutation.mint_assertion(&requester, requested.counter, &client_data_hash);
            AndroidRequest {
                client_data_hash: Hex(client_data_hash.to_vec()),
                previous_counter: requested.previous_counter,
                assertion_b64: Base64(object),
            }
        });
        let proof = (self.fault.is_none() && request.is_none()).then(|| {
            let description = self.device.description(CHALLENGE);
            let remote = self.device.shape().is_remote();
            let version = |version: u64| u32::try_from(version).expect("a version");
            AndroidProof {
                provisioning: if remote { Provisioning::Remote } else { Provisioning::Factory },
                level: self.device.level().name().to_owned(),
                attestation_version: version(description.attestation_version),
                key_mint_version: version(description.key_mint_version),
                public_key_b64: Base64(self.device.public_key_info().encode()),
                serials: serials(self.device.authorities(), &certificates),
                certificates_issued: remote.then_some(32),
                unknown_tags: 0,
            }
        });
        let mut vector = AndroidVector {
            id: self.id,
            description: self.description,
            expected: self.fault.map_or("pass", |(name, _)| name).to_owned(),
            code: self.fault.map(|(_, code)| code),
            twin: self.fault.map(|_| self.twin),
            anchors: None,
            package_name: self.device.package().to_owned(),
            signing_digests: catalogue().signing_digests().iter().cloned().map(Hex).collect(),
            policy: *self.policy,
            revoked: Vec::new(),
            suspended: Vec::new(),
            challenge: Hex(CHALLENGE.to_vec()),
            now: now(),
            certificates_b64: certificates.into_iter().map(Base64).collect(),
            request,
            proof,
        };
        for change in self.said {
            change(&mut vector);
        }
        vector
    }
}

/// Puts an authority at a position: its key signs the certificate below, and the one that signed that signs it.
fn add_issuer(chain: &mut Vec<UnsignedCertificate>, position: usize) {
    let below = &mut chain[position - 1];
    let mut added = below.clone();
    let key = Signer::p256(&format!("android added {position}"));
    let subject = name(&[(oid::COMMON_NAME, &format!("Added {position}"))]);
    added.tbs[field::SERIAL] = Der::number(0x00AD_DED0 + u64::try_from(position).expect("a position"));
    added.tbs[field::SUBJECT] = subject.clone();
    added.tbs[field::SPKI] = key.public_key();
    added.tbs[field::EXTENSIONS][0] = Der::sequence(vec![
        extension(oid::BASIC_CONSTRAINTS, true, &[0x30, 0x03, 0x01, 0x01, 0xFF]),
        extension(oid::KEY_USAGE, true, &[0x03, 0x02, 0x02, 0x04]),
    ]);
    added.tbs[field::VALIDITY] = chain_validity();
    below.tbs[field::ISSUER] = subject;
    below.set_algorithm(&algorithm(oid::ECDSA_SHA256));
    (below.signer, below.hash) = (key, Hash::Sha256);
    chain.insert(position, added);
}

/// A validity around the time of verification.
fn chain_validity() -> Der {
    Der::sequence(vec![time(now() - 86_400), time(now() + 86_400)])
}

/// The serial numbers of the certificates below the roots, as a revocation list has them.
fn serials(authorities: &AndroidPki, certificates: &[Vec<u8>]) -> Vec<String> {
    let roots = [authorities.p384_root_subject(), authorities.rsa_root_subject()];
    let certificates = certificates.iter().map(|octets| Der::decode(octets));
    let below = certificates.filter(|certificate| !roots.contains(&certificate[part::TBS][field::SUBJECT].encode()));
    below.map(|mut certificate| serial(&mut certificate[part::TBS][field::SERIAL])).collect()
}

/// A serial number in lower-case hexadecimal digits without leading zeros.
fn serial(integer: &mut Der) -> String {
    hex(integer.octets()).trim_start_matches('0').to_owned()
}

/// Every vector of Android key attestation, minted anew.
#[must_use]
pub(crate) fn mint() -> Vec<AndroidVector> {
    unminted().into_iter().map(Unminted::mint).collect()
}

/// Every vector of Android key attestation to be.
pub(crate) fn unminted() -> Vec<Unminted> {
    [
        good::vectors(),
        form::vectors(),
        certificates::vectors(),
        description::vectors(),
        chain::vectors(),
        forged::vectors(),
        policy::vectors(),
        signature::vectors(),
        request::vectors(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
