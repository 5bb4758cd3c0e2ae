//! Sealing: what the gateway gives out and gets back is kept by whoever holds it, who can neither read nor change it.
//!
//! Each text has a key of its own, which HKDF (RFC 5869) makes of a secret and of random octets that stand in it:
//!
//! ```text
//! version (1 octet) ‖ good until (8) ‖ random (32) ‖ AES-256-GCM of the content, with its tag
//! ```
//!
//! in base64url. Version, end and purpose are authenticated with the content.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, Salt},
};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::Fault;
use crate::{config::TokenSecret, refusal::Refusal, store::ChallengeId};

/// Which form a text has.
const VERSION: u8 = 1;
/// The random octets of a text.
const RANDOM: usize = 32;
/// What stands before the content: version, end, random octets.
const HEAD: usize = 1 + size_of::<u64>() + RANDOM;
/// The longest text. A provider's refresh token of 4 KiB fits, with what goes with it.
const LONGEST: usize = 8192;
/// What keys are made for.
const LABEL: &[u8] = b"genuine-gateway mediator";

/// What a text is for. One that was sealed for something else does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The state of a login, which the provider gives back.
    Login,
    /// A code, which the app shows once.
    Code,
    /// A refresh token.
    Refresh,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Login => b"login",
            Self::Code => b"code",
            Self::Refresh => b"refresh",
        }
    }
}

/// What was sealed, and lives.
#[derive(Debug)]
pub(super) struct Opened<T> {
    /// What it says.
    pub(super) content: T,
    /// What the store knows it by once it is used.
    pub(super) id: ChallengeId,
    /// The last second in which it is good.
    pub(super) until: u64,
}

/// Seals, and opens.
pub(super) struct Sealer {
    /// The first one seals, and all open.
    secrets: Vec<TokenSecret>,
}

impl Sealer {
    pub(super) const fn new(secrets: Vec<TokenSecret>) -> Self {
        Self { secrets }
    }

    /// Seals content, which is good until this second is over.
    pub(super) fn seal<T: Serialize>(&self, purpose: Purpose, content: &T, until: u64) -> Result<String, Refusal> {
        let secret = self.secrets.first().ok_or(Refusal::Internal)?;
        let mut random = [0; RANDOM];
        getrandom::fill(&mut random).map_err(|_| Refusal::Internal)?;
        let mut text = vec![VERSION];
        text.extend(until.to_be_bytes());
        text.extend(random);
        let mut content = Zeroizing::new(serde_json::to_vec(content).map_err(|_| Refusal::Internal)?);
        let tag = key(secret, purpose, &random)
            .ok_or(Refusal::Internal)?
            .seal_in_place_separate_tag(nonce(), Aad::from(context(purpose, &text)), &mut content)
            .map_err(|_| Refusal::Internal)?;
        text.extend(&content[..]);
        text.extend(tag.as_ref());
        let text = BASE64_URL_SAFE_NO_PAD.encode(text);
        // What nobody could show again is not given out.
        if text.len() > LONGEST { Err(Refusal::Oauth(Fault::ProviderAnswer)) } else { Ok(text) }
    }

    /// Opens a text that was sealed for this purpose with one of the secrets and whose time is not over: `None` for any other.
    pub(super) fn open<T: DeserializeOwned>(&self, purpose: Purpose, text: &str, now: u64) -> Option<Opened<T>> {
        if text.len() > LONGEST {
            return None;
        }
        let octets = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let (head, sealed) = octets.split_at_checked(HEAD)?;
        let (&version, rest) = head.split_first()?;
        let (until, random) = rest.split_first_chunk()?;
        if version != VERSION {
            return None;
        }
        let content = self.secrets.iter().find_map(|secret| {
            let mut sealed = Zeroizing::new(sealed.to_vec());
            let aad = Aad::from(context(purpose, head));
            let opened = key(secret, purpose, random)?.open_in_place(nonce(), aad, &mut sealed).ok()?;
            serde_json::from_slice(opened).ok()
        })?;
        let until = u64::from_be_bytes(*until);
        let id = Sha256::new_with_prefix(LABEL).chain_update(purpose.label()).chain_update(random).finalize().into();
        (now <= until).then_some(Opened { content, id, until })
    }
}

/// The key of one text.
fn key(secret: &TokenSecret, purpose: Purpose, random: &[u8]) -> Option<LessSafeKey> {
    let derived = Salt::new(HKDF_SHA256, random).extract(secret.octets());
    let info = [LABEL, purpose.label()];
    Some(LessSafeKey::new(UnboundKey::from(derived.expand(&info, &AES_256_GCM).ok()?)))
}

/// A key seals one text, so that its nonce is any.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

/// What is authenticated beside the content.
fn context(purpose: Purpose, head: &[u8]) -> Vec<u8> {
    [head, purpose.label()].concat()
}

#[cfg(test)]
mod tests {
    use base64::prelude::BASE64_STANDARD;
    use proptest::prelude::*;

    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn secret(octet: u8) -> TokenSecret {
        TokenSecret::decode(&BASE64_STANDARD.encode([octet; 32])).unwrap()
    }

    fn sealer(octets: &[u8]) -> Sealer {
        Sealer::new(octets.iter().copied().map(secret).collect())
    }

    fn purpose() -> impl Strategy<Value = Purpose> {
        prop_oneof![Just(Purpose::Login), Just(Purpose::Code), Just(Purpose::Refresh)]
    }

    proptest! {
        #[test]
        fn r88_what_was_sealed_opens(content: String, purpose in purpose(), left in 0_u64..1000) {
            let text = sealer(&[1]).seal(purpose, &content, NOW + left).unwrap();
            let opened = sealer(&[1]).open::<String>(purpose, &text, NOW).unwrap();
            prop_assert_eq!((&opened.content, opened.until), (&content, NOW + left));
            prop_assert!(sealer(&[1]).open::<String>(purpose, &text, NOW + left + 1).is_none(), "its time is over");
        }

        #[test]
        fn r88_one_changed_bit_and_nothing_opens(content in ".{0,64}", purpose in purpose(), at: prop::sample::Index, bit in 0_u8..8) {
            let text = sealer(&[1]).seal(purpose, &content, NOW).unwrap();
            let mut octets = BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
            let at = at.index(octets.len());
            octets[at] ^= 1_u8 << bit;
            let changed = BASE64_URL_SAFE_NO_PAD.encode(octets);
            prop_assert!(sealer(&[1]).open::<String>(purpose, &changed, NOW).is_none());
        }

        #[test]
        fn r88_text_of_others_opens_nowhere(text in "[A-Za-z0-9_-]{0,200}", octets: Vec<u8>, purpose in purpose()) {
            prop_assert!(sealer(&[1]).open::<String>(purpose, &text, 0).is_none());
            prop_assert!(sealer(&[1]).open::<String>(purpose, &BASE64_URL_SAFE_NO_PAD.encode(octets), 0).is_none());
        }

        #[test]
        fn r88_what_was_sealed_for_something_else_does_not_open(content: String, one in purpose(), other in purpose()) {
            let text = sealer(&[1]).seal(one, &content, NOW).unwrap();
            prop_assert_eq!(sealer(&[1]).open::<String>(other, &text, NOW).is_some(), one == other);
        }
    }

    #[test]
    fn r88_the_end_is_authenticated() {
        let text = sealer(&[1]).seal(Purpose::Code, &"code", NOW).unwrap();
        let mut octets = BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
        octets[1..9].copy_from_slice(&u64::MAX.to_be_bytes());
        assert!(sealer(&[1]).open::<String>(Purpose::Code, &BASE64_URL_SAFE_NO_PAD.encode(octets), NOW).is_none());
    }

    #[test]
    fn a_secret_is_replaced_while_the_earlier_one_still_opens() {
        let text = sealer(&[1]).seal(Purpose::Refresh, &"token", NOW).unwrap();
        assert!(sealer(&[2, 1]).open::<String>(Purpose::Refresh, &text, NOW).is_some());
        assert!(sealer(&[2]).open::<String>(Purpose::Refresh, &text, NOW).is_none());
        let text = sealer(&[2, 1]).seal(Purpose::Refresh, &"token", NOW).unwrap();
        assert!(sealer(&[2]).open::<String>(Purpose::Refresh, &text, NOW).is_some(), "the first one seals");
    }

    #[test]
    fn two_texts_of_one_content_have_nothing_in_common() {
        let one = sealer(&[1]).seal(Purpose::Code, &"code", NOW).unwrap();
        let other = sealer(&[1]).seal(Purpose::Code, &"code", NOW).unwrap();
        assert_ne!(one, other);
        let [one, other] = [one, other].map(|text| sealer(&[1]).open::<String>(Purpose::Code, &text, NOW).unwrap().id);
        assert_ne!(one, other, "the store tells them apart");
    }

    #[test]
    fn what_is_too_long_is_not_given_out() {
        assert_eq!(
            sealer(&[1]).seal(Purpose::Code, &"a".repeat(LONGEST), NOW),
            Err(Refusal::Oauth(Fault::ProviderAnswer))
        );
    }
}
