//! What the receipt of an attestation says, unverified.
//!
//! PKCS #7 SignedData whose content is `SET OF SEQUENCE { type INTEGER, version INTEGER, value OCTET STRING }`. Nothing here
//! looks at its signature, and nothing in the attestation signs it.

use serde::Serialize;

use crate::{
    ber::{self, Elements, INTEGER, OCTET_STRING, SEQUENCE, SET, context},
    text::{base64, hex},
};

/// What a receipt says. **Unverified**: whoever relays an attestation can put another receipt into it.
///
/// A field that is missing, or is not text where text belongs, is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReceiptFacts {
    /// The length in bytes.
    pub size: usize,
    /// Whether it is one that could be read. If not, the fields below are `None`.
    pub readable: bool,
    /// Always `true`: nothing was verified.
    pub unverified: bool,
    /// Field 2: the App ID.
    pub app_id: Option<String>,
    /// Field 3 is the leaf certificate of the attestation, byte for byte.
    pub names_leaf: Option<bool>,
    /// Field 4: the client data hash that the app passed, base64. In receipts of type `RECEIPT` it is damaged.
    pub client_hash_b64: Option<String>,
    /// Field 4 in hexadecimal digits.
    pub client_hash_hex: Option<String>,
    /// Field 4 as text, where the app passed text for a hash.
    pub client_hash_text: Option<String>,
    /// Field 6: `ATTEST` or `RECEIPT`.
    pub kind: Option<String>,
    /// Field 7: `sandbox` or `production`.
    pub environment: Option<String>,
    /// Field 12: when it was made, RFC 3339.
    pub created: Option<String>,
    /// Field 17: the risk metric; only in a `RECEIPT`.
    pub risk_metric: Option<String>,
    /// Field 19: when it may be exchanged at the earliest; only in a `RECEIPT`.
    pub not_before: Option<String>,
    /// Field 21: when it can no longer be exchanged.
    pub expires: Option<String>,
}

/// The fields that explain something, in octets.
pub(crate) struct Receipt {
    fields: Vec<(u32, Vec<u8>)>,
}

impl Receipt {
    /// `None` for bytes that are no receipt.
    pub(crate) fn read(input: &[u8]) -> Option<Self> {
        let content = content(input)?;
        let mut list = Elements::of(&content).enter(SET)?;
        let mut fields = Vec::new();
        while !list.is_empty() {
            let mut field = list.enter(SEQUENCE)?;
            let kind = ber::small_integer(&field.expect(INTEGER)?)?;
            field.expect(INTEGER)?;
            fields.push((kind, field.expect(OCTET_STRING)?.value.to_vec()));
        }
        (!fields.is_empty()).then_some(Self { fields })
    }

    /// Field 4.
    pub(crate) fn client_hash(&self) -> Option<&[u8]> {
        self.field(4)
    }

    fn field(&self, kind: u32) -> Option<&[u8]> {
        self.fields.iter().find(|(found, _)| *found == kind).map(|(_, value)| value.as_slice())
    }

    fn text(&self, kind: u32) -> Option<String> {
        let text = std::str::from_utf8(self.field(kind)?).ok()?;
        (!text.is_empty()).then(|| text.to_owned())
    }
}

/// What the receipt says; `leaf` is the certificate that it is to name.
pub(crate) fn facts(input: &[u8], leaf: Option<&[u8]>) -> ReceiptFacts {
    let nothing = ReceiptFacts { size: input.len(), unverified: true, ..ReceiptFacts::default() };
    let Some(receipt) = Receipt::read(input) else { return nothing };
    ReceiptFacts {
        readable: true,
        app_id: receipt.text(2),
        names_leaf: leaf.and_then(|leaf| Some(receipt.field(3)? == leaf)),
        client_hash_b64: receipt.client_hash().map(base64),
        client_hash_hex: receipt.client_hash().map(hex),
        client_hash_text: receipt.text(4).filter(|text| !text.contains(char::is_control)),
        kind: receipt.text(6),
        environment: receipt.text(7),
        created: receipt.text(12),
        risk_metric: receipt.text(17),
        not_before: receipt.text(19),
        expires: receipt.text(21),
        ..nothing
    }
}

/// The content of `ContentInfo { signedData, [0] SignedData { version, digests, { data, [0] content }, … } }`
/// (RFC 5652 §3, §5.1).
fn content(input: &[u8]) -> Option<Vec<u8>> {
    let mut info = Elements::of(input).enter(SEQUENCE)?;
    info.next()?;
    let mut signed = info.enter(context(0))?.enter(SEQUENCE)?;
    signed.expect(INTEGER)?;
    signed.expect(SET)?;
    let mut encapsulated = signed.enter(SEQUENCE)?;
    encapsulated.next()?;
    ber::octet_string(&encapsulated.enter(context(0))?.next()?)
}
