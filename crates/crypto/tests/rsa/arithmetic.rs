//! Products, reduction and division modulo n against integers: the very number that is held, which is what the bounds in `modular.rs`
//! say, at the edges of words and of moduli, in numbers of any length.
#![allow(clippy::many_single_char_names, reason = "as the standards and the crate name them")]

use genuine_crypto::arithmetic::{Modulus, multiply, square};
use num_bigint::BigUint;

use crate::common::{Random, Word, number, power, words};

/// Lengths below and above what a row takes at a time, and those of the three sizes.
fn lengths() -> impl Iterator<Item = usize> {
    let of_bits = |bits: usize| bits / 8 / size_of::<Word>();
    (1..=19).chain([2048, 3072, 4096].map(of_bits))
}

/// A number of words that are 0, 1 or 2^W − 1, or one of the others that are given.
fn edged(length: usize, others: &[Word], random: &mut Random) -> BigUint {
    let values = [&[0, 1, Word::MAX], others].concat();
    number(&(0..length).map(|_| values[random.index(values.len())]).collect::<Vec<_>>())
}

/// Moduli: the smallest and the largest, next to them, next to the borders of words, with words at their edges, and random ones.
fn moduli(length: usize, random: &mut Random) -> Vec<BigUint> {
    let bits = length * Word::BITS as usize;
    let (half, limit) = (power(bits - 1), power(bits));
    let mut moduli = Vec::new();
    for distance in [1_u32, 3, 5, 0xFFFF, 0x1_0001] {
        moduli.extend([&half + distance, &limit - distance]);
    }
    for bit in (0..bits).step_by(Word::BITS as usize).chain([1, bits - 1, bits - 2]) {
        moduli.extend([&half + power(bit), &limit - power(bit)]);
    }
    // The highest word is 2^W − 1, of which the reciprocal is an exception, and next to it; and 2^(W−1) with all ones below.
    let high = power(bits - Word::BITS as usize);
    moduli.extend([&limit - &high - 1_u8, &limit - &high, &half + &high - 1_u8]);
    for _ in 0..12 {
        moduli.push(edged(length, &[], random));
        moduli.push(random.below(&limit));
    }
    for modulus in &mut moduli {
        *modulus |= &half;
        *modulus %= &limit;
        modulus.set_bit(0, true);
    }
    moduli.sort();
    moduli.dedup();
    moduli
}

/// Numbers of so many words: next to zero, to n and to 2^k, with words at their edges or of n, and random ones.
fn operands(n: &BigUint, length: usize, random: &mut Random) -> Vec<BigUint> {
    let limit = power(length * Word::BITS as usize);
    let mut numbers = vec![BigUint::ZERO, &limit >> 1_u8];
    for distance in [1_u8, 2, 3] {
        numbers.extend([BigUint::from(distance), &limit - distance, n - distance, n + distance]);
    }
    numbers.extend([n.clone(), &limit - n, (&limit - n) << 1_u8]);
    let of_n = words(n, length);
    numbers.extend((0..4).map(|_| edged(length, &[], random)));
    numbers.extend((0..4).map(|_| edged(length, &of_n, random)));
    numbers.extend((0..4).map(|_| random.below(&limit)));
    numbers.into_iter().map(|number| number % &limit).collect()
}

/// What `reduce` makes of a product, and whether it subtracts n: by the formula, not by rows.
fn reduced(product: &BigUint, n: &BigUint, inverse: &BigUint, bits: usize) -> (BigUint, bool) {
    let limit = power(bits);
    let m = product * inverse % &limit;
    let sum = (product + m * n) >> bits;
    let above = sum >= limit;
    (if above { sum - n } else { sum }, above)
}

/// −n⁻¹ modulo 2^k.
fn negative_inverse(n: &BigUint, bits: usize) -> BigUint {
    power(bits) - n.modinv(&power(bits)).expect("n is odd")
}

#[test]
fn products_are_products() {
    let mut random = Random(1);
    for length in lengths() {
        let numbers = operands(&moduli(length, &mut random)[0], length, &mut random);
        for a in &numbers {
            let a_words = words(a, length);
            // Over what was there before.
            let mut product = vec![Word::MAX; 2 * length];
            square(&a_words, &mut product);
            assert_eq!(number(&product), a * a, "{length} words: {a:x}²");
            for b in &numbers {
                let mut product = vec![Word::MAX; 2 * length];
                multiply(&a_words, words(b, length).into_iter(), &mut product);
                assert_eq!(number(&product), a * b, "{length} words: {a:x}·{b:x}");
            }
        }
    }
}

#[test]
fn products_are_reduced_to_the_number_that_the_bound_says() {
    let mut random = Random(2);
    // Not subtracted and subtracted, and from n on and below.
    let (mut subtracted, mut loose) = ([0, 0], [0, 0]);
    for length in lengths() {
        let bits = length * Word::BITS as usize;
        let limit = power(bits);
        for n in moduli(length, &mut random) {
            let n_words = words(&n, length);
            let modulus = Modulus::new(&n_words).expect("odd, with its top bit set");
            let inverse = negative_inverse(&n, bits);
            let numbers = operands(&n, length, &mut random);
            let mut check = |product: &BigUint| {
                let mut product_words = words(product, 2 * length);
                let mut answer = vec![Word::MAX; length];
                modulus.reduce(&mut product_words, &mut answer);
                let (expected, above) = reduced(product, &n, &inverse, bits);
                assert_eq!(number(&answer), expected, "{length} words: {product:x} modulo {n:x}");
                assert_eq!(&expected * &limit % &n, product % &n);
                assert!(expected < limit);
                subtracted[usize::from(above)] += 1;
                loose[usize::from(expected >= n)] += 1;
            };
            check(&(&limit * &limit - 1_u8));
            for a in &numbers {
                check(&(a * a));
                check(&(a * &limit + &numbers[random.index(numbers.len())]));
                check(&(a * &numbers[random.index(numbers.len())]));
            }
        }
    }
    println!("subtracted {subtracted:?}, loose {loose:?}");
    assert!(subtracted.into_iter().chain(loose).all(|count| count > 100), "{subtracted:?} {loose:?}");
}

#[test]
fn long_division_leaves_the_remainder() {
    let mut random = Random(3);
    for length in lengths() {
        let bits = length * Word::BITS as usize;
        let limit = power(bits);
        for n in moduli(length, &mut random) {
            let n_words = words(&n, length);
            let modulus = Modulus::new(&n_words).expect("odd, with its top bit set");
            let numbers = operands(&n, length, &mut random);
            for upper in &numbers {
                for lower in [&BigUint::ZERO, &(&limit - 1_u8), &numbers[random.index(numbers.len())]] {
                    let product = upper * &limit + lower;
                    let mut product_words = words(&product, 2 * length);
                    let mut complement = vec![Word::MAX; length];
                    modulus.divide(&mut product_words, &mut complement);
                    let remainder = number(&product_words[..length]);
                    assert_eq!(remainder, &product % &n, "{length} words: {product:x} by {n:x}");
                    assert_eq!(number(&complement), &limit - &n);
                    assert!(product_words[length..].iter().all(|word| *word == 0), "the quotient's digits are used up");
                }
            }
        }
    }
}

/// A digit is too small by 3 at most, never too large; and each of these errors is seen.
#[test]
fn digits_of_a_quotient_are_estimated_from_below() {
    let mut random = Random(4);
    let w = Word::BITS as usize;
    let mut seen = [0_usize; 4];
    for length in 1..=3 {
        let bits = length * w;
        let mut moduli = moduli(length, &mut random);
        // Highest words next to the smallest, where the estimates are worst.
        for distance in 0..64_u32 {
            let high = (power(w - 1) + distance) << (bits - w);
            moduli.extend([&high + 1_u8, &high + power(bits - w) - 1_u8]);
        }
        for n in &moduli {
            let mut n = n.clone();
            n.set_bit(0, true);
            let n_words = words(&n, length);
            let modulus = Modulus::new(&n_words).expect("odd, with its top bit set");
            let mut numbers: Vec<_> = operands(&n, length, &mut random).iter().map(|number| number % &n).collect();
            // Next to multiples of n, where the quotient steps.
            for _ in 0..24 {
                let multiple = &n * random.next();
                numbers.extend([(&multiple >> w) % &n, ((&multiple - 1_u8) >> w) % &n]);
            }
            numbers.extend((1..24_u8).map(|distance| (&n + &n - distance) % &n));
            for a in numbers {
                for below in [Word::MIN, Word::MAX, Word::try_from(random.next() & u64::from(u32::MAX)).unwrap()] {
                    // a·2^W and one word more.
                    let dividend = (&a << w) + below;
                    let digits = words(&dividend, length + 1);
                    let exact = &dividend / &n;
                    let estimate = BigUint::from(modulus.quotient(digits[length], digits[length - 1]));
                    assert!(estimate <= exact, "{dividend:x} by {n:x}");
                    let error = usize::try_from(&exact - &estimate).expect("a small error");
                    assert!(error <= 3, "{dividend:x} by {n:x}: {error}");
                    seen[error] += 1;
                }
            }
        }
    }
    println!("{seen:?}");
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}

#[test]
fn numbers_are_normalized_and_others_are_no_moduli() {
    let mut random = Random(5);
    for length in lengths() {
        for n in moduli(length, &mut random) {
            let n_words = words(&n, length);
            let modulus = Modulus::new(&n_words).expect("odd, with its top bit set");
            for a in operands(&n, length, &mut random) {
                let mut a_words = words(&a, length);
                modulus.normalize(&mut a_words);
                assert_eq!(number(&a_words), &a % &n);
            }
            let mut even = n_words.clone();
            even[0] ^= 1;
            assert!(Modulus::new(&even).is_none());
            let mut small = n_words;
            small[length - 1] &= Word::MAX >> 1;
            assert!(Modulus::new(&small).is_none());
        }
    }
    assert!(Modulus::new(&[]).is_none());
}
