//! What contenders came to, as the record has it.

use xtask::record::peers::{Figure, rounded};

use crate::{
    external::{Absent, Child},
    measure::{Contender, Measured, Side},
    multi_buffer::MultiBuffer,
};

/// Which packages of the lock file are named with their version.
const PACKAGES: [&str; 9] =
    ["genuine", "appattest", "appattest-rs", "aws-lc-rs", "graviola", "p256", "p384", "ring", "rsa"];

/// What was measured, in which version.
pub(crate) fn versions(children: &[Result<Child, Absent>]) -> Vec<String> {
    let mut versions: Vec<_> = PACKAGES.iter().filter_map(|package| locked(package)).collect();
    versions.push(openssl::version::version().to_owned());
    versions.extend(MultiBuffer::load().map(|library| library.version().to_owned()));
    versions.extend(children.iter().flatten().map(|child| child.versions().to_owned()));
    versions
}

/// The figures of one operation.
pub(crate) fn figures(contenders: &[Contender], measured: &[Option<Measured>]) -> Vec<Figure> {
    let entries = || contenders.iter().zip(measured);
    let speed = |measured: &Measured| measured.to_reference.unwrap_or(measured.median);
    let best = entries()
        .filter(|(contender, _)| contender.side == Side::Rival)
        .filter_map(|(_, measured)| measured.as_ref().map(speed))
        .min_by(f64::total_cmp);
    let figure = |(contender, measured): (&Contender, &Option<Measured>)| {
        let absent = match (measured, &contender.run) {
            (Some(_), _) => None,
            (None, Err(reason)) => Some(reason.clone()),
            (None, Ok(_)) => Some("not measured".to_owned()),
        };
        let measured = measured.as_ref();
        Figure {
            operation: contender.operation.to_owned(),
            contender: contender.name.clone(),
            rival: contender.side == Side::Rival,
            median: measured.map(|measured| whole(measured.median)),
            to_reference: measured.and_then(|measured| measured.to_reference).map(rounded),
            to_best: measured.and_then(|measured| Some(rounded(speed(measured) / best?))),
            absent,
        }
    };
    entries().map(figure).collect()
}

/// A number without what comes after its point.
pub(crate) fn whole(number: f64) -> u64 {
    format!("{number:.0}").parse().expect("no verification takes less than nothing")
}

/// Name and version of a package: the newest where the lock file has several, because a rival brings another.
fn locked(package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let lines: Vec<_> = include_str!("../Cargo.lock").lines().collect();
    let version = lines.windows(2).rfind(|lines| lines[0] == name)?[1].split('"').nth(1)?;
    Some(format!("{package} {version}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded() {
        assert_eq!([0.2, 46_612.5, 13_010_000.7].map(whole), [0, 46_612, 13_010_001]);
    }
}
