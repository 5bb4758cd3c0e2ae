//! RISC-V: entry by `riscv-rt`, instructions by `minstret`.

use core::arch::asm;

pub use riscv_rt::entry;

/// Sets the counter of retired instructions (privileged specification, §3.1.10) to zero.
pub(super) fn start_counter() {
    // SAFETY: writes a counter that nothing else here uses.
    unsafe { asm!("csrw minstret, zero", "csrw minstreth, zero", options(nostack)) };
}

/// Instructions since the start.
pub(super) fn instructions() -> u32 {
    let instructions;
    // SAFETY: reads the lower half of a counter, which carries after four billion; nothing here takes so long.
    unsafe { asm!("csrr {}, minstret", out(reg) instructions, options(nostack)) };
    instructions
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "a call has a stack pointer of its own")]
pub(super) fn stack_pointer() -> usize {
    let pointer;
    // SAFETY: reads a register.
    unsafe { asm!("mv {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags)) };
    pointer
}
