//! `${a.b}`: a value taken from elsewhere in the same document.
//!
//! A text that is nothing but one `${a.b}` becomes the value there, whatever its type; inside a longer
//! text the value is written out. `$${` stands for `${`. Invariant: the outcome is bounded in size,
//! however names refer to each other.

use std::collections::HashMap;

use super::tree::{canonical_path, find};
use crate::node::{Content, Entry, Fault, Faults, Node, Span, nearest};

/// Most values and bytes of text that interpolation may make.
const LIMIT: usize = 1 << 20;
/// Longest chain of names that refer to one another.
const DEEPEST: usize = 32;

/// The tree with every `${…}` replaced.
pub fn interpolate(tree: &Node, faults: &Faults) -> Node {
    let mut run = Run { tree, faults, done: HashMap::new(), chain: Vec::new(), made: 0 };
    run.node(tree)
}

struct Run<'a> {
    tree: &'a Node,
    faults: &'a Faults,
    /// Values of names met before.
    done: HashMap<String, Node>,
    /// The names being resolved, outermost first.
    chain: Vec<String>,
    made: usize,
}

impl Run<'_> {
    fn node(&mut self, node: &Node) -> Node {
        let value = match &node.value {
            Content::List(items) => Content::List(items.iter().map(|i| self.node(i)).collect()),
            Content::Map(entries) => Content::Map(
                entries
                    .iter()
                    .map(|e| Entry { name: e.name.clone(), span: e.span, node: self.node(&e.node) })
                    .collect(),
            ),
            Content::Text(text) if text.contains("${") => self.text(text, node.span),
            other => other.clone(),
        };
        Node { value, span: node.span }
    }

    fn text(&mut self, text: &str, span: Span) -> Content {
        if let Some(name) = text.strip_prefix("${").and_then(|t| t.strip_suffix('}'))
            && !name.contains(['$', '{', '}'])
        {
            return self.value(name, span).map_or(Content::Null, |node| node.value);
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            if rest[..at].ends_with('$') {
                out.push_str(&rest[..at - 1]);
                out.push_str("${");
                rest = &rest[at + 2..];
                continue;
            }
            out.push_str(&rest[..at]);
            let Some(end) = rest[at..].find('}') else {
                self.fault(span, format!("`{}` has no closing brace", &rest[at..]), None);
                return Content::Null;
            };
            let name = &rest[at + 2..at + end];
            match self.value(name, span).map(|node| node.value) {
                // Nothing, where something else is wrong, is what that fault left.
                None => {}
                Some(Content::Null) if !self.faults.is_empty() => {}
                Some(Content::Text(v)) => out.push_str(&v),
                Some(Content::Int(v)) => out.push_str(&v.to_string()),
                Some(v @ Content::Float(_)) => {
                    // As it would be written: `0.1`, `1e-5`.
                    out.push_str(Node { value: v, span }.describe().trim_matches('`'));
                }
                Some(Content::Bool(v)) => out.push_str(&v.to_string()),
                Some(value) => self.fault(
                    span,
                    format!(
                        "`{name}` is {}, which cannot stand inside a text",
                        Node { value, span }.describe()
                    ),
                    None,
                ),
            }
            rest = &rest[at + end + 1..];
        }
        out.push_str(rest);
        self.made += out.len();
        Content::Text(out)
    }

    fn value(&mut self, name: &str, span: Span) -> Option<Node> {
        let name = canonical_path(name.trim());
        if self.chain.contains(&name) {
            let chain = self.chain.join("` → `");
            self.fault(span, format!("`${{{name}}}` refers to itself: `{chain}` → `{name}`"), None);
            return None;
        }
        if self.chain.len() >= DEEPEST {
            self.fault(span, format!("more than {DEEPEST} names refer to one another"), None);
            return None;
        }
        let value = if let Some(value) = self.done.get(&name) {
            value.clone()
        } else {
            let Some(target) = find(self.tree, &name).filter(|_| !name.is_empty()) else {
                let known = self.siblings(&name);
                let help = nearest(&name, known.iter().map(String::as_str))
                    .map(|near| format!("did you mean `${{{near}}}`?"));
                self.fault(span, format!("nothing in this experiment is called `{name}`"), help);
                return None;
            };
            self.chain.push(name.clone());
            let value = self.node(target);
            self.chain.pop();
            self.done.insert(name, value.clone());
            value
        };
        let before = self.made;
        self.made += size(&value);
        if self.made > LIMIT {
            if before <= LIMIT {
                self.fault(span, "`${…}` makes the document too large", None);
            }
            return None;
        }
        Some(value)
    }

    /// The paths beside `name` that exist.
    fn siblings(&self, name: &str) -> Vec<String> {
        let (parent, _) = name.rsplit_once('.').unwrap_or(("", name));
        match find(self.tree, parent).map(|node| &node.value) {
            Some(Content::Map(entries)) => entries
                .iter()
                .map(|e| {
                    if parent.is_empty() { e.name.clone() } else { format!("{parent}.{}", e.name) }
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    fn fault(&self, span: Span, message: impl Into<String>, help: Option<String>) {
        self.faults.push(Fault {
            span: Some(span),
            path: String::new(),
            message: message.into(),
            help,
        });
    }
}

/// Values and bytes of text in a tree.
fn size(node: &Node) -> usize {
    match &node.value {
        Content::Text(text) => 1 + text.len(),
        Content::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Content::Map(entries) => {
            1 + entries.iter().map(|e| e.name.len() + size(&e.node)).sum::<usize>()
        }
        _ => 1,
    }
}
