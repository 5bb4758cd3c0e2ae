//! A strict JSON reader (RFC 8259) that pulls values out of the text one after the other.
//!
//! Names are unique in every object, what is passed over included, since two parsers that take different ones of two equal
//! names disagree (RFC 8259 §4). Nothing here recurses, and what is passed over is bounded in depth and number.

use core::{fmt, str::Chars};

/// How deep a value that is passed over may be. Payloads of Google have four levels in all.
pub(crate) const MAX_DEPTH: usize = 8;

/// The most members of an object, whose names are compared with each other. The largest known object has seven. Items of an array
/// are bounded by the text alone.
pub(crate) const MAX_MEMBERS: usize = 32;

/// Why a text is not strict JSON, or not what its place requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonError {
    /// Not UTF-8, or not of the grammar (RFC 8259 §2, §8.1).
    Malformed,
    /// Something follows the value.
    Trailing,
    /// An object has the same name twice (§4).
    DuplicateName,
    /// Another type than the place requires, or a number that does not fit 64 bits.
    Type,
    /// Deeper than [`MAX_DEPTH`], or more members than [`MAX_MEMBERS`].
    Limit,
}

/// A cursor over a JSON text.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'i> {
    rest: &'i str,
}

/// Without the text, which may be what nobody wants in a log.
impl fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

/// An object or array that is being passed over.
#[derive(Clone, Copy)]
struct Open<'i> {
    /// From its first member on.
    start: &'i str,
    is_object: bool,
    members: usize,
}

impl<'i> Reader<'i> {
    pub(crate) fn new(text: &'i [u8]) -> Result<Self, JsonError> {
        core::str::from_utf8(text).map(|rest| Self { rest }).map_err(|_| JsonError::Malformed)
    }

    /// Ends the text: nothing but white space may be left.
    pub(crate) fn finish(mut self) -> Result<(), JsonError> {
        self.peek().map_or(Ok(()), |_| Err(JsonError::Trailing))
    }

    /// Begins an object. Its members come from [`Object::next`].
    pub(crate) fn object(&mut self) -> Result<Object<'i>, JsonError> {
        self.begin(b'{')?;
        Ok(Object { start: self.rest, members: 0, known: 0, others: 0 })
    }

    /// Begins an array. Its items come from [`Array::next`].
    pub(crate) fn array(&mut self) -> Result<Array, JsonError> {
        self.begin(b'[')?;
        Ok(Array { items: 0 })
    }

    /// Reads a string.
    pub(crate) fn text(&mut self) -> Result<Text<'i>, JsonError> {
        self.begin(b'"')?;
        let body = self.rest;
        let mut behind = body.as_bytes();
        loop {
            let is_special = |octet: &u8| matches!(octet, b'"' | b'\\' | 0..b' ');
            let plain = behind.iter().position(is_special).ok_or(JsonError::Malformed)?;
            behind = behind.get(plain..).unwrap_or_default();
            match behind.first() {
                Some(b'"') => break,
                Some(b'\\') => behind = behind.get(escape(behind)?.1..).ok_or(JsonError::Malformed)?,
                _ => return Err(JsonError::Malformed),
            }
        }
        let length = body.len().saturating_sub(behind.len());
        let (raw, rest) = body.split_at_checked(length).ok_or(JsonError::Malformed)?;
        self.rest = rest.strip_prefix('"').ok_or(JsonError::Malformed)?;
        Ok(Text { raw })
    }

    /// Reads `true` or `false`.
    pub(crate) fn boolean(&mut self) -> Result<bool, JsonError> {
        match self.peek() {
            Some(b't') => self.literal("true").map(|()| true),
            Some(b'f') => self.literal("false").map(|()| false),
            _ => Err(self.other_type()),
        }
    }

    /// Reads an integer that fits 64 bits, as a number or, as Google writes it, as a string of one.
    #[cfg(feature = "play-integrity")]
    pub(crate) fn integer(&mut self) -> Result<i64, JsonError> {
        let digits = match self.peek() {
            Some(b'"') => self.text()?.raw,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => return Err(self.other_type()),
        };
        integer(digits)
    }

    /// Reads the seconds of a `NumericDate` (RFC 7519 §2); a fraction is cut off.
    #[cfg(feature = "session")]
    pub(crate) fn numeric_date(&mut self) -> Result<i64, JsonError> {
        let Some(b'-' | b'0'..=b'9') = self.peek() else {
            return Err(self.other_type());
        };
        let number = self.number()?;
        // By octets, because the searches of `str` hold code that could panic.
        let is_whole = |octet: &u8| matches!(octet, b'-' | b'0'..=b'9');
        let (whole, fraction) =
            number.split_at_checked(number.bytes().take_while(is_whole).count()).unwrap_or_default();
        match fraction.as_bytes() {
            [] | [b'.', ..] if !fraction.bytes().any(|octet| matches!(octet, b'e' | b'E')) => integer(whole),
            _ => Err(JsonError::Type),
        }
    }

    /// Passes over `null`, if it stands here.
    #[cfg(feature = "play-integrity")]
    pub(crate) fn null(&mut self) -> Result<bool, JsonError> {
        if self.peek() == Some(b'n') { self.literal("null").map(|()| true) } else { Ok(false) }
    }

    /// Passes over one value of any type.
    pub(crate) fn pass(&mut self) -> Result<(), JsonError> {
        let mut open: [Option<Open<'i>>; MAX_DEPTH] = [None; MAX_DEPTH];
        let mut depth = 0_usize;
        loop {
            // Here stands a value.
            let entered = match self.peek().ok_or(JsonError::Malformed)? {
                start @ (b'{' | b'[') => {
                    self.begin(start)?;
                    let slot = open.get_mut(depth).ok_or(JsonError::Limit)?;
                    *slot = Some(Open { start: self.rest, is_object: start == b'{', members: 0 });
                    depth = depth.saturating_add(1);
                    true
                }
                b'"' => self.text().map(|_| false)?,
                b't' => self.literal("true").map(|()| false)?,
                b'f' => self.literal("false").map(|()| false)?,
                b'n' => self.literal("null").map(|()| false)?,
                b'-' | b'0'..=b'9' => self.number().map(|_| false)?,
                _ => return Err(JsonError::Malformed),
            };
            // Here a value has ended, or the first one in the last opened object or array may follow.
            let mut first = entered;
            loop {
                let Some(top) = depth.checked_sub(1).and_then(|top| open.get_mut(top)?.as_mut()) else {
                    return Ok(());
                };
                if !self.next_member(if top.is_object { b'}' } else { b']' }, first, &mut top.members)? {
                    depth = depth.saturating_sub(1);
                    first = false;
                    continue;
                }
                if top.is_object {
                    let name = self.name()?;
                    if is_among(name, top.start, top.members) {
                        return Err(JsonError::DuplicateName);
                    }
                }
                break;
            }
        }
    }

    /// Goes to the next member or item, if there is one, and counts it; otherwise reads the closing bracket.
    fn next_member(&mut self, closing: u8, first: bool, members: &mut usize) -> Result<bool, JsonError> {
        match self.peek() {
            Some(octet) if octet == closing => {
                self.advance(1);
                return Ok(false);
            }
            Some(b',') if !first => self.advance(1),
            Some(_) if first => {}
            _ => return Err(JsonError::Malformed),
        }
        *members = members.saturating_add(1);
        if closing == b'}' && *members > MAX_MEMBERS { Err(JsonError::Limit) } else { Ok(true) }
    }

    /// Reads a name and the colon behind it.
    fn name(&mut self) -> Result<Text<'i>, JsonError> {
        if self.peek() != Some(b'"') {
            return Err(JsonError::Malformed);
        }
        let name = self.text()?;
        if self.peek() != Some(b':') {
            return Err(JsonError::Malformed);
        }
        self.advance(1);
        Ok(name)
    }

    /// Reads a number of the grammar (RFC 8259 §6).
    fn number(&mut self) -> Result<&'i str, JsonError> {
        let text = self.rest;
        let octets = text.as_bytes();
        let octets = octets.strip_prefix(b"-").unwrap_or(octets);
        let octets = match octets {
            [b'0', rest @ ..] => rest,
            _ => digits(octets)?,
        };
        let octets = match octets {
            [b'.', rest @ ..] => digits(rest)?,
            _ => octets,
        };
        let octets = match octets {
            [b'e' | b'E', b'+' | b'-', rest @ ..] | [b'e' | b'E', rest @ ..] => digits(rest)?,
            _ => octets,
        };
        let length = text.len().saturating_sub(octets.len());
        let (number, rest) = text.split_at_checked(length).ok_or(JsonError::Malformed)?;
        self.rest = rest;
        Ok(number)
    }

    fn literal(&mut self, literal: &str) -> Result<(), JsonError> {
        self.rest = self.rest.strip_prefix(literal).ok_or(JsonError::Malformed)?;
        Ok(())
    }

    /// Reads the first octet of a value of this type.
    fn begin(&mut self, start: u8) -> Result<(), JsonError> {
        if self.peek() != Some(start) {
            return Err(self.other_type());
        }
        self.advance(1);
        Ok(())
    }

    /// What is wrong where another value was to stand: another type, or no value at all.
    fn other_type(&mut self) -> JsonError {
        match self.peek() {
            Some(b'{' | b'[' | b'"' | b't' | b'f' | b'n' | b'-' | b'0'..=b'9') => JsonError::Type,
            _ => JsonError::Malformed,
        }
    }

    /// The next octet that is no white space (RFC 8259 §2).
    fn peek(&mut self) -> Option<u8> {
        if let Some(octet @ b'!'..) = self.rest.bytes().next() {
            return Some(octet);
        }
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
        self.rest.bytes().next()
    }

    /// Passes over octets of ASCII.
    fn advance(&mut self, octets: usize) {
        self.rest = self.rest.get(octets..).unwrap_or_default();
    }
}

/// The members of an object that is being read.
#[derive(Debug)]
pub(crate) struct Object<'i> {
    start: &'i str,
    members: usize,
    /// A bit for each known name that has been read.
    known: u32,
    /// A bit for each other name, by its characters: where it is not set, the name is new.
    others: u64,
}

impl<'i> Object<'i> {
    /// Goes to the value of the next member whose name is one of these, at most 32, and returns its position among them. Passes over
    /// all others. `None` at the end of the object.
    pub(crate) fn next(&mut self, reader: &mut Reader<'i>, names: &[&str]) -> Result<Option<usize>, JsonError> {
        while reader.next_member(b'}', self.members == 0, &mut self.members)? {
            let name = reader.name()?;
            let position = match name.as_str() {
                Some(plain) => names.iter().position(|known| plain == *known),
                None => names.iter().position(|known| name == *known),
            };
            if let Some(position) = position {
                let bit = u32::try_from(position).ok().and_then(|position| 1_u32.checked_shl(position)).unwrap_or(0);
                if bit == 0 || self.known & bit != 0 {
                    return Err(JsonError::DuplicateName);
                }
                self.known |= bit;
                return Ok(Some(position));
            }
            let bit = name.bit();
            if self.others & bit != 0 && is_among(name, self.start, self.members) {
                return Err(JsonError::DuplicateName);
            }
            self.others |= bit;
            reader.pass()?;
        }
        Ok(None)
    }
}

/// The items of an array that is being read.
#[derive(Debug)]
pub(crate) struct Array {
    items: usize,
}

impl Array {
    /// Goes to the next item, if there is one.
    pub(crate) fn next(&mut self, reader: &mut Reader<'_>) -> Result<bool, JsonError> {
        reader.next_member(b']', self.items == 0, &mut self.items)
    }
}

/// A string of a JSON text that was read: borrowed as it stands there, its escapes undone on the way out.
///
/// Compares with a `&str` by characters, and `Display` writes them.
#[derive(Clone, Copy)]
pub struct Text<'i> {
    raw: &'i str,
}

impl<'i> Text<'i> {
    /// The text itself, unless something in it is escaped.
    #[must_use]
    pub fn as_str(&self) -> Option<&'i str> {
        // By octets, because the searches of `str` hold code that could panic.
        if self.raw.bytes().any(|octet| octet == b'\\') { None } else { Some(self.raw) }
    }

    /// Whether there is no character.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }

    /// One of 64 bits, the same for equal texts.
    fn bit(&self) -> u64 {
        let sum = self.chars().fold(0_u32, |sum, character| sum.wrapping_mul(31).wrapping_add(u32::from(character)));
        1 << (sum & 63)
    }

    /// The characters.
    #[must_use]
    pub fn chars(&self) -> Characters<'i> {
        Characters { rest: self.raw.chars() }
    }
}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        self.as_str().map_or_else(|| self.chars().eq(other.chars()), |text| text == other)
    }
}

impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        other.as_str().map_or_else(|| self.chars().eq(other.chars()), |text| *self == *text)
    }
}

impl Eq for Text<'_> {}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.raw)
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.chars().try_for_each(|character| fmt::Write::write_char(f, character))
    }
}

/// The characters of a [`Text`].
#[derive(Clone, Debug)]
pub struct Characters<'i> {
    rest: Chars<'i>,
}

impl Iterator for Characters<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let here = self.rest.as_str();
        match self.rest.next()? {
            '\\' => {
                let (character, size) = escape(here.as_bytes()).ok()?;
                self.rest = here.get(size..).unwrap_or_default().chars();
                Some(character)
            }
            character => Some(character),
        }
    }
}

/// The character of an escape that begins here, and the number of octets that it takes (RFC 8259 §7).
fn escape(octets: &[u8]) -> Result<(char, usize), JsonError> {
    let character = match octets {
        [b'\\', b'"', ..] => '"',
        [b'\\', b'\\', ..] => '\\',
        [b'\\', b'/', ..] => '/',
        [b'\\', b'b', ..] => '\u{8}',
        [b'\\', b'f', ..] => '\u{C}',
        [b'\\', b'n', ..] => '\n',
        [b'\\', b'r', ..] => '\r',
        [b'\\', b't', ..] => '\t',
        [b'\\', b'u', rest @ ..] => {
            return match unit(rest)? {
                high @ 0xD800..=0xDBFF => match rest.get(4..) {
                    Some([b'\\', b'u', rest @ ..]) => {
                        let low @ 0xDC00..=0xDFFF = unit(rest)? else {
                            return Err(JsonError::Malformed);
                        };
                        let character = 0x1_0000_u32.wrapping_add((high & 0x3FF) << 10 | low & 0x3FF);
                        char::from_u32(character).map(|character| (character, 12)).ok_or(JsonError::Malformed)
                    }
                    _ => Err(JsonError::Malformed),
                },
                unit => char::from_u32(unit).map(|character| (character, 6)).ok_or(JsonError::Malformed),
            };
        }
        _ => return Err(JsonError::Malformed),
    };
    Ok((character, 2))
}

/// Four hexadecimal digits.
fn unit(octets: &[u8]) -> Result<u32, JsonError> {
    let digits = octets.first_chunk::<4>().ok_or(JsonError::Malformed)?;
    digits.iter().try_fold(0, |unit, octet| {
        char::from(*octet).to_digit(16).map(|digit| unit << 4 | digit).ok_or(JsonError::Malformed)
    })
}

/// What follows the digits, of which there is one at least.
fn digits(octets: &[u8]) -> Result<&[u8], JsonError> {
    let digits = octets.iter().take_while(|octet| octet.is_ascii_digit()).count();
    if digits == 0 { Err(JsonError::Malformed) } else { octets.get(digits..).ok_or(JsonError::Malformed) }
}

/// An integer of the grammar of JSON numbers.
fn integer(text: &str) -> Result<i64, JsonError> {
    match text.as_bytes().strip_prefix(b"-").unwrap_or(text.as_bytes()) {
        [b'0'] | [b'1'..=b'9', ..] => text.parse().map_err(|_| JsonError::Type),
        _ => Err(JsonError::Type),
    }
}

/// The value of a member of an object that has been read before, of which nothing is checked again.
#[cfg(feature = "session")]
pub(crate) fn member<'i>(text: &'i [u8], wanted: &str) -> Option<Reader<'i>> {
    let mut reader = Reader::new(text).ok()?;
    reader.begin(b'{').ok()?;
    loop {
        if reader.name().ok()? == *wanted {
            return Some(reader);
        }
        // The last value has no comma behind it.
        reader.pass_again()?;
    }
}

/// Whether a name is one of those before it: of so many members that begin here, the last one is itself.
fn is_among(name: Text<'_>, start: &str, members: usize) -> bool {
    let mut reader = Reader { rest: start };
    (1..members).any(|_| reader.name().is_ok_and(|other| other == name) || reader.pass_again().is_none())
}

impl Reader<'_> {
    /// Passes over a value that has been read before, and the comma behind it.
    fn pass_again(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => drop(self.text().ok()?),
                octet => {
                    match octet {
                        b'{' | b'[' => depth = depth.checked_add(1)?,
                        b'}' | b']' => depth = depth.checked_sub(1)?,
                        _ => {}
                    }
                    self.advance(1);
                    if octet == b',' && depth == 0 {
                        return Some(());
                    }
                }
            }
        }
    }
}
