//! A window for counters that overtake each other: anti-replay as in RFC 4303 §3.4.3 and RFC 6479.

use super::counter::{Counter, Refusal};
use crate::error::Error;

/// The highest counter that was accepted, and which of the 64 below it were.
///
/// Requests that a device sends at the same time arrive in any order; in strict order each that was overtaken is refused.
/// A window accepts each counter once, in whatever order they come, as long as it is not more than 64 below the highest.
/// What is lower is refused, because nobody knows any more whether it was accepted.
///
/// Counters that the app used up and never sent stay acceptable while they are in the window, so an assertion that somebody
/// holds back can be presented for as long as the device does not sign 65 more. In strict order one is enough to end it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "a window that is not stored lets assertions be replayed"]
pub struct ReplayWindow {
    highest: Counter,
    /// Bit i stands for the counter `highest` − 1 − i. Bits that stand for no counter above zero are set.
    seen: u64,
}

/// The first octet of the stored form.
const VERSION_1: u8 = 1;

impl ReplayWindow {
    /// How many counters below the highest one are remembered.
    pub const WIDTH: u32 = u64::BITS;

    /// The length of the stored form in bytes.
    pub const ENCODED_LEN: usize = 13;

    /// The window of a key that has been attested and has not signed yet: what to store at registration.
    pub const ATTESTED: Self = Self::after(Counter::ATTESTED);

    /// A window in which everything up to this counter was seen: what to go on with where counters were accepted in strict
    /// order so far.
    pub const fn after(last: Counter) -> Self {
        Self { highest: last, seen: u64::MAX }
    }

    /// A window of its parts, as a store that has them in columns of their own keeps them.
    ///
    /// # Errors
    ///
    /// [`Error::StoredWindowMalformed`] if the bit of a counter below 1 is not set, which no window leaves out.
    pub const fn from_trusted_parts(highest: Counter, seen: u64) -> Result<Self, Error> {
        // Bit `highest` − 1 stands for the counter zero.
        let below_one = match highest.0 {
            0 => u64::MAX,
            highest => match u64::MAX.checked_shl(highest.saturating_sub(1)) {
                Some(bits) => bits,
                None => 0,
            },
        };
        if seen & below_one == below_one { Ok(Self { highest, seen }) } else { Err(Error::StoredWindowMalformed) }
    }

    /// The highest counter that was accepted; 0 for none.
    pub const fn highest(&self) -> Counter {
        self.highest
    }

    /// Which of the counters below the highest one were accepted: bit i stands for the counter highest − 1 − i.
    #[must_use]
    pub const fn seen(&self) -> u64 {
        self.seen
    }

    /// The window with this counter in it, or why it may not be accepted.
    pub(super) fn with(self, counter: Counter) -> Result<Self, Refusal> {
        if counter > self.highest {
            let step = counter.0.saturating_sub(self.highest.0);
            // The counters in between were not seen; what was the highest is the one `step` below the new one.
            let seen = self.seen.checked_shl(step).unwrap_or(0) | bit(step);
            return Ok(Self { highest: counter, seen });
        }
        let below = self.highest.0.saturating_sub(counter.0);
        match bit(below) {
            0 if below == 0 => Err(Refusal::Seen),
            0 => Err(Refusal::BelowWindow),
            bit if self.seen & bit != 0 => Err(Refusal::Seen),
            bit => Ok(Self { seen: self.seen | bit, ..self }),
        }
    }

    /// The stored form: version (1 octet, `01`), highest counter (4, big-endian), bitmap (8, big-endian).
    ///
    /// Later versions of this crate read every earlier form.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::ENCODED_LEN] {
        let fields = [&[VERSION_1][..], &self.highest.0.to_be_bytes(), &self.seen.to_be_bytes()];
        let mut bytes = [0; Self::ENCODED_LEN];
        for (to, from) in bytes.iter_mut().zip(fields.into_iter().flatten()) {
            *to = *from;
        }
        bytes
    }

    /// Reads the stored form back from a place that only the verifier writes to. Damage to its numbers is not noticed: a lower
    /// highest counter, or a bit that is cleared, would accept replays.
    ///
    /// # Errors
    ///
    /// [`Error::StoredWindowMalformed`] for another length or version, and what
    /// [`from_trusted_parts`](Self::from_trusted_parts) answers.
    pub fn from_trusted_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let (&[VERSION_1], rest) = bytes.split_first_chunk::<1>().ok_or(Error::StoredWindowMalformed)? else {
            return Err(Error::StoredWindowMalformed);
        };
        let (&highest, rest) = rest.split_first_chunk::<4>().ok_or(Error::StoredWindowMalformed)?;
        let seen = rest.try_into().map_err(|_| Error::StoredWindowMalformed)?;
        Self::from_trusted_parts(Counter(u32::from_be_bytes(highest)), u64::from_be_bytes(seen))
    }
}

/// The bit of the counter so far below the highest one; none for the highest itself and below the window.
const fn bit(below: u32) -> u64 {
    match below {
        0 => 0,
        below => match 1_u64.checked_shl(below.saturating_sub(1)) {
            Some(bit) => bit,
            None => 0,
        },
    }
}
