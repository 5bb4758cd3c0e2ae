//! The project held against its own rules: the layers of `src/`, the features of a bare build, the table of errors.
//!
//! `src/guide/errors.md` is generated from `src/error/mod.rs`. After a change there:
//!
//! ```text
//! GENUINE_WRITE_DOCS=1 cargo test --test structure
//! ```

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use genuine::Error;

/// The layers of `src/` from the bottom up: a module imports from its own layer or one below.
const LAYERS: [&[&str]; 6] =
    [&["error"], &["encoding", "time"], &["crypto"], &["x509"], &["app_attest"], &["guide", "lib"]];

/// What the hundreds of the error codes stand for.
const GROUPS: [(u16, &str); 6] =
    [(1, "CBOR and layout"), (2, "DER and X.509 form"), (3, "Trust"), (4, "Binding"), (5, "Policy"), (9, "Undecided")];

/// Codes whose class is not that of their hundred: the assertion's signature is of the form of 2xx, and about trust.
const OTHER_CLASS: [(&str, &str); 1] = [("SignatureEncoding", "Malformed")];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of `src/` without its comments.
struct Source {
    path: PathBuf,
    /// `x509::chain` for `src/x509/chain.rs`, `x509` for `src/x509/mod.rs`.
    module: String,
    code: String,
}

fn sources() -> Vec<Source> {
    let src = root().join("src");
    let mut directories = vec![src.clone()];
    let mut sources = Vec::new();
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).expect("src/ can be read") {
            let path = entry.expect("src/ can be read").path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let relative = path.strip_prefix(&src).expect("a path in src/").with_extension("");
                let mut names: Vec<_> = relative.iter().map(|name| name.to_str().expect("ASCII")).collect();
                if names.last() == Some(&"mod") {
                    names.pop();
                }
                let module = names.join("::");
                let code = without_comments(&fs::read_to_string(&path).expect("UTF-8"));
                sources.push(Source { path, module, code });
            }
        }
    }
    assert!(sources.len() >= 15, "src/ was found");
    sources
}

/// Line comments only, which is all that rustfmt leaves in this repository; `//` in a string is kept.
fn without_comments(text: &str) -> String {
    assert!(!text.contains("/*"), "block comments are not expected");
    let code_of = |line: &str| {
        let end =
            line.match_indices("//").map(|(at, _)| at).find(|at| line[..*at].matches('"').count().is_multiple_of(2));
        line[..end.unwrap_or(line.len())].to_owned()
    };
    text.lines().map(code_of).collect::<Vec<_>>().join("\n")
}

/// The paths of a use tree: `a::{b, c::{d, e as f}}` is `a::b`, `a::c::d`, `a::c::e`.
fn use_paths(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((prefix, group)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or(tree).trim();
        return if path.is_empty() { Vec::new() } else { vec![path.to_owned()] };
    };
    let group = group.strip_suffix('}').expect("a group is closed");
    let mut depth = 0_i32;
    let items = group.split(|letter| {
        depth += i32::from(letter == '{') - i32::from(letter == '}');
        letter == ',' && depth == 0
    });
    items.flat_map(use_paths).map(|path| format!("{prefix}{path}")).collect()
}

/// Every path in the code that starts with `crate::` or `super::`, use trees expanded.
fn inner_paths(code: &str) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    let mut rest = code.to_owned();
    while let Some(at) = rest.find("use ") {
        let end = at + rest[at..].find(';').expect("a use declaration ends");
        let tree = rest[at + 4..end].to_owned();
        if tree.trim_start().starts_with("crate::") || tree.trim_start().starts_with("super::") {
            paths.extend(use_paths(&tree));
            rest.replace_range(at..=end, "");
        } else {
            rest.replace_range(at..at + 4, "");
        }
    }
    for start in ["crate::", "super::"] {
        for (at, _) in rest.match_indices(start) {
            let path = rest[at..].split(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':'));
            paths.extend(path.take(1).map(|path| path.trim_end_matches(':').to_owned()));
        }
    }
    paths.into_iter().map(|path| path.split_whitespace().collect()).collect()
}

/// Which module an item comes from that a `mod.rs` hands on: `x509::Certificate` is in `x509::certificate`.
fn re_exports(sources: &[Source]) -> BTreeMap<String, String> {
    let mut origins = BTreeMap::new();
    for Source { path, module, code } in sources {
        if !path.ends_with("mod.rs") {
            continue;
        }
        for declaration in code.split(';') {
            let Some((visibility, tree)) = declaration.split_once("use ") else { continue };
            if !visibility.trim_end().rsplit('\n').next().is_some_and(|word| word.starts_with("pub")) {
                continue;
            }
            for path in use_paths(tree).into_iter().filter(|path| path.contains("::")) {
                let (origin, item) = path.rsplit_once("::").expect("a path of two names");
                origins.insert(format!("{module}::{item}"), format!("{module}::{origin}"));
            }
        }
    }
    origins
}

/// Module → the modules that it imports from.
fn imports(sources: &[Source]) -> BTreeMap<String, BTreeSet<String>> {
    let modules: BTreeSet<_> = sources.iter().map(|source| source.module.as_str()).collect();
    let origins = re_exports(sources);
    let mut graph = BTreeMap::new();
    for Source { path, module, code } in sources.iter().filter(|source| source.module != "lib") {
        let mut targets = BTreeSet::new();
        for inner in inner_paths(code) {
            let absolute = if let Some(absolute) = inner.strip_prefix("crate::") {
                absolute.to_owned()
            } else {
                let parent = module.rsplit_once("::").map_or("", |(parent, _)| parent);
                format!("{parent}::{}", inner.strip_prefix("super::").expect("crate or super"))
            };
            // An item comes from where it is defined, not from the façade that hands it on.
            let names: Vec<_> = absolute.split("::").collect();
            let prefixes = (1..=names.len()).rev().map(|length| names[..length].join("::"));
            let target = prefixes
                .filter_map(|prefix| origins.get(&prefix).cloned().or(modules.contains(&*prefix).then_some(prefix)))
                .find(|target| modules.contains(target.as_str()));
            let target = target.unwrap_or_else(|| panic!("{}: {inner} leads to no module", path.display()));
            if target != *module {
                targets.insert(target);
            }
        }
        graph.insert(module.clone(), targets);
    }
    graph
}

fn layer(module: &str) -> usize {
    let top = module.split("::").next().unwrap_or(module);
    LAYERS.iter().position(|layer| layer.contains(&top)).unwrap_or_else(|| panic!("{top} has no layer"))
}

#[test]
fn modules_import_downward() {
    let graph = imports(&sources());
    for (from, to) in [
        ("encoding::der", "error"),
        ("time", "encoding::der"),
        ("x509::chain", "crypto"),
        ("app_attest::attestation", "x509::certificate"),
    ] {
        assert!(graph[from].contains(to), "the import of {to} by {from} is seen");
    }
    for (module, targets) in &graph {
        for target in targets {
            assert!(layer(target) <= layer(module), "{module} imports upward, from {target}");
        }
    }
}

#[test]
fn modules_form_no_circle() {
    let mut graph = imports(&sources());
    // What imports nothing that is left can be taken away; a circle stays.
    while let Some(done) = graph.iter().find(|(_, targets)| targets.is_empty()).map(|(module, _)| module.clone()) {
        graph.remove(&done);
        for targets in graph.values_mut() {
            targets.remove(&done);
        }
    }
    assert!(graph.is_empty(), "these modules form a circle: {graph:#?}");
}

#[test]
fn paths_are_read_from_code() {
    let code =
        "use crate::{\n    a::{b, c as d},\n    e::{self, F},\n};\npub use g::H;\nfn i() { super::j::K::l(crate::m) }";
    let expected = ["crate::a::b", "crate::a::c", "crate::e::self", "crate::e::F", "super::j::K::l", "crate::m"];
    assert_eq!(inner_paths(code), expected.map(str::to_owned).into());
}

#[test]
fn source_has_no_back_doors() {
    for Source { path, code, .. } in sources() {
        let words: BTreeSet<_> = code.split(|letter: char| !(letter.is_alphanumeric() || letter == '_')).collect();
        for word in ["unsafe", "fuzzing", "debug_assertions", "debug_assert", "debug_assert_eq", "miri"] {
            assert!(!words.contains(word), "{}: {word}", path.display());
        }
        let dense: String = code.split_whitespace().collect();
        assert!(!dense.contains("cfg(test") && !dense.contains("#[test]"), "{}: tests live in tests/", path.display());
        for (at, _) in dense.match_indices("feature=\"") {
            let name = dense[at..].split('"').nth(1);
            assert!(matches!(name, Some("rust-crypto" | "genuine-crypto")), "{}", path.display());
        }
    }
    let library = sources().into_iter().find(|source| source.module == "lib").expect("src/lib.rs");
    for attribute in ["#![no_std]", "#![forbid(unsafe_code)]"] {
        assert!(library.code.contains(attribute), "{attribute}");
    }
}

/// `cargo tree` of the engine alone on a target without an operating system.
/// Names of all public functions of `src/`.
fn public_functions() -> BTreeSet<String> {
    let name = |line: &str| {
        let rest = line.trim_start().strip_prefix("pub ")?;
        let rest = rest.strip_prefix("const ").unwrap_or(rest).strip_prefix("fn ")?;
        Some(rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()?.to_owned())
    };
    sources().iter().flat_map(|source| source.code.lines().filter_map(name).collect::<Vec<_>>()).collect()
}

/// That image is the proof that no function panics, so each has to be in it.
#[test]
fn the_image_that_cannot_panic_calls_every_public_function() {
    let path = root().join("examples/firmware/src/bin/engine.rs");
    let image = without_comments(&fs::read_to_string(path).expect("UTF-8"));
    let functions = public_functions();
    assert!(functions.len() > 50, "{functions:?}");
    let is_called = |name: &&String| [".", "::"].iter().any(|before| image.contains(&format!("{before}{name}(")));
    let left_out: Vec<_> = functions.iter().filter(|name| !is_called(name)).collect();
    assert!(left_out.is_empty(), "{left_out:?}");
}

fn feature_tree(arguments: &[&str]) -> String {
    let output = Command::new(std::env::var_os("CARGO").expect("run by cargo"))
        .args(["tree", "-p", "genuine", "-e", "normal,features", "--target", "thumbv6m-none-eabi"])
        .args(["--prefix", "depth", "--no-dedupe", "--offline"])
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn bare_builds_have_neither_std_nor_alloc() {
    for (arguments, present) in [
        (&["--no-default-features"][..], &["minicbor", "der"][..]),
        (&[], &["p384", "sha2"]),
        (&["--features", "genuine-crypto"], &["genuine-crypto"]),
    ] {
        let tree = feature_tree(arguments);
        for name in present {
            assert!(tree.contains(&format!("{name} v")), "{arguments:?}: {name} is in the tree");
        }
        let mut path: Vec<&str> = Vec::new();
        for line in tree.lines().filter(|line| !line.is_empty()) {
            let digits = line.find(|letter: char| !letter.is_ascii_digit()).expect("a name after the depth");
            path.truncate(line[..digits].parse().expect("a depth"));
            path.push(&line[digits..]);
            for feature in ["std", "alloc"] {
                let needle = format!("feature \"{feature}\"");
                assert!(!line.contains(&needle), "{arguments:?}: {feature} comes in by {}", path.join(" → "));
            }
        }
    }
}

/// One row of the table in `src/error/mod.rs`.
struct Row {
    code: u16,
    name: String,
    class: String,
    step: String,
    meaning: String,
}

/// Reads the rows of `errors! { … }`.
fn rows() -> Vec<Row> {
    let text = fs::read_to_string(root().join("src/error/mod.rs")).expect("UTF-8");
    let (_, table) = text.split_once("\nerrors! {\n").expect("the table");
    let (table, _) = table.split_once("\n}\n").expect("the end of the table");
    let mut rows = Vec::new();
    let (mut class, mut step, mut meaning) = (String::new(), String::new(), Vec::new());
    for line in table.lines().map(str::trim).filter(|line| *line != "}") {
        if let Some(doc) = line.strip_prefix("///") {
            meaning.push(doc.trim());
        } else if let Some(group) = line.strip_suffix(" {") {
            let names = group.split_once(' ').expect("class and step");
            (class, step) = (names.0.to_owned(), names.1.to_owned());
        } else {
            let (name, code) = line.split_once(" = ").unwrap_or_else(|| panic!("not a row: {line}"));
            let code = code.trim_end_matches(',').parse().expect("a number");
            let meaning = std::mem::take(&mut meaning).join(" ");
            rows.push(Row { code, name: name.to_owned(), class: class.clone(), step: step.clone(), meaning });
        }
    }
    rows
}

/// The text of `src/guide/errors.md`.
fn error_table(rows: &[Row]) -> String {
    let mut text = "# All codes\n\n\
        In a view of the repository the links below lead nowhere: read this page in `cargo doc --open`.\n\n\
        What mostly lies behind the common ones is at the end of [`guide::hashing`](crate::guide::hashing); the example `verify`\n\
        takes an object and what you know about it, and says which mistake it is.\n\n\
        Steps A1 to A9 are Apple's for an attestation, and B1 to B6 those for an assertion (\"Validating apps that connect to your\n\
        server\"). The *leaf* is the certificate of the attested key, and the *intermediate* the one of Apple's authority that issued\n\
        it. The AAGUID names the environment, production or development. AT and ED are flags of the authenticator data: attested\n\
        credential data follows; an extension map with the launch data follows. A class says what the peer may be told: `Malformed`\n\
        is not of the form, `Rejected` is of the form and refused, and with `Unavailable` nothing is known about the object.\n"
        .to_owned();
    for (hundred, title) in GROUPS {
        write!(text, "\n## {hundred}xx: {title}\n\n| code | name | class | step | meaning |\n|---|---|---|---|---|\n")
            .expect("a string takes all");
        let mut group: Vec<_> = rows.iter().filter(|row| row.code / 100 == hundred).collect();
        group.sort_by_key(|row| row.code);
        for Row { code, name, class, step, meaning } in group {
            let meaning = meaning.replace('|', "\\|");
            writeln!(text, "| {code} | `{name}` | {class} | `{step}` | {meaning} |").expect("a string takes all");
        }
    }
    text
}

#[test]
fn error_table_is_the_documented_one() {
    let rows = rows();
    assert_eq!(rows.len(), Error::ALL.len());
    for (row, error) in rows.iter().zip(Error::ALL) {
        assert_eq!((row.code, row.name.as_str()), (error.code(), error.name()));
        assert_eq!(row.class, format!("{:?}", error.class()), "{}", row.name);
        assert_eq!(row.step, format!("{:?}", error.step()), "{}", row.name);
        assert!(row.meaning.ends_with('.'), "{} is documented in sentences", row.name);
    }
    let expected = error_table(&rows);
    let path = root().join("src/guide/errors.md");
    if std::env::var_os("GENUINE_WRITE_DOCS").is_some() {
        fs::write(&path, &expected).expect("src/guide/errors.md can be written");
    }
    let present = fs::read_to_string(&path).expect("src/guide/errors.md");
    assert!(
        present == expected,
        "src/guide/errors.md is out of date: GENUINE_WRITE_DOCS=1 cargo test --test structure"
    );
}

#[test]
fn error_codes_are_unique_and_grouped() {
    let codes: BTreeSet<_> = Error::ALL.iter().map(|error| error.code()).collect();
    let names: BTreeSet<_> = Error::ALL.iter().map(|error| error.name()).collect();
    assert_eq!((codes.len(), names.len()), (Error::ALL.len(), Error::ALL.len()));
    for error in Error::ALL {
        let class = match error.code() / 100 {
            1 | 2 => "Malformed",
            3..=5 => "Rejected",
            9 => "Unavailable",
            _ => panic!("{error} is in no group"),
        };
        let exception = OTHER_CLASS.iter().find(|(name, _)| *name == error.name());
        let class = exception.map_or(class, |(_, class)| class);
        assert_eq!(format!("{:?}", error.class()), class, "{error}");
    }
}

#[test]
fn errors_are_small_and_carry_no_input() {
    assert_eq!(size_of::<Error>(), 2);
    for error in Error::ALL {
        assert_eq!(error.to_string(), format!("{} ({})", error.name(), error.code()));
        assert_eq!(format!("{error:?}"), error.name());
    }
}
