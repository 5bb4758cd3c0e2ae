//! The attestation object: parse → view → verify → proof.

use core::fmt;

use super::{
    app::{AppIdHash, Environment},
    auth_data::{AttestedCredential, AuthenticatorData},
    capabilities::AttestationCrypto,
    client_data::ClientDataHash,
    codes::in_x509,
    counter::Counter,
    device::{self, DeviceInfo},
    envelope::{CODE_HASH, once, skip_code_hash, within},
    key::{AttestedKey, KeyId},
    launch::LaunchData,
    owned::OwnedAttestation,
    policy::{Policy, check_policies, policy_of},
};
use crate::{
    crypto::{Backend, P256, P384, PublicKey, uncompressed},
    encoding::cbor::{CborError, Reader as CborReader},
    encoding::der::{self, DerError, Reader as DerReader},
    error::Error,
    time::UnixTime,
    x509::{
        Certificate, Chain, Extensions, Issuers, NoCache, Profile, SubjectKey, TrustAnchor, Validity, VerifiedChain,
        X509Error, check_anchors, oid,
    },
};

/// The largest attestation object: 16 KiB. Genuine ones have 5,191 to 5,921 bytes, two thirds of it receipt.
pub const MAX_ATTESTATION: usize = 16 * 1024;

/// The largest certificate: 2 KiB. Genuine leaves have 732 to 1,057 bytes, the intermediate 583.
pub const MAX_CERTIFICATE: usize = 2048;

const FMT: &str = "fmt";
const FORMAT: &str = "apple-appattest";

/// The leaf's nonce extension (step A4).
const NONCE: &[u8] = oid!("1.2.840.113635.100.8.2");

/// What App Attest demands of both certificates. An extended key usage is in every leaf since January 2026: the purpose App
/// Attest.
const PROFILE: Profile = Profile { max_certificate: MAX_CERTIFICATE, purpose: oid!("1.2.840.113635.100.4.24") };

/// An untrusted attestation object: its bytes in strict CBOR and strict DER, nothing compared and nothing verified.
#[derive(Clone, Debug)]
pub struct AttestationObject<'i> {
    leaf: Certificate<'i>,
    leaf_key: &'i [u8; 64],
    nonce: &'i [u8; 32],
    intermediate: Certificate<'i>,
    receipt: Receipt<'i>,
    auth_data: AuthenticatorData<'i>,
    credential: AttestedCredential<'i>,
}

/// The receipt of an attestation: bytes that nothing in the attestation covers.
///
/// The nonce does not sign it and the leaf does not name it, so whoever relays an attestation can change it. Before it
/// is believed, or sent to Apple for a risk metric, it has to be verified on its own (PKCS #7, under the Apple Root CA
/// G3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt<'i>(&'i [u8]);

impl<'i> Receipt<'i> {
    /// The bytes: BER, PKCS #7 SignedData, 3,649 to 3,993 of them in genuine objects.
    #[must_use]
    pub const fn as_unverified_bytes(self) -> &'i [u8] {
        self.0
    }
}

impl<'i> AttestationObject<'i> {
    /// Reads an attestation object, as `attestKey(_:clientDataHash:)` returns it: decoded from base64, nothing else.
    ///
    /// # Errors
    ///
    /// [`Error::WrongObjectKind`] for an assertion, and otherwise the first thing that is not of its form, in the order of
    /// [`Step`](super::Step).
    // Not inlined, so that what parsing takes is gone when the verification starts: 136 bytes of stack on Cortex-M4.
    #[inline(never)]
    pub fn parse(input: &'i [u8]) -> Result<Self, Error> {
        let Envelope { statement: Statement { leaf, intermediate, receipt }, auth_data } =
            within(MAX_ATTESTATION, input, Envelope::parse)?;
        // Nested, because `?` copies what it takes out of a result: 48 bytes of stack on Cortex-M4.
        PROFILE.read(leaf, in_x509).and_then(|leaf| {
            let (leaf_key, nonce) = certified(&leaf)?;
            PROFILE.read(intermediate, in_x509).and_then(|intermediate| {
                AuthenticatorData::parse_attestation(auth_data).map(|(auth_data, credential)| Self {
                    leaf,
                    leaf_key,
                    nonce,
                    intermediate,
                    receipt: Receipt(receipt),
                    auth_data,
                    credential,
                })
            })
        })
    }

    /// The leaf certificate, `x5c[0]`.
    #[must_use]
    pub const fn leaf(&self) -> &Certificate<'i> {
        &self.leaf
    }

    /// The public key of the leaf.
    #[must_use]
    pub const fn leaf_key(&self) -> PublicKey<P256> {
        PublicKey(*self.leaf_key)
    }

    /// The nonce that the leaf carries.
    #[must_use]
    pub const fn nonce(&self) -> &'i [u8; 32] {
        self.nonce
    }

    /// The intermediate certificate, `x5c[1]`.
    #[must_use]
    pub const fn intermediate(&self) -> &Certificate<'i> {
        &self.intermediate
    }

    /// The authenticator data.
    #[must_use]
    pub const fn auth_data(&self) -> &AuthenticatorData<'i> {
        &self.auth_data
    }

    /// The attested credential data.
    #[must_use]
    pub const fn credential(&self) -> &AttestedCredential<'i> {
        &self.credential
    }

    /// The receipt.
    #[must_use]
    pub const fn receipt(&self) -> Receipt<'i> {
        self.receipt
    }

    /// What the leaf says about the device.
    #[must_use]
    pub fn device(&self) -> DeviceInfo<'i> {
        DeviceInfo::read(self.leaf.extensions())
    }

    /// What is proved if the chain is verified and all else of the object was checked before.
    // Not inlined, so that what it takes does not lie under the verification of the chain: 32 bytes of stack on Cortex-M4.
    #[inline(never)]
    fn proof(
        &self,
        chain: Result<VerifiedChain<'_, 'i>, X509Error>,
        environment: Environment,
        app_index: usize,
    ) -> Result<VerifiedAttestation<'i>, Error> {
        let leaf = chain.map_err(in_x509)?.leaf();
        Ok(VerifiedAttestation {
            key_id: self.credential.id,
            key: self.leaf_key,
            app_id: self.auth_data.app_id_octets(),
            environment,
            app_index,
            receipt: self.receipt,
            extensions: leaf.extensions(),
            leaf_validity: leaf.validity(),
            launch: self.auth_data.launch(),
        })
    }

    /// The App ID in clear, from the leaf's extension 1.2.840.113635.100.8.5.
    ///
    /// For diagnosis, such as telling which app an object is of that the policy does not list. What decides is
    /// [`AuthenticatorData::app_id`], held against the policy: an App ID that is read here and compared with itself allows
    /// every app.
    #[must_use]
    pub fn unverified_app_id(&self) -> Option<&'i str> {
        device::app_id(self.leaf.extensions())
    }
}

/// Verifies attestations, with a policy for each app, one set of trust anchors and one cryptographic backend.
///
/// Made once, for as long as the apps are served. Its parts are references, so that nothing is allocated: a service has what
/// they refer to in statics, leaks it once at its start, or makes it in the function in which it runs.
pub struct AttestationVerifier<'a, C: ?Sized, I = NoCache> {
    policies: &'a [Policy<'a>],
    anchors: &'a [TrustAnchor<'a>],
    crypto: &'a C,
    issuers: I,
}

// Not derived, because that would ask C for the same, which is only referred to.
impl<C: ?Sized, I: Clone> Clone for AttestationVerifier<'_, C, I> {
    fn clone(&self) -> Self {
        Self { issuers: self.issuers.clone(), ..*self }
    }
}

impl<C: ?Sized, I: Copy> Copy for AttestationVerifier<'_, C, I> {}

impl<C: ?Sized, I> fmt::Debug for AttestationVerifier<'_, C, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut verifier = f.debug_struct("AttestationVerifier");
        verifier.field("policies", &self.policies).field("anchors", &self.anchors).finish_non_exhaustive()
    }
}

impl<'a, C: AttestationCrypto + ?Sized> AttestationVerifier<'a, C> {
    /// A verifier. In production `anchors` is `&[APPLE_APP_ATTEST_ROOT]`.
    ///
    /// # Errors
    ///
    /// [`Error::ConfigNoAppId`], [`Error::ConfigDuplicateAppId`], [`Error::ConfigNoAnchor`], [`Error::ConfigInvalidAnchor`],
    /// [`Error::CryptoUnavailable`] if the backend cannot tell whether an anchor's key is a point.
    pub fn new(policies: &'a [Policy<'a>], anchors: &'a [TrustAnchor<'a>], crypto: &'a C) -> Result<Self, Error> {
        check_policies(policies)?;
        let backend = Backend::new(crypto);
        check_anchors(anchors, |key| backend.check_key::<P384, _>(&key.0, Error::ConfigInvalidAnchor))?;
        Ok(Self { policies, anchors, crypto, issuers: NoCache })
    }

    /// The same verifier with a place for the issuer of the last attestation: the same answers, sooner where the next one is of
    /// that issuer. [`guide::throughput`](crate::guide::throughput) says how much sooner.
    pub const fn with_issuer_cache<I: ?Sized>(self, cache: &'a I) -> AttestationVerifier<'a, C, &'a I>
    where
        &'a I: Issuers<C>,
    {
        AttestationVerifier { policies: self.policies, anchors: self.anchors, crypto: self.crypto, issuers: cache }
    }
}

impl<C: AttestationCrypto + ?Sized, I: Issuers<C>> AttestationVerifier<'_, C, I> {
    /// Verifies an attestation object: all of steps A1 to A9, the launch policy, and that the credential public key is
    /// the certified key.
    ///
    /// `key_id` is what the client sent beside the object, `client_data` what the caller expects it to have hashed,
    /// which must contain a challenge of the caller's, and `now` the time to hold the certificates against.
    ///
    /// The checks run from cheap to expensive and all have to pass: at most two P-384 verifications, and none unless
    /// everything else has passed. The attestation is *authentic* then; that its challenge is used once, and its key
    /// registered once, is the caller's to ensure.
    ///
    /// # Errors
    ///
    /// The first check that fails, in the order of [`Step`](super::Step); 9xxx if nothing could be decided.
    // Not inlined, so that what verifying takes is not there yet while the caller parses: 32 bytes of stack on Cortex-M4.
    #[inline(never)]
    pub fn verify<'i>(
        &self,
        object: &AttestationObject<'i>,
        key_id: &KeyId,
        client_data: &ClientDataHash<'_>,
        now: UnixTime,
    ) -> Result<VerifiedAttestation<'i>, Error> {
        let crypto = Backend::new(self.crypto);
        let AttestationObject { leaf, leaf_key, nonce, intermediate, auth_data, credential, .. } = object;

        // A6: the App ID hash is one that has a policy.
        let (app_index, policy) = policy_of(self.policies, auth_data.app_id_octets())?;
        if policy.needs_time() && now == UnixTime(0) {
            return Err(Error::ClockUnset);
        }

        // A7: the key has signed nothing yet.
        if auth_data.counter() != Counter::ATTESTED {
            return Err(Error::CounterNotZero);
        }

        // A8: all 16 bytes of the AAGUID name an environment, and the policy allows it.
        let environment = Environment::from_aaguid(credential.aaguid)?;
        policy.check_environment(environment)?;

        // A5: the client speaks of the key that was certified.
        crypto.expect_sha256(&uncompressed(leaf_key), &key_id.0, Error::KeyIdMismatch)?;

        // A9: and so does the authenticator data.
        if *credential.id != key_id.0 {
            return Err(Error::CredentialIdMismatch);
        }

        // Not among Apple's steps: the credential public key is that key too, coordinate by coordinate, and a point.
        if !credential.has_key(leaf_key) {
            return Err(Error::CoseKeyMismatch);
        }
        crypto.check_key::<P256, _>(leaf_key, Error::LeafKeyInvalid)?;

        // The launch data of iOS 27, as far as the policy asks for it.
        policy.check_launch(auth_data.launch())?;

        // Platform, system and access-control list, as far as the policy asks for them.
        policy.check_device(leaf.extensions())?;

        // A2 to A4: the nonce covers this authenticator data and this client data.
        crypto.expect_sha256(&[auth_data.as_bytes(), client_data.as_bytes()], nonce, Error::NonceMismatch)?;

        // A1: the chain, signatures last.
        let chain = Chain { leaf, intermediate };
        let verified = chain.verify(self.anchors, now, policy.time_rules(), &PROFILE, &crypto, &self.issuers);
        object.proof(verified, environment, app_index)
    }
}

/// The proof that an attestation is authentic. Only an [`AttestationVerifier`] makes one.
#[derive(Clone, Debug)]
#[must_use]
pub struct VerifiedAttestation<'i> {
    key_id: &'i [u8; 32],
    key: &'i [u8; 64],
    app_id: &'i [u8; 32],
    environment: Environment,
    app_index: usize,
    receipt: Receipt<'i>,
    /// Those of the leaf, read by the accessors that ask for one.
    extensions: Extensions<'i>,
    leaf_validity: Validity,
    launch: LaunchData<'i>,
}

impl<'i> VerifiedAttestation<'i> {
    /// The attested key: what to store, beside [`Counter::ATTESTED`].
    pub const fn key(&self) -> AttestedKey {
        AttestedKey::new(KeyId(*self.key_id), PublicKey(*self.key), AppIdHash(*self.app_id), self.environment)
    }

    /// The environment that the key was attested in.
    #[must_use]
    pub const fn environment(&self) -> Environment {
        self.environment
    }

    /// The position of the app's policy in the verifier's list.
    #[must_use]
    pub const fn app_index(&self) -> usize {
        self.app_index
    }

    /// The receipt, which this proof does **not** cover.
    #[must_use]
    pub const fn receipt(&self) -> Receipt<'i> {
        self.receipt
    }

    /// Platform, version and build of the operating system, where the leaf has them.
    #[must_use]
    pub fn device(&self) -> DeviceInfo<'i> {
        DeviceInfo::read(self.extensions)
    }

    /// The access-control list of the key: the content of the leaf's extension 1.2.840.113635.100.8.6, on iOS from 26.1
    /// on (69 bytes) and on macOS from 27 on (66 bytes).
    ///
    /// On Macs Apple asks to compare it with a value that it documents, [`MACOS_ACCESS_CONTROL`](super::MACOS_ACCESS_CONTROL);
    /// [`Policy::require_macos_access_control`] does so.
    #[must_use]
    pub fn access_control(&self) -> Option<&'i [u8]> {
        device::access_control(self.extensions)
    }

    /// The validity of the leaf. The key itself does not expire with it.
    #[must_use]
    pub const fn leaf_validity(&self) -> Validity {
        self.leaf_validity
    }

    /// The launch data of iOS 27, as far as the signed flag ED announces it; empty otherwise, and before iOS 27.
    #[must_use]
    pub const fn launch(&self) -> LaunchData<'i> {
        self.launch
    }

    /// A form that does not borrow from the input, to be kept. It has no receipt and no access-control list.
    pub fn to_owned(&self) -> OwnedAttestation {
        OwnedAttestation::new(self.key(), self.app_index, self.leaf_validity, self.device(), self.launch)
    }
}

/// `{fmt, attStmt, authData}`, less `fmt`, which says nothing more.
struct Envelope<'i> {
    statement: Statement<'i>,
    auth_data: &'i [u8],
}

/// `{x5c: [leaf, intermediate], receipt}`.
struct Statement<'i> {
    leaf: &'i [u8],
    intermediate: &'i [u8],
    receipt: &'i [u8],
}

impl<'i> Envelope<'i> {
    fn parse(input: &'i [u8]) -> Result<Self, Error> {
        let mut reader = CborReader::new(input);
        let mut format = None;
        let mut statement = None;
        let mut auth_data = None;
        let mut code_hash = None;
        let entries = reader.map()?;
        for read in 0..entries {
            match reader.text()? {
                FMT => once(&mut format, reader.text()?)?,
                "attStmt" => {
                    // The statement of another format has other keys: it is the format that is wrong, not they.
                    let behind = entries.saturating_sub(read).saturating_sub(1);
                    let format = format.or_else(|| format_behind(reader.clone(), behind));
                    format.map_or(Ok(()), check_format)?;
                    once(&mut statement, Statement::read(&mut reader)?)?;
                }
                "authData" => once(&mut auth_data, reader.bytes()?)?,
                CODE_HASH => once(&mut code_hash, skip_code_hash(&mut reader)?)?,
                "signature" => return Err(Error::WrongObjectKind),
                _ => return Err(Error::UnknownField),
            }
        }
        reader.finish()?;
        check_format(format.ok_or(Error::MissingField)?)?;
        let statement = statement.ok_or(Error::MissingField)?;
        let auth_data = auth_data.ok_or(Error::MissingField)?;
        Ok(Self { statement, auth_data })
    }
}

fn check_format(format: &str) -> Result<(), Error> {
    if format == FORMAT { Ok(()) } else { Err(Error::FmtMismatch) }
}

/// The format among so many entries behind the next value, if what stands before it can be passed over; what cannot is for
/// its reader to refuse.
fn format_behind(mut reader: CborReader<'_>, entries: usize) -> Option<&str> {
    for _ in 0..entries {
        // Each item takes a byte at least, so the input bounds their number.
        reader.skip(MAX_ATTESTATION).ok()?;
        if reader.text().ok()? == FMT {
            return reader.text().ok();
        }
    }
    None
}

impl<'i> Statement<'i> {
    fn read(reader: &mut CborReader<'i>) -> Result<Self, Error> {
        let mut certificates = None;
        let mut receipt = None;
        for _ in 0..reader.map()? {
            match reader.text()? {
                "x5c" => once(&mut certificates, two_certificates(reader)?)?,
                "receipt" => once(&mut receipt, reader.bytes()?)?,
                _ => return Err(Error::UnknownField),
            }
        }
        let (leaf, intermediate) = certificates.ok_or(Error::MissingField)?;
        let receipt = receipt.ok_or(Error::MissingField)?;
        if receipt.is_empty() {
            return Err(Error::ReceiptEmpty);
        }
        Ok(Self { leaf, intermediate, receipt })
    }
}

/// Exactly two, so that there is no path to build. That the second is no root is checked with the chain.
fn two_certificates<'i>(reader: &mut CborReader<'i>) -> Result<(&'i [u8], &'i [u8]), Error> {
    match reader.array() {
        Ok(2) => Ok((reader.bytes()?, reader.bytes()?)),
        Ok(_) | Err(CborError::Limit) => Err(Error::X5cCount),
        Err(error) => Err(error.into()),
    }
}

/// What a leaf certifies: a key on P-256, as `X ‖ Y`, and a nonce.
fn certified<'i>(leaf: &Certificate<'i>) -> Result<(&'i [u8; 64], &'i [u8; 32]), Error> {
    let SubjectKey::P256(key) = leaf.key() else {
        return Err(Error::SpkiAlgorithm);
    };
    let nonce = nonce(leaf.extension(NONCE).ok_or(Error::NonceMissing)?).map_err(|_| Error::NonceMalformed)?;
    Ok((key, nonce))
}

/// `SEQUENCE { [1] EXPLICIT OCTET STRING (SIZE (32)) }`.
fn nonce(value: &[u8]) -> Result<&[u8; 32], DerError> {
    let mut outer = DerReader::new(value);
    let mut sequence = DerReader::new(outer.value(der::SEQUENCE)?);
    outer.finish()?;
    let mut explicit = DerReader::new(sequence.value(der::explicit(1))?);
    sequence.finish()?;
    let octets = explicit.value(der::OCTET_STRING)?;
    explicit.finish()?;
    octets.try_into().map_err(|_| DerError::Length)
}
