//! How much stack a call takes: paint what lies below, call, and see how far the paint is gone.

use super::{cpu, exit, print};

const PAINT: u32 = 0xC5C5_C5C5;

/// What is painted, bytes. A call that reaches its end cannot be measured, and ends the program.
const PAINTED: usize = 32 * 1024;

/// Calls a function, and tells how many bytes of stack it took.
#[inline(never)]
pub(super) fn measure<T>(function: impl FnOnce() -> T) -> (T, u32) {
    let top = cpu::stack_pointer() as *mut u32;
    paint(top);
    let result = call(function);
    (result, used(top))
}

fn words(top: *mut u32) -> impl DoubleEndedIterator<Item = *mut u32> {
    (1..=PAINTED / size_of::<u32>()).map(move |depth| top.wrapping_sub(depth))
}

/// Volatile, because nothing that the compiler knows of lies there, and inlined, so that no frame does either.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it paints where its frame would be")]
fn paint(top: *mut u32) {
    for word in words(top) {
        // SAFETY: below the stack pointer, and nothing interrupts.
        unsafe { word.write_volatile(PAINT) };
    }
}

#[inline(never)]
fn used(top: *mut u32) -> u32 {
    // SAFETY: as above. The frame of this function lies at the top, where the call's has been.
    let clean = words(top).rev().take_while(|word| unsafe { word.read_volatile() } == PAINT).count() * size_of::<u32>();
    if clean == 0 {
        print(&["the painted stack was used up\n"]);
        exit(false);
    }
    u32::try_from(PAINTED - clean).unwrap_or(u32::MAX)
}

/// The root of what is measured: a call of its own, so that no part of it belongs to the caller's frame.
#[inline(never)]
fn call<T>(function: impl FnOnce() -> T) -> T {
    function()
}
