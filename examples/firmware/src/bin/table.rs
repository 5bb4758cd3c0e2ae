//! The threat table: every minted vector is verified with cryptography in software, must have the same verdict as on the
//! host, and is measured.
#![no_std]
#![no_main]

use firmware::board::{Cost, Decimal, entry, exit, measure, print};
use genuine::crypto::RustCrypto;
use genuine_table::{Case, Failure, Malformed, Object, Runner, open};

/// Packed by `build.rs`, which is 1 MB.
static TABLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/table.bin"));

#[entry]
fn main() -> ! {
    let complete = run().unwrap_or_else(|Malformed| {
        print(&["the table is malformed\n"]);
        false
    });
    exit(complete)
}

/// Whether every case had its verdict.
fn run() -> Result<bool, Malformed> {
    let (header, cases) = open(TABLE)?;
    let anchor = header.anchor()?;
    let mut runner = Runner::new();
    let (mut attestations, mut assertions) = (Worst::default(), Worst::default());
    for case in cases {
        let case = case?;
        let (found, cost) = measure(|| case.verdict(&anchor, &RustCrypto));
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
    let cases = u64::from(header.cases);
    print(&[Decimal::new(u64::from(runner.held())).text(), " of ", Decimal::new(cases).text(), " as expected\n"]);
    Ok(runner.is_complete(&header))
}

/// The dearest case for instructions, and the one for stack.
#[derive(Default)]
struct Worst<'t> {
    instructions: (u64, &'t str),
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
        let (instructions, stack) = (Decimal::new(self.instructions.0), Decimal::new(u64::from(self.stack.0)));
        print(&[kind, ", dearest: ", self.instructions.1, ", ", instructions.text(), " instructions\n"]);
        print(&[kind, ", deepest: ", self.stack.1, ", ", stack.text(), " bytes of stack\n"]);
    }
}

fn print_failure(failure: &Failure<'_>) {
    let code = |verdict: Option<u16>| Decimal::new(verdict.map_or(0, u64::from)); // 0: accepted.
    let (expected, found) = (code(failure.expected), code(failure.found));
    print(&[failure.id, ": expected ", expected.text(), ", found ", found.text()]);
    print(&[if failure.twin_passed { "\n" } else { "; its twin has not passed\n" }]);
}
