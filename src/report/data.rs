//! What a data set says of itself: numbers, tables, pictures.

use std::collections::BTreeMap;
use std::path::Path;

use super::model::Report;
use super::numbers::count;
use super::{figures, gallery, tables};
use crate::dataset::{self, Info, View};
use crate::units;

/// What the data set says. `key` is that of the experiment as it is now.
pub fn data(path: &Path, key: Option<&str>, report: &mut Report) {
    let mut trouble = |what: &str, error: &crate::error::Error| {
        report.notes.push(format!("{what} cannot be shown: {}.", error.message));
    };
    let info = match dataset::info(path) {
        Ok(info) => info,
        Err(error) => return trouble("The data set", &error),
    };
    match View::open(path) {
        Err(error) => trouble("The operators", &error),
        Ok(view) => {
            report.operators = tables::operators(&view);
            report.features = tables::features(&view.feature_statistics());
            report.composition = composition(&view);
            match gallery::inputs(&view) {
                Ok(inputs) => report.inputs = inputs,
                Err(error) => trouble("The initial conditions", &error),
            }
            let films = view.films(&gallery::LIMITS).unwrap_or_else(|error| {
                trouble("The rollouts", &error);
                None
            });
            report.rollouts = films.as_ref().map(|films| gallery::rollouts(&view, films));
            let (found, faults) = figures::of_data(&view, &info, films.as_ref());
            for error in &faults {
                trouble("A figure", error);
            }
            report.figures = found;
        }
    }
    if let (Some(key), Some(own)) = (key, &info.key)
        && key != own
    {
        report.notes.push(
            "The data set at the output path is of an earlier state of the experiment; it is what the \
             pictures and the table of operators show."
                .to_owned(),
        );
    }
    report.facts = facts(&info, report);
    report.data = Some(info);
}

/// How many operators have each type, policy, regime, grid and part.
fn composition(view: &View) -> Vec<(String, Vec<(String, usize)>)> {
    let counts = |texts: &mut dyn Iterator<Item = String>| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        texts.for_each(|text| *counts.entry(text).or_default() += 1);
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        counts
    };
    let columns = [
        ("ic_types", "initial condition"),
        ("evolution_policies", "policy"),
        ("noise_regimes", "noise regime"),
        ("split", "split"),
    ];
    let mut out = Vec::new();
    for (column, name) in columns {
        if let Some(texts) = view.texts(column).filter(|texts| !texts.is_empty()) {
            let mut texts = texts.iter().map(|text| text.replace('_', " "));
            out.push((name.to_owned(), counts(&mut texts)));
        }
    }
    if let Some(sides) = view.sides().filter(|sides| !sides.is_empty()) {
        let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
        for side in sides {
            *counts.entry(*side).or_default() += 1;
        }
        let counts = counts.into_iter().map(|(side, n)| (format!("{side} × {side}"), n));
        out.push(("grid".to_owned(), counts.collect()));
    }
    out
}

/// The data set in a few numbers.
fn facts(info: &Info, report: &Report) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    let mut add = |name: &str, value: u64| {
        if value > 0 {
            facts.push((name.to_owned(), count(value)));
        }
    };
    let array = |path: &str| info.arrays.iter().find(|array| array.path == path);
    let rows =
        report.composition.first().map_or(0, |(_, counts)| counts.iter().map(|(_, n)| *n).sum());
    add("operators", info.operators.max(rows) as u64);
    add("realizations", info.realizations as u64);
    add("states", info.steps as u64);
    add("channels", info.channels as u64);
    let sampled = array("/parameters/params").and_then(|array| array.shape.get(1).copied());
    add("sampled parameters", sampled.unwrap_or(0) as u64);
    add("operators with bad states", info.operators_with_bad_states as u64);
    if let Some((_, grids)) = report.composition.iter().find(|(name, _)| name == "grid") {
        let names: Vec<&str> = grids.iter().map(|(name, _)| name.as_str()).collect();
        facts.insert(facts.len().min(4), ("grid".to_owned(), names.join(", ")));
    }
    facts.push(("file".to_owned(), units::bytes(info.bytes)));
    facts
}
