//! No link of a page is dead where a forge shows the page: files and headings are there, and every name has its place.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use pulldown_cmark::{BrokenLink, CowStr, Event, Options, Parser, Tag, TagEnd};
use xtask::{Outcome, documents::markdown, repository};

/// What a page refers to, the anchors of its headings, and names in brackets that lead nowhere.
#[derive(Default)]
struct Page {
    links: Vec<String>,
    anchors: BTreeSet<String>,
    nowhere: Vec<String>,
}

fn read(text: &str) -> Page {
    let mut page = Page::default();
    let mut nowhere = Vec::new();
    let mut broken = |link: BrokenLink<'_>| -> Option<(CowStr<'_>, CowStr<'_>)> {
        // In brackets and nothing else, a name in code is meant as a link. A check box or a note in brackets is not.
        if link.reference.starts_with('`') {
            nowhere.push(link.reference.to_string());
        }
        None
    };
    let options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES;
    let mut heading: Option<String> = None;
    for event in Parser::new_with_broken_link_callback(text, options, Some(&mut broken)) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                page.links.push(dest_url.to_string());
            }
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => page.add_anchor(&heading.take().unwrap_or_default()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            _ => {}
        }
    }
    page.nowhere = nowhere;
    page
}

impl Page {
    /// As forges make it of a heading.
    fn add_anchor(&mut self, heading: &str) {
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
        let anchor: String = kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect();
        let mut numbered = anchor.clone();
        for number in 1.. {
            if self.anchors.insert(numbered) {
                return;
            }
            numbered = format!("{anchor}-{number}");
        }
    }
}

/// What is wrong with a link of a page in a directory.
fn fault(link: &str, page: &Page, directory: &Path) -> Option<String> {
    if link.starts_with("https://") || link.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
    let path = directory.join(file);
    if !path.exists() {
        return Some(format!("no such file: {link}"));
    }
    let anchor = anchor?;
    let known = if file.is_empty() {
        page.anchors.contains(anchor)
    } else {
        fs::read_to_string(path).is_ok_and(|text| read(&text).anchors.contains(anchor))
    };
    (!known).then(|| format!("no such heading: {link}"))
}

fn faults(path: &PathBuf) -> Outcome<Vec<String>> {
    let page = read(&fs::read_to_string(path)?);
    let directory = path.parent().ok_or("a file lies in a directory")?;
    let nowhere = page.nowhere.iter().map(|name| format!("leads nowhere on a forge: [{name}]"));
    Ok(page.links.iter().filter_map(|link| fault(link, &page, directory)).chain(nowhere).collect())
}

#[test]
fn every_link_leads_somewhere() -> Outcome<()> {
    let pages = markdown(repository())?;
    assert!(pages.len() > 20, "{}", pages.len());
    let mut dead = Vec::new();
    for path in &pages {
        dead.extend(faults(path)?.into_iter().map(|fault| format!("{}: {fault}", path.display())));
    }
    assert!(dead.is_empty(), "{}", dead.join("\n"));
    Ok(())
}

/// What rustdoc reads before each page has a place for every name that the page mentions: `links.md`, or the file of a page that is
/// one feature's.
#[test]
fn every_name_of_the_guide_has_a_place_in_rustdoc() -> Outcome<()> {
    let guide = repository().join("src/guide");
    let names = |text: &str| -> BTreeSet<String> {
        let names = text.lines().filter_map(|line| line.strip_prefix("[`")?.split_once("`]: "));
        names.map(|(name, _)| name.to_owned()).collect()
    };
    let known = names(&fs::read_to_string(guide.join("links.md"))?);
    let mut count = 0;
    for path in markdown(&guide)?.into_iter().filter(|path| !path.to_string_lossy().ends_with("links.md")) {
        let own = path.with_extension("").to_string_lossy().into_owned() + "-links.md";
        let own = fs::read_to_string(own).map(|text| names(&text)).unwrap_or_default();
        let known = if own.is_empty() { &known } else { &own };
        let mentioned = names(&fs::read_to_string(&path)?);
        assert!(mentioned.is_subset(known), "{}: {:?}", path.display(), mentioned.difference(known));
        count += mentioned.len();
    }
    assert!(count > 20, "{count}");
    Ok(())
}

#[test]
fn dead_links_are_found() {
    let page = read("# A `b`, c\n\n# A `b`, c\n\n[x](#a-b-c) [y](#a-b-c-1) [z](#a-b-c-2) [w](none.md) [`v`] [note]\n");
    let found: Vec<_> = page.links.iter().filter_map(|link| fault(link, &page, repository())).collect();
    assert_eq!(found, ["no such heading: #a-b-c-2", "no such file: none.md"]);
    assert_eq!(page.nowhere, ["`v`"]);
    let readme = |link| fault(link, &page, repository());
    assert_eq!(readme("README.md#licence"), None);
    assert!(readme("README.md#license").is_some());
}
