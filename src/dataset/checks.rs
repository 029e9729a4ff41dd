//! The checks of what the values say: states, codes, splits, proportions, quality of the sample.

use std::collections::BTreeMap;

use serde_json::Value;

use super::dynamics::Collapse;
use super::facts::{Facts, Group};
use super::reader::Reader;
use super::validate::{Report, Verdict};
use super::values::Glance;
use crate::operator::metrics::collapse;

/// Codes of states, as `docs/data-set.md` has them.
const CONSTANT: u8 = 2;
const LAST_CODE: u8 = 3;

/// Inputs are finite and not flat; outputs are, unless their code says otherwise.
pub(super) fn states(
    facts: &Facts,
    glances: &BTreeMap<String, Vec<Option<Glance>>>,
    report: &mut Report,
) {
    let (mut inputs, mut flat, mut outputs) = (Vec::new(), Vec::new(), Vec::new());
    let (mut input_states, mut output_states) = (0_u64, 0_u64);
    let operator = |group: &Group, row: usize| {
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
        for code in codes {
            counts[*code as usize] += 1;
        }
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
    dynamics(facts, report);
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

/// Gains are no less than 0, codes of collapse known ones.
fn dynamics(facts: &Facts, report: &mut Report) {
    let (Some(gains), Some(codes)) = (&facts.gains, &facts.collapsed) else { return };
    let mut wrong = Vec::new();
    for (i, (gain, code)) in gains.iter().zip(codes).enumerate() {
        if *gain < 0.0 {
            wrong.push(format!("the one-step gain of operator {i} is {gain}"));
        }
        if !collapse::ALL.contains(code) {
            wrong.push(format!("operator {i} has the code {code} in `/metadata/collapsed`"));
        }
    }
    let Collapse { operators, collapsed, .. } = Collapse::count(codes.iter().copied());
    report.settle("dynamics", &wrong, format!("{collapsed} of {operators} operators collapse"));
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
    for weight in weights.values_mut() {
        *weight /= sum;
    }
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
