//! Recipe against recipe: which lines differ.

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
