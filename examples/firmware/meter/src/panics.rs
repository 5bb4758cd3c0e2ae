//! Where an image can panic: calls from anywhere into the part of `core` that only leads to the panic handler.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use crate::{
    Outcome,
    elf::{Elf, Id, crate_of},
};

/// The reviewed list.
const COMMITTED: &str = "panics.txt";

const HEADER: &str = "\
# Where the images of `demo` can panic: how often, caller → what it calls. Written by `cargo xtask footprint --write`; it may only become
# shorter. `genuine` is a caller where the compiler has put ECDSA into its functions: the image of `engine`, which has the
# same functions over another backend, has no such call.
";

/// `caller → callee`, and how often the one calls the other.
#[derive(Default)]
pub(crate) struct CallSites(BTreeMap<String, usize>);

impl CallSites {
    /// Where an image can panic.
    pub(crate) fn of(elf: &Elf) -> Self {
        let panicking = panicking(elf);
        let mut sites = Self::default();
        for (&(caller, callee), count) in &elf.calls {
            if !panicking.contains(&caller) && panicking.contains(&callee) {
                let site = format!("{} → {}", elf.functions[caller].name, elf.functions[callee].name);
                *sites.0.entry(site).or_default() += count;
            }
        }
        sites
    }

    /// Adds those of another image; where both have one, the greater number counts.
    pub(crate) fn merge(&mut self, other: Self) {
        for (site, count) in other.0 {
            let known = self.0.entry(site).or_default();
            *known = count.max(*known);
        }
    }

    /// What is there and not listed, or listed and gone.
    pub(crate) fn differ_from_committed(&self) -> Outcome<Vec<String>> {
        let text = fs::read_to_string(COMMITTED)?;
        let listed: BTreeSet<_> = text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
        let found: BTreeSet<_> = self.lines().collect();
        let new = found.difference(&listed).map(|site| format!("{COMMITTED}: new: {site}"));
        let gone = listed.difference(&found).map(|site| format!("{COMMITTED}: gone: {site}"));
        Ok(new.chain(gone).collect())
    }

    pub(crate) fn write(&self) -> Outcome<()> {
        let lines: Vec<_> = self.lines().collect();
        Ok(fs::write(COMMITTED, format!("{HEADER}{}\n", lines.join("\n")))?)
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(site, count)| format!("{count} × {site}"))
    }
}

/// The panic handler, `core::panicking`, and every function of `core` that calls one of these.
fn panicking(elf: &Elf) -> BTreeSet<Id> {
    let mut found: BTreeSet<_> =
        elf.find(|name| name.starts_with("core::panicking::") || name.ends_with("rust_begin_unwind")).collect();
    loop {
        let callers = elf.calls.keys().filter(|(_, callee)| found.contains(callee)).map(|&(caller, _)| caller);
        let more: Vec<_> = callers
            .filter(|caller| crate_of(&elf.functions[*caller].name) == "core" && !found.contains(caller))
            .collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}
