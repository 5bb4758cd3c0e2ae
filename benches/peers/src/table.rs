//! The tables, in Markdown.

use std::{
    fs,
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};

use der::DateTime;

use crate::{
    ecdsa,
    external::{Absent, Child},
    measure::{Contender, Measured, Side},
    multi_buffer::MultiBuffer,
    ours,
};

/// Which packages of the lock file are named with their version.
const PACKAGES: [&str; 8] = ["genuine", "appattest", "appattest-rs", "aws-lc-rs", "graviola", "p256", "p384", "ring"];

/// The head of the table.
pub(crate) const HEAD: &str =
    "| operation | contender | median | to aws-lc-rs | to the best rival |\n|---|---|---:|---:|---:|\n";

/// What a contender came to.
pub(crate) struct Row {
    /// What was done.
    pub(crate) operation: &'static str,
    /// By whom.
    pub(crate) name: String,
    side: Side,
    figures: Result<Figures, String>,
}

/// The figures of a row.
#[derive(Clone, Copy)]
pub(crate) struct Figures {
    /// Nanoseconds for one verification.
    pub(crate) median: f64,
    /// Its time over that of the reference.
    pub(crate) to_reference: Option<f64>,
    /// Its time over that of the fastest rival.
    pub(crate) to_best: Option<f64>,
}

/// All rows.
pub(crate) struct Table(pub(crate) Vec<Row>);

/// Machine and date.
pub(crate) fn machine() -> String {
    format!("{}; {}; {}", processor(), rustc(), today())
}

/// What was measured, in which version.
pub(crate) fn versions(children: &[Result<Child, Absent>]) -> String {
    let mut versions: Vec<_> = PACKAGES.iter().filter_map(|package| locked(package)).collect();
    versions.push(openssl::version::version().to_owned());
    versions.extend(MultiBuffer::load().map(|library| library.version().to_owned()));
    versions.extend(children.iter().flatten().map(|child| child.versions().to_owned()));
    versions.join(" · ")
}

/// The rows of one operation.
pub(crate) fn rows(contenders: &[Contender], measured: &[Option<Measured>]) -> Vec<Row> {
    let entries = || contenders.iter().zip(measured);
    let speed = |measured: &Measured| measured.to_reference.unwrap_or(measured.median);
    let best = entries()
        .filter(|(contender, _)| contender.side == Side::Rival)
        .filter_map(|(_, measured)| measured.as_ref().map(speed))
        .min_by(f64::total_cmp);
    let row = |(contender, measured): (&Contender, &Option<Measured>)| {
        let figures = match (measured, &contender.run) {
            (Some(measured), _) => Ok(Figures {
                median: measured.median,
                to_reference: measured.to_reference,
                to_best: best.map(|best| speed(measured) / best),
            }),
            (None, Err(reason)) => Err(reason.clone()),
            (None, Ok(_)) => Err("not measured".to_owned()),
        };
        Row { operation: contender.operation, name: contender.name.clone(), side: contender.side, figures }
    };
    entries().map(row).collect()
}

impl Row {
    /// A row in Markdown.
    pub(crate) fn text(&self) -> String {
        format!("| {} | {} | {} |\n", self.operation, self.name, self.cells())
    }

    /// The figures in Markdown.
    pub(crate) fn cells(&self) -> String {
        match &self.figures {
            Ok(figures) => {
                format!("{} | {} | {}", readable(figures.median), ratio(figures.to_reference), ratio(figures.to_best))
            }
            Err(reason) => format!("{reason} | | "),
        }
    }
}

impl Table {
    /// The row of a contender, if there is one.
    pub(crate) fn find(&self, operation: &str, name: &str) -> Option<&Row> {
        self.0.iter().find(|row| row.operation == operation && row.name == name)
    }

    /// The figures of a contender, or why there are none.
    pub(crate) fn figures(&self, operation: &str, name: &str) -> Result<Figures, &str> {
        let row = self.find(operation, name).ok_or("not measured")?;
        row.figures.as_ref().copied().map_err(String::as_str)
    }

    /// The time of a contender over that of the reference.
    pub(crate) fn to_reference(&self, operation: &str, name: &str) -> Result<f64, &str> {
        self.figures(operation, name)?.to_reference.ok_or("no reference")
    }

    /// The fastest rival's time over that of the reference.
    pub(crate) fn best_rival(&self, operation: &str) -> Option<(&str, f64)> {
        let rivals = self.0.iter().filter(|row| row.operation == operation && row.side == Side::Rival);
        let speeds = rivals.filter_map(|row| Some((row.name.as_str(), row.figures.as_ref().ok()?.to_reference?)));
        speeds.min_by(|(_, a), (_, b)| a.total_cmp(b))
    }

    /// The table in Markdown.
    pub(crate) fn text(&self) -> String {
        HEAD.to_owned() + &self.0.iter().map(Row::text).collect::<String>()
    }

    /// When preparing pays, in Markdown.
    pub(crate) fn break_even(&self) -> Result<String, &str> {
        let curves = [
            ("P-256", ecdsa::P256, ours::PREPARE_P256, Some(ours::LOAD_P256), [512, 2 << 10, 8 << 10, 32 << 10]),
            ("P-384", ecdsa::P384, ours::PREPARE_P384, None, [768, 3 << 10, 12 << 10, 48 << 10]),
        ];
        let mut lines = vec![
            "| key | table | prepare | load | verify | unprepared | prepared anew, pays from | loaded, pays from |\n\
             |---|---|---:|---:|---:|---:|---:|---:|\n"
                .to_owned(),
        ];
        for (curve, verify, prepare, load, sizes) in curves {
            let plain = self.to_reference(verify, ours::GENUINE_CRYPTO)?;
            for size in sizes {
                let name = ours::prepared(size);
                let prepared = self.to_reference(verify, &name)?;
                let prepare = self.to_reference(prepare, &name)?;
                let load = load.map(|load| self.to_reference(load, &name)).transpose()?;
                let from =
                    |cost| pays_from(cost, plain - prepared).map_or_else(|| "never".to_owned(), |n| n.to_string());
                lines.push(format!(
                    "| {curve} | {} | {prepare:.2} | {} | {prepared:.2} | {plain:.2} | {} | {} |\n",
                    ours::size(size),
                    load.map_or_else(|| "–".to_owned(), |load| format!("{load:.2}")),
                    from(prepare),
                    load.map_or_else(|| "–".to_owned(), from),
                ));
            }
        }
        Ok(lines.concat())
    }
}

/// The number of verifications from which on a cost is made up for.
fn pays_from(cost: f64, saved: f64) -> Option<u32> {
    (1..1_000).find(|verifications| f64::from(*verifications) * saved > cost)
}

fn ratio(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.3}"))
}

fn readable(nanoseconds: f64) -> String {
    match nanoseconds {
        1e6.. => format!("{:.2} ms", nanoseconds / 1e6),
        1e3.. => format!("{:.1} µs", nanoseconds / 1e3),
        _ => format!("{nanoseconds:.0} ns"),
    }
}

/// Name and version of a package: the newest where the lock file has several, because a rival brings another.
fn locked(package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let lines: Vec<_> = include_str!("../Cargo.lock").lines().collect();
    let version = lines.windows(2).rfind(|lines| lines[0] == name)?[1].split('"').nth(1)?;
    Some(format!("{package} {version}"))
}

fn processor() -> String {
    let information = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = information.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    model.unwrap_or(std::env::consts::ARCH).to_owned()
}

fn rustc() -> String {
    let output = Command::new("rustc").arg("--version").output();
    output.map_or_else(|_| "rustc".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn today() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    let date = DateTime::from_unix_duration(now).expect("a year of four digits");
    format!("{}-{:02}-{:02}", date.year(), date.month(), date.day())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_is_made_up_for() {
        assert_eq!(pays_from(0.1, 0.5), Some(1));
        assert_eq!(pays_from(1.2, 0.5), Some(3));
        assert_eq!(pays_from(1.0, 0.0), None);
    }
}
