//! One line for each verdict, and whether all were as expected.

use genuine::Error;

use crate::board::{Cost, Decimal, exit, measure, print};

/// The verdict that is expected. Made in constants, so that an image has the names that it prints, and no other.
#[derive(Clone, Copy)]
pub struct Expected {
    error: Option<Error>,
    text: &'static str,
}

impl Expected {
    /// An acceptance.
    pub const ACCEPTED: Self = Self { error: None, text: "accepted" };

    /// A refusal.
    #[must_use]
    pub const fn refused(error: Error) -> Self {
        Self { error: Some(error), text: error.name() }
    }
}

/// Counts what was not as expected.
#[derive(Default)]
pub struct Report {
    unexpected: u32,
}

impl Report {
    /// Runs one verification, measures it, and prints its verdict if it is the expected one.
    pub fn expect<T>(
        &mut self,
        name: &str,
        expected: Expected,
        verify: impl FnOnce() -> Result<T, Error>,
    ) -> Option<T> {
        let (verdict, cost) = measure(verify);
        self.line(name, expected, verdict.as_ref().err().copied(), cost);
        verdict.ok()
    }

    #[inline(never)]
    fn line(&mut self, name: &str, expected: Expected, found: Option<Error>, cost: Cost) {
        let is_expected = found == expected.error;
        let code = Decimal::new(found.map_or(0, Error::code).into()); // 0: accepted.
        let [verdict, code] = if is_expected { [expected.text, ""] } else { ["UNEXPECTED, code ", code.text()] };
        print(&[
            name,
            ": ",
            verdict,
            code,
            ", ",
            Decimal::new(cost.instructions).text(),
            " instructions, ",
            Decimal::new(cost.stack).text(),
            " bytes of stack\n",
        ]);
        self.unexpected += u32::from(!is_expected);
    }

    /// What a lock cannot be without. If its configuration is refused, it is no use to go on.
    pub fn require<T>(&mut self, made: Result<T, Error>) -> T {
        made.unwrap_or_else(|error| {
            self.line("configuration", Expected::ACCEPTED, Some(error), Cost::default());
            exit(false)
        })
    }

    /// Ends the program: exit code 0 only if every verdict was as expected.
    pub fn end(self) -> ! {
        print(&[if self.unexpected == 0 { "all as expected\n" } else { "NOT as expected\n" }]);
        exit(self.unexpected == 0)
    }
}
