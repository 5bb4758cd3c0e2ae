//! What a verification takes, and what the engine takes of it: the medians of `benches/app_attest.rs`.

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};

use super::{Origin, Record};
use crate::Outcome;

/// All figures, in the order in which they were measured.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AppAttest {
    /// Where they come from.
    pub origin: Origin,
    /// Group by group.
    pub figure: Vec<Figure>,
}

/// A median in nanoseconds, with its 95 % confidence interval.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    group: String,
    name: String,
    median: f64,
    from: f64,
    to: f64,
}

impl Record for AppAttest {
    const NAME: &'static str = "app_attest";
    const WRITER: &'static str = "cargo xtask bench --write";
}

impl AppAttest {
    /// Reads what criterion left in a directory.
    ///
    /// # Errors
    ///
    /// If it left nothing, or something else.
    pub fn from_criterion(directory: &Path) -> Outcome<Self> {
        let mut figures = Vec::new();
        for group in fs::read_dir(directory)? {
            let group = group?.path();
            for function in group.is_dir().then(|| fs::read_dir(&group)).transpose()?.into_iter().flatten() {
                let new = function?.path().join("new");
                let benchmark = new.join("benchmark.json");
                if benchmark.is_file() {
                    let measured = fs::metadata(&benchmark)?.modified()?;
                    let names = fs::read_to_string(benchmark)?;
                    let estimates = fs::read_to_string(new.join("estimates.json"))?;
                    figures.push((measured, Figure::read(&names, &estimates)?));
                }
            }
        }
        if figures.is_empty() {
            return Err("the benches left no estimates".into());
        }
        // As they were measured: one group after the other.
        figures.sort_by_key(|(measured, _)| *measured);
        Ok(Self { origin: Origin::here()?, figure: figures.into_iter().map(|(_, figure)| figure).collect() })
    }

    /// All of it, in Markdown.
    #[must_use]
    pub fn table(&self) -> String {
        let groups = self.figure.chunk_by(|one, next| one.group == next.group).map(|figures| {
            let row = |figure: &Figure| {
                let times = [figure.median, figure.from, figure.to].map(readable);
                format!("| {} | {} |\n", figure.name, times.join(" | "))
            };
            let rows: String = figures.iter().map(row).collect();
            format!("| {} | median | from | to |\n|---|---:|---:|---:|\n{rows}", figures[0].group)
        });
        let groups: Vec<_> = groups.collect();
        format!("{}\n\n{}", self.origin, groups.join("\n"))
    }

    /// The two objects, in Markdown.
    ///
    /// # Errors
    ///
    /// If a figure is missing.
    pub fn short(&self) -> Outcome<String> {
        let row = |label, group, names: [&str; 3]| {
            let median = |name: &str| {
                let figure = self.figure.iter().find(|figure| figure.group == group && figure.name == name);
                figure.map(|figure| readable(figure.median)).ok_or_else(|| format!("no figure: {group}, {name}"))
            };
            let cells: Result<Vec<_>, _> = names.into_iter().map(median).collect();
            Ok::<_, String>(format!("| {label} | {} |\n", cells?.join(" | ")))
        };
        let attestation = ["parse and verify", "bare ECDSA, 2 × P-384", "engine"];
        let assertion = ["parse, verify and accept", "bare ECDSA, 1 × P-256", "engine"];
        Ok(format!(
            "{}\n\n| | whole | bare ECDSA | engine |\n|---|---:|---:|---:|\n{}{}",
            self.origin,
            row("attestation, iOS 27", "minted attestation", attestation)?,
            row("assertion, iOS 27", "minted assertion", assertion)?,
        ))
    }
}

impl Figure {
    /// From criterion's two files on one function.
    fn read(names: &str, estimates: &str) -> Outcome<Self> {
        #[derive(Deserialize)]
        struct Names {
            group_id: String,
            function_id: String,
        }
        #[derive(Deserialize)]
        struct Estimates {
            median: Estimate,
        }
        #[derive(Deserialize)]
        struct Estimate {
            point_estimate: f64,
            confidence_interval: Interval,
        }
        #[derive(Deserialize)]
        struct Interval {
            lower_bound: f64,
            upper_bound: f64,
        }
        let names: Names = serde_json::from_str(names)?;
        let Estimates { median } = serde_json::from_str(estimates)?;
        Ok(Self {
            group: names.group_id,
            name: names.function_id,
            median: rounded(median.point_estimate),
            from: rounded(median.confidence_interval.lower_bound),
            to: rounded(median.confidence_interval.upper_bound),
        })
    }
}

/// Three digits, as they are printed: more would be noise.
fn rounded(nanoseconds: f64) -> f64 {
    format!("{nanoseconds:.2e}").parse().expect("a number")
}

fn readable(nanoseconds: f64) -> String {
    let (number, unit) = match nanoseconds {
        1e6.. => (nanoseconds / 1e6, "ms"),
        1e3.. => (nanoseconds / 1e3, "µs"),
        _ => (nanoseconds, "ns"),
    };
    format!("{} {unit}", rounded(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn criterions_files_are_read() -> Outcome<()> {
        let names = r#"{"group_id":"minted assertion","function_id":"engine","value_str":null}"#;
        let estimates = r#"{"mean":{"confidence_interval":{"lower_bound":1.0,"upper_bound":2.0},"point_estimate":1.5},
            "median":{"confidence_interval":{"confidence_level":0.95,"lower_bound":1781.2,"upper_bound":1790.0},
            "point_estimate":1784.9,"standard_error":1.0}}"#;
        let Figure { group, name, median, from, to } = Figure::read(names, estimates)?;
        assert_eq!((group.as_str(), name.as_str()), ("minted assertion", "engine"));
        assert_eq!([median, from, to].map(readable), ["1.78 µs", "1.78 µs", "1.79 µs"]);
        Ok(())
    }

    #[test]
    fn three_digits_are_shown() {
        let shown = [76.34, 961.2, 1_724_000.0, 269_600.0, 4_000.0].map(readable);
        assert_eq!(shown, ["76.3 ns", "961 ns", "1.72 ms", "270 µs", "4 µs"]);
    }
}
