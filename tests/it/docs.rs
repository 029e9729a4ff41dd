use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use spinlock::cli;
use spinlock::gallery::document;
use spinlock::ic::FAMILIES;
use spinlock::picture::png;

use crate::gallery::pixels;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The documents in the repository: the README files, and everything under `docs/`.
fn pages() -> Vec<PathBuf> {
    let mut found = vec![root().join("README.md"), root().join("cache/README.md")];
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(found.len() > 10, "{found:?}");
    found
}

/// Lines of a page with the language of the code block they stand in: `None` outside of one.
fn lines(text: &str) -> Vec<(Option<String>, &str)> {
    let mut block: Option<String> = None;
    let mut out = Vec::new();
    for line in text.lines() {
        match line.trim_start().strip_prefix("```") {
            Some(_) if block.is_some() => block = None,
            Some(language) => block = Some(language.trim().to_owned()),
            None => out.push((block.clone(), line)),
        }
    }
    out
}

/// The texts between each `open` and the next `close` of a line.
fn between<'a>(line: &'a str, open: &str, close: char) -> Vec<&'a str> {
    line.split(open).skip(1).filter_map(|rest| rest.split_once(close)).map(|(t, _)| t).collect()
}

#[test]
fn the_page_of_the_command_line_is_current() {
    let path = root().join("docs/cli.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, cli::reference::document()).unwrap();
    }
    let page = fs::read_to_string(&path).unwrap();
    assert!(
        page == cli::reference::document(),
        "docs/cli.md is out of date; write it anew with UPDATE_DOCS=1"
    );
}

#[test]
fn the_page_of_renders_is_current() {
    let path = root().join("docs/renders.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, spinlock::render::document()).unwrap();
    }
    assert!(
        fs::read_to_string(&path).unwrap() == spinlock::render::document(),
        "docs/renders.md is out of date; write it anew with UPDATE_DOCS=1"
    );
}

#[test]
fn the_page_of_features_is_current() {
    let path = root().join("docs/features.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, cli::registry::document()).unwrap();
    }
    let page = fs::read_to_string(&path).unwrap();
    assert!(
        page == cli::registry::document(),
        "docs/features.md is out of date; write it anew with UPDATE_DOCS=1"
    );
}

#[test]
fn the_page_of_initial_conditions_is_current() {
    let path = root().join("docs/initial-conditions.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, document::document()).unwrap();
    }
    let page = fs::read_to_string(&path).unwrap();
    assert!(
        page == document::document(),
        "docs/initial-conditions.md is out of date; write it anew with UPDATE_DOCS=1"
    );
}

/// The pictures of the page: the pixels that are drawn now, small files, and no others in the folder.
#[test]
fn the_pictures_of_initial_conditions_are_current() {
    let mut known = BTreeSet::new();
    for family in FAMILIES {
        let path = root().join("docs").join(document::path(family));
        let drawn = document::picture(family);
        let is_current =
            || fs::read(&path).is_ok_and(|bytes| pixels(&bytes) == drawn.pixels().as_flattened());
        if std::env::var_os("UPDATE_DOCS").is_some() && !is_current() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, png::encode(&drawn, &[])).unwrap();
        }
        assert!(is_current(), "{} is out of date; draw it anew with UPDATE_DOCS=1", path.display());
        let length = fs::metadata(&path).unwrap().len();
        assert!(length < 40_000, "{} has {length} bytes", path.display());
        known.insert(path);
    }
    for entry in fs::read_dir(root().join("docs/images/ic")).unwrap() {
        let path = entry.unwrap().path();
        assert!(known.contains(&path), "{} belongs to no family", path.display());
    }
}

#[test]
fn every_relative_link_leads_to_a_file() {
    let (mut links, mut broken) = (0, Vec::new());
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for (block, line) in lines(&text) {
            if block.is_some() {
                continue;
            }
            for target in between(line, "](", ')') {
                let target = target.split('#').next().unwrap_or_default();
                if target.is_empty() || target.contains("://") {
                    continue;
                }
                links += 1;
                if !page.parent().unwrap().join(target).exists() {
                    broken.push(format!("{}: {target}", page.display()));
                }
            }
        }
    }
    assert!(links > 20, "only {links} links: are they read at all?");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_source_file_that_a_page_names_exists() {
    let (mut named, mut missing) = (0, Vec::new());
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for (block, line) in lines(&text) {
            if block.is_some() {
                continue;
            }
            for code in line.split('`').skip(1).step_by(2) {
                let plain = code.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
                if plain && (code.starts_with("src/") || code.starts_with("tests/")) {
                    named += 1;
                    if !root().join(code).exists() {
                        missing.push(format!("{}: {code}", page.display()));
                    }
                }
            }
        }
    }
    assert!(named > 20, "only {named} files: are they read at all?");
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// The words of a command line, as a shell takes them apart.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in line.chars() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(q), c) if q == c => quote = None,
            (None, '#') if word.is_empty() => break,
            (None, ' ') => words.extend((!word.is_empty()).then(|| std::mem::take(&mut word))),
            (_, c) => word.push(c),
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

#[test]
fn every_command_that_a_page_shows_is_one() {
    let (mut commands, mut wrong) = (0, Vec::new());
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for (block, line) in lines(&text) {
            let is_command = line.starts_with("spinlock ");
            if !is_command || !matches!(block.as_deref(), Some("sh" | "console")) {
                continue;
            }
            commands += 1;
            // What comes after a pipe or a redirection is another program's.
            let line = line.split(['|', '>']).next().unwrap_or_default();
            if let Err(error) = cli::command().try_get_matches_from(words(line))
                && error.use_stderr()
            {
                wrong.push(format!("{}: {line}\n{error}", page.display()));
            }
        }
    }
    assert!(commands > 10, "only {commands} commands: are they read at all?");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
