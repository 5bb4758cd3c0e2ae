//! The figures in documents: between `<!-- figures: NAME -->` and `<!-- end of figures -->` stands what the records give.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Outcome,
    record::{
        Record, app_attest::AppAttest, footprint::Footprint, gateway::Gateway, instructions::Instructions, peers::Peers,
    },
    repository,
};

/// At the start of a line, so that a page can speak of it.
const START: &str = "\n<!-- figures: ";
const START_ENDS: &str = " -->";
const END: &str = "<!-- end of figures -->";

/// The text of each name that a document may use.
pub struct Figures(Vec<(&'static str, String)>);

/// A document, as it is and as it should be.
pub struct Document {
    /// Where it lies.
    pub path: PathBuf,
    /// What it says.
    pub text: String,
    /// What it should say.
    pub rendered: String,
}

impl Figures {
    /// Of the committed records.
    ///
    /// # Errors
    ///
    /// If a record is missing, or lacks a figure.
    pub fn committed() -> Outcome<Self> {
        let (app_attest, footprint) = (AppAttest::committed()?, Footprint::committed()?);
        let (instructions, peers) = (Instructions::committed()?, Peers::committed()?);
        let printed = |profile| {
            let printed = footprint.printed(profile).ok_or_else(|| format!("nothing printed by {profile}"))?;
            Ok::<_, String>(format!("```text\n{printed}```\n"))
        };
        Ok(Self(vec![
            ("app-attest", app_attest.table()),
            ("app-attest-short", app_attest.short()?),
            ("gateway", Gateway::committed()?.table()),
            ("instructions", instructions.table()),
            ("fit", footprint.fit()?),
            ("fast", peers.fast()?),
            ("footprint", footprint.table()),
            ("footprint-curves", footprint.curves()),
            ("footprint-rsa", footprint.rsa()),
            ("footprint-tokens", footprint.tokens()),
            ("footprint-chains", footprint.chains()),
            ("footprint-checks", footprint.checks()),
            ("footprint-crates", footprint.crates()),
            ("firmware-demo", printed("full, opt 3")?),
            ("firmware-genuine-crypto", printed("genuine-crypto, opt 3")?),
            ("firmware-prepared", printed("genuine-crypto, prepared, opt 3")?),
            ("firmware-key-attestation", printed("genuine-crypto, key attestation, opt 3")?),
            ("peers", peers.figure.table()),
            ("peers-short", peers.short()),
            ("peers-versions", peers.versions()),
            ("peers-targets", peers.figure.targets()),
            ("peers-preparing", peers.figure.preparing()?),
            ("peers-scaling", peers.scaling.tables()),
        ]))
    }

    fn find(&self, name: &str) -> Outcome<&str> {
        let figures = self.0.iter().find(|(known, _)| *known == name).map(|(_, text)| text.trim_end());
        figures.ok_or_else(|| format!("no record gives the figures `{name}`").into())
    }

    /// A document with these figures between its markers.
    fn render(&self, text: &str) -> Outcome<String> {
        let mut rendered = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(START) {
            let (name, after) = after.split_once(START_ENDS).ok_or("a marker that does not end its line")?;
            let (old, after) = after.split_once(END).ok_or_else(|| format!("the figures `{name}` do not end"))?;
            if old.contains(START) {
                return Err(format!("the figures `{name}` do not end before others begin").into());
            }
            rendered += &[before, START, name, START_ENDS, "\n\n", self.find(name)?, "\n\n", END].concat();
            rest = after;
        }
        Ok(rendered + rest)
    }

    /// All documents that hold figures.
    ///
    /// # Errors
    ///
    /// If one cannot be read, or asks for figures that nobody gives.
    pub fn documents(&self) -> Outcome<Vec<Document>> {
        let mut documents = Vec::new();
        for path in markdown(repository())? {
            let text = fs::read_to_string(&path)?;
            if text.contains(START) {
                let rendered = self.render(&text).map_err(|error| format!("{}: {error}", path.display()))?;
                documents.push(Document { path, text, rendered });
            }
        }
        Ok(documents)
    }

    /// Writes them, and says which have changed.
    ///
    /// # Errors
    ///
    /// If one cannot be read or written.
    pub fn write(&self) -> Outcome<Vec<PathBuf>> {
        let mut written = Vec::new();
        for Document { path, text, rendered } in self.documents()? {
            if text != rendered {
                fs::write(&path, rendered)?;
                written.push(path);
            }
        }
        Ok(written)
    }
}

/// The pages below a directory that are ours: not of what is installed or built there.
///
/// # Errors
///
/// If a directory cannot be read.
pub fn markdown(directory: &Path) -> Outcome<Vec<PathBuf>> {
    let mut pages = Vec::new();
    let mut entries: Vec<_> = fs::read_dir(directory)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if entry.file_type()?.is_dir() {
            if !name.starts_with('.') && !["target", "node_modules", "venv", "corpus"].contains(&&*name) {
                pages.extend(markdown(&path)?);
            }
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    Ok(pages)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> Figures {
        Figures(vec![("one", "1\n".to_owned()), ("two", "2\n".to_owned())])
    }

    #[test]
    fn figures_go_between_their_markers() -> Outcome<()> {
        let page = "a\n\n<!-- figures: two -->\nold\n<!-- end of figures -->\n\nb\n<!-- figures: one -->\n<!-- end of figures -->\n";
        let expected = "a\n\n<!-- figures: two -->\n\n2\n\n<!-- end of figures -->\n\n\
                        b\n<!-- figures: one -->\n\n1\n\n<!-- end of figures -->\n";
        assert_eq!(figures().render(page)?, expected);
        assert_eq!(figures().render(expected)?, expected);
        Ok(())
    }

    #[test]
    fn markers_have_a_known_name_and_an_end() {
        for page in [
            "\n<!-- figures: three -->\n<!-- end of figures -->",
            "\n<!-- figures: one -->\n",
            "\n<!-- figures: one -->\n<!-- figures: two -->\n<!-- end of figures -->",
        ] {
            assert!(figures().render(page).is_err(), "{page}");
        }
    }

    /// What a document says comes from a record. If this fails: `cargo xtask figures`.
    #[test]
    fn documents_hold_what_the_records_give() -> Outcome<()> {
        let documents = Figures::committed()?.documents()?;
        assert!(documents.len() >= 3, "documents with figures: {}", documents.len());
        for Document { path, text, rendered } in documents {
            assert!(text == rendered, "{}: run `cargo xtask figures`", path.display());
        }
        Ok(())
    }
}
