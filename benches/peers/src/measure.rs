//! Contenders, and how they are measured.
//!
//! All contenders of one operation take turns. Before or after each turn the reference has one, so that a ratio is of two
//! neighbours in time; what is reported is the median over the rounds. Only ratios bear comparison: a machine that slows
//! down for a second moves both neighbours.

use std::{hint::black_box, time::Duration};

use rustix::time::{ClockId, clock_gettime};

/// Whose a contender is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// `genuine`, with whatever backend.
    Ours,
    /// Another library.
    Rival,
    /// Another library that does something else, to be a measure.
    Yardstick,
}

/// The time that this thread has had a processor, so that other processes do not count.
pub(crate) struct Stopwatch(Duration);

impl Stopwatch {
    /// From now on.
    pub(crate) fn start() -> Self {
        Self(Self::now())
    }

    /// Until now.
    pub(crate) fn elapsed(&self) -> Duration {
        Self::now().saturating_sub(self.0)
    }

    fn now() -> Duration {
        clock_gettime(ClockId::ThreadCPUTime).try_into().expect("not before its start")
    }
}

/// Runs so many iterations and says how long they took.
pub(crate) type Run = Box<dyn FnMut(u32) -> Duration>;

/// One way of doing one operation.
pub(crate) struct Contender {
    /// What is done. Contenders of one operation are compared.
    pub(crate) operation: &'static str,
    /// Who does it.
    pub(crate) name: String,
    /// Whose it is.
    pub(crate) side: Side,
    /// How many verifications an iteration is.
    pub(crate) items_per_iteration: u32,
    /// Whether ratios of this operation are to this contender.
    pub(crate) reference: bool,
    /// How, or why not.
    pub(crate) run: Result<Run, String>,
}

/// What is verified: in the measured loop the good ones in turn, and before it the altered ones, to be refused.
///
/// There are many good ones, so that no branch predictor learns one of them by heart.
pub(crate) struct Cases<T> {
    /// To be accepted.
    pub(crate) good: Vec<T>,
    /// To be refused.
    pub(crate) altered: Vec<T>,
}

impl<T> Cases<T> {
    /// The same cases in another form.
    pub(crate) fn map<U>(&self, to: impl Fn(&T) -> U) -> Cases<U> {
        Cases { good: self.good.iter().map(&to).collect(), altered: self.altered.iter().map(to).collect() }
    }

    /// For as long as the program runs.
    pub(crate) fn leak(self) -> &'static Self {
        Box::leak(Box::new(self))
    }
}

impl Contender {
    /// A contender that says for each case whether it accepts it. All answers are checked here, and the good ones again
    /// in the measured loop.
    ///
    /// # Panics
    ///
    /// If an answer is wrong.
    pub(crate) fn new<T>(
        operation: &'static str,
        name: &str,
        side: Side,
        cases: &'static Cases<T>,
        mut accepts: impl FnMut(&T) -> bool + 'static,
    ) -> Self {
        assert!(!cases.good.is_empty() && !cases.altered.is_empty(), "{operation}: there is something to verify");
        assert!(cases.good.iter().all(&mut accepts), "{operation}: {name} refuses a good one");
        assert!(!cases.altered.iter().any(&mut accepts), "{operation}: {name} accepts an altered one");
        let mut turn = cases.good.iter().cycle();
        Self::timed(operation, name, side, move |iterations| {
            let watch = Stopwatch::start();
            for case in turn.by_ref().take(iterations as usize) {
                assert!(accepts(black_box(case)));
            }
            watch.elapsed()
        })
    }

    /// A contender that takes the time itself, for example in another process.
    pub(crate) fn timed(
        operation: &'static str,
        name: &str,
        side: Side,
        run: impl FnMut(u32) -> Duration + 'static,
    ) -> Self {
        let run: Run = Box::new(run);
        Self { operation, name: name.to_owned(), side, items_per_iteration: 1, reference: false, run: Ok(run) }
    }

    /// A contender that cannot run, with the reason.
    pub(crate) fn absent(operation: &'static str, name: &str, side: Side, reason: &str) -> Self {
        Self {
            operation,
            name: name.to_owned(),
            side,
            items_per_iteration: 1,
            reference: false,
            run: Err(reason.to_owned()),
        }
    }

    /// The one that ratios are to.
    #[must_use]
    pub(crate) fn into_reference(mut self) -> Self {
        self.reference = true;
        self
    }

    /// Says that an iteration is several verifications.
    #[must_use]
    pub(crate) fn with_items(mut self, items_per_iteration: u32) -> Self {
        self.items_per_iteration = items_per_iteration;
        self
    }
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Turns that each contender has.
    pub(crate) rounds: usize,
    /// What a turn is to take.
    pub(crate) turn: Duration,
    /// Time for caches, predictors and just-in-time compilers.
    pub(crate) warm_up: Duration,
}

impl Effort {
    /// For figures. Turns are short, so that most of them are not interrupted where the machine has other work.
    pub(crate) const FULL: Self =
        Self { rounds: 151, turn: Duration::from_millis(3), warm_up: Duration::from_millis(300) };
    /// For figures of which there are many.
    pub(crate) const SCALING: Self =
        Self { rounds: 75, turn: Duration::from_millis(4), warm_up: Duration::from_millis(100) };
    /// To see that all answers are right; the times mean nothing.
    pub(crate) const QUICK: Self = Self { rounds: 1, turn: Duration::ZERO, warm_up: Duration::ZERO };
}

/// What a contender was measured at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Measured {
    /// Nanoseconds for one verification.
    pub(crate) median: f64,
    /// Its time over that of the reference beside it, if there is one.
    pub(crate) to_reference: Option<f64>,
}

/// Measures the contenders of one operation against each other; `None` for those that cannot run.
pub(crate) fn measure(contenders: &mut [Contender], effort: Effort) -> Vec<Option<Measured>> {
    let iterations: Vec<_> = contenders.iter_mut().map(|contender| iterations(contender, effort)).collect();
    let reference = contenders.iter().position(|contender| contender.reference && contender.run.is_ok());
    let mut times = vec![Vec::new(); contenders.len()];
    let mut ratios = vec![Vec::new(); contenders.len()];
    for round in 0..effort.rounds {
        for index in 0..contenders.len() {
            // First and second in turns: whoever follows another contender finds caches that are not its own.
            let before = reference.filter(|_| round % 2 == 0);
            let after = reference.filter(|_| round % 2 == 1);
            let mut beside = before.and_then(|reference| turn(&mut contenders[reference], iterations[reference]));
            let Some(time) = turn(&mut contenders[index], iterations[index]) else { continue };
            beside = beside.or_else(|| turn(&mut contenders[after?], iterations[after?]));
            times[index].push(time);
            ratios[index].extend(beside.map(|beside| time / beside));
        }
    }
    let medians = times.into_iter().zip(ratios);
    medians
        .map(|(times, ratios)| {
            median(times).map(|median_time| Measured { median: median_time, to_reference: median(ratios) })
        })
        .collect()
}

/// One turn: nanoseconds for one verification.
fn turn(contender: &mut Contender, iterations: u32) -> Option<f64> {
    let items = f64::from(iterations) * f64::from(contender.items_per_iteration);
    contender.run.as_mut().ok().map(|run| run(iterations).as_secs_f64() * 1e9 / items)
}

/// How many iterations make a turn, found while warming up: by the fastest seen, because others may have been interrupted.
fn iterations(contender: &mut Contender, effort: Effort) -> u32 {
    let Ok(run) = &mut contender.run else { return 1 };
    let mut iterations = 1_u32;
    let mut fastest = f64::INFINITY;
    let mut spent = Duration::ZERO;
    loop {
        let took = run(iterations);
        spent += took;
        fastest = fastest.min(took.as_secs_f64().max(1e-9) / f64::from(iterations));
        let wanted = rounded(effort.turn.as_secs_f64() / fastest);
        if spent >= effort.warm_up && iterations >= wanted.div_ceil(2) {
            return wanted;
        }
        // Not at once, because the first iterations are slow or, with a bad clock, seem to take no time.
        iterations = wanted.min(iterations * 2);
    }
}

/// The nearest whole number of iterations, at least one.
fn rounded(iterations: f64) -> u32 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturates, and is not negative.
    let rounded = iterations.ceil() as u32;
    rounded.max(1)
}

/// The median; `None` of nothing.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(name: &str, nanoseconds: u64) -> Contender {
        Contender::timed("sleep", name, Side::Rival, move |iterations| {
            Duration::from_nanos(nanoseconds * u64::from(iterations))
        })
    }

    #[test]
    fn medians() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0]), Some(2.5));
    }

    #[test]
    fn ratios_are_to_the_reference_for_each_item() {
        let mut contenders =
            [fixed("slow", 4_000), fixed("reference", 2_000).into_reference(), fixed("batch", 8_000).with_items(8)];
        let measured = measure(&mut contenders, Effort { rounds: 3, ..Effort::FULL });
        let found: Vec<_> = measured.into_iter().map(|measured| measured.unwrap()).collect();
        for (found, (time, ratio)) in found.iter().zip([(4_000.0, 2.0), (2_000.0, 1.0), (1_000.0, 0.5)]) {
            assert!((found.median - time).abs() < 1e-6);
            assert!((found.to_reference.unwrap() - ratio).abs() < 1e-9);
        }
    }

    #[test]
    fn who_cannot_run_is_not_measured() {
        let mut contenders = [Contender::absent("sleep", "nobody", Side::Rival, "not there"), fixed("alone", 1_000)];
        let measured = measure(&mut contenders, Effort::QUICK);
        assert_eq!(measured[0], None);
        assert_eq!(measured[1].unwrap().to_reference, None);
    }

    #[test]
    #[should_panic(expected = "accepts an altered one")]
    fn who_accepts_anything_does_not_compete() {
        let cases = Box::leak(Box::new(Cases { good: vec![1], altered: vec![2] }));
        let _ = Contender::new("sleep", "credulous", Side::Rival, cases, |_| true);
    }
}
