//! The signature of a request with a key: RFC 9421 with `hmac-sha256`, in one profile.
//!
//! The profile leaves no choice: which components are covered, in which order, and which parameters there are. The two headers are
//! taken only as RFC 9651 serializes them, so that nobody reads two things in one of them.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use sfv::{Dictionary, FieldType as _, ListEntry, Parser};

/// What is signed, in this order.
const COMPONENTS: [&str; 5] = ["@method", "@authority", "@path", "@query", "content-digest"];
/// The algorithm (RFC 9421 §3.3.3).
const ALGORITHM: &str = "hmac-sha256";
/// How many characters a nonce has: 22 of base64url hold 128 bits.
const NONCE: std::ops::RangeInclusive<usize> = 22..=64;
/// The longest header. What the profile allows is below 500 characters.
const HEADER: usize = 1024;
/// How long a signature is good, in seconds.
pub const AGE: u64 = 60;
/// How far the clock of a client may be ahead, in seconds.
pub(super) const AHEAD: u64 = 5;

/// The signature of a request, as it came. Nothing of it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestSignature {
    /// The key that it says it is by.
    pub key: String,
    /// What makes it count once.
    pub nonce: String,
    /// When it was made, in seconds since 1970.
    pub created: u64,
    /// The code.
    pub mac: [u8; 32],
    expires: Option<u64>,
    /// What stands after the label: the last line of what is signed.
    params: String,
}

impl RequestSignature {
    /// Reads `Signature-Input` and `Signature`. `None` for whatever is not of the profile.
    #[must_use]
    pub fn parse(input: &str, signature: &str) -> Option<Self> {
        let (inputs, signatures) = (dictionary(input)?, dictionary(signature)?);
        let [(label, ListEntry::InnerList(list))] = inputs.iter().collect::<Vec<_>>()[..] else { return None };
        let [(other, ListEntry::Item(item))] = signatures.iter().collect::<Vec<_>>()[..] else { return None };
        let components = list.items.iter().map(|item| {
            let name = item.bare_item.as_string().map(sfv::StringRef::as_str);
            name.filter(|_| item.params.is_empty())
        });
        if label != other || !item.params.is_empty() || !components.eq(COMPONENTS.map(Some)) {
            return None;
        }
        let mac = item.bare_item.as_byte_sequence()?.try_into().ok()?;
        let (mut key, mut nonce, mut algorithm, mut created, mut expires) = (None, None, None, None, None);
        for (name, value) in &list.params {
            let text = || value.as_string().map(|text| text.as_str().to_owned());
            let time = || value.as_integer().and_then(|time| u64::try_from(i64::from(time)).ok());
            match name.as_str() {
                "keyid" => key = Some(text()?),
                "nonce" => nonce = Some(text()?),
                "alg" => algorithm = Some(text()?),
                "created" => created = Some(time()?),
                "expires" => expires = Some(time()?),
                _ => return None,
            }
        }
        let nonce = nonce.filter(|nonce| NONCE.contains(&nonce.len()))?;
        algorithm.filter(|algorithm| algorithm == ALGORITHM)?;
        let params = input.strip_prefix(label.as_str())?.strip_prefix('=')?.to_owned();
        Some(Self { key: key?, nonce, created: created?, expires, mac, params })
    }

    /// What is signed of a request with this target, and a body of this SHA-256 (RFC 9421 §2.5).
    #[must_use]
    pub fn base(&self, method: &str, authority: &str, target: &str, body: &[u8; 32]) -> String {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let query = format!("?{query}");
        let digest = format!("sha-256=:{}:", BASE64_STANDARD.encode(body));
        let values = [method, authority, path, &query, &digest];
        base(&COMPONENTS.into_iter().zip(values).collect::<Vec<_>>(), &self.params)
    }

    /// Whether it is of this time: made at most a minute ago, or a few seconds ahead, and not expired.
    #[must_use]
    pub fn is_fresh(&self, now: u64) -> bool {
        let is_of_now = (now.saturating_sub(AGE)..=now.saturating_add(AHEAD)).contains(&self.created);
        is_of_now && self.expires.is_none_or(|expires| now < expires)
    }
}

fn base(lines: &[(&str, &str)], params: &str) -> String {
    let lines = lines.iter().map(|(name, value)| format!("\"{name}\": {value}\n")).collect::<Vec<_>>().concat();
    format!("{lines}\"@signature-params\": {params}")
}

/// A dictionary (RFC 9651 §3.2) in the one spelling that it has.
fn dictionary(text: &str) -> Option<Dictionary> {
    if text.len() > HEADER {
        return None;
    }
    let dictionary: Dictionary = Parser::new(text).parse().ok()?;
    // A name that is there twice, or other spaces.
    dictionary.serialize().filter(|canonical| canonical == text)?;
    Some(dictionary)
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, prelude::BASE64_STANDARD};

    use super::{RequestSignature, base};
    use crate::api_key::key::hmac;

    /// The shared secret of RFC 9421 B.1.5, and the example of B.2.5.
    #[test]
    fn r78_the_example_of_rfc_9421_has_its_code() {
        let secret = "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==";
        let lines = [
            ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
            ("@authority", "example.com"),
            ("content-type", "application/json"),
        ];
        let params = "(\"date\" \"@authority\" \"content-type\");created=1618884473;keyid=\"test-shared-secret\"";
        let mac = hmac(&BASE64_STANDARD.decode(secret).unwrap(), &base(&lines, params)).unwrap();
        assert_eq!(BASE64_STANDARD.encode(mac), "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=");
    }

    const INPUT: &str = "any=(\"@method\" \"@authority\" \"@path\" \"@query\" \"content-digest\");created=1764500000;nonce=\"0123456789012345678901\";keyid=\"gk_a\";alg=\"hmac-sha256\"";
    const SIGNATURE: &str = "any=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:";

    #[test]
    fn the_base_has_a_line_for_each_component() {
        let signature = RequestSignature::parse(INPUT, SIGNATURE).unwrap();
        let base = |target| signature.base("POST", "shop.example.com", target, &[0; 32]);
        let expected = |path: &str, query: &str| {
            format!(
                "\"@method\": POST\n\"@authority\": shop.example.com\n\"@path\": {path}\n\"@query\": {query}\n\"content-digest\": sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:\n\"@signature-params\": {}",
                &INPUT[4..]
            )
        };
        assert_eq!(base("/orders?item=7?8"), expected("/orders", "?item=7?8"));
        assert_eq!(base("/orders"), expected("/orders", "?"));
    }

    #[test]
    fn only_the_profile_is_read() {
        let with = |from: &str, to: &str| {
            assert!(INPUT.contains(from), "{from}");
            RequestSignature::parse(&INPUT.replacen(from, to, 1), SIGNATURE)
        };
        assert!(with("any=", "any=").is_some());
        assert!(with(";alg=\"hmac-sha256\"", ";alg=\"hmac-sha256\";expires=1764500060").is_some());
        let wrong = [
            ("any=", "other="),
            ("any=", "any=(\"@method\");created=1, any="),
            ("any=", "more=(\"@method\");created=1, any="),
            ("any=", "any= "),
            ("\"@method\" ", ""),
            ("\"@method\" ", "\"@method\";req "),
            ("\"@method\" \"@authority\"", "\"@authority\" \"@method\""),
            ("\"content-digest\"", "\"content-digest\" \"date\""),
            ("\"@query\" ", ""),
            ("\"@authority\"", "\"host\""),
            (";created=1764500000", ""),
            ("created=1764500000", "created=\"1764500000\""),
            ("created=1764500000", "created=-1"),
            ("created=1764500000", "created=1764500000;created=1764500000"),
            (";nonce=\"0123456789012345678901\"", ""),
            ("nonce=\"0123456789012345678901\"", "nonce=\"012345678901234567890\""),
            (";keyid=\"gk_a\"", ""),
            (";alg=\"hmac-sha256\"", ""),
            ("hmac-sha256", "hmac-sha512"),
            (";alg=\"hmac-sha256\"", ";alg=\"hmac-sha256\";tag=\"x\""),
        ];
        for (from, to) in wrong {
            assert_eq!(with(from, to), None, "{from} → {to}");
        }
        let nonce = |length: usize| with("0123456789012345678901", &"n".repeat(length));
        assert!(nonce(64).is_some() && nonce(65).is_none());
        for signature in
            ["any=:AAAA:", "any=1", "any=(:AAAA:)", "", "other=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"]
        {
            assert_eq!(RequestSignature::parse(INPUT, signature), None, "{signature}");
        }
        let (with_parameter, twice) = (format!("{SIGNATURE};x=1"), format!("{SIGNATURE}, b=1"));
        for signature in [with_parameter, twice] {
            assert_eq!(RequestSignature::parse(INPUT, &signature), None, "{signature}");
        }
    }

    #[test]
    fn a_signature_is_good_for_a_minute() {
        let signature = RequestSignature::parse(INPUT, SIGNATURE).unwrap();
        for (now, is_fresh) in
            [(1_764_499_994, false), (1_764_499_995, true), (1_764_500_060, true), (1_764_500_061, false)]
        {
            assert_eq!(signature.is_fresh(now), is_fresh, "{now}");
        }
        let expires = RequestSignature { expires: Some(1_764_500_010), ..signature };
        assert!(expires.is_fresh(1_764_500_009) && !expires.is_fresh(1_764_500_010));
    }
}
