//! The values of an authorization list: numbers, sets of numbers, octets, and what the boot loader reported.

use core::fmt;

use super::{root_of_trust::RootOfTrust, tag::Type};
use crate::encoding::der::{self, DerError, Reader};

/// The elements of a `SET OF INTEGER`, in the order in which they stand there: genuine phones do not sort them.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Integers<'i>(&'i [u8]);

impl<'i> Integers<'i> {
    /// Reads the elements, each from 0 to 2^64 − 1.
    pub(super) fn read(elements: &'i [u8]) -> Result<Self, DerError> {
        let mut reader = Reader::new(elements);
        while !reader.is_empty() {
            reader.unsigned()?;
        }
        Ok(Self(elements))
    }

    /// The numbers.
    pub fn iter(self) -> impl Iterator<Item = u64> + 'i {
        let mut reader = Reader::new(self.0);
        core::iter::from_fn(move || reader.unsigned().ok())
    }
}

impl fmt::Debug for Integers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The value of a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value<'i> {
    /// The tag is there, which is all that it says.
    Present,
    /// A number.
    Integer(u64),
    /// A set of numbers.
    Integers(Integers<'i>),
    /// Octets.
    Octets(&'i [u8]),
    /// What the boot loader reported.
    RootOfTrust(RootOfTrust<'i>),
}

impl<'i> Value<'i> {
    /// Reads one element of this type and nothing behind it.
    pub(super) fn read(kind: Type, element: &'i [u8]) -> Result<Self, DerError> {
        let mut reader = Reader::new(element);
        let value = match kind {
            Type::Null => match reader.value(der::NULL)? {
                [] => Self::Present,
                _ => return Err(DerError::Length),
            },
            Type::Integer => Self::Integer(reader.unsigned()?),
            Type::Integers => Self::Integers(Integers::read(reader.value(der::SET)?)?),
            Type::Octets => Self::Octets(reader.value(der::OCTET_STRING)?),
            Type::RootOfTrust => Self::RootOfTrust(RootOfTrust::read(reader.value(der::SEQUENCE)?)?),
        };
        reader.finish()?;
        Ok(value)
    }
}
