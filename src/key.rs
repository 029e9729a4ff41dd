//! Keys and digests, and the canonical encoding that a key is a hash of.
//!
//! A **key** is the BLAKE3 hash of a recipe, known before anything is built; a **digest** is the
//! hash of content, known after. A recipe describes itself once, by a walk over its fields against a
//! [`Manifest`]; two readers take that walk: [`KeyHasher`] makes the key and collects the edges of the
//! graph, [`RecipeText`] writes the lines that `explain` compares. They cannot disagree.
//!
//! Encoding, per field: one tag byte (`i` input, `p` parameter), the name with its length, then the
//! value: a type byte and its bytes. Lengths and integers are 64-bit little-endian; floats go by
//! their bits with `-0.0` made `0.0`; lists carry their length; an absent option is its own type.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::str::FromStr;
use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::Error;

macro_rules! hash_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 32]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(blake3::Hash::from_bytes(self.0).to_hex().as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl From<blake3::Hash> for $name {
            fn from(hash: blake3::Hash) -> Self {
                Self(*hash.as_bytes())
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                blake3::Hash::from_hex(text).map(Self::from).map_err(|_| {
                    Error::usage(format!("`{text}` is not 64 hexadecimal digits"))
                })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

hash_type! {
    /// The hash of a recipe: names an artifact before it is built.
    Key
}
hash_type! {
    /// The hash of content.
    Digest
}

/// Something for each of many keys.
pub type KeyMap<T> = HashMap<Key, T, BuildHasherDefault<KeyState>>;

/// Many keys.
pub type KeySet = HashSet<Key, BuildHasherDefault<KeyState>>;

/// Hashes keys for tables: they are hashes already, so their first bytes do.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeyState(u64);

impl Hasher for KeyState {
    fn write(&mut self, bytes: &[u8]) {
        let (first, _) = bytes.as_chunks::<8>();
        self.0 ^= first.first().map_or(0, |word| u64::from_le_bytes(*word));
    }

    fn write_usize(&mut self, _length: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Digest {
    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        blake3::hash(bytes).into()
    }

    /// The digest of a list of digests: the inner node of a digest tree.
    pub fn tree<'a>(leaves: impl IntoIterator<Item = &'a Digest>) -> Self {
        let mut hasher = blake3::Hasher::new();
        for leaf in leaves {
            hasher.update(&leaf.0);
        }
        hasher.finalize().into()
    }
}

/// A kind of artifact: its name, and the version of the meaning of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Kind {
    /// As in `design.md` §5 and in folder names.
    pub name: &'static str,
    /// Raised when the content of this kind changes its meaning; hashed.
    pub version: u32,
}

/// A value in a recipe.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// An absent option.
    Absent,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A real number; never NaN.
    Float(f64),
    /// A text, usually a name from the vocabulary.
    Text(Cow<'static, str>),
    /// A list.
    List(Vec<Value>),
    /// Named values, in the order given.
    Map(Vec<(&'static str, Value)>),
}

macro_rules! value_from {
    ($($from:ty => |$v:ident| $into:expr),* $(,)?) => {
        $(impl From<$from> for Value { fn from($v: $from) -> Self { $into } })*
    };
}

value_from! {
    bool => |v| Value::Bool(v),
    i64 => |v| Value::Int(v),
    u32 => |v| Value::Int(i64::from(v)),
    u64 => |v| Value::Int(v as i64),
    usize => |v| Value::Int(v as i64),
    f64 => |v| Value::Float(v),
    &'static str => |v| Value::Text(Cow::Borrowed(v)),
    String => |v| Value::Text(Cow::Owned(v)),
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(v: Option<T>) -> Self {
        v.map_or(Value::Absent, Into::into)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(v: Vec<T>) -> Self {
        Value::List(v.into_iter().map(Into::into).collect())
    }
}

impl Value {
    /// The value as recipe text and explanations show it. Floats print in the shortest form that
    /// reads back to the same bits.
    fn write_text(&self, out: &mut String) {
        use std::fmt::Write;
        match self {
            Value::Absent => out.push('-'),
            Value::Bool(v) => write!(out, "{v}").expect("writing to a string"),
            Value::Int(v) => write!(out, "{v}").expect("writing to a string"),
            Value::Float(v) => write!(out, "{v:?}").expect("writing to a string"),
            Value::Text(v) => out.push_str(v),
            Value::List(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push_str(", ");
                    }
                    item.write_text(out);
                }
                out.push(']');
            }
            Value::Map(items) => {
                for (i, (name, item)) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(' ');
                    }
                    out.push_str(name);
                    out.push('=');
                    item.write_text(out);
                }
            }
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write_text(&mut text);
        f.write_str(&text)
    }
}

/// What a recipe describes itself to.
pub trait Manifest {
    /// An artifact that this one is made from.
    fn input(&mut self, name: &str, key: Key);
    /// An effective value.
    fn param(&mut self, name: &str, value: Value);
}

/// Puts a word before the names of what describes itself to it.
pub struct Prefixed<'a> {
    /// The word.
    pub prefix: &'a str,
    /// Where the description goes.
    pub inner: &'a mut dyn Manifest,
}

impl Manifest for Prefixed<'_> {
    fn input(&mut self, name: &str, key: Key) {
        self.inner.input(&format!("{} {name}", self.prefix), key);
    }

    fn param(&mut self, name: &str, value: Value) {
        self.inner.param(&format!("{} {name}", self.prefix), value);
    }
}

/// The reader that makes the key.
pub struct KeyHasher {
    /// Collected and hashed at once: many short updates of a hasher cost more than the hash.
    bytes: Vec<u8>,
    /// The inputs, so that who needs both walks a recipe once.
    inputs: Vec<Key>,
}

impl KeyHasher {
    /// Starts the key of an artifact of `kind`.
    pub fn new(kind: Kind) -> Self {
        Self::reusing(kind, Vec::with_capacity(4096))
    }

    /// As [`KeyHasher::new`], in the memory of a buffer.
    pub fn reusing(kind: Kind, mut buffer: Vec<u8>) -> Self {
        buffer.clear();
        let mut hasher = Self { bytes: buffer, inputs: Vec::new() };
        hasher.text(kind.name);
        hasher.bytes.extend(u64::from(kind.version).to_le_bytes());
        hasher
    }

    /// The key of everything described so far.
    pub fn finish(self) -> Key {
        self.finish_with_inputs().0
    }

    /// The key, the keys of the inputs in their order, and the buffer for the next one.
    pub fn finish_with_inputs(self) -> (Key, Vec<Key>, Vec<u8>) {
        static EMPTY: LazyLock<blake3::Hasher> =
            LazyLock::new(|| blake3::Hasher::new_derive_key("spinlock 2026 recipe key v1"));
        let mut hasher = EMPTY.clone();
        hasher.update(&self.bytes);
        (hasher.finalize().into(), self.inputs, self.bytes)
    }

    fn length(&mut self, length: usize) {
        self.bytes.extend((length as u64).to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.length(text.len());
        self.bytes.extend(text.as_bytes());
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Absent => self.bytes.push(b'-'),
            Value::Bool(v) => self.bytes.extend([b'b', u8::from(*v)]),
            Value::Int(v) => {
                self.bytes.push(b'i');
                self.bytes.extend(v.to_le_bytes());
            }
            Value::Float(v) => {
                debug_assert!(!v.is_nan(), "a recipe never holds NaN");
                let v = if *v == 0.0 { 0.0 } else { *v };
                self.bytes.push(b'f');
                self.bytes.extend(v.to_bits().to_le_bytes());
            }
            Value::Text(v) => {
                self.bytes.push(b't');
                self.text(v);
            }
            Value::List(items) => {
                self.bytes.push(b'l');
                self.length(items.len());
                for item in items {
                    self.value(item);
                }
            }
            Value::Map(items) => {
                self.bytes.push(b'm');
                self.length(items.len());
                for (name, item) in items {
                    self.text(name);
                    self.value(item);
                }
            }
        }
    }
}

impl Manifest for KeyHasher {
    fn input(&mut self, name: &str, key: Key) {
        self.bytes.push(b'i');
        self.text(name);
        self.bytes.extend(key.0);
        self.inputs.push(key);
    }

    fn param(&mut self, name: &str, value: Value) {
        self.bytes.push(b'p');
        self.text(name);
        self.value(&value);
    }
}

/// The reader that writes one line per field: what `explain` compares and an entry keeps.
#[derive(Debug, Default)]
pub struct RecipeText(pub String);

impl Manifest for RecipeText {
    fn input(&mut self, name: &str, key: Key) {
        use std::fmt::Write;
        writeln!(self.0, "{name} <- {key}").expect("writing to a string");
    }

    fn param(&mut self, name: &str, value: Value) {
        self.0.push_str(name);
        self.0.push_str(": ");
        value.write_text(&mut self.0);
        self.0.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: Kind = Kind { name: "test", version: 1 };

    fn key(describe: impl Fn(&mut dyn Manifest)) -> Key {
        let mut hasher = KeyHasher::new(KIND);
        describe(&mut hasher);
        hasher.finish()
    }

    #[test]
    fn minus_zero_is_zero() {
        assert_eq!(
            key(|m| m.param("x", Value::Float(-0.0))),
            key(|m| m.param("x", Value::Float(0.0)))
        );
    }

    #[test]
    fn names_values_types_and_grouping_all_count() {
        let keys = [
            key(|_| ()),
            key(|m| m.param("x", Value::Int(1))),
            key(|m| m.param("x", Value::Float(1.0))),
            key(|m| m.param("x", Value::Text("1".into()))),
            key(|m| m.param("y", Value::Int(1))),
            key(|m| m.param("x", Value::Absent)),
            key(|m| m.param("x", vec![1_i64].into())),
            key(|m| m.param("x", Value::List(vec![vec![1_i64].into()]))),
            key(|m| m.input("x", Key([1; 32]))),
        ];
        let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len());
    }

    #[test]
    fn a_key_reads_back_from_its_text() {
        let key = key(|m| m.param("x", true.into()));
        assert_eq!(key.to_string().parse::<Key>().unwrap(), key);
        assert_eq!(key.to_string().len(), 64);
        assert!("xyz".parse::<Key>().is_err());
    }
}
