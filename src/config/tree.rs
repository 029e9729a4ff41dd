//! Work on trees of settings: other names, merging, setting one value, looking one up.
//!
//! Invariant: nodes keep the place they were written at, wherever they are moved. It does not know
//! which keys exist.

use crate::node::{Content, Entry, Fault, Faults, Node, Span};

/// Other names of keys and sections, each with the place it stands for.
pub const OTHER_NAMES: &[(&str, &str)] = &[
    ("rollout", "simulation.rollout"),
    ("storage", "dataset.storage"),
    ("data_to_store", "dataset.data_to_store"),
    ("parameter_space.rollout", "parameter_space.evolution"),
    ("sampling.seed", "sampling.sobol.seed"),
    ("sampling.scramble", "sampling.sobol.scramble"),
    ("sampling.scramble_method", "sampling.sobol.scramble_method"),
];

/// The path that `path` stands for.
pub fn canonical_path(path: &str) -> String {
    for (other, place) in OTHER_NAMES {
        match path.strip_prefix(other) {
            Some(rest) if rest.is_empty() || rest.starts_with('.') => {
                return format!("{place}{rest}");
            }
            _ => {}
        }
    }
    path.to_owned()
}

/// Moves sections that go by another name to their place; what is given twice is a fault.
pub fn canonicalise(tree: &mut Node, faults: &Faults) {
    for (other, place) in OTHER_NAMES {
        let (parent, name) = other.rsplit_once('.').unwrap_or(("", other));
        let Some(Node { value: Content::Map(entries), .. }) = find_mut(tree, parent) else {
            continue;
        };
        let Some(at) = entries.iter().position(|e| e.name == *name) else { continue };
        let mut moved = entries.remove(at);
        // Where the section that should hold it is no mapping, that is reported.
        let Ok(slot) = make(tree, place, moved.span) else { continue };
        match (&mut slot.value, &mut moved.node.value) {
            (Content::Null, _) => *slot = moved.node,
            (Content::Map(have), Content::Map(more)) => {
                for entry in more.drain(..) {
                    if have.iter().any(|e| e.name == entry.name) {
                        twice(&entry, &format!("{other}.{}", entry.name), place, faults);
                    } else {
                        have.push(entry);
                    }
                }
            }
            _ => twice(&moved, other, place, faults),
        }
    }
}

fn twice(entry: &Entry, path: &str, place: &str, faults: &Faults) {
    faults.push(Fault {
        span: Some(entry.span),
        path: path.to_owned(),
        message: format!("given twice: `{place}` is the same setting"),
        help: Some("keep one of the two".to_owned()),
    });
}

/// Lays `over` upon `base`: mappings merge, everything else replaces.
pub fn merge(base: &mut Node, over: Node) {
    match (&mut base.value, over.value) {
        (Content::Map(have), Content::Map(more)) => {
            for entry in more {
                match have.iter_mut().find(|e| e.name == entry.name) {
                    Some(old) => {
                        old.span = entry.span;
                        merge(&mut old.node, entry.node);
                    }
                    None => have.push(entry),
                }
            }
            base.span = over.span;
        }
        // A section left empty changes nothing.
        (Content::Map(_), Content::Null) => {}
        (_, value) => *base = Node { value, span: over.span },
    }
}

/// The node at a dotted path; list items go by number from 0; the empty path is the tree.
pub fn find<'a>(tree: &'a Node, path: &str) -> Option<&'a Node> {
    path.split('.').filter(|part| !part.is_empty()).try_fold(tree, |node, part| match &node.value {
        Content::List(items) => items.get(part.parse::<usize>().ok()?),
        _ => node.get(part),
    })
}

fn find_mut<'a>(tree: &'a mut Node, path: &str) -> Option<&'a mut Node> {
    path.split('.').filter(|part| !part.is_empty()).try_fold(tree, |node, part| {
        match &mut node.value {
            Content::List(items) => items.get_mut(part.parse::<usize>().ok()?),
            Content::Map(entries) => {
                entries.iter_mut().find(|e| e.name == part).map(|e| &mut e.node)
            }
            _ => None,
        }
    })
}

/// The node at a dotted path, made if it is not there, with `span` for what is made.
///
/// # Errors
/// The part of the path that is neither a mapping nor an item of a list.
pub fn make<'a>(tree: &'a mut Node, path: &str, span: Span) -> Result<&'a mut Node, String> {
    let mut node = tree;
    let mut done = 0;
    for part in path.split('.') {
        let wrong = || path[..done].trim_end_matches('.').to_owned();
        if node.value == Content::Null {
            node.value = Content::Map(Vec::new());
        }
        node = match &mut node.value {
            Content::Map(entries) => {
                let at = entries.iter().position(|e| e.name == part).unwrap_or_else(|| {
                    let node = Node { value: Content::Null, span };
                    entries.push(Entry { name: part.to_owned(), span, node });
                    entries.len() - 1
                });
                &mut entries[at].node
            }
            Content::List(items) => {
                part.parse::<usize>().ok().and_then(|at| items.get_mut(at)).ok_or_else(wrong)?
            }
            _ => return Err(wrong()),
        };
        done += part.len() + 1;
    }
    Ok(node)
}

/// The tree as JSON, for what keeps it; numbers that JSON lacks are faults before this.
pub fn to_json(tree: &Node) -> serde_json::Value {
    match &tree.value {
        Content::Null => serde_json::Value::Null,
        Content::Bool(v) => (*v).into(),
        Content::Int(v) => (*v).into(),
        Content::Float(v) => (*v).into(),
        Content::Text(v) => v.clone().into(),
        Content::List(items) => items.iter().map(to_json).collect(),
        Content::Map(entries) => {
            entries.iter().map(|e| (e.name.clone(), to_json(&e.node))).collect()
        }
    }
}

/// A tree out of JSON; it has no places.
pub fn from_json(value: &serde_json::Value) -> Node {
    let value = match value {
        serde_json::Value::Null => Content::Null,
        serde_json::Value::Bool(v) => Content::Bool(*v),
        serde_json::Value::Number(v) => match v.as_i64() {
            Some(v) => Content::Int(v),
            None => Content::Float(v.as_f64().unwrap_or(f64::NAN)),
        },
        serde_json::Value::String(v) => Content::Text(v.clone()),
        serde_json::Value::Array(items) => Content::List(items.iter().map(from_json).collect()),
        serde_json::Value::Object(entries) => Content::Map(
            entries
                .iter()
                .map(|(name, value)| Entry {
                    name: name.clone(),
                    span: NOWHERE,
                    node: from_json(value),
                })
                .collect(),
        ),
    };
    Node { value, span: NOWHERE }
}

/// The place of what nobody wrote.
pub const NOWHERE: Span = Span { source: super::source::DEFAULT, line: 0, column: 0, length: 1 };
