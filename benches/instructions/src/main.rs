//! Counts the instructions of a verification of each kind, and holds them against the committed figures.
//!
//! ```text
//! genuine-instructions [--write]
//! ```
//!
//! For each kind it runs itself under valgrind's callgrind, twice: once over all inputs, and once over all of them twice.
//! The difference is what the verifications took, and nothing of what goes before and after. Inputs are minted from fixed
//! seeds. `cargo xtask instructions` builds it so that the processor has no say: static, with hashes in portable code.

mod kinds;

use std::{
    env,
    process::{Command, ExitCode},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use kinds::{KINDS, Kind};
use xtask::{
    Outcome,
    record::{
        Origin, Record as _,
        instructions::{Figure, Instructions},
        thousands,
    },
};

/// How far a count may be from the committed one, in parts of it.
const TOLERANCE: f64 = 0.01;

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        [] => compare(),
        ["--write"] => write(),
        // Under valgrind.
        ["--run", name, times] => run(name, times),
        _ => {
            eprintln!("usage: genuine-instructions [--write]");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(name: &str, times: &str) -> Outcome<()> {
    let kind = KINDS.iter().find(|kind| kind.name == name).ok_or("no such kind")?;
    (kind.verify)(times.parse().map_err(|_| "not a number")?);
    Ok(())
}

/// The counts of all kinds, in their order.
fn counts() -> Result<Vec<u64>, String> {
    let next = AtomicUsize::new(0);
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        let mut done = Vec::new();
        while let Some((index, kind)) = KINDS.iter().enumerate().nth(next.fetch_add(1, Ordering::Relaxed)) {
            done.push((index, count(kind)?));
        }
        Ok(done)
    };
    let mut counts = thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        let done: Result<Vec<_>, String> =
            threads.into_iter().map(|thread| thread.join().expect("it does not panic")).collect();
        done.map(|done| done.concat())
    })?;
    counts.sort_unstable();
    Ok(counts.into_iter().map(|(_, count)| count).collect())
}

/// The instructions of one verification.
fn count(kind: &Kind) -> Result<u64, String> {
    let [once, twice] = ["1", "2"].map(|times| callgrind(kind.name, times));
    let difference = twice?.checked_sub(once?).ok_or("twice as much takes less")?;
    Ok(difference / kind.verifications)
}

/// The instructions of a process, in an environment that is always the same.
fn callgrind(name: &str, times: &str) -> Result<u64, String> {
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["--run", name, times])
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    let log = String::from_utf8_lossy(&output.stderr);
    let collected = log.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok());
    collected.filter(|_| output.status.success()).ok_or_else(|| format!("{name}: valgrind did not count:\n{log}"))
}

fn write() -> Outcome<()> {
    let counts = counts()?;
    let figure = |(kind, count): (&Kind, &u64)| Figure { name: kind.name.to_owned(), instructions: *count };
    let figure = KINDS.iter().zip(&counts).map(figure).collect();
    Instructions { origin: Origin::on("x86-64 under valgrind")?, figure }.write()?;
    print!("{}", table(&counts, &counts));
    Ok(())
}

fn compare() -> Outcome<()> {
    let figures = Instructions::committed()?.figure;
    if !figures.iter().map(|figure| figure.name.as_str()).eq(KINDS.iter().map(|kind| kind.name)) {
        return Err("the committed figures are of other kinds; `cargo xtask instructions --write`".into());
    }
    let committed: Vec<_> = figures.into_iter().map(|figure| figure.instructions).collect();
    let counts = counts()?;
    print!("{}", table(&counts, &committed));
    let moved =
        counts.iter().zip(&committed).filter(|(count, committed)| change(**count, **committed).abs() > TOLERANCE);
    match moved.count() {
        0 => Ok(()),
        moved => {
            Err(format!("figures moved by more than one per cent: {moved}; cargo xtask instructions --write").into())
        }
    }
}

fn table(counts: &[u64], committed: &[u64]) -> String {
    let row = |((kind, count), committed): ((&Kind, &u64), &u64)| {
        let change = change(*count, *committed) * 100.0;
        let [count, committed] = [count, committed].map(|count| thousands(*count));
        format!("| {} | {count} | {committed} | {change:+.2} % |\n", kind.name)
    };
    let rows: Vec<_> = KINDS.iter().zip(counts).zip(committed).map(row).collect();
    "| | instructions | committed | |\n|---|---:|---:|---:|\n".to_owned() + &rows.concat()
}

fn change(count: u64, committed: u64) -> f64 {
    // Far below 2^52, so that nothing is lost.
    let [count, committed] = [count, committed].map(|count| f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
    count / committed - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every kind verifies, with or without valgrind.
    #[test]
    fn all_kinds_run() {
        for kind in &KINDS {
            (kind.verify)(1);
        }
    }
}
