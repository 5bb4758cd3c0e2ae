//! Other verifiers and libraries beside ours, and how throughput grows with devices, batches and threads.

use serde::{Deserialize, Serialize};

use super::{Origin, Record, decimal, thousands};

const ASSERTION: &str = "assertion, whole";
const ATTESTATION: &str = "attestation, whole";
const P256: &str = "ECDSA P-256, SHA-256";
const P256_BATCH: &str = "ECDSA P-256, SHA-256, batch of 8";
const P384: &str = "ECDSA P-384, SHA-256";
const RSA_4096: &str = "RSA-4096, SHA-256";

/// All of it.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Peers {
    /// Where it comes from.
    pub origin: Origin,
    /// Libraries and languages, with their versions.
    pub versions: Vec<String>,
    /// Operation by operation.
    pub figure: Operations,
    /// Devices, batches and threads.
    pub scaling: Scaling,
}

/// What contenders came to, operation by operation.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Operations(pub Vec<Figure>);

/// What one contender came to in one operation.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// What was done.
    pub operation: String,
    /// By whom.
    pub contender: String,
    /// Whether the contender is somebody else's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rival: bool,
    /// Nanoseconds for one verification.
    pub median: Option<u64>,
    /// Its time over that of the reference.
    pub to_reference: Option<f64>,
    /// Its time over that of the fastest rival.
    pub to_best: Option<f64>,
    /// Why there are no figures.
    pub absent: Option<String>,
}

/// Assertions a second, by devices, batches and threads.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Scaling {
    /// How many devices there were.
    pub devices: Vec<u64>,
    /// How many threads.
    pub threads: Vec<u64>,
    /// Each way of verifying.
    pub way: Vec<Way>,
}

/// A way of verifying, and what it came to.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Way {
    /// By what, and with which keys.
    pub name: String,
    /// How many are handed over at once; one by one where there is no number.
    pub at_once: Option<u64>,
    /// Bytes of memory for a device.
    pub memory: u64,
    /// Why there are no figures.
    pub absent: Option<String>,
    /// Assertions a second: for each number of threads, by devices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub per_second: Vec<Vec<u64>>,
    /// The time of each over that of the reference, in the same order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to_reference: Vec<Vec<f64>>,
}

impl Record for Peers {
    const NAME: &'static str = "peers";
    const WRITER: &'static str = "cargo xtask peers --write";
}

/// A ratio with the digits that mean something.
#[must_use]
pub fn rounded(ratio: f64) -> f64 {
    (ratio * 1e5).round() / 1e5
}

impl Figure {
    /// The head of a table of them.
    pub const HEAD: &'static str =
        "| operation | contender | median | to aws-lc-rs | to the best rival |\n|---|---|---:|---:|---:|\n";

    /// A row in Markdown.
    #[must_use]
    pub fn row(&self) -> String {
        format!("| {} | {} | {} |\n", self.operation, self.contender, self.cells())
    }

    fn cells(&self) -> String {
        if let Some(reason) = &self.absent {
            return format!("{reason} | | ");
        }
        let median = self.median.map_or_else(|| "–".to_owned(), readable);
        format!("{median} | {} | {}", ratio(self.to_reference), ratio(self.to_best))
    }
}

impl Peers {
    /// How fast it is: four ways of whole verifications, as Markdown.
    ///
    /// # Errors
    ///
    /// If one of them was not measured.
    pub fn fast(&self) -> Result<String, String> {
        let mut table = format!(
            "{}\n\n| one thread | attestation | assertion | to aws-lc-rs |\n|---|---:|---:|---:|\n",
            self.origin
        );
        for (what, attestation, assertion) in [
            ("RustCrypto, the default", "genuine, RustCrypto", "genuine, RustCrypto"),
            ("aws-lc-rs", "genuine, aws-lc-rs", "genuine, aws-lc-rs"),
            ("genuine-crypto", "genuine, GenuineCrypto", "genuine, GenuineCrypto"),
            (
                "genuine-crypto, keys prepared (48 KB for the issuer, 8 KB for a device)",
                "genuine, cached issuer 48 KB",
                "genuine, prepared 8 KB",
            ),
        ] {
            let figure = |operation, contender| {
                self.figure.find(operation, contender).ok_or_else(|| format!("no figure of {contender}"))
            };
            let [attestation, assertion] = [figure(ATTESTATION, attestation)?, figure(ASSERTION, assertion)?];
            let median = |figure: &Figure| figure.median.map_or_else(|| "–".to_owned(), readable);
            let row = format!(
                "| {what} | {} | {} | {}, {} |\n",
                median(attestation),
                median(assertion),
                ratio(attestation.to_reference),
                ratio(assertion.to_reference)
            );
            table.push_str(&row);
        }
        Ok(table)
    }
}

impl Operations {
    fn find(&self, operation: &str, contender: &str) -> Option<&Figure> {
        self.0.iter().find(|figure| figure.operation == operation && figure.contender == contender)
    }

    /// The time of a contender over that of the reference, or why there is none.
    fn to_reference(&self, operation: &str, contender: &str) -> Result<f64, &str> {
        let figure = self.find(operation, contender).ok_or("not measured")?;
        match &figure.absent {
            Some(reason) => Err(reason),
            None => figure.to_reference.ok_or("no reference"),
        }
    }

    /// The fastest rival's time over that of the reference.
    fn best_rival(&self, operation: &str) -> Option<f64> {
        let rivals = self.0.iter().filter(|figure| figure.operation == operation && figure.rival);
        rivals.filter_map(|figure| figure.to_reference).min_by(f64::total_cmp)
    }

    /// All, in Markdown.
    #[must_use]
    pub fn table(&self) -> String {
        Figure::HEAD.to_owned() + &self.0.iter().map(Figure::row).collect::<String>()
    }

    /// The targets on a host, and what was measured.
    #[must_use]
    pub fn targets(&self) -> String {
        let to_reference = |operation, name: &str| self.to_reference(operation, name);
        let faster = |operation, name: &str| {
            let best = self.best_rival(operation).ok_or("no rival")?;
            Ok::<_, &str>(best / self.to_reference(operation, name)?)
        };
        let most = [
            ("P-256, unprepared", 1.0, to_reference(P256, "genuine, GenuineCrypto")),
            ("P-256, prepared 2 KB", 0.38, to_reference(P256, "genuine, prepared 2 KB")),
            ("P-256, prepared 8 KB", 0.28, to_reference(P256, "genuine, prepared 8 KB")),
            ("P-256, eight lanes, unprepared", 0.22, to_reference(P256_BATCH, "genuine, lanes")),
            ("P-256, eight lanes, prepared 8 KB", 0.07, to_reference(P256_BATCH, "genuine, lanes, prepared 8 KB")),
            ("P-256, one over eight lanes, prepared 8 KB", 0.15, to_reference(P256, "genuine, lanes, prepared 8 KB")),
            ("P-384, unprepared", 0.9, to_reference(P384, "genuine, GenuineCrypto")),
            ("P-384, prepared 48 KB", 0.3, to_reference(P384, "genuine, prepared 48 KB")),
            ("RSA-4096", 1.5, to_reference(RSA_4096, "genuine, GenuineCrypto")),
        ];
        let p256 =
            to_reference(P256, "p256").and_then(|theirs| Ok(theirs / to_reference(P256, "genuine, GenuineCrypto")?));
        let least = [
            ("P-256, unprepared, faster than p256", 5.0, p256),
            (
                "whole assertion, prepared 8 KB, faster than the best rival",
                3.0,
                faster(ASSERTION, "genuine, prepared 8 KB"),
            ),
            (
                "whole attestation, cached issuer 48 KB, faster than the best rival",
                5.0,
                faster(ATTESTATION, "genuine, cached issuer 48 KB"),
            ),
        ];
        let most = most.map(|(label, target, measured)| {
            format!("| {label}, to aws-lc-rs | ≤ {target:.2} | {} |\n", verdict(measured, "", |ratio| ratio / target))
        });
        let least = least.map(|(label, target, measured)| {
            format!("| {label} | ≥ {target} × | {} |\n", verdict(measured, " ×", |ratio| target / ratio))
        });
        let itself = to_reference(P256, "aws-lc-rs").map_or_else(str::to_owned, |ratio| format!("{ratio:.3}"));
        format!(
            "| | target | measured | |\n|---|---:|---:|---|\n{}{}\nThe noise that is left: aws-lc-rs to itself, {itself}.\n",
            most.concat(),
            least.concat()
        )
    }

    /// When preparing pays, in Markdown.
    ///
    /// # Errors
    ///
    /// What was not measured.
    pub fn preparing(&self) -> Result<String, &str> {
        let curves = [
            (
                "P-256",
                P256,
                "prepare a P-256 key",
                Some("load a stored prepared P-256 key"),
                ["512 B", "2 KB", "8 KB", "32 KB"],
            ),
            ("P-384", P384, "prepare a P-384 key", None, ["768 B", "3 KB", "12 KB", "48 KB"]),
        ];
        let mut lines = vec![
            "| key | table | prepare | load | verify | unprepared | prepared anew, pays from | loaded, pays from |\n\
             |---|---|---:|---:|---:|---:|---:|---:|\n"
                .to_owned(),
        ];
        for (curve, verify, prepare, load, sizes) in curves {
            let plain = self.to_reference(verify, "genuine, GenuineCrypto")?;
            for size in sizes {
                let name = format!("genuine, prepared {size}");
                let prepared = self.to_reference(verify, &name)?;
                let prepare = self.to_reference(prepare, &name)?;
                let load = load.map(|load| self.to_reference(load, &name)).transpose()?;
                let from =
                    |cost| pays_from(cost, plain - prepared).map_or_else(|| "never".to_owned(), |n| n.to_string());
                lines.push(format!(
                    "| {curve} | {size} | {prepare:.2} | {} | {prepared:.2} | {plain:.2} | {} | {} |\n",
                    load.map_or_else(|| "–".to_owned(), |load| format!("{load:.2}")),
                    from(prepare),
                    load.map_or_else(|| "–".to_owned(), from),
                ));
            }
        }
        Ok(lines.concat())
    }
}

impl Peers {
    /// Machine and versions, in Markdown.
    #[must_use]
    pub fn versions(&self) -> String {
        format!("{}\n\n{}\n", self.origin, self.versions.join(" · "))
    }

    /// What is ours beside the best of the others, in Markdown.
    #[must_use]
    pub fn short(&self) -> String {
        let rows = [
            ("P-256", P256, "genuine, GenuineCrypto"),
            ("P-256, prepared 2 KB", P256, "genuine, prepared 2 KB"),
            ("P-256, prepared 8 KB", P256, "genuine, prepared 8 KB"),
            ("P-256, prepared 8 KB, one over eight lanes", P256, "genuine, lanes, prepared 8 KB"),
            ("P-256, eight lanes", P256_BATCH, "genuine, lanes"),
            ("P-256, eight lanes, prepared 8 KB", P256_BATCH, "genuine, lanes, prepared 8 KB"),
            ("P-384", P384, "genuine, GenuineCrypto"),
            ("P-384, prepared 48 KB", P384, "genuine, prepared 48 KB"),
            ("RSA-4096", RSA_4096, "genuine, GenuineCrypto"),
            ("whole assertion, prepared 8 KB", ASSERTION, "genuine, prepared 8 KB"),
            ("whole attestation, cached issuer 48 KB", ATTESTATION, "genuine, cached issuer 48 KB"),
        ];
        let row = |(label, operation, name)| {
            // Where there are no lanes, a row of each operation says why; others are not there.
            let cells = self.figure.find(operation, name).map_or_else(|| "– | – | –".to_owned(), Figure::cells);
            format!("| {label} | {cells} |\n")
        };
        let head = "| | median | to aws-lc-rs | to the best rival |\n|---|---:|---:|---:|\n";
        format!("{}\n\n{head}{}", self.origin, rows.map(row).concat())
    }
}

impl Scaling {
    /// Assertions a second on one thread, if it was measured.
    #[must_use]
    pub fn per_second(&self, name: &str, at_once: Option<u64>, devices: u64) -> Option<u64> {
        let way = self.way.iter().find(|way| way.name == name && way.at_once == at_once)?;
        let column = self.devices.iter().position(|number| *number == devices)?;
        way.per_second.first()?.get(column).copied()
    }

    /// What the keys of all devices take, and a table for each number of threads, in Markdown.
    #[must_use]
    pub fn tables(&self) -> String {
        let head = |devices: &u64| format!(" {} | to aws-lc-rs |", thousands(*devices));
        let heads = self.devices.iter().map(head).collect::<Vec<_>>().concat();
        let line = "---:|".repeat(2 * self.devices.len());
        let table = |(group, threads): (usize, &u64)| {
            let rows: String = self.way.iter().map(|way| self.row(way, group)).collect();
            format!(
                "\nAssertions a second, threads: {threads}, devices:\n\n| | at once | memory for a device |{heads}\n\
                 |---|---:|---:|{line}\n{rows}"
            )
        };
        self.working_set() + "\n" + &self.threads.iter().enumerate().map(table).collect::<String>()
    }

    fn row(&self, way: &Way, group: usize) -> String {
        let at_once = way.at_once.map_or_else(String::new, |number| number.to_string());
        let cells = if let Some(reason) = &way.absent {
            format!(" {reason} |{}", " |".repeat(2 * self.devices.len() - 1))
        } else {
            let ratios = way.to_reference.get(group).into_iter().flatten();
            let figures = way.per_second.get(group).into_iter().flatten().zip(ratios);
            let cell = |(number, ratio): (&u64, &f64)| format!(" {} k | {ratio:.3} |", decimal(*number, 1_000, 1));
            figures.map(cell).collect::<Vec<_>>().concat()
        };
        format!("| {} | {at_once} | {} B |{cells}\n", way.name, way.memory)
    }

    fn working_set(&self) -> String {
        let most = self.devices.last().copied().unwrap_or_default();
        let memory = |keys: &str| {
            let way = self.way.iter().find(|way| way.name.ends_with(keys));
            way.map_or(0, |way| way.memory * most / 1_000_000)
        };
        format!(
            "The keys of {} devices take {} MB, prepared in 2 KB {} MB, in 8 KB {} MB.",
            thousands(most),
            memory(", unprepared"),
            memory(", prepared 2 KB"),
            memory(", prepared 8 KB")
        )
    }
}

/// What was measured, and whether the target is met: `excess` is above one if it is not.
fn verdict(measured: Result<f64, &str>, unit: &str, excess: impl Fn(f64) -> f64) -> String {
    match measured {
        Ok(ratio) if excess(ratio) <= 1.0 => format!("{ratio:.3}{unit} | met"),
        Ok(ratio) => format!("{ratio:.3}{unit} | missed by {:.0} %", (excess(ratio) - 1.0) * 100.0),
        Err(reason) => format!("– | {reason}"),
    }
}

/// The number of verifications from which on a cost is made up for.
fn pays_from(cost: f64, saved: f64) -> Option<u32> {
    (1..1_000).find(|verifications| f64::from(*verifications) * saved > cost)
}

fn ratio(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.3}"))
}

fn readable(nanoseconds: u64) -> String {
    match nanoseconds {
        1_000_000.. => format!("{} ms", decimal(nanoseconds, 1_000_000, 2)),
        1_000.. => format!("{} µs", decimal(nanoseconds, 1_000, 1)),
        _ => format!("{nanoseconds} ns"),
    }
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

    #[test]
    fn a_target_is_met_or_missed() {
        assert_eq!(verdict(Ok(0.25), "", |ratio| ratio / 0.25), "0.250 | met");
        assert_eq!(verdict(Ok(0.3), "", |ratio| ratio / 0.25), "0.300 | missed by 20 %");
        assert_eq!(verdict(Ok(4.0), " ×", |ratio| 5.0 / ratio), "4.000 × | missed by 25 %");
        assert_eq!(verdict(Err("absent"), "", |ratio| ratio), "– | absent");
    }
}
