//! The times of a certificate against the calendar of the crate time, and the verdict at either end of its validity.

use std::sync::LazyLock;

use genuine::{
    Error, UnixTime,
    app_attest::AttestationObject,
    x509::{Certificate, DerError, X509Error},
};
use genuine_testvectors::{
    certificate::{field, part},
    der::Der,
};
use time::{Date, Time, UtcDateTime};

use crate::{
    around::{self, CHAIN, DEVICE, Slot},
    codes,
};

/// The validity of a leaf.
static SLOT: LazyLock<Slot> =
    LazyLock::new(|| Slot::inside(&DEVICE.leaf(&around::NONCE).sign(), &[part::TBS, field::VALIDITY]).0);

/// The first byte is the length of notBefore, tag and length included; what follows is notAfter.
///
/// Both are read as RFC 5280 §4.1.2.5 says and the crate time counts, or refused; the period holds both its ends.
pub fn run(data: &[u8]) {
    let Some((&middle, content)) = data.split_first() else { return };
    let (first, second) = content.split_at(usize::from(middle).min(content.len()));
    let leaf = SLOT.fill(content);
    let parsed = Certificate::parse(&leaf);
    codes::record(&parsed.as_ref().map_err(|error| codes::of_certificate(*error)));
    // Where either is no element of its own, the other targets have to know.
    let expected = match (model(first), model(second)) {
        (Some(from), Some(until)) if from <= until => (from, until),
        (Some(_), Some(_)) => return assert_eq!(parsed.err(), Some(X509Error::ValidityInverted)),
        _ if is_element(first) && is_element(second) => {
            let error = parsed.err();
            return assert!(matches!(error, Some(X509Error::Time | X509Error::Der(DerError::Tag))), "{error:?}");
        }
        _ => return,
    };
    let validity = parsed.expect("the crate time reads both").validity();
    assert_eq!((validity.not_before.0, validity.not_after.0), expected);

    let object = around::attestation(&leaf, &CHAIN[1].whole);
    let object = AttestationObject::parse(&object).expect("only its validity is changed");
    let of_intermediate = object.intermediate().validity();
    let (from, until) = expected;
    for now in [from.saturating_sub(1), from, until, until.saturating_add(1)] {
        let expected = match now {
            0 => Some(Error::ClockUnset),
            _ if now < from => Some(Error::LeafNotYetValid),
            _ if now > until => Some(Error::LeafExpired),
            _ if now < of_intermediate.not_before.0 => Some(Error::IntermediateNotYetValid),
            _ if now > of_intermediate.not_after.0 => Some(Error::IntermediateExpired),
            _ => None,
        };
        let (verdict, _) = around::verify(&object, UnixTime(now));
        codes::record(&verdict);
        assert_eq!(verdict.err(), expected, "at {now}");
    }
}

/// A `Time` as Unix seconds: `UTCTime` to 2049, `GeneralizedTime` from 2050, to the second, in UTC, since 1970.
fn model(time: &[u8]) -> Option<u64> {
    let (tag, text) = (*time.first()?, str::from_utf8(time.get(2..)?).ok()?);
    if !is_element(time) {
        return None;
    }
    let text = match tag {
        0x17 if text.len() == 13 => format!("{}{text}", if text < "50" { "20" } else { "19" }),
        0x18 if text.len() == 15 && text >= "2050" => text.to_owned(),
        _ => return None,
    };
    let digits = text.strip_suffix('Z').filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))?;
    let number = |at: usize| digits.get(at..at + 2)?.parse::<u8>().ok();
    let month = number(4)?.try_into().ok()?;
    let date = Date::from_calendar_date(digits.get(..4)?.parse().ok()?, month, number(6)?).ok()?;
    let time = Time::from_hms(number(8)?, number(10)?, number(12)?).ok()?;
    u64::try_from(UtcDateTime::new(date, time).unix_timestamp()).ok()
}

/// Whether this is one element of a short length.
fn is_element(octets: &[u8]) -> bool {
    matches!(octets, [tag, length @ 0..0x80, content @ ..] if tag & 0x1F != 0x1F && usize::from(*length) == content.len())
}

/// Ordinary periods, the limits of both forms, and leap years.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let period = |from: (u8, &str), until: (u8, &str)| {
        let [from, until] = [from, until].map(|(tag, text)| Der::primitive(tag, text.as_bytes()).encode());
        [&[u8::try_from(from.len()).expect("a short time")], &from[..], &until].concat()
    };
    let (utc, generalized) = (0x17, 0x18);
    vec![
        period((utc, "231031120000Z"), (utc, "231103120000Z")),
        period((utc, "700101000000Z"), (utc, "491231235959Z")),
        period((utc, "000229000000Z"), (generalized, "20500101000000Z")),
        period((generalized, "20520229235959Z"), (generalized, "99991231235959Z")),
        period((utc, "991231235959Z"), (utc, "500101000000Z")),
        period((generalized, "20491231235959Z"), (generalized, "21000229000000Z")),
        period((utc, "2310311200Z"), (utc, "231031120060Z")),
    ]
}
