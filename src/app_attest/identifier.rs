//! How identifiers and hashes of 32 octets are shown and read: base64 as the client sends it, and hexadecimal digits.

/// `Display` (base64), `LowerHex` and, with the feature `serde`, both directions of it for a newtype of 32 octets.
macro_rules! identifier {
    ($name:ident) => {
        /// Standard base64 with padding: 44 characters.
        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                let mut text = [0; 44];
                let text = <base64ct::Base64 as base64ct::Encoding>::encode(&self.0, &mut text);
                f.write_str(text.unwrap_or_default())
            }
        }

        /// 64 hexadecimal digits.
        impl core::fmt::LowerHex for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
            }
        }

        /// Base64 where the format is for people, and 32 octets elsewhere.
        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() { serializer.collect_str(self) } else { self.0.serialize(serializer) }
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;

                impl serde::de::Visitor<'_> for Text {
                    type Value = $name;

                    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                        f.write_str("32 octets in base64")
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        $crate::app_attest::identifier::octets(text)
                            .map($name)
                            .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
                    }
                }

                if deserializer.is_human_readable() {
                    deserializer.deserialize_str(Text)
                } else {
                    <[u8; 32]>::deserialize(deserializer).map(Self)
                }
            }
        }
    };
}
pub(super) use identifier;

/// The length of 32 octets in base64 without padding.
const TEXT: usize = 43;

/// 32 octets in standard base64 or its URL-safe alphabet, with padding or without; `None` for anything else: another length,
/// white space, spare bits.
pub(super) fn octets(text: &str) -> Option<[u8; 32]> {
    use base64ct::{Base64Unpadded, Base64UrlUnpadded, Encoding};

    let text = text.strip_suffix('=').unwrap_or(text);
    if text.len() != TEXT {
        return None;
    }
    let mut octets = [0; 32];
    if Base64Unpadded::decode(text, &mut octets).is_err() {
        Base64UrlUnpadded::decode(text, &mut octets).ok()?;
    }
    Some(octets)
}
