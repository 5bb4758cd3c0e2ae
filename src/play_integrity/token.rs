//! From a token, or from Google's answer, to what Google said.

use super::{
    authentic::{AuthenticPayload, VerifiedIntegrity},
    binding::Binding,
    codes::{in_jwe, in_jws},
    key::KeyPair,
    payload::{MAX_PAYLOAD, Payload},
    policy::Policy,
};
use crate::{
    UnixMillis,
    crypto::{AesKwGcm, Backend, P256, Sha256, Signature, VerifyEcdsa},
    encoding::base64,
    error::Error,
    jose::{HeaderRoom, Jwe, Jws},
};

/// The longest token: 16 KiB. Genuine ones have some 1,350 characters, and one with every member of the discovery document 2,140.
pub const MAX_TOKEN: usize = 16 << 10;

/// The longest answer of Google's server: that of a payload.
pub const MAX_ANSWER: usize = MAX_PAYLOAD;

/// What opening a token needs: SHA-256, ECDSA on P-256, and AES. Every backend that has them has it.
pub trait PlayIntegrityCrypto: Sha256 + VerifyEcdsa<P256> + AesKwGcm {}

impl<C: Sha256 + VerifyEcdsa<P256> + AesKwGcm + ?Sized> PlayIntegrityCrypto for C {}

/// Opens the classic tokens of one app with the keys that the Play Console gave for it.
///
/// ```
/// # #[cfg(feature = "rust-crypto")] {
/// use genuine::{UnixMillis, crypto::RustCrypto, play_integrity::*};
///
/// fn check(
///     token: &mut [u8], keys: &[KeyPair], nonce: &[u8], now: UnixMillis,
/// ) -> Result<(), genuine::Error> {
///     // Once, where the service starts: what is wrong with the configuration shows there.
///     let policy = Policy::new("com.example.shop", &[[0x5A; 32]]);
///     let verifier = ClassicVerifier::new(&policy, keys, &RustCrypto)?;
///
///     let verified = verifier.verify(token, Binding::nonce(nonce)?, now)?;
///     // Remember what identifies the token, and refuse it if it is known already.
///     let _ = verified.single_use();
///     Ok(())
/// }
/// # let pair = KeyPair {
/// #     decryption: DecryptionKey::new([1; 32]),
/// #     verification: VerificationKey::from_base64("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEOy+dEzSZ+0hLZEy19VhMAIJ9OW3IkvA457smV1aSv29w0konMGFhMsQKCz4uZjIc7WUQ83HparozACl1X3F6eQ==").unwrap(),
/// # };
/// # let error = check(&mut b"a.b.c".to_vec(), &[pair], &[0; 16], UnixMillis(1)).unwrap_err();
/// # assert_eq!(error, genuine::Error::PlaySegments);
/// # }
/// ```
#[derive(Debug)]
pub struct ClassicVerifier<'a, C: ?Sized> {
    policy: &'a Policy<'a>,
    keys: &'a [KeyPair],
    crypto: &'a C,
}

impl<C: ?Sized> Clone for ClassicVerifier<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: ?Sized> Copy for ClassicVerifier<'_, C> {}

impl<'a, C: PlayIntegrityCrypto + ?Sized> ClassicVerifier<'a, C> {
    /// Checks the configuration. Two pairs of keys are the most that a rotation needs; each costs an unwrapping per token.
    ///
    /// # Errors
    ///
    /// [`Error::PlayConfigPackage`], [`Error::PlayConfigNoCertificate`], [`Error::PlayConfigNoKeys`],
    /// [`Error::PlayConfigDuplicateKey`], [`Error::PublicKeyInvalid`] for a verification key that is no point of the curve,
    /// [`Error::CryptoUnavailable`].
    pub fn new(policy: &'a Policy<'a>, keys: &'a [KeyPair], crypto: &'a C) -> Result<Self, Error> {
        policy.check_configuration()?;
        let mut rest = keys;
        while let Some((pair, others)) = rest.split_first() {
            if others.iter().any(|other| other.decryption.octets() == pair.decryption.octets()) {
                return Err(Error::PlayConfigDuplicateKey);
            }
            Backend::new(crypto).check_key::<P256, Error>(&pair.verification.key().0, Error::PublicKeyInvalid)?;
            rest = others;
        }
        if keys.is_empty() { Err(Error::PlayConfigNoKeys) } else { Ok(Self { policy, keys, crypto }) }
    }

    /// Opens a token in place: its octets are used up, whatever the answer, and the payload stands among them.
    ///
    /// # Errors
    ///
    /// The codes of the steps from [`Size`](super::Step::Size) to [`Payload`](super::Step::Payload); everything that goes wrong
    /// between the header and the tag is [`Error::PlayNotOpened`]. [`Error::CryptoUnavailable`] if the backend cannot compute.
    pub fn open<'t>(&self, token: &'t mut [u8]) -> Result<AuthenticPayload<'a, 't>, Error> {
        if token.len() > MAX_TOKEN {
            return Err(Error::PlayTooLarge);
        }
        let (text, key_index) = self.decrypt(token)?;
        let json = self.verify_signature(text, key_index)?;
        let payload = Payload::parse(json)?;
        Ok(AuthenticPayload { policy: self.policy, payload, key_index: Some(key_index), token_hash: None })
    }

    /// Opens a token, and accepts it under the policy.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open) and of [`AuthenticPayload::accept`].
    pub fn verify<'t>(
        &self,
        token: &'t mut [u8],
        binding: Binding<'t>,
        now: UnixMillis,
    ) -> Result<VerifiedIntegrity<'t>, Error> {
        self.open(token)?.accept(binding, now)
    }

    // Not inlined, nor is the one below, so that one header's room does not lie under the other's.
    #[inline(never)]
    fn decrypt<'t>(&self, token: &'t mut [u8]) -> Result<(&'t mut [u8], usize), Error> {
        let jwe = Jwe::decode(token).map_err(in_jwe)?;
        let mut room = HeaderRoom::new();
        let header = jwe.header(&mut room).map_err(in_jwe)?;
        if header.algorithm.is_none_or(|algorithm| algorithm != "A256KW") {
            return Err(Error::PlayAlgorithm);
        }
        if header.encryption.is_none_or(|encryption| encryption != "A256GCM") {
            return Err(Error::PlayEncryption);
        }
        if header.is_compressed {
            return Err(Error::PlayCompressed);
        }
        if header.has_critical {
            return Err(Error::PlayCritical);
        }
        let sizes = (jwe.wrapped_key.try_into(), jwe.iv.try_into(), jwe.tag.try_into());
        let (Ok(wrapped), Ok(iv), Ok(tag)) = sizes else {
            return Err(Error::PlayNotOpened);
        };
        let keys = self.keys.iter().map(|pair| pair.decryption.octets());
        let sealed = (iv, jwe.header, &mut *jwe.text, tag);
        let key_index = Backend::new(self.crypto).open_wrapped(keys, wrapped, sealed, Error::PlayNotOpened)?;
        Ok((jwe.text, key_index))
    }

    #[inline(never)]
    fn verify_signature<'t>(&self, text: &'t mut [u8], key_index: usize) -> Result<&'t [u8], Error> {
        let mut jws = Jws::split(text).map_err(in_jws)?;
        let mut room = HeaderRoom::new();
        let header = jws.header(&mut room).map_err(in_jws)?;
        if header.algorithm.is_none_or(|algorithm| algorithm != "ES256") {
            return Err(Error::PlayInnerAlgorithm);
        }
        if header.has_critical {
            return Err(Error::PlayInnerCritical);
        }
        let signature = Signature::<P256>(jws.signature().map_err(in_jws)?.ok_or(Error::PlaySignatureForm)?);
        let backend = Backend::new(self.crypto);
        let digest = backend.digest_256(jws.signed())?;
        let pair = self.keys.get(key_index).ok_or(Error::PlayNotOpened)?;
        backend.verify_raw(pair.verification.key(), &digest, &signature, Error::PlaySignatureInvalid)?;
        jws.into_payload().map_err(|_| Error::PlayPayloadBase64)
    }
}

/// Takes what Google's server answers about the tokens of one app: those of standard requests, and classic ones.
///
/// That the answer is Google's, nothing in it proves. The caller fetched it itself from `playintegrity.googleapis.com`, over TLS,
/// and took it from nobody else.
#[derive(Debug)]
pub struct DecodedVerifier<'a, C: ?Sized> {
    policy: &'a Policy<'a>,
    crypto: &'a C,
}

impl<C: ?Sized> Clone for DecodedVerifier<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: ?Sized> Copy for DecodedVerifier<'_, C> {}

impl<'a, C: Sha256 + ?Sized> DecodedVerifier<'a, C> {
    /// Checks the configuration.
    ///
    /// # Errors
    ///
    /// [`Error::PlayConfigPackage`], [`Error::PlayConfigNoCertificate`].
    pub fn new(policy: &'a Policy<'a>, crypto: &'a C) -> Result<Self, Error> {
        policy.check_configuration()?;
        Ok(Self { policy, crypto })
    }

    /// Takes Google's answer for Google's word: `{"tokenPayloadExternal": {…}}`, or the payload alone.
    ///
    /// `token` is the text that was sent to Google. Its hash identifies a standard token; so it has to be five segments of base64url
    /// without padding, which leaves one text for one token.
    ///
    /// # Errors
    ///
    /// [`Error::PlayTooLarge`], [`Error::PlaySegments`], [`Error::PlayBase64`], the codes of the step [`Payload`](super::Step::Payload), and
    /// [`Error::CryptoUnavailable`] if the backend cannot hash.
    pub fn trust_answer<'i>(&self, answer: &'i [u8], token: &[u8]) -> Result<AuthenticPayload<'a, 'i>, Error> {
        if answer.len() > MAX_ANSWER || token.len() > MAX_TOKEN {
            return Err(Error::PlayTooLarge);
        }
        let segments = || token.split(|octet| *octet == b'.');
        if segments().count() != 5 || segments().any(<[u8]>::is_empty) {
            return Err(Error::PlaySegments);
        }
        if !segments().all(base64::is_canonical) {
            return Err(Error::PlayBase64);
        }
        let payload = Payload::parse_answer(answer)?;
        let token_hash = Some(Backend::new(self.crypto).sha256::<Error>(&[token])?);
        Ok(AuthenticPayload { policy: self.policy, payload, key_index: None, token_hash })
    }
}
