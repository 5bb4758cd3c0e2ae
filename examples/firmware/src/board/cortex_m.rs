//! Cortex-M: entry by `cortex-m-rt`, instructions by `SysTick`.

use core::arch::asm;
#[cfg(feature = "compact")]
use core::arch::global_asm;

pub use cortex_m_rt::entry;

use super::{exit, print};

/// The handlers of the board's interrupts, as a device crate has them. None is used, and one is the fewest there can be: the
/// table without a device crate takes 1 or 2 KB.
#[unsafe(link_section = ".vector_table.interrupts")]
#[unsafe(no_mangle)]
static __INTERRUPTS: [unsafe extern "C" fn(); 1] = [DefaultHandler];

unsafe extern "C" {
    fn DefaultHandler();
}

const SYST_CSR: *mut u32 = 0xE000_E010 as *mut u32;
const SYST_RVR: *mut u32 = 0xE000_E014 as *mut u32;
const SYST_CVR: *mut u32 = 0xE000_E018 as *mut u32;

const ENABLE: u32 = 1;
const PROCESSOR_CLOCK: u32 = 1 << 2;
const COUNTFLAG: u32 = 1 << 16;
const RELOAD: u32 = 0x00FF_FFFF;

/// In QEMU an instruction takes 1 ns, and the processor clock ticks at 25 MHz (AN386) or 20 MHz (AN505). On a board a tick
/// is a cycle, and this is 1.
const INSTRUCTIONS_PER_TICK: u32 = if cfg!(board = "mps2-an505") { 50 } else { 40 };

// Copying and clearing from the end on: words if all is a multiple of four, octets otherwise. In the place of those that come
// compiled, which are built for speed and take 1.4 KB.
#[cfg(feature = "compact")]
global_asm!(
    ".section .text.memory, \"ax\"",
    ".macro entry name",
    ".global \\name",
    ".type \\name, %function",
    ".thumb_func",
    "\\name:",
    ".endm",
    "entry memcpy",
    "entry __aeabi_memcpy",
    "entry __aeabi_memcpy4",
    "entry __aeabi_memcpy8",
    "orr r3, r0, r1",
    "orrs r3, r2",
    "lsls r3, r3, #30",
    "bne 2f",
    "1: subs r2, #4",
    "itt hs",
    "ldrhs r3, [r1, r2]",
    "strhs r3, [r0, r2]",
    "bhi 1b",
    "bx lr",
    "2: subs r2, #1",
    "itt hs",
    "ldrbhs r3, [r1, r2]",
    "strbhs r3, [r0, r2]",
    "bhi 2b",
    "bx lr",
    ".size memcpy, . - memcpy",
    "entry __aeabi_memclr",
    "entry __aeabi_memclr4",
    "entry __aeabi_memclr8",
    "movs r2, #0",
    "orr r3, r0, r1",
    "lsls r3, r3, #30",
    "bne 4f",
    "3: subs r1, #4",
    "it hs",
    "strhs r2, [r0, r1]",
    "bhi 3b",
    "bx lr",
    "4: subs r1, #1",
    "it hs",
    "strbhs r2, [r0, r1]",
    "bhi 4b",
    "bx lr",
    ".size __aeabi_memclr, . - __aeabi_memclr",
);

/// Starts `SysTick`, which counts down from its 24 bits: 671 million instructions on the AN386.
pub(super) fn start_counter() {
    // SAFETY: registers of the processor (ARMv7-M B3.3, ARMv8-M D1.2) that nothing else here uses.
    unsafe {
        SYST_RVR.write_volatile(RELOAD);
        SYST_CVR.write_volatile(0);
        SYST_CSR.write_volatile(ENABLE | PROCESSOR_CLOCK);
    }
}

/// Instructions since the start, to within two ticks.
pub(super) fn instructions() -> u32 {
    // SAFETY: as above.
    let (current, status) = unsafe { (SYST_CVR.read_volatile(), SYST_CSR.read_volatile()) };
    if status & COUNTFLAG != 0 {
        print(&["the counter ran out\n"]);
        exit(false);
    }
    (RELOAD - current) * INSTRUCTIONS_PER_TICK
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "a call has a stack pointer of its own")]
pub(super) fn stack_pointer() -> usize {
    let pointer;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags)) };
    pointer
}
