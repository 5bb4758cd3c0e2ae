//! The engine alone, over a backend that the compiler knows nothing about, to prove that it cannot panic. With the feature
//! `genuine-crypto`, the verification of our own as well: the engine over it, and all that it consists of.
//!
//! The panic handler calls a function that nobody defines. So this links only if no panic is left in the image; then every
//! call below returns, whatever the input and whatever the backend answers. It is linked, not run.
//!
//! The proof holds for the optimised profiles: without optimisation the compiler leaves panics that it could show not to
//! be reachable.
#![no_std]
#![no_main]

use core::{hint::black_box, panic::PanicInfo, slice};

use genuine::{
    Error, UnixTime,
    app_attest::{
        Advance, AdvanceError, AppIdHash, Assertion, AssertionKey, AssertionRequest, AssertionVerifier,
        AttestationObject, AttestationVerifier, AttestedCredential, AttestedKey, AuthenticatorData, ClientDataHash,
        Counter, CounterStore, KeyId, MAX_ATTESTATION, OsBuild, OsVersion, Platform, Policy, PreparedKey, Refusal,
        ReplayWindow, ValidationCategory,
    },
    crypto::{
        BatchP256, Crypto, CryptoError, Digest, P256Item, P256Key, P256PublicKey, P256Signature, P384PublicKey,
        P384Signature, PrepareP256, PrepareP384, conformance,
    },
    x509::{Certificate, CachedIssuer, TrustAnchor},
};

#[cfg(target_arch = "arm")]
use cortex_m_rt::entry;
#[cfg(target_arch = "riscv32")]
use riscv_rt::entry;

unsafe extern "C" {
    /// Defined nowhere.
    safe fn the_engine_can_panic() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    the_engine_can_panic()
}

/// As in `board::cortex_m`.
#[cfg(target_arch = "arm")]
#[unsafe(link_section = ".vector_table.interrupts")]
#[unsafe(no_mangle)]
static __INTERRUPTS: [unsafe extern "C" fn(); 1] = [DefaultHandler];

#[cfg(target_arch = "arm")]
unsafe extern "C" {
    fn DefaultHandler();
}

#[entry]
fn main() -> ! {
    loop {
        let _ = black_box(attestation::<Slot, _>(&Registers));
        let _ = black_box(assertion::<Slot, _>(&Registers));
        let _ = black_box(others(&Registers));
        #[cfg(feature = "genuine-crypto")]
        own::all();
    }
}

fn attestation<K, C: PrepareP384<K>>(crypto: &C) -> Result<[u8; AttestedKey::ENCODED_LEN], Error> {
    black_box(conformance::check_prepared_p384(crypto).err());
    let apps = [AppIdHash(received()), AppIdHash(received())];
    let categories = [ValidationCategory(Registers::read())];
    let versions = [text()];
    let hashes = [bytes()];
    let platforms = [Platform::named(text()), Platform::MacOsX];
    let version = OsVersion::parse(text()).unwrap_or(OsVersion::new(18, 0, 0));
    let builds = [(Platform::IPhoneOs, OsBuild::parse(text()).ok_or(Error::OsBuildMissing)?)];
    let policy = match Registers::read() {
        0 => Policy::new(&apps),
        1 => Policy::new(&apps).only_development().danger_ignore_validity_period(),
        2 => Policy::new(&apps).require_platforms(&platforms).require_os_version(version).require_os_builds(&builds),
        3 => {
            Policy::new(&apps).require_macos_access_control(bytes()).limit_attestation_age(u64::from(Registers::read()))
        }
        _ => Policy::new(&apps)
            .allow_development()
            .require_categories(&categories)
            .require_bundle_versions(&versions)
            .require_code_hashes(&hashes),
    };
    let anchors =
        [TrustAnchor::new(bytes(), P384PublicKey(received())), TrustAnchor::from_trusted_certificate(bytes())?];
    let object = AttestationObject::parse(bytes())?;
    black_box((object.leaf(), object.leaf_key(), object.nonce(), object.intermediate(), object.receipt()));
    black_box((object.device().platform.map(Platform::name), object.unverified_app_id()));
    data(object.auth_data());
    credential(object.credential());
    let key_id = KeyId::from_base64(text()).or_else(|_| KeyId::from_slice(bytes()))?;
    let now = UnixTime(u64::from(Registers::read()));
    let verifier = AttestationVerifier::new(policy, &anchors, crypto);
    let mut kept = black_box(None::<CachedIssuer<K>>);
    let proof = verifier.verify_and_keep_issuer(&object, &key_id, &ClientDataHash(bytes()), now, &mut kept)?;
    black_box(proof.app_index());
    let issuer = kept.ok_or(Error::CryptoUnavailable)?;
    black_box(verifier.is_of_issuer(&object, &issuer)?);
    let proof = verifier.verify_with_issuer(&object, &key_id, &ClientDataHash(bytes()), now, &issuer)?;
    black_box(proof.app_index());
    let proof = verifier.verify(&object, &key_id, &ClientDataHash(bytes()), now)?;
    black_box((proof.device(), proof.launch(), proof.access_control(), proof.leaf_validity(), proof.environment()));
    black_box((proof.receipt().as_unverified_bytes(), proof.app_index()));
    Ok(proof.key().to_bytes())
}

fn assertion<K, C: BatchP256<K>>(crypto: &C) -> Result<Counter, Error> {
    black_box((conformance::check_prepared_p256(crypto).err(), conformance::check_batch_p256(crypto).err()));
    let apps = [AppIdHash::of(text(), crypto)?];
    let key = AttestedKey::from_trusted_bytes(bytes(), crypto)?;
    let parsed = Assertion::parse(bytes())?;
    black_box(parsed.signature());
    data(parsed.auth_data());
    let verifier = AssertionVerifier::new(Policy::new(&apps).limit_counter_step(Registers::read()), crypto);
    let last = Counter(Registers::read());
    let authentic = || verifier.verify(&parsed, &key, &ClientDataHash(bytes()));
    black_box(authentic()?.accept(last)?.launch());
    let (accepted, window) = authentic()?.accept_in_window(window()?)?;
    let _ = black_box((accepted.counter(), window.to_bytes(), authentic()?.advance()));
    let answer = |key: &KeyId, advance: &Advance| CounterStore::advance(&Registers, key, advance);
    black_box(authentic()?.accept_with(answer).map_err(|refused| refused.error())?.app_index());
    let authentic = authentic()?;
    let _ = black_box((authentic.key_id(), authentic.counter()));
    let accepted = authentic.accept_in(&Registers).map_err(|refused| refused.error())?;
    black_box((accepted.launch(), accepted.key_id()));

    let prepared: PreparedKey<K> = PreparedKey::new(&key, crypto)?;
    black_box(prepared.key());
    let _ = black_box(verifier.verify_prepared(&parsed, &prepared, &ClientDataHash(bytes()))?.counter());
    let requests = [AssertionKey::Plain(&key), AssertionKey::Prepared(&prepared)];
    let request = |key| AssertionRequest { assertion: &parsed, key, client_data: ClientDataHash(bytes()) };
    let many = core::iter::repeat_n(requests, Registers::read() as usize).flatten();
    verifier.verify_batch(many.map(request), |position, answer| {
        let _ = black_box(answer.map(|authentic| (position, authentic.counter())));
    });
    Ok(accepted.counter())
}

fn window() -> Result<ReplayWindow, Error> {
    let advance = Advance::new(Counter(Registers::read()), Some(Registers::read()));
    let window = match Registers::read() {
        0 => ReplayWindow::after(advance.in_order(Counter(Registers::read())).map_err(Refusal::error)?),
        1 => ReplayWindow::from_trusted_parts(advance.to(), u64::from(Registers::read()))?,
        _ => ReplayWindow::from_trusted_bytes(bytes())?,
    };
    let _ = black_box((window.highest(), window.seen(), advance.from()));
    advance.in_window(window).map_err(Refusal::error)
}

fn data(data: &AuthenticatorData<'_>) {
    let _ = black_box((
        data.as_bytes(),
        data.app_id(),
        data.flags(),
        data.counter(),
        data.launch(),
        data.announced_launch(),
    ));
}

fn credential(credential: &AttestedCredential<'_>) {
    black_box((credential.aaguid(), credential.id(), credential.key()));
}

fn others<C: Crypto>(crypto: &C) -> Result<(), Error> {
    let certificate = Certificate::parse(bytes())?;
    black_box((certificate.subject(), certificate.key(), certificate.extension(bytes()), certificate.serial()));
    black_box((certificate.tbs(), certificate.issuer(), certificate.validity()));
    let (attested, attested_credential) = AuthenticatorData::parse_attestation(bytes())?;
    data(&attested);
    credential(&attested_credential);
    data(&AuthenticatorData::parse_assertion(bytes())?);
    black_box(P384PublicKey::from_uncompressed(bytes()));
    let error = conformance::check(crypto).err();
    black_box(error);
    let key = P256PublicKey::from_uncompressed(bytes()).ok_or(Error::PublicKeyInvalid)?;
    let environment = AttestedKey::from_trusted_bytes(bytes(), crypto)?.environment();
    let key = AttestedKey::from_trusted_parts(&key, AppIdHash(received()), environment, crypto)?;
    black_box((key.public_key(), key.app_id()));
    black_box(Error::ALL.get(key.id().0.len()).map(|error| (error.code(), error.name(), error.class(), error.step())));
    Ok(())
}

/// Registers of a peripheral. What they say is known at run time only.
struct Registers;

impl Registers {
    const DATA: *mut u32 = 0x4000_0000 as *mut u32;

    fn read() -> u32 {
        // SAFETY: a register that is read and written one word at a time.
        unsafe { Self::DATA.read_volatile() }
    }

    fn write(octets: &[u8]) {
        for octet in octets {
            // SAFETY: as above.
            unsafe { Self::DATA.write_volatile(u32::from(*octet)) };
        }
    }

    fn answer(operands: &[&[u8]]) -> Result<(), CryptoError> {
        for operand in operands {
            Self::write(operand);
        }
        match Self::read() {
            0 => Ok(()),
            1 => Err(CryptoError::Invalid),
            _ => Err(CryptoError::Unavailable),
        }
    }
}

impl Crypto for Registers {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        Self::answer(parts).map(|()| received())
    }

    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        Self::answer(parts).map(|()| received())
    }

    fn check_p256(&self, key: &P256PublicKey) -> Result<(), CryptoError> {
        Self::answer(&[&key.0])
    }

    fn check_p384(&self, key: &P384PublicKey) -> Result<(), CryptoError> {
        Self::answer(&[&key.0])
    }

    fn verify_p256(&self, key: &P256PublicKey, digest: &Digest, signature: &P256Signature) -> Result<(), CryptoError> {
        Self::answer(&[&key.0, digest.as_bytes(), &signature.0])
    }

    fn verify_p384(&self, key: &P384PublicKey, digest: &Digest, signature: &P384Signature) -> Result<(), CryptoError> {
        Self::answer(&[&key.0, digest.as_bytes(), &signature.0])
    }
}

/// Where the peripheral keeps a key.
struct Slot([u8; 4]);

impl PrepareP256<Slot> for Registers {
    fn prepare_p256(&self, key: &P256PublicKey) -> Result<Slot, CryptoError> {
        Self::answer(&[&key.0]).map(|()| Slot(received()))
    }

    fn verify_p256_prepared(&self, key: &Slot, digest: &Digest, signature: &P256Signature) -> Result<(), CryptoError> {
        Self::answer(&[&key.0, digest.as_bytes(), &signature.0])
    }
}

impl PrepareP384<Slot> for Registers {
    fn prepare_p384(&self, key: &P384PublicKey) -> Result<Slot, CryptoError> {
        Self::answer(&[&key.0]).map(|()| Slot(received()))
    }

    fn verify_p384_prepared(&self, key: &Slot, digest: &Digest, signature: &P384Signature) -> Result<(), CryptoError> {
        Self::answer(&[&key.0, digest.as_bytes(), &signature.0])
    }
}

impl BatchP256<Slot> for Registers {
    fn verify_p256_batch(&self, items: &[P256Item<'_, Slot>], verdicts: &mut [Result<(), CryptoError>]) {
        for (item, verdict) in items.iter().zip(verdicts) {
            let key: &[u8] = match item.key {
                P256Key::Plain(key) => &key.0,
                P256Key::Prepared(slot) => &slot.0,
            };
            *verdict = Self::answer(&[key, item.digest.as_bytes(), &item.signature.0]);
        }
    }
}

/// The verification of our own.
#[cfg(feature = "genuine-crypto")]
mod own {
    use core::hint::black_box;

    use genuine::{
        Error,
        app_attest::{AttestedKey, PreparedKey},
        crypto::{PreparedP256, PreparedP384, GenuineCrypto},
    };
    use genuine_crypto::{Base, BasePoint, Invalid, P256, P384, Prepared, PublicKey, Unverified};

    use super::{Registers, assertion, attestation, bytes, others};

    pub(super) fn all() {
        let _ = black_box(others(&GenuineCrypto));
        points::<8>();
        points::<32>();
        points::<128>();
        points::<512>();
    }

    fn points<const POINTS: usize>() {
        let _ = black_box(attestation::<PreparedP384<POINTS>, _>(&GenuineCrypto));
        let _ = black_box(assertion::<PreparedP256<POINTS>, _>(&GenuineCrypto));
        let _ = black_box(stored::<POINTS>());
        let _ = black_box(curve::<P256, POINTS>());
        let _ = black_box(curve::<P384, POINTS>());
    }

    fn stored<const POINTS: usize>() -> Result<AttestedKey, Error> {
        let key = PreparedKey::<PreparedP256<POINTS>>::from_trusted_bytes(bytes(), &Registers)?;
        key.write_to(room(), &GenuineCrypto)?;
        Ok(*key.key())
    }

    fn curve<const N: usize, const POINTS: usize>() -> Result<(), Invalid>
    where
        Base<N>: BasePoint,
    {
        let key = PublicKey::<N>::from_be(bytes()).ok_or(Invalid)?;
        let prepared: Prepared<N, POINTS> = key.prepare();
        prepared.write_to(room()).ok_or(Invalid)?;
        let read = Prepared::<N, POINTS>::from_trusted_bytes(bytes()).ok_or(Invalid)?;
        black_box(Base::<N>::base());
        let unverified = Unverified::<N>::new(bytes(), bytes())?;
        unverified.verify(&key)?;
        unverified.verify_prepared(&read)?;
        let pairs = [(bytes(), bytes()); 10];
        for unverified in Unverified::<N>::batch(pairs.get(..Registers::read() as usize).unwrap_or(&pairs)) {
            unverified?.verify_prepared(&prepared)?;
        }
        Ok(())
    }

    /// Room of any length.
    fn room() -> &'static mut [u8] {
        let length = (Registers::read() as usize).min(1 << 16);
        // SAFETY: as far as this image, which is never run, goes.
        unsafe { core::slice::from_raw_parts_mut(black_box(0x2002_0000 as *mut u8), length) }
    }
}

impl CounterStore for Registers {
    type Error = ();

    fn advance(&self, key: &KeyId, advance: &Advance) -> Result<(), AdvanceError<()>> {
        Self::write(&key.0);
        Self::write(&advance.to().0.to_be_bytes());
        Self::write(&advance.from().0.to_be_bytes());
        match Self::read() {
            0 => Ok(()),
            1 => Err(AdvanceError::Refused(Refusal::NotIncreased)),
            2 => Err(AdvanceError::UnknownKey),
            _ => Err(AdvanceError::Store(())),
        }
    }
}

fn received<const N: usize>() -> [u8; N] {
    let mut octets = [0; N];
    for octet in &mut octets {
        [*octet, ..] = Registers::read().to_le_bytes();
    }
    octets
}

/// Bytes of any length and content: a window of memory that something else fills.
fn bytes() -> &'static [u8] {
    let length = (Registers::read() as usize).min(2 * MAX_ATTESTATION);
    // SAFETY: as far as this image, which is never run, goes.
    unsafe { slice::from_raw_parts(black_box(0x2001_0000 as *const u8), length) }
}

fn text() -> &'static str {
    core::str::from_utf8(bytes()).unwrap_or_default()
}
