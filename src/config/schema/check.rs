//! A document against the table: unknown keys, refused ones, and those that have no meaning here.

use super::{Class, KEYS, Key, Type, children, key};
use crate::config::tree::OTHER_NAMES;
use crate::node::{Content, Entry, Fault, Faults, Fields, Node, nearest};

/// Reports every key that is unknown or refused; returns a note for each that has no effect.
///
/// Keys below an open section that the table lacks are left to the section's own reader.
pub fn check(tree: &Node, faults: &Faults) -> Vec<String> {
    let mut notes = Vec::new();
    section(tree, "", Type::Section, faults, Some(&mut notes));
    notes
}

/// Checks one mapping; `notes` is absent inside what has been noted as a whole.
fn section(
    node: &Node,
    path: &str,
    ty: Type,
    faults: &Faults,
    mut notes: Option<&mut Vec<String>>,
) {
    let entries = match &node.value {
        Content::Map(entries) => entries,
        Content::Null => return,
        _ => {
            faults.report(
                node,
                path,
                format!("expected a mapping, found {}", node.describe()),
                Some(format!("known keys: {}", names(path).join(", "))),
            );
            return;
        }
    };
    for entry in entries {
        let inner = join(path, &entry.name);
        let Some(key) = key(&inner) else {
            if ty != Type::Open {
                unknown(entry, path, faults);
            }
            continue;
        };
        match key.class {
            Class::Refused(reason) => faults.push(Fault {
                span: Some(entry.span),
                path: inner,
                message: format!("refused: {reason}"),
                help: Some(format!("take `{}` out", entry.name)),
            }),
            Class::Acts if matches!(key.ty, Type::Section | Type::Open) => {
                section(&entry.node, &inner, key.ty, faults, notes.as_deref_mut());
            }
            Class::Acts => {}
            Class::Noted(reason) => {
                if let Some(notes) = notes.as_deref_mut() {
                    notes.push(format!("`{inner}` has no meaning here: {reason}"));
                }
                if key.ty == Type::Section {
                    section(&entry.node, &inner, key.ty, faults, None);
                } else {
                    value(node, key, faults);
                }
            }
        }
    }
}

/// Checks a value that has no effect: a slip in it is a slip all the same.
fn value(parent: &Node, key: &Key, faults: &Faults) {
    let fields = Fields::new(Some(parent), key.parent(), faults);
    match key.ty {
        Type::Bool => {
            fields.bool(key.name(), false);
        }
        Type::Int(lo, hi) => {
            fields.optional_int(key.name(), lo..=hi);
        }
        Type::Float(lo, hi) => {
            fields.optional_float(key.name(), lo..=hi);
        }
        Type::Text => {
            fields.text(key.name());
        }
        Type::Choice(names) => {
            choice(&fields, key, names);
        }
        Type::Section | Type::Open | Type::Free | Type::Other(..) => {}
    }
}

/// The name under `key`, if given and allowed.
pub fn choice(
    fields: &Fields<'_>,
    key: &Key,
    names: &'static [&'static str],
) -> Option<&'static str> {
    let node = fields.get(key.name())?;
    if let Content::Text(text) = &node.value
        && let Some((name, reason)) = key.refused.iter().find(|(name, _)| name == text)
    {
        fields.fault(
            key.name(),
            format!("`{name}` is refused: {reason}"),
            Some(format!("allowed: {}", names.join(", "))),
        );
        return None;
    }
    Some(fields.choice(key.name(), names, names[0]))
}

fn unknown(entry: &Entry, path: &str, faults: &Faults) {
    let known = names(path);
    let elsewhere = KEYS.iter().find(|key| key.name() == entry.name && key.path.contains('.'));
    let help = match (nearest(&entry.name, known.iter().copied()), elsewhere) {
        (Some(near), _) => format!("did you mean `{near}`? known: {}", known.join(", ")),
        (None, Some(key)) => format!("did you mean `{}`?", key.path),
        (None, None) => format!("known: {}", known.join(", ")),
    };
    faults.push(Fault {
        span: Some(entry.span),
        path: join(path, &entry.name),
        message: format!("unknown key `{}`", entry.name.escape_debug()),
        help: Some(help),
    });
}

/// The names that may stand directly below a path.
fn names(path: &str) -> Vec<&'static str> {
    let other = OTHER_NAMES.iter().filter_map(|(other, _)| {
        let (parent, name) = other.rsplit_once('.').unwrap_or(("", other));
        (parent == path).then_some(name)
    });
    let refused = |key: &&Key| !matches!(key.class, Class::Refused(_));
    children(path).filter(refused).map(Key::name).chain(other).collect()
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
