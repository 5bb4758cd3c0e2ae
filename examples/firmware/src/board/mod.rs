//! What differs from board to board, and what is done by semihosting: output and exit code.

#[cfg(target_arch = "arm")]
mod cortex_m;
#[cfg(target_arch = "riscv32")]
mod riscv;
mod stack;

#[cfg(target_arch = "arm")]
use cortex_m as cpu;
#[cfg(target_arch = "riscv32")]
use riscv as cpu;

use core::panic::PanicInfo;

use semihosting::{
    io::{Write as _, stdout},
    process::ExitCode,
};

/// Marks the entry point, which start-up code calls with `.data` and `.bss` in place.
pub use cpu::entry;

/// What a call cost.
#[derive(Clone, Copy, Default)]
pub struct Cost {
    /// Instructions from call to return, as QEMU counts them.
    pub instructions: u32,
    /// Bytes of stack below the caller.
    pub stack: u32,
}

/// Calls a function and measures what it costs.
pub fn measure<T>(function: impl FnOnce() -> T) -> (T, Cost) {
    let mut instructions = 0;
    let (result, stack) = stack::measure(|| {
        cpu::start_counter();
        let result = function();
        instructions = cpu::instructions();
        result
    });
    (result, Cost { instructions, stack })
}

/// Prints without `core::fmt`, which would add more code than it is worth.
pub fn print(parts: &[&str]) {
    if let Ok(mut stdout) = stdout() {
        for part in parts {
            // A host that stops listening is no reason to stop.
            let _ = stdout.write(part.as_bytes());
        }
    }
}

/// A number in decimal digits.
pub struct Decimal {
    digits: [u8; 10],
    first: usize,
}

impl Decimal {
    /// Converts the number.
    #[must_use]
    pub fn new(mut number: u32) -> Self {
        let mut decimal = Self { digits: [b'0'; 10], first: 10 };
        for digit in decimal.digits.iter_mut().rev() {
            *digit = b"0123456789"[(number % 10) as usize];
            number /= 10;
            decimal.first -= 1;
            if number == 0 {
                break;
            }
        }
        decimal
    }

    /// The digits, without leading zeros.
    #[must_use]
    pub fn text(&self) -> &str {
        self.digits.get(self.first..).and_then(|digits| core::str::from_utf8(digits).ok()).unwrap_or_default()
    }
}

/// Ends the program, and QEMU with it.
pub fn exit(success: bool) -> ! {
    if success { ExitCode::SUCCESS } else { ExitCode::FAILURE }.exit_process()
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let (file, line) = info.location().map_or(("?", 0), |location| (location.file(), location.line()));
    print(&["panicked at ", file, ":", Decimal::new(line).text(), "\n"]);
    exit(false)
}
