//! Serial numbers as a revocation list has them.

use core::fmt;

use crate::x509::Certificate;

/// The longest serial number in octets (RFC 5280 §4.1.2.2).
const MAX_SERIAL: usize = 20;

/// The serial number of a certificate: at most 20 octets, big-endian, without leading zeros.
///
/// `Display` is what a revocation list has: lower-case hexadecimal digits without leading zeros.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Serial {
    octets: [u8; MAX_SERIAL],
    length: u8,
}

/// The text of a serial number.
pub(super) struct SerialText {
    digits: [u8; 2 * MAX_SERIAL],
    /// Where it begins.
    from: usize,
}

impl Serial {
    pub(super) const NONE: Self = Self { octets: [0; MAX_SERIAL], length: 0 };

    /// The serial number of a certificate.
    #[must_use]
    pub fn of(certificate: &Certificate<'_>) -> Self {
        Self::from_slice(certificate.serial()).unwrap_or(Self::NONE)
    }

    /// Takes a number, as it may have been stored; `None` if it has more than 20 octets without leading zeros.
    #[must_use]
    pub fn from_slice(mut number: &[u8]) -> Option<Self> {
        while let [0, rest @ ..] = number {
            number = rest;
        }
        let mut serial = Self { length: u8::try_from(number.len()).ok()?, ..Self::NONE };
        let place = serial.octets.get_mut(..number.len())?;
        for (to, from) in place.iter_mut().zip(number) {
            *to = *from;
        }
        Some(serial)
    }

    /// The octets, big-endian, without leading zeros.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.octets.get(..usize::from(self.length)).unwrap_or_default()
    }

    pub(super) fn to_text(self) -> SerialText {
        let mut text = SerialText { digits: [b'0'; 2 * MAX_SERIAL], from: 0 };
        let number = self.as_bytes();
        let mut digits = text.digits.iter_mut().rev();
        for octet in number.iter().rev() {
            for nibble in [octet & 0x0F, octet >> 4] {
                if let Some(digit) = digits.next() {
                    *digit = hexadecimal(nibble);
                }
            }
        }
        // Zero is one digit.
        let last = text.digits.len().saturating_sub(1);
        text.from = text.digits.iter().position(|digit| *digit != b'0').unwrap_or(last);
        text
    }
}

const fn hexadecimal(nibble: u8) -> u8 {
    match nibble {
        0..=9 => b'0'.saturating_add(nibble),
        _ => b'a'.saturating_add(nibble.saturating_sub(10)),
    }
}

impl SerialText {
    pub(super) fn as_str(&self) -> &str {
        let digits = self.digits.get(self.from..).unwrap_or_default();
        core::str::from_utf8(digits).unwrap_or_default()
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_text().as_str())
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
