//! Records of figures, and what is made of them: tables in documents, and pictures.
//!
//! `benches/record/*.toml` hold what was measured and nothing else. Each harness writes the record of its own through the
//! types in [`record`]; [`documents`] and [`pictures`] are the only places that make text and pictures of it. Tests hold the
//! committed ones against the records, so that no figure in a document comes from elsewhere.

#[cfg(feature = "door")]
pub mod documents;
#[cfg(feature = "door")]
pub mod pictures;
pub mod record;

use std::{error::Error, path::Path};

/// What a function that can fail says about it; it may do so in a thread.
pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The top of the repository.
#[must_use]
pub fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
