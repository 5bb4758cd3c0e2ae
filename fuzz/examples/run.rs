//! Runs targets on the files of a directory, `run TARGET DIRECTORY`, and prints the verdicts met: `Ok`, and the names of
//! errors. Without arguments it prints all that there are, and with `--sources` the digest of the code.

use std::{env, fs};

use genuine::Error;
use genuine_fuzz::{TARGETS, codes, sources};

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let verdicts: Vec<_> = match arguments.as_slice() {
        [] => Error::ALL.to_vec(),
        [option] if option == "--sources" => return println!("{}", sources::digest()),
        [name, directory] => {
            let target = TARGETS.iter().find(|target| target.name == name).expect("a target");
            let mut files: Vec<_> = fs::read_dir(directory).expect("a directory").collect();
            files.sort_by_key(|file| file.as_ref().map(fs::DirEntry::file_name).ok());
            for file in files {
                (target.run)(&fs::read(file.expect("an entry").path()).expect("a readable file"));
            }
            codes::met()
        }
        _ => panic!("usage: run [--sources | TARGET DIRECTORY]"),
    };
    if arguments.is_empty() || codes::accepted() {
        println!("Ok");
    }
    for error in verdicts {
        println!("{}", error.name());
    }
}
