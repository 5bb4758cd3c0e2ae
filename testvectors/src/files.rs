//! The committed files as the suite makes them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::android::AndroidPki;
use crate::android_vector::{AndroidGroup, MAX_ANDROID_ID};
use crate::group::{Group, MAX_ID, SCHEMA_VERSION};
use crate::pki::TestPki;
use crate::play_vector::PlayGroup;
use crate::suite;

/// Every file that minting writes: path relative to the crate, and content.
///
/// # Panics
///
/// If two vectors share an id, an id is too long, or a group has no vectors or no description.
#[must_use]
pub fn minted_files() -> Vec<(String, String)> {
    let mut vectors = suite::mint();
    vectors.sort_by(|left, right| left.id.cmp(&right.id));
    let unique: BTreeSet<_> = vectors.iter().map(|vector| &vector.id).collect();
    assert_eq!(unique.len(), vectors.len(), "ids are unique");

    let mut list = String::from(
        "//! The committed files, embedded. Written by `mint`; do not edit.\n\n\
         /// The root certificate of the committed vectors, PEM.\n\
         pub const ROOT_PEM: &str = include_str!(\"../vectors/root.pem\");\n\n\
         /// Name and JSON text of every group of committed vectors.\n\
         pub const GROUPS: &[(&str, &str)] = &[\n",
    );
    let mut files = vec![("vectors/root.pem".to_owned(), TestPki::default().root_pem())];
    let mut rest = vectors;
    for (name, description) in suite::GROUPS {
        let (vectors, others): (Vec<_>, _) = rest.into_iter().partition(|vector| vector.group() == Some(name));
        rest = others;
        assert!(!vectors.is_empty(), "{name} has vectors");
        let longest = vectors.iter().max_by_key(|vector| vector.id.len()).map_or("", |vector| &vector.id);
        assert!(longest.len() <= MAX_ID, "{longest} is longer than {MAX_ID}");
        let path = format!("vectors/{name}.json");
        writeln!(list, "    (\"{name}\", include_str!(\"../{path}\")),").expect("a String takes all text");
        let group = Group { name: name.to_owned(), description: description.to_owned(), vectors };
        files.push((path, group.to_json()));
    }
    assert!(rest.is_empty(), "{} is of no group", rest[0].id);
    list.push_str("];\n");
    play_files(&mut files, &mut list);
    android_files(&mut files, &mut list);
    files.push(("src/bundled.rs".to_owned(), list));
    files
}

/// The files of Play Integrity, and their place in the list of the embedded.
fn play_files(files: &mut Vec<(String, String)>, list: &mut String) {
    let mut rest = suite::play::mint();
    rest.sort_by(|left, right| left.id.cmp(&right.id));
    let unique: BTreeSet<_> = rest.iter().map(|vector| &vector.id).collect();
    assert_eq!(unique.len(), rest.len(), "ids are unique");
    list.push_str(
        "\n/// Name and JSON text of every group of committed vectors of Play Integrity.\n\
         pub const PLAY_GROUPS: &[(&str, &str)] = &[\n",
    );
    for (name, description) in suite::play::GROUPS {
        let (vectors, others): (Vec<_>, _) = rest.into_iter().partition(|vector| vector.group() == Some(name));
        rest = others;
        assert!(!vectors.is_empty(), "{name} has vectors");
        let path = format!("vectors/{name}.json");
        writeln!(list, "    (\"{name}\", include_str!(\"../{path}\")),").expect("a String takes all text");
        let (group, description) = (name.to_owned(), description.to_owned());
        files.push((path, PlayGroup { schema_version: SCHEMA_VERSION, group, description, vectors }.to_json()));
    }
    assert!(rest.is_empty(), "{} is of no group", rest[0].id);
    list.push_str("];\n");
}

/// The files of Android key attestation, and their place in the list of the embedded.
fn android_files(files: &mut Vec<(String, String)>, list: &mut String) {
    let mut rest = suite::android::mint();
    rest.sort_by(|left, right| left.id.cmp(&right.id));
    for pair in rest.windows(2) {
        assert_ne!(pair[0].id, pair[1].id, "ids are unique");
    }
    let longest = rest.iter().max_by_key(|vector| vector.id.len()).map_or("", |vector| &vector.id);
    assert!(longest.len() <= MAX_ANDROID_ID, "{longest} is longer than {MAX_ANDROID_ID}");
    let authorities = AndroidPki::default();
    for (root, pem, what) in [
        ("p384", authorities.p384_root_pem(), "The root on P-384"),
        ("rsa", authorities.rsa_root_pem(), "The RSA root"),
    ] {
        let path = format!("vectors/android-{root}-root.pem");
        writeln!(
            list,
            "\n/// {what} of the committed vectors of Android key attestation, PEM.\n\
             pub const ANDROID_{}_ROOT_PEM: &str = include_str!(\"../{path}\");",
            root.to_uppercase()
        )
        .expect("a String takes all text");
        files.push((path, pem));
    }
    list.push_str(
        "\n/// Name and JSON text of every group of committed vectors of Android key attestation.\n\
         pub const ANDROID_GROUPS: &[(&str, &str)] = &[\n",
    );
    for (name, description) in suite::android::GROUPS {
        let (vectors, others): (Vec<_>, _) = rest.into_iter().partition(|vector| vector.group() == Some(name));
        rest = others;
        assert!(!vectors.is_empty(), "{name} has vectors");
        let path = format!("vectors/{name}.json");
        writeln!(list, "    (\"{name}\", include_str!(\"../{path}\")),").expect("a String takes all text");
        let (group, description) = (name.to_owned(), description.to_owned());
        files.push((path, AndroidGroup { schema_version: SCHEMA_VERSION, group, description, vectors }.to_json()));
    }
    assert!(rest.is_empty(), "{} is of no group", rest[0].id);
    list.push_str("];\n");
}

/// The directory that holds minted files alone, relative to the crate.
pub const MINTED_DIRECTORY: &str = "vectors";
