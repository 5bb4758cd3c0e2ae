//! The committed files as the catalogue makes them.

use std::fmt::Write as _;

use crate::catalogue;
use crate::pki::TestPki;

/// Every file that minting writes: path relative to the crate, and content.
///
/// # Panics
///
/// If two vectors share an id.
#[must_use]
pub fn minted_files() -> Vec<(String, String)> {
    let mut vectors = catalogue::mint();
    vectors.sort_by(|left, right| (left.kind.name(), &left.id).cmp(&(right.kind.name(), &right.id)));
    let unique: std::collections::BTreeSet<_> = vectors.iter().map(|vector| &vector.id).collect();
    assert_eq!(unique.len(), vectors.len(), "ids are unique");

    let mut list = String::from(
        "//! The committed files, embedded. Written by `mint`; do not edit.\n\n\
         /// The root certificate of the committed vectors, PEM.\n\
         pub const ROOT_PEM: &str = include_str!(\"../vectors/root.pem\");\n\n\
         /// Id and JSON text of every committed vector.\n\
         pub const BUNDLED: &[(&str, &str)] = &[\n",
    );
    let mut files = vec![("vectors/root.pem".to_owned(), TestPki::default().root_pem())];
    for vector in vectors {
        let path = format!("vectors/{}/{}.json", vector.kind.name(), vector.id);
        writeln!(list, "    (\"{}\", include_str!(\"../{path}\")),", vector.id).expect("a String takes all text");
        files.push((path, vector.to_json()));
    }
    list.push_str("];\n");
    files.push(("src/bundled.rs".to_owned(), list));
    files
}

/// The directories that hold minted files alone, relative to the crate.
pub const MINTED_DIRECTORIES: [&str; 2] = ["vectors/attestation", "vectors/assertion"];
