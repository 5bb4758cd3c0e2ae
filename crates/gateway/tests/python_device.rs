//! Devices in another language, which were written from `docs/simulated-device.md`: they compute its vectors, and a gateway accepts
//! them.
#![allow(missing_docs)]

#[path = "support/server.rs"]
mod server;
mod support;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use genuine_gateway::{
    client::{Authority, Scene},
    platform::date,
    server::system_clock,
};
use server::Server;
use support::{APP_ID, AUTHORITY, Scratch};

const CLIENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/clients/python-device");
const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/simulated-device");

/// The interpreter with the packages that `requirements.txt` pins; nothing if there is no Python to make it with.
static PYTHON: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("python-device");
    let (python, stamp) = (directory.join("bin/python"), directory.join("installed"));
    let requirements = Path::new(CLIENT).join("requirements.txt");
    let wanted = fs::read(&requirements).unwrap();
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Some(python);
    }
    let run = |command: &mut Command| command.output().map_err(|error| error.to_string());
    let done = run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&directory)).and_then(|made| {
        let complaint = String::from_utf8_lossy(&made.stderr).into_owned();
        if !made.status.success() {
            return Err(complaint);
        }
        let mut install = Command::new(&python);
        install.args(["-m", "pip", "install", "--quiet", "--require-hashes", "--only-binary", ":all:", "-r"]);
        let installed = run(install.arg(&requirements))?;
        let complaint = String::from_utf8_lossy(&installed.stderr).into_owned();
        if installed.status.success() { Ok(()) } else { Err(complaint) }
    });
    match done {
        Ok(()) => {
            fs::write(&stamp, wanted).unwrap();
            Some(python)
        }
        Err(complaint) => {
            assert!(env::var_os("CI").is_none(), "Python's packages are not installed: {complaint}");
            eprintln!("NOTICE: Python's packages are not installed; its devices are left out: {complaint}");
            None
        }
    }
});

/// What the client prints; its exit code says whether everything was as it should be.
fn client(arguments: &[&str]) -> Option<(bool, String)> {
    let python = PYTHON.as_deref()?;
    let mut command = Command::new(python);
    command.args(["-B", "main.py"]).args(arguments).current_dir(CLIENT);
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    Some((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
}

const BOTH: [&str; 2] = ["iPhone: registered, signed a request", "Android: registered, looked into the basket"];

#[test]
fn it_computes_the_vectors_and_would_find_a_difference() {
    let Some((good, text)) = client(&["vectors", VECTORS]) else { return };
    assert!(good && text.matches(": as in the file").count() == 14, "{text}");
    for (name, part, instead) in [
        ("app-attest.json", "demo", "demo"),
        ("app-attest.json", "/orders?item=7\\n", "/orders?item=8\\n"),
        ("play-integrity.json", "\"PLAY_RECOGNIZED\\\"", "\"PLAY_RECOGNISED\\\""),
    ] {
        let scratch = Scratch::new("python-vectors");
        for file in ["app-attest.json", "play-integrity.json"] {
            let text = fs::read_to_string(Path::new(VECTORS).join(file)).unwrap();
            let text = if file == name { text.replacen(part, instead, 1) } else { text };
            fs::write(scratch.path().join(file), text).unwrap();
        }
        let (good, text) = client(&["vectors", scratch.path().to_str().unwrap()]).unwrap();
        assert_eq!(good, part == instead, "{part}: {text}");
    }
}

#[test]
fn the_demonstration_accepts_both_devices() {
    if PYTHON.is_none() {
        return;
    }
    let server = Server::start("memory", &[]);
    let (good, text) = client(&["run", &server.app]).unwrap();
    assert!(good && BOTH.iter().all(|line| text.contains(line)), "{text}");
}

/// A gateway with a rehearsal, and the directory of its authority.
fn rehearsed(scratch: &Scratch, package: Option<&str>) -> (Server, PathBuf) {
    let scene = Scene {
        application: "shop-rehearsal".to_owned(),
        authority: AUTHORITY.to_owned(),
        app_id: APP_ID.to_owned(),
        package: package.map(str::to_owned),
    };
    let directory = scratch.path().join("authority");
    let authority = Authority::create(&directory, scene).unwrap();
    let until = &date(genuine::UnixMillis((system_clock()() + 86_400) * 1000))[..10];
    let settings = authority.settings(&directory.join("root.pem"), until);
    let path = scratch.path().join("server.toml");
    let text = format!(
        "listen = \"127.0.0.1:0\"\noperator_listen = \"127.0.0.1:0\"\nstore = {{ kind = \"memory\" }}\n\
         callers = [\"shop-rehearsal\"]\ntokens = {{}}\n{settings}"
    );
    fs::write(&path, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_genuine-gateway"));
    (Server::run(command.env_clear().arg("--config").arg(&path).arg("--rehearsal")), directory)
}

/// With the files that the tool has written, and nothing else of it.
#[test]
fn a_rehearsal_accepts_both_devices() {
    if PYTHON.is_none() {
        return;
    }
    let scratch = Scratch::new("python-rehearsal");
    let (server, directory) = rehearsed(&scratch, Some("com.example.shop"));
    let (good, text) = client(&["run", &server.app, directory.to_str().unwrap()]).unwrap();
    assert!(good && BOTH.iter().all(|line| text.contains(line)), "{text}");
    // The demonstration's devices are nobody here.
    let (good, text) = client(&["run", &server.app]).unwrap();
    assert!(!good && text.contains("challenge: "), "{text}");
}

/// An app that is there for Apple's systems alone.
#[test]
fn a_rehearsal_without_a_package_has_no_phones() {
    if PYTHON.is_none() {
        return;
    }
    let scratch = Scratch::new("python-without-package");
    let (server, directory) = rehearsed(&scratch, None);
    let (good, text) = client(&["run", &server.app, directory.to_str().unwrap()]).unwrap();
    assert!(good && text.contains(BOTH[0]) && text.contains("Android: left out"), "{text}");
}
