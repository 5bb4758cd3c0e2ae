//! An authorization list: a view of its elements, each checked, none kept.

use super::{
    number::{Algorithm, EcCurve, Origin, Purpose},
    root_of_trust::RootOfTrust,
    tag::Tag,
    value::{Integers, Value},
};
use crate::{
    encoding::der::{DerError, Reader},
    error::Error,
};

/// The most elements of a list, because each is compared with those before it. Genuine lists have at most 20.
pub const MAX_TAGS: usize = 64;

/// `AuthorizationList`: what is enforced of a key, by software or by hardware.
///
/// Every element is of its type, and none occurs twice. An accessor answers `None` where the list does not have its tag. Elements
/// are looked for each time, so that a list is as small as a slice.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuthorizationList<'i>(&'i [u8]);

impl<'i> AuthorizationList<'i> {
    /// Reads the content of the SEQUENCE.
    pub(super) fn read(elements: &'i [u8]) -> Result<Self, Error> {
        let list = Self(elements);
        let mut reader = Reader::new(elements);
        let mut count = 0_usize;
        while !reader.is_empty() {
            let (number, element) = reader.any_explicit().map_err(|_| Error::AndroidTagMalformed)?;
            if list.elements().take(count).any(|(earlier, _)| earlier == number) {
                return Err(Error::AndroidTagDuplicate);
            }
            if count == MAX_TAGS {
                return Err(Error::AndroidTagLimit);
            }
            count = count.saturating_add(1);
            check(number, element).map_err(|_| Error::AndroidTagMalformed)?;
        }
        Ok(list)
    }

    fn elements(self) -> impl Iterator<Item = (u16, &'i [u8])> {
        let mut reader = Reader::new(self.0);
        core::iter::from_fn(move || reader.any_explicit().ok())
    }

    /// The tags that this release knows, in the order in which they stand there, each with its value.
    pub fn iter(self) -> impl Iterator<Item = (Tag, Value<'i>)> {
        self.elements().filter_map(|(number, element)| {
            let tag = Tag::from_number(number)?;
            Some((tag, Value::read(tag.kind(), element).ok()?))
        })
    }

    /// The numbers of the tags that this release does not know.
    pub fn unknown_tags(self) -> impl Iterator<Item = u16> + 'i {
        self.elements().map(|(number, _)| number).filter(|number| Tag::from_number(*number).is_none())
    }

    /// Whether the tags ascend, as DER has it. A genuine list of attestation version 400 does not.
    #[must_use]
    pub fn are_tags_ordered(self) -> bool {
        self.elements().map(|(number, _)| number).is_sorted()
    }

    /// The value of a tag.
    #[must_use]
    pub fn get(self, tag: Tag) -> Option<Value<'i>> {
        let (_, element) = self.elements().find(|(number, _)| *number == tag.number())?;
        Value::read(tag.kind(), element).ok()
    }

    /// Whether the list has a tag.
    #[must_use]
    pub fn has(self, tag: Tag) -> bool {
        self.elements().any(|(number, _)| number == tag.number())
    }

    /// The value of a tag that is a number.
    #[must_use]
    pub fn integer(self, tag: Tag) -> Option<u64> {
        match self.get(tag)? {
            Value::Integer(number) => Some(number),
            _ => None,
        }
    }

    /// The value of a tag that is octets.
    #[must_use]
    pub fn octets(self, tag: Tag) -> Option<&'i [u8]> {
        match self.get(tag)? {
            Value::Octets(octets) => Some(octets),
            _ => None,
        }
    }

    /// The value of a tag that is a set of numbers; empty where the list does not have it.
    #[must_use]
    pub fn integers(self, tag: Tag) -> Integers<'i> {
        match self.get(tag) {
            Some(Value::Integers(integers)) => integers,
            _ => Integers::default(),
        }
    }

    /// What the key may be used for.
    pub fn purposes(self) -> impl Iterator<Item = Purpose> + 'i {
        self.integers(Tag::Purpose).iter().map(Purpose::from)
    }

    /// The algorithm.
    #[must_use]
    pub fn algorithm(self) -> Option<Algorithm> {
        self.integer(Tag::Algorithm).map(Algorithm::from)
    }

    /// The curve.
    #[must_use]
    pub fn ec_curve(self) -> Option<EcCurve> {
        self.integer(Tag::EcCurve).map(EcCurve::from)
    }

    /// Where the key comes from.
    #[must_use]
    pub fn origin(self) -> Option<Origin> {
        self.integer(Tag::Origin).map(Origin::from)
    }

    /// What the boot loader reported.
    #[must_use]
    pub fn root_of_trust(self) -> Option<RootOfTrust<'i>> {
        match self.get(Tag::RootOfTrust)? {
            Value::RootOfTrust(root) => Some(root),
            _ => None,
        }
    }
}

/// Within `[tag] EXPLICIT` stands one element, of its type if the tag is known.
fn check(number: u16, element: &[u8]) -> Result<(), DerError> {
    if let Some(tag) = Tag::from_number(number) {
        return Value::read(tag.kind(), element).map(drop);
    }
    let mut reader = Reader::new(element);
    reader.any()?;
    reader.finish()
}
