//! Verifies App Attest objects and shows each of Apple's steps with its verdict and what was compared.
//!
//! ```text
//! cargo run --release --example verify                          # the bundled vectors, good and tampered
//! cargo run --release --example verify -- FILE.json …           # objects from genuine devices, under Apple's root
//! cargo run --release --example verify -- --root ROOT.pem --at 2026-01-31T12:00:00Z FILE.json …
//! ```
//!
//! A file holds the object and the caller's side: the fields are those of the vectors in `testvectors/vectors`. The
//! last line counts; the exit status is 0 if every verdict is as its file expects, 1 if not, and 2 if there was
//! something that could not be read.

mod case;
mod compared;
mod explain;
mod report;

use std::{
    fs,
    io::{self, Write as _},
    process::ExitCode,
};

use genuine::{
    Error, UnixTime,
    app_attest::APPLE_APP_ATTEST_ROOT,
    x509::{Certificate, TrustAnchor},
};
use genuine_testvectors::{BUNDLED, ROOT_PEM};
use x509_cert::der::pem;

use crate::{
    case::{Case, Expected, Kind, unix_time},
    compared::common_name,
    explain::{Anchors, explain},
    report::{Report, Style, group_title, printable},
};

const USAGE: &str = "\
Usage: verify [--root ROOT.pem]… [--at RFC3339] FILE.json…
       verify                       the bundled vectors, good and tampered

  --root ROOT.pem   trust this certificate in the place of Apple's root; may be repeated
  --at RFC3339      verify attestations at this time and not at the file's `valid_at`
  --help            this text

Exit status: 0 all as expected, 1 not all, 2 wrong usage or a file that is not a vector.
";

const INTRODUCTION: &str = "\
Each step of the verification, in the order in which it runs. A1 to A9 are Apple's steps for an
attestation and B1 to B6 those for an assertion (\"Validating apps that connect to your server\").

";

const UNREADABLE: u8 = 2;

fn main() -> ExitCode {
    match Options::parse(std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned())) {
        Ok(Options { help: true, .. }) => report_io(print(USAGE).map(|()| ExitCode::SUCCESS)),
        Ok(options) => run(&options).unwrap_or_else(|message| fail(&message)),
        Err(message) => fail(&format!("{message}\n\n{USAGE}")),
    }
}

fn run(options: &Options) -> Result<ExitCode, String> {
    if options.files.is_empty() {
        let root = certificate(ROOT_PEM.as_bytes())?;
        return Ok(report_io(run_bundled(&anchors(&[root])?)));
    }
    let roots = options.roots.iter().map(|path| read_root(path)).collect::<Result<Vec<_>, _>>()?;
    Ok(report_io(run_files(&options.files, &anchors(&roots)?, options.at)))
}

/// Writing fails when nobody reads on, as in `verify | head`.
fn report_io(result: io::Result<ExitCode>) -> ExitCode {
    result.unwrap_or_else(|error| fail(&format!("cannot write: {error}")))
}

fn fail(message: &str) -> ExitCode {
    eprintln!("verify: {}", message.trim_end());
    ExitCode::from(UNREADABLE)
}

#[derive(Default)]
struct Options {
    help: bool,
    roots: Vec<String>,
    at: Option<UnixTime>,
    files: Vec<String>,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::default();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--help" | "-h" => options.help = true,
                "--root" => options.roots.push(arguments.next().ok_or("--root needs a file")?),
                "--at" => options.at = Some(at(&arguments.next().ok_or("--at needs a time")?)?),
                option if option.starts_with('-') => return Err(format!("unknown option {}", printable(option))),
                _ => options.files.push(argument),
            }
        }
        let only_options = options.files.is_empty() && (options.at.is_some() || !options.roots.is_empty());
        if only_options && !options.help { Err("--root and --at need a FILE.json".to_owned()) } else { Ok(options) }
    }
}

fn at(text: &str) -> Result<UnixTime, String> {
    unix_time(text)
        .ok_or_else(|| format!("--at {}: not a time in RFC 3339, such as 2026-01-31T12:00:00Z", printable(text)))
}

fn read_root(path: &str) -> Result<Vec<u8>, String> {
    let named = |reason: String| format!("--root {}: {reason}", printable(path));
    let text = fs::read(path).map_err(|error| named(error.to_string()))?;
    certificate(&text).map_err(named)
}

/// The DER of a certificate that can be a trust anchor.
fn certificate(text: &[u8]) -> Result<Vec<u8>, String> {
    let (label, der) = pem::decode_vec(text).map_err(|error| format!("not one certificate in PEM: {error}"))?;
    if label != "CERTIFICATE" {
        return Err("PEM, but not of a certificate".to_owned());
    }
    match TrustAnchor::from_trusted_certificate(&der) {
        Ok(_) => Ok(der),
        Err(error) => Err(format!("not a certification authority with a P-384 key: {error}")),
    }
}

/// Apple's anchor, or others in its place.
fn anchors(roots: &[Vec<u8>]) -> Result<Anchors<'_>, String> {
    if roots.is_empty() {
        let names = vec!["Apple App Attestation Root CA".to_owned()];
        return Ok(Anchors { trusted: vec![APPLE_APP_ATTEST_ROOT], names });
    }
    let anchor = |der| {
        let name = common_name(Certificate::parse(der)?.subject());
        Ok((TrustAnchor::from_trusted_certificate(der)?, name))
    };
    let anchors: Result<Vec<_>, Error> = roots.iter().map(|der| anchor(der)).collect();
    let (trusted, names) = anchors.map_err(|error| error.to_string())?.into_iter().unzip();
    Ok(Anchors { trusted, names })
}

/// Every file in full. One that is not a vector is told at once, and the others are verified all the same.
fn run_files(files: &[String], anchors: &Anchors<'_>, at: Option<UnixTime>) -> io::Result<ExitCode> {
    let style = Style::of_stdout();
    print(INTRODUCTION)?;
    let mut tally = Tally::default();
    for file in files {
        match read_case(file, at) {
            Ok(case) => {
                let report = explain(&case, anchors);
                print(&report.in_full(&case, style))?;
                tally.count(&report, case.expected);
            }
            Err(reason) => {
                fail(&format!("{}: {}", printable(file), printable(&reason)));
                tally.unreadable = true;
            }
        }
    }
    tally.finish()
}

fn read_case(file: &str, at: Option<UnixTime>) -> Result<Case, String> {
    let json = fs::read_to_string(file).map_err(|error| format!("cannot be read: {error}"))?;
    Case::parse(&printable(file), &json, at).map_err(|reason| format!("not a vector: {reason}"))
}

/// A handful in full, so that the steps can be read; the rest in one line each.
fn run_bundled(anchors: &Anchors<'_>) -> io::Result<ExitCode> {
    let style = Style::of_stdout();
    let mut tally = Tally::default();
    let mut verified = Vec::new();
    for (id, json) in BUNDLED {
        match Case::parse(id, json, None) {
            Ok(case) => {
                let report = explain(&case, anchors);
                tally.count(&report, case.expected);
                verified.push((case, report));
            }
            Err(reason) => {
                fail(&format!("{id}: not a vector: {reason}"));
                tally.unreadable = true;
            }
        }
    }
    print(INTRODUCTION)?;
    for (case, report) in take_representative(&mut verified) {
        print(&report.in_full(&case, style))?;
    }
    print("The rest in brief: `ok` if the verdict is as expected, the verdict, the vector and what it is.\n\n")?;
    print_briefly(&mut verified, style)?;
    for (case, report) in verified.iter().filter(|(case, report)| !report.is_as_expected(case.expected)) {
        print(&report.in_full(case, style))?;
    }
    tally.finish()
}

type Verified = (Case, Report);

/// Takes out the first vector of each sort; a sort without one is left out.
fn take_representative(verified: &mut Vec<Verified>) -> Vec<Verified> {
    let attestation = |case: &Case| matches!(case.kind, Kind::Attestation { .. });
    let good = |case: &Case, system: &str| case.expected == Expected::Pass && case.name.contains(system);
    let bad = |case: &Case, error| case.expected == Expected::Exactly(error);
    let sorts: [&dyn Fn(&Case) -> bool; 6] = [
        &|case| attestation(case) && good(case, "ios14-production"),
        &|case| attestation(case) && good(case, "ios27-production"),
        &|case| attestation(case) && bad(case, Error::NonceMismatch),
        &|case| attestation(case) && bad(case, Error::IntermediateSignature),
        &|case| !attestation(case) && good(case, "ios27-production"),
        &|case| !attestation(case) && bad(case, Error::CounterNotIncreased),
    ];
    let take = |sort: &&dyn Fn(&Case) -> bool| {
        let position = verified.iter().position(|(case, _)| sort(case))?;
        Some(verified.remove(position))
    };
    sorts.iter().filter_map(take).collect()
}

/// One line each, grouped by what is expected.
fn print_briefly(verified: &mut [Verified], style: Style) -> io::Result<()> {
    verified.sort_by_key(|(case, _)| match case.expected {
        Expected::Pass => 0,
        Expected::AnyError => 1,
        Expected::Exactly(error) => error.code(),
    });
    for group in verified.chunk_by(|(one, _), (other, _)| one.expected == other.expected) {
        if let Some((case, _)) = group.first() {
            print(&format!("{}\n", group_title(case.expected, style)))?;
        }
        for (case, report) in group {
            print(&report.in_brief(case, style))?;
        }
        print("\n")?;
    }
    Ok(())
}

#[derive(Default)]
struct Tally {
    as_expected: usize,
    not: usize,
    unreadable: bool,
}

impl Tally {
    fn count(&mut self, report: &Report, expected: Expected) {
        *(if report.is_as_expected(expected) { &mut self.as_expected } else { &mut self.not }) += 1;
    }

    fn finish(&self) -> io::Result<ExitCode> {
        print(&format!("{} as expected, {} not\n", self.as_expected, self.not))?;
        Ok(ExitCode::from(match self {
            Self { unreadable: true, .. } => UNREADABLE,
            Self { not: 0, .. } => 0,
            _ => 1,
        }))
    }
}

fn print(text: &str) -> io::Result<()> {
    io::stdout().write_all(text.as_bytes())
}
