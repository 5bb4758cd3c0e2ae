//! What the outermost CBOR map is, as far as it can be told, well-formed or not: for words, never for a verdict.

use minicbor::{Decoder, data::Type};

use crate::model::Kind;

/// The keys of the outermost map and of the attestation statement, up to where reading failed.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    pub(crate) keys: Vec<String>,
    pub(crate) statement_keys: Vec<String>,
    pub(crate) format: Option<String>,
    /// All entries could be read.
    pub(crate) complete: bool,
    /// What follows the map, in bytes.
    pub(crate) trailing: usize,
    pub(crate) certificates: Vec<Vec<u8>>,
    pub(crate) auth_data: Option<Vec<u8>>,
    /// `hash` of `cdHash`, which nothing signs.
    pub(crate) code_hash: Option<Vec<u8>>,
}

impl Outline {
    pub(crate) fn of(input: &[u8]) -> Self {
        let mut outline = Self::default();
        outline.complete = outline.read(input).is_some();
        outline
    }

    fn read(&mut self, input: &[u8]) -> Option<()> {
        let mut decoder = Decoder::new(input);
        for _ in 0..entries(&mut decoder)? {
            let key = decoder.str().ok()?.to_owned();
            self.keys.push(key.clone());
            match key.as_str() {
                "fmt" => self.format = Some(decoder.str().ok()?.to_owned()),
                "attStmt" => self.statement(&mut decoder)?,
                "authData" | "authenticatorData" => self.auth_data = Some(decoder.bytes().ok()?.to_vec()),
                "cdHash" => {
                    self.code_hash = unsigned_code_hash(&mut decoder.clone());
                    decoder.skip().ok()?;
                }
                _ => decoder.skip().ok()?,
            }
        }
        self.trailing = input.len().saturating_sub(decoder.position());
        Some(())
    }

    fn statement(&mut self, decoder: &mut Decoder<'_>) -> Option<()> {
        for _ in 0..entries(decoder)? {
            let key = decoder.str().ok()?.to_owned();
            self.statement_keys.push(key.clone());
            if key == "x5c" && decoder.datatype().ok()? == Type::Array {
                for _ in 0..decoder.array().ok()?? {
                    self.certificates.push(decoder.bytes().ok()?.to_vec());
                }
            } else {
                decoder.skip().ok()?;
            }
        }
        Some(())
    }

    /// What these keys are of; `None` if of neither.
    pub(crate) fn kind(&self) -> Option<Kind> {
        let has = |name: &str| self.keys.iter().any(|key| key == name);
        if has("fmt") || has("attStmt") {
            Some(Kind::Attestation)
        } else if has("signature") || has("authenticatorData") {
            Some(Kind::Assertion)
        } else {
            has("authData").then_some(Kind::Attestation)
        }
    }
}

/// The number of entries of a map of definite length; `None` for anything else.
fn entries(decoder: &mut Decoder<'_>) -> Option<u64> {
    decoder.map().ok()?
}

/// `hash` in a map with text keys.
fn unsigned_code_hash(decoder: &mut Decoder<'_>) -> Option<Vec<u8>> {
    for _ in 0..entries(decoder)? {
        if decoder.str().ok()? == "hash" {
            return decoder.bytes().ok().map(<[u8]>::to_vec);
        }
        decoder.skip().ok()?;
    }
    None
}

/// An entry of the extension map behind the authenticator data: key, and what is wrong with the value.
pub(crate) struct ExtensionEntry {
    pub(crate) key: String,
    pub(crate) value: String,
}

/// The entries of an extension map (bytes) up to where reading failed.
pub(crate) fn extension_entries(map: &[u8]) -> Vec<ExtensionEntry> {
    let mut decoder = Decoder::new(map);
    let mut list = Vec::new();
    let Some(count) = entries(&mut decoder) else { return list };
    for _ in 0..count {
        let Ok(key) = decoder.str() else { break };
        let value = decoder.datatype().map_or_else(|_| "nothing".to_owned(), |kind| kind.to_string());
        let start = decoder.position();
        let readable = decoder.skip().is_ok();
        let length = decoder.position().saturating_sub(start);
        let value = if readable { format!("{value}, {length} bytes") } else { value };
        list.push(ExtensionEntry { key: key.to_owned(), value });
        if !readable {
            break;
        }
    }
    list
}
