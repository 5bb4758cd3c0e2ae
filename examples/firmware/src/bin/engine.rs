//! The engine alone, over a backend that the compiler knows nothing about, to prove that it cannot panic. With the feature
//! `genuine-crypto`, that crate as well: the engine over it, and all that it consists of.
//!
//! The panic handler calls a function that nobody defines. So this links only if no panic is left in the image; then every
//! call below returns, whatever the input and whatever the backend answers. It is linked, not run.
//!
//! The proof holds for the optimised profiles: without optimisation the compiler leaves panics that it could show not to
//! be reachable.
#![no_std]
#![no_main]
#![allow(clippy::similar_names, reason = "a verifier and what it verified")]

use core::{cell::RefCell, hint::black_box, iter::repeat_n, panic::PanicInfo, slice};

use genuine::{
    Error, UnixMillis, UnixTime,
    app_attest::{
        Advance, AdvanceError, AppIdHash, Assertion, AssertionCrypto, AssertionRequest, AssertionVerifier,
        AttestationCrypto, AttestationObject, AttestationVerifier, AttestedCredential, AttestedKey, AuthenticAssertion,
        AuthenticatorData, ClientDataHash, Counter, CounterStore, EitherKey, Environments, KeyId, MAX_ATTESTATION,
        OsBuild, OsVersion, Platform, Policy, PreparedKey, Refusal, ReplayWindow, ValidationCategory,
    },
    crypto::{
        AesKwGcm, BatchEcdsa, CryptoError, Digest, HmacSha256, Item, Key, LaneCount, P256, P384, PrepareEcdsa,
        PublicKey, RsaPublicKey, Sha256, Sha384, SignP256, Signature, StoredForm, Unprepared, VerifyEcdsa, VerifyRsa,
        conformance,
    },
    evidence::{Evidence, EvidenceVerifier},
    key_attestation::{
        self, AttestationApplicationId, AuthorizationList, GOOGLE_ROOTS, KeyAttestation, KeyAttestationCrypto,
        KeyAttestationVerifier, KeyDescription, Policy as KeyPolicy, Purpose as KeyPurpose, Revocation,
        RevocationStatus, RevokedSerials, RootOfTrust, Serial, Tag, VerifiedKeyAttestation,
    },
    play_integrity::{
        AccountActivity, AppDetected, Binding, ClassicVerifier, DecodedVerifier, DecryptionKey, DeviceActivity,
        DeviceLabel, KeyPair, Licensing, LocationRisk, Payload, PlayIntegrityCrypto, PlayProtect, Policy as PlayPolicy,
        VerificationKey, VerifiedIntegrity,
    },
    session::{
        SessionKey,
        challenge::{ChallengeSealer, Purpose, SealedChallenge},
        client_attestation::{
            self, ClientAttestationPolicy, ClientAttestationVerifier, NewClientAttestation, NewClientProof,
        },
        dpop::{DpopPolicy, DpopVerifier, ProofRequest, VerifiedProof},
        jwk::{self, Thumbprint},
        mode::{ClientVersion, Cohort, Lock, Mode, Outcome, Rollout},
        pkce::CodeChallenge,
        request::{Request, RequestSecret, RequestSignature, RequestVerifier},
        token::{
            ClaimValue, NewToken, TokenCrypto, TokenKey, TokenMinter, TokenPolicy, TokenVerifier, VerifiedToken,
            WrongSecret,
        },
    },
    x509::{CachedIssuer, Certificate, IssuerKey, TrustAnchor},
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
        let _ = black_box(stored::<Slot, _>(&Registers));
        let _ = black_box(others(&Registers));
        let _ = black_box(rsa(&Registers));
        let _ = black_box(play(&Registers));
        let _ = black_box(decoded(&Registers));
        let _ = black_box(evidence::<Slot, _>(&Registers));
        let _ = black_box(key_attestation::<Slot, _>(&Registers));
        black_box(conformance::check_hmac_sha256(&Registers).err());
        let _ = black_box(challenge(&Registers));
        let _ = black_box(request(&Registers));
        let _ = black_box(pkce(&Registers));
        let _ = black_box(mode(&Registers));
        let _ = black_box(tokens(&Registers));
        let _ = black_box(proofs(&Registers));
        let _ = black_box(client_attestations(&Registers));
        #[cfg(feature = "genuine-crypto")]
        own::all();
    }
}

fn attestation<K, C>(crypto: &C) -> Result<[u8; AttestedKey::ENCODED_LEN], Error>
where
    C: AttestationCrypto + PrepareEcdsa<P384, K>,
{
    black_box(conformance::check_prepared::<P384, K, _>(crypto).err());
    let app = || Policy::new(AppIdHash(received()));
    let categories = [ValidationCategory(Registers::read())];
    let versions = [text()];
    let hashes = [bytes()];
    let platforms = [Platform::named(text()), Platform::MacOsX];
    let version = OsVersion::parse(text()).unwrap_or(OsVersion::new(18, 0, 0));
    let builds = [(Platform::IPhoneOs, OsBuild::parse(text()).ok_or(Error::OsBuildMissing)?)];
    let policy = match Registers::read() {
        0 => app(),
        1 => app().with_environments(Environments::Development).danger_ignore_validity_period(),
        2 => app().require_platforms(&platforms).require_os_version(version).require_os_builds(&builds),
        3 => app().require_macos_access_control(bytes()).limit_attestation_age(u64::from(Registers::read())),
        _ => app()
            .with_environments(Environments::ProductionAndDevelopment)
            .require_categories(&categories)
            .require_bundle_versions(&versions)
            .require_code_hashes(&hashes),
    };
    let policies = [policy, app()];
    let anchors =
        [TrustAnchor::new(bytes(), PublicKey::<P384>(received())), TrustAnchor::from_trusted_certificate(bytes())?];
    let object = AttestationObject::parse(bytes())?;
    black_box((object.leaf(), object.leaf_key(), object.nonce(), object.intermediate(), object.receipt()));
    black_box((object.device().platform.map(Platform::name), object.unverified_app_id()));
    data(object.auth_data());
    credential(object.credential());
    let key_id = KeyId::from_base64(text()).or_else(|_| KeyId::from_slice(bytes()))?;
    let now = UnixTime(u64::from(Registers::read()));
    let client_data = ClientDataHash::new(bytes())?;
    let verifier = AttestationVerifier::new(&policies, &anchors, crypto)?;
    let cache: RefCell<Option<CachedIssuer<C, K>>> = RefCell::new(None);
    let caching = verifier.with_issuer_cache(&cache);
    for _ in 0..Registers::read() {
        black_box(caching.verify(&object, &key_id, &client_data, now)?.app_index());
    }
    let proof = verifier.verify(&object, &key_id, &client_data, now)?;
    black_box((proof.device(), proof.launch(), proof.access_control(), proof.leaf_validity(), proof.environment()));
    black_box((proof.receipt().as_unverified_bytes(), proof.app_index()));
    let owned = proof.to_owned();
    let _ = black_box((owned.key(), owned.app_index(), owned.leaf_validity()));
    black_box((owned.os_version().map(str::len), owned.os_build().map(str::len), owned.platform().map(str::len)));
    black_box(owned.launch().code_hash.as_ref().map(|hash| hash.as_bytes().len()));
    black_box(owned.launch().bundle_version.as_ref().map(|version| version.as_str().len()));
    Ok(proof.key().to_bytes())
}

fn assertion<K, C>(crypto: &C) -> Result<Counter, Error>
where
    C: AssertionCrypto + PrepareEcdsa<P256, K> + BatchEcdsa<P256, K> + BatchEcdsa<P256, Unprepared>,
{
    black_box(conformance::check_sha256(crypto).err());
    black_box(conformance::check_ecdsa::<P256, _>(crypto).err());
    black_box(conformance::check_prepared::<P256, K, _>(crypto).err());
    black_box(conformance::check_batch::<P256, K, _>(crypto).err());
    black_box(conformance::check_prepared_batch::<P256, K, _>(crypto).err());
    let policy = Policy::new(AppIdHash::of(text(), crypto)?).limit_counter_step(Registers::read());
    let policies = [policy, Policy::new(AppIdHash(received()))];
    let key = AttestedKey::from_trusted_bytes(bytes(), crypto)?;
    let parsed = Assertion::parse(bytes())?;
    black_box(parsed.signature());
    data(parsed.auth_data());
    let verifier = AssertionVerifier::new(&policies, crypto)?;
    let last = Counter(Registers::read());
    let digest = ClientDataHash::digest(&[bytes(), bytes()], crypto)?;
    let client_data =
        if Registers::read() == 0 { ClientDataHash::from(&digest) } else { ClientDataHash::new(bytes())? };
    black_box(client_data.as_bytes());
    let authentic = || verifier.verify(&parsed, &key, &client_data);
    black_box(authentic()?.accept_without_store(last)?.launch());
    let (accepted, window) = authentic()?.accept_in_window_without_store(window()?)?;
    let _ = black_box((accepted.counter(), window.to_bytes(), authentic()?.advance()));
    let answer = |key: &KeyId, advance: &Advance| CounterStore::advance(&Registers, key, advance);
    black_box(authentic()?.accept_with(answer).map_err(|refused| refused.error())?.app_index());
    let accepted = authentic()?.accept_in(&Registers)?;
    black_box((accepted.launch(), accepted.key_id()));
    let owned = accepted.to_owned();
    let _ = black_box((owned.key_id(), owned.app_index(), owned.counter(), owned.launch()));

    let prepared: PreparedKey<C, K> = PreparedKey::new(&key, crypto)?;
    black_box(prepared.key());
    black_box(verifier.verify(&parsed, &prepared, &client_data)?.advance());
    // Batches of plain keys, of prepared ones, and of both.
    let either = [EitherKey::Plain(&key), EitherKey::Prepared(&prepared)];
    black_box(verifier.verify(&parsed, &either[0], &client_data)?.advance());
    let many = || 0..Registers::read();
    verifier.verify_batch(many().map(|_| AssertionRequest { assertion: &parsed, key: &key, client_data }), answered);
    verifier
        .verify_batch(many().map(|_| AssertionRequest { assertion: &parsed, key: &prepared, client_data }), answered);
    verifier.verify_batch(
        repeat_n(&either, Registers::read() as usize).flatten().map(|key| AssertionRequest {
            assertion: &parsed,
            key,
            client_data,
        }),
        answered,
    );
    Ok(accepted.counter())
}

fn answered(position: usize, answer: Result<AuthenticAssertion<'_>, Error>) {
    let _ = black_box(answer.map(|authentic| (position, authentic.advance())));
}

fn stored<K: StoredForm, C: AssertionCrypto>(crypto: &C) -> Result<AttestedKey, Error> {
    let key = PreparedKey::<C, K>::from_trusted_bytes(bytes(), crypto)?;
    key.write_to(room(), crypto)?;
    Ok(*key.key())
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
        data.launch_even_if_unannounced(),
    ));
}

fn credential(credential: &AttestedCredential<'_>) {
    black_box((credential.aaguid(), credential.id(), credential.key()));
}

fn others<C: AttestationCrypto>(crypto: &C) -> Result<(), Error> {
    let certificate = Certificate::parse(bytes()).map_err(|_| Error::DerTag)?;
    black_box((certificate.subject(), certificate.key(), certificate.extension(bytes()), certificate.serial()));
    black_box((certificate.tbs(), certificate.issuer(), certificate.validity(), certificate.signature()));
    black_box((certificate.signature_algorithm().id(), certificate.signature_algorithm().parameters()));
    let (attested, attested_credential) = AuthenticatorData::parse_attestation(bytes())?;
    data(&attested);
    credential(&attested_credential);
    data(&AuthenticatorData::parse_assertion(bytes())?);
    black_box(PublicKey::<P384>::from_uncompressed(bytes()));
    black_box((conformance::check(crypto).err(), conformance::check_sha384(crypto).err()));
    black_box(conformance::check_ecdsa::<P384, _>(crypto).err());
    let key = PublicKey::<P256>::from_uncompressed(bytes()).ok_or(Error::PublicKeyInvalid)?;
    let environment = AttestedKey::from_trusted_bytes(bytes(), crypto)?.environment();
    let key = AttestedKey::from_trusted_parts(&key, AppIdHash(received()), environment, crypto)?;
    black_box((key.public_key(), key.app_id()));
    let error =
        Error::from_code(key.id().0.len().try_into().unwrap_or(0)).or(Error::ALL.get(key.id().0.len()).copied());
    black_box(error.map(|error| (error.code(), error.name(), error.description(), error.class(), error.step())));
    Ok(())
}

fn rsa<C: VerifyRsa>(crypto: &C) -> Result<(), Error> {
    black_box(conformance::check_rsa(crypto).err());
    let key = RsaPublicKey::new(bytes()).or(RsaPublicKey::from_der(bytes())).ok_or(Error::SignatureInvalid)?;
    black_box(key.modulus());
    crypto.verify_rsa_pkcs1_sha256(key, &received(), bytes()).map_err(|_| Error::SignatureInvalid)
}

fn play<C: PlayIntegrityCrypto>(crypto: &C) -> Result<(), Error> {
    black_box(conformance::check_aes_kw_gcm(crypto).err());
    let key = || -> Result<KeyPair, Error> {
        Ok(match Registers::read() {
            0 => KeyPair {
                decryption: DecryptionKey::from_base64(text())?,
                verification: VerificationKey::from_base64(text())?,
            },
            _ => KeyPair {
                decryption: DecryptionKey::new(received()),
                verification: VerificationKey::new(PublicKey(received())),
            },
        })
    };
    let keys = [key()?, key()?];
    let certificates = [received(), received()];
    let devices = [DeviceLabel::MeetsBasicIntegrity, DeviceLabel::MeetsStrongIntegrity];
    let policy = PlayPolicy::new(text(), &certificates)
        .accept_devices(&devices)
        .accept_licensing(&[Licensing::Unlicensed])
        .accept_unrecognized_versions()
        .accept_test_responses()
        .limit_age(u64::from(Registers::read()))
        .limit_skew(u64::from(Registers::read()))
        .require_version(i64::from(Registers::read()))
        .require_sdk_version(i64::from(Registers::read()))
        .require_play_protect(&[PlayProtect::NoIssues])
        .refuse_apps_detected(&[AppDetected::UnknownCapturing])
        .refuse_location_risks(&[LocationRisk::HighDevice])
        .require_device_activity(&[DeviceActivity::Level1])
        .require_account_activity(&[AccountActivity::TypicalBasic]);
    black_box(policy.package_name());
    let verifier = ClassicVerifier::new(&policy, keys.get(..Registers::read() as usize).unwrap_or(&keys), crypto)?;
    let authentic = verifier.open(room())?;
    payload(authentic.unaccepted_payload());
    black_box(authentic.remediation().map(genuine::play_integrity::Dialog::code));
    vouched(&authentic.accept(binding()?, UnixMillis(u64::from(Registers::read())))?);
    vouched(&verifier.verify(room(), binding()?, UnixMillis(u64::from(Registers::read())))?);
    Ok(())
}

fn decoded<C: Sha256>(crypto: &C) -> Result<(), Error> {
    let certificates = [received()];
    let policy = PlayPolicy::new(text(), &certificates);
    let decoded = DecodedVerifier::new(&policy, crypto)?.trust_answer(bytes(), bytes())?;
    vouched(&decoded.accept(binding()?, UnixMillis(u64::from(Registers::read())))?);
    payload(&Payload::parse(bytes())?);
    payload(&Payload::parse_answer(bytes())?);
    Ok(())
}

fn evidence<K, C>(crypto: &C) -> Result<Option<AttestedKey>, Error>
where
    C: AttestationCrypto + PlayIntegrityCrypto + PrepareEcdsa<P384, K>,
{
    let policies = [Policy::new(AppIdHash(received()))];
    let anchors = [TrustAnchor::new(bytes(), PublicKey::<P384>(received()))];
    let certificates = [received()];
    let policy = PlayPolicy::new(text(), &certificates);
    let keys = [KeyPair {
        decryption: DecryptionKey::new(received()),
        verification: VerificationKey::new(PublicKey(received())),
    }];
    let cache: RefCell<Option<CachedIssuer<C, K>>> = RefCell::new(None);
    let app_attest = AttestationVerifier::new(&policies, &anchors, crypto)?.with_issuer_cache(&cache);
    let mut verifier = EvidenceVerifier::default().with_app_attest(app_attest);
    if Registers::read() == 0 {
        verifier = verifier.with_play_tokens(ClassicVerifier::new(&policy, &keys, crypto)?);
        verifier = verifier.with_play_answers(DecodedVerifier::new(&policy, crypto)?);
    }
    let evidence = match Registers::read() {
        0 => Evidence::AppAttest {
            object: bytes(),
            key_id: KeyId(received()),
            client_data: ClientDataHash::new(bytes())?,
        },
        1 => Evidence::PlayToken { token: room(), binding: binding()? },
        _ => Evidence::PlayAnswer { answer: bytes(), token: bytes(), binding: binding()? },
    };
    let verified = verifier.verify(evidence, UnixMillis(u64::from(Registers::read())))?;
    black_box((verified.platform().as_str(), verified.environment(), verified.issued_at()));
    black_box(UnixMillis(u64::from(Registers::read())).to_unix_time());
    Ok(verified.key())
}

/// Chains of certificates, with RSA and without, with a cache of issuers and without.
fn key_attestation<K, C>(crypto: &C) -> Result<AttestedKey, Error>
where
    C: KeyAttestationCrypto + VerifyRsa + PrepareEcdsa<P256, K>,
{
    let digests = [received(), received()];
    let (others, boot_keys) = ([digests.as_slice()], [received()]);
    let app = || KeyPolicy::new(text(), &digests);
    let policy = match Registers::read() {
        0 => app().danger_ignore_validity_period().danger_accept_unlocked(),
        1 => app().accept_attest_keys().accept_any_key().accept_suspended().accept_shared_user_id(),
        2 => app().require_remote_provisioning().require_strong_box().refuse_unknown_tags(),
        3 => app().require_os_version(Registers::read()).require_os_patch_level(Registers::read()),
        4 => app().require_vendor_patch_level(Registers::read()).require_boot_patch_level(Registers::read()),
        5 => app().require_purposes(&[KeyPurpose::Sign, KeyPurpose::Other(9)]),
        _ => app().accept_other_signers(&others).accept_boot_keys(&boot_keys),
    };
    black_box(policy.package_name());
    let policies = [policy, app()];
    let rsa = RsaPublicKey::new(bytes()).or_else(|| RsaPublicKey::from_der(bytes())).ok_or(Error::AndroidIssuerKey)?;
    black_box(rsa.modulus());
    let [google, _] = GOOGLE_ROOTS;
    let (p256, p384) = (received(), received());
    let anchors = [
        TrustAnchor::from_trusted_issuer(bytes())?,
        TrustAnchor::new(bytes(), IssuerKey::Rsa(rsa)),
        TrustAnchor::new(bytes(), IssuerKey::P256(&p256)),
        TrustAnchor::new(bytes(), IssuerKey::P384(&p384)),
        google,
    ];

    let certificates = [bytes(), bytes(), bytes(), bytes(), bytes(), bytes(), bytes(), bytes(), bytes()];
    let attestation = KeyAttestation::parse(certificates.get(..Registers::read() as usize).unwrap_or(&certificates))?;
    black_box((attestation.provisioning(&anchors), attestation.certificates().rev().map(IssuerKey::of).count()));
    description(attestation.description());
    description(&KeyDescription::parse(bytes())?);
    black_box(Serial::from_slice(bytes()));

    let listed = [(text(), RevocationStatus::Suspended), (text(), RevocationStatus::Revoked)];
    let listed = RevokedSerials::new(listed.get(Registers::read() as usize..).unwrap_or_default())?;
    let asked = |serial: &str| match Registers::answer(&[serial.as_bytes()]) {
        Ok(()) => RevocationStatus::Good,
        Err(_) => listed.status(serial),
    };
    let verifier = KeyAttestationVerifier::new(&policies, &anchors, crypto)?;
    let _ = black_box(attested(&verifier.verify(&attestation, bytes(), &listed, now())?, crypto)?);
    let cache: RefCell<[Option<CachedIssuer<C, K>>; 4]> = RefCell::new([const { None }; 4]);
    let _ =
        black_box(attested(&verifier.with_issuer_cache(&cache).verify(&attestation, bytes(), &asked, now())?, crypto)?);
    black_box(cache.try_borrow().ok().and_then(|issuers| Some(*issuers.first()?.as_ref()?.fingerprint())));
    let without = KeyAttestationVerifier::without_rsa(&policies, &anchors, crypto)?;
    let cache: RefCell<Option<CachedIssuer<C, K>>> = RefCell::new(None);
    let _ =
        black_box(attested(&without.with_issuer_cache(&cache).verify(&attestation, bytes(), &asked, now())?, crypto)?);
    attested(&without.verify(&attestation, bytes(), &asked, now())?, crypto)
}

fn attested<C: AssertionCrypto>(verified: &VerifiedKeyAttestation<'_>, crypto: &C) -> Result<AttestedKey, Error> {
    description(verified.description());
    black_box((verified.policy_index(), verified.key(), verified.public_key(), verified.security_level()));
    black_box((verified.provisioning(), verified.provisioning_info()));
    black_box(verified.root_of_trust().map(|root| boot(&root)));
    black_box(verified.application_id().map(app));
    black_box(verified.serials().map(|serial| Registers::write(serial.as_bytes())).count());
    let owned = verified.to_owned();
    black_box(owned.serials().map(|serial| Registers::write(serial.as_bytes())).count());
    black_box((owned.root_of_trust, owned.key, owned.certificates_issued, owned.boot_patch_level));
    black_box(key_attestation::app_id_hash(text(), crypto)?);
    verified.attested_key(crypto)
}

fn description(description: &KeyDescription<'_>) {
    black_box((description.attestation_version(), description.attestation_security_level().number()));
    black_box((description.key_mint_version(), description.key_mint_security_level().number()));
    black_box((description.attestation_challenge(), description.unique_id(), description.unknown_tags()));
    list(description.software_enforced());
    list(description.hardware_enforced());
    black_box(description.application_id().map(|octets| AttestationApplicationId::parse(octets).map(app).ok()));
}

fn list(list: AuthorizationList<'_>) {
    for (tag, value) in list.iter() {
        black_box((tag.name(), tag.number(), value));
    }
    let Some(tag) = Tag::from_number(Registers::read().try_into().unwrap_or(0)) else { return };
    black_box((list.get(tag), list.has(tag), list.integer(tag), list.octets(tag), list.integers(tag).iter().count()));
    black_box((list.unknown_tags().count(), list.are_tags_ordered()));
    black_box((list.purposes().count(), list.algorithm(), list.ec_curve(), list.origin()));
    black_box(list.root_of_trust().map(|root| boot(&root)));
}

fn boot(root: &RootOfTrust<'_>) {
    black_box((root.verified_boot_key(), root.device_locked(), root.verified_boot_state(), root.verified_boot_hash()));
}

fn app(app: AttestationApplicationId<'_>) {
    black_box(app.packages().map(|package| package.version).max());
    black_box(app.signature_digests().count());
}

fn binding() -> Result<Binding<'static>, Error> {
    if Registers::read() == 0 { Binding::nonce(bytes()) } else { Binding::request_hash(text()) }
}

fn vouched(verified: &VerifiedIntegrity<'_>) {
    payload(verified.payload());
    black_box((verified.timestamp(), verified.key_index(), verified.single_use(), verified.remediation()));
}

fn payload(payload: &Payload<'_>) {
    black_box(payload.app.certificate_digests.iter().map(|text| text.chars().count()).sum::<usize>());
    black_box(payload.request.nonce.and_then(|nonce| nonce.as_str()));
    black_box(payload.request.request_hash.is_some_and(|hash| payload.request.package_name == Some(hash)));
    black_box(payload.device.labels.iter().any(|label| label == DeviceLabel::Unknown));
    black_box(payload.environment.apps_detected.is_none_or(|apps| apps.is_empty()));
    black_box(payload.environment.location_risks.is_none_or(|risks| risks.is_empty()));
}

fn challenge<C: HmacSha256 + Sha256>(crypto: &C) -> Result<(), Error> {
    black_box(conformance::check_hmac_sha256(crypto).err());
    let keys = [SessionKey::new(bytes())?, SessionKey::new(bytes())?];
    let keys = keys.get(Registers::read() as usize..).unwrap_or_default();
    let [number, ..] = Registers::read().to_le_bytes();
    let purpose = if number == 0 { Purpose::KeyAttestation } else { Purpose::Other(number) };
    let sealer = ChallengeSealer::new(purpose, keys, crypto)?.with_lifetime(long()).allow_skew(long());
    let sealed = sealer.seal(bytes(), &received(), UnixTime(long()))?;
    black_box((sealed.as_bytes(), sealed.write_text(&mut [0; SealedChallenge::TEXT_LEN])));
    let opened = match Registers::read() {
        0 => sealer.open(bytes(), bytes(), UnixTime(long())),
        _ => sealer.open_text(text(), bytes(), UnixTime(long())),
    }?;
    black_box((opened.id(), opened.sealed_at(), opened.expires_at()));
    Ok(())
}

fn request<C: HmacSha256 + Sha256>(crypto: &C) -> Result<(), Error> {
    let digest = received();
    let request = Request::new(text(), text(), text(), &digest)?;
    let secret = RequestSecret::derive(&SessionKey::new(bytes())?, text(), crypto)?;
    black_box(secret.expose());
    let signature = RequestSignature::sign(&request, text(), text(), UnixTime(long()), &secret, crypto)?;
    let signatures = [signature, RequestSignature::parse(text())?];
    let verifier = RequestVerifier::new(crypto).with_window(long(), long());
    for signature in &signatures {
        let verified = verifier.verify(signature, &request, UnixTime(long()), |key_id| {
            Registers::answer(&[key_id.as_bytes()]).map_err(|_| Error::RequestKeyUnknown)?;
            Ok(RequestSecret::new(received()))
        })?;
        black_box((verified.key_id(), verified.nonce(), verified.signed_at(), verified.expires_at()));
    }
    Ok(())
}

fn pkce<C: Sha256>(crypto: &C) -> Result<(), Error> {
    let challenges = [CodeChallenge::parse(text())?, CodeChallenge::of(text(), crypto)?];
    challenges.iter().try_for_each(|challenge| challenge.verify(text(), crypto))
}

fn mode<C: Sha256>(crypto: &C) -> Result<(), Error> {
    let outcome = Outcome::of(&Registers::answer(&[]).map_err(|_| Error::CryptoUnavailable));
    let mode = Mode::parse(text()).unwrap_or_default();
    let lock = if Registers::read() == 0 { Lock::Open } else { Lock::Locked };
    let ruling = black_box(mode.decide(outcome, lock));
    black_box((mode.as_str(), mode.verifies(), ruling.decision.allows(), ruling.status.as_str()));
    let hundredths = Registers::read().try_into().unwrap_or(u16::MAX);
    let rollout = Rollout::from_hundredths(hundredths).unwrap_or(Rollout::NONE);
    black_box((
        rollout.includes(Cohort::of(bytes(), bytes(), crypto)?),
        rollout.includes(Cohort::from_hash(&received())),
    ));
    let _ = black_box(ClientVersion::new([3, 17, 0, 0]).supports(ClientVersion::parse(text())));
    Ok(())
}

fn token_key<'k>() -> Result<TokenKey<'k>, Error> {
    match Registers::read() {
        0 => TokenKey::hs256(text(), bytes()),
        _ => Ok(TokenKey::es256(text(), PublicKey(received()))),
    }
}

fn now() -> UnixTime {
    UnixTime(u64::from(Registers::read()))
}

fn tokens<C: TokenCrypto>(crypto: &C) -> Result<(), Error> {
    let keys = [token_key()?, token_key()?];
    black_box((keys[0].kid(), keys[0].algorithm(), keys[0].public_key()));
    let policy = match Registers::read() {
        0 => TokenPolicy::danger_ignore_issuer_and_audience(),
        1 => TokenPolicy::new(text(), text()).with_type(text()),
        _ => TokenPolicy::new(text(), text()).with_skew(Registers::read()).limit_lifetime(Registers::read()),
    };
    let verifier = TokenVerifier::new(policy, &keys, crypto)?;
    verified(&verifier.verify(room(), now())?);
    let bound = verifier.verify_bound(room(), now())?;
    black_box(bound.thumbprint());
    verified(&bound.confirm_by_proven_key(&PublicKey(received()), crypto)?);

    let claims = [(text(), ClaimValue::Text(text())), (text(), ClaimValue::Integer(i64::from(Registers::read())))];
    let new = NewToken::new(text(), Registers::read()).with_platform(text()).with_environment(text());
    let new = new.with_verdict(text()).bound_to(Thumbprint(received())).with_claims(&claims);
    let minter = match Registers::read() {
        0 => TokenMinter::hs256(text(), text(), &keys[0], crypto)?,
        _ => TokenMinter::es256(text(), text(), text(), &Registers, crypto)?.with_type(text()),
    };
    black_box(minter.mint(&new, bytes(), now(), room())?);
    let wrong = WrongSecret::from_random(&received())?;
    let decoy = minter.mint_with_wrong_secret(&wrong, &new, bytes(), now(), room())?;
    black_box(decoy.as_text_that_no_verifier_accepts());

    let key = jwk::read(bytes(), crypto)?;
    black_box((jwk::write(&key, text(), room())?, jwk::write_set(&keys, room())?));
    black_box((Thumbprint::of(&key, crypto)?, Thumbprint::from_base64url(text())));
    black_box(conformance::check_signer(&Registers, crypto).err());
    Ok(())
}

fn verified(token: &VerifiedToken<'_>) {
    black_box((token.key_index(), token.issuer(), token.expires(), token.not_before(), token.issued()));
    black_box((token.confirmation(), token.platform(), token.environment(), token.verdict(), token.id()));
    black_box((token.text(text()), token.integer(text()), token.boolean(text())));
    for audience in token.audiences() {
        black_box((audience.as_str(), audience.is_empty(), audience == text()));
    }
    black_box(token.subject().map(|subject| subject.chars().count()));
}

fn proof<'p, C: TokenCrypto>(crypto: &C) -> Result<VerifiedProof<'p>, Error> {
    let mut request = ProofRequest::new(text(), text())?;
    if Registers::read() == 0 {
        request = request.with_nonce(text()).with_access_token(bytes(), crypto)?;
    }
    let policy = DpopPolicy::new(Registers::read()).with_skew(Registers::read());
    DpopVerifier::new(policy, crypto).verify(room(), &request, now())
}

fn proofs<C: TokenCrypto>(crypto: &C) -> Result<(), Error> {
    let proof = proof(crypto)?;
    black_box((proof.id(), proof.issued(), proof.key(), proof.thumbprint(), proof.text(text())));
    let keys = [token_key()?];
    let verifier = TokenVerifier::new(TokenPolicy::new(text(), text()), &keys, crypto)?;
    verified(&verifier.verify_bound(room(), now())?.confirm(&proof)?);
    Ok(())
}

fn client_attestations<C: TokenCrypto>(crypto: &C) -> Result<(), Error> {
    let keys = [token_key()?, token_key()?];
    let policy = ClientAttestationPolicy::new(Registers::read()).limit_attestation_age(Registers::read());
    let policy = policy.with_skew(Registers::read());
    let verifier = ClientAttestationVerifier::new(policy, text(), &keys, crypto)?;
    let challenge = (Registers::read() == 0).then(text);
    let attestation = verifier.verify(room(), challenge, now())?;
    black_box((attestation.client_id(), attestation.key(), attestation.attester_index(), attestation.expires()));
    black_box((attestation.issued(), attestation.text(text())));
    attestation.expect_key_of(&proof(crypto)?)?;
    let proof = verifier.verify_proof(room(), &attestation, challenge, now())?;
    black_box((proof.id(), proof.issued(), proof.challenge(), proof.text(text())));
    black_box(verifier.verify_proof_by_trusted_key(room(), &PublicKey(received()), challenge, now())?.id());
    let new = NewClientAttestation { client_id: text(), key: PublicKey(received()), lifetime: Registers::read() };
    black_box(client_attestation::mint(&new, text(), &Registers, now(), room(), crypto)?);
    let new = NewClientProof { audience: text(), challenge };
    black_box(client_attestation::mint_proof(&new, &Registers, bytes(), now(), room(), crypto)?);
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

impl Sha256 for Registers {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        Self::answer(parts).map(|()| received())
    }
}

impl Sha384 for Registers {
    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        Self::answer(parts).map(|()| received())
    }
}

impl HmacSha256 for Registers {
    fn hmac_sha256(&self, key: &[u8], parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        Self::write(key);
        Self::answer(parts).map(|()| received())
    }
}

impl SignP256 for Registers {
    fn public_key(&self) -> PublicKey<P256> {
        PublicKey(received())
    }

    fn sign(&self, digest: &[u8; 32]) -> Result<Signature<P256>, CryptoError> {
        Self::answer(&[digest]).map(|()| Signature(received()))
    }
}

impl VerifyEcdsa<P256> for Registers {
    fn check_key(&self, key: &PublicKey<P256>) -> Result<(), CryptoError> {
        Self::answer(&[&key.0])
    }

    fn verify(&self, key: &PublicKey<P256>, digest: &Digest, signature: &Signature<P256>) -> Result<(), CryptoError> {
        Self::answer(&[&key.0, digest.as_bytes(), &signature.0])
    }
}

impl VerifyEcdsa<P384> for Registers {
    fn check_key(&self, key: &PublicKey<P384>) -> Result<(), CryptoError> {
        Self::answer(&[&key.0])
    }

    fn verify(&self, key: &PublicKey<P384>, digest: &Digest, signature: &Signature<P384>) -> Result<(), CryptoError> {
        Self::answer(&[&key.0, digest.as_bytes(), &signature.0])
    }
}

impl VerifyRsa for Registers {
    fn verify_rsa_pkcs1_sha256(
        &self,
        key: RsaPublicKey<'_>,
        digest: &[u8; 32],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        Self::answer(&[key.modulus(), digest, signature])
    }
}

impl AesKwGcm for Registers {
    fn unwrap_key(&self, wrapping: &[u8; 32], wrapped: &[u8; 40]) -> Result<[u8; 32], CryptoError> {
        Self::answer(&[wrapping, wrapped]).map(|()| received())
    }

    fn open_in_place(
        &self,
        key: &[u8; 32],
        iv: &[u8; 12],
        additional: &[u8],
        text: &mut [u8],
        tag: &[u8; 16],
    ) -> Result<(), CryptoError> {
        for octet in &mut *text {
            [*octet, ..] = Self::read().to_le_bytes();
        }
        Self::answer(&[key, iv, additional, text, tag])
    }
}

/// Where the peripheral keeps a key.
struct Slot([u8; 4]);

impl PrepareEcdsa<P256, Slot> for Registers {
    fn prepare(&self, key: &PublicKey<P256>) -> Result<Slot, CryptoError> {
        Self::answer(&[&key.0]).map(|()| Slot(received()))
    }

    fn verify_prepared(&self, key: &Slot, digest: &Digest, signature: &Signature<P256>) -> Result<(), CryptoError> {
        Self::answer(&[&key.0, digest.as_bytes(), &signature.0])
    }
}

impl PrepareEcdsa<P384, Slot> for Registers {
    fn prepare(&self, key: &PublicKey<P384>) -> Result<Slot, CryptoError> {
        Self::answer(&[&key.0]).map(|()| Slot(received()))
    }

    fn verify_prepared(&self, key: &Slot, digest: &Digest, signature: &Signature<P384>) -> Result<(), CryptoError> {
        Self::answer(&[&key.0, digest.as_bytes(), &signature.0])
    }
}

impl StoredForm for Slot {
    const ENCODED_LEN: usize = 4;

    const NAME: &'static [u8] = b"slot";

    fn write_to(&self, octets: &mut [u8]) -> Option<()> {
        *<&mut [u8; 4]>::try_from(octets).ok()? = self.0;
        Some(())
    }

    fn from_trusted_bytes(octets: &[u8]) -> Option<Self> {
        octets.try_into().map(Self).ok()
    }
}

impl BatchEcdsa<P256, Slot> for Registers {
    type Lanes = LaneCount<4>;

    fn verify_batch(&self, items: &[Item<'_, P256, Slot>], verdicts: &mut [Result<(), CryptoError>]) {
        for (item, verdict) in items.iter().zip(verdicts) {
            let key: &[u8] = match item.key {
                Key::Plain(key) => &key.0,
                Key::Prepared(slot) => &slot.0,
            };
            *verdict = Self::answer(&[key, item.digest.as_bytes(), &item.signature.0]);
        }
    }
}

impl BatchEcdsa<P256, Unprepared> for Registers {
    type Lanes = LaneCount<1>;

    fn verify_batch(&self, items: &[Item<'_, P256, Unprepared>], verdicts: &mut [Result<(), CryptoError>]) {
        for (item, verdict) in items.iter().zip(verdicts) {
            *verdict = match item.key {
                Key::Plain(key) => Self::answer(&[&key.0, item.digest.as_bytes(), &item.signature.0]),
                Key::Prepared(none) => match *none {},
            };
        }
    }
}

/// The engine over `genuine-crypto`, and that crate alone.
#[cfg(feature = "genuine-crypto")]
mod own {
    use core::hint::black_box;

    use genuine::crypto::{GenuineCrypto, PreparedP256, PreparedP384};
    use genuine_crypto::{BasePoint, Invalid, P256, P384, Prepared, PublicKey, RsaPublicKey, Unverified};

    use super::{
        Registers, assertion, attestation, bytes, challenge, key_attestation, others, received, request, room, stored,
    };

    pub(super) fn all() {
        let _ = black_box(others(&GenuineCrypto));
        let _ = black_box(super::rsa(&GenuineCrypto));
        let _ = black_box(challenge(&GenuineCrypto));
        let _ = black_box(request(&GenuineCrypto));
        let _ = black_box(rsa());
        let _ = black_box(key_attestation::<PreparedP256<32>, _>(&GenuineCrypto));
        points::<8>();
        points::<32>();
        points::<128>();
        points::<512>();
    }

    fn points<const POINTS: usize>() {
        let _ = black_box(attestation::<PreparedP384<POINTS>, _>(&GenuineCrypto));
        let _ = black_box(assertion::<PreparedP256<POINTS>, _>(&GenuineCrypto));
        let _ = black_box(stored::<PreparedP256<POINTS>, _>(&GenuineCrypto));
        // With a digest of which nothing is known.
        let _ = black_box(stored::<PreparedP256<POINTS>, _>(&Registers));
        let _ = black_box(curve::<P256, POINTS>());
        let _ = black_box(curve::<P384, POINTS>());
    }

    fn rsa() -> Result<(), Invalid> {
        RsaPublicKey::new(bytes()).ok_or(Invalid)?.verify_pkcs1_sha256(&received(), bytes())
    }

    fn curve<C: BasePoint, const POINTS: usize>() -> Result<(), Invalid> {
        let key = PublicKey::<C>::from_be(bytes()).ok_or(Invalid)?;
        let prepared: Prepared<C, POINTS> = key.prepare();
        prepared.write_to(room()).ok_or(Invalid)?;
        let read = Prepared::<C, POINTS>::from_trusted_bytes(bytes()).ok_or(Invalid)?;
        black_box(C::table());
        let unverified = Unverified::<C>::new(bytes(), bytes())?;
        unverified.verify(&key)?;
        unverified.verify_prepared(&read)?;
        let pairs = [(bytes(), bytes()); 10];
        for unverified in Unverified::<C>::batch(pairs.get(..Registers::read() as usize).unwrap_or(&pairs)) {
            unverified?.verify_prepared(&prepared)?;
        }
        Ok(())
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

/// A number of 64 bits, such as a time.
fn long() -> u64 {
    u64::from_le_bytes(received())
}

/// Bytes of any length and content: a window of memory that something else fills.
fn bytes() -> &'static [u8] {
    let length = (Registers::read() as usize).min(2 * MAX_ATTESTATION);
    // SAFETY: as far as this image, which is never run, goes.
    unsafe { slice::from_raw_parts(black_box(0x2001_0000 as *const u8), length) }
}

/// Room of any length.
fn room() -> &'static mut [u8] {
    let length = (Registers::read() as usize).min(1 << 16);
    // SAFETY: as far as this image, which is never run, goes.
    unsafe { slice::from_raw_parts_mut(black_box(0x2002_0000 as *mut u8), length) }
}

fn text() -> &'static str {
    core::str::from_utf8(bytes()).unwrap_or_default()
}
