//! Intel's `crypto_mb`, the multi-buffer part of its Cryptography Primitives Library: eight verifications at once.
//!
//! Loaded at run time from the Python wheel that holds it, so that nothing here needs it to build.

// A C library can be called in no other way. What makes it sound is said at each call.
#![allow(unsafe_code)]

use std::{
    ffi::{CStr, c_char, c_int},
    path::Path,
    ptr,
};

use libloading::{Library, Symbol};

use crate::objects::Signed;

/// What the table calls it.
pub(crate) const NAME: &str = "Intel crypto_mb, 8 lanes";

/// How many verifications are one call.
pub(crate) const LANES: usize = 8;

/// Where `cargo xtask peers` installs it.
const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python/venv/lib");

/// The library, after those that it needs: it does not say where they are, and finds them if they are loaded. It needs
/// OpenSSL's `libcrypto` too, from where the system has it.
const LIBRARIES: [&str; 5] = ["libintlc.so.5", "libimf.so", "libirng.so", "libsvml.so", "libcrypto_mb.so"];

/// `MBX_ALGO_EC_NIST_P256` and `MBX_ALGO_EC_NIST_P384` in `crypto_mb/cpu_features.h`.
const ALGORITHMS: [c_int; 2] = [5, 6];

/// `mbx_nistp256_ecdsa_verify_mb8` and `mbx_nistp384_ecdsa_verify_mb8`: for each lane a pointer to r, s and digest, all
/// big-endian, and to X and Y in limbs, least significant first. Z and the buffer may be null. The status has four bits
/// for each lane, all zero if its signature is good.
type Verify = unsafe extern "C" fn(
    *const *const u8,
    *const *const u8,
    *const *const u8,
    *const *const u64,
    *const *const u64,
    *const *const u64,
    *mut u8,
) -> u32;

/// `mbxVersion` in `crypto_mb/version.h`.
#[repr(C)]
struct Version {
    numbers: [c_int; 3],
    target: [c_char; 4],
    name: *const c_char,
    build_date: *const c_char,
    text: *const c_char,
}

/// The library, loaded.
pub(crate) struct MultiBuffer {
    p256: Verify,
    p384: Verify,
    version: String,
    /// The pointers above point into the last one.
    _libraries: Vec<Library>,
}

impl MultiBuffer {
    /// Loads it.
    ///
    /// # Errors
    ///
    /// Why it cannot run here.
    pub(crate) fn load() -> Result<Self, String> {
        let directory = Path::new(DIRECTORY);
        if LIBRARIES.iter().any(|name| !directory.join(name).exists()) {
            return Err("not installed; `cargo xtask peers` does".to_owned());
        }
        // SAFETY: the initialisers of the library and of Intel's run-time libraries under it are trusted, as those of any
        // library that is linked. The types are those of its headers, version 13 of the interface. The functions without
        // a parameter for memory touch none of ours; the version points to constants of the library.
        unsafe {
            let libraries: Result<Vec<_>, _> =
                LIBRARIES.iter().map(|name| Library::new(directory.join(name))).collect();
            let libraries = libraries.map_err(|error| format!("does not load: {error:?}"))?;
            let library = libraries.last().expect("five");
            let algorithm: Symbol<'_, unsafe extern "C" fn(c_int) -> u64> = symbol(library, b"mbx_get_algo_info\0")?;
            if ALGORITHMS.iter().any(|name| algorithm(*name) & LANES as u64 == 0) {
                return Err("does not support this processor: no AVX-512 IFMA".to_owned());
            }
            let version: Symbol<'_, unsafe extern "C" fn() -> *const Version> = symbol(library, b"mbx_getversion\0")?;
            let version = CStr::from_ptr((*version()).text).to_string_lossy().into_owned();
            let p256 = *symbol::<Verify>(library, b"mbx_nistp256_ecdsa_verify_mb8\0")?;
            let p384 = *symbol::<Verify>(library, b"mbx_nistp384_ecdsa_verify_mb8\0")?;
            Ok(Self { p256, p384, version, _libraries: libraries })
        }
    }

    /// What the library says of itself.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// Whether all eight signatures are good.
    pub(crate) fn verify_p256(&self, signed: &[Signed; LANES]) -> bool {
        verify::<32, 4>(self.p256, signed)
    }

    /// Whether all eight signatures are good.
    pub(crate) fn verify_p384(&self, signed: &[Signed; LANES]) -> bool {
        verify::<48, 6>(self.p384, signed)
    }
}

/// # Safety
///
/// The symbol has to be of this type.
unsafe fn symbol<'l, T>(library: &'l Library, name: &[u8]) -> Result<Symbol<'l, T>, String> {
    // SAFETY: the caller's.
    unsafe { library.get(name) }.map_err(|error| error.to_string())
}

/// Verifies on a curve whose coordinates have SIZE octets in LIMBS limbs.
fn verify<const SIZE: usize, const LIMBS: usize>(function: Verify, signed: &[Signed; LANES]) -> bool {
    let digests: [[u8; SIZE]; LANES] = signed.each_ref().map(|signed| {
        let mut padded = [0; SIZE];
        padded[SIZE - signed.digest.len()..].copy_from_slice(&signed.digest);
        padded
    });
    let keys: [[[u64; LIMBS]; 2]; LANES] = signed.each_ref().map(|signed| {
        let (x, y) = signed.point[1..].split_at(SIZE);
        [limbs(x), limbs(y)]
    });
    let halves = signed.each_ref().map(|signed| {
        let (r, s) = signed.fixed.split_at(SIZE);
        assert_eq!(s.len(), SIZE);
        [r.as_ptr(), s.as_ptr()]
    });
    let (r, s) = (halves.map(|[r, _]| r), halves.map(|[_, s]| s));
    let digests = digests.each_ref().map(|digest| digest.as_ptr());
    let x = keys.each_ref().map(|key| key[0].as_ptr());
    let y = keys.each_ref().map(|key| key[1].as_ptr());
    // SAFETY: every array has eight pointers; those of r, s and digest are to SIZE octets and those of X and Y to LIMBS
    // limbs, which is what the function of this curve reads. All outlive the call, and nothing is written.
    let status = unsafe {
        function(r.as_ptr(), s.as_ptr(), digests.as_ptr(), x.as_ptr(), y.as_ptr(), ptr::null(), ptr::null_mut())
    };
    status == 0
}

/// Big-endian octets as limbs, least significant first.
fn limbs<const LIMBS: usize>(octets: &[u8]) -> [u64; LIMBS] {
    let mut limbs = [0; LIMBS];
    for (limb, octets) in limbs.iter_mut().zip(octets.rchunks_exact(8)) {
        *limb = u64::from_be_bytes(octets.try_into().expect("eight octets"));
    }
    limbs
}
