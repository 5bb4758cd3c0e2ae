//! Heads and lengths on both sides of every border, in every form that can hold them.

use genuine_testvectors::cbor::head;

/// The arguments at the borders of CBOR's heads (RFC 8949 §3).
const ARGUMENTS: [u64; 11] = [0, 1, 23, 24, 0xFF, 0x100, 0xFFFF, 0x1_0000, 0xFFFF_FFFF, 0x1_0000_0000, u64::MAX];

/// Items of the major types 0 to 5, with each argument in each head that holds it, and with as much content as it says, as
/// long as that is little.
pub(crate) fn cbor_items() -> Vec<Vec<u8>> {
    /// Content of a container that is refused for its size is not read.
    const MOST: u64 = 0x101;
    let mut items = Vec::new();
    for major in 0..=5_u8 {
        for argument in ARGUMENTS {
            for width in [0, 1, 2, 4, 8] {
                let Some(mut item) = cbor_head(major, argument, width) else { continue };
                let count = usize::try_from(argument.min(MOST)).expect("a few");
                match major {
                    2 | 3 => item.extend(vec![b'a'; count]),
                    4 => item.extend(vec![0; count]),
                    // Keys that differ.
                    5 => (0..argument.min(MOST)).for_each(|key| item.extend([&head(0, key)[..], &[0]].concat())),
                    _ => {}
                }
                items.push(item);
            }
        }
    }
    items
}

/// A head whose argument takes so many octets behind the first one.
fn cbor_head(major: u8, argument: u64, width: usize) -> Option<Vec<u8>> {
    let octets = argument.to_be_bytes();
    let (zeros, octets) = octets.split_at(8 - width);
    let information = match width {
        0 if argument < 24 => u8::try_from(argument).expect("below 24"),
        1 => 24,
        2 => 25,
        4 => 26,
        8 => 27,
        _ => return None,
    };
    let fits = width == 0 || zeros.iter().all(|zero| *zero == 0);
    fits.then(|| [&[major << 5 | information], octets].concat())
}

/// Content at the borders of DER's lengths, behind each length of up to three octets that says it (X.690 §8.1.3).
pub(crate) fn der_elements(tag: u8) -> Vec<Vec<u8>> {
    let mut elements = Vec::new();
    for count in [0, 1, 0x7E, 0x7F, 0x80, 0x81, 0xFE, 0xFF, 0x100, 0x101, 0x200_u16] {
        let [high, low] = count.to_be_bytes();
        let content = vec![0x5A; count.into()];
        let short = (count < 0x80).then_some(vec![low]);
        let one = (count < 0x100).then_some(vec![0x81, low]);
        let lengths = short.into_iter().chain(one).chain([vec![0x82, high, low], vec![0x83, 0, high, low]]);
        elements.extend(lengths.map(|length| [&[tag], &length[..], &content].concat()));
    }
    elements
}
