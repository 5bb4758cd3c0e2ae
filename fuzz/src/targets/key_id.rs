//! Key identifiers as an app sends them: base64, against a reader that goes bit by bit.

use genuine::{Error, app_attest::KeyId};

use crate::codes;

/// The input as a text and as 32 bytes: what one reader takes the other takes, and both read the same.
pub fn run(data: &[u8]) {
    // What is no UTF-8 is no `str` either; some other text stands for it.
    let text = String::from_utf8_lossy(data);
    let ours = KeyId::from_base64(&text);
    codes::record(&ours);
    assert_eq!(ours.map(|id| id.0).map_err(|error| (error, error.code())), read(&text).ok_or(FORMAT));
    let whole = data.try_into().map(KeyId).ok();
    assert_eq!(KeyId::from_slice(data).map_err(|error| (error, error.code())), whole.ok_or(FORMAT));
    // And it is shown as what both read.
    if let Ok(id) = ours {
        let shown = id.to_string();
        assert!(shown.ends_with('=') && !shown.contains(['-', '_']), "{shown}");
        assert_eq!(read(&shown), Some(id.0));
    }
}

const FORMAT: (Error, u16) = (Error::KeyIdFormat, Error::KeyIdFormat.code());

/// 43 digits (RFC 4648 §4 or §5, not both), the two bits that are left are zero, and at most one `=` behind them.
fn read(text: &str) -> Option<[u8; 32]> {
    let digits = text.strip_suffix('=').unwrap_or(text).as_bytes();
    let [standard, url] = [b"+/", b"-_"].map(|special| digits.iter().any(|digit| special.contains(digit)));
    if digits.len() != 43 || standard && url {
        return None;
    }
    let mut bits = Vec::new();
    for digit in digits {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits.extend((0..6).rev().map(|bit| value >> bit & 1));
    }
    let (octets, left) = bits.split_at(256);
    let octets: Vec<u8> = octets.chunks(8).map(|octet| octet.iter().fold(0, |octet, bit| octet << 1 | bit)).collect();
    (left == [0, 0]).then(|| octets.try_into().expect("256 bits"))
}

/// Both alphabets with and without padding, and each way to be wrong.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let plain = "bSrEhF8TIzIvWSPwvZ0i2+UOBre4ASH84rK15m6emN/";
    let (url, mixed) = (plain.replace('+', "-").replace('/', "_"), plain.replace('+', "-"));
    let mut spare = plain.to_owned();
    spare.replace_range(42.., "B");
    let mut ends_in_zeros = plain.to_owned();
    ends_in_zeros.replace_range(42.., "8");
    let texts = [plain, &url, &mixed, &spare, &ends_in_zeros, &ends_in_zeros.replace('+', "-")];
    let padded = texts.map(|text| format!("{text}=").into_bytes());
    let wrong = [format!("{ends_in_zeros}=="), format!(" {ends_in_zeros}"), format!("{ends_in_zeros}\n")];
    let wrong = wrong.into_iter().map(String::into_bytes).chain([vec![0x5A; 32], vec![0x5A; 31]]);
    texts.map(|text| text.as_bytes().to_vec()).into_iter().chain(padded).chain(wrong).collect()
}
