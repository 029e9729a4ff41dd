//! The check of form: everything that must be there is, as it must be, and nothing else.

use serde_json::Value;

use super::facts::{DOCUMENTS, Facts, Group, TEXT_COLUMNS};
use super::file::Type;
use super::reader::Reader;
use super::validate::{Report, Verdict};
use crate::cache::Dtype;
use crate::features::summary::STATISTICS;
use crate::operator::metrics::METRICS;

/// Everything that must be there is, with the type and shape it must have, and nothing is foreign.
pub(super) fn structure(reader: &Reader, facts: &Facts, faults: Vec<String>, report: &mut Report) {
    let mut wrong = faults;
    wrong.extend(reader.problems.iter().map(|(path, reason)| format!("`{path}`: {reason}")));
    for name in DOCUMENTS {
        let path = format!("/metadata/{name}");
        let absent = reader.stored(&path).is_none() && reader.text("/metadata", name).is_none();
        if absent && name != "provenance" {
            // `dataset.metadata` may leave it out.
            continue;
        }
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
    let metrics = METRICS.map(|(name, _)| format!("/outputs/metrics/{name}"));
    for path in metrics.iter().map(String::as_str) {
        if reader.stored(path).is_none() {
            wrong.push(format!("the data set has no readable array `{path}`"));
        }
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
    let absent = |pick: fn(&Group) -> bool| facts.groups.iter().any(pick);
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
    let group = |pick: fn(&Group) -> &Option<String>| {
        facts.groups.iter().find(|g| pick(g).as_deref() == Some(path))
    };
    match parts.as_slice() {
        ["metadata", "config" | "sampling_metrics" | "provenance"] => {
            (dtype != Type::Text || !shape.is_empty()).then(|| wrong("one text".into()))?
        }
        ["metadata", "axes", ..]
        | [
            "metadata",
            "valid" | "grid_sizes" | "operator" | "row" | "grid_group" | "one_step_gain"
            | "collapsed",
        ] => None,
        ["metadata", name] if TEXT_COLUMNS.contains(name) => None,
        ["metadata", "ic_settings"] => {
            (dtype != Type::Text || shape != [n]).then(|| wrong(format!("text [{n}]")))?
        }
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
        ["outputs", "metrics", name] if METRICS.iter().any(|m| m.0 == *name) => {
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
        ["features", "sdf", "statistics", "cleaning"] => {
            (dtype != Type::Text || !shape.is_empty()).then(|| wrong("one text".into()))?
        }
        ["features", "sdf", "statistics", _] => {
            let width = STATISTICS.len();
            let fits = dtype == Type::Number(Dtype::F64) && matches!(*shape, [_, w] if w == width);
            (!fits).then(|| wrong(format!("float64 [D, {width}]")))?
        }
        ["features", "sdf", ..] => {
            (shape.first() != Some(&n)).then(|| wrong(format!("{n} rows")))?
        }
        _ => Some("is no array of a data set".into()),
    }
}

/// The side of the grid of a group, where all its operators have the same.
fn side(group: &Group, facts: &Facts) -> Option<i64> {
    let sizes = facts.grid_sizes.as_ref()?;
    let first = *sizes.get(*group.rows.first()?)?;
    // Padded fields have one array for all grids, as large as the largest.
    group.rows.iter().filter_map(|i| sizes.get(*i)).copied().max().filter(|max| *max >= first)
}
