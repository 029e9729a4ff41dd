//! Reports as text, for people.

use std::collections::BTreeMap;
use std::fmt::Write; // into strings, which cannot fail

use serde_json::Value;

use super::diff::Difference;
use super::dynamics::{Collapse, Dynamics, LOW_GAIN};
use super::info::{Info, States};
use super::render_quality;
use super::row::{Row, Summary};
use super::validate::{Finding, Report};
use crate::units::bytes;

fn shape(shape: &[usize]) -> String {
    let axes: Vec<String> = shape.iter().map(usize::to_string).collect();
    format!("[{}]", axes.join(", "))
}

fn counts(counts: &BTreeMap<String, usize>) -> String {
    let mut sorted: Vec<_> = counts.iter().collect();
    sorted.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), *name));
    sorted.iter().map(|(name, n)| format!("{name} {n}")).collect::<Vec<_>>().join(", ")
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn short(value: &Value) -> String {
    let text = plain(value);
    match text.char_indices().nth(70) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn states(states: &States) -> String {
    format!(
        "{} sound, {} non-finite, {} constant, {} too large",
        states.sound, states.non_finite, states.constant, states.too_large
    )
}

/// Lines of two columns, the first padded.
pub(super) fn table(out: &mut String, rows: &[(String, String)]) {
    let width = rows.iter().map(|(left, _)| left.chars().count()).max().unwrap_or(0);
    for (left, right) in rows {
        let pad = " ".repeat(width - left.chars().count());
        let _ = writeln!(out, "  {left}{pad}  {right}");
    }
}

fn row(left: &str, right: impl Into<String>) -> (String, String) {
    (left.to_owned(), right.into())
}

/// Dimension scales: their lengths show in the arrays.
const AXES: &str = "/metadata/axes/";
/// What is said about single parameters: it follows from the experiment.
const VALUES: &str = "/parameters/values/";

/// `spinlock info FILE`.
pub fn render_info(info: &Info) -> String {
    let mut out = format!("{} ({})\n", info.file, bytes(info.bytes));
    let none = || "none".to_owned();
    table(
        &mut out,
        &[
            row("digest", info.digest.clone().unwrap_or_else(none)),
            row("key", info.key.clone().unwrap_or_else(none)),
            row("written by", info.generator.clone().unwrap_or_else(none)),
            row(
                "holds",
                format!(
                    "{} operators, {} realizations, {} states, {} channels",
                    info.operators, info.realizations, info.steps, info.channels
                ),
            ),
            row("states", states(&info.states)),
            row("operators with bad states", info.operators_with_bad_states.to_string()),
        ],
    );
    out += "\noperators by\n";
    let rows: Vec<_> = info.counts.iter().map(|(name, values)| row(name, counts(values))).collect();
    table(&mut out, &rows);
    out += "\narrays\n";
    let mut rows = Vec::new();
    for array in info.arrays.iter().filter(|a| !a.path.starts_with(AXES)) {
        let chunk =
            array.chunk.as_ref().map_or("in one run".into(), |c| format!("chunks {}", shape(c)));
        let ratio = array.ratio.map_or(String::new(), |r| format!(", ratio {r:.2}"));
        let stored = bytes(array.stored);
        let form = format!("{} {}", array.dtype, shape(&array.shape));
        rows.push(row(&array.path, format!("{form}, {chunk}, {stored}{ratio}")));
    }
    table(&mut out, &rows);
    out += "\nattributes\n";
    let mut rows = Vec::new();
    for (path, values) in info.attributes.iter().filter(|(path, _)| !path.starts_with(VALUES)) {
        rows.extend(
            values.iter().map(|(name, value)| row(&format!("{path}@{name}"), short(value))),
        );
    }
    table(&mut out, &rows);
    if let Some(dynamics) = &info.dynamics {
        out += "\ndynamics without noise\n";
        table(&mut out, &dynamics_rows(dynamics));
    }
    render_quality::section(&mut out, &info.sampling_metrics);
    if let Value::Object(provenance) = &info.provenance {
        out += "\nprovenance\n";
        let rows: Vec<_> = provenance.iter().map(|(name, value)| row(name, short(value))).collect();
        table(&mut out, &rows);
    }
    if !info.problems.is_empty() {
        out += "\nproblems\n";
        for problem in &info.problems {
            let _ = writeln!(out, "  {problem}");
        }
    }
    out
}

fn dynamics_rows(dynamics: &Dynamics) -> Vec<(String, String)> {
    let gain = match dynamics.gain_quantiles {
        None => "not defined".to_owned(),
        Some([least, low, _, median, _, high, most]) => format!(
            "median {median:.3}, {low:.3} to {high:.3} (5 to 95 %), {least:.3} to {most:.3} in all"
        ),
    };
    let share = |c: &Collapse| match c.measured {
        0 => "not measured".to_owned(),
        measured => format!("{} of {measured}", c.collapsed),
    };
    let mut rows = vec![
        row("one-step gain", gain),
        row(
            &format!("gain below {LOW_GAIN}"),
            format!("{} of {}", dynamics.low_gain, dynamics.all.operators),
        ),
        row("collapse to a uniform state", share(&dynamics.all)),
    ];
    for (name, values) in dynamics.by.iter().filter(|_| dynamics.all.measured > 0) {
        let each = values.iter().map(|(value, c)| format!("{value} {}", share(c)));
        rows.push(row(&format!("  by {name}"), each.collect::<Vec<_>>().join(", ")));
    }
    rows
}

/// `spinlock info FILE --row I`.
pub fn render_row(info: &Row) -> String {
    let mut out = format!("operator {} of {}\n", info.operator, info.file);
    let mut rows: Vec<_> =
        info.metadata.iter().map(|(name, value)| row(name, value.as_str())).collect();
    let gain = info.one_step_gain.map_or("not defined".to_owned(), |gain| format!("{gain:.4}"));
    rows.push(row("one-step gain", gain));
    let collapsed = info.collapsed.map_or("not measured", |yes| if yes { "yes" } else { "no" });
    rows.push(row("collapses without noise", collapsed));
    rows.push(row("states", states(&info.states)));
    let bad = info.first_bad_state.iter().enumerate().filter_map(|(m, s)| Some((m, (*s)?)));
    rows.extend(
        bad.map(|(m, s)| row(&format!("realization {m}"), format!("not sound from state {s} on"))),
    );
    table(&mut out, &rows);
    out += "\nparameters\n";
    let value = |(name, value): (&String, &String)| match info.coordinates.get(name) {
        Some(u) => row(name, format!("{value}  (coordinate {u:.6})")),
        None => row(name, format!("{value}  (fixed)")),
    };
    table(&mut out, &info.parameters.iter().map(value).collect::<Vec<_>>());
    out += "\nfields\n";
    let summary = |s: &Summary| {
        format!("mean {:.4}, deviation {:.4}, from {:.4} to {:.4}", s.mean, s.std, s.min, s.max)
    };
    let mut rows: Vec<_> = info.input.iter().map(|s| row("input", summary(s))).collect();
    let last = info.last_states.iter().enumerate();
    rows.extend(last.map(|(m, s)| row(&format!("last state of realization {m}"), summary(s))));
    table(&mut out, &rows);
    out += "\nmetrics, first and last state, by realization\n";
    let ends = |states: &Vec<f64>| match states.as_slice() {
        [] => String::new(),
        [only] => format!("{only:.4}"),
        [first, .., last] => format!("{first:.4} → {last:.4}"),
    };
    let rows: Vec<_> = info
        .metrics
        .iter()
        .map(|(name, m)| row(name, m.iter().map(ends).collect::<Vec<_>>().join(", ")))
        .collect();
    table(&mut out, &rows);
    for (category, features) in &info.features {
        let _ = writeln!(out, "\nfeatures: {category}");
        let shown = |v: &Option<f64>| v.map_or("undefined".to_owned(), |v| format!("{v:.6}"));
        table(&mut out, &features.iter().map(|(name, v)| row(name, shown(v))).collect::<Vec<_>>());
    }
    out
}

/// `spinlock validate FILE`.
pub fn render_report(report: &Report) -> String {
    let mut out = format!("{}\n", report.file);
    let mut list = |mark: &str, findings: &[Finding]| {
        let rows: Vec<_> = findings
            .iter()
            .map(|f| {
                let count = if f.count > 1 { format!(" ({})", f.count) } else { String::new() };
                row(&format!("{mark:<8}{}", f.check), format!("{}{count}", f.detail))
            })
            .collect();
        table(&mut out, &rows);
    };
    list("passed", &report.passed);
    list("warning", &report.warnings);
    list("failed", &report.failed);
    let [passed, warnings, failed] =
        [&report.passed, &report.warnings, &report.failed].map(Vec::len);
    out + &format!("{passed} passed, {warnings} warnings, {failed} failed\n")
}

/// `spinlock diff A B`.
pub fn render_difference(d: &Difference) -> String {
    let [a, b] = &d.files;
    let mut out = format!("a  {a}\nb  {b}\n");
    let equal = d.digests[0].is_some() && d.digests[0] == d.digests[1];
    out += if equal { "the digests are equal\n" } else { "the digests differ\n" };
    let [n, o] = d.operators;
    let _ = writeln!(out, "{n} and {o} operators, {} in common", d.common);
    if d.same {
        return out + "nothing differs\n";
    }
    let mut rows: Vec<_> = d.removed.iter().map(|path| row(path, "only in a")).collect();
    rows.extend(d.added.iter().map(|path| row(path, "only in b")));
    for array in &d.changed {
        let mut parts = Vec::new();
        let [x, y] = &array.dtypes;
        let [p, q] = &array.shapes;
        if x != y {
            parts.push(format!("{x} → {y}"));
        }
        if p != q {
            parts.push(format!("{} → {}", shape(p), shape(q)));
        }
        parts.push(match (array.compared, array.differing) {
            (0, _) => "values not comparable".to_owned(),
            (_, 0) => "values in common equal".to_owned(),
            (compared, differing) => format!("{differing} of {compared} parts differ"),
        });
        if let Some(max) = array.max_abs.filter(|_| array.differing > 0) {
            let relative =
                array.relative.map_or(String::new(), |r| format!(" ({r:.2e} of max |b|)"));
            parts.push(format!("max |a-b| {max:.3e}{relative}"));
        }
        if array.undefined > 0 {
            parts.push(format!("{} with numbers on one side only", array.undefined));
        }
        rows.push(row(&array.path, parts.join(", ")));
    }
    if !rows.is_empty() {
        out += "\narrays\n";
        table(&mut out, &rows);
    }
    if !d.attributes.is_empty() {
        out += "\nattributes\n";
        let side = |v: &Option<Value>| v.as_ref().map_or("(absent)".to_owned(), short);
        let rows: Vec<_> = d
            .attributes
            .iter()
            .map(|x| row(&x.path, format!("{} → {}", side(&x.a), side(&x.b))))
            .collect();
        table(&mut out, &rows);
    }
    out
}
