//! A strict CBOR reader over `minicbor`: definite lengths, shortest heads, no tags, bounded counts.
//!
//! `minicbor` decodes; this module looks at each initial byte first, so that what genuine objects never use is refused
//! with its own code, and at what was consumed afterwards, so that longer heads than needed are refused too
//! (RFC 8949 §4.2.1). Nothing here recurses: with definite lengths, skipping a value is counting.

use minicbor::Decoder;

use crate::error::Error;

/// The most entries of a map or array. Genuine maps have at most five (the COSE key); the extension map may grow.
pub(crate) const MAX_ENTRIES: usize = 16;

/// The most items that [`Reader::skip`] passes over for one unknown value, containers and keys included.
const MAX_SKIPPED_ITEMS: usize = 32;

/// The major types (RFC 8949 §3.1).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Major {
    Unsigned,
    Negative,
    Bytes,
    Text,
    Array,
    Map,
    Simple,
}

/// A cursor over CBOR bytes.
pub(crate) struct Reader<'i> {
    decoder: Decoder<'i>,
}

impl<'i> Reader<'i> {
    pub(crate) fn new(input: &'i [u8]) -> Self {
        Self { decoder: Decoder::new(input) }
    }

    /// What has not been read yet.
    pub(crate) fn rest(&self) -> &'i [u8] {
        self.decoder.input().get(self.decoder.position()..).unwrap_or_default()
    }

    /// Ends the object: nothing may be left.
    pub(crate) fn finish(&self) -> Result<(), Error> {
        if self.rest().is_empty() { Ok(()) } else { Err(Error::CborTrailing) }
    }

    /// Reads a byte string.
    pub(crate) fn bytes(&mut self) -> Result<&'i [u8], Error> {
        self.expect(Major::Bytes)?;
        let start = self.decoder.position();
        // With the type known, the only failure left is a length beyond the input, or on 32 bits beyond memory.
        let bytes = self.decoder.bytes().map_err(|_| Error::CborTruncated)?;
        self.check_head(start, bytes.len(), length(bytes))?;
        Ok(bytes)
    }

    /// Reads a text string.
    pub(crate) fn text(&mut self) -> Result<&'i str, Error> {
        self.expect(Major::Text)?;
        let start = self.decoder.position();
        // A length in eight octets is beyond any input: on 32 bits `minicbor` reports it as an overflow, not as the end.
        let wide = self.rest().first() == Some(&0x7B);
        let text = self
            .decoder
            .str()
            .map_err(|error| if wide || error.is_end_of_input() { Error::CborTruncated } else { Error::CborUtf8 })?;
        self.check_head(start, text.len(), length(text.as_bytes()))?;
        Ok(text)
    }

    /// Reads the head of a map and returns the number of its entries, at most [`MAX_ENTRIES`].
    pub(crate) fn map(&mut self) -> Result<usize, Error> {
        self.expect(Major::Map)?;
        let start = self.decoder.position();
        let count = self.decoder.map().map_err(|_| Error::CborTruncated)?;
        self.count(start, count)
    }

    /// Reads the head of an array and returns the number of its items, at most [`MAX_ENTRIES`].
    pub(crate) fn array(&mut self) -> Result<usize, Error> {
        self.expect(Major::Array)?;
        let start = self.decoder.position();
        let count = self.decoder.array().map_err(|_| Error::CborTruncated)?;
        self.count(start, count)
    }

    /// Reads an integer of either sign that fits 64 bits.
    pub(crate) fn integer(&mut self) -> Result<i64, Error> {
        let major = self.peek()?;
        if major != Major::Unsigned && major != Major::Negative {
            return Err(Error::CborType);
        }
        let start = self.decoder.position();
        let value = self
            .decoder
            .i64()
            .map_err(|error| if error.is_end_of_input() { Error::CborTruncated } else { Error::CborType })?;
        // The argument of a negative integer n is −1 − n, its bitwise complement.
        self.check_head(start, 0, value.max(!value).unsigned_abs())?;
        Ok(value)
    }

    /// Whether the next item is a byte string, of whatever form.
    pub(crate) fn next_is_bytes(&self) -> bool {
        matches!(self.rest().first(), Some(0x40..=0x5F))
    }

    /// Passes over one value of any type.
    pub(crate) fn skip(&mut self) -> Result<(), Error> {
        let mut outstanding = 1_usize;
        for _ in 0..MAX_SKIPPED_ITEMS {
            let Some(left) = outstanding.checked_sub(1) else {
                return Ok(());
            };
            outstanding = left;
            match self.peek()? {
                Major::Unsigned | Major::Negative => self.skip_integer()?,
                Major::Bytes => {
                    self.bytes()?;
                }
                Major::Text => {
                    self.text()?;
                }
                Major::Array => outstanding = outstanding.saturating_add(self.array()?),
                Major::Map => outstanding = outstanding.saturating_add(self.map()?.saturating_mul(2)),
                Major::Simple => self.skip_simple()?,
            }
        }
        if outstanding == 0 { Ok(()) } else { Err(Error::CborLimit) }
    }

    /// Passes over an integer of the full 65-bit range.
    fn skip_integer(&mut self) -> Result<(), Error> {
        let start = self.decoder.position();
        let value = i128::from(self.decoder.int().map_err(|_| Error::CborTruncated)?);
        let argument = u64::try_from(value.max(!value)).map_err(|_| Error::CborMalformed)?;
        self.check_head(start, 0, argument)
    }

    /// Passes over a simple value or a float (RFC 8949 §3.3).
    fn skip_simple(&mut self) -> Result<(), Error> {
        let size = match self.rest() {
            [0xF8, ..] => 2,
            [0xF9, ..] => 3,
            [0xFA, ..] => 5,
            [0xFB, ..] => 9,
            _ => 1,
        };
        if self.rest().len() < size {
            return Err(Error::CborTruncated);
        }
        self.decoder.set_position(self.decoder.position().saturating_add(size));
        Ok(())
    }

    fn expect(&self, wanted: Major) -> Result<(), Error> {
        if self.peek()? == wanted { Ok(()) } else { Err(Error::CborType) }
    }

    /// Classifies the next initial byte and refuses what strict CBOR excludes.
    fn peek(&self) -> Result<Major, Error> {
        let (&initial, rest) = self.rest().split_first().ok_or(Error::CborTruncated)?;
        let major = initial >> 5;
        match (major, initial & 0x1F) {
            (_, 28..=30) | (0 | 1 | 6 | 7, 31) => Err(Error::CborMalformed),
            (_, 31) => Err(Error::CborIndefinite),
            // One-byte values have one-byte heads; 20 to 31 are taken or reserved (RFC 8949 §3.3).
            (7, 24) => match rest.first() {
                Some(0..=31) => Err(Error::CborMalformed),
                Some(_) => Ok(Major::Simple),
                None => Err(Error::CborTruncated),
            },
            (0, _) => Ok(Major::Unsigned),
            (1, _) => Ok(Major::Negative),
            (2, _) => Ok(Major::Bytes),
            (3, _) => Ok(Major::Text),
            (4, _) => Ok(Major::Array),
            (5, _) => Ok(Major::Map),
            (6, _) => Err(Error::CborTag),
            _ => Ok(Major::Simple),
        }
    }

    fn count(&self, start: usize, count: Option<u64>) -> Result<usize, Error> {
        let count = count.ok_or(Error::CborIndefinite)?;
        self.check_head(start, 0, count)?;
        match usize::try_from(count) {
            Ok(count @ 0..=MAX_ENTRIES) => Ok(count),
            _ => Err(Error::CborLimit),
        }
    }

    /// Checks that the item read since `start` had the shortest head for its `argument`, `payload` bytes behind it.
    fn check_head(&self, start: usize, payload: usize, argument: u64) -> Result<(), Error> {
        let shortest: usize = match argument {
            0..=0x17 => 1,
            0x18..=0xFF => 2,
            0x100..=0xFFFF => 3,
            0x1_0000..=0xFFFF_FFFF => 5,
            _ => 9,
        };
        let consumed = self.decoder.position().saturating_sub(start);
        if consumed == shortest.saturating_add(payload) { Ok(()) } else { Err(Error::CborNonCanonical) }
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
