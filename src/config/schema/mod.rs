//! Every key of an experiment file, in one table: what it is, whether it acts, what is allowed.
//!
//! Checking, reading, the documents and the JSON Schema are all made from [`KEYS`], so they cannot
//! disagree. Two parts of a file have keys of their own, from tables of their own: the parameters
//! (`crate::space::VOCABULARY`) and the settings of initial conditions (`crate::ic::FAMILIES`).

mod check;
mod json;
mod keys;
mod page;

pub use check::{check, choice};
pub use json::json_schema;
pub use keys::KEYS;
pub use page::document;

/// What becomes of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// It changes what is built, or is recorded.
    Acts,
    /// Accepted, without effect; the reason.
    Noted(&'static str),
    /// Not accepted; the reason.
    Refused(&'static str),
}

/// What may stand under a key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Type {
    /// A mapping of keys of the table.
    Section,
    /// A mapping of keys of the table and others, which have a reader of their own.
    Open,
    /// Anything.
    Free,
    /// `true` or `false`.
    Bool,
    /// A whole number between two ends.
    Int(i64, i64),
    /// A number between two ends.
    Float(f64, f64),
    /// A text.
    Text,
    /// One of some names.
    Choice(&'static [&'static str]),
    /// Another form, in words, with its JSON Schema.
    Other(&'static str, &'static str),
}

/// The value of a key that is not given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Default {
    /// There is none.
    None,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A name.
    Name(&'static str),
    /// A value of another form, as YAML.
    Yaml(&'static str),
    /// Found from other settings, in words.
    Derived(&'static str),
}

/// One key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Key {
    /// Its dotted path.
    pub path: &'static str,
    /// What becomes of it.
    pub class: Class,
    /// What may stand there.
    pub ty: Type,
    /// What holds if nothing does.
    pub default: Default,
    /// What it says.
    pub about: &'static str,
    /// Values of a [`Type::Choice`] that have a reason of their own to be refused.
    pub refused: &'static [(&'static str, &'static str)],
}

impl Key {
    /// The last part of the path.
    pub fn name(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }

    /// The path without its last part.
    pub fn parent(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(parent, _)| parent)
    }

    /// What is allowed, in words.
    pub fn allowed(&self) -> String {
        match self.ty {
            Type::Section | Type::Open => "a mapping".to_owned(),
            Type::Free => "anything".to_owned(),
            Type::Bool => "true, false".to_owned(),
            Type::Int(lo, i64::MAX) => format!("whole number, at least {lo}"),
            Type::Int(lo, hi) => format!("whole number, {lo} to {hi}"),
            Type::Float(lo, hi) => format!("number, {lo:?} to {hi:?}"),
            Type::Text => "text".to_owned(),
            Type::Choice(names) => names.join(", "),
            Type::Other(words, _) => words.to_owned(),
        }
    }
}

/// The key at a path.
pub fn key(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// The keys directly below a path.
pub fn children(path: &str) -> impl Iterator<Item = &'static Key> + Clone {
    let path = path.to_owned();
    KEYS.iter().filter(move |key| key.parent() == path)
}
