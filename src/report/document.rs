//! A document as YAML, for people to read.

use std::fmt::Write; // into strings, which cannot fail

use serde_json::Value;

/// The text, a line for each setting; short lists and mappings of plain values on one line.
pub fn yaml(document: &Value) -> String {
    let mut out = String::new();
    block(document, 0, &mut out);
    out
}

/// The longest collection on one line.
const SHORT: usize = 88;

fn block(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                put(&format!("{}:", scalar(name)), value, depth, out);
            }
        }
        Value::Array(items) => {
            for item in items {
                put("-", item, depth, out);
            }
        }
        other => _ = writeln!(out, "{}", line(other).unwrap_or_default()),
    }
}

/// What a value is called, then the value: beside it, or below it.
fn put(name: &str, value: &Value, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    if let Some(text) = line(value) {
        let _ = writeln!(out, "{indent}{name} {text}");
    } else {
        let _ = writeln!(out, "{indent}{name}");
        block(value, depth + 1, out);
    }
}

/// A value on one line, if it is a plain one or a short collection of plain ones.
fn line(value: &Value) -> Option<String> {
    let is_plain = |value: &Value| !value.is_object() && !value.is_array();
    let text = match value {
        Value::String(text) => return Some(scalar(text)),
        Value::Array(items) if items.iter().all(is_plain) => {
            let items: Vec<String> = items.iter().filter_map(line).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(fields)
            if fields
                .values()
                .all(|v| is_plain(v) || v.as_array().is_some_and(|a| a.iter().all(is_plain)))
                && (fields.is_empty() || fields.contains_key("bounds") || fields.len() == 1) =>
        {
            let fields: Vec<String> = fields
                .iter()
                .filter_map(|(name, value)| Some(format!("{}: {}", scalar(name), line(value)?)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
        Value::Array(_) | Value::Object(_) => return None,
        other => return Some(other.to_string()),
    };
    (text.len() <= SHORT).then_some(text)
}

/// A text as YAML reads it back.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_./-".contains(c);
    let is_word = text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(plain)
        && !["true", "false", "null", "yes", "no", "on", "off"]
            .contains(&text.to_lowercase().as_str());
    if is_word { text.to_owned() } else { Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_document_is_read_back_as_it_was() {
        let document = json!({
            "metadata": {"name": "a: b", "note": "it's \"so\"\n<b>", "list": []},
            "space": {"x": {"bounds": [0.5, 1], "type": "continuous"}, "y": [1, "two", null, true]},
            "deep": [{"a": {"b": [1]}}, {"c": "true"}],
        });
        let text = yaml(&document);
        assert!(text.contains("  x: {bounds: [0.5, 1], type: continuous}\n"), "{text}");
        let node = crate::yaml::parse(0, text.as_bytes()).unwrap();
        assert_eq!(crate::config::to_json(&node), document);
    }
}
