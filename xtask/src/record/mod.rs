//! The records: where they lie, and what all of them have in common.

#[cfg(feature = "door")]
pub mod app_attest;
pub mod footprint;
pub mod gateway;
pub mod instructions;
pub mod peers;

use std::{fmt, fs, path::PathBuf, process::Command};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{Outcome, repository};

/// What gave the figures of a record, and when.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The processor, or what stands for it.
    pub machine: String,
    /// `rustc --version`.
    pub compiler: String,
    /// Year, month, day.
    pub date: String,
}

impl Origin {
    /// This machine, this compiler, today.
    ///
    /// # Errors
    ///
    /// If `rustc` or `date` does not run.
    pub fn here() -> Outcome<Self> {
        let information = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = information.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
        Self::on(model.unwrap_or(std::env::consts::ARCH))
    }

    /// A machine that stands for the processor, this compiler, today.
    ///
    /// # Errors
    ///
    /// If `rustc` or `date` does not run.
    pub fn on(machine: &str) -> Outcome<Self> {
        Ok(Self {
            machine: machine.to_owned(),
            compiler: printed("rustc", &["--version"])?,
            date: printed("date", &["+%F"])?,
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}; {}", self.machine, self.compiler, self.date)
    }
}

/// A file of `benches/record`.
pub trait Record: DeserializeOwned + Serialize {
    /// Its name without the extension.
    const NAME: &'static str;
    /// What writes it.
    const WRITER: &'static str;

    /// Where it lies.
    #[must_use]
    fn path() -> PathBuf {
        repository().join("benches/record").join(Self::NAME).with_extension("toml")
    }

    /// The committed one.
    ///
    /// # Errors
    ///
    /// If there is none, or if it has another form.
    fn committed() -> Outcome<Self> {
        let text = fs::read_to_string(Self::path()).map_err(|error| format!("{}: {error}", Self::path().display()))?;
        toml::from_str(&text).map_err(|error| format!("{}: {error}", Self::path().display()).into())
    }

    /// Its text.
    ///
    /// # Errors
    ///
    /// If it has no form in TOML.
    fn text(&self) -> Outcome<String> {
        Ok(format!("# Written by `{}`.\n\n{}", Self::WRITER, toml::to_string(self)?))
    }

    /// Writes it.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    fn write(&self) -> Outcome<()> {
        Ok(fs::write(Self::path(), self.text()?)?)
    }
}

/// What a command prints.
fn printed(program: &str, arguments: &[&str]) -> Outcome<String> {
    let output = Command::new(program).args(arguments).output().map_err(|error| format!("{program}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{program}: {}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// With commas between thousands.
#[must_use]
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

/// A number in larger units, with so many digits after the point.
#[must_use]
pub fn decimal(number: u64, unit: u64, digits: u8) -> String {
    let scale = 10_u64.pow(u32::from(digits));
    let scaled = (number * scale + unit / 2) / unit;
    let width = usize::from(digits);
    format!("{}.{:0width$}", scaled / scale, scaled % scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([1, 100, 1_000, 10_200_003].map(thousands), ["1", "100", "1,000", "10,200,003"]);
    }

    #[test]
    fn numbers_are_rounded() {
        assert_eq!(decimal(34_381_499, 1_000_000, 3), "34.381");
        assert_eq!(decimal(34_381_500, 1_000_000, 3), "34.382");
        assert_eq!(decimal(26_480, 1_000_000, 3), "0.026");
        assert_eq!(decimal(101_350, 1_000, 1), "101.4");
    }

    /// Each is read without loss, so that writing it anew changes its figures alone.
    #[test]
    fn committed_records_are_as_they_would_be_written() -> Outcome<()> {
        fn check<R: Record>() -> Outcome<()> {
            assert_eq!(R::committed()?.text()?, fs::read_to_string(R::path())?, "{}", R::NAME);
            Ok(())
        }
        check::<app_attest::AppAttest>()?;
        check::<footprint::Footprint>()?;
        check::<gateway::Gateway>()?;
        check::<instructions::Instructions>()?;
        check::<peers::Peers>()
    }
}
