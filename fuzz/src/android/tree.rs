//! DER as a list of elements: identifier, length and content (X.690 §8.1, §10.1).

/// One element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Element<'i> {
    /// The identifier octets.
    pub(crate) tag: &'i [u8],
    pub(crate) content: &'i [u8],
    /// All octets, identifier and length among them.
    pub(crate) whole: &'i [u8],
}

/// The first element of some octets and what follows it; `None` unless its tag is in its shortest form and its length in its
/// shortest definite one, below 2^16.
pub(crate) fn first(octets: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let mut tag_length = 1;
    if octets.first()? & 0x1F == 0x1F {
        let more = octets[1..].iter().position(|octet| octet & 0x80 == 0)?;
        tag_length += more + 1;
        let is_shortest = octets[1] != 0x80 && (more > 0 || octets[1] >= 31);
        if !is_shortest {
            return None;
        }
    }
    let (tag, rest) = octets.split_at(tag_length);
    let (&initial, rest) = rest.split_first()?;
    let (length, rest) = match initial {
        0..=0x7F => (usize::from(initial), rest),
        0x81 | 0x82 => {
            let (length, rest) = rest.split_at_checked(usize::from(initial & 0x7F))?;
            let number = length.iter().fold(0, |number, octet| number << 8 | usize::from(*octet));
            if number < 0x80 || length[0] == 0 {
                return None;
            }
            (number, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((Element { tag, content, whole: &octets[..octets.len() - rest.len()] }, rest))
}

/// Octets that are one element and nothing else.
pub(crate) fn only(octets: &[u8]) -> Option<Element<'_>> {
    first(octets).filter(|(_, rest)| rest.is_empty()).map(|(element, _)| element)
}

/// Octets that are elements and nothing else.
pub(crate) fn all(mut octets: &[u8]) -> Option<Vec<Element<'_>>> {
    let mut elements = Vec::new();
    while !octets.is_empty() {
        let (element, rest) = first(octets)?;
        elements.push(element);
        octets = rest;
    }
    Some(elements)
}

impl<'i> Element<'i> {
    /// The content, if the tag is this one.
    pub(crate) fn of(&self, tag: u8) -> Option<&'i [u8]> {
        (self.tag == [tag]).then_some(self.content)
    }

    /// The elements in it, if the tag is this one.
    pub(crate) fn elements(&self, tag: u8) -> Option<Vec<Self>> {
        all(self.of(tag)?)
    }

    /// The number of a context-specific, constructed element.
    pub(crate) fn explicit(&self) -> Option<u32> {
        match self.tag {
            [first @ 0xA0..0xBF] => Some(u32::from(first & 0x1F)),
            // Two octets, as long as tags are below 16,384.
            [0xBF, more @ ..] if more.len() <= 2 => {
                Some(more.iter().fold(0, |number, octet| number << 7 | u32::from(octet & 0x7F)))
            }
            _ => None,
        }
    }

    /// An INTEGER or ENUMERATED from 0 to 2^64 − 1, in as few octets as can be (X.690 §8.3.2).
    pub(crate) fn number(&self, tag: u8) -> Option<u64> {
        let octets = self.of(tag)?;
        let is_shortest = match octets {
            [] => false,
            [_] => true,
            [first, second, ..] => *first != 0 || *second >= 0x80,
        };
        if !is_shortest || octets[0] >= 0x80 {
            return None;
        }
        let number =
            octets.iter().try_fold(0_u128, |number, octet| number.checked_mul(0x100)?.checked_add((*octet).into()));
        number?.try_into().ok()
    }
}

/// An element with this tag and content.
pub(crate) fn write(tag: &[u8], content: &[u8]) -> Vec<u8> {
    [tag, &genuine_testvectors::der::minimal_length(content.len()), content].concat()
}
