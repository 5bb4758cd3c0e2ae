//! What the firmware images cost.

use std::{cmp::Reverse, collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::{Origin, Record, decimal};

/// What an image prints of the conformance check.
pub const CHECK: &str = "conformance::check";
/// What images with the check have in their name beside those without.
const CHECKED: &str = ", checked";
/// The crate with the arithmetic.
pub const CRYPTO: &str = "genuine_crypto";
/// Crates with fewer bytes of flash in every image are shown as one.
const SMALL: u64 = 1_000;

/// All figures, board by board. The first board is the reference.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Footprint {
    /// Where they come from.
    pub origin: Origin,
    /// One for each image and board.
    pub figure: Vec<Figure>,
}

/// What one image costs on one board.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// Its processor.
    pub board: String,
    /// What the image has, and how it is optimised.
    pub profile: String,
    /// Bytes of flash, without the objects that are verified. Those of the suite, of the curves and of RSA are of no interest.
    pub flash: Option<u64>,
    /// Bytes of stack: the most that a call has used.
    pub stack_painted: u64,
    /// Bytes of stack: the most that the frames along all calls add up to.
    pub stack_bound: u64,
    /// What the run printed, of the images whose output a document shows.
    pub printed: Option<String>,
    /// An attestation.
    pub attestation: Option<Cost>,
    /// An assertion.
    pub assertion: Option<Cost>,
    /// What the curves cost.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub curves: Vec<Operation>,
    /// What RSA costs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rsa: Vec<Operation>,
    /// What session tokens cost.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<Operation>,
    /// What chains of Android key attestation cost.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chains: Vec<Operation>,
    /// What the conformance check of the backend costs, in the images that have it.
    pub check: Option<Operation>,
    /// Flash by crate.
    pub crates: BTreeMap<String, u64>,
}

/// Of an honest object, or of the most expensive of the suite.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// Instructions of the whole verification.
    pub instructions: u64,
    /// Which of the suite.
    pub vector: Option<String>,
}

/// One operation by itself, with what it uses of the stack.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// Curve, and what is prepared.
    pub name: String,
    /// How many it takes.
    pub instructions: u64,
    /// Bytes.
    pub stack: u64,
}

impl Record for Footprint {
    const NAME: &'static str = "footprint";
    const WRITER: &'static str = "cargo xtask footprint --write";
}

impl Figure {
    /// Board and image.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}, {}", self.board, self.profile)
    }
}

impl Footprint {
    /// The image of a board.
    #[must_use]
    pub fn find(&self, board: &str, profile: &str) -> Option<&Figure> {
        self.figure.iter().find(|figure| figure.board == board && figure.profile == profile)
    }

    /// The board that all is compared with.
    #[must_use]
    pub fn reference(&self) -> &str {
        self.figure.first().map_or("", |figure| &figure.board)
    }

    /// The products among the images of the reference board: those that have flash of interest, and no check.
    pub fn products(&self) -> impl Iterator<Item = (&Figure, u64)> {
        let reference = self.figure.iter().filter(|figure| figure.board == self.reference() && figure.check.is_none());
        reference.filter_map(|figure| Some((figure, figure.flash?)))
    }

    /// What an image printed on the reference board.
    #[must_use]
    pub fn printed(&self, profile: &str) -> Option<&str> {
        self.find(self.reference(), profile)?.printed.as_deref()
    }

    /// Whether it fits: four images of the reference board, as Markdown.
    ///
    /// # Errors
    ///
    /// If one of them was not measured.
    pub fn fit(&self) -> Result<String, String> {
        let mut table =
            format!("| {} | flash | stack | attestation | assertion |\n|---|---:|---:|---:|---:|\n", self.reference());
        for (profile, what) in [
            ("full, opt 3", "everything, RustCrypto"),
            ("genuine-crypto, opt 3", "everything, genuine-crypto"),
            ("genuine-crypto, assertion only, opt 3", "assertions only, genuine-crypto"),
            ("genuine-crypto, assertion only, compact, opt z", "the smallest"),
        ] {
            let figure = self.find(self.reference(), profile).ok_or_else(|| format!("no figure of {profile}"))?;
            let flash = decimal(figure.flash.ok_or("an image without flash")?, 1_000, 1);
            let [attestation, assertion] = [&figure.attestation, &figure.assertion]
                .map(|cost| cost.as_ref().map_or_else(|| "–".to_owned(), |cost| format!("{cost} instructions")));
            let stack = figure.stack_bound;
            let row = format!("| {what} | {flash} KB | {stack} B | {attestation} | {assertion} |\n");
            table.push_str(&row);
        }
        Ok(table)
    }

    /// The images, as Markdown.
    #[must_use]
    pub fn table(&self) -> String {
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
    #[must_use]
    pub fn curves(&self) -> String {
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

    /// What RSA costs on all boards, as Markdown: code, the most stack of a verification, and instructions by size.
    #[must_use]
    pub fn rsa(&self) -> String {
        let header = "\
            | RSA | | code | stack | 2048 bits | 3072 bits | 4096 bits |\n\
            |---|---|---:|---:|---:|---:|---:|\n";
        let row = |figure: &Figure| {
            let [small, middle, large] = figure.rsa.as_slice() else { return None };
            let [small, middle, large] =
                [small, middle, large].map(|operation| decimal(operation.instructions, 1_000_000, 2));
            let Figure { board, profile, stack_painted, .. } = figure;
            let code = figure.crates.get(CRYPTO)?;
            Some(format!(
                "| {board} | {profile} | {code} B | {stack_painted} B | {small} M | {middle} M | {large} M |\n"
            ))
        };
        header.to_owned() + &self.figure.iter().filter_map(row).collect::<String>()
    }

    /// What session tokens cost on all boards, as Markdown.
    #[must_use]
    pub fn tokens(&self) -> String {
        let header = "\
            | session tokens | | flash | stack, bound | HS256 | ES256, without ECDSA |\n\
            |---|---|---:|---:|---:|---:|\n";
        let row = |figure: &Figure| {
            let [hs256, es256] = figure.tokens.as_slice() else { return None };
            let [hs256, es256] = [hs256, es256].map(|token| decimal(token.instructions, 1_000, 1));
            let (flash, stack) = (decimal(figure.flash?, 1_000, 1), figure.stack_bound);
            let Figure { board, profile, .. } = figure;
            Some(format!("| {board} | {profile} | {flash} KB | {stack} B | {hs256} K | {es256} K |\n"))
        };
        header.to_owned() + &self.figure.iter().filter_map(row).collect::<String>()
    }

    /// What chains of Android key attestation cost on all boards, as Markdown. An image that does not take a chain has a dash.
    #[must_use]
    pub fn chains(&self) -> String {
        let figures: Vec<_> = self.figure.iter().filter(|figure| !figure.chains.is_empty()).collect();
        let mut names: Vec<&str> = Vec::new();
        for chain in figures.iter().flat_map(|figure| &figure.chains) {
            if !names.contains(&chain.name.as_str()) {
                names.push(&chain.name);
            }
        }
        let titles: Vec<_> = names.iter().map(|name| name.trim_start_matches("chain, ")).collect();
        let header = format!(
            "| genuine-crypto | | flash | stack, painted | stack, bound | {} |\n|---|---|---:|---:|---:|{}\n",
            titles.join(" | "),
            "---:|".repeat(titles.len())
        );
        let row = |figure: &&Figure| {
            let cell = |name: &&str| {
                let chain = figure.chains.iter().find(|chain| chain.name == *name);
                chain.map_or_else(|| "–".to_owned(), |chain| format!("{} M", decimal(chain.instructions, 1_000_000, 3)))
            };
            let cells: Vec<_> = names.iter().map(cell).collect();
            let Figure { board, profile, stack_painted, stack_bound, .. } = figure;
            let profile = profile.trim_start_matches("genuine-crypto, ");
            let flash = decimal(figure.flash.unwrap_or(0), 1_000, 1);
            format!(
                "| {board} | {profile} | {flash} KB | {stack_painted} B | {stack_bound} B | {} |\n",
                cells.join(" | ")
            )
        };
        header + &figures.iter().map(row).collect::<String>()
    }

    /// What the conformance check costs, as Markdown: of flash, what it adds to the image without.
    #[must_use]
    pub fn checks(&self) -> String {
        let header = "\
            | `conformance::check` | | flash | stack | instructions |\n\
            |---|---|---:|---:|---:|\n";
        let row = |figure: &Figure| {
            let check = figure.check.as_ref()?;
            let profile = figure.profile.replace(CHECKED, "");
            let without = self.find(&figure.board, &profile)?;
            let flash = decimal(figure.flash?.checked_sub(without.flash?)?, 1_000, 1);
            let instructions = decimal(check.instructions, 1_000_000, 1);
            Some(format!("| {} | {profile} | {flash} KB | {} B | {instructions} M |\n", figure.board, check.stack))
        };
        header.to_owned() + &self.figure.iter().filter_map(row).collect::<String>()
    }

    /// Flash of the reference board by crate, as Markdown, of the images that are optimised for speed and of the smallest.
    #[must_use]
    pub fn crates(&self) -> String {
        let is_shown = |figure: &&Figure| !figure.profile.ends_with("opt s") && !figure.profile.contains("prepared");
        let figures: Vec<_> = self.products().map(|(figure, _)| figure).filter(is_shown).collect();
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
        let header = line(self.reference(), figures.iter().map(|figure| figure.profile.clone()).collect());
        let rule = format!("|---|{}\n", "---:|".repeat(figures.len()));
        let rows = rows.into_iter().map(|(name, bytes)| line(name, bytes.iter().map(u64::to_string).collect()));
        header + &rule + &rows.collect::<String>()
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} M", decimal(self.instructions, 1_000_000, 3))?;
        self.vector.as_ref().map_or(Ok(()), |vector| write!(f, " ({vector})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_costs_what_it_adds_to_the_image_without() {
        let figure = |profile: &str, flash, check| Figure {
            board: "Cortex-M4".to_owned(),
            profile: profile.to_owned(),
            flash: Some(flash),
            stack_painted: 0,
            stack_bound: 0,
            printed: None,
            attestation: None,
            assertion: None,
            curves: Vec::new(),
            rsa: Vec::new(),
            tokens: Vec::new(),
            chains: Vec::new(),
            check,
            crates: BTreeMap::new(),
        };
        let check = Operation { name: CHECK.to_owned(), instructions: 55_250_000, stack: 2500 };
        let figures = [figure("full, opt 3", 92_600, None), figure("full, checked, opt 3", 106_200, Some(check))];
        let origin = Origin { machine: String::new(), compiler: String::new(), date: String::new() };
        let table = Footprint { origin, figure: figures.into() }.checks();
        assert!(table.ends_with("|\n| Cortex-M4 | full, opt 3 | 13.6 KB | 2500 B | 55.3 M |\n"), "{table}");
    }

    #[test]
    fn an_image_that_does_not_take_a_chain_has_a_dash() {
        let chain = |name: &str, instructions| Operation { name: format!("chain, {name}"), instructions, stack: 0 };
        let figure = |profile: &str, chains| Figure {
            board: "Cortex-M4".to_owned(),
            profile: format!("genuine-crypto, {profile}"),
            flash: Some(80_000),
            stack_painted: 3_000,
            stack_bound: 4_000,
            printed: None,
            attestation: None,
            assertion: None,
            curves: Vec::new(),
            rsa: Vec::new(),
            tokens: Vec::new(),
            chains,
            check: None,
            crates: BTreeMap::new(),
        };
        let figures = [
            figure("a", vec![chain("remote", 12_880_000), chain("factory", 9_060_000)]),
            figure("b", vec![chain("remote", 12_881_000)]),
            figure("assertion only", Vec::new()),
        ];
        let origin = Origin { machine: String::new(), compiler: String::new(), date: String::new() };
        let table = Footprint { origin, figure: figures.into() }.chains();
        let [header, _, a, b] = table.lines().collect::<Vec<_>>()[..] else { panic!("{table}") };
        assert_eq!(header, "| genuine-crypto | | flash | stack, painted | stack, bound | remote | factory |");
        assert_eq!(a, "| Cortex-M4 | a | 80.0 KB | 3000 B | 4000 B | 12.880 M | 9.060 M |");
        assert_eq!(b, "| Cortex-M4 | b | 80.0 KB | 3000 B | 4000 B | 12.881 M | – |");
    }
}
