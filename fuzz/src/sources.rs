//! The digest of the code that a campaign ran on, so that a report that is older than the code is found.

use std::{
    fs,
    path::{Path, PathBuf},
};

use genuine_testvectors::keys::sha256;

/// SHA-256, in hexadecimal digits, over the engine (`src/` of `genuine`) and the targets (`src/` of this package).
///
/// Blank lines and lines that hold nothing but a comment do not count: no campaign is out of date for those.
///
/// # Panics
///
/// If a file cannot be read: the digest is of a checkout.
#[must_use]
pub fn digest() -> String {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut code = Vec::new();
    for (name, directory) in [("engine", here.join("../src")), ("targets", here.join("src"))] {
        let mut files = files(&directory);
        files.sort();
        for file in files {
            let inside = file.strip_prefix(&directory).expect("it was found there").display();
            code.extend(format!("{name} {inside}\n").into_bytes());
            let text = fs::read_to_string(&file).expect("UTF-8");
            for line in text.lines().filter(|line| counts(line)) {
                code.extend([line.as_bytes(), b"\n"].concat());
            }
        }
    }
    sha256(&[&code]).iter().map(|octet| format!("{octet:02x}")).collect()
}

fn counts(line: &str) -> bool {
    let line = line.trim_start();
    !line.is_empty() && !line.starts_with("//")
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path());
    let all = entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] });
    all.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}
