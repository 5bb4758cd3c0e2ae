//! A tolerant reader of ASN.1 for what decides nothing: receipts, and certificates that are shown whatever is wrong with them.
//!
//! Receipts are BER with indefinite lengths (X.690 §8.1.3.6), which no DER library reads. This reads the forms that occur
//! and no others, is bounded in depth (its callers bound the size), and has no verdict: what it cannot read is `None`.

/// The deepest nesting of indefinite lengths. Receipts have six.
const MAX_DEPTH: usize = 16;

/// A constructed, context-specific tag of a number.
pub(crate) const fn context(number: u16) -> Tag {
    Tag { class: 0xA0, number }
}

pub(crate) const BOOLEAN: Tag = Tag { class: 0, number: 1 };
pub(crate) const INTEGER: Tag = Tag { class: 0, number: 2 };
pub(crate) const BIT_STRING: Tag = Tag { class: 0, number: 3 };
pub(crate) const OBJECT_IDENTIFIER: Tag = Tag { class: 0, number: 6 };
pub(crate) const UTC_TIME: Tag = Tag { class: 0, number: 23 };
pub(crate) const OCTET_STRING: Tag = Tag { class: 0, number: 4 };
pub(crate) const CONSTRUCTED_OCTET_STRING: Tag = Tag { class: 0x20, number: 4 };
pub(crate) const SEQUENCE: Tag = Tag { class: 0x20, number: 16 };
pub(crate) const SET: Tag = Tag { class: 0x20, number: 17 };
const END_OF_CONTENTS: Tag = Tag { class: 0, number: 0 };

/// Class and form (the upper three bits of the first octet), and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    class: u8,
    number: u16,
}

/// The elements of one level, one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Elements<'i> {
    rest: &'i [u8],
    depth: usize,
}

/// One element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'i> {
    pub(crate) tag: Tag,
    pub(crate) value: &'i [u8],
    depth: usize,
}

impl<'i> Element<'i> {
    pub(crate) const fn elements(&self) -> Elements<'i> {
        Elements { rest: self.value, depth: self.depth.saturating_add(1) }
    }
}

impl<'i> Elements<'i> {
    pub(crate) const fn of(input: &'i [u8]) -> Self {
        Self { rest: input, depth: 0 }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next element, which has this tag.
    pub(crate) fn expect(&mut self, tag: Tag) -> Option<Element<'i>> {
        self.next().filter(|element| element.tag == tag)
    }

    /// As [`expect`](Self::expect), with its octets from the tag on.
    pub(crate) fn expect_whole(&mut self, tag: Tag) -> Option<(Element<'i>, &'i [u8])> {
        let before = self.rest;
        let element = self.expect(tag)?;
        before.get(..before.len().checked_sub(self.rest.len())?).map(|whole| (element, whole))
    }

    /// Whether the next element has this tag.
    pub(crate) fn next_is(&self, wanted: Tag) -> bool {
        tag(self.rest).is_some_and(|(tag, _)| tag == wanted)
    }

    /// As [`expect`](Self::expect), and what is inside.
    pub(crate) fn enter(&mut self, tag: Tag) -> Option<Self> {
        self.expect(tag).map(|element| element.elements())
    }

    /// The next element; `None` at the end, and where there is no well-formed one.
    pub(crate) fn next(&mut self) -> Option<Element<'i>> {
        let (tag, rest) = tag(self.rest)?;
        let (&first, rest) = rest.split_first()?;
        let (value, rest) = match first {
            0x80 => indefinite(rest, self.depth)?,
            0x00..=0x7F => rest.split_at_checked(usize::from(first))?,
            _ => {
                let (octets, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
                let length = octets.iter().try_fold(0_usize, |length, &octet| {
                    length.checked_mul(256).map(|length| length.saturating_add(usize::from(octet)))
                })?;
                rest.split_at_checked(length)?
            }
        };
        self.rest = rest;
        Some(Element { tag, value, depth: self.depth })
    }
}

/// The elements up to the end-of-contents octets, and what follows those.
fn indefinite(input: &[u8], depth: usize) -> Option<(&[u8], &[u8])> {
    if depth >= MAX_DEPTH {
        return None;
    }
    let mut elements = Elements { rest: input, depth: depth.saturating_add(1) };
    loop {
        let before = elements.rest;
        let element = elements.next()?;
        if element.tag == END_OF_CONTENTS && element.value.is_empty() {
            return Some((input.get(..input.len().checked_sub(before.len())?)?, elements.rest));
        }
    }
}

/// A tag of a number below 16,384 (X.690 §8.1.2).
fn tag(input: &[u8]) -> Option<(Tag, &[u8])> {
    let (&first, rest) = input.split_first()?;
    let class = first & 0xE0;
    if first & 0x1F != 0x1F {
        return Some((Tag { class, number: u16::from(first & 0x1F) }, rest));
    }
    let (&second, rest) = rest.split_first()?;
    if second & 0x80 == 0 {
        return Some((Tag { class, number: u16::from(second) }, rest));
    }
    let (&third, rest) = rest.split_first()?;
    let number = u16::from(second & 0x7F) << 7 | u16::from(third);
    (third & 0x80 == 0).then_some((Tag { class, number }, rest))
}

/// The octets of an OCTET STRING, in one piece or in chunks (X.690 §8.7).
pub(crate) fn octet_string(element: &Element<'_>) -> Option<Vec<u8>> {
    if element.tag == OCTET_STRING {
        return Some(element.value.to_vec());
    }
    if element.tag != CONSTRUCTED_OCTET_STRING {
        return None;
    }
    let mut chunks = element.elements();
    let mut octets = Vec::new();
    while !chunks.is_empty() {
        octets.extend_from_slice(chunks.expect(OCTET_STRING)?.value);
    }
    Some(octets)
}

/// A small INTEGER that is not negative.
pub(crate) fn small_integer(element: &Element<'_>) -> Option<u32> {
    match *element.value {
        [octet @ 0..=0x7F] => Some(u32::from(octet)),
        [high @ 0..=0x7F, low] => Some(u32::from(u16::from_be_bytes([high, low]))),
        _ => None,
    }
}
