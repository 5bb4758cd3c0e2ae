//! A strict DER reader: one cursor, definite minimal lengths, a `finish()` at every level.
//!
//! Ours rather than the `der` crate's, because its byte reader keeps a panic site in the linked image and its errors
//! are coarser than the codes promised here (DESIGN.md). The `der` crate serves for calendar dates and for naming
//! object identifiers, and is the oracle of the differential tests.

use crate::error::Error;

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
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

    /// Ends this level: nothing may be left.
    pub(crate) const fn finish(&self) -> Result<(), Error> {
        if self.rest.is_empty() { Ok(()) } else { Err(Error::DerTrailing) }
    }

    /// Whether the next element has this tag.
    pub(crate) fn next_is(&self, tag: u8) -> bool {
        self.rest.first() == Some(&tag)
    }

    /// Reads an element with this tag and returns its value.
    pub(crate) fn value(&mut self, tag: u8) -> Result<&'i [u8], Error> {
        let (&first, rest) = self.rest.split_first().ok_or(Error::DerTruncated)?;
        if first != tag {
            return Err(Error::DerTag);
        }
        self.rest = rest;
        self.length_and_value()
    }

    /// Reads an element with this tag and returns all its bytes, tag and length included.
    pub(crate) fn element(&mut self, tag: u8) -> Result<&'i [u8], Error> {
        let start = self.rest;
        self.value(tag)?;
        let length = start.len().saturating_sub(self.rest.len());
        start.get(..length).ok_or(Error::DerTruncated)
    }

    /// Reads an element with any tag number below 31 and returns its tag and value.
    pub(crate) fn any(&mut self) -> Result<(u8, &'i [u8]), Error> {
        let (&tag, rest) = self.rest.split_first().ok_or(Error::DerTruncated)?;
        if tag & HIGH_TAG == HIGH_TAG {
            return Err(Error::DerTag);
        }
        self.rest = rest;
        Ok((tag, self.length_and_value()?))
    }

    /// Reads an element `[n]`, constructed, context-specific, of any number up to 16,383; returns number and value.
    pub(crate) fn any_explicit(&mut self) -> Result<(u16, &'i [u8]), Error> {
        let (&tag, mut rest) = self.rest.split_first().ok_or(Error::DerTruncated)?;
        if tag & !HIGH_TAG != explicit(0) {
            return Err(Error::DerTag);
        }
        let mut number = u16::from(tag.saturating_sub(explicit(0)));
        if tag & HIGH_TAG == HIGH_TAG {
            let (&first, tail) = rest.split_first().ok_or(Error::DerTruncated)?;
            rest = tail;
            number = u16::from(first & 0x7F);
            if first & 0x80 != 0 {
                let (&second, tail) = rest.split_first().ok_or(Error::DerTruncated)?;
                rest = tail;
                if number == 0 || second & 0x80 != 0 {
                    return Err(Error::DerTag);
                }
                number = (number << 7) | u16::from(second);
            }
            if number < u16::from(HIGH_TAG) {
                return Err(Error::DerTag);
            }
        }
        self.rest = rest;
        Ok((number, self.length_and_value()?))
    }

    /// Reads a BOOLEAN with DEFAULT FALSE: absent or TRUE (X.690 §11.1, §11.5).
    pub(crate) fn default_false(&mut self) -> Result<bool, Error> {
        if !self.next_is(BOOLEAN) {
            return Ok(false);
        }
        match self.value(BOOLEAN)? {
            [0xFF] => Ok(true),
            _ => Err(Error::DerBoolean),
        }
    }

    /// Reads an INTEGER and returns its octets: minimal, two's complement (X.690 §8.3).
    pub(crate) fn integer(&mut self) -> Result<&'i [u8], Error> {
        let octets = self.value(INTEGER)?;
        match octets {
            [] | [0x00, 0x00..=0x7F, ..] | [0xFF, 0x80..=0xFF, ..] => Err(Error::DerInteger),
            _ => Ok(octets),
        }
    }

    /// Reads an INTEGER that is not negative and returns its magnitude without a sign octet; zero is empty.
    pub(crate) fn magnitude(&mut self) -> Result<&'i [u8], Error> {
        match self.integer()? {
            [0x80..=0xFF, ..] => Err(Error::DerInteger),
            [0x00, magnitude @ ..] | magnitude => Ok(magnitude),
        }
    }

    /// Reads a BIT STRING of whole octets.
    pub(crate) fn bit_octets(&mut self) -> Result<&'i [u8], Error> {
        match self.value(BIT_STRING)? {
            [0, octets @ ..] if !octets.is_empty() => Ok(octets),
            _ => Err(Error::DerBitString),
        }
    }

    /// Reads a named-bit BIT STRING of at most 16 bits; bit 0 is the most significant bit (X.690 §11.2.2).
    pub(crate) fn named_bits(&mut self) -> Result<u16, Error> {
        let (unused, bits, last) = match *self.value(BIT_STRING)? {
            [0] => return Ok(0),
            [unused, only] => (unused, u16::from_be_bytes([only, 0]), only),
            [unused, first, second] => (unused, u16::from_be_bytes([first, second]), second),
            _ => return Err(Error::DerBitString),
        };
        // Trailing zero bits are left out of a named-bit list, so the last used bit is set and those after it are not.
        if u32::from(unused) != last.trailing_zeros() || last == 0 {
            return Err(Error::DerBitString);
        }
        Ok(bits)
    }

    /// Reads an OBJECT IDENTIFIER and returns its octets (X.690 §8.19).
    pub(crate) fn object_identifier(&mut self) -> Result<&'i [u8], Error> {
        let octets = self.value(OBJECT_IDENTIFIER)?;
        // Each arc is base 128, high bit set on all octets but its last, and does not start with a zero digit.
        let mut at_arc_start = true;
        for &octet in octets {
            if at_arc_start && octet == 0x80 {
                return Err(Error::DerOid);
            }
            at_arc_start = octet & 0x80 == 0;
        }
        if octets.is_empty() || !at_arc_start {
            return Err(Error::DerOid);
        }
        Ok(octets)
    }

    /// Reads a length in its shortest form, at most two octets (X.690 §10.1), and that many bytes.
    ///
    /// Two octets reach 65,535; the longest input of this crate is four times smaller.
    fn length_and_value(&mut self) -> Result<&'i [u8], Error> {
        let (&first, rest) = self.rest.split_first().ok_or(Error::DerTruncated)?;
        let (length, rest) = match first {
            0x00..=0x7F => (usize::from(first), rest),
            0x81 => match rest.split_first().ok_or(Error::DerTruncated)? {
                (&length @ 0x80..=0xFF, rest) => (usize::from(length), rest),
                _ => return Err(Error::DerLength),
            },
            0x82 => match rest.split_first_chunk::<2>().ok_or(Error::DerTruncated)? {
                (&[high @ 1..=0xFF, low], rest) => (usize::from(u16::from_be_bytes([high, low])), rest),
                _ => return Err(Error::DerLength),
            },
            _ => return Err(Error::DerLength),
        };
        let (value, rest) = rest.split_at_checked(length).ok_or(Error::DerTruncated)?;
        self.rest = rest;
        Ok(value)
    }
}

/// `ECDSA-Sig-Value ::= SEQUENCE { r INTEGER, s INTEGER }` (RFC 3279 §2.2.3), each number of at most `N` octets.
///
/// Zero and values at or above the group order fit: they are refused where the signature is verified.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EcdsaSigValue<'i, const N: usize> {
    /// The two elements, each one checked.
    integers: &'i [u8],
}

impl<'i, const N: usize> EcdsaSigValue<'i, N> {
    /// `None` for anything that is not strict DER, is negative or does not fit.
    pub(crate) fn parse(input: &'i [u8]) -> Option<Self> {
        let mut outer = Reader::new(input);
        let integers = outer.value(SEQUENCE).ok()?;
        outer.finish().ok()?;
        let mut reader = Reader::new(integers);
        let r = reader.magnitude().ok()?;
        let s = reader.magnitude().ok()?;
        reader.finish().ok()?;
        (r.len() <= N && s.len() <= N).then_some(Self { integers })
    }

    /// Writes `r ‖ s`, big-endian, each of `N` octets, over zeros.
    pub(crate) fn write_raw(self, raw: &mut [u8]) {
        let mut reader = Reader::new(self.integers);
        for half in raw.chunks_exact_mut(N) {
            // Checked before. Nothing at all would be zero, which no backend sees.
            let magnitude = reader.magnitude().unwrap_or_default();
            for (to, from) in half.iter_mut().rev().zip(magnitude.iter().rev()) {
                *to = *from;
            }
        }
    }
}
