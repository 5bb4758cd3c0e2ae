//! Writes the committed vectors, or with `--check` says which of them differ from what the suite makes.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::{fs, io};

use genuine_testvectors::{MINTED_DIRECTORY, minted_files};

fn main() -> io::Result<ExitCode> {
    let check = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--check") => true,
        Some(_) => {
            eprintln!("usage: mint [--check]");
            return Ok(ExitCode::from(2));
        }
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = minted_files();
    let mut differences = 0_usize;

    for (path, content) in &files {
        let target = root.join(path);
        if fs::read(&target).is_ok_and(|present| present == content.as_bytes()) {
            continue;
        }
        differences += 1;
        if check {
            println!("differs: {path}");
        } else {
            fs::create_dir_all(target.parent().expect("a file lies in a directory"))?;
            fs::write(&target, content)?;
        }
    }

    let minted: BTreeSet<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
    for entry in fs::read_dir(root.join(MINTED_DIRECTORY))? {
        let entry = entry?;
        let path = format!("{MINTED_DIRECTORY}/{}", entry.file_name().to_string_lossy());
        if minted.contains(path.as_str()) {
            continue;
        }
        differences += 1;
        if check {
            println!("stray: {path}");
        } else {
            fs::remove_file(entry.path())?;
        }
    }

    println!("{} files, {differences} {}", files.len(), if check { "differ" } else { "written or removed" });
    Ok(ExitCode::from(u8::from(check && differences > 0)))
}
