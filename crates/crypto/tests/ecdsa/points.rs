//! Doubling and addition of points against `p256` and `p384`, exceptional cases and all representations included.

use genuine_crypto::{
    P256, P384,
    arithmetic::{Affine, Fe, Jacobian, Scalar, has_x},
};
use num_bigint::BigUint;
use p256::elliptic_curve::Group as _;

use crate::common::{
    curve::{self, Oracle},
    number, octets,
    random::Random,
    small, words,
};

/// How often a case occurred.
#[derive(Debug, Default)]
struct Counts {
    infinity: u32,
    equal: u32,
    opposite: u32,
    ordinary: u32,
}

fn element<C: Oracle>(random: &mut Random) -> Fe<C> {
    Fe::from_number(words(&(random.below(&(C::p() - small(1))) + small(1))))
}

/// The same element, held as a number from p on if there is one.
fn loose<C: Oracle>(element: &Fe<C>) -> Fe<C> {
    let number = number(&element.canonical()) + C::p();
    if number < C::limit() { Fe(words(&number)) } else { *element }
}

/// (x, −y).
fn opposite<C: Oracle>(point: &Affine<C>) -> Affine<C> {
    Affine { x: point.x, y: point.y.neg() }
}

/// A point as the other library computed it.
struct Known<C: Oracle> {
    /// The multiple of the base point that it is.
    k: BigUint,
    point: C::Point,
    /// Unless it is infinity.
    affine: Option<Affine<C>>,
}

impl<C: Oracle> Known<C> {
    fn new(k: BigUint) -> Self {
        let point = C::base(&k);
        let affine = C::write(&point).map(|octets| Affine::from_be(&octets).expect("on the curve"));
        Self { k, point, affine }
    }

    /// The same under another Z: (X·Z², Y·Z³, Z).
    fn jacobian(&self, random: &mut Random) -> Jacobian<C> {
        let z = element::<C>(random);
        if let Some(affine) = self.affine {
            let Affine { x, y } = affine.scaled(&z);
            return Jacobian { x, y, z };
        }
        let square = z.square();
        let zero = if random.index(2) == 0 { Fe::ZERO } else { Fe(*C::P) };
        Jacobian { x: square, y: square.mul(&z), z: zero }
    }
}

/// `X ‖ Y`, or nothing for infinity.
fn written<C: Oracle>(point: &Jacobian<C>) -> Option<Vec<u8>> {
    let to_affine = Affine { x: point.x, y: point.y }.scaled(&point.z.invert());
    (!point.is_infinity()).then(|| curve::coordinates::<C>(&to_affine))
}

/// Infinity, small multiples, their opposites, and some more.
fn multiples<C: Oracle>(random: &mut Random) -> Vec<Known<C>> {
    let n = C::n();
    let mut multiples = vec![BigUint::ZERO];
    multiples.extend((1..=6).flat_map(|k| [small(k), n - small(k)]));
    let half: BigUint = n >> 1_u32;
    multiples.extend([half.clone(), half + small(1)]);
    for _ in 0..2 {
        let k = random.below(n);
        multiples.extend([n - &k, &k * 2_u32 % n, k]);
    }
    multiples.into_iter().map(Known::new).collect()
}

fn sums<C: Oracle>(seed: u64) {
    let mut random = Random(seed);
    let mut counts = Counts::default();
    let multiples = multiples::<C>(&mut random);
    for p in &multiples {
        let mut double = p.jacobian(&mut random);
        double.double();
        assert_eq!(written::<C>(&double), C::write(&p.point.double()));
        for q in &multiples {
            let Some(other) = q.affine else { continue };
            let place = format!("{} + {}", p.k, q.k);
            let sums = [p.point + q.point, (p.point + q.point).double(), p.point + q.point.double()];
            let [expected, expected_double, expected_again] = sums.map(|sum| C::write(&sum));
            let before = p.jacobian(&mut random);
            for before in [before, Jacobian { x: loose::<C>(&before.x), y: loose::<C>(&before.y), ..before }] {
                let mut sum = before;
                sum.add(&other);
                assert_eq!(written::<C>(&sum), expected, "{place}");
                // What came out is good for going on, infinity included.
                let mut double = sum;
                double.double();
                assert_eq!(written::<C>(&double), expected_double, "2({place})");
                sum.add(&other);
                assert_eq!(written::<C>(&sum), expected_again, "{place} + {}", q.k);
            }
            let Some(affine) = p.affine else {
                counts.infinity += 1;
                continue;
            };
            if p.k == q.k {
                counts.equal += 1;
            } else if &p.k + &q.k == *C::n() {
                counts.opposite += 1;
            } else {
                counts.ordinary += 1;
                let mut sum = before;
                let h = sum.add_unequal(&other);
                assert_eq!(written::<C>(&sum), expected, "{place}");
                assert!(before.z.mul(&h).equals(&sum.z));
                let slope = other.y.sub(&affine.y).mul(&other.x.sub(&affine.x).invert());
                assert_eq!(Some(curve::coordinates::<C>(&affine.chord(&other, &slope))), expected);
            }
        }
        let opposite = p.affine.map(|affine| curve::coordinates::<C>(&opposite(&affine)));
        assert_eq!(opposite, C::write(&-p.point));
    }
    println!("{}: {counts:?}", std::any::type_name::<C>());
    assert!(counts.infinity > 10 && counts.equal > 10 && counts.opposite > 10 && counts.ordinary > 100, "{counts:?}");
}

/// Three points with one y, whose sum is infinity: of any two, only the y-coordinates are equal.
fn same_y<C: Oracle>(seed: u64) {
    let mut random = Random(seed);
    let mut triples = 0;
    while triples < 4 {
        let y = random.below(C::p());
        let points: Vec<_> =
            C::all_x_of(&y).iter().map(|x| [octets(x, C::OCTETS), octets(&y, C::OCTETS)].concat()).collect();
        let [p, q, r] = &points[..] else { continue };
        let [affine_p, affine_q, affine_r] =
            [p, q, r].map(|octets| Affine::<C>::from_be(octets).expect("on the curve"));
        let known = Known::<C> { k: small(0), point: C::read(p).unwrap(), affine: Some(affine_p) };
        let mut sum = known.jacobian(&mut random);
        sum.add(&affine_q);
        assert_eq!(written::<C>(&sum), C::write(&(known.point + C::read(q).unwrap())));
        assert_eq!(written::<C>(&sum), C::write(&-C::read(r).unwrap()));
        sum.add(&affine_r);
        assert!(sum.is_infinity());
        triples += 1;
    }
}

/// (n − 1)·P, n·P and (n + 1)·P, bit by bit.
fn order<C: Oracle>(seed: u64) {
    let mut random = Random(seed);
    for _ in 0..4 {
        let point = Known::<C>::new(random.below(&(C::n() - small(1))) + small(1)).affine.unwrap();
        let times = |k: &BigUint| {
            let mut sum = Jacobian::INFINITY;
            for bit in (0..k.bits()).rev() {
                sum.double();
                if k.bit(bit) {
                    sum.add(&point);
                }
            }
            written::<C>(&sum)
        };
        let same = curve::coordinates::<C>(&point);
        assert_eq!(times(&(C::n() - small(1))), Some(curve::coordinates::<C>(&opposite(&point))));
        assert_eq!(times(C::n()), None);
        assert_eq!(times(&(C::n() + small(1))), Some(same));
    }
    assert_eq!(curve::coordinates::<C>(&Affine::GENERATOR), C::write(&C::Point::generator()).unwrap());
}

/// Of all x and y, those are taken that the other library takes.
fn on_curve<C: Oracle>(seed: u64) {
    let mut random = Random(seed);
    let mut taken = 0;
    for i in 0..1_000 {
        let x = if i % 2 == 0 { random.below(C::p()) } else { small(i) };
        let y = C::lift(&x).map_or_else(
            || random.below(C::p()),
            |point| BigUint::from_bytes_be(&C::write(&point).unwrap()[C::OCTETS..]),
        );
        for y in [y.clone(), C::p() - &y, &y ^ small(1)] {
            let key = [octets(&x, C::OCTETS), octets(&y, C::OCTETS)].concat();
            let ours = Affine::<C>::from_be(&key);
            assert_eq!(ours.is_some(), C::read(&key).is_some());
            assert!(ours.is_none_or(|ours| curve::coordinates::<C>(&ours) == key));
            taken += u32::from(ours.is_some());
        }
    }
    assert!(taken > 800 && taken < 1_200, "{taken}");
}

/// x is r, or r + n below p, under any Z.
fn x_coordinates<C: Oracle>(seed: u64) {
    let mut random = Random(seed);
    let (p, n) = (C::p(), C::n());
    // Whatever X and Y of an infinity are, and in either form of zero.
    for x in [Fe::ZERO, Fe::ONE] {
        for z in [Fe::ZERO, Fe(*C::P)] {
            let infinity = Jacobian::<C> { x, y: Fe::ONE, z };
            assert!(!has_x(&infinity, &Scalar(words(&small(1)))) && !has_x(&infinity, &Scalar(words(n))));
        }
    }
    let (mut first, mut second) = (0, 0);
    let starts = [small(0), small(1000), n - small(20), n + small(1), p - small(40), random.below(n)];
    for x in starts.iter().flat_map(|start| (0..20).map(move |i| start + small(i))) {
        let Some(point) = C::lift(&x) else { continue };
        let z = element::<C>(&mut random);
        let Affine { x: in_terms, y } = Affine::<C>::from_be(&C::write(&point).unwrap()).unwrap().scaled(&z);
        let point = Jacobian { x: in_terms, y, z };
        let loose = Jacobian { x: loose::<C>(&in_terms), ..point };
        let candidates =
            [x.clone(), &x % n, (&x + p) % n, &x + p - n, C::limit() + &x - n, p - &x, x.clone() + small(1)];
        for r in candidates.iter().filter(|r| *r < n) {
            let expected = &x % n == *r;
            assert_eq!(has_x(&point, &Scalar(words(r))), expected, "{x}, {r}");
            assert_eq!(has_x(&loose, &Scalar(words(r))), expected, "{x}, {r}");
            *(if x == *r { &mut first } else { &mut second }) += u32::from(expected);
        }
    }
    assert!(first > 20 && second > 10, "{first}, {second}");
}

macro_rules! both {
    ($($law:ident => $p256:ident($at_p256:expr), $p384:ident($at_p384:expr);)*) => {
        $(
            #[test]
            fn $p256() {
                $law::<P256>($at_p256);
            }

            #[test]
            fn $p384() {
                $law::<P384>($at_p384);
            }
        )*
    };
}

both! {
    sums => sums_p256(41), sums_p384(42);
    same_y => same_y_p256(49), same_y_p384(50);
    order => order_p256(43), order_p384(44);
    on_curve => on_curve_p256(45), on_curve_p384(46);
    x_coordinates => x_coordinates_p256(47), x_coordinates_p384(48);
}
