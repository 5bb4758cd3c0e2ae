//! The committed corpus of a target: an uncompressed tar file.

use std::{fs::File, io::Read as _, path::Path};

use tar::Archive;

/// One input.
#[allow(dead_code, reason = "one test alone looks at the name and at how it is packed")]
pub struct Input {
    pub name: String,
    pub content: Vec<u8>,
    /// Time, owner, group and mode.
    pub metadata: (u64, u64, u64, u32),
}

/// The inputs in the order in which they are packed.
pub fn inputs(target: &str) -> Vec<Input> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(format!("{target}.tar"));
    let file = File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut archive = Archive::new(file);
    let entries = archive.entries().expect("a tar file");
    entries
        .map(|entry| {
            let mut entry = entry.expect("an entry");
            assert!(entry.header().entry_type().is_file(), "{target}: files alone");
            let header = entry.header();
            let read = |number: std::io::Result<u64>| number.expect("a number");
            let (time, owner, group) = (read(header.mtime()), read(header.uid()), read(header.gid()));
            let metadata = (time, owner, group, header.mode().expect("a number"));
            let name = entry.path().expect("a name").to_string_lossy().into_owned();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).expect("the content");
            Input { name, content, metadata }
        })
        .collect()
}
