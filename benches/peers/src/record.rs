//! What `--write` leaves in the repository: `benches/record/peers.md`, a table in README.md, and a picture.

use std::{fs, io, path::Path};

use crate::{
    chart,
    ecdsa::{AWS_LC, DEFAULT, P256, P256_BATCH, P384},
    ours::{self, LANES_BATCH, GENUINE_CRYPTO},
    scaling::Scaling,
    table::{Row, Table},
    whole::{ASSERTION, ATTESTATION, cached_issuer},
};

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const START: &str = "<!-- figures: benches/peers -->\n";
const END: &str = "<!-- end of figures: benches/peers -->";

/// Everything measured.
pub(crate) struct Record {
    /// Processor, compiler, date.
    pub(crate) machine: String,
    /// Of libraries and languages.
    pub(crate) versions: String,
    /// Operations and contenders.
    pub(crate) table: Table,
    /// Devices, batches and threads.
    pub(crate) scaling: Scaling,
}

/// Whether there is a place for everything, before anything is measured.
///
/// # Errors
///
/// Where there is none.
pub(crate) fn check() -> Result<(), String> {
    let readme = read("README.md").map_err(|error| format!("README.md: {error}"))?;
    between_markers(&readme, "").map(drop)
}

impl Record {
    /// Writes it.
    ///
    /// # Errors
    ///
    /// What could not be written.
    pub(crate) fn write(&self) -> Result<(), String> {
        let readme = read("README.md").map_err(|error| format!("README.md: {error}"))?;
        for (path, text) in [
            ("benches/record/peers.md", self.file()),
            ("src/guide/throughput.svg", chart::svg(&self.scaling)),
            ("README.md", between_markers(&readme, &self.readme())?),
        ] {
            fs::write(Path::new(REPOSITORY).join(path), text).map_err(|error| format!("{path}: {error}"))?;
        }
        Ok(())
    }

    fn file(&self) -> String {
        let Self { machine, versions, table, scaling } = self;
        let break_even = table.break_even().unwrap_or_else(|reason| format!("{reason}\n"));
        format!(
            "# Rivals, measured\n\n\
             Written by `benches/peers/run --write`; [its README](../peers/README.md) says what the rows mean. Ratios bear \
             comparison,\ntimes less so: the machine has other work.\n\n\
             {machine}\n\n{versions}\n\n{}\n## Targets\n\n{}\n## Preparing\n\n\
             In verifications by aws-lc-rs with a key of the same curve. \"Pays from\" is the number of verifications with \
             one key from\nwhich on preparing it, or loading it, and verifying takes less than verifying without.\n\n\
             {break_even}\n## Devices, batches and threads\n\n\
             Whole assertions, devices in random order. Keys and tables lie in memory, but for those prepared anew. {}\n\n{}",
            table.text(),
            targets(table),
            scaling.working_set(),
            scaling.table().trim_end().to_owned() + "\n",
        )
    }

    fn readme(&self) -> String {
        let rows = [
            ("P-256", P256, GENUINE_CRYPTO.to_owned()),
            ("P-256, prepared 2 KB", P256, ours::prepared(2 << 10)),
            ("P-256, prepared 8 KB", P256, ours::prepared(8 << 10)),
            ("P-256, prepared 8 KB, one over eight lanes", P256, ours::lanes_prepared(8 << 10)),
            ("P-256, eight lanes", P256_BATCH, LANES_BATCH.to_owned()),
            ("P-256, eight lanes, prepared 8 KB", P256_BATCH, ours::lanes_prepared(8 << 10)),
            ("P-384", P384, GENUINE_CRYPTO.to_owned()),
            ("P-384, prepared 48 KB", P384, ours::prepared(48 << 10)),
            ("whole assertion, prepared 8 KB", ASSERTION, ours::prepared(8 << 10)),
            ("whole attestation, cached issuer 48 KB", ATTESTATION, cached_issuer(48 << 10)),
        ];
        let head =
            format!("{}\n\n| | median | to aws-lc-rs | to the best rival |\n|---|---:|---:|---:|\n", self.machine);
        let row = |(label, operation, name): (_, _, String)| {
            // Where there are no lanes, a row of each operation says why; others are not there.
            let cells = self.table.find(operation, &name).map_or_else(|| "– | – | –".to_owned(), Row::cells);
            format!("| {label} | {cells} |\n")
        };
        head + &rows.map(row).concat()
    }
}

/// The targets on a host, and what was measured.
pub(crate) fn targets(table: &Table) -> String {
    let to_reference = |operation, name: &str| table.to_reference(operation, name);
    let of = |operation, name: &str, other| Ok(to_reference(operation, name)? / to_reference(operation, other)?);
    let faster = |operation, name: &str| {
        let (_, best) = table.best_rival(operation).ok_or("no rival")?;
        Ok::<_, &str>(best / to_reference(operation, name)?)
    };
    let most = [
        ("P-256, unprepared", 1.0, to_reference(P256, GENUINE_CRYPTO)),
        ("P-256, prepared 2 KB", 0.38, to_reference(P256, &ours::prepared(2 << 10))),
        ("P-256, prepared 8 KB", 0.28, to_reference(P256, &ours::prepared(8 << 10))),
        ("P-256, eight lanes, unprepared", 0.22, to_reference(P256_BATCH, LANES_BATCH)),
        ("P-256, eight lanes, prepared 8 KB", 0.07, to_reference(P256_BATCH, &ours::lanes_prepared(8 << 10))),
        ("P-256, one over eight lanes, prepared 8 KB", 0.15, to_reference(P256, &ours::lanes_prepared(8 << 10))),
        ("P-384, unprepared", 0.9, to_reference(P384, GENUINE_CRYPTO)),
        ("P-384, prepared 48 KB", 0.3, to_reference(P384, &ours::prepared(48 << 10))),
    ];
    let least = [
        ("P-256, unprepared, faster than p256", 5.0, of(P256, DEFAULT, GENUINE_CRYPTO)),
        (
            "whole assertion, prepared 8 KB, faster than the best rival",
            3.0,
            faster(ASSERTION, &ours::prepared(8 << 10)),
        ),
        (
            "whole attestation, cached issuer 48 KB, faster than the best rival",
            5.0,
            faster(ATTESTATION, &cached_issuer(48 << 10)),
        ),
    ];
    let most = most.map(|(label, target, measured)| {
        format!("| {label}, to aws-lc-rs | ≤ {target:.2} | {} |\n", verdict(measured, "", |ratio| ratio / target))
    });
    let least = least.map(|(label, target, measured)| {
        format!("| {label} | ≥ {target} × | {} |\n", verdict(measured, " ×", |ratio| target / ratio))
    });
    let itself = to_reference(P256, AWS_LC).map_or_else(str::to_owned, |ratio| format!("{ratio:.3}"));
    format!(
        "| | target | measured | |\n|---|---:|---:|---|\n{}{}\nThe noise that is left: aws-lc-rs to itself, {itself}. The targets on Cortex-M4 are checked by \
         `examples/firmware/measure`.\n",
        most.concat(),
        least.concat()
    )
}

/// What was measured, and whether the target is met: `excess` is above one if it is not.
fn verdict(measured: Result<f64, &str>, unit: &str, excess: impl Fn(f64) -> f64) -> String {
    match measured {
        Ok(ratio) if excess(ratio) <= 1.0 => format!("{ratio:.3}{unit} | met"),
        Ok(ratio) => format!("{ratio:.3}{unit} | missed by {:.0} %", (excess(ratio) - 1.0) * 100.0),
        Err(reason) => format!("– | {reason}"),
    }
}

fn read(path: &str) -> io::Result<String> {
    fs::read_to_string(Path::new(REPOSITORY).join(path))
}

/// A text with another between the markers.
fn between_markers(text: &str, figures: &str) -> Result<String, String> {
    let missing = || format!("README.md has no place for the figures: {} … {END}", START.trim_end());
    let (before, rest) = text.split_once(START).ok_or_else(missing)?;
    let (_, after) = rest.split_once(END).ok_or_else(missing)?;
    Ok(format!("{before}{START}\n{figures}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_go_between_the_markers() {
        let readme = format!("a\n\n{START}\nold\n\n{END}\n\nb\n");
        assert_eq!(between_markers(&readme, "new\n"), Ok(format!("a\n\n{START}\nnew\n\n{END}\n\nb\n")));
        for missing in [START, END] {
            assert!(between_markers(&readme.replace(missing, ""), "new\n").is_err());
        }
    }

    #[test]
    fn a_target_is_met_or_missed() {
        assert_eq!(verdict(Ok(0.25), "", |ratio| ratio / 0.25), "0.250 | met");
        assert_eq!(verdict(Ok(0.3), "", |ratio| ratio / 0.25), "0.300 | missed by 20 %");
        assert_eq!(verdict(Ok(4.0), " ×", |ratio| 5.0 / ratio), "4.000 × | missed by 25 %");
        assert_eq!(verdict(Err("absent"), "", |ratio| ratio), "– | absent");
    }
}
