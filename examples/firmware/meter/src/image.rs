//! The images: how they are built and run.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{Outcome, elf::Elf};

/// A machine of QEMU's.
pub(crate) struct Board {
    /// The processor.
    pub(crate) name: &'static str,
    pub(crate) target: &'static str,
}

/// The reference comes first: the budgets are its.
pub(crate) const BOARDS: [Board; 3] = [
    Board { name: "Cortex-M4", target: "thumbv7em-none-eabihf" },
    Board { name: "Cortex-M33", target: "thumbv8m.main-none-eabihf" },
    Board { name: "RV32", target: "riscv32imac-unknown-none-elf" },
];

/// One binary for one board in one profile.
pub(crate) struct Build {
    pub(crate) board: &'static Board,
    pub(crate) profile: &'static str,
    pub(crate) binary: &'static str,
    /// What `cargo` is told about features.
    pub(crate) features: &'static [&'static str],
}

/// A linked image, with what only the compiler knows about it.
pub(crate) struct Image {
    pub(crate) build: Build,
    pub(crate) elf: Elf,
    /// Bytes of stack of each function, by symbol.
    pub(crate) frames: BTreeMap<String, u64>,
    pub(crate) path: PathBuf,
}

impl Build {
    /// Builds it as `cargo build` does, byte for byte, and has two tools say more: code generation tells the frame of every
    /// function, and the linker keeps the relocations, which are the calls.
    pub(crate) fn image(self) -> Outcome<Image> {
        // The engine's image does not link if it can panic. Here it shall, so that it can be said where.
        let link: &[&str] = if self.binary == "engine" { &["-C", "link-arg=--warn-unresolved-symbols"] } else { &[] };
        let output = Command::new("cargo")
            .args(["rustc", "--locked", "--bin", self.binary, "--profile", self.profile, "--target", self.board.target])
            .args(self.features)
            .args(["--", "-C", "remark=prologepilog", "-C", "link-arg=--emit-relocs"])
            .args(link)
            .env_remove("GENUINE_REAL_VECTORS")
            .stderr(Stdio::piped())
            .output()?;
        let said = String::from_utf8(output.stderr)?;
        if !output.status.success() {
            return Err(format!("{said}\n{self} does not build").into());
        }
        let path = target_directory()?.join(self.board.target).join(self.profile).join(self.binary);
        let elf = Elf::parse(&fs::read(&path)?)?;
        Ok(Image { elf, frames: frames(&said), path, build: self })
    }
}

/// Runs an image, has it succeed, and returns what it printed.
pub(crate) fn run(path: &Path) -> Outcome<String> {
    let output = Command::new("boards/run").arg(path).stderr(Stdio::inherit()).output()?;
    let said = String::from_utf8(output.stdout)?;
    if output.status.success() {
        Ok(said)
    } else {
        Err(format!("{said}\n{} fails: {}", path.display(), output.status).into())
    }
}

impl std::fmt::Display for Build {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {}, {}", self.board.name, self.profile, self.binary)
    }
}

/// Where cargo has put this very program, and puts the images: `target/debug/meter`.
pub(crate) fn target_directory() -> Outcome<PathBuf> {
    let this = env::current_exe()?;
    Ok(this.ancestors().nth(2).ok_or("no target directory")?.to_owned())
}

/// Reads lines of the form `… 648 stack bytes in function '_ZN…E'`.
fn frames(said: &str) -> BTreeMap<String, u64> {
    let frame = |line: &str| {
        let (before, after) = line.split_once(" stack bytes in function '")?;
        let bytes = before.rsplit(' ').next()?.parse().ok()?;
        Some((after.strip_suffix('\'')?.to_owned(), bytes))
    };
    said.lines().filter_map(frame).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn frames_are_read_from_what_the_compiler_says() {
        let said = "note: <unknown file>:0:0 prologepilog (analysis): 648 stack bytes in function '_ZN4lock4openE'\n\n\
                    warning: something else\n";
        assert_eq!(super::frames(said), [("_ZN4lock4openE".to_owned(), 648)].into());
    }
}
