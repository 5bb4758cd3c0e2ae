//! Builds the firmware images, runs them in QEMU, and holds what they cost against budgets and the committed figures.
//!
//! `measure` compares and exits with 1 if something does not hold; `measure --write` writes the figures to `figures.toml`
//! and to the project's README.

mod chart;
mod elf;
mod figures;
mod image;
mod panics;
mod stack;

use std::{env, error::Error, process::ExitCode, thread};

use figures::{Figure, Figures};
use image::{BOARDS, Build};
use panics::CallSites;

/// What a function that can fail says about it; it may do so in a thread.
type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<ExitCode> {
    let write = match env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => false,
        [flag] if flag == "--write" => true,
        _ => return Err("usage: measure [--write]".into()),
    };
    // Cargo builds two profiles at a time, and linking an image takes one processor.
    let [fast, small] = thread::scope(|scope| {
        [("release", "opt 3"), ("size", "opt s")]
            .map(|profile| scope.spawn(move || measure(profile)))
            .map(|thread| thread.join().expect("no thread panics"))
    });
    let (mut all, small) = (fast?, small?);
    all.figures.extend(small.figures);
    all.panics.merge(small.panics);
    all.engine.merge(small.engine);
    let figures = Figures::new(all.figures);

    println!("{}\n{}", figures.table(), figures.crates());
    let mut faults = figures.over_budget();
    faults.extend(all.engine.lines().map(|site| format!("the engine can panic: {site}")));
    if write {
        figures.write()?;
        all.panics.write()?;
    } else {
        faults.extend(figures.differ_from_committed()?);
        faults.extend(all.panics.differ_from_committed()?);
    }
    for fault in &faults {
        println!("FAULT: {fault}");
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What one profile gives on all boards.
#[derive(Default)]
struct Measured {
    figures: Vec<Figure>,
    /// Where the images with the default backend can panic.
    panics: CallSites,
    /// Where the engine can.
    engine: CallSites,
}

fn measure((profile, optimisation): (&'static str, &str)) -> Outcome<Measured> {
    let mut measured = Measured::default();
    for board in &BOARDS {
        let image = |binary| Build { board, profile, binary }.image();
        let mut figure = |binary, what: &str| -> Outcome<_> {
            let image = image(binary)?;
            measured.figures.push(Figure::of(&image, format!("{what}, {optimisation}"))?);
            Ok(image)
        };
        let demo = figure("demo", "full")?;
        figure("assertion", "assertion only")?;
        if profile == "release" {
            figure("accelerator", "without ECDSA")?;
            figure("table", "threat table")?;
        }
        measured.panics.merge(CallSites::of(&demo.elf));
        measured.engine.merge(CallSites::of(&image("engine")?.elf));
    }
    Ok(measured)
}
