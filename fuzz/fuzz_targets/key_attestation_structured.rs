#![no_main]

use genuine_fuzz::targets::key_attestation_structured::{prepare, run};

// What is minted beforehand takes longer than an input may.
libfuzzer_sys::fuzz_target!(init: prepare(), |data: &[u8]| run(data));
