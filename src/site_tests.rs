//! The documents as a site: `docs/SUMMARY.md` lists every page once, and every link leads to a file and, where it names one, to a heading.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Markdown files below a folder.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(pages(&path));
        } else if path.extension().is_some_and(|ending| ending == "md") {
            found.push(path);
        }
    }
    found
}

/// What a document links to, without its examples.
fn links(text: &str) -> Vec<String> {
    let prose: String = text.split("```").step_by(2).collect();
    let parts = prose.split("](").skip(1).filter_map(|part| part.split_once(')'));
    parts.map(|(link, _)| link.to_owned()).filter(|link| !link.contains(':')).collect()
}

/// The anchors of a document's headings, as GitHub and mdBook make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    let prose: String = text.split("```").step_by(2).collect();
    let headings = prose.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let all = headings.map(|heading| {
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let anchor: String = kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect();
        let place = times.entry(anchor.clone()).or_default();
        *place += 1;
        if *place == 1 { anchor } else { format!("{anchor}-{}", *place - 1) }
    });
    all.collect()
}

#[test]
fn the_summary_lists_every_page_once() {
    let docs = root().join("docs");
    let summary = std::fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    let mut listed = links(&summary);
    listed.sort();
    let relative = |path: PathBuf| path.strip_prefix(&docs).unwrap().display().to_string().replace('\\', "/");
    let mut there: Vec<_> = pages(&docs).into_iter().map(relative).filter(|name| name != "SUMMARY.md").collect();
    there.sort();
    assert!(there.len() > 30, "the pages are read: {there:?}");
    assert_eq!(listed, there);
}

#[test]
fn every_link_leads_to_a_file_and_to_a_heading_of_it() {
    let at_root = std::fs::read_dir(root()).unwrap().flatten().map(|entry| entry.path());
    let at_root = at_root.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    let mut wrong = Vec::new();
    let mut with_anchor = 0;
    for page in at_root.chain(pages(&root().join("docs"))) {
        let text = std::fs::read_to_string(&page).unwrap();
        for link in links(&text) {
            let (file, anchor) =
                link.split_once('#').map_or((link.as_str(), None), |(file, anchor)| (file, Some(anchor)));
            let place = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            let leads = match (place.exists(), anchor) {
                (true, Some(anchor)) => {
                    with_anchor += 1;
                    anchors(&std::fs::read_to_string(&place).unwrap_or_default()).contains(anchor)
                }
                (is_there, _) => is_there,
            };
            if !leads {
                wrong.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(with_anchor > 5, "links with headings are read: {with_anchor}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn headings_are_anchors_as_a_reader_clicks_them() {
    let text = "# The first week, and how to stop\n\n```sh\n# no heading\n```\n\n## `az` twice\n## `az` twice\n";
    let wanted = ["the-first-week-and-how-to-stop", "az-twice", "az-twice-1"].map(str::to_owned);
    assert_eq!(anchors(text), BTreeSet::from(wanted));
    assert_eq!(links("[a](b.md#c) ```[x](y)``` [d](https://e) ![f](g.svg)"), ["b.md#c", "g.svg"]);
}
