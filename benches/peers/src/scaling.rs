//! How many assertions a second: of one device, of a thousand, of a hundred thousand in random order; one by one and in
//! batches; on one thread and on two.
//!
//! Every device has one stored key, and at its side, where keys are prepared, one table. All lie in memory, in arrays: what
//! a real cache takes to find an entry comes on top. Requests lie there too, and the processor's caches hold few of either
//! where there are many devices.

use std::{sync::Barrier, thread, time::Duration};

use genuine::{
    Error,
    app_attest::{
        AppIdHash, Assertion, AssertionCrypto, AssertionKey, AssertionRequest, AssertionVerifier, AttestedKey,
        AuthenticAssertion, BatchKey, ClientDataHash, Counter, Environment, Policy, PreparedKey,
    },
    crypto::{BatchEcdsa, GenuineCrypto, P256, PrepareEcdsa, PreparedP256, PublicKey},
};
use genuine_backend_aws_lc::AwsLc;
use genuine_crypto_ifma::Ifma;
use genuine_testvectors::keys::sha256;
use p256::{
    FieldBytes, ProjectivePoint, Scalar,
    ecdsa::Signature,
    elliptic_curve::{ops::Reduce as _, sec1::ToSec1Point as _},
};

use xtask::record::peers as record;

use crate::{
    cores::Cores,
    measure::{Contender, Effort, Measured, Side, Stopwatch, measure},
    ours::NO_LANES,
    table::whole,
};

/// Numbers of devices.
pub(crate) const DEVICES: [usize; 3] = [1, 1_000, 100_000];
/// The same where nothing is to be measured.
const QUICK_DEVICES: [usize; 3] = [1, 10, 100];
/// Numbers of threads.
pub(crate) const THREADS: [usize; 2] = [1, 2];
/// Assertions that are handed over at once.
pub(crate) const BATCHES: [usize; 3] = [1, 8, 64];
/// Assertions of a device that is alone, so that no branch predictor learns one by heart.
const ALONE: u32 = 64;

const APP_ID: &str = "0123456789.com.example.app";

type Small = PreparedP256<32>;
type Large = PreparedP256<128>;

/// An assertion and what was sent with it.
struct Request {
    device: usize,
    counter: u32,
    object: Vec<u8>,
    client_data_hash: [u8; 32],
}

/// Devices, and what a verifier stores of them.
struct Fleet {
    policies: [Policy<'static>; 1],
    keys: Vec<AttestedKey>,
    genuine_crypto: Prepared<GenuineCrypto>,
    /// The same keys once more: what one backend prepared, another does not verify with. `None` if the processor cannot.
    lanes: Option<(Ifma, Prepared<Ifma>)>,
    /// Of the first device.
    of_one: Vec<Request>,
    /// One of each.
    of_all: Vec<Request>,
}

/// All keys as a backend prepared them.
struct Prepared<C> {
    small: Vec<PreparedKey<C, Small>>,
    large: Vec<PreparedKey<C, Large>>,
}

impl<C: PrepareEcdsa<P256, Small> + PrepareEcdsa<P256, Large> + Sync> Prepared<C> {
    fn new(keys: &[AttestedKey], crypto: &C) -> Self {
        Self {
            small: on_all_cores(keys, |key| prepare(key, crypto)),
            large: on_all_cores(keys, |key| prepare(key, crypto)),
        }
    }
}

/// How keys are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    /// As they are stored.
    Plain,
    /// Prepared in 2 KB, in memory.
    Small,
    /// Prepared in 8 KB, in memory.
    Large,
    /// Prepared in 2 KB for each assertion again.
    SmallAnew,
    /// Prepared in 8 KB for each assertion again.
    LargeAnew,
}

/// What verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// aws-lc-rs as the backend.
    AwsLc,
    /// `GenuineCrypto`.
    GenuineCrypto,
    /// The lanes.
    Ifma,
}

/// A way of verifying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Way {
    /// By what.
    pub(crate) by: By,
    /// With which keys.
    pub(crate) keys: Keys,
    /// How many at once; one by one where there is no number.
    pub(crate) batch: Option<usize>,
}

/// What came out.
pub(crate) struct Scaling {
    /// How many devices there were.
    devices: [usize; 3],
    /// Bytes of memory for a device, by the keys that are kept.
    sizes: [usize; 3],
    /// For each way the measured figures, in the order of [`THREADS`] and [`DEVICES`]; or why there are none.
    pub(crate) rows: Vec<(Way, Result<Vec<Measured>, String>)>,
}

impl Way {
    const fn one_by_one(by: By, keys: Keys) -> Self {
        Self { by, keys, batch: None }
    }

    fn name(self) -> String {
        let keys = match self.keys {
            Keys::Plain => "unprepared",
            Keys::Small => "prepared 2 KB",
            Keys::Large => "prepared 8 KB",
            Keys::SmallAnew => "cold: 2 KB prepared anew",
            Keys::LargeAnew => "cold: 8 KB prepared anew",
        };
        match self.by {
            By::AwsLc => "aws-lc-rs".to_owned(),
            By::GenuineCrypto => format!("GenuineCrypto, {keys}"),
            By::Ifma => format!("lanes, {keys}"),
        }
    }

    /// All that are measured; the first is the reference.
    fn all() -> Vec<Self> {
        let mut all = vec![
            Self::one_by_one(By::AwsLc, Keys::Plain),
            Self::one_by_one(By::GenuineCrypto, Keys::Plain),
            Self::one_by_one(By::GenuineCrypto, Keys::Small),
            Self::one_by_one(By::GenuineCrypto, Keys::Large),
            Self::one_by_one(By::GenuineCrypto, Keys::SmallAnew),
            Self::one_by_one(By::GenuineCrypto, Keys::LargeAnew),
        ];
        for by in [By::GenuineCrypto, By::Ifma] {
            for keys in [Keys::Plain, Keys::Small, Keys::Large] {
                all.extend(BATCHES.map(|batch| Self { by, keys, batch: Some(batch) }));
            }
        }
        all
    }

    /// How this way verifies: it says how many of some requests it accepts. `None` if the processor cannot.
    fn verify(self, fleet: &'static Fleet) -> Option<Verify> {
        let (plain, Prepared { small, large }) = (&fleet.keys, &fleet.genuine_crypto);
        Some(match (self.by, self.keys, self.batch) {
            (By::AwsLc, ..) => one_by_one(fleet, AwsLc, |device| &plain[device]),
            (By::Ifma, keys, _) => {
                let (crypto, Prepared { small, large }) = fleet.lanes.as_ref()?;
                match keys {
                    Keys::Plain => batched(fleet, *crypto, |device| &plain[device]),
                    Keys::Small => batched(fleet, *crypto, |device| &small[device]),
                    _ => batched(fleet, *crypto, |device| &large[device]),
                }
            }
            (By::GenuineCrypto, Keys::Plain, None) => one_by_one(fleet, GenuineCrypto, |device| &plain[device]),
            (By::GenuineCrypto, Keys::Small, None) => one_by_one(fleet, GenuineCrypto, |device| &small[device]),
            (By::GenuineCrypto, Keys::Large, None) => one_by_one(fleet, GenuineCrypto, |device| &large[device]),
            (By::GenuineCrypto, Keys::SmallAnew, _) => prepared_anew::<Small>(fleet),
            (By::GenuineCrypto, Keys::LargeAnew, _) => prepared_anew::<Large>(fleet),
            (By::GenuineCrypto, Keys::Plain, Some(_)) => batched(fleet, GenuineCrypto, |device| &plain[device]),
            (By::GenuineCrypto, Keys::Small, Some(_)) => batched(fleet, GenuineCrypto, |device| &small[device]),
            (By::GenuineCrypto, Keys::Large, Some(_)) => batched(fleet, GenuineCrypto, |device| &large[device]),
        })
    }
}

/// How many of some requests are accepted.
type Verify = Box<dyn Fn(&[&'static Request]) -> usize + Sync>;

/// One after the other, by the key of each device as it is kept.
fn one_by_one<H, C>(fleet: &'static Fleet, crypto: C, key: impl Fn(usize) -> &'static H + Sync + 'static) -> Verify
where
    H: AssertionKey<C> + 'static,
    C: AssertionCrypto + Sync + 'static,
{
    let verifier = fleet.verifier(crypto);
    Box::new(move |requests| {
        requests.iter().filter(|request| request.is_accepted_by(&verifier, key(request.device))).count()
    })
}

/// One after the other, each by a key that is prepared for it alone.
fn prepared_anew<K>(fleet: &'static Fleet) -> Verify
where
    GenuineCrypto: PrepareEcdsa<P256, K>,
{
    let verifier = fleet.verifier(GenuineCrypto);
    Box::new(move |requests| {
        let is_accepted = |request: &&&Request| {
            let key: PreparedKey<_, K> = prepare(&fleet.keys[request.device], &GenuineCrypto);
            request.is_accepted_by(&verifier, &key)
        };
        requests.iter().filter(is_accepted).count()
    })
}

fn batched<H, C>(fleet: &'static Fleet, crypto: C, key: impl Fn(usize) -> &'static H + Sync + 'static) -> Verify
where
    H: BatchKey<C> + 'static,
    C: AssertionCrypto + BatchEcdsa<P256, H::Form> + Sync + 'static,
{
    let verifier = fleet.verifier(crypto);
    Box::new(move |requests| {
        let parsed = requests.iter().map(|request| Assertion::parse(&request.object));
        let Ok(assertions) = parsed.collect::<Result<Vec<_>, _>>() else { return 0 };
        let asked = assertions.iter().zip(requests).map(|(assertion, request)| AssertionRequest {
            assertion,
            key: key(request.device),
            client_data: ClientDataHash::from(&request.client_data_hash),
        });
        let mut accepted = 0;
        verifier.verify_batch(asked, |place, answer| {
            accepted += usize::from(requests[place].is_accepted(answer));
        });
        accepted
    })
}

fn prepare<K, C: PrepareEcdsa<P256, K>>(key: &AttestedKey, crypto: &C) -> PreparedKey<C, K> {
    PreparedKey::new(key, crypto).expect("a point")
}

/// A number and that multiple of the base point. The next one is an addition away, and so a hundred thousand keys and
/// signatures are minted in seconds. Whoever sees two of these signatures knows both keys; they protect nothing.
struct Multiple {
    number: Scalar,
    point: ProjectivePoint,
}

impl Multiple {
    fn new(seed: &[u8], index: usize) -> Self {
        let first = Scalar::reduce(&FieldBytes::from(sha256(&[b"genuine-peers", seed])));
        let number = first + Scalar::from(index as u64);
        Self { number, point: ProjectivePoint::GENERATOR * number }
    }

    fn advance(&mut self) {
        self.number += Scalar::ONE;
        self.point += ProjectivePoint::GENERATOR;
    }

    /// `X ‖ Y` and the octet before it.
    fn octets(&self) -> [u8; 65] {
        let point = self.point.to_affine().to_sec1_point(false);
        point.as_bytes().try_into().expect("not infinity")
    }
}

impl Request {
    /// An assertion in its shortest form, signed with a key and a nonce.
    fn mint(key: &Scalar, nonce: &Multiple, app: &AppIdHash, device: usize, counter: u32) -> Self {
        let client_data_hash = sha256(&[&device.to_be_bytes(), &counter.to_be_bytes()]);
        let auth_data = [&app.0[..], &[0x40], &counter.to_be_bytes()].concat();
        let digest = sha256(&[&sha256(&[&auth_data, &client_data_hash])]);
        // FIPS 186-5 §6.4.1.
        let x: [u8; 32] = nonce.octets()[1..33].try_into().expect("32 octets");
        let r = Scalar::reduce(&FieldBytes::from(x));
        let s = nonce.number.invert().expect("not zero") * (Scalar::reduce(&FieldBytes::from(digest)) + r * key);
        let signature = Signature::from_scalars(r, s).expect("not zero").to_der();
        let octets = |octets: &[u8]| [&[0x58, u8::try_from(octets.len()).expect("short")], octets].concat();
        let object =
            [b"\xa2\x69signature", &octets(signature.as_bytes())[..], b"\x71authenticatorData", &octets(&auth_data)]
                .concat();
        Self { device, counter, object, client_data_hash }
    }

    fn is_accepted_by<C: AssertionCrypto>(
        &self,
        verifier: &AssertionVerifier<'_, C>,
        key: &impl AssertionKey<C>,
    ) -> bool {
        let client_data = ClientDataHash::from(&self.client_data_hash);
        self.is_accepted(
            Assertion::parse(&self.object).and_then(|assertion| verifier.verify(&assertion, key, &client_data)),
        )
    }

    fn is_accepted(&self, answer: Result<AuthenticAssertion<'_>, Error>) -> bool {
        answer
            .and_then(|authentic| authentic.accept_without_store(Counter::ATTESTED))
            .is_ok_and(|proof| proof.counter() == Counter(self.counter))
    }
}

impl Fleet {
    /// On all cores.
    fn mint(devices: usize) -> Self {
        const CHUNK: usize = 1_000;
        let app = AppIdHash::of(APP_ID, &GenuineCrypto).expect("a hash");
        let mint = |first: &usize| {
            let (mut key, mut nonce) = (Multiple::new(b"key", *first), Multiple::new(b"nonce", *first));
            let mint = |device: usize| {
                let point = PublicKey::from_uncompressed(&key.octets()).expect("a point");
                let attested = AttestedKey::from_trusted_parts(&point, app, Environment::Production, &GenuineCrypto);
                let request = Request::mint(&key.number, &nonce, &app, device, 1);
                key.advance();
                nonce.advance();
                (attested.expect("a point"), request)
            };
            (*first..devices.min(first + CHUNK)).map(mint).collect::<Vec<_>>()
        };
        let chunks: Vec<_> = (0..devices).step_by(CHUNK).collect();
        let (keys, of_all): (Vec<_>, Vec<_>) = on_all_cores(&chunks, mint).into_iter().flatten().unzip();
        let key = Multiple::new(b"key", 0).number;
        let mut nonce = Multiple::new(b"nonce of the first", 0);
        let mint = |counter| {
            nonce.advance();
            Request::mint(&key, &nonce, &app, 0, counter)
        };
        Self {
            policies: [Policy::new(app)],
            genuine_crypto: Prepared::new(&keys, &GenuineCrypto),
            lanes: Ifma::detect().map(|crypto| (crypto, Prepared::new(&keys, &crypto))),
            of_one: (1..=ALONE).map(mint).collect(),
            of_all,
            keys,
        }
    }

    fn verifier<C: AssertionCrypto>(&'static self, crypto: C) -> AssertionVerifier<'static, C> {
        AssertionVerifier::new(&self.policies, Box::leak(Box::new(crypto))).expect("a configuration")
    }

    /// The requests of so many devices.
    fn requests(&self, devices: usize) -> &[Request] {
        if devices == 1 { &self.of_one } else { &self.of_all[..devices] }
    }
}

/// Maps each item, in their order.
fn on_all_cores<T: Sync, U: Send>(items: &[T], map: impl Fn(&T) -> U + Sync) -> Vec<U> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let chunks = items.chunks(items.len().div_ceil(cores).max(1));
        let threads: Vec<_> = chunks.map(|chunk| scope.spawn(|| chunk.iter().map(&map).collect::<Vec<_>>())).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("it does not panic")).collect()
    })
}

/// A random order (xorshift of Marsaglia).
#[derive(Clone)]
struct Order(u64);

impl Order {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        // The high half, as a fraction of what it could be.
        usize::try_from(((self.0 >> 32) * below as u64) >> 32).expect("below a number of that type")
    }
}

/// Measures all ways.
pub(crate) fn scaling(quick: bool, cores: &Cores) -> Scaling {
    let (devices, effort) = if quick { (QUICK_DEVICES, Effort::QUICK) } else { (DEVICES, Effort::SCALING) };
    let most = devices[devices.len() - 1];
    eprintln!("minting {most} devices …");
    cores.use_all();
    let fleet: &'static Fleet = Box::leak(Box::new(Fleet::mint(most)));
    let ways: Vec<(Way, Option<&'static Verify>)> = Way::all()
        .into_iter()
        .map(|way| (way, way.verify(fleet).map(|verify| &*Box::leak(Box::new(verify)))))
        .collect();
    for (way, verify) in &ways {
        verify.inspect(|verify| check(*way, verify, fleet));
    }
    let mut rows: Vec<_> = ways
        .iter()
        .map(|(way, verify)| (*way, verify.map(|_| Vec::new()).ok_or_else(|| NO_LANES.to_owned())))
        .collect();
    for threads in THREADS {
        if threads == 1 {
            cores.use_one();
        } else {
            cores.use_all();
        }
        for devices in devices {
            eprintln!("assertions, devices: {devices}, threads: {threads} …");
            let requests = fleet.requests(devices);
            let mut contenders: Vec<_> =
                ways.iter().map(|(way, verify)| contender(*way, *verify, requests, threads)).collect();
            for ((_, figures), measured) in rows.iter_mut().zip(measure(&mut contenders, effort)) {
                if let (Ok(figures), Some(measured)) = (figures, measured) {
                    figures.push(measured);
                }
            }
        }
    }
    cores.use_one();
    let stored = size_of::<AttestedKey>();
    let [small, large] =
        [size_of::<PreparedKey<GenuineCrypto, Small>>(), size_of::<PreparedKey<GenuineCrypto, Large>>()];
    Scaling { devices, sizes: [stored, small, large], rows }
}

/// Accepts all good ones, and of a batch all but the altered one.
fn check(way: Way, verify: &Verify, fleet: &'static Fleet) {
    let size = way.batch.unwrap_or(1);
    for requests in [&fleet.of_one, &fleet.of_all] {
        for requests in requests.chunks(size).take(4) {
            let mut batch: Vec<_> = requests.iter().collect();
            assert_eq!(verify(&batch), batch.len(), "{} refuses a good one", way.name());
            for place in [0, batch.len() / 2, batch.len() - 1] {
                let good = batch[place];
                let mut client_data_hash = good.client_data_hash;
                client_data_hash[0] ^= 1;
                batch[place] = Box::leak(Box::new(Request { object: good.object.clone(), client_data_hash, ..*good }));
                assert_eq!(verify(&batch), batch.len() - 1, "{} accepts an altered one", way.name());
                batch[place] = good;
            }
        }
    }
}

/// A way, on some threads at once, each with an order of its own.
fn contender(way: Way, verify: Option<&'static Verify>, requests: &'static [Request], threads: usize) -> Contender {
    const OPERATION: &str = "assertions of a fleet";
    let name = way.name();
    let Some(verify) = verify else { return Contender::absent(OPERATION, &name, Side::Ours, NO_LANES) };
    let size = way.batch.unwrap_or(1);
    let mut orders: Vec<_> = (1..=threads as u64).map(|thread| Order(thread * 0x9E37_79B9_7F4A_7C15)).collect();
    let turn = move |order: &mut Order, iterations: u32| {
        let mut batch = Vec::with_capacity(size);
        let watch = Stopwatch::start();
        for _ in 0..iterations {
            batch.clear();
            batch.extend((0..size).map(|_| &requests[order.next(requests.len())]));
            assert_eq!(verify(&batch), size);
        }
        watch.elapsed()
    };
    let contender = Contender::timed(OPERATION, &name, Side::Ours, move |iterations| match orders.as_mut_slice() {
        [order] => turn(order, iterations),
        orders => {
            let barrier = Barrier::new(orders.len());
            let times = thread::scope(|scope| {
                let spawn = |order| {
                    scope.spawn(|| {
                        barrier.wait();
                        turn(order, iterations)
                    })
                };
                let running: Vec<_> = orders.iter_mut().map(spawn).collect();
                running.into_iter().map(|thread| thread.join().expect("all are accepted")).collect::<Vec<_>>()
            });
            together(&times)
        }
    });
    let items = u32::try_from(size * threads).expect("few");
    let contender = contender.with_items(items);
    if way.by == By::AwsLc { contender.into_reference() } else { contender }
}

/// What all together took if each did the same: their speeds add up.
fn together(times: &[Duration]) -> Duration {
    let speeds: f64 = times.iter().map(|time| 1.0 / time.as_secs_f64().max(1e-9)).sum();
    Duration::from_secs_f64(f64::from(u32::try_from(times.len()).expect("few")) / speeds)
}

impl Scaling {
    /// As the record has it.
    pub(crate) fn record(&self) -> record::Scaling {
        let columns = self.devices.len();
        let way = |(way, figures): &(Way, Result<Vec<Measured>, String>)| {
            let rows = || figures.iter().flat_map(|figures| figures.chunks(columns));
            let ratio = |measured: &Measured| measured.to_reference.map_or(f64::NAN, record::rounded);
            record::Way {
                name: way.name(),
                at_once: way.batch.map(|batch| batch as u64),
                memory: match way.keys {
                    Keys::Plain | Keys::SmallAnew | Keys::LargeAnew => self.sizes[0],
                    Keys::Small => self.sizes[1],
                    Keys::Large => self.sizes[2],
                } as u64,
                absent: figures.as_ref().err().cloned(),
                per_second: rows().map(|row| row.iter().map(|it| whole(1e9 / it.median)).collect()).collect(),
                to_reference: rows().map(|row| row.iter().map(ratio).collect()).collect(),
            }
        };
        record::Scaling {
            devices: self.devices.iter().map(|devices| *devices as u64).collect(),
            threads: THREADS.iter().map(|threads| *threads as u64).collect(),
            way: self.rows.iter().map(way).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_add_up() {
        let [one, two] = [Duration::from_millis(1), Duration::from_millis(2)];
        assert_eq!(together(&[one, one]), one);
        let both = together(&[one, two]).as_secs_f64();
        assert!((both - 2e-3 / 1.5).abs() < 1e-9, "{both}");
    }

    #[test]
    fn every_device_has_its_turn() {
        let mut order = Order(1);
        let mut seen = [0; 10];
        for _ in 0..1_000 {
            seen[order.next(10)] += 1;
        }
        assert!(seen.iter().all(|count| (50..200).contains(count)), "{seen:?}");
    }
}
