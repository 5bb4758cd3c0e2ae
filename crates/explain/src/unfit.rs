//! Text that is none of the forms in which objects come: what it is instead, and what to do.

use crate::{
    outline::Outline,
    text::{from_base64, shortened},
};

/// What is wrong with text that is neither base64 nor hexadecimal digits; `digits` is the same without white space and
/// quotes.
pub(crate) fn reason(text: &str, digits: &str) -> String {
    let text = text.trim();
    if text.is_empty() {
        return "nothing but white space".to_owned();
    }
    if digits.is_empty() {
        return "nothing between the quotes".to_owned();
    }
    if let Some(label) = text.strip_prefix("-----BEGIN ").and_then(|rest| rest.split("-----").next()) {
        return format!("PEM of a {}, and not an object", shortened(&label.to_lowercase(), 40));
    }
    if text.starts_with("data:") {
        return "a data: URL: give what follows the comma".to_owned();
    }
    if text.starts_with("Optional(") {
        return "a Swift optional, printed: unwrap it before it is sent, or give what is between the quotes".to_owned();
    }
    let is_hex = |text: &str| text.chars().all(|c| c.is_ascii_hexdigit() || c.is_whitespace());
    if text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).is_some_and(is_hex) {
        return "the description of a Data, printed: take the angle brackets away, or send base64".to_owned();
    }
    if text.contains(':') && is_hex(&text.replace(':', "")) {
        return "hexadecimal digits with colons between them: take the colons away".to_owned();
    }
    if ["%2B", "%2b", "%2F", "%2f", "%3D", "%3d"].iter().any(|escape| text.contains(escape)) {
        return "percent-encoded, as in a URL: decode %2B, %2F and %3D before the base64".to_owned();
    }
    let is_digit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_' | '=');
    if let Some(position) = digits.chars().position(|c| !is_digit(c)) {
        let first = digits.chars().nth(position).unwrap_or_default();
        return format!(
            "text, but neither base64, hexadecimal digits nor JSON: character {} is {first:?}, which neither has",
            position + 1
        );
    }
    // Words are of the same letters, but not as long as the shortest object.
    if digits.len() >= 64 && !digits.len().is_multiple_of(4) {
        return format!("base64 that ends within a group of four: {} characters, so that it was cut off", digits.len());
    }
    "text, but neither base64, hexadecimal digits nor JSON".to_owned()
}

/// Decoding of a form turns `+` into a space. Without the spaces the rest may still be base64, of another object: so the
/// text is told from broken lines by what it is of.
pub(crate) fn lost_plus(text: &str) -> bool {
    let text = text.trim();
    let is_object = |text: &str| from_base64(text).is_some_and(|bytes| Outline::of(&bytes).kind().is_some());
    text.contains(' ') && !is_object(&text.replace(' ', "")) && is_object(&text.replace(' ', "+"))
}

#[cfg(test)]
mod tests {
    use super::{lost_plus, reason};

    #[test]
    fn what_text_is_instead() {
        let cut = "A".repeat(65);
        let rows = [
            ("\n", "", "nothing but white space"),
            ("\"\"", "", "between the quotes"),
            ("-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----", "-", "PEM of a public key"),
            ("data:application/cbor;base64,o2Nm", "data", "what follows the comma"),
            ("Optional(\"o2Nm\")", "Optional", "a Swift optional"),
            ("<a3636674 6d74>", "<", "angle brackets"),
            ("a3:63:66", "a3:63:66", "colons"),
            ("o2Nm%2Bg%3D%3D", "o2Nm%2Bg", "percent-encoded"),
            ("o2Nm#A", "o2Nm#A", "character 5 is '#'"),
            (cut.as_str(), cut.as_str(), "65 characters, so that it was cut off"),
            ("o2-+", "o2-+", "neither base64"),
        ];
        for (text, digits, expected) in rows {
            assert!(reason(text, digits).contains(expected), "{text}: {}", reason(text, digits));
        }
    }

    #[test]
    fn spaces_are_told_from_broken_lines() {
        // {"fmt": 62} and something that has a `+` in base64.
        let (whole, broken) = ("oWNmbXQY+A==", "oWNm bXQY+A==");
        assert!(lost_plus(&whole.replace('+', " ")));
        assert!(!lost_plus(whole) && !lost_plus(broken));
    }
}
