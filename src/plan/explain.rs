//! Recipe against recipe: which lines differ.

use std::collections::BTreeSet;

/// One difference between two recipe texts.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Line {
    /// The field.
    pub field: String,
    /// Its value in the cached recipe, if it had one.
    pub before: Option<String>,
    /// Its value now, if it has one.
    pub now: Option<String>,
}

impl std::fmt::Display for Line {
    /// `field: before → now`, with keys shortened and without long values that have no counterpart.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.before, &self.now) {
            (Some(before), Some(now)) => {
                write!(f, "{}: {} → {}", self.field, short(before), short(now))
            }
            (None, Some(now)) => write!(f, "{}: new, {}", self.field, short(now)),
            (Some(before), None) => write!(f, "{}: gone, was {}", self.field, short(before)),
            (None, None) => write!(f, "{}", self.field),
        }
    }
}

/// A key by its first digits, a long value by its beginning.
fn short(value: &str) -> String {
    const LONGEST: usize = 60;
    let is_key = value.len() == 64 && value.bytes().all(|b| b.is_ascii_hexdigit());
    if is_key {
        value[..12].to_owned()
    } else if value.chars().count() > LONGEST {
        format!("{}…", value.chars().take(LONGEST).collect::<String>())
    } else {
        value.to_owned()
    }
}

/// Whether two recipes are of the same thing after an edit, rather than of two things: most fields of
/// each have a counterpart in the other.
pub fn comparable(before: &str, now: &str) -> bool {
    let fields = |text: &str| -> BTreeSet<String> {
        text.lines().map(|line| split(line).0.to_owned()).collect()
    };
    let (before, now) = (fields(before), fields(now));
    let shared = before.intersection(&now).count();
    2 * shared >= before.len().max(now.len())
}

/// The field and the value of a recipe line.
pub fn split(line: &str) -> (&str, &str) {
    line.split_once(" <- ").or_else(|| line.split_once(": ")).unwrap_or((line, ""))
}

/// The lines in which two recipes differ, in the order of the new one. A line of several named
/// values (`operator 3: a=1 b=2`) is taken apart, so that only the values that moved are named.
pub fn differences(before: &str, now: &str) -> Vec<Line> {
    let old: Vec<(&str, &str)> = before.lines().map(split).collect();
    let new: Vec<(&str, &str)> = now.lines().map(split).collect();
    let find = |lines: &[(&str, &str)], field: &str| {
        lines.iter().find(|(f, _)| *f == field).map(|(_, v)| (*v).to_owned())
    };
    let mut out = Vec::new();
    for (field, value) in &new {
        match find(&old, field) {
            Some(was) if was == *value => {}
            Some(was) => named(field, &was, value, &mut out),
            None => {
                out.push(Line { field: (*field).into(), before: None, now: Some((*value).into()) });
            }
        }
    }
    for (field, value) in &old {
        if find(&new, field).is_none() {
            let before = Some((*value).into());
            out.push(Line { field: (*field).into(), before, now: None });
        }
    }
    out
}

/// Adds the differing values of one line.
fn named(field: &str, was: &str, value: &str, out: &mut Vec<Line>) {
    let parts = |text: &str| -> Option<Vec<(String, String)>> {
        text.split(' ')
            .map(|part| part.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned())))
            .collect()
    };
    let (Some(old), Some(new)) = (parts(was), parts(value)) else {
        out.push(Line { field: field.into(), before: Some(was.into()), now: Some(value.into()) });
        return;
    };
    let find = |list: &[(String, String)], name: &str| {
        list.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone())
    };
    let mut names: Vec<&String> = new.iter().map(|(n, _)| n).collect();
    names.extend(old.iter().map(|(n, _)| n).filter(|n| find(&new, n).is_none()));
    for name in names {
        let (before, now) = (find(&old, name), find(&new, name));
        if before != now {
            out.push(Line { field: format!("{field} {name}"), before, now });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_moved_is_named() {
        let before = "weights <- aa\nseed: 1\noperator 3: noise_scale=0.1 grid_size=64\ngone: 2\n";
        let now = "weights <- aa\nseed: 1\noperator 3: noise_scale=0.2 grid_size=64\nnew: 3\n";
        let text: Vec<String> = differences(before, now)
            .into_iter()
            .map(|l| format!("{} {:?} {:?}", l.field, l.before, l.now))
            .collect();
        assert!(comparable(before, now));
        assert!(!comparable(before, "other: 1\nthings: 2\nseed: 1\n"));
        assert_eq!(
            text,
            [
                r#"operator 3 noise_scale Some("0.1") Some("0.2")"#,
                r#"new None Some("3")"#,
                r#"gone Some("2") None"#,
            ]
        );
    }
}
