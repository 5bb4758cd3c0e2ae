//! What a key attestation says: its chain as a drawing, and the description by name.

use genuine_explain::{KeyAttestationExplanation, Missing};

use crate::print::{Style, WIDTH, broken, filled, printable, value_lines};

/// Between the lines of the drawing and the margin.
const MARGIN: &str = "    ";
const BAR: &str = "   │ ";
/// The same where a line goes on.
const REST: &str = "   │     ";

/// The chain, and what the leaf says.
pub(crate) fn lines(chain: &KeyAttestationExplanation, style: Style) -> Vec<String> {
    let facts = &chain.chain;
    let end = match (&facts.anchor, facts.known_root) {
        (Some(anchor), _) => format!("up to {anchor}"),
        (None, Some(known)) => format!("up to {known}"),
        (None, None) => "up to no root that you trust".to_owned(),
    };
    let kind = facts.provisioning.map(|kind| format!(", {kind} provisioning")).unwrap_or_default();
    let hold = match facts.signatures_hold {
        Some(true) => ", all signatures hold",
        Some(false) => ", NOT all signatures hold",
        None => "",
    };
    let mut lines: Vec<_> = broken(&printable(&format!("The chain, {end}{kind}{hold}:")), "  ");
    for line in facts.drawing().lines() {
        let text = line.trim_start_matches([' ', '│']);
        let is_head = text.len() == line.len();
        // Lines below the head of a certificate keep the bar, also where they are broken: then they stand further in, so that a name
        // does not look like a line of its own.
        for (row, part) in filled(&printable(text), WIDTH - MARGIN.len() - REST.len()).iter().enumerate() {
            let bar = match (is_head, row) {
                (true, 0) => "",
                (false, 0) => BAR,
                _ => REST,
            };
            lines.push(format!("{MARGIN}{bar}{part}"));
        }
    }
    lines.push(String::new());
    let Some(description) = &chain.key_description else { return lines };
    lines.push(format!("  {}", if chain.proved { "The proof says:" } else { "The leaf says, unverified:" }));
    let mut list = None;
    for row in description.rows() {
        let label = if row.list == list { "" } else { row.list.unwrap_or_default() };
        list = row.list;
        lines.extend(value_lines(label, &format!("{}: {}", row.name, row.value), style));
    }
    lines.push(String::new());
    lines
}

/// The option that tells what is missing.
pub(crate) const fn option_of(part: Missing) -> &'static str {
    match part {
        Missing::Challenge => "--challenge TEXT",
        Missing::Package => "--package NAME",
        Missing::CertificateDigest => "--signing-digest SHA256",
        Missing::Revocation => "--revocation FILE",
        _ => "",
    }
}
