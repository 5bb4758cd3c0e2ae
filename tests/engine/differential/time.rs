//! Times: the engine's reading of a certificate's validity against x509-cert and, for the calendar, jiff.

use der::Decode as _;
use genuine::x509::{Certificate, X509Error};
use genuine_testvectors::{
    certificate::{field, part},
    der::{Der, tag},
};
use jiff::civil;

use super::corpus::{Allowed, Divergences, SERIES, device};

/// What x509-cert reads as a time and the engine does not.
const STRICTER: &[Allowed] = &[Allowed {
    how: "GeneralizedTime before 2050",
    why: "RFC 5280 §4.1.2.5: dates through 2049 are written as UTCTime; x509-cert takes both",
    named: &["20491231235959Z", "19991231235959Z", "19700101000000Z", "20260101000000Z"],
}];

/// Patches notBefore and notAfter into certificates that are otherwise honest; nothing here looks at the signature.
struct Patched {
    certificate: Der,
}

impl Patched {
    fn new() -> Self {
        Self { certificate: device().leaf(&[7; 32]).sign() }
    }

    /// What both readers make of the validity `time ‥ time`, in Unix seconds.
    fn read(&mut self, time: &Der) -> (Result<u64, X509Error>, Option<u64>) {
        self.certificate[part::TBS][field::VALIDITY] = Der::sequence(vec![time.clone(), time.clone()]);
        let bytes = self.certificate.encode();
        let ours = Certificate::parse(&bytes).map(|certificate| {
            assert_eq!(certificate.validity().not_before, certificate.validity().not_after);
            certificate.validity().not_before.0
        });
        let theirs = x509_cert::Certificate::from_der(&bytes)
            .ok()
            .map(|certificate| certificate.tbs_certificate().validity().not_before.to_unix_duration().as_secs());
        (ours, theirs)
    }
}

/// The time as RFC 5280 wants it written, from a calendar of our own choosing.
fn encode(time: civil::DateTime) -> Der {
    let text = time.strftime("%Y%m%d%H%M%SZ").to_string();
    if time.year() < 2050 {
        Der::primitive(tag::UTC_TIME, &text.as_bytes()[2..])
    } else {
        Der::primitive(tag::GENERALIZED_TIME, text.as_bytes())
    }
}

#[test]
fn every_day_reads_the_same() {
    let mut patched = Patched::new();
    let mut day = civil::date(1970, 1, 1);
    let mut days = 0_i8;
    // Every day to 2110, which has the century that is no leap year, and every 97th to the year 9999.
    while day < civil::date(9999, 9, 1) {
        days = days.wrapping_add(1);
        let time = day.at(days.rem_euclid(24), days.rem_euclid(60), days.wrapping_mul(7).rem_euclid(60), 0);
        let expected = u64::try_from(time.to_zoned(jiff::tz::TimeZone::UTC).expect("UTC").timestamp().as_second())
            .expect("since 1970");
        assert_eq!(patched.read(&encode(time)), (Ok(expected), Some(expected)), "{time}");
        day = day.checked_add(jiff::Span::new().days(if day.year() < 2110 { 1 } else { 97 })).expect("before 10000");
    }
}

#[test]
fn odd_times_read_the_same() {
    let mut patched = Patched::new();
    let mut divergences = Divergences::default();
    let mut accepted = 0;
    let mut see = |tag: u8, text: &str, id: &str| {
        let (ours, theirs) = patched.read(&Der::primitive(tag, text.as_bytes()));
        match (ours, theirs) {
            (Ok(ours), theirs) => {
                assert_eq!(Some(ours), theirs, "{text}");
                accepted += 1;
            }
            (Err(_), None) => {}
            (Err(error), Some(_)) => {
                assert_eq!(error, X509Error::Time, "{text}");
                let early = tag == tag::GENERALIZED_TIME && text < "2050";
                let how = if early { "GeneralizedTime before 2050" } else { text };
                divergences.add(how, id);
            }
        }
    };
    for (tag, text) in EDGES {
        see(tag, text, text);
    }
    // Each field of a good time with each two-digit number.
    for (tag, text) in [(tag::UTC_TIME, "240229235959Z"), (tag::GENERALIZED_TIME, "20520229235959Z")] {
        let digits = text.len() - 1;
        for at in (0..digits).step_by(2).filter(|at| tag == tag::UTC_TIME || *at != 0) {
            for number in 0..100 {
                see(tag, &format!("{}{number:02}{}", &text[..at], &text[at + 2..]), SERIES);
            }
        }
    }
    assert!(accepted >= 300, "{accepted}");
    divergences.check(STRICTER);
}

const EDGES: [(u8, &str); 40] = [
    (0x17, "700101000000Z"),
    (0x17, "691231235959Z"),
    (0x17, "500101000000Z"),
    (0x17, "491231235959Z"),
    (0x17, "991231235959Z"),
    (0x17, "000229000000Z"),
    (0x17, "230229000000Z"),
    (0x17, "240229000000Z"),
    (0x17, "260631000000Z"),
    (0x17, "260100000000Z"),
    (0x17, "260001000000Z"),
    (0x17, "261301000000Z"),
    (0x17, "260101240000Z"),
    (0x17, "260101006000Z"),
    (0x17, "260101000060Z"),
    (0x17, "161231235960Z"),
    (0x17, "2601010000Z"),
    (0x17, "260101000000"),
    (0x17, "260101000000z"),
    (0x17, "260101000000+0000"),
    (0x17, "2601010000000Z"),
    (0x17, " 60101000000Z"),
    (0x17, "+60101000000Z"),
    (0x17, "26010100000٠Z"),
    (0x17, ""),
    (0x17, "Z"),
    (0x18, "20500101000000Z"),
    (0x18, "20491231235959Z"),
    (0x18, "19991231235959Z"),
    (0x18, "19700101000000Z"),
    (0x18, "19691231235959Z"),
    (0x18, "20260101000000Z"),
    (0x18, "21000229000000Z"),
    (0x18, "24000229000000Z"),
    (0x18, "99991231235959Z"),
    (0x18, "00000101000000Z"),
    (0x18, "20500101000000.0Z"),
    (0x18, "20500101000000+0000"),
    (0x18, "205001010000Z"),
    (0x18, "500101000000Z"),
];

#[test]
fn series_stays_unnamed() {
    let mut divergences = Divergences::default();
    divergences.add("anything", SERIES);
    divergences.check(&[Allowed { how: "anything", why: "the table works", named: &[] }]);
    for wrong in [&[][..], &[Allowed { how: "anything", why: "a stale name", named: &["gone"] }]] {
        assert!(std::panic::catch_unwind(|| divergences.check(wrong)).is_err());
    }
}
