//! A writer of text into the caller's buffer: JSON (RFC 8259) and base64url without padding (RFC 4648 §5).

/// Text that is being written. What has no room is counted and not written, so that one look at the end is enough.
#[derive(Debug)]
pub(crate) struct Room<'r> {
    octets: &'r mut [u8],
    length: usize,
}

impl<'r> Room<'r> {
    pub(crate) const fn new(octets: &'r mut [u8]) -> Self {
        Self { octets, length: 0 }
    }

    /// What has been written; `None` if there was no room for all of it.
    pub(crate) fn written(&self) -> Option<&[u8]> {
        self.octets.get(..self.length)
    }

    /// The text; `None` if there was no room for all of it.
    pub(crate) fn finish(self) -> Option<&'r str> {
        let octets: &'r [u8] = self.octets;
        core::str::from_utf8(octets.get(..self.length)?).ok()
    }

    /// Writes what `write` writes in base64url.
    pub(crate) fn base64(&mut self, write: impl FnOnce(&mut Base64<'_, Self>)) {
        let mut encoder = Base64::new(self);
        write(&mut encoder);
        encoder.finish();
    }
}

/// Where octets go.
pub(crate) trait Write: Sized {
    fn octet(&mut self, octet: u8);

    fn octets(&mut self, octets: &[u8]) {
        for octet in octets {
            self.octet(*octet);
        }
    }

    fn text(&mut self, text: &str) {
        self.octets(text.as_bytes());
    }

    /// A JSON string with its quotation marks. It has escapes where JSON demands them (RFC 8259 §7), and only there.
    fn string(&mut self, text: &str) {
        self.octet(b'"');
        for octet in text.bytes() {
            match octet {
                b'"' | b'\\' => self.octets(&[b'\\', octet]),
                0..b' ' => {
                    self.text("\\u00");
                    self.octet(if octet < 0x10 { b'0' } else { b'1' });
                    self.octet(b"0123456789abcdef".get(usize::from(octet & 0x0F)).copied().unwrap_or_default());
                }
                _ => self.octet(octet),
            }
        }
        self.octet(b'"');
    }

    /// An integer in decimal.
    fn integer(&mut self, integer: i64) {
        if integer < 0 {
            self.octet(b'-');
        }
        let mut digits = [b'0'; 20];
        let mut rest = integer.unsigned_abs();
        let mut length = 0_usize;
        for digit in digits.iter_mut().rev() {
            let [last, ..] = rest.checked_rem(10).unwrap_or_default().to_le_bytes();
            *digit = b'0' | last;
            length = length.saturating_add(1);
            rest = rest.checked_div(10).unwrap_or_default();
            if rest == 0 {
                break;
            }
        }
        self.octets(digits.get(digits.len().saturating_sub(length)..).unwrap_or_default());
    }

    /// A JSON string of base64url.
    fn base64_string(&mut self, octets: &[u8]) {
        self.octet(b'"');
        let mut encoder = Base64::new(self);
        encoder.octets(octets);
        encoder.finish();
        self.octet(b'"');
    }
}

impl Write for Room<'_> {
    fn octet(&mut self, octet: u8) {
        if let Some(place) = self.octets.get_mut(self.length) {
            *place = octet;
        }
        self.length = self.length.saturating_add(1);
    }
}

/// The URL-safe alphabet (RFC 4648 §5).
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What encodes in base64url on the way.
#[derive(Debug)]
pub(crate) struct Base64<'w, W> {
    to: &'w mut W,
    /// The octets that have not been written yet.
    bits: u32,
    /// Their number, at most two.
    octets: u8,
}

impl<'w, W: Write> Base64<'w, W> {
    const fn new(to: &'w mut W) -> Self {
        Self { to, bits: 0, octets: 0 }
    }

    /// Writes the first so many characters of four.
    fn characters(&mut self, bits: u32, number: usize) {
        for shift in [18, 12, 6, 0].into_iter().take(number) {
            let [value, ..] = (bits >> shift).to_le_bytes();
            self.to.octet(ALPHABET.get(usize::from(value & 0x3F)).copied().unwrap_or_default());
        }
    }

    /// Writes what is left.
    fn finish(mut self) {
        match self.octets {
            1 => self.characters(self.bits << 16, 2),
            2 => self.characters(self.bits << 8, 3),
            _ => {}
        }
    }
}

impl<W: Write> Write for Base64<'_, W> {
    fn octet(&mut self, octet: u8) {
        let bits = self.bits << 8 | u32::from(octet);
        if self.octets == 2 {
            self.characters(bits, 4);
            (self.bits, self.octets) = (0, 0);
        } else {
            (self.bits, self.octets) = (bits, self.octets.saturating_add(1));
        }
    }
}

/// The 43 characters of 32 octets.
pub(crate) fn base64_of_32(octets: &[u8; 32]) -> [u8; 43] {
    let mut text = [0; 43];
    Room::new(&mut text).base64(|encoder| encoder.octets(octets));
    text
}

/// What stands before and behind the first of this octet of ASCII.
// By octets, because the searches of `str` hold code that could panic.
pub(crate) fn split_once(text: &str, at: u8) -> Option<(&str, &str)> {
    let (before, rest) = text.split_at_checked(text.bytes().position(|octet| octet == at)?)?;
    Some((before, rest.get(1..)?))
}
