//! Two documents compared as a person wrote them: which settings differ, and documents that lie between.
//!
//! Invariant: the old document with all edits is the new one. It does not know what an edit costs.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::origins::{effective, flow};
use super::schema::{Type, key};
use super::source::Sources;
use super::tree::{find, from_json};
use super::{Experiment, origins::place};
use crate::node::{Content, Node, Span};

/// Where each setting of a document stands, by dotted path: `file:line`, or the option that set it.
pub type Places = BTreeMap<String, String>;

/// One setting that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edit {
    /// Its dotted path.
    pub path: String,
    /// What it was, as YAML on one line; none if it was not given and has no default.
    pub before: Option<String>,
    /// What it is now.
    pub now: Option<String>,
    /// Where it stands: `file:line`, or `--set`; of what was removed, where it stood.
    pub at: String,
    /// `before` or `now`, if that one is a default and not written anywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<&'static str>,
}

impl std::fmt::Display for Edit {
    /// `path: before → now`, long values cut.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let side = |value: &Option<String>, name: &str| match value {
            Some(text) if self.default == Some(name) => format!("{} (default)", cut(text)),
            Some(text) => cut(text),
            None if name == "now" => "removed".to_owned(),
            None => "not set".to_owned(),
        };
        write!(f, "{}: {} → {}", self.path, side(&self.before, "before"), side(&self.now, "now"))
    }
}

/// A value, or the beginning of a long one.
fn cut(text: &str) -> String {
    const LONGEST: usize = 80;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The settings that differ between an experiment as it was, whose settings stood at `places`, and as it
/// is; in the order of the new document.
pub fn edits(before: &Experiment, places: &Places, now: &Experiment) -> Vec<Edit> {
    let mut paths = Vec::new();
    compare(Some(&before.document), Some(&now.document), &mut Vec::new(), &mut paths);
    let filled = |experiment: &Experiment| effective(&from_json(&experiment.document), experiment);
    let defaults = (filled(before), filled(now));
    let one = |path: Vec<String>| {
        let dotted = path.join(".");
        let text = |document: &Value| at(document, &path).map(|value| flow(&from_json(value)));
        let default = |tree: &Node| {
            let node = find(tree, &dotted).filter(|node| node.value != Content::Null)?;
            Some(flow(node))
        };
        let (written, writes) = (text(&before.document), text(&now.document));
        let by_default = match (&written, &writes) {
            (None, Some(_)) => default(&defaults.0).map(|text| ("before", text)),
            (Some(_), None) => default(&defaults.1).map(|text| ("now", text)),
            _ => None,
        };
        let at = match writes {
            Some(_) => now.places.get(&dotted).cloned().unwrap_or_default(),
            None => removed(places.get(&dotted).map_or("", String::as_str)),
        };
        let (side, value) = by_default.unzip();
        let (before, now) = match side {
            Some("before") => (value, writes),
            Some(_) => (written, value),
            None => (written, writes),
        };
        Edit { path: dotted, before, now, at, default: side }
    };
    paths.into_iter().map(one).collect()
}

/// Where something stood that is no longer there: its line may hold something else by now.
fn removed(place: &str) -> String {
    match place.rsplit_once(':') {
        Some((file, _)) => format!("{file}, removed"),
        None if place.is_empty() => "removed".to_owned(),
        None => format!("{place}, no longer given"),
    }
}

/// The document `before` with only those edits of `now` whose paths `take` names.
pub fn between(before: &Value, now: &Value, take: &dyn Fn(&str) -> bool) -> Value {
    mix(Some(before), Some(now), &mut Vec::new(), take).unwrap_or(Value::Null)
}

fn at<'a>(document: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(document, |value, part| match value {
        Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        Value::Object(entries) => entries.get(part),
        _ => None,
    })
}

/// Sections that change something even while they are empty.
const ACTS_BY_BEING_THERE: [&str; 1] = ["features"];

/// How a difference is taken apart.
enum Split<'a> {
    /// Nothing differs.
    Equal,
    /// As one.
    Whole,
    /// Entry by entry; a side that is not there has none.
    Entries(Option<&'a Map<String, Value>>, Option<&'a Map<String, Value>>),
    /// Item by item, as many on both sides.
    Items(&'a [Value], &'a [Value]),
}

fn split<'a>(before: Option<&'a Value>, now: Option<&'a Value>, path: &[String]) -> Split<'a> {
    // A section that is not there says the same as an empty one, except where its being there acts.
    let opens = |entries: &Map<String, Value>| {
        let path = path.join(".");
        let section = key(&path).is_some_and(|key| key.ty == Type::Section);
        !entries.is_empty() && section && !ACTS_BY_BEING_THERE.contains(&&*path)
    };
    match (before, now) {
        (Some(a), Some(b)) if a == b => Split::Equal,
        (None, None) => Split::Equal,
        (Some(Value::Object(a)), Some(Value::Object(b))) => Split::Entries(Some(a), Some(b)),
        (Some(Value::Object(a)), None | Some(Value::Null)) if opens(a) => {
            Split::Entries(Some(a), None)
        }
        (None | Some(Value::Null), Some(Value::Object(b))) if opens(b) => {
            Split::Entries(None, Some(b))
        }
        (Some(Value::Array(a)), Some(Value::Array(b)))
            if a.len() == b.len() && a.iter().chain(b).all(Value::is_object) =>
        {
            Split::Items(a, b)
        }
        _ => Split::Whole,
    }
}

/// Names of the entries of both sides: those of the new one in its order, then those that are gone.
fn names<'a>(
    before: Option<&'a Map<String, Value>>,
    now: Option<&'a Map<String, Value>>,
) -> Vec<&'a String> {
    let gone = before.into_iter().flat_map(Map::keys);
    let gone = gone.filter(|name| now.is_none_or(|now| !now.contains_key(*name)));
    now.into_iter().flat_map(Map::keys).chain(gone).collect()
}

fn compare(
    before: Option<&Value>,
    now: Option<&Value>,
    path: &mut Vec<String>,
    out: &mut Vec<Vec<String>>,
) {
    match split(before, now, path) {
        Split::Equal => {}
        Split::Whole => out.push(path.clone()),
        Split::Entries(a, b) => {
            for name in names(a, b) {
                path.push(name.clone());
                compare(a.and_then(|a| a.get(name)), b.and_then(|b| b.get(name)), path, out);
                path.pop();
            }
        }
        Split::Items(a, b) => {
            for (i, (a, b)) in a.iter().zip(b).enumerate() {
                path.push(i.to_string());
                compare(Some(a), Some(b), path, out);
                path.pop();
            }
        }
    }
}

fn mix(
    before: Option<&Value>,
    now: Option<&Value>,
    path: &mut Vec<String>,
    take: &dyn Fn(&str) -> bool,
) -> Option<Value> {
    match split(before, now, path) {
        Split::Whole if take(&path.join(".")) => now.cloned(),
        Split::Equal | Split::Whole => before.cloned(),
        Split::Entries(a, b) => {
            let mut out = Map::new();
            for name in names(a, b) {
                path.push(name.clone());
                let value =
                    mix(a.and_then(|a| a.get(name)), b.and_then(|b| b.get(name)), path, take);
                path.pop();
                if let Some(value) = value {
                    out.insert(name.clone(), value);
                }
            }
            // A section of which nothing is left is not there.
            (a.is_some() && b.is_some() || !out.is_empty()).then_some(Value::Object(out))
        }
        Split::Items(a, b) => {
            let mut out = Vec::new();
            for (i, (a, b)) in a.iter().zip(b).enumerate() {
                path.push(i.to_string());
                out.extend(mix(Some(a), Some(b), path, take));
                path.pop();
            }
            Some(Value::Array(out))
        }
    }
}

/// Where every setting of a tree stands.
pub(super) fn places(tree: &Node, sources: &Sources) -> Places {
    let mut out = Places::new();
    walk(tree, tree.span, &mut Vec::new(), sources, &mut out);
    out
}

fn walk(node: &Node, name: Span, path: &mut Vec<String>, sources: &Sources, out: &mut Places) {
    if !path.is_empty() {
        out.insert(path.join("."), sources.origin(place(node, name)));
    }
    match &node.value {
        Content::Map(entries) => {
            for entry in entries {
                path.push(entry.name.clone());
                walk(&entry.node, entry.span, path, sources, out);
                path.pop();
            }
        }
        Content::List(items) => {
            for (i, item) in
                items.iter().enumerate().filter(|(_, i)| matches!(i.value, Content::Map(_)))
            {
                path.push(i.to_string());
                walk(item, item.span, path, sources, out);
                path.pop();
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn paths(before: &Value, now: &Value) -> Vec<String> {
        let mut out = Vec::new();
        compare(Some(before), Some(now), &mut Vec::new(), &mut out);
        out.into_iter().map(|path| path.join(".")).collect()
    }

    #[test]
    fn a_difference_is_named_at_its_leaf_and_a_change_of_form_as_one() {
        let before = json!({"simulation": {"num_timesteps": 8}, "a": {"b": {"bounds": [1, 2]}, "c": 1},
                            "list": [{"w": 1}, {"w": 2}]});
        let now = json!({"a": {"b": {"bounds": [1, 3]}, "c": {"d": 2}},
                         "sampling": {"sobol": {"seed": 3}}, "list": [{"w": 1}, {"w": 3}]});
        let all =
            ["a.b.bounds", "a.c", "sampling.sobol.seed", "list.1.w", "simulation.num_timesteps"];
        assert_eq!(paths(&before, &now), all);
        assert_eq!(between(&before, &now, &|_| true), now);
        assert_eq!(paths(&before, &between(&before, &now, &|_| false)), [""; 0]);
        for path in all {
            let one = between(&before, &now, &|taken| taken == path);
            assert_eq!(paths(&before, &one), [path]);
            assert_eq!(paths(&one, &now).len(), all.len() - 1);
        }
    }

    #[test]
    fn a_section_that_acts_by_being_there_is_one_edit_while_it_is_empty() {
        assert_eq!(paths(&json!({}), &json!({"features": {}})), ["features"]);
        assert_eq!(
            paths(&json!({"renders": {}}), &json!({"renders": {"film": {"x": 1}}})),
            ["renders.film"]
        );
    }
}
