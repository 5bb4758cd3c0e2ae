//! Octets and times as people write them.

use base64::{
    Engine as _,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose},
};
use genuine::{UnixMillis, UnixTime};

/// Lower-case hexadecimal digits.
pub(crate) fn hex(octets: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    octets.iter().flat_map(|octet| [digit(octet >> 4), digit(octet & 0xF)]).collect()
}

/// The octets of hexadecimal digits, two for each; `None` for anything else, and for nothing.
pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let digit = |octet: u8| char::from(octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let octets: Option<Vec<u8>> = pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect();
    octets.filter(|octets| !octets.is_empty())
}

/// Standard base64, padded.
pub(crate) fn base64(octets: &[u8]) -> String {
    general_purpose::STANDARD.encode(octets)
}

/// Base64 of the URL-safe alphabet, not padded.
pub(crate) fn base64url(octets: &[u8]) -> String {
    general_purpose::URL_SAFE_NO_PAD.encode(octets)
}

/// The octets of base64 in either alphabet, padded or not; `None` for anything else.
#[must_use]
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    let alphabet = if text.contains(['-', '_']) { URL_SAFE } else { STANDARD };
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&alphabet, config).decode(text).ok()
}

/// RFC 3339 in UTC, such as `2026-01-31T12:00:00Z`.
pub(crate) fn rfc_3339(time: UnixTime) -> String {
    let date = der::DateTime::from_unix_duration(std::time::Duration::from_secs(time.0));
    date.map_or_else(|_| format!("{} s after 1970", time.0), |date| date.to_string())
}

/// Reads RFC 3339; `None` for what is not that, or lies before 1970. A fraction of a second is dropped, because
/// certificates have none.
#[must_use]
pub fn unix_time(text: &str) -> Option<UnixTime> {
    // The last day of the year 9999, where certificates without end do end, is beyond jiff's range.
    if let Ok(date) = text.parse::<der::DateTime>() {
        return Some(UnixTime(date.unix_duration().as_secs()));
    }
    let timestamp: jiff::Timestamp = text.parse().ok()?;
    // `as_second` truncates, which would take the last second of 1969 for the first of 1970.
    (timestamp >= jiff::Timestamp::UNIX_EPOCH).then(|| UnixTime(timestamp.as_second().cast_unsigned()))
}

/// As [`unix_time`], to the millisecond, which tokens have.
#[must_use]
pub fn unix_millis(text: &str) -> Option<UnixMillis> {
    let fine = text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond);
    let coarse = unix_time(text)?;
    Some(UnixMillis(match fine.and_then(|millis| u64::try_from(millis).ok()) {
        Some(millis) => millis,
        None => coarse.0.checked_mul(1_000)?,
    }))
}

/// RFC 3339 in UTC with what there is of a fraction, such as `2026-01-31T12:00:00.5Z`.
pub(crate) fn rfc_3339_millis(millis: i64) -> String {
    jiff::Timestamp::from_millisecond(millis)
        .map_or_else(|_| format!("{millis} ms after 1970"), |timestamp| timestamp.to_string())
}

/// The first `width` characters, with an ellipsis where more follow.
pub(crate) fn shortened(text: &str, width: usize) -> String {
    match text.char_indices().nth(width) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A time span as a policy is written, and in the unit that people think in.
pub(crate) fn seconds(count: u64) -> String {
    match count {
        172_800.. => format!("{count} s ({} days)", count / 86_400),
        7_200.. => format!("{count} s ({} hours)", count / 3_600),
        _ => format!("{count} s"),
    }
}

/// With a comma after the thousands.
pub(crate) fn grouped(count: usize) -> String {
    if count < 1_000 { count.to_string() } else { format!("{},{:03}", count / 1_000, count % 1_000) }
}

pub(crate) fn bytes(count: usize) -> String {
    if count == 1 { "1 byte".to_owned() } else { format!("{count} bytes") }
}

/// `a`, `a and b`, `a, b and c`; of many the first eight, because who made an object decides how many there are.
pub(crate) fn listed(items: &[String]) -> String {
    let (items, rest) = items.split_at(items.len().min(8));
    if !rest.is_empty() {
        return format!("{} and {} more", items.join(", "), rest.len());
    }
    match items {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [firsts @ .., last] => format!("{} and {last}", firsts.join(", ")),
    }
}
