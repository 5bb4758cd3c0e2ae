//! The threat table: every minted vector is verified, must have the same verdict as on the host, and is measured.

use genuine::crypto::Crypto;
use genuine_testvectors_runner::{Case, Failure, Malformed, Object, Runner, open};

use crate::board::{Cost, Decimal, exit, measure, print};

/// Packed by `build.rs`, which is 1 MB.
static TABLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/table.bin"));

/// Runs it with one cryptographic backend, and ends the program.
pub fn play<C: Crypto>(crypto: &C) -> ! {
    let complete = run(crypto).unwrap_or_else(|Malformed| {
        print(&["the table is malformed\n"]);
        false
    });
    exit(complete)
}

/// Whether every case had its verdict.
fn run<C: Crypto>(crypto: &C) -> Result<bool, Malformed> {
    let (header, cases) = open(TABLE)?;
    let anchor = header.anchor()?;
    let mut runner = Runner::new();
    let (mut attestations, mut assertions) = (Worst::default(), Worst::default());
    for case in cases {
        let case = case?;
        let (found, cost) = measure(|| case.verdict(&anchor, crypto));
        if let Err(failure) = runner.check(&case, found) {
            print_failure(&failure);
        }
        match case.object {
            Object::Attestation { .. } => attestations.update(&case, cost),
            Object::Assertion { .. } => assertions.update(&case, cost),
        }
    }
    attestations.print("attestation");
    assertions.print("assertion");
    let cases = u32::from(header.cases);
    print(&[Decimal::new(runner.held().into()).text(), " of ", Decimal::new(cases).text(), " as expected\n"]);
    Ok(runner.is_complete(&header))
}

/// The dearest case for instructions, and the one for stack.
#[derive(Default)]
struct Worst<'t> {
    instructions: (u32, &'t str),
    stack: (u32, &'t str),
}

impl<'t> Worst<'t> {
    fn update(&mut self, case: &Case<'t>, cost: Cost) {
        if cost.instructions > self.instructions.0 {
            self.instructions = (cost.instructions, case.id);
        }
        if cost.stack > self.stack.0 {
            self.stack = (cost.stack, case.id);
        }
    }

    fn print(&self, kind: &str) {
        let (instructions, stack) = (Decimal::new(self.instructions.0), Decimal::new(self.stack.0));
        print(&[kind, ", dearest: ", self.instructions.1, ", ", instructions.text(), " instructions\n"]);
        print(&[kind, ", deepest: ", self.stack.1, ", ", stack.text(), " bytes of stack\n"]);
    }
}

fn print_failure(failure: &Failure<'_>) {
    let code = |verdict: Option<u16>| Decimal::new(verdict.map_or(0, u32::from)); // 0: accepted.
    let (expected, found) = (code(failure.expected), code(failure.found));
    print(&[failure.id, ": expected ", expected.text(), ", found ", found.text()]);
    print(&[if failure.twin_passed { "\n" } else { "; its twin has not passed\n" }]);
}
