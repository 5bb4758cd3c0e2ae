//! SHA-384 in little stack, for an accelerator that has none: a third of a kilobyte, where the crate `sha2` takes a whole
//! one or more.
//!
//! The message is read where it lies, word by word, into a ring of 16 words that is the message schedule as well.

/// Octets of a block, and of the length at the end of the last one.
const BLOCK: usize = 128;
const LENGTH: usize = 16;

/// SHA-384 of the concatenated parts (FIPS 180-4 §6.5).
// Not inlined, so that its working memory is gone when the signature is verified.
#[inline(never)]
#[must_use]
#[expect(clippy::many_single_char_names, reason = "those of the standard")]
pub fn sha384(parts: &[&[u8]]) -> [u8; 48] {
    let message = Padded::new(parts);
    let mut state = INITIAL;
    let mut w = [0_u64; 16];
    for block in (0..message.end).step_by(BLOCK) {
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = state;
        // FIPS 180-4 §6.4.2; word `t` of the schedule is at `t` modulo 16.
        for (t, k) in K.iter().enumerate() {
            w[t % 16] = if t < 16 {
                message.word(block + 8 * t)
            } else {
                let (w15, w2) = (w[(t + 1) % 16], w[(t + 14) % 16]);
                let s0 = w15.rotate_right(1) ^ w15.rotate_right(8) ^ w15 >> 7;
                let s1 = w2.rotate_right(19) ^ w2.rotate_right(61) ^ w2 >> 6;
                w[t % 16].wrapping_add(s0).wrapping_add(w[(t + 9) % 16]).wrapping_add(s1)
            };
            let s1 = e.rotate_right(14) ^ e.rotate_right(18) ^ e.rotate_right(41);
            let t1 = h.wrapping_add(s1).wrapping_add(e & f ^ !e & g).wrapping_add(*k).wrapping_add(w[t % 16]);
            let s0 = a.rotate_right(28) ^ a.rotate_right(34) ^ a.rotate_right(39);
            let t2 = s0.wrapping_add(a & b ^ a & c ^ b & c);
            (h, g, f, e, d, c, b, a) = (g, f, e, d.wrapping_add(t1), c, b, a, t1.wrapping_add(t2));
        }
        for (word, add) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *word = word.wrapping_add(add);
        }
    }
    let mut digest = [0; 48];
    for (to, word) in digest.chunks_exact_mut(8).zip(state) {
        to.copy_from_slice(&word.to_be_bytes());
    }
    digest
}

/// A message with its padding (FIPS 180-4 §5.1.2).
struct Padded<'m> {
    parts: &'m [&'m [u8]],
    /// Octets without padding, and with it.
    length: usize,
    end: usize,
}

impl<'m> Padded<'m> {
    fn new(parts: &'m [&'m [u8]]) -> Self {
        let length = parts.iter().map(|part| part.len()).sum::<usize>();
        Self { parts, length, end: (length + 1 + LENGTH).next_multiple_of(BLOCK) }
    }

    #[inline(never)]
    fn word(&self, start: usize) -> u64 {
        (start..start + 8).fold(0, |word, index| word << 8 | u64::from(self.octet(index)))
    }

    fn octet(&self, index: usize) -> u8 {
        let mut rest = index;
        for part in self.parts {
            match part.get(rest) {
                Some(octet) => return *octet,
                None => rest -= part.len(),
            }
        }
        match self.end - index {
            _ if rest == 0 => 0x80,
            // The length in bits. No message is longer than memory: what its number does not fill is zero.
            from_end @ 1..=8 => (self.length as u64 * 8).to_be_bytes()[8 - from_end],
            _ => 0,
        }
    }
}

/// The first 64 bits of the fractional parts of the square roots of the 9th to 16th primes (FIPS 180-4 §5.3.4).
#[rustfmt::skip]
static INITIAL: [u64; 8] = [
    0xCBBB_9D5D_C105_9ED8, 0x629A_292A_367C_D507, 0x9159_015A_3070_DD17, 0x152F_ECD8_F70E_5939,
    0x6733_2667_FFC0_0B31, 0x8EB4_4A87_6858_1511, 0xDB0C_2E0D_64F9_8FA7, 0x47B5_481D_BEFA_4FA4,
];

/// Those of the cube roots of the first 80 primes (FIPS 180-4 §4.2.3).
#[rustfmt::skip]
static K: [u64; 80] = [
    0x428A_2F98_D728_AE22, 0x7137_4491_23EF_65CD, 0xB5C0_FBCF_EC4D_3B2F, 0xE9B5_DBA5_8189_DBBC,
    0x3956_C25B_F348_B538, 0x59F1_11F1_B605_D019, 0x923F_82A4_AF19_4F9B, 0xAB1C_5ED5_DA6D_8118,
    0xD807_AA98_A303_0242, 0x1283_5B01_4570_6FBE, 0x2431_85BE_4EE4_B28C, 0x550C_7DC3_D5FF_B4E2,
    0x72BE_5D74_F27B_896F, 0x80DE_B1FE_3B16_96B1, 0x9BDC_06A7_25C7_1235, 0xC19B_F174_CF69_2694,
    0xE49B_69C1_9EF1_4AD2, 0xEFBE_4786_384F_25E3, 0x0FC1_9DC6_8B8C_D5B5, 0x240C_A1CC_77AC_9C65,
    0x2DE9_2C6F_592B_0275, 0x4A74_84AA_6EA6_E483, 0x5CB0_A9DC_BD41_FBD4, 0x76F9_88DA_8311_53B5,
    0x983E_5152_EE66_DFAB, 0xA831_C66D_2DB4_3210, 0xB003_27C8_98FB_213F, 0xBF59_7FC7_BEEF_0EE4,
    0xC6E0_0BF3_3DA8_8FC2, 0xD5A7_9147_930A_A725, 0x06CA_6351_E003_826F, 0x1429_2967_0A0E_6E70,
    0x27B7_0A85_46D2_2FFC, 0x2E1B_2138_5C26_C926, 0x4D2C_6DFC_5AC4_2AED, 0x5338_0D13_9D95_B3DF,
    0x650A_7354_8BAF_63DE, 0x766A_0ABB_3C77_B2A8, 0x81C2_C92E_47ED_AEE6, 0x9272_2C85_1482_353B,
    0xA2BF_E8A1_4CF1_0364, 0xA81A_664B_BC42_3001, 0xC24B_8B70_D0F8_9791, 0xC76C_51A3_0654_BE30,
    0xD192_E819_D6EF_5218, 0xD699_0624_5565_A910, 0xF40E_3585_5771_202A, 0x106A_A070_32BB_D1B8,
    0x19A4_C116_B8D2_D0C8, 0x1E37_6C08_5141_AB53, 0x2748_774C_DF8E_EB99, 0x34B0_BCB5_E19B_48A8,
    0x391C_0CB3_C5C9_5A63, 0x4ED8_AA4A_E341_8ACB, 0x5B9C_CA4F_7763_E373, 0x682E_6FF3_D6B2_B8A3,
    0x748F_82EE_5DEF_B2FC, 0x78A5_636F_4317_2F60, 0x84C8_7814_A1F0_AB72, 0x8CC7_0208_1A64_39EC,
    0x90BE_FFFA_2363_1E28, 0xA450_6CEB_DE82_BDE9, 0xBEF9_A3F7_B2C6_7915, 0xC671_78F2_E372_532B,
    0xCA27_3ECE_EA26_619C, 0xD186_B8C7_21C0_C207, 0xEADA_7DD6_CDE0_EB1E, 0xF57D_4F7F_EE6E_D178,
    0x06F0_67AA_7217_6FBA, 0x0A63_7DC5_A2C8_98A6, 0x113F_9804_BEF9_0DAE, 0x1B71_0B35_131C_471B,
    0x28DB_77F5_2304_7D84, 0x32CA_AB7B_40C7_2493, 0x3C9E_BE0A_15C9_BEBC, 0x431D_67C4_9C10_0D4C,
    0x4CC5_D4BE_CB3E_42B6, 0x597F_299C_FC65_7E2A, 0x5FCB_6FAB_3AD6_FAEC, 0x6C44_198C_4A47_5817,
];
