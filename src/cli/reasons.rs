//! Why artifacts are to be made, for `plan` and `explain`.

use std::collections::HashSet;
use std::fmt::Write;

use super::common::Loaded;
use super::style;
use crate::config::Edit;
use crate::error::Result;
use crate::history::History;
use crate::plan::Plan;
use crate::plan::why::{self, GroupWhy, Past, Why};

/// The last build of the experiment, read only if there is something to say about it.
pub fn history(loaded: &Loaded, plan: &Plan) -> History {
    if plan.is_current() {
        return History::default();
    }
    History::read(&loaded.cache, &loaded.experiment.file)
}

/// Why a plan is not current.
///
/// # Errors
/// If the quarantine cannot be read.
pub fn why(loaded: &Loaded, plan: &Plan, history: &History) -> Result<Why> {
    if plan.is_current() {
        return Ok(Why::default());
    }
    let aside: HashSet<_> = loaded.cache.quarantined()?.into_iter().collect();
    let past = Past {
        memory: history.memory.as_ref(),
        is_known: !history.is_empty(),
        key: &|label| history.key(label),
        is_quarantined: &|kind, key| aside.contains(&(kind.to_owned(), *key)),
    };
    Ok(why::why(plan, &loaded.experiment, &loaded.profile, &past, &loaded.project.root))
}

/// The groups; those of one kind as one where nothing more is to be said of them than that they are not
/// there.
pub fn together(groups: &[GroupWhy]) -> Vec<GroupWhy> {
    let mut out: Vec<GroupWhy> = Vec::new();
    for group in groups {
        let alike = |last: &&mut GroupWhy| {
            let plain = matches!(group.because, "new" | "gone" | "quarantined");
            plain && (last.kind, last.because) == (group.kind, group.because)
        };
        match out.last_mut().filter(alike) {
            Some(last) => {
                last.count += group.count;
                group.kind.clone_into(&mut last.group);
            }
            None => out.push(group.clone()),
        }
    }
    out
}

/// One group: what it is, the edits behind it with their places, and recipe lines that differ, at most
/// `most` of them.
pub fn group(out: &mut String, group: &GroupWhy, edits: &[Edit], most: usize) {
    let named: Vec<&Edit> = edits.iter().filter(|edit| group.edits.contains(&edit.path)).collect();
    let follows = match group.because {
        "input" | "version" | "changed" | "new" => String::new(),
        _ if group.follows.is_empty() => String::new(),
        _ => format!(", follows from {}", group.follows.join(", ")),
    };
    let _ =
        writeln!(out, "{} ×{}: {}{follows}", style::strong(&group.group), group.count, group.why);
    // What it follows from says the same.
    if group.because != "input" {
        for edit in named {
            let _ = writeln!(out, "    {edit}  {}", style::weak(&edit.at));
        }
    }
    // Of one recipe; the edit itself is a line of the data set's, and said.
    let is_edit = |field: &str| group.edits.iter().any(|path| path == field);
    let lines: Vec<_> = group.lines.iter().filter(|line| !is_edit(&line.field)).collect();
    for line in lines.iter().take(most) {
        let _ = writeln!(out, "      {line}");
    }
    if lines.len() > most {
        let _ = writeln!(out, "      … and {} more lines of {}", lines.len() - most, group.example);
    }
}
