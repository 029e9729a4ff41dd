//! Statistics and recipe as data: JSON for programs, YAML for people.

use std::fmt::Write;

use serde_json::{Map, Value as Json, json};

use super::{Cleaning, Fate, VERSION, recipe};
use crate::features::summary::{STATISTICS, Summary};
use crate::key::Value;
use crate::mark::{self, Doing};

/// One table over the training split.
#[derive(Debug)]
pub struct Table {
    /// Its name: `per_timestep`, `per_trajectory`, `aggregated`.
    pub name: &'static str,
    /// Names of its columns.
    pub names: Vec<String>,
    /// The columns, of one length; NaN where there is no value.
    pub columns: Vec<Vec<f32>>,
}

/// Statistics and cleaning recipe of some tables. `split` says what they were taken of.
pub fn document(tables: &[Table], settings: &Cleaning, split: &Json) -> Json {
    let (mut statistics, mut recipes) = (Map::new(), Map::new());
    for table in tables {
        let summaries: Vec<Summary> = table
            .columns
            .iter()
            .enumerate()
            .map(|(at, column)| {
                mark::at(Doing::Column, at as u64 + 1, table.columns.len() as u64);
                Summary::of(column)
            })
            .collect();
        let fates = recipe(&table.columns, &summaries, settings);
        let named = |values: Vec<Json>| -> Map<String, Json> {
            table.names.iter().cloned().zip(values).collect()
        };
        statistics.insert(
            table.name.to_owned(),
            json!({
                "rows": table.columns.first().map_or(0, Vec::len),
                "columns": named(summaries.iter().map(statistics_of).collect()),
            }),
        );
        let kept = fates.iter().filter(|fate| matches!(fate, Fate::Kept(_))).count();
        recipes.insert(
            table.name.to_owned(),
            json!({
                "kept": kept,
                "of": fates.len(),
                "columns": named(fates.iter().map(|fate| fate_of(fate, &table.names)).collect()),
            }),
        );
    }
    let settings: Map<String, Json> = settings
        .values()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), plain(value)))
        .collect();
    json!({
        "schema": 1,
        "split": split,
        "statistics": statistics,
        "cleaning": {"version": VERSION, "settings": settings, "tables": recipes},
    })
}

fn statistics_of(summary: &Summary) -> Json {
    let numbers = STATISTICS.iter().zip(summary.numbers()).enumerate().map(|(at, (name, v))| {
        let count = at < 2;
        ((*name).to_owned(), if count { json!(v as u64) } else { number(v) })
    });
    Json::Object(numbers.collect())
}

fn fate_of(fate: &Fate, names: &[String]) -> Json {
    match fate {
        Fate::Kept(s) => json!({
            "kept": true,
            "low": number(s.low),
            "high": number(s.high),
            "mean": number(s.mean),
            "std": number(s.std),
        }),
        Fate::Missing => json!({"kept": false, "why": "missing"}),
        Fate::Constant => json!({"kept": false, "why": "constant"}),
        Fate::Correlated { with, r } => {
            json!({"kept": false, "why": "correlated", "with": names[*with], "r": number(*r)})
        }
    }
}

/// A number, or nothing where it does not exist or is no bound.
fn number(v: f64) -> Json {
    if v.is_finite() { json!(v) } else { Json::Null }
}

/// A setting: a number or a name.
fn plain(value: Value) -> Json {
    match value {
        Value::Float(v) => v.into(),
        other => other.to_string().into(),
    }
}

/// The document as YAML under a comment: mappings of plain values on one line, others in lines of their
/// own. Its keys are names that YAML needs no quotes for.
pub fn yaml(document: &Json, comment: &str) -> String {
    let mut out = format!("# {comment}\n");
    if let Json::Object(fields) = document {
        block(&mut out, fields, 0);
    }
    out
}

fn block(out: &mut String, fields: &Map<String, Json>, depth: usize) {
    for (name, value) in fields {
        let _ = write!(out, "{:1$}{name}:", "", 2 * depth);
        match value {
            Json::Object(inner) if inner.values().any(Json::is_object) => {
                out.push('\n');
                block(out, inner, depth + 1);
            }
            Json::Object(inner) => {
                let items: Vec<String> = inner
                    .iter()
                    .map(|(name, value)| format!("{name}: {}", scalar(value)))
                    .collect();
                let _ = writeln!(out, " {{{}}}", items.join(", "));
            }
            plain => {
                let _ = writeln!(out, " {}", scalar(plain));
            }
        }
    }
}

/// A plain value. Real numbers always have a point and a sign in the exponent, without which readers of
/// YAML 1.1 take them for texts.
fn scalar(value: &Json) -> String {
    let text = match value {
        Json::String(text) => return text.clone(),
        other => other.to_string(),
    };
    if !value.is_f64() {
        return text;
    }
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, ""));
    let point = if digits.contains('.') { "" } else { ".0" };
    match exponent.strip_prefix(['-', '+']) {
        _ if exponent.is_empty() => format!("{digits}{point}"),
        Some(_) => format!("{digits}{point}e{exponent}"),
        None => format!("{digits}{point}e+{exponent}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_numbers_for_old_readers_too() {
        let of = |v: f64| scalar(&json!(v));
        assert_eq!(of(1e-7), "1.0e-7");
        assert_eq!(of(-2.5e300), "-2.5e+300");
        assert_eq!(of(3.0), "3.0");
        assert_eq!(scalar(&json!(3)), "3");
        assert_eq!(scalar(&Json::Null), "null");
    }

    #[test]
    fn the_page_of_a_small_table() {
        let table = Table {
            name: "aggregated",
            names: ["a", "b", "c"].map(str::to_owned).to_vec(),
            columns: vec![vec![1.0, 2.0, 4.0], vec![2.0, 4.0, 8.0], vec![f32::NAN; 3]],
        };
        let split = json!({"name": "train", "operators": 3, "of": 4});
        let settings = Cleaning { clip: super::super::Clip::None, ..Cleaning::default() };
        let text = yaml(&document(&[table], &settings, &split), "about");
        insta::assert_snapshot!(text, @r"
        # about
        schema: 1
        split: {name: train, operators: 3, of: 4}
        statistics:
          aggregated:
            rows: 3
            columns:
              a: {count: 3, nan_count: 0, mean: 2.3333333333333335, std: 1.5275252316519465, min: 1.0, max: 4.0, median: 2.0, mad: 1.0}
              b: {count: 3, nan_count: 0, mean: 4.666666666666667, std: 3.055050463303893, min: 2.0, max: 8.0, median: 4.0, mad: 2.0}
              c: {count: 0, nan_count: 3, mean: null, std: null, min: null, max: null, median: null, mad: null}
        cleaning:
          version: 1
          settings: {constant_tolerance: 1.0e-6, max_missing: 0.5, max_correlation: 0.99, clip: none}
          tables:
            aggregated:
              kept: 1
              of: 3
              columns:
                a: {kept: true, low: null, high: null, mean: 2.3333333333333335, std: 1.5275252316519465}
                b: {kept: false, why: correlated, with: a, r: 1.0}
                c: {kept: false, why: missing}
        ");
        // It is YAML.
        crate::yaml::parse(0, text.as_bytes()).unwrap();
    }
}
