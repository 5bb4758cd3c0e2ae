//! The one door for what CI, measurements, campaigns and pictures do: `cargo xtask --help`.

mod measure;

use std::{
    env,
    path::Path,
    process::{Command, ExitCode},
};

use measure::Write;
use xtask::{Outcome, documents::Figures, pictures, repository};

const HELP: &str = "\
cargo xtask COMMAND

Check
  ci [--list | STEP…]             everything that a change has to pass, or these steps of it (35 min)
  mutants [-f FILE…]              changes the engine in one place after the other (an hour)
  arithmetic-mutants [WORD]       plants the faults of a list in the arithmetic (an hour)
  coverage                        region coverage of the engine; fails below 97 % (10 min)
  hostile [EXAMPLES]              sends the gateway what it did not ask for (minutes)
  reproduce                       builds the gateway to ship twice, and compares the octets (10 min)

Measure. All print; --write replaces the record, and what documents and pictures show of it
  bench [--write]                 what a verification takes, and the engine's share (5 min)
  peers [--quick] [--only TEXT | --scaling | --write]
                                  other verifiers and libraries beside ours (15 min)
  instructions [--write]          instructions of each kind of verification; compares (2 min)
  instructions --worst            the same of signatures made to be expensive (2 min)
  footprint [--fresh | --write]   flash, stack and instructions of firmware; compares (5 min)
  gateway-load [--write] [SECONDS]
                                  what the gateway takes (15 min)

Fuzz
  fuzz campaign SECONDS [TARGET…] fuzzes, and writes the report that CI holds against the code
  fuzz short SECONDS [TARGET…]    fuzzes for a short time, and writes nothing
  fuzz plant [--write] [SECONDS [FAULT…]]
                                  plants faults, and says which target finds them (10 min)
  fuzz minimise [TARGET…]         makes the committed corpora anew

Write, from benches/record
  figures                         the tables in documents
  pictures                        the pictures of the guide
";

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Outcome<()> {
    match arguments {
        [] | ["--help" | "-h" | "help"] => print!("{HELP}"),
        ["ci", rest @ ..] => script(".ci/run", rest)?,
        ["mutants", rest @ ..] => script(".ci/mutants", rest)?,
        ["arithmetic-mutants", rest @ ..] => script(".ci/arithmetic-mutants", rest)?,
        ["coverage"] => script(".ci/coverage", &[])?,
        ["hostile", rest @ ..] => script("crates/gateway/hostile", rest)?,
        ["reproduce"] => script("crates/gateway/deploy/reproduce", &[])?,
        ["bench"] => measure::bench(Write::No)?,
        ["bench", "--write"] => measure::bench(Write::Yes).and_then(|()| render())?,
        ["peers", rest @ ..] => written(rest, measure::peers)?,
        ["instructions", "--worst"] => measure::worst()?,
        ["instructions", rest @ ..] => written(rest, measure::instructions)?,
        ["footprint", rest @ ..] => written(rest, measure::footprint)?,
        ["gateway-load", rest @ ..] => written(rest, |rest| script("crates/gateway/load", rest))?,
        ["fuzz", "campaign", rest @ ..] => script("fuzz/campaign", rest)?,
        ["fuzz", "short", rest @ ..] => script("fuzz/campaign", &[&["--short"], rest].concat())?,
        ["fuzz", "plant", rest @ ..] => script("fuzz/plant", rest)?,
        ["fuzz", "minimise", rest @ ..] => script("fuzz/minimise", rest)?,
        ["figures"] => figures()?,
        ["pictures"] => pictures::write()?,
        _ => return Err(format!("no such command: {}; cargo xtask --help lists them", arguments.join(" ")).into()),
    }
    Ok(())
}

/// Measures, and where that writes a record, renders it too.
fn written(arguments: &[&str], measure: impl FnOnce(&[&str]) -> Outcome<()>) -> Outcome<()> {
    measure(arguments)?;
    if arguments.contains(&"--write") { render() } else { Ok(()) }
}

fn render() -> Outcome<()> {
    figures()?;
    pictures::write()
}

fn figures() -> Outcome<()> {
    for path in Figures::committed()?.write()? {
        println!("written: {}", path.strip_prefix(repository()).unwrap_or(&path).display());
    }
    Ok(())
}

/// Runs a script of the repository.
fn script(path: &str, arguments: &[&str]) -> Outcome<()> {
    succeed(Command::new(repository().join(path)).args(arguments).current_dir(repository()))
}

/// Runs a command, which says by itself what is wrong.
fn succeed(command: &mut Command) -> Outcome<()> {
    let program = Path::new(command.get_program()).display().to_string();
    let status = command.status().map_err(|error| format!("{program}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{program}: {status}").into()) }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn help_fits_a_screen_and_names_every_command() {
        assert!(HELP.lines().count() <= 40, "{}", HELP.lines().count());
        assert!(HELP.lines().all(|line| line.chars().count() <= 110));
        let source = include_str!("main.rs");
        let commands = source.lines().filter_map(|line| line.trim().strip_prefix("[\"")?.split('"').next());
        let commands: Vec<_> = commands.collect();
        assert!(commands.len() > 15, "{commands:?}");
        for command in commands {
            assert!(HELP.contains(&format!("\n  {command}")), "{command}");
        }
    }

    #[test]
    fn every_script_is_there() -> Outcome<()> {
        let source = include_str!("main.rs");
        let scripts: Vec<_> = source.split("script(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(scripts.len() > 8, "{scripts:?}");
        for path in scripts {
            let mode = fs::metadata(repository().join(path)).map_err(|error| format!("{path}: {error}"))?.permissions();
            assert!(mode.mode() & 0o100 != 0, "{path}");
        }
        Ok(())
    }

    /// What tests leave out unless they are asked, CI asks for.
    #[test]
    fn ci_runs_what_tests_leave_out() -> Outcome<()> {
        let ci = fs::read_to_string(repository().join(".ci/run"))?;
        let asks = "    GENUINE_CASES=20000 cargo test --package genuine-crypto --test ecdsa many::\n";
        let (before, _) = ci.split_once(asks).ok_or("nobody runs the long comparison")?;
        let function =
            before.rsplit_once("() {\n").and_then(|(before, _)| before.lines().last()).ok_or("no function")?;
        assert!(
            ci.lines().any(|line| line.starts_with("step ") && line.ends_with(&format!(" {function}"))),
            "{function}"
        );
        Ok(())
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        for arguments in [&["nothing"][..], &["coverage", "now"], &["fuzz"], &["bench", "write"]] {
            assert!(run(arguments).is_err(), "{arguments:?}");
        }
    }
}
