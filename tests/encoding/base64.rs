//! base64url against the crate `base64`, and every way in which a text is not canonical.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::prelude::*;

use crate::base64_reader::decode_in_place;

fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    decode_in_place(&mut text.to_vec()).map(|octets| octets.to_vec())
}

/// Every text of up to three octets, of whatever octets in the last two places.
#[test]
fn short_texts_are_read_as_the_oracle_reads_them() {
    assert_eq!(decoded(b""), Some(vec![]));
    for first in 0..=255 {
        assert_eq!(decoded(&[first]), None);
        for second in 0..=255 {
            let text = [first, second];
            assert_eq!(decoded(&text), URL_SAFE_NO_PAD.decode(text).ok(), "{text:?}");
            for text in [[b'Q', first, second], [first, b'_', second]] {
                assert_eq!(decoded(&text), URL_SAFE_NO_PAD.decode(text).ok(), "{text:?}");
            }
        }
    }
}

#[test]
fn nothing_but_the_canonical_text_is_taken() {
    assert_eq!(decoded(b"-_-_"), Some(vec![0xFB, 0xFF, 0xBF]));
    for text in ["+/+/", "QQ==", "QQ=", "QR", "QUF", "QUFB=", " QUFB", "QUFB\n", "QU\nFB", "QUFBQ", "QUFB\0", "QUé"] {
        assert_eq!(decoded(text.as_bytes()), None, "{text:?}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_as_the_oracle_reads_it(text in "[A-Za-z0-9_+/=-]{0,40}") {
        prop_assert_eq!(decoded(text.as_bytes()), URL_SAFE_NO_PAD.decode(&text).ok());
    }

    #[test]
    fn octets_come_back(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        let text = URL_SAFE_NO_PAD.encode(&octets);
        prop_assert_eq!(decoded(text.as_bytes()), Some(octets));
    }
}
