//! The runner: which verdicts hold.

use core::fmt;

use genuine::Error;

use crate::packed::{Header, MAX_VECTORS, PackedVector};

/// A vector whose verdict does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure<'t> {
    /// The id of the vector.
    pub id: &'t str,
    /// The number that the suite names; none: the object must be accepted.
    pub expected: Option<u16>,
    /// The number that the engine gave; none: it accepted.
    pub found: Option<u16>,
    /// Whether the twin had passed before. If not, the verdict says nothing, even if it is the expected one.
    pub twin_passed: bool,
}

impl fmt::Display for Failure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)?;
        for (label, verdict) in [(": expected", self.expected), (", found", self.found)] {
            match verdict {
                Some(code) => write!(f, "{label} {code}")?,
                None => write!(f, "{label} pass")?,
            }
        }
        if self.twin_passed { Ok(()) } else { f.write_str("; its twin has not passed") }
    }
}

const WORD: usize = u32::BITS as usize;

/// Compares the verdicts of a run, vector by vector.
///
/// A bad vector counts only after its twin has passed in the same run: a fault of the minting must not look like a fault that
/// the engine found. One whose twin is bad itself, or that names none, never counts.
#[derive(Clone, Debug, Default)]
pub struct Runner {
    accepted: [u32; MAX_VECTORS / WORD],
    held: u16,
    failed: u16,
}

impl Runner {
    /// A runner that has seen no vector.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Compares what the engine said about a vector, [`PackedVector::verdict`], with what the suite says.
    ///
    /// # Errors
    ///
    /// If the verdict is another, or the twin has not passed.
    pub fn check<'t>(&mut self, vector: &PackedVector<'t>, found: Result<(), Error>) -> Result<(), Failure<'t>> {
        let found = found.err().map(Error::code);
        let twin_passed = match (vector.expected, vector.twin) {
            (None, None) => true,
            (Some(_), Some(twin)) => self.was_accepted(twin),
            _ => false,
        };
        if found != vector.expected || !twin_passed {
            self.failed += 1;
            return Err(Failure { id: vector.id, expected: vector.expected, found, twin_passed });
        }
        self.held += 1;
        if found.is_none() {
            self.remember(vector.position);
        }
        Ok(())
    }

    /// How many verdicts held.
    #[must_use]
    pub const fn held(&self) -> u16 {
        self.held
    }

    /// How many did not.
    #[must_use]
    pub const fn failed(&self) -> u16 {
        self.failed
    }

    /// Whether every vector of the suite was seen and every verdict held.
    #[must_use]
    pub const fn is_complete(&self, header: &Header<'_>) -> bool {
        self.failed == 0 && self.held == header.vectors
    }

    fn was_accepted(&self, position: u16) -> bool {
        let position = usize::from(position);
        self.accepted.get(position / WORD).is_some_and(|word| word & (1 << (position % WORD)) != 0)
    }

    fn remember(&mut self, position: u16) {
        let position = usize::from(position);
        if let Some(word) = self.accepted.get_mut(position / WORD) {
            *word |= 1 << (position % WORD);
        }
    }
}
