//! What builds and starts each measurement.

use std::{
    collections::BTreeMap,
    env, fs,
    path::PathBuf,
    process::{self, Command, Stdio},
};

use xtask::{
    Outcome,
    record::{Record as _, app_attest::AppAttest},
    repository,
};

use crate::succeed;

/// Whether the record is to be replaced.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Write {
    /// It is.
    Yes,
    /// It is not.
    No,
}

/// Runs the benches and prints the medians.
pub(crate) fn bench(write: Write) -> Outcome<()> {
    let directory = Scratch::new("bench")?;
    let mut command = cargo("");
    command.args(["bench", "--bench", "app_attest"]).env("CRITERION_HOME", &directory.0).stdout(Stdio::null());
    succeed(&mut command)?;
    let record = AppAttest::from_criterion(&directory.0)?;
    print!("{}", record.table());
    if write == Write::Yes { record.write() } else { Ok(()) }
}

/// Measures other verifiers and libraries. Needs Python 3 with venv, and Node.js with npm; the rivals come from crates.io, npm
/// and `PyPI`, in the versions of the lock files. OpenSSL is Debian's libssl-dev; without it, it is built from source.
pub(crate) fn peers(arguments: &[&str]) -> Outcome<()> {
    let directory = repository().join("benches/peers");
    if !arguments.contains(&"--quick") && !arguments.contains(&"--scaling") {
        let npm = ["ci", "--prefix", "javascript", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
        succeed(Command::new("npm").args(npm).current_dir(&directory))?;
        if !directory.join("python/venv/bin/python").exists() {
            succeed(Command::new("python3").args(["-m", "venv", "python/venv"]).current_dir(&directory))?;
        }
        let pip = ["install", "--quiet", "--disable-pip-version-check", "--requirement", "python/requirements.txt"];
        succeed(Command::new(directory.join("python/venv/bin/pip")).args(pip).current_dir(&directory))?;
    }
    let openssl = Command::new("pkg-config").args(["--exists", "openssl >= 1.1.1"]).stderr(Stdio::null()).status();
    let mut command = cargo("benches/peers");
    command.args(["run", "--quiet", "--locked", "--release"]);
    if !openssl.is_ok_and(|status| status.success()) {
        command.args(["--features", "vendored-openssl"]);
    }
    succeed(command.arg("--").args(arguments))
}

/// Counts the instructions of each kind of verification, and compares.
pub(crate) fn instructions(arguments: &[&str]) -> Outcome<()> {
    // Static, and with functions for memory that do not depend on the processor.
    const TARGET: &str = "x86_64-unknown-linux-musl";
    valgrind()?;
    // Does nothing where it is there.
    succeed(Command::new("rustup").args(["--quiet", "target", "add", TARGET]).current_dir(repository()))?;
    let mut command = cargo("benches/instructions");
    // Nothing that the processor decides: hashes in portable code, and no flags from outside.
    command.env("RUSTFLAGS", "--cfg sha2_backend=\"soft\"").env_remove("CARGO_ENCODED_RUSTFLAGS");
    for setting in ["LTO", "OPT_LEVEL", "DEBUG"] {
        command.env_remove(format!("CARGO_PROFILE_RELEASE_{setting}"));
    }
    command.args(["run", "--quiet", "--locked", "--release", "--target", TARGET, "--"]);
    succeed(command.args(arguments))
}

/// Counts the instructions of verifications that are made to be expensive (`crates/crypto/tests/ecdsa/worst.rs`) beside typical
/// ones: prints the most expensive of each kind on each path, and fails where one takes a tenth more than a typical one.
pub(crate) fn worst() -> Outcome<()> {
    const MEASURED: &str = "ecdsa::worst::measured";
    valgrind()?;
    let directory = Scratch::new("worst")?;
    let profiles = directory.0.join("profiles");
    // A profile for each call, one after the other in one file. What was counted before a call is forgotten.
    let runner = format!(
        "valgrind --quiet --tool=callgrind --callgrind-out-file={} --combine-dumps=yes --zero-before={MEASURED} \
         --dump-after={MEASURED}",
        profiles.display()
    );
    let test = ["test", "--quiet", "--release", "--locked", "--package", "genuine-crypto", "--test", "ecdsa"];
    let mut command = cargo("");
    command
        .args(test)
        .args(["--", "--nocapture", "worst::"])
        .env("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER", runner);
    let output = command.stderr(Stdio::inherit()).output()?;
    let printed = String::from_utf8(output.stdout)?;
    if !output.status.success() {
        return Err(format!("{printed}\nthe test fails: {}", output.status).into());
    }
    let (table, above) = compare(&printed, &fs::read_to_string(profiles)?)?;
    print!("{table}");
    if above == 0 { Ok(()) } else { Err(format!("more than {LIMIT} times a typical verification: {above}").into()) }
}

/// What the most expensive may take, over a typical one.
const LIMIT: f64 = 1.1;

/// The table of what was counted, and how many are above the limit: from the lines `measured: PATH: KIND`, and from the lines
/// `totals: NUMBER` of the profiles of the same calls.
fn compare(printed: &str, profiles: &str) -> Outcome<(String, usize)> {
    let kinds = printed.lines().filter_map(|line| line.strip_prefix("measured: ")?.split_once(": "));
    let kinds: Vec<_> = kinds.collect();
    let counts = profiles.lines().filter_map(|line| line.strip_prefix("totals: "));
    let counts = counts.map(str::parse::<u32>).collect::<Result<Vec<_>, _>>()?;
    // The last profile is of what comes after the last call.
    if kinds.is_empty() || counts.len() != kinds.len() + 1 {
        return Err(format!("{} calls were counted, and there were {}", counts.len(), kinds.len()).into());
    }
    let mut typical: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    let mut most: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for ((path, kind), count) in kinds.into_iter().zip(counts) {
        if kind == "typical" {
            typical.entry(path).or_default().push(count);
        } else {
            let known = most.entry((path, kind)).or_default();
            *known = count.max(*known);
        }
    }
    let mut table = "| path | kind | instructions, most | to typical |\n|---|---|---:|---:|\n".to_owned();
    let mut above = 0;
    for ((path, kind), count) in most {
        let typical = typical.get(path).ok_or_else(|| format!("nothing typical on {path}"))?;
        let mean = typical.iter().copied().map(f64::from).sum::<f64>() / f64::from(u32::try_from(typical.len())?);
        let ratio = f64::from(count) / mean;
        above += usize::from(ratio > LIMIT);
        table = format!("{table}| {path} | {kind} | {count} | {ratio:.3} |\n");
    }
    Ok((table, above))
}

/// Builds the firmware images, runs them in QEMU, and holds what they cost against budgets and the record.
pub(crate) fn footprint(arguments: &[&str]) -> Outcome<()> {
    let mut command = cargo("examples/firmware");
    succeed(command.args(["run", "--quiet", "--locked", "--package", "meter", "--"]).args(arguments))
}

/// Installs it from Debian where it is missing.
fn valgrind() -> Outcome<()> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        return Err("instructions are counted on x86-64 with Linux only".into());
    }
    if Command::new("valgrind").arg("--version").stdout(Stdio::null()).status().is_err() {
        succeed(Command::new("apt-get").args(["update", "-qq"]))?;
        succeed(Command::new("apt-get").args(["install", "-qq", "--yes", "--no-install-recommends", "valgrind"]))?;
    }
    Ok(())
}

/// `cargo` in a directory of the repository.
fn cargo(directory: &str) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(repository().join(directory));
    command
}

/// A directory that is removed in the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Outcome<Self> {
        let directory = env::temp_dir().join(format!("genuine-{name}-{}", process::id()));
        fs::create_dir_all(&directory)?;
        Ok(Self(directory))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed lies among the system's temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_expensive_is_held_against_typical_ones() -> Outcome<()> {
        let printed =
            "measured: plain: typical\nmeasured: plain: typical\nmeasured: plain: dense\nmeasured: plain: dense\n";
        let (table, above) = compare(printed, "totals: 100\ntotals: 300\ntotals: 219\ntotals: 210\ntotals: 7\n")?;
        assert!(table.ends_with("|\n| plain | dense | 219 | 1.095 |\n"), "{table}");
        assert_eq!(above, 0);
        let (_, above) = compare(printed, "totals: 100\ntotals: 300\ntotals: 219\ntotals: 221\ntotals: 7\n")?;
        assert_eq!(above, 1);
        Ok(())
    }

    #[test]
    fn every_call_has_its_count() {
        assert!(compare("measured: plain: typical\n", "totals: 1\n").is_err());
        assert!(compare("", "totals: 1\n").is_err());
    }
}
