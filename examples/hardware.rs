//! A hardware accelerator as the cryptographic backend.
//!
//! For firmware engineers: the module `pka` at the end stands for your vendor's driver and is what you replace.
//! [`Accelerator`] is what you copy. There is one trait for each capability, and you implement those that your product needs,
//! each on its own; here all four:
//!
//! | trait | for assertions | for attestations | here by |
//! |---|---|---|---|
//! | `Sha256` | yes | yes | software |
//! | `VerifyEcdsa<P256>` | yes | yes | the peripheral |
//! | `Sha384` | | yes | software |
//! | `VerifyEcdsa<P384>` | | yes | the peripheral |
//!
//! What a driver lacks it leaves out. One without P-384 and SHA-384 verifies assertions all the same, and an
//! `AttestationVerifier` over it does not compile. `examples/firmware/src/bin/assertion.rs` is a device with the first two.
//!
//! What every such wrapper has to get right:
//!
//! 1. **`&self` over `&mut`.** The driver wants the peripheral to itself. `RefCell` serves one thread of execution;
//!    where interrupts or another core verify too, take `critical_section::Mutex<RefCell<_>>` or your system's lock. A
//!    borrow that fails is an error to report, not a panic.
//! 2. **Byte order.** The engine hands over big-endian octets; this peripheral wants 32-bit words, least significant
//!    first.
//! 3. **The digest as a number.** Curve and hash are independent: Apple signs its leaf certificates with P-384 over
//!    SHA-256. ECDSA takes the leftmost bits of a digest longer than the group order, and all of a shorter one
//!    (SEC 1 §4.1.4).
//! 4. **Trusting operands.** Many peripherals compute with whatever point they are given. `VerifyEcdsa` demands that a
//!    point off the curve is refused, so the wrapper asks first.
//! 5. **Two kinds of "no".** A wrong signature is `Invalid`. A fault, a timeout or a peripheral that stays busy is
//!    `Unavailable`, and the caller gets an error of class `Unavailable`, never a refusal of the peer.
//!
//! Before trusting any of it, run `conformance::check` on the board, or the check of each trait that you implement:
//! `check_sha256`, `check_sha384`, `check_ecdsa::<P256, _>`, `check_ecdsa::<P384, _>`. This example runs on the host:
//!
//! ```text
//! cargo run --example hardware
//! ```

use std::{cell::RefCell, error::Error};

use genuine::{
    UnixTime,
    app_attest::{
        AppIdHash, Assertion, AssertionCrypto, AssertionVerifier, AttestationCrypto, AttestationObject,
        AttestationVerifier, ClientDataHash, Counter, KeyId, Policy,
    },
    crypto::{
        CryptoError, Digest, P256, P384, PublicKey, RustCrypto, Sha256, Sha384, Signature, VerifyEcdsa, conformance,
    },
    x509::TrustAnchor,
};
use genuine_testvectors::Device;
use pka::{Curve, Fault, Pka};

/// The wrapper: a peripheral behind the engine's traits.
struct Accelerator(RefCell<Pka>);

impl Accelerator {
    /// How often a busy peripheral is asked again. Bounded, so that the verifier's run time is.
    const ATTEMPTS: usize = 4;

    /// Runs one operation with the peripheral to itself.
    fn exclusively<T>(&self, operation: impl Fn(&mut Pka) -> Result<T, Fault>) -> Result<T, CryptoError> {
        let mut pka = self.0.try_borrow_mut().map_err(|_| CryptoError::Unavailable)?;
        for _ in 0..Self::ATTEMPTS {
            match operation(&mut pka) {
                Err(Fault::Busy) => {}
                answer => return answer.map_err(|_| CryptoError::Unavailable),
            }
        }
        Err(CryptoError::Unavailable)
    }

    fn check_point<const WORDS: usize>(&self, curve: Curve, key: &[u8]) -> Result<(), CryptoError> {
        let [x, y] = halves::<WORDS>(key);
        if self.exclusively(|pka| pka.is_on_curve(curve, &x, &y))? { Ok(()) } else { Err(CryptoError::Invalid) }
    }

    fn verify_ecdsa<const WORDS: usize>(
        &self,
        curve: Curve,
        key: &[u8],
        digest: &Digest,
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        self.check_point::<WORDS>(curve, key)?;
        let [x, y] = halves::<WORDS>(key);
        let [r, s] = halves::<WORDS>(signature);
        let digest = digest.as_bytes();
        let number = words::<WORDS>(digest.get(..4 * WORDS).unwrap_or(digest));
        let valid = self.exclusively(|pka| pka.verify_ecdsa(curve, [&x, &y], &number, [&r, &s]))?;
        if valid { Ok(()) } else { Err(CryptoError::Invalid) }
    }
}

// The traits, one by one.

/// By software: the peripheral has no hashes.
impl Sha256 for Accelerator {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        RustCrypto.sha256(parts)
    }
}

/// By the peripheral. With these two, assertions can be verified.
impl VerifyEcdsa<P256> for Accelerator {
    fn check_key(&self, key: &PublicKey<P256>) -> Result<(), CryptoError> {
        self.check_point::<8>(Curve::P256, &key.0)
    }

    fn verify(&self, key: &PublicKey<P256>, digest: &Digest, signature: &Signature<P256>) -> Result<(), CryptoError> {
        self.verify_ecdsa::<8>(Curve::P256, &key.0, digest, &signature.0)
    }
}

/// By software. For attestations only, as is the next one: leave both out if yours are verified elsewhere.
impl Sha384 for Accelerator {
    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        RustCrypto.sha384(parts)
    }
}

/// By the peripheral. If yours has no P-384, take this one from software.
impl VerifyEcdsa<P384> for Accelerator {
    fn check_key(&self, key: &PublicKey<P384>) -> Result<(), CryptoError> {
        self.check_point::<12>(Curve::P384, &key.0)
    }

    fn verify(&self, key: &PublicKey<P384>, digest: &Digest, signature: &Signature<P384>) -> Result<(), CryptoError> {
        self.verify_ecdsa::<12>(Curve::P384, &key.0, digest, &signature.0)
    }
}

/// Big-endian octets as words, least significant word first; a shorter number is padded with zeros above.
fn words<const WORDS: usize>(octets: &[u8]) -> [u32; WORDS] {
    let mut words = [0; WORDS];
    for (word, octets) in words.iter_mut().zip(octets.rchunks(4)) {
        *word = octets.iter().fold(0, |word, &octet| word << 8 | u32::from(octet));
    }
    words
}

/// `X ‖ Y` or `r ‖ s` as two numbers.
fn halves<const WORDS: usize>(octets: &[u8]) -> [[u32; WORDS]; 2] {
    let (first, second) = octets.split_at(octets.len() / 2);
    [words(first), words(second)]
}

fn main() -> Result<(), Box<dyn Error>> {
    let accelerator = Accelerator(RefCell::new(Pka::power_on()));
    // As trait objects: one copy of the engine in flash, whatever the number of backends.
    let crypto: &dyn AttestationCrypto = &accelerator;
    let for_assertions: &dyn AssertionCrypto = &accelerator;
    let operations = || accelerator.0.borrow().operations();

    conformance::check(crypto)?;
    println!("conformance: passed, {} operations of the peripheral", operations());

    // What a server or a provisioning tool would send, minted by a simulated iPhone under a test root.
    let mut iphone = Device::new("hardware");
    let attestation = iphone.attest(b"challenge");
    let assertion = iphone.assert(b"request");
    let subject = iphone.authorities().root_subject();
    let root = PublicKey::<P384>::from_uncompressed(&iphone.authorities().root_point()).ok_or("no point")?;
    let anchors = [TrustAnchor::new(&subject, root)]; // In production: &[APPLE_APP_ATTEST_ROOT].
    let policies = [Policy::new(AppIdHash::of(iphone.app_id(), crypto)?)];
    let now = UnixTime(iphone.issue_time()); // In production: the time, from a source that you trust.

    // Once, at start-up: what is wrong with policies or anchors shows here.
    let verifier = AttestationVerifier::new(&policies, &anchors, crypto)?;

    let before = operations();
    let object = AttestationObject::parse(&attestation.object)?;
    let client_data = ClientDataHash::new(&attestation.client_data_hash)?;
    let proof = verifier.verify(&object, &KeyId(attestation.key_id), &client_data, now)?;
    println!("attestation: verified, {} operations", operations() - before);

    let before = operations();
    let parsed = Assertion::parse(&assertion.object)?;
    let request = ClientDataHash::new(&assertion.client_data_hash)?;
    let authentic = AssertionVerifier::new(&policies, for_assertions)?.verify(&parsed, &proof.key(), &request)?;
    let counter = authentic.accept_without_store(Counter::ATTESTED)?.counter();
    println!("assertion: verified, {} operations, counter now {}", operations() - before, counter.0);

    // A peripheral that stops answering says nothing about the object.
    accelerator.0.borrow_mut().break_down();
    let error = verifier.verify(&object, &KeyId(attestation.key_id), &client_data, now).err().ok_or("verified")?;
    println!("attestation, peripheral broken: {error}, class {:?}", error.class());
    assert_eq!(error, genuine::Error::CryptoUnavailable);
    assert_eq!(error.class(), genuine::Class::Unavailable);
    Ok(())
}

/// The simulated peripheral with its blocking driver. Underneath is the default backend.
mod pka {
    use genuine::crypto::{CryptoError, Digest, P256, P384, PublicKey, RustCrypto, Signature, VerifyEcdsa};

    #[derive(Clone, Copy)]
    pub(super) enum Curve {
        P256,
        P384,
    }

    /// What the driver reports instead of an answer.
    #[derive(Clone, Copy, Debug)]
    pub(super) enum Fault {
        /// The previous operation still runs.
        Busy,
        /// The peripheral did not finish in time.
        Timeout,
    }

    pub(super) struct Pka {
        operations: u32,
        busy: bool,
        broken: bool,
    }

    impl Pka {
        pub(super) const fn power_on() -> Self {
            Self { operations: 0, busy: false, broken: false }
        }

        pub(super) const fn operations(&self) -> u32 {
            self.operations
        }

        pub(super) const fn break_down(&mut self) {
            self.broken = true;
        }

        pub(super) fn is_on_curve(&mut self, curve: Curve, x: &[u32], y: &[u32]) -> Result<bool, Fault> {
            self.begin()?;
            decided(match curve {
                Curve::P256 => RustCrypto.check_key(&PublicKey::<P256>(octets([x, y]))),
                Curve::P384 => RustCrypto.check_key(&PublicKey::<P384>(octets([x, y]))),
            })
        }

        pub(super) fn verify_ecdsa(
            &mut self,
            curve: Curve,
            key: [&[u32]; 2],
            digest: &[u32],
            signature: [&[u32]; 2],
        ) -> Result<bool, Fault> {
            self.begin()?;
            decided(match curve {
                Curve::P256 => RustCrypto.verify(
                    &PublicKey::<P256>(octets(key)),
                    &Digest::Sha256(octets([digest])),
                    &Signature::<P256>(octets(signature)),
                ),
                Curve::P384 => RustCrypto.verify(
                    &PublicKey::<P384>(octets(key)),
                    &Digest::Sha384(octets([digest])),
                    &Signature::<P384>(octets(signature)),
                ),
            })
        }

        /// Every other request finds the peripheral busy once.
        const fn begin(&mut self) -> Result<(), Fault> {
            if self.broken {
                return Err(Fault::Timeout);
            }
            self.busy = !self.busy;
            if self.busy {
                return Err(Fault::Busy);
            }
            self.operations += 1;
            Ok(())
        }
    }

    fn decided(answer: Result<(), CryptoError>) -> Result<bool, Fault> {
        match answer {
            Ok(()) => Ok(true),
            Err(CryptoError::Invalid) => Ok(false),
            Err(CryptoError::Unavailable) => Err(Fault::Timeout),
        }
    }

    /// Numbers in words, least significant first, as concatenated big-endian octets.
    fn octets<const NUMBERS: usize, const OCTETS: usize>(numbers: [&[u32]; NUMBERS]) -> [u8; OCTETS] {
        let mut octets = [0; OCTETS];
        let words = numbers.iter().flat_map(|number| number.iter().rev());
        for (chunk, word) in octets.chunks_exact_mut(4).zip(words) {
            chunk.copy_from_slice(&word.to_be_bytes());
        }
        octets
    }
}
