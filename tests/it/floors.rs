use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A row of the table of floors in `docs/architecture.md`.
struct Row {
    floor: u32,
    /// Place in the table.
    place: usize,
    /// If it may not import all floors below: which ones.
    only: Option<Vec<u32>>,
    /// Modules that it may import besides.
    besides: Vec<String>,
}

/// The table, by module. A row reads `| 1 | `operator` | floors below, `space` | what it is |`.
fn table() -> BTreeMap<String, Row> {
    let page = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let mut rows = BTreeMap::new();
    for line in page.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, floor, modules, imports, ..] = cells[..] else { continue };
        let Ok(floor) = floor.parse::<u32>() else { continue };
        let quoted = |cell: &str| -> Vec<String> {
            cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
        };
        let numbers =
            || imports.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok());
        let only = (!imports.contains("floors below")).then(|| numbers().collect());
        for name in quoted(modules) {
            let row =
                Row { floor, place: rows.len(), only: only.clone(), besides: quoted(imports) };
            assert!(rows.insert(name.clone(), row).is_none(), "`{name}` is listed twice");
        }
    }
    rows
}

/// Every source file, with the name of the top-level module that it belongs to.
fn sources() -> Vec<(String, PathBuf, String)> {
    let (mut found, mut folders) = (Vec::new(), vec![root().join("src")]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let within = path.strip_prefix(root().join("src")).unwrap().to_owned();
                let module = within.components().next().unwrap().as_os_str().to_str().unwrap();
                let module = module.trim_end_matches(".rs").to_owned();
                found.push((module, within, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(found.len() > 100, "only {} files", found.len());
    found
}

/// The code of a file: comments left out.
fn code(text: &str) -> String {
    let kept = text.split_inclusive('\n').filter(|line| !line.trim_start().starts_with("//"));
    kept.collect()
}

/// The top-level modules named after each `crate::`, also within braces.
fn imports(text: &str) -> BTreeSet<String> {
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
    };
    let mut found = BTreeSet::new();
    for rest in text.split("crate::").skip(1) {
        let Some(list) = rest.strip_prefix('{') else {
            found.insert(name(rest));
            continue;
        };
        let (mut depth, mut item) = (0, String::new());
        for c in list.chars() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    found.insert(name(&item));
                    item.clear();
                    continue;
                }
                _ => {}
            }
            item.push(c);
        }
        found.insert(name(&item));
    }
    found.remove("");
    found
}

#[test]
fn imports_are_found_alone_and_in_braces() {
    let found = imports("use crate::a::b;\nuse crate::{c::{d, e}, f};\nlet x = crate::g::h();");
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["a", "c", "f", "g"]);
}

#[test]
fn the_table_of_floors_lists_every_module() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let modules: BTreeSet<String> = lib
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect();
    assert_eq!(table().into_keys().collect::<BTreeSet<_>>(), modules);
}

#[test]
fn the_table_of_floors_itself_has_no_way_up() {
    let table = table();
    for (name, row) in &table {
        for floor in row.only.iter().flatten() {
            assert!(*floor < row.floor, "`{name}` may import floor {floor}, which is not below it");
        }
        for other in &row.besides {
            assert!(table[other].place < row.place, "`{name}` before `{other}`");
            assert!(table[other].floor <= row.floor, "`{name}` below `{other}`");
        }
    }
}

#[test]
fn no_module_imports_upward() {
    let table = table();
    let (mut seen, mut wrong) = (0, Vec::new());
    for (module, path, text) in sources() {
        let Some(row) = table.get(&module) else { continue };
        for other in imports(&code(&text)) {
            let Some(target) = table.get(&other).filter(|_| other != module) else { continue };
            seen += 1;
            let below = match &row.only {
                Some(floors) => floors.contains(&target.floor),
                None => target.floor < row.floor,
            };
            if !below && !row.besides.contains(&other) {
                wrong.push(format!("src/{} imports `{other}`", path.display()));
            }
        }
    }
    assert!(seen > 100, "only {seen} imports: are they read at all?");
    assert!(wrong.is_empty(), "against docs/architecture.md:\n{}", wrong.join("\n"));
}

#[test]
fn each_outer_library_has_one_home() {
    let homes = [
        ("serde_saphyr", vec!["yaml"]),
        ("hdf5", vec!["dataset"]),
        ("hdf5_metno", vec!["dataset"]),
        ("hdf5_metno_sys", vec!["dataset"]),
        ("tch", vec!["compute"]),
        ("petgraph", vec!["graph"]),
        ("clap", vec!["cli"]),
        ("indicatif", vec!["cli"]),
        ("libdeflater", vec!["cache", "picture"]),
        ("ab_glyph", vec!["picture"]),
        ("maud", vec!["gallery", "report"]),
        ("tiny_skia", vec!["chart"]),
        ("notify", vec!["watch"]),
        ("httparse", vec!["serve"]),
        ("tar", vec!["cache"]),
        ("sobol_burley", vec!["sampling"]),
        ("gif", vec!["encode"]),
    ];
    let sources = sources();
    for (library, home) in homes {
        let users: BTreeSet<&str> = sources
            .iter()
            .filter(|(_, _, text)| names(&code(text), library))
            .map(|(module, ..)| module.as_str())
            .collect();
        assert_eq!(users.into_iter().collect::<Vec<_>>(), home, "who names `{library}`");
    }
}

/// Whether code names a library: `library::…`, not as the end of a longer name.
fn names(code: &str, library: &str) -> bool {
    code.match_indices(&format!("{library}::")).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        before.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '_' && c != ':')
    })
}

#[test]
fn only_the_command_line_and_the_programs_print() {
    for (module, path, text) in sources() {
        if matches!(module.as_str(), "cli" | "main" | "bin") {
            continue;
        }
        let code = code(&text);
        for word in ["println!", "eprintln!", "print!(", "dbg!"] {
            assert!(!code.contains(word), "src/{} has {word}", path.display());
        }
    }
}

/// Where every effect goes through `effect`, so that failpoints reach it: modules, and files of modules
/// that do other things too.
const THROUGH_EFFECTS: [&str; 14] = [
    "assemble/",
    "build/",
    "cache/",
    "dataset/append.rs",
    "dataset/reader.rs",
    "dataset/spool.rs",
    "dataset/staging.rs",
    "dataset/trajectories.rs",
    "dataset/writer.rs",
    "encode/",
    "exec/",
    "history.rs",
    "picture/file.rs",
    "worker/",
];

/// What these do not call: metadata may be looked at, and `effect` does the rest.
const DIRECT_EFFECTS: [&str; 25] = [
    " File::create(",
    "File::open(",
    "fs::copy",
    "fs::create_dir",
    "fs::hard_link",
    "fs::read(",
    "fs::read_dir",
    "fs::remove",
    "fs::rename",
    "fs::set_permissions",
    "fs::write",
    "fs::File::",
    ".sync_all(",
    ".sync_data(",
    "syncfs",
    ".try_lock_shared()",
    "file.lock()",
    "file.try_lock()",
    "FileExt",
    ".spawn()",
    ".output()",
    ".status()",
    "SystemTime::now",
    "Timestamp::now",
    "write_all(",
];

/// The part of a file before its tests.
fn without_tests(text: &str) -> String {
    code(text.split("#[cfg(test)]\nmod ").next().unwrap_or_default())
}

#[test]
fn every_effect_of_what_faults_are_tested_on_has_a_site() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (_, path, text) in sources() {
        let path = path.to_str().unwrap();
        let tests = path.contains("test");
        if tests || !THROUGH_EFFECTS.iter().any(|start| path.starts_with(start)) {
            continue;
        }
        seen += 1;
        for line in without_tests(&text).lines().filter(|line| !line.contains("effect::")) {
            for word in DIRECT_EFFECTS.iter().filter(|word| line.contains(**word)) {
                wrong.push(format!("src/{path}: `{word}` in `{}`", line.trim()));
            }
        }
    }
    assert!(seen > 60, "only {seen} files");
    assert!(wrong.is_empty(), "use `crate::effect` instead:\n{}", wrong.join("\n"));
}

#[test]
fn the_sites_of_effects_are_those_in_the_code() {
    let mut used = BTreeSet::new();
    for (_, path, text) in sources() {
        if path.starts_with("effect") {
            continue;
        }
        let code: String = without_tests(&text).split_whitespace().collect();
        // By themselves, or through those who open in a careful way.
        let starts = ["effect::", "plain::", "create_half", "=rename", "layout::rename", ";rename"];
        for rest in starts.iter().flat_map(|start| code.split(start).skip(1)) {
            let Some((name, rest)) = rest.split_once("(\"") else { continue };
            if name.bytes().all(|c| c.is_ascii_lowercase() || c == b'_') {
                used.insert(rest.split('"').next().unwrap().to_owned());
            }
        }
    }
    let known: BTreeSet<String> = spinlock::effect::SITES.iter().map(|s| (*s).to_owned()).collect();
    assert_eq!(used, known, "`src/effect/sites.rs` lists what is named in the code");
}
