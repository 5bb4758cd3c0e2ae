//! The lock with an accelerator for elliptic curves and with SHA-2 in software.
//!
//! [`Accelerator`] is what you write for your board. The module `pka` stands for the peripheral, and knows the answers to
//! what the demo asks; your board is to pass `genuine::crypto::conformance::check` instead.
//!
//! Build it with `--no-default-features`, so that elliptic curves in software are not even compiled.
#![no_std]
#![no_main]

use core::cell::RefCell;

use firmware::{
    board::entry,
    lock::{Lock, Phone},
    objects,
    report::{Expected, Report},
    scenario,
    sha384::sha384,
};
use genuine::{
    Error,
    app_attest::{Counter, Policy},
    crypto::{CryptoError, Digest, P256, P384, PublicKey, Sha256, Sha384, Signature, VerifyEcdsa},
};
use pka::{Pka, Status};
use sha2::Digest as _;

#[entry]
fn main() -> ! {
    let accelerator = Accelerator(RefCell::new(Pka::power_on()));
    let mut report = Report::default();
    scenario::play(&accelerator, &mut report);

    // A peripheral that stops answering says nothing about the phone: the error is of class `Unavailable`.
    let policies = [Policy::new(objects::APP_ID)];
    let lock = report.require(Lock::new(&policies, &accelerator));
    if let Ok(phone) = Phone::restore(&objects::STORED_KEY, Counter::ATTESTED, &accelerator) {
        accelerator.0.borrow_mut().break_down();
        let open = || lock.open(&objects::ASSERTION, &objects::REQUEST, &phone);
        report.expect("assertion, broken peripheral", const { Expected::refused(Error::CryptoUnavailable) }, open);
    }
    report.end()
}

/// The peripheral behind the engine's traits: `&self` outside, one user at a time inside.
struct Accelerator(RefCell<Pka>);

impl Accelerator {
    /// How often a busy peripheral is looked at. Bounded, so that the verifier's run time is.
    const POLLS: u32 = 1_000;

    fn run(&self, operands: &[&[u8]]) -> Result<(), CryptoError> {
        let mut pka = self.0.try_borrow_mut().map_err(|_| CryptoError::Unavailable)?;
        pka.start(operands);
        for _ in 0..Self::POLLS {
            match pka.status() {
                Status::Busy => {}
                Status::Yes => return Ok(()),
                Status::No => return Err(CryptoError::Invalid),
                Status::Fault => break,
            }
        }
        Err(CryptoError::Unavailable)
    }
}

// One trait for each capability; what yours lacks, software does, or it is left out. `assertion.rs` does with the first two.

impl Sha256 for Accelerator {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        let mut hash = sha2::Sha256::new();
        for part in parts {
            hash.update(part);
        }
        Ok(hash.finalize().into())
    }
}

impl VerifyEcdsa<P256> for Accelerator {
    fn check_key(&self, key: &PublicKey<P256>) -> Result<(), CryptoError> {
        self.run(&[&key.0])
    }

    fn verify(&self, key: &PublicKey<P256>, digest: &Digest, signature: &Signature<P256>) -> Result<(), CryptoError> {
        self.run(&[&key.0, digest.as_bytes(), &signature.0])
    }
}

impl Sha384 for Accelerator {
    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        Ok(sha384(parts))
    }
}

impl VerifyEcdsa<P384> for Accelerator {
    fn check_key(&self, key: &PublicKey<P384>) -> Result<(), CryptoError> {
        self.run(&[&key.0])
    }

    fn verify(&self, key: &PublicKey<P384>, digest: &Digest, signature: &Signature<P384>) -> Result<(), CryptoError> {
        self.run(&[&key.0, digest.as_bytes(), &signature.0])
    }
}

/// The simulated peripheral: it fetches its operands by itself, and has a start bit and a status register.
mod pka {
    use firmware::objects::ANSWERS;

    /// How often it is seen busy before it has finished.
    const BUSY: u32 = 3;

    pub(super) enum Status {
        Busy,
        Yes,
        No,
        Fault,
    }

    pub(super) struct Pka {
        busy: u32,
        answer: bool,
        broken: bool,
    }

    impl Pka {
        pub(super) const fn power_on() -> Self {
            Self { busy: 0, answer: false, broken: false }
        }

        pub(super) const fn break_down(&mut self) {
            self.broken = true;
        }

        /// Starts to check a point, or to verify with key, digest and signature.
        ///
        /// It cannot compute: it knows the points and signatures of this demo, and everything else is wrong.
        pub(super) fn start(&mut self, operands: &[&[u8]]) {
            self.busy = BUSY;
            self.answer = ANSWERS.iter().any(|answer| {
                let rest = operands.iter().try_fold(*answer, |rest, operand| rest.strip_prefix(*operand));
                rest == Some(&[])
            });
        }

        pub(super) fn status(&mut self) -> Status {
            if self.broken {
                return Status::Fault;
            }
            if self.busy > 0 {
                self.busy -= 1;
                return Status::Busy;
            }
            if self.answer { Status::Yes } else { Status::No }
        }
    }
}
