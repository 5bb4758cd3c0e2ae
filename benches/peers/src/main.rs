//! Measures `genuine` beside other App Attest verifiers, and the ECDSA of several libraries beside each other.
//!
//! ```text
//! genuine-peers [--quick] [--only TEXT | --scaling | --write]
//! ```
//!
//! `--quick` checks all answers and measures next to nothing. `--only` takes the operations whose name contains a text,
//! `--scaling` takes devices, batches and threads instead of operations, and `--write` takes all and writes it down. Writes
//! Markdown to the standard output. `benches/peers/run` installs the rivals in other languages before it.

mod chart;
mod cores;
mod ecdsa;
mod external;
mod measure;
mod multi_buffer;
mod objects;
mod ours;
mod record;
mod scaling;
mod table;
mod whole;

use std::{env, process::ExitCode};

use cores::Cores;
use external::{Absent, Child};
use measure::{Contender, Effort};
use objects::Objects;
use record::Record;
use table::Table;

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
    if options.write {
        record::check()?;
    }
    let cores = Cores::find();
    cores.use_one();
    let (machine, quick) = (table::machine(), options.quick);
    println!("{machine}\n");
    if quick {
        println!("Quick: the answers were checked; the times mean nothing.\n");
    }
    let scaling = || {
        let scaling = scaling::scaling(quick, &cores);
        println!("{}\n\n{}", scaling.working_set(), scaling.table().trim_end());
        scaling
    };
    if options.scaling {
        scaling();
        return Ok(());
    }

    let objects: &'static Objects = Box::leak(Box::new(Objects::mint()));
    let children = external::start(objects);
    let versions = table::versions(&children);
    println!("{versions}\n");
    let only = options.only.as_deref().unwrap_or_default();
    let table = operations(objects, &children, only, if quick { Effort::QUICK } else { Effort::FULL });
    println!();
    if options.only.is_some() {
        return Ok(());
    }
    println!("{}", record::targets(&table));
    println!("{}", table.break_even()?);
    if !quick && !options.write {
        return Ok(());
    }
    let scaling = scaling();
    if options.write { Record { machine, versions, table, scaling }.write() } else { Ok(()) }
}

/// Measures the operations whose name contains a text, and prints each when it is done.
fn operations(objects: &'static Objects, children: &[Result<Child, Absent>], only: &str, effort: Effort) -> Table {
    let mut contenders = whole::contenders(objects, children);
    contenders.extend(ecdsa::contenders());
    contenders.retain(|contender| contender.operation.contains(only));
    // A stable sort: contenders of one operation side by side, in the order in which they were made.
    let mut operations: Vec<_> = contenders.iter().map(|contender| contender.operation).collect();
    operations.dedup();
    let place = |contender: &Contender| operations.iter().position(|operation| *operation == contender.operation);
    contenders.sort_by_key(place);
    print!("{}", table::HEAD);
    let mut table = Table(Vec::new());
    for contenders in contenders.chunk_by_mut(|a, b| a.operation == b.operation) {
        eprintln!("{} …", contenders[0].operation);
        let measured = measure::measure(contenders, effort);
        let rows = table::rows(contenders, &measured);
        for row in &rows {
            print!("{}", row.text());
        }
        table.0.extend(rows);
    }
    table
}
