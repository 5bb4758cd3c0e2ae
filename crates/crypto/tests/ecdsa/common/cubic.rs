//! Points with a given y: the roots of x³ − 3x + b − y², found as Cantor and Zassenhaus do it (1981).

use num_bigint::BigUint;

/// A polynomial, its lowest coefficient first; its highest is not zero.
type Polynomial = Vec<BigUint>;

/// The x of all points with this y, on the curve modulo p that has this b.
pub(crate) fn all_x_of(y: &BigUint, p: &BigUint, b: &BigUint) -> Vec<BigUint> {
    let constant = (b + p * p - y * y) % p;
    let cubic = vec![constant, p - small(3), BigUint::ZERO, small(1)];
    // x^p − x is the product of all x − a.
    let of_all = less(power(&[BigUint::ZERO, small(1)], p, &cubic, p), 1, p);
    roots(&common_divisor(cubic, of_all, p), p)
}

fn small(number: u32) -> BigUint {
    BigUint::from(number)
}

/// The roots of a polynomial that has as many as its degree.
fn roots(polynomial: &Polynomial, p: &BigUint) -> Vec<BigUint> {
    if let [constant, leading] = &polynomial[..] {
        return vec![(p - constant) * leading.modinv(p).expect("not zero") % p];
    }
    if polynomial.len() < 2 {
        return Vec::new();
    }
    // Of half of all a, (a + shift)^((p − 1)/2) is one; for some shift that separates the roots.
    let half: BigUint = p >> 1_u32;
    let parts = (1..).map(small).find_map(|shift| {
        let ones = less(power(&[shift, small(1)], &half, polynomial, p), 0, p);
        let part = common_divisor(polynomial.clone(), ones, p);
        (part.len() > 1 && part.len() < polynomial.len()).then(|| [quotient(polynomial.clone(), &part, p).0, part])
    });
    parts.expect("some shift does").iter().flat_map(|part| roots(part, p)).collect()
}

/// Less 1 in one coefficient.
fn less(mut a: Polynomial, place: usize, p: &BigUint) -> Polynomial {
    a.resize(a.len().max(place + 1), BigUint::ZERO);
    a[place] = (&a[place] + p - small(1)) % p;
    trim(a)
}

fn trim(mut a: Polynomial) -> Polynomial {
    while a.last().is_some_and(|coefficient| *coefficient == BigUint::ZERO) {
        a.pop();
    }
    a
}

/// Quotient and remainder of a divided by b.
fn quotient(mut a: Polynomial, b: &Polynomial, p: &BigUint) -> (Polynomial, Polynomial) {
    let inverse = b.last().expect("not zero").modinv(p).expect("a prime");
    let mut quotient = vec![BigUint::ZERO; (a.len() + 1).saturating_sub(b.len())];
    while a.len() >= b.len() {
        let factor = a.last().unwrap() * &inverse % p;
        let from = a.len() - b.len();
        for (a, b) in a[from..].iter_mut().zip(b) {
            *a = (&*a + p - b * &factor % p) % p;
        }
        quotient[from] = factor;
        a = trim(a);
    }
    (quotient, a)
}

fn common_divisor(mut a: Polynomial, mut b: Polynomial, p: &BigUint) -> Polynomial {
    while !b.is_empty() {
        (a, b) = (b.clone(), quotient(a, &b, p).1);
    }
    a
}

fn power(base: &[BigUint], exponent: &BigUint, modulus: &Polynomial, p: &BigUint) -> Polynomial {
    let times = |a: &[BigUint], b: &[BigUint]| {
        let mut product = vec![BigUint::ZERO; a.len() + b.len()];
        for (i, a) in a.iter().enumerate() {
            for (j, b) in b.iter().enumerate() {
                product[i + j] += a * b;
            }
        }
        quotient(trim(product.iter().map(|sum| sum % p).collect()), modulus, p).1
    };
    let mut power = vec![small(1)];
    for bit in (0..exponent.bits()).rev() {
        power = times(&power, &power);
        if exponent.bit(bit) {
            power = times(&power, base);
        }
    }
    power
}
