//! Recipe against recipe: which lines differ.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::Value;

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

/// The field and the value of a recipe line.
fn split(line: &str) -> (&str, &str) {
    line.split_once(" <- ").or_else(|| line.split_once(": ")).unwrap_or((line, ""))
}

/// The lines in which two recipes differ, in the order of the new one. A field that stands several
/// times (the inputs of a data set) is a set: what both have is equal, the others go together in
/// order. A line of several named values (`operator 3: a=1 b=2`) or of JSON is taken apart, so that
/// only the values that moved are named.
pub fn differences(before: &str, now: &str) -> Vec<Line> {
    let common: HashSet<&str> = now.lines().collect();
    let mut old: HashMap<&str, VecDeque<&str>> = HashMap::new();
    let mut order = Vec::new();
    for (field, value) in before.lines().filter(|line| !common.contains(line)).map(split) {
        old.entry(field).or_default().push_back(value);
        order.push(field);
    }
    let common: HashSet<&str> = before.lines().collect();
    let mut out = Vec::new();
    for (field, value) in now.lines().filter(|line| !common.contains(line)).map(split) {
        match old.get_mut(field).and_then(VecDeque::pop_front) {
            Some(was) => named(field, was, value, &mut out),
            None => out.push(Line { field: field.into(), before: None, now: Some(value.into()) }),
        }
    }
    for field in order {
        if let Some(value) = old.get_mut(field).and_then(VecDeque::pop_front) {
            out.push(Line { field: field.into(), before: Some(value.into()), now: None });
        }
    }
    out
}

/// The leaves of a JSON object by dotted path: `sampling.seed`, `42`.
fn leaves(path: &str, value: &Value, out: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                leaves(&path, value, out);
            }
        }
        leaf => out.push((path.to_owned(), leaf.to_string())),
    }
}

/// Adds the differing values of one line.
fn named(field: &str, was: &str, value: &str, out: &mut Vec<Line>) {
    let parts = |text: &str| -> Option<Vec<(String, String)>> {
        if let Ok(value @ Value::Object(_)) = serde_json::from_str(text) {
            let mut all = Vec::new();
            leaves("", &value, &mut all);
            return Some(all);
        }
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
        assert_eq!(
            text,
            [
                r#"operator 3 noise_scale Some("0.1") Some("0.2")"#,
                r#"new None Some("3")"#,
                r#"gone Some("2") None"#,
            ]
        );
    }

    #[test]
    fn inputs_are_a_set_and_json_is_taken_apart() {
        let before =
            "config: {\"a\":{\"b\":1,\"c\":2}}\nrollout <- 11\nrollout <- 22\nrollout <- 33\n";
        let now = "config: {\"a\":{\"b\":1,\"c\":3}}\nrollout <- 11\nrollout <- 33\nrollout <- 44\nrollout <- 55\n";
        let text: Vec<String> = differences(before, now)
            .into_iter()
            .map(|l| format!("{} {:?} {:?}", l.field, l.before, l.now))
            .collect();
        assert_eq!(
            text,
            [
                r#"config a.c Some("2") Some("3")"#,
                r#"rollout Some("22") Some("44")"#,
                r#"rollout None Some("55")"#,
            ]
        );
    }
}
