//! Inverses modulo an odd prime, in variable time: division steps of Bernstein and Yang.
//!
//! "Fast constant-time gcd computation and modular inversion" (CHES 2019, eprint 2019/266), with the steps of one batch
//! computed on the lowest word alone and collected in a matrix, as section 10 there does. Public operands only: it
//! skips runs of zeros and stops when it is done.

use crate::word::{self, Signed, SignedWide, Word};

/// Division steps in a batch, and bits of a limb: two less than a word, for the sign and for sums of two.
const BITS: u32 = Word::BITS - 2;
const MASK: Signed = (1 << BITS) - 1;

/// Limbs for a number of some bits between −2 and 1 times itself.
pub const fn limbs(bits: u32) -> usize {
    (bits + 2).div_ceil(BITS) as usize
}

/// A number in limbs of [`BITS`] bits; the highest carries the sign.
type Limbs<const M: usize> = [Signed; M];

/// The modulus, prepared.
pub struct Inverter<const M: usize> {
    modulus: Limbs<M>,
    /// modulus⁻¹ modulo 2^W of one word.
    inverse: Word,
}

/// 2^BITS·(f′, g′) = (u·f + v·g, q·f + r·g) for the f and g of a batch, with |u| + |v| ≤ 2^BITS and |q| + |r| likewise.
struct Matrix {
    u: Signed,
    v: Signed,
    q: Signed,
    r: Signed,
}

impl<const M: usize> Inverter<M> {
    /// Prepares an odd modulus.
    pub const fn new<const N: usize>(modulus: &[Word; N]) -> Self {
        Self { modulus: to_limbs(modulus), inverse: word::inverse(modulus[0]) }
    }

    /// x⁻¹ modulo the modulus, below it; zero for zero. x is below the modulus, and prime to it unless it is zero.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub const fn invert<const N: usize>(&self, x: &[Word; N]) -> [Word; N] {
        // Invariant: d·x = f and e·x = g modulo the modulus; −2m < d, e < m.
        let (mut f, mut g) = (self.modulus, to_limbs(x));
        let (mut d, mut e) = ([0; M], [0; M]);
        e[0] = 1;
        let mut delta = 1;
        while !is_zero(&g) {
            let matrix;
            (delta, matrix) = division_steps(delta, f[0] as Word, g[0] as Word);
            (f, g) = update_fg(&f, &g, &matrix);
            (d, e) = self.update_de(&d, &e, &matrix);
            debug_assert!(self.is_bounded(&d) && self.is_bounded(&e), "−2m < d, e < m");
        }
        // f is now 1 or −1 (or the modulus, for zero), so that x⁻¹ is d or −d.
        if d[M - 1] < 0 {
            d = add(&d, &self.modulus);
        }
        if f[M - 1] < 0 {
            d = negate(&d);
        }
        if d[M - 1] < 0 {
            d = add(&d, &self.modulus);
        }
        from_limbs(&d)
    }

    /// Whether −2m < a < m. A number out of bounds is still right modulo m, and what comes out of it nearly always.
    const fn is_bounded(&self, a: &Limbs<M>) -> bool {
        let less = add(a, &negate(&self.modulus));
        let more = negate(&add(&add(a, &self.modulus), &self.modulus));
        less[M - 1] < 0 && more[M - 1] < 0
    }

    /// (u·d + v·e, q·d + r·e) / 2^BITS, made divisible by adding a multiple of the modulus to each.
    const fn update_de(&self, d: &Limbs<M>, e: &Limbs<M>, matrix: &Matrix) -> (Limbs<M>, Limbs<M>) {
        let Matrix { u, v, q, r } = *matrix;
        let (sign_d, sign_e) = (d[M - 1] >> (Signed::BITS - 1), e[M - 1] >> (Signed::BITS - 1));
        // A negative d or e is taken with one modulus more, so that both lie between −m and m, and u·d + v·e between −2^BITS·m
        // and 2^BITS·m. Less than 2^BITS·m is taken away below, and it is divided by 2^BITS: between −2m and m again. This needs
        // all four terms. A whole inversion hardly ever misses one of them, so that a batch is tested on its own.
        let mut multiple_d = (u & sign_d) + (v & sign_e);
        let mut multiple_e = (q & sign_d) + (r & sign_e);
        let mut sum_d = wide(u, d[0]) + wide(v, e[0]);
        let mut sum_e = wide(q, d[0]) + wide(r, e[0]);
        multiple_d -= self.inverse.wrapping_mul(sum_d as Word).wrapping_add(multiple_d as Word) as Signed & MASK;
        multiple_e -= self.inverse.wrapping_mul(sum_e as Word).wrapping_add(multiple_e as Word) as Signed & MASK;
        sum_d = (sum_d + wide(self.modulus[0], multiple_d)) >> BITS;
        sum_e = (sum_e + wide(self.modulus[0], multiple_e)) >> BITS;
        let (mut to_d, mut to_e) = ([0; M], [0; M]);
        let mut i = 1;
        while i < M {
            sum_d += wide(u, d[i]) + wide(v, e[i]) + wide(self.modulus[i], multiple_d);
            sum_e += wide(q, d[i]) + wide(r, e[i]) + wide(self.modulus[i], multiple_e);
            to_d[i - 1] = sum_d as Signed & MASK;
            to_e[i - 1] = sum_e as Signed & MASK;
            sum_d >>= BITS;
            sum_e >>= BITS;
            i += 1;
        }
        to_d[M - 1] = sum_d as Signed;
        to_e[M - 1] = sum_e as Signed;
        (to_d, to_e)
    }
}

/// [`BITS`] division steps on the lowest words of f and g; f is odd. Gives the new delta and the matrix of all steps.
const fn division_steps(mut delta: Signed, mut f: Word, mut g: Word) -> (Signed, Matrix) {
    let (mut u, mut v, mut q, mut r) = (1 as Signed, 0 as Signed, 0 as Signed, 1 as Signed);
    let mut left = BITS;
    loop {
        // g even: halve it, which is to double u and v.
        let zeros = (g | Word::MAX << left).trailing_zeros();
        g >>= zeros;
        u <<= zeros;
        v <<= zeros;
        delta += zeros as Signed;
        left -= zeros;
        if left == 0 {
            return (delta, Matrix { u, v, q, r });
        }
        // g odd: swap first if delta is positive …
        if delta > 0 {
            delta = -delta;
            (f, g) = (g, f.wrapping_neg());
            (u, q) = (q, -u);
            (v, r) = (r, -v);
        }
        // … and then add the multiple of f that clears as many low bits of g as steps remain before the next swap, up to
        // six: f·(2 − f²) is f⁻¹ modulo 2^6.
        let steps = 1 - delta;
        let steps = if steps < left as Signed { steps as u32 } else { left };
        let steps = if steps < 6 { steps } else { 6 };
        let factor = f.wrapping_mul(g).wrapping_mul(f.wrapping_mul(f).wrapping_sub(2)) & ((1 << steps) - 1);
        g = g.wrapping_add(f.wrapping_mul(factor));
        q += u * factor as Signed;
        r += v * factor as Signed;
    }
}

/// ((u·f + v·g) / 2^BITS, (q·f + r·g) / 2^BITS), both divisions exact.
const fn update_fg<const M: usize>(f: &Limbs<M>, g: &Limbs<M>, matrix: &Matrix) -> (Limbs<M>, Limbs<M>) {
    let Matrix { u, v, q, r } = *matrix;
    let mut sum_f = (wide(u, f[0]) + wide(v, g[0])) >> BITS;
    let mut sum_g = (wide(q, f[0]) + wide(r, g[0])) >> BITS;
    let (mut to_f, mut to_g) = ([0; M], [0; M]);
    let mut i = 1;
    while i < M {
        sum_f += wide(u, f[i]) + wide(v, g[i]);
        sum_g += wide(q, f[i]) + wide(r, g[i]);
        to_f[i - 1] = sum_f as Signed & MASK;
        to_g[i - 1] = sum_g as Signed & MASK;
        sum_f >>= BITS;
        sum_g >>= BITS;
        i += 1;
    }
    to_f[M - 1] = sum_f as Signed;
    to_g[M - 1] = sum_g as Signed;
    (to_f, to_g)
}

#[inline(always)]
const fn wide(a: Signed, b: Signed) -> SignedWide {
    a as SignedWide * b as SignedWide
}

const fn is_zero<const M: usize>(a: &Limbs<M>) -> bool {
    let mut i = 0;
    while i < M {
        if a[i] != 0 {
            return false;
        }
        i += 1;
    }
    true
}

const fn add<const M: usize>(a: &Limbs<M>, b: &Limbs<M>) -> Limbs<M> {
    let mut sum = [0; M];
    let mut carry = 0;
    let mut i = 0;
    while i < M {
        carry += a[i] + b[i];
        sum[i] = if i < M - 1 { carry & MASK } else { carry };
        carry >>= BITS;
        i += 1;
    }
    sum
}

const fn negate<const M: usize>(a: &Limbs<M>) -> Limbs<M> {
    let mut negative = [0; M];
    let mut carry = 0;
    let mut i = 0;
    while i < M {
        carry -= a[i];
        negative[i] = if i < M - 1 { carry & MASK } else { carry };
        carry >>= BITS;
        i += 1;
    }
    negative
}

const fn to_limbs<const N: usize, const M: usize>(words: &[Word; N]) -> Limbs<M> {
    let mut limbs = [0; M];
    let mut i = 0;
    while i < M {
        let (at, shift) = (i * BITS as usize / Word::BITS as usize, i as u32 * BITS % Word::BITS);
        if at < N {
            let mut limb = words[at] >> shift;
            // Up to 2 the word is enough. Shifts are even.
            if shift > 2 && at + 1 < N {
                limb |= words[at + 1] << (Word::BITS - shift);
            }
            limbs[i] = limb as Signed & MASK;
        }
        i += 1;
    }
    limbs
}

const fn from_limbs<const N: usize, const M: usize>(limbs: &Limbs<M>) -> [Word; N] {
    let mut words = [0; N];
    let mut i = 0;
    while i < N {
        let (at, shift) = (i * Word::BITS as usize / BITS as usize, i as u32 * Word::BITS % BITS);
        let mut word = limbs[at] as Word >> shift;
        if at + 1 < M {
            word |= (limbs[at + 1] as Word) << (BITS - shift);
        }
        words[i] = word;
        i += 1;
    }
    words
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use num_bigint::BigInt;

    use super::*;
    use crate::words::hex;

    fn number<const M: usize>(limbs: &Limbs<M>) -> BigInt {
        limbs.iter().rev().fold(BigInt::ZERO, |number, &limb| (number << BITS) + limb)
    }

    fn written<const M: usize>(number: &BigInt) -> Limbs<M> {
        core::array::from_fn(|i| {
            let limb = number >> (i * BITS as usize);
            Signed::try_from(if i < M - 1 { limb & BigInt::from(MASK) } else { limb }).expect("a limb")
        })
    }

    /// What a batch makes of every d and e next to −2m, −m, zero and m, by matrices at their bounds: it lies between −2m and
    /// m again, and is right modulo m. Small f and g end soon, and what follows doubles a row up to its bound; where swaps
    /// are far off, the other row gets there.
    fn batches<const N: usize, const M: usize>(modulus: &[Word; N]) {
        let inverter = Inverter::<M>::new(modulus);
        let m = number(&inverter.modulus);
        let near = [(-2, 1..=4), (-1, -2..=2), (0, -1..=1), (1, -4..=-1)];
        let numbers: Vec<BigInt> =
            near.into_iter().flat_map(|(times, range)| range.map(|i| &m * times + i).collect::<Vec<_>>()).collect();
        for delta in [-200, 1, 2, 200] {
            for (f, g) in [1, 3].into_iter().flat_map(|f: Word| (-8..=8).map(move |g: Signed| (f, g))) {
                let (_, matrix) = division_steps(delta, f, g as Word);
                let rows = [[matrix.u, matrix.v], [matrix.q, matrix.r]];
                assert!(rows.iter().all(|[a, b]| a.abs() + b.abs() <= 1 << BITS));
                for (d, e) in numbers.iter().flat_map(|d| numbers.iter().map(move |e| (d, e))) {
                    let (to_d, to_e) = inverter.update_de(&written(d), &written(e), &matrix);
                    for ([a, b], to) in rows.iter().zip([number(&to_d), number(&to_e)]) {
                        assert!(-2 * &m < to && to < m, "{to} from {d} and {e} by {a} and {b} modulo {m}");
                        assert_eq!(((to << BITS) - d * a - e * b) % &m, BigInt::ZERO);
                    }
                }
            }
        }
    }

    /// p and n of P-256.
    #[test]
    fn batches_p256() {
        const N: usize = 256 / Word::BITS as usize;
        for modulus in [
            "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
            "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        ] {
            batches::<N, { limbs(256) }>(&hex(modulus));
        }
    }

    /// p and n of P-384.
    #[test]
    fn batches_p384() {
        const N: usize = 384 / Word::BITS as usize;
        for modulus in [
            "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
            "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
        ] {
            batches::<N, { limbs(384) }>(&hex(modulus));
        }
    }
}
