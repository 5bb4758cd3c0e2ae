//! The attestation object: parse → view → verify → proof.

use super::{
    ClientDataHash, Counter,
    app::{AppIdHash, Environment},
    auth_data::{AttestedCredential, AuthenticatorData},
    device::{self, DeviceInfo},
    envelope::{CODE_HASH, once, skip_code_hash, within},
    key::{AttestedKey, KeyId},
    launch::LaunchData,
    policy::Policy,
};
use crate::{
    crypto::{Backend, Crypto, P256PublicKey, PrepareP384, uncompressed},
    encoding::cbor::Reader as CborReader,
    encoding::der::{self, Reader as DerReader},
    error::Error,
    time::{UnixTime, Validity},
    x509::{CachedIssuer, Certificate, Chain, Extensions, IssuerKeys, TrustAnchor, check_anchors, oid},
};

/// The largest attestation object: 16 KiB. Genuine ones have 5,191 to 5,921 bytes, two thirds of it receipt.
pub const MAX_ATTESTATION: usize = 16 * 1024;

const FMT: &str = "fmt";
const FORMAT: &str = "apple-appattest";

/// The leaf's nonce extension (step A4).
const NONCE: &[u8] = oid!("1.2.840.113635.100.8.2");

/// The extended key usage of a leaf (on every device since January 2026): the purpose App Attest.
const PURPOSE: &[u8] = oid!("1.2.840.113635.100.4.24");

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
    /// [`Error::WrongObjectKind`] for an assertion, [`Error::InputTooLarge`], or one of the codes below 300 for the first
    /// thing that is not of its form, in the order CBOR, leaf, intermediate, authenticator data.
    // Not inlined, so that what parsing takes is gone when the verification starts: 136 bytes of stack on Cortex-M4.
    #[inline(never)]
    pub fn parse(input: &'i [u8]) -> Result<Self, Error> {
        let Envelope { statement: Statement { leaf, intermediate, receipt }, auth_data } =
            within(MAX_ATTESTATION, input, Envelope::parse)?;
        // Nested, because `?` copies what it takes out of a result: 48 bytes of stack on Cortex-M4.
        Certificate::parse(leaf).and_then(|leaf| {
            let (leaf_key, nonce) = certified(&leaf)?;
            Certificate::parse(intermediate).and_then(|intermediate| {
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
    pub const fn leaf_key(&self) -> P256PublicKey {
        P256PublicKey(*self.leaf_key)
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

    const fn chain(&self) -> Chain<'_, 'i> {
        Chain { leaf: &self.leaf, intermediate: &self.intermediate, purpose: PURPOSE }
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

/// Verifies attestations under one policy, one set of trust anchors and one cryptographic backend.
///
/// Three references: make one where it is needed, or keep it.
#[derive(Clone, Copy, Debug)]
pub struct AttestationVerifier<'a, C: ?Sized> {
    policy: Policy<'a>,
    anchors: &'a [TrustAnchor<'a>],
    crypto: &'a C,
}

impl<'a, C: Crypto + ?Sized> AttestationVerifier<'a, C> {
    /// A verifier. In production `anchors` is `&[APPLE_APP_ATTEST_ROOT]`.
    pub const fn new(policy: Policy<'a>, anchors: &'a [TrustAnchor<'a>], crypto: &'a C) -> Self {
        Self { policy, anchors, crypto }
    }

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
    /// The first check that fails, in the order of [`Step`](crate::Step); 9xx if nothing could be decided.
    // Not inlined, so that what verifying takes is not there yet while the caller parses: 32 bytes of stack on Cortex-M4.
    #[inline(never)]
    pub fn verify<'i>(
        &self,
        object: &AttestationObject<'i>,
        key_id: &KeyId,
        client_data: &ClientDataHash<'_>,
        now: UnixTime,
    ) -> Result<VerifiedAttestation<'i>, Error> {
        self.verify_with(object, key_id, client_data, now, |chain, issuers, crypto| {
            chain.verify_signatures(issuers, crypto)
        })
    }

    /// As [`verify`](Self::verify), with an issuer that was verified before: the same answers, sooner if the attestation is of
    /// that issuer, which [`is_of_issuer`](Self::is_of_issuer) tells.
    ///
    /// # Errors
    ///
    /// As for [`verify`](Self::verify).
    pub fn verify_with_issuer<'i, K>(
        &self,
        object: &AttestationObject<'i>,
        key_id: &KeyId,
        client_data: &ClientDataHash<'_>,
        now: UnixTime,
        issuer: &CachedIssuer<K>,
    ) -> Result<VerifiedAttestation<'i>, Error>
    where
        C: PrepareP384<K>,
    {
        self.verify_with(object, key_id, client_data, now, |chain, issuers, crypto| {
            issuer.verify_signatures(chain, issuers, crypto)
        })
    }

    /// As [`verify_with_issuer`](Self::verify_with_issuer); and if the attestation is authentic and of another issuer, or none
    /// was kept, then its issuer takes that place.
    ///
    /// What is kept is that an anchor signed the intermediate; names, roles and validity of it are checked in every
    /// attestation again. If the backend cannot prepare the key, nothing is kept, and the answer is the same.
    ///
    /// # Errors
    ///
    /// As for [`verify`](Self::verify); `issuer` is as it was then.
    pub fn verify_and_keep_issuer<'i, K>(
        &self,
        object: &AttestationObject<'i>,
        key_id: &KeyId,
        client_data: &ClientDataHash<'_>,
        now: UnixTime,
        issuer: &mut Option<CachedIssuer<K>>,
    ) -> Result<VerifiedAttestation<'i>, Error>
    where
        C: PrepareP384<K>,
    {
        self.verify_with(object, key_id, client_data, now, |chain, issuers, crypto| {
            CachedIssuer::verify_signatures_and_keep(issuer, chain, issuers, crypto)
        })
    }

    /// Whether the intermediate of an attestation is the one that was kept, under the same anchor. Says nothing about the
    /// attestation.
    ///
    /// # Errors
    ///
    /// The first check of the chain's names, roles and keys that fails; 9xx if it could not be decided.
    pub fn is_of_issuer<K>(&self, object: &AttestationObject<'_>, issuer: &CachedIssuer<K>) -> Result<bool, Error> {
        let crypto = Backend(self.crypto);
        check_anchors(self.anchors)?;
        let chain = object.chain();
        let issuers = chain.check_structure(self.anchors, &crypto)?;
        issuer.is_of(&chain, &issuers, &crypto)
    }

    /// All of it, the signatures of the chain by `verify_signatures`.
    fn verify_with<'i>(
        &self,
        object: &AttestationObject<'i>,
        key_id: &KeyId,
        client_data: &ClientDataHash<'_>,
        now: UnixTime,
        verify_signatures: impl FnOnce(&Chain<'_, 'i>, &IssuerKeys<'_>, &Backend<'_, C>) -> Result<(), Error>,
    ) -> Result<VerifiedAttestation<'i>, Error> {
        let crypto = Backend(self.crypto);
        let AttestationObject { leaf, leaf_key, nonce, receipt, auth_data, credential, .. } = object;

        self.policy.check()?;
        client_data.check()?;
        check_anchors(self.anchors)?;
        if self.policy.needs_time() && now == UnixTime(0) {
            return Err(Error::ClockUnset);
        }

        // A6: the App ID hash is one of the policy's.
        let app_index = self.policy.app_index(auth_data.app_id_octets())?;

        // A7: the key has signed nothing yet.
        if auth_data.counter() != Counter::ATTESTED {
            return Err(Error::CounterNotZero);
        }

        // A8: all 16 bytes of the AAGUID name an environment, and the policy allows it.
        let environment = Environment::from_aaguid(credential.aaguid)?;
        self.policy.check_environment(environment)?;

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
        crypto.check_p256(leaf_key, Error::SpkiPoint)?;

        // The launch data of iOS 27, as far as the policy asks for it.
        self.policy.check_launch(auth_data.announced_launch())?;

        // Platform, system and access-control list, as far as the policy asks for them.
        self.policy.check_device(leaf.extensions())?;

        // A2 to A4: the nonce covers this authenticator data and this client data.
        crypto.expect_sha256(&[auth_data.as_bytes(), client_data.0], nonce, Error::NonceMismatch)?;

        // A1: the chain, signatures last.
        let chain = object.chain();
        if !self.policy.ignores_validity_period() {
            chain.check_validity(now)?;
        }
        self.policy.check_age(leaf.validity(), now)?;
        let issuers = chain.check_structure(self.anchors, &crypto)?;
        verify_signatures(&chain, &issuers, &crypto)?;

        Ok(VerifiedAttestation {
            key_id: credential.id,
            key: leaf_key,
            app_id: auth_data.app_id_octets(),
            environment,
            app_index,
            receipt: *receipt,
            extensions: leaf.extensions(),
            leaf_validity: leaf.validity(),
            launch: auth_data.announced_launch(),
        })
    }
}

/// The proof that an attestation is authentic. Only the methods `verify…` of [`AttestationVerifier`] make one.
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
        AttestedKey::new(KeyId(*self.key_id), P256PublicKey(*self.key), AppIdHash(*self.app_id), self.environment)
    }

    /// The environment that the key was attested in.
    #[must_use]
    pub const fn environment(&self) -> Environment {
        self.environment
    }

    /// The position in the policy's list of the app that matched.
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
        Ok(_) | Err(Error::CborLimit) => Err(Error::X5cCount),
        Err(error) => Err(error),
    }
}

/// What a leaf certifies: a key on P-256, as `X ‖ Y`, and a nonce.
fn certified<'i>(leaf: &Certificate<'i>) -> Result<(&'i [u8; 64], &'i [u8; 32]), Error> {
    let key = leaf.p256_key().ok_or(Error::SpkiAlgorithm)?;
    let nonce = nonce(leaf.extension(NONCE).ok_or(Error::NonceMissing)?).map_err(|_| Error::NonceMalformed)?;
    Ok((key, nonce))
}

/// `SEQUENCE { [1] EXPLICIT OCTET STRING (SIZE (32)) }`.
fn nonce(value: &[u8]) -> Result<&[u8; 32], Error> {
    let mut outer = DerReader::new(value);
    let mut sequence = DerReader::new(outer.value(der::SEQUENCE)?);
    outer.finish()?;
    let mut explicit = DerReader::new(sequence.value(der::explicit(1))?);
    sequence.finish()?;
    let octets = explicit.value(der::OCTET_STRING)?;
    explicit.finish()?;
    octets.try_into().map_err(|_| Error::NonceMalformed)
}
