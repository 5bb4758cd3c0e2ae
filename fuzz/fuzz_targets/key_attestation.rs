#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| genuine_fuzz::targets::key_attestation::run(data));
