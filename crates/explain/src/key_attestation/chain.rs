//! From what people have to the certificates of a chain: PEM, DER, and both of them in JSON.

use serde_json::{Map, Value};

use super::certificate;
use crate::{
    input::{Object, clean},
    model::Decoding,
    text::from_base64,
};

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// The members of a JSON object that may hold a chain.
const MEMBERS: [&str; 7] =
    ["chain", "certificates", "certificateChain", "certificate_chain", "certChain", "x5c", "attestation"];

/// The certificates of a key attestation as they were given: in their order, which nobody puts right, not looked at yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateChain {
    /// Each in DER. `KeyStore.getCertificateChain` has the leaf first.
    pub certificates: Vec<Vec<u8>>,
    /// What was done to the input, in this order.
    pub decoding: Vec<Decoding>,
}

impl CertificateChain {
    /// Takes certificates in DER.
    #[must_use]
    pub const fn new(certificates: Vec<Vec<u8>>) -> Self {
        Self { certificates, decoding: Vec::new() }
    }

    /// Reads text with at least one certificate in PEM; what stands around them is passed over. `None` for any other text.
    pub(crate) fn of_pem(text: &str) -> Option<Result<Self, String>> {
        text.contains(BEGIN).then(|| pem(text).map(|certificates| Self { certificates, decoding: vec![Decoding::Pem] }))
    }

    /// Reads a JSON array of certificates, each in base64 of DER or in PEM, or an object with such an array. `None` for any other JSON.
    pub(crate) fn of_json(value: &Value) -> Option<Result<Self, String>> {
        let (list, decoding) = match value {
            Value::Array(list) => (list, Vec::new()),
            Value::Object(members) => (member(members)?, vec![Decoding::JsonMember]),
            _ => return None,
        };
        let texts: Vec<_> = list.iter().map(Value::as_str).collect::<Option<_>>()?;
        let first = texts.first()?;
        if !first.contains(BEGIN) && from_base64(&clean(first).0).is_none_or(|der| der.first() != Some(&0x30)) {
            return None;
        }
        let certificates = texts.iter().enumerate().map(|(place, text)| {
            if text.contains(BEGIN) {
                return pem(text);
            }
            let der = from_base64(&clean(text).0).filter(|der| !der.is_empty());
            der.map(|der| vec![der]).ok_or_else(|| format!("item {} is not base64 of a certificate", place + 1))
        });
        let encoding = if first.contains(BEGIN) { Decoding::Pem } else { Decoding::Base64 };
        let decoding = decoding.into_iter().chain([Decoding::JsonArray, encoding]).collect();
        Some(certificates.collect::<Result<Vec<_>, _>>().map(|certificates| {
            let certificates = certificates.into_iter().flatten().collect();
            Self { certificates, decoding }
        }))
    }

    /// Takes the octets of one certificate, or of several one behind the other. `None` for everything else.
    pub(crate) fn of_object(object: &Object) -> Option<Self> {
        let certificates = certificate::split(&object.bytes)?;
        Some(Self { certificates, decoding: object.decoding.clone() })
    }
}

fn member(members: &Map<String, Value>) -> Option<&Vec<Value>> {
    MEMBERS.iter().find_map(|name| members.get(*name)?.as_array())
}

/// Line breaks may be written as `\n`, as in JSON and in variables of a shell.
fn pem(text: &str) -> Result<Vec<Vec<u8>>, String> {
    let text = text.replace("\\r", "").replace("\\n", "\n");
    let mut certificates = Vec::new();
    for (place, block) in text.split(BEGIN).skip(1).enumerate() {
        let digits = block.split_once(END).ok_or_else(|| format!("certificate {} in PEM has no end", place + 1))?.0;
        let digits: String = digits.chars().filter(|c| !c.is_whitespace()).collect();
        let der = from_base64(&digits).filter(|der| !der.is_empty());
        certificates.push(der.ok_or_else(|| format!("certificate {} in PEM is not base64", place + 1))?);
    }
    Ok(certificates)
}
