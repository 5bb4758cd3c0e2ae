//! Writes the seeds of a target into a directory: `seed TARGET DIRECTORY`.
//!
//! With `GENUINE_REAL_VECTORS`, those of the targets with real cryptography include objects of real devices.

use std::{env, fs, path::Path};

use genuine_fuzz::TARGETS;

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [name, directory] = arguments.as_slice() else { panic!("usage: seed TARGET DIRECTORY") };
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target");
    fs::create_dir_all(directory).expect("a directory");
    for (number, seed) in (target.seeds)().iter().enumerate() {
        fs::write(Path::new(directory).join(format!("seed-{number:03}")), seed).expect("a file");
    }
}
