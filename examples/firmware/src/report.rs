//! One line for each verdict, and whether all were as expected.

use genuine::Error;

use crate::board::{Decimal, exit, measure, print};

/// Counts what was not as expected.
#[derive(Default)]
pub struct Report {
    unexpected: u32,
}

impl Report {
    /// Runs one verification, measures it, and prints its verdict beside the one that is expected.
    pub fn expect<T>(
        &mut self,
        name: &str,
        expected: Option<Error>,
        verify: impl FnOnce() -> Result<T, Error>,
    ) -> Option<T> {
        let (verdict, cost) = measure(verify);
        let found = verdict.as_ref().err().copied();
        print(&[
            name,
            ": ",
            text(found),
            ", ",
            Decimal::new(cost.instructions).text(),
            " instructions, ",
            Decimal::new(u64::from(cost.stack)).text(),
            " bytes of stack\n",
        ]);
        if found != expected {
            print(&["    UNEXPECTED, should be: ", text(expected), "\n"]);
            self.unexpected += 1;
        }
        verdict.ok()
    }

    /// Ends the program: exit code 0 only if every verdict was as expected.
    pub fn end(self) -> ! {
        print(&[if self.unexpected == 0 { "all as expected\n" } else { "NOT as expected\n" }]);
        exit(self.unexpected == 0)
    }
}

const fn text(verdict: Option<Error>) -> &'static str {
    match verdict {
        None => "accepted",
        Some(error) => error.name(),
    }
}
