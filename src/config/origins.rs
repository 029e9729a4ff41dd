//! `config show`: the effective experiment as YAML, and where each line of it comes from.
//!
//! Invariant: the lines are an experiment file that resolves to the same experiment. Keys without
//! effect are left out.

use super::experiment::Experiment;
use super::schema::{Class, Default, KEYS, Key, Type, key};
use super::source::Sources;
use super::tree::{NOWHERE, find, make};
use super::{Request, read_document, resolve};
use crate::error::Result;
use crate::node::{Content, Entry, Node, Span};
use crate::space::{CHANNELS, ParameterId, VOCABULARY};
use crate::yaml;

/// One line of the effective experiment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The line, indented.
    pub yaml: String,
    /// `file:line`, `--set`, `default`; empty for a line that only opens a section.
    pub origin: String,
}

/// The effective experiment, line by line.
///
/// # Errors
/// As [`super::load`].
pub fn origins(request: &Request) -> Result<Vec<Line>> {
    let (experiment, (tree, sources)) = resolve(read_document(request, &mut Vec::new())?, request)?;
    let effective = effective(&tree, &experiment);
    let mut lines = Vec::new();
    write(&effective, "", &sources, &mut lines);
    Ok(lines)
}

/// The document with every default filled in, in the order of the table.
pub(super) fn effective(tree: &Node, experiment: &Experiment) -> Node {
    let mut out = Node { value: Content::Map(Vec::new()), span: NOWHERE };
    let mut put = |path: &str, node: Node| {
        if let Ok(slot) = make(&mut out, path, NOWHERE) {
            *slot = node;
        }
    };
    let explicit = find(tree, "simulation.inputs").is_some_and(|n| n.value != Content::Null);
    for row in KEYS.iter().filter(|row| row.class == Class::Acts && row.path != "extends") {
        let given = find(tree, row.path).filter(|node| node.value != Content::Null);
        match (row.ty, given) {
            (Type::Section, _) if row.path == "parameter_space" => {
                for (path, node) in parameters(tree) {
                    put(&path, node);
                }
            }
            (Type::Open, Some(node)) if !row.path.starts_with("parameter_space") => {
                // What a reader of its own knows, such as blocks and metadata.
                for entry in entries(node) {
                    let path = format!("{}.{}", row.path, entry.name);
                    if key(&path).is_none() {
                        put(&path, entry.node.clone());
                    }
                }
            }
            (Type::Section | Type::Open, _) => {}
            (_, Some(node)) => put(row.path, node.clone()),
            (_, None) if explicit && row.path.contains("input_generation") => {}
            // The section itself switches features on.
            (_, None) if row.path.starts_with("features.") && find(tree, "features").is_none() => {}
            (_, None) => {
                if let Some(node) = default(row, tree, experiment) {
                    put(row.path, node);
                }
            }
        }
    }
    out
}

/// Every parameter that can be written, as the document or the vocabulary has it.
fn parameters(tree: &Node) -> Vec<(String, Node)> {
    let mut out = Vec::new();
    for (i, parameter) in VOCABULARY.iter().enumerate() {
        let group = format!("parameter_space.{}", parameter.group.name());
        let path = format!("{group}.{}", parameter.name);
        let given = find(tree, &path).filter(|node| node.value != Content::Null);
        let channels = ["input_channels", "output_channels"];
        let other = channels.iter().find_map(|name| find(tree, &format!("{group}.{name}")));
        let given = given.or(other.filter(|_| ParameterId(i) == CHANNELS));
        // `noise_scale` has no default that could be written: without one there is no noise.
        let node = given.cloned().or_else(|| {
            let default = serde_json::Value::from(parameter.default);
            parameter.domain.contains(parameter.default).then(|| super::tree::from_json(&default))
        });
        if let Some(node) = node {
            out.push((path, node));
        }
    }
    out
}

fn entries(node: &Node) -> &[Entry] {
    match &node.value {
        Content::Map(entries) => entries,
        _ => &[],
    }
}

/// The default of a key as a node without a place.
fn default(key: &Key, tree: &Node, experiment: &Experiment) -> Option<Node> {
    let value = match (key.path, key.default) {
        ("metadata.name", _) => Content::Text(experiment.name.clone()),
        ("dataset.output_path", _) => {
            let file = experiment.dataset.path.file_name()?.to_string_lossy();
            Content::Text(format!("datasets/{file}"))
        }
        ("simulation.input_generation.method", _)
            if find(tree, "simulation.input_generation.ic_type_weights").is_some() =>
        {
            Content::Text("sampled".to_owned())
        }
        (_, Default::Bool(v)) => Content::Bool(v),
        (_, Default::Int(v)) => Content::Int(v),
        (_, Default::Float(v)) => Content::Float(v),
        (_, Default::Name(v)) => Content::Text(v.to_owned()),
        (_, Default::Yaml(text)) => without_places(yaml::parse(0, text.as_bytes()).ok()?).value,
        (_, Default::None | Default::Derived(_)) => return None,
    };
    Some(Node { value, span: NOWHERE })
}

fn without_places(node: Node) -> Node {
    let value = match node.value {
        Content::List(items) => Content::List(items.into_iter().map(without_places).collect()),
        other => other,
    };
    Node { value, span: NOWHERE }
}

fn write(node: &Node, path: &str, sources: &Sources, lines: &mut Vec<Line>) {
    for entry in entries(node) {
        let inner =
            if path.is_empty() { entry.name.clone() } else { format!("{path}.{}", entry.name) };
        let indent = "  ".repeat(inner.matches('.').count());
        let name = scalar(&Content::Text(entry.name.clone()));
        // Sections open a block; laws, parameters and the like stay on one line.
        let opens = key(&inner).is_some_and(|k| matches!(k.ty, Type::Section | Type::Open));
        if opens && !entries(&entry.node).is_empty() {
            lines.push(Line { yaml: format!("{indent}{name}:"), origin: String::new() });
            write(&entry.node, &inner, sources, lines);
        } else {
            lines.push(Line {
                yaml: format!("{indent}{name}: {}", flow(&entry.node)),
                origin: sources.origin(place(&entry.node, entry.span)),
            });
        }
    }
}

/// The place of a value, or of its name where the value has none of its own.
pub(super) fn place(node: &Node, name: Span) -> Span {
    if node.span == NOWHERE { name } else { node.span }
}

/// A value on one line.
pub(super) fn flow(node: &Node) -> String {
    match &node.value {
        Content::List(items) => {
            format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", "))
        }
        Content::Map(entries) => {
            let entry = |e: &Entry| {
                format!("{}: {}", scalar(&Content::Text(e.name.clone())), flow(&e.node))
            };
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        other => scalar(other),
    }
}

/// A scalar that reads back as what it is.
fn scalar(value: &Content) -> String {
    match value {
        Content::Null => "~".to_owned(),
        Content::Bool(v) => v.to_string(),
        Content::Int(v) => v.to_string(),
        Content::Float(v) => format!("{v:?}"),
        Content::Text(text) => {
            let plain = !text.is_empty()
                && text.chars().all(|c| c.is_alphanumeric() || "_-./+".contains(c))
                && yaml::parse(0, text.as_bytes()).is_ok_and(|node| node.value == *value);
            if plain { text.clone() } else { serde_json::Value::from(text.as_str()).to_string() }
        }
        Content::List(_) | Content::Map(_) => flow(&Node { value: value.clone(), span: NOWHERE }),
    }
}
