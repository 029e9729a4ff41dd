//! The single checks of `validate`, each of one property of a data set.

use std::collections::BTreeMap;

use serde_json::Value;

use super::facts::{DOCUMENTS, Facts};
use super::file::{Attribute, Type};
use super::reader::Reader;
use super::validate::{Report, Verdict};
use super::values::Glance;
use crate::cache::Dtype;
use crate::space::{Setting, Spec};

/// Codes of states, as `docs/data-set.md` has them.
const CONSTANT: u8 = 2;
const LAST_CODE: u8 = 3;

/// Everything that must be there is, with the type and shape it must have, and nothing is foreign.
pub(super) fn structure(reader: &Reader, facts: &Facts, faults: Vec<String>, report: &mut Report) {
    let mut wrong = faults;
    wrong.extend(reader.problems.iter().map(|(path, reason)| format!("`{path}`: {reason}")));
    for name in DOCUMENTS {
        let path = format!("/metadata/{name}");
        match (reader.texts(&path).as_deref(), reader.text("/metadata", name)) {
            (Ok([array]), Some(attribute)) if array != attribute => {
                wrong.push(format!("`{path}` differs from the attribute `{name}` of `/metadata`"));
            }
            (Ok([text]), Some(_)) if serde_json::from_str::<Value>(text).is_err() => {
                wrong.push(format!("`{path}` is no JSON"));
            }
            (Ok([_]), Some(_)) => {}
            (Ok(_), _) => wrong.push(format!("`{path}` is no array and attribute of one text")),
            (Err(error), _) => wrong.push(error.message.clone()),
        }
    }
    let n = facts.operators.len();
    if !matches!(facts.operators.as_slice(), [] | [0, ..])
        || facts.operators.windows(2).any(|w| w[1] != w[0] + 1)
    {
        wrong.push("`/metadata/operator` does not count operators from 0".into());
    }
    let mut arrays = 0;
    for (path, entry) in &reader.objects {
        let Some(array) = &entry.array else { continue };
        arrays += 1;
        if let Some(reason) = misshapen(path, array.dtype, &array.shape, facts, n) {
            wrong.push(format!("`{path}` {reason}"));
        }
    }
    report.settle("structure", &wrong, format!("{arrays} arrays of {n} operators"));
    let absent = |pick: fn(&super::facts::Group) -> bool| facts.groups.iter().any(pick);
    if absent(|g| g.inputs.is_none()) {
        let detail = "there are no input fields (`data_to_store` without `input_data`)";
        report.add(Verdict::Warning, "inputs", 0, detail.into());
    }
    if absent(|g| g.outputs.is_none()) {
        let detail = "there are no output fields (trajectories are not stored)";
        report.add(Verdict::Warning, "outputs", 0, detail.into());
    }
}

/// What is wrong with the place, type or shape of an array; `None` if nothing is.
fn misshapen(path: &str, dtype: Type, shape: &[usize], facts: &Facts, n: usize) -> Option<String> {
    let (m, t) = facts.valid.as_ref().map_or((0, 0), |(_, m, t)| (*m, *t));
    let known_m_t = facts.valid.is_some();
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let f32s = Type::Number(Dtype::F32);
    let wrong = |should: String| Some(format!("is {} {shape:?}, not {should}", dtype.name()));
    let group = |pick: fn(&super::facts::Group) -> &Option<String>| {
        facts.groups.iter().find(|g| pick(g).as_deref() == Some(path))
    };
    match parts.as_slice() {
        ["metadata", "config" | "sampling_metrics" | "provenance"] => {
            (dtype != Type::Text || !shape.is_empty()).then(|| wrong("one text".into()))?
        }
        ["metadata", "valid" | "grid_sizes" | "operator" | "row" | "grid_group"] => None,
        ["metadata", name] if super::facts::TEXT_COLUMNS.contains(name) => None,
        ["parameters", "params"] => {
            let fits =
                dtype == Type::Number(Dtype::F64) && matches!(*shape, [rows, _] if rows == n);
            (!fits).then(|| wrong(format!("float64 [{n}, P]")))?
        }
        ["parameters", "values", _] => {
            let typed =
                [Type::Text, Type::Number(Dtype::F64), Type::Number(Dtype::I64)].contains(&dtype);
            (!typed || shape != [n]).then(|| wrong(format!("int64, float64 or text [{n}]")))?
        }
        ["inputs", .., "fields"] => match group(|g| &g.inputs) {
            None => Some("belongs to no group of operators".into()),
            Some(group) => {
                let side = side(group, facts);
                let fits = dtype == f32s
                    && matches!(*shape, [rows, _, h, w] if rows == group.rows.len() && h == w)
                    && side.is_none_or(|side| shape[2] as i64 == side);
                (!fits).then(|| wrong(format!("float32 [{}, C, H, W]", group.rows.len())))?
            }
        },
        ["outputs", "metrics", _] => {
            let fits = dtype == f32s && (!known_m_t || shape == [n, m, t]);
            (!fits).then(|| wrong(format!("float32 [{n}, {m}, {t}]")))?
        }
        ["outputs", .., "fields"] => match group(|g| &g.outputs) {
            None => Some("belongs to no group of operators".into()),
            Some(group) => {
                let rows = group.rows.len();
                let lead = if t == 1 { vec![rows, m] } else { vec![rows, m, t] };
                let rank = lead.len() + 3;
                let fits = [f32s, Type::Number(Dtype::F16)].contains(&dtype)
                    && shape.len() == rank
                    && shape[rank - 1] == shape[rank - 2]
                    && (!known_m_t || shape[..lead.len()] == lead)
                    && side(group, facts).is_none_or(|side| shape[rank - 1] as i64 == side);
                (!fits).then(|| wrong(format!("{lead:?} and then C, H, W")))?
            }
        },
        ["features", "sdf", ..] => {
            (shape.first() != Some(&n)).then(|| wrong(format!("{n} rows")))?
        }
        _ => Some("is no array of a data set".into()),
    }
}

/// The side of the grid of a group, where all its operators have the same.
fn side(group: &super::facts::Group, facts: &Facts) -> Option<i64> {
    let sizes = facts.grid_sizes.as_ref()?;
    let first = *sizes.get(*group.rows.first()?)?;
    // Padded fields have one array for all grids, as large as the largest.
    group.rows.iter().filter_map(|i| sizes.get(*i)).copied().max().filter(|max| *max >= first)
}

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
        if kinds[j] == "weighted" {
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
                let differs = |i: &usize| values.get(*i) != Some(&map(column[*i]));
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
    let number = move |spec: Spec| {
        move |u: f64| match spec.value(u) {
            Setting::Int(v) => v.to_string(),
            Setting::Float(v) => format!("{v:?}"),
            Setting::Name(name) => name.to_owned(),
        }
    };
    match kind {
        "integer" if lo <= hi && hi - lo < 1e15 => {
            Some(Box::new(number(Spec::Integer(lo as i64, hi as i64))))
        }
        "continuous" if lo < hi && hi.is_finite() && (scale != "log" || lo > 0.0) => {
            Some(Box::new(number(Spec::Continuous { lo, hi, log: scale == "log" })))
        }
        "choice" => {
            let list: Vec<Value> = serde_json::from_str(choices).ok()?;
            let shown: Vec<String> = list
                .iter()
                .map(|v| match v {
                    Value::String(text) => text.clone(),
                    Value::Number(v) if v.is_f64() => {
                        format!("{:?}", v.as_f64().unwrap_or(f64::NAN))
                    }
                    other => other.to_string(),
                })
                .collect();
            let last = shown.len().checked_sub(1)?;
            Some(Box::new(move |u| shown[((u * shown.len() as f64) as usize).min(last)].clone()))
        }
        _ => None,
    }
}

/// A column of values, each as a text: whole numbers, shortest exact decimals, texts.
pub(super) fn shown(reader: &Reader, path: &str) -> crate::error::Result<Vec<String>> {
    let blocks = match reader.stored(path) {
        Some(array) if array.dtype == Type::Text => return reader.texts(path),
        _ => reader.blocks(path)?,
    };
    if blocks.dtype() == Dtype::I64 {
        return Ok(super::facts::integers(reader, path)?.iter().map(i64::to_string).collect());
    }
    Ok(reader.numbers(path)?.iter().map(|v| format!("{v:?}")).collect())
}

/// Inputs are finite and not flat; outputs are, unless their code says otherwise.
pub(super) fn states(
    facts: &Facts,
    glances: &BTreeMap<String, Vec<Option<Glance>>>,
    report: &mut Report,
) {
    let (mut inputs, mut flat, mut outputs) = (Vec::new(), Vec::new(), Vec::new());
    let (mut input_states, mut output_states) = (0_u64, 0_u64);
    let operator = |group: &super::facts::Group, row: usize| {
        group.rows.get(row).and_then(|i| facts.operators.get(*i)).copied().unwrap_or(-1)
    };
    for group in &facts.groups {
        for (row, glance) in
            group.inputs.iter().filter_map(|p| glances.get(p)).flatten().enumerate()
        {
            input_states += 1;
            let Some(glance) = glance else { continue };
            let i = operator(group, row);
            if !glance.finite {
                inputs.push(format!("the input of operator {i} is not finite"));
            } else if glance.zero {
                inputs.push(format!("the input of operator {i} is zero everywhere"));
            } else if glance.constant {
                flat.push(i);
            }
        }
        let Some((codes, m, t)) = &facts.valid else { continue };
        let (per, steps) = ((m * t).max(1), (*t).max(1));
        let seen = group.outputs.iter().filter_map(|p| glances.get(p)).flatten();
        for (leaf, glance) in seen.enumerate() {
            output_states += 1;
            let place = group.rows.get(leaf / per).map(|i| i * per + leaf % per);
            let code = place.and_then(|place| codes.get(place)).copied().unwrap_or(0);
            let Some(glance) = glance else { continue };
            let (i, r, s) = (operator(group, leaf / per), leaf % per / steps, leaf % steps);
            let which = format!("state {s} of realization {r} of operator {i}");
            if (code == 0 || code == CONSTANT) && !glance.finite {
                outputs.push(format!("{which} is not finite, but its code is {code}"));
            } else if code == 0 && glance.constant {
                outputs.push(format!("{which} is constant, but its code is 0"));
            }
        }
    }
    if input_states > 0 {
        report.settle("inputs", &inputs, format!("{input_states} input fields are finite"));
    }
    if !flat.is_empty() {
        let detail = format!("constant input fields, the first of operator {}", flat[0]);
        report.add(Verdict::Warning, "inputs", flat.len() as u64, detail);
    }
    if output_states > 0 {
        let passed = format!("{output_states} states are finite, or marked as invalid");
        report.settle("outputs", &outputs, passed);
    }
}

/// Codes and splits are known ones; initial conditions come in the proportions asked for.
pub(super) fn columns(reader: &Reader, facts: &Facts, report: &mut Report) {
    if let Some((codes, ..)) = &facts.valid {
        let mut counts = [0_u64; 256];
        codes.iter().for_each(|code| counts[*code as usize] += 1);
        let wrong: Vec<String> = (usize::from(LAST_CODE) + 1..256)
            .filter(|code| counts[*code] > 0)
            .map(|code| format!("{} states have the code {code}", counts[code]))
            .collect();
        let [ok, infinite, constant, beyond, ..] = counts;
        report.settle("valid", &wrong, format!("{ok} states are sound"));
        if infinite + constant + beyond > 0 {
            let detail = format!(
                "{infinite} states are marked non-finite, {constant} constant, {beyond} too large"
            );
            report.add(Verdict::Warning, "valid", infinite + constant + beyond, detail);
        }
    }
    if let Some(split) = facts.columns.get("split") {
        let wrong: Vec<String> = Facts::count(split)
            .into_keys()
            .filter(|name| !["train", "validation", "test"].contains(&name.as_str()))
            .map(|name| format!("`{name}` is no split"))
            .collect();
        report.settle("split", &wrong, format!("{} operators have a split", split.len()));
    }
    let (Some(types), Some(weights)) = (facts.columns.get("ic_types"), weights(reader)) else {
        return;
    };
    let (counts, n) = (Facts::count(types), types.len() as f64);
    let mut wrong: Vec<String> = counts
        .keys()
        .filter(|name| !weights.contains_key(*name))
        .map(|name| format!("`{name}` is no initial condition of the experiment"))
        .collect();
    for (name, weight) in &weights {
        let found = counts.get(name).copied().unwrap_or(0) as f64;
        // Five standard deviations of independent draws; the samples of Sobol points stay far inside.
        let slack = 5.0 * (n * weight * (1.0 - weight)).max(0.0).sqrt() + 2.0;
        if (found - n * weight).abs() > slack {
            wrong.push(format!("`{name}` occurs {found} times, {:.1} expected", n * weight));
        }
    }
    let passed = format!("{} initial conditions occur as often as asked for", weights.len());
    report.settle("proportions", &wrong, passed);
}

/// The shares of the initial conditions in the experiment, which sum to 1: `simulation.inputs`, a list
/// of names and weights, or `simulation.input_generation.ic_type_weights`.
fn weights(reader: &Reader) -> Option<BTreeMap<String, f64>> {
    let config: Value = serde_json::from_str(reader.text("/metadata", "config")?).ok()?;
    let mut weights = BTreeMap::new();
    if let Some(list) = config.pointer("/simulation/inputs").and_then(Value::as_array) {
        for entry in list {
            let name = entry.get("name")?.as_str()?;
            *weights.entry(name.to_owned()).or_insert(0.0) += entry.get("weight")?.as_f64()?;
        }
    } else {
        let map = config.pointer("/simulation/input_generation/ic_type_weights")?.as_object()?;
        for (name, weight) in map {
            weights.insert(name.clone(), weight.as_f64()?);
        }
    }
    let sum: f64 = weights.values().sum();
    weights.values_mut().for_each(|weight| *weight /= sum);
    (sum > 0.0).then_some(weights)
}

/// Quality targets that the sample misses are notes.
pub(super) fn sampling(reader: &Reader, report: &mut Report) {
    let metrics = reader.text("/metadata", "sampling_metrics").unwrap_or("null");
    let Ok(metrics) = serde_json::from_str::<Value>(metrics) else { return };
    let mut missed = Vec::new();
    find_missed(&metrics, "", &mut missed);
    if missed.is_empty() {
        report.add(Verdict::Passed, "sampling", 0, "no quality target is missed".into());
    } else {
        let detail = format!("quality targets missed: {}", missed.join(", "));
        report.add(Verdict::Warning, "sampling", missed.len() as u64, detail);
    }
}

/// The paths of all metrics with `met: false`.
pub(super) fn find_missed(value: &Value, path: &str, missed: &mut Vec<String>) {
    let below =
        |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(map) if map.get("met") == Some(&Value::Bool(false)) => {
            missed.push(path.to_owned());
        }
        Value::Object(map) => {
            map.iter().for_each(|(name, value)| find_missed(value, &below(name), missed));
        }
        Value::Array(list) => {
            for (i, value) in list.iter().enumerate() {
                find_missed(value, &below(&i.to_string()), missed);
            }
        }
        _ => {}
    }
}
