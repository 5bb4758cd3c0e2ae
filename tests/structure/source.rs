//! Source files, and the paths in them that lead to other modules of their crate.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file without its comments and without its tests.
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    /// `x509::chain` for `src/x509/chain.rs`, `x509` for `src/x509/mod.rs`, `lib` for `src/lib.rs`. Where an attribute gives
    /// a module the file, it is the module: `reduce` for `reduce32.rs`.
    pub(crate) module: String,
    pub(crate) code: String,
}

impl Source {
    /// The module above; `None` for the root of the crate.
    fn parent(&self) -> Option<&str> {
        (self.module != "lib").then(|| self.module.rsplit_once("::").map_or("lib", |(parent, _)| parent))
    }
}

/// The files of a crate but for those of its tests and its further binaries, which are crates of their own.
pub(crate) fn sources(src: &str) -> Vec<Source> {
    let src = root().join(src);
    let mut directories = vec![src.clone()];
    let mut sources = Vec::new();
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).unwrap_or_else(|_| panic!("{} can be read", directory.display())) {
            let path = entry.expect("an entry").path();
            if path.is_dir() && path != src.join("bin") {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && path != src.join("main.rs") {
                let relative = path.strip_prefix(&src).expect("a path in src/").with_extension("");
                let mut names: Vec<_> = relative.iter().map(|name| name.to_str().expect("ASCII")).collect();
                if names.last() == Some(&"mod") {
                    names.pop();
                }
                let module = names.join("::");
                let code = without_tests(&without_comments(&fs::read_to_string(&path).expect("UTF-8")));
                sources.push(Source { path, module, code });
            }
        }
    }
    let declarations: Vec<_> = sources.iter().flat_map(|source| declarations(&source.module, &source.code)).collect();
    for Declaration { module, files, is_test } in declarations {
        if is_test {
            sources.retain(|source| source.module != module);
        }
        for source in sources.iter_mut().filter(|source| files.contains(&source.module)) {
            source.module.clone_from(&module);
        }
    }
    assert!(sources.iter().any(|source| source.module == "lib"), "{} was found", src.display());
    sources
}

/// `mod name;` with what its attributes say.
#[derive(Debug, PartialEq, Eq)]
struct Declaration {
    module: String,
    /// Modules that the files would be without `path`.
    files: Vec<String>,
    is_test: bool,
}

/// The modules that a file declares.
fn declarations(module: &str, code: &str) -> Vec<Declaration> {
    let inside = |name: &str| if module == "lib" { name.to_owned() } else { format!("{module}::{name}") };
    let (mut files, mut is_test) = (Vec::new(), false);
    let mut declarations = Vec::new();
    for line in code.lines().map(str::trim) {
        if line.starts_with("#[") {
            let file = line.split_once("path = \"").and_then(|(_, rest)| rest.split_once(".rs\""));
            files.extend(file.map(|(file, _)| inside(file)));
            is_test |= line == "#[cfg(test)]";
        } else {
            let name = line.strip_suffix(';').and_then(|line| line.rsplit_once("mod ")).map(|(_, name)| name);
            if let Some(name) = name.filter(|name| name.chars().all(|letter| letter.is_alphanumeric() || letter == '_'))
            {
                declarations.push(Declaration { module: inside(name), files: std::mem::take(&mut files), is_test });
            }
            if !line.is_empty() && !line.ends_with(',') {
                (files, is_test) = (Vec::new(), false);
            }
        }
    }
    declarations
}

/// Without the module of tests that a file ends with.
fn without_tests(code: &str) -> String {
    let Some((code, tests)) = code.split_once("#[cfg(test)]\nmod tests {\n") else { return code.to_owned() };
    let (_, after) = tests.split_once("\n}").expect("the tests end");
    assert!(after.trim().is_empty(), "tests are the last of a file");
    code.to_owned()
}

/// Line comments only, which is all that rustfmt leaves in this repository; `//` in a string is kept.
pub(crate) fn without_comments(text: &str) -> String {
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

/// Every path in the code that starts with `crate::`, `super::` or one of the `children`, use trees expanded; but for what is
/// only handed on, from a child by `pub use`.
fn inner_paths(code: &str, children: &BTreeSet<&str>) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    let mut rest = code.to_owned();
    while let Some(at) = rest.find("use ") {
        let before = rest[..at].rsplit('\n').next().unwrap_or_default().trim().to_owned();
        if !before.is_empty() && !before.starts_with("pub") {
            // Not a declaration: a word of a text.
            rest.replace_range(at..at + 4, "");
            continue;
        }
        let end = at + rest[at..].find(';').expect("a use declaration ends");
        let tree = rest[at + 4..end].to_owned();
        rest.replace_range(at..=end, "");
        let first = tree.trim_start().split("::").next().unwrap_or_default();
        if matches!(first, "crate" | "super") {
            paths.extend(use_paths(&tree));
        } else if children.contains(first) && before.is_empty() {
            paths.extend(use_paths(&tree).iter().map(|path| format!("self::{path}")));
        }
    }
    for start in ["crate::", "super::"] {
        for (at, _) in rest.match_indices(start) {
            let path = rest[at..].split(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':'));
            paths.extend(path.take(1).map(|path| path.trim_end_matches(':').to_owned()));
        }
    }
    for child in children {
        for (at, _) in rest.match_indices(&format!("{child}::")) {
            if !rest[..at].ends_with(|letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':') {
                let path =
                    rest[at..].split(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':'));
                paths.extend(path.take(1).map(|path| format!("self::{}", path.trim_end_matches(':'))));
            }
        }
    }
    paths.into_iter().map(|path| path.split_whitespace().collect()).collect()
}

/// Which module an item comes from that a root or a `mod.rs` hands on: `x509::Certificate` is in `x509::certificate`.
fn re_exports(sources: &[Source]) -> BTreeMap<String, String> {
    let mut origins = BTreeMap::new();
    for Source { module, code, .. } in sources {
        let inside = |name: &str| if module == "lib" { name.to_owned() } else { format!("{module}::{name}") };
        for declaration in code.split(';') {
            let Some((visibility, tree)) = declaration.split_once("use ") else { continue };
            if !visibility.trim_end().rsplit('\n').next().is_some_and(|word| word.starts_with("pub")) {
                continue;
            }
            for path in use_paths(tree).into_iter().filter(|path| path.contains("::")) {
                let (origin, item) = path.rsplit_once("::").expect("a path of two names");
                origins.insert(inside(item), inside(origin));
            }
        }
    }
    origins
}

/// Module → the modules of the same crate that it imports from. The root is a module like others.
pub(crate) fn imports(sources: &[Source]) -> BTreeMap<String, BTreeSet<String>> {
    let modules: BTreeSet<_> = sources.iter().map(|source| source.module.as_str()).collect();
    let origins = re_exports(sources);
    let mut graph: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for source in sources {
        let Source { path, module, code } = source;
        let children: BTreeSet<_> = sources
            .iter()
            .filter(|child| child.parent() == Some(module))
            .map(|child| child.module.rsplit("::").next().expect("a name"))
            .collect();
        let targets = graph.entry(module.clone()).or_default();
        for inner in inner_paths(code, &children) {
            let (start, rest) = inner.split_once("::").expect("a path");
            let inside = |module: &str| if module == "lib" { rest.to_owned() } else { format!("{module}::{rest}") };
            let absolute = match start {
                "crate" => rest.to_owned(),
                "super" => inside(source.parent().expect("a module above")),
                _ => inside(module),
            };
            // An item comes from where it is defined, not from the façade that hands it on.
            let names: Vec<_> = absolute.split("::").collect();
            let prefixes = (1..=names.len()).rev().map(|length| names[..length].join("::"));
            let target = prefixes
                .filter_map(|prefix| origins.get(&prefix).cloned().or(modules.contains(&*prefix).then_some(prefix)))
                .find(|target| modules.contains(target.as_str()))
                .unwrap_or_else(|| "lib".to_owned());
            assert!(!rest.starts_with("super"), "{}: {inner}: one step up at a time", path.display());
            if target != *module {
                targets.insert(target);
            }
        }
    }
    graph
}

#[test]
fn paths_are_read_from_code() {
    let code = "use crate::{\n    a::{b, c as d},\n    e::{self, F},\n};\npub use g::H;\nfn i() { super::j::K::l(crate::m, n::o(), p::n::q()) }\npub use n::R;";
    let expected =
        ["crate::a::b", "crate::a::c", "crate::e::self", "crate::e::F", "super::j::K::l", "crate::m", "self::n::o"];
    assert_eq!(inner_paths(code, &["n"].into()), expected.map(str::to_owned).into());
}

#[test]
fn declarations_are_read_from_code() {
    let code = "mod a;\n#[cfg(test)]\nmod b;\n#[cfg_attr(c, path = \"d.rs\")]\n#[cfg_attr(e, path = \"f.rs\")]\npub(crate) mod g;\nmod h {\n";
    let declaration = |module: &str, files: &[&str], is_test| Declaration {
        module: module.to_owned(),
        files: files.iter().map(|&file| file.to_owned()).collect(),
        is_test,
    };
    let expected = [declaration("a", &[], false), declaration("b", &[], true), declaration("g", &["d", "f"], false)];
    assert_eq!(declarations("lib", code), expected);
    assert_eq!(declarations("x", "mod a;"), [declaration("x::a", &[], false)]);
    assert_eq!(without_tests("fn a() {}\n#[cfg(test)]\nmod tests {\n    use b;\n}\n"), "fn a() {}\n");
}
