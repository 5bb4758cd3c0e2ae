//! Laws that hold for any input, with inputs from proptest: the same on every run.

use std::sync::LazyLock;

use genuine::{
    Error, UnixTime,
    app_attest::{
        AppIdHash, Assertion, AssertionVerifier, AttestationObject, AttestationVerifier, AttestedKey,
        AuthenticatorData, ClientDataHash, Counter, Environment, Environments, KeyId, LaunchData, Policy,
        ValidationCategory, VerifiedAttestation,
    },
    crypto::{P256, P384, PublicKey, RustCrypto},
    x509::{Certificate, TrustAnchor},
};
use genuine_testvectors::{
    BUNDLE_VERSION, Device, Environment as DeviceEnvironment, Generation, Kind, Mutation, SignedAssertion, TestPki,
    VALIDATION_CATEGORY, Vector, cbor::Cbor, generator::Generator, keys::sha256,
};
use proptest::{collection::vec, prelude::*, sample::select, test_runner::RngSeed};

use crate::common;

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(27), failure_persistence: None, ..ProptestConfig::default() }
}

/// The root of the test authorities.
static ROOT: LazyLock<(Vec<u8>, PublicKey<P384>)> = LazyLock::new(|| {
    let authorities = TestPki::default();
    let key = PublicKey::<P384>::from_uncompressed(&authorities.root_point()).expect("a point");
    (authorities.root_subject(), key)
});

/// A device whose authorities are made once.
static DEVICE: LazyLock<Device> = LazyLock::new(|| Device::new("properties").with_receipt_length(33));

fn app_id(text: &str) -> AppIdHash {
    AppIdHash(sha256(&[text.as_bytes()]))
}

/// What the verifier of an attestation is told.
#[derive(Clone)]
struct Request {
    object: Vec<u8>,
    app: AppIdHash,
    key_id: [u8; 32],
    client_data: Vec<u8>,
    now: u64,
    allow_development: bool,
}

impl Request {
    fn honest(device: &Device, client_data: &[u8]) -> Self {
        Self {
            object: device.attest_hash(client_data).object,
            app: app_id(device.app_id()),
            key_id: device.key_id(),
            client_data: client_data.to_vec(),
            now: device.issue_time(),
            allow_development: device.environment() == DeviceEnvironment::Development,
        }
    }

    fn verify<T>(&self, read: impl FnOnce(VerifiedAttestation<'_>) -> T) -> Result<T, Error> {
        let environments = if self.allow_development { Environments::Development } else { Environments::Production };
        let policies = [app_id("another app"), self.app].map(|app| Policy::new(app).with_environments(environments));
        let anchors = [TrustAnchor::new(&ROOT.0, ROOT.1)];
        let object = AttestationObject::parse(&self.object)?;
        AttestationVerifier::new(&policies, &anchors, &RustCrypto)?
            .verify(&object, &KeyId(self.key_id), &ClientDataHash::new(&self.client_data)?, UnixTime(self.now))
            .map(read)
    }

    fn error(&self) -> Option<Error> {
        self.verify(|_| ()).err()
    }
}

/// All of a proof but the receipt, which it does not cover.
fn facts(proof: &VerifiedAttestation<'_>) -> String {
    format!(
        "{:?} {} {:?} {:?} {:?} {:?}",
        proof.key().to_bytes(),
        proof.app_index(),
        proof.device(),
        proof.access_control(),
        proof.leaf_validity(),
        proof.launch()
    )
}

fn trusted_key(device: &Device) -> AttestedKey {
    let point = PublicKey::<P256>::from_uncompressed(&device.public_key()).expect("a point");
    let environment = match device.environment() {
        DeviceEnvironment::Production => Environment::Production,
        DeviceEnvironment::Development => Environment::Development,
    };
    AttestedKey::from_trusted_parts(&point, app_id(device.app_id()), environment, &RustCrypto).expect("a key")
}

/// Verifies an assertion under a policy that allows the app and the environment; the answer is its counter.
fn verify_assertion(object: &[u8], key: &AttestedKey, client_data: &[u8]) -> Result<Counter, Error> {
    let policies = [Policy::new(key.app_id()).with_environments(Environments::ProductionAndDevelopment)];
    let assertion = Assertion::parse(object)?;
    AssertionVerifier::new(&policies, &RustCrypto)?
        .verify(&assertion, key, &ClientDataHash::new(client_data)?)
        .map(|authentic| authentic.advance().to())
}

prop_compose! {
    fn devices()(
        app in "[A-Z0-9]{10}\\.[a-z.]{1,40}",
        generation in select(Generation::ALL.to_vec()),
        environment in select(vec![DeviceEnvironment::Production, DeviceEnvironment::Development]),
        cd_hash: bool,
        version in "[0-9.]{1,20}",
        category in 0_u32..20,
        counter in 0..u32::MAX,
    ) -> Device {
        let device = DEVICE.clone().with_app_id(&app).with_generation(generation).with_environment(environment);
        let device = device.with_launch_data(&version, category).with_counter(counter);
        if cd_hash { device.with_cd_hash() } else { device }
    }
}

fn nothing_panics(bytes: &[u8]) {
    let _ = AttestationObject::parse(bytes);
    let _ = Assertion::parse(bytes);
    let _ = Certificate::parse(bytes);
    let _ = AuthenticatorData::parse_attestation(bytes);
    let _ = AuthenticatorData::parse_assertion(bytes);
    let _ = KeyId::from_slice(bytes);
    let _ = KeyId::from_base64(&String::from_utf8_lossy(bytes));
    let _ = AttestedKey::from_trusted_bytes(bytes, &RustCrypto);
    let _ = TrustAnchor::from_trusted_certificate(bytes);
    let _ = PublicKey::<P256>::from_uncompressed(bytes);
}

/// What parsing says, as text: equal for equal views.
fn view(bytes: &[u8]) -> [String; 4] {
    [
        format!("{:?}", AttestationObject::parse(bytes)),
        format!("{:?}", Assertion::parse(bytes)),
        format!("{:?}", Certificate::parse(bytes)),
        format!("{:?}", AuthenticatorData::parse_assertion(bytes)),
    ]
}

proptest! {
    #![proptest_config(config(4_000))]

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..400)) {
        nothing_panics(&bytes);
    }

    /// Bytes that look like the beginning of something.
    #[test]
    fn no_likely_bytes_make_it_panic(
        bytes in vec(prop_oneof![
            select(vec![0x00, 0x01, 0x02, 0x03, 0x04, 0x06, 0x30, 0x31, 0x80, 0x81, 0x82, 0xA0, 0xA3, 0xFF]),
            select(vec![0x40, 0x58, 0x59, 0x63, 0x67, 0x69, 0x78, 0x82, 0xA1, 0xA2, 0xA3, 0xA5, 0xBF, 0x9F, 0xF8]),
            any::<u8>(),
        ], 0..200),
        prefix in select(vec![
            &b""[..], b"\xA3\x63fmt\x6Fapple-appattest", b"\xA2\x69signature", b"\x30\x82", b"\x30\x81\x80\x30",
        ]),
    ) {
        nothing_panics(&[prefix, &bytes].concat());
    }

    #[test]
    fn no_text_makes_a_key_identifier_panic(text in ".{0,60}") {
        if let Ok(id) = KeyId::from_base64(&text) {
            prop_assert!(matches!(text.len(), 43 | 44), "{:?}", id);
        }
    }

    #[test]
    fn key_identifiers_are_read_from_base64(id: [u8; 32], cut: bool, url: bool) {
        use base64::{Engine as _, engine::general_purpose::{STANDARD, URL_SAFE}};
        let mut text = if url { URL_SAFE.encode(id) } else { STANDARD.encode(id) };
        if cut {
            text.pop();
        }
        prop_assert_eq!(KeyId::from_base64(&text), Ok(KeyId(id)));
        text.pop();
        text.pop();
        prop_assert_eq!(KeyId::from_base64(&text), Err(Error::KeyIdFormat));
    }

    #[test]
    fn stored_keys_are_read_back_or_refused(at in 0..AttestedKey::ENCODED_LEN, change in 1_u8..) {
        let key = *KEY;
        let mut bytes = key.to_bytes();
        prop_assert_eq!(AttestedKey::from_trusted_bytes(&bytes, &RustCrypto), Ok(key));
        prop_assert!(AttestedKey::from_trusted_bytes(&bytes[..at], &RustCrypto).is_err());
        bytes[at] ^= change;
        let read = AttestedKey::from_trusted_bytes(&bytes, &RustCrypto);
        // The App ID and the environment are not bound to the key: the store is trusted with them.
        let unbound = (2..34).contains(&at) || (at == 1 && change == 1);
        prop_assert_eq!(read.is_ok(), unbound, "{:?}", read);
    }
}

static KEY: LazyLock<AttestedKey> = LazyLock::new(|| trusted_key(&DEVICE));

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn honest_attestations_verify(device in devices(), client_data in vec(any::<u8>(), 1..200)) {
        let request = Request::honest(&device, &client_data);
        let facts = request.verify(|proof| {
            assert_eq!(proof.app_index(), 1);
            (proof.key().to_bytes(), proof.launch().category, proof.receipt().as_unverified_bytes().to_vec())
        });
        let (key, category, receipt) = facts.expect("honest");
        prop_assert_eq!(key, trusted_key(&device).to_bytes());
        prop_assert_eq!(category.is_some(), has_launch_data(&request.object));
        prop_assert_eq!(receipt, device.receipt());
    }

    /// One thing differs from what the device did, and that thing is what the verifier says.
    #[test]
    fn one_difference_is_one_error(device in devices(), client_data in vec(any::<u8>(), 1..50), late in 1_u64..1_000_000) {
        let honest = Request::honest(&device, &client_data);
        let cases = [
            (Error::RpIdMismatch, Request { app: app_id("elsewhere"), ..honest.clone() }),
            (Error::KeyIdMismatch, Request { key_id: sha256(&[b"another key"]), ..honest.clone() }),
            (Error::NonceMismatch, Request { client_data: [&client_data[..], &[0]].concat(), ..honest.clone() }),
            (Error::ClientDataEmpty, Request { client_data: Vec::new(), ..honest.clone() }),
            (Error::LeafExpired, Request { now: device.not_after() + late, ..honest.clone() }),
            (Error::LeafNotYetValid, Request { now: device.not_before() - late, ..honest.clone() }),
            (Error::ClockUnset, Request { now: 0, ..honest.clone() }),
            (Error::EnvironmentMismatch, Request { allow_development: !honest.allow_development, ..honest.clone() }),
        ];
        for (error, request) in cases {
            prop_assert_eq!(request.error(), Some(error));
        }
        for now in [device.not_before(), device.not_after()] {
            prop_assert_eq!(Request { now, ..honest.clone() }.error(), None);
        }
    }

    #[test]
    fn honest_assertions_verify(device in devices(), client_data in vec(any::<u8>(), 1..200)) {
        let mut device = device;
        let SignedAssertion { object, counter, .. } = device.assert_hash(&client_data);
        let key = trusted_key(&device);
        prop_assert_eq!(verify_assertion(&object, &key, &client_data), Ok(Counter(counter)));
        prop_assert_eq!(verify_assertion(&object, &key, &[]), Err(Error::ClientDataEmpty));
        let other = [&client_data[..], &[0]].concat();
        prop_assert_eq!(verify_assertion(&object, &key, &other), Err(Error::SignatureInvalid));
        let elsewhere = trusted_key(&device.clone().with_app_id("elsewhere"));
        prop_assert_eq!(verify_assertion(&object, &elsewhere, &client_data), Err(Error::RpIdMismatch));
        let others = [Policy::new(app_id("elsewhere"))];
        let view = Assertion::parse(&object).expect("honest");
        let answer = AssertionVerifier::new(&others, &RustCrypto)
            .and_then(|verifier| verifier.verify(&view, &key, &ClientDataHash::new(&client_data)?));
        prop_assert_eq!(answer.map(drop), Err(Error::RpIdMismatch));
    }

    /// `accept_without_store(last)` ⇔ `last` < counter.
    #[test]
    fn counters_are_accepted_when_greater(counter: u32, last: u32, near in 0_u32..3) {
        let device = DEVICE.clone();
        let object = Mutation::default().mint_assertion(&device, counter, b"x");
        let assertion = Assertion::parse(&object).expect("honest");
        let policies = [Policy::new(app_id(device.app_id()))];
        let verifier = AssertionVerifier::new(&policies, &RustCrypto).expect("a policy");
        for last in [last, counter.saturating_sub(1).saturating_add(near), 0, u32::MAX] {
            let authentic = verifier.verify(&assertion, &*KEY, &ClientDataHash::new(b"x").expect("not empty")).expect("honest");
            let answer = authentic.accept_without_store(Counter(last)).map(|proof| proof.counter());
            let expected = if last < counter { Ok(Counter(counter)) } else { Err(Error::CounterNotIncreased) };
            prop_assert_eq!(answer, expected, "{} after {}", counter, last);
        }
    }

    #[test]
    fn signatures_have_a_twin_that_verifies(device in devices(), client_data in vec(any::<u8>(), 1..40)) {
        let twin = |signature: &mut Vec<u8>| {
            let parsed = p256::ecdsa::Signature::from_der(signature).expect("a signature");
            let (r, s) = parsed.split_scalars();
            let twin = p256::ecdsa::Signature::from_scalars(r.to_bytes(), (-*s).to_bytes()).expect("not zero");
            assert_ne!(twin, parsed);
            *signature = twin.to_der().as_bytes().to_vec();
        };
        let object = Mutation::default().signature(twin).mint_assertion(&device, 5, &client_data);
        prop_assert_eq!(verify_assertion(&object, &trusted_key(&device), &client_data), Ok(Counter(5)));
    }

    #[test]
    fn objects_end_where_they_end(device in devices(), byte: u8, more in vec(any::<u8>(), 0..8)) {
        let mut device = device;
        let more = [&[byte], &more[..]].concat();
        let attestation = device.attest_hash(b"x").object;
        let assertion = device.assert_hash(b"x").object;
        let appended = [&attestation[..], &more].concat();
        prop_assert_eq!(AttestationObject::parse(&appended).map(drop), Err(Error::CborTrailing));
        let appended = [&assertion[..], &more].concat();
        prop_assert_eq!(Assertion::parse(&appended).map(drop), Err(Error::CborTrailing));
        for length in [attestation.len() - 1, attestation.len() / 2, 0] {
            prop_assert!(AttestationObject::parse(&attestation[..length]).is_err());
        }
        for length in 0..assertion.len() {
            prop_assert!(Assertion::parse(&assertion[..length]).is_err());
        }
    }

    #[test]
    fn parsing_is_a_function_of_the_bytes(device in devices(), at: prop::sample::Index, change: u8) {
        let mut device = device;
        for mut object in [device.attest_hash(b"x").object, device.assert_hash(b"x").object] {
            *at.get_mut(&mut object) ^= change;
            prop_assert_eq!(view(&object), view(&object.clone()));
        }
    }

    /// The order of keys outside of what is signed says nothing.
    #[test]
    fn key_order_is_free(device in devices(), outer in Just([0_usize, 1, 2, 3]).prop_shuffle(), swap: bool) {
        let honest = Request::honest(&device, b"x");
        let shuffled = Mutation::default().envelope(move |envelope| {
            let old = std::mem::take(envelope.entries());
            *envelope.entries() = outer.iter().filter_map(|at| old.get(*at).cloned()).collect();
            if swap {
                envelope.value("attStmt").entries().reverse();
            }
        });
        let object = shuffled.mint_attestation(&device, b"x");
        let expected = honest.verify(|proof| (facts(&proof), proof.receipt().as_unverified_bytes().to_vec()));
        let answer = Request { object, ..honest }
            .verify(|proof| (facts(&proof), proof.receipt().as_unverified_bytes().to_vec()));
        prop_assert!(expected.is_ok());
        prop_assert_eq!(answer, expected);
        let object = shuffled_assertion(&device);
        prop_assert_eq!(verify_assertion(&object, &trusted_key(&device), b"x"), Ok(Counter(7)));
    }
}

fn shuffled_assertion(device: &Device) -> Vec<u8> {
    Mutation::default().envelope(|envelope| envelope.entries().reverse()).mint_assertion(device, 7, b"x")
}

fn has_launch_data(object: &[u8]) -> bool {
    object.windows(VALIDATION_CATEGORY.len()).any(|window| window == VALIDATION_CATEGORY.as_bytes())
}

/// Every bit of an attestation: refused, unless it is a bit of the receipt.
#[test]
fn every_flipped_bit_is_noticed() {
    let device = DEVICE.clone().with_generation(Generation::Ios27);
    let honest = Request::honest(&device, b"challenge");
    let expected = honest.verify(|proof| facts(&proof)).expect("honest");
    let receipt = device.receipt();
    let start = honest.object.windows(receipt.len()).position(|window| window == receipt).expect("a receipt");
    let inside = start..start + receipt.len();
    let mut flipped = honest.clone();
    for at in 0..honest.object.len() {
        for bit in 0..8 {
            flipped.object[at] ^= 1 << bit;
            let answer = flipped.verify(|proof| facts(&proof));
            flipped.object[at] ^= 1 << bit;
            if inside.contains(&at) {
                assert_eq!(answer.as_ref(), Ok(&expected), "byte {at} of the receipt");
            } else {
                assert!(answer.is_err(), "byte {at}, bit {bit}");
            }
        }
    }
}

#[test]
fn every_flipped_bit_of_an_assertion_is_noticed() {
    for generation in [Generation::Ios17, Generation::Ios27] {
        let mut device = DEVICE.clone().with_generation(generation);
        let object = device.assert_hash(b"x").object;
        let key = trusted_key(&device);
        assert!(verify_assertion(&object, &key, b"x").is_ok());
        for at in 0..object.len() {
            for bit in 0..8 {
                let mut flipped = object.clone();
                flipped[at] ^= 1 << bit;
                assert!(verify_assertion(&flipped, &key, b"x").is_err(), "byte {at}, bit {bit}");
            }
        }
    }
}

/// An entry of an extension map, and what it means.
#[derive(Clone, Debug)]
enum Entry {
    Version(String),
    CategoryBytes(u32),
    CategoryNumber(u32),
    Unknown(String, Vec<u8>),
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let version = prop::option::of("[0-9.a-zé]{1,100}".prop_map(Entry::Version));
    let category = prop::option::of(prop_oneof![
        any::<u32>().prop_map(Entry::CategoryBytes),
        any::<u32>().prop_map(Entry::CategoryNumber),
    ]);
    let value = prop_oneof![
        any::<i64>().prop_map(Cbor::int),
        vec(any::<u8>(), 0..20).prop_map(|bytes| Cbor::bytes(&bytes)),
        "[a-zé]{0,8}".prop_map(|text| Cbor::text(&text)),
        select(vec![&[0xF4][..], &[0xF6], &[0xF9, 0x7E, 0x00], &[0xFA, 0, 0, 0, 0]])
            .prop_map(|raw| Cbor::Raw(raw.to_vec())),
    ];
    let value = value.prop_recursive(2, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Cbor::array),
            vec(inner, 0..3).prop_map(|values| {
                Cbor::map((0_i64..).zip(values).map(|(key, value)| (Cbor::int(key), value)).collect())
            }),
        ]
    });
    let unknown = prop::collection::hash_map("x[a-z]{0,6}", value.prop_map(|value| value.encode()), 0..5);
    let unknown = unknown.prop_map(|map| {
        let mut entries: Vec<_> = map.into_iter().collect();
        entries.sort();
        entries.into_iter().map(|(key, value)| Entry::Unknown(key, value)).collect::<Vec<_>>()
    });
    (version, category, unknown)
        .prop_map(|(version, category, unknown)| version.into_iter().chain(category).chain(unknown).collect::<Vec<_>>())
        .prop_shuffle()
}

fn extension_map(entries: &[Entry]) -> Vec<u8> {
    let encode = |entry: &Entry| match entry {
        Entry::Version(version) => (Cbor::text(BUNDLE_VERSION), Cbor::text(version)),
        Entry::CategoryBytes(category) => (Cbor::text(VALIDATION_CATEGORY), Cbor::bytes(&category.to_le_bytes())),
        Entry::CategoryNumber(category) => (Cbor::text(VALIDATION_CATEGORY), Cbor::uint(u64::from(*category))),
        Entry::Unknown(key, value) => (Cbor::text(key), Cbor::Raw(value.clone())),
    };
    Cbor::map(entries.iter().map(encode).collect()).encode()
}

/// Authenticator data of an assertion with this extension map.
fn with_map(map: &[u8]) -> Vec<u8> {
    [&[9; 32][..], &[0xC0, 0, 0, 0, 1], map].concat()
}

fn launch(auth_data: &[u8]) -> Result<LaunchData<'_>, Error> {
    AuthenticatorData::parse_assertion(auth_data).map(|data| data.launch())
}

fn refusal(entries: &[Entry]) -> Option<Error> {
    launch(&with_map(&extension_map(entries))).err()
}

proptest! {
    #![proptest_config(config(3_000))]

    #[test]
    fn launch_data_is_what_the_map_says(entries in entries()) {
        let auth_data = with_map(&extension_map(&entries));
        prop_assume!(auth_data.len() <= 37 + 512);
        let launch = launch(&auth_data).expect("within bounds");
        let version = entries.iter().find_map(|entry| match entry {
            Entry::Version(version) => Some(version.as_str()),
            _ => None,
        });
        let category = entries.iter().find_map(|entry| match entry {
            Entry::CategoryBytes(category) | Entry::CategoryNumber(category) => Some(ValidationCategory(*category)),
            _ => None,
        });
        prop_assert_eq!((launch.bundle_version, launch.category), (version, category));
    }

    #[test]
    fn maps_beyond_bounds_are_refused(entries in entries(), count in 17_usize..40, size in 503_usize..900, depth in 32_usize..60) {
        let key = |number: usize| format!("k{number}");
        let many: Vec<_> = (0..count).map(|number| Entry::Unknown(key(number), vec![0])).collect();
        prop_assert_eq!(refusal(&many), Some(Error::ExtMapLimit));
        let mut large = entries.clone();
        large.push(Entry::Unknown("large".to_owned(), Cbor::bytes(&vec![0; size]).encode()));
        prop_assert_eq!(refusal(&large), Some(Error::ExtMapLimit));
        let nested = [vec![0x81; depth], vec![0]].concat();
        prop_assert_eq!(refusal(&[Entry::Unknown(key(0), nested)]), Some(Error::ExtMapLimit));
        if let Some(Entry::Unknown(key, _)) = entries.last() {
            let twice = [&entries[..], &[Entry::Unknown(key.clone(), vec![0])]].concat();
            prop_assume!(extension_map(&twice).len() <= 512);
            prop_assert_eq!(refusal(&twice), Some(Error::ExtMapDuplicateKey));
        }
    }
}

/// As many entries as there may be, as deep a value, as many bytes.
#[test]
fn maps_within_bounds_are_passed_over() {
    let sixteen: Vec<_> = (0..16).map(|number| Entry::Unknown(format!("k{number}"), vec![0])).collect();
    let deepest = [Entry::Unknown("k".to_owned(), [vec![0x81; 31], vec![0]].concat())];
    let filler = 512 - extension_map(&[Entry::Unknown("k".to_owned(), Cbor::bytes(&[0; 256]).encode())]).len() + 256;
    let largest = [Entry::Unknown("k".to_owned(), Cbor::bytes(&vec![0; filler]).encode())];
    assert_eq!(extension_map(&largest).len(), 512);
    for entries in [&sixteen[..], &deepest, &largest] {
        assert_eq!(launch(&with_map(&extension_map(entries))), Ok(LaunchData::default()));
    }
}

/// The verdict of a launch policy that allows these categories and versions.
fn under_policy(object: &[u8], categories: &[u32], versions: Option<&[&str]>) -> Result<(), Error> {
    let categories: Vec<_> = categories.iter().copied().map(ValidationCategory).collect();
    let mut policy = Policy::new(KEY.app_id()).require_categories(&categories);
    if let Some(versions) = versions {
        policy = policy.require_bundle_versions(versions);
    }
    let assertion = Assertion::parse(object)?;
    AssertionVerifier::new(&[policy], &RustCrypto)?.verify(&assertion, &*KEY, &ClientDataHash::new(b"x")?).map(drop)
}

proptest! {
    #![proptest_config(config(100))]

    /// Allowing more never refuses more, and what is allowed is exactly what is listed.
    #[test]
    fn launch_policies_are_monotone(
        category in 0_u32..12,
        allowed in vec(0_u32..12, 0..6),
        more in vec(0_u32..12, 0..6),
        launch_data: bool,
    ) {
        let generation = if launch_data { Generation::Ios27 } else { Generation::Ios26 };
        let device = DEVICE.clone().with_generation(generation).with_launch_data("7", category);
        let object = Mutation::default().mint_assertion(&device, 1, b"x");
        let narrow = under_policy(&object, &allowed, None);
        let wide = under_policy(&object, &[&allowed[..], &more].concat(), None);
        prop_assert!(narrow.is_err() || wide.is_ok());
        let expected = match (launch_data, allowed.contains(&category)) {
            (false, _) => Err(Error::LaunchDataMissing),
            (true, false) => Err(Error::CategoryRefused),
            (true, true) => Ok(()),
        };
        prop_assert_eq!(narrow, expected);
        if narrow.is_ok() {
            prop_assert_eq!(under_policy(&object, &allowed, Some(&["8", "7"])), Ok(()));
            prop_assert_eq!(under_policy(&object, &allowed, Some(&["8"])), Err(Error::BundleVersionRefused));
        }
    }
}

thread_local! {
    static GENERATOR: Generator = Generator::new();
}

fn verdict(vector: &Vector) -> Result<(), Error> {
    // What the object is comes before what is said about it.
    match vector.kind {
        Kind::Attestation => AttestationObject::parse(&vector.object).map(|_| ())?,
        Kind::Assertion => Assertion::parse(&vector.object).map(|_| ())?,
    }
    common::vectors::verify(vector, DEVICE.authorities(), &RustCrypto)
}

proptest! {
    #![proptest_config(config(500))]

    /// An honest device and up to three mutations of the suite: that whose check comes first decides.
    #[test]
    fn drawn_objects_end_as_predicted(entropy in vec(any::<u8>(), 0..40)) {
        let vector = GENERATOR.with(|generator| generator.draw(&entropy));
        prop_assert_eq!(verdict(&vector).err().map(Error::name), vector.expected.as_deref(), "{}", vector.id);
    }
}
