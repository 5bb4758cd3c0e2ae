//! The project held against its own rules: the layers of every crate, the features of a bare build, the table of errors.

mod engine;
mod errors;
mod features;
mod layers;
mod source;
