//! The vectors of one group, as they are committed: one file.

use serde::{Deserialize, Serialize};

use crate::vector::{Document, Vector, VectorError};

/// The version of the form that `schema.json` describes.
pub const SCHEMA_VERSION: u32 = 1;

/// The most bytes of an id: firmware carries them.
pub const MAX_ID: usize = 50;

/// The vectors of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What stands before the `::` of each id, and names the file.
    pub name: String,
    /// What the vectors are about, one sentence.
    pub description: String,
    /// The vectors, by id.
    pub vectors: Vec<Vector>,
}

/// The JSON form, field by field.
#[derive(Deserialize, Serialize)]
struct File {
    schema_version: u32,
    group: String,
    description: String,
    vectors: Vec<Document>,
}

impl Group {
    /// Reads the JSON form.
    ///
    /// # Errors
    ///
    /// If the text is no JSON of this form and version, or one of the vectors is none or is of another group.
    pub fn parse(json: &str) -> Result<Self, VectorError> {
        let file: File = serde_json::from_str(json).map_err(|error| VectorError(error.to_string()))?;
        if file.schema_version != SCHEMA_VERSION {
            return Err(VectorError(format!("schema version {}, not {SCHEMA_VERSION}", file.schema_version)));
        }
        let vectors: Vec<_> =
            file.vectors.into_iter().map(|vector| vector.into_vector("")).collect::<Result<_, _>>()?;
        if let Some(stray) = vectors.iter().find(|vector| vector.group() != Some(file.group.as_str())) {
            return Err(VectorError(format!("{:?} in the group {}", stray.id, file.group)));
        }
        Ok(Self { name: file.group, description: file.description, vectors })
    }

    /// Writes the JSON form: pretty-printed, fields in a fixed order, a newline at the end.
    ///
    /// # Panics
    ///
    /// If the time of a vector lies beyond the year 9999.
    #[must_use]
    pub fn to_json(&self) -> String {
        let file = File {
            schema_version: SCHEMA_VERSION,
            group: self.name.clone(),
            description: self.description.clone(),
            vectors: self.vectors.iter().map(Document::from).collect(),
        };
        let mut json = serde_json::to_string_pretty(&file).expect("strings and numbers only");
        json.push('\n');
        json
    }
}

/// The texts of the vectors in a file that [`Group::to_json`] wrote, each with its id.
///
/// By lines and without a JSON reader, which takes an interpreter a hundred times as long.
pub(crate) fn texts(file: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut lines = file.split_inclusive('\n');
    let (mut start, mut end) = (0, 0);
    std::iter::from_fn(move || {
        loop {
            let line = lines.next()?;
            let begin = end;
            end += line.len();
            if line == "    {\n" {
                start = begin;
            } else if line.starts_with("    }") {
                let text = &file[start..begin + "    }".len()];
                return Some((text.split('"').nth(3).expect("the id comes first"), text));
            }
        }
    })
}
