//! The suite: every minted vector is verified, must have the same verdict as on the host, and is measured.

use genuine::app_attest::AttestationCrypto;
use genuine_testvectors_runner::{Failure, Malformed, Object, PackedVector, Runner, open};

use crate::board::{Cost, Decimal, exit, measure, print};

/// Packed by `build.rs`, which is 1 MB.
static SUITE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/suite.bin"));

/// Runs it with one cryptographic backend, and ends the program.
pub fn play<C: AttestationCrypto>(crypto: &C) -> ! {
    let complete = run(crypto).unwrap_or_else(|Malformed| {
        print(&["the suite is malformed\n"]);
        false
    });
    exit(complete)
}

/// Whether every vector had its verdict.
fn run<C: AttestationCrypto>(crypto: &C) -> Result<bool, Malformed> {
    let (header, vectors) = open(SUITE)?;
    let anchor = header.anchor()?;
    let mut runner = Runner::new();
    let (mut attestations, mut assertions) = (Worst::default(), Worst::default());
    for vector in vectors {
        let vector = vector?;
        let (found, cost) = measure(|| vector.verdict(&anchor, crypto));
        if let Err(failure) = runner.check(&vector, found) {
            print_failure(&failure);
        }
        match vector.object {
            Object::Attestation { .. } => attestations.update(&vector, cost),
            Object::Assertion { .. } => assertions.update(&vector, cost),
        }
    }
    attestations.print("attestation");
    assertions.print("assertion");
    let vectors = u32::from(header.vectors);
    print(&[Decimal::new(runner.held().into()).text(), " of ", Decimal::new(vectors).text(), " as expected\n"]);
    Ok(runner.is_complete(&header))
}

/// The most expensive vector for instructions, and the one for stack.
#[derive(Default)]
struct Worst<'t> {
    instructions: (u32, &'t str),
    stack: (u32, &'t str),
}

impl<'t> Worst<'t> {
    fn update(&mut self, vector: &PackedVector<'t>, cost: Cost) {
        if cost.instructions > self.instructions.0 {
            self.instructions = (cost.instructions, vector.id);
        }
        if cost.stack > self.stack.0 {
            self.stack = (cost.stack, vector.id);
        }
    }

    fn print(&self, kind: &str) {
        let (instructions, stack) = (Decimal::new(self.instructions.0), Decimal::new(self.stack.0));
        print(&[kind, ", most expensive: ", self.instructions.1, ", ", instructions.text(), " instructions\n"]);
        print(&[kind, ", deepest: ", self.stack.1, ", ", stack.text(), " bytes of stack\n"]);
    }
}

fn print_failure(failure: &Failure<'_>) {
    let code = |verdict: Option<u16>| Decimal::new(verdict.map_or(0, u32::from)); // 0: accepted.
    let (expected, found) = (code(failure.expected), code(failure.found));
    print(&[failure.id, ": expected ", expected.text(), ", found ", found.text()]);
    print(&[if failure.twin_passed { "\n" } else { "; its twin has not passed\n" }]);
}
