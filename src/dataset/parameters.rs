//! The check of parameters: coordinates in the unit cube, and values that follow from them.

use serde_json::Value;

use super::facts::Facts;
use super::file::Attribute;
use super::reader::Reader;
use super::validate::Report;
use super::values::shown;
use crate::space::{Setting, Spec};

/// Coordinates lie in the unit cube, values in their bounds, and each value is that of its coordinate.
pub(super) fn parameters(reader: &Reader, facts: &Facts, report: &mut Report) {
    const PATH: &str = "/parameters/params";
    let n = facts.operators.len();
    let mut wrong = Vec::new();
    let texts = |name: &str| match reader.attribute(PATH, name) {
        Some(Attribute::Texts(texts)) => texts.clone(),
        _ => Vec::new(),
    };
    let (names, kinds) = (texts("names"), texts("kinds"));
    let (scales, choices) = (texts("scales"), texts("choices"));
    let p = reader.stored(PATH).and_then(|a| a.shape.get(1).copied()).unwrap_or(0);
    let bounds = match reader.attribute(PATH, "bounds") {
        Some(Attribute::Floats { shape, values }) if *shape == [p, 2] => values.clone(),
        _ => Vec::new(),
    };
    let complete = [names.len(), kinds.len(), scales.len(), choices.len(), bounds.len() / 2];
    let coordinates = match reader.numbers(PATH) {
        Ok(numbers) if complete == [p; 5] && numbers.len() == n * p => numbers,
        Ok(_) => {
            wrong.push(format!("`{PATH}` lacks names, kinds, bounds, scales or choices"));
            Vec::new()
        }
        Err(error) => {
            wrong.push(error.message);
            Vec::new()
        }
    };
    for j in 0..if coordinates.is_empty() { 0 } else { p } {
        let column: Vec<f64> = coordinates.iter().skip(j).step_by(p).copied().collect();
        let name = &names[j];
        if let Some(i) = column.iter().position(|u| !(0.0..1.0).contains(u)) {
            wrong.push(format!("`{name}` of operator {i} has the coordinate {}", column[i]));
            continue;
        }
        let (lo, hi) = (bounds[2 * j], bounds[2 * j + 1]);
        let Some(map) = mapping(&kinds[j], lo, hi, &scales[j], &choices[j]) else {
            wrong.push(format!("`{name}` is neither integer, continuous nor choice"));
            continue;
        };
        let path = format!("/parameters/values/{name}");
        match shown(reader, &path) {
            Err(error) => wrong.push(error.message),
            Ok(values) => {
                let differs =
                    |i: &usize| !values.get(*i).is_some_and(|v| same(v, &map(column[*i])));
                if let Some(i) = (0..n).find(differs) {
                    let found = values.get(i).map_or("nothing", String::as_str);
                    let should = map(column[i]);
                    wrong.push(format!("`{name}` of operator {i} is {found}, not {should}"));
                }
            }
        }
    }
    let passed = format!("{p} sampled dimensions lie in their bounds and map to the values");
    report.settle("parameters", &wrong, passed);
}

/// From a coordinate to the value as [`shown`] shows it.
fn mapping(
    kind: &str,
    lo: f64,
    hi: f64,
    scale: &str,
    choices: &str,
) -> Option<Box<dyn Fn(f64) -> String>> {
    if kind == "choice" {
        let shown = self::choices(choices)?;
        let last = shown.len() - 1;
        return Some(Box::new(move |u| {
            shown[((u * shown.len() as f64) as usize).min(last)].clone()
        }));
    }
    let spec = numeric(kind, lo, hi, scale == "log")?;
    Some(Box::new(move |u: f64| match spec.value(u) {
        Setting::Int(v) => v.to_string(),
        Setting::Float(v) => format!("{v:?}"),
        Setting::Name(name) => name.to_owned(),
    }))
}

/// What coordinates of an `integer` or `continuous` dimension map to, if its bounds are sound.
pub(super) fn numeric(kind: &str, lo: f64, hi: f64, log: bool) -> Option<Spec> {
    match kind {
        "integer" if lo <= hi && hi - lo < 1e15 => Some(Spec::Integer(lo as i64, hi as i64)),
        "continuous" if lo < hi && hi.is_finite() && (!log || lo > 0.0) => {
            Some(Spec::Continuous { lo, hi, log })
        }
        _ => None,
    }
}

/// The values of a choice, as texts, from their JSON list; none if it has none.
pub(super) fn choices(list: &str) -> Option<Vec<String>> {
    let list: Vec<Value> = serde_json::from_str(list).ok()?;
    let shown = |v: &Value| match v {
        Value::String(text) => text.clone(),
        Value::Number(v) if v.is_f64() => format!("{:?}", v.as_f64().unwrap_or(f64::NAN)),
        other => other.to_string(),
    };
    (!list.is_empty()).then(|| list.iter().map(shown).collect())
}

/// Whether two values are the same: as texts, or as numbers (a choice of 1 and 2.5 is a column of reals).
fn same(a: &str, b: &str) -> bool {
    a == b
        || a.parse::<f64>()
            .is_ok_and(|a| b.parse::<f64>().is_ok_and(|b| a.to_bits() == b.to_bits()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coordinate_maps_as_the_attributes_say() {
        let map = |kind, bounds: [f64; 2], scale, choices, u| {
            mapping(kind, bounds[0], bounds[1], scale, choices).map(|map| map(u))
        };
        assert_eq!(map("integer", [2.0, 5.0], "linear", "", 0.99).unwrap(), "5");
        assert_eq!(map("continuous", [1.0, 3.0], "linear", "", 0.5).unwrap(), "2.0");
        assert!(same(&map("choice", [0.0, 1.0], "linear", "[1, 2.5]", 0.2).unwrap(), "1.0"));
        assert!(same(&map("choice", [0.0, 1.0], "linear", "[1, 2.5]", 0.5).unwrap(), "2.5"));
        assert!(!same("1.0", "2.5") && !same("relu", "gelu"));
        // What no file of ours says is refused, not computed.
        assert_eq!(map("continuous", [0.0, 3.0], "log", "", 0.5), None);
        assert_eq!(map("integer", [5.0, 2.0], "linear", "", 0.5), None);
        assert_eq!(map("integer", [f64::NEG_INFINITY, 2.0], "linear", "", 0.5), None);
        assert_eq!(map("choice", [0.0, 1.0], "linear", "[]", 0.5), None);
        assert_eq!(map("other", [0.0, 1.0], "linear", "", 0.5), None);
    }
}
