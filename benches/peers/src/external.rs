//! Rivals in other languages: a process each, driven turn by turn.
//!
//! The process reads the objects from the first line of its input, verifies good and altered ones, and says in a line of
//! JSON what it is and, for each operation, what is wrong. From then on a line `OPERATION ITERATIONS` makes it verify,
//! and it answers with the nanoseconds that took. It ends itself when an answer is wrong, and when its input ends.

use std::{
    cell::RefCell,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child as Process, ChildStdin, ChildStdout, Command, Stdio},
    rc::Rc,
    time::Duration,
};

use serde_json::Value;

use crate::{
    measure::{Contender, Side},
    objects::Objects,
    whole::{ASSERTION, ATTESTATION},
};

/// A library and the program that drives it.
struct Library {
    name: &'static str,
    program: &'static str,
    script: &'static str,
    /// Is there once the library is installed.
    installed: &'static str,
}

macro_rules! here {
    ($path:literal) => {
        concat!(env!("CARGO_MANIFEST_DIR"), "/", $path)
    };
}

const LIBRARIES: [Library; 3] = [
    Library {
        name: "node-app-attest",
        program: "node",
        script: here!("javascript/rival.mjs"),
        installed: here!("javascript/node_modules/node-app-attest"),
    },
    Library {
        name: "appattest-checker-node",
        program: "node",
        script: here!("javascript/rival.mjs"),
        installed: here!("javascript/node_modules/appattest-checker-node"),
    },
    Library {
        name: "pyattest",
        program: here!("python/venv/bin/python"),
        script: here!("python/rival.py"),
        installed: here!("python/venv/bin/python"),
    },
];

/// A rival that waits for its turn.
pub(crate) struct Child {
    name: &'static str,
    /// What it said of itself and of the objects.
    greeting: Value,
    pipes: Rc<RefCell<Pipes>>,
}

/// A rival that could not be started.
pub(crate) struct Absent {
    name: &'static str,
    reason: String,
}

struct Pipes {
    process: Process,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// Starts all that are installed.
pub(crate) fn start(objects: &Objects) -> Vec<Result<Child, Absent>> {
    let objects = objects.to_json().to_string();
    let start =
        |library: &Library| Child::start(library, &objects).map_err(|reason| Absent { name: library.name, reason });
    LIBRARIES.iter().map(start).collect()
}

/// The contender that a rival is in an operation.
pub(crate) fn contender(operation: &'static str, child: &Result<Child, Absent>) -> Contender {
    let child = match child {
        Ok(child) => child,
        Err(absent) => return Contender::absent(operation, absent.name, Side::Rival, &absent.reason),
    };
    let word = match operation {
        ASSERTION => "assertion",
        ATTESTATION => "attestation",
        _ => unreachable!("no other operation is whole"),
    };
    if let Some(fault) = child.greeting[word].as_str() {
        return Contender::absent(operation, child.name, Side::Rival, fault);
    }
    let pipes = Rc::clone(&child.pipes);
    Contender::timed(operation, child.name, Side::Rival, move |iterations| {
        let answer = pipes.borrow_mut().ask(&format!("{word} {iterations}")).expect("a rival that lives");
        Duration::from_nanos(answer.parse().expect("a number of nanoseconds"))
    })
}

impl Child {
    fn start(library: &Library, objects: &str) -> Result<Self, String> {
        if !Path::new(library.installed).exists() {
            return Err("not installed; `cargo xtask peers` does".to_owned());
        }
        let mut process = Command::new(library.program)
            .args([library.script, library.name])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{} does not start: {error}", library.program))?;
        let input = process.stdin.take();
        let output = BufReader::new(process.stdout.take().expect("it is piped"));
        let mut pipes = Pipes { process, input, output };
        let greeting = pipes.ask(objects)?;
        let greeting = serde_json::from_str(&greeting).map_err(|error| format!("{greeting}: {error}"))?;
        Ok(Self { name: library.name, greeting, pipes: Rc::new(RefCell::new(pipes)) })
    }

    /// Library and language, with their versions.
    pub(crate) fn versions(&self) -> &str {
        self.greeting["versions"].as_str().unwrap_or(self.name)
    }
}

impl Pipes {
    /// Writes a line and reads one.
    fn ask(&mut self, line: &str) -> Result<String, String> {
        let mut answer = String::new();
        let input = self.input.as_mut().expect("open until the end");
        writeln!(input, "{line}")
            .and_then(|()| input.flush())
            .and_then(|()| self.output.read_line(&mut answer))
            .map_err(|error| error.to_string())?;
        if answer.is_empty() { Err("ended without an answer".to_owned()) } else { Ok(answer.trim().to_owned()) }
    }
}

impl Drop for Pipes {
    fn drop(&mut self) {
        drop(self.input.take());
        // It ends with its input.
        let _ = self.process.wait();
    }
}
