//! YAML in, [`Node`] trees out; the only file that names the YAML library.
//!
//! Invariant: every node knows the line and column it was written at, and reading is bounded in
//! size, depth, number of nodes and expansion of aliases. JSON is a subset. It does not know what the
//! keys mean.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::NonFiniteFloatPolicy;
use serde_saphyr::{Error as YamlError, Location, Spanned, UserMessageFormatter};

use crate::node::{Content, Entry, Fault, Node, Span};

/// Largest text that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// Deepest nesting.
pub const MAX_DEPTH: usize = 48;
/// Most values in one text, and most values that aliases may add.
pub const MAX_NODES: usize = 100_000;

/// Reads one document; an empty one is [`Content::Null`]. `source` goes into every span.
///
/// # Errors
/// The first thing that is no YAML, or a limit that is passed, with its place.
pub fn parse(source: u32, bytes: &[u8]) -> Result<Node, Box<Fault>> {
    let fault = |span, message: String, help: Option<&str>| {
        Box::new(Fault { span, path: String::new(), message, help: help.map(str::to_owned) })
    };
    if bytes.len() > MAX_BYTES {
        let help = "an experiment file is settings, not data";
        return Err(fault(
            Some(Span { source, line: 1, column: 1, length: 1 }),
            format!("the text is longer than {MAX_BYTES} bytes"),
            Some(help),
        ));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let good = &bytes[..error.valid_up_to()];
        let start = good.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let span = Span {
            source,
            line: good.split(|b| *b == b'\n').count() as u32,
            column: String::from_utf8_lossy(&good[start..]).chars().count() as u32 + 1,
            length: 1,
        };
        let byte = bytes[error.valid_up_to()];
        fault(Some(span), format!("byte `0x{byte:02x}` is not UTF-8"), Some("save it as UTF-8"))
    })?;
    let options = serde_saphyr::options! {
        strict_booleans: true,
        with_snippet: false,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_documents: 1,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_NODES,
            max_replay_stack_depth: 16,
        },
    };
    let tree = serde_saphyr::from_str_with_options::<Option<Spanned<Raw>>>(text, options);
    match tree {
        Ok(Some(tree)) => Ok(node(tree, source)),
        Ok(None) => {
            Ok(Node { value: Content::Null, span: Span { source, line: 1, column: 1, length: 1 } })
        }
        Err(error) => {
            let span = error.location().map(|at| span(at, source));
            let message = message(&error);
            let help = help(text, span, &message);
            Err(fault(span, message, help))
        }
    }
}

/// The library's message on one line, without the place, which stands beside it.
fn message(error: &YamlError) -> String {
    let text = error.without_snippet().render_with_formatter(&UserMessageFormatter);
    let text = text.lines().next().unwrap_or_default().trim();
    let text = text.strip_prefix("error: ").unwrap_or(text);
    if text.contains("Documents {") {
        return "a second document starts here".to_owned();
    }
    if text.starts_with("YAML document too large") || text.starts_with("recursion limit") {
        return "the document is too large or too deep".to_owned();
    }
    let end = text.rfind(" at line ").unwrap_or(text.len());
    format!("not valid YAML: {}", &text[..end])
}

/// What to do about it, where that is not plain: limits, and the tab that a person cannot see.
fn help(text: &str, span: Option<Span>, message: &str) -> Option<&'static str> {
    if message.contains("second document") {
        return Some("one experiment per file: take `---` out");
    }
    if message.contains("too large") {
        return Some("allowed: 48 levels, 100000 values, 100000 more through aliases");
    }
    let line = text.lines().nth(span?.line.checked_sub(1)? as usize)?;
    let indentation = &line[..line.len() - line.trim_start().len()];
    indentation.contains('\t').then_some("indent with spaces; this line has a tab")
}

fn span(at: Location, source: u32) -> Span {
    Span {
        source,
        line: at.line() as u32,
        column: at.column() as u32,
        length: at.span().len().max(1) as u32,
    }
}

fn node(tree: Spanned<Raw>, source: u32) -> Node {
    let value = match tree.value {
        Raw::Scalar(content) => content,
        Raw::List(items) => {
            Content::List(items.into_iter().map(|item| node(item, source)).collect())
        }
        Raw::Map(entries) => Content::Map(
            entries
                .into_iter()
                .map(|(name, value)| Entry {
                    span: span(name.defined, source),
                    name: name.value,
                    node: node(value, source),
                })
                .collect(),
        ),
    };
    Node { value, span: span(tree.defined, source) }
}

/// A value as the library hands it over, before the places are in our form.
enum Raw {
    Scalar(Content),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(Content::Null))
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(Content::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_bool<E>(self, v: bool) -> Result<Raw, E> {
        Ok(Raw::Scalar(Content::Bool(v)))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Raw, E> {
        Ok(Raw::Scalar(Content::Int(v)))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Raw, E> {
        // Beyond 64 bits with sign no setting is a whole number; the reader says so.
        Ok(Raw::Scalar(i64::try_from(v).map_or(Content::Float(v as f64), Content::Int)))
    }

    fn visit_i128<E>(self, v: i128) -> Result<Raw, E> {
        Ok(Raw::Scalar(Content::Float(v as f64)))
    }

    fn visit_u128<E>(self, v: u128) -> Result<Raw, E> {
        Ok(Raw::Scalar(Content::Float(v as f64)))
    }

    fn visit_f64<E>(self, v: f64) -> Result<Raw, E> {
        Ok(Raw::Scalar(Content::Float(v)))
    }

    fn visit_str<E>(self, v: &str) -> Result<Raw, E> {
        Ok(Raw::Scalar(Content::Text(v.to_owned())))
    }

    fn visit_string<E>(self, v: String) -> Result<Raw, E> {
        Ok(Raw::Scalar(Content::Text(v)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Node, String> {
        parse(0, text.as_bytes()).map_err(|fault| {
            let at = fault.span.map(|s| (s.line, s.column));
            format!("{at:?} {} {:?}", fault.message, fault.help)
        })
    }

    #[test]
    fn places_and_types_are_kept() {
        let tree = read("a:\n  b: [1, 2.5, yes, true, ~, 'x y']\n").unwrap();
        let list = tree.get("a").unwrap().get("b").unwrap();
        let Content::List(items) = &list.value else { panic!() };
        assert_eq!(items[0].value, Content::Int(1));
        assert_eq!(items[1].value, Content::Float(2.5));
        assert_eq!(items[2].value, Content::Text("yes".into()));
        assert_eq!(items[3].value, Content::Bool(true));
        assert_eq!(items[4].value, Content::Null);
        assert_eq!(items[5].value, Content::Text("x y".into()));
        assert_eq!(items[1].span, Span { source: 0, line: 2, column: 10, length: 3 });
    }

    #[test]
    fn numbers_that_are_none_arrive_as_such() {
        let tree = read("a: .nan\nb: -.inf\nc: 18446744073709551615\n").unwrap();
        assert!(matches!(tree.get("a").unwrap().value, Content::Float(v) if v.is_nan()));
        assert_eq!(tree.get("b").unwrap().value, Content::Float(f64::NEG_INFINITY));
        assert_eq!(tree.get("c").unwrap().value, Content::Float(18_446_744_073_709_551_615.0));
    }

    #[test]
    fn merge_keys_are_applied_and_point_at_what_they_merge() {
        let tree = read("a: &a {x: 1}\nb:\n  <<: *a\n  y: 2\n").unwrap();
        let x = tree.get("b").unwrap().get("x").unwrap();
        assert_eq!((x.value.clone(), x.span.line, x.span.column), (Content::Int(1), 1, 11));
    }

    #[test]
    fn faults_have_places() {
        for (text, expected) in [
            (
                "a: 1\na: 2\n",
                "Some((2, 1)) not valid YAML: duplicate mapping key: a not allowed here",
            ),
            ("a:\n\tb: 1\n", "indent with spaces; this line has a tab"),
            ("a: [1\n", "Some((1, 4)) not valid YAML: unclosed bracket"),
            ("a: 1\n---\nb: 2\n", "Some((2, 1)) a second document starts here"),
            ("a: *x\n", "Some((1, 4)) not valid YAML: reference to unknown value"),
        ] {
            let fault = read(text).unwrap_err();
            assert!(fault.contains(expected), "{text:?}: {fault}");
        }
        let fault = parse(0, b"a: 1\nb: \xff").unwrap_err();
        assert_eq!(fault.message, "byte `0xff` is not UTF-8");
        assert_eq!(fault.span, Some(Span { source: 0, line: 2, column: 4, length: 1 }));
    }

    #[test]
    fn reading_is_bounded() {
        use std::fmt::Write;
        let mut bomb = String::from("a: &a [x,x,x,x,x,x,x,x,x]\n");
        for (name, before) in ["b", "c", "d", "e", "f"].iter().zip(["a", "b", "c", "d", "e"]) {
            let items = vec![format!("*{before}"); 9].join(",");
            let _ = writeln!(bomb, "{name}: &{name} [{items}]");
        }
        for text in ["[".repeat(2000), format!("[{}]", "1,".repeat(200_000)), bomb] {
            let fault = read(&text).unwrap_err();
            assert!(fault.contains("too large or too deep"), "{fault}");
        }
        assert!(read(&"#".repeat(MAX_BYTES + 1)).unwrap_err().contains("longer than"));
    }
}
