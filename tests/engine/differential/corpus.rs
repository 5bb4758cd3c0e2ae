//! What is compared: minted, bundled and genuine objects, and mutations of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use genuine_testvectors::{Device, Environment, Generation, Kind, Vector, keys::sha256};

/// An object, and what its verifier is told about it.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) attestation: bool,
    pub(crate) object: Vec<u8>,
    pub(crate) app_id: String,
    pub(crate) key_id: Vec<u8>,
    pub(crate) client_data: Vec<u8>,
    pub(crate) now: u64,
}

impl From<Vector> for Entry {
    fn from(vector: Vector) -> Self {
        Self {
            id: vector.id,
            attestation: vector.kind == Kind::Attestation,
            object: vector.object,
            app_id: vector.app_id,
            key_id: vector.key_id,
            client_data: vector.client_data_hash,
            now: vector.valid_at.unwrap_or_default(),
        }
    }
}

/// The objects of honest devices of every generation, with short receipts.
pub(crate) fn minted() -> Vec<Entry> {
    let mut entries = Vec::new();
    for generation in Generation::ALL {
        for environment in [Environment::Production, Environment::Development] {
            for with_code_hash in [false, true] {
                let mut device = device().with_generation(generation).with_environment(environment);
                if with_code_hash {
                    device = device.with_cd_hash();
                }
                let id = format!("minted {} {} {with_code_hash}", generation.name(), environment.name());
                let client_data = sha256(&[b"client data"]).to_vec();
                let entry = Entry {
                    id,
                    attestation: true,
                    object: device.attest_hash(&client_data).object,
                    app_id: device.app_id().to_owned(),
                    key_id: device.key_id().to_vec(),
                    now: device.issue_time(),
                    client_data,
                };
                let object = device.assert_hash(&entry.client_data).object;
                entries.extend([Entry { attestation: false, object, ..entry.clone() }, entry]);
            }
        }
    }
    entries
}

/// An honest device, whose receipt is kept short: nothing reads it.
pub(crate) fn device() -> Device {
    Device::new("differential").with_receipt_length(40)
}

/// The vectors of this repository, good and bad.
pub(crate) fn bundled() -> Vec<Entry> {
    genuine_testvectors::vectors().map(Entry::from).collect()
}

/// The directory of genuine objects, if there is one.
pub(crate) fn real_directory() -> Option<PathBuf> {
    let directory = std::env::var_os("GENUINE_REAL_VECTORS").map(PathBuf::from);
    if directory.is_none() {
        println!("GENUINE_REAL_VECTORS is not set: genuine objects are left out");
    }
    directory
}

/// Genuine objects.
pub(crate) fn real() -> Vec<Entry> {
    let Some(directory) = real_directory() else { return Vec::new() };
    let entries: Vec<_> = ["attestations", "assertions"].iter().flat_map(|kind| load(&directory.join(kind))).collect();
    assert!(!entries.is_empty(), "GENUINE_REAL_VECTORS holds objects");
    entries
}

pub(crate) fn all() -> Vec<Entry> {
    [minted(), bundled(), real()].concat()
}

fn load(directory: &Path) -> Vec<Entry> {
    let files = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut paths: Vec<_> = files.map(|file| file.expect("a directory entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let read = |path: &PathBuf| {
        let id = path.file_stem().expect("a file name").to_string_lossy();
        Entry::from(Vector::parse(&id, &fs::read_to_string(path).expect("UTF-8")).expect("a vector"))
    };
    paths.iter().map(read).collect()
}

/// `SplitMix64`: a few lines, and the same everywhere.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("64 bits");
        usize::try_from(self.next() % bound).expect("below a usize")
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }

    /// One to three edits of bytes at or near the given places.
    pub(crate) fn mutate(&mut self, original: &[u8], places: &[usize]) -> Vec<u8> {
        let mut bytes = original.to_vec();
        for _ in 0..=self.below(3) {
            if bytes.is_empty() {
                break;
            }
            let anywhere = places.is_empty() || self.below(4) == 0;
            let place = if anywhere { self.below(bytes.len()) } else { places[self.below(places.len())] };
            let place = place.min(bytes.len() - 1);
            match self.below(7) {
                0 => bytes[place] ^= 1 << self.below(8),
                1 => bytes[place] = self.byte(),
                2 => bytes[place] = bytes[place].wrapping_add(1),
                3 => bytes.insert(place, self.byte()),
                4 => drop(bytes.remove(place)),
                5 => {
                    let end = (place + 1 + self.below(8)).min(bytes.len());
                    let copy = bytes[place..end].to_vec();
                    bytes.splice(place..place, copy);
                }
                _ => bytes.truncate(place + usize::from(self.below(8) != 0) * (bytes.len() - place)),
            }
        }
        bytes
    }
}

/// A divergence that was looked at and found right.
pub(crate) struct Allowed {
    /// How the two differ, in the words of the comparison.
    pub(crate) how: &'static str,
    /// Why.
    pub(crate) why: &'static str,
    /// Every single input of a name that shows it; those out of a series are not named.
    pub(crate) named: &'static [&'static str],
}

/// The divergences met: how → the inputs that show it.
#[derive(Default)]
pub(crate) struct Divergences {
    met: BTreeMap<String, BTreeSet<String>>,
}

/// The name of an input that is one of a series.
pub(crate) const SERIES: &str = "";

impl Divergences {
    pub(crate) fn add(&mut self, how: &str, id: &str) {
        self.met.entry(how.to_owned()).or_default().insert(id.to_owned());
    }

    /// Holds what was met against the table: nothing else, and all of it.
    pub(crate) fn check(&self, allowed: &[Allowed]) {
        let mut faults = Vec::new();
        for (how, ids) in &self.met {
            let row = allowed.iter().find(|row| row.how == how);
            for id in ids.iter().filter(|id| *id != SERIES) {
                if !row.is_some_and(|row| row.named.contains(&id.as_str())) {
                    faults.push(format!("unexpected: {how}: {id}"));
                }
            }
            if row.is_none() {
                faults.push(format!("unexpected: {how}"));
            }
        }
        for Allowed { how, why, named } in allowed {
            assert!(!why.is_empty(), "{how} has a reason");
            let ids = self.met.get(*how);
            if ids.is_none() {
                faults.push(format!("no longer met: {how}"));
            }
            faults.extend(
                named
                    .iter()
                    .filter(|id| !ids.is_some_and(|ids| ids.contains(**id)))
                    .map(|id| format!("no longer met: {how}: {id}")),
            );
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
