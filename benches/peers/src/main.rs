//! Measures `genuine` beside other App Attest verifiers, and the ECDSA and RSA of several libraries beside each other.
//!
//! ```text
//! genuine-peers [--quick] [--only TEXT | --scaling | --write]
//! ```
//!
//! `--quick` checks all answers and measures next to nothing. `--only` takes the operations whose name contains a text,
//! `--scaling` takes devices, batches and threads instead of operations, and `--write` takes all and writes it down. Prints
//! Markdown, and writes `benches/record/peers.toml`. `cargo xtask peers` installs the rivals in other languages before it.

mod cores;
mod ecdsa;
mod external;
mod measure;
mod multi_buffer;
mod objects;
mod ours;
mod rsa;
mod scaling;
mod table;
mod whole;

use std::{env, process::ExitCode};

use cores::Cores;
use external::{Absent, Child};
use measure::{Contender, Effort};
use objects::Objects;
use xtask::record::{
    Origin, Record as _,
    peers::{Figure, Operations, Peers},
};

/// What is asked for.
#[derive(Default)]
struct Options {
    quick: bool,
    scaling: bool,
    write: bool,
    only: Option<String>,
}

impl Options {
    /// `None` if it makes no sense.
    fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mut options = Self::default();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => options.quick = true,
                "--scaling" => options.scaling = true,
                "--write" => options.write = true,
                "--only" => options.only = Some(arguments.next()?),
                _ => return None,
            }
        }
        let parts = [options.only.is_some(), options.scaling, options.write, options.quick && options.write];
        (parts.into_iter().filter(|part| *part).count() <= 1).then_some(options)
    }
}

fn main() -> ExitCode {
    let Some(options) = Options::parse(env::args().skip(1)) else {
        eprintln!("usage: genuine-peers [--quick] [--only TEXT | --scaling | --write]");
        return ExitCode::from(2);
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), String> {
    let cores = Cores::find();
    cores.use_one();
    let (origin, quick) = (Origin::here().map_err(|error| error.to_string())?, options.quick);
    println!("{origin}\n");
    if quick {
        println!("Quick: the answers were checked; the times mean nothing.\n");
    }
    let scaling = || {
        let scaling = scaling::scaling(quick, &cores).record();
        println!("{}", scaling.tables().trim_end());
        scaling
    };
    if options.scaling {
        scaling();
        return Ok(());
    }

    let objects: &'static Objects = Box::leak(Box::new(Objects::mint()));
    let children = external::start(objects);
    let versions = table::versions(&children);
    println!("{}\n", versions.join(" · "));
    let only = options.only.as_deref().unwrap_or_default();
    let figure = operations(objects, &children, only, if quick { Effort::QUICK } else { Effort::FULL });
    println!();
    if options.only.is_some() {
        return Ok(());
    }
    println!("{}", figure.targets());
    println!("{}", figure.preparing()?);
    if !quick && !options.write {
        return Ok(());
    }
    let scaling = scaling();
    if options.write {
        Peers { origin, versions, figure, scaling }.write().map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Measures the operations whose name contains a text, and prints each when it is done.
fn operations(objects: &'static Objects, children: &[Result<Child, Absent>], only: &str, effort: Effort) -> Operations {
    let mut contenders = whole::contenders(objects, children);
    contenders.extend(ecdsa::contenders());
    contenders.extend(rsa::contenders());
    contenders.retain(|contender| contender.operation.contains(only));
    // A stable sort: contenders of one operation side by side, in the order in which they were made.
    let mut operations: Vec<_> = contenders.iter().map(|contender| contender.operation).collect();
    operations.dedup();
    let place = |contender: &Contender| operations.iter().position(|operation| *operation == contender.operation);
    contenders.sort_by_key(place);
    print!("{}", Figure::HEAD);
    let mut all = Operations::default();
    for contenders in contenders.chunk_by_mut(|a, b| a.operation == b.operation) {
        eprintln!("{} …", contenders[0].operation);
        let measured = measure::measure(contenders, effort);
        let figures = table::figures(contenders, &measured);
        for figure in &figures {
            print!("{}", figure.row());
        }
        all.0.extend(figures);
    }
    all
}
