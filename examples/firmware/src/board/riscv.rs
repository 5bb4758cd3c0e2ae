//! RISC-V: entry by `riscv-rt`, instructions by `minstret`.

use core::arch::asm;

pub use riscv_rt::entry;

/// Sets the counter of retired instructions (privileged specification, §3.1.10) to zero.
pub(super) fn start_counter() {
    // SAFETY: writes a counter that nothing else here uses.
    unsafe { asm!("csrw minstret, zero", "csrw minstreth, zero", options(nostack)) };
}

/// Instructions since the start.
pub(super) fn instructions() -> u64 {
    let (low, high): (u32, u32);
    // SAFETY: reads a counter. Its lower half carries after four billion; nothing here takes so long.
    unsafe {
        asm!("csrr {}, minstret", "csrr {}, minstreth", out(reg) low, out(reg) high, options(nostack));
    };
    u64::from(high) << 32 | u64::from(low)
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "a call has a stack pointer of its own")]
pub(super) fn stack_pointer() -> usize {
    let pointer;
    // SAFETY: reads a register.
    unsafe { asm!("mv {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags)) };
    pointer
}
