//! The quality of a sample as text, for people.

use std::fmt::Write; // into strings, which cannot fail

use serde_json::Value;

use super::checks::find_missed;
use super::render::table;

/// A measure: what it is called, where it stands among the metrics, and where what it is about.
const MEASURES: [(&str, &str, &str); 9] = [
    ("centred discrepancy CD²", "/discrepancy/cd2", ""),
    ("wrap-around discrepancy WD²", "/discrepancy/wd2", ""),
    ("mixture discrepancy MD²", "/discrepancy/md2", ""),
    ("star discrepancy (L2*)²", "/discrepancy/l2_star2", ""),
    ("largest correlation", "/correlation/max_abs", "/correlation/worst"),
    ("worst projection to two, CD²", "/projection/cd2", "/projection/worst"),
    ("worst coverage of 32 bins, χ²/dof", "/coverage_1d/max", "/coverage_1d/worst"),
    ("worst coverage of 8 × 8 bins, χ²/dof", "/coverage_2d/max", "/coverage_2d/worst"),
    ("smallest distance", "/distance/min", ""),
];

/// Appends the section about `/metadata/sampling_metrics`.
pub(super) fn quality(out: &mut String, metrics: &Value) {
    let number = |path: &str| metrics.pointer(path).and_then(Value::as_f64);
    let dimensions = number("/dimensions");
    if metrics.is_null() || dimensions == Some(0.0) {
        let why = if metrics.is_null() { "not recorded" } else { "nothing is sampled" };
        let _ = writeln!(out, "\nquality of the sample\n  {why}");
        return;
    }
    *out += "\nquality of the sample";
    if let (Some(points), Some(dimensions)) = (number("/points"), dimensions) {
        let _ = write!(out, ": {points} points, {dimensions} sampled parameters");
    }
    *out += "\n";
    let mut missed = Vec::new();
    find_missed(metrics, "", &mut missed);
    let verdict = if missed.is_empty() {
        "every target is met".to_owned()
    } else {
        format!("targets missed: {}", missed.join(", "))
    };
    let _ = writeln!(out, "  {verdict}");
    let rows = MEASURES.iter().filter_map(|(name, path, about)| {
        let value = number(&format!("{path}/value"))?;
        let mut text = format!("{value:.3e}");
        if let Some(ratio) = number(&format!("{path}/ratio")) {
            let _ = write!(text, ", {ratio:.3} of random points");
        }
        let about = metrics.pointer(about).filter(|_| !about.is_empty()).and_then(Value::as_array);
        let names: Vec<&str> = about.into_iter().flatten().filter_map(Value::as_str).collect();
        if !names.is_empty() {
            let _ = write!(text, " ({})", names.join(", "));
        }
        Some(((*name).to_owned(), text))
    });
    table(out, &rows.collect::<Vec<_>>());
}
