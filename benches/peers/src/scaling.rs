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
        AppIdHash, Assertion, AssertionKey, AssertionRequest, AssertionVerifier, AttestedKey, AuthenticAssertion,
        ClientDataHash, Counter, Environment, Policy, PreparedKey,
    },
    crypto::{BatchP256, Crypto, P256PublicKey, PrepareP256, PreparedP256, GenuineCrypto},
};
use genuine_backend_aws_lc::AwsLc;
use genuine_crypto_ifma::Ifma;
use genuine_testvectors::keys::sha256;
use p256::{
    FieldBytes, ProjectivePoint, Scalar,
    ecdsa::Signature,
    elliptic_curve::{ops::Reduce as _, sec1::ToSec1Point as _},
};

use crate::{
    cores::Cores,
    measure::{Contender, Effort, Measured, Side, Stopwatch, measure},
    ours::NO_LANES,
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
    apps: [AppIdHash; 1],
    keys: Vec<AttestedKey>,
    small: Vec<PreparedKey<Small>>,
    large: Vec<PreparedKey<Large>>,
    /// Of the first device.
    of_one: Vec<Request>,
    /// One of each.
    of_all: Vec<Request>,
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
        let (plain, small, large) = (&fleet.keys, &fleet.small, &fleet.large);
        Some(match (self.by, self.keys, self.batch) {
            (By::AwsLc, ..) => one_by_one(move |request| request.verify(fleet, &AwsLc)),
            (By::Ifma, keys, _) => {
                let crypto = Ifma::detect()?;
                match keys {
                    Keys::Plain => batched(fleet, crypto, |device| AssertionKey::<Small>::Plain(&plain[device])),
                    Keys::Small => batched(fleet, crypto, |device| AssertionKey::Prepared(&small[device])),
                    _ => batched(fleet, crypto, |device| AssertionKey::Prepared(&large[device])),
                }
            }
            (By::GenuineCrypto, Keys::Plain, None) => one_by_one(move |request| request.verify(fleet, &GenuineCrypto)),
            (By::GenuineCrypto, Keys::Small, None) => {
                one_by_one(|request| request.verify_prepared(fleet, &small[request.device]))
            }
            (By::GenuineCrypto, Keys::Large, None) => {
                one_by_one(|request| request.verify_prepared(fleet, &large[request.device]))
            }
            (By::GenuineCrypto, Keys::SmallAnew, _) => {
                one_by_one(|request| request.verify_prepared(fleet, &prepare::<Small>(&plain[request.device])))
            }
            (By::GenuineCrypto, Keys::LargeAnew, _) => {
                one_by_one(|request| request.verify_prepared(fleet, &prepare::<Large>(&plain[request.device])))
            }
            (By::GenuineCrypto, Keys::Plain, Some(_)) => {
                batched(fleet, GenuineCrypto, |device| AssertionKey::<Small>::Plain(&plain[device]))
            }
            (By::GenuineCrypto, Keys::Small, Some(_)) => {
                batched(fleet, GenuineCrypto, |device| AssertionKey::Prepared(&small[device]))
            }
            (By::GenuineCrypto, Keys::Large, Some(_)) => {
                batched(fleet, GenuineCrypto, |device| AssertionKey::Prepared(&large[device]))
            }
        })
    }
}

/// How many of some requests are accepted.
type Verify = Box<dyn Fn(&[&'static Request]) -> usize + Sync>;

fn one_by_one(accepts: impl Fn(&'static Request) -> bool + Sync + 'static) -> Verify {
    Box::new(move |requests| requests.iter().filter(|request| accepts(request)).count())
}

fn batched<K, C>(
    fleet: &'static Fleet,
    crypto: C,
    key: impl Fn(usize) -> AssertionKey<'static, K> + Sync + 'static,
) -> Verify
where
    K: Sync + 'static,
    C: BatchP256<K> + Sync + 'static,
{
    Box::new(move |requests| {
        let parsed = requests.iter().map(|request| Assertion::parse(&request.object));
        let Ok(assertions) = parsed.collect::<Result<Vec<_>, _>>() else { return 0 };
        let asked = assertions.iter().zip(requests).map(|(assertion, request)| AssertionRequest {
            assertion,
            key: key(request.device),
            client_data: ClientDataHash(&request.client_data_hash),
        });
        let mut accepted = 0;
        AssertionVerifier::new(Policy::new(&fleet.apps), &crypto).verify_batch(asked, |place, answer| {
            accepted += usize::from(requests[place].is_accepted(answer));
        });
        accepted
    })
}

fn prepare<K>(key: &AttestedKey) -> PreparedKey<K>
where
    GenuineCrypto: PrepareP256<K>,
{
    PreparedKey::new(key, &GenuineCrypto).expect("a point")
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

    fn verify(&self, fleet: &Fleet, crypto: &impl Crypto) -> bool {
        let verify = || {
            AssertionVerifier::new(Policy::new(&fleet.apps), crypto).verify(
                &Assertion::parse(&self.object)?,
                &fleet.keys[self.device],
                &ClientDataHash(&self.client_data_hash),
            )
        };
        self.is_accepted(verify())
    }

    fn verify_prepared<K>(&self, fleet: &Fleet, key: &PreparedKey<K>) -> bool
    where
        GenuineCrypto: PrepareP256<K>,
    {
        let verify = || {
            AssertionVerifier::new(Policy::new(&fleet.apps), &GenuineCrypto).verify_prepared(
                &Assertion::parse(&self.object)?,
                key,
                &ClientDataHash(&self.client_data_hash),
            )
        };
        self.is_accepted(verify())
    }

    fn is_accepted(&self, answer: Result<AuthenticAssertion<'_>, Error>) -> bool {
        answer
            .and_then(|authentic| authentic.accept(Counter::ATTESTED))
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
                let point = P256PublicKey::from_uncompressed(&key.octets()).expect("a point");
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
            apps: [app],
            small: on_all_cores(&keys, prepare),
            large: on_all_cores(&keys, prepare),
            of_one: (1..=ALONE).map(mint).collect(),
            of_all,
            keys,
        }
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
    Scaling { devices, sizes: [stored, size_of::<PreparedKey<Small>>(), size_of::<PreparedKey<Large>>()], rows }
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
    /// Assertions a second on one thread, if it was measured.
    pub(crate) fn throughput(&self, way: Way, devices: usize) -> Option<f64> {
        let (_, figures) = self.rows.iter().find(|(row, _)| *row == way)?;
        Some(1e9 / figures.as_ref().ok()?.get(devices)?.median)
    }

    /// A table for each number of threads, in Markdown.
    pub(crate) fn table(&self) -> String {
        let columns = self.devices.len();
        let heads = self.devices.map(|devices| format!(" {} | to aws-lc-rs |", readable(devices))).concat();
        let line = "---:|".repeat(2 * columns);
        let table = |(group, threads)| {
            let rows: Vec<_> =
                self.rows.iter().map(|(way, figures)| self.row(*way, figures, group * columns)).collect();
            format!(
                "Assertions a second, threads: {threads}, devices:\n\n| | at once | memory for a device |{heads}\n\
                 |---|---:|---:|{line}\n{}\n",
                rows.concat()
            )
        };
        THREADS.into_iter().enumerate().map(table).collect::<Vec<_>>().concat()
    }

    /// A row, with the figures from one on.
    fn row(&self, way: Way, figures: &Result<Vec<Measured>, String>, first: usize) -> String {
        let size = match way.keys {
            Keys::Plain | Keys::SmallAnew | Keys::LargeAnew => self.sizes[0],
            Keys::Small => self.sizes[1],
            Keys::Large => self.sizes[2],
        };
        let batch = way.batch.map_or_else(String::new, |batch| batch.to_string());
        let cell = |figures: &Measured| {
            let ratio = figures.to_reference.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.3}"));
            format!(" {:.1} k | {ratio} |", 1e6 / figures.median)
        };
        let columns = self.devices.len();
        let cells = match figures {
            Ok(figures) => figures[first..][..columns].iter().map(cell).collect::<Vec<_>>().concat(),
            Err(reason) => format!(" {reason} |{}", " |".repeat(2 * columns - 1)),
        };
        format!("| {} | {batch} | {size} B |{cells}\n", way.name())
    }

    /// What all devices together take.
    pub(crate) fn working_set(&self) -> String {
        let most = self.devices[self.devices.len() - 1];
        let [plain, small, large] = self.sizes.map(|size| size * most / 1_000_000);
        format!(
            "The keys of {} devices take {plain} MB, prepared in 2 KB {small} MB, in 8 KB {large} MB.",
            readable(most)
        )
    }
}

/// With commas between thousands.
pub(crate) fn readable(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands() {
        assert_eq!([1, 100, 1_000, 100_000].map(readable), ["1", "100", "1,000", "100,000"]);
    }

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
