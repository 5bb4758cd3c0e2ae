//! The figures: what an image costs, budgets, the committed figures, and the tables.

use std::{cmp::Reverse, collections::BTreeMap, fmt, fs};

use serde::{Deserialize, Serialize};

use crate::{
    Outcome, chart,
    image::{BOARDS, Board, Image, run},
    stack,
};

const COMMITTED: &str = "figures.toml";
pub(crate) const PROJECT_README: &str = "../../README.md";
const README: &str = "README.md";
const PICTURE: &str = "../../src/guide/footprint.svg";
/// What an image prints of the conformance check, and what its figures have in their name beside those of the image without.
const CHECK: &str = "conformance::check";
const CHECKED: &str = ", checked";
/// Crates with fewer bytes of flash in every image are shown as one.
const SMALL: u64 = 1_000;

/// What one image costs on one board.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Figure {
    board: String,
    profile: String,
    /// Bytes of flash, without the objects that are verified. Those of the threat table and of the curves are of no interest.
    pub(crate) flash: Option<u64>,
    /// Bytes of stack: the most that a call has used, and the most that the frames along all calls add up to.
    stack_painted: u64,
    stack_bound: u64,
    pub(crate) attestation: Option<Cost>,
    pub(crate) assertion: Option<Cost>,
    /// What the curves cost.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    curves: Vec<Operation>,
    /// What the conformance check of the backend costs, in the images that have it.
    check: Option<Operation>,
    /// Flash by crate.
    crates: BTreeMap<String, u64>,
    /// What the run printed.
    #[serde(skip)]
    printed: String,
}

/// Of an honest object, or of the dearest of the threat table.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Cost {
    pub(crate) instructions: u64,
    case: Option<String>,
}

/// One operation by itself, with what it uses of the stack.
#[derive(Debug, Deserialize, Serialize)]
struct Operation {
    name: String,
    instructions: u64,
    stack: u64,
}

impl Figure {
    /// Runs an image and reads what it prints.
    pub(crate) fn of(image: &Image, profile: String) -> Outcome<Self> {
        let printed = run(&image.path)?;
        let bound = stack::bound(image).map_err(|why| format!("{}: no bound of the stack: {why}", image.build))?;
        let stack = printed.lines().filter_map(|line| number_before(line, " bytes of stack")).max();
        let stack = stack.ok_or_else(|| format!("{} measures no stack", image.build))?;
        let board = image.build.board.name.to_owned();
        println!("{board}, {profile}\n{printed}The most that the calls can add up to, {} bytes:\n{bound}", bound.bytes);
        let is_product = !["table", "genuine_crypto_table", "curves"].contains(&image.build.binary);
        Ok(Self {
            board,
            profile,
            flash: is_product.then_some(image.elf.flash),
            stack_painted: stack,
            stack_bound: bound.bytes,
            attestation: Cost::read(&printed, "attestation"),
            assertion: Cost::read(&printed, "assertion"),
            curves: printed.lines().filter_map(|line| Operation::read(line, "P-")).collect(),
            check: printed.lines().find_map(|line| Operation::read(line, CHECK)),
            crates: if is_product { image.elf.crates.clone() } else { BTreeMap::new() },
            printed,
        })
    }

    fn name(&self) -> String {
        format!("{}, {}", self.board, self.profile)
    }

    /// What is compared, with the percentage that it may differ by.
    fn numbers(&self) -> Vec<(&str, u64, u64)> {
        let instructions = |cost: &Option<Cost>| cost.as_ref().map_or(0, |cost| cost.instructions);
        let mut numbers = vec![
            ("flash", self.flash.unwrap_or(0), 2),
            ("painted stack", self.stack_painted, 2),
            ("bound of the stack", self.stack_bound, 2),
            ("attestation", instructions(&self.attestation), 1),
            ("assertion", instructions(&self.assertion), 1),
        ];
        let alone = self.curves.iter().chain(&self.check);
        numbers.extend(alone.map(|operation| (operation.name.as_str(), operation.instructions, 1)));
        numbers
    }

    /// The budgets of the reference board: no more than this.
    fn budgets(&self) -> &'static [(&'static str, u64)] {
        match self.name().as_str() {
            "Cortex-M4, full, opt 3" => &[("painted stack", 12 * 1024), ("bound of the stack", 13 * 1024)],
            "Cortex-M4, without ECDSA, opt 3" => &[("painted stack", 1024)],
            // With crypto-bigint 0.7.10 these were 38.5 and 7.2 million; DESIGN.md says why more is allowed since 0.7.11.
            // Its cases bring their policies along, which a product has among its constants: 350 bytes.
            "Cortex-M4, threat table, opt 3" => &[
                ("painted stack", 13 * 1024),
                ("bound of the stack", 13 * 1024),
                ("attestation", 43_000_000),
                ("assertion", 13_000_000),
            ],
            "Cortex-M4, genuine-crypto, opt 3" => &[
                ("painted stack", 6 * 1024),
                ("bound of the stack", 6 * 1024),
                ("attestation", 12_000_000),
                ("assertion", 2_400_000),
            ],
            "Cortex-M4, genuine-crypto, opt s" => &[("flash", 64 * 1024)],
            "Cortex-M4, genuine-crypto, assertion only, opt 3" => {
                &[("painted stack", 3 * 1024), ("bound of the stack", 3 * 1024)]
            }
            "Cortex-M4, genuine-crypto, assertion only, compact, opt z" => &[
                ("flash", 16 * 1024),
                ("painted stack", 2 * 1024),
                ("bound of the stack", 2 * 1024),
                ("assertion", 6_000_000),
            ],
            "Cortex-M4, genuine-crypto, threat table, opt 3" => {
                &[("painted stack", 6 * 1024), ("bound of the stack", 6 * 1024)]
            }
            "Cortex-M4, genuine-crypto, curves, opt 3" => &[
                ("P-256", 2_200_000),
                ("P-256, prepared, 2 KB", 950_000),
                ("P-384", 8_000_000),
                ("P-384, prepared, 3 KB", 3_000_000),
            ],
            _ => &[],
        }
    }
}

impl Operation {
    /// Reads `P-256, …: accepted, N instructions, N bytes of stack`, of a name that starts so.
    fn read(line: &str, start: &str) -> Option<Self> {
        let (name, _) = line.split_once(": accepted, ").filter(|(name, _)| name.starts_with(start))?;
        let instructions = number_before(line, " instructions")?;
        Some(Self { name: name.to_owned(), instructions, stack: number_before(line, " bytes of stack")? })
    }
}

impl Cost {
    /// Reads `attestation: accepted, N instructions, …` or `attestation, dearest: CASE, N instructions`; of a lock that has
    /// something prepared, `attestation, cached issuer: accepted, …` or `assertion, prepared: accepted, …`.
    pub(crate) fn read(printed: &str, kind: &str) -> Option<Self> {
        printed.lines().find_map(|line| {
            let rest = line.strip_prefix(kind)?;
            let case = if let Some(rest) = rest.strip_prefix(", dearest: ") {
                Some(rest.split(',').next()?.to_owned())
            } else {
                let accepted = ["", ", cached issuer", ", prepared"].map(|how| format!("{how}: accepted"));
                accepted.iter().any(|accepted| rest.starts_with(accepted)).then_some(None)?
            };
            Some(Self { instructions: number_before(line, " instructions")?, case })
        })
    }
}

/// Puts a text between `<!-- NAME -->` and `<!-- /NAME -->`.
fn put(path: &str, name: &str, text: &str) -> Outcome<()> {
    let [start, end] = [format!("<!-- {name} -->\n"), format!("<!-- /{name} -->")];
    let page = fs::read_to_string(path)?;
    let around = page.split_once(&start).and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
    let (before, after) = around.ok_or_else(|| format!("{path} has no place between {start}and {end}"))?;
    Ok(fs::write(path, format!("{before}{start}{text}{end}{after}"))?)
}

fn number_before(line: &str, unit: &str) -> Option<u64> {
    line.split(", ").find_map(|part| part.strip_suffix(unit)?.parse().ok())
}

/// All figures, board by board.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Figures {
    figure: Vec<Figure>,
}

impl Figures {
    pub(crate) fn new(mut figure: Vec<Figure>) -> Self {
        figure.sort_by_key(|figure| BOARDS.iter().position(|board| board.name == figure.board));
        Self { figure }
    }

    pub(crate) fn committed() -> Outcome<Self> {
        Ok(toml::from_str(&fs::read_to_string(COMMITTED)?)?)
    }

    pub(crate) fn find(&self, board: &Board, profile: &str) -> Option<&Figure> {
        self.figure.iter().find(|figure| figure.board == board.name && figure.profile == profile)
    }

    pub(crate) fn over_budget(&self) -> Vec<String> {
        let mut over = Vec::new();
        for figure in &self.figure {
            if figure.stack_painted > figure.stack_bound {
                over.push(format!("{}: the bound of the stack is none: more was painted", figure.name()));
            }
            for (what, budget) in figure.budgets() {
                let found = figure.numbers().into_iter().find(|(name, ..)| name == what).map(|(_, found, _)| found);
                match found {
                    Some(found) if (1..=*budget).contains(&found) => {}
                    _ => over.push(format!("{}: {what}: {}, budget {budget}", figure.name(), found.unwrap_or(0))),
                }
            }
            over.extend(self.dearest_over_typical(figure));
        }
        over
    }

    /// With genuine-crypto, the dearest of the threat table may cost twice what the typical one does.
    fn dearest_over_typical(&self, table: &Figure) -> Option<String> {
        let typical = table.name().replace("genuine-crypto, threat table", "genuine-crypto");
        let typical = self.figure.iter().find(|figure| figure.name() == typical && typical != table.name())?;
        let is_over = |(dearest, typical): (&Option<Cost>, &Option<Cost>)| match (dearest, typical) {
            (Some(dearest), Some(typical)) => dearest.instructions > 2 * typical.instructions,
            _ => true,
        };
        [(&table.attestation, &typical.attestation), (&table.assertion, &typical.assertion)]
            .into_iter()
            .any(is_over)
            .then(|| format!("{}: the dearest costs more than twice what the typical one does", table.name()))
    }

    pub(crate) fn differ_from_committed(&self) -> Outcome<Vec<String>> {
        let committed = Self::committed()?;
        let mut differences = Vec::new();
        let names = |figures: &Self| figures.figure.iter().map(Figure::name).collect::<Vec<_>>();
        if names(self) != names(&committed) {
            differences.push(format!("{COMMITTED} has other rows"));
        }
        for (now, then) in self.figure.iter().zip(&committed.figure) {
            for ((what, now_is, percent), (_, then_was, _)) in now.numbers().into_iter().zip(then.numbers()) {
                if now_is.abs_diff(then_was) * 100 > then_was * percent {
                    differences.push(format!("{}: {what}: {now_is}, {COMMITTED} has {then_was}", now.name()));
                }
            }
        }
        Ok(differences)
    }

    pub(crate) fn write(&self) -> Outcome<()> {
        fs::write(COMMITTED, format!("# Written by `measure --write`.\n\n{}", toml::to_string(self)?))?;
        put(
            PROJECT_README,
            "footprint",
            &format!("\n{}\n{}\n{}\n{}\n", self.table(), self.curves(), self.checks(), self.crates()),
        )?;
        fs::write(PICTURE, self.picture())?;
        for (place, profile) in
            [("demo", "full, opt 3"), ("genuine_crypto", "genuine-crypto, opt 3"), ("prepared", "genuine-crypto, prepared, opt 3")]
        {
            let figure = self.figure.iter().find(|figure| figure.profile == profile);
            let printed = figure.map(|figure| figure.printed.as_str()).unwrap_or_default();
            put(README, place, &format!("```text\n{printed}```\n"))?;
        }
        Ok(())
    }

    /// Flash and stack of the reference board.
    fn picture(&self) -> String {
        let reference = self.figure.iter().filter(|figure| figure.board == BOARDS[0].name && figure.check.is_none());
        let rows = reference.filter_map(|figure| {
            Some(chart::Row { name: &figure.profile, flash: figure.flash?, stack: figure.stack_painted })
        });
        chart::svg(BOARDS[0].name, &rows.collect::<Vec<_>>())
    }

    /// The images, as Markdown.
    pub(crate) fn table(&self) -> String {
        let header = "\
            | | | flash | stack, painted | stack, bound | attestation | assertion |\n\
            |---|---|---:|---:|---:|---:|---:|\n";
        let rows = self.figure.iter().filter(|figure| figure.check.is_none()).map(|figure| {
            let Figure { board, profile, stack_painted, stack_bound, .. } = figure;
            let flash = figure.flash.map(|bytes| format!("{} KB", decimal(bytes, 1_000, 1))).unwrap_or_default();
            let [attestation, assertion] = [&figure.attestation, &figure.assertion]
                .map(|cost| cost.as_ref().map(ToString::to_string).unwrap_or_default());
            format!(
                "| {board} | {profile} | {flash} | {stack_painted} B | {stack_bound} B | {attestation} | {assertion} |\n"
            )
        });
        header.to_owned() + &rows.collect::<String>()
    }

    /// What the curves cost on all boards, as Markdown.
    pub(crate) fn curves(&self) -> String {
        let figures: Vec<_> = self.figure.iter().filter(|figure| !figure.curves.is_empty()).collect();
        let boards: Vec<_> = figures.iter().map(|figure| format!("{}, instructions | stack", figure.board)).collect();
        let header =
            format!("| genuine-crypto, opt 3 | {} |\n|---|{}\n", boards.join(" | "), "---:|---:|".repeat(boards.len()));
        let names = figures.first().into_iter().flat_map(|figure| figure.curves.iter().map(|curve| &curve.name));
        let row = |name: &String| {
            let of_board = |figure: &&Figure| {
                let curve = figure.curves.iter().find(|curve| curve.name == *name)?;
                Some(format!("{} M | {} B", decimal(curve.instructions, 1_000_000, 3), curve.stack))
            };
            let cells: Vec<_> = figures.iter().filter_map(of_board).collect();
            format!("| {name} | {} |\n", cells.join(" | "))
        };
        header + &names.map(row).collect::<String>()
    }

    /// What the conformance check costs, as Markdown: of flash, what it adds to the image without.
    pub(crate) fn checks(&self) -> String {
        let header = "\
            | `conformance::check` | | flash | stack | instructions |\n\
            |---|---|---:|---:|---:|\n";
        let row = |figure: &Figure| {
            let check = figure.check.as_ref()?;
            let profile = figure.profile.replace(CHECKED, "");
            let without = self.figure.iter().find(|other| other.board == figure.board && other.profile == profile)?;
            let flash = decimal(figure.flash?.checked_sub(without.flash?)?, 1_000, 1);
            let instructions = decimal(check.instructions, 1_000_000, 1);
            Some(format!("| {} | {profile} | {flash} KB | {} B | {instructions} M |\n", figure.board, check.stack))
        };
        header.to_owned() + &self.figure.iter().filter_map(row).collect::<String>()
    }

    /// Flash of the reference board by crate, as Markdown, of the images that are optimised for speed and of the smallest.
    pub(crate) fn crates(&self) -> String {
        let is_shown = |figure: &&Figure| {
            figure.board == BOARDS[0].name
                && figure.flash.is_some()
                && figure.check.is_none()
                && !figure.profile.ends_with("opt s")
                && !figure.profile.contains("prepared")
        };
        let figures: Vec<_> = self.figure.iter().filter(is_shown).collect();
        // Bytes for each figure, by crate; the small ones together.
        let mut rows: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        for (column, figure) in figures.iter().enumerate() {
            for (name, bytes) in &figure.crates {
                let is_small = figures.iter().all(|figure| figure.crates.get(name).is_none_or(|bytes| *bytes < SMALL));
                let row = rows.entry(if is_small { "others" } else { name });
                row.or_insert_with(|| vec![0; figures.len()])[column] += bytes;
            }
        }
        let mut rows: Vec<_> = rows.into_iter().collect();
        rows.sort_by_key(|(name, bytes)| (*name == "others", Reverse(bytes.clone())));
        let line = |name: &str, cells: Vec<String>| format!("| {name} | {} |\n", cells.join(" | "));
        let header = line(BOARDS[0].name, figures.iter().map(|figure| figure.profile.clone()).collect());
        let rule = format!("|---|{}\n", "---:|".repeat(figures.len()));
        let rows = rows.into_iter().map(|(name, bytes)| line(name, bytes.iter().map(u64::to_string).collect()));
        header + &rule + &rows.collect::<String>()
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} M", decimal(self.instructions, 1_000_000, 3))?;
        self.case.as_ref().map_or(Ok(()), |case| write!(f, " ({case})"))
    }
}

/// A number in larger units, with so many digits after the point.
fn decimal(number: u64, unit: u64, digits: usize) -> String {
    let scale = 10_u64.pow(u32::try_from(digits).expect("few digits"));
    let scaled = (number * scale + unit / 2) / unit;
    format!("{}.{:0digits$}", scaled / scale, scaled % scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "\
        attestation, forged: NonceMismatch, 71240 instructions, 3308 bytes of stack\n\
        attestation: accepted, 34381400 instructions, 13556 bytes of stack\n\
        assertion, dearest: p-launch-policy-assertion, 6592120 instructions\n";
    const PREPARED: &str = "\
        attestation, cached issuer, forged: NonceMismatch, 71240 instructions, 3308 bytes of stack\n\
        attestation, cached issuer: accepted, 2434000 instructions, 2000 bytes of stack\n\
        P-256, prepared, 2 KB: accepted, 736680 instructions, 1080 bytes of stack\n";

    #[test]
    fn costs_are_read_from_what_an_image_prints() {
        let attestation = Cost::read(PRINTED, "attestation").unwrap();
        assert_eq!((attestation.instructions, attestation.case), (34_381_400, None));
        let assertion = Cost::read(PRINTED, "assertion").unwrap();
        assert_eq!((assertion.instructions, assertion.case.as_deref()), (6_592_120, Some("p-launch-policy-assertion")));
    }

    #[test]
    fn costs_of_what_is_prepared_are_read_too() {
        assert_eq!(Cost::read(PREPARED, "attestation").unwrap().instructions, 2_434_000);
        assert!(Cost::read(PREPARED, "assertion").is_none());
        let curves: Vec<_> = PREPARED.lines().filter_map(|line| Operation::read(line, "P-")).collect();
        let [curve] = curves.as_slice() else { panic!("{curves:?}") };
        assert_eq!((curve.name.as_str(), curve.instructions, curve.stack), ("P-256, prepared, 2 KB", 736_680, 1080));
    }

    #[test]
    fn a_check_costs_what_it_adds_to_the_image_without() {
        let figure = |profile: &str, flash, check| Figure {
            board: BOARDS[0].name.to_owned(),
            profile: profile.to_owned(),
            flash: Some(flash),
            stack_painted: 0,
            stack_bound: 0,
            attestation: None,
            assertion: None,
            curves: Vec::new(),
            check,
            crates: BTreeMap::new(),
            printed: String::new(),
        };
        let check = Operation::read("conformance::check: accepted, 55250000 instructions, 2500 bytes of stack", CHECK);
        let figures = [figure("full, opt 3", 92_600, None), figure("full, checked, opt 3", 106_200, check)];
        let table = Figures::new(figures.into()).checks();
        assert!(table.ends_with("|\n| Cortex-M4 | full, opt 3 | 13.6 KB | 2500 B | 55.3 M |\n"), "{table}");
    }

    #[test]
    fn numbers_are_rounded() {
        assert_eq!(decimal(34_381_499, 1_000_000, 3), "34.381");
        assert_eq!(decimal(34_381_500, 1_000_000, 3), "34.382");
        assert_eq!(decimal(26_480, 1_000_000, 3), "0.026");
        assert_eq!(decimal(101_350, 1_000, 1), "101.4");
    }
}
