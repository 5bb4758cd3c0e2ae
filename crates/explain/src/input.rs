//! From what people have to the bytes of an object.

use std::fmt;

use serde_json::Value;

use crate::{
    key_attestation::{CertificateChain, KeyAttestationVector},
    model::Decoding,
    text::{from_base64, from_hex},
    token::{Token, TokenVector},
    unfit,
    vector::{self, Vector},
};

/// The longest input that is read: 1 MiB. The longest object that the engine parses is 64 times smaller.
pub const MAX_INPUT: usize = 1024 * 1024;

/// What an input is.
#[derive(Clone, Debug)]
pub enum Input {
    /// The bytes of an object and nothing else.
    Object(Object),
    /// A JSON vector: an object with the caller's side and the verdict to expect.
    Vector(Box<Vector>),
    /// A group of JSON vectors, each with its id.
    Group(Vec<Vector>),
    /// A token, or the payload of one that was decoded.
    Token(Token),
    /// A JSON vector of a token.
    TokenVector(Box<TokenVector>),
    /// A file of several tokens, each with its name.
    TokenGroup(Vec<TokenVector>),
    /// The certificates of an Android key attestation.
    Chain(CertificateChain),
    /// A JSON vector of a key attestation.
    ChainVector(Box<KeyAttestationVector>),
    /// A file of several of those, each with its name.
    ChainGroup(Vec<KeyAttestationVector>),
}

/// The bytes of an object, and how they were obtained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// What the verifier passes to the engine.
    pub bytes: Vec<u8>,
    /// What was done to the input, in this order.
    pub decoding: Vec<Decoding>,
}

/// Why an input is neither an object nor a vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable(pub(crate) String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreadable {}

impl Input {
    /// Tells an object in binary, base64 of either alphabet (padded or not, with line breaks or quotes), hexadecimal
    /// digits, a JSON vector or a group of them, tokens, and chains of certificates apart, and decodes it.
    ///
    /// A chain is PEM, one certificate behind the other in DER, or a JSON array of either. The order is left as it is.
    ///
    /// # Errors
    ///
    /// Why it is none of these.
    pub fn read(input: &[u8]) -> Result<Self, Unreadable> {
        if input.is_empty() {
            return Err(Unreadable("empty".to_owned()));
        }
        if input.len() > MAX_INPUT {
            return Err(Unreadable(format!("longer than {MAX_INPUT} bytes")));
        }
        let binary = || Self::of_object(Object { bytes: input.to_vec(), decoding: Vec::new() });
        let Ok(text) = std::str::from_utf8(input) else { return Ok(binary()) };
        let text = text.trim_start_matches('\u{FEFF}');
        if let Some(chain) =
            Self::of_chain_json(text).or_else(|| Some(CertificateChain::of_pem(text)?.map(Self::Chain)))
        {
            return chain.map_err(Unreadable);
        }
        if text.trim_start().starts_with(['{', '[']) {
            return Self::of_token_json(text).unwrap_or_else(|| vector::read(text)).map_err(Unreadable);
        }
        if text.contains(is_binary) {
            return Ok(binary());
        }
        if let Some(token) = Token::of_text(text) {
            return Ok(Self::Token(token));
        }
        decode_text(text).map(Self::of_object)
    }

    /// What JSON is of a chain; `None` for everything else.
    fn of_chain_json(text: &str) -> Option<Result<Self, String>> {
        let value: Value = serde_json::from_str(text).ok()?;
        match value.as_object() {
            Some(members) if KeyAttestationVector::is_group(members) => {
                Some(KeyAttestationVector::group(members).map(Self::ChainGroup))
            }
            Some(members) if KeyAttestationVector::is_one(members) => {
                Some(KeyAttestationVector::of(members).map(|vector| Self::ChainVector(Box::new(vector))))
            }
            _ => CertificateChain::of_json(&value).map(|chain| chain.map(Self::Chain)),
        }
    }

    /// Octets that are certificates are a chain.
    fn of_object(object: Object) -> Self {
        CertificateChain::of_object(&object).map_or(Self::Object(object), Self::Chain)
    }
}

/// What text does not hold: with it, an input is binary even where it happens to be UTF-8, as damaged objects are.
fn is_binary(c: char) -> bool {
    (c.is_control() && !c.is_whitespace()) || c == '\u{FFFD}'
}

/// Hexadecimal digits, or base64.
fn decode_text(text: &str) -> Result<Object, Unreadable> {
    if unfit::lost_plus(text) {
        return Err(Unreadable("base64 with spaces where `+` was, as the decoding of a form leaves it".to_owned()));
    }
    let whole = text;
    let (text, mut decoding) = clean(text);
    if let Some(bytes) = from_hex(text.strip_prefix("0x").unwrap_or(&text)) {
        decoding.push(Decoding::Hex);
        return Ok(Object { bytes, decoding });
    }
    let object = decode_base64(&text, decoding).filter(|object| !object.bytes.is_empty());
    object.ok_or_else(|| Unreadable(unfit::reason(whole, &text)))
}

/// Base64 and nothing else, as the fields of a vector are.
pub(crate) fn decode_base64_text(text: &str) -> Option<Object> {
    let (text, decoding) = clean(text);
    decode_base64(&text, decoding)
}

fn decode_base64(text: &str, mut decoding: Vec<Decoding>) -> Option<Object> {
    let bytes = from_base64(text)?;
    decoding.push(if text.contains(['-', '_']) { Decoding::Base64Url } else { Decoding::Base64 });
    Some(Object { bytes, decoding })
}

/// Takes away what is around and between the digits when text is copied from a log, a shell or JSON.
pub(crate) fn clean(text: &str) -> (String, Vec<Decoding>) {
    let mut decoding = Vec::new();
    let mut text = text.trim().to_owned();
    let unquoted = text.trim_matches(['"', '\'', '`', ',', ';', '“', '”']);
    if unquoted.len() < text.len() {
        text = unquoted.to_owned();
        decoding.push(Decoding::Quotes);
    }
    if text.contains('\\') {
        text = text.replace("\\r", "").replace("\\n", "").replace("\\/", "/");
        decoding.push(Decoding::Escapes);
    }
    if text.contains(char::is_whitespace) {
        text.retain(|c| !c.is_whitespace());
        decoding.push(Decoding::WhiteSpace);
    }
    (text, decoding)
}
