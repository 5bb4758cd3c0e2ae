//! A strict CBOR reader over `minicbor`: definite lengths, shortest heads, no tags, bounded counts.
//!
//! `minicbor` decodes; this module looks at each head first, so that what genuine objects never use is refused with its
//! own code: indefinite lengths, tags, heads longer than needed (RFC 8949 §4.2.1). Nothing here recurses: with definite
//! lengths, skipping a value is counting.

use minicbor::Decoder;

/// The most entries of a map or array. Genuine maps have at most five (the COSE key); the extension map may grow.
pub(crate) const MAX_ENTRIES: usize = 16;

/// The most items that are passed over in all unknown values of a map, containers and keys in them included. Genuine maps
/// have no unknown value.
pub(crate) const MAX_SKIPPED_ITEMS: usize = 32;

/// Why an item is not strict CBOR (RFC 8949), or not what its place requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CborError {
    /// The input ends before the item does (§5.3.1).
    Truncated,
    /// Not well-formed: a reserved head, a stray break, a two-byte simple value below 32 (§3).
    Malformed,
    /// Indefinite length (§4.2.1).
    Indefinite,
    /// A head that is not in its shortest form (§4.2.1).
    NonCanonical,
    /// A tag (§3.4).
    Tag,
    /// A text string that is not UTF-8 (§3.1).
    Utf8,
    /// Another type than the place requires.
    Type,
    /// A map holds the same key twice (§5.6).
    DuplicateKey,
    /// Bytes behind the object.
    Trailing,
    /// More entries or items than this reader takes.
    Limit,
}

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
#[derive(Clone)]
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
    pub(crate) fn finish(&self) -> Result<(), CborError> {
        if self.rest().is_empty() { Ok(()) } else { Err(CborError::Trailing) }
    }

    /// Reads a byte string.
    pub(crate) fn bytes(&mut self) -> Result<&'i [u8], CborError> {
        self.head(Major::Bytes)?;
        // With the head known to be good, the only failure left is a length beyond the input.
        self.decoder.bytes().map_err(|_| CborError::Truncated)
    }

    /// Reads a text string.
    pub(crate) fn text(&mut self) -> Result<&'i str, CborError> {
        let length = self.head(Major::Text)?;
        // Decided here, because on 32 bits `minicbor` would report a length beyond memory in the way it reports bad UTF-8.
        if usize::try_from(length).map_or(true, |length| length >= self.rest().len()) {
            return Err(CborError::Truncated);
        }
        self.decoder.str().map_err(|error| if error.is_end_of_input() { CborError::Truncated } else { CborError::Utf8 })
    }

    /// Reads the head of a map and returns the number of its entries, at most [`MAX_ENTRIES`].
    pub(crate) fn map(&mut self) -> Result<usize, CborError> {
        let count = self.head(Major::Map)?;
        self.decoder.map().map_err(|_| CborError::Truncated)?;
        bounded(count)
    }

    /// Reads the head of an array and returns the number of its items, at most [`MAX_ENTRIES`].
    pub(crate) fn array(&mut self) -> Result<usize, CborError> {
        let count = self.head(Major::Array)?;
        self.decoder.array().map_err(|_| CborError::Truncated)?;
        bounded(count)
    }

    /// Reads an integer of either sign that fits 64 bits.
    pub(crate) fn integer(&mut self) -> Result<i64, CborError> {
        let sign @ (Major::Unsigned | Major::Negative) = self.peek()? else {
            return Err(CborError::Type);
        };
        // The head is all of it, and was read: `minicbor` would read it again, with 500 bytes of flash.
        let argument = self.head(sign)?;
        self.pass_head()?;
        let number = i64::try_from(argument).map_err(|_| CborError::Type)?;
        Ok(if sign == Major::Negative { !number } else { number }) // −1 − n (RFC 8949 §3.1)
    }

    /// Whether the next item is a byte string, of whatever form.
    pub(crate) fn next_is_bytes(&self) -> bool {
        matches!(self.rest().first(), Some(0x40..=0x5F))
    }

    /// Passes over one value of any type, which may consist of so many items; returns how many it leaves.
    pub(crate) fn skip(&mut self, mut items: usize) -> Result<usize, CborError> {
        let mut outstanding = 1_usize;
        while let Some(left) = outstanding.checked_sub(1) {
            outstanding = left;
            items = items.checked_sub(1).ok_or(CborError::Limit)?;
            match self.peek()? {
                sign @ (Major::Unsigned | Major::Negative) => {
                    self.head(sign)?;
                    self.pass_head()?;
                }
                Major::Bytes => {
                    self.bytes()?;
                }
                Major::Text => {
                    self.text()?;
                }
                Major::Array => outstanding = outstanding.saturating_add(self.array()?),
                Major::Map => outstanding = outstanding.saturating_add(self.map()?.saturating_mul(2)),
                // A simple value or a float is its head (RFC 8949 §3.3).
                Major::Simple => self.pass_head()?,
            }
        }
        Ok(items)
    }

    /// Passes over a head with its argument (RFC 8949 §3).
    fn pass_head(&mut self) -> Result<(), CborError> {
        let size = match self.rest().first().map(|initial| initial & 0x1F) {
            Some(24) => 2,
            Some(25) => 3,
            Some(26) => 5,
            Some(27) => 9,
            _ => 1,
        };
        if self.rest().len() < size {
            return Err(CborError::Truncated);
        }
        self.decoder.set_position(self.decoder.position().saturating_add(size));
        Ok(())
    }

    /// Checks that the next item is of this type and has the shortest head for its argument, and returns that
    /// (RFC 8949 §3, §4.2.1).
    fn head(&self, wanted: Major) -> Result<u64, CborError> {
        if self.peek()? != wanted {
            return Err(CborError::Type);
        }
        let (&initial, rest) = self.rest().split_first().ok_or(CborError::Truncated)?;
        let (octets, least) = match initial & 0x1F {
            24 => (1, 24),
            25 => (2, 1 << 8),
            26 => (4, 1 << 16),
            27 => (8, 1 << 32),
            immediate => return Ok(u64::from(immediate)),
        };
        let argument = rest.get(..octets).ok_or(CborError::Truncated)?;
        let argument = argument.iter().fold(0, |argument, octet| argument << 8 | u64::from(*octet));
        if argument < least { Err(CborError::NonCanonical) } else { Ok(argument) }
    }

    /// Classifies the next initial byte and refuses what strict CBOR excludes.
    fn peek(&self) -> Result<Major, CborError> {
        let (&initial, rest) = self.rest().split_first().ok_or(CborError::Truncated)?;
        let major = initial >> 5;
        match (major, initial & 0x1F) {
            (_, 28..=30) | (0 | 1 | 6 | 7, 31) => Err(CborError::Malformed),
            (_, 31) => Err(CborError::Indefinite),
            // One-byte values have one-byte heads; 20 to 31 are taken or reserved (RFC 8949 §3.3).
            (7, 24) => match rest.first() {
                Some(0..=31) => Err(CborError::Malformed),
                Some(_) => Ok(Major::Simple),
                None => Err(CborError::Truncated),
            },
            (0, _) => Ok(Major::Unsigned),
            (1, _) => Ok(Major::Negative),
            (2, _) => Ok(Major::Bytes),
            (3, _) => Ok(Major::Text),
            (4, _) => Ok(Major::Array),
            (5, _) => Ok(Major::Map),
            (6, _) => Err(CborError::Tag),
            _ => Ok(Major::Simple),
        }
    }
}

fn bounded(count: u64) -> Result<usize, CborError> {
    match usize::try_from(count) {
        Ok(count @ 0..=MAX_ENTRIES) => Ok(count),
        _ => Err(CborError::Limit),
    }
}
