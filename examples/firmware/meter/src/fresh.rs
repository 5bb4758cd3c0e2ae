//! A project as a new user makes it: the example's sources, with what its README tells to set in the place of the
//! example's own settings, and with all dependencies resolved anew.
//!
//! It shows what the example's configuration and lock file would hide: a setting that no user is told of, and a release of a
//! dependency that costs more than the one that was measured.

use std::{
    collections::BTreeSet,
    env, fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{self, Command},
};

use toml::{Table, Value};
use xtask::record::{Record as _, footprint::Footprint};

use crate::{
    OWN, Outcome,
    elf::Elf,
    figures::cost,
    image::{BOARDS, Board, run, target_directory},
};

/// The images: binary, what its figures are called, and features.
const IMAGES: [(&str, &str, &[&str]); 2] =
    [("demo", "full, opt 3", &[]), ("genuine_crypto", "genuine-crypto, opt 3", OWN)];

/// One of each architecture: Cortex-M33 compiles what Cortex-M4 does.
const MEASURED: [&Board; 2] = [&BOARDS[0], &BOARDS[2]];

/// Says under "In a project of your own" what to set.
const README: &str = "README.md";

/// How far a figure may be from the committed one, in per cent.
const TOLERANCE: u64 = 5;

/// Builds the project, runs it, and says where it costs something else than the committed figures have it.
pub(crate) fn differs_from_committed() -> Outcome<Vec<String>> {
    let committed = Footprint::committed()?;
    let project = Project::make()?;
    let mut faults = Vec::new();
    println!("| new project | | | measured | committed |\n|---|---|---|---:|---:|");
    for board in MEASURED {
        for (binary, profile, features) in IMAGES {
            let image = project.build(board, binary, features)?;
            let printed = run(&image)?;
            let instructions = |kind| cost(&printed, kind).map(|cost| cost.instructions);
            let then = committed.find(board.name, profile).ok_or_else(|| format!("no figures of {profile}"))?;
            for (what, now, then) in [
                ("flash", Some(Elf::parse(&fs::read(&image)?)?.flash), then.flash),
                ("attestation", instructions("attestation"), then.attestation.as_ref().map(|cost| cost.instructions)),
                ("assertion", instructions("assertion"), then.assertion.as_ref().map(|cost| cost.instructions)),
            ] {
                let (now, then) = now.zip(then).ok_or_else(|| format!("{profile} has no figure for {what}"))?;
                println!("| {} | {profile} | {what} | {now} | {then} |", board.name);
                if differ(now, then) {
                    faults.push(format!(
                        "{}, {profile}, {what}: {now} in a new project, the table has {then}",
                        board.name
                    ));
                }
            }
        }
    }
    println!();
    let [new, old] = [versions(&project.0.join("Cargo.lock"))?, versions(Path::new("Cargo.lock"))?];
    for (name, version) in new.difference(&old) {
        println!("resolved anew: {name} {version}, not as in Cargo.lock");
    }
    Ok(faults)
}

const fn differ(now: u64, then: u64) -> bool {
    now.abs_diff(then) * 100 > then * TOLERANCE
}

/// A directory with the project, which is removed in the end.
struct Project(PathBuf);

impl Project {
    /// Not below the example, whose configuration would count for it.
    fn make() -> Outcome<Self> {
        let (readme, example) = (fs::read_to_string(README)?, env::current_dir()?);
        let project = Self(env::temp_dir().join(format!("genuine-fresh-{}", process::id())));
        fs::create_dir_all(project.0.join(".cargo"))?;
        for part in ["src", "boards", "build.rs"] {
            symlink(example.join(part), project.0.join(part))?;
        }
        fs::write(project.0.join(".cargo/config.toml"), setting(&readme, ".cargo/config.toml")?)?;
        let manifest = manifest(&fs::read_to_string("Cargo.toml")?, &example, setting(&readme, "Cargo.toml")?)?;
        fs::write(project.0.join("Cargo.toml"), manifest)?;
        Ok(project)
    }

    /// The path of the image. Compiled beside the example's, so that the next run has the dependencies at hand.
    fn build(&self, board: &Board, binary: &str, features: &[&str]) -> Outcome<PathBuf> {
        let directory = target_directory()?.join("fresh");
        let status = Command::new("cargo")
            .args(["build", "--quiet", "--release", "--bin", binary, "--target", board.target])
            .args(features)
            .arg("--target-dir")
            .arg(&directory)
            .current_dir(&self.0)
            .env_remove("GENUINE_REAL_VECTORS")
            .status()?;
        if !status.success() {
            return Err(format!("{binary} does not build in a new project for {}", board.name).into());
        }
        Ok(directory.join(board.target).join("release").join(binary))
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        // What cannot be removed lies among the system's temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a page tells to write into a file: the block of TOML that starts with the file's name.
fn setting<'p>(page: &'p str, file: &str) -> Outcome<&'p str> {
    let start = format!("```toml\n# {file}\n");
    let block = page.split_once(&start).and_then(|(_, rest)| Some(rest.split_once("```")?.0));
    block.ok_or_else(|| format!("{README} does not say what to write into {file}").into())
}

/// The example's manifest with these settings in the place of its own.
fn manifest(example: &str, directory: &Path, settings: &str) -> Outcome<String> {
    let mut manifest: Table = example.parse()?;
    // `meter` is no part of it; nor is the oldest Rust, for which older versions would be resolved.
    manifest.retain(|key, _| !["workspace", "profile"].contains(&key));
    if let Some(Value::Table(package)) = manifest.get_mut("package") {
        package.remove("rust-version");
    }
    for kind in ["dependencies", "build-dependencies"] {
        let dependencies = manifest.get_mut(kind).and_then(Value::as_table_mut).into_iter().flatten();
        for path in dependencies.filter_map(|(_, dependency)| dependency.get_mut("path")) {
            let relative = path.as_str().ok_or("a path is a string")?;
            *path = directory.join(relative).to_string_lossy().into_owned().into();
        }
    }
    manifest.extend(settings.parse::<Table>()?);
    Ok(toml::to_string(&manifest)?)
}

/// Names and versions of a lock file.
fn versions(lock: &Path) -> Outcome<BTreeSet<(String, String)>> {
    let lock: Table = fs::read_to_string(lock)?.parse()?;
    let text = |package: &Value, key| Some(package.get(key)?.as_str()?.to_owned());
    let packages = lock.get("package").and_then(Value::as_array).into_iter().flatten();
    Ok(packages.filter_map(|package| Some((text(package, "name")?, text(package, "version")?))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_what_the_readme_says() {
        let page = "Text.\n\n```toml\n# .cargo/config.toml\nfirst = 1\n```\n\n```toml\n# Cargo.toml\nsecond = 2\n```\n";
        assert_eq!(setting(page, ".cargo/config.toml").unwrap(), "first = 1\n");
        assert_eq!(setting(page, "Cargo.toml").unwrap(), "second = 2\n");
        assert!(setting(page, "rust-toolchain.toml").is_err());
    }

    #[test]
    fn nothing_of_the_examples_own_settings_is_left() {
        let example = "\
            workspace.members = [\"meter\"]\n\
            [package]\nname = \"firmware\"\nrust-version = \"1.88\"\n\
            [dependencies]\ngenuine = { path = \"../..\" }\nsha2 = \"0.11\"\n\
            [profile.release]\nlto = \"fat\"\n[profile.size]\ninherits = \"release\"\n";
        let made = manifest(example, Path::new("/example"), "[profile.release]\npanic = \"abort\"\n").unwrap();
        let expected = "\
            [package]\nname = \"firmware\"\n\n\
            [dependencies]\nsha2 = \"0.11\"\n\n[dependencies.genuine]\npath = \"/example/../..\"\n\n\
            [profile.release]\npanic = \"abort\"\n";
        assert_eq!(made.parse::<Table>().unwrap(), expected.parse::<Table>().unwrap(), "{made}");
    }

    #[test]
    fn five_per_cent_are_allowed() {
        assert!(!differ(1_050, 1_000) && !differ(950, 1_000));
        assert!(differ(1_051, 1_000) && differ(949, 1_000));
    }
}
