//! A million devices in redb: how large, how fast to look up, how fast to open. With `--test`: a thousand.
#![allow(missing_docs)]

use std::{
    env, fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use genuine::app_attest::{Advance, Counter, KeyId};
use genuine_gateway::{
    gate::sha256,
    metrics::Metrics,
    store::{Contract, Device, DeviceKey, RedbStore, Store as _},
};
use tokio::task::JoinSet;

/// Writes that wait at a time, as on a busy server.
const AT_ONCE: u32 = 1024;
const LOOKUPS: u32 = 100_000;

fn key(number: u32) -> KeyId {
    KeyId(sha256(&number.to_be_bytes()))
}

fn open(path: &Path) -> RedbStore {
    RedbStore::open(path, Metrics::new().unwrap().commit).unwrap()
}

/// Resident memory of this process, in MB.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

async fn register(store: &Arc<RedbStore>, numbers: std::ops::Range<u32>) {
    let mut runners = JoinSet::new();
    for number in numbers {
        let store = Arc::clone(store);
        runners.spawn(async move {
            let device = Device::attested(DeviceKey::AppAttest(Box::new([7; 130])), "shop", 1_800_000_000);
            assert_eq!(store.register(key(number), &device).await, Ok(true));
        });
    }
    runners.join_all().await;
}

#[tokio::main]
async fn main() {
    let devices: u32 = if env::args().any(|argument| argument == "--test") { 1000 } else { 1_000_000 };
    let directory = env::temp_dir().join(format!("genuine-gateway-million-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let (path, copy) = (directory.join("devices.redb"), directory.join("killed.redb"));
    println!("{devices} devices, before: {} MB of memory", resident());

    let start = Instant::now();
    let store = Arc::new(open(&path));
    for first in (0..devices).step_by(AT_ONCE as usize) {
        register(&store, first..(first + AT_ONCE).min(devices)).await;
    }
    let rate = f64::from(devices) / start.elapsed().as_secs_f64();
    println!("registered: {rate:.0} a second; {} MB of memory", resident());
    println!("file: {} MB", fs::metadata(&path).unwrap().len() >> 20);

    let mut latencies: Vec<Duration> = Vec::new();
    for number in 0..LOOKUPS {
        // A multiplier without a factor in common with a million: another device each time.
        let number = u32::try_from(u64::from(number) * 48_271 % u64::from(devices)).unwrap();
        let start = Instant::now();
        assert!(store.device(key(number)).await.unwrap().is_some());
        latencies.push(start.elapsed());
    }
    latencies.sort_unstable();
    let at = |percent: usize| latencies[(latencies.len() - 1) * percent / 100];
    println!("lookup: p50 {:?}, p99 {:?}; {} MB of memory", at(50), at(99), resident());
    let start = Instant::now();
    let advance = Advance::new(Counter(1), None);
    for number in 0..100 {
        assert_eq!(store.advance(key(number), advance, Contract::Strict).await, Ok(()));
    }
    println!("advance, one at a time: {:?}", start.elapsed() / 100);

    // What a killed process leaves behind is the file as it is while it is open.
    fs::copy(&path, &copy).unwrap();
    drop(store);
    for (how, path) in [("after it was closed", &path), ("after the process was killed", &copy)] {
        let start = Instant::now();
        let store = open(path);
        let took = start.elapsed();
        println!("open {how}: {took:?}");
        assert_eq!(store.device(key(0)).await.unwrap().unwrap().window.highest(), Counter(1));
    }
    fs::remove_dir_all(&directory).unwrap();
}
