//! Settings as read from a file: a tree whose every part knows its place, and the reader that turns
//! it into typed values.
//!
//! The reader ([`Fields`]) never stops at the first fault: it records it in [`Faults`], hands back
//! the default, and goes on, so that a person sees everything that is wrong at once. It also notices
//! the keys that nobody asked for. It does not know files or YAML; `yaml` makes the trees, `config`
//! turns faults into errors with snippets.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use crate::key::Value;

/// A stretch of one source text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// Which source: an index into the loader's list of texts.
    pub source: u32,
    /// Line, from 1; 0 if unknown.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Length in characters on that line; at least 1.
    pub length: u32,
}

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it is.
    pub value: Content,
    /// Where it stands.
    pub span: Span,
}

/// What a [`Node`] holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Nothing (`~`, or an empty value).
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A real number; may be infinite or NaN, which no setting allows.
    Float(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping in the order of the file; names are unique.
    Map(Vec<Entry>),
}

/// One line of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub name: String,
    /// Where the key stands.
    pub span: Span,
    /// The value.
    pub node: Node,
}

impl Node {
    /// The value under `name`, if this is a mapping that has it.
    pub fn get(&self, name: &str) -> Option<&Node> {
        match &self.value {
            Content::Map(entries) => entries.iter().find(|e| e.name == name).map(|e| &e.node),
            _ => None,
        }
    }

    /// What this is, for a message: ``the text `abc` ``.
    pub fn describe(&self) -> String {
        match &self.value {
            Content::Null => "nothing".into(),
            Content::Bool(v) => format!("`{v}`"),
            Content::Int(v) => format!("`{v}`"),
            Content::Float(v) => format!("`{v:?}`"),
            Content::Text(v) => format!("the text `{}`", v.escape_debug()),
            Content::List(items) => format!("a list of {}", items.len()),
            Content::Map(_) => "a mapping".into(),
        }
    }

    /// The number, whole or real.
    pub fn number(&self) -> Option<f64> {
        match self.value {
            Content::Int(v) => Some(v as f64),
            Content::Float(v) => Some(v),
            _ => None,
        }
    }

    /// The whole number; a real number without a fraction counts.
    pub fn integer(&self) -> Option<i64> {
        match self.value {
            Content::Int(v) => Some(v),
            Content::Float(v) if v.fract() == 0.0 && v.abs() < 9e15 => Some(v as i64),
            _ => None,
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// Where, if it has a place of its own.
    pub span: Option<Span>,
    /// The dotted path of the key.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// Everything wrong so far.
#[derive(Debug, Default)]
pub struct Faults(RefCell<Vec<Fault>>);

impl Faults {
    /// Records a fault.
    pub fn push(&self, fault: Fault) {
        self.0.borrow_mut().push(fault);
    }

    /// Records what is wrong with the value `node` at `path`.
    pub fn report(
        &self,
        node: &Node,
        path: &str,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.push(Fault {
            span: Some(node.span),
            path: path.to_owned(),
            message: message.into(),
            help,
        });
    }

    /// All faults, in the order found.
    pub fn into_vec(self) -> Vec<Fault> {
        self.0.into_inner()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.borrow().len()
    }

    /// Whether anything is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }
}

/// The known name closest to `name`, if one is close enough to be a slip of the pen.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|k| (strsim::damerau_levenshtein(name, k), k))
        .filter(|(distance, k)| *distance <= (k.chars().count().max(4) / 3).max(1) + 1)
        .min()
        .map(|(_, k)| k)
}

/// ``unknown …; did you mean `x`?`` — the help line for a wrong name.
pub fn known_names<'a>(name: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    let all: Vec<&str> = known.clone().into_iter().collect();
    match nearest(name, known) {
        Some(near) => format!("did you mean `{near}`? known: {}", all.join(", ")),
        None => format!("known: {}", all.join(", ")),
    }
}

/// Reads one mapping: typed, checked, complete.
pub struct Fields<'a> {
    path: String,
    entries: &'a [Entry],
    faults: &'a Faults,
    taken: RefCell<BTreeSet<String>>,
}

impl<'a> Fields<'a> {
    /// A reader of `node`, which must be a mapping; an absent value counts as an empty one.
    pub fn new(node: Option<&'a Node>, path: impl Into<String>, faults: &'a Faults) -> Self {
        let path = path.into();
        let entries: &[Entry] = match node {
            Some(Node { value: Content::Map(entries), .. }) => entries,
            None | Some(Node { value: Content::Null, .. }) => &[],
            Some(other) => {
                faults.report(
                    other,
                    &path,
                    format!("expected a mapping, found {}", other.describe()),
                    None,
                );
                &[]
            }
        };
        Self { path, entries, faults, taken: RefCell::default() }
    }

    /// The dotted path of `name` here.
    pub fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// The dotted path of this mapping.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Where faults go.
    pub fn faults(&self) -> &'a Faults {
        self.faults
    }

    /// The entries that nobody has asked for yet, in file order.
    pub fn rest(&self) -> Vec<&'a Entry> {
        self.entries.iter().filter(|e| !self.taken.borrow().contains(&e.name)).collect()
    }

    /// The value under `name`; `null` counts as absent.
    pub fn get(&self, name: &str) -> Option<&'a Node> {
        self.taken.borrow_mut().insert(name.to_owned());
        let entry = self.entries.iter().find(|e| e.name == name)?;
        (entry.node.value != Content::Null).then_some(&entry.node)
    }

    /// A reader of the mapping under `name`.
    #[must_use]
    pub fn map(&self, name: &str) -> Fields<'a> {
        Fields::new(self.get(name), self.path_of(name), self.faults)
    }

    /// Records that the value under `name` is wrong.
    pub fn fault(&self, name: &str, message: impl Into<String>, help: Option<String>) {
        let node = self.entries.iter().find(|e| e.name == name);
        self.faults.push(Fault {
            span: node.map(|e| e.node.span),
            path: self.path_of(name),
            message: message.into(),
            help,
        });
    }

    /// Reports `name`, if given, as a key without a meaning here; not offered among the known ones.
    pub fn refuse(&self, name: &str, why: &str, instead: &str) {
        if self.entries.iter().any(|e| e.name == name) {
            self.taken.borrow_mut().insert(name.to_owned());
            self.fault(name, why, Some(instead.to_owned()));
        }
    }

    /// A real number in `range`.
    pub fn float(&self, name: &str, range: RangeInclusive<f64>, default: f64) -> f64 {
        self.optional_float(name, range).unwrap_or(default)
    }

    /// A real number in `range`, if given.
    pub fn optional_float(&self, name: &str, range: RangeInclusive<f64>) -> Option<f64> {
        let node = self.get(name)?;
        let allowed = format!("a number{}", within(&range));
        match node.number() {
            Some(v) if range.contains(&v) => return Some(v),
            Some(_) => self.wrong(name, node, &allowed, "out of range"),
            None => self.wrong(name, node, &allowed, "not a number"),
        }
        None
    }

    /// A whole number in `range`.
    pub fn int(&self, name: &str, range: RangeInclusive<i64>, default: i64) -> i64 {
        self.optional_int(name, range).unwrap_or(default)
    }

    /// A whole number in `range`, if given.
    pub fn optional_int(&self, name: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let node = self.get(name)?;
        let allowed = match (*range.start(), *range.end()) {
            (lo, i64::MAX) => format!("a whole number, at least {lo}"),
            (lo, hi) => format!("a whole number from {lo} to {hi}"),
        };
        match node.integer() {
            Some(v) if range.contains(&v) => return Some(v),
            Some(_) => self.wrong(name, node, &allowed, "out of range"),
            None => self.wrong(name, node, &allowed, "not a whole number"),
        }
        None
    }

    /// `true` or `false`.
    pub fn bool(&self, name: &str, default: bool) -> bool {
        match self.get(name) {
            None => default,
            Some(Node { value: Content::Bool(v), .. }) => *v,
            Some(node) => {
                self.wrong(name, node, "true, false", "not true or false");
                default
            }
        }
    }

    /// A text.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        match self.get(name)? {
            Node { value: Content::Text(v), .. } => Some(v),
            node => {
                self.wrong(name, node, "a text", "not a text");
                None
            }
        }
    }

    /// One of some names.
    pub fn choice(
        &self,
        name: &str,
        allowed: &[&'static str],
        default: &'static str,
    ) -> &'static str {
        let Some(node) = self.get(name) else { return default };
        if let Content::Text(text) = &node.value {
            if let Some(found) = allowed.iter().find(|a| *a == text) {
                return found;
            }
            let near = nearest(text, allowed.iter().copied());
            self.faults.report(
                node,
                &self.path_of(name),
                format!("`{}` is not allowed here", text.escape_debug()),
                Some(match near {
                    Some(near) => {
                        format!("did you mean `{near}`? allowed: {}", allowed.join(", "))
                    }
                    None => format!("allowed: {}", allowed.join(", ")),
                }),
            );
        } else {
            self.wrong(name, node, &allowed.join(", "), "not one of the names allowed here");
        }
        default
    }

    /// Two numbers `[lo, hi]` with `lo <= hi`, both in `range`.
    pub fn pair(&self, name: &str, range: RangeInclusive<f64>) -> Option<(f64, f64)> {
        let node = self.get(name)?;
        let allowed = match within(&range) {
            ends if ends.is_empty() => "[low, high]".to_owned(),
            ends => format!("[low, high],{ends}"),
        };
        let Content::List(items) = &node.value else {
            self.wrong(name, node, &allowed, "not a pair of numbers");
            return None;
        };
        match items.iter().map(Node::number).collect::<Option<Vec<f64>>>().as_deref() {
            Some(&[lo, hi]) if range.contains(&lo) && range.contains(&hi) && lo <= hi => {
                Some((lo, hi))
            }
            Some(&[lo, hi]) if lo > hi => {
                self.wrong(name, node, &allowed, "the low end is above the high end");
                None
            }
            Some(&[_, _]) => {
                self.wrong(name, node, &allowed, "out of range");
                None
            }
            _ => {
                self.wrong(name, node, &allowed, "not a pair of numbers");
                None
            }
        }
    }

    /// A number that may be drawn: a constant, `{uniform: [a, b]}`, `{log_uniform: [a, b]}` or
    /// `{choice: [...]}`.
    pub fn law(&self, name: &str, range: RangeInclusive<f64>, default: Law) -> Law {
        let Some(node) = self.get(name) else { return default };
        let Content::Map(entries) = &node.value else {
            return self.optional_float(name, range).map_or(default, Law::Constant);
        };
        let inner = self.map(name);
        let law = match entries.first().map(|e| e.name.as_str()) {
            Some("uniform") => inner.pair("uniform", range).map(|(a, b)| Law::Uniform(a, b)),
            Some("log_uniform") => match inner.pair("log_uniform", range) {
                Some((a, b)) if a > 0.0 => Some(Law::LogUniform(a, b)),
                Some(_) => {
                    inner.fault("log_uniform", "the low end must be above 0", None);
                    None
                }
                None => None,
            },
            Some("choice") => inner.numbers("choice", range).map(Law::Choice),
            _ => {
                self.wrong(
                    name,
                    node,
                    "a number, {uniform: [a, b]}, {log_uniform: [a, b]}, {choice: [...]}",
                    "not a number or a law",
                );
                return default;
            }
        };
        inner.finish();
        law.unwrap_or(default)
    }

    /// A list of numbers in `range`, at least one.
    pub fn numbers(&self, name: &str, range: RangeInclusive<f64>) -> Option<Vec<f64>> {
        let node = self.get(name)?;
        let allowed = format!("a list of numbers{}, at least one", within(&range));
        let items = match &node.value {
            Content::List(items) if !items.is_empty() => items,
            _ => {
                self.wrong(name, node, &allowed, "not a list of numbers");
                return None;
            }
        };
        let mut out = Vec::with_capacity(items.len());
        for item in items {
            match item.number() {
                Some(v) if range.contains(&v) => out.push(v),
                _ => {
                    self.faults.report(
                        item,
                        &self.path_of(name),
                        format!("{} is not allowed here", item.describe()),
                        Some(format!("allowed: {allowed}")),
                    );
                    return None;
                }
            }
        }
        Some(out)
    }

    /// Reports every key that nobody asked for.
    pub fn finish(self) {
        let rest = self.rest();
        let taken = self.taken.borrow();
        for entry in rest {
            let known = taken.iter().map(String::as_str);
            self.faults.push(Fault {
                span: Some(entry.span),
                path: self.path_of(&entry.name),
                message: format!("unknown key `{}`", entry.name.escape_debug()),
                help: Some(known_names(&entry.name, known)),
            });
        }
    }

    fn wrong(&self, name: &str, node: &Node, allowed: &str, why: &str) {
        self.faults.report(
            node,
            &self.path_of(name),
            format!("{} is {why}", node.describe()),
            Some(format!("allowed: {allowed}")),
        );
    }
}

/// The ends of a range for a message; nothing where it has none.
fn within(range: &RangeInclusive<f64>) -> String {
    match (*range.start(), *range.end()) {
        (f64::NEG_INFINITY, f64::INFINITY) => String::new(),
        (low, high) => format!(" from {low:?} to {high:?}"),
    }
}

/// How a setting of an initial condition is drawn, once per operator.
#[derive(Debug, Clone, PartialEq)]
pub enum Law {
    /// Always the same.
    Constant(f64),
    /// Uniform between two ends.
    Uniform(f64, f64),
    /// Uniform in the logarithm between two positive ends.
    LogUniform(f64, f64),
    /// One of some values, each as likely.
    Choice(Vec<f64>),
}

impl Law {
    /// The value at `u` in (0, 1); a constant ignores it.
    pub fn at(&self, u: f64) -> f64 {
        match self {
            Law::Constant(v) => *v,
            Law::Uniform(a, b) => (a + (b - a) * u).clamp(*a, *b),
            Law::LogUniform(a, b) => {
                let (a_log, b_log) = (libm::log(*a), libm::log(*b));
                libm::exp(a_log + (b_log - a_log) * u).clamp(*a, *b)
            }
            Law::Choice(values) => {
                values[((u * values.len() as f64) as usize).min(values.len() - 1)]
            }
        }
    }
}

impl From<&Law> for Value {
    fn from(law: &Law) -> Value {
        match law {
            Law::Constant(v) => Value::Float(*v),
            Law::Uniform(a, b) => Value::Map(vec![("uniform", vec![*a, *b].into())]),
            Law::LogUniform(a, b) => Value::Map(vec![("log_uniform", vec![*a, *b].into())]),
            Law::Choice(values) => Value::Map(vec![("choice", values.clone().into())]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(value: Content) -> Node {
        Node { value, span: Span::default() }
    }

    fn map(entries: &[(&str, Content)]) -> Node {
        node(Content::Map(
            entries
                .iter()
                .map(|(name, value)| Entry {
                    name: (*name).into(),
                    span: Span::default(),
                    node: node(value.clone()),
                })
                .collect(),
        ))
    }

    #[test]
    fn every_fault_is_found_and_defaults_stand_in() {
        let tree = map(&[
            ("alpha", Content::Text("x".into())),
            ("beta", Content::Float(9.0)),
            ("gama", Content::Int(1)),
            ("policy", Content::Text("convx".into())),
        ]);
        let faults = Faults::default();
        let fields = Fields::new(Some(&tree), "evolution", &faults);
        assert_eq!(fields.float("alpha", 0.0..=1.0, 0.5), 0.5);
        assert_eq!(fields.float("beta", 0.0..=1.0, 0.25), 0.25);
        assert_eq!(fields.int("gamma", 1..=9, 3), 3);
        assert_eq!(fields.choice("policy", &["convex", "residual"], "residual"), "residual");
        fields.finish();
        let text: Vec<String> = faults
            .into_vec()
            .into_iter()
            .map(|f| format!("{}: {} ({})", f.path, f.message, f.help.unwrap_or_default()))
            .collect();
        assert_eq!(
            text,
            [
                "evolution.alpha: the text `x` is not a number (allowed: a number from 0.0 to 1.0)",
                "evolution.beta: `9.0` is out of range (allowed: a number from 0.0 to 1.0)",
                "evolution.policy: `convx` is not allowed here (did you mean `convex`? allowed: \
                 convex, residual)",
                "evolution.gama: unknown key `gama` (did you mean `gamma`? known: alpha, beta, \
                 gamma, policy)",
            ]
        );
    }

    #[test]
    fn a_law_covers_its_range() {
        assert_eq!(Law::Uniform(1.0, 3.0).at(0.5), 2.0);
        assert!((Law::LogUniform(0.01, 1.0).at(0.5) - 0.1).abs() < 1e-15);
        assert_eq!(Law::Choice(vec![1.0, 2.0, 4.0]).at(0.999), 4.0);
    }
}
