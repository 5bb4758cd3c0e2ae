//! DER as a tree whose every octet can be set.
//!
//! A certificate is decoded once into [`Der`], changed in one place and encoded again: lengths follow the content unless
//! the change sets them. X.690 names are used throughout. This is a writer of test data; it accepts only DER on the way in
//! and writes anything on the way out.

use std::ops::{Index, IndexMut};

/// Universal tag octets used in certificates (X.690 §8, X.680 §8.6).
pub mod tag {
    /// BOOLEAN.
    pub const BOOLEAN: u8 = 0x01;
    /// INTEGER.
    pub const INTEGER: u8 = 0x02;
    /// BIT STRING.
    pub const BIT_STRING: u8 = 0x03;
    /// OCTET STRING.
    pub const OCTET_STRING: u8 = 0x04;
    /// NULL.
    pub const NULL: u8 = 0x05;
    /// OBJECT IDENTIFIER.
    pub const OID: u8 = 0x06;
    /// ENUMERATED.
    pub const ENUMERATED: u8 = 0x0A;
    /// `UTF8String`.
    pub const UTF8_STRING: u8 = 0x0C;
    /// `PrintableString`.
    pub const PRINTABLE_STRING: u8 = 0x13;
    /// `UTCTime`.
    pub const UTC_TIME: u8 = 0x17;
    /// `GeneralizedTime`.
    pub const GENERALIZED_TIME: u8 = 0x18;
    /// SEQUENCE, constructed.
    pub const SEQUENCE: u8 = 0x30;
    /// SET, constructed.
    pub const SET: u8 = 0x31;
}

/// What an element holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Content octets of a primitive element.
    Octets(Vec<u8>),
    /// The elements of a constructed one.
    Elements(Vec<Der>),
}

/// One element: identifier, length and content octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Der {
    /// Identifier octets, one for tag numbers below 31.
    pub tag: Vec<u8>,
    /// Length octets to write in place of the minimal definite ones.
    pub length: Option<Vec<u8>>,
    /// Content octets.
    pub content: Content,
}

impl Der {
    /// A primitive element.
    #[must_use]
    pub fn primitive(tag: u8, octets: &[u8]) -> Self {
        Self { tag: vec![tag], length: None, content: Content::Octets(octets.to_vec()) }
    }

    /// A constructed element.
    #[must_use]
    pub fn constructed(tag: u8, elements: Vec<Self>) -> Self {
        Self { tag: vec![tag], length: None, content: Content::Elements(elements) }
    }

    /// A SEQUENCE.
    #[must_use]
    pub fn sequence(elements: Vec<Self>) -> Self {
        Self::constructed(tag::SEQUENCE, elements)
    }

    /// A constructed element with a context-specific tag of any number, as Apple's `[1204]` (X.690 §8.1.2.4).
    ///
    /// # Panics
    ///
    /// If the number takes more than 14 bits.
    #[must_use]
    pub fn context(number: u16, elements: Vec<Self>) -> Self {
        let [high, low] = number.to_be_bytes();
        let tag = match number {
            0..=30 => vec![0xA0 | low],
            31..=127 => vec![0xBF, low],
            _ => vec![0xBF, 0x80 | (high << 1) | (low >> 7), low & 0x7F],
        };
        assert!(number < 1 << 14, "tag numbers of more than two septets are not needed");
        Self { tag, length: None, content: Content::Elements(elements) }
    }

    /// Octets written exactly as given, whatever they are.
    #[must_use]
    pub fn raw(octets: &[u8]) -> Self {
        Self { tag: octets.to_vec(), length: Some(Vec::new()), content: Content::Octets(Vec::new()) }
    }

    /// An OBJECT IDENTIFIER from its content octets.
    #[must_use]
    pub fn oid(octets: &[u8]) -> Self {
        Self::primitive(tag::OID, octets)
    }

    /// An INTEGER of one octet.
    ///
    /// # Panics
    ///
    /// Above 127.
    #[must_use]
    pub fn small_integer(value: u8) -> Self {
        assert!(value < 0x80, "one octet holds 0..=127");
        Self::primitive(tag::INTEGER, &[value])
    }

    /// A positive INTEGER from big-endian magnitude octets, minimally encoded.
    #[must_use]
    pub fn integer(magnitude: &[u8]) -> Self {
        let start = magnitude.iter().position(|octet| *octet != 0).unwrap_or(magnitude.len());
        let significant = &magnitude[start..];
        let mut octets = Vec::with_capacity(significant.len() + 1);
        if significant.first().is_none_or(|octet| *octet >= 0x80) {
            octets.push(0);
        }
        octets.extend_from_slice(significant);
        Self::primitive(tag::INTEGER, &octets)
    }

    /// An INTEGER from a number, minimally encoded.
    #[must_use]
    pub fn number(value: u64) -> Self {
        Self::integer(&value.to_be_bytes())
    }

    /// An ENUMERATED of one octet.
    #[must_use]
    pub fn enumerated(value: u8) -> Self {
        Self::primitive(tag::ENUMERATED, &[value])
    }

    /// NULL.
    #[must_use]
    pub fn null() -> Self {
        Self::primitive(tag::NULL, &[])
    }

    /// A SET, in the order given.
    #[must_use]
    pub fn set(elements: Vec<Self>) -> Self {
        Self::constructed(tag::SET, elements)
    }

    /// A `PrintableString`.
    #[must_use]
    pub fn printable(text: &str) -> Self {
        Self::primitive(tag::PRINTABLE_STRING, text.as_bytes())
    }

    /// A `UTF8String`.
    #[must_use]
    pub fn utf8(text: &str) -> Self {
        Self::primitive(tag::UTF8_STRING, text.as_bytes())
    }

    /// An OCTET STRING.
    #[must_use]
    pub fn octet_string(octets: &[u8]) -> Self {
        Self::primitive(tag::OCTET_STRING, octets)
    }

    /// A BIT STRING with no unused bits.
    #[must_use]
    pub fn bit_string(octets: &[u8]) -> Self {
        Self::primitive(tag::BIT_STRING, &[&[0], octets].concat())
    }

    /// BOOLEAN TRUE.
    #[must_use]
    pub fn true_value() -> Self {
        Self::primitive(tag::BOOLEAN, &[0xFF])
    }

    /// Decodes one element with everything in it.
    ///
    /// # Panics
    ///
    /// If `octets` are not exactly one DER element with tag and lengths in the usual range: the input is this crate's own
    /// output.
    #[must_use]
    pub fn decode(octets: &[u8]) -> Self {
        let (element, rest) = Self::decode_first(octets);
        assert!(rest.is_empty(), "one element");
        element
    }

    fn decode_first(octets: &[u8]) -> (Self, &[u8]) {
        let tag_len = if octets[0] & 0x1F == 0x1F {
            1 + octets[1..].iter().position(|octet| octet & 0x80 == 0).expect("a last tag octet") + 1
        } else {
            1
        };
        let (tag, rest) = octets.split_at(tag_len);
        let (length, rest) = match rest[0] {
            short @ 0..0x80 => (usize::from(short), &rest[1..]),
            long => {
                let (octets, rest) = rest[1..].split_at(usize::from(long & 0x7F));
                (octets.iter().fold(0, |length, octet| (length << 8) | usize::from(*octet)), rest)
            }
        };
        let (content, rest) = rest.split_at(length);
        let content = if tag[0] & 0x20 == 0 {
            Content::Octets(content.to_vec())
        } else {
            let mut elements = Vec::new();
            let mut left = content;
            while !left.is_empty() {
                let (element, after) = Self::decode_first(left);
                elements.push(element);
                left = after;
            }
            Content::Elements(elements)
        };
        (Self { tag: tag.to_vec(), length: None, content }, rest)
    }

    /// The encoding: minimal definite lengths wherever [`length`](Self::length) is `None`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let content = match &self.content {
            Content::Octets(octets) => octets.clone(),
            Content::Elements(elements) => elements.iter().flat_map(Self::encode).collect(),
        };
        let length = self.length.clone().unwrap_or_else(|| minimal_length(content.len()));
        [self.tag.as_slice(), &length, &content].concat()
    }

    /// The number of content octets as encoded.
    #[must_use]
    pub fn content_len(&self) -> usize {
        match &self.content {
            Content::Octets(octets) => octets.len(),
            Content::Elements(elements) => elements.iter().map(|element| element.encode().len()).sum(),
        }
    }

    /// The elements of a constructed element.
    ///
    /// # Panics
    ///
    /// On a primitive one.
    #[must_use]
    pub fn elements(&mut self) -> &mut Vec<Self> {
        match &mut self.content {
            Content::Elements(elements) => elements,
            Content::Octets(_) => panic!("a primitive element has no elements"),
        }
    }

    /// The content octets of a primitive element.
    ///
    /// # Panics
    ///
    /// On a constructed one.
    #[must_use]
    pub fn octets(&mut self) -> &mut Vec<u8> {
        match &mut self.content {
            Content::Octets(octets) => octets,
            Content::Elements(_) => panic!("a constructed element has no octets of its own"),
        }
    }
}

/// The shortest length octets (X.690 §10.1).
///
/// # Panics
///
/// Never: the octets of a `usize` can be counted.
#[must_use]
pub fn minimal_length(length: usize) -> Vec<u8> {
    let octets = length.to_be_bytes();
    let significant = &octets[octets.iter().position(|octet| *octet != 0).unwrap_or(octets.len() - 1)..];
    match significant {
        [short @ 0..0x80] => vec![*short],
        long => {
            let count = u8::try_from(long.len()).expect("a usize has few octets");
            [&[0x80 | count], long].concat()
        }
    }
}

/// The element at a position inside a constructed one; panics as a slice does.
impl Index<usize> for Der {
    type Output = Self;

    fn index(&self, position: usize) -> &Self {
        match &self.content {
            Content::Elements(elements) => &elements[position],
            Content::Octets(_) => panic!("a primitive element has no elements"),
        }
    }
}

impl IndexMut<usize> for Der {
    fn index_mut(&mut self, position: usize) -> &mut Self {
        &mut self.elements()[position]
    }
}
