#![doc = include_str!("../README.md")]
#![no_std]
#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]

#[cfg(any(feature = "std", test))]
extern crate std;

mod backend;
mod batch;
#[cfg(all(target_arch = "x86_64", target_pointer_width = "64"))]
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::many_single_char_names,
    clippy::similar_names,
    reason = "arithmetic on words, with the papers' names"
)]
mod ifma;
#[cfg_attr(all(target_arch = "x86_64", target_pointer_width = "64"), path = "present.rs")]
#[cfg_attr(not(all(target_arch = "x86_64", target_pointer_width = "64")), path = "absent.rs")]
mod token;

pub use batch::{Item, Key};
pub use token::Ifma;
