//! Cortex-M: entry by `cortex-m-rt`, instructions by `SysTick`.

use core::arch::asm;

pub use cortex_m_rt::entry;

use super::{exit, print};

const SYST_CSR: *mut u32 = 0xE000_E010 as *mut u32;
const SYST_RVR: *mut u32 = 0xE000_E014 as *mut u32;
const SYST_CVR: *mut u32 = 0xE000_E018 as *mut u32;

const ENABLE: u32 = 1;
const PROCESSOR_CLOCK: u32 = 1 << 2;
const COUNTFLAG: u32 = 1 << 16;
const RELOAD: u32 = 0x00FF_FFFF;

/// In QEMU an instruction takes 1 ns, and the processor clock ticks at 25 MHz (AN386) or 20 MHz (AN505). On a board a tick
/// is a cycle, and this is 1.
const INSTRUCTIONS_PER_TICK: u64 = if cfg!(board = "mps2-an505") { 50 } else { 40 };

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
pub(super) fn instructions() -> u64 {
    // SAFETY: as above.
    let (current, status) = unsafe { (SYST_CVR.read_volatile(), SYST_CSR.read_volatile()) };
    if status & COUNTFLAG != 0 {
        print(&["the counter ran out\n"]);
        exit(false);
    }
    u64::from(RELOAD - current) * INSTRUCTIONS_PER_TICK
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "a call has a stack pointer of its own")]
pub(super) fn stack_pointer() -> usize {
    let pointer;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags)) };
    pointer
}
