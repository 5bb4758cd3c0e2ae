//! A strict DER reader: one cursor, definite minimal lengths, a `finish()` at every level.
//!
//! Ours rather than the `der` crate's, because its byte reader keeps a panic site in the linked image and its errors
//! are coarser than the codes promised here (DESIGN.md). The `der` crate serves for calendar dates and for naming
//! object identifiers, and is the oracle of the differential tests.

use core::fmt;

/// Why an element is not strict DER (X.690).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DerError {
    /// The input ends before the element does (§8.1).
    Truncated,
    /// A length is indefinite, not minimal, or longer than two octets (§10.1).
    Length,
    /// An element has another tag than its place requires.
    Tag,
    /// Bytes follow the last element of a structure.
    Trailing,
    /// An INTEGER is empty or not minimal (§8.3.2).
    Integer,
    /// A BOOLEAN is not `FF`, or a DEFAULT FALSE is spelled out (§11.1, §11.5).
    Boolean,
    /// A BIT STRING is empty, has unused bits where none may be, or padding that is not zero (§11.2); or named bits are more than
    /// 16, or end in zeros where a profile wants them left out (§11.2.2).
    BitString,
    /// An OBJECT IDENTIFIER is empty, cut off, or not minimal (§8.19).
    Oid,
}

impl fmt::Display for DerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Der{self:?}")
    }
}

impl core::error::Error for DerError {}

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
#[cfg(feature = "key-attestation")]
pub(crate) const NULL: u8 = 0x05;
#[cfg(feature = "key-attestation")]
pub(crate) const ENUMERATED: u8 = 0x0A;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
/// `[n] EXPLICIT`, n below 31.
pub(crate) const fn explicit(number: u8) -> u8 {
    0xA0 | (number & 0x1F)
}

/// The tag bits that announce a tag number of 31 or more in the octets that follow (X.690 §8.1.2.4).
const HIGH_TAG: u8 = 0x1F;

/// A cursor over DER bytes.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'i> {
    rest: &'i [u8],
}

impl<'i> Reader<'i> {
    pub(crate) const fn new(input: &'i [u8]) -> Self {
        Self { rest: input }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What has not been read yet.
    pub(crate) const fn rest(&self) -> &'i [u8] {
        self.rest
    }

    /// Ends this level: nothing may be left.
    pub(crate) const fn finish(&self) -> Result<(), DerError> {
        if self.rest.is_empty() { Ok(()) } else { Err(DerError::Trailing) }
    }

    /// Whether the next element has this tag.
    pub(crate) fn next_is(&self, tag: u8) -> bool {
        self.rest.first() == Some(&tag)
    }

    /// Reads an element with this tag and returns its value.
    pub(crate) fn value(&mut self, tag: u8) -> Result<&'i [u8], DerError> {
        let (&first, rest) = self.rest.split_first().ok_or(DerError::Truncated)?;
        if first != tag {
            return Err(DerError::Tag);
        }
        self.rest = rest;
        self.length_and_value()
    }

    /// Reads an element with this tag and returns all its bytes, tag and length included.
    pub(crate) fn element(&mut self, tag: u8) -> Result<&'i [u8], DerError> {
        let start = self.rest;
        self.value(tag)?;
        let length = start.len().saturating_sub(self.rest.len());
        start.get(..length).ok_or(DerError::Truncated)
    }

    /// Reads an element with any tag number below 31 and returns its tag and value.
    pub(crate) fn any(&mut self) -> Result<(u8, &'i [u8]), DerError> {
        let (&tag, rest) = self.rest.split_first().ok_or(DerError::Truncated)?;
        if tag & HIGH_TAG == HIGH_TAG {
            return Err(DerError::Tag);
        }
        self.rest = rest;
        Ok((tag, self.length_and_value()?))
    }

    /// Reads an element `[n]`, constructed, context-specific, of any number up to 16,383; returns number and value.
    pub(crate) fn any_explicit(&mut self) -> Result<(u16, &'i [u8]), DerError> {
        let (&tag, mut rest) = self.rest.split_first().ok_or(DerError::Truncated)?;
        if tag & !HIGH_TAG != explicit(0) {
            return Err(DerError::Tag);
        }
        let mut number = u16::from(tag.saturating_sub(explicit(0)));
        if tag & HIGH_TAG == HIGH_TAG {
            let (&first, tail) = rest.split_first().ok_or(DerError::Truncated)?;
            rest = tail;
            number = u16::from(first & 0x7F);
            if first & 0x80 != 0 {
                let (&second, tail) = rest.split_first().ok_or(DerError::Truncated)?;
                rest = tail;
                if number == 0 || second & 0x80 != 0 {
                    return Err(DerError::Tag);
                }
                number = (number << 7) | u16::from(second);
            }
            if number < u16::from(HIGH_TAG) {
                return Err(DerError::Tag);
            }
        }
        self.rest = rest;
        Ok((number, self.length_and_value()?))
    }

    /// Reads a BOOLEAN with DEFAULT FALSE: absent or TRUE (X.690 §11.1, §11.5).
    pub(crate) fn default_false(&mut self) -> Result<bool, DerError> {
        if !self.next_is(BOOLEAN) {
            return Ok(false);
        }
        match self.value(BOOLEAN)? {
            [0xFF] => Ok(true),
            _ => Err(DerError::Boolean),
        }
    }

    /// As [`default_false`](Self::default_false), with any octet but `00` for TRUE, as BER has it (X.690 §8.2) and some phones do.
    #[cfg(feature = "key-attestation")]
    pub(crate) fn lenient_default_false(&mut self) -> Result<bool, DerError> {
        if !self.next_is(BOOLEAN) {
            return Ok(false);
        }
        if self.lenient_boolean()? { Ok(true) } else { Err(DerError::Boolean) }
    }

    /// Reads a BOOLEAN in which any octet but `00` is TRUE (X.690 §8.2).
    #[cfg(feature = "key-attestation")]
    pub(crate) fn lenient_boolean(&mut self) -> Result<bool, DerError> {
        match self.value(BOOLEAN)? {
            [octet] => Ok(*octet != 0),
            _ => Err(DerError::Boolean),
        }
    }

    /// Reads an INTEGER and returns its octets: minimal, two's complement (X.690 §8.3).
    pub(crate) fn integer(&mut self) -> Result<&'i [u8], DerError> {
        let octets = self.value(INTEGER)?;
        match octets {
            [] | [0x00, 0x00..=0x7F, ..] | [0xFF, 0x80..=0xFF, ..] => Err(DerError::Integer),
            _ => Ok(octets),
        }
    }

    /// Reads an INTEGER that is not negative and returns its magnitude without a sign octet; zero is empty.
    pub(crate) fn magnitude(&mut self) -> Result<&'i [u8], DerError> {
        match self.integer()? {
            [0x80..=0xFF, ..] => Err(DerError::Integer),
            [0x00, magnitude @ ..] | magnitude => Ok(magnitude),
        }
    }

    /// Reads an INTEGER from 0 to 2^64 − 1.
    #[cfg(feature = "key-attestation")]
    pub(crate) fn unsigned(&mut self) -> Result<u64, DerError> {
        number(self.magnitude()?)
    }

    /// Reads an ENUMERATED from 0 to 2^64 − 1, which is encoded as an INTEGER is (X.690 §8.4).
    #[cfg(feature = "key-attestation")]
    pub(crate) fn enumerated(&mut self) -> Result<u64, DerError> {
        match self.value(ENUMERATED)? {
            [] | [0x00, 0x00..=0x7F, ..] | [0x80..=0xFF, ..] => Err(DerError::Integer),
            [0x00, magnitude @ ..] | magnitude => number(magnitude),
        }
    }

    /// Reads a BIT STRING of whole octets.
    pub(crate) fn bit_octets(&mut self) -> Result<&'i [u8], DerError> {
        match self.value(BIT_STRING)? {
            [0, octets @ ..] if !octets.is_empty() => Ok(octets),
            _ => Err(DerError::BitString),
        }
    }

    /// Reads a BIT STRING of named bits, at most 16, the first in the highest place; with them, whether the trailing zero bits
    /// are left out, as DER has it (X.690 §11.2.2). In certificates of Android phones they are not; the profile of App Attest wants it.
    pub(crate) fn named_bits(&mut self) -> Result<(u16, bool), DerError> {
        let (unused, bits, last) = match *self.value(BIT_STRING)? {
            [0] => return Ok((0, true)),
            [unused, only] => (unused, u16::from_be_bytes([only, 0]), only),
            [unused, first, second] => (unused, u16::from_be_bytes([first, second]), second),
            _ => return Err(DerError::BitString),
        };
        let zeros = last.trailing_zeros();
        if unused > 7 || u32::from(unused) > zeros {
            return Err(DerError::BitString);
        }
        Ok((bits, last != 0 && u32::from(unused) == zeros))
    }

    /// Reads an OBJECT IDENTIFIER and returns its octets (X.690 §8.19).
    // Not inlined, because five places call it: 1.3 KB of flash on Cortex-M4.
    #[inline(never)]
    pub(crate) fn object_identifier(&mut self) -> Result<&'i [u8], DerError> {
        let octets = self.value(OBJECT_IDENTIFIER)?;
        // Each arc is base 128, high bit set on all octets but its last, and does not start with a zero digit.
        let mut at_arc_start = true;
        for &octet in octets {
            if at_arc_start && octet == 0x80 {
                return Err(DerError::Oid);
            }
            at_arc_start = octet & 0x80 == 0;
        }
        if octets.is_empty() || !at_arc_start {
            return Err(DerError::Oid);
        }
        Ok(octets)
    }

    /// Reads a length in its shortest form, at most two octets (X.690 §10.1), and that many bytes.
    ///
    /// Two octets reach 65,535, and what is longer is refused; genuine objects are four times shorter.
    fn length_and_value(&mut self) -> Result<&'i [u8], DerError> {
        let (&first, rest) = self.rest.split_first().ok_or(DerError::Truncated)?;
        let (length, rest) = match first {
            0x00..=0x7F => (usize::from(first), rest),
            0x81 => match rest.split_first().ok_or(DerError::Truncated)? {
                (&length @ 0x80..=0xFF, rest) => (usize::from(length), rest),
                _ => return Err(DerError::Length),
            },
            0x82 => match rest.split_first_chunk::<2>().ok_or(DerError::Truncated)? {
                (&[high @ 1..=0xFF, low], rest) => (usize::from(u16::from_be_bytes([high, low])), rest),
                _ => return Err(DerError::Length),
            },
            _ => return Err(DerError::Length),
        };
        let (value, rest) = rest.split_at_checked(length).ok_or(DerError::Truncated)?;
        self.rest = rest;
        Ok(value)
    }
}

/// The number of at most 8 octets, big-endian.
#[cfg(feature = "key-attestation")]
fn number(magnitude: &[u8]) -> Result<u64, DerError> {
    if magnitude.len() > 8 {
        return Err(DerError::Integer);
    }
    Ok(magnitude.iter().fold(0, |number, octet| number << 8 | u64::from(*octet)))
}
